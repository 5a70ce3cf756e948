/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Basilar membrane: the shallow-water cochlea of Sieroka, Dosch and Rupp, "Semirealistic
 * models of the cochlea", JASA 120 (2006), in WKB approximation (CGS units):
 *
 *   xi(x)  = c0 e^(-ax) - b - m w^2 - i w r0 e^(-ax/2)    stiffness, mass, damping
 *   g(x)   = w sqrt(rho / (h xi))                         local wave number
 *   G(x)   = 2 g(0) / a + int_0^x g                       phase
 *   v(x)   = 2w / xi  p(x) / p(0)  z,   p = sqrt(G / g) H0^(1)(G)
 *   z      = sqrt(2 c0 / h) (i J0(y) + Y0(y)) / (J1(y) - i Y1(y)),  y = 2w/a sqrt(2 / (h c0))
 *
 * xi lies in the lower half plane, so with principal roots g and G lie in the first
 * quadrant and H0^(1) decays past the resonance.
 *
 * The integral in closed form.  With s = e^(ax/2), k^2 = b + m w^2 and d = w r0 / (2k):
 *   xi s^2 = Q - (k s + i d)^2,  Q = c0 - d^2 > 0  (as r0^2 < 4 m c0),  dx = 2 ds / (a s)
 *   int_0^x g = w sqrt(rho/h) 2/(a k) [asin((k s + i d) / sqrt Q)] from 1 to s,
 *   asin(u)   = i log(sqrt(1 - u^2) - iu):  both terms point the same way, none cancels.
 *
 * The gain is needed at as many frequencies as a clip has samples, and each length has
 * its own.  It is computed once at knots that lie evenly in ln(1 + f / 500 Hz), where
 * its phase turns evenly, and interpolated by six-point Lagrange polynomials: exact to
 * 3e-7 of a channel's largest gain (measured by the test), which is what tables in
 * float are good for.  So any length costs the same, and the tables are bounded.
 */
#include "datasets/cochlea.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

#define ALPHA     3.0    /* 1/cm */
#define RHO       1.0    /* g/cm^3 */
#define STIFFNESS 1e9    /* c0, g/(s^2 cm^2) */
#define OFFSET    3500.0 /* b */
#define DELTA     0.15
#define HEIGHT    0.1  /* h, cm */
#define MASS      0.05 /* m, g/cm^2 */
#define LENGTH    3.5  /* cm */

#define WARP_HZ   500.0
#define KNOT_STEP (1.0 / 1440) /* in ln(1 + f / WARP_HZ): 0.35 Hz at the low end */
#define MIN_HZ    1.0
#define BEFORE    (SNN_MEMBRANE_TAPS / 2 - 1) /* knots below the frequency's own */

struct snn_membrane {
    snn_context *ctx;
    uint32_t channels, blocks, knots;
    double max_hz, first;         /* first: ln(1 + f / WARP_HZ) of knot 0 */
    float (*table)[2][SNN_LANES]; /* [blocks][knots]: real parts, imaginary parts */
};

static snn_complex product(snn_complex a, snn_complex b)
{
    return (snn_complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static snn_complex quotient(snn_complex a, snn_complex b)
{
    const double scale = 1 / (b.re * b.re + b.im * b.im);

    return (snn_complex){(a.re * b.re + a.im * b.im) * scale, (a.im * b.re - a.re * b.im) * scale};
}

/* Principal root; the branch that does not cancel. */
static snn_complex root(snn_complex a)
{
    const double size = sqrt(a.re * a.re + a.im * a.im);

    if (a.re >= 0) {
        const double re = sqrt(0.5 * (size + a.re));

        return (snn_complex){re, re > 0 ? a.im / (2 * re) : 0};
    } else {
        const double im = copysign(sqrt(0.5 * (size - a.re)), a.im);

        return (snn_complex){a.im / (2 * im), im};
    }
}

/* What depends on the frequency alone. */
struct tone {
    double omega, k, d, wave; /* wave = omega sqrt(rho / h) */
    snn_complex phase0;       /* G(0) */
    snn_complex log0;         /* log of sqrt(1 - u^2) - iu at x = 0, times sqrt Q */
    snn_complex scale;        /* 2 omega z / (sqrt(G/g) scaled H) at x = 0 */
};

static snn_complex stiffness(const struct tone *t, double s)
{
    const double damping = DELTA * sqrt(STIFFNESS * MASS);

    return (snn_complex){STIFFNESS / (s * s) - t->k * t->k, -t->omega * damping / s};
}

/* log(s sqrt(xi) + d - i k s): asin without i and without sqrt Q, which drops out. */
static snn_complex log_arc(const struct tone *t, double s, snn_complex root_xi)
{
    const double re = s * root_xi.re + t->d, im = s * root_xi.im - t->k * s;

    return (snn_complex){0.5 * log(re * re + im * im), atan2(im, re)};
}

static struct tone make_tone(double omega)
{
    struct tone t = {.omega = omega, .wave = omega * sqrt(RHO / HEIGHT)};
    const double y = 2 * omega / ALPHA * sqrt(2 / (HEIGHT * STIFFNESS));
    snn_complex root_xi, z, h;

    t.k = sqrt(OFFSET + MASS * omega * omega);
    t.d = omega * DELTA * sqrt(STIFFNESS * MASS) / (2 * t.k);
    root_xi = root(stiffness(&t, 1));
    t.phase0 = quotient((snn_complex){2 * t.wave / ALPHA, 0}, root_xi);
    t.log0 = log_arc(&t, 1, root_xi);
    z = quotient((snn_complex){y0(y), j0(y)}, (snn_complex){j1(y), -y1(y)});
    h = snn_hankel0_scaled(t.phase0);
    /* sqrt(G/g) at x = 0 is sqrt(2 / a), exactly */
    t.scale = quotient(z, h);
    t.scale.re *= 2 * omega * sqrt(2 * STIFFNESS / HEIGHT) / sqrt(2 / ALPHA);
    t.scale.im *= 2 * omega * sqrt(2 * STIFFNESS / HEIGHT) / sqrt(2 / ALPHA);
    return t;
}

static snn_complex tone_gain(const struct tone *t, double x)
{
    const double s = exp(ALPHA * x / 2), turn = 2 * t->wave / (ALPHA * t->k);
    const snn_complex xi = stiffness(t, s), root_xi = root(xi), arc = log_arc(t, s, root_xi);
    /* i (arc - log0) turn */
    const snn_complex more = {-turn * (arc.im - t->log0.im), turn * (arc.re - t->log0.re)};
    const snn_complex phase = {t->phase0.re + more.re, t->phase0.im + more.im};
    const snn_complex g = quotient((snn_complex){t->wave, 0}, root_xi);
    const snn_complex p = product(root(quotient(phase, g)), snn_hankel0_scaled(phase));
    const double decay = exp(-more.im);
    const snn_complex wave = {decay * cos(more.re), decay * sin(more.re)};

    return quotient(product(product(p, wave), t->scale), xi);
}

snn_complex snn_membrane_gain(double omega, double x_cm)
{
    const struct tone t = make_tone(omega);

    return tone_gain(&t, x_cm);
}

/* All channels of one knot. */
static void fill_knot(snn_membrane *m, uint32_t knot)
{
    const double hz = WARP_HZ * expm1(m->first + knot * KNOT_STEP);
    const struct tone t = make_tone(2 * PI * hz);

    for (uint32_t c = 0; c < m->channels; c++) {
        const double x = m->channels > 1 ? LENGTH * c / (m->channels - 1) : 0;
        const snn_complex v = tone_gain(&t, x);
        float(*row)[SNN_LANES] = m->table[(size_t)(c / SNN_LANES) * m->knots + knot];

        row[0][c % SNN_LANES] = (float)v.re;
        row[1][c % SNN_LANES] = (float)v.im;
    }
}

snn_status snn_membrane_create(snn_context *ctx, uint32_t channels, double max_hz,
                               snn_membrane **out, snn_error *err)
{
    snn_membrane *m = NULL;
    snn_status st;

    TRY_ALLOC(st, ctx, m, 1, err);
    m->ctx = ctx;
    m->channels = channels;
    m->blocks = (channels + SNN_LANES - 1) / SNN_LANES;
    m->max_hz = max_hz;
    m->first = log1p(MIN_HZ / WARP_HZ) - BEFORE * KNOT_STEP;
    m->knots = (uint32_t)((log1p(max_hz / WARP_HZ) - m->first) / KNOT_STEP) + SNN_MEMBRANE_TAPS;
    TRY_ALLOC(st, ctx, m->table, (size_t)m->blocks * m->knots, err);
#pragma omp parallel for schedule(dynamic, 16) num_threads(snn_context_threads(ctx))
    for (uint32_t k = 0; k < m->knots; k++)
        fill_knot(m, k);
    *out = m;
    m = NULL;

done:
    snn_membrane_destroy(m);
    return st;
}

void snn_membrane_destroy(snn_membrane *m)
{
    if (m == NULL)
        return;
    snn_free(m->ctx, m->table);
    snn_free(m->ctx, m);
}

double snn_membrane_max_hz(const snn_membrane *m)
{
    return m->max_hz;
}

/* Lagrange polynomials of the knots -BEFORE .. TAPS-1-BEFORE at u in [0, 1]. */
static void lagrange(double u, float weight[SNN_MEMBRANE_TAPS])
{
    for (int i = 0; i < SNN_MEMBRANE_TAPS; i++) {
        double w = 1;

        for (int j = 0; j < SNN_MEMBRANE_TAPS; j++)
            if (j != i)
                w *= (u - (j - BEFORE)) / (i - j);
        weight[i] = (float)w;
    }
}

void snn_membrane_taps(const snn_membrane *m, double max_hz, uint32_t bins, snn_membrane_tap *taps)
{
    const double step = bins > 1 ? (max_hz - MIN_HZ) / (bins - 1) : 0;
    const double last = m->knots - SNN_MEMBRANE_TAPS + BEFORE;

    for (uint32_t k = 0; k < bins; k++) {
        const double at = (log1p((MIN_HZ + step * k) / WARP_HZ) - m->first) / KNOT_STEP;
        const double knot = fmin(fmax(floor(at), BEFORE), last);

        taps[k].knot = (uint32_t)knot - BEFORE;
        lagrange(at - knot, taps[k].weight);
    }
}

void snn_membrane_gains(const snn_membrane *m, uint32_t block, const snn_membrane_tap *tap,
                        float re[SNN_LANES], float im[SNN_LANES])
{
    const float(*row)[2][SNN_LANES] =
        (const float(*)[2][SNN_LANES])m->table + (size_t)block * m->knots + tap->knot;

    for (int l = 0; l < SNN_LANES; l++)
        re[l] = im[l] = 0;
    for (int i = 0; i < SNN_MEMBRANE_TAPS; i++) {
        const float w = tap->weight[i];

        for (int l = 0; l < SNN_LANES; l++)
            re[l] += w * row[i][0][l];
        for (int l = 0; l < SNN_LANES; l++)
            im[l] += w * row[i][1][l];
    }
}

/*
 * Re of the inverse transform of W is the inverse transform of its Hermitian part
 *     S_k = (W_k + conj W_(bins-k)) / 2,   indices modulo bins,
 * which a transform from complex to real takes half of.
 */
void snn_membrane_run(const snn_membrane *m, uint32_t block, const snn_membrane_tap *taps,
                      const double (*spectrum)[2], uint32_t bins, double (*half)[SNN_LANES][2])
{
    float re[SNN_LANES], im[SNN_LANES];

    memset(half, 0, ((size_t)bins / 2 + 1) * sizeof *half);
    for (uint32_t k = 0; k < bins; k++) {
        const bool own = k <= bins / 2;
        const bool both = k == 0 || 2 * k == bins;
        double(*to)[2] = half[own ? k : bins - k];
        const double x = 0.5 * spectrum[k][0], y = 0.5 * spectrum[k][1];

        snn_membrane_gains(m, block, &taps[k], re, im);
        for (int l = 0; l < SNN_LANES; l++) {
            const double a = re[l] * x - im[l] * y, b = re[l] * y + im[l] * x;

            to[l][0] += both ? 2 * a : a;
            to[l][1] += both ? 0 : own ? b : -b;
        }
    }
}
