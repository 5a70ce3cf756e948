/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of a layer that sees motion, for those who train and store it. */
#ifndef SNN_NET_MOTION_H
#define SNN_NET_MOTION_H

#include "snn/delay/spatial.h"

struct snn_motion {
    snn_context *ctx;
    snn_motion_params params;
    uint32_t classes, lanes, first_step;
    size_t stencils; /* floats of the stencils; the bias [lanes] lies behind them */
    float *block;    /* [2][D][side][side][lanes], [lanes]; see delay/spatial.h */
    float *prior;    /* [D][side][side]: M */
    float *mask;     /* [stencils] 0 where pruned, else 1; NULL: nothing is */
};

struct snn_motion_tape {
    snn_motion *motion;
    snn_context *ctx;
    snn_spatial_problem problem;
    snn_spatial_plan *plan;
    bool train;
    const snn_movie *movies;
    uint32_t n;
    bool has_evidence;
    bool *has_logits; /* [movies] */
    float *planes;    /* evidence, then gradients or logits */
    float *best;      /* [movies][steps][height][width] */
    float *order;     /* as many: scratch of the selection */
    float *g_block;   /* as the layer's block */
    float *partial;   /* [movies][steps][lanes] */
    double *loss;     /* [movies][steps] */
};

/* Numbers that the optimiser moves: the block. */
static inline size_t snn_motion_floats(const snn_motion *motion)
{
    return motion->stencils + motion->lanes;
}

/* Set pruned weights to 0 again, after an update. */
void snn_motion_hold(snn_motion *motion);

/* The k-th smallest (k = 0 ..) of n numbers; reorders them. */
float snn_select(float *x, size_t n, size_t k);

#endif
