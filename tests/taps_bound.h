/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far a tap computed in float may be from the exact one.
 *
 * U = 2^-24 is the largest relative error of one operation.  With p = P + D/2
 * rounded once, e_p = U |p|:
 *
 *   gauss  u = (k-p)/s, s two roundings, one each for k-p and the division:
 *          e_u = e_p/s + 4U|u|.  The exponent -u^2/2 is off by |u| e_u + U u^2,
 *          exp by SNN_EXP_ULP ulp = 2 SNN_EXP_ULP U; a result below FLT_MIN is 0.
 *   max    e_x = e_p + U (|k-p| + 2s + x)
 *   v0     e_x = e_p + U
 *
 * S adds D values one after the other: e_S = sum e_x + (D+1) U S.
 * y = x / S: e_y = (e_x + y e_S)/S + 3U y (1/S, product, a spare one).
 * Products of two errors are covered by 1.01.
 */
#ifndef TESTS_TAPS_BOUND_H
#define TESTS_TAPS_BOUND_H

#include "tests/cmocka_all.h"

#include "snn/kern/exp_body.h"

#include <snn/params.h>

#include <float.h>

#define U    0x1p-24
#define TINY ((double)FLT_MIN) /* what flushing or gradual underflow can cost */

#define BOUND_TAPS 64

/* One delayed weight: exact x, y = x / sum, and how far float may be from them. */
typedef struct {
    bool gauss, linear;
    double p, s, w, sum, e_sum, e_p;
    double x[BOUND_TAPS], y[BOUND_TAPS], e_y[BOUND_TAPS];
} bump_bound;

static inline bump_bound bump_bound_of(snn_kernel_version version, bool one_hot, int n, double w, double position,
                                       double sigma)
{
    const double centre = n / 2;
    double e_x[BOUND_TAPS];
    bump_bound b = {.w = fabs(w), .s = 1.0};

    if (one_hot)
        position = fmin(fmax(nearbyint(position), -centre), centre);
    b.gauss = !one_hot && version == SNN_KERNEL_GAUSS;
    b.linear = !one_hot && version == SNN_KERNEL_V0;
    if (b.gauss)
        b.s = fabs(sigma) + 0.27;
    else if (!one_hot && version == SNN_KERNEL_MAX)
        b.s = fabs(sigma) + 1.0;
    b.p = position + centre;
    b.e_p = U * fabs(b.p);
    b.sum = b.linear ? 1.0 : 1e-7;
    for (int k = 0; k < n; k++) {
        const double v = k - b.p, u = v / b.s, left = floor(b.p);

        if (b.gauss) {
            const double exponent = fabs(u) * (b.e_p / b.s + 4.0 * U * fabs(u)) + U * u * u;

            b.x[k] = exp(-0.5 * u * u);
            e_x[k] = 1.01 * b.x[k] * (2.0 * SNN_EXP_ULP * U + exponent) + TINY;
        } else if (b.linear) {
            b.x[k] = k == left ? 1.0 - (b.p - left) : k == left + 1.0 ? b.p - left : 0.0;
            e_x[k] = b.e_p + U;
        } else {
            b.x[k] = fmax(0.0, b.s - fabs(v));
            e_x[k] = b.e_p + U * (fabs(v) + 2.0 * b.s + b.x[k]);
        }
        if (!b.linear) {
            b.sum += b.x[k];
            b.e_sum += e_x[k];
        }
    }
    if (!b.linear)
        b.e_sum += (n + 1) * U * b.sum;
    for (int k = 0; k < n; k++) {
        b.y[k] = b.x[k] / b.sum;
        b.e_y[k] = b.linear ? e_x[k] : 1.01 * (e_x[k] + b.y[k] * b.e_sum) / b.sum + 3.0 * U * b.y[k];
    }
    return b;
}

#endif
