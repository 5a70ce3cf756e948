/* SPDX-License-Identifier: BSD-3-Clause */
/* A layer that sees motion, on a stream of events: events into bits, step after step. */
#include "snn/net/motion_watch.h"

#include <string.h>

#define USUAL_ROOM 65536u
#define STEP_US    4000

void snn_watch_params_init(snn_watch_params *params)
{
    *params = (snn_watch_params){.size = sizeof *params, .step_us = STEP_US, .confidence = 0.5f};
}

static snn_status refuse(snn_error *err, const char *where, const char *what)
{
    return snn_error_set(err, SNN_EINVAL, where, "%s", what);
}

static snn_status check_params(const snn_watch_params *p, snn_error *err)
{
    if (p->size != sizeof *p)
        return refuse(err, "stream", "parameters were not set up with snn_watch_params_init");
    if (p->width == 0 || p->height == 0 || p->width > 65535 || p->height > 65535)
        return refuse(err, "width", "a frame has 1 to 65535 pixels a side");
    if (p->step_us <= 0)
        return refuse(err, "step_us", "a step must be 1 us or longer");
    if (!(p->decay >= 0.0f && p->decay <= 1.0f))
        return refuse(err, "decay", "must be 0 to 1");
    if (!(p->confidence > 0.0f && p->confidence < 1.0f))
        return refuse(err, "confidence", "must be greater than 0 and less than 1");
    return SNN_OK;
}

static snn_status take_memory(snn_watch *s)
{
    const size_t lanes = s->motion->lanes, pixels = (size_t)s->params.width * s->params.height;
    const size_t floats = s->room * lanes;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, s->ctx, s->bits, 2 * s->motion->params.delays * s->plane);
    TRY_ALLOC(st, s->ctx, s->x, s->room);
    TRY_ALLOC(st, s->ctx, s->y, s->room);
    TRY_ALLOC(st, s->ctx, s->leader, s->room);
    TRY_ALLOC(st, s->ctx, s->spike, s->room);
    TRY_ALLOC(st, s->ctx, s->score, floats);
    TRY_ALLOC(st, s->ctx, s->swapped, floats);
    TRY_ALLOC(st, s->ctx, s->probability, floats);
    TRY_ALLOC(st, s->ctx, s->best, s->room);
    if (s->params.decay > 0.0f) {
        TRY_ALLOC(st, s->ctx, s->potential, pixels * s->motion->classes);
        TRY_ALLOC(st, s->ctx, s->looked, pixels);
    }
done:
    return st;
}

snn_status snn_watch_create(snn_motion *motion, const snn_watch_params *params, snn_watch_sink sink,
                            void *user, snn_watch **out, snn_error *err)
{
    snn_watch *s = NULL;
    size_t pixels, margin;
    snn_status st;

    TRY(st, check_params(params, err));
    TRY_ALLOC(st, motion->ctx, s, 1);
    s->ctx = motion->ctx;
    s->motion = motion;
    s->params = *params;
    s->sink = sink;
    s->user = user;
    pixels = (size_t)params->width * params->height;
    margin = motion->params.side - 1;
    s->words = (params->width + margin + 63) / 64 + 1; /* one more: windows reach behind */
    s->plane = s->words * (params->height + margin);
    s->room = (uint32_t)(params->everywhere || (params->room == 0 && pixels < USUAL_ROOM) ? pixels
                         : params->room == 0     ? USUAL_ROOM
                         : params->room < pixels ? params->room
                                                 : pixels);
    TRY(st, take_memory(s));
    if (params->everywhere)
        for (size_t i = 0; i < pixels; i++) {
            s->x[i] = (uint16_t)(i % params->width);
            s->y[i] = (uint16_t)(i / params->width);
        }
    *out = s;
    s = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "stream", "no memory for %u x %u pixels: take a crop, or less room",
                      params->width, params->height);
    snn_watch_destroy(s);
    return st;
}

void snn_watch_destroy(snn_watch *s)
{
    if (s == NULL)
        return;
    snn_free(s->ctx, s->looked);
    snn_free(s->ctx, s->potential);
    snn_free(s->ctx, s->best);
    snn_free(s->ctx, s->probability);
    snn_free(s->ctx, s->swapped);
    snn_free(s->ctx, s->score);
    snn_free(s->ctx, s->spike);
    snn_free(s->ctx, s->leader);
    snn_free(s->ctx, s->y);
    snn_free(s->ctx, s->x);
    snn_free(s->ctx, s->bits);
    snn_free(s->ctx, s);
}

const snn_watch_counts *snn_watch_get_counts(const snn_watch *s)
{
    return &s->counts;
}

/* ---- steps ---------------------------------------------------------------------------- */

/* Look at the places of the step at hand and hand it out. */
static snn_status hand_out(snn_watch *s, snn_error *err)
{
    const snn_watch_step step = {.begin_us = s->begin_us,
                                 .index = s->index,
                                 .n = s->n,
                                 .classes = s->motion->classes,
                                 .lanes = s->motion->lanes,
                                 .x = s->x,
                                 .y = s->y,
                                 .score = s->score,
                                 .probability = s->probability,
                                 .leader = s->leader,
                                 .spike = s->spike};

    if (s->n == 0)
        return SNN_OK;
    snn_watch_look(s);
    s->counts.steps++;
    s->counts.places += s->n;
    for (uint32_t i = 0; i < s->n; i++)
        s->counts.spikes += s->spike[i] != SNN_NO_LABEL;
    if (s->sink(s->user, &step) != 0)
        return snn_error_set(err, SNN_EINTERRUPTED, "stream", "stopped at step %llu",
                             (unsigned long long)s->index);
    return SNN_OK;
}

/* The next step, empty. */
static void open_step(snn_watch *s)
{
    s->slot = (s->slot + 1) % s->motion->params.delays;
    memset(s->bits + (size_t)s->slot * 2 * s->plane, 0, 2 * s->plane * sizeof *s->bits);
    s->begin_us += s->params.step_us;
    s->index++;
    s->quiet++;
    s->n = 0;
}

static snn_status next_step(snn_watch *s, snn_error *err)
{
    snn_status st;

    if (s->params.everywhere && s->quiet < s->motion->params.delays)
        s->n = s->room;
    st = hand_out(s, err);
    open_step(s);
    return st;
}

/* Steps up to that of time t.  Once the past is empty, those between are passed over. */
static snn_status advance(snn_watch *s, int64_t t, snn_error *err)
{
    /* Unsigned: times may be as far apart as int64 goes. */
    uint64_t steps = ((uint64_t)t - (uint64_t)s->begin_us) / (uint64_t)s->params.step_us;
    snn_status st = SNN_OK;

    while (steps > 0) {
        if (s->quiet >= s->motion->params.delays && s->n == 0) {
            s->begin_us = (int64_t)((uint64_t)s->begin_us + steps * (uint64_t)s->params.step_us);
            s->index += steps;
            s->quiet += steps;
            return SNN_OK;
        }
        TRY(st, next_step(s, err));
        steps--;
    }
done:
    return st;
}

static void take_event(snn_watch *s, const snn_event *e)
{
    const size_t r = s->motion->params.side / 2, x = e->x + r, y = e->y + r;
    const uint64_t bit = (uint64_t)1 << x % 64;
    uint64_t *off = s->bits + (size_t)s->slot * 2 * s->plane + y * s->words + x / 64;
    uint64_t *on = off + s->plane, *own = e->p != 0 ? on : off;

    if (!s->params.everywhere && ((*off | *on) & bit) == 0) {
        if (s->n == s->room) {
            s->counts.dropped++;
            return;
        }
        s->x[s->n] = e->x;
        s->y[s->n++] = e->y;
    }
    s->counts.merged += (*own & bit) != 0;
    *own |= bit;
    s->quiet = 0;
}

snn_status snn_watch_push(snn_watch *s, const snn_event *events, size_t n, snn_error *err)
{
    snn_status st = SNN_OK;

    for (size_t i = 0; i < n; i++) {
        const snn_event *e = &events[i];

        s->counts.events++;
        if (!s->begun) {
            s->begun = true;
            s->origin_us = s->begin_us = e->t;
        }
        if (e->t < s->begin_us) {
            s->counts.late++;
            continue;
        }
        if ((uint64_t)e->t - (uint64_t)s->begin_us >= (uint64_t)s->params.step_us)
            TRY(st, advance(s, e->t, err));
        if (e->x >= s->params.width || e->y >= s->params.height)
            s->counts.outside++;
        else
            take_event(s, e);
    }
done:
    return st;
}

snn_status snn_watch_finish(snn_watch *s, snn_error *err)
{
    return s->begun ? next_step(s, err) : SNN_OK;
}
