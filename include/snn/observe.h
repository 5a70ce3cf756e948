/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking on while the library works: what a profiler is told.  It changes no result, and
 * costs a comparison a phase and a loop where nobody looks.
 */
#ifndef SNN_OBSERVE_H
#define SNN_OBSERVE_H

#include <snn/context.h>
#include <snn/network.h>

/* Of phases that belong to no layer. */
#define SNN_NO_LAYER UINT32_MAX

/* Either function may be NULL.  Times are seconds of CLOCK_MONOTONIC. */
typedef struct snn_observer {
    /* A phase of a layer is over: called by the thread that runs the step.  What follows one
     * call belongs to the phase of the next. */
    void (*phase)(void *user, snn_phase phase, uint32_t layer, double begin, double end);
    /* A worker has done its tiles of a loop: called by that worker, at the same time as by
     * others, before the loop ends.  Workers are numbered 0 .. threads-1; a loop with little
     * to do has worker 0 alone. */
    void (*work)(void *user, int worker, size_t tiles, double begin, double end);
    void *user;
} snn_observer;

SNN_BEGIN_DECLS

/* Tell `observer` (kept; NULL = nobody) from now on.  Not during a step. */
SNN_API void snn_context_observe(snn_context *ctx, const snn_observer *observer);

SNN_END_DECLS
#endif
