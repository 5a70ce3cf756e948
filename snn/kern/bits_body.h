/* SPDX-License-Identifier: BSD-3-Clause */
/* What neurons send, as bits: see snn_lif.bits in kern.h. */

/* Of 32 numbers: which are not 0, and which have a sign (of those that neurons send, -0 alone). */
static inline uint32_t bits_of(const float *x, uint32_t *signs)
{
    uint32_t live = 0, negative = 0;

#ifdef __SSE2__
    for (size_t i = 0; i < 32; i += 4) {
        const __m128 four = _mm_loadu_ps(x + i);
        const __m128 apart = _mm_cmpneq_ps(four, _mm_setzero_ps());

        live |= (uint32_t)_mm_movemask_ps(apart) << i;
        negative |= (uint32_t)_mm_movemask_ps(four) << i;
    }
#else
    for (size_t i = 0; i < 32; i++) {
        live |= (uint32_t)(x[i] != 0.0f) << i;
        negative |= (uint32_t)(signbit(x[i]) != 0) << i;
    }
#endif
    *signs = negative;
    return live;
}

/* Keep the output of sample j / channels in step t. */
static inline void bits_keep(const snn_lif *lif, size_t t, size_t j, const float *output)
{
    const size_t channels = lif->channels, words = snn_bit_words(channels);
    const size_t at = (t * (lif->row / channels) + j / channels) * words;

    for (size_t c = 0; c < channels; c += 32) {
        float last[32] = {0.0f};
        const float *x = output + c;
        uint32_t signs;

        if (channels - c < 32) {
            memcpy(last, x, (channels - c) * sizeof *x);
            x = last;
        }
        lif->bits[at + c / 32] = bits_of(x, &signs);
        if (lif->marks != NULL)
            lif->marks[at + c / 32] = signs;
    }
}

/* n <= 32 numbers: `value` (NULL: 1) where a bit is set, else 0 with the sign of the mark. */
static inline void bits_spread(uint32_t live, uint32_t mark, const float *value, float *to,
                               size_t n)
{
    static const float one = 1.0f;
    uint32_t plain;

    memcpy(&plain, &one, sizeof plain);
    for (size_t i = 0; i < n; i++) {
        const uint32_t is = 0u - (live >> i & 1u), sign = (mark >> i & 1u) << 31;
        uint32_t word = plain;

        if (value != NULL)
            memcpy(&word, value + i, sizeof word);
        word = (word & is) | sign;
        memcpy(to + i, &word, sizeof word);
    }
}

static void lif_output(const snn_lif *lif, size_t t0, size_t t1)
{
    const size_t channels = lif->channels, words = snn_bit_words(channels);

    for (size_t t = t0; t < t1; t++)
        for (size_t j = 0; j < lif->row; j += channels) {
            const size_t at = (t * (lif->row / channels) + j / channels) * words;

            for (size_t c = 0; c < channels; c += 32) {
                const uint32_t live = lif->bits[at + c / 32];
                const uint32_t mark = lif->marks != NULL ? lif->marks[at + c / 32] : 0;
                const float *value = lif->mask != NULL ? lif->mask + j + c : NULL;
                float *to = lif->output + t * lif->row + j + c;

                if (channels - c >= 32) /* a number of times that the compiler knows */
                    bits_spread(live, mark, value, to, 32);
                else
                    bits_spread(live, mark, value, to, channels - c);
            }
        }
}
