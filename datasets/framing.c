/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events to frames.  Two ways, both in datasets/README.md with the reasons:
 *
 *   grid   frame = floor(1000 t / step), in float32.  Exact for float16 times:
 *          1000 t has at most 18 bits, so no quotient rounds up to an integer.
 *   paper  the published frames, in float16 as numpy computes them:
 *            m_k = half(1000 t_k)           product in float32 (exact), then rounded
 *            half(m_k - m_start) <= step    difference rounded before the comparison
 *          A frame starts at the first event not yet in one and takes every event
 *          that passes; the next starts at the next event, so gaps collapse.
 */
#include <snn/dataset.h>

#include "datasets/half.h"

#include <math.h>

#define NO_STEP       UINT32_MAX
#define DEFAULT_UNITS 700  /* cochlea channels of SHD and SSC */
#define MAX_TALLY     1024 /* inputs that are counted; more are sorted */
#define MAX_COUNT     255  /* of a cell; more events make another cell */

struct framer {
    snn_framing framing;
    float step_ms;
    float max_time_ms; /* 0 = no limit */
    uint32_t max_steps;
    double start_ms; /* paper: time of the open frame's first event, or < 0 */
    uint32_t index;  /* paper: number of the open frame */
};

/* Step of the next event, or NO_STEP if it is too late. */
static uint32_t step_of(struct framer *f, float time_s)
{
    if (f->framing == SNN_FRAMING_GRID) {
        const float ms = 1000.0f * time_s;
        const float step = floorf(ms / f->step_ms);

        if ((f->max_time_ms > 0 && ms >= f->max_time_ms) || step >= (float)f->max_steps)
            return NO_STEP;
        return (uint32_t)step;
    } else {
        const double ms = snn_half_round(1000.0 * snn_half_round(time_s));

        if (f->max_time_ms > 0 && ms >= f->max_time_ms)
            return NO_STEP;
        if (f->start_ms < 0)
            f->start_ms = ms;
        else if (snn_half_round(ms - f->start_ms) > f->step_ms) {
            f->start_ms = ms;
            f->index++;
        }
        return f->index < f->max_steps ? f->index : NO_STEP;
    }
}

/* Shell sort with Ciura's gaps: slices are short, and nothing is allocated. */
static void sort_units(uint16_t *unit, size_t n)
{
    static const size_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};

    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        const size_t gap = gaps[g];

        for (size_t i = gap; i < n; i++) {
            const uint16_t held = unit[i];
            size_t j = i;

            for (; j >= gap && unit[j - gap] > held; j -= gap)
                unit[j] = unit[j - gap];
            unit[j] = held;
        }
    }
}

static snn_status check_params(const snn_data_params *params, uint32_t max_steps, snn_error *err)
{
    const uint32_t units = params->units > 0 ? params->units : DEFAULT_UNITS;

    if (!(params->time_step_ms > 0) || !isfinite(params->time_step_ms))
        return snn_error_set(err, SNN_EINVAL, "data.time_step_ms", "%g is not a positive time",
                             (double)params->time_step_ms);
    if (!(params->max_time_ms >= 0))
        return snn_error_set(err, SNN_EINVAL, "data.max_time_ms", "%g is negative; 0 keeps all",
                             (double)params->max_time_ms);
    if (params->channel_bin == 0 || (units - 1) / params->channel_bin > UINT16_MAX)
        return snn_error_set(err, SNN_EINVAL, "data.channel_bin",
                             "%u units in bins of %u do not make 1 to 65536 inputs", units,
                             params->channel_bin);
    if (max_steps == 0)
        return snn_error_set(err, SNN_EINVAL, "max_steps", "must be at least 1");
    return SNN_OK;
}

/* Check every event and count those of step s in first[s + 1]. */
static snn_status count_events(struct framer f, const snn_data_params *params,
                               const snn_events *events, uint32_t *first, uint32_t *steps,
                               size_t *n_dropped, snn_error *err)
{
    const uint32_t units = params->units > 0 ? params->units : DEFAULT_UNITS;
    uint32_t used = 0;
    size_t dropped = 0;

    for (size_t k = 0; k < events->n; k++) {
        const float t = events->time_s[k];
        uint32_t s;

        if (events->unit[k] >= units)
            return snn_error_set(err, SNN_EFORMAT, NULL,
                                 "event %zu: unit %u is not below %u; data.units sets their number",
                                 k, events->unit[k], units);
        if (!(t >= 0) || !isfinite(t))
            return snn_error_set(err, SNN_EFORMAT, NULL, "event %zu: %g s is not a time", k,
                                 (double)t);
        if (f.framing == SNN_FRAMING_PAPER && k > 0 && t < events->time_s[k - 1])
            return snn_error_set(err, SNN_EINVAL, NULL,
                                 "event %zu is earlier than the one before; sort by time first", k);
        s = step_of(&f, t);
        if (s == NO_STEP) {
            dropped++;
            continue;
        }
        for (; used <= s; used++)
            first[used + 1] = 0;
        first[s + 1]++;
    }
    *steps = used;
    *n_dropped = dropped;
    return SNN_OK;
}

/* Cells of one step, behind those that are there: how often each input occurs. */
static size_t tally_step(const uint16_t *begin, size_t n, uint32_t inputs, uint32_t *tally,
                         size_t cells, uint16_t *unit, uint8_t *count)
{
    for (size_t k = 0; k < n; k++)
        tally[begin[k]]++;
    for (uint32_t u = 0; u < inputs; u++) {
        for (; tally[u] > 0; cells++) {
            count[cells] = (uint8_t)(tally[u] < MAX_COUNT ? tally[u] : MAX_COUNT);
            unit[cells] = (uint16_t)u;
            tally[u] -= count[cells];
        }
    }
    return cells;
}

/* The same for many inputs, by sorting. */
static size_t sort_step(uint16_t *begin, size_t n, size_t cells, uint16_t *unit, uint8_t *count)
{
    const size_t before = cells;

    sort_units(begin, n);
    for (size_t k = 0; k < n; k++) {
        const uint16_t u = begin[k];

        if (cells > before && unit[cells - 1] == u && count[cells - 1] < MAX_COUNT)
            count[cells - 1]++;
        else {
            unit[cells] = u;
            count[cells++] = 1;
        }
    }
    return cells;
}

/* Turn the units of every step into cells, in place: cells never outrun events. */
static size_t merge_cells(uint32_t steps, uint32_t inputs, uint32_t *first, uint16_t *unit,
                          uint8_t *count)
{
    uint32_t tally[MAX_TALLY] = {0};
    size_t cells = 0, begin = 0;

    for (uint32_t s = 0; s < steps; s++) {
        const size_t n = first[s + 1] - begin;

        cells = inputs <= MAX_TALLY ? tally_step(unit + begin, n, inputs, tally, cells, unit, count)
                                    : sort_step(unit + begin, n, cells, unit, count);
        begin += n;
        first[s + 1] = (uint32_t)cells;
    }
    return cells;
}

snn_status snn_frame_events(const snn_data_params *params, const snn_events *events,
                            uint32_t max_steps, uint32_t *first, uint16_t *unit, uint8_t *count,
                            uint32_t *steps, size_t *n_cells, size_t *n_dropped, snn_error *err)
{
    const uint32_t units = params->units > 0 ? params->units : DEFAULT_UNITS;
    struct framer f;
    uint32_t inputs, used = 0;
    size_t dropped = 0;
    snn_status st;

    st = check_params(params, max_steps, err);
    if (st != SNN_OK)
        return st;
    inputs = (units - 1) / params->channel_bin + 1;
    f = (struct framer){.framing = params->framing,
                        .step_ms = params->time_step_ms,
                        .max_time_ms = params->max_time_ms,
                        .max_steps = max_steps,
                        .start_ms = -1};
    st = count_events(f, params, events, first, &used, &dropped, err);
    if (st != SNN_OK)
        return st;
    first[0] = 0;
    if (used == 0)
        first[1] = 0;
    for (uint32_t s = 0; s < used; s++)
        first[s + 1] += first[s];
    /* Place the units: first[s] walks from the begin of step s to its end, ... */
    for (size_t k = 0; k < events->n; k++) {
        const uint32_t s = step_of(&f, events->time_s[k]);

        if (s != NO_STEP)
            unit[first[s]++] = (uint16_t)(events->unit[k] / params->channel_bin);
    }
    /* ... which is the begin of s + 1: shift back. */
    for (uint32_t s = used; s > 0; s--)
        first[s] = first[s - 1];
    first[0] = 0;
    *n_cells = merge_cells(used, inputs, first, unit, count);
    *steps = used > 0 ? used : 1;
    *n_dropped = dropped;
    return SNN_OK;
}
