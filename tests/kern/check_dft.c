/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transforms along rows against the reference.
 *
 * Bounds: a sum of `rows` products, first folded by two additions, with a table rounded
 * once, is off by at most (rows + 4) U sum |x|; back, with entries of at most 2/n, by
 * (n + 4) U 2/n sum |hat|.  The reference pays with one more U.
 */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

#define TWO_PI 6.28318530717958647692
#define MOST   148u

typedef struct {
    snn_dft_tables tables;
    float analysis[MOST * MOST], synthesis[MOST * MOST];
} table_store;

/* As kern.h says, part by part. */
static void make_tables(table_store *store, size_t n)
{
    size_t at = 0;

    for (size_t part = 0; part < SNN_DFT_PARTS; part++) {
        const size_t size = snn_dft_part_rows(n, part), first = snn_dft_part_first(part);
        const bool odd = part == SNN_DFT_ODD_COS || part == SNN_DFT_ODD_SIN;

        for (size_t r = 0; r < size; r++) {
            const size_t f = odd ? 2 * r + 1 : 2 * (r + first);
            const double scale = (f == 0 || 2 * f == n ? 1.0 : 2.0) / (double)n;

            for (size_t c = 0; c < size; c++) {
                const double angle = TWO_PI * (double)(f * (c + first) % n) / (double)n;
                const double wave = first == 0 ? cos(angle) : -sin(angle);

                store->analysis[at + r * size + c] = (float)wave;
                store->synthesis[at + c * size + r] = (float)(scale * wave);
            }
        }
        at += size * size;
    }
    store->tables = (snn_dft_tables){n, store->analysis, store->synthesis};
}

/* All residues of n and n/2, few rows and all, edges of strips. */
static const struct {
    size_t n, rows, columns;
} shapes[] = {{2, 1, 1},    {2, 2, 5},    {4, 1, 3},      {4, 4, 33},   {6, 2, 31},
              {6, 6, 8},    {8, 5, 64},   {10, 3, 16},    {12, 12, 17}, {52, 27, 40},
              {54, 14, 32}, {54, 13, 47}, {124, 112, 96}, {124, 25, 7}, {148, 148, 39}};

static void run_dft(const snn_kern *kern, uint64_t seed, bool inverse)
{
    static table_store store;
    uint64_t state = seed;

    for (size_t i = 0; i < 2 * SNN_COUNT(shapes); i++) {
        const size_t n = shapes[i / 2].n, rows = shapes[i / 2].rows,
                     columns = shapes[i / 2].columns;
        const size_t stride = columns + 3, from = inverse ? n : rows, to = inverse ? rows : n;
        const bool add = inverse && i % 2 == 1;
        guarded in = guarded_new(from * stride, i % 2), out = guarded_new(to * stride, i % 3);
        guarded work = guarded_new(SNN_DFT_WORK(n, columns), 0), expected;
        struct test_near near = test_near_begin(inverse ? "dft_inverse" : "dft_forward", seed);
        const double bound = inverse ? 2.0 * ((double)n + 5.0) * U : ((double)rows + 5.0) * U;

        make_tables(&store, n);
        fill_uniform(&in, &state, -1.0f, 1.0f);
        fill_uniform(&out, &state, -1.0f, 1.0f);
        expected = guarded_copy(&out);
        if (inverse) {
            snn_kern_ref.dft_inverse(&store.tables, in.at, stride, expected.at, rows, stride,
                                     columns, add, NULL);
            kern->dft_inverse(&store.tables, in.at, stride, out.at, rows, stride, columns, add,
                              work.at);
        } else {
            snn_kern_ref.dft_forward(&store.tables, in.at, rows, stride, expected.at, stride,
                                     columns, NULL);
            kern->dft_forward(&store.tables, in.at, rows, stride, out.at, stride, columns, work.at);
        }
        for (size_t j = 0; j < out.n; j++) /* columns beyond the last stay as they were */
            check_near(&near, j, (double)expected.at[j], (double)out.at[j],
                       j % stride < columns ? bound * (inverse ? 1.0 : (double)rows) + U : 0.0);
        test_near_end(&near);
        guarded_end("in", &in);
        guarded_end("out", &out);
        guarded_end("work", &work);
        guarded_end("expected", &expected);
    }
}

static void run_dft_forward(const snn_kern *kern, uint64_t seed)
{
    run_dft(kern, seed, false);
}

static void run_dft_inverse(const snn_kern *kern, uint64_t seed)
{
    run_dft(kern, seed, true);
}

/* 256 columns of the SHD network's second layer. */
static size_t bench_dft(const snn_kern *kern, int rounds, double *seconds, bool inverse)
{
    static table_store store;
    guarded x = guarded_new(124 * 256, 0), hat = guarded_new(136 * 256, 0);
    guarded work = guarded_new(SNN_DFT_WORK(136, 256), 0);
    double begin;

    make_tables(&store, 136);
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++) {
        if (inverse)
            kern->dft_inverse(&store.tables, hat.at, 256, x.at, 124, 256, 256, false, work.at);
        else
            kern->dft_forward(&store.tables, x.at, 124, 256, hat.at, 256, 256, work.at);
    }
    *seconds = snn_seconds() - begin;
    guarded_end("x", &x);
    guarded_end("hat", &hat);
    guarded_end("work", &work);
    return 124 * 256;
}

static size_t bench_dft_forward(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    (void)seed;
    return bench_dft(kern, rounds, seconds, false);
}

static size_t bench_dft_inverse(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    (void)seed;
    return bench_dft(kern, rounds, seconds, true);
}

const kern_check check_dft_forward = {"dft_forward", run_dft_forward, bench_dft_forward};
const kern_check check_dft_inverse = {"dft_inverse", run_dft_inverse, bench_dft_inverse};
