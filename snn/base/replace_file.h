/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are there whole or not at all: what only the library needs. */
#ifndef SNN_BASE_REPLACE_FILE_H
#define SNN_BASE_REPLACE_FILE_H

#include <snn/file.h>

/* Can files be made beside `path`?  A run that cannot write its results should learn it
 * at its start, not an hour later.  SNN_EIO, SNN_ENOMEM. */
SNN_MUST_USE snn_status snn_check_folder_of(snn_context *ctx, const char *path, snn_error *err);

#endif
