/* SPDX-License-Identifier: BSD-3-Clause */
/* Movies: what moves does so as its label says, events follow their rule, sets are the
 * same whatever the threads, and files give back what they took. */
#include "tests/context_threads.h"

#include "datasets/movie_set.h"
#include "datasets/stimulus.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static snn_motion_params small(void)
{
    snn_motion_params p;

    snn_motion_params_init(&p);
    p.image_side = 128;
    p.steps = 16;
    p.noise = 0.0f;
    return p;
}

/* Mean squared difference of frame t+1 at (y, x) and frame t at (y, x) - shift. */
static double mismatch(const snn_motion_params *p, const float *frames, double dy, double dx)
{
    double sum = 0.0;
    size_t n = 0;

    for (uint32_t t = 0; t + 1 < p->steps; t++)
        for (uint32_t y = 4; y + 4 < p->height; y++)
            for (uint32_t x = 4; x + 4 < p->width; x++) {
                const double sy = y - dy, sx = x - dx;
                const size_t iy = (size_t)floor(sy), ix = (size_t)floor(sx);
                const double u = sy - (double)iy, v = sx - (double)ix;
                const float *f = frames + (size_t)t * p->height * p->width;
                const double from = (1 - u) * ((1 - v) * (double)f[iy * p->width + ix] +
                                               v * (double)f[iy * p->width + ix + 1]) +
                                    u * ((1 - v) * (double)f[(iy + 1) * p->width + ix] +
                                         v * (double)f[(iy + 1) * p->width + ix + 1]);
                const double d =
                    (double)f[(size_t)p->height * p->width + (size_t)y * p->width + x] - from;

                sum += d * d;
                n++;
            }
    return sum / (double)n;
}

/* Of all classes' shifts, that of the label explains the movie best. */
static void moves_as_labelled(void **state)
{
    static const snn_motion_view views[] = {SNN_VIEW_IMAGE, SNN_VIEW_CLOUD, SNN_VIEW_BAR};
    snn_context *ctx = context_threads(1);

    (void)state;
    for (size_t k = 0; k < sizeof views / sizeof *views; k++) {
        snn_motion_params p = small();

        p.view = views[k];
        p.directions = 8;
        p.speed_max = 1.0f;
        for (uint32_t label = 0; label < 8; label++) {
            double least = HUGE_VAL;
            uint32_t best = 99;
            float *frames;

            assert_int_equal(
                snn_movies_frames(ctx, &p, NULL, 5, SNN_SPLIT_TEST, label, &frames, NULL), SNN_OK);
            for (uint32_t c = 0; c < 8; c++) {
                double direction, speed, off;

                snn_motion_class(&p, c, &direction, &speed);
                off = mismatch(&p, frames, speed * cos(direction), speed * sin(direction));
                best = off < least ? c : best;
                least = off < least ? off : least;
            }
            if (best != label)
                fail_msg("view %d: label %u moves like %u", (int)p.view, label, best);
            snn_free(ctx, frames);
        }
    }
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
}

/* One pixel's grey values by hand: th = std, the residual of one step is carried over. */
static void event_rule(void **state)
{
    snn_motion_params p = small();
    const float frames[] = {0.0f, 0.0f, 1.0f, 0.9f, 0.9f, 3.5f, 3.5f};
    float two[2 * 7]; /* two pixels: the second never changes */
    uint8_t mark[2 * 7];
    double sum = 0.0, square = 0.0, th;

    (void)state;
    p.width = 2;
    p.height = 1;
    p.steps = 7;
    for (int t = 0; t < 7; t++) {
        two[2 * t] = frames[t];
        two[2 * t + 1] = 0.25f;
        if (t > 0) {
            sum += (double)(frames[t] - frames[t - 1]);
            square += pow((double)(frames[t] - frames[t - 1]), 2.0);
        }
    }
    th = sqrt(square / 14 - sum * sum / (14.0 * 14.0)); /* 0.71: changes 1, -0.1, 2.6 */
    assert_true(th > 0.65 && th < 0.75);
    assert_int_equal(snn_stimulus_events(&p, two, mark), 3);
    for (int t = 0; t < 7; t++)
        assert_int_equal(mark[2 * t + 1], 0);
    assert_int_equal(mark[2 * 2], 2); /* 1 > th */
    assert_int_equal(mark[2 * 3], 1); /* -0.1 alone is none, less the last spike's th it is */
    assert_int_equal(mark[2 * 4], 0); /* 0 + th is not above th */
    assert_int_equal(mark[2 * 5], 2); /* 2.6: one event, however large */
    assert_int_equal(mark[2 * 6], 0); /* and what it left over is gone */
}

static void sets_equal(const snn_movies *a, const snn_movies *b)
{
    assert_int_equal(snn_movies_count(a), snn_movies_count(b));
    for (uint32_t i = 0; i < snn_movies_count(a); i++) {
        const snn_movie *x = snn_movies_get(a, i), *y = snn_movies_get(b, i);
        const uint32_t n = x->first[2 * x->steps];

        assert_int_equal(x->steps, y->steps);
        assert_memory_equal(x->first, y->first, (2 * x->steps + 1) * sizeof *x->first);
        assert_memory_equal(x->x, y->x, n * sizeof *x->x);
        assert_memory_equal(x->y, y->y, n * sizeof *x->y);
        assert_memory_equal(x->label, y->label, x->steps * sizeof *x->label);
    }
}

static void same_for_any_threads(void **state)
{
    snn_motion_params p = small();
    snn_context *one = context_threads(1), *three = context_threads(3);
    snn_movies *a, *b, *other;

    (void)state;
    p.noise = 0.01f;
    p.switch_rate = 0.2f;
    assert_int_equal(snn_movies_make(one, &p, NULL, 9, SNN_SPLIT_TRAIN, 20, NULL, NULL, &a, NULL),
                     SNN_OK);
    assert_int_equal(snn_movies_make(three, &p, NULL, 9, SNN_SPLIT_TRAIN, 20, NULL, NULL, &b, NULL),
                     SNN_OK);
    assert_int_equal(
        snn_movies_make(one, &p, NULL, 10, SNN_SPLIT_TRAIN, 20, NULL, NULL, &other, NULL), SNN_OK);
    sets_equal(a, b);
    assert_int_not_equal(snn_movies_get(a, 0)->first[32], snn_movies_get(other, 0)->first[32]);
    snn_movies_destroy(a);
    snn_movies_destroy(b);
    snn_movies_destroy(other);
    assert_int_equal(snn_context_bytes(one), 0);
    assert_int_equal(snn_context_bytes(three), 0);
    snn_context_destroy(one);
    snn_context_destroy(three);
}

static void there_and_back(void **state)
{
    static const char path[] = "movies-test.h5";
    snn_motion_params p = small(), wrong;
    snn_context *ctx = context_threads(2);
    snn_movies *made, *read = NULL;
    snn_error err = {0};

    (void)state;
    assert_int_equal(
        snn_movies_make(ctx, &p, NULL, 3, SNN_SPLIT_VALID, 13, NULL, NULL, &made, NULL), SNN_OK);
    assert_int_equal(snn_movies_save(ctx, made, &p, path, NULL), SNN_OK);
    assert_int_equal(snn_movies_load(ctx, path, &p, &read, NULL), SNN_OK);
    sets_equal(made, read);
    snn_movies_destroy(read);
    read = NULL;
    wrong = p;
    wrong.width = 25;
    assert_int_equal(snn_movies_load(ctx, path, &wrong, &read, &err), SNN_EFORMAT);
    assert_non_null(strstr(err.what, "width is 24 in the file but 25"));
    /* A label of no class. */
    made->movie[2].label[5] = (uint16_t)(p.directions * p.speeds);
    assert_int_equal(snn_movies_save(ctx, made, &p, path, NULL), SNN_OK);
    assert_int_equal(snn_movies_load(ctx, path, &p, &read, &err), SNN_EFORMAT);
    assert_non_null(strstr(err.what, "/label[2][5] is "));
    made->movie[2].label[5] = SNN_NO_LABEL;
    assert_int_equal(snn_movies_save(ctx, made, &p, path, NULL), SNN_OK);
    assert_int_equal(snn_movies_load(ctx, path, &p, &read, NULL), SNN_OK);
    snn_movies_destroy(read);
    read = NULL;
    assert_int_equal(truncate(path, 2000), 0);
    assert_int_equal(snn_movies_load(ctx, path, &p, &read, &err), SNN_EFORMAT);
    assert_null(read);
    unlink(path);
    snn_movies_destroy(made);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
}

/* Whitening takes away what is constant and slow, and flattens 1/f. */
static void whitening(void **state)
{
    enum { SIDE = 64 };
    snn_context *ctx = context_threads(1);
    float x[SIDE * SIDE], largest = 0.0f;

    (void)state;
    for (int i = 0; i < SIDE * SIDE; i++)
        x[i] = 5.0f + (float)(i / SIDE) * 0.01f;
    x[SIDE * 32 + 32] += 1.0f;
    assert_int_equal(snn_image_whiten(ctx, x, SIDE, SIDE, NULL), SNN_OK);
    for (int i = 0; i < SIDE * SIDE; i++)
        largest = fmaxf(largest, fabsf(x[i]));
    assert_true(largest == 1.0f);
    assert_true(x[SIDE * 32 + 32] == 1.0f); /* the point stands out of the ramp */
    snn_context_destroy(ctx);
}

static void too_small(void **state)
{
    snn_motion_params p = small();
    snn_context *ctx = context_threads(1);
    snn_movies *movies = NULL;
    snn_error err = {0};

    (void)state;
    p.image_side = 64;
    assert_int_equal(
        snn_movies_make(ctx, &p, NULL, 1, SNN_SPLIT_TRAIN, 1, NULL, NULL, &movies, &err),
        SNN_EINVAL);
    assert_string_equal(err.where, "motion.image_side");
    assert_int_equal(snn_movies_make(ctx, &p, "no-such-folder", 1, SNN_SPLIT_TRAIN, 1, NULL, NULL,
                                     &movies, &err),
                     SNN_ENOTFOUND);
    assert_null(movies);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_as_labelled),
        cmocka_unit_test(event_rule),
        cmocka_unit_test(same_for_any_threads),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(whitening),
        cmocka_unit_test(too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
