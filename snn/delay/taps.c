/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Narrow taps as shifted products (rows.h): for each live tap of each synapse
 *
 *     y_o[j] += w x_i[j - d]        gx_i[j] += w gy_o[j + d]        g = sum_j gy_o[j] x_i[j - d]
 *
 * over rows that hold 16 samples side by side.  T' K multiply-adds a synapse and sample,
 * each with a load of its own; no transform and no tap that is zero.
 */
#include "snn/delay/rows.h"
#include "snn/delay/solvers.h"
#include "snn/delay/spans.h"
#include "snn/kern/kern.h"

#include <string.h>

#define DOT_SEGMENT 512u /* numbers of a row in one product: sums are folded once in so many */

typedef struct {
    snn_rows rows;
    snn_span_rows spans; /* where they pay, in the place of rows and g */
    float *g;            /* [pieces][terms] */
} taps_state;

typedef struct {
    snn_delay_plan *plan;
    const float *x, *gy;
    float *y;
    bool add;
    snn_rows_use use; /* of the rows of y, in the place of unpacking them; or NULL */
    void *user;
    size_t pieces;
} taps_job;

static bool taps_count(const snn_delay_problem *problem, snn_delay_work *work)
{
    const double steps_out = snn_delay_steps_out(problem, problem->steps);
    const double terms = (double)snn_rows_terms(problem);

    snn_rows_count(problem, steps_out, false, work);
    if (problem->train)
        snn_rows_count(problem, steps_out, true, work);
    if (problem->train && problem->input_gradient)
        snn_spans_input_count(problem, work);
    work->of[SNN_COST_PHASE] += 2.0 + 2.0 * problem->train;
    work->of[SNN_COST_TERM] += terms;
    work->of[SNN_COST_TAP] += terms * (1.0 + problem->train);
    return snn_rows_fit(problem);
}

static double taps_operations(const snn_delay_plan *plan, snn_delay_part part)
{
    const double steps = part == SNN_DELAY_INPUT_GRADIENT ? plan->steps : plan->steps_out;

    if (part == SNN_DELAY_SET_KERNEL)
        return 0.0;
    return 2.0 * steps * plan->batch * (double)snn_rows_terms(&plan->problem) *
           (part == SNN_DELAY_INPUT_GRADIENT ? snn_spans_share(&plan->problem) : 1.0);
}

static size_t pieces_of(size_t blocks)
{
    return blocks < SNN_ROWS_PIECES ? blocks : SNN_ROWS_PIECES;
}

/* Scratch: | rows and terms | g: pieces x terms, training | */
static snn_status taps_create(snn_delay_plan *plan)
{
    const snn_delay_problem *problem = &plan->problem;
    snn_status st = SNN_OK;
    taps_state *state = NULL;

    TRY_ALLOC(st, plan->ctx, state, 1);
    plan->state = state;
    plan->scratch_floats = snn_rows_init(&state->rows, plan);
    if (problem->train)
        plan->scratch_floats +=
            pieces_of(snn_tiles(problem->batch, state->rows.lanes)) * state->rows.terms;
    if (snn_spans_pay(problem)) {
        const size_t floats = snn_spans_init(&state->spans, plan);

        plan->scratch_floats = floats > plan->scratch_floats ? floats : plan->scratch_floats;
    }
done:
    return st;
}

static void taps_destroy(snn_delay_plan *plan)
{
    snn_free(plan->ctx, plan->state);
    plan->state = NULL;
}

static void taps_begin(snn_delay_plan *plan)
{
    taps_state *state = plan->state;

    state->g = snn_rows_begin(&state->rows, plan);
    if (snn_spans_pay(&plan->problem))
        snn_spans_begin(&state->spans, plan);
}

static void taps_set_kernel(snn_delay_plan *plan, const snn_delay_kernel *kernel)
{
    plan->kernel = kernel;
}

static void pack_x(const taps_job *job, size_t block, float *x)
{
    const snn_delay_plan *plan = job->plan;
    const snn_rows *rows = &((const taps_state *)plan->state)->rows;
    const size_t filled = plan->steps * rows->lanes,
                 columns = snn_rows_columns(rows, plan->steps_out);

    for (size_t i = 0; i < plan->problem.n_in; i++) {
        float *row = x + i * rows->x_stride;

        memset(row, 0, rows->lead * sizeof *row);
        memset(row + rows->lead + filled, 0, (columns - filled) * sizeof *row);
    }
    snn_rows_pack(rows, plan, block, job->x, plan->problem.n_in, plan->steps, x + rows->lead,
                  rows->x_stride);
}

/* Rows of y or gy with zeros behind them. */
static void pack_y(const taps_job *job, size_t block, const float *frames, float *y)
{
    const snn_delay_plan *plan = job->plan;
    const snn_rows *rows = &((const taps_state *)plan->state)->rows;
    const size_t filled = plan->steps_out * rows->lanes,
                 columns = snn_rows_columns(rows, plan->steps_out);

    for (size_t o = 0; o < plan->problem.n_out; o++) {
        float *row = y + o * rows->y_stride;

        memset(frames != NULL ? row + filled : row, 0,
               (frames != NULL ? columns - filled : columns) * sizeof *row);
    }
    if (frames != NULL)
        snn_rows_pack(rows, plan, block, frames, plan->problem.n_out, plan->steps_out, y,
                      rows->y_stride);
}

static void forward_tile(void *arg, size_t block, int worker)
{
    const taps_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const snn_rows *rows = &((const taps_state *)plan->state)->rows;
    float *x = snn_rows_x(rows, plan, worker), *y = snn_rows_y(rows, plan, worker);

    pack_x(job, block, x);
    pack_y(job, block, job->add ? job->y : NULL, y);
    snn_rows_add(rows, plan, x + rows->lead, y, rows->y_stride,
                 snn_rows_columns(rows, plan->steps_out));
    if (job->use != NULL)
        job->use(job->user, block, y, rows->y_stride);
    else
        snn_rows_unpack(rows, plan, block, y, rows->y_stride, plan->problem.n_out, plan->steps_out,
                        job->y);
}

static void forward(snn_delay_plan *plan, taps_job *job)
{
    taps_state *state = plan->state;

    snn_rows_make_terms(&state->rows, plan, false);
    snn_parallel(plan->ctx, state->rows.blocks, snn_rows_cost(&plan->problem, plan->steps_out),
                 forward_tile, job);
}

static void taps_forward(snn_delay_plan *plan, const snn_frames *x, float *y, bool add)
{
    taps_job job = {.plan = plan, .x = x->dense, .y = y, .add = add};

    forward(plan, &job);
}

bool snn_taps_gives_rows(const snn_delay_plan *plan)
{
    return plan->solver == &snn_delay_taps && snn_rows_lanes(&plan->problem) == SNN_ROWS_LANES;
}

void snn_taps_forward_rows(snn_delay_plan *plan, const snn_frames *x, snn_rows_use use, void *user)
{
    taps_job job = {.plan = plan, .x = x->dense, .use = use, .user = user};

    SNN_ASSERT(snn_taps_gives_rows(plan));
    forward(plan, &job);
}

static void taps_begin_backward(snn_delay_plan *plan, const float *gy)
{
    (void)plan;
    (void)gy;
}

/* A piece: a run of blocks of samples, whose gradients go into one set of sums. */
static void gradient_tile(void *arg, size_t piece, int worker)
{
    const taps_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const taps_state *state = plan->state;
    const snn_rows *rows = &state->rows;
    const snn_terms *term = &rows->term;
    const size_t columns = snn_rows_columns(rows, plan->steps_out);
    const size_t from = piece * rows->blocks / job->pieces,
                 to = (piece + 1) * rows->blocks / job->pieces;
    float *x = snn_rows_x(rows, plan, worker), *y = snn_rows_y(rows, plan, worker);
    float *g = state->g + piece * rows->terms;

    memset(g, 0, rows->terms * sizeof *g);
    for (size_t block = from; block < to; block++) {
        pack_x(job, block, x);
        pack_y(job, block, job->gy, y);
        for (size_t j = 0; j < columns; j += DOT_SEGMENT) {
            for (size_t b = 0; b < term->blocks; b++) {
                const snn_row_terms shift = {.in = x + rows->lead + j,
                                             .first = term->first + b * (term->rows + 1),
                                             .offset = term->offset,
                                             .columns = columns - j < DOT_SEGMENT ? columns - j
                                                                                  : DOT_SEGMENT};

                plan->ctx->kern->rows_dot(&shift, term->rows, y + j, rows->y_stride, g);
            }
        }
    }
}

static void taps_kernel_gradient(snn_delay_plan *plan, const snn_frames *x, const float *gy,
                                 float *g_kernel)
{
    taps_state *state = plan->state;
    taps_job job = {.plan = plan, .x = x->dense, .gy = gy, .pieces = pieces_of(state->rows.blocks)};

    snn_rows_make_terms(&state->rows, plan, false);
    snn_parallel(plan->ctx, job.pieces, snn_rows_cost(&plan->problem, plan->steps_out),
                 gradient_tile, &job);
    snn_rows_fold(&state->rows, plan, job.pieces, state->g, g_kernel);
}

static void taps_input_gradient(snn_delay_plan *plan, const float *gy, float *gx)
{
    taps_state *state = plan->state;

    if (snn_spans_pay(&plan->problem))
        snn_spans_input_gradient(&state->spans, plan, gy, gx);
    else
        snn_rows_input_gradient(&state->rows, plan, gy, gx);
}

const snn_delay_solver snn_delay_taps = {
    .name = "taps",
    .id = SNN_SOLVER_TAPS,
    .narrow = true,
    .count = taps_count,
    .sparse = snn_spans_pay,
    .operations = taps_operations,
    .create = taps_create,
    .destroy = taps_destroy,
    .begin = taps_begin,
    .set_kernel = taps_set_kernel,
    .forward = taps_forward,
    .begin_backward = taps_begin_backward,
    .kernel_gradient = taps_kernel_gradient,
    .input_gradient = taps_input_gradient,
};
