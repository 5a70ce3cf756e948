/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every kernel of every table that this machine runs, against the reference.
 *
 *     checkkern [--list] [--cpu=base|avx2|avx512|avx512bf16|amx] [--test=TEXT] [--seed=N] [--bench]
 */
#include "tests/kern/checkkern.h"

#include "snn/base/cpu.h"
#include "snn/kern/exp_body.h"

#define GUARD 32u /* floats on each side */

static const kern_check *const checks[] = {
    &check_taps_forward,      &check_taps_backward,  &check_shift_forward,
    &check_shift_backward,    &check_shift_gradient, &check_lif_forward,
    &check_lif_backward,      &check_norm_sum,       &check_norm_moments,
    &check_norm_backward_sum, &check_norm_backward,  &check_stencil_forward,
    &check_stencil_backward,  &check_voxel_best,     &check_voxel_logits,
    &check_voxel_gradient,    &check_adam,           &check_softmax,
    &check_rows_add,          &check_rows_dot,       &check_transpose,
    &check_event_find,        &check_event_scatter,  &check_event_gather,
    &check_adlif_forward,     &check_adlif_backward, &check_dft_forward,
    &check_dft_inverse,       &check_cells_add,      &check_bf16_pack,
    &check_bf16_product,      &check_softmax_sum,    &check_softmax_backward,
    &check_lookup_sum,        &check_lookup_spread,  &check_lif_fire,
    &check_transpose_past,    &check_span_find,      &check_span_add,
    &check_lif_mark,          &check_adlif_mark,     &check_lif_output,
};

static uint64_t seed;

static float guard_value(size_t i)
{
    return -7.0e7f - (float)(i % 13);
}

guarded guarded_new(size_t n, size_t offset)
{
    guarded array = {.n = n, .offset = offset};
    const size_t floats = n + 2 * GUARD + offset;

    array.block = aligned_alloc(64, (floats * sizeof *array.block + 63) / 64 * 64);
    assert_non_null(array.block);
    for (size_t i = 0; i < floats; i++)
        array.block[i] = guard_value(i);
    array.at = array.block + GUARD + offset;
    return array;
}

guarded guarded_copy(const guarded *from)
{
    guarded array = guarded_new(from->n, from->offset);

    if (from->n > 0)
        memcpy(array.at, from->at, from->n * sizeof *array.at);
    return array;
}

void guarded_end(const char *what, guarded *array)
{
    for (size_t i = 0; i < GUARD; i++) {
        const size_t before = array->offset + i, after = GUARD + array->offset + array->n + i;

        if (array->block[before] != guard_value(before) ||
            array->block[after] != guard_value(after))
            fail_msg("%s: written outside of its %zu elements", what, array->n);
    }
    free(array->block);
    array->block = NULL;
}

void fill_uniform(guarded *array, uint64_t *state, float low, float high)
{
    for (size_t i = 0; i < array->n; i++)
        array->at[i] = test_uniform(state, low, high);
}

typedef struct {
    const kern_check *check;
    const snn_kern *kern;
    char name[64];
} job;

static void run_job(void **state)
{
    const job *one = *state;

    print_message("# seed %" PRIu64 "\n", seed);
    one->check->run(one->kern, seed);
}

/* The claim of exp_body.h over its whole domain: every 509th float. */
static void exp_bound(void **state)
{
    double worst = 0.0;
    float worst_at = 0.0f;

    (void)state;
    for (uint32_t bits = 0x80000000u;; bits += 509) {
        float x, got;
        double exact, ulp;

        memcpy(&x, &bits, sizeof x);
        if (x < -87.33f)
            break;
        got = exp_negative(x);
        exact = exp((double)x);
        ulp = fabs((double)got - exact) / ldexp(1.0, ilogb(exact) - 23);
        if (ulp > worst) {
            worst = ulp;
            worst_at = x;
        }
    }
    print_message("# exp_negative: at most %.3f ulp, at %a\n", worst, (double)worst_at);
    assert_true(worst <= SNN_EXP_ULP);
    assert_true(exp_negative(-0.0f) == 1.0f);
    assert_true(exp_negative(0.0f) == 1.0f);
    assert_true(exp_negative(-87.34f) == 0.0f);
    assert_true(exp_negative(-3e38f) == 0.0f);
    assert_true(exp_negative(-INFINITY) == 0.0f);
    assert_true(isnan(exp_negative(NAN)));
}

static void bench_job(const job *one)
{
    double best = INFINITY;
    size_t elements = 0;

    for (int round = 0; round < 7; round++) {
        double seconds = 0.0;

        elements = one->check->bench(one->kern, 20, seed, &seconds);
        best = fmin(best, seconds / 20.0);
    }
    printf("%-28s %9.3f us %8.3f ns an element\n", one->name, 1e6 * best,
           1e9 * best / (double)elements);
}

int main(int argc, char **argv)
{
    static job jobs[SNN_COUNT(checks) * (SNN_CPU_LEVELS + 1)];
    static struct CMUnitTest tests[SNN_COUNT(jobs) + 1];
    const char *cpu = NULL, *only = NULL;
    bool list = false, bench = false;
    size_t n = 0;

    seed = test_seed(20240601);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--cpu=", 6) == 0)
            cpu = argv[i] + 6;
        else if (strncmp(argv[i], "--test=", 7) == 0)
            only = argv[i] + 7;
        else if (strncmp(argv[i], "--seed=", 7) == 0)
            seed = strtoull(argv[i] + 7, NULL, 0);
        else if (strcmp(argv[i], "--list") == 0)
            list = true;
        else if (strcmp(argv[i], "--bench") == 0)
            bench = true;
        else
            return fprintf(stderr, "checkkern: what is '%s'?\n", argv[i]), 2;
    }
    for (int level = 0; level <= (int)snn_cpu_detect(); level++) {
        const snn_kern *kern = snn_kern_tables[level];

        if (kern == NULL || (cpu != NULL && strcmp(cpu, kern->name) != 0))
            continue;
        for (size_t c = 0; c < SNN_COUNT(checks); c++) {
            if (only != NULL && strstr(checks[c]->name, only) == NULL)
                continue;
            if (kern->lookup_lanes == 0 && strncmp(checks[c]->name, "lookup_", 7) == 0)
                continue; /* not of this instruction set */
            jobs[n] = (job){.check = checks[c], .kern = kern};
            snprintf(jobs[n].name, sizeof jobs[n].name, "%s %s", checks[c]->name, kern->name);
            tests[n] = (struct CMUnitTest){
                .name = jobs[n].name, .test_func = run_job, .initial_state = &jobs[n]};
            n++;
        }
    }
    if (list || bench) {
        for (size_t i = 0; i < n; i++) {
            if (list)
                printf("%s\n", jobs[i].name);
            else
                bench_job(&jobs[i]);
        }
        return 0;
    }
    if (only == NULL && cpu == NULL)
        tests[n++] = (struct CMUnitTest){.name = "exp_negative", .test_func = exp_bound};
    return _cmocka_run_group_tests("kernels", tests, n, NULL, NULL);
}
