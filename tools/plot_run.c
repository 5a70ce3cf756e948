/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/plot.h"

#include "tools/metrics_file.h"

#include "tools/chart/chart.h"

#include <math.h>
#include <string.h>

/* Columns of metrics.csv that are drawn, in this order. */
static const char *const COLUMNS[] = {"epoch",      "loss",           "train_accuracy",
                                      "valid_loss", "valid_accuracy", "best"};
enum { EPOCH, LOSS, TRAIN, VALID_LOSS, VALID, BEST, N_COLUMNS };

/* Does any of n values tell something? */
static bool any_finite(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            return true;
    return false;
}

/* Loss on a logarithmic axis where it falls far. */
static chart_scale loss_scale(const double *loss, size_t n)
{
    double low = HUGE_VAL, high = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(loss[i])) {
            low = fmin(low, loss[i]);
            high = fmax(high, loss[i]);
        }
    return low > 0 && high > 8 * low ? CHART_LOG : CHART_LINEAR;
}

snn_status plot_run(snn_context *ctx, const char *folder, const options *o, const char *out,
                    snn_error *err)
{
    double *column[N_COLUMNS] = {NULL}, best_epoch = 0, best_accuracy = NAN;
    chart_mark loss[2], accuracy[3];
    chart_panel panels[2];
    chart picture = {.title = folder,
                     .width = o->width,
                     .height = o->height > 0 ? o->height : 380,
                     .columns = 2,
                     .panels = panels};
    char path[TOOL_PATH], best[64];
    size_t n = 0;
    bool valid;
    snn_status status = SNN_OK;

    TRY(status, join_path(path, folder, "metrics.csv", err));
    TRY(status, metrics_read(ctx, path, COLUMNS, N_COLUMNS, column, &n, err));
    for (size_t i = 0; i < n; i++) {
        for (int c = TRAIN; c <= VALID; c++)
            column[c][i] *= c == VALID_LOSS ? 1 : 100;
        if (column[BEST][i] != 0) {
            best_epoch = column[EPOCH][i];
            best_accuracy = column[VALID][i];
        }
    }
    valid = any_finite(column[VALID], n);
    loss[0] = (chart_mark){
        .kind = CHART_LINE, .label = "training", .n = n, .x = column[EPOCH], .y = column[LOSS]};
    loss[1] = (chart_mark){.kind = CHART_LINE,
                           .label = "validation",
                           .n = n,
                           .x = column[EPOCH],
                           .y = column[VALID_LOSS]};
    accuracy[0] = loss[0];
    accuracy[0].y = column[TRAIN];
    accuracy[1] = loss[1];
    accuracy[1].y = column[VALID];
    snprintf(best, sizeof best, "best epoch %.0f: %.1f %%", best_epoch, best_accuracy);
    accuracy[2] = (chart_mark){.kind = CHART_RULE_X,
                               .label = best,
                               .colour = CHART_FAINT,
                               .n = 1,
                               .x = &best_epoch,
                               .dashed = true};
    panels[0] = (chart_panel){.x = {.label = "epoch"},
                              .y = {.label = "loss", .scale = loss_scale(column[LOSS], n)},
                              .marks = loss,
                              .n_marks = valid ? 2 : 1};
    panels[1] = (chart_panel){.x = {.label = "epoch"},
                              .y = {.label = "accuracy", .unit = "%", .high = 100},
                              .marks = accuracy,
                              .n_marks = valid ? 3 : 1};
    status = chart_write(ctx, &picture, out, err);
done:
    for (size_t i = 0; i < N_COLUMNS; i++)
        snn_free(ctx, column[i]);
    return status;
}
