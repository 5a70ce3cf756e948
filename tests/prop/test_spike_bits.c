/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spikes kept as bits between forward and backward: a step gives the bits that it gives with
 * frames of its own for each layer, for every kind of neuron, with marks, dropout and layers of
 * widths that end within a word, on any number of threads; and it takes less memory.
 *
 * A tape that keeps all for whoever looks inside (keep = 1) has the frames.
 */
#include "tests/context_threads.h"

#include "snn/net/net.h"

#define STEPS   21u
#define BATCH   9u
#define INPUTS  12u
#define CLASSES 5u

typedef struct {
    const char *name;
    snn_neuron_model model;
    snn_surrogate surrogate;
    float dropout;
    int batch_norm, causal;
    uint32_t hidden, width[5];
} variant;

static const variant variants[] = {
    {"lif", SNN_NEURON_LIF, SNN_SURROGATE_ATAN, 0.4f, 1, 0, 4, {33, 64, 20, 47}},
    {"lif with marks", SNN_NEURON_LIF, SNN_SURROGATE_TRIANGLE, 0.4f, 1, 0, 4, {20, 70, 32, 31}},
    {"lif, no dropout", SNN_NEURON_LIF, SNN_SURROGATE_SIGMOID, 0.0f, 0, 1, 3, {7, 90, 5}},
    {"cuba", SNN_NEURON_CUBA, SNN_SURROGATE_TRIANGLE, 0.3f, 1, 1, 3, {40, 9, 65}},
    {"adlif", SNN_NEURON_ADLIF, SNN_SURROGATE_TRIANGLE, 0.3f, 1, 0, 3, {40, 9, 65}},
    {"one hidden layer", SNN_NEURON_LIF, SNN_SURROGATE_ATAN, 0.4f, 1, 0, 1, {50}},
    {"two hidden layers", SNN_NEURON_LIF, SNN_SURROGATE_ATAN, 0.4f, 1, 0, 2, {50, 34}},
};

static snn_network_params params_of(const variant *v)
{
    snn_network_params params;

    snn_network_params_init(&params);
    params.n_inputs = INPUTS;
    params.n_outputs = CLASSES;
    params.n_hidden = v->hidden;
    for (uint32_t l = 0; l < v->hidden; l++)
        params.hidden[l] = v->width[l];
    params.batch_norm = v->batch_norm;
    params.dropout = v->dropout;
    params.neuron.model = v->model;
    params.neuron.surrogate = v->surrogate;
    params.neuron.v_threshold = 0.3f;
    params.delay.max_delay = 5;
    params.delay.sigma_init = 0.3f;
    params.delay.solver = SNN_SOLVER_TAPS;
    params.delay.padding = v->causal ? SNN_PADDING_CAUSAL : SNN_PADDING_PAPER;
    return params;
}

typedef struct {
    float *g;
    size_t n, bytes;
    double loss;
} outcome;

/* The gradients of a step behind another and an evaluation, on a tape that is larger. */
static outcome run(const variant *v, int keep, int threads)
{
    snn_context *ctx = context_threads(threads);
    const snn_network_params params = params_of(v);
    static float x[STEPS * BATCH * INPUTS];
    static uint32_t label[BATCH];
    outcome out = {0};
    uint64_t state = test_seed(9);
    snn_tape_params tape_params;
    snn_network *net;
    snn_tape *tape;

    ctx->always_parallel = true;
    for (size_t i = 0; i < SNN_COUNT(x); i++)
        x[i] = test_random(&state) % 4 == 0 ? 1.0f : 0.0f;
    for (uint32_t b = 0; b < BATCH; b++)
        label[b] = b % CLASSES;
    assert_int_equal(snn_network_create(ctx, &params, 21, &net, NULL), SNN_OK);
    snn_tape_params_init(&tape_params);
    tape_params.batch = BATCH;
    tape_params.steps = STEPS;
    tape_params.keep = keep;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    assert_int_equal(tape->bits, !keep);
    for (uint32_t i = 0; i < 3; i++) {
        const snn_pass pass = {.mode = i == 1 ? SNN_MODE_EVAL : SNN_MODE_TRAIN, .seed = 3 + i};
        const snn_batch batch = {
            .batch = BATCH - i, .steps = STEPS - 2 * i, .x = x, .label = label};
        uint32_t correct;

        assert_int_equal(snn_forward(tape, &batch, &pass, NULL), SNN_OK);
        assert_int_equal(snn_loss_forward(tape, &batch, &out.loss, &correct, NULL), SNN_OK);
        if (i != 1)
            assert_int_equal(snn_backward(tape, NULL), SNN_OK);
    }
    out.n = net->gradient_floats; /* the last are sigma's, which only who keeps all gets */
    for (uint32_t l = 0; l < net->layers; l++)
        out.n -= net->layer[l].delays;
    out.g = calloc(out.n, sizeof *out.g);
    assert_non_null(out.g);
    memcpy(out.g, tape->g_block, out.n * sizeof *out.g);
    out.bytes = snn_context_held(ctx, SNN_MEMORY_ACTIVATIONS, NULL);
    snn_tape_destroy(tape);
    snn_network_destroy(net);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
    return out;
}

static void bits_serve_as_frames_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(variants); i++) {
        outcome frames = run(&variants[i], 1, 1);

        for (int threads = 1; threads <= 3; threads++) {
            outcome bits = run(&variants[i], 0, threads);
            size_t live = 0;

            for (size_t k = 0; k < bits.n; k++)
                live += bits.g[k] != 0.0f;
            assert_true(live > bits.n / 4);
            assert_true(bits.loss == frames.loss);
            check_array_near(variants[i].name, frames.g, bits.g, bits.n, 0.0, 9);
            free(bits.g);
        }
        free(frames.g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bits_serve_as_frames_do)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
