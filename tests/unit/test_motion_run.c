/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs that train a layer that sees motion.  Invariants I1 and I2: the same bytes on any
 * number of threads, and when stopped in any batch and resumed.
 */
#include "tests/context_threads.h"
#include "tests/run_folder.h"

#include <snn/motion.h>

#include <math.h>

static snn_config small(void)
{
    snn_config c;

    snn_config_init(&c);
    c.model = SNN_MODEL_MOTION;
    c.motion.directions = 4;
    c.motion.view = SNN_VIEW_BAR;
    c.motion.speed_max = 1.0f;
    c.motion.width = c.motion.height = 12;
    c.motion.steps = 14;
    c.motion.side = 5;
    c.motion.delays = 6;
    c.train.epochs = 4;
    c.train.batch_size = 4;
    c.train.weight_schedule = SNN_SCHEDULE_CONSTANT;
    c.train.lr_weight = 0.01f;
    c.train.weight_decay = 0;
    return c;
}

/* Stop after some batches. */
static int countdown(void *user)
{
    int *left = user;

    return --*left == 0;
}

static snn_status train(const snn_config *c, const char *folder, int threads, int stop_after,
                        int resume, snn_run_result *out)
{
    snn_context *ctx = context_threads(threads);
    snn_movies *movies[3];
    snn_run_params params;
    snn_status st;

    for (int i = 0; i < 3; i++)
        assert_int_equal(snn_movies_make(ctx, &c->motion, NULL, 1, (snn_split)i, 16, NULL, NULL,
                                         &movies[i], NULL),
                         SNN_OK);
    snn_run_params_init(&params);
    params.folder = folder;
    params.resume = resume;
    if (stop_after > 0) {
        params.stop = countdown;
        params.user = &stop_after;
    }
    st = snn_motion_train(ctx, c, movies[0], movies[1], movies[2], &params, out, NULL);
    for (int i = 0; i < 3; i++)
        snn_movies_destroy(movies[i]);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
    return st;
}

/* A folder for one run, removed by its user. */
static char folder[RUN_PATH];

static uint64_t model_hash(void)
{
    snn_context *ctx = context_threads(1);
    const uint64_t hash = store_hash(ctx, folder, "model.h5", "motion");

    snn_context_destroy(ctx);
    return hash;
}

static void learns_and_evaluates(void **state)
{
    snn_config c = small();
    snn_context *ctx = context_threads(2);
    snn_motion_evaluation e;
    uint32_t confusion[16] = {0}, sum = 0;
    snn_run_result result;
    snn_motion *motion;
    snn_movies *none, *test;
    snn_config read;
    char path[RUN_PATH + 16];

    (void)state;
    c.motion.view = SNN_VIEW_GRATING;
    c.train.epochs = 12;
    folder_make(folder);
    assert_int_equal(train(&c, folder, 2, 0, 0, &result), SNN_OK);
    if (!(result.test_accuracy >= 0.9)) /* chance is 25 % */
        fail_msg("test accuracy %g", result.test_accuracy);
    snprintf(path, sizeof path, "%s/model.h5", folder);
    assert_int_equal(snn_motion_load(ctx, path, &motion, &read, NULL), SNN_OK);
    assert_int_equal(read.motion.delays, 6);
    assert_int_equal(
        snn_movies_make(ctx, &c.motion, NULL, 1, SNN_SPLIT_TEST, 16, NULL, NULL, &test, NULL),
        SNN_OK);
    assert_int_equal(snn_motion_evaluate(motion, test, 5, NULL, NULL, &e, confusion, NULL), SNN_OK);
    assert_true(e.accuracy == result.test_accuracy && e.loss < log(4.0));
    assert_int_equal(
        snn_movies_make(ctx, &c.motion, NULL, 1, SNN_SPLIT_TEST, 0, NULL, NULL, &none, NULL),
        SNN_OK);
    assert_int_equal(snn_motion_evaluate(motion, none, 5, NULL, NULL, &e, NULL, NULL), SNN_EINVAL);
    snn_movies_destroy(none);
    for (int i = 0; i < 16; i++)
        sum += confusion[i];
    assert_int_equal(sum, 16);
    assert_true(e.step_accuracy > 0.25 && e.voxel_accuracy > 0.25);
    assert_true(e.speed_ratio == 1.0 && e.near_accuracy >= e.accuracy);
    assert_int_equal(snn_motion_prune(motion, 0.2, NULL), SNN_OK);
    assert_int_equal(snn_motion_tune(motion, &c, test, 2, NULL, NULL), SNN_OK);
    assert_true(snn_motion_kept(motion) <= 0.21); /* what was cut stays cut */
    snn_movies_destroy(test);
    snn_motion_destroy(motion);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
    folder_entries(folder, 1);
}

static void same_bytes(void **state)
{
    const snn_config c = small();
    snn_run_result result;
    uint64_t whole;

    (void)state;
    folder_make(folder);
    assert_int_equal(train(&c, folder, 1, 0, 0, &result), SNN_OK);
    whole = model_hash();
    assert_int_equal(train(&c, folder, 3, 0, 0, &result), SNN_OK);
    assert_int_equal(model_hash(), whole);
    for (int at = 1; at < 16; at += 3) {
        assert_int_equal(train(&c, folder, 1, at, 0, &result), SNN_EINTERRUPTED);
        assert_int_equal(train(&c, folder, 2, 0, 1, &result), SNN_OK);
        assert_int_equal(model_hash(), whole);
    }
    folder_entries(folder, 1);
}

static void resume_refuses(void **state)
{
    snn_config c = small();
    snn_run_result result;

    (void)state;
    folder_make(folder);
    assert_int_equal(train(&c, folder, 1, 3, 0, &result), SNN_EINTERRUPTED);
    c.train.lr_weight = 0.02f;
    assert_int_equal(train(&c, folder, 1, 0, 1, &result), SNN_ECONFIG);
    c = small();
    c.motion.noise = 0.01f; /* other movies */
    assert_int_equal(train(&c, folder, 1, 0, 1, &result), SNN_ECONFIG);
    folder_entries(folder, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_and_evaluates),
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(resume_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
