/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spatial synapses event by event: the cost is that of the events, not of the frames.
 *
 * Forward, an output plane (movie, assignment of polarities, step) is a tile.  It takes
 * the events of the last D steps, one delay and polarity at a time: the stencil of that
 * delay and the plane then stay in the cache.  Backward, a tile is a delay and a group of
 * movies; groups have gradients of their own, which are added up in their order.
 */
#include "snn/delay/spatial.h"
#include "snn/kern/kern.h"

#include <string.h>

/* What adding one float of a row costs, in multiply-adds of a matrix product (measured). */
#define ROW_COST 0.9

typedef struct {
    snn_spatial_plan *plan;
    const snn_movie *movies;
    uint32_t n;
    float *planes;
    const float *g_planes;
    float *g_stencils;
} event_job;

static double event_cost(const snn_spatial_problem *p)
{
    const double events = 2.0 * p->width * p->height * p->steps * p->activity * p->movies;
    const double cells = (double)p->delays * p->side * p->side * p->lanes;

    return ROW_COST * events * cells * snn_spatial_flips(p) * (p->train ? 2.0 : 1.0);
}

static snn_stencil stencil_of(const snn_spatial_plan *plan, const snn_movie *movie, uint32_t t,
                              uint32_t p, uint32_t d)
{
    const snn_spatial_problem *problem = &plan->problem;
    const uint32_t k = 2 * t + p;

    return (snn_stencil){.side = problem->side,
                         .lanes = problem->lanes,
                         .width = problem->width,
                         .height = problem->height,
                         .begin = plan->begin + (size_t)d * problem->side,
                         .end = plan->end + (size_t)d * problem->side,
                         .x = movie->x + movie->first[k],
                         .y = movie->y + movie->first[k],
                         .n = movie->first[k + 1] - movie->first[k]};
}

static size_t stencil_floats(const snn_spatial_problem *p)
{
    return (size_t)p->side * p->side * p->lanes;
}

static void forward_tile(void *arg, size_t tile, int worker)
{
    const event_job *job = arg;
    const snn_spatial_plan *plan = job->plan;
    const snn_spatial_problem *p = &plan->problem;
    const uint32_t steps = snn_spatial_steps(p), flips = snn_spatial_flips(p);
    const uint32_t t = (uint32_t)(tile % steps) + p->first_step, f = tile / steps % flips;
    const snn_movie *movie = &job->movies[tile / steps / flips];
    float *plane = job->planes + tile * snn_spatial_plane(p);

    (void)worker;
    memset(plane, 0, snn_spatial_plane(p) * sizeof *plane);
    for (uint32_t d = 0; d < p->delays && d <= t; d++)
        for (uint32_t q = 0; q < 2; q++) {
            const snn_stencil s = stencil_of(plan, movie, t - d, q, d);

            plan->ctx->kern->stencil_forward(
                &s, plan->stencils + ((size_t)(q ^ f) * p->delays + d) * stencil_floats(p), plane);
        }
}

static double operations(const snn_spatial_plan *plan, const snn_movie *movies, uint32_t n)
{
    const snn_spatial_problem *p = &plan->problem;
    double events = 0.0;

    for (uint32_t m = 0; m < n; m++)
        events += movies[m].first[2 * p->steps];
    return ROW_COST * events * p->delays * (double)stencil_floats(p) * snn_spatial_flips(p);
}

static void event_forward(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                          float *planes)
{
    const snn_spatial_problem *p = &plan->problem;
    event_job job = {.plan = plan, .movies = movies, .n = n, .planes = planes};

    snn_parallel(plan->ctx, (size_t)n * snn_spatial_flips(p) * snn_spatial_steps(p),
                 operations(plan, movies, n), forward_tile, &job);
}

static void gradient_of(const event_job *job, uint32_t m, uint32_t d, float *g_stencils)
{
    const snn_spatial_plan *plan = job->plan;
    const snn_spatial_problem *p = &plan->problem;
    const float *planes = job->g_planes + m * snn_spatial_movie(p);
    const uint32_t steps = snn_spatial_steps(p);

    for (uint32_t t = d > p->first_step ? d : p->first_step; t < p->steps; t++)
        for (uint32_t f = 0; f < snn_spatial_flips(p); f++)
            for (uint32_t q = 0; q < 2; q++) {
                const snn_stencil s = stencil_of(plan, &job->movies[m], t - d, q, d);

                plan->ctx->kern->stencil_backward(
                    &s, planes + ((size_t)f * steps + t - p->first_step) * snn_spatial_plane(p),
                    g_stencils + ((size_t)(q ^ f) * p->delays + d) * stencil_floats(p));
            }
}

/* A tile: one delay of one group of movies. */
static void gradient_tile(void *arg, size_t tile, int worker)
{
    const event_job *job = arg;
    const snn_spatial_problem *p = &job->plan->problem;
    const uint32_t d = tile % p->delays, group = (uint32_t)(tile / p->delays);
    float *g = job->plan->partial + group * snn_spatial_weights(p);

    (void)worker;
    for (uint32_t q = 0; q < 2; q++)
        memset(g + ((size_t)q * p->delays + d) * stencil_floats(p), 0,
               stencil_floats(p) * sizeof *g);
    for (uint32_t m = group; m < job->n; m += job->plan->groups)
        gradient_of(job, m, d, g);
}

static void fold_tile(void *arg, size_t tile, int worker)
{
    const event_job *job = arg;
    const snn_spatial_problem *p = &job->plan->problem;
    const uint32_t groups = job->n < job->plan->groups ? job->n : job->plan->groups;
    const size_t n = stencil_floats(p), at = tile * n;
    float *out = job->g_stencils + at;

    (void)worker;
    memcpy(out, job->plan->partial + at, n * sizeof *out);
    for (uint32_t group = 1; group < groups; group++) {
        const float *from = job->plan->partial + group * snn_spatial_weights(p) + at;

        for (size_t i = 0; i < n; i++)
            out[i] += from[i];
    }
}

void snn_spatial_event_gradient(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                                const float *planes, float *g_stencils)
{
    const snn_spatial_problem *p = &plan->problem;
    const uint32_t groups = n < plan->groups ? n : plan->groups;
    event_job job = {
        .plan = plan, .movies = movies, .n = n, .g_planes = planes, .g_stencils = g_stencils};

    snn_parallel(plan->ctx, (size_t)groups * p->delays, operations(plan, movies, n), gradient_tile,
                 &job);
    snn_parallel(plan->ctx, (size_t)2 * p->delays,
                 SNN_ELEMENT * groups * (double)snn_spatial_weights(p), fold_tile, &job);
}

static snn_status event_create(snn_spatial_plan *plan)
{
    (void)plan;
    return SNN_OK;
}

static void event_destroy(snn_spatial_plan *plan)
{
    (void)plan;
}

static snn_status event_set_kernel(snn_spatial_plan *plan, const float *stencils)
{
    (void)plan;
    (void)stencils;
    return SNN_OK;
}

const snn_spatial_solver_row snn_spatial_event = {
    .name = "event",
    .id = SNN_SPATIAL_EVENT,
    .cost = event_cost,
    .create = event_create,
    .destroy = event_destroy,
    .set_kernel = event_set_kernel,
    .forward = event_forward,
};
