/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn events render: pictures of a recording.
 *
 *   frame     each pixel has the colour of its last event in the span
 *   surface   the same colour, mixed with the ground as that event grows old: linear, from
 *             all of it to none in --fade
 */
#include "tools/events_stream.h"

#include <snn/image.h>

#include <string.h>

#define DEFAULT_FADE_US 50000
#define MOST_PICTURES   1000000
/* Beyond it, times and spans could not be added. */
#define MOST_TIME (INT64_C(1) << 62)

static const struct palette {
    const char *name;
    uint32_t ground, on, off;
} PALETTES[] = {
    {"dark", 0x1e2534, 0xffffff, 0x407ec9},
    {"light", 0xffffff, 0x407ec9, 0x1e2534},
    {"coolwarm", 0xd9e0ed, 0xff7175, 0x577bc6},
    {"gray", 0x808080, 0xffffff, 0x000000},
};

#define N_PALETTES (sizeof PALETTES / sizeof PALETTES[0])

/* The last event of each pixel. */
struct pixel {
    int64_t t;
    uint8_t p;
    bool seen;
};

struct render {
    const struct palette *palette;
    bool surface;
    int64_t every, fade; /* us; every 0: one picture */
    uint32_t scale, width, height;
    struct pixel *pixel;
    int64_t end; /* of the span of the picture at hand; not in it */
    uint64_t pictures;
    const char *out;
};

/* From `ground` (share 0) to `colour` (share 1). */
static uint32_t mix(uint32_t ground, uint32_t colour, double share)
{
    uint32_t mixed = 0;

    for (int shift = 0; shift < 24; shift += 8) {
        const double from = (double)(ground >> shift & 255), to = (double)(colour >> shift & 255);

        mixed |= (uint32_t)(from + share * (to - from) + 0.5) << shift;
    }
    return mixed;
}

static uint32_t colour_of(const struct render *r, const struct pixel *p, int64_t now)
{
    const uint32_t colour = p->p != 0 ? r->palette->on : r->palette->off;
    double age;

    if (!p->seen)
        return r->palette->ground;
    if (!r->surface)
        return colour;
    age = ((double)now - (double)p->t) / (double)r->fade;
    return mix(r->palette->ground, colour, age > 1 ? 0 : age < 0 ? 1 : 1 - age);
}

/* Write the picture of what was seen up to `now`. */
static snn_status draw(struct render *r, snn_context *ctx, int64_t now, snn_error *err)
{
    char path[TOOL_PATH];
    snn_image *image = NULL;
    snn_status status = SNN_OK;

    snprintf(path, sizeof path, "%s", r->out);
    if (r->every > 0) {
        char name[32];

        snprintf(name, sizeof name, "%06llu.png", (unsigned long long)r->pictures);
        TRY(status, join_path(path, r->out, name, err));
    }
    TRY(status, snn_image_create(ctx, r->width * r->scale, r->height * r->scale, SNN_IMAGE_RGB,
                                 &image, err));
    for (uint32_t y = 0; y < r->height; y++)
        for (uint32_t x = 0; x < r->width; x++)
            snn_image_fill(image, (int64_t)x * r->scale, (int64_t)y * r->scale, r->scale, r->scale,
                           colour_of(r, &r->pixel[(size_t)y * r->width + x], now));
    TRY(status, snn_image_write_png(image, path, err));
    r->pictures++;
    /* A frame is of its span alone; a surface goes on. */
    if (!r->surface)
        memset(r->pixel, 0, (size_t)r->width * r->height * sizeof *r->pixel);
done:
    snn_image_destroy(image);
    return status;
}

/* Pictures of all spans that end before an event at `t`. */
static snn_status draw_to(struct render *r, snn_context *ctx, int64_t t, snn_error *err)
{
    snn_status status = SNN_OK;

    /* Told before they fill a disk. */
    if (t >= r->end && (t - r->end) / r->every >= (int64_t)(MOST_PICTURES - r->pictures))
        TRY(status,
            snn_error_set(err, SNN_EINVAL, r->out,
                          "more than %d pictures: take a longer --every, or a part (--time)",
                          MOST_PICTURES));
    for (; t >= r->end; r->end += r->every)
        TRY(status, draw(r, ctx, r->end, err));
done:
    return status;
}

static snn_status render_events(struct render *r, events_stream *s, snn_error *err)
{
    bool begun = false;
    int64_t last = 0;
    size_t n;
    snn_status status = SNN_OK;

    do {
        TRY(status, events_next(s, &n, err));
        for (size_t i = 0; i < n; i++) {
            const snn_event *e = &s->block[i];

            if (e->t > MOST_TIME || e->t < -MOST_TIME)
                TRY(status, snn_error_set(err, SNN_EINVAL, s->path,
                                          "its times reach %lld us: --relative", (long long)e->t));
            if (!begun)
                r->end = e->t + r->every;
            last = !begun || e->t > last ? e->t : last;
            begun = true;
            if (r->every > 0)
                TRY(status, draw_to(r, s->ctx, e->t, err));
            if (e->x < r->width && e->y < r->height)
                r->pixel[(size_t)e->y * r->width + e->x] =
                    (struct pixel){.t = e->t, .p = e->p, .seen = true};
        }
    } while (n > 0);
    if (!begun)
        TRY(status, events_none(s, err));
    TRY(status, draw(r, s->ctx, r->every > 0 ? r->end : last, err));
done:
    return status;
}

/* Where the file does not state its sensor: what its events reach.  Reads them all. */
static snn_status measure(events_stream *s, struct render *r, snn_error *err)
{
    size_t n;
    snn_status status = SNN_OK;

    r->width = r->height = 1;
    do {
        TRY(status, events_next(s, &n, err));
        for (size_t i = 0; i < n; i++) {
            r->width = s->block[i].x >= r->width ? s->block[i].x + 1u : r->width;
            r->height = s->block[i].y >= r->height ? s->block[i].y + 1u : r->height;
        }
    } while (n > 0);
done:
    return status;
}

/* Open the recording and find out its sensor; a pipe cannot be read twice for that. */
static snn_status begin(snn_context *ctx, const char *path, const options *o, struct render *r,
                        events_stream *s, snn_error *err)
{
    snn_status status = SNN_OK;

    TRY(status, events_open(ctx, path, o, s, err));
    if (events_geometry(s, &r->width, &r->height))
        goto done;
    if (strcmp(path, "-") == 0 || snn_event_reader_progress(s->reader) < 0)
        TRY(status, snn_error_set(err, SNN_EINVAL, path, "does not say the sensor's size: --size"));
    TRY(status, measure(s, r, err));
    events_close(s);
    TRY(status, events_open(ctx, path, o, s, err));
done:
    return status;
}

static snn_status render(snn_context *ctx, const char *path, const options *o, struct render *r,
                         snn_error *err)
{
    events_stream s = {0};
    snn_status status = SNN_OK;

    TRY(status, begin(ctx, path, o, r, &s, err));
    if ((uint64_t)r->width * r->scale * r->height * r->scale > SNN_IMAGE_MAX_PIXELS)
        TRY(status, snn_error_set(err, SNN_EINVAL, path,
                                  "a picture of %llu x %llu pixels is too large: --crop, or a "
                                  "smaller --scale",
                                  (unsigned long long)r->width * r->scale,
                                  (unsigned long long)r->height * r->scale));
    r->pixel = snn_alloc(ctx, (size_t)r->width * r->height, sizeof *r->pixel);
    if (r->pixel == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, path, "no memory for a picture"));
    if (r->every > 0)
        TRY(status, make_folders(r->out, err));
    TRY(status, render_events(r, &s, err));
    events_warn(&s);
    talk(SNN_LOG_INFO, "%s: %llu picture%s of %lu x %lu pixels", r->out,
         (unsigned long long)r->pictures, r->pictures == 1 ? "" : "s",
         (unsigned long)(r->width * r->scale), (unsigned long)(r->height * r->scale));
done:
    if (r->pixel != NULL)
        snn_free(ctx, r->pixel);
    events_close(&s);
    return status;
}

static bool ask(const options *o, struct render *r)
{
    const char *names[N_PALETTES], *ending = strrchr(o->operands[2], '.');

    *r = (struct render){.palette = o->palette == NULL ? &PALETTES[0] : NULL,
                         .fade = DEFAULT_FADE_US,
                         .scale = o->scale > 0 ? o->scale : 1,
                         .out = o->operands[2]};
    for (size_t i = 0; i < N_PALETTES; i++) {
        names[i] = PALETTES[i].name;
        if (o->palette != NULL && strcmp(o->palette, names[i]) == 0)
            r->palette = &PALETTES[i];
    }
    if (r->palette == NULL) {
        say_unknown("palette", o->palette, names, N_PALETTES, "snn events --help");
        return false;
    }
    r->surface = o->view != NULL && strcmp(o->view, "surface") == 0;
    if (o->view != NULL && !r->surface && strcmp(o->view, "frame") != 0) {
        say_unknown("view", o->view, (const char *const[]){"frame", "surface"}, 2,
                    "snn events --help");
        return false;
    }
    if (r->scale > 64) {
        fprintf(stderr, "snn: --scale %u is larger than 64\n", (unsigned)r->scale);
        return false;
    }
    if (o->every == NULL && (ending == NULL || strcmp(ending, ".png") != 0)) {
        fprintf(stderr, "snn: %s: pictures are PNG files: let its name end in .png\n", r->out);
        return false;
    }
    return (o->every == NULL || events_duration("every", o->every, &r->every)) &&
           (o->fade == NULL || events_duration("fade", o->fade, &r->fade));
}

int events_render(const options *o)
{
    struct render r;
    snn_context *ctx = NULL;
    snn_error err = {0};
    snn_status status = SNN_OK;

    if (!ask(o, &r))
        return EXIT_USAGE;
    TRY(status, tool_context(o, &ctx, &err));
    watch_signals();
    TRY(status, render(ctx, o->operands[1], o, &r, &err));
done:
    talk_clear();
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
