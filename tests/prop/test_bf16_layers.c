/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Laws of layers whose products are in bf16: synapses with delays of their own (solvers
 * direct and fft) and shared ones (axonal, dendritic), each dense and sparse.
 *
 * Bound.  Between the arrays of a layer and each of its results (output, gradients of
 * input, taps and weights) lies one product, and all else is float32.  So with u = 2^-8 for
 * each of a product's two sides, U = 2^-24 for a sum, n terms in the longest chain, and P
 * what float32 makes of the absolute values of all inputs (bumps are never negative):
 *
 *     |bf16 - float32| <= ((1 + u)^2 - 1 + 2.1 n U (1 + u)^2) P
 *
 * for each number.  The solver fft rounds spectra, sums over all of time: its bound is one of
 * norms, in test_bf16.c; here its laws are the exact ones.
 *
 * Exact: what is rounded has a significand and an exponent, so four times an input makes four
 * times the result, bit for bit; a missing synapse has no gradient and passes nothing on.
 *
 * Invariant I1 (for bf16): the same bits with 1, 2 and 3 threads.
 */
#include "tests/cmocka_all.h"

#include "snn/delay/synapse.h"

#define N_IN     70u /* products beyond the side from which fft makes three of four */
#define N_OUT    66u
#define BATCH    66u
#define STEPS    12u
#define TAPS     5u
#define SYNAPSES ((size_t)N_OUT * N_IN)
#define SILENT   3u /* sparse: this input has no synapse */
#define BF16_U   0x1p-8
#define U        0x1p-24
#define TINY     0x1p-120 /* far above what is flushed to 0 */

typedef struct {
    const char *name;
    snn_sharing sharing;
    snn_solver solver;
    uint32_t elements;
    bool sparse;
} shape;

static const shape shapes[] = {
    {"direct", SNN_SHARING_SYNAPSE, SNN_SOLVER_DIRECT, 1, false},
    {"direct, sparse, two kernels", SNN_SHARING_SYNAPSE, SNN_SOLVER_DIRECT, 2, true},
    {"fft", SNN_SHARING_SYNAPSE, SNN_SOLVER_FFT, 1, false},
    {"fft, sparse", SNN_SHARING_SYNAPSE, SNN_SOLVER_FFT, 1, true},
    {"axonal", SNN_SHARING_AXONAL, SNN_SOLVER_AUTO, 1, false},
    {"axonal, sparse, two kernels", SNN_SHARING_AXONAL, SNN_SOLVER_AUTO, 2, true},
    {"dendritic", SNN_SHARING_DENDRITIC, SNN_SOLVER_AUTO, 1, false},
    {"dendritic, sparse, two kernels", SNN_SHARING_DENDRITIC, SNN_SOLVER_AUTO, 2, true},
};

/* The arrays of a layer; gradients of taps are those of bumps where delays are shared. */
typedef struct {
    snn_synapse synapse;
    snn_context *ctx;
    uint8_t mask[SYNAPSES];
    size_t weights, delays, taps, nx, ny;
    float *scratch, *weight, *position, *sigma, *x, *gy; /* given */
    float *g_weight, *g_position, *g_sigma, *g_kernel, *gx, *y;
} layer;

static float *array(size_t n)
{
    float *a = calloc(n + 1, sizeof *a);

    assert_non_null(a);
    return a;
}

static void fill(float *a, size_t n, uint64_t *state)
{
    for (size_t i = 0; i < n; i++)
        a[i] = test_uniform(state, -1.0f, 1.0f);
}

static bool missing(const shape *s, size_t synapse)
{
    return s->sparse && (synapse % 3 != 0 || synapse % N_IN == SILENT);
}

static void draw(layer *a, const shape *s, uint64_t seed)
{
    uint64_t state = seed;

    fill(a->weight, a->weights, &state);
    for (size_t i = 0; i < a->weights; i++)
        if (missing(s, i % SYNAPSES))
            a->weight[i] = 0.0f;
    fill(a->x, a->nx, &state);
    fill(a->gy, a->ny, &state);
    for (size_t i = 0; i < a->delays; i++) { /* wide enough that no tap is below TINY */
        a->position[i] = test_uniform(&state, -2.0f, 2.0f);
        a->sigma[i] = 1.4375f;
    }
}

static layer *layer_new(const shape *s, snn_precision precision, int threads, uint64_t seed)
{
    const size_t columns = snn_synapse_columns(N_IN, N_OUT, s->elements, s->sharing);
    layer *a = calloc(1, sizeof *a);
    snn_context_params context;
    snn_delay_problem problem = {.n_in = N_IN,
                                 .n_out = N_OUT,
                                 .n_taps = TAPS,
                                 .elements = s->elements,
                                 .width = TAPS,
                                 .density = 1.0f,
                                 .batch = BATCH,
                                 .steps = STEPS,
                                 .train = true,
                                 .input_gradient = true,
                                 .precision = precision,
                                 .costs = snn_costs_of("avx2")};
    snn_taps taps = {.version = SNN_KERNEL_GAUSS, .elements = s->elements};

    assert_non_null(a);
    snn_context_params_init(&context);
    context.threads = threads;
    assert_int_equal(snn_context_create(&context, &a->ctx, NULL), SNN_OK);
    a->ctx->always_parallel = true;
    a->weights = s->elements * SYNAPSES;
    a->delays = s->sharing == SNN_SHARING_SYNAPSE ? a->weights : columns;
    a->taps = TAPS * columns;
    a->nx = (size_t)STEPS * BATCH * N_IN;
    a->ny = (size_t)snn_delay_steps_out(&problem, STEPS) * BATCH * N_OUT;
    taps.weight = a->weight = array(a->weights);
    taps.g_weight = a->g_weight = array(a->weights);
    taps.position = a->position = array(a->delays);
    taps.g_position = a->g_position = array(a->delays);
    taps.sigma = a->sigma = array(a->delays);
    taps.g_sigma = a->g_sigma = array(a->delays);
    a->g_kernel = array(a->taps);
    a->x = array(a->nx);
    a->gx = array(a->nx);
    a->y = array(a->ny);
    a->gy = array(a->ny);
    for (size_t i = 0; i < SYNAPSES; i++)
        a->mask[i] = !missing(s, i);
    if (s->sparse)
        problem.mask = a->mask;
    assert_int_equal(
        snn_synapse_init(&a->synapse, a->ctx, &problem, s->sharing, s->solver, &taps, NULL),
        SNN_OK);
    assert_int_equal(snn_synapse_taps(&a->synapse), a->taps);
    a->scratch = array(snn_synapse_scratch_floats(&a->synapse));
    snn_synapse_lend_scratch(&a->synapse, a->scratch);
    a->synapse.g_kernel = a->g_kernel;
    draw(a, s, seed);
    return a;
}

static void layer_end(layer *a)
{
    float *const blocks[] = {a->weight,     a->position, a->sigma,    a->g_weight,
                             a->g_position, a->g_sigma,  a->g_kernel, a->x,
                             a->gx,         a->y,        a->gy,       a->scratch};

    snn_synapse_clear(&a->synapse);
    for (size_t i = 0; i < SNN_COUNT(blocks); i++)
        free(blocks[i]);
    assert_int_equal(snn_context_bytes(a->ctx), 0);
    snn_context_destroy(a->ctx);
    free(a);
}

static void run(layer *a)
{
    const snn_frames x = {.batch = BATCH, .steps = STEPS, .dense = a->x};

    snn_synapse_begin(&a->synapse, BATCH, STEPS);
    snn_synapse_build(&a->synapse, false);
    snn_synapse_forward(&a->synapse, &x, a->y);
    snn_synapse_kernel_gradient(&a->synapse, &x, a->gy);
    snn_synapse_collect(&a->synapse);
    snn_synapse_input_gradient(&a->synapse, a->gy, a->gx, false);
}

static layer *ran(const shape *s, snn_precision precision, int threads, uint64_t seed)
{
    layer *a = layer_new(s, precision, threads, seed);

    run(a);
    return a;
}

static void positive(float *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = fabsf(a[i]);
}

/* Numbers of one kind against float32's; they must differ somewhere, or bf16 was not used. */
static void near(const char *what, const float *exact, const float *got, const float *size,
                 size_t n, double terms, uint64_t seed)
{
    const double both = (1.0 + BF16_U) * (1.0 + BF16_U);
    struct test_near near = test_near_begin(what, seed);
    size_t differ = 0;

    for (size_t i = 0; i < n; i++) {
        check_near(&near, i, (double)exact[i], (double)got[i],
                   (both - 1.0 + 2.1 * terms * U * both) * (double)size[i] + TINY);
        differ += exact[i] != got[i];
    }
    print_message("# %s: %.2g of the bound at most\n", what, near.worst);
    test_near_end(&near);
    assert_true(differ > n / 4);
}

static void near_float32(void **state)
{
    const shape *s = *state;
    const uint64_t seed = test_seed(41);
    layer *exact = ran(s, SNN_PRECISION_FLOAT32, 1, seed);
    layer *got = ran(s, SNN_PRECISION_BF16, 1, seed);
    layer *size = layer_new(s, SNN_PRECISION_FLOAT32, 1, seed);
    double terms = (double)s->elements * TAPS * (N_IN + N_OUT) + 8.0;

    positive(size->weight, size->weights);
    positive(size->x, size->nx);
    positive(size->gy, size->ny);
    run(size);
    near("y", exact->y, got->y, size->y, got->ny, terms, seed);
    near("gx", exact->gx, got->gx, size->gx, got->nx, terms, seed);
    terms += (double)(got->ny / N_OUT);
    near("g_kernel", exact->g_kernel, got->g_kernel, size->g_kernel, got->taps, terms, seed);
    if (!s->sparse)
        near("g_weight", exact->g_weight, got->g_weight, size->g_weight, got->weights, terms, seed);
    layer_end(size);
    layer_end(got);
    layer_end(exact);
}

static void same_bits(void **state)
{
    const shape *s = *state;
    const uint64_t seed = test_seed(42);
    layer *one = ran(s, SNN_PRECISION_BF16, 1, seed);

    for (int threads = 2; threads <= 3; threads++) {
        layer *more = ran(s, SNN_PRECISION_BF16, threads, seed);

        check_array_bits("y", one->y, more->y, one->ny, seed);
        check_array_bits("gx", one->gx, more->gx, one->nx, seed);
        check_array_bits("g_kernel", one->g_kernel, more->g_kernel, one->taps, seed);
        check_array_bits("g_weight", one->g_weight, more->g_weight, one->weights, seed);
        check_array_bits("g_position", one->g_position, more->g_position, one->delays, seed);
        check_array_bits("g_sigma", one->g_sigma, more->g_sigma, one->delays, seed);
        layer_end(more);
    }
    layer_end(one);
}

static void times(float *a, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        a[i] *= factor;
}

/* Four times x and half of gy: each result by its own share, exactly. */
static void homogeneous(void **state)
{
    const shape *s = *state;
    const uint64_t seed = test_seed(43);
    layer *one = ran(s, SNN_PRECISION_BF16, 2, seed);
    layer *other = layer_new(s, SNN_PRECISION_BF16, 2, seed);

    times(other->x, other->nx, 4.0f);
    times(other->gy, other->ny, 0.5f);
    run(other);
    times(one->y, one->ny, 4.0f);
    times(one->gx, one->nx, 0.5f);
    times(one->g_kernel, one->taps, 2.0f);
    times(one->g_weight, one->weights, 2.0f);
    check_array_bits("y", one->y, other->y, one->ny, seed);
    check_array_bits("gx", one->gx, other->gx, one->nx, seed);
    check_array_bits("g_kernel", one->g_kernel, other->g_kernel, one->taps, seed);
    check_array_bits("g_weight", one->g_weight, other->g_weight, one->weights, seed);
    layer_end(other);
    layer_end(one);
}

/* <y, gy> = <x, gx>, up to the roundings of two products. */
static void adjoint(void **state)
{
    const shape *s = *state;
    const uint64_t seed = test_seed(44);
    layer *a = ran(s, SNN_PRECISION_BF16, 2, seed);
    double y = 0.0, x = 0.0, size = 0.0;

    for (size_t i = 0; i < a->ny; i++) {
        y += (double)a->y[i] * (double)a->gy[i];
        size += fabs((double)a->y[i] * (double)a->gy[i]);
    }
    for (size_t i = 0; i < a->nx; i++)
        x += (double)a->x[i] * (double)a->gx[i];
    print_message("# %.2g of the sum of absolute values\n", fabs(y - x) / size);
    assert_true(fabs(y - x) <= 4.0 * BF16_U * size);
    layer_end(a);
}

/* What does not exist has gradients of 0, and its neuron's input changes nothing. */
static void nothing_where_missing(void **state)
{
    const shape *s = *state;
    const uint64_t seed = test_seed(45);
    layer *a = ran(s, SNN_PRECISION_BF16, 2, seed);
    layer *b = layer_new(s, SNN_PRECISION_BF16, 2, seed);
    size_t alive = 0;

    for (size_t i = 0; i < a->weights; i++) {
        if (missing(s, i % SYNAPSES))
            assert_true(a->g_weight[i] == 0.0f);
        else
            alive += a->g_weight[i] != 0.0f;
        if (s->sharing == SNN_SHARING_SYNAPSE && missing(s, i % SYNAPSES))
            assert_true(a->g_position[i] == 0.0f && a->g_sigma[i] == 0.0f);
    }
    assert_true(alive > a->weights / 4);
    for (size_t row = 0; row < a->nx / N_IN; row++) {
        assert_true(a->gx[row * N_IN + SILENT] == 0.0f);
        b->x[row * N_IN + SILENT] = 7.0f;
    }
    run(b);
    check_array_bits("y", a->y, b->y, a->ny, seed);
    layer_end(b);
    layer_end(a);
}

static bool always(const shape *s)
{
    return s != NULL;
}

static bool not_fft(const shape *s)
{
    return s->solver != SNN_SOLVER_FFT;
}

static bool sparse(const shape *s)
{
    return s->sparse;
}

int main(void)
{
    static const struct {
        const char *name;
        CMUnitTestFunction run;
        bool (*holds_for)(const shape *s);
    } laws[] = {{"near float32", near_float32, not_fft},
                {"same bits", same_bits, always},
                {"homogeneous", homogeneous, always},
                {"adjoint", adjoint, always},
                {"nothing where missing", nothing_where_missing, sparse}};
    static struct CMUnitTest tests[SNN_COUNT(shapes) * SNN_COUNT(laws)];
    static char names[SNN_COUNT(tests)][80];
    size_t n = 0;

    for (size_t i = 0; i < SNN_COUNT(tests); i++) {
        const shape *s = &shapes[i / SNN_COUNT(laws)];

        if (!laws[i % SNN_COUNT(laws)].holds_for(s))
            continue;
        snprintf(names[n], sizeof names[n], "%s: %s", s->name, laws[i % SNN_COUNT(laws)].name);
        tests[n] = (struct CMUnitTest){.name = names[n],
                                       .test_func = laws[i % SNN_COUNT(laws)].run,
                                       .initial_state = (void *)(uintptr_t)s};
        n++;
    }
    return _cmocka_run_group_tests("bf16_layers", tests, n, NULL, NULL);
}
