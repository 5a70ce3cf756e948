/* SPDX-License-Identifier: BSD-3-Clause */
/* Normalisation sums and Adam against the reference. */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

/* ---- normalisation ---------------------------------------------------------------- */

typedef struct {
    snn_norm norm;
    size_t batch;
    guarded x, g, mean, inv_std, scale, mean_g, mean_gx;
    uint32_t valid[8];
} norm_case;

static const struct {
    size_t steps, batch, channels;
} shapes[] = {{1, 1, 1}, {3, 2, 7}, {20, 3, 16}, {33, 4, 17}, {100, 5, 40}, {7, 8, 129}};

static norm_case make_case(size_t shape, size_t offset, uint64_t *state)
{
    const size_t steps = shapes[shape].steps, batch = shapes[shape].batch,
                 channels = shapes[shape].channels;
    norm_case c = {.batch = batch,
                   .norm = {.steps = steps, .row = batch * channels, .channels = channels}};
    guarded *const one[] = {&c.mean, &c.inv_std, &c.scale, &c.mean_g, &c.mean_gx};

    c.x = guarded_new(steps * batch * channels, offset);
    c.g = guarded_new(steps * batch * channels, offset);
    fill_uniform(&c.x, state, -3.0f, 3.0f);
    fill_uniform(&c.g, state, -1.0f, 1.0f);
    for (size_t i = 0; i < SNN_COUNT(one); i++) {
        *one[i] = guarded_new(channels, offset);
        fill_uniform(one[i], state, 0.2f, 1.5f);
    }
    for (size_t i = 0; i < c.x.n; i += 13)
        c.x.at[i] = 1e-40f;
    for (size_t b = 0; b < batch; b++)
        c.valid[b] = (uint32_t)(test_random(state) % (steps + 3)); /* 0, and more than all, too */
    c.norm.x = c.x.at;
    c.norm.g = c.g.at;
    c.norm.mean = c.mean.at;
    c.norm.inv_std = c.inv_std.at;
    return c;
}

static void point(norm_case *c, bool masked)
{
    c->norm.valid = masked ? c->valid : NULL;
}

static void end_case(norm_case *c)
{
    guarded *const all[] = {&c->x,     &c->g,      &c->mean,   &c->inv_std,
                            &c->scale, &c->mean_g, &c->mean_gx};

    for (size_t i = 0; i < SNN_COUNT(all); i++)
        guarded_end("norm array", all[i]);
}

typedef enum { SUM, SUM_G, SUM_GX } total_kind;

/* A sum of n rounded terms q_i, each off by k U |q_i|, in any order: (n + k) U sum |q_i|.
 * k: 0 for x and g, 4 for g ((x-mean) inv_std). */
static double total_bound(const norm_case *c, total_kind kind, size_t b0, size_t b1, size_t channel)
{
    static const double k[] = {0.0, 0.0, 4.0};
    const double mean = (double)c->mean.at[channel], inv_std = (double)c->inv_std.at[channel];
    double size = 0.0;
    size_t n = 0;

    for (size_t b = b0; b < b1; b++) {
        for (size_t t = 0; t < c->norm.steps; t++) {
            const size_t at = t * c->norm.row + b * c->norm.channels + channel;
            const double x = (double)c->x.at[at], g = fabs((double)c->g.at[at]);
            const double q[] = {fabs(x), g, g * fabs((x - mean) * inv_std)};

            if (kind == SUM && c->norm.valid != NULL && t >= c->norm.valid[b])
                continue;
            size += q[kind];
            n++;
        }
    }
    return ((double)n + k[kind] + 1.0) * U * size + TINY;
}

static void compare_totals(const snn_kern *kern, norm_case *c, total_kind kind, size_t b0,
                           size_t b1, uint64_t seed)
{
    const size_t channels = c->norm.channels;
    guarded expected[2] = {guarded_new(channels, 0), guarded_new(channels, 0)};
    guarded got[2] = {guarded_new(channels, 1), guarded_new(channels, 1)};
    struct test_near near = test_near_begin("total", seed);

    if (kind == SUM) {
        snn_kern_ref.norm_sum(&c->norm, b0, b1, expected[0].at);
        kern->norm_sum(&c->norm, b0, b1, got[0].at);
    } else {
        snn_kern_ref.norm_backward_sum(&c->norm, b0, b1, expected[0].at, expected[1].at);
        kern->norm_backward_sum(&c->norm, b0, b1, got[0].at, got[1].at);
    }
    for (size_t i = 0; i < channels; i++) {
        check_near(&near, i, (double)expected[0].at[i], (double)got[0].at[i],
                   total_bound(c, kind, b0, b1, i));
        if (kind == SUM_G)
            check_near(&near, i, (double)expected[1].at[i], (double)got[1].at[i],
                       total_bound(c, SUM_GX, b0, b1, i));
    }
    test_near_end(&near);
    for (int i = 0; i < 2; i++) {
        guarded_end("expected", &expected[i]);
        guarded_end("got", &got[i]);
    }
}

static void run_totals(const snn_kern *kern, uint64_t seed, total_kind kind)
{
    uint64_t state = seed + (uint64_t)kind;

    for (size_t shape = 0; shape < SNN_COUNT(shapes); shape++) {
        for (int round = 0; round < 4; round++) {
            norm_case c = make_case(shape, (size_t)round % 2, &state);

            point(&c, round >= 2);
            compare_totals(kern, &c, kind, 0, c.batch, seed);
            if (c.batch > 2)
                compare_totals(kern, &c, kind, 1, c.batch - 1, seed);
            end_case(&c);
        }
    }
}

static void run_sum(const snn_kern *kern, uint64_t seed)
{
    run_totals(kern, seed, SUM);
}

/*
 * With X = max |x|, N rows in m = N / 32 + 1 runs of n <= 32: a run's mean is off by at most
 * (n + 2) U X, and each merge adds 4 U X; so e = (36 + 4 m) U X for all means.  A run's squares
 * are those about its own mean but for n e^2; the merge takes the two means' distance, at most
 * 2 X, wrong by 2 e, so n 2 (2 X) 2 e in all; and n + 8 + m roundings of terms up to 4 X^2.
 */
static void compare_moments(const snn_kern *kern, norm_case *c, size_t b0, size_t b1, uint64_t seed)
{
    const size_t channels = c->norm.channels;
    guarded expected[2] = {guarded_new(channels, 0), guarded_new(channels, 0)};
    guarded got[2] = {guarded_new(channels, 1), guarded_new(channels, 1)};
    struct test_near near[2] = {test_near_begin("mean", seed), test_near_begin("square", seed)};

    snn_kern_ref.norm_moments(&c->norm, b0, b1, expected[0].at, expected[1].at);
    kern->norm_moments(&c->norm, b0, b1, got[0].at, got[1].at);
    for (size_t i = 0; i < channels; i++) {
        double most = 0.0, rows = 0.0, runs, e;

        for (size_t at = i; at < c->x.n; at += channels) {
            const size_t b = at / channels % c->batch, t = at / c->norm.row;

            if (b < b0 || b >= b1 || (c->norm.valid != NULL && t >= c->norm.valid[b]))
                continue;
            most = fmax(most, fabs((double)c->x.at[at]));
            rows += 1.0;
        }
        runs = floor(rows / 32.0) + 1.0;
        e = (36.0 + 4.0 * runs) * U * most;
        check_near(&near[0], i, (double)expected[0].at[i], (double)got[0].at[i], e + TINY);
        check_near(&near[1], i, (double)expected[1].at[i], (double)got[1].at[i],
                   rows * (8.0 * most * e + (40.0 + runs) * U * 4.0 * most * most) + TINY);
    }
    for (int i = 0; i < 2; i++) {
        test_near_end(&near[i]);
        guarded_end("expected", &expected[i]);
        guarded_end("got", &got[i]);
    }
}

static void run_moments(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed + 4;

    for (size_t shape = 0; shape < SNN_COUNT(shapes); shape++) {
        for (int round = 0; round < 6; round++) {
            norm_case c = make_case(shape, (size_t)round % 2, &state);

            for (size_t i = 0; round >= 4 && i < c.x.n; i++) /* far from 0 */
                c.x.at[i] = 1000.0f + c.x.at[i];
            point(&c, round % 4 >= 2);
            compare_moments(kern, &c, 0, c.batch, seed);
            if (c.batch > 2)
                compare_moments(kern, &c, 1, c.batch - 1, seed);
            end_case(&c);
        }
    }
}

static void run_backward_sum(const snn_kern *kern, uint64_t seed)
{
    run_totals(kern, seed, SUM_G);
}

/* scale (g - mg - xhat mgx): six roundings, each at most U times the largest term. */
static void compare_backward(const snn_kern *kern, norm_case *c, size_t b0, size_t b1,
                             uint64_t seed)
{
    guarded expected = guarded_copy(&c->g), got = guarded_copy(&c->g);
    struct test_near near = test_near_begin("norm_backward", seed);

    snn_kern_ref.norm_backward(&c->norm, b0, b1, c->scale.at, c->mean_g.at, c->mean_gx.at,
                               expected.at);
    kern->norm_backward(&c->norm, b0, b1, c->scale.at, c->mean_g.at, c->mean_gx.at, got.at);
    for (size_t at = 0; at < c->g.n; at++) {
        const size_t channel = at % c->norm.channels, b = at / c->norm.channels % c->batch;
        const double x = (double)c->x.at[at], mean = (double)c->mean.at[channel];
        const double size =
            fabs((double)c->g.at[at]) + (double)c->mean_g.at[channel] +
            fabs((x - mean) * (double)c->inv_std.at[channel] * (double)c->mean_gx.at[channel]);

        check_near(&near, at, (double)expected.at[at], (double)got.at[at],
                   b >= b0 && b < b1 ? 7.0 * U * (double)c->scale.at[channel] * size + TINY : 0.0);
    }
    test_near_end(&near);
    guarded_end("expected", &expected);
    guarded_end("got", &got);
}

static void run_backward(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed + 9;

    for (size_t shape = 0; shape < SNN_COUNT(shapes); shape++) {
        for (int round = 0; round < 4; round++) {
            norm_case c = make_case(shape, (size_t)round % 2, &state);

            point(&c, round >= 2);
            compare_backward(kern, &c, 0, c.batch, seed);
            if (c.batch > 2)
                compare_backward(kern, &c, 1, c.batch - 1, seed);
            end_case(&c);
        }
    }
}

/* ---- Adam -------------------------------------------------------------------------- */

/*
 * grad = scale g + decay theta: e_grad = 2U (|scale g| + |decay theta|)
 * m = b1 m + (1-b1) grad (1-b1 is exact for b1 >= 1/2): e_m = (1-b1) e_grad + 3U (|b1 m| + |(1-b1)
 * grad|) v likewise from grad^2: e_v = (1-b2) (2|grad| e_grad + U grad^2) + 3U (b2 v + (1-b2)
 * grad^2) q = sqrt(v) root + eps: e_q = root (e_v / (2 sqrt v) + 2U sqrt v) + U q;  sqrt of a
 * rounded 0: sqrt(e_v) theta -= step m / q: step (e_m / q + |m| e_q / q^2) + 3U |step m / q| + 2U
 * |theta|
 */
static void run_adam(const snn_kern *kern, uint64_t seed)
{
    static const size_t sizes[] = {1, 7, 8, 15, 16, 17, 33, 1000};
    uint64_t state = seed + 20;

    for (size_t i = 0; i < SNN_COUNT(sizes); i++) {
        for (int round = 0; round < 4; round++) {
            const size_t n = sizes[i];
            const int step = 1 + round * 7;
            const snn_adam adam = {.beta1 = round == 3 ? 0.85f : 0.9f,
                                   .beta2 = 0.999f,
                                   .eps = 1e-8f,
                                   .decay = round % 2 ? 1e-5f : 0.0f,
                                   .gradient_scale = round == 2 ? 0.3f : 1.0f,
                                   .step = (float)(1e-3 / (1.0 - pow(0.9, step))),
                                   .root = (float)(1.0 / sqrt(1.0 - pow(0.999, step)))};
            guarded a[4], b[4];
            struct test_near near = test_near_begin("adam", seed);

            for (int k = 0; k < 4; k++)
                a[k] = guarded_new(n, (size_t)round % 2);
            fill_uniform(&a[0], &state, -1.0f, 1.0f);
            fill_uniform(&a[1], &state, -0.1f, 0.1f);
            fill_uniform(&a[2], &state, -0.1f, 0.1f);
            fill_uniform(&a[3], &state, 0.0f, 0.01f);
            for (size_t j = 0; j < n; j += 5) {
                a[1].at[j] = j % 2 ? 0.0f : 1e-30f; /* its square is 0 */
                a[2].at[j] = a[3].at[j] = 0.0f;
            }
            for (int k = 0; k < 4; k++)
                b[k] = guarded_copy(&a[k]);
            guarded before[4] = {guarded_copy(&a[0]), guarded_copy(&a[1]), guarded_copy(&a[2]),
                                 guarded_copy(&a[3])};

            snn_kern_ref.adam(&adam, n, a[0].at, a[1].at, a[2].at, a[3].at);
            kern->adam(&adam, n, b[0].at, b[1].at, b[2].at, b[3].at);
            for (size_t j = 0; j < n; j++) {
                const double theta = fabs((double)before[0].at[j]),
                             g = fabs((double)before[1].at[j] * (double)adam.gradient_scale);
                const double shrink = (double)adam.decay * theta, grad = g + shrink,
                             e_grad = 2.0 * U * grad + TINY;
                const double b1 = (double)adam.beta1, b2 = (double)adam.beta2;
                const double m = b1 * fabs((double)before[2].at[j]) + (1.0 - b1) * grad,
                             e_m = (1.0 - b1) * e_grad + 3.0 * U * m + TINY;
                const double v_size = b2 * (double)before[3].at[j] + (1.0 - b2) * grad * grad;
                const double e_v = (1.0 - b2) * 2.0 * grad * e_grad + 5.0 * U * v_size + TINY;
                const double v = (double)a[3].at[j], root = (double)adam.root;
                const double e_sqrt =
                    v > e_v ? e_v / (2.0 * sqrt(v - e_v)) + 2.0 * U * sqrt(v) : sqrt(v + e_v);
                const double q = fmax(sqrt(v) * root + (double)adam.eps - root * e_sqrt,
                                      (double)adam.eps),
                             e_q = root * e_sqrt + 2.0 * U * q;
                const double update = (double)adam.step * m / q;

                check_near(&near, j, (double)a[2].at[j], (double)b[2].at[j], e_m + U * m);
                check_near(&near, j, (double)a[3].at[j], (double)b[3].at[j], e_v + U * v);
                check_near(&near, j, (double)a[0].at[j], (double)b[0].at[j],
                           (double)adam.step * (e_m / q + m * e_q / (q * q)) + 3.0 * U * update +
                               2.0 * U * (theta + update));
            }
            test_near_end(&near);
            assert_memory_equal(before[1].at, b[1].at, n * sizeof(float));
            for (int k = 0; k < 4; k++) {
                guarded_end("adam", &a[k]);
                guarded_end("adam", &b[k]);
                guarded_end("adam", &before[k]);
            }
        }
    }
}

/* ---- benches --------------------------------------------------------------------------- */

static size_t bench_norm(const snn_kern *kern, int rounds, uint64_t seed, double *seconds,
                         int which)
{
    norm_case c = make_case(4, 0, &seed);
    float a[64], b[64];
    const double begin = snn_seconds();

    for (int i = 0; i < rounds; i++) {
        if (which == 0)
            kern->norm_sum(&c.norm, 0, c.batch, a);
        else if (which == 1)
            kern->norm_moments(&c.norm, 0, c.batch, a, b);
        else if (which == 2)
            kern->norm_backward_sum(&c.norm, 0, c.batch, a, b);
        else
            kern->norm_backward(&c.norm, 0, c.batch, c.scale.at, c.mean_g.at, c.mean_gx.at, c.g.at);
    }
    *seconds = snn_seconds() - begin;
    end_case(&c);
    return c.norm.steps * c.norm.row;
}

#define BENCH_NORM(name, which)                                                                    \
    static size_t name(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)           \
    {                                                                                              \
        return bench_norm(kern, rounds, seed, seconds, which);                                     \
    }
BENCH_NORM(bench_sum, 0)
BENCH_NORM(bench_moments, 1)
BENCH_NORM(bench_backward_sum, 2)
BENCH_NORM(bench_backward, 3)

static size_t bench_adam(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    const snn_adam adam = {.step = 1e-3f,
                           .root = 1.0f,
                           .beta1 = 0.9f,
                           .beta2 = 0.999f,
                           .eps = 1e-8f,
                           .gradient_scale = 1.0f};
    static float theta[4096], g[4096], m[4096], v[4096];
    const double begin = snn_seconds();

    (void)seed;
    for (int i = 0; i < rounds; i++)
        kern->adam(&adam, 4096, theta, g, m, v);
    *seconds = snn_seconds() - begin;
    return 4096;
}

const kern_check check_norm_sum = {"norm_sum", run_sum, bench_sum};
const kern_check check_norm_moments = {"norm_moments", run_moments, bench_moments};
const kern_check check_norm_backward_sum = {"norm_backward_sum", run_backward_sum,
                                            bench_backward_sum};
const kern_check check_norm_backward = {"norm_backward", run_backward, bench_backward};
const kern_check check_adam = {"adam", run_adam, bench_adam};
