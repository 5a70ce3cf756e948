/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of a whole data set in one area: memory, or a file that is mapped.
 *
 * The file, all numbers in the machine's byte order:
 *
 *   offset  size             what
 *   0       8                "snnframe"
 *   8       4                version, 1
 *   12      4                0x01020304: tells a foreign byte order
 *   16      8                key: digest of the recordings and the settings
 *   24      4                samples n
 *   28      4                bands b
 *   32      8                frames in all f
 *   40      4                CRC-32 of bytes 0..39 and of the table
 *   44      20               zero
 *   64      8 n + 8 b        table: n times {steps u32, CRC-32 u32 of the sample's
 *                            frames}, then b means and b deviations, float32
 *   ...     to 64            zero
 *   ...     4 f b            frames, float32, sample after sample
 *
 * A file is used only if its length, key, numbers and every CRC are right.
 */
#ifndef SNN_DATASETS_FRAME_CACHE_H
#define SNN_DATASETS_FRAME_CACHE_H

#include "datasets/data.h"

typedef struct snn_frames {
    snn_context *ctx;
    uint64_t key;
    uint32_t n_samples, n_bands, max_steps;
    uint64_t *first;  /* n_samples + 1: frame at which a sample begins */
    float *values;    /* frame f, band b: values[f * n_bands + b] */
    float *mean;      /* n_bands: subtracted from each frame, ... */
    float *deviation; /* ... which is then divided by this */
    void *map;        /* the whole file, or NULL when values lie in memory */
    size_t map_bytes;
    int file; /* while it is being made, else -1 */
    char path[SNN_PATH_BYTES], temporary[SNN_PATH_BYTES + 32];
} snn_frames;

/* Bytes that the frames of these samples take. */
uint64_t snn_frames_bytes(const uint32_t *steps, uint32_t n_samples, uint32_t n_bands);

/* Map an existing file.  Errors: SNN_ENOTFOUND (no file), SNN_EFORMAT (broken or of
 * another key; the detail says what), SNN_EIO, SNN_ENOMEM. */
snn_status snn_frames_open(snn_context *ctx, const char *path, uint64_t key, uint32_t n_samples,
                           uint32_t n_bands, snn_frames *out, snn_error *err);

/* Make room to be filled: in a file beside `path`, or in memory when `path` is NULL. */
snn_status snn_frames_begin(snn_context *ctx, const char *path, uint64_t key, const uint32_t *steps,
                            uint32_t n_samples, uint32_t n_bands, snn_frames *out, snn_error *err);

/* Everything is filled: write sums, sync and give the file its name. */
snn_status snn_frames_commit(snn_frames *frames, snn_error *err);

/* Forget the frames; a file that was not committed is removed. */
void snn_frames_close(snn_frames *frames);

#endif
