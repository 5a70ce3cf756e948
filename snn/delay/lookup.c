/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/lookup.h"
#include "snn/kern/kern.h"

#include <string.h>

typedef struct {
    snn_lookup *lookup;
    const snn_delay_kernel *kernel;
    const snn_spike_bits *spikes;
    size_t steps;
} lookup_job;

static size_t round_up(size_t n, size_t to)
{
    return snn_tiles(n, to) * to;
}

static snn_lookup shape_of(const snn_context *ctx, const snn_delay_problem *problem)
{
    snn_lookup lookup = {.n_in = problem->n_in,
                         .n_out = problem->n_out,
                         .n_taps = problem->n_taps,
                         .elements = problem->elements,
                         .lanes = ctx->kern->lookup_lanes,
                         .sources = ctx->kern->lookup_sources};
    const size_t steps = snn_delay_steps_out(problem, problem->steps);

    lookup.samples = SNN_LOOKUP_GROUPS * lookup.lanes;
    lookup.tables = lookup.elements * snn_tiles(lookup.n_in, lookup.sources);
    lookup.row = (lookup.n_taps - 1 + round_up(steps, SNN_LOOKUP_STEPS)) * lookup.lanes;
    return lookup;
}

/* Words behind them start a line of the cache. */
static size_t offset_numbers(const snn_lookup *lookup)
{
    return round_up(lookup->n_out * lookup->tables * lookup->sources, SNN_LOOKUP_LANES);
}

bool snn_lookup_fits(const snn_context *ctx, const snn_delay_problem *problem)
{
    return ctx->kern->lookup_lanes > 0 && problem->width == 1 && problem->mask == NULL &&
           (problem->n_in + 1) * shape_of(ctx, problem).row <= INT32_MAX;
}

void snn_lookup_count(const snn_context *ctx, const snn_delay_problem *problem,
                      snn_delay_work *work)
{
    const snn_lookup lookup = shape_of(ctx, problem);
    const double samples = (double)round_up(problem->batch, lookup.samples);
    const double cells = samples * snn_delay_steps_out(problem, problem->steps);
    const double synapses = (double)(lookup.n_in * lookup.n_out * lookup.elements);

    work->of[SNN_COST_LOOKUP] += cells * 4.0 * (double)(lookup.tables * lookup.n_out);
    work->of[SNN_COST_SPREAD] += cells * (double)lookup.n_in / 4.0;
    work->of[SNN_COST_PHASE] += 3.0;
    work->of[SNN_COST_TAP] += synapses;
    work->of[SNN_COST_TABLE] += synapses;
}

double snn_lookup_cost(const snn_context *ctx, const snn_delay_problem *problem)
{
    snn_delay_work work = {{0}};

    snn_lookup_count(ctx, problem, &work);
    return snn_delay_price(problem->costs, &work);
}

size_t snn_lookup_floats(const snn_context *ctx, const snn_delay_problem *problem)
{
    const snn_lookup lookup = shape_of(ctx, problem);

    return snn_tiles(problem->batch, lookup.samples) * (lookup.n_in + 1) * lookup.row +
           offset_numbers(&lookup) + lookup.n_out * lookup.tables * lookup.lanes;
}

void snn_lookup_begin(snn_lookup *lookup, snn_context *ctx, const snn_delay_problem *problem,
                      uint32_t batch, float *scratch)
{
    *lookup = shape_of(ctx, problem);
    lookup->ctx = ctx;
    lookup->batch = batch;
    lookup->blocks = snn_tiles(batch, lookup->samples);
    lookup->table = scratch;
    lookup->offset = (int32_t *)(lookup->table + lookup->n_out * lookup->tables * lookup->lanes);
    lookup->words = (uint32_t *)(lookup->offset + offset_numbers(lookup));
}

/* ---- tables -------------------------------------------------------------------------------- */

/* table[index] = sum of the weights whose bits are set in index. */
static void make_table(const float *weight, size_t sources, size_t lanes, float *table)
{
    table[0] = 0.0f;
    for (size_t j = 0, n = 1; j < sources; j++, n *= 2)
        for (size_t i = 0; i < n && n + i < lanes; i++)
            table[n + i] = table[i] + weight[j];
}

static void tables_tile(void *arg, size_t o, int worker)
{
    const lookup_job *job = arg;
    const snn_lookup *lookup = job->lookup;
    const snn_delay_kernel *kernel = job->kernel;
    const size_t K = lookup->sources, n_in = lookup->n_in;
    const int32_t lead = (int32_t)lookup->n_taps - 1;
    float *table = lookup->table + o * lookup->tables * lookup->lanes;
    int32_t *offset = lookup->offset + o * lookup->tables * K;

    (void)worker;
    for (size_t m = 0; m < lookup->elements; m++) {
        const size_t first = (m * lookup->n_out + o) * n_in;

        for (size_t i = 0; i < n_in; i += K, table += lookup->lanes, offset += K) {
            float weight[SNN_LOOKUP_GROUPS] = {0};

            for (size_t j = 0; j < K; j++) {
                const bool here = i + j < n_in;
                const int32_t delay = here ? kernel->first[first + i + j] : 0;

                weight[j] = here ? kernel->value[first + i + j] : 0.0f;
                offset[j] = (int32_t)((here ? i + j : n_in) * lookup->row) +
                            (lead - delay) * (int32_t)lookup->lanes;
            }
            make_table(weight, K, lookup->lanes, table);
        }
    }
}

void snn_lookup_set_kernel(snn_lookup *lookup, const snn_delay_kernel *kernel)
{
    lookup_job job = {.lookup = lookup, .kernel = kernel};

    SNN_ASSERT(kernel->width == 1 && kernel->elements == lookup->elements);
    snn_parallel(lookup->ctx, lookup->n_out,
                 SNN_ELEMENT * (double)(lookup->n_out * lookup->tables * lookup->lanes),
                 tables_tile, &job);
}

/* ---- words --------------------------------------------------------------------------------- */

/* All rows of a source, and the silent one. */
static void words_tile(void *arg, size_t i, int worker)
{
    const lookup_job *job = arg;
    const snn_lookup *lookup = job->lookup;
    const size_t lead = (lookup->n_taps - 1) * lookup->lanes;
    const size_t filled = i < lookup->n_in ? lead + job->steps * lookup->lanes : lead;
    const size_t parts = snn_lookup_parts(lookup);

    (void)worker;
    for (size_t block = 0; block < lookup->blocks; block++) {
        uint32_t *words = lookup->words + (block * (lookup->n_in + 1) + i) * lookup->row;
        const uint16_t *bits[SNN_LOOKUP_GROUPS] = {NULL};

        memset(words, 0, lead * sizeof *words);
        memset(words + filled, 0, (lookup->row - filled) * sizeof *words);
        if (i == lookup->n_in)
            continue;
        for (size_t p = 0; p < parts && (block * parts + p) * 16 < lookup->batch; p++)
            bits[p] = snn_spike_row(job->spikes, block * parts + p, i);
        lookup->ctx->kern->lookup_spread(bits, job->steps, (uint32_t)(i % lookup->sources),
                                         words + lead);
    }
}

void snn_lookup_set_spikes(snn_lookup *lookup, const snn_spike_bits *spikes, size_t steps)
{
    lookup_job job = {.lookup = lookup, .spikes = spikes, .steps = steps};

    SNN_ASSERT((lookup->n_taps - 1 + steps) * lookup->lanes <= lookup->row);
    snn_parallel(lookup->ctx, lookup->n_in + 1,
                 SNN_ELEMENT * (double)(lookup->blocks * (lookup->n_in + 1) * lookup->row),
                 words_tile, &job);
}

void snn_lookup_sums(const snn_lookup *lookup, size_t block, size_t o, size_t t, float *out)
{
    const snn_lookup_terms terms = {.x = lookup->words + block * (lookup->n_in + 1) * lookup->row +
                                         t * lookup->lanes,
                                    .offset = lookup->offset + o * lookup->tables * lookup->sources,
                                    .table = lookup->table + o * lookup->tables * lookup->lanes,
                                    .tables = lookup->tables};

    lookup->ctx->kern->lookup_sum(&terms, SNN_LOOKUP_STEPS, out,
                                  (size_t)SNN_LOOKUP_STEPS * SNN_LOOKUP_LANES);
}
