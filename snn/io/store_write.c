/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing: HDF5 builds the file in memory (its core driver), and commit writes those bytes.
 * So the disk is touched in one place, by plain write, fsync and rename, and a full disk is
 * an error of write(2) instead of a file id that HDF5 can neither flush nor close.
 */
#include "snn/io/hdf5_store.h"
#include "snn/base/replace_file.h"

#include "snn/base/base.h"

#include <stdio.h>
#include <string.h>

/* HDF5 grows its memory file by this much at a time. */
#define MEMORY_STEP ((size_t)1 << 20)

/*
 * At H5Fclose the driver would free its memory through `image_free`; keeping it there is
 * the way to the bytes of a file that is really closed.  (H5Fget_file_image clears the
 * "open for writing" flag of a copy, but leaves the superblock's checksum as it was.)
 * HDF5 copies and frees the user data with its lists of properties: ours is borrowed.
 */
static herr_t keep_image(void *image, H5FD_file_image_op_t op, void *user)
{
    snn_store *store = user;

    if (op == H5FD_FILE_IMAGE_OP_FILE_CLOSE)
        store->image = image;
    else
        H5free_memory(image);
    return 0;
}

static void *borrow_user(void *user)
{
    return user;
}

static herr_t return_user(void *user)
{
    (void)user;
    return 0;
}

static hid_t create_in_memory(snn_store *store)
{
    H5FD_file_image_callbacks_t callbacks = {.image_free = keep_image,
                                             .udata_copy = borrow_user,
                                             .udata_free = return_user,
                                             .udata = store};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t file = H5I_INVALID_HID;
    char name[32];

    /* The driver tells open files apart by name alone: two writers of one path may be open. */
    snprintf(name, sizeof name, "snn %p", (void *)store);
    /* Version 1.8 of the format: its metadata carry checksums, and everything reads it. */
    if (access >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, 0) >= 0 &&
        H5Pset_fapl_core(access, MEMORY_STEP, 0) >= 0 &&
        H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
        H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0 &&
        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0)
        file = H5Fcreate(name, H5F_ACC_TRUNC, creation, access);
    if (creation >= 0)
        H5Pclose(creation);
    if (access >= 0)
        H5Pclose(access);
    return file;
}

/* Length of a closed image: the end-of-file address of its version 2 superblock
 * (HDF5 file format specification, II.A); 0 where it is none. */
static size_t image_length(const unsigned char *image)
{
    uint64_t length = 0;

    if (image == NULL || image[8] != 2 || image[9] != sizeof length)
        return 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | image[28 + i];
    return (size_t)length;
}

snn_status snn_store_create(snn_context *ctx, const char *path, const char *kind, snn_store **out,
                            snn_error *err)
{
    snn_store_quiet quiet;
    snn_store *store = NULL;
    snn_status status = SNN_OK;

    snn_store_quiet_begin(&quiet);
    TRY(status, snn_check_folder_of(ctx, path, err));
    TRY_ALLOC(status, ctx, store, 1);
    store->ctx = ctx;
    store->writing = true;
    store->file = H5I_INVALID_HID;
    store->path = snn_strdup(ctx, path);
    if (store->path == NULL) {
        status = SNN_ENOMEM;
        goto done;
    }
    store->file = create_in_memory(store);
    if (store->file < 0)
        TRY(status, snn_store_fail(store, SNN_ENOMEM, NULL, "HDF5 cannot begin a file", err));
    TRY(status, snn_store_put_text(store, "kind", kind, err));
    TRY(status, snn_store_put_u64(store, "format_version", STORE_FORMAT_VERSION, err));
    TRY(status, snn_store_put_text(store, "snn_version", snn_version(), err));
    *out = store;
    store = NULL;
done:
    if (status == SNN_ENOMEM && store == NULL)
        snn_error_set(err, status, path, "out of memory");
    snn_store_quiet_end(&quiet);
    snn_store_close(store);
    return status;
}

/* A list of properties of `class` for objects that do not note when they were made: the
 * same contents are the same bytes. */
static hid_t without_times(hid_t class)
{
    hid_t properties = H5Pcreate(class);

    if (properties >= 0 && H5Pset_obj_track_times(properties, 0) < 0) {
        H5Pclose(properties);
        return H5I_INVALID_HID;
    }
    return properties;
}

/* Make the groups of "/a/b/c" up to the last '/', or all of them; false on failure. */
static bool make_groups(const snn_store *store, const char *path, bool all)
{
    char part[SNN_TENSOR_NAME + 2];
    hid_t properties = without_times(H5P_GROUP_CREATE);
    bool made = properties >= 0;

    for (size_t i = 1; made && path[i - 1] != '\0' && path[1] != '\0'; i++) {
        hid_t group;
        if (path[i] != '/' && !(all && path[i] == '\0'))
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (H5Lexists(store->file, part, H5P_DEFAULT) > 0)
            continue;
        group = H5Gcreate2(store->file, part, H5P_DEFAULT, properties, H5P_DEFAULT);
        made = group >= 0;
        if (made)
            H5Gclose(group);
    }
    if (properties >= 0)
        H5Pclose(properties);
    return made;
}

/* Open a group, made with those above it if need be; negative on failure. */
static hid_t open_group(const snn_store *store, const char *path)
{
    return make_groups(store, path, true) ? H5Gopen2(store->file, path, H5P_DEFAULT)
                                          : H5I_INVALID_HID;
}

/* Write one scalar attribute; false on failure. */
static bool write_attribute(hid_t object, const char *name, hid_t file_type, hid_t memory_type,
                            const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool written = attribute >= 0 && H5Awrite(attribute, memory_type, value) >= 0;

    if (attribute >= 0)
        H5Aclose(attribute);
    if (space >= 0)
        H5Sclose(space);
    return written;
}

/* Fixed length: the text lies in the object's header, which carries a checksum; variable
 * lengths live in a heap that has none, and HDF5 trusts what it finds there. */
static bool write_text(hid_t object, const char *name, const char *text)
{
    size_t length = strlen(text);
    hid_t type = H5Tcopy(H5T_C_S1);
    bool written = type >= 0 && H5Tset_size(type, length > 0 ? length : 1) >= 0 &&
                   H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0 &&
                   H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
                   write_attribute(object, name, type, type, text);

    if (type >= 0)
        H5Tclose(type);
    return written;
}

/* Put an attribute under a dotted name.  memory_type H5T_C_S1 stands for text. */
static snn_status put_attribute(snn_store *store, const char *name, hid_t file_type,
                                hid_t memory_type, const void *value, snn_error *err)
{
    char path[SNN_TENSOR_NAME + 2], *attribute = NULL;
    snn_store_quiet quiet;
    hid_t group = H5I_INVALID_HID;
    bool written;
    snn_status status = SNN_OK;

    if (!store->writing || store->file < 0)
        return snn_error_set(err, SNN_EINVAL, store->path, "is not being written");
    snn_store_quiet_begin(&quiet);
    TRY(status, snn_store_attribute_path(store, name, path, &attribute, err));
    group = open_group(store, path);
    written = group >= 0 && (memory_type == H5T_C_S1 ? write_text(group, attribute, value)
                                                     : write_attribute(group, attribute, file_type,
                                                                       memory_type, value));
    if (!written)
        status = snn_store_fail(store, SNN_EIO, name, "cannot be stored", err);
done:
    if (group >= 0)
        H5Gclose(group);
    snn_store_quiet_end(&quiet);
    return status;
}

snn_status snn_store_put_text(snn_store *store, const char *name, const char *text, snn_error *err)
{
    return put_attribute(store, name, H5T_C_S1, H5T_C_S1, text, err);
}

snn_status snn_store_put_u64(snn_store *store, const char *name, uint64_t value, snn_error *err)
{
    return put_attribute(store, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &value, err);
}

snn_status snn_store_put_f64(snn_store *store, const char *name, double value, snn_error *err)
{
    return put_attribute(store, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value, err);
}

static hid_t file_type(snn_dtype dtype)
{
    switch (dtype) {
    case SNN_F32:
        return H5T_IEEE_F32LE;
    case SNN_F64:
        return H5T_IEEE_F64LE;
    case SNN_U8:
        return H5T_STD_U8LE;
    case SNN_U32:
        return H5T_STD_U32LE;
    case SNN_U64:
        return H5T_STD_U64LE;
    case SNN_I32:
        return H5T_STD_I32LE;
    case SNN_U16:
        return H5T_STD_U16LE;
    }
    return H5I_INVALID_HID;
}

static bool write_tensor(const snn_store *store, const char *path, const snn_tensor *tensor)
{
    hsize_t shape[SNN_TENSOR_RANK] = {0};
    hid_t properties = without_times(H5P_DATASET_CREATE), space, dataset = H5I_INVALID_HID;
    bool written;

    for (int i = 0; i < tensor->rank; i++)
        shape[i] = tensor->shape[i];
    space = H5Screate_simple(tensor->rank, shape, NULL);
    if (space >= 0 && properties >= 0 && make_groups(store, path, false))
        dataset = H5Dcreate2(store->file, path, file_type(tensor->dtype), space, H5P_DEFAULT,
                             properties, H5P_DEFAULT);
    written = dataset >= 0 &&
              H5Dwrite(dataset, snn_store_memory_type(tensor->dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                       tensor->data) >= 0 &&
              write_text(dataset, "axes", tensor->axes != NULL ? tensor->axes : "") &&
              write_text(dataset, "unit", tensor->unit != NULL ? tensor->unit : "");
    if (dataset >= 0)
        H5Dclose(dataset);
    if (space >= 0)
        H5Sclose(space);
    if (properties >= 0)
        H5Pclose(properties);
    return written;
}

snn_status snn_store_put(snn_store *store, const snn_tensor *tensor, snn_error *err)
{
    char path[SNN_TENSOR_NAME + 2];
    snn_store_quiet quiet;
    snn_status status = SNN_OK;

    if (!store->writing || store->file < 0)
        return snn_error_set(err, SNN_EINVAL, store->path, "is not being written");
    if (tensor->rank < 0 || tensor->rank > SNN_TENSOR_RANK ||
        (tensor->data == NULL && snn_tensor_size(tensor) > 0))
        return snn_error_set(err, SNN_EINVAL, store->path, "tensor '%s' has no data or no shape",
                             tensor->name);
    snn_store_quiet_begin(&quiet);
    TRY(status, snn_store_object_path(store, tensor->name, path, err));
    if (H5Oexists_by_name(store->file, path, H5P_DEFAULT) > 0) {
        H5Eclear2(H5E_DEFAULT);
        TRY(status, snn_store_fail(store, SNN_EINVAL, tensor->name, "is stored already", err));
    }
    if (!write_tensor(store, path, tensor))
        status = snn_store_fail(store, SNN_EIO, tensor->name, "cannot be stored", err);
done:
    snn_store_quiet_end(&quiet);
    return status;
}

snn_status snn_store_commit(snn_store *store, snn_error *err)
{
    snn_store_quiet quiet;
    herr_t closed;
    snn_status status = SNN_OK;

    if (!store->writing || store->file < 0)
        return snn_error_set(err, SNN_EINVAL, store->path, "has nothing to commit");
    snn_store_quiet_begin(&quiet);
    closed = H5Fclose(store->file);
    store->file = H5I_INVALID_HID;
    if (closed < 0 || image_length(store->image) == 0)
        TRY(status, snn_store_fail(store, SNN_EIO, NULL, "cannot be assembled", err));
    TRY(status,
        snn_replace_file(store->ctx, store->path, store->image, image_length(store->image), err));
done:
    snn_store_quiet_end(&quiet);
    return status;
}

void snn_store_close(snn_store *store)
{
    snn_store_quiet quiet;

    if (store == NULL)
        return;
    snn_store_quiet_begin(&quiet);
    if (store->file >= 0)
        H5Fclose(store->file);
    if (store->image != NULL)
        H5free_memory(store->image);
    snn_store_quiet_end(&quiet);
    snn_free(store->ctx, store->path);
    snn_free(store->ctx, store);
}
