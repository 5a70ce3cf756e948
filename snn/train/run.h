/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of a whole run.  run.c drives them; each other file is one part:
 *
 *   division.c    which samples train and which validate
 *   snapshot.c    a copy of a network's tensors: the best so far
 *   checkpoint.c  everything needed to go on, in one file
 *   metrics.c     metrics.csv
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

/* ---- division.c --------------------------------------------------------- */

/* What tells the best epoch. */
typedef enum snn_judge {
    SNN_JUDGE_NONE,     /* nothing: the last epoch counts */
    SNN_JUDGE_VALID,    /* the validation split */
    SNN_JUDGE_HELD_OUT, /* part of the training split */
    SNN_JUDGE_TEST      /* the test split (protocol paper) */
} snn_judge;

typedef struct snn_division {
    snn_judge judge;
    uint32_t *train;    /* NULL = the whole training split */
    uint32_t *held_out; /* NULL = none */
    uint32_t n_train, n_held_out;
} snn_division;

/*
 * Divide by the protocol.  Of each class floor(share n + 1/2) samples are held
 * out, chosen by the seed; both lists are in the split's order.  Reads the
 * training split once if it must.
 */
SNN_MUST_USE snn_status snn_division_make(snn_context *ctx, snn_dataset *dataset,
                                          const snn_train_params *train, snn_division *out,
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

#endif
