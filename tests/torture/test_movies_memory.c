/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that runs out at the k-th block, for every k, while movies are made of images, of
 * clouds and of a formula, written and read: SNN_ENOMEM, no block left, no file.
 */
#include "tests/cmocka_all.h"
#include "tests/failing_allocator.h"

#include <snn/movies.h>

#include <unistd.h>

static const char PATH[] = "movies-memory-test.h5";

static snn_status all(snn_context *ctx, const snn_motion_params *p)
{
    snn_movies *made = NULL, *read = NULL;
    float *frames = NULL;
    snn_status st = snn_movies_make(ctx, p, NULL, 1, SNN_SPLIT_TEST, 2, NULL, NULL, &made, NULL);

    if (st == SNN_OK)
        st = snn_movies_frames(ctx, p, NULL, 1, SNN_SPLIT_TEST, 1, &frames, NULL);
    if (st == SNN_OK)
        st = snn_movies_save(ctx, made, p, PATH, NULL);
    if (st == SNN_OK)
        st = snn_movies_load(ctx, PATH, p, &read, NULL);
    snn_free(ctx, frames);
    snn_movies_destroy(read);
    snn_movies_destroy(made);
    return st;
}

static void rehearse(snn_motion_view view)
{
    snn_motion_params p;
    snn_status st = SNN_ENOMEM;
    long k;

    snn_motion_params_init(&p);
    p.view = view;
    p.width = p.height = 12;
    p.steps = 5;
    p.image_side = 80;
    p.single_image = 1;              /* one block of pixels instead of many */
    for (k = 1; st != SNN_OK; k++) { /* block 0 is the context */
        failing_allocator a = {.fail_at = k};
        snn_context *ctx = NULL;

        assert_int_equal(failing_context(&a, 1, &ctx), SNN_OK);
        st = all(ctx, &p);
        assert_true(st == SNN_OK || st == SNN_ENOMEM);
        assert_true(k < 500);
        snn_context_destroy(ctx);
        assert_int_equal(a.held, 0);
        assert_int_equal(a.broken, 0);
        assert_true(access("movies-memory-test.h5.tmp", F_OK) != 0);
        unlink(PATH);
    }
    assert_true(k > 20);
}

static void images(void **state)
{
    (void)state;
    rehearse(SNN_VIEW_IMAGE);
}

static void clouds(void **state)
{
    (void)state;
    rehearse(SNN_VIEW_CLOUD);
}

static void gratings(void **state)
{
    (void)state;
    rehearse(SNN_VIEW_GRATING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images),
        cmocka_unit_test(clouds),
        cmocka_unit_test(gratings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
