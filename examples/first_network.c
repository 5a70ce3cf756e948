/* SPDX-License-Identifier: BSD-3-Clause */
/* A first network: it learns by how many steps input 1 lags behind input 0. */
#include <snn/snn.h>
#include <stdio.h>
#include <string.h>
enum { STEPS = 24, BATCH = 32, CLASSES = 4, UPDATES = 100 };

/* Each input spikes once, `2 * class` steps apart: only the delay tells the class. */
static void make_batch(uint32_t update, float x[STEPS][BATCH][2], uint32_t label[BATCH])
{
    const snn_key key = {1, SNN_STREAM_USER};
    memset(x, 0, sizeof(float[STEPS][BATCH][2]));
    for (uint32_t b = 0; b < BATCH; b++) {
        const uint32_t t = snn_random_below(key, update, b, 0, STEPS - 2 * CLASSES);

        label[b] = snn_random_below(key, update, b, 1, CLASSES);
        x[t][b][0] = x[t + 2 * label[b]][b][1] = 1;
    }
}

int main(void)
{
    static float x[STEPS][BATCH][2];
    static uint32_t label[BATCH];
    const snn_batch batch = {.batch = BATCH, .steps = STEPS, .x = x[0][0], .label = label};
    snn_context *ctx = NULL;
    snn_network *net = NULL;
    snn_trainer *trainer = NULL;
    snn_network_params shape;
    snn_train_params train;
    snn_step_result step = {0};
    snn_error err = {0};
    snn_network_params_init(&shape); /* the published network; what differs: */
    shape.n_inputs = 2;
    shape.n_outputs = CLASSES;
    shape.n_hidden = 1;
    shape.hidden[0] = 32;
    shape.delay.max_delay = 9; /* delays of 0 .. 8 steps */
    shape.dropout = 0;
    snn_train_params_init(&train);
    train.batch_size = BATCH;
    train.lr_weight = 0.01f;
    train.weight_schedule = train.position_schedule = SNN_SCHEDULE_CONSTANT;
    if (snn_context_create(NULL, &ctx, &err) || snn_network_create(ctx, &shape, 0, &net, &err) ||
        snn_trainer_create(net, &train, STEPS, &trainer, &err))
        printf("%s: %s\n", err.where, err.what);
    for (uint32_t update = 0; update <= UPDATES && err.status == SNN_OK; update++) {
        make_batch(update, x, label);
        if (snn_trainer_step(trainer, &batch, &step, &err))
            printf("%s: %s\n", err.where, err.what);
        else if (update % 20 == 0)
            printf("update %3u  loss %.3f  right %2u of %u\n", update, step.loss, step.correct,
                   BATCH);
    }
    snn_trainer_destroy(trainer);
    snn_network_destroy(net);
    snn_context_destroy(ctx);
    return step.correct > BATCH * 3 / 4 ? 0 : 1;
}
