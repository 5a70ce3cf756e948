/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Augmentation of one sample at a time, in the order that params.h gives:
 *
 *     plan    draws what happens to the sample and reads the others that it takes part of
 *     place   adds the outcome to a column of x[T, B, N]
 *
 * A plan says for each source where its cells go, so that samples stay cells until they
 * are in their place.  All numbers are functions of (seed, epoch, sample's index): neither
 * batches nor what was drawn for another sample change them.
 */
#ifndef SNN_TRAIN_AUGMENT_H
#define SNN_TRAIN_AUGMENT_H

#include "snn/base/base.h"

#include <snn/dataset.h>
#include <snn/random.h>

/* The sample, its partner in a blend, its partner in a mix. */
#define SNN_AUGMENT_SOURCES 3

/* First block of numbers of a source's events, and of noise, in a sample's counter: what
 * is drawn once lies below. */
#define SNN_AUGMENT_EVENTS(source) ((uint32_t)((source) + 1) << 28)
#define SNN_AUGMENT_NOISE          ((uint32_t)(SNN_AUGMENT_SOURCES + 1) << 28)

/* Steps begin .. end-1, or inputs. */
typedef struct snn_stretch {
    uint32_t begin, end;
} snn_stretch;

typedef struct snn_augment_source {
    snn_sample sample;
    int32_t step_shift, input_shift; /* of blend; of blend and channel_shift */
    bool thin;                       /* each event stays with probability 1/2 */
    float rate;                      /* steps of the sample in a step of the outcome */
    uint32_t roll;                   /* steps, below the plan's */
    snn_stretch window;              /* steps of the outcome that it has ... */
    bool outside;                    /* ... or all others */
} snn_augment_source;

typedef struct snn_augment_plan {
    snn_key key;
    uint64_t sample; /* index; with the epoch the counter of its numbers */
    uint32_t epoch;
    snn_augment_source source[SNN_AUGMENT_SOURCES];
    int sources;
    uint32_t steps; /* of the outcome */
    snn_stretch silent_steps, silent_inputs;
    float noise;
    uint32_t label, label2;
    float mix; /* share of label2 */
} snn_augment_plan;

typedef struct snn_augmenter snn_augmenter;

/* For the samples index[0 .. count-1] of a split.  Keeps `dataset` and `index`; copies
 * `params`, in which no mask's size is 0.  Errors: as snn_loader_augment. */
SNN_MUST_USE snn_status snn_augmenter_create(snn_context *ctx, const snn_augment_params *params,
                                             snn_dataset *dataset, snn_split split,
                                             const uint32_t *index, uint32_t count,
                                             snn_augmenter **out, snn_error *err);
void snn_augmenter_destroy(snn_augmenter *augmenter);

/* What becomes of `own`, the sample index[position].  The plan borrows `own` and the
 * augmenter's scratch, until the next plan.  *reading is the index of the sample that a
 * failure is about. */
SNN_MUST_USE snn_status snn_augment_plan_make(snn_augmenter *augmenter, uint64_t seed,
                                              uint32_t epoch, uint32_t position,
                                              const snn_sample *own, snn_augment_plan *out,
                                              uint32_t *reading, snn_error *err);

/* Add the outcome to column b of x[>= plan->steps, batch, n_inputs], which is zero. */
void snn_augment_place(const snn_augment_plan *plan, float *x, uint32_t b, uint32_t batch,
                       uint32_t n_inputs);

#endif
