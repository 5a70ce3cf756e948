/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stencils and voxels in their plainest form (see ref.c for the rules): each output by
 * itself, in double precision, rounded once.
 */
#include "snn/kern/kern.h"
#include "snn/kern/ref_stencil.h"

#include <math.h>

/* Cell (a, b) of event e's stencil in the plane, or -1 where it falls outside. */
static ptrdiff_t place(const snn_stencil *s, size_t e, uint32_t a, uint32_t b)
{
    const ptrdiff_t r = s->side / 2, y = s->y[e] + (ptrdiff_t)a - r, x = s->x[e] + (ptrdiff_t)b - r;

    if (b < s->begin[a] || b >= s->end[a] || y < 0 || x < 0 || y >= (ptrdiff_t)s->height ||
        x >= (ptrdiff_t)s->width)
        return -1;
    return y * (ptrdiff_t)s->width + x;
}

void snn_ref_stencil_forward(const snn_stencil *s, const float *stencil, float *plane)
{
    for (size_t n = 0; n < (size_t)s->width * s->height; n++) {
        for (size_t c = 0; c < s->lanes; c++) {
            double sum = (double)plane[n * s->lanes + c];

            for (size_t e = 0; e < s->n; e++)
                for (uint32_t a = 0; a < s->side; a++)
                    for (uint32_t b = 0; b < s->side; b++)
                        if (place(s, e, a, b) == (ptrdiff_t)n)
                            sum += (double)stencil[((size_t)a * s->side + b) * s->lanes + c];
            plane[n * s->lanes + c] = (float)sum;
        }
    }
}

void snn_ref_stencil_backward(const snn_stencil *s, const float *plane, float *stencil)
{
    for (uint32_t a = 0; a < s->side; a++) {
        for (uint32_t b = 0; b < s->side; b++) {
            float *out = stencil + ((size_t)a * s->side + b) * s->lanes;

            for (size_t c = 0; c < s->lanes; c++) {
                double sum = (double)out[c];

                for (size_t e = 0; e < s->n; e++) {
                    const ptrdiff_t n = place(s, e, a, b);

                    if (n >= 0)
                        sum += (double)plane[(size_t)n * s->lanes + c];
                }
                out[c] = (float)sum;
            }
        }
    }
}

void snn_ref_cells_add(const uint32_t *cell, size_t n, size_t lanes, const float *table, float *out)
{
    for (size_t c = 0; c < lanes; c++) {
        double sum = (double)out[c];

        for (size_t i = 0; i < n; i++)
            sum += (double)table[cell[i] * lanes + c];
        out[c] = (float)sum;
    }
}

static double logit(const snn_voxels *v, size_t n, size_t c)
{
    const float a = v->evidence[n * v->lanes + c];
    const float b = v->swapped != NULL ? v->swapped[n * v->lanes + c] : a;

    return (double)(a > b ? a : b) + (double)v->bias[c];
}

static double best_of(const snn_voxels *v, size_t n)
{
    double best = -HUGE_VAL;

    for (size_t c = 0; c < v->classes; c++)
        best = fmax(best, logit(v, n, c));
    return best;
}

void snn_ref_voxel_best(const snn_voxels *v, float *best)
{
    for (size_t n = 0; n < v->n; n++)
        best[n] = (float)best_of(v, n);
}

void snn_ref_voxel_logits(const snn_voxels *v, float *best)
{
    for (size_t n = 0; n < v->n; n++) {
        best[n] = (float)best_of(v, n);
        for (size_t c = 0; c < v->classes; c++)
            v->evidence[n * v->lanes + c] = (float)logit(v, n, c);
    }
}

/* p of class c, and its part of the loss. */
static double probability(const snn_voxels *v, size_t n, size_t c, double target, double *loss)
{
    const double l = logit(v, n, c), best = best_of(v, n);
    double sum = 0.0, p;

    if (v->sigmoid) {
        p = 1.0 / (1.0 + exp(-l));
        *loss += fmax(l, 0.0) - target * l + log1p(exp(-fabs(l)));
        return p;
    }
    for (size_t k = 0; k < v->classes; k++)
        sum += exp(logit(v, n, k) - best);
    p = exp(l - best) / sum;
    *loss += target * (log(sum) - (l - best));
    return p;
}

double snn_ref_voxel_gradient(const snn_voxels *v, float *g_bias)
{
    double loss = 0.0, sum[SNN_MOST_LANES] = {0};

    for (size_t n = 0; n < v->n; n++) {
        const bool even = best_of(v, n) < (double)v->floor;
        double g[SNN_MOST_LANES] = {0};

        for (size_t c = 0; c < v->classes; c++) {
            const double target = even ? 1.0 / v->classes : c == v->label ? 1.0 : 0.0;

            g[c] = (double)v->scale * (probability(v, n, c, target, &loss) - target);
            sum[c] += g[c];
        }
        for (size_t c = 0; c < v->lanes; c++) {
            float *a = &v->evidence[n * v->lanes + c];
            float *b = v->swapped != NULL ? &v->swapped[n * v->lanes + c] : NULL;
            const bool second = b != NULL && *b > *a;

            *a = second ? 0.0f : (float)g[c];
            if (b != NULL)
                *b = second ? (float)g[c] : 0.0f;
        }
    }
    for (size_t c = 0; c < v->lanes; c++)
        g_bias[c] = (float)((double)g_bias[c] + sum[c]);
    return loss;
}
