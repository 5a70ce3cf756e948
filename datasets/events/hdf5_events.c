/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/events/hdf5_events.h"

#include "datasets/events/ecf.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#define BLOCK      16384 /* events read at once */
#define FILTER_ECF 36559
#define MOST_CHUNK ((hsize_t)1 << 26) /* bytes; a chunk of events has less than 1 MB */
/* What libhdf5 keeps unpacked of a set by itself, and what it may at most. */
#define USUAL_CACHE ((hsize_t)1 << 20)
#define MOST_CACHE  ((hsize_t)1 << 28)

enum column { COLUMN_X, COLUMN_Y, COLUMN_T, COLUMN_P, COLUMNS };

/* Of a compound. */
static const char *const FIELD[COLUMNS] = {"x", "y", "t", "p"};

/* Where the events lie.  Times that are floats are seconds, integers microseconds; a
 * polarity above 0 is ON. */
static const struct layout {
    const char *name;
    const char *set[COLUMNS]; /* a list each; or set[0] is all and the rest NULL */
    bool compound;            /* of fields x, y, p, t; else a table of columns x, y, t, p */
    uint32_t width, height;   /* of the camera that the data set has; 0 = any */
} LAYOUTS[] = {
    {"DSEC", {"/events/x", "/events/y", "/events/t", "/events/p"}, false, 0, 0},
    {"event_cnn", {"/events/xs", "/events/ys", "/events/ts", "/events/ps"}, false, 0, 0},
    {"evlib", {"/raw_events/x", "/raw_events/y", "/raw_events/t", "/raw_events/p"}, false, 0, 0},
    {"MVSEC", {"/davis/left/events"}, false, 346, 260},
    {"Metavision", {"/CD/events"}, true, 0, 0},
};

static const struct filter {
    H5Z_filter_t id;
    const char *name;
} FILTERS[] = {
    {32001, "Blosc; Debian: hdf5-filter-plugin-blosc-serial"},
    {32004, "LZ4; Debian: hdf5-filter-plugin"},
    {32008, "bitshuffle; Debian: hdf5-filter-plugin"},
    {32015, "Zstandard"},
    {32026, "Blosc2"},
};

struct hdf5_reader {
    hid_t file;
    hid_t set[COLUMNS];
    bool real[COLUMNS]; /* floats */
    const struct layout *layout;
    bool ecf;
    hsize_t n, at; /* events, and those read */
    int64_t offset_us;
    /* A block of each column, or of the table or compound. */
    double *number;   /* BLOCK of each column */
    int64_t *integer; /* the same */
    /* ECF: a chunk, decoded. */
    hsize_t chunk;
    unsigned char *packed;
    size_t packed_room;
    snn_event *event;
    size_t n_events, next_event;
};

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

static snn_status fail(const snn_event_reader *r, snn_status status, const char *set,
                       snn_error *err, const char *what)
{
    char where[SNN_ERROR_WHERE];

    snprintf(where, sizeof where, "%s: %s", r->in.name, set);
    return snn_error_set(err, status, where, "%s", what);
}

/* ---- opening ----------------------------------------------------------------------- */

static snn_status open_file(snn_event_reader *r, snn_error *err)
{
    struct hdf5_reader *s = r->state;
    hid_t access;

    if (r->in.fd >= 0 && (!r->in.own_fd || !r->in.regular))
        return snn_error_set(err, SNN_EUNSUPPORTED, r->in.name,
                             "HDF5 cannot be read from a pipe: give the file's name");
    if (r->in.fd >= 0) {
        s->file = H5Fopen(r->in.name, H5F_ACC_RDONLY, H5P_DEFAULT);
    } else {
        access = H5Pcreate(H5P_FILE_ACCESS);
        H5Pset_fapl_core(access, 65536, false);
        /* The library takes a copy. */
        if (H5Pset_file_image(access, (void *)(uintptr_t)r->in.at, snn_event_input_left(&r->in)) >=
            0)
            s->file = H5Fopen("memory", H5F_ACC_RDONLY, access);
        H5Pclose(access);
    }
    if (s->file < 0)
        return snn_error_set(
            err, SNN_EFORMAT, r->in.name,
            "cannot be opened as HDF5: the file is cut or damaged, fetch it again");
    return SNN_OK;
}

/* Whether there is an object of that path; H5Lexists wants each step of it to be there. */
static bool has(hid_t file, const char *path)
{
    char part[64];

    for (size_t i = 1; i <= strlen(path); i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        if (H5Lexists(file, part, H5P_DEFAULT) <= 0)
            return false;
    }
    return true;
}

static bool has_layout(hid_t file, const struct layout *layout)
{
    bool all = true;

    for (int c = 0; c < COLUMNS && layout->set[c] != NULL; c++)
        all = all && has(file, layout->set[c]);
    return all;
}

/* What the set is packed by must be there. */
static snn_status check_filters(snn_event_reader *r, int column, snn_error *err)
{
    struct hdf5_reader *s = r->state;
    const hid_t list = H5Dget_create_plist(s->set[column]);
    const int n = list >= 0 ? H5Pget_nfilters(list) : 0;
    snn_status st = SNN_OK;

    for (int i = 0; i < n && st == SNN_OK; i++) {
        unsigned flags, config;
        size_t none = 0;
        const H5Z_filter_t id =
            H5Pget_filter2(list, (unsigned)i, &flags, &none, NULL, 0, NULL, &config);
        const char *name = "an unknown one";
        char what[SNN_ERROR_WHAT];

        if (id == FILTER_ECF && s->layout->compound && n == 1) {
            s->ecf = true;
            continue;
        }
        if (id < 0 || H5Zfilter_avail(id) > 0)
            continue;
        for (size_t k = 0; k < SNN_COUNT(FILTERS); k++)
            name = FILTERS[k].id == id ? FILTERS[k].name : name;
        snprintf(what, sizeof what,
                 "is packed by the HDF5 filter %d (%s), which libhdf5 does not find here: install "
                 "its plugin, and let HDF5_PLUGIN_PATH name its folder",
                 (int)id, name);
        st = fail(r, SNN_EUNSUPPORTED, s->layout->set[column], err, what);
    }
    if (list >= 0)
        H5Pclose(list);
    return st;
}

/* Bytes of a chunk of a set, 0 where it has none. */
static hsize_t chunk_bytes(hid_t set)
{
    const hid_t list = H5Dget_create_plist(set), type = H5Dget_type(set);
    hsize_t size[2] = {0, 1}, bytes = 0;

    if (list >= 0 && type >= 0 && H5Pget_layout(list) == H5D_CHUNKED &&
        H5Pget_chunk(list, 2, size) > 0 && size[0] <= MOST_CACHE && size[1] <= 4)
        bytes = size[0] * size[1] * H5Tget_size(type);
    if (type >= 0)
        H5Tclose(type);
    if (list >= 0)
        H5Pclose(list);
    return bytes;
}

/* Chunks larger than libhdf5's cache would be unpacked anew for each block read of them. */
static hid_t open_cached(hid_t file, const char *name)
{
    const hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    const hsize_t bytes = set >= 0 ? chunk_bytes(set) : 0;
    hid_t access, cached;

    if (bytes <= USUAL_CACHE || bytes > MOST_CACHE)
        return set;
    access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, H5D_CHUNK_CACHE_NSLOTS_DEFAULT, (size_t)bytes, 1);
    cached = H5Dopen2(file, name, access);
    H5Pclose(access);
    H5Dclose(set);
    return cached;
}

/* Whether a number is as the machine has it, whatever its order of bytes.  libhdf5 trusts
 * the widths and places that a file states, also those of a damaged one. */
static bool is_number(hid_t type)
{
    const H5T_class_t class = H5Tget_class(type);
    const size_t size = H5Tget_size(type);
    hid_t whole;
    bool good;

    if (class == H5T_FLOAT)
        return H5Tequal(type, H5T_IEEE_F64LE) > 0 || H5Tequal(type, H5T_IEEE_F32LE) > 0 ||
               H5Tequal(type, H5T_IEEE_F64BE) > 0 || H5Tequal(type, H5T_IEEE_F32BE) > 0;
    if (class != H5T_INTEGER && class != H5T_ENUM)
        return false;
    whole = class == H5T_ENUM ? H5Tget_super(type) : H5Tcopy(type);
    good = whole >= 0 && H5Tget_class(whole) == H5T_INTEGER && H5Tget_size(whole) == size &&
           (size == 1 || size == 2 || size == 4 || size == 8) &&
           H5Tget_precision(whole) == 8 * size && H5Tget_offset(whole) == 0;
    if (whole >= 0)
        H5Tclose(whole);
    return good;
}

/* Whether a compound holds the fields, and all of its lie inside it. */
static bool is_record(hid_t type)
{
    const int n = H5Tget_class(type) == H5T_COMPOUND ? H5Tget_nmembers(type) : 0;
    const size_t size = H5Tget_size(type);
    bool good = n > 0 && n <= 16 && size <= 256;

    for (int i = 0; i < n && good; i++) {
        const size_t at = H5Tget_member_offset(type, (unsigned)i);
        const hid_t member = H5Tget_member_type(type, (unsigned)i);

        good = member >= 0 && is_number(member) && at < size && H5Tget_size(member) <= size - at;
        if (member >= 0)
            H5Tclose(member);
    }
    for (int c = 0; c < COLUMNS && good; c++)
        good = H5Tget_member_index(type, FIELD[c]) >= 0;
    return good;
}

/* Open one set; its length must be that of the others. */
static snn_status open_set(snn_event_reader *r, int column, snn_error *err)
{
    struct hdf5_reader *s = r->state;
    const char *name = s->layout->set[column];
    const bool table = s->layout->set[1] == NULL && !s->layout->compound;
    const int rank = table ? 2 : 1;
    hid_t space, type;
    hsize_t size[2] = {0, 4};
    bool good;

    s->set[column] = open_cached(s->file, name);
    if (s->set[column] < 0)
        return fail(r, SNN_EFORMAT, name, err, "cannot be opened: the file is cut or damaged");
    space = H5Dget_space(s->set[column]);
    good = space >= 0 && H5Sget_simple_extent_ndims(space) == rank &&
           H5Sget_simple_extent_dims(space, size, NULL) == rank && (!table || size[1] == 4);
    if (space >= 0)
        H5Sclose(space);
    if (!good)
        return fail(r, SNN_EFORMAT, name, err,
                    table ? "must be a table of four columns" : "must be a list");
    if (column > 0 && size[0] != s->n)
        return fail(r, SNN_EFORMAT, name, err, "is not as long as the list of columns x");
    s->n = size[0];
    type = H5Dget_type(s->set[column]);
    s->real[column] = type >= 0 && H5Tget_class(type) == H5T_FLOAT;
    good = type >= 0 && (s->layout->compound ? is_record(type) : is_number(type));
    if (type >= 0)
        H5Tclose(type);
    if (!good)
        return fail(r, SNN_EFORMAT, name, err,
                    s->layout->compound ? "must hold numbers x, y, p and t" : "must hold numbers");
    return check_filters(r, column, err);
}

/* An integer attribute, or a scalar set; false where there is none. */
static bool read_integer(hid_t at, bool attribute, const char *name, int64_t *out)
{
    const hid_t object =
        attribute ? H5Aopen(at, name, H5P_DEFAULT) : H5Dopen2(at, name, H5P_DEFAULT);
    hid_t space, type;
    bool good;

    if (object < 0)
        return false;
    space = attribute ? H5Aget_space(object) : H5Dget_space(object);
    type = attribute ? H5Aget_type(object) : H5Dget_type(object);
    good = space >= 0 && type >= 0 && H5Sget_simple_extent_npoints(space) == 1 &&
           H5Tget_class(type) == H5T_INTEGER &&
           (attribute ? H5Aread(object, H5T_NATIVE_INT64, out)
                      : H5Dread(object, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, out)) >= 0;
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (attribute)
        H5Aclose(object);
    else
        H5Dclose(object);
    return good;
}

/* Metavision states "1280x720" in a string of the root. */
static void read_metavision_size(snn_event_reader *r)
{
    struct hdf5_reader *s = r->state;
    const hid_t a = H5Aopen(s->file, "geometry", H5P_DEFAULT);
    hid_t type = H5I_INVALID_HID;
    char text[64] = "", *pointer = NULL;
    unsigned width = 0, height = 0;

    if (a < 0)
        return;
    type = H5Aget_type(a);
    if (type >= 0 && H5Tget_class(type) == H5T_STRING) {
        if (H5Tis_variable_str(type) > 0) {
            if (H5Aread(a, type, &pointer) >= 0 && pointer != NULL) {
                snprintf(text, sizeof text, "%s", pointer);
                H5free_memory(pointer);
            }
        } else if (H5Tget_size(type) < sizeof text && H5Aread(a, type, text) >= 0) {
            text[H5Tget_size(type)] = '\0';
        }
    }
    if (sscanf(text, "%5ux%5u", &width, &height) == 2 && width <= 65536 && height <= 65536)
        snn_event_set_geometry(r, SNN_GEOMETRY_STATED, width, height);
    if (type >= 0)
        H5Tclose(type);
    H5Aclose(a);
}

/* Size of the sensor and zero of time, from wherever the layout keeps them. */
static void read_notes(snn_event_reader *r)
{
    struct hdf5_reader *s = r->state;
    int64_t width = 0, height = 0;
    hid_t group;

    if (has(s->file, "/t_offset"))
        read_integer(s->file, false, "/t_offset", &s->offset_us);
    if (s->layout->compound)
        read_metavision_size(r);
    group = has(s->file, "/events") ? H5Gopen2(s->file, "/events", H5P_DEFAULT) : H5I_INVALID_HID;
    if (group >= 0) {
        if (read_integer(group, true, "width", &width) &&
            read_integer(group, true, "height", &height) && width > 0 && height > 0 &&
            width <= 65536 && height <= 65536)
            snn_event_set_geometry(r, SNN_GEOMETRY_STATED, (uint32_t)width, (uint32_t)height);
        H5Gclose(group);
    }
    snn_event_set_geometry(r, SNN_GEOMETRY_ASSUMED, s->layout->width, s->layout->height);
}

static snn_status prepare_chunks(snn_event_reader *r, snn_error *err)
{
    struct hdf5_reader *s = r->state;
    const hid_t list = H5Dget_create_plist(s->set[0]);
    const bool good = list >= 0 && H5Pget_chunk(list, 1, &s->chunk) == 1 && s->chunk > 0;
    snn_status st = SNN_OK;

    if (list >= 0)
        H5Pclose(list);
    if (!good)
        TRY(st, fail(r, SNN_EFORMAT, s->layout->set[0], err, "has no chunks"));
    TRY_ALLOC(st, r->ctx, s->event, SNN_ECF_MOST, err);

done:
    return st;
}

static snn_status open_sets(snn_event_reader *r, snn_error *err)
{
    struct hdf5_reader *s = r->state;
    snn_status st = SNN_OK;

    TRY(st, open_file(r, err));
    for (size_t i = 0; s->layout == NULL && i < SNN_COUNT(LAYOUTS); i++)
        if (has_layout(s->file, &LAYOUTS[i]))
            s->layout = &LAYOUTS[i];
    if (s->layout == NULL)
        TRY(st, snn_error_set(err, SNN_EFORMAT, r->in.name,
                              "holds no events: looked for /events/x, y, t, p; /events/xs, ys, "
                              "ts, ps; /raw_events/x, y, t, p; /davis/left/events; /CD/events"));
    for (int c = 0; c < COLUMNS && s->layout->set[c] != NULL; c++)
        TRY(st, open_set(r, c, err));
    snprintf(r->info.variant, sizeof r->info.variant, "%s%s", s->layout->name,
             s->ecf ? ", ECF" : "");
    read_notes(r);
    TRY_ALLOC(st, r->ctx, s->number, (size_t)BLOCK * COLUMNS, err);
    TRY_ALLOC(st, r->ctx, s->integer, (size_t)BLOCK * COLUMNS, err);
    if (s->ecf)
        TRY(st, prepare_chunks(r, err));
    r->progress = s->n > 0 ? 0 : 1;

done:
    return st;
}

static snn_status open_hdf5(snn_event_reader *r, snn_error *err)
{
    struct hdf5_reader *s = r->state;
    snn_status st;

    s->file = H5I_INVALID_HID;
    for (int c = 0; c < COLUMNS; c++)
        s->set[c] = H5I_INVALID_HID;
    H5E_BEGIN_TRY
    {
        st = open_sets(r, err);
    }
    H5E_END_TRY
    return st;
}

/* ---- reading -------------------------------------------------------------------------- */

static snn_status cannot_read(const snn_event_reader *r, const char *set, snn_error *err)
{
    const struct hdf5_reader *s = r->state;
    char where[64];

    snprintf(where, sizeof where, "%s[%llu]", set, (unsigned long long)s->at);
    return fail(r, SNN_EFORMAT, where, err,
                "cannot be read: the file is cut or damaged, fetch it again, or read what comes "
                "before (tolerant)");
}

/* Rows at .. at + n - 1 of a set as `type`. */
static bool read_rows(const struct hdf5_reader *s, int column, hid_t type, hsize_t n,
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
static bool read_compound(const struct hdf5_reader *s, hsize_t n)
{
    const hid_t type = H5Tcreate(H5T_COMPOUND, COLUMNS * sizeof(int64_t));
    bool good = type >= 0;

    for (int c = 0; c < COLUMNS && good; c++)
        good = H5Tinsert(type, FIELD[c], (size_t)c * sizeof(int64_t), H5T_NATIVE_INT64) >= 0;
    good = good && read_rows(s, 0, type, n, 0, s->integer);
    if (type >= 0)
        H5Tclose(type);
    return good;
}

/* One event of four numbers; false after counting why it is none. */
static bool take_numbers(snn_event_reader *r, const int64_t v[COLUMNS], snn_event *e)
{
    const struct hdf5_reader *s = r->state;

    if (v[COLUMN_X] < 0 || v[COLUMN_X] > UINT16_MAX || v[COLUMN_Y] < 0 ||
        v[COLUMN_Y] > UINT16_MAX) {
        r->counts.outside++;
        return false;
    }
    *e = (snn_event){.t = (int64_t)((uint64_t)v[COLUMN_T] + (uint64_t)s->offset_us),
                     .x = (uint16_t)v[COLUMN_X],
                     .y = (uint16_t)v[COLUMN_Y],
                     .p = v[COLUMN_P] > 0};
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
    struct hdf5_reader *s = r->state;
    const bool table = s->layout->set[1] == NULL;
    /* Element of event i and column c. */
    const size_t row = table ? COLUMNS : 1, column = table ? 1 : BLOCK;
    bool real[COLUMNS];

    if (s->layout->compound && !read_compound(s, n))
        return cannot_read(r, s->layout->set[0], err);
    if (table && !s->layout->compound && !read_rows(s, 0, H5T_NATIVE_DOUBLE, n, 4, s->number))
        return cannot_read(r, s->layout->set[0], err);
    for (int c = 0; c < COLUMNS; c++) {
        real[c] = table ? !s->layout->compound : s->real[c];
        if (!table && !(real[c] ? read_rows(s, c, H5T_NATIVE_DOUBLE, n, 0, s->number + c * BLOCK)
                                : read_rows(s, c, H5T_NATIVE_INT64, n, 0, s->integer + c * BLOCK)))
            return cannot_read(r, s->layout->set[c], err);
    }
    for (size_t i = 0; i < n; i++) {
        int64_t v[COLUMNS] = {0};
        bool good = true, rounded = false;

        for (int c = 0; c < COLUMNS; c++) {
            const size_t k = i * row + (size_t)c * column;

            if (real[c])
                good &= take_real(s->number[k], c == COLUMN_T, &v[c], &rounded);
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
    struct hdf5_reader *s = r->state;
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
    struct hdf5_reader *s = r->state;
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

            k = k < BLOCK ? k : BLOCK;
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
    struct hdf5_reader *s = r->state;

    H5E_BEGIN_TRY
    {
        for (int c = 0; c < COLUMNS; c++)
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
    .state_bytes = sizeof(struct hdf5_reader),
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
