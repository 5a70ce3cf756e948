/* SPDX-License-Identifier: BSD-3-Clause */
/* Files in the layout of SHD: good ones of several makes, and every kind of bad one. */
#include "tests/data_help.h"

#include <hdf5.h>
#include <zlib.h>

#define N 3 /* samples of a made file */

/* A type of `bytes` bytes, or float16 with 2. */
static hid_t float_type(int bytes)
{
    hid_t type;

    if (bytes != 2)
        return H5Tcopy(bytes == 4 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE);
    type = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

/* What a made file looks like; zero = the plain good one. */
/* For reading one sample at a time. */
static _Alignas(64) char scratch[1 << 20];

struct recipe {
    int float_bytes;      /* 2, 4 or 8 */
    hid_t unit_type;      /* stored type; 0 = uint16 */
    hsize_t n_units;      /* entries of units, 0 = N */
    hsize_t n_labels;     /* 0 = N */
    int64_t label0;       /* label of the first sample */
    int32_t bad_unit;     /* of the last event of sample 1, 0 = none */
    double bad_time;      /* the same */
    size_t missing_units; /* sample 1 has fewer units than times */
    const char *without;  /* dataset to leave out */
    bool integer_times, float_labels, flat_times;
    bool fixed_keys, unsorted;
};

static void put(hid_t file, const char *name, hid_t type, hid_t memory, hsize_t n, const void *data,
                const struct recipe *r)
{
    hid_t space = H5Screate_simple(1, &n, NULL), set;

    if (r->without == NULL || strcmp(r->without, name) != 0) {
        set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(set >= 0);
        assert_true(H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
        H5Dclose(set);
    }
    H5Sclose(space);
}

static void put_keys(hid_t file, const struct recipe *r)
{
    const char *keys[4] = {"zero", "one", "two", "three"};
    char fixed[4][8] = {"zero    ", "one     ", "two     ", "three   "}; /* padded by spaces */
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, r->fixed_keys ? 8 : H5T_VARIABLE);
    if (r->fixed_keys)
        H5Tset_strpad(type, H5T_STR_SPACEPAD);
    put(file, "extra/keys", type, type, 4, r->fixed_keys ? (const void *)fixed : (const void *)keys,
        r);
    H5Tclose(type);
}

/* Three samples: 2 events, 4 events, none.  Labels 1, 2, 0; speakers 7, 8, 9. */
static void make(const struct data_test *t, const char *name, const struct recipe *r)
{
    double t0[2] = {0.0, 0.015625}, t1[4] = {0.001953125, 0.5, 0.5, 1.0};
    int32_t u0[2] = {0, 699}, u1[4] = {3, 10, 11, 100};
    hvl_t times[N] = {{2, t0}, {4, t1}, {0, NULL}}, units[N] = {{2, u0}, {4, u1}, {0, NULL}};
    const int64_t labels[8] = {r->label0 != 0 ? r->label0 : 1, 2, 0, 0, 0, 0, 0, 0},
                  speakers[8] = {7, 8, 9};
    const hsize_t n_units = r->n_units ? r->n_units : N, n_labels = r->n_labels ? r->n_labels : N;
    hid_t file = H5Fcreate(data_path(t, name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t group = H5Gcreate2(file, "spikes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t extra = H5Gcreate2(file, "extra", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t base =
        r->integer_times ? H5Tcopy(H5T_STD_I32LE) : float_type(r->float_bytes ? r->float_bytes : 2);
    hid_t stored = H5Tvlen_create(base),
          memory = H5Tvlen_create(r->integer_times ? H5T_NATIVE_INT32 : H5T_NATIVE_DOUBLE);
    hid_t unit_stored = H5Tvlen_create(r->unit_type ? r->unit_type : H5T_STD_U16LE);
    hid_t unit_memory = H5Tvlen_create(H5T_NATIVE_INT32);

    if (r->bad_unit)
        u1[3] = r->bad_unit;
    if (r->bad_time != 0)
        t1[3] = r->bad_time;
    if (r->unsorted)
        t1[3] = 0.0;
    units[1].len -= r->missing_units;
    if (r->flat_times)
        put(file, "spikes/times", base, H5T_NATIVE_DOUBLE, N, t1, r);
    else
        put(file, "spikes/times", stored, memory, N, times, r);
    put(file, "spikes/units", unit_stored, unit_memory, n_units, units, r);
    put(file, "labels", r->float_labels ? H5T_IEEE_F32LE : H5T_STD_U8LE, H5T_NATIVE_INT64, n_labels,
        labels, r);
    put(file, "extra/speaker", H5T_STD_I64LE, H5T_NATIVE_INT64, N, speakers, r);
    put_keys(file, r);
    H5Tclose(unit_memory);
    H5Tclose(unit_stored);
    H5Tclose(memory);
    H5Tclose(stored);
    H5Tclose(base);
    H5Gclose(extra);
    H5Gclose(group);
    H5Fclose(file);
}

/* bytes of `from`, gzipped into `to`. */
static void compress_file(const struct data_test *t, const char *from, const char *to)
{
    size_t n;
    char *bytes = data_slurp(data_path(t, from), &n);
    gzFile out = gzopen(data_path(t, to), "wb");

    assert_int_equal(gzwrite(out, bytes, (unsigned)n), (int)n);
    assert_int_equal(gzclose(out), Z_OK);
    free(bytes);
}

/* The made samples, whatever the file's make. */
static void check_samples(struct data_test *t, snn_dataset *data, snn_split split, const char *key)
{
    const snn_dataset_info *info = snn_dataset_get_info(data);
    char text[64], name[32];
    snn_sample s;

    assert_string_equal(info->kind, "spikes");
    assert_int_equal(info->n_inputs, 140);
    assert_int_equal(info->n_classes, 4);
    assert_int_equal(info->max_steps, 101);
    assert_int_equal(info->count[split], N);
    assert_true(info->scratch_bytes <= sizeof scratch);
    data_ok(t, snn_dataset_read(data, split, 0, scratch, &s, &t->err));
    assert_int_equal(s.label, 1);
    assert_int_equal(s.speaker, 7);
    assert_int_equal(s.steps, 2);
    assert_int_equal(s.first[2], 2);
    assert_int_equal(s.unit[1], 139);
    data_ok(t, snn_dataset_read(data, split, 1, scratch, &s, &t->err));
    assert_int_equal(s.steps, 101);
    assert_int_equal(s.first[51] - s.first[50], 1); /* units 10 and 11 share input 2 */
    assert_int_equal(s.unit[s.first[50]], 2);
    assert_int_equal(s.count[s.first[50]], 2);
    data_ok(t, snn_dataset_read(data, split, 2, scratch, &s, &t->err));
    assert_int_equal(s.steps, 1);
    assert_int_equal(s.first[1], 0);
    assert_string_equal(snn_dataset_class_name(data, 3, name), "three");
    assert_int_equal(snn_dataset_key(data, split, 2, text, sizeof text), SNN_OK);
    assert_string_equal(text, key);
    assert_int_equal(snn_dataset_key(data, split, 2, text, 4), SNN_EINVAL);
    data_expect(t, snn_dataset_read(data, split, 3, scratch, &s, &t->err), SNN_EINVAL, "",
                "there are 3");
}

static void every_make(void **state)
{
    struct data_test *t = *state;
    const struct recipe makes[] = {
        {.float_bytes = 2},
        {.float_bytes = 4, .unit_type = H5T_STD_I64LE},
        {.float_bytes = 8, .unit_type = H5T_STD_U32BE, .fixed_keys = true},
        {.float_bytes = 2, .unit_type = H5T_STD_I32BE},
    };
    snn_dataset *data;

    for (size_t m = 0; m < sizeof makes / sizeof makes[0]; m++) {
        make(t, "a_train.h5", &makes[m]);
        make(t, "a_test.h5", &makes[0]);
        data_ok(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err));
        check_samples(t, data, SNN_SPLIT_TRAIN, "a_train:2");
        check_samples(t, data, SNN_SPLIT_TEST, "a_test:2");
        assert_int_equal(snn_dataset_get_info(data)->count[SNN_SPLIT_VALID], 0);
        snn_dataset_destroy(data);
    }
    assert_non_null(strstr(t->log, "2 samples without a spike"));
}

static void splits_and_gzip(void **state)
{
    struct data_test *t = *state;
    const struct recipe good = {.fixed_keys = true};
    snn_dataset *data;

    make(t, "plain.h5", &good);
    compress_file(t, "plain.h5", "b_train.h5.gz");
    compress_file(t, "plain.h5", "b_test.h5.gz");
    make(t, "b_valid.h5", &good);
    data_ok(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err));
    check_samples(t, data, SNN_SPLIT_TRAIN, "b_train:2");
    check_samples(t, data, SNN_SPLIT_VALID, "b_valid:2");
    snn_dataset_destroy(data);
}

static void paper_sorts(void **state)
{
    struct data_test *t = *state;
    const struct recipe mixed = {.unsorted = true};
    snn_dataset *data;
    snn_sample s;

    make(t, "c_train.h5", &mixed);
    make(t, "c_test.h5", &mixed);
    t->params.framing = SNN_FRAMING_PAPER;
    data_ok(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err));
    data_ok(t, snn_dataset_read(data, SNN_SPLIT_TRAIN, 1, scratch, &s, &t->err));
    assert_int_equal(s.steps, 2); /* 0, 1.95 ms | 500, 500 */
    assert_int_equal(s.first[1], 2);
    assert_int_equal(s.unit[1], 20); /* the event that came last in the file */
    snn_dataset_destroy(data);
}

/* No names: as many classes as labels; no speakers. */
static void without_extra(void **state)
{
    struct data_test *t = *state;
    const struct recipe bare = {.without = "extra/keys"}, bare2 = {.without = "extra/speaker"};
    char name[32];
    snn_dataset *data;
    snn_sample s;

    make(t, "d_train.h5", &bare);
    make(t, "d_test.h5", &bare);
    data_ok(t, snn_dataset_open_spikes(t->ctx, t->folder, &t->params, &data, &t->err));
    assert_int_equal(snn_dataset_get_info(data)->n_classes, 3);
    assert_string_equal(snn_dataset_class_name(data, 2, name), "class 2");
    snn_dataset_destroy(data);
    make(t, "d_train.h5", &bare2);
    data_ok(t, snn_dataset_open_spikes(t->ctx, t->folder, &t->params, &data, &t->err));
    data_ok(t, snn_dataset_read(data, SNN_SPLIT_TRAIN, 0, scratch, &s, &t->err));
    assert_int_equal(s.speaker, SNN_NO_SPEAKER);
    snn_dataset_destroy(data);
}

static void late_events(void **state)
{
    struct data_test *t = *state;
    const struct recipe good = {0};
    snn_dataset *data;

    make(t, "e_train.h5", &good);
    make(t, "e_test.h5", &good);
    t->params.max_time_ms = 600;
    data_ok(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err));
    assert_int_equal(snn_dataset_get_info(data)->max_steps, 51);
    assert_non_null(strstr(t->log, "1 2 of 12 spikes are later than data.max_time_ms = 600"));
    snn_dataset_destroy(data);
}

static void malformed(void **state)
{
    struct data_test *t = *state;
    static const struct {
        struct recipe recipe;
        const char *where, *what;
    } cases[] = {
        {{.without = "spikes/times"}, "f_train.h5", "no dataset /spikes/times"},
        {{.without = "spikes/units"}, "f_train.h5", "no dataset /spikes/units"},
        {{.without = "labels"}, "f_train.h5", "no dataset /labels"},
        {{.n_units = 2}, "f_train.h5", "/spikes/units has 2 entries, /spikes/times has 3"},
        {{.n_labels = 5}, "f_train.h5", "/labels has 5 entries, /spikes/times has 3"},
        {{.label0 = 4}, "f_train.h5", "/labels[0] is 4, not in 0..3"},
        {{.bad_unit = 700}, "f_train:1", "event 3: unit 700 is not below 700"},
        {{.bad_time = -1}, "f_train:1", "event 3: -1 s is not a time"},
        {{.bad_time = 60000}, "f_train:1", "times must be in seconds"},
        {{.missing_units = 1},
         "f_train.h5",
         "sample 1: /spikes/times has 4 events, /spikes/units 3"},
        {{.integer_times = true}, "f_train.h5", "lists of floating-point seconds"},
        {{.flat_times = true}, "f_train.h5", "lists of floating-point seconds"},
        {{.float_labels = true}, "f_train.h5", "/labels must hold integers"},
    };
    const struct recipe good = {0};
    const struct recipe negative = {.unit_type = H5T_STD_I16LE, .bad_unit = -1};
    snn_dataset *data = NULL;

    make(t, "f_test.h5", &good);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        make(t, "f_train.h5", &cases[c].recipe);
        data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_EFORMAT,
                    cases[c].where, cases[c].what);
        assert_null(data);
    }
    make(t, "f_train.h5", &negative);
    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_EFORMAT,
                "f_train:1", "event 3: unit");
}

/* Files that are not what their name says, and files cut at many places. */
static void damaged(void **state)
{
    struct data_test *t = *state;
    const struct recipe good = {0};
    snn_dataset *data = NULL;
    size_t n;
    char *bytes;

    make(t, "g_test.h5", &good);
    data_text(t, "g_train.h5", "");
    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_EFORMAT,
                "g_train.h5", "as HDF5");
    data_text(t, "g_train.h5", "this is no HDF5 file");
    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_EFORMAT,
                "g_train.h5", "as HDF5");
    make(t, "whole", &good);
    bytes = data_slurp(data_path(t, "whole"), &n);
    for (size_t cut = 100; cut < n; cut += 613) {
        data_write(t, "g_train.h5", bytes, cut);
        if (snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err) == SNN_OK)
            fail_msg("a file cut at %zu of %zu was read", cut, n);
    }
    free(bytes);
    remove(data_path(t, "g_train.h5"));
    data_text(t, "g_train.h5.gz", "not gzip");
    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_EFORMAT,
                "g_train.h5.gz", "is not gzip");
    compress_file(t, "whole", "g_train.h5.gz");
    bytes = data_slurp(data_path(t, "g_train.h5.gz"), &n);
    data_write(t, "g_train.h5.gz", bytes, n / 2);
    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_EFORMAT,
                "g_train.h5.gz", "cut or damaged");
    bytes[n - 6] ^= 1; /* in the sum at the end */
    data_write(t, "g_train.h5.gz", bytes, n);
    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_EFORMAT,
                "g_train.h5.gz", "cut or damaged");
    free(bytes);
}

static void folders(void **state)
{
    struct data_test *t = *state;
    const struct recipe good = {0};
    snn_dataset *data = NULL;

    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_ENOTFOUND,
                "", "looked for *_train.h5");
    data_expect(t, snn_dataset_open(t->ctx, data_path(t, "none"), &t->params, &data, &t->err),
                SNN_ENOTFOUND, "none", "No such file");
    data_expect(t, snn_dataset_open_spikes(t->ctx, t->folder, &t->params, &data, &t->err),
                SNN_ENOTFOUND, "", "holds no *_train.h5");
    make(t, "h_train.h5", &good);
    data_expect(t, snn_dataset_open(t->ctx, data_path(t, "h_train.h5"), &t->params, &data, &t->err),
                SNN_EFORMAT, "h_train.h5", "give the folder");
    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_ENOTFOUND,
                "", "neither h_test.h5 nor");
    make(t, "i_train.h5", &good);
    data_expect(t, snn_dataset_open(t->ctx, t->folder, &t->params, &data, &t->err), SNN_EFORMAT, "",
                "holds two data sets");
}

static void memory_runs_out(void **state)
{
    struct data_test *t = *state;
    const struct recipe good = {0}, fixed = {.fixed_keys = true};

    make(t, "j_train.h5", &good);
    make(t, "plain", &fixed);
    compress_file(t, "plain", "j_test.h5.gz");
    data_run_out(t, t->folder);
}

/* The recorded set: counts as its makers state them. */
static void recorded(void **state)
{
    struct data_test *t = *state;
    const char *path;
    char folder[1024];
    snn_dataset *data;
    uint64_t events[SNN_SPLITS] = {0};

    require_shared(path, "data/fsdd-spikes/fsdd_test.h5.gz");
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    data_ok(t, snn_dataset_open(t->ctx, folder, &t->params, &data, &t->err));
    assert_int_equal(snn_dataset_get_info(data)->count[SNN_SPLIT_TRAIN], 2700);
    assert_int_equal(snn_dataset_get_info(data)->count[SNN_SPLIT_TEST], 300);
    assert_int_equal(snn_dataset_get_info(data)->n_classes, 10);
    for (int split = 0; split < SNN_SPLITS; split++)
        for (uint32_t i = 0; i < snn_dataset_get_info(data)->count[split]; i++) {
            snn_sample s;

            data_ok(t, snn_dataset_read(data, (snn_split)split, i, scratch, &s, &t->err));
            for (uint32_t k = 0; k < s.first[s.steps]; k++)
                events[split] += s.count[k];
        }
    assert_true(snn_dataset_get_info(data)->scratch_bytes <= sizeof scratch);
    assert_int_equal(events[SNN_SPLIT_TRAIN], 20950859);
    assert_int_equal(events[SNN_SPLIT_TEST], 2321079);
    snn_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_make, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(splits_and_gzip, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(paper_sorts, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(without_extra, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(late_events, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(malformed, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(damaged, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(folders, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(recorded, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("spikes", tests, NULL, NULL);
}
