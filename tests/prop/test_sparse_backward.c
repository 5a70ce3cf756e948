/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sparse backward: with a surrogate of compact support gradients are propagated where they are
 * not zero, and what comes out is what the dense backward pass gives.
 *
 * - Solvers: at every cell that is wanted the input gradient of a plan that looks at marks has
 *   the bits of one that does not; spans without a wanted cell are left alone; the same bits
 *   for 1, 2 and 3 threads.  Those that ignore marks give it everywhere.
 * - Networks: parameters' gradients have the same bits with and without, for every kind of
 *   neuron, reset and instruction set, with dropout and missing synapses, for batches and
 *   steps smaller than planned.  Terms of a cell come in the same order in both.
 */
#include "tests/cmocka_all.h"

#include "snn/base/cpu.h"
#include "snn/delay/spans.h"
#include "snn/net/net.h"

static snn_context *context(int threads, const char *cpu)
{
    snn_context_params params;
    snn_context *ctx;

    snn_context_params_init(&params);
    params.threads = threads;
    params.cpu = cpu;
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    ctx->always_parallel = true;
    /* These layers are so small that looking at marks would not pay. */
    ctx->costs.of[SNN_COST_SPAN] = ctx->costs.of[SNN_COST_LOOK] = 1e-3f;
    ctx->costs.of[SNN_COST_LAY] = ctx->costs.of[SNN_COST_LAY_FAR] = 1e-3f;
    return ctx;
}

/* ---- solvers ----------------------------------------------------------------------------------
 */

typedef struct {
    snn_delay_problem problem;
    uint32_t batch, steps; /* of the step; the plan may be for more */
} shape;

static const shape shapes[] = {
    {{.n_in = 5, .n_out = 7, .n_taps = 9, .elements = 1, .width = 1, .batch = 3, .steps = 26},
     3,
     26},
    {{.n_in = 19,
      .n_out = 70,
      .n_taps = 31,
      .elements = 2,
      .width = 2,
      .batch = 4,
      .steps = 41,
      .causal = true},
     2,
     37},
    {{.n_in = 33, .n_out = 130, .n_taps = 5, .elements = 1, .width = 3, .batch = 18, .steps = 8},
     17,
     7},
    {{.n_in = 4, .n_out = 3, .n_taps = 1, .elements = 1, .width = 1, .batch = 1, .steps = 1}, 1, 1},
    {{.n_in = 21,
      .n_out = 66,
      .n_taps = 300,
      .elements = 1,
      .width = 1,
      .batch = 9,
      .steps = 90,
      .fan_in = 6},
     9,
     88},
};

/* What a case is made of; gx holds marks on entry. */
typedef struct {
    shape s;
    size_t synapses, nx, ny;
    uint8_t *mask;
    snn_delay_kernel kernel;
    float *marks, *gy;
} span_case;

static void *zeros(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);

    assert_non_null(p);
    return p;
}

static span_case make_case(const shape *s, uint64_t *state)
{
    const snn_delay_problem *p = &s->problem;
    span_case c = {.s = *s, .synapses = (size_t)p->n_in * p->n_out};
    const size_t places = c.synapses * p->elements;

    c.nx = (size_t)s->steps * s->batch * p->n_in;
    c.ny = (size_t)snn_delay_steps_out(p, s->steps) * s->batch * p->n_out;
    c.kernel = (snn_delay_kernel){.width = p->width,
                                  .elements = p->elements,
                                  .first = zeros(places, sizeof(uint16_t)),
                                  .value = zeros(places * p->width, sizeof(float))};
    c.marks = zeros(c.nx, sizeof *c.marks);
    c.gy = zeros(c.ny, sizeof *c.gy);
    if (p->fan_in > 0) {
        c.mask = zeros(c.synapses, 1);
        for (size_t o = 0; o < p->n_out; o++)
            for (size_t i = 0; i < p->fan_in; i++)
                c.mask[o * p->n_in + (i * 5 + o) % p->n_in] = 1;
    }
    for (size_t i = 0; i < places; i++) {
        c.kernel.first[i] = (uint16_t)(test_random(state) % (p->n_taps - p->width + 1));
        for (size_t k = 0; k < p->width; k++)
            c.kernel.value[k * places + i] =
                c.mask == NULL || c.mask[i % c.synapses] ? test_uniform(state, -1.0f, 1.0f) : 0.0f;
    }
    for (size_t i = 0; i < c.ny; i++)
        c.gy[i] = test_uniform(state, -1.0f, 1.0f);
    for (size_t i = 0; i < c.nx; i++)
        c.marks[i] = test_random(state) % 9 != 0 ? 0.0f : i % 2 == 0 ? -0.0f : 1.5f;
    return c;
}

static void end_case(span_case *c)
{
    free(c->mask);
    free(c->kernel.first);
    free(c->kernel.value);
    free(c->marks);
    free(c->gy);
}

/* The input gradient; `wanted` 0: of a plan that knows no marks. */
static float *input_gradient(const span_case *c, const snn_delay_solver *solver, float wanted,
                             bool marked, int threads)
{
    snn_context *ctx = context(threads, NULL);
    snn_delay_problem problem = c->s.problem;
    float *gx = zeros(c->nx, sizeof *gx), *scratch;
    snn_delay_plan *plan;

    problem.density = 1.0f;
    problem.train = problem.input_gradient = true;
    problem.wanted = wanted;
    problem.costs = ctx->costs.of;
    problem.mask = c->mask;
    assert_int_equal(snn_delay_plan_create(ctx, &problem, solver->id, &plan, NULL), SNN_OK);
    assert_int_equal(snn_delay_is_sparse(solver, &problem),
                     solver->sparse != NULL && wanted > 0.0f);
    scratch = zeros(plan->scratch_floats, sizeof *scratch);
    for (size_t i = 0; i < plan->scratch_floats; i++)
        scratch[i] = NAN;
    snn_delay_plan_scratch(plan, scratch);
    snn_delay_begin(plan, c->s.batch, c->s.steps);
    solver->set_kernel(plan, &c->kernel);
    memcpy(gx, c->marks, c->nx * sizeof *gx);
    plan->marked = marked;
    solver->input_gradient(plan, c->gy, gx);
    snn_delay_plan_destroy(plan);
    free(scratch);
    snn_context_destroy(ctx);
    return gx;
}

static bool holds_zero(float x)
{
    return x == 0.0f && !signbit(x);
}

/* Whether a cell's span has a cell that is wanted. */
static bool in_wanted_span(const span_case *c, size_t at)
{
    const size_t row = (size_t)c->s.batch * c->s.problem.n_in, t0 = at / row / SNN_SPAN * SNN_SPAN;

    for (size_t t = t0; t < t0 + SNN_SPAN && t < c->s.steps; t++)
        if (!holds_zero(c->marks[t * row + at % row]))
            return true;
    return false;
}

static void solvers_skip(void **unused)
{
    (void)unused;
    for (size_t n = 0; n < SNN_COUNT(shapes); n++) {
        uint64_t state = test_seed(71 + n);
        span_case c = make_case(&shapes[n], &state);

        for (size_t i = 0; snn_delay_solvers[i] != NULL; i++) {
            const snn_delay_solver *solver = snn_delay_solvers[i];
            float *dense, *sparse, *all, *threads;

            if (solver->sparse == NULL)
                continue;
            dense = input_gradient(&c, solver, 0.0f, false, 1);
            sparse = input_gradient(&c, solver, 0x1p-14f, true, 1);
            all = input_gradient(&c, solver, 0x1p-14f, false, 2);
            threads = input_gradient(&c, solver, 0x1p-14f, true, 3);
            for (size_t at = 0; at < c.nx; at++) {
                if (in_wanted_span(&c, at))
                    assert_memory_equal(&dense[at], &sparse[at], sizeof(float));
                else
                    assert_true(holds_zero(sparse[at]));
            }
            check_array_bits("not marked: all", dense, all, c.nx, 71 + n);
            check_array_bits("threads", sparse, threads, c.nx, 71 + n);
            free(dense);
            free(sparse);
            free(all);
            free(threads);
        }
        end_case(&c);
    }
}

/* Solvers without spans: the same whatever gx holds on entry. */
static void solvers_ignore(void **unused)
{
    const shape s = {
        {.n_in = 5, .n_out = 7, .n_taps = 9, .elements = 1, .width = 1, .batch = 3, .steps = 26},
        3,
        26};
    uint64_t state = test_seed(5);
    span_case c = make_case(&s, &state);

    (void)unused;
    c.kernel.width = 0; /* dense taps */
    free(c.kernel.value);
    c.kernel.value = zeros(c.synapses * s.problem.n_taps, sizeof(float));
    for (size_t i = 0; i < c.synapses * s.problem.n_taps; i++)
        c.kernel.value[i] = test_uniform(&state, -1.0f, 1.0f);
    for (size_t i = 0; snn_delay_solvers[i] != NULL; i++) {
        const snn_delay_solver *solver = snn_delay_solvers[i];
        float *dense, *marked;

        if (solver->narrow)
            continue;
        dense = input_gradient(&c, solver, 0.0f, false, 1);
        marked = input_gradient(&c, solver, 0x1p-14f, true, 1);
        check_array_bits(solver->name, dense, marked, c.nx, 5);
        free(dense);
        free(marked);
    }
    end_case(&c);
}

/* ---- networks ---------------------------------------------------------------------------------
 */

#define INPUTS  12u
#define CLASSES 4u
#define BATCH   19u
#define STEPS   43u

typedef struct {
    const char *name;
    snn_neuron_model model;
    snn_reset reset;
    snn_solver solver;
    int attached;
    uint32_t fan_in, kernel_count, max_delay;
    float dropout;
    snn_delay_mode mode;
    snn_kernel_version version;
} variant;

static const variant variants[] = {
    {.name = "lif, event", .solver = SNN_SOLVER_EVENT, .max_delay = 9, .mode = SNN_DELAYS_FIXED},
    {.name = "lif, taps, dropout",
     .solver = SNN_SOLVER_TAPS,
     .max_delay = 9,
     .dropout = 0.4f,
     .mode = SNN_DELAYS_FIXED},
    {.name = "lif, event, long delays",
     .solver = SNN_SOLVER_EVENT,
     .max_delay = 201,
     .dropout = 0.2f,
     .mode = SNN_DELAYS_FIXED},
    {.name = "lif, soft reset, attached",
     .solver = SNN_SOLVER_EVENT,
     .reset = SNN_RESET_SOFT,
     .attached = 1,
     .max_delay = 9,
     .kernel_count = 2,
     .version = SNN_KERNEL_V1},
    {.name = "lif, missing synapses",
     .solver = SNN_SOLVER_EVENT,
     .fan_in = 5,
     .max_delay = 15,
     .version = SNN_KERNEL_V0,
     .dropout = 0.1f},
    {.name = "adlif",
     .model = SNN_NEURON_ADLIF,
     .solver = SNN_SOLVER_EVENT,
     .max_delay = 9,
     .dropout = 0.4f,
     .version = SNN_KERNEL_V1},
    {.name = "adlif, attached",
     .model = SNN_NEURON_ADLIF,
     .solver = SNN_SOLVER_TAPS,
     .attached = 1,
     .max_delay = 9,
     .version = SNN_KERNEL_V1},
    {.name = "cuba",
     .model = SNN_NEURON_CUBA,
     .solver = SNN_SOLVER_TAPS,
     .max_delay = 9,
     .dropout = 0.4f,
     .version = SNN_KERNEL_V1},
};

static snn_network_params params_of(const variant *v)
{
    snn_network_params p;

    snn_network_params_init(&p);
    p.n_inputs = INPUTS;
    p.n_outputs = CLASSES;
    p.n_hidden = 3;
    p.hidden[0] = 24;
    p.hidden[1] = 67;
    p.hidden[2] = 15;
    p.fan_in = v->fan_in;
    p.dropout = v->dropout;
    p.neuron.model = v->model;
    p.neuron.reset = v->reset;
    p.neuron.detach_reset = !v->attached;
    p.neuron.surrogate = SNN_SURROGATE_TRIANGLE;
    if (v->model == SNN_NEURON_ADLIF)
        p.neuron.v_threshold = 0.2f; /* so that neurons fire */
    p.delay.max_delay = v->max_delay;
    p.delay.solver = v->solver;
    p.delay.mode = v->mode;
    p.delay.version = v->version;
    p.delay.kernel_count = v->kernel_count > 0 ? v->kernel_count : 1;
    return p;
}

/* One step of a fresh network; its gradients, to be freed.  `sparse`: as if the epoch before had
 * seen few marks.  wanted: what this step has seen, of layer 1. */
static float *gradients(const variant *v, bool sparse, int threads, const char *cpu, size_t *n,
                        float *wanted)
{
    snn_context *ctx = context(threads, cpu);
    const snn_network_params params = params_of(v);
    const snn_pass pass = {.mode = SNN_MODE_TRAIN, .seed = 3};
    static float x[STEPS * BATCH * INPUTS];
    static uint32_t label[BATCH];
    snn_batch batch = {.batch = BATCH - 2, .steps = STEPS - 2, .x = x, .label = label};
    uint64_t state = test_seed(9);
    snn_tape_params tape_params;
    snn_network *net;
    snn_tape *tape;
    float *g;
    double loss;
    uint32_t correct;

    for (size_t i = 0; i < SNN_COUNT(x); i++)
        x[i] = test_random(&state) % 4 == 0 ? 1.0f : 0.0f;
    for (uint32_t b = 0; b < BATCH; b++)
        label[b] = b % CLASSES;
    assert_int_equal(snn_network_create(ctx, &params, 21, &net, NULL), SNN_OK);
    snn_tape_params_init(&tape_params);
    tape_params.batch = BATCH;
    tape_params.steps = STEPS;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    for (uint32_t l = 0; sparse && l < NET_MAX_LAYERS; l++)
        tape->plan[NET_PLAN_WANTED + l] = 0x1p-12f;
    assert_int_equal(net_plan_again(tape, NULL), SNN_OK);
    for (uint32_t l = 0; l < net->layers; l++) {
        snn_plan_choice choice;

        assert_int_equal(snn_tape_plan(tape, l, 0, &choice), SNN_OK);
        assert_true((choice.wanted < 1.0f) == (sparse && l > 0));
    }
    assert_int_equal(snn_forward(tape, &batch, &pass, NULL), SNN_OK);
    assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_OK);
    assert_int_equal(snn_backward(tape, NULL), SNN_OK);
    *n = net->gradient_floats;
    *wanted = tape->plan[NET_PLAN_WANTED_SEEN + 1];
    g = zeros(*n, sizeof *g);
    memcpy(g, tape->g_block, *n * sizeof *g);
    snn_tape_destroy(tape);
    snn_network_destroy(net);
    snn_context_destroy(ctx);
    return g;
}

/* Equal, and all 0 nowhere near: the first layer has seen a gradient. */
static void check_same(const char *name, const float *dense, const float *sparse, size_t n)
{
    size_t weights = INPUTS * 24, some = 0;

    for (size_t i = 0; i < weights; i++)
        some += dense[i] != 0.0f;
    if (some < weights / 8)
        fail_msg("%s: %zu of %zu gradients of the first layer are not 0", name, some, weights);
    check_array_near(name, dense, sparse, n, 0.0, 9);
}

static void networks_agree(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < SNN_COUNT(variants); i++) {
        for (int level = 0; level <= (int)snn_cpu_detect(); level++) {
            const char *cpu = snn_cpu_name((snn_cpu_level)level);
            const int threads = 1 + (int)(i + (size_t)level) % 3;
            size_t n;
            float wanted, *dense, *sparse;

            if (snn_kern_tables[level] == NULL)
                continue;
            dense = gradients(&variants[i], false, threads, cpu, &n, &wanted);
            sparse = gradients(&variants[i], true, 4 - threads, cpu, &n, &wanted);
            assert_true(wanted > 0.0f && wanted < 0.9f);
            check_same(variants[i].name, dense, sparse, n);
            free(dense);
            free(sparse);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(solvers_skip),
        cmocka_unit_test(solvers_ignore),
        cmocka_unit_test(networks_agree),
    };

    return cmocka_run_group_tests_name("sparse backward", tests, NULL, NULL);
}
