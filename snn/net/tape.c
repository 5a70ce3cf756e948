/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of a tape: everything that a step needs, taken at creation. */
#include "snn/net/net.h"

#include <stdio.h>
#include <string.h>

void snn_tape_params_init(snn_tape_params *params)
{
    *params = (snn_tape_params){.size = sizeof *params, .batch = 256, .steps = 100, .train = 1};
}

/* Numbers in the largest activation of layer l. */
static size_t layer_floats(const snn_tape *tape, uint32_t l)
{
    return (size_t)(tape->params.steps + (l + 1) * tape->net->pad) * tape->params.batch *
           tape->net->layer[l].n_out;
}

/* Of a row of taps in layer l. */
static size_t tap_columns(const snn_network *net, uint32_t l)
{
    return snn_synapse_columns(net->layer[l].n_in, net->layer[l].n_out,
                               net->params.delay.kernel_count, net->params.delay.sharing);
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- layers ------------------------------------------------------------------------ */

/* Whether layer l has neurons that spike. */
static bool fires(const snn_network *net, uint32_t l)
{
    return l + 1 < net->layers || net->params.loss == SNN_LOSS_SPIKE_COUNT;
}

/* Spikes as bits, of all hidden layers but the last, whose output stays where it is. */
static snn_status create_bits(snn_tape *tape, uint32_t l)
{
    const size_t rows =
        (size_t)(tape->params.steps + (l + 1) * tape->net->pad) * tape->params.batch;
    const size_t words = rows * snn_bit_words(tape->net->layer[l].n_out);
    tape_layer *layer = &tape->layer[l];
    snn_status st = SNN_OK;

    if (!tape->bits || l + 2 >= tape->net->layers)
        return SNN_OK;
    TRY_ALLOC(st, tape->ctx, layer->bits, words);
    if (net_marks(tape, l))
        TRY_ALLOC(st, tape->ctx, layer->marks, words);
done:
    return st;
}

/* Activations: each layer's own for training, two in turn otherwise. */
static snn_status create_activations(snn_tape *tape, uint32_t l)
{
    const bool own = tape->params.train || tape->params.keep;
    const bool readout = l + 1 == tape->net->layers;
    const size_t n = layer_floats(tape, l);
    /* A hidden layer's conv takes the output of the layer below on the way back. */
    const size_t below = tape->bits && !readout && l > 0 ? layer_floats(tape, l - 1) : 0;
    tape_layer *layer = &tape->layer[l];
    snn_status st = SNN_OK;

    if (own || readout)
        TRY_ALLOC(st, tape->ctx, layer->conv, largest(n, below));
    if (readout || (own && !tape->bits))
        TRY_ALLOC(st, tape->ctx, layer->output, n);
    TRY(st, create_bits(tape, l));
    if (net_is_adaptive(tape->net, l) &&
        (tape->params.keep || (tape->params.train && tape->net->params.neuron.train_tau)))
        TRY_ALLOC(st, tape->ctx, layer->w, n);
    if (tape->params.keep && fires(tape->net, l)) {
        TRY_ALLOC(st, tape->ctx, layer->bn, n);
        TRY_ALLOC(st, tape->ctx, layer->membrane, n);
        TRY_ALLOC(st, tape->ctx, layer->spikes, n);
    }
    if (tape->params.keep)
        TRY_ALLOC(st, tape->ctx, layer->taps, tape->net->n_taps * tap_columns(tape->net, l));
    if (tape->params.keep && tape->params.train) {
        TRY_ALLOC(st, tape->ctx, layer->g_conv, n);
        if (!readout)
            TRY_ALLOC(st, tape->ctx, layer->g_bn, n);
        TRY_ALLOC(st, tape->ctx, layer->g_output, n);
        TRY_ALLOC(st, tape->ctx, layer->g_taps, tape->net->n_taps * tap_columns(tape->net, l));
        if (fires(tape->net, l))
            TRY_ALLOC(st, tape->ctx, layer->g_spikes, n);
    }
done:
    return st;
}

static snn_status create_layer(snn_tape *tape, uint32_t l)
{
    const snn_network_params *params = &tape->net->params;
    const net_layer *parameters = &tape->net->layer[l];
    const size_t channels = parameters->n_out, batch = tape->params.batch;
    tape_layer *layer = &tape->layer[l];
    snn_status st;

    TRY(st, create_activations(tape, l));
    if (parameters->hidden && params->batch_norm) {
        TRY_ALLOC(st, tape->ctx, layer->mean, channels);
        TRY_ALLOC(st, tape->ctx, layer->inv_std, channels);
        TRY_ALLOC(st, tape->ctx, layer->scale, channels);
        TRY_ALLOC(st, tape->ctx, layer->mean_g, channels);
        TRY_ALLOC(st, tape->ctx, layer->mean_gx, channels);
    }
    if (net_is_adaptive(tape->net, l))
        TRY_ALLOC(st, tape->ctx, layer->adapt, NET_ADAPT * channels);
    if (parameters->hidden && params->dropout > 0.0f && tape->params.train)
        TRY_ALLOC(st, tape->ctx, layer->mask, batch * channels);
    if (params->mask_padding)
        TRY_ALLOC(st, tape->ctx, layer->valid, batch);
done:
    return st;
}

static void destroy_layer(snn_tape *tape, uint32_t l)
{
    const bool own = tape->params.train || tape->params.keep || l + 1 == tape->net->layers;
    tape_layer *layer = &tape->layer[l];
    const bool readout = l + 1 == tape->net->layers;
    void *const blocks[] = {own ? layer->conv : NULL,
                            readout || (own && !tape->bits) ? layer->output : NULL,
                            layer->bits,
                            layer->marks,
                            layer->mask,
                            layer->valid,
                            layer->mean,
                            layer->inv_std,
                            layer->scale,
                            layer->mean_g,
                            layer->mean_gx,
                            layer->adapt,
                            layer->w,
                            layer->bn,
                            layer->membrane,
                            layer->spikes,
                            layer->g_conv,
                            layer->g_bn,
                            layer->g_spikes,
                            layer->g_output,
                            layer->taps,
                            layer->g_taps};

    for (size_t i = 0; i < SNN_COUNT(blocks); i++)
        snn_free(tape->ctx, blocks[i]);
}

/* ---- what layers share ---------------------------------------------------------------- */

static snn_status create_gradients(snn_tape *tape)
{
    const snn_network *net = tape->net;
    net_views *views[NET_MAX_LAYERS];
    size_t activation = 0;
    snn_status st = SNN_OK;

    for (uint32_t l = 0; l < net->layers; l++) {
        views[l] = &tape->layer[l].g;
        activation = largest(activation, layer_floats(tape, l));
    }
    snn_context_purpose(tape->ctx, SNN_MEMORY_GRADIENTS);
    TRY_ALLOC(st, tape->ctx, tape->g_block, net->gradient_floats);
    snn_context_purpose(tape->ctx, SNN_MEMORY_ACTIVATIONS);
    net_place(net, tape->g_block, views, true);
    TRY_ALLOC(st, tape->ctx, tape->g[0],
              tape->params.keep ? activation : layer_floats(tape, net->layers - 1));
    if (tape->params.keep)
        TRY_ALLOC(st, tape->ctx, tape->g[1], activation);
    if (tape->params.input_gradient)
        TRY_ALLOC(st, tape->ctx, tape->g_input,
                  (size_t)tape->params.steps * tape->params.batch * net->params.n_inputs);
done:
    return st;
}

static snn_status create_shared(snn_tape *tape)
{
    const snn_network *net = tape->net;
    const size_t batch = tape->params.batch, n = net->params.n_outputs;
    const uint32_t last = net->layers - 1;
    const snn_neuron_model model = net->params.neuron.model;
    const size_t sums = model == SNN_NEURON_ADLIF ? SNN_ADLIF_SUMS : 2;
    const size_t states = model == SNN_NEURON_LIF ? 2 : 3;
    size_t activation = 0, channels = n;
    snn_status st = SNN_OK;

    for (uint32_t l = 0; l < net->layers; l++) {
        channels = largest(channels, net->layer[l].n_out);
        if (l < last)
            activation = largest(activation, layer_floats(tape, l));
        if (tape->params.train && fires(net, l))
            tape->window_floats = largest(tape->window_floats, net_window_floats(tape, l));
    }
    if (tape->bits)
        TRY_ALLOC(st, tape->ctx, tape->frame, activation);
    TRY_ALLOC(st, tape->ctx, tape->window, tape->window_floats * (size_t)tape->ctx->threads);
    if (!tape->params.train && !tape->params.keep)
        for (int i = 0; i < 2; i++)
            TRY_ALLOC(st, tape->ctx, tape->flow[i], activation);
    tape->state_floats = states * net_grain(batch) * channels;
    TRY_ALLOC(st, tape->ctx, tape->state, tape->state_floats * (size_t)tape->ctx->threads);
    TRY_ALLOC(st, tape->ctx, tape->partial, sums * channels * net_tiles_most(batch));
    TRY_ALLOC(st, tape->ctx, tape->fold, channels);
    TRY_ALLOC(st, tape->ctx, tape->softmax, layer_floats(tape, last));
    TRY_ALLOC(st, tape->ctx, tape->score, batch * n);
    TRY_ALLOC(st, tape->ctx, tape->logits, batch * n);
    TRY_ALLOC(st, tape->ctx, tape->g_logits, batch * n);
    TRY_ALLOC(st, tape->ctx, tape->sample_loss, batch);
    TRY_ALLOC(st, tape->ctx, tape->label, batch);
    TRY_ALLOC(st, tape->ctx, tape->label2, batch);
    TRY_ALLOC(st, tape->ctx, tape->mix, batch);
done:
    return st;
}

/* BLAS counts rows and columns in int: refuse what would not fit. */
static snn_status check_size(const snn_network *net, const snn_tape_params *params, snn_error *err)
{
    const uint64_t steps = (uint64_t)params->steps + net->layers * net->pad + net->n_taps;
    uint64_t widest = net->params.n_inputs;

    for (uint32_t l = 0; l < net->layers; l++)
        widest = net->layer[l].n_out > widest ? net->layer[l].n_out : widest;
    if (steps > INT32_MAX || params->batch * widest > INT32_MAX ||
        params->batch * steps > INT32_MAX)
        return snn_error_set(err, SNN_EINVAL, "tape",
                             "%u samples of %u steps are too many at once: use a smaller batch",
                             params->batch, params->steps);
    return SNN_OK;
}

snn_status snn_tape_create(snn_network *net, const snn_tape_params *params, snn_tape **out,
                           snn_error *err)
{
    snn_memory purpose;
    snn_tape *tape = NULL;
    snn_status st = SNN_OK;

    if (params->size != sizeof *params || params->batch == 0 || params->steps == 0)
        return snn_error_set(err, SNN_EINVAL, "tape",
                             "parameters need snn_tape_params_init, batch and steps >= 1");
    purpose = snn_context_purpose(net->ctx, SNN_MEMORY_ACTIVATIONS);
    TRY(st, check_size(net, params, err));
    TRY_ALLOC(st, net->ctx, tape, 1);
    tape->net = net;
    tape->ctx = net->ctx;
    tape->params = *params;
    tape->bits = params->train && !params->keep && !net->params.neuron.smooth;
    if (params->train)
        TRY(st, create_gradients(tape));
    for (uint32_t l = 0; l < net->layers; l++)
        TRY(st, create_layer(tape, l));
    TRY(st, create_shared(tape));
    TRY(st, net_plan_create(tape, err));
    *out = tape;
    tape = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "tape",
                      "no memory for batches of %u samples and %u steps: use a smaller batch",
                      params->batch, params->steps);
    snn_tape_destroy(tape);
    snn_context_purpose(net->ctx, purpose);
    return st;
}

void snn_tape_destroy(snn_tape *tape)
{
    if (tape == NULL)
        return;
    net_plan_destroy(tape);
    for (uint32_t l = 0; l < tape->net->layers; l++)
        destroy_layer(tape, l);
    snn_free(tape->ctx, tape->mix);
    snn_free(tape->ctx, tape->label2);
    snn_free(tape->ctx, tape->label);
    snn_free(tape->ctx, tape->sample_loss);
    snn_free(tape->ctx, tape->g_logits);
    snn_free(tape->ctx, tape->logits);
    snn_free(tape->ctx, tape->score);
    snn_free(tape->ctx, tape->softmax);
    snn_free(tape->ctx, tape->fold);
    snn_free(tape->ctx, tape->partial);
    snn_free(tape->ctx, tape->window);
    snn_free(tape->ctx, tape->frame);
    snn_free(tape->ctx, tape->state);
    for (int i = 0; i < 2; i++) {
        snn_free(tape->ctx, tape->flow[i]);
        snn_free(tape->ctx, tape->g[i]);
    }
    snn_free(tape->ctx, tape->g_input);
    snn_free(tape->ctx, tape->g_block);
    snn_free(tape->ctx, tape);
}
