/* SPDX-License-Identifier: BSD-3-Clause */
/* Spans in their plainest form; see ref.c. */
#include "snn/kern/ref.h"

#include <string.h>

static bool is_wanted(float x)
{
    const float zero = 0.0f;

    return memcmp(&x, &zero, sizeof x) != 0;
}

void snn_span_find_ref(const float *x, size_t stride, size_t steps, size_t channels,
                       snn_spans *spans)
{
    uint32_t n = 0;

    for (size_t c = 0; c < channels; c++) {
        spans->first[c] = n;
        for (size_t t = 0; t < steps; t += SNN_SPAN) {
            bool any = false;

            for (size_t s = t; s < t + SNN_SPAN && s < steps; s++)
                any = any || is_wanted(x[s * stride + c]);
            if (any)
                spans->step[n++] = (uint32_t)t;
        }
    }
    spans->first[channels] = n;
}

void snn_span_add_ref(const snn_row_terms *terms, size_t rows, const snn_spans *spans, float *sum)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t at = (size_t)spans->first[r] * SNN_SPAN;
             at < (size_t)spans->first[r + 1] * SNN_SPAN; at++) {
            const size_t step = spans->step[at / SNN_SPAN] + at % SNN_SPAN;
            double add = (double)sum[at];

            for (size_t n = terms->first[r]; n < terms->first[r + 1]; n++)
                add += (double)terms->weight[n] * (double)terms->in[terms->offset[n] + (long)step];
            sum[at] = (float)add;
        }
    }
}
