/* SPDX-License-Identifier: BSD-3-Clause */
/* The writer that all formats share: which format, what it can hold, commit. */
#include "datasets/events/codec.h"

#include <stdarg.h>
#include <stdio.h>

void snn_event_writer_params_init(snn_event_writer_params *params)
{
    *params = (snn_event_writer_params){.size = sizeof *params};
}

snn_status snn_event_refuse(const snn_event_writer *w, size_t index, snn_error *err,
                            const char *format, ...)
{
    char where[SNN_ERROR_WHERE], what[SNN_ERROR_WHAT];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(where, sizeof where, "%s: event %llu", w->path,
             (unsigned long long)(w->count + index));
    return snn_error_set(err, SNN_EINVAL, where, "%s", what);
}

/* The one writable format with the extension of `path`; NULL for none or several. */
static const snn_event_codec *of_extension(const char *path)
{
    const snn_event_codec *found = NULL;

#define LOOK(code, value, name, extension, text)                                                   \
    if (snn_event_format_writable(code) && snn_data_ends_with(path, extension)) {                  \
        if (found != NULL)                                                                         \
            return NULL;                                                                           \
        found = snn_event_codec_of(code);                                                          \
    }
    SNN_EVENT_FORMATS(LOOK)
#undef LOOK
    return found;
}

static snn_status choose(const char *path, const snn_event_writer_params *p,
                         const snn_event_codec **out, snn_error *err)
{
    const snn_event_codec *codec =
        p->format == SNN_EVENTS_AUTO ? of_extension(path) : snn_event_codec_of(p->format);

    if (codec == NULL || codec->begin == NULL)
        return snn_error_set(err, SNN_EINVAL, path,
                             p->format == SNN_EVENTS_AUTO
                                 ? "its name does not say which format it is to have: name one"
                                 : "there is no writer for this format");
    if ((p->width == 0) != (p->height == 0) || p->width > codec->most_x + 1 ||
        p->height > codec->most_y + 1)
        return snn_error_set(err, SNN_EINVAL, path,
                             "%s holds sensors of at most %lu x %lu pixels, not %lu x %lu: choose "
                             "another format, or crop",
                             snn_event_format_name(codec->format), (unsigned long)codec->most_x + 1,
                             (unsigned long)codec->most_y + 1, (unsigned long)p->width,
                             (unsigned long)p->height);
    if (codec->needs_geometry && p->width == 0)
        return snn_error_set(err, SNN_EINVAL, path,
                             "%s states the sensor's size, which is not known: give it",
                             snn_event_format_name(codec->format));
    *out = codec;
    return SNN_OK;
}

snn_status snn_event_writer_open(snn_context *ctx, const char *path,
                                 const snn_event_writer_params *params, snn_event_writer **out,
                                 snn_error *err)
{
    snn_event_writer_params defaults;
    const snn_event_codec *codec = NULL;
    snn_event_writer *w = NULL;
    unsigned char *state = NULL;
    snn_status st;

    snn_event_writer_params_init(&defaults);
    params = params != NULL ? params : &defaults;
    TRY(st, choose(path, params, &codec, err));
    TRY_ALLOC(st, ctx, w, 1, err);
    w->ctx = ctx;
    w->codec = codec;
    w->out.fd = -1;
    w->width = params->width;
    w->height = params->height;
    TRY_ALLOC(st, ctx, w->path, strlen(path) + 1, err);
    memcpy(w->path, path, strlen(path));
    TRY_ALLOC(st, ctx, state, codec->writer_bytes, err);
    w->state = state;
    if (codec->own_file && snn_event_output_flows(path))
        TRY(st, snn_error_set(err, SNN_EINVAL, path, "%s needs a file, not a pipe",
                              snn_event_format_name(codec->format)));
    TRY(st, snn_event_output_open(ctx, w->path, &w->out, err));
    w->begun = true;
    TRY(st, codec->begin(w, err));
    *out = w;
    w = NULL;

done:
    snn_event_writer_close(w);
    return st;
}

/* What is wrong with an event in itself, for any time. */
static snn_status check_event(const snn_event_writer *w, const snn_event *e, size_t i,
                              snn_error *err)
{
    if (w->width > 0 && (e->x >= w->width || e->y >= w->height))
        return snn_event_refuse(w, i, err, "(%u, %u) is outside the sensor of %lu x %lu pixels",
                                e->x, e->y, (unsigned long)w->width, (unsigned long)w->height);
    if (e->x > w->codec->most_x || e->y > w->codec->most_y)
        return snn_event_refuse(
            w, i, err,
            "%s holds x to %lu and y to %lu, not (%u, %u): choose another format, or crop",
            snn_event_format_name(w->codec->format), (unsigned long)w->codec->most_x,
            (unsigned long)w->codec->most_y, e->x, e->y);
    if (e->p > 1)
        return snn_event_refuse(w, i, err, "polarity %u is neither 0 nor 1", e->p);
    return SNN_OK;
}

snn_status snn_event_writer_write(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err)
{
    const uint32_t width = w->width > 0 ? w->width : w->codec->most_x + 1;
    const uint32_t height = w->height > 0 ? w->height : w->codec->most_y + 1;
    snn_status st = SNN_OK;

    if (w->failure != SNN_OK)
        return snn_error_set(err, w->failure, w->path, "a write before this one failed");
    for (size_t i = 0; i < n; i++)
        if (e[i].x >= width || e[i].y >= height || e[i].p > 1)
            TRY(st, check_event(w, &e[i], i, err));
    TRY(st, w->codec->write(w, e, n, err));
    TRY(st, snn_event_output_check(&w->out, err));
    w->count += n;

done:
    w->failure = st;
    return st;
}

snn_status snn_event_writer_commit(snn_event_writer *w, snn_error *err)
{
    snn_status st = SNN_OK;

    if (w->failure != SNN_OK)
        return snn_error_set(err, w->failure, w->path, "a write before this one failed");
    if (w->codec->end != NULL)
        TRY(st, w->codec->end(w, err));
    TRY(st, snn_event_output_commit(&w->out, err));

done:
    /* Complete or not, nothing can follow. */
    w->failure = st != SNN_OK ? st : SNN_EINVAL;
    return st;
}

void snn_event_writer_close(snn_event_writer *w)
{
    if (w == NULL)
        return;
    if (w->begun && w->codec->discard != NULL)
        w->codec->discard(w);
    snn_event_output_close(&w->out);
    snn_free(w->ctx, w->state);
    snn_free(w->ctx, w->path);
    snn_free(w->ctx, w);
}

uint64_t snn_event_writer_count(const snn_event_writer *w)
{
    return w->count;
}

snn_event_format snn_event_writer_format(const snn_event_writer *w)
{
    return w->codec->format;
}
