/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A layer of delayed synapses with its parameters: taps are built from weights,
 * positions and sigma, a plan applies them, and gradients come back through both.
 */
#ifndef SNN_DELAY_SYNAPSE_H
#define SNN_DELAY_SYNAPSE_H

#include "snn/delay/delay.h"
#include "snn/delay/shared.h"
#include "snn/kern/kern.h"

/*
 * taps: what is built and collected.  Each synapse has its own, or (shared) each neuron
 * that has a delay, m times: then taps.synapses = M C, taps.elements = 1 and their weights are
 * ones, for the synapses' weights come in elsewhere.
 */
typedef struct snn_synapse {
    snn_context *ctx;
    snn_delay_plan *plan;    /* sharing synapse; else NULL */
    snn_shared shared;       /* sharing axonal, dendritic */
    snn_taps taps;           /* parameters are borrowed from the network */
    snn_delay_kernel kernel; /* own, in the plan's form; shared: dense */
    float *g_kernel;         /* like kernel.value, lent: one block serves all layers of a tape */
    float *ones;             /* shared: [M C] own, the weights of bumps .. */
    float *g_ones;           /* .. and their gradient, which nobody wants */
    float *lanes;            /* scratch of the taps' kernels, one piece a worker */
    const uint8_t *mask;     /* [n_out][n_in] borrowed; NULL: every synapse exists */
} snn_synapse;

/* Columns of a row of taps: synapses, or neurons with a delay times `elements`. */
size_t snn_synapse_columns(uint32_t n_in, uint32_t n_out, uint32_t elements, snn_sharing sharing);

/* Plan `synapse` for a problem; `taps` gives version, elements and parameters, with one
 * position and sigma a synapse or, by `sharing`, a neuron. */
SNN_MUST_USE snn_status snn_synapse_init(snn_synapse *synapse, snn_context *ctx,
                                         const snn_delay_problem *problem, snn_sharing sharing,
                                         snn_solver wish, const snn_taps *taps, snn_error *err);
void snn_synapse_clear(snn_synapse *synapse);

/* Numbers in taps, and in their gradient. */
size_t snn_synapse_taps(const snn_synapse *synapse);
/* Scratch: floats that a step needs, and the block of at least as many to use. */
size_t snn_synapse_scratch_floats(const snn_synapse *synapse);
void snn_synapse_lend_scratch(snn_synapse *synapse, float *scratch);
/* How it is computed: a solver's name, "axonal" or "dendritic". */
const char *snn_synapse_solver(const snn_synapse *synapse);

/*
 * A step of the layer, in this order; the order of delay.h follows from it:
 *
 *     begin, build, forward, [kernel_gradient, collect, [input_gradient]]
 */
void snn_synapse_begin(snn_synapse *synapse, uint32_t batch, uint32_t steps);
/* Build the taps, as trained or one-hot at rounded positions, and hand them to the plan. */
void snn_synapse_build(snn_synapse *synapse, bool one_hot);
/* Taps, or their gradient, in the plan's form to dense [D][S]. */
void snn_synapse_show(const snn_synapse *synapse, const float *taps, float *dense);
/* y [T', B, n_out] = the delayed synapses' output. */
void snn_synapse_forward(snn_synapse *synapse, const snn_frames *x, float *y);
/* From gy at the output to the gradient of the taps, in g_kernel; shared: of weights, too. */
void snn_synapse_kernel_gradient(snn_synapse *synapse, const snn_frames *x, const float *gy);
/* From g_kernel to the parameters' gradients (pointers in synapse->taps). */
void snn_synapse_collect(snn_synapse *synapse);
/* gx [T, B, n_in] = gradient at the input; last, as it may destroy what forward kept.
 * `marked`: gx is x, and marked (delay.h): only what x says is wanted. */
void snn_synapse_input_gradient(snn_synapse *synapse, const float *gy, float *gx, bool marked);

#endif
