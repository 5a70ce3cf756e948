/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/spans.h"

#include "snn/delay/rows.h"

#include <string.h>

#define GROUP 64u /* outputs whose rows are laid out at a time: they stay in cache */
#define LINE  16u /* numbers in a line of the cache */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t whole_lines(size_t floats)
{
    return snn_tiles(floats, LINE) * LINE;
}

/* gy's steps with silence behind them, for the longest delay of the last span. */
static size_t stride_of(const snn_delay_problem *problem)
{
    const size_t out = snn_delay_steps_out(problem, problem->steps);
    const size_t seen = problem->steps + SNN_SPAN + problem->n_taps;

    return whole_lines(out > seen ? out : seen) + LINE;
}

static bool fits(const snn_delay_problem *problem)
{
    return GROUP * stride_of(problem) <= INT32_MAX && snn_rows_terms(problem) <= INT32_MAX &&
           (size_t)problem->n_in * snn_tiles(problem->steps, SNN_SPAN) <= INT32_MAX / 2;
}

static void count_spans(const snn_delay_problem *problem, snn_delay_work *work)
{
    const double cells = (double)problem->batch * problem->steps * problem->n_in;
    const double out = (double)problem->batch * problem->steps * problem->n_out;

    work->of[SNN_COST_SPAN] += (double)problem->wanted * cells / SNN_SPAN *
                               ((double)snn_rows_terms(problem) / problem->n_in);
    work->of[SNN_COST_LOOK] += cells;
    work->of[snn_delay_is_near(problem) ? SNN_COST_LAY : SNN_COST_LAY_FAR] += out;
}

static double cost_of(const snn_delay_problem *problem)
{
    snn_delay_work work = {{0}};

    count_spans(problem, &work);
    return snn_delay_price(problem->costs, &work);
}

bool snn_spans_pay(const snn_delay_problem *problem)
{
    return problem->train && problem->input_gradient && problem->wanted > 0.0f && fits(problem) &&
           cost_of(problem) < snn_rows_cost(problem, problem->steps);
}

void snn_spans_input_count(const snn_delay_problem *problem, snn_delay_work *work)
{
    work->of[SNN_COST_PHASE] += 2.0;
    if (snn_spans_pay(problem))
        count_spans(problem, work);
    else
        snn_rows_count(problem, problem->steps, false, work);
}

double snn_spans_share(const snn_delay_problem *problem)
{
    return snn_spans_pay(problem) ? (double)problem->wanted : 1.0;
}

/* A worker's memory: | rows | first | step | found_step | found_channel | sums | */
static size_t step_floats(const snn_span_rows *rows)
{
    return whole_lines(rows->most + LINE);
}

size_t snn_spans_init(snn_span_rows *rows, const snn_delay_plan *plan)
{
    const snn_delay_problem *problem = &plan->problem;

    *rows = (snn_span_rows){.stride = stride_of(problem),
                            .groups = snn_tiles(problem->n_out, GROUP),
                            .most = problem->n_in * snn_tiles(problem->steps, SNN_SPAN),
                            .terms = snn_rows_terms(problem)};
    rows->worker_floats = GROUP * rows->stride + whole_lines(problem->n_in + 2) +
                          3 * step_floats(rows) + SNN_SPAN * whole_lines(rows->most);
    return whole_lines(rows->groups * (problem->n_in + 1)) + 2 * whole_lines(rows->terms) +
           (size_t)plan->ctx->threads * rows->worker_floats;
}

float *snn_spans_begin(snn_span_rows *rows, const snn_delay_plan *plan)
{
    float *at = plan->scratch;

    rows->first = (uint32_t *)at;
    at += whole_lines(rows->groups * (plan->problem.n_in + 1));
    rows->offset = (int32_t *)at;
    at += whole_lines(rows->terms);
    rows->weight = at;
    at += whole_lines(rows->terms);
    rows->worker = at;
    return at + (size_t)plan->ctx->threads * rows->worker_floats;
}

/* ---- terms ---------------------------------------------------------------------------------- */

typedef struct {
    const snn_span_rows *rows;
    const snn_delay_plan *plan;
    const float *gy;
    float *gx;
} span_job;

static bool exists(const snn_delay_problem *problem, size_t s)
{
    return problem->mask == NULL || problem->mask[s] != 0;
}

static void count_terms(snn_span_rows *rows, const snn_delay_problem *problem)
{
    const uint32_t each = problem->elements * problem->width;
    const size_t n_in = problem->n_in;
    uint32_t n = 0;

    for (size_t group = 0; group < rows->groups; group++) {
        const size_t o0 = group * GROUP, o1 = least(o0 + GROUP, problem->n_out);
        uint32_t *first = rows->first + group * (n_in + 1);

        for (size_t i = 0; i < n_in; i++) {
            first[i] = n;
            if (problem->mask == NULL)
                n += each * (uint32_t)(o1 - o0);
            else
                for (size_t o = o0; o < o1; o++)
                    n += exists(problem, o * n_in + i) ? each : 0;
        }
        first[n_in] = n;
    }
    SNN_ASSERT(n <= rows->terms);
}

static void fill_tile(void *arg, size_t group, int worker)
{
    const span_job *job = arg;
    const snn_span_rows *rows = job->rows;
    const snn_delay_problem *problem = &job->plan->problem;
    const snn_delay_kernel *kernel = job->plan->kernel;
    const size_t n_in = problem->n_in, synapses = n_in * problem->n_out;
    const size_t o0 = group * GROUP, o1 = least(o0 + GROUP, problem->n_out);
    size_t n = rows->first[group * (n_in + 1)];

    (void)worker;
    for (size_t i = 0; i < n_in; i++) {
        for (size_t o = o0; o < o1; o++) {
            if (!exists(problem, o * n_in + i))
                continue;
            for (size_t m = 0; m < kernel->elements; m++) {
                const size_t at = m * synapses + o * n_in + i;
                const size_t offset = (o - o0) * rows->stride + kernel->first[at];

                for (size_t k = 0; k < kernel->width; k++, n++) {
                    rows->offset[n] = (int32_t)(offset + k);
                    rows->weight[n] = kernel->value[k * kernel->elements * synapses + at];
                }
            }
        }
    }
}

/* ---- passes --------------------------------------------------------------------------------- */

static snn_spans spans_of(const snn_span_rows *rows, const snn_delay_plan *plan, int worker,
                          float **gy, float **sum)
{
    float *at = rows->worker + (size_t)worker * rows->worker_floats;
    const size_t each = step_floats(rows);
    snn_spans spans;

    *gy = at;
    at += GROUP * rows->stride;
    spans.first = (uint32_t *)at;
    at += whole_lines(plan->problem.n_in + 2);
    spans.step = (uint32_t *)at;
    spans.found_step = (uint32_t *)(at + each);
    spans.found_channel = (uint32_t *)(at + 2 * each);
    *sum = at + 3 * each;
    return spans;
}

/* Every span of every channel. */
static void all_spans(const snn_delay_plan *plan, snn_spans *spans)
{
    uint32_t n = 0;

    for (size_t i = 0; i < plan->problem.n_in; i++) {
        spans->first[i] = n;
        for (uint32_t t = 0; t < plan->steps; t += SNN_SPAN)
            spans->step[n++] = t;
    }
    spans->first[plan->problem.n_in] = n;
}

/* Sums of spans to their cells of one sample; cells of others keep what they hold. */
static void store(const snn_delay_plan *plan, const snn_spans *spans, const float *sum, float *gx)
{
    const size_t n_in = plan->problem.n_in, row = plan->batch * n_in;

    for (size_t i = 0; i < n_in; i++) {
        for (size_t e = spans->first[i]; e < spans->first[i + 1]; e++) {
            const size_t t = spans->step[e], steps = least(SNN_SPAN, plan->steps - t);

            for (size_t q = 0; q < steps; q++)
                gx[(t + q) * row + i] = sum[e * SNN_SPAN + q];
        }
    }
}

static void span_tile(void *arg, size_t sample, int worker)
{
    const span_job *job = arg;
    const snn_span_rows *rows = job->rows;
    const snn_delay_plan *plan = job->plan;
    const snn_kern *kern = plan->ctx->kern;
    const size_t n_in = plan->problem.n_in, n_out = plan->problem.n_out;
    float *gy, *sum, *gx = job->gx + sample * n_in;
    snn_spans spans = spans_of(rows, plan, worker, &gy, &sum);

    if (plan->marked)
        kern->span_find(gx, plan->batch * n_in, plan->steps, n_in, &spans);
    else
        all_spans(plan, &spans);
    memset(sum, 0, (size_t)spans.first[n_in] * SNN_SPAN * sizeof *sum);
    for (size_t group = 0; group < rows->groups; group++) {
        const size_t o0 = group * GROUP, outs = least(GROUP, n_out - o0);
        const snn_row_terms terms = {.in = gy,
                                     .first = rows->first + group * (n_in + 1),
                                     .offset = rows->offset,
                                     .weight = rows->weight};

        for (size_t o = 0; o < outs; o++)
            memset(gy + o * rows->stride + plan->steps_out, 0,
                   (rows->stride - plan->steps_out) * sizeof *gy);
        kern->transpose(plan->steps_out, outs, job->gy + sample * n_out + o0, plan->batch * n_out,
                        gy, rows->stride);
        kern->span_add(&terms, n_in, &spans, sum);
    }
    store(plan, &spans, sum, gx);
}

void snn_spans_input_gradient(snn_span_rows *rows, snn_delay_plan *plan, const float *gy, float *gx)
{
    span_job job = {.rows = rows, .plan = plan, .gy = gy, .gx = gx};

    count_terms(rows, &plan->problem);
    snn_parallel(plan->ctx, rows->groups, SNN_ELEMENT * (double)rows->terms, fill_tile, &job);
    snn_parallel(plan->ctx, plan->batch, cost_of(&plan->problem), span_tile, &job);
}
