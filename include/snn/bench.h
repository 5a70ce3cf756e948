/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine's own speed, to measure a step against: times alone mean nothing
 * on shared machines, ratios taken in one run do.
 */
#ifndef SNN_BENCH_H
#define SNN_BENCH_H

#include <snn/context.h>
#include <snn/network.h>
#include <snn/params.h>

/* What a phase of a step is made of: floating-point operations as they are done, not as a
 * dense network would need them (a multiply-add is two; of element-wise phases about), and
 * bytes that must move at least: each array that the phase reads or writes, once. */
typedef struct snn_work {
    double operations; /* NaN where a solver does not count */
    double bytes;
} snn_work;

/* What a layer is asked to do. */
typedef enum snn_layer_use {
    SNN_USE_TRAIN,   /* forward and both gradients */
    SNN_USE_FORWARD, /* forward alone, with taps as in training (SNN_MODE_CONTINUOUS) */
    SNN_USE_ROUNDED  /* forward alone at rounded delays: one live tap (SNN_MODE_EVAL) */
} snn_layer_use;

/* A layer of delayed synapses to be measured by itself, on random spikes. */
typedef struct snn_layer_case {
    size_t size; /* sizeof(snn_layer_case), set by _init */
    uint32_t n_in, n_out;
    uint32_t max_delay;
    snn_kernel_version version;
    float sigma;           /* of all synapses, steps */
    int whole;             /* positions are whole: v1, and max with sigma 0, have one live tap */
    uint32_t batch, steps; /* at most 2^31 cells */
    float density;         /* share of the input's cells that are not zero */
    float wanted;          /* training: share of spans of four steps in which the input's gradient
                              is wanted besides those with a spike; 0: it is wanted everywhere */
    snn_layer_use use;
    snn_precision precision;
    uint64_t seed;
} snn_layer_case;

/* Parts of a layer's step, as they are measured. */
typedef enum snn_layer_part {
    SNN_LAYER_TAPS,            /* taps from weights and delays, in the solver's form */
    SNN_LAYER_FORWARD,         /* input to output */
    SNN_LAYER_KERNEL_GRADIENT, /* to the gradients of weights, positions and sigma */
    SNN_LAYER_INPUT_GRADIENT,
    SNN_LAYER_PARTS
} snn_layer_part;

#define SNN_SOLVERS_MOST 8

/* What one solver took.  Medians; `low` and `high` are the middle half of the whole. */
typedef struct snn_solver_time {
    const char *solver; /* SNN_USE_ROUNDED: "lookup" too, whose input is bits already */
    int chosen;         /* this is what the planner takes */
    double cost;        /* by its model, multiply-adds at the speed of matrix products */
    uint32_t repeats;   /* 1 where it was so slow that its first step had to do */
    double seconds[SNN_LAYER_PARTS];
    double whole, low, high;
} snn_solver_time;

SNN_BEGIN_DECLS

/* Rate of single-precision matrix products (768 x 768 x 768, one thread a
 * product, on all threads of the context) over about `seconds`, to *gflops.
 * Errors: SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_bench_sgemm(snn_context *ctx, double seconds, double *gflops);

/* The same for products in bf16 (SNN_PRECISION_BF16), what they pack counted in, by the
 * context's kernels: below the rate of sgemm where these have no bf16 instructions. */
SNN_API SNN_MUST_USE snn_status snn_bench_bf16(snn_context *ctx, double seconds, double *gflops);

/* Rate at which blocks far larger than caches are copied, on all threads of the context,
 * over about `seconds`: bytes read and bytes written, in 1e9 a second, to *gbytes.
 * Errors: SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_bench_copy(snn_context *ctx, double seconds, double *gbytes);

/* Work of a phase of a layer in a training step of the last batch of `tape`.  What belongs to
 * no layer (SNN_PHASE_UPDATE) ignores `layer`. */
SNN_API void snn_tape_work(const snn_tape *tape, snn_phase phase, uint32_t layer, snn_work *out);

/* Floating-point operations that one training step would take as dense
 * convolutions of max_delay taps: forward, and backward (kernel gradients of all
 * layers, input gradients of all but the first).  Steps grow by a layer's padding. */
SNN_API void snn_bench_dense_flops(const snn_network_params *params, uint32_t batch, uint32_t steps,
                                   double *forward, double *backward);

/* Defaults: 256 x 256, 25 delays, gauss, sigma 12, batch 64, 100 steps, density 0.05, training,
 * float32. */
SNN_API void snn_layer_case_init(snn_layer_case *c);

/* Taps of a synapse of the layer that may differ from zero, by version, sigma and use. */
SNN_API uint32_t snn_layer_live_taps(const snn_layer_case *c);

/* Measure every solver that can compute the layer, in turns, `repeats` (1 .. 64) times after a
 * first one; *n of them to `out`, in the order of the planner's table.
 * Errors: SNN_EINVAL (a number out of range), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_bench_solvers(snn_context *ctx, const snn_layer_case *c,
                                                  uint32_t repeats,
                                                  snn_solver_time out[SNN_SOLVERS_MOST], size_t *n,
                                                  snn_error *err);

SNN_END_DECLS
#endif
