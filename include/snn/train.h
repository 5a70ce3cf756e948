/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Training: batches from a data set, a trainer for programs that own their loop,
 * and a whole run (epochs, evaluation, run folder, resume) for those that do not.
 */
#ifndef SNN_TRAIN_H
#define SNN_TRAIN_H

#include <snn/config.h>
#include <snn/dataset.h>
#include <snn/motion.h>
#include <snn/movies.h>
#include <snn/network.h>
#include <snn/statistics.h>

SNN_BEGIN_DECLS

/* ---- batches ---------------------------------------------------------- */

typedef struct snn_loader snn_loader;

/* Batches of some samples of a split, assembled by a thread of its own ahead of
 * the step.  Keeps `dataset`.  `index` (copied; NULL = the whole split in order)
 * selects and orders the `count` samples. */
SNN_API SNN_MUST_USE snn_status snn_loader_create(snn_context *ctx, snn_dataset *dataset,
                                                  snn_split split, const uint32_t *index,
                                                  uint32_t count, uint32_t batch_size,
                                                  snn_loader **out, snn_error *err);
SNN_API void snn_loader_destroy(snn_loader *loader);
/* Change the samples of all later passes as `params` (copied) say, by random numbers of
 * the pass's seed and epoch and of the sample's index alone.  For training passes; with
 * all changes off batches are as without.  Not while a pass is on.
 * Errors: SNN_ECONFIG (more shift than inputs, a mask of size 0), SNN_ENOMEM, and for
 * `blend`, which looks at all labels, those of reading. */
SNN_API SNN_MUST_USE snn_status snn_loader_augment(snn_loader *loader,
                                                   const snn_augment_params *params,
                                                   snn_error *err);
/* Start a pass: in the given order (shuffle 0), or in the random order of
 * (seed, epoch).  `skip` batches are left out at the start (resume). */
SNN_API SNN_MUST_USE snn_status snn_loader_start(snn_loader *loader, int shuffle, uint64_t seed,
                                                 uint32_t epoch, uint32_t skip, snn_error *err);
/* The next batch, borrowed until the next call; *out = NULL at the end. */
SNN_API SNN_MUST_USE snn_status snn_loader_next(snn_loader *loader, const snn_batch **out,
                                                snn_error *err);
/* Batches of one pass (the last may be smaller). */
SNN_API uint32_t snn_loader_batches(const snn_loader *loader);
/* Seconds that snn_loader_next has waited for batches in this pass. */
SNN_API double snn_loader_waited(const snn_loader *loader);

/* ---- one's own loop --------------------------------------------------- */

typedef struct snn_trainer snn_trainer;

typedef struct snn_step_result {
    double loss; /* mean cross entropy of the batch */
    uint32_t correct;
} snn_step_result;

/* A trainer keeps `net` and owns a tape for batches of train->batch_size samples
 * and `max_steps` frames, and the optimiser's state. */
SNN_API SNN_MUST_USE snn_status snn_trainer_create(snn_network *net, const snn_train_params *train,
                                                   uint32_t max_steps, snn_trainer **out,
                                                   snn_error *err);
SNN_API void snn_trainer_destroy(snn_trainer *trainer);
/* Set learning rates and momentum of `epoch` (0 ..) from the schedules. */
SNN_API void snn_trainer_begin_epoch(snn_trainer *trainer, uint32_t epoch);
/* Forward, loss, backward, update, clamp. */
SNN_API SNN_MUST_USE snn_status snn_trainer_step(snn_trainer *trainer, const snn_batch *batch,
                                                 snn_step_result *out, snn_error *err);
/* The epoch's end: sigma shrinks by its schedule. */
SNN_API void snn_trainer_end_epoch(snn_trainer *trainer);
/* Numbers that a step updates: those of snn_network_parameter_count, without frozen weights. */
SNN_API size_t snn_trainer_parameter_count(const snn_trainer *trainer);
SNN_API snn_tape *snn_trainer_tape(snn_trainer *trainer);
/* Optimiser state as tensors ("adam.layer0.weight.m", ...), for checkpoints. */
SNN_API SNN_MUST_USE snn_status snn_trainer_tensor_at(const snn_trainer *trainer, size_t i,
                                                      snn_tensor *out);
SNN_API uint64_t snn_trainer_updates(const snn_trainer *trainer);
SNN_API void snn_trainer_set_updates(snn_trainer *trainer, uint64_t updates);

typedef struct snn_rates {
    double lr_weight, lr_position, beta1, sigma;
} snn_rates;
SNN_API void snn_trainer_rates(const snn_trainer *trainer, snn_rates *out);

typedef struct snn_evaluation {
    double loss;     /* mean over samples */
    double accuracy; /* share of samples, 0 .. 1 */
    uint32_t samples;
} snn_evaluation;
/* Evaluate with rounded delays.  `index`/`count` as in snn_loader_create. */
SNN_API SNN_MUST_USE snn_status snn_evaluate(snn_network *net, snn_dataset *dataset,
                                             snn_split split, const uint32_t *index, uint32_t count,
                                             uint32_t batch_size, snn_evaluation *out,
                                             snn_error *err);

/*
 * Estimate batch normalisation's running mean and variance anew: over these samples as
 * evaluation runs them (delays rounded, no dropout), exactly, one layer after the other;
 * a pass for each hidden layer.  Doing it twice changes nothing.  Batches are those of
 * the first epoch of `seed`.  SNN_EINVAL for a network without batch normalisation.
 */
SNN_API SNN_MUST_USE snn_status snn_reestimate_norm(snn_network *net, snn_dataset *dataset,
                                                    snn_split split, const uint32_t *index,
                                                    uint32_t count, uint32_t batch_size,
                                                    uint64_t seed, snn_error *err);

/* ---- models ----------------------------------------------------------- */

/* Network parameters for a data set: config's, with inputs, classes and time
 * step of the data. */
SNN_API void snn_config_network(const snn_config *config, const snn_dataset_info *info,
                                snn_network_params *out);
/* Augmentation for a data set: config's, with the masks' published sizes where they are 0. */
SNN_API void snn_config_augment(const snn_config *config, const snn_dataset_info *info,
                                snn_augment_params *out);
/* Write network and configuration to an HDF5 file, atomically. */
SNN_API SNN_MUST_USE snn_status snn_model_save(const snn_network *net, const snn_config *config,
                                               const char *path, snn_error *err);
/* Read them back.  `config` may be NULL. */
SNN_API SNN_MUST_USE snn_status snn_model_load(snn_context *ctx, const char *path,
                                               snn_network **out, snn_config *config,
                                               snn_error *err);

/* ---- a whole run ------------------------------------------------------ */

/* The training that a report is of: a run may consist of several. */
typedef struct snn_run_part {
    uint32_t fold, folds; /* protocol loso, a speaker left out: fold 1 .. folds; else 0 */
    uint32_t speaker;     /* that speaker */
    int fine_tuning;      /* 1: epochs of fine-tuning */
} snn_run_part;

typedef struct snn_epoch_report {
    snn_run_part part;
    uint32_t epoch; /* 1 .. */
    uint32_t epochs;
    double loss, train_accuracy;
    double valid_loss, valid_accuracy; /* NaN where nothing validates */
    double seconds;                    /* of this epoch, with evaluation */
    int best;                          /* 1: this epoch's model was kept */
    snn_rates rates;
    /* Of the epoch in this process: waiting for the loader and starting it; evaluating; telling
     * of batches and, after `seconds`, writing files.  0 where not measured (motion). */
    double loader_seconds, evaluate_seconds, log_seconds;
} snn_epoch_report;

typedef struct snn_batch_report {
    snn_run_part part;
    uint32_t epoch, epochs, batch, batches;
    double loss, accuracy; /* of the epoch so far */
    double samples_per_second;
    double seconds_left; /* of the whole run, estimated */
} snn_batch_report;

typedef struct snn_run_params {
    size_t size;        /* sizeof(snn_run_params) */
    const char *folder; /* run folder, created; NULL = nothing is written */
    int resume;         /* go on from folder/checkpoint.h5 if there is one */
    /* Callbacks (NULL = none).  `stop` is asked after every batch: non-zero ends
     * the run with a checkpoint and SNN_EINTERRUPTED. */
    void (*on_batch)(void *user, const snn_batch_report *report);
    void (*on_epoch)(void *user, const snn_epoch_report *report);
    int (*stop)(void *user);
    void *user;
} snn_run_params;

/* A run's model before and after what follows training: "trained", "re-estimated",
 * "fine-tuned", "fine-tuned, re-estimated".  NaN where there is no such split. */
typedef struct snn_run_stage {
    const char *name; /* static text */
    double valid_accuracy, valid_loss;
    double test_accuracy, test_loss;
} snn_run_stage;

#define SNN_RUN_STAGES   4
#define SNN_CHOSEN_BY    128
#define SNN_RESULT_LEVEL 0.95 /* of all intervals of a result */

typedef struct snn_run_result {
    const char *protocol; /* static text: "paper", "clean", "loso" */
    uint64_t seed;
    char chosen_by[SNN_CHOSEN_BY];        /* what the epoch (and stage) was chosen on, in words */
    double test_accuracy, valid_accuracy; /* NaN where there is no such split */
    double test_loss;
    snn_interval test; /* test_accuracy and its Wilson interval; knows nothing of a choice on it */
    uint32_t test_samples, valid_samples; /* 0 where there is no such split */
    snn_interval fold; /* loso: mean accuracy over speakers, Student's t; else NaN */
    uint32_t folds;    /* loso: speakers; else 0 */
    uint32_t best_epoch, epochs;
    snn_run_stage stage[SNN_RUN_STAGES]; /* where anything follows training */
    uint32_t stages, kept;               /* number of them; the one whose model this is */
    double seconds;                      /* of this process */
} snn_run_result;

SNN_API void snn_run_params_init(snn_run_params *params);

/*
 * Train as `config` says.  The folder receives
 *
 *   config.yaml     the configuration
 *   metrics.csv     a row an epoch
 *   plan.csv        each epoch's solvers, two rows a layer, and what they were chosen by
 *   checkpoint.h5   after every epoch, and on a stop inside one
 *   model.h5        the model that counts
 *   result.json     the result, at the end
 *   stages.csv, fine-tune/   where norm_reestimate or fine_tune_epochs ask for more than
 *                   training: what each gains; a folder as this one for fine-tuning
 *   folds.csv, speaker-N/    protocol loso: a row a speaker; a folder as this one each
 *
 * Stages are compared on what chose the epoch, and the best is kept; where nothing
 * validates, and in loso, the last.  The test split is read when no choice is left.
 *
 * The same configuration gives the same bits on any number of threads, and when
 * killed and resumed.
 * Errors: SNN_ECONFIG (resume with another configuration; no such speaker, or data
 * without speakers where they are asked for), SNN_EDIVERGED, SNN_EINTERRUPTED, and those
 * of files and data.
 */
SNN_API SNN_MUST_USE snn_status snn_train(snn_context *ctx, const snn_config *config,
                                          snn_dataset *dataset, const snn_run_params *params,
                                          snn_run_result *out, snn_error *err);

/* ---- a layer that sees motion ------------------------------------------ */

/* Write the layer and its configuration to an HDF5 file, atomically: /weight
 * [class, polarity, delay, dy, dx], /bias [class] (snn/io/FORMAT.md). */
SNN_API SNN_MUST_USE snn_status snn_motion_save(const snn_motion *motion, const snn_config *config,
                                                const char *path, snn_error *err);
/* Read it back.  `config` may be NULL. */
SNN_API SNN_MUST_USE snn_status snn_motion_load(snn_context *ctx, const char *path,
                                                snn_motion **out, snn_config *config,
                                                snn_error *err);

/* How well a layer sees (paper, section 2.7, and what it does not give). */
typedef struct snn_motion_evaluation {
    uint32_t movies;
    double loss;                    /* mean over voxels */
    double accuracy;                /* of decisions a movie */
    double near_accuracy;           /* direction off by one step at most, any speed */
    double step_accuracy;           /* of decisions a step: the same share of that step's voxels */
    double voxel_accuracy;          /* of each voxel by itself */
    double direction_error_degrees; /* mean angle between decided and true direction */
    double speed_ratio;             /* geometric mean of faster over slower of the two speeds */
} snn_motion_evaluation;

/* Evaluate movies of one motion each; `confusion` [classes][classes], true class in rows,
 * may be NULL.  `stop` as in snn_run_params. */
SNN_API SNN_MUST_USE snn_status snn_motion_evaluate(snn_motion *motion, const snn_movies *movies,
                                                    uint32_t batch, int (*stop)(void *user),
                                                    void *user, snn_motion_evaluation *out,
                                                    uint32_t *confusion, snn_error *err);

/* Train as `config` says (sections motion and train: seed, epochs, batch_size, lr_weight and
 * its schedule, Adam's constants) on one set of movies, choosing the epoch on `valid` (NULL:
 * the last one counts), testing on `test`.  Files, resume, bits and errors as snn_train. */
SNN_API SNN_MUST_USE snn_status snn_motion_train(snn_context *ctx, const snn_config *config,
                                                 const snn_movies *train, const snn_movies *valid,
                                                 const snn_movies *test,
                                                 const snn_run_params *params, snn_run_result *out,
                                                 snn_error *err);

/* Train a layer that exists, pruned or not, for some epochs more, in memory: nothing is
 * written or tested.  Uses params->on_batch and params->stop (SNN_EINTERRUPTED). */
SNN_API SNN_MUST_USE snn_status snn_motion_tune(snn_motion *motion, const snn_config *config,
                                                const snn_movies *movies, uint32_t epochs,
                                                const snn_run_params *params, snn_error *err);

SNN_END_DECLS
#endif
