/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/augment.h"

#include <snn/random.h>
#include <snn/train.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* One batch is with the consumer while the thread fills the other.  A third
 * would cost another batch of memory and only help if reading were slower than
 * the step now and then but not on average. */
#define BUFFERS 2

/* A buffer goes FREE -> (thread) -> READY -> (consumer) HELD -> FREE. */
typedef enum phase { PHASE_FREE, PHASE_READY, PHASE_HELD } phase;

typedef struct buffer {
    phase phase;
    snn_status status;
    snn_error error;
    snn_batch batch;
    float *x;
    uint32_t *label, *length, *sample;
    uint32_t *label2; /* with augmentation */
    float *mix;
} buffer;

/*
 * Shared between the two threads under `lock`: pass, running, busy, quit and the
 * buffers' phases.  Everything else of a buffer belongs to the thread while FREE
 * and to the consumer while READY or HELD; `order` changes only when the thread
 * is not busy.
 */
struct snn_loader {
    snn_context *ctx;
    snn_dataset *dataset;
    snn_split split;
    uint32_t n_inputs, max_steps;
    uint32_t count, batch_size, batches;
    uint32_t *index;       /* the selection, in its given order */
    uint32_t *permutation; /* of a shuffled pass */
    uint32_t *order;       /* of this pass: places in the selection */
    void *scratch;
    snn_augmenter *augmenter; /* or NULL: samples as they are */
    bool mixes;               /* its samples have two labels */
    uint64_t seed;            /* of this pass, and its epoch */
    uint32_t epoch;
    buffer buffers[BUFFERS];
    uint32_t next_out; /* batch that the consumer gets next */
    double waited;     /* seconds that the consumer did, in this pass */

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t to_thread, to_consumer;
    bool has_lock, has_thread;
    bool running; /* a pass is on: the thread may fill buffers */
    bool busy;    /* the thread is filling one */
    bool quit;
    atomic_bool cancel; /* leave the batch being filled: nobody wants it any more */
    uint32_t next_in;   /* batch that the thread fills next */
};

/* ---- the thread --------------------------------------------------------- */

static snn_status read_failed(snn_loader *l, uint32_t index, snn_status st, snn_error *err)
{
    char key[SNN_ERROR_WHERE - 64], where[SNN_ERROR_WHERE];
    snn_error cause = *err;

    if (snn_dataset_key(l->dataset, l->split, index, key, sizeof key) != SNN_OK)
        key[0] = '\0';
    snprintf(where, sizeof where, "%s[%u]%s%s", snn_split_name(l->split), (unsigned)index,
             key[0] != '\0' ? " " : "", key);
    return snn_error_set(err, st, where, "%.200s%s%.250s", cause.where,
                         cause.where[0] != '\0' ? ": " : "",
                         cause.what[0] != '\0' ? cause.what : snn_status_text(st));
}

/* Frames of sample b into column b of x[T, B, N], which is all zero. */
static void place(const snn_sample *s, float *x, uint32_t b, uint32_t batch, uint32_t n_inputs)
{
    for (uint32_t t = 0; t < s->steps; t++) {
        float *row = x + ((size_t)t * batch + b) * n_inputs;

        if (s->frames != NULL) {
            memcpy(row, s->frames + (size_t)t * n_inputs, n_inputs * sizeof *row);
            continue;
        }
        for (uint32_t k = s->first[t]; k < s->first[t + 1]; k++)
            row[s->unit[k]] += s->count[k];
    }
}

/* Sample `position` of the selection, and what becomes of it. */
static snn_status read_sample(snn_loader *l, uint32_t position, snn_sample *sample,
                              snn_augment_plan *plan, snn_error *err)
{
    uint32_t index = l->index[position];
    snn_status st = snn_dataset_read(l->dataset, l->split, index, l->scratch, sample, err);

    if (st == SNN_OK && sample->steps > l->max_steps)
        st = snn_error_set(err, SNN_EFORMAT, NULL, "%u frames, but at most %u were announced",
                           (unsigned)sample->steps, (unsigned)l->max_steps);
    if (st == SNN_OK && l->augmenter != NULL)
        st = snn_augment_plan_make(l->augmenter, l->seed, l->epoch, position, sample, plan, &index,
                                   err);
    return st == SNN_OK ? SNN_OK : read_failed(l, index, st, err);
}

/*
 * Samples come in one reading: rows are cleared only as far as the longest
 * sample so far reaches, so that no second look at a sample is needed.
 */
static snn_status fill(snn_loader *l, buffer *out, uint32_t batch)
{
    const uint32_t first = batch * l->batch_size;
    const uint32_t n = l->count - first < l->batch_size ? l->count - first : l->batch_size;
    const size_t row = (size_t)n * l->n_inputs;
    uint32_t steps = 0;
    snn_augment_plan plan;
    snn_sample sample;
    snn_status st;

    for (uint32_t b = 0; b < n; b++) {
        const uint32_t position = l->order[first + b];
        uint32_t length;

        if (atomic_load(&l->cancel))
            return SNN_EINTERRUPTED;
        out->error = (snn_error){0};
        st = read_sample(l, position, &sample, &plan, &out->error);
        if (st != SNN_OK)
            return st;
        length = l->augmenter != NULL ? plan.steps : sample.steps;
        if (length > steps) {
            memset(out->x + steps * row, 0, (length - steps) * row * sizeof *out->x);
            steps = length;
        }
        out->label[b] = sample.label;
        out->length[b] = length;
        out->sample[b] = l->index[position];
        if (l->augmenter == NULL) {
            place(&sample, out->x, b, n, l->n_inputs);
            continue;
        }
        snn_augment_place(&plan, out->x, b, n, l->n_inputs);
        out->label2[b] = plan.label2;
        out->mix[b] = plan.mix;
    }
    if (steps == 0) { /* a network needs a frame to run on, if an empty one */
        memset(out->x, 0, row * sizeof *out->x);
        steps = 1;
    }
    out->batch = (snn_batch){.batch = n,
                             .steps = steps,
                             .x = out->x,
                             .label = out->label,
                             .length = out->length,
                             .sample = out->sample,
                             .label2 = l->mixes ? out->label2 : NULL,
                             .mix = l->mixes ? out->mix : NULL};
    return SNN_OK;
}

static void *work(void *arg)
{
    snn_loader *l = arg;

    pthread_mutex_lock(&l->lock);
    while (!l->quit) {
        buffer *out = &l->buffers[l->next_in % BUFFERS];
        snn_status st;

        if (!l->running || l->next_in >= l->batches || out->phase != PHASE_FREE) {
            pthread_cond_wait(&l->to_thread, &l->lock);
            continue;
        }
        l->busy = true;
        pthread_mutex_unlock(&l->lock);
        st = fill(l, out, l->next_in);
        pthread_mutex_lock(&l->lock);
        l->busy = false;
        out->status = st;
        out->phase = PHASE_READY;
        l->next_in = st == SNN_OK ? l->next_in + 1 : UINT32_MAX; /* a failure ends the pass */
        pthread_cond_broadcast(&l->to_consumer);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- the consumer ------------------------------------------------------- */

static snn_status select_samples(snn_loader *l, const uint32_t *index, snn_error *err)
{
    const uint32_t have = snn_dataset_get_info(l->dataset)->count[l->split];
    snn_status st = SNN_OK;

    TRY_ALLOC(st, l->ctx, l->index, l->count);
    TRY_ALLOC(st, l->ctx, l->order, l->count);
    TRY_ALLOC(st, l->ctx, l->permutation, l->count);
    for (uint32_t i = 0; i < l->count; i++) {
        l->index[i] = index != NULL ? index[i] : i;
        if (l->index[i] >= have)
            TRY(st, snn_error_set(err, SNN_EINVAL, snn_split_name(l->split),
                                  "sample %u does not exist: the split has %u",
                                  (unsigned)l->index[i], (unsigned)have));
    }
done:
    return st;
}

static snn_status make_buffers(snn_loader *l, size_t scratch_bytes)
{
    const size_t cells = (size_t)l->max_steps * l->n_inputs; /* two 32-bit factors: no overflow */
    const uint32_t most = l->batch_size < l->count ? l->batch_size : l->count;
    snn_status st = SNN_OK;

    if (scratch_bytes > 0) {
        l->scratch = snn_alloc(l->ctx, 1, scratch_bytes);
        if (l->scratch == NULL)
            return SNN_ENOMEM;
    }
    if (cells > SIZE_MAX / sizeof(float))
        return SNN_ENOMEM;
    for (int i = 0; i < BUFFERS; i++) {
        buffer *b = &l->buffers[i];

        b->x = snn_alloc(l->ctx, most, cells * sizeof *b->x);
        if (b->x == NULL)
            return SNN_ENOMEM;
        TRY_ALLOC(st, l->ctx, b->label, most);
        TRY_ALLOC(st, l->ctx, b->length, most);
        TRY_ALLOC(st, l->ctx, b->sample, most);
    }
done:
    return st;
}

/* The thread takes no signals: Ctrl-C is for the program's own. */
static snn_status start_thread(snn_loader *l, snn_error *err)
{
    sigset_t all, before;
    int failed;

    if (pthread_mutex_init(&l->lock, NULL) != 0)
        return snn_error_set(err, SNN_ENOMEM, "loader", "no mutex");
    l->has_lock = true;
    pthread_cond_init(&l->to_thread, NULL);
    pthread_cond_init(&l->to_consumer, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&l->thread, NULL, work, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return snn_error_set(err, SNN_ENOMEM, "loader", "no thread: %s", strerror(failed));
    l->has_thread = true;
    return SNN_OK;
}

snn_status snn_loader_create(snn_context *ctx, snn_dataset *dataset, snn_split split,
                             const uint32_t *index, uint32_t count, uint32_t batch_size,
                             snn_loader **out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    const snn_memory purpose = snn_context_purpose(ctx, SNN_MEMORY_BATCHES);
    snn_loader *l = NULL;
    snn_status st = SNN_OK;

    if ((unsigned)split >= SNN_SPLITS || batch_size == 0)
        TRY(st, snn_error_set(err, SNN_EINVAL, "loader", "no such split, or batches of 0 samples"));
    TRY_ALLOC(st, ctx, l, 1);
    l->ctx = ctx;
    l->dataset = dataset;
    l->split = split;
    l->n_inputs = info->n_inputs;
    l->max_steps = info->max_steps > 0 ? info->max_steps : 1;
    l->count = index != NULL ? count : info->count[split];
    l->batch_size = batch_size;
    l->batches = (uint32_t)snn_tiles(l->count, batch_size);
    l->next_in = l->next_out = l->batches;
    TRY(st, select_samples(l, index, err));
    TRY(st, make_buffers(l, info->scratch_bytes));
    TRY(st, start_thread(l, err));
    *out = l;
    l = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "loader",
                      "no memory for batches of %u samples, %u frames, %u inputs",
                      (unsigned)batch_size, (unsigned)info->max_steps, (unsigned)info->n_inputs);
    snn_loader_destroy(l);
    snn_context_purpose(ctx, purpose);
    return st;
}

snn_status snn_loader_augment(snn_loader *l, const snn_augment_params *params, snn_error *err)
{
    const uint32_t most = l->batch_size < l->count ? l->batch_size : l->count;
    snn_augmenter *augmenter = NULL;
    snn_status st = SNN_OK;

    if (params->blend > 0 || params->channel_shift > 0 || params->speed > 0 || params->roll > 0 ||
        params->cutmix > 0 || params->time_mask > 0 || params->neuron_mask > 0 || params->noise > 0)
        TRY(st, snn_augmenter_create(l->ctx, params, l->dataset, l->split, l->index, l->count,
                                     &augmenter, err));
    for (int i = 0; i < BUFFERS && augmenter != NULL; i++) {
        buffer *b = &l->buffers[i];

        if (b->label2 == NULL)
            TRY_ALLOC(st, l->ctx, b->label2, most);
        if (b->mix == NULL)
            TRY_ALLOC(st, l->ctx, b->mix, most);
    }
    pthread_mutex_lock(&l->lock);
    snn_augmenter_destroy(l->augmenter);
    l->augmenter = augmenter;
    l->mixes = params->cutmix > 0;
    pthread_mutex_unlock(&l->lock);
    augmenter = NULL;
done:
    snn_augmenter_destroy(augmenter);
    return st;
}

void snn_loader_destroy(snn_loader *l)
{
    if (l == NULL)
        return;
    if (l->has_thread) {
        pthread_mutex_lock(&l->lock);
        l->quit = true;
        atomic_store(&l->cancel, true);
        pthread_cond_signal(&l->to_thread);
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->thread, NULL);
    }
    if (l->has_lock) {
        pthread_cond_destroy(&l->to_consumer);
        pthread_cond_destroy(&l->to_thread);
        pthread_mutex_destroy(&l->lock);
    }
    for (int i = BUFFERS - 1; i >= 0; i--) {
        snn_free(l->ctx, l->buffers[i].mix);
        snn_free(l->ctx, l->buffers[i].label2);
        snn_free(l->ctx, l->buffers[i].sample);
        snn_free(l->ctx, l->buffers[i].length);
        snn_free(l->ctx, l->buffers[i].label);
        snn_free(l->ctx, l->buffers[i].x);
    }
    snn_augmenter_destroy(l->augmenter);
    snn_free(l->ctx, l->scratch);
    snn_free(l->ctx, l->permutation);
    snn_free(l->ctx, l->order);
    snn_free(l->ctx, l->index);
    snn_free(l->ctx, l);
}

snn_status snn_loader_start(snn_loader *l, int shuffle, uint64_t seed, uint32_t epoch,
                            uint32_t skip, snn_error *err)
{
    const snn_key key = {seed, SNN_STREAM_SHUFFLE};

    if (skip > l->batches)
        return snn_error_set(err, SNN_EINVAL, "loader", "cannot skip %u of %u batches",
                             (unsigned)skip, (unsigned)l->batches);
    pthread_mutex_lock(&l->lock);
    l->running = false;
    atomic_store(&l->cancel, true);
    while (l->busy)
        pthread_cond_wait(&l->to_consumer, &l->lock);
    atomic_store(&l->cancel, false);
    if (shuffle)
        snn_random_permutation(key, epoch, l->count, l->permutation);
    for (uint32_t i = 0; i < l->count; i++)
        l->order[i] = shuffle ? l->permutation[i] : i;
    l->seed = seed;
    l->epoch = epoch;
    for (int i = 0; i < BUFFERS; i++)
        l->buffers[i].phase = PHASE_FREE;
    l->next_in = l->next_out = skip;
    l->waited = 0;
    l->running = true;
    pthread_cond_signal(&l->to_thread);
    pthread_mutex_unlock(&l->lock);
    return SNN_OK;
}

snn_status snn_loader_next(snn_loader *l, const snn_batch **out, snn_error *err)
{
    buffer *b;
    double start;
    snn_status st = SNN_OK;

    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < BUFFERS; i++)
        if (l->buffers[i].phase == PHASE_HELD)
            l->buffers[i].phase = PHASE_FREE;
    pthread_cond_signal(&l->to_thread);
    if (l->next_out >= l->batches) {
        *out = NULL;
        goto done;
    }
    b = &l->buffers[l->next_out % BUFFERS];
    start = snn_seconds();
    while (b->phase != PHASE_READY)
        pthread_cond_wait(&l->to_consumer, &l->lock);
    l->waited += snn_seconds() - start;
    if (b->status != SNN_OK) { /* stays READY: asking again tells the same */
        st = b->status;
        if (err != NULL)
            *err = b->error;
        goto done;
    }
    b->phase = PHASE_HELD;
    l->next_out++;
    *out = &b->batch;
done:
    pthread_mutex_unlock(&l->lock);
    return st;
}

double snn_loader_waited(const snn_loader *l)
{
    return l->waited;
}

uint32_t snn_loader_batches(const snn_loader *l)
{
    return l->batches;
}
