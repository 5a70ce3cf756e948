/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LIF over time: see kern.h for the equations.  Columns are independent, so a
 * step is one plain loop over columns with the potential carried in `state`.
 * The choices (surrogate, reset, detach, smooth) are constants of the loops.
 */

#define PI_F 3.14159265358979323846f

/* Integral of the surrogate, for `smooth`.  atan and exp have no vector form
 * here: gradient checks are small. */
static inline float smooth_spike(snn_surrogate kind, float a, float x)
{
    const float ax = a * x;

    switch (kind) {
    case SNN_SURROGATE_ATAN:
        return atanf(0.5f * PI_F * ax) / PI_F + 0.5f;
    case SNN_SURROGATE_SIGMOID:
        return 1.0f / (1.0f + expf(-ax));
    case SNN_SURROGATE_TRIANGLE:
        if (ax <= -1.0f)
            return 0.0f;
        if (ax >= 1.0f)
            return 1.0f;
        return ax < 0.0f ? 0.5f * (1.0f + ax) * (1.0f + ax)
                         : 1.0f - 0.5f * (1.0f - ax) * (1.0f - ax);
    }
    return 0.0f;
}

static inline float surrogate_slope(snn_surrogate kind, float a, float x)
{
    switch (kind) {
    case SNN_SURROGATE_ATAN: {
        const float u = 0.5f * PI_F * a * x;

        return 0.5f * a / (1.0f + u * u);
    }
    case SNN_SURROGATE_SIGMOID: {
        /* s(z)(1-s(z)) = e/(1+e)^2 with e = exp(-|z|): no overflow on either side. */
        const float e = exp_negative(-fabsf(a * x));

        return a * e / ((1.0f + e) * (1.0f + e));
    }
    case SNN_SURROGATE_TRIANGLE: {
        const float rest = 1.0f - a * fabsf(x);

        return rest > 0.0f ? a * rest : 0.0f;
    }
    }
    return 0.0f;
}

/* Past the caches, where that is a matter of whole vectors. */
static inline void row_past(float *to, const float *from, size_t n)
{
#ifdef __SSE2__
    if ((uintptr_t)to % 16 == 0 && n % 4 == 0) {
        for (size_t i = 0; i < n; i += 4)
            _mm_stream_ps(to + i, _mm_loadu_ps(from + i));
        return;
    }
#endif
    memcpy(to, from, n * sizeof *to);
}

/* Beyond this times its foot a compact slope is 0, however alpha |h - threshold| was rounded. */
#define MARK_FOOT 1.000001f

/* What the neurons of a sample send in a step: marked, and dropped. */
static inline void lif_finish(const snn_lif *lif, const float *h, const float *mask, float *output)
{
    const float alpha = lif->alpha, threshold = lif->threshold;

    if (lif->mark)
        for (size_t c = 0; c < lif->channels; c++) {
            const bool near = alpha * fabsf(h[c] - threshold) < MARK_FOOT;

            output[c] = output[c] != 0.0f ? output[c] : near ? -0.0f : 0.0f;
        }
    if (lif->mark && mask != NULL)
        for (size_t c = 0; c < lif->channels; c++)
            output[c] = mask[c] != 0.0f ? output[c] * mask[c] : 0.0f;
    else if (mask != NULL)
        for (size_t c = 0; c < lif->channels; c++)
            output[c] *= mask[c];
}

/* `omp simd`: a step touches more arrays than the compiler is willing to compare, and none of
 * them overlap but conv and output, which then are the same.  What is optional is done in
 * loops of its own: a branch in this one costs the vectors. */
static inline __attribute__((always_inline)) void lif_forward_with(const snn_lif *lif, size_t j0,
                                                                   size_t j1, float *state,
                                                                   bool normed, bool smooth,
                                                                   bool filtered, bool centre)
{
    const float decay = lif->decay, gain = lif->gain, leak = lif->leak;
    const float threshold = lif->threshold, v_reset = lif->v_reset, syn_decay = lif->syn_decay;
    const float *mean = lif->mean, *scale = lif->scale, *shift = lif->shift;
    const bool hard = lif->reset == SNN_RESET_HARD;
    const size_t channels = lif->channels, columns = j1 - j0;
    float *unwanted = state + columns, *current = unwanted + columns;
    /* Of `unwanted` all but the first sample's part lies idle. */
    float *staged = lif->past && columns >= 2 * channels ? unwanted + channels : NULL;

    for (size_t j = 0; !lif->carry && j < columns; j++)
        state[j] = lif->start;
    if (filtered && !lif->carry)
        memset(current, 0, columns * sizeof *current);
    for (size_t t = 0; t < lif->steps; t++) {
        for (size_t j = j0; j < j1; j += channels) {
            const float *conv = lif->conv + t * lif->row + j;
            float *wanted = lif->output != NULL ? lif->output + t * lif->row + j : NULL;
            float *output = wanted == NULL ? unwanted : staged != NULL ? staged : wanted;
            float *h_row = lif->h != NULL ? lif->h + t * lif->h_row + j : unwanted;
            float *centred = centre ? lif->centred + t * lif->h_row + j : unwanted;
            float *v = state + (j - j0), *i = current + (j - j0);

#pragma omp simd
            for (size_t c = 0; c < channels; c++) {
                const float apart = normed ? conv[c] - mean[c] : conv[c];
                const float x = normed ? apart * scale[c] + shift[c] : apart;
                const float in = filtered ? syn_decay * i[c] + x : x;
                const float h = decay * v[c] + leak + gain * in;
                const float s = smooth ? smooth_spike(lif->surrogate, lif->alpha, h - threshold)
                                : h >= threshold ? 1.0f
                                                 : 0.0f;

                if (filtered)
                    i[c] = in;
                v[c] = hard ? (1.0f - s) * h + s * v_reset : h - s * threshold;
                h_row[c] = h;
                output[c] = s;
                if (centre)
                    centred[c] = apart;
            }
            if (wanted != NULL)
                lif_finish(lif, h_row, lif->mask != NULL ? lif->mask + j : NULL, output);
            if (wanted != NULL && lif->bits != NULL)
                bits_keep(lif, t, j, output);
            if (wanted != NULL && staged != NULL)
                row_past(wanted, staged, channels);
        }
    }
#ifdef __SSE2__
    if (staged != NULL)
        _mm_sfence();
#endif
}

/* The same again with every intermediate written down. */
static void lif_forward_keep(const snn_lif *lif, size_t j0, size_t j1, float *state)
{
    const bool hard = lif->reset == SNN_RESET_HARD, filtered = lif->syn_decay != 0.0f;
    float *current = state + 2 * (j1 - j0);

    for (size_t j = 0; !lif->carry && j < j1 - j0; j++)
        state[j] = lif->start;
    for (size_t j = 0; filtered && !lif->carry && j < j1 - j0; j++)
        current[j] = 0.0f;
    for (size_t t = 0; t < lif->steps; t++) {
        for (size_t j = j0; j < j1; j++) {
            const size_t at = t * lif->row + j, c = j % lif->channels;
            const float x = lif->mean != NULL
                                ? (lif->conv[at] - lif->mean[c]) * lif->scale[c] + lif->shift[c]
                                : lif->conv[at];
            const float in = filtered ? lif->syn_decay * current[j - j0] + x : x;
            const float h = lif->decay * state[j - j0] + lif->leak + lif->gain * in;
            const float s = lif->smooth
                                ? smooth_spike(lif->surrogate, lif->alpha, h - lif->threshold)
                            : h >= lif->threshold ? 1.0f
                                                  : 0.0f;
            const float v = hard ? (1.0f - s) * h + s * lif->v_reset : h - s * lif->threshold;

            if (filtered)
                current[j - j0] = in;
            state[j - j0] = v;
            if (lif->h != NULL)
                lif->h[t * lif->h_row + j] = h;
            if (lif->centred != NULL)
                lif->centred[t * lif->h_row + j] = lif->conv[at] - lif->mean[c];
            lif->keep_x[at] = x;
            lif->keep_v[at] = v;
            lif->keep_s[at] = s;
            lif->output[at] = lif->mask != NULL ? s * lif->mask[j] : s;
        }
    }
}

static void lif_forward(const snn_lif *lif, size_t j0, size_t j1, float *state)
{
    const bool normed = lif->mean != NULL, filtered = lif->syn_decay != 0.0f;

    if (lif->keep_x != NULL)
        lif_forward_keep(lif, j0, j1, state);
    else if (lif->smooth || (filtered && lif->centred != NULL))
        lif_forward_with(lif, j0, j1, state, normed, lif->smooth, filtered, lif->centred != NULL);
    else if (lif->centred != NULL)
        lif_forward_with(lif, j0, j1, state, true, false, false, true);
    else if (normed && filtered)
        lif_forward_with(lif, j0, j1, state, true, false, true, false);
    else if (normed)
        lif_forward_with(lif, j0, j1, state, true, false, false, false);
    else if (filtered)
        lif_forward_with(lif, j0, j1, state, false, false, true, false);
    else
        lif_forward_with(lif, j0, j1, state, false, false, false, false);
}

/* A row's part of the sums for normalisation: the row is in the cache. */
static void lif_sums(const snn_lif *lif, size_t t, size_t j0, size_t j1)
{
    float *restrict sum_g = lif->sum_g, *restrict sum_gx = lif->sum_gx;

    for (size_t j = j0; j < j1; j += lif->channels) {
        const float *restrict g = lif->g + t * lif->row + j;
        const float *restrict x = lif->centred + t * lif->h_row + j;

        for (size_t c = 0; c < lif->channels; c++) {
            sum_g[c] += g[c];
            sum_gx[c] += g[c] * x[c];
        }
    }
}

static inline __attribute__((always_inline)) void lif_backward_with(const snn_lif *lif, size_t j0,
                                                                    size_t j1, float *state,
                                                                    snn_surrogate kind, bool plain,
                                                                    bool filtered)
{
    const float decay = lif->decay, gain = lif->gain, a = lif->alpha, syn_decay = lif->syn_decay;
    const float threshold = lif->threshold, v_reset = lif->v_reset;
    const bool hard = lif->reset == SNN_RESET_HARD;
    const bool attached = !plain && !lif->detach_reset, smooth = !plain && lif->smooth;
    const size_t columns = j1 - j0;
    float *later =
        filtered ? state + columns : state; /* gradient at the current of the step after */

    memset(state, 0, (filtered ? 2 : 1) * columns * sizeof *state);
    for (size_t t = lif->steps; t-- > 0;) {
        const float *h_row = lif->h + t * lif->h_row + j0;
        float *g_row = lif->g + t * lif->row + j0;
        float *kept = lif->g_keep_s != NULL ? lif->g_keep_s + t * lif->row + j0 : NULL;
        const float *mask = lif->mask != NULL ? lif->mask + j0 : NULL;

        if (mask != NULL)
            for (size_t j = 0; j < columns; j++)
                g_row[j] *= mask[j];
        if (kept != NULL)
            memcpy(kept, g_row, columns * sizeof *kept);
        for (size_t j = 0; j < columns; j++) {
            const float h = h_row[j], over = h - threshold;
            const float r = surrogate_slope(kind, a, over);
            const float s = smooth ? smooth_spike(kind, a, over) : h >= threshold ? 1.0f : 0.0f;
            float dv = plain || hard ? 1.0f - s : 1.0f;
            float gh;

            if (attached)
                dv -= hard ? (h - v_reset) * r : threshold * r;
            gh = g_row[j] * r + state[j] * dv;
            state[j] = decay * gh;
            if (filtered)
                g_row[j] = later[j] = gain * gh + syn_decay * later[j];
            else
                g_row[j] = gain * gh;
        }
        if (lif->sum_g != NULL)
            lif_sums(lif, t, j0, j1);
    }
}

/* Hard reset, detached, hard spikes is what everybody trains with: its loops
 * carry no choices. */
static inline __attribute__((always_inline)) void
lif_backward_of(const snn_lif *lif, size_t j0, size_t j1, float *state, snn_surrogate kind)
{
    const bool plain = lif->reset == SNN_RESET_HARD && lif->detach_reset && !lif->smooth;
    const bool filtered = lif->syn_decay != 0.0f;

    if (plain && !filtered)
        lif_backward_with(lif, j0, j1, state, kind, true, false);
    else if (plain)
        lif_backward_with(lif, j0, j1, state, kind, true, true);
    else if (!filtered)
        lif_backward_with(lif, j0, j1, state, kind, false, false);
    else
        lif_backward_with(lif, j0, j1, state, kind, false, true);
}

static void lif_backward(const snn_lif *lif, size_t j0, size_t j1, float *state)
{
    switch (lif->surrogate) {
    case SNN_SURROGATE_ATAN:
        lif_backward_of(lif, j0, j1, state, SNN_SURROGATE_ATAN);
        break;
    case SNN_SURROGATE_SIGMOID:
        lif_backward_of(lif, j0, j1, state, SNN_SURROGATE_SIGMOID);
        break;
    case SNN_SURROGATE_TRIANGLE:
        lif_backward_of(lif, j0, j1, state, SNN_SURROGATE_TRIANGLE);
        break;
    }
}
