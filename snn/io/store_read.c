/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading.  Whatever the bytes are, the answer is a status: a file is input, not a promise. */
#include "snn/io/hdf5_store.h"

#include "snn/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longest text that is believed; a damaged length must not ask for all memory. */
#define LONGEST_TEXT ((hsize_t)1 << 24)

/* HDF5 names a missing file and a text file by the same error: look first. */
static snn_status look_at(const char *path, snn_error *err)
{
    static const unsigned char SIGNATURE[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char head[sizeof SIGNATURE] = {0};
    struct stat about;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    snn_status status = SNN_OK;

    if (fd < 0)
        return snn_error_set(err, errno == ENOENT ? SNN_ENOTFOUND : SNN_EIO, path,
                             "cannot be opened: %s", strerror(errno));
    n = read(fd, head, sizeof head);
    if (n < 0)
        status = snn_error_set(err, SNN_EIO, path, "cannot be read: %s", strerror(errno));
    else if (fstat(fd, &about) == 0 && about.st_size == 0)
        status = snn_error_set(err, SNN_EFORMAT, path, "is empty");
    else if (memcmp(head, SIGNATURE, sizeof SIGNATURE) != 0)
        status = snn_error_set(err, SNN_EFORMAT, path, "is no HDF5 file");
    close(fd);
    return status;
}

snn_status snn_store_read_text(const snn_store *store, hid_t object, const char *attribute,
                               const char *name, char **out, snn_error *err)
{
    hid_t id = H5Aopen(object, attribute, H5P_DEFAULT);
    hid_t type = id >= 0 ? H5Aget_type(id) : H5I_INVALID_HID;
    hid_t space = id >= 0 ? H5Aget_space(id) : H5I_INVALID_HID;
    char *read = NULL, *text = NULL;
    snn_status status = SNN_OK;

    if (type < 0 || space < 0 || H5Tget_class(type) != H5T_STRING ||
        H5Sget_simple_extent_npoints(space) != 1)
        TRY(status, snn_store_fail(store, SNN_EFORMAT, name, "is no text", err));
    if (H5Tis_variable_str(type) > 0) {
        if (H5Aread(id, type, &read) < 0)
            TRY(status, snn_store_fail(store, SNN_EFORMAT, name, "cannot be read", err));
        text = snn_strdup(store->ctx, read != NULL ? read : "");
    } else {
        size_t bytes = H5Tget_size(type);
        if (bytes > LONGEST_TEXT)
            TRY(status, snn_store_fail(store, SNN_EFORMAT, name, "is too long for a text", err));
        text = snn_alloc(store->ctx, bytes + 1, 1);
        if (text != NULL && H5Aread(id, type, text) < 0)
            TRY(status, snn_store_fail(store, SNN_EFORMAT, name, "cannot be read", err));
    }
    if (text == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, store->path, "out of memory"));
    *out = text;
    text = NULL;
done:
    snn_free(store->ctx, text);
    if (read != NULL)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, &read);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (id >= 0)
        H5Aclose(id);
    return status;
}

/* Open the object that carries attribute `name`; EFORMAT where either is missing. */
static snn_status open_carrier(const snn_store *store, const char *name,
                               char path[SNN_TENSOR_NAME + 2], char **attribute, hid_t *out,
                               snn_error *err)
{
    hid_t object;
    snn_status status = SNN_OK;

    TRY(status, snn_store_attribute_path(store, name, path, attribute, err));
    object = H5Oopen(store->file, path, H5P_DEFAULT);
    if (object < 0 || H5Aexists(object, *attribute) <= 0) {
        if (object >= 0)
            H5Oclose(object);
        H5Eclear2(H5E_DEFAULT);
        return snn_store_fail(store, SNN_EFORMAT, name, "is missing", err);
    }
    *out = object;
done:
    return status;
}

snn_status snn_store_get_text(snn_store *store, const char *name, char **out, snn_error *err)
{
    char path[SNN_TENSOR_NAME + 2], *attribute = NULL;
    snn_store_quiet quiet;
    hid_t object = H5I_INVALID_HID;
    snn_status status = SNN_OK;

    snn_store_quiet_begin(&quiet);
    TRY(status, open_carrier(store, name, path, &attribute, &object, err));
    TRY(status, snn_store_read_text(store, object, attribute, name, out, err));
done:
    if (object >= 0)
        H5Oclose(object);
    snn_store_quiet_end(&quiet);
    return status;
}

static snn_status get_number(snn_store *store, const char *name, hid_t memory_type,
                             H5T_class_t wanted, void *out, snn_error *err)
{
    char path[SNN_TENSOR_NAME + 2], *attribute = NULL;
    snn_store_quiet quiet;
    hid_t object = H5I_INVALID_HID, id = H5I_INVALID_HID, type = H5I_INVALID_HID;
    hid_t space = H5I_INVALID_HID;
    uint64_t value = 0; /* eight bytes, for either type */
    snn_status status = SNN_OK;

    SNN_ASSERT(H5Tget_size(memory_type) == sizeof value);
    snn_store_quiet_begin(&quiet);
    TRY(status, open_carrier(store, name, path, &attribute, &object, err));
    id = H5Aopen(object, attribute, H5P_DEFAULT);
    type = id >= 0 ? H5Aget_type(id) : H5I_INVALID_HID;
    space = id >= 0 ? H5Aget_space(id) : H5I_INVALID_HID;
    if (type < 0 || space < 0 || H5Tget_class(type) != wanted ||
        H5Sget_simple_extent_npoints(space) != 1 || H5Aread(id, memory_type, &value) < 0)
        TRY(status, snn_store_fail(store, SNN_EFORMAT, name,
                                   wanted == H5T_INTEGER ? "is no integer" : "is no number", err));
    memcpy(out, &value, sizeof value);
done:
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (id >= 0)
        H5Aclose(id);
    if (object >= 0)
        H5Oclose(object);
    snn_store_quiet_end(&quiet);
    return status;
}

snn_status snn_store_get_u64(snn_store *store, const char *name, uint64_t *out, snn_error *err)
{
    return get_number(store, name, H5T_NATIVE_UINT64, H5T_INTEGER, out, err);
}

snn_status snn_store_get_f64(snn_store *store, const char *name, double *out, snn_error *err)
{
    return get_number(store, name, H5T_NATIVE_DOUBLE, H5T_FLOAT, out, err);
}

/* Open a file whatever its kind. */
static snn_status open_file(snn_context *ctx, const char *path, snn_store **out, snn_error *err)
{
    snn_store *store = NULL;
    snn_status status = SNN_OK;

    TRY(status, look_at(path, err));
    TRY_ALLOC(status, ctx, store, 1);
    store->ctx = ctx;
    store->file = H5I_INVALID_HID;
    store->path = snn_strdup(ctx, path);
    if (store->path == NULL)
        TRY(status, SNN_ENOMEM);
    store->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (store->file < 0)
        TRY(status,
            snn_store_fail(store, SNN_EFORMAT, NULL, "is a damaged or truncated HDF5 file", err));
    *out = store;
    store = NULL;
done:
    if (status == SNN_ENOMEM)
        snn_error_set(err, status, path, "out of memory");
    snn_store_close(store);
    return status;
}

static snn_status check_version(snn_store *store, snn_error *err)
{
    uint64_t version = 0;
    char *writer = NULL;
    snn_status status = SNN_OK;

    TRY(status, snn_store_get_u64(store, "format_version", &version, err));
    if (version == 0 || version > STORE_FORMAT_VERSION) {
        TRY(status, snn_store_get_text(store, "snn_version", &writer, err));
        status =
            snn_error_set(err, SNN_EFORMAT, store->path,
                          "has format version %llu, written by snn %.32s; this is snn %s, which "
                          "reads up to version %d: use a newer one",
                          (unsigned long long)version, writer, snn_version(), STORE_FORMAT_VERSION);
    }
done:
    snn_free(store->ctx, writer);
    return status;
}

static snn_status get_kind(snn_store *store, char **out, snn_error *err)
{
    const snn_status status = snn_store_get_text(store, "kind", out, err);

    if (status == SNN_EFORMAT)
        return snn_error_set(err, SNN_EFORMAT, store->path,
                             "is HDF5, but not written by snn (it has no attribute 'kind')");
    return status;
}

snn_status snn_store_open(snn_context *ctx, const char *path, const char *kind, snn_store **out,
                          snn_error *err)
{
    snn_store_quiet quiet;
    snn_store *store = NULL;
    char *found = NULL;
    snn_status status = SNN_OK;

    snn_store_quiet_begin(&quiet);
    TRY(status, open_file(ctx, path, &store, err));
    TRY(status, get_kind(store, &found, err));
    if (strcmp(found, kind) != 0)
        TRY(status, snn_error_set(err, SNN_EFORMAT, path, "is a %.32s, not a %s", found, kind));
    TRY(status, check_version(store, err));
    *out = store;
    store = NULL;
done:
    snn_free(ctx, found);
    snn_store_quiet_end(&quiet);
    snn_store_close(store);
    return status;
}

snn_status snn_store_kind(const char *path, char *kind, size_t size, snn_error *err)
{
    snn_context *ctx = NULL;
    snn_store_quiet quiet;
    snn_store *store = NULL;
    char *found = NULL;
    snn_status status = SNN_OK;

    snn_store_quiet_begin(&quiet);
    TRY(status, snn_context_create(NULL, &ctx, err));
    TRY(status, open_file(ctx, path, &store, err));
    TRY(status, get_kind(store, &found, err));
    if (strlen(found) >= size)
        TRY(status, snn_error_set(err, SNN_EFORMAT, path, "is of an unknown kind '%.32s'", found));
    memcpy(kind, found, strlen(found) + 1);
done:
    snn_free(ctx, found);
    snn_store_quiet_end(&quiet);
    snn_store_close(store);
    snn_context_destroy(ctx);
    return status;
}
