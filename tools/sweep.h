/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn sweep: arms x grid x seeds, each a run of snn train in a process of its own.
 *
 *   cmd_sweep.c      from the options to the exit code
 *   sweep_plan.c     which runs there are; what their folders hold already
 *   sweep_jobs.c     runs, some at a time: begun, watched, stopped
 *   sweep_process.c  one run as a process
 *   sweep_result.c   one run's result as a file of its own
 *   sweep_table.c    results.csv, summary.csv
 *   sweep_chart.c    accuracy.png
 *
 * The folder:  DIR/ARM/seed-K/  is a run as snn train leaves it, with train.log (what it
 * said) and result.txt (written when it ended).  The tables are made of all result.txt
 * below DIR, so runs of an earlier grid stay in them.
 */
#ifndef TOOLS_SWEEP_H
#define TOOLS_SWEEP_H

#include "tools/tool.h"

#include <sys/types.h>

#define SWEEP_MOST_KEYS 16
#define SWEEP_NAME      64
#define SWEEP_VALUE     128
#define SWEEP_RESULT    "result.txt"

/* What tells an arm: its name, and the grid's keys with this arm's values. */
typedef struct sweep_arm {
    char name[SWEEP_NAME];
    size_t n_keys;
    char key[SWEEP_MOST_KEYS][SWEEP_NAME];
    char value[SWEEP_MOST_KEYS][SWEEP_VALUE];
} sweep_arm;

bool sweep_same_arm(const sweep_arm *a, const sweep_arm *b);
/* "learned, max_delay=25": keys without their section. */
void sweep_arm_label(const sweep_arm *arm, char *text, size_t size);

/* ---- sweep_result.c --------------------------------------------------------- */

typedef struct sweep_result {
    sweep_arm arm;
    uint64_t seed;
    bool done; /* else it failed: `exit_code` and `why` */
    int exit_code;
    char why[SNN_ERROR_WHAT];
    char protocol[16];
    uint64_t epochs, best_epoch, parameters, classes;
    double valid_accuracy, test_accuracy; /* NaN where there is no such split */
    double loss;                          /* training loss of the last epoch */
    double seconds;                       /* of all epochs, also of those before a resume */
    char command[TOOL_PATH];              /* what repeats the run */
} sweep_result;

SNN_MUST_USE snn_status sweep_result_write(snn_context *ctx, const sweep_result *result,
                                           const char *folder, snn_error *err);
/* SNN_ENOTFOUND where the run has not ended. */
SNN_MUST_USE snn_status sweep_result_read(snn_context *ctx, const char *folder, sweep_result *out,
                                          snn_error *err);
/* Complete a result from the run's files: loss and seconds, parameters and classes. */
SNN_MUST_USE snn_status sweep_result_look(snn_context *ctx, const char *folder, sweep_result *out,
                                          snn_error *err);

/* ---- sweep_plan.c ------------------------------------------------------------- */

typedef struct sweep_run {
    sweep_result result;  /* arm, seed and command are set from the start */
    const char *arm_file; /* borrowed from the options; NULL = none */
    char folder[TOOL_PATH];
    char label[256];
    bool done;
    /* sweep_process.c: while it runs */
    pid_t process;
    int output; /* what it writes to its standard output */
    char line[8192];
    size_t line_length;
    uint64_t epoch;
    bool ended; /* the result line was seen */
} sweep_run;

typedef struct sweep_plan {
    const options *o;
    char folder[TOOL_PATH];
    size_t n;
    sweep_run *runs;
} sweep_plan;

/* All runs in order: arms, then the grid (the last key fastest), then seeds.  Every
 * configuration is checked, and that folders that exist hold these runs and no others;
 * finished ones are marked.  Nothing is written.  Freed by sweep_plan_free. */
SNN_MUST_USE snn_status sweep_plan_make(snn_context *ctx, const options *o, sweep_plan *out,
                                        snn_error *err);
void sweep_plan_free(snn_context *ctx, sweep_plan *plan);

/* ---- sweep_jobs.c --------------------------------------------------------------- */

/* Run what is not done, `jobs` at a time.  After each run its result is written and
 * `ended` called, whether it is done or failed.  Returns SNN_EINTERRUPTED after a signal,
 * when all processes have left their checkpoints and are gone. */
typedef snn_status (*sweep_ended)(void *user, const sweep_run *run, snn_error *err);
SNN_MUST_USE snn_status sweep_run_all(snn_context *ctx, sweep_plan *plan, uint32_t jobs,
                                      uint32_t threads, sweep_ended ended, void *user,
                                      snn_error *err);

/* ---- sweep_process.c ------------------------------------------------------------ */

/* Begin the run, or go on with it. */
SNN_MUST_USE snn_status sweep_process_start(snn_context *ctx, const options *o, uint32_t threads,
                                            sweep_run *run, snn_error *err);
/* Take what it has written since into `run`; false at the end of its output. */
bool sweep_process_listen(sweep_run *run);
/* run->result.why becomes the last that it said before it failed. */
void sweep_process_why(sweep_run *run);

/* ---- sweep_table.c -------------------------------------------------------------- */

/* One arm's runs together. */
typedef struct sweep_summary {
    sweep_arm arm;
    size_t n;                 /* finished runs */
    snn_interval test, valid; /* means and 95 % intervals over seeds */
    double *accuracy;         /* [n]: of the test split, or without one of validation */
    bool of_test;             /* which it is */
    double seconds;           /* mean */
    uint64_t parameters, classes;
    char protocol[16];
} sweep_summary;

typedef struct sweep_table {
    size_t n, n_arms;
    sweep_result *results; /* as planned, then those that other sweeps left here */
    sweep_summary *arms;   /* in the same order; those with finished runs */
    double *accuracies;    /* what the summaries point into */
} sweep_table;

SNN_MUST_USE snn_status sweep_table_make(snn_context *ctx, const sweep_plan *plan, sweep_table *out,
                                         snn_error *err);
void sweep_table_free(snn_context *ctx, sweep_table *table);
/* results.csv and summary.csv in `folder`. */
SNN_MUST_USE snn_status sweep_table_write(snn_context *ctx, const sweep_table *table,
                                          const char *folder, snn_error *err);

/* ---- sweep_chart.c ---------------------------------------------------------------- */

/* accuracy.png in `folder`; nothing where no run is finished. */
SNN_MUST_USE snn_status sweep_chart_write(snn_context *ctx, const sweep_table *table,
                                          const char *title, const char *folder, snn_error *err);

#endif
