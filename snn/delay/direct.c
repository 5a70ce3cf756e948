/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operator as written: one matrix product a tap.
 *
 * In the layout [T, B, n] a delay of d steps is a shift by d * B rows, so for
 * every d
 *
 *     y[r]  += x[r - dB] kernel[d]^T          r = t * B + b
 *     gx[r] += gy[r + dB] kernel[d]
 *     g_kernel[d] = sum_r gy[r]^T x[r - dB]
 *
 * over the rows where both sides exist.  This is the reference for the other
 * solvers; its only concession to speed is who multiplies matrices.
 */
#include "snn/delay/product.h"
#include "snn/delay/solvers.h"

#include <math.h>
#include <string.h>

#define ROW_GRAIN 1024u /* rows of output a tile owns */
#define OUT_GRAIN 64u   /* neurons of a kernel gradient a tile owns */

typedef struct {
    snn_delay_plan *plan;
    const float *x, *gy;
    float *y, *gx, *g_kernel;
    bool add;
} direct_job;

static bool direct_count(const snn_delay_problem *problem, snn_delay_work *work)
{
    const double passes = 1.0 + problem->train + (problem->train && problem->input_gradient);
    const double rows = (double)snn_delay_steps_out(problem, problem->steps) * problem->batch;
    const double taps = (double)problem->n_in * problem->n_out * problem->n_taps;

    work->of[snn_product_kind(problem->precision)] += passes * rows * taps;
    work->of[SNN_COST_PHASE] += passes;
    work->of[SNN_COST_CALL] += passes * problem->n_taps * ceil(rows / ROW_GRAIN);
    work->of[SNN_COST_SIDE] +=
        passes * rows * problem->n_taps * ((double)problem->n_in + problem->n_out);
    work->of[SNN_COST_TAP] += taps * problem->elements * (1.0 + problem->train);
    return true;
}

/* Scratch: of products, one piece a worker. */
static snn_status direct_create(snn_delay_plan *plan)
{
    plan->scratch_floats =
        snn_product_scratch(plan->problem.precision) * (size_t)plan->ctx->threads;
    return SNN_OK;
}

static void product(const snn_delay_plan *plan, const snn_product *job, int worker)
{
    const size_t floats = snn_product_scratch(plan->problem.precision);

    snn_product_run(plan->ctx, job, floats > 0 ? plan->scratch + (size_t)worker * floats : NULL);
}

static void direct_nothing(snn_delay_plan *plan)
{
    (void)plan;
}

static void direct_set_kernel(snn_delay_plan *plan, const snn_delay_kernel *kernel)
{
    plan->kernel = kernel;
}

/* Multiply-adds of one pass. */
static double operations(const snn_delay_plan *plan)
{
    const snn_delay_problem *problem = &plan->problem;

    return (double)plan->steps_out * plan->batch * problem->n_in * problem->n_out * problem->n_taps;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void forward_tile(void *arg, size_t tile, int worker)
{
    const direct_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const size_t n_in = plan->problem.n_in, n_out = plan->problem.n_out, batch = plan->batch;
    const size_t r0 = tile * ROW_GRAIN, r1 = least(r0 + ROW_GRAIN, plan->steps_out * batch);

    if (!job->add)
        memset(job->y + r0 * n_out, 0, (r1 - r0) * n_out * sizeof *job->y);
    for (size_t d = 0; d < plan->problem.n_taps; d++) {
        const size_t from = d * batch > r0 ? d * batch : r0;
        const size_t to = least(r1, (plan->steps + d) * batch);

        if (from >= to)
            continue;
        product(plan,
                &(snn_product){.m = to - from,
                               .n = n_out,
                               .k = n_in,
                               .a = job->x + (from - d * batch) * n_in,
                               .lda = n_in,
                               .b = plan->kernel->value + d * n_in * n_out,
                               .ldb = n_in,
                               .b_turned = true,
                               .c = job->y + from * n_out,
                               .ldc = n_out,
                               .alpha = 1.0f,
                               .add = true},
                worker);
    }
}

static double direct_operations(const snn_delay_plan *plan, snn_delay_part part)
{
    return part == SNN_DELAY_SET_KERNEL ? 0.0 : 2.0 * operations(plan);
}

static void direct_forward(snn_delay_plan *plan, const snn_frames *x, float *y, bool add)
{
    direct_job job = {.plan = plan, .x = x->dense, .y = y, .add = add};

    snn_parallel(plan->ctx, snn_tiles((size_t)plan->steps_out * plan->batch, ROW_GRAIN),
                 operations(plan), forward_tile, &job);
}

static void direct_begin_backward(snn_delay_plan *plan, const float *gy)
{
    (void)plan;
    (void)gy;
}

static void input_tile(void *arg, size_t tile, int worker)
{
    const direct_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const size_t n_in = plan->problem.n_in, n_out = plan->problem.n_out, batch = plan->batch;
    const size_t r0 = tile * ROW_GRAIN, r1 = least(r0 + ROW_GRAIN, plan->steps * batch);

    memset(job->gx + r0 * n_in, 0, (r1 - r0) * n_in * sizeof *job->gx);
    for (size_t d = 0; d < plan->problem.n_taps && d < plan->steps_out; d++) {
        const size_t to = least(r1, (plan->steps_out - d) * batch);

        if (r0 >= to)
            continue;
        product(plan,
                &(snn_product){.m = to - r0,
                               .n = n_in,
                               .k = n_out,
                               .a = job->gy + (r0 + d * batch) * n_out,
                               .lda = n_out,
                               .b = plan->kernel->value + d * n_in * n_out,
                               .ldb = n_in,
                               .c = job->gx + r0 * n_in,
                               .ldc = n_in,
                               .alpha = 1.0f,
                               .add = true},
                worker);
    }
}

static void direct_input_gradient(snn_delay_plan *plan, const float *gy, float *gx)
{
    direct_job job = {.plan = plan, .gy = gy, .gx = gx};

    snn_parallel(plan->ctx, snn_tiles((size_t)plan->steps * plan->batch, ROW_GRAIN),
                 operations(plan), input_tile, &job);
}

/* A tile: one delay, OUT_GRAIN neurons. */
static void kernel_tile(void *arg, size_t tile, int worker)
{
    const direct_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const size_t n_in = plan->problem.n_in, n_out = plan->problem.n_out, batch = plan->batch;
    const size_t blocks = snn_tiles(n_out, OUT_GRAIN), d = tile / blocks;
    const size_t o0 = tile % blocks * OUT_GRAIN, outs = least(OUT_GRAIN, n_out - o0);
    const size_t from = d, to = least(plan->steps_out, plan->steps + d);
    float *g = job->g_kernel + d * n_in * n_out + o0 * n_in;

    if (from >= to) {
        memset(g, 0, outs * n_in * sizeof *g);
        return;
    }
    product(plan,
            &(snn_product){.m = outs,
                           .n = n_in,
                           .k = (to - from) * batch,
                           .a = job->gy + from * batch * n_out + o0,
                           .lda = n_out,
                           .a_turned = true,
                           .b = job->x,
                           .ldb = n_in,
                           .c = g,
                           .ldc = n_in,
                           .alpha = 1.0f},
            worker);
}

static void direct_kernel_gradient(snn_delay_plan *plan, const snn_frames *x, const float *gy,
                                   float *g_kernel)
{
    direct_job job = {.plan = plan, .x = x->dense, .gy = gy, .g_kernel = g_kernel};

    snn_parallel(plan->ctx, plan->problem.n_taps * snn_tiles(plan->problem.n_out, OUT_GRAIN),
                 operations(plan), kernel_tile, &job);
}

const snn_delay_solver snn_delay_direct = {
    .name = "direct",
    .id = SNN_SOLVER_DIRECT,
    .count = direct_count,
    .operations = direct_operations,
    .create = direct_create,
    .destroy = direct_nothing,
    .begin = direct_nothing,
    .set_kernel = direct_set_kernel,
    .forward = direct_forward,
    .begin_backward = direct_begin_backward,
    .kernel_gradient = direct_kernel_gradient,
    .input_gradient = direct_input_gradient,
};
