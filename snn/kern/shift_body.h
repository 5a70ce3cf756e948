/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Taps of each channel along time: see kern.h.
 *
 * Steps are outermost, so that rows are read in the order of memory and the D rows that a
 * step needs stay in a core's own cache; sums over taps stay in registers, a block of
 * channels at a time.
 */

#define SHIFT_WIDE    64 /* channels of a block; the rest of a row in blocks of .. */
#define SHIFT_NARROW  16 /* .. and what then remains */
#define SHIFT_SAMPLES 4  /* samples whose gradients are summed before they are stored */

/* y = sum_d taps[d] x[d * step] over `n` taps, for `lanes` channels. */
static inline void shift_block(const float *taps, size_t stride, size_t n, const float *x,
                               ptrdiff_t step, float *y, bool add, int lanes)
{
    float sum[SHIFT_WIDE];

    for (int i = 0; i < lanes; i++)
        sum[i] = add ? y[i] : 0.0f;
    for (size_t d = 0; d < n; d++) {
        const float *k = taps + d * stride, *in = x + (ptrdiff_t)d * step;

        for (int i = 0; i < lanes; i++)
            sum[i] += k[i] * in[i];
    }
    for (int i = 0; i < lanes; i++)
        y[i] = sum[i];
}

/* All channels of a sample at one step.  Constant widths let the compiler unroll. */
static void shift_row(const snn_shift *shift, size_t d0, size_t n, const float *x, ptrdiff_t step,
                      float *y, bool add)
{
    const float *taps = shift->taps + d0 * shift->stride;
    size_t c = 0;

    for (; c + SHIFT_WIDE <= shift->channels; c += SHIFT_WIDE)
        shift_block(taps + c, shift->stride, n, x + c, step, y + c, add, SHIFT_WIDE);
    for (; c + SHIFT_NARROW <= shift->channels; c += SHIFT_NARROW)
        shift_block(taps + c, shift->stride, n, x + c, step, y + c, add, SHIFT_NARROW);
    if (c < shift->channels)
        shift_block(taps + c, shift->stride, n, x + c, step, y + c, add,
                    (int)(shift->channels - c));
}

/* Taps d0 .. d0 + n that reach from step t of the output into the T steps of the input. */
static inline size_t shift_reach(const snn_shift *shift, size_t t, size_t *n)
{
    const size_t d0 = t < shift->steps ? 0 : t - shift->steps + 1;
    const size_t end = t + 1 < shift->n_taps ? t + 1 : shift->n_taps;

    *n = d0 < end ? end - d0 : 0;
    return *n > 0 ? d0 : 0;
}

static void shift_forward(const snn_shift *shift, const float *x, float *y, bool add, size_t b0,
                          size_t b1)
{
    const size_t row = shift->batch * shift->channels;

    for (size_t t = 0; t < shift->steps_out; t++) {
        size_t n;
        const size_t d0 = shift_reach(shift, t, &n);
        const float *from = n > 0 ? x + (t - d0) * row : x;

        for (size_t b = b0; b < b1; b++)
            shift_row(shift, d0, n, from + b * shift->channels, -(ptrdiff_t)row,
                      y + t * row + b * shift->channels, add);
    }
}

static void shift_backward(const snn_shift *shift, const float *gy, float *gx, bool add, size_t b0,
                           size_t b1)
{
    const size_t row = shift->batch * shift->channels;

    for (size_t t = 0; t < shift->steps; t++) {
        const size_t left = t < shift->steps_out ? shift->steps_out - t : 0;
        const size_t n = left < shift->n_taps ? left : shift->n_taps;
        const float *from = n > 0 ? gy + t * row : gy;

        for (size_t b = b0; b < b1; b++)
            shift_row(shift, 0, n, from + b * shift->channels, (ptrdiff_t)row,
                      gx + t * row + b * shift->channels, add);
    }
}

/* Add gy x[d * step] of some samples (`next` floats apart) to n rows of g_taps. */
static inline void shift_outer(float *g_taps, size_t stride, size_t n, const float *x,
                               ptrdiff_t step, const float *gy, size_t next, int samples, int lanes)
{
    for (size_t d = 0; d < n; d++) {
        const float *in = x + (ptrdiff_t)d * step;
        float *out = g_taps + d * stride, sum[SHIFT_WIDE];

        for (int i = 0; i < lanes; i++)
            sum[i] = out[i];
        for (int b = 0; b < samples; b++)
            for (int i = 0; i < lanes; i++)
                sum[i] += gy[(size_t)b * next + (size_t)i] * in[(size_t)b * next + (size_t)i];
        for (int i = 0; i < lanes; i++)
            out[i] = sum[i];
    }
}

static inline void shift_outer_row(const snn_shift *shift, float *g_taps, size_t n, const float *x,
                                   const float *gy, int samples)
{
    const size_t channels = shift->channels;
    const ptrdiff_t step = -(ptrdiff_t)(shift->batch * channels);
    size_t c = 0;

    for (; c + SHIFT_NARROW <= channels; c += SHIFT_NARROW)
        shift_outer(g_taps + c, channels, n, x + c, step, gy + c, channels, samples, SHIFT_NARROW);
    if (c < channels)
        shift_outer(g_taps + c, channels, n, x + c, step, gy + c, channels, samples,
                    (int)(channels - c));
}

static void shift_gradient(const snn_shift *shift, const float *x, const float *gy, float *g_taps,
                           size_t b0, size_t b1)
{
    const size_t channels = shift->channels, row = shift->batch * channels;

    memset(g_taps, 0, shift->n_taps * channels * sizeof *g_taps);
    for (size_t t = 0; t < shift->steps_out; t++) {
        size_t n, b = b0;
        const size_t d0 = shift_reach(shift, t, &n);
        const float *from = n > 0 ? x + (t - d0) * row : x, *g = gy + t * row;

        for (; b + SHIFT_SAMPLES <= b1; b += SHIFT_SAMPLES)
            shift_outer_row(shift, g_taps + d0 * channels, n, from + b * channels, g + b * channels,
                            SHIFT_SAMPLES);
        for (; b < b1; b++)
            shift_outer_row(shift, g_taps + d0 * channels, n, from + b * channels, g + b * channels,
                            1);
    }
}
