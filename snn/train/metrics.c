/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables that grow with the epochs of a run, which is the first entry of each row:
 *
 *   metrics.csv  one row an epoch.  `loss_bits` is the training loss as a hex float: runs
 *                are promised to agree to the bit, so a file must be able to show it
 *   plan.csv     which solver computed each layer, and what the planner went by
 */
#include "snn/train/run.h"

#include "snn/base/replace_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_BYTES 512

static const char metrics_head[] =
    "epoch,loss,loss_bits,train_accuracy,valid_loss,valid_accuracy,best,"
    "lr_weight,lr_position,beta1,sigma,seconds\n";
static const char plan_head[] =
    "epoch,layer,phase,solver,multiply_adds,taps,sigma,density,wanted\n";

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

static snn_status begin(snn_context *ctx, const char *path, const char *head, uint32_t epochs,
                        snn_error *err)
{
    const size_t head_length = strlen(head);
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
    TRY_ALLOC(st, ctx, text, head_length + kept + 1);
    memcpy(text, head, head_length);
    if (kept > 0)
        memcpy(text + head_length, old, kept);
    TRY(st, snn_replace_file(ctx, path, text, head_length + kept, err));
done:
    snn_free(ctx, text);
    snn_free(ctx, old);
    return st;
}

snn_status snn_metrics_begin(snn_context *ctx, const char *path, uint32_t epochs, snn_error *err)
{
    return begin(ctx, path, metrics_head, epochs, err);
}

snn_status snn_plan_begin(snn_context *ctx, const char *path, uint32_t epochs, snn_error *err)
{
    return begin(ctx, path, plan_head, epochs, err);
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

/* A row of plan.csv to `text`; its length, 0 where there is no such choice. */
static size_t plan_row(char *text, size_t size, const snn_tape *tape, uint32_t epoch,
                       uint32_t layer, int rounded)
{
    char cost[40] = "";
    snn_plan_choice choice;
    int length;

    if (snn_tape_plan(tape, layer, rounded, &choice) != SNN_OK)
        return 0;
    if (isfinite(choice.cost))
        snprintf(cost, sizeof cost, "%.6g", choice.cost);
    length =
        snprintf(text, size, "%u,%u,%s,%s,%s,%u,%.9g,%.9g,%.9g\n", (unsigned)epoch, (unsigned)layer,
                 rounded ? "rounded" : "training", choice.solver, cost, (unsigned)choice.taps,
                 (double)choice.sigma, (double)choice.density, (double)choice.wanted);
    SNN_ASSERT(length > 0 && (size_t)length < size);
    return (size_t)length;
}

snn_status snn_plan_append(snn_context *ctx, const char *path, const snn_tape *tape,
                           uint32_t layers, uint32_t epoch, snn_error *err)
{
    const size_t size = (size_t)2 * layers * ROW_BYTES;
    size_t length = 0;
    char *text = NULL;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, ctx, text, size);
    for (uint32_t l = 0; l < layers; l++)
        for (int rounded = 0; rounded < 2; rounded++)
            length += plan_row(text + length, size - length, tape, epoch, l, rounded);
    TRY(st, snn_append_file(path, text, length, err));
done:
    snn_free(ctx, text);
    return st;
}
