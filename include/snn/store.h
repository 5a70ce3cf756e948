/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of named tensors, numbers and texts (HDF5; layout in snn/io/FORMAT.md).
 * A tensor "layer0.weight" is the dataset /layer0/weight with attributes `axes`
 * and `unit`; numbers and texts are attributes of the root or of a group
 * ("train.epoch" is attribute `epoch` of group /train).
 *
 * Writing is atomic: a temporary file in the same folder, flushed to disk and
 * renamed by snn_store_commit; until then the old file stays.  One thread at a
 * time may use the store functions of a process.
 */
#ifndef SNN_STORE_H
#define SNN_STORE_H

#include <snn/context.h>
#include <snn/tensor.h>

typedef struct snn_store snn_store;

SNN_BEGIN_DECLS

/* Begin a new file of a `kind` ("model", "checkpoint", ...): written with format
 * version and code version as root attributes. */
SNN_API SNN_MUST_USE snn_status snn_store_create(snn_context *ctx, const char *path,
                                                 const char *kind, snn_store **out, snn_error *err);

/* Open for reading.  SNN_EFORMAT when it is no such file, when its kind is
 * another, or when its format version is newer than this library's. */
SNN_API SNN_MUST_USE snn_status snn_store_open(snn_context *ctx, const char *path, const char *kind,
                                               snn_store **out, snn_error *err);

SNN_API SNN_MUST_USE snn_status snn_store_put(snn_store *store, const snn_tensor *tensor,
                                              snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_store_put_text(snn_store *store, const char *name,
                                                   const char *text, snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_store_put_u64(snn_store *store, const char *name,
                                                  uint64_t value, snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_store_put_f64(snn_store *store, const char *name, double value,
                                                  snn_error *err);

/* Read into tensor->data.  Name, dtype and shape must match: SNN_EFORMAT names both. */
SNN_API SNN_MUST_USE snn_status snn_store_get(snn_store *store, const snn_tensor *tensor,
                                              snn_error *err);
/* A new string that the caller frees with snn_free. */
SNN_API SNN_MUST_USE snn_status snn_store_get_text(snn_store *store, const char *name, char **out,
                                                   snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_store_get_u64(snn_store *store, const char *name, uint64_t *out,
                                                  snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_store_get_f64(snn_store *store, const char *name, double *out,
                                                  snn_error *err);

/* Call `visit` for every tensor of the file (data NULL).  Stops at the first
 * status that is not SNN_OK and returns it. */
SNN_API SNN_MUST_USE snn_status snn_store_visit(snn_store *store,
                                                snn_status (*visit)(void *user,
                                                                    const snn_tensor *tensor),
                                                void *user, snn_error *err);

/* Flush, sync, rename: only then the file exists under its name. */
SNN_API SNN_MUST_USE snn_status snn_store_commit(snn_store *store, snn_error *err);
/* Free; a file not committed is removed.  NULL is allowed. */
SNN_API void snn_store_close(snn_store *store);

/* Kind of a file written by this library ("model", ...), to `kind` (size bytes);
 * SNN_EFORMAT when it is none. */
SNN_API SNN_MUST_USE snn_status snn_store_kind(const char *path, char *kind, size_t size,
                                               snn_error *err);

SNN_END_DECLS
#endif
