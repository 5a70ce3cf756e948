/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may follow training, all with delays rounded and kernels of one tap, as evaluation
 * has them:
 *
 *   trained                    the epoch that counts
 *   re-estimated               batch norm's statistics over the training samples
 *   fine-tuned                 some epochs for all but the delays, from there
 *   fine-tuned, re-estimated
 *
 * Each stage is a candidate.  What chose the epoch chooses among them; where nothing may
 * choose, the last one is kept.
 *
 * Only fine-tuning has a checkpoint of its own, in the folder fine-tune: everything else
 * follows from the end of training to the same bits, so a resumed run does it again.
 */
#include "snn/train/run.h"
#include "snn/train/trainer.h"

#include <math.h>
#include <unistd.h>

bool snn_rounding_wanted(const snn_train_params *train)
{
    return train->norm_reestimate || train->fine_tune_epochs > 0;
}

void snn_stages_free(snn_stages *stages)
{
    for (uint32_t i = 0; i < SNN_RUN_STAGES; i++)
        snn_snapshot_destroy(stages->model[i]);
    *stages = (snn_stages){0};
}

static bool better(const snn_run_stage *a, const snn_run_stage *b)
{
    if (a->valid_accuracy != b->valid_accuracy)
        return a->valid_accuracy > b->valid_accuracy;
    return a->valid_loss < b->valid_loss;
}

/* The network as it is now becomes a stage. */
static snn_status add_stage(const snn_run_job *job, snn_network *net, const char *name,
                            const snn_evaluation *valid, snn_stages *s)
{
    snn_run_stage *stage = &s->figures[s->n];
    snn_status st;

    SNN_ASSERT(s->n < SNN_RUN_STAGES);
    TRY(st, snn_snapshot_create(net, &s->model[s->n]));
    snn_snapshot_take(s->model[s->n]);
    *stage = (snn_run_stage){name, valid->accuracy, valid->loss, NAN, NAN};
    if (job->division->last || better(stage, &s->figures[s->kept]))
        s->kept = s->n;
    s->n++;
    if (isfinite(valid->accuracy))
        snn_log(job->ctx, SNN_LOG_INFO, "%s: valid %.1f %%", name, 100 * valid->accuracy);
    else
        snn_log(job->ctx, SNN_LOG_INFO, "%s", name);
done:
    return st;
}

static snn_status reestimate(snn_run *run, const snn_run_job *job, const char *name,
                             snn_stages *stages, snn_error *err)
{
    const snn_stop stop = {job->params->stop, job->params->user};
    const snn_train_params *train = &job->config->train;
    snn_network *net = snn_run_network(run);
    snn_loader *loader = NULL;
    snn_tape *tape = NULL;
    snn_evaluation valid;
    snn_status st;

    TRY(st, snn_evaluation_open(net, job->dataset, SNN_SPLIT_TRAIN, job->division->train,
                                job->division->n_train, train->batch_size, &loader, &tape, err));
    TRY(st, snn_reestimate_on(tape, loader, train->seed, &stop, err));
    snn_tape_destroy(tape); /* its memory makes room for the evaluation's */
    tape = NULL;
    TRY(st, snn_run_evaluate(run, job->division->judge, &valid, err));
    TRY(st, add_stage(job, net, name, &valid, stages));
done:
    snn_tape_destroy(tape);
    snn_loader_destroy(loader);
    return st;
}

/* The configuration of the fine-tuning: a training whose delays are fixed where they are. */
static void tuning_config(const snn_config *config, snn_config *out)
{
    snn_train_params *train = &out->train;

    *out = *config;
    if (out->network.delay.mode == SNN_DELAYS_LEARNED)
        out->network.delay.mode = SNN_DELAYS_FIXED;
    if (!train->fine_tune_dropout)
        out->network.dropout = 0;
    train->epochs = train->fine_tune_epochs;
    train->lr_weight = train->fine_tune_lr;
    train->weight_schedule = SNN_SCHEDULE_CONSTANT;
    train->fine_tune_epochs = 0;
    train->norm_reestimate = 0;
}

static snn_status fine_tune(snn_run *run, const snn_run_job *job, snn_stages *stages,
                            snn_error *err)
{
    snn_network *net = snn_run_network(run);
    snn_run_params params = *job->params;
    snn_run_job tuning = *job;
    snn_run *tuned = NULL;
    const snn_progress *progress;
    snn_evaluation valid = {.loss = NAN, .accuracy = NAN};
    snn_config config;
    char folder[SNN_PATH];
    snn_status st;

    tuning_config(job->config, &config);
    tuning.config = &config;
    tuning.params = &params;
    tuning.start = net;
    tuning.part.fine_tuning = 1;
    if (job->folder != NULL) {
        TRY(st, snn_path_join(folder, job->folder, "fine-tune", err));
        tuning.folder = folder;
    }
    TRY(st, snn_run_create(&tuning, &tuned, err));
    TRY(st, snn_run_epochs(tuned, err));
    snn_network_copy(net, snn_run_network(tuned));
    progress = snn_run_progress(tuned);
    if (job->division->judge != SNN_JUDGE_NONE)
        valid = (snn_evaluation){.loss = progress->best_loss, .accuracy = progress->best_accuracy};
    TRY(st, add_stage(job, net, "fine-tuned", &valid, stages));
done:
    snn_run_destroy(tuned);
    return st;
}

snn_status snn_rounding(snn_run *run, const snn_run_job *job, snn_stages *out, snn_error *err)
{
    const snn_train_params *train = &job->config->train;
    const snn_progress *progress = snn_run_progress(run);
    snn_evaluation valid = {.loss = NAN, .accuracy = NAN};
    snn_stages stages = {0};
    snn_status st;

    snn_run_release(run); /* one trainer at a time */
    if (job->division->judge != SNN_JUDGE_NONE)
        valid = (snn_evaluation){.loss = progress->best_loss, .accuracy = progress->best_accuracy};
    TRY(st, add_stage(job, snn_run_network(run), "trained", &valid, &stages));
    snn_network_round(snn_run_network(run));
    if (train->norm_reestimate)
        TRY(st, reestimate(run, job, "re-estimated", &stages, err));
    if (train->fine_tune_epochs > 0)
        TRY(st, fine_tune(run, job, &stages, err));
    if (train->fine_tune_epochs > 0 && train->norm_reestimate)
        TRY(st, reestimate(run, job, "fine-tuned, re-estimated", &stages, err));
    snn_snapshot_restore(stages.model[stages.kept]);
    TRY(st, snn_run_save_model(run, err));
    *out = stages;
    stages = (snn_stages){0};
done:
    snn_stages_free(&stages);
    return st;
}
