/* SPDX-License-Identifier: BSD-3-Clause */
/* snn info: what adaptive neurons have learned, layer by layer, time constants in ms. */
#include "tools/info.h"

#include <math.h>

typedef struct kind {
    const char *name, *shown;
    double low, high; /* what 0 and 1 stand for */
} kind;

#define KINDS 4

static void kinds_of(const snn_neuron_params *neuron, kind out[KINDS])
{
    out[0] = (kind){"a", "a", 0, 1};
    out[1] = (kind){"b", "b", 0, 1};
    out[2] =
        (kind){"tau_u", "tau_u_ms", (double)neuron->tau_u_min_ms, (double)neuron->tau_u_max_ms};
    out[3] =
        (kind){"tau_w", "tau_w_ms", (double)neuron->tau_w_min_ms, (double)neuron->tau_w_max_ms};
}

static void show_kind(json *j, const kind *k, const float *x, uint32_t n)
{
    double least = INFINITY, most = -INFINITY, sum = 0;

    for (uint32_t i = 0; i < n; i++) {
        const double value = k->low + (double)x[i] * (k->high - k->low);

        least = fmin(least, value);
        most = fmax(most, value);
        sum += value;
    }
    if (j == NULL) {
        printf("  %s %.3g .. %.3g .. %.3g", k->shown, least, sum / n, most);
        return;
    }
    json_open(j, k->shown, '[');
    json_number(j, NULL, least);
    json_number(j, NULL, sum / n);
    json_number(j, NULL, most);
    json_close(j, ']');
}

static snn_status show_layer(snn_store *store, uint32_t l, uint32_t n,
                             const snn_neuron_params *neuron, float *x, json *j, snn_error *err)
{
    kind kinds[KINDS];
    snn_status status = SNN_OK;

    kinds_of(neuron, kinds);
    for (int k = 0; k < KINDS; k++) {
        snn_tensor tensor = {.dtype = SNN_F32, .rank = 1, .shape = {n}, .data = x};

        snprintf(tensor.name, sizeof tensor.name, "layer%u.%s", (unsigned)l, kinds[k].name);
        TRY(status, snn_store_get(store, &tensor, err));
        show_kind(j, &kinds[k], x, n);
    }
done:
    return status;
}

snn_status info_neurons(snn_context *ctx, snn_store *store, const snn_network_params *params,
                        json *j, snn_error *err)
{
    float *x = NULL;
    snn_status status = SNN_OK;

    if (params->neuron.model != SNN_NEURON_ADLIF)
        return SNN_OK;
    if (j == NULL)
        printf("\n  adaptive neurons: least .. mean .. most\n");
    else
        json_open(j, "neurons", '{');
    for (uint32_t l = 0; l < params->n_hidden; l++) {
        char name[32];

        snprintf(name, sizeof name, "layer%u", (unsigned)l);
        snn_free(ctx, x);
        x = snn_alloc(ctx, params->hidden[l], sizeof *x);
        if (x == NULL)
            TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
        if (j == NULL)
            printf("  %s", name);
        else
            json_open(j, name, '{');
        TRY(status, show_layer(store, l, params->hidden[l], &params->neuron, x, j, err));
        if (j == NULL)
            printf("\n");
        else
            json_close(j, '}');
    }
    if (j != NULL)
        json_close(j, '}');
done:
    snn_free(ctx, x);
    return status;
}
