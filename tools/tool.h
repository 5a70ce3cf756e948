/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the commands share: exit codes, talk on standard error, JSON on standard
 * output, paths.  The tool is a client of the public headers and nothing more.
 */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <snn/snn.h>

#include "tools/options.h"

/* Control flow of the commands: each has one exit label, `done`. */
#define TRY(status, call)                                                                          \
    do {                                                                                           \
        (status) = (call);                                                                         \
        if ((status) != SNN_OK)                                                                    \
            goto done;                                                                             \
    } while (0)

/* Exit codes, as snn(1) lists them. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DIVERGED = 3, EXIT_INTERRUPTED = 130 };

#define TOOL_PATH 4096

/* ---- talk.c: standard error ------------------------------------------- */

/* Lines above `level` are dropped. */
void talk_set_level(snn_log_level level);
void talk(snn_log_level level, const char *format, ...) SNN_PRINTF(2, 3);
/* Replace the progress line; only where standard error is a terminal. */
void talk_progress(const char *format, ...) SNN_PRINTF(1, 2);
bool talk_has_progress(void);
void talk_clear(void);
/* "91.2 %" into `text`, or "-" where there is no number. */
const char *percent_text(double share, char text[16]);
/* Print what failed ("snn: where: what") and return the exit code for it. */
int talk_failure(snn_status status, const snn_error *err);

/* A context as the options ask; its log goes to talk.  It plans by the costs that are kept for
 * this machine, or (plain) by those that are built in. */
SNN_MUST_USE snn_status tool_context(const options *o, snn_context **out, snn_error *err);
SNN_MUST_USE snn_status tool_context_plain(const options *o, snn_context **out, snn_error *err);

/* `one` for each operand from `first` on.  One bad file does not hide the others; a signal ends
 * it.  Returns the exit code. */
int each_operand(const options *o, int first,
                 snn_status (*one)(snn_context *ctx, const char *path, const options *o,
                                   snn_error *err));

/* ---- costs_kept.c: what plans go by on this machine ------------------------- */

#define PROCESSOR_BYTES 96

/* The value of "key" of the system's first processor (/proc/cpuinfo). */
bool processor_fact(const char *key, char value[PROCESSOR_BYTES]);
/* Its name and number: "AMD EPYC, family 25, model 1", or "unknown". */
const char *processor_name(char text[PROCESSOR_BYTES]);
/* Give a context the costs that SNN_COSTS names ("builtin": none), or those stored for this
 * processor and these kernels, where there are any. */
SNN_MUST_USE snn_status costs_use(snn_context *ctx, snn_error *err);
/* The file where costs_use looks for them, its folder made or checked; free with snn_free. */
SNN_MUST_USE snn_status costs_place(snn_context *ctx, char **path, snn_error *err);

/* ---- json.c: standard output ------------------------------------------ */

/* One object on one line: begin, members, end.  Numbers that are not finite are null. */
typedef struct json {
    FILE *to;
    bool first;
} json;

void json_begin(json *j, const char *event);
void json_text(json *j, const char *key, const char *value);
void json_number(json *j, const char *key, double value);
/* A value that is JSON already. */
void json_bare(json *j, const char *key, const char *value);
void json_count(json *j, const char *key, uint64_t value);
/* Nested values: [ or { .. } ].  `key` NULL inside a list. */
void json_open(json *j, const char *key, char bracket);
void json_close(json *j, char bracket);
/* End the object and flush, so that a reader sees the line now. */
void json_end(json *j);

/* ---- files.c ----------------------------------------------------------- */

bool is_folder(const char *path);
bool file_exists(const char *folder, const char *name);
SNN_MUST_USE snn_status join_path(char path[TOOL_PATH], const char *folder, const char *name,
                                  snn_error *err);
/* Before the work: is there a folder for this file?  SNN_EIO. */
SNN_MUST_USE snn_status check_folder_of(const char *path, snn_error *err);
/* Folder and those above it. */
SNN_MUST_USE snn_status make_folders(const char *folder, snn_error *err);

/* A whole file with a NUL behind it; free with snn_free.  SNN_ENOTFOUND, SNN_EIO. */
SNN_MUST_USE snn_status read_whole_file(snn_context *ctx, const char *path, char **out,
                                        snn_error *err);

/* The data set of a run is remembered in its folder: data.txt, one absolute path. */
SNN_MUST_USE snn_status run_remember_data(const char *folder, const char *data, snn_error *err);
SNN_MUST_USE snn_status run_recall_data(const char *folder, char data[TOOL_PATH], snn_error *err);

/* The model that MODEL|RUN means: a run's folder stands for its best model, a model's own
 * folder for its run. */
SNN_MUST_USE snn_status find_model(const char *operand, char model[TOOL_PATH],
                                   char folder[TOOL_PATH], snn_error *err);

/* Load CONFIG (NULL = defaults), apply --set and --seed, check. */
SNN_MUST_USE snn_status tool_config(const char *path, const options *o, snn_config *config,
                                    snn_error *err);
/* The same with the operands as configurations: each is read over those before it. */
SNN_MUST_USE snn_status tool_config_operands(const options *o, snn_config *config, snn_error *err);
/* Apply --set and --seed to a configuration, and check it. */
SNN_MUST_USE snn_status tool_config_set(const options *o, snn_config *config, snn_error *err);
/* The split that --split names; `usual` where it was not given. */
SNN_MUST_USE snn_status tool_split(const options *o, snn_split usual, snn_split *out,
                                   snn_error *err);
/* Append the name of a configuration, "demo" of "configs/demo.yaml", after a '-' where
 * `out` holds one already. */
void add_config_name(char *out, size_t size, const char *path);

/* ---- commands ----------------------------------------------------------- */

int run_train(const options *o);
int run_eval(const options *o);
int run_info(const options *o);
int run_bench(const options *o);
int run_profile(const options *o);
int run_make(const options *o);
int run_events(const options *o);
int run_encode(const options *o);
int run_fetch(const options *o);
int run_prune(const options *o);
int run_plot(const options *o);
int run_sweep(const options *o);

/* ---- signals (talk.c) ----------------------------------------------------- */

/* From now on the first SIGINT or SIGTERM only sets a flag; the second one kills. */
void watch_signals(void);
int was_interrupted(void);
/* And it interrupts what waits for a pipe. */
void signals_interrupt(void);

#endif
