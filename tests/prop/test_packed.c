/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Evaluation with spikes as bits: what comes out is what layers of frames give, spike for
 * spike, for every shape of network, batch and tail that takes this way; and who cannot take it
 * does not.
 *
 * Weights are multiples of 2^-4, the input whole numbers, decay a half and the threshold no sum
 * of such numbers, so that no potential comes near it by rounding: a spike that differs shows in
 * the read-out by a whole weight, the order of sums by a part in a million.
 *
 * Invariant I1: the same bits for any number of threads.
 */
#include "tests/cmocka_all.h"

#include "snn/base/base.h"
#include "snn/kern/kern.h"

#include <snn/network.h>

#define BATCH 150u
#define STEPS 21u

typedef struct {
    const char *name;
    uint32_t n_inputs, n_outputs, hidden[3];
    uint32_t max_delay, kernel_count;
    snn_padding padding;
    snn_reset reset;
    snn_loss loss;
    int bias, batch_norm;
} arm;

static const arm arms[] = {
    {.name = "plain", .n_inputs = 12, .n_outputs = 4, .hidden = {24, 32}, .max_delay = 9},
    {.name = "odd numbers",
     .n_inputs = 7,
     .n_outputs = 19,
     .hidden = {13, 35},
     .max_delay = 5,
     .padding = SNN_PADDING_CAUSAL},
    {.name = "two delays",
     .n_inputs = 9,
     .n_outputs = 41,
     .hidden = {29, 45},
     .max_delay = 9,
     .kernel_count = 2},
    {.name = "soft reset, biases",
     .n_inputs = 12,
     .n_outputs = 18,
     .hidden = {24, 17, 30},
     .max_delay = 7,
     .reset = SNN_RESET_SOFT,
     .bias = 1},
    {.name = "spikes counted",
     .n_inputs = 12,
     .n_outputs = 4,
     .hidden = {24, 32},
     .max_delay = 9,
     .loss = SNN_LOSS_SPIKE_COUNT},
    {.name = "normalised",
     .n_inputs = 12,
     .n_outputs = 4,
     .hidden = {24, 32},
     .max_delay = 9,
     .batch_norm = 1},
};

static snn_network_params params_of(const arm *a, snn_solver solver)
{
    snn_network_params params;

    snn_network_params_init(&params);
    params.n_inputs = a->n_inputs;
    params.n_outputs = a->n_outputs;
    for (params.n_hidden = 0; params.n_hidden < 3 && a->hidden[params.n_hidden] > 0;
         params.n_hidden++)
        params.hidden[params.n_hidden] = a->hidden[params.n_hidden];
    params.delay.max_delay = a->max_delay;
    params.delay.kernel_count = a->kernel_count > 0 ? a->kernel_count : 1;
    params.delay.padding = a->padding;
    params.delay.solver = solver;
    params.loss = a->loss;
    params.bias = a->bias;
    params.batch_norm = a->batch_norm;
    params.neuron.reset = a->reset;
    params.neuron.v_threshold = params.readout_threshold = 0.97f;
    params.neuron.tau_ms = 2.0f * params.time_step_ms;
    return params;
}

/* Multiples of 2^-4; statistics of normalisation too. */
static void make_exact(snn_network *net)
{
    uint64_t state = 11;
    snn_tensor t;

    for (size_t i = 0; snn_network_tensor_at(net, i, &t) == SNN_OK; i++) {
        const char *kind = strchr(t.name, '.') + 1;
        float *x = t.data;

        for (size_t j = 0; t.dtype == SNN_F32 && j < snn_tensor_size(&t); j++) {
            const float small = (float)((int)(test_random(&state) % 17) - 6) * 0x1p-4f;

            if (strcmp(kind, "weight") == 0 || strcmp(kind, "bias") == 0 ||
                strcmp(kind, "mean") == 0 || strcmp(kind, "beta") == 0)
                x[j] = small;
        }
    }
}

typedef struct {
    snn_context *ctx;
    snn_network *net;
    snn_tape *tape;
} bench;

static bench begin(const arm *a, snn_solver solver, int threads, int train, int keep)
{
    const snn_network_params params = params_of(a, solver);
    bench b;
    snn_context_params context;
    snn_tape_params tape;

    snn_context_params_init(&context);
    context.threads = threads;
    snn_tape_params_init(&tape);
    tape.batch = BATCH;
    tape.steps = STEPS;
    tape.train = train;
    tape.keep = keep;
    assert_int_equal(snn_context_create(&context, &b.ctx, NULL), SNN_OK);
    /* Layers are so small that tables would not pay. */
    b.ctx->costs.of[SNN_COST_LOOKUP] = b.ctx->costs.of[SNN_COST_TABLE] = 1e-3f;
    b.ctx->costs.of[SNN_COST_SPREAD] = b.ctx->costs.of[SNN_COST_PHASE] = 1e-3f;
    assert_int_equal(snn_network_create(b.ctx, &params, 3, &b.net, NULL), SNN_OK);
    make_exact(b.net);
    assert_int_equal(snn_tape_create(b.net, &tape, &b.tape, NULL), SNN_OK);
    return b;
}

static void end(bench *b)
{
    snn_tape_destroy(b->tape);
    snn_network_destroy(b->net);
    assert_int_equal(snn_context_bytes(b->ctx), 0);
    snn_context_destroy(b->ctx);
}

static bool is_packed(const bench *b)
{
    snn_plan_choice choice;

    assert_int_equal(snn_tape_plan(b->tape, 1, 1, &choice), SNN_OK);
    return strcmp(choice.solver, "lookup") == 0;
}

/* The read-out at all steps. */
typedef struct {
    float *output;
    size_t n;
} outcome;

static outcome evaluate(bench *b, uint32_t n_inputs, uint32_t batch, uint32_t steps)
{
    static float x[STEPS * BATCH * 16];
    const snn_batch data = {.batch = batch, .steps = steps, .x = x};
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    uint64_t state = 7;
    outcome o;
    snn_tensor t;
    char name[32];

    for (size_t i = 0; i < (size_t)steps * batch * n_inputs; i++)
        x[i] = test_random(&state) % 3 == 0 ? (float)(test_random(&state) % 4) : 0.0f;
    assert_int_equal(snn_forward(b->tape, &data, &pass, NULL), SNN_OK);
    snprintf(name, sizeof name, "layer%u.output", (unsigned)(snn_network_layers(b->net) - 1));
    assert_int_equal(snn_tape_tensor(b->tape, name, &t, NULL), SNN_OK);
    o.n = snn_tensor_size(&t);
    o.output = malloc(o.n * sizeof *o.output);
    assert_non_null(o.output);
    memcpy(o.output, t.data, o.n * sizeof *o.output);
    return o;
}

static void assert_same(const char *name, const outcome *expected, const outcome *got,
                        uint32_t batch)
{
    size_t live = 0;

    assert_int_equal(expected->n, got->n);
    for (size_t i = 0; i < got->n; i++) {
        const float e = expected->output[i], g = got->output[i];

        live += e != 0.0f;
        if (!(fabsf(e - g) <= 1e-5f * (1.0f + fabsf(e))))
            fail_msg("%s, %u samples: number %zu of the read-out is %a, expected %a", name,
                     (unsigned)batch, i, (double)g, (double)e);
    }
    assert_true(live * 10 > got->n); /* a silent network would prove nothing */
}

static void clear(outcome *o)
{
    free(o->output);
}

/* ---- laws ----------------------------------------------------------------------------------- */

static void gives_what_frames_give(void **state)
{
    static const uint32_t batches[] = {BATCH, 129, 128, 33, 16, 1};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(arms); i++) {
        const arm *a = &arms[i];

        for (int train = 0; train < 2; train++) {
            bench frames = begin(a, SNN_SOLVER_TAPS, 1, train, 0);
            bench bits = begin(a, SNN_SOLVER_AUTO, 2, train, 0);

            assert_false(is_packed(&frames));
            if (is_packed(&bits) != (bits.ctx->kern->lookup_lanes > 0))
                fail_msg("%s: not by the expected way", a->name);
            for (size_t j = 0; j < SNN_COUNT(batches); j++) {
                const uint32_t steps = j % 2 == 0 ? STEPS : STEPS - 6;
                outcome expected = evaluate(&frames, a->n_inputs, batches[j], steps);
                outcome got = evaluate(&bits, a->n_inputs, batches[j], steps);

                assert_same(a->name, &expected, &got, batches[j]);
                clear(&expected);
                clear(&got);
            }
            end(&bits);
            end(&frames);
        }
    }
}

static void same_bits_on_any_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(arms); i++) {
        bench one = begin(&arms[i], SNN_SOLVER_AUTO, 1, 0, 0);
        bench three = begin(&arms[i], SNN_SOLVER_AUTO, 3, 0, 0);
        outcome expected = evaluate(&one, arms[i].n_inputs, BATCH, STEPS);
        outcome got = evaluate(&three, arms[i].n_inputs, BATCH, STEPS);

        assert_int_equal(expected.n, got.n);
        assert_memory_equal(expected.output, got.output, got.n * sizeof *got.output);
        clear(&expected);
        clear(&got);
        end(&one);
        end(&three);
    }
}

/* Who looks inside, or has other neurons, sees frames. */
static void stands_back(void **state)
{
    const arm *a = &arms[0];
    bench b = begin(a, SNN_SOLVER_AUTO, 1, 0, 1);

    (void)state;
    assert_false(is_packed(&b));
    end(&b);
    for (int model = 0; model < 2; model++) {
        snn_network_params params = params_of(a, SNN_SOLVER_AUTO);
        snn_tape_params tape;
        snn_context *ctx;
        snn_network *net;

        params.neuron.model = model == 0 ? SNN_NEURON_ADLIF : SNN_NEURON_CUBA;
        snn_tape_params_init(&tape);
        tape.batch = BATCH;
        tape.steps = STEPS;
        assert_int_equal(snn_context_create(NULL, &ctx, NULL), SNN_OK);
        assert_int_equal(snn_network_create(ctx, &params, 3, &net, NULL), SNN_OK);
        b = (bench){.ctx = ctx, .net = net};
        assert_int_equal(snn_tape_create(net, &tape, &b.tape, NULL), SNN_OK);
        assert_false(is_packed(&b));
        end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_frames_give),
        cmocka_unit_test(same_bits_on_any_threads),
        cmocka_unit_test(stands_back),
    };

    return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
