/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/spikes_block.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_UNITS 700
#define GRAIN         16    /* samples that a thread frames at a time */
#define MAX_STEPS     65536 /* a longer sample is a mistake of the file or of the unit of time */

void snn_framed_block_free(snn_context *ctx, snn_framed_block *w)
{
    snn_free(ctx, w->sort_unit);
    snn_free(ctx, w->sort_time);
    snn_free(ctx, w->count);
    snn_free(ctx, w->unit);
    snn_free(ctx, w->first);
    *w = (snn_framed_block){0};
}

/* Most steps that a sample can have; 0 if that is too many. */
static uint32_t step_limit(const snn_data_params *p, float last_s)
{
    double ms = 1000.0 * (double)last_s;

    if (p->max_time_ms > 0 && ms > p->max_time_ms)
        ms = p->max_time_ms;
    /* Paper frames start more than a step apart, up to float16 rounding of 2^-11. */
    ms *= 1.0 + 0x1p-10;
    return ms / p->time_step_ms < MAX_STEPS - 2 ? (uint32_t)(ms / p->time_step_ms) + 2 : 0;
}

static snn_status make_room(snn_context *ctx, size_t events, size_t steps, snn_framed_block *w,
                            snn_error *err)
{
    snn_status st = SNN_OK;

    if (w->room >= events && w->step_room >= steps)
        return SNN_OK;
    snn_framed_block_free(ctx, w);
    w->room = events + events / 4;
    w->step_room = steps + steps / 4;
    TRY_ALLOC(st, ctx, w->first, w->step_room, err);
    TRY_ALLOC(st, ctx, w->unit, w->room, err);
    TRY_ALLOC(st, ctx, w->count, w->room, err);
    TRY_ALLOC(st, ctx, w->sort_time, w->room, err);
    TRY_ALLOC(st, ctx, w->sort_unit, w->room, err);

done:
    return st;
}

static snn_status place_samples(snn_context *ctx, const snn_data_params *params, const char *name,
                                uint32_t first, const snn_spike_block *block, snn_framed_block *w,
                                snn_error *err)
{
    size_t steps = 0;
    snn_status st;

    for (uint32_t i = 0; i < block->n_samples; i++) {
        const uint32_t limit = step_limit(params, block->last_s[i]);
        char where[SNN_ERROR_WHERE];

        if (limit == 0) {
            snprintf(where, sizeof where, "%s:%u", name, first + i);
            return snn_error_set(
                err, SNN_EFORMAT, where,
                "lasts %g s, more than %d steps of %g ms: times must be in seconds, "
                "or set data.max_time_ms",
                (double)block->last_s[i], MAX_STEPS, (double)params->time_step_ms);
        }
        steps += limit + 1;
    }
    st = make_room(ctx, block->first[block->n_samples], steps, w, err);
    for (uint32_t i = 0; st == SNN_OK && i < block->n_samples; i++)
        w->step_base[i + 1] = w->step_base[i] + step_limit(params, block->last_s[i]) + 1;
    return st;
}

/* Stable merge sort by time, bottom up, between the sample's arrays and spare ones. */
static void sort_events(float *t, uint32_t *unit, size_t n, float *spare_t, uint32_t *spare_unit)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low < n; low += 2 * width) {
            const size_t middle = low + width < n ? low + width : n;
            const size_t high = low + 2 * width < n ? low + 2 * width : n;
            size_t a = low, b = middle;

            for (size_t k = low; k < high; k++) {
                const bool left = a < middle && (b >= high || !(t[b] < t[a]));
                const size_t from = left ? a++ : b++;

                spare_t[k] = t[from];
                spare_unit[k] = unit[from];
            }
        }
        memcpy(t, spare_t, n * sizeof *t);
        memcpy(unit, spare_unit, n * sizeof *unit);
    }
}

static uint32_t n_inputs_of(const snn_data_params *params)
{
    return ((params->units > 0 ? params->units : DEFAULT_UNITS) - 1) / params->channel_bin + 1;
}

static snn_status frame_one(const snn_data_params *params, snn_spike_block *block, uint32_t i,
                            snn_framed_block *w, snn_error *err)
{
    const size_t base = block->first[i], n = block->first[i + 1] - base;
    const uint32_t max_steps = (uint32_t)(w->step_base[i + 1] - w->step_base[i] - 1);
    const snn_events events = {n, block->time_s + base, block->unit + base};
    snn_status st;

    if (params->framing == SNN_FRAMING_PAPER && !block->sorted[i]) {
        sort_events(block->time_s + base, block->unit + base, n, w->sort_time + base,
                    w->sort_unit + base);
        block->sorted[i] = true;
    }
    st = snn_frame_events(params, &events, max_steps, w->first + w->step_base[i], w->unit + base,
                          w->count + base, &w->steps[i], &w->cells[i], &w->dropped[i], err);
    if (st == SNN_OK)
        w->code[i] = snn_cells_measure(n_inputs_of(params), w->steps[i], w->first + w->step_base[i],
                                       w->unit + base, w->count + base);
    return st;
}

snn_status snn_spike_block_frame(snn_context *ctx, const snn_data_params *params, const char *name,
                                 uint32_t first, snn_spike_block *block, snn_framed_block *out,
                                 snn_beside beside, void *user, snn_error *err)
{
    const uint32_t n = block->n_samples;
    snn_error detail = {0};
    snn_status st = place_samples(ctx, params, name, first, block, out, err);

    if (st != SNN_OK)
        return st;
    /* The thread that hands out the work is the one that goes on reading. */
#pragma omp parallel num_threads(snn_context_threads(ctx))
#pragma omp master
    {
        for (uint32_t i = 0; i < n; i += GRAIN) {
#pragma omp task firstprivate(i)
            for (uint32_t k = i; k < n && k < i + GRAIN; k++)
                out->status[k] = frame_one(params, block, k, out, NULL);
        }
        beside(user);
    }
    for (uint32_t i = 0; i < n; i++) {
        char where[SNN_ERROR_WHERE];

        if (out->status[i] == SNN_OK)
            continue;
        st = frame_one(params, block, i, out, &detail); /* again, for its message */
        snprintf(where, sizeof where, "%s:%u", name, first + i);
        return snn_error_set(err, st, where, "%s", detail.what);
    }
    return SNN_OK;
}

void snn_framed_block_encode(snn_context *ctx, const snn_spike_block *block,
                             const snn_framed_block *w, uint32_t n_inputs, uint64_t *word)
{
    size_t base[SNN_SPIKE_BLOCK + 1] = {0};

    for (uint32_t i = 0; i < block->n_samples; i++)
        base[i + 1] = base[i] + w->code[i].words;
#pragma omp parallel for schedule(dynamic, 16) num_threads(snn_context_threads(ctx))
    for (uint32_t i = 0; i < block->n_samples; i++)
        snn_cells_encode(&w->code[i], n_inputs, w->steps[i], w->first + w->step_base[i],
                         w->unit + block->first[i], w->count + block->first[i], word + base[i]);
}
