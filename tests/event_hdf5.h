/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small recordings in HDF5, one of each layout that is read: made here by libhdf5 in
 * memory from the layouts' descriptions, ECF's chunks byte by byte.
 */
#ifndef TESTS_EVENT_HDF5_H
#define TESTS_EVENT_HDF5_H

#include "tests/event_fixtures.h"

#include <hdf5.h>

/* Columns of the fixture, of the types that each layout has. */
struct hdf5_columns {
    const snn_event *e;
    uint16_t x[FIXTURE_EVENTS], y[FIXTURE_EVENTS];
    uint32_t t[FIXTURE_EVENTS];
    int64_t x64[FIXTURE_EVENTS], t64[FIXTURE_EVENTS];
    uint8_t p[FIXTURE_EVENTS];
    double seconds[FIXTURE_EVENTS], table[FIXTURE_EVENTS][4];
};

static inline void hdf5_columns_fill(struct hdf5_columns *c, const snn_event *e)
{
    c->e = e;
    for (int i = 0; i < FIXTURE_EVENTS; i++) {
        c->x[i] = e[i].x;
        c->x64[i] = e[i].x;
        c->y[i] = e[i].y;
        c->t[i] = (uint32_t)e[i].t;
        c->t64[i] = e[i].t;
        c->p[i] = e[i].p;
        c->seconds[i] = 1e-6 * (double)e[i].t;
        c->table[i][0] = e[i].x;
        c->table[i][1] = e[i].y;
        c->table[i][2] = 1e9 + 1e-6 * (double)e[i].t;
        c->table[i][3] = e[i].p != 0 ? 1 : -1;
    }
}

/* n values as a list, or with `columns` > 0 as a table; `chunk` 0: not in chunks, else packed. */
static inline void put_set(hid_t file, const char *name, hid_t type, const void *values, hsize_t n,
                           hsize_t columns, hsize_t chunk)
{
    const hsize_t size[2] = {n, columns};
    const hid_t space = H5Screate_simple(columns > 0 ? 2 : 1, size, NULL);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    hid_t set;

    if (chunk > 0) {
        assert_true(H5Pset_chunk(list, 1, &chunk) >= 0);
        assert_true(H5Pset_deflate(list, 4) >= 0);
    }
    set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(set >= 0);
    assert_true(n == 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Pclose(list);
    H5Sclose(space);
}

static inline void put_list(hid_t file, const char *name, hid_t type, const void *values, hsize_t n)
{
    put_set(file, name, type, values, n, 0, 0);
}

static inline void put_scalar(hid_t file, const char *name, int64_t value)
{
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t set =
        H5Dcreate2(file, name, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    assert_true(H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) >= 0);
    H5Dclose(set);
    H5Sclose(space);
}

/* `fixed`: a string of a length, else one of any length, as Metavision's and h5py's are. */
static inline void put_text(hid_t file, const char *name, const char *text, bool fixed)
{
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    hid_t a;

    H5Tset_size(type, fixed ? strlen(text) : H5T_VARIABLE);
    a = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(a, type, fixed ? (const void *)text : (const void *)&text) >= 0);
    H5Aclose(a);
    H5Sclose(space);
    H5Tclose(type);
}

/* A group and those above it. */
static inline void put_group(hid_t file, const char *group)
{
    char part[64];

    for (size_t i = 1; i <= strlen(group); i++)
        if (group[i] == '/' || group[i] == '\0') {
            snprintf(part, sizeof part, "%.*s", (int)i, group);
            if (H5Lexists(file, part, H5P_DEFAULT) > 0)
                continue;
            H5Gclose(H5Gcreate2(file, part, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        }
}

/* ---- layouts --------------------------------------------------------------------------- */

#define DSEC_OFFSET  INT64_C(5000000000)
#define MVSEC_OFFSET INT64_C(1000000000000000)

/* ms_to_idx, for seeking, stands beside the events. */
static inline void make_dsec(hid_t file, const struct hdf5_columns *c)
{
    const uint64_t index[] = {0, 12, 30};

    put_group(file, "/events");
    put_set(file, "/events/x", H5T_STD_U16LE, c->x, FIXTURE_EVENTS, 0, 50);
    put_set(file, "/events/y", H5T_STD_U16LE, c->y, FIXTURE_EVENTS, 0, 50);
    put_set(file, "/events/t", H5T_STD_U32LE, c->t, FIXTURE_EVENTS, 0, 50);
    put_set(file, "/events/p", H5T_STD_U8LE, c->p, FIXTURE_EVENTS, 0, 50);
    put_list(file, "/ms_to_idx", H5T_STD_U64LE, index, 3);
    put_scalar(file, "/t_offset", DSEC_OFFSET);
}

static inline void make_event_cnn(hid_t file, const struct hdf5_columns *c)
{
    put_group(file, "/events");
    put_list(file, "/events/xs", H5T_STD_I16LE, c->x, FIXTURE_EVENTS);
    put_list(file, "/events/ys", H5T_STD_I16LE, c->y, FIXTURE_EVENTS);
    put_list(file, "/events/ts", H5T_IEEE_F64LE, c->seconds, FIXTURE_EVENTS);
    put_list(file, "/events/ps", H5T_STD_I8LE, c->p, FIXTURE_EVENTS);
}

/* Polarity as h5py writes booleans. */
static inline void make_evlib(hid_t file, const struct hdf5_columns *c)
{
    const hid_t boolean = H5Tenum_create(H5T_STD_I8LE);

    H5Tenum_insert(boolean, "FALSE", &(int8_t){0});
    H5Tenum_insert(boolean, "TRUE", &(int8_t){1});
    put_group(file, "/raw_events");
    put_list(file, "/raw_events/x", H5T_STD_I64LE, c->x64, FIXTURE_EVENTS);
    put_list(file, "/raw_events/y", H5T_STD_U16LE, c->y, FIXTURE_EVENTS);
    put_set(file, "/raw_events/t", H5T_IEEE_F64LE, c->seconds, FIXTURE_EVENTS, 0, 64);
    put_list(file, "/raw_events/p", boolean, c->p, FIXTURE_EVENTS);
    H5Tclose(boolean);
}

static inline void make_mvsec(hid_t file, const struct hdf5_columns *c)
{
    put_group(file, "/davis/left");
    put_set(file, "/davis/left/events", H5T_IEEE_F64LE, c->table, FIXTURE_EVENTS, 4, 0);
}

/* The record of Metavision's files: 16 bytes. */
struct metavision_record {
    uint16_t x, y;
    int16_t p;
    int64_t t;
};

static inline hid_t metavision_type(void)
{
    const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct metavision_record));

    assert_int_equal(sizeof(struct metavision_record), 16);
    H5Tinsert(type, "x", HOFFSET(struct metavision_record, x), H5T_NATIVE_UINT16);
    H5Tinsert(type, "y", HOFFSET(struct metavision_record, y), H5T_NATIVE_UINT16);
    H5Tinsert(type, "p", HOFFSET(struct metavision_record, p), H5T_NATIVE_INT16);
    H5Tinsert(type, "t", HOFFSET(struct metavision_record, t), H5T_NATIVE_INT64);
    return type;
}

static inline void make_metavision(hid_t file, const struct hdf5_columns *c)
{
    struct metavision_record record[FIXTURE_EVENTS];
    const hid_t type = metavision_type();

    for (int i = 0; i < FIXTURE_EVENTS; i++)
        record[i] = (struct metavision_record){c->e[i].x, c->e[i].y, c->e[i].p, c->e[i].t};
    put_text(file, "geometry", "1280x720", true);
    put_group(file, "/CD");
    put_set(file, "/CD/events", type, record, FIXTURE_EVENTS, 0, 64);
    H5Tclose(type);
}

/* ---- ECF ------------------------------------------------------------------------------- */

#define ECF_FILTER 36559
#define ECF_CHUNK  60

enum ecf_packing { ECF_MASKS, ECF_XP, ECF_YXP };

/* How many events from e[0] on are as `same` wants them to be, at most n. */
static inline size_t ecf_run(const snn_event *e, size_t n, bool rows)
{
    size_t k = 1;

    while (k < n && (rows ? e[k].y == e[0].y : e[k].p == e[0].p))
        k++;
    return k;
}

/* Steps of 15 us and more come as low halves of bytes 0xf., the lowest first. */
static inline void put_ecf_times(struct bytes *b, const snn_event *e, size_t n)
{
    int64_t t = e[0].t;

    put_little(b, (uint64_t)t, 8);
    for (size_t i = 0, k; i < n; i += k) {
        uint64_t step = (uint64_t)(e[i].t - t);

        t = e[i].t;
        for (k = 1; i + k < n && e[i + k].t == t;)
            k++;
        if (step >= 15)
            for (; step > 0; step >>= 4)
                put_little(b, 0xf0 | (step & 15), 1);
        put_little(b, step << 4 | (k < 15 ? k : 15), 1);
        if (k >= 15)
            put_little(b, k, 2);
    }
}

static inline void put_ecf_yxp(struct bytes *b, const snn_event *e, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint32_t w[4] = {0};

        for (size_t k = 0; k < 4 && i + k < n; k++)
            w[k] = (uint32_t)e[i + k].y << 12 | (uint32_t)e[i + k].x << 1 | e[i + k].p;
        put_little(b, w[0] << 8 | (w[1] & 0xff), 4);
        put_little(b, w[1] >> 8 << 16 | (w[2] & 0xffff), 4);
        put_little(b, w[2] >> 16 << 24 | w[3], 4);
    }
}

static inline void put_ecf_xp(struct bytes *b, const snn_event *e, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint32_t w[4] = {0};

        for (size_t k = 0; k < 4 && i + k < n; k++)
            w[k] = (uint32_t)e[i + k].x << 1 | e[i + k].p;
        put_little(b, w[0] << 4 | (w[1] & 15), 2);
        put_little(b, w[1] >> 4 << 8 | (w[2] & 255), 2);
        put_little(b, w[2] >> 8 << 12 | w[3], 2);
    }
}

/* A column and a mask of the five behind it; then runs of polarities. */
static inline void put_ecf_masks(struct bytes *b, const snn_event *e, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) {
        unsigned mask = 0;

        for (k = 1; i + k < n && e[i + k].x > e[i + k - 1].x && e[i + k].x <= e[i].x + 5; k++)
            mask |= 1u << (5 - (e[i + k].x - e[i].x));
        put_little(b, (uint64_t)e[i].x << 5 | mask, 2);
    }
    for (size_t i = 0, k; i < n; i += k) {
        k = ecf_run(e + i, n - i, false);
        put_little(b, (uint64_t)e[i].p << 7 | (k < 127 ? k : 127), 1);
        if (k >= 127)
            put_little(b, k, 2);
    }
}

static inline void put_ecf(struct bytes *b, const snn_event *e, size_t n, enum ecf_packing packing)
{
    put_little(b, n << 2 | packing, 4);
    put_ecf_times(b, e, n);
    if (packing == ECF_YXP) {
        put_ecf_yxp(b, e, n);
        return;
    }
    for (size_t i = 0, k; i < n; i += k) {
        k = ecf_run(e + i, n - i, true);
        put_little(b, (uint64_t)e[i].y << 5 | (k < 31 ? k : 31), 2);
        if (k >= 31)
            put_little(b, k, 2);
    }
    (packing == ECF_XP ? put_ecf_xp : put_ecf_masks)(b, e, n);
}

/* /CD/events of `events` events, whose chunks libhdf5 is told to be packed by `filter`,
 * whatever is in them. */
static inline void put_chunks(hid_t file, H5Z_filter_t filter, hsize_t events,
                              const struct bytes *chunk)
{
    const hsize_t size = ECF_CHUNK;
    const hid_t type = metavision_type(), list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = H5Screate_simple(1, &events, NULL);
    hid_t set;

    put_group(file, "/CD");
    put_text(file, "geometry", "1280x720", false);
    H5Pset_chunk(list, 1, &size);
    assert_true(H5Pset_filter(list, filter, H5Z_FLAG_OPTIONAL, 0, NULL) >= 0);
    set = H5Dcreate2(file, "/CD/events", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(set >= 0);
    for (hsize_t i = 0; i < events; i += size, chunk++)
        assert_true(H5Dwrite_chunk(set, H5P_DEFAULT, 0, &i, chunk->n, chunk->at) >= 0);
    H5Dclose(set);
    H5Pclose(list);
    H5Sclose(space);
    H5Tclose(type);
}

/* The chunk `damaged` (from 0; -1: none) ends early. */
static inline void make_filtered(hid_t file, H5Z_filter_t filter, const snn_event *e,
                                 enum ecf_packing packing, int damaged)
{
    struct bytes chunk[(FIXTURE_EVENTS + ECF_CHUNK - 1) / ECF_CHUNK] = {{0}};

    for (int i = 0; i * ECF_CHUNK < FIXTURE_EVENTS; i++) {
        const size_t left = FIXTURE_EVENTS - (size_t)i * ECF_CHUNK;

        put_ecf(&chunk[i], e + (size_t)i * ECF_CHUNK, left < ECF_CHUNK ? left : ECF_CHUNK, packing);
        chunk[i].n -= damaged == i ? 3 : 0;
    }
    put_chunks(file, filter, FIXTURE_EVENTS, chunk);
    for (int i = 0; i * ECF_CHUNK < FIXTURE_EVENTS; i++)
        free(chunk[i].at);
}

static inline void make_ecf_masks(hid_t file, const struct hdf5_columns *c)
{
    make_filtered(file, ECF_FILTER, c->e, ECF_MASKS, -1);
}

static inline void make_ecf_xp(hid_t file, const struct hdf5_columns *c)
{
    make_filtered(file, ECF_FILTER, c->e, ECF_XP, -1);
}

static inline void make_ecf_yxp(hid_t file, const struct hdf5_columns *c)
{
    make_filtered(file, ECF_FILTER, c->e, ECF_YXP, -1);
}

/* ---- files ----------------------------------------------------------------------------- */

static const struct hdf5_fixture {
    const char *name, *variant;
    void (*make)(hid_t file, const struct hdf5_columns *c);
    int64_t offset; /* of the times */
    uint32_t width; /* 0: not known */
    snn_event_geometry geometry;
} HDF5_FIXTURES[] = {
    {"DSEC", "DSEC", make_dsec, DSEC_OFFSET, 0, SNN_GEOMETRY_UNKNOWN},
    {"event_cnn", "event_cnn", make_event_cnn, 0, 0, SNN_GEOMETRY_UNKNOWN},
    {"evlib", "evlib", make_evlib, 0, 0, SNN_GEOMETRY_UNKNOWN},
    {"MVSEC", "MVSEC", make_mvsec, MVSEC_OFFSET, 346, SNN_GEOMETRY_ASSUMED},
    {"Metavision", "Metavision", make_metavision, 0, 1280, SNN_GEOMETRY_STATED},
    {"ECF masks", "Metavision, ECF", make_ecf_masks, 0, 1280, SNN_GEOMETRY_STATED},
    {"ECF xp", "Metavision, ECF", make_ecf_xp, 0, 1280, SNN_GEOMETRY_STATED},
    {"ECF yxp", "Metavision, ECF", make_ecf_yxp, 0, 1280, SNN_GEOMETRY_STATED},
};

#define N_HDF5_FIXTURES (sizeof HDF5_FIXTURES / sizeof HDF5_FIXTURES[0])

/* A file in memory; `block`: bytes before it that are not HDF5's (0, or 512, 1024, ...). */
static inline hid_t hdf5_begin(hsize_t block)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS), create = H5Pcreate(H5P_FILE_CREATE);
    hid_t file;

    H5Pset_fapl_core(access, 4096, false);
    assert_true(block == 0 || H5Pset_userblock(create, block) >= 0);
    file = H5Fcreate("fixture", H5F_ACC_TRUNC, create, access);
    assert_true(file >= 0);
    H5Pclose(create);
    H5Pclose(access);
    return file;
}

/* Its bytes, in a block of exactly their size.  Free it. */
static inline unsigned char *hdf5_end(hid_t file, size_t *n)
{
    unsigned char *bytes;
    ssize_t size;

    assert_true(H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0);
    size = H5Fget_file_image(file, NULL, 0);
    assert_true(size > 0);
    bytes = malloc((size_t)size);
    assert_non_null(bytes);
    assert_int_equal(H5Fget_file_image(file, bytes, (size_t)size), size);
    H5Fclose(file);
    *n = (size_t)size;
    return bytes;
}

static inline unsigned char *make_hdf5(const struct hdf5_fixture *f, snn_event e[FIXTURE_EVENTS],
                                       size_t *n)
{
    struct hdf5_columns columns;
    const hid_t file = hdf5_begin(0);

    fixture_events(e, 5);
    hdf5_columns_fill(&columns, e);
    f->make(file, &columns);
    for (int i = 0; i < FIXTURE_EVENTS; i++)
        e[i].t += f->offset;
    return hdf5_end(file, n);
}

#endif
