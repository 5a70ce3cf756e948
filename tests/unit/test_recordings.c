/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of recordings: what they say reaches the files, and each way to get one wrong.
 * And a run that ends anywhere: whatever is left of its spool, the next run makes the same
 * bytes as one that was never stopped.
 */
#include "tests/data_help.h"

#include "datasets/recordings.h"

#include <snn/encode.h>

#include <hdf5.h>

#define CLIPS 20

static void make_clips(struct data_test *t)
{
    float x[3000];

    for (int k = 0; k < CLIPS; k++) {
        char name[64];

        for (int i = 0; i < 3000; i++)
            x[i] = 0.3f * sinf(0.01f * (float)((k + 3) * i) + 1e-5f * (float)(i * i));
        snprintf(name, sizeof name, "clips/c%d.wav", k);
        data_clip(t, name, SF_FORMAT_WAV, 16000, 1, x, (size_t)(1500 + 70 * k));
    }
}

static snn_encode_params quick(void)
{
    snn_encode_params params;

    snn_encode_params_init(&params);
    params.encoder = SNN_ENCODER_LEVEL;
    params.level_step = 0.2f;
    return params;
}

static void a_list_says(void **state)
{
    struct data_test *t = *state;
    snn_recordings r = {0};
    char path[SNN_PATH_BYTES];

    make_clips(t);
    data_text(t, "words.tsv",
              "# a comment\nlabel\tpath\tsplit\tspeaker\tage\tgender\tbody_height\n\n"
              "yes\tclips/c1.wav\t\tbob\t31\tm\t1.80\n"
              "no\tclips/c0.wav\ttest\tann\t29\tf\t\r\n"
              "yes\tclips/c2.wav\tvalid\tann\t29\tf\t\n");
    data_ok(t, snn_recordings_find(t->ctx, data_path(t, "words.tsv"), &r, &t->err));
    assert_int_equal(r.n, 3);
    assert_string_equal(r.name, "words");
    assert_int_equal(r.classes.n, 2);
    assert_string_equal(r.classes.name[0], "yes"); /* as they first appear */
    assert_int_equal(r.at[1].label, 1);
    assert_int_equal(r.at[1].split, SNN_SPLIT_TEST);
    assert_int_equal(r.at[0].split, SNN_SPLIT_TRAIN);
    assert_int_equal(r.at[2].speaker, 1);
    assert_string_equal(r.fact[SNN_FACT_AGE].name[1], "29");
    assert_string_equal(r.fact[SNN_FACT_HEIGHT].name[1], "");
    data_ok(t, snn_recordings_path(&r, 1, path, &t->err));
    assert_string_equal(path, data_path(t, "clips/c0.wav"));
    snn_recordings_free(&r);

    /* commas, the least columns, an absolute path */
    snprintf(path, sizeof path, "path,label\n%s,up\n", data_path(t, "clips/c3.wav"));
    data_text(t, "few.csv", path);
    data_ok(t, snn_recordings_find(t->ctx, data_path(t, "few.csv"), &r, &t->err));
    assert_int_equal(r.at[0].speaker, SNN_NO_SPEAKER);
    data_ok(t, snn_recordings_path(&r, 0, path, &t->err));
    assert_string_equal(path, data_path(t, "clips/c3.wav"));
    snn_recordings_free(&r);
}

static void bad_lists(void **state)
{
    struct data_test *t = *state;
    static const struct {
        const char *text, *where, *what;
    } CASES[] = {
        {"", "l.tsv", "lists no recordings"},
        {"path\tlabel\n", "l.tsv", "lists no recordings"},
        {"path\tlabel\tspeeker\n", "l.tsv:1", "column 'speeker' is unknown; there are path"},
        {"path\tlabel\tpath\n", "l.tsv:1", "column 'path' is there twice"},
        {"path\tspeaker\n", "l.tsv:1", "has no column 'label'"},
        {"clips/c0.wav\n", "l.tsv:1", "is unknown"},
        {"path\tlabel\na\n", "l.tsv:2", "has 1 fields, the first line 2"},
        {"path\tlabel\na\tb\tc\n", "l.tsv:2", "has 3 fields"},
        {"path\tlabel\na\t\n", "l.tsv:2", "has no label"},
        {"path\tlabel\tsplit\na\tb\tdev\n", "l.tsv:2", "split 'dev' is not train, valid or test"},
        {"path\tlabel\na\tb\na\tc\n", "l.tsv", "names a twice"},
        {"path\tlabel\tspeaker\tage\na\tb\ts\told\n", "l.tsv:2", "age 'old' is not a number"},
        {"path\tlabel\tspeaker\tage\na\tb\ts\t-3\n", "l.tsv:2", "age '-3' is not a number"},
        {"path\tlabel\tspeaker\tage\na\tb\ts\t3\nc\tb\ts\t4\n", "l.tsv:3",
         "age of this speaker is '4', but '3' in line 2"},
        {"path\tlabel\tspeaker\tage\na\tb\t\t3\n", "l.tsv:2", "has age '3' but no speaker"},
        {"path\tlabel\tspeaker\tage\na\tb\ts\t3\nc\tb\t\t\n", "l.tsv",
         "tells age of speakers, but not who speaks"},
        {"path\tlabel\tspeaker\tgender\na\tb\ts\t"
         "0123456789012345678901234567890123456789012345678901234567890123456789\n",
         "l.tsv:2", "is longer than 63 bytes"},
    };
    snn_recordings r;

    for (size_t c = 0; c < sizeof CASES / sizeof *CASES; c++) {
        data_text(t, "l.tsv", CASES[c].text);
        r = (snn_recordings){0};
        data_expect(t, snn_recordings_find(t->ctx, data_path(t, "l.tsv"), &r, &t->err), SNN_EFORMAT,
                    CASES[c].where, CASES[c].what);
        snn_recordings_free(&r);
    }
    r = (snn_recordings){0};
    data_expect(t, snn_recordings_find(t->ctx, data_path(t, "none"), &r, &t->err), SNN_ENOTFOUND,
                "none", "");
    snn_recordings_free(&r);
}

static double number_at(hid_t file, const char *name, hsize_t i)
{
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    double value[8] = {0};

    assert_true(set >= 0);
    assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0);
    H5Dclose(set);
    return value[i];
}

static void a_list_is_encoded(void **state)
{
    struct data_test *t = *state;
    const snn_encode_params params = quick();
    char gender[3][1];
    hid_t file, set, type;

    make_clips(t);
    data_text(t, "words.tsv",
              "path\tlabel\tsplit\tspeaker\tage\tgender\tbody_height\n"
              "clips/c1.wav\tyes\ttrain\tbob\t31\tm\t1.80\n"
              "clips/c0.wav\tno\ttrain\tann\t\tf\t\n"
              "clips/c2.wav\tno\ttest\teve\t50\tf\t1.7\n");
    data_ok(t, snn_encode_folder(t->ctx, data_path(t, "words.tsv"), data_path(t, "out"), &params,
                                 &t->err));
    file = H5Fopen(data_path(t, "out/words_train.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    assert_true(number_at(file, "labels", 0) == 0);
    assert_true(number_at(file, "labels", 1) == 1);
    assert_true(number_at(file, "extra/speaker", 1) == 1);
    assert_true(number_at(file, "extra/meta_info/age", 0) == 31);
    assert_true(number_at(file, "extra/meta_info/age", 1) == -1);
    assert_true(number_at(file, "extra/meta_info/body_height", 0) == 1.80);
    assert_true(isnan(number_at(file, "extra/meta_info/body_height", 1)));
    set = H5Dopen2(file, "extra/meta_info/gender", H5P_DEFAULT); /* of all three speakers */
    type = H5Dget_type(set);
    assert_int_equal(H5Tget_size(type), 1);
    assert_true(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, gender) >= 0);
    assert_memory_equal(gender, "mff", 3);
    H5Tclose(type);
    H5Dclose(set);
    H5Fclose(file);

    /* The label is part of what decides: changed, the file is refused; so are contents. */
    data_text(t, "words.tsv", "path\tlabel\nclips/c1.wav\tno\nclips/c0.wav\tno\n");
    data_expect(
        t,
        snn_encode_folder(t->ctx, data_path(t, "words.tsv"), data_path(t, "out"), &params, &t->err),
        SNN_EINVAL, "words_train.h5", "other settings or of other recordings");
}

/* One byte of one recording: names, lengths and times of change may all be the same. */
static void contents_decide(void **state)
{
    struct data_test *t = *state;
    const snn_encode_params params = quick();
    char *bytes;
    size_t n;

    make_clips(t);
    data_text(t, "w.tsv", "path\tlabel\nclips/c1.wav\tno\nclips/c0.wav\tyes\n");
    data_ok(
        t, snn_encode_folder(t->ctx, data_path(t, "w.tsv"), data_path(t, "out"), &params, &t->err));
    bytes = data_slurp(data_path(t, "clips/c0.wav"), &n);
    bytes[n / 2] ^= 1;
    data_write(t, "clips/c0.wav", bytes, n);
    free(bytes);
    data_expect(
        t, snn_encode_folder(t->ctx, data_path(t, "w.tsv"), data_path(t, "out"), &params, &t->err),
        SNN_EINVAL, "w_train.h5", "other recordings");
}

/* ---- runs that end anywhere ------------------------------------------------------------- */

static int stop_before_the_end(void *user, uint32_t done, uint32_t total)
{
    (void)user;
    (void)total;
    return done >= 16; /* two threads, 8 clips each: the spool holds 16 of 20 then */
}

static void note_resumed(void *user, const snn_encode_report *report)
{
    *(uint32_t *)user = report->resumed;
}

/* Encode into out/, which must give the bytes of `whole`; the number of samples kept. */
static uint32_t goes_on(struct data_test *t, const char *whole, size_t n)
{
    snn_encode_params params = quick();
    uint32_t resumed = UINT32_MAX;
    char *bytes;
    size_t m;

    params.report = note_resumed;
    params.user = &resumed;
    data_ok(
        t, snn_encode_folder(t->ctx, data_path(t, "l.tsv"), data_path(t, "out"), &params, &t->err));
    bytes = data_slurp(data_path(t, "out/l_train.h5"), &m);
    assert_int_equal(m, n);
    assert_memory_equal(bytes, whole, n);
    free(bytes);
    assert_int_equal(access(data_path(t, "out/l_train.h5.spool"), F_OK), -1);
    assert_int_equal(remove(data_path(t, "out/l_train.h5")), 0);
    return resumed;
}

static void ends_anywhere(void **state)
{
    struct data_test *t = *state;
    snn_encode_params params = quick();
    char text[CLIPS * 32] = "path\tlabel\n", *whole, *spool;
    size_t n, m, last = 0, steps = 0;

    make_clips(t);
    for (int k = 0; k < CLIPS; k++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "clips/c%d.wav\tw%d\n", k, k % 3);
    data_text(t, "l.tsv", text);
    data_ok(
        t, snn_encode_folder(t->ctx, data_path(t, "l.tsv"), data_path(t, "out"), &params, &t->err));
    whole = data_slurp(data_path(t, "out/l_train.h5"), &n);
    remove(data_path(t, "out/l_train.h5"));

    params.progress = stop_before_the_end;
    data_expect(
        t, snn_encode_folder(t->ctx, data_path(t, "l.tsv"), data_path(t, "out"), &params, &t->err),
        SNN_EINTERRUPTED, "l_train.h5", "stopped after 16 of 20");
    spool = data_slurp(data_path(t, "out/l_train.h5.spool"), &m);
    assert_int_equal(goes_on(t, whole, n), 16);

    /* Cut at many places: as a kill in the middle of a write leaves it. */
    for (size_t cut = 0; cut <= m; cut += 1 + m / 60) {
        uint32_t kept;

        data_write(t, "out/l_train.h5.spool", spool, cut);
        data_text(t, "out/l_train.h5.part", "what a kill while the file is written leaves");
        kept = goes_on(t, whole, n);
        assert_true(kept >= last && kept <= 16);
        steps += kept > last;
        last = kept;
    }
    assert_true(steps > 10);

    /* A wrong byte anywhere: what is before it is kept, no more. */
    for (size_t at = 0; at < m; at += 1 + m / 40) {
        spool[at] ^= 0x10;
        data_write(t, "out/l_train.h5.spool", spool, m);
        assert_true(goes_on(t, whole, n) < 16);
        spool[at] ^= 0x10;
    }

    /* Of other settings: begun anew, and said. */
    data_write(t, "out/l_train.h5.spool", spool, m);
    params.progress = NULL;
    params.level_step = 0.3f;
    data_ok(
        t, snn_encode_folder(t->ctx, data_path(t, "l.tsv"), data_path(t, "out"), &params, &t->err));
    assert_non_null(strstr(t->log, "was begun with other settings or recordings: begun anew"));
    free(spool);
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_says, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(bad_lists, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(a_list_is_encoded, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(contents_decide, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(ends_anywhere, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("recordings", tests, NULL, NULL);
}
