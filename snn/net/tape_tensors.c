/* SPDX-License-Identifier: BSD-3-Clause */
/* What a tape shows by name, the seconds of its phases and its solvers. */
#include "snn/net/net.h"

#include <stdio.h>
#include <string.h>

#define FIELD(field) offsetof(tape_layer, field)

/* Activations of a layer, all [T', B, C]. */
static const struct {
    const char *name;
    size_t offset;
} activations[] = {
    {"conv", FIELD(conv)},
    {"bn", FIELD(bn)},
    {"membrane", FIELD(membrane)},
    {"adaptation", FIELD(w)},
    {"spikes", FIELD(spikes)},
    {"output", FIELD(output)},
    {"grad.conv", FIELD(g_conv)},
    {"grad.bn", FIELD(g_bn)},
    {"grad.spikes", FIELD(g_spikes)},
    {"grad.output", FIELD(g_output)},
};

enum { INPUT, LOGITS, GRAD_INPUT, GLOBALS };
enum { TAPS = SNN_COUNT(activations), GRAD_TAPS, PER_LAYER };

static void shape(snn_tensor *out, const char *axes, size_t a, size_t b, size_t c)
{
    out->dtype = SNN_F32;
    out->axes = axes;
    out->unit = "1";
    out->rank = c > 0 ? 3 : 2;
    out->shape[0] = a;
    out->shape[1] = b;
    out->shape[2] = c;
}

static void global_tensor(const snn_tape *tape, size_t which, snn_tensor *out)
{
    static const char *const name[] = {"input", "logits", "grad.input"};
    const size_t n_in = tape->net->params.n_inputs;

    snprintf(out->name, sizeof out->name, "%s", name[which]);
    shape(out, "step,batch,in", tape->steps, tape->batch, n_in);
    if (which == LOGITS) {
        shape(out, "batch,out", tape->batch, tape->net->params.n_outputs, 0);
        out->data = tape->logits;
    } else {
        out->data = which == INPUT ? (float *)(uintptr_t)tape->input : tape->g_input;
    }
}

/* "conv" of layer 2 is layer2.conv, its gradient grad.layer2.conv. */
static void layer_name(snn_tensor *out, uint32_t l, const char *kind)
{
    const bool gradient = strncmp(kind, "grad.", 5) == 0;

    snprintf(out->name, sizeof out->name, "%slayer%u.%s", gradient ? "grad." : "", l,
             gradient ? kind + 5 : kind);
}

static void layer_tensor(const snn_tape *tape, uint32_t l, size_t which, snn_tensor *out)
{
    const snn_delay_params *delay = &tape->net->params.delay;
    const net_layer *parameters = &tape->net->layer[l];
    const tape_layer *layer = &tape->layer[l];

    if (which == TAPS || which == GRAD_TAPS) {
        layer_name(out, l, which == TAPS ? "taps" : "grad.taps");
        if (delay->sharing == SNN_SHARING_SYNAPSE)
            shape(out, "delay,out,in", tape->net->n_taps, parameters->n_out, parameters->n_in);
        else
            shape(out,
                  delay->sharing == SNN_SHARING_AXONAL ? "delay,kernel,in" : "delay,kernel,out",
                  tape->net->n_taps, delay->kernel_count, parameters->delays);
        out->data = which == TAPS ? layer->taps : layer->g_taps;
        return;
    }
    layer_name(out, l, activations[which].name);
    shape(out, "step,batch,out", layer->steps, tape->batch, parameters->n_out);
    memcpy(&out->data, (const char *)layer + activations[which].offset, sizeof out->data);
    if (tape->bits && parameters->hidden && activations[which].offset == FIELD(output))
        out->data = NULL; /* one frame serves all */
    /* The integrator's potential is the output itself. */
    if (activations[which].offset == FIELD(membrane) && out->data == NULL && !parameters->hidden)
        out->data = layer->output;
}

/* Gradient of the network's tensor i; data NULL when it has none. */
static void parameter_tensor(const snn_tape *tape, size_t i, snn_tensor *out)
{
    const snn_network *net = tape->net;
    const bool number = net->tensor[i].dtype == SNN_F32; /* a mask is none, and lies elsewhere */
    const size_t offset = number ? (size_t)((float *)net->tensor[i].data - net->block) : SIZE_MAX;
    const char *kind = strchr(net->tensor[i].name, '.') + 1;

    *out = net->tensor[i];
    out->data = NULL;
    snprintf(out->name, sizeof out->name, "grad.%.*s", (int)(sizeof out->name - 6),
             net->tensor[i].name);
    if (tape->g_block != NULL && offset < net->gradient_floats &&
        (tape->params.keep || strcmp(kind, "sigma") != 0) &&
        (net->params.neuron.train_tau || strncmp(kind, "tau_", 4) != 0))
        out->data = tape->g_block + offset;
}

snn_status snn_tape_tensor_at(const snn_tape *tape, size_t i, snn_tensor *out)
{
    const snn_network *net = tape->net;
    const size_t all = GLOBALS + (size_t)net->layers * PER_LAYER + net->tensors;
    size_t seen = 0;

    for (size_t k = 0; k < all; k++) {
        snn_tensor tensor = {.data = NULL};

        if (k < GLOBALS)
            global_tensor(tape, k, &tensor);
        else if (k < GLOBALS + (size_t)net->layers * PER_LAYER)
            layer_tensor(tape, (uint32_t)((k - GLOBALS) / PER_LAYER), (k - GLOBALS) % PER_LAYER,
                         &tensor);
        else
            parameter_tensor(tape, k - GLOBALS - (size_t)net->layers * PER_LAYER, &tensor);
        if (tensor.data == NULL)
            continue;
        if (seen++ == i) {
            *out = tensor;
            return SNN_OK;
        }
    }
    return SNN_ENOTFOUND;
}

snn_status snn_tape_tensor(const snn_tape *tape, const char *name, snn_tensor *out, snn_error *err)
{
    snn_tensor tensor;

    for (size_t i = 0; snn_tape_tensor_at(tape, i, &tensor) == SNN_OK; i++) {
        if (strcmp(tensor.name, name) == 0) {
            *out = tensor;
            return SNN_OK;
        }
    }
    return snn_error_set(
        err, SNN_ENOTFOUND, name,
        "the tape does not show this tensor (inner ones need keep = 1, gradients train = 1)");
}

void snn_tape_phases(snn_tape *tape, double seconds[SNN_PHASES], int reset)
{
    memcpy(seconds, tape->seconds, sizeof tape->seconds);
    if (reset)
        memset(tape->seconds, 0, sizeof tape->seconds);
}

const char *snn_phase_name(snn_phase phase)
{
    static const char *const name[SNN_PHASES] = {
        [SNN_PHASE_TAPS] = "taps",
        [SNN_PHASE_SYNAPSE_FORWARD] = "synapse forward",
        [SNN_PHASE_NEURON_FORWARD] = "neuron forward",
        [SNN_PHASE_LOSS] = "loss",
        [SNN_PHASE_NEURON_BACKWARD] = "neuron backward",
        [SNN_PHASE_SYNAPSE_INPUT_GRADIENT] = "input gradient",
        [SNN_PHASE_SYNAPSE_KERNEL_GRADIENT] = "kernel gradient",
        [SNN_PHASE_TAPS_BACKWARD] = "taps backward",
        [SNN_PHASE_UPDATE] = "update",
    };

    return (unsigned)phase < SNN_PHASES ? name[phase] : "unknown";
}

const char *snn_tape_solver(const snn_tape *tape, uint32_t layer)
{
    const snn_synapse *synapse;

    if (layer >= tape->net->layers)
        return "";
    synapse = &tape->layer[layer].synapse;
    if (synapse->ctx == NULL && tape->packed && layer > 0)
        return "lookup";
    return snn_synapse_solver(synapse->ctx != NULL ? synapse : &tape->layer[layer].rounded);
}
