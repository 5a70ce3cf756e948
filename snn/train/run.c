/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole run.  At the end of an epoch, in this order, each write atomic:
 *
 *   metrics.csv     a row; one too many is cut off on resume
 *   model.h5        if the epoch is the best; rewritten on resume
 *   checkpoint.h5   from here on the epoch is done
 *
 * A kill at any point loses only the work since the last checkpoint, which the
 * resumed run repeats with the same bits.
 */
#include "snn/base/replace_file.h"
#include "snn/train/run.h"
#include "snn/train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct run {
    snn_context *ctx;
    snn_dataset *dataset;
    const snn_train_params *train;
    const snn_run_params *params;
    snn_division division;
    snn_checkpoint state; /* network, trainer, best model, progress */
    snn_loader *loader;   /* of the pass that is on */
    bool writes;
    char config_yaml[SNN_PATH], metrics_csv[SNN_PATH], model_h5[SNN_PATH], checkpoint_h5[SNN_PATH];
    double start;            /* of this process */
    double epoch_start;      /* of this epoch in this process */
    double evaluate_seconds; /* of the last evaluation */
    uint64_t samples_here;   /* trained on in this epoch by this process */
} run;

void snn_run_params_init(snn_run_params *params)
{
    *params = (snn_run_params){.size = sizeof *params};
}

/* ---- files --------------------------------------------------------------- */

static snn_status open_folder(run *r, snn_error *err)
{
    const char *folder = r->params->folder;
    snn_status st = SNN_OK;

    r->writes = folder != NULL;
    if (!r->writes)
        return SNN_OK;
    TRY(st, snn_make_folder(folder, err));
    TRY(st, snn_path_join(r->config_yaml, folder, "config.yaml", err));
    TRY(st, snn_path_join(r->metrics_csv, folder, "metrics.csv", err));
    TRY(st, snn_path_join(r->model_h5, folder, "model.h5", err));
    TRY(st, snn_path_join(r->checkpoint_h5, folder, "checkpoint.h5", err));
done:
    return st;
}

/* Files of another run must not stay beside those of this one: first goes what
 * a resume would believe. */
static snn_status clear_folder(run *r, snn_error *err)
{
    snn_status st;
    char *text = NULL;

    if (unlink(r->checkpoint_h5) == 0)
        snn_log(r->ctx, SNN_LOG_WARNING, "%s: the run that was here is replaced",
                r->params->folder);
    unlink(r->model_h5);
    TRY(st, snn_config_text(r->ctx, r->state.config, &text));
    TRY(st, snn_replace_file(r->ctx, r->config_yaml, text, strlen(text), err));
    TRY(st, snn_metrics_begin(r->ctx, r->metrics_csv, 0, err));
done:
    snn_free(r->ctx, text);
    return st;
}

/* Take up the checkpoint; model.h5 may be of a later epoch, so write it again. */
static snn_status resume(run *r, snn_error *err)
{
    snn_network *net = r->state.net;
    snn_snapshot *now = NULL;
    snn_status st;

    TRY(st, snn_checkpoint_load(&r->state, r->checkpoint_h5, err));
    if (r->state.progress.best_epoch > 0) {
        TRY(st, snn_snapshot_create(net, &now));
        snn_snapshot_take(now);
        snn_snapshot_restore(r->state.best);
        TRY(st, snn_model_save(net, r->state.config, r->model_h5, err));
        snn_snapshot_restore(now);
    }
    TRY(st, snn_metrics_begin(r->ctx, r->metrics_csv, r->state.progress.epoch, err));
    snn_log(r->ctx, SNN_LOG_INFO, "resumed after epoch %u and %u batches",
            (unsigned)r->state.progress.epoch, (unsigned)r->state.progress.batch);
done:
    snn_snapshot_destroy(now);
    return st;
}

static snn_status prepare_folder(run *r, snn_error *err)
{
    if (!r->writes)
        return SNN_OK;
    if (r->params->resume && access(r->checkpoint_h5, F_OK) == 0)
        return resume(r, err);
    return clear_folder(r, err);
}

/* ---- evaluation ----------------------------------------------------------- */

static snn_status evaluate(run *r, snn_judge judge, snn_evaluation *out, snn_error *err)
{
    const bool held_out = judge == SNN_JUDGE_HELD_OUT;
    const snn_split split = judge == SNN_JUDGE_VALID ? SNN_SPLIT_VALID
                            : held_out               ? SNN_SPLIT_TRAIN
                                                     : SNN_SPLIT_TEST;
    const double start = snn_seconds();
    snn_loader *loader = NULL;
    snn_status st;

    TRY(st, snn_loader_create(r->ctx, r->dataset, split, held_out ? r->division.held_out : NULL,
                              r->division.n_held_out, r->train->batch_size, &loader, err));
    TRY(st, snn_evaluate_on(snn_trainer_tape(r->state.trainer), loader, r->params->stop,
                            r->params->user, out, err));
    r->evaluate_seconds = snn_seconds() - start;
done:
    snn_loader_destroy(loader);
    return st;
}

/* ---- an epoch -------------------------------------------------------------- */

static void report_batch(const run *r, uint32_t batches)
{
    const snn_progress *p = &r->state.progress;
    const double seconds = snn_seconds() - r->epoch_start;
    const double rate = seconds > 0 ? (double)r->samples_here / seconds : 0;
    const double epochs_left = (double)(r->train->epochs - p->epoch) - 1;
    const double samples_left =
        (double)r->division.n_train * (epochs_left + 1) - (double)p->samples;
    snn_batch_report report;

    if (r->params->on_batch == NULL)
        return;
    report = (snn_batch_report){
        .epoch = p->epoch + 1,
        .epochs = r->train->epochs,
        .batch = p->batch,
        .batches = batches,
        .loss = p->loss_sum / (double)p->samples,
        .accuracy = (double)p->correct / (double)p->samples,
        .samples_per_second = rate,
        .seconds_left =
            rate > 0 ? samples_left / rate + (epochs_left + 1) * r->evaluate_seconds : 0,
    };
    r->params->on_batch(r->params->user, &report);
}

/* End inside an epoch: a checkpoint, and the status that says so. */
static snn_status interrupt(run *r, snn_error *err)
{
    snn_progress *p = &r->state.progress;

    if (r->writes) {
        snn_status st;

        p->seconds += snn_seconds() - r->epoch_start;
        st = snn_checkpoint_save(&r->state, r->checkpoint_h5, err);
        if (st != SNN_OK)
            return st;
    }
    return snn_error_set(err, SNN_EINTERRUPTED, r->params->folder,
                         "stopped in epoch %u after %u batches%s", (unsigned)p->epoch + 1,
                         (unsigned)p->batch, r->writes ? "; resume goes on from here" : "");
}

static snn_status train_batches(run *r, snn_error *err)
{
    const uint32_t batches = snn_loader_batches(r->loader);
    snn_progress *p = &r->state.progress;
    const snn_batch *batch;
    snn_step_result step;
    snn_status st;

    TRY(st, snn_loader_start(r->loader, 1, r->train->seed, p->epoch, p->batch, err));
    for (;;) {
        TRY(st, snn_loader_next(r->loader, &batch, err));
        if (batch == NULL)
            break;
        TRY(st, snn_trainer_step(r->state.trainer, batch, &step, err));
        p->loss_sum += step.loss * batch->batch;
        p->correct += step.correct;
        p->samples += batch->batch;
        p->batch++;
        r->samples_here += batch->batch;
        report_batch(r, batches);
        if (r->params->stop != NULL && r->params->stop(r->params->user))
            TRY(st, interrupt(r, err));
    }
done:
    return st;
}

/* Higher accuracy, or the same with less loss; without a judge each epoch. */
static bool is_best(const run *r, const snn_epoch_report *report)
{
    const snn_progress *p = &r->state.progress;

    if (r->division.judge == SNN_JUDGE_NONE || p->best_epoch == 0)
        return true;
    if (report->valid_accuracy != p->best_accuracy)
        return report->valid_accuracy > p->best_accuracy;
    return report->valid_loss < p->best_loss;
}

/* Write what the epoch gave.  Sigma shrinks after the model is written: its
 * running statistics were made with the sigma it trained with. */
static snn_status finish_epoch(run *r, snn_epoch_report *report, snn_error *err)
{
    snn_progress *p = &r->state.progress;
    snn_status st = SNN_OK;

    report->best = is_best(r, report);
    report->seconds = p->seconds + snn_seconds() - r->epoch_start;
    if (report->best) {
        p->best_epoch = report->epoch;
        p->best_accuracy = report->valid_accuracy;
        p->best_loss = report->valid_loss;
        snn_snapshot_take(r->state.best);
    }
    if (r->writes) {
        TRY(st, snn_metrics_append(r->metrics_csv, report, err));
        if (report->best)
            TRY(st, snn_model_save(r->state.net, r->state.config, r->model_h5, err));
    }
    snn_trainer_end_epoch(r->state.trainer);
    p->epoch++;
    p->batch = 0;
    p->loss_sum = p->seconds = 0;
    p->correct = p->samples = 0;
    if (r->writes)
        TRY(st, snn_checkpoint_save(&r->state, r->checkpoint_h5, err));
done:
    return st;
}

static snn_status run_epoch(run *r, snn_error *err)
{
    snn_progress *p = &r->state.progress;
    snn_epoch_report report = {.epoch = p->epoch + 1, .epochs = r->train->epochs};
    snn_evaluation valid = {.loss = NAN, .accuracy = NAN};
    snn_augment_params augment;
    snn_status st;

    r->epoch_start = snn_seconds();
    r->samples_here = 0;
    snn_trainer_begin_epoch(r->state.trainer, p->epoch);
    snn_trainer_set_batch(r->state.trainer, p->batch);
    snn_trainer_rates(r->state.trainer, &report.rates);
    TRY(st, snn_loader_create(r->ctx, r->dataset, SNN_SPLIT_TRAIN, r->division.train,
                              r->division.n_train, r->train->batch_size, &r->loader, err));
    snn_config_augment(r->state.config, r->state.data, &augment);
    TRY(st, snn_loader_augment(r->loader, &augment, err));
    TRY(st, train_batches(r, err));
    snn_loader_destroy(r->loader); /* its batches make room for the evaluation's */
    r->loader = NULL;
    if (r->division.judge != SNN_JUDGE_NONE) {
        st = evaluate(r, r->division.judge, &valid, err);
        TRY(st, st == SNN_EINTERRUPTED ? interrupt(r, err) : st);
    }
    report.loss = p->loss_sum / (double)p->samples;
    report.train_accuracy = (double)p->correct / (double)p->samples;
    report.valid_loss = valid.loss;
    report.valid_accuracy = valid.accuracy;
    TRY(st, finish_epoch(r, &report, err));
    if (r->params->on_epoch != NULL)
        r->params->on_epoch(r->params->user, &report);
done:
    snn_loader_destroy(r->loader);
    r->loader = NULL;
    return st;
}

/* ---- the run ---------------------------------------------------------------- */

/* The test split is read once, with the best epoch's network; where it was the
 * judge (protocol paper) the best epoch's figure stands. */
static snn_status finish(run *r, snn_run_result *out, snn_error *err)
{
    const snn_progress *p = &r->state.progress;
    const snn_judge judge = r->division.judge;
    const bool judged = judge == SNN_JUDGE_VALID || judge == SNN_JUDGE_HELD_OUT;
    snn_evaluation test = {.loss = NAN, .accuracy = NAN};
    snn_status st = SNN_OK;

    if (p->best_epoch > 0)
        snn_snapshot_restore(r->state.best);
    if (judge == SNN_JUDGE_TEST)
        test = (snn_evaluation){.loss = p->best_loss, .accuracy = p->best_accuracy};
    else if (r->state.data->count[SNN_SPLIT_TEST] > 0)
        TRY(st, evaluate(r, SNN_JUDGE_TEST, &test, err));
    *out = (snn_run_result){
        .protocol = r->train->protocol == SNN_PROTOCOL_PAPER ? "paper" : "clean",
        .test_accuracy = test.accuracy,
        .test_loss = test.loss,
        .valid_accuracy = judged ? p->best_accuracy : NAN,
        .best_epoch = p->best_epoch,
        .epochs = p->epoch,
        .seconds = snn_seconds() - r->start,
    };
done:
    return st;
}

static snn_status create(run *r, const snn_config *config, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(r->dataset);
    snn_checkpoint *s = &r->state;
    snn_network_params shape;
    snn_status st;

    TRY(st, snn_config_check(config, err));
    s->ctx = r->ctx;
    s->config = config;
    s->data = info;
    snn_config_network(config, info, &shape);
    TRY(st, snn_network_create(r->ctx, &shape, r->train->seed, &s->net, err));
    TRY(st, snn_trainer_create(s->net, r->train, info->max_steps > 0 ? info->max_steps : 1,
                               &s->trainer, err));
    TRY(st, snn_snapshot_create(s->net, &s->best));
    TRY(st, open_folder(r, err));
    TRY(st, snn_division_make(r->ctx, r->dataset, r->train, &r->division, err));
    TRY(st, prepare_folder(r, err)); /* last: a run that cannot begin removes nothing */
done:
    return st;
}

snn_status snn_train(snn_context *ctx, const snn_config *config, snn_dataset *dataset,
                     const snn_run_params *params, snn_run_result *out, snn_error *err)
{
    run *r = NULL;
    snn_run_params defaults;
    snn_status st;

    if (params == NULL) {
        snn_run_params_init(&defaults);
        params = &defaults;
    }
    if (params->size != sizeof *params)
        return snn_error_set(err, SNN_EINVAL, "run", "call snn_run_params_init first");
    TRY_ALLOC(st, ctx, r, 1);
    r->ctx = ctx;
    r->dataset = dataset;
    r->train = &config->train;
    r->params = params;
    r->start = snn_seconds();
    TRY(st, create(r, config, err));
    while (r->state.progress.epoch < r->train->epochs)
        TRY(st, run_epoch(r, err));
    TRY(st, finish(r, out, err));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "run", "no memory; a smaller train.batch_size needs less");
    if (r != NULL) {
        snn_division_free(ctx, &r->division);
        snn_snapshot_destroy(r->state.best);
        snn_trainer_destroy(r->state.trainer);
        snn_network_destroy(r->state.net);
    }
    snn_free(ctx, r);
    return st;
}
