/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/spikes_write.h"

#include "datasets/half.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static snn_status cannot(const snn_spike_writer *w, const char *what, snn_error *err)
{
    return snn_error_set(err, SNN_EIO, w->part, "cannot write %s: is the disk full?", what);
}

/* IEEE float16, little-endian: libhdf5 1.10 has no name for it. */
static hid_t half_stored(void)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);

    if (type >= 0 && (H5Tset_fields(type, 15, 10, 5, 0, 10) < 0 || H5Tset_size(type, 2) < 0 ||
                      H5Tset_ebias(type, 15) < 0)) {
        H5Tclose(type);
        type = H5I_INVALID_HID;
    }
    return type;
}

/* A dataset of one dimension without the time of its making. */
static hid_t make_set(hid_t file, const char *name, hid_t type, hsize_t n)
{
    const hid_t space = H5Screate_simple(1, &n, NULL), how = H5Pcreate(H5P_DATASET_CREATE);
    hid_t set = H5I_INVALID_HID;

    if (space >= 0 && how >= 0 && H5Pset_obj_track_times(how, false) >= 0)
        set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    if (how >= 0)
        H5Pclose(how);
    if (space >= 0)
        H5Sclose(space);
    return set;
}

static hid_t make_lists(hid_t file, const char *name, hid_t base, hsize_t n)
{
    const hid_t type = base >= 0 ? H5Tvlen_create(base) : H5I_INVALID_HID;
    const hid_t set = type >= 0 ? make_set(file, name, type, n) : H5I_INVALID_HID;

    if (type >= 0)
        H5Tclose(type);
    return set;
}

static bool make_group(hid_t file, const char *name)
{
    const hid_t how = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = H5I_INVALID_HID;

    if (how >= 0 && H5Pset_obj_track_times(how, false) >= 0)
        group = H5Gcreate2(file, name, H5P_DEFAULT, how, H5P_DEFAULT);
    if (how >= 0)
        H5Pclose(how);
    return group >= 0 && H5Gclose(group) >= 0;
}

snn_status snn_spike_writer_open(snn_context *ctx, const char *path, uint32_t n, snn_times times,
                                 snn_spike_writer *out, snn_error *err)
{
    snn_spike_writer *w = out;
    hid_t half;
    snn_status st = SNN_OK;

    *w = (snn_spike_writer){.ctx = ctx,
                            .file = H5I_INVALID_HID,
                            .times = H5I_INVALID_HID,
                            .units = H5I_INVALID_HID,
                            .half = times == SNN_TIMES_FLOAT16};
    if (snprintf(w->path, sizeof w->path, "%s", path) >= (int)sizeof w->path ||
        snprintf(w->part, sizeof w->part, "%s.part", path) >= (int)sizeof w->part)
        return snn_error_set(err, SNN_EINVAL, path, "the path is too long");
    H5E_BEGIN_TRY
    {
        half = half_stored();
        w->file = H5Fcreate(w->part, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        if (w->file < 0)
            st = snn_error_set(err, SNN_EIO, w->part, "cannot be written: is the folder there?");
        else if (make_group(w->file, "spikes") && make_group(w->file, "extra")) {
            w->times = make_lists(w->file, "spikes/times", w->half ? half : H5T_IEEE_F32LE, n);
            w->units = make_lists(w->file, "spikes/units", H5T_STD_U16LE, n);
        }
        if (st == SNN_OK && (w->times < 0 || w->units < 0))
            st = cannot(w, "the layout", err);
        if (half >= 0)
            H5Tclose(half);
    }
    H5E_END_TRY
    return st;
}

static bool write_lists(hid_t set, hid_t base, const hvl_t *list, hsize_t first, hsize_t n)
{
    const hid_t type = H5Tvlen_create(base), here = H5Screate_simple(1, &n, NULL);
    const hid_t there = H5Dget_space(set);
    bool good = type >= 0 && here >= 0 && there >= 0;

    good = good && H5Sselect_hyperslab(there, H5S_SELECT_SET, &first, NULL, &n, NULL) >= 0 &&
           H5Dwrite(set, type, here, there, H5P_DEFAULT, list) >= 0;
    if (there >= 0)
        H5Sclose(there);
    if (here >= 0)
        H5Sclose(here);
    if (type >= 0)
        H5Tclose(type);
    return good;
}

/* Times of a list as they are stored: tick / ticks_per_s, rounded once. */
static void make_times(const snn_spike_list *list, double ticks_per_s, bool half, void *out)
{
    for (size_t i = 0; i < list->n; i++) {
        const double t = list->tick[i] / ticks_per_s;

        if (half)
            ((uint16_t *)out)[i] = snn_half_encode(t);
        else
            ((float *)out)[i] = (float)t;
    }
}

snn_status snn_spike_writer_add(snn_spike_writer *w, uint32_t first, uint32_t n,
                                const snn_spike_list *list, const double *ticks_per_s,
                                snn_error *err)
{
    const size_t bytes = w->half ? sizeof(uint16_t) : sizeof(float);
    hvl_t *entry = NULL;
    char *times = NULL;
    size_t events = 0;
    hid_t half = H5I_INVALID_HID;
    snn_status st;

    for (uint32_t i = 0; i < n; i++)
        events += list[i].n;
    TRY_ALLOC(st, w->ctx, entry, n, err);
    TRY_ALLOC(st, w->ctx, times, events * bytes, err);
    events = 0;
    for (uint32_t i = 0; i < n; i++) {
        entry[i] = (hvl_t){list[i].n, times + events * bytes};
        make_times(&list[i], ticks_per_s[i], w->half, entry[i].p);
        events += list[i].n;
    }
    H5E_BEGIN_TRY
    {
        /* On a big-endian machine the bits of our float16 are in its own order. */
        half = half_stored();
        if (half >= 0)
            H5Tset_order(half, H5Tget_order(H5T_NATIVE_FLOAT));
        if (!write_lists(w->times, w->half ? half : H5T_NATIVE_FLOAT, entry, first, n))
            st = cannot(w, "spikes/times", err);
        for (uint32_t i = 0; i < n; i++)
            entry[i].p = list[i].unit;
        if (st == SNN_OK && !write_lists(w->units, H5T_NATIVE_UINT16, entry, first, n))
            st = cannot(w, "spikes/units", err);
        if (half >= 0)
            H5Tclose(half);
    }
    H5E_END_TRY

done:
    snn_free(w->ctx, times);
    snn_free(w->ctx, entry);
    return st;
}

snn_status snn_spike_writer_numbers(snn_spike_writer *w, const char *name, hid_t type, hid_t stored,
                                    const void *values, uint32_t n, snn_error *err)
{
    hid_t set;
    bool good;

    H5E_BEGIN_TRY
    {
        set = make_set(w->file, name, stored, n);
        good = set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
        if (set >= 0)
            good = H5Dclose(set) >= 0 && good;
    }
    H5E_END_TRY
    return good ? SNN_OK : cannot(w, name, err);
}

/* Texts of one size, filled with zeros: h5py's "S", as the published files have. */
snn_status snn_spike_writer_texts(snn_spike_writer *w, const char *name, const char *const *text,
                                  uint32_t n, snn_error *err)
{
    size_t size = 1;
    char *block = NULL;
    hid_t type = H5I_INVALID_HID;
    snn_status st;

    for (uint32_t i = 0; i < n; i++)
        size = strlen(text[i]) > size ? strlen(text[i]) : size;
    TRY_ALLOC(st, w->ctx, block, n * size, err);
    for (uint32_t i = 0; i < n; i++)
        memcpy(block + i * size, text[i], strlen(text[i]));
    type = H5Tcopy(H5T_C_S1);
    if (type < 0 || H5Tset_size(type, size) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)
        st = cannot(w, name, err);
    else
        st = snn_spike_writer_numbers(w, name, type, type, block, n, err);

done:
    if (type >= 0)
        H5Tclose(type);
    snn_free(w->ctx, block);
    return st;
}

snn_status snn_spike_writer_group(snn_spike_writer *w, const char *name, snn_error *err)
{
    bool good;

    H5E_BEGIN_TRY
    {
        good = make_group(w->file, name);
    }
    H5E_END_TRY
    return good ? SNN_OK : cannot(w, name, err);
}

/* UTF-8 of variable length: what h5py writes for a text, and gives back as one. */
static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    if (type >= 0 &&
        (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        type = H5I_INVALID_HID;
    }
    return type;
}

snn_status snn_spike_writer_attribute(snn_spike_writer *w, const char *name, const char *text,
                                      snn_error *err)
{
    hid_t type, space, attribute = H5I_INVALID_HID;
    bool good;

    H5E_BEGIN_TRY
    {
        type = text_type();
        space = H5Screate(H5S_SCALAR);
        if (type >= 0 && space >= 0)
            attribute = H5Acreate2(w->file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
        good = attribute >= 0 && H5Awrite(attribute, type, &text) >= 0;
        if (attribute >= 0)
            H5Aclose(attribute);
        if (space >= 0)
            H5Sclose(space);
        if (type >= 0)
            H5Tclose(type);
    }
    H5E_END_TRY
    return good ? SNN_OK : cannot(w, name, err);
}

static bool close_file(snn_spike_writer *w)
{
    bool good = true;

    H5E_BEGIN_TRY
    {
        if (w->units >= 0)
            good = H5Dclose(w->units) >= 0 && good;
        if (w->times >= 0)
            good = H5Dclose(w->times) >= 0 && good;
        if (w->file >= 0)
            good = H5Fclose(w->file) >= 0 && good;
    }
    H5E_END_TRY
    w->units = w->times = w->file = H5I_INVALID_HID;
    return good;
}

snn_status snn_spike_writer_commit(snn_spike_writer *w, snn_error *err)
{
    bool good = close_file(w);
    int file = good ? open(w->part, O_RDWR) : -1;

    good = file >= 0 && fsync(file) == 0;
    if (file >= 0)
        close(file);
    if (!good || rename(w->part, w->path) != 0)
        return cannot(w, "the end of the file", err);
    w->part[0] = '\0';
    return SNN_OK;
}

void snn_spike_writer_close(snn_spike_writer *w)
{
    const bool begun = w->file >= 0;

    if (w->ctx == NULL)
        return;
    (void)close_file(w);
    if (begun && w->part[0] != '\0')
        unlink(w->part);
    *w = (snn_spike_writer){0};
}

static bool read_attribute(hid_t attribute, hid_t type, char *text, size_t size)
{
    char *found = NULL;
    bool good;

    if (H5Tget_class(type) != H5T_STRING)
        return false;
    if (H5Tis_variable_str(type) == 0)
        return H5Tget_size(type) <= size && H5Aread(attribute, type, text) >= 0;
    good = H5Aread(attribute, type, &found) >= 0 && found != NULL && strlen(found) < size;
    if (good)
        memcpy(text, found, strlen(found) + 1);
    H5free_memory(found);
    return good;
}

snn_status snn_spike_file_attribute(const char *path, const char *name, char *text, size_t size,
                                    snn_error *err)
{
    hid_t file, attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;
    bool good = false;

    if (!snn_data_is_file(path))
        return snn_error_set(err, SNN_ENOTFOUND, path, "is missing or not a file");
    H5E_BEGIN_TRY
    {
        file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
        if (file >= 0)
            attribute = H5Aopen(file, name, H5P_DEFAULT);
        if (attribute >= 0)
            type = H5Aget_type(attribute);
        good = type >= 0 && read_attribute(attribute, type, text, size);
        if (type >= 0)
            H5Tclose(type);
        if (attribute >= 0)
            H5Aclose(attribute);
        if (file >= 0)
            H5Fclose(file);
    }
    H5E_END_TRY
    return good ? SNN_OK : snn_error_set(err, SNN_EFORMAT, path, "has no attribute %s", name);
}
