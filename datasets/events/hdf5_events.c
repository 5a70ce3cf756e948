/* SPDX-License-Identifier: BSD-3-Clause */
/* Events out of HDF5: blocks of lists, tables and compounds, and chunks of ECF. */
#include "datasets/events/ecf.h"
#include "datasets/events/hdf5_events.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#define MOST_CHUNK ((hsize_t)1 << 26) /* bytes; a chunk of events has less than 1 MB */

static int probe(const unsigned char *head, size_t n, bool whole)
{
    static const unsigned char SIGNATURE[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

    (void)whole;
    /* At 0, or behind a user block of 512, 1024, ... bytes. */
    for (size_t at = 0; at + sizeof SIGNATURE <= n; at = at == 0 ? 512 : 2 * at)
        if (memcmp(head + at, SIGNATURE, sizeof SIGNATURE) == 0)
            return 100;
    return 0;
}

static snn_status open_hdf5(snn_event_reader *r, snn_error *err)
{
    struct snn_hdf5_reader *s = r->state;
    snn_status st;

    s->file = H5I_INVALID_HID;
    for (int c = 0; c < SNN_HDF5_COLUMNS; c++)
        s->set[c] = H5I_INVALID_HID;
    H5E_BEGIN_TRY
    {
        st = snn_hdf5_open_sets(r, err);
    }
    H5E_END_TRY
    return st;
}

/* ---- reading -------------------------------------------------------------------------- */

static snn_status cannot_read(const snn_event_reader *r, const char *set, snn_error *err)
{
    const struct snn_hdf5_reader *s = r->state;
    char where[64];

    snprintf(where, sizeof where, "%s[%llu]", set, (unsigned long long)s->at);
    return snn_hdf5_fail(
        r, SNN_EFORMAT, where, err,
        "cannot be read: the file is cut or damaged, fetch it again, or read what comes "
        "before (tolerant)");
}

/* Rows at .. at + n - 1 of a set as `type`. */
static bool read_rows(const struct snn_hdf5_reader *s, int column, hid_t type, hsize_t n,
                      hsize_t columns, void *out)
{
    const hsize_t start[2] = {s->at, 0}, count[2] = {n, columns};
    const int rank = columns > 0 ? 2 : 1;
    const hid_t from = H5Dget_space(s->set[column]), to = H5Screate_simple(rank, count, NULL);
    const bool good = from >= 0 && to >= 0 &&
                      H5Sselect_hyperslab(from, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                      H5Dread(s->set[column], type, to, from, H5P_DEFAULT, out) >= 0;

    if (to >= 0)
        H5Sclose(to);
    if (from >= 0)
        H5Sclose(from);
    return good;
}

/* Fields of a compound, each as an int64. */
static bool read_compound(const struct snn_hdf5_reader *s, hsize_t n)
{
    const hid_t type = H5Tcreate(H5T_COMPOUND, SNN_HDF5_COLUMNS * sizeof(int64_t));
    bool good = type >= 0;

    for (int c = 0; c < SNN_HDF5_COLUMNS && good; c++)
        good =
            H5Tinsert(type, snn_hdf5_field[c], (size_t)c * sizeof(int64_t), H5T_NATIVE_INT64) >= 0;
    good = good && read_rows(s, 0, type, n, 0, s->integer);
    if (type >= 0)
        H5Tclose(type);
    return good;
}

/* One event of four numbers; false after counting why it is none. */
static bool take_numbers(snn_event_reader *r, const int64_t v[SNN_HDF5_COLUMNS], snn_event *e)
{
    const struct snn_hdf5_reader *s = r->state;

    if (v[SNN_HDF5_X] < 0 || v[SNN_HDF5_X] > UINT16_MAX || v[SNN_HDF5_Y] < 0 ||
        v[SNN_HDF5_Y] > UINT16_MAX) {
        r->counts.outside++;
        return false;
    }
    *e = (snn_event){.t = (int64_t)((uint64_t)v[SNN_HDF5_T] + (uint64_t)s->offset_us),
                     .x = (uint16_t)v[SNN_HDF5_X],
                     .y = (uint16_t)v[SNN_HDF5_Y],
                     .p = v[SNN_HDF5_P] > 0};
    return true;
}

/* A float as what an event has, in whole microseconds or pixels; false where it is none.
 * A time that is no such number but for the rounding of a double was finer. */
static bool take_real(double v, bool time, int64_t *out, bool *rounded)
{
    double whole;

    v = time ? v * 1e6 : v;
    if (!(fabs(v) < 9e18))
        return false;
    whole = round(v);
    *out = (int64_t)whole;
    if (!time)
        return v == whole;
    *rounded = fabs(v - whole) > 2 * DBL_EPSILON * fabs(v);
    return true;
}

static snn_status read_columns(snn_event_reader *r, hsize_t n, snn_event *out, size_t *made,
                               snn_error *err)
{
    struct snn_hdf5_reader *s = r->state;
    const bool table = s->layout->set[1] == NULL;
    /* Element of event i and column c. */
    const size_t row = table ? SNN_HDF5_COLUMNS : 1, column = table ? 1 : SNN_HDF5_BLOCK;
    bool real[SNN_HDF5_COLUMNS];

    if (s->layout->compound && !read_compound(s, n))
        return cannot_read(r, s->layout->set[0], err);
    if (table && !s->layout->compound && !read_rows(s, 0, H5T_NATIVE_DOUBLE, n, 4, s->number))
        return cannot_read(r, s->layout->set[0], err);
    for (int c = 0; c < SNN_HDF5_COLUMNS; c++) {
        real[c] = table ? !s->layout->compound : s->real[c];
        if (!table &&
            !(real[c] ? read_rows(s, c, H5T_NATIVE_DOUBLE, n, 0, s->number + c * SNN_HDF5_BLOCK)
                      : read_rows(s, c, H5T_NATIVE_INT64, n, 0, s->integer + c * SNN_HDF5_BLOCK)))
            return cannot_read(r, s->layout->set[c], err);
    }
    for (size_t i = 0; i < n; i++) {
        int64_t v[SNN_HDF5_COLUMNS] = {0};
        bool good = true, rounded = false;

        for (int c = 0; c < SNN_HDF5_COLUMNS; c++) {
            const size_t k = i * row + (size_t)c * column;

            if (real[c])
                good &= take_real(s->number[k], c == SNN_HDF5_T, &v[c], &rounded);
            else
                v[c] = s->integer[k];
        }
        if (!good) {
            r->counts.malformed++;
        } else if (take_numbers(r, v, &out[*made])) {
            r->counts.rounded += rounded;
            ++*made;
        }
    }
    s->at += n;
    return SNN_OK;
}

/* The next chunk, decoded. */
static snn_status read_chunk(snn_event_reader *r, snn_error *err)
{
    struct snn_hdf5_reader *s = r->state;
    const hsize_t offset = s->at, want = s->n - s->at < s->chunk ? s->n - s->at : s->chunk;
    hsize_t bytes = 0;
    uint32_t skipped = 0;
    snn_status st = SNN_OK;

    s->n_events = s->next_event = 0;
    if (H5Dget_chunk_storage_size(s->set[0], &offset, &bytes) < 0 || bytes == 0 ||
        bytes > MOST_CHUNK)
        return cannot_read(r, s->layout->set[0], err);
    if (bytes > s->packed_room) {
        snn_free(r->ctx, s->packed);
        s->packed = NULL;
        s->packed_room = 0;
        TRY_ALLOC(st, r->ctx, s->packed, (size_t)bytes, err);
        s->packed_room = (size_t)bytes;
    }
    if (H5Dread_chunk(s->set[0], H5P_DEFAULT, &offset, &skipped, s->packed) < 0 || skipped != 0 ||
        !snn_ecf_decode(s->packed, (size_t)bytes, s->event, &s->n_events) || s->n_events < want)
        return cannot_read(r, s->layout->set[0], err);
    s->n_events = (size_t)want;
    s->at += want;

done:
    return st;
}

static snn_status read_some(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                            snn_error *err)
{
    struct snn_hdf5_reader *s = r->state;
    snn_status st = SNN_OK;

    while (*n == 0 && (s->at < s->n || s->next_event < s->n_events)) {
        if (s->ecf) {
            size_t k;

            if (s->next_event == s->n_events)
                TRY(st, read_chunk(r, err));
            k = s->n_events - s->next_event;
            k = k < room ? k : room;
            memcpy(out, s->event + s->next_event, k * sizeof *out);
            s->next_event += k;
            *n = k;
        } else {
            hsize_t k = s->n - s->at;

            k = k < SNN_HDF5_BLOCK ? k : SNN_HDF5_BLOCK;
            TRY(st, read_columns(r, k < room ? k : room, out, n, err));
        }
        r->progress = (double)s->at / (double)s->n;
    }

done:
    return st;
}

static snn_status read_hdf5(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                            snn_error *err)
{
    snn_status st;

    H5E_BEGIN_TRY
    {
        st = read_some(r, out, room, n, err);
    }
    H5E_END_TRY
    return st;
}

static void close_hdf5(snn_event_reader *r)
{
    struct snn_hdf5_reader *s = r->state;

    H5E_BEGIN_TRY
    {
        for (int c = 0; c < SNN_HDF5_COLUMNS; c++)
            if (s->set[c] > 0)
                H5Dclose(s->set[c]);
        if (s->file > 0)
            H5Fclose(s->file);
    }
    H5E_END_TRY
    snn_free(r->ctx, s->number);
    snn_free(r->ctx, s->integer);
    snn_free(r->ctx, s->packed);
    snn_free(r->ctx, s->event);
}

const snn_event_codec snn_codec_hdf5 = {
    .format = SNN_EVENTS_HDF5,
    .probe = probe,
    .state_bytes = sizeof(struct snn_hdf5_reader),
    .open = open_hdf5,
    .read = read_hdf5,
    .close = close_hdf5,
    .writer_bytes = sizeof(struct snn_hdf5_writer),
    .most_x = 65535,
    .most_y = 65535,
    .own_file = true,
    .begin = snn_hdf5_begin,
    .write = snn_hdf5_write,
    .end = snn_hdf5_end,
    .discard = snn_hdf5_discard,
};
