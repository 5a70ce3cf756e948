/* SPDX-License-Identifier: BSD-3-Clause */
/* Choosing a solver for a problem: the cheapest by its own estimate. */
#include "snn/delay/delay.h"
#include "snn/delay/solvers.h"

#include <stdio.h>

const snn_delay_solver *const snn_delay_solvers[] = {
    &snn_delay_direct, &snn_delay_fft, &snn_delay_taps, &snn_delay_event, NULL,
};

uint32_t snn_delay_steps_out(const snn_delay_problem *problem, uint32_t steps)
{
    return problem->causal ? steps : steps + (problem->n_taps - 1) / 2;
}

uint32_t snn_delay_width(const snn_delay_plan *plan)
{
    return plan->solver->narrow ? plan->problem.width : 0;
}

size_t snn_delay_kernel_floats(const snn_delay_plan *plan)
{
    const snn_delay_problem *problem = &plan->problem;
    const size_t synapses = (size_t)problem->n_in * problem->n_out;

    return synapses * (plan->solver->narrow ? (size_t)problem->width * problem->elements
                                            : (size_t)problem->n_taps);
}

bool snn_delay_is_sparse(const snn_delay_solver *solver, const snn_delay_problem *problem)
{
    return solver->sparse != NULL && solver->sparse(problem);
}

double snn_delay_cost(const snn_delay_solver *solver, const snn_delay_problem *problem)
{
    snn_delay_work work = {{0}};

    return solver->count(problem, &work) ? snn_delay_price(problem->costs, &work) : -1.0;
}

const snn_delay_solver *snn_delay_choose(const snn_delay_problem *problem, snn_solver wish)
{
    const snn_delay_solver *best = NULL;
    double best_cost = 0.0;

    for (size_t i = 0; snn_delay_solvers[i] != NULL; i++) {
        const snn_delay_solver *solver = snn_delay_solvers[i];
        const double cost = snn_delay_cost(solver, problem);

        if (cost < 0.0 || (wish != SNN_SOLVER_AUTO && wish != solver->id))
            continue;
        if (best == NULL || cost < best_cost) {
            best = solver;
            best_cost = cost;
        }
    }
    return best;
}

snn_status snn_delay_plan_create(snn_context *ctx, const snn_delay_problem *problem,
                                 snn_solver wish, snn_delay_plan **out, snn_error *err)
{
    snn_delay_plan *plan = NULL;
    char backward[48] = "";
    snn_status st = SNN_OK;

    SNN_ASSERT(problem->n_in > 0 && problem->n_out > 0 && problem->n_taps > 0);
    SNN_ASSERT(problem->batch > 0 && problem->steps > 0);
    SNN_ASSERT(problem->elements > 0 && problem->width > 0 && problem->width <= problem->n_taps);
    TRY_ALLOC(st, ctx, plan, 1);
    plan->ctx = ctx;
    plan->problem = *problem;
    plan->solver = snn_delay_choose(problem, wish);
    if (plan->solver == NULL) {
        st = snn_error_set(err, SNN_EUNSUPPORTED, "delay.solver",
                           "the forced solver cannot compute this layer; use auto");
        goto done;
    }
    TRY(st, plan->solver->create(plan));
    if (snn_delay_is_sparse(plan->solver, problem))
        snprintf(backward, sizeof backward, ", backward in %.2g %% of spans",
                 100.0 * (double)problem->wanted);
    snn_log(
        ctx, SNN_LOG_DEBUG,
        "plan: %u -> %u neurons, %u of %u taps, input %.2g %%, batch %u, %u steps, %s: %s%s, %.3g "
        "multiply-adds a step",
        problem->n_in, problem->n_out, problem->width, problem->n_taps,
        100.0 * (double)problem->density, problem->batch, problem->steps,
        problem->train ? "training" : "forward", plan->solver->name, backward,
        snn_delay_cost(plan->solver, problem));
    *out = plan;
    plan = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "delay",
                      "no memory for a layer of %u x %u synapses, batch %u, %u steps",
                      problem->n_in, problem->n_out, problem->batch, problem->steps);
    snn_delay_plan_destroy(plan);
    return st;
}

void snn_delay_plan_destroy(snn_delay_plan *plan)
{
    if (plan == NULL)
        return;
    if (plan->solver != NULL)
        plan->solver->destroy(plan);
    snn_free(plan->ctx, plan);
}

void snn_delay_plan_scratch(snn_delay_plan *plan, float *scratch)
{
    plan->scratch = scratch;
}

void snn_delay_begin(snn_delay_plan *plan, uint32_t batch, uint32_t steps)
{
    SNN_ASSERT(batch > 0 && batch <= plan->problem.batch);
    SNN_ASSERT(steps > 0 && steps <= plan->problem.steps);
    plan->batch = batch;
    plan->steps = steps;
    plan->steps_out = snn_delay_steps_out(&plan->problem, steps);
    plan->solver->begin(plan);
}
