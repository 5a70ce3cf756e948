/* SPDX-License-Identifier: BSD-3-Clause */
/* taps_forward and taps_backward against the reference. */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"
#include "snn/delay/delay.h"

typedef struct {
    snn_taps taps;
    guarded weight, position, sigma, kernel, g_kernel, g_weight, g_position, g_sigma;
    uint16_t *first; /* narrow */
} taps_case;

static const struct {
    snn_kernel_version version;
    bool one_hot;
} kinds[] = {
    {SNN_KERNEL_GAUSS, false}, {SNN_KERNEL_MAX, false},  {SNN_KERNEL_V1, false},
    {SNN_KERNEL_V0, false},    {SNN_KERNEL_GAUSS, true}, {SNN_KERNEL_MAX, true},
    {SNN_KERNEL_V0, true},
};

/*
 * Positions are multiples of 2^-10 and sigmas of 2^-6, so that p, k - p and the
 * corners of max, v1 and v0 are exact: a gradient there jumps and no bound would
 * hold.  gauss is smooth, so half of its positions are any float.
 */
static float random_position(snn_kernel_version version, float centre, uint64_t *state)
{
    switch (test_random(state) % 8) {
    case 0:
        return centre;
    case 1:
        return -centre;
    case 2:
        return rintf(test_uniform(state, -centre, centre));
    case 3:
        return fminf(floorf(test_uniform(state, -centre, centre)) + 0.5f, centre);
    case 4:
    case 5:
        if (version == SNN_KERNEL_GAUSS)
            return test_uniform(state, -centre, centre);
    /* fallthrough */
    default:
        return rintf(test_uniform(state, -centre, centre) * 1024.0f) / 1024.0f;
    }
}

static float random_sigma(float most, uint64_t *state)
{
    const float sign = test_random(state) % 4 == 0 ? -1.0f : 1.0f;

    return test_random(state) % 4 == 0
               ? 0.0f
               : sign * rintf(test_uniform(state, 0.0f, most) * 64.0f) / 64.0f;
}

/* The least width at which nothing is lost (snn_delay_live_taps). */
static uint32_t width_of(const snn_taps *taps, float sigma)
{
    return snn_delay_live_taps(taps->one_hot ? SNN_KERNEL_V1 : taps->version, taps->n_taps, sigma,
                               taps->one_hot);
}

static taps_case make_case(size_t kind, bool narrow, uint32_t n_taps, uint32_t elements,
                           size_t synapses, size_t offset, uint64_t *state)
{
    const float most = narrow ? 0.5f : 4.0f;
    taps_case c = {.taps = {.version = kinds[kind].version,
                            .one_hot = kinds[kind].one_hot,
                            .n_taps = n_taps,
                            .elements = elements,
                            .synapses = synapses}};
    const size_t parameters = elements * synapses;
    size_t taps = n_taps * synapses;

    if (narrow) {
        c.taps.width = width_of(&c.taps, most);
        taps = c.taps.width * parameters;
        c.first = calloc(parameters, sizeof *c.first);
        assert_non_null(c.first);
    }
    c.weight = guarded_new(parameters, offset);
    c.position = guarded_new(parameters, offset);
    c.sigma = guarded_new(parameters, offset);
    c.kernel = guarded_new(taps, offset);
    c.g_kernel = guarded_new(taps, offset);
    c.g_weight = guarded_new(parameters, offset);
    c.g_position = guarded_new(parameters, offset);
    c.g_sigma = guarded_new(parameters, offset);
    fill_uniform(&c.weight, state, -2.0f, 2.0f);
    fill_uniform(&c.g_kernel, state, -1.0f, 1.0f);
    for (size_t i = 0; i < parameters; i++) {
        c.position.at[i] = random_position(c.taps.version, (float)(n_taps / 2), state);
        c.sigma.at[i] = random_sigma(most, state);
        if (i % 17 == 5)
            c.weight.at[i] = i % 2 ? 1e-40f : 0.0f;
    }
    c.taps.weight = c.weight.at;
    c.taps.position = c.position.at;
    c.taps.sigma = c.sigma.at;
    c.taps.first = c.first;
    c.taps.kernel = c.kernel.at;
    c.taps.g_kernel = c.g_kernel.at;
    c.taps.g_weight = c.g_weight.at;
    c.taps.g_position = c.g_position.at;
    c.taps.g_sigma = c.g_sigma.at;
    return c;
}

static void end_case(taps_case *c)
{
    guarded_end("weight", &c->weight);
    guarded_end("position", &c->position);
    guarded_end("sigma", &c->sigma);
    guarded_end("kernel", &c->kernel);
    guarded_end("g_kernel", &c->g_kernel);
    guarded_end("g_weight", &c->g_weight);
    guarded_end("g_position", &c->g_position);
    guarded_end("g_sigma", &c->g_sigma);
    free(c->first);
}

/* ---- bounds (see tests/taps_bound.h)
 * ------------------------------------------------------------------ */

static bump_bound bound_of(const taps_case *c, size_t synapse, uint32_t m)
{
    const size_t at = m * c->taps.synapses + synapse;

    return bump_bound_of(c->taps.version, c->taps.one_hot, (int)c->taps.n_taps,
                         (double)c->taps.weight[at], (double)c->taps.position[at],
                         (double)c->taps.sigma[at]);
}

/* A tap: products |w| e_y + 2U |w y|, M additions, and the stored reference.  Narrow: of
 * element `only`, whose sum may lack 2^-25 of itself. */
static double forward_bound(const taps_case *c, size_t synapse, int k, int only)
{
    double bound = 0.0, size = 0.0;

    for (uint32_t m = 0; m < c->taps.elements; m++) {
        if (only >= 0 && (int)m != only)
            continue;
        const bump_bound b = bound_of(c, synapse, m);

        bound += b.w * b.e_y[k];
        size += b.w * b.y[k];
    }
    return bound + (3.0 + c->taps.elements) * U * size + 4.0 * TINY;
}

/* Where the gradient of tap k is; narrow: SIZE_MAX outside of the window, which is that
 * of the last taps_forward. */
static size_t index_of(const taps_case *c, size_t synapse, uint32_t m, size_t k)
{
    const snn_taps *taps = &c->taps;
    const size_t d = taps->n_taps - 1 - k, at = m * taps->synapses + synapse;

    if (taps->width == 0)
        return d * taps->synapses + synapse;
    if (d < c->first[at] || d >= (size_t)c->first[at] + taps->width)
        return SIZE_MAX;
    return (d - c->first[at]) * taps->elements * taps->synapses + at;
}

static void backward_bound(const taps_case *c, size_t synapse, uint32_t m, double bound[3])
{
    const snn_taps *taps = &c->taps;
    const bump_bound b = bound_of(c, synapse, m);
    double g[BOUND_TAPS];

    for (size_t k = 0; k < taps->n_taps; k++) {
        const size_t at = index_of(c, synapse, m, k);

        g[k] = at == SIZE_MAX ? 0.0 : (double)taps->g_kernel[at];
    }
    bump_gradient_bound(&b, (int)taps->n_taps, g, bound);
}

/* ---- checks -------------------------------------------------------------------- */

/* A tap by its index in kernel: bound of how far it may be off. */
static double bound_at(const taps_case *c, size_t at)
{
    const size_t synapses = c->taps.synapses, s = at % synapses;
    const size_t parameters = synapses * c->taps.elements;

    if (c->taps.width == 0)
        return forward_bound(c, s, (int)(c->taps.n_taps - 1 - at / synapses), -1);
    return forward_bound(c, s,
                         (int)(c->taps.n_taps - 1 - c->first[at % parameters] - at / parameters),
                         (int)(at % parameters / synapses));
}

static void compare_forward(const snn_kern *kern, taps_case *c, size_t s0, size_t s1, uint64_t seed)
{
    const size_t synapses = c->taps.synapses, parameters = synapses * c->taps.elements;
    struct test_near near = test_near_begin("taps", seed);
    guarded expected = guarded_copy(&c->kernel), before = guarded_copy(&c->kernel);
    guarded scratch = guarded_new(SNN_TAPS_SCRATCH(c->taps.n_taps), 1);
    uint16_t *first = calloc(parameters, sizeof *first);
    snn_taps ref = c->taps;

    assert_non_null(first);
    ref.kernel = expected.at;
    ref.first = first;
    snn_kern_ref.taps_forward(&ref, s0, s1, NULL);
    kern->taps_forward(&c->taps, s0, s1, scratch.at);
    for (size_t at = 0; at < c->kernel.n; at++) {
        if (at % synapses >= s0 && at % synapses < s1)
            check_near(&near, at, (double)expected.at[at], (double)c->kernel.at[at],
                       bound_at(c, at));
        else
            assert_memory_equal(&before.at[at], &c->kernel.at[at], sizeof(float));
    }
    for (size_t at = 0; c->taps.width > 0 && at < parameters; at++)
        if (at % synapses >= s0 && at % synapses < s1)
            assert_int_equal(first[at], c->first[at]);
    test_near_end(&near);
    guarded_end("expected", &expected);
    guarded_end("before", &before);
    guarded_end("scratch", &scratch);
    free(first);
}

/*
 * Nothing is lost: each tap of the dense reference is the sum of the windows that
 * reach it, to 2^-25 of each element's weight (a tap left out) or of the tap (its sum).
 */
static void compare_dense(const snn_kern *kern, taps_case *c, uint64_t seed)
{
    const snn_taps *taps = &c->taps;
    struct test_near near = test_near_begin("narrow taps", seed);
    guarded dense = guarded_new(taps->n_taps * taps->synapses, 0);
    guarded scratch = guarded_new(SNN_TAPS_SCRATCH(taps->n_taps), 1);
    snn_taps ref = *taps;

    ref.width = 0;
    ref.kernel = dense.at;
    snn_kern_ref.taps_forward(&ref, 0, taps->synapses, NULL);
    kern->taps_forward(taps, 0, taps->synapses, scratch.at);
    for (size_t s = 0; s < taps->synapses; s++) {
        for (size_t k = 0; k < taps->n_taps; k++) {
            double sum = 0.0, weights = 0.0;

            for (uint32_t m = 0; m < taps->elements; m++) {
                const size_t at = index_of(c, s, m, k);

                sum += at == SIZE_MAX ? 0.0 : (double)taps->kernel[at];
                weights += fabs((double)taps->weight[m * taps->synapses + s]);
            }
            check_near(&near, s, (double)dense.at[(taps->n_taps - 1 - k) * taps->synapses + s], sum,
                       forward_bound(c, s, (int)k, -1) + 0x1p-25 * weights);
        }
    }
    test_near_end(&near);
    guarded_end("dense", &dense);
    guarded_end("scratch", &scratch);
}

static void compare_backward(const snn_kern *kern, taps_case *c, size_t s0, size_t s1,
                             uint64_t seed)
{
    struct test_near near[3] = {test_near_begin("g_weight", seed),
                                test_near_begin("g_position", seed),
                                test_near_begin("g_sigma", seed)};
    guarded *got[3] = {&c->g_weight, &c->g_position, &c->g_sigma};
    guarded expected[3], scratch = guarded_new(SNN_TAPS_SCRATCH(c->taps.n_taps), 1);
    snn_taps ref = c->taps;

    for (int i = 0; i < 3; i++)
        expected[i] = guarded_copy(got[i]);
    ref.g_weight = expected[0].at;
    ref.g_position = expected[1].at;
    ref.g_sigma = expected[2].at;
    snn_kern_ref.taps_backward(&ref, s0, s1, NULL);
    kern->taps_backward(&c->taps, s0, s1, scratch.at);
    for (uint32_t m = 0; m < c->taps.elements; m++) {
        for (size_t s = 0; s < c->taps.synapses; s++) {
            const size_t at = m * c->taps.synapses + s;
            double bound[3] = {0}; /* outside of the range: not touched */

            if (s >= s0 && s < s1)
                backward_bound(c, s, m, bound);
            for (int i = 0; i < 3; i++)
                check_near(&near[i], at, (double)expected[i].at[at], (double)got[i]->at[at],
                           bound[i]);
        }
    }
    for (int i = 0; i < 3; i++) {
        test_near_end(&near[i]);
        guarded_end(near[i].what, &expected[i]);
    }
    guarded_end("scratch", &scratch);
}

typedef void (*compare)(const snn_kern *, taps_case *, size_t, size_t, uint64_t);

static void over_shapes(const snn_kern *kern, uint64_t seed, bool narrow, compare compare_one)
{
    static const uint32_t n_taps[] = {1, 2, 7, 25, 31};
    static const size_t synapses[] = {1, 3, 15, 17, 63, 64, 65, 300};
    uint64_t state = seed;

    for (size_t kind = 0; kind < SNN_COUNT(kinds); kind++) {
        for (size_t d = 0; d < SNN_COUNT(n_taps); d++) {
            for (size_t i = 0; i < SNN_COUNT(synapses); i++) {
                const uint32_t elements = 1 + (uint32_t)(i + d) % 3;
                const size_t n = synapses[i];
                taps_case c = make_case(kind, narrow, n_taps[d], elements, n, i % 2, &state);

                if (narrow)
                    compare_dense(kern, &c, seed);
                compare_one(kern, &c, 0, n, seed);
                if (n > 2)
                    compare_one(kern, &c, n / 3, n - 1, seed);
                end_case(&c);
            }
        }
    }
}

static void run_forward(const snn_kern *kern, uint64_t seed)
{
    over_shapes(kern, seed, false, compare_forward);
    over_shapes(kern, seed, true, compare_forward);
}

static void run_backward(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed;
    taps_case c;
    float scratch[SNN_TAPS_SCRATCH(7)];

    over_shapes(kern, seed, false, compare_backward);
    over_shapes(kern, seed, true, compare_backward);
    c = make_case(0, false, 7, 1, 10, 0, &state);
    c.taps.g_sigma = NULL; /* not asked for */
    kern->taps_backward(&c.taps, 0, 10, scratch);
    end_case(&c);
}

static size_t bench(const snn_kern *kern, int rounds, uint64_t seed, double *seconds, bool forward)
{
    taps_case c = make_case(0, false, 25, 1, 4096, 0, &seed);
    float scratch[SNN_TAPS_SCRATCH(25)];
    const double begin = snn_seconds();

    for (int i = 0; i < rounds; i++)
        (forward ? kern->taps_forward : kern->taps_backward)(&c.taps, 0, 4096, scratch);
    *seconds = snn_seconds() - begin;
    end_case(&c);
    return 4096u * 25u;
}

static size_t bench_forward(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench(kern, rounds, seed, seconds, true);
}

static size_t bench_backward(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench(kern, rounds, seed, seconds, false);
}

const kern_check check_taps_forward = {"taps_forward", run_forward, bench_forward};
const kern_check check_taps_backward = {"taps_backward", run_backward, bench_backward};
