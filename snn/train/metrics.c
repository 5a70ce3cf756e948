/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * metrics.csv: one row an epoch.  `loss_bits` is the training loss as a hex
 * float: runs are promised to agree to the bit, so a file must be able to show it.
 */
#include "snn/train/run.h"

#include "snn/base/replace_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_BYTES 512

static const char head[] = "epoch,loss,loss_bits,train_accuracy,valid_loss,valid_accuracy,best,"
                           "lr_weight,lr_position,beta1,sigma,seconds\n";

/* Move rows of epochs 1 .. epochs to the front of `text`; returns their length.
 * A row without newline is torn and goes. */
static size_t keep_rows(char *text, uint32_t epochs)
{
    size_t kept = 0;

    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        const size_t length = (size_t)(end + 1 - line);
        const unsigned long epoch = strtoul(line, NULL, 10);

        if (epoch >= 1 && epoch <= epochs) {
            memmove(text + kept, line, length);
            kept += length;
        }
    }
    return kept;
}

snn_status snn_metrics_begin(snn_context *ctx, const char *path, uint32_t epochs, snn_error *err)
{
    char *old = NULL, *text = NULL;
    size_t kept = 0;
    snn_status st = SNN_OK;

    if (epochs > 0) {
        st = snn_read_file(ctx, path, &old, err);
        if (st == SNN_OK)
            kept = keep_rows(old, epochs);
        else if (st != SNN_ENOTFOUND)
            goto done;
    }
    TRY_ALLOC(st, ctx, text, sizeof head + kept);
    memcpy(text, head, sizeof head - 1);
    if (kept > 0)
        memcpy(text + sizeof head - 1, old, kept);
    TRY(st, snn_replace_file(ctx, path, text, sizeof head - 1 + kept, err));
done:
    snn_free(ctx, text);
    snn_free(ctx, old);
    return st;
}

snn_status snn_metrics_append(const char *path, const snn_epoch_report *r, snn_error *err)
{
    char row[ROW_BYTES];
    const int length =
        snprintf(row, sizeof row, "%u,%.9g,%a,%.6f,%.9g,%.6f,%d,%.9g,%.9g,%.6f,%.9g,%.3f\n",
                 (unsigned)r->epoch, r->loss, r->loss, r->train_accuracy, r->valid_loss,
                 r->valid_accuracy, r->best, r->rates.lr_weight, r->rates.lr_position,
                 r->rates.beta1, r->rates.sigma, r->seconds);

    SNN_ASSERT(length > 0 && (size_t)length < sizeof row);
    return snn_append_file(path, row, (size_t)length, err);
}
