/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statistics of batch normalisation as they are with rounded delays.
 *
 * Running averages were made with wide kernels, with dropout, which alone changes the
 * variance of what the next layer sees, and over the last few batches.  Here they become
 * the mean and variance over a whole set of samples of what evaluation feeds each layer.
 *
 * That depends on the statistics of the layers before, so layers are done one after the
 * other, each with a pass of its own: then every layer sees what it will see, doing it
 * again changes no bit, and the size of a batch only matters by its padding.  One pass
 * with averages of the batches' statistics would be cheaper, but would measure a layer
 * behind layers that still use the statistics of each batch.
 *
 * Samples come in the order of a training epoch: batches in the split's order may be of
 * one class, whose padding is not that of mixed ones.
 */
#include "snn/net/net.h"
#include "snn/train/trainer.h"

#include <string.h>

static snn_status measure_layer(snn_tape *tape, snn_loader *loader, uint64_t seed, uint32_t l,
                                net_moments *m, const snn_stop *stop, snn_error *err)
{
    const size_t bytes = tape->net->layer[l].n_out * sizeof *m->mean;
    const snn_batch *batch;
    snn_status st;

    m->rows = 0;
    memset(m->mean, 0, bytes);
    memset(m->square, 0, bytes);
    TRY(st, snn_loader_start(loader, 1, seed, 0, 0, err));
    for (;;) {
        TRY(st, snn_loader_next(loader, &batch, err));
        if (batch == NULL)
            break;
        TRY(st, net_measure(tape, batch, l, m, err));
        if (stop->ask != NULL && stop->ask(stop->user))
            TRY(st, snn_error_set(err, SNN_EINTERRUPTED, "norm_reestimate",
                                  "stopped in the pass of layer %u", (unsigned)l));
    }
    if (m->rows > 0)
        net_norm_set(tape->net, l, m);
done:
    return st;
}

snn_status snn_reestimate_on(snn_tape *tape, snn_loader *loader, uint64_t seed,
                             const snn_stop *stop, snn_error *err)
{
    snn_network *net = tape->net;
    snn_context *ctx = tape->ctx;
    net_moments m = {0};
    size_t channels = 0;
    snn_status st = SNN_OK;

    for (uint32_t l = 0; l + 1 < net->layers; l++)
        channels = net->layer[l].n_out > channels ? net->layer[l].n_out : channels;
    TRY_ALLOC(st, ctx, m.mean, channels);
    TRY_ALLOC(st, ctx, m.square, channels);
    for (uint32_t l = 0; l + 1 < net->layers; l++)
        TRY(st, measure_layer(tape, loader, seed, l, &m, stop, err));
done:
    snn_free(ctx, m.square);
    snn_free(ctx, m.mean);
    return st;
}

snn_status snn_reestimate_norm(snn_network *net, snn_dataset *dataset, snn_split split,
                               const uint32_t *index, uint32_t count, uint32_t batch_size,
                               uint64_t seed, snn_error *err)
{
    const snn_stop never = {0};
    snn_loader *loader = NULL;
    snn_tape *tape = NULL;
    snn_status st;

    if (!net->params.batch_norm)
        return snn_error_set(err, SNN_EINVAL, "norm_reestimate",
                             "the network has no batch normalisation");
    TRY(st,
        snn_evaluation_open(net, dataset, split, index, count, batch_size, &loader, &tape, err));
    TRY(st, snn_reestimate_on(tape, loader, seed, &never, err));
done:
    snn_tape_destroy(tape);
    snn_loader_destroy(loader);
    return st;
}
