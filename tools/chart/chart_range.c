/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/chart/chart_draw.h"

#include <float.h>
#include <math.h>

/* Air at each end of an axis, as a share of what the marks span. */
#define AIR 0.04

/* What an axis must show. */
struct span {
    bool log;
    double low, high;
};

static void widen(struct span *s, double value)
{
    if (!isfinite(value) || (s->log && value <= 0))
        return;
    s->low = fmin(s->low, value);
    s->high = fmax(s->high, value);
}

static void widen_by(struct span *s, const double *values, size_t n, double offset)
{
    for (size_t i = 0; values != NULL && i < n; i++)
        widen(s, values[i] + offset);
}

void chart_extent(const chart_mark *mark, double *left, double *right, double *bottom, double *top)
{
    const bool given = mark->left != mark->right;
    const double columns =
                     mark->picture != NULL ? snn_image_width(mark->picture) : (double)mark->columns,
                 rows =
                     mark->picture != NULL ? snn_image_height(mark->picture) : (double)mark->rows;

    *left = given ? mark->left : -0.5;
    *right = given ? mark->right : columns - 0.5;
    *bottom = given ? mark->bottom : -0.5;
    *top = given ? mark->top : rows - 0.5;
}

/* What one mark adds; true where it fills its rectangle, which then has no air. */
static bool widen_by_mark(struct span *s, const chart_mark *m, bool of_x)
{
    const bool along = of_x != m->across; /* the axis that bars stand on */
    const double *values = of_x ? m->x : m->y;
    double left, right, bottom, top;

    switch (m->kind) {
    case CHART_CELLS:
    case CHART_PICTURE:
        chart_extent(m, &left, &right, &bottom, &top);
        widen(s, of_x ? left : bottom);
        widen(s, of_x ? right : top);
        return true;
    case CHART_RULE_X:
    case CHART_RULE_Y:
        if (of_x == (m->kind == CHART_RULE_X))
            widen_by(s, values, m->n, 0);
        return false;
    case CHART_BARS:
        if (along) {
            const double half = (m->width > 0 ? m->width : 0.8) / 2;
            widen_by(s, values, m->n, -half);
            widen_by(s, values, m->n, half);
            return false;
        }
        widen(s, 0);
        break;
    default:
        break;
    }
    if (m->kind != CHART_BAND || along)
        widen_by(s, values, m->n, 0);
    for (size_t i = 0; m->kind == CHART_ARROWS && i < m->n; i++)
        widen(s, values[i] + (of_x ? m->dx : m->dy)[i]);
    if (!along) {
        widen_by(s, m->low, m->n, 0);
        widen_by(s, m->high, m->n, 0);
    }
    return false;
}

/* Air at both ends, but a range of nothing negative does not go below 0. */
static void add_air(struct span *s)
{
    const double span = s->high - s->low;
    const bool positive = s->low >= 0, negative = s->high <= 0;

    if (s->log) {
        const double air = AIR * (log(s->high) - log(s->low)), factor = air > 0 ? exp(air) : 1.5;
        s->low = fmax(s->low / factor, DBL_MIN);
        s->high = fmin(s->high * factor, DBL_MAX);
        return;
    }
    if (span == 0) {
        const double room = s->low != 0 ? fabs(s->low) / 2 : 0.5;
        s->low -= room;
        s->high += room;
    } else {
        s->low -= AIR * span;
        s->high += AIR * span;
    }
    if (positive && s->low < 0)
        s->low = 0;
    if (negative && s->high > 0)
        s->high = 0;
}

void chart_range(const chart_panel *panel, bool of_x, double *low, double *high)
{
    const chart_axis *axis = of_x ? &panel->x : &panel->y;
    struct span s = {.log = axis->scale == CHART_LOG, .low = HUGE_VAL, .high = -HUGE_VAL};
    bool filled = false;

    if (axis->low != axis->high) {
        *low = axis->low;
        *high = axis->high;
        return;
    }
    if (axis->scale == CHART_NAMES) {
        *low = -0.5;
        *high = (axis->n_names > 0 ? (double)axis->n_names : 1) - 0.5;
        return;
    }
    for (size_t i = 0; i < panel->n_marks; i++)
        filled |= widen_by_mark(&s, &panel->marks[i], of_x);
    if (s.low > s.high) {
        s.low = s.log ? 1 : 0;
        s.high = s.log ? 10 : 1;
        filled = true;
    }
    if (!filled || s.low == s.high)
        add_air(&s);
    *low = s.low;
    *high = s.high;
}

void chart_value_range(const chart_mark *mark, double *least, double *most)
{
    double low = HUGE_VAL, high = -HUGE_VAL;

    if (mark->least != mark->most) {
        *least = mark->least;
        *most = mark->most;
        return;
    }
    for (size_t i = 0; i < mark->rows * mark->columns; i++)
        if (isfinite(mark->values[i])) {
            low = fmin(low, mark->values[i]);
            high = fmax(high, mark->values[i]);
        }
    if (low > high)
        low = high = 0;
    if (mark->map == CHART_MAP_DIVERGING) {
        high = fmax(fabs(low), fabs(high));
        low = -high;
    }
    if (low == high) /* one value: in the middle of a range that shows it */
        high += low != 0 ? fabs(low) : 1;
    *least = low;
    *most = high;
}

bool chart_has_place(const chart_scaling *s, double value)
{
    return isfinite(value) && (s->scale != CHART_LOG || value > 0);
}

double chart_at(const chart_scaling *s, double value)
{
    const double share = s->scale == CHART_LOG
                             ? (log(value) - log(s->low)) / (log(s->high) - log(s->low))
                             : (value - s->low) / (s->high - s->low);

    return s->from + share * (s->to - s->from);
}

uint32_t chart_mark_colour(const chart_panel *panel, size_t i)
{
    size_t turn = 0;

    if (panel->marks[i].colour != 0)
        return panel->marks[i].colour;
    for (size_t k = 0; k < i; k++)
        turn += panel->marks[k].colour == 0;
    return chart_palette(turn);
}
