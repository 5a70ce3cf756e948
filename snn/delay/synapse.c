/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/synapse.h"

#include <string.h>

#define SYNAPSE_GRAIN 4096u /* synapses whose taps a tile builds */

/* Taps of a delayed weight that the kernels work on. */
static uint32_t lane_taps(const snn_synapse *synapse)
{
    return synapse->taps.width > 0 ? synapse->taps.width : synapse->taps.n_taps;
}

size_t snn_synapse_columns(uint32_t n_in, uint32_t n_out, uint32_t elements, snn_sharing sharing)
{
    switch (sharing) {
    case SNN_SHARING_SYNAPSE:
        break;
    case SNN_SHARING_AXONAL:
        return (size_t)n_in * elements;
    case SNN_SHARING_DENDRITIC:
        return (size_t)n_out * elements;
    }
    return (size_t)n_in * n_out;
}

/* Bumps alone: the taps of the neurons that have a delay, each with weight 1. */
static snn_status init_shared(snn_synapse *synapse, const snn_delay_problem *problem,
                              const snn_taps *taps)
{
    const size_t bumps = synapse->taps.synapses;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, synapse->ctx, synapse->ones, bumps);
    for (size_t i = 0; i < bumps; i++)
        synapse->ones[i] = 1.0f;
    TRY_ALLOC(st, synapse->ctx, synapse->g_ones, bumps);
    synapse->taps.elements = 1;
    synapse->taps.weight = synapse->ones;
    synapse->taps.g_weight = synapse->g_ones;
    synapse->shared.elements = taps->elements;
    synapse->shared.weight = taps->weight;
    synapse->shared.g_weight = taps->g_weight;
    synapse->shared.bump = synapse->kernel.value;
    TRY(st, snn_shared_init(&synapse->shared, synapse->ctx, problem));
done:
    return st;
}

snn_status snn_synapse_init(snn_synapse *synapse, snn_context *ctx,
                            const snn_delay_problem *problem, snn_sharing sharing, snn_solver wish,
                            const snn_taps *taps, snn_error *err)
{
    const snn_memory purpose = snn_context_purpose(ctx, SNN_MEMORY_SOLVERS);
    size_t floats;
    snn_status st = SNN_OK;

    *synapse = (snn_synapse){.ctx = ctx, .taps = *taps, .mask = problem->mask};
    synapse->shared.axonal = sharing == SNN_SHARING_AXONAL;
    synapse->taps.n_taps = problem->n_taps;
    synapse->taps.synapses =
        snn_synapse_columns(problem->n_in, problem->n_out, taps->elements, sharing);
    if (sharing == SNN_SHARING_SYNAPSE) {
        TRY(st, snn_delay_plan_create(ctx, problem, wish, &synapse->plan, err));
        synapse->taps.width = snn_delay_width(synapse->plan);
        floats = snn_delay_kernel_floats(synapse->plan);
    } else {
        floats = problem->n_taps * synapse->taps.synapses;
    }
    synapse->kernel.width = synapse->taps.width;
    synapse->kernel.elements = problem->elements;
    snn_context_purpose(ctx, SNN_MEMORY_TAPS);
    TRY_ALLOC(st, ctx, synapse->kernel.value, floats);
    if (synapse->taps.width > 0)
        TRY_ALLOC(st, ctx, synapse->kernel.first, problem->elements * synapse->taps.synapses);
    TRY_ALLOC(st, ctx, synapse->lanes, SNN_TAPS_SCRATCH(lane_taps(synapse)) * (size_t)ctx->threads);
    synapse->taps.kernel = synapse->kernel.value;
    synapse->taps.first = synapse->kernel.first;
    snn_context_purpose(ctx, SNN_MEMORY_SOLVERS);
    if (sharing != SNN_SHARING_SYNAPSE)
        TRY(st, init_shared(synapse, problem, taps));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "delay", "no memory for the taps of %u x %u synapses", problem->n_in,
                      problem->n_out);
    if (st != SNN_OK)
        snn_synapse_clear(synapse);
    snn_context_purpose(ctx, purpose);
    return st;
}

void snn_synapse_clear(snn_synapse *synapse)
{
    if (synapse->ctx == NULL)
        return;
    snn_shared_clear(&synapse->shared);
    snn_delay_plan_destroy(synapse->plan);
    snn_free(synapse->ctx, synapse->g_ones);
    snn_free(synapse->ctx, synapse->ones);
    snn_free(synapse->ctx, synapse->lanes);
    snn_free(synapse->ctx, synapse->kernel.first);
    snn_free(synapse->ctx, synapse->kernel.value);
    *synapse = (snn_synapse){0};
}

size_t snn_synapse_taps(const snn_synapse *synapse)
{
    return synapse->plan != NULL ? snn_delay_kernel_floats(synapse->plan)
                                 : synapse->taps.n_taps * synapse->taps.synapses;
}

size_t snn_synapse_scratch_floats(const snn_synapse *synapse)
{
    return synapse->plan != NULL ? synapse->plan->scratch_floats : synapse->shared.scratch_floats;
}

void snn_synapse_lend_scratch(snn_synapse *synapse, float *scratch)
{
    if (synapse->plan != NULL)
        snn_delay_plan_scratch(synapse->plan, scratch);
    synapse->shared.scratch = scratch;
}

const char *snn_synapse_solver(const snn_synapse *synapse)
{
    if (synapse->plan != NULL)
        return synapse->plan->solver->name;
    return synapse->shared.axonal ? "axonal" : "dendritic";
}

static size_t tile_end(const snn_taps *taps, size_t tile)
{
    const size_t end = (tile + 1) * SYNAPSE_GRAIN;

    return end < taps->synapses ? end : taps->synapses;
}

static void build_tile(void *arg, size_t tile, int worker)
{
    const snn_synapse *synapse = arg;
    const snn_taps *taps = &synapse->taps;

    synapse->ctx->kern->taps_forward(taps, tile * SYNAPSE_GRAIN, tile_end(taps, tile),
                                     synapse->lanes +
                                         (size_t)worker * SNN_TAPS_SCRATCH(lane_taps(synapse)));
}

/* A synapse that is missing has no gradient, so that its weight stays 0 for ever. */
static void clear_missing(const snn_synapse *synapse, size_t s0, size_t s1)
{
    const snn_taps *taps = &synapse->taps;

    if (synapse->mask == NULL || synapse->plan == NULL) /* shared: in the weights' gradient */
        return;
    for (uint32_t m = 0; m < taps->elements; m++) {
        for (size_t s = s0; s < s1; s++) {
            const size_t at = m * taps->synapses + s;

            if (synapse->mask[s] != 0)
                continue;
            taps->g_weight[at] = taps->g_position[at] = 0.0f;
            if (taps->g_sigma != NULL)
                taps->g_sigma[at] = 0.0f;
        }
    }
}

static void collect_tile(void *arg, size_t tile, int worker)
{
    const snn_synapse *synapse = arg;
    const snn_taps *taps = &synapse->taps;

    synapse->ctx->kern->taps_backward(taps, tile * SYNAPSE_GRAIN, tile_end(taps, tile),
                                      synapse->lanes +
                                          (size_t)worker * SNN_TAPS_SCRATCH(lane_taps(synapse)));
    clear_missing(synapse, tile * SYNAPSE_GRAIN, tile_end(taps, tile));
}

/* An exponential and a few sums a tap. */
static double tap_operations(const snn_synapse *synapse)
{
    return SNN_ELEMENT * (double)synapse->taps.synapses * lane_taps(synapse) *
           synapse->taps.elements;
}

void snn_synapse_begin(snn_synapse *synapse, uint32_t batch, uint32_t steps)
{
    if (synapse->plan != NULL)
        snn_delay_begin(synapse->plan, batch, steps);
    else
        snn_shared_begin(&synapse->shared, batch, steps);
}

void snn_synapse_build(snn_synapse *synapse, bool one_hot)
{
    synapse->taps.one_hot = one_hot;
    snn_parallel(synapse->ctx, snn_tiles(synapse->taps.synapses, SYNAPSE_GRAIN),
                 tap_operations(synapse), build_tile, synapse);
    if (synapse->plan != NULL)
        synapse->plan->solver->set_kernel(synapse->plan, &synapse->kernel);
}

void snn_synapse_show(const snn_synapse *synapse, const float *taps, float *dense)
{
    const snn_delay_kernel *kernel = &synapse->kernel;
    const size_t synapses = synapse->taps.synapses, plane = kernel->elements * synapses;

    if (kernel->width == 0) {
        memcpy(dense, taps, synapse->taps.n_taps * synapses * sizeof *dense);
        return;
    }
    memset(dense, 0, synapse->taps.n_taps * synapses * sizeof *dense);
    for (size_t k = 0; k < kernel->width; k++)
        for (size_t at = 0; at < plane; at++)
            dense[(kernel->first[at] + k) * synapses + at % synapses] += taps[k * plane + at];
}

void snn_synapse_forward(snn_synapse *synapse, const snn_frames *x, float *y)
{
    if (synapse->plan != NULL)
        synapse->plan->solver->forward(synapse->plan, x, y, false);
    else
        snn_shared_forward(&synapse->shared, x->dense, y);
}

void snn_synapse_kernel_gradient(snn_synapse *synapse, const snn_frames *x, const float *gy)
{
    if (synapse->plan == NULL) {
        snn_shared_gradient(&synapse->shared, x->dense, gy, synapse->g_kernel);
        return;
    }
    synapse->plan->solver->begin_backward(synapse->plan, gy);
    synapse->plan->solver->kernel_gradient(synapse->plan, x, gy, synapse->g_kernel);
}

void snn_synapse_collect(snn_synapse *synapse)
{
    synapse->taps.g_kernel = synapse->g_kernel;
    snn_parallel(synapse->ctx, snn_tiles(synapse->taps.synapses, SYNAPSE_GRAIN),
                 tap_operations(synapse), collect_tile, synapse);
}

void snn_synapse_input_gradient(snn_synapse *synapse, const float *gy, float *gx, bool marked)
{
    if (synapse->plan == NULL) {
        snn_shared_input_gradient(&synapse->shared, gx);
        return;
    }
    synapse->plan->solver->set_kernel(synapse->plan, &synapse->kernel);
    synapse->plan->marked = marked;
    synapse->plan->solver->input_gradient(synapse->plan, gy, gx);
}
