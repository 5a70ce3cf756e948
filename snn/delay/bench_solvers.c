/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every solver on one and the same layer.  They take turns, so that a machine whose speed
 * drifts is fair to all; one that is hopeless after its first step has had its turn.
 */
#include "snn/delay/solvers.h"
#include "snn/delay/synapse.h"

#include <snn/bench.h>
#include <snn/random.h>

#include <math.h>
#include <stdlib.h>

#define HOPELESS   4.0 /* times the fastest one's first step */
#define MOST_TURNS 64u

typedef struct {
    snn_synapse synapse;
    double part[SNN_LAYER_PARTS][MOST_TURNS], whole[MOST_TURNS];
    uint32_t turns;
    snn_solver_time time;
} contender;

typedef struct {
    snn_context *ctx;
    const snn_layer_case *c;
    snn_delay_problem problem;
    float *parameters; /* weight, position, sigma, and their gradients */
    float *x, *y, *g, *gx, *g_taps, *scratch;
    contender *contenders;
    size_t n;
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
    if (!(c->sigma >= 0.0f && c->density >= 0.0f && c->density <= 1.0f))
        return snn_error_set(err, SNN_EINVAL, "layer", "sigma or density out of range");
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

static snn_delay_problem problem_of(const snn_layer_case *c)
{
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
    for (size_t i = 0; i < in; i++)
        m->x[i] = snn_random_uniform(key, i, 2, 0) < c->density ? 1.0f : 0.0f;
    for (size_t i = 0; i < out; i++)
        m->g[i] = snn_random_uniform(key, i, 3, 0) - 0.5f;
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
        one->time.solver = solver->name;
        one->time.cost = solver->cost(&m->problem);
        m->n++;
    }
    return st;
}

/* All that can, and the blocks that they share. */
static snn_status enter_all(match *m, snn_error *err)
{
    const snn_delay_solver *chosen = snn_delay_choose(&m->problem, SNN_SOLVER_AUTO);
    size_t scratch = 0, taps = 0;
    snn_status st = SNN_OK;

    for (size_t i = 0; snn_delay_solvers[i] != NULL && m->n < SNN_SOLVERS_MOST; i++) {
        const snn_delay_solver *solver = snn_delay_solvers[i];

        if (snn_delay_choose(&m->problem, solver->id) != solver)
            continue;
        TRY(st, enter(m, solver, err));
        m->contenders[m->n - 1].time.chosen = solver == chosen;
    }
    for (size_t i = 0; i < m->n; i++) {
        const snn_synapse *synapse = &m->contenders[i].synapse;
        const size_t floats = snn_synapse_scratch_floats(synapse);

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

/* A step; its times take turn `turn`. */
static void take_turn(match *m, contender *one, uint32_t turn)
{
    const snn_frames x = {.batch = m->c->batch, .steps = m->c->steps, .dense = m->x};
    snn_synapse *synapse = &one->synapse;
    double since = snn_seconds();

    snn_synapse_begin(synapse, x.batch, x.steps);
    snn_synapse_build(synapse, m->c->use == SNN_USE_ROUNDED);
    one->part[SNN_LAYER_TAPS][turn] = lap(&since);
    snn_synapse_forward(synapse, &x, m->y);
    one->part[SNN_LAYER_FORWARD][turn] = lap(&since);
    if (m->c->use == SNN_USE_TRAIN) {
        snn_synapse_kernel_gradient(synapse, &x, m->g);
        snn_synapse_collect(synapse);
        one->part[SNN_LAYER_KERNEL_GRADIENT][turn] = lap(&since);
        snn_synapse_input_gradient(synapse, m->g, m->gx, false);
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
    snn_solver_time *t = &one->time;

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
            if (first[i] <= HOPELESS * best || m->contenders[i].time.chosen) {
                take_turn(m, &m->contenders[i], turn);
                m->contenders[i].turns = turn + 1;
            }
    for (size_t i = 0; i < m->n; i++)
        summarise(&m->contenders[i]);
}

snn_status snn_bench_solvers(snn_context *ctx, const snn_layer_case *c, uint32_t repeats,
                             snn_solver_time out[SNN_SOLVERS_MOST], size_t *n, snn_error *err)
{
    match m = {.ctx = ctx, .c = c};
    snn_status st;

    TRY(st, check(c, repeats, err));
    m.problem = problem_of(c);
    TRY_ALLOC(st, ctx, m.contenders, SNN_SOLVERS_MOST);
    TRY(st, make_numbers(&m));
    TRY(st, enter_all(&m, err));
    play(&m, repeats);
    for (size_t i = 0; i < m.n; i++)
        out[i] = m.contenders[i].time;
    *n = m.n;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "layer", "no memory for %u x %u synapses, batch %u, %u steps",
                      c->n_in, c->n_out, c->batch, c->steps);
    for (size_t i = 0; m.contenders != NULL && i < m.n; i++)
        snn_synapse_clear(&m.contenders[i].synapse);
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
