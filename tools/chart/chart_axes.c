/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/chart/chart_draw.h"

#include <math.h>
#include <stdio.h>

#define GRID_COLOUR 0xe4e4e4u
#define KEY_WIDTH   28.0 /* of a likeness in the legend, with its gap */
#define KEY_GAP     18.0
#define KEY_ROW     20.0
#define TICK_DEPTH  17.0 /* from an axis to the base line of its numbers */

/* ---- texts ------------------------------------------------------------------ */

void chart_set_colour(cairo_t *cr, uint32_t colour, double alpha)
{
    cairo_set_source_rgba(cr, (colour >> 16 & 0xff) / 255.0, (colour >> 8 & 0xff) / 255.0,
                          (colour & 0xff) / 255.0, alpha);
}

void chart_font(cairo_t *cr, double size, bool bold)
{
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

double chart_text_width(cairo_t *cr, const char *text)
{
    cairo_text_extents_t e;

    cairo_text_extents(cr, text, &e);
    return e.x_advance;
}

void chart_text(cairo_t *cr, const char *text, double x, double y, double share)
{
    cairo_move_to(cr, x - share * chart_text_width(cr, text), y);
    cairo_show_text(cr, text);
    cairo_new_path(cr);
}

/* A text along a line that rises by `angle`, its end (share 1) or middle (0.5) at (x, y). */
static void turned_text(cairo_t *cr, const char *text, double x, double y, double angle,
                        double share)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, -angle);
    chart_text(cr, text, 0, 0, share);
    cairo_restore(cr);
}

void chart_axis_text(const char *label, const char *unit, char *text, size_t size)
{
    if (label == NULL)
        text[0] = '\0';
    else if (unit != NULL && unit[0] != '\0')
        snprintf(text, size, "%s (%s)", label, unit);
    else
        snprintf(text, size, "%s", label);
}

/* ---- grid and axes ------------------------------------------------------------ */

static void line(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

/* The middle of the pixel that holds v: a line of one pixel is sharp there. */
static double sharp(double v)
{
    return floor(v) + 0.5;
}

/* Faint lines at the ticks of numbers, where nothing covers them. */
void chart_draw_grid(cairo_t *cr, const chart_panel_plan *p)
{
    const chart_box *b = &p->plot;

    for (size_t i = 0; i < p->panel->n_marks; i++)
        if (p->panel->marks[i].kind == CHART_CELLS || p->panel->marks[i].kind == CHART_PICTURE ||
            p->panel->marks[i].kind == CHART_DOTS)
            return;
    chart_set_colour(cr, GRID_COLOUR, 1);
    cairo_set_line_width(cr, 1);
    for (size_t i = 0; i < p->y_ticks.n && p->y.scale != CHART_NAMES; i++) {
        const double y = sharp(chart_at(&p->y, p->y_ticks.at[i]));
        line(cr, b->x, y, b->x + b->width, y);
    }
    for (size_t i = 0; i < p->x_ticks.n && p->x.scale != CHART_NAMES; i++) {
        const double x = sharp(chart_at(&p->x, p->x_ticks.at[i]));
        line(cr, x, b->y, x, b->y + b->height);
    }
}

static void draw_x_axis(cairo_t *cr, const chart_panel_plan *p)
{
    const chart_box *b = &p->plot;
    const double y = sharp(b->y + b->height);
    const bool names = p->x.scale == CHART_NAMES;
    char text[128];

    line(cr, b->x, y, b->x + b->width, y);
    for (size_t i = 0; i < p->x_ticks.n_minor; i++) {
        const double x = sharp(chart_at(&p->x, p->x_ticks.minor[i]));
        line(cr, x, y, x, y + 2.5);
    }
    chart_font(cr, CHART_TICK_SIZE, false);
    for (size_t i = 0; i < p->x_ticks.n; i++) {
        const double x = chart_at(&p->x, p->x_ticks.at[i]);
        if (!names)
            line(cr, sharp(x), y, sharp(x), y + 5);
        if (p->slanted)
            turned_text(cr, p->x_ticks.text[i], x + 4, y + 14, 0.7853981633974483, 1);
        else
            chart_text(cr, p->x_ticks.text[i], x, y + TICK_DEPTH, 0.5);
    }
    chart_axis_text(p->panel->x.label, p->panel->x.unit, text, sizeof text);
    chart_font(cr, CHART_LABEL_SIZE, false);
    chart_text(cr, text, b->x + b->width / 2, b->y + b->height + p->x_label_at, 0.5);
}

static void draw_y_axis(cairo_t *cr, const chart_panel_plan *p)
{
    const chart_box *b = &p->plot;
    const double x = sharp(b->x - 1);
    const bool names = p->y.scale == CHART_NAMES;
    double widest = 0;
    char text[128];

    line(cr, x, b->y, x, sharp(b->y + b->height) + 0.5);
    for (size_t i = 0; i < p->y_ticks.n_minor; i++) {
        const double y = sharp(chart_at(&p->y, p->y_ticks.minor[i]));
        line(cr, x - 2.5, y, x, y);
    }
    chart_font(cr, CHART_TICK_SIZE, false);
    for (size_t i = 0; i < p->y_ticks.n; i++) {
        const double y = chart_at(&p->y, p->y_ticks.at[i]);
        if (!names)
            line(cr, x - 5, sharp(y), x, sharp(y));
        chart_text(cr, p->y_ticks.text[i], x - 8, y + 4, 1);
        widest = fmax(widest, chart_text_width(cr, p->y_ticks.text[i]));
    }
    chart_axis_text(p->panel->y.label, p->panel->y.unit, text, sizeof text);
    chart_font(cr, CHART_LABEL_SIZE, false);
    turned_text(cr, text, x - widest - 17, b->y + b->height / 2, 1.5707963267948966, 0.5);
}

void chart_draw_axes(cairo_t *cr, const chart_panel_plan *p)
{
    chart_set_colour(cr, CHART_INK, 1);
    cairo_set_line_width(cr, 1);
    if (!p->panel->x.hidden)
        draw_x_axis(cr, p);
    if (!p->panel->y.hidden)
        draw_y_axis(cr, p);
    if (p->panel->x.hidden && p->panel->y.hidden && p->panel->n_marks > 0 &&
        p->panel->marks[0].kind == CHART_CELLS) { /* cells have a frame for want of axes */
        chart_set_colour(cr, GRID_COLOUR, 1);
        cairo_rectangle(cr, p->plot.x - 0.5, p->plot.y - 0.5, p->plot.width + 1,
                        p->plot.height + 1);
        cairo_stroke(cr);
        chart_set_colour(cr, CHART_INK, 1);
    }
    if (p->panel->title != NULL) {
        chart_font(cr, CHART_LABEL_SIZE, true);
        chart_text(cr, p->panel->title, p->plot.x, p->plot.y - p->legend_height - 9, 0);
    }
}

/* ---- legend --------------------------------------------------------------------- */

double chart_legend(cairo_t *cr, const chart_panel *panel, double x, double y, double width)
{
    double at = 0, rows = 0;

    chart_font(cr, CHART_TICK_SIZE, false);
    for (size_t i = 0; i < panel->n_marks; i++) {
        const chart_mark *m = &panel->marks[i];
        double wide;

        if (m->label == NULL || m->kind == CHART_CELLS || m->kind == CHART_PICTURE ||
            m->kind == CHART_TEXTS)
            continue;
        wide = KEY_WIDTH + chart_text_width(cr, m->label);
        if (rows == 0 || (at > 0 && at + wide > width)) {
            at = 0;
            rows++;
        }
        if (y >= 0) {
            const double middle = y + (rows - 1) * KEY_ROW + KEY_ROW / 2 - 3;
            chart_draw_key(cr, m, chart_mark_colour(panel, i), x + at + 11, middle);
            chart_set_colour(cr, CHART_INK, 1);
            chart_text(cr, m->label, x + at + KEY_WIDTH, middle + 4, 0);
        }
        at += wide + KEY_GAP;
    }
    return rows > 0 ? rows * KEY_ROW + 2 : 0;
}
