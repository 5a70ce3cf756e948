/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of live latencies: one sample of 100 frames at a time through snn_live, on one
 * core, input as dense as SHD's at 10 ms a frame; a row has the median and the worst frame
 * of RUNS samples, and what a frame took in synaptic operations.
 *
 *   tests/bench/bench_live  > live.csv
 */
#include <snn/live.h>
#include <snn/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS    20
#define FRAMES  100
#define INPUTS  140
#define DENSITY 0.31f

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static snn_status measure(snn_context *ctx, uint32_t width, uint32_t max_delay, snn_error *err)
{
    static double seconds[RUNS * FRAMES];
    static float x[FRAMES][INPUTS];
    const snn_key key = {1, SNN_STREAM_USER};
    snn_network_params p;
    snn_network *net = NULL;
    snn_live *live = NULL;
    uint64_t operations = 0;
    snn_status st;

    snn_network_params_init(&p);
    p.n_inputs = INPUTS;
    p.n_outputs = 20;
    p.n_hidden = 2;
    p.hidden[0] = p.hidden[1] = width;
    p.delay.max_delay = max_delay;
    st = snn_network_create(ctx, &p, 1, &net, err);
    if (st == SNN_OK)
        st = snn_live_create(net, &live, err);
    for (int run = 0; st == SNN_OK && run < RUNS; run++) {
        for (uint32_t i = 0; i < FRAMES * INPUTS; i++)
            x[i / INPUTS][i % INPUTS] =
                snn_random_uniform(key, i, (uint32_t)run, 0) < DENSITY ? 1.0f : 0.0f;
        snn_live_reset(live);
        for (int t = 0; st == SNN_OK && t < FRAMES; t++) {
            const double start = now();

            st = snn_live_step(live, x[t]);
            seconds[run * FRAMES + t] = now() - start;
        }
        operations += snn_live_operations(live);
    }
    if (st == SNN_OK) {
        qsort(seconds, RUNS * FRAMES, sizeof *seconds, ascending);
        printf("%u,%u,%.1f,%.1f,%.1f,%.0f\n", width, max_delay, 1e6 * seconds[RUNS * FRAMES / 2],
               1e6 * seconds[RUNS * FRAMES * 99 / 100], 1e6 * seconds[RUNS * FRAMES - 1],
               (double)operations / (RUNS * FRAMES));
    }
    snn_live_destroy(live);
    snn_network_destroy(net);
    return st;
}

int main(void)
{
    snn_context_params params;
    snn_context *ctx = NULL;
    snn_error err = {SNN_OK, "", ""};
    snn_status st;

    snn_context_params_init(&params);
    params.threads = 1;
    st = snn_context_create(&params, &ctx, &err);
    printf("hidden_x2,max_delay,median_us,p99_us,worst_us,synaptic_operations\n");
    if (st == SNN_OK)
        st = measure(ctx, 256, 25, &err);
    if (st == SNN_OK)
        st = measure(ctx, 256, 511, &err);
    if (st == SNN_OK)
        st = measure(ctx, 512, 25, &err);
    if (st != SNN_OK)
        fprintf(stderr, "bench_live: %s: %s\n", err.where, err.what);
    snn_context_destroy(ctx);
    return st == SNN_OK ? 0 : 1;
}
