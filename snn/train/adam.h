/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adam (Kingma and Ba, 2015) over the trainable tensors of a network:
 *
 *   g  <- g + decay * x                              (weights only)
 *   m  <- beta1 m + (1 - beta1) g
 *   v  <- beta2 v + (1 - beta2) g^2
 *   x  <- x - lr / (1 - beta1^k) * m / (sqrt(v) / sqrt(1 - beta2^k) + eps)
 *
 * k counts updates from 1.  Two groups with rates of their own: weights, biases,
 * batch norm and neurons' own parameters; positions.  decay is L2 in the gradient, not AdamW.
 *
 * All state is one block, tensor after tensor, each on a cache line:
 *
 *   | m of tensor 0 | v of tensor 0 | m of tensor 1 | v of tensor 1 | ...
 */
#ifndef SNN_TRAIN_ADAM_H
#define SNN_TRAIN_ADAM_H

#include "snn/base/base.h"

#include <snn/network.h>

typedef struct snn_adam_state snn_adam_state;

typedef struct snn_adam_rates {
    double lr_weight, beta1_weight;
    double lr_position, beta1_position;
    double beta2, eps;
    double weight_decay;
    double clip; /* largest global gradient norm; 0 = off */
} snn_adam_rates;

/* State for every trainable tensor of `net`, without the weights where they are frozen (then
 * they are left alone, and count in no norm); keeps net and tape. */
SNN_MUST_USE snn_status snn_adam_create(snn_network *net, snn_tape *tape, bool freeze_weights,
                                        snn_adam_state **out, snn_error *err);
void snn_adam_destroy(snn_adam_state *adam);

/* Update from the tape's gradients.  SNN_EDIVERGED, with nothing changed, when a
 * gradient is not finite: a NaN weight of a hidden layer only silences its
 * neuron, so the loss would not show it. */
SNN_MUST_USE snn_status snn_adam_step(snn_adam_state *adam, const snn_adam_rates *rates,
                                      snn_error *err);

/* Global norm of the last step's gradients, before clipping. */
double snn_adam_norm(const snn_adam_state *adam);

/* State tensor i: "adam.layer0.weight.m", "adam.layer0.weight.v", ... */
SNN_MUST_USE snn_status snn_adam_tensor_at(const snn_adam_state *adam, size_t i, snn_tensor *out);

uint64_t snn_adam_updates(const snn_adam_state *adam);
void snn_adam_set_updates(snn_adam_state *adam, uint64_t updates);

#endif
