/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn plot activity: one movie through the layer, step by step: events of a row of pixels,
 * how probable each class is where the layer is most confident, and its output spikes.
 */
#include "tools/motion_sight.h"
#include "tools/plot.h"

#include "tools/chart/chart_wheel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT     0.02 /* largest logits, of all voxels and classes: output spikes (paper) */
#define ON_COLOUR  0xd55e00
#define OFF_COLOUR 0x0072b2

typedef struct {
    const motion_sight *s;
    uint32_t classes, steps; /* steps with logits */
    uint32_t row;
    double *event_x, *event_y;
    uint32_t *event_colour;
    size_t n_events;
    double *step;                                /* [steps] */
    double *probability;                         /* [classes][steps], per cent */
    double *spikes;                              /* [classes][steps] */
    double *true_step, *true_class, *true_share; /* [steps] */
    double *order;                               /* scratch: logits of a movie */
    float *best;                                 /* [pixels] of a step */
    chart_mark *lines;                           /* [classes + 2] */
    char (*name)[MOTION_NAME];
    const char **names;
} activity;

static snn_status activity_create(snn_context *ctx, const motion_sight *s, activity *a,
                                  snn_error *err)
{
    const size_t pixels = (size_t)s->movie->width * s->movie->height;
    size_t cells;

    a->s = s;
    a->classes = snn_motion_classes(&s->config.motion);
    a->steps = s->movie->steps - s->skip;
    cells = (size_t)a->classes * a->steps;
    a->event_x = snn_alloc(ctx, 4 * (size_t)s->movie->width * s->movie->steps, sizeof *a->event_x);
    a->event_colour =
        snn_alloc(ctx, 2 * (size_t)s->movie->width * s->movie->steps, sizeof *a->event_colour);
    a->step = snn_alloc(ctx, 4 * (size_t)a->steps, sizeof *a->step);
    a->probability = snn_alloc(ctx, 2 * cells, sizeof *a->probability);
    a->order = snn_alloc(ctx, pixels * cells, sizeof *a->order);
    a->best = snn_alloc(ctx, 2 * pixels, sizeof *a->best);
    a->lines = snn_alloc(ctx, a->classes + 2, sizeof *a->lines);
    a->name = snn_alloc(ctx, a->classes, sizeof *a->name);
    a->names = snn_alloc(ctx, a->classes, sizeof *a->names);
    if (a->event_x == NULL || a->event_colour == NULL || a->step == NULL ||
        a->probability == NULL || a->order == NULL || a->best == NULL || a->lines == NULL ||
        a->name == NULL || a->names == NULL)
        return snn_error_set(err, SNN_ENOMEM, "activity", "no memory for the picture");
    a->event_y = a->event_x + 2 * (size_t)s->movie->width * s->movie->steps;
    a->true_step = a->step + a->steps;
    a->true_class = a->true_step + a->steps;
    a->true_share = a->true_class + a->steps;
    a->spikes = a->probability + cells;
    for (uint32_t c = 0; c < a->classes; c++) {
        motion_class_name(&s->config.motion, c, a->name[c]);
        a->names[c] = a->name[c];
    }
    return SNN_OK;
}

static void activity_free(snn_context *ctx, activity *a)
{
    snn_free(ctx, a->names);
    snn_free(ctx, a->name);
    snn_free(ctx, a->lines);
    snn_free(ctx, a->best);
    snn_free(ctx, a->order);
    snn_free(ctx, a->probability);
    snn_free(ctx, a->step);
    snn_free(ctx, a->event_colour);
    snn_free(ctx, a->event_x);
}

/* ---- what happens ----------------------------------------------------------------------- */

/* The row of pixels with most events. */
static void choose_row(activity *a)
{
    const snn_movie *m = a->s->movie;
    uint32_t most = 0;

    for (uint32_t y = 0; y < m->height; y++) {
        uint32_t n = 0;

        for (uint32_t e = 0; e < m->first[2 * m->steps]; e++)
            n += m->y[e] == y;
        if (n > most) {
            most = n;
            a->row = y;
        }
    }
}

static void collect_events(activity *a)
{
    const snn_movie *m = a->s->movie;

    for (uint32_t k = 0; k < 2 * m->steps; k++)
        for (uint32_t e = m->first[k]; e < m->first[k + 1]; e++)
            if (m->y[e] == a->row) {
                a->event_x[a->n_events] = k / 2;
                a->event_y[a->n_events] = m->x[e];
                a->event_colour[a->n_events++] = k % 2 == 1 ? ON_COLOUR : OFF_COLOUR;
            }
}

static int by_float(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Mean share of each class over a step's most confident voxels. */
static void see_step(activity *a, uint32_t t)
{
    const motion_sight *s = a->s;
    const size_t pixels = (size_t)s->movie->width * s->movie->height;
    const size_t below = (size_t)((1 - (double)s->config.motion.decision_share) * (double)pixels);
    const float *logits = s->logits + (size_t)t * pixels * s->lanes;
    float *sorted = a->best + pixels, floor;
    double share[128], voters = 0;

    for (size_t i = 0; i < pixels; i++)
        a->best[i] =
            logits[i * s->lanes + motion_softmax(logits + i * s->lanes, a->classes, share)];
    memcpy(sorted, a->best, pixels * sizeof *sorted);
    qsort(sorted, pixels, sizeof *sorted, by_float);
    floor = sorted[below < pixels ? below : pixels - 1];
    for (size_t i = 0; i < pixels; i++) {
        if (a->best[i] < floor)
            continue;
        voters++;
        motion_softmax(logits + i * s->lanes, a->classes, share);
        for (uint32_t c = 0; c < a->classes; c++)
            a->probability[(size_t)c * a->steps + t] += 100 * share[c];
    }
    for (uint32_t c = 0; c < a->classes; c++)
        a->probability[(size_t)c * a->steps + t] /= voters;
    a->step[t] = s->skip + t;
    a->true_share[t] = NAN;
    if (s->movie->label[s->skip + t] != SNN_NO_LABEL)
        a->true_share[t] = a->probability[s->movie->label[s->skip + t] * (size_t)a->steps + t];
    a->true_step[t] = s->skip + t;
    a->true_class[t] =
        s->movie->label[s->skip + t] == SNN_NO_LABEL ? NAN : (double)s->movie->label[s->skip + t];
}

static int by_double(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Output spikes of each class and step: its voxels above one threshold for all. */
static void count_spikes(activity *a)
{
    const motion_sight *s = a->s;
    const size_t voxels = (size_t)s->movie->width * s->movie->height * a->steps;
    const size_t pixels = voxels / a->steps, n = voxels * a->classes;
    double floor;

    for (size_t i = 0; i < voxels; i++)
        for (uint32_t c = 0; c < a->classes; c++)
            a->order[i * a->classes + c] = (double)s->logits[i * s->lanes + c];
    qsort(a->order, n, sizeof *a->order, by_double);
    floor = a->order[(size_t)((1 - OUTPUT) * (double)n)];
    for (size_t i = 0; i < voxels; i++)
        for (uint32_t c = 0; c < a->classes; c++)
            a->spikes[c * (size_t)a->steps + i / pixels] +=
                (double)s->logits[i * s->lanes + c] >= floor;
}

/* ---- the picture ----------------------------------------------------------------------- */

static void set_lines(activity *a, const double *chance)
{
    const snn_motion_params *p = &a->s->config.motion;

    for (uint32_t c = 0; c < a->classes; c++) {
        double direction, speed;

        snn_motion_class(p, c, &direction, &speed);
        a->lines[c] = (chart_mark){.kind = CHART_LINE,
                                   .colour = chart_direction_colour(direction, 1),
                                   .n = a->steps,
                                   .x = a->step,
                                   .y = a->probability + (size_t)c * a->steps,
                                   .size = 2};
    }
    a->lines[a->classes + 1] = (chart_mark){.kind = CHART_POINTS,
                                            .label = "true class",
                                            .colour = CHART_INK,
                                            .marker = CHART_RING,
                                            .n = a->steps,
                                            .x = a->step,
                                            .y = a->true_share};
    a->lines[a->classes] = (chart_mark){.kind = CHART_RULE_Y,
                                        .label = "chance",
                                        .colour = CHART_FAINT,
                                        .n = 1,
                                        .y = chance,
                                        .dashed = true};
}

static snn_status draw(snn_context *ctx, activity *a, const options *o, const char *out,
                       snn_error *err)
{
    const double chance = 100.0 / a->classes, steps = a->s->movie->steps;
    const chart_axis time = {.low = -0.5, .high = steps - 0.5};
    const chart_mark events[] = {{.kind = CHART_POINTS,
                                  .marker = CHART_SQUARE,
                                  .n = a->n_events,
                                  .x = a->event_x,
                                  .y = a->event_y,
                                  .colours = a->event_colour,
                                  .size = a->s->movie->width > 40 ? 2 : 3.2}};
    const chart_mark output[] = {{.kind = CHART_CELLS,
                                  .label = "output spikes",
                                  .unit = "1/step",
                                  .values = a->spikes,
                                  .rows = a->classes,
                                  .columns = a->steps,
                                  .left = a->s->skip - 0.5,
                                  .right = steps - 0.5,
                                  .bottom = -0.5,
                                  .top = a->classes - 0.5},
                                 {.kind = CHART_POINTS,
                                  .label = "true class",
                                  .colour = 0xd55e00,
                                  .marker = CHART_RING,
                                  .n = a->steps,
                                  .x = a->true_step,
                                  .y = a->true_class,
                                  .size = a->classes > 16 ? 3 : 5}};
    chart_panel panels[3];
    char title[3][128], note[256];

    set_lines(a, &chance);
    snprintf(title[0], sizeof title[0], "Events of row %u: ON orange, OFF blue", (unsigned)a->row);
    snprintf(title[1], sizeof title[1],
             "Probability of each class, in the colour of its direction, at the %.0f %% most "
             "confident places",
             100 * (double)a->s->config.motion.decision_share);
    snprintf(title[2], sizeof title[2], "Output spikes: the %.0f %% largest evidences",
             100 * OUTPUT);
    panels[0] = (chart_panel){
        .title = title[0],
        .x = time,
        .y = {.label = "x", .unit = "pixels", .low = -0.5, .high = a->s->movie->width - 0.5},
        .marks = events,
        .n_marks = 1};
    panels[1] = (chart_panel){.title = title[1],
                              .x = time,
                              .y = {.label = "probability", .unit = "%"},
                              .marks = a->lines,
                              .n_marks = a->classes + 2};
    panels[2] = (chart_panel){
        .title = title[2],
        .x = time,
        .y = {.label = "class", .scale = CHART_NAMES, .names = a->names, .n_names = a->classes},
        .marks = output,
        .n_marks = 2};
    panels[2].x.label = "time";
    panels[2].x.unit = "steps";
    motion_movie_name(a->s, o->sample, note, sizeof note);
    return chart_write(ctx,
                       &(chart){.title = "What the layer makes of a movie",
                                .note = note,
                                .width = o->width,
                                .height = o->height > 0 ? o->height : 860,
                                .rows = 3,
                                .panels = panels},
                       out, err);
}

snn_status plot_activity(snn_context *ctx, const char *model, const options *o, const char *out,
                         snn_error *err)
{
    activity a = {0};
    motion_sight s;
    snn_status status;

    TRY(status, motion_sight_open(ctx, model, o, &s, err));
    TRY(status, motion_sight_movie(&s, o, err));
    TRY(status, motion_sight_look(&s, err));
    TRY(status, activity_create(ctx, &s, &a, err));
    choose_row(&a);
    collect_events(&a);
    for (uint32_t t = 0; t < a.steps; t++)
        see_step(&a, t);
    count_spikes(&a);
    status = draw(ctx, &a, o, out, err);
done:
    activity_free(ctx, &a);
    motion_sight_close(&s);
    return status;
}
