/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/io/hdf5_store.h"

#include "snn/base/base.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void snn_store_quiet_begin(snn_store_quiet *quiet)
{
    H5Eget_auto2(H5E_DEFAULT, &quiet->print, &quiet->user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5Eclear2(H5E_DEFAULT);
}

void snn_store_quiet_end(const snn_store_quiet *quiet)
{
    H5Eclear2(H5E_DEFAULT);
    H5Eset_auto2(H5E_DEFAULT, quiet->print, quiet->user);
}

/* Keep the innermost description: the cause, not the call that noticed it. */
static herr_t keep_innermost(unsigned n, const H5E_error2_t *error, void *user)
{
    char *text = user;

    if (n == 0 && error->desc != NULL)
        snprintf(text, SNN_ERROR_WHERE, "%s", error->desc);
    return 0;
}

snn_status snn_store_fail(const snn_store *store, snn_status status, const char *name,
                          const char *what, snn_error *err)
{
    char reason[SNN_ERROR_WHERE] = "", where[SNN_ERROR_WHERE];

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, reason);
    snprintf(where, sizeof where, "%s%s%s", store->path, name != NULL ? ":" : "",
             name != NULL ? name : "");
    return snn_error_set(err, status, where, "%s%s%s%s", what, reason[0] != '\0' ? " (HDF5: " : "",
                         reason, reason[0] != '\0' ? ")" : "");
}

/* Parts of letters, digits, '_' and '-', joined by single dots. */
static bool is_name(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= SNN_TENSOR_NAME || name[0] == '.' || name[length - 1] == '.')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-' &&
            !(name[i] == '.' && name[i + 1] != '.'))
            return false;
    return true;
}

snn_status snn_store_object_path(const snn_store *store, const char *name,
                                 char path[SNN_TENSOR_NAME + 2], snn_error *err)
{
    if (!is_name(name))
        return snn_error_set(err, SNN_EINVAL, store->path,
                             "'%.64s' is no name: parts of letters, digits, '_' and '-' joined by "
                             "'.', shorter than %d",
                             name, SNN_TENSOR_NAME);
    snprintf(path, SNN_TENSOR_NAME + 2, "/%s", name);
    for (char *c = path; *c != '\0'; c++)
        if (*c == '.')
            *c = '/';
    return SNN_OK;
}

snn_status snn_store_attribute_path(const snn_store *store, const char *name,
                                    char group[SNN_TENSOR_NAME + 2], char **attribute,
                                    snn_error *err)
{
    /* path is "/train/epoch": cut at the last '/'; for "/epoch" the group is "/". */
    char *last;
    snn_status status = SNN_OK;

    TRY(status, snn_store_object_path(store, name, group, err));
    last = strrchr(group, '/');
    if (last == group) {
        memmove(group + 2, group + 1, strlen(group + 1) + 1);
        group[1] = '\0';
        *attribute = group + 2;
    } else {
        *last = '\0';
        *attribute = last + 1;
    }
done:
    return status;
}

hid_t snn_store_memory_type(snn_dtype dtype)
{
    switch (dtype) {
    case SNN_F32:
        return H5T_NATIVE_FLOAT;
    case SNN_F64:
        return H5T_NATIVE_DOUBLE;
    case SNN_U8:
        return H5T_NATIVE_UINT8;
    case SNN_U32:
        return H5T_NATIVE_UINT32;
    case SNN_U64:
        return H5T_NATIVE_UINT64;
    case SNN_I32:
        return H5T_NATIVE_INT32;
    case SNN_U16:
        return H5T_NATIVE_UINT16;
    }
    return H5I_INVALID_HID;
}

const char *snn_store_dtype_name(snn_dtype dtype)
{
    static const char *const NAMES[] = {
        [SNN_F32] = "float32", [SNN_F64] = "float64", [SNN_U8] = "uint8",
        [SNN_U32] = "uint32",  [SNN_U64] = "uint64",  [SNN_I32] = "int32",
        [SNN_U16] = "uint16",
    };
    return NAMES[dtype];
}
