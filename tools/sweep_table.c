/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/sweep.h"

#include <snn/file.h>

#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 0.95

/* ---- results of the whole folder ------------------------------------------------- */

/* A list of folders that grows. */
struct folders {
    snn_context *ctx;
    char (*path)[TOOL_PATH];
    size_t n, room;
};

static snn_status add_folder(struct folders *list, const char *path, snn_error *err)
{
    char(*more)[TOOL_PATH];

    if (list->n == list->room) {
        const size_t room = 2 * list->room + 16;
        more = snn_alloc(list->ctx, room, sizeof *more);
        if (more == NULL)
            return snn_error_set(err, SNN_ENOMEM, NULL, "out of memory");
        if (list->n > 0)
            memcpy(more, list->path, list->n * sizeof *more);
        snn_free(list->ctx, list->path);
        list->path = more;
        list->room = room;
    }
    snprintf(list->path[list->n++], TOOL_PATH, "%s", path);
    return SNN_OK;
}

/* Add the folders below `folder` whose names begin with `prefix`. */
static snn_status list_below(const char *folder, const char *prefix, struct folders *list,
                             snn_error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[TOOL_PATH];
    snn_status status = SNN_OK;

    if (dir == NULL)
        return SNN_OK; /* nothing was run yet, or it is no folder */
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        TRY(status, join_path(path, folder, entry->d_name, err));
        if (is_folder(path))
            TRY(status, add_folder(list, path, err));
    }
done:
    closedir(dir);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool is_planned(const sweep_plan *plan, const char *folder)
{
    for (size_t i = 0; i < plan->n; i++)
        if (strcmp(plan->runs[i].folder, folder) == 0)
            return true;
    return false;
}

/* Folders of runs that are not of this plan, by name. */
static snn_status find_others(snn_context *ctx, const sweep_plan *plan, struct folders *out,
                              snn_error *err)
{
    struct folders arms = {.ctx = ctx}, runs = {.ctx = ctx};
    snn_status status = SNN_OK;

    TRY(status, list_below(plan->folder, "", &arms, err));
    for (size_t i = 0; i < arms.n; i++)
        TRY(status, list_below(arms.path[i], "seed-", &runs, err));
    if (runs.n > 0)
        qsort(runs.path, runs.n, sizeof runs.path[0], by_name);
    for (size_t i = 0; i < runs.n; i++)
        if (!is_planned(plan, runs.path[i]))
            TRY(status, add_folder(out, runs.path[i], err));
done:
    snn_free(ctx, arms.path);
    snn_free(ctx, runs.path);
    return status;
}

/* ---- summaries ------------------------------------------------------------------------- */

/* Gather the finished runs of one arm; its accuracies go to `accuracy`. */
static void summarise(const sweep_table *t, const sweep_arm *arm, double *accuracy,
                      sweep_summary *out)
{
    double test = 0;

    *out = (sweep_summary){.arm = *arm, .accuracy = accuracy};
    /* First the intervals of validation, then what counts, in the same room. */
    for (int pass = 0; pass < 2; pass++) {
        out->n = 0;
        for (size_t i = 0; i < t->n; i++) {
            const sweep_result *r = &t->results[i];
            if (!r->done || !sweep_same_arm(&r->arm, arm))
                continue;
            accuracy[out->n++] = pass == 0 ? r->valid_accuracy : r->test_accuracy;
            out->seconds += pass == 0 ? r->seconds : 0;
            out->parameters = r->parameters;
            out->classes = r->classes;
            memcpy(out->protocol, r->protocol, sizeof out->protocol);
            test = r->test_accuracy;
        }
        *(pass == 0 ? &out->valid : &out->test) = snn_mean_interval(accuracy, out->n, LEVEL);
    }
    out->seconds /= (double)out->n;
    out->of_test = isfinite(test);
    if (out->of_test)
        return;
    out->n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->results[i].done && sweep_same_arm(&t->results[i].arm, arm))
            accuracy[out->n++] = t->results[i].valid_accuracy;
}

snn_status sweep_table_make(snn_context *ctx, const sweep_plan *plan, sweep_table *out,
                            snn_error *err)
{
    struct folders others = {.ctx = ctx};
    sweep_table t = {0};
    size_t used = 0;
    snn_status status = SNN_OK;

    TRY(status, find_others(ctx, plan, &others, err));
    t.results = snn_alloc(ctx, plan->n + others.n, sizeof *t.results);
    t.arms = snn_alloc(ctx, plan->n + others.n, sizeof *t.arms);
    t.accuracies = snn_alloc(ctx, plan->n + others.n, sizeof *t.accuracies);
    if (t.results == NULL || t.arms == NULL || t.accuracies == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    for (size_t i = 0; i < plan->n + others.n; i++) {
        const char *folder = i < plan->n ? plan->runs[i].folder : others.path[i - plan->n];
        status = sweep_result_read(ctx, folder, &t.results[t.n], err);
        t.n += status == SNN_OK;
        TRY(status, status == SNN_ENOTFOUND ? SNN_OK : status);
    }
    for (size_t i = 0; i < t.n; i++) {
        size_t a = 0;
        while (a < t.n_arms && !sweep_same_arm(&t.arms[a].arm, &t.results[i].arm))
            a++;
        if (a < t.n_arms || !t.results[i].done)
            continue;
        summarise(&t, &t.results[i].arm, t.accuracies + used, &t.arms[t.n_arms]);
        used += t.arms[t.n_arms++].n;
    }
    *out = t;
    t = (sweep_table){0};
done:
    sweep_table_free(ctx, &t);
    snn_free(ctx, others.path);
    return status;
}

void sweep_table_free(snn_context *ctx, sweep_table *t)
{
    snn_free(ctx, t->results);
    snn_free(ctx, t->arms);
    snn_free(ctx, t->accuracies);
    *t = (sweep_table){0};
}

/* ---- CSV -------------------------------------------------------------------------------- */

/* A text that grows; the first failure stays. */
struct text {
    snn_context *ctx;
    char *at;
    size_t n, room;
    snn_status status;
};

static void add_bytes(struct text *t, const char *bytes, size_t n)
{
    char *more;

    if (t->status != SNN_OK)
        return;
    if (t->n + n + 1 > t->room) {
        const size_t room = 2 * (t->n + n) + 1024;
        more = snn_alloc(t->ctx, room, 1);
        if (more == NULL) {
            t->status = SNN_ENOMEM;
            return;
        }
        if (t->n > 0)
            memcpy(more, t->at, t->n);
        snn_free(t->ctx, t->at);
        t->at = more;
        t->room = room;
    }
    memcpy(t->at + t->n, bytes, n);
    t->n += n;
}

static void SNN_PRINTF(2, 3) add_text(struct text *t, const char *format, ...)
{
    char piece[512];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    add_bytes(t, piece, n < (int)sizeof piece ? (size_t)n : sizeof piece - 1);
}

/* One cell: quoted where it holds what would end it. */
static void add_cell(struct text *t, const char *value)
{
    const bool quoted = strpbrk(value, ",\"\n") != NULL;

    add_bytes(t, "\"", quoted);
    for (const char *c = value; *c != '\0'; c++) {
        add_bytes(t, "\"", *c == '"');
        add_bytes(t, c, 1);
    }
    add_bytes(t, "\"", quoted);
}

/* A number; an empty cell where there is none. */
static void add_number(struct text *t, double value)
{
    if (isfinite(value))
        add_text(t, "%.9g", value);
}

/* All keys of any grid in the folder, in the order in which they appear. */
static void find_keys(const sweep_table *table, sweep_arm *keys)
{
    keys->n_keys = 0;
    for (size_t i = 0; i < table->n; i++)
        for (size_t k = 0; k < table->results[i].arm.n_keys; k++) {
            const char *key = table->results[i].arm.key[k];
            size_t j = 0;
            while (j < keys->n_keys && strcmp(keys->key[j], key) != 0)
                j++;
            if (j == keys->n_keys && j < SWEEP_MOST_KEYS)
                snprintf(keys->key[keys->n_keys++], SWEEP_NAME, "%s", key);
        }
}

static void add_head(struct text *t, const sweep_arm *keys, const char *rest)
{
    add_text(t, "arm");
    for (size_t k = 0; k < keys->n_keys; k++)
        add_text(t, ",%s", keys->key[k]);
    add_text(t, ",%s\n", rest);
}

/* Name and values of an arm; a key that its grid had not is empty: as configured. */
static void add_arm(struct text *t, const sweep_arm *keys, const sweep_arm *arm)
{
    add_cell(t, arm->name);
    for (size_t k = 0; k < keys->n_keys; k++) {
        add_text(t, ",");
        for (size_t j = 0; j < arm->n_keys; j++)
            if (strcmp(arm->key[j], keys->key[k]) == 0)
                add_cell(t, arm->value[j]);
    }
}

static void add_result(struct text *t, const sweep_arm *keys, const sweep_result *r)
{
    add_arm(t, keys, &r->arm);
    add_text(t, ",%llu,", (unsigned long long)r->seed);
    if (!r->done) {
        add_text(t, "failed,,,,,,,,,");
        add_cell(t, r->why);
        add_text(t, ",");
        add_cell(t, r->command);
        add_text(t, "\n");
        return;
    }
    add_text(t, "done,%s,%llu,%llu,", r->protocol, (unsigned long long)r->epochs,
             (unsigned long long)r->best_epoch);
    add_number(t, r->valid_accuracy);
    add_text(t, ",");
    add_number(t, r->test_accuracy);
    add_text(t, ",");
    add_number(t, r->loss);
    add_text(t, ",%.3f,%llu,,", r->seconds, (unsigned long long)r->parameters);
    add_cell(t, r->command);
    add_text(t, "\n");
}

static void add_interval(struct text *t, const snn_interval *i)
{
    add_text(t, ",");
    add_number(t, i->mean);
    add_text(t, ",");
    add_number(t, i->low);
    add_text(t, ",");
    add_number(t, i->high);
}

static snn_status write_text(struct text *t, const char *folder, const char *name, snn_error *err)
{
    char path[TOOL_PATH];
    snn_status status = SNN_OK;

    if (t->status != SNN_OK)
        TRY(status, snn_error_set(err, t->status, name, "out of memory"));
    TRY(status, join_path(path, folder, name, err));
    TRY(status, snn_replace_file(t->ctx, path, t->at, t->n, err));
done:
    return status;
}

snn_status sweep_table_write(snn_context *ctx, const sweep_table *table, const char *folder,
                             snn_error *err)
{
    struct text results = {.ctx = ctx}, summary = {.ctx = ctx};
    sweep_arm keys;
    snn_status status = SNN_OK;

    find_keys(table, &keys);
    add_head(&results, &keys,
             "seed,status,protocol,epochs,best_epoch,valid_accuracy,test_accuracy,loss,seconds,"
             "parameters,why,command");
    for (size_t i = 0; i < table->n; i++)
        add_result(&results, &keys, &table->results[i]);
    add_head(&summary, &keys,
             "runs,protocol,test_mean,test_low,test_high,valid_mean,valid_low,valid_high,seconds,"
             "parameters");
    for (size_t i = 0; i < table->n_arms; i++) {
        const sweep_summary *s = &table->arms[i];
        add_arm(&summary, &keys, &s->arm);
        add_text(&summary, ",%zu,%s", s->n, s->protocol);
        add_interval(&summary, &s->test);
        add_interval(&summary, &s->valid);
        add_text(&summary, ",%.3f,%llu\n", s->seconds, (unsigned long long)s->parameters);
    }
    TRY(status, write_text(&results, folder, "results.csv", err));
    TRY(status, write_text(&summary, folder, "summary.csv", err));
done:
    snn_free(ctx, results.at);
    snn_free(ctx, summary.at);
    return status;
}
