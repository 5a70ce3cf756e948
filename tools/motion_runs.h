/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands do for layers that see motion (snn/motion.h). */
#ifndef TOOLS_MOTION_H
#define TOOLS_MOTION_H

#include "tools/tool.h"

/* What the movies of a split are made with.  Those that validate and test keep one motion
 * each: a decision is about a movie. */
snn_motion_params motion_params_of(const snn_config *config, snn_split split);
/* Does the folder hold movies, of any split? */
bool motion_in_folder(const char *folder);
/* How many the split has; 0 = none are wanted. */
uint32_t motion_count_of(const snn_motion_params *params, snn_split split);
/* "motion_train.h5", ... */
void motion_file_of(snn_split split, char name[64]);
/* Make the movies of a split; images NULL: generated ones. */
SNN_MUST_USE snn_status motion_make(snn_context *ctx, const snn_config *config, const char *images,
                                    snn_split split, snn_movies **out, snn_error *err);
/* Share of the cells (polarity, step, pixel) that hold an event; *events may be NULL. */
double motion_activity(const snn_movies *movies, uint64_t *events);

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
