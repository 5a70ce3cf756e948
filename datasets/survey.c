/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/surveyor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a survey is inside: its names lie beside it. */
struct held {
    snn_survey survey; /* first: the address is the same */
    snn_context *ctx;
    snn_names class_names, speaker_names;
};

void snn_survey_params_init(snn_survey_params *params)
{
    *params = (snn_survey_params){.size = sizeof *params};
}

snn_status snn_survey_add(snn_surveyor *s, size_t n, snn_survey_sample **out, snn_error *err)
{
    snn_survey_sample *sample = s->sample;
    snn_status st = SNN_OK;

    if (s->n + n > s->room) {
        const size_t room = 2 * (s->n + n);

        TRY_ALLOC(st, s->ctx, sample, room, err);
        if (s->n > 0)
            memcpy(sample, s->sample, s->n * sizeof *sample);
        snn_free(s->ctx, s->sample);
        s->sample = sample;
        s->room = room;
    }
    *out = sample + s->n;
    s->n += n;

done:
    return st;
}

void snn_survey_say(snn_surveyor *s, bool warning, const char *id, const char *format, ...)
{
    snn_survey *out = s->out;
    va_list arguments;

    if (out->n_findings == SNN_SURVEY_FINDINGS)
        return;
    out->finding[out->n_findings].id = id;
    out->finding[out->n_findings].warning = warning;
    va_start(arguments, format);
    vsnprintf(out->finding[out->n_findings].text, sizeof out->finding[0].text, format, arguments);
    va_end(arguments);
    out->n_findings++;
}

snn_status snn_survey_progress(const snn_surveyor *s, uint64_t done, uint64_t total, snn_error *err)
{
    const snn_survey_params *p = s->params;

    if (p->progress == NULL || p->progress(p->user, done, total) == 0)
        return SNN_OK;
    return snn_error_set(err, SNN_EINTERRUPTED, NULL,
                         "stopped after %" PRIu64 " of %" PRIu64 " samples", done, total);
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

snn_spread snn_survey_spread(double *values, size_t n)
{
    if (n == 0)
        return (snn_spread){0};
    qsort(values, n, sizeof *values, compare_numbers);
    return (snn_spread){.least = values[0],
                        .low = values[(n - 1) * 5 / 100],
                        .median =
                            n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2,
                        .high = values[(n - 1) * 95 / 100],
                        .most = values[n - 1]};
}

/* ---- counts ---------------------------------------------------------------- */

static snn_status count_splits(snn_surveyor *s, snn_error *err)
{
    double *value = NULL;
    snn_status st;

    TRY_ALLOC(st, s->ctx, value, s->n, err);
    for (int p = 0; p < SNN_SPLITS; p++) {
        snn_survey_split *split = &s->out->split[p];
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++)
            if (s->sample[i].split == p) {
                value[n++] = s->sample[i].duration_s;
                split->total_s += s->sample[i].duration_s;
                split->n_events += s->sample[i].events;
                split->empty += s->sample[i].empty;
            }
        split->samples = (uint32_t)n;
        split->duration_s = snn_survey_spread(value, n);
        n = 0;
        for (size_t i = 0; i < s->n; i++)
            if (s->sample[i].split == p)
                value[n++] = s->sample[i].events;
        split->events = snn_survey_spread(value, n);
    }

done:
    snn_free(s->ctx, value);
    return st;
}

static snn_status count_classes(snn_surveyor *s, snn_error *err)
{
    snn_survey *out = s->out;
    uint32_t wrong = 0;
    int64_t n = (int64_t)s->class_names->n;
    snn_status st;

    for (size_t i = 0; i < s->n; i++) {
        const int64_t label = s->sample[i].label;

        if (label >= 0 && label < SNN_SURVEY_MAX_CLASSES)
            n = label >= n ? label + 1 : n;
    }
    TRY_ALLOC(st, s->ctx, out->classes, n, err);
    out->n_classes = (uint32_t)n;
    for (size_t i = 0; i < s->class_names->n; i++)
        out->classes[i].name = s->class_names->name[i];
    for (size_t i = 0; i < s->n; i++) {
        const int64_t label = s->sample[i].label;

        if (label < 0 || label >= n)
            wrong++;
        else
            out->classes[label].samples[s->sample[i].split]++;
    }
    if (wrong > 0)
        snn_survey_say(s, true, "label-range", "%" PRIu32 " labels are not in 0..%d", wrong,
                       SNN_SURVEY_MAX_CLASSES - 1);

done:
    return st;
}

static int compare_speakers(const void *a, const void *b)
{
    const int64_t x = ((const snn_survey_speaker *)a)->number,
                  y = ((const snn_survey_speaker *)b)->number;

    return (x > y) - (x < y);
}

/* Distinct speakers in order of their numbers. */
static snn_status count_speakers(snn_surveyor *s, snn_error *err)
{
    snn_survey *out = s->out;
    snn_survey_speaker *all = NULL;
    uint32_t n = 0;
    snn_status st;

    TRY_ALLOC(st, s->ctx, all, s->n, err);
    for (size_t i = 0; i < s->n; i++)
        if (s->sample[i].speaker >= 0) {
            all[n].number = s->sample[i].speaker;
            all[n++].samples[s->sample[i].split] = 1;
        }
    qsort(all, n, sizeof *all, compare_speakers);
    for (uint32_t i = 0; i < n; i++) {
        snn_survey_speaker *last = out->n_speakers > 0 ? &all[out->n_speakers - 1] : NULL;

        if (last == NULL || last->number != all[i].number) {
            last = &all[out->n_speakers++];
            *last = all[i];
            continue;
        }
        for (int p = 0; p < SNN_SPLITS; p++)
            last->samples[p] += all[i].samples[p];
    }
    for (uint32_t i = 0; i < out->n_speakers; i++) {
        if (all[i].number < (int64_t)s->speaker_names->n)
            all[i].name = s->speaker_names->name[all[i].number];
        for (int p = 0; p < SNN_SPLITS; p++)
            out->split[p].speakers += all[i].samples[p] > 0;
    }
    out->speakers = all;

done:
    return st;
}

/* ---- traps that all kinds know ------------------------------------------------ */

static void judge_classes(snn_surveyor *s)
{
    const snn_survey *out = s->out;
    uint32_t nameless = 0, untrained = 0, first = 0;

    for (uint32_t c = 0; c < out->n_classes; c++) {
        const snn_survey_class *class = &out->classes[c];
        const uint32_t other = class->samples[SNN_SPLIT_VALID] + class->samples[SNN_SPLIT_TEST];

        nameless += class->name == NULL && class->samples[SNN_SPLIT_TRAIN] + other > 0;
        if (class->samples[SNN_SPLIT_TRAIN] == 0 && other > 0 && untrained++ == 0)
            first = c;
    }
    if (nameless > 0)
        snn_survey_say(s, true, "labels-without-names",
                       "%" PRIu32 " labels have no name in extra/keys: shown by their number",
                       nameless);
    if (untrained > 0 && out->split[SNN_SPLIT_TRAIN].samples > 0)
        snn_survey_say(s, true, "class-not-trained",
                       "%" PRIu32 " classes have no training sample, first %" PRIu32 " (%s)",
                       untrained, first,
                       out->classes[first].name != NULL ? out->classes[first].name : "no name");
}

static void judge_speakers(snn_surveyor *s)
{
    const snn_survey *out = s->out;
    uint32_t both = 0, unseen = 0;

    for (uint32_t i = 0; i < out->n_speakers; i++) {
        const uint32_t *n = out->speakers[i].samples;

        both += n[SNN_SPLIT_TRAIN] > 0 && n[SNN_SPLIT_TEST] > 0;
        unseen += n[SNN_SPLIT_TRAIN] == 0 && n[SNN_SPLIT_TEST] > 0;
    }
    if (both > 0)
        snn_survey_say(s, true, "speakers-shared",
                       "%" PRIu32 " speakers are in both train and test, %" PRIu32
                       " in test alone: accuracy on test is not that on new voices",
                       both, unseen);
}

/* Samples by what they hold, then by place. */
static int compare_digests(const void *a, const void *b)
{
    const snn_survey_sample *x = a, *y = b;

    if (x->digest != y->digest)
        return x->digest < y->digest ? -1 : 1;
    if (x->split != y->split)
        return x->split < y->split ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts the samples: the last thing that is done with them. */
static void judge_duplicates(snn_surveyor *s)
{
    const snn_survey_sample *first[2][2] = {{NULL}};
    uint32_t within = 0, between = 0, contradict = 0;
    char a[SNN_ERROR_WHERE], b[SNN_ERROR_WHERE];

    qsort(s->sample, s->n, sizeof *s->sample, compare_digests);
    for (size_t i = 1; i < s->n; i++) {
        const snn_survey_sample *before = &s->sample[i - 1], *here = &s->sample[i];
        const bool across = before->split != here->split;

        if (here->empty || before->empty || before->digest != here->digest)
            continue;
        *(across ? &between : &within) += 1;
        contradict += before->label != here->label;
        if (first[across][0] == NULL) {
            first[across][0] = before;
            first[across][1] = here;
        }
    }
    for (int across = 1; across >= 0; across--) {
        if (first[across][0] == NULL)
            continue;
        s->name(s, first[across][0], a);
        s->name(s, first[across][1], b);
        snn_survey_say(s, true, across ? "duplicates-between-splits" : "duplicates",
                       "%" PRIu32 " samples are there twice, %s, first %s and %s",
                       across ? between : within, across ? "in two splits" : "in one split", a, b);
    }
    if (contradict > 0)
        snn_survey_say(s, true, "duplicates-contradict",
                       "%" PRIu32 " of these have another label the second time", contradict);
}

static void judge_empty(snn_surveyor *s)
{
    char first[SNN_ERROR_WHERE] = "";
    uint32_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (s->sample[i].empty && n++ == 0)
            s->name(s, &s->sample[i], first);
    if (n > 0)
        snn_survey_say(s, true, "empty-samples",
                       "%" PRIu32 " samples hold nothing, first %s: they train as one empty frame",
                       n, first);
}

static void close_reader(snn_surveyor *s)
{
    if (s->reader != NULL)
        s->close(s);
    s->reader = NULL;
}

static snn_status look(snn_surveyor *s, const char *path, snn_error *err)
{
    snn_status st;

    if (!snn_data_is_folder(path))
        return snn_survey_spikes(s, path, err);
    /* Spikes win where both are, as in snn_dataset_open. */
    st = snn_survey_spikes(s, path, err);
    if (st == SNN_ENOTFOUND && s->n == 0) {
        close_reader(s);
        st = snn_survey_audio(s, path, err);
    }
    if (st == SNN_ENOTFOUND && s->n == 0)
        st = snn_error_set(err, SNN_ENOTFOUND, path,
                           "no data set: holds neither *_train.h5, *_valid.h5 or *_test.h5 (or "
                           ".h5.gz: spikes in the layout of SHD) nor word/file.wav or .flac "
                           "(recordings in the layout of Speech Commands)");
    return st;
}

snn_status snn_survey_create(snn_context *ctx, const char *path, const snn_survey_params *params,
                             snn_survey **out, snn_error *err)
{
    snn_survey_params defaults;
    snn_surveyor s = {.ctx = ctx};
    struct held *held = NULL;
    snn_status st;

    snn_survey_params_init(&defaults);
    s.params = params != NULL ? params : &defaults;
    if (s.params->size != sizeof *s.params)
        return snn_error_set(err, SNN_EINVAL, "snn_survey_params",
                             "size is %zu, not %zu: use snn_survey_params_init", s.params->size,
                             sizeof *s.params);
    TRY_ALLOC(st, ctx, held, 1, err);
    held->ctx = ctx;
    s.out = &held->survey;
    s.class_names = &held->class_names;
    s.speaker_names = &held->speaker_names;
    TRY(st, look(&s, path, err));
    TRY(st, count_splits(&s, err));
    TRY(st, count_classes(&s, err));
    TRY(st, count_speakers(&s, err));
    judge_empty(&s);
    judge_classes(&s);
    judge_speakers(&s);
    judge_duplicates(&s);
    *out = &held->survey;
    held = NULL;

done:
    snn_free(ctx, s.sample);
    close_reader(&s);
    snn_survey_destroy(held != NULL ? &held->survey : NULL);
    return st;
}

void snn_survey_destroy(snn_survey *survey)
{
    struct held *held = (struct held *)survey;

    if (held == NULL)
        return;
    snn_free(held->ctx, held->survey.formats);
    snn_free(held->ctx, held->survey.speakers);
    snn_free(held->ctx, held->survey.classes);
    snn_names_free(held->ctx, &held->speaker_names);
    snn_names_free(held->ctx, &held->class_names);
    snn_free(held->ctx, held);
}
