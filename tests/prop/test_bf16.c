/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Laws of products in bf16 (snn/delay/product.h), and of the solvers that use them.
 *
 * Bound, with u = 2^-8 for a number rounded to bf16 and U = 2^-24 for a sum:
 *
 *     |error of c| <= ((1 + u)^2 - 1 + (k + 1) U (1 + u)^2) sum |a b| + |c0| (k + 1) U
 *
 * Where both sides are exact in bf16 the result has the bits of a plain float loop.
 *
 * Invariant I1 (for bf16): the same bits with 1, 2 and 3 threads; and, beyond it, on every
 * instruction set but AMX, which adds in another order (test_tiles.c).
 */
#include "tests/cmocka_all.h"

#include "snn/base/cpu.h"
#include "snn/delay/delay.h"
#include "snn/delay/product.h"

#define ROUNDING 0x1p-8
#define U        0x1p-24

static snn_context *context(int threads, const char *cpu)
{
    snn_context_params params;
    snn_context *ctx;

    snn_context_params_init(&params);
    params.threads = threads;
    params.cpu = cpu;
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    ctx->always_parallel = true; /* these shapes are small */
    return ctx;
}

static float *array(size_t n)
{
    float *a = calloc(n, sizeof *a);

    assert_non_null(a);
    return a;
}

/* Any numbers, small whole ones, or those of 8 significant bits. */
typedef enum { ANY, COUNTS, SHORT } numbers;

static float *numbers_of(size_t n, numbers kind, uint64_t *state)
{
    float *a = array(n);

    for (size_t i = 0; i < n; i++) {
        if (kind == ANY)
            a[i] = test_uniform(state, -1.0f, 1.0f);
        else if (kind == COUNTS)
            a[i] = (float)(test_random(state) % 3);
        else
            a[i] = ((float)(test_random(state) % 511) - 255.0f) / 128.0f;
    }
    return a;
}

/* Beyond one block each way: 192 rows, 512 columns, 256 numbers. */
static const struct {
    size_t m, n, k;
} sizes[] = {{1, 1, 1}, {13, 33, 5}, {200, 40, 300}, {24, 530, 65}, {7, 20, 1025}};

static void check_product(const snn_context *ctx, size_t i, bool a_turned, bool b_turned, bool add,
                          numbers kind, uint64_t *random, uint64_t seed)
{
    const size_t m = sizes[i].m, n = sizes[i].n, k = sizes[i].k;
    const float alpha = a_turned ? -1.0f : 1.0f;
    float *a = numbers_of(m * k, kind == ANY ? ANY : COUNTS, random);
    float *b = numbers_of(k * n, kind, random), *c = numbers_of(m * n, SHORT, random);
    float *first = array(m * n), *scratch = array(snn_product_scratch(SNN_PRECISION_BF16));
    const double both = (1.0 + ROUNDING) * (1.0 + ROUNDING), sums = (double)(k + 1) * U;
    struct test_near near = test_near_begin("product", seed);

    memcpy(first, c, m * n * sizeof *c);
    snn_product_run(ctx,
                    &(snn_product){.m = m,
                                   .n = n,
                                   .k = k,
                                   .a_turned = a_turned,
                                   .b_turned = b_turned,
                                   .lda = a_turned ? m : k,
                                   .ldb = b_turned ? k : n,
                                   .ldc = n,
                                   .alpha = alpha,
                                   .a = a,
                                   .b = b,
                                   .c = c,
                                   .add = add},
                    scratch);
    for (size_t r = 0; r < m; r++) {
        for (size_t j = 0; j < n; j++) {
            float loop = add ? first[r * n + j] : 0.0f;
            double sum = (double)loop, size = 0.0;

            for (size_t l = 0; l < k; l++) {
                const float left = alpha * a[a_turned ? l * m + r : r * k + l];
                const float right = b[b_turned ? j * k + l : l * n + j];

                loop += left * right;
                sum += (double)left * (double)right;
                size += fabs((double)left * (double)right);
            }
            if (kind == ANY)
                check_near(&near, r * n + j, sum, (double)c[r * n + j],
                           (both - 1.0 + sums * both) * size + 2.0 * sums);
            else if (loop != c[r * n + j])
                fail_msg("exact numbers: c[%zu][%zu] is %a, expected %a", r, j,
                         (double)c[r * n + j], (double)loop);
        }
    }
    if (kind == ANY)
        test_near_end(&near);
    free(scratch);
    free(first);
    free(c);
    free(b);
    free(a);
}

static void products(void **state)
{
    static const numbers kinds[] = {ANY, SHORT};
    const uint64_t seed = test_seed(31);
    uint64_t random = seed;

    (void)state;
    for (int level = 0; level <= (int)snn_cpu_detect(); level++) {
        snn_context *ctx;

        if (snn_kern_tables[level] == NULL)
            continue;
        ctx = context(1, snn_cpu_name((snn_cpu_level)level));
        for (size_t i = 0; i < SNN_COUNT(sizes) * 16; i++)
            check_product(ctx, i / 16, i & 1, i & 2, i & 4, kinds[i / 8 % 2], &random, seed);
        snn_context_destroy(ctx);
    }
}

/* What a layer makes of its arrays: y, then gradients. */
typedef struct {
    size_t nx, ny, nk;
    float *y, *gx, *gk;
} outcome;

static outcome run_layer(const char *cpu, int threads, snn_solver solver, snn_precision precision)
{
    const snn_delay_problem problem = {.n_in = 70,
                                       .n_out = 66,
                                       .n_taps = 5,
                                       .elements = 1,
                                       .width = 5,
                                       .density = 1.0f,
                                       .batch = 66,
                                       .steps = 20,
                                       .train = true,
                                       .input_gradient = true,
                                       .precision = precision,
                                       .costs = snn_costs_of("avx2")};
    const size_t steps_out = snn_delay_steps_out(&problem, problem.steps);
    outcome out = {.nx = (size_t)problem.steps * problem.batch * problem.n_in,
                   .ny = steps_out * problem.batch * problem.n_out,
                   .nk = (size_t)problem.n_taps * problem.n_in * problem.n_out};
    uint64_t random = 5;
    float *x = numbers_of(out.nx, COUNTS, &random), *k = numbers_of(out.nk, ANY, &random);
    float *gy = numbers_of(out.ny, ANY, &random), *scratch;
    const snn_frames frames = {.batch = problem.batch, .steps = problem.steps, .dense = x};
    const snn_delay_kernel kernel = {.elements = 1, .value = k};
    snn_context *ctx = context(threads, cpu);
    snn_delay_plan *plan = NULL;

    out.y = array(out.ny);
    out.gx = array(out.nx);
    out.gk = array(out.nk);
    assert_int_equal(snn_delay_plan_create(ctx, &problem, solver, &plan, NULL), SNN_OK);
    scratch = array(plan->scratch_floats + 1);
    snn_delay_plan_scratch(plan, scratch);
    snn_delay_begin(plan, problem.batch, problem.steps);
    plan->solver->set_kernel(plan, &kernel);
    plan->solver->forward(plan, &frames, out.y, false);
    plan->solver->begin_backward(plan, gy);
    plan->solver->kernel_gradient(plan, &frames, gy, out.gk);
    plan->solver->set_kernel(plan, &kernel);
    plan->solver->input_gradient(plan, gy, out.gx);
    snn_delay_plan_destroy(plan);
    snn_context_destroy(ctx);
    free(scratch);
    free(gy);
    free(k);
    free(x);
    return out;
}

static void outcome_end(outcome *out)
{
    free(out->y);
    free(out->gx);
    free(out->gk);
}

static const snn_solver solvers[] = {SNN_SOLVER_DIRECT, SNN_SOLVER_FFT};

static void same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(solvers); i++) {
        outcome one = run_layer("auto", 1, solvers[i], SNN_PRECISION_BF16);

        for (int threads = 2; threads <= 3; threads++) {
            outcome more = run_layer("auto", threads, solvers[i], SNN_PRECISION_BF16);

            check_array_bits("y", one.y, more.y, one.ny, 5);
            check_array_bits("gx", one.gx, more.gx, one.nx, 5);
            check_array_bits("gk", one.gk, more.gk, one.nk, 5);
            outcome_end(&more);
        }
        outcome_end(&one);
    }
}

/* The solver `direct` is products alone: the portable path has the same bits. */
static void same_bits_on_base(void **state)
{
    const snn_cpu_level best =
        snn_cpu_detect() == SNN_CPU_AMX ? SNN_CPU_AVX512BF16 : snn_cpu_detect();
    outcome fast = run_layer(snn_cpu_name(best), 1, SNN_SOLVER_DIRECT, SNN_PRECISION_BF16);
    outcome base = run_layer("base", 1, SNN_SOLVER_DIRECT, SNN_PRECISION_BF16);

    (void)state;
    check_array_bits("y", fast.y, base.y, fast.ny, 5);
    check_array_bits("gx", fast.gx, base.gx, fast.nx, 5);
    check_array_bits("gk", fast.gk, base.gk, fast.nk, 5);
    outcome_end(&base);
    outcome_end(&fast);
}

/* Root mean square of a - b, against that of a. */
static double distance(const float *a, const float *b, size_t n)
{
    double square = 0.0, error = 0.0;

    for (size_t i = 0; i < n; i++) {
        square += (double)a[i] * (double)a[i];
        error += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    }
    return sqrt(error / square);
}

/*
 * A layer's results lie near those of float32, and differ: that the precision is obeyed.
 * By norms: a product of matrices with errors of at most u each has a relative error of
 * about 2 u, which sums of parts (Gauss, solver fft) at most double.
 */
static void near_float32(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(solvers); i++) {
        outcome exact = run_layer("auto", 1, solvers[i], SNN_PRECISION_FLOAT32);
        outcome got = run_layer("auto", 1, solvers[i], SNN_PRECISION_BF16);
        const double y = distance(exact.y, got.y, got.ny), gx = distance(exact.gx, got.gx, got.nx),
                     gk = distance(exact.gk, got.gk, got.nk);

        print_message("# solver %d: y %.2g, gx %.2g, gk %.2g\n", (int)solvers[i], y, gx, gk);
        assert_true(y > 1e-5 && y < 4.0 * ROUNDING);
        assert_true(gx > 1e-5 && gx < 4.0 * ROUNDING);
        assert_true(gk > 1e-5 && gk < 4.0 * ROUNDING);
        outcome_end(&got);
        outcome_end(&exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(same_bits),
        cmocka_unit_test(same_bits_on_base),
        cmocka_unit_test(near_float32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
