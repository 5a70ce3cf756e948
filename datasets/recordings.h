/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recordings to encode, from one of two places:
 *
 *   a folder in the layout of Speech Commands (datasets/audio_files.h)
 *   a list: a text file, columns separated by tabs (by commas where the first line has no
 *           tab); the first line names them, in any order:
 *
 *             path         of the recording, relative to the list's folder; also its name
 *             label        class; classes are numbered as they first appear
 *             split        train, valid or test; "" = train
 *             speaker      any word; numbered as they first appear
 *             gender, age, body_height    of the speaker: the same on all its lines
 *
 *           path and label are needed.  Lines that are empty or begin with '#' are skipped.
 */
#ifndef SNN_DATASETS_RECORDINGS_H
#define SNN_DATASETS_RECORDINGS_H

#include "datasets/data.h"

typedef enum snn_speaker_fact {
    SNN_FACT_GENDER,
    SNN_FACT_AGE,
    SNN_FACT_HEIGHT,
    SNN_FACTS
} snn_speaker_fact;

typedef struct snn_recording {
    const char *key; /* name for people, and for the clip's random numbers */
    uint32_t label, speaker;
    snn_split split;
} snn_recording;

typedef struct snn_recordings {
    snn_context *ctx;
    char folder[SNN_PATH_BYTES]; /* that keys are relative to */
    char name[SNN_PATH_BYTES];   /* of the folder, or of the list without its ending */
    snn_names keys, classes, speakers;
    uint32_t n;
    snn_recording *at; /* n */
    /* Of each speaker, as written; n = 0 where no line tells. */
    snn_names fact[SNN_FACTS];
} snn_recordings;

/* `out` is zeroed by the caller; free it also on failure.  Errors: SNN_ENOTFOUND,
 * SNN_EFORMAT (a line of the list, named), SNN_EIO, SNN_ENOMEM. */
snn_status snn_recordings_find(snn_context *ctx, const char *path, snn_recordings *out,
                               snn_error *err);
/* Where recording i lies. */
snn_status snn_recordings_path(const snn_recordings *recordings, uint32_t i,
                               char path[SNN_PATH_BYTES], snn_error *err);
void snn_recordings_free(snn_recordings *recordings);

#endif
