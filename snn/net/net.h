/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of a network and of a tape.
 *
 * All parameters lie in one block, gradients in another of the same layout:
 *
 *   | weights | biases, gammas, betas | of neurons | positions | sigmas | running mean, variance |
 *   '------------ gradients exist ---------------------------------------'
 *
 * Where layers are sparse, one more block says which synapses exist: a byte each, 1 or 0.
 *
 * A tape owns what one batch needs: per layer the synapses' plan and the arrays
 * below, for the step's gradients two blocks used in turn, and one scratch block
 * that all plans share.
 */
#ifndef SNN_NET_NET_H
#define SNN_NET_NET_H

#include "snn/delay/lookup.h"
#include "snn/delay/synapse.h"

#include <snn/network.h>

#define NET_MAX_LAYERS  (SNN_MAX_HIDDEN + 1)
#define NET_LAYER_KINDS 12 /* of numbers; a mask is one tensor more */

/* Views into the network's block, or (gradients) into the tape's. */
typedef struct net_views {
    float *weight;                /* [M][n_out][n_in] */
    float *position, *sigma;      /* [M][delays] */
    float *bias, *gamma, *beta;   /* [n_out] or NULL */
    float *mean, *variance;       /* [n_out] or NULL; not in gradients */
    float *a, *b, *tau_u, *tau_w; /* [n_out] or NULL; taus as shares of their ranges */
} net_views;

typedef struct net_layer {
    uint32_t n_in, n_out;
    size_t synapses;
    size_t delays;   /* of one element: synapses, or the neurons of one side */
    bool hidden;     /* has batch norm, threshold and dropout */
    uint32_t fan_in; /* synapses of a neuron */
    uint8_t *mask;   /* [n_out][n_in] 1 = there is a synapse; NULL = everywhere */
    net_views p;
} net_layer;

struct snn_network {
    snn_context *ctx;
    snn_network_params params;
    snn_kernel_version version; /* as used: fixed and none have their own */
    uint32_t n_taps;            /* 1 without delays */
    uint32_t pad;               /* steps that a layer adds */
    uint32_t layers;
    net_layer layer[NET_MAX_LAYERS];
    float *block;
    uint8_t *mask_block; /* NULL where all synapses exist */
    size_t floats, gradient_floats;
    snn_tensor tensor[NET_MAX_LAYERS * (NET_LAYER_KINDS + 1)];
    size_t tensors;
};

typedef struct tape_layer {
    snn_synapse synapse;       /* as trained */
    snn_synapse rounded;       /* one tap at the rounded delay; no plan: synapse does that too */
    snn_plan_choice choice[2]; /* of either, as last made or confirmed; solver NULL = never */
    net_views g;
    uint32_t steps;                /* T' of this batch */
    float *conv;                   /* [T', B, C] with bias */
    float *output;                 /* [T', B, C]; hidden and bits: the tape's, until a layer above
                                      needs it */
    uint32_t *bits, *marks;        /* output as bits (kern.h), or NULL */
    float *mask;                   /* [B, C] or NULL */
    uint32_t *valid;               /* [B] steps that count, or NULL */
    float *mean, *inv_std, *scale; /* [C]: normalisation in use */
    float *mean_g, *mean_gx;       /* [C] backward */
    float *adapt;                  /* [NET_ADAPT][C] constants of adaptive neurons, or NULL */
    float *w;                      /* [T', B, C] their adaptation; training and keep */
    /* keep = 1 */
    float *bn, *membrane, *spikes;
    float *g_conv, *g_bn, *g_spikes, *g_output;
    float *taps, *g_taps; /* [D][S] */
} tape_layer;

/* Where in snn_tape.plan things stand (plan.c): of each layer the density that the plan
 * in use was made for, and the one seen since; then likewise of the spans that are wanted. */
enum {
    NET_PLAN_EPOCH,
    NET_PLAN_DENSITY,
    NET_PLAN_SEEN = NET_PLAN_DENSITY + NET_MAX_LAYERS,
    NET_PLAN_WANTED = NET_PLAN_SEEN + NET_MAX_LAYERS,
    NET_PLAN_WANTED_SEEN = NET_PLAN_WANTED + NET_MAX_LAYERS,
    NET_PLAN_FLOATS = NET_PLAN_WANTED_SEEN + NET_MAX_LAYERS
};

struct snn_tape {
    snn_network *net;
    snn_context *ctx;
    snn_tape_params params;
    tape_layer layer[NET_MAX_LAYERS];
    const float *input; /* the batch's */
    uint32_t batch, steps;
    bool has_output, has_loss; /* forward and loss of this batch are done */
    snn_mode mode;
    /* Spikes of hidden layers are bits: one frame serves all outputs in turn, and on the way back
     * a layer's output is made again in what the layer above needs no more, its conv. */
    bool bits;
    float *frame;
    float *g_block; /* gradients of parameters */
    float *g[2];    /* gradients of activations: of the read-out; keep: of all layers, in turn */
    float *flow[2]; /* forward only: activations, in turn */
    float *g_taps;  /* gradients of taps, in the form of the layer that is on; shared */
    float *scratch; /* shared by all plans */
    size_t g_taps_floats, scratch_floats;
    uint32_t plans;           /* made so far */
    bool planned;             /* all plans and their memory are there */
    bool packed;              /* evaluation goes by spikes as bits (packed.c) */
    snn_spike_bits spikes[2]; /* of its layers, in turn */
    float plan[NET_PLAN_FLOATS];
    float costs[SNN_COSTS]; /* the context's when the tape was made: plans go by them */
    float *state;           /* per worker: potentials of a tile */
    size_t state_floats;
    float *window; /* per worker: potentials of the samples that the backward pass is at */
    size_t window_floats;
    float *partial;           /* sums of tiles */
    double *fold;             /* [C] */
    float *softmax;           /* [T', B, n_outputs] */
    double *score;            /* [B, n_outputs], before it is rounded */
    float *logits, *g_logits; /* [B, n_outputs] */
    double *sample_loss;      /* [B] */
    uint32_t *label, *label2; /* [B] */
    float *mix;               /* [B] share of label2 in the target */
    float *g_input;
    double seconds[SNN_PHASES];
};

/* Point the views of all layers into `block` in the order above (NULL: count
 * only); returns the floats it takes.  `gradients`: without running statistics. */
size_t net_place(const snn_network *net, float *block, net_views *const views[], bool gradients);

/* Refuse parameters that no network can have, by the name of the key (network_check.c). */
SNN_MUST_USE snn_status net_check_params(const snn_network_params *params, snn_error *err);

/* First values of all parameters and the choice of synapses, from the seed alone (draw.c). */
void net_draw(snn_network *net, uint64_t seed);

/* After tensors were read from `path`: masks have 0 and 1 with the right number of
 * synapses for each neuron, and missing ones weigh nothing.  Else SNN_EFORMAT. */
SNN_MUST_USE snn_status net_check_masks(const snn_network *net, const char *path, snn_error *err);

/*
 * Solvers of a tape (plan.c).  create: for the parameters as they are.  epoch: anew, with
 * the densities that the last epoch has seen.  again: after plan.state was read.  input: anew, if
 * the input's density is not known yet.  pass: whatever `mode` needs is there and wide enough.  All
 * take memory, and fail with SNN_ENOMEM; the next call tries again.
 */
SNN_MUST_USE snn_status net_plan_create(snn_tape *tape, snn_error *err);
SNN_MUST_USE snn_status net_plan_epoch(snn_tape *tape, uint32_t epoch, snn_error *err);
SNN_MUST_USE snn_status net_plan_again(snn_tape *tape, snn_error *err);
SNN_MUST_USE snn_status net_plan_input(snn_tape *tape, const snn_batch *batch, snn_error *err);
SNN_MUST_USE snn_status net_plan_pass(snn_tape *tape, const snn_batch *batch, snn_mode mode,
                                      snn_error *err);
void net_plan_destroy(snn_tape *tape);
/* The synapses that compute layer l in this pass. */
snn_synapse *net_plan_synapse(snn_tape *tape, uint32_t l);
/* Once an epoch, in a forward pass: the density of layer l's input x. */
void net_plan_measure(snn_tape *tape, uint32_t l, const float *x);
/* What a checkpoint keeps of all this: "plan.state". */
void net_plan_tensor(snn_tape *tape, snn_tensor *out);

/*
 * Evaluation at rounded delays with spikes as bits (packed.c): the first layer by `taps`, the
 * others by tables (lookup.h), neurons fired where their sums are, no frames but the read-out's.
 * can: the network, the tape and the instruction set allow it.  create: the bits' memory.
 * forward: all layers, in the place of those of snn_forward, after begin.
 */
bool net_packed_can(const snn_tape *tape);
SNN_MUST_USE snn_status net_packed_create(snn_tape *tape);
void net_packed_destroy(snn_tape *tape);
void net_packed_forward(snn_tape *tape, double *since);
/* What plan.c plans for, and pass.c sees: layer l's rounded delays; its frames. */
snn_delay_problem net_rounded_problem(const snn_tape *tape, uint32_t l);
void net_add_bias(snn_tape *tape, uint32_t l);

/* A phase of a layer is over (pass.c): add the seconds since *since to it, tell who looks on,
 * restart the watch. */
void net_lap(snn_tape *tape, snn_phase phase, uint32_t l, double *since);

/* Samples of one tile: the batch in at most 32 pieces, whatever the threads. */
#define NET_PIECES 32u
static inline size_t net_grain(size_t batch)
{
    return snn_tiles(batch, NET_PIECES);
}
/* The most tiles that batches of up to `batch` samples have: 33 samples make 17
 * tiles of two, 32 make 32 of one. */
static inline size_t net_tiles_most(size_t batch)
{
    return batch < NET_PIECES ? batch : NET_PIECES;
}

/* Batch normalisation (norm.c).  forward: statistics in use into mean, inv_std,
 * scale, running ones updated in training; backward, behind net_neuron_backward: g at bn -> g at
 * conv. */
void net_norm_forward(snn_tape *tape, uint32_t l);
void net_norm_backward(snn_tape *tape, uint32_t l, float *g);
/* 1 / sqrt(running variance + eps), unless NULL, and gamma times that: [n_out] each. */
void net_norm_running(const snn_network *net, uint32_t l, float *inv_std, float *scale);
/* Sum over batch and steps of a channel into out[C], folded in tile order. */
void net_channel_sum(snn_tape *tape, uint32_t l, const float *x, float *out);

/* What one layer's normalisation saw in many batches (norm.c): mean and sum of squared
 * deviations from it of a channel over `rows` counted rows. */
typedef struct net_moments {
    double rows;
    double *mean, *square; /* [C] */
} net_moments;
/* Run `batch` as in evaluation as far as the input of layer l's normalisation, and add it. */
SNN_MUST_USE snn_status net_measure(snn_tape *tape, const snn_batch *batch, uint32_t l,
                                    net_moments *moments, snn_error *err);
/* Add what layer l's synapses gave in this batch. */
void net_norm_measure(snn_tape *tape, uint32_t l, net_moments *moments);
/* The layer's running statistics become these (the variance unbiased, as in training). */
void net_norm_set(snn_network *net, uint32_t l, const net_moments *moments);

/* Parameters of adaptive neurons (adaptive.c). */
enum { NET_DECAY_U, NET_GAIN_U, NET_DECAY_W, NET_GAIN_W, NET_ADAPT };
bool net_is_adaptive(const snn_network *net, uint32_t l);
snn_status net_adaptive_check(const snn_network_params *params, snn_error *err);
void net_adaptive_draw(snn_network *net, uint32_t l, uint64_t seed);
void net_adaptive_clamp(snn_network *net, uint32_t l);
/* Constants of a pass, from the parameters, into adapt [NET_ADAPT][n_out]; and where they are. */
void net_adaptive_fill(const snn_network *net, uint32_t l, float *adapt);
void net_adaptive_views(snn_adlif *adlif, const float *adapt, size_t channels);
/* Gradients of the parameters from the sums of `tiles` tiles, folded in their order. */
void net_adaptive_collect(snn_tape *tape, uint32_t l, size_t tiles);

/* Whether layer l marks its output in training (delay.h), as its surrogate is compact. */
bool net_marks(const snn_tape *tape, uint32_t l);
/* Neurons and dropout (neuron.c).  backward: g at output -> g at bn, in place. */
void net_dropout(snn_tape *tape, uint32_t l, const snn_batch *batch, const snn_pass *pass);
void net_neuron_forward(snn_tape *tape, uint32_t l);
/* The constants of layer l's neurons; arrays, steps and row are the caller's to fill in. */
snn_lif net_lif(const snn_network *net, uint32_t l);
void net_neuron_backward(snn_tape *tape, uint32_t l, float *g);
/* Layer l's output again, from its bits, in `output`. */
void net_neuron_restore(snn_tape *tape, uint32_t l, float *output);
/* Whether it leaves the sums for net_norm_backward in snn_tape.partial. */
bool net_neuron_sums(const snn_tape *tape, uint32_t l);
/* Floats of snn_tape.window that layer l needs for a worker. */
size_t net_window_floats(const snn_tape *tape, uint32_t l);

/* Leaky integrator and loss (readout.c).  Backward: g at the read-out's output, then in place
 * g at conv of the last layer. */
void net_readout_forward(snn_tape *tape);
void net_loss_backward(snn_tape *tape, float *g);
/* v = decay v + leak + gain x, from v = rest. */
void net_integrator(const snn_network *net, float *decay, float *leak, float *gain, float *rest);
void net_readout_backward(snn_tape *tape, float *g);

#endif
