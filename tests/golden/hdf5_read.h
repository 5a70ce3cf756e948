/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading recorded tensors: whole data sets as doubles, attributes of any kind. */
#ifndef TESTS_GOLDEN_HDF5_READ_H
#define TESTS_GOLDEN_HDF5_READ_H

#include "tests/cmocka_all.h"

#include <hdf5.h>

typedef struct {
    double *at; /* NULL: the file has no such data set */
    size_t n;
    int rank;
    hsize_t shape[4];
} recorded;

static inline recorded recorded_read(hid_t file, const char *name)
{
    recorded r = {.n = 1};
    hid_t set, space;

    if (H5Lexists(file, name, H5P_DEFAULT) <= 0)
        return r;
    set = H5Dopen2(file, name, H5P_DEFAULT);
    space = H5Dget_space(set);
    r.rank = H5Sget_simple_extent_ndims(space);
    assert_in_range(r.rank, 0, 4);
    H5Sget_simple_extent_dims(space, r.shape, NULL);
    for (int i = 0; i < r.rank; i++)
        r.n *= r.shape[i];
    r.at = malloc((r.n + 1) * sizeof *r.at);
    assert_non_null(r.at);
    assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, r.at) >= 0);
    H5Sclose(space);
    H5Dclose(set);
    return r;
}

/* A number; booleans are stored as an enumeration of one byte. */
static inline double attribute_number(hid_t file, const char *name)
{
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    double value = 0.0;

    assert_true(attribute >= 0);
    if (H5Tget_class(type) == H5T_ENUM) {
        signed char truth = 0;

        assert_true(H5Aread(attribute, type, &truth) >= 0);
        value = truth;
    } else {
        assert_true(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0);
    }
    H5Tclose(type);
    H5Aclose(attribute);
    return value;
}

/* A string of variable length, cut at `size`. */
static inline void attribute_text(hid_t file, const char *name, char *out, size_t size)
{
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    char *text = NULL;

    assert_true(H5Tis_variable_str(type) > 0);
    assert_true(H5Aread(attribute, type, &text) >= 0);
    snprintf(out, size, "%s", text);
    H5free_memory(text);
    H5Tclose(type);
    H5Aclose(attribute);
}

#endif
