/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shift_forward, shift_backward and shift_gradient against the reference.
 *
 * Each output is a sum of n products, one after the other (with FMA or without), onto what
 * was there: (n + 1) U sum |a b|; the reference is rounded once: U |sum|, below the same.
 * Flushed denormals cost FLT_MIN a term.
 */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

typedef struct {
    snn_shift shift;
    size_t b0, b1;
    bool add;
    guarded taps, x, y, g_taps;
} shift_case;

static const struct {
    uint32_t n_taps;
    size_t steps, steps_out, batch, channels;
} shapes[] = {
    {1, 1, 1, 1, 1},    {5, 9, 11, 3, 17},  {25, 40, 52, 6, 140}, {7, 3, 6, 5, 64},
    {31, 8, 23, 9, 81}, {5, 12, 12, 4, 15}, {9, 30, 30, 7, 63},   {25, 2, 14, 2, 20},
};

static shift_case make_case(size_t i, uint64_t *state)
{
    const size_t stride = shapes[i].channels + (i % 2 == 0 ? 0 : 13);
    shift_case c = {.shift = {.n_taps = shapes[i].n_taps,
                              .steps = shapes[i].steps,
                              .steps_out = shapes[i].steps_out,
                              .batch = shapes[i].batch,
                              .channels = shapes[i].channels,
                              .stride = stride},
                    .b1 = shapes[i].batch};

    c.taps = guarded_new(shapes[i].n_taps * stride, i % 2);
    c.x = guarded_new(shapes[i].steps * shapes[i].batch * shapes[i].channels, i % 2);
    c.y = guarded_new(shapes[i].steps_out * shapes[i].batch * shapes[i].channels, i % 2);
    c.g_taps = guarded_new(shapes[i].n_taps * shapes[i].channels, i % 2);
    fill_uniform(&c.taps, state, -1.0f, 1.0f);
    fill_uniform(&c.x, state, -1.0f, 1.0f);
    fill_uniform(&c.y, state, -1.0f, 1.0f);
    for (size_t j = 0; j < c.x.n; j += 7)
        c.x.at[j] = j % 2 == 0 ? 0.0f : 1e-40f;
    c.shift.taps = c.taps.at;
    return c;
}

static void end_case(shift_case *c)
{
    guarded_end("taps", &c->taps);
    guarded_end("x", &c->x);
    guarded_end("y", &c->y);
    guarded_end("g_taps", &c->g_taps);
}

enum direction { FORWARD, BACKWARD, GRADIENT };

static void call(const snn_kern *kern, const shift_case *c, enum direction which, guarded *out)
{
    switch (which) {
    case FORWARD:
        kern->shift_forward(&c->shift, c->x.at, out->at, c->add, c->b0, c->b1);
        break;
    case BACKWARD:
        kern->shift_backward(&c->shift, c->y.at, out->at, c->add, c->b0, c->b1);
        break;
    case GRADIENT:
        kern->shift_gradient(&c->shift, c->x.at, c->y.at, out->at, c->b0, c->b1);
        break;
    }
}

/* The same sums over absolute values. */
static guarded sizes_of(const shift_case *c, enum direction which, const guarded *before)
{
    shift_case abs = *c;
    guarded size = guarded_copy(before);

    abs.taps = guarded_copy(&c->taps);
    abs.x = guarded_copy(&c->x);
    abs.y = guarded_copy(&c->y);
    abs.shift.taps = abs.taps.at;
    for (size_t i = 0; i < abs.taps.n; i++)
        abs.taps.at[i] = fabsf(abs.taps.at[i]);
    for (size_t i = 0; i < abs.x.n; i++)
        abs.x.at[i] = fabsf(abs.x.at[i]);
    for (size_t i = 0; i < abs.y.n; i++)
        abs.y.at[i] = fabsf(abs.y.at[i]);
    for (size_t i = 0; i < size.n; i++)
        size.at[i] = fabsf(size.at[i]);
    call(&snn_kern_ref, &abs, which, &size);
    guarded_end("|taps|", &abs.taps);
    guarded_end("|x|", &abs.x);
    guarded_end("|y|", &abs.y);
    return size;
}

static void compare_one(const snn_kern *kern, const shift_case *c, enum direction which)
{
    const guarded *like = which == FORWARD ? &c->y : which == BACKWARD ? &c->x : &c->g_taps;
    guarded got = guarded_copy(like), expected = guarded_copy(like),
            size = sizes_of(c, which, like);
    const double terms = which == GRADIENT ? (double)(c->shift.steps_out * (c->b1 - c->b0))
                                           : (double)c->shift.n_taps;

    call(kern, c, which, &got);
    call(&snn_kern_ref, c, which, &expected);
    for (size_t i = 0; i < got.n; i++) {
        const size_t sample = i / c->shift.channels % c->shift.batch;
        const double bound = (terms + 2.0) * (U * (double)size.at[i] + TINY);

        if (which != GRADIENT && (sample < c->b0 || sample >= c->b1))
            assert_true(got.at[i] == like->at[i]); /* another's sample */
        if (!(fabs((double)got.at[i] - (double)expected.at[i]) <= bound))
            fail_msg("%zu: %.9g, not %.9g, bound %.2g", i, (double)got.at[i],
                     (double)expected.at[i], bound);
    }
    guarded_end("size", &size);
    guarded_end("expected", &expected);
    guarded_end("result", &got);
}

static void over_shapes(const snn_kern *kern, uint64_t seed, enum direction which)
{
    uint64_t state = seed;

    for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
        shift_case c = make_case(i, &state);

        compare_one(kern, &c, which);
        c.add = which != GRADIENT;
        c.b0 = c.shift.batch / 3;
        c.b1 = c.shift.batch - c.shift.batch / 4;
        compare_one(kern, &c, which);
        end_case(&c);
    }
}

static size_t bench(const snn_kern *kern, int rounds, uint64_t seed, double *seconds,
                    enum direction which)
{
    shift_case c = make_case(2, &seed);
    guarded out = guarded_copy(which == FORWARD ? &c.y : which == BACKWARD ? &c.x : &c.g_taps);
    const double begin = snn_seconds();

    for (int i = 0; i < rounds; i++)
        call(kern, &c, which, &out);
    *seconds = snn_seconds() - begin;
    guarded_end("result", &out);
    end_case(&c);
    return shapes[2].n_taps * shapes[2].steps * shapes[2].batch * shapes[2].channels;
}

#define CHECK(name, which)                                                                         \
    static void run_##name(const snn_kern *kern, uint64_t seed)                                    \
    {                                                                                              \
        over_shapes(kern, seed, which);                                                            \
    }                                                                                              \
    static size_t bench_##name(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)   \
    {                                                                                              \
        return bench(kern, rounds, seed, seconds, which);                                          \
    }                                                                                              \
    const kern_check check_##name = {#name, run_##name, bench_##name}

CHECK(shift_forward, FORWARD);
CHECK(shift_backward, BACKWARD);
CHECK(shift_gradient, GRADIENT);
