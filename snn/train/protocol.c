/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run by its protocol: one training; or (loso) one without each speaker, measured on
 * that speaker, and then one on all.
 *
 * In loso every training is taken at its last epoch.  An epoch chosen on the speaker that
 * is left out would flatter the mean, and one chosen for the last training would need
 * samples that do not train.  Settings are compared by the mean over speakers; the test
 * split is read once, with the model of all speakers.
 */
#include "snn/base/replace_file.h"
#include "snn/train/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void snn_run_params_init(snn_run_params *params)
{
    *params = (snn_run_params){.size = sizeof *params};
}

/* ---- one training, with what follows it and its result --------------------------- */

static const char *protocol_name(snn_protocol protocol)
{
    static const char *const name[] = {
        [SNN_PROTOCOL_CLEAN] = "clean",
        [SNN_PROTOCOL_PAPER] = "paper",
        [SNN_PROTOCOL_LOSO] = "loso",
    };

    return name[protocol];
}

static uint32_t judge_samples(const snn_run_job *job, snn_judge judge)
{
    const snn_dataset_info *info = snn_dataset_get_info(job->dataset);

    switch (judge) {
    case SNN_JUDGE_VALID:
        return info->count[SNN_SPLIT_VALID];
    case SNN_JUDGE_HELD_OUT:
        return job->division->n_held_out;
    case SNN_JUDGE_TEST:
        return info->count[SNN_SPLIT_TEST];
    case SNN_JUDGE_NONE:
        break;
    }
    return 0;
}

/* What the test split says of the network as it is now.  Where it was the judge
 * (protocol paper) its figure, `chosen`, stands.  A fold does not read it. */
static snn_status test(snn_run *run, const snn_run_job *job, const snn_evaluation *chosen,
                       snn_evaluation *out, snn_error *err)
{
    if (job->division->judge == SNN_JUDGE_TEST) {
        *out = *chosen;
        return SNN_OK;
    }
    if (job->part.folds > 0 || judge_samples(job, SNN_JUDGE_TEST) == 0)
        return snn_run_evaluate(run, SNN_JUDGE_NONE, out, err);
    return snn_run_evaluate(run, SNN_JUDGE_TEST, out, err);
}

/* Test the model of each stage: all choices have been made. */
static snn_status test_stages(snn_run *run, const snn_run_job *job, snn_stages *stages,
                              snn_error *err)
{
    snn_status st = SNN_OK;

    for (uint32_t i = 0; i < stages->n; i++) {
        snn_run_stage *s = &stages->figures[i];
        const snn_evaluation valid = {.loss = s->valid_loss, .accuracy = s->valid_accuracy};
        snn_evaluation found;

        snn_snapshot_restore(stages->model[i]);
        TRY(st, test(run, job, &valid, &found, err));
        s->test_accuracy = found.accuracy;
        s->test_loss = found.loss;
        if (isfinite(found.accuracy))
            snn_log(job->ctx, SNN_LOG_INFO, "%s: test %.1f %%%s", s->name, 100 * found.accuracy,
                    i == stages->kept ? "  kept" : "");
    }
done:
    return st;
}

static void fill_result(const snn_run_job *job, const snn_progress *p, const snn_run_stage *figures,
                        snn_run_result *out)
{
    const snn_judge judge = job->division->judge;
    const bool judged = judge == SNN_JUDGE_VALID || judge == SNN_JUDGE_HELD_OUT;

    *out = (snn_run_result){
        .protocol = protocol_name(job->config->train.protocol),
        .seed = job->config->train.seed,
        .test_accuracy = figures->test_accuracy,
        .test_loss = figures->test_loss,
        .valid_accuracy = judged ? figures->valid_accuracy : NAN,
        .test_samples = isnan(figures->test_accuracy) ? 0 : judge_samples(job, SNN_JUDGE_TEST),
        .valid_samples = judged ? judge_samples(job, judge) : 0,
        .best_epoch = p->best_epoch,
        .epochs = p->epoch,
    };
    memcpy(out->chosen_by, job->division->chosen_by, sizeof out->chosen_by);
}

/* `valid_loss`, where not NULL, is of the samples that validate. */
static snn_status train_once(const snn_run_job *job, snn_run_result *out, double *valid_loss,
                             snn_error *err)
{
    snn_run_stage figures = {.name = "trained"};
    snn_stages stages = {0};
    snn_run *run = NULL;
    const snn_progress *p;
    snn_evaluation chosen, found;
    snn_status st;

    TRY(st, snn_run_create(job, &run, err));
    TRY(st, snn_run_epochs(run, err));
    p = snn_run_progress(run);
    if (snn_rounding_wanted(&job->config->train)) {
        TRY(st, snn_rounding(run, job, &stages, err));
        TRY(st, test_stages(run, job, &stages, err));
        figures = stages.figures[stages.kept];
    } else {
        chosen = (snn_evaluation){.loss = p->best_loss, .accuracy = p->best_accuracy};
        TRY(st, test(run, job, &chosen, &found, err));
        figures =
            (snn_run_stage){figures.name, chosen.accuracy, chosen.loss, found.accuracy, found.loss};
    }
    fill_result(job, p, &figures, out);
    out->stages = stages.n;
    out->kept = stages.kept;
    memcpy(out->stage, stages.figures, sizeof out->stage);
    snn_result_intervals(out, NULL);
    if (valid_loss != NULL)
        *valid_loss = figures.valid_loss;
done:
    snn_stages_free(&stages);
    snn_run_destroy(run);
    return st;
}

static snn_status write_result(const snn_run_job *job, const snn_run_result *result, snn_error *err)
{
    return job->folder != NULL ? snn_result_write(job->ctx, result, &job->part, job->folder, err)
                               : SNN_OK;
}

/* ---- clean, paper ------------------------------------------------------------------ */

static void tell_division(const snn_run_job *job)
{
    const snn_division *d = job->division;
    const uint32_t unused = snn_dataset_get_info(job->dataset)->count[SNN_SPLIT_VALID];

    if (job->config->train.valid_speakers.n > 0)
        snn_log(job->ctx, SNN_LOG_INFO, "validation: %s, %u of %u training samples%s", d->chosen_by,
                (unsigned)d->n_held_out, (unsigned)(d->n_held_out + d->n_train),
                unused > 0 ? "; the data's validation split is not used" : "");
}

static snn_status train_one(snn_run_job *job, snn_run_result *out, snn_error *err)
{
    snn_division division = {0};
    snn_run_result result;
    snn_status st;

    TRY(st, snn_division_make(job->ctx, job->dataset, &job->config->train, &division, err));
    job->division = &division;
    tell_division(job);
    TRY(st, train_once(job, &result, NULL, err));
    TRY(st, write_result(job, &result, err));
    *out = result;
done:
    snn_division_free(job->ctx, &division);
    return st;
}

/* ---- loso ---------------------------------------------------------------------------- */

static snn_status fold_folder(const snn_run_job *job, uint32_t speaker, char path[SNN_PATH],
                              snn_error *err)
{
    char name[32];

    snprintf(name, sizeof name, "speaker-%u", (unsigned)speaker);
    return snn_path_join(path, job->folder, name, err);
}

/* Before the first fold of a new run: its configuration, and nothing of an older one that
 * a resume would believe. */
static snn_status begin_folds(const snn_run_job *job, const snn_roster *roster, snn_error *err)
{
    char folder[SNN_PATH], path[SNN_PATH], *text = NULL;
    snn_status st;

    TRY(st, snn_make_folder(job->folder, err));
    TRY(st, snn_path_join(path, job->folder, "checkpoint.h5", err));
    unlink(path);
    for (uint32_t i = 0; i < roster->n_known; i++) {
        TRY(st, fold_folder(job, roster->known[i], folder, err));
        TRY(st, snn_path_join(path, folder, "checkpoint.h5", err));
        unlink(path);
    }
    TRY(st, snn_keep_costs(job->ctx, job->folder, err));
    TRY(st, snn_path_join(path, job->folder, "config.yaml", err));
    TRY(st, snn_config_text(job->ctx, job->config, &text));
    TRY(st, snn_replace_file(job->ctx, path, text, strlen(text), err));
    TRY(st, snn_folds_write(job->ctx, NULL, 0, job->folder, err));
done:
    snn_free(job->ctx, text);
    return st;
}

static snn_status train_fold(const snn_run_job *whole, const snn_roster *roster, uint32_t i,
                             snn_fold *out, snn_error *err)
{
    snn_run_job job = *whole;
    snn_division division = {0};
    snn_run_result result;
    char folder[SNN_PATH];
    double loss;
    snn_status st;

    job.part = (snn_run_part){i + 1, roster->n_known, roster->known[i], 0};
    job.more = roster->n_known - i;
    TRY(st, snn_division_fold(job.ctx, roster, roster->known[i], &division, err));
    job.division = &division;
    if (job.folder != NULL) {
        TRY(st, fold_folder(&job, roster->known[i], folder, err));
        job.folder = folder;
    }
    TRY(st, train_once(&job, &result, &loss, err));
    TRY(st, write_result(&job, &result, err));
    *out = (snn_fold){roster->known[i], result.valid_samples, result.valid_accuracy, loss};
    snn_log(job.ctx, SNN_LOG_INFO, "speaker %u, left out: %.1f %% of %u samples (%u of %u)",
            (unsigned)out->speaker, 100 * out->accuracy, (unsigned)out->samples, (unsigned)i + 1,
            (unsigned)roster->n_known);
done:
    snn_division_free(job.ctx, &division);
    return st;
}

/* The training on all speakers; its result tells of the folds too. */
static snn_status train_all(snn_run_job *job, const double *accuracy, uint32_t folds,
                            snn_run_result *out, snn_error *err)
{
    snn_division division = {0};
    snn_run_result result;
    snn_status st;

    TRY(st, snn_division_undivided(job->dataset, &division, err));
    job->division = &division;
    TRY(st, train_once(job, &result, NULL, err));
    result.folds = folds;
    snn_result_intervals(&result, accuracy);
    TRY(st, write_result(job, &result, err));
    *out = result;
done:
    snn_division_free(job->ctx, &division);
    return st;
}

static snn_status leave_one_out(snn_run_job *job, snn_run_result *out, snn_error *err)
{
    snn_roster roster = {0};
    snn_fold *folds = NULL;
    double *accuracy = NULL;
    snn_status st;

    TRY(st, snn_roster_read(job->ctx, job->dataset, &roster, err));
    TRY(st, snn_roster_check(&roster, "train.protocol", err));
    if (snn_dataset_get_info(job->dataset)->count[SNN_SPLIT_VALID] > 0)
        snn_log(job->ctx, SNN_LOG_INFO,
                "speakers of the training split are left out in turn; the data's validation split "
                "is not used");
    TRY_ALLOC(st, job->ctx, folds, roster.n_known);
    TRY_ALLOC(st, job->ctx, accuracy, roster.n_known);
    if (job->folder != NULL && !job->params->resume)
        TRY(st, begin_folds(job, &roster, err));
    for (uint32_t i = 0; i < roster.n_known; i++) {
        TRY(st, train_fold(job, &roster, i, &folds[i], err));
        accuracy[i] = folds[i].accuracy;
        if (job->folder != NULL)
            TRY(st, snn_folds_write(job->ctx, folds, i + 1, job->folder, err));
    }
    TRY(st, train_all(job, accuracy, roster.n_known, out, err));
done:
    snn_free(job->ctx, accuracy);
    snn_free(job->ctx, folds);
    snn_roster_free(job->ctx, &roster);
    return st;
}

snn_status snn_train(snn_context *ctx, const snn_config *config, snn_dataset *dataset,
                     const snn_run_params *params, snn_run_result *out, snn_error *err)
{
    const double start = snn_seconds();
    const snn_costs before = ctx->costs;
    snn_run_job job = {.ctx = ctx, .dataset = dataset, .config = config};
    snn_run_params defaults;
    snn_status st;

    if (params == NULL) {
        snn_run_params_init(&defaults);
        params = &defaults;
    }
    if (params->size != sizeof *params)
        return snn_error_set(err, SNN_EINVAL, "run", "call snn_run_params_init first");
    job.params = params;
    job.folder = params->folder;
    TRY(st, snn_config_check(config, err));
    if (params->resume && params->folder != NULL)
        TRY(st, snn_take_costs(ctx, params->folder, err));
    if (config->train.protocol == SNN_PROTOCOL_LOSO)
        TRY(st, leave_one_out(&job, out, err));
    else
        TRY(st, train_one(&job, out, err));
    out->seconds = snn_seconds() - start;
done:
    ctx->costs = before;
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "run", "no memory; a smaller train.batch_size needs less");
    return st;
}
