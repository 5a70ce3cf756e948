/* SPDX-License-Identifier: BSD-3-Clause */
/* Batches of movies through a layer that sees motion: forward beside backward. */
#include "snn/net/motion_layer.h"

#include "snn/kern/kern.h"

#include <math.h>
#include <string.h>

#define TYPICAL_ACTIVITY 0.06 /* of whitened images at selectivity 1 (paper: 5.6 %) */

static size_t voxels(const snn_motion_tape *tape)
{
    const snn_spatial_problem *p = &tape->problem;

    return (size_t)snn_spatial_steps(p) * p->width * p->height;
}

static snn_spatial_problem problem_of(const snn_motion *motion, uint32_t movies, bool train)
{
    const snn_motion_params *params = &motion->params;

    return (snn_spatial_problem){.classes = motion->classes,
                                 .lanes = motion->lanes,
                                 .delays = params->delays,
                                 .side = params->side,
                                 .width = params->width,
                                 .height = params->height,
                                 .steps = params->steps,
                                 .first_step = motion->first_step,
                                 .movies = movies,
                                 .symmetric = params->symmetry != 0,
                                 .train = train,
                                 .activity = TYPICAL_ACTIVITY,
                                 .kept = snn_motion_kept(motion)};
}

snn_status snn_motion_tape_create(snn_motion *motion, uint32_t movies, int train,
                                  snn_motion_tape **out, snn_error *err)
{
    snn_motion_tape *tape = NULL;
    size_t planes;
    snn_status st = SNN_OK;

    if (movies == 0)
        return snn_error_set(err, SNN_EINVAL, "motion", "a batch has one movie or more");
    TRY_ALLOC(st, motion->ctx, tape, 1);
    tape->motion = motion;
    tape->ctx = motion->ctx;
    tape->train = train != 0;
    tape->problem = problem_of(motion, movies, tape->train);
    planes = (size_t)movies * snn_spatial_steps(&tape->problem);
    TRY(st, snn_spatial_plan_create(tape->ctx, &tape->problem, motion->prior, motion->params.solver,
                                    &tape->plan, err));
    TRY_ALLOC(st, tape->ctx, tape->planes, movies * snn_spatial_movie(&tape->problem));
    TRY_ALLOC(st, tape->ctx, tape->has_logits, movies);
    TRY_ALLOC(st, tape->ctx, tape->best, movies * voxels(tape));
    TRY_ALLOC(st, tape->ctx, tape->order, movies * voxels(tape));
    if (tape->train) {
        TRY_ALLOC(st, tape->ctx, tape->g_block, snn_motion_floats(motion));
        TRY_ALLOC(st, tape->ctx, tape->partial, planes * motion->lanes);
        TRY_ALLOC(st, tape->ctx, tape->loss, planes);
    }
    *out = tape;
    tape = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "motion", "no memory for batches of %u movies: use fewer", movies);
    snn_motion_tape_destroy(tape);
    return st;
}

void snn_motion_tape_destroy(snn_motion_tape *tape)
{
    if (tape == NULL)
        return;
    snn_free(tape->ctx, tape->loss);
    snn_free(tape->ctx, tape->partial);
    snn_free(tape->ctx, tape->g_block);
    snn_free(tape->ctx, tape->order);
    snn_free(tape->ctx, tape->best);
    snn_free(tape->ctx, tape->has_logits);
    snn_free(tape->ctx, tape->planes);
    snn_spatial_plan_destroy(tape->plan);
    snn_free(tape->ctx, tape);
}

const char *snn_motion_solver(const snn_motion_tape *tape)
{
    return tape->plan->solver->name;
}

/* ---- forward ------------------------------------------------------------------------- */

static snn_status check_movie(const snn_spatial_problem *p, uint32_t classes,
                              const snn_movie *movie, uint32_t i, snn_error *err)
{
    if (movie->width != p->width || movie->height != p->height || movie->steps != p->steps)
        return snn_error_set(err, SNN_EINVAL, "movie",
                             "movie %u is %u x %u pixels and %u steps; the layer is for %u x %u "
                             "and %u",
                             i, movie->width, movie->height, movie->steps, p->width, p->height,
                             p->steps);
    for (uint32_t k = 0; k < 2 * p->steps; k++)
        if (movie->first[k] > movie->first[k + 1])
            return snn_error_set(err, SNN_EINVAL, "movie", "movie %u: events are not in order", i);
    for (uint32_t e = 0; e < movie->first[2 * p->steps]; e++)
        if (movie->x[e] >= p->width || movie->y[e] >= p->height)
            return snn_error_set(err, SNN_EINVAL, "movie",
                                 "movie %u: event %u at (%u, %u) is outside of %u x %u pixels", i,
                                 e, movie->x[e], movie->y[e], p->width, p->height);
    for (uint32_t t = 0; movie->label != NULL && t < p->steps; t++)
        if (movie->label[t] >= classes && movie->label[t] != SNN_NO_LABEL)
            return snn_error_set(err, SNN_EINVAL, "movie", "movie %u: label %u of %u classes", i,
                                 movie->label[t], classes);
    return SNN_OK;
}

snn_status snn_motion_forward(snn_motion_tape *tape, const snn_movie *movies, uint32_t n,
                              snn_error *err)
{
    snn_status st = SNN_OK;

    tape->has_evidence = false;
    if (n == 0 || n > tape->problem.movies)
        return snn_error_set(err, SNN_EINVAL, "motion", "%u movies; the tape holds 1 to %u", n,
                             tape->problem.movies);
    for (uint32_t i = 0; i < n; i++)
        TRY(st, check_movie(&tape->problem, tape->motion->classes, &movies[i], i, err));
    st = snn_spatial_set_kernel(tape->plan, tape->motion->block);
    if (st != SNN_OK)
        TRY(st, snn_error_set(err, st, "motion", "no memory for the kept weights"));
    snn_spatial_forward(tape->plan, movies, n, tape->planes);
    tape->movies = movies;
    tape->n = n;
    tape->has_evidence = true;
    memset(tape->has_logits, 0, n * sizeof *tape->has_logits);
done:
    return st;
}

/* Voxels of step first_step + t of a movie, as the kernels see them. */
static snn_voxels plane_of(const snn_motion_tape *tape, uint32_t movie, uint32_t t)
{
    const snn_spatial_problem *p = &tape->problem;
    float *planes = tape->planes + movie * snn_spatial_movie(p) + t * snn_spatial_plane(p);

    return (snn_voxels){
        .n = (size_t)p->width * p->height,
        .classes = p->classes,
        .lanes = p->lanes,
        .evidence = planes,
        .swapped = p->symmetric ? planes + snn_spatial_steps(p) * snn_spatial_plane(p) : NULL,
        .bias = tape->motion->block + tape->motion->stencils,
        .floor = -INFINITY,
        .sigmoid = tape->motion->params.loss == SNN_MOTION_SIGMOID,
    };
}

typedef struct {
    snn_motion_tape *tape;
    uint32_t movie; /* for logits */
    float floor, scale;
} voxel_job;

static void run(const voxel_job *job, uint32_t movies, snn_tile_body body)
{
    const snn_motion_tape *tape = job->tape;

    snn_parallel(tape->ctx, (size_t)movies * snn_spatial_steps(&tape->problem),
                 SNN_ELEMENT * (double)movies * (double)voxels(tape) * tape->problem.lanes, body,
                 (void *)(uintptr_t)job);
}

static float *best_of(const snn_motion_tape *tape, uint32_t movie, uint32_t t)
{
    return tape->best + movie * voxels(tape) +
           (size_t)t * tape->problem.width * tape->problem.height;
}

/* ---- backward ------------------------------------------------------------------------ */

static void best_tile(void *arg, size_t tile, int worker)
{
    const voxel_job *job = arg;
    const uint32_t steps = snn_spatial_steps(&job->tape->problem);
    const uint32_t movie = (uint32_t)(tile / steps), t = (uint32_t)(tile % steps);
    const snn_voxels v = plane_of(job->tape, movie, t);

    (void)worker;
    job->tape->ctx->kern->voxel_best(&v, best_of(job->tape, movie, t));
}

static void gradient_tile(void *arg, size_t tile, int worker)
{
    const voxel_job *job = arg;
    const snn_motion_tape *tape = job->tape;
    const uint32_t steps = snn_spatial_steps(&tape->problem);
    const uint32_t movie = (uint32_t)(tile / steps), t = (uint32_t)(tile % steps);
    snn_voxels v = plane_of(tape, movie, t);
    float *g_bias = tape->partial + tile * tape->problem.lanes;

    (void)worker;
    v.label = tape->movies[movie].label[t + tape->problem.first_step];
    v.floor = job->floor;
    v.scale = job->scale;
    memset(g_bias, 0, tape->problem.lanes * sizeof *g_bias);
    tape->loss[tile] = tape->ctx->kern->voxel_gradient(&v, g_bias);
}

static snn_status check_labels(const snn_motion_tape *tape, snn_error *err)
{
    for (uint32_t i = 0; i < tape->n; i++)
        for (uint32_t t = tape->problem.first_step; t < tape->problem.steps; t++)
            if (tape->movies[i].label == NULL || tape->movies[i].label[t] == SNN_NO_LABEL)
                return snn_error_set(err, SNN_EINVAL, "movie", "movie %u has no label at step %u",
                                     i, t);
    return SNN_OK;
}

/* The logit below which a voxel is not among the share that learns its label. */
static float find_floor(snn_motion_tape *tape)
{
    const size_t n = tape->n * voxels(tape);
    const double share = (double)tape->motion->params.target_share;
    const size_t below = (size_t)((1.0 - share) * (double)n);
    voxel_job job = {.tape = tape};

    if (below == 0)
        return -INFINITY;
    run(&job, tape->n, best_tile);
    memcpy(tape->order, tape->best, n * sizeof *tape->order);
    return snn_select(tape->order, n, below);
}

snn_status snn_motion_backward(snn_motion_tape *tape, double *loss, snn_error *err)
{
    const size_t n = (size_t)tape->n * voxels(tape);
    const size_t tiles = (size_t)tape->n * snn_spatial_steps(&tape->problem);
    const bool sigmoid = tape->motion->params.loss == SNN_MOTION_SIGMOID;
    const double terms = (double)n * (sigmoid ? tape->problem.classes : 1);
    float *g_bias;
    voxel_job job = {.tape = tape, .scale = (float)(1.0 / terms)};
    double sum = 0.0;
    snn_status st;

    if (!tape->has_evidence || !tape->train)
        return snn_error_set(err, SNN_EINVAL, "snn_motion_backward",
                             "needs a training tape and snn_motion_forward first");
    for (uint32_t i = 0; i < tape->n; i++)
        if (tape->has_logits[i])
            return snn_error_set(err, SNN_EINVAL, "snn_motion_backward",
                                 "the evidence of movie %u has become logits", i);
    TRY(st, check_labels(tape, err));
    tape->has_evidence = false;
    job.floor = find_floor(tape);
    run(&job, tape->n, gradient_tile);
    g_bias = tape->g_block + tape->motion->stencils;
    memset(g_bias, 0, tape->problem.lanes * sizeof *g_bias);
    for (size_t i = 0; i < tiles; i++) {
        sum += tape->loss[i];
        for (uint32_t c = 0; c < tape->problem.lanes; c++)
            g_bias[c] += tape->partial[i * tape->problem.lanes + c];
    }
    if (!isfinite(sum))
        TRY(st, snn_error_set(err, SNN_EDIVERGED, "motion", "the loss is not finite"));
    snn_spatial_gradient(tape->plan, tape->movies, tape->n, tape->planes, tape->g_block);
    *loss = sum / terms;
done:
    return st;
}

/* ---- decisions ------------------------------------------------------------------------ */

static void logits_tile(void *arg, size_t t, int worker)
{
    const voxel_job *job = arg;
    const snn_voxels v = plane_of(job->tape, job->movie, (uint32_t)t);

    (void)worker;
    job->tape->ctx->kern->voxel_logits(&v, best_of(job->tape, job->movie, (uint32_t)t));
}

snn_status snn_motion_logits(snn_motion_tape *tape, uint32_t movie, const float **logits,
                             uint32_t *lanes, snn_error *err)
{
    voxel_job job = {.tape = tape, .movie = movie};

    if (!tape->has_evidence || movie >= tape->n)
        return snn_error_set(err, SNN_EINVAL, "snn_motion_logits",
                             "needs snn_motion_forward first, and a movie of that batch");
    if (!tape->has_logits[movie])
        run(&job, 1, logits_tile);
    tape->has_logits[movie] = true;
    *logits = tape->planes + movie * snn_spatial_movie(&tape->problem);
    *lanes = tape->problem.lanes;
    return SNN_OK;
}

float snn_select(float *x, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;

    while (low < high) {
        const float pivot = x[low + (high - low) / 2];
        size_t i = low, j = high;

        while (true) { /* Hoare: what is below i is <= pivot, what is above j is >= pivot */
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i >= j)
                break;
            {
                const float swap = x[i];

                x[i++] = x[j];
                x[j--] = swap;
            }
        }
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return x[k];
}

snn_status snn_motion_decide(snn_motion_tape *tape, uint32_t movie, uint32_t *label, float *score,
                             snn_error *err)
{
    const size_t n = voxels(tape), classes = tape->problem.classes;
    const double share = (double)tape->motion->params.decision_share;
    const size_t below = (size_t)((1.0 - share) * (double)n);
    double sum[SNN_MOST_LANES] = {0};
    const float *logits, *best;
    uint32_t lanes, top = 0;
    size_t voters = 0;
    float floor;
    snn_status st;

    TRY(st, snn_motion_logits(tape, movie, &logits, &lanes, err));
    best = best_of(tape, movie, 0);
    memcpy(tape->order, best, n * sizeof *best);
    floor = snn_select(tape->order, n, below < n ? below : n - 1);
    for (size_t i = 0; i < n; i++) {
        if (best[i] < floor)
            continue;
        voters++;
        for (size_t c = 0; c < classes; c++)
            sum[c] += (double)logits[i * lanes + c];
    }
    for (uint32_t c = 1; c < classes; c++)
        top = sum[c] > sum[top] ? c : top;
    for (size_t c = 0; score != NULL && c < classes; c++)
        score[c] = (float)(sum[c] / (double)voters);
    *label = top;
done:
    return st;
}
