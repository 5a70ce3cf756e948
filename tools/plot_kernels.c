/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn plot kernels: what a layer that sees motion has learned, as strips of delays: a row for
 * a direction of the middle speed, a tile for a delay, the shortest at the right.
 */
#include "tools/motion_sight.h"
#include "tools/plot.h"

#include "tools/chart/chart_wheel.h"

#include <math.h>

#define MOST_ROWS  8u
#define MOST_TILES 12u
#define TILE       62u /* pixels of the picture for a tile */

typedef struct {
    const snn_motion_params *params;
    uint32_t speed, rows, tiles;
    uint32_t every, stride; /* directions from row to row, delays from tile to tile */
    size_t columns, lines;  /* cells of the picture, with gaps */
    double *cells;
    double *x, *y, *dx, *dy; /* arrows: [rows] */
    uint32_t *colours;
    char (*name)[MOTION_NAME];
    const char **names; /* [rows] */
    char (*delay)[8];
    const char **delays; /* [tiles + 1]: of the arrows, then of each tile */
} strips;

static snn_status strips_create(snn_context *ctx, const snn_motion_params *p, strips *s,
                                snn_error *err)
{
    s->params = p;
    s->speed = p->speeds / 2;
    s->every = (p->directions + MOST_ROWS - 1) / MOST_ROWS;
    s->rows = (p->directions + s->every - 1) / s->every;
    /* Delay 0 is a point: left out. */
    s->stride = p->delays > 1 ? (p->delays - 1 + MOST_TILES - 1) / MOST_TILES : 1;
    s->tiles = p->delays > 1 ? (p->delays - 1 + s->stride - 1) / s->stride : 1;
    s->columns = (size_t)s->tiles * (p->side + 1) + 1;
    s->lines = (size_t)s->rows * (p->side + 1) + 1;
    s->cells = snn_alloc(ctx, s->columns * s->lines, sizeof *s->cells);
    s->x = snn_alloc(ctx, 4 * (size_t)s->rows, sizeof *s->x);
    s->colours = snn_alloc(ctx, s->rows, sizeof *s->colours);
    s->name = snn_alloc(ctx, s->rows, sizeof *s->name);
    s->names = snn_alloc(ctx, s->rows, sizeof *s->names);
    s->delay = snn_alloc(ctx, s->tiles, sizeof *s->delay);
    s->delays = snn_alloc(ctx, s->tiles + 1, sizeof *s->delays);
    if (s->cells == NULL || s->x == NULL || s->colours == NULL || s->name == NULL ||
        s->names == NULL || s->delay == NULL || s->delays == NULL)
        return snn_error_set(err, SNN_ENOMEM, "kernels", "no memory for the picture");
    s->y = s->x + s->rows;
    s->dx = s->y + s->rows;
    s->dy = s->dx + s->rows;
    return SNN_OK;
}

static void strips_free(snn_context *ctx, strips *s)
{
    snn_free(ctx, s->delays);
    snn_free(ctx, s->delay);
    snn_free(ctx, s->names);
    snn_free(ctx, s->name);
    snn_free(ctx, s->colours);
    snn_free(ctx, s->x);
    snn_free(ctx, s->cells);
}

/* From the longest delay to 1; with one delay alone it is delay 0. */
static uint32_t delay_of(const strips *s, uint32_t tile)
{
    return s->params->delays > 1 ? 1 + (s->tiles - 1 - tile) * s->stride : 0;
}

/* Weights of ON events [class][ON][delay], each row relative to the largest that is shown. */
static void fill_row(strips *s, const float *weight, uint32_t row)
{
    const snn_motion_params *p = s->params;
    const size_t tile_size = (size_t)p->side * p->side;
    const uint32_t label = s->speed * p->directions + row * s->every;
    const float *on = weight + ((size_t)label * 2 + 1) * p->delays * tile_size;
    double largest = 0;

    for (uint32_t k = 0; k < s->tiles; k++)
        for (size_t i = 0; i < tile_size; i++)
            largest = fmax(largest, fabs((double)on[delay_of(s, k) * tile_size + i]));
    for (uint32_t k = 0; k < s->tiles; k++)
        for (uint32_t y = 0; y < p->side; y++)
            for (uint32_t x = 0; x < p->side; x++)
                s->cells[(row * (p->side + 1) + 1 + y) * s->columns + k * (p->side + 1) + 1 + x] =
                    largest > 0 ? (double)on[delay_of(s, k) * tile_size + y * p->side + x] / largest
                                : 0;
}

static void fill(strips *s, const float *weight)
{
    for (size_t i = 0; i < s->columns * s->lines; i++)
        s->cells[i] = NAN; /* gaps */
    for (uint32_t r = 0; r < s->rows; r++) {
        const uint32_t label = s->speed * s->params->directions + r * s->every;
        double direction, speed;

        snn_motion_class(s->params, label, &direction, &speed);
        fill_row(s, weight, r);
        s->x[r] = -0.36 * sin(direction);
        s->y[r] = r - 0.36 * cos(direction);
        s->dx[r] = 0.72 * sin(direction);
        s->dy[r] = 0.72 * cos(direction);
        s->colours[r] = chart_direction_colour(direction, 1);
        snprintf(s->name[r], MOTION_NAME, "%.0f\u00b0", direction * 57.29577951308232);
        s->names[r] = s->name[r];
    }
    s->delays[0] = "motion";
    for (uint32_t k = 0; k < s->tiles; k++) {
        snprintf(s->delay[k], sizeof s->delay[k], "%u", (unsigned)delay_of(s, k) % 10000);
        s->delays[k + 1] = s->delay[k];
    }
}

static snn_status draw(snn_context *ctx, const strips *s, const options *o, const char *out,
                       snn_error *err)
{
    const double gap = 0.5 / (s->params->side + 1);
    const chart_mark marks[] = {{.kind = CHART_CELLS,
                                 .label = "weight, of the row's largest",
                                 .unit = "1",
                                 .map = CHART_MAP_DIVERGING,
                                 .rows = s->lines,
                                 .columns = s->columns,
                                 .values = s->cells,
                                 .left = 0.5 - gap,
                                 .right = s->tiles + 0.5 + gap,
                                 .bottom = -0.5 - gap,
                                 .top = s->rows - 0.5 + gap,
                                 .least = -1,
                                 .most = 1},
                                {.kind = CHART_ARROWS,
                                 .n = s->rows,
                                 .x = s->x,
                                 .y = s->y,
                                 .dx = s->dx,
                                 .dy = s->dy,
                                 .colours = s->colours,
                                 .size = 3}};
    const chart_panel panel = {.x = {.label = "delay",
                                     .unit = "steps",
                                     .low = -0.5,
                                     .high = s->tiles + 0.5 + gap,
                                     .scale = CHART_NAMES,
                                     .names = s->delays,
                                     .n_names = s->tiles + 1},
                               .y = {.label = "direction of the class",
                                     .low = -0.5 - gap,
                                     .high = s->rows - 0.5 + gap,
                                     .scale = CHART_NAMES,
                                     .names = s->names,
                                     .n_names = s->rows,
                                     .reversed = true},
                               .marks = marks,
                               .n_marks = 2,
                               .square = true};
    const uint32_t width = o->width > 0 ? o->width : TILE * (s->tiles + 1) + 170;
    char note[256];
    double direction, speed;

    snn_motion_class(s->params, s->speed * s->params->directions, &direction, &speed);
    snprintf(note, sizeof note,
             "Weights of ON events in windows of %u x %u pixels, for motion of %.2f pixels a step; "
             "what is orange speaks for the class",
             (unsigned)s->params->side, (unsigned)s->params->side, speed);
    return chart_write(ctx,
                       &(chart){.title = "Kernels follow what moves: learned weights over delays",
                                .note = note,
                                .width = width,
                                .height = o->height > 0 ? o->height : TILE * s->rows + 140,
                                .panels = &panel},
                       out, err);
}

snn_status plot_kernels(snn_context *ctx, const char *model, const options *o, const char *out,
                        snn_error *err)
{
    float *weight = NULL, *bias = NULL;
    strips s = {0};
    motion_sight sight;
    snn_status status;

    TRY(status, motion_sight_open(ctx, model, o, &sight, err));
    weight = snn_alloc(ctx, snn_motion_weights(sight.motion), sizeof *weight);
    bias = snn_alloc(ctx, snn_motion_classes(&sight.config.motion), sizeof *bias);
    if (weight == NULL || bias == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, model, "no memory for its weights"));
    snn_motion_get(sight.motion, weight, bias);
    TRY(status, strips_create(ctx, &sight.config.motion, &s, err));
    fill(&s, weight);
    status = draw(ctx, &s, o, out, err);
done:
    strips_free(ctx, &s);
    snn_free(ctx, bias);
    snn_free(ctx, weight);
    motion_sight_close(&sight);
    return status;
}
