/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/chart/chart_wheel.h"

#include "tools/chart/chart_draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TURN   6.283185307179586
#define RING   90   /* wedges of the ring: steps of 4 degrees, too fine to be seen */
#define ARC    16   /* points along the outer edge of a wedge of the histogram */
#define INNER  1.06 /* of the ring; the longest wedge ends at 1 */
#define OUTER  1.22
#define NAMES  1.38 /* middle of "down", ... */
#define EDGE   1.6  /* of the panel */
#define CIRCLE (RING + 1)
#define GAP    0.08 /* share of a wedge that is left free beside it */

struct chart_wheel {
    snn_context *ctx;
    double *numbers; /* all coordinates */
    size_t used;
    chart_mark *marks;
    size_t n_marks;
    char top[32]; /* "25 %" */
    const char *top_text;
    chart_panel panel;
};

uint32_t chart_direction_colour(double direction, double strength)
{
    const double turns = direction / TURN;
    uint32_t colour, out = 0;

    if (!isfinite(direction))
        return 0xb0b0b0;
    colour = chart_map_colour(CHART_MAP_CYCLE, turns - floor(turns));
    strength = strength > 0 ? strength < 1 ? strength : 1 : 0;
    for (int shift = 0; shift <= 16; shift += 8)
        out |= (uint32_t)lrint(255 - strength * (255 - (double)(colour >> shift & 0xff))) << shift;
    return out;
}

snn_status chart_direction_picture(snn_context *ctx, const float *direction, const float *strength,
                                   uint32_t width, uint32_t height, uint32_t ground,
                                   snn_image **out, snn_error *err)
{
    snn_image *image = NULL;
    snn_status status;

    TRY(status, snn_image_create(ctx, width, height, SNN_IMAGE_RGB, &image, err));
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            const size_t i = (size_t)y * width + x;
            const double by = strength != NULL ? (double)strength[i] : 1;

            snn_image_set(image, x, y,
                          isfinite(direction[i]) ? chart_direction_colour((double)direction[i], by)
                                                 : ground);
        }
    *out = image;
done:
    return status;
}

/* ---- the wheel -------------------------------------------------------------------- */

/* A mark of n points whose coordinates are still to be set. */
static chart_mark *add_mark(chart_wheel *w, chart_kind kind, uint32_t colour, size_t n, double **x,
                            double **y)
{
    chart_mark *mark = &w->marks[w->n_marks++];

    *x = w->numbers + w->used;
    *y = *x + n;
    w->used += 2 * n;
    *mark = (chart_mark){.kind = kind, .colour = colour, .n = n, .x = *x, .y = *y};
    return mark;
}

/* Points of an arc, `from` to `to`, in the panel's coordinates. */
static void set_arc(double *x, double *y, size_t n, double radius, double from, double to)
{
    for (size_t i = 0; i < n; i++) {
        const double angle = from + (to - from) * (double)i / (double)(n - 1);

        x[i] = radius * sin(angle);
        y[i] = radius * cos(angle);
    }
}

static void add_ring(chart_wheel *w, double inner)
{
    for (int i = 0; i < RING; i++) {
        const double from = TURN * (i - 0.52) / RING, to = TURN * (i + 0.52) / RING;
        double *x, *y;

        add_mark(w, CHART_AREA, chart_direction_colour(TURN * i / RING, 1), 4, &x, &y);
        set_arc(x, y, 2, OUTER, from, to);
        set_arc(x + 2, y + 2, 2, inner, to, from);
    }
}

static void add_circle(chart_wheel *w, double radius)
{
    double *x, *y;

    add_mark(w, CHART_LINE, 0xc8c8c8, CIRCLE, &x, &y)->size = 1;
    set_arc(x, y, CIRCLE, radius, 0, TURN);
}

/* What the circle of the longest wedge stands for, in the direction with most room. */
static void add_scale(chart_wheel *w, const double *count, size_t n, double first, double share)
{
    double least = HUGE_VAL, *x, *y, at = 0;

    for (size_t i = 0; i < n; i++) {
        const double near = count[i] + count[(i + 1) % n] + count[(i + n - 1) % n];

        if (near < least) {
            least = near;
            at = first + TURN * (double)i / (double)n;
        }
    }
    snprintf(w->top, sizeof w->top, share < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * share);
    w->top_text = w->top;
    add_mark(w, CHART_TEXTS, CHART_INK, 1, &x, &y)->texts = &w->top_text;
    x[0] = 0.84 * sin(at);
    y[0] = 0.84 * cos(at);
}

static void add_wedges(chart_wheel *w, const double *count, size_t n, double first, double most)
{
    for (size_t i = 0; i < n; i++) {
        const double middle = first + TURN * (double)i / (double)n,
                     half = (1 - GAP) * TURN / (2 * (double)n);
        double *x, *y;

        if (count[i] <= 0)
            continue;
        add_mark(w, CHART_AREA, chart_direction_colour(middle, 1), ARC + 1, &x, &y);
        x[0] = y[0] = 0;
        set_arc(x + 1, y + 1, ARC, count[i] / most, middle - half, middle + half);
    }
}

static void add_names(chart_wheel *w)
{
    static const char *const NAME[] = {"down", "right", "up", "left"};
    double *x, *y;

    add_mark(w, CHART_TEXTS, CHART_INK, 4, &x, &y)->texts = NAME;
    for (int i = 0; i < 4; i++) {
        x[i] = NAMES * sin(TURN * i / 4);
        y[i] = NAMES * cos(TURN * i / 4);
    }
    x[1] += 0.04; /* words are wide */
    x[3] -= 0.04;
}

static snn_status add_up(const double *count, size_t n, double *sum, size_t *most, snn_error *err)
{
    *sum = 0;
    *most = 0;
    for (size_t i = 0; count != NULL && i < n; i++) {
        if (!isfinite(count[i]) || count[i] < 0)
            return snn_error_set(err, SNN_EINVAL, "wheel", "counts are finite and not below 0");
        *sum += count[i];
        *most = count[i] > count[*most] ? i : *most;
    }
    return SNN_OK;
}

snn_status chart_wheel_create(snn_context *ctx, const double *count, size_t n, double first,
                              chart_wheel **out, snn_error *err)
{
    /* Ring, two circles and a number, names; a wedge for each direction. */
    const size_t room = (RING * 4 + 2 * CIRCLE + 5 + n * (ARC + 1)) * 2;
    chart_wheel *w = NULL;
    size_t most;
    double sum;
    snn_status status;

    TRY(status, add_up(count, n, &sum, &most, err));
    w = snn_alloc(ctx, 1, sizeof *w);
    if (w != NULL) {
        *w = (chart_wheel){.ctx = ctx,
                           .numbers = snn_alloc(ctx, room, sizeof *w->numbers),
                           .marks = snn_alloc(ctx, RING + 4 + n, sizeof *w->marks)};
    }
    if (w == NULL || w->numbers == NULL || w->marks == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, "wheel", "no memory for the colour wheel"));
    add_ring(w, sum > 0 ? INNER : 0);
    if (sum > 0) {
        add_circle(w, 1);
        add_circle(w, 0.5);
        add_wedges(w, count, n, first, count[most]);
        add_scale(w, count, n, first, count[most] / sum);
    }
    add_names(w);
    w->panel = (chart_panel){.x = {.low = -EDGE, .high = EDGE, .hidden = true},
                             .y = {.low = -EDGE, .high = EDGE, .hidden = true, .reversed = true},
                             .marks = w->marks,
                             .n_marks = w->n_marks,
                             .square = true};
    *out = w;
    w = NULL;
done:
    chart_wheel_destroy(w);
    return status;
}

void chart_wheel_destroy(chart_wheel *wheel)
{
    if (wheel == NULL)
        return;
    snn_free(wheel->ctx, wheel->marks);
    snn_free(wheel->ctx, wheel->numbers);
    snn_free(wheel->ctx, wheel);
}

const chart_panel *chart_wheel_panel(const chart_wheel *wheel)
{
    return &wheel->panel;
}
