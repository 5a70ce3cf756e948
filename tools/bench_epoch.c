/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn bench epoch: whole epochs of training, with what is not training in them: waiting for
 * batches, evaluation, and reports and files.  snn bench load: the loader by itself.
 */
#include "tools/benchmarks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_EPOCHS 3
#define DEFAULT_PASSES 3
#define MOST           64

/* ---- epochs ------------------------------------------------------------------------------ */

typedef struct epochs {
    double whole[MOST], loader[MOST], evaluate[MOST], log[MOST];
    size_t n, skip;
} epochs;

static void on_epoch(void *user, const snn_epoch_report *r)
{
    epochs *e = user;

    talk_progress("epoch %u of %u  %.2f s", (unsigned)r->epoch, (unsigned)r->epochs, r->seconds);
    if (r->epoch <= e->skip || e->n == MOST)
        return;
    e->whole[e->n] = r->seconds + r->log_seconds;
    e->loader[e->n] = r->loader_seconds;
    e->evaluate[e->n] = r->evaluate_seconds;
    e->log[e->n++] = r->log_seconds;
}

static void on_batch(void *user, const snn_batch_report *r)
{
    (void)user;
    talk_progress("epoch %u of %u  batch %u of %u  %.0f samples/s", (unsigned)r->epoch,
                  (unsigned)r->epochs, (unsigned)r->batch, (unsigned)r->batches,
                  r->samples_per_second);
}

static int stop(void *user)
{
    (void)user;
    return was_interrupted();
}

static snn_status make_folder(char folder[TOOL_PATH], snn_error *err)
{
    const char *base = getenv("TMPDIR");

    snprintf(folder, TOOL_PATH, "%s/snn-bench.XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(folder) == NULL) {
        folder[0] = '\0';
        return snn_error_set(err, SNN_EIO, base != NULL ? base : "/tmp",
                             "no folder for the run can be made here: set TMPDIR");
    }
    return SNN_OK;
}

static void remove_folder(const char *folder)
{
    static const char *const files[] = {"config.yaml", "metrics.csv",   "plan.csv",
                                        "model.h5",    "checkpoint.h5", "result.json"};
    char path[TOOL_PATH + 32];

    if (folder[0] == '\0')
        return;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static snn_status show_epochs(const options *o, snn_context *ctx, epochs *e, uint32_t samples,
                              double peak, bench_rates *rates, snn_error *err)
{
    const bench_spread whole = bench_spread_of(e->whole, e->n);
    const double loader = bench_spread_of(e->loader, e->n).median;
    const double evaluate = bench_spread_of(e->evaluate, e->n).median;
    const double log = bench_spread_of(e->log, e->n).median;
    const double together = (loader + evaluate + log) / whole.median;
    bool head = true;
    bench_row r;

    row_begin(&r, "epoch");
    row_count(&r, "samples", samples);
    row_count(&r, "epochs", e->n);
    row_number(&r, NULL, "epoch_seconds", whole.median);
    row_number(&r, NULL, "fastest_seconds", whole.least);
    row_number(&r, NULL, "slowest_seconds", whole.most);
    row_number(&r, NULL, "samples_per_second", samples / whole.median);
    row_number(&r, NULL, "loader_share", loader / whole.median);
    row_number(&r, NULL, "evaluate_share", evaluate / whole.median);
    row_number(&r, NULL, "log_share", log / whole.median);
    row_number(&r, NULL, "together_share", together);
    row_number(&r, NULL, "peak_rss_mib", peak);
    bench_rates_fields(&r, ctx, rates);
    if (o->json || o->csv)
        return bench_print(o, ctx, &r, &head, err);
    printf("epoch      %8.3f s   median of %zu, %.3f to %.3f\n", whole.median, e->n, whole.least,
           whole.most);
    printf("samples    %8.1f /s  of %u\n", samples / whole.median, (unsigned)samples);
    printf("loader     %8.2f %%   of the epoch: waiting for batches\n",
           100 * loader / whole.median);
    printf("evaluation %8.2f %%   at rounded delays\n", 100 * evaluate / whole.median);
    printf("log        %8.2f %%   reports, metrics, model, checkpoint\n", 100 * log / whole.median);
    printf("together   %8.2f %%\n", 100 * together);
    bench_rates_show(ctx, rates);
    return SNN_OK;
}

snn_status bench_epoch(const options *o, snn_context *ctx, bench_rates *rates, snn_error *err)
{
    char folder[TOOL_PATH] = "";
    snn_dataset *data = NULL;
    snn_run_params params;
    snn_run_result result;
    snn_config config;
    epochs e = {0};
    double peak;
    snn_status status = SNN_OK;

    TRY(status, bench_config(o->config, o, &config, err));
    if (o->batch > 0)
        config.train.batch_size = o->batch;
    config.train.epochs = o->steps > 0 ? o->steps : DEFAULT_EPOCHS;
    if (config.train.epochs > MOST)
        config.train.epochs = MOST;
    e.skip = config.train.epochs > 1; /* in which solvers are chosen by what nobody has seen */
    TRY(status, bench_data_open(ctx, o, &config, &data, err));
    TRY(status, bench_rates_all(ctx, rates, err));
    TRY(status, make_folder(folder, err));
    snn_run_params_init(&params);
    params.folder = folder;
    params.on_batch = on_batch;
    params.on_epoch = on_epoch;
    params.stop = stop;
    params.user = &e;
    TRY(status, snn_train(ctx, &config, data, &params, &result, err));
    talk_clear();
    peak = bench_peak_rss_mib(); /* before copies take theirs */
    TRY(status, bench_rates_all(ctx, rates, err));
    TRY(status, show_epochs(o, ctx, &e, snn_dataset_get_info(data)->count[SNN_SPLIT_TRAIN], peak,
                            rates, err));
done:
    remove_folder(folder);
    snn_dataset_destroy(data);
    return status;
}

/* ---- the loader ------------------------------------------------------------------------------ */

static snn_status pass(snn_loader *loader, uint64_t seed, uint32_t epoch, double *seconds,
                       uint64_t *samples, snn_error *err)
{
    const double start = bench_now();
    const snn_batch *batch;
    snn_status status = SNN_OK;

    *samples = 0;
    TRY(status, snn_loader_start(loader, 1, seed, epoch, 0, err));
    for (;;) {
        TRY(status, snn_loader_next(loader, &batch, err));
        if (batch == NULL)
            break;
        *samples += batch->batch;
    }
    *seconds = bench_now() - start;
done:
    return status;
}

static snn_status show_load(const options *o, snn_context *ctx, const bench_spread *s,
                            uint64_t samples, uint32_t batch, bench_rates *rates, snn_error *err)
{
    bool head = true;
    bench_row r;

    row_begin(&r, "load");
    row_count(&r, "samples", samples);
    row_count(&r, "batch", batch);
    row_count(&r, "passes", s->n);
    row_number(&r, NULL, "pass_seconds", s->median);
    row_number(&r, NULL, "fastest_seconds", s->least);
    row_number(&r, NULL, "slowest_seconds", s->most);
    row_number(&r, NULL, "samples_per_second", (double)samples / s->median);
    bench_rates_fields(&r, ctx, rates);
    if (o->json || o->csv)
        return bench_print(o, ctx, &r, &head, err);
    printf("load       %8.0f samples/s   %llu in batches of %u in %.3f s, median of %zu passes, "
           "%.3f to %.3f\n",
           (double)samples / s->median, (unsigned long long)samples, (unsigned)batch, s->median,
           s->n, s->least, s->most);
    bench_rates_show(ctx, rates);
    return SNN_OK;
}

snn_status bench_load(const options *o, snn_context *ctx, bench_rates *rates, snn_error *err)
{
    snn_dataset *data = NULL;
    snn_loader *loader = NULL;
    double seconds[MOST];
    uint64_t samples = 0;
    size_t passes = o->steps > 0 ? o->steps : DEFAULT_PASSES;
    snn_config config;
    bench_spread spread;
    snn_status status = SNN_OK;

    if (passes > MOST)
        passes = MOST;
    TRY(status, bench_config(o->config, o, &config, err));
    if (o->batch > 0)
        config.train.batch_size = o->batch;
    TRY(status, bench_data_open(ctx, o, &config, &data, err));
    TRY(status, snn_loader_create(ctx, data, SNN_SPLIT_TRAIN, NULL, 0, config.train.batch_size,
                                  &loader, err));
    for (size_t i = 0; i < passes; i++)
        TRY(status, pass(loader, config.train.seed, (uint32_t)i, &seconds[i], &samples, err));
    TRY(status, bench_rates_all(ctx, rates, err));
    spread = bench_spread_of(seconds, passes);
    TRY(status, show_load(o, ctx, &spread, samples, config.train.batch_size, rates, err));
done:
    snn_loader_destroy(loader);
    snn_dataset_destroy(data);
    return status;
}
