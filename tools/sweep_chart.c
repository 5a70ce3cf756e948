/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/sweep.h"

#include "tools/chart/chart.h"

#include <math.h>
#include <string.h>

#define NAME_SIZE 320

/* Numbers of the picture; arms lie below each other, the first on top. */
struct points {
    const char **names;
    char (*text)[NAME_SIZE];
    double *mean, *low, *high, *place; /* [arms] */
    double *accuracy, *accuracy_place; /* [runs] */
    size_t runs;
};

static snn_status allocate(snn_context *ctx, const sweep_table *t, struct points *p, snn_error *err)
{
    size_t runs = 0;

    for (size_t i = 0; i < t->n_arms; i++)
        runs += t->arms[i].n;
    p->names = snn_alloc(ctx, t->n_arms, sizeof *p->names);
    p->text = snn_alloc(ctx, t->n_arms, sizeof *p->text);
    p->mean = snn_alloc(ctx, 4 * t->n_arms, sizeof *p->mean);
    p->accuracy = snn_alloc(ctx, 2 * runs, sizeof *p->accuracy);
    if (p->names == NULL || p->text == NULL || p->mean == NULL || p->accuracy == NULL)
        return snn_error_set(err, SNN_ENOMEM, NULL, "out of memory");
    p->low = p->mean + t->n_arms;
    p->high = p->low + t->n_arms;
    p->place = p->high + t->n_arms;
    p->accuracy_place = p->accuracy + runs;
    return SNN_OK;
}

/* Letters that all labels begin with because a grid alone tells the arms apart. */
static size_t common_name(const sweep_table *t)
{
    for (size_t i = 0; i < t->n_arms; i++)
        if (t->arms[i].arm.n_keys == 0 || strcmp(t->arms[i].arm.name, t->arms[0].arm.name) != 0)
            return 0;
    return strlen(t->arms[0].arm.name) + strlen(", ");
}

static void fill(const sweep_table *t, struct points *p)
{
    const size_t common = common_name(t);
    char label[256];

    for (size_t i = 0; i < t->n_arms; i++) {
        const sweep_summary *s = &t->arms[i];
        const snn_interval *interval = s->of_test ? &s->test : &s->valid;
        sweep_arm_label(&s->arm, label, sizeof label);
        snprintf(p->text[i], NAME_SIZE, "%s  %.1f %%", label + common, 100 * interval->mean);
        p->names[i] = p->text[i];
        p->mean[i] = 100 * interval->mean;
        p->low[i] = 100 * interval->low;
        p->high[i] = 100 * interval->high;
        p->place[i] = (double)i;
        for (size_t k = 0; k < s->n; k++) {
            p->accuracy[p->runs] = 100 * s->accuracy[k];
            p->accuracy_place[p->runs++] = (double)i;
        }
    }
}

static void write_note(const sweep_table *t, char *note, size_t size)
{
    size_t least = t->arms[0].n, most = least;

    for (size_t i = 0; i < t->n_arms; i++) {
        least = t->arms[i].n < least ? t->arms[i].n : least;
        most = t->arms[i].n > most ? t->arms[i].n : most;
    }
    snprintf(note, size, "%s; ", most > 1 ? "mean and 95 % interval over seeds" : "one seed");
    if (least == most && most > 1)
        snprintf(note, size, "mean and 95 %% interval of %zu seeds; ", most);
    snprintf(note + strlen(note), size - strlen(note), "protocol %s", t->arms[0].protocol);
}

snn_status sweep_chart_write(snn_context *ctx, const sweep_table *t, const char *title,
                             const char *folder, snn_error *err)
{
    char path[TOOL_PATH], note[128], chance_label[32];
    struct points p = {0};
    chart_mark marks[3];
    chart_panel panel = {0};
    double chance;
    snn_status status = SNN_OK;

    if (t->n_arms == 0)
        return SNN_OK;
    TRY(status, join_path(path, folder, "accuracy.png", err));
    TRY(status, allocate(ctx, t, &p, err));
    fill(t, &p);
    write_note(t, note, sizeof note);
    chance = t->arms[0].classes > 0 ? 100.0 / (double)t->arms[0].classes : NAN;
    snprintf(chance_label, sizeof chance_label, "chance, %.3g %%", chance);
    marks[0] = (chart_mark){.kind = CHART_RULE_X,
                            .label = chance_label,
                            .colour = CHART_FAINT,
                            .n = 1,
                            .x = &chance,
                            .dashed = true};
    marks[1] = (chart_mark){.kind = CHART_POINTS,
                            .label = "one run",
                            .colour = 0x56b4e9,
                            .n = p.runs,
                            .x = p.accuracy,
                            .y = p.accuracy_place,
                            .marker = CHART_RING,
                            .size = 4};
    marks[2] = (chart_mark){.kind = CHART_POINTS,
                            .label = "mean",
                            .colour = 0x0072b2,
                            .n = t->n_arms,
                            .x = p.mean,
                            .y = p.place,
                            .low = p.low,
                            .high = p.high,
                            .across = true,
                            .size = 5};
    panel.x = (chart_axis){.label = t->arms[0].of_test ? "test accuracy" : "validation accuracy",
                           .unit = "%",
                           .high = 100};
    panel.y = (chart_axis){
        .scale = CHART_NAMES, .names = p.names, .n_names = t->n_arms, .reversed = true};
    panel.marks = marks;
    panel.n_marks = 3;
    status =
        chart_write(ctx,
                    &(chart){.title = title,
                             .note = note,
                             .height = (uint32_t)(150 + 32 * (t->n_arms < 900 ? t->n_arms : 900)),
                             .panels = &panel},
                    path, err);
done:
    snn_free(ctx, p.names);
    snn_free(ctx, p.text);
    snn_free(ctx, p.mean);
    snn_free(ctx, p.accuracy);
    return status;
}
