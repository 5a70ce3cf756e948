/* SPDX-License-Identifier: BSD-3-Clause */
/* Events of a sample and the rows they reach: see kern.h. */

#define PROBE 16 /* cells that are looked at together for one that is not zero */
#define AHEAD 2  /* rows that are fetched before their turn */

static void event_find(const float *x, size_t stride, size_t steps, size_t channels,
                       snn_cells *events)
{
    uint32_t *restrict first = events->first, found = 0;
    uint32_t *restrict found_step = events->found_step;
    uint32_t *restrict found_channel = events->found_channel;
    float *restrict found_value = events->found_value;

    memset(first, 0, (channels + 2) * sizeof *first);
    for (size_t t = 0; t < steps; t++) {
        const float *row = x + t * stride;
        const float *ahead = t + AHEAD < steps ? row + AHEAD * stride : NULL;

        for (size_t c0 = 0; c0 < channels; c0 += PROBE) {
            const size_t c1 = channels - c0 < PROBE ? channels : c0 + PROBE;
            uint32_t any = 0;

            if (ahead != NULL) /* rows lie pages apart: nobody else foresees them */
                __builtin_prefetch(ahead + c0);
            if (c1 - c0 == PROBE) {
                uint32_t bits[PROBE];

                memcpy(bits, row + c0, sizeof bits);
                for (int i = 0; i < PROBE; i++)
                    any |= bits[i];
                if (any << 1 == 0) /* all are +0 or -0 */
                    continue;
            }
            for (size_t c = c0; c < c1; c++) { /* written always, kept where there is one */
                const bool there = row[c] != 0.0f;

                found_step[found] = (uint32_t)t;
                found_channel[found] = (uint32_t)c;
                found_value[found] = row[c];
                found += there;
                first[c + 2] += there;
            }
        }
    }
    for (size_t c = 2; c <= channels + 1; c++)
        first[c] += first[c - 1];
    for (uint32_t n = 0; n < found; n++) {
        const uint32_t to = first[found_channel[n] + 1]++;

        events->step[to] = found_step[n];
        events->value[to] = found_value[n];
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

static void event_gather(const snn_cells *events, const snn_event_block *block, size_t n,
                         const float *in, size_t stride, float *g)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t channel = block->channel[i], to = events->first[channel + 1];
        const uint32_t *delay = block->delay + 4 * i;
        const float *row0 = in + delay[0], *row1 = in + stride + delay[1];
        const float *row2 = in + 2 * stride + delay[2], *row3 = in + 3 * stride + delay[3];
        float sum0 = 0.0f, sum1 = 0.0f, sum2 = 0.0f, sum3 = 0.0f;

        for (uint32_t e = events->first[channel]; e < to; e++) {
            const size_t t = events->step[e];
            const float v = events->value[e];

            sum0 += v * row0[t];
            sum1 += v * row1[t];
            sum2 += v * row2[t];
            sum3 += v * row3[t];
        }
        g[4 * i] += sum0;
        g[4 * i + 1] += sum1;
        g[4 * i + 2] += sum2;
        g[4 * i + 3] += sum3;
    }
}
