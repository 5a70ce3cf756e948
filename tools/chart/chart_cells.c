/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heat maps and pictures.  Both are painted as one image stretched over their rectangle,
 * so that they cost as much as their cells, in SVG as well.
 */
#include "tools/chart/chart_draw.h"

#include <math.h>
#include <stdio.h>

#define BAR_WIDTH   14.0
#define BAR_STEPS   128
#define NUMBER_SIZE 11.0

/* Paint `width` x `height` pixels over a rectangle given in values; row 0 is at `top`. */
static void stretch(cairo_t *cr, const chart_panel_plan *p, cairo_surface_t *image, double width,
                    double height, const double edges[4])
{
    const double left = chart_at(&p->x, edges[0]), right = chart_at(&p->x, edges[1]),
                 bottom = chart_at(&p->y, edges[2]), top = chart_at(&p->y, edges[3]);
    const double across = (right - left) / width, down = (bottom - top) / height;

    cairo_save(cr);
    cairo_translate(cr, left, top);
    cairo_scale(cr, across, down);
    cairo_set_source_surface(cr, image, 0, 0);
    /* Cells larger than a pixel keep their edges; smaller ones are averaged. */
    cairo_pattern_set_filter(cairo_get_source(cr), fabs(across) >= 1 && fabs(down) >= 1
                                                       ? CAIRO_FILTER_NEAREST
                                                       : CAIRO_FILTER_GOOD);
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
    cairo_rectangle(cr, 0, 0, width, height);
    cairo_fill(cr);
    cairo_restore(cr);
}

static void set_pixel(cairo_surface_t *surface, size_t x, size_t y, uint32_t colour)
{
    unsigned char *row =
        cairo_image_surface_get_data(surface) + y * (size_t)cairo_image_surface_get_stride(surface);

    ((uint32_t *)(void *)row)[x] = 0xff000000u | colour;
}

static double share_of(double value, double least, double most)
{
    return (value - least) / (most - least);
}

/* Black on light cells, white on dark ones. */
static uint32_t ink_on(uint32_t colour)
{
    const uint32_t luma =
        299 * (colour >> 16 & 0xff) + 587 * (colour >> 8 & 0xff) + 114 * (colour & 0xff);

    return luma > 140 * 1000 ? CHART_INK : 0xffffff;
}

static void write_numbers(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m,
                          const double edges[4], double least, double most)
{
    const double dx = (edges[1] - edges[0]) / (double)m->columns,
                 dy = (edges[3] - edges[2]) / (double)m->rows;
    char text[32];

    chart_font(cr, NUMBER_SIZE, false);
    for (size_t r = 0; r < m->rows; r++)
        for (size_t c = 0; c < m->columns; c++) {
            const double value = m->values[r * m->columns + c];
            if (!isfinite(value) || value == 0)
                continue;
            snprintf(text, sizeof text, "%.0f", value);
            chart_set_colour(cr, ink_on(chart_map_colour(m->map, share_of(value, least, most))), 1);
            chart_text(cr, text, chart_at(&p->x, edges[0] + ((double)c + 0.5) * dx),
                       chart_at(&p->y, edges[2] + ((double)r + 0.5) * dy) + 4, 0.5);
        }
}

void chart_draw_cells(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)m->columns, (int)m->rows);
    double edges[4], least, most;

    chart_extent(m, &edges[0], &edges[1], &edges[2], &edges[3]);
    chart_value_range(m, &least, &most);
    if (cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        cairo_surface_flush(image);
        for (size_t r = 0; r < m->rows; r++)
            for (size_t c = 0; c < m->columns; c++) {
                const double v = m->values[r * m->columns + c];
                set_pixel(image, c, m->rows - 1 - r,
                          isfinite(v) ? chart_map_colour(m->map, share_of(v, least, most))
                                      : 0xd0d0d0);
            }
        cairo_surface_mark_dirty(image);
    }
    /* A surface that failed passes its failure on to cr. */
    stretch(cr, p, image, (double)m->columns, (double)m->rows, edges);
    cairo_surface_destroy(image);
    if (m->numbers)
        write_numbers(cr, p, m, edges, least, most);
}

void chart_draw_picture(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    const uint32_t width = snn_image_width(m->picture), height = snn_image_height(m->picture);
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    double edges[4];

    chart_extent(m, &edges[0], &edges[1], &edges[2], &edges[3]);
    if (cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        cairo_surface_flush(image);
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                set_pixel(image, x, y, snn_image_get(m->picture, x, y));
        cairo_surface_mark_dirty(image);
    }
    stretch(cr, p, image, width, height, edges);
    cairo_surface_destroy(image);
}

/* The colours of the cells that have a label, to the right of the plot. */
void chart_draw_bar(cairo_t *cr, const chart_panel_plan *p)
{
    const chart_mark *m = p->cells;
    const double x = p->plot.x + p->plot.width + 12, top = p->plot.y, height = p->plot.height;
    const chart_scaling s = {CHART_LINEAR, p->least, p->most, top + height, top};
    double widest = 0;
    char text[128];

    for (int i = 0; i < BAR_STEPS; i++) {
        /* Steps overlap by a pixel, so that no white shows between them. */
        const double low = top + height * (1 - (i + 1.0) / BAR_STEPS);
        chart_set_colour(cr, chart_map_colour(m->map, (i + 0.5) / BAR_STEPS), 1);
        cairo_rectangle(cr, x, low, BAR_WIDTH,
                        i == 0 ? height / BAR_STEPS : height / BAR_STEPS + 1);
        cairo_fill(cr);
    }
    chart_set_colour(cr, CHART_INK, 1);
    cairo_set_line_width(cr, 1);
    cairo_rectangle(cr, x + 0.5, top + 0.5, BAR_WIDTH, height - 1);
    cairo_stroke(cr);
    chart_font(cr, CHART_TICK_SIZE, false);
    for (size_t i = 0; i < p->bar_ticks.n; i++) {
        const double y = chart_at(&s, p->bar_ticks.at[i]);
        cairo_move_to(cr, x + BAR_WIDTH, floor(y) + 0.5);
        cairo_line_to(cr, x + BAR_WIDTH + 4, floor(y) + 0.5);
        cairo_stroke(cr);
        chart_text(cr, p->bar_ticks.text[i], x + BAR_WIDTH + 7, y + 4, 0);
        widest = fmax(widest, chart_text_width(cr, p->bar_ticks.text[i]));
    }
    chart_axis_text(m->label, m->unit, text, sizeof text);
    chart_font(cr, CHART_LABEL_SIZE, false);
    cairo_save(cr);
    cairo_translate(cr, x + BAR_WIDTH + 7 + widest + 16, top + height / 2);
    cairo_rotate(cr, -1.5707963267948966);
    chart_text(cr, text, 0, 0, 0.5);
    cairo_restore(cr);
}
