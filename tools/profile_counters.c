/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/profile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__) && defined(__has_include)
#if __has_include(<linux/perf_event.h>)
#include <linux/perf_event.h>
#include <sys/syscall.h>
#define HAVE_COUNTERS 1
#endif
#endif

#ifdef HAVE_COUNTERS

static const struct {
    uint32_t type;
    uint64_t config;
} KINDS[COUNTERS] = {
    [COUNTER_CYCLES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    [COUNTER_INSTRUCTIONS] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    [COUNTER_CACHE_REFERENCES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES},
    [COUNTER_CACHE_MISSES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
    [COUNTER_PAGE_FAULTS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    [COUNTER_CONTEXT_SWITCHES] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
    [COUNTER_MIGRATIONS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
};

/* Inherited: threads that begin later are counted too.  User code alone: that is what an
 * ordinary user may see. */
static int open_one(counter_kind kind)
{
    struct perf_event_attr attr = {.type = KINDS[kind].type,
                                   .size = sizeof attr,
                                   .config = KINDS[kind].config,
                                   .inherit = 1,
                                   .exclude_kernel = KINDS[kind].type == PERF_TYPE_HARDWARE,
                                   .exclude_hv = 1};
    int file = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

    if (file < 0 && (errno == EACCES || errno == EPERM)) {
        attr.exclude_kernel = 1;
        file = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    }
    return file;
}

static const char *reason(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return "the kernel does not let this user (kernel.perf_event_paranoid above 2, or a "
               "container's filter)";
    case ENOENT:
    case EOPNOTSUPP:
        return "this machine has none, as most virtual ones";
    case ENOSYS:
        return "the kernel has no perf events";
    default:
        return strerror(error);
    }
}

void counters_open(counters *c)
{
    int error = 0;

    c->note[0] = '\0';
    for (int k = 0; k < COUNTERS; k++) {
        c->file[k] = open_one((counter_kind)k);
        if (c->file[k] < 0 && k <= COUNTER_CACHE_MISSES && error == 0)
            error = errno;
    }
    if (error != 0)
        snprintf(c->note, sizeof c->note, "no hardware counters%s: %s",
                 c->file[COUNTER_CYCLES] >= 0 ? " of some kinds" : "", reason(error));
}

void counters_read(const counters *c, double value[COUNTERS])
{
    for (int k = 0; k < COUNTERS; k++) {
        uint64_t n = 0;

        if (c->file[k] >= 0 && read(c->file[k], &n, sizeof n) != (ssize_t)sizeof n)
            n = 0;
        value[k] = (double)n;
    }
}

#else

void counters_open(counters *c)
{
    for (int k = 0; k < COUNTERS; k++)
        c->file[k] = -1;
    snprintf(c->note, sizeof c->note, "no counters: this system has no perf events");
}

void counters_read(const counters *c, double value[COUNTERS])
{
    (void)c;
    for (int k = 0; k < COUNTERS; k++)
        value[k] = 0;
}

#endif

void counters_close(counters *c)
{
    for (int k = 0; k < COUNTERS; k++)
        if (c->file[k] >= 0)
            close(c->file[k]);
}

bool counters_have(const counters *c, counter_kind kind)
{
    return c->file[kind] >= 0;
}

const char *counters_name(counter_kind kind)
{
    static const char *const names[COUNTERS] = {
        "cycles",      "instructions",     "cache_references", "cache_misses",
        "page_faults", "context_switches", "cpu_migrations",
    };

    return names[kind];
}
