/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine's own speed, to measure a step against: times alone mean nothing
 * on shared machines, ratios taken in one run do.
 */
#ifndef SNN_BENCH_H
#define SNN_BENCH_H

#include <snn/context.h>
#include <snn/params.h>

SNN_BEGIN_DECLS

/* Rate of single-precision matrix products (768 x 768 x 768, one thread a
 * product, on all threads of the context) over about `seconds`, to *gflops.
 * Errors: SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_bench_sgemm(snn_context *ctx, double seconds, double *gflops);

/* Floating-point operations that one training step would take as dense
 * convolutions of max_delay taps: forward, and backward (kernel gradients of all
 * layers, input gradients of all but the first).  Steps grow by a layer's padding. */
SNN_API void snn_bench_dense_flops(const snn_network_params *params, uint32_t batch, uint32_t steps,
                                   double *forward, double *backward);

SNN_END_DECLS
#endif
