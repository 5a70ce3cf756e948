/* SPDX-License-Identifier: BSD-3-Clause */
/* Intervals: published quantiles, laws of each interval, and the coverage they promise. */
#include "tests/cmocka_all.h"

#include <snn/statistics.h>

/* The five decimals that tables of Student's t print, two-sided. */
static void test_student(void **state)
{
    static const struct {
        double level;
        uint64_t freedom;
        double t;
    } row[] = {
        {0.5, 1, 1.0},          {0.95, 1, 12.70620474},  {0.95, 2, 4.30265273},
        {0.95, 3, 3.18244631},  {0.95, 4, 2.77644511},   {0.95, 9, 2.26215716},
        {0.95, 10, 2.22813885}, {0.95, 30, 2.04227246},  {0.95, 120, 1.97993041},
        {0.99, 1, 63.65674116}, {0.99, 5, 4.03214298},   {0.99, 60, 2.66028303},
        {0.9, 2, 2.91998558},   {0.999, 10, 4.58689386}, {0.95, 1000000, 1.95996636},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const double t = snn_student_quantile(row[i].level, row[i].freedom);

        if (!(fabs(t - row[i].t) < 1e-8 * row[i].t + 6e-9))
            fail_msg("t(%g; %g) is %.10g, not %.10g", row[i].level, (double)row[i].freedom, t,
                     row[i].t);
    }
    assert_true(isnan(snn_student_quantile(0.95, 0)));
    assert_true(isnan(snn_student_quantile(1, 3)));
    assert_true(isnan(snn_student_quantile(0, 3)));
    assert_true(isnan(snn_student_quantile((double)NAN, 3)));
}

/* One and two degrees have closed forms; many come near the normal distribution. */
static void test_closed_forms(void **state)
{
    (void)state;
    for (double level = 0.01; level < 0.9999; level += 0.0173) {
        const double one = tan(1.5707963267948966 * level);
        const double two = level * sqrt(2 / (1 - level * level));
        const double z = snn_normal_quantile(level);

        assert_true(fabs(snn_student_quantile(level, 1) / one - 1) < 1e-10);
        assert_true(fabs(snn_student_quantile(level, 2) / two - 1) < 1e-10);
        assert_true(fabs(erf(z / sqrt(2)) - level) < 1e-15);
        /* t = z + (z^3 + z) / (4 freedom) + O(1 / freedom^2) */
        assert_true(fabs(snn_student_quantile(level, 10000) - z - (z * z * z + z) / 40000) < 1e-6);
        for (uint64_t freedom = 1; freedom < 40; freedom++)
            assert_true(snn_student_quantile(level, freedom) >
                        snn_student_quantile(level, freedom + 1));
    }
    assert_true(fabs(snn_normal_quantile(0.95) - 1.959963984540054) < 1e-14);
    assert_true(isnan(snn_normal_quantile(1)) && isnan(snn_normal_quantile(-0.5)));
}

static void test_mean(void **state)
{
    static const double x[] = {0.91, 0.93, 0.92, 0.90, 0.94}, constant[] = {0.5, 0.5, 0.5};
    const double shift[] = {1.91, 1.93, 1.92, 1.90, 1.94}, bad[] = {1, (double)NAN, 2};
    const snn_interval a = snn_mean_interval(x, 5, 0.95), b = snn_mean_interval(shift, 5, 0.95);
    const snn_interval same = snn_mean_interval(constant, 3, 0.95);
    const snn_interval one = snn_mean_interval(x, 1, 0.95), none = snn_mean_interval(x, 0, 0.95);

    (void)state;
    /* s = 0.0158113883, half = 2.776445105 s / sqrt(5) = 0.0196324317 */
    assert_true(fabs(a.mean - 0.92) < 1e-15);
    assert_true(fabs(a.low - (0.92 - 0.0196324317)) < 1e-10);
    assert_true(fabs(a.high - (0.92 + 0.0196324317)) < 1e-10);
    assert_true(fabs(b.low - a.low - 1) < 1e-12 && fabs(b.high - a.high - 1) < 1e-12);
    assert_true(same.low == 0.5 && same.high == 0.5);
    assert_true(one.mean == 0.91 && isnan(one.low) && isnan(one.high));
    assert_true(isnan(none.mean) && isnan(none.low));
    assert_true(isnan(snn_mean_interval(bad, 3, 0.95).mean));
    assert_true(isnan(snn_mean_interval(bad, 3, 0.95).high));
}

static void test_proportion(void **state)
{
    const snn_interval a = snn_proportion_interval(81, 263, 0.95);
    const snn_interval none = snn_proportion_interval(0, 20, 0.95);
    const snn_interval all = snn_proportion_interval(20, 20, 0.95);

    (void)state;
    /* Newcombe (1998), table I: 81 of 263 by the score method without correction. */
    assert_true(fabs(a.low - 0.2553) < 5e-5 && fabs(a.high - 0.3662) < 5e-5);
    assert_true(none.low == 0 && fabs(none.high - 0.1611) < 5e-5);
    assert_true(all.high == 1 && fabs(all.low + none.high - 1) < 1e-14);
    assert_true(isnan(snn_proportion_interval(0, 0, 0.95).mean));
    assert_true(isnan(snn_proportion_interval(3, 2, 0.95).low));
    assert_true(isnan(snn_proportion_interval(1, 2, 1).low));
    for (uint64_t k = 0; k <= 50; k++) {
        const snn_interval i = snn_proportion_interval(k, 50, 0.9);
        const snn_interval other = snn_proportion_interval(50 - k, 50, 0.9);
        const double z = snn_normal_quantile(0.9);

        assert_true(i.low >= 0 && i.low <= i.mean && i.mean <= i.high && i.high <= 1);
        assert_true(fabs(i.low + other.high - 1) < 1e-14);
        /* Its ends solve the equation that defines it. */
        if (k > 0)
            assert_true(fabs((i.mean - i.low) - z * sqrt(i.low * (1 - i.low) / 50)) < 1e-13);
    }
}

/* How often the interval holds the truth, summed exactly over all outcomes. */
static void test_coverage(void **state)
{
    double mean = 0;
    int n = 0;

    (void)state;
    for (double p = 0.02; p < 0.99; p += 0.013, n++) {
        double covered = 0;

        for (unsigned k = 0; k <= 100; k++) {
            const snn_interval i = snn_proportion_interval(k, 100, 0.95);
            const double log_share = lgamma(101) - lgamma(k + 1.0) - lgamma(101.0 - k) +
                                     k * log(p) + (100 - k) * log(1 - p);

            if (i.low <= p && p <= i.high)
                covered += exp(log_share);
        }
        assert_true(covered > 0.9);
        mean += covered;
    }
    assert_true(fabs(mean / n - 0.95) < 0.005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student),  cmocka_unit_test(test_closed_forms),
        cmocka_unit_test(test_mean),     cmocka_unit_test(test_proportion),
        cmocka_unit_test(test_coverage),
    };

    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
