/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every solver on one and the same layer.  They take turns, so that a machine whose speed
 * drifts is fair to all; one that is hopeless after its first step has had its turn.
 */
#include "snn/delay/bench_solvers.h"

#include "snn/delay/lookup.h"
#include "snn/delay/solvers.h"
#include "snn/delay/synapse.h"

#include <snn/random.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOPELESS   4.0 /* times the fastest one's first step */
#define MOST_TURNS 64u

typedef struct {
    snn_synapse synapse;
    bool lookup; /* by its taps, but with tables of sums (lookup.h) */
    double part[SNN_LAYER_PARTS][MOST_TURNS], whole[MOST_TURNS];
    uint32_t turns;
    snn_layer_time known;
} contender;

typedef struct {
    snn_context *ctx;
    const snn_layer_case *c;
    snn_delay_problem problem;
    float *parameters; /* weight, position, sigma, and their gradients */
    float *x, *y, *g, *gx, *g_taps, *scratch;
    snn_spike_bits spikes; /* x as bits, for lookup */
    contender *contenders;
    size_t n, cells; /* of the input */
} match;

void snn_layer_case_init(snn_layer_case *c)
{
    *c = (snn_layer_case){.size = sizeof *c,
                          .n_in = 256,
                          .n_out = 256,
                          .max_delay = 25,
                          .version = SNN_KERNEL_GAUSS,
                          .sigma = 12.0f,
                          .batch = 64,
                          .steps = 100,
                          .density = 0.05f};
}

static snn_status check(const snn_layer_case *c, uint32_t repeats, snn_error *err)
{
    const uint64_t rows = ((uint64_t)c->steps + c->max_delay) * c->batch;

    if (c->size != sizeof *c)
        return snn_error_set(err, SNN_EINVAL, "layer", "call snn_layer_case_init first");
    if (c->n_in == 0 || c->n_out == 0 || c->batch == 0 || c->steps == 0)
        return snn_error_set(err, SNN_EINVAL, "layer", "neurons, batch and steps must be >= 1");
    if (c->max_delay % 2 == 0 || c->max_delay > UINT16_MAX)
        return snn_error_set(err, SNN_EINVAL, "layer", "max_delay %u is not odd, or above %u",
                             c->max_delay, UINT16_MAX);
    if (rows * c->n_in > INT32_MAX || rows * c->n_out > INT32_MAX)
        return snn_error_set(err, SNN_EINVAL, "layer", "more than 2^31 cells: fewer samples");
    if (!(c->sigma >= 0.0f && c->density >= 0.0f && c->density <= 1.0f && c->wanted >= 0.0f &&
          c->wanted <= 1.0f))
        return snn_error_set(err, SNN_EINVAL, "layer", "sigma, density or wanted out of range");
    if ((unsigned)c->version > SNN_KERNEL_V0 || (unsigned)c->use > SNN_USE_ROUNDED ||
        (unsigned)c->precision > SNN_PRECISION_BF16)
        return snn_error_set(err, SNN_EINVAL, "layer", "no such version, use or precision");
    if (repeats == 0 || repeats > MOST_TURNS)
        return snn_error_set(err, SNN_EINVAL, "layer", "%u repeats are not in 1..%u", repeats,
                             MOST_TURNS);
    return SNN_OK;
}

uint32_t snn_layer_live_taps(const snn_layer_case *c)
{
    if (c->use == SNN_USE_ROUNDED)
        return snn_delay_live_taps(SNN_KERNEL_V1, c->max_delay, 0.0f, true);
    return snn_delay_live_taps(c->version, c->max_delay, c->sigma, c->whole != 0);
}

/* Of spans, those that hold a mark or a spike. */
static double wanted_of(const snn_layer_case *c)
{
    const double silent = pow(1.0 - (double)c->density, SNN_SPAN);

    return c->wanted > 0.0f && c->use == SNN_USE_TRAIN ? 1.0 - (1.0 - (double)c->wanted) * silent
                                                       : 0.0;
}

static snn_delay_problem problem_of(const snn_context *ctx, const snn_layer_case *c)
{
    const double wanted = wanted_of(c);

    return (snn_delay_problem){
        .n_in = c->n_in,
        .n_out = c->n_out,
        .n_taps = c->max_delay,
        .elements = 1,
        .width = snn_layer_live_taps(c),
        .density = snn_delay_rounded_density((double)c->density),
        .batch = c->batch,
        .steps = c->steps,
        .train = c->use == SNN_USE_TRAIN,
        .input_gradient = c->use == SNN_USE_TRAIN,
        .precision = c->precision,
        .wanted = wanted > 0.0 ? snn_delay_rounded_density(wanted) : 0.0f,
        .costs = ctx->costs.of,
    };
}

/* Weights and positions at random, a spike train for each input, a dense gradient. */
static snn_status make_numbers(match *m)
{
    const snn_layer_case *c = m->c;
    const snn_key key = {c->seed, SNN_STREAM_USER};
    const size_t s = (size_t)c->n_in * c->n_out;
    const size_t in = (size_t)c->steps * c->batch * c->n_in;
    const size_t out = (size_t)snn_delay_steps_out(&m->problem, c->steps) * c->batch * c->n_out;
    const float half = (float)(c->max_delay / 2);
    snn_status st = SNN_OK;

    m->cells = in;
    TRY_ALLOC(st, m->ctx, m->parameters, 6 * s);
    TRY_ALLOC(st, m->ctx, m->x, in);
    TRY_ALLOC(st, m->ctx, m->y, out);
    TRY_ALLOC(st, m->ctx, m->g, out);
    TRY_ALLOC(st, m->ctx, m->gx, in);
    for (size_t i = 0; i < s; i++) {
        m->parameters[i] = snn_random_uniform(key, i, 0, 0) - 0.5f;
        m->parameters[s + i] = half * (2.0f * snn_random_uniform(key, i, 1, 0) - 1.0f);
        if (c->whole != 0)
            m->parameters[s + i] = rintf(m->parameters[s + i]);
        m->parameters[2 * s + i] = c->sigma;
    }
    for (size_t i = 0; i < in; i++) {
        const size_t row = (size_t)c->batch * c->n_in, span = i / row / SNN_SPAN * row + i % row;
        const bool mark =
            m->problem.wanted > 0.0f && snn_random_uniform(key, span, 4, 0) < c->wanted;

        m->x[i] = snn_random_uniform(key, i, 2, 0) < c->density ? 1.0f : mark ? -0.0f : 0.0f;
    }
    for (size_t i = 0; i < out; i++)
        m->g[i] = snn_random_uniform(key, i, 3, 0) - 0.5f;
done:
    return st;
}

/* x as bits. */
static snn_status make_spikes(match *m)
{
    const snn_layer_case *c = m->c;
    const size_t stride = snn_tiles(c->steps, SNN_LOOKUP_STEPS) * SNN_LOOKUP_STEPS;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, m->ctx, m->spikes.bits, snn_tiles(c->batch, 16) * c->n_in * stride);
    m->spikes.channels = c->n_in;
    m->spikes.stride = stride;
    for (size_t b = 0; b < c->batch; b++)
        for (size_t i = 0; i < c->n_in; i++)
            for (size_t t = 0; t < c->steps; t++)
                if (m->x[(t * c->batch + b) * c->n_in + i] != 0.0f)
                    snn_spike_row(&m->spikes, b / 16, i)[t] |= (uint16_t)(1u << b % 16);
done:
    return st;
}

static snn_status enter(match *m, const snn_delay_solver *solver, snn_error *err)
{
    const size_t s = (size_t)m->c->n_in * m->c->n_out;
    const snn_taps taps = {
        .version = m->c->version,
        .elements = 1,
        .weight = m->parameters,
        .position = m->parameters + s,
        .sigma = m->parameters + 2 * s,
        .g_weight = m->parameters + 3 * s,
        .g_position = m->parameters + 4 * s,
        .g_sigma = m->parameters + 5 * s,
    };
    contender *one = &m->contenders[m->n];
    snn_status st = snn_synapse_init(&one->synapse, m->ctx, &m->problem, SNN_SHARING_SYNAPSE,
                                     solver->id, &taps, err);

    if (st == SNN_OK) {
        one->known.time.solver = solver->name;
        snn_delay_problem forward = m->problem;

        forward.train = false;
        (void)solver->count(&m->problem, &one->known.work);
        (void)solver->count(&forward, &one->known.forward);
        one->known.time.cost = snn_delay_price(m->problem.costs, &one->known.work);
        m->n++;
    }
    return st;
}

/* Tables of sums, for layers that they can compute; the taps are those of `taps`. */
static snn_status enter_lookup(match *m, snn_error *err)
{
    contender *one = &m->contenders[m->n];
    snn_status st = SNN_OK;

    if (m->c->use != SNN_USE_ROUNDED || !snn_lookup_fits(m->ctx, &m->problem) ||
        snn_delay_choose(&m->problem, SNN_SOLVER_TAPS) == NULL)
        return SNN_OK;
    TRY(st, enter(m, &snn_delay_taps, err));
    one->lookup = true;
    one->known.time.solver = "lookup";
    one->known.work = (snn_delay_work){{0}};
    snn_lookup_count(m->ctx, &m->problem, &one->known.work);
    one->known.time.cost = snn_delay_price(m->problem.costs, &one->known.work);
    /* A network fires neurons where their sums are made; here they are laid into frames. */
    one->known.work.of[snn_delay_is_near(&m->problem) ? SNN_COST_LAY : SNN_COST_LAY_FAR] +=
        (double)m->c->batch * m->c->steps * m->c->n_out;
    one->known.forward = one->known.work;
    TRY(st, make_spikes(m));
done:
    return st;
}

/* The cheapest by the model. */
static void choose(match *m)
{
    size_t best = 0;

    for (size_t i = 1; i < m->n; i++)
        if (m->contenders[i].known.time.cost < m->contenders[best].known.time.cost)
            best = i;
    m->contenders[best].known.time.chosen = true;
}

/* All that can, and the blocks that they share. */
static snn_status enter_all(match *m, snn_error *err)
{
    size_t scratch = 0, taps = 0;
    snn_status st = SNN_OK;

    for (size_t i = 0; snn_delay_solvers[i] != NULL && m->n < SNN_SOLVERS_MOST; i++) {
        const snn_delay_solver *solver = snn_delay_solvers[i];

        if (snn_delay_choose(&m->problem, solver->id) != solver)
            continue;
        TRY(st, enter(m, solver, err));
    }
    TRY(st, enter_lookup(m, err));
    choose(m);
    for (size_t i = 0; i < m->n; i++) {
        const snn_synapse *synapse = &m->contenders[i].synapse;
        const size_t floats = m->contenders[i].lookup ? snn_lookup_floats(m->ctx, &m->problem)
                                                      : snn_synapse_scratch_floats(synapse);

        scratch = floats > scratch ? floats : scratch;
        taps = snn_synapse_taps(synapse) > taps ? snn_synapse_taps(synapse) : taps;
    }
    TRY_ALLOC(st, m->ctx, m->scratch, scratch);
    TRY_ALLOC(st, m->ctx, m->g_taps, taps);
    for (size_t i = 0; i < m->n; i++) {
        snn_synapse_lend_scratch(&m->contenders[i].synapse, m->scratch);
        m->contenders[i].synapse.g_kernel = m->g_taps;
    }
done:
    return st;
}

static double lap(double *since)
{
    const double now = snn_seconds(), spent = now - *since;

    *since = now;
    return spent;
}

typedef struct {
    const match *m;
    const snn_lookup *lookup;
} lookup_job;

/* A neuron of a block of samples, into frames. */
static void lookup_tile(void *arg, size_t tile, int worker)
{
    const lookup_job *job = arg;
    const snn_lookup *lookup = job->lookup;
    const size_t n = lookup->n_out, o = tile % n, block = tile / n, batch = lookup->batch;
    const size_t b0 = block * lookup->samples,
                 steps = snn_delay_steps_out(&job->m->problem, job->m->c->steps);
    const size_t samples = batch - b0 < lookup->samples ? batch - b0 : lookup->samples;
    float sum[SNN_LOOKUP_GROUPS * SNN_LOOKUP_LANES * SNN_LOOKUP_STEPS];

    (void)worker;
    for (size_t t = 0; t < steps; t += SNN_LOOKUP_STEPS) {
        snn_lookup_sums(lookup, block, o, t, sum);
        for (size_t s = 0; s < SNN_LOOKUP_STEPS && t + s < steps; s++)
            for (size_t b = 0; b < samples; b++)
                job->m->y[((t + s) * batch + b0 + b) * n + o] =
                    sum[(b / 16 * SNN_LOOKUP_STEPS + s) * 16 + b % 16];
    }
}

static void lookup_forward(match *m, const snn_synapse *synapse)
{
    const double terms = (double)m->c->n_in * m->c->n_out;
    snn_lookup lookup;

    snn_lookup_begin(&lookup, m->ctx, &m->problem, m->c->batch, m->scratch);
    snn_lookup_set_kernel(&lookup, &synapse->kernel);
    snn_lookup_set_spikes(&lookup, &m->spikes, m->c->steps);
    snn_parallel(m->ctx, lookup.blocks * lookup.n_out, terms * m->c->batch * m->c->steps,
                 lookup_tile, &(lookup_job){m, &lookup});
}

/* A step; its times take turn `turn`. */
static void take_turn(match *m, contender *one, uint32_t turn)
{
    const snn_frames x = {.batch = m->c->batch, .steps = m->c->steps, .dense = m->x};
    const bool marked = m->problem.wanted > 0.0f;
    snn_synapse *synapse = &one->synapse;
    double since = snn_seconds();

    snn_synapse_begin(synapse, x.batch, x.steps);
    snn_synapse_build(synapse, m->c->use == SNN_USE_ROUNDED);
    one->part[SNN_LAYER_TAPS][turn] = lap(&since);
    if (one->lookup)
        lookup_forward(m, synapse);
    else
        snn_synapse_forward(synapse, &x, m->y);
    one->part[SNN_LAYER_FORWARD][turn] = lap(&since);
    if (m->c->use == SNN_USE_TRAIN) {
        snn_synapse_kernel_gradient(synapse, &x, m->g);
        snn_synapse_collect(synapse);
        one->part[SNN_LAYER_KERNEL_GRADIENT][turn] = lap(&since);
        if (marked)
            memcpy(m->gx, m->x, m->cells * sizeof *m->gx);
        since = snn_seconds();
        snn_synapse_input_gradient(synapse, m->g, m->gx, marked);
        one->part[SNN_LAYER_INPUT_GRADIENT][turn] = lap(&since);
    }
    one->whole[turn] = 0.0;
    for (int p = 0; p < SNN_LAYER_PARTS; p++)
        one->whole[turn] += one->part[p][turn];
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(double *values, uint32_t n, double share)
{
    const double at = share * (n - 1);
    const uint32_t low = (uint32_t)at, high = low + 1 < n ? low + 1 : low;

    qsort(values, n, sizeof *values, ascending);
    return values[low] + (at - low) * (values[high] - values[low]);
}

static void summarise(contender *one)
{
    snn_solver_time *t = &one->known.time;

    t->repeats = one->turns;
    for (int p = 0; p < SNN_LAYER_PARTS; p++)
        t->seconds[p] = quantile(one->part[p], one->turns, 0.5);
    t->whole = quantile(one->whole, one->turns, 0.5);
    t->low = quantile(one->whole, one->turns, 0.25);
    t->high = quantile(one->whole, one->turns, 0.75);
}

/* A first turn each, then `repeats` of those that are not out; the first counts for nothing
 * but to tell who is. */
static void play(match *m, uint32_t repeats)
{
    double first[SNN_SOLVERS_MOST], best = HUGE_VAL;

    for (size_t i = 0; i < m->n; i++) {
        take_turn(m, &m->contenders[i], 0);
        first[i] = m->contenders[i].whole[0];
        best = fmin(best, first[i]);
        m->contenders[i].turns = 1;
    }
    for (uint32_t turn = 0; turn < repeats; turn++)
        for (size_t i = 0; i < m->n; i++)
            if (first[i] <= HOPELESS * best || m->contenders[i].known.time.chosen) {
                take_turn(m, &m->contenders[i], turn);
                m->contenders[i].turns = turn + 1;
            }
    for (size_t i = 0; i < m->n; i++)
        summarise(&m->contenders[i]);
}

snn_status snn_bench_layer(snn_context *ctx, const snn_layer_case *c, uint32_t repeats,
                           snn_layer_time out[SNN_SOLVERS_MOST], size_t *n, snn_error *err)
{
    match m = {.ctx = ctx, .c = c};
    snn_status st;

    TRY(st, check(c, repeats, err));
    m.problem = problem_of(ctx, c);
    TRY_ALLOC(st, ctx, m.contenders, SNN_SOLVERS_MOST);
    TRY(st, make_numbers(&m));
    TRY(st, enter_all(&m, err));
    play(&m, repeats);
    for (size_t i = 0; i < m.n; i++)
        out[i] = m.contenders[i].known;
    *n = m.n;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "layer", "no memory for %u x %u synapses, batch %u, %u steps",
                      c->n_in, c->n_out, c->batch, c->steps);
    for (size_t i = 0; m.contenders != NULL && i < m.n; i++)
        snn_synapse_clear(&m.contenders[i].synapse);
    snn_free(ctx, m.spikes.bits);
    snn_free(ctx, m.contenders);
    snn_free(ctx, m.g_taps);
    snn_free(ctx, m.scratch);
    snn_free(ctx, m.gx);
    snn_free(ctx, m.g);
    snn_free(ctx, m.y);
    snn_free(ctx, m.x);
    snn_free(ctx, m.parameters);
    return st;
}

snn_status snn_bench_solvers(snn_context *ctx, const snn_layer_case *c, uint32_t repeats,
                             snn_solver_time out[SNN_SOLVERS_MOST], size_t *n, snn_error *err)
{
    snn_layer_time all[SNN_SOLVERS_MOST];
    const snn_status st = snn_bench_layer(ctx, c, repeats, all, n, err);

    for (size_t i = 0; st == SNN_OK && i < *n; i++)
        out[i] = all[i].time;
    return st;
}
