/* SPDX-License-Identifier: BSD-3-Clause */
/* Events of a sample and the rows they reach: see kern.h. */

#define PROBE 16 /* cells that are looked at together for one that is not zero */
#define AHEAD 2  /* rows that are fetched before their turn */

#ifdef __AVX512F__
#include <immintrin.h>

/* Lists those of n <= PROBE cells that are not zero, from channel c0, behind `found`. */
static inline uint32_t event_list(const float *cells, size_t n, uint32_t t, size_t c0,
                                  snn_cells *events, uint32_t found)
{
    const __mmask16 there = (__mmask16)((1u << n) - 1u);
    uint32_t bits = _mm512_mask_cmp_ps_mask(there, _mm512_maskz_loadu_ps(there, cells),
                                            _mm512_setzero_ps(), _CMP_NEQ_UQ);

    for (; bits != 0; bits &= bits - 1, found++) {
        const uint32_t i = (uint32_t)__builtin_ctz(bits);

        events->found_step[found] = t;
        events->found_channel[found] = (uint32_t)c0 + i;
        events->found_value[found] = cells[i];
        events->first[c0 + i + 2]++;
    }
    return found;
}
#else
static inline uint32_t event_list(const float *cells, size_t n, uint32_t t, size_t c0,
                                  snn_cells *events, uint32_t found)
{
    uint32_t *restrict found_step = events->found_step;
    uint32_t *restrict found_channel = events->found_channel;
    float *restrict found_value = events->found_value;

    if (n == PROBE) {
        uint32_t bits[PROBE], any = 0;

        memcpy(bits, cells, sizeof bits);
        for (int i = 0; i < PROBE; i++)
            any |= bits[i];
        if (any << 1 == 0) /* all are +0 or -0 */
            return found;
    }
    for (size_t i = 0; i < n; i++) { /* written always, kept where there is one */
        const bool there = cells[i] != 0.0f;

        found_step[found] = t;
        found_channel[found] = (uint32_t)(c0 + i);
        found_value[found] = cells[i];
        found += there;
        events->first[c0 + i + 2] += there;
    }
    return found;
}
#endif

static void event_find(const float *x, size_t stride, size_t steps, size_t channels,
                       snn_cells *events)
{
    uint32_t *first = events->first, found = 0;

    memset(first, 0, (channels + 2) * sizeof *first);
    for (size_t t = 0; t < steps; t++) {
        const float *row = x + t * stride;
        const float *ahead = t + AHEAD < steps ? row + AHEAD * stride : NULL;

        for (size_t c = 0; c < channels; c += PROBE) {
            if (ahead != NULL) /* rows lie pages apart: nobody else foresees them */
                __builtin_prefetch(ahead + c);
            found = event_list(row + c, channels - c < PROBE ? channels - c : PROBE, (uint32_t)t, c,
                               events, found);
        }
    }
    for (size_t c = 2; c <= channels + 1; c++)
        first[c] += first[c - 1];
    for (uint32_t n = 0; n < found; n++) {
        const uint32_t to = first[events->found_channel[n] + 1]++;

        events->step[to] = events->found_step[n];
        events->value[to] = events->found_value[n];
    }
}

static void event_scatter(const snn_cells *events, const snn_event_block *block, size_t n,
                          float *out, size_t stride)
{
    const uint32_t *restrict step = events->step;
    const float *restrict value = events->value;

    for (size_t i = 0; i < n; i++) {
        const uint32_t channel = block->channel[i], to = events->first[channel + 1];
        const uint32_t *delay = block->delay + 4 * i;
        const float *w = block->weight + 4 * i;
        const float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
        float *row0 = out + delay[0], *row1 = out + stride + delay[1];
        float *row2 = out + 2 * stride + delay[2], *row3 = out + 3 * stride + delay[3];

        for (uint32_t e = events->first[channel]; e < to; e++) {
            const size_t t = step[e];
            const float v = value[e];

            row0[t] += w0 * v;
            row1[t] += w1 * v;
            row2[t] += w2 * v;
            row3[t] += w3 * v;
        }
    }
}

/* Two events at a time: with one, each sum would wait for its last addition.  A channel's number
 * of events is nobody's guess, so where the second is missing it counts as a zero and not as a
 * branch. */
static void event_gather(const snn_cells *events, const snn_event_block *block, size_t n,
                         const float *in, size_t stride, float *g)
{
    const uint32_t *restrict step = events->step;
    const float *restrict value = events->value;

    for (size_t i = 0; i < n; i++) {
        const uint32_t channel = block->channel[i], to = events->first[channel + 1];
        const uint32_t *delay = block->delay + 4 * i;
        const float *row0 = in + delay[0], *row1 = in + stride + delay[1];
        const float *row2 = in + 2 * stride + delay[2], *row3 = in + 3 * stride + delay[3];
        float sum0 = 0.0f, sum1 = 0.0f, sum2 = 0.0f, sum3 = 0.0f;
        float odd0 = 0.0f, odd1 = 0.0f, odd2 = 0.0f, odd3 = 0.0f;

        for (uint32_t e = events->first[channel]; e < to; e += 2) {
            const uint32_t more = e + 1 < to;
            const size_t t = step[e], u = step[e + more];
            const float v = value[e];
            uint32_t bits;
            float w;

            memcpy(&bits, &value[e + more], sizeof bits);
            bits &= 0u - more;
            memcpy(&w, &bits, sizeof w);
            sum0 += v * row0[t];
            sum1 += v * row1[t];
            sum2 += v * row2[t];
            sum3 += v * row3[t];
            odd0 += w * row0[u];
            odd1 += w * row1[u];
            odd2 += w * row2[u];
            odd3 += w * row3[u];
        }
        g[4 * i] += sum0 + odd0;
        g[4 * i + 1] += sum1 + odd1;
        g[4 * i + 2] += sum2 + odd2;
        g[4 * i + 3] += sum3 + odd3;
    }
}
