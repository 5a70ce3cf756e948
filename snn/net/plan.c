/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which solver computes each layer, and the memory of that choice.
 *
 * A layer has two uses: taps as trained, and (evaluation) one tap at the rounded delay.
 * Each has the solver that is cheapest for it; where both would be the same, one serves
 * both.  What a choice depends on is the configuration, the sigma of the layer, and the
 * share of the cells of its input that are not zero, which is measured in the first step
 * of each epoch, rounded, and used from the next epoch on; and so is the share of spans whose
 * gradient is wanted, where the layer below marks them.  All are kept in a checkpoint
 * (net_plan_tensor), so that a resumed run chooses, and rounds, as an unbroken one.
 */
#include "snn/delay/solvers.h"
#include "snn/net/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNKNOWN (-1.0f)
/* Before anything was measured: spikes a second of a unit, typical for SHD. */
#define PRIOR_RATE     15.0f
#define MEASURED_CELLS 4194304u /* of an input at most; whole steps */

/* ---- densities ------------------------------------------------------------------------- */

static float measure(const float *x, size_t steps, size_t row)
{
    const size_t most = MEASURED_CELLS / row + 1, take = steps < most ? steps : most;
    size_t live = 0, cells = 0;

    /* Steps spread over the whole: silence stands at the ends of samples. */
    for (size_t i = 0; i < take; i++) {
        const float *at = x + i * steps / take * row;

        for (size_t j = 0; j < row; j++)
            live += at[j] != 0.0f;
        cells += row;
    }
    return snn_delay_rounded_density((double)live / (double)cells);
}

/* Of spans, those with a marked cell. */
static float measure_marks(const float *x, size_t steps, size_t row)
{
    const size_t spans = snn_tiles(steps, SNN_SPAN);
    const size_t most = MEASURED_CELLS / (SNN_SPAN * row) + 1, take = spans < most ? spans : most;
    size_t wanted = 0;

    for (size_t i = 0; i < take; i++) {
        const size_t t = i * spans / take * SNN_SPAN;
        const size_t rows = steps - t < SNN_SPAN ? steps - t : SNN_SPAN;

        for (size_t j = 0; j < row; j++) {
            bool any = false;

            for (size_t r = 0; r < rows; r++) {
                const float cell = x[(t + r) * row + j];

                any = any || cell != 0.0f || signbit(cell);
            }
            wanted += any;
        }
    }
    return snn_delay_rounded_density((double)wanted / ((double)take * (double)row));
}

/* Of layer l's input gradient; 0: all of it. */
static float wanted_of(const snn_tape *tape, uint32_t l)
{
    const float known = tape->plan[NET_PLAN_WANTED + l];

    return l > 0 && net_marks(tape, l - 1) && known >= 0.0f ? known : 0.0f;
}

static float density_of(const snn_tape *tape, uint32_t l)
{
    const float known = tape->plan[NET_PLAN_DENSITY + l];
    const float prior = 1e-3f * PRIOR_RATE * tape->net->params.time_step_ms;

    return known >= 0.0f ? known : snn_delay_rounded_density((double)prior);
}

void net_plan_measure(snn_tape *tape, uint32_t l, const float *x)
{
    const size_t steps = tape->steps + l * tape->net->pad;
    const size_t row = (size_t)tape->batch * tape->net->layer[l].n_in;

    if (tape->plan[NET_PLAN_SEEN + l] >= 0.0f)
        return;
    tape->plan[NET_PLAN_SEEN + l] = measure(x, steps, row);
    if (l > 0 && net_marks(tape, l - 1))
        tape->plan[NET_PLAN_WANTED_SEEN + l] = measure_marks(x, steps, row);
}

void net_plan_tensor(snn_tape *tape, snn_tensor *out)
{
    *out = (snn_tensor){.data = tape->plan,
                        .dtype = SNN_F32,
                        .rank = 1,
                        .shape = {NET_PLAN_FLOATS},
                        .axes = "epoch, density, seen, wanted, wanted seen",
                        .unit = "1"};
    snprintf(out->name, sizeof out->name, "plan.state");
}

/* ---- choices ----------------------------------------------------------------------------- */

static bool is_whole(const snn_tape *tape, uint32_t l)
{
    const net_layer *layer = &tape->net->layer[l];
    const size_t n = layer->delays * tape->net->params.delay.kernel_count;

    for (size_t i = 0; i < n; i++)
        if (layer->p.position[i] != rintf(layer->p.position[i]))
            return false;
    return true;
}

static float largest_sigma(const snn_tape *tape, uint32_t l)
{
    const net_layer *layer = &tape->net->layer[l];
    const size_t n = layer->delays * tape->net->params.delay.kernel_count;
    float sigma = 0.0f;

    for (size_t i = 0; i < n; i++)
        sigma = fmaxf(sigma, fabsf(layer->p.sigma[i]));
    return sigma;
}

/* Taps of a delayed weight that differ from zero, of the parameters as they are. */
static uint32_t width_of(const snn_tape *tape, uint32_t l, bool rounded)
{
    const snn_network *net = tape->net;
    const float sigma = rounded ? 0.0f : largest_sigma(tape, l);
    bool whole = false;

    if (rounded)
        return snn_delay_live_taps(SNN_KERNEL_V1, net->n_taps, 0.0f, true);
    if (net->version == SNN_KERNEL_V1 || (net->version == SNN_KERNEL_MAX && sigma == 0.0f))
        whole = is_whole(tape, l);
    return snn_delay_live_taps(net->version, net->n_taps, sigma, whole);
}

static snn_delay_problem problem_of(const snn_tape *tape, uint32_t l, bool rounded)
{
    const snn_network *net = tape->net;
    const net_layer *layer = &net->layer[l];
    const bool train = tape->params.train && !rounded;

    return (snn_delay_problem){
        .n_in = layer->n_in,
        .n_out = layer->n_out,
        .n_taps = net->n_taps,
        .elements = net->params.delay.kernel_count,
        .width = width_of(tape, l, rounded),
        .density = density_of(tape, l),
        .wanted = train ? wanted_of(tape, l) : 0.0f,
        .causal = net->params.delay.padding == SNN_PADDING_CAUSAL,
        .batch = tape->params.batch,
        .steps = tape->params.steps + l * net->pad,
        .train = train,
        .input_gradient = train && (l > 0 || tape->params.input_gradient),
        .precision = net->params.delay.precision,
        .last = l + 1 == net->layers,
        .mask = layer->mask,
        .fan_in = layer->fan_in,
        .costs = tape->costs,
    };
}

snn_delay_problem net_rounded_problem(const snn_tape *tape, uint32_t l)
{
    return problem_of(tape, l, true);
}

/* Whether spikes as bits are the cheapest way through all layers at rounded delays. */
static bool pack_pays(const snn_tape *tape)
{
    double frames = 0.0, bits = 0.0;

    if (!net_packed_can(tape))
        return false;
    for (uint32_t l = 0; l < tape->net->layers; l++) {
        const snn_delay_problem problem = problem_of(tape, l, true);

        frames += snn_delay_cost(snn_delay_choose(&problem, SNN_SOLVER_AUTO), &problem);
        bits += l == 0 ? snn_delay_cost(&snn_delay_taps, &problem)
                       : snn_lookup_cost(tape->ctx, &problem);
    }
    return bits < frames;
}

/* Whether a synapse serves a problem as well as a new one with `solver` would.  Shared
 * delays have one way, which serves every use. */
static bool serves(const snn_synapse *synapse, const snn_delay_solver *solver,
                   const snn_delay_problem *problem)
{
    if (synapse->ctx != NULL && synapse->plan == NULL)
        return true;
    return synapse->plan != NULL && synapse->plan->solver == solver &&
           (!solver->narrow || synapse->plan->problem.width == problem->width) &&
           snn_delay_is_sparse(solver, &synapse->plan->problem) ==
               snn_delay_is_sparse(solver, problem);
}

/* Remember a choice with its reasons, also where the plan that is there serves on. */
static void note(snn_tape *tape, uint32_t l, bool rounded, const snn_delay_problem *problem,
                 const snn_delay_solver *solver)
{
    const snn_sharing sharing = tape->net->params.delay.sharing;
    const bool lookup = rounded && tape->packed && l > 0;

    tape->layer[l].choice[rounded] = (snn_plan_choice){
        .solver = sharing == SNN_SHARING_AXONAL      ? "axonal"
                  : sharing == SNN_SHARING_DENDRITIC ? "dendritic"
                  : lookup                           ? "lookup"
                                                     : solver->name,
        .cost = sharing != SNN_SHARING_SYNAPSE ? NAN
                : lookup                       ? snn_lookup_cost(tape->ctx, problem)
                                               : snn_delay_cost(solver, problem),
        .taps = problem->width,
        .sigma = rounded ? 0.0f : largest_sigma(tape, l),
        .density = problem->density,
        .wanted = snn_delay_is_sparse(solver, problem) ? problem->wanted : 1.0f,
    };
}

static snn_status make(snn_tape *tape, uint32_t l, bool rounded, snn_error *err)
{
    const snn_network *net = tape->net;
    const net_layer *parameters = &net->layer[l];
    tape_layer *layer = &tape->layer[l];
    snn_synapse *synapse = rounded ? &layer->rounded : &layer->synapse;
    const snn_delay_problem problem = problem_of(tape, l, rounded);
    const snn_sharing sharing = net->params.delay.sharing;
    /* Spikes as bits go through `taps`, as does whoever wants frames in evaluation. */
    const snn_solver wish = rounded && tape->packed ? SNN_SOLVER_TAPS : net->params.delay.solver;
    const snn_delay_solver *solver = snn_delay_choose(&problem, wish);
    const snn_taps taps = {
        .version = net->version,
        .elements = net->params.delay.kernel_count,
        .weight = parameters->p.weight,
        .position = parameters->p.position,
        .sigma = parameters->p.sigma,
        .g_weight = layer->g.weight,
        .g_position = layer->g.position,
        .g_sigma = tape->params.keep ? layer->g.sigma : NULL,
    };

    if (solver != NULL) /* else snn_synapse_init says what is wrong */
        note(tape, l, rounded, &problem, solver);
    if (serves(synapse, solver, &problem))
        return SNN_OK;
    snn_synapse_clear(synapse);
    if (rounded && serves(&layer->synapse, solver, &problem))
        return SNN_OK;
    tape->plans++;
    return snn_synapse_init(synapse, tape->ctx, &problem, sharing, wish, &taps, err);
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* One block of scratch, and one of taps' gradients, for all. */
static snn_status share(snn_tape *tape)
{
    size_t scratch = 0, g_taps = 0;
    snn_status st = SNN_OK;

    for (uint32_t l = 0; l < tape->net->layers; l++) {
        const snn_synapse *const uses[] = {&tape->layer[l].synapse, &tape->layer[l].rounded};

        for (size_t i = 0; i < SNN_COUNT(uses); i++)
            scratch = largest(scratch, snn_synapse_scratch_floats(uses[i]));
        if (tape->packed && l > 0) {
            const snn_delay_problem problem = problem_of(tape, l, true);

            scratch = largest(scratch, snn_lookup_floats(tape->ctx, &problem));
        }
        if (tape->params.train)
            g_taps = largest(g_taps, snn_synapse_taps(uses[0]));
    }
    if (scratch != tape->scratch_floats) {
        snn_free(tape->ctx, tape->scratch);
        tape->scratch = NULL;
        tape->scratch_floats = 0;
        snn_context_purpose(tape->ctx, SNN_MEMORY_SCRATCH);
        TRY_ALLOC(st, tape->ctx, tape->scratch, scratch);
        tape->scratch_floats = scratch;
    }
    if (g_taps != tape->g_taps_floats) {
        snn_free(tape->ctx, tape->g_taps);
        tape->g_taps = NULL;
        tape->g_taps_floats = 0;
        snn_context_purpose(tape->ctx, SNN_MEMORY_TAPS);
        TRY_ALLOC(st, tape->ctx, tape->g_taps, g_taps);
        tape->g_taps_floats = g_taps;
    }
    for (uint32_t l = 0; l < tape->net->layers; l++) {
        snn_synapse_lend_scratch(&tape->layer[l].synapse, tape->scratch);
        snn_synapse_lend_scratch(&tape->layer[l].rounded, tape->scratch);
    }
done:
    return st;
}

/* As trained: always on a training tape, else once it was asked for. */
static snn_status update(snn_tape *tape, bool trained, snn_error *err)
{
    const bool shared = tape->net->params.delay.sharing != SNN_SHARING_SYNAPSE;
    const uint32_t before = tape->plans;
    const snn_memory purpose = snn_context_purpose(tape->ctx, SNN_MEMORY_SOLVERS);
    const bool packed = pack_pays(tape);
    snn_status st = SNN_OK;

    tape->plans += packed != tape->packed;
    tape->packed = packed;
    for (uint32_t l = 0; l < tape->net->layers; l++) {
        if (tape->params.train || trained || shared || tape->layer[l].synapse.ctx != NULL)
            TRY(st, make(tape, l, false, err));
        if (tape->net->n_taps > 1 && !shared)
            TRY(st, make(tape, l, true, err));
    }
    if (tape->plans != before || tape->scratch == NULL)
        TRY(st, share(tape));
    if (tape->packed)
        TRY(st, net_packed_create(tape));
done:
    tape->planned = st == SNN_OK;
    snn_context_purpose(tape->ctx, purpose);
    return st;
}

snn_status net_plan_create(snn_tape *tape, snn_error *err)
{
    memcpy(tape->costs, tape->ctx->costs.of, sizeof tape->costs);
    tape->plan[NET_PLAN_EPOCH] = UNKNOWN;
    for (size_t i = NET_PLAN_DENSITY; i < NET_PLAN_FLOATS; i++)
        tape->plan[i] = UNKNOWN;
    return update(tape, tape->net->n_taps == 1, err);
}

/* What the last epoch saw is what this one goes by. */
static void take_seen(float *known, float *seen)
{
    for (uint32_t l = 0; l < NET_MAX_LAYERS; l++) {
        if (seen[l] >= 0.0f)
            known[l] = seen[l];
        seen[l] = UNKNOWN;
    }
}

snn_status net_plan_epoch(snn_tape *tape, uint32_t epoch, snn_error *err)
{
    if (tape->plan[NET_PLAN_EPOCH] != (float)epoch) {
        take_seen(tape->plan + NET_PLAN_DENSITY, tape->plan + NET_PLAN_SEEN);
        take_seen(tape->plan + NET_PLAN_WANTED, tape->plan + NET_PLAN_WANTED_SEEN);
        tape->plan[NET_PLAN_EPOCH] = (float)epoch;
    }
    return update(tape, true, err);
}

snn_status net_plan_again(snn_tape *tape, snn_error *err)
{
    return update(tape, true, err);
}

snn_status net_plan_input(snn_tape *tape, const snn_batch *batch, snn_error *err)
{
    float *density = tape->plan + NET_PLAN_DENSITY;

    if (density[0] >= 0.0f)
        return SNN_OK;
    density[0] = measure(batch->x, batch->steps, (size_t)batch->batch * tape->net->params.n_inputs);
    return update(tape, false, err);
}

snn_status snn_tape_plan(const snn_tape *tape, uint32_t layer, int rounded, snn_plan_choice *out)
{
    const snn_plan_choice *choice;

    if (layer >= tape->net->layers)
        return SNN_ENOTFOUND;
    choice = &tape->layer[layer].choice[rounded != 0];
    if (choice->solver == NULL)
        return SNN_ENOTFOUND;
    *out = *choice;
    return SNN_OK;
}

snn_synapse *net_plan_synapse(snn_tape *tape, uint32_t l)
{
    tape_layer *layer = &tape->layer[l];
    const bool rounded = tape->mode == SNN_MODE_EVAL && tape->net->n_taps > 1;

    return rounded && layer->rounded.ctx != NULL ? &layer->rounded : &layer->synapse;
}

/* A program may widen sigma, or move positions of whole numbers, between passes. */
static bool fits(const snn_tape *tape, uint32_t l)
{
    const snn_synapse *synapse = &tape->layer[l].synapse;
    const snn_delay_plan *plan = synapse->plan;

    if (plan == NULL)
        return synapse->ctx != NULL;
    return !plan->solver->narrow || plan->problem.width == tape->net->n_taps ||
           plan->problem.width >= width_of(tape, l, false);
}

snn_status net_plan_pass(snn_tape *tape, const snn_batch *batch, snn_mode mode, snn_error *err)
{
    const bool trained = mode != SNN_MODE_EVAL || tape->net->n_taps == 1;
    bool good = tape->planned;
    snn_status st = SNN_OK;

    if (!tape->params.train)
        TRY(st, net_plan_input(tape, batch, err));
    for (uint32_t l = 0; trained && good && l < tape->net->layers; l++)
        good = fits(tape, l);
    if (!good)
        TRY(st, update(tape, trained, err));
done:
    return st;
}

void net_plan_destroy(snn_tape *tape)
{
    for (uint32_t l = 0; l < tape->net->layers; l++) {
        snn_synapse_clear(&tape->layer[l].rounded);
        snn_synapse_clear(&tape->layer[l].synapse);
    }
    net_packed_destroy(tape);
    snn_free(tape->ctx, tape->g_taps);
    snn_free(tape->ctx, tape->scratch);
}
