/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far a tap computed in float may be from the exact one.
 *
 * U = 2^-24 is the largest relative error of one operation.  P may itself be a
 * rounded double, p = P + D/2 is rounded once more: e_p = U (|P| + |p|).
 *
 *   gauss  u = (k-p)/s; s three roundings (sigma, 0.27, sum), one each for k-p and
 *          the division: e_u = e_p/s + 5U|u|.  The exponent -u^2/2 is off by |u| e_u + U u^2,
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

static inline bump_bound bump_bound_of(snn_kernel_version version, bool one_hot, int n, double w,
                                       double position, double sigma)
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
    b.e_p = U * (fabs(position) + fabs(b.p));
    b.sum = b.linear ? 1.0 : 1e-7;
    for (int k = 0; k < n; k++) {
        const double v = k - b.p, u = v / b.s, left = floor(b.p);

        if (b.gauss) {
            const double exponent = fabs(u) * (b.e_p / b.s + 5.0 * U * fabs(u)) + U * u * u;

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
        b.e_y[k] =
            b.linear ? e_x[k] : 1.01 * (e_x[k] + b.y[k] * b.e_sum) / b.sum + 3.0 * U * b.y[k];
    }
    return b;
}

/*
 * Bounds of dW, dP and dsigma for an upstream gradient g[k].
 *
 * gb = sum g y: e_gb = sum |g| e_y + (D+1) U sum |g y|, and with v = k - p off by
 * e_v = e_p + U|v| the same for sum g y v, sum y v, sum g y v^2, sum y v^2.
 *   gauss  w/s^n (A - gb B): |w|/s^n (e_A + |gb| e_B + |B| e_gb + 13U (|A| + |gb B|))
 *   max    w/S (gd - gb d):  d is a whole number; gd rounds D times; S has e_S
 *   v0     w (g_right - g_left)
 */
static inline void bump_gradient_bound(const bump_bound *b, int n, const double *upstream,
                                       double bound[3])
{
    double gb = 0, e_gb = 0, a[3] = {0}, e_a[3] = {0}, y[3] = {0}, e_y[3] = {0};
    double live = 0, side = 0, g_live = 0, g_top = 0;

    for (int k = 0; k < n; k++) {
        const double g = fabs(upstream[k]), v = fabs(k - b->p), e_v = b->e_p + U * v;

        g_top = fmax(g_top, g);
        gb += g * b->y[k];
        e_gb += g * b->e_y[k] + (n + 1) * U * g * b->y[k];
        for (int power = 1; power <= 2; power++) {
            const double size = b->y[k] * pow(v, power);
            const double error = b->e_y[k] * pow(v, power) +
                                 power * b->y[k] * pow(v, power - 1) * e_v + power * U * size;

            a[power] += g * size;
            e_a[power] += g * error + (n + 2) * U * g * size;
            y[power] += size;
            e_y[power] += error + (n + 1) * U * size;
        }
        if (b->x[k] > 0.0) {
            live += 1.0;
            side += k == b->p ? 0.0 : 1.0;
            g_live += g;
        }
    }
    bound[0] = e_gb + U * gb + TINY;
    for (int power = 1; power <= 2; power++) {
        const double scale = b->w / pow(b->s, power + 1), count = power == 1 ? side : live;
        const double rounding = (n + 5 + b->e_sum / (U * b->sum)) * U;

        if (b->gauss)
            bound[power] = 1.01 * scale *
                           (e_a[power] + gb * e_y[power] + y[power] * e_gb +
                            13.0 * U * (a[power] + gb * y[power]));
        else if (b->linear)
            bound[power] = 4.0 * U * b->w * 2.0 * g_top;
        else
            bound[power] = 1.01 * b->w / b->sum * (rounding * (g_live + gb * count) + e_gb * count);
        bound[power] += TINY;
    }
}

#endif
