/* SPDX-License-Identifier: BSD-3-Clause */
/* Synthesised digits: the same files for the same seed, held-out voices, and a
 * folder that is complete, unfinished or somebody else's. */
#include "tests/data_help.h"

#define CLIPS 60

static int stop_at(void *user, uint32_t done, uint32_t total)
{
    const uint32_t *limit = user;

    (void)total;
    return limit != NULL && done >= *limit;
}

static snn_status make(struct data_test *t, const char *name, uint64_t seed, uint32_t clips,
                       uint32_t *limit, const char *program)
{
    const snn_digits_params params = {.size = sizeof params,
                                      .seed = seed,
                                      .clips = clips,
                                      .espeak = program,
                                      .progress = stop_at,
                                      .user = limit};

    return snn_make_digits(t->ctx, data_path(t, name), &params, &t->err);
}

static void need_espeak(void)
{
    if (system("espeak-ng --version >/dev/null 2>&1") != 0)
        skip_because("espeak-ng is not installed");
}

static bool same_file(const struct data_test *t, const char *a, const char *b, const char *name)
{
    char path[256];
    size_t n, m;
    char *x, *y;
    bool same;

    snprintf(path, sizeof path, "%s/%s", a, name);
    x = data_slurp(data_path(t, path), &n);
    snprintf(path, sizeof path, "%s/%s", b, name);
    y = data_slurp(data_path(t, path), &m);
    same = n == m && memcmp(x, y, n) == 0;
    free(x);
    free(y);
    return same;
}

static void a_set(void **state)
{
    struct data_test *t = *state;
    const snn_dataset_info *info;
    bool trains[64] = {false};
    uint32_t limit = 7;
    snn_dataset *data;
    snn_sample s;
    char name[32];

    need_espeak();
    data_ok(t, make(t, "a", 1, CLIPS, NULL, NULL));
    data_ok(t, snn_dataset_open(t->ctx, data_path(t, "a"), &t->params, &data, &t->err));
    info = snn_dataset_get_info(data);
    assert_int_equal(info->n_classes, 20);
    assert_int_equal(info->count[0] + info->count[1] + info->count[2], CLIPS);
    assert_true(info->count[SNN_SPLIT_VALID] > 0 && info->count[SNN_SPLIT_TEST] >= CLIPS / 5);
    assert_true(info->max_steps <= 100);
    assert_string_equal(snn_dataset_class_name(data, 0, name), "de-acht");
    for (int split = 0; split < SNN_SPLITS; split++)
        for (uint32_t i = 0; i < info->count[split]; i++) {
            data_ok(t, snn_dataset_read(data, (snn_split)split, i, NULL, &s, &t->err));
            assert_true(s.speaker < 64);
            if (split != SNN_SPLIT_TEST)
                trains[s.speaker] = true;
            else
                assert_false(trains[s.speaker]);
        }
    snn_dataset_destroy(data);

    /* Interrupted and taken up again: the same files; with another seed not. */
    data_expect(t, make(t, "b", 1, CLIPS, &limit, NULL), SNN_EINTERRUPTED, "b",
                "run again to go on");
    data_expect(t, snn_dataset_open(t->ctx, data_path(t, "b"), &t->params, &data, &t->err),
                SNN_ENOTFOUND, "b", "no data set");
    data_expect(t, make(t, "b", 2, CLIPS, NULL, NULL), SNN_EINVAL, "b", "unfinished set");
    data_ok(t, make(t, "b", 1, CLIPS, NULL, NULL));
    data_ok(t, make(t, "b", 1, CLIPS, NULL, NULL)); /* complete already */
    assert_non_null(strstr(t->log, "complete already"));
    data_expect(t, make(t, "b", 2, CLIPS, NULL, NULL), SNN_EINVAL, "b", "another seed or number");
    assert_true(same_file(t, "a", "b", "en-seven/m1_nohash_0.wav"));
    assert_true(same_file(t, "a", "b", "de-fuenf/m3_nohash_0.wav"));
    assert_true(same_file(t, "a", "b", "testing_list.txt"));
    assert_true(same_file(t, "a", "b", "validation_list.txt"));
}

static void refusals(void **state)
{
    struct data_test *t = *state;
    snn_digits_params params = {.size = 1};

    data_expect(t, make(t, "c", 1, CLIPS, NULL, "/nonexistent/espeak-ng"), SNN_ENOTFOUND,
                "/nonexistent/espeak-ng", "apt install espeak-ng");
    assert_int_not_equal(access(data_path(t, "c/digits.part"), F_OK), 0);
    data_expect(t, make(t, "c", 1, CLIPS, NULL, "false"), SNN_EIO, "false", "failed with status 1");
    data_expect(t, make(t, "c", 1, CLIPS, NULL, "true"), SNN_EUNSUPPORTED, "true",
                "no voice variant \"m1\"");
    data_expect(t, make(t, "c", 1, 39, NULL, NULL), SNN_EINVAL, "clips", "39 is not in 40");
    data_text(t, "c/mine.txt", "");
    data_expect(t, make(t, "c", 1, CLIPS, NULL, NULL), SNN_EINVAL, "c", "not empty");
    data_expect(t, make(t, "c/mine.txt", 1, CLIPS, NULL, NULL), SNN_EIO, "mine.txt",
                "not a folder");
    data_expect(t, snn_make_digits(t->ctx, t->folder, &params, &t->err), SNN_EINVAL,
                "snn_digits_params", "sizeof");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_set, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(refusals, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("digits", tests, NULL, NULL);
}
