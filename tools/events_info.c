/* SPDX-License-Identifier: BSD-3-Clause */
/* snn events info: what recordings hold. */
#include "tools/events_stream.h"

#include <string.h>

#define BIN_US 10000 /* of the busiest rate */

struct summary {
    uint64_t events, on;
    int64_t first, last, least, most; /* times, us */
    uint16_t x[2], y[2];              /* least, most */
    int64_t bin;
    uint64_t in_bin, busiest;
    uint64_t digest;
};

#define DIGEST_BEGIN UINT64_C(0xcbf29ce484222325)

/* One event more.  Each step is one to one, so that a single other event changes the end. */
static uint64_t digest(uint64_t h, const snn_event *e)
{
    h = (h ^ (uint64_t)e->t) * UINT64_C(0x100000001b3);
    h ^= h >> 32;
    h = (h ^ ((uint64_t)e->p << 32 | (uint64_t)e->x << 16 | e->y)) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

/* Spans begin at 0 and at its multiples, before 0 as well. */
static int64_t bin_of(int64_t t)
{
    return t / BIN_US - (t % BIN_US < 0);
}

static void add(struct summary *s, const snn_event *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int64_t bin = bin_of(e[i].t);

        if (s->events + i == 0) {
            s->digest = DIGEST_BEGIN;
            s->bin = bin;
            s->first = s->least = s->most = e[0].t;
            s->x[0] = s->x[1] = e[0].x;
            s->y[0] = s->y[1] = e[0].y;
        }
        if (bin != s->bin) {
            s->bin = bin;
            s->in_bin = 0;
        }
        s->in_bin++;
        s->busiest = s->in_bin > s->busiest ? s->in_bin : s->busiest;
        s->on += e[i].p;
        s->least = e[i].t < s->least ? e[i].t : s->least;
        s->most = e[i].t > s->most ? e[i].t : s->most;
        s->x[0] = e[i].x < s->x[0] ? e[i].x : s->x[0];
        s->x[1] = e[i].x > s->x[1] ? e[i].x : s->x[1];
        s->y[0] = e[i].y < s->y[0] ? e[i].y : s->y[0];
        s->y[1] = e[i].y > s->y[1] ? e[i].y : s->y[1];
        s->last = e[i].t;
        s->digest = digest(s->digest, &e[i]);
    }
    s->events += n;
}

static double seconds_of(const struct summary *s)
{
    return 1e-6 * ((double)s->most - (double)s->least);
}

static double rate_of(const struct summary *s)
{
    return s->events > 1 && s->most > s->least ? (double)s->events / seconds_of(s) : 0;
}

static const char *text_of(snn_event_format format)
{
    switch (format) {
#define TEXT(code, value, name, extension, text)                                                   \
    case code:                                                                                     \
        return text;
        SNN_EVENT_FORMATS(TEXT)
#undef TEXT
    default:
        return "events";
    }
}

static void show_text(const events_stream *from, const struct summary *s)
{
    static const char *const SURE[] = {"", " (assumed: the file does not say)", ""};
    const snn_event_info *info = snn_event_reader_info(from->reader);
    const snn_event_counts *c = snn_event_reader_counts(from->reader);

    printf("%s: %s%s%s\n", from->path, text_of(info->format), info->variant[0] != '\0' ? ": " : "",
           info->variant);
    if (info->geometry == SNN_GEOMETRY_UNKNOWN)
        printf("  sensor     not known: the file does not say\n");
    else
        printf("  sensor     %lu x %lu pixels%s\n", (unsigned long)info->width,
               (unsigned long)info->height, SURE[info->geometry]);
    printf("  events     %llu", (unsigned long long)s->events);
    if (s->events == 0) {
        printf("\n");
        return;
    }
    printf(", %.1f %% ON\n", 100 * (double)s->on / (double)s->events);
    printf("  time       %lld to %lld us, %.6g s\n", (long long)s->least, (long long)s->most,
           seconds_of(s));
    printf("  rate       %.4g events/s, in the busiest 10 ms %.4g\n", rate_of(s),
           (double)s->busiest * 1e6 / BIN_US);
    printf("  x, y       %u to %u, %u to %u\n", s->x[0], s->x[1], s->y[0], s->y[1]);
    if (c->backwards == 0)
        printf("  order      by time\n");
    else
        printf("  order      %llu steps back in time, the largest %lld us\n",
               (unsigned long long)c->backwards, (long long)c->step_back_us);
    printf("  digest     %016llx\n", (unsigned long long)s->digest);
}

static void show_json(const events_stream *from, const struct summary *s)
{
    static const char *const SURE[] = {"unknown", "assumed", "stated"};
    const snn_event_info *info = snn_event_reader_info(from->reader);
    const snn_event_counts *c = snn_event_reader_counts(from->reader);
    json j;

    json_begin(&j, "recording");
    json_text(&j, "file", from->path);
    json_text(&j, "format", snn_event_format_name(info->format));
    json_text(&j, "variant", info->variant);
    json_text(&j, "geometry", SURE[info->geometry]);
    json_count(&j, "width", info->width);
    json_count(&j, "height", info->height);
    json_count(&j, "events", s->events);
    json_count(&j, "on", s->on);
    if (s->events > 0) {
        char text[32];

        snprintf(text, sizeof text, "%lld", (long long)s->least);
        json_bare(&j, "t_first_us", text);
        snprintf(text, sizeof text, "%lld", (long long)s->most);
        json_bare(&j, "t_last_us", text);
        json_number(&j, "seconds", seconds_of(s));
        json_number(&j, "events_per_s", rate_of(s));
        json_number(&j, "busiest_events_per_s", (double)s->busiest * 1e6 / BIN_US);
        json_count(&j, "x_least", s->x[0]);
        json_count(&j, "x_most", s->x[1]);
        json_count(&j, "y_least", s->y[0]);
        json_count(&j, "y_most", s->y[1]);
        snprintf(text, sizeof text, "%016llx", (unsigned long long)s->digest);
        json_text(&j, "digest", text);
    }
    json_count(&j, "backwards", c->backwards);
    json_count(&j, "step_back_us", (uint64_t)c->step_back_us);
    json_count(&j, "rounded", c->rounded);
    json_count(&j, "outside", c->outside);
    json_count(&j, "untimed", c->untimed);
    json_count(&j, "invalid", c->invalid);
    json_count(&j, "malformed", c->malformed);
    json_count(&j, "other", c->other);
    json_count(&j, "damaged", c->damaged);
    json_end(&j);
}

static snn_status info_file(snn_context *ctx, const char *path, const options *o, snn_error *err)
{
    events_stream s = {0};
    struct summary sum = {0};
    snn_status status = SNN_OK;
    size_t n = 0;

    TRY(status, events_open(ctx, path, o, &s, err));
    do {
        TRY(status, events_next(&s, &n, err));
        add(&sum, s.block, n);
    } while (n > 0);
    events_warn(&s);
    (o->json ? show_json : show_text)(&s, &sum);
done:
    events_close(&s);
    return status;
}

int events_info(const options *o)
{
    return each_operand(o, 1, info_file);
}
