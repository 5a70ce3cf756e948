/* SPDX-License-Identifier: BSD-3-Clause */
/* Stencils and voxels against the reference. */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"
#include "snn/kern/exp_body.h"

#include <math.h>

#define EVENTS 60

typedef struct {
    snn_stencil s;
    uint16_t begin[9], end[9], x[EVENTS], y[EVENTS];
    guarded stencil, plane;
} stencil_case;

static const struct {
    uint32_t side, lanes, width, height;
    size_t n;
} shapes[] = {{1, 16, 1, 1, 3},
              {3, 16, 5, 4, 20},
              {5, 32, 7, 3, EVENTS},
              {9, 48, 6, 8, 40},
              {3, 16, 9, 9, 0}};

static void stencil_new(stencil_case *c, size_t shape, size_t offset, uint64_t *state)
{
    c->s = (snn_stencil){.side = shapes[shape].side,
                         .lanes = shapes[shape].lanes,
                         .width = shapes[shape].width,
                         .height = shapes[shape].height,
                         .n = shapes[shape].n,
                         .begin = c->begin,
                         .end = c->end,
                         .x = c->x,
                         .y = c->y};
    for (uint32_t a = 0; a < c->s.side; a++) { /* empty rows too */
        c->begin[a] = (uint16_t)(test_random(state) % c->s.side);
        c->end[a] = (uint16_t)(c->begin[a] + test_random(state) % (c->s.side - c->begin[a] + 1));
    }
    for (size_t e = 0; e < c->s.n; e++) {
        c->x[e] = (uint16_t)(test_random(state) % c->s.width);
        c->y[e] = (uint16_t)(test_random(state) % c->s.height);
    }
    c->stencil = guarded_new((size_t)c->s.side * c->s.side * c->s.lanes, offset);
    c->plane = guarded_new((size_t)c->s.width * c->s.height * c->s.lanes, offset);
    fill_uniform(&c->stencil, state, -1.0f, 1.0f);
    fill_uniform(&c->plane, state, -1.0f, 1.0f);
}

static void stencil_end(stencil_case *c)
{
    guarded_end("stencil", &c->stencil);
    guarded_end("plane", &c->plane);
}

/* A sum of at most n + 1 numbers of size 1: (n + 1)^2 U, n the events that reach a cell. */
static void compare_sums(const char *what, const guarded *expected, const guarded *got, size_t n,
                         uint64_t seed)
{
    struct test_near near = test_near_begin(what, seed);
    const double m = (double)n + 2.0;

    for (size_t i = 0; i < expected->n; i++)
        check_near(&near, i, (double)expected->at[i], (double)got->at[i], m * m * U);
    test_near_end(&near);
}

static void run_forward(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed;

    for (size_t shape = 0; shape < SNN_COUNT(shapes); shape++)
        for (size_t offset = 0; offset < 2; offset++) {
            stencil_case c;
            guarded expected;

            stencil_new(&c, shape, offset, &state);
            expected = guarded_copy(&c.plane);
            snn_kern_ref.stencil_forward(&c.s, c.stencil.at, expected.at);
            kern->stencil_forward(&c.s, c.stencil.at, c.plane.at);
            compare_sums("stencil_forward", &expected, &c.plane, c.s.n, seed);
            guarded_end("expected", &expected);
            stencil_end(&c);
        }
}

static void run_backward(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed + 1;

    for (size_t shape = 0; shape < SNN_COUNT(shapes); shape++)
        for (size_t offset = 0; offset < 2; offset++) {
            stencil_case c;
            guarded expected;

            stencil_new(&c, shape, offset, &state);
            expected = guarded_copy(&c.stencil);
            snn_kern_ref.stencil_backward(&c.s, c.plane.at, expected.at);
            kern->stencil_backward(&c.s, c.plane.at, c.stencil.at);
            compare_sums("stencil_backward", &expected, &c.stencil, c.s.n, seed);
            guarded_end("expected", &expected);
            stencil_end(&c);
        }
}

/* ---- cells ------------------------------------------------------------------------------ */

#define TABLE 37

static const struct {
    size_t n, lanes;
} lists[] = {{0, 16}, {1, 16}, {50, 48}, {EVENTS, 128}};

static void run_cells(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed + 2;

    for (size_t k = 0; k < SNN_COUNT(lists); k++)
        for (size_t offset = 0; offset < 2; offset++) {
            const size_t lanes = lists[k].lanes;
            guarded table = guarded_new(TABLE * lanes, offset), out = guarded_new(lanes, offset);
            guarded expected;
            uint32_t cell[EVENTS];

            for (size_t i = 0; i < lists[k].n; i++) /* some more than once */
                cell[i] = (uint32_t)(test_random(&state) % TABLE);
            fill_uniform(&table, &state, -1.0f, 1.0f);
            fill_uniform(&out, &state, -1.0f, 1.0f);
            expected = guarded_copy(&out);
            snn_kern_ref.cells_add(cell, lists[k].n, lanes, table.at, expected.at);
            kern->cells_add(cell, lists[k].n, lanes, table.at, out.at);
            compare_sums("cells_add", &expected, &out, lists[k].n, seed);
            guarded_end("expected", &expected);
            guarded_end("out", &out);
            guarded_end("table", &table);
        }
}

static size_t bench_cells(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    guarded table = guarded_new(TABLE * 48, 0), out = guarded_new(48, 0);
    uint64_t state = seed;
    uint32_t cell[EVENTS];
    double start;

    for (size_t i = 0; i < EVENTS; i++)
        cell[i] = (uint32_t)(test_random(&state) % TABLE);
    fill_uniform(&table, &state, -1.0f, 1.0f);
    start = snn_seconds();
    for (int i = 0; i < rounds; i++)
        kern->cells_add(cell, EVENTS, 48, table.at, out.at);
    *seconds = snn_seconds() - start;
    guarded_end("out", &out);
    guarded_end("table", &table);
    return (size_t)EVENTS * 48;
}

/* ---- voxels ---------------------------------------------------------------------------- */

typedef struct {
    snn_voxels v;
    guarded evidence, swapped, bias, g_bias, best;
} voxel_case;

static void voxel_new(voxel_case *c, uint32_t classes, size_t n, int kind, uint64_t *state)
{
    const uint32_t lanes = (classes + 15) / 16 * 16;

    c->evidence = guarded_new(n * lanes, 0);
    c->swapped = guarded_new(n * lanes, 1);
    c->bias = guarded_new(lanes, 1);
    c->g_bias = guarded_new(lanes, 0);
    c->best = guarded_new(n, 1);
    fill_uniform(&c->evidence, state, -6.0f, 6.0f);
    fill_uniform(&c->swapped, state, -6.0f, 6.0f);
    fill_uniform(&c->bias, state, -1.0f, 1.0f);
    fill_uniform(&c->g_bias, state, -1.0f, 1.0f);
    for (size_t i = 0; i < c->evidence.n; i += 7) /* ties, and silence */
        c->swapped.at[i] = c->evidence.at[i] = i % 2 ? 0.0f : c->evidence.at[i];
    c->v = (snn_voxels){.n = n,
                        .classes = classes,
                        .lanes = lanes,
                        .evidence = c->evidence.at,
                        .swapped = kind % 2 ? NULL : c->swapped.at,
                        .bias = c->bias.at,
                        .label = classes / 2,
                        .floor = kind >= 2 ? 5.0f : -INFINITY,
                        .scale = 0.25f,
                        .sigmoid = kind == 1 || kind == 2};
}

static void voxel_end(voxel_case *c)
{
    guarded_end("evidence", &c->evidence);
    guarded_end("swapped", &c->swapped);
    guarded_end("bias", &c->bias);
    guarded_end("g_bias", &c->g_bias);
    guarded_end("best", &c->best);
}

static const uint32_t class_counts[] = {2, 12, 16, 36, 128};

static void run_best(const snn_kern *kern, uint64_t seed)
{
    for (size_t k = 0; k < SNN_COUNT(class_counts); k++)
        for (int kind = 0; kind < 2; kind++) {
            uint64_t state = seed + k;
            voxel_case want, got;

            voxel_new(&want, class_counts[k], 21, kind, &state);
            state = seed + k;
            voxel_new(&got, class_counts[k], 21, kind, &state);
            /* One sum, rounded alike: the same bits. */
            snn_kern_ref.voxel_best(&want.v, want.best.at);
            kern->voxel_best(&got.v, got.best.at);
            check_array_bits("voxel_best", want.best.at, got.best.at, want.best.n, seed);
            check_array_bits("planes stay", want.evidence.at, got.evidence.at, want.evidence.n,
                             seed);
            voxel_end(&want);
            voxel_end(&got);
        }
}

static void run_logits(const snn_kern *kern, uint64_t seed)
{
    for (size_t k = 0; k < SNN_COUNT(class_counts); k++)
        for (int kind = 0; kind < 2; kind++) {
            uint64_t state = seed + k;
            voxel_case want, got;

            voxel_new(&want, class_counts[k], 21, kind, &state);
            state = seed + k;
            voxel_new(&got, class_counts[k], 21, kind, &state);
            /* As run_best. */
            snn_kern_ref.voxel_logits(&want.v, want.best.at);
            kern->voxel_logits(&got.v, got.best.at);
            check_array_bits("voxel_logits", want.evidence.at, got.evidence.at, want.evidence.n,
                             seed);
            check_array_bits("best", want.best.at, got.best.at, want.best.n, seed);
            voxel_end(&want);
            voxel_end(&got);
        }
}

/*
 * p is a quotient of an exponential (SNN_EXP_ULP) and a sum of `lanes` of them: its error is
 * at most (2 SNN_EXP_ULP + lanes + 4) U, that of its argument, a difference of two logits of
 * size 14, 28 U more; scale and subtraction two.  The loss adds n terms of size up to 30.
 */
static void run_gradient(const snn_kern *kern, uint64_t seed)
{
    for (size_t k = 0; k < SNN_COUNT(class_counts); k++)
        for (int kind = 0; kind < 4; kind++) {
            const size_t n = 21;
            struct test_near near = test_near_begin("voxel_gradient", seed);
            uint64_t state = seed + k;
            voxel_case want, got;
            double bound, loss, expected;

            voxel_new(&want, class_counts[k], n, kind, &state);
            state = seed + k;
            voxel_new(&got, class_counts[k], n, kind, &state);
            bound = (2.0 * SNN_EXP_ULP + want.v.lanes + 4.0 + 28.0 + 2.0) * U;
            expected = snn_kern_ref.voxel_gradient(&want.v, want.g_bias.at);
            loss = kern->voxel_gradient(&got.v, got.g_bias.at);
            for (size_t i = 0; i < want.evidence.n; i++) {
                check_near(&near, i, (double)want.evidence.at[i], (double)got.evidence.at[i],
                           0.25 * bound);
                check_near(&near, i, (double)want.swapped.at[i], (double)got.swapped.at[i],
                           0.25 * bound);
            }
            for (size_t c = 0; c < want.g_bias.n; c++)
                check_near(&near, c, (double)want.g_bias.at[c], (double)got.g_bias.at[c],
                           (double)n * (0.25 * bound + 6.0 * U));
            check_near(&near, 0, expected, loss,
                       (double)n * (want.v.sigmoid ? want.v.lanes : 1.0) * 30.0 * bound);
            test_near_end(&near);
            voxel_end(&want);
            voxel_end(&got);
        }
}

static size_t bench_forward(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    uint64_t state = seed;
    stencil_case c;
    double start;

    stencil_new(&c, 3, 0, &state);
    start = snn_seconds();
    for (int i = 0; i < rounds; i++)
        kern->stencil_forward(&c.s, c.stencil.at, c.plane.at);
    *seconds = snn_seconds() - start;
    stencil_end(&c);
    return c.s.n * 81 * 48;
}

static size_t bench_backward(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    uint64_t state = seed;
    stencil_case c;
    double start;

    stencil_new(&c, 3, 0, &state);
    start = snn_seconds();
    for (int i = 0; i < rounds; i++)
        kern->stencil_backward(&c.s, c.plane.at, c.stencil.at);
    *seconds = snn_seconds() - start;
    stencil_end(&c);
    return c.s.n * 81 * 48;
}

typedef enum { BEST, LOGITS, GRADIENT } voxel_kernel;

static size_t bench_voxels(const snn_kern *kern, int rounds, uint64_t seed, double *seconds,
                           voxel_kernel which)
{
    uint64_t state = seed;
    voxel_case c;
    double start;

    voxel_new(&c, 36, 500, 0, &state);
    start = snn_seconds();
    for (int i = 0; i < rounds; i++) {
        if (which == BEST)
            kern->voxel_best(&c.v, c.best.at);
        else if (which == LOGITS)
            kern->voxel_logits(&c.v, c.best.at);
        else
            kern->voxel_gradient(&c.v, c.g_bias.at);
    }
    *seconds = snn_seconds() - start;
    voxel_end(&c);
    return (size_t)500 * 48;
}

static size_t bench_best(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_voxels(kern, rounds, seed, seconds, BEST);
}

static size_t bench_logits(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_voxels(kern, rounds, seed, seconds, LOGITS);
}

static size_t bench_gradient(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_voxels(kern, rounds, seed, seconds, GRADIENT);
}

const kern_check check_stencil_forward = {"stencil_forward", run_forward, bench_forward};
const kern_check check_stencil_backward = {"stencil_backward", run_backward, bench_backward};
const kern_check check_cells_add = {"cells_add", run_cells, bench_cells};
const kern_check check_voxel_best = {"voxel_best", run_best, bench_best};
const kern_check check_voxel_logits = {"voxel_logits", run_logits, bench_logits};
const kern_check check_voxel_gradient = {"voxel_gradient", run_gradient, bench_gradient};
