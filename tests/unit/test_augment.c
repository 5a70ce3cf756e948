/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Augmentation: each change against its definition in params.h, cell by cell; that it
 * happens as often as it should; and that a sample's outcome depends on (seed, epoch,
 * index) alone.  Frequencies are held to five standard deviations.
 */
#include "tests/cmocka_all.h"
#include "tests/toy_data.h"

#include "snn/train/augment.h"

#include <snn/train.h>

#define TRAIN  23u
#define EPOCHS 200u
#define SEED   17u
#define CELLS  (TOY_STEPS * TOY_INPUTS)

struct fixture {
    snn_context *ctx;
    struct toy toy;
    snn_dataset *data;
    uint32_t index[TRAIN];
    snn_augmenter *augmenter;
    struct toy_scratch scratch;
    /* the last outcome */
    snn_sample own;
    snn_augment_plan plan;
    float x[TOY_STEPS][TOY_INPUTS];
};

static snn_augment_params off(void)
{
    snn_augment_params p;

    snn_augment_params_init(&p);
    p.time_mask_size = 5;
    p.neuron_mask_size = 4;
    return p;
}

static struct fixture *begin(int dense, const snn_augment_params *p)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->toy = (struct toy){.seed = 5, .dense = dense, .fail_at = -1};
    for (uint32_t i = 0; i < TRAIN; i++)
        f->index[i] = TRAIN - 1 - i;
    assert_int_equal(snn_context_create(NULL, &f->ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(f->ctx, &f->toy, TRAIN, 0, 3, &f->data, NULL), SNN_OK);
    if (p != NULL)
        assert_int_equal(snn_augmenter_create(f->ctx, p, f->data, SNN_SPLIT_TRAIN, f->index, TRAIN,
                                              &f->augmenter, NULL),
                         SNN_OK);
    return f;
}

static void end(struct fixture *f)
{
    snn_augmenter_destroy(f->augmenter);
    snn_dataset_destroy(f->data);
    assert_int_equal(snn_context_bytes(f->ctx), 0);
    snn_context_destroy(f->ctx);
    free(f);
}

/* What becomes of the sample at a position of the selection. */
static void outcome(struct fixture *f, uint32_t epoch, uint32_t position)
{
    uint32_t reading;

    assert_int_equal(
        snn_dataset_read(f->data, SNN_SPLIT_TRAIN, f->index[position], &f->scratch, &f->own, NULL),
        SNN_OK);
    assert_int_equal(snn_augment_plan_make(f->augmenter, SEED, epoch, position, &f->own, &f->plan,
                                           &reading, NULL),
                     SNN_OK);
    memset(f->x, 0, sizeof f->x);
    snn_augment_place(&f->plan, &f->x[0][0], 0, 1, TOY_INPUTS);
}

/* A sample as it is, by the plainest means; returns its steps. */
static uint32_t plain(const struct fixture *f, uint32_t index, float x[TOY_STEPS][TOY_INPUTS])
{
    uint8_t cell[TOY_STEPS][TOY_INPUTS];
    uint32_t label;
    const uint32_t steps = toy_make(&f->toy, SNN_SPLIT_TRAIN, index, cell, &label);

    for (uint32_t t = 0; t < TOY_STEPS; t++)
        for (uint32_t i = 0; i < TOY_INPUTS; i++)
            x[t][i] = cell[t][i];
    return steps;
}

/* n of `of` tries happened, each with probability p. */
static void often(uint32_t n, uint32_t of, double p)
{
    const double deviation = sqrt(of * p * (1 - p));

    if (!(fabs(n - of * p) <= 5 * deviation))
        fail_msg("%u of %u, expected %g, deviation %g", n, of, of * p, deviation);
}

/* All sums of a pass, bit by bit: FNV-1a over batches. */
static uint64_t pass_hash(snn_loader *loader, uint32_t epoch)
{
    const snn_batch *batch;
    uint64_t hash = UINT64_C(14695981039346656037);

    assert_int_equal(snn_loader_start(loader, 1, SEED, epoch, 0, NULL), SNN_OK);
    for (;;) {
        assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
        if (batch == NULL)
            return hash;
        for (size_t k = 0; k < (size_t)batch->steps * batch->batch * TOY_INPUTS; k++) {
            uint32_t bits;

            memcpy(&bits, &batch->x[k], sizeof bits);
            hash = (hash ^ bits) * UINT64_C(1099511628211);
        }
        hash = (hash ^ batch->steps) * UINT64_C(1099511628211);
    }
}

/* Off, never called, and on without effect (masks of no step): the same bits. */
static void test_off(void **state)
{
    (void)state;
    for (int dense = 0; dense < 2; dense++) {
        uint64_t hash[3];

        for (int way = 0; way < 3; way++) {
            struct fixture *f = begin(dense, NULL);
            snn_augment_params p = off();
            snn_loader *loader;

            if (way == 2) {
                p.time_mask = 1;
                p.time_mask_size = 1;
            }
            assert_int_equal(
                snn_loader_create(f->ctx, f->data, SNN_SPLIT_TRAIN, NULL, 0, 7, &loader, NULL),
                SNN_OK);
            if (way > 0)
                assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_OK);
            hash[way] = pass_hash(loader, 3);
            assert_true(pass_hash(loader, 4) != hash[way]);
            snn_loader_destroy(loader);
            end(f);
        }
        assert_true(hash[0] == hash[1] && hash[0] == hash[2]);
    }
}

static void everything(snn_augment_params *p, int dense)
{
    *p = off();
    p->blend = dense ? 0 : 0.5f;
    p->channel_shift = 2;
    p->speed = p->roll = p->cutmix = 0.5f;
    p->time_mask = p->neuron_mask = 0.65f;
    p->noise = 0.4f;
}

/* Every sample's column, label and share for one size of batch and one skip. */
static void columns(int dense, uint32_t size, uint32_t skip, float x[TRAIN][CELLS],
                    float mix[TRAIN], uint32_t label2[TRAIN])
{
    struct fixture *f = begin(dense, NULL);
    snn_augment_params p;
    snn_loader *loader;
    const snn_batch *batch;
    uint64_t blocks;

    everything(&p, dense);
    assert_int_equal(
        snn_loader_create(f->ctx, f->data, SNN_SPLIT_TRAIN, NULL, 0, size, &loader, NULL), SNN_OK);
    assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_OK);
    blocks = snn_context_allocations(f->ctx);
    assert_int_equal(snn_loader_start(loader, 1, SEED, 6, skip, NULL), SNN_OK);
    for (;;) {
        assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
        if (batch == NULL)
            break;
        for (uint32_t b = 0; b < batch->batch; b++) {
            const uint32_t s = batch->sample[b];

            assert_true(batch->length[b] >= 1 && batch->length[b] <= TOY_STEPS);
            mix[s] = batch->mix[b];
            label2[s] = batch->label2[b];
            memset(x[s], 0, sizeof x[s]);
            for (uint32_t t = 0; t < batch->steps; t++)
                memcpy(&x[s][t * TOY_INPUTS],
                       &batch->x[((size_t)t * batch->batch + b) * TOY_INPUTS],
                       TOY_INPUTS * sizeof(float));
        }
    }
    assert_int_equal(snn_context_allocations(f->ctx), blocks);
    snn_loader_destroy(loader);
    end(f);
}

/* The same outcome in whatever batch, and after a resume that skips batches. */
static void test_alone(void **state)
{
    static float x[2][TRAIN][CELLS], mix[2][TRAIN];
    static uint32_t label2[2][TRAIN];
    static const uint32_t way[][2] = {{1, 0}, {5, 0}, {23, 0}, {5, 3}, {1, 22}};

    (void)state;
    for (int dense = 0; dense < 2; dense++)
        for (size_t w = 0; w < SNN_COUNT(way); w++) {
            const int k = w > 0;

            if (k == 1) { /* what is skipped stays as it was */
                memcpy(x[1], x[0], sizeof x[1]);
                memcpy(mix[1], mix[0], sizeof mix[1]);
                memcpy(label2[1], label2[0], sizeof label2[1]);
            }
            columns(dense, way[w][0], way[w][1], x[k], mix[k], label2[k]);
            if (k == 0)
                continue;
            assert_memory_equal(x[0], x[1], sizeof x[0]);
            assert_memory_equal(mix[0], mix[1], sizeof mix[0]);
            assert_memory_equal(label2[0], label2[1], sizeof label2[0]);
        }
}

/* Masks of sample s in a pass over a selection: which of its steps are silent. */
static void masked(const uint32_t *selection, uint64_t seed, uint32_t epoch, uint64_t out[TRAIN])
{
    struct fixture *f = begin(1, NULL);
    snn_augment_params p = off();
    const snn_batch *batch;
    snn_loader *loader;

    p.time_mask = 1;
    p.time_mask_size = TOY_STEPS;
    assert_int_equal(
        snn_loader_create(f->ctx, f->data, SNN_SPLIT_TRAIN, selection, TRAIN, 4, &loader, NULL),
        SNN_OK);
    assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_OK);
    assert_int_equal(snn_loader_start(loader, 1, seed, epoch, 0, NULL), SNN_OK);
    for (;;) {
        assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
        if (batch == NULL)
            break;
        for (uint32_t b = 0; b < batch->batch; b++) {
            float x[TOY_STEPS][TOY_INPUTS];
            uint64_t *steps = &out[batch->sample[b]];

            plain(f, batch->sample[b], x);
            *steps = 0;
            for (uint32_t t = 0; t < batch->steps; t++)
                *steps |= (uint64_t)(memcmp(&batch->x[((size_t)t * batch->batch + b) * TOY_INPUTS],
                                            x[t], sizeof x[t]) != 0)
                          << t;
        }
    }
    snn_loader_destroy(loader);
    end(f);
}

/* What is drawn depends on the seed, the epoch and the sample's own index, and not on its
 * place in a selection. */
static void test_key(void **state)
{
    uint64_t first[TRAIN], again[TRAIN];
    uint32_t reversed[TRAIN];

    (void)state;
    for (uint32_t i = 0; i < TRAIN; i++)
        reversed[i] = TRAIN - 1 - i;
    masked(NULL, 1, 1, first);
    masked(reversed, 1, 1, again);
    assert_memory_equal(first, again, sizeof first);
    masked(NULL, 1, 2, again);
    assert_memory_not_equal(first, again, sizeof first);
    masked(NULL, 2, 1, again);
    assert_memory_not_equal(first, again, sizeof first);
}

/* ---- masks --------------------------------------------------------------- */

/* Silent cells are one stretch of `size - 1` at most, all sizes equally often. */
static void check_mask(bool of_time, int dense)
{
    snn_augment_params p = off();
    const uint32_t size = of_time ? p.time_mask_size : p.neuron_mask_size;
    uint32_t seen[8] = {0}, masked = 0;
    struct fixture *f;

    p.time_mask = of_time ? 0.65f : 0;
    p.neuron_mask = of_time ? 0 : 0.65f;
    f = begin(dense, &p);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
        for (uint32_t k = 0; k < TRAIN; k++) {
            float x[TOY_STEPS][TOY_INPUTS];
            const snn_stretch *s;
            uint32_t steps;

            outcome(f, epoch, k);
            s = of_time ? &f->plan.silent_steps : &f->plan.silent_inputs;
            steps = plain(f, f->index[k], x);
            assert_int_equal(f->plan.steps, steps);
            assert_true(s->begin <= s->end && s->end <= (of_time ? steps : TOY_INPUTS));
            assert_true(s->end - s->begin < size);
            seen[s->end - s->begin]++;
            for (uint32_t t = 0; t < TOY_STEPS; t++)
                for (uint32_t i = 0; i < TOY_INPUTS; i++) {
                    const uint32_t at = of_time ? t : i;

                    assert_true(f->x[t][i] == (at >= s->begin && at < s->end ? 0 : x[t][i]));
                }
            masked += s->end > s->begin;
        }
    often(masked, EPOCHS * TRAIN, 0.65 * (size - 1) / size);
    for (uint32_t m = 1; m < size; m++)
        often(seen[m], EPOCHS * TRAIN, 0.65 / size);
    end(f);
}

static void test_masks(void **state)
{
    (void)state;
    for (int dense = 0; dense < 2; dense++) {
        check_mask(true, dense);
        check_mask(false, dense);
    }
}

/* ---- moves --------------------------------------------------------------- */

/* All inputs move by one number; what stays in range is there, the rest is gone. */
static void test_shift(void **state)
{
    (void)state;
    for (int dense = 0; dense < 2; dense++) {
        snn_augment_params p = off();
        uint32_t seen[7] = {0};
        struct fixture *f;

        p.channel_shift = 3;
        f = begin(dense, &p);
        for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
            for (uint32_t k = 0; k < TRAIN; k++) {
                float x[TOY_STEPS][TOY_INPUTS];
                int32_t shift;

                outcome(f, epoch, k);
                shift = f->plan.source[0].input_shift;
                assert_true(shift >= -3 && shift <= 3);
                seen[shift + 3]++;
                plain(f, f->index[k], x);
                for (uint32_t t = 0; t < TOY_STEPS; t++)
                    for (int32_t i = 0; i < (int32_t)TOY_INPUTS; i++) {
                        const int32_t j = i - shift;
                        const bool there = j >= 0 && j < (int32_t)TOY_INPUTS;

                        assert_true(f->x[t][i] == (there ? x[t][j] : 0));
                    }
            }
        for (uint32_t s = 0; s < 7; s++)
            often(seen[s], EPOCHS * TRAIN, 1.0 / 7);
        end(f);
    }
}

/* Time turns around the end: every cell is found again, r steps later. */
static void test_roll(void **state)
{
    (void)state;
    for (int dense = 0; dense < 2; dense++) {
        snn_augment_params p = off();
        uint32_t rolled = 0;
        double expected = 0;
        struct fixture *f;

        p.roll = 0.5f;
        f = begin(dense, &p);
        for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
            for (uint32_t k = 0; k < TRAIN; k++) {
                float x[TOY_STEPS][TOY_INPUTS];
                uint32_t steps, roll;

                outcome(f, epoch, k);
                steps = plain(f, f->index[k], x);
                roll = f->plan.source[0].roll;
                assert_int_equal(f->plan.steps, steps);
                assert_true(roll < steps);
                rolled += roll > 0;
                expected += 0.5 * (steps - 1) / steps;
                for (uint32_t t = 0; t < steps; t++)
                    assert_memory_equal(f->x[(t + roll) % steps], x[t], sizeof x[t]);
            }
        often(rolled, EPOCHS * TRAIN, expected / (EPOCHS * TRAIN));
        end(f);
    }
}

/* Spikes of step t are at floor((t + 1/2) / rate); none is lost but beyond the longest
 * sample's steps. */
static void test_speed_of_spikes(void **state)
{
    snn_augment_params p = off();
    struct fixture *f;
    uint32_t changed = 0;

    (void)state;
    p.speed = 0.5f;
    f = begin(0, &p);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
        for (uint32_t k = 0; k < TRAIN; k++) {
            float x[TOY_STEPS][TOY_INPUTS], expected[TOY_STEPS][TOY_INPUTS] = {{0}};
            uint32_t steps;
            float rate;

            outcome(f, epoch, k);
            steps = plain(f, f->index[k], x);
            rate = f->plan.source[0].rate;
            changed += rate != 1.0f;
            assert_true(rate >= 0.5f && rate < 1.5f);
            assert_true(f->plan.steps == (uint32_t)fmin(TOY_STEPS, rint(steps / (double)rate)));
            for (uint32_t t = 0; t < steps; t++) {
                const double to = floor((t + 0.5) / (double)rate);

                for (uint32_t i = 0; i < TOY_INPUTS && to < f->plan.steps; i++)
                    expected[(uint32_t)to][i] += x[t][i];
            }
            assert_memory_equal(f->x, expected, sizeof expected);
        }
    often(changed, EPOCHS * TRAIN, 0.5);
    end(f);
}

/* Frames are read between their neighbours: a line stays one, with the slope of the rate,
 * and is level before the middle of the first and after that of the last frame. */
static snn_status line_read(void *self, snn_split split, uint32_t index, void *scratch,
                            snn_sample *out, snn_error *err)
{
    float *x = scratch;

    (void)self;
    (void)split;
    (void)err;
    for (uint32_t t = 0; t < TOY_STEPS; t++)
        x[t] = (float)t;
    *out = (snn_sample){.label = index % 2, .steps = TOY_STEPS, .frames = x};
    return SNN_OK;
}

static void test_speed_of_frames(void **state)
{
    const snn_dataset_ops ops = {.size = sizeof ops, .read = line_read};
    const snn_dataset_info info = {.n_inputs = 1,
                                   .n_classes = 2,
                                   .count = {TRAIN},
                                   .max_steps = TOY_STEPS,
                                   .scratch_bytes = TOY_STEPS * sizeof(float),
                                   .time_step_ms = 10};
    snn_augment_params p = off();
    struct fixture *f = begin(0, NULL);
    snn_dataset *lines;

    (void)state;
    p.speed = 1;
    assert_int_equal(snn_dataset_create(f->ctx, &ops, &info, NULL, &lines, NULL), SNN_OK);
    snn_dataset_destroy(f->data);
    f->data = lines;
    assert_int_equal(snn_augmenter_create(f->ctx, &p, lines, SNN_SPLIT_TRAIN, f->index, TRAIN,
                                          &f->augmenter, NULL),
                     SNN_OK);
    for (uint32_t epoch = 0; epoch < 20; epoch++)
        for (uint32_t k = 0; k < TRAIN; k++) {
            float x[TOY_STEPS] = {0};
            uint32_t reading;
            double rate;

            assert_int_equal(
                snn_dataset_read(lines, SNN_SPLIT_TRAIN, f->index[k], &f->scratch, &f->own, NULL),
                SNN_OK);
            assert_int_equal(snn_augment_plan_make(f->augmenter, SEED, epoch, k, &f->own, &f->plan,
                                                   &reading, NULL),
                             SNN_OK);
            snn_augment_place(&f->plan, x, 0, 1, 1);
            rate = f->plan.source[0].rate;
            for (uint32_t t = 0; t < f->plan.steps; t++) {
                const double at = fmin(TOY_STEPS - 1, fmax(0, (t + 0.5) * rate - 0.5));

                assert_true(fabs(x[t] - at) <= 3 * TOY_STEPS * 0x1p-24);
            }
        }
    end(f);
}

/* ---- other samples ------------------------------------------------------- */

/* A window of m steps is another sample's, the rest is its own; the share is m / T; the
 * window's length is that of a uniform number. */
static void check_cutmix(int dense)
{
    snn_augment_params p = off();
    uint32_t mixed = 0, partners[TRAIN] = {0};
    double share = 0;
    struct fixture *f;

    p.cutmix = 0.5f;
    f = begin(dense, &p);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
        for (uint32_t k = 0; k < TRAIN; k++) {
            float x[TOY_STEPS][TOY_INPUTS], y[TOY_STEPS][TOY_INPUTS];
            const snn_stretch *w = &f->plan.source[1].window;
            uint32_t steps, partner = TRAIN;

            outcome(f, epoch, k);
            steps = plain(f, f->index[k], x);
            assert_int_equal(f->plan.steps, steps);
            assert_int_equal(f->plan.label, f->index[k] % TOY_CLASSES);
            if (f->plan.sources == 1) {
                assert_true(f->plan.mix == 0 && f->plan.label2 == f->plan.label);
                assert_memory_equal(f->x, x, sizeof x);
                continue;
            }
            mixed++;
            share += f->plan.mix;
            assert_true(w->begin <= w->end && w->end <= steps);
            assert_true(f->plan.mix == (float)(w->end - w->begin) / (float)steps);
            for (uint32_t j = 0; j < TRAIN && partner == TRAIN; j++) {
                bool same = j != f->index[k] && f->plan.label2 == j % TOY_CLASSES;

                plain(f, j, y);
                for (uint32_t t = 0; t < steps && same; t++) {
                    const bool inside = t >= w->begin && t < w->end;

                    same = memcmp(f->x[t], inside ? y[t] : x[t], sizeof x[t]) == 0;
                }
                if (same)
                    partner = j;
            }
            assert_true(partner < TRAIN);
            partners[partner]++;
            for (uint32_t t = steps; t < TOY_STEPS; t++)
                for (uint32_t i = 0; i < TOY_INPUTS; i++)
                    assert_true(f->x[t][i] == 0);
        }
    often(mixed, EPOCHS * TRAIN, 0.5);
    /* floor(u T) / T is 1/2 - 1/2T on average; its deviation is below 1/sqrt(12). */
    assert_true(fabs(share / mixed - 0.5 + 0.5 / 18) <= 5 / sqrt(12.0 * mixed) + 0.005);
    end(f);
}

static void test_cutmix(void **state)
{
    (void)state;
    check_cutmix(0);
    check_cutmix(1);
}

/* Centre of mass of a sample's cells. */
static void centre_of(const snn_sample *s, double *step, double *input)
{
    double mass = 0;

    *step = *input = 0;
    for (uint32_t t = 0; t < s->steps; t++)
        for (uint32_t k = s->first[t]; k < s->first[t + 1]; k++) {
            mass += s->count[k];
            *step += (double)s->count[k] * t;
            *input += (double)s->count[k] * s->unit[k];
        }
    *step /= mass;
    *input /= mass;
}

/* Two samples of a class, each moved half way; of the events that stay in range each is
 * kept with probability 1/2, and nothing else is there. */
static void test_blend(void **state)
{
    snn_augment_params p = off();
    uint32_t blended = 0, kept = 0, of = 0;
    struct fixture *f;

    (void)state;
    p.blend = 0.5f;
    f = begin(0, &p);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
        for (uint32_t k = 0; k < TRAIN; k++) {
            const snn_augment_source *s = f->plan.source;
            float most[TOY_STEPS][TOY_INPUTS] = {{0}};
            double step[2], input[2];

            outcome(f, epoch, k);
            assert_true(f->plan.mix == 0);
            if (f->plan.sources == 1)
                continue;
            blended++;
            assert_int_equal(s[1].sample.label, s[0].sample.label);
            assert_memory_not_equal(s[0].sample.unit, s[1].sample.unit, 8 * sizeof(uint16_t));
            for (int i = 0; i < 2; i++) {
                centre_of(&s[i].sample, &step[i], &input[i]);
                step[i] += s[i].step_shift;
                input[i] += s[i].input_shift;
            }
            assert_true(fabs(step[0] - step[1]) <= 1 && fabs(input[0] - input[1]) <= 1);
            for (int i = 0; i < 2; i++)
                for (uint32_t t = 0; t < s[i].sample.steps; t++)
                    for (uint32_t c = s[i].sample.first[t]; c < s[i].sample.first[t + 1]; c++) {
                        const int32_t to = (int32_t)t + s[i].step_shift;
                        const int32_t in = s[i].sample.unit[c] + s[i].input_shift;

                        if (to >= 0 && to < (int32_t)TOY_STEPS && in >= 0 &&
                            in < (int32_t)TOY_INPUTS)
                            most[to][in] += s[i].sample.count[c];
                    }
            for (uint32_t t = 0; t < TOY_STEPS; t++)
                for (uint32_t i = 0; i < TOY_INPUTS; i++) {
                    assert_true(f->x[t][i] <= most[t][i]);
                    kept += (uint32_t)f->x[t][i];
                    of += (uint32_t)most[t][i];
                }
        }
    often(blended, EPOCHS * TRAIN, 0.5);
    often(kept, of, 0.5);
    end(f);
}

/* ---- noise --------------------------------------------------------------- */

/* Frames: mean 0 and the deviation asked for.  Spikes: whole numbers, as often as a
 * rounded normal number is so large. */
static void test_noise(void **state)
{
    const double sigma = 0.4, none = erf(0.5 / (sigma * sqrt(2.0))),
                 one = erf(1.5 / (sigma * sqrt(2.0))) - none;

    (void)state;
    for (int dense = 0; dense < 2; dense++) {
        snn_augment_params p = off();
        uint32_t n = 0, zeros = 0, ones = 0;
        double sum = 0, squares = 0;
        struct fixture *f;

        p.noise = (float)sigma;
        f = begin(dense, &p);
        for (uint32_t epoch = 0; epoch < 20; epoch++)
            for (uint32_t k = 0; k < TRAIN; k++) {
                float x[TOY_STEPS][TOY_INPUTS];
                uint32_t steps;

                outcome(f, epoch, k);
                steps = plain(f, f->index[k], x);
                for (uint32_t t = 0; t < TOY_STEPS; t++)
                    for (uint32_t i = 0; i < TOY_INPUTS; i++) {
                        const float noise = f->x[t][i] - x[t][i];

                        if (t >= steps) {
                            assert_true(noise == 0);
                            continue;
                        }
                        assert_true(dense || (noise >= 0 && noise == rintf(noise)));
                        n++;
                        zeros += noise == 0;
                        ones += noise == 1;
                        sum += noise;
                        squares += (double)noise * noise;
                    }
            }
        if (dense) {
            assert_true(fabs(sum / n) <= 5 * sigma / sqrt(n));
            assert_true(fabs(squares / n - sigma * sigma) <= 5 * sigma * sigma * sqrt(2.0 / n));
        } else {
            often(zeros, n, none);
            often(ones, n, one);
        }
        end(f);
    }
}

/* ---- what is refused ------------------------------------------------------- */

static void test_errors(void **state)
{
    struct fixture *f = begin(1, NULL);
    snn_augment_params p = off();
    const snn_batch *batch;
    snn_loader *loader;
    snn_error err = {0};

    (void)state;
    assert_int_equal(snn_loader_create(f->ctx, f->data, SNN_SPLIT_TRAIN, NULL, 0, 4, &loader, NULL),
                     SNN_OK);
    p.channel_shift = TOY_INPUTS;
    assert_int_equal(snn_loader_augment(loader, &p, &err), SNN_ECONFIG);
    assert_non_null(strstr(err.where, "channel_shift"));
    p = off();
    p.time_mask = 1;
    p.time_mask_size = 0;
    assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_ECONFIG);
    p = off();
    p.neuron_mask = 1;
    p.neuron_mask_size = 0;
    assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_ECONFIG);
    p = off();
    p.speed = 1;
    p.speed_low = 2;
    assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_ECONFIG);
    p = off();
    p.roll = 1;
    p.size = 0;
    assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_EINVAL);
    /* Frames have no events to blend: said with the first sample. */
    p = off();
    p.blend = 1;
    assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_OK);
    assert_int_equal(snn_loader_start(loader, 0, 0, 0, 0, NULL), SNN_OK);
    assert_int_equal(snn_loader_next(loader, &batch, &err), SNN_ECONFIG);
    assert_non_null(strstr(err.what, "works on spikes"));
    /* A partner that cannot be read is named, whoever asked for it. */
    p = off();
    p.cutmix = 1;
    f->toy.fail_at = 9;
    assert_int_equal(snn_loader_augment(loader, &p, NULL), SNN_OK);
    assert_int_equal(snn_loader_start(loader, 0, 0, 0, 0, NULL), SNN_OK);
    do
        batch = NULL;
    while (snn_loader_next(loader, &batch, &err) == SNN_OK && batch != NULL);
    assert_null(batch);
    assert_non_null(strstr(err.where, "[9]"));
    snn_loader_destroy(loader);
    end(f);
}

/* Sizes that a configuration leaves open are the published ones. */
static void test_sizes(void **state)
{
    const snn_dataset_info info = {.n_inputs = 140};
    snn_augment_params p;
    snn_config config;

    (void)state;
    snn_config_init(&config);
    snn_config_augment(&config, &info, &p);
    assert_int_equal(p.time_mask_size, 8); /* 25 / 3 */
    assert_int_equal(p.neuron_mask_size, 28);
    config.augment.time_mask_size = 3;
    config.augment.neuron_mask_size = 2;
    snn_config_augment(&config, &info, &p);
    assert_int_equal(p.time_mask_size, 3);
    assert_int_equal(p.neuron_mask_size, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_roll),
        cmocka_unit_test(test_speed_of_spikes),
        cmocka_unit_test(test_speed_of_frames),
        cmocka_unit_test(test_cutmix),
        cmocka_unit_test(test_blend),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
