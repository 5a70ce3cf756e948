/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of snn plot: each draws one thing to the file `out`. */
#ifndef TOOLS_PLOT_H
#define TOOLS_PLOT_H

#include "tools/tool.h"

/* One sample of a data set: spikes as dots, frames as a heat map. */
SNN_MUST_USE snn_status plot_raster(snn_context *ctx, const char *data, const options *o,
                                    const char *out, snn_error *err);

/* Loss and accuracy of a run over its epochs. */
SNN_MUST_USE snn_status plot_run(snn_context *ctx, const char *folder, const options *o,
                                 const char *out, snn_error *err);

/* How many synapses of each layer of a model have which delay. */
SNN_MUST_USE snn_status plot_delays(snn_context *ctx, const char *model, const options *o,
                                    const char *out, snn_error *err);

/* Of layers that see motion; `model` is a MODEL|RUN. */
SNN_MUST_USE snn_status plot_task(snn_context *ctx, const char *model, const options *o,
                                  const char *out, snn_error *err);
SNN_MUST_USE snn_status plot_kernels(snn_context *ctx, const char *model, const options *o,
                                     const char *out, snn_error *err);
SNN_MUST_USE snn_status plot_activity(snn_context *ctx, const char *model, const options *o,
                                      const char *out, snn_error *err);
SNN_MUST_USE snn_status plot_flow(snn_context *ctx, const char *model, const options *o,
                                  const char *out, snn_error *err);
SNN_MUST_USE snn_status plot_confusion(snn_context *ctx, const char *model, const options *o,
                                       const char *out, snn_error *err);
SNN_MUST_USE snn_status plot_clouds(snn_context *ctx, const char *model, const options *o,
                                    const char *out, snn_error *err);

/* For long pictures: non-zero after SIGINT. */
int plot_stop(void *user);

#endif
