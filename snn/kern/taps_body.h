/* SPDX-License-Identifier: BSD-3-Clause */
/* Taps from positions and back: see kern.h for the formulas. */

#include "snn/kern/exp_body.h"

#include <math.h>

#define LANES       SNN_TAPS_LANES
#define TAPS_EPS    1e-7f
#define GAUSS_EXTRA 0.27f
#define MAX_EXTRA   1.0f

/* What is the same for all taps of a block of synapses and one element. */
typedef struct {
    int lanes;
    uint32_t n;        /* taps of a window: D where dense */
    float from[LANES]; /* coordinate of the first of them: 0 where dense */
    float w[LANES], p[LANES], s[LANES], sign[LANES];
    float inv_sum[LANES]; /* 1 for v0 */
} taps_block;

static inline float sign_of(float x)
{
    return (x > 0.0f) - (x < 0.0f);
}

static void taps_load(const snn_taps *taps, uint32_t m, size_t s0, int lanes, taps_block *block)
{
    const float centre = (float)(taps->n_taps / 2);
    const float *w = taps->weight + m * taps->synapses + s0;
    const float *position = taps->position + m * taps->synapses + s0;
    const float *sigma = taps->sigma + m * taps->synapses + s0;
    const float extra =
        taps->version == SNN_KERNEL_GAUSS && !taps->one_hot ? GAUSS_EXTRA : MAX_EXTRA;
    const float use_sigma = taps->one_hot || taps->version == SNN_KERNEL_V1 ? 0.0f : 1.0f;
    const bool v0 = taps->version == SNN_KERNEL_V0 && !taps->one_hot;

    block->lanes = lanes;
    block->n = taps->width > 0 ? taps->width : taps->n_taps;
    for (int i = 0; i < lanes; i++) {
        float p = position[i];

        if (taps->one_hot) {
            p = rintf(p);
            p = p > centre ? centre : p < -centre ? -centre : p;
        }
        block->w[i] = w[i];
        block->p[i] = p + centre;
        block->s[i] = use_sigma * fabsf(sigma[i]) + extra;
        block->sign[i] = use_sigma * sign_of(sigma[i]);
    }
    for (int i = 0; i < lanes; i++)
        block->from[i] = snn_taps_start(block->p[i], block->n, taps->n_taps, v0);
}

/* x[k][lane], and inv_sum. */
static void taps_bumps(const snn_taps *taps, taps_block *block, float *x)
{
    const int lanes = block->lanes;
    const bool gauss = taps->version == SNN_KERNEL_GAUSS && !taps->one_hot;
    const bool v0 = taps->version == SNN_KERNEL_V0 && !taps->one_hot;
    float sum[LANES] = {0};

    for (uint32_t k = 0; k < block->n; k++) {
        float *row = x + (size_t)k * LANES;
        float at[LANES];

        for (int i = 0; i < lanes; i++)
            at[i] = block->from[i] + (float)k;
        if (gauss) {
            for (int i = 0; i < lanes; i++) {
                const float u = (at[i] - block->p[i]) / block->s[i];

                row[i] = exp_negative(-0.5f * (u * u));
            }
        } else if (v0) {
            /* 1-r on floor(p), r on the next: both are 1 - |k-p| where p is not an
             * integer, and on an integer p the tap itself. */
            for (int i = 0; i < lanes; i++) {
                const float left = floorf(block->p[i]);
                const float r = block->p[i] - left;

                row[i] = at[i] == left ? 1.0f - r : at[i] == left + 1.0f ? r : 0.0f;
            }
        } else {
            for (int i = 0; i < lanes; i++) {
                const float bump = block->s[i] - fabsf(at[i] - block->p[i]);

                row[i] = bump > 0.0f ? bump : 0.0f;
            }
        }
        for (int i = 0; i < lanes; i++)
            sum[i] += row[i];
    }
    for (int i = 0; i < lanes; i++)
        block->inv_sum[i] = v0 ? 1.0f : 1.0f / (sum[i] + TAPS_EPS);
}

/* Where tap k of element m goes to or comes from, synapse s first: planes run by delay. */
static size_t taps_plane(const snn_taps *taps, uint32_t m, uint32_t k, size_t s)
{
    if (taps->width == 0)
        return (size_t)(taps->n_taps - 1 - k) * taps->synapses + s;
    return ((size_t)(taps->width - 1 - k) * taps->elements + m) * taps->synapses + s;
}

static void taps_forward(const snn_taps *taps, size_t s0, size_t s1, float *scratch)
{
    taps_block block;

    for (size_t s = s0; s < s1; s += LANES) {
        const int lanes = s1 - s < LANES ? (int)(s1 - s) : LANES;

        for (uint32_t m = 0; m < taps->elements; m++) {
            taps_load(taps, m, s, lanes, &block);
            taps_bumps(taps, &block, scratch);
            for (uint32_t k = 0; k < block.n; k++) {
                const float *x = scratch + (size_t)k * LANES;
                float *out = taps->kernel + taps_plane(taps, m, k, s);

                if (m == 0 || taps->width > 0)
                    for (int i = 0; i < lanes; i++)
                        out[i] = x[i] * block.inv_sum[i] * block.w[i];
                else
                    for (int i = 0; i < lanes; i++)
                        out[i] += x[i] * block.inv_sum[i] * block.w[i];
            }
            if (taps->width > 0) {
                uint16_t *first = taps->first + m * taps->synapses + s;
                const int last = (int)(taps->n_taps - taps->width);

                for (int i = 0; i < lanes; i++)
                    first[i] = (uint16_t)(last - (int)block.from[i]);
            }
        }
    }
}

/* Sums over taps that the gradients are made of. */
typedef struct {
    float gy[LANES];             /* sum g y */
    float gy1[LANES], y1[LANES]; /* sum g y (k-p), sum y (k-p)          (gauss) */
    float gy2[LANES], y2[LANES]; /* the same with (k-p)^2               (gauss) */
    float gd[LANES], d[LANES];   /* sum g sign(k-p) 1[x>0], sum sign()  (max, v1) */
    float g1[LANES], one[LANES]; /* sum g 1[x>0], sum 1[x>0]            (max) */
    float next[LANES];           /* g right of the position minus left  (v0) */
} taps_sums;

static void taps_collect(const snn_taps *taps, const taps_block *block, uint32_t m, size_t s,
                         const float *x, taps_sums *sums)
{
    const int lanes = block->lanes;
    const bool gauss = taps->version == SNN_KERNEL_GAUSS && !taps->one_hot;
    const bool v0 = taps->version == SNN_KERNEL_V0 && !taps->one_hot;

    memset(sums, 0, sizeof *sums);
    for (uint32_t k = 0; k < block->n; k++) {
        const float *row = x + (size_t)k * LANES;
        const float *g = taps->g_kernel + taps_plane(taps, m, k, s);
        float at[LANES];

        for (int i = 0; i < lanes; i++)
            at[i] = block->from[i] + (float)k;
        if (gauss) {
            for (int i = 0; i < lanes; i++) {
                const float y = row[i] * block->inv_sum[i], u = at[i] - block->p[i];
                const float y_u = y * u, y_uu = y_u * u;

                sums->gy[i] += g[i] * y;
                sums->gy1[i] += g[i] * y_u;
                sums->y1[i] += y_u;
                sums->gy2[i] += g[i] * y_uu;
                sums->y2[i] += y_uu;
            }
        } else if (v0) {
            for (int i = 0; i < lanes; i++) {
                const float left = floorf(block->p[i]);

                sums->gy[i] += g[i] * row[i];
                sums->next[i] += at[i] == left + 1.0f ? g[i] : at[i] == left ? -g[i] : 0.0f;
            }
        } else {
            for (int i = 0; i < lanes; i++) {
                const float live = row[i] > 0.0f ? 1.0f : 0.0f;
                const float side = live * sign_of(at[i] - block->p[i]);

                sums->gy[i] += g[i] * row[i] * block->inv_sum[i];
                sums->gd[i] += g[i] * side;
                sums->d[i] += side;
                sums->g1[i] += g[i] * live;
                sums->one[i] += live;
            }
        }
    }
}

static void taps_backward(const snn_taps *taps, size_t s0, size_t s1, float *scratch)
{
    taps_block block;
    taps_sums sums;

    for (size_t s = s0; s < s1; s += LANES) {
        const int lanes = s1 - s < LANES ? (int)(s1 - s) : LANES;

        for (uint32_t m = 0; m < taps->elements; m++) {
            const size_t at = m * taps->synapses + s;

            taps_load(taps, m, s, lanes, &block);
            taps_bumps(taps, &block, scratch);
            taps_collect(taps, &block, m, s, scratch, &sums);
            for (int i = 0; i < lanes; i++) {
                const float over = block.w[i] * block.inv_sum[i];
                const float ww = block.w[i] / (block.s[i] * block.s[i]);
                float gp, gs;

                if (taps->version == SNN_KERNEL_GAUSS && !taps->one_hot) {
                    gp = ww * (sums.gy1[i] - sums.gy[i] * sums.y1[i]);
                    gs = ww / block.s[i] * (sums.gy2[i] - sums.gy[i] * sums.y2[i]);
                } else if (taps->version == SNN_KERNEL_V0 && !taps->one_hot) {
                    gp = block.w[i] * sums.next[i];
                    gs = 0.0f;
                } else {
                    gp = over * (sums.gd[i] - sums.gy[i] * sums.d[i]);
                    gs = over * (sums.g1[i] - sums.gy[i] * sums.one[i]);
                }
                taps->g_weight[at + i] = sums.gy[i];
                taps->g_position[at + i] = gp;
                if (taps->g_sigma != NULL)
                    taps->g_sigma[at + i] = block.sign[i] * gs;
            }
        }
    }
}
