/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/plot.h"

#include "tools/chart/chart.h"

#include <string.h>

/* More dots than this are drawn smaller, so that they stay apart. */
#define DENSE 5000

/* Spikes are shown finer than a network reads them, unless --set says otherwise. */
static const char *const FINE[] = {"data.time_step_ms=1", "data.channel_bin=1"};

static snn_status open_with(snn_context *ctx, const char *path, const options *o, bool fine,
                            snn_dataset **out, snn_error *err)
{
    snn_config config;
    snn_status status = SNN_OK;

    snn_config_init(&config);
    for (size_t i = 0; fine && i < sizeof FINE / sizeof FINE[0]; i++)
        TRY(status, snn_config_set(&config, FINE[i], err));
    for (size_t i = 0; i < o->set.n; i++)
        TRY(status, snn_config_set(&config, o->set.text[i], err));
    status = snn_dataset_open(ctx, path, &config.data, out, err);
done:
    return status;
}

/* What kind of data it is shows when it is open; spikes are then opened again. */
static snn_status open_data(snn_context *ctx, const char *path, const options *o, snn_dataset **out,
                            snn_error *err)
{
    snn_dataset *dataset = NULL;
    snn_status status = SNN_OK;

    TRY(status, open_with(ctx, path, o, false, &dataset, err));
    if (strcmp(snn_dataset_get_info(dataset)->kind, "spikes") == 0) {
        snn_dataset_destroy(dataset);
        dataset = NULL;
        TRY(status, open_with(ctx, path, o, true, &dataset, err));
    }
    *out = dataset;
    dataset = NULL;
done:
    snn_dataset_destroy(dataset);
    return status;
}

/* Room for `n` numbers in one of three arrays. */
static snn_status allocate(snn_context *ctx, double **out, size_t n, snn_error *err)
{
    *out = snn_alloc(ctx, n, sizeof **out);
    return *out != NULL ? SNN_OK : snn_error_set(err, SNN_ENOMEM, NULL, "out of memory");
}

/* Cells of a sparse sample as points; returns the highest unit. */
static uint32_t fill_dots(const snn_sample *s, double step_ms, double *time, double *unit)
{
    uint32_t highest = 0;

    for (uint32_t t = 0; t < s->steps; t++)
        for (uint32_t k = s->first[t]; k < s->first[t + 1]; k++) {
            time[k] = (t + 0.5) * step_ms;
            unit[k] = s->unit[k];
            highest = s->unit[k] > highest ? s->unit[k] : highest;
        }
    return highest;
}

static void fill_cells(const snn_sample *s, uint32_t n_inputs, double *values)
{
    for (uint32_t t = 0; t < s->steps; t++)
        for (uint32_t i = 0; i < n_inputs; i++)
            values[(size_t)i * s->steps + t] = (double)s->frames[(size_t)t * n_inputs + i];
}

static uint64_t count_events(const snn_sample *s)
{
    uint64_t events = 0;

    for (uint32_t k = 0; k < s->first[s->steps]; k++)
        events += s->count[k];
    return events;
}

static snn_status draw_sample(snn_context *ctx, const snn_dataset_info *info, const snn_sample *s,
                              const chart *frame, const char *out, snn_error *err)
{
    const double step = (double)info->time_step_ms, end = s->steps * step;
    chart_mark mark = {0};
    chart_panel panel = {.x = {.label = "time", .unit = "ms"}, .marks = &mark, .n_marks = 1};
    chart picture = *frame;
    double *a = NULL, *b = NULL;
    uint32_t highest;
    snn_status status = SNN_OK;

    panel.x.high = end > 0 ? end : step;
    panel.y.low = -0.5;
    picture.panels = &panel;
    if (s->frames != NULL) {
        TRY(status, allocate(ctx, &a, (size_t)info->n_inputs * s->steps, err));
        fill_cells(s, info->n_inputs, a);
        mark = (chart_mark){.kind = CHART_CELLS,
                            .label = "value",
                            .values = a,
                            .rows = info->n_inputs,
                            .columns = s->steps,
                            .right = end,
                            .bottom = -0.5,
                            .top = info->n_inputs - 0.5};
        panel.y.label = "channel";
        panel.y.high = info->n_inputs - 0.5;
    } else {
        const size_t n = s->first[s->steps];
        TRY(status, allocate(ctx, &a, n, err));
        TRY(status, allocate(ctx, &b, n, err));
        highest = fill_dots(s, step, a, b);
        mark = (chart_mark){.kind = CHART_DOTS, .colour = 0x0b4a7f, .n = n, .x = a, .y = b};
        mark.size = n > DENSE ? 2 : 3;
        panel.y.label = "unit";
        /* Fewer units than the settings allow: show those that there are. */
        panel.y.high = (2 * highest < info->n_inputs ? highest + 1 : info->n_inputs) - 0.5;
    }
    status = chart_write(ctx, &picture, out, err);
done:
    snn_free(ctx, a);
    snn_free(ctx, b);
    return status;
}

snn_status plot_raster(snn_context *ctx, const char *data, const options *o, const char *out,
                       snn_error *err)
{
    char name[32], key[256], title[64], note[512];
    const chart frame = {
        .title = title, .note = note, .width = o->width, .height = o->height > 0 ? o->height : 420};
    const snn_dataset_info *info;
    snn_dataset *dataset = NULL;
    snn_split split;
    snn_sample sample;
    void *scratch = NULL;
    snn_status status = SNN_OK;
    int n;

    TRY(status, tool_split(o, SNN_SPLIT_TEST, &split, err));
    TRY(status, open_data(ctx, data, o, &dataset, err));
    info = snn_dataset_get_info(dataset);
    if (o->sample >= info->count[split])
        TRY(status, snn_error_set(
                        err, SNN_EINVAL, data, "has %u %s samples, numbered from 0: no %u",
                        (unsigned)info->count[split], snn_split_name(split), (unsigned)o->sample));
    scratch = snn_alloc(ctx, info->scratch_bytes, 1);
    if (scratch == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    TRY(status, snn_dataset_read(dataset, split, o->sample, scratch, &sample, err));
    TRY(status, snn_dataset_key(dataset, split, o->sample, key, sizeof key));
    snprintf(title, sizeof title, "\u201c%s\u201d",
             snn_dataset_class_name(dataset, sample.label, name));
    n = snprintf(note, sizeof note, "%s sample %u of %u, %s", snn_split_name(split),
                 (unsigned)o->sample, (unsigned)info->count[split], key);
    if (sample.frames == NULL && n > 0 && (size_t)n < sizeof note)
        snprintf(note + n, sizeof note - (size_t)n, ": %llu events",
                 (unsigned long long)count_events(&sample));
    status = draw_sample(ctx, info, &sample, &frame, out, err);
done:
    snn_free(ctx, scratch);
    snn_dataset_destroy(dataset);
    return status;
}
