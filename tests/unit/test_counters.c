/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of snn profile: what raw readings mean; events that every Linux has, opened, read
 * and inherited by threads for real; and a kernel that refuses, played by a seccomp filter.
 */
#include "tests/cmocka_all.h"

#include "tools/profile_counters.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#define PAGES 200

/* ---- arithmetic ------------------------------------------------------------------------ */

static void sums(void **state)
{
    const counter_reading from = {100, 1000, 800}, to = {400, 3000, 1300};
    counter_reading sum = {0};

    (void)state;
    counters_add(&sum, &from, &to);
    counters_add(&sum, &from, &to);
    assert_int_equal(sum.value, 600);
    assert_int_equal(sum.enabled, 4000);
    assert_int_equal(sum.running, 1000);
    assert_true(counters_count(&sum) == 2400.0); /* there for four times as long as it ran */
}

static void counts(void **state)
{
    (void)state;
    assert_true(counters_count(&(counter_reading){7, 500, 500}) == 7.0);
    assert_true(counters_count(&(counter_reading){7, 500, 501}) == 7.0); /* clocks of two CPUs */
    assert_true(counters_count(&(counter_reading){7, 0, 0}) == 7.0);     /* of the system */
    assert_true(counters_count(&(counter_reading){0, 0, 0}) == 0.0);
    assert_true(isnan(counters_count(&(counter_reading){0, 500, 0}))); /* never had its turn */
    assert_true(counters_count(&(counter_reading){UINT64_C(1) << 60, 3, 1}) == 0x3p60);
}

static void figures(void **state)
{
    const double count[COUNTERS] = {[COUNTER_CYCLES] = 6e9,
                                    [COUNTER_INSTRUCTIONS] = 9e9,
                                    [COUNTER_CACHE_REFERENCES] = 60e6,
                                    [COUNTER_CACHE_MISSES] = 45e6,
                                    [COUNTER_CPU_NS] = 2e9};
    double missing[COUNTERS];
    counter_figures f = counters_figures(count, 1.25);

    (void)state;
    assert_true(f.instructions_per_cycle == 1.5);
    assert_true(fabs(f.misses_per_kilo_instruction - 5.0) < 1e-12);
    assert_true(f.miss_share == 0.75);
    assert_true(f.gigahertz == 3.0);
    assert_true(fabs(f.processors - 1.6) < 1e-12);
    f = counters_figures(count, 0.0);
    assert_true(isnan(f.processors) && f.gigahertz == 3.0);
    for (int k = 0; k < COUNTERS; k++) { /* each figure needs two counts, and no other */
        memcpy(missing, count, sizeof missing);
        missing[k] = k % 2 == 0 ? (double)NAN : 0.0;
        f = counters_figures(missing, 1.25);
        assert_int_equal(isnan(f.instructions_per_cycle),
                         k == COUNTER_CYCLES || (k == COUNTER_INSTRUCTIONS && k % 2 == 0));
        assert_int_equal(isnan(f.misses_per_kilo_instruction),
                         k == COUNTER_INSTRUCTIONS || (k == COUNTER_CACHE_MISSES && k % 2 == 0));
        assert_int_equal(isnan(f.miss_share), k == COUNTER_CACHE_REFERENCES ||
                                                  (k == COUNTER_CACHE_MISSES && k % 2 == 0));
        assert_int_equal(isnan(f.gigahertz),
                         k == COUNTER_CPU_NS || (k == COUNTER_CYCLES && k % 2 == 0));
        assert_int_equal(isnan(f.processors), k == COUNTER_CPU_NS && k % 2 == 0);
    }
}

static void reasons(void **state)
{
    static const struct {
        int error, paranoid;
        bool some;
        const char *has;
    } cases[] = {
        {EACCES, 4, false,
         "no hardware counters: kernel.perf_event_paranoid is 4; as root, 'sysctl"},
        {EPERM, 3, false, "kernel.perf_event_paranoid=2'"},
        {EACCES, 2, false, "no hardware counters: perf_event_open is not permitted"},
        {EPERM, INT_MAX, false, "CAP_PERFMON"},
        {ENOSYS, 2, false, "no perf events, or a container's filter"},
        {ENOENT, 2, false, "virtual"},
        {EOPNOTSUPP, -1, true, "no hardware counters of some kinds: this machine offers none"},
        {EMFILE, 2, false, "no hardware counters: "},
    };
    char note[sizeof((counters *)NULL)->note];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        counters_explain(cases[i].error, cases[i].paranoid, cases[i].some, note, sizeof note);
        if (strstr(note, cases[i].has) == NULL)
            fail_msg("errno %d: '%s' has no '%s'", cases[i].error, note, cases[i].has);
        assert_true(strlen(note) < sizeof note - 1); /* not cut */
    }
}

/* ---- events ------------------------------------------------------------------------------ */

static void touch_pages(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *block =
        mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED)
        return;
#ifdef MADV_NOHUGEPAGE
    (void)madvise(block, PAGES * page, MADV_NOHUGEPAGE);
#endif
    for (size_t i = 0; i < PAGES; i++)
        ((volatile char *)block)[i * page] = 1;
    munmap(block, PAGES * page);
}

static void sleep_often(void)
{
    for (int i = 0; i < 10; i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static void *work(void *user)
{
    (void)user;
    touch_pages();
    sleep_often();
    return NULL;
}

static void burn(void)
{
    const clock_t begin = clock();

    while (clock() - begin < CLOCKS_PER_SEC / 50)
        ;
}

static double counted(const counter_reading *from, const counter_reading *to, counter_kind kind)
{
    counter_reading sum = {0};

    counters_add(&sum, &from[kind], &to[kind]);
    return counters_count(&sum);
}

/* What a stretch of work is counted as: bounds from what it does for sure. */
static bool check_work(const counters *c, bool in_thread)
{
    counter_reading from[COUNTERS], to[COUNTERS];
    struct timespec begin, end;
    double seconds, cpu;
    bool good = true;

    counters_read(c, from);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (in_thread) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, work, NULL) != 0)
            return false;
        pthread_join(thread, NULL);
    } else {
        work(NULL);
    }
    burn();
    clock_gettime(CLOCK_MONOTONIC, &end);
    counters_read(c, to);
    seconds = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    cpu = 1e-9 * counted(from, to, COUNTER_CPU_NS);
    good &= counted(from, to, COUNTER_PAGE_FAULTS) >= PAGES;
    good &= counted(from, to, COUNTER_PAGE_FAULTS) < 10 * PAGES;
    good &= counted(from, to, COUNTER_SWITCHES) >= 10;
    good &= counted(from, to, COUNTER_INVOLUNTARY_SWITCHES) >= 0;
    /* Two threads at most.  No lower bound but 0: a virtual machine's event leaves out time
     * that its host took, the clock that burn goes by does not. */
    good &= cpu > 0 && cpu <= 2 * seconds + 0.1;
    if (!good)
        print_message("# faults %g, switches %g, cpu %g s of %g s\n",
                      counted(from, to, COUNTER_PAGE_FAULTS), counted(from, to, COUNTER_SWITCHES),
                      cpu, seconds);
    return good;
}

static void events(void **state)
{
    counters c;

    (void)state;
    counters_open(&c);
    for (int k = 0; k < COUNTERS; k++)
        print_message("# %s: %s\n", counters_name((counter_kind)k),
                      c.source[k] == COUNTER_EVENT    ? "event"
                      : c.source[k] == COUNTER_SYSTEM ? "system"
                                                      : "missing");
    if (c.source[COUNTER_CPU_NS] != COUNTER_EVENT) {
        counters_close(&c);
        skip_because("no perf events: %s", c.note);
    }
    assert_true(check_work(&c, false));
    assert_true(check_work(&c, true)); /* inherited */
    counters_close(&c);
    assert_false(counters_have(&c, COUNTER_CPU_NS));
}

/* With them or without: what hardware counts is there, or the note says why not. */
static void note(void **state)
{
    counters c;
    bool all = true;

    (void)state;
    counters_open(&c);
    for (int k = 0; k < COUNTERS_OF_HARDWARE; k++)
        all &= counters_have(&c, (counter_kind)k);
    assert_int_equal(all, c.note[0] == '\0');
    if (counters_have(&c, COUNTER_CYCLES) && counters_have(&c, COUNTER_INSTRUCTIONS)) {
        counter_reading from[COUNTERS], to[COUNTERS];

        counters_read(&c, from);
        burn();
        counters_read(&c, to);
        assert_true(counted(from, to, COUNTER_CYCLES) > 1e6);
        assert_true(counted(from, to, COUNTER_INSTRUCTIONS) > 1e5);
    } else {
        print_message("# %s\n", c.note);
    }
    counters_close(&c);
}

/* ---- a kernel that refuses ------------------------------------------------------------------ */

#if defined(__linux__) && defined(SYS_perf_event_open)

/* From here on perf_event_open fails in this process. */
static bool refuse_events(int error)
{
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof lines / sizeof *lines, .filter = lines};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

enum { GOOD, NO_FILTER, NOT_REFUSED, NO_NOTE, WRONG_SOURCE, WRONG_COUNT };

static int refused(int error, const char *has)
{
    counters c;

    if (!refuse_events(error))
        return NO_FILTER;
    counters_open(&c);
    for (int k = 0; k < COUNTERS; k++)
        if (c.source[k] == COUNTER_EVENT)
            return NOT_REFUSED;
    if (strstr(c.note, has) == NULL) {
        print_message("# '%s' has no '%s'\n", c.note, has);
        return NO_NOTE;
    }
    for (int k = 0; k < COUNTERS; k++)
        if (counters_have(&c, (counter_kind)k) !=
            (k >= COUNTERS_OF_HARDWARE && k != COUNTER_MIGRATIONS))
            return WRONG_SOURCE;
    if (!check_work(&c, false) || !check_work(&c, true))
        return WRONG_COUNT;
    counters_close(&c);
    return GOOD;
}

/* Page faults, switches and time are counted all the same, by the system's own means. */
static void refusals(void **state)
{
    static const struct {
        int error;
        const char *has;
    } cases[] = {{ENOSYS, "no hardware counters: the kernel has no perf events"},
                 {ENOENT, "no hardware counters: this machine offers none"},
                 {EACCES, "perf_event"},
                 {EPERM, "perf_event"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const pid_t child = fork();
        int status;

        if (child == 0)
            _exit(refused(cases[i].error, cases[i].has));
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == NO_FILTER)
            skip_because("no filters of system calls here");
        if (WEXITSTATUS(status) != GOOD)
            fail_msg("errno %d: the child says %d", cases[i].error, WEXITSTATUS(status));
    }
}

#else

static void refusals(void **state)
{
    (void)state;
    skip_because("no perf events on this system");
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),     cmocka_unit_test(counts), cmocka_unit_test(figures),
        cmocka_unit_test(reasons),  cmocka_unit_test(events), cmocka_unit_test(note),
        cmocka_unit_test(refusals),
    };

    return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
