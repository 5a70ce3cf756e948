/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One spoken word from the espeak-ng program, as a clip of at most one second.
 */
#ifndef SNN_DATASETS_ESPEAK_H
#define SNN_DATASETS_ESPEAK_H

#include "datasets/data.h"

#include <snn/random.h>

#define SNN_ESPEAK_RATE 16000 /* Hz of the clips */

/* What is drawn for a clip. */
typedef struct snn_utterance {
    const char *text;     /* UTF-8 */
    const char *language; /* "en-gb" */
    const char *variant;  /* "f2" */
    snn_key key;          /* of the random numbers, with ... */
    uint32_t clip;        /* ... the number of the clip */
} snn_utterance;

/* Bytes of scratch that one thread needs, aligned to 64. */
size_t snn_espeak_scratch(void);

/* Run `program` with `argument` and its output to the file `path`.
 * Errors: SNN_ENOTFOUND (no such program; says how to install it), SNN_EIO. */
snn_status snn_espeak_query(const char *program, const char *argument, const char *path,
                            snn_error *err);

/* Speak, resample, trim, vary level, silence and noise; write 16-bit WAV to `path`
 * atomically.  Errors: SNN_ENOTFOUND, SNN_EIO, SNN_EFORMAT. */
snn_status snn_espeak_clip(const char *program, const snn_utterance *utterance, const char *path,
                           void *scratch, snn_error *err);

#endif
