/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn bench step, eval: one training step, or one pass at rounded delays, on synthetic input,
 * against the time that the same work would take as dense convolutions at the rate of this
 * machine's own matrix product, measured between the steps: the speed of a shared machine drifts.
 */
#include "tools/bench_kit.h"
#include "tools/benchmarks.h"

#include <stdbool.h>
#include <string.h>

#define DEFAULT_STEPS 7
#define RATE_SECONDS  0.25
#define MOST_STEPS    1000

struct bench {
    bench_shape shape;
    size_t steps;
    bool evaluate;
    bench_spread seconds;
    double rate, dense_seconds, forward, backward;
    double phase[SNN_PHASES]; /* mean over the measured steps */
    double peak_rss_mib;
};

/* What is measured: a training step, or a pass of evaluation at rounded delays. */
static snn_status run_once(bench_trainer *t, bool evaluate, double *seconds, snn_error *err)
{
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    const double start = bench_now();
    snn_status status;

    if (!evaluate)
        return bench_trainer_step(t, seconds, err);
    status = snn_forward(snn_trainer_tape(t->trainer), &t->batch, &pass, err);
    *seconds = bench_now() - start;
    return status;
}

static snn_status measure(bench_trainer *t, struct bench *b, snn_error *err)
{
    snn_tape *tape = snn_trainer_tape(t->trainer);
    double seconds[MOST_STEPS], gflops[MOST_STEPS], discarded[SNN_PHASES];
    snn_status status = SNN_OK;

    TRY(status, bench_trainer_warm(t, err));
    TRY(status, run_once(t, b->evaluate, &seconds[0], err));
    snn_tape_phases(tape, discarded, 1);
    for (size_t i = 0; i < b->steps; i++) {
        TRY(status, snn_bench_sgemm(t->ctx, RATE_SECONDS, &gflops[i]));
        TRY(status, run_once(t, b->evaluate, &seconds[i], err));
        talk_progress("step %zu of %zu  %.3f s  sgemm %.0f GFLOP/s", i + 1, b->steps, seconds[i],
                      gflops[i]);
    }
    snn_tape_phases(tape, b->phase, 1);
    for (int i = 0; i < SNN_PHASES; i++)
        b->phase[i] /= (double)b->steps;
    b->seconds = bench_spread_of(seconds, b->steps);
    b->rate = bench_spread_of(gflops, b->steps).median;
    b->dense_seconds = (b->forward + b->backward) * 1e-9 / b->rate;
    b->peak_rss_mib = bench_peak_rss_mib();
done:
    return status;
}

static void fill_row(const struct bench *b, const options *o, snn_context *ctx,
                     const snn_tape *tape, uint32_t layers, bench_rates *rates, bench_row *r)
{
    char solvers[80] = "", machine[128];

    for (uint32_t i = 0; i < layers; i++)
        snprintf(solvers + strlen(solvers), sizeof solvers - strlen(solvers), "%s%s",
                 i > 0 ? " " : "", snn_tape_solver(tape, i));
    row_begin(r, "bench");
    row_number(r, NULL, "step_seconds", b->seconds.median);
    row_number(r, NULL, "sgemm_gflops", b->rate);
    row_number(r, NULL, "dense_seconds", b->dense_seconds);
    row_number(r, NULL, "ratio", b->seconds.median / b->dense_seconds);
    row_number(r, NULL, "peak_rss_mib", b->peak_rss_mib);
    row_count(r, "threads", (uint64_t)snn_context_threads(ctx));
    row_list(r, "solvers", solvers);
    row_number(r, NULL, "forward_gflop", b->forward * 1e-9);
    row_number(r, NULL, "backward_gflop", b->backward * 1e-9);
    row_number(r, NULL, "fastest_seconds", b->seconds.least);
    row_number(r, NULL, "slowest_seconds", b->seconds.most);
    row_count(r, "steps", b->steps);
    row_text(r, "benchmark", o->operands[0]);
    row_count(r, "batch", b->shape.batch);
    row_number(r, NULL, "bf16_gflops", bench_rates_median(rates, BENCH_BF16));
    row_number(r, NULL, "copy_gbytes", bench_rates_median(rates, BENCH_COPY));
    row_text(r, "cpu", snn_context_cpu(ctx));
    row_text(r, "machine", bench_machine(machine));
    for (int i = 0; i < SNN_PHASES; i++)
        row_number(r, "phases", snn_phase_name((snn_phase)i), b->phase[i]);
}

static void show_text(const struct bench *b, snn_context *ctx, const snn_tape *tape,
                      uint32_t layers, bench_rates *rates)
{
    printf("step           %8.3f s   median of %zu, %.3f to %.3f\n", b->seconds.median, b->steps,
           b->seconds.least, b->seconds.most);
    printf("sgemm          %8.1f GFLOP/s on %d threads, %s kernels\n", b->rate,
           snn_context_threads(ctx), snn_context_cpu(ctx));
    printf("dense          %8.3f s   %.1f GFLOP forward, %.1f backward at that rate\n",
           b->dense_seconds, b->forward * 1e-9, b->backward * 1e-9);
    printf("ratio          %8.3f     step / dense\n", b->seconds.median / b->dense_seconds);
    printf("bf16           %8.1f GFLOP/s of products in bf16\n",
           bench_rates_median(rates, BENCH_BF16));
    printf("copy           %8.1f GB/s\n", bench_rates_median(rates, BENCH_COPY));
    printf("peak memory    %8.1f MiB\n", b->peak_rss_mib);
    printf("solvers       ");
    for (uint32_t i = 0; i < layers; i++)
        printf(" %s", snn_tape_solver(tape, i));
    printf("\n\nphase, seconds a step\n");
    for (int i = 0; i < SNN_PHASES; i++)
        printf("  %-24s %8.4f\n", snn_phase_name((snn_phase)i), b->phase[i]);
}

static snn_status bench_alone(const options *o, snn_context *ctx, snn_config config,
                              bench_rates *rates, snn_error *err)
{
    bench_trainer t = {.ctx = NULL};
    struct bench b = {.steps = o->steps > 0 ? o->steps : DEFAULT_STEPS};
    bool head = true;
    bench_row r;
    snn_status status = SNN_OK;

    b.shape = bench_shape_of(o, &config);
    b.evaluate = strcmp(o->operands[0], "eval") == 0;
    if (b.steps > MOST_STEPS)
        b.steps = MOST_STEPS;
    if (b.evaluate) /* statistics are those of the last step, as after a long training */
        config.network.batch_norm_momentum = 1;
    TRY(status, bench_trainer_create(ctx, &config, &b.shape, &t, err));
    snn_bench_dense_flops(snn_network_get_params(t.net), b.shape.batch, b.shape.steps, &b.forward,
                          &b.backward);
    if (b.evaluate)
        b.backward = 0;
    TRY(status, measure(&t, &b, err));
    talk_clear();
    TRY(status, bench_rates_all(ctx, rates, err)); /* copies would count as the step's memory */
    fill_row(&b, o, ctx, snn_trainer_tape(t.trainer), snn_network_layers(t.net), rates, &r);
    if (o->json || o->csv)
        TRY(status, bench_print(o, ctx, &r, &head, err));
    else
        show_text(&b, ctx, snn_trainer_tape(t.trainer), snn_network_layers(t.net), rates);
done:
    bench_trainer_destroy(&t);
    return status;
}

snn_status bench_step(const options *o, snn_context *ctx, bench_rates *rates, snn_error *err)
{
    const bool evaluate = strcmp(o->operands[0], "eval") == 0;
    bool head = true;
    snn_config config;
    snn_status status = SNN_OK;

    TRY(status, bench_config(o->config, o, &config, err));
    if (evaluate || (!o->threads_ratio && !o->neighbours))
        TRY(status, bench_alone(o, ctx, config, rates, err));
    if (!evaluate && o->threads_ratio)
        TRY(status, bench_threads(o, ctx, &config, rates, &head, err));
    if (!evaluate && o->neighbours) {
        head = true; /* another table */
        TRY(status, bench_beside(o, ctx, &config, rates, &head, err));
    }
done:
    return status;
}
