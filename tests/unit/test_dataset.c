/* SPDX-License-Identifier: BSD-3-Clause */
/* A program's own data set: what is checked, what is filled in, who frees. */
#include "tests/data_help.h"

/* One sample a split, as the test wants it. */
struct own {
    snn_sample sample;
    int destroyed;
};

static snn_status own_read(void *self, snn_split split, uint32_t index, void *scratch,
                           snn_sample *out, snn_error *err)
{
    (void)split;
    (void)index;
    (void)scratch;
    (void)err;
    *out = ((struct own *)self)->sample;
    return SNN_OK;
}

static void own_destroy(void *self)
{
    ((struct own *)self)->destroyed++;
}

static const snn_dataset_ops own_ops = {
    .size = sizeof(snn_dataset_ops), .read = own_read, .destroy = own_destroy};
static const snn_dataset_info own_info = {
    .n_inputs = 3, .n_classes = 2, .count = {1, 0, 1}, .max_steps = 4, .time_step_ms = 1};

static void checks_samples(void **state)
{
    struct data_test *t = *state;
    const float good[6] = {0, 1, 2, 3, 4, 5}, bad[6] = {0, 1, NAN, 3, 4, 5};
    const uint32_t first[3] = {0, 1, 2}, backwards[3] = {0, 2, 1};
    const uint16_t unit[2] = {0, 2}, high[2] = {0, 3};
    const uint8_t count[2] = {1, 1};
    const struct {
        snn_sample sample;
        const char *what; /* NULL = good */
    } cases[] = {
        {{.label = 1, .steps = 2, .frames = good}, NULL},
        {{.label = 1, .steps = 2, .first = first, .unit = unit, .count = count}, NULL},
        {{.label = 2, .steps = 2, .frames = good}, "label"},
        {{.label = 1, .steps = 0, .frames = good}, "no steps"},
        {{.label = 1, .steps = 5, .frames = good}, "more than max_steps"},
        {{.label = 1, .steps = 2, .frames = bad}, "infinity or NaN"},
        {{.label = 1, .steps = 2}, "neither frames nor cells"},
        {{.label = 1, .steps = 2, .first = first, .unit = high, .count = count},
         "not below n_inputs"},
        {{.label = 1, .steps = 2, .first = backwards, .unit = unit, .count = count},
         "ends before it begins"},
        {{.label = 1, .steps = 2, .first = first, .unit = unit}, "without unit or count"},
    };

    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct own own = {.sample = cases[c].sample};
        snn_dataset *data;
        snn_sample s = {.label = 77};
        snn_status st;

        data_ok(t, snn_dataset_create(t->ctx, &own_ops, &own_info, &own, &data, &t->err));
        st = snn_dataset_read(data, SNN_SPLIT_TEST, 0, NULL, &s, &t->err);
        if (cases[c].what == NULL) {
            assert_int_equal(st, SNN_OK);
            assert_int_equal(s.label, 1);
        } else {
            data_expect(t, st, SNN_EFORMAT, "test:0", cases[c].what);
            assert_int_equal(s.label, 77);
        }
        snn_dataset_destroy(data);
        assert_int_equal(own.destroyed, 1);
    }
}

static void checks_arguments(void **state)
{
    struct data_test *t = *state;
    snn_dataset_ops ops = own_ops;
    snn_dataset_info info = own_info;
    struct own own = {{0}, 0};
    snn_dataset *data = NULL;
    snn_sample s;
    char key[32], name[32];

    info.n_classes = 0;
    data_expect(t, snn_dataset_create(t->ctx, &ops, &info, &own, &data, &t->err), SNN_EINVAL,
                "snn_dataset_info", "positive");
    assert_int_equal(own.destroyed, 1); /* taken also on failure */
    ops.read = NULL;
    data_expect(t, snn_dataset_create(t->ctx, &ops, &own_info, &own, &data, &t->err), SNN_EINVAL,
                "snn_dataset_ops", "read is missing");
    ops.size = 3;
    data_expect(t, snn_dataset_create(t->ctx, &ops, &own_info, &own, &data, &t->err), SNN_EINVAL,
                "snn_dataset_ops", "sizeof");
    info = own_info;
    info.scratch_bytes = 64;
    data_ok(t, snn_dataset_create(t->ctx, &own_ops, &info, &own, &data, &t->err));
    assert_string_equal(snn_dataset_get_info(data)->kind, "custom");
    data_expect(t, snn_dataset_read(data, SNN_SPLIT_TEST, 0, NULL, &s, &t->err), SNN_EINVAL,
                "scratch", "64 bytes");
    data_expect(t, snn_dataset_read(data, SNN_SPLIT_VALID, 0, NULL, &s, &t->err), SNN_EINVAL,
                "valid", "no sample 0");
    data_expect(t, snn_dataset_read(data, SNN_SPLITS, 0, NULL, &s, &t->err), SNN_EINVAL, "split",
                "3 is not a split");
    data_ok(t, snn_dataset_key(data, SNN_SPLIT_TRAIN, 0, key, sizeof key));
    assert_string_equal(key, "train:0");
    assert_int_equal(snn_dataset_key(data, SNN_SPLIT_TRAIN, 1, key, sizeof key), SNN_EINVAL);
    assert_string_equal(snn_dataset_class_name(data, 1, name), "class 1");
    snn_dataset_destroy(data);
    snn_dataset_destroy(NULL);
}

static void memory_runs_out(void **state)
{
    struct data_test *t = *state;
    const float x[2000] = {0.5f};

    data_clip(t, "up/a_nohash_0.wav", SF_FORMAT_WAV, 8000, 1, x, 2000);
    data_clip(t, "up/b_nohash_0.wav", SF_FORMAT_WAV, 11025, 1, x, 2000);
    data_text(t, "testing_list.txt", "up/b_nohash_0.wav\n");
    data_run_out(t, t->folder);
    snprintf(t->params.cache, sizeof t->params.cache, "%s/.cache", t->folder);
    data_run_out(t, t->folder);
    data_run_out(t, t->folder); /* from the cache */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(checks_samples, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(checks_arguments, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
