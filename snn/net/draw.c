/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First values of a network, and which synapses it has.
 *
 * A number depends on seed, layer and synapse alone, so networks that differ in how
 * delays are treated, or in which synapses exist, begin alike where they are alike.
 *
 * The published code draws its sparsity mask after every layer's weights, the read-out's
 * too, and so do we: with ten inputs a neuron, a dense read-out of 256 x 20 synapses would
 * hold as many as both hidden layers before it, and could choose among their delays what
 * they should learn.  There it is a coin for each synapse; here each neuron has exactly
 * `fan_in` of them.
 */
#include "snn/net/net.h"

#include <snn/random.h>

#include <math.h>

/* `fan_in` of n_in inputs without replacement, by Floyd's algorithm: the j-th draw is an
 * input 0 .. j, or j itself where that is taken. */
static void draw_mask(net_layer *layer, uint32_t l, uint64_t seed)
{
    const snn_key key = {seed, SNN_STREAM_MASK};

    for (size_t o = 0; o < layer->n_out; o++) {
        uint8_t *row = layer->mask + o * layer->n_in;

        for (uint32_t j = layer->n_in - layer->fan_in; j < layer->n_in; j++) {
            const uint32_t i = snn_random_below(key, o, l, j, j + 1);

            row[row[i] == 0 ? i : j] = 1;
        }
    }
}

/* A synapse that does not exist has weight 0, and its own position 0, for ever. */
static void clear_missing(net_layer *layer, uint32_t elements, bool own_delays)
{
    for (size_t m = 0; m < elements; m++) {
        for (size_t s = 0; s < layer->synapses; s++) {
            if (layer->mask[s] != 0)
                continue;
            layer->p.weight[m * layer->synapses + s] = 0.0f;
            if (own_delays)
                layer->p.position[m * layer->synapses + s] = 0.0f;
        }
    }
}

static void draw_layer(snn_network *net, uint32_t l, uint64_t seed)
{
    const snn_delay_params *delay = &net->params.delay;
    net_layer *layer = &net->layer[l];
    const float bound = sqrtf(6.0f / ((float)layer->fan_in * (float)delay->kernel_count));
    /* Positions are drawn a step below the lowest one allowed, as published:
     * floor(-D/2) .. floor(D/2), then clamped. */
    const float low = -(float)((net->n_taps + 1) / 2), high = (float)(net->n_taps / 2);
    const snn_key weight_key = {seed, SNN_STREAM_WEIGHT},
                  position_key = {seed, SNN_STREAM_POSITION};

    for (size_t i = 0; i < layer->synapses * delay->kernel_count; i++)
        layer->p.weight[i] = (2.0f * snn_random_uniform(weight_key, i, l, 0) - 1.0f) * bound;
    for (size_t i = 0; net->n_taps > 1 && i < layer->delays * delay->kernel_count; i++)
        layer->p.position[i] = low + (high - low) * snn_random_uniform(position_key, i, l, 0);
    for (uint32_t c = 0; layer->p.gamma != NULL && c < layer->n_out; c++) {
        layer->p.gamma[c] = 1.0f;
        layer->p.variance[c] = 1.0f;
    }
    if (layer->mask != NULL) {
        draw_mask(layer, l, seed);
        clear_missing(layer, delay->kernel_count, delay->sharing == SNN_SHARING_SYNAPSE);
    }
    if (net_is_adaptive(net, l))
        net_adaptive_draw(net, l, seed);
}

void net_draw(snn_network *net, uint64_t seed)
{
    const snn_delay_params *delay = &net->params.delay;

    for (uint32_t l = 0; l < net->layers; l++)
        draw_layer(net, l, seed);
    snn_network_clamp(net);
    if (delay->mode == SNN_DELAYS_FIXED)
        snn_network_round(net);
    if (delay->mode == SNN_DELAYS_LEARNED)
        snn_network_set_sigma(net, delay->sigma_init > 0.0f ? delay->sigma_init
                                                            : (float)(net->n_taps / 2));
}

/* ---- masks that were read ------------------------------------------------------------- */

static snn_status check_mask(const snn_network *net, uint32_t l, const char *path, snn_error *err)
{
    const net_layer *layer = &net->layer[l];

    for (size_t o = 0; o < layer->n_out; o++) {
        const uint8_t *row = layer->mask + o * layer->n_in;
        uint32_t n = 0;

        for (size_t i = 0; i < layer->n_in; i++)
            n += row[i] == 1 ? 1 : row[i] == 0 ? 0 : layer->n_in;
        if (n != layer->fan_in)
            return snn_error_set(err, SNN_EFORMAT, path,
                                 "the mask of layer %u marks not exactly %u inputs of neuron %zu "
                                 "with 1 and the rest with 0, as network.fan_in says",
                                 l, layer->fan_in, o);
    }
    for (size_t i = 0; i < layer->synapses * net->params.delay.kernel_count; i++)
        if (layer->mask[i % layer->synapses] == 0 && layer->p.weight[i] != 0.0f)
            return snn_error_set(err, SNN_EFORMAT, path,
                                 "layer %u has weights where its mask says there is no synapse", l);
    return SNN_OK;
}

snn_status net_check_masks(const snn_network *net, const char *path, snn_error *err)
{
    snn_status st = SNN_OK;

    for (uint32_t l = 0; st == SNN_OK && l < net->layers; l++)
        if (net->layer[l].mask != NULL)
            st = check_mask(net, l, path, err);
    return st;
}
