/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The delayed synapse: its operator, the contract of those who compute it, and
 * the planner that chooses one.
 *
 *     y[t, b, o] = sum_i sum_d kernel[d, o, i] x[t - d, b, i]       0 <= d < D
 *
 *     x   [T, B, n_in]      steps before 0 and after T-1 count as zero
 *     y   [T', B, n_out]    T' = T + (D-1)/2, or T where causal
 *     gx[t] = sum_d kernel[d]^T gy[t + d]       gkernel[d] = sum_t gy[t] x[t - d]^T
 *
 * A solver is one file and one row in solvers.c.  Planning takes all memory;
 * what runs in a step allocates nothing.  Batch and steps of a step may be
 * smaller than planned.  Work is cut into tiles by the problem alone, each tile
 * owns its output: the bits do not depend on threads.
 */
#ifndef SNN_DELAY_DELAY_H
#define SNN_DELAY_DELAY_H

#include "snn/delay/delay_work.h"

#include <snn/params.h>

typedef struct snn_delay_problem {
    uint32_t n_in, n_out;
    uint32_t n_taps;   /* D */
    uint32_t elements; /* M delayed weights a synapse */
    uint32_t width;    /* K: taps of a delayed weight that may differ from zero, at most D */
    float density;     /* expected share of the input's cells that differ from zero */
    float wanted;      /* expected share of spans (kern.h) in which the input's gradient is
                          wanted; 0: all, and gradients will not be asked for marked cells */
    bool causal;
    uint32_t batch, steps;   /* the largest that will be run */
    bool train;              /* kernel gradients will be asked */
    bool input_gradient;     /* input gradients too */
    snn_precision precision; /* of matrix products: product.h */
    bool last;               /* backward follows forward with no other layer's calls between */
    /* Sparse layers: each neuron has `fan_in` synapses, those where mask [n_out][n_in] is 1;
     * taps of the others are 0 and their gradients are not wanted.  NULL: all exist.  It is
     * borrowed for the plan's life, and a checkpoint that is read may change what it says:
     * lists made of it belong in set_kernel, or are compared there. */
    const uint8_t *mask;
    uint32_t fan_in;
    const float *costs; /* [SNN_COSTS] of the machine; borrowed for the plan's life */
} snn_delay_problem;

/*
 * The input of a step.  Every solver takes dense frames; a solver for sparse
 * input may use the event list where it is given (same content: the cells that
 * are not zero, sorted by step).
 */
typedef struct snn_frames {
    uint32_t batch, steps;
    const float *dense;    /* [T, B, n_in] */
    const uint32_t *first; /* NULL, or [T * B + 1]: events of (t, b) are first[t*B+b] .. */
    const uint32_t *unit;
    const float *value;
} snn_frames;

/*
 * The taps of a step, in the form that the solver asks for:
 *
 *     dense   width 0: value [D][S], delay 0 first
 *     narrow  value [K][M][S]: of each delayed weight the taps of the delays first[m][s],
 *             first[m][s] + 1, ...; all others are zero
 *
 * with S = n_out n_in, s = o n_in + i.  Their gradient has the same layout as value.
 */
typedef struct snn_delay_kernel {
    uint32_t width, elements; /* K, M */
    uint16_t *first;          /* NULL where dense */
    float *value;
} snn_delay_kernel;

typedef struct snn_delay_plan snn_delay_plan;

/* Parts of a step, for who counts: begin_backward belongs to the kernel's gradient, the second
 * set_kernel to the input's. */
typedef enum snn_delay_part {
    SNN_DELAY_SET_KERNEL,
    SNN_DELAY_FORWARD,
    SNN_DELAY_KERNEL_GRADIENT,
    SNN_DELAY_INPUT_GRADIENT
} snn_delay_part;

/*
 * Marked frames.  A cell of the input that holds +0, and nothing else, has a gradient that its
 * layer multiplies by 0: it did not spike, and its surrogate has no slope there.  -0 is a cell
 * without a spike whose gradient counts.  In input_gradient of a plan that is `marked` gx holds
 * the marked input on entry; a solver may leave +0 where it was, or write any finite number.
 */

/*
 * One way to compute the operator.  Order within a step:
 *
 *     begin, set_kernel, forward,
 *     [begin_backward, kernel_gradient, [set_kernel, input_gradient]]
 *
 * begin sets batch and steps.  forward may keep what it made of x (spectra) for
 * kernel_gradient; input_gradient may destroy it.  All layers of a tape share
 * one scratch block: it holds nothing from one layer's calls to the next's, but for
 * a layer that is `last`, and set_kernel comes again before input_gradient.
 */
typedef struct snn_delay_solver {
    const char *name;
    snn_solver id;
    bool narrow; /* the form of its taps */
    /* Add what it would do for a problem, by kinds of work; false: it cannot compute it. */
    bool (*count)(const snn_delay_problem *problem, snn_delay_work *work);
    /* Whether a plan for this problem looks at marks; NULL: never.  Others ignore them. */
    bool (*sparse)(const snn_delay_problem *problem);
    /* Floating-point operations (a multiply-add is two) that a part of this step does; at the
     * density that was planned for.  NULL: not counted. */
    double (*operations)(const snn_delay_plan *plan, snn_delay_part part);
    snn_status (*create)(snn_delay_plan *plan);
    void (*destroy)(snn_delay_plan *plan);
    void (*begin)(snn_delay_plan *plan);
    void (*set_kernel)(snn_delay_plan *plan, const snn_delay_kernel *kernel);
    /* y = result, or y += result where `add`. */
    void (*forward)(snn_delay_plan *plan, const snn_frames *x, float *y, bool add);
    void (*begin_backward)(snn_delay_plan *plan, const float *gy);
    void (*kernel_gradient)(snn_delay_plan *plan, const snn_frames *x, const float *gy,
                            float *g_kernel);
    void (*input_gradient)(snn_delay_plan *plan, const float *gy, float *gx);
} snn_delay_solver;

struct snn_delay_plan {
    const snn_delay_solver *solver;
    snn_context *ctx;
    snn_delay_problem problem;
    uint32_t batch, steps, steps_out; /* of this step */
    bool marked;                      /* likewise: set before input_gradient */
    const snn_delay_kernel *kernel;   /* given to set_kernel */
    void *state;                      /* the solver's own */
    size_t scratch_floats;            /* set by create */
    float *scratch;                   /* shared; set by snn_delay_plan_scratch */
};

#define SNN_DELAY_NEAR 262144.0 /* numbers */

/* All solvers, NULL at the end. */
extern const snn_delay_solver *const snn_delay_solvers[];

/* Taps of a delayed weight in the solver's form, and numbers in all taps of a layer. */
uint32_t snn_delay_width(const snn_delay_plan *plan);
size_t snn_delay_kernel_floats(const snn_delay_plan *plan);

/*
 * The least K for which windows of K taps hold all of a delayed weight's: exactly for
 * max, v1 and v0; for gauss what is left out is less than 2^-25 of the sum of taps.
 * `sigma`: the largest of the layer; `whole_positions`: all are integers.  Evaluation at
 * rounded positions is v1 with whole positions: one tap.
 */
uint32_t snn_delay_live_taps(snn_kernel_version version, uint32_t n_taps, float sigma,
                             bool whole_positions);

/* Whether the cheapest way of a problem looks at marks. */
bool snn_delay_is_sparse(const snn_delay_solver *solver, const snn_delay_problem *problem);

/* A share of cells that are not zero as the planner knows it: the nearest power of the root of
 * two, at least 2^-14. */
float snn_delay_rounded_density(double share);

uint32_t snn_delay_steps_out(const snn_delay_problem *problem, uint32_t steps);

/* Whether frames of both sides fit the caches that are a core's own: moving their numbers costs
 * less then. */
static inline bool snn_delay_is_near(const snn_delay_problem *problem)
{
    return (double)problem->batch * problem->steps * ((double)problem->n_in + problem->n_out) <=
           SNN_DELAY_NEAR;
}

/* What a solver costs for a problem by the problem's costs, in multiply-adds at matrix-product
 * speed; < 0: it cannot. */
double snn_delay_cost(const snn_delay_solver *solver, const snn_delay_problem *problem);

/* The solver `wish`, or the cheapest (SNN_SOLVER_AUTO); NULL where it cannot.  Depends on
 * the problem alone, its costs included. */
const snn_delay_solver *snn_delay_choose(const snn_delay_problem *problem, snn_solver wish);

/* Make a plan with the solver `wish`, or the cheapest (SNN_SOLVER_AUTO). */
SNN_MUST_USE snn_status snn_delay_plan_create(snn_context *ctx, const snn_delay_problem *problem,
                                              snn_solver wish, snn_delay_plan **out,
                                              snn_error *err);
void snn_delay_plan_destroy(snn_delay_plan *plan);
/* Lend a block of at least scratch_floats floats. */
void snn_delay_plan_scratch(snn_delay_plan *plan, float *scratch);

void snn_delay_begin(snn_delay_plan *plan, uint32_t batch, uint32_t steps);

#endif
