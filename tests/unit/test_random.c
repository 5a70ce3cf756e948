/* SPDX-License-Identifier: BSD-3-Clause */
/* snn/base/random.c: known answers of Philox4x32-10, and what is built on it. */
#include "tests/cmocka_all.h"

#include <snn/random.h>

#define WEYL 0x9E3779B9u /* the stream is folded into the high key word times this */

/* Answers published with Random123.  A key word k1 is (seed >> 32) ^ stream * WEYL. */
static void known_answers(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } answers[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const uint32_t *c = answers[i].counter, *k = answers[i].key;
        uint32_t got[4];

        for (uint32_t stream = 0; stream < 3; stream++) {
            const uint64_t high = k[1] ^ (stream * WEYL);
            const snn_key key = {.seed = high << 32 | k[0], .stream = stream};

            snn_random4(key, (uint64_t)c[1] << 32 | c[0], c[2], c[3], got);
            assert_memory_equal(got, answers[i].expected, sizeof got);
            assert_int_equal(snn_random_u32(key, (uint64_t)c[1] << 32 | c[0], c[2], c[3]), got[0]);
        }
    }
}

/* Seeds of 32 bits never share a key between streams: no two first numbers agree
 * among those of 40 streams (a chance of 2e-7). */
static void streams_differ(void **state)
{
    uint32_t first[40];

    (void)state;
    for (uint32_t i = 0; i < 40; i++) {
        first[i] = snn_random_u32((snn_key){1, i}, 0, 0, 0);
        for (uint32_t j = 0; j < i; j++)
            assert_int_not_equal(first[i], first[j]);
    }
}

/* Mean, variance and neighbours of 100000 uniform numbers within five deviations. */
static void uniform(void **state)
{
    const snn_key key = {test_seed(3), SNN_STREAM_USER};
    const uint32_t n = 100000;
    double sum = 0.0, square = 0.0, neighbours = 0.0, last = 0.5;
    uint32_t bins[10] = {0};

    (void)state;
    for (uint32_t i = 0; i < n; i++) {
        const double u = (double)snn_random_uniform(key, i, 0, 0);

        assert_true(u >= 0.0 && u < 1.0);
        sum += u;
        square += (u - 0.5) * (u - 0.5);
        neighbours += (u - 0.5) * (last - 0.5);
        last = u;
        bins[(size_t)(10.0 * u)]++;
    }
    assert_true(fabs(sum / n - 0.5) < 5.0 * sqrt(1.0 / 12.0 / n));
    assert_true(fabs(square / n - 1.0 / 12.0) < 5.0 * sqrt(1.0 / 180.0 / n));
    assert_true(fabs(neighbours / n) < 5.0 / 12.0 / sqrt(n));
    for (size_t i = 0; i < 10; i++)
        assert_true(fabs(bins[i] - n / 10.0) < 5.0 * sqrt(n * 0.09));
}

static void below(void **state)
{
    const snn_key key = {test_seed(4), SNN_STREAM_USER};
    uint32_t seen[7] = {0};

    (void)state;
    for (uint32_t i = 0; i < 70000; i++) {
        const uint32_t r = snn_random_below(key, i, 1, 2, 7);

        assert_in_range(r, 0, 6);
        seen[r]++;
        assert_int_equal(snn_random_below(key, i, 1, 2, 1), 0);
    }
    for (size_t i = 0; i < 7; i++)
        assert_true(fabs(seen[i] - 10000.0) < 5.0 * sqrt(70000.0 * 6.0 / 49.0));
    /* The largest range: the 64-bit product of the halves must not overflow. */
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t four[4];
        const uint32_t n = UINT32_MAX;
        unsigned __int128 wide;

        snn_random4(key, i, 0, 0, four);
        wide = (unsigned __int128)((uint64_t)four[0] << 32 | four[1]) * n;
        assert_int_equal(snn_random_below(key, i, 0, 0, n), (uint32_t)(wide >> 64));
    }
}

static void permutation(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 100, 1000};
    const snn_key key = {test_seed(5), SNN_STREAM_SHUFFLE};
    uint32_t first[1000], again[1000], fixed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        bool seen[1000] = {false};
        const uint32_t n = sizes[i];

        snn_random_permutation(key, 1, n, first);
        for (uint32_t j = 0; j < n; j++) {
            assert_in_range(first[j], 0, n - 1);
            assert_false(seen[first[j]]);
            seen[first[j]] = true;
        }
        snn_random_permutation(key, 1, n, again);
        assert_memory_equal(first, again, n * sizeof *first);
    }
    snn_random_permutation(key, 2, 1000, again);
    for (uint32_t j = 0; j < 1000; j++)
        fixed += first[j] == again[j];
    assert_true(fixed < 12); /* one on average */
    snn_random_permutation(key, 1, 0, again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers), cmocka_unit_test(streams_differ),
        cmocka_unit_test(uniform),       cmocka_unit_test(below),
        cmocka_unit_test(permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
