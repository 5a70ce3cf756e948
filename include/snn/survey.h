/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A look at a data set as it is stored, before any framing: counts, classes, speakers,
 * lengths, events, and the known traps.  What snn_dataset_open refuses (a unit out of
 * range, a listed clip that is not there) is a finding here, so that all of it shows at once.
 */
#ifndef SNN_SURVEY_H
#define SNN_SURVEY_H

#include <snn/context.h>
#include <snn/dataset.h>

#define SNN_SURVEY_FINDINGS 32

/* Of a set of numbers: least, 5 % quantile, median, 95 % quantile, most.  All 0 of none. */
typedef struct snn_spread {
    double least, low, median, high, most;
} snn_spread;

typedef struct snn_survey_split {
    uint32_t samples;
    uint32_t speakers;     /* 0 = unknown */
    uint32_t empty;        /* samples without an event, clips without sound samples */
    snn_spread duration_s; /* spikes: time of the last event; audio: length of the clip */
    double total_s;
    snn_spread events; /* spikes: events of a sample */
    uint64_t n_events;
    char file[256]; /* spikes: name of the file; "" = none */
} snn_survey_split;

typedef struct snn_survey_class {
    const char *name; /* NULL = the set has no name for it */
    uint32_t samples[SNN_SPLITS];
} snn_survey_class;

typedef struct snn_survey_speaker {
    int64_t number;   /* as stored */
    const char *name; /* NULL = only the number is known */
    uint32_t samples[SNN_SPLITS];
} snn_survey_speaker;

/* Recordings of one kind. */
typedef struct snn_survey_format {
    uint32_t rate, channels, clips;
} snn_survey_format;

typedef struct snn_survey_finding {
    const char *id; /* a word for programs: "float16-times" */
    int warning;    /* else it is only good to know */
    char text[SNN_ERROR_WHAT];
} snn_survey_finding;

/* Everything belongs to the survey; read only. */
typedef struct snn_survey {
    const char *kind; /* "spikes" or "audio" */
    snn_survey_split split[SNN_SPLITS];
    uint32_t n_classes;
    snn_survey_class *classes;
    uint32_t n_speakers;
    snn_survey_speaker *speakers;
    /* spikes */
    uint32_t n_units;       /* units that events may have */
    uint32_t silent_units;  /* of these without an event in any split */
    snn_spread unit_events; /* over units: mean events a sample */
    /* audio: most frequent first */
    uint32_t n_formats;
    snn_survey_format *formats;
    uint32_t n_findings;
    snn_survey_finding finding[SNN_SURVEY_FINDINGS];
} snn_survey;

typedef struct snn_survey_params {
    size_t size;    /* sizeof(snn_survey_params), set by _init */
    uint32_t units; /* spikes: number of units; 0 = 700, as SHD and SSC */
    /* Called as samples are looked at; a non-zero return stops with SNN_EINTERRUPTED. */
    int (*progress)(void *user, uint64_t done, uint64_t total);
    void *user;
} snn_survey_params;

SNN_BEGIN_DECLS

SNN_API void snn_survey_params_init(snn_survey_params *params);

/* Look at a folder of spike files (*_train.h5[.gz], ...) or of recordings
 * (word/file.wav|flac), or at one spike file, whose split its name says ("..._test.h5";
 * without such an ending it counts as train).
 * Errors: SNN_ENOTFOUND (no data set), SNN_EIO, SNN_EFORMAT (a file that is not in the
 * layout of SHD), SNN_EINTERRUPTED, SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_survey_create(snn_context *ctx, const char *path,
                                                  const snn_survey_params *params, snn_survey **out,
                                                  snn_error *err);
SNN_API void snn_survey_destroy(snn_survey *survey);

SNN_END_DECLS
#endif
