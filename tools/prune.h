/* SPDX-License-Identifier: BSD-3-Clause */
/* snn prune: accuracy of a layer that sees motion against what is left of it. */
#ifndef TOOLS_PRUNE_H
#define TOOLS_PRUNE_H

#include "tools/tool.h"

#include <snn/statistics.h>

typedef enum prune_kind { PRUNE_WEIGHTS, PRUNE_TUNED, PRUNE_DELAYS, PRUNE_KINDS } prune_kind;

typedef struct prune_point {
    prune_kind kind;
    double share;          /* of the weights, or of the delays, that is kept */
    double kept;           /* share of the weights that is not 0 then */
    snn_interval accuracy; /* 95 % */
    double operations;     /* additions an event: weights that it meets, both assignments */
    double seconds;        /* a movie */
    const char *solver;
} prune_point;

/* acc(f) = chance + (full - chance) / (1 + exp(-(log10 f - half) / slope)) */
typedef struct prune_fit {
    double chance, full, half, slope;
} prune_fit;

/* Least squares of half and slope over the points of a kind; 0 points: NaN. */
prune_fit prune_fit_points(const prune_point *points, size_t n, prune_kind kind, double chance,
                           double full);
double prune_fit_value(const prune_fit *fit, double share);

const char *prune_kind_name(prune_kind kind);

/* Accuracy against share, points and fits, to `path`. */
SNN_MUST_USE snn_status prune_draw(snn_context *ctx, const prune_point *points, size_t n,
                                   const prune_fit fits[PRUNE_KINDS], const char *path,
                                   snn_error *err);

#endif
