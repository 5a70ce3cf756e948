/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn plot clouds: how well a layer sees textures that it was not trained on: its accuracy on
 * Motion Clouds against each of their parameters, with the orientation across the motion or
 * at random (Grimaldi and Perrinet 2023, figure 7; its values).
 */
#include "tools/motion_sight.h"
#include "tools/plot.h"

#include "tools/chart/chart.h"

#include <snn/statistics.h>

#include <stddef.h>
#include <string.h>

#define VALUES     6
#define ACROSS     3u /* textures of a row */
#define CONDITIONS 2
#define LEVEL      0.9 /* from 5 to 95 % */
#define USUAL      48u /* movies a point, at least one of each class */
#define GAP        2u

static const struct {
    const char *name, *unit;
    size_t offset;
    bool with_spread; /* the spread of frequency follows the frequency */
    double value[VALUES];
} PARAMETERS[] = {
    {"spatial frequency",
     "cycles/pixel",
     offsetof(snn_motion_params, cloud_sf),
     true,
     {0.035, 0.080, 0.185, 0.424, 0.975, 2.24}},
    {"spread of frequency",
     "cycles/pixel",
     offsetof(snn_motion_params, cloud_b_sf),
     false,
     {0.015, 0.038, 0.095, 0.238, 0.597, 1.5}},
    {"spread of orientation",
     "degrees",
     offsetof(snn_motion_params, cloud_b_theta),
     false,
     {1.9, 3.3, 5.7, 9.9, 17.2, 30}},
    {"spread of speed",
     "1",
     offsetof(snn_motion_params, cloud_b_v),
     false,
     {0.005, 0.0126, 0.032, 0.079, 0.2, 0.5}},
};

#define N_PARAMETERS (sizeof PARAMETERS / sizeof PARAMETERS[0])

typedef struct {
    double x[VALUES], mean[VALUES], low[VALUES], high[VALUES];
} curve;

typedef struct {
    const motion_sight *s;
    uint32_t movies;
    unsigned done;
    curve curve[N_PARAMETERS][CONDITIONS];
    snn_image *strip[N_PARAMETERS];
} clouds;

static snn_motion_params params_of(const clouds *c, size_t parameter, int value, int condition)
{
    snn_motion_params p = c->s->config.motion;
    const float number = (float)PARAMETERS[parameter].value[value];

    p.view = SNN_VIEW_CLOUD;
    p.switch_rate = 0;
    p.cloud_aperture = condition;
    memcpy((char *)&p + PARAMETERS[parameter].offset, &number, sizeof number);
    if (PARAMETERS[parameter].with_spread)
        p.cloud_b_sf = number;
    return p;
}

static snn_status measure(clouds *c, size_t parameter, int value, int condition, snn_error *err)
{
    const snn_motion_params p = params_of(c, parameter, value, condition);
    curve *to = &c->curve[parameter][condition];
    snn_movies *movies = NULL;
    snn_motion_evaluation e;
    snn_interval interval;
    snn_status status;

    talk_progress("clouds %u of %u", ++c->done, (unsigned)(N_PARAMETERS * VALUES * CONDITIONS));
    if (plot_stop(NULL))
        return snn_error_set(err, SNN_EINTERRUPTED, "clouds", "stopped");
    TRY(status, snn_movies_make(c->s->ctx, &p, NULL, c->s->config.train.seed, SNN_SPLIT_TEST,
                                c->movies, NULL, NULL, &movies, err));
    TRY(status, snn_motion_evaluate(c->s->motion, movies, c->s->config.train.batch_size, plot_stop,
                                    NULL, &e, NULL, err));
    interval = snn_proportion_interval((uint64_t)(e.accuracy * c->movies + 0.5), c->movies, LEVEL);
    to->x[value] = PARAMETERS[parameter].value[value];
    to->mean[value] = 100 * e.accuracy;
    to->low[value] = 100 * interval.low;
    to->high[value] = 100 * interval.high;
done:
    snn_movies_destroy(movies);
    return status;
}

/* One frame of each value, in two rows. */
static snn_status paint_strip(clouds *c, size_t parameter, snn_error *err)
{
    const uint32_t w = c->s->config.motion.width, h = c->s->config.motion.height,
                   wide = ACROSS * (w + GAP) - GAP, high = VALUES / ACROSS * (h + GAP) - GAP;
    float *frames = NULL;
    snn_status status;

    TRY(status, snn_image_create(c->s->ctx, wide, high, SNN_IMAGE_RGB, &c->strip[parameter], err));
    snn_image_fill(c->strip[parameter], 0, 0, wide, high, 0xffffff);
    for (uint32_t k = 0; k < VALUES; k++) {
        const snn_motion_params p = params_of(c, parameter, (int)k, 0);
        const int64_t left = k % ACROSS * (w + GAP), top = k / ACROSS * (h + GAP);

        TRY(status, snn_movies_frames(c->s->ctx, &p, NULL, c->s->config.train.seed, SNN_SPLIT_TEST,
                                      0, &frames, err));
        for (uint32_t i = 0; i < w * h; i++)
            snn_image_set(c->strip[parameter], left + i % w, top + i / w,
                          0x010101u * (uint32_t)(127.5f * (frames[i] + 1.0f) + 0.5f));
        snn_free(c->s->ctx, frames);
        frames = NULL;
    }
done:
    snn_free(c->s->ctx, frames);
    return status;
}

static snn_status draw(snn_context *ctx, const clouds *c, const options *o, const char *out,
                       snn_error *err)
{
    static const char *const LABEL[CONDITIONS] = {"orientation across the motion",
                                                  "at random (aperture)"};
    const double chance = 100.0 / snn_motion_classes(&c->s->config.motion);
    chart_mark strips[N_PARAMETERS], marks[N_PARAMETERS][2 * CONDITIONS + 1];
    chart_panel panels[2 * N_PARAMETERS];
    char note[256];

    for (size_t p = 0; p < N_PARAMETERS; p++) {
        size_t n = 0;

        strips[p] = (chart_mark){.kind = CHART_PICTURE,
                                 .picture = c->strip[p],
                                 .left = 0,
                                 .right = snn_image_width(c->strip[p]),
                                 .bottom = snn_image_height(c->strip[p]),
                                 .top = 0};
        panels[p] = (chart_panel){.title = "textures of the six values",
                                  .x = {.hidden = true},
                                  .y = {.hidden = true, .reversed = true},
                                  .marks = &strips[p],
                                  .n_marks = 1,
                                  .square = true};
        for (int k = 0; k < CONDITIONS; k++) {
            const curve *v = &c->curve[p][k];

            marks[p][n++] = (chart_mark){.kind = CHART_LINE,
                                         .colour = chart_palette((size_t)k),
                                         .n = VALUES,
                                         .x = v->x,
                                         .y = v->mean};
            marks[p][n++] = (chart_mark){.kind = CHART_POINTS,
                                         .label = p == 0 ? LABEL[k] : NULL,
                                         .colour = chart_palette((size_t)k),
                                         .n = VALUES,
                                         .x = v->x,
                                         .y = v->mean,
                                         .low = v->low,
                                         .high = v->high};
        }
        marks[p][n++] = (chart_mark){.kind = CHART_RULE_Y,
                                     .label = p == 0 ? "chance" : NULL,
                                     .colour = CHART_FAINT,
                                     .n = 1,
                                     .y = &chance,
                                     .dashed = true};
        panels[N_PARAMETERS + p] = (chart_panel){
            .x = {.label = PARAMETERS[p].name, .unit = PARAMETERS[p].unit, .scale = CHART_LOG},
            .y = {.label = p == 0 ? "accuracy" : NULL, .unit = "%", .high = 100},
            .marks = marks[p],
            .n_marks = n};
    }
    snprintf(note, sizeof note,
             "%u movies a point, intervals from 5 to 95 %%; the other parameters as the model's "
             "configuration has them",
             (unsigned)c->movies);
    return chart_write(ctx,
                       &(chart){.title = "Motion Clouds, which training has not shown",
                                .note = note,
                                .width = o->width > 0 ? o->width : 1100,
                                .height = o->height > 0 ? o->height : 560,
                                .rows = 2,
                                .columns = N_PARAMETERS,
                                .panels = panels},
                       out, err);
}

snn_status plot_clouds(snn_context *ctx, const char *model, const options *o, const char *out,
                       snn_error *err)
{
    clouds c = {0};
    motion_sight s;
    uint32_t classes;
    snn_status status;

    TRY(status, motion_sight_open(ctx, model, o, &s, err));
    classes = snn_motion_classes(&s.config.motion);
    c.s = &s;
    c.movies = o->points > 0 ? o->points : classes > USUAL ? classes : USUAL;
    for (size_t p = 0; p < N_PARAMETERS; p++) {
        TRY(status, paint_strip(&c, p, err));
        for (int v = 0; v < VALUES; v++)
            for (int k = 0; k < CONDITIONS; k++)
                TRY(status, measure(&c, p, v, k, err));
    }
    talk_clear();
    status = draw(ctx, &c, o, out, err);
done:
    for (size_t p = 0; p < N_PARAMETERS; p++)
        snn_image_destroy(c.strip[p]);
    motion_sight_close(&s);
    return status;
}
