/* SPDX-License-Identifier: BSD-3-Clause */
/* Creating a network: checks, the parameter block, names, first values. */
#include "snn/net/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_TAPS    4095u
#define MAX_NEURONS 65536u

static snn_status refuse(snn_error *err, const char *where, const char *what)
{
    return snn_error_set(err, SNN_EINVAL, where, "%s", what);
}

static snn_status check_sizes(const snn_network_params *params, snn_error *err)
{
    const snn_delay_params *delay = &params->delay;

    if (params->size != sizeof *params)
        return refuse(err, "network", "parameters were not set up with snn_network_params_init");
    if (params->n_inputs == 0 || params->n_inputs > MAX_NEURONS)
        return refuse(err, "network.n_inputs", "must be 1 to 65536");
    if (params->n_outputs < 2 || params->n_outputs > MAX_NEURONS)
        return refuse(err, "network.n_outputs", "must be 2 to 65536 classes");
    if (params->n_hidden > SNN_MAX_HIDDEN)
        return refuse(err, "network.hidden", "at most 16 hidden layers");
    for (uint32_t i = 0; i < params->n_hidden; i++)
        if (params->hidden[i] == 0 || params->hidden[i] > MAX_NEURONS)
            return refuse(err, "network.hidden", "a layer has 1 to 65536 neurons");
    if (params->fan_in > MAX_NEURONS)
        return refuse(err, "network.fan_in", "must be 0 (all) to 65536");
    if (delay->max_delay == 0 || delay->max_delay > MAX_TAPS || delay->max_delay % 2 == 0)
        return refuse(err, "delay.max_delay",
                      "must be odd, 1 to 4095 steps (the longest delay is one less)");
    if (delay->kernel_count == 0 || delay->kernel_count > 64)
        return refuse(err, "delay.kernel_count", "must be 1 to 64");
    if (!(delay->sigma_init >= 0.0f) || !isfinite(delay->sigma_init))
        return refuse(err, "delay.sigma_init", "must be a number >= 0 (0 = half of max_delay)");
    return SNN_OK;
}

/* Enumerations may come from anywhere: a cast, a file of a later version.  A solver
 * that does not exist is refused by the planner. */
static snn_status check_choices(const snn_network_params *params, snn_error *err)
{
    const snn_delay_params *delay = &params->delay;
    const snn_neuron_params *neuron = &params->neuron;

    if ((unsigned)delay->version > SNN_KERNEL_V0)
        return refuse(err, "delay.version", "is none of gauss, max, v1, v0");
    if ((unsigned)delay->mode > SNN_DELAYS_NONE)
        return refuse(err, "delay.mode", "is none of learned, fixed, none");
    if ((unsigned)delay->sharing > SNN_SHARING_DENDRITIC)
        return refuse(err, "delay.sharing", "is none of synapse, axonal, dendritic");
    if ((unsigned)delay->precision > SNN_PRECISION_BF16)
        return refuse(err, "delay.precision", "is none of float32, bf16");
    if (delay->sharing != SNN_SHARING_SYNAPSE && delay->mode == SNN_DELAYS_NONE)
        return refuse(err, "delay.sharing", "without delays there is nothing to share");
    if (delay->sharing != SNN_SHARING_SYNAPSE && delay->solver != SNN_SOLVER_AUTO)
        return refuse(err, "delay.solver", "must be auto where delays are shared");
    if ((unsigned)delay->padding > SNN_PADDING_CAUSAL)
        return refuse(err, "delay.padding", "is none of paper, causal");
    if ((unsigned)neuron->reset > SNN_RESET_SOFT)
        return refuse(err, "neuron.reset", "is none of hard, soft");
    if ((unsigned)neuron->surrogate > SNN_SURROGATE_TRIANGLE)
        return refuse(err, "neuron.surrogate", "is none of atan, sigmoid, triangle");
    if ((unsigned)neuron->model > SNN_NEURON_CUBA)
        return refuse(err, "neuron.model", "is none of lif, adlif, cuba");
    if ((unsigned)params->loss > SNN_LOSS_SPIKE_COUNT)
        return refuse(err, "network.loss", "is none of sum, mean, max, spike_count");
    return SNN_OK;
}

static snn_status check_params(const snn_network_params *params, snn_error *err)
{
    const snn_neuron_params *neuron = &params->neuron;
    snn_status st = check_sizes(params, err);

    if (st == SNN_OK)
        st = check_choices(params, err);
    if (st != SNN_OK)
        return st;
    if (!(params->time_step_ms > 0.0f) || !isfinite(params->time_step_ms))
        return refuse(err, "data.time_step_ms", "must be a number > 0");
    if (!(neuron->tau_ms >= params->time_step_ms) || !isfinite(neuron->tau_ms))
        return refuse(err, "neuron.tau_ms", "must be at least one time step");
    if (!(neuron->surrogate_alpha > 0.0f) || !isfinite(neuron->surrogate_alpha))
        return refuse(err, "neuron.surrogate_alpha", "must be a number > 0");
    if (!isfinite(neuron->v_threshold) || !isfinite(neuron->v_reset) ||
        !isfinite(params->readout_threshold))
        return refuse(err, "neuron", "thresholds and reset must be finite");
    if (!(params->dropout >= 0.0f && params->dropout < 1.0f))
        return refuse(err, "network.dropout", "must be in [0, 1)");
    if (!(params->batch_norm_eps > 0.0f) || !(params->batch_norm_momentum > 0.0f) ||
        !(params->batch_norm_momentum <= 1.0f))
        return refuse(err, "network.batch_norm", "eps must be > 0 and momentum in (0, 1]");
    if (neuron->model == SNN_NEURON_CUBA &&
        (!(neuron->tau_syn_ms > 0.0f) || !isfinite(neuron->tau_syn_ms)))
        return refuse(err, "neuron.tau_syn_ms", "must be a number > 0");
    if (neuron->model == SNN_NEURON_ADLIF)
        return net_adaptive_check(params, err);
    return SNN_OK;
}

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

    TRY(st, check_params(params, err));
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
