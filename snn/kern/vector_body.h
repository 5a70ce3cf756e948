/* SPDX-License-Identifier: BSD-3-Clause */
/* The optimiser's update and the softmax of the read-out. */

static void adam_update(const snn_adam *adam, size_t n, float *restrict theta,
                        const float *restrict g, float *restrict m, float *restrict v)
{
    const float beta1 = adam->beta1, beta2 = adam->beta2;

    for (size_t i = 0; i < n; i++) {
        const float grad = g[i] * adam->gradient_scale + adam->decay * theta[i];

        m[i] = beta1 * m[i] + (1.0f - beta1) * grad;
        v[i] = beta2 * v[i] + (1.0f - beta2) * (grad * grad);
        theta[i] -= adam->step * m[i] / (sqrtf(v[i]) * adam->root + adam->eps);
    }
}

#define SOFTMAX_RUN 1024 /* numbers that stay in the first-level cache */

/* in - max in, four at a time: one by one each would wait for the one before. */
static inline void softmax_lower(size_t width, const float *in, float *out)
{
    float top = in[0];

    if (width >= 4) {
        float a = in[0], b = in[1], c = in[2], d = in[3];

        for (size_t i = 4; i + 4 <= width; i += 4) {
            a = in[i] > a ? in[i] : a;
            b = in[i + 1] > b ? in[i + 1] : b;
            c = in[i + 2] > c ? in[i + 2] : c;
            d = in[i + 3] > d ? in[i + 3] : d;
        }
        a = b > a ? b : a;
        c = d > c ? d : c;
        top = c > a ? c : a;
    }
    for (size_t i = width >= 4 ? width / 4 * 4 : 1; i < width; i++)
        top = in[i] > top ? in[i] : top;
    for (size_t i = 0; i < width; i++)
        out[i] = in[i] - top;
}

/* sum_i x_i y_i, or sum_i x_i where y is NULL: a fixed order. */
static inline float four_sums(size_t width, const float *x, const float *y)
{
    float a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
    size_t i = 0;

    for (; i + 4 <= width; i += 4) {
        a += y != NULL ? x[i] * y[i] : x[i];
        b += y != NULL ? x[i + 1] * y[i + 1] : x[i + 1];
        c += y != NULL ? x[i + 2] * y[i + 2] : x[i + 2];
        d += y != NULL ? x[i + 3] * y[i + 3] : x[i + 3];
    }
    for (; i < width; i++)
        a += y != NULL ? x[i] * y[i] : x[i];
    return (a + c) + (b + d);
}

/* Rows are short and follow one another, so exponentials go over many rows at once. */
static void softmax_rows(size_t n, size_t width, const float *v, float *p)
{
    const size_t most = width < SOFTMAX_RUN ? SOFTMAX_RUN / width : 1;

    for (size_t i = 0; i < n; i += most) {
        const size_t rows = n - i < most ? n - i : most;
        float *run = p + i * width;

        for (size_t r = 0; r < rows; r++)
            softmax_lower(width, v + (i + r) * width, run + r * width);
        for (size_t k = 0; k < rows * width; k++)
            run[k] = exp_negative(run[k]);
        for (size_t r = 0; r < rows; r++) {
            float *out = run + r * width;
            const float sum = four_sums(width, out, NULL);

            for (size_t c = 0; c < width; c++)
                out[c] /= sum;
        }
    }
}

static inline size_t counted(const snn_scores *scores, size_t b)
{
    return scores->valid != NULL && scores->valid[b] < scores->steps ? scores->valid[b]
                                                                     : scores->steps;
}

static void softmax_sum(const snn_scores *scores, size_t b0, size_t b1, double *sum)
{
    const size_t n = scores->classes;

    for (size_t j = b0 * n; j < b1 * n; j++)
        sum[j] = 0.0;
    for (size_t t = 0; t < scores->steps; t++) {
        float *p = scores->p + t * scores->row;

        softmax_rows(b1 - b0, n, scores->v + t * scores->row + b0 * n, p + b0 * n);
        for (size_t b = b0; b < b1; b++)
            for (size_t j = b * n; t < counted(scores, b) && j < (b + 1) * n; j++)
                sum[j] += (double)p[j];
    }
}

static void softmax_backward(const snn_scores *scores, size_t b0, size_t b1,
                             const float *restrict g_sum, float *restrict g)
{
    const size_t n = scores->classes;

    for (size_t t = 0; t < scores->steps; t++) {
        for (size_t b = b0; b < b1; b++) {
            const float *p = scores->p + t * scores->row + b * n, *gs = g_sum + b * n;
            float *out = g + t * scores->row + b * n;

            if (t >= counted(scores, b)) {
                memset(out, 0, n * sizeof *out);
                continue;
            }
            const float along = four_sums(n, p, gs);

            for (size_t c = 0; c < n; c++)
                out[c] = p[c] * (gs[c] - along);
        }
    }
}
