/* SPDX-License-Identifier: BSD-3-Clause */
/* Spatial synapses: choosing a solver, and the gradient that all but fft share. */
#include "snn/delay/spatial.h"

const snn_spatial_solver_row *const snn_spatial_solvers[] = {
    &snn_spatial_direct, &snn_spatial_event, &snn_spatial_fft, &snn_spatial_sparse, NULL,
};

static const snn_spatial_solver_row *choose(const snn_spatial_problem *problem,
                                            snn_spatial_solver wish)
{
    const snn_spatial_solver_row *best = NULL;
    double best_cost = 0.0;

    for (size_t i = 0; snn_spatial_solvers[i] != NULL; i++) {
        const snn_spatial_solver_row *solver = snn_spatial_solvers[i];
        const double cost = solver->cost(problem);

        if (cost < 0.0 || (wish != SNN_SPATIAL_AUTO && wish != solver->id))
            continue;
        if (best == NULL || cost < best_cost) {
            best = solver;
            best_cost = cost;
        }
    }
    return best;
}

/* First and last column of each stencil row inside the support. */
static void set_support(snn_spatial_plan *plan, const float *support)
{
    const uint32_t side = plan->problem.side;

    for (uint32_t row = 0; row < plan->problem.delays * side; row++) {
        uint32_t begin = 0, end = side;

        while (support != NULL && begin < side && support[(size_t)row * side + begin] == 0.0f)
            begin++;
        while (support != NULL && end > begin && support[(size_t)row * side + end - 1] == 0.0f)
            end--;
        plan->begin[row] = (uint16_t)begin;
        plan->end[row] = (uint16_t)end;
    }
}

snn_status snn_spatial_plan_create(snn_context *ctx, const snn_spatial_problem *problem,
                                   const float *support, snn_spatial_solver wish,
                                   snn_spatial_plan **out, snn_error *err)
{
    snn_spatial_plan *plan = NULL;
    snn_status st = SNN_OK;

    SNN_ASSERT(problem->first_step < problem->steps && problem->movies > 0);
    TRY_ALLOC(st, ctx, plan, 1);
    plan->ctx = ctx;
    plan->problem = *problem;
    plan->solver = choose(problem, wish);
    if (plan->solver == NULL)
        TRY(st, snn_error_set(err, SNN_EUNSUPPORTED, "motion.solver",
                              "the forced solver cannot compute this layer; use auto"));
    TRY_ALLOC(st, ctx, plan->begin, (size_t)problem->delays * problem->side);
    TRY_ALLOC(st, ctx, plan->end, (size_t)problem->delays * problem->side);
    set_support(plan, support);
    plan->groups = problem->movies < 16 ? problem->movies : 16;
    if (problem->train && plan->solver->gradient == NULL)
        TRY_ALLOC(st, ctx, plan->partial, plan->groups * snn_spatial_weights(problem));
    TRY(st, plan->solver->create(plan));
    snn_log(ctx, SNN_LOG_DEBUG, "plan: %u classes, %u x %u x %u stencils, %u movies: %s",
            problem->classes, problem->delays, problem->side, problem->side, problem->movies,
            plan->solver->name);
    *out = plan;
    plan = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "motion", "no memory for the stencils of %u classes",
                      problem->classes);
    snn_spatial_plan_destroy(plan);
    return st;
}

void snn_spatial_plan_destroy(snn_spatial_plan *plan)
{
    if (plan == NULL)
        return;
    if (plan->solver != NULL)
        plan->solver->destroy(plan);
    snn_free(plan->ctx, plan->partial);
    snn_free(plan->ctx, plan->end);
    snn_free(plan->ctx, plan->begin);
    snn_free(plan->ctx, plan);
}

snn_status snn_spatial_set_kernel(snn_spatial_plan *plan, const float *stencils)
{
    plan->stencils = stencils;
    return plan->solver->set_kernel(plan, stencils);
}

void snn_spatial_forward(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n, float *planes)
{
    SNN_ASSERT(n > 0 && n <= plan->problem.movies);
    plan->solver->forward(plan, movies, n, planes);
}

void snn_spatial_gradient(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                          const float *planes, float *g_stencils)
{
    SNN_ASSERT(n > 0 && n <= plan->problem.movies && plan->problem.train);
    if (plan->solver->gradient != NULL)
        plan->solver->gradient(plan, movies, n, planes, g_stencils);
    else
        snn_spatial_event_gradient(plan, movies, n, planes, g_stencils);
}
