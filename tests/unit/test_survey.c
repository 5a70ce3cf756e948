/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Surveys: every number of a set that is known to the last event, every trap planted once
 * and found, and nothing found in a set without traps.
 */
#include "tests/data_help.h"

#include "datasets/spikes_write.h"

#include <snn/survey.h>

#define EVENTS 4
#define TICKS  1024.0 /* a second: all times are float16 */

/* A file of spikes: n samples of up to EVENTS events each; labels and speakers by sample. */
struct made {
    uint32_t n;
    struct {
        uint32_t events, tick[EVENTS];
        uint16_t unit[EVENTS];
        int16_t label, speaker;
    } sample[6];
    bool nameless; /* no extra/keys */
    bool no_speaker, exact;
};

static const struct made TRAIN = {
    .n = 3,
    .sample = {{4, {0, 512, 512, 1024}, {0, 1, 1, 3}, 0, 5},
               {2, {256, 512}, {1, 2}, 1, 5},
               {1, {128}, {1}, 1, 6}},
};
static const struct made TEST = {
    .n = 2,
    .sample = {{2, {256, 768}, {1, 1}, 1, 7}, {1, {64}, {1}, 0, 8}},
};

static void make(struct data_test *t, const char *name, const struct made *m)
{
    static const char *const keys[] = {"no", "yes"};
    snn_spike_writer w = {0};
    snn_spike_list list[6];
    double ticks[6];
    int16_t label[6], speaker[6];

    data_ok(t,
            snn_spike_writer_open(t->ctx, data_path(t, name), m->n,
                                  m->exact ? SNN_TIMES_FLOAT32 : SNN_TIMES_FLOAT16, &w, &t->err));
    for (uint32_t i = 0; i < m->n; i++) {
        list[i] = (snn_spike_list){.ctx = t->ctx,
                                   .n = m->sample[i].events,
                                   .tick = (uint32_t *)(uintptr_t)m->sample[i].tick,
                                   .unit = (uint16_t *)(uintptr_t)m->sample[i].unit};
        ticks[i] = TICKS;
        label[i] = m->sample[i].label;
        speaker[i] = m->sample[i].speaker;
    }
    data_ok(t, snn_spike_writer_add(&w, 0, m->n, list, ticks, &t->err));
    data_ok(t, snn_spike_writer_numbers(&w, "labels", H5T_NATIVE_INT16, H5T_STD_I16LE, label, m->n,
                                        &t->err));
    if (!m->no_speaker)
        data_ok(t, snn_spike_writer_numbers(&w, "extra/speaker", H5T_NATIVE_INT16, H5T_STD_I16LE,
                                            speaker, m->n, &t->err));
    if (!m->nameless)
        data_ok(t, snn_spike_writer_texts(&w, "extra/keys", keys, 2, &t->err));
    data_ok(t, snn_spike_writer_commit(&w, &t->err));
    snn_spike_writer_close(&w);
}

static snn_survey *survey(struct data_test *t, const char *path)
{
    snn_survey_params params;
    snn_survey *out = NULL;

    snn_survey_params_init(&params);
    params.units = 4;
    data_ok(t, snn_survey_create(t->ctx, path, &params, &out, &t->err));
    return out;
}

/* The text of a finding, or NULL. */
static const char *found(const snn_survey *s, const char *id)
{
    for (uint32_t i = 0; i < s->n_findings; i++)
        if (strcmp(s->finding[i].id, id) == 0)
            return s->finding[i].text;
    return NULL;
}

static uint32_t warnings(const snn_survey *s)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->n_findings; i++)
        n += s->finding[i].warning != 0;
    return n;
}

static void check_spread(const snn_spread *s, double least, double median, double most)
{
    assert_true(s->least == least);
    assert_true(s->median == median);
    assert_true(s->most == most);
}

static void every_number(void **state)
{
    struct data_test *t = *state;
    const snn_survey_split *split;
    snn_survey *s;

    make(t, "a_train.h5", &TRAIN);
    make(t, "a_test.h5", &TEST);
    s = survey(t, t->folder);
    assert_string_equal(s->kind, "spikes");
    split = &s->split[SNN_SPLIT_TRAIN];
    assert_string_equal(split->file, "a_train.h5");
    assert_int_equal(split->samples, 3);
    assert_int_equal(split->speakers, 2);
    assert_int_equal(split->n_events, 7);
    assert_true(split->total_s == 1.0 + 0.5 + 0.125);
    check_spread(&split->duration_s, 0.125, 0.5, 1.0);
    check_spread(&split->events, 1, 2, 4);
    split = &s->split[SNN_SPLIT_TEST];
    assert_int_equal(split->samples, 2);
    check_spread(&split->events, 1, 1.5, 2);
    assert_int_equal(s->split[SNN_SPLIT_VALID].samples, 0);
    assert_int_equal(s->n_classes, 2);
    assert_string_equal(s->classes[1].name, "yes");
    assert_int_equal(s->classes[1].samples[SNN_SPLIT_TRAIN], 2);
    assert_int_equal(s->classes[0].samples[SNN_SPLIT_TEST], 1);
    assert_int_equal(s->n_speakers, 4);
    assert_int_equal(s->speakers[0].number, 5);
    assert_int_equal(s->speakers[0].samples[SNN_SPLIT_TRAIN], 2);
    assert_int_equal(s->speakers[3].samples[SNN_SPLIT_TEST], 1);
    /* ten events over five samples: unit 0 has 1, unit 1 has 7, units 2 and 3 have 1 */
    assert_int_equal(s->n_units, 4);
    assert_int_equal(s->silent_units, 0);
    check_spread(&s->unit_events, 0.2, 0.2, 1.4);
    assert_int_equal(warnings(s), 0);
    assert_non_null(found(s, "float16-times"));
    assert_non_null(found(s, "no-valid"));
    assert_int_equal(s->n_findings, 2);
    snn_survey_destroy(s);

    s = survey(t, data_path(t, "a_test.h5")); /* one file */
    assert_int_equal(s->split[SNN_SPLIT_TEST].samples, 2);
    assert_int_equal(s->split[SNN_SPLIT_TRAIN].samples, 0);
    assert_int_equal(s->silent_units, 3);
    assert_null(found(s, "no-valid"));
    snn_survey_destroy(s);
}

/* Change the good set in one way; the finding appears, names the place, and is the only one. */
static void spike_traps(void **state)
{
    struct data_test *t = *state;
    static const struct {
        const char *id, *text;
    } TRAPS[] = {
        {"empty-samples", "1 samples hold nothing, first a_train:2"},
        {"unit-range", "2 events have a unit that is not below 4, first in a_train:0"},
        {"unsorted-times", "1 samples have events out of order, first a_train:1"},
        {"labels-without-names", "1 labels have no name"},
        {"label-range", "1 labels are not in 0..65535"},
        {"speakers-shared", "1 speakers are in both train and test, 1 in test alone"},
        {"duplicates-between-splits", "first a_train:1 and a_test:0"},
        {"duplicates", "1 samples are there twice, in one split, first a_train:0 and a_train:1"},
        {"class-not-trained", "1 classes have no training sample, first 0 (no)"},
        {"long-times", "1 samples last longer than 100 s"},
    };
    snn_survey *s;

    make(t, "a_test.h5", &TEST);
    for (size_t i = 0; i < sizeof TRAPS / sizeof *TRAPS; i++) {
        struct made m = TRAIN;

        switch (i) {
        case 0:
            m.sample[2].events = 0;
            break;
        case 1:
            m.sample[0].unit[2] = 4;
            m.sample[0].unit[3] = 699;
            break;
        case 2:
            m.sample[1].tick[1] = 128;
            break;
        case 3:
            m.sample[2].label = 2;
            break;
        case 4:
            m.sample[2].label = -1;
            break;
        case 5:
            m.sample[1].speaker = 8;
            break;
        case 6:
            m.sample[1] = TEST.sample[0];
            m.sample[1].speaker = 5;
            break;
        case 7:
            m.sample[1] = m.sample[0];
            m.sample[1].label = 1;
            break;
        case 8:
            m.sample[0].label = 1;
            break;
        case 9:
            m.sample[0].tick[3] = 200 * 1024;
            break;
        }
        make(t, "a_train.h5", &m);
        s = survey(t, t->folder);
        if (found(s, TRAPS[i].id) == NULL)
            fail_msg("%s: not found", TRAPS[i].id);
        if (strstr(found(s, TRAPS[i].id), TRAPS[i].text) == NULL)
            fail_msg("%s: %s", TRAPS[i].id, found(s, TRAPS[i].id));
        assert_int_equal(warnings(s), i == 7 ? 2 : 1); /* 7: the labels contradict as well */
        snn_survey_destroy(s);
    }
}

/* Traps of whole files. */
static void file_traps(void **state)
{
    struct data_test *t = *state;
    struct made m = TRAIN;
    snn_survey *s;

    m.exact = true;
    m.nameless = true;
    m.no_speaker = true;
    make(t, "shd_train.h5", &m);
    s = survey(t, t->folder);
    assert_null(found(s, "float16-times"));
    assert_non_null(found(s, "no-test"));
    assert_string_equal(found(s, "labels-without-names"),
                        "2 labels have no name in extra/keys: shown by their number");
    assert_string_equal(found(s, "shd-count"), "train: 3 samples, but that file of SHD holds 8156");
    assert_int_equal(s->n_speakers, 0);
    assert_int_equal(s->split[SNN_SPLIT_TRAIN].speakers, 0);
    snn_survey_destroy(s);
    make(t, "other_test.h5", &TEST);
    s = survey(t, t->folder); /* another prefix, another split: told apart by split alone */
    assert_int_equal(s->split[SNN_SPLIT_TEST].samples, 2);
    snn_survey_destroy(s);
    make(t, "other_train.h5", &TEST);
    data_expect(t, snn_survey_create(t->ctx, t->folder, NULL, &s, &t->err), SNN_EFORMAT, "",
                "holds two data sets, other_train.h5 and shd_train.h5");
}

static void make_words(struct data_test *t)
{
    float x[4][1600];

    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 1600; i++)
            x[k][i] = 0.1f * sinf(0.01f * (float)((k + 1) * i));
    mkdir(data_path(t, "words"), 0777);
    data_clip(t, "words/no/ann_nohash_0.wav", SF_FORMAT_WAV, 16000, 1, x[0], 1600);
    data_clip(t, "words/no/bob_nohash_0.wav", SF_FORMAT_WAV, 16000, 1, x[1], 800);
    data_clip(t, "words/yes/ann_nohash_0.wav", SF_FORMAT_WAV, 16000, 1, x[2], 1600);
    data_clip(t, "words/yes/eve_nohash_0.flac", SF_FORMAT_FLAC, 16000, 1, x[3], 1200);
    data_text(t, "words/testing_list.txt", "yes/eve_nohash_0.wav\n");
    data_text(t, "words/validation_list.txt", "no/bob_nohash_0.wav\n");
}

static void recordings(void **state)
{
    struct data_test *t = *state;
    float x[3200] = {0};
    snn_survey *s;

    make_words(t);
    s = survey(t, data_path(t, "words"));
    assert_string_equal(s->kind, "audio");
    assert_int_equal(s->split[SNN_SPLIT_TRAIN].samples, 2);
    check_spread(&s->split[SNN_SPLIT_VALID].duration_s, 0.05, 0.05, 0.05);
    assert_int_equal(s->n_speakers, 3);
    assert_string_equal(s->speakers[2].name, "eve");
    assert_int_equal(s->n_formats, 1);
    assert_int_equal(s->formats[0].clips, 4);
    assert_int_equal(s->n_findings, 0);
    snn_survey_destroy(s);

    data_clip(t, "words/no/two.wav", SF_FORMAT_WAV, 8000, 2, x, 1600);
    data_clip(t, "words/no/none_nohash_0.wav", SF_FORMAT_WAV, 16000, 1, x, 0);
    data_text(t, "words/yes/bad_nohash_0.wav", "no sound");
    data_text(t, "words/testing_list.txt",
              "yes/eve_nohash_0.wav\nno/gone_nohash_1.wav\nno/ann_nohash_0.wav\n");
    data_text(t, "words/validation_list.txt", "no/ann_nohash_0.wav\n");
    s = survey(t, data_path(t, "words"));
    assert_string_equal(
        found(s, "several-channels"),
        "1 recordings have several channels: training refuses them, snn encode asks for --mono");
    assert_non_null(strstr(found(s, "mixed-rates"), "16000 and 8000 Hz"));
    assert_non_null(strstr(found(s, "unreadable"), "1 recordings cannot be read"));
    assert_non_null(strstr(found(s, "unreadable"), "yes/bad_nohash_0.wav"));
    assert_non_null(strstr(found(s, "empty-samples"), "no/none_nohash_0.wav"));
    assert_non_null(strstr(found(s, "lists"), "2 lines"));
    assert_non_null(strstr(found(s, "lists"), "testing_list.txt:2: no/gone_nohash_1.wav is not"));
    assert_string_equal(found(s, "speakers-unknown"),
                        "1 recordings name no speaker (speaker_nohash_k.wav)");
    assert_non_null(found(s, "speakers-shared")); /* ann */
    assert_int_equal(s->split[SNN_SPLIT_TEST].samples, 2);
    assert_int_equal(s->n_formats, 2);
    snn_survey_destroy(s);

    remove(data_path(t, "words/testing_list.txt"));
    remove(data_path(t, "words/validation_list.txt"));
    s = survey(t, data_path(t, "words"));
    assert_non_null(found(s, "no-testing-list"));
    assert_non_null(found(s, "no-validation-list"));
    snn_survey_destroy(s);
}

static int stop(void *user, uint64_t done, uint64_t total)
{
    *(uint64_t *)user = done;
    return total > 0;
}

static void failures(void **state)
{
    struct data_test *t = *state;
    snn_survey_params params;
    snn_survey *s = NULL;
    uint64_t done = 0;

    data_expect(t, snn_survey_create(t->ctx, t->folder, NULL, &s, &t->err), SNN_ENOTFOUND, "",
                "no data set: holds neither");
    data_expect(t, snn_survey_create(t->ctx, data_path(t, "x.h5"), NULL, &s, &t->err),
                SNN_ENOTFOUND, "x.h5", "cannot be opened");
    data_text(t, "x.h5", "no HDF5");
    data_expect(t, snn_survey_create(t->ctx, data_path(t, "x.h5"), NULL, &s, &t->err), SNN_EFORMAT,
                "x.h5", "cannot be opened as HDF5");
    make(t, "a_train.h5", &TRAIN);
    snn_survey_params_init(&params);
    params.progress = stop;
    params.user = &done;
    data_expect(t, snn_survey_create(t->ctx, t->folder, &params, &s, &t->err), SNN_EINTERRUPTED, "",
                "stopped after 3 of 3");
    assert_int_equal(done, 3);
    params.size--;
    data_expect(t, snn_survey_create(t->ctx, t->folder, &params, &s, &t->err), SNN_EINVAL, "",
                "snn_survey_params_init");
    assert_null(s);
}

/* Memory that runs out at every block, for both kinds. */
static void memory_runs_out(void **state)
{
    struct data_test *t = *state;

    make(t, "a_train.h5", &TRAIN);
    make_words(t);
    for (int kind = 0; kind < 2; kind++) {
        const char *path = kind == 0 ? t->folder : data_path(t, "words");
        struct data_scarce scarce = {0};
        snn_context *ctx = data_scarce_context(t, &scarce, 2);
        snn_survey *s = NULL;
        snn_status st = SNN_ENOMEM;
        long k;

        for (k = 0; st != SNN_OK && k < 1000; k++) {
            scarce.left = k;
            st = snn_survey_create(ctx, path, NULL, &s, &t->err);
            if (st != SNN_OK) {
                data_expect(t, st, SNN_ENOMEM, "", "memory");
                assert_int_equal(scarce.held, 1);
            }
        }
        assert_int_equal(st, SNN_OK);
        assert_true(k > 5);
        snn_survey_destroy(s);
        snn_context_destroy(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_number, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(spike_traps, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(file_traps, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(recordings, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(failures, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
