/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One training.  At the end of an epoch, in this order, each write atomic:
 *
 *   metrics.csv     a row; one too many is cut off on resume
 *   plan.csv        rows; the same
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

struct snn_run {
    snn_context *ctx;
    snn_dataset *dataset;
    const snn_train_params *train;
    const snn_run_params *params;
    const snn_division *division;
    snn_run_part part;
    uint32_t more;
    const char *folder;
    snn_checkpoint state; /* network, trainer, best model, progress */
    snn_loader *loader;   /* of the pass that is on */
    bool writes;
    char config_yaml[SNN_PATH], metrics_csv[SNN_PATH], plan_csv[SNN_PATH], model_h5[SNN_PATH],
        checkpoint_h5[SNN_PATH];
    double epoch_start;      /* of this epoch in this process */
    double evaluate_seconds; /* of the last evaluation */
    double loader_seconds;   /* of this epoch in this process, as snn_epoch_report has them */
    double log_seconds;
    uint64_t samples_here; /* trained on in this epoch by this process */
};

/* ---- files --------------------------------------------------------------- */

static snn_status open_folder(snn_run *r, snn_error *err)
{
    const char *folder = r->folder;
    snn_status st = SNN_OK;

    r->writes = folder != NULL;
    if (!r->writes)
        return SNN_OK;
    TRY(st, snn_make_folder(folder, err));
    TRY(st, snn_path_join(r->config_yaml, folder, "config.yaml", err));
    TRY(st, snn_path_join(r->metrics_csv, folder, "metrics.csv", err));
    TRY(st, snn_path_join(r->plan_csv, folder, "plan.csv", err));
    TRY(st, snn_path_join(r->model_h5, folder, "model.h5", err));
    TRY(st, snn_path_join(r->checkpoint_h5, folder, "checkpoint.h5", err));
done:
    return st;
}

/* Files of another run must not stay beside those of this one: first goes what
 * a resume would believe. */
static snn_status clear_folder(snn_run *r, snn_error *err)
{
    static const char *const stale[] = {"fine-tune/checkpoint.h5", "model.h5", "stages.csv",
                                        "result.json"};
    char path[SNN_PATH];
    snn_status st;
    char *text = NULL;

    if (unlink(r->checkpoint_h5) == 0)
        snn_log(r->ctx, SNN_LOG_WARNING, "%s: the run that was here is replaced", r->folder);
    for (size_t i = 0; i < SNN_COUNT(stale); i++) {
        TRY(st, snn_path_join(path, r->folder, stale[i], err));
        unlink(path);
    }
    TRY(st, snn_keep_costs(r->ctx, r->folder, err));
    TRY(st, snn_config_text(r->ctx, r->state.config, &text));
    TRY(st, snn_replace_file(r->ctx, r->config_yaml, text, strlen(text), err));
    TRY(st, snn_metrics_begin(r->ctx, r->metrics_csv, 0, err));
    TRY(st, snn_plan_begin(r->ctx, r->plan_csv, 0, err));
done:
    snn_free(r->ctx, text);
    return st;
}

/* Take up the checkpoint; model.h5 may be of a later epoch, so write it again. */
static snn_status resume(snn_run *r, snn_error *err)
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
    TRY(st, snn_plan_begin(r->ctx, r->plan_csv, r->state.progress.epoch, err));
    snn_log(r->ctx, SNN_LOG_INFO, "resumed after epoch %u and %u batches",
            (unsigned)r->state.progress.epoch, (unsigned)r->state.progress.batch);
done:
    snn_snapshot_destroy(now);
    return st;
}

static snn_status prepare_folder(snn_run *r, snn_error *err)
{
    if (!r->writes)
        return SNN_OK;
    if (r->params->resume && access(r->checkpoint_h5, F_OK) == 0)
        return resume(r, err);
    return clear_folder(r, err);
}

/* ---- evaluation ----------------------------------------------------------- */

snn_status snn_run_evaluate(snn_run *r, snn_judge judge, snn_evaluation *out, snn_error *err)
{
    const bool held_out = judge == SNN_JUDGE_HELD_OUT;
    const snn_stop stop = {r->params->stop, r->params->user};
    const uint32_t *index = held_out ? r->division->held_out : NULL;
    const uint32_t count = held_out ? r->division->n_held_out : 0;
    const snn_split split = judge == SNN_JUDGE_VALID ? SNN_SPLIT_VALID
                            : held_out               ? SNN_SPLIT_TRAIN
                                                     : SNN_SPLIT_TEST;
    const double start = snn_seconds();
    snn_loader *loader = NULL;
    snn_tape *tape = NULL;
    snn_status st;

    if (judge == SNN_JUDGE_NONE) {
        *out = (snn_evaluation){.loss = NAN, .accuracy = NAN};
        return SNN_OK;
    }
    if (r->state.trainer != NULL) {
        TRY(st, snn_loader_create(r->ctx, r->dataset, split, index, count, r->train->batch_size,
                                  &loader, err));
        TRY(st, snn_evaluate_on(snn_trainer_tape(r->state.trainer), loader, &stop, out, err));
    } else {
        TRY(st, snn_evaluation_open(r->state.net, r->dataset, split, index, count,
                                    r->train->batch_size, &loader, &tape, err));
        TRY(st, snn_evaluate_on(tape, loader, &stop, out, err));
    }
    r->evaluate_seconds = snn_seconds() - start;
done:
    snn_tape_destroy(tape);
    snn_loader_destroy(loader);
    return st;
}

/* ---- an epoch -------------------------------------------------------------- */

static void report_batch(snn_run *r, uint32_t batches)
{
    const snn_progress *p = &r->state.progress;
    const double seconds = snn_seconds() - r->epoch_start;
    const double rate = seconds > 0 ? (double)r->samples_here / seconds : 0;
    const double epochs_left =
        (double)(r->train->epochs - p->epoch) - 1 + (double)r->more * r->train->epochs;
    const double samples_left =
        (double)r->division->n_train * (epochs_left + 1) - (double)p->samples;
    snn_batch_report report;
    double start;

    if (r->params->on_batch == NULL)
        return;
    report = (snn_batch_report){
        .part = r->part,
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
    start = snn_seconds();
    r->params->on_batch(r->params->user, &report);
    r->log_seconds += snn_seconds() - start;
}

/* End inside an epoch: a checkpoint, and the status that says so. */
static snn_status interrupt(snn_run *r, snn_error *err)
{
    snn_progress *p = &r->state.progress;

    if (r->writes) {
        snn_status st;

        p->seconds += snn_seconds() - r->epoch_start;
        st = snn_checkpoint_save(&r->state, r->checkpoint_h5, err);
        if (st != SNN_OK)
            return st;
    }
    return snn_error_set(err, SNN_EINTERRUPTED, r->folder, "stopped in epoch %u after %u batches%s",
                         (unsigned)p->epoch + 1, (unsigned)p->batch,
                         r->writes ? "; resume goes on from here" : "");
}

static snn_status train_batches(snn_run *r, snn_error *err)
{
    const uint32_t batches = snn_loader_batches(r->loader);
    snn_progress *p = &r->state.progress;
    const uint32_t first = p->batch;
    const double start = snn_seconds();
    double waited;
    const snn_batch *batch;
    snn_step_result step;
    snn_status st;

    TRY(st, snn_loader_start(r->loader, 1, r->train->seed, p->epoch, p->batch, err));
    for (;;) {
        TRY(st, snn_loader_next(r->loader, &batch, err));
        if (batch == NULL)
            break;
        TRY(st, snn_trainer_see(r->state.trainer, batch, err));
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
    waited = snn_loader_waited(r->loader);
    r->loader_seconds += waited;
    snn_log(r->ctx, SNN_LOG_DEBUG, "epoch %u: %u batches in %.3f s, %.3f s of it waiting for them",
            (unsigned)p->epoch + 1, (unsigned)(p->batch - first), snn_seconds() - start, waited);
    return st;
}

/* Higher accuracy, or the same with less loss; each epoch where the last one counts. */
static bool is_best(const snn_run *r, const snn_epoch_report *report)
{
    const snn_progress *p = &r->state.progress;

    if (r->division->last || p->best_epoch == 0)
        return true;
    if (report->valid_accuracy != p->best_accuracy)
        return report->valid_accuracy > p->best_accuracy;
    return report->valid_loss < p->best_loss;
}

/* Write what the epoch gave.  Sigma shrinks after the model is written: its
 * running statistics were made with the sigma it trained with. */
static snn_status finish_epoch(snn_run *r, snn_epoch_report *report, snn_error *err)
{
    snn_progress *p = &r->state.progress;
    const double start = snn_seconds();
    snn_status st = SNN_OK;

    report->best = is_best(r, report);
    report->seconds = p->seconds + start - r->epoch_start;
    if (report->best) {
        p->best_epoch = report->epoch;
        p->best_accuracy = report->valid_accuracy;
        p->best_loss = report->valid_loss;
        snn_snapshot_take(r->state.best);
    }
    if (r->writes) {
        TRY(st, snn_metrics_append(r->metrics_csv, report, err));
        TRY(st, snn_plan_append(r->ctx, r->plan_csv, snn_trainer_tape(r->state.trainer),
                                snn_network_layers(r->state.net), report->epoch, err));
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
    report->log_seconds = r->log_seconds + snn_seconds() - start;
done:
    return st;
}

static snn_status run_epoch(snn_run *r, snn_error *err)
{
    snn_progress *p = &r->state.progress;
    snn_epoch_report report = {.part = r->part, .epoch = p->epoch + 1, .epochs = r->train->epochs};
    snn_evaluation valid = {.loss = NAN, .accuracy = NAN};
    snn_augment_params augment;
    double start;
    snn_status st;

    r->epoch_start = snn_seconds();
    r->samples_here = 0;
    r->log_seconds = 0;
    snn_trainer_begin_epoch(r->state.trainer, p->epoch);
    snn_trainer_set_batch(r->state.trainer, p->batch);
    snn_trainer_rates(r->state.trainer, &report.rates);
    start = snn_seconds();
    TRY(st, snn_loader_create(r->ctx, r->dataset, SNN_SPLIT_TRAIN, r->division->train,
                              r->division->n_train, r->train->batch_size, &r->loader, err));
    snn_config_augment(r->state.config, r->state.data, &augment);
    TRY(st, snn_loader_augment(r->loader, &augment, err));
    r->loader_seconds = snn_seconds() - start;
    TRY(st, train_batches(r, err));
    snn_loader_destroy(r->loader); /* its batches make room for the evaluation's */
    r->loader = NULL;
    start = snn_seconds();
    st = snn_run_evaluate(r, r->division->judge, &valid, err);
    TRY(st, st == SNN_EINTERRUPTED ? interrupt(r, err) : st);
    report.loader_seconds = r->loader_seconds;
    report.evaluate_seconds = snn_seconds() - start;
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

void snn_network_copy(snn_network *to, const snn_network *from)
{
    snn_tensor source, target;

    for (size_t i = 0; snn_network_tensor_at(from, i, &source) == SNN_OK; i++) {
        const char *part = strrchr(source.name, '.');

        if (part != NULL && strcmp(part, ".sigma") == 0)
            continue;
        if (snn_network_tensor(to, source.name, &target, NULL) != SNN_OK)
            continue;
        SNN_ASSERT(snn_tensor_size(&target) == snn_tensor_size(&source));
        memcpy(target.data, source.data, snn_tensor_size(&source) * snn_dtype_bytes(source.dtype));
    }
}

snn_status snn_run_create(const snn_run_job *job, snn_run **out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(job->dataset);
    snn_run *r = NULL;
    snn_network_params shape;
    snn_checkpoint *s;
    snn_status st;

    TRY(st, snn_config_check(job->config, err));
    TRY_ALLOC(st, job->ctx, r, 1);
    r->ctx = job->ctx;
    r->dataset = job->dataset;
    r->train = &job->config->train;
    r->params = job->params;
    r->division = job->division;
    r->part = job->part;
    r->more = job->more;
    r->folder = job->folder;
    s = &r->state;
    s->ctx = job->ctx;
    s->config = job->config;
    s->data = info;
    snn_config_network(job->config, info, &shape);
    TRY(st, snn_network_create(r->ctx, &shape, r->train->seed, &s->net, err));
    if (job->start != NULL)
        snn_network_copy(s->net, job->start);
    TRY(st, snn_trainer_create(s->net, r->train, info->max_steps > 0 ? info->max_steps : 1,
                               &s->trainer, err));
    TRY(st, snn_snapshot_create(s->net, &s->best));
    TRY(st, open_folder(r, err));
    TRY(st, prepare_folder(r, err)); /* last: a run that cannot begin removes nothing */
    *out = r;
    r = NULL;
done:
    snn_run_destroy(r);
    return st;
}

void snn_run_destroy(snn_run *r)
{
    if (r == NULL)
        return;
    snn_snapshot_destroy(r->state.best);
    snn_trainer_destroy(r->state.trainer);
    snn_network_destroy(r->state.net);
    snn_free(r->ctx, r);
}

snn_status snn_run_epochs(snn_run *r, snn_error *err)
{
    snn_status st = SNN_OK;

    while (r->state.progress.epoch < r->train->epochs)
        TRY(st, run_epoch(r, err));
    if (r->state.progress.best_epoch > 0)
        snn_snapshot_restore(r->state.best);
done:
    return st;
}

void snn_run_release(snn_run *r)
{
    snn_trainer_destroy(r->state.trainer);
    r->state.trainer = NULL;
}

snn_network *snn_run_network(const snn_run *r)
{
    return r->state.net;
}

const snn_progress *snn_run_progress(const snn_run *r)
{
    return &r->state.progress;
}

snn_status snn_run_save_model(const snn_run *r, snn_error *err)
{
    return r->writes ? snn_model_save(r->state.net, r->state.config, r->model_h5, err) : SNN_OK;
}
