/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/cochlea.h"

#include <string.h>

#define FIRST_ROOM 1024

static snn_status make_room(snn_spike_list *list, size_t room, snn_error *err)
{
    uint32_t *tick = NULL;
    uint16_t *unit = NULL;
    snn_status st;

    TRY_ALLOC(st, list->ctx, tick, room, err);
    TRY_ALLOC(st, list->ctx, unit, room, err);
    if (list->n > 0) {
        memcpy(tick, list->tick, list->n * sizeof *tick);
        memcpy(unit, list->unit, list->n * sizeof *unit);
    }
    snn_free(list->ctx, list->tick);
    snn_free(list->ctx, list->unit);
    list->tick = tick;
    list->unit = unit;
    list->room = room;
    tick = NULL;
    unit = NULL;

done:
    snn_free(list->ctx, tick);
    snn_free(list->ctx, unit);
    return st;
}

snn_status snn_spike_list_add(snn_spike_list *list, uint32_t tick, uint32_t unit, snn_error *err)
{
    if (list->n == list->room) {
        const snn_status st = make_room(list, list->n > 0 ? 2 * list->n : FIRST_ROOM, err);

        if (st != SNN_OK)
            return st;
    }
    list->tick[list->n] = tick;
    list->unit[list->n++] = (uint16_t)unit;
    return SNN_OK;
}

void snn_spike_list_free(snn_spike_list *list)
{
    snn_free(list->ctx, list->unit);
    snn_free(list->ctx, list->tick);
    *list = (snn_spike_list){.ctx = list->ctx};
}

/* Stable counting sort of `from` by key[] into order `place`. */
static void place_by(const uint32_t *key, size_t n, uint32_t *first, size_t keys)
{
    memset(first, 0, (keys + 1) * sizeof *first);
    for (size_t i = 0; i < n; i++)
        first[key[i] + 1]++;
    for (size_t k = 0; k < keys; k++)
        first[k + 1] += first[k];
}

/* Units first, then ticks: each pass is a stable counting sort. */
snn_status snn_spike_list_sort(snn_spike_list *list, uint32_t ticks, snn_error *err)
{
    snn_spike_list sorted = {.ctx = list->ctx};
    uint32_t *first = NULL;
    size_t units = 0;
    snn_status st = SNN_OK;

    if (list->n == 0)
        goto done;
    for (size_t i = 0; i < list->n; i++)
        units = list->unit[i] >= units ? list->unit[i] + (size_t)1 : units;
    TRY(st, make_room(&sorted, list->n, err));
    TRY_ALLOC(st, list->ctx, first, (ticks > units ? ticks : units) + (size_t)1, err);
    for (size_t i = 0; i < list->n; i++)
        sorted.tick[i] = list->unit[i];
    place_by(sorted.tick, list->n, first, units);
    for (size_t i = 0; i < list->n; i++) {
        const uint32_t to = first[list->unit[i]]++;

        sorted.tick[to] = list->tick[i];
        sorted.unit[to] = list->unit[i];
    }
    place_by(sorted.tick, list->n, first, ticks);
    for (size_t i = 0; i < list->n; i++) {
        const uint32_t to = first[sorted.tick[i]]++;

        list->tick[to] = sorted.tick[i];
        list->unit[to] = sorted.unit[i];
    }

done:
    snn_free(list->ctx, first);
    snn_spike_list_free(&sorted);
    return st;
}
