/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of fetching.  A set is items; an item is a file at the source that unpacks to
 * one file (`target`) or to many (`place` says where each goes).
 *
 *   FILE.part  FILE.tag   a download under way, and what the server calls its version
 *   FILE                  complete and checked, not yet unpacked
 *   TARGET, or fetched.txt that names FILE: done, and FILE is removed
 */
#ifndef SNN_DATASETS_FETCH_ITEM_H
#define SNN_DATASETS_FETCH_ITEM_H

#include "datasets/data.h"

#include <snn/fetch.h>

#define SNN_MD5_TEXT    33 /* hexadecimal digits and NUL */
#define SNN_SHA256_TEXT 65

typedef struct snn_fetch_item {
    const char *file, *url;   /* name at a mirror; the official address */
    uint64_t bytes;           /* of the file; 0 = unknown */
    const char *md5, *sha256; /* of the file; NULL = unknown */
    const char *target;       /* the one file it holds, or NULL */
    uint64_t target_bytes;
    const char *target_md5, *target_sha256;
    /* Where an entry of the archive goes, relative to the folder; false = nowhere. */
    bool (*place)(const char *entry, char out[SNN_PATH_BYTES]);
} snn_fetch_item;

typedef struct snn_fetch_set {
    const char *name, *title, *licence;
    const snn_fetch_item *item;
    size_t n_items;
    /* After all items, or NULL. */
    snn_status (*finish)(snn_context *ctx, const char *folder, snn_error *err);
} snn_fetch_set;

/* snn_fetch of any set. */
snn_status snn_fetch_items(snn_context *ctx, const snn_fetch_set *set, const char *folder,
                           const snn_fetch_params *params, snn_error *err);

/* ---- fetch_http.c ------------------------------------------------------------------- */

typedef struct snn_http {
    snn_context *ctx;
    const snn_fetch_params *params;
    const char *name; /* for the progress */
} snn_http;

/* What the server says of the length, or 0 where it does not.  Errors: SNN_ENOTFOUND,
 * SNN_EIO, SNN_EUNSUPPORTED. */
snn_status snn_http_size(const snn_http *http, const char *url, uint64_t *bytes, snn_error *err);
/* Bring `url` to PATH.part, going on with what is there; on SNN_OK it is complete.
 * `sure` says that a digest will be compared, so that a part without a tag may be used. */
snn_status snn_http_get(const snn_http *http, const char *url, const char *path, bool sure,
                        snn_error *err);
/* Bytes that may be written to a folder. */
uint64_t snn_free_bytes(const char *folder);

/* ---- fetch_unpack.c ------------------------------------------------------------------ */

/* Digests of a file, in hexadecimal. */
snn_status snn_file_digests(snn_context *ctx, const char *path, char md5[SNN_MD5_TEXT],
                            char sha256[SNN_SHA256_TEXT], snn_error *err);
/* Unpack an archive (gzip of one file, zip, tar.gz) into a folder; each file appears when it
 * is whole.  *n_files is set.  Errors: SNN_EFORMAT (damaged, or an entry that leaves the
 * folder or is no plain file), SNN_EIO. */
snn_status snn_unpack(snn_context *ctx, const char *path, const snn_fetch_item *item,
                      const char *folder, const snn_fetch_params *params, uint32_t *n_files,
                      snn_error *err);

#endif
