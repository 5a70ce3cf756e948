/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/profile_counters.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* From this kernel.perf_event_paranoid on an ordinary user may not count user code. */
#define PARANOID_REFUSES 3

void counters_add(counter_reading *sum, const counter_reading *from, const counter_reading *to)
{
    sum->value += to->value - from->value;
    sum->enabled += to->enabled - from->enabled;
    sum->running += to->running - from->running;
}

double counters_count(const counter_reading *sum)
{
    if (sum->running >= sum->enabled)
        return (double)sum->value;
    if (sum->running == 0)
        return NAN;
    return (double)sum->value * ((double)sum->enabled / (double)sum->running);
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

counter_figures counters_figures(const double count[COUNTERS], double seconds)
{
    return (counter_figures){
        .instructions_per_cycle = ratio(count[COUNTER_INSTRUCTIONS], count[COUNTER_CYCLES]),
        .misses_per_kilo_instruction =
            1e3 * ratio(count[COUNTER_CACHE_MISSES], count[COUNTER_INSTRUCTIONS]),
        .miss_share = ratio(count[COUNTER_CACHE_MISSES], count[COUNTER_CACHE_REFERENCES]),
        .gigahertz = ratio(count[COUNTER_CYCLES], count[COUNTER_CPU_NS]),
        .processors = ratio(1e-9 * count[COUNTER_CPU_NS], seconds),
    };
}

void counters_explain(int error, int paranoid, bool some, char *note, size_t size)
{
    const char *what = some ? "no hardware counters of some kinds" : "no hardware counters";

    switch (error) {
    case EACCES:
    case EPERM:
        if (paranoid >= PARANOID_REFUSES && paranoid != INT_MAX)
            snprintf(note, size,
                     "%s: kernel.perf_event_paranoid is %d; as root, 'sysctl "
                     "kernel.perf_event_paranoid=2' lets every user count programs of their own",
                     what, paranoid);
        else
            snprintf(note, size,
                     "%s: perf_event_open is not permitted, as in most containers; outside of "
                     "them, or with CAP_PERFMON and a filter that lets the call pass, it is",
                     what);
        break;
    case ENOSYS:
        snprintf(note, size,
                 "%s: the kernel has no perf events, or a container's filter says so; a filter "
                 "that lets perf_event_open pass helps",
                 what);
        break;
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
        snprintf(note, size,
                 "%s: this machine offers none, as most virtual ones, unless the host passes on "
                 "its own",
                 what);
        break;
    default:
        snprintf(note, size, "%s: %s", what, strerror(error));
    }
}
