/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load a saved model, say what it is, and evaluate it on the test split of data
 * it has not seen: a folder that `snn train --data` takes.
 *
 *     usage: evaluate_model MODEL [DATA]
 */
#include <snn/snn.h>

#include <stdio.h>

/* Mean and range of the delays of a layer, in steps. */
static snn_status print_delays(const snn_network *net, uint32_t layer, snn_error *err)
{
    const float centre = (float)(snn_network_get_params(net)->delay.max_delay / 2);
    char name[SNN_TENSOR_NAME];
    snn_tensor position;
    const float *p;
    size_t n;
    double sum = 0, low = 1e9, high = 0;
    snn_status st;

    snprintf(name, sizeof name, "layer%u.position", layer);
    st = snn_network_tensor(net, name, &position, err);
    if (st != SNN_OK)
        return st;
    p = position.data;
    n = snn_tensor_size(&position);
    for (size_t i = 0; i < n; i++) {
        const double delay = centre - p[i];

        sum += delay;
        low = delay < low ? delay : low;
        high = delay > high ? delay : high;
    }
    printf("layer %u: %zu synapses, delays %.1f to %.1f steps, mean %.2f\n", layer, n, low, high,
           n > 0 ? sum / (double)n : 0);
    return SNN_OK;
}

static snn_status evaluate(snn_context *ctx, snn_network *net, const snn_config *config,
                           const char *folder, snn_error *err)
{
    snn_dataset *data = NULL;
    snn_evaluation result;
    snn_status st = snn_dataset_open(ctx, folder, &config->data, &data, err);

    if (st == SNN_OK)
        st = snn_evaluate(net, data, SNN_SPLIT_TEST, NULL, 0, config->train.batch_size, &result,
                          err);
    if (st == SNN_OK)
        printf("test: %.2f %% of %u samples, loss %.4f\n", 100 * result.accuracy, result.samples,
               result.loss);
    snn_dataset_destroy(data);
    return st;
}

int main(int argc, char **argv)
{
    snn_context *ctx = NULL;
    snn_network *net = NULL;
    snn_config config;
    snn_error err = {0};

    if (argc < 2 || argc > 3) {
        printf("usage: evaluate_model MODEL [DATA]\n");
        return 2;
    }
    if (snn_context_create(NULL, &ctx, &err) || snn_model_load(ctx, argv[1], &net, &config, &err))
        goto done;
    printf("%u inputs, %u classes, %zu parameters that train\n",
           snn_network_get_params(net)->n_inputs, snn_network_get_params(net)->n_outputs,
           snn_network_parameter_count(net));
    for (uint32_t layer = 0; layer < snn_network_layers(net); layer++)
        if (print_delays(net, layer, &err))
            goto done;
    if (argc == 3 && evaluate(ctx, net, &config, argv[2], &err))
        goto done;
done:
    if (err.status != SNN_OK)
        printf("%s: %s\n", err.where, err.what);
    snn_network_destroy(net);
    snn_context_destroy(ctx);
    return err.status == SNN_OK ? 0 : 1;
}
