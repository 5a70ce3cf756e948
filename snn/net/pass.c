/* SPDX-License-Identifier: BSD-3-Clause */
/* One step through all layers: forward and backward side by side. */
#include "snn/net/net.h"

#include <snn/observe.h>

#include <string.h>

void net_lap(snn_tape *tape, snn_phase phase, uint32_t l, double *since)
{
    const snn_observer *observer = tape->ctx->observer;
    const double now = snn_seconds();

    tape->seconds[phase] += now - *since;
    if (observer != NULL && observer->phase != NULL)
        observer->phase(observer->user, phase, l, *since, now);
    *since = now;
}

static size_t activation_floats(const snn_tape *tape, uint32_t l)
{
    return (size_t)tape->layer[l].steps * tape->batch * tape->net->layer[l].n_out;
}

/* ---- forward ------------------------------------------------------------------------- */

static snn_status check_batch(const snn_tape *tape, const snn_batch *batch, const snn_pass *pass,
                              snn_error *err)
{
    if (batch->batch == 0 || batch->batch > tape->params.batch)
        return snn_error_set(err, SNN_EINVAL, "batch", "%u samples; the tape holds 1 to %u",
                             batch->batch, tape->params.batch);
    if (batch->steps == 0 || batch->steps > tape->params.steps)
        return snn_error_set(err, SNN_EINVAL, "batch", "%u steps; the tape holds 1 to %u",
                             batch->steps, tape->params.steps);
    for (uint32_t b = 0; batch->length != NULL && b < batch->batch; b++)
        if (batch->length[b] > batch->steps)
            return snn_error_set(err, SNN_EINVAL, "batch", "sample %u has %u of %u steps", b,
                                 batch->length[b], batch->steps);
    if (pass->mode == SNN_MODE_TRAIN && !tape->params.train)
        return snn_error_set(err, SNN_EINVAL, "pass", "this tape was made for forward passes only");
    return SNN_OK;
}

/* An empty sample counts with its first step: a mean over no steps is no number. */
static uint32_t own_steps(const snn_batch *batch, uint32_t b)
{
    const uint32_t steps = batch->length != NULL ? batch->length[b] : batch->steps;

    return steps > 0 ? steps : 1;
}

static void begin(snn_tape *tape, const snn_batch *batch, const snn_pass *pass)
{
    const snn_network *net = tape->net;

    tape->input = batch->x;
    tape->batch = batch->batch;
    tape->steps = batch->steps;
    tape->mode = pass->mode;
    tape->has_output = tape->has_loss = false;
    for (uint32_t l = 0; l < net->layers; l++) {
        tape_layer *layer = &tape->layer[l];

        layer->steps = batch->steps + (l + 1) * net->pad;
        for (uint32_t b = 0; layer->valid != NULL && b < batch->batch; b++)
            layer->valid[b] = own_steps(batch, b) + (l + 1) * net->pad;
        if (!tape->params.train && !tape->params.keep && net->layer[l].hidden)
            layer->conv = layer->output = tape->flow[l % 2];
        if (tape->bits && net->layer[l].hidden)
            layer->output = tape->frame;
        if (pass->mode == SNN_MODE_TRAIN)
            net_dropout(tape, l, batch, pass);
    }
}

void net_add_bias(snn_tape *tape, uint32_t l)
{
    const float *bias = tape->net->layer[l].p.bias;
    const size_t n = tape->net->layer[l].n_out, all = activation_floats(tape, l);
    float *conv = tape->layer[l].conv;

    for (size_t j = 0; bias != NULL && j < all; j += n)
        for (size_t c = 0; c < n; c++)
            conv[j + c] += bias[c];
}

/* What layer l sees. */
static snn_frames input_of(const snn_tape *tape, uint32_t l)
{
    return (snn_frames){
        .batch = tape->batch,
        .steps = tape->steps + l * tape->net->pad,
        .dense = l == 0 ? tape->input : tape->layer[l - 1].output,
    };
}

static void synapse_forward(snn_tape *tape, uint32_t l, double *since)
{
    tape_layer *layer = &tape->layer[l];
    snn_synapse *synapse = net_plan_synapse(tape, l);
    const snn_frames x = input_of(tape, l);

    if (tape->mode == SNN_MODE_TRAIN)
        net_plan_measure(tape, l, x.dense);
    snn_synapse_begin(synapse, tape->batch, x.steps);
    snn_synapse_build(synapse, tape->mode == SNN_MODE_EVAL && tape->net->n_taps > 1);
    if (layer->taps != NULL)
        snn_synapse_show(synapse, synapse->kernel.value, layer->taps);
    net_lap(tape, SNN_PHASE_TAPS, l, since);
    snn_synapse_forward(synapse, &x, layer->conv);
    net_add_bias(tape, l);
    net_lap(tape, SNN_PHASE_SYNAPSE_FORWARD, l, since);
}

static void layers_forward(snn_tape *tape, double *since)
{
    const uint32_t last = tape->net->layers - 1;

    for (uint32_t l = 0; l <= last; l++) {
        synapse_forward(tape, l, since);
        if (l < last) {
            if (tape->net->params.batch_norm)
                net_norm_forward(tape, l);
            net_neuron_forward(tape, l);
        } else {
            net_readout_forward(tape);
        }
        net_lap(tape, SNN_PHASE_NEURON_FORWARD, l, since);
    }
}

snn_status snn_forward(snn_tape *tape, const snn_batch *batch, const snn_pass *pass, snn_error *err)
{
    double since = snn_seconds();
    snn_status st = check_batch(tape, batch, pass, err);

    if (st == SNN_OK)
        st = net_plan_pass(tape, batch, pass->mode, err);
    if (st != SNN_OK)
        return st;
    begin(tape, batch, pass);
    if (tape->packed && pass->mode == SNN_MODE_EVAL)
        net_packed_forward(tape, &since);
    else
        layers_forward(tape, &since);
    tape->has_output = true;
    return SNN_OK;
}

snn_status net_measure(snn_tape *tape, const snn_batch *batch, uint32_t l, net_moments *moments,
                       snn_error *err)
{
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    double since = snn_seconds();
    snn_status st = check_batch(tape, batch, &pass, err);

    if (st != SNN_OK)
        return st;
    begin(tape, batch, &pass);
    for (uint32_t k = 0; k < l; k++) {
        synapse_forward(tape, k, &since);
        net_norm_forward(tape, k);
        net_neuron_forward(tape, k);
        net_lap(tape, SNN_PHASE_NEURON_FORWARD, k, &since);
    }
    synapse_forward(tape, l, &since);
    net_norm_measure(tape, l, moments);
    net_lap(tape, SNN_PHASE_NEURON_FORWARD, l, &since);
    return SNN_OK;
}

/* ---- backward ------------------------------------------------------------------------ */

static void keep(const snn_tape *tape, uint32_t l, float *to, const float *g)
{
    if (to != NULL)
        memcpy(to, g, activation_floats(tape, l) * sizeof *g);
}

/* From g at the synapses' output to the gradients of their parameters, and of
 * their input (into gx, unless NULL). */
static void synapse_backward(snn_tape *tape, uint32_t l, const float *g, float *gx, double *since)
{
    tape_layer *layer = &tape->layer[l];
    const snn_frames x = input_of(tape, l);

    layer->synapse.g_kernel = tape->g_taps;
    if (layer->g.bias != NULL)
        net_channel_sum(tape, l, g, layer->g.bias);
    snn_synapse_kernel_gradient(&layer->synapse, &x, g);
    if (layer->g_taps != NULL)
        snn_synapse_show(&layer->synapse, tape->g_taps, layer->g_taps);
    net_lap(tape, SNN_PHASE_SYNAPSE_KERNEL_GRADIENT, l, since);
    snn_synapse_collect(&layer->synapse);
    net_lap(tape, SNN_PHASE_TAPS_BACKWARD, l, since);
    if (gx == NULL)
        return;
    snn_synapse_input_gradient(&layer->synapse, g, gx, l > 0 && net_marks(tape, l - 1));
    net_lap(tape, SNN_PHASE_SYNAPSE_INPUT_GRADIENT, l, since);
}

snn_status snn_backward(snn_tape *tape, snn_error *err)
{
    const uint32_t last = tape->net->layers - 1;
    double since = snn_seconds();
    float *g = tape->g[0], *other = tape->g[1];

    if (!tape->has_loss || tape->mode != SNN_MODE_TRAIN)
        return snn_error_set(err, SNN_EINVAL, "snn_backward",
                             "needs snn_forward in training mode and snn_loss_forward first");
    net_loss_backward(tape, g);
    net_lap(tape, SNN_PHASE_LOSS, last, &since);
    net_readout_backward(tape, g);
    net_lap(tape, SNN_PHASE_NEURON_BACKWARD, last, &since);
    for (uint32_t l = last;; l--) {
        /* The input of layer l has served once its kernel gradient is there: its gradient
         * takes its place, unless somebody wants to look at it. */
        float *gx = l == 0 ? tape->g_input : tape->params.keep ? other : tape->layer[l - 1].output;

        keep(tape, l, tape->layer[l].g_conv, g);
        synapse_backward(tape, l, g, gx, &since);
        if (l == 0)
            break;
        keep(tape, l - 1, tape->layer[l - 1].g_output, gx);
        net_neuron_backward(tape, l - 1, gx);
        keep(tape, l - 1, tape->layer[l - 1].g_bn, gx);
        if (tape->net->params.batch_norm)
            net_norm_backward(tape, l - 1, gx);
        /* What layer l - 1 saw, in its conv, which is done with. */
        if (tape->bits && l > 1)
            net_neuron_restore(tape, l - 2, tape->layer[l - 1].conv);
        net_lap(tape, SNN_PHASE_NEURON_BACKWARD, l - 1, &since);
        other = g;
        g = gx;
    }
    tape->has_loss = false;
    return SNN_OK;
}
