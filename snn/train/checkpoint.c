/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A checkpoint stands alone: it also holds the best model so far, so that a kill
 * between the writing of model.h5 and of checkpoint.h5 cannot pair a model with
 * the progress of another epoch.
 */
#include "snn/net/net.h"
#include "snn/train/run.h"
#include "snn/train/trainer.h"

#include <stdio.h>
#include <string.h>

#define VALUE_BYTES 1024

/* A number of snn_progress or of the data, by its name in the file. */
typedef struct count {
    const char *name;
    uint64_t value;
} count;

#define DATA_COUNTS 6

static void data_counts(const snn_dataset_info *data, count out[DATA_COUNTS])
{
    out[0] = (count){"data.inputs", data->n_inputs};
    out[1] = (count){"data.classes", data->n_classes};
    out[2] = (count){"data.max_steps", data->max_steps};
    out[3] = (count){"data.train", data->count[SNN_SPLIT_TRAIN]};
    out[4] = (count){"data.valid", data->count[SNN_SPLIT_VALID]};
    out[5] = (count){"data.test", data->count[SNN_SPLIT_TEST]};
}

static snn_status put_progress(snn_store *store, const snn_checkpoint *c, snn_error *err)
{
    const snn_progress *p = &c->progress;
    count data[DATA_COUNTS];
    snn_status st;

    data_counts(c->data, data);
    for (int i = 0; i < DATA_COUNTS; i++)
        TRY(st, snn_store_put_u64(store, data[i].name, data[i].value, err));
    TRY(st, snn_store_put_u64(store, "train.epoch", p->epoch, err));
    TRY(st, snn_store_put_u64(store, "train.batch", p->batch, err));
    TRY(st, snn_store_put_f64(store, "train.loss_sum", p->loss_sum, err));
    TRY(st, snn_store_put_u64(store, "train.correct", p->correct, err));
    TRY(st, snn_store_put_u64(store, "train.samples", p->samples, err));
    TRY(st, snn_store_put_f64(store, "train.seconds", p->seconds, err));
    TRY(st, snn_store_put_u64(store, "train.updates", snn_trainer_updates(c->trainer), err));
    TRY(st, snn_store_put_u64(store, "best.epoch", p->best_epoch, err));
    TRY(st, snn_store_put_f64(store, "best.accuracy", p->best_accuracy, err));
    TRY(st, snn_store_put_f64(store, "best.loss", p->best_loss, err));
    TRY(st, snn_store_put_text(store, "machine.cpu", snn_context_cpu(c->ctx), err));
    TRY(st,
        snn_store_put_u64(store, "machine.threads", (uint64_t)snn_context_threads(c->ctx), err));
done:
    return st;
}

static snn_status put_tensors(snn_store *store, const snn_checkpoint *c, snn_error *err)
{
    snn_tensor tensor;
    snn_status st;

    TRY(st, snn_store_put_network(store, c->net, err));
    for (size_t i = 0; snn_trainer_tensor_at(c->trainer, i, &tensor) == SNN_OK; i++)
        TRY(st, snn_store_put(store, &tensor, err));
    if (c->progress.best_epoch > 0)
        for (size_t i = 0; snn_snapshot_tensor_at(c->best, i, &tensor) == SNN_OK; i++)
            TRY(st, snn_store_put(store, &tensor, err));
done:
    return st;
}

snn_status snn_checkpoint_save(const snn_checkpoint *c, const char *path, snn_error *err)
{
    snn_store *store = NULL;
    char *text = NULL;
    snn_status st;

    TRY(st, snn_config_text(c->ctx, c->config, &text));
    TRY(st, snn_store_create(c->ctx, path, "checkpoint", &store, err));
    TRY(st, snn_store_put_text(store, "config", text, err));
    TRY(st, put_progress(store, c, err));
    TRY(st, put_tensors(store, c, err));
    TRY(st, snn_store_commit(store, err));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory to write the checkpoint");
    snn_store_close(store);
    snn_free(c->ctx, text);
    return st;
}

/* Where files lie does not change what they say. */
static bool may_differ(const snn_config_key *key)
{
    return strcmp(key->section, "data") == 0 && strcmp(key->key, "cache") == 0;
}

snn_status snn_config_same(const snn_config *now, const snn_config *then, const char *path,
                           snn_error *err)
{
    const snn_config_key *key;
    snn_status st = SNN_OK;

    for (size_t i = 0; (key = snn_config_key_at(i)) != NULL; i++) {
        char name[128], a[VALUE_BYTES], b[VALUE_BYTES];

        if (may_differ(key))
            continue;
        snprintf(name, sizeof name, "%s.%s", key->section, key->key);
        TRY(st, snn_config_get(now, name, a, sizeof a));
        TRY(st, snn_config_get(then, name, b, sizeof b));
        if (strcmp(a, b) != 0)
            TRY(st, snn_error_set(err, SNN_ECONFIG, path,
                                  "%s is %.100s now but %.100s in the run to resume: give that, or "
                                  "another folder",
                                  name, a, b));
    }
done:
    return st;
}

static snn_status same_data(snn_store *store, const snn_dataset_info *info, const char *path,
                            snn_error *err)
{
    count data[DATA_COUNTS];
    uint64_t then;
    snn_status st;

    data_counts(info, data);
    for (int i = 0; i < DATA_COUNTS; i++) {
        TRY(st, snn_store_get_u64(store, data[i].name, &then, err));
        if (then != data[i].value)
            TRY(st, snn_error_set(
                        err, SNN_ECONFIG, path,
                        "%s is %llu now but %llu in the run to resume: give the same data",
                        data[i].name, (unsigned long long)data[i].value, (unsigned long long)then));
    }
done:
    return st;
}

static snn_status get_progress(snn_store *store, snn_progress *p, snn_error *err)
{
    snn_status st;

    TRY(st, snn_store_get_count(store, "train.epoch", &p->epoch, err));
    TRY(st, snn_store_get_count(store, "train.batch", &p->batch, err));
    TRY(st, snn_store_get_f64(store, "train.loss_sum", &p->loss_sum, err));
    TRY(st, snn_store_get_u64(store, "train.correct", &p->correct, err));
    TRY(st, snn_store_get_u64(store, "train.samples", &p->samples, err));
    TRY(st, snn_store_get_f64(store, "train.seconds", &p->seconds, err));
    TRY(st, snn_store_get_count(store, "best.epoch", &p->best_epoch, err));
    TRY(st, snn_store_get_f64(store, "best.accuracy", &p->best_accuracy, err));
    TRY(st, snn_store_get_f64(store, "best.loss", &p->best_loss, err));
done:
    return st;
}

static snn_status get_tensors(snn_store *store, snn_checkpoint *c, const snn_progress *p,
                              snn_error *err)
{
    snn_tensor tensor;
    uint64_t updates;
    snn_status st;

    TRY(st, snn_store_get_network(store, c->net, err));
    for (size_t i = 0; snn_trainer_tensor_at(c->trainer, i, &tensor) == SNN_OK; i++)
        TRY(st, snn_store_get(store, &tensor, err));
    if (p->best_epoch > 0)
        for (size_t i = 0; snn_snapshot_tensor_at(c->best, i, &tensor) == SNN_OK; i++)
            TRY(st, snn_store_get(store, &tensor, err));
    TRY(st, snn_store_get_u64(store, "train.updates", &updates, err));
    snn_trainer_set_updates(c->trainer, updates);
    TRY(st, snn_trainer_loaded(c->trainer, err));
done:
    return st;
}

static snn_status warn_of_machine(snn_store *store, snn_context *ctx, snn_error *err)
{
    char *cpu = NULL;
    snn_status st;

    TRY(st, snn_store_get_text(store, "machine.cpu", &cpu, err));
    if (strcmp(cpu, snn_context_cpu(ctx)) != 0)
        snn_log(
            ctx, SNN_LOG_WARNING,
            "the run was begun with %s kernels and goes on with %s: its bits may differ from an "
            "unbroken run's",
            cpu, snn_context_cpu(ctx));
done:
    snn_free(ctx, cpu);
    return st;
}

snn_status snn_checkpoint_load(snn_checkpoint *c, const char *path, snn_error *err)
{
    snn_store *store = NULL;
    snn_config then;
    snn_progress progress = {0};
    snn_status st;

    TRY(st, snn_store_open(c->ctx, path, "checkpoint", &store, err));
    TRY(st, snn_store_get_config(store, c->ctx, path, &then, err));
    TRY(st, snn_config_same(c->config, &then, path, err));
    TRY(st, same_data(store, c->data, path, err));
    TRY(st, warn_of_machine(store, c->ctx, err));
    TRY(st, get_progress(store, &progress, err));
    TRY(st, get_tensors(store, c, &progress, err));
    TRY(st, net_check_masks(c->net, path, err));
    c->progress = progress;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory to read the checkpoint");
    snn_store_close(store);
    return st;
}
