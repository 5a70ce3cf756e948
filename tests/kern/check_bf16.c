/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packing and products in bf16: the same bits as the reference.  Packing rounds as the
 * contract says; a product of two bf16 numbers is exact in float, and each sum is rounded
 * once in the order of k, so there is nothing that an instruction set could round
 * differently.  Tables with tiles have an order of their own: tests/prop/test_tiles.c.
 */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

#include <string.h>

static float from_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static guarded lines_new(size_t n, size_t offset, uint64_t *state)
{
    guarded in = guarded_new(n, offset);

    fill_uniform(&in, state, -2.0f, 2.0f);
    return in;
}

/* Numbers whose rounding is a case of its own, among random bits of normal numbers. */
static void fill_bits(guarded *array, uint64_t *state)
{
    static const uint32_t special[] = {
        0x00000000u, 0x80000000u, 0x7f800000u, 0xff800000u, /* zeros, infinities */
        0x3f808000u, 0x3f818000u, 0xbf808000u, 0xbf818000u, /* halves: to the even one */
        0x3f807fffu, 0x3f808001u, 0x3fffffffu, 0x7f7fffffu, /* beside them; carries */
    };

    for (size_t i = 0; i < array->n; i++) {
        const uint32_t bits = (uint32_t)test_random(state);
        const uint32_t exponent = bits >> 23 & 0xffu;

        if (bits % 4 == 0)
            array->at[i] = from_bits(special[bits / 4 % SNN_COUNT(special)]);
        else
            array->at[i] = exponent == 0 || exponent == 255 ? 1.0f : from_bits(bits);
    }
}

static const size_t line_counts[] = {1, 5, 12, 13, 31, 32, 33, 70};
static const size_t depths[] = {1, 2, 3, 31, 32, 33, 64, 67};

static void compare_words(const char *what, const guarded *expected, const guarded *got,
                          uint64_t seed)
{
    for (size_t i = 0; i < got->n; i++) {
        uint32_t e, g;

        memcpy(&e, expected->at + i, sizeof e);
        memcpy(&g, got->at + i, sizeof g);
        if (e != g)
            fail_msg("%s: word %zu of %zu is %08x, expected %08x (seed %" PRIu64 ")", what, i,
                     got->n, g, e, seed);
    }
}

static uint32_t *words(const guarded *array)
{
    return (uint32_t *)(void *)array->at;
}

static void check_pack(const snn_kern *kern, size_t lines, size_t k, bool turned, uint32_t panel,
                       uint64_t *state, uint64_t seed)
{
    const size_t stride = (turned ? lines : k) + 3;
    guarded in = guarded_new((turned ? k : lines) * stride, k % 2);
    guarded out = guarded_new(snn_bf16_words(lines, k, panel), lines % 2), expected;
    const snn_bf16_lines from = {.in = in.at,
                                 .lines = lines,
                                 .k = k,
                                 .stride = stride,
                                 .turned = turned,
                                 .scale = panel == SNN_BF16_ROWS ? -1.0f : 1.0f};

    fill_bits(&in, state);
    expected = guarded_copy(&out);
    snn_kern_ref.bf16_pack(&from, panel, words(&expected));
    kern->bf16_pack(&from, panel, words(&out));
    compare_words("bf16_pack", &expected, &out, seed);
    guarded_end("in", &in);
    guarded_end("out", &out);
    guarded_end("expected", &expected);
}

static void check_nan(const snn_kern *kern)
{
    static const uint32_t nans[] = {0x7fc00000u, 0x7f800001u, 0xffffffffu, 0x7fffffffu};
    float in[SNN_COUNT(nans)];
    uint32_t out[SNN_BF16_ROWS * SNN_COUNT(nans) / 2];
    const snn_bf16_lines from = {
        .in = in, .lines = 1, .k = SNN_COUNT(nans), .stride = SNN_COUNT(nans), .scale = 1.0f};

    for (size_t i = 0; i < SNN_COUNT(nans); i++)
        in[i] = from_bits(nans[i]);
    kern->bf16_pack(&from, SNN_BF16_ROWS, out);
    for (size_t i = 0; i < SNN_COUNT(nans); i++) {
        const uint32_t word = out[i / 2 * SNN_BF16_ROWS];

        assert_true(isnan(from_bits(i % 2 == 0 ? word & 0xffff0000u : word << 16)));
    }
}

static void run_pack(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed;

    for (size_t i = 0; !kern->bf16_tiles && i < SNN_COUNT(line_counts); i++) {
        for (size_t j = 0; j < SNN_COUNT(depths); j++) {
            for (int turned = 0; turned < 2; turned++) {
                check_pack(kern, line_counts[i], depths[j], turned != 0, SNN_BF16_ROWS, &state,
                           seed);
                check_pack(kern, line_counts[i], depths[j], turned != 0, SNN_BF16_COLUMNS, &state,
                           seed);
            }
        }
    }
    if (!kern->bf16_tiles)
        check_nan(kern);
}

static size_t packed_words(const snn_kern *kern, size_t lines, size_t k, size_t panel)
{
    return kern->bf16_tiles ? snn_bf16_tile_words(lines, k) : snn_bf16_words(lines, k, panel);
}

/* a [m][k] and b [k][n] packed from random numbers. */
typedef struct {
    guarded a, b;
    size_t pairs;
} packed_case;

static packed_case make_packed(const snn_kern *pack, size_t m, size_t n, size_t k, uint64_t *state)
{
    guarded a = lines_new(m * k, 0, state), b = lines_new(k * n, 0, state);
    packed_case c = {.a = guarded_new(packed_words(pack, m, k, SNN_BF16_ROWS), 0),
                     .b = guarded_new(packed_words(pack, n, k, SNN_BF16_COLUMNS), 0),
                     .pairs = (k + 1) / 2};
    const snn_bf16_lines rows = {.in = a.at, .lines = m, .k = k, .stride = k, .scale = 1.0f};
    const snn_bf16_lines columns = {
        .in = b.at, .lines = n, .k = k, .stride = n, .turned = true, .scale = 1.0f};

    pack->bf16_pack(&rows, SNN_BF16_ROWS, words(&c.a));
    pack->bf16_pack(&columns, SNN_BF16_COLUMNS, words(&c.b));
    guarded_end("a", &a);
    guarded_end("b", &b);
    return c;
}

static void end_packed(packed_case *c)
{
    guarded_end("packed a", &c->a);
    guarded_end("packed b", &c->b);
}

static void run_product(const snn_kern *kern, uint64_t seed)
{
    static const size_t inner[] = {1, 2, 7, 64};
    uint64_t state = seed;

    for (size_t i = 0; !kern->bf16_tiles && i < SNN_COUNT(line_counts); i++) {
        for (size_t j = 0; j < SNN_COUNT(line_counts); j++) {
            const size_t m = line_counts[i], n = line_counts[j], k = inner[(i + j) % 4];
            packed_case p = make_packed(&snn_kern_ref, m, n, k, &state);
            guarded c = lines_new(m * (n + 5), j % 2, &state), expected = guarded_copy(&c);

            snn_kern_ref.bf16_product(m, n, p.pairs, words(&p.a), words(&p.b), expected.at, n + 5);
            kern->bf16_product(m, n, p.pairs, words(&p.a), words(&p.b), c.at, n + 5);
            check_array_bits("bf16_product", expected.at, c.at, c.n, seed);
            guarded_end("c", &c);
            guarded_end("expected", &expected);
            end_packed(&p);
        }
    }
}

static size_t bench_pack(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    guarded in = lines_new((size_t)256 * 256, 0, &seed);
    guarded out = guarded_new(packed_words(kern, 256, 256, SNN_BF16_COLUMNS), 0);
    double begin = snn_seconds();

    for (int i = 0; i < rounds; i++) {
        const snn_bf16_lines from = {.in = in.at,
                                     .lines = 256,
                                     .k = 256,
                                     .stride = 256,
                                     .turned = i % 2 != 0,
                                     .scale = 1.0f};

        kern->bf16_pack(&from, SNN_BF16_COLUMNS, words(&out));
    }
    *seconds = snn_seconds() - begin;
    guarded_end("in", &in);
    guarded_end("out", &out);
    return (size_t)256 * 256;
}

/* A block as products are cut: an element is a multiply-add. */
static size_t bench_product(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    packed_case p = make_packed(kern, 192, 256, 256, &seed);
    guarded c = lines_new((size_t)192 * 256, 0, &seed);
    const double begin = snn_seconds();

    for (int i = 0; i < rounds; i++)
        kern->bf16_product(192, 256, p.pairs, words(&p.a), words(&p.b), c.at, 256);
    *seconds = snn_seconds() - begin;
    guarded_end("c", &c);
    end_packed(&p);
    return (size_t)192 * 256 * 256;
}

const kern_check check_bf16_pack = {"bf16_pack", run_pack, bench_pack};
const kern_check check_bf16_product = {"bf16_product", run_product, bench_product};
