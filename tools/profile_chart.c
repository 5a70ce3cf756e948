/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures: phases under the roofs of this machine, where the time goes, how threads help. */
#include "tools/profile.h"

#include "tools/chart/chart.h"

#include <math.h>
#include <string.h>

#define ROOF_POINTS 3
#define SHOWN_SHARE 0.01 /* of the step */

/* ---- roofline ------------------------------------------------------------------------- */

/* Points of one phase: a layer each. */
typedef struct points {
    double x[PROFILE_LAYERS + 1], y[PROFILE_LAYERS + 1];
    size_t n;
} points;

static void collect(const profile *p, points of[SNN_PHASES], double *low, double *high)
{
    for (size_t i = 0; i < p->phases; i++) {
        const profile_phase *f = &p->phase[i];
        points *to = &of[f->phase];
        const double intensity = f->work.operations / f->work.bytes;

        if (f->share < SHOWN_SHARE || !(intensity > 0) || !isfinite(intensity))
            continue;
        to->x[to->n] = intensity;
        to->y[to->n++] = 1e-9 * f->work.operations / f->seconds.median;
        *low = fmin(*low, intensity);
        *high = fmax(*high, intensity);
    }
}

static snn_status draw_roofline(snn_context *ctx, const profile *p, const char *folder,
                                snn_error *err)
{
    static const chart_marker markers[] = {CHART_DISC, CHART_SQUARE, CHART_TRIANGLE};
    const double knee = p->sgemm / p->copy;
    double low = knee / 8, high = knee * 8, roof_x[ROOF_POINTS], roof_y[ROOF_POINTS];
    points of[SNN_PHASES] = {0};
    chart_mark marks[SNN_PHASES + 1];
    chart_panel panel = {
        .x = {.label = "arithmetic intensity", .unit = "operations a byte", .scale = CHART_LOG},
        .y = {.label = "rate", .unit = "GFLOP/s", .scale = CHART_LOG},
        .marks = marks};
    char path[TOOL_PATH], roof[80], note[256];
    size_t n = 0;
    snn_status status = SNN_OK;

    collect(p, of, &low, &high);
    roof_x[0] = low / 2;
    roof_x[1] = knee;
    roof_x[2] = high * 2;
    for (size_t i = 0; i < ROOF_POINTS; i++)
        roof_y[i] = fmin(p->sgemm, p->copy * roof_x[i]);
    snprintf(roof, sizeof roof, "roof: %.0f GFLOP/s, %.1f GB/s", p->sgemm, p->copy);
    marks[n++] = (chart_mark){.kind = CHART_LINE,
                              .label = roof,
                              .colour = CHART_INK,
                              .n = ROOF_POINTS,
                              .x = roof_x,
                              .y = roof_y,
                              .size = 2};
    for (int k = 0; k < SNN_PHASES; k++)
        if (of[k].n > 0) {
            marks[n] = (chart_mark){.kind = CHART_POINTS,
                                    .label = snn_phase_name((snn_phase)k),
                                    .colour = chart_palette(n - 1),
                                    .n = of[k].n,
                                    .x = of[k].x,
                                    .y = of[k].y,
                                    .marker = markers[(n - 1) / 7 % 3],
                                    .size = 8};
            n++;
        }
    panel.n_marks = n;
    snprintf(note, sizeof note, "%s; a point is a layer; %d threads, %s", p->config, p->threads,
             p->machine);
    TRY(status, join_path(path, folder, "roofline.png", err));
    TRY(status, chart_write(ctx,
                            &(chart){.title = "Phases of a step under the machine's roof",
                                     .note = note,
                                     .height = 520,
                                     .panels = &panel},
                            path, err));
done:
    return status;
}

/* ---- time ------------------------------------------------------------------------------- */

static snn_status draw_time(snn_context *ctx, const profile *p, const char *folder, snn_error *err)
{
    char names[RECORD_ROWS][64], path[TOOL_PATH];
    const char *name[RECORD_ROWS];
    double ms[RECORD_ROWS], low[RECORD_ROWS], high[RECORD_ROWS], place[RECORD_ROWS];
    size_t n = 0;
    chart_mark mark;
    chart_panel panel;
    snn_status status = SNN_OK;

    for (size_t i = 0; i < p->phases; i++) {
        if (p->phase[i].share < SHOWN_SHARE)
            continue;
        name[n] = profile_phase_name(&p->phase[i], names[n]);
        ms[n] = 1e3 * p->phase[i].seconds.median;
        low[n] = 1e3 * p->phase[i].seconds.low;
        high[n] = 1e3 * p->phase[i].seconds.high;
        place[n] = (double)n;
        n++;
    }
    mark = (chart_mark){.kind = CHART_BARS,
                        .colour = 0x0072b2,
                        .n = n,
                        .x = ms,
                        .y = place,
                        .low = low,
                        .high = high,
                        .across = true};
    panel =
        (chart_panel){.x = {.label = "time", .unit = "ms"},
                      .y = {.scale = CHART_NAMES, .names = name, .n_names = n, .reversed = true},
                      .marks = &mark,
                      .n_marks = 1};
    TRY(status, join_path(path, folder, "time.png", err));
    TRY(status, chart_write(ctx,
                            &(chart){.title = "Where a step's time goes",
                                     .note = p->config,
                                     .height = (uint32_t)(140 + 24 * n),
                                     .panels = &panel},
                            path, err));
done:
    return status;
}

/* ---- efficiency ----------------------------------------------------------------------------- */

static snn_status draw_efficiency(snn_context *ctx, const profile *p, const char *folder,
                                  snn_error *err)
{
    const bench_scaling *s = &p->scaling;
    double threads[BENCH_MOST_THREADS], share[BENCH_MOST_THREADS], low[BENCH_MOST_THREADS],
        high[BENCH_MOST_THREADS], ideal = 100;
    chart_mark marks[3];
    chart_panel panel = {.x = {.label = "threads", .low = 0, .high = p->threads + 1},
                         .y = {.label = "efficiency", .unit = "%", .low = 0, .high = 110},
                         .marks = marks,
                         .n_marks = 3};
    char path[TOOL_PATH];
    snn_status status = SNN_OK;

    for (size_t i = 0; i < s->n; i++) {
        const double whole = 100 * s->seconds[0].median / s->threads[i];

        threads[i] = s->threads[i];
        share[i] = whole / s->seconds[i].median;
        low[i] = whole / s->seconds[i].high;
        high[i] = whole / s->seconds[i].low;
    }
    marks[0] = (chart_mark){.kind = CHART_RULE_Y,
                            .label = "every thread at work",
                            .colour = CHART_FAINT,
                            .n = 1,
                            .y = &ideal,
                            .dashed = true};
    marks[1] =
        (chart_mark){.kind = CHART_LINE, .colour = 0x0072b2, .n = s->n, .x = threads, .y = share};
    marks[2] = (chart_mark){.kind = CHART_POINTS,
                            .label = "a step, and the middle half of its repetitions",
                            .colour = 0x0072b2,
                            .n = s->n,
                            .x = threads,
                            .y = share,
                            .low = low,
                            .high = high,
                            .size = 6};
    TRY(status, join_path(path, folder, "efficiency.png", err));
    TRY(status, chart_write(ctx,
                            &(chart){.title = "One thread's time over threads x time",
                                     .note = p->config,
                                     .panels = &panel},
                            path, err));
done:
    return status;
}

snn_status profile_write_charts(snn_context *ctx, const profile *p, const char *folder,
                                snn_error *err)
{
    snn_status status = SNN_OK;

    TRY(status, draw_roofline(ctx, p, folder, err));
    TRY(status, draw_time(ctx, p, folder, err));
    if (p->scaling.n > 0)
        TRY(status, draw_efficiency(ctx, p, folder, err));
done:
    return status;
}
