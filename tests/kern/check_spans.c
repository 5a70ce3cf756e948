/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Marks of neurons, the spans that are found by them, and their sums.
 *
 * Bound of a sum: n products added to a value, one after the other, are off by at most
 * (n + 2) U times the sum of their sizes; the reference, rounded once a call, by U.
 */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

#define MOST_STEPS    70u
#define MOST_CHANNELS 70u
#define MOST_SPANS    (MOST_CHANNELS * ((MOST_STEPS + SNN_SPAN - 1) / SNN_SPAN))

typedef struct {
    snn_spans spans;
    uint32_t first[MOST_CHANNELS + 2], step[MOST_SPANS + 15], found_step[MOST_SPANS + 15],
        found_channel[MOST_SPANS + 15];
} span_store;

static void open_store(span_store *store)
{
    store->spans = (snn_spans){.first = store->first,
                               .step = store->step,
                               .found_step = store->found_step,
                               .found_channel = store->found_channel};
}

/* Frames [steps][channels + 3] with spikes, marks and, mostly, +0. */
static guarded make_frames(size_t steps, size_t channels, unsigned rarity, uint64_t *state)
{
    guarded x = guarded_new(steps * (channels + 3), 1);

    for (size_t i = 0; i < x.n; i++)
        x.at[i] = test_random(state) % rarity != 0 ? 0.0f : i % 2 == 0 ? -0.0f : 1.25f;
    return x;
}

static const struct {
    size_t steps, channels;
    unsigned rarity;
} shapes[] = {{1, 1, 1}, {5, 3, 2},   {40, 16, 30},   {64, 70, 20}, {64, 70, 1},
              {3, 5, 1}, {33, 47, 5}, {20, 32, 1000}, {70, 15, 9}};

static void run_find(const snn_kern *kern, uint64_t seed)
{
    static span_store expected, got;
    uint64_t state = seed;

    open_store(&expected);
    open_store(&got);
    for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
        const size_t steps = shapes[i].steps, channels = shapes[i].channels;
        guarded x = make_frames(steps, channels, shapes[i].rarity, &state);

        snn_kern_ref.span_find(x.at, channels + 3, steps, channels, &expected.spans);
        kern->span_find(x.at, channels + 3, steps, channels, &got.spans);
        assert_memory_equal(expected.first, got.first, (channels + 1) * sizeof *got.first);
        assert_memory_equal(expected.step, got.step, got.first[channels] * sizeof *got.step);
        guarded_end("frames", &x);
    }
}

/* Rows of terms and of spans: none, one, and more than are treated together. */
typedef struct {
    snn_row_terms terms;
    uint32_t first[MOST_CHANNELS + 1];
    int32_t offset[MOST_CHANNELS * 19];
    guarded in, weight, sum;
} add_case;

static void make_case(add_case *c, const span_store *store, size_t rows, uint64_t *state)
{
    uint32_t n = 0;

    for (size_t r = 0; r < rows; r++) {
        c->first[r] = n;
        n += (uint32_t)(test_random(state) % 19);
    }
    c->first[rows] = n;
    c->in = guarded_new(MOST_STEPS + SNN_SPAN + 30, 1);
    c->weight = guarded_new(n, 0);
    c->sum = guarded_new((size_t)store->first[rows] * SNN_SPAN, 1);
    for (uint32_t i = 0; i < n; i++)
        c->offset[i] = (int32_t)(test_random(state) % 30);
    fill_uniform(&c->in, state, -1.0f, 1.0f);
    fill_uniform(&c->weight, state, -1.0f, 1.0f);
    fill_uniform(&c->sum, state, -1.0f, 1.0f);
    c->terms = (snn_row_terms){
        .in = c->in.at, .first = c->first, .offset = c->offset, .weight = c->weight.at};
}

static void end_case(add_case *c)
{
    guarded_end("in", &c->in);
    guarded_end("weight", &c->weight);
    guarded_end("sum", &c->sum);
}

static void run_add(const snn_kern *kern, uint64_t seed)
{
    static span_store store;
    static add_case c;
    uint64_t state = seed;

    open_store(&store);
    for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
        const size_t steps = shapes[i].steps, channels = shapes[i].channels;
        guarded x = make_frames(steps, channels, shapes[i].rarity, &state), expected;

        snn_kern_ref.span_find(x.at, channels + 3, steps, channels, &store.spans);
        make_case(&c, &store, channels, &state);
        expected = guarded_copy(&c.sum);
        snn_kern_ref.span_add(&c.terms, channels, &store.spans, expected.at);
        kern->span_add(&c.terms, channels, &store.spans, c.sum.at);
        check_array_near("span_add", expected.at, c.sum.at, c.sum.n, 2.0 * 21.0 * 20.0 * U, seed);
        guarded_end("frames", &x);
        guarded_end("expected", &expected);
        end_case(&c);
    }
}

static size_t bench_spans(const snn_kern *kern, int rounds, uint64_t seed, double *seconds,
                          bool add)
{
    static span_store store;
    static add_case c;
    guarded x = make_frames(64, 64, 40, &seed);
    double begin;
    size_t work = 0;

    open_store(&store);
    kern->span_find(x.at, 67, 64, 64, &store.spans);
    make_case(&c, &store, 64, &seed);
    for (size_t r = 0; r < 64; r++)
        work += (size_t)(c.first[r + 1] - c.first[r]) * (store.first[r + 1] - store.first[r]);
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++) {
        if (add)
            kern->span_add(&c.terms, 64, &store.spans, c.sum.at);
        else
            kern->span_find(x.at, 67, 64, 64, &store.spans);
    }
    *seconds = snn_seconds() - begin;
    guarded_end("frames", &x);
    end_case(&c);
    return add ? work : 64u * 64u;
}

static size_t bench_find(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_spans(kern, rounds, seed, seconds, false);
}

static size_t bench_add(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_spans(kern, rounds, seed, seconds, true);
}

/* ---- marks ---------------------------------------------------------------------------------- */

#define NEURONS 37u
#define SAMPLES 3u
#define ROW     (NEURONS * SAMPLES)
#define TIME    41u
#define CELLS   (ROW * TIME)

typedef struct {
    float conv[CELLS], h[CELLS], output[CELLS], mask[ROW], state[3 * ROW];
    float one[NEURONS], third[NEURONS];
    snn_adlif adlif;
} mark_case;

/* Currents that move about the threshold; a third of the neurons is dropped. */
static void make_marks(mark_case *c, bool filtered, bool dropped, uint64_t *state)
{
    snn_lif *lif = &c->adlif.lif;

    for (size_t i = 0; i < CELLS; i++)
        c->conv[i] = test_uniform(state, -1.0f, 2.5f);
    for (size_t i = 0; i < ROW; i++)
        c->mask[i] = i % 3 == 0 ? 0.0f : 1.5f;
    for (size_t i = 0; i < NEURONS; i++) {
        c->one[i] = 1.0f;
        c->third[i] = 0.3f;
    }
    c->adlif = (snn_adlif){.decay_u = c->third,
                           .gain_u = c->one,
                           .decay_w = c->third,
                           .gain_w = c->third,
                           .a = c->third,
                           .b = c->third};
    *lif = (snn_lif){.decay = 0.5f,
                     .gain = 1.0f,
                     .threshold = 1.0f,
                     .alpha = 1.5f,
                     .syn_decay = filtered ? 0.4f : 0.0f,
                     .surrogate = SNN_SURROGATE_TRIANGLE,
                     .detach_reset = true,
                     .steps = TIME,
                     .row = ROW,
                     .channels = NEURONS,
                     .conv = c->conv,
                     .mask = dropped ? c->mask : NULL,
                     .h = c->h,
                     .h_row = ROW,
                     .output = c->output};
}

static void forward(const snn_kern *kern, mark_case *c, bool adaptive)
{
    if (adaptive)
        kern->adlif_forward(&c->adlif, 0, ROW, c->state);
    else
        kern->lif_forward(&c->adlif.lif, 0, ROW, c->state);
}

/*
 * The same numbers as without marks; -0 wherever the gradient counts (by the potential that
 * the backward pass makes again), +0 everywhere else, but for a hair's breadth beyond the foot.
 * Nearly half of the cells are of either kind.
 */
static void check_marks(const snn_kern *kern, bool adaptive, bool filtered, bool dropped,
                        uint64_t seed)
{
    static mark_case c, plain;
    uint64_t state = seed, again = seed;
    size_t marked = 0, silent = 0;

    make_marks(&c, filtered, dropped, &state);
    make_marks(&plain, filtered, dropped, &again);
    c.adlif.lif.mark = true;
    forward(kern, &c, adaptive);
    forward(kern, &plain, adaptive);
    for (size_t i = 0; i < CELLS; i++) {
        const double over = fabs((double)c.h[i] - 1.0) * 1.5;
        const bool dead = dropped && c.mask[i % ROW] == 0.0f;

        assert_true(c.output[i] == plain.output[i] && !signbit(plain.output[i]));
        if (c.output[i] != 0.0f)
            continue;
        if (dead || over > 1.0001)
            assert_false(signbit(c.output[i]));
        else if (over < 0.9999)
            assert_true(signbit(c.output[i]));
        *(signbit(c.output[i]) ? &marked : &silent) += 1;
    }
    assert_true(marked > CELLS / 20 && silent > CELLS / 20);
    c.adlif.lif.h = NULL; /* as in a training step */
    memcpy(plain.output, c.output, sizeof plain.output);
    forward(kern, &c, adaptive);
    check_array_bits("marks", plain.output, c.output, CELLS, seed);
}

static void run_lif_mark(const snn_kern *kern, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        check_marks(kern, false, i & 1, i & 2, seed);
}

static void run_adlif_mark(const snn_kern *kern, uint64_t seed)
{
    check_marks(kern, true, false, false, seed);
    check_marks(kern, true, false, true, seed);
    check_marks(&snn_kern_ref, true, false, true, seed);
    check_marks(&snn_kern_ref, false, true, true, seed);
}

/* ---- output as bits -------------------------------------------------------------------------- */

/* Bits say what the output is, and the output comes back from them to the bit. */
static void check_output(const snn_kern *kern, unsigned which, uint64_t seed)
{
    enum { WORDS = (NEURONS + 31) / 32 };
    static mark_case c;
    static uint32_t bits[TIME * SAMPLES * WORDS], marks[TIME * SAMPLES * WORDS];
    static float before[CELLS];
    const bool adaptive = which & 1, dropped = which & 2, marked = which & 4;
    snn_lif *lif = &c.adlif.lif;

    make_marks(&c, !adaptive && (which & 8), dropped, &seed);
    memset(bits, 0xA5, sizeof bits);
    memset(marks, 0xA5, sizeof marks);
    lif->mark = marked;
    lif->bits = bits;
    lif->marks = marked ? marks : NULL;
    lif->past = which & 16;
    if (kern == &snn_kern_ref) { /* goes by columns: what lies behind the last one is not its own */
        memset(bits, 0, sizeof bits);
        memset(marks, 0, sizeof marks);
    }
    forward(kern, &c, adaptive);
    for (size_t i = 0; i < SNN_COUNT(bits); i++)
        for (size_t b = 0; b < 32; b++) {
            const size_t channel = i % WORDS * 32 + b;
            const float *x = channel < NEURONS ? &c.output[i / WORDS * NEURONS + channel] : NULL;

            assert_int_equal(bits[i] >> b & 1u, x != NULL && *x != 0.0f);
            if (marked)
                assert_int_equal(marks[i] >> b & 1u, x != NULL && signbit(*x));
        }
    memcpy(before, c.output, sizeof before);
    for (size_t i = 0; i < CELLS; i++)
        c.output[i] = NAN;
    kern->lif_output(lif, 0, 7);
    assert_true(isnan(c.output[7 * ROW]));
    kern->lif_output(lif, 7, TIME);
    check_array_bits("output", before, c.output, CELLS, seed);
}

static void run_output(const snn_kern *kern, uint64_t seed)
{
    for (unsigned which = 0; which < 32; which++) {
        check_output(kern, which, seed + which);
        check_output(&snn_kern_ref, which, seed + which);
    }
}

static size_t bench_output(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    static mark_case c;
    static uint32_t bits[CELLS];
    double begin;

    make_marks(&c, false, true, &seed);
    c.adlif.lif.bits = bits;
    forward(kern, &c, false);
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++)
        kern->lif_output(&c.adlif.lif, 0, TIME);
    *seconds = snn_seconds() - begin;
    return CELLS;
}

static size_t bench_mark(const snn_kern *kern, int rounds, uint64_t seed, double *seconds,
                         bool adaptive)
{
    static mark_case c;
    double begin;

    make_marks(&c, false, true, &seed);
    c.adlif.lif.mark = true;
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++)
        forward(kern, &c, adaptive);
    *seconds = snn_seconds() - begin;
    return CELLS;
}

static size_t bench_lif_mark(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_mark(kern, rounds, seed, seconds, false);
}

static size_t bench_adlif_mark(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench_mark(kern, rounds, seed, seconds, true);
}

const kern_check check_span_find = {"span_find", run_find, bench_find};
const kern_check check_span_add = {"span_add", run_add, bench_add};
const kern_check check_lif_mark = {"lif_mark", run_lif_mark, bench_lif_mark};
const kern_check check_lif_output = {"lif_output", run_output, bench_output};
const kern_check check_adlif_mark = {"adlif_mark", run_adlif_mark, bench_adlif_mark};
