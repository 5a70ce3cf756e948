/* SPDX-License-Identifier: BSD-3-Clause */
/* What snn bench solver measures: a quantity of a layer grows, every solver at each value. */
#ifndef TOOLS_BENCH_CURVES_H
#define TOOLS_BENCH_CURVES_H

#include "tools/bench_kit.h"

#define CURVES_POINTS    32
#define CURVES_CROSSINGS 16
#define CURVES_NEAR      1.1 /* a choice within 10 % of the fastest is a good one */

typedef struct curves_point {
    double value;
    snn_solver_time time[SNN_SOLVERS_MOST];
    size_t n, fastest, chosen;
} curves_point;

typedef struct curves {
    const char *use, *quantity; /* "train", "taps" */
    char title[64];
    curves_point point[CURVES_POINTS];
    size_t n;
} curves;

/* Where one solver is overtaken by another, about: between two values, straight in logarithms. */
typedef struct curves_crossing {
    const char *from, *to;
    double value;
} curves_crossing;

/* How many times slower the choice is than the fastest. */
double curves_ratio(const curves_point *p);
/* The choice is within 10 % of the fastest, or might be: their middle halves come so near. */
bool curves_good(const curves_point *p);
bool curves_noise(const curves_point *p);

/* Where the fastest solver changes (`planned`: the planner's choice, by its costs).  One that is
 * less than 5 % slower than another has not yet been overtaken.  Returns how many. */
size_t curves_crossings(const curves *s, bool planned, curves_crossing out[CURVES_CROSSINGS]);

/* Curves of all solvers, a panel a sweep, the planner's choices in rings. */
SNN_MUST_USE snn_status curves_draw(snn_context *ctx, const curves *sweeps, size_t n,
                                    const char *note, const char *path, snn_error *err);

#endif
