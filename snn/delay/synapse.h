/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A layer of delayed synapses with its parameters: taps are built from weights,
 * positions and sigma, a plan applies them, and gradients come back through both.
 */
#ifndef SNN_DELAY_SYNAPSE_H
#define SNN_DELAY_SYNAPSE_H

#include "snn/delay/delay.h"
#include "snn/kern/kern.h"

typedef struct snn_synapse {
    snn_context *ctx;
    snn_delay_plan *plan;
    snn_taps taps;           /* parameters are borrowed from the network */
    snn_delay_kernel kernel; /* own, in the plan's form */
    float *g_kernel;         /* like kernel.value, lent: one block serves all layers of a tape */
    float *lanes;            /* scratch of the taps' kernels, one piece a worker */
    const uint8_t *mask;     /* [S] borrowed; NULL: every synapse exists */
} snn_synapse;

/* Plan `synapse` for a problem; `taps` gives version, elements and parameters. */
SNN_MUST_USE snn_status snn_synapse_init(snn_synapse *synapse, snn_context *ctx,
                                         const snn_delay_problem *problem, snn_solver wish,
                                         const snn_taps *taps, snn_error *err);
void snn_synapse_clear(snn_synapse *synapse);

/*
 * A step of the layer, in this order; the order of delay.h follows from it:
 *
 *     begin, build, forward, [parameter_gradient, collect, [input_gradient]]
 */
void snn_synapse_begin(snn_synapse *synapse, uint32_t batch, uint32_t steps);
/* Build the taps, as trained or one-hot at rounded positions, and hand them to the plan. */
void snn_synapse_build(snn_synapse *synapse, bool one_hot);
/* y [T', B, n_out] = the delayed synapses' output. */
void snn_synapse_forward(snn_synapse *synapse, const snn_frames *x, float *y);
/* From gy at the output to the gradient of the taps, in g_kernel. */
void snn_synapse_kernel_gradient(snn_synapse *synapse, const snn_frames *x, const float *gy);
/* From g_kernel to the parameters' gradients (pointers in synapse->taps). */
void snn_synapse_collect(snn_synapse *synapse);
/* gx [T, B, n_in] = gradient at the input; last, as it may destroy what forward kept. */
void snn_synapse_input_gradient(snn_synapse *synapse, const float *gy, float *gx);

#endif
