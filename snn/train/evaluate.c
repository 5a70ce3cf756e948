/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/trainer.h"

#include <math.h>

/*
 * Accuracy is the share of samples.  The published code reports the mean of the
 * batches' accuracies, which weighs the samples of a short last batch more.
 */
snn_status snn_evaluate_on(snn_tape *tape, snn_loader *loader, const snn_stop *stop,
                           snn_evaluation *out, snn_error *err)
{
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    const snn_batch *batch;
    double loss, loss_sum = 0;
    uint32_t correct, n = 0;
    uint64_t correct_sum = 0;
    snn_status st;

    TRY(st, snn_loader_start(loader, 0, 0, 0, 0, err));
    for (;;) {
        TRY(st, snn_loader_next(loader, &batch, err));
        if (batch == NULL)
            break;
        TRY(st, snn_forward(tape, batch, &pass, err));
        TRY(st, snn_loss_forward(tape, batch, &loss, &correct, err));
        loss_sum += loss * batch->batch;
        correct_sum += correct;
        n += batch->batch;
        if (stop->ask != NULL && stop->ask(stop->user))
            TRY(st, snn_error_set(err, SNN_EINTERRUPTED, "evaluation", "stopped after %u samples",
                                  (unsigned)n));
    }
    *out = (snn_evaluation){.loss = n > 0 ? loss_sum / n : NAN,
                            .accuracy = n > 0 ? (double)correct_sum / n : NAN,
                            .samples = n};
done:
    return st;
}

snn_status snn_evaluation_open(snn_network *net, snn_dataset *dataset, snn_split split,
                               const uint32_t *index, uint32_t count, uint32_t batch_size,
                               snn_loader **loader, snn_tape **tape, snn_error *err)
{
    snn_context *ctx = snn_network_context(net);
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    const snn_network_params *shape = snn_network_get_params(net);
    snn_loader *made = NULL;
    snn_tape_params params;
    snn_status st;

    if (info->n_inputs != shape->n_inputs || info->n_classes > shape->n_outputs)
        TRY(st, snn_error_set(err, SNN_EINVAL, snn_split_name(split),
                              "the data has %u inputs and %u classes, the network %u and %u",
                              (unsigned)info->n_inputs, (unsigned)info->n_classes,
                              (unsigned)shape->n_inputs, (unsigned)shape->n_outputs));
    TRY(st, snn_loader_create(ctx, dataset, split, index, count, batch_size, &made, err));
    /* As in training: the planner then takes the same solvers, and a model gives the
     * figures of its run to the bit. */
    snn_tape_params_init(&params);
    params.batch = batch_size;
    params.steps = info->max_steps > 0 ? info->max_steps : 1;
    TRY(st, snn_tape_create(net, &params, tape, err));
    *loader = made;
    made = NULL;
done:
    snn_loader_destroy(made);
    return st;
}

snn_status snn_evaluate(snn_network *net, snn_dataset *dataset, snn_split split,
                        const uint32_t *index, uint32_t count, uint32_t batch_size,
                        snn_evaluation *out, snn_error *err)
{
    const snn_stop never = {0};
    snn_loader *loader = NULL;
    snn_tape *tape = NULL;
    snn_status st;

    TRY(st,
        snn_evaluation_open(net, dataset, split, index, count, batch_size, &loader, &tape, err));
    TRY(st, snn_evaluate_on(tape, loader, &never, out, err));
done:
    snn_tape_destroy(tape);
    snn_loader_destroy(loader);
    return st;
}
