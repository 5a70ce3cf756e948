/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/events/hdf5_events.h"

/* The lowest level: events shuffled by bytes pack well, and higher ones cost much time. */
#define DEFLATE_LEVEL 1

static snn_status cannot(const snn_event_writer *w, snn_error *err)
{
    return snn_error_set(err, SNN_EIO, w->path, "cannot be written: is the disk full?");
}

static hid_t make_set(const struct snn_hdf5_writer *s, const char *name, hid_t type)
{
    const hsize_t none = 0, most = H5S_UNLIMITED, chunk = SNN_HDF5_CHUNK;
    const hid_t space = H5Screate_simple(1, &none, &most), list = H5Pcreate(H5P_DATASET_CREATE);
    hid_t set = H5I_INVALID_HID;

    if (space >= 0 && list >= 0 && H5Pset_chunk(list, 1, &chunk) >= 0 &&
        H5Pset_shuffle(list) >= 0 && H5Pset_deflate(list, DEFLATE_LEVEL) >= 0)
        set = H5Dcreate2(s->group, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (list >= 0)
        H5Pclose(list);
    if (space >= 0)
        H5Sclose(space);
    return set;
}

static bool put_number(hid_t at, const char *name, uint32_t value)
{
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t a = H5Acreate2(at, name, H5T_STD_U32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    const bool good = a >= 0 && H5Awrite(a, H5T_NATIVE_UINT32, &value) >= 0;

    if (a >= 0)
        H5Aclose(a);
    if (space >= 0)
        H5Sclose(space);
    return good;
}

snn_status snn_hdf5_begin(snn_event_writer *w, snn_error *err)
{
    struct snn_hdf5_writer *s = w->state;
    bool good;

    H5E_BEGIN_TRY
    {
        s->file = H5Fcreate(w->out.part, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        s->group = s->file >= 0
                       ? H5Gcreate2(s->file, "events", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)
                       : H5I_INVALID_HID;
        good = s->group >= 0 && put_number(s->group, "width", w->width) &&
               put_number(s->group, "height", w->height) && put_number(s->group, "snn_format", 1);
        s->set[0] = good ? make_set(s, "x", H5T_STD_U16LE) : H5I_INVALID_HID;
        s->set[1] = good ? make_set(s, "y", H5T_STD_U16LE) : H5I_INVALID_HID;
        s->set[2] = good ? make_set(s, "t", H5T_STD_I64LE) : H5I_INVALID_HID;
        s->set[3] = good ? make_set(s, "p", H5T_STD_U8LE) : H5I_INVALID_HID;
        for (int c = 0; c < 4; c++)
            good = good && s->set[c] >= 0;
    }
    H5E_END_TRY
    return good ? SNN_OK : cannot(w, err);
}

static bool append(hid_t set, hid_t type, const void *values, hsize_t at, hsize_t n)
{
    const hsize_t size = at + n;
    hid_t from = H5I_INVALID_HID, to = H5I_INVALID_HID;
    bool good = H5Dset_extent(set, &size) >= 0;

    if (good) {
        from = H5Screate_simple(1, &n, NULL);
        to = H5Dget_space(set);
        good = from >= 0 && to >= 0 &&
               H5Sselect_hyperslab(to, H5S_SELECT_SET, &at, NULL, &n, NULL) >= 0 &&
               H5Dwrite(set, type, from, to, H5P_DEFAULT, values) >= 0;
    }
    if (to >= 0)
        H5Sclose(to);
    if (from >= 0)
        H5Sclose(from);
    return good;
}

static bool flush(struct snn_hdf5_writer *s)
{
    bool good;

    if (s->n == 0)
        return true;
    H5E_BEGIN_TRY
    {
        good = append(s->set[0], H5T_NATIVE_UINT16, s->x, s->written, s->n) &&
               append(s->set[1], H5T_NATIVE_UINT16, s->y, s->written, s->n) &&
               append(s->set[2], H5T_NATIVE_INT64, s->t, s->written, s->n) &&
               append(s->set[3], H5T_NATIVE_UINT8, s->p, s->written, s->n);
    }
    H5E_END_TRY
    s->written += s->n;
    s->n = 0;
    return good;
}

snn_status snn_hdf5_write(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err)
{
    struct snn_hdf5_writer *s = w->state;

    for (size_t i = 0; i < n; i++) {
        s->x[s->n] = e[i].x;
        s->y[s->n] = e[i].y;
        s->t[s->n] = e[i].t;
        s->p[s->n++] = e[i].p;
        if (s->n == SNN_HDF5_CHUNK && !flush(s))
            return cannot(w, err);
    }
    return SNN_OK;
}

static bool close_all(struct snn_hdf5_writer *s)
{
    bool good = true;

    H5E_BEGIN_TRY
    {
        for (int c = 0; c < 4; c++) {
            if (s->set[c] > 0)
                good = H5Dclose(s->set[c]) >= 0 && good;
            s->set[c] = H5I_INVALID_HID;
        }
        if (s->group > 0)
            good = H5Gclose(s->group) >= 0 && good;
        if (s->file > 0)
            good = H5Fclose(s->file) >= 0 && good;
        s->group = s->file = H5I_INVALID_HID;
    }
    H5E_END_TRY
    return good;
}

snn_status snn_hdf5_end(snn_event_writer *w, snn_error *err)
{
    const bool flushed = flush(w->state);

    return close_all(w->state) && flushed ? SNN_OK : cannot(w, err);
}

void snn_hdf5_discard(snn_event_writer *w)
{
    close_all(w->state);
}
