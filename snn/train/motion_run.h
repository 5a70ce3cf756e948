/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of a run that trains a layer that sees motion: run (motion_run.c), files
 * (motion_file.c), evaluation (motion_evaluate.c). */
#ifndef SNN_TRAIN_MOTION_RUN_H
#define SNN_TRAIN_MOTION_RUN_H

#include "snn/net/motion_layer.h"
#include "snn/train/run.h"

/* Where a run stands. */
typedef struct snn_motion_state {
    const snn_config *config;
    snn_motion *motion;
    float *m, *v, *best;   /* [snn_motion_floats]: Adam's means, the best block */
    uint64_t digest;       /* of the training movies: another set is refused on resume */
    uint32_t epoch, batch; /* done: epochs, and batches of the next one */
    uint64_t updates;
    double loss_sum;     /* of the unfinished epoch's batches */
    double seconds;      /* spent on it before this process */
    uint32_t best_epoch; /* 1 ..; 0 = none yet */
    double best_accuracy, best_loss;
} snn_motion_state;

SNN_MUST_USE snn_status snn_motion_checkpoint_save(snn_motion_state *state, const char *path,
                                                   snn_error *err);
/* Errors: SNN_ECONFIG names the first key that differs, or other movies; SNN_EFORMAT; SNN_EIO. */
SNN_MUST_USE snn_status snn_motion_checkpoint_load(snn_motion_state *state, const char *path,
                                                   snn_error *err);
/* Evaluate on a tape that exists (a training one will do). */
SNN_MUST_USE snn_status snn_motion_evaluate_on(snn_motion_tape *tape, const snn_movies *movies,
                                               int (*stop)(void *user), void *user,
                                               snn_motion_evaluation *out, uint32_t *confusion,
                                               snn_error *err);

#endif
