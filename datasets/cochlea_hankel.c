/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Hankel function of the membrane's travelling wave.  Two ways:
 *
 *   |z| < 2   power series (Abramowitz and Stegun 9.1.12, 9.1.13):
 *               J0 = sum_k s^k / k!^2,  s = -z^2/4
 *               Y0 = 2/pi ((ln(z/2) + gamma) J0 - sum_k h_k s^k / k!^2),  h_k = 1 + .. + 1/k
 *
 *   else      H0^(1)(z) = 2/(i pi) K0(w), w = -iz, Re w >= 0, and from
 *             K0(w) = int_0^inf exp(-w cosh t) dt with w (cosh t - 1) = q^2:
 *               exp(w) K0(w) = int exp(-q^2) / sqrt(2w + q^2) dq over all q.
 *             The trapezoid rule of step h errs by exp(-2 pi d / h), d = |Im sqrt(-2w)|
 *             >= sqrt|z| the distance of the branch point from the real line, and by
 *             exp(-(pi/h)^2), the Gaussian's share: below 1e-15 with the steps here.
 *
 * Tried: asymptotic series (needs |z| > 16 for 1e-13, and a third way between).
 */
#include "datasets/cochlea.h"

#include <math.h>

#define PI          3.14159265358979323846
#define EULER_GAMMA 0.57721566490153286061

#define SERIES_LIMIT 2.0
#define SERIES_TERMS 18
#define COARSE_LIMIT 8.0 /* from here on a step of 0.45 is small enough */
#define RANGE        6.2 /* exp(-q^2) is below 2e-17 outside */

static snn_complex times(snn_complex a, snn_complex b)
{
    return (snn_complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static snn_complex series(snn_complex z)
{
    const snn_complex s = {-0.25 * (z.re * z.re - z.im * z.im), -0.5 * z.re * z.im};
    const snn_complex log_z = {0.5 * log(0.25 * (z.re * z.re + z.im * z.im)) + EULER_GAMMA,
                               atan2(z.im, z.re)};
    snn_complex term = {1, 0}, j = {1, 0}, rest = {0, 0}, y, h;
    const double scale = exp(z.im);
    double harmonic = 0;

    for (int k = 1; k < SERIES_TERMS; k++) {
        term = times(term, s);
        term.re /= (double)k * k;
        term.im /= (double)k * k;
        harmonic += 1.0 / k;
        j.re += term.re;
        j.im += term.im;
        rest.re += harmonic * term.re;
        rest.im += harmonic * term.im;
    }
    y = times(log_z, j);
    y = (snn_complex){2 / PI * (y.re - rest.re), 2 / PI * (y.im - rest.im)};
    h = (snn_complex){j.re - y.im, j.im + y.re};
    return times(h, (snn_complex){scale * cos(z.re), -scale * sin(z.re)});
}

/* 1 / sqrt(a - ib) = (c + i b / (2c)) / |a - ib|,  c = Re sqrt(a - ib);  a, b >= 0. */
static snn_complex inverse_root(double a, double b)
{
    const double magnitude = sqrt(a * a + b * b);
    const double c = sqrt(0.5 * (magnitude + a));

    return (snn_complex){c / magnitude, b / (2 * c * magnitude)};
}

/* exp(-q^2) at q = h, 2h, ..: the square of q grows by (2n + 1) h^2, so the Gaussian
 * follows by two multiplications a step. */
static snn_complex quadrature(snn_complex z, double size)
{
    const double h = size < COARSE_LIMIT ? 0.25 : 0.45;
    const int n = (int)(RANGE / h);
    const double ratio = exp(-2 * h * h);
    double gauss = 1, factor = exp(-h * h);
    snn_complex sum = inverse_root(2 * z.im, 2 * z.re);

    sum.re *= 0.5;
    sum.im *= 0.5;
    for (int k = 1; k <= n; k++) {
        const snn_complex root = inverse_root(2 * z.im + h * h * k * k, 2 * z.re);

        gauss *= factor;
        factor *= ratio;
        sum.re += gauss * root.re;
        sum.im += gauss * root.im;
    }
    /* 2 h sum times 2 / (i pi) */
    return (snn_complex){4 * h / PI * sum.im, -4 * h / PI * sum.re};
}

snn_complex snn_hankel0_scaled(snn_complex z)
{
    const double size = sqrt(z.re * z.re + z.im * z.im);

    return size < SERIES_LIMIT ? series(z) : quadrature(z, size);
}
