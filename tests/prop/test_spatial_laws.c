/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Laws of the spatial synapse, for every row of its solver table: an event is seen as its
 * stencil; each solver equals a plain loop in double; the gradient is the adjoint; the
 * operator commutes with shifts in space and time; the same bits with 1, 2 and 3 threads
 * (invariant I1 for this operator).
 *
 * Bound: an output adds at most n = 2 D side^2 stencil cells, n U sum |S|; a solver in the
 * frequency domain spreads (3 log2 N + 8) U |A|_2 |S|_2 over all outputs, with N the cells
 * of its circle (Cauchy-Schwarz on two transforms back and forth).
 */
#include "tests/context_threads.h"
#include "tests/movie_help.h"

#include "snn/delay/spatial.h"
#include "snn/kern/kern.h"

#include <math.h>

#define U 0x1p-24

#define EACH_SOLVER(row)                                                                           \
    for (const snn_spatial_solver_row *const *solver_at = snn_spatial_solvers, *row;               \
         (row = *solver_at) != NULL; solver_at++)

typedef struct {
    uint32_t classes, delays, side, width, height, steps, first_step, movies;
    bool symmetric;
    float density;
} shape;

static const shape shapes[] = {
    {3, 4, 3, 7, 6, 9, 0, 2, true, 0.2f},    {17, 3, 5, 9, 11, 8, 3, 1, true, 0.1f},
    {1, 1, 1, 5, 4, 3, 0, 3, false, 0.5f},   {20, 5, 7, 6, 5, 12, 5, 2, true, 0.3f},
    {4, 6, 9, 4, 4, 7, 2, 18, false, 0.15f}, /* more movies than groups; wider than the frame */
};

typedef struct {
    snn_context *ctx;
    snn_spatial_problem problem;
    snn_spatial_plan *plan;
    test_movie movie[18];
    snn_movie movies[18];
    float *stencils, *planes, *g_stencils, *g_planes;
    size_t n_planes, n_weights;
} bench;

static snn_context *context(int threads)
{
    snn_context *ctx = context_threads(threads);

    ctx->always_parallel = true; /* these shapes are small */
    return ctx;
}

static float *array(size_t n)
{
    float *a = calloc(n + 1, sizeof *a);

    assert_non_null(a);
    return a;
}

static void bench_new(bench *b, const snn_spatial_solver_row *solver, const shape *s, int threads,
                      uint64_t seed)
{
    uint64_t state = seed;

    memset(b, 0, sizeof *b);
    b->ctx = context(threads);
    b->problem = (snn_spatial_problem){.classes = s->classes,
                                       .lanes = (s->classes + 15) / 16 * 16,
                                       .delays = s->delays,
                                       .side = s->side,
                                       .width = s->width,
                                       .height = s->height,
                                       .steps = s->steps,
                                       .first_step = s->first_step,
                                       .movies = s->movies,
                                       .symmetric = s->symmetric,
                                       .train = solver->id != SNN_SPATIAL_SPARSE,
                                       .activity = (double)s->density,
                                       .kept = 1.0};
    assert_int_equal(snn_spatial_plan_create(b->ctx, &b->problem, NULL, solver->id, &b->plan, NULL),
                     SNN_OK);
    assert_ptr_equal(b->plan->solver, solver);
    b->n_planes = s->movies * snn_spatial_movie(&b->problem);
    b->n_weights = snn_spatial_weights(&b->problem);
    b->stencils = array(b->n_weights);
    b->g_stencils = array(b->n_weights);
    b->planes = array(b->n_planes);
    b->g_planes = array(b->n_planes);
    for (size_t i = 0; i < b->n_weights; i++)
        if (i % b->problem.lanes < s->classes)
            b->stencils[i] = test_uniform(&state, -1.0f, 1.0f);
    for (size_t i = 0; i < b->n_planes; i++)
        if (i % b->problem.lanes < s->classes)
            b->g_planes[i] = test_uniform(&state, -1.0f, 1.0f);
    for (uint32_t m = 0; m < s->movies; m++) {
        b->movie[m] = test_movie_new(s->width, s->height, s->steps, s->density, 0, &state);
        b->movies[m] = b->movie[m].movie;
    }
}

static void bench_end(bench *b)
{
    for (uint32_t m = 0; m < b->problem.movies; m++)
        test_movie_end(&b->movie[m]);
    free(b->stencils);
    free(b->g_stencils);
    free(b->planes);
    free(b->g_planes);
    snn_spatial_plan_destroy(b->plan);
    assert_int_equal(snn_context_bytes(b->ctx), 0);
    snn_context_destroy(b->ctx);
}

static void forward(bench *b)
{
    assert_int_equal(snn_spatial_set_kernel(b->plan, b->stencils), SNN_OK);
    snn_spatial_forward(b->plan, b->movies, b->problem.movies, b->planes);
}

/* Offset of the stencil of (q, d) at dy, dx, lane c: K(c,q,d,dy,dx). */
static size_t weight_at(const snn_spatial_problem *p, size_t q, size_t d, int64_t dy, int64_t dx,
                        size_t c)
{
    const int64_t r = p->side / 2;

    return (((q * p->delays + d) * p->side + (size_t)(r - dy)) * p->side + (size_t)(r - dx)) *
               p->lanes +
           c;
}

/* sum_{p,d,dy,dx} K(c, p^f, d, dy, dx) A(p, t-d, y+dy, x+dx), as motion.h has it. */
static double loop(const bench *b, uint32_t m, uint32_t f, uint32_t t, uint32_t y, uint32_t x,
                   uint32_t c, double *size)
{
    const snn_spatial_problem *p = &b->problem;
    const snn_movie *movie = &b->movies[m];
    double sum = 0.0;

    *size = 0.0;
    for (uint32_t d = 0; d < p->delays && d <= t; d++)
        for (uint32_t q = 0; q < 2; q++) {
            const uint32_t k = 2 * (t - d) + q;

            for (uint32_t e = movie->first[k]; e < movie->first[k + 1]; e++) {
                const int64_t dy = (int64_t)movie->y[e] - y, dx = (int64_t)movie->x[e] - x;
                const int64_t r = p->side / 2;

                if (dy < -r || dy > r || dx < -r || dx > r)
                    continue;
                sum += (double)b->stencils[weight_at(p, q ^ f, d, dy, dx, c)];
                *size += fabs((double)b->stencils[weight_at(p, q ^ f, d, dy, dx, c)]);
            }
        }
    return sum;
}

static double norm(const float *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static double frequency_bound(const bench *b, double a, double s)
{
    const snn_spatial_problem *p = &b->problem;
    const double cells = 8.0 * p->steps * (p->height + p->side) * (p->width + p->side);

    return (3.0 * log2(cells) + 8.0) * U * a * s;
}

static double events(const bench *b)
{
    double n = 0.0;

    for (uint32_t m = 0; m < b->problem.movies; m++)
        n += b->movies[m].first[2 * b->problem.steps];
    return n;
}

static void against_loop(void **state)
{
    const uint64_t seed = test_seed(3);

    (void)state;
    EACH_SOLVER(solver)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct test_near near = test_near_begin(solver->name, seed);
        bench b;
        size_t at = 0;
        double spread;

        bench_new(&b, solver, &shapes[i], 2, seed + i);
        spread = solver->id == SNN_SPATIAL_FFT
                     ? frequency_bound(&b, sqrt(events(&b)), norm(b.stencils, b.n_weights))
                     : 0.0;
        forward(&b);
        for (uint32_t m = 0; m < b.problem.movies; m++)
            for (uint32_t f = 0; f < snn_spatial_flips(&b.problem); f++)
                for (uint32_t t = b.problem.first_step; t < b.problem.steps; t++)
                    for (uint32_t y = 0; y < b.problem.height; y++)
                        for (uint32_t x = 0; x < b.problem.width; x++)
                            for (uint32_t c = 0; c < b.problem.lanes; c++, at++) {
                                double size;
                                const double want = loop(&b, m, f, t, y, x, c, &size);
                                const double n =
                                    2.0 * b.problem.delays * b.problem.side * b.problem.side;

                                check_near(&near, at, want, (double)b.planes[at],
                                           n * U * size + spread);
                            }
        assert_int_equal(at, b.n_planes);
        test_near_end(&near);
        bench_end(&b);
    }
}

/* <forward(S), G> = <S, gradient(G)> for all S: the gradient is the adjoint. */
static void adjoint(void **state)
{
    const uint64_t seed = test_seed(5);

    (void)state;
    EACH_SOLVER(solver)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        double left = 0.0, right = 0.0, size = 0.0;
        bench b;

        if (solver->id == SNN_SPATIAL_SPARSE)
            continue; /* it does not train */
        bench_new(&b, solver, &shapes[i], 2, seed + i);
        forward(&b);
        snn_spatial_gradient(b.plan, b.movies, b.problem.movies, b.g_planes, b.g_stencils);
        for (size_t k = 0; k < b.n_planes; k++)
            left += (double)b.planes[k] * (double)b.g_planes[k];
        for (size_t k = 0; k < b.n_weights; k++) {
            right += (double)b.stencils[k] * (double)b.g_stencils[k];
            size += fabs((double)b.stencils[k] * (double)b.g_stencils[k]);
        }
        assert_true(size > 0.0);
        if (!(fabs(left - right) <= 1e-5 * size))
            fail_msg("%s, shape %zu: <Sx, g> = %.9g, <x, S'g> = %.9g", solver->name, i, left,
                     right);
        bench_end(&b);
    }
}

/* All solvers' gradients equal the plain one's. */
static void gradients_agree(void **state)
{
    const uint64_t seed = test_seed(7);

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        bench plain;

        bench_new(&plain, &snn_spatial_direct, &shapes[i], 1, seed + i);
        snn_spatial_gradient(plain.plan, plain.movies, plain.problem.movies, plain.g_planes,
                             plain.g_stencils);
        EACH_SOLVER(solver)
        {
            struct test_near near = test_near_begin(solver->name, seed);
            const double n = 1.0 * plain.problem.movies * plain.problem.steps *
                             plain.problem.width * plain.problem.height;
            bench b;
            double spread;

            if (solver->id == SNN_SPATIAL_SPARSE)
                continue;
            bench_new(&b, solver, &shapes[i], 2, seed + i);
            forward(&b);
            spread = frequency_bound(&b, sqrt(events(&b)), norm(b.g_planes, b.n_planes));
            snn_spatial_gradient(b.plan, b.movies, b.problem.movies, b.g_planes, b.g_stencils);
            for (size_t k = 0; k < b.n_weights; k++)
                check_near(&near, k, (double)plain.g_stencils[k], (double)b.g_stencils[k],
                           2.0 * n * U * 2.0 * n * (double)shapes[i].density + spread);
            test_near_end(&near);
            bench_end(&b);
        }
        bench_end(&plain);
    }
}

/* A support leaves gradients outside of it at zero, and changes nothing inside. */
static void support(void **state)
{
    const shape *s = &shapes[1];
    float mask[3 * 5 * 5];

    (void)state;
    for (size_t i = 0; i < sizeof mask / sizeof *mask; i++)
        mask[i] = i % 5 == 0 || (i / 25 == 0 && i / 5 != 2) ? 0.0f : 1.0f;
    EACH_SOLVER(solver)
    {
        const uint64_t seed = test_seed(11);
        snn_spatial_plan *plan;
        bench b;
        size_t inside = 0;

        if (solver->id == SNN_SPATIAL_SPARSE)
            continue;
        bench_new(&b, solver, s, 2, seed);
        forward(&b);
        snn_spatial_gradient(b.plan, b.movies, b.problem.movies, b.g_planes, b.g_stencils);
        memcpy(b.stencils, b.g_stencils, b.n_weights * sizeof *b.stencils);
        assert_int_equal(snn_spatial_plan_create(b.ctx, &b.problem, mask, solver->id, &plan, NULL),
                         SNN_OK);
        assert_int_equal(snn_spatial_set_kernel(plan, b.stencils), SNN_OK);
        snn_spatial_forward(plan, b.movies, b.problem.movies, b.planes);
        snn_spatial_gradient(plan, b.movies, b.problem.movies, b.g_planes, b.g_stencils);
        for (size_t i = 0; i < b.n_weights; i++) {
            const bool in = mask[i / b.problem.lanes % (sizeof mask / sizeof *mask)] != 0.0f;

            inside += in;
            if (b.g_stencils[i] != (in ? b.stencils[i] : 0.0f))
                fail_msg("%s: weight %zu: %g, expected %g", solver->name, i,
                         (double)b.g_stencils[i], in ? (double)b.stencils[i] : 0.0);
        }
        assert_true(inside > 0);
        snn_spatial_plan_destroy(plan);
        bench_end(&b);
    }
}

static void same_bits(void **state)
{
    (void)state;
    EACH_SOLVER(solver)
    {
        const uint64_t seed = test_seed(13);
        bench one, more;

        bench_new(&one, solver, &shapes[4], 1, seed);
        forward(&one);
        if (one.problem.train)
            snn_spatial_gradient(one.plan, one.movies, one.problem.movies, one.g_planes,
                                 one.g_stencils);
        for (int threads = 2; threads <= 3; threads++) {
            bench_new(&more, solver, &shapes[4], threads, seed);
            forward(&more);
            check_array_bits(solver->name, one.planes, more.planes, one.n_planes, seed);
            if (one.problem.train)
                snn_spatial_gradient(more.plan, more.movies, more.problem.movies, more.g_planes,
                                     more.g_stencils);
            check_array_bits(solver->name, one.g_stencils, more.g_stencils, one.n_weights, seed);
            bench_end(&more);
        }
        bench_end(&one);
    }
}

/* Few weights: the sparse solver equals the event solver, to the bit where each output
 * adds in the same order, and allocates nothing once it has seen a kernel as full. */
static void pruned(void **state)
{
    const uint64_t seed = test_seed(17);
    bench event, sparse;
    uint64_t before;

    (void)state;
    bench_new(&event, &snn_spatial_event, &shapes[3], 2, seed);
    bench_new(&sparse, &snn_spatial_sparse, &shapes[3], 2, seed);
    for (size_t i = 0; i < event.n_weights; i++)
        if (i % 7 != 0)
            event.stencils[i] = sparse.stencils[i] = 0.0f;
    forward(&event);
    forward(&sparse);
    before = snn_context_allocations(sparse.ctx);
    forward(&sparse);
    assert_int_equal(snn_context_allocations(sparse.ctx), before);
    for (size_t i = 0; i < event.n_planes; i++)
        if (fabsf(event.planes[i] - sparse.planes[i]) > 1e-4f)
            fail_msg("output %zu: %g, expected %g", i, (double)sparse.planes[i],
                     (double)event.planes[i]);
    bench_end(&sparse);
    bench_end(&event);
}

static void planner(void **state)
{
    snn_spatial_problem p = {.classes = 12,
                             .lanes = 16,
                             .delays = 11,
                             .side = 11,
                             .width = 24,
                             .height = 24,
                             .steps = 32,
                             .first_step = 11,
                             .movies = 12,
                             .symmetric = true,
                             .train = true,
                             .activity = 0.06,
                             .kept = 1.0};
    snn_context *ctx = context(1);
    snn_spatial_plan *plan;
    snn_error err = {0};

    (void)state;
    EACH_SOLVER(solver)
    {
        assert_int_equal(snn_spatial_plan_create(ctx, &p, NULL, SNN_SPATIAL_AUTO, &plan, NULL),
                         SNN_OK);
        assert_true(solver->cost(&p) < 0.0 || plan->solver->cost(&p) <= solver->cost(&p));
        snn_spatial_plan_destroy(plan);
    }
    p.train = false;
    p.kept = 0.01;
    assert_int_equal(snn_spatial_plan_create(ctx, &p, NULL, SNN_SPATIAL_AUTO, &plan, NULL), SNN_OK);
    assert_ptr_equal(plan->solver, &snn_spatial_sparse);
    snn_spatial_plan_destroy(plan);
    p.train = true;
    assert_int_equal(snn_spatial_plan_create(ctx, &p, NULL, SNN_SPATIAL_SPARSE, &plan, &err),
                     SNN_EUNSUPPORTED);
    assert_non_null(strstr(err.where, "motion.solver"));
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_loop),    cmocka_unit_test(adjoint),
        cmocka_unit_test(gradients_agree), cmocka_unit_test(support),
        cmocka_unit_test(same_bits),       cmocka_unit_test(pruned),
        cmocka_unit_test(planner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
