/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/augment.h"

#include <snn/train.h>

#include <math.h>
#include <string.h>

/* What a number of a sample's counter is for. */
enum draw {
    DRAW_BLEND,
    DRAW_BLEND_PARTNER,
    DRAW_SHIFT,
    DRAW_SPEED,
    DRAW_RATE,
    DRAW_ROLL,
    DRAW_ROLL_STEPS,
    DRAW_CUTMIX,
    DRAW_CUTMIX_PARTNER,
    DRAW_CUTMIX_SHARE,
    DRAW_CUTMIX_BEGIN,
    DRAW_TIME_MASK,
    DRAW_TIME_MASK_SIZE,
    DRAW_TIME_MASK_BEGIN,
    DRAW_NEURON_MASK,
    DRAW_NEURON_MASK_SIZE,
    DRAW_NEURON_MASK_BEGIN
};

struct snn_augmenter {
    snn_context *ctx;
    snn_augment_params params;
    snn_dataset *dataset;
    snn_split split;
    const uint32_t *index;
    uint32_t count, n_inputs, max_steps;
    void *scratch[SNN_AUGMENT_SOURCES - 1]; /* of the partners */
    /* Positions by class, for blend:  members of class c are member[first[c]] ..
     * member[first[c + 1] - 1], and position p is member[rank[p]]. */
    uint32_t *first, *member, *rank;
};

void snn_config_augment(const snn_config *config, const snn_dataset_info *info,
                        snn_augment_params *out)
{
    const uint32_t third = config->network.delay.max_delay / 3, fifth = info->n_inputs / 5;

    *out = config->augment;
    if (out->time_mask_size == 0)
        out->time_mask_size = third > 0 ? third : 1;
    if (out->neuron_mask_size == 0)
        out->neuron_mask_size = fifth > 0 ? fifth : 1;
}

/* ---- the augmenter ------------------------------------------------------- */

static snn_status check(const snn_augment_params *p, const snn_dataset_info *info, snn_error *err)
{
    if (p->size != sizeof *p)
        return snn_error_set(err, SNN_EINVAL, "augment", "call snn_augment_params_init first");
    if (p->channel_shift >= info->n_inputs)
        return snn_error_set(err, SNN_ECONFIG, "augment.channel_shift",
                             "a shift of %u leaves nothing of %u inputs",
                             (unsigned)p->channel_shift, (unsigned)info->n_inputs);
    if (p->time_mask > 0 && p->time_mask_size == 0)
        return snn_error_set(err, SNN_ECONFIG, "augment.time_mask_size", "must not be 0 here");
    if (p->neuron_mask > 0 && p->neuron_mask_size == 0)
        return snn_error_set(err, SNN_ECONFIG, "augment.neuron_mask_size", "must not be 0 here");
    if (!(p->speed_low > 0 && p->speed_low <= p->speed_high))
        return snn_error_set(err, SNN_ECONFIG, "augment.speed_low",
                             "speeds must be positive and in order");
    return SNN_OK;
}

/* Count the samples of each class, then put each behind those of its class. */
static snn_status sort_by_class(snn_augmenter *a, uint32_t n_classes, snn_error *err)
{
    uint32_t *label = NULL, *next = NULL;
    snn_sample sample;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, a->ctx, label, a->count);
    TRY_ALLOC(st, a->ctx, next, (size_t)n_classes + 1);
    TRY_ALLOC(st, a->ctx, a->first, (size_t)n_classes + 1);
    TRY_ALLOC(st, a->ctx, a->member, a->count);
    TRY_ALLOC(st, a->ctx, a->rank, a->count);
    for (uint32_t p = 0; p < a->count; p++) {
        TRY(st, snn_dataset_read(a->dataset, a->split, a->index[p], a->scratch[0], &sample, err));
        label[p] = sample.label;
        a->first[sample.label + 1]++;
    }
    for (uint32_t c = 0; c < n_classes; c++)
        next[c + 1] = a->first[c + 1] += a->first[c];
    for (uint32_t p = 0; p < a->count; p++) {
        a->rank[p] = next[label[p]]++;
        a->member[a->rank[p]] = p;
    }
done:
    snn_free(a->ctx, next);
    snn_free(a->ctx, label);
    return st;
}

snn_status snn_augmenter_create(snn_context *ctx, const snn_augment_params *params,
                                snn_dataset *dataset, snn_split split, const uint32_t *index,
                                uint32_t count, snn_augmenter **out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    snn_augmenter *a = NULL;
    snn_status st;

    TRY(st, check(params, info, err));
    TRY_ALLOC(st, ctx, a, 1);
    *a = (snn_augmenter){.ctx = ctx,
                         .params = *params,
                         .dataset = dataset,
                         .split = split,
                         .index = index,
                         .count = count,
                         .n_inputs = info->n_inputs,
                         .max_steps = info->max_steps};
    for (size_t i = 0; i < SNN_COUNT(a->scratch) && info->scratch_bytes > 0; i++) {
        a->scratch[i] = snn_alloc(ctx, 1, info->scratch_bytes);
        if (a->scratch[i] == NULL)
            TRY(st, SNN_ENOMEM);
    }
    if (params->blend > 0)
        TRY(st, sort_by_class(a, info->n_classes, err));
    *out = a;
    a = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "augment", "no memory for augmentation of %u samples",
                      (unsigned)count);
    snn_augmenter_destroy(a);
    return st;
}

void snn_augmenter_destroy(snn_augmenter *a)
{
    if (a == NULL)
        return;
    snn_free(a->ctx, a->rank);
    snn_free(a->ctx, a->member);
    snn_free(a->ctx, a->first);
    for (size_t i = SNN_COUNT(a->scratch); i-- > 0;)
        snn_free(a->ctx, a->scratch[i]);
    snn_free(a->ctx, a);
}

/* ---- a plan -------------------------------------------------------------- */

/* Uniform in [0, 1). */
static float uniform(const snn_augment_plan *plan, enum draw what)
{
    return snn_random_uniform(plan->key, plan->sample, plan->epoch, (uint32_t)what);
}

static bool happens(const snn_augment_plan *plan, enum draw what, float probability)
{
    return uniform(plan, what) < probability;
}

static uint32_t below(const snn_augment_plan *plan, enum draw what, uint32_t n)
{
    return snn_random_below(plan->key, plan->sample, plan->epoch, (uint32_t)what, n);
}

/* One of n that is not `self`. */
static uint32_t other(const snn_augment_plan *plan, enum draw what, uint32_t n, uint32_t self)
{
    const uint32_t k = below(plan, what, n - 1);

    return k + (k >= self);
}

/* U{0 .. size-1} in a row, anywhere within n. */
static snn_stretch stretch(const snn_augment_plan *plan, enum draw how_many, enum draw where,
                           uint32_t size, uint32_t n)
{
    const uint32_t drawn = below(plan, how_many, size), m = drawn < n ? drawn : n;
    const uint32_t begin = below(plan, where, n - m + 1);

    return (snn_stretch){begin, begin + m};
}

static uint32_t limit(int64_t steps, uint32_t most)
{
    return steps < 1 ? 1 : steps > most ? most : (uint32_t)steps;
}

/* Mean step and input of a sample's events; false where it has none. */
static bool centre(const snn_sample *s, double *step, double *input)
{
    uint64_t mass = 0, steps = 0, inputs = 0;

    for (uint32_t t = 0; t < s->steps; t++)
        for (uint32_t k = s->first[t]; k < s->first[t + 1]; k++) {
            mass += s->count[k];
            steps += (uint64_t)s->count[k] * t;
            inputs += (uint64_t)s->count[k] * s->unit[k];
        }
    *step = (double)steps / (double)mass;
    *input = (double)inputs / (double)mass;
    return mass > 0;
}

/* Another sample as the plan's next source. */
static snn_status add_source(snn_augmenter *a, snn_augment_plan *plan, uint32_t position,
                             uint32_t *reading, snn_error *err)
{
    snn_augment_source *s = &plan->source[plan->sources];
    snn_status st;

    *reading = a->index[position];
    *s = (snn_augment_source){.rate = 1.0f, .outside = true};
    st = snn_dataset_read(a->dataset, a->split, *reading, a->scratch[plan->sources - 1], &s->sample,
                          err);
    plan->sources += st == SNN_OK;
    return st;
}

static snn_status plan_blend(snn_augmenter *a, snn_augment_plan *plan, uint32_t position,
                             uint32_t *reading, snn_error *err)
{
    snn_augment_source *own = &plan->source[0], *two = &plan->source[1];
    const uint32_t first = a->first[plan->label], n = a->first[plan->label + 1] - first;
    double step[2], input[2];
    int64_t one_end, two_end;
    snn_status st;

    if (own->sample.frames != NULL)
        return snn_error_set(err, SNN_ECONFIG, "augment.blend",
                             "works on spikes, and this data is frames: set it to 0");
    if (n < 2)
        return SNN_OK;
    st = add_source(
        a, plan, a->member[first + other(plan, DRAW_BLEND_PARTNER, n, a->rank[position] - first)],
        reading, err);
    if (st != SNN_OK)
        return st;
    if (centre(&own->sample, &step[0], &input[0]) && centre(&two->sample, &step[1], &input[1])) {
        own->step_shift = (int32_t)lrint((step[1] - step[0]) / 2);
        own->input_shift = (int32_t)lrint((input[1] - input[0]) / 2);
    }
    two->step_shift = -own->step_shift;
    two->input_shift = -own->input_shift;
    own->thin = two->thin = true;
    one_end = (int64_t)own->sample.steps + own->step_shift;
    two_end = (int64_t)two->sample.steps + two->step_shift;
    plan->steps = limit(one_end > two_end ? one_end : two_end, a->max_steps);
    return SNN_OK;
}

/* What happens to all sources so far. */
static void plan_moves(const snn_augmenter *a, snn_augment_plan *plan)
{
    const snn_augment_params *p = &a->params;
    int32_t shift = 0;
    float rate = 1.0f;
    uint32_t roll = 0;

    if (p->channel_shift > 0)
        shift =
            (int32_t)below(plan, DRAW_SHIFT, 2 * p->channel_shift + 1) - (int32_t)p->channel_shift;
    if (happens(plan, DRAW_SPEED, p->speed)) {
        rate = p->speed_low + (p->speed_high - p->speed_low) * uniform(plan, DRAW_RATE);
        plan->steps = limit(llrint((double)plan->steps / rate), a->max_steps);
    }
    if (happens(plan, DRAW_ROLL, p->roll))
        roll = below(plan, DRAW_ROLL_STEPS, plan->steps);
    for (int i = 0; i < plan->sources; i++) {
        plan->source[i].input_shift += shift;
        plan->source[i].rate = rate;
        plan->source[i].roll = roll;
    }
}

static snn_status plan_cutmix(snn_augmenter *a, snn_augment_plan *plan, uint32_t position,
                              uint32_t *reading, snn_error *err)
{
    const uint32_t own = (uint32_t)plan->sources;
    const uint32_t m = (uint32_t)(uniform(plan, DRAW_CUTMIX_SHARE) * (float)plan->steps);
    const uint32_t begin = below(plan, DRAW_CUTMIX_BEGIN, plan->steps - m + 1);
    snn_augment_source *two = &plan->source[own];
    snn_status st =
        add_source(a, plan, other(plan, DRAW_CUTMIX_PARTNER, a->count, position), reading, err);

    if (st != SNN_OK)
        return st;
    for (uint32_t i = 0; i <= own; i++)
        plan->source[i].window = (snn_stretch){begin, begin + m};
    two->outside = false;
    plan->label2 = two->sample.label;
    plan->mix = (float)m / (float)plan->steps;
    return SNN_OK;
}

snn_status snn_augment_plan_make(snn_augmenter *a, uint64_t seed, uint32_t epoch, uint32_t position,
                                 const snn_sample *own, snn_augment_plan *out, uint32_t *reading,
                                 snn_error *err)
{
    const snn_augment_params *p = &a->params;
    snn_augment_plan *plan = out;
    snn_status st = SNN_OK;

    *reading = a->index[position];
    *plan = (snn_augment_plan){.key = {seed, SNN_STREAM_AUGMENT},
                               .sample = a->index[position],
                               .epoch = epoch,
                               .sources = 1,
                               .steps = own->steps,
                               .noise = p->noise,
                               .label = own->label,
                               .label2 = own->label};
    plan->source[0] = (snn_augment_source){.sample = *own, .rate = 1.0f, .outside = true};
    if (happens(plan, DRAW_BLEND, p->blend))
        TRY(st, plan_blend(a, plan, position, reading, err));
    plan_moves(a, plan);
    if (a->count > 1 && happens(plan, DRAW_CUTMIX, p->cutmix))
        TRY(st, plan_cutmix(a, plan, position, reading, err));
    if (happens(plan, DRAW_TIME_MASK, p->time_mask))
        plan->silent_steps = stretch(plan, DRAW_TIME_MASK_SIZE, DRAW_TIME_MASK_BEGIN,
                                     p->time_mask_size, plan->steps);
    if (happens(plan, DRAW_NEURON_MASK, p->neuron_mask))
        plan->silent_inputs = stretch(plan, DRAW_NEURON_MASK_SIZE, DRAW_NEURON_MASK_BEGIN,
                                      p->neuron_mask_size, a->n_inputs);
done:
    return st;
}
