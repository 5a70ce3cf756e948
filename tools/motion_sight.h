/* SPDX-License-Identifier: BSD-3-Clause */
/* A trained layer that sees motion, and the movies that it is shown: for snn plot. */
#ifndef TOOLS_MOTION_SIGHT_H
#define TOOLS_MOTION_SIGHT_H

#include "tools/motion_runs.h"

typedef struct motion_sight {
    snn_context *ctx;
    snn_config config; /* the model's, with --set: of what is shown */
    snn_motion *motion;
    char path[TOOL_PATH], data[TOOL_PATH];
    const char *from; /* folder of movies or images; NULL = generated images */
    /* Of motion_sight_movie. */
    snn_split split;
    snn_movies *movies;
    const snn_movie *movie; /* borrowed from movies */
    /* Of motion_sight_look. */
    snn_motion_tape *tape;
    const float *logits;  /* [steps - skip][height][width][lanes] */
    uint32_t lanes, skip; /* the first step with logits */
} motion_sight;

/*
 * Open MODEL|RUN.  --set may change what is shown, the size of movies as well: weights are
 * shared by all places; but not what the layer is.  Movies are those of the run, or of --data;
 * with --set they are made anew.  Close it whatever is returned.
 */
SNN_MUST_USE snn_status motion_sight_open(snn_context *ctx, const char *operand, const options *o,
                                          motion_sight *out, snn_error *err);
void motion_sight_close(motion_sight *sight);

/* Movie --sample of --split. */
SNN_MUST_USE snn_status motion_sight_movie(motion_sight *sight, const options *o, snn_error *err);
/* Its grey frames [steps][height][width], freed with snn_free; NULL where it comes from a
 * file, which has none. */
SNN_MUST_USE snn_status motion_sight_frames(const motion_sight *sight, const options *o,
                                            float **out, snn_error *err);
/* Let the layer look at the movie. */
SNN_MUST_USE snn_status motion_sight_look(motion_sight *sight, snn_error *err);

/* Share of a voxel's classes: softmax of its logits to share [classes]; returns the class
 * with the largest. */
uint32_t motion_softmax(const float *logits, uint32_t classes, double *share);

/* "90°", and where there are several speeds "90° 0.25". */
#define MOTION_NAME 32
void motion_class_name(const snn_motion_params *params, uint32_t label, char name[MOTION_NAME]);
/* A sentence about a movie: split, number, true motion. */
void motion_movie_name(const motion_sight *sight, uint32_t index, char *text, size_t size);

#endif
