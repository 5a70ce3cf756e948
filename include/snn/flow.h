/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Optic flow from a layer that sees motion: the steps of a stream (snn/watch.h)
 * vote, and the votes become a motion for the whole frame, for each tile of it, and a
 * histogram of directions.
 *
 * A place votes where the probability of its leading class is at least `confidence`; its
 * vote is the probabilities of all classes, so that a motion between two classes counts for
 * both.  A motion is read off a sum of votes like this: the direction is the mean of the
 * classes within 75 degrees of where most votes are, each weighted by its votes; the speed is
 * the geometric mean of those classes' speeds, weighted alike.
 */
#ifndef SNN_FLOW_H
#define SNN_FLOW_H

#include <snn/watch.h>

#define SNN_FLOW_MOST_CLASSES 128 /* a layer has no more */

typedef struct snn_flow_params {
    size_t size;            /* sizeof(snn_flow_params), set by _init */
    uint32_t width, height; /* of the stream's frame, pixels */
    uint32_t tile;          /* pixels that a tile is wide and high; default 8 */
    int64_t step_us;        /* the stream's */
    float confidence;       /* of a vote, in (0, 1); default 0.25 */
} snn_flow_params;

typedef struct snn_flow_motion {
    uint64_t votes;
    double direction; /* radians, 0 down, a quarter turn right, as snn_motion_class; 0 .. 2 pi */
    double speed;     /* pixels a second */
    double x, y;      /* the same as a vector, pixels a second, right and down */
    double agreement; /* share of the votes that are within 75 degrees of `direction` */
} snn_flow_motion;

typedef struct snn_flow snn_flow;

SNN_BEGIN_DECLS

SNN_API void snn_flow_params_init(snn_flow_params *params);

/* Votes for the classes of `layer`.  Errors: SNN_EINVAL (parameter named), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_flow_create(snn_context *ctx, const snn_motion_params *layer,
                                                const snn_flow_params *params, snn_flow **out,
                                                snn_error *err);
SNN_API void snn_flow_destroy(snn_flow *flow);

/* Add the votes of a step, which is of a stream of such a layer and frame; to be called by
 * the stream's sink.  Nothing is allocated. */
SNN_API void snn_flow_add(snn_flow *flow, const snn_watch_step *step);
/* The same as a sink of snn_watch_create, with the flow as its user. */
SNN_API int snn_flow_sink(void *flow, const snn_watch_step *step);
/* No votes again. */
SNN_API void snn_flow_clear(snn_flow *flow);

/* Places seen, those that voted or not. */
SNN_API uint64_t snn_flow_places(const snn_flow *flow);
/* Motion of the frame.  Without votes all is 0. */
SNN_API void snn_flow_total(const snn_flow *flow, snn_flow_motion *out);
/* Tiles in a row and in a column, and the motion of one. */
SNN_API uint32_t snn_flow_columns(const snn_flow *flow);
SNN_API uint32_t snn_flow_rows(const snn_flow *flow);
SNN_API void snn_flow_tile(const snn_flow *flow, uint32_t column, uint32_t row,
                           snn_flow_motion *out);
/* Share of the votes for each class: [classes], the sum is 1, or 0 without votes. */
SNN_API void snn_flow_histogram(const snn_flow *flow, double *share);

SNN_END_DECLS
#endif
