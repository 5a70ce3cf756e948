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

/*
 * Rows are taken 32 at a time, while the first-level cache has them: their mean a, then the
 * squares about it.  Two sets of n_a and n_b rows make one with (Chan, Golub and LeVeque 1983;
 * d = m_b - m_a, n = n_a + n_b)
 *
 *     m = m_a + d n_b / n,   S = S_a + S_b + d^2 n_a n_b / n
 */
#define MOMENT_ROWS 32

typedef struct {
    const float *row[MOMENT_ROWS];
    size_t n, before; /* rows here, and merged before */
} moment_rows;

#define MOMENT_ZERO(v)   vec a##v = {0}, q##v = {0};
#define MOMENT_SUM(v)    a##v += vec_load(x + (v)*VEC);
#define MOMENT_SHARE(v)  a##v *= each;
#define MOMENT_SQUARE(v) q##v += (vec_load(x + (v)*VEC) - a##v) * (vec_load(x + (v)*VEC) - a##v);
#define MOMENT_MERGE(v)                                                                            \
    {                                                                                              \
        float *m = mean + c + (v)*VEC, *s = square + c + (v)*VEC;                                  \
        const vec apart = a##v - vec_load(m);                                                      \
                                                                                                   \
        vec_store(m, vec_load(m) + apart * share);                                                 \
        vec_store(s, vec_load(s) + (q##v + apart * apart * both));                                 \
    }
#define MOMENTS(VECS)                                                                              \
    static inline void moments##VECS(const moment_rows *rows, size_t c, float *mean,               \
                                     float *square)                                                \
    {                                                                                              \
        const float n = (float)rows->n, all = (float)(rows->before + rows->n);                     \
        const float each = 1.0f / n, share = n / all, both = share * (float)rows->before;          \
        EACH_VEC##VECS(MOMENT_ZERO) for (size_t r = 0; r < rows->n; r++)                           \
        {                                                                                          \
            const float *x = rows->row[r] + c;                                                     \
                                                                                                   \
            EACH_VEC##VECS(MOMENT_SUM)                                                             \
        }                                                                                          \
        EACH_VEC##VECS(MOMENT_SHARE) for (size_t r = 0; r < rows->n; r++)                          \
        {                                                                                          \
            const float *x = rows->row[r] + c;                                                     \
                                                                                                   \
            EACH_VEC##VECS(MOMENT_SQUARE)                                                          \
        }                                                                                          \
        EACH_VEC##VECS(MOMENT_MERGE)                                                               \
    }
MOMENTS(4)
MOMENTS(1)
#undef MOMENTS
#undef MOMENT_MERGE
#undef MOMENT_SQUARE
#undef MOMENT_SHARE
#undef MOMENT_SUM
#undef MOMENT_ZERO

static inline void moments_scalar(const moment_rows *rows, size_t c, float *mean, float *square)
{
    const float n = (float)rows->n, all = (float)(rows->before + rows->n);
    float a = 0.0f, q = 0.0f, apart;

    for (size_t r = 0; r < rows->n; r++)
        a += rows->row[r][c];
    a *= 1.0f / n;
    for (size_t r = 0; r < rows->n; r++)
        q += (rows->row[r][c] - a) * (rows->row[r][c] - a);
    apart = a - mean[c];
    mean[c] += apart * (n / all);
    square[c] += q + apart * apart * (n / all * (float)rows->before);
}

static void moments_merge(moment_rows *rows, size_t channels, float *mean, float *square)
{
    size_t c = 0;

    if (rows->n == 0)
        return;
    for (; c + (size_t)4 * VEC <= channels; c += (size_t)4 * VEC)
        moments4(rows, c, mean, square);
    for (; c + VEC <= channels; c += VEC)
        moments1(rows, c, mean, square);
    for (; c < channels; c++)
        moments_scalar(rows, c, mean, square);
    rows->before += rows->n;
    rows->n = 0;
}

static void norm_moments(const snn_norm *norm, size_t b0, size_t b1, float *mean, float *square)
{
    const size_t channels = norm->channels;
    moment_rows rows = {.n = 0};

    memset(mean, 0, channels * sizeof *mean);
    memset(square, 0, channels * sizeof *square);
    for (size_t t = 0; t < norm->steps; t++) {
        for (size_t b = b0; b < b1; b++) {
            if (t >= valid_steps(norm, b))
                continue;
            rows.row[rows.n++] = norm->x + t * norm->row + b * channels;
            if (rows.n == MOMENT_ROWS)
                moments_merge(&rows, channels, mean, square);
        }
    }
    moments_merge(&rows, channels, mean, square);
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
