/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over batch and time for batch normalisation, and its backward pass. */

static inline size_t valid_steps(const snn_norm *norm, size_t b)
{
    return norm->valid != NULL && norm->valid[b] < norm->steps ? norm->valid[b] : norm->steps;
}

/* Time outermost: rows are read in the order of memory. */
static void norm_sum(const snn_norm *norm, size_t b0, size_t b1, float *sum)
{
    const size_t channels = norm->channels;

    memset(sum, 0, channels * sizeof *sum);
    for (size_t t = 0; t < norm->steps; t++) {
        for (size_t b = b0; b < b1; b++) {
            const float *x = norm->x + t * norm->row + b * channels;

            if (t >= valid_steps(norm, b))
                continue;
            for (size_t c = 0; c < channels; c++)
                sum[c] += x[c];
        }
    }
}

static void norm_square(const snn_norm *norm, size_t b0, size_t b1, float *square)
{
    const size_t channels = norm->channels;
    const float *mean = norm->mean;

    memset(square, 0, channels * sizeof *square);
    for (size_t t = 0; t < norm->steps; t++) {
        for (size_t b = b0; b < b1; b++) {
            const float *x = norm->x + t * norm->row + b * channels;

            if (t >= valid_steps(norm, b))
                continue;
            for (size_t c = 0; c < channels; c++)
                square[c] += (x[c] - mean[c]) * (x[c] - mean[c]);
        }
    }
}

static void norm_backward_sum(const snn_norm *norm, size_t b0, size_t b1, float *sum_g,
                              float *sum_gx)
{
    const size_t channels = norm->channels;
    const float *mean = norm->mean, *inv_std = norm->inv_std;

    memset(sum_g, 0, channels * sizeof *sum_g);
    memset(sum_gx, 0, channels * sizeof *sum_gx);
    for (size_t t = 0; t < norm->steps; t++) {
        for (size_t b = b0; b < b1; b++) {
            const float *x = norm->x + t * norm->row + b * channels;
            const float *g = norm->g + t * norm->row + b * channels;

            for (size_t c = 0; c < channels; c++) {
                sum_g[c] += g[c];
                sum_gx[c] += g[c] * ((x[c] - mean[c]) * inv_std[c]);
            }
        }
    }
}

static void norm_backward(const snn_norm *norm, size_t b0, size_t b1, const float *scale,
                          const float *mean_g, const float *mean_gx, float *g_all)
{
    const size_t channels = norm->channels;
    const float *mean = norm->mean, *inv_std = norm->inv_std;

    for (size_t t = 0; t < norm->steps; t++) {
        for (size_t b = b0; b < b1; b++) {
            const float *x = norm->x + t * norm->row + b * channels;
            float *g = g_all + t * norm->row + b * channels;

            if (t < valid_steps(norm, b))
                for (size_t c = 0; c < channels; c++)
                    g[c] =
                        scale[c] * (g[c] - mean_g[c] - (x[c] - mean[c]) * inv_std[c] * mean_gx[c]);
            else
                for (size_t c = 0; c < channels; c++)
                    g[c] *= scale[c];
        }
    }
}
