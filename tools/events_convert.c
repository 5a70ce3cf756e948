/* SPDX-License-Identifier: BSD-3-Clause */
/* snn events convert: a recording in another format, or a part of it. */
#include "tools/events_stream.h"

#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void show(const options *o, const char *out, const snn_event_writer *w, double seconds)
{
    const uint64_t n = snn_event_writer_count(w);
    const char *format = snn_event_format_name(snn_event_writer_format(w));
    json j;

    talk(SNN_LOG_INFO, "%s: %llu events as %s in %.2f s, %.1f M/s", out, (unsigned long long)n,
         format, seconds, 1e-6 * (double)n / (seconds > 0 ? seconds : 1));
    if (!o->json || strcmp(out, "-") == 0)
        return;
    json_begin(&j, "converted");
    json_text(&j, "file", out);
    json_text(&j, "format", format);
    json_count(&j, "events", n);
    json_number(&j, "seconds", seconds);
    json_end(&j);
}

static snn_status convert(snn_context *ctx, const char *path, const char *out, const options *o,
                          snn_error *err)
{
    const double start = now();
    events_stream s = {0};
    snn_event_writer_params params;
    snn_event_writer *writer = NULL;
    snn_status status = SNN_OK;
    size_t n = 0;

    snn_event_writer_params_init(&params);
    if (o->format != NULL)
        params.format = snn_event_format_find(o->format);
    TRY(status, events_open(ctx, path, o, &s, err));
    /* A sensor that is only assumed is not written down as if it were known. */
    if (!events_geometry(&s, &params.width, &params.height))
        params.width = params.height = 0;
    TRY(status, snn_event_writer_open(ctx, out, &params, &writer, err));
    do {
        TRY(status, events_next(&s, &n, err));
        TRY(status, snn_event_writer_write(writer, s.block, n, err));
    } while (n > 0);
    events_warn(&s);
    TRY(status, snn_event_writer_commit(writer, err));
    if (snn_event_writer_count(writer) == 0 && events_none(&s, err) != SNN_OK)
        talk(SNN_LOG_WARNING, "snn: %s: %s", err->where, err->what);
    show(o, out, writer, now() - start);
done:
    snn_event_writer_close(writer);
    events_close(&s);
    return status;
}

int events_convert(const options *o)
{
    snn_context *ctx = NULL;
    snn_error err = {0};
    snn_status status = SNN_OK;

    TRY(status, tool_context(o, &ctx, &err));
    watch_signals();
    TRY(status, convert(ctx, o->operands[1], o->operands[2], o, &err));
done:
    talk_clear();
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
