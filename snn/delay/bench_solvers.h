/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SNN_DELAY_BENCH_SOLVERS_H
#define SNN_DELAY_BENCH_SOLVERS_H

#include "snn/delay/delay_work.h"

#include <snn/bench.h>

/* What a solver took, with the work that it counted: of all, and of taps and forward. */
typedef struct snn_layer_time {
    snn_solver_time time;
    snn_delay_work work, forward;
} snn_layer_time;

/* As snn_bench_solvers. */
SNN_MUST_USE snn_status snn_bench_layer(snn_context *ctx, const snn_layer_case *c, uint32_t repeats,
                                        snn_layer_time out[SNN_SOLVERS_MOST], size_t *n,
                                        snn_error *err);

#endif
