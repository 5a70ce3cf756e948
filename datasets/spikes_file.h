/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One file in the layout of SHD, read in order by one thread:
 *
 *   /spikes/times   (N) variable-length, float16 seconds (also float32, float64)
 *   /spikes/units   (N) variable-length, any integer
 *   /labels         (N) any integer
 *   /extra/speaker  (N) any integer, optional
 *   /extra/keys     (C) strings, optional: names of the classes
 *
 * A ".gz" file is unpacked into a temporary file ($TMPDIR, else /var/tmp) that loses
 * its name as soon as it is open: SSC is 2.4 GB unpacked, too much for memory.
 */
#ifndef SNN_DATASETS_SPIKES_FILE_H
#define SNN_DATASETS_SPIKES_FILE_H

#include "datasets/data.h"

#include <hdf5.h>

#define SNN_SPIKE_BLOCK 256 /* most samples in one snn_spike_file_read */

typedef struct snn_spike_file {
    snn_context *ctx;
    const char *path; /* borrowed */
    hid_t file, times, units;
    bool half; /* times are float16 and decoded here, not by libhdf5 */
    uint32_t n_samples;
    int64_t *label;   /* n_samples */
    int64_t *speaker; /* n_samples, or NULL */
    snn_names keys;   /* in file order; n = 0 where there are none */
} snn_spike_file;

/* Events of consecutive samples: those of sample i are first[i] .. first[i+1]-1. */
typedef struct snn_spike_block {
    uint32_t n_samples;
    size_t first[SNN_SPIKE_BLOCK + 1];
    bool sorted[SNN_SPIKE_BLOCK];
    float last_s[SNN_SPIKE_BLOCK]; /* latest time of each sample */
    size_t room;                   /* events that fit */
    float *time_s;
    uint32_t *unit; /* UINT32_MAX where the file's is negative or larger */
} snn_spike_block;

/* Opens the file, checks its layout and reads labels, speakers and keys.
 * `out` is zeroed by the caller; close it also on failure. */
snn_status snn_spike_file_open(snn_context *ctx, const char *path, snn_spike_file *out,
                               snn_error *err);
/* Read samples first .. first+n-1, n <= SNN_SPIKE_BLOCK; grows the block as needed. */
snn_status snn_spike_file_read(snn_spike_file *file, uint32_t first, uint32_t n,
                               snn_spike_block *block, snn_error *err);
void snn_spike_file_close(snn_spike_file *file);
void snn_spike_block_free(snn_context *ctx, snn_spike_block *block);

#endif
