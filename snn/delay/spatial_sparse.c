/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spatial synapses of which few are left: each event visits only weights that are not
 * zero, so that the cost falls in proportion to what pruning took away.  It pays where
 * fewer weights are left than a vector has lanes to add at once.
 *
 * Weights of (polarity, delay, row) are a list of offsets into a row of the plane.
 * Gradients are those of the event solver.
 */
#include "snn/delay/spatial.h"

#include <string.h>

#define WEIGHT_COST 14.0 /* what adding one weight costs, in the same unit */

typedef struct {
    uint32_t *first;  /* [2 D side + 1] */
    uint32_t *offset; /* from the row's leftmost cell: b lanes + class */
    float *weight;
    size_t room;
} sparse_state;

typedef struct {
    const snn_spatial_plan *plan;
    const snn_movie *movies;
    float *planes;
} sparse_job;

static double sparse_cost(const snn_spatial_problem *p)
{
    const double events = 2.0 * p->width * p->height * p->steps * p->activity * p->movies;
    const double cells = (double)p->delays * p->side * p->side * p->classes;

    return p->train ? -1.0 : WEIGHT_COST * p->kept * events * cells * snn_spatial_flips(p);
}

static void sparse_destroy(snn_spatial_plan *plan)
{
    sparse_state *state = plan->state;

    if (state == NULL)
        return;
    snn_free(plan->ctx, state->weight);
    snn_free(plan->ctx, state->offset);
    snn_free(plan->ctx, state->first);
    snn_free(plan->ctx, state);
    plan->state = NULL;
}

static snn_status sparse_create(snn_spatial_plan *plan)
{
    const snn_spatial_problem *p = &plan->problem;
    sparse_state *state = NULL;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, plan->ctx, state, 1);
    plan->state = state;
    TRY_ALLOC(st, plan->ctx, state->first, (size_t)2 * p->delays * p->side + 1);
done:
    return st;
}

static size_t count(const float *stencils, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        kept += stencils[i] != 0.0f;
    return kept;
}

/* Lists of the kernel; the room for them grows when a kernel keeps more than before. */
static snn_status sparse_set_kernel(snn_spatial_plan *plan, const float *stencils)
{
    const snn_spatial_problem *p = &plan->problem;
    const size_t row = (size_t)p->side * p->lanes, rows = (size_t)2 * p->delays * p->side;
    const size_t kept = count(stencils, rows * row);
    sparse_state *state = plan->state;
    uint32_t at = 0;
    snn_status st = SNN_OK;

    if (kept > UINT32_MAX)
        return SNN_EUNSUPPORTED;
    if (kept > state->room || state->offset == NULL) {
        snn_free(plan->ctx, state->weight);
        snn_free(plan->ctx, state->offset);
        state->weight = NULL;
        state->offset = NULL;
        state->room = 0;
        TRY_ALLOC(st, plan->ctx, state->offset, kept);
        TRY_ALLOC(st, plan->ctx, state->weight, kept);
        state->room = kept;
    }
    for (size_t k = 0; k < rows; k++) {
        state->first[k] = at;
        for (size_t i = 0; i < row; i++)
            if (stencils[k * row + i] != 0.0f) {
                state->offset[at] = (uint32_t)i;
                state->weight[at++] = stencils[k * row + i];
            }
    }
    state->first[rows] = at;
done:
    return st;
}

/* The weights of one stencil row to a row of the plane whose leftmost cell is `out`;
 * offsets below `low` or from `high` on fall outside. */
static void add_row(const sparse_state *state, size_t k, float *out, uint32_t low, uint32_t high,
                    bool inside)
{
    const uint32_t begin = state->first[k], end = state->first[k + 1];

    if (inside) {
        for (uint32_t i = begin; i < end; i++)
            out[state->offset[i]] += state->weight[i];
        return;
    }
    for (uint32_t i = begin; i < end; i++)
        if (state->offset[i] >= low && state->offset[i] < high)
            out[(ptrdiff_t)state->offset[i] - (ptrdiff_t)low] += state->weight[i];
}

static void add_event(const snn_spatial_plan *plan, uint32_t x, uint32_t y, size_t first_row,
                      float *plane)
{
    const snn_spatial_problem *p = &plan->problem;
    const uint32_t r = p->side / 2, lanes = p->lanes;
    const uint32_t left = x < r ? r - x : 0;
    const uint32_t right = p->width + r - x < p->side ? p->width + r - x : p->side;
    const bool inside = left == 0 && right == p->side;

    for (uint32_t a = 0; a < p->side; a++) {
        const uint32_t ya = y + a;

        if (ya < r || ya - r >= p->height)
            continue;
        add_row(plan->state, first_row + a,
                plane + ((size_t)(ya - r) * p->width + (x + left - r)) * lanes, left * lanes,
                right * lanes, inside);
    }
}

static void forward_tile(void *arg, size_t tile, int worker)
{
    const sparse_job *job = arg;
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
            const uint32_t k = 2 * (t - d) + q;
            const size_t first_row = ((size_t)(q ^ f) * p->delays + d) * p->side;

            for (uint32_t e = movie->first[k]; e < movie->first[k + 1]; e++)
                add_event(plan, movie->x[e], movie->y[e], first_row, plane);
        }
}

static void sparse_forward(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                           float *planes)
{
    const snn_spatial_problem *p = &plan->problem;
    const sparse_state *state = plan->state;
    sparse_job job = {.plan = plan, .movies = movies, .planes = planes};
    double events = 0.0;

    for (uint32_t m = 0; m < n; m++)
        events += movies[m].first[2 * p->steps];
    snn_parallel(plan->ctx, (size_t)n * snn_spatial_flips(p) * snn_spatial_steps(p),
                 SNN_ELEMENT * events * state->first[2 * p->delays * p->side], forward_tile, &job);
}

const snn_spatial_solver_row snn_spatial_sparse = {
    .name = "sparse",
    .id = SNN_SPATIAL_SPARSE,
    .cost = sparse_cost,
    .create = sparse_create,
    .destroy = sparse_destroy,
    .set_kernel = sparse_set_kernel,
    .forward = sparse_forward,
};
