/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the planner goes by: the costs of a machine.
 *
 * A solver counts what it would do for a layer, by kinds of work; a machine's costs say what
 * one piece of each kind takes, against a multiply-add of a large matrix product in float32.
 * A plan is the solver with the least sum.  So a choice follows from shapes, densities, sigma
 * and these numbers, never from a clock: costs are measured once (snn_costs_measure), kept in
 * a file, and given to each context.  A context without has those that are built in, which were
 * measured on one processor for each group of instruction sets.
 *
 * Choices decide the order of sums, so other costs may give other last bits.  A run keeps its
 * costs in its folder, and a resumed one takes them from there.
 */
#ifndef SNN_COSTS_H
#define SNN_COSTS_H

#include <snn/context.h>

typedef enum snn_cost {
    SNN_COST_PRODUCT,      /* a multiply-add of a matrix product in float32 .. */
    SNN_COST_PRODUCT_BF16, /* .. and in bf16, what is packed counted in */
    SNN_COST_PHASE,        /* a phase of a solver, which threads begin together */
    SNN_COST_CALL,         /* a call of a product, of a frequency or a tap */
    SNN_COST_SIDE,         /* a number of input or output that a tap's product passes over */
    SNN_COST_DFT,          /* a multiply-add of a transform by a matrix */
    SNN_COST_FFTW,         /* of a transform by FFTW: N log2 N of them, N its length */
    SNN_COST_SPECTRUM,     /* a number of a kernel's spectrum through memory */
    SNN_COST_TAP,          /* a tap that is built, or its gradient collected */
    SNN_COST_TERM,         /* a live tap of a synapse that is listed */
    SNN_COST_ADD,          /* a multiply-add of rows of 16 samples .. */
    SNN_COST_ADD_ALONE,    /* .. and of a sample by itself */
    SNN_COST_DOT,          /* a multiply-add of the kernel's gradient from such rows .. */
    SNN_COST_DOT_ALONE,    /* .. and from rows of a sample by itself */
    SNN_COST_VISIT,        /* a term of such rows, begun anew for each 256 numbers of a row */
    SNN_COST_MOVE,     /* a number into or out of rows, where a layer's frames fit in cache .. */
    SNN_COST_MOVE_FAR, /* .. and where they do not */
    SNN_COST_SCATTER,  /* a spike's addition to a neuron */
    SNN_COST_GATHER,   /* a spike's addition to a tap's gradient */
    SNN_COST_WALK,     /* four terms of a sample that spikes may reach, whether they do or not */
    SNN_COST_FIND,     /* a cell that is looked at for a spike */
    SNN_COST_LAY,      /* a number of an output that spikes are added to, in cache .. */
    SNN_COST_LAY_FAR,  /* .. and beyond */
    SNN_COST_SPAN,     /* a term of a span of four steps whose gradient is wanted */
    SNN_COST_LOOK,     /* a cell that is looked at for a mark */
    SNN_COST_LOOKUP,   /* a sum of four spikes from a table, of a sample and step: a quarter */
    SNN_COST_TABLE,    /* a synapse that goes into tables of sums */
    SNN_COST_SPREAD,   /* a word of spikes made from bits */
    SNN_COSTS
} snn_cost;

typedef struct snn_costs {
    size_t size;        /* sizeof(snn_costs), set by the functions here */
    char processor[96]; /* whose they are; "" = unknown */
    char kernels[16];   /* with which kernels: snn_context_cpu */
    float of[SNN_COSTS];
} snn_costs;

/* Called before each layer that is measured: `done` of `total`.  Not 0 = stop. */
typedef int (*snn_costs_look)(void *user, size_t done, size_t total);

SNN_BEGIN_DECLS

/* "product", "lay far", ...; and in a few words what is counted. */
SNN_API const char *snn_cost_name(snn_cost kind);
SNN_API const char *snn_cost_help(snn_cost kind);

/* Those that are built in for these kernels. */
SNN_API void snn_costs_builtin(const char *kernels, snn_costs *out);

/* Those that plans of this context are made by; and others from now on: `costs` is copied.
 * Errors: SNN_EINVAL (of other kernels, or a number that is not finite and above 0). */
SNN_API void snn_context_costs(const snn_context *ctx, snn_costs *out);
SNN_API SNN_MUST_USE snn_status snn_context_set_costs(snn_context *ctx, const snn_costs *costs,
                                                      snn_error *err);

/*
 * Measure a few dozen small layers with every solver, `repeats` (1 .. 64) times after a first one,
 * on the context's threads, and fit the costs to their times; with 5, a third of a minute on two
 * cores, on which nothing else should run.  What counts is how solvers of one layer compare, so a
 * machine whose speed drifts is no worry.  `look` NULL = nobody looks.  The context's own costs
 * stay; `processor` of *out is "".
 * Errors: SNN_EINVAL (repeats), SNN_ENOMEM, SNN_EINTERRUPTED (look said so).
 */
SNN_API SNN_MUST_USE snn_status snn_costs_measure(snn_context *ctx, uint32_t repeats,
                                                  snn_costs_look look, void *user, snn_costs *out,
                                                  snn_error *err);

/* Read and write a file of costs: a line "name: number" each.  What a reader does not find it
 * refuses, as it does unknown names.
 * Errors: SNN_ENOTFOUND (no such file), SNN_EIO, SNN_ECONFIG with where = "file:line". */
SNN_API SNN_MUST_USE snn_status snn_costs_load(const char *path, snn_costs *out, snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_costs_save(snn_context *ctx, const snn_costs *costs,
                                               const char *path, snn_error *err);

SNN_END_DECLS
#endif
