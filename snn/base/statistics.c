/* SPDX-License-Identifier: BSD-3-Clause */
#include <snn/statistics.h>

#include <math.h>
#include <stdbool.h>

#define PI 3.14159265358979323846

static bool is_level(double level)
{
    return level > 0 && level < 1;
}

/*
 * P(|T| <= sqrt(freedom) tan(angle)) for a whole number of degrees, as a finite sum
 * (Abramowitz and Stegun 26.7.3 and 26.7.4); c and s are the angle's cosine and sine:
 *
 *     odd    2/pi (angle + s (c + 2/3 c^3 + 2 4/(3 5) c^5 + .. c^(freedom-2)))
 *     even   s (1 + 1/2 c^2 + 1 3/(2 4) c^4 + .. c^(freedom-2))
 */
static double student_share(double angle, uint64_t freedom)
{
    const double c = cos(angle), s = sin(angle);
    const bool odd = freedom % 2 == 1;
    double term = odd ? c : 1, sum = 0;

    for (uint64_t k = odd ? 1 : 0; k + 2 <= freedom && term > 0; k += 2) {
        sum += term;
        term *= c * c * (double)(k + 1) / (double)(k + 2);
    }
    return odd ? 2 / PI * (angle + s * sum) : s * sum;
}

double snn_student_quantile(double level, uint64_t freedom)
{
    double low = 0, high = PI / 2;

    if (!is_level(level) || freedom == 0)
        return NAN;
    for (;;) {
        const double middle = low + (high - low) / 2;

        if (middle <= low || middle >= high)
            return sqrt((double)freedom) * tan(low);
        if (student_share(middle, freedom) < level)
            low = middle;
        else
            high = middle;
    }
}

double snn_normal_quantile(double level)
{
    double low = 0, high = 40; /* erf is 1 there */

    if (!is_level(level))
        return NAN;
    for (;;) {
        const double middle = low + (high - low) / 2;

        if (middle <= low || middle >= high)
            return low;
        if (erf(middle / sqrt(2)) < level)
            low = middle;
        else
            high = middle;
    }
}

snn_interval snn_mean_interval(const double *values, size_t n, double level)
{
    double sum = 0, squares = 0, mean, half;

    for (size_t i = 0; i < n; i++)
        sum += values[i];
    mean = n > 0 ? sum / (double)n : NAN;
    if (n < 2)
        return (snn_interval){mean, NAN, NAN};
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    half = snn_student_quantile(level, n - 1) * sqrt(squares / (double)(n - 1) / (double)n);
    return (snn_interval){mean, mean - half, mean + half};
}

snn_interval snn_proportion_interval(uint64_t successes, uint64_t n, double level)
{
    const double z = snn_normal_quantile(level), samples = (double)n;
    const double share = n > 0 && successes <= n ? (double)successes / samples : NAN;
    const double scale = 1 / (1 + z * z / samples);
    const double centre = scale * (share + z * z / (2 * samples));
    const double half =
        scale * z * sqrt(share * (1 - share) / samples + z * z / (4 * samples * samples));

    if (isnan(share))
        return (snn_interval){NAN, NAN, NAN};
    /* Exact at the ends, where the difference would leave a rounding error. */
    return (snn_interval){share, successes == 0 ? 0 : centre - half,
                          successes == n ? 1 : centre + half};
}
