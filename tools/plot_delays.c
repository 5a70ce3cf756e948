/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/plot.h"

#include "tools/chart/chart.h"

#include <math.h>
#include <string.h>

#define MOST_LAYERS (SNN_MAX_HIDDEN + 1)

/* The bars of one layer. */
struct histogram {
    char title[64];
    double *synapses; /* [max_delay] */
    chart_mark mark;
};

/* Whether delays are those of neurons, not of synapses. */
static bool are_shared(const snn_network *net)
{
    return snn_network_get_params(net)->delay.sharing != SNN_SHARING_SYNAPSE;
}

/* Which synapses of a sparse layer exist, [out, in]; NULL where all do, or where it does not
 * matter: a neuron has its delay whatever synapses it has. */
static const uint8_t *mask_of(const snn_network *net, uint32_t layer, size_t *synapses)
{
    char name[SNN_TENSOR_NAME];
    snn_tensor tensor;

    snprintf(name, sizeof name, "layer%u.mask", (unsigned)layer);
    if (are_shared(net) || snn_network_tensor(net, name, &tensor, NULL) != SNN_OK ||
        snn_tensor_size(&tensor) == 0)
        return NULL;
    *synapses = snn_tensor_size(&tensor);
    return tensor.data;
}

/* Delays as evaluation rounds them: floor(D/2) - rint(P) steps. */
static snn_status count_layer(const snn_network *net, uint32_t layer, uint32_t max_delay,
                              double *counts, double *mean, snn_error *err)
{
    char name[SNN_TENSOR_NAME];
    const uint8_t *mask;
    const float *positions;
    size_t synapses = 1, exist = 0;
    double sum = 0;
    snn_tensor tensor;
    size_t n;
    snn_status status = SNN_OK;

    snprintf(name, sizeof name, "layer%u.position", (unsigned)layer);
    TRY(status, snn_network_tensor(net, name, &tensor, err));
    positions = tensor.data;
    n = snn_tensor_size(&tensor);
    mask = mask_of(net, layer, &synapses);
    for (size_t i = 0; i < n; i++) {
        const double delay = (double)(max_delay / 2) - rint((double)positions[i]);
        if (mask != NULL && mask[i % synapses] == 0)
            continue;
        exist++;
        sum += delay;
        if (delay >= 0 && delay < max_delay)
            counts[(size_t)delay]++;
    }
    *mean = exist > 0 ? sum / (double)exist : 0;
done:
    return status;
}

static snn_status draw_layers(snn_context *ctx, const snn_network *net, const char *model,
                              const options *o, const char *out, snn_error *err)
{
    const snn_network_params *params = snn_network_get_params(net);
    const uint32_t layers = snn_network_layers(net), taps = params->delay.max_delay;
    const double step = (double)params->time_step_ms;
    struct histogram *all = snn_alloc(ctx, layers, sizeof *all);
    chart_panel *panels = snn_alloc(ctx, layers, sizeof *panels);
    double *delays = snn_alloc(ctx, taps, sizeof *delays);
    double *counts = snn_alloc(ctx, (size_t)layers * taps, sizeof *counts), mean = 0;
    chart picture = {.title = are_shared(net) ? "Delays of the neurons" : "Delays of the synapses",
                     .note = model,
                     .width = o->width,
                     .height = o->height > 0 ? o->height : 90 + 165 * layers,
                     .rows = layers,
                     .panels = panels};
    snn_status status = SNN_OK;

    if (all == NULL || panels == NULL || delays == NULL || counts == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    for (uint32_t d = 0; d < taps; d++)
        delays[d] = d * step;
    for (uint32_t l = 0; l < layers; l++) {
        struct histogram *h = &all[l];
        h->synapses = counts + (size_t)l * taps;
        TRY(status, count_layer(net, l, taps, h->synapses, &mean, err));
        snprintf(h->title, sizeof h->title, "%s %u, mean %.0f ms",
                 l + 1 < layers ? "hidden layer" : "read-out, layer", (unsigned)(l + 1),
                 mean * step);
        h->mark = (chart_mark){.kind = CHART_BARS,
                               .colour = 0x0072b2,
                               .n = taps,
                               .x = delays,
                               .y = h->synapses,
                               .width = 0.86 * step};
        panels[l] = (chart_panel){.title = h->title,
                                  .x = {.label = l + 1 == layers ? "delay" : NULL,
                                        .unit = "ms",
                                        .low = -0.6 * step,
                                        .high = (taps - 0.4) * step},
                                  .y = {.label = are_shared(net) ? "neurons" : "synapses"},
                                  .marks = &h->mark,
                                  .n_marks = 1};
    }
    status = chart_write(ctx, &picture, out, err);
done:
    snn_free(ctx, all);
    snn_free(ctx, panels);
    snn_free(ctx, delays);
    snn_free(ctx, counts);
    return status;
}

snn_status plot_delays(snn_context *ctx, const char *model, const options *o, const char *out,
                       snn_error *err)
{
    char path[TOOL_PATH];
    snn_network *net = NULL;
    snn_status status = SNN_OK;

    if (is_folder(model))
        TRY(status, join_path(path, model, "model.h5", err));
    else if (strlen(model) < sizeof path)
        snprintf(path, sizeof path, "%s", model);
    else
        TRY(status, snn_error_set(err, SNN_EINVAL, model, "the path is too long"));
    TRY(status, snn_model_load(ctx, path, &net, NULL, err));
    if (snn_network_get_params(net)->delay.mode == SNN_DELAYS_NONE)
        TRY(status, snn_error_set(err, SNN_EINVAL, path,
                                  "has no delays (delay.mode is none): nothing to draw"));
    status = draw_layers(ctx, net, path, o, out, err);
done:
    snn_network_destroy(net);
    return status;
}
