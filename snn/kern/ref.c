/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernels in their plainest form: each output by itself, from the formula in
 * kern.h, in double precision, rounded once when stored.  The specification that
 * tests/kern compares every table with; never made faster.
 */
#include "snn/kern/ref.h"
#include "snn/kern/ref_stencil.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* ---- taps ------------------------------------------------------------------ */

typedef enum { BUMP_GAUSS, BUMP_MAX, BUMP_LINEAR } bump_kind;

/* One delayed weight of one synapse. */
typedef struct {
    bump_kind kind;
    int from, to; /* taps of the window: all of them where dense */
    double w, p, s;
    double sign; /* d|sigma| / d sigma; 0 where sigma is not used */
} bump;

static double sign(double x)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0;
}

static bump bump_of(const snn_taps *taps, size_t synapse, uint32_t m)
{
    const size_t at = m * taps->synapses + synapse;
    const double centre = (double)(taps->n_taps / 2);
    const double sigma = (double)taps->sigma[at];
    double position = (double)taps->position[at];
    const uint32_t width = taps->width > 0 ? taps->width : taps->n_taps;
    bump b = {.kind = BUMP_MAX, .w = (double)taps->weight[at], .s = 1.0};

    if (taps->one_hot) {
        position = fmin(fmax(nearbyint(position), -centre), centre);
    } else if (taps->version == SNN_KERNEL_GAUSS) {
        b.kind = BUMP_GAUSS;
        b.s = fabs(sigma) + 0.27;
        b.sign = sign(sigma);
    } else if (taps->version == SNN_KERNEL_MAX) {
        b.s = fabs(sigma) + 1.0;
        b.sign = sign(sigma);
    } else if (taps->version == SNN_KERNEL_V0) {
        b.kind = BUMP_LINEAR;
    }
    b.p = position + centre;
    b.from = (int)snn_taps_start((float)position + (float)centre, width, taps->n_taps,
                                 b.kind == BUMP_LINEAR);
    b.to = b.from + (int)width;
    return b;
}

static double bump_x(const bump *b, int k)
{
    const double left = floor(b->p), r = b->p - left;

    switch (b->kind) {
    case BUMP_GAUSS:
        return exp(-0.5 * ((k - b->p) / b->s) * ((k - b->p) / b->s));
    case BUMP_MAX:
        return fmax(0.0, b->s - fabs(k - b->p));
    case BUMP_LINEAR:
        return k == left ? 1.0 - r : k == left + 1.0 ? r : 0.0;
    }
    return 0.0;
}

/* What x is divided by. */
static double bump_sum(const bump *b)
{
    double sum = 1e-7;

    if (b->kind == BUMP_LINEAR)
        return 1.0;
    for (int k = b->from; k < b->to; k++)
        sum += bump_x(b, k);
    return sum;
}

/* Index of tap k of element m of synapse s among taps of either form. */
static size_t tap_index(const snn_taps *taps, const bump *b, int k, size_t s, uint32_t m)
{
    if (taps->width == 0)
        return (taps->n_taps - 1 - (size_t)k) * taps->synapses + s;
    return ((size_t)(b->to - 1 - k) * taps->elements + m) * taps->synapses + s;
}

static void taps_forward_narrow(const snn_taps *taps, size_t s0, size_t s1)
{
    for (size_t s = s0; s < s1; s++) {
        for (uint32_t m = 0; m < taps->elements; m++) {
            const bump b = bump_of(taps, s, m);

            for (int k = b.from; k < b.to; k++)
                taps->kernel[tap_index(taps, &b, k, s, m)] =
                    (float)(b.w * bump_x(&b, k) / bump_sum(&b));
            taps->first[m * taps->synapses + s] = (uint16_t)((int)taps->n_taps - b.to);
        }
    }
}

static void taps_forward(const snn_taps *taps, size_t s0, size_t s1, float *scratch)
{
    (void)scratch;
    if (taps->width > 0) {
        taps_forward_narrow(taps, s0, s1);
        return;
    }
    for (size_t s = s0; s < s1; s++) {
        for (uint32_t d = 0; d < taps->n_taps; d++) {
            const int k = (int)(taps->n_taps - 1 - d);
            double tap = 0.0;

            for (uint32_t m = 0; m < taps->elements; m++) {
                const bump b = bump_of(taps, s, m);

                tap += b.w * bump_x(&b, k) / bump_sum(&b);
            }
            taps->kernel[d * taps->synapses + s] = (float)tap;
        }
    }
}

/* Derivative of x_k with respect to p and to s. */
static double bump_dp(const bump *b, int k)
{
    const double u = k - b->p, left = floor(b->p);

    switch (b->kind) {
    case BUMP_GAUSS:
        return bump_x(b, k) * u / (b->s * b->s);
    case BUMP_MAX:
        return bump_x(b, k) > 0.0 ? sign(u) : 0.0;
    case BUMP_LINEAR:
        return k == left ? -1.0 : k == left + 1.0 ? 1.0 : 0.0;
    }
    return 0.0;
}

static double bump_ds(const bump *b, int k)
{
    const double u = k - b->p;

    switch (b->kind) {
    case BUMP_GAUSS:
        return bump_x(b, k) * u * u / (b->s * b->s * b->s);
    case BUMP_MAX:
        return bump_x(b, k) > 0.0 ? 1.0 : 0.0;
    case BUMP_LINEAR:
        return 0.0;
    }
    return 0.0;
}

/* y = x / S, S = sum x + e:  dL = sum_k g_k dy_k = (1/S) sum_k (g_k - sum_j g_j y_j) dx_k;
 * v0 has S = 1 and no such mean. */
static void taps_backward(const snn_taps *taps, size_t s0, size_t s1, float *scratch)
{
    (void)scratch;
    for (size_t s = s0; s < s1; s++) {
        for (uint32_t m = 0; m < taps->elements; m++) {
            const bump b = bump_of(taps, s, m);
            const double sum = bump_sum(&b);
            const size_t at = m * taps->synapses + s;
            double mean = 0.0, g_p = 0.0, g_s = 0.0;

            for (int k = b.from; k < b.to; k++) {
                const double g = (double)taps->g_kernel[tap_index(taps, &b, k, s, m)];

                mean += g * bump_x(&b, k) / sum;
            }
            for (int k = b.from; k < b.to; k++) {
                const double g = (double)taps->g_kernel[tap_index(taps, &b, k, s, m)];
                const double rest = b.kind == BUMP_LINEAR ? g : g - mean;

                g_p += b.w / sum * rest * bump_dp(&b, k);
                g_s += b.w / sum * rest * bump_ds(&b, k);
            }
            taps->g_weight[at] = (float)mean;
            taps->g_position[at] = (float)g_p;
            if (taps->g_sigma != NULL)
                taps->g_sigma[at] = (float)(b.sign * g_s);
        }
    }
}

/* ---- shifts ------------------------------------------------------------------ */

/* Element (t, b, c) of an array of `steps` steps; 0 before and after them. */
static double shift_at(const snn_shift *shift, const float *a, size_t steps, ptrdiff_t t, size_t b,
                       size_t c)
{
    if (t < 0 || t >= (ptrdiff_t)steps)
        return 0.0;
    return (double)a[((size_t)t * shift->batch + b) * shift->channels + c];
}

static void shift_forward(const snn_shift *shift, const float *x, float *y, bool add, size_t b0,
                          size_t b1)
{
    for (size_t t = 0; t < shift->steps_out; t++) {
        for (size_t b = b0; b < b1; b++) {
            for (size_t c = 0; c < shift->channels; c++) {
                float *out = y + (t * shift->batch + b) * shift->channels + c;
                double sum = add ? (double)*out : 0.0;

                for (size_t d = 0; d < shift->n_taps; d++)
                    sum += (double)shift->taps[d * shift->stride + c] *
                           shift_at(shift, x, shift->steps, (ptrdiff_t)t - (ptrdiff_t)d, b, c);
                *out = (float)sum;
            }
        }
    }
}

static void shift_backward(const snn_shift *shift, const float *gy, float *gx, bool add, size_t b0,
                           size_t b1)
{
    for (size_t t = 0; t < shift->steps; t++) {
        for (size_t b = b0; b < b1; b++) {
            for (size_t c = 0; c < shift->channels; c++) {
                float *out = gx + (t * shift->batch + b) * shift->channels + c;
                double sum = add ? (double)*out : 0.0;

                for (size_t d = 0; d < shift->n_taps; d++)
                    sum += (double)shift->taps[d * shift->stride + c] *
                           shift_at(shift, gy, shift->steps_out, (ptrdiff_t)(t + d), b, c);
                *out = (float)sum;
            }
        }
    }
}

static void shift_gradient(const snn_shift *shift, const float *x, const float *gy, float *g_taps,
                           size_t b0, size_t b1)
{
    for (size_t d = 0; d < shift->n_taps; d++) {
        for (size_t c = 0; c < shift->channels; c++) {
            double sum = 0.0;

            for (size_t t = 0; t < shift->steps_out; t++)
                for (size_t b = b0; b < b1; b++)
                    sum += shift_at(shift, gy, shift->steps_out, (ptrdiff_t)t, b, c) *
                           shift_at(shift, x, shift->steps, (ptrdiff_t)t - (ptrdiff_t)d, b, c);
            g_taps[d * shift->channels + c] = (float)sum;
        }
    }
}

/* ---- leaky integrate and fire ------------------------------------------------ */

static double spike_of(const snn_lif *lif, double x)
{
    const double z = (double)lif->alpha * x;

    if (!lif->smooth)
        return x >= 0.0 ? 1.0 : 0.0;
    switch (lif->surrogate) {
    case SNN_SURROGATE_ATAN:
        return atan(0.5 * PI * z) / PI + 0.5;
    case SNN_SURROGATE_SIGMOID:
        return 1.0 / (1.0 + exp(-z));
    case SNN_SURROGATE_TRIANGLE:
        return z <= -1.0  ? 0.0
               : z >= 1.0 ? 1.0
               : z < 0.0  ? 0.5 * (1.0 + z) * (1.0 + z)
                          : 1.0 - 0.5 * (1.0 - z) * (1.0 - z);
    }
    return 0.0;
}

static double slope_of(const snn_lif *lif, double x)
{
    const double a = (double)lif->alpha, z = a * x;

    switch (lif->surrogate) {
    case SNN_SURROGATE_ATAN:
        return 0.5 * a / (1.0 + 0.25 * PI * PI * z * z);
    case SNN_SURROGATE_SIGMOID:
        return a * exp(-fabs(z)) / ((1.0 + exp(-fabs(z))) * (1.0 + exp(-fabs(z))));
    case SNN_SURROGATE_TRIANGLE:
        return a * fmax(0.0, 1.0 - fabs(z));
    }
    return 0.0;
}

static float output_of(const snn_lif *lif, size_t j, double h, double s)
{
    const double mask = lif->mask != NULL ? (double)lif->mask[j] : 1.0;

    if (lif->mark && lif->keep_x == NULL && mask != 0.0 && s == 0.0 &&
        slope_of(lif, h - (double)lif->threshold) != 0.0)
        return -0.0f;
    return (float)(s * mask);
}

/* A column's output as bits; those of the columns beside it stay. */
static void keep_bits(const snn_lif *lif, size_t j)
{
    const size_t c = j % lif->channels, words = snn_bit_words(lif->channels);
    const uint32_t bit = 1u << c % 32;

    for (size_t t = 0; lif->bits != NULL && t < lif->steps; t++) {
        const float output = lif->output[t * lif->row + j];
        const size_t at = (t * lif->row + j) / lif->channels * words + c / 32;

        lif->bits[at] = (lif->bits[at] & ~bit) | (output != 0.0f ? bit : 0);
        if (lif->marks != NULL)
            lif->marks[at] = (lif->marks[at] & ~bit) | (signbit(output) ? bit : 0);
    }
}

static void lif_output(const snn_lif *lif, size_t t0, size_t t1)
{
    const size_t words = snn_bit_words(lif->channels);

    for (size_t i = t0 * lif->row; i < t1 * lif->row; i++) {
        const size_t c = i % lif->channels, at = i / lif->channels * words + c / 32;
        const float value = lif->mask != NULL ? lif->mask[i % lif->row] : 1.0f;
        const bool mark = lif->marks != NULL && (lif->marks[at] >> c % 32 & 1u);

        lif->output[i] = lif->bits[at] >> c % 32 & 1u ? value : mark ? -0.0f : 0.0f;
    }
}

static void lif_forward(const snn_lif *lif, size_t j0, size_t j1, float *state)
{
    const double threshold = (double)lif->threshold;

    (void)state;
    for (size_t j = j0; j < j1; j++) {
        const size_t c = j % lif->channels;
        double v = (double)lif->start, i = 0.0;

        for (size_t t = 0; t < lif->steps; t++) {
            const size_t at = t * lif->row + j;
            double x = (double)lif->conv[at], h, s;

            if (lif->mean != NULL)
                x = (x - (double)lif->mean[c]) * (double)lif->scale[c] + (double)lif->shift[c];
            i = (double)lif->syn_decay * i + x;
            h = (double)lif->decay * v + (double)lif->leak + (double)lif->gain * i;
            s = spike_of(lif, h - threshold);
            v = lif->reset == SNN_RESET_HARD ? (1.0 - s) * h + s * (double)lif->v_reset
                                             : h - s * threshold;
            if (lif->h != NULL)
                lif->h[t * lif->h_row + j] = (float)h;
            if (lif->centred != NULL)
                lif->centred[t * lif->h_row + j] =
                    (float)((double)lif->conv[at] - (double)lif->mean[c]);
            if (lif->keep_x != NULL) {
                lif->keep_x[at] = (float)x;
                lif->keep_v[at] = (float)v;
                lif->keep_s[at] = (float)s;
            }
            if (lif->output != NULL)
                lif->output[at] = output_of(lif, j, h, s);
        }
        keep_bits(lif, j);
    }
}

static void lif_backward(const snn_lif *lif, size_t j0, size_t j1, float *state)
{
    const double threshold = (double)lif->threshold;

    (void)state;
    for (size_t j = j0; j < j1; j++) {
        const size_t c = j % lif->channels;
        double g_v = 0.0, g_x = 0.0, sum_g = 0.0, sum_gx = 0.0;

        for (size_t t = lif->steps; t-- > 0;) {
            const size_t at = t * lif->row + j;
            const double h = (double)lif->h[t * lif->h_row + j];
            const double s = spike_of(lif, h - threshold), r = slope_of(lif, h - threshold);
            const double g_s =
                (double)lif->g[at] * (lif->mask != NULL ? (double)lif->mask[j] : 1.0);
            double dv = lif->reset == SNN_RESET_HARD ? 1.0 - s : 1.0;
            double g_h;

            if (!lif->detach_reset)
                dv -= (lif->reset == SNN_RESET_HARD ? h - (double)lif->v_reset : threshold) * r;
            g_h = g_s * r + g_v * dv;
            g_v = (double)lif->decay * g_h;
            g_x = (double)lif->gain * g_h + (double)lif->syn_decay * g_x;
            if (lif->g_keep_s != NULL)
                lif->g_keep_s[at] = (float)g_s;
            lif->g[at] = (float)g_x;
            sum_g += g_x;
            if (lif->sum_gx != NULL)
                sum_gx += g_x * (double)lif->centred[t * lif->h_row + j];
        }
        if (lif->sum_g != NULL) {
            lif->sum_g[c] = (float)((double)lif->sum_g[c] + sum_g);
            lif->sum_gx[c] = (float)((double)lif->sum_gx[c] + sum_gx);
        }
    }
}

/* ---- adaptive LIF ------------------------------------------------------------------ */

static double after_reset(const snn_lif *lif, double h, double s)
{
    return lif->reset == SNN_RESET_HARD ? (1.0 - s) * h : h - s * (double)lif->threshold;
}

static void adlif_forward(const snn_adlif *adlif, size_t j0, size_t j1, float *state)
{
    const snn_lif *lif = &adlif->lif;

    (void)state;
    for (size_t j = j0; j < j1; j++) {
        const size_t c = j % lif->channels;
        double u = 0.0, w = 0.0;

        for (size_t t = 0; t < lif->steps; t++) {
            const size_t at = t * lif->row + j;
            double x = (double)lif->conv[at], h, s;

            if (lif->mean != NULL)
                x = (x - (double)lif->mean[c]) * (double)lif->scale[c] + (double)lif->shift[c];
            h = (double)adlif->decay_u[c] * u + (double)adlif->gain_u[c] * (x - w);
            s = spike_of(lif, h - (double)lif->threshold);
            u = after_reset(lif, h, s);
            w = (double)adlif->decay_w[c] * w +
                (double)adlif->gain_w[c] * ((double)adlif->a[c] * u + (double)adlif->b[c] * s);
            if (lif->h != NULL)
                lif->h[t * lif->h_row + j] = (float)h;
            if (adlif->w != NULL)
                adlif->w[at] = (float)w;
            if (lif->keep_x != NULL) {
                lif->keep_x[at] = (float)x;
                lif->keep_v[at] = (float)u;
                lif->keep_s[at] = (float)s;
            }
            if (lif->output != NULL)
                lif->output[at] = output_of(lif, j, h, s);
        }
        keep_bits(lif, j);
    }
}

/* Backward over one column; sums of its channel are added to. */
static void adlif_column(const snn_adlif *adlif, size_t j, double sums[SNN_ADLIF_SUMS])
{
    const snn_lif *lif = &adlif->lif;
    const size_t c = j % lif->channels;
    const double threshold = (double)lif->threshold;
    double g_h = 0.0, g_w = 0.0;

    for (size_t t = lif->steps; t-- > 0;) {
        const size_t at = t * lif->row + j, before = at - lif->row;
        const double h = (double)lif->h[t * lif->h_row + j], s = spike_of(lif, h - threshold);
        const double r = slope_of(lif, h - threshold), u = after_reset(lif, h, s);
        const double g_s = (double)lif->g[at] * (lif->mask != NULL ? (double)lif->mask[j] : 1.0);
        double du = lif->reset == SNN_RESET_HARD ? 1.0 - s : 1.0, g_u, u_before = 0.0;

        if (t > 0) {
            const double h_before = (double)lif->h[(t - 1) * lif->h_row + j];

            u_before = after_reset(lif, h_before, spike_of(lif, h_before - threshold));
        }
        if (!lif->detach_reset)
            du -= (lif->reset == SNN_RESET_HARD ? h : threshold) * r;
        g_w = (double)adlif->decay_w[c] * g_w - (double)adlif->gain_u[c] * g_h;
        g_u =
            (double)adlif->decay_u[c] * g_h + (double)adlif->gain_w[c] * (double)adlif->a[c] * g_w;
        g_h = (g_s + (double)adlif->gain_w[c] * (double)adlif->b[c] * g_w) * r + g_u * du;
        sums[0] += g_w * u;
        sums[1] += g_w * s;
        sums[2] += g_h * (u_before - h);
        if (adlif->w != NULL)
            sums[3] += g_w * ((t > 0 ? (double)adlif->w[before] : 0.0) - (double)adlif->w[at]);
        if (lif->g_keep_s != NULL)
            lif->g_keep_s[at] = (float)g_s;
        lif->g[at] = (float)((double)adlif->gain_u[c] * g_h);
    }
}

static void adlif_backward(const snn_adlif *adlif, size_t j0, size_t j1, float *state)
{
    const size_t channels = adlif->lif.channels;

    (void)state;
    for (size_t c = 0; c < channels; c++) {
        double sums[SNN_ADLIF_SUMS] = {0};

        for (size_t j = j0 + c; j < j1; j += channels)
            adlif_column(adlif, j, sums);
        for (size_t i = 0; i < SNN_ADLIF_SUMS; i++)
            adlif->sums[i * channels + c] = (float)sums[i];
    }
}

/* ---- sums for batch normalisation ---------------------------------------------- */

static bool is_valid(const snn_norm *norm, size_t b, size_t t)
{
    return norm->valid == NULL || t < norm->valid[b];
}

static void norm_sum(const snn_norm *norm, size_t b0, size_t b1, float *sum)
{
    for (size_t c = 0; c < norm->channels; c++) {
        double total = 0.0;

        for (size_t b = b0; b < b1; b++)
            for (size_t t = 0; t < norm->steps; t++)
                if (is_valid(norm, b, t))
                    total += (double)norm->x[t * norm->row + b * norm->channels + c];
        sum[c] = (float)total;
    }
}

static void norm_moments(const snn_norm *norm, size_t b0, size_t b1, float *mean, float *square)
{
    for (size_t c = 0; c < norm->channels; c++) {
        double rows = 0.0, total = 0.0, squares = 0.0, middle;

        for (size_t b = b0; b < b1; b++) {
            for (size_t t = 0; t < norm->steps; t++) {
                if (!is_valid(norm, b, t))
                    continue;
                total += (double)norm->x[t * norm->row + b * norm->channels + c];
                rows += 1.0;
            }
        }
        middle = rows > 0.0 ? total / rows : 0.0;
        for (size_t b = b0; b < b1; b++) {
            for (size_t t = 0; t < norm->steps; t++) {
                const double x = (double)norm->x[t * norm->row + b * norm->channels + c] - middle;

                if (is_valid(norm, b, t))
                    squares += x * x;
            }
        }
        mean[c] = (float)middle;
        square[c] = (float)squares;
    }
}

static void norm_backward_sum(const snn_norm *norm, size_t b0, size_t b1, float *sum_g,
                              float *sum_gx)
{
    for (size_t c = 0; c < norm->channels; c++) {
        double total = 0.0, total_x = 0.0;

        for (size_t b = b0; b < b1; b++) {
            for (size_t t = 0; t < norm->steps; t++) {
                const size_t at = t * norm->row + b * norm->channels + c;
                const double g = (double)norm->g[at];

                total += g;
                total_x +=
                    g * ((double)norm->x[at] - (double)norm->mean[c]) * (double)norm->inv_std[c];
            }
        }
        sum_g[c] = (float)total;
        sum_gx[c] = (float)total_x;
    }
}

static void norm_backward(const snn_norm *norm, size_t b0, size_t b1, const float *scale,
                          const float *mean_g, const float *mean_gx, float *g)
{
    for (size_t b = b0; b < b1; b++) {
        for (size_t t = 0; t < norm->steps; t++) {
            for (size_t c = 0; c < norm->channels; c++) {
                const size_t at = t * norm->row + b * norm->channels + c;
                const double x_hat =
                    ((double)norm->x[at] - (double)norm->mean[c]) * (double)norm->inv_std[c];
                double rest = (double)g[at];

                if (is_valid(norm, b, t))
                    rest -= (double)mean_g[c] + x_hat * (double)mean_gx[c];
                g[at] = (float)((double)scale[c] * rest);
            }
        }
    }
}

/* ---- optimiser ------------------------------------------------------------------- */

static void adam_update(const snn_adam *adam, size_t n, float *theta, const float *g, float *m,
                        float *v)
{
    const double beta1 = (double)adam->beta1, beta2 = (double)adam->beta2;

    for (size_t i = 0; i < n; i++) {
        const double grad =
            (double)g[i] * (double)adam->gradient_scale + (double)adam->decay * (double)theta[i];
        const double m_new = beta1 * (double)m[i] + (1.0 - beta1) * grad;
        const double v_new = beta2 * (double)v[i] + (1.0 - beta2) * grad * grad;

        theta[i] =
            (float)((double)theta[i] - (double)adam->step * m_new /
                                           (sqrt(v_new) * (double)adam->root + (double)adam->eps));
        m[i] = (float)m_new;
        v[i] = (float)v_new;
    }
}

const snn_kern snn_kern_ref = {
    .name = "ref",
    .taps_forward = taps_forward,
    .taps_backward = taps_backward,
    .shift_forward = shift_forward,
    .shift_backward = shift_backward,
    .shift_gradient = shift_gradient,
    .rows_add = snn_rows_add_ref,
    .rows_dot = snn_rows_dot_ref,
    .transpose = snn_transpose_ref,
    .lif_fire = snn_lif_fire_ref,
    .transpose_past = snn_transpose_ref,
    .bf16_pack = snn_bf16_pack_ref,
    .bf16_product = snn_bf16_product_ref,
    .event_find = snn_event_find_ref,
    .event_scatter = snn_event_scatter_ref,
    .event_gather = snn_event_gather_ref,
    .span_find = snn_span_find_ref,
    .span_add = snn_span_add_ref,
    .dft_forward = snn_dft_forward_ref,
    .dft_inverse = snn_dft_inverse_ref,
    .lif_forward = lif_forward,
    .lif_output = lif_output,
    .lif_backward = lif_backward,
    .adlif_forward = adlif_forward,
    .adlif_backward = adlif_backward,
    .norm_sum = norm_sum,
    .norm_moments = norm_moments,
    .norm_backward_sum = norm_backward_sum,
    .norm_backward = norm_backward,
    .adam = adam_update,
    .softmax = snn_softmax_ref,
    .softmax_sum = snn_softmax_sum_ref,
    .softmax_backward = snn_softmax_backward_ref,
    .stencil_forward = snn_ref_stencil_forward,
    .stencil_backward = snn_ref_stencil_backward,
    .cells_add = snn_ref_cells_add,
    .voxel_logits = snn_ref_voxel_logits,
    .voxel_best = snn_ref_voxel_best,
    .voxel_gradient = snn_ref_voxel_gradient,
};
