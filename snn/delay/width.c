/* SPDX-License-Identifier: BSD-3-Clause */
/* How many taps about its position a delayed weight needs: see snn_delay_live_taps. */
#include "snn/delay/delay.h"

#include <math.h>

#define LEAST_DENSITY 0x1p-14f
#define TOLERANCE     0x1p-25 /* of the sum of taps: half a unit of a float's last place */

/* Reach of max(0, s - |k - p|), and of gauss: the constants of snn_taps (kern.h). */
#define MAX_EXTRA   1.0
#define GAUSS_EXTRA 0.27

/*
 * A window of K taps about p leaves out taps at K/2 and more from p (its middle is at
 * most 1/2 away).  Their sum, in units of x, is on each side at most the geometric
 *
 *     exp(-a^2/2) (1 + q + q^2 ...) = exp(-a^2/2) / (1 - q),  a = K / 2s,  q = exp(-a/s)
 *
 * since exp(-(a + j/s)^2 / 2) <= exp(-a^2/2) exp(-a j/s).  The sum that they are
 * compared with is least where p is between two taps, or at an end of the kernel:
 * never below exp(-1/(8 s^2)).
 */
static uint32_t gauss_taps(double s, uint32_t n_taps)
{
    const double least = exp(-1.0 / (8.0 * s * s));

    for (uint32_t k = 2; k < n_taps; k++) {
        const double a = k / (2.0 * s), q = exp(-a / s);

        if (2.0 * exp(-0.5 * a * a) / (1.0 - q) <= TOLERANCE * least)
            return k;
    }
    return n_taps;
}

uint32_t snn_delay_live_taps(snn_kernel_version version, uint32_t n_taps, float sigma,
                             bool whole_positions)
{
    uint32_t k = n_taps;

    switch (version) {
    case SNN_KERNEL_GAUSS:
        k = gauss_taps(fabs((double)sigma) + GAUSS_EXTRA, n_taps);
        break;
    case SNN_KERNEL_MAX: {
        const double taps = ceil(2.0 * (fabs((double)sigma) + MAX_EXTRA));

        if (whole_positions && sigma == 0.0f)
            k = 1;
        else if (taps < (double)n_taps)
            k = (uint32_t)taps;
        break;
    }
    case SNN_KERNEL_V1:
        k = whole_positions ? 1 : 2;
        break;
    case SNN_KERNEL_V0: /* on a whole position the next tap is 0, but has a slope */
        k = 2;
        break;
    }
    return k < n_taps ? k : n_taps;
}

float snn_delay_rounded_density(double share)
{
    const float near = (float)exp2(rint(2.0 * log2(share > 0.0 ? share : LEAST_DENSITY)) / 2.0);

    return near < LEAST_DENSITY ? LEAST_DENSITY : near > 1.0f ? 1.0f : near;
}
