/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trace event format: one object with a list of events; complete ones ("X") have a
 * begin and a duration in microseconds.  Track 0 is the step with its phases, track 1 + w
 * worker w with its loops.
 */
#include "tools/profile.h"

static double microseconds(const record *r, double time)
{
    return 1e6 * (time - r->phases.span[0].begin);
}

static void name_track(bench_text *t, int track, const char *name, int number, bool last)
{
    text_add(t, "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"args\":{\"name\":\"",
             track);
    if (number >= 0)
        text_add(t, "%s %d\"}}%s\n", name, number, last ? "" : ",");
    else
        text_add(t, "%s\"}}%s\n", name, last ? "" : ",");
}

static void event(bench_text *t, const record *r, const span *s, int track)
{
    const bool known = s->phase < SNN_PHASES;

    text_add(t, ",{\"name\":\"%s", known ? snn_phase_name((snn_phase)s->phase) : "between phases");
    if (known && s->layer != SNN_NO_LAYER)
        text_add(t, " %u", (unsigned)s->layer);
    text_add(t, "\",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f",
             track == 0 ? "phase" : "work", track, microseconds(r, s->begin),
             1e6 * (s->end - s->begin));
    if (track > 0)
        text_add(t, ",\"args\":{\"tiles\":%zu}", s->tiles);
    text_add(t, "}\n");
}

snn_status profile_write_trace(snn_context *ctx, const record *r, const char *path, snn_error *err)
{
    bench_text t = {.ctx = ctx};
    snn_status status;

    text_add(&t, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
    name_track(&t, 0, "step", -1, false);
    for (int w = 0; w < r->threads && w < PROFILE_WORKERS; w++)
        name_track(&t, 1 + w, "worker", w, w + 1 == r->threads || w + 1 == PROFILE_WORKERS);
    for (size_t i = 0; i < r->phases.n; i++)
        event(&t, r, &r->phases.span[i], 0);
    for (int w = 0; w < r->threads && w < PROFILE_WORKERS; w++)
        for (size_t i = 0; i < r->worker[w].n; i++)
            event(&t, r, &r->worker[w].span[i], 1 + w);
    text_add(&t, "]}\n");
    status = text_write(&t, path, err);
    text_free(&t);
    return status;
}
