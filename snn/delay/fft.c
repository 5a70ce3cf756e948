/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operator in the frequency domain.  With N >= T + D - 1 no delayed step
 * wraps around onto one that is wanted, and at every frequency
 *
 *     Y = X K^T          GX = GY conj(K)          GK = GY^T conj(X)
 *
 * are products of B x n_in, n_out x n_in and B x n_out complex matrices: about
 * 3/2 N real multiply-adds a synapse and sample where the direct way has T' D.
 *
 * Spectra are split into planes (dft.h), a complex product is three real ones.
 * X's spectrum is kept for the kernel gradient; the input gradient's spectrum
 * then takes its place.
 */
#include "snn/delay/dft.h"
#include "snn/delay/product.h"
#include "snn/delay/solvers.h"

#include <string.h>

typedef struct {
    snn_dft *dft;
    size_t n;              /* length of this step's transforms */
    float *x_own;          /* spectrum of x when it must outlast other layers' calls */
    float *x, *y, *kernel; /* spectra: [n][B n_in], [n][B n_out], [n][S] */
    float *products;       /* scratch of complex products, one piece a worker */
    size_t product_floats; /* of a piece: sums, then .. */
    size_t packed_floats;  /* .. what a product needs, in bf16 */
} fft_state;

typedef struct {
    snn_delay_plan *plan;
    const float *time_in;
    float *time_out, *hat;
    size_t rows, stride;
    bool add;
} fft_job;

static size_t synapses(const snn_delay_plan *plan)
{
    return (size_t)plan->problem.n_in * plan->problem.n_out;
}

static bool fft_count(const snn_delay_problem *problem, snn_delay_work *work)
{
    const size_t t = problem->steps, t_out = snn_delay_steps_out(problem, problem->steps);
    const size_t n = t + problem->n_taps - 1; /* about: evened, smoothed */
    const double b = problem->batch, s = (double)problem->n_in * problem->n_out;
    const double input_gradient = problem->train && problem->input_gradient;
    const double passes = 1.0 + problem->train + input_gradient;

    snn_dft_count(n, t, (1.0 + input_gradient) * b * problem->n_in, work);
    snn_dft_count(n, t_out, (1.0 + problem->train) * b * problem->n_out, work);
    snn_dft_count(n, problem->n_taps, passes * s, work);
    work->of[SNN_COST_SPECTRUM] += passes * (double)n * s;
    work->of[snn_product_kind(problem->precision)] += passes * 1.5 * (double)n * b * s;
    work->of[SNN_COST_PHASE] += 4.0 + 3.0 * problem->train + 3.0 * input_gradient;
    work->of[SNN_COST_CALL] += passes * 1.5 * (double)n;
    work->of[SNN_COST_TAP] += s * problem->n_taps * problem->elements * (1.0 + problem->train);
    return true;
}

/* Products have three real multiply-adds a complex one, transforms what dft.h says. */
static double fft_operations(const snn_delay_plan *plan, snn_delay_part part)
{
    const snn_delay_problem *problem = &plan->problem;
    const fft_state *state = plan->state;
    const double s = (double)synapses(plan), n = (double)state->n;
    const double x =
        snn_dft_operations(state->n, plan->steps) * (double)plan->batch * problem->n_in;
    const double y =
        snn_dft_operations(state->n, plan->steps_out) * (double)plan->batch * problem->n_out;
    const double kernel = snn_dft_operations(state->n, problem->n_taps) * s;
    const double product = 3.0 * n * plan->batch * s;

    switch (part) {
    case SNN_DELAY_SET_KERNEL:
        return kernel;
    case SNN_DELAY_FORWARD:
        return x + product + y;
    case SNN_DELAY_KERNEL_GRADIENT:
        return y + product + kernel;
    case SNN_DELAY_INPUT_GRADIENT:
        return kernel + product + x;
    }
    return 0.0;
}

static void fft_destroy(snn_delay_plan *plan)
{
    fft_state *state = plan->state;

    if (state == NULL)
        return;
    snn_free(plan->ctx, state->products);
    snn_free(plan->ctx, state->x_own);
    snn_dft_destroy(state->dft);
    snn_free(plan->ctx, state);
    plan->state = NULL;
}

/* Floats of scratch that the largest of the three kinds of product needs. */
static size_t product_scratch(const snn_delay_problem *problem)
{
    const size_t in = (size_t)problem->batch * problem->n_in,
                 out = (size_t)problem->batch * problem->n_out;
    const size_t kernel = (size_t)problem->n_in * problem->n_out;
    const size_t forward = in + 2 * kernel, input = out + 2 * kernel, gradient = out + 2 * in;
    const size_t most = forward > input ? forward : input;

    return most > gradient ? most : gradient;
}

/* Scratch: | y: n B n_out | kernel: n S | x: n B n_in, unless it is kept elsewhere | */
static snn_status fft_create(snn_delay_plan *plan)
{
    const snn_delay_problem *problem = &plan->problem;
    const size_t needed = (size_t)problem->steps + problem->n_taps - 1;
    snn_status st = SNN_OK;
    fft_state *state = NULL;
    size_t n, x_floats;

    TRY_ALLOC(st, plan->ctx, state, 1);
    plan->state = state;
    TRY(st, snn_dft_create(plan->ctx, needed, &state->dft));
    n = snn_dft_length(state->dft, needed);
    x_floats = n * problem->batch * problem->n_in;
    plan->scratch_floats = n * problem->batch * problem->n_out + n * synapses(plan);
    state->packed_floats = snn_product_scratch(problem->precision);
    state->product_floats = product_scratch(problem) + state->packed_floats;
    TRY_ALLOC(st, plan->ctx, state->products, state->product_floats * (size_t)plan->ctx->threads);
    if (problem->train && !problem->last)
        TRY_ALLOC(st, plan->ctx, state->x_own, x_floats);
    else
        plan->scratch_floats += x_floats;
done:
    return st;
}

static void fft_begin(snn_delay_plan *plan)
{
    fft_state *state = plan->state;

    state->n = snn_dft_begin(state->dft, (size_t)plan->steps + plan->problem.n_taps - 1);
    state->y = plan->scratch;
    state->kernel = state->y + state->n * plan->batch * plan->problem.n_out;
    state->x = state->x_own != NULL ? state->x_own : state->kernel + state->n * synapses(plan);
}

/* ---- transforms: tiles of columns ------------------------------------------------ */

static void analysis_tile(void *arg, size_t tile, int worker)
{
    const fft_job *job = arg;
    const fft_state *state = job->plan->state;
    const size_t j0 = tile * SNN_DFT_COLUMNS;
    const size_t columns = job->stride - j0 < SNN_DFT_COLUMNS ? job->stride - j0 : SNN_DFT_COLUMNS;

    snn_dft_forward(state->dft, worker, job->time_in + j0, job->rows, job->stride, job->hat + j0,
                    job->stride, columns);
}

static void synthesis_tile(void *arg, size_t tile, int worker)
{
    const fft_job *job = arg;
    const fft_state *state = job->plan->state;
    const size_t j0 = tile * SNN_DFT_COLUMNS;
    const size_t columns = job->stride - j0 < SNN_DFT_COLUMNS ? job->stride - j0 : SNN_DFT_COLUMNS;

    snn_dft_inverse(state->dft, worker, job->hat + j0, job->stride, job->time_out + j0, job->rows,
                    job->stride, columns, job->add);
}

static double transform_operations(const snn_delay_plan *plan, size_t rows, size_t stride)
{
    const fft_state *state = plan->state;

    return (double)stride * (0.5 * snn_dft_operations(state->n, rows) + SNN_ELEMENT * (double)rows);
}

static void to_spectrum(snn_delay_plan *plan, const float *x, size_t rows, size_t stride,
                        float *hat)
{
    fft_job job = {.plan = plan, .time_in = x, .hat = hat, .rows = rows, .stride = stride};

    snn_parallel(plan->ctx, snn_tiles(stride, SNN_DFT_COLUMNS),
                 transform_operations(plan, rows, stride), analysis_tile, &job);
}

static void from_spectrum(snn_delay_plan *plan, float *hat, float *y, size_t rows, size_t stride,
                          bool add)
{
    fft_job job = {
        .plan = plan, .hat = hat, .time_out = y, .rows = rows, .stride = stride, .add = add};

    snn_parallel(plan->ctx, snn_tiles(stride, SNN_DFT_COLUMNS),
                 transform_operations(plan, rows, stride), synthesis_tile, &job);
}

/* ---- products: a tile is a frequency ------------------------------------------------ */

/* One real product of the three kinds, C = alpha A B + beta C. */
typedef struct {
    bool a_turned, b_turned; /* as in snn_product */
    size_t m, n, k, lda, ldb;
} product_shape;

/* A complex product: C = A B where sign is 1, A conj(B) where it is -1. */
typedef struct {
    product_shape shape;
    float sign;
    const float *a, *b; /* spectra, and the numbers in a row of each */
    float *c;
    size_t a_size, b_size, c_size;
} complex_job;

/* Where the real products of one complex product are made. */
typedef struct {
    const snn_context *ctx;
    float *packed; /* scratch of a product; NULL in float32 */
    float *sums;
} product_place;

static void product(const product_place *place, const product_shape *shape, float alpha,
                    const float *a, const float *b, bool add, float *c)
{
    const snn_product job = {.m = shape->m,
                             .n = shape->n,
                             .k = shape->k,
                             .a_turned = shape->a_turned,
                             .b_turned = shape->b_turned,
                             .lda = shape->lda,
                             .ldb = shape->ldb,
                             .ldc = shape->n,
                             .alpha = alpha,
                             .a = a,
                             .b = b,
                             .c = c,
                             .add = add};

    snn_product_run(place->ctx, &job, place->packed);
}

/*
 * Re C = Re A Re B - sign Im A Im B        Im C = Im A Re B + sign Re A Im B
 *
 * in four real products, or in three (Gauss) where they are large enough to pay
 * for the sums: with B' = sign Im B,
 *
 *     P = (Re A + Im A) Re B,   Re C = P - Im A (Re B + B'),   Im C = P + Re A (B' - Re B)
 *
 * `sums` takes Re A + Im A, Re B + B' and B' - Re B.
 */
#define GAUSS_SIDE 64 /* smallest side of a product for which three are faster */

static void complex_product(const product_place *place, const complex_job *job, size_t n, size_t f)
{
    const product_shape *shape = &job->shape;
    const float *a_re = job->a + snn_dft_re(n, f) * job->a_size,
                *a_im = job->a + snn_dft_im(n, f) * job->a_size;
    const float *b_re = job->b + snn_dft_re(n, f) * job->b_size,
                *b_im = job->b + snn_dft_im(n, f) * job->b_size;
    float *c_re = job->c + snn_dft_re(n, f) * job->c_size,
          *c_im = job->c + snn_dft_im(n, f) * job->c_size;
    float *a_sum = place->sums, *b_sum = a_sum + job->a_size, *b_gap = b_sum + job->b_size;

    if (!snn_dft_complex(n, f)) {
        product(place, shape, 1.0f, a_re, b_re, false, c_re);
        return;
    }
    if (shape->m < GAUSS_SIDE || shape->n < GAUSS_SIDE || shape->k < GAUSS_SIDE) {
        product(place, shape, 1.0f, a_re, b_re, false, c_re);
        product(place, shape, -job->sign, a_im, b_im, true, c_re);
        product(place, shape, 1.0f, a_im, b_re, false, c_im);
        product(place, shape, job->sign, a_re, b_im, true, c_im);
        return;
    }
    for (size_t i = 0; i < job->a_size; i++)
        a_sum[i] = a_re[i] + a_im[i];
    for (size_t i = 0; i < job->b_size; i++) {
        b_sum[i] = b_re[i] + job->sign * b_im[i];
        b_gap[i] = job->sign * b_im[i] - b_re[i];
    }
    product(place, shape, 1.0f, a_sum, b_re, false, c_re);
    memcpy(c_im, c_re, job->c_size * sizeof *c_im);
    product(place, shape, -1.0f, a_im, b_sum, true, c_re);
    product(place, shape, 1.0f, a_re, b_gap, true, c_im);
}

typedef struct {
    snn_delay_plan *plan;
    complex_job job;
} fft_product;

static void frequency_tile(void *arg, size_t f, int worker)
{
    const fft_product *run = arg;
    const fft_state *state = run->plan->state;

    float *piece = state->products + (size_t)worker * state->product_floats;
    const product_place place = {.ctx = run->plan->ctx,
                                 .packed = state->packed_floats > 0 ? piece : NULL,
                                 .sums = piece + state->packed_floats};

    complex_product(&place, &run->job, state->n, f);
}

static void each_frequency(snn_delay_plan *plan, complex_job job)
{
    const fft_state *state = plan->state;
    fft_product run = {plan, job};

    snn_parallel(plan->ctx, snn_dft_frequencies(state->n),
                 1.5 * (double)state->n * plan->batch * (double)synapses(plan), frequency_tile,
                 &run);
}

/* ---- the contract ------------------------------------------------------------------- */

static void fft_set_kernel(snn_delay_plan *plan, const snn_delay_kernel *kernel)
{
    fft_state *state = plan->state;

    to_spectrum(plan, kernel->value, plan->problem.n_taps, synapses(plan), state->kernel);
}

static void fft_forward(snn_delay_plan *plan, const snn_frames *x, float *y, bool add)
{
    fft_state *state = plan->state;
    const size_t in = (size_t)plan->batch * plan->problem.n_in;
    const size_t out = (size_t)plan->batch * plan->problem.n_out;
    const size_t n_in = plan->problem.n_in, n_out = plan->problem.n_out;

    to_spectrum(plan, x->dense, plan->steps, in, state->x);
    each_frequency(plan, (complex_job){.shape = {false, true, plan->batch, n_out, n_in, n_in, n_in},
                                       .sign = 1.0f,
                                       .a = state->x,
                                       .a_size = in,
                                       .b = state->kernel,
                                       .b_size = synapses(plan),
                                       .c = state->y,
                                       .c_size = out});
    from_spectrum(plan, state->y, y, plan->steps_out, out, add);
}

static void fft_begin_backward(snn_delay_plan *plan, const float *gy)
{
    fft_state *state = plan->state;

    to_spectrum(plan, gy, plan->steps_out, (size_t)plan->batch * plan->problem.n_out, state->y);
}

static void fft_kernel_gradient(snn_delay_plan *plan, const snn_frames *x, const float *gy,
                                float *g_kernel)
{
    fft_state *state = plan->state;
    const size_t n_in = plan->problem.n_in, n_out = plan->problem.n_out;

    (void)x;
    (void)gy;
    each_frequency(plan,
                   (complex_job){.shape = {true, false, n_out, n_in, plan->batch, n_out, n_in},
                                 .sign = -1.0f,
                                 .a = state->y,
                                 .a_size = (size_t)plan->batch * plan->problem.n_out,
                                 .b = state->x,
                                 .b_size = (size_t)plan->batch * plan->problem.n_in,
                                 .c = state->kernel,
                                 .c_size = synapses(plan)});
    from_spectrum(plan, state->kernel, g_kernel, plan->problem.n_taps, synapses(plan), false);
}

static void fft_input_gradient(snn_delay_plan *plan, const float *gy, float *gx)
{
    fft_state *state = plan->state;
    const size_t n_in = plan->problem.n_in, n_out = plan->problem.n_out;
    const size_t in = (size_t)plan->batch * plan->problem.n_in;

    (void)gy;
    each_frequency(plan,
                   (complex_job){.shape = {false, false, plan->batch, n_in, n_out, n_out, n_in},
                                 .sign = -1.0f,
                                 .a = state->y,
                                 .a_size = (size_t)plan->batch * plan->problem.n_out,
                                 .b = state->kernel,
                                 .b_size = synapses(plan),
                                 .c = state->x,
                                 .c_size = in});
    from_spectrum(plan, state->x, gx, plan->steps, in, false);
}

const snn_delay_solver snn_delay_fft = {
    .name = "fft",
    .id = SNN_SOLVER_FFT,
    .count = fft_count,
    .operations = fft_operations,
    .create = fft_create,
    .destroy = fft_destroy,
    .begin = fft_begin,
    .set_kernel = fft_set_kernel,
    .forward = fft_forward,
    .begin_backward = fft_begin_backward,
    .kernel_gradient = fft_kernel_gradient,
    .input_gradient = fft_input_gradient,
};
