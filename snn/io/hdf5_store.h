/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a store, shared by its reader and writer. */
#ifndef SNN_IO_HDF5_STORE_H
#define SNN_IO_HDF5_STORE_H

#include <snn/store.h>

/* Later versions rename functions; these are the names of 1.10. */
#define H5_USE_110_API
#include <hdf5.h>
#include <stdbool.h>

/* Format of model and checkpoint files; FORMAT.md is its description. */
#define STORE_FORMAT_VERSION 1

struct snn_store {
    snn_context *ctx;
    char *path;
    hid_t file; /* negative when a written file is committed */
    bool writing;
    void *image; /* the closed file's bytes, HDF5's memory; NULL until then */
};

/* HDF5 prints its error stack unless told otherwise; the setting is the caller's. */
typedef struct snn_store_quiet {
    H5E_auto2_t print;
    void *user;
} snn_store_quiet;

void snn_store_quiet_begin(snn_store_quiet *quiet);
void snn_store_quiet_end(const snn_store_quiet *quiet);

/* Fill err: where = "file:/layer0/weight", what = text and HDF5's own reason. */
snn_status snn_store_fail(const snn_store *store, snn_status status, const char *name,
                          const char *what, snn_error *err);

/* "layer0.weight" -> "/layer0/weight".  SNN_EINVAL for what is no name. */
snn_status snn_store_object_path(const snn_store *store, const char *name,
                                 char path[SNN_TENSOR_NAME + 2], snn_error *err);

/* Split "train.epoch" into group "/train" and attribute "epoch"; a name without
 * '.' is an attribute of the root "/". */
snn_status snn_store_attribute_path(const snn_store *store, const char *name,
                                    char group[SNN_TENSOR_NAME + 2], char **attribute,
                                    snn_error *err);

hid_t snn_store_memory_type(snn_dtype dtype);
const char *snn_store_dtype_name(snn_dtype dtype);

/* The text of a scalar attribute, a new string; SNN_EFORMAT where it is none.  `name`
 * is for messages. */
snn_status snn_store_read_text(const snn_store *store, hid_t object, const char *attribute,
                               const char *name, char **out, snn_error *err);

#endif
