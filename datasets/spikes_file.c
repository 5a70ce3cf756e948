/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/spikes_file.h"

#include "datasets/gunzip.h"
#include "datasets/half.h"

#include <stdio.h>
#include <unistd.h>

#define MAX_KEYS     65536
#define MAX_KEY_TEXT 255

/* Open a dataset of one dimension.  `n` 0 = take its length, else demand it. */
static snn_status open_list(const snn_spike_file *f, const char *name, hid_t *out, uint32_t *n,
                            snn_error *err)
{
    hid_t set, space = H5I_INVALID_HID;
    hsize_t length = 0;
    snn_status st = SNN_OK;

    set = H5Dopen2(f->file, name, H5P_DEFAULT);
    if (set < 0)
        return snn_error_set(err, SNN_EFORMAT, f->path,
                             "has no dataset /%s: not in the layout of SHD", name);
    space = H5Dget_space(set);
    if (space < 0 || H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, &length, NULL) != 1)
        st = snn_error_set(err, SNN_EFORMAT, f->path, "/%s must have one dimension", name);
    else if (length >= UINT32_MAX)
        st = snn_error_set(err, SNN_EFORMAT, f->path, "/%s has %llu entries, too many", name,
                           (unsigned long long)length);
    else if (*n != 0 && *n != length)
        st = snn_error_set(err, SNN_EFORMAT, f->path, "/%s has %llu entries, /spikes/times has %u",
                           name, (unsigned long long)length, *n);
    if (space >= 0)
        H5Sclose(space);
    if (st != SNN_OK) {
        H5Dclose(set);
        return st;
    }
    *n = (uint32_t)length;
    *out = set;
    return SNN_OK;
}

/* A type that is IEEE float16 in this machine's byte order.  libhdf5 1.10 has
 * no name for it; from a 4-byte one it is cut down field by field. */
static hid_t half_type(void)
{
    hid_t type = H5Tcopy(H5T_NATIVE_FLOAT);

    if (type >= 0 && (H5Tset_fields(type, 15, 10, 5, 0, 10) < 0 || H5Tset_size(type, 2) < 0 ||
                      H5Tset_ebias(type, 15) < 0)) {
        H5Tclose(type);
        type = H5I_INVALID_HID;
    }
    return type;
}

/* Demand variable-length numbers of a class; *bytes is the size of one. */
static snn_status check_vlen(const snn_spike_file *f, hid_t set, const char *name,
                             H5T_class_t class, bool *is_half, snn_error *err)
{
    hid_t type = H5Dget_type(set), base = H5I_INVALID_HID;
    snn_status st = SNN_OK;

    if (type >= 0 && H5Tget_class(type) == H5T_VLEN)
        base = H5Tget_super(type);
    if (base < 0 || H5Tget_class(base) != class)
        st = snn_error_set(err, SNN_EFORMAT, f->path, "/%s must hold variable-length lists of %s",
                           name, class == H5T_FLOAT ? "floating-point seconds" : "integers");
    else if (is_half != NULL)
        *is_half = H5Tget_size(base) == 2 && H5Tget_ebias(base) == 15;
    if (base >= 0)
        H5Tclose(base);
    if (type >= 0)
        H5Tclose(type);
    return st;
}

/* A list of n integers as int64 (what does not fit is clipped by libhdf5). */
static snn_status read_integers(const snn_spike_file *f, const char *name, int64_t **out,
                                snn_error *err)
{
    hid_t set = H5I_INVALID_HID, type = H5I_INVALID_HID;
    int64_t *values = NULL;
    uint32_t n = f->n_samples;
    snn_status st;

    TRY(st, open_list(f, name, &set, &n, err));
    type = H5Dget_type(set);
    if (type < 0 || H5Tget_class(type) != H5T_INTEGER) {
        st = snn_error_set(err, SNN_EFORMAT, f->path, "/%s must hold integers", name);
        goto done;
    }
    TRY_ALLOC(st, f->ctx, values, n, err);
    if (H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
        st = snn_error_set(err, SNN_EIO, f->path, "cannot read /%s: the file is cut or damaged",
                           name);
        goto done;
    }
    *out = values;
    values = NULL;

done:
    snn_free(f->ctx, values);
    if (type >= 0)
        H5Tclose(type);
    if (set >= 0)
        H5Dclose(set);
    return st;
}

/* One list of names from libhdf5's variable-length strings. */
static snn_status add_pointers(snn_spike_file *f, hid_t set, hid_t type, uint32_t n, snn_error *err)
{
    hid_t space = H5Dget_space(set);
    char **text = NULL;
    bool read = false;
    snn_status st;

    TRY_ALLOC(st, f->ctx, text, n, err);
    read = H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0;
    if (!read)
        st = snn_error_set(err, SNN_EIO, f->path, "cannot read /extra/keys");
    for (uint32_t i = 0; st == SNN_OK && i < n; i++)
        st = snn_names_add(f->ctx, &f->keys, text[i] != NULL ? text[i] : "", err);

done:
    if (read)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, text);
    snn_free(f->ctx, text);
    if (space >= 0)
        H5Sclose(space);
    return st;
}

/* The same from strings of fixed size, padded by zeros or spaces. */
static snn_status add_padded(snn_spike_file *f, hid_t set, hid_t type, uint32_t n, snn_error *err)
{
    const size_t size = H5Tget_size(type);
    char *text = NULL, name[MAX_KEY_TEXT + 1];
    snn_status st;

    TRY_ALLOC(st, f->ctx, text, n * size, err);
    if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0)
        st = snn_error_set(err, SNN_EIO, f->path, "cannot read /extra/keys");
    for (uint32_t i = 0; st == SNN_OK && i < n; i++) {
        const int bytes = (int)(size < MAX_KEY_TEXT ? size : MAX_KEY_TEXT);
        int length = snprintf(name, sizeof name, "%.*s", bytes, text + i * size);

        while (length > 0 && name[length - 1] == ' ')
            name[--length] = '\0';
        st = snn_names_add(f->ctx, &f->keys, name, err);
    }

done:
    snn_free(f->ctx, text);
    return st;
}

static snn_status read_keys(snn_spike_file *f, snn_error *err)
{
    hid_t set = H5I_INVALID_HID, type = H5I_INVALID_HID;
    uint32_t n = 0;
    snn_status st;

    TRY(st, open_list(f, "extra/keys", &set, &n, err));
    type = H5Dget_type(set);
    if (type < 0 || H5Tget_class(type) != H5T_STRING || n > MAX_KEYS) {
        st =
            snn_error_set(err, SNN_EFORMAT, f->path, "/extra/keys must be a short list of strings");
        goto done;
    }
    if (H5Tis_variable_str(type) > 0)
        TRY(st, add_pointers(f, set, type, n, err));
    else
        TRY(st, add_padded(f, set, type, n, err));
    TRY(st, snn_names_finish(f->ctx, &f->keys, false, err));

done:
    if (type >= 0)
        H5Tclose(type);
    if (set >= 0)
        H5Dclose(set);
    return st;
}

static snn_status open_file(snn_spike_file *f, snn_error *err)
{
    char unpacked[SNN_PATH_BYTES];
    const bool packed = snn_data_ends_with(f->path, ".gz");

    if (packed) {
        const snn_status st = snn_gunzip(f->ctx, f->path, unpacked, err);

        if (st != SNN_OK)
            return st;
    }
    f->file = H5Fopen(packed ? unpacked : f->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (packed)
        unlink(unpacked); /* stays readable until it is closed */
    if (f->file < 0)
        return snn_error_set(
            err, snn_data_is_file(f->path) ? SNN_EFORMAT : SNN_ENOTFOUND, f->path,
            "cannot be opened as HDF5: missing, cut short or another kind of file");
    return SNN_OK;
}

static bool has(const snn_spike_file *f, const char *name)
{
    return H5Lexists(f->file, "extra", H5P_DEFAULT) > 0 &&
           H5Lexists(f->file, name, H5P_DEFAULT) > 0;
}

snn_status snn_spike_file_open(snn_context *ctx, const char *path, snn_spike_file *out,
                               snn_error *err)
{
    snn_spike_file *f = out;
    snn_status st;

    *f = (snn_spike_file){.ctx = ctx,
                          .path = path,
                          .file = H5I_INVALID_HID,
                          .times = H5I_INVALID_HID,
                          .units = H5I_INVALID_HID};
    H5E_BEGIN_TRY
    {
        TRY(st, open_file(f, err));
        TRY(st, open_list(f, "spikes/times", &f->times, &f->n_samples, err));
        if (f->n_samples == 0) {
            st = snn_error_set(err, SNN_EFORMAT, path, "/spikes/times holds no samples");
            goto done;
        }
        TRY(st, open_list(f, "spikes/units", &f->units, &f->n_samples, err));
        TRY(st, check_vlen(f, f->times, "spikes/times", H5T_FLOAT, &f->half, err));
        TRY(st, check_vlen(f, f->units, "spikes/units", H5T_INTEGER, NULL, err));
        TRY(st, read_integers(f, "labels", &f->label, err));
        if (has(f, "extra/speaker"))
            TRY(st, read_integers(f, "extra/speaker", &f->speaker, err));
        if (has(f, "extra/keys"))
            TRY(st, read_keys(f, err));
    done:;
    }
    H5E_END_TRY
    return st;
}

void snn_spike_file_close(snn_spike_file *f)
{
    if (f->ctx == NULL)
        return;
    if (f->units >= 0)
        H5Dclose(f->units);
    if (f->times >= 0)
        H5Dclose(f->times);
    if (f->file >= 0)
        H5Fclose(f->file);
    snn_names_free(f->ctx, &f->keys);
    snn_free(f->ctx, f->speaker);
    snn_free(f->ctx, f->label);
    *f = (snn_spike_file){0};
}

/* ---- samples ------------------------------------------------------------- */

/* What one hyperslab of a variable-length dataset holds in memory. */
struct slab {
    hid_t space, type;
    hvl_t list[SNN_SPIKE_BLOCK];
    bool read;
};

static snn_status read_slab(const snn_spike_file *f, hid_t set, const char *name, hid_t base,
                            uint32_t first, uint32_t n, struct slab *slab, snn_error *err)
{
    const hsize_t start = first, count = n;
    hid_t file_space = H5Dget_space(set);

    slab->space = H5Screate_simple(1, &count, NULL);
    slab->type = H5Tvlen_create(base);
    if (file_space >= 0 && slab->space >= 0 && slab->type >= 0 &&
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &start, NULL, &count, NULL) >= 0)
        slab->read =
            H5Dread(set, slab->type, slab->space, file_space, H5P_DEFAULT, slab->list) >= 0;
    if (file_space >= 0)
        H5Sclose(file_space);
    if (!slab->read)
        return snn_error_set(err, SNN_EIO, f->path,
                             "cannot read /%s[%u..%u]: the file is cut or damaged", name, first,
                             first + n - 1);
    return SNN_OK;
}

static void free_slab(struct slab *slab)
{
    if (slab->read)
        H5Dvlen_reclaim(slab->type, slab->space, H5P_DEFAULT, slab->list);
    if (slab->type >= 0)
        H5Tclose(slab->type);
    if (slab->space >= 0)
        H5Sclose(slab->space);
}

static snn_status make_room(snn_context *ctx, snn_spike_block *block, size_t events, snn_error *err)
{
    snn_status st = SNN_OK;

    if (events <= block->room)
        return SNN_OK;
    snn_spike_block_free(ctx, block);
    TRY_ALLOC(st, ctx, block->time_s, events + events / 4, err);
    TRY_ALLOC(st, ctx, block->unit, events + events / 4, err);
    block->room = events + events / 4;

done:
    return st;
}

/* Copy sample i of the slabs behind the events that are there. */
static void copy_sample(const snn_spike_file *f, const hvl_t *times, const hvl_t *units, uint32_t i,
                        snn_spike_block *block)
{
    const size_t n = times->len;
    const int64_t *in_unit = units->p;
    float *t = block->time_s + block->first[i];
    uint32_t *unit = block->unit + block->first[i];
    bool sorted = true;
    float last = 0;

    for (size_t k = 0; k < n; k++) {
        t[k] = f->half ? snn_half_decode(((const uint16_t *)times->p)[k])
                       : ((const float *)times->p)[k];
        unit[k] = in_unit[k] < 0 || in_unit[k] >= UINT32_MAX ? UINT32_MAX : (uint32_t)in_unit[k];
        sorted &= k == 0 || !(t[k] < t[k - 1]);
        last = t[k] > last ? t[k] : last;
    }
    block->first[i + 1] = block->first[i] + n;
    block->sorted[i] = sorted;
    block->last_s[i] = last;
}

snn_status snn_spike_file_read(snn_spike_file *f, uint32_t first, uint32_t n,
                               snn_spike_block *block, snn_error *err)
{
    struct slab times = {.space = H5I_INVALID_HID, .type = H5I_INVALID_HID};
    struct slab units = {.space = H5I_INVALID_HID, .type = H5I_INVALID_HID};
    hid_t half = H5I_INVALID_HID;
    size_t events = 0;
    snn_status st;

    H5E_BEGIN_TRY
    {
        half = f->half ? half_type() : H5Tcopy(H5T_NATIVE_FLOAT);
        TRY(st, read_slab(f, f->times, "spikes/times", half, first, n, &times, err));
        TRY(st, read_slab(f, f->units, "spikes/units", H5T_NATIVE_INT64, first, n, &units, err));
        for (uint32_t i = 0; i < n; i++) {
            if (times.list[i].len != units.list[i].len) {
                st = snn_error_set(err, SNN_EFORMAT, f->path,
                                   "sample %u: /spikes/times has %zu events, /spikes/units %zu",
                                   first + i, times.list[i].len, units.list[i].len);
                goto done;
            }
            events += times.list[i].len;
        }
        TRY(st, make_room(f->ctx, block, events, err));
        block->n_samples = n;
        block->first[0] = 0;
        for (uint32_t i = 0; i < n; i++)
            copy_sample(f, &times.list[i], &units.list[i], i, block);
    done:
        free_slab(&units);
        free_slab(&times);
        if (half >= 0)
            H5Tclose(half);
    }
    H5E_END_TRY
    return st;
}

void snn_spike_block_free(snn_context *ctx, snn_spike_block *block)
{
    snn_free(ctx, block->unit);
    snn_free(ctx, block->time_s);
    block->unit = NULL;
    block->time_s = NULL;
    block->room = 0;
}
