/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tiles in plain C, and snn/kern/tile_body.h on top of them.
 *
 * As Intel's manual has TDPBF16PS (a, b: words of two bf16 numbers; t: a row of pairs of floats):
 *
 *     t = 0
 *     for k, for n:   t[n].lower = fma(a[m][k].lower, b[k][n].lower, t[n].lower)
 *                     t[n].upper = fma(a[m][k].upper, b[k][n].upper, t[n].upper)
 *     c[m][n] += t[n].lower + t[n].upper
 *
 * each operation rounded to nearest; what is below 2^-126, before or behind it, is 0.
 */
#ifndef TESTS_KERN_TILE_MODEL_H
#define TESTS_KERN_TILE_MODEL_H

#include "snn/kern/kern.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct model_tile {
    uint32_t word[16][16];
} model_tile;

static _Thread_local struct {
    bool open; /* between BEGIN and END, as on a processor */
    model_tile tile[8];
    size_t dots;
} model;

static inline float model_flushed(float x)
{
    return fabsf(x) < FLT_MIN ? copysignf(0.0f, x) : x;
}

static inline float model_number(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return model_flushed(x);
}

static inline uint32_t model_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float model_add(float a, float b)
{
    return model_flushed(a + b);
}

static inline void model_dot(model_tile *c, const model_tile *a, const model_tile *b)
{
    model.dots++;
    for (size_t m = 0; m < 16; m++) {
        float lower[16] = {0}, upper[16] = {0};

        for (size_t k = 0; k < 16; k++) {
            const uint32_t left = a->word[m][k];

            for (size_t n = 0; n < 16; n++) {
                const uint32_t right = b->word[k][n];

                lower[n] = model_flushed(
                    fmaf(model_number(left << 16), model_number(right << 16), lower[n]));
                upper[n] = model_flushed(fmaf(model_number(left & 0xffff0000u),
                                              model_number(right & 0xffff0000u), upper[n]));
            }
        }
        for (size_t n = 0; n < 16; n++)
            c->word[m][n] =
                model_bits(model_add(model_number(c->word[m][n]), model_add(lower[n], upper[n])));
    }
}

static inline void model_move(model_tile *tile, void *at, size_t bytes, bool store)
{
    for (size_t m = 0; m < 16; m++) {
        if (store)
            memcpy((char *)at + m * bytes, tile->word[m], sizeof tile->word[m]);
        else
            memcpy(tile->word[m], (char *)at + m * bytes, sizeof tile->word[m]);
    }
}

/* A tile that is used while there are none is a fault on a processor. */
static inline model_tile *model_tile_of(int number)
{
    if (!model.open)
        abort();
    return &model.tile[number];
}

static inline void model_open(bool open)
{
    if (open == model.open)
        abort();
    memset(&model.tile, open ? 0 : 0xff, sizeof model.tile);
    model.open = open;
}

#define TILE_BEGIN() model_open(true)
#define TILE_END()   model_open(false)
#define TILE_LOAD(tile, at, bytes)                                                                 \
    model_move(model_tile_of(tile), (void *)(uintptr_t)(at), (bytes), false)
#define TILE_STORE(tile, at, bytes) model_move(model_tile_of(tile), (at), (bytes), true)
#define TILE_DOT(c, a, b)           model_dot(model_tile_of(c), model_tile_of(a), model_tile_of(b))

#define BF16_TILES
#include "snn/kern/bf16_body.h"

#include "snn/kern/tile_body.h"

#endif
