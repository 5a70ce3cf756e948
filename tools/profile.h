/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of snn profile:
 *
 *   cmd_profile.c       what is measured, in which order
 *   profile_record.c    spans of phases and workers, as the library tells them
 *   profile_counters.c  counters of the processor and the system, where the kernel lets us
 *   profile_figures.c   what they mean
 *   profile_show.c      tables, as text, JSON and CSV
 *   profile_chart.c     pictures
 *   profile_trace.c     the trace
 */
#ifndef TOOLS_PROFILE_H
#define TOOLS_PROFILE_H

#include "tools/bench_kit.h"
#include "tools/profile_counters.h"

#define PROFILE_LAYERS  (SNN_MAX_HIDDEN + 1)
#define PROFILE_MOST    64 /* steps */
#define PROFILE_WORKERS BENCH_MOST_THREADS

/* ---- profile_record.c --------------------------------------------------------- */

/* A phase of a layer, or a worker's part of a loop in it. */
typedef struct span {
    double begin, end;
    uint32_t phase, layer; /* of a worker's: set by record_step_end */
    size_t tiles;
} span;

typedef struct span_list {
    span *span;
    size_t n, room, lost; /* lost: there was no room */
    size_t taken;         /* of a worker's list: have found their phase */
} span_list;

/* A row for each phase of a layer that took part. */
typedef struct record_row {
    snn_phase phase;
    uint32_t layer; /* SNN_NO_LAYER: of none */
    double seconds[PROFILE_MOST];
    double worker[PROFILE_WORKERS];  /* seconds of each in all steps */
    counter_reading count[COUNTERS]; /* in all steps */
} record_row;

#define RECORD_ROWS (SNN_PHASES * (PROFILE_LAYERS + 1))

typedef struct record {
    snn_context *ctx;
    const counters *counters;
    int threads;
    size_t steps;
    span_list phases, worker[PROFILE_WORKERS];
    record_row *row; /* in the order of a step */
    size_t rows;
    counter_reading last[COUNTERS];
    size_t first_phase; /* of the step that is on */
    snn_observer observer;
} record;

SNN_MUST_USE snn_status record_create(snn_context *ctx, const counters *c, record *out,
                                      snn_error *err);
void record_destroy(record *r);
/* Around each step that counts: spans in between are told to the record. */
void record_step_begin(record *r);
void record_step_end(record *r);

/* ---- results ---------------------------------------------------------------------- */

typedef struct profile_phase {
    snn_phase phase;
    uint32_t layer;
    const char *solver; /* of synapse phases, else "" */
    bench_spread seconds;
    double mean; /* seconds: what counts belong to */
    snn_work work;
    double share;           /* of the step */
    double roof_seconds;    /* the least that the rates of this machine allow; NaN = unknown */
    bool by_memory;         /* the roof is that of the memory, not of arithmetic */
    double busy;            /* share of threads x time in which workers worked */
    double imbalance;       /* busiest worker's time over the mean of all, less one */
    double count[COUNTERS]; /* a step */
} profile_phase;

typedef struct profile {
    const char *config; /* as given */
    bench_shape shape;
    int threads;
    const char *kernels;
    char machine[128];
    size_t steps;
    bench_spread step, alone; /* observed, and with nobody looking */
    double sgemm, copy;       /* GFLOP/s, GB/s: medians of rates between the steps */
    profile_phase phase[RECORD_ROWS];
    size_t phases, hottest;
    double between; /* seconds of a step in no phase */
    struct {
        double busy, tiles; /* seconds and tiles of a step */
    } worker[PROFILE_WORKERS];
    size_t held[SNN_MEMORY_KINDS], peak[SNN_MEMORY_KINDS], bytes, peak_bytes;
    double rss_mib;
    uint64_t allocations; /* in the measured steps */
    bench_scaling scaling;
    counters counters;
} profile;

/* "synapse forward, layer 1". */
const char *profile_phase_name(const profile_phase *p, char text[64]);
/* Share of the roof that a phase reaches, in percent; NaN = unknown. */
double profile_percent(const profile_phase *p);

void profile_show_text(const profile *p);
void profile_show_json(const profile *p);
/* phases.csv, threads.csv, memory.csv, scaling.csv in a folder. */
SNN_MUST_USE snn_status profile_write_tables(snn_context *ctx, const profile *p, const char *folder,
                                             snn_error *err);
/* roofline.png, time.png, efficiency.png in a folder. */
SNN_MUST_USE snn_status profile_write_charts(snn_context *ctx, const profile *p, const char *folder,
                                             snn_error *err);
/* Events for Perfetto and chrome://tracing. */
SNN_MUST_USE snn_status profile_write_trace(snn_context *ctx, const record *r, const char *path,
                                            snn_error *err);

#endif
