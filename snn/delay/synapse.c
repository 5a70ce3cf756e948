/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/synapse.h"

#define SYNAPSE_GRAIN 4096u /* synapses whose taps a tile builds */

/* Taps of a delayed weight that the kernels work on. */
static uint32_t lane_taps(const snn_synapse *synapse)
{
    return synapse->taps.width > 0 ? synapse->taps.width : synapse->taps.n_taps;
}

snn_status snn_synapse_init(snn_synapse *synapse, snn_context *ctx,
                            const snn_delay_problem *problem, snn_solver wish, const snn_taps *taps,
                            snn_error *err)
{
    snn_status st = SNN_OK;

    *synapse = (snn_synapse){.ctx = ctx, .taps = *taps, .mask = problem->mask};
    synapse->taps.n_taps = problem->n_taps;
    synapse->taps.synapses = (size_t)problem->n_in * problem->n_out;
    TRY(st, snn_delay_plan_create(ctx, problem, wish, &synapse->plan, err));
    synapse->taps.width = snn_delay_width(synapse->plan);
    synapse->kernel.width = synapse->taps.width;
    synapse->kernel.elements = problem->elements;
    TRY_ALLOC(st, ctx, synapse->kernel.value, snn_delay_kernel_floats(synapse->plan));
    if (synapse->taps.width > 0)
        TRY_ALLOC(st, ctx, synapse->kernel.first, problem->elements * synapse->taps.synapses);
    TRY_ALLOC(st, ctx, synapse->lanes,
              SNN_TAPS_SCRATCH(lane_taps(synapse)) * (size_t)ctx->threads);
    synapse->taps.kernel = synapse->kernel.value;
    synapse->taps.first = synapse->kernel.first;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "delay", "no memory for the taps of %zu synapses",
                      synapse->taps.synapses);
    if (st != SNN_OK)
        snn_synapse_clear(synapse);
    return st;
}

void snn_synapse_clear(snn_synapse *synapse)
{
    if (synapse->ctx == NULL)
        return;
    snn_free(synapse->ctx, synapse->lanes);
    snn_free(synapse->ctx, synapse->kernel.first);
    snn_free(synapse->ctx, synapse->kernel.value);
    snn_delay_plan_destroy(synapse->plan);
    *synapse = (snn_synapse){0};
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

    for (uint32_t m = 0; synapse->mask != NULL && m < taps->elements; m++) {
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
    snn_delay_begin(synapse->plan, batch, steps);
}

void snn_synapse_build(snn_synapse *synapse, bool one_hot)
{
    synapse->taps.one_hot = one_hot;
    snn_parallel(synapse->ctx, snn_tiles(synapse->taps.synapses, SYNAPSE_GRAIN),
                 tap_operations(synapse), build_tile, synapse);
    synapse->plan->solver->set_kernel(synapse->plan, &synapse->kernel);
}

void snn_synapse_forward(snn_synapse *synapse, const snn_frames *x, float *y)
{
    synapse->plan->solver->forward(synapse->plan, x, y, false);
}

void snn_synapse_kernel_gradient(snn_synapse *synapse, const snn_frames *x, const float *gy)
{
    const snn_delay_solver *solver = synapse->plan->solver;

    solver->begin_backward(synapse->plan, gy);
    solver->kernel_gradient(synapse->plan, x, gy, synapse->g_kernel);
}

void snn_synapse_collect(snn_synapse *synapse)
{
    synapse->taps.g_kernel = synapse->g_kernel;
    snn_parallel(synapse->ctx, snn_tiles(synapse->taps.synapses, SYNAPSE_GRAIN),
                 tap_operations(synapse), collect_tile, synapse);
}

void snn_synapse_input_gradient(snn_synapse *synapse, const float *gy, float *gx)
{
    const snn_delay_solver *solver = synapse->plan->solver;

    solver->set_kernel(synapse->plan, &synapse->kernel);
    solver->input_gradient(synapse->plan, gy, gx);
}
