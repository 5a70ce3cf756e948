/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn plot flow: where a layer sees which motion in one movie: its events, a map of
 * directions with arrows, and how often each direction was seen.
 */
#include "tools/motion_sight.h"
#include "tools/plot.h"

#include "tools/chart/chart_wheel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARROWS 10u /* along the longer side of the map */
#define TURN   6.283185307179586

typedef struct {
    uint32_t classes, directions; /* of the histogram: those of all speeds */
    double *sum;                  /* [classes]: a pixel's mean shares */
    float *direction, *strength;  /* [height][width] */
    double *count;                /* [directions] */
    double *order;                /* [voxels]: confidence, sorted */
    double *x, *y, *dx, *dy;
    size_t n_arrows;
    double *time_value; /* [height][width]: polarity of the last event, by its age */
} flow;

static snn_status flow_create(snn_context *ctx, const motion_sight *s, flow *f, snn_error *err)
{
    const snn_motion_params *p = &s->config.motion;
    const size_t pixels = (size_t)s->movie->width * s->movie->height;

    f->classes = snn_motion_classes(p);
    f->directions = p->directions * (p->speeds > 1 ? 2 : 1); /* odd rings stand between */
    f->sum = snn_alloc(ctx, f->classes, sizeof *f->sum);
    f->direction = snn_alloc(ctx, pixels, sizeof *f->direction);
    f->strength = snn_alloc(ctx, pixels, sizeof *f->strength);
    f->count = snn_alloc(ctx, f->directions, sizeof *f->count);
    f->order = snn_alloc(ctx, pixels * (p->steps - s->skip), sizeof *f->order);
    f->x = snn_alloc(ctx, 4 * (size_t)ARROWS * ARROWS, sizeof *f->x);
    f->time_value = snn_alloc(ctx, pixels, sizeof *f->time_value);
    if (f->sum == NULL || f->direction == NULL || f->strength == NULL || f->count == NULL ||
        f->order == NULL || f->x == NULL || f->time_value == NULL)
        return snn_error_set(err, SNN_ENOMEM, "flow", "no memory for the map");
    f->y = f->x + (size_t)ARROWS * ARROWS;
    f->dx = f->y + (size_t)ARROWS * ARROWS;
    f->dy = f->dx + (size_t)ARROWS * ARROWS;
    return SNN_OK;
}

static void flow_free(snn_context *ctx, flow *f)
{
    snn_free(ctx, f->time_value);
    snn_free(ctx, f->x);
    snn_free(ctx, f->order);
    snn_free(ctx, f->count);
    snn_free(ctx, f->strength);
    snn_free(ctx, f->direction);
    snn_free(ctx, f->sum);
}

/* ---- what is seen ------------------------------------------------------------------- */

static double angle_of(const motion_sight *s, uint32_t label)
{
    double direction, speed;

    snn_motion_class(&s->config.motion, label, &direction, &speed);
    return direction;
}

static const float *voxel(const motion_sight *s, uint32_t t, size_t pixel)
{
    const size_t pixels = (size_t)s->movie->width * s->movie->height;

    return s->logits + ((size_t)t * pixels + pixel) * s->lanes;
}

/*
 * A pixel's direction over the whole movie: steps are independent witnesses, so their
 * log-probabilities add; its strength is the mean share of the class that wins.
 */
static void see_pixel(const motion_sight *s, flow *f, size_t pixel)
{
    const uint32_t steps = s->movie->steps - s->skip;
    double share[128], strength = 0;
    uint32_t top = 0;

    memset(f->sum, 0, f->classes * sizeof *f->sum);
    for (uint32_t t = 0; t < steps; t++) {
        motion_softmax(voxel(s, t, pixel), f->classes, share);
        for (uint32_t c = 0; c < f->classes; c++)
            f->sum[c] += log(fmax(share[c], 1e-12));
    }
    for (uint32_t c = 1; c < f->classes; c++)
        top = f->sum[c] > f->sum[top] ? c : top;
    for (uint32_t t = 0; t < steps; t++) {
        motion_softmax(voxel(s, t, pixel), f->classes, share);
        strength += share[top] / steps;
    }
    f->direction[pixel] = (float)angle_of(s, top);
    f->strength[pixel] = (float)strength;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Votes of the most confident voxels, the share that decides a movie. */
static void count_directions(const motion_sight *s, flow *f)
{
    const size_t pixels = (size_t)s->movie->width * s->movie->height,
                 n = pixels * (s->movie->steps - s->skip);
    const size_t below = (size_t)((1 - (double)s->config.motion.decision_share) * (double)n);
    double share[128], floor;

    for (size_t i = 0; i < n; i++) {
        const float *l = s->logits + i * s->lanes;

        f->order[i] = (double)l[motion_softmax(l, f->classes, share)];
    }
    qsort(f->order, n, sizeof *f->order, by_value);
    floor = f->order[below < n ? below : n - 1];
    for (size_t i = 0; i < n; i++) {
        const float *l = s->logits + i * s->lanes;
        const uint32_t top = motion_softmax(l, f->classes, share);

        if ((double)l[top] >= floor)
            f->count[(size_t)lrint(angle_of(s, top) / TURN * f->directions) % f->directions]++;
    }
}

/* Strengths from chance to the strongest pixel become 0 to 1. */
static void scale_strength(flow *f, size_t pixels)
{
    const double chance = 1.0 / f->classes;
    double most = chance;

    for (size_t i = 0; i < pixels; i++)
        most = fmax(most, (double)f->strength[i]);
    for (size_t i = 0; i < pixels; i++) {
        const double share =
            most > chance ? ((double)f->strength[i] - chance) / (most - chance) : 0;

        f->strength[i] = (float)sqrt(fmax(share, 0)); /* the weak half stays visible */
    }
}

/* The mean motion of each block of the map, one block wide where all agree strongly. */
static void place_arrows(const motion_sight *s, flow *f)
{
    const uint32_t w = s->movie->width, h = s->movie->height, longer = w > h ? w : h;
    const uint32_t block = (longer + ARROWS - 1) / ARROWS;

    for (uint32_t y0 = 0; y0 < h; y0 += block)
        for (uint32_t x0 = 0; x0 < w; x0 += block) {
            const size_t k = f->n_arrows++;
            double across = 0, down = 0, n = 0;

            for (uint32_t y = y0; y < h && y < y0 + block; y++)
                for (uint32_t x = x0; x < w && x < x0 + block; x++, n++) {
                    const size_t i = (size_t)y * w + x;
                    across += (double)f->strength[i] * sin((double)f->direction[i]);
                    down += (double)f->strength[i] * cos((double)f->direction[i]);
                }
            f->dx[k] = 1.2 * block * across / n;
            f->dy[k] = 1.2 * block * down / n;
            f->x[k] = x0 + 0.5 * (block - 1.0) - f->dx[k] / 2;
            f->y[k] = y0 + 0.5 * (block - 1.0) - f->dy[k] / 2;
        }
}

/* Each pixel's last event: 1 ON, -1 OFF, fading over the movie. */
static void last_events(const snn_movie *m, double *out)
{
    for (uint32_t k = 0; k < 2 * m->steps; k++)
        for (uint32_t e = m->first[k]; e < m->first[k + 1]; e++)
            out[(size_t)m->y[e] * m->width + m->x[e]] =
                (k % 2 == 1 ? 1 : -1) * exp(-3.0 * (m->steps - 1 - k / 2) / m->steps);
}

/* ---- the picture ----------------------------------------------------------------------- */

static snn_status draw(snn_context *ctx, const motion_sight *s, flow *f, const options *o,
                       const char *out, snn_error *err)
{
    const uint32_t w = s->movie->width, h = s->movie->height;
    const chart_axis x = {.label = "x", .unit = "pixels", .low = -0.5, .high = w - 0.5},
                     y = {.label = "y",
                          .unit = "pixels",
                          .low = -0.5,
                          .high = h - 0.5,
                          .reversed = true};
    const chart_mark events = {.kind = CHART_CELLS,
                               .map = CHART_MAP_DIVERGING,
                               .rows = h,
                               .columns = w,
                               .values = f->time_value,
                               .least = -1,
                               .most = 1};
    snn_image *image = NULL;
    chart_wheel *wheel = NULL;
    chart_mark map[2];
    chart_panel panels[3];
    char note[256];
    snn_status status;

    TRY(status,
        chart_direction_picture(ctx, f->direction, f->strength, w, h, 0xffffff, &image, err));
    TRY(status, chart_wheel_create(ctx, f->count, f->directions, 0, &wheel, err));
    map[0] = (chart_mark){.kind = CHART_PICTURE,
                          .picture = image,
                          .left = -0.5,
                          .right = w - 0.5,
                          .bottom = h - 0.5,
                          .top = -0.5};
    map[1] = (chart_mark){.kind = CHART_ARROWS,
                          .colour = CHART_INK,
                          .n = f->n_arrows,
                          .x = f->x,
                          .y = f->y,
                          .dx = f->dx,
                          .dy = f->dy};
    panels[0] = (chart_panel){.title = "Last events: ON and OFF",
                              .x = x,
                              .y = y,
                              .marks = &events,
                              .n_marks = 1,
                              .square = true};
    panels[1] = (chart_panel){
        .title = "Motion that is seen", .x = x, .y = y, .marks = map, .n_marks = 2, .square = true};
    panels[2] = *chart_wheel_panel(wheel);
    panels[2].title = "Votes of confident places";
    motion_movie_name(s, o->sample, note, sizeof note);
    status = chart_write(ctx,
                         &(chart){.title = "Optic flow by a layer of spiking neurons",
                                  .note = note,
                                  .width = o->width > 0 ? o->width : 1000,
                                  .height = o->height > 0 ? o->height : 400,
                                  .columns = 3,
                                  .panels = panels},
                         out, err);
done:
    chart_wheel_destroy(wheel);
    snn_image_destroy(image);
    return status;
}

snn_status plot_flow(snn_context *ctx, const char *model, const options *o, const char *out,
                     snn_error *err)
{
    motion_sight s;
    flow f = {0};
    size_t pixels;
    snn_status status;

    TRY(status, motion_sight_open(ctx, model, o, &s, err));
    TRY(status, motion_sight_movie(&s, o, err));
    TRY(status, motion_sight_look(&s, err));
    TRY(status, flow_create(ctx, &s, &f, err));
    pixels = (size_t)s.movie->width * s.movie->height;
    for (size_t i = 0; i < pixels; i++)
        see_pixel(&s, &f, i);
    count_directions(&s, &f);
    scale_strength(&f, pixels);
    place_arrows(&s, &f);
    last_events(s.movie, f.time_value);
    status = draw(ctx, &s, &f, o, out, err);
done:
    flow_free(ctx, &f);
    motion_sight_close(&s);
    return status;
}
