/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spikes in the layout of SHD and SSC as a data set.
 *
 * Files are read once, in blocks of SNN_SPIKE_BLOCK samples, and framed at once:
 * what stays in memory are cells as cell_code.h writes them.  One thread talks to
 * libhdf5 and reads a block while all others frame the one before.  A sample's frames
 * depend on that sample alone, so neither threads nor blocks change them.
 */
#include "datasets/data.h"
#include "datasets/spikes_block.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_UNITS 700
#define MAX_CLASSES   65536

struct cells { /* one sample */
    uint32_t label, speaker, steps;
    snn_cell_code code;
    const uint64_t *word;
};

struct part {      /* one split */
    char name[64]; /* "shd_train" */
    uint32_t n;
    struct cells *sample;
    void **block; /* what the cells lie in: one block for each SNN_SPIKE_BLOCK samples */
    uint32_t n_blocks;
};

struct spikes {
    snn_context *ctx;
    snn_data_params params;
    struct part part[SNN_SPLITS];
    snn_names keys;
    uint32_t n_inputs, max_label, max_steps, max_cells;
    uint64_t events, cells, bytes, dropped, empty;
};

/* Write the block's cells into one allocation that stays. */
static snn_status keep_block(struct spikes *s, struct part *part, uint32_t first,
                             const snn_spike_block *block, const snn_framed_block *w,
                             snn_error *err)
{
    uint64_t *word;
    size_t words = 0;

    for (uint32_t i = 0; i < block->n_samples; i++)
        words += w->code[i].words;
    word = snn_alloc(s->ctx, words, sizeof *word);
    if (word == NULL)
        return snn_error_set(err, SNN_ENOMEM, part->name, "no memory for its spikes");
    part->block[part->n_blocks++] = word;
    snn_framed_block_encode(s->ctx, block, w, s->n_inputs, word);
    for (uint32_t i = 0; i < block->n_samples; i++) {
        struct cells *sample = &part->sample[first + i];

        sample->steps = w->steps[i];
        sample->code = w->code[i];
        sample->word = word;
        word += w->code[i].words;
        s->max_steps = w->steps[i] > s->max_steps ? w->steps[i] : s->max_steps;
        s->max_cells = w->code[i].cells > s->max_cells ? w->code[i].cells : s->max_cells;
        s->dropped += w->dropped[i];
        s->empty += block->first[i + 1] == block->first[i];
        s->cells += w->code[i].cells;
    }
    s->bytes += words * sizeof *word;
    s->events += block->first[block->n_samples];
    return SNN_OK;
}

/* Labels, speakers and class names of a file. */
static snn_status take_labels(struct spikes *s, struct part *part, snn_spike_file *file,
                              snn_error *err)
{
    if (s->keys.n == 0 && file->keys.n > 0) {
        s->keys = file->keys;
        file->keys = (snn_names){0};
    }
    for (uint32_t i = 0; i < file->n_samples; i++) {
        const int64_t label = file->label[i];
        const int64_t speaker = file->speaker != NULL ? file->speaker[i] : -1;

        if (label < 0 || label >= MAX_CLASSES || (s->keys.n > 0 && label >= (int64_t)s->keys.n))
            return snn_error_set(err, SNN_EFORMAT, file->path,
                                 "/labels[%u] is %lld, not in 0..%lld", i, (long long)label,
                                 s->keys.n > 0 ? (long long)s->keys.n - 1
                                               : (long long)MAX_CLASSES - 1);
        part->sample[i].label = (uint32_t)label;
        part->sample[i].speaker =
            speaker >= 0 && speaker < SNN_NO_SPEAKER ? (uint32_t)speaker : SNN_NO_SPEAKER;
        s->max_label = (uint32_t)label > s->max_label ? (uint32_t)label : s->max_label;
    }
    return SNN_OK;
}

/* A block to read, and how it went. */
struct reading {
    snn_spike_file *file;
    uint32_t first, n; /* n = 0: none is left */
    snn_spike_block *block;
    snn_status status;
    snn_error error;
};

static void read_block(void *user)
{
    struct reading *r = user;

    r->status = SNN_OK;
    if (r->n > 0)
        r->status = snn_spike_file_read(r->file, r->first, r->n, r->block, &r->error);
}

/* From sample `first` on, or nothing. */
static void set_reading(struct reading *r, const struct part *part, uint32_t first)
{
    const uint32_t left = part->n > first ? part->n - first : 0;

    r->first = first;
    r->n = left < SNN_SPIKE_BLOCK ? left : SNN_SPIKE_BLOCK;
}

static snn_status load_part(struct spikes *s, struct part *part, const char *path, snn_error *err)
{
    snn_spike_file file = {0};
    snn_spike_block *block = NULL; /* two in turn: one is read, one is framed */
    snn_framed_block *w = NULL;
    struct reading next = {.file = &file};
    const double start = snn_data_seconds();
    snn_status st;

    TRY_ALLOC(st, s->ctx, block, 2, err);
    TRY_ALLOC(st, s->ctx, w, 1, err);
    TRY(st, snn_spike_file_open(s->ctx, path, &file, err));
    part->n = file.n_samples;
    TRY_ALLOC(st, s->ctx, part->sample, part->n, err);
    TRY_ALLOC(st, s->ctx, part->block, part->n / SNN_SPIKE_BLOCK + 1, err);
    TRY(st, take_labels(s, part, &file, err));
    set_reading(&next, part, 0);
    next.block = &block[0];
    read_block(&next);
    for (uint32_t i = 0; next.n > 0; i++) {
        snn_spike_block *now = &block[i % 2];

        if (next.status != SNN_OK) {
            if (err != NULL)
                *err = next.error;
            st = next.status;
            goto done;
        }
        set_reading(&next, part, (i + 1) * SNN_SPIKE_BLOCK);
        next.block = &block[(i + 1) % 2];
        TRY(st, snn_spike_block_frame(s->ctx, &s->params, part->name, i * SNN_SPIKE_BLOCK, now, w,
                                      read_block, &next, err));
        TRY(st, keep_block(s, part, i * SNN_SPIKE_BLOCK, now, w, err));
    }
    snn_log(s->ctx, SNN_LOG_INFO, "%s: %u samples in %.1f s", path, part->n,
            snn_data_seconds() - start);

done:
    if (w != NULL)
        snn_framed_block_free(s->ctx, w);
    for (int i = 0; block != NULL && i < 2; i++)
        snn_spike_block_free(s->ctx, &block[i]);
    snn_spike_file_close(&file);
    snn_free(s->ctx, w);
    snn_free(s->ctx, block);
    return st;
}

/* ---- the data set -------------------------------------------------------- */

static void spikes_destroy(void *self)
{
    struct spikes *s = self;

    for (int p = 0; p < SNN_SPLITS; p++) {
        for (uint32_t b = 0; b < s->part[p].n_blocks; b++)
            snn_free(s->ctx, s->part[p].block[b]);
        snn_free(s->ctx, s->part[p].block);
        snn_free(s->ctx, s->part[p].sample);
    }
    snn_names_free(s->ctx, &s->keys);
    snn_free(s->ctx, s);
}

static snn_status spikes_read(void *self, snn_split split, uint32_t index, void *scratch,
                              snn_sample *out, snn_error *err)
{
    const struct spikes *s = self;
    const struct cells *sample = &s->part[split].sample[index];
    uint32_t *first = scratch;
    uint16_t *unit = (uint16_t *)(void *)(first + s->max_steps + 1);
    uint8_t *count = (uint8_t *)(unit + s->max_cells);

    (void)err;
    snn_cells_decode(&sample->code, sample->word, s->n_inputs, sample->steps, first, unit, count);
    *out = (snn_sample){.label = sample->label,
                        .speaker = sample->speaker,
                        .steps = sample->steps,
                        .first = first,
                        .unit = unit,
                        .count = count};
    return SNN_OK;
}

static const char *spikes_class_name(void *self, uint32_t label)
{
    const struct spikes *s = self;

    return label < s->keys.n ? s->keys.name[label] : NULL;
}

static snn_status spikes_key(void *self, snn_split split, uint32_t index, char *text, size_t size)
{
    const struct spikes *s = self;
    const int n = snprintf(text, size, "%s:%u", s->part[split].name, index);

    return n >= 0 && (size_t)n < size ? SNN_OK : SNN_EINVAL;
}

/* The file of a split: PREFIX_SPLIT.h5, else PREFIX_SPLIT.h5.gz; "" if neither. */
static snn_status find_file(const char *folder, const snn_names *names, const char *prefix,
                            snn_split split, char path[SNN_PATH_BYTES], snn_error *err)
{
    static const char *const endings[] = {".h5", ".h5.gz"};

    path[0] = '\0';
    for (size_t e = 0; e < SNN_COUNT(endings); e++) {
        char name[512];

        snprintf(name, sizeof name, "%s_%s%s", prefix, snn_split_name(split), endings[e]);
        if (snn_names_find(names, name) >= 0)
            return snn_data_path(path, folder, name, err);
    }
    return SNN_OK;
}

/* The text before "_train.h5": one, the same for all training files of the folder. */
static snn_status find_prefix(const char *folder, const snn_names *names, char prefix[48],
                              snn_error *err)
{
    bool found = false;

    for (size_t i = 0; i < names->n; i++) {
        const char *name = names->name[i];
        size_t n = strlen(name);

        if (snn_data_ends_with(name, "_train.h5.gz"))
            n -= strlen("_train.h5.gz");
        else if (snn_data_ends_with(name, "_train.h5"))
            n -= strlen("_train.h5");
        else
            continue;
        if (n >= 48)
            return snn_error_set(err, SNN_EINVAL, name,
                                 "the name before \"_train\" exceeds 47 bytes");
        if (found && (strlen(prefix) != n || strncmp(prefix, name, n) != 0))
            return snn_error_set(err, SNN_EFORMAT, folder,
                                 "holds two data sets, %s_train and %s: move one to its own folder",
                                 prefix, name);
        memcpy(prefix, name, n);
        prefix[n] = '\0';
        found = true;
    }
    return found ? SNN_OK
                 : snn_error_set(err, SNN_ENOTFOUND, folder,
                                 "holds no *_train.h5 and no *_train.h5.gz");
}

static snn_status load_parts(struct spikes *s, const char *folder, snn_error *err)
{
    snn_names names = {0};
    char prefix[48], path[SNN_PATH_BYTES];
    snn_status st;

    TRY(st, snn_names_folder(s->ctx, folder, &names, err));
    TRY(st, find_prefix(folder, &names, prefix, err));
    for (int p = 0; p < SNN_SPLITS; p++) {
        struct part *part = &s->part[p];

        snprintf(part->name, sizeof part->name, "%s_%s", prefix, snn_split_name((snn_split)p));
        TRY(st, find_file(folder, &names, prefix, (snn_split)p, path, err));
        if (path[0] == '\0' && p == SNN_SPLIT_VALID)
            continue;
        if (path[0] == '\0') {
            st = snn_error_set(err, SNN_ENOTFOUND, folder,
                               "holds %s_train but neither %s.h5 nor %s.h5.gz", prefix, part->name,
                               part->name);
            goto done;
        }
        TRY(st, load_part(s, part, path, err));
    }

done:
    snn_names_free(s->ctx, &names);
    return st;
}

static void report(const struct spikes *s)
{
    if (s->dropped > 0)
        snn_log(s->ctx, SNN_LOG_WARNING,
                "%llu of %llu spikes are later than data.max_time_ms = %g: dropped",
                (unsigned long long)s->dropped, (unsigned long long)s->events,
                (double)s->params.max_time_ms);
    if (s->empty > 0)
        snn_log(s->ctx, SNN_LOG_WARNING, "%llu samples without a spike: kept as one empty frame",
                (unsigned long long)s->empty);
    snn_log(s->ctx, SNN_LOG_INFO, "%llu spikes in %llu cells, at most %u steps, %.1f MiB",
            (unsigned long long)s->events, (unsigned long long)s->cells, s->max_steps,
            (double)s->bytes / (1024 * 1024));
}

snn_status snn_dataset_open_spikes(snn_context *ctx, const char *path,
                                   const snn_data_params *params, snn_dataset **out, snn_error *err)
{
    static const snn_dataset_ops ops = {sizeof(snn_dataset_ops), spikes_read, spikes_class_name,
                                        spikes_key, spikes_destroy};
    const uint32_t units = params->units > 0 ? params->units : DEFAULT_UNITS;
    struct spikes *s = NULL;
    snn_dataset_info info;
    snn_status st;

    if (!(params->time_step_ms > 0) || params->channel_bin == 0) {
        st =
            snn_error_set(err, SNN_EINVAL, "data", "time_step_ms and channel_bin must be positive");
        goto done;
    }
    TRY_ALLOC(st, ctx, s, 1, err);
    s->ctx = ctx;
    s->params = *params;
    s->n_inputs = (units - 1) / params->channel_bin + 1;
    TRY(st, load_parts(s, path, err));
    report(s);
    info = (snn_dataset_info){.kind = "spikes",
                              .n_inputs = s->n_inputs,
                              .n_classes = s->keys.n > 0 ? (uint32_t)s->keys.n : s->max_label + 1,
                              .max_steps = s->max_steps,
                              .scratch_bytes = ((size_t)s->max_steps + 1) * sizeof(uint32_t) +
                                               s->max_cells * (sizeof(uint16_t) + sizeof(uint8_t)),
                              .time_step_ms = params->time_step_ms};
    for (int p = 0; p < SNN_SPLITS; p++)
        info.count[p] = s->part[p].n;
    st = snn_dataset_create(ctx, &ops, &info, s, out, err);
    s = NULL;

done:
    if (s != NULL)
        spikes_destroy(s);
    return st;
}
