/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recordings: one channel of float samples in [-1, 1], read with libsndfile and
 * brought to the wanted rate with libsamplerate.
 */
#ifndef SNN_DATASETS_CLIP_H
#define SNN_DATASETS_CLIP_H

#include "datasets/data.h"

typedef struct snn_clip_info {
    uint32_t rate; /* Hz */
    uint32_t channels;
    uint64_t n_frames; /* samples of each channel */
} snn_clip_info;

/* Read a file's header and check it against the file's size.  Errors: SNN_EIO,
 * SNN_EFORMAT (not audio, cut short; several channels, unless they are to be mixed). */
snn_status snn_clip_probe(const char *path, bool mix, snn_clip_info *out, snn_error *err);

/* Samples that a clip has at another rate: ceil(n * to / from). */
uint64_t snn_clip_resampled(uint64_t n, uint32_t from, uint32_t to);

/* n samples from one rate to another, snn_clip_resampled of them.  Errors: SNN_EFORMAT
 * (a ratio beyond 256); `path` names the clip. */
snn_status snn_clip_resample(const char *path, const float *in, uint64_t n, uint32_t from,
                             uint32_t to, float *out, snn_error *err);

/* Read a whole clip, several channels mixed to their mean, at `rate` into out[0 .. n-1], n =
 * snn_clip_resampled of its length.  `scratch` holds the clip at its own rate when that differs. */
snn_status snn_clip_read(const char *path, const snn_clip_info *info, uint32_t rate, float *scratch,
                         float *out, snn_error *err);

#endif
