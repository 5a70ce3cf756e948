/* SPDX-License-Identifier: BSD-3-Clause */
/* Softmax, and scores that are sums of it, against the reference. */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

/* ---- softmax ------------------------------------------------------------------------- */

/* p = e / sum e: v - top rounded, U |v - top| in the exponent; exp SNN_EXP_ULP ulp; a sum of
 * positive terms keeps the largest relative error and adds width U; division, store: 2U. */
static void run_softmax(const snn_kern *kern, uint64_t seed)
{
    static const size_t widths[] = {1, 2, 15, 16, 17, 20, 35, 200};
    uint64_t state = seed + 30;

    for (size_t i = 0; i < SNN_COUNT(widths); i++) {
        for (int round = 0; round < 6; round++) {
            const size_t width = widths[i], n = 5;
            const float range = round == 0 ? 0.0f : powf(10.0f, (float)(round - 2));
            guarded v = guarded_new(n * width, (size_t)round % 2), expected, p;
            struct test_near near = test_near_begin("softmax", seed);

            fill_uniform(&v, &state, -range, range);
            expected = guarded_copy(&v);
            p = guarded_copy(&v);
            snn_kern_ref.softmax(n, width, v.at, expected.at);
            kern->softmax(n, width, p.at, p.at); /* in place */
            for (size_t at = 0; at < n * width; at++) {
                const double relative =
                    2.0 * (2.0 * (double)range * U + 4.0 * U) + ((double)width + 3.0) * U;

                check_near(&near, at, (double)expected.at[at], (double)p.at[at],
                           relative * (double)expected.at[at] + TINY);
            }
            test_near_end(&near);
            guarded_end("v", &v);
            guarded_end("expected", &expected);
            guarded_end("p", &p);
        }
    }
}

/* ---- sums of softmaxes ---------------------------------------------------------------- */

typedef struct {
    snn_scores scores;
    size_t batch;
    guarded v, p, g_sum, g;
    double *sum;
    uint32_t valid[8];
} scores_case;

static const struct {
    size_t steps, batch, classes;
} shapes[] = {{1, 1, 1}, {3, 2, 7}, {20, 3, 16}, {33, 4, 20}, {40, 5, 35}, {7, 8, 129}};

#define RANGE 3.0

static scores_case make_case(size_t shape, size_t offset, uint64_t *state)
{
    const size_t steps = shapes[shape].steps, batch = shapes[shape].batch,
                 classes = shapes[shape].classes, row = batch * classes;
    scores_case c = {.batch = batch,
                     .scores = {.steps = steps, .row = row, .classes = classes},
                     .v = guarded_new(steps * row, offset),
                     .p = guarded_new(steps * row, offset),
                     .g = guarded_new(steps * row, offset),
                     .g_sum = guarded_new(row, offset),
                     .sum = calloc(row, sizeof(double))};

    assert_non_null(c.sum);
    fill_uniform(&c.v, state, -(float)RANGE, (float)RANGE);
    fill_uniform(&c.p, state, 0.0f, 1.0f);
    fill_uniform(&c.g, state, -1.0f, 1.0f);
    fill_uniform(&c.g_sum, state, -1.0f, 1.0f);
    for (size_t b = 0; b < batch; b++)
        c.valid[b] = (uint32_t)(test_random(state) % (steps + 3)); /* 0, and more than all, too */
    c.scores.v = c.v.at;
    c.scores.p = c.p.at;
    return c;
}

static void end_case(scores_case *c)
{
    guarded_end("v", &c->v);
    guarded_end("p", &c->p);
    guarded_end("g", &c->g);
    guarded_end("g_sum", &c->g_sum);
    free(c->sum);
}

static bool counts(const scores_case *c, size_t b, size_t t)
{
    return c->scores.valid == NULL || t < c->scores.valid[b];
}

/* p as in softmax; sums in double of what stands in p: the reference's own, exactly summed but
 * for 2^-53. */
static void compare_sum(const snn_kern *kern, scores_case *c, size_t b0, size_t b1, uint64_t seed)
{
    const size_t n = c->scores.classes, row = c->scores.row;
    const double relative = 2.0 * (4.0 * RANGE * U + 4.0 * U) + ((double)n + 3.0) * U;
    guarded expected = guarded_copy(&c->p), got = guarded_copy(&c->p);
    struct test_near near = test_near_begin("softmax_sum", seed);
    snn_scores scores = c->scores;

    scores.p = expected.at;
    snn_kern_ref.softmax_sum(&scores, b0, b1, c->sum);
    scores.p = got.at;
    for (size_t j = 0; j < row; j++)
        c->sum[j] = -7.0;
    kern->softmax_sum(&scores, b0, b1, c->sum);
    for (size_t j = 0; j < row; j++) {
        const bool here = j / n >= b0 && j / n < b1;
        double sum = here ? 0.0 : -7.0;

        for (size_t t = 0; t < scores.steps; t++) {
            const size_t at = t * row + j;

            check_near(&near, at, (double)expected.at[at], (double)got.at[at],
                       here ? relative * (double)expected.at[at] : 0.0);
            if (here && counts(c, j / n, t))
                sum += (double)got.at[at];
        }
        check_near(&near, j, sum, c->sum[j], 0.0);
    }
    test_near_end(&near);
    guarded_end("expected", &expected);
    guarded_end("got", &got);
}

/* along = sum g_sum p, in any order: (n + 1) U sum |g_sum p|; then two roundings. */
static void compare_backward(const snn_kern *kern, scores_case *c, size_t b0, size_t b1,
                             uint64_t seed)
{
    const size_t n = c->scores.classes, row = c->scores.row;
    guarded expected = guarded_copy(&c->g), got = guarded_copy(&c->g);
    struct test_near near = test_near_begin("softmax_backward", seed);

    snn_kern_ref.softmax_backward(&c->scores, b0, b1, c->g_sum.at, expected.at);
    kern->softmax_backward(&c->scores, b0, b1, c->g_sum.at, got.at);
    for (size_t at = 0; at < c->g.n; at++) {
        const size_t j = at % row, b = j / n;
        const double p = (double)c->p.at[at];
        double along = 0.0;

        for (size_t k = 0; k < n; k++)
            along += fabs((double)c->g_sum.at[b * n + k] * (double)c->p.at[at - j % n + k]);
        check_near(&near, at, (double)expected.at[at], (double)got.at[at],
                   b >= b0 && b < b1 ? p * (((double)n + 1.0) * U * along +
                                            3.0 * U * (fabs((double)c->g_sum.at[j]) + along)) +
                                           TINY
                                     : 0.0);
    }
    test_near_end(&near);
    guarded_end("expected", &expected);
    guarded_end("got", &got);
}

static void run_cases(const snn_kern *kern, uint64_t seed, bool backward)
{
    uint64_t state = seed + 31;

    for (size_t shape = 0; shape < SNN_COUNT(shapes); shape++) {
        for (int round = 0; round < 4; round++) {
            scores_case c = make_case(shape, (size_t)round % 2, &state);

            c.scores.valid = round >= 2 ? c.valid : NULL;
            (backward ? compare_backward : compare_sum)(kern, &c, 0, c.batch, seed);
            if (c.batch > 2)
                (backward ? compare_backward : compare_sum)(kern, &c, 1, c.batch - 1, seed);
            end_case(&c);
        }
    }
}

static void run_sum(const snn_kern *kern, uint64_t seed)
{
    run_cases(kern, seed, false);
}

static void run_backward(const snn_kern *kern, uint64_t seed)
{
    run_cases(kern, seed, true);
}

/* ---- benches --------------------------------------------------------------------------- */

static size_t bench_softmax(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    static float v[4000];
    double begin;

    for (size_t i = 0; i < SNN_COUNT(v); i++)
        v[i] = test_uniform(&seed, -1.0f, 1.0f);
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++)
        kern->softmax(200, 20, v, v);
    *seconds = snn_seconds() - begin;
    return SNN_COUNT(v);
}

static size_t bench_scores(const snn_kern *kern, int rounds, uint64_t seed, double *seconds,
                           bool backward)
{
    scores_case c = make_case(3, 0, &seed);
    const double begin = snn_seconds();

    for (int i = 0; i < rounds; i++) {
        if (backward)
            kern->softmax_backward(&c.scores, 0, c.batch, c.g_sum.at, c.g.at);
        else
            kern->softmax_sum(&c.scores, 0, c.batch, c.sum);
    }
    *seconds = snn_seconds() - begin;
    end_case(&c);
    return c.scores.steps * c.scores.row;
}

static size_t bench_sum(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_scores(kern, rounds, seed, seconds, false);
}

static size_t bench_backward(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_scores(kern, rounds, seed, seconds, true);
}

const kern_check check_softmax = {"softmax", run_softmax, bench_softmax};
const kern_check check_softmax_sum = {"softmax_sum", run_sum, bench_sum};
const kern_check check_softmax_backward = {"softmax_backward", run_backward, bench_backward};
