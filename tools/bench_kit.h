/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What snn bench and snn profile share: synthetic input, a trainer that is warm, medians,
 * rows of results.
 */
#ifndef TOOLS_BENCH_KIT_H
#define TOOLS_BENCH_KIT_H

#include "tools/tool.h"

/* Seconds of CLOCK_MONOTONIC: the clock of snn_observer. */
double bench_now(void);

/* Middle, and the ends of the middle half, of n values (sorted in place). */
typedef struct bench_spread {
    double median, low, high, least, most;
    size_t n;
} bench_spread;
bench_spread bench_spread_of(double *values, size_t n);

/* The processor's name as the system tells it, or "unknown". */
const char *bench_machine(char text[128]);
/* Most memory that this process has held, MiB. */
double bench_peak_rss_mib(void);

/* ---- input -------------------------------------------------------------- */

/* A batch of noise: a cell of [steps, batch, inputs] is not zero with probability `density`,
 * and then holds 1 + a geometric number of events. */
typedef struct bench_shape {
    uint32_t batch, steps, inputs, outputs;
    double density;
} bench_shape;

/* The configuration of the options, of a network of layers.  Errors: SNN_EINVAL, for a layer
 * that sees motion, too; SNN_EIO, SNN_EFORMAT. */
SNN_MUST_USE snn_status bench_config(const char *path, const options *o, snn_config *config,
                                     snn_error *err);
/* As the options ask, else what SHD has at 10 ms and 5 channels a bin. */
bench_shape bench_shape_of(const options *o, const snn_config *config);
/* One cell of sample `sample`: its events. */
uint32_t bench_events(uint64_t seed, uint64_t sample, uint32_t cell, double density);

/* ---- a trainer ------------------------------------------------------------ */

typedef struct bench_trainer {
    snn_context *ctx;
    snn_network *net;
    snn_trainer *trainer;
    float *x;
    uint32_t *label;
    snn_batch batch;
} bench_trainer;

/* A network of `config` with inputs and outputs of `shape`, and a batch for it. */
SNN_MUST_USE snn_status bench_trainer_create(snn_context *ctx, const snn_config *config,
                                             const bench_shape *shape, bench_trainer *out,
                                             snn_error *err);
void bench_trainer_destroy(bench_trainer *t);
/* One step in each of two epochs: solvers are chosen by what the first one saw. */
SNN_MUST_USE snn_status bench_trainer_warm(bench_trainer *t, snn_error *err);
/* A step; its seconds are added nowhere but to *seconds. */
SNN_MUST_USE snn_status bench_trainer_step(bench_trainer *t, double *seconds, snn_error *err);

/* ---- texts that grow (bench_row.c) ------------------------------------------------ */

/* Begin with {.ctx = ctx}.  What fails is remembered, and told by text_write. */
typedef struct bench_text {
    snn_context *ctx;
    char *at;
    size_t n, room;
    snn_status status;
} bench_text;

void text_add(bench_text *t, const char *format, ...) SNN_PRINTF(2, 3);
/* Replace the file folder/name by the text.  Errors: SNN_ENOMEM, SNN_EIO. */
SNN_MUST_USE snn_status text_write(const bench_text *t, const char *path, snn_error *err);
void text_free(bench_text *t);

/* ---- rows of results (bench_row.c) --------------------------------------------- */

typedef enum row_kind { ROW_TEXT, ROW_LIST, ROW_NUMBER, ROW_COUNT, ROW_FLAG } row_kind;

/* A named value; blanks in names become underscores.  `group`: in JSON a member of an object of
 * that name; NULL = of the row. */
typedef struct row_field {
    const char *group; /* borrowed: a static text */
    char name[32];
    row_kind kind;
    char text[256]; /* ROW_LIST: words with a blank between */
    double number;
} row_field;

#define ROW_FIELDS 64

/* A result: an object of JSON, or a line of CSV. */
typedef struct bench_row {
    const char *event;
    row_field field[ROW_FIELDS];
    size_t n;
} bench_row;

void row_begin(bench_row *r, const char *event);
void row_text(bench_row *r, const char *name, const char *value);
void row_list(bench_row *r, const char *name, const char *words);
void row_number(bench_row *r, const char *group, const char *name, double value);
void row_count(bench_row *r, const char *name, uint64_t value);
void row_flag(bench_row *r, const char *name, bool value);

void row_json(const bench_row *r);
/* A line with the values, before it (`head`) one with the names; what is no number is empty. */
void row_csv(const bench_row *r, bool head, bench_text *to);
/* To standard output: JSON, or CSV. */
SNN_MUST_USE snn_status row_print(snn_context *ctx, const bench_row *r, bool as_json, bool head,
                                  snn_error *err);

/* ---- the machine's own rates (bench_rates.c) ------------------------------------- */

typedef enum bench_rate {
    BENCH_SGEMM, /* GFLOP/s */
    BENCH_BF16,
    BENCH_COPY, /* GB/s */
    BENCH_RATES
} bench_rate;

#define BENCH_MOST_RATES   256
#define BENCH_RATE_SECONDS 0.08

/* What was measured so far; begins as {0}.  Medians count, as speeds of shared machines drift. */
typedef struct bench_rates {
    double value[BENCH_RATES][BENCH_MOST_RATES];
    size_t n[BENCH_RATES];
} bench_rates;

/* Measure once more, for about `seconds`; or all of them, for BENCH_RATE_SECONDS each. */
SNN_MUST_USE snn_status bench_rates_measure(snn_context *ctx, bench_rate rate, double seconds,
                                            bench_rates *to, snn_error *err);
SNN_MUST_USE snn_status bench_rates_all(snn_context *ctx, bench_rates *to, snn_error *err);
/* NaN where nothing was measured. */
double bench_rates_median(bench_rates *rates, bench_rate rate);
const char *bench_rate_name(bench_rate rate);
/* Close a row with the rates, threads, kernels and the processor's name: where it was measured.
 * And the same as a line of text. */
void bench_rates_fields(bench_row *r, snn_context *ctx, bench_rates *rates);
void bench_rates_show(snn_context *ctx, bench_rates *rates);

/* ---- threads (bench_scaling.c) ------------------------------------------------ */

#define BENCH_MOST_THREADS 256
#define BENCH_MOST_ROUNDS  64

/* Steps on several numbers of threads taken in turns, so that drift of the machine meets all
 * alike.  Gains are those of the first number's time over another's, round by round. */
typedef struct bench_scaling {
    size_t n;
    int threads[BENCH_MOST_THREADS];
    bench_spread seconds[BENCH_MOST_THREADS];
    bench_spread gain[BENCH_MOST_THREADS];
    double phase[BENCH_MOST_THREADS][SNN_PHASES]; /* seconds of a step */
    bench_spread rate_gain[BENCH_RATES];          /* of the last number; where rates were given */
} bench_scaling;

/* Threads 1 and `most`, and `between`: 2, 4, .. as well.  `rates`: those of
 * `most` threads, where each round measures them, on one thread as well; NULL: it does not. */
SNN_MUST_USE snn_status bench_scaling_measure(const options *o, const snn_config *config,
                                              const bench_shape *shape, int most, bool between,
                                              size_t rounds, bench_rates *rates, bench_scaling *out,
                                              snn_error *err);

#endif
