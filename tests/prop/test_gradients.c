/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gradients against differences of the loss.  A spike has no derivative, so the
 * network runs `smooth`: the surrogate's integral takes the spike's place, and with
 * it the backward pass is the exact derivative of the forward one.
 *
 * For a direction u (unit length; random, and the gradient's own) and a step e
 *
 *     D(e) = (L(+e u) - L(-e u)) / 2e  =  <g, u> + O(e^2)
 *
 * and R(e) = (4 D(e/2) - D(e)) / 3 is free of the e^2 term.  R(e/2) is compared; what
 * it still lacks is less than it moved, |R(e) - R(e/2)|, and the rounding of the
 * losses: their scores are floats of a size S after chains of sums, 4 U (1 + S), as a
 * difference over a quarter of e.  The triangle's slope has corners: there twice that
 * is allowed.  The loss `max` jumps where the largest step changes: steps are smaller,
 * and directions in which one does are left out.  A bound that exceeds 5 % of |g|
 * tells nothing; such directions, and those left out, are counted and must be few.
 */
#include "tests/cmocka_all.h"

#include "snn/base/base.h"

#include <snn/network.h>

#define U       0x1p-24
#define STEPS   11
#define BATCH   4
#define INPUTS  5
#define CLASSES 3

typedef struct {
    const char *name;
    snn_surrogate surrogate;
    snn_reset reset;
    snn_loss loss;
    snn_kernel_version version;
    snn_delay_mode mode;
    snn_padding padding;
    snn_solver solver;
    snn_sharing sharing;
    uint32_t kernel_count, fan_in;
    float v_reset, dropout, sigma;
    bool decay_input, no_norm, bias, mask_padding, mixed;
    snn_neuron_model model;
    bool fixed_tau;
} variant;

static const variant variants[] = {
    {.name = "published"},
    {.name = "sigmoid", .surrogate = SNN_SURROGATE_SIGMOID},
    {.name = "triangle", .surrogate = SNN_SURROGATE_TRIANGLE},
    {.name = "soft reset", .reset = SNN_RESET_SOFT},
    {.name = "soft reset, sigmoid", .reset = SNN_RESET_SOFT, .surrogate = SNN_SURROGATE_SIGMOID},
    {.name = "reset below rest", .v_reset = -0.4f, .no_norm = true},
    {.name = "decay of the input", .decay_input = true},
    {.name = "decay of the input, soft, triangle",
     .decay_input = true,
     .reset = SNN_RESET_SOFT,
     .surrogate = SNN_SURROGATE_TRIANGLE},
    {.name = "mixed labels", .mixed = true},
    {.name = "mixed labels, loss mean", .mixed = true, .loss = SNN_LOSS_MEAN},
    {.name = "loss mean", .loss = SNN_LOSS_MEAN},
    {.name = "loss max", .loss = SNN_LOSS_MAX, .padding = SNN_PADDING_CAUSAL},
    {.name = "loss spike_count", .loss = SNN_LOSS_SPIKE_COUNT},
    {.name = "loss spike_count, soft reset", .loss = SNN_LOSS_SPIKE_COUNT, .reset = SNN_RESET_SOFT},
    {.name = "no norm", .no_norm = true},
    {.name = "no norm, bias", .no_norm = true, .bias = true},
    {.name = "bias and norm", .bias = true},
    {.name = "mask", .mask_padding = true},
    {.name = "mask, loss mean", .mask_padding = true, .loss = SNN_LOSS_MEAN},
    {.name = "mask, loss max, causal",
     .mask_padding = true,
     .loss = SNN_LOSS_MAX,
     .padding = SNN_PADDING_CAUSAL},
    {.name = "mask, loss spike_count", .mask_padding = true, .loss = SNN_LOSS_SPIKE_COUNT},
    {.name = "mask, no norm, bias", .mask_padding = true, .no_norm = true, .bias = true},
    {.name = "max", .version = SNN_KERNEL_MAX},
    {.name = "v1", .version = SNN_KERNEL_V1},
    {.name = "v0", .version = SNN_KERNEL_V0},
    {.name = "two kernels", .kernel_count = 2},
    {.name = "three kernels, max", .kernel_count = 3, .version = SNN_KERNEL_MAX},
    {.name = "fft", .solver = SNN_SOLVER_FFT},
    {.name = "fft, causal, two kernels",
     .solver = SNN_SOLVER_FFT,
     .padding = SNN_PADDING_CAUSAL,
     .kernel_count = 2},
    {.name = "taps", .solver = SNN_SOLVER_TAPS},
    {.name = "taps, narrow gauss", .solver = SNN_SOLVER_TAPS, .sigma = 0.1f, .kernel_count = 2},
    {.name = "taps, v1, causal",
     .solver = SNN_SOLVER_TAPS,
     .version = SNN_KERNEL_V1,
     .padding = SNN_PADDING_CAUSAL},
    {.name = "taps, sparse, v0", .solver = SNN_SOLVER_TAPS, .version = SNN_KERNEL_V0, .fan_in = 3},
    {.name = "event", .solver = SNN_SOLVER_EVENT},
    {.name = "event, narrow gauss, dropout",
     .solver = SNN_SOLVER_EVENT,
     .sigma = 0.1f,
     .dropout = 0.4f},
    {.name = "event, v1, two kernels, causal",
     .solver = SNN_SOLVER_EVENT,
     .version = SNN_KERNEL_V1,
     .kernel_count = 2,
     .padding = SNN_PADDING_CAUSAL},
    {.name = "event, sparse, v0",
     .solver = SNN_SOLVER_EVENT,
     .version = SNN_KERNEL_V0,
     .fan_in = 3},
    {.name = "event, fixed delays", .solver = SNN_SOLVER_EVENT, .mode = SNN_DELAYS_FIXED},
    {.name = "dropout", .dropout = 0.4f},
    {.name = "dropout, mask, soft", .dropout = 0.4f, .mask_padding = true, .reset = SNN_RESET_SOFT},
    {.name = "fixed delays", .mode = SNN_DELAYS_FIXED},
    {.name = "sparse", .fan_in = 3},
    {.name = "sparse, two kernels, max, causal",
     .fan_in = 2,
     .kernel_count = 2,
     .version = SNN_KERNEL_MAX,
     .padding = SNN_PADDING_CAUSAL},
    {.name = "axonal", .sharing = SNN_SHARING_AXONAL},
    {.name = "dendritic", .sharing = SNN_SHARING_DENDRITIC},
    {.name = "axonal, two kernels, max, causal",
     .sharing = SNN_SHARING_AXONAL,
     .kernel_count = 2,
     .version = SNN_KERNEL_MAX,
     .padding = SNN_PADDING_CAUSAL},
    {.name = "dendritic, two kernels, v1, mask",
     .sharing = SNN_SHARING_DENDRITIC,
     .kernel_count = 2,
     .version = SNN_KERNEL_V1,
     .mask_padding = true},
    {.name = "axonal, sparse, v0",
     .sharing = SNN_SHARING_AXONAL,
     .fan_in = 3,
     .version = SNN_KERNEL_V0},
    {.name = "dendritic, sparse, bias, dropout",
     .sharing = SNN_SHARING_DENDRITIC,
     .fan_in = 3,
     .bias = true,
     .dropout = 0.4f},
    {.name = "axonal, fixed delays", .sharing = SNN_SHARING_AXONAL, .mode = SNN_DELAYS_FIXED},
    {.name = "no delays", .mode = SNN_DELAYS_NONE, .kernel_count = 2},
    {.name = "adlif", .model = SNN_NEURON_ADLIF},
    {.name = "adlif, soft, sigmoid",
     .model = SNN_NEURON_ADLIF,
     .reset = SNN_RESET_SOFT,
     .surrogate = SNN_SURROGATE_SIGMOID},
    {.name = "adlif, triangle, no norm, bias",
     .model = SNN_NEURON_ADLIF,
     .surrogate = SNN_SURROGATE_TRIANGLE,
     .no_norm = true,
     .bias = true},
    {.name = "adlif, dropout, mask, loss spike_count",
     .model = SNN_NEURON_ADLIF,
     .dropout = 0.4f,
     .mask_padding = true,
     .loss = SNN_LOSS_SPIKE_COUNT},
    {.name = "adlif, fixed time constants", .model = SNN_NEURON_ADLIF, .fixed_tau = true},
    {.name = "cuba", .model = SNN_NEURON_CUBA},
    {.name = "cuba, soft, decay of the input",
     .model = SNN_NEURON_CUBA,
     .reset = SNN_RESET_SOFT,
     .decay_input = true},
    {.name = "cuba, reset below rest, dropout, loss spike_count",
     .model = SNN_NEURON_CUBA,
     .v_reset = -0.4f,
     .dropout = 0.4f,
     .loss = SNN_LOSS_SPIKE_COUNT},
};

typedef struct {
    const variant *variant;
    snn_context *ctx;
    snn_network *net;
    snn_tape *tape;
    float x[STEPS * BATCH * INPUTS];
    uint32_t label[BATCH], length[BATCH], sample[BATCH], label2[BATCH];
    float mix[BATCH];
    snn_batch batch;
    size_t vague, directions;
} bench;

static snn_network_params params_of(const variant *v)
{
    snn_network_params p;

    snn_network_params_init(&p);
    p.n_inputs = INPUTS;
    p.n_outputs = CLASSES;
    p.n_hidden = 2;
    p.hidden[0] = 7;
    p.hidden[1] = 6;
    p.fan_in = v->fan_in;
    p.time_step_ms = 10.0f;
    p.delay.version = v->version;
    p.delay.mode = v->mode;
    p.delay.padding = v->padding;
    p.delay.solver = v->solver;
    p.delay.sharing = v->sharing;
    p.delay.max_delay = v->sigma > 0.0f ? 11 : 5; /* narrow windows of many delays */
    p.delay.kernel_count = v->kernel_count > 0 ? v->kernel_count : 1;
    p.neuron.tau_ms = 22.0f;
    p.neuron.v_threshold = 0.8f;
    p.neuron.v_reset = v->v_reset;
    p.neuron.reset = v->reset;
    p.neuron.decay_input = v->decay_input;
    p.neuron.detach_reset = 0;
    p.neuron.surrogate = v->surrogate;
    p.neuron.surrogate_alpha = v->surrogate == SNN_SURROGATE_TRIANGLE ? 0.5f : 2.0f;
    p.neuron.smooth = 1;
    p.neuron.model = v->model;
    p.neuron.tau_syn_ms = 13.0f;
    p.neuron.tau_u_min_ms = 15.0f;
    p.neuron.tau_u_max_ms = 60.0f;
    p.neuron.tau_w_min_ms = 30.0f;
    p.neuron.tau_w_max_ms = 200.0f;
    p.neuron.q = 3.0f;
    p.neuron.train_tau = !v->fixed_tau;
    if (v->model == SNN_NEURON_ADLIF)
        p.neuron.v_threshold = 0.4f; /* its input has a factor below 1 */
    p.loss = v->loss;
    p.readout_threshold = 0.6f;
    p.batch_norm = !v->no_norm;
    p.bias = v->bias;
    p.mask_padding = v->mask_padding;
    p.dropout = v->dropout;
    return p;
}

static float *network_tensor(const bench *b, const char *name, size_t *n)
{
    snn_tensor tensor;

    if (snn_network_tensor(b->net, name, &tensor, NULL) != SNN_OK)
        return NULL;
    *n = snn_tensor_size(&tensor);
    return tensor.data;
}

/* Positions away from where max, v1 and v0 have corners (whole steps, and sigma
 * = 1/2 beyond), sigmas of both signs. */
static void draw(bench *b, uint64_t *random)
{
    char name[32];
    size_t n = 0;

    for (uint32_t l = 0; l < 3; l++) {
        float *values;

        snprintf(name, sizeof name, "layer%u.position", l);
        values = network_tensor(b, name, &n);
        for (size_t i = 0; b->variant->mode == SNN_DELAYS_LEARNED && i < n; i++)
            values[i] =
                floorf(test_uniform(random, -2.0f, 2.0f)) + test_uniform(random, 0.15f, 0.35f);
        snprintf(name, sizeof name, "layer%u.sigma", l);
        values = network_tensor(b, name, &n);
        for (size_t i = 0; b->variant->mode == SNN_DELAYS_LEARNED && i < n; i++)
            values[i] =
                (i % 3 == 0 ? -1.0f : 1.0f) * (b->variant->sigma > 0.0f ? b->variant->sigma : 0.5f);
        snprintf(name, sizeof name, "layer%u.bias", l);
        values = network_tensor(b, name, &n);
        for (size_t i = 0; values != NULL && i < n; i++)
            values[i] = test_uniform(random, -0.3f, 0.3f);
        snprintf(name, sizeof name, "layer%u.gamma", l);
        values = network_tensor(b, name, &n);
        for (size_t i = 0; values != NULL && i < n; i++)
            values[i] = test_uniform(random, 0.5f, 1.5f);
        snprintf(name, sizeof name, "layer%u.beta", l);
        values = network_tensor(b, name, &n);
        for (size_t i = 0; values != NULL && i < n; i++)
            values[i] = test_uniform(random, -0.2f, 0.6f);
    }
    for (size_t i = 0; i < STEPS * BATCH * INPUTS; i++)
        b->x[i] = test_uniform(random, 0.0f, 1.5f);
    for (uint32_t i = 0; i < BATCH; i++) {
        b->label[i] = i % CLASSES;
        b->length[i] = STEPS - 3 * i; /* 11, 8, 5, 2 */
        b->sample[i] = 100 + 7 * i;
        b->label2[i] = (i + 2) % CLASSES;
        b->mix[i] = 0.3f * (float)i; /* 0, .3, .6, .9 */
    }
    b->batch = (snn_batch){.batch = BATCH,
                           .steps = STEPS,
                           .x = b->x,
                           .label = b->label,
                           .length = b->length,
                           .sample = b->sample,
                           .label2 = b->variant->mixed ? b->label2 : NULL,
                           .mix = b->variant->mixed ? b->mix : NULL};
}

static double loss_of(bench *b)
{
    const snn_pass pass = {.mode = SNN_MODE_TRAIN, .seed = 3, .epoch = 2};
    uint32_t correct;
    double loss;

    assert_int_equal(snn_forward(b->tape, &b->batch, &pass, NULL), SNN_OK);
    assert_int_equal(snn_loss_forward(b->tape, &b->batch, &loss, &correct, NULL), SNN_OK);
    return loss;
}

/* With the loss `max`: where the read-out's peaks are; it jumps when one moves. */
static uint64_t peaks(const bench *b)
{
    const uint32_t grown = (snn_network_output_steps(b->net, STEPS) - STEPS);
    uint64_t hash = 0;
    snn_tensor output;
    const float *v;

    if (b->variant->loss != SNN_LOSS_MAX)
        return 0;
    assert_int_equal(snn_tape_tensor(b->tape, "layer2.output", &output, NULL), SNN_OK);
    v = output.data;
    for (size_t j = 0; j < BATCH * CLASSES; j++) {
        const size_t steps = (b->variant->mask_padding ? b->length[j / CLASSES] : STEPS) + grown;
        size_t best = 0;

        for (size_t t = 1; t < steps; t++)
            if (v[t * BATCH * CLASSES + j] > v[best * BATCH * CLASSES + j])
                best = t;
        hash = hash * 31 + best;
    }
    return hash;
}

/* Largest score: losses are rounded in proportion to it. */
static double score_size(const bench *b)
{
    snn_tensor logits;
    double top = 0.0;

    assert_int_equal(snn_tape_tensor(b->tape, "logits", &logits, NULL), SNN_OK);
    for (size_t i = 0; i < snn_tensor_size(&logits); i++)
        top = fmax(top, fabs((double)((float *)logits.data)[i]));
    return top;
}

/* The slope of the loss along `direction`, from values that floats can hold. */
static double slope(bench *b, float *values, const float *at, const double *direction, size_t n,
                    double e)
{
    double loss[2], length = 0.0;
    uint64_t where[2];

    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            values[i] = (float)((double)at[i] + (side == 0 ? e : -e) * direction[i]);
        loss[side] = loss_of(b);
        where[side] = peaks(b);
    }
    /* Length of the step really made, along the direction. */
    for (size_t i = 0; i < n; i++)
        length += direction[i] * ((double)(float)((double)at[i] + e * direction[i]) -
                                  (double)(float)((double)at[i] - e * direction[i]));
    memcpy(values, at, n * sizeof *values);
    if (where[0] != where[1])
        return NAN;
    return (loss[0] - loss[1]) / length;
}

/* Leave a direction only what exists: a missing synapse has no gradient by definition. */
static void clear_missing(const bench *b, const char *name, double *direction, size_t n)
{
    snn_tensor mask;
    char mask_name[64];

    if (strstr(name, ".weight") == NULL && strstr(name, ".position") == NULL &&
        strstr(name, ".sigma") == NULL)
        return;
    snprintf(mask_name, sizeof mask_name, "%.6s.mask", name);
    if (snn_network_tensor(b->net, mask_name, &mask, NULL) != SNN_OK ||
        n % snn_tensor_size(&mask) != 0) /* positions of neurons all exist */
        return;
    for (size_t i = 0; i < n; i++)
        if (((const uint8_t *)mask.data)[i % snn_tensor_size(&mask)] == 0)
            direction[i] = 0.0;
}

static bool has_corners(const variant *v)
{
    return v->surrogate == SNN_SURROGATE_TRIANGLE;
}

static void check_tensor(bench *b, const char *name, float *values, const float *gradient, size_t n,
                         uint64_t *random, uint64_t seed)
{
    double *direction = malloc(n * sizeof *direction), size = 0.0;
    float *at = malloc(n * sizeof *at);
    const double e = b->variant->loss == SNN_LOSS_MAX ? 0.004 : 0.02;
    const double rounding = 4.0 * U * (1.0 + score_size(b)) / (e / 4.0);

    memcpy(at, values, n * sizeof *at);
    for (size_t i = 0; i < n; i++)
        size += (double)gradient[i] * (double)gradient[i];
    size = sqrt(size);
    for (int k = 0; k < 4; k++) {
        double length = 0.0, claimed = 0.0, d[3], best, moved, bound;

        for (size_t i = 0; i < n; i++)
            direction[i] = k == 0 && size > 0.0 ? (double)gradient[i]
                                                : (double)test_uniform(random, -1.0f, 1.0f);
        clear_missing(b, name, direction, n);
        for (size_t i = 0; i < n; i++)
            length += direction[i] * direction[i];
        for (size_t i = 0; i < n; i++) {
            direction[i] /= sqrt(length);
            claimed += direction[i] * (double)gradient[i];
        }
        for (int i = 0; i < 3; i++)
            d[i] = slope(b, values, at, direction, n, e / (1 << i));
        b->directions++;
        if (isnan(d[0]) || isnan(d[1]) || isnan(d[2])) {
            b->vague++;
            continue;
        }
        best = (4.0 * d[2] - d[1]) / 3.0;
        moved = fabs(best - (4.0 * d[1] - d[0]) / 3.0);
        bound = (has_corners(b->variant) ? 2.0 : 1.0) * moved + 2.0 * rounding;
        b->vague += size > 0.0 && bound > 0.05 * size;
        if (!(fabs(best - claimed) <= bound))
            fail_msg("%s: %s, direction %d: slope %.6g, gradient %.6g, bound %.2g, |g| %.3g, seed "
                     "%" PRIu64,
                     b->variant->name, name, k, best, claimed, bound, size, seed);
    }
    free(direction);
    free(at);
}

static void check_variant(void **state)
{
    const variant *v = *state;
    static const char *const kinds[] = {"weight", "position", "sigma", "bias",  "gamma",
                                        "beta",   "a",        "b",     "tau_u", "tau_w"};
    const uint64_t seed = test_seed(31);
    const snn_network_params params = params_of(v);
    uint64_t random = seed;
    snn_tape_params tape_params;
    bench b = {.variant = v};
    float *gradients[3 * SNN_COUNT(kinds) + 1], *values[SNN_COUNT(gradients)];
    char names[SNN_COUNT(gradients)][64];
    size_t sizes[SNN_COUNT(gradients)], n = 0;
    snn_tensor tensor;

    assert_int_equal(snn_context_create(NULL, &b.ctx, NULL), SNN_OK);
    assert_int_equal(snn_network_create(b.ctx, &params, 9, &b.net, NULL), SNN_OK);
    snn_tape_params_init(&tape_params);
    tape_params.batch = BATCH;
    tape_params.steps = STEPS;
    tape_params.keep = tape_params.input_gradient = 1;
    assert_int_equal(snn_tape_create(b.net, &tape_params, &b.tape, NULL), SNN_OK);
    draw(&b, &random);
    loss_of(&b);
    assert_int_equal(snn_backward(b.tape, NULL), SNN_OK);
    /* Copies: later passes go through the same tape. */
    for (uint32_t l = 0; l <= 3; l++) {
        for (size_t k = 0; k < (l < 3 ? SNN_COUNT(kinds) : 1); k++) {
            char grad[80];

            snprintf(names[n], sizeof names[n], l < 3 ? "layer%u.%s" : "input", l, kinds[k]);
            if (l < 3 && v->mode != SNN_DELAYS_LEARNED && (k == 1 || k == 2))
                continue; /* frozen */
            if (v->fixed_tau && strncmp(kinds[k], "tau_", 4) == 0)
                continue;
            values[n] = l < 3 ? network_tensor(&b, names[n], &sizes[n]) : b.x;
            if (values[n] == NULL)
                continue;
            snprintf(grad, sizeof grad, "grad.%s", names[n]);
            assert_int_equal(snn_tape_tensor(b.tape, grad, &tensor, NULL), SNN_OK);
            sizes[n] = snn_tensor_size(&tensor);
            gradients[n] = malloc(sizes[n] * sizeof **gradients);
            memcpy(gradients[n], tensor.data, sizes[n] * sizeof **gradients);
            n++;
        }
    }
    assert_true(n >= 3);
    for (size_t i = 0; i < n; i++)
        check_tensor(&b, names[i], values[i], gradients[i], sizes[i], &random, seed);
    print_message("# %zu directions, %zu of them vague\n", b.directions, b.vague);
    assert_true(4 * b.vague <= (v->loss == SNN_LOSS_MAX ? 3 : 1) * b.directions);
    for (size_t i = 0; i < n; i++)
        free(gradients[i]);
    snn_tape_destroy(b.tape);
    snn_network_destroy(b.net);
    snn_context_destroy(b.ctx);
}

int main(void)
{
    static struct CMUnitTest tests[SNN_COUNT(variants)];

    for (size_t i = 0; i < SNN_COUNT(variants); i++)
        tests[i] = (struct CMUnitTest){.name = variants[i].name,
                                       .test_func = check_variant,
                                       .initial_state = (void *)(uintptr_t)&variants[i]};
    return _cmocka_run_group_tests("gradients", tests, SNN_COUNT(variants), NULL, NULL);
}
