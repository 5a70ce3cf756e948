/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/chart/chart_draw.h"

#include <math.h>

#define LINE_WIDTH  2.0
#define MARKER_SIZE 4.0 /* radius */
#define DOT_SIZE    2.0
#define CAP         4.0 /* half the cross line at a whisker's end */
#define BAND_ALPHA  0.22
#define ARROW_WIDTH 1.5
#define HEAD        7.0 /* length of an arrow's head; less where the arrow is short */

static double size_of(const chart_mark *m, double usual)
{
    return m->size > 0 ? m->size : usual;
}

static void set_dash(cairo_t *cr, bool dashed)
{
    const double pattern[] = {6, 4};

    cairo_set_dash(cr, pattern, dashed ? 2 : 0, 0);
}

/* Point i in pixels; false where it has no place. */
static bool point_at(const chart_panel_plan *p, double x, double y, double *x_px, double *y_px)
{
    if (!chart_has_place(&p->x, x) || !chart_has_place(&p->y, y))
        return false;
    *x_px = chart_at(&p->x, x);
    *y_px = chart_at(&p->y, y);
    return true;
}

static void path_through(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    bool gap = true;
    double x, y;

    for (size_t i = 0; i < m->n; i++) {
        if (!point_at(p, m->x[i], m->y[i], &x, &y)) {
            gap = true;
            continue;
        }
        if (gap)
            cairo_move_to(cr, x, y);
        else
            cairo_line_to(cr, x, y);
        gap = false;
    }
}

static void draw_line(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    set_dash(cr, m->dashed);
    cairo_set_line_width(cr, size_of(m, LINE_WIDTH));
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    path_through(cr, p, m);
    cairo_stroke(cr);
    set_dash(cr, false);
}

/* One marker: a shape of about the same area for each kind. */
static void draw_marker(cairo_t *cr, chart_marker marker, double x, double y, double r)
{
    switch (marker) {
    case CHART_SQUARE:
        cairo_rectangle(cr, x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
        cairo_fill(cr);
        break;
    case CHART_TRIANGLE:
        cairo_move_to(cr, x, y - 1.3 * r);
        cairo_line_to(cr, x + 1.2 * r, y + 0.8 * r);
        cairo_line_to(cr, x - 1.2 * r, y + 0.8 * r);
        cairo_close_path(cr);
        cairo_fill(cr);
        break;
    case CHART_RING:
        cairo_new_sub_path(cr);
        cairo_arc(cr, x, y, r - 0.5, 0, 6.283185307179586);
        cairo_set_line_width(cr, 1.5);
        cairo_stroke(cr);
        break;
    case CHART_DISC:
    default:
        cairo_new_sub_path(cr);
        cairo_arc(cr, x, y, r, 0, 6.283185307179586);
        cairo_fill(cr);
        break;
    }
}

static void draw_whisker(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m, size_t i)
{
    const chart_scaling *along = m->across ? &p->y : &p->x, *over = m->across ? &p->x : &p->y;
    const double place = m->across ? m->y[i] : m->x[i];
    double at, from, to;

    if (!chart_has_place(along, place) || !chart_has_place(over, m->low[i]) ||
        !chart_has_place(over, m->high[i]))
        return;
    at = chart_at(along, place);
    from = chart_at(over, m->low[i]);
    to = chart_at(over, m->high[i]);
    for (int part = 0; part < 3; part++) {
        const double a = part == 0 ? from : part == 1 ? from : to, b = part == 0 ? to : a;
        const double side = part == 0 ? 0 : CAP;
        if (m->across) {
            cairo_move_to(cr, a, at - side);
            cairo_line_to(cr, b, at + side);
        } else {
            cairo_move_to(cr, at - side, a);
            cairo_line_to(cr, at + side, b);
        }
    }
    cairo_set_line_width(cr, 1.5);
    cairo_stroke(cr);
}

static void draw_points(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    double x, y;

    for (size_t i = 0; i < m->n; i++) {
        if (!point_at(p, m->x[i], m->y[i], &x, &y))
            continue;
        if (m->colours != NULL)
            chart_set_colour(cr, m->colours[i], 1);
        if (m->low != NULL)
            draw_whisker(cr, p, m, i);
        draw_marker(cr, m->marker, x, y, size_of(m, MARKER_SIZE));
    }
}

static void draw_dots(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    const double size = round(size_of(m, DOT_SIZE)); /* whole pixels: sharp, and small files */
    double x, y;

    for (size_t i = 0; i < m->n; i++) {
        if (!point_at(p, m->x[i], m->y[i], &x, &y))
            continue;
        cairo_rectangle(cr, round(x - size / 2), round(y - size / 2), size, size);
        if (m->colours == NULL)
            continue;
        chart_set_colour(cr, m->colours[i], 1);
        cairo_fill(cr);
    }
    cairo_fill(cr);
}

/* Bars stand on 0, on the low end where 0 has no place or is below it. */
static double foot_of(const chart_scaling *s)
{
    const double foot = s->low > 0 ? s->low : s->high < 0 ? s->high : 0;

    return round(chart_at(s, foot));
}

static void draw_bars(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m, uint32_t colour)
{
    const chart_scaling *along = m->across ? &p->y : &p->x, *over = m->across ? &p->x : &p->y;
    const double *place = m->across ? m->y : m->x, *value = m->across ? m->x : m->y;
    const double half = (m->width > 0 ? m->width : 0.8) / 2, foot = foot_of(over);

    for (size_t i = 0; i < m->n; i++) {
        double a, b, end;
        if (!chart_has_place(along, place[i]) || !chart_has_place(over, value[i]))
            continue;
        a = round(chart_at(along, place[i] - half));
        b = round(chart_at(along, place[i] + half));
        end = chart_at(over, value[i]);
        if (m->colours != NULL)
            chart_set_colour(cr, m->colours[i], 1);
        if (m->across)
            cairo_rectangle(cr, fmin(foot, end), fmin(a, b), fabs(end - foot), fabs(b - a));
        else
            cairo_rectangle(cr, fmin(a, b), fmin(foot, end), fabs(b - a), fabs(end - foot));
        cairo_fill(cr);
    }
    if (m->low == NULL)
        return;
    chart_set_colour(cr, CHART_INK, 1);
    for (size_t i = 0; i < m->n; i++)
        draw_whisker(cr, p, m, i);
    chart_set_colour(cr, colour, 1);
}

static void draw_band(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    const chart_scaling *along = m->across ? &p->y : &p->x, *over = m->across ? &p->x : &p->y;
    const double *place = m->across ? m->y : m->x;

    for (int side = 0; side < 2; side++)
        for (size_t k = 0; k < m->n; k++) {
            const size_t i = side == 0 ? k : m->n - 1 - k;
            const double edge = side == 0 ? m->low[i] : m->high[i];
            double a, b;
            if (!chart_has_place(along, place[i]) || !chart_has_place(over, m->low[i]) ||
                !chart_has_place(over, m->high[i]))
                continue;
            a = chart_at(along, place[i]);
            b = chart_at(over, edge);
            cairo_line_to(cr, m->across ? b : a, m->across ? a : b);
        }
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void draw_rules(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    const bool vertical = m->kind == CHART_RULE_X;
    const chart_box *b = &p->plot;

    set_dash(cr, m->dashed);
    cairo_set_line_width(cr, size_of(m, 1.5));
    for (size_t i = 0; i < m->n; i++) {
        const chart_scaling *s = vertical ? &p->x : &p->y;
        const double value = vertical ? m->x[i] : m->y[i];
        if (!chart_has_place(s, value))
            continue;
        cairo_move_to(cr, vertical ? chart_at(s, value) : b->x,
                      vertical ? b->y : chart_at(s, value));
        cairo_line_to(cr, vertical ? chart_at(s, value) : b->x + b->width,
                      vertical ? b->y + b->height : chart_at(s, value));
    }
    cairo_stroke(cr);
    set_dash(cr, false);
}

static void draw_arrow(cairo_t *cr, double x0, double y0, double x1, double y1, double width)
{
    const double length = hypot(x1 - x0, y1 - y0), head = fmin(HEAD * width / ARROW_WIDTH, length);
    double ux, uy, x, y;

    if (length < 0.5) /* no way to see where it points */
        return;
    ux = (x1 - x0) / length;
    uy = (y1 - y0) / length;
    x = x1 - head * ux;
    y = y1 - head * uy;
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x, y);
    cairo_stroke(cr);
    cairo_move_to(cr, x1, y1);
    cairo_line_to(cr, x - 0.45 * head * uy, y + 0.45 * head * ux);
    cairo_line_to(cr, x + 0.45 * head * uy, y - 0.45 * head * ux);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void draw_arrows(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    const double width = size_of(m, ARROW_WIDTH);
    double x0, y0, x1, y1;

    cairo_set_line_width(cr, width);
    for (size_t i = 0; i < m->n; i++) {
        if (!point_at(p, m->x[i], m->y[i], &x0, &y0) ||
            !point_at(p, m->x[i] + m->dx[i], m->y[i] + m->dy[i], &x1, &y1))
            continue;
        if (m->colours != NULL)
            chart_set_colour(cr, m->colours[i], 1);
        draw_arrow(cr, x0, y0, x1, y1, width);
    }
}

static void draw_texts(cairo_t *cr, const chart_panel_plan *p, const chart_mark *m)
{
    const double size = size_of(m, CHART_TICK_SIZE);
    double x, y;

    chart_font(cr, size, false);
    for (size_t i = 0; i < m->n; i++)
        if (point_at(p, m->x[i], m->y[i], &x, &y))
            chart_text(cr, m->texts[i], x, y + 0.36 * size, 0.5); /* 0.36: half a capital */
}

void chart_draw_mark(cairo_t *cr, const chart_panel_plan *p, size_t i)
{
    const chart_mark *m = &p->panel->marks[i];
    const uint32_t colour = chart_mark_colour(p->panel, i);

    chart_set_colour(cr, colour, m->kind == CHART_BAND ? BAND_ALPHA : 1);
    cairo_new_path(cr);
    switch (m->kind) {
    case CHART_LINE:
        draw_line(cr, p, m);
        break;
    case CHART_POINTS:
        draw_points(cr, p, m);
        break;
    case CHART_DOTS:
        draw_dots(cr, p, m);
        break;
    case CHART_BARS:
        draw_bars(cr, p, m, colour);
        break;
    case CHART_BAND:
        draw_band(cr, p, m);
        break;
    case CHART_AREA:
        path_through(cr, p, m);
        cairo_close_path(cr);
        cairo_fill(cr);
        break;
    case CHART_RULE_X:
    case CHART_RULE_Y:
        draw_rules(cr, p, m);
        break;
    case CHART_CELLS:
        chart_draw_cells(cr, p, m);
        break;
    case CHART_PICTURE:
        chart_draw_picture(cr, p, m);
        break;
    case CHART_ARROWS:
        draw_arrows(cr, p, m);
        break;
    case CHART_TEXTS:
        draw_texts(cr, p, m);
        break;
    }
}

void chart_draw_key(cairo_t *cr, const chart_mark *m, uint32_t colour, double x, double y)
{
    chart_set_colour(cr, colour, m->kind == CHART_BAND ? BAND_ALPHA : 1);
    switch (m->kind) {
    case CHART_LINE:
    case CHART_RULE_X:
    case CHART_RULE_Y:
        set_dash(cr, m->dashed);
        cairo_set_line_width(cr, size_of(m, m->kind == CHART_LINE ? LINE_WIDTH : 1.5));
        cairo_move_to(cr, x - 11, y);
        cairo_line_to(cr, x + 11, y);
        cairo_stroke(cr);
        set_dash(cr, false);
        break;
    case CHART_ARROWS:
        draw_arrow(cr, x - 11, y, x + 11, y, size_of(m, ARROW_WIDTH));
        break;
    case CHART_POINTS:
    case CHART_DOTS:
        draw_marker(cr, m->kind == CHART_DOTS ? CHART_DISC : m->marker, x, y,
                    m->kind == CHART_DOTS ? MARKER_SIZE : size_of(m, MARKER_SIZE));
        break;
    default:
        cairo_rectangle(cr, x - 8, y - 5, 16, 10);
        cairo_fill(cr);
        break;
    }
}
