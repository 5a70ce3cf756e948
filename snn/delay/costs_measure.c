/* SPDX-License-Identifier: BSD-3-Clause */
/* Layers that tell the costs of a machine. */
#include "snn/delay/bench_solvers.h"

#include <math.h>
#include <stdio.h>

#define RATE_SECONDS 0.2
#define HOPELESS     6.0 /* times the fastest of its layer: no choice hangs on it */
#define FAR          4.0 /* beyond it all count the same, and little */

/*
 * Small, so that a third of a minute does for all; on either side of where frames fit in cache;
 * each solver near the front somewhere, and the numbers of inputs and of outputs far apart
 * somewhere, as else two kinds of work would always go together.  None is a layer of "snn bench
 * solver", which tells whether they foretell others.
 */
static const struct {
    snn_layer_use use;
    uint32_t n_in, n_out, live; /* 0: all taps */
    float density;
    uint32_t batch, steps, taps;
    float wanted;
    snn_precision precision;
} LAYERS[] = {
    {SNN_USE_TRAIN, 250, 250, 1, 0.05f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 128, 64, 2, 0.05f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 64, 128, 3, 0.3f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 24, 48, 2, 0.05f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 18, 18, 2, 0.05f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 48, 24, 2, 0.05f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 12, 8, 2, 0.1f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 8, 20, 2, 0.1f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 250, 32, 2, 0.02f, 64, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 32, 250, 2, 0.02f, 64, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 120, 120, 1, 0.02f, 4, 200, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 120, 96, 1, 0.02f, 1, 200, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 120, 120, 0, 0.05f, 32, 60, 5, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 220, 220, 0, 0.05f, 32, 100, 7, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 96, 160, 0, 0.05f, 32, 150, 51, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 120, 120, 2, 0.05f, 32, 300, 101, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 250, 120, 6, 0.1f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 120, 120, 3, 0.05f, 128, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 120, 120, 4, 0.1f, 64, 40, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 30, 30, 3, 0.06f, 32, 10, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 200, 200, 2, 0.05f, 32, 12, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 240, 240, 4, 0.05f, 64, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_FORWARD, 240, 240, 1, 0.05f, 64, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_FORWARD, 200, 100, 2, 0.05f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_FORWARD, 48, 64, 4, 0.05f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_FORWARD, 120, 120, 0, 0.05f, 32, 100, 11, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 200, 200, 1, 0.05f, 32, 12, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 120, 120, 1, 0.03f, 32, 600, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 300, 40, 1, 0.01f, 64, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 40, 300, 1, 0.3f, 64, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 60, 60, 1, 0.06f, 32, 50, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 16, 32, 1, 0.06f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 32, 16, 1, 0.06f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 8, 12, 1, 0.06f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 12, 8, 1, 0.06f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 200, 200, 1, 0.06f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 180, 220, 1, 0.12f, 32, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 10, 10, 1, 0.06f, 64, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 120, 120, 1, 0.06f, 4, 400, 101, 0.0f, SNN_PRECISION_FLOAT32},
    {SNN_USE_ROUNDED, 120, 250, 1, 0.016f, 128, 100, 25, 0.0f, SNN_PRECISION_FLOAT32},
    /* Where the input's gradient is wanted in a few spans. */
    {SNN_USE_TRAIN, 120, 120, 1, 0.02f, 32, 100, 25, 0.03f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 120, 60, 2, 0.01f, 32, 100, 25, 0.1f, SNN_PRECISION_FLOAT32},
    {SNN_USE_TRAIN, 200, 100, 1, 0.005f, 64, 100, 25, 0.01f, SNN_PRECISION_FLOAT32},
    /* In bf16. */
    {SNN_USE_TRAIN, 120, 120, 0, 0.05f, 32, 60, 5, 0.0f, SNN_PRECISION_BF16},
    {SNN_USE_TRAIN, 200, 120, 0, 0.05f, 64, 100, 25, 0.0f, SNN_PRECISION_BF16},
    {SNN_USE_FORWARD, 120, 160, 0, 0.05f, 64, 100, 11, 0.0f, SNN_PRECISION_BF16},
};

/* So many live taps: a version, and a sigma, that have them. */
static void set_live(snn_layer_case *c, uint32_t live)
{
    c->whole = live == 1;
    c->version = live == 0 ? SNN_KERNEL_GAUSS : live <= 2 ? SNN_KERNEL_V1 : SNN_KERNEL_MAX;
    c->sigma = live == 0 ? 12.0f : live <= 2 ? 0.0f : 0.5f * (float)live - 1.0f;
}

static snn_layer_case case_of(size_t i)
{
    snn_layer_case c;

    snn_layer_case_init(&c);
    c.use = LAYERS[i].use;
    c.n_in = LAYERS[i].n_in;
    c.n_out = LAYERS[i].n_out;
    c.density = LAYERS[i].density;
    c.batch = LAYERS[i].batch;
    c.steps = LAYERS[i].steps;
    c.max_delay = LAYERS[i].taps;
    c.wanted = LAYERS[i].wanted;
    c.precision = LAYERS[i].precision;
    set_live(&c, LAYERS[i].live);
    return c;
}

/* Rows of the solvers that a choice may hang on; the nearer to the fastest, the more they count.
 * A training step gives two, for what is alike in both would tell the kinds apart badly. */
static size_t rows_of(size_t layer, const snn_layer_time *all, size_t n, snn_cost_row *rows)
{
    double best = HUGE_VAL;
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        best = fmin(best, all[i].time.whole);
    for (size_t i = 0; i < n; i++) {
        const double *part = all[i].time.seconds, times = all[i].time.whole / best;
        const double forward = part[SNN_LAYER_TAPS] + part[SNN_LAYER_FORWARD];
        const double backward = part[SNN_LAYER_KERNEL_GRADIENT] + part[SNN_LAYER_INPUT_GRADIENT];
        snn_cost_row row = {.layer = layer,
                            .work = all[i].forward,
                            .seconds = forward,
                            .trust = 1.0 / fmin(times, FAR)};

        if (times >= HOPELESS)
            continue;
        rows[count++] = row;
        if (backward <= 0.0)
            continue;
        row.seconds = backward;
        for (size_t k = 0; k < SNN_COSTS; k++)
            row.work.of[k] = all[i].work.of[k] - all[i].forward.of[k];
        rows[count++] = row;
    }
    return count;
}

snn_status snn_costs_measure(snn_context *ctx, uint32_t repeats, snn_costs_look look, void *user,
                             snn_costs *out, snn_error *err)
{
    const size_t layers = SNN_COUNT(LAYERS);
    const snn_costs before = ctx->costs;
    snn_cost_row *rows = NULL;
    double gflops;
    size_t n = 0;
    snn_status st = SNN_OK;

    snn_costs_builtin(ctx->cpu, out);
    ctx->costs = *out; /* so that layers are planned alike, whatever was measured before */
    TRY_ALLOC(st, ctx, rows, 2 * layers * SNN_SOLVERS_MOST);
    TRY(st, snn_bench_sgemm(ctx, RATE_SECONDS, &gflops));
    for (size_t i = 0; i < layers; i++) {
        const snn_layer_case c = case_of(i);
        snn_layer_time all[SNN_SOLVERS_MOST];
        size_t solvers;

        if (look != NULL && look(user, i, layers) != 0)
            TRY(st, snn_error_set(err, SNN_EINTERRUPTED, "costs", "stopped"));
        TRY(st, snn_bench_layer(ctx, &c, repeats, all, &solvers, err));
        n += rows_of(i, all, solvers, rows + n);
    }
    TRY(st, snn_costs_fit(ctx, rows, n, 0.5e9 * gflops, out->of, out->of));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "costs", "no memory to measure them");
    ctx->costs = before;
    snn_free(ctx, rows);
    return st;
}
