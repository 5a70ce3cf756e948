/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of bf16 numbers by tiles, AMX: see kern.h.  Behind bf16_body.h.
 *
 * A tile has 16 rows of 16 words.  TILE_DOT adds to each float c[r][s] of a tile the products
 * of the pairs a[r][0 .. 15] and b[0 .. 15][s]: those of lower halves in their order, those
 * of upper halves in theirs, then both sums together, then to c (the instruction's
 * pseudo-code; round to nearest, results below 2^-126 are 0).  So 32 numbers along k belong
 * together, wherever a product is cut along the other two sides.
 *
 * All is written with these five operations; who includes this file after defining them gets
 * the same in another way.  tests/kern/tile_model.h has them in plain C: no processor that
 * this was written on has tiles.
 */
#ifndef TILE_LOAD
#include <immintrin.h>

/* Palette 1: all eight tiles with 16 rows of 64 bytes. */
typedef struct tile_config {
    uint8_t palette, start_row, none[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

static const tile_config whole_tiles = {
    .palette = 1,
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

#define TILE_BEGIN()                _tile_loadconfig(&whole_tiles)
#define TILE_END()                  _tile_release()
#define TILE_LOAD(tile, at, bytes)  _tile_loadd(tile, at, bytes)
#define TILE_STORE(tile, at, bytes) _tile_stored(tile, at, bytes)
#define TILE_DOT(c, a, b)           _tile_dpbf16ps(c, a, b)
#endif

#define TILE       16u /* rows, and words in a row */
#define TILE_LINES 32u /* of a panel: two tiles side by side */
#define TILE_PANEL (TILE_LINES * TILE)

/* c[32][32] += a b, from panels.  gcc's loads do not say that they read memory. */
static inline void tile_block(size_t blocks, const uint32_t *a, const uint32_t *b, float *c,
                              size_t stride)
{
    const size_t row = stride * sizeof *c;
    float *lower = c + TILE * stride;

    __asm__ volatile("" ::: "memory");
    TILE_LOAD(0, c, row);
    TILE_LOAD(1, c + TILE, row);
    TILE_LOAD(2, lower, row);
    TILE_LOAD(3, lower + TILE, row);
    for (size_t i = 0; i < blocks; i++, a += TILE_PANEL, b += TILE_PANEL) {
        TILE_LOAD(4, a, TILE * sizeof *a);
        TILE_LOAD(5, a + TILE * TILE, TILE * sizeof *a);
        TILE_LOAD(6, b, TILE_LINES * sizeof *b);
        TILE_LOAD(7, b + TILE, TILE_LINES * sizeof *b);
        TILE_DOT(0, 4, 6);
        TILE_DOT(1, 4, 7);
        TILE_DOT(2, 5, 6);
        TILE_DOT(3, 5, 7);
    }
    TILE_STORE(0, c, row);
    TILE_STORE(1, c + TILE, row);
    TILE_STORE(2, lower, row);
    TILE_STORE(3, lower + TILE, row);
    __asm__ volatile("" ::: "memory");
}

/* The same at an edge of c, where only rows x columns of it exist. */
static void tile_edge(size_t blocks, const uint32_t *a, const uint32_t *b, float *c, size_t stride,
                      size_t rows, size_t columns)
{
    float whole[TILE_LINES * TILE_LINES] = {0};

    for (size_t r = 0; r < rows; r++)
        memcpy(whole + r * TILE_LINES, c + r * stride, columns * sizeof *c);
    tile_block(blocks, a, b, whole, TILE_LINES);
    for (size_t r = 0; r < rows; r++)
        memcpy(c + r * stride, whole + r * TILE_LINES, columns * sizeof *c);
}

static void tile_product(size_t m, size_t n, size_t pairs, const uint32_t *a, const uint32_t *b,
                         float *c, size_t stride)
{
    const size_t blocks = (pairs + TILE - 1) / TILE;

    TILE_BEGIN();
    for (size_t j = 0; j < n; j += TILE_LINES) {
        const size_t columns = n - j < TILE_LINES ? n - j : TILE_LINES;
        const uint32_t *b_panel = b + j * blocks * TILE;

        for (size_t i = 0; i < m; i += TILE_LINES) {
            const size_t rows = m - i < TILE_LINES ? m - i : TILE_LINES;
            const uint32_t *a_panel = a + i * blocks * TILE;
            float *at = c + i * stride + j;

            if (rows == TILE_LINES && columns == TILE_LINES)
                tile_block(blocks, a_panel, b_panel, at, stride);
            else
                tile_edge(blocks, a_panel, b_panel, at, stride, rows, columns);
        }
    }
    TILE_END();
}

/* ---- packing ------------------------------------------------------------------------- */

/* Pairs l .. of some lines that are rows of `in`: out[32][16]. */
static inline void tile_rows(const snn_bf16_lines *from, size_t i, size_t live, size_t h0,
                             uint32_t *out)
{
    memset(out, 0, TILE_PANEL * sizeof *out);
    for (size_t r = 0; r < live; r++, out += TILE) {
        const float *line = from->in + (i + r) * from->stride;

        for (size_t h = 0; h < TILE && 2 * (h0 + h) < from->k; h++) {
            const size_t l = 2 * (h0 + h);

            out[h] = bf16_pair(from->scale * line[l],
                               l + 1 < from->k ? from->scale * line[l + 1] : 0.0f);
        }
    }
}

/* The same of lines that run down the columns of `in`. */
static inline void tile_columns(const snn_bf16_lines *from, size_t i, size_t live, size_t h0,
                                uint32_t *out)
{
    uint32_t made[TILE_PANEL] = {0};

    for (size_t h = 0; h < TILE && 2 * (h0 + h) < from->k; h++) {
        const size_t l = 2 * (h0 + h);
        const float *first = from->in + l * from->stride + i;

        bf16_pair_rows(live, from->scale, first, l + 1 < from->k ? first + from->stride : NULL,
                       made + h * TILE_LINES);
    }
    for (size_t r = 0; r < TILE_LINES; r++)
        for (size_t h = 0; h < TILE; h++)
            out[r * TILE + h] = made[h * TILE_LINES + r];
}

static void tile_pack_left(const snn_bf16_lines *from, size_t pairs, uint32_t *out)
{
    for (size_t i = 0; i < from->lines; i += TILE_LINES) {
        const size_t live = from->lines - i < TILE_LINES ? from->lines - i : TILE_LINES;

        for (size_t h = 0; h < pairs; h += TILE, out += TILE_PANEL) {
            if (from->turned)
                tile_columns(from, i, live, h, out);
            else
                tile_rows(from, i, live, h, out);
        }
    }
}

/* Panels as those of vectors, filled up to whole tiles. */
static void tile_pack_right(const snn_bf16_lines *from, size_t pairs, uint32_t *out)
{
    const size_t filled = (pairs + TILE - 1) / TILE * TILE;

    for (size_t i = 0; i < from->lines; i += TILE_LINES, out += filled * TILE_LINES) {
        if (from->turned)
            bf16_pack_turned(from->lines - i, from->k, from->scale, from->in + i, from->stride,
                             TILE_LINES, out);
        else
            bf16_pack_straight(from->lines - i, from->k, from->scale, from->in + i * from->stride,
                               from->stride, TILE_LINES, out);
        memset(out + pairs * TILE_LINES, 0, (filled - pairs) * TILE_LINES * sizeof *out);
    }
}

static void tile_pack(const snn_bf16_lines *from, uint32_t panel, uint32_t *out)
{
    if (panel == SNN_BF16_ROWS)
        tile_pack_left(from, (from->k + 1) / 2, out);
    else
        tile_pack_right(from, (from->k + 1) / 2, out);
}
