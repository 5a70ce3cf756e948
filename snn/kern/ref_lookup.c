/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of spikes from tables, and neurons that answer with bits, in their plainest form; see
 * ref.c. */
#include "snn/kern/ref.h"

static uint32_t sources_of(uint32_t lanes)
{
    uint32_t sources = 0;

    while (1u << sources < lanes)
        sources++;
    return sources;
}

void snn_lookup_sum_ref(const snn_lookup_terms *terms, uint32_t lanes, size_t steps, float *out,
                        size_t stride)
{
    const uint32_t sources = sources_of(lanes);

    for (size_t s = 0; s < steps; s++) {
        for (size_t p = 0; p < (size_t)SNN_LOOKUP_GROUPS * lanes; p++) {
            double sum = 0.0;

            for (size_t k = 0; k < terms->tables; k++) {
                uint32_t index = 0;

                for (uint32_t j = 0; j < sources; j++)
                    index |= terms->x[terms->offset[k * sources + j] + (long)(s * lanes) +
                                      (long)(p % lanes)] >>
                             4 * (p / lanes);
                sum += (double)terms->table[k * lanes + index % lanes];
            }
            out[p / SNN_LOOKUP_LANES * stride + s * SNN_LOOKUP_LANES + p % SNN_LOOKUP_LANES] =
                (float)sum;
        }
    }
}

void snn_lookup_spread_ref(const uint16_t *const *bits, uint32_t lanes, size_t steps, uint32_t bit,
                           uint32_t *words)
{
    for (size_t s = 0; s < steps; s++) {
        for (size_t l = 0; l < lanes; l++) {
            uint32_t word = 0;

            for (size_t g = 0; g < SNN_LOOKUP_GROUPS; g++) {
                const size_t p = g * lanes + l;
                const uint16_t *from = bits[p / SNN_LOOKUP_LANES];

                if (from != NULL && (from[s] >> p % SNN_LOOKUP_LANES & 1) != 0)
                    word |= 1u << (4 * g + bit);
            }
            words[s * lanes + l] = word;
        }
    }
}

void snn_lif_fire_ref(const snn_lif *lif, size_t c, float bias, const float *row, size_t steps,
                      float *v, uint16_t *bits)
{
    for (size_t s = 0; s < steps; s++)
        bits[s] = 0;
    for (size_t l = 0; l < SNN_LOOKUP_LANES; l++) {
        double u = (double)v[l];

        for (size_t s = 0; s < steps; s++) {
            const double conv = (double)row[s * SNN_LOOKUP_LANES + l] + (double)bias;
            const double x =
                lif->mean != NULL
                    ? (conv - (double)lif->mean[c]) * (double)lif->scale[c] + (double)lif->shift[c]
                    : conv;
            const double h = (double)lif->decay * u + (double)lif->leak + (double)lif->gain * x;
            const bool fires = h >= (double)lif->threshold;

            if (fires)
                bits[s] = (uint16_t)(bits[s] | 1u << l);
            u = !fires                         ? h
                : lif->reset == SNN_RESET_HARD ? (double)lif->v_reset
                                               : h - (double)lif->threshold;
        }
        v[l] = (float)u;
    }
}
