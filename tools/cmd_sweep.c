/* SPDX-License-Identifier: BSD-3-Clause */
/* snn sweep: arms and seeds, each a run; tables and a picture of what came out. */
#include "tools/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define LOCK "sweep.lock"

/* What is needed when a run has ended. */
struct sweep {
    snn_context *ctx;
    const sweep_plan *plan;
    const char *title;
};

/* Tables and picture as they are now. */
static snn_status write_all(const struct sweep *s, sweep_table *table, snn_error *err)
{
    snn_status status = SNN_OK;

    TRY(status, sweep_table_make(s->ctx, s->plan, table, err));
    TRY(status, sweep_table_write(s->ctx, table, s->plan->folder, err));
    TRY(status, sweep_chart_write(s->ctx, table, s->title, s->plan->folder, err));
done:
    return status;
}

static snn_status show_run(void *user, const sweep_run *run, snn_error *err)
{
    const sweep_result *r = &run->result;
    char test[16], valid[16];
    sweep_table table = {0};
    snn_status status;

    if (r->done)
        talk(SNN_LOG_INFO, "%s, seed %llu: test %s, validation %s, best epoch %llu of %llu, %.1f s",
             run->label, (unsigned long long)r->seed, percent_text(r->test_accuracy, test),
             percent_text(r->valid_accuracy, valid), (unsigned long long)r->best_epoch,
             (unsigned long long)r->epochs, r->seconds);
    else
        talk(SNN_LOG_ERROR, "snn: %s, seed %llu failed (exit %d): %s; see %s/train.log", run->label,
             (unsigned long long)r->seed, r->exit_code, r->why, run->folder);
    status = write_all(user, &table, err);
    sweep_table_free(((struct sweep *)user)->ctx, &table);
    return status;
}

/* ---- what came out -------------------------------------------------------------------- */

static void show_text(const sweep_table *table)
{
    char label[256], mean[16], low[16], high[16];

    for (size_t i = 0; i < table->n_arms; i++) {
        const sweep_summary *s = &table->arms[i];
        const snn_interval *a = s->of_test ? &s->test : &s->valid;
        sweep_arm_label(&s->arm, label, sizeof label);
        printf("%-40s %s %s", label, s->of_test ? "test" : "validation",
               percent_text(a->mean, mean));
        if (isfinite(a->low))
            printf("  [%s, %s]", percent_text(a->low, low), percent_text(a->high, high));
        printf("  %zu seed%s, protocol %s\n", s->n, s->n == 1 ? "" : "s", s->protocol);
    }
}

static void json_interval(json *j, const char *name, const snn_interval *i)
{
    json_open(j, name, '{');
    json_number(j, "mean", i->mean);
    json_number(j, "low", i->low);
    json_number(j, "high", i->high);
    json_close(j, '}');
}

static void show_json(const sweep_table *table)
{
    json j;

    for (size_t i = 0; i < table->n_arms; i++) {
        const sweep_summary *s = &table->arms[i];
        json_begin(&j, "arm");
        json_text(&j, "arm", s->arm.name);
        json_open(&j, "grid", '{');
        for (size_t k = 0; k < s->arm.n_keys; k++)
            json_text(&j, s->arm.key[k], s->arm.value[k]);
        json_close(&j, '}');
        json_count(&j, "runs", s->n);
        json_text(&j, "protocol", s->protocol);
        json_interval(&j, "test_accuracy", &s->test);
        json_interval(&j, "valid_accuracy", &s->valid);
        json_number(&j, "seconds", s->seconds);
        json_count(&j, "parameters", s->parameters);
        json_end(&j);
    }
}

/* ---- the command ------------------------------------------------------------------------ */

static bool arguments_complete(const options *o)
{
    if (o->data != NULL)
        return true;
    fprintf(stderr, "snn: give a data set: --data PATH, as for snn train\n");
    return false;
}

/* Two sweeps in one folder would start the same runs twice.  The lock goes with the
 * process, however it ends. */
static snn_status lock_folder(const char *folder, int *out, snn_error *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[TOOL_PATH];
    snn_status status = SNN_OK;

    TRY(status, join_path(path, folder, LOCK, err));
    *out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*out < 0)
        TRY(status, snn_error_set(err, SNN_EIO, path, "cannot be opened: %s", strerror(errno)));
    if (fcntl(*out, F_SETLK, &whole) != 0)
        TRY(status,
            snn_error_set(err, SNN_EIO, folder,
                          errno == EACCES || errno == EAGAIN ? "another sweep works in this folder"
                                                             : "cannot be locked"));
done:
    return status;
}

static void introduce(const sweep_plan *plan, uint32_t jobs, uint32_t threads)
{
    size_t done = 0;

    for (size_t i = 0; i < plan->n; i++)
        done += plan->runs[i].done;
    talk(SNN_LOG_INFO, "%s: %zu runs, %zu of them finished already; %u at a time with %u thread%s",
         plan->folder, plan->n, done, (unsigned)jobs, (unsigned)threads, threads == 1 ? "" : "s");
}

/* Runs of this plan that failed, now or before. */
static size_t count_failed(const sweep_plan *plan)
{
    size_t failed = 0;

    for (size_t i = 0; i < plan->n; i++)
        failed += !plan->runs[i].done;
    return failed;
}

static snn_status sweep_everything(snn_context *ctx, const options *o, sweep_plan *plan,
                                   size_t *failed, snn_error *err)
{
    const uint32_t jobs = o->jobs > 0 ? o->jobs : 1, all = (uint32_t)snn_context_threads(ctx);
    const uint32_t threads = all > jobs ? all / jobs : 1;
    struct sweep s = {ctx, plan, plan->folder};
    sweep_table table = {0};
    int lock = -1;
    snn_status status = SNN_OK, stopped;

    TRY(status, make_folders(plan->folder, err));
    TRY(status, lock_folder(plan->folder, &lock, err));
    introduce(plan, jobs, threads);
    watch_signals();
    stopped = sweep_run_all(ctx, plan, jobs, threads, show_run, &s, err);
    if (stopped != SNN_EINTERRUPTED)
        TRY(status, stopped);
    TRY(status, write_all(&s, &table, err));
    (o->json ? show_json : show_text)(&table);
    *failed = count_failed(plan);
    status = stopped;
done:
    sweep_table_free(ctx, &table);
    if (lock >= 0)
        close(lock);
    return status;
}

int run_sweep(const options *o)
{
    sweep_plan plan = {0};
    snn_context *ctx = NULL;
    snn_error err = {0};
    size_t failed = 0;
    snn_status status = SNN_OK;

    if (!arguments_complete(o))
        return EXIT_USAGE;
    TRY(status, tool_context(o, &ctx, &err));
    TRY(status, sweep_plan_make(ctx, o, &plan, &err));
    TRY(status, sweep_everything(ctx, o, &plan, &failed, &err));
    talk(SNN_LOG_INFO, "%s: results.csv, summary.csv, accuracy.png", plan.folder);
    if (failed > 0)
        talk(SNN_LOG_ERROR,
             "snn: %zu of %zu runs failed: the same command tries them again, and them alone",
             failed, plan.n);
done:
    if (status == SNN_EINTERRUPTED)
        talk(SNN_LOG_ERROR,
             "snn: stopped; each run left a checkpoint: the same command goes on with them");
    sweep_plan_free(ctx, &plan);
    snn_context_destroy(ctx);
    return status == SNN_OK             ? failed == 0 ? EXIT_OK : EXIT_FAILED
           : status == SNN_EINTERRUPTED ? EXIT_INTERRUPTED
                                        : talk_failure(status, &err);
}
