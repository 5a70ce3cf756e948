/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/adam.h"

#include "snn/kern/kern.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TILE       4096u /* elements; fixed, so that sums fold alike on any number of threads */
#define LINE       16u   /* floats in a cache line */
#define CLIP_GUARD 1e-6  /* keeps the clip factor finite; as torch.nn.utils.clip_grad_norm_ */

typedef enum group { GROUP_WEIGHT, GROUP_POSITION, GROUPS } group;

/* One trainable tensor. */
typedef struct slot {
    snn_tensor value, grad;
    float *m, *v;
    size_t n;
    group group;
    bool decays;
} slot;

typedef struct tile {
    uint32_t slot;
    uint32_t count;
    size_t first;
} tile;

struct snn_adam_state {
    snn_network *net;
    uint64_t updates;
    size_t n_slots, n_tiles;
    slot *slots;
    tile *tiles;
    double *sums; /* one a tile: its squared gradient norm */
    float *state;
    double norm;
    snn_adam update[GROUPS]; /* of this update */
};

/* Group of a network tensor by the last part of its name; false: it does not train. */
static bool trains(const snn_network_params *params, bool freeze_weights, const char *name,
                   slot *out)
{
    const char *part = strrchr(name, '.');

    part = part != NULL ? part + 1 : name;
    out->group = GROUP_WEIGHT;
    out->decays = false;
    if (strcmp(part, "weight") == 0) {
        out->decays = true;
        return !freeze_weights;
    }
    if (strcmp(part, "position") == 0) {
        out->group = GROUP_POSITION;
        return params->delay.mode == SNN_DELAYS_LEARNED;
    }
    if (strcmp(part, "tau_u") == 0 || strcmp(part, "tau_w") == 0)
        return params->neuron.train_tau;
    if (strcmp(part, "a") == 0 || strcmp(part, "b") == 0)
        return true;
    return strcmp(part, "bias") == 0 || strcmp(part, "gamma") == 0 || strcmp(part, "beta") == 0;
}

/* The trainable tensors and their gradients; with `slots` NULL only their number. */
static snn_status find_slots(snn_network *net, snn_tape *tape, bool freeze_weights, slot *slots,
                             size_t *n, snn_error *err)
{
    const snn_network_params *params = snn_network_get_params(net);
    snn_status st = SNN_OK;
    slot found = {0};

    *n = 0;
    for (size_t i = 0; snn_network_tensor_at(net, i, &found.value) == SNN_OK; i++) {
        char name[SNN_TENSOR_NAME + 8];

        if (!trains(params, freeze_weights, found.value.name, &found))
            continue;
        if (slots != NULL) {
            snprintf(name, sizeof name, "grad.%s", found.value.name);
            TRY(st, snn_tape_tensor(tape, name, &found.grad, err));
            found.n = snn_tensor_size(&found.value);
            SNN_ASSERT(found.n == snn_tensor_size(&found.grad));
            slots[*n] = found;
        }
        (*n)++;
    }
done:
    return st;
}

/* Cut the slots into tiles; with `tiles` NULL only count them. */
static size_t cut_tiles(const slot *slots, size_t n_slots, tile *tiles)
{
    size_t n = 0;

    for (size_t s = 0; s < n_slots; s++)
        for (size_t first = 0; first < slots[s].n; first += TILE, n++)
            if (tiles != NULL)
                tiles[n] = (tile){
                    .slot = (uint32_t)s,
                    .first = first,
                    .count = (uint32_t)(slots[s].n - first < TILE ? slots[s].n - first : TILE)};
    return n;
}

static size_t padded(size_t n)
{
    return snn_tiles(n, LINE) * LINE;
}

snn_status snn_adam_create(snn_network *net, snn_tape *tape, bool freeze_weights,
                           snn_adam_state **out, snn_error *err)
{
    snn_context *ctx = snn_network_context(net);
    const snn_memory purpose = snn_context_purpose(ctx, SNN_MEMORY_OPTIMISER);
    snn_adam_state *adam = NULL;
    snn_status st = SNN_OK;
    float *next;
    size_t n = 0;

    TRY_ALLOC(st, ctx, adam, 1);
    adam->net = net;
    TRY(st, find_slots(net, tape, freeze_weights, NULL, &adam->n_slots, err));
    TRY_ALLOC(st, ctx, adam->slots, adam->n_slots);
    TRY(st, find_slots(net, tape, freeze_weights, adam->slots, &adam->n_slots, err));
    adam->n_tiles = cut_tiles(adam->slots, adam->n_slots, NULL);
    TRY_ALLOC(st, ctx, adam->tiles, adam->n_tiles);
    TRY_ALLOC(st, ctx, adam->sums, adam->n_tiles);
    cut_tiles(adam->slots, adam->n_slots, adam->tiles);
    for (size_t s = 0; s < adam->n_slots; s++)
        n += 2 * padded(adam->slots[s].n);
    TRY_ALLOC(st, ctx, adam->state, n);
    next = adam->state;
    for (size_t s = 0; s < adam->n_slots; s++) {
        adam->slots[s].m = next;
        adam->slots[s].v = next + padded(adam->slots[s].n);
        next += 2 * padded(adam->slots[s].n);
    }
    *out = adam;
    adam = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "optimiser", "no memory for Adam's two moments of each parameter");
    snn_adam_destroy(adam);
    snn_context_purpose(ctx, purpose);
    return st;
}

void snn_adam_destroy(snn_adam_state *adam)
{
    snn_context *ctx;

    if (adam == NULL)
        return;
    ctx = snn_network_context(adam->net);
    snn_free(ctx, adam->state);
    snn_free(ctx, adam->sums);
    snn_free(ctx, adam->tiles);
    snn_free(ctx, adam->slots);
    snn_free(ctx, adam);
}

static void sum_squares(void *arg, size_t t, int worker)
{
    snn_adam_state *adam = arg;
    const tile *part = &adam->tiles[t];
    const float *g = (const float *)adam->slots[part->slot].grad.data + part->first;
    double sum = 0;

    (void)worker;
    for (size_t i = 0; i < part->count; i++)
        sum += (double)g[i] * g[i];
    adam->sums[t] = sum;
}

static void update_tile(void *arg, size_t t, int worker)
{
    snn_adam_state *adam = arg;
    const tile *part = &adam->tiles[t];
    const slot *s = &adam->slots[part->slot];
    snn_adam update = adam->update[s->group];

    (void)worker;
    if (!s->decays)
        update.decay = 0;
    snn_network_context(adam->net)->kern->adam(
        &update, part->count, (float *)s->value.data + part->first,
        (const float *)s->grad.data + part->first, s->m + part->first, s->v + part->first);
}

/* The kernel has 1 - beta in float, so the corrections start from the same floats. */
static snn_adam make_update(const snn_adam_rates *rates, double lr, double beta1, uint64_t k,
                            double scale)
{
    const float b1 = (float)beta1, b2 = (float)rates->beta2;

    return (snn_adam){
        .step = (float)(lr / (1.0 - pow(b1, (double)k))),
        .root = (float)(1.0 / sqrt(1.0 - pow(b2, (double)k))),
        .beta1 = b1,
        .beta2 = b2,
        .eps = (float)rates->eps,
        .decay = (float)rates->weight_decay,
        .gradient_scale = (float)scale,
    };
}

/* Name the tensor whose gradient is not finite. */
static snn_status blame(const snn_adam_state *adam, snn_error *err)
{
    for (size_t t = 0; t < adam->n_tiles; t++)
        if (!isfinite(adam->sums[t]))
            return snn_error_set(err, SNN_EDIVERGED, adam->slots[adam->tiles[t].slot].grad.name,
                                 "the gradient is not finite");
    return snn_error_set(err, SNN_EDIVERGED, NULL, "the gradient's norm is not finite");
}

snn_status snn_adam_step(snn_adam_state *adam, const snn_adam_rates *rates, snn_error *err)
{
    const snn_context *ctx = snn_network_context(adam->net);
    double sum = 0, scale = 1;
    uint64_t k;

    snn_parallel(ctx, adam->n_tiles, SNN_ELEMENT * TILE * (double)adam->n_tiles, sum_squares, adam);
    for (size_t t = 0; t < adam->n_tiles; t++)
        sum += adam->sums[t];
    adam->norm = sqrt(sum);
    if (!isfinite(adam->norm))
        return blame(adam, err);
    if (rates->clip > 0 && adam->norm > rates->clip)
        scale = rates->clip / (adam->norm + CLIP_GUARD);
    k = ++adam->updates;
    adam->update[GROUP_WEIGHT] =
        make_update(rates, rates->lr_weight, rates->beta1_weight, k, scale);
    adam->update[GROUP_POSITION] =
        make_update(rates, rates->lr_position, rates->beta1_position, k, scale);
    snn_parallel(ctx, adam->n_tiles, SNN_ELEMENT * TILE * (double)adam->n_tiles, update_tile, adam);
    return SNN_OK;
}

double snn_adam_norm(const snn_adam_state *adam)
{
    return adam->norm;
}

snn_status snn_adam_tensor_at(const snn_adam_state *adam, size_t i, snn_tensor *out)
{
    const slot *s;

    if (i / 2 >= adam->n_slots)
        return SNN_ENOTFOUND;
    s = &adam->slots[i / 2];
    *out = s->value;
    out->data = i % 2 == 0 ? s->m : s->v;
    out->unit = "1";
    snprintf(out->name, sizeof out->name, "adam.%.*s.%s", SNN_TENSOR_NAME - 8, s->value.name,
             i % 2 == 0 ? "m" : "v");
    return SNN_OK;
}

uint64_t snn_adam_updates(const snn_adam_state *adam)
{
    return adam->updates;
}

void snn_adam_set_updates(snn_adam_state *adam, uint64_t updates)
{
    adam->updates = updates;
}
