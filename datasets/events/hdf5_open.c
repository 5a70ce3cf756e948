/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening a file of events in HDF5: which layout it has, and whether its sets can be trusted.
 */
#include "datasets/events/ecf.h"
#include "datasets/events/hdf5_events.h"

#include <stdio.h>

#define FILTER_ECF 36559
/* What libhdf5 keeps unpacked of a set by itself, and what it may at most. */
#define USUAL_CACHE ((hsize_t)1 << 20)
#define MOST_CACHE  ((hsize_t)1 << 28)

const char *const snn_hdf5_field[SNN_HDF5_COLUMNS] = {"x", "y", "t", "p"};

static const struct snn_hdf5_layout LAYOUTS[] = {
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

snn_status snn_hdf5_fail(const snn_event_reader *r, snn_status status, const char *set,
                         snn_error *err, const char *what)
{
    char where[SNN_ERROR_WHERE];

    snprintf(where, sizeof where, "%s: %s", r->in.name, set);
    return snn_error_set(err, status, where, "%s", what);
}

static snn_status open_file(snn_event_reader *r, snn_error *err)
{
    struct snn_hdf5_reader *s = r->state;
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

static bool has_layout(hid_t file, const struct snn_hdf5_layout *layout)
{
    bool all = true;

    for (int c = 0; c < SNN_HDF5_COLUMNS && layout->set[c] != NULL; c++)
        all = all && has(file, layout->set[c]);
    return all;
}

/* What the set is packed by must be there. */
static snn_status check_filters(snn_event_reader *r, int column, snn_error *err)
{
    struct snn_hdf5_reader *s = r->state;
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
        st = snn_hdf5_fail(r, SNN_EUNSUPPORTED, s->layout->set[column], err, what);
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
    for (int c = 0; c < SNN_HDF5_COLUMNS && good; c++)
        good = H5Tget_member_index(type, snn_hdf5_field[c]) >= 0;
    return good;
}

/* Open one set; its length must be that of the others. */
static snn_status open_set(snn_event_reader *r, int column, snn_error *err)
{
    struct snn_hdf5_reader *s = r->state;
    const char *name = s->layout->set[column];
    const bool table = s->layout->set[1] == NULL && !s->layout->compound;
    const int rank = table ? 2 : 1;
    hid_t space, type;
    hsize_t size[2] = {0, 4};
    bool good;

    s->set[column] = open_cached(s->file, name);
    if (s->set[column] < 0)
        return snn_hdf5_fail(r, SNN_EFORMAT, name, err,
                             "cannot be opened: the file is cut or damaged");
    space = H5Dget_space(s->set[column]);
    good = space >= 0 && H5Sget_simple_extent_ndims(space) == rank &&
           H5Sget_simple_extent_dims(space, size, NULL) == rank && (!table || size[1] == 4);
    if (space >= 0)
        H5Sclose(space);
    if (!good)
        return snn_hdf5_fail(r, SNN_EFORMAT, name, err,
                             table ? "must be a table of four columns" : "must be a list");
    if (column > 0 && size[0] != s->n)
        return snn_hdf5_fail(r, SNN_EFORMAT, name, err, "is not as long as the list of columns x");
    s->n = size[0];
    type = H5Dget_type(s->set[column]);
    s->real[column] = type >= 0 && H5Tget_class(type) == H5T_FLOAT;
    good = type >= 0 && (s->layout->compound ? is_record(type) : is_number(type));
    if (type >= 0)
        H5Tclose(type);
    if (!good)
        return snn_hdf5_fail(r, SNN_EFORMAT, name, err,
                             s->layout->compound ? "must hold numbers x, y, p and t"
                                                 : "must hold numbers");
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
    struct snn_hdf5_reader *s = r->state;
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
    struct snn_hdf5_reader *s = r->state;
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
    struct snn_hdf5_reader *s = r->state;
    const hid_t list = H5Dget_create_plist(s->set[0]);
    const bool good = list >= 0 && H5Pget_chunk(list, 1, &s->chunk) == 1 && s->chunk > 0;
    snn_status st = SNN_OK;

    if (list >= 0)
        H5Pclose(list);
    if (!good)
        TRY(st, snn_hdf5_fail(r, SNN_EFORMAT, s->layout->set[0], err, "has no chunks"));
    TRY_ALLOC(st, r->ctx, s->event, SNN_ECF_MOST, err);

done:
    return st;
}

snn_status snn_hdf5_open_sets(snn_event_reader *r, snn_error *err)
{
    struct snn_hdf5_reader *s = r->state;
    snn_status st = SNN_OK;

    TRY(st, open_file(r, err));
    for (size_t i = 0; s->layout == NULL && i < SNN_COUNT(LAYOUTS); i++)
        if (has_layout(s->file, &LAYOUTS[i]))
            s->layout = &LAYOUTS[i];
    if (s->layout == NULL)
        TRY(st, snn_error_set(err, SNN_EFORMAT, r->in.name,
                              "holds no events: looked for /events/x, y, t, p; /events/xs, ys, "
                              "ts, ps; /raw_events/x, y, t, p; /davis/left/events; /CD/events"));
    for (int c = 0; c < SNN_HDF5_COLUMNS && s->layout->set[c] != NULL; c++)
        TRY(st, open_set(r, c, err));
    snprintf(r->info.variant, sizeof r->info.variant, "%s%s", s->layout->name,
             s->ecf ? ", ECF" : "");
    read_notes(r);
    TRY_ALLOC(st, r->ctx, s->number, (size_t)SNN_HDF5_BLOCK * SNN_HDF5_COLUMNS, err);
    TRY_ALLOC(st, r->ctx, s->integer, (size_t)SNN_HDF5_BLOCK * SNN_HDF5_COLUMNS, err);
    if (s->ecf)
        TRY(st, prepare_chunks(r, err));
    r->progress = s->n > 0 ? 0 : 1;

done:
    return st;
}
