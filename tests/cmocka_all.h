/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every cmocka test includes, in the order cmocka needs, and a few helpers.
 *
 *     #include "tests/cmocka_all.h"
 *
 * Never assert inside a parallel region: cmocka leaves a failed test by longjmp.
 * Collect into variables there and assert after it.
 */
#ifndef TESTS_CMOCKA_ALL_H
#define TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Results of a test that dies must not die with it in a buffer. */
__attribute__((constructor)) static void test_line_buffered(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Skip the running test and say why; the reason shows in the log and the summary. */
#define skip_because(...)           \
    do {                            \
        printf("\n# skip: ");       \
        printf(__VA_ARGS__);        \
        printf("\n");               \
        fflush(stdout);             \
        skip();                     \
    } while (0)

/* Path of a file of the optional recorded data, or NULL if it is not here. */
static inline const char *test_shared(const char *name)
{
    static char path[4096];
    const char *root = getenv("SNN_SHARED");
    if (!root || !*root)
        return NULL;
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fclose(f);
    return path;
}

/* Set PATH to a file of the recorded data; skip the test, visibly, without it. */
#define require_shared(path, name)                                    \
    do {                                                              \
        (path) = test_shared(name);                                   \
        if (!(path))                                                  \
            skip_because("no recorded data (SNN_SHARED): %s", (name)); \
    } while (0)

/* Path of a file in the source tree, e.g. test_source("tests/golden/x.txt"). */
static inline const char *test_source(const char *name)
{
    static char path[4096];
    const char *root = getenv("abs_top_srcdir");
    snprintf(path, sizeof path, "%s/%s", root ? root : ".", name);
    return path;
}

/* Distance of two floats in units in the last place; huge across signs or NaN. */
static inline uint32_t test_ulp(float a, float b)
{
    int32_t i, j;
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : UINT32_MAX;
    memcpy(&i, &a, sizeof i);
    memcpy(&j, &b, sizeof j);
    int64_t x = i < 0 ? (int64_t)INT32_MIN - i : i;
    int64_t y = j < 0 ? (int64_t)INT32_MIN - j : j;
    int64_t d = x > y ? x - y : y - x;
    return d > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)d;
}

/*
 * Collected comparison of an array.  Every element is looked at; the first few
 * that differ too much are printed, and test_near_end asserts once.
 *
 *     struct test_near near = test_near_begin("grad_weight", seed);
 *     for (size_t i = 0; i < n; i++)
 *         check_near(&near, i, expected[i], got[i], bound[i]);
 *     test_near_end(&near);
 *
 * The bound is absolute and derived, e.g. k * FLT_EPSILON * sum |x_i y_i|.
 * Safe in a parallel region only with one struct a thread.
 */
struct test_near {
    const char *what;    /* name of the array, for the message */
    uint64_t seed;       /* reproduces the input */
    size_t compared;     /* elements looked at */
    size_t wrong;        /* elements outside their bound, or not comparable */
    double worst;        /* largest |expected - got| / bound */
    size_t worst_index;  /* where that was */
};

static inline struct test_near test_near_begin(const char *what, uint64_t seed)
{
    struct test_near near = {.what = what, .seed = seed};
    return near;
}

static inline bool check_near(struct test_near *near, size_t index, double expected, double got,
                              double bound)
{
    double error = fabs(expected - got);
    bool same = expected == got || (isnan(expected) && isnan(got));
    /* "!(error <= bound)" so that a NaN on one side counts as wrong. */
    bool bad = !same && !(error <= bound);
    double share = same ? 0 : bound > 0 ? error / bound : (double)INFINITY;
    near->compared++;
    if (share > near->worst) {
        near->worst = share;
        near->worst_index = index;
    }
    if (bad && near->wrong++ < 8)
        print_message("# %s[%zu]: expected %.9g got %.9g error %.3g bound %.3g ulp %" PRIu32
                      " seed %" PRIu64 "\n",
                      near->what, index, expected, got, error, bound,
                      test_ulp((float)expected, (float)got), near->seed);
    return !bad;
}

#define test_near_end(near)                                                                    \
    do {                                                                                       \
        if ((near)->wrong)                                                                     \
            fail_msg("%s: %zu of %zu values wrong, worst %.3g of its bound at [%zu], seed %"   \
                     PRIu64, (near)->what, (near)->wrong, (near)->compared, (near)->worst,     \
                     (near)->worst_index, (near)->seed);                                       \
        if (!(near)->compared)                                                                 \
            fail_msg("%s: nothing was compared", (near)->what);                                \
    } while (0)

/* Both arrays in one line: ABSOLUTE bound for all elements. */
#define check_array_near(what, expected, got, count, bound, seed)                    \
    do {                                                                             \
        struct test_near near_ = test_near_begin((what), (seed));                    \
        for (size_t near_i_ = 0; near_i_ < (size_t)(count); near_i_++)               \
            check_near(&near_, near_i_, (double)(expected)[near_i_],                 \
                       (double)(got)[near_i_], (double)(bound));                     \
        test_near_end(&near_);                                                       \
    } while (0)

/* Both arrays hold the same bits. */
#define check_array_bits(what, expected, got, count, seed)                                   \
    do {                                                                                     \
        for (size_t bits_i_ = 0; bits_i_ < (size_t)(count); bits_i_++)                       \
            if (memcmp(&(expected)[bits_i_], &(got)[bits_i_], sizeof (expected)[0]))         \
                fail_msg("%s[%zu]: expected %a got %a, seed %" PRIu64, (what), bits_i_,      \
                         (double)(expected)[bits_i_], (double)(got)[bits_i_],                \
                         (uint64_t)(seed));                                                  \
    } while (0)

/*
 * Seed of a randomised test: SNN_TEST_SEED if set, else the given one.  It is
 * printed, so a failure can be played again.
 */
static inline uint64_t test_seed(uint64_t fallback)
{
    const char *text = getenv("SNN_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : fallback;
    print_message("# seed %" PRIu64 "\n", seed);
    return seed;
}

/* Random numbers of the tests alone (splitmix64): independent of the library. */
static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform in [low, high). */
static inline float test_uniform(uint64_t *state, float low, float high)
{
    return low + (high - low) * (float)((double)(test_random(state) >> 40) * 0x1p-24);
}

#endif
