/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The library calls on_phase at the end of each phase and on_work from its workers, each of
 * which has a list of its own: nothing is shared, nothing is allocated while a step runs.
 */
#include "tools/profile.h"

#include <string.h>

/* Loops of a step: about ten a layer and phase; FFT and taps of many layers stay below. */
#define SPANS_OF_PHASES  (PROFILE_MOST * (size_t)RECORD_ROWS)
#define SPANS_OF_WORKERS ((size_t)1 << 16)

static void add(span_list *list, span s)
{
    if (list->n < list->room)
        list->span[list->n++] = s;
    else
        list->lost++;
}

static record_row *row_of(record *r, snn_phase phase, uint32_t layer)
{
    for (size_t i = 0; i < r->rows; i++)
        if (r->row[i].phase == phase && r->row[i].layer == layer)
            return &r->row[i];
    if (r->rows == RECORD_ROWS)
        return NULL;
    r->row[r->rows] = (record_row){.phase = phase, .layer = layer};
    return &r->row[r->rows++];
}

static void on_phase(void *user, snn_phase phase, uint32_t layer, double begin, double end)
{
    record *r = user;
    record_row *row = row_of(r, phase, layer);
    counter_reading now[COUNTERS];

    add(&r->phases, (span){.begin = begin, .end = end, .phase = phase, .layer = layer});
    if (row == NULL || r->steps == PROFILE_MOST)
        return;
    row->seconds[r->steps] += end - begin;
    counters_read(r->counters, now);
    for (int k = 0; k < COUNTERS; k++) {
        counters_add(&row->count[k], &r->last[k], &now[k]);
        r->last[k] = now[k];
    }
}

static void on_work(void *user, int worker, size_t tiles, double begin, double end)
{
    record *r = user;

    if (worker < PROFILE_WORKERS)
        add(&r->worker[worker], (span){.begin = begin, .end = end, .tiles = tiles});
}

static snn_status make(snn_context *ctx, span_list *list, size_t room, snn_error *err)
{
    list->span = snn_alloc(ctx, room, sizeof *list->span);
    if (list->span == NULL)
        return snn_error_set(err, SNN_ENOMEM, NULL, "out of memory for the record");
    list->room = room;
    return SNN_OK;
}

snn_status record_create(snn_context *ctx, const counters *c, record *out, snn_error *err)
{
    snn_status status = SNN_OK;

    *out = (record){.ctx = ctx, .counters = c, .threads = snn_context_threads(ctx)};
    out->observer = (snn_observer){.phase = on_phase, .work = on_work, .user = out};
    out->row = snn_alloc(ctx, RECORD_ROWS, sizeof *out->row);
    if (out->row == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory for the record"));
    TRY(status, make(ctx, &out->phases, SPANS_OF_PHASES, err));
    for (int w = 0; w < out->threads && w < PROFILE_WORKERS; w++)
        TRY(status, make(ctx, &out->worker[w], SPANS_OF_WORKERS, err));
done:
    if (status != SNN_OK)
        record_destroy(out);
    return status;
}

void record_destroy(record *r)
{
    if (r->ctx == NULL)
        return;
    for (int w = 0; w < PROFILE_WORKERS; w++)
        snn_free(r->ctx, r->worker[w].span);
    snn_free(r->ctx, r->phases.span);
    snn_free(r->ctx, r->row);
    r->ctx = NULL;
}

void record_step_begin(record *r)
{
    r->first_phase = r->phases.n;
    counters_read(r->counters, r->last);
    snn_context_observe(r->ctx, &r->observer);
}

/* Both lists are in order of time: what a worker did in a phase lies inside it. */
static void find_phases(record *r, int worker)
{
    span_list *list = &r->worker[worker];
    size_t p = r->first_phase;

    for (; list->taken < list->n; list->taken++) {
        span *s = &list->span[list->taken];
        record_row *row;

        while (p < r->phases.n && r->phases.span[p].end < s->begin)
            p++;
        if (p == r->phases.n) {
            s->phase = SNN_PHASES;
            continue;
        }
        s->phase = r->phases.span[p].phase;
        s->layer = r->phases.span[p].layer;
        row = row_of(r, (snn_phase)s->phase, s->layer);
        if (row != NULL)
            row->worker[worker] += s->end - s->begin;
    }
}

void record_step_end(record *r)
{
    snn_context_observe(r->ctx, NULL);
    for (int w = 0; w < r->threads && w < PROFILE_WORKERS; w++)
        find_phases(r, w);
    if (r->steps < PROFILE_MOST)
        r->steps++;
}
