/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Directions of motion as colours.  A direction is an angle in radians as snn/motion.h has
 * it: 0 is down, a quarter turn right; panels that show directions have y downwards.
 *
 *     status = chart_wheel_create(ctx, share, n, 0, &wheel, &err);
 *     const chart_panel panels[] = {map, *chart_wheel_panel(wheel)};
 *     status = chart_write(ctx, &(chart){.columns = 2, .panels = panels}, "flow.png", &err);
 *     chart_wheel_destroy(wheel);
 */
#ifndef TOOLS_CHART_CHART_WHEEL_H
#define TOOLS_CHART_CHART_WHEEL_H

#include "tools/chart/chart.h"

/* Colour of a direction, from white at strength 0 to its own at 1; grey where the direction
 * is not finite. */
uint32_t chart_direction_colour(double direction, double strength);

/*
 * A picture [height][width] of directions; `strength` (of the same size; NULL: 1 all over)
 * as above.  Where the direction is NaN, nothing was seen: the colour `ground`.
 * Errors: SNN_EINVAL (size), SNN_ENOMEM.
 */
SNN_MUST_USE snn_status chart_direction_picture(snn_context *ctx, const float *direction,
                                                const float *strength, uint32_t width,
                                                uint32_t height, uint32_t ground, snn_image **out,
                                                snn_error *err);

/*
 * A panel that explains the colours, with a histogram in it: a ring of all directions, and
 * inside one wedge for each of n directions 2 pi i / n + first, as long as its share in
 * proportion to the largest one, which a circle marks ("25 %").  count NULL or without
 * anything above 0: the ring alone, filled with its colours.
 * `count` is borrowed until the call returns.  Errors: SNN_EINVAL (not finite, below 0),
 * SNN_ENOMEM.
 */
typedef struct chart_wheel chart_wheel;

SNN_MUST_USE snn_status chart_wheel_create(snn_context *ctx, const double *count, size_t n,
                                           double first, chart_wheel **out, snn_error *err);
void chart_wheel_destroy(chart_wheel *wheel);
/* Borrowed; without a title: a copy may have one. */
const chart_panel *chart_wheel_panel(const chart_wheel *wheel);

#endif
