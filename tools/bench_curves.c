/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/bench_curves.h"

#include "tools/chart/chart.h"

#include <math.h>
#include <string.h>

#define OVERTAKEN   1.05
#define COLUMNS     3
#define MOST_PANELS 24

double curves_ratio(const curves_point *p)
{
    return p->time[p->chosen].whole / p->time[p->fastest].whole;
}

bool curves_good(const curves_point *p)
{
    return curves_ratio(p) <= CURVES_NEAR;
}

bool curves_noise(const curves_point *p)
{
    return p->time[p->chosen].low <= CURVES_NEAR * p->time[p->fastest].high;
}

/* Of a solver at a point: seconds, or its modelled cost; NaN where it took no part. */
static double height(const curves_point *p, const char *solver, bool cost)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->time[i].solver, solver) == 0)
            return cost ? p->time[i].cost : p->time[i].whole;
    return NAN;
}

/* Up to point i solver `a` led, then `b`: where they were last equal. */
static double meeting(const curves *s, size_t i, const char *a, const char *b, bool cost)
{
    double ahead, behind = NAN;

    for (; i > 0; i--) {
        ahead = log(height(&s->point[i], a, cost) / height(&s->point[i], b, cost));
        behind = log(height(&s->point[i - 1], a, cost) / height(&s->point[i - 1], b, cost));
        if (!(behind > 0))
            break;
    }
    if (i == 0 || isnan(behind) || isnan(ahead) || !(ahead > behind))
        return sqrt(s->point[i > 0 ? i - 1 : 0].value * s->point[i].value);
    return s->point[i - 1].value *
           pow(s->point[i].value / s->point[i - 1].value, -behind / (ahead - behind));
}

size_t curves_crossings(const curves *s, bool planned, curves_crossing out[CURVES_CROSSINGS])
{
    const char *leads = NULL;
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        const curves_point *p = &s->point[i];
        const snn_solver_time *best = &p->time[planned ? p->chosen : p->fastest];
        const bool same = leads != NULL && strcmp(leads, best->solver) == 0;

        if (same ||
            (leads != NULL && !planned && height(p, leads, false) <= OVERTAKEN * best->whole))
            continue;
        if (leads != NULL && n < CURVES_CROSSINGS)
            out[n++] =
                (curves_crossing){leads, best->solver, meeting(s, i, leads, best->solver, planned)};
        leads = best->solver;
    }
    return n;
}

/* ---- the picture ------------------------------------------------------------------------ */

static const char *const SOLVERS[] = {"direct", "fft", "taps", "event", "lookup"};
#define N_SOLVERS (sizeof SOLVERS / sizeof SOLVERS[0])

/* Numbers of a panel. */
typedef struct panel_numbers {
    double x[CURVES_POINTS], ms[N_SOLVERS][CURVES_POINTS], chosen[CURVES_POINTS];
    double change[CURVES_CROSSINGS]; /* where the fastest changes */
    chart_mark mark[N_SOLVERS + 2];
} panel_numbers;

static chart_panel panel_of(const curves *s, panel_numbers *c, bool legend)
{
    curves_crossing crossing[CURVES_CROSSINGS];
    const size_t changes = curves_crossings(s, false, crossing);
    size_t k;

    for (size_t i = 0; i < changes; i++)
        c->change[i] = crossing[i].value;
    for (size_t i = 0; i < s->n; i++) {
        c->x[i] = s->point[i].value;
        c->chosen[i] = 1e3 * s->point[i].time[s->point[i].chosen].whole;
        for (k = 0; k < N_SOLVERS; k++)
            c->ms[k][i] = 1e3 * height(&s->point[i], SOLVERS[k], false);
    }
    for (k = 0; k < N_SOLVERS; k++)
        c->mark[k] = (chart_mark){.kind = CHART_LINE,
                                  .label = legend ? SOLVERS[k] : NULL,
                                  .colour = chart_palette(k),
                                  .n = s->n,
                                  .x = c->x,
                                  .y = c->ms[k],
                                  .size = 2};
    c->mark[k] = (chart_mark){.kind = CHART_POINTS,
                              .label = legend ? "planner" : NULL,
                              .colour = CHART_INK,
                              .n = s->n,
                              .x = c->x,
                              .y = c->chosen,
                              .marker = CHART_RING,
                              .size = 9};
    c->mark[k + 1] = (chart_mark){.kind = CHART_RULE_X,
                                  .label = legend ? "fastest changes" : NULL,
                                  .colour = CHART_FAINT,
                                  .n = changes,
                                  .x = c->change,
                                  .dashed = true};
    return (chart_panel){.title = s->title,
                         .x = {.label = s->quantity, .scale = CHART_LOG},
                         .y = {.label = "time", .unit = "ms", .scale = CHART_LOG},
                         .marks = c->mark,
                         .n_marks = N_SOLVERS + 2};
}

snn_status curves_draw(snn_context *ctx, const curves *sweeps, size_t n, const char *note,
                       const char *path, snn_error *err)
{
    const uint32_t columns = n < COLUMNS ? (uint32_t)n : COLUMNS;
    const uint32_t rows = ((uint32_t)n + columns - 1) / columns;
    chart_panel *panels = snn_alloc(ctx, MOST_PANELS, sizeof *panels);
    panel_numbers *all = snn_alloc(ctx, MOST_PANELS, sizeof *all);
    snn_status status = SNN_OK;

    if (panels == NULL || all == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, path, "out of memory for the picture"));
    if (n > MOST_PANELS)
        TRY(status, snn_error_set(err, SNN_EINVAL, path, "more than %d panels", MOST_PANELS));
    for (size_t i = 0; i < n; i++)
        panels[i] = panel_of(&sweeps[i], &all[i], i == 0);
    status = chart_write(ctx,
                         &(chart){.title = "What each solver takes",
                                  .note = note,
                                  .width = 60 + 300 * columns,
                                  .height = 80 + 270 * rows,
                                  .rows = rows,
                                  .columns = columns,
                                  .panels = panels},
                         path, err);
done:
    snn_free(ctx, all);
    snn_free(ctx, panels);
    return status;
}
