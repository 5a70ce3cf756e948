/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synapses that share delays: a bump along time for each presynaptic neuron (axonal) or
 * each postsynaptic one (dendritic), a weight for each synapse, M times (kernel_count).
 *
 *     axonal     K[d][o][i] = sum_m w[m][o][i] bump[d][m][i]      z_m[t] = sum_d bump[d][m] *
 * x[t-d] y = sum_m z_m w_m^T dendritic  K[d][o][i] = sum_m w[m][o][i] bump[d][m][o]      u_m = x
 * w_m^T y[t] = sum_m sum_d bump[d][m] * u_m[t-d]
 *
 * (* by channel).  The full kernel is never made: one matrix product a kernel in the place of
 * D, and taps of n channels in the place of n_in n_out.  README.md has the gradients.
 *
 * The order of calls is delay.h's: begin, forward, [gradient, [input_gradient]]; planned
 * sizes, tiles and scratch as there.
 */
#ifndef SNN_DELAY_SHARED_H
#define SNN_DELAY_SHARED_H

#include "snn/delay/delay.h"

typedef struct snn_shared {
    snn_context *ctx;
    snn_delay_problem problem;
    bool axonal;
    uint32_t elements;                /* M */
    uint32_t channels;                /* C: neurons that have a delay, n_in or n_out */
    const float *weight;              /* [M][n_out][n_in] borrowed */
    const float *bump;                /* [D][M][C] borrowed; as it is when forward is called */
    float *g_weight;                  /* [M][n_out][n_in] borrowed */
    uint32_t batch, steps, steps_out; /* of this step */
    size_t rows;                      /* of `between`: T'B axonal, TB dendritic */
    float *between;                   /* [M][rows][C] z or u: own for training, else in scratch */
    bool owns_between;
    float *g_between;      /* [M][rows][C] in scratch */
    float *partial;        /* [tiles][D][M][C] in scratch */
    size_t product_floats; /* of a worker, at the scratch's begin; 0 in float32 */
    size_t scratch_floats;
    float *scratch; /* shared with others; holds nothing from one layer to the next */
} snn_shared;

/* The problem's layer with what `shared` already says: axonal, elements, weight, bump, g_weight. */
SNN_MUST_USE snn_status snn_shared_init(snn_shared *shared, snn_context *ctx,
                                        const snn_delay_problem *problem);
void snn_shared_clear(snn_shared *shared);

void snn_shared_begin(snn_shared *shared, uint32_t batch, uint32_t steps);
void snn_shared_forward(snn_shared *shared, const float *x, float *y);
/* Gradients of the bumps, g_bump [D][M][C], and of the weights. */
void snn_shared_gradient(snn_shared *shared, const float *x, const float *gy, float *g_bump);
/* From what snn_shared_gradient left in the scratch. */
void snn_shared_input_gradient(snn_shared *shared, float *gx);

#endif
