/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/rows.h"
#include "snn/kern/kern.h"

#include <math.h>
#include <string.h>

#define SEGMENT     256u   /* numbers of a row that a pass over all terms treats */
#define CACHE_BYTES 20480u /* of the first level, for the windows of a block of sources */
#define LEAST_TERMS 8u     /* of a row and a block, so that a row is worth loading */

static size_t round_up(size_t n, size_t to)
{
    return snn_tiles(n, to) * to;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- sizes ------------------------------------------------------------------------------ */

/* Sixteen samples side by side need no unaligned loads, but 16 times the window. */
size_t snn_rows_lanes(const snn_delay_problem *problem)
{
    const size_t window = (SEGMENT + (size_t)(problem->n_taps - 1) * SNN_ROWS_LANES) * 4;

    return problem->batch >= SNN_ROWS_LANES / 2 && 4 * window <= CACHE_BYTES ? SNN_ROWS_LANES : 1;
}

size_t snn_rows_synapses(const snn_delay_problem *problem)
{
    return (size_t)problem->n_out * (problem->mask != NULL ? problem->fan_in : problem->n_in);
}

size_t snn_rows_terms(const snn_delay_problem *problem)
{
    return snn_rows_synapses(problem) * problem->elements * problem->width;
}

/* Rows lie an odd number of vectors apart, for the sets of the caches. */
static size_t stride_of(size_t numbers)
{
    return round_up(numbers, 2 * SNN_ROWS_GRAIN) + SNN_ROWS_GRAIN;
}

static size_t columns_of(size_t steps, size_t lanes)
{
    return round_up(steps * lanes, SNN_ROWS_GRAIN);
}

static size_t x_stride_of(const snn_delay_problem *problem, size_t lanes)
{
    const size_t steps_out = snn_delay_steps_out(problem, problem->steps);

    return stride_of(round_up((problem->n_taps - 1) * lanes, SNN_ROWS_GRAIN) +
                     columns_of(steps_out, lanes));
}

static size_t y_stride_of(const snn_delay_problem *problem, size_t lanes)
{
    const size_t steps_out = snn_delay_steps_out(problem, problem->steps);

    return stride_of(most(columns_of(steps_out, lanes),
                          columns_of(problem->steps, lanes) + (problem->n_taps - 1) * lanes));
}

/* Offsets are 32 bits. */
bool snn_rows_fit(const snn_delay_problem *problem)
{
    const size_t lanes = snn_rows_lanes(problem);

    return problem->n_in * x_stride_of(problem, lanes) <= INT32_MAX &&
           problem->n_out * y_stride_of(problem, lanes) <= INT32_MAX &&
           snn_rows_terms(problem) <= INT32_MAX;
}

void snn_rows_count(const snn_delay_problem *problem, double steps, bool dot, snn_delay_work *work)
{
    const size_t lanes = snn_rows_lanes(problem);
    const double cells = (double)round_up(problem->batch, lanes) * steps;
    const snn_cost aside = dot ? SNN_COST_DOT : SNN_COST_ADD;
    const snn_cost alone = dot ? SNN_COST_DOT_ALONE : SNN_COST_ADD_ALONE;

    work->of[lanes > 1 ? aside : alone] += cells * (double)snn_rows_terms(problem);
    work->of[SNN_COST_VISIT] += cells / (steps * (double)lanes) * (double)snn_rows_terms(problem) *
                                ceil(steps * (double)lanes / SEGMENT);
    work->of[snn_delay_is_near(problem) ? SNN_COST_MOVE : SNN_COST_MOVE_FAR] +=
        cells * ((double)problem->n_in + problem->n_out);
}

double snn_rows_cost(const snn_delay_problem *problem, double steps)
{
    snn_delay_work work = {{0}};

    snn_rows_count(problem, steps, false, &work);
    return snn_delay_price(problem->costs, &work);
}

/* Sources of a block: their windows fit the cache, and each row has a few terms. */
static size_t block_of(const snn_delay_problem *problem, size_t lanes, size_t sources)
{
    const size_t window = (SEGMENT + (size_t)(problem->n_taps - 1) * lanes) * sizeof(float);
    const size_t rows = sources == problem->n_in ? problem->n_out : problem->n_in;
    const size_t row_terms = most(1, snn_rows_terms(problem) / rows);
    const size_t block = most(CACHE_BYTES / window, snn_tiles(LEAST_TERMS * sources, row_terms));

    return least(most(block, 1), sources);
}

size_t snn_rows_init(snn_rows *rows, const snn_delay_plan *plan)
{
    const snn_delay_problem *problem = &plan->problem;
    const size_t workers = (size_t)plan->ctx->threads, n_in = problem->n_in, n_out = problem->n_out;
    size_t lanes;

    *rows = (snn_rows){.lanes = snn_rows_lanes(problem)};
    lanes = rows->lanes;
    rows->lead = round_up((problem->n_taps - 1) * lanes, SNN_ROWS_GRAIN);
    rows->x_stride = x_stride_of(problem, lanes);
    rows->y_stride = y_stride_of(problem, lanes);
    rows->terms = snn_rows_terms(problem);
    rows->most_first = most(snn_tiles(n_in, block_of(problem, lanes, n_in)) * (n_out + 1),
                            snn_tiles(n_out, block_of(problem, lanes, n_out)) * (n_in + 1));
    return workers * (rows->x_stride * n_in + rows->y_stride * n_out) +
           round_up(rows->most_first, SNN_ROWS_GRAIN) + 2 * round_up(rows->terms, SNN_ROWS_GRAIN);
}

float *snn_rows_begin(snn_rows *rows, const snn_delay_plan *plan)
{
    const size_t workers = (size_t)plan->ctx->threads;
    float *at = plan->scratch;

    rows->blocks = snn_tiles(plan->batch, rows->lanes);
    rows->x = at;
    rows->y = rows->x + workers * rows->x_stride * plan->problem.n_in;
    at = rows->y + workers * rows->y_stride * plan->problem.n_out;
    rows->term.first = (uint32_t *)at;
    at += round_up(rows->most_first, SNN_ROWS_GRAIN);
    rows->term.offset = (int32_t *)at;
    at += round_up(rows->terms, SNN_ROWS_GRAIN);
    rows->term.weight = at;
    return at + round_up(rows->terms, SNN_ROWS_GRAIN);
}

size_t snn_rows_columns(const snn_rows *rows, size_t steps)
{
    return columns_of(steps, rows->lanes);
}

/* ---- terms ------------------------------------------------------------------------------ */

typedef struct {
    const snn_rows *rows;
    const snn_delay_plan *plan;
    /* folding */
    size_t pieces;
    const float *g;
    float *g_kernel;
} terms_job;

/* Index of the synapse of row r and source c. */
static size_t synapse_of(const snn_delay_plan *plan, const snn_terms *term, size_t r, size_t c)
{
    return term->backward ? c * plan->problem.n_in + r : r * plan->problem.n_in + c;
}

static bool exists(const snn_delay_plan *plan, size_t s)
{
    return plan->problem.mask == NULL || plan->problem.mask[s] != 0;
}

/* How many terms each row has in each block. */
static void count_terms(snn_rows *rows, const snn_delay_plan *plan)
{
    snn_terms *term = &rows->term;
    const uint32_t each = plan->problem.elements * plan->problem.width;
    uint32_t n = 0;

    for (size_t b = 0; b < term->blocks; b++) {
        const size_t c0 = b * term->block, c1 = least(c0 + term->block, term->sources);
        uint32_t *first = term->first + b * (term->rows + 1);

        for (size_t r = 0; r < term->rows; r++) {
            first[r] = n;
            if (plan->problem.mask == NULL)
                n += each * (uint32_t)(c1 - c0);
            else
                for (size_t c = c0; c < c1; c++)
                    n += exists(plan, synapse_of(plan, term, r, c)) ? each : 0;
        }
        first[term->rows] = n;
    }
    SNN_ASSERT(n <= rows->terms);
}

/* Offsets and weights of a block of sources. */
static void fill_tile(void *arg, size_t b, int worker)
{
    const terms_job *job = arg;
    const snn_rows *rows = job->rows;
    const snn_terms *term = &rows->term;
    const snn_delay_kernel *kernel = job->plan->kernel;
    const size_t synapses = (size_t)job->plan->problem.n_in * job->plan->problem.n_out;
    const size_t c0 = b * term->block, c1 = least(c0 + term->block, term->sources);
    const size_t stride = term->backward ? rows->y_stride : rows->x_stride;
    const int32_t step = term->backward ? (int32_t)rows->lanes : -(int32_t)rows->lanes;
    size_t n = term->first[b * (term->rows + 1)];

    (void)worker;
    for (size_t r = 0; r < term->rows; r++) {
        for (size_t c = c0; c < c1; c++) {
            const size_t s = synapse_of(job->plan, term, r, c);

            if (!exists(job->plan, s))
                continue;
            for (size_t m = 0; m < kernel->elements; m++) {
                const size_t at = m * synapses + s, plane = kernel->elements * synapses;
                int32_t offset = (int32_t)(c * stride) + kernel->first[at] * step;

                for (size_t k = 0; k < kernel->width; k++, n++, offset += step) {
                    term->offset[n] = offset;
                    term->weight[n] = kernel->value[k * plane + at];
                }
            }
        }
    }
}

static void fold_tile(void *arg, size_t b, int worker)
{
    const terms_job *job = arg;
    const snn_terms *term = &job->rows->term;
    const snn_delay_kernel *kernel = job->plan->kernel;
    const size_t synapses = (size_t)job->plan->problem.n_in * job->plan->problem.n_out;
    const size_t c0 = b * term->block, c1 = least(c0 + term->block, term->sources);
    size_t n = term->first[b * (term->rows + 1)];

    (void)worker;
    for (size_t r = 0; r < term->rows; r++) {
        for (size_t c = c0; c < c1; c++) {
            const size_t s = synapse_of(job->plan, term, r, c);

            for (size_t mk = 0; mk < (size_t)kernel->elements * kernel->width; mk++) {
                const size_t m = mk / kernel->width, k = mk % kernel->width;
                float sum = 0.0f;

                if (exists(job->plan, s)) {
                    for (size_t p = 0; p < job->pieces; p++)
                        sum += job->g[p * job->rows->terms + n];
                    n++;
                }
                job->g_kernel[(k * kernel->elements + m) * synapses + s] = sum;
            }
        }
    }
}

void snn_rows_make_terms(snn_rows *rows, const snn_delay_plan *plan, bool backward)
{
    const snn_delay_problem *problem = &plan->problem;
    snn_terms *term = &rows->term;
    terms_job job = {.rows = rows, .plan = plan};

    SNN_ASSERT(plan->kernel->width == problem->width &&
               plan->kernel->elements == problem->elements);
    term->backward = backward;
    term->rows = backward ? problem->n_in : problem->n_out;
    term->sources = backward ? problem->n_out : problem->n_in;
    term->block = block_of(problem, rows->lanes, term->sources);
    term->blocks = snn_tiles(term->sources, term->block);
    count_terms(rows, plan);
    snn_parallel(plan->ctx, term->blocks, SNN_ELEMENT * (double)rows->terms, fill_tile, &job);
}

void snn_rows_fold(const snn_rows *rows, const snn_delay_plan *plan, size_t pieces, const float *g,
                   float *g_kernel)
{
    terms_job job = {.rows = rows, .plan = plan, .pieces = pieces, .g = g, .g_kernel = g_kernel};

    snn_parallel(plan->ctx, rows->term.blocks, SNN_ELEMENT * (double)(pieces * rows->terms),
                 fold_tile, &job);
}

/* ---- rows ------------------------------------------------------------------------------- */

void snn_rows_pack(const snn_rows *rows, const snn_delay_plan *plan, size_t block,
                   const float *frames, size_t channels, size_t steps, float *out, size_t stride)
{
    const size_t lanes = rows->lanes, batch = plan->batch, row = batch * channels;
    const size_t b0 = block * lanes, samples = least(lanes, batch - b0);

    frames += b0 * channels;
    if (lanes == 1) {
        plan->ctx->kern->transpose(steps, channels, frames, row, out, stride);
        return;
    }
    for (size_t c = 0; samples < lanes && c < channels; c++)
        memset(out + c * stride, 0, steps * lanes * sizeof *out);
    for (size_t t = 0; t < steps; t++)
        plan->ctx->kern->transpose(samples, channels, frames + t * row, channels, out + t * lanes,
                                   stride);
}

snn_transpose *snn_rows_store(const snn_delay_plan *plan, size_t steps, size_t channels)
{
    const snn_kern *kern = plan->ctx->kern;
    const bool past = steps * plan->batch * channels > SNN_PAST_FLOATS;

    return past ? kern->transpose_past : kern->transpose;
}

void snn_rows_unpack(const snn_rows *rows, const snn_delay_plan *plan, size_t block,
                     const float *in, size_t stride, size_t channels, size_t steps, float *frames)
{
    const size_t lanes = rows->lanes, batch = plan->batch, row = batch * channels;
    const size_t b0 = block * lanes, samples = least(lanes, batch - b0);

    frames += b0 * channels;
    if (lanes == 1) {
        snn_rows_store(plan, steps, channels)(channels, steps, in, stride, frames, row);
        return;
    }
    for (size_t t = 0; t < steps; t++)
        plan->ctx->kern->transpose(channels, samples, in + t * lanes, stride, frames + t * row,
                                   channels);
}

void snn_rows_add(const snn_rows *rows, const snn_delay_plan *plan, const float *in, float *out,
                  size_t stride, size_t columns)
{
    const snn_terms *term = &rows->term;
    const size_t segment = round_up(snn_tiles(columns, snn_tiles(columns, SEGMENT)),
                                    SNN_ROWS_GRAIN); /* as many, of about one size */

    for (size_t j = 0; j < columns; j += segment) {
        for (size_t b = 0; b < term->blocks; b++) {
            const snn_row_terms shift = {.in = in + j,
                                         .first = term->first + b * (term->rows + 1),
                                         .offset = term->offset,
                                         .weight = term->weight,
                                         .columns = least(segment, columns - j),
                                         .lines = rows->lanes % SNN_ROWS_GRAIN != 0};

            plan->ctx->kern->rows_add(&shift, term->rows, out + j, stride);
        }
    }
}

/* ---- input gradient ----------------------------------------------------------------------- */

typedef struct {
    const snn_rows *rows;
    const snn_delay_plan *plan;
    const float *gy;
    float *gx;
} gradient_job;

static void input_tile(void *arg, size_t block, int worker)
{
    const gradient_job *job = arg;
    const snn_rows *rows = job->rows;
    const snn_delay_plan *plan = job->plan;
    const size_t n_in = plan->problem.n_in, n_out = plan->problem.n_out;
    const size_t columns = columns_of(plan->steps, rows->lanes);
    const size_t filled = plan->steps_out * rows->lanes,
                 needed = columns + (plan->problem.n_taps - 1) * rows->lanes;
    float *x = snn_rows_x(rows, plan, worker), *y = snn_rows_y(rows, plan, worker);

    for (size_t o = 0; o < n_out && filled < needed; o++)
        memset(y + o * rows->y_stride + filled, 0, (needed - filled) * sizeof *y);
    snn_rows_pack(rows, plan, block, job->gy, n_out, plan->steps_out, y, rows->y_stride);
    for (size_t i = 0; i < n_in; i++)
        memset(x + i * rows->x_stride, 0, columns * sizeof *x);
    snn_rows_add(rows, plan, y, x, rows->x_stride, columns);
    snn_rows_unpack(rows, plan, block, x, rows->x_stride, n_in, plan->steps, job->gx);
}

void snn_rows_input_gradient(snn_rows *rows, snn_delay_plan *plan, const float *gy, float *gx)
{
    gradient_job job = {.rows = rows, .plan = plan, .gy = gy, .gx = gx};

    snn_rows_make_terms(rows, plan, true);
    snn_parallel(plan->ctx, rows->blocks, snn_rows_cost(&plan->problem, plan->steps), input_tile,
                 &job);
}
