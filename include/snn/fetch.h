/* SPDX-License-Identifier: BSD-3-Clause */
/* Fetch a public data set from its official address, or from a mirror. */
#ifndef SNN_FETCH_H
#define SNN_FETCH_H

#include <snn/context.h>

typedef struct snn_fetch_params {
    size_t size;     /* sizeof(snn_fetch_params), set by _init */
    const char *url; /* folder of a mirror, "http://host/path"; NULL = the official address */
    double stall_s;  /* give up after so many seconds without data, at least 1; 0 = 60 */
    /* Called while a file comes in; `total` 0 = unknown.  A non-zero return stops with
     * SNN_EINTERRUPTED; what is there is kept. */
    int (*progress)(void *user, const char *file, uint64_t done, uint64_t total);
    void *user;
} snn_fetch_params;

SNN_BEGIN_DECLS

SNN_API void snn_fetch_params_init(snn_fetch_params *params);

/* Name of data set i ("shd", "ssc", "gsc", "fsdd"), or NULL past the last. */
SNN_API const char *snn_fetch_name(size_t i);

/* Fetch a data set into `folder`, ready for snn_dataset_open: download, compare digests as
 * far as they are known, unpack, remove the archives.  Licence, sizes and place are logged
 * (SNN_LOG_INFO) before the first byte.  What is there is not fetched again; a download that
 * was cut off goes on where it was if the server can do that.  The proxy of the environment
 * (https_proxy, http_proxy, no_proxy) is used; certificates are verified.
 * Errors: SNN_ENOTFOUND (no such set; not on the server), SNN_EIO (network, server, disk;
 * the message names the address), SNN_EFORMAT (wrong digest, an archive that is damaged or
 * leaves its folder), SNN_EINTERRUPTED, SNN_EUNSUPPORTED (built --without-curl), SNN_ENOMEM.
 * Threads: one at a time in a process. */
SNN_API SNN_MUST_USE snn_status snn_fetch(snn_context *ctx, const char *name, const char *folder,
                                          const snn_fetch_params *params, snn_error *err);

SNN_END_DECLS
#endif
