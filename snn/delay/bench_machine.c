/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's speed and the dense way's work, for benchmarks. */
#include "snn/delay/product.h"

#include <snn/bench.h>

#include <string.h>

#define COPY_BYTES ((size_t)32 << 20) /* of a thread's block: beyond its share of any cache */
#define SIDE       768                /* 7 MiB for the three matrices: beyond a core's own cache */
#define TILES      2                  /* products a thread in one round */

typedef struct {
    const snn_context *ctx;
    float *a, *b, *c; /* one C a worker */
    float *scratch;   /* as much as a worker needs for a product, each; NULL in float32 */
    size_t scratch_floats;
} rate_job;

static void rate_tile(void *arg, size_t tile, int worker)
{
    const rate_job *job = arg;
    const snn_product product = {.m = SIDE,
                                 .n = SIDE,
                                 .k = SIDE,
                                 .lda = SIDE,
                                 .ldb = SIDE,
                                 .ldc = SIDE,
                                 .alpha = 1.0f,
                                 .a = job->a,
                                 .b = job->b,
                                 .c = job->c + (size_t)worker * SIDE * SIDE};

    (void)tile;
    snn_product_run(job->ctx, &product,
                    job->scratch == NULL ? NULL
                                         : job->scratch + (size_t)worker * job->scratch_floats);
}

static snn_status product_rate(snn_context *ctx, snn_precision precision, double seconds,
                               double *gflops)
{
    const size_t side2 = (size_t)SIDE * SIDE, threads = (size_t)ctx->threads;
    const size_t tiles = TILES * threads;
    rate_job job = {.ctx = ctx, .scratch_floats = snn_product_scratch(precision)};
    double start, spent = 0.0, done_flops = 0.0;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, ctx, job.a, side2);
    TRY_ALLOC(st, ctx, job.b, side2);
    TRY_ALLOC(st, ctx, job.c, side2 * threads);
    if (job.scratch_floats > 0)
        TRY_ALLOC(st, ctx, job.scratch, job.scratch_floats * threads);
    for (size_t i = 0; i < side2; i++) {
        job.a[i] = (float)(i % 7) - 3.0f;
        job.b[i] = (float)(i % 5) - 2.0f;
    }
    snn_parallel(ctx, threads, 1e12, rate_tile, &job); /* warm-up */
    start = snn_seconds();
    do {
        snn_parallel(ctx, tiles, 1e12, rate_tile, &job);
        done_flops += 2.0 * SIDE * SIDE * SIDE * (double)tiles;
        spent = snn_seconds() - start;
    } while (spent < seconds);
    *gflops = 1e-9 * done_flops / spent;
done:
    snn_free(ctx, job.scratch);
    snn_free(ctx, job.c);
    snn_free(ctx, job.b);
    snn_free(ctx, job.a);
    return st;
}

snn_status snn_bench_sgemm(snn_context *ctx, double seconds, double *gflops)
{
    return product_rate(ctx, SNN_PRECISION_FLOAT32, seconds, gflops);
}

snn_status snn_bench_bf16(snn_context *ctx, double seconds, double *gflops)
{
    return product_rate(ctx, SNN_PRECISION_BF16, seconds, gflops);
}

typedef struct {
    char *from, *to; /* a block a tile */
} copy_job;

static void copy_tile(void *arg, size_t tile, int worker)
{
    const copy_job *job = arg;

    (void)worker;
    memcpy(job->to + tile * COPY_BYTES, job->from + tile * COPY_BYTES, COPY_BYTES);
}

snn_status snn_bench_copy(snn_context *ctx, double seconds, double *gbytes)
{
    const size_t blocks = (size_t)ctx->threads;
    copy_job job = {NULL, NULL};
    double start, spent = 0.0, moved = 0.0;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, ctx, job.from, blocks * COPY_BYTES);
    TRY_ALLOC(st, ctx, job.to, blocks * COPY_BYTES);
    memset(job.from, 1, blocks * COPY_BYTES);
    snn_parallel(ctx, blocks, 1e12, copy_tile, &job); /* warm-up */
    start = snn_seconds();
    do {
        snn_parallel(ctx, blocks, 1e12, copy_tile, &job);
        moved += 2.0 * (double)(blocks * COPY_BYTES);
        spent = snn_seconds() - start;
    } while (spent < seconds);
    *gbytes = 1e-9 * moved / spent;
done:
    snn_free(ctx, job.to);
    snn_free(ctx, job.from);
    return st;
}

void snn_bench_dense_flops(const snn_network_params *params, uint32_t batch, uint32_t steps,
                           double *forward, double *backward)
{
    const double taps = params->delay.mode == SNN_DELAYS_NONE ? 1.0 : params->delay.max_delay;
    const double pad = params->delay.padding == SNN_PADDING_CAUSAL ? 0.0 : (taps - 1.0) / 2.0;
    double n_in = params->n_inputs;

    *forward = *backward = 0.0;
    for (uint32_t l = 0; l <= params->n_hidden; l++) {
        const double n_out = l < params->n_hidden ? params->hidden[l] : params->n_outputs;
        const double pass = 2.0 * batch * (steps + (l + 1) * pad) * n_in * n_out * taps;

        *forward += pass;
        *backward += l > 0 ? 2.0 * pass : pass;
        n_in = n_out;
    }
}
