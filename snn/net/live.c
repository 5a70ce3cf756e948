/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network that runs live (live.h).  Each layer keeps a ring of D rows, the sums that
 * its neurons will get in this step and the D-1 after it; a spike of source i runs over i's
 * list of (row and target, weight), which are in the order of the ring's memory.  Neurons are
 * the kernels of all other passes, one step of one sample at a time.
 */
#include "snn/delay/synapse.h"
#include "snn/net/net.h"

#include <snn/live.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- creation ----------------------------------------------------------------------------- */

/* Weight and delay of each element of each synapse, as evaluation has them. */
typedef struct {
    uint16_t *delay; /* [M][columns] */
    float *value;    /* [M][columns]: with shared delays of weight 1 */
    float *ones, *scratch;
} live_taps;

static void free_taps(snn_context *ctx, live_taps *taps)
{
    snn_free(ctx, taps->scratch);
    snn_free(ctx, taps->ones);
    snn_free(ctx, taps->value);
    snn_free(ctx, taps->delay);
}

static snn_status build_taps(const snn_network *net, uint32_t l, live_taps *out)
{
    const net_layer *from = &net->layer[l];
    const uint32_t elements = net->params.delay.kernel_count;
    const bool shared = net->params.delay.sharing != SNN_SHARING_SYNAPSE;
    const size_t n = from->delays * elements;
    snn_taps taps = {.version = net->version,
                     .one_hot = net->n_taps > 1,
                     .n_taps = net->n_taps,
                     .width = 1,
                     .elements = elements,
                     .synapses = from->delays,
                     .weight = from->p.weight,
                     .position = from->p.position,
                     .sigma = from->p.sigma};
    snn_status st = SNN_OK;

    TRY_ALLOC(st, net->ctx, out->delay, n);
    TRY_ALLOC(st, net->ctx, out->value, n);
    TRY_ALLOC(st, net->ctx, out->scratch, SNN_TAPS_SCRATCH(1));
    if (shared) {
        TRY_ALLOC(st, net->ctx, out->ones, n);
        for (size_t i = 0; i < n; i++)
            out->ones[i] = 1.0f;
        taps.weight = out->ones;
    }
    taps.first = out->delay;
    taps.kernel = out->value;
    net->ctx->kern->taps_forward(&taps, 0, from->delays, out->scratch);
done:
    return st;
}

static live_synapse synapse_of(const snn_network *net, uint32_t l, const live_taps *taps,
                               uint32_t m, uint32_t o, uint32_t i)
{
    const net_layer *from = &net->layer[l];
    const size_t s = (size_t)o * from->n_in + i;
    float weight = from->p.weight[m * from->synapses + s];
    size_t at = m * from->delays;

    switch (net->params.delay.sharing) {
    case SNN_SHARING_SYNAPSE:
        at += s;
        weight = taps->value[at];
        break;
    case SNN_SHARING_AXONAL:
        at += i;
        weight *= taps->value[at];
        break;
    case SNN_SHARING_DENDRITIC:
        at += o;
        weight *= taps->value[at];
        break;
    }
    return (live_synapse){(uint32_t)taps->delay[at] * from->n_out + o, weight};
}

static int by_place(const void *a, const void *b)
{
    const live_synapse *x = a, *y = b;

    return (x->to > y->to) - (x->to < y->to);
}

static snn_status create_synapses(const snn_network *net, uint32_t l, live_layer *layer)
{
    const net_layer *from = &net->layer[l];
    const uint32_t elements = net->params.delay.kernel_count;
    live_taps taps = {NULL, NULL, NULL, NULL};
    uint32_t n = 0;
    snn_status st = SNN_OK;

    TRY(st, build_taps(net, l, &taps));
    TRY_ALLOC(st, net->ctx, layer->first, (size_t)from->n_in + 1);
    TRY_ALLOC(st, net->ctx, layer->list, (size_t)from->fan_in * from->n_out * elements);
    for (uint32_t i = 0; i < from->n_in; i++) {
        layer->first[i] = n;
        for (uint32_t o = 0; o < from->n_out; o++)
            for (uint32_t m = 0; m < elements; m++)
                if (from->mask == NULL || from->mask[(size_t)o * from->n_in + i] != 0)
                    layer->list[n++] = synapse_of(net, l, &taps, m, o, i);
        qsort(layer->list + layer->first[i], n - layer->first[i], sizeof *layer->list, by_place);
    }
    layer->first[from->n_in] = n;
    SNN_ASSERT(n <= (size_t)from->fan_in * from->n_out * elements);
done:
    free_taps(net->ctx, &taps);
    return st;
}

static snn_status copy_of(snn_context *ctx, const float *from, size_t n, float **out)
{
    snn_status st = SNN_OK;

    if (from == NULL)
        return st;
    TRY_ALLOC(st, ctx, *out, n);
    memcpy(*out, from, n * sizeof *from);
done:
    return st;
}

static snn_status create_neurons(const snn_network *net, uint32_t l, live_layer *layer)
{
    const net_views *p = &net->layer[l].p;
    const size_t n = layer->n_out;
    snn_context *ctx = net->ctx;
    snn_lif *lif = &layer->neurons.lif;
    snn_status st = SNN_OK;

    TRY(st, copy_of(ctx, p->bias, n, &layer->bias));
    if (layer->hidden && net->params.batch_norm) {
        TRY(st, copy_of(ctx, p->mean, n, &layer->mean));
        TRY(st, copy_of(ctx, p->beta, n, &layer->beta));
        TRY_ALLOC(st, ctx, layer->scale, n);
        net_norm_running(net, l, NULL, layer->scale);
    }
    *lif = net_lif(net, l);
    lif->carry = true;
    lif->steps = 1;
    lif->row = n;
    lif->mean = layer->mean;
    lif->scale = layer->scale;
    lif->shift = layer->beta;
    lif->conv = layer->conv;
    lif->output = layer->output;
    if (layer->adaptive) {
        TRY_ALLOC(st, ctx, layer->adapt, NET_ADAPT * n);
        net_adaptive_fill(net, l, layer->adapt);
        TRY(st, copy_of(ctx, p->a, n, &layer->a));
        TRY(st, copy_of(ctx, p->b, n, &layer->b));
        net_adaptive_views(&layer->neurons, layer->adapt, n);
        layer->neurons.a = layer->a;
        layer->neurons.b = layer->b;
    }
done:
    return st;
}

static snn_status create_layer(const snn_network *net, uint32_t l, live_layer *layer)
{
    snn_context *ctx = net->ctx;
    snn_status st = SNN_OK;

    layer->n_in = net->layer[l].n_in;
    layer->n_out = net->layer[l].n_out;
    layer->hidden = net->layer[l].hidden;
    layer->adaptive = net_is_adaptive(net, l);
    layer->more = (l + 1) * net->pad;
    TRY_ALLOC(st, ctx, layer->ring, (size_t)net->n_taps * layer->n_out);
    TRY_ALLOC(st, ctx, layer->conv, layer->n_out);
    TRY_ALLOC(st, ctx, layer->output, layer->n_out);
    TRY_ALLOC(st, ctx, layer->state, (size_t)3 * layer->n_out);
    TRY(st, create_neurons(net, l, layer));
    TRY(st, create_synapses(net, l, layer));
done:
    return st;
}

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
        TRY(st, create_layer(net, l, &live->layer[l]));
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
    for (uint32_t l = 0; l < live->layers; l++) {
        live_layer *layer = &live->layer[l];
        void *const blocks[] = {layer->first, layer->list, layer->ring,  layer->conv, layer->output,
                                layer->bias,  layer->mean, layer->scale, layer->beta, layer->adapt,
                                layer->a,     layer->b,    layer->state};

        for (size_t i = 0; i < SNN_COUNT(blocks); i++)
            snn_free(live->ctx, blocks[i]);
    }
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
