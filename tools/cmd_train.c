/* SPDX-License-Identifier: BSD-3-Clause */
/* snn train: a run from a configuration and a data set. */
#include "tools/motion_runs.h"
#include "tools/tool.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* A progress line more often than this only costs time. */
#define PROGRESS_SECONDS 0.1

/* Bytes of the longest name of a part. */
#define PART 80

struct display {
    bool json;
    double last; /* when the progress line was drawn */
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Which of a run's trainings: "speaker 3 (2/10)  ", "fine-tuning  ", or nothing. */
static const char *part_name(const snn_run_part *p, char text[PART])
{
    const char *stage = p->fine_tuning ? "fine-tuning  " : "";

    if (p->folds > 0)
        snprintf(text, PART, "speaker %u (%u/%u)  %s", (unsigned)p->speaker, (unsigned)p->fold,
                 (unsigned)p->folds, stage);
    else
        snprintf(text, PART, "%s", stage);
    return text;
}

static void show_batch(void *user, const snn_batch_report *r)
{
    struct display *display = user;
    double left = isfinite(r->seconds_left) ? r->seconds_left : 0, t = now();
    char part[PART];

    if (!talk_has_progress() || (t - display->last < PROGRESS_SECONDS && r->batch != r->batches))
        return;
    display->last = t;
    talk_progress("%sepoch %u/%u  batch %u/%u  loss %.4f  accuracy %.1f %%  %.0f samples/s  "
                  "%d:%02d:%02d left",
                  part_name(&r->part, part), (unsigned)r->epoch, (unsigned)r->epochs,
                  (unsigned)r->batch, (unsigned)r->batches, r->loss, 100 * r->accuracy,
                  r->samples_per_second, (int)(left / 3600), (int)(left / 60) % 60, (int)left % 60);
}

static void show_epoch(void *user, const snn_epoch_report *r)
{
    const struct display *display = user;
    /* Where nothing validates, or a left-out speaker measures, the last epoch counts. */
    const bool chosen = r->best && isfinite(r->valid_accuracy) && r->part.folds == 0;
    char train[16], valid[16], part[PART];
    json j;

    talk(SNN_LOG_INFO, "%sepoch %u/%u  loss %.4f  train %s  valid %s  %.1f s%s",
         part_name(&r->part, part), (unsigned)r->epoch, (unsigned)r->epochs, r->loss,
         percent_text(r->train_accuracy, train), percent_text(r->valid_accuracy, valid), r->seconds,
         chosen ? "  best" : "");
    if (!display->json)
        return;
    json_begin(&j, "epoch");
    if (r->part.folds > 0) {
        json_count(&j, "fold", r->part.fold);
        json_count(&j, "speaker", r->part.speaker);
    }
    if (r->part.fine_tuning)
        json_bare(&j, "fine_tuning", "true");
    json_count(&j, "epoch", r->epoch);
    json_number(&j, "loss", r->loss);
    json_number(&j, "train_accuracy", r->train_accuracy);
    json_number(&j, "valid_accuracy", r->valid_accuracy);
    json_number(&j, "seconds", r->seconds);
    json_end(&j);
}

static int stop_asked(void *user)
{
    (void)user;
    return was_interrupted();
}

/* ", 95 % interval 85.1 to 90.9 %", or nothing. */
static const char *interval_text(const snn_interval *i, char text[64])
{
    text[0] = '\0';
    if (isfinite(i->low) && isfinite(i->high))
        snprintf(text, 64, ", %g %% interval %.1f to %.1f %%", 100 * SNN_RESULT_LEVEL, 100 * i->low,
                 100 * i->high);
    return text;
}

static void print_result(const snn_run_result *r, const char *folder)
{
    char test[16], valid[16], interval[64];

    if (r->folds > 0)
        printf("left-out speakers %s (%u of them%s, protocol %s, seed %llu): %s/folds.csv\n",
               percent_text(r->fold.mean, test), (unsigned)r->folds,
               interval_text(&r->fold, interval), r->protocol, (unsigned long long)r->seed, folder);
    for (uint32_t i = 0; i < r->stages; i++)
        printf("%s: validation %s, test %s%s\n", r->stage[i].name,
               percent_text(r->stage[i].valid_accuracy, valid),
               percent_text(r->stage[i].test_accuracy, test), i == r->kept ? ", kept" : "");
    printf("test accuracy %s (validation %s, best epoch %u of %u, by %s, protocol %s, seed "
           "%llu%s, %.1f s): %s\n",
           percent_text(r->test_accuracy, test), percent_text(r->valid_accuracy, valid),
           (unsigned)r->best_epoch, (unsigned)r->epochs, r->chosen_by, r->protocol,
           (unsigned long long)r->seed, interval_text(&r->test, interval), r->seconds, folder);
}

static void json_interval(json *j, const char *key, const snn_interval *i)
{
    json_open(j, key, '[');
    json_number(j, NULL, i->low);
    json_number(j, NULL, i->high);
    json_close(j, ']');
}

static void json_stages(json *j, const snn_run_result *r)
{
    json_open(j, "stages", '[');
    for (uint32_t i = 0; i < r->stages; i++) {
        json_open(j, NULL, '{');
        json_text(j, "stage", r->stage[i].name);
        json_number(j, "valid_accuracy", r->stage[i].valid_accuracy);
        json_number(j, "test_accuracy", r->stage[i].test_accuracy);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_text(j, "kept", r->stage[r->kept].name);
}

static void show_result(const snn_run_result *r, const char *folder, bool as_json)
{
    json j;

    if (!as_json) {
        print_result(r, folder);
        return;
    }
    json_begin(&j, "result");
    json_text(&j, "protocol", r->protocol);
    json_count(&j, "seed", r->seed);
    json_text(&j, "chosen_by", r->chosen_by);
    json_number(&j, "test_accuracy", r->test_accuracy);
    json_interval(&j, "test_interval", &r->test);
    json_count(&j, "test_samples", r->test_samples);
    json_number(&j, "valid_accuracy", r->valid_accuracy);
    if (r->folds > 0) {
        json_number(&j, "fold_accuracy", r->fold.mean);
        json_interval(&j, "fold_interval", &r->fold);
        json_count(&j, "folds", r->folds);
    }
    if (r->stages > 0)
        json_stages(&j, r);
    json_count(&j, "best_epoch", r->best_epoch);
    json_count(&j, "epochs", r->epochs);
    json_number(&j, "seconds", r->seconds);
    json_text(&j, "run", folder);
    json_end(&j);
}

static int show_keys(void)
{
    const snn_config_key *key;
    const char *section = "";

    for (size_t i = 0; (key = snn_config_key_at(i)) != NULL; i++) {
        if (strcmp(section, key->section) != 0)
            printf("%s%s:\n", i > 0 ? "\n" : "", key->section);
        section = key->section;
        printf("  %s: %s\n      %s\n      %s%s%s%s%s\n", key->key,
               key->initial[0] != '\0' ? key->initial : "''", key->help, key->type,
               key->range[0] != '\0' ? " in " : "", key->range, key->unit[0] != '\0' ? ", " : "",
               key->unit);
    }
    return EXIT_OK;
}

/* runs/NAME for CONFIG = some/where/NAME.yaml, runs/NAME-OTHER for two of them. */
static snn_status default_folder(const options *o, char folder[TOOL_PATH], snn_error *err)
{
    char name[TOOL_PATH / 2] = "";

    for (int i = 0; i < o->n_operands; i++)
        add_config_name(name, sizeof name, o->operands[i]);
    if (strlen(name) + 1 == sizeof name)
        return snn_error_set(err, SNN_EINVAL, o->operands[0], "the path is too long");
    snprintf(folder, TOOL_PATH, "runs/%s", name);
    return SNN_OK;
}

/* The run's folder; refuses one that holds another run, before any data is read. */
static snn_status choose_folder(const options *o, char folder[TOOL_PATH], snn_error *err)
{
    snn_status status = SNN_OK;

    if (o->out != NULL && strlen(o->out) >= TOOL_PATH)
        return snn_error_set(err, SNN_EINVAL, "--out", "the path is too long");
    if (o->out != NULL)
        snprintf(folder, TOOL_PATH, "%s", o->out);
    else
        TRY(status, default_folder(o, folder, err));
    if (!o->resume && (file_exists(folder, "checkpoint.h5") || file_exists(folder, "model.h5") ||
                       file_exists(folder, "config.yaml") || file_exists(folder, "folds.csv")))
        return snn_error_set(err, SNN_EINVAL, folder,
                             "holds a run already: go on with it by --resume, or give another "
                             "folder by --out DIR");
    if (o->resume && !file_exists(folder, "checkpoint.h5") && !file_exists(folder, "folds.csv"))
        talk(SNN_LOG_INFO, "%s has no checkpoint: starting from the beginning", folder);
done:
    return status;
}

/* --data, or with --resume what the run used. */
static snn_status choose_data(const options *o, const char *folder, char data[TOOL_PATH],
                              snn_error *err)
{
    if (o->data == NULL)
        return run_recall_data(folder, data, err);
    if (strlen(o->data) >= TOOL_PATH)
        return snn_error_set(err, SNN_EINVAL, "--data", "the path is too long");
    snprintf(data, TOOL_PATH, "%s", o->data);
    return SNN_OK;
}

static void introduce(snn_dataset *dataset, const char *data, const char *folder, snn_context *ctx)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);

    talk(SNN_LOG_INFO, "%s: %s, %u inputs, %u classes, %u training, %u validation, %u test samples",
         data, info->kind, (unsigned)info->n_inputs, (unsigned)info->n_classes,
         (unsigned)info->count[SNN_SPLIT_TRAIN], (unsigned)info->count[SNN_SPLIT_VALID],
         (unsigned)info->count[SNN_SPLIT_TEST]);
    talk(SNN_LOG_INFO, "run %s: %d threads, %s kernels", folder, snn_context_threads(ctx),
         snn_context_cpu(ctx));
}

static bool has_config(const options *o)
{
    if (o->n_operands == 0)
        fprintf(stderr, "snn: give a configuration: snn train CONFIG --data PATH\n");
    return o->n_operands > 0;
}

static bool has_data(const options *o)
{
    if (o->data == NULL && !o->resume)
        fprintf(stderr, "snn: give a data set: --data PATH, a folder with *_train.h5[.gz] (spikes) "
                        "or word/file.wav|flac (audio); 'snn make digits OUT' makes one\n");
    else
        return true;
    return false;
}

int run_train(const options *o)
{
    char folder[TOOL_PATH] = "", data[TOOL_PATH];
    struct display display = {.json = o->json};
    bool sees_motion;
    snn_run_params params;
    snn_run_result result;
    snn_context *ctx = NULL;
    snn_dataset *dataset = NULL;
    snn_config config;
    snn_error err = {0};
    snn_status status = SNN_OK;

    if (o->help_config)
        return show_keys();
    if (!has_config(o))
        return EXIT_USAGE;
    TRY(status, tool_config_operands(o, &config, &err));
    sees_motion = config.model == SNN_MODEL_MOTION;
    if (!sees_motion && !has_data(o))
        return EXIT_USAGE;
    TRY(status, tool_context(o, &ctx, &err));
    TRY(status, choose_folder(o, folder, &err));
    if (!sees_motion) {
        TRY(status, choose_data(o, folder, data, &err));
        TRY(status, snn_dataset_open(ctx, data, &config.data, &dataset, &err));
        TRY(status, make_folders(folder, &err));
        TRY(status, run_remember_data(folder, data, &err));
        introduce(dataset, data, folder, ctx);
    }
    snn_run_params_init(&params);
    params.folder = folder;
    params.resume = o->resume;
    params.on_batch = show_batch;
    params.on_epoch = show_epoch;
    params.stop = stop_asked;
    params.user = &display;
    watch_signals();
    if (sees_motion)
        TRY(status, train_motion(ctx, o, &config, &params, &result, &err));
    else
        TRY(status, snn_train(ctx, &config, dataset, &params, &result, &err));
    talk_clear();
    show_result(&result, folder, o->json);
done:
    snn_dataset_destroy(dataset);
    snn_context_destroy(ctx);
    if (status == SNN_EINTERRUPTED)
        talk(SNN_LOG_ERROR,
             "snn: stopped; a checkpoint is in %s: the same command with --resume goes on", folder);
    return status == SNN_OK             ? EXIT_OK
           : status == SNN_EINTERRUPTED ? EXIT_INTERRUPTED
                                        : talk_failure(status, &err);
}
