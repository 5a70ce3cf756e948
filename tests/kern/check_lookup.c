/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of spikes from tables, and neurons that answer with bits, against the reference.
 *
 * Bounds.  A sum of n table entries of at most 1: n additions, each of a value of at most n.
 * Spikes of a neuron agree exactly where every number is a multiple of 2^-6 below 2^10 and decay a
 * half: a potential is then a sum of at most seven such halvings, exact in float.
 */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"
#include "snn/kern/ref.h"

#define SOURCES 13u
#define ROW     40u /* steps of a source's row */

static uint32_t *words(const guarded *array)
{
    return (uint32_t *)(void *)array->at;
}

/* ---- sums ----------------------------------------------------------------------------- */

typedef struct {
    snn_lookup_terms terms;
    guarded x, table;
    int32_t *offset;
} sums_case;

/* Source i has only bits i % K of each nibble, as spread makes them. */
static sums_case make_sums(const snn_kern *kern, size_t tables, uint64_t *state)
{
    const uint32_t lanes = kern->lookup_lanes, K = kern->lookup_sources;
    sums_case c = {.x = guarded_new(SOURCES * ROW * lanes, 0),
                   .table = guarded_new(tables * lanes, 1)};

    for (size_t i = 0; i < c.x.n; i++) {
        const uint32_t mask = 0x11111111u << i / (ROW * lanes) % K;

        words(&c.x)[i] = (uint32_t)test_random(state) & mask;
    }
    fill_uniform(&c.table, state, -1.0f, 1.0f);
    c.offset = calloc(tables * K + 1, sizeof *c.offset);
    assert_non_null(c.offset);
    for (size_t k = 0; k < tables * K; k++) {
        const size_t bit = k % K, source = bit + K * (test_random(state) % (SOURCES / K));

        c.offset[k] = (int32_t)((source * ROW + test_random(state) % 20) * lanes);
    }
    c.terms = (snn_lookup_terms){
        .x = words(&c.x), .offset = c.offset, .table = c.table.at, .tables = tables};
    return c;
}

static void end_sums(sums_case *c)
{
    guarded_end("x", &c->x);
    guarded_end("table", &c->table);
    free(c->offset);
}

static void run_sum(const snn_kern *kern, uint64_t seed)
{
    static const size_t table_counts[] = {0, 1, 2, 7, 64}, step_counts[] = {1, 2, 5, 16};
    uint64_t state = seed;

    for (size_t i = 0; i < SNN_COUNT(table_counts) * SNN_COUNT(step_counts); i++) {
        const size_t tables = table_counts[i / SNN_COUNT(step_counts)];
        const size_t steps = step_counts[i % SNN_COUNT(step_counts)];
        const size_t stride = steps * SNN_LOOKUP_LANES + 3;
        const size_t parts = SNN_LOOKUP_GROUPS * kern->lookup_lanes / SNN_LOOKUP_LANES;
        struct test_near near = test_near_begin("lookup_sum", seed);
        sums_case c;
        guarded out, expected;

        c = make_sums(kern, tables, &state);
        out = guarded_new(parts * stride, 1);
        fill_uniform(&out, &state, 5.0f, 6.0f);
        expected = guarded_copy(&out);
        snn_lookup_sum_ref(&c.terms, kern->lookup_lanes, steps, expected.at, stride);
        kern->lookup_sum(&c.terms, steps, out.at, stride);
        for (size_t j = 0; j < out.n; j++)
            check_near(&near, j, (double)expected.at[j], (double)out.at[j],
                       (double)((tables + 1) * tables) * U);
        test_near_end(&near);
        guarded_end("out", &out);
        guarded_end("expected", &expected);
        end_sums(&c);
    }
}

/* 256 sources, 16 steps. */
static size_t bench_sum(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    uint64_t state = seed;
    const size_t tables = 256 / kern->lookup_sources;
    sums_case c = make_sums(kern, tables, &state);
    guarded out = guarded_new((size_t)SNN_LOOKUP_GROUPS * kern->lookup_lanes * 16, 0);
    const double begin = snn_seconds();

    for (int i = 0; i < rounds; i++)
        kern->lookup_sum(&c.terms, 16, out.at, (size_t)16 * SNN_LOOKUP_LANES);
    *seconds = snn_seconds() - begin;
    guarded_end("out", &out);
    end_sums(&c);
    return tables * kern->lookup_sources * SNN_LOOKUP_GROUPS * kern->lookup_lanes * 16;
}

/* ---- words of spikes ------------------------------------------------------------------ */

static void run_spread(const snn_kern *kern, uint64_t seed)
{
    static const size_t step_counts[] = {1, 3, 17};
    uint64_t state = seed;

    for (size_t i = 0; i < SNN_COUNT(step_counts) * kern->lookup_sources; i++) {
        const size_t steps = step_counts[i / kern->lookup_sources];
        const uint32_t bit = (uint32_t)(i % kern->lookup_sources);
        guarded out = guarded_new(steps * kern->lookup_lanes, 1), expected = guarded_copy(&out);
        uint16_t spikes[SNN_LOOKUP_GROUPS][17];
        const uint16_t *rows[SNN_LOOKUP_GROUPS];

        for (size_t p = 0; p < SNN_LOOKUP_GROUPS; p++) {
            for (size_t s = 0; s < steps; s++)
                spikes[p][s] = (uint16_t)test_random(&state);
            rows[p] = p == i % SNN_LOOKUP_GROUPS ? NULL : spikes[p];
        }
        snn_lookup_spread_ref(rows, kern->lookup_lanes, steps, bit, words(&expected));
        kern->lookup_spread(rows, steps, bit, words(&out));
        if (memcmp(expected.at, out.at, out.n * sizeof *out.at) != 0)
            fail_msg("lookup_spread: other words (%zu steps, bit %u, seed %" PRIu64 ")", steps, bit,
                     seed);
        guarded_end("out", &out);
        guarded_end("expected", &expected);
    }
}

/* ---- neurons -------------------------------------------------------------------------- */

static void fill_exact(guarded *array, uint64_t *state, int most)
{
    for (size_t i = 0; i < array->n; i++)
        array->at[i] = (float)((int)(test_random(state) % (2 * (unsigned)most)) - most) * 0x1p-6f;
}

static void check_fire(const snn_kern *kern, snn_lif lif, float bias, size_t steps, uint64_t *state,
                       uint64_t seed)
{
    guarded row = guarded_new(steps * SNN_LOOKUP_LANES, 1), v = guarded_new(SNN_LOOKUP_LANES, 0);
    guarded v_expected;
    uint16_t bits[8], expected[8];
    uint32_t fired = 0;

    fill_exact(&row, state, 128);
    fill_exact(&v, state, 64);
    v_expected = guarded_copy(&v);
    snn_kern_ref.lif_fire(&lif, 1, bias, row.at, steps, v_expected.at, expected);
    kern->lif_fire(&lif, 1, bias, row.at, steps, v.at, bits);
    for (size_t s = 0; s < steps; s++)
        fired += expected[s];
    if (steps > 4 && (fired == 0 || fired == 0xffffu * steps))
        fail_msg("lif_fire: a case that says nothing");
    if (memcmp(expected, bits, steps * sizeof *bits) != 0 ||
        memcmp(v_expected.at, v.at, v.n * sizeof *v.at) != 0)
        fail_msg("lif_fire: other spikes or potentials (seed %" PRIu64 ")", seed);
    guarded_end("row", &row);
    guarded_end("v", &v);
    guarded_end("v expected", &v_expected);
}

static void run_fire(const snn_kern *kern, uint64_t seed)
{
    static const float mean[] = {9.0f, 0.25f}, scale[] = {9.0f, 1.5f}, shift[] = {9.0f, -0.125f};
    uint64_t state = seed;

    for (unsigned i = 0; i < 64; i++) {
        const bool normed = (i & 1) != 0, hard = (i & 2) != 0;
        const snn_lif lif = {.decay = 0.5f,
                             .gain = (i & 4) != 0 ? 0.5f : 1.0f,
                             .leak = hard ? 0.0625f : 0.0f,
                             .threshold = 0.75f,
                             .v_reset = hard ? 0.125f : 0.0f,
                             .reset = hard ? SNN_RESET_HARD : SNN_RESET_SOFT,
                             .mean = normed ? mean : NULL,
                             .scale = normed ? scale : NULL,
                             .shift = normed ? shift : NULL};

        check_fire(kern, lif, (i & 8) != 0 ? 0.5f : 0.0f, 1 + i % 7, &state, seed);
    }
}

/* A source's words of 1,024 steps. */
static size_t bench_spread(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    static uint16_t spikes[SNN_LOOKUP_GROUPS][1024];
    guarded out = guarded_new((size_t)1024 * kern->lookup_lanes, 0);
    const uint16_t *rows[SNN_LOOKUP_GROUPS];
    double begin;

    for (size_t i = 0; i < SNN_LOOKUP_GROUPS * 1024; i++)
        spikes[i / 1024][i % 1024] = (uint16_t)test_random(&seed);
    for (size_t p = 0; p < SNN_LOOKUP_GROUPS; p++)
        rows[p] = spikes[p];
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++)
        kern->lookup_spread(rows, 1024, 1, words(&out));
    *seconds = snn_seconds() - begin;
    guarded_end("out", &out);
    return (size_t)1024 * SNN_LOOKUP_GROUPS * kern->lookup_lanes;
}

/* A neuron of 16 samples, 1,024 steps. */
static size_t bench_fire(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    static uint16_t bits[1024];
    const snn_lif lif = {.decay = 0.5f, .gain = 1.0f, .threshold = 0.75f};
    guarded row = guarded_new((size_t)1024 * SNN_LOOKUP_LANES, 0);
    float v[SNN_LOOKUP_LANES] = {0.0f};
    double begin;

    fill_uniform(&row, &seed, -1.0f, 1.0f);
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++)
        kern->lif_fire(&lif, 0, 0.0f, row.at, 1024, v, bits);
    *seconds = snn_seconds() - begin;
    guarded_end("row", &row);
    return (size_t)1024 * SNN_LOOKUP_LANES;
}

const kern_check check_lookup_sum = {"lookup_sum", run_sum, bench_sum};
const kern_check check_lookup_spread = {"lookup_spread", run_spread, bench_spread};
const kern_check check_lif_fire = {"lif_fire", run_fire, bench_fire};
