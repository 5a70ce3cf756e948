/* SPDX-License-Identifier: BSD-3-Clause */
/* Spans of a sample whose gradient is wanted, and their sums: see kern.h. */

#define SPAN_PROBE 16 /* channels that are looked at together */

/* A span's bits, or of what there is of it at the end of the steps. */
static inline void span_bits(const float *x, size_t stride, size_t steps, size_t channels,
                             uint32_t *restrict bits)
{
    memset(bits, 0, SPAN_PROBE * sizeof *bits);
    for (size_t t = 0; t < steps; t++) {
        uint32_t row[SPAN_PROBE] = {0};

        memcpy(row, x + t * stride, channels * sizeof *row);
        for (int i = 0; i < SPAN_PROBE; i++)
            bits[i] |= row[i];
    }
}

static void span_find(const float *x, size_t stride, size_t steps, size_t channels,
                      snn_spans *spans)
{
    uint32_t *restrict first = spans->first, found = 0;
    uint32_t *restrict found_step = spans->found_step;
    uint32_t *restrict found_channel = spans->found_channel;

    memset(first, 0, (channels + 2) * sizeof *first);
    for (size_t t = 0; t < steps; t += SNN_SPAN) {
        const size_t left = steps - t, rows = left < SNN_SPAN ? left : SNN_SPAN;
        const size_t ahead = left > SNN_SPAN ? left - SNN_SPAN : 0;

        for (size_t c0 = 0; c0 < channels; c0 += SPAN_PROBE) {
            const size_t n = channels - c0 < SPAN_PROBE ? channels - c0 : SPAN_PROBE;
            const float *at = x + t * stride + c0;
            uint32_t bits[SPAN_PROBE], any = 0;

            for (size_t r = 0; r < SNN_SPAN && r < ahead; r++) /* rows lie pages apart */
                __builtin_prefetch(at + (SNN_SPAN + r) * stride);
            if (n == SPAN_PROBE)
                span_bits(at, stride, rows, SPAN_PROBE, bits);
            else
                span_bits(at, stride, rows, n, bits);
            for (int i = 0; i < SPAN_PROBE; i++)
                any |= bits[i];
            if (any == 0)
                continue;
            for (size_t i = 0; i < n; i++) { /* written always, kept where there is one */
                const bool there = bits[i] != 0;

                found_step[found] = (uint32_t)t;
                found_channel[found] = (uint32_t)(c0 + i);
                found += there;
                first[c0 + i + 2] += there;
            }
        }
    }
    for (size_t c = 2; c <= channels + 1; c++)
        first[c] += first[c - 1];
    for (uint32_t n = 0; n < found; n++)
        spans->step[first[found_channel[n] + 1]++] = found_step[n];
}

typedef float span_vec __attribute__((vector_size(4 * SNN_SPAN), aligned(4), may_alias));

/* Spans e .. of one row, side by side: each is one chain of additions, so that one that waits
 * does not hold up the others. */
#define SPANS_BLOCK(COUNT)                                                                         \
    static inline void spans_block##COUNT(const snn_row_terms *terms, size_t from, size_t to,      \
                                          const uint32_t *step, float *sum)                        \
    {                                                                                              \
        const float *in[COUNT];                                                                    \
        span_vec add[COUNT];                                                                       \
                                                                                                   \
        for (int e = 0; e < (COUNT); e++) {                                                        \
            in[e] = terms->in + step[e];                                                           \
            add[e] = *(const span_vec *)(sum + e * SNN_SPAN);                                      \
        }                                                                                          \
        for (size_t n = from; n < to; n++) {                                                       \
            const long offset = terms->offset[n];                                                  \
            const span_vec w = terms->weight[n] - (span_vec){0};                                   \
                                                                                                   \
            for (int e = 0; e < (COUNT); e++)                                                      \
                add[e] += w * *(const span_vec *)(in[e] + offset);                                 \
        }                                                                                          \
        for (int e = 0; e < (COUNT); e++)                                                          \
            *(span_vec *)(sum + e * SNN_SPAN) = add[e];                                            \
    }
SPANS_BLOCK(4)
SPANS_BLOCK(2)
SPANS_BLOCK(1)
#undef SPANS_BLOCK

static void span_add(const snn_row_terms *terms, size_t rows, const snn_spans *spans, float *sum)
{
    for (size_t r = 0; r < rows; r++) {
        const size_t from = terms->first[r], to = terms->first[r + 1], end = spans->first[r + 1];
        size_t e = spans->first[r];

        for (; e + 4 <= end; e += 4)
            spans_block4(terms, from, to, spans->step + e, sum + e * SNN_SPAN);
        if (e + 2 <= end) {
            spans_block2(terms, from, to, spans->step + e, sum + e * SNN_SPAN);
            e += 2;
        }
        if (e < end)
            spans_block1(terms, from, to, spans->step + e, sum + e * SNN_SPAN);
    }
}
