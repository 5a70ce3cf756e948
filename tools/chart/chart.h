/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Charts as PNG or SVG.  A chart is a description in plain structs: panels in rows and
 * columns, each with two axes and marks on them.  Everything is borrowed until the call
 * returns, and what is 0 takes its usual value, so a chart is written as it is read:
 *
 *     const chart_mark marks[] = {
 *         {.kind = CHART_LINE, .label = "training", .n = n, .x = epoch, .y = loss},
 *     };
 *     const chart_panel panel = {.x = {.label = "epoch"}, .y = {.label = "loss"},
 *                                .marks = marks, .n_marks = 1};
 *     status = chart_write(ctx, &(chart){.title = "A run", .panels = &panel}, "run.png", &err);
 *
 * Colours are numbers 0xRRGGBB; 0 takes the next of the palette, whose colours are told
 * apart by all who see colours differently.  Values that are not finite are left out: a
 * line has a gap there.
 */
#ifndef TOOLS_CHART_CHART_H
#define TOOLS_CHART_CHART_H

#include <snn/context.h>
#include <snn/image.h>

#include <stdbool.h>

#define CHART_INK   0x222222u /* text and axes */
#define CHART_FAINT 0x8a8a8au /* what should stand back: rules, notes */

typedef enum chart_scale {
    CHART_LINEAR,
    CHART_LOG,  /* values <= 0 are left out */
    CHART_NAMES /* 0, 1, .. have names instead of numbers */
} chart_scale;

typedef struct chart_axis {
    const char *label; /* "time" with unit "ms" is shown as "time (ms)" */
    const char *unit;
    chart_scale scale;
    double low, high;         /* ends; both 0: what the marks need, and some air */
    const char *const *names; /* CHART_NAMES: n_names of them */
    size_t n_names;
    bool reversed; /* low end at the right, or at the top */
    bool hidden;   /* no line, ticks nor label */
} chart_axis;

typedef enum chart_kind {
    CHART_LINE,    /* through (x, y) */
    CHART_POINTS,  /* markers at (x, y), with whiskers from low to high where these are given */
    CHART_DOTS,    /* many small marks at (x, y): rasters, clouds */
    CHART_BARS,    /* from 0 to y, `width` wide around x; whiskers as points have */
    CHART_BAND,    /* between low and high over x */
    CHART_AREA,    /* the polygon (x, y), filled */
    CHART_RULE_X,  /* vertical lines at x, from edge to edge */
    CHART_RULE_Y,  /* horizontal lines at y */
    CHART_CELLS,   /* a heat map of values */
    CHART_PICTURE, /* an image */
    CHART_ARROWS,  /* from (x, y) by (dx, dy) */
    CHART_TEXTS    /* texts at (x, y), their middle there; `size` is that of the letters */
} chart_kind;

typedef enum chart_map {
    CHART_MAP_RISING,    /* white to dark blue: from little to much */
    CHART_MAP_DIVERGING, /* blue, white at 0, orange: the range is made symmetric */
    CHART_MAP_CYCLE,     /* hues of one lightness: directions, 0 and 1 are the same */
    CHART_MAP_GREY       /* black to white */
} chart_map;

typedef enum chart_marker { CHART_DISC, CHART_SQUARE, CHART_TRIANGLE, CHART_RING } chart_marker;

typedef struct chart_mark {
    chart_kind kind;
    const char *label; /* in the legend; NULL = not there.  CHART_CELLS: of the colour bar */
    uint32_t colour;
    size_t n; /* length of the arrays below */
    const double *x, *y;
    const double *low, *high; /* whiskers and bands */
    const double *dx, *dy;    /* arrows: their ends, from their beginnings */
    const char *const *texts; /* [n] */
    const uint32_t *colours;  /* points, dots, arrows: one each, instead of `colour` */
    bool across;              /* bars, whiskers and bands lie: x and y change their roles */
    double width;             /* bars: in units of the axis they stand on; 0 = 0.8 */
    double size;              /* line width, marker or dot size in pixels; 0 = the usual */
    bool dashed;
    chart_marker marker;
    /* CHART_CELLS and CHART_PICTURE fill this rectangle; all 0: cell (0, 0) has its centre at
     * (0, 0), and each is 1 wide.  Row 0 is at `bottom`; of a picture, the last row is. */
    double left, right, bottom, top;
    const double *values; /* [rows][columns] */
    size_t rows, columns;
    chart_map map;
    double least, most; /* values at the ends of the map; both 0 = those of the cells */
    const char *unit;   /* of the values */
    bool numbers;       /* write each value but 0 into its cell, as a whole number */
    const snn_image *picture;
} chart_mark;

typedef struct chart_panel {
    const char *title;
    chart_axis x, y;
    const chart_mark *marks;
    size_t n_marks;
    bool square; /* one unit is as long on both axes */
} chart_panel;

typedef struct chart {
    const char *title, *note;  /* the note is smaller, below the title */
    uint32_t width, height;    /* pixels; 0 = 900 and 420 */
    uint32_t rows, columns;    /* 0 = 1 */
    const chart_panel *panels; /* [rows][columns]; one without marks and title stays empty */
} chart;

/* SNN_EINVAL unless the name ends in .png or .svg: to ask before the work, not behind it. */
SNN_MUST_USE snn_status chart_check_name(const char *path, snn_error *err);
/* Draw to a file, PNG or SVG by its ending; it is there whole or not at all.
 * Errors: SNN_EINVAL (another ending, a chart that cannot be), SNN_EIO, SNN_ENOMEM. */
SNN_MUST_USE snn_status chart_write(snn_context *ctx, const chart *c, const char *path,
                                    snn_error *err);

/* Where (x, y) of a panel lies in the picture, in pixels from its upper left corner.
 * Errors: SNN_EINVAL, SNN_ENOMEM. */
SNN_MUST_USE snn_status chart_locate(snn_context *ctx, const chart *c, size_t panel, double x,
                                     double y, double *x_px, double *y_px, snn_error *err);

/* Colour i of the palette; it begins anew after 7. */
uint32_t chart_palette(size_t i);

/* Colour of a map at `share` in [0, 1]; what is outside is brought to the ends. */
uint32_t chart_map_colour(chart_map map, double share);

#endif
