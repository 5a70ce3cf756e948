/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of movies: made in parallel, kept as events. */
#include "datasets/stimulus.h"

#include "datasets/movie_set.h"

#include <math.h>
#include <string.h>

#define MOVIES_A_THREAD 8u /* between two reports of progress */

typedef struct {
    snn_context *ctx;
    const snn_motion_params *params;
    uint64_t seed;
    snn_split split;
    int workers;
    snn_image_pool pool;
    snn_framer *framer;
    snn_cloud *cloud;
    float *frames; /* [workers][steps][height][width] */
    uint8_t *mark; /* the same */
} maker;

static size_t cells(const snn_motion_params *p)
{
    return (size_t)p->steps * p->height * p->width;
}

static void maker_end(maker *m)
{
    snn_free(m->ctx, m->mark);
    snn_free(m->ctx, m->frames);
    snn_cloud_destroy(m->cloud);
    snn_framer_destroy(m->framer);
    snn_image_pool_free(m->ctx, &m->pool);
}

static snn_status maker_begin(maker *m, const char *images, snn_error *err)
{
    const snn_motion_params *p = m->params;
    snn_status st = SNN_OK;

    if (p->size != sizeof *p) {
        st = snn_error_set(err, SNN_EINVAL, "motion", "call snn_motion_params_init first");
        goto done;
    }
    if (p->view == SNN_VIEW_CLOUD && p->switch_rate > 0.0f) {
        st = snn_error_set(err, SNN_EINVAL, "motion.switch_rate",
                           "a cloud keeps one motion: set it to 0");
        goto done;
    }
    if (p->view == SNN_VIEW_CLOUD) {
        TRY(st, snn_cloud_create(m->ctx, p, m->workers, &m->cloud, err));
    } else {
        if (p->view != SNN_VIEW_GRATING && p->view != SNN_VIEW_BAR)
            TRY(st, snn_image_pool_make(m->ctx, p, images, m->seed, m->split, &m->pool, err));
        TRY(st, snn_framer_create(m->ctx, p, m->workers, &m->framer, err));
    }
    TRY_ALLOC(st, m->ctx, m->frames, cells(p) * (size_t)m->workers, err);
    TRY_ALLOC(st, m->ctx, m->mark, cells(p) * (size_t)m->workers, err);

done:
    return st;
}

static void make_frames(maker *m, int worker, uint32_t index, uint16_t *label, float *frames)
{
    snn_stimulus_labels(m->params, m->seed, m->split, index, label);
    if (m->cloud != NULL)
        snn_cloud_run(m->cloud, worker, m->seed, m->split, index, label[0], frames);
    else
        snn_framer_run(m->framer, worker, &m->pool, m->seed, m->split, index, label, frames);
}

/* Events of marks, in the order of a movie. */
static snn_status collect(snn_context *ctx, const snn_motion_params *p, const uint8_t *mark,
                          uint32_t n, snn_stored_movie *out)
{
    const size_t frame = (size_t)p->height * p->width;
    uint32_t at = 0;
    snn_status st;

    TRY_ALLOC(st, ctx, out->first, (size_t)2 * p->steps + 1, NULL);
    TRY_ALLOC(st, ctx, out->x, n, NULL);
    TRY_ALLOC(st, ctx, out->y, n, NULL);
    for (uint32_t k = 0; k < 2 * p->steps; k++) {
        const uint8_t *from = mark + (k / 2) * frame;

        for (uint32_t y = 0; y < p->height; y++)
            for (uint32_t x = 0; x < p->width; x++)
                if (*from++ == k % 2 + 1) {
                    out->x[at] = (uint16_t)x;
                    out->y[at++] = (uint16_t)y;
                }
        out->first[k + 1] = at;
    }
    out->movie = (snn_movie){p->width, p->height, p->steps, out->first, out->x, out->y, out->label};

done:
    return st;
}

static snn_status make_one(maker *m, int worker, uint32_t index, snn_stored_movie *out)
{
    const snn_motion_params *p = m->params;
    float *frames = m->frames + cells(p) * (size_t)worker;
    uint8_t *mark = m->mark + cells(p) * (size_t)worker;
    snn_status st;

    TRY_ALLOC(st, m->ctx, out->label, p->steps, NULL);
    make_frames(m, worker, index, out->label, frames);
    TRY(st, collect(m->ctx, p, mark, snn_stimulus_events(p, frames, mark), out));

done:
    return st;
}

static snn_status make_some(maker *m, snn_movies *movies, uint32_t first, uint32_t n)
{
    int failed = 0;

#pragma omp parallel for schedule(dynamic, 1) num_threads(m->workers)
    for (uint32_t i = first; i < first + n; i++)
        if (make_one(m, snn_data_thread(), i, &movies->movie[i]) != SNN_OK) {
#pragma omp atomic write
            failed = 1;
        }
    return failed ? SNN_ENOMEM : SNN_OK;
}

snn_status snn_movies_make(snn_context *ctx, const snn_motion_params *params, const char *images,
                           uint64_t seed, snn_split split, uint32_t count,
                           int (*progress)(void *user, uint32_t done, uint32_t total), void *user,
                           snn_movies **out, snn_error *err)
{
    maker m = {.ctx = ctx, .params = params, .seed = seed, .split = split};
    snn_movies *movies = NULL;
    uint32_t some;
    snn_status st;

    m.workers = snn_context_threads(ctx);
    some = MOVIES_A_THREAD * (uint32_t)m.workers;
    TRY(st, maker_begin(&m, images, err));
    TRY(st, snn_movies_new(ctx, count, &movies, err));
    for (uint32_t first = 0; first < count; first += some) {
        const uint32_t n = count - first < some ? count - first : some;

        st = make_some(&m, movies, first, n);
        if (st != SNN_OK) {
            snn_error_set(err, st, NULL, "no memory for the movies");
            goto done;
        }
        if (progress != NULL && progress(user, first + n, count) != 0) {
            st = snn_error_set(err, SNN_EINTERRUPTED, "movies", "stopped after %u of %u", first + n,
                               count);
            goto done;
        }
    }
    *out = movies;
    movies = NULL;

done:
    snn_movies_destroy(movies);
    maker_end(&m);
    return st;
}

snn_status snn_movies_frames(snn_context *ctx, const snn_motion_params *params, const char *images,
                             uint64_t seed, snn_split split, uint32_t index, float **out,
                             snn_error *err)
{
    maker m = {.ctx = ctx, .params = params, .seed = seed, .split = split, .workers = 1};
    uint16_t *label = NULL;
    float *frames = NULL;
    snn_status st;

    TRY(st, maker_begin(&m, images, err));
    TRY_ALLOC(st, ctx, label, params->steps, err);
    TRY_ALLOC(st, ctx, frames, cells(params), err);
    make_frames(&m, 0, index, label, frames);
    *out = frames;
    frames = NULL;

done:
    snn_free(ctx, frames);
    snn_free(ctx, label);
    maker_end(&m);
    return st;
}
