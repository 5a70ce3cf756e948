/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/run.h"

#include <stdio.h>
#include <string.h>

#define LINE 64u /* bytes; each tensor starts on a cache line of the block */

struct snn_snapshot {
    snn_network *net;
    char *block;
};

static size_t padded_bytes(const snn_tensor *tensor)
{
    return snn_tiles(snn_tensor_size(tensor) * snn_dtype_bytes(tensor->dtype), LINE) * LINE;
}

snn_status snn_snapshot_create(snn_network *net, snn_snapshot **out)
{
    snn_context *ctx = snn_network_context(net);
    const snn_memory purpose = snn_context_purpose(ctx, SNN_MEMORY_SNAPSHOTS);
    snn_snapshot *snapshot = NULL;
    snn_tensor tensor;
    snn_status st = SNN_OK;
    size_t bytes = 0;

    TRY_ALLOC(st, ctx, snapshot, 1);
    snapshot->net = net;
    for (size_t i = 0; snn_network_tensor_at(net, i, &tensor) == SNN_OK; i++)
        bytes += padded_bytes(&tensor);
    TRY_ALLOC(st, ctx, snapshot->block, bytes);
    *out = snapshot;
    snapshot = NULL;
done:
    snn_snapshot_destroy(snapshot);
    snn_context_purpose(ctx, purpose);
    return st;
}

void snn_snapshot_destroy(snn_snapshot *snapshot)
{
    snn_context *ctx;

    if (snapshot == NULL)
        return;
    ctx = snn_network_context(snapshot->net);
    snn_free(ctx, snapshot->block);
    snn_free(ctx, snapshot);
}

/* Call copy(block part, network's data, bytes) for every tensor. */
static void each(const snn_snapshot *snapshot, bool to_network)
{
    char *part = snapshot->block;
    snn_tensor tensor;

    for (size_t i = 0; snn_network_tensor_at(snapshot->net, i, &tensor) == SNN_OK; i++) {
        const size_t bytes = snn_tensor_size(&tensor) * snn_dtype_bytes(tensor.dtype);

        if (bytes > 0)
            memcpy(to_network ? tensor.data : part, to_network ? part : tensor.data, bytes);
        part += padded_bytes(&tensor);
    }
}

void snn_snapshot_take(snn_snapshot *snapshot)
{
    each(snapshot, false);
}

void snn_snapshot_restore(const snn_snapshot *snapshot)
{
    each(snapshot, true);
}

snn_status snn_snapshot_tensor_at(const snn_snapshot *snapshot, size_t i, snn_tensor *out)
{
    char *part = snapshot->block;
    snn_tensor tensor;

    for (size_t k = 0; k < i; k++) {
        if (snn_network_tensor_at(snapshot->net, k, &tensor) != SNN_OK)
            return SNN_ENOTFOUND;
        part += padded_bytes(&tensor);
    }
    if (snn_network_tensor_at(snapshot->net, i, &tensor) != SNN_OK)
        return SNN_ENOTFOUND;
    *out = tensor;
    out->data = part;
    snprintf(out->name, sizeof out->name, "best.%.*s", SNN_TENSOR_NAME - 6, tensor.name);
    return SNN_OK;
}
