/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of the processor and of the system, for this process with all its threads.
 *
 * Linux counts by perf_event_open(2).  What it refuses the system tells in its own way where
 * it can (getrusage, the process's clock); hardware events have no other way, and a note
 * says why they are missing and who can help.
 */
#ifndef TOOLS_PROFILE_COUNTERS_H
#define TOOLS_PROFILE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum counter_kind {
    COUNTER_CYCLES, /* of user code, as the next three: what an ordinary user may see */
    COUNTER_INSTRUCTIONS,
    COUNTER_CACHE_REFERENCES, /* of the last level */
    COUNTER_CACHE_MISSES,
    COUNTER_CPU_NS, /* time on processors */
    COUNTER_PAGE_FAULTS,
    COUNTER_SWITCHES,             /* of all kinds */
    COUNTER_INVOLUNTARY_SWITCHES, /* another process took the processor */
    COUNTER_MIGRATIONS,           /* from one processor to another */
    COUNTERS
} counter_kind;

#define COUNTERS_OF_HARDWARE COUNTER_CPU_NS /* kinds before it */

/* Where a number comes from. */
typedef enum counter_source { COUNTER_MISSING, COUNTER_EVENT, COUNTER_SYSTEM } counter_source;

/*
 * What a counter says.  Where there are more events than the processor has counters, the
 * kernel lets them take turns: an event was there for `enabled` ns and counted for
 * `running` of them.  Both are 0 for numbers that always count.
 */
typedef struct counter_reading {
    uint64_t value, enabled, running;
} counter_reading;

typedef struct counters {
    counter_source source[COUNTERS];
    int file[COUNTERS]; /* of an event */
    char note[256];     /* why hardware counters are missing; "" = they are not */
} counters;

/* ---- profile_counters.c ------------------------------------------------------------- */

/* Open before there are threads: those that begin later are counted, too. */
void counters_open(counters *c);
void counters_close(counters *c);
/* What is missing reads 0. */
void counters_read(const counters *c, counter_reading now[COUNTERS]);
bool counters_have(const counters *c, counter_kind kind);
/* "cycles", "page_faults": of columns. */
const char *counters_name(counter_kind kind);

/* ---- profile_figures.c: arithmetic alone ------------------------------------------------ */

/* sum += to - from. */
void counters_add(counter_reading *sum, const counter_reading *from, const counter_reading *to);
/* The count that a sum stands for, as if it had always counted; NaN where it never did. */
double counters_count(const counter_reading *sum);

/* NaN where a count that it needs is NaN, or there is nothing to divide by. */
typedef struct counter_figures {
    double instructions_per_cycle;
    double misses_per_kilo_instruction;
    double miss_share; /* of the last level's references */
    double gigahertz;  /* cycles of user code in time on processors: what the clock was */
    double processors; /* at work in the mean: time on processors in time that passed */
} counter_figures;

/* count: NaN = missing; seconds: of the clock on the wall. */
counter_figures counters_figures(const double count[COUNTERS], double seconds);

/* Why there are no hardware counters (some: of some kinds) and what helps.  `error`: errno of
 * perf_event_open; `paranoid`: kernel.perf_event_paranoid, INT_MAX where it cannot be read. */
void counters_explain(int error, int paranoid, bool some, char *note, size_t size);

#endif
