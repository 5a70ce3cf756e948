/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SNN_DATASETS_GUNZIP_H
#define SNN_DATASETS_GUNZIP_H

#include "datasets/data.h"

/* Unpack a gzip file into a temporary file in $TMPDIR, else /var/tmp.  The caller
 * opens `unpacked` and unlinks it at once: libhdf5 opens by name only.
 * Errors: SNN_EIO, SNN_EFORMAT (not gzip, cut, damaged), SNN_ENOMEM. */
snn_status snn_gunzip(snn_context *ctx, const char *path, char unpacked[SNN_PATH_BYTES],
                      snn_error *err);

#endif
