/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where everything goes.  Ticks are chosen for the size that a panel has without texts;
 * then texts are measured, and the largest margin of a row or column holds for all of it,
 * so that the plots of a grid stand in line.
 */
#include "tools/chart/chart_draw.h"

#include <math.h>
#include <string.h>

#define EDGE       14.0 /* around the whole picture, and between panels */
#define TITLE_ROOM 26.0
#define NOTE_ROOM  20.0
#define TICK_GAP   7.0
#define BAR_ROOM   34.0 /* a colour bar without its numbers */
#define CLOSE      5.0  /* between panels without axes */
#define LEAST_PLOT 12.0 /* a smaller plot shows nothing */

struct margins {
    double left, right, top, bottom;
};

static snn_status refuse(snn_error *err, const char *what)
{
    return snn_error_set(err, SNN_EINVAL, "chart", "%s", what);
}

/* Ends of an axis; they must be able to carry a scale. */
static snn_status scale_of(const chart_panel *panel, bool of_x, chart_scaling *out, snn_error *err)
{
    const chart_axis *axis = of_x ? &panel->x : &panel->y;

    out->scale = axis->scale;
    chart_range(panel, of_x, &out->low, &out->high);
    if (!isfinite(out->low) || !isfinite(out->high) || !(out->low < out->high) ||
        !isfinite(out->high - out->low))
        return refuse(err, "an axis must have finite ends, the low one first");
    if (axis->scale == CHART_LOG && out->low <= 0)
        return refuse(err, "a logarithmic axis must begin above 0");
    return SNN_OK;
}

static void ticks_of(const chart_axis *axis, const chart_scaling *s, double most, chart_ticks *out)
{
    const size_t room = most > 2 ? (size_t)most : 2;

    memset(out, 0, sizeof *out);
    if (axis->hidden)
        return;
    if (axis->scale == CHART_NAMES)
        chart_ticks_names(axis, room, out);
    else if (axis->scale == CHART_LOG)
        chart_ticks_log(s->low, s->high, room, out);
    else
        chart_ticks_linear(s->low, s->high, room, out);
}

static double widest(cairo_t *cr, const chart_ticks *ticks)
{
    double width = 0;

    chart_font(cr, CHART_TICK_SIZE, false);
    for (size_t i = 0; i < ticks->n; i++)
        width = fmax(width, chart_text_width(cr, ticks->text[i]));
    return width;
}

/* Margins of one panel whose cell in the grid is `width` x `height`. */
static struct margins margins_of(cairo_t *cr, chart_panel_plan *p, double width, double height)
{
    const chart_panel *panel = p->panel;
    const double air = panel->x.hidden && panel->y.hidden ? 0 : 4;
    struct margins m = {.left = air, .right = 2 * air, .top = air, .bottom = air};
    double names;

    p->title_height = panel->title != NULL ? 20 : 0;
    if (!panel->y.hidden) {
        ticks_of(&panel->y, &p->y, height / (panel->y.scale == CHART_NAMES ? 15 : 42), &p->y_ticks);
        m.left = TICK_GAP + widest(cr, &p->y_ticks) + (panel->y.label != NULL ? 24 : 4);
        m.top += 4;
    }
    if (p->cells != NULL) {
        chart_ticks_linear(p->least, p->most, height > 250 ? 6 : 4, &p->bar_ticks);
        m.right = BAR_ROOM + widest(cr, &p->bar_ticks) + (p->cells->label != NULL ? 20 : 0);
    }
    if (!panel->x.hidden) {
        const double plot = width - m.left - m.right;
        ticks_of(&panel->x, &p->x, panel->x.scale == CHART_NAMES ? plot / 15 : plot / 75,
                 &p->x_ticks);
        names = widest(cr, &p->x_ticks);
        p->slanted = panel->x.scale == CHART_NAMES && p->x_ticks.n > 1 &&
                     names + 8 > plot / (double)p->x_ticks.n;
        m.bottom = TICK_GAP + (p->slanted ? names * 0.707 + 12 : 15);
        p->x_label_at = m.bottom + 14;
        m.bottom += panel->x.label != NULL ? 20 : 2;
        if (p->slanted) /* the first name reaches to the left */
            m.left = fmax(m.left, names * 0.707 - plot / (double)p->x_ticks.n / 2);
        else
            m.right = fmax(m.right, names / 2 + 2);
    }
    p->legend_height = chart_legend(cr, panel, 0, -1, width - m.left - m.right);
    m.top += p->title_height + p->legend_height;
    return m;
}

/* Shrink the longer side so that both axes have as many pixels a unit. */
static void make_square(chart_panel_plan *p)
{
    const double x = p->plot.width / (p->x.high - p->x.low),
                 y = p->plot.height / (p->y.high - p->y.low);

    if (x > y) {
        const double width = y * (p->x.high - p->x.low);
        p->plot.x += (p->plot.width - width) / 2;
        p->plot.width = width;
    } else {
        const double height = x * (p->y.high - p->y.low);
        p->plot.y += (p->plot.height - height) / 2;
        p->plot.height = height;
    }
}

static void place(chart_panel_plan *p, chart_box plot)
{
    const chart_panel *panel = p->panel;

    p->plot = plot;
    if (panel->square)
        make_square(p);
    /* Whole pixels, so that axes and bars have sharp edges. */
    p->plot.width = round(p->plot.x + p->plot.width) - round(p->plot.x);
    p->plot.height = round(p->plot.y + p->plot.height) - round(p->plot.y);
    p->plot.x = round(p->plot.x);
    p->plot.y = round(p->plot.y);
    p->x.from = p->plot.x + (panel->x.reversed ? p->plot.width : 0);
    p->x.to = p->plot.x + (panel->x.reversed ? 0 : p->plot.width);
    p->y.from = p->plot.y + (panel->y.reversed ? 0 : p->plot.height);
    p->y.to = p->plot.y + (panel->y.reversed ? p->plot.height : 0);
}

/* Is the mark complete enough to be drawn? */
static snn_status check_mark(const chart_mark *m, snn_error *err)
{
    if (m->kind == CHART_CELLS && (m->values == NULL || m->rows == 0 || m->columns == 0))
        return refuse(err, "cells need values in rows and columns");
    if (m->kind == CHART_PICTURE && m->picture == NULL)
        return refuse(err, "a picture mark needs a picture");
    if (m->kind == CHART_CELLS || m->kind == CHART_PICTURE || m->n == 0)
        return SNN_OK;
    if ((m->x == NULL && !(m->kind == CHART_RULE_Y || (m->kind == CHART_BAND && m->across))) ||
        (m->y == NULL && !(m->kind == CHART_RULE_X || (m->kind == CHART_BAND && !m->across))))
        return refuse(err, "a mark needs its x and y");
    if (m->kind == CHART_ARROWS && (m->dx == NULL || m->dy == NULL))
        return refuse(err, "arrows need their dx and dy");
    if (m->kind == CHART_TEXTS && m->texts == NULL)
        return refuse(err, "a mark of texts needs them");
    if ((m->low == NULL) != (m->high == NULL) || (m->kind == CHART_BAND && m->low == NULL))
        return refuse(err, "low and high go together");
    return SNN_OK;
}

static snn_status begin_panel(const chart_panel *panel, chart_panel_plan *p, snn_error *err)
{
    snn_status status = SNN_OK;

    p->panel = panel;
    for (size_t i = 0; i < panel->n_marks; i++) {
        const chart_mark *m = &panel->marks[i];
        TRY(status, check_mark(m, err));
        if (m->kind == CHART_CELLS && m->label != NULL) {
            p->cells = m;
            chart_value_range(m, &p->least, &p->most);
        }
    }
    TRY(status, scale_of(panel, true, &p->x, err));
    TRY(status, scale_of(panel, false, &p->y, err));
done:
    return status;
}

/* The largest margins of row `row` and column `column` (SIZE_MAX = of any). */
static struct margins largest(const struct margins *all, const chart_plan *plan, size_t row,
                              size_t column)
{
    struct margins m = {0};

    for (size_t r = 0; r < plan->rows; r++)
        for (size_t c = 0; c < plan->columns; c++) {
            const struct margins *one = &all[r * plan->columns + c];
            if (c == column) {
                m.left = fmax(m.left, one->left);
                m.right = fmax(m.right, one->right);
            }
            if (r == row) {
                m.top = fmax(m.top, one->top);
                m.bottom = fmax(m.bottom, one->bottom);
            }
        }
    return m;
}

/* Do all panels go without axes?  They are pictures then, and stand close. */
static bool all_bare(const chart_plan *plan)
{
    for (size_t i = 0; i < plan->rows * plan->columns; i++)
        if (!plan->chart->panels[i].x.hidden || !plan->chart->panels[i].y.hidden)
            return false;
    return true;
}

/* Give all plots one size: what margins and gaps leave, in equal parts. */
static snn_status place_all(const struct margins *margins, double top, chart_plan *plan,
                            snn_error *err)
{
    const double gap = all_bare(plan) ? CLOSE : EDGE;
    double width = plan->width - 2 * EDGE - (double)(plan->columns - 1) * gap,
           height = plan->height - top - EDGE - (double)(plan->rows - 1) * gap, x, y = top;

    for (size_t c = 0; c < plan->columns; c++) {
        const struct margins m = largest(margins, plan, SIZE_MAX, c);
        width -= m.left + m.right;
    }
    for (size_t r = 0; r < plan->rows; r++) {
        const struct margins m = largest(margins, plan, r, SIZE_MAX);
        height -= m.top + m.bottom;
    }
    width /= (double)plan->columns;
    height /= (double)plan->rows;
    if (width < LEAST_PLOT || height < LEAST_PLOT)
        return refuse(err, "there is no room for the plot: make the chart larger");
    for (size_t r = 0; r < plan->rows; r++) {
        struct margins m = {0};
        x = EDGE;
        for (size_t c = 0; c < plan->columns; c++) {
            m = largest(margins, plan, r, c);
            place(&plan->panels[r * plan->columns + c],
                  (chart_box){x + m.left, y + m.top, width, height});
            x += m.left + width + m.right + gap;
        }
        y += m.top + height + m.bottom + gap;
    }
    return SNN_OK;
}

static snn_status lay_out(snn_context *ctx, cairo_t *cr, chart_plan *plan, snn_error *err)
{
    const chart *c = plan->chart;
    const double top =
        EDGE + (c->title != NULL ? TITLE_ROOM : 0) + (c->note != NULL ? NOTE_ROOM : 0);
    const double width = (plan->width - EDGE) / (double)plan->columns - EDGE;
    const double height = (plan->height - top) / (double)plan->rows - EDGE;
    struct margins *margins = snn_alloc(ctx, plan->rows * plan->columns, sizeof *margins);
    snn_status status = SNN_OK;

    if (margins == NULL)
        return snn_error_set(err, SNN_ENOMEM, "chart", "no memory for %zu panels",
                             plan->rows * plan->columns);
    for (size_t i = 0; i < plan->rows * plan->columns; i++) {
        TRY(status, begin_panel(&c->panels[i], &plan->panels[i], err));
        margins[i] = margins_of(cr, &plan->panels[i], width, height);
    }
    TRY(status, place_all(margins, top, plan, err));
done:
    snn_free(ctx, margins);
    return status;
}

snn_status chart_plan_make(snn_context *ctx, cairo_t *cr, const chart *c, chart_plan *out,
                           snn_error *err)
{
    chart_plan plan = {.chart = c,
                       .width = c->width > 0 ? c->width : 900,
                       .height = c->height > 0 ? c->height : 420,
                       .rows = c->rows > 0 ? c->rows : 1,
                       .columns = c->columns > 0 ? c->columns : 1};
    snn_status status = SNN_OK;

    if (plan.width > SNN_IMAGE_MAX_SIDE || plan.height > SNN_IMAGE_MAX_SIDE ||
        plan.width * plan.height > SNN_IMAGE_MAX_PIXELS)
        return snn_error_set(
            err, SNN_EINVAL, "chart",
            "a picture of %.0f x %.0f pixels is too large: at most %u a side, %u in all",
            plan.width, plan.height, (unsigned)SNN_IMAGE_MAX_SIDE, (unsigned)SNN_IMAGE_MAX_PIXELS);
    plan.panels = snn_alloc(ctx, plan.rows * plan.columns, sizeof *plan.panels);
    if (plan.panels == NULL)
        return snn_error_set(err, SNN_ENOMEM, "chart", "no memory for the panels");
    TRY(status, lay_out(ctx, cr, &plan, err));
    *out = plan;
    plan.panels = NULL;
done:
    snn_free(ctx, plan.panels);
    return status;
}

void chart_plan_free(snn_context *ctx, chart_plan *plan)
{
    snn_free(ctx, plan->panels);
    plan->panels = NULL;
}
