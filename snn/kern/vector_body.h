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

static void softmax_rows(size_t n, size_t width, const float *v, float *p)
{
    for (size_t i = 0; i < n; i++) {
        const float *in = v + i * width;
        float *out = p + i * width;
        float top = in[0], sum = 0.0f;

        for (size_t c = 1; c < width; c++)
            top = in[c] > top ? in[c] : top;
        for (size_t c = 0; c < width; c++)
            out[c] = exp_negative(in[c] - top);
        for (size_t c = 0; c < width; c++)
            sum += out[c];
        for (size_t c = 0; c < width; c++)
            out[c] /= sum;
    }
}
