/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files that are there whole or not at all.
 */
#ifndef SNN_FILE_H
#define SNN_FILE_H

#include <snn/context.h>

SNN_BEGIN_DECLS

/* Replace the file `path` by n bytes: "path.tmp" beside it, synced, renamed, its folder
 * synced.  Whatever fails, what was there before stays.  Errors: SNN_EIO, SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_replace_file(snn_context *ctx, const char *path,
                                                 const void *bytes, size_t n, snn_error *err);

SNN_END_DECLS
#endif
