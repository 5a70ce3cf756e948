/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/base/base.h"

#include <snn/observe.h>

#include <time.h>

#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#define FLUSH_TO_ZERO 0x8040u /* MXCSR: FTZ (bit 15) and DAZ (bit 6) */

static unsigned flush_denormals(void)
{
#ifdef __SSE__
    unsigned before = _mm_getcsr();

    _mm_setcsr(before | FLUSH_TO_ZERO);
    return before;
#else
    return 0;
#endif
}

static void restore_denormals(unsigned before)
{
#ifdef __SSE__
    _mm_setcsr(before);
#else
    (void)before;
#endif
}

/* Waking a thread takes some 20 microseconds, in which a core does this much. */
#define WAKE_OPERATIONS 2e6

static int choose_workers(const snn_context *ctx, size_t tiles, double operations)
{
    const size_t most = tiles < (size_t)ctx->threads ? tiles : (size_t)ctx->threads;
    const double paid = 1.0 + operations / WAKE_OPERATIONS;

    return paid < (double)most && !ctx->always_parallel ? (int)paid : (int)most;
}

/* Tell who looks on what a worker did since `begin`. */
static void tell(const snn_context *ctx, int worker, size_t tiles, double begin)
{
    const snn_observer *observer = ctx->observer;

    if (observer != NULL && observer->work != NULL && tiles > 0)
        observer->work(observer->user, worker, tiles, begin, snn_seconds());
}

static double begin_of(const snn_context *ctx)
{
    return ctx->observer != NULL ? snn_seconds() : 0.0;
}

void snn_parallel(const snn_context *ctx, size_t tiles, double operations, snn_tile_body body,
                  void *arg)
{
    const int workers = choose_workers(ctx, tiles, operations);

    if (workers <= 1) {
        const unsigned state = flush_denormals();
        const double begin = begin_of(ctx);

        for (size_t tile = 0; tile < tiles; tile++)
            body(arg, tile, 0);
        tell(ctx, 0, tiles, begin);
        restore_denormals(state);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel num_threads(workers)
    {
        const unsigned state = flush_denormals();
        const int worker = omp_get_thread_num();
        const double begin = begin_of(ctx);
        size_t done = 0;

#pragma omp for schedule(dynamic, 1) nowait
        for (size_t tile = 0; tile < tiles; tile++) {
            body(arg, tile, worker);
            done++;
        }
        tell(ctx, worker, done, begin);
        restore_denormals(state);
    }
#endif
}

double snn_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
