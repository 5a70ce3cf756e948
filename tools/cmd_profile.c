/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn profile: what a training step of a configuration is made of.  The library tells when
 * phases end and what workers did (snn_context_observe); between the steps the machine's own
 * rates are measured, and steps that nobody observes, so that the cost of looking shows.
 */
#include "tools/profile.h"

#include <math.h>
#include <string.h>

#define DEFAULT_STEPS  5
#define RATE_SECONDS   0.15
#define SCALING_ROUNDS 3

/* A data set's first batch in the place of noise. */
typedef struct source {
    snn_dataset *dataset;
    snn_loader *loader;
    const snn_batch *batch;
} source;

static double density_of(const snn_batch *batch, uint32_t inputs)
{
    const size_t cells = (size_t)batch->steps * batch->batch * inputs;
    size_t live = 0;

    for (size_t i = 0; i < cells; i++)
        live += batch->x[i] != 0;
    return cells > 0 ? (double)live / (double)cells : 0;
}

static snn_status open_source(snn_context *ctx, const options *o, const snn_config *config,
                              bench_shape *shape, source *s, snn_error *err)
{
    const snn_dataset_info *info;
    snn_status status = SNN_OK;

    TRY(status, snn_dataset_open(ctx, o->data, &config->data, &s->dataset, err));
    info = snn_dataset_get_info(s->dataset);
    TRY(status, snn_loader_create(ctx, s->dataset, SNN_SPLIT_TRAIN, NULL, 0, shape->batch,
                                  &s->loader, err));
    TRY(status, snn_loader_start(s->loader, 1, config->train.seed, 0, 0, err));
    TRY(status, snn_loader_next(s->loader, &s->batch, err));
    if (s->batch == NULL)
        TRY(status, snn_error_set(err, SNN_EINVAL, o->data, "has no training samples"));
    shape->inputs = info->n_inputs;
    shape->outputs = info->n_classes;
    shape->steps = s->batch->steps;
    shape->batch = s->batch->batch;
    shape->density = density_of(s->batch, info->n_inputs);
done:
    return status;
}

static void close_source(source *s)
{
    snn_loader_destroy(s->loader);
    snn_dataset_destroy(s->dataset);
}

/* Steps in turns: observed, alone; rates in between. */
static snn_status measure(snn_context *ctx, bench_trainer *t, record *r, profile *p, snn_error *err)
{
    double observed[PROFILE_MOST], alone[PROFILE_MOST];
    bench_rates rates = {0};
    const uint64_t before = snn_context_allocations(ctx);
    uint64_t of_rates = 0;
    snn_status status = SNN_OK;

    for (size_t i = 0; i < p->steps; i++) {
        const uint64_t now = snn_context_allocations(ctx);

        TRY(status, bench_rates_measure(ctx, BENCH_SGEMM, RATE_SECONDS, &rates, err));
        TRY(status, bench_rates_measure(ctx, BENCH_COPY, RATE_SECONDS, &rates, err));
        of_rates += snn_context_allocations(ctx) - now;
        record_step_begin(r);
        status = bench_trainer_step(t, &observed[i], err);
        record_step_end(r);
        TRY(status, status);
        TRY(status, bench_trainer_step(t, &alone[i], err));
        if (was_interrupted())
            TRY(status, snn_error_set(err, SNN_EINTERRUPTED, "profile", "stopped"));
        talk_progress("step %zu of %zu  %.3f s", i + 1, p->steps, observed[i]);
    }
    p->allocations = snn_context_allocations(ctx) - before - of_rates;
    p->step = bench_spread_of(observed, p->steps);
    p->alone = bench_spread_of(alone, p->steps);
    p->sgemm = bench_rates_median(&rates, BENCH_SGEMM);
    p->copy = bench_rates_median(&rates, BENCH_COPY);
done:
    talk_clear();
    return status;
}

static bool is_synapse(snn_phase phase)
{
    return phase == SNN_PHASE_SYNAPSE_FORWARD || phase == SNN_PHASE_SYNAPSE_INPUT_GRADIENT ||
           phase == SNN_PHASE_SYNAPSE_KERNEL_GRADIENT;
}

static profile_phase phase_of(const record_row *row, const profile *p, const snn_tape *tape)
{
    const double steps = (double)p->steps;
    profile_phase f = {.phase = row->phase, .layer = row->layer, .solver = ""};
    double seconds[PROFILE_MOST], all = 0, sum = 0, busiest = 0, arithmetic, memory;

    memcpy(seconds, row->seconds, sizeof seconds);
    f.seconds = bench_spread_of(seconds, p->steps);
    f.share = f.seconds.median / p->step.median;
    if (is_synapse(row->phase))
        f.solver = snn_tape_solver(tape, row->layer);
    snn_tape_work(tape, row->phase, row->layer, &f.work);
    arithmetic = 1e-9 * f.work.operations / p->sgemm;
    memory = 1e-9 * f.work.bytes / p->copy;
    f.by_memory = memory > arithmetic;
    f.roof_seconds = isfinite(arithmetic) ? fmax(arithmetic, memory) : NAN;
    for (int w = 0; w < p->threads && w < PROFILE_WORKERS; w++) {
        sum += row->worker[w];
        busiest = fmax(busiest, row->worker[w]);
    }
    for (size_t i = 0; i < p->steps; i++)
        all += seconds[i];
    f.mean = all / steps;
    f.busy = all > 0 ? sum / (p->threads * all) : 0;
    f.imbalance = sum > 0 ? busiest * p->threads / sum - 1 : 0;
    for (int k = 0; k < COUNTERS; k++)
        f.count[k] = counters_have(&p->counters, (counter_kind)k)
                         ? counters_count(&row->count[k]) / steps
                         : NAN;
    return f;
}

static void evaluate(const record *r, const snn_tape *tape, profile *p)
{
    double in_phases = 0;

    for (size_t i = 0; i < r->rows; i++) {
        p->phase[p->phases] = phase_of(&r->row[i], p, tape);
        in_phases += p->phase[p->phases].seconds.median;
        if (p->phase[p->phases].seconds.median > p->phase[p->hottest].seconds.median)
            p->hottest = p->phases;
        p->phases++;
    }
    p->between = fmax(0, p->step.median - in_phases);
    for (int w = 0; w < p->threads && w < PROFILE_WORKERS; w++)
        for (size_t i = 0; i < r->worker[w].n; i++) {
            const span *s = &r->worker[w].span[i];

            p->worker[w].busy += (s->end - s->begin) / (double)p->steps;
            p->worker[w].tiles += (double)s->tiles / (double)p->steps;
        }
}

static void note_memory(snn_context *ctx, profile *p)
{
    for (int k = 0; k < SNN_MEMORY_KINDS; k++)
        p->held[k] = snn_context_held(ctx, (snn_memory)k, &p->peak[k]);
    p->bytes = snn_context_bytes(ctx);
    p->peak_bytes = snn_context_peak_bytes(ctx);
    p->rss_mib = bench_peak_rss_mib();
}

static snn_status choose_folder(const options *o, char folder[TOOL_PATH], snn_error *err)
{
    char name[TOOL_PATH / 2] = "";

    add_config_name(name, sizeof name, o->operands[0]);
    if (o->out != NULL ? strlen(o->out) >= TOOL_PATH : strlen(name) + 1 == sizeof name)
        return snn_error_set(err, SNN_EINVAL, "--out", "the path is too long");
    snprintf(folder, TOOL_PATH, "%s%s", o->out != NULL ? "" : "profile-",
             o->out != NULL ? o->out : name);
    return SNN_OK;
}

/* Everything that is measured in one context. */
static snn_status profile_step(snn_context *ctx, const options *o, const snn_config *config,
                               profile *p, snn_error *err)
{
    bench_trainer t = {0};
    source data = {0};
    record r = {0};
    snn_status status = SNN_OK;

    if (o->data != NULL)
        TRY(status, open_source(ctx, o, config, &p->shape, &data, err));
    TRY(status, bench_trainer_create(ctx, config, &p->shape, &t, err));
    if (data.batch != NULL)
        t.batch = *data.batch;
    TRY(status, bench_trainer_warm(&t, err));
    note_memory(ctx, p); /* before the record and the rates take theirs */
    TRY(status, record_create(ctx, &p->counters, &r, err));
    TRY(status, measure(ctx, &t, &r, p, err));
    evaluate(&r, snn_trainer_tape(t.trainer), p);
    if (o->trace != NULL)
        TRY(status, profile_write_trace(ctx, &r, o->trace, err));
done:
    record_destroy(&r);
    bench_trainer_destroy(&t);
    close_source(&data);
    return status;
}

int run_profile(const options *o)
{
    char folder[TOOL_PATH];
    snn_context *ctx = NULL;
    profile *p = NULL;
    snn_config config;
    counters counted;
    snn_error err = {0};
    snn_status status = SNN_OK;

    watch_signals();
    counters_open(&counted); /* while there is one thread */
    TRY(status, bench_config(o->operands[0], o, &config, &err));
    TRY(status, choose_folder(o, folder, &err));
    if (o->trace != NULL)
        TRY(status, check_folder_of(o->trace, &err));
    TRY(status, tool_context(o, &ctx, &err));
    p = snn_alloc(ctx, 1, sizeof *p);
    if (p == NULL)
        TRY(status, snn_error_set(&err, SNN_ENOMEM, NULL, "out of memory"));
    p->config = o->operands[0];
    p->counters = counted;
    p->shape = bench_shape_of(o, &config);
    p->threads = snn_context_threads(ctx);
    p->kernels = snn_context_cpu(ctx);
    p->steps = o->steps > 0 ? o->steps : DEFAULT_STEPS;
    if (p->steps > PROFILE_MOST)
        p->steps = PROFILE_MOST;
    bench_machine(p->machine);
    TRY(status, make_folders(folder, &err));
    TRY(status, profile_step(ctx, o, &config, p, &err));
    if (p->threads > 1)
        TRY(status, bench_scaling_measure(o, &config, &p->shape, p->threads, true, SCALING_ROUNDS,
                                          NULL, &p->scaling, &err));
    TRY(status, profile_write_tables(ctx, p, folder, &err));
    TRY(status, profile_write_charts(ctx, p, folder, &err));
    (o->json ? profile_show_json : profile_show_text)(p);
    talk(SNN_LOG_INFO, "tables and pictures in %s%s%s", folder,
         o->trace != NULL ? ", trace in " : "", o->trace != NULL ? o->trace : "");
done:
    counters_close(&counted);
    snn_free(ctx, p);
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
