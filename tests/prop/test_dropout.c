/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Laws of dropout: one mask per sample and neuron for all steps, 0 or 1/(1-p);
 * a function of seed, epoch, sample and layer, whatever batch a sample comes in;
 * p of the neurons are silent on average; evaluation drops nothing.
 *
 * The network is `smooth`, so that no spike is 0 and mask = output / spikes.
 */
#include "tests/cmocka_all.h"

#include <snn/network.h>

#define P      0.3f
#define HIDDEN 30
#define BATCH  40
#define STEPS  4

typedef struct {
    snn_context *ctx;
    snn_network *net;
    snn_tape *tape;
} bench;

static bench bench_new(void)
{
    snn_network_params params;
    snn_tape_params tape;
    bench b;

    snn_network_params_init(&params);
    params.n_inputs = 3;
    params.n_outputs = 2;
    params.n_hidden = 2;
    params.hidden[0] = params.hidden[1] = HIDDEN;
    params.delay.max_delay = 3;
    params.dropout = P;
    params.neuron.smooth = 1;
    params.neuron.surrogate_alpha = 1.0f;
    snn_tape_params_init(&tape);
    tape.batch = BATCH;
    tape.steps = STEPS;
    tape.keep = 1;
    assert_int_equal(snn_context_create(NULL, &b.ctx, NULL), SNN_OK);
    assert_int_equal(snn_network_create(b.ctx, &params, 1, &b.net, NULL), SNN_OK);
    assert_int_equal(snn_tape_create(b.net, &tape, &b.tape, NULL), SNN_OK);
    return b;
}

static void bench_end(bench *b)
{
    snn_tape_destroy(b->tape);
    snn_network_destroy(b->net);
    snn_context_destroy(b->ctx);
}

/* The masks of layer l, [batch][HIDDEN], after a pass over these samples. */
static void masks(bench *b, const uint32_t *sample, uint32_t batch, uint64_t seed, uint32_t epoch,
                  snn_mode mode, uint32_t l, float *out)
{
    static const float x[STEPS * BATCH * 3];
    static const uint32_t label[BATCH];
    const snn_batch data = {
        .batch = batch, .steps = STEPS, .x = x, .label = label, .sample = sample};
    const snn_pass pass = {.mode = mode, .seed = seed, .epoch = epoch};
    char name[32];
    snn_tensor spikes, output;
    size_t row;

    assert_int_equal(snn_forward(b->tape, &data, &pass, NULL), SNN_OK);
    snprintf(name, sizeof name, "layer%u.spikes", l);
    assert_int_equal(snn_tape_tensor(b->tape, name, &spikes, NULL), SNN_OK);
    snprintf(name, sizeof name, "layer%u.output", l);
    assert_int_equal(snn_tape_tensor(b->tape, name, &output, NULL), SNN_OK);
    row = (size_t)batch * HIDDEN;
    for (size_t i = 0; i < snn_tensor_size(&spikes); i++) {
        const float mask = ((float *)output.data)[i] / ((float *)spikes.data)[i];

        if (i < row)
            out[i] = mask;
        else /* the same for all steps, but for the division's rounding */
            assert_true(fabsf(mask - out[i % row]) <= 4e-7f);
    }
}

static void values_and_mean(void **state)
{
    bench b = bench_new();
    uint32_t sample[BATCH], silent = 0;
    float mask[BATCH * HIDDEN];
    const double n = 20.0 * BATCH * HIDDEN;

    (void)state;
    for (uint32_t epoch = 0; epoch < 10; epoch++) {
        for (uint32_t l = 0; l < 2; l++) {
            for (uint32_t i = 0; i < BATCH; i++)
                sample[i] = i;
            masks(&b, sample, BATCH, 5, epoch, SNN_MODE_TRAIN, l, mask);
            for (size_t i = 0; i < BATCH * HIDDEN; i++) {
                assert_true(mask[i] == 0.0f || fabsf(mask[i] - 1.0f / (1.0f - P)) < 1e-6f);
                silent += mask[i] == 0.0f;
            }
        }
    }
    assert_true(fabs(silent - n * (double)P) < 5.0 * sqrt(n * (double)P * (1.0 - (double)P)));
    bench_end(&b);
}

static void keyed_by_sample(void **state)
{
    static const uint32_t all[] = {7, 3, 4000000000u, 12, 9}, other[] = {9, 4000000000u, 8, 7};
    bench b = bench_new();
    float first[5 * HIDDEN], second[5 * HIDDEN];

    (void)state;
    masks(&b, all, 5, 5, 1, SNN_MODE_TRAIN, 0, first);
    masks(&b, other, 4, 5, 1, SNN_MODE_TRAIN, 0, second);
    for (size_t c = 0; c < HIDDEN; c++) {
        assert_true(fabsf(first[0 * HIDDEN + c] - second[3 * HIDDEN + c]) < 1e-6f); /* 7 */
        assert_true(fabsf(first[2 * HIDDEN + c] - second[1 * HIDDEN + c]) < 1e-6f); /* 4000000000 */
        assert_true(fabsf(first[4 * HIDDEN + c] - second[0 * HIDDEN + c]) < 1e-6f); /* 9 */
    }
    bench_end(&b);
}

/* Neurons whose masks differ between two passes over the same samples. */
static unsigned differing(const float *a, const float *b)
{
    unsigned n = 0;

    for (size_t i = 0; i < 5 * HIDDEN; i++)
        n += (a[i] == 0.0f) != (b[i] == 0.0f);
    return n;
}

static void keyed_by_the_rest(void **state)
{
    static const uint32_t sample[] = {7, 3, 11, 12, 9};
    bench b = bench_new();
    float first[5 * HIDDEN], second[5 * HIDDEN];

    (void)state;
    masks(&b, sample, 5, 5, 1, SNN_MODE_TRAIN, 0, first);
    masks(&b, sample, 5, 5, 1, SNN_MODE_TRAIN, 0, second);
    assert_int_equal(differing(first, second), 0);
    masks(&b, sample, 5, 5, 2, SNN_MODE_TRAIN, 0, second);
    assert_true(differing(first, second) > 20); /* 63 on average */
    masks(&b, sample, 5, 6, 1, SNN_MODE_TRAIN, 0, second);
    assert_true(differing(first, second) > 20);
    masks(&b, sample, 5, 5, 1, SNN_MODE_TRAIN, 1, second);
    assert_true(differing(first, second) > 20);
    for (int mode = SNN_MODE_EVAL; mode <= SNN_MODE_CONTINUOUS; mode++) {
        masks(&b, sample, 5, 5, 1, (snn_mode)mode, 0, second);
        for (size_t i = 0; i < 5 * HIDDEN; i++)
            assert_true(second[i] == 1.0f);
    }
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_mean),
        cmocka_unit_test(keyed_by_sample),
        cmocka_unit_test(keyed_by_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
