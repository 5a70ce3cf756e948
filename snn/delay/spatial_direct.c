/* SPDX-License-Identifier: BSD-3-Clause */
/* Spatial synapses as they are written: a sum over all cells of the stencil for each
 * output.  The reference of the other solvers; its gradient too. */
#include "snn/delay/spatial.h"

#include <string.h>

typedef struct {
    snn_spatial_plan *plan;
    uint8_t *active; /* [2][steps][height][width] of one movie */
} direct_state;

static size_t cells(const snn_spatial_problem *p)
{
    return (size_t)p->steps * p->height * p->width;
}

static double direct_cost(const snn_spatial_problem *p)
{
    const double outputs = (double)snn_spatial_movie(p) * p->movies;

    return 20.0 * outputs * 2.0 * p->delays * p->side * p->side * (p->train ? 2.0 : 1.0);
}

static void direct_destroy(snn_spatial_plan *plan)
{
    direct_state *state = plan->state;

    if (state == NULL)
        return;
    snn_free(plan->ctx, state->active);
    snn_free(plan->ctx, state);
    plan->state = NULL;
}

static snn_status direct_create(snn_spatial_plan *plan)
{
    direct_state *state = NULL;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, plan->ctx, state, 1);
    plan->state = state;
    TRY_ALLOC(st, plan->ctx, state->active, 2 * cells(&plan->problem));
done:
    return st;
}

static snn_status direct_set_kernel(snn_spatial_plan *plan, const float *stencils)
{
    (void)plan;
    (void)stencils;
    return SNN_OK;
}

static void mark(const snn_spatial_problem *p, const snn_movie *movie, uint8_t *active)
{
    memset(active, 0, 2 * cells(p));
    for (uint32_t k = 0; k < 2 * p->steps; k++)
        for (uint32_t e = movie->first[k]; e < movie->first[k + 1]; e++)
            active[(k % 2) * cells(p) + ((size_t)(k / 2) * p->height + movie->y[e]) * p->width +
                   movie->x[e]]++;
}

/* Call with each (stencil cell, number of events there) that reaches output (f, t, y, x). */
typedef void (*reach_body)(float *stencil, float *out, float count, uint32_t lanes);

static void reach(const snn_spatial_problem *p, const uint8_t *active, uint32_t f, uint32_t t,
                  uint32_t y, uint32_t x, float *stencils, float *out, reach_body body)
{
    const uint32_t r = p->side / 2;

    for (uint32_t q = 0; q < 2; q++)
        for (uint32_t d = 0; d < p->delays && d <= t; d++)
            for (uint32_t a = 0; a < p->side; a++)
                for (uint32_t b = 0; b < p->side; b++) {
                    const int64_t ye = (int64_t)y + r - a, xe = (int64_t)x + r - b;
                    uint8_t count;

                    if (ye < 0 || xe < 0 || ye >= p->height || xe >= p->width)
                        continue;
                    count =
                        active[q * cells(p) +
                               ((size_t)(t - d) * p->height + (size_t)ye) * p->width + (size_t)xe];
                    if (count > 0)
                        body(stencils +
                                 ((((size_t)(q ^ f) * p->delays + d) * p->side + a) * p->side + b) *
                                     p->lanes,
                             out, count, p->lanes);
                }
}

static void each_output(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                        float *stencils, float *planes, reach_body body)
{
    const snn_spatial_problem *p = &plan->problem;
    const direct_state *state = plan->state;

    for (uint32_t m = 0; m < n; m++) {
        float *out = planes + m * snn_spatial_movie(p);

        mark(p, &movies[m], state->active);
        for (uint32_t f = 0; f < snn_spatial_flips(p); f++)
            for (uint32_t t = p->first_step; t < p->steps; t++)
                for (uint32_t y = 0; y < p->height; y++)
                    for (uint32_t x = 0; x < p->width; x++, out += p->lanes)
                        reach(p, state->active, f, t, y, x, stencils, out, body);
    }
}

static void add_stencil(float *stencil, float *out, float count, uint32_t lanes)
{
    for (uint32_t c = 0; c < lanes; c++)
        out[c] += count * stencil[c];
}

static void add_output(float *stencil, float *out, float count, uint32_t lanes)
{
    for (uint32_t c = 0; c < lanes; c++)
        stencil[c] += count * out[c];
}

static void direct_forward(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                           float *planes)
{
    memset(planes, 0, n * snn_spatial_movie(&plan->problem) * sizeof *planes);
    each_output(plan, movies, n, (float *)(uintptr_t)plan->stencils, planes, add_stencil);
}

static void direct_gradient(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                            const float *planes, float *g_stencils)
{
    const snn_spatial_problem *p = &plan->problem;

    memset(g_stencils, 0, snn_spatial_weights(p) * sizeof *g_stencils);
    each_output(plan, movies, n, g_stencils, (float *)(uintptr_t)planes, add_output);
    for (uint32_t row = 0; row < 2 * p->delays * p->side; row++)
        for (uint32_t b = 0; b < p->side; b++)
            if (b < plan->begin[row % (p->delays * p->side)] ||
                b >= plan->end[row % (p->delays * p->side)])
                memset(g_stencils + ((size_t)row * p->side + b) * p->lanes, 0,
                       p->lanes * sizeof *g_stencils);
}

const snn_spatial_solver_row snn_spatial_direct = {
    .name = "direct",
    .id = SNN_SPATIAL_DIRECT,
    .cost = direct_cost,
    .create = direct_create,
    .destroy = direct_destroy,
    .set_kernel = direct_set_kernel,
    .forward = direct_forward,
    .gradient = direct_gradient,
};
