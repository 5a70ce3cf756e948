/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Matrix products of bf16 numbers: see kern.h.
 *
 * The product of two bf16 numbers has 16 significant bits and is exact in float.  So a fused
 * multiply-add, a product and a sum, and VDPBF16PS, which adds the product of the upper
 * halves and then that of the lower ones, all round once, and alike: the bits are the same
 * on every instruction set.  (All but what is below 2^-126: that instruction takes it for 0,
 * as every float operation does inside of snn_parallel.)
 *
 * Accumulators are named one by one, as in rows_body.h.
 */
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#ifndef BF16_TILES /* tile_body.h has others */

typedef uint32_t vec_pair __attribute__((vector_size(4 * VEC)));
typedef uint32_t vec_pair_anywhere __attribute__((vector_size(4 * VEC), aligned(4), may_alias));

/* sum + the products of the pairs, the first ones first. */
static inline vec bf16_dot(vec sum, vec_pair a, vec_pair b)
{
#ifdef __AVX512BF16__
    return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)(__m512i)a, (__m512bh)(__m512i)b);
#else
    const vec_pair upper = (vec_pair){0} + 0xffff0000u;

    sum += (vec)(a & upper) * (vec)(b & upper);
    return sum + (vec)(a << 16) * (vec)(b << 16);
#endif
}

/* Rows of a tile of the product; it is two vectors wide.  What registers hold. */
#ifdef __AVX512F__
#define BF16_TILE          12
#define EACH_BF16_ROW(do_) /* of a tile */                                                         \
    do_(0) do_(1) do_(2) do_(3) do_(4) do_(5) do_(6) do_(7) do_(8) do_(9) do_(10) do_(11)
#else
#define BF16_TILE          4
#define EACH_BF16_ROW(do_) do_(0) do_(1) do_(2) do_(3)
#endif

/* c[BF16_TILE][2 VEC] += a b, from panels. */
static inline void bf16_tile(size_t pairs, const uint32_t *a, const uint32_t *b, float *c,
                             size_t stride)
{
#define LOAD(r) vec left##r = vec_load(c + (r)*stride), right##r = vec_load(c + (r)*stride + VEC);
    EACH_BF16_ROW(LOAD)
    for (size_t h = 0; h < pairs; h++, a += SNN_BF16_ROWS, b += SNN_BF16_COLUMNS) {
        const vec_pair b_left = *(const vec_pair_anywhere *)b,
                       b_right = *(const vec_pair_anywhere *)(b + VEC);

#define ADD(r)                                                                                     \
    left##r = bf16_dot(left##r, a[r] - (vec_pair){0}, b_left);                                     \
    right##r = bf16_dot(right##r, a[r] - (vec_pair){0}, b_right);
        EACH_BF16_ROW(ADD)
    }
#define STORE(r)                                                                                   \
    vec_store(c + (r)*stride, left##r);                                                            \
    vec_store(c + (r)*stride + VEC, right##r);
    EACH_BF16_ROW(STORE)
#undef LOAD
#undef ADD
#undef STORE
}

/* A whole panel of a times a whole panel of b. */
static void bf16_panels(size_t pairs, const uint32_t *a, const uint32_t *b, float *c, size_t stride)
{
    for (size_t j = 0; j < SNN_BF16_COLUMNS; j += (size_t)2 * VEC)
        for (size_t r = 0; r < SNN_BF16_ROWS; r += BF16_TILE)
            bf16_tile(pairs, a + r, b + j, c + r * stride + j, stride);
}

/* The same at an edge of c, where only rows x columns of it exist. */
static void bf16_edge(size_t pairs, const uint32_t *a, const uint32_t *b, float *c, size_t stride,
                      size_t rows, size_t columns)
{
    float whole[SNN_BF16_ROWS * SNN_BF16_COLUMNS] = {0};

    for (size_t r = 0; r < rows; r++)
        memcpy(whole + r * SNN_BF16_COLUMNS, c + r * stride, columns * sizeof *c);
    bf16_panels(pairs, a, b, whole, SNN_BF16_COLUMNS);
    for (size_t r = 0; r < rows; r++)
        memcpy(c + r * stride, whole + r * SNN_BF16_COLUMNS, columns * sizeof *c);
}

static void bf16_product(size_t m, size_t n, size_t pairs, const uint32_t *a, const uint32_t *b,
                         float *c, size_t stride)
{
    for (size_t j = 0; j < n; j += SNN_BF16_COLUMNS) {
        const size_t columns = n - j < SNN_BF16_COLUMNS ? n - j : SNN_BF16_COLUMNS;
        const uint32_t *b_panel = b + j * pairs;

        for (size_t i = 0; i < m; i += SNN_BF16_ROWS) {
            const size_t rows = m - i < SNN_BF16_ROWS ? m - i : SNN_BF16_ROWS;
            const uint32_t *a_panel = a + i * pairs;
            float *at = c + i * stride + j;

            if (rows == SNN_BF16_ROWS && columns == SNN_BF16_COLUMNS)
                bf16_panels(pairs, a_panel, b_panel, at, stride);
            else
                bf16_edge(pairs, a_panel, b_panel, at, stride, rows, columns);
        }
    }
}

#endif

/* ---- packing ------------------------------------------------------------------------- */

/* A float's bits rounded to bf16, in the upper half; the lower half is left over. */
static inline uint32_t bf16_round(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return x != x ? bits | 0x00400000u : bits + 0x7fffu + ((bits >> 16) & 1u);
}

static inline uint32_t bf16_pair(float first, float second)
{
    return (bf16_round(first) & 0xffff0000u) | (bf16_round(second) >> 16);
}

/* Pairs of n columns of two rows; the second may be missing. */
static inline void bf16_pair_rows(size_t n, float scale, const float *first, const float *second,
                                  uint32_t *out)
{
    if (second == NULL)
        for (size_t r = 0; r < n; r++)
            out[r] = bf16_pair(scale * first[r], 0.0f);
    else
        for (size_t r = 0; r < n; r++)
            out[r] = bf16_pair(scale * first[r], scale * second[r]);
}

/* A panel of lines that run down the columns of `in`. */
static inline void bf16_pack_turned(size_t lines, size_t k, float scale, const float *in,
                                    size_t stride, size_t panel, uint32_t *out)
{
    for (size_t h = 0; 2 * h < k; h++, out += panel) {
        const float *first = in + 2 * h * stride, *second = 2 * h + 1 < k ? first + stride : NULL;

        if (lines >= panel) { /* a constant: the loop is unrolled */
            bf16_pair_rows(panel, scale, first, second, out);
        } else {
            bf16_pair_rows(lines, scale, first, second, out);
            memset(out + lines, 0, (panel - lines) * sizeof *out);
        }
    }
}

#define BF16_TURN 16 /* pairs of each line that are made together, then turned */

/* A panel of lines that are rows of `in`. */
static inline void bf16_pack_straight(size_t lines, size_t k, float scale, const float *in,
                                      size_t stride, size_t panel, uint32_t *out)
{
    uint32_t made[SNN_BF16_COLUMNS * BF16_TURN] = {0};
    const size_t pairs = (k + 1) / 2, live = lines < panel ? lines : panel;

    for (size_t h0 = 0; h0 < pairs; h0 += BF16_TURN) {
        const size_t n = pairs - h0 < BF16_TURN ? pairs - h0 : BF16_TURN;
        const size_t whole = 2 * (h0 + n) <= k ? n : n - 1;

        for (size_t r = 0; r < live; r++) {
            const float *line = in + r * stride + 2 * h0;
            uint32_t *pair = made + r * BF16_TURN;

            if (whole == BF16_TURN) {
                for (size_t h = 0; h < BF16_TURN; h++)
                    pair[h] = bf16_pair(scale * line[2 * h], scale * line[2 * h + 1]);
                continue;
            }
            for (size_t h = 0; h < whole; h++)
                pair[h] = bf16_pair(scale * line[2 * h], scale * line[2 * h + 1]);
            if (whole < n)
                pair[whole] = bf16_pair(scale * line[2 * whole], 0.0f);
        }
        for (size_t h = 0; h < n; h++)
            for (size_t r = 0; r < panel; r++)
                out[(h0 + h) * panel + r] = made[r * BF16_TURN + h];
    }
}

#ifndef BF16_TILES

/* `panel` is a constant of each call. */
static inline void bf16_pack_panels(const snn_bf16_lines *from, size_t panel, uint32_t *out)
{
    const size_t pairs = (from->k + 1) / 2;

    for (size_t i = 0; i < from->lines; i += panel, out += pairs * panel) {
        if (from->turned)
            bf16_pack_turned(from->lines - i, from->k, from->scale, from->in + i, from->stride,
                             panel, out);
        else
            bf16_pack_straight(from->lines - i, from->k, from->scale, from->in + i * from->stride,
                               from->stride, panel, out);
    }
}

static void bf16_pack(const snn_bf16_lines *from, uint32_t panel, uint32_t *out)
{
    if (panel == SNN_BF16_ROWS)
        bf16_pack_panels(from, SNN_BF16_ROWS, out);
    else
        bf16_pack_panels(from, SNN_BF16_COLUMNS, out);
}

#endif
