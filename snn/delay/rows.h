/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the solvers of narrow taps share: samples laid out as rows that are contiguous in
 * time, and the terms that point into them.
 *
 * A block of `lanes` samples (16, or 1 where rows of 16 would not stay in cache) has one
 * row a channel, step t of lane l at t * lanes + l:
 *
 *     x  | D-1 steps of zeros | T' steps, zeros from T on, to whole vectors |
 *     y  | T' steps | zeros up to step T + D-1, to whole vectors |
 *
 * so a delay of d steps is a shift by d * lanes numbers, and no shift meets another
 * sample.  The live taps of all synapses are terms (offset, weight) of a row: for the
 * output's rows they point into x, for the input gradient's into gy.  They are ordered by
 * blocks of sources, so that the windows that a block's terms read stay in the first-level
 * cache while all rows pass by.
 */
#ifndef SNN_DELAY_ROWS_H
#define SNN_DELAY_ROWS_H

#include "snn/delay/delay.h"
#include "snn/kern/kern.h"

#define SNN_ROWS_LANES 16u /* samples side by side: a line of the cache */
/* Pieces of the batch whose kernel gradients are summed apart, and folded in order. */
#define SNN_ROWS_PIECES 8u

/* Terms of all rows in one direction. */
typedef struct snn_terms {
    bool backward;        /* rows are inputs, sources outputs */
    size_t rows, sources; /* channels on either side */
    size_t block, blocks; /* sources of a block, blocks */
    uint32_t *first;      /* [blocks][rows + 1] */
    int32_t *offset;      /* [terms] */
    float *weight;        /* [terms] */
} snn_terms;

typedef struct snn_rows {
    size_t lanes, blocks;      /* of this batch */
    size_t lead;               /* D - 1 */
    size_t x_stride, y_stride; /* numbers from row to row */
    size_t terms;              /* the most there can be */
    size_t most_first;         /* numbers in snn_terms.first */
    float *x, *y;              /* rows, one piece a worker: in the plan's scratch */
    snn_terms term;
} snn_rows;

/* Lanes for a problem, and whether it can be laid out like this at all. */
size_t snn_rows_lanes(const snn_delay_problem *problem);
bool snn_rows_fit(const snn_delay_problem *problem);
/* Synapses that exist, and live taps of all of them. */
size_t snn_rows_synapses(const snn_delay_problem *problem);
size_t snn_rows_terms(const snn_delay_problem *problem);
/* The work of a pass of shifted products in either direction, or (dot) of the kernel's gradient,
 * over `steps` steps of output, layout included; and its cost, not of dot. */
void snn_rows_count(const snn_delay_problem *problem, double steps, bool dot, snn_delay_work *work);
double snn_rows_cost(const snn_delay_problem *problem, double steps);

/* Set up for a plan; returns the floats of scratch.  `begin` carves them. */
size_t snn_rows_init(snn_rows *rows, const snn_delay_plan *plan);
float *snn_rows_begin(snn_rows *rows, const snn_delay_plan *plan);

/* Numbers of a row that hold this step's T' or T steps, in whole vectors. */
size_t snn_rows_columns(const snn_rows *rows, size_t steps);

/* Make the terms of plan->kernel; weights too unless only offsets are wanted. */
void snn_rows_make_terms(snn_rows *rows, const snn_delay_plan *plan, bool backward);
/* g_kernel = sum over pieces of g[piece][term], for forward terms. */
void snn_rows_fold(const snn_rows *rows, const snn_delay_plan *plan, size_t pieces, const float *g,
                   float *g_kernel);

/* The transposition that writes such frames [steps, B, channels]: where they are larger than
 * caches, it goes past them. */
snn_transpose *snn_rows_store(const snn_delay_plan *plan, size_t steps, size_t channels);
/* Frames [steps, B, channels] of a block of samples to rows, and back. */
void snn_rows_pack(const snn_rows *rows, const snn_delay_plan *plan, size_t block,
                   const float *frames, size_t channels, size_t steps, float *out, size_t stride);
void snn_rows_unpack(const snn_rows *rows, const snn_delay_plan *plan, size_t block,
                     const float *in, size_t stride, size_t channels, size_t steps, float *frames);
/* out[row][j] += all terms of the row, over `columns` numbers. */
void snn_rows_add(const snn_rows *rows, const snn_delay_plan *plan, const float *in, float *out,
                  size_t stride, size_t columns);

/*
 * Whether `plan` is of the solver `taps` with 16 samples side by side; then its forward pass
 * can hand over rows instead of frames: use(user, block, y, stride) has step t of output o and
 * sample 16 block + l at y[o * stride + t * 16 + l], for as long as the call lasts, from any
 * thread.
 */
typedef void (*snn_rows_use)(void *user, size_t block, const float *y, size_t stride);
bool snn_taps_gives_rows(const snn_delay_plan *plan);
void snn_taps_forward_rows(snn_delay_plan *plan, const snn_frames *x, snn_rows_use use, void *user);

/* gx, dense in time, by shifted products. */
void snn_rows_input_gradient(snn_rows *rows, snn_delay_plan *plan, const float *gy, float *gx);

static inline float *snn_rows_x(const snn_rows *rows, const snn_delay_plan *plan, int worker)
{
    return rows->x + (size_t)worker * rows->x_stride * plan->problem.n_in;
}
static inline float *snn_rows_y(const snn_rows *rows, const snn_delay_plan *plan, int worker)
{
    return rows->y + (size_t)worker * rows->y_stride * plan->problem.n_out;
}

#endif
