/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network that runs live (live.h): layers of live_layer.h, step by step.  Neurons are the
 * kernels of all other passes, one step of one sample at a time.
 */
#include "snn/net/live_layer.h"

#include <snn/live.h>

#include <math.h>
#include <string.h>

struct snn_live {
    snn_context *ctx;
    snn_network_params params;
    uint32_t n_taps, layers;
    uint64_t steps, operations;
    bool finished;
    float decay, leak, gain, rest; /* of the read-out's integrator */
    float *softmax;                /* [n_outputs] */
    double *score;                 /* [n_outputs] sums, or the largest */
    live_layer layer[NET_MAX_LAYERS];
};

snn_status snn_live_create(const snn_network *net, snn_live **out, snn_error *err)
{
    snn_live *live = NULL;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, net->ctx, live, 1);
    live->ctx = net->ctx;
    live->params = net->params;
    live->n_taps = net->n_taps;
    live->layers = net->layers;
    net_integrator(net, &live->decay, &live->leak, &live->gain, &live->rest);
    TRY_ALLOC(st, net->ctx, live->softmax, net->params.n_outputs);
    TRY_ALLOC(st, net->ctx, live->score, net->params.n_outputs);
    for (uint32_t l = 0; l < net->layers; l++)
        TRY(st, net_live_layer_create(net, l, &live->layer[l]));
    snn_live_reset(live);
    *out = live;
    live = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "live", "no memory for the network's synapses");
    snn_live_destroy(live);
    return st;
}

void snn_live_destroy(snn_live *live)
{
    if (live == NULL)
        return;
    for (uint32_t l = 0; l < live->layers; l++)
        net_live_layer_free(live->ctx, &live->layer[l]);
    snn_free(live->ctx, live->score);
    snn_free(live->ctx, live->softmax);
    snn_free(live->ctx, live);
}

/* ---- running ------------------------------------------------------------------------------- */

/* Whether a layer's output comes of neurons that fire. */
static bool fires(const snn_live *live, const live_layer *layer)
{
    return layer->hidden || live->params.loss == SNN_LOSS_SPIKE_COUNT;
}

void snn_live_reset(snn_live *live)
{
    const size_t n = live->params.n_outputs;

    live->steps = live->operations = 0;
    live->finished = false;
    for (size_t c = 0; c < n; c++)
        live->score[c] = live->params.loss == SNN_LOSS_MAX ? -INFINITY : 0.0;
    for (uint32_t l = 0; l < live->layers; l++) {
        live_layer *layer = &live->layer[l];
        const float start = !fires(live, layer) ? live->rest
                            : layer->adaptive   ? 0.0f
                                                : layer->neurons.lif.start;

        layer->now = 0;
        memset(layer->ring, 0, (size_t)live->n_taps * layer->n_out * sizeof *layer->ring);
        memset(layer->output, 0, layer->n_out * sizeof *layer->output);
        memset(layer->state, 0, (size_t)3 * layer->n_out * sizeof *layer->state);
        for (uint32_t c = 0; c < layer->n_out; c++)
            layer->state[c] = start;
    }
}

/* Add the frame x of the layer before to the sums of this step and of those to come. */
static uint64_t scatter(const snn_live *live, live_layer *layer, const float *x)
{
    const size_t size = (size_t)live->n_taps * layer->n_out;
    const size_t now = (size_t)layer->now * layer->n_out;
    float *ring = layer->ring;
    uint64_t operations = 0;

    for (uint32_t i = 0; i < layer->n_in; i++) {
        const float v = x[i];
        const uint32_t to = layer->first[i + 1];

        if (v == 0.0f)
            continue;
        for (uint32_t n = layer->first[i]; n < to; n++) {
            const size_t at = now + layer->list[n].to;

            ring[at < size ? at : at - size] += layer->list[n].weight * v;
        }
        operations += to - layer->first[i];
    }
    return operations;
}

static void integrate(const snn_live *live, live_layer *layer)
{
    for (uint32_t c = 0; c < layer->n_out; c++) {
        layer->state[c] = live->decay * layer->state[c] + live->leak + live->gain * layer->conv[c];
        layer->output[c] = layer->state[c];
    }
}

/* What the layer's neurons make of this step's sums. */
static void answer(const snn_live *live, live_layer *layer)
{
    float *row = layer->ring + (size_t)layer->now * layer->n_out;

    memcpy(layer->conv, row, layer->n_out * sizeof *row);
    memset(row, 0, layer->n_out * sizeof *row);
    for (uint32_t c = 0; layer->bias != NULL && c < layer->n_out; c++)
        layer->conv[c] += layer->bias[c];
    if (!fires(live, layer))
        integrate(live, layer);
    else if (layer->adaptive)
        live->ctx->kern->adlif_forward(&layer->neurons, 0, layer->n_out, layer->state);
    else
        live->ctx->kern->lif_forward(&layer->neurons.lif, 0, layer->n_out, layer->state);
    layer->now = layer->now + 1 == live->n_taps ? 0 : layer->now + 1;
}

static void count(snn_live *live)
{
    const size_t n = live->params.n_outputs;
    const float *v = live->layer[live->layers - 1].output;

    if (live->params.loss == SNN_LOSS_SUM) {
        live->ctx->kern->softmax(1, n, v, live->softmax);
        v = live->softmax;
    }
    for (size_t c = 0; c < n; c++) {
        if (live->params.loss == SNN_LOSS_MAX)
            live->score[c] = (double)v[c] > live->score[c] ? (double)v[c] : live->score[c];
        else
            live->score[c] += (double)v[c];
    }
}

/* One step: `after` counts those behind the last frame from 1, else it is 0. */
static void step(snn_live *live, const float *x, uint32_t after)
{
    for (uint32_t l = 0; l < live->layers; l++) {
        live_layer *layer = &live->layer[l];

        if (after > layer->more) { /* it has no such step */
            memset(layer->output, 0, layer->n_out * sizeof *layer->output);
        } else {
            if (x != NULL)
                live->operations += scatter(live, layer, x);
            answer(live, layer);
        }
        x = layer->output;
    }
    count(live);
    live->steps++;
}

snn_status snn_live_step(snn_live *live, const float *x)
{
    if (live->finished)
        return SNN_EINVAL;
    step(live, x, 0);
    return SNN_OK;
}

void snn_live_finish(snn_live *live)
{
    const uint32_t more = live->layer[live->layers - 1].more;

    for (uint32_t after = 1; !live->finished && after <= more; after++)
        step(live, NULL, after);
    live->finished = true;
}

void snn_live_scores(const snn_live *live, float *scores)
{
    const double steps = (double)live->steps;

    for (uint32_t c = 0; c < live->params.n_outputs; c++)
        scores[c] = live->steps == 0                     ? 0.0f
                    : live->params.loss == SNN_LOSS_MEAN ? (float)(live->score[c] / steps)
                                                         : (float)live->score[c];
}

uint64_t snn_live_steps(const snn_live *live)
{
    return live->steps;
}

uint64_t snn_live_operations(const snn_live *live)
{
    return live->operations;
}

const float *snn_live_output(const snn_live *live, uint32_t layer)
{
    return layer < live->layers ? live->layer[layer].output : NULL;
}
