/* SPDX-License-Identifier: BSD-3-Clause */
/* The survey of spikes in the layout of SHD: every event is read once. */
#include "datasets/spikes_file.h"
#include "datasets/surveyor.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_UNITS 700
#define MAX_UNITS     (1u << 24)
#define LONG_S        100.0 /* a word that lasts longer is a mistake of the unit of time */

/* What the real files of SHD hold, and what their README and several papers say. */
static const uint32_t SHD_SAMPLES[SNN_SPLITS] = {8156, 0, 2264};
static const uint32_t SHD_LISTED[SNN_SPLITS] = {8332, 0, 2088};

struct sample_flaws {
    uint32_t wrong_units, wrong_times;
    bool unsorted;
};

/* Counts over all files, and the first sample of each flaw. */
struct flaws {
    uint64_t wrong_units, wrong_times, unsorted, late;
    char unit[SNN_ERROR_WHERE], time[SNN_ERROR_WHERE], order[SNN_ERROR_WHERE];
    double last_s;
    bool half, keyless;
};

/* The reader's own: names of the files, for messages. */
struct reader {
    char file[SNN_SPLITS][256];
    uint32_t n_units;
    uint64_t *unit_events;
    struct flaws flaws;
};

static void sample_name(const snn_surveyor *s, const snn_survey_sample *sample,
                        char text[SNN_ERROR_WHERE])
{
    const struct reader *r = s->reader;
    const char *file = r->file[sample->split];
    const char *end = strstr(file, ".h5");

    snprintf(text, SNN_ERROR_WHERE, "%.*s:%" PRIu32,
             (int)(end != NULL ? (size_t)(end - file) : strlen(file)), file, sample->index);
}

/* Mix one 64-bit word into a digest of many. */
static uint64_t mix(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return digest ^ digest >> 29;
}

static void look_at_sample(const snn_spike_block *block, uint32_t i, uint32_t n_units,
                           snn_survey_sample *sample, struct sample_flaws *flaws)
{
    const size_t begin = block->first[i], end = block->first[i + 1];
    uint64_t digest = end - begin;
    float last = 0;

    *flaws = (struct sample_flaws){.unsorted = !block->sorted[i]};
    for (size_t k = begin; k < end; k++) {
        const float t = block->time_s[k];
        uint32_t bits;

        memcpy(&bits, &t, sizeof bits);
        digest = mix(digest, (uint64_t)bits << 32 | block->unit[k]);
        flaws->wrong_units += block->unit[k] >= n_units;
        if (!(t >= 0) || isinf(t))
            flaws->wrong_times++;
        else
            last = t > last ? t : last;
    }
    sample->digest = digest;
    sample->events = (uint32_t)(end - begin);
    sample->empty = begin == end;
    sample->duration_s = (double)last;
}

static void note_flaws(snn_surveyor *s, const snn_survey_sample *sample,
                       const struct sample_flaws *flaws)
{
    struct flaws *all = &((struct reader *)s->reader)->flaws;

    if (flaws->wrong_units > 0 && all->wrong_units == 0)
        sample_name(s, sample, all->unit);
    if (flaws->wrong_times > 0 && all->wrong_times == 0)
        sample_name(s, sample, all->time);
    if (flaws->unsorted && all->unsorted == 0)
        sample_name(s, sample, all->order);
    all->wrong_units += flaws->wrong_units;
    all->wrong_times += flaws->wrong_times;
    all->unsorted += flaws->unsorted;
    all->late += sample->duration_s > LONG_S;
    all->last_s = sample->duration_s > all->last_s ? sample->duration_s : all->last_s;
}

static void look_at_block(snn_surveyor *s, const snn_spike_block *block, snn_survey_sample *sample,
                          struct sample_flaws flaws[SNN_SPIKE_BLOCK])
{
    struct reader *r = s->reader;

#pragma omp parallel for schedule(dynamic, 8) num_threads(snn_context_threads(s->ctx))
    for (uint32_t i = 0; i < block->n_samples; i++)
        look_at_sample(block, i, r->n_units, &sample[i], &flaws[i]);
    for (uint32_t i = 0; i < block->n_samples; i++)
        note_flaws(s, &sample[i], &flaws[i]);
    for (size_t k = 0; k < block->first[block->n_samples]; k++)
        if (block->unit[k] < r->n_units)
            r->unit_events[block->unit[k]]++;
}

static snn_status look_at_file(snn_surveyor *s, const char *path, snn_split split, snn_error *err)
{
    struct reader *r = s->reader;
    snn_spike_file file = {0};
    snn_spike_block *block = NULL;
    struct sample_flaws *flaws = NULL;
    snn_survey_sample *sample;
    snn_status st;

    TRY_ALLOC(st, s->ctx, block, 1, err);
    TRY_ALLOC(st, s->ctx, flaws, SNN_SPIKE_BLOCK, err);
    TRY(st, snn_spike_file_open(s->ctx, path, &file, err));
    r->flaws.half |= file.half;
    r->flaws.keyless |= file.keys.n == 0;
    if (s->class_names->n == 0 && file.keys.n > 0) {
        *s->class_names = file.keys;
        file.keys = (snn_names){0};
    }
    TRY(st, snn_survey_add(s, file.n_samples, &sample, err));
    for (uint32_t i = 0; i < file.n_samples; i++) {
        sample[i].label = file.label[i];
        sample[i].speaker = file.speaker != NULL ? file.speaker[i] : -1;
        sample[i].index = i;
        sample[i].split = (uint8_t)split;
    }
    for (uint32_t i = 0; i < file.n_samples; i += SNN_SPIKE_BLOCK) {
        const uint32_t left = file.n_samples - i;
        const uint32_t n = left < SNN_SPIKE_BLOCK ? left : SNN_SPIKE_BLOCK;

        TRY(st, snn_spike_file_read(&file, i, n, block, err));
        look_at_block(s, block, sample + i, flaws);
        TRY(st, snn_survey_progress(s, s->n - left + n, s->n, err));
    }

done:
    if (block != NULL)
        snn_spike_block_free(s->ctx, block);
    snn_spike_file_close(&file);
    snn_free(s->ctx, flaws);
    snn_free(s->ctx, block);
    return st;
}

/* ---- which files ------------------------------------------------------------------ */

/* The split that a name ends in ("x_test.h5.gz"), or SNN_SPLITS. */
static snn_split split_of(const char *name)
{
    static const char *const endings[] = {".h5", ".h5.gz"};

    for (int p = 0; p < SNN_SPLITS; p++)
        for (size_t e = 0; e < SNN_COUNT(endings); e++) {
            char tail[32];

            snprintf(tail, sizeof tail, "_%s%s", snn_split_name((snn_split)p), endings[e]);
            if (snn_data_ends_with(name, tail))
                return (snn_split)p;
        }
    return SNN_SPLITS;
}

/* The file of each split in a folder; a .h5 is preferred to its .h5.gz. */
static snn_status find_files(snn_surveyor *s, const char *folder, snn_error *err)
{
    struct reader *r = s->reader;
    snn_names names = {0};
    bool any = false;
    snn_status st;

    TRY(st, snn_names_folder(s->ctx, folder, &names, err));
    for (size_t i = 0; i < names.n; i++) { /* sorted: x.h5 comes before x.h5.gz */
        const char *name = names.name[i];
        const snn_split split = split_of(name);

        if (split == SNN_SPLITS || strlen(name) >= sizeof r->file[0])
            continue;
        any = true;
        if (r->file[split][0] == '\0') {
            memcpy(r->file[split], name, strlen(name) + 1);
            continue;
        }
        if (strncmp(name, r->file[split], strlen(r->file[split])) == 0)
            continue; /* its .gz */
        st = snn_error_set(err, SNN_EFORMAT, folder,
                           "holds two data sets, %s and %s: move one to its own folder",
                           r->file[split], name);
        goto done;
    }
    if (!any)
        st = snn_error_set(err, SNN_ENOTFOUND, folder, "holds no *_train.h5 and no *_test.h5");

done:
    snn_names_free(s->ctx, &names);
    return st;
}

static snn_status take_one(snn_surveyor *s, const char *path, snn_split *split, snn_error *err)
{
    struct reader *r = s->reader;
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;

    *split = split_of(name) == SNN_SPLITS ? SNN_SPLIT_TRAIN : split_of(name);
    if (strlen(name) >= sizeof r->file[0])
        return snn_error_set(err, SNN_EINVAL, path, "the name is too long");
    memcpy(r->file[*split], name, strlen(name) + 1);
    return SNN_OK;
}

/* ---- judgement ----------------------------------------------------------------------- */

static void judge_times(snn_surveyor *s, const struct flaws *f)
{
    if (f->half)
        snn_survey_say(s, false, "float16-times",
                       "times are float16: steps of 0.24 ms from 0.25 s on, 0.49 ms from 0.5 s, "
                       "0.98 ms from 1 s; convert before scaling, as in float16 microseconds "
                       "overflow after 0.0655 s");
    if (f->unsorted > 0)
        snn_survey_say(s, true, "unsorted-times",
                       "%" PRIu64 " samples have events out of order, first %s", f->unsorted,
                       f->order);
    if (f->wrong_times > 0)
        snn_survey_say(s, true, "wrong-times",
                       "%" PRIu64 " events have a negative or infinite time or none, first in %s",
                       f->wrong_times, f->time);
    if (f->late > 0)
        snn_survey_say(s, true, "long-times",
                       "%" PRIu64 " samples last longer than %g s, one %g: times must be in "
                       "seconds",
                       f->late, LONG_S, f->last_s);
}

/* SHD has 8156 and 2264 samples, and the file that came with it says otherwise. */
static void judge_shd(snn_surveyor *s, const struct reader *r)
{
    for (int p = 0; p < SNN_SPLITS; p++) {
        uint32_t n = 0;

        if (SHD_SAMPLES[p] == 0 || strncmp(r->file[p], "shd_", 4) != 0)
            continue;
        for (size_t i = 0; i < s->n; i++)
            n += s->sample[i].split == p;
        if (n == SHD_SAMPLES[p])
            snn_survey_say(s, false, "shd-count",
                           "%s: %" PRIu32 " samples, as published; its README and several "
                           "papers say %" PRIu32,
                           snn_split_name((snn_split)p), n, SHD_LISTED[p]);
        else
            snn_survey_say(s, true, "shd-count",
                           "%s: %" PRIu32 " samples, but that file of SHD holds %" PRIu32,
                           snn_split_name((snn_split)p), n, SHD_SAMPLES[p]);
    }
}

static snn_status judge_units(snn_surveyor *s, const struct reader *r, snn_error *err)
{
    double *rate = NULL;
    snn_status st;

    TRY_ALLOC(st, s->ctx, rate, r->n_units, err);
    for (uint32_t u = 0; u < r->n_units; u++) {
        rate[u] = s->n > 0 ? (double)r->unit_events[u] / (double)s->n : 0;
        s->out->silent_units += r->unit_events[u] == 0;
    }
    s->out->n_units = r->n_units;
    s->out->unit_events = snn_survey_spread(rate, r->n_units);
    if (r->flaws.wrong_units > 0)
        snn_survey_say(s, true, "unit-range",
                       "%" PRIu64 " events have a unit that is not below %" PRIu32
                       ", first in %s; data.units sets their number",
                       r->flaws.wrong_units, r->n_units, r->flaws.unit);

done:
    snn_free(s->ctx, rate);
    return st;
}

static void judge_splits(snn_surveyor *s, const struct reader *r)
{
    if (r->file[SNN_SPLIT_TRAIN][0] == '\0')
        snn_survey_say(s, true, "no-train", "there is no *_train.h5: nothing to learn from");
    if (r->file[SNN_SPLIT_TEST][0] == '\0')
        snn_survey_say(s, true, "no-test", "there is no *_test.h5: training asks for it");
    if (r->file[SNN_SPLIT_VALID][0] == '\0')
        snn_survey_say(s, false, "no-valid",
                       "there is no *_valid.h5: training sets a share of train apart");
}

static void close_reader(snn_surveyor *s)
{
    struct reader *r = s->reader;

    snn_free(s->ctx, r->unit_events);
    snn_free(s->ctx, r);
}

snn_status snn_survey_spikes(snn_surveyor *s, const char *path, snn_error *err)
{
    const bool folder = snn_data_is_folder(path);
    snn_split only = SNN_SPLITS;
    struct reader *r = NULL;
    char file[SNN_PATH_BYTES];
    snn_status st;

    TRY_ALLOC(st, s->ctx, r, 1, err);
    s->reader = r;
    s->name = sample_name;
    s->close = close_reader;
    r->n_units = s->params->units > 0 ? s->params->units : DEFAULT_UNITS;
    if (r->n_units > MAX_UNITS) {
        st = snn_error_set(err, SNN_EINVAL, "units", "%" PRIu32 " is too many", r->n_units);
        goto done;
    }
    TRY_ALLOC(st, s->ctx, r->unit_events, r->n_units, err);
    TRY(st, folder ? find_files(s, path, err) : take_one(s, path, &only, err));
    s->out->kind = "spikes";
    for (int p = 0; p < SNN_SPLITS; p++) {
        if (r->file[p][0] == '\0')
            continue;
        if (folder)
            TRY(st, snn_data_path(file, path, r->file[p], err));
        memcpy(s->out->split[p].file, r->file[p], sizeof r->file[p]);
        TRY(st, look_at_file(s, folder ? file : path, (snn_split)p, err));
    }
    if (folder)
        judge_splits(s, r);
    judge_times(s, &r->flaws);
    TRY(st, judge_units(s, r, err));
    judge_shd(s, r);

done:
    return st;
}
