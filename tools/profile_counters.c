/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/profile_counters.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__) && defined(__has_include)
#if __has_include(<linux/perf_event.h>)
#include <linux/perf_event.h>
#include <sys/syscall.h>
#define HAVE_EVENTS 1
#endif
#endif

#ifdef HAVE_EVENTS

/* Kinds that are no events of the kernel's: config is NO_EVENT. */
#define NO_EVENT UINT64_MAX

static const struct {
    uint32_t type;
    uint64_t config;
} KINDS[COUNTERS] = {
    [COUNTER_CYCLES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    [COUNTER_INSTRUCTIONS] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    [COUNTER_CACHE_REFERENCES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES},
    [COUNTER_CACHE_MISSES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
    [COUNTER_CPU_NS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
    [COUNTER_PAGE_FAULTS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    [COUNTER_SWITCHES] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
    [COUNTER_INVOLUNTARY_SWITCHES] = {PERF_TYPE_SOFTWARE, NO_EVENT},
    [COUNTER_MIGRATIONS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
};

/*
 * Inherited, so each event is on its own: the kernel reads no groups of inherited ones.
 * User code alone for hardware; all for what the kernel counts itself: a switch happens in
 * the kernel, so of user code there are never any.
 */
static int open_event(counter_kind kind)
{
    struct perf_event_attr attr = {.type = KINDS[kind].type,
                                   .size = sizeof attr,
                                   .config = KINDS[kind].config,
                                   .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
                                                  PERF_FORMAT_TOTAL_TIME_RUNNING,
                                   .inherit = 1,
                                   .exclude_kernel = KINDS[kind].type == PERF_TYPE_HARDWARE,
                                   .exclude_hv = 1};

    if (KINDS[kind].config == NO_EVENT) {
        errno = ENOENT;
        return -1;
    }
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static bool read_event(int file, counter_reading *now)
{
    uint64_t raw[3]; /* in this order, by read_format */

    if (read(file, raw, sizeof raw) != (ssize_t)sizeof raw)
        return false;
    *now = (counter_reading){.value = raw[0], .enabled = raw[1], .running = raw[2]};
    return true;
}

#else

static int open_event(counter_kind kind)
{
    (void)kind;
    errno = ENOSYS;
    return -1;
}

static bool read_event(int file, counter_reading *now)
{
    (void)file;
    (void)now;
    return false;
}

#endif

static int paranoid(void)
{
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "r");
    int level = INT_MAX;

    if (file == NULL)
        return INT_MAX;
    if (fscanf(file, "%d", &level) != 1)
        level = INT_MAX;
    fclose(file);
    return level;
}

/* What the system knows of a process without events. */
static bool read_system(counter_kind kind, counter_reading *now)
{
    struct rusage usage;
    struct timespec clock;

    *now = (counter_reading){0};
    if (getrusage(RUSAGE_SELF, &usage) != 0 || clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock) != 0)
        return false;
    switch (kind) {
    case COUNTER_CPU_NS:
        now->value = (uint64_t)clock.tv_sec * 1000000000u + (uint64_t)clock.tv_nsec;
        return true;
    case COUNTER_PAGE_FAULTS:
        now->value = (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
        return true;
    case COUNTER_SWITCHES:
        now->value = (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
        return true;
    case COUNTER_INVOLUNTARY_SWITCHES:
        now->value = (uint64_t)usage.ru_nivcsw;
        return true;
    default:
        return false;
    }
}

void counters_open(counters *c)
{
    bool some = false;
    int error = 0;

    *c = (counters){.note = ""};
    for (int k = 0; k < COUNTERS; k++) {
        counter_reading now;

        c->file[k] = open_event((counter_kind)k);
        if (c->file[k] >= 0) {
            c->source[k] = COUNTER_EVENT;
            some |= k < COUNTERS_OF_HARDWARE;
            continue;
        }
        if (k < COUNTERS_OF_HARDWARE && error == 0)
            error = errno;
        if (read_system((counter_kind)k, &now))
            c->source[k] = COUNTER_SYSTEM;
    }
    if (error != 0)
        counters_explain(error, paranoid(), some, c->note, sizeof c->note);
}

void counters_close(counters *c)
{
    for (int k = 0; k < COUNTERS; k++) {
        if (c->source[k] == COUNTER_EVENT)
            close(c->file[k]);
        c->source[k] = COUNTER_MISSING;
    }
}

void counters_read(const counters *c, counter_reading now[COUNTERS])
{
    for (int k = 0; k < COUNTERS; k++) {
        now[k] = (counter_reading){0};
        if (c->source[k] == COUNTER_EVENT)
            (void)read_event(c->file[k], &now[k]); /* else 0: as good as missing */
        else if (c->source[k] == COUNTER_SYSTEM)
            (void)read_system((counter_kind)k, &now[k]);
    }
}

bool counters_have(const counters *c, counter_kind kind)
{
    return c->source[kind] != COUNTER_MISSING;
}

const char *counters_name(counter_kind kind)
{
    static const char *const names[COUNTERS] = {
        "cycles",      "instructions",     "cache_references",     "cache_misses",   "cpu_ns",
        "page_faults", "context_switches", "involuntary_switches", "cpu_migrations",
    };

    return names[kind];
}
