/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/motif_set.h"

#include <snn/random.h>

#include <math.h>
#include <stdlib.h>

#define TRIES   1000 /* at a place for a class, before all are drawn closer together */
#define SHRINK  0.9
#define MIN_LAG 1.0 /* ms: classes nearer than this are not told apart by anyone */

/* What a number is for: the middle of its counter. */
enum draw { DRAW_PARTS, DRAW_OFFSET, DRAW_NOISE, DRAW_PLACE, DRAW_JITTER };

static double uniform(uint32_t number)
{
    return ((double)number + 0.5) * 0x1p-32;
}

/* ---- patterns ------------------------------------------------------------ */

/* The parts' times, uniform in [0, last]; false if two are nearer than the gap. */
static bool draw_parts(const snn_motifs_params *p, uint64_t try, double last, double *part)
{
    const snn_key key = {p->seed, SNN_STREAM_SYNTHESIS};
    bool apart = true;

    for (uint32_t i = 0; i < p->parts; i++) {
        part[i] = last * uniform(snn_random_u32(key, try, DRAW_PARTS, i));
        for (uint32_t j = 0; j < i; j++)
            apart &= fabs(part[i] - part[j]) >= p->gap_ms;
    }
    return apart;
}

/* The most that two classes differ in a lag between two parts. */
static double distance(const double *a, const double *b, uint32_t parts)
{
    double most = 0;

    for (uint32_t i = 0; i < parts; i++)
        for (uint32_t j = 0; j < i; j++)
            most = fmax(most, fabs((a[i] - a[j]) - (b[i] - b[j])));
    return most;
}

/* Times of the parts of all classes into part[classes][parts]: draws until all are at
 * least `nearest` apart, which shrinks when no place is found. */
static snn_status draw_classes(const snn_motifs_params *p, double *part, double *nearest,
                               snn_error *err)
{
    const double last = p->motif_ms - p->spread_ms;
    uint64_t try = 0;

    for (*nearest = p->motif_ms; *nearest >= MIN_LAG; *nearest *= SHRINK) {
        uint32_t c = 0;

        for (uint32_t tries = 0; c < p->classes && tries < TRIES; tries++) {
            double *own = part + (size_t)c * p->parts;
            bool free = draw_parts(p, try++, last, own);

            for (uint32_t k = 0; free && k < c; k++)
                free = distance(own, part + (size_t)k * p->parts, p->parts) >= *nearest;
            if (free) {
                c++;
                tries = 0;
            }
        }
        if (c == p->classes)
            return SNN_OK;
    }
    return snn_error_set(err, SNN_EINVAL, "motif",
                         "%g ms have no room for %u classes of %u parts that are %g ms apart and "
                         "%g ms wide; make it longer, or the gap shorter",
                         p->motif_ms, p->classes, p->parts, p->gap_ms, p->spread_ms);
}

snn_status snn_motif_table_make(snn_context *ctx, const snn_motifs_params *params,
                                snn_motif_table *out, snn_error *err)
{
    const snn_motifs_params *p = params;
    const snn_key key = {p->seed, SNN_STREAM_SYNTHESIS};
    double *part = NULL;
    snn_status st;

    TRY_ALLOC(st, ctx, part, (size_t)p->classes * p->parts, err);
    TRY_ALLOC(st, ctx, out->unit_ms, (size_t)p->classes * p->units, err);
    TRY(st, draw_classes(p, part, &out->nearest_ms, err));
    for (uint32_t u = 0; u < p->units; u++) {
        const double offset = p->spread_ms * uniform(snn_random_u32(key, 0, DRAW_OFFSET, u));

        for (uint32_t c = 0; c < p->classes; c++)
            out->unit_ms[(size_t)c * p->units + u] =
                part[(size_t)c * p->parts + u % p->parts] + offset;
    }

done:
    snn_free(ctx, part);
    return st;
}

void snn_motif_table_free(snn_context *ctx, snn_motif_table *table)
{
    snn_free(ctx, table->unit_ms);
    table->unit_ms = NULL;
}

/* ---- a sample ------------------------------------------------------------ */

/* Where random numbers of a sample come from. */
typedef struct source {
    snn_key key;
    uint64_t sample;
} source;

/* Add an event at or after the last one's tick; equal ticks by unit. */
static snn_status add(snn_spike_list *list, uint32_t tick, uint32_t unit)
{
    const snn_status st = snn_spike_list_add(list, tick, unit, NULL);
    size_t i = list->n - 1;

    if (st != SNN_OK)
        return st;
    for (; i > 0 && list->tick[i - 1] == tick && list->unit[i - 1] > unit; i--)
        list->unit[i] = list->unit[i - 1];
    list->unit[i] = (uint16_t)unit;
    return SNN_OK;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The motif's own events in order, (tick << 16 | unit), one a unit. */
static void place_motif(const snn_motifs_params *p, const snn_motif_table *table, source s,
                        uint32_t label, uint64_t *event)
{
    const double ticks = p->duration_s * SNN_MOTIF_TICKS_PER_S;
    const double place = (1000 * p->duration_s - p->motif_ms) *
                         uniform(snn_random_u32(s.key, s.sample, DRAW_PLACE, 0));

    for (uint32_t u = 0; u < p->units; u++) {
        double ms = place + table->unit_ms[(size_t)label * p->units + u], tick;

        if (p->jitter_ms > 0) { /* Box and Muller's */
            uint32_t four[4];

            snn_random4(s.key, s.sample, DRAW_JITTER, u, four);
            ms += p->jitter_ms * sqrt(-2 * log(uniform(four[0]))) *
                  cos(6.283185307179586 * uniform(four[1]));
        }
        tick = fmin(fmax(floor(ms * SNN_MOTIF_TICKS_PER_S / 1000), 0), ceil(ticks) - 1);
        event[u] = (uint64_t)tick << 16 | u;
    }
    qsort(event, p->units, sizeof *event, compare);
}

/*
 * Noise of all units is one Poisson process of their summed rate, each of whose events is
 * of a random unit: it comes in order of time.  Two events take one counter.
 */
snn_status snn_motif_sample(const snn_motifs_params *params, const snn_motif_table *table,
                            snn_split split, uint32_t index, snn_spike_list *out)
{
    const snn_motifs_params *p = params;
    const source s = {{p->seed, SNN_STREAM_SYNTHESIS}, (uint64_t)(split + 1) << 32 | index};
    const double ticks = p->duration_s * SNN_MOTIF_TICKS_PER_S;
    const double mean_gap = SNN_MOTIF_TICKS_PER_S / (p->noise_hz * p->units);
    uint64_t *event = NULL;
    uint32_t next = 0, four[4];
    double t = 0;
    snn_status st;

    out->n = 0;
    TRY_ALLOC(st, out->ctx, event, p->units, NULL);
    place_motif(p, table, s, index % p->classes, event);
    for (uint32_t k = 0; p->noise_hz > 0; k++) {
        if (k % 2 == 0)
            snn_random4(s.key, s.sample, DRAW_NOISE, k / 2, four);
        t -= mean_gap * log(uniform(four[k % 2]));
        if (t >= ticks)
            break;
        for (; next < p->units && event[next] >> 16 <= (uint64_t)t; next++)
            TRY(st, add(out, (uint32_t)(event[next] >> 16), event[next] & 0xFFFF));
        TRY(st, add(out, (uint32_t)t, (uint32_t)((uint64_t)four[2 + k % 2] * p->units >> 32)));
    }
    for (; next < p->units; next++)
        TRY(st, add(out, (uint32_t)(event[next] >> 16), event[next] & 0xFFFF));

done:
    snn_free(out->ctx, event);
    return st;
}
