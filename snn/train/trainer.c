/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/trainer.h"
#include "snn/net/net.h"
#include "snn/train/adam.h"
#include "snn/train/schedule.h"

#include <snn/observe.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

struct snn_trainer {
    snn_network *net;
    snn_tape *tape;
    snn_adam_state *adam;
    snn_train_params params;
    uint32_t epoch, batch;
    snn_status planned; /* what planning for this epoch came to: told by the next step */
    snn_error plan_error;
    snn_rate weight, position;
    uint32_t final_epoch; /* of the sigma schedule */
    double sigma_factor;
};

/* Sigma of the first synapse; all have the same unless a program set them. */
static double current_sigma(const snn_network *net)
{
    snn_tensor sigma;

    if (snn_network_tensor(net, "layer0.sigma", &sigma, NULL) != SNN_OK ||
        snn_tensor_size(&sigma) == 0)
        return 0;
    return *(const float *)sigma.data;
}

static double initial_sigma(const snn_network_params *params)
{
    if (params->delay.sigma_init > 0)
        return params->delay.sigma_init;
    return params->delay.max_delay / 2;
}

static snn_status check_params(const snn_train_params *p, uint32_t max_steps, snn_error *err)
{
    if (p->size != sizeof *p)
        return snn_error_set(err, SNN_EINVAL, "train", "call snn_train_params_init first");
    if (p->batch_size == 0 || max_steps == 0)
        return snn_error_set(err, SNN_EINVAL, "train",
                             "batch_size and max_steps must be at least 1");
    if (!(p->beta1 >= 0 && p->beta1 < 1 && p->beta2 >= 0 && p->beta2 < 1))
        return snn_error_set(err, SNN_EINVAL, "train", "beta1 and beta2 must lie in [0, 1)");
    if (!(p->lr_weight >= 0 && p->lr_weight_max >= 0 && p->lr_position >= 0 && p->eps >= 0 &&
          p->weight_decay >= 0 && p->gradient_clip >= 0))
        return snn_error_set(err, SNN_EINVAL, "train",
                             "rates, eps, weight_decay and gradient_clip must not be negative");
    return SNN_OK;
}

snn_status snn_trainer_create(snn_network *net, const snn_train_params *train, uint32_t max_steps,
                              snn_trainer **out, snn_error *err)
{
    snn_context *ctx = snn_network_context(net);
    const snn_network_params *shape = snn_network_get_params(net);
    snn_tape_params tape;
    snn_trainer *trainer = NULL;
    snn_status st;

    TRY(st, check_params(train, max_steps, err));
    TRY_ALLOC(st, ctx, trainer, 1);
    trainer->net = net;
    trainer->params = *train;
    trainer->final_epoch = snn_schedule_final_epoch(train);
    trainer->sigma_factor =
        snn_schedule_sigma_factor(initial_sigma(shape), train->sigma_final, trainer->final_epoch);
    snn_tape_params_init(&tape);
    tape.batch = train->batch_size;
    tape.steps = max_steps;
    tape.train = 1;
    TRY(st, snn_tape_create(net, &tape, &trainer->tape, err));
    TRY(st, snn_adam_create(net, trainer->tape, train->freeze_weights != 0, &trainer->adam, err));
    snn_trainer_begin_epoch(trainer, 0);
    *out = trainer;
    trainer = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "trainer",
                      "no memory for batches of %u samples and %u frames; lower train.batch_size",
                      (unsigned)train->batch_size, (unsigned)max_steps);
    snn_trainer_destroy(trainer);
    return st;
}

void snn_trainer_destroy(snn_trainer *trainer)
{
    if (trainer == NULL)
        return;
    snn_adam_destroy(trainer->adam);
    snn_tape_destroy(trainer->tape);
    snn_free(snn_network_context(trainer->net), trainer);
}

void snn_trainer_begin_epoch(snn_trainer *trainer, uint32_t epoch)
{
    const snn_train_params *p = &trainer->params;

    trainer->epoch = epoch;
    trainer->batch = 0;
    trainer->planned = net_plan_epoch(trainer->tape, epoch, &trainer->plan_error);
    trainer->weight = snn_schedule_rate(p->weight_schedule, p->lr_weight, p->lr_weight_max,
                                        p->beta1, epoch, p->epochs);
    trainer->position = snn_schedule_rate(p->position_schedule, p->lr_position, p->lr_position,
                                          p->beta1, epoch, p->epochs);
}

/* Add place and remedy to the finding that this step diverged. */
static snn_status diverged(const snn_trainer *trainer, const snn_error *cause, snn_error *err)
{
    char where[64];

    snprintf(where, sizeof where, "epoch %u, batch %u", trainer->epoch + 1, trainer->batch + 1);
    return snn_error_set(err, SNN_EDIVERGED, where,
                         "%s%s%.200s at learning rates %g (weights) and %g (positions): lower "
                         "train.lr_weight_max and train.lr_weight, or set train.gradient_clip",
                         cause->where, cause->where[0] != '\0' ? ": " : "", cause->what,
                         trainer->weight.lr, trainer->position.lr);
}

static snn_status update(snn_trainer *trainer, snn_error *err)
{
    const snn_train_params *p = &trainer->params;
    const snn_adam_rates rates = {
        .lr_weight = trainer->weight.lr,
        .beta1_weight = trainer->weight.beta1,
        .lr_position = trainer->position.lr,
        .beta1_position = trainer->position.beta1,
        .beta2 = p->beta2,
        .eps = p->eps,
        .weight_decay = p->weight_decay,
        .clip = p->gradient_clip,
    };
    snn_status st = snn_adam_step(trainer->adam, &rates, err);

    if (st == SNN_OK)
        snn_network_clamp(trainer->net);
    return st;
}

snn_status snn_trainer_step(snn_trainer *trainer, const snn_batch *batch, snn_step_result *out,
                            snn_error *err)
{
    const snn_pass pass = {SNN_MODE_TRAIN, trainer->params.seed, trainer->epoch};
    snn_step_result result;
    snn_error cause = {0};
    double start;
    snn_status st;

    cause = trainer->plan_error;
    TRY(st, trainer->planned);
    TRY(st, snn_forward(trainer->tape, batch, &pass, &cause));
    TRY(st, snn_loss_forward(trainer->tape, batch, &result.loss, &result.correct, &cause));
    TRY(st, snn_backward(trainer->tape, &cause));
    start = snn_seconds();
    TRY(st, update(trainer, &cause));
    net_lap(trainer->tape, SNN_PHASE_UPDATE, SNN_NO_LAYER, &start);
    trainer->batch++;
    *out = result;
done:
    if (st == SNN_EDIVERGED)
        return diverged(trainer, &cause, err);
    if (st != SNN_OK && err != NULL)
        *err = cause;
    return st;
}

void snn_trainer_end_epoch(snn_trainer *trainer)
{
    const uint32_t layers = snn_network_layers(trainer->net);

    if (trainer->epoch >= trainer->final_epoch)
        return;
    for (uint32_t l = 0; l < layers; l++) {
        char name[SNN_TENSOR_NAME];
        snn_tensor sigma;
        float *s;

        snprintf(name, sizeof name, "layer%u.sigma", (unsigned)l);
        if (snn_network_tensor(trainer->net, name, &sigma, NULL) != SNN_OK)
            continue;
        s = sigma.data;
        for (size_t i = 0; i < snn_tensor_size(&sigma); i++)
            if (s[i] > trainer->params.sigma_final)
                s[i] = (float)(s[i] * trainer->sigma_factor);
    }
}

size_t snn_trainer_parameter_count(const snn_trainer *trainer)
{
    const snn_network *net = trainer->net;
    size_t n = snn_network_parameter_count(net);

    for (uint32_t l = 0; trainer->params.freeze_weights && l < net->layers; l++)
        n -= (size_t)net->params.delay.kernel_count * net->layer[l].n_out * net->layer[l].fan_in;
    return n;
}

snn_status snn_trainer_loaded(snn_trainer *trainer, snn_error *err)
{
    return net_plan_again(trainer->tape, err);
}

snn_status snn_trainer_see(snn_trainer *trainer, const snn_batch *batch, snn_error *err)
{
    return net_plan_input(trainer->tape, batch, err);
}

snn_tape *snn_trainer_tape(snn_trainer *trainer)
{
    return trainer->tape;
}

snn_status snn_trainer_tensor_at(const snn_trainer *trainer, size_t i, snn_tensor *out)
{
    if (i == 0) {
        net_plan_tensor(trainer->tape, out);
        return SNN_OK;
    }
    return snn_adam_tensor_at(trainer->adam, i - 1, out);
}

uint64_t snn_trainer_updates(const snn_trainer *trainer)
{
    return snn_adam_updates(trainer->adam);
}

void snn_trainer_set_updates(snn_trainer *trainer, uint64_t updates)
{
    snn_adam_set_updates(trainer->adam, updates);
}

void snn_trainer_set_batch(snn_trainer *trainer, uint32_t batch)
{
    trainer->batch = batch;
}

void snn_trainer_rates(const snn_trainer *trainer, snn_rates *out)
{
    *out = (snn_rates){.lr_weight = trainer->weight.lr,
                       .lr_position = trainer->position.lr,
                       .beta1 = trainer->weight.beta1,
                       .sigma = current_sigma(trainer->net)};
}
