/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delayed synapses of spikes, one tap each, by sums looked up in tables: a forward pass at
 * rounded delays, whose input is bits and whose output goes neuron by neuron to whoever fires
 * it.  The kernels, and how samples lie in words, are in kern.h.
 *
 *     y[t, b, o] = sum_m sum_i w[m, o, i] x[t - d[m, o, i], b, i]        x in {0, 1}
 *
 * Spikes pass from layer to layer as snn_spike_bits.  A source's row of words has D-1 silent
 * steps before its first, and silent ones behind its last, so no shift leaves it.  One row
 * more is always silent, for tables with fewer sources than others.
 */
#ifndef SNN_DELAY_LOOKUP_H
#define SNN_DELAY_LOOKUP_H

#include "snn/delay/delay.h"

/* Spikes of sub-blocks of 16 samples: sample b is bit b % 16 of
 * bits[(b / 16 * channels + channel) * stride + step]; stride is what `steps` needs at most. */
typedef struct snn_spike_bits {
    uint16_t *bits;
    size_t channels, stride;
} snn_spike_bits;

static inline uint16_t *snn_spike_row(const snn_spike_bits *spikes, size_t sub_block,
                                      size_t channel)
{
    return spikes->bits + (sub_block * spikes->channels + channel) * spikes->stride;
}

typedef struct snn_lookup {
    snn_context *ctx;
    size_t n_in, n_out, n_taps, elements;
    size_t lanes, sources; /* L, K */
    size_t tables;         /* of a neuron */
    size_t row;            /* words of a source */
    size_t samples;        /* of a block */
    size_t batch, blocks;  /* of this pass */
    uint32_t *words;       /* [blocks][n_in + 1][row] */
    int32_t *offset;       /* [n_out][tables][K] */
    float *table;          /* [n_out][tables][L] */
} snn_lookup;

/* Steps that are summed together: a multiple of them is always computed. */
#define SNN_LOOKUP_STEPS 16u

/* Whether a layer of width 1 can be computed so on this instruction set; its work, and what that
 * costs in multiply-adds at matrix-product speed. */
bool snn_lookup_fits(const snn_context *ctx, const snn_delay_problem *problem);
void snn_lookup_count(const snn_context *ctx, const snn_delay_problem *problem,
                      snn_delay_work *work);
double snn_lookup_cost(const snn_context *ctx, const snn_delay_problem *problem);

/* Floats of scratch for a problem; nothing else is allocated. */
size_t snn_lookup_floats(const snn_context *ctx, const snn_delay_problem *problem);
/* Set up a pass of a layer in that scratch: tables of these taps, words of these spikes. */
void snn_lookup_begin(snn_lookup *lookup, snn_context *ctx, const snn_delay_problem *problem,
                      uint32_t batch, float *scratch);
void snn_lookup_set_kernel(snn_lookup *lookup, const snn_delay_kernel *kernel);
void snn_lookup_set_spikes(snn_lookup *lookup, const snn_spike_bits *spikes, size_t steps);

/* Sub-blocks of a block. */
static inline size_t snn_lookup_parts(const snn_lookup *lookup)
{
    return lookup->samples / 16;
}
/* Sums of neuron o at steps t .. t + SNN_LOOKUP_STEPS - 1: out[part][step][16]. */
void snn_lookup_sums(const snn_lookup *lookup, size_t block, size_t o, size_t t, float *out);

#endif
