/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One file in the layout of SHD, written in order by one thread.  Besides what
 * datasets/spikes_file.h reads it holds
 *
 *   /extra/speaker_names  names of the speakers
 *   /extra/source         (N) file that each sample was made of
 *   /extra/digest         (N) FNV-1a, 64 bits, of that file's bytes
 *   /extra/meta_info      (speakers) gender, age, body_height, as far as they are known
 *   attributes of /       what made it
 *
 * and no dates: the same input gives the same bytes.  The file appears under its name
 * when it is complete: until then it is PATH.part.
 */
#ifndef SNN_DATASETS_SPIKES_WRITE_H
#define SNN_DATASETS_SPIKES_WRITE_H

#include "datasets/cochlea.h"

#include <hdf5.h>

typedef struct snn_spike_writer {
    snn_context *ctx;
    char path[SNN_PATH_BYTES], part[SNN_PATH_BYTES];
    hid_t file, times, units;
    bool half;
} snn_spike_writer;

/* Begin a file of n samples; `out` is closed also on failure. */
snn_status snn_spike_writer_open(snn_context *ctx, const char *path, uint32_t n, snn_times times,
                                 snn_spike_writer *out, snn_error *err);
/* Samples first .. first+n-1. */
snn_status snn_spike_writer_add(snn_spike_writer *w, uint32_t first, uint32_t n,
                                const snn_spike_list *list, const double *ticks_per_s,
                                snn_error *err);
/* A list of n numbers, or of texts; `name` as in "extra/keys". */
snn_status snn_spike_writer_numbers(snn_spike_writer *w, const char *name, hid_t type, hid_t stored,
                                    const void *values, uint32_t n, snn_error *err);
snn_status snn_spike_writer_texts(snn_spike_writer *w, const char *name, const char *const *text,
                                  uint32_t n, snn_error *err);
/* A group, "extra/meta_info". */
snn_status snn_spike_writer_group(snn_spike_writer *w, const char *name, snn_error *err);
/* An attribute of the file, as h5py writes texts. */
snn_status snn_spike_writer_attribute(snn_spike_writer *w, const char *name, const char *text,
                                      snn_error *err);
/* Flush, fsync, rename.  Errors: SNN_EIO. */
snn_status snn_spike_writer_commit(snn_spike_writer *w, snn_error *err);
/* Without a commit the part is removed. */
void snn_spike_writer_close(snn_spike_writer *w);

/* The text of an attribute of a file's root into text[size].  Errors: SNN_ENOTFOUND (no
 * such file), SNN_EFORMAT (no HDF5, no such attribute). */
snn_status snn_spike_file_attribute(const char *path, const char *name, char *text, size_t size,
                                    snn_error *err);

#endif
