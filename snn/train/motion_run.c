/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Training a layer that sees motion.  Files and their order are those of run.c: metrics.csv,
 * model.h5 when the epoch is the best, checkpoint.h5; a kill loses only what came after the
 * last checkpoint, and the resumed run repeats it with the same bits.
 */
#include "snn/train/motion_run.h"

#include "snn/base/replace_file.h"
#include "snn/kern/kern.h"
#include "snn/train/schedule.h"

#include <snn/random.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UPDATE_TILE 8192u

typedef struct {
    snn_context *ctx;
    const snn_train_params *train;
    const snn_run_params *params;
    const snn_movies *movies, *valid, *test;
    snn_motion_state state;
    snn_motion_tape *tape;
    snn_movie *batch;
    uint32_t *order, *scratch; /* [movies] */
    uint32_t batches;
    bool writes;
    char config_yaml[SNN_PATH], metrics_csv[SNN_PATH], model_h5[SNN_PATH], checkpoint_h5[SNN_PATH];
    double start, epoch_start;
    snn_adam update;
} run;

/* ---- movies of an epoch --------------------------------------------------------------- */

/*
 * Movie i is of class i mod classes.  Each class is permuted by itself, so that a batch of
 * whole rounds has all classes equally often.
 */
static void shuffle(run *r, uint32_t epoch)
{
    const uint32_t classes = r->state.motion->classes, n = snn_movies_count(r->movies);
    const uint32_t rounds = n / classes;

    for (uint32_t i = 0; i < n; i++)
        r->order[i] = i;
    for (uint32_t c = 0; c < classes && rounds > 1; c++) {
        const snn_key key = {r->train->seed + ((uint64_t)c << 32), SNN_STREAM_SHUFFLE};

        snn_random_permutation(key, epoch, rounds, r->scratch);
        for (uint32_t k = 0; k < rounds; k++)
            r->order[k * classes + c] = r->scratch[k] * classes + c;
    }
}

static uint64_t digest(const snn_movies *movies)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a over counts, places and labels */

    for (uint32_t i = 0; i < snn_movies_count(movies); i++) {
        const snn_movie *movie = snn_movies_get(movies, i);
        const uint32_t n = movie->first[2 * movie->steps];

        for (uint32_t k = 0; k <= 2 * movie->steps; k++)
            hash = (hash ^ movie->first[k]) * 0x100000001b3u;
        for (uint32_t e = 0; e < n; e++)
            hash = (hash ^ ((uint32_t)movie->x[e] << 16 | movie->y[e])) * 0x100000001b3u;
        for (uint32_t t = 0; t < movie->steps; t++)
            hash = (hash ^ movie->label[t]) * 0x100000001b3u;
    }
    return hash;
}

/* ---- one step ----------------------------------------------------------------------------- */

static void update_tile(void *arg, size_t tile, int worker)
{
    const run *r = arg;
    const snn_motion_state *s = &r->state;
    const size_t n = snn_motion_floats(s->motion), at = tile * UPDATE_TILE;
    const size_t some = n - at < UPDATE_TILE ? n - at : UPDATE_TILE;

    (void)worker;
    r->ctx->kern->adam(&r->update, some, s->motion->block + at, r->tape->g_block + at, s->m + at,
                       s->v + at);
}

static void update(run *r)
{
    const snn_train_params *p = r->train;
    snn_motion_state *s = &r->state;
    const snn_rate rate = snn_schedule_rate(p->weight_schedule, p->lr_weight, p->lr_weight_max,
                                            p->beta1, s->epoch, p->epochs);
    const size_t n = snn_motion_floats(s->motion);
    const double k = (double)++s->updates;

    r->update = (snn_adam){.step = (float)(rate.lr / (1.0 - pow(rate.beta1, k))),
                           .root = (float)(1.0 / sqrt(1.0 - pow((double)p->beta2, k))),
                           .beta1 = (float)rate.beta1,
                           .beta2 = p->beta2,
                           .eps = p->eps,
                           .decay = p->weight_decay,
                           .gradient_scale = 1.0f};
    snn_parallel(r->ctx, snn_tiles(n, UPDATE_TILE), SNN_ELEMENT * (double)n, update_tile, r);
    snn_motion_clip(s->motion);
    snn_motion_hold(s->motion);
}

static snn_status step(run *r, snn_error *err)
{
    snn_motion_state *s = &r->state;
    const uint32_t size = r->train->batch_size, first = s->batch * size;
    const uint32_t all = snn_movies_count(r->movies);
    const uint32_t n = all - first < size ? all - first : size;
    snn_error cause = {0};
    double loss;
    snn_status st;

    for (uint32_t i = 0; i < n; i++)
        r->batch[i] = *snn_movies_get(r->movies, r->order[first + i]);
    TRY(st, snn_motion_forward(r->tape, r->batch, n, &cause));
    TRY(st, snn_motion_backward(r->tape, &loss, &cause));
    update(r);
    s->loss_sum += loss;
    s->batch++;
done:
    if (st == SNN_EDIVERGED)
        return snn_error_set(err, st, "motion", "epoch %u, batch %u: %.200s; lower train.lr_weight",
                             s->epoch + 1, s->batch + 1, cause.what);
    if (st != SNN_OK && err != NULL)
        *err = cause;
    return st;
}

/* ---- an epoch -------------------------------------------------------------------------------- */

static snn_status interrupt(run *r, snn_error *err)
{
    snn_motion_state *s = &r->state;
    snn_status st = SNN_OK;

    if (r->writes) {
        s->seconds += snn_seconds() - r->epoch_start;
        st = snn_motion_checkpoint_save(s, r->checkpoint_h5, err);
    }
    if (st != SNN_OK)
        return st;
    return snn_error_set(err, SNN_EINTERRUPTED, r->params->folder,
                         "stopped in epoch %u after %u batches%s", s->epoch + 1, s->batch,
                         r->writes ? "; resume goes on from here" : "");
}

static void report_batch(const run *r, uint32_t done_here)
{
    const snn_motion_state *s = &r->state;
    const double seconds = snn_seconds() - r->epoch_start;
    const double a_batch = done_here > 0 ? seconds / done_here : 0.0;
    const double left = (double)(r->train->epochs - s->epoch) * r->batches - s->batch;
    const snn_batch_report report = {.epoch = s->epoch + 1,
                                     .epochs = r->train->epochs,
                                     .batch = s->batch,
                                     .batches = r->batches,
                                     .loss = s->loss_sum / s->batch,
                                     .accuracy = NAN,
                                     .samples_per_second =
                                         a_batch > 0 ? r->train->batch_size / a_batch : 0,
                                     .seconds_left = left * a_batch};

    if (r->params->on_batch != NULL)
        r->params->on_batch(r->params->user, &report);
}

static snn_status train_batches(run *r, snn_error *err)
{
    snn_motion_state *s = &r->state;
    snn_status st = SNN_OK;

    shuffle(r, s->epoch);
    for (uint32_t here = 1; s->batch < r->batches; here++) {
        TRY(st, step(r, err));
        report_batch(r, here);
        if (r->params->stop != NULL && r->params->stop(r->params->user))
            TRY(st, interrupt(r, err));
    }
done:
    return st;
}

static bool is_best(const run *r, const snn_epoch_report *report)
{
    const snn_motion_state *s = &r->state;

    if (r->valid == NULL || s->best_epoch == 0)
        return true;
    if (report->valid_accuracy != s->best_accuracy)
        return report->valid_accuracy > s->best_accuracy;
    return report->valid_loss < s->best_loss;
}

static snn_status finish_epoch(run *r, snn_epoch_report *report, snn_error *err)
{
    snn_motion_state *s = &r->state;
    const size_t n = snn_motion_floats(s->motion);
    snn_status st = SNN_OK;

    report->best = is_best(r, report);
    report->seconds = s->seconds + snn_seconds() - r->epoch_start;
    if (report->best) {
        s->best_epoch = report->epoch;
        s->best_accuracy = report->valid_accuracy;
        s->best_loss = report->valid_loss;
        memcpy(s->best, s->motion->block, n * sizeof *s->best);
    }
    if (r->writes) {
        TRY(st, snn_metrics_append(r->metrics_csv, report, err));
        if (report->best)
            TRY(st, snn_motion_save(s->motion, s->config, r->model_h5, err));
    }
    s->epoch++;
    s->batch = 0;
    s->loss_sum = s->seconds = 0;
    if (r->writes)
        TRY(st, snn_motion_checkpoint_save(s, r->checkpoint_h5, err));
done:
    return st;
}

static snn_status run_epoch(run *r, snn_error *err)
{
    snn_motion_state *s = &r->state;
    const snn_train_params *p = r->train;
    const snn_rate rate = snn_schedule_rate(p->weight_schedule, p->lr_weight, p->lr_weight_max,
                                            p->beta1, s->epoch, p->epochs);
    snn_epoch_report report = {.epoch = s->epoch + 1,
                               .epochs = p->epochs,
                               .train_accuracy = NAN,
                               .rates = {.lr_weight = rate.lr, .beta1 = rate.beta1}};
    snn_motion_evaluation valid = {.loss = NAN, .accuracy = NAN};
    snn_status st;

    r->epoch_start = snn_seconds();
    TRY(st, train_batches(r, err));
    if (r->valid != NULL) {
        st = snn_motion_evaluate_on(r->tape, r->valid, r->params->stop, r->params->user, &valid,
                                    NULL, err);
        TRY(st, st == SNN_EINTERRUPTED ? interrupt(r, err) : st);
    }
    report.loss = s->loss_sum / r->batches;
    report.valid_loss = valid.loss;
    report.valid_accuracy = valid.accuracy;
    TRY(st, finish_epoch(r, &report, err));
    if (r->params->on_epoch != NULL)
        r->params->on_epoch(r->params->user, &report);
done:
    return st;
}

/* ---- the run ------------------------------------------------------------------------------- */

static snn_status open_folder(run *r, snn_error *err)
{
    const char *folder = r->params->folder;
    char *text = NULL;
    snn_status st = SNN_OK;

    r->writes = folder != NULL;
    if (!r->writes)
        return SNN_OK;
    TRY(st, snn_make_folder(folder, err));
    TRY(st, snn_path_join(r->config_yaml, folder, "config.yaml", err));
    TRY(st, snn_path_join(r->metrics_csv, folder, "metrics.csv", err));
    TRY(st, snn_path_join(r->model_h5, folder, "model.h5", err));
    TRY(st, snn_path_join(r->checkpoint_h5, folder, "checkpoint.h5", err));
    if (r->params->resume && access(r->checkpoint_h5, F_OK) == 0) {
        TRY(st, snn_motion_checkpoint_load(&r->state, r->checkpoint_h5, err));
    } else {
        unlink(r->checkpoint_h5);
        unlink(r->model_h5);
        TRY(st, snn_config_text(r->ctx, r->state.config, &text));
        TRY(st, snn_replace_file(r->ctx, r->config_yaml, text, strlen(text), err));
    }
    TRY(st, snn_metrics_begin(r->ctx, r->metrics_csv, r->state.epoch, err));
done:
    snn_free(r->ctx, text);
    return st;
}

static void restore_best(run *r)
{
    snn_motion_state *s = &r->state;

    if (s->best_epoch > 0)
        memcpy(s->motion->block, s->best, snn_motion_floats(s->motion) * sizeof *s->best);
}

/* model.h5 may be of a later epoch than the checkpoint: write it again. */
static snn_status resume_model(run *r, snn_error *err)
{
    snn_motion_state *s = &r->state;
    const size_t n = snn_motion_floats(s->motion);
    float *now = NULL;
    snn_status st = SNN_OK;

    if (!r->writes || s->best_epoch == 0)
        return SNN_OK;
    TRY_ALLOC(st, r->ctx, now, n);
    memcpy(now, s->motion->block, n * sizeof *now);
    restore_best(r);
    st = snn_motion_save(s->motion, s->config, r->model_h5, err);
    memcpy(s->motion->block, now, n * sizeof *now);
done:
    snn_free(r->ctx, now);
    return st;
}

/* All but the layer itself and the files. */
static snn_status create_rest(run *r, const snn_config *config, snn_error *err)
{
    snn_motion_state *s = &r->state;
    const uint32_t movies = snn_movies_count(r->movies);
    const size_t n = snn_motion_floats(s->motion);
    snn_status st;

    TRY_ALLOC(st, r->ctx, s->m, n);
    TRY_ALLOC(st, r->ctx, s->v, n);
    TRY_ALLOC(st, r->ctx, s->best, n);
    TRY_ALLOC(st, r->ctx, r->batch, r->train->batch_size);
    TRY_ALLOC(st, r->ctx, r->order, movies);
    TRY_ALLOC(st, r->ctx, r->scratch, movies);
    TRY(st, snn_motion_tape_create(s->motion, r->train->batch_size, 1, &r->tape, err));
    r->batches = (uint32_t)snn_tiles(movies, r->train->batch_size);
    s->config = config;
done:
    return st;
}

static snn_status create(run *r, const snn_config *config, snn_error *err)
{
    snn_motion_state *s = &r->state;
    snn_status st;

    TRY(st, snn_config_check(config, err));
    TRY(st, snn_motion_create(r->ctx, &config->motion, config->train.seed, &s->motion, err));
    TRY(st, create_rest(r, config, err));
    s->digest = digest(r->movies);
    TRY(st, open_folder(r, err)); /* last: a run that cannot begin removes nothing */
    TRY(st, resume_model(r, err));
done:
    return st;
}

static snn_status finish(run *r, snn_run_result *out, snn_error *err)
{
    const snn_motion_state *s = &r->state;
    snn_motion_evaluation test = {.loss = NAN, .accuracy = NAN};
    snn_status st = SNN_OK;

    restore_best(r);
    if (r->test != NULL)
        TRY(st, snn_motion_evaluate_on(r->tape, r->test, r->params->stop, r->params->user, &test,
                                       NULL, err));
    memset(out, 0, sizeof *out);
    out->protocol = "clean";
    out->seed = r->train->seed;
    snprintf(out->chosen_by, sizeof out->chosen_by, "%s",
             r->valid != NULL ? "validation movies" : "last epoch");
    out->test_samples = test.movies;
    out->valid_samples = r->valid != NULL ? snn_movies_count(r->valid) : 0;
    out->test_accuracy = test.accuracy;
    out->test_loss = test.loss;
    out->valid_accuracy = r->valid != NULL ? s->best_accuracy : NAN;
    out->best_epoch = s->best_epoch;
    out->epochs = s->epoch;
    out->seconds = snn_seconds() - r->start;
    snn_result_intervals(out, NULL);
done:
    return st;
}

static snn_status begin(snn_context *ctx, const snn_config *config, const snn_movies *movies,
                        const snn_run_params *params, run **out, snn_error *err)
{
    run *r = NULL;
    snn_status st = SNN_OK;

    if (params->size != sizeof *params)
        return snn_error_set(err, SNN_EINVAL, "run", "call snn_run_params_init first");
    if (snn_movies_count(movies) == 0)
        return snn_error_set(err, SNN_EINVAL, "movies", "there are none to train on");
    TRY_ALLOC(st, ctx, r, 1);
    r->ctx = ctx;
    r->train = &config->train;
    r->params = params;
    r->movies = movies;
    r->start = snn_seconds();
    *out = r;
done:
    return st;
}

/* All but the layer. */
static void end(run *r)
{
    if (r == NULL)
        return;
    snn_motion_tape_destroy(r->tape);
    snn_free(r->ctx, r->scratch);
    snn_free(r->ctx, r->order);
    snn_free(r->ctx, r->batch);
    snn_free(r->ctx, r->state.best);
    snn_free(r->ctx, r->state.v);
    snn_free(r->ctx, r->state.m);
    snn_free(r->ctx, r);
}

snn_status snn_motion_train(snn_context *ctx, const snn_config *config, const snn_movies *train,
                            const snn_movies *valid, const snn_movies *test,
                            const snn_run_params *params, snn_run_result *out, snn_error *err)
{
    run *r = NULL;
    snn_run_params defaults;
    snn_status st;

    if (params == NULL) {
        snn_run_params_init(&defaults);
        params = &defaults;
    }
    TRY(st, begin(ctx, config, train, params, &r, err));
    r->valid = valid;
    r->test = test;
    TRY(st, create(r, config, err));
    while (r->state.epoch < r->train->epochs)
        TRY(st, run_epoch(r, err));
    TRY(st, finish(r, out, err));
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "run", "no memory; a smaller train.batch_size needs less");
    if (r != NULL)
        snn_motion_destroy(r->state.motion);
    end(r);
    return st;
}

snn_status snn_motion_tune(snn_motion *motion, const snn_config *config, const snn_movies *movies,
                           uint32_t epochs, const snn_run_params *params, snn_error *err)
{
    snn_config short_run = *config;
    run *r = NULL;
    snn_run_params defaults;
    snn_status st;

    if (params == NULL) {
        snn_run_params_init(&defaults);
        params = &defaults;
    }
    short_run.train.epochs = epochs > 0 ? epochs : 1;
    TRY(st, begin(motion->ctx, &short_run, movies, params, &r, err));
    r->state.motion = motion;
    TRY(st, create_rest(r, &short_run, err));
    while (r->state.epoch < epochs) {
        r->epoch_start = snn_seconds();
        TRY(st, train_batches(r, err));
        r->state.epoch++;
        r->state.batch = 0;
        r->state.loss_sum = 0;
    }
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "run", "no memory; a smaller train.batch_size needs less");
    end(r);
    return st;
}
