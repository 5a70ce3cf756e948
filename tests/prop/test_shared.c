/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delays that neurons share (snn/delay/shared.h) are the full kernel
 *
 *     K[d][o][i] = sum_m w[m][o][i] bump[d][m][i]     (axonal; dendritic: bump[d][m][o])
 *
 * and nothing else: output and all gradients equal those of synapses that have a position
 * each, where those positions are equal, through the solver `direct`; the gradient of a shared
 * position is the sum over its synapses.
 *
 * Bound.  Both ways add the same products in different order, bumps have the same bits.
 * With n terms in the longest chain each is off by n U times the sum of absolute values,
 * which the full way computes when all its inputs are made positive.  A position's gradient
 * is linear in that of the taps: n times what tests/taps_bound.h allows for its own
 * operations (at least U times every value in it) covers the error it is given.
 * Each test also demands 1e-5 of the largest value, which a wrong tap breaks.
 *
 * Invariant I1 (for shared delays): the same bits with 1, 2 and 3 threads.
 */
#include "tests/taps_bound.h"

#include "snn/delay/synapse.h"

typedef struct {
    const char *name;
    snn_sharing sharing;
    snn_kernel_version version;
    bool causal, one_hot, sparse;
    uint32_t n_in, n_out, n_taps, elements, batch, steps; /* as run .. */
    uint32_t more_batch, more_steps;                      /* .. and planned for so many more */
} shape;

#define A SNN_SHARING_AXONAL
#define D SNN_SHARING_DENDRITIC
static const shape shapes[] = {
    {"axonal", A, SNN_KERNEL_GAUSS, false, false, false, 20, 33, 9, 1, 5, 14, 0, 0},
    {"dendritic", D, SNN_KERNEL_GAUSS, false, false, false, 20, 33, 9, 1, 5, 14, 0, 0},
    {"axonal, max, two kernels, smaller", A, SNN_KERNEL_MAX, false, false, false, 65, 7, 5, 2, 3,
     10, 2, 3},
    {"dendritic, max, two kernels, smaller", D, SNN_KERNEL_MAX, false, false, false, 7, 65, 5, 2, 3,
     10, 2, 3},
    {"axonal, v1, causal", A, SNN_KERNEL_V1, true, false, false, 17, 16, 7, 3, 33, 12, 4, 0},
    {"dendritic, v1, causal", D, SNN_KERNEL_V1, true, false, false, 17, 16, 7, 3, 33, 12, 4, 0},
    {"axonal, v0, shorter than taps", A, SNN_KERNEL_V0, false, false, false, 4, 5, 25, 1, 2, 6, 0,
     0},
    {"dendritic, v0, shorter than taps", D, SNN_KERNEL_V0, true, false, false, 4, 5, 25, 1, 2, 6, 0,
     0},
    {"axonal, rounded", A, SNN_KERNEL_GAUSS, false, true, false, 20, 33, 9, 2, 5, 14, 0, 0},
    {"dendritic, rounded", D, SNN_KERNEL_GAUSS, true, true, false, 20, 33, 9, 2, 5, 14, 0, 0},
    {"axonal, sparse", A, SNN_KERNEL_GAUSS, false, false, true, 20, 33, 9, 2, 5, 14, 0, 0},
    {"dendritic, sparse", D, SNN_KERNEL_GAUSS, true, false, true, 20, 33, 9, 2, 5, 14, 0, 0},
    {"axonal, one of each", A, SNN_KERNEL_GAUSS, false, false, false, 1, 1, 1, 1, 1, 1, 0, 0},
    {"dendritic, many samples", D, SNN_KERNEL_GAUSS, false, false, false, 3, 2, 3, 1, 70, 20, 0, 0},
};
#undef A
#undef D

/* One layer with its arrays. */
typedef struct {
    snn_synapse synapse;
    snn_context *ctx;
    float *scratch;
    float *weight, *position, *sigma, *g_weight, *g_position, *g_sigma; /* [M][..] */
    float *g_kernel, *x, *gx, *y, *gy;
    uint8_t *mask;
    size_t synapses, delays, nx, ny;
} layer;

static float *array(size_t n)
{
    float *a = calloc(n + 1, sizeof *a);

    assert_non_null(a);
    return a;
}

static layer layer_new(const shape *s, snn_sharing sharing, int threads)
{
    const size_t columns = snn_synapse_columns(s->n_in, s->n_out, s->elements, sharing);
    snn_context_params context;
    snn_delay_problem problem = {.n_in = s->n_in,
                                 .n_out = s->n_out,
                                 .n_taps = s->n_taps,
                                 .elements = s->elements,
                                 .width = s->n_taps,
                                 .density = 1.0f,
                                 .causal = s->causal,
                                 .batch = s->batch + s->more_batch,
                                 .steps = s->steps + s->more_steps,
                                 .train = true,
                                 .input_gradient = true,
                                 .costs = snn_costs_of("avx2")};
    layer a = {.synapses = (size_t)s->n_in * s->n_out};
    snn_taps taps = {.version = s->version, .elements = s->elements};

    snn_context_params_init(&context);
    context.threads = threads;
    assert_int_equal(snn_context_create(&context, &a.ctx, NULL), SNN_OK);
    a.ctx->always_parallel = true;
    a.delays = sharing == SNN_SHARING_SYNAPSE ? a.synapses : columns / s->elements;
    a.nx = (size_t)s->steps * s->batch * s->n_in;
    a.ny = (size_t)snn_delay_steps_out(&problem, s->steps) * s->batch * s->n_out;
    taps.weight = a.weight = array(s->elements * a.synapses);
    taps.g_weight = a.g_weight = array(s->elements * a.synapses);
    taps.position = a.position = array(s->elements * a.delays);
    taps.g_position = a.g_position = array(s->elements * a.delays);
    taps.sigma = a.sigma = array(s->elements * a.delays);
    taps.g_sigma = a.g_sigma = array(s->elements * a.delays);
    a.g_kernel = array(s->n_taps * columns);
    a.x = array(a.nx);
    a.gx = array(a.nx);
    a.y = array(a.ny);
    a.gy = array(a.ny);
    a.mask = calloc(a.synapses, 1);
    for (size_t i = 0; i < a.synapses; i++)
        a.mask[i] = i % 3 == 0;
    if (s->sparse)
        problem.mask = a.mask;
    assert_int_equal(
        snn_synapse_init(&a.synapse, a.ctx, &problem, sharing,
                         sharing == SNN_SHARING_SYNAPSE ? SNN_SOLVER_DIRECT : SNN_SOLVER_AUTO,
                         &taps, NULL),
        SNN_OK);
    a.scratch = array(snn_synapse_scratch_floats(&a.synapse));
    snn_synapse_lend_scratch(&a.synapse, a.scratch);
    a.synapse.g_kernel = a.g_kernel;
    return a;
}

static void layer_end(layer *a)
{
    float *const blocks[] = {
        a->weight, a->position, a->sigma, a->g_weight, a->g_position, a->g_sigma,      a->g_kernel,
        a->x,      a->gx,       a->y,     a->gy,       a->scratch,    (float *)a->mask};

    snn_synapse_clear(&a->synapse);
    for (size_t i = 0; i < SNN_COUNT(blocks); i++)
        free(blocks[i]);
    assert_int_equal(snn_context_bytes(a->ctx), 0);
    snn_context_destroy(a->ctx);
}

/* Forward and backward; whatever another layer leaves in the scratch in between. */
static void run(layer *a, const shape *s)
{
    const snn_frames x = {.batch = s->batch, .steps = s->steps, .dense = a->x};
    const size_t scratch = snn_synapse_scratch_floats(&a->synapse);

    for (size_t i = 0; i < scratch; i++)
        a->scratch[i] = NAN;
    snn_synapse_begin(&a->synapse, s->batch, s->steps);
    snn_synapse_build(&a->synapse, s->one_hot);
    snn_synapse_forward(&a->synapse, &x, a->y);
    for (size_t i = 0; i < scratch; i++)
        a->scratch[i] = NAN;
    snn_synapse_kernel_gradient(&a->synapse, &x, a->gy);
    snn_synapse_collect(&a->synapse);
    snn_synapse_input_gradient(&a->synapse, a->gy, a->gx, false);
}

static void fill(float *a, size_t n, uint64_t *state, float low, float high)
{
    for (size_t i = 0; i < n; i++)
        a[i] = test_uniform(state, low, high);
}

/* Positions off the corners of max and v1, where a gradient jumps. */
static void draw(layer *a, const shape *s, uint64_t seed)
{
    const float centre = (float)(s->n_taps / 2);
    uint64_t state = seed;

    fill(a->weight, s->elements * a->synapses, &state, -1.0f, 1.0f);
    for (size_t i = 0; s->sparse && i < s->elements * a->synapses; i++)
        a->weight[i] *= a->mask[i % a->synapses];
    for (size_t i = 0; i < s->elements * a->delays; i++) {
        a->position[i] = floorf(test_uniform(&state, -centre, centre)) + 0.28125f;
        a->sigma[i] = i % 3 == 0 ? -0.4375f : 1.4375f;
    }
    fill(a->x, a->nx, &state, -1.0f, 1.0f);
    fill(a->gy, a->ny, &state, -1.0f, 1.0f);
}

/* The delay that synapse s has from its neuron. */
static size_t owner(const shape *s, size_t synapse)
{
    return s->sharing == SNN_SHARING_AXONAL ? synapse % s->n_in : synapse / s->n_in;
}

/* Every synapse with a position of its own, equal to the shared one. */
static void expand(layer *full, const layer *shared, const shape *s)
{
    memcpy(full->weight, shared->weight, s->elements * full->synapses * sizeof(float));
    for (size_t m = 0; m < s->elements; m++) {
        for (size_t i = 0; i < full->synapses; i++) {
            const size_t at = m * shared->delays + owner(s, i);

            full->position[m * full->synapses + i] = shared->position[at];
            full->sigma[m * full->synapses + i] = shared->sigma[at];
        }
    }
    memcpy(full->x, shared->x, full->nx * sizeof(float));
    memcpy(full->gy, shared->gy, full->ny * sizeof(float));
}

static void make_positive(layer *a, const shape *s)
{
    for (size_t i = 0; i < s->elements * a->synapses; i++)
        a->weight[i] = fabsf(a->weight[i]);
    for (size_t i = 0; i < a->nx; i++)
        a->x[i] = fabsf(a->x[i]);
    for (size_t i = 0; i < a->ny; i++)
        a->gy[i] = fabsf(a->gy[i]);
}

static double top_of(const float *a, size_t n)
{
    double top = 0.0;

    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs((double)a[i]));
    return top;
}

static void near(const char *what, const float *got, const float *expected, const float *size,
                 size_t n, double terms)
{
    const double top = top_of(expected, n);

    for (size_t i = 0; i < n; i++) {
        const double bound = 2.02 * terms * U * (double)size[i] + TINY;
        const double off = fabs((double)got[i] - (double)expected[i]);

        if (!(off <= bound && off <= 1e-5 * top + TINY))
            fail_msg("%s[%zu]: %.9g, not %.9g, bound %.2g", what, i, (double)got[i],
                     (double)expected[i], bound);
    }
}

/* Sums over synapses of positions' (1) or sigmas' (2) gradients, with their bounds. */
static void near_delays(const layer *shared, const layer *full, const layer *positive,
                        const shape *s, int power, double terms)
{
    const float *got = power == 1 ? shared->g_position : shared->g_sigma;
    const float *parts = power == 1 ? full->g_position : full->g_sigma;
    const double top = top_of(got, s->elements * shared->delays);

    for (size_t m = 0; m < s->elements; m++) {
        for (size_t c = 0; c < shared->delays; c++) {
            double sum = 0.0, allowed = TINY;

            for (size_t i = 0; i < full->synapses; i++) {
                const size_t at = m * full->synapses + i;
                double upstream[BOUND_TAPS], bound[3];
                bump_bound b;

                if (owner(s, i) != c)
                    continue;
                for (uint32_t k = 0; k < s->n_taps; k++)
                    upstream[k] =
                        (double)positive->g_kernel[(s->n_taps - 1 - k) * full->synapses + i];
                b = bump_bound_of(s->version, s->one_hot, (int)s->n_taps, (double)full->weight[at],
                                  (double)full->position[at], (double)full->sigma[at]);
                bump_gradient_bound(&b, (int)s->n_taps, upstream, bound);
                sum += (double)parts[at];
                allowed += 2.0 * terms * bound[power];
            }
            const double off = fabs(sum - (double)got[m * shared->delays + c]);

            if (!(off <= allowed && off <= 1e-4 * top + 1e-5))
                fail_msg("%s of %zu.%zu: %.9g, not %.9g, bound %.2g",
                         power == 1 ? "position" : "sigma", m, c,
                         (double)got[m * shared->delays + c], sum, allowed);
        }
    }
}

static void is_full_kernel(void **state)
{
    const shape *s = *state;
    const uint64_t seed = test_seed(17);
    layer shared = layer_new(s, s->sharing, 2), full = layer_new(s, SNN_SHARING_SYNAPSE, 2),
          positive = layer_new(s, SNN_SHARING_SYNAPSE, 2);
    const double rows = (double)(shared.ny / s->n_out);
    /* Longest chain: all taps of all inputs or outputs and kernels; rows in a gradient. */
    const double terms = (double)s->n_taps * (s->n_in + s->n_out) * s->elements + 8.0;

    draw(&shared, s, seed);
    expand(&full, &shared, s);
    expand(&positive, &shared, s);
    make_positive(&positive, s);
    run(&shared, s);
    run(&full, s);
    run(&positive, s);
    near("y", shared.y, full.y, positive.y, shared.ny, terms);
    near("gx", shared.gx, full.gx, positive.gx, shared.nx, terms);
    near("g_weight", shared.g_weight, full.g_weight, positive.g_weight,
         s->elements * shared.synapses, rows + terms);
    near_delays(&shared, &full, &positive, s, 1, rows + terms);
    near_delays(&shared, &full, &positive, s, 2, rows + terms);
    if (s->sparse)
        for (size_t i = 0; i < s->elements * shared.synapses; i++)
            assert_true(shared.mask[i % shared.synapses] != 0 || shared.g_weight[i] == 0.0f);
    layer_end(&positive);
    layer_end(&full);
    layer_end(&shared);
}

static double dot(const float *a, const float *b, size_t n, double *size)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i] * (double)b[i];
        *size += fabs((double)a[i] * (double)b[i]);
    }
    return sum;
}

/* <y(x), gy> = <x, gx> = <w, g_w>: bilinear in input and weight, and its own adjoints. */
static void adjoint(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
        const shape *s = &shapes[i];
        layer a = layer_new(s, s->sharing, 2);
        double size = 0.0, y, x, w;

        draw(&a, s, test_seed(18));
        run(&a, s);
        y = dot(a.y, a.gy, a.ny, &size);
        x = dot(a.x, a.gx, a.nx, &size);
        w = dot(a.weight, a.g_weight, s->elements * a.synapses, &size);
        assert_true(fabs(y - x) <= 1e-5 * size);
        assert_true(fabs(y - w) <= 1e-5 * size);
        layer_end(&a);
    }
}

/* y(x + 2 x') = y(x) + 2 y(x'), and the same of weights. */
static void linear(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
        const shape *s = &shapes[i];
        layer a = layer_new(s, s->sharing, 2), b = layer_new(s, s->sharing, 2);
        const size_t n = s->elements * a.synapses;

        for (int what = 0; what < 2; what++) {
            float *values[] = {what == 0 ? a.x : a.weight, what == 0 ? b.x : b.weight};
            const size_t many = what == 0 ? a.nx : n;
            float *first = array(a.ny);
            double top;

            draw(&a, s, test_seed(19));
            draw(&b, s, test_seed(19));
            for (size_t j = 0; j < many; j++)
                values[1][j] = (float)(j % 5) - 2.0f;
            run(&a, s);
            run(&b, s);
            memcpy(first, a.y, a.ny * sizeof *first);
            for (size_t j = 0; j < many; j++)
                values[0][j] += 2.0f * values[1][j];
            run(&a, s);
            top = top_of(a.y, a.ny);
            for (size_t j = 0; j < a.ny; j++)
                assert_true(fabs((double)a.y[j] - (double)first[j] - 2.0 * (double)b.y[j]) <=
                            1e-5 * top + 1e-6);
            free(first);
        }
        layer_end(&b);
        layer_end(&a);
    }
}

static void same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
        const shape *s = &shapes[i];
        layer one = layer_new(s, s->sharing, 1);

        draw(&one, s, test_seed(20));
        run(&one, s);
        for (int threads = 2; threads <= 3; threads++) {
            layer a = layer_new(s, s->sharing, threads);

            draw(&a, s, test_seed(20));
            run(&a, s);
            assert_memory_equal(a.y, one.y, a.ny * sizeof(float));
            assert_memory_equal(a.gx, one.gx, a.nx * sizeof(float));
            assert_memory_equal(a.g_weight, one.g_weight, s->elements * a.synapses * sizeof(float));
            assert_memory_equal(a.g_position, one.g_position,
                                s->elements * a.delays * sizeof(float));
            layer_end(&a);
        }
        layer_end(&one);
    }
}

int main(void)
{
    static struct CMUnitTest tests[SNN_COUNT(shapes) + 3];
    size_t n = 0;

    for (; n < SNN_COUNT(shapes); n++)
        tests[n] = (struct CMUnitTest){.name = shapes[n].name,
                                       .test_func = is_full_kernel,
                                       .initial_state = (void *)(uintptr_t)&shapes[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(adjoint);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(linear);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(same_bits);
    return _cmocka_run_group_tests("shared", tests, n, NULL, NULL);
}
