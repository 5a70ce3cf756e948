/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data-set object: checks at the boundary, then the reader's own functions.
 */
#include "datasets/data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct snn_dataset {
    snn_context *ctx;
    snn_dataset_ops ops;
    snn_dataset_info info;
    void *self;
};

static snn_status check_create(const snn_dataset_ops *ops, const snn_dataset_info *info,
                               snn_error *err)
{
    if (ops->size != sizeof *ops)
        return snn_error_set(err, SNN_EINVAL, "snn_dataset_ops",
                             "size is %zu, not %zu: set it to sizeof", ops->size, sizeof *ops);
    if (ops->read == NULL)
        return snn_error_set(err, SNN_EINVAL, "snn_dataset_ops", "read is missing");
    if (info->n_inputs == 0 || info->n_classes == 0 || info->max_steps == 0)
        return snn_error_set(err, SNN_EINVAL, "snn_dataset_info",
                             "n_inputs %u, n_classes %u and max_steps %u must all be positive",
                             info->n_inputs, info->n_classes, info->max_steps);
    if (!(info->time_step_ms > 0))
        return snn_error_set(err, SNN_EINVAL, "snn_dataset_info", "time_step_ms must be positive");
    return SNN_OK;
}

snn_status snn_dataset_create(snn_context *ctx, const snn_dataset_ops *ops,
                              const snn_dataset_info *info, void *self, snn_dataset **out,
                              snn_error *err)
{
    snn_dataset *dataset = NULL;
    snn_status st;

    TRY(st, check_create(ops, info, err));
    TRY_ALLOC(st, ctx, dataset, 1, err);
    *dataset = (snn_dataset){.ctx = ctx, .ops = *ops, .info = *info, .self = self};
    if (info->kind == NULL)
        dataset->info.kind = "custom";
    *out = dataset;

done:
    if (st != SNN_OK && ops->size == sizeof *ops && ops->destroy != NULL)
        ops->destroy(self);
    return st;
}

void snn_dataset_destroy(snn_dataset *dataset)
{
    if (dataset == NULL)
        return;
    if (dataset->ops.destroy != NULL)
        dataset->ops.destroy(dataset->self);
    snn_free(dataset->ctx, dataset);
}

const snn_dataset_info *snn_dataset_get_info(const snn_dataset *dataset)
{
    return &dataset->info;
}

/* NULL if the cells are in order and in range, else what is wrong. */
static const char *check_cells(const snn_sample *sample, uint32_t n_inputs)
{
    uint16_t largest = 0;
    uint32_t begin, end;

    if (sample->first == NULL)
        return "has neither frames nor cells";
    begin = sample->first[0];
    end = sample->first[sample->steps];
    for (uint32_t t = 0; t < sample->steps; t++)
        if (sample->first[t] > sample->first[t + 1])
            return "has a step that ends before it begins";
    if (end > begin && (sample->unit == NULL || sample->count == NULL))
        return "has cells without unit or count";
    for (uint32_t k = begin; k < end; k++)
        largest = sample->unit[k] > largest ? sample->unit[k] : largest;
    return end > begin && largest >= n_inputs ? "has a unit that is not below n_inputs" : NULL;
}

/* The same for dense frames: every exponent below that of infinity and NaN. */
static const char *check_frames(const snn_sample *sample, uint32_t n_inputs)
{
    const size_t n = (size_t)sample->steps * n_inputs;
    uint32_t bad = 0;

    for (size_t k = 0; k < n; k++) {
        uint32_t bits;

        memcpy(&bits, &sample->frames[k], sizeof bits);
        bad |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return bad ? "holds infinity or NaN" : NULL;
}

static const char *check_sample(const snn_dataset_info *info, const snn_sample *sample)
{
    if (sample->label >= info->n_classes)
        return "has a label that is not below n_classes";
    if (sample->steps == 0 || sample->steps > info->max_steps)
        return "has no steps, or more than max_steps";
    return sample->frames != NULL ? check_frames(sample, info->n_inputs)
                                  : check_cells(sample, info->n_inputs);
}

static snn_status check_index(const snn_dataset *dataset, snn_split split, uint32_t index,
                              snn_error *err)
{
    if ((int)split < 0 || split >= SNN_SPLITS)
        return snn_error_set(err, SNN_EINVAL, "split", "%d is not a split", (int)split);
    if (index >= dataset->info.count[split])
        return snn_error_set(err, SNN_EINVAL, snn_split_name(split), "no sample %u: there are %u",
                             index, dataset->info.count[split]);
    return SNN_OK;
}

snn_status snn_dataset_read(snn_dataset *dataset, snn_split split, uint32_t index, void *scratch,
                            snn_sample *out, snn_error *err)
{
    snn_sample sample = {.speaker = SNN_NO_SPEAKER};
    const char *wrong;
    char key[SNN_ERROR_WHERE];
    snn_status st;

    TRY(st, check_index(dataset, split, index, err));
    if (scratch == NULL && dataset->info.scratch_bytes > 0) {
        st = snn_error_set(err, SNN_EINVAL, "scratch", "this data set needs %zu bytes of it",
                           dataset->info.scratch_bytes);
        goto done;
    }
    TRY(st, dataset->ops.read(dataset->self, split, index, scratch, &sample, err));
    wrong = check_sample(&dataset->info, &sample);
    if (wrong != NULL) {
        if (snn_dataset_key(dataset, split, index, key, sizeof key) != SNN_OK)
            key[0] = '\0';
        st = snn_error_set(err, SNN_EFORMAT, key, "the sample %s (label %u, %u steps)", wrong,
                           sample.label, sample.steps);
        goto done;
    }
    *out = sample;

done:
    return st;
}

const char *snn_dataset_class_name(snn_dataset *dataset, uint32_t label, char text[32])
{
    const char *name = NULL;

    if (dataset->ops.class_name != NULL && label < dataset->info.n_classes)
        name = dataset->ops.class_name(dataset->self, label);
    if (name != NULL)
        return name;
    snprintf(text, 32, "class %" PRIu32, label);
    return text;
}

snn_status snn_dataset_key(snn_dataset *dataset, snn_split split, uint32_t index, char *text,
                           size_t size)
{
    int n;

    if (check_index(dataset, split, index, NULL) != SNN_OK || size == 0)
        return SNN_EINVAL;
    if (dataset->ops.key != NULL)
        return dataset->ops.key(dataset->self, split, index, text, size);
    n = snprintf(text, size, "%s:%" PRIu32, snn_split_name(split), index);
    return n >= 0 && (size_t)n < size ? SNN_OK : SNN_EINVAL;
}

const char *snn_split_name(snn_split split)
{
    switch (split) {
    case SNN_SPLIT_TRAIN:
        return "train";
    case SNN_SPLIT_VALID:
        return "valid";
    case SNN_SPLIT_TEST:
        return "test";
    default:
        return "none";
    }
}

snn_status snn_dataset_open(snn_context *ctx, const char *path, const snn_data_params *params,
                            snn_dataset **out, snn_error *err)
{
    const snn_memory purpose = snn_context_purpose(ctx, SNN_MEMORY_DATA);
    snn_names names = {0};
    bool spikes = false, lists = false;
    snn_status st;

    if (snn_data_is_file(path)) {
        st = snn_error_set(err, SNN_EFORMAT, path,
                           "is a file: give the folder that holds the data set");
        goto done;
    }
    TRY(st, snn_names_folder(ctx, path, &names, err));
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.name[i];

        spikes |= snn_data_ends_with(name, "_train.h5") || snn_data_ends_with(name, "_train.h5.gz");
        lists |= strcmp(name, "testing_list.txt") == 0;
    }
    if (spikes)
        st = snn_dataset_open_spikes(ctx, path, params, out, err);
    else if (lists)
        st = snn_dataset_open_audio(ctx, path, params, out, err);
    else
        st = snn_error_set(
            err, SNN_ENOTFOUND, path,
            "no data set: looked for *_train.h5 or *_train.h5.gz (spikes in the layout of "
            "SHD) and for testing_list.txt (recordings in the layout of Speech Commands), "
            "found neither among %zu entries",
            names.n);

done:
    snn_names_free(ctx, &names);
    snn_context_purpose(ctx, purpose);
    return st;
}
