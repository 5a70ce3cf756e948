/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of a layer that sees motion, and its checkpoints. */
#include "snn/train/motion_run.h"

#include <string.h>

/* Weights in the order of the paper, and what describes them. */
typedef struct {
    float *weight, *bias;
} copies;

static snn_status copies_new(const snn_motion *motion, copies *c)
{
    snn_status st = SNN_OK;

    TRY_ALLOC(st, motion->ctx, c->weight, snn_motion_weights(motion));
    TRY_ALLOC(st, motion->ctx, c->bias, motion->classes);
done:
    return st;
}

static void copies_free(snn_context *ctx, copies *c)
{
    snn_free(ctx, c->bias);
    snn_free(ctx, c->weight);
}

static void describe(const snn_motion *motion, const copies *c, snn_tensor out[2])
{
    const snn_motion_params *p = &motion->params;

    out[0] = (snn_tensor){.name = "weight",
                          .data = c->weight,
                          .dtype = SNN_F32,
                          .rank = 5,
                          .shape = {motion->classes, 2, p->delays, p->side, p->side},
                          .axes = "class,polarity,delay,row,column",
                          .unit = "1"};
    out[1] = (snn_tensor){.name = "bias",
                          .data = c->bias,
                          .dtype = SNN_F32,
                          .rank = 1,
                          .shape = {motion->classes},
                          .axes = "class",
                          .unit = "1"};
}

snn_status snn_motion_save(const snn_motion *motion, const snn_config *config, const char *path,
                           snn_error *err)
{
    snn_store *store = NULL;
    snn_tensor tensor[2];
    snn_config written;
    copies c = {0};
    char *text = NULL;
    snn_status st;

    if (config != NULL)
        written = *config;
    else
        snn_config_init(&written);
    written.model = SNN_MODEL_MOTION;
    written.motion = motion->params;
    TRY(st, snn_config_text(motion->ctx, &written, &text));
    TRY(st, copies_new(motion, &c));
    snn_motion_get(motion, c.weight, c.bias);
    describe(motion, &c, tensor);
    TRY(st, snn_store_create(motion->ctx, path, "motion", &store, err));
    TRY(st, snn_store_put_text(store, "config", text, err));
    for (int i = 0; i < 2; i++)
        TRY(st, snn_store_put(store, &tensor[i], err));
    TRY(st, snn_store_commit(store, err));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory to write the model");
    snn_store_close(store);
    copies_free(motion->ctx, &c);
    snn_free(motion->ctx, text);
    return st;
}

snn_status snn_motion_load(snn_context *ctx, const char *path, snn_motion **out, snn_config *config,
                           snn_error *err)
{
    snn_store *store = NULL;
    snn_motion *motion = NULL;
    snn_tensor tensor[2];
    snn_config read;
    copies c = {0};
    snn_status st;

    TRY(st, snn_store_open(ctx, path, "motion", &store, err));
    TRY(st, snn_store_get_config(store, ctx, path, &read, err));
    TRY(st, snn_motion_create(ctx, &read.motion, 0, &motion, err));
    TRY(st, copies_new(motion, &c));
    describe(motion, &c, tensor);
    for (int i = 0; i < 2; i++)
        TRY(st, snn_store_get(store, &tensor[i], err));
    snn_motion_set(motion, c.weight, c.bias);
    if (config != NULL)
        *config = read;
    *out = motion;
    motion = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory to read the model");
    if (st == SNN_ECONFIG || st == SNN_EINVAL) /* the file's own settings are its fault */
        st = snn_error_set(err, SNN_EFORMAT, path, "it holds settings that are no motion layer");
    copies_free(ctx, &c);
    snn_motion_destroy(motion);
    snn_store_close(store);
    return st;
}

/* ---- checkpoints ------------------------------------------------------------------------ */

/* Blocks of the layer's own layout: what the optimiser moves, its means, the best so far. */
static snn_tensor block(const char *name, float *data, size_t n)
{
    snn_tensor tensor = {
        .data = data, .dtype = SNN_F32, .rank = 1, .shape = {n}, .axes = "number", .unit = "1"};

    memcpy(tensor.name, name, strlen(name) + 1);
    return tensor;
}

enum { NOW, MEAN, SQUARE, BEST, BLOCKS };

static void blocks_of(snn_motion_state *s, snn_tensor out[BLOCKS])
{
    const size_t n = snn_motion_floats(s->motion);

    out[NOW] = block("now", s->motion->block, n);
    out[MEAN] = block("adam.m", s->m, n);
    out[SQUARE] = block("adam.v", s->v, n);
    out[BEST] = block("best.block", s->best, n);
}

snn_status snn_motion_checkpoint_save(snn_motion_state *s, const char *path, snn_error *err)
{
    snn_context *ctx = s->motion->ctx;
    snn_tensor tensor[BLOCKS];
    snn_store *store = NULL;
    char *text = NULL;
    snn_status st;

    blocks_of(s, tensor);
    TRY(st, snn_config_text(ctx, s->config, &text));
    TRY(st, snn_store_create(ctx, path, "motion checkpoint", &store, err));
    TRY(st, snn_store_put_text(store, "config", text, err));
    TRY(st, snn_store_put_u64(store, "train.epoch", s->epoch, err));
    TRY(st, snn_store_put_u64(store, "train.batch", s->batch, err));
    TRY(st, snn_store_put_u64(store, "train.updates", s->updates, err));
    TRY(st, snn_store_put_f64(store, "train.loss_sum", s->loss_sum, err));
    TRY(st, snn_store_put_f64(store, "train.seconds", s->seconds, err));
    TRY(st, snn_store_put_u64(store, "train.digest", s->digest, err));
    TRY(st, snn_store_put_u64(store, "best.epoch", s->best_epoch, err));
    TRY(st, snn_store_put_f64(store, "best.accuracy", s->best_accuracy, err));
    TRY(st, snn_store_put_f64(store, "best.loss", s->best_loss, err));
    for (int i = 0; i < BLOCKS; i++)
        TRY(st, snn_store_put(store, &tensor[i], err));
    TRY(st, snn_store_commit(store, err));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory to write the checkpoint");
    snn_store_close(store);
    snn_free(ctx, text);
    return st;
}

static snn_status get_state(snn_motion_state *s, snn_store *store, const char *path, snn_error *err)
{
    snn_motion_state read = *s;
    snn_tensor tensor[BLOCKS];
    uint64_t digest;
    snn_status st;

    TRY(st, snn_store_get_u64(store, "train.digest", &digest, err));
    if (digest != s->digest)
        TRY(st, snn_error_set(err, SNN_ECONFIG, path,
                              "was made with other movies: give the same data, or another folder"));
    TRY(st, snn_store_get_count(store, "train.epoch", &read.epoch, err));
    TRY(st, snn_store_get_count(store, "train.batch", &read.batch, err));
    TRY(st, snn_store_get_u64(store, "train.updates", &read.updates, err));
    TRY(st, snn_store_get_f64(store, "train.loss_sum", &read.loss_sum, err));
    TRY(st, snn_store_get_f64(store, "train.seconds", &read.seconds, err));
    TRY(st, snn_store_get_count(store, "best.epoch", &read.best_epoch, err));
    TRY(st, snn_store_get_f64(store, "best.accuracy", &read.best_accuracy, err));
    TRY(st, snn_store_get_f64(store, "best.loss", &read.best_loss, err));
    blocks_of(s, tensor);
    for (int i = 0; i < BLOCKS; i++)
        TRY(st, snn_store_get(store, &tensor[i], err));
    *s = read;
done:
    return st;
}

snn_status snn_motion_checkpoint_load(snn_motion_state *s, const char *path, snn_error *err)
{
    snn_context *ctx = s->motion->ctx;
    snn_store *store = NULL;
    snn_config then;
    snn_status st;

    TRY(st, snn_store_open(ctx, path, "motion checkpoint", &store, err));
    TRY(st, snn_store_get_config(store, ctx, path, &then, err));
    TRY(st, snn_config_same(s->config, &then, path, err));
    TRY(st, get_state(s, store, path, err));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory to read the checkpoint");
    snn_store_close(store);
    return st;
}
