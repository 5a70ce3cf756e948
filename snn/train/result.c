/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a run found, for people and programs: result.json (one object), stages.csv and
 * folds.csv.  They hold no times: a run that was killed and resumed leaves the same bytes.
 */
#include "snn/base/replace_file.h"
#include "snn/train/run.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that grows; `st` keeps the first failure. */
typedef struct page {
    snn_context *ctx;
    char *text;
    size_t length, room;
    snn_status st;
} page;

#define PIECE 512u /* bytes that one call may add */

static void put(page *p, const char *format, ...) SNN_PRINTF(2, 3);
static void put(page *p, const char *format, ...)
{
    va_list arguments;
    int length;

    if (p->st == SNN_OK && p->room - p->length < PIECE) {
        char *more = snn_alloc(p->ctx, 2 * p->room + PIECE, 1);

        if (more != NULL && p->length > 0)
            memcpy(more, p->text, p->length);
        if (more != NULL) {
            snn_free(p->ctx, p->text);
            p->text = more;
            p->room = 2 * p->room + PIECE;
        } else {
            p->st = SNN_ENOMEM;
        }
    }
    if (p->st != SNN_OK)
        return;
    va_start(arguments, format);
    length = vsnprintf(p->text + p->length, PIECE, format, arguments);
    va_end(arguments);
    SNN_ASSERT(length >= 0 && (size_t)length < PIECE);
    p->length += (size_t)length;
}

/* Write the page to folder/name and free it. */
static snn_status finish(page *p, const char *folder, const char *name, snn_error *err)
{
    char path[SNN_PATH];
    snn_status st = p->st;

    if (st == SNN_OK)
        st = snn_path_join(path, folder, name, err);
    if (st == SNN_OK)
        st = snn_replace_file(p->ctx, path, p->text, p->length, err);
    snn_free(p->ctx, p->text);
    return st;
}

/* ---- numbers -------------------------------------------------------------------- */

/* The interval of an accuracy over n samples: it is a number of them over n. */
static snn_interval of_samples(double accuracy, uint32_t n)
{
    if (n == 0 || !isfinite(accuracy))
        return (snn_interval){accuracy, NAN, NAN};
    return snn_proportion_interval((uint64_t)llround(accuracy * n), n, SNN_RESULT_LEVEL);
}

void snn_result_intervals(snn_run_result *result, const double *fold_accuracy)
{
    result->test = of_samples(result->test_accuracy, result->test_samples);
    result->fold = snn_mean_interval(fold_accuracy, result->folds, SNN_RESULT_LEVEL);
}

/* ---- result.json ----------------------------------------------------------------- */

static void put_number(page *p, const char *key, double value)
{
    if (isfinite(value))
        put(p, ",\n  \"%s\": %.9g", key, value);
    else
        put(p, ",\n  \"%s\": null", key);
}

static void put_count(page *p, const char *key, uint64_t value)
{
    put(p, ",\n  \"%s\": %llu", key, (unsigned long long)value);
}

static void put_stages(page *p, const snn_run_result *r)
{
    put(p, ",\n  \"stages\": [");
    for (uint32_t i = 0; i < r->stages; i++)
        put(p, "%s\"%s\"", i > 0 ? ", " : "", r->stage[i].name);
    put(p, "],\n  \"kept\": \"%s\"", r->stage[r->kept].name);
}

static snn_status write_result(snn_context *ctx, const snn_run_result *r, const snn_run_part *part,
                               const char *folder, snn_error *err)
{
    page p = {.ctx = ctx};

    put(&p, "{\n  \"protocol\": \"%s\"", r->protocol);
    put_count(&p, "seed", r->seed);
    put(&p, ",\n  \"chosen_by\": \"%s\"", r->chosen_by);
    if (part->folds > 0)
        put_count(&p, "left_out_speaker", part->speaker);
    put_count(&p, "best_epoch", r->best_epoch);
    put_count(&p, "epochs", r->epochs);
    put_number(&p, "valid_accuracy", r->valid_accuracy);
    put_count(&p, "valid_samples", r->valid_samples);
    put_number(&p, "test_accuracy", r->test_accuracy);
    put_number(&p, "test_low", r->test.low);
    put_number(&p, "test_high", r->test.high);
    put_number(&p, "test_loss", r->test_loss);
    put_count(&p, "test_samples", r->test_samples);
    if (r->folds > 0) {
        put_number(&p, "fold_accuracy", r->fold.mean);
        put_number(&p, "fold_low", r->fold.low);
        put_number(&p, "fold_high", r->fold.high);
        put_count(&p, "folds", r->folds);
    }
    put_number(&p, "level", SNN_RESULT_LEVEL);
    if (r->stages > 0)
        put_stages(&p, r);
    put(&p, "\n}\n");
    return finish(&p, folder, "result.json", err);
}

/* ---- tables ------------------------------------------------------------------------ */

static snn_status write_stages(snn_context *ctx, const snn_run_result *r, const char *folder,
                               snn_error *err)
{
    page p = {.ctx = ctx};

    put(&p, "stage,valid_accuracy,valid_loss,test_accuracy,test_loss,kept\n");
    for (uint32_t i = 0; i < r->stages; i++) {
        const snn_run_stage *s = &r->stage[i];

        put(&p, "\"%s\",%.6f,%.9g,%.6f,%.9g,%d\n", s->name, s->valid_accuracy, s->valid_loss,
            s->test_accuracy, s->test_loss, i == r->kept);
    }
    return finish(&p, folder, "stages.csv", err);
}

snn_status snn_result_write(snn_context *ctx, const snn_run_result *result,
                            const snn_run_part *part, const char *folder, snn_error *err)
{
    snn_status st = SNN_OK;

    if (result->stages > 0)
        TRY(st, write_stages(ctx, result, folder, err));
    TRY(st, write_result(ctx, result, part, folder, err));
done:
    return st;
}

snn_status snn_folds_write(snn_context *ctx, const snn_fold *folds, uint32_t n, const char *folder,
                           snn_error *err)
{
    page p = {.ctx = ctx};

    put(&p, "speaker,samples,accuracy,low,high,loss\n");
    for (uint32_t i = 0; i < n; i++) {
        const snn_fold *f = &folds[i];
        const snn_interval interval = of_samples(f->accuracy, f->samples);

        put(&p, "%u,%u,%.6f,%.6f,%.6f,%.9g\n", (unsigned)f->speaker, (unsigned)f->samples,
            f->accuracy, interval.low, interval.high, f->loss);
    }
    return finish(&p, folder, "folds.csv", err);
}
