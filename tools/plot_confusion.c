/* SPDX-License-Identifier: BSD-3-Clause */
/* snn plot confusion: which classes a layer that sees motion takes for which. */
#include "tools/motion_sight.h"
#include "tools/plot.h"

#include "tools/chart/chart.h"

#define NUMBERED 16u /* classes whose cells have room for a number */

typedef struct {
    char (*name)[MOTION_NAME];
    const char **names;
    double *percent; /* [true][decided] of the movies of a class */
    uint32_t *count;
    double *rule; /* between speeds */
    size_t n_rules;
} matrix;

static snn_status matrix_create(snn_context *ctx, const snn_motion_params *p, matrix *m,
                                snn_error *err)
{
    const uint32_t classes = snn_motion_classes(p);

    m->name = snn_alloc(ctx, classes, sizeof *m->name);
    m->names = snn_alloc(ctx, classes, sizeof *m->names);
    m->percent = snn_alloc(ctx, (size_t)classes * classes, sizeof *m->percent);
    m->count = snn_alloc(ctx, (size_t)classes * classes, sizeof *m->count);
    m->rule = snn_alloc(ctx, p->speeds, sizeof *m->rule);
    if (m->name == NULL || m->names == NULL || m->percent == NULL || m->count == NULL ||
        m->rule == NULL)
        return snn_error_set(err, SNN_ENOMEM, "confusion", "no memory for %u classes",
                             (unsigned)classes);
    for (uint32_t c = 0; c < classes; c++) {
        motion_class_name(p, c, m->name[c]);
        m->names[c] = m->name[c];
    }
    for (uint32_t s = 1; s < p->speeds; s++)
        m->rule[m->n_rules++] = s * p->directions - 0.5;
    return SNN_OK;
}

static void matrix_free(snn_context *ctx, matrix *m)
{
    snn_free(ctx, m->rule);
    snn_free(ctx, m->count);
    snn_free(ctx, m->percent);
    snn_free(ctx, m->names);
    snn_free(ctx, m->name);
}

/* Rows in per cent of their movies; a class without movies has no row. */
static void to_percent(matrix *m, uint32_t classes)
{
    for (uint32_t r = 0; r < classes; r++) {
        const uint32_t *row = m->count + (size_t)r * classes;
        double all = 0;

        for (uint32_t c = 0; c < classes; c++)
            all += row[c];
        for (uint32_t c = 0; c < classes; c++)
            m->percent[(size_t)r * classes + c] = 100 * row[c] / all;
    }
}

static snn_status draw(snn_context *ctx, const motion_sight *s, const matrix *m,
                       const snn_motion_evaluation *e, const options *o, const char *out,
                       snn_error *err)
{
    const snn_motion_params *p = &s->config.motion;
    const uint32_t classes = snn_motion_classes(p);
    const chart_axis axis = {.scale = CHART_NAMES, .names = m->names, .n_names = classes};
    const chart_mark marks[] = {
        {.kind = CHART_CELLS,
         .label = "movies of a true class",
         .unit = "%",
         .rows = classes,
         .columns = classes,
         .values = m->percent,
         .most = 100,
         .numbers = classes <= NUMBERED},
        {.kind = CHART_RULE_X, .colour = CHART_FAINT, .n = m->n_rules, .x = m->rule, .size = 1},
        {.kind = CHART_RULE_Y, .colour = CHART_FAINT, .n = m->n_rules, .y = m->rule, .size = 1}};
    chart_panel panel = {.x = axis, .y = axis, .marks = marks, .n_marks = 3, .square = true};
    char title[128], note[256];

    panel.x.label =
        p->speeds > 1 ? "decided: direction and speed (pixels a step)" : "decided direction";
    panel.y.label = p->speeds > 1 ? "true direction and speed" : "true direction";
    panel.y.reversed = true;
    snprintf(title, sizeof title, "%.1f %% of %u movies are told right", 100 * e->accuracy,
             (unsigned)e->movies);
    snprintf(
        note, sizeof note,
        "%u classes, chance %.1f %%; %.1f %% within one direction; directions off by %.1f\u00b0 "
        "in the mean (0\u00b0 is down, 90\u00b0 right)",
        (unsigned)classes, 100.0 / classes, 100 * e->near_accuracy, e->direction_error_degrees);
    return chart_write(ctx,
                       &(chart){.title = title,
                                .note = note,
                                .width = o->width > 0         ? o->width
                                         : classes > NUMBERED ? 900
                                                              : 720,
                                .height = o->height > 0        ? o->height
                                          : classes > NUMBERED ? 900
                                                               : 640,
                                .panels = &panel},
                       out, err);
}

snn_status plot_confusion(snn_context *ctx, const char *model, const options *o, const char *out,
                          snn_error *err)
{
    matrix m = {0};
    motion_sight s;
    snn_motion_evaluation e;
    snn_status status;

    TRY(status, motion_sight_open(ctx, model, o, &s, err));
    TRY(status, motion_movies(ctx, &s.config, s.from, SNN_SPLIT_TEST, &s.movies, err));
    TRY(status, matrix_create(ctx, &s.config.motion, &m, err));
    TRY(status, snn_motion_evaluate(s.motion, s.movies, s.config.train.batch_size, plot_stop, NULL,
                                    &e, m.count, err));
    to_percent(&m, snn_motion_classes(&s.config.motion));
    status = draw(ctx, &s, &m, &e, o, out, err);
done:
    matrix_free(ctx, &m);
    motion_sight_close(&s);
    return status;
}
