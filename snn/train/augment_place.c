/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a plan to cells of a batch.  Spikes are scattered, each to the step and input that
 * its source's moves give; frames are gathered, each step from the one or two it is made of.
 */
#include "snn/train/augment.h"

#include <math.h>

/* Random numbers of a sample in order, four at a time. */
typedef struct numbers {
    const snn_augment_plan *plan;
    uint32_t block, left;
    uint32_t four[4];
} numbers;

static uint32_t next_number(numbers *r)
{
    if (r->left == 0) {
        snn_random4(r->plan->key, r->plan->sample, r->plan->epoch, r->block++, r->four);
        r->left = 4;
    }
    return r->four[--r->left];
}

/* How many of n events stay: the ones among n random bits. */
static uint32_t half_of(numbers *r, uint32_t n)
{
    uint32_t kept = 0;

    for (; n >= 32; n -= 32)
        kept += (uint32_t)__builtin_popcount(next_number(r));
    if (n > 0)
        kept += (uint32_t)__builtin_popcount(next_number(r) >> (32 - n));
    return kept;
}

static bool within(snn_stretch s, uint32_t k)
{
    return k >= s.begin && k < s.end;
}

/* Whether the source has step t of the outcome, and the step is not silent. */
static bool has_step(const snn_augment_plan *plan, const snn_augment_source *s, uint32_t t)
{
    return within(s->window, t) != s->outside && !within(plan->silent_steps, t);
}

/* Step of the outcome for the cells of step t, or UINT32_MAX: the step that holds the
 * middle of t. */
static uint32_t step_to(const snn_augment_plan *plan, const snn_augment_source *s, uint32_t t)
{
    const int64_t moved = (int64_t)t + s->step_shift;
    const double at = s->rate == 1.0f ? (double)moved : floor(((double)moved + 0.5) / s->rate);
    uint32_t to;

    if (at < 0 || at >= plan->steps)
        return UINT32_MAX;
    to = (uint32_t)at + s->roll;
    return to < plan->steps ? to : to - plan->steps;
}

static void scatter(const snn_augment_plan *plan, int source, float *x, size_t stride,
                    uint32_t n_inputs)
{
    const snn_augment_source *s = &plan->source[source];
    numbers random = {.plan = plan, .block = SNN_AUGMENT_EVENTS(source)};

    for (uint32_t t = 0; t < s->sample.steps; t++) {
        const uint32_t to = step_to(plan, s, t);
        float *row = x + (size_t)to * stride;

        if (to == UINT32_MAX || !has_step(plan, s, to))
            continue;
        for (uint32_t k = s->sample.first[t]; k < s->sample.first[t + 1]; k++) {
            const int64_t i = (int64_t)s->sample.unit[k] + s->input_shift;

            if (i < 0 || i >= n_inputs || within(plan->silent_inputs, (uint32_t)i))
                continue;
            row[i] += (float)(s->thin ? half_of(&random, s->sample.count[k]) : s->sample.count[k]);
        }
    }
}

/* Row `to` of the outcome: the sample at the middle of the step, between its frames. */
static void gather_row(const snn_augment_plan *plan, const snn_augment_source *s, uint32_t to,
                       float *row, uint32_t n_inputs)
{
    const uint32_t last = s->sample.steps - 1;
    const uint32_t from = to >= s->roll ? to - s->roll : to + plan->steps - s->roll;
    const double middle = ((double)from + 0.5) * s->rate - 0.5;
    const double at = middle > 0 ? middle : 0;
    const uint32_t t = (uint32_t)at;
    const float part = (float)(at - t);
    const float *one, *two;

    if (t > last && s->rate == 1.0f) /* a mix's partner is shorter: silence */
        return;
    one = s->sample.frames + (size_t)(t < last ? t : last) * n_inputs;
    two = s->sample.frames + (size_t)(t + 1 < last ? t + 1 : last) * n_inputs;
    for (int64_t i = 0; i < n_inputs; i++) {
        const int64_t j = i - s->input_shift;

        if (j < 0 || j >= n_inputs || within(plan->silent_inputs, (uint32_t)i))
            continue;
        row[i] += part > 0 ? (1.0f - part) * one[j] + part * two[j] : one[j];
    }
}

static void gather(const snn_augment_plan *plan, const snn_augment_source *s, float *x,
                   size_t stride, uint32_t n_inputs)
{
    for (uint32_t to = 0; to < plan->steps; to++)
        if (has_step(plan, s, to))
            gather_row(plan, s, to, x + to * stride, n_inputs);
}

/* Two independent numbers of N(0, 1) from two uniform ones (Box and Muller). */
static void normal2(uint32_t a, uint32_t b, float out[2])
{
    const float turn = (float)(b >> 8) * (0x1p-24f * 6.2831853f);
    const float radius = sqrtf(-2.0f * logf((float)((a >> 8) + 1) * 0x1p-24f));

    out[0] = radius * cosf(turn);
    out[1] = radius * sinf(turn);
}

static void add_noise(const snn_augment_plan *plan, float *x, size_t stride, uint32_t n_inputs)
{
    const bool whole = plan->source[0].sample.frames == NULL;
    numbers random = {.plan = plan, .block = SNN_AUGMENT_NOISE};
    float pair[2] = {0, 0};
    bool second = false;

    for (uint32_t t = 0; t < plan->steps; t++)
        for (uint32_t i = 0; i < n_inputs; i++) {
            float noise;

            if (!second) {
                const uint32_t a = next_number(&random);

                normal2(a, next_number(&random), pair);
            }
            noise = plan->noise * pair[second];
            second = !second;
            x[t * stride + i] += whole ? fabsf(rintf(noise)) : noise;
        }
}

void snn_augment_place(const snn_augment_plan *plan, float *x, uint32_t b, uint32_t batch,
                       uint32_t n_inputs)
{
    const size_t stride = (size_t)batch * n_inputs;
    float *column = x + (size_t)b * n_inputs;

    for (int i = 0; i < plan->sources; i++) {
        if (plan->source[i].sample.frames != NULL)
            gather(plan, &plan->source[i], column, stride, n_inputs);
        else
            scatter(plan, i, column, stride, n_inputs);
    }
    if (plan->noise > 0)
        add_noise(plan, column, stride, n_inputs);
}
