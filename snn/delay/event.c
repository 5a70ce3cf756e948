/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sparse input and narrow taps: for each cell (i, t) of a sample that holds v and for each
 * live tap (d, w) of each synapse from i
 *
 *     y_o[t + d] += w v          g += v gy_o[t + d]
 *
 * on rows that are contiguous in time, four of them sharing a walk over the cells, so
 * that a core does about an addition a cycle whatever the number of delays.  A sample is
 * a tile: nobody else writes its rows.  The gradient at the input is wanted at every step
 * where a surrogate has no zeros: it goes by shifted products (rows.h), else by spans (spans.h).
 */
#include "snn/delay/rows.h"
#include "snn/delay/solvers.h"
#include "snn/delay/spans.h"
#include "snn/kern/kern.h"

#include <string.h>

#define TOGETHER 4u  /* rows of a snn_event_block */
#define LINE     16u /* numbers in a line of the cache */
#define GROUP    64u /* rows packed at a time: a few lines of each step, and they stay in cache */
#define ROOM     1.5 /* cells kept for the backward pass, against what the plan expects */

typedef struct {
    snn_rows rows;       /* for the input gradient, all of it .. */
    snn_span_rows spans; /* .. or what is wanted of it */
    size_t row_steps;    /* of a row here: T + D - 1, in whole lines */
    size_t entries;      /* the most there can be */
    size_t blocks;       /* of TOGETHER outputs */
    size_t cells;        /* of a sample: T n_in */
    /* What forward found, for kernel_gradient; a sample with more is searched again. */
    size_t kept;          /* cells there is room for, a sample */
    uint32_t *kept_first; /* [batch][n_in + 2] */
    uint32_t *kept_step;  /* [batch][kept] */
    float *kept_value;    /* [batch][kept] */
    uint32_t *first;      /* [blocks + 1] entries of each block */
    uint32_t *channel;    /* [entries] */
    uint32_t *delay;      /* [entries][TOGETHER] */
    float *weight;        /* [entries][TOGETHER] */
    float *g;             /* [pieces][entries][TOGETHER] */
    float *worker;        /* rows and cells, one piece a worker */
    size_t worker_floats;
} event_state;

typedef struct {
    snn_delay_plan *plan;
    const float *x, *gy;
    float *y, *g_kernel;
    bool add;
    size_t pieces;
} event_job;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A pass over the spikes, each of which is an addition of this kind to what it reaches. */
static void pass_count(const snn_delay_problem *problem, snn_cost kind, snn_delay_work *work)
{
    const double cells = (double)problem->steps * problem->batch * problem->n_in;
    const double out =
        (double)snn_delay_steps_out(problem, problem->steps) * problem->batch * problem->n_out;
    const double reached = (double)snn_rows_terms(problem) / problem->n_in;

    work->of[kind] += (double)problem->density * cells * reached;
    work->of[SNN_COST_WALK] += problem->batch * (double)snn_rows_terms(problem) / TOGETHER;
    work->of[SNN_COST_FIND] += cells;
    work->of[snn_delay_is_near(problem) ? SNN_COST_LAY : SNN_COST_LAY_FAR] += out;
}

static double pass_cost(const snn_delay_problem *problem, snn_cost kind)
{
    snn_delay_work work = {{0}};

    pass_count(problem, kind, &work);
    return snn_delay_price(problem->costs, &work);
}

static bool event_count(const snn_delay_problem *problem, snn_delay_work *work)
{
    const double terms = (double)snn_rows_terms(problem);

    pass_count(problem, SNN_COST_SCATTER, work);
    if (problem->train)
        pass_count(problem, SNN_COST_GATHER, work);
    if (problem->train && problem->input_gradient)
        snn_spans_input_count(problem, work);
    work->of[SNN_COST_PHASE] += 2.0 + 2.0 * problem->train;
    work->of[SNN_COST_TERM] += terms;
    work->of[SNN_COST_TAP] += terms * (1.0 + problem->train);
    return snn_rows_fit(problem);
}

/* A multiply-add for each cell and live tap; at the input, for each step that is wanted. */
static double event_operations(const snn_delay_plan *plan, snn_delay_part part)
{
    const double all = 2.0 * plan->steps * plan->batch * (double)snn_rows_terms(&plan->problem);

    if (part == SNN_DELAY_SET_KERNEL)
        return 0.0;
    if (part == SNN_DELAY_INPUT_GRADIENT)
        return all * snn_spans_share(&plan->problem);
    return all * (double)plan->problem.density;
}

/* A block of four outputs has an entry for each delayed weight and tap of a channel that
 * reaches one of them. */
static size_t most_entries(const snn_delay_problem *problem)
{
    const size_t channels = problem->mask == NULL
                                ? problem->n_in
                                : least(problem->n_in, (size_t)TOGETHER * problem->fan_in);

    return snn_tiles(problem->n_out, TOGETHER) * channels * problem->elements * problem->width;
}

static size_t whole_lines(size_t floats)
{
    return snn_tiles(floats, LINE) * LINE;
}

static snn_status create_kept(event_state *state, const snn_delay_plan *plan)
{
    const snn_delay_problem *problem = &plan->problem;
    const double expected = ROOM * (double)problem->density * (double)state->cells;
    snn_status st = SNN_OK;

    state->kept = least(state->cells, whole_lines((size_t)expected + LINE));
    TRY_ALLOC(st, plan->ctx, state->kept_first, (size_t)problem->batch * (problem->n_in + 2));
    TRY_ALLOC(st, plan->ctx, state->kept_step, problem->batch * state->kept);
    TRY_ALLOC(st, plan->ctx, state->kept_value, problem->batch * state->kept);
done:
    return st;
}

/* Scratch: | rows and terms of the input gradient | entries | g | workers: rows, cells | */
static snn_status event_create(snn_delay_plan *plan)
{
    const snn_delay_problem *problem = &plan->problem;
    snn_status st = SNN_OK;
    event_state *state = NULL;

    TRY_ALLOC(st, plan->ctx, state, 1);
    plan->state = state;
    if (snn_spans_pay(problem))
        plan->scratch_floats = snn_spans_init(&state->spans, plan);
    else if (problem->train && problem->input_gradient)
        plan->scratch_floats = snn_rows_init(&state->rows, plan);
    state->row_steps =
        whole_lines((size_t)snn_delay_steps_out(problem, problem->steps) + problem->n_taps) + LINE;
    state->blocks = snn_tiles(problem->n_out, TOGETHER);
    state->entries = most_entries(problem);
    state->cells = (size_t)problem->steps * problem->n_in;
    state->worker_floats =
        GROUP * state->row_steps + whole_lines(problem->n_in + 2) + 5 * whole_lines(state->cells);
    plan->scratch_floats += whole_lines(state->blocks + 1) + whole_lines(state->entries) +
                            2 * TOGETHER * state->entries +
                            (size_t)plan->ctx->threads * state->worker_floats;
    if (problem->train) {
        plan->scratch_floats += least(SNN_ROWS_PIECES, problem->batch) * TOGETHER * state->entries;
        TRY(st, create_kept(state, plan));
    }
done:
    return st;
}

static void event_destroy(snn_delay_plan *plan)
{
    event_state *state = plan->state;

    if (state == NULL)
        return;
    snn_free(plan->ctx, state->kept_value);
    snn_free(plan->ctx, state->kept_step);
    snn_free(plan->ctx, state->kept_first);
    snn_free(plan->ctx, state);
    plan->state = NULL;
}

static void event_begin(snn_delay_plan *plan)
{
    event_state *state = plan->state;
    float *at = plan->scratch;

    if (snn_spans_pay(&plan->problem))
        at = snn_spans_begin(&state->spans, plan);
    else if (plan->problem.train && plan->problem.input_gradient)
        at = snn_rows_begin(&state->rows, plan);
    state->first = (uint32_t *)at;
    at += whole_lines(state->blocks + 1);
    state->channel = (uint32_t *)at;
    at += whole_lines(state->entries);
    state->delay = (uint32_t *)at;
    state->weight = at + TOGETHER * state->entries;
    state->worker = state->weight + TOGETHER * state->entries;
    state->g = state->worker + (size_t)plan->ctx->threads * state->worker_floats;
}

static void event_set_kernel(snn_delay_plan *plan, const snn_delay_kernel *kernel)
{
    plan->kernel = kernel;
}

/* ---- entries ------------------------------------------------------------------------------ */

/* Which of the four outputs of a block channel i reaches, as bits. */
static unsigned reached(const snn_delay_plan *plan, size_t block, size_t i)
{
    const snn_delay_problem *problem = &plan->problem;
    unsigned bits = 0;

    for (size_t q = 0; q < TOGETHER; q++) {
        const size_t o = block * TOGETHER + q;

        if (o < problem->n_out &&
            (problem->mask == NULL || problem->mask[o * problem->n_in + i] != 0))
            bits |= 1u << q;
    }
    return bits;
}

static void count_entries(event_state *state, const snn_delay_plan *plan)
{
    const uint32_t each = plan->problem.elements * plan->problem.width;
    uint32_t n = 0;

    for (size_t block = 0; block < state->blocks; block++) {
        state->first[block] = n;
        if (plan->problem.mask == NULL)
            n += each * plan->problem.n_in;
        else
            for (size_t i = 0; i < plan->problem.n_in; i++)
                n += reached(plan, block, i) != 0 ? each : 0;
    }
    state->first[state->blocks] = n;
    SNN_ASSERT(n <= state->entries);
}

static void fill_tile(void *arg, size_t block, int worker)
{
    const event_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const event_state *state = plan->state;
    const snn_delay_kernel *kernel = plan->kernel;
    const size_t n_in = plan->problem.n_in, synapses = n_in * plan->problem.n_out;
    size_t n = state->first[block];

    (void)worker;
    for (size_t i = 0; i < n_in; i++) {
        const unsigned bits = reached(plan, block, i);

        for (size_t mk = 0; bits != 0 && mk < (size_t)kernel->elements * kernel->width; mk++) {
            const size_t m = mk / kernel->width, k = mk % kernel->width;

            state->channel[n] = (uint32_t)i;
            for (size_t q = 0; q < TOGETHER; q++) {
                const size_t at = m * synapses + (block * TOGETHER + q) * n_in + i;
                const bool here = bits >> q & 1;

                state->delay[n * TOGETHER + q] = here ? kernel->first[at] + (uint32_t)k : 0;
                state->weight[n * TOGETHER + q] =
                    here ? kernel->value[k * kernel->elements * synapses + at] : 0.0f;
            }
            n++;
        }
    }
}

static void make_entries(snn_delay_plan *plan)
{
    event_state *state = plan->state;
    event_job job = {.plan = plan};

    count_entries(state, plan);
    snn_parallel(plan->ctx, state->blocks, SNN_ELEMENT * TOGETHER * (double)state->entries,
                 fill_tile, &job);
}

/* g_kernel of four outputs: sums over pieces, in order; 0 where there is no synapse. */
static void fold_tile(void *arg, size_t block, int worker)
{
    const event_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const event_state *state = plan->state;
    const snn_delay_kernel *kernel = plan->kernel;
    const size_t n_in = plan->problem.n_in, synapses = n_in * plan->problem.n_out;
    const size_t rows = least(TOGETHER, plan->problem.n_out - block * TOGETHER);
    size_t n = state->first[block];

    (void)worker;
    for (size_t i = 0; i < n_in; i++) {
        const unsigned bits = reached(plan, block, i);

        for (size_t mk = 0; mk < (size_t)kernel->elements * kernel->width; mk++) {
            const size_t m = mk / kernel->width, k = mk % kernel->width;

            for (size_t q = 0; q < rows; q++) {
                const size_t at = m * synapses + (block * TOGETHER + q) * n_in + i;
                float sum = 0.0f;

                for (size_t p = 0; p < job->pieces && (bits >> q & 1); p++)
                    sum += state->g[(p * state->entries + n) * TOGETHER + q];
                job->g_kernel[k * kernel->elements * synapses + at] = sum;
            }
            n += bits != 0;
        }
    }
}

/* ---- passes --------------------------------------------------------------------------------- */

/* A worker's memory: | rows | first | step | value | found x 3 | */
static snn_cells cells_of(const event_state *state, const snn_delay_plan *plan, int worker,
                          float **rows)
{
    float *at = state->worker + (size_t)worker * state->worker_floats;
    const size_t each = whole_lines(state->cells);
    snn_cells cells;

    *rows = at;
    at += GROUP * state->row_steps;
    cells.first = (uint32_t *)at;
    at += whole_lines(plan->problem.n_in + 2);
    cells.step = (uint32_t *)at;
    cells.value = at + each;
    cells.found_step = (uint32_t *)(at + 2 * each);
    cells.found_channel = (uint32_t *)(at + 3 * each);
    cells.found_value = at + 4 * each;
    return cells;
}

static void find_cells(const event_job *job, size_t sample, snn_cells *cells)
{
    const snn_delay_plan *plan = job->plan;
    const size_t n_in = plan->problem.n_in;

    plan->ctx->kern->event_find(job->x + sample * n_in, plan->batch * n_in, plan->steps, n_in,
                                cells);
}

static uint32_t *kept_first(const event_state *state, const snn_delay_plan *plan, size_t sample)
{
    return state->kept_first + sample * (plan->problem.n_in + 2);
}

static void keep_cells(const event_job *job, size_t sample, const snn_cells *cells)
{
    const snn_delay_plan *plan = job->plan;
    const event_state *state = plan->state;
    const size_t n_in = plan->problem.n_in, n = cells->first[n_in];
    uint32_t *first = kept_first(state, plan, sample);

    memcpy(first, cells->first, (n_in + 1) * sizeof *first);
    if (n <= state->kept) {
        memcpy(state->kept_step + sample * state->kept, cells->step, n * sizeof *cells->step);
        memcpy(state->kept_value + sample * state->kept, cells->value, n * sizeof *cells->value);
    }
}

/* The cells of forward, kept or found again in `cells`. */
static snn_cells recall_cells(const event_job *job, size_t sample, snn_cells cells)
{
    const snn_delay_plan *plan = job->plan;
    const event_state *state = plan->state;
    uint32_t *first = kept_first(state, plan, sample);

    if (first[plan->problem.n_in] > state->kept) {
        find_cells(job, sample, &cells);
        return cells;
    }
    return (snn_cells){.first = first,
                       .step = state->kept_step + sample * state->kept,
                       .value = state->kept_value + sample * state->kept};
}

static snn_event_block block_of(const event_state *state, size_t block)
{
    const size_t n = state->first[block];

    return (snn_event_block){.channel = state->channel + n,
                             .delay = state->delay + n * TOGETHER,
                             .weight = state->weight + n * TOGETHER};
}

/* Rows [GROUP][row_steps] of the outputs o0 .. of one sample, from frames or silent; blocks that
 * exist, and zeros behind the last step. */
static void load_group(const event_job *job, const float *frames, size_t sample, size_t o0,
                       float *rows)
{
    const snn_delay_plan *plan = job->plan;
    const event_state *state = plan->state;
    const size_t n_out = plan->problem.n_out, outs = least(GROUP, n_out - o0);
    const size_t used = snn_tiles(outs, TOGETHER) * TOGETHER;

    for (size_t o = 0; o < used; o++) {
        const size_t from = frames != NULL && o < outs ? plan->steps_out : 0;

        memset(rows + o * state->row_steps + from, 0, (state->row_steps - from) * sizeof *rows);
    }
    if (frames != NULL)
        plan->ctx->kern->transpose(plan->steps_out, outs, frames + sample * n_out + o0,
                                   plan->batch * n_out, rows, state->row_steps);
}

static void forward_tile(void *arg, size_t sample, int worker)
{
    const event_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const event_state *state = plan->state;
    const size_t n_out = plan->problem.n_out;
    snn_transpose *store = snn_rows_store(plan, plan->steps_out, n_out);
    float *rows;
    snn_cells cells = cells_of(state, plan, worker, &rows);

    find_cells(job, sample, &cells);
    if (plan->problem.train)
        keep_cells(job, sample, &cells);
    for (size_t o0 = 0; o0 < n_out; o0 += GROUP) {
        const size_t outs = least(GROUP, n_out - o0);

        load_group(job, job->add ? job->y : NULL, sample, o0, rows);
        for (size_t o = o0; o < o0 + outs; o += TOGETHER) {
            const size_t block = o / TOGETHER;
            const snn_event_block entries = block_of(state, block);

            plan->ctx->kern->event_scatter(&cells, &entries,
                                           state->first[block + 1] - state->first[block],
                                           rows + (o - o0) * state->row_steps, state->row_steps);
        }
        store(outs, plan->steps_out, rows, state->row_steps, job->y + sample * n_out + o0,
              plan->batch * n_out);
    }
}

static void event_forward(snn_delay_plan *plan, const snn_frames *x, float *y, bool add)
{
    event_job job = {.plan = plan, .x = x->dense, .y = y, .add = add};

    make_entries(plan);
    snn_parallel(plan->ctx, plan->batch, pass_cost(&plan->problem, SNN_COST_SCATTER), forward_tile,
                 &job);
}

static void event_begin_backward(snn_delay_plan *plan, const float *gy)
{
    (void)plan;
    (void)gy;
}

/* A piece: a run of samples, whose gradients go into one set of sums. */
static void gradient_tile(void *arg, size_t piece, int worker)
{
    const event_job *job = arg;
    const snn_delay_plan *plan = job->plan;
    const event_state *state = plan->state;
    const size_t n_out = plan->problem.n_out;
    float *rows, *g = state->g + piece * state->entries * TOGETHER;
    const snn_cells room = cells_of(state, plan, worker, &rows);

    memset(g, 0, state->entries * TOGETHER * sizeof *g);
    for (size_t sample = piece * plan->batch / job->pieces;
         sample < (piece + 1) * plan->batch / job->pieces; sample++) {
        const snn_cells cells = recall_cells(job, sample, room);

        for (size_t o0 = 0; o0 < n_out; o0 += GROUP) {
            const size_t outs = least(GROUP, n_out - o0);

            load_group(job, job->gy, sample, o0, rows);
            for (size_t o = o0; o < o0 + outs; o += TOGETHER) {
                const size_t block = o / TOGETHER;
                const snn_event_block entries = block_of(state, block);

                plan->ctx->kern->event_gather(&cells, &entries,
                                              state->first[block + 1] - state->first[block],
                                              rows + (o - o0) * state->row_steps, state->row_steps,
                                              g + (size_t)state->first[block] * TOGETHER);
            }
        }
    }
}

static void event_kernel_gradient(snn_delay_plan *plan, const snn_frames *x, const float *gy,
                                  float *g_kernel)
{
    event_state *state = plan->state;
    event_job job = {.plan = plan,
                     .x = x->dense,
                     .gy = gy,
                     .g_kernel = g_kernel,
                     .pieces = least(SNN_ROWS_PIECES, plan->batch)};

    make_entries(plan);
    snn_parallel(plan->ctx, job.pieces, pass_cost(&plan->problem, SNN_COST_GATHER), gradient_tile,
                 &job);
    snn_parallel(plan->ctx, state->blocks,
                 SNN_ELEMENT * (double)(job.pieces * state->entries * TOGETHER), fold_tile, &job);
}

static void event_input_gradient(snn_delay_plan *plan, const float *gy, float *gx)
{
    event_state *state = plan->state;

    if (snn_spans_pay(&plan->problem))
        snn_spans_input_gradient(&state->spans, plan, gy, gx);
    else
        snn_rows_input_gradient(&state->rows, plan, gy, gx);
}

const snn_delay_solver snn_delay_event = {
    .name = "event",
    .id = SNN_SOLVER_EVENT,
    .narrow = true,
    .count = event_count,
    .sparse = snn_spans_pay,
    .operations = event_operations,
    .create = event_create,
    .destroy = event_destroy,
    .begin = event_begin,
    .set_kernel = event_set_kernel,
    .forward = event_forward,
    .begin_backward = event_begin_backward,
    .kernel_gradient = event_kernel_gradient,
    .input_gradient = event_input_gradient,
};
