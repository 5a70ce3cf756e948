/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Laws of the delayed synapse, for every row of the solver table:
 *
 *     y[t] = sum_d kernel[d] x[t - d]        (delay.h)
 *
 * an impulse arrives after its delay with its weight; the operator is linear and
 * commutes with shifts; input and kernel gradients are its adjoints; each solver
 * equals a plain loop in double over random shapes.
 *
 * Invariant I1 (for the operator): the same bits with 1, 2 and 3 threads.
 *
 * Bound: an output is a sum of products.  `direct` adds n of them: n U sum |k x|.
 * A solver in the frequency domain has an error that is spread over all outputs:
 * of spectra of length N, at most (T + D + 2 n + N + 8) U of |x|_1 |k|_1, by adding
 * up dot products of those lengths.  Both are below
 *
 *     2 (T + T' + D + n_in + n_out + B + N + 8) U sum over all units of |a|_1 |b|_1
 *
 * (worst case, not typical: measured errors are hundreds of times smaller), and
 * each test also demands 1e-5 of the largest value, which a wrong tap breaks.
 */
#include "tests/context_threads.h"

#include "snn/delay/delay.h"

#define U 0x1p-24

typedef struct {
    uint32_t n_in, n_out, n_taps, batch, steps;
    bool causal;
} shape;

/* A plan with its arrays for one shape; gradients too. */
typedef struct {
    snn_context *ctx;
    snn_delay_plan *plan;
    float *scratch;
    uint32_t batch, steps, steps_out;
    size_t nx, ny, nk;
    float *x, *y, *k, *gy, *gx, *gk;
    snn_delay_kernel kernel; /* k as the solver takes it */
} bench;

static snn_context *context(int threads)
{
    snn_context *ctx = context_threads(threads);

    ctx->always_parallel = true; /* these shapes are small */
    return ctx;
}

static snn_delay_problem problem_of(const shape *s)
{
    return (snn_delay_problem){.n_in = s->n_in,
                               .n_out = s->n_out,
                               .n_taps = s->n_taps,
                               .elements = 1,
                               .width = s->n_taps,
                               .density = 1.0f,
                               .causal = s->causal,
                               .batch = s->batch,
                               .steps = s->steps,
                               .train = true,
                               .input_gradient = true,
                               .last = s->batch % 2 == 0,
                               .costs = snn_costs_of("avx2")};
}

static float *array(size_t n)
{
    float *a = calloc(n + 1, sizeof *a); /* exact size + 1: AddressSanitizer guards the rest */

    assert_non_null(a);
    return a;
}

/* Batch and steps of the bench may be smaller than planned. */
static void resize(bench *b, uint32_t batch, uint32_t steps)
{
    const snn_delay_problem *p = &b->plan->problem;

    b->batch = batch;
    b->steps = steps;
    b->steps_out = snn_delay_steps_out(p, steps);
    b->nx = (size_t)steps * batch * p->n_in;
    b->ny = (size_t)b->steps_out * batch * p->n_out;
    b->nk = (size_t)p->n_taps * p->n_out * p->n_in;
}

static bench bench_of(const snn_delay_solver *solver, const snn_delay_problem *s, int threads)
{
    bench b = {.ctx = context(threads)};

    assert_int_equal(snn_delay_plan_create(b.ctx, s, solver->id, &b.plan, NULL), SNN_OK);
    assert_ptr_equal(b.plan->solver, solver);
    b.scratch = array(b.plan->scratch_floats);
    snn_delay_plan_scratch(b.plan, b.scratch);
    resize(&b, s->batch, s->steps);
    b.x = array(b.nx);
    b.gx = array(b.nx);
    b.y = array(b.ny);
    b.gy = array(b.ny);
    b.k = array(b.nk);
    b.gk = array(b.nk);
    /* Narrow taps of width D from delay 0 on are the dense ones. */
    b.kernel = (snn_delay_kernel){.width = snn_delay_width(b.plan), .elements = 1, .value = b.k};
    if (solver->narrow) {
        b.kernel.first = calloc((size_t)s->n_in * s->n_out, sizeof *b.kernel.first);
        assert_non_null(b.kernel.first);
    }
    return b;
}

static bench bench_new(const snn_delay_solver *solver, const shape *s, int threads)
{
    const snn_delay_problem problem = problem_of(s);

    return bench_of(solver, &problem, threads);
}

static void bench_end(bench *b)
{
    free(b->x);
    free(b->gx);
    free(b->y);
    free(b->gy);
    free(b->k);
    free(b->gk);
    free(b->kernel.first);
    free(b->scratch);
    snn_delay_plan_destroy(b->plan);
    assert_int_equal(snn_context_bytes(b->ctx), 0);
    snn_context_destroy(b->ctx);
}

static void fill(float *a, size_t n, uint64_t *state)
{
    for (size_t i = 0; i < n; i++)
        a[i] = test_uniform(state, -1.0f, 1.0f);
}

static void forward(bench *b, bool add)
{
    const snn_frames x = {.batch = b->batch, .steps = b->steps, .dense = b->x};

    snn_delay_begin(b->plan, b->batch, b->steps);
    b->plan->solver->set_kernel(b->plan, &b->kernel);
    b->plan->solver->forward(b->plan, &x, b->y, add);
}

/* After forward: unless it is the last, the scratch may have served another layer in between. */
static void backward(bench *b)
{
    const snn_frames x = {.batch = b->batch, .steps = b->steps, .dense = b->x};

    for (size_t i = 0; i < b->plan->scratch_floats && !b->plan->problem.last; i++)
        b->scratch[i] = NAN;
    b->plan->solver->begin_backward(b->plan, b->gy);
    b->plan->solver->kernel_gradient(b->plan, &x, b->gy, b->gk);
    b->plan->solver->set_kernel(b->plan, &b->kernel);
    b->plan->solver->input_gradient(b->plan, b->gy, b->gx);
}

/* ---- the plain loop ------------------------------------------------------------------ */

static double sum_abs(const float *a, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += fabs((double)a[i]);
    return sum;
}

static double largest(const double *a, size_t n)
{
    double top = 0.0;

    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs(a[i]));
    return top;
}

typedef struct {
    double *y, *gx, *gk;
} exact;

static exact exact_of(const bench *b)
{
    const snn_delay_problem *p = &b->plan->problem;
    exact e = {calloc(b->ny + 1, sizeof(double)), calloc(b->nx + 1, sizeof(double)),
               calloc(b->nk + 1, sizeof(double))};

    for (uint32_t t = 0; t < b->steps_out; t++) {
        for (uint32_t d = 0; d < p->n_taps && d <= t; d++) {
            if (t - d >= b->steps)
                continue;
            for (uint32_t sample = 0; sample < b->batch; sample++) {
                for (uint32_t o = 0; o < p->n_out; o++) {
                    for (uint32_t i = 0; i < p->n_in; i++) {
                        const size_t at_x = ((size_t)(t - d) * b->batch + sample) * p->n_in + i;
                        const size_t at_y = ((size_t)t * b->batch + sample) * p->n_out + o;
                        const size_t at_k = ((size_t)d * p->n_out + o) * p->n_in + i;

                        e.y[at_y] += (double)b->k[at_k] * (double)b->x[at_x];
                        e.gx[at_x] += (double)b->k[at_k] * (double)b->gy[at_y];
                        e.gk[at_k] += (double)b->gy[at_y] * (double)b->x[at_x];
                    }
                }
            }
        }
    }
    return e;
}

static void exact_end(exact *e)
{
    free(e->y);
    free(e->gx);
    free(e->gk);
}

/* Worst case of the head comment, for arrays a and b. */
static double bound_of(const bench *b, double a_abs, double b_abs)
{
    const snn_delay_problem *p = &b->plan->problem;
    const double length = (double)b->steps + p->n_taps - 1.0;

    return 2.0 *
           (2.0 * length + b->steps + b->steps_out + p->n_in + p->n_out + p->n_taps + b->batch +
            8.0) *
           U * a_abs * b_abs;
}

static void compare(const char *what, const double *expected, const float *got, size_t n,
                    double bound, uint64_t seed)
{
    const double top = largest(expected, n);
    struct test_near near = test_near_begin(what, seed);

    for (size_t i = 0; i < n; i++)
        check_near(&near, i, expected[i], (double)got[i], fmin(bound, 1e-5 * fmax(top, 1e-3)));
    test_near_end(&near);
}

static void check_all(bench *b, uint64_t seed)
{
    exact e = exact_of(b);
    const double x = sum_abs(b->x, b->nx), k = sum_abs(b->k, b->nk), gy = sum_abs(b->gy, b->ny);

    forward(b, false);
    compare("y", e.y, b->y, b->ny, bound_of(b, x, k), seed);
    forward(b, true); /* y + y */
    for (size_t i = 0; i < b->ny; i++)
        e.y[i] *= 2.0;
    compare("y added", e.y, b->y, b->ny, 2.0 * bound_of(b, x, k), seed);
    backward(b);
    compare("gx", e.gx, b->gx, b->nx, bound_of(b, gy, k), seed);
    compare("gk", e.gk, b->gk, b->nk, bound_of(b, gy, x), seed);
    exact_end(&e);
}

/* ---- laws ------------------------------------------------------------------------------- */

#define EACH_SOLVER(solver)                                                                        \
    for (const snn_delay_solver *const *row_ = snn_delay_solvers, *solver = *row_; solver != NULL; \
         solver = *++row_)

static void impulse(void **state)
{
    (void)state;
    EACH_SOLVER(solver)
    {
        const shape s = {3, 4, 7, 2, 10, false};
        bench b = bench_new(solver, &s, 1);

        for (uint32_t t = 0; t < s.steps; t += 3) {
            for (uint32_t d = 0; d < s.n_taps; d++) {
                const uint32_t i = d % s.n_in, o = (t + d) % s.n_out, sample = t % s.batch;

                memset(b.x, 0, b.nx * sizeof *b.x);
                memset(b.k, 0, b.nk * sizeof *b.k);
                b.x[(t * s.batch + sample) * s.n_in + i] = 2.0f;
                b.k[(d * s.n_out + o) * s.n_in + i] = 0.75f;
                forward(&b, false);
                for (size_t at = 0; at < b.ny; at++) {
                    const bool here = at == ((size_t)(t + d) * s.batch + sample) * s.n_out + o;

                    if (fabsf(b.y[at] - (here ? 1.5f : 0.0f)) > 1e-6f)
                        fail_msg("%s: impulse at %u, delay %u: y[%zu] = %g", solver->name, t, d, at,
                                 (double)b.y[at]);
                }
            }
        }
        bench_end(&b);
    }
}

/* A x + B x' and its image; and a shift by one step, with room on both sides. */
static void linear_and_shift(void **state)
{
    uint64_t random = test_seed(11);

    (void)state;
    EACH_SOLVER(solver)
    {
        const shape s = {5, 6, 9, 3, 40, false};
        bench b = bench_new(solver, &s, 1);
        float *first = array(b.nx), *y_first = array(b.ny), *y_second = array(b.ny);
        const size_t row_x = s.batch * s.n_in, row_y = s.batch * s.n_out;
        struct test_near near = test_near_begin("linear", 11),
                         shifted = test_near_begin("shift", 11);
        double bound;

        fill(b.k, b.nk, &random);
        fill(b.x, b.nx - 15 * row_x, &random); /* the last 15 steps are silent */
        bound = 4.0 * bound_of(&b, sum_abs(b.x, b.nx), sum_abs(b.k, b.nk));
        bound = fmin(bound, 1e-4);
        memcpy(first, b.x, b.nx * sizeof *first);
        forward(&b, false);
        memcpy(y_first, b.y, b.ny * sizeof *y_first);

        memmove(b.x + row_x, b.x, (b.nx - row_x) * sizeof *b.x);
        memset(b.x, 0, row_x * sizeof *b.x);
        forward(&b, false);
        for (size_t i = row_y; i < b.ny; i++)
            check_near(&shifted, i, (double)y_first[i - row_y], (double)b.y[i], bound);

        fill(b.x, b.nx, &random);
        forward(&b, false);
        memcpy(y_second, b.y, b.ny * sizeof *y_second);
        for (size_t i = 0; i < b.nx; i++)
            b.x[i] = 0.5f * first[i] - 2.0f * b.x[i];
        forward(&b, false);
        for (size_t i = 0; i < b.ny; i++)
            check_near(&near, i, 0.5 * (double)y_first[i] - 2.0 * (double)y_second[i],
                       (double)b.y[i], 4.0 * bound);
        test_near_end(&near);
        test_near_end(&shifted);
        free(first);
        free(y_first);
        free(y_second);
        bench_end(&b);
    }
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* <J x, gy> = <x, J' gy> = <k, J_k' gy>: y is linear in the kernel too. */
static void adjoint(void **state)
{
    static const shape shapes[] = {{5, 4, 7, 3, 20, false},
                                   {1, 1, 1, 1, 1, false},
                                   {7, 3, 25, 2, 9, true},
                                   {20, 16, 25, 4, 100, false},
                                   {2, 3, 31, 2, 400, false}};
    uint64_t random = test_seed(12);

    (void)state;
    EACH_SOLVER(solver)
    {
        for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
            bench b = bench_new(solver, &shapes[i], 1);
            double left, scale;

            fill(b.x, b.nx, &random);
            fill(b.k, b.nk, &random);
            fill(b.gy, b.ny, &random);
            forward(&b, false);
            backward(&b);
            left = dot(b.y, b.gy, b.ny);
            scale = sqrt(dot(b.y, b.y, b.ny) * dot(b.gy, b.gy, b.ny));
            assert_true(fabs(left - dot(b.x, b.gx, b.nx)) <= 1e-5 * scale);
            assert_true(fabs(left - dot(b.k, b.gk, b.nk)) <= 1e-5 * scale);
            bench_end(&b);
        }
    }
}

/* Shapes of 1, odd ones, T < D, and lengths on both sides of where transforms
 * change their way (384). */
static void against_loop(void **state)
{
    static const shape shapes[] = {
        {1, 1, 1, 1, 1, false},     {1, 1, 7, 1, 3, false},    {3, 1, 25, 1, 5, true},
        {1, 5, 25, 2, 13, false},   {7, 9, 3, 1, 17, false},   {16, 17, 15, 5, 33, true},
        {140, 3, 25, 2, 20, false}, {2, 130, 5, 3, 11, false}, {3, 2, 9, 2, 375, true},
        {3, 2, 9, 2, 376, true},    {3, 2, 9, 2, 377, true},   {2, 3, 31, 1, 700, false},
        {33, 20, 2, 2, 12, false},  {4, 4, 8, 2, 12, false},   {1, 2, 1, 3, 500, false},
        {4, 5, 63, 2, 9, false},
    };
    const uint64_t seed = test_seed(13);
    uint64_t random = seed;

    (void)state;
    EACH_SOLVER(solver)
    {
        for (size_t i = 0; i < SNN_COUNT(shapes) + 30; i++) {
            shape s;
            bench b;

            if (i < SNN_COUNT(shapes))
                s = shapes[i];
            else
                s = (shape){.n_in = 1 + (uint32_t)(test_random(&random) % 12),
                            .n_out = 1 + (uint32_t)(test_random(&random) % 12),
                            .n_taps = 1 + (uint32_t)(test_random(&random) % 20),
                            .batch = 1 + (uint32_t)(test_random(&random) % 5),
                            .steps = 1 + (uint32_t)(test_random(&random) % 50),
                            .causal = test_random(&random) & 1};
            b = bench_new(solver, &s, 1 + (int)(i % 3));
            fill(b.x, b.nx, &random);
            fill(b.k, b.nk, &random);
            fill(b.gy, b.ny, &random);
            check_all(&b, seed);
            bench_end(&b);
        }
    }
}

/*
 * Windows of K < D taps, two of them a synapse, some synapses missing: as the dense
 * kernel that they add up to, and gradients at the taps they hold.  Sparse input too.
 */
static void narrow_windows(void **state)
{
    static const shape shapes[] = {{3, 4, 7, 2, 10, false},   {9, 7, 25, 17, 33, false},
                                   {20, 18, 31, 3, 40, true}, {5, 3, 300, 2, 90, false},
                                   {7, 5, 40, 9, 20, true},   {33, 6, 9, 16, 31, false}};
    const uint64_t seed = test_seed(16);
    uint64_t random = seed;

    (void)state;
    EACH_SOLVER(solver)
    {
        for (size_t i = 0; solver->narrow && i < 4 * SNN_COUNT(shapes); i++) {
            const shape *s = &shapes[i / 4];
            const size_t synapses = (size_t)s->n_in * s->n_out;
            const bool masked = i % 4 >= 2;
            snn_delay_problem problem = problem_of(s);
            snn_delay_kernel kernel = {.width = 1 + (uint32_t)(i % 3), .elements = 2};
            uint8_t *mask = calloc(synapses, 1);
            float *g_kernel;
            bench b;
            exact e;
            size_t taps;

            assert_non_null(mask);
            problem.width = kernel.width;
            problem.elements = 2;
            problem.fan_in = (s->n_in + 2) / 3;
            problem.mask = masked ? mask : NULL;
            for (uint32_t o = 0; o < s->n_out; o++)
                for (uint32_t f = 0; f < problem.fan_in; f++)
                    mask[o * s->n_in + (o + 3 * f) % s->n_in] = 1;
            b = bench_of(solver, &problem, 1 + (int)(i % 3));
            taps = snn_delay_kernel_floats(b.plan);
            kernel.first = calloc(2 * synapses, sizeof *kernel.first);
            kernel.value = array(taps);
            g_kernel = array(taps);
            assert_non_null(kernel.first);
            for (size_t at = 0; at < 2 * synapses; at++)
                kernel.first[at] =
                    (uint16_t)(test_random(&random) % (s->n_taps - kernel.width + 1));
            fill(kernel.value, taps, &random);
            memset(b.k, 0, b.nk * sizeof *b.k);
            for (size_t at = 0; at < taps; at++) {
                const size_t ms = at % (2 * synapses), k = at / (2 * synapses);

                if (masked && mask[ms % synapses] == 0)
                    kernel.value[at] = 0.0f;
                b.k[(kernel.first[ms] + k) * synapses + ms % synapses] += kernel.value[at];
            }
            free(b.kernel.first);
            b.kernel = kernel;
            fill(b.x, b.nx, &random);
            for (size_t at = 0; i % 2 == 1 && at < b.nx; at++)
                b.x[at] = test_random(&random) % 8 == 0 ? b.x[at] : 0.0f;
            fill(b.gy, b.ny, &random);
            e = exact_of(&b);
            forward(&b, false);
            compare("y", e.y, b.y, b.ny, bound_of(&b, sum_abs(b.x, b.nx), 2.0 * sum_abs(b.k, b.nk)),
                    seed);
            free(b.gk);
            b.gk = g_kernel;
            backward(&b);
            compare("gx", e.gx, b.gx, b.nx,
                    bound_of(&b, sum_abs(b.gy, b.ny), 2.0 * sum_abs(b.k, b.nk)), seed);
            for (size_t at = 0; at < taps; at++) {
                const size_t ms = at % (2 * synapses), k = at / (2 * synapses);
                const double expected = e.gk[(kernel.first[ms] + k) * synapses + ms % synapses];

                if (masked && mask[ms % synapses] == 0)
                    continue;
                if (fabs(expected - (double)g_kernel[at]) > 1e-5 * fmax(1.0, fabs(expected)))
                    fail_msg("%s: gradient of tap %zu: %g, expected %g", solver->name, at,
                             (double)g_kernel[at], expected);
            }
            exact_end(&e);
            free(kernel.value);
            free(mask);
            bench_end(&b);
        }
    }
}

/* One plan, batch and steps up and down. */
static void reuse(void **state)
{
    static const shape planned[] = {{6, 5, 11, 7, 60, false}, {3, 4, 9, 5, 800, false}};
    static const uint32_t share[][2] = {{7, 60}, {1, 1},  {7, 3},  {3, 60}, {2, 31},
                                        {7, 59}, {6, 45}, {1, 60}, {7, 60}};
    const uint64_t seed = test_seed(14);
    uint64_t random = seed;

    (void)state;
    EACH_SOLVER(solver)
    {
        for (size_t p = 0; p < SNN_COUNT(planned); p++) {
            bench b = bench_new(solver, &planned[p], 2);

            for (size_t i = 0; i < SNN_COUNT(share); i++) {
                const uint32_t batch =
                    share[i][0] < planned[p].batch ? share[i][0] : planned[p].batch;

                resize(&b, batch, share[i][1] * planned[p].steps / 60);
                fill(b.x, b.nx, &random);
                fill(b.k, b.nk, &random);
                fill(b.gy, b.ny, &random);
                check_all(&b, seed);
            }
            bench_end(&b);
        }
    }
}

static void same_bits(void **state)
{
    static const shape shapes[] = {
        {70, 130, 25, 40, 33, false}, {5, 70, 9, 3, 420, false}, {1, 3, 3, 2, 2000, true}};

    (void)state;
    EACH_SOLVER(solver)
    {
        for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
            bench one = bench_new(solver, &shapes[i], 1);
            uint64_t random = 15;

            fill(one.x, one.nx, &random);
            fill(one.k, one.nk, &random);
            fill(one.gy, one.ny, &random);
            forward(&one, false);
            backward(&one);
            for (int threads = 2; threads <= 3; threads++) {
                bench b = bench_new(solver, &shapes[i], threads);

                memcpy(b.x, one.x, one.nx * sizeof *b.x);
                memcpy(b.k, one.k, one.nk * sizeof *b.k);
                memcpy(b.gy, one.gy, one.ny * sizeof *b.gy);
                forward(&b, false);
                backward(&b);
                check_array_bits("y", one.y, b.y, one.ny, 15);
                check_array_bits("gx", one.gx, b.gx, one.nx, 15);
                check_array_bits("gk", one.gk, b.gk, one.nk, 15);
                bench_end(&b);
            }
            bench_end(&one);
        }
    }
}

/* A step allocates nothing. */
static void no_allocation(void **state)
{
    (void)state;
    EACH_SOLVER(solver)
    {
        const shape s = {6, 5, 11, 4, 60, false};
        bench b = bench_new(solver, &s, 2);
        const uint64_t before = snn_context_allocations(b.ctx);

        for (uint32_t steps = 60; steps > 50; steps--) {
            resize(&b, 4, steps);
            forward(&b, false);
            backward(&b);
        }
        assert_int_equal(snn_context_allocations(b.ctx), before);
        bench_end(&b);
    }
}

/* ---- planner ------------------------------------------------------------------------------ */

static void planner(void **state)
{
    static const shape shapes[] = {{140, 256, 25, 256, 100, false},
                                   {256, 20, 25, 256, 124, false},
                                   {4, 4, 1, 2, 8, false},
                                   {40, 64, 31, 16, 300, true}};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
        const snn_delay_problem problem = problem_of(&shapes[i]);
        const snn_delay_solver *chosen = NULL;

        for (int threads = 1; threads <= 3; threads++) {
            snn_context *ctx = context(threads);
            snn_delay_plan *plan = NULL;

            assert_int_equal(snn_delay_plan_create(ctx, &problem, SNN_SOLVER_AUTO, &plan, NULL),
                             SNN_OK);
            if (chosen == NULL)
                chosen = plan->solver;
            assert_ptr_equal(plan->solver, chosen);
            EACH_SOLVER(solver)
            {
                const double cost = snn_delay_cost(solver, &problem);

                assert_true(cost < 0.0 || snn_delay_cost(chosen, &problem) <= cost);
            }
            snn_delay_plan_destroy(plan);
            snn_context_destroy(ctx);
        }
    }
}

static void unknown_solver(void **state)
{
    const shape s = {2, 2, 3, 1, 4, false};
    const snn_delay_problem problem = problem_of(&s);
    snn_context *ctx = context(1);
    snn_delay_plan *plan = NULL;
    snn_error err = {SNN_OK, "", ""};

    (void)state;
    assert_int_equal(snn_delay_plan_create(ctx, &problem, (snn_solver)99, &plan, &err),
                     SNN_EUNSUPPORTED);
    assert_int_equal(err.status, SNN_EUNSUPPORTED);
    assert_null(plan);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impulse),        cmocka_unit_test(linear_and_shift),
        cmocka_unit_test(adjoint),        cmocka_unit_test(against_loop),
        cmocka_unit_test(narrow_windows), cmocka_unit_test(reuse),
        cmocka_unit_test(same_bits),      cmocka_unit_test(no_allocation),
        cmocka_unit_test(planner),        cmocka_unit_test(unknown_solver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
