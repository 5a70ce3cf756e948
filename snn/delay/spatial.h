/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The spatial synapse: a delayed synapse whose weights are shared by all places.
 *
 *     plane[f][t][y][x][c] = sum_{p,d,a,b} S[p ^ f][d][a][b][c] A(p, t-d, y + r - a, x + r - b)
 *
 *     S   [2][D][side][side][lanes]: S[p][d][a][b] is K(., p, d, dy = r - a, dx = r - b),
 *         so that an event adds whole rows of a stencil in the order in which they lie
 *     f   0: as recorded, 1: ON and OFF exchanged (where symmetric)
 *     t   from first_step on; [movie][f][t - first_step][y][x][lanes] in memory
 *     gS[p][d][a][b][c] = sum of gplane[p ^ p'][...] at the events of polarity p'
 *
 * Solvers as in delay.h: one file and one row each; planning takes all memory; a tile
 * owns what it writes, so the bits do not depend on threads.
 */
#ifndef SNN_DELAY_SPATIAL_H
#define SNN_DELAY_SPATIAL_H

#include "snn/base/base.h"

#include <snn/motion.h>

typedef struct snn_spatial_problem {
    uint32_t classes, lanes;
    uint32_t delays, side;
    uint32_t width, height, steps, first_step;
    uint32_t movies; /* the most that will be run together */
    bool symmetric;
    bool train;
    double activity; /* expected share of active cells; for the choice only */
    double kept;     /* share of weights that are not zero; for the choice only */
} snn_spatial_problem;

typedef struct snn_spatial_plan snn_spatial_plan;

typedef struct snn_spatial_solver_row {
    const char *name;
    snn_spatial_solver id;
    /* Estimated multiply-adds, weighted by how slowly they go; < 0: cannot. */
    double (*cost)(const snn_spatial_problem *problem);
    snn_status (*create)(snn_spatial_plan *plan);
    void (*destroy)(snn_spatial_plan *plan);
    /* The stencils hold until the next call; what it makes of them is forward's. */
    snn_status (*set_kernel)(snn_spatial_plan *plan, const float *stencils);
    void (*forward)(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n, float *planes);
    /* NULL: snn_spatial_event_gradient serves. */
    void (*gradient)(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                     const float *planes, float *g_stencils);
} snn_spatial_solver_row;

struct snn_spatial_plan {
    const snn_spatial_solver_row *solver;
    snn_context *ctx;
    snn_spatial_problem problem;
    uint16_t *begin, *end; /* [D][side] columns of each stencil row that may be non-zero */
    const float *stencils;
    float *partial; /* gradients of groups of movies, folded in order */
    uint32_t groups;
    void *state;
};

extern const snn_spatial_solver_row *const snn_spatial_solvers[];
extern const snn_spatial_solver_row snn_spatial_direct, snn_spatial_event, snn_spatial_fft,
    snn_spatial_sparse;

/* The gradient event by event: all solvers' but those that have their own. */
void snn_spatial_event_gradient(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                                const float *planes, float *g_stencils);

/* Floats of the stencils, of one movie's planes, of one plane. */
static inline size_t snn_spatial_weights(const snn_spatial_problem *p)
{
    return (size_t)2 * p->delays * p->side * p->side * p->lanes;
}
static inline size_t snn_spatial_plane(const snn_spatial_problem *p)
{
    return (size_t)p->width * p->height * p->lanes;
}
static inline uint32_t snn_spatial_flips(const snn_spatial_problem *p)
{
    return p->symmetric ? 2 : 1;
}
static inline uint32_t snn_spatial_steps(const snn_spatial_problem *p)
{
    return p->steps - p->first_step;
}
static inline size_t snn_spatial_movie(const snn_spatial_problem *p)
{
    return snn_spatial_plane(p) * snn_spatial_flips(p) * snn_spatial_steps(p);
}

/* Make a plan.  `support` [D][side][side], or NULL for all cells: a stencil is zero
 * where it is 0. */
SNN_MUST_USE snn_status snn_spatial_plan_create(snn_context *ctx,
                                                const snn_spatial_problem *problem,
                                                const float *support, snn_spatial_solver wish,
                                                snn_spatial_plan **out, snn_error *err);
void snn_spatial_plan_destroy(snn_spatial_plan *plan);

SNN_MUST_USE snn_status snn_spatial_set_kernel(snn_spatial_plan *plan, const float *stencils);
void snn_spatial_forward(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                         float *planes);
/* g_stencils is overwritten; zero outside of the support. */
void snn_spatial_gradient(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                          const float *planes, float *g_stencils);

#endif
