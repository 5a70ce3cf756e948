/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of a whole run:
 *
 *   protocol.c    snn_train: one training, or one for each speaker and one for all
 *   run.c         one training from its first epoch to its last
 *   rounding.c    what follows it: delays rounded, norm re-estimated, weights fine-tuned
 *   result.c      intervals; result.json, stages.csv, folds.csv
 *   roster.c      label and speaker of each training sample
 *   division.c    which samples train and which validate
 *   snapshot.c    a copy of a network's tensors: the best so far
 *   checkpoint.c  everything needed to go on, in one file
 *   metrics.c     metrics.csv, plan.csv
 *   run_files.c   folders and small text files, written atomically
 */
#ifndef SNN_TRAIN_RUN_H
#define SNN_TRAIN_RUN_H

#include "snn/base/base.h"

#include <snn/store.h>
#include <snn/train.h>

/* ---- run_files.c ------------------------------------------------------------ */

#define SNN_PATH 4096

/* "folder/name" to `path`; SNN_EINVAL when too long. */
SNN_MUST_USE snn_status snn_path_join(char path[SNN_PATH], const char *folder, const char *name,
                                      snn_error *err);
/* Make a folder and those above it. */
SNN_MUST_USE snn_status snn_make_folder(const char *folder, snn_error *err);
/* Append one piece by a single write, then fsync: a reader sees all of it or nothing. */
SNN_MUST_USE snn_status snn_append_file(const char *path, const char *text, size_t length,
                                        snn_error *err);
/* A whole file with a NUL behind it; free with snn_free.  SNN_ENOTFOUND, SNN_EIO. */
SNN_MUST_USE snn_status snn_read_file(snn_context *ctx, const char *path, char **out,
                                      snn_error *err);
/* Keep the context's costs in a run's folder, costs.txt; and give the context those of a run that
 * is resumed, whatever was measured since, where it has the same kernels.  Where there are none the
 * context's are kept from here on. */
SNN_MUST_USE snn_status snn_keep_costs(snn_context *ctx, const char *folder, snn_error *err);
SNN_MUST_USE snn_status snn_take_costs(snn_context *ctx, const char *folder, snn_error *err);

/* ---- roster.c ----------------------------------------------------------- */

/* Who speaks what in the training split. */
typedef struct snn_roster {
    uint32_t n;
    uint32_t *label, *speaker; /* of each sample; SNN_NO_SPEAKER where unknown */
    uint32_t *known, n_known;  /* the speakers, in rising order */
} snn_roster;

/* Reads the training split once. */
SNN_MUST_USE snn_status snn_roster_read(snn_context *ctx, snn_dataset *dataset, snn_roster *out,
                                        snn_error *err);
void snn_roster_free(snn_context *ctx, snn_roster *roster);
/* SNN_ECONFIG, naming `key`, unless every sample has a speaker and there are at least two. */
SNN_MUST_USE snn_status snn_roster_check(const snn_roster *roster, const char *key, snn_error *err);

/* ---- division.c --------------------------------------------------------- */

/* What tells the best epoch. */
typedef enum snn_judge {
    SNN_JUDGE_NONE,     /* nothing: the last epoch counts */
    SNN_JUDGE_VALID,    /* the validation split */
    SNN_JUDGE_HELD_OUT, /* part of the training split: a share, or speakers */
    SNN_JUDGE_TEST      /* the test split (protocol paper) */
} snn_judge;

typedef struct snn_division {
    snn_judge judge;
    bool last;          /* the last epoch counts, whatever the judge says */
    uint32_t *train;    /* NULL = the whole training split */
    uint32_t *held_out; /* NULL = none */
    uint32_t n_train, n_held_out;
    char chosen_by[SNN_CHOSEN_BY];
} snn_division;

/*
 * Divide by the protocol.  Held out are speakers, or of each class floor(share n + 1/2)
 * samples, chosen by the seed; both lists are in the split's order.  Reads the
 * training split once if it must.
 */
SNN_MUST_USE snn_status snn_division_make(snn_context *ctx, snn_dataset *dataset,
                                          const snn_train_params *train, snn_division *out,
                                          snn_error *err);
/* A fold of protocol loso: `speaker`, one of the roster, is held out. */
SNN_MUST_USE snn_status snn_division_fold(snn_context *ctx, const snn_roster *roster,
                                          uint32_t speaker, snn_division *out, snn_error *err);
/* All train and nothing validates. */
SNN_MUST_USE snn_status snn_division_undivided(snn_dataset *dataset, snn_division *out,
                                               snn_error *err);
void snn_division_free(snn_context *ctx, snn_division *division);

/* ---- snapshot.c --------------------------------------------------------- */

typedef struct snn_snapshot snn_snapshot;

/* Room for a copy of all tensors of `net`; keeps net. */
SNN_MUST_USE snn_status snn_snapshot_create(snn_network *net, snn_snapshot **out);
void snn_snapshot_destroy(snn_snapshot *snapshot);
void snn_snapshot_take(snn_snapshot *snapshot);
void snn_snapshot_restore(const snn_snapshot *snapshot);
/* Tensor i of the copy, named "best.<name>". */
SNN_MUST_USE snn_status snn_snapshot_tensor_at(const snn_snapshot *snapshot, size_t i,
                                               snn_tensor *out);

/* ---- model.c ------------------------------------------------------------ */

/* The configuration as text; free with snn_free. */
SNN_MUST_USE snn_status snn_config_text(snn_context *ctx, const snn_config *config, char **out);
SNN_MUST_USE snn_status snn_store_put_network(snn_store *store, const snn_network *net,
                                              snn_error *err);
SNN_MUST_USE snn_status snn_store_get_network(snn_store *store, snn_network *net, snn_error *err);
/* The configuration that stands in the file at `path`. */
SNN_MUST_USE snn_status snn_store_get_config(snn_store *store, snn_context *ctx, const char *path,
                                             snn_config *out, snn_error *err);
/* A 32-bit count; larger ones are SNN_EFORMAT. */
SNN_MUST_USE snn_status snn_store_get_count(snn_store *store, const char *name, uint32_t *out,
                                            snn_error *err);

/* ---- checkpoint.c ------------------------------------------------------- */

/* Where a run stands, besides tensors. */
typedef struct snn_progress {
    uint32_t epoch;            /* epochs done */
    uint32_t batch;            /* batches done of the next one, with: */
    double loss_sum;           /*   losses times samples */
    uint64_t correct, samples; /*   right answers, answers */
    double seconds;            /*   time spent on it before this process */
    uint32_t best_epoch;       /* 1 ..; 0 = none yet */
    double best_accuracy, best_loss;
} snn_progress;

typedef struct snn_checkpoint {
    snn_context *ctx;
    const snn_config *config;
    const snn_dataset_info *data;
    snn_network *net;
    snn_trainer *trainer;
    snn_snapshot *best;
    snn_progress progress;
} snn_checkpoint;

/* SNN_ECONFIG names the first key that differs, but for those that only say where files lie. */
SNN_MUST_USE snn_status snn_config_same(const snn_config *now, const snn_config *then,
                                        const char *path, snn_error *err);
SNN_MUST_USE snn_status snn_checkpoint_save(const snn_checkpoint *checkpoint, const char *path,
                                            snn_error *err);
/*
 * Read tensors and progress back.  Errors: SNN_ECONFIG names the first key that
 * differs, or what differs in the data; SNN_EFORMAT; SNN_EIO.
 */
SNN_MUST_USE snn_status snn_checkpoint_load(snn_checkpoint *checkpoint, const char *path,
                                            snn_error *err);

/* ---- metrics.c ---------------------------------------------------------- */

/* Begin metrics.csv with its head, keeping rows of the first `epochs` epochs: a
 * run that was killed may have written one more than its checkpoint knows. */
SNN_MUST_USE snn_status snn_metrics_begin(snn_context *ctx, const char *path, uint32_t epochs,
                                          snn_error *err);
SNN_MUST_USE snn_status snn_metrics_append(const char *path, const snn_epoch_report *report,
                                           snn_error *err);
/* The same for plan.csv: the choices of an epoch (1 ..) as they stand in its tape, two rows a
 * layer, one for training and one for rounded delays. */
SNN_MUST_USE snn_status snn_plan_begin(snn_context *ctx, const char *path, uint32_t epochs,
                                       snn_error *err);
SNN_MUST_USE snn_status snn_plan_append(snn_context *ctx, const char *path, const snn_tape *tape,
                                        uint32_t layers, uint32_t epoch, snn_error *err);

/* ---- run.c -------------------------------------------------------------- */

typedef struct snn_run snn_run;

/* One training.  What is pointed to outlives it. */
typedef struct snn_run_job {
    snn_context *ctx;
    snn_dataset *dataset;
    const snn_config *config;
    const snn_run_params *params; /* callbacks and resume; its folder is not used */
    const char *folder;           /* NULL = nothing is written */
    const snn_division *division;
    const snn_network *start; /* the tensors to begin with; NULL = drawn from the seed */
    snn_run_part part;
    uint32_t more; /* trainings of this size that follow: for the time that is left */
} snn_run_job;

/* Network and trainer; the folder is made, and emptied or resumed from. */
SNN_MUST_USE snn_status snn_run_create(const snn_run_job *job, snn_run **out, snn_error *err);
void snn_run_destroy(snn_run *run);
/* The epochs that are left; the network then is that of the epoch that counts. */
SNN_MUST_USE snn_status snn_run_epochs(snn_run *run, snn_error *err);
/* Give the trainer's memory back; no epochs after that. */
void snn_run_release(snn_run *run);
snn_network *snn_run_network(const snn_run *run);
const snn_progress *snn_run_progress(const snn_run *run);
/* What `judge` says of the network as it is now; NONE: no number. */
SNN_MUST_USE snn_status snn_run_evaluate(snn_run *run, snn_judge judge, snn_evaluation *out,
                                         snn_error *err);
/* Write the network as it is now to model.h5. */
SNN_MUST_USE snn_status snn_run_save_model(const snn_run *run, snn_error *err);
/* Copy the tensors of one network to another of the same layers, all but sigma: delays
 * that are fixed have a width of their own. */
void snn_network_copy(snn_network *to, const snn_network *from);

/* ---- rounding.c --------------------------------------------------------- */

/* The models of a run after each stage; the one at `kept` counts. */
typedef struct snn_stages {
    uint32_t n, kept;
    snn_run_stage figures[SNN_RUN_STAGES];
    snn_snapshot *model[SNN_RUN_STAGES];
} snn_stages;

bool snn_rounding_wanted(const snn_train_params *train);
/* After snn_run_epochs: do what the configuration wants with rounded delays, keep the
 * best stage, and write it to model.h5.  Figures lack the test split. */
SNN_MUST_USE snn_status snn_rounding(snn_run *run, const snn_run_job *job, snn_stages *out,
                                     snn_error *err);
void snn_stages_free(snn_stages *stages);

/* ---- result.c ------------------------------------------------------------- */

/* A fold of protocol loso. */
typedef struct snn_fold {
    uint32_t speaker, samples;
    double accuracy, loss;
} snn_fold;

/* Set `test` and `fold` from the figures; accuracies of result->folds folds. */
void snn_result_intervals(snn_run_result *result, const double *fold_accuracy);
/* result.json, and stages.csv where there are stages. */
SNN_MUST_USE snn_status snn_result_write(snn_context *ctx, const snn_run_result *result,
                                         const snn_run_part *part, const char *folder,
                                         snn_error *err);
/* folds.csv with the first n folds. */
SNN_MUST_USE snn_status snn_folds_write(snn_context *ctx, const snn_fold *folds, uint32_t n,
                                        const char *folder, snn_error *err);

#endif
