/* SPDX-License-Identifier: BSD-3-Clause */
/* A network: the parameter block, its names, access. */
#include "snn/net/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- layout ---------------------------------------------------------------------- */

static void set_layers(snn_network *net)
{
    const snn_network_params *params = &net->params;

    net->layers = params->n_hidden + 1;
    for (uint32_t l = 0; l < net->layers; l++) {
        net_layer *layer = &net->layer[l];

        layer->hidden = l < params->n_hidden;
        layer->n_in = l == 0 ? params->n_inputs : params->hidden[l - 1];
        layer->n_out = layer->hidden ? params->hidden[l] : params->n_outputs;
        layer->synapses = (size_t)layer->n_in * layer->n_out;
        layer->delays = snn_synapse_columns(layer->n_in, layer->n_out, 1, params->delay.sharing);
        layer->fan_in =
            params->fan_in > 0 && params->fan_in < layer->n_in ? params->fan_in : layer->n_in;
    }
    switch (params->delay.mode) {
    case SNN_DELAYS_LEARNED:
        net->version = params->delay.version;
        net->n_taps = params->delay.max_delay;
        break;
    case SNN_DELAYS_FIXED: /* one-hot at integer positions: the triangle of half-width 1 */
        net->version = SNN_KERNEL_MAX;
        net->n_taps = params->delay.max_delay;
        break;
    case SNN_DELAYS_NONE: /* a plain matrix: v0 with one tap is the weight itself */
        net->version = SNN_KERNEL_V0;
        net->n_taps = 1;
        break;
    }
    net->pad = params->delay.padding == SNN_PADDING_CAUSAL ? 0 : (net->n_taps - 1) / 2;
}

/* The kinds of parameters in the order of the block. */
typedef struct {
    const char *name, *unit;
    size_t offset;                                     /* of the pointer in net_views */
    enum { OF_NEURONS, OF_SYNAPSES, OF_DELAYS } shape; /* [n_out], [M][n_out][n_in], [M][delays] */
    bool gradient;
} kind_row;

#define KIND(field) offsetof(net_views, field)
static const kind_row kinds[NET_LAYER_KINDS] = {
    {"weight", "1", KIND(weight), OF_SYNAPSES, true},
    {"bias", "1", KIND(bias), OF_NEURONS, true},
    {"gamma", "1", KIND(gamma), OF_NEURONS, true},
    {"beta", "1", KIND(beta), OF_NEURONS, true},
    {"a", "1", KIND(a), OF_NEURONS, true},
    {"b", "1", KIND(b), OF_NEURONS, true},
    {"tau_u", "share of range", KIND(tau_u), OF_NEURONS, true},
    {"tau_w", "share of range", KIND(tau_w), OF_NEURONS, true},
    {"position", "steps", KIND(position), OF_DELAYS, true},
    {"sigma", "steps", KIND(sigma), OF_DELAYS, true},
    {"mean", "1", KIND(mean), OF_NEURONS, false},
    {"variance", "1", KIND(variance), OF_NEURONS, false},
};

static bool layer_has(const snn_network *net, const net_layer *layer, size_t field)
{
    if (field == KIND(bias))
        return net->params.bias != 0;
    if (field == KIND(gamma) || field == KIND(beta) || field == KIND(mean) ||
        field == KIND(variance))
        return net->params.batch_norm && layer->hidden;
    if (field == KIND(a) || field == KIND(b) || field == KIND(tau_u) || field == KIND(tau_w))
        return net->params.neuron.model == SNN_NEURON_ADLIF && layer->hidden;
    return true;
}

/* Numbers of a kind in a layer. */
static size_t values_of(const snn_network *net, const net_layer *layer, const kind_row *k)
{
    const size_t elements = net->params.delay.kernel_count;

    return k->shape == OF_SYNAPSES ? elements * layer->synapses
           : k->shape == OF_DELAYS ? elements * layer->delays
                                   : layer->n_out;
}

/* Set the views of kind `k` in all layers from `block` (NULL: count only);
 * returns the offset behind them. */
static size_t place(const snn_network *net, const kind_row *k, float *block, size_t at,
                    net_views *const views[])
{
    for (uint32_t l = 0; l < net->layers; l++) {
        const net_layer *layer = &net->layer[l];
        float **view = (float **)((char *)views[l] + k->offset);

        if (!layer_has(net, layer, k->offset))
            continue;
        if (block != NULL)
            *view = block + at;
        at += values_of(net, layer, k);
    }
    return at;
}

size_t net_place(const snn_network *net, float *block, net_views *const views[], bool gradients)
{
    static const size_t order[] = {KIND(weight),   KIND(bias),  KIND(gamma), KIND(beta),
                                   KIND(a),        KIND(b),     KIND(tau_u), KIND(tau_w),
                                   KIND(position), KIND(sigma), KIND(mean),  KIND(variance)};
    size_t at = 0;

    for (size_t i = 0; i < SNN_COUNT(order); i++)
        for (size_t k = 0; k < SNN_COUNT(kinds); k++)
            if (kinds[k].offset == order[i] && (kinds[k].gradient || !gradients))
                at = place(net, &kinds[k], block, at, views);
    return at;
}

static void shape_tensor(const snn_network *net, const net_layer *layer, const kind_row *k,
                         snn_tensor *tensor)
{
    const snn_sharing sharing = net->params.delay.sharing;
    const bool one_side = k->shape == OF_DELAYS && sharing != SNN_SHARING_SYNAPSE;

    tensor->rank = k->shape == OF_NEURONS ? 1 : one_side ? 2 : 3;
    tensor->axes = k->shape == OF_NEURONS ? "out" : "kernel,out,in";
    tensor->shape[0] = k->shape == OF_NEURONS ? layer->n_out : net->params.delay.kernel_count;
    tensor->shape[1] = one_side ? layer->delays : layer->n_out;
    tensor->shape[2] = layer->n_in;
    if (one_side)
        tensor->axes = sharing == SNN_SHARING_AXONAL ? "kernel,in" : "kernel,out";
}

static void name_mask(snn_network *net, uint32_t l)
{
    snn_tensor *tensor = &net->tensor[net->tensors];

    if (net->layer[l].mask == NULL)
        return;
    snprintf(tensor->name, sizeof tensor->name, "layer%u.mask", l);
    tensor->data = net->layer[l].mask;
    tensor->dtype = SNN_U8;
    tensor->rank = 2;
    tensor->axes = "out,in";
    tensor->unit = "1";
    tensor->shape[0] = net->layer[l].n_out;
    tensor->shape[1] = net->layer[l].n_in;
    net->tensors++;
}

static void name_tensors(snn_network *net)
{
    for (uint32_t l = 0; l < net->layers; l++) {
        net_layer *layer = &net->layer[l];

        for (size_t k = 0; k < SNN_COUNT(kinds); k++) {
            snn_tensor *tensor = &net->tensor[net->tensors];

            if (!layer_has(net, layer, kinds[k].offset))
                continue;
            snprintf(tensor->name, sizeof tensor->name, "layer%u.%s", l, kinds[k].name);
            tensor->data = *(float **)((char *)&layer->p + kinds[k].offset);
            tensor->dtype = SNN_F32;
            tensor->unit = kinds[k].unit;
            shape_tensor(net, layer, &kinds[k], tensor);
            net->tensors++;
        }
        name_mask(net, l);
    }
}

/* ---- life ------------------------------------------------------------------------- */

static snn_status create_masks(snn_network *net)
{
    size_t all = 0, at = 0;
    snn_status st = SNN_OK;

    if (net->params.fan_in == 0)
        return SNN_OK;
    for (uint32_t l = 0; l < net->layers; l++)
        all += net->layer[l].synapses;
    TRY_ALLOC(st, net->ctx, net->mask_block, all);
    for (uint32_t l = 0; l < net->layers; l++) {
        net->layer[l].mask = net->mask_block + at;
        at += net->layer[l].synapses;
    }
done:
    return st;
}

snn_status snn_network_create(snn_context *ctx, const snn_network_params *params, uint64_t seed,
                              snn_network **out, snn_error *err)
{
    const snn_memory purpose = snn_context_purpose(ctx, SNN_MEMORY_PARAMETERS);
    net_views *views[NET_MAX_LAYERS];
    snn_network *net = NULL;
    snn_status st;

    TRY(st, net_check_params(params, err));
    TRY_ALLOC(st, ctx, net, 1);
    net->ctx = ctx;
    net->params = *params;
    set_layers(net);
    for (uint32_t l = 0; l < net->layers; l++)
        views[l] = &net->layer[l].p;
    net->floats = net_place(net, NULL, views, false);
    net->gradient_floats = net_place(net, NULL, views, true);
    TRY_ALLOC(st, ctx, net->block, net->floats);
    net_place(net, net->block, views, false);
    TRY(st, create_masks(net));
    name_tensors(net);
    net_draw(net, seed);
    if (params->delay.precision == SNN_PRECISION_BF16 && !ctx->kern->bf16_native)
        snn_log(ctx, SNN_LOG_WARNING,
                "delay.precision bf16: this processor, or --cpu, has no AVX-512-BF16: products "
                "are as exact as there, but no faster than in float32");
    *out = net;
    net = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "network", "no memory for the parameters");
    snn_network_destroy(net);
    snn_context_purpose(ctx, purpose);
    return st;
}

void snn_network_destroy(snn_network *net)
{
    if (net == NULL)
        return;
    snn_free(net->ctx, net->mask_block);
    snn_free(net->ctx, net->block);
    snn_free(net->ctx, net);
}

/* ---- access --------------------------------------------------------------------------- */

snn_context *snn_network_context(const snn_network *net)
{
    return net->ctx;
}

const snn_network_params *snn_network_get_params(const snn_network *net)
{
    return &net->params;
}

uint32_t snn_network_layers(const snn_network *net)
{
    return net->layers;
}

size_t snn_network_parameter_count(const snn_network *net)
{
    const snn_delay_params *delay = &net->params.delay;
    size_t n = 0;

    for (uint32_t l = 0; l < net->layers; l++) {
        const net_layer *layer = &net->layer[l];
        const size_t synapses = (size_t)layer->n_out * layer->fan_in;
        const size_t delays = delay->sharing == SNN_SHARING_SYNAPSE ? synapses : layer->delays;

        n += delay->kernel_count * synapses;
        n += delay->mode == SNN_DELAYS_LEARNED ? delay->kernel_count * delays : 0;
        n += layer->p.bias != NULL ? layer->n_out : 0;
        n += layer->p.gamma != NULL ? 2 * (size_t)layer->n_out : 0;
        if (net_is_adaptive(net, l))
            n += (net->params.neuron.train_tau ? 4 : 2) * (size_t)layer->n_out;
    }
    return n;
}

snn_status snn_network_tensor_at(const snn_network *net, size_t i, snn_tensor *out)
{
    if (i >= net->tensors)
        return SNN_ENOTFOUND;
    *out = net->tensor[i];
    return SNN_OK;
}

snn_status snn_network_tensor(const snn_network *net, const char *name, snn_tensor *out,
                              snn_error *err)
{
    for (size_t i = 0; i < net->tensors; i++) {
        if (strcmp(net->tensor[i].name, name) == 0) {
            *out = net->tensor[i];
            return SNN_OK;
        }
    }
    return snn_error_set(err, SNN_ENOTFOUND, name, "the network has no such tensor");
}

void snn_network_set_sigma(snn_network *net, float sigma)
{
    if (net->params.delay.mode != SNN_DELAYS_LEARNED)
        return;
    for (uint32_t l = 0; l < net->layers; l++)
        for (size_t i = 0; i < net->layer[l].delays * net->params.delay.kernel_count; i++)
            net->layer[l].p.sigma[i] = sigma;
}

void snn_network_clamp(snn_network *net)
{
    const float limit = (float)(net->n_taps / 2);

    for (uint32_t l = 0; l < net->layers; l++) {
        float *p = net->layer[l].p.position;

        for (size_t i = 0; i < net->layer[l].delays * net->params.delay.kernel_count; i++)
            p[i] = p[i] > limit ? limit : p[i] < -limit ? -limit : p[i];
        if (net_is_adaptive(net, l))
            net_adaptive_clamp(net, l);
    }
}

void snn_network_round(snn_network *net)
{
    for (uint32_t l = 0; l < net->layers; l++)
        for (size_t i = 0; i < net->layer[l].delays * net->params.delay.kernel_count; i++)
            net->layer[l].p.position[i] = rintf(net->layer[l].p.position[i]);
    snn_network_clamp(net);
}

uint32_t snn_network_output_steps(const snn_network *net, uint32_t steps)
{
    return steps + net->layers * net->pad;
}
