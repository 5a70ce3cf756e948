/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn bench step, eval: one training step, or one pass at rounded delays, on synthetic input,
 * against the time that the same work would take as dense convolutions at the rate of this
 * machine's own matrix product, measured between the steps: the speed of a shared machine drifts.
 */
#include "tools/benchmarks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define DEFAULT_STEPS       7
#define DEFAULT_INPUT_STEPS 100
#define DEFAULT_INPUTS      140
#define DEFAULT_OUTPUTS     20
/* SHD at 10 ms and 5 channels a bin: 8,000 events a sample in 31 % of 100 x 140 cells. */
#define DEFAULT_DENSITY 0.31
#define EVENTS_PER_CELL 1.84
#define RATE_SECONDS    0.25
#define WARM_UP_STEPS   1
#define MOST_STEPS      1000

struct bench {
    uint32_t batch, input_steps, inputs, outputs;
    size_t steps;
    bool evaluate;
    double density;
    double seconds[MOST_STEPS], gflops[MOST_STEPS];
    double step_seconds, rate, dense_seconds, forward, backward;
    double phase[SNN_PHASES]; /* mean over the measured steps */
    double peak_rss_mib;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
    return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* A cell is zero, or holds 1 + a geometric number of events. */
static void fill(float *x, uint32_t *label, const struct bench *b, uint64_t seed)
{
    const snn_key key = {seed, SNN_STREAM_USER};
    size_t n = (size_t)b->input_steps * b->batch * b->inputs;

    for (size_t i = 0; i < n; i++) {
        double u = snn_random_uniform(key, i, 0, 0);
        float count = u < b->density ? 1.0f : 0.0f;
        for (uint32_t k = 1;
             count > 0 && snn_random_uniform(key, i, k, 0) < 1 - 1 / EVENTS_PER_CELL; k++)
            count += 1.0f;
        x[i] = count;
    }
    for (uint32_t i = 0; i < b->batch; i++)
        label[i] = snn_random_below(key, i, 0, 1, b->outputs);
}

/* What is measured: a training step, or a pass of evaluation at rounded delays. */
static snn_status run_once(snn_trainer *trainer, const snn_batch *batch, bool evaluate,
                           snn_error *err)
{
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    snn_step_result result;

    return evaluate ? snn_forward(snn_trainer_tape(trainer), batch, &pass, err)
                    : snn_trainer_step(trainer, batch, &result, err);
}

static snn_status measure(snn_context *ctx, snn_trainer *trainer, const snn_batch *batch,
                          struct bench *b, snn_error *err)
{
    snn_step_result result;
    double discarded[SNN_PHASES];
    struct rusage usage;
    snn_status status = SNN_OK;

    snn_trainer_begin_epoch(trainer, 0);
    for (int i = 0; i < WARM_UP_STEPS; i++)
        TRY(status, snn_trainer_step(trainer, batch, &result, err));
    snn_trainer_begin_epoch(trainer, 1); /* solvers are chosen by what the first epoch saw */
    for (int i = 0; i < WARM_UP_STEPS; i++)
        TRY(status, run_once(trainer, batch, b->evaluate, err));
    snn_tape_phases(snn_trainer_tape(trainer), discarded, 1);
    for (size_t i = 0; i < b->steps; i++) {
        double start;
        TRY(status, snn_bench_sgemm(ctx, RATE_SECONDS, &b->gflops[i]));
        start = now();
        TRY(status, run_once(trainer, batch, b->evaluate, err));
        b->seconds[i] = now() - start;
        talk_progress("step %zu of %zu  %.3f s  sgemm %.0f GFLOP/s", i + 1, b->steps, b->seconds[i],
                      b->gflops[i]);
    }
    snn_tape_phases(snn_trainer_tape(trainer), b->phase, 1);
    for (int i = 0; i < SNN_PHASES; i++)
        b->phase[i] /= (double)b->steps;
    b->step_seconds = median(b->seconds, b->steps);
    b->rate = median(b->gflops, b->steps);
    b->dense_seconds = (b->forward + b->backward) * 1e-9 / b->rate;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        b->peak_rss_mib = (double)usage.ru_maxrss / 1024;
done:
    return status;
}

static void show_json(const struct bench *b, snn_context *ctx, const snn_tape *tape,
                      uint32_t layers)
{
    json j;

    json_begin(&j, "bench");
    json_number(&j, "step_seconds", b->step_seconds);
    json_number(&j, "sgemm_gflops", b->rate);
    json_number(&j, "dense_seconds", b->dense_seconds);
    json_number(&j, "ratio", b->step_seconds / b->dense_seconds);
    json_number(&j, "peak_rss_mib", b->peak_rss_mib);
    json_count(&j, "threads", (uint64_t)snn_context_threads(ctx));
    json_open(&j, "solvers", '[');
    for (uint32_t i = 0; i < layers; i++)
        json_text(&j, NULL, snn_tape_solver(tape, i));
    json_close(&j, ']');
    json_number(&j, "forward_gflop", b->forward * 1e-9);
    json_number(&j, "backward_gflop", b->backward * 1e-9);
    json_number(&j, "fastest_seconds", b->seconds[0]);
    json_number(&j, "slowest_seconds", b->seconds[b->steps - 1]);
    json_count(&j, "steps", b->steps);
    json_count(&j, "batch", b->batch);
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
    printf("step           %8.3f s   median of %zu, %.3f to %.3f\n", b->step_seconds, b->steps,
           b->seconds[0], b->seconds[b->steps - 1]);
    printf("sgemm          %8.1f GFLOP/s on %d threads, %s kernels\n", b->rate,
           snn_context_threads(ctx), snn_context_cpu(ctx));
    printf("dense          %8.3f s   %.1f GFLOP forward, %.1f backward at that rate\n",
           b->dense_seconds, b->forward * 1e-9, b->backward * 1e-9);
    printf("ratio          %8.3f     step / dense\n", b->step_seconds / b->dense_seconds);
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
    row_count(&r, "batch", b->batch);
    row_count(&r, "steps", b->steps);
    row_number(&r, NULL, "step_seconds", b->step_seconds);
    row_number(&r, NULL, "fastest_seconds", b->seconds[0]);
    row_number(&r, NULL, "slowest_seconds", b->seconds[b->steps - 1]);
    row_number(&r, NULL, "sgemm_gflops", b->rate);
    row_number(&r, NULL, "dense_seconds", b->dense_seconds);
    row_number(&r, NULL, "ratio", b->step_seconds / b->dense_seconds);
    row_number(&r, NULL, "peak_rss_mib", b->peak_rss_mib);
    for (int i = 0; i < SNN_PHASES; i++)
        row_number(&r, "phases", snn_phase_name((snn_phase)i), b->phase[i]);
    bench_where(&r, ctx);
    return bench_print(o, ctx, &r, &head, err);
}

static struct bench ask(const options *o, const snn_config *config)
{
    struct bench b = {.batch = o->batch > 0 ? o->batch : config->train.batch_size,
                      .input_steps = o->input_steps > 0 ? o->input_steps : DEFAULT_INPUT_STEPS,
                      .inputs = o->inputs > 0 ? o->inputs : DEFAULT_INPUTS,
                      .outputs = o->outputs > 0 ? o->outputs : DEFAULT_OUTPUTS,
                      .steps = o->steps > 0 ? o->steps : DEFAULT_STEPS,
                      .density = o->density > 0 ? o->density : DEFAULT_DENSITY};

    if (b.steps > MOST_STEPS)
        b.steps = MOST_STEPS;
    return b;
}

snn_status bench_step(const options *o, snn_context *ctx, snn_error *err)
{
    snn_network *net = NULL;
    snn_trainer *trainer = NULL;
    float *x = NULL;
    uint32_t *label = NULL;
    snn_config config;
    struct bench b;
    snn_batch batch;
    snn_status status = SNN_OK;

    TRY(status, tool_config(o->config, o, &config, err));
    b = ask(o, &config);
    b.evaluate = strcmp(o->operands[0], "eval") == 0;
    config.network.n_inputs = b.inputs;
    config.network.n_outputs = b.outputs;
    config.network.time_step_ms = config.data.time_step_ms;
    config.train.batch_size = b.batch;
    x = snn_alloc(ctx, (size_t)b.input_steps * b.batch, b.inputs * sizeof *x);
    label = snn_alloc(ctx, b.batch, sizeof *label);
    if (x == NULL || label == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory for the input"));
    fill(x, label, &b, config.train.seed);
    snn_bench_dense_flops(&config.network, b.batch, b.input_steps, &b.forward, &b.backward);
    if (b.evaluate) { /* statistics are those of the last step, as after a long training */
        b.backward = 0;
        config.network.batch_norm_momentum = 1;
    }
    TRY(status, snn_network_create(ctx, &config.network, config.train.seed, &net, err));
    TRY(status, snn_trainer_create(net, &config.train, b.input_steps, &trainer, err));
    batch = (snn_batch){.batch = b.batch, .steps = b.input_steps, .x = x, .label = label};
    TRY(status, measure(ctx, trainer, &batch, &b, err));
    talk_clear();
    if (o->csv)
        TRY(status, show_csv(o, ctx, &b, err));
    else
        (o->json ? show_json : show_text)(&b, ctx, snn_trainer_tape(trainer),
                                          snn_network_layers(net));
done:
    snn_trainer_destroy(trainer);
    snn_network_destroy(net);
    snn_free(ctx, x);
    snn_free(ctx, label);
    return status;
}
