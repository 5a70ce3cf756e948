/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/shared.h"

#include "snn/delay/product.h"
#include "snn/kern/kern.h"

#include <string.h>

#define ROW_GRAIN 1024u /* rows of a product a tile owns */
#define OUT_GRAIN 64u   /* neurons of a weight gradient a tile owns */
#define PIECES    32u   /* tiles that a batch is cut into, whatever the threads */

/* What a parallel loop works on.  `rows`: of the products in it. */
typedef struct {
    snn_shared *shared;
    const float *x, *gy;
    float *y, *gx;
    size_t rows;
} shared_job;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- memory ---------------------------------------------------------------------------- */

static size_t pieces(size_t batch)
{
    return snn_tiles(batch, snn_tiles(batch, PIECES));
}

/* The scratch of a step:
 * | of products, a piece a worker | g_between, or z and u themselves | partial sums of the bumps |
 */
snn_status snn_shared_init(snn_shared *shared, snn_context *ctx, const snn_delay_problem *problem)
{
    const uint32_t steps_out = snn_delay_steps_out(problem, problem->steps);
    const size_t most = least(problem->batch, PIECES);
    size_t between;
    snn_status st = SNN_OK;

    shared->ctx = ctx;
    shared->problem = *problem;
    shared->channels = shared->axonal ? problem->n_in : problem->n_out;
    between = (size_t)(shared->axonal ? steps_out : problem->steps) * problem->batch *
              shared->channels * shared->elements;
    shared->owns_between = problem->train;
    shared->product_floats = snn_product_scratch(problem->precision);
    shared->scratch_floats = shared->product_floats * (size_t)ctx->threads + between;
    if (problem->train) {
        TRY_ALLOC(st, ctx, shared->between, between);
        shared->scratch_floats +=
            most * problem->n_taps * shared->elements * (size_t)shared->channels;
    }
done:
    return st;
}

void snn_shared_clear(snn_shared *shared)
{
    if (shared->owns_between)
        snn_free(shared->ctx, shared->between);
    *shared = (snn_shared){0};
}

void snn_shared_begin(snn_shared *shared, uint32_t batch, uint32_t steps)
{
    SNN_ASSERT(batch > 0 && batch <= shared->problem.batch);
    SNN_ASSERT(steps > 0 && steps <= shared->problem.steps);
    shared->batch = batch;
    shared->steps = steps;
    shared->steps_out = snn_delay_steps_out(&shared->problem, steps);
    shared->rows = (size_t)(shared->axonal ? shared->steps_out : steps) * batch;
    shared->g_between = shared->scratch + shared->product_floats * (size_t)shared->ctx->threads;
    if (!shared->owns_between)
        shared->between = shared->g_between;
    shared->partial = shared->g_between + shared->elements * shared->rows * shared->channels;
}

/* ---- pieces of work ------------------------------------------------------------------------ */

static float *plane(const snn_shared *shared, float *block, size_t m)
{
    return block + m * shared->rows * shared->channels;
}

static const float *weight_of(const snn_shared *shared, size_t m)
{
    return shared->weight + m * shared->problem.n_out * shared->problem.n_in;
}

static snn_shift shift_of(const snn_shared *shared, size_t m)
{
    return (snn_shift){.n_taps = shared->problem.n_taps,
                       .steps = shared->steps,
                       .steps_out = shared->steps_out,
                       .batch = shared->batch,
                       .channels = shared->channels,
                       .taps = shared->bump + m * shared->channels,
                       .stride = (size_t)shared->elements * shared->channels};
}

/* Samples of a tile. */
static void samples_of(const snn_shared *shared, size_t tile, size_t *b0, size_t *b1)
{
    const size_t grain = snn_tiles(shared->batch, PIECES);

    *b0 = tile * grain;
    *b1 = least(*b0 + grain, shared->batch);
}

/* Multiply-adds; those of shifts are vector code, several times slower than a product's. */
static double shift_operations(const snn_shared *shared)
{
    return 4.0 * (double)shared->elements * shared->rows * shared->channels *
           shared->problem.n_taps;
}

static double product_operations(const snn_shared *shared, size_t rows)
{
    return (double)shared->elements * (double)rows * shared->problem.n_in * shared->problem.n_out;
}

static void over_samples(snn_tile_body body, shared_job *job)
{
    snn_parallel(job->shared->ctx, pieces(job->shared->batch), shift_operations(job->shared), body,
                 job);
}

static void over_rows(snn_tile_body body, shared_job *job)
{
    snn_parallel(job->shared->ctx, snn_tiles(job->rows, ROW_GRAIN),
                 product_operations(job->shared, job->rows), body, job);
}

static void product(const snn_shared *shared, const snn_product *job, int worker)
{
    const size_t floats = shared->product_floats;

    snn_product_run(shared->ctx, job,
                    floats > 0 ? shared->scratch + (size_t)worker * floats : NULL);
}

/* c [r, n_out] = a [r, n_in] w^T, or +=. */
static void to_outputs(const snn_shared *shared, size_t rows, const float *a, const float *w,
                       bool add, float *c, int worker)
{
    const size_t n_in = shared->problem.n_in, n_out = shared->problem.n_out;

    product(shared,
            &(snn_product){.m = rows,
                           .n = n_out,
                           .k = n_in,
                           .a = a,
                           .lda = n_in,
                           .b = w,
                           .ldb = n_in,
                           .b_turned = true,
                           .c = c,
                           .ldc = n_out,
                           .alpha = 1.0f,
                           .add = add},
            worker);
}

/* c [r, n_in] = a [r, n_out] w, or +=. */
static void to_inputs(const snn_shared *shared, size_t rows, const float *a, const float *w,
                      bool add, float *c, int worker)
{
    const size_t n_in = shared->problem.n_in, n_out = shared->problem.n_out;

    product(shared,
            &(snn_product){.m = rows,
                           .n = n_in,
                           .k = n_out,
                           .a = a,
                           .lda = n_out,
                           .b = w,
                           .ldb = n_in,
                           .c = c,
                           .ldc = n_in,
                           .alpha = 1.0f,
                           .add = add},
            worker);
}

/* ---- forward ----------------------------------------------------------------------------------
 */

/* axonal: z_m of some samples from x; dendritic: y of some samples from all u_m. */
static void shift_samples(void *arg, size_t tile, int worker)
{
    const shared_job *job = arg;
    const snn_shared *shared = job->shared;
    size_t b0, b1;

    (void)worker;
    samples_of(shared, tile, &b0, &b1);
    for (size_t m = 0; m < shared->elements; m++) {
        const snn_shift shift = shift_of(shared, m);
        float *between = plane(shared, shared->between, m);

        if (shared->axonal)
            shared->ctx->kern->shift_forward(&shift, job->x, between, false, b0, b1);
        else
            shared->ctx->kern->shift_forward(&shift, between, job->y, m > 0, b0, b1);
    }
}

/* axonal: some rows of y from all z_m; dendritic: some rows of u_m from x. */
static void weigh_rows(void *arg, size_t tile, int worker)
{
    const shared_job *job = arg;
    const snn_shared *shared = job->shared;
    const size_t n_in = shared->problem.n_in, n_out = shared->problem.n_out;
    const size_t r0 = tile * ROW_GRAIN, rows = least(ROW_GRAIN, job->rows - r0);

    for (size_t m = 0; m < shared->elements; m++) {
        float *between = plane(shared, shared->between, m) + r0 * shared->channels;

        if (shared->axonal)
            to_outputs(shared, rows, between, weight_of(shared, m), m > 0, job->y + r0 * n_out,
                       worker);
        else
            to_outputs(shared, rows, job->x + r0 * n_in, weight_of(shared, m), false, between,
                       worker);
    }
}

void snn_shared_forward(snn_shared *shared, const float *x, float *y)
{
    shared_job job = {.shared = shared, .x = x, .y = y, .rows = shared->rows};

    if (shared->axonal)
        over_samples(shift_samples, &job);
    over_rows(weigh_rows, &job);
    if (!shared->axonal)
        over_samples(shift_samples, &job);
}

/* ---- backward ------------------------------------------------------------------------------ */

/* axonal: some rows of the gradient at all z_m. */
static void unweigh_rows(void *arg, size_t tile, int worker)
{
    const shared_job *job = arg;
    const snn_shared *shared = job->shared;
    const size_t r0 = tile * ROW_GRAIN, rows = least(ROW_GRAIN, job->rows - r0);

    for (size_t m = 0; m < shared->elements; m++)
        to_inputs(shared, rows, job->gy + r0 * shared->problem.n_out, weight_of(shared, m), false,
                  plane(shared, shared->g_between, m) + r0 * shared->channels, worker);
}

/* Sums over the tile's samples for the bumps; dendritic: the gradient at u_m, too. */
static void bump_samples(void *arg, size_t tile, int worker)
{
    const shared_job *job = arg;
    const snn_shared *shared = job->shared;
    const size_t plane_floats = (size_t)shared->problem.n_taps * shared->channels;
    size_t b0, b1;

    (void)worker;
    samples_of(shared, tile, &b0, &b1);
    for (size_t m = 0; m < shared->elements; m++) {
        const snn_shift shift = shift_of(shared, m);
        float *partial = shared->partial + (tile * shared->elements + m) * plane_floats;
        float *g_between = plane(shared, shared->g_between, m);

        if (shared->axonal) {
            shared->ctx->kern->shift_gradient(&shift, job->x, g_between, partial, b0, b1);
        } else {
            shared->ctx->kern->shift_backward(&shift, job->gy, g_between, false, b0, b1);
            shared->ctx->kern->shift_gradient(&shift, plane(shared, shared->between, m), job->gy,
                                              partial, b0, b1);
        }
    }
}

/* Add the tiles' sums in their order: [tiles][M][D][C] to [D][M][C]. */
static void fold_bumps(const snn_shared *shared, float *g_bump)
{
    const size_t tiles = pieces(shared->batch), channels = shared->channels;
    const size_t taps = shared->problem.n_taps, elements = shared->elements;

    for (size_t m = 0; m < elements; m++) {
        for (size_t d = 0; d < taps; d++) {
            float *out = g_bump + (d * elements + m) * channels;

            for (size_t tile = 0; tile < tiles; tile++) {
                const float *in = shared->partial + ((tile * elements + m) * taps + d) * channels;

                for (size_t c = 0; c < channels; c++)
                    out[c] = tile == 0 ? in[c] : out[c] + in[c];
            }
        }
    }
}

/* A missing synapse has no gradient. */
static void clear_missing(const snn_shared *shared, size_t m, size_t s0, size_t s1)
{
    const snn_delay_problem *problem = &shared->problem;
    float *g = shared->g_weight + m * problem->n_out * problem->n_in;

    for (size_t s = s0; problem->mask != NULL && s < s1; s++)
        if (problem->mask[s] == 0)
            g[s] = 0.0f;
}

/* A tile: one kernel, OUT_GRAIN neurons.  axonal: gy^T z_m; dendritic: gu_m^T x. */
static void weight_tile(void *arg, size_t tile, int worker)
{
    const shared_job *job = arg;
    const snn_shared *shared = job->shared;
    const size_t n_in = shared->problem.n_in, n_out = shared->problem.n_out;
    const size_t blocks = snn_tiles(n_out, OUT_GRAIN), m = tile / blocks;
    const size_t o0 = tile % blocks * OUT_GRAIN, outs = least(OUT_GRAIN, n_out - o0);
    const float *after = shared->axonal ? job->gy : plane(shared, shared->g_between, m);
    const float *before = shared->axonal ? plane(shared, shared->between, m) : job->x;
    float *g = shared->g_weight + (m * n_out + o0) * n_in;

    product(shared,
            &(snn_product){.m = outs,
                           .n = n_in,
                           .k = shared->rows,
                           .a = after + o0,
                           .lda = n_out,
                           .a_turned = true,
                           .b = before,
                           .ldb = n_in,
                           .c = g,
                           .ldc = n_in,
                           .alpha = 1.0f},
            worker);
    clear_missing(shared, m, o0 * n_in, (o0 + outs) * n_in);
}

void snn_shared_gradient(snn_shared *shared, const float *x, const float *gy, float *g_bump)
{
    shared_job job = {.shared = shared, .x = x, .gy = gy, .rows = shared->rows};

    if (shared->axonal)
        over_rows(unweigh_rows, &job);
    over_samples(bump_samples, &job);
    fold_bumps(shared, g_bump);
    snn_parallel(shared->ctx, shared->elements * snn_tiles(shared->problem.n_out, OUT_GRAIN),
                 product_operations(shared, shared->rows), weight_tile, &job);
}

/* axonal: gx of some samples from the gradient at all z_m. */
static void unshift_samples(void *arg, size_t tile, int worker)
{
    const shared_job *job = arg;
    const snn_shared *shared = job->shared;
    size_t b0, b1;

    (void)worker;
    samples_of(shared, tile, &b0, &b1);
    for (size_t m = 0; m < shared->elements; m++) {
        const snn_shift shift = shift_of(shared, m);

        shared->ctx->kern->shift_backward(&shift, plane(shared, shared->g_between, m), job->gx,
                                          m > 0, b0, b1);
    }
}

/* dendritic: some rows of gx from the gradient at all u_m. */
static void input_rows(void *arg, size_t tile, int worker)
{
    const shared_job *job = arg;
    const snn_shared *shared = job->shared;
    const size_t r0 = tile * ROW_GRAIN, rows = least(ROW_GRAIN, job->rows - r0);

    for (size_t m = 0; m < shared->elements; m++)
        to_inputs(shared, rows, plane(shared, shared->g_between, m) + r0 * shared->channels,
                  weight_of(shared, m), m > 0, job->gx + r0 * shared->problem.n_in, worker);
}

void snn_shared_input_gradient(snn_shared *shared, float *gx)
{
    shared_job job = {.shared = shared, .gx = gx, .rows = shared->rows};

    if (shared->axonal)
        over_samples(unshift_samples, &job);
    else
        over_rows(input_rows, &job);
}
