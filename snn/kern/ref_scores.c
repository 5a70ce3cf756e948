/* SPDX-License-Identifier: BSD-3-Clause */
/* Softmax and scores that are sums of it in their plainest form; see ref.c. */
#include "snn/kern/ref.h"

void snn_softmax_ref(size_t n, size_t width, const float *v, float *p)
{
    for (size_t i = 0; i < n; i++) {
        double top = -INFINITY, sum = 0.0;

        for (size_t c = 0; c < width; c++)
            top = fmax(top, (double)v[i * width + c]);
        for (size_t c = 0; c < width; c++)
            sum += exp((double)v[i * width + c] - top);
        for (size_t c = 0; c < width; c++)
            p[i * width + c] = (float)(exp((double)v[i * width + c] - top) / sum);
    }
}

static bool counts(const snn_scores *scores, size_t b, size_t t)
{
    return scores->valid == NULL || t < scores->valid[b];
}

void snn_softmax_sum_ref(const snn_scores *scores, size_t b0, size_t b1, double *sum)
{
    const size_t n = scores->classes;

    for (size_t b = b0; b < b1; b++) {
        for (size_t c = 0; c < n; c++)
            sum[b * n + c] = 0.0;
        for (size_t t = 0; t < scores->steps; t++) {
            const size_t at = t * scores->row + b * n;

            snn_softmax_ref(1, n, scores->v + at, scores->p + at);
            for (size_t c = 0; counts(scores, b, t) && c < n; c++)
                sum[b * n + c] += (double)scores->p[at + c];
        }
    }
}

void snn_softmax_backward_ref(const snn_scores *scores, size_t b0, size_t b1, const float *g_sum,
                              float *g)
{
    const size_t n = scores->classes;

    for (size_t b = b0; b < b1; b++) {
        for (size_t t = 0; t < scores->steps; t++) {
            const size_t at = t * scores->row + b * n;
            double along = 0.0;

            for (size_t c = 0; c < n; c++)
                along += (double)scores->p[at + c] * (double)g_sum[b * n + c];
            for (size_t c = 0; c < n; c++)
                g[at + c] =
                    counts(scores, b, t)
                        ? (float)((double)scores->p[at + c] * ((double)g_sum[b * n + c] - along))
                        : 0.0f;
        }
    }
}
