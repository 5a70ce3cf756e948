/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/events_flow.h"

#include "tools/chart/chart.h"
#include "tools/chart/chart_wheel.h"

#include <snn/file.h>

#include <math.h>
#include <string.h>

#define GROUND      0xffffffu
#define FEWEST      3    /* votes of a tile that gets an arrow */
#define MOST_ARROWS 30.0 /* beside each other, so that they stay apart */
#define PALE        0.4  /* strength of a colour where votes disagree */
#define ROW         160

/* Tiles as arrays, [rows][columns], and their arrows; all in pixels of the sensor. */
typedef struct {
    snn_context *ctx;
    uint32_t columns, rows;
    double tile; /* pixels of the sensor */
    float *direction, *strength;
    double *x, *y, *dx, *dy; /* arrows */
    uint32_t *colour;
    size_t n;
} drawing;

static snn_status take(drawing *d, snn_error *err)
{
    const size_t tiles = (size_t)d->columns * d->rows;

    d->direction = snn_alloc(d->ctx, 2 * tiles, sizeof *d->direction);
    d->x = snn_alloc(d->ctx, 4 * tiles, sizeof *d->x);
    d->colour = snn_alloc(d->ctx, tiles, sizeof *d->colour);
    if (d->direction == NULL || d->x == NULL || d->colour == NULL)
        return snn_error_set(err, SNN_ENOMEM, "flow", "no memory for the picture");
    d->strength = d->direction + tiles;
    d->y = d->x + tiles;
    d->dx = d->y + tiles;
    d->dy = d->dx + tiles;
    return SNN_OK;
}

static void give(drawing *d)
{
    snn_free(d->ctx, d->colour);
    snn_free(d->ctx, d->x);
    snn_free(d->ctx, d->direction);
}

/* Colours: as strong as the tile's votes agree, pale where they are few. */
static void fill_map(drawing *d, const snn_flow *flow)
{
    for (uint32_t row = 0; row < d->rows; row++)
        for (uint32_t column = 0; column < d->columns; column++) {
            const size_t i = (size_t)row * d->columns + column;
            snn_flow_motion m;

            snn_flow_tile(flow, column, row, &m);
            d->direction[i] = m.votes > 0 ? (float)m.direction : NAN;
            d->strength[i] =
                (float)((PALE + (1 - PALE) * m.agreement) * fmin(1, (double)m.votes / FEWEST));
        }
}

static double fastest(const drawing *d, const snn_flow *flow)
{
    double most = 0;

    for (uint32_t row = 0; row < d->rows; row++)
        for (uint32_t column = 0; column < d->columns; column++) {
            snn_flow_motion m;

            snn_flow_tile(flow, column, row, &m);
            most = m.votes >= FEWEST && m.speed > most ? m.speed : most;
        }
    return most;
}

/* Arrows: the fastest is as long as 1.6 of the distance between two. */
static void fill_arrows(drawing *d, const snn_flow *flow, double scale)
{
    const uint32_t wide = d->columns > d->rows ? d->columns : d->rows;
    const uint32_t stride = (uint32_t)ceil(wide / MOST_ARROWS);
    const double length = 1.6 * d->tile * stride;

    for (uint32_t row = stride / 2; row < d->rows; row += stride)
        for (uint32_t column = stride / 2; column < d->columns; column += stride) {
            const double x = (column + 0.5) * d->tile - 0.5, y = (row + 0.5) * d->tile - 0.5;
            snn_flow_motion m;

            snn_flow_tile(flow, column, row, &m);
            if (m.votes < FEWEST)
                continue;
            d->dx[d->n] = length * m.x / scale;
            d->dy[d->n] = length * m.y / scale;
            d->x[d->n] = x - d->dx[d->n] / 2;
            d->y[d->n] = y - d->dy[d->n] / 2;
            d->colour[d->n++] = chart_direction_colour(m.direction, 1);
        }
}

/* Votes of each direction; rings that are turned by half a step lie between. */
static void fill_histogram(const snn_flow *flow, const snn_motion_params *layer, double *count)
{
    const uint32_t steps = layer->speeds > 1 ? 2 * layer->directions : layer->directions;
    double share[SNN_FLOW_MOST_CLASSES];

    snn_flow_histogram(flow, share);
    memset(count, 0, steps * sizeof *count);
    for (uint32_t c = 0; c < snn_motion_classes(layer); c++) {
        double direction, speed;

        snn_motion_class(layer, c, &direction, &speed);
        count[(uint32_t)lrint(direction / 6.283185307179586 * steps) % steps] += share[c];
    }
}

static void say(char *text, size_t size, const snn_flow *flow, const flow_caption *caption)
{
    snn_flow_motion m;

    snn_flow_total(flow, &m);
    if (m.votes == 0)
        snprintf(text, size, "%s: no motion was seen with confidence", caption->recording);
    else
        snprintf(text, size,
                 "%s: %.0f px/s right, %.0f px/s down; %.0f %% of %llu places voted; steps of "
                 "%.2f ms",
                 caption->recording, caption->cell * m.x, caption->cell * m.y,
                 100 * (double)m.votes / (double)snn_flow_places(flow),
                 (unsigned long long)snn_flow_places(flow), 1e-3 * (double)caption->step_us);
}

snn_status flow_draw(snn_context *ctx, const snn_flow *flow, const snn_motion_params *layer,
                     const flow_caption *caption, const char *path, snn_error *err)
{
    drawing d = {.ctx = ctx,
                 .columns = snn_flow_columns(flow),
                 .rows = snn_flow_rows(flow),
                 .tile = (double)caption->tile * caption->cell};
    const double width = d.columns * d.tile, height = d.rows * d.tile;
    const uint32_t steps = layer->speeds > 1 ? 2 * layer->directions : layer->directions;
    double count[2 * SNN_FLOW_MOST_CLASSES], scale;
    chart_wheel *wheel = NULL;
    snn_image *map = NULL;
    char note[512], arrows[64];
    snn_status status;

    TRY(status, take(&d, err));
    fill_map(&d, flow);
    scale = fastest(&d, flow);
    fill_arrows(&d, flow, scale);
    fill_histogram(flow, layer, count);
    say(note, sizeof note, flow, caption);
    snprintf(arrows, sizeof arrows, "speed: the longest is %.0f px/s", caption->cell * scale);
    TRY(status, chart_direction_picture(ctx, d.direction, d.strength, d.columns, d.rows, GROUND,
                                        &map, err));
    TRY(status, chart_wheel_create(ctx, count, steps, 0, &wheel, err));
    {
        const chart_mark picture = {.kind = CHART_PICTURE,
                                    .picture = map,
                                    .left = -0.5,
                                    .right = width - 0.5,
                                    .top = -0.5,
                                    .bottom = height - 0.5},
                         arrow = {.kind = CHART_ARROWS,
                                  .n = d.n,
                                  .x = d.x,
                                  .y = d.y,
                                  .dx = d.dx,
                                  .dy = d.dy,
                                  .colours = d.colour};
        const chart_axis x = {.label = "x", .unit = "px", .low = -0.5, .high = width - 0.5},
                         y = {.label = "y",
                              .unit = "px",
                              .low = -0.5,
                              .high = height - 0.5,
                              .reversed = true};
        chart_panel panels[3] = {
            {.title = "direction", .x = x, .y = y, .marks = &picture, .n_marks = 1, .square = true},
            {.title = arrows, .x = x, .y = y, .marks = &arrow, .n_marks = d.n > 0, .square = true},
            *chart_wheel_panel(wheel)};

        panels[2].title = "share of the votes";
        status = chart_write(ctx,
                             &(chart){.title = "Motion seen by a layer with delays",
                                      .note = note,
                                      .width = 1380,
                                      .height = 480,
                                      .columns = 3,
                                      .panels = panels},
                             path, err);
    }
done:
    chart_wheel_destroy(wheel);
    snn_image_destroy(map);
    give(&d);
    return status;
}

snn_status flow_write_table(snn_context *ctx, const snn_flow *flow, const flow_caption *caption,
                            const char *path, snn_error *err)
{
    static const char head[] = "x,y,votes,vx_px_s,vy_px_s,speed_px_s,direction_deg,agreement\n";
    const uint32_t columns = snn_flow_columns(flow), rows = snn_flow_rows(flow);
    const double cell = caption->cell, tile = cell * caption->tile;
    const size_t size = sizeof head + (size_t)columns * rows * ROW;
    char *text = snn_alloc(ctx, size, 1);
    size_t at;
    snn_status status;

    if (text == NULL)
        return snn_error_set(err, SNN_ENOMEM, path, "no memory for the table");
    at = (size_t)snprintf(text, size, "%s", head);
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t column = 0; column < columns; column++) {
            snn_flow_motion m;

            snn_flow_tile(flow, column, row, &m);
            if (m.votes > 0)
                at += (size_t)snprintf(
                    text + at, size - at, "%.1f,%.1f,%llu,%.3f,%.3f,%.3f,%.2f,%.4f\n",
                    (column + 0.5) * tile - 0.5, (row + 0.5) * tile - 0.5,
                    (unsigned long long)m.votes, cell * m.x, cell * m.y, cell * m.speed,
                    m.direction * 360 / 6.283185307179586, m.agreement);
        }
    status = snn_replace_file(ctx, path, text, at, err);
    snn_free(ctx, text);
    return status;
}
