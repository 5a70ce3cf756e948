/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A feed-forward network of integrate-and-fire layers whose synapses have
 * a weight and a delay, and the tape that holds one batch's activations and
 * gradients.
 *
 * Layer l = 0 .. n-1 hidden, layer n the read-out:
 *
 *   x -> delayed synapses -> (+ bias) -> batch norm -> neurons -> dropout -> next
 *   read-out: delayed synapses -> (+ bias) -> leaky integrator
 *
 * params.h says what neurons there are (snn_neuron_model).
 *
 * Tensors are asked for by name.  Of the network ("layer0" .. ):
 *   layerL.weight .position .sigma    [kernel, out, in]     1, steps, steps
 *           with sharing axonal or dendritic: position and sigma [kernel, in] or [kernel, out]
 *   layerL.mask                       [out, in] bytes    1 = there is a synapse (with fan_in)
 *   layerL.bias                       [out]
 *   layerL.gamma .beta .mean .variance [out]                batch norm
 *   layerL.a .b .tau_u .tau_w         [out]                 adlif; see below
 * Of the tape, after forward, loss and backward:
 *   input                             [step, batch, in]
 *   layerL.conv .bn .membrane .adaptation .spikes .output [step, batch, out]
 *   logits                            [batch, out]
 *   layerL.taps                       [delay, out, in]      delay 0 first; with shared delays
 *           bumps without weight, [delay, kernel, in] or [delay, kernel, out]
 *   grad.<any of these>               the loss's gradient
 * conv is the synapses' output with bias, bn the neuron's input current,
 * membrane the potential after reset, adaptation an adlif neuron's w after the step,
 * spikes before dropout, output what the next layer or the loss sees.  A tape made with keep = 0
 * reuses memory and only shows input, logits, the read-out's tensors and the parameters' gradients.
 *
 * A position P (steps from the kernel's centre, |P| <= D/2) is a delay of
 * floor(D/2) - P steps.  tau_u and tau_w are shares of their ranges, in [0, 1]: a share s is
 * tau_u_min_ms + s (tau_u_max_ms - tau_u_min_ms).
 */
#ifndef SNN_NETWORK_H
#define SNN_NETWORK_H

#include <snn/context.h>
#include <snn/params.h>
#include <snn/tensor.h>

typedef struct snn_network snn_network;
typedef struct snn_tape snn_tape;

/* A batch in the layout the engine computes in: time outermost. */
typedef struct snn_batch {
    uint32_t batch;         /* samples B */
    uint32_t steps;         /* frames T of the longest sample */
    const float *x;         /* [T, B, n_inputs] */
    const uint32_t *label;  /* [B] */
    const uint32_t *length; /* [B] frames of each sample, at most T; NULL = all T */
    const uint32_t *sample; /* [B] stable index of each sample (keys dropout); NULL = 0.. */
    /* Mixed samples: the target is (1 - mix) of `label` and mix of `label2`.  Both or
     * neither; NULL = `label` alone. */
    const uint32_t *label2; /* [B] */
    const float *mix;       /* [B] 0 .. 1 */
} snn_batch;

typedef enum snn_mode {
    SNN_MODE_TRAIN,     /* batch statistics (running ones updated), dropout, sigma as it is */
    SNN_MODE_EVAL,      /* running statistics, delays rounded (ties to even), one-hot taps */
    SNN_MODE_CONTINUOUS /* running statistics, taps as in training */
} snn_mode;

typedef struct snn_pass {
    snn_mode mode;
    uint64_t seed; /* dropout: with epoch, sample and layer the key of the mask */
    uint32_t epoch;
} snn_pass;

/* Seconds spent in a phase since the last reset, as seen by the calling thread. */
typedef enum snn_phase {
    SNN_PHASE_TAPS,
    SNN_PHASE_SYNAPSE_FORWARD,
    SNN_PHASE_NEURON_FORWARD,
    SNN_PHASE_LOSS,
    SNN_PHASE_NEURON_BACKWARD,
    SNN_PHASE_SYNAPSE_INPUT_GRADIENT,
    SNN_PHASE_SYNAPSE_KERNEL_GRADIENT,
    SNN_PHASE_TAPS_BACKWARD,
    SNN_PHASE_UPDATE,
    SNN_PHASES
} snn_phase;

SNN_BEGIN_DECLS

/* Create a network and draw its parameters from `seed`: weights uniform in
 * +-sqrt(6 / (n * kernel_count)), n the synapses of a neuron, positions uniform in
 * [-(D+1)/2, D/2] and clamped (published initialisation), sigma constant; neurons' own
 * parameters uniform in their ranges.  With fan_in, each neuron's inputs are drawn without
 * replacement (n = min(fan_in, n_in)); a synapse that is missing has weight and position 0,
 * and gradients of exactly 0.
 * Errors: SNN_EINVAL (a parameter out of range, named in err), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_network_create(snn_context *ctx,
                                                   const snn_network_params *params, uint64_t seed,
                                                   snn_network **out, snn_error *err);
SNN_API void snn_network_destroy(snn_network *net);

SNN_API snn_context *snn_network_context(const snn_network *net);
SNN_API const snn_network_params *snn_network_get_params(const snn_network *net);
/* Layers with synapses: hidden ones and the read-out. */
SNN_API uint32_t snn_network_layers(const snn_network *net);
/* Trainable numbers: weights, positions (if learned), biases, gamma, beta; of synapses
 * that exist; of adlif neurons a, b, and with train_tau the time constants. */
SNN_API size_t snn_network_parameter_count(const snn_network *net);

/* View of tensor i (0 ..), in a fixed order; SNN_ENOTFOUND past the end. */
SNN_API SNN_MUST_USE snn_status snn_network_tensor_at(const snn_network *net, size_t i,
                                                      snn_tensor *out);
/* View by name; its data may be read and written between passes. */
SNN_API SNN_MUST_USE snn_status snn_network_tensor(const snn_network *net, const char *name,
                                                   snn_tensor *out, snn_error *err);

/* Set every sigma (steps, before the version's offset, >= 0).  Fixed delays and none
 * keep theirs: their kernels are one tap. */
SNN_API void snn_network_set_sigma(snn_network *net, float sigma);
/* Clamp positions to [-floor(D/2), floor(D/2)], and neurons' own parameters to their
 * ranges. */
SNN_API void snn_network_clamp(snn_network *net);
/* Round positions to whole steps (ties to even): the delays that evaluation uses. */
SNN_API void snn_network_round(snn_network *net);

/* Frames that the read-out produces from `steps` input frames. */
SNN_API uint32_t snn_network_output_steps(const snn_network *net, uint32_t steps);

/* A tape for batches up to `batch` samples and `steps` frames.  All memory a
 * step needs is taken here.  `train` 0: forward only.  `keep` 1: every
 * intermediate tensor stays readable.  `input_gradient` 1: grad.input too. */
typedef struct snn_tape_params {
    size_t size; /* sizeof(snn_tape_params) */
    uint32_t batch;
    uint32_t steps;
    int train;
    int keep;
    int input_gradient;
} snn_tape_params;
SNN_API void snn_tape_params_init(snn_tape_params *params);
SNN_API SNN_MUST_USE snn_status snn_tape_create(snn_network *net, const snn_tape_params *params,
                                                snn_tape **out, snn_error *err);
SNN_API void snn_tape_destroy(snn_tape *tape);

/* Run the network over a batch.  Keeps batch->x (borrowed until the next
 * snn_forward or the tape's end): the backward pass reads it. */
SNN_API SNN_MUST_USE snn_status snn_forward(snn_tape *tape, const snn_batch *batch,
                                            const snn_pass *pass, snn_error *err);

/* Scores, mean cross entropy over the batch and number of correct samples, after
 * a forward pass of `batch`.  A mixed sample is correct when the best score is that of
 * the label with the larger share (`label` when they are equal).
 * Errors: SNN_EINVAL (label, mix), SNN_EDIVERGED (the loss is not finite). */
SNN_API SNN_MUST_USE snn_status snn_loss_forward(snn_tape *tape, const snn_batch *batch,
                                                 double *loss, uint32_t *correct, snn_error *err);

/* Gradients of that loss for all parameters; after snn_loss_forward. */
SNN_API SNN_MUST_USE snn_status snn_backward(snn_tape *tape, snn_error *err);

SNN_API SNN_MUST_USE snn_status snn_tape_tensor_at(const snn_tape *tape, size_t i, snn_tensor *out);
SNN_API SNN_MUST_USE snn_status snn_tape_tensor(const snn_tape *tape, const char *name,
                                                snn_tensor *out, snn_error *err);

/* Seconds in each phase since the last call with reset = 1. */
SNN_API void snn_tape_phases(snn_tape *tape, double seconds[SNN_PHASES], int reset);
SNN_API const char *snn_phase_name(snn_phase phase);

/* What the planner chose for a layer: "direct", "fft", "taps", "event"; "axonal", "dendritic";
 * "lookup": evaluation alone, sums of spikes from tables. */
SNN_API const char *snn_tape_solver(const snn_tape *tape, uint32_t layer);

/* A choice of the planner and what it went by. */
typedef struct snn_plan_choice {
    const char *solver; /* as snn_tape_solver; static text */
    double cost;        /* of a step by the model, in multiply-adds at the speed of matrix
                           products; NaN with shared delays, which have one way */
    uint32_t taps;      /* of a delayed weight that may differ from zero */
    float sigma;        /* the largest of the layer, steps; 0 at rounded delays */
    float density;      /* share of the input's cells that are not zero, as measured or, before
                           anything was, expected; a power of the root of two */
    float wanted;       /* share of the spans of four steps of an input whose gradient is computed,
                           likewise; 1: all */
} snn_plan_choice;

/* The choice for training, or (`rounded` 1) for evaluation at rounded delays.
 * Errors: SNN_ENOTFOUND (no such layer, or nobody has asked for that use yet: a tape for
 * forward passes, or a network without delays). */
SNN_API SNN_MUST_USE snn_status snn_tape_plan(const snn_tape *tape, uint32_t layer, int rounded,
                                              snn_plan_choice *out);

SNN_END_DECLS
#endif
