/* SPDX-License-Identifier: BSD-3-Clause */
/* A recording as the options of snn events ask for it. */
#include "tools/events_stream.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- options that are texts --------------------------------------------------- */

/* n whole numbers with one of `separators` between them. */
static bool take_sizes(const char *text, char separator, uint32_t *out, int n)
{
    for (int i = 0; i < n; i++) {
        char *end = NULL;
        unsigned long v;

        if (!isdigit((unsigned char)*text))
            return false;
        errno = 0;
        v = strtoul(text, &end, 10);
        if (errno != 0 || v > 65536 || *end != (i < n - 1 ? separator : '\0'))
            return false;
        out[i] = (uint32_t)v;
        text = end + 1;
    }
    return true;
}

/* "10ms", "2.5s", "300us"; without a unit seconds. */
static bool take_duration(const char *text, const char *end, int64_t *us)
{
    static const struct {
        const char *name;
        double us;
    } UNITS[] = {{"", 1e6}, {"s", 1e6}, {"ms", 1e3}, {"us", 1}};
    char copy[64], *unit = NULL;
    double v;

    if (end - text >= (ptrdiff_t)sizeof copy || end == text)
        return false;
    memcpy(copy, text, (size_t)(end - text));
    copy[end - text] = '\0';
    if (!isdigit((unsigned char)copy[0]) && copy[0] != '.')
        return false;
    v = strtod(copy, &unit);
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++)
        if (strcmp(unit, UNITS[i].name) == 0) {
            v *= UNITS[i].us;
            if (!(v >= 0 && v < 9e15))
                return false;
            *us = (int64_t)floor(v + 0.5);
            return true;
        }
    return false;
}

bool events_duration(const char *name, const char *text, int64_t *us)
{
    if (take_duration(text, text + strlen(text), us) && *us > 0)
        return true;
    fprintf(stderr, "snn: --%s needs a time of at least 1us, such as 10ms, not '%s'\n", name, text);
    return false;
}

/* "a,b": either may be left out. */
static bool take_span(const char *text, int64_t *from, int64_t *to)
{
    const char *comma = strchr(text, ',');

    *from = 0;
    *to = INT64_MAX;
    return comma != NULL && (comma == text || take_duration(text, comma, from)) &&
           (comma[1] == '\0' || take_duration(comma + 1, comma + strlen(comma), to)) && *from < *to;
}

static bool check_format(const char *name)
{
    const char *names[64];
    size_t n = 0;

    if (name == NULL || snn_event_format_find(name) != SNN_EVENTS_AUTO)
        return true;
#define NAME(code, value, text, extension, what) names[n++] = text;
    SNN_EVENT_FORMATS(NAME)
#undef NAME
    say_unknown("format", name, names, n, "snn events --help");
    return false;
}

bool events_check(const options *o)
{
    uint32_t v[4];
    int64_t from, to;

    if (!check_format(o->format) || !check_format(o->from))
        return false;
    if (o->size != NULL && (!take_sizes(o->size, 'x', v, 2) || v[0] == 0 || v[1] == 0)) {
        fprintf(stderr, "snn: --size needs a width and height such as 640x480, not '%s'\n",
                o->size);
        return false;
    }
    if (o->crop != NULL && (!take_sizes(o->crop, ',', v, 4) || v[2] == 0 || v[3] == 0)) {
        fprintf(stderr, "snn: --crop needs x,y,width,height in pixels, not '%s'\n", o->crop);
        return false;
    }
    if (o->time != NULL && !take_span(o->time, &from, &to)) {
        fprintf(stderr,
                "snn: --time needs a begin and an end such as 0.5,1.5 or 10ms,20ms, not "
                "'%s'\n",
                o->time);
        return false;
    }
    return true;
}

/* ---- the stream ----------------------------------------------------------------- */

static int stop_asked(void *user)
{
    (void)user;
    return was_interrupted();
}

snn_status events_open(snn_context *ctx, const char *path, const options *o, events_stream *s,
                       snn_error *err)
{
    snn_event_reader_params params;
    uint32_t v[4] = {0};
    snn_status status = SNN_OK;

    *s = (events_stream){.path = path, .ctx = ctx, .to_us = INT64_MAX, .relative = o->relative};
    snn_event_reader_params_init(&params);
    params.format = o->from != NULL ? snn_event_format_find(o->from) : SNN_EVENTS_AUTO;
    params.tolerant = o->tolerant;
    params.stop = stop_asked;
    signals_interrupt(); /* a pipe may not go on for long */
    if (o->size != NULL && take_sizes(o->size, 'x', v, 2)) {
        params.width = v[0];
        params.height = v[1];
    }
    if (o->time != NULL)
        take_span(o->time, &s->from_us, &s->to_us);
    if (o->crop != NULL && take_sizes(o->crop, ',', v, 4)) {
        s->x = v[0];
        s->y = v[1];
        s->width = v[2];
        s->height = v[3];
    }
    s->block = snn_alloc(ctx, SNN_EVENT_BLOCK, sizeof *s->block);
    if (s->block == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, path, "no memory to read it"));
    TRY(status, snn_event_reader_open(ctx, path, &params, &s->reader, err));
done:
    return status;
}

void events_close(events_stream *s)
{
    snn_event_reader_close(s->reader);
    if (s->block != NULL)
        snn_free(s->ctx, s->block);
    *s = (events_stream){0};
}

/* Those of n events that are asked for. */
static size_t select_events(events_stream *s, size_t n)
{
    size_t kept = 0;

    if (!s->begun && n > 0)
        s->first_us = s->block[0].t;
    s->begun |= n > 0;
    for (size_t i = 0; i < n; i++) {
        snn_event e = s->block[i];
        /* Unsigned: times of a damaged file may be as far apart as int64 goes. */
        const int64_t since = (int64_t)((uint64_t)e.t - (uint64_t)s->first_us);

        if ((s->from_us > 0 && since < s->from_us) || since >= s->to_us)
            continue;
        if (s->width > 0) {
            if (e.x < s->x || e.y < s->y || e.x >= s->x + s->width || e.y >= s->y + s->height)
                continue;
            e.x = (uint16_t)(e.x - s->x);
            e.y = (uint16_t)(e.y - s->y);
        }
        if (!s->kept && s->relative)
            s->zero_us = e.t;
        s->kept = true;
        e.t = (int64_t)((uint64_t)e.t - (uint64_t)s->zero_us);
        s->block[kept++] = e;
    }
    return kept;
}

snn_status events_next(events_stream *s, size_t *n, snn_error *err)
{
    snn_status status = SNN_OK;
    size_t got;

    do {
        if (was_interrupted())
            TRY(status, snn_error_set(err, SNN_EINTERRUPTED, s->path, "interrupted"));
        TRY(status, snn_event_reader_read(s->reader, s->block, SNN_EVENT_BLOCK, &got, err));
        if (s->blocks++ % 64 == 0 && talk_has_progress()) {
            const double share = snn_event_reader_progress(s->reader);
            const double millions = 1e-6 * (double)snn_event_reader_counts(s->reader)->events;

            if (share >= 0)
                talk_progress("%s: %.0f %%, %.1f M events", s->path, 100 * share, millions);
            else
                talk_progress("%s: %.1f M events", s->path, millions);
        }
        *n = select_events(s, got);
    } while (got > 0 && *n == 0);
done:
    return status;
}

bool events_geometry(const events_stream *s, uint32_t *width, uint32_t *height)
{
    const snn_event_info *info = snn_event_reader_info(s->reader);

    *width = s->width > 0 ? s->width : info->width;
    *height = s->width > 0 ? s->height : info->height;
    return s->width > 0 || info->geometry == SNN_GEOMETRY_STATED;
}

snn_status events_none(const events_stream *s, snn_error *err)
{
    const bool part = s->width > 0 || s->from_us > 0 || s->to_us < INT64_MAX;

    return snn_error_set(err, SNN_EINVAL, s->path, "%s",
                         !s->begun ? "holds no event"
                         : part    ? "holds no event of what is asked for: snn events info says "
                                     "what it holds, --time and --crop choose of that"
                                   : "holds no event inside its sensor: --size states it");
}

static void warn(const events_stream *s, uint64_t n, const char *what)
{
    if (n > 0)
        talk(SNN_LOG_WARNING, "snn: %s: %llu %s", s->path, (unsigned long long)n, what);
}

void events_warn(const events_stream *s)
{
    const snn_event_counts *c = snn_event_reader_counts(s->reader);
    const snn_error *damage = snn_event_reader_damage(s->reader);

    talk_clear();
    warn(s, c->outside, "events outside the sensor are dropped; --size changes its size");
    warn(s, c->untimed, "events before the first time are dropped");
    warn(s, c->invalid, "events that the camera marked invalid are dropped");
    warn(s, c->malformed, "records that mean nothing are dropped: is the file damaged?");
    warn(s, c->other, "triggers, frames or other samples are skipped");
    warn(s, c->rounded, "times finer than a microsecond are rounded");
    if (c->backwards > 0)
        talk(SNN_LOG_WARNING,
             "snn: %s: %llu events step back in time, by up to %lld us; their "
             "order is kept",
             s->path, (unsigned long long)c->backwards, (long long)c->step_back_us);
    if (damage != NULL)
        talk(SNN_LOG_WARNING, "snn: %s: %s; what follows is not read", damage->where, damage->what);
}
