/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reader that all formats share: opening, the bounds of the sensor, counting, and
 * failures that wait until the events before them are handed out.
 */
#include "datasets/events/codec.h"

#include <math.h>

#define SURE 90 /* of a probe: no more bytes are needed */

void snn_event_reader_params_init(snn_event_reader_params *params)
{
    *params = (snn_event_reader_params){.size = sizeof *params};
}

void snn_event_set_geometry(snn_event_reader *r, snn_event_geometry geometry, uint32_t width,
                            uint32_t height)
{
    if (r->info.geometry == SNN_GEOMETRY_STATED || width == 0 || height == 0)
        return;
    r->info.geometry = geometry;
    r->info.width = width;
    r->info.height = height;
}

static snn_status check_params(const snn_event_reader_params *p, const char *path, snn_error *err)
{
    if (p->format != SNN_EVENTS_AUTO && snn_event_codec_of(p->format) == NULL)
        return snn_error_set(err, SNN_EINVAL, path, "%d is no format of events", (int)p->format);
    if ((p->width == 0) != (p->height == 0) || p->width > 65536 || p->height > 65536)
        return snn_error_set(err, SNN_EINVAL, path,
                             "a sensor of %lu x %lu pixels: both must be in [1, 65536]",
                             (unsigned long)p->width, (unsigned long)p->height);
    return SNN_OK;
}

static snn_status not_known(const snn_event_reader *r, snn_error *err)
{
    const size_t n = snn_event_input_left(&r->in);

    if (n == 0)
        return snn_error_set(err, SNN_EFORMAT, r->in.name, "is empty");
    return snn_event_fail_at(&r->in, snn_event_input_offset(&r->in), SNN_EFORMAT, err,
                             "is no recording of events that is known here: name its format if "
                             "its begin is damaged or it has no header, else convert it first "
                             "(ROS bags, too)");
}

/* A live stream may be slow to begin: wait for no more than a sure guess needs. */
static snn_status find_codec(snn_event_reader *r, snn_event_format format, snn_error *err)
{
    static const size_t LOOKS[] = {64, 4096, SNN_EVENT_PROBE_BYTES};
    snn_status st = SNN_OK;
    int fit = 0;

    r->codec = snn_event_codec_of(format);
    for (size_t i = 0; format == SNN_EVENTS_AUTO && fit < SURE && i < SNN_COUNT(LOOKS); i++) {
        size_t n;

        TRY(st, snn_event_input_need(&r->in, LOOKS[i], err));
        n = snn_event_input_left(&r->in);
        n = n < SNN_EVENT_PROBE_BYTES ? n : SNN_EVENT_PROBE_BYTES;
        r->codec = snn_event_codec_guess(r->in.at, n,
                                         r->in.complete && n == snn_event_input_left(&r->in), &fit);
    }
    if (r->codec == NULL)
        st = not_known(r, err);

done:
    return st;
}

/* `bytes` NULL: a path. */
static snn_status open_reader(snn_context *ctx, const char *path, const void *bytes, size_t n,
                              const snn_event_reader_params *params, snn_event_reader **out,
                              snn_error *err)
{
    snn_event_reader_params defaults;
    snn_event_reader *r = NULL;
    unsigned char *state = NULL;
    snn_status st;

    snn_event_reader_params_init(&defaults);
    params = params != NULL ? params : &defaults;
    TRY(st, check_params(params, path, err));
    TRY_ALLOC(st, ctx, r, 1, err);
    r->ctx = ctx;
    r->in.fd = -1;
    r->progress = -1;
    TRY_ALLOC(st, ctx, r->path, strlen(path) + 1, err);
    memcpy(r->path, path, strlen(path));
    TRY_ALLOC(st, ctx, r->staged, SNN_EVENT_LEAST_ROOM, err);
    r->tolerant = params->tolerant != 0;
    snn_event_set_geometry(r, SNN_GEOMETRY_STATED, params->width, params->height);
    if (bytes != NULL)
        snn_event_input_memory(bytes, n, r->path, &r->in);
    else
        TRY(st, snn_event_input_open(ctx, r->path, &r->in, err));
    r->in.stop = params->stop;
    r->in.user = params->user;
    TRY(st, find_codec(r, params->format, err));
    r->info.format = r->codec->format;
    TRY_ALLOC(st, ctx, state, r->codec->state_bytes, err);
    r->state = state;
    TRY(st, r->codec->open(r, err));
    *out = r;
    r = NULL;

done:
    snn_event_reader_close(r);
    return st;
}

snn_status snn_event_reader_open(snn_context *ctx, const char *path,
                                 const snn_event_reader_params *params, snn_event_reader **out,
                                 snn_error *err)
{
    return open_reader(ctx, path, NULL, 0, params, out, err);
}

snn_status snn_event_reader_open_memory(snn_context *ctx, const void *bytes, size_t n,
                                        const char *name, const snn_event_reader_params *params,
                                        snn_event_reader **out, snn_error *err)
{
    return open_reader(ctx, name, bytes != NULL ? bytes : "", n, params, out, err);
}

void snn_event_reader_close(snn_event_reader *r)
{
    if (r == NULL)
        return;
    if (r->state != NULL && r->codec->close != NULL)
        r->codec->close(r);
    snn_event_input_close(&r->in);
    snn_free(r->ctx, r->state);
    snn_free(r->ctx, r->staged);
    snn_free(r->ctx, r->path);
    snn_free(r->ctx, r);
}

/* Drop the events outside the sensor; returns how many stay. */
static size_t keep_inside(snn_event_reader *r, snn_event *e, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        e[kept] = e[i];
        kept += e[i].x < r->info.width && e[i].y < r->info.height;
    }
    r->counts.outside += n - kept;
    return kept;
}

/* Count what is about to be handed out; returns how many events those are. */
static size_t account(snn_event_reader *r, snn_event *e, size_t n)
{
    const uint32_t width = r->info.width, height = r->info.height;
    int64_t last = r->counts.events > 0 ? r->last_t : INT64_MIN;
    uint64_t on = 0, back = 0;

    if (r->info.geometry == SNN_GEOMETRY_STATED) {
        uint32_t outside = 0;

        for (size_t i = 0; i < n; i++)
            outside |= (uint32_t)(e[i].x >= width) | (uint32_t)(e[i].y >= height);
        if (outside)
            n = keep_inside(r, e, n);
    }
    for (size_t i = 0; i < n; i++) {
        on += e[i].p;
        if (e[i].t < last) {
            /* Unsigned: times of a damaged file may be as far apart as int64 goes. */
            const uint64_t step = (uint64_t)last - (uint64_t)e[i].t;
            const int64_t most = r->counts.step_back_us;

            back++;
            if (step > (uint64_t)most)
                r->counts.step_back_us = step > INT64_MAX ? INT64_MAX : (int64_t)step;
        }
        last = e[i].t;
    }
    r->last_t = last;
    r->counts.events += n;
    r->counts.on += on;
    r->counts.backwards += back;
    return n;
}

/* One call of the codec that gives events, the end, or a failure. */
static snn_status decode(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                         snn_error *err)
{
    *n = 0;
    while (*n == 0 && !r->ended) {
        snn_error detail = {0};
        size_t got = 0;
        const snn_status st = r->codec->read(r, out, room, &got, &detail);

        r->ended = st != SNN_OK || got == 0;
        if (st != SNN_OK) {
            r->detail = detail;
            if (st == SNN_EFORMAT && r->tolerant)
                r->counts.damaged = 1;
            else
                r->failure = st;
        }
        *n = account(r, out, got);
    }
    if (*n == 0 && r->failure != SNN_OK) {
        if (err != NULL)
            *err = r->detail;
        return r->failure;
    }
    return SNN_OK;
}

snn_status snn_event_reader_read(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                                 snn_error *err)
{
    snn_status st = SNN_OK;

    if (room == 0)
        return snn_error_set(err, SNN_EINVAL, r->in.name, "no room for an event");
    if (r->next_staged == r->n_staged && room >= SNN_EVENT_LEAST_ROOM)
        return decode(r, out, room, n, err);
    if (r->next_staged == r->n_staged) {
        r->next_staged = r->n_staged = 0;
        TRY(st, decode(r, r->staged, SNN_EVENT_LEAST_ROOM, &r->n_staged, err));
    }
    *n = r->n_staged - r->next_staged < room ? r->n_staged - r->next_staged : room;
    memcpy(out, r->staged + r->next_staged, *n * sizeof *out);
    r->next_staged += *n;

done:
    return st;
}

const snn_event_info *snn_event_reader_info(const snn_event_reader *r)
{
    return &r->info;
}

const snn_event_counts *snn_event_reader_counts(const snn_event_reader *r)
{
    return &r->counts;
}

const snn_error *snn_event_reader_damage(const snn_event_reader *r)
{
    return r->counts.damaged != 0 ? &r->detail : NULL;
}

double snn_event_reader_progress(const snn_event_reader *r)
{
    if (r->progress >= 0)
        return r->progress;
    if (r->in.size == 0)
        return -1;
    /* A file may grow while it is read. */
    return fmin(1, (double)snn_event_input_offset(&r->in) / (double)r->in.size);
}
