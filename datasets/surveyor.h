/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the two kinds of survey share: samples are collected by the reader of a kind, and
 * counted, compared and judged in one place.
 */
#ifndef SNN_DATASETS_SURVEYOR_H
#define SNN_DATASETS_SURVEYOR_H

#include "datasets/data.h"

#include <snn/survey.h>

#define SNN_SURVEY_MAX_CLASSES 65536

/* One sample, as the reader saw it. */
typedef struct snn_survey_sample {
    int64_t label, speaker; /* speaker -1 = unknown */
    uint64_t digest;        /* of what it holds */
    uint32_t events;        /* audio: 0 */
    uint32_t index;         /* within its split */
    double duration_s;
    uint8_t split;
    bool empty;
} snn_survey_sample;

typedef struct snn_surveyor {
    snn_context *ctx;
    const snn_survey_params *params;
    snn_survey *out;
    snn_survey_sample *sample;
    size_t n, room;
    snn_names *class_names, *speaker_names; /* by number; n = 0 where there are none */
    /* Name of a sample in messages, "shd_train:17". */
    void (*name)(const struct snn_surveyor *s, const snn_survey_sample *sample,
                 char text[SNN_ERROR_WHERE]);
    void *reader;                          /* what `name` needs, ... */
    void (*close)(struct snn_surveyor *s); /* ... until this frees it */
} snn_surveyor;

/* Room for n more samples; they are zero and counted. */
snn_status snn_survey_add(snn_surveyor *s, size_t n, snn_survey_sample **out, snn_error *err);
/* Add a finding: the id is static text. */
void snn_survey_say(snn_surveyor *s, bool warning, const char *id, const char *format, ...)
    SNN_PRINTF(4, 5);
/* Spread of n numbers, which are sorted in place. */
snn_spread snn_survey_spread(double *values, size_t n);
/* SNN_EINTERRUPTED if the user wants to stop. */
snn_status snn_survey_progress(const snn_surveyor *s, uint64_t done, uint64_t total,
                               snn_error *err);

/* The readers: collect samples, names, and what only they know. */
snn_status snn_survey_spikes(snn_surveyor *s, const char *path, snn_error *err);
snn_status snn_survey_audio(snn_surveyor *s, const char *folder, snn_error *err);

#endif
