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

SNN_BEGIN_DECLS

/* Rate of single-precision matrix products (768 x 768 x 768, one thread a
 * product, on all threads of the context) over about `seconds`, to *gflops.
 * Errors: SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_bench_sgemm(snn_context *ctx, double seconds, double *gflops);

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

SNN_END_DECLS
#endif
