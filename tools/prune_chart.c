/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/prune.h"

#include "tools/chart/chart.h"

#include <math.h>

#define CURVE 160 /* points of a fitted line */

typedef struct {
    double *x, *y, *low, *high;
    size_t n;
} series;

static size_t collect(const prune_point *points, size_t n, prune_kind kind, series *s)
{
    s->n = 0;
    for (size_t i = 0; i < n; i++)
        if (points[i].kind == kind) {
            s->x[s->n] = points[i].share;
            s->y[s->n] = 100 * points[i].accuracy.mean;
            s->low[s->n] = 100 * points[i].accuracy.low;
            s->high[s->n++] = 100 * points[i].accuracy.high;
        }
    return s->n;
}

static void trace(const prune_fit *fit, double from, double *x, double *y)
{
    for (int i = 0; i < CURVE; i++) {
        x[i] = pow(10, log10(from) * (1 - i / (CURVE - 1.0)));
        y[i] = 100 * prune_fit_value(fit, x[i]);
    }
}

snn_status prune_draw(snn_context *ctx, const prune_point *points, size_t n,
                      const prune_fit fits[PRUNE_KINDS], const char *path, snn_error *err)
{
    static const char *const label[PRUNE_KINDS] = {
        "largest weights kept", "the same, tuned afterwards", "shortest delays kept"};
    const double chance = 100 * fits[0].chance, full = 100 * fits[0].full;
    chart_mark marks[2 * PRUNE_KINDS + 2];
    series s[PRUNE_KINDS];
    double *numbers =
        snn_alloc(ctx, 4 * n * PRUNE_KINDS + 2 * CURVE * PRUNE_KINDS, sizeof *numbers);
    size_t n_marks = 0;
    snn_status status = SNN_OK;

    if (numbers == NULL)
        return snn_error_set(err, SNN_ENOMEM, path, "no memory for the picture");
    for (int k = 0; k < PRUNE_KINDS; k++) {
        double *at = numbers + 4 * n * (size_t)k;
        double *line = numbers + 4 * n * PRUNE_KINDS + 2 * CURVE * (size_t)k;
        const uint32_t colour = chart_palette((size_t)k);

        s[k] = (series){at, at + n, at + 2 * n, at + 3 * n, 0};
        if (collect(points, n, (prune_kind)k, &s[k]) == 0)
            continue;
        marks[n_marks++] = (chart_mark){.kind = CHART_POINTS,
                                        .label = label[k],
                                        .colour = colour,
                                        .n = s[k].n,
                                        .x = s[k].x,
                                        .y = s[k].y,
                                        .low = s[k].low,
                                        .high = s[k].high};
        if (!isfinite(fits[k].half))
            continue;
        trace(&fits[k], s[k].x[0], line, line + CURVE);
        marks[n_marks++] = (chart_mark){
            .kind = CHART_LINE, .colour = colour, .n = CURVE, .x = line, .y = line + CURVE};
    }
    marks[n_marks++] = (chart_mark){.kind = CHART_RULE_Y,
                                    .label = "chance",
                                    .colour = CHART_FAINT,
                                    .n = 1,
                                    .y = &chance,
                                    .dashed = true};
    marks[n_marks++] = (chart_mark){.kind = CHART_RULE_Y,
                                    .label = "whole model",
                                    .colour = CHART_INK,
                                    .n = 1,
                                    .y = &full,
                                    .dashed = true};
    {
        const chart_panel panel = {.x = {.label = "share that is kept", .scale = CHART_LOG},
                                   .y = {.label = "accuracy", .unit = "%", .low = 0, .high = 100},
                                   .marks = marks,
                                   .n_marks = n_marks};

        status = chart_write(
            ctx, &(chart){.title = "What a layer needs to see motion", .panels = &panel}, path,
            err);
    }
    snn_free(ctx, numbers);
    return status;
}
