/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One layer of a network that runs live: a copy of the network's, laid out for one step of one
 * sample.  Its ring of D rows has the sums that its neurons will get in this step and the D-1
 * after it; a spike of source i runs over i's list of (row and target, weight), which are in
 * the order of the ring's memory.
 */
#ifndef SNN_NET_LIVE_LAYER_H
#define SNN_NET_LIVE_LAYER_H

#include "snn/net/net.h"

typedef struct {
    uint32_t to; /* delay * n_out + target */
    float weight;
} live_synapse;

typedef struct {
    uint32_t n_in, n_out;
    uint32_t now;  /* row of the ring that this step reads */
    uint32_t more; /* steps behind the last frame in which it still answers */
    bool hidden, adaptive;
    uint32_t *first; /* [n_in + 1] into list */
    live_synapse *list;
    float *ring;                       /* [D][n_out] */
    float *conv, *output;              /* [n_out] */
    float *bias, *mean, *scale, *beta; /* [n_out] or NULL */
    float *adapt, *a, *b;              /* adaptive: [NET_ADAPT][n_out], [n_out] */
    float *state;                      /* [3][n_out]: of the neurons' kernels */
    snn_adlif neurons;                 /* of others than adaptive ones only .lif */
} live_layer;

/* Layer l of the network into `layer`, which is all zero; delays as evaluation has them:
 * rounded.  After a failure (SNN_ENOMEM), too, it is for net_live_layer_free. */
SNN_MUST_USE snn_status net_live_layer_create(const snn_network *net, uint32_t l,
                                              live_layer *layer);
void net_live_layer_free(snn_context *ctx, live_layer *layer);

#endif
