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

static void show_json(const struct bench *b, snn_context *ctx, const snn_tape *tape,
                      uint32_t layers)
{
    json j;

    json_begin(&j, "bench");
    json_number(&j, "step_seconds", b->seconds.median);
    json_number(&j, "sgemm_gflops", b->rate);
    json_number(&j, "dense_seconds", b->dense_seconds);
    json_number(&j, "ratio", b->seconds.median / b->dense_seconds);
    json_number(&j, "peak_rss_mib", b->peak_rss_mib);
    json_count(&j, "threads", (uint64_t)snn_context_threads(ctx));
    json_open(&j, "solvers", '[');
    for (uint32_t i = 0; i < layers; i++)
        json_text(&j, NULL, snn_tape_solver(tape, i));
    json_close(&j, ']');
    json_number(&j, "forward_gflop", b->forward * 1e-9);
    json_number(&j, "backward_gflop", b->backward * 1e-9);
    json_number(&j, "fastest_seconds", b->seconds.least);
    json_number(&j, "slowest_seconds", b->seconds.most);
    json_count(&j, "steps", b->steps);
    json_count(&j, "batch", b->shape.batch);
    json_text(&j, "cpu", snn_context_cpu(ctx));
    json_open(&j, "phases", '{');
    for (int i = 0; i < SNN_PHASES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", snn_phase_name((snn_phase)i));
        for (char *c = name; *c != '\0'; c++)
            if (*c == ' ')
                *c = '_';
        json_number(&j, name, b->phase[i]);
    }
    json_close(&j, '}');
    json_end(&j);
}

static void show_text(const struct bench *b, snn_context *ctx, const snn_tape *tape,
                      uint32_t layers)
{
    printf("step           %8.3f s   median of %zu, %.3f to %.3f\n", b->seconds.median, b->steps,
           b->seconds.least, b->seconds.most);
    printf("sgemm          %8.1f GFLOP/s on %d threads, %s kernels\n", b->rate,
           snn_context_threads(ctx), snn_context_cpu(ctx));
    printf("dense          %8.3f s   %.1f GFLOP forward, %.1f backward at that rate\n",
           b->dense_seconds, b->forward * 1e-9, b->backward * 1e-9);
    printf("ratio          %8.3f     step / dense\n", b->seconds.median / b->dense_seconds);
    printf("peak memory    %8.1f MiB\n", b->peak_rss_mib);
    printf("solvers       ");
    for (uint32_t i = 0; i < layers; i++)
        printf(" %s", snn_tape_solver(tape, i));
    printf("\n\nphase, seconds a step\n");
    for (int i = 0; i < SNN_PHASES; i++)
        printf("  %-24s %8.4f\n", snn_phase_name((snn_phase)i), b->phase[i]);
}

static snn_status show_csv(const options *o, snn_context *ctx, const struct bench *b,
                           snn_error *err)
{
    bool head = true;
    bench_row r;

    row_begin(&r, "bench");
    row_text(&r, "benchmark", o->operands[0]);
    row_count(&r, "batch", b->shape.batch);
    row_count(&r, "steps", b->steps);
    row_number(&r, NULL, "step_seconds", b->seconds.median);
    row_number(&r, NULL, "fastest_seconds", b->seconds.least);
    row_number(&r, NULL, "slowest_seconds", b->seconds.most);
    row_number(&r, NULL, "sgemm_gflops", b->rate);
    row_number(&r, NULL, "dense_seconds", b->dense_seconds);
    row_number(&r, NULL, "ratio", b->seconds.median / b->dense_seconds);
    row_number(&r, NULL, "peak_rss_mib", b->peak_rss_mib);
    for (int i = 0; i < SNN_PHASES; i++)
        row_number(&r, "phases", snn_phase_name((snn_phase)i), b->phase[i]);
    bench_where(&r, ctx);
    return bench_print(o, ctx, &r, &head, err);
}

snn_status bench_step(const options *o, snn_context *ctx, snn_error *err)
{
    bench_trainer t = {.ctx = NULL};
    struct bench b = {.steps = o->steps > 0 ? o->steps : DEFAULT_STEPS};
    snn_config config;
    snn_status status = SNN_OK;

    TRY(status, bench_config(o->config, o, &config, err));
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
    if (o->csv)
        TRY(status, show_csv(o, ctx, &b, err));
    else
        (o->json ? show_json : show_text)(&b, ctx, snn_trainer_tape(t.trainer),
                                          snn_network_layers(t.net));
done:
    bench_trainer_destroy(&t);
    return status;
}
