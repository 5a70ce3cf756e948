/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network that runs live gives what snn_forward gives in evaluation, frame by frame.
 *
 * A rounded delay is one tap of height W / (1 + 1e-7), in floats W (1 - 2^-23).  Where W is
 * 1 + 2^-23 times a power of two that is the power itself, and sums of spikes are exact in
 * any order: outputs of all layers and all scores then have the same bits, whatever neurons,
 * normalisation, padding, sharing and loss.  Elsewhere sums differ in their order, and a potential
 * may fall on the other side of the threshold: there the scores agree to a bound that a spike
 * at a wrong step breaks.
 */
#include "tests/failing_allocator.h"

#include "snn/base/base.h"

#include <snn/live.h>
#include <snn/random.h>

#include <math.h>

#define INPUTS 9
#define STEPS  17

typedef struct {
    const char *name;
    snn_delay_mode mode;
    snn_padding padding;
    snn_sharing sharing;
    uint32_t kernel_count, fan_in;
    snn_neuron_model model;
    snn_reset reset;
    snn_loss loss;
    int norm, bias;
} network_kind;

#define LEARNED SNN_DELAYS_LEARNED
#define PAPER   SNN_PADDING_PAPER
#define CAUSAL  SNN_PADDING_CAUSAL
#define EACH    SNN_SHARING_SYNAPSE
#define HARD    SNN_RESET_HARD
#define SOFT    SNN_RESET_SOFT
static const network_kind kinds[] = {
    {"plain", LEARNED, CAUSAL, EACH, 1, 0, SNN_NEURON_LIF, HARD, SNN_LOSS_SUM, 0, 0},
    {"padded, normalised", LEARNED, PAPER, EACH, 1, 0, SNN_NEURON_LIF, HARD, SNN_LOSS_SUM, 1, 1},
    {"two kernels, soft", LEARNED, PAPER, EACH, 2, 0, SNN_NEURON_LIF, SOFT, SNN_LOSS_MEAN, 1, 0},
    {"sparse", LEARNED, PAPER, EACH, 1, 3, SNN_NEURON_LIF, HARD, SNN_LOSS_MAX, 0, 1},
    {"adaptive", LEARNED, PAPER, EACH, 1, 0, SNN_NEURON_ADLIF, HARD, SNN_LOSS_SUM, 1, 0},
    {"filtered", LEARNED, CAUSAL, EACH, 1, 0, SNN_NEURON_CUBA, SOFT, SNN_LOSS_SPIKE_COUNT, 1, 0},
    {"axonal", LEARNED, PAPER, SNN_SHARING_AXONAL, 2, 0, SNN_NEURON_LIF, HARD, SNN_LOSS_SUM, 0, 0},
    {"dendritic", LEARNED, PAPER, SNN_SHARING_DENDRITIC, 1, 4, SNN_NEURON_LIF, HARD, SNN_LOSS_MEAN,
     0, 0},
    {"fixed", SNN_DELAYS_FIXED, PAPER, EACH, 1, 0, SNN_NEURON_LIF, HARD, SNN_LOSS_SPIKE_COUNT, 0,
     0},
    {"none", SNN_DELAYS_NONE, PAPER, EACH, 1, 0, SNN_NEURON_LIF, HARD, SNN_LOSS_SUM, 1, 1},
};

static snn_network_params params_of(const network_kind *kind)
{
    snn_network_params p;

    snn_network_params_init(&p);
    p.n_inputs = INPUTS;
    p.n_outputs = 4;
    p.n_hidden = 2;
    p.hidden[0] = 12;
    p.hidden[1] = 10;
    p.dropout = 0.4f; /* not in evaluation */
    p.fan_in = kind->fan_in;
    p.delay.mode = kind->mode;
    p.delay.padding = kind->padding;
    p.delay.sharing = kind->sharing;
    p.delay.kernel_count = kind->kernel_count;
    p.delay.max_delay = 7;
    p.neuron.model = kind->model;
    p.neuron.reset = kind->reset;
    p.loss = kind->loss;
    p.readout_threshold = 0.5f;
    p.batch_norm = kind->norm;
    p.bias = kind->bias;
    return p;
}

/* Large weights, on positions between the steps; statistics as if trained.  `one`: the number
 * whose tap has height 1, or 0 for weights of any kind. */
static void fill(snn_network *net, float one)
{
    const snn_key key = {7, SNN_STREAM_USER};
    snn_tensor t;

    for (size_t i = 0; snn_network_tensor_at(net, i, &t) == SNN_OK; i++) {
        float *x = t.data;
        const size_t n = snn_tensor_size(&t);

        for (size_t j = 0; t.dtype == SNN_F32 && j < n; j++) {
            const float u = snn_random_uniform(key, j, (uint32_t)i, 0);

            if (strstr(t.name, ".weight") != NULL && x[j] != 0.0f)
                x[j] = one > 0.0f ? ldexpf(u < 0.3f ? -one : one, -(int)(u * 30.0f) % 4)
                                  : 2.0f * u - 0.6f;
            if (strstr(t.name, ".bias") != NULL || strstr(t.name, ".mean") != NULL)
                x[j] = floorf(u * 32.0f) / 64.0f;
            if (strstr(t.name, ".variance") != NULL || strstr(t.name, ".gamma") != NULL)
                x[j] = 0.5f + u;
        }
    }
}

static void make_input(float *x)
{
    const snn_key key = {11, SNN_STREAM_USER};

    for (uint32_t i = 0; i < STEPS * INPUTS; i++)
        x[i] = (float)snn_random_below(key, i, 0, 0, 7) - 4.0f;
    for (uint32_t i = 0; i < STEPS * INPUTS; i++)
        x[i] = x[i] > 0.0f ? x[i] : 0.0f; /* 0 to 2 */
}

typedef struct {
    snn_context *ctx;
    snn_network *net;
    snn_tape *tape;
    float x[STEPS * INPUTS];
    uint32_t label;
} fixture;

static void open_fixture(fixture *f, const network_kind *kind, snn_kernel_version version,
                         bool exact)
{
    snn_network_params p = params_of(kind);
    snn_context_params context;
    snn_tape_params tape;
    snn_error err = {SNN_OK, "", ""};
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    snn_batch batch = {.batch = 1, .steps = STEPS, .x = f->x, .label = &f->label};
    double loss;
    uint32_t correct;

    p.delay.version = version;
    snn_context_params_init(&context);
    context.threads = 1;
    assert_int_equal(snn_context_create(&context, &f->ctx, NULL), SNN_OK);
    assert_int_equal(snn_network_create(f->ctx, &p, 3, &f->net, &err), SNN_OK);
    fill(f->net, !exact ? 0.0f : kind->mode == SNN_DELAYS_NONE ? 1.0f : 1.0f + 0x1p-23f);
    f->label = 1;
    make_input(f->x);
    snn_tape_params_init(&tape);
    tape.batch = 1;
    tape.steps = STEPS;
    tape.train = 0;
    tape.keep = 1;
    assert_int_equal(snn_tape_create(f->net, &tape, &f->tape, &err), SNN_OK);
    assert_int_equal(snn_forward(f->tape, &batch, &pass, &err), SNN_OK);
    assert_int_equal(snn_loss_forward(f->tape, &batch, &loss, &correct, &err), SNN_OK);
}

static void close_fixture(fixture *f)
{
    snn_tape_destroy(f->tape);
    snn_network_destroy(f->net);
    snn_context_destroy(f->ctx);
}

static const float *kept(const fixture *f, uint32_t layer, const char *what, size_t *n)
{
    snn_tensor t;
    char name[64];

    snprintf(name, sizeof name, "layer%u.%s", layer, what);
    assert_int_equal(snn_tape_tensor(f->tape, name, &t, NULL), SNN_OK);
    *n = snn_tensor_size(&t);
    return t.data;
}

static void compare_step(const fixture *f, const snn_live *live, uint32_t t, uint64_t *spikes)
{
    for (uint32_t l = 0; l < 3; l++) {
        const uint32_t width = l == 0 ? 12 : l == 1 ? 10 : 4;
        const float *got = snn_live_output(live, l);
        size_t n;
        const float *expected = kept(f, l, "output", &n);

        if ((size_t)t * width < n)
            assert_memory_equal(got, expected + (size_t)t * width, width * sizeof *got);
        for (uint32_t c = 0; l < 2 && c < width; c++)
            *spikes += got[c] != 0.0f;
    }
}

static void same_bits(void **state)
{
    (void)state;
    for (size_t k = 0; k < SNN_COUNT(kinds); k++) {
        fixture f;
        snn_live *live;
        snn_tensor logits;
        float scores[4];
        uint64_t spikes = 0;

        open_fixture(&f, &kinds[k], SNN_KERNEL_GAUSS, true);
        assert_int_equal(snn_live_create(f.net, &live, NULL), SNN_OK);
        for (int again = 0; again < 2; again++) {
            for (uint32_t t = 0; t < STEPS; t++) {
                assert_int_equal(snn_live_step(live, f.x + t * INPUTS), SNN_OK);
                compare_step(&f, live, t, &spikes);
            }
            assert_int_equal(snn_live_steps(live), STEPS);
            snn_live_finish(live);
            snn_live_finish(live);
            assert_int_equal(snn_live_steps(live), snn_network_output_steps(f.net, STEPS));
            assert_int_equal(snn_live_step(live, f.x), SNN_EINVAL);
            snn_live_scores(live, scores);
            assert_int_equal(snn_tape_tensor(f.tape, "logits", &logits, NULL), SNN_OK);
            if (memcmp(scores, logits.data, sizeof scores) != 0)
                fail_msg("%s: scores %g %g, expected %g %g", kinds[k].name, (double)scores[0],
                         (double)scores[1], (double)((float *)logits.data)[0],
                         (double)((float *)logits.data)[1]);
            assert_true(snn_live_operations(live) > 0);
            snn_live_reset(live);
            assert_int_equal(snn_live_operations(live), 0);
        }
        assert_true(spikes > 20 && spikes < 2 * STEPS * 20); /* neither silent nor all at once */
        snn_live_destroy(live);
        close_fixture(&f);
    }
}

static void near_scores(void **state)
{
    const snn_kernel_version versions[] = {SNN_KERNEL_GAUSS, SNN_KERNEL_MAX, SNN_KERNEL_V1};

    (void)state;
    for (size_t k = 0; k < 2 * SNN_COUNT(versions); k++) {
        fixture f;
        snn_live *live;
        snn_tensor logits;
        float scores[4];

        open_fixture(&f, &kinds[k % 2], versions[k / 2], false);
        assert_int_equal(snn_live_create(f.net, &live, NULL), SNN_OK);
        for (uint32_t t = 0; t < STEPS; t++)
            assert_int_equal(snn_live_step(live, f.x + t * INPUTS), SNN_OK);
        snn_live_finish(live);
        snn_live_scores(live, scores);
        assert_int_equal(snn_tape_tensor(f.tape, "logits", &logits, NULL), SNN_OK);
        for (uint32_t c = 0; c < 4; c++)
            assert_true(fabsf(scores[c] - ((float *)logits.data)[c]) <= 1e-4f);
        snn_live_destroy(live);
        close_fixture(&f);
    }
}

/* A frame left out is a silent one; no frames, no scores. */
static void silence(void **state)
{
    fixture f;
    snn_live *live;
    float zeros[INPUTS] = {0}, a[4], b[4];

    (void)state;
    open_fixture(&f, &kinds[1], SNN_KERNEL_GAUSS, false);
    assert_int_equal(snn_live_create(f.net, &live, NULL), SNN_OK);
    snn_live_scores(live, a);
    assert_true(a[0] == 0.0f && a[3] == 0.0f);
    for (int way = 0; way < 2; way++) {
        snn_live_reset(live);
        for (uint32_t t = 0; t < 6; t++)
            assert_int_equal(snn_live_step(live, t % 3 != 1 ? f.x + t * INPUTS
                                                 : way == 0 ? NULL
                                                            : zeros),
                             SNN_OK);
        snn_live_scores(live, way == 0 ? a : b);
    }
    assert_memory_equal(a, b, sizeof a);
    assert_null(snn_live_output(live, 3));
    snn_live_destroy(live);
    snn_live_destroy(NULL);
    close_fixture(&f);
}

static void failed_memory(void **state)
{
    static failing_allocator heap = {.fail_at = -1};
    const snn_network_params p = params_of(&kinds[4]);
    snn_context *ctx;
    snn_network *net;
    snn_live *live = NULL;
    snn_status st = SNN_ENOMEM;
    int failures = 0;

    (void)state;
    assert_int_equal(failing_context(&heap, 1, &ctx), SNN_OK);
    assert_int_equal(snn_network_create(ctx, &p, 3, &net, NULL), SNN_OK);
    while (st != SNN_OK) {
        const size_t held = snn_context_bytes(ctx);
        snn_error err = {SNN_OK, "", ""};

        heap.fail_at = heap.calls + failures;
        st = snn_live_create(net, &live, &err);
        heap.fail_at = -1;
        if (st == SNN_OK)
            break;
        assert_int_equal(st, SNN_ENOMEM);
        assert_string_equal(err.where, "live");
        assert_null(live);
        assert_int_equal(snn_context_bytes(ctx), held);
        failures++;
    }
    assert_true(failures > 30);
    snn_live_destroy(live);
    snn_network_destroy(net);
    snn_context_destroy(ctx);
    assert_true(heap.held == 0 && heap.broken == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits),
        cmocka_unit_test(near_scores),
        cmocka_unit_test(silence),
        cmocka_unit_test(failed_memory),
    };

    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
