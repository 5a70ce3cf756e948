/* SPDX-License-Identifier: BSD-3-Clause */
/* From a chart to a file: the surface, what is drawn on it in which order, the bytes. */
#include "tools/chart/chart_draw.h"

#include <snn/file.h>

#include <cairo-svg.h>
#include <string.h>

/* What failed inside Cairo; its only failure here that is not a bug is memory. */
static snn_status cairo_result(cairo_status_t status, snn_error *err)
{
    if (status == CAIRO_STATUS_SUCCESS)
        return SNN_OK;
    return snn_error_set(err, status == CAIRO_STATUS_NO_MEMORY ? SNN_ENOMEM : SNN_EINVAL, "chart",
                         "cannot be drawn: %s", cairo_status_to_string(status));
}

/* ---- drawing ------------------------------------------------------------------ */

static void draw_panel(cairo_t *cr, const chart_panel_plan *p)
{
    const chart_box *b = &p->plot;

    if (p->panel->n_marks == 0 && p->panel->title == NULL)
        return;
    chart_draw_grid(cr, p);
    cairo_save(cr);
    /* One pixel more on each side: half a marker at an edge may show. */
    cairo_rectangle(cr, b->x - 1, b->y - 1, b->width + 2, b->height + 2);
    cairo_clip(cr);
    for (size_t i = 0; i < p->panel->n_marks; i++)
        chart_draw_mark(cr, p, i);
    cairo_restore(cr);
    chart_draw_axes(cr, p);
    if (p->cells != NULL)
        chart_draw_bar(cr, p);
    if (p->legend_height > 0)
        (void)chart_legend(cr, p->panel, b->x, b->y - p->legend_height - 2, b->width);
}

static void draw(cairo_t *cr, const chart_plan *plan)
{
    const chart *c = plan->chart;

    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    chart_set_colour(cr, CHART_INK, 1);
    if (c->title != NULL) {
        chart_font(cr, CHART_TITLE_SIZE, true);
        chart_text(cr, c->title, 16, 28, 0);
    }
    if (c->note != NULL) {
        chart_font(cr, CHART_TICK_SIZE, false);
        chart_set_colour(cr, 0x555555, 1);
        chart_text(cr, c->note, 16, c->title != NULL ? 48 : 26, 0);
    }
    for (size_t i = 0; i < plan->rows * plan->columns; i++)
        draw_panel(cr, &plan->panels[i]);
}

/* A cairo for `surface` whose texts measure the same on every kind of surface. */
static cairo_t *begin(cairo_surface_t *surface)
{
    cairo_t *cr = cairo_create(surface);
    cairo_font_options_t *options = cairo_font_options_create();

    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
    return cr;
}

/* Make the plan, on a surface of one pixel. */
static snn_status plan_chart(snn_context *ctx, const chart *c, chart_plan *plan, snn_error *err)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    cairo_t *cr = begin(surface);
    snn_status status = SNN_OK;

    TRY(status, cairo_result(cairo_status(cr), err));
    TRY(status, chart_plan_make(ctx, cr, c, plan, err));
    status = cairo_result(cairo_status(cr), err);
    if (status != SNN_OK)
        chart_plan_free(ctx, plan);
done:
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return status;
}

/* ---- files ---------------------------------------------------------------------- */

static snn_status write_png(snn_context *ctx, const chart_plan *plan, const char *path,
                            snn_error *err)
{
    const uint32_t width = (uint32_t)plan->width, height = (uint32_t)plan->height;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    cairo_t *cr = begin(surface);
    snn_image *image = NULL;
    snn_status status = SNN_OK;

    draw(cr, plan);
    TRY(status, cairo_result(cairo_status(cr), err));
    cairo_surface_flush(surface);
    TRY(status, snn_image_create(ctx, width, height, SNN_IMAGE_RGB, &image, err));
    for (uint32_t y = 0; y < height; y++) {
        const unsigned char *row = cairo_image_surface_get_data(surface) +
                                   (size_t)y * (size_t)cairo_image_surface_get_stride(surface);
        uint8_t *to = snn_image_row(image, y);
        for (uint32_t x = 0; x < width; x++) {
            const uint32_t pixel = ((const uint32_t *)(const void *)row)[x];
            to[3 * x] = (uint8_t)(pixel >> 16);
            to[3 * x + 1] = (uint8_t)(pixel >> 8);
            to[3 * x + 2] = (uint8_t)pixel;
        }
    }
    TRY(status, snn_image_write_png(image, path, err));
done:
    snn_image_destroy(image);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return status;
}

/* Bytes that Cairo hands over piece by piece. */
struct bytes {
    snn_context *ctx;
    unsigned char *data;
    size_t n, room;
};

static cairo_status_t add_bytes(void *user, const unsigned char *data, unsigned int n)
{
    struct bytes *b = user;

    if (b->n + n > b->room) {
        const size_t room = 2 * (b->n + n) + 4096;
        unsigned char *more = snn_alloc(b->ctx, room, 1);
        if (more == NULL)
            return CAIRO_STATUS_NO_MEMORY;
        if (b->n > 0)
            memcpy(more, b->data, b->n);
        snn_free(b->ctx, b->data);
        b->data = more;
        b->room = room;
    }
    memcpy(b->data + b->n, data, n);
    b->n += n;
    return CAIRO_STATUS_SUCCESS;
}

static snn_status write_svg(snn_context *ctx, const chart_plan *plan, const char *path,
                            snn_error *err)
{
    struct bytes bytes = {.ctx = ctx};
    cairo_surface_t *surface =
        cairo_svg_surface_create_for_stream(add_bytes, &bytes, plan->width, plan->height);
    cairo_t *cr = begin(surface);
    snn_status status = SNN_OK;

    draw(cr, plan);
    TRY(status, cairo_result(cairo_status(cr), err));
    cairo_surface_finish(surface);
    TRY(status, cairo_result(cairo_surface_status(surface), err));
    TRY(status, snn_replace_file(ctx, path, bytes.data, bytes.n, err));
done:
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    snn_free(ctx, bytes.data);
    return status;
}

static bool ends_in(const char *path, const char *ending)
{
    const char *own = strrchr(path, '.');

    return own != NULL && strcmp(own, ending) == 0;
}

snn_status chart_check_name(const char *path, snn_error *err)
{
    if (ends_in(path, ".png") || ends_in(path, ".svg"))
        return SNN_OK;
    return snn_error_set(err, SNN_EINVAL, path,
                         "must end in .png or .svg: the ending chooses the format");
}

snn_status chart_write(snn_context *ctx, const chart *c, const char *path, snn_error *err)
{
    chart_plan plan;
    snn_status status;

    TRY(status, chart_check_name(path, err));
    TRY(status, plan_chart(ctx, c, &plan, err));
    status = (ends_in(path, ".svg") ? write_svg : write_png)(ctx, &plan, path, err);
    chart_plan_free(ctx, &plan);
done:
    return status;
}

snn_status chart_locate(snn_context *ctx, const chart *c, size_t panel, double x, double y,
                        double *x_px, double *y_px, snn_error *err)
{
    const chart_panel_plan *p;
    chart_plan plan;
    snn_status status = SNN_OK;

    TRY(status, plan_chart(ctx, c, &plan, err));
    if (panel < plan.rows * plan.columns) {
        p = &plan.panels[panel];
        *x_px = chart_at(&p->x, x);
        *y_px = chart_at(&p->y, y);
    } else {
        status = snn_error_set(err, SNN_EINVAL, "chart", "has no panel %zu", panel);
    }
    chart_plan_free(ctx, &plan);
done:
    return status;
}
