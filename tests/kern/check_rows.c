/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shifted rows, transposition and events against the reference.
 *
 * Bounds: n products added to a value, in any order, are off by at most (n + 2) U times
 * the sum of their sizes; the reference, rounded at each of its stores, by as much.
 */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

/* ---- shifted rows -------------------------------------------------------------------- */

typedef struct {
    snn_row_terms shift;
    size_t rows, stride;
    guarded in, out, weight, g;
    uint32_t *first;
    int32_t *offset;
} rows_case;

/* Rows with a term, none, and more than are treated together.  Blocks of memory are whole lines,
 * whatever the offset. */
static rows_case make_rows(size_t rows, size_t columns, size_t offset, bool lines, uint64_t *state)
{
    rows_case c = {.rows = rows, .stride = columns + 5};
    const size_t room = columns + 64;
    uint32_t n = 0;

    c.first = calloc(rows + 1, sizeof *c.first);
    assert_non_null(c.first);
    for (size_t r = 0; r < rows; r++) {
        c.first[r] = n;
        n += (uint32_t)(test_random(state) % 19) + (r == 0);
    }
    c.first[rows] = n;
    c.offset = calloc(n + 1, sizeof *c.offset);
    assert_non_null(c.offset);
    for (uint32_t i = 0; i < n; i++)
        c.offset[i] = (int32_t)(test_random(state) % 64) - 32;
    c.in = guarded_new(room, offset);
    c.out = guarded_new(rows * c.stride, offset);
    c.weight = guarded_new(n, offset);
    c.g = guarded_new(n, offset);
    fill_uniform(&c.in, state, -1.0f, 1.0f);
    fill_uniform(&c.out, state, -1.0f, 1.0f);
    fill_uniform(&c.weight, state, -1.0f, 1.0f);
    fill_uniform(&c.g, state, -1.0f, 1.0f);
    c.shift = (snn_row_terms){.in = c.in.at + 32,
                              .first = c.first,
                              .offset = c.offset,
                              .weight = c.weight.at,
                              .columns = columns,
                              .lines = lines};
    return c;
}

static void end_rows(rows_case *c)
{
    guarded_end("in", &c->in);
    guarded_end("out", &c->out);
    guarded_end("weight", &c->weight);
    guarded_end("g", &c->g);
    free(c->first);
    free(c->offset);
}

static void compare_arrays(const char *what, const guarded *expected, const guarded *got,
                           double bound, uint64_t seed)
{
    struct test_near near = test_near_begin(what, seed);

    for (size_t i = 0; i < got->n; i++)
        check_near(&near, i, (double)expected->at[i], (double)got->at[i], bound);
    test_near_end(&near);
}

static const size_t row_counts[] = {1, 3, 17};

/* All remainders of blocks of 16 vectors of 16 numbers, with one block, two and none. */
#define COLUMN_COUNTS 35u

static void run_rows(const snn_kern *kern, uint64_t seed, bool add)
{
    uint64_t state = seed;

    for (size_t i = 0; i < SNN_COUNT(row_counts) * COLUMN_COUNTS * 2; i++) {
        const size_t columns = (1 + i / 2 / SNN_COUNT(row_counts)) * SNN_ROWS_GRAIN;
        rows_case c = make_rows(row_counts[i / 2 % SNN_COUNT(row_counts)], columns, i / 2 % 2,
                                i % 2 != 0, &state);
        guarded expected = guarded_copy(add ? &c.out : &c.g);

        if (add) {
            snn_kern_ref.rows_add(&c.shift, c.rows, expected.at, c.stride);
            kern->rows_add(&c.shift, c.rows, c.out.at, c.stride);
            compare_arrays("rows_add", &expected, &c.out, 2.0 * 20.0 * 20.0 * U, seed);
        } else {
            snn_kern_ref.rows_dot(&c.shift, c.rows, c.out.at, c.stride, expected.at);
            kern->rows_dot(&c.shift, c.rows, c.out.at, c.stride, c.g.at);
            compare_arrays("rows_dot", &expected, &c.g,
                           2.0 * (double)(columns + 3) * (double)columns * U, seed);
        }
        guarded_end("expected", &expected);
        end_rows(&c);
    }
}

static void run_rows_add(const snn_kern *kern, uint64_t seed)
{
    run_rows(kern, seed, true);
}

static void run_rows_dot(const snn_kern *kern, uint64_t seed)
{
    run_rows(kern, seed, false);
}

/* 256 rows of terms whose windows fit the first-level cache, anywhere in it. */
static size_t bench_rows(const snn_kern *kern, int rounds, uint64_t seed, double *seconds, bool add)
{
    rows_case c = make_rows(256, 256, 0, true, &seed);
    const double begin = snn_seconds();
    size_t terms = c.first[256];

    for (int i = 0; i < rounds; i++) {
        if (add)
            kern->rows_add(&c.shift, c.rows, c.out.at, c.stride);
        else
            kern->rows_dot(&c.shift, c.rows, c.out.at, c.stride, c.g.at);
    }
    *seconds = snn_seconds() - begin;
    end_rows(&c);
    return terms * 256;
}

static size_t bench_rows_add(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_rows(kern, rounds, seed, seconds, true);
}

static size_t bench_rows_dot(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_rows(kern, rounds, seed, seconds, false);
}

/* ---- transposition ---------------------------------------------------------------------- */

static void run_transpose(const snn_kern *kern, uint64_t seed)
{
    static const size_t sides[] = {0, 1, 3, 4, 7, 15, 16, 17, 40};
    uint64_t state = seed;

    for (size_t i = 0; i < SNN_COUNT(sides) * SNN_COUNT(sides); i++) {
        const size_t rows = sides[i / SNN_COUNT(sides)], columns = sides[i % SNN_COUNT(sides)];
        guarded in = guarded_new(rows * (columns + 2), i % 2);
        guarded out = guarded_new(columns * (rows + 3), i % 2), expected;

        fill_uniform(&in, &state, -1.0f, 1.0f);
        fill_uniform(&out, &state, -1.0f, 1.0f);
        expected = guarded_copy(&out);
        snn_kern_ref.transpose(rows, columns, in.at, columns + 2, expected.at, rows + 3);
        kern->transpose(rows, columns, in.at, columns + 2, out.at, rows + 3);
        check_array_bits("transpose", expected.at, out.at, out.n, seed);
        guarded_end("in", &in);
        guarded_end("out", &out);
        guarded_end("expected", &expected);
    }
}

/* Whole lines, some and none of them, and outputs that lie elsewhere. */
static void run_transpose_past(const snn_kern *kern, uint64_t seed)
{
    static const size_t rows_of[] = {1, 15, 16, 20, 48, 64}, columns_of[] = {1, 4, 7, 40};
    uint64_t state = seed;

    for (size_t i = 0; i < SNN_COUNT(rows_of) * SNN_COUNT(columns_of) * 2; i++) {
        const size_t rows = rows_of[i / 2 / SNN_COUNT(columns_of)],
                     columns = columns_of[i / 2 % SNN_COUNT(columns_of)];
        const size_t stride = (rows + 31) / 16 * 16;
        guarded in = guarded_new(rows * (columns + 2), i % 2);
        guarded out = guarded_new(columns * stride, i % 2), expected;

        fill_uniform(&in, &state, -1.0f, 1.0f);
        fill_uniform(&out, &state, -1.0f, 1.0f);
        expected = guarded_copy(&out);
        snn_kern_ref.transpose_past(rows, columns, in.at, columns + 2, expected.at, stride);
        kern->transpose_past(rows, columns, in.at, columns + 2, out.at, stride);
        check_array_bits("transpose_past", expected.at, out.at, out.n, seed);
        guarded_end("in", &in);
        guarded_end("out", &out);
        guarded_end("expected", &expected);
    }
}

static size_t bench_transpose_past(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    guarded in = guarded_new(64 * 256, 0), out = guarded_new(64 * 256, 0);
    const double begin = snn_seconds();

    (void)seed;
    for (int i = 0; i < rounds; i++)
        kern->transpose_past(64, 256, in.at, 256, out.at, 64);
    *seconds = snn_seconds() - begin;
    guarded_end("in", &in);
    guarded_end("out", &out);
    return 64 * 256;
}

static size_t bench_transpose(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    guarded in = guarded_new(16 * 256, 0), out = guarded_new(16 * 256, 0);
    const double begin = snn_seconds();

    (void)seed;
    for (int i = 0; i < rounds; i++)
        kern->transpose(16, 256, in.at, 256, out.at, 16);
    *seconds = snn_seconds() - begin;
    guarded_end("in", &in);
    guarded_end("out", &out);
    return 16 * 256;
}

/* ---- events ------------------------------------------------------------------------------- */

#define MOST_CELLS (64u * 70u)

typedef struct {
    snn_cells cells;
    uint32_t first[72], step[MOST_CELLS], found_step[MOST_CELLS], found_channel[MOST_CELLS];
    float value[MOST_CELLS], found_value[MOST_CELLS];
} cell_store;

static void open_store(cell_store *store)
{
    store->cells = (snn_cells){.first = store->first,
                               .step = store->step,
                               .value = store->value,
                               .found_step = store->found_step,
                               .found_channel = store->found_channel,
                               .found_value = store->found_value};
}

/* Frames [steps][channels + 3] of which one in `rarity` cells is not zero; some are -0. */
static guarded make_frames(size_t steps, size_t channels, unsigned rarity, uint64_t *state)
{
    guarded x = guarded_new(steps * (channels + 3), 1);

    fill_uniform(&x, state, -2.0f, 2.0f);
    for (size_t i = 0; i < x.n; i++)
        if (test_random(state) % rarity != 0)
            x.at[i] = i % 5 == 0 ? -0.0f : 0.0f;
    return x;
}

static const struct {
    size_t steps, channels;
    unsigned rarity;
} cell_shapes[] = {{1, 1, 1},   {5, 3, 2},   {40, 16, 30},  {64, 70, 20},
                   {64, 70, 1}, {33, 47, 5}, {20, 32, 1000}};

static void run_event_find(const snn_kern *kern, uint64_t seed)
{
    static cell_store expected, got;
    uint64_t state = seed;

    open_store(&expected);
    open_store(&got);
    for (size_t i = 0; i < SNN_COUNT(cell_shapes); i++) {
        const size_t steps = cell_shapes[i].steps, channels = cell_shapes[i].channels;
        guarded x = make_frames(steps, channels, cell_shapes[i].rarity, &state);
        uint32_t n;

        snn_kern_ref.event_find(x.at, channels + 3, steps, channels, &expected.cells);
        kern->event_find(x.at, channels + 3, steps, channels, &got.cells);
        assert_memory_equal(expected.first, got.first, (channels + 1) * sizeof *got.first);
        n = got.first[channels];
        assert_memory_equal(expected.step, got.step, n * sizeof *got.step);
        check_array_bits("value", expected.value, got.value, n, seed);
        guarded_end("frames", &x);
    }
}

/* Four rows with entries of each channel, twice. */
static void run_event(const snn_kern *kern, uint64_t seed, bool scatter)
{
    static cell_store store;
    static uint32_t channel[140], delay[4 * 140];
    uint64_t state = seed;

    open_store(&store);
    for (size_t i = 0; i < SNN_COUNT(cell_shapes); i++) {
        const size_t steps = cell_shapes[i].steps, channels = cell_shapes[i].channels;
        const size_t entries = 2 * channels, stride = steps + 9;
        guarded x = make_frames(steps, channels, cell_shapes[i].rarity, &state);
        guarded rows = guarded_new(4 * stride, 1), weight = guarded_new(4 * entries, 0);
        guarded g = guarded_new(4 * entries, 1), expected;
        const snn_event_block block = {channel, delay, weight.at};
        const double terms = 2.0 * (double)channels + (scatter ? 0.0 : (double)steps);

        snn_kern_ref.event_find(x.at, channels + 3, steps, channels, &store.cells);
        for (size_t n = 0; n < 4 * entries; n++) {
            channel[n / 4] = (uint32_t)(n / 8);
            delay[n] = (uint32_t)(test_random(&state) % 9);
        }
        fill_uniform(&rows, &state, -1.0f, 1.0f);
        fill_uniform(&weight, &state, -1.0f, 1.0f);
        fill_uniform(&g, &state, -1.0f, 1.0f);
        expected = guarded_copy(scatter ? &rows : &g);
        if (scatter) {
            snn_kern_ref.event_scatter(&store.cells, &block, entries, expected.at, stride);
            kern->event_scatter(&store.cells, &block, entries, rows.at, stride);
        } else {
            snn_kern_ref.event_gather(&store.cells, &block, entries, rows.at, stride, expected.at);
            kern->event_gather(&store.cells, &block, entries, rows.at, stride, g.at);
        }
        compare_arrays(scatter ? "event_scatter" : "event_gather", &expected, scatter ? &rows : &g,
                       2.0 * (terms + 3.0) * 2.0 * (terms + 1.0) * U, seed);
        guarded_end("frames", &x);
        guarded_end("rows", &rows);
        guarded_end("weight", &weight);
        guarded_end("g", &g);
        guarded_end("expected", &expected);
    }
}

static void run_event_scatter(const snn_kern *kern, uint64_t seed)
{
    run_event(kern, seed, true);
}

static void run_event_gather(const snn_kern *kern, uint64_t seed)
{
    run_event(kern, seed, false);
}

typedef enum { FIND, SCATTER, GATHER } event_task;

/* A sample of 64 steps and 64 channels, one cell in twenty. */
static size_t bench_event(const snn_kern *kern, int rounds, uint64_t seed, double *seconds,
                          event_task task)
{
    static cell_store store;
    static uint32_t channel[64], delay[4 * 64];
    guarded x = make_frames(64, 64, 20, &seed), rows = guarded_new(4 * 80, 0);
    guarded weight = guarded_new(4 * 64, 0), g = guarded_new(4 * 64, 0);
    const snn_event_block block = {channel, delay, weight.at};
    double begin;

    open_store(&store);
    for (uint32_t n = 0; n < 4 * 64; n++) {
        channel[n / 4] = n / 4;
        delay[n] = n % 13;
    }
    fill_uniform(&weight, &seed, -1.0f, 1.0f);
    fill_uniform(&rows, &seed, -1.0f, 1.0f);
    fill_uniform(&g, &seed, -1.0f, 1.0f);
    kern->event_find(x.at, 67, 64, 64, &store.cells);
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++) {
        if (task == FIND)
            kern->event_find(x.at, 67, 64, 64, &store.cells);
        else if (task == SCATTER)
            kern->event_scatter(&store.cells, &block, 64, rows.at, 80);
        else
            kern->event_gather(&store.cells, &block, 64, rows.at, 80, g.at);
    }
    *seconds = snn_seconds() - begin;
    guarded_end("frames", &x);
    guarded_end("rows", &rows);
    guarded_end("weight", &weight);
    guarded_end("g", &g);
    return task == FIND ? 64u * 64u : 4u * store.first[64];
}

static size_t bench_event_find(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_event(kern, rounds, seed, seconds, FIND);
}

static size_t bench_event_scatter(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_event(kern, rounds, seed, seconds, SCATTER);
}

static size_t bench_event_gather(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_event(kern, rounds, seed, seconds, GATHER);
}

const kern_check check_rows_add = {"rows_add", run_rows_add, bench_rows_add};
const kern_check check_rows_dot = {"rows_dot", run_rows_dot, bench_rows_dot};
const kern_check check_transpose = {"transpose", run_transpose, bench_transpose};
const kern_check check_transpose_past = {"transpose_past", run_transpose_past,
                                         bench_transpose_past};
const kern_check check_event_find = {"event_find", run_event_find, bench_event_find};
const kern_check check_event_scatter = {"event_scatter", run_event_scatter, bench_event_scatter};
const kern_check check_event_gather = {"event_gather", run_event_gather, bench_event_gather};
