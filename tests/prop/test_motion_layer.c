/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A layer that sees motion: gradients by finite differences, decisions by their definition,
 * the prior, weights there and back, and the same bits for any number of threads
 * (invariant I1) and with no allocation in a step (invariant I3).
 */
#include "tests/context_threads.h"
#include "tests/movie_help.h"

#include "snn/base/base.h"
#include "snn/net/motion_layer.h"

#include <math.h>

#define MOVIES 3u

static snn_context *context(int threads)
{
    snn_context *ctx = context_threads(threads);

    ctx->always_parallel = true; /* these shapes are small */
    return ctx;
}

static snn_motion_params small(void)
{
    snn_motion_params p;

    snn_motion_params_init(&p);
    p.directions = 3;
    p.speeds = 2;
    p.width = 7;
    p.height = 6;
    p.steps = 8;
    p.side = 3;
    p.delays = 3;
    p.init_std = 0.3f;
    return p;
}

typedef struct {
    snn_context *ctx;
    snn_motion *motion;
    snn_motion_tape *tape;
    test_movie made[MOVIES];
    snn_movie movies[MOVIES];
} bench;

static void bench_new(bench *b, const snn_motion_params *p, int threads)
{
    uint64_t state = test_seed(21);

    b->ctx = context(threads);
    assert_int_equal(snn_motion_create(b->ctx, p, 4, &b->motion, NULL), SNN_OK);
    assert_int_equal(snn_motion_tape_create(b->motion, MOVIES, 1, &b->tape, NULL), SNN_OK);
    for (uint32_t i = 0; i < MOVIES; i++) {
        b->made[i] = test_movie_new(p->width, p->height, p->steps, 0.15f, (uint16_t)i, &state);
        b->movies[i] = b->made[i].movie;
    }
}

static void bench_end(bench *b)
{
    for (uint32_t i = 0; i < MOVIES; i++)
        test_movie_end(&b->made[i]);
    snn_motion_tape_destroy(b->tape);
    snn_motion_destroy(b->motion);
    assert_int_equal(snn_context_bytes(b->ctx), 0);
    snn_context_destroy(b->ctx);
}

static double loss_of(bench *b)
{
    double loss;

    assert_int_equal(snn_motion_forward(b->tape, b->movies, MOVIES, NULL), SNN_OK);
    assert_int_equal(snn_motion_backward(b->tape, &loss, NULL), SNN_OK);
    return loss;
}

/*
 * Central differences of weight i.  The loss is piecewise smooth (the larger of two
 * assignments wins), so h is as small as rounding allows: 630 terms rounded at 1e-7 give
 * 2e-5 at this h; one voxel that changes sides would be off by up to 1/630.
 */
static void differences(const snn_motion_params *p)
{
    const float h = 2e-4f;
    float *weight, *g, *bias, *g_bias;
    size_t n, checked = 0;
    bench b;

    bench_new(&b, p, 2);
    n = snn_motion_weights(b.motion);
    weight = calloc(n, sizeof *weight);
    g = calloc(n, sizeof *g);
    bias = calloc(snn_motion_classes(p), sizeof *bias);
    g_bias = calloc(snn_motion_classes(p), sizeof *g_bias);
    assert_true(weight != NULL && g != NULL && bias != NULL && g_bias != NULL);
    loss_of(&b);
    snn_motion_gradients(b.tape, g, g_bias);
    snn_motion_get(b.motion, weight, bias);
    for (size_t i = 0; i < n + snn_motion_classes(p); i += i < n ? 5 : 1) {
        float *x = i < n ? &weight[i] : &bias[i - n];
        const double got = (double)(i < n ? g[i] : g_bias[i - n]);
        const float keep = *x;
        double up, down, want;

        *x = keep + h;
        snn_motion_set(b.motion, weight, bias);
        up = loss_of(&b);
        *x = keep - h;
        snn_motion_set(b.motion, weight, bias);
        down = loss_of(&b);
        *x = keep;
        want = (up - down) / (2.0 * (double)h);
        if (fabs(got - want) > 1e-3 * fabs(want) + 3e-4)
            fail_msg("number %zu: gradient %g, difference %g", i, got, want);
        checked += fabs(want) > 1e-3;
    }
    assert_true(checked > 10);
    free(g_bias);
    free(bias);
    free(g);
    free(weight);
    bench_end(&b);
}

static void gradients_softmax(void **state)
{
    snn_motion_params p = small();

    (void)state;
    p.prior = 0;
    differences(&p);
    p.symmetry = 0;
    p.solver = SNN_SPATIAL_FFT;
    differences(&p);
}

static void gradients_sigmoid(void **state)
{
    snn_motion_params p = small();

    (void)state;
    p.prior = 0;
    p.loss = SNN_MOTION_SIGMOID;
    differences(&p);
}

/* Voxels below the share learn an even guess: with share s -> 0 and zero weights nothing
 * is to be learned but the few. */
static void target_share(void **state)
{
    snn_motion_params p = small();
    float *weight, bias[6] = {0}, g_bias[6];
    double all, few;
    bench b;

    (void)state;
    bench_new(&b, &p, 1);
    all = loss_of(&b);
    bench_end(&b);
    p.target_share = 0.05f;
    bench_new(&b, &p, 1);
    few = loss_of(&b);
    assert_true(few != all);
    weight = calloc(snn_motion_weights(b.motion), sizeof *weight);
    assert_non_null(weight);
    /* No voxel is below the floor where all are alike: then all learn their label. */
    snn_motion_set(b.motion, weight, bias);
    assert_true(fabs(loss_of(&b) - log(6.0)) < 1e-6);
    snn_motion_gradients(b.tape, weight, g_bias);
    for (int c = 0; c < 6; c++) /* three movies of labels 0, 1, 2: 1/6 - 1/3, or 1/6 */
        assert_true(fabs((double)g_bias[c] - (1.0 / 6.0 - (c < 3 ? 1.0 / 3.0 : 0.0))) < 1e-5);
    free(weight);
    bench_end(&b);
}

static void prior(void **state)
{
    snn_motion_params p = small();
    float largest = 0.0f;
    bench b;

    (void)state;
    p.side = 11;
    p.delays = 5;
    p.steps = 12;
    bench_new(&b, &p, 1);
    for (size_t i = 0; i < b.motion->stencils; i++)
        b.motion->block[i] = i % b.motion->lanes < b.motion->classes ? (i % 2 ? 3.0f : -3.0f) : 0;
    snn_motion_clip(b.motion);
    for (size_t i = 0; i < b.motion->stencils; i++) {
        const size_t cell = i / b.motion->lanes % (5 * 121);

        largest = fmaxf(largest, fabsf(b.motion->block[i]));
        assert_true(fabsf(b.motion->block[i]) <= 3.0f * b.motion->prior[cell]);
    }
    assert_true(largest == 3.0f);                      /* the centre of each delay keeps all */
    assert_true(b.motion->prior[60] == 1.0f);          /* delay 0, centre: r = 0 */
    assert_true(b.motion->prior[0] == 0.0f);           /* a corner: r > 1 */
    assert_true(b.motion->prior[58] < 1e-4f);          /* delay 0 is a point ... */
    assert_true(b.motion->prior[4 * 121 + 58] > 0.9f); /* ... and the longest a disc */
    bench_end(&b);
}

/* K(c, p, d, dy, dx) is what an event at (y+dy, x+dx), d steps ago, adds at (y, x). */
static void orientation(void **state)
{
    snn_motion_params p = small();
    uint32_t first[2 * 8 + 1] = {0};
    uint16_t x[1] = {5}, y[1] = {2};
    const float *logits;
    float *weight, bias[6] = {0};
    const size_t side = 3;
    uint32_t lanes;
    bench b;

    (void)state;
    p.symmetry = 0;
    bench_new(&b, &p, 1);
    weight = calloc(snn_motion_weights(b.motion), sizeof *weight);
    assert_non_null(weight);
    /* class 4, ON, delay 2, dy = +1, dx = -1 */
    weight[(((4 * 2 + 1) * 3 + 2) * side + 2) * side + 0] = 0.5f;
    snn_motion_set(b.motion, weight, bias);
    for (uint32_t k = 2 * 3 + 2; k <= 16; k++)
        first[k] = 1; /* one ON event at step 3 */
    b.movies[0] = (snn_movie){7, 6, 8, first, x, y, NULL};
    assert_int_equal(snn_motion_forward(b.tape, b.movies, 1, NULL), SNN_OK);
    assert_int_equal(snn_motion_logits(b.tape, 0, &logits, &lanes, NULL), SNN_OK);
    for (size_t t = 3; t < 8; t++)
        for (size_t yy = 0; yy < 6; yy++)
            for (size_t xx = 0; xx < 7; xx++)
                for (size_t c = 0; c < 6; c++) {
                    const bool hit = t == 5 && yy == 1 && xx == 6 && c == 4;

                    assert_true(logits[(((t - 3) * 6 + yy) * 7 + xx) * lanes + c] ==
                                (hit ? 0.5f : 0.0f));
                }
    free(weight);
    bench_end(&b);
}

static void same_bits_and_memory(void **state)
{
    snn_motion_params p = small();
    bench one, more;
    uint64_t before;

    (void)state;
    bench_new(&one, &p, 1);
    loss_of(&one);
    before = snn_context_allocations(one.ctx);
    loss_of(&one);
    assert_int_equal(snn_context_allocations(one.ctx), before);
    for (int threads = 2; threads <= 3; threads++) {
        bench_new(&more, &p, threads);
        assert_true(loss_of(&more) == loss_of(&one));
        check_array_bits("gradient", one.tape->g_block, more.tape->g_block,
                         snn_motion_floats(one.motion), 0);
        bench_end(&more);
    }
    bench_end(&one);
}

/* What is cut is what was smallest, it stays cut, and the longest delays go first. */
static void prune_and_shorten(void **state)
{
    snn_motion_params p = small();
    float *before, *after, bias[6];
    float least = HUGE_VALF, most = 0.0f;
    size_t n, kept = 0;
    snn_error err = {0};
    bench b;

    (void)state;
    bench_new(&b, &p, 1);
    n = snn_motion_weights(b.motion);
    before = calloc(n, sizeof *before);
    after = calloc(n, sizeof *after);
    assert_true(before != NULL && after != NULL);
    snn_motion_get(b.motion, before, bias);
    assert_int_equal(snn_motion_prune(b.motion, 0.25, NULL), SNN_OK);
    snn_motion_get(b.motion, after, bias);
    for (size_t i = 0; i < n; i++) {
        assert_true(after[i] == before[i] || after[i] == 0.0f);
        kept += after[i] != 0.0f;
        if (after[i] != 0.0f)
            least = fminf(least, fabsf(before[i]));
        else
            most = fmaxf(most, fabsf(before[i]));
    }
    assert_true(most <= least);
    /* The weights at the centre of delay 0 are alike: ties stay together. */
    assert_true(kept >= n / 4 && kept <= n / 4 + 12);
    assert_true(fabs(snn_motion_kept(b.motion) - (double)kept / (double)n) < 1e-12);
    for (size_t i = 0; i < b.motion->stencils; i++)
        b.motion->block[i] += 1.0f;
    snn_motion_hold(b.motion);
    snn_motion_get(b.motion, before, bias);
    for (size_t i = 0; i < n; i++)
        assert_true((before[i] != 0.0f) == (after[i] != 0.0f) || before[i] == 0.0f);
    snn_motion_set(b.motion, before, bias);
    assert_int_equal(snn_motion_shorten(b.motion, 1, NULL), SNN_OK);
    snn_motion_get(b.motion, after, bias);
    for (size_t i = 0; i < n; i++)
        assert_true(after[i] == (i / 9 % 3 == 0 ? before[i] : 0.0f));
    assert_int_equal(snn_motion_prune(b.motion, 0.0, &err), SNN_EINVAL);
    assert_int_equal(snn_motion_shorten(b.motion, 4, &err), SNN_EINVAL);
    free(after);
    free(before);
    bench_end(&b);
}

/* The k-th smallest, against sorting by hand. */
static void select_is_sorting(void **state)
{
    uint64_t seed = test_seed(31);
    float x[40], y[40];

    (void)state;
    for (int round = 0; round < 300; round++) {
        const size_t n = 1 + test_random(&seed) % 40, k = test_random(&seed) % n;
        size_t below = 0, same = 0;
        float got;

        for (size_t i = 0; i < n; i++)
            x[i] = y[i] = (float)(test_random(&seed) % 7); /* many ties */
        got = snn_select(x, n, k);
        for (size_t i = 0; i < n; i++) {
            below += y[i] < got;
            same += y[i] == got;
        }
        assert_true(below <= k && k < below + same);
    }
}

static void refused(void **state)
{
    snn_motion_params p = small();
    snn_error err = {0};
    snn_motion *motion = NULL;
    double loss;
    bench b;

    (void)state;
    bench_new(&b, &p, 1);
    b.made[1].x[0] = 7;
    assert_int_equal(snn_motion_forward(b.tape, b.movies, 2, &err), SNN_EINVAL);
    assert_non_null(strstr(err.what, "movie 1: event 0 at (7,"));
    b.made[1].x[0] = 6;
    b.made[2].label[4] = 6;
    assert_int_equal(snn_motion_forward(b.tape, b.movies, 3, &err), SNN_EINVAL);
    assert_non_null(strstr(err.what, "movie 2: label 6 of 6"));
    b.made[2].label[4] = SNN_NO_LABEL;
    assert_int_equal(snn_motion_forward(b.tape, b.movies, 3, &err), SNN_OK);
    assert_int_equal(snn_motion_backward(b.tape, &loss, &err), SNN_EINVAL);
    assert_non_null(strstr(err.what, "movie 2 has no label at step 4"));
    b.movies[0].width = 6;
    assert_int_equal(snn_motion_forward(b.tape, b.movies, 1, &err), SNN_EINVAL);
    assert_non_null(strstr(err.what, "6 x 6 pixels"));
    p.side = 4;
    assert_int_equal(snn_motion_create(b.ctx, &p, 1, &motion, &err), SNN_EINVAL);
    assert_string_equal(err.where, "motion.side");
    p.side = 3;
    p.delays = 8;
    assert_int_equal(snn_motion_create(b.ctx, &p, 1, &motion, &err), SNN_EINVAL);
    assert_string_equal(err.where, "motion.skip_steps");
    assert_null(motion);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_softmax), cmocka_unit_test(gradients_sigmoid),
        cmocka_unit_test(target_share),      cmocka_unit_test(prior),
        cmocka_unit_test(orientation),       cmocka_unit_test(same_bits_and_memory),
        cmocka_unit_test(prune_and_shorten), cmocka_unit_test(select_is_sorting),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
