/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/run.h"

#include <snn/random.h>

#include <math.h>

static snn_judge choose_judge(const snn_dataset_info *info, const snn_train_params *train)
{
    if (info->count[SNN_SPLIT_VALID] > 0)
        return SNN_JUDGE_VALID;
    if (train->protocol == SNN_PROTOCOL_PAPER)
        return info->count[SNN_SPLIT_TEST] > 0 ? SNN_JUDGE_TEST : SNN_JUDGE_NONE;
    return train->valid_share > 0 ? SNN_JUDGE_HELD_OUT : SNN_JUDGE_NONE;
}

static snn_status read_labels(snn_context *ctx, snn_dataset *dataset, uint32_t n, uint32_t *label,
                              snn_error *err)
{
    const size_t bytes = snn_dataset_get_info(dataset)->scratch_bytes;
    char *scratch = NULL;
    snn_sample sample;
    snn_status st = SNN_OK;

    if (bytes > 0)
        TRY_ALLOC(st, ctx, scratch, bytes);
    for (uint32_t i = 0; i < n; i++) {
        TRY(st, snn_dataset_read(dataset, SNN_SPLIT_TRAIN, i, scratch, &sample, err));
        label[i] = sample.label;
    }
done:
    snn_free(ctx, scratch);
    return st;
}

/* Mark the samples to hold out; returns their number.  `member` and `order` are
 * scratch of n.  The class takes the epoch's place in the permutation's key. */
static uint32_t mark(const uint32_t *label, uint32_t n, uint32_t classes, float share,
                     uint64_t seed, uint32_t *member, uint32_t *order, bool *held)
{
    const snn_key key = {seed, SNN_STREAM_SPLIT};
    uint32_t total = 0;

    for (uint32_t c = 0; c < classes; c++) {
        uint32_t members = 0, out;

        for (uint32_t i = 0; i < n; i++)
            if (label[i] == c)
                member[members++] = i;
        out = (uint32_t)floor((double)share * members + 0.5);
        out = out < members ? out : members;
        snn_random_permutation(key, c, members, order);
        for (uint32_t k = 0; k < out; k++)
            held[member[order[k]]] = true;
        total += out;
    }
    return total;
}

static snn_status hold_out(snn_context *ctx, snn_dataset *dataset, const snn_train_params *train,
                           snn_division *d, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    const uint32_t n = info->count[SNN_SPLIT_TRAIN];
    uint32_t *label = NULL, *member = NULL, *order = NULL;
    bool *held = NULL;
    uint32_t total, i_train = 0, i_held = 0;
    snn_status st;

    TRY_ALLOC(st, ctx, label, n);
    TRY_ALLOC(st, ctx, member, n);
    TRY_ALLOC(st, ctx, order, n);
    TRY_ALLOC(st, ctx, held, n);
    TRY(st, read_labels(ctx, dataset, n, label, err));
    total = mark(label, n, info->n_classes, train->valid_share, train->seed, member, order, held);
    if (total == 0 || total == n)
        TRY(st,
            snn_error_set(
                err, SNN_ECONFIG, "train.valid_share",
                "%g of %u samples leaves none to %s; set another share (0 = none held out)",
                (double)train->valid_share, (unsigned)n, total == 0 ? "validate on" : "train on"));
    TRY_ALLOC(st, ctx, d->train, n - total);
    TRY_ALLOC(st, ctx, d->held_out, total);
    for (uint32_t i = 0; i < n; i++) {
        if (held[i])
            d->held_out[i_held++] = i;
        else
            d->train[i_train++] = i;
    }
    d->n_train = n - total;
    d->n_held_out = total;
done:
    snn_free(ctx, held);
    snn_free(ctx, order);
    snn_free(ctx, member);
    snn_free(ctx, label);
    return st;
}

snn_status snn_division_make(snn_context *ctx, snn_dataset *dataset, const snn_train_params *train,
                             snn_division *out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    snn_division d = {.judge = choose_judge(info, train), .n_train = info->count[SNN_SPLIT_TRAIN]};
    snn_status st = SNN_OK;

    if (d.n_train == 0)
        TRY(st, snn_error_set(err, SNN_EINVAL, "data", "the training split has no samples"));
    if (d.judge == SNN_JUDGE_HELD_OUT)
        TRY(st, hold_out(ctx, dataset, train, &d, err));
    *out = d;
    d = (snn_division){0};
done:
    snn_division_free(ctx, &d);
    return st;
}

void snn_division_free(snn_context *ctx, snn_division *division)
{
    snn_free(ctx, division->held_out);
    snn_free(ctx, division->train);
    *division = (snn_division){0};
}
