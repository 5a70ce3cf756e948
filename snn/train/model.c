/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A model file holds what snn_eval needs: the network's tensors, the
 * configuration as text, and what the data gave the network.
 */
#include "snn/net/net.h"
#include "snn/train/run.h"

#include <snn/store.h>

#include <string.h>

void snn_config_network(const snn_config *config, const snn_dataset_info *info,
                        snn_network_params *out)
{
    *out = config->network;
    out->n_inputs = info->n_inputs;
    out->n_outputs = info->n_classes;
    if (info->time_step_ms > 0)
        out->time_step_ms = info->time_step_ms;
}

snn_status snn_config_text(snn_context *ctx, const snn_config *config, char **out)
{
    const size_t length = snn_config_print(config, NULL, 0);
    char *text = snn_alloc(ctx, length + 1, 1);

    if (text == NULL)
        return SNN_ENOMEM;
    snn_config_print(config, text, length + 1);
    *out = text;
    return SNN_OK;
}

snn_status snn_store_put_network(snn_store *store, const snn_network *net, snn_error *err)
{
    const snn_network_params *params = snn_network_get_params(net);
    snn_tensor tensor;
    snn_status st;

    for (size_t i = 0; snn_network_tensor_at(net, i, &tensor) == SNN_OK; i++)
        TRY(st, snn_store_put(store, &tensor, err));
    TRY(st, snn_store_put_u64(store, "network.inputs", params->n_inputs, err));
    TRY(st, snn_store_put_u64(store, "network.outputs", params->n_outputs, err));
    TRY(st, snn_store_put_f64(store, "network.time_step_ms", params->time_step_ms, err));
done:
    return st;
}

snn_status snn_store_get_network(snn_store *store, snn_network *net, snn_error *err)
{
    snn_tensor tensor;
    snn_status st = SNN_OK;

    for (size_t i = 0; snn_network_tensor_at(net, i, &tensor) == SNN_OK; i++)
        TRY(st, snn_store_get(store, &tensor, err));
done:
    return st;
}

snn_status snn_store_get_config(snn_store *store, snn_context *ctx, const char *path,
                                snn_config *out, snn_error *err)
{
    char *text = NULL;
    snn_status st;

    snn_config_init(out);
    TRY(st, snn_store_get_text(store, "config", &text, err));
    TRY(st, snn_config_parse(out, text, strlen(text), path, err));
done:
    snn_free(ctx, text);
    return st;
}

snn_status snn_store_get_count(snn_store *store, const char *name, uint32_t *out, snn_error *err)
{
    uint64_t value;
    snn_status st = snn_store_get_u64(store, name, &value, err);

    if (st == SNN_OK && value > UINT32_MAX)
        st = snn_error_set(err, SNN_EFORMAT, name, "%llu is too large", (unsigned long long)value);
    if (st == SNN_OK)
        *out = (uint32_t)value;
    return st;
}

/* The network's own parameters stand in the file, even where a program built it
 * without a configuration. */
snn_status snn_model_save(const snn_network *net, const snn_config *config, const char *path,
                          snn_error *err)
{
    snn_context *ctx = snn_network_context(net);
    snn_store *store = NULL;
    snn_config written;
    char *text = NULL;
    snn_status st;

    if (config != NULL)
        written = *config;
    else
        snn_config_init(&written);
    written.network = *snn_network_get_params(net);
    TRY(st, snn_config_text(ctx, &written, &text));
    TRY(st, snn_store_create(ctx, path, "model", &store, err));
    TRY(st, snn_store_put_text(store, "config", text, err));
    TRY(st, snn_store_put_network(store, net, err));
    TRY(st, snn_store_commit(store, err));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory to write the model");
    snn_store_close(store);
    snn_free(ctx, text);
    return st;
}

/* A tensor that the network does not have means another network. */
static snn_status known(void *user, const snn_tensor *tensor)
{
    snn_tensor own;

    return snn_network_tensor(user, tensor->name, &own, NULL) == SNN_OK ? SNN_OK : SNN_EFORMAT;
}

static snn_status get_shape(snn_store *store, snn_network_params *params, snn_error *err)
{
    uint64_t inputs, outputs;
    double time_step_ms;
    snn_status st;

    TRY(st, snn_store_get_u64(store, "network.inputs", &inputs, err));
    TRY(st, snn_store_get_u64(store, "network.outputs", &outputs, err));
    TRY(st, snn_store_get_f64(store, "network.time_step_ms", &time_step_ms, err));
    if (inputs == 0 || outputs == 0 || inputs > UINT32_MAX || outputs > UINT32_MAX ||
        !(time_step_ms > 0))
        return snn_error_set(err, SNN_EFORMAT, "network",
                             "%llu inputs, %llu outputs and %g ms a step are no network",
                             (unsigned long long)inputs, (unsigned long long)outputs, time_step_ms);
    params->n_inputs = (uint32_t)inputs;
    params->n_outputs = (uint32_t)outputs;
    params->time_step_ms = (float)time_step_ms;
done:
    return st;
}

/* A file's own settings that are no network are the file's fault. */
static snn_status file_fault(snn_status st, const char *path, snn_error *err)
{
    snn_error cause = {0};

    if (st != SNN_ECONFIG && st != SNN_EINVAL)
        return st;
    if (err != NULL)
        cause = *err;
    return snn_error_set(err, SNN_EFORMAT, path, "%.200s%s%.250s", cause.where,
                         cause.where[0] != '\0' ? ": " : "", cause.what);
}

snn_status snn_model_load(snn_context *ctx, const char *path, snn_network **out, snn_config *config,
                          snn_error *err)
{
    snn_store *store = NULL;
    snn_network *net = NULL;
    snn_config read;
    snn_status st;

    TRY(st, snn_store_open(ctx, path, "model", &store, err));
    TRY(st, snn_store_get_config(store, ctx, path, &read, err));
    TRY(st, get_shape(store, &read.network, err));
    TRY(st, snn_network_create(ctx, &read.network, 0, &net, err));
    TRY(st, snn_store_get_network(store, net, err));
    TRY(st, net_check_masks(net, path, err));
    st = snn_store_visit(store, known, net, err);
    if (st == SNN_EFORMAT)
        snn_error_set(err, st, path,
                      "it holds tensors that its configuration's network does not have");
    if (st != SNN_OK)
        goto done;
    if (config != NULL)
        *config = read;
    *out = net;
    net = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory to read the model");
    st = file_fault(st, path, err);
    snn_network_destroy(net);
    snn_store_close(store);
    return st;
}
