/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a chart.  chart_layout.c makes a plan of each panel: scales, ticks and the
 * rectangle of the plot.  The other files draw by it:
 *
 *   chart_ticks.c    where ticks are, and how they read
 *   chart_range.c    ends of an axis from its marks; from values to pixels
 *   chart_layout.c   room for texts; rectangles
 *   chart_axes.c     lines, ticks, labels, legend
 *   chart_marks.c    lines, points, bars
 *   chart_cells.c    heat maps, pictures, colour bar
 *   chart_colour.c   palette and maps
 *   chart_file.c     surfaces and files
 *   chart_wheel.c    directions as colours, their histogram
 */
#ifndef TOOLS_CHART_CHART_DRAW_H
#define TOOLS_CHART_CHART_DRAW_H

#include "tools/chart/chart.h"

#include <cairo.h>

/* If the call fails, leave through the function's one exit. */
#define TRY(status, call)                                                                          \
    do {                                                                                           \
        (status) = (call);                                                                         \
        if ((status) != SNN_OK)                                                                    \
            goto done;                                                                             \
    } while (0)

#define CHART_MAX_TICKS 64
#define CHART_TICK_TEXT 32

/* Sizes of texts in pixels. */
#define CHART_TITLE_SIZE 16.0
#define CHART_LABEL_SIZE 13.0
#define CHART_TICK_SIZE  12.0

typedef struct chart_ticks {
    size_t n, n_minor;
    double at[CHART_MAX_TICKS], minor[CHART_MAX_TICKS];
    const char *text[CHART_MAX_TICKS]; /* a name, or in `number` */
    char number[CHART_MAX_TICKS][CHART_TICK_TEXT];
} chart_ticks;

/* An axis with its ends known: `from` and `to` are the pixels of low and high. */
typedef struct chart_scaling {
    chart_scale scale;
    double low, high;
    double from, to;
} chart_scaling;

typedef struct chart_box {
    double x, y, width, height;
} chart_box;

typedef struct chart_panel_plan {
    const chart_panel *panel;
    chart_box plot;
    chart_scaling x, y;
    chart_ticks x_ticks, y_ticks;
    bool slanted;            /* names of x are too wide to stand side by side */
    const chart_mark *cells; /* those with a colour bar, or NULL */
    double least, most;      /* ends of the colour bar */
    chart_ticks bar_ticks;
    double legend_height, title_height;
    double x_label_at; /* base line of the label of x, below the plot */
} chart_panel_plan;

typedef struct chart_plan {
    const chart *chart;
    double width, height;
    size_t rows, columns;
    chart_panel_plan *panels;
} chart_plan;

/* ---- chart_ticks.c ---------------------------------------------------------- */

/*
 * Ticks in [low, high], at most `most` of them (>= 2).  Linear: multiples of 1, 2, 2.5 or
 * 5 times a power of ten, the smallest step that fits.  Log: powers of ten, and their
 * multiples by 2 and 5 where there are few; minor ticks at all multiples.
 */
void chart_ticks_linear(double low, double high, size_t most, chart_ticks *out);
void chart_ticks_log(double low, double high, size_t most, chart_ticks *out);
void chart_ticks_names(const chart_axis *axis, size_t most, chart_ticks *out);

/* ---- chart_range.c ---------------------------------------------------------- */

/* Ends of one axis of a panel. */
void chart_range(const chart_panel *panel, bool of_x, double *low, double *high);
/* Ends of the values of cells. */
void chart_value_range(const chart_mark *mark, double *least, double *most);
/* Is there a place for the value (log: it is > 0)? */
bool chart_has_place(const chart_scaling *s, double value);
double chart_at(const chart_scaling *s, double value);
/* Rectangle of cells or a picture, in values. */
void chart_extent(const chart_mark *mark, double *left, double *right, double *bottom, double *top);
/* Colour of mark i: its own, or its turn's. */
uint32_t chart_mark_colour(const chart_panel *panel, size_t i);

/* ---- chart_layout.c ----------------------------------------------------------- */

SNN_MUST_USE snn_status chart_plan_make(snn_context *ctx, cairo_t *cr, const chart *c,
                                        chart_plan *out, snn_error *err);
void chart_plan_free(snn_context *ctx, chart_plan *plan);

/* ---- texts (chart_axes.c) ------------------------------------------------------- */

void chart_font(cairo_t *cr, double size, bool bold);
double chart_text_width(cairo_t *cr, const char *text);
/* At (x, y) on the base line; `share` of its width lies left of x. */
void chart_text(cairo_t *cr, const char *text, double x, double y, double share);
void chart_set_colour(cairo_t *cr, uint32_t colour, double alpha);
/* "label (unit)"; empty without a label. */
void chart_axis_text(const char *label, const char *unit, char *text, size_t size);

/* ---- drawing -------------------------------------------------------------------- */

void chart_draw_grid(cairo_t *cr, const chart_panel_plan *plan);
void chart_draw_axes(cairo_t *cr, const chart_panel_plan *plan);
/* Room that the legend needs when it is `width` wide; drawn there where `y` >= 0. */
double chart_legend(cairo_t *cr, const chart_panel *panel, double x, double y, double width);
void chart_draw_mark(cairo_t *cr, const chart_panel_plan *plan, size_t i);
/* The mark's small likeness in the legend, in a box of 22 x 10 around (x, y). */
void chart_draw_key(cairo_t *cr, const chart_mark *mark, uint32_t colour, double x, double y);
void chart_draw_cells(cairo_t *cr, const chart_panel_plan *plan, const chart_mark *mark);
void chart_draw_picture(cairo_t *cr, const chart_panel_plan *plan, const chart_mark *mark);
void chart_draw_bar(cairo_t *cr, const chart_panel_plan *plan);

#endif
