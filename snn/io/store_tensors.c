/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading the tensors of a file: one by name into memory, or all of them by shape. */
#include "snn/io/hdf5_store.h"

#include "snn/base/base.h"

#include <stdio.h>
#include <string.h>

/* "float32 [1, 256, 140]" */
static void describe(char text[96], const char *dtype, int rank, const hsize_t *shape)
{
    size_t n = (size_t)snprintf(text, 96, "%s [", dtype);

    for (int i = 0; i < rank && n < 90; i++)
        n += (size_t)snprintf(text + n, 96 - n, "%s%llu", i > 0 ? ", " : "",
                              (unsigned long long)shape[i]);
    if (n < 95)
        snprintf(text + n, 96 - n, "]");
}

/* The dtype of a stored type; false where it is none of ours. */
static bool stored_dtype(hid_t type, snn_dtype *out)
{
    static const snn_dtype ALL[] = {SNN_F32, SNN_F64, SNN_U8, SNN_U32, SNN_U64, SNN_I32, SNN_U16};
    H5T_class_t class = H5Tget_class(type);

    for (size_t i = 0; i < SNN_COUNT(ALL); i++) {
        hid_t memory = snn_store_memory_type(ALL[i]);
        if (H5Tget_class(memory) == class && H5Tget_size(memory) == H5Tget_size(type) &&
            (class != H5T_INTEGER || H5Tget_sign(memory) == H5Tget_sign(type))) {
            *out = ALL[i];
            return true;
        }
    }
    return false;
}

/* Shape and dtype of a stored dataset. */
struct stored {
    int rank;
    hsize_t shape[SNN_TENSOR_RANK];
    snn_dtype dtype;
};

static snn_status inspect(const snn_store *store, hid_t dataset, const char *name,
                          struct stored *out, snn_error *err)
{
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    snn_status status = SNN_OK;

    out->rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
    if (out->rank < 0 || out->rank > SNN_TENSOR_RANK)
        TRY(status, snn_store_fail(store, SNN_EFORMAT, name, "has an unsupported shape", err));
    if (H5Sget_simple_extent_dims(space, out->shape, NULL) < 0 || type < 0 ||
        !stored_dtype(type, &out->dtype))
        TRY(status, snn_store_fail(store, SNN_EFORMAT, name, "has an unsupported type", err));
done:
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    return status;
}

snn_status snn_store_get(snn_store *store, const snn_tensor *tensor, snn_error *err)
{
    char path[SNN_TENSOR_NAME + 2], have[96], want[96], message[256];
    hsize_t shape[SNN_TENSOR_RANK] = {0};
    struct stored stored;
    snn_store_quiet quiet;
    hid_t dataset = H5I_INVALID_HID;
    snn_status status = SNN_OK;

    snn_store_quiet_begin(&quiet);
    TRY(status, snn_store_object_path(store, tensor->name, path, err));
    dataset = H5Dopen2(store->file, path, H5P_DEFAULT);
    if (dataset < 0) {
        H5Eclear2(H5E_DEFAULT);
        TRY(status, snn_store_fail(store, SNN_EFORMAT, path, "is missing", err));
    }
    TRY(status, inspect(store, dataset, path, &stored, err));
    for (int i = 0; i < tensor->rank && i < SNN_TENSOR_RANK; i++)
        shape[i] = tensor->shape[i];
    if (stored.rank != tensor->rank || stored.dtype != tensor->dtype ||
        memcmp(stored.shape, shape, (size_t)stored.rank * sizeof shape[0]) != 0) {
        describe(have, snn_store_dtype_name(stored.dtype), stored.rank, stored.shape);
        describe(want, snn_store_dtype_name(tensor->dtype), tensor->rank, shape);
        snprintf(message, sizeof message, "is %s in the file, but %s is needed", have, want);
        TRY(status, snn_store_fail(store, SNN_EFORMAT, path, message, err));
    }
    if (H5Dread(dataset, snn_store_memory_type(tensor->dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                tensor->data) < 0)
        status = snn_store_fail(store, SNN_EFORMAT, path, "cannot be read", err);
done:
    if (dataset >= 0)
        H5Dclose(dataset);
    snn_store_quiet_end(&quiet);
    return status;
}

/* One walk over a file's datasets. */
struct walk {
    snn_store *store;
    snn_status (*visit)(void *user, const snn_tensor *tensor);
    void *user;
    snn_status status;
    snn_error *err;
};

static snn_status show_dataset(struct walk *walk, hid_t dataset, const char *name)
{
    snn_tensor tensor = {.data = NULL};
    struct stored stored;
    char *axes = NULL, *unit = NULL;
    snn_status status = SNN_OK;

    TRY(status, inspect(walk->store, dataset, name, &stored, walk->err));
    if (strlen(name) >= sizeof tensor.name)
        TRY(status,
            snn_store_fail(walk->store, SNN_EFORMAT, name, "has too long a name", walk->err));
    snprintf(tensor.name, sizeof tensor.name, "%s", name);
    for (char *c = tensor.name; *c != '\0'; c++)
        if (*c == '/')
            *c = '.';
    tensor.dtype = stored.dtype;
    tensor.rank = stored.rank;
    for (int i = 0; i < stored.rank; i++)
        tensor.shape[i] = (size_t)stored.shape[i];
    /* Files that others edited may lack these two. */
    if (H5Aexists(dataset, "axes") > 0)
        TRY(status, snn_store_read_text(walk->store, dataset, "axes", name, &axes, walk->err));
    if (H5Aexists(dataset, "unit") > 0)
        TRY(status, snn_store_read_text(walk->store, dataset, "unit", name, &unit, walk->err));
    tensor.axes = axes != NULL ? axes : "";
    tensor.unit = unit != NULL ? unit : "";
    status = walk->visit(walk->user, &tensor);
done:
    snn_free(walk->store->ctx, axes);
    snn_free(walk->store->ctx, unit);
    return status;
}

static herr_t visit_object(hid_t root, const char *name, const H5O_info_t *about, void *user)
{
    struct walk *walk = user;
    hid_t dataset;

    if (about->type != H5O_TYPE_DATASET)
        return 0;
    dataset = H5Dopen2(root, name, H5P_DEFAULT);
    walk->status = dataset >= 0 ? show_dataset(walk, dataset, name)
                                : snn_store_fail(walk->store, SNN_EFORMAT, name, "cannot be opened",
                                                 walk->err);
    if (dataset >= 0)
        H5Dclose(dataset);
    return walk->status == SNN_OK ? 0 : 1;
}

snn_status snn_store_visit(snn_store *store,
                           snn_status (*visit)(void *user, const snn_tensor *tensor), void *user,
                           snn_error *err)
{
    struct walk walk = {store, visit, user, SNN_OK, err};
    snn_store_quiet quiet;

    snn_store_quiet_begin(&quiet);
    if (H5Ovisit(store->file, H5_INDEX_NAME, H5_ITER_INC, visit_object, &walk) < 0)
        walk.status = snn_store_fail(store, SNN_EFORMAT, NULL, "cannot be listed", err);
    snn_store_quiet_end(&quiet);
    return walk.status;
}
