/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/run.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* The speakers that occur, each once, in rising order. */
static snn_status list_speakers(snn_context *ctx, snn_roster *r)
{
    snn_status st = SNN_OK;

    TRY_ALLOC(st, ctx, r->known, r->n);
    memcpy(r->known, r->speaker, r->n * sizeof *r->known);
    qsort(r->known, r->n, sizeof *r->known, compare);
    for (uint32_t i = 0; i < r->n; i++)
        if (r->known[i] != SNN_NO_SPEAKER && (i == 0 || r->known[i] != r->known[i - 1]))
            r->known[r->n_known++] = r->known[i];
done:
    return st;
}

snn_status snn_roster_read(snn_context *ctx, snn_dataset *dataset, snn_roster *out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    snn_roster r = {.n = info->count[SNN_SPLIT_TRAIN]};
    char *scratch = NULL;
    snn_sample sample;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, ctx, r.label, r.n);
    TRY_ALLOC(st, ctx, r.speaker, r.n);
    if (info->scratch_bytes > 0)
        TRY_ALLOC(st, ctx, scratch, info->scratch_bytes);
    for (uint32_t i = 0; i < r.n; i++) {
        TRY(st, snn_dataset_read(dataset, SNN_SPLIT_TRAIN, i, scratch, &sample, err));
        r.label[i] = sample.label;
        r.speaker[i] = sample.speaker;
    }
    TRY(st, list_speakers(ctx, &r));
    *out = r;
    r = (snn_roster){0};
done:
    snn_free(ctx, scratch);
    snn_roster_free(ctx, &r);
    return st;
}

void snn_roster_free(snn_context *ctx, snn_roster *roster)
{
    snn_free(ctx, roster->known);
    snn_free(ctx, roster->speaker);
    snn_free(ctx, roster->label);
    *roster = (snn_roster){0};
}

snn_status snn_roster_check(const snn_roster *roster, const char *key, snn_error *err)
{
    for (uint32_t i = 0; i < roster->n; i++)
        if (roster->speaker[i] == SNN_NO_SPEAKER)
            return snn_error_set(err, SNN_ECONFIG, key,
                                 "training sample %u names no speaker: give data with speakers "
                                 "(extra/speaker in SHD's files, speaker_nohash_k.wav in folders), "
                                 "or hold out a share by train.valid_share",
                                 (unsigned)i);
    if (roster->n_known < 2)
        return snn_error_set(err, SNN_ECONFIG, key,
                             "the training split has one speaker only, which leaves none to train "
                             "on: hold out a share by train.valid_share");
    return SNN_OK;
}
