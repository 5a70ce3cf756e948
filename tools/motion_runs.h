/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands do for layers that see motion (snn/motion.h). */
#ifndef TOOLS_MOTION_H
#define TOOLS_MOTION_H

#include "tools/tool.h"

/* The movies of one split: those of DATA/motion_SPLIT.h5 where DATA holds them, else made
 * from the images of DATA, or (NULL) from generated ones. */
SNN_MUST_USE snn_status motion_movies(snn_context *ctx, const snn_config *config, const char *data,
                                      snn_split split, snn_movies **out, snn_error *err);

/* snn train where network.model is motion. */
SNN_MUST_USE snn_status train_motion(snn_context *ctx, const options *o, const snn_config *config,
                                     const snn_run_params *params, snn_run_result *out,
                                     snn_error *err);
/* snn eval of such a model; *known = false where the file is none. */
SNN_MUST_USE snn_status eval_motion(snn_context *ctx, const options *o, const char *model,
                                    const char *folder, bool *known, snn_error *err);

#endif
