/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small data set whose classes differ in delays only: every odd input repeats
 * the even one before it `2 * class` steps later, at random times.  Counts of
 * spikes tell nothing; a network must find the delays.
 */
#ifndef TESTS_TOY_DATA_H
#define TESTS_TOY_DATA_H

#include <snn/dataset.h>
#include <snn/random.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TOY_STEPS  20u
#define TOY_INPUTS 9u /* four pairs and one that only makes noise */

struct toy {
    uint64_t seed;
    int dense;            /* frames instead of cells */
    int jitter;           /* reads take a random time */
    uint32_t speakers;    /* they take turns, four samples each: 7, 10, 13 .. ; 0 = unknown */
    int64_t fail_at;      /* this training sample cannot be read; < 0 = none */
    atomic_uint reads;    /* calls so far */
    atomic_uint tested;   /* of them for the test split */
    atomic_uint destroys; /* calls of destroy */
};

struct toy_scratch {
    float frames[TOY_STEPS * TOY_INPUTS];
    uint32_t first[TOY_STEPS + 1];
    uint16_t unit[TOY_STEPS * TOY_INPUTS];
    uint8_t count[TOY_STEPS * TOY_INPUTS];
};

#define TOY_CLASSES 4u

static inline uint32_t toy_speaker(const struct toy *toy, uint32_t index)
{
    return toy->speakers > 0 ? 7 + 3 * (index / TOY_CLASSES % toy->speakers) : SNN_NO_SPEAKER;
}

/* Cells of a sample by the plainest means. */
static inline uint32_t toy_make(const struct toy *toy, snn_split split, uint32_t index,
                                uint8_t cell[TOY_STEPS][TOY_INPUTS], uint32_t *label)
{
    const snn_key key = {toy->seed, SNN_STREAM_USER + (uint32_t)split};
    const uint32_t steps = TOY_STEPS - index % 5;

    *label = index % TOY_CLASSES;
    memset(cell, 0, TOY_STEPS * TOY_INPUTS);
    for (uint32_t pair = 0; pair < TOY_INPUTS / 2; pair++) {
        const uint32_t t = snn_random_below(key, index, pair, 0, steps - 2 * TOY_CLASSES + 2);

        cell[t][2 * pair] += 2;
        cell[t + 2 * *label][2 * pair + 1] += 2;
    }
    cell[snn_random_below(key, index, 77, 0, steps)][TOY_INPUTS - 1] = 1;
    return steps;
}

static inline snn_status toy_read(void *self, snn_split split, uint32_t index, void *scratch,
                                  snn_sample *out, snn_error *err)
{
    struct toy *toy = self;
    struct toy_scratch *s = scratch;
    uint8_t cell[TOY_STEPS][TOY_INPUTS];
    uint32_t label, steps, k = 0;

    atomic_fetch_add(&toy->reads, 1);
    atomic_fetch_add(&toy->tested, split == SNN_SPLIT_TEST);
    if (split == SNN_SPLIT_TRAIN && (int64_t)index == toy->fail_at)
        return snn_error_set(err, SNN_EIO, "toy", "planted failure");
    if (toy->jitter) {
        const struct timespec pause = {0, (long)(index * 7919u % 300u) * 1000};

        nanosleep(&pause, NULL);
    }
    steps = toy_make(toy, split, index, cell, &label);
    *out = (snn_sample){.label = label, .speaker = toy_speaker(toy, index), .steps = steps};
    for (uint32_t t = 0; t < steps; t++) {
        s->first[t] = k;
        for (uint32_t i = 0; i < TOY_INPUTS; i++) {
            s->frames[t * TOY_INPUTS + i] = cell[t][i];
            if (cell[t][i] > 0) {
                s->unit[k] = (uint16_t)i;
                s->count[k++] = cell[t][i];
            }
        }
    }
    s->first[steps] = k;
    if (toy->dense) {
        out->frames = s->frames;
    } else {
        out->first = s->first;
        out->unit = s->unit;
        out->count = s->count;
    }
    return SNN_OK;
}

static inline void toy_destroy(void *self)
{
    struct toy *toy = self;

    atomic_fetch_add(&toy->destroys, 1);
}

/* `toy` must outlive the data set. */
static inline snn_status toy_dataset(snn_context *ctx, struct toy *toy, uint32_t train,
                                     uint32_t valid, uint32_t test, snn_dataset **out,
                                     snn_error *err)
{
    const snn_dataset_ops ops = {.size = sizeof ops, .read = toy_read, .destroy = toy_destroy};
    const snn_dataset_info info = {.kind = "toy",
                                   .n_inputs = TOY_INPUTS,
                                   .n_classes = TOY_CLASSES,
                                   .count = {train, valid, test},
                                   .max_steps = TOY_STEPS,
                                   .scratch_bytes = sizeof(struct toy_scratch),
                                   .time_step_ms = 10};

    return snn_dataset_create(ctx, &ops, &info, toy, out, err);
}

#endif
