/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn plot task: what a layer that sees motion is given: an image that moves, the way of one
 * of its points, and the events of five steps with the motion that is to be told.
 */
#include "tools/motion_sight.h"
#include "tools/plot.h"

#include "tools/chart/chart_wheel.h"

#include <math.h>

#define SHOWN      5u
#define ON_COLOUR  0xd55e00
#define OFF_COLOUR 0x0072b2
#define PATH_INK   0x009e73

typedef struct {
    const motion_sight *s;
    snn_image *image[SHOWN + 1]; /* the frame, then events */
    char title[SHOWN + 1][64];
    uint32_t step[SHOWN];
    double *path_x, *path_y; /* [steps] */
    size_t n_path;
    double *class_x, *class_y; /* discs of the inset: [classes] */
    uint32_t *colours;
    double back_x[4], back_y[4]; /* white ground of the inset */
    double centre[2], to[SHOWN][2];
    double ends_x[2], ends_y[2];
    chart_mark marks[SHOWN + 1][4];
    chart_panel panels[SHOWN + 1];
} task;

static snn_status task_create(snn_context *ctx, const motion_sight *s, task *t, snn_error *err)
{
    const uint32_t classes = snn_motion_classes(&s->config.motion);
    snn_status status = SNN_OK;

    t->s = s;
    t->path_x = snn_alloc(ctx, 2 * (size_t)s->movie->steps, sizeof *t->path_x);
    t->class_x = snn_alloc(ctx, 2 * (size_t)classes, sizeof *t->class_x);
    t->colours = snn_alloc(ctx, classes, sizeof *t->colours);
    if (t->path_x == NULL || t->class_x == NULL || t->colours == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, "task", "no memory for the picture"));
    t->path_y = t->path_x + s->movie->steps;
    t->class_y = t->class_x + classes;
    for (uint32_t i = 0; i <= SHOWN; i++)
        TRY(status, snn_image_create(ctx, s->movie->width, s->movie->height, SNN_IMAGE_RGB,
                                     &t->image[i], err));
    for (uint32_t i = 0; i < SHOWN; i++)
        t->step[i] = (i + 1) * (s->movie->steps - 1) / SHOWN;
done:
    return status;
}

static void task_free(snn_context *ctx, task *t)
{
    for (uint32_t i = 0; i <= SHOWN; i++)
        snn_image_destroy(t->image[i]);
    snn_free(ctx, t->colours);
    snn_free(ctx, t->class_x);
    snn_free(ctx, t->path_x);
}

/* The way of a point of the image, around the middle of the frame. */
static void walk(task *t)
{
    const snn_movie *m = t->s->movie;
    double y = 0, x = 0, low[2] = {0, 0}, high[2] = {0, 0};

    for (uint32_t i = 0; i < m->steps; i++) {
        double direction, speed;

        if (m->label[i] == SNN_NO_LABEL)
            return;
        snn_motion_class(&t->s->config.motion, m->label[i], &direction, &speed);
        y += i > 0 ? speed * cos(direction) : 0;
        x += i > 0 ? speed * sin(direction) : 0;
        t->path_x[i] = x;
        t->path_y[i] = y;
        low[0] = fmin(low[0], x);
        low[1] = fmin(low[1], y);
        high[0] = fmax(high[0], x);
        high[1] = fmax(high[1], y);
    }
    for (uint32_t i = 0; i < m->steps; i++) {
        t->path_x[i] += (m->width - 1 - low[0] - high[0]) / 2;
        t->path_y[i] += (m->height - 1 - low[1] - high[1]) / 2;
    }
    t->n_path = m->steps;
}

/* The middle frame, or, where a movie has none, how often each pixel sent an event. */
static void paint_frame(task *t, const float *frames)
{
    const snn_movie *m = t->s->movie;
    const size_t pixels = (size_t)m->width * m->height;
    snn_image *image = t->image[0];

    if (frames != NULL) {
        const float *frame = frames + m->steps / 2 * pixels;
        for (size_t i = 0; i < pixels; i++)
            snn_image_set(image, (int64_t)(i % m->width), (int64_t)(i / m->width),
                          0x010101u * (uint32_t)(127.5f * (frame[i] + 1.0f) + 0.5f));
        snprintf(t->title[0], sizeof t->title[0], "The image that moves");
        return;
    }
    for (uint32_t e = 0; e < m->first[2 * m->steps]; e++) {
        const uint32_t grey = snn_image_get(image, m->x[e], m->y[e]) & 0xff;
        snn_image_set(image, m->x[e], m->y[e], 0x010101u * (grey > 239 ? 255 : grey + 16));
    }
    snprintf(t->title[0], sizeof t->title[0], "Number of events");
}

static void paint_events(task *t, uint32_t k)
{
    const snn_movie *m = t->s->movie;
    const uint32_t step = t->step[k];

    snn_image_fill(t->image[k + 1], 0, 0, m->width, m->height, 0xffffff);
    for (uint32_t i = 2 * step; i < 2 * step + 2; i++)
        for (uint32_t e = m->first[i]; e < m->first[i + 1]; e++)
            snn_image_set(t->image[k + 1], m->x[e], m->y[e], i % 2 == 1 ? ON_COLOUR : OFF_COLOUR);
    snprintf(t->title[k + 1], sizeof t->title[0], "Events of step %u", (unsigned)step);
}

/* A small map of all classes in the upper right corner. */
static void place_inset(task *t)
{
    const snn_motion_params *p = &t->s->config.motion;
    const double w = p->width, h = p->height, side = 0.34 * (w < h ? w : h), radius = 0.4 * side;
    const double left = w - 0.5 - side, top = -0.5;

    for (int i = 0; i < 4; i++) {
        t->back_x[i] = left + (i == 1 || i == 2 ? side : 0);
        t->back_y[i] = top + (i >= 2 ? side : 0);
    }
    t->centre[0] = left + side / 2;
    t->centre[1] = top + side / 2;
    for (uint32_t c = 0; c < snn_motion_classes(p); c++) {
        double direction, speed;

        snn_motion_class(p, c, &direction, &speed);
        t->class_x[c] = t->centre[0] + radius * speed / (double)p->speed_max * sin(direction);
        t->class_y[c] = t->centre[1] + radius * speed / (double)p->speed_max * cos(direction);
        t->colours[c] = chart_direction_colour(direction, 1);
    }
}

static void set_panels(task *t)
{
    const snn_motion_params *p = &t->s->config.motion;
    const snn_movie *m = t->s->movie;

    for (uint32_t i = 0; i <= SHOWN; i++) {
        chart_mark *mark = t->marks[i];

        mark[0] = (chart_mark){.kind = CHART_PICTURE,
                               .picture = t->image[i],
                               .left = -0.5,
                               .right = m->width - 0.5,
                               .bottom = m->height - 0.5,
                               .top = -0.5};
        t->panels[i] = (chart_panel){.title = t->title[i],
                                     .x = {.label = i >= 3 ? "x" : NULL,
                                           .unit = "pixels",
                                           .low = -0.5,
                                           .high = m->width - 0.5},
                                     .y = {.label = i % 3 == 0 ? "y" : NULL,
                                           .unit = "pixels",
                                           .low = -0.5,
                                           .high = m->height - 0.5,
                                           .reversed = true},
                                     .marks = mark,
                                     .n_marks = 1,
                                     .square = true};
    }
    if (t->n_path > 0) {
        chart_mark *mark = t->marks[0];

        t->ends_x[0] = t->path_x[0];
        t->ends_y[0] = t->path_y[0];
        t->ends_x[1] = t->path_x[t->n_path - 1] - t->path_x[t->n_path - 2];
        t->ends_y[1] = t->path_y[t->n_path - 1] - t->path_y[t->n_path - 2];
        mark[1] = (chart_mark){.kind = CHART_LINE,
                               .colour = 0xffffff,
                               .n = t->n_path,
                               .x = t->path_x,
                               .y = t->path_y,
                               .size = 7};
        mark[2] = (chart_mark){.kind = CHART_LINE,
                               .colour = PATH_INK,
                               .n = t->n_path,
                               .x = t->path_x,
                               .y = t->path_y,
                               .size = 3};
        /* A disc where it begins, a head where it ends. */
        mark[3] = (chart_mark){.kind = CHART_POINTS,
                               .colour = PATH_INK,
                               .n = 1,
                               .x = t->ends_x,
                               .y = t->ends_y,
                               .size = 6};
        t->panels[0].n_marks = 4;
    }
    for (uint32_t k = 0; k < SHOWN; k++) {
        chart_mark *mark = t->marks[k + 1];
        const uint16_t label = m->label[t->step[k]];

        if (label == SNN_NO_LABEL)
            continue;
        t->to[k][0] = t->class_x[label] - t->centre[0];
        t->to[k][1] = t->class_y[label] - t->centre[1];
        mark[1] = (chart_mark){
            .kind = CHART_AREA, .colour = 0xf2f2f2, .n = 4, .x = t->back_x, .y = t->back_y};
        mark[2] = (chart_mark){.kind = CHART_POINTS,
                               .n = snn_motion_classes(p),
                               .x = t->class_x,
                               .y = t->class_y,
                               .colours = t->colours,
                               .size = p->speeds > 1 ? 3 : 4};
        mark[3] = (chart_mark){.kind = CHART_ARROWS,
                               .colour = CHART_INK,
                               .n = 1,
                               .x = &t->centre[0],
                               .y = &t->centre[1],
                               .dx = &t->to[k][0],
                               .dy = &t->to[k][1],
                               .size = 2};
        t->panels[k + 1].n_marks = 4;
    }
}

snn_status plot_task(snn_context *ctx, const char *model, const options *o, const char *out,
                     snn_error *err)
{
    task t = {0};
    motion_sight s;
    float *frames = NULL;
    char note[256];
    snn_status status;

    TRY(status, motion_sight_open(ctx, model, o, &s, err));
    TRY(status, motion_sight_movie(&s, o, err));
    TRY(status, motion_sight_frames(&s, o, &frames, err));
    TRY(status, task_create(ctx, &s, &t, err));
    walk(&t);
    paint_frame(&t, frames);
    for (uint32_t k = 0; k < SHOWN; k++)
        paint_events(&t, k);
    place_inset(&t);
    set_panels(&t);
    motion_movie_name(&s, o->sample, note, sizeof note);
    status = chart_write(ctx,
                         &(chart){.title = "The task: tell motion from events",
                                  .note = note,
                                  .width = o->width,
                                  .height = o->height > 0 ? o->height : 660,
                                  .rows = 2,
                                  .columns = 3,
                                  .panels = t.panels},
                         out, err);
done:
    task_free(ctx, &t);
    snn_free(ctx, frames);
    motion_sight_close(&s);
    return status;
}
