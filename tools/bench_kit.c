/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/bench_kit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#define DEFAULT_INPUT_STEPS 100
#define DEFAULT_INPUTS      140
#define DEFAULT_OUTPUTS     20
/* SHD at 10 ms and 5 channels a bin: 8,000 events a sample in 31 % of 100 x 140 cells. */
#define DEFAULT_DENSITY 0.31
#define EVENTS_PER_CELL 1.84

double bench_now(void)
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

static double quantile(const double *sorted, size_t n, double share)
{
    const double at = share * (double)(n - 1);
    const size_t below = (size_t)at, above = below + 1 < n ? below + 1 : below;

    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

bench_spread bench_spread_of(double *values, size_t n)
{
    if (n == 0)
        return (bench_spread){0};
    qsort(values, n, sizeof *values, ascending);
    return (bench_spread){.median = quantile(values, n, 0.5),
                          .low = quantile(values, n, 0.25),
                          .high = quantile(values, n, 0.75),
                          .least = values[0],
                          .most = values[n - 1],
                          .n = n};
}

const char *bench_machine(char text[128])
{
    struct utsname system;
    char model[PROCESSOR_BYTES];

    if (processor_fact("model name", model))
        snprintf(text, 128, "%s", model);
    else
        snprintf(text, 128, "%s", uname(&system) == 0 ? system.machine : "unknown");
    return text;
}

double bench_peak_rss_mib(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : 0;
}

snn_status bench_config(const char *path, const options *o, snn_config *config, snn_error *err)
{
    snn_status status = SNN_OK;

    if (o->density > 1)
        return snn_error_set(err, SNN_EINVAL, "--density", "a share of the cells: at most 1");
    TRY(status, tool_config(path, o, config, err));
    if (config->model == SNN_MODEL_MOTION)
        status = snn_error_set(err, SNN_EINVAL, path,
                               "is a layer that sees motion: give a network of layers "
                               "(network.model: layers)");
done:
    return status;
}

bench_shape bench_shape_of(const options *o, const snn_config *config)
{
    return (bench_shape){.batch = o->batch > 0 ? o->batch : config->train.batch_size,
                         .steps = o->input_steps > 0 ? o->input_steps : DEFAULT_INPUT_STEPS,
                         .inputs = o->inputs > 0 ? o->inputs : DEFAULT_INPUTS,
                         .outputs = o->outputs > 0 ? o->outputs : DEFAULT_OUTPUTS,
                         .density = o->density > 0 ? o->density : DEFAULT_DENSITY};
}

uint32_t bench_events(uint64_t seed, uint64_t sample, uint32_t cell, double density)
{
    const snn_key key = {seed, SNN_STREAM_USER};
    uint32_t count;

    if (!(snn_random_uniform(key, sample, cell, 0) < density))
        return 0;
    for (count = 1; snn_random_uniform(key, sample, cell, count) < 1 - 1 / EVENTS_PER_CELL; count++)
        ;
    return count;
}

static void fill(bench_trainer *t, const bench_shape *s, uint64_t seed)
{
    const snn_key key = {seed, SNN_STREAM_USER + 1};

    for (size_t step = 0; step < s->steps; step++)
        for (size_t b = 0; b < s->batch; b++)
            for (size_t i = 0; i < s->inputs; i++)
                t->x[(step * s->batch + b) * s->inputs + i] =
                    (float)bench_events(seed, b, (uint32_t)(step * s->inputs + i), s->density);
    for (uint32_t b = 0; b < s->batch; b++)
        t->label[b] = snn_random_below(key, b, 0, 0, s->outputs);
}

snn_status bench_trainer_create(snn_context *ctx, const snn_config *config,
                                const bench_shape *shape, bench_trainer *out, snn_error *err)
{
    bench_trainer t = {.ctx = ctx};
    snn_network_params network = config->network;
    snn_train_params train = config->train;
    const snn_memory purpose = snn_context_purpose(ctx, SNN_MEMORY_BATCHES);
    snn_status status = SNN_OK;

    network.n_inputs = shape->inputs;
    network.n_outputs = shape->outputs;
    network.time_step_ms = config->data.time_step_ms;
    train.batch_size = shape->batch;
    t.x = snn_alloc(ctx, (size_t)shape->steps * shape->batch, shape->inputs * sizeof *t.x);
    t.label = snn_alloc(ctx, shape->batch, sizeof *t.label);
    if (t.x == NULL || t.label == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory for the input"));
    snn_context_purpose(ctx, SNN_MEMORY_OTHER);
    fill(&t, shape, train.seed);
    t.batch = (snn_batch){.batch = shape->batch, .steps = shape->steps, .x = t.x, .label = t.label};
    TRY(status, snn_network_create(ctx, &network, train.seed, &t.net, err));
    TRY(status, snn_trainer_create(t.net, &train, shape->steps, &t.trainer, err));
    *out = t;
    t = (bench_trainer){.ctx = ctx};
done:
    bench_trainer_destroy(&t);
    snn_context_purpose(ctx, purpose);
    return status;
}

void bench_trainer_destroy(bench_trainer *t)
{
    if (t->ctx == NULL)
        return;
    snn_trainer_destroy(t->trainer);
    snn_network_destroy(t->net);
    snn_free(t->ctx, t->label);
    snn_free(t->ctx, t->x);
    *t = (bench_trainer){0};
}

snn_status bench_trainer_warm(bench_trainer *t, snn_error *err)
{
    snn_step_result result;
    snn_status status = SNN_OK;

    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        snn_trainer_begin_epoch(t->trainer, epoch);
        TRY(status, snn_trainer_step(t->trainer, &t->batch, &result, err));
    }
done:
    return status;
}

snn_status bench_trainer_step(bench_trainer *t, double *seconds, snn_error *err)
{
    const double start = bench_now();
    snn_step_result result;
    const snn_status status = snn_trainer_step(t->trainer, &t->batch, &result, err);

    *seconds = bench_now() - start;
    return status;
}
