/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adaptive LIF over time: see kern.h for the equations.  As in lif_body.h a step is a
 * plain loop over columns; here channels have constants of their own, so it goes sample
 * by sample.  `omp simd`: a step touches more arrays than the compiler is willing to
 * compare, and none of them overlap but conv and output, which then are the same.  What
 * is optional is done in loops of its own: a branch in this one costs the vectors.
 */

/* Constants of all channels. */
typedef struct {
    const float *decay_u, *gain_u, *decay_w, *gain_w, *a, *b;
} adlif_constants;

static inline adlif_constants adlif_constants_of(const snn_adlif *adlif)
{
    return (adlif_constants){adlif->decay_u, adlif->gain_u, adlif->decay_w,
                             adlif->gain_w,  adlif->a,      adlif->b};
}

static inline float spike_value(const snn_lif *lif, float over, bool smooth)
{
    return smooth ? smooth_spike(lif->surrogate, lif->alpha, over) : over >= 0.0f ? 1.0f : 0.0f;
}

static inline void apply_mask(float *x, const float *mask, size_t n)
{
    for (size_t c = 0; c < n; c++)
        x[c] *= mask[c];
}

static inline void copy_row(float *to, const float *from, size_t n)
{
    memcpy(to, from, n * sizeof *to);
}

static inline __attribute__((always_inline)) void adlif_forward_with(const snn_adlif *adlif,
                                                                     size_t j0, size_t j1,
                                                                     float *state, bool normed,
                                                                     bool smooth)
{
    const snn_lif *lif = &adlif->lif;
    const adlif_constants k = adlif_constants_of(adlif);
    const float *mean = lif->mean, *scale = lif->scale, *shift = lif->shift;
    const float threshold = lif->threshold;
    const bool hard = lif->reset == SNN_RESET_HARD;
    const size_t channels = lif->channels, columns = j1 - j0;
    float *unwanted = state + 2 * columns;

    if (!lif->carry)
        memset(state, 0, 2 * columns * sizeof *state);
    for (size_t t = 0; t < lif->steps; t++) {
        for (size_t j = j0; j < j1; j += channels) {
            const size_t at = t * lif->row + j;
            const float *conv = lif->conv + at;
            float *output = lif->output != NULL ? lif->output + at : unwanted;
            float *h_row = lif->h != NULL ? lif->h + t * lif->h_row + j : unwanted;
            float *u = state + (j - j0), *w = u + columns;

#pragma omp simd
            for (size_t c = 0; c < channels; c++) {
                const float x = normed ? (conv[c] - mean[c]) * scale[c] + shift[c] : conv[c];
                const float h = k.decay_u[c] * u[c] + k.gain_u[c] * (x - w[c]);
                const float s = spike_value(lif, h - threshold, smooth);
                const float after = hard ? (1.0f - s) * h : h - s * threshold;

                u[c] = after;
                w[c] = k.decay_w[c] * w[c] + k.gain_w[c] * (k.a[c] * after + k.b[c] * s);
                h_row[c] = h;
                output[c] = s;
            }
            if (output != unwanted)
                lif_finish(lif, h_row, lif->mask != NULL ? lif->mask + j : NULL, output);
            if (output != unwanted && lif->bits != NULL)
                bits_keep(lif, t, j, output);
            if (adlif->w != NULL)
                copy_row(adlif->w + at, w, channels);
        }
    }
}

/* The same again with every intermediate written down. */
static void adlif_forward_keep(const snn_adlif *adlif, size_t j0, size_t j1, float *state)
{
    const snn_lif *lif = &adlif->lif;
    const adlif_constants k = adlif_constants_of(adlif);
    const bool hard = lif->reset == SNN_RESET_HARD;

    if (!lif->carry)
        memset(state, 0, 2 * (j1 - j0) * sizeof *state);
    for (size_t t = 0; t < lif->steps; t++) {
        for (size_t j = j0; j < j1; j++) {
            const size_t at = t * lif->row + j, c = j % lif->channels;
            float *u = state + (j - j0), *w = u + (j1 - j0);
            const float x = lif->mean != NULL
                                ? (lif->conv[at] - lif->mean[c]) * lif->scale[c] + lif->shift[c]
                                : lif->conv[at];
            const float h = k.decay_u[c] * *u + k.gain_u[c] * (x - *w);
            const float s = spike_value(lif, h - lif->threshold, lif->smooth);

            *u = hard ? (1.0f - s) * h : h - s * lif->threshold;
            *w = k.decay_w[c] * *w + k.gain_w[c] * (k.a[c] * *u + k.b[c] * s);
            if (lif->h != NULL)
                lif->h[t * lif->h_row + j] = h;
            if (adlif->w != NULL)
                adlif->w[at] = *w;
            lif->keep_x[at] = x;
            lif->keep_v[at] = *u;
            lif->keep_s[at] = s;
            lif->output[at] = lif->mask != NULL ? s * lif->mask[j] : s;
        }
    }
}

static void adlif_forward(const snn_adlif *adlif, size_t j0, size_t j1, float *state)
{
    const snn_lif *lif = &adlif->lif;

    if (lif->keep_x != NULL)
        adlif_forward_keep(adlif, j0, j1, state);
    else if (lif->smooth)
        adlif_forward_with(adlif, j0, j1, state, lif->mean != NULL, true);
    else if (lif->mean != NULL)
        adlif_forward_with(adlif, j0, j1, state, true, false);
    else
        adlif_forward_with(adlif, j0, j1, state, false, false);
}

/*
 * One sample at one step.  later_h, later_w: gh and gw of the step after, then of this
 * one.  The state before the first step is 0.
 */
static inline __attribute__((always_inline)) void
adlif_backward_step(const snn_adlif *adlif, size_t t, size_t j, float *later_h, float *later_w,
                    snn_surrogate kind, bool plain, bool first, bool with_w)
{
    const snn_lif *lif = &adlif->lif;
    const size_t at = t * lif->row + j;
    const adlif_constants k = adlif_constants_of(adlif);
    const size_t channels = lif->channels;
    const float threshold = lif->threshold;
    const bool hard = plain || lif->reset == SNN_RESET_HARD, smooth = !plain && lif->smooth;
    const bool attached = !plain && !lif->detach_reset;
    const float *h_row = lif->h + t * lif->h_row + j,
                *h_before = first ? h_row : h_row - lif->h_row;
    const float *w_row = with_w ? adlif->w + at : h_row,
                *w_before = first ? w_row : w_row - lif->row;
    float *g_row = lif->g + at;
    float *sum_a = adlif->sums, *sum_b = sum_a + channels, *sum_u = sum_b + channels,
          *sum_w = sum_u + channels;

    if (lif->mask != NULL)
        apply_mask(g_row, lif->mask + j, channels);
    if (lif->g_keep_s != NULL)
        copy_row(lif->g_keep_s + at, g_row, channels);
#pragma omp simd
    for (size_t c = 0; c < channels; c++) {
        const float h = h_row[c], before = h_before[c], over = h - threshold;
        const float r = surrogate_slope(kind, lif->alpha, over);
        const float s = spike_value(lif, over, smooth);
        const float s_before = spike_value(lif, before - threshold, smooth);
        const float u = hard ? (1.0f - s) * h : h - s * threshold;
        const float u_before = first  ? 0.0f
                               : hard ? (1.0f - s_before) * before
                                      : before - s_before * threshold;
        const float g_w = k.decay_w[c] * later_w[c] - k.gain_u[c] * later_h[c];
        const float into = k.gain_w[c] * g_w;
        const float g_u = k.decay_u[c] * later_h[c] + into * k.a[c];
        float du = hard ? 1.0f - s : 1.0f, g_h;

        if (attached)
            du -= hard ? h * r : threshold * r;
        g_h = (g_row[c] + into * k.b[c]) * r + g_u * du;
        sum_a[c] += g_w * u;
        sum_b[c] += g_w * s;
        sum_u[c] += g_h * (u_before - h);
        if (with_w)
            sum_w[c] += g_w * ((first ? 0.0f : w_before[c]) - w_row[c]);
        later_h[c] = g_h;
        later_w[c] = g_w;
        g_row[c] = k.gain_u[c] * g_h;
    }
}

static inline __attribute__((always_inline)) void
adlif_backward_with(const snn_adlif *adlif, size_t j0, size_t j1, float *state, snn_surrogate kind,
                    bool plain, bool with_w)
{
    const snn_lif *lif = &adlif->lif;

    memset(state, 0, 2 * (j1 - j0) * sizeof *state);
    memset(adlif->sums, 0, SNN_ADLIF_SUMS * lif->channels * sizeof *adlif->sums);
    for (size_t t = lif->steps; t-- > 0;) {
        for (size_t j = j0; j < j1; j += lif->channels) {
            float *later_h = state + (j - j0), *later_w = later_h + (j1 - j0);

            if (t > 0)
                adlif_backward_step(adlif, t, j, later_h, later_w, kind, plain, false, with_w);
            else
                adlif_backward_step(adlif, 0, j, later_h, later_w, kind, plain, true, with_w);
        }
    }
}

/* As for lif: what everybody trains with has loops without choices. */
static inline __attribute__((always_inline)) void
adlif_backward_of(const snn_adlif *adlif, size_t j0, size_t j1, float *state, snn_surrogate kind)
{
    const snn_lif *lif = &adlif->lif;
    const bool plain = lif->reset == SNN_RESET_HARD && lif->detach_reset && !lif->smooth;

    if (plain && adlif->w != NULL)
        adlif_backward_with(adlif, j0, j1, state, kind, true, true);
    else if (plain)
        adlif_backward_with(adlif, j0, j1, state, kind, true, false);
    else
        adlif_backward_with(adlif, j0, j1, state, kind, false, adlif->w != NULL);
}

static void adlif_backward(const snn_adlif *adlif, size_t j0, size_t j1, float *state)
{
    switch (adlif->lif.surrogate) {
    case SNN_SURROGATE_ATAN:
        adlif_backward_of(adlif, j0, j1, state, SNN_SURROGATE_ATAN);
        break;
    case SNN_SURROGATE_SIGMOID:
        adlif_backward_of(adlif, j0, j1, state, SNN_SURROGATE_SIGMOID);
        break;
    case SNN_SURROGATE_TRIANGLE:
        adlif_backward_of(adlif, j0, j1, state, SNN_SURROGATE_TRIANGLE);
        break;
    }
}
