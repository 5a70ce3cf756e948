/* SPDX-License-Identifier: BSD-3-Clause */
/* snn info: what a path is, and what it holds.  Data sets are here, files in info_file.c. */
#include "tools/info.h"

#include <string.h>

/* More samples than this would not change the picture, only take time. */
#define MOST_SAMPLES  1000u
#define MOST_SPEAKERS 4096u

struct split_view {
    uint32_t samples, looked; /* in the split; read for the rest of this */
    uint32_t shortest, longest;
    double steps, cells; /* mean a sample */
    uint32_t speakers;   /* 0 = unknown */
};

static void count_speaker(uint32_t speaker, uint32_t *known, uint32_t *n)
{
    uint32_t i = 0;

    if (speaker == SNN_NO_SPEAKER)
        return;
    while (i < *n && known[i] != speaker)
        i++;
    if (i == *n && *n < MOST_SPEAKERS)
        known[(*n)++] = speaker;
}

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
                                struct split_view *out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    uint32_t n = info->count[split], stride = n / MOST_SAMPLES + 1;
    struct split_view view = {.samples = n, .shortest = UINT32_MAX};
    void *scratch = snn_alloc(ctx, info->scratch_bytes, 1);
    uint32_t *speakers = snn_alloc(ctx, MOST_SPEAKERS, sizeof *speakers);
    snn_status status = SNN_OK;

    if (scratch == NULL || speakers == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    for (uint32_t i = 0; i < n; i += stride) {
        snn_sample sample;
        TRY(status, snn_dataset_read(dataset, split, i, scratch, &sample, err));
        view.looked++;
        view.shortest = sample.steps < view.shortest ? sample.steps : view.shortest;
        view.longest = sample.steps > view.longest ? sample.steps : view.longest;
        view.steps += sample.steps;
        view.cells += (double)count_cells(&sample, info->n_inputs);
        count_speaker(sample.speaker, speakers, &view.speakers);
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
    snn_free(ctx, speakers);
    return status;
}

static void show_text(const char *path, snn_dataset *dataset, const struct split_view *views)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    char name[32];

    printf("%s: data set of %s\n", path, info->kind);
    printf("  inputs   %u\n  step     %g ms, at most %u steps\n  classes  %u:",
           (unsigned)info->n_inputs, (double)info->time_step_ms, (unsigned)info->max_steps,
           (unsigned)info->n_classes);
    for (uint32_t i = 0; i < info->n_classes; i++)
        printf(" %s", snn_dataset_class_name(dataset, i, name));
    printf("\n\n  %-6s %9s %9s %20s %14s\n", "split", "samples", "speakers", "steps (mean)",
           "cells a sample");
    for (int s = 0; s < SNN_SPLITS; s++) {
        const struct split_view *v = &views[s];
        if (v->samples == 0)
            continue;
        printf("  %-6s %9u %9u %5u..%-5u (%6.1f) %14.1f\n", snn_split_name((snn_split)s),
               (unsigned)v->samples, (unsigned)v->speakers, (unsigned)v->shortest,
               (unsigned)v->longest, v->steps, v->cells);
    }
    for (int s = 0; s < SNN_SPLITS; s++)
        if (views[s].looked < views[s].samples)
            printf("  (%s: speakers, steps and cells of %u samples)\n",
                   snn_split_name((snn_split)s), (unsigned)views[s].looked);
}

static void show_json(const char *path, snn_dataset *dataset, const struct split_view *views)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    char name[32];
    json j;

    json_begin(&j, "info");
    json_text(&j, "file", path);
    json_text(&j, "type", "data set");
    json_text(&j, "kind", info->kind);
    json_count(&j, "inputs", info->n_inputs);
    json_number(&j, "time_step_ms", (double)info->time_step_ms);
    json_count(&j, "max_steps", info->max_steps);
    json_open(&j, "classes", '[');
    for (uint32_t i = 0; i < info->n_classes; i++)
        json_text(&j, NULL, snn_dataset_class_name(dataset, i, name));
    json_close(&j, ']');
    for (int s = 0; s < SNN_SPLITS; s++) {
        const struct split_view *v = &views[s];
        json_open(&j, snn_split_name((snn_split)s), '{');
        json_count(&j, "samples", v->samples);
        json_count(&j, "looked_at", v->looked);
        json_count(&j, "speakers", v->speakers);
        json_count(&j, "shortest", v->shortest);
        json_count(&j, "longest", v->longest);
        json_number(&j, "mean_steps", v->steps);
        json_number(&j, "mean_cells", v->cells);
        json_close(&j, '}');
    }
    json_end(&j);
}

static snn_status info_dataset(snn_context *ctx, const char *path, const options *o, snn_error *err)
{
    struct split_view views[SNN_SPLITS];
    snn_dataset *dataset = NULL;
    snn_config config;
    snn_status status = SNN_OK;

    TRY(status, tool_config(NULL, o, &config, err));
    TRY(status, snn_dataset_open(ctx, path, &config.data, &dataset, err));
    for (int s = 0; s < SNN_SPLITS; s++)
        TRY(status, look_at_split(ctx, dataset, (snn_split)s, &views[s], err));
    (o->json ? show_json : show_text)(path, dataset, views);
done:
    snn_dataset_destroy(dataset);
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* One split of a data set, by SHD's names. */
static bool is_split_file(const char *path)
{
    static const char *const ends[] = {"_train.h5",    "_valid.h5",    "_test.h5",
                                       "_train.h5.gz", "_valid.h5.gz", "_test.h5.gz"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(path, ends[i]))
            return true;
    return false;
}

/* The data set that a split is part of: the folder it is in. */
static snn_status info_split_file(snn_context *ctx, const char *path, const options *o,
                                  snn_error *err)
{
    const char *slash = strrchr(path, '/');
    char folder[TOOL_PATH] = ".";

    if (slash != NULL && (size_t)(slash - path) >= sizeof folder)
        return snn_error_set(err, SNN_EINVAL, path, "the path is too long");
    if (slash != NULL)
        snprintf(folder, sizeof folder, "%.*s", slash > path ? (int)(slash - path) : 1, path);
    return info_dataset(ctx, folder, o, err);
}

static snn_status info_path(snn_context *ctx, const char *path, const options *o, snn_error *err)
{
    char model[TOOL_PATH], kind[32];
    snn_status status = SNN_OK;

    if (is_folder(path) && !file_exists(path, "model.h5"))
        return info_dataset(ctx, path, o, err);
    if (is_folder(path)) {
        TRY(status, join_path(model, path, "model.h5", err));
        return info_store(ctx, model, "model", o->json, err);
    }
    if (ends_with(path, ".yaml") || ends_with(path, ".yml"))
        return info_config(path, o->json, err);
    if (is_split_file(path))
        return info_split_file(ctx, path, o, err);
    TRY(status, snn_store_kind(path, kind, sizeof kind, err));
    status = info_store(ctx, path, kind, o->json, err);
done:
    return status;
}

int run_info(const options *o)
{
    snn_context *ctx = NULL;
    snn_error err = {0};
    snn_status status;
    int code = EXIT_OK;

    status = tool_context(o, &ctx, &err);
    if (status != SNN_OK)
        return talk_failure(status, &err);
    /* One bad file must not hide the others. */
    for (int i = 0; i < o->n_operands; i++) {
        status = info_path(ctx, o->operands[i], o, &err);
        if (status != SNN_OK)
            code = talk_failure(status, &err);
    }
    snn_context_destroy(ctx);
    return code;
}
