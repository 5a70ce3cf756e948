/* SPDX-License-Identifier: BSD-3-Clause */
/* snn info, a data set as a network sees it: framed, with the settings of --set. */
#include "tools/info.h"

/* More samples than this would not change the picture, only take time. */
#define MOST_SAMPLES 1000u

static size_t count_cells(const snn_sample *sample, uint32_t n_inputs)
{
    size_t n = 0, all = (size_t)sample->steps * n_inputs;

    if (sample->frames == NULL)
        return sample->first[sample->steps];
    for (size_t i = 0; i < all; i++)
        n += sample->frames[i] != 0;
    return n;
}

static snn_status look_at_split(snn_context *ctx, snn_dataset *dataset, snn_split split,
                                framed_split *out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    uint32_t n = info->count[split], stride = n / MOST_SAMPLES + 1;
    framed_split view = {.samples = n, .shortest = UINT32_MAX};
    void *scratch = snn_alloc(ctx, info->scratch_bytes, 1);
    snn_status status = SNN_OK;

    if (scratch == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    for (uint32_t i = 0; i < n; i += stride) {
        snn_sample sample;
        TRY(status, snn_dataset_read(dataset, split, i, scratch, &sample, err));
        view.looked++;
        view.shortest = sample.steps < view.shortest ? sample.steps : view.shortest;
        view.longest = sample.steps > view.longest ? sample.steps : view.longest;
        view.steps += sample.steps;
        view.cells += (double)count_cells(&sample, info->n_inputs);
    }
    if (view.looked > 0) {
        view.steps /= view.looked;
        view.cells /= view.looked;
    } else {
        view.shortest = 0;
    }
    *out = view;
done:
    snn_free(ctx, scratch);
    return status;
}

snn_status framed_open(snn_context *ctx, const char *path, const options *o, framed_view *out,
                       snn_error *err)
{
    snn_config config;
    snn_status status = SNN_OK;

    *out = (framed_view){0};
    TRY(status, tool_config(NULL, o, &config, err));
    TRY(status, snn_dataset_open(ctx, path, &config.data, &out->dataset, err));
    for (int s = 0; s < SNN_SPLITS; s++)
        TRY(status, look_at_split(ctx, out->dataset, (snn_split)s, &out->split[s], err));
done:
    if (status != SNN_OK)
        framed_close(out);
    return status;
}

void framed_close(framed_view *view)
{
    snn_dataset_destroy(view->dataset);
    view->dataset = NULL;
}

void framed_text(const framed_view *view)
{
    const snn_dataset_info *info = snn_dataset_get_info(view->dataset);

    printf("\n  as read: %u inputs, steps of %g ms, at most %u\n  %-6s %20s %16s\n",
           (unsigned)info->n_inputs, (double)info->time_step_ms, (unsigned)info->max_steps, "split",
           "steps (mean)", "cells a sample");
    for (int s = 0; s < SNN_SPLITS; s++) {
        const framed_split *v = &view->split[s];
        if (v->samples == 0)
            continue;
        printf("  %-6s %5u..%-5u (%6.1f) %16.1f", snn_split_name((snn_split)s),
               (unsigned)v->shortest, (unsigned)v->longest, v->steps, v->cells);
        if (v->looked < v->samples)
            printf("  (of %u samples)", (unsigned)v->looked);
        printf("\n");
    }
}

void framed_json(json *j, const framed_view *view)
{
    const snn_dataset_info *info = snn_dataset_get_info(view->dataset);

    json_open(j, "as_read", '{');
    json_count(j, "inputs", info->n_inputs);
    json_number(j, "time_step_ms", (double)info->time_step_ms);
    json_count(j, "max_steps", info->max_steps);
    for (int s = 0; s < SNN_SPLITS; s++) {
        const framed_split *v = &view->split[s];
        json_open(j, snn_split_name((snn_split)s), '{');
        json_count(j, "samples", v->samples);
        json_count(j, "looked_at", v->looked);
        json_count(j, "shortest", v->shortest);
        json_count(j, "longest", v->longest);
        json_number(j, "mean_steps", v->steps);
        json_number(j, "mean_cells", v->cells);
        json_close(j, '}');
    }
    json_close(j, '}');
}
