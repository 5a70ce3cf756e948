/* SPDX-License-Identifier: BSD-3-Clause */
/* A layer of a network that runs live, from that of the network: synapses sorted by source,
 * constants of its neurons. */
#include "snn/net/live_layer.h"

#include <stdlib.h>
#include <string.h>

/* ---- synapses ---------------------------------------------------------------------------- */

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

/* ---- neurons ----------------------------------------------------------------------------- */

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

/* ---- the layer --------------------------------------------------------------------------- */

snn_status net_live_layer_create(const snn_network *net, uint32_t l, live_layer *layer)
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

void net_live_layer_free(snn_context *ctx, live_layer *layer)
{
    void *const blocks[] = {layer->first, layer->list, layer->ring,  layer->conv, layer->output,
                            layer->bias,  layer->mean, layer->scale, layer->beta, layer->adapt,
                            layer->a,     layer->b,    layer->state};

    for (size_t i = 0; i < SNN_COUNT(blocks); i++)
        snn_free(ctx, blocks[i]);
}
