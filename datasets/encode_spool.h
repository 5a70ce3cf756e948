/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is encoded so far of a split, in a file that only grows: a run that was killed
 * goes on with it.  All numbers in the machine's byte order:
 *
 *   offset  size    what
 *   0       8       "snnspool"
 *   8       4       version, 1
 *   12      4       0x01020304: tells a foreign byte order
 *   16      8       key: digest of the settings and of the recordings
 *   24      4       samples n of the split
 *   28      4       CRC-32 of bytes 0..27
 *   32              sample 0, sample 1, ...; of each:
 *           4       events e
 *           4       CRC-32 of the sample's number, e, ticks a second, ticks and units
 *           8       ticks a second, float64
 *           4 e     ticks
 *           2 e     units
 *
 * A sample that is cut or has a wrong sum ends the file: it and what follows are made anew.
 */
#ifndef SNN_DATASETS_ENCODE_SPOOL_H
#define SNN_DATASETS_ENCODE_SPOOL_H

#include "datasets/cochlea.h"

#include <stdio.h>

typedef struct snn_spool {
    snn_context *ctx;
    char path[SNN_PATH_BYTES];
    FILE *file;
    uint32_t n, done; /* samples of the split; that are there */
    bool foreign;     /* there was a file of other settings or recordings: it is gone */
} snn_spool;

/* Open or begin the file; `done` says how many samples it holds.  `out` is closed also on
 * failure.  Errors: SNN_EIO, SNN_ENOMEM. */
snn_status snn_spool_open(snn_context *ctx, const char *path, uint64_t key, uint32_t n,
                          snn_spool *out, snn_error *err);
/* Sample `done`.  Errors: SNN_EIO. */
snn_status snn_spool_add(snn_spool *spool, const snn_spike_list *list, double ticks_per_s,
                         snn_error *err);
/* Give what was added to the system: from here on a kill of this process loses none of it. */
snn_status snn_spool_flush(snn_spool *spool, snn_error *err);
/* Go to the first sample, then read one after the other; the lists are empty before.
 * Errors: SNN_EIO, SNN_EFORMAT, SNN_ENOMEM. */
snn_status snn_spool_rewind(snn_spool *spool, snn_error *err);
snn_status snn_spool_next(snn_spool *spool, uint32_t i, snn_spike_list *list, double *ticks_per_s,
                          snn_error *err);
/* The file stays unless it is to be removed. */
void snn_spool_close(snn_spool *spool, bool remove_file);

#endif
