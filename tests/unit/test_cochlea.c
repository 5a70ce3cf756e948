/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cochlea, stage by stage against closed forms, and as a whole against what the
 * original encoder of SHD made of one spoken digit.
 */
#include "tests/context_threads.h"

#include "config.h"

#include "datasets/clip.h"
#include "datasets/cochlea.h"

#include <hdf5.h>

#ifdef HAVE_ARB
#include <acb_hypgeom.h>
#endif

#define PI 3.14159265358979323846

static snn_complex hankel(double re, double im)
{
    return snn_hankel0_scaled((snn_complex){re, im});
}

/* ---- Hankel ------------------------------------------------------------------ */

/* On the real axis H0 = J0 + i Y0, on the imaginary one H0(iy) = 2 / (i pi) K0(y). */
static void hankel_on_the_axes(void **state)
{
    /* y, K0(y): Abramowitz and Stegun, table 9.8, to ten digits. */
    static const double k0[][2] = {
        {0.1, 2.427069025}, {1.0, 0.4210244382}, {2.0, 0.1138938727}, {5.0, 0.003691098334}};
    struct test_near near = test_near_begin("H0 on the real axis", 0);
    size_t i = 0;

    (void)state;
    for (double x = 1e-3; x < 60; x *= 1.11, i++) {
        const snn_complex h = hankel(x, 0);
        /* j0 and y0 are good to some eps of the modulus */
        const double bound = 4e-15 * (1 + fabs(log(x)));

        check_near(&near, 2 * i, cos(x) * j0(x) + sin(x) * y0(x), h.re, bound);
        check_near(&near, 2 * i + 1, cos(x) * y0(x) - sin(x) * j0(x), h.im, bound);
    }
    test_near_end(&near);
    near = test_near_begin("K0", 0);
    for (i = 0; i < 4; i++) {
        const snn_complex h = hankel(0, k0[i][0]);

        check_near(&near, i, k0[i][1], -PI / 2 * h.im * exp(-k0[i][0]), 1e-9 * k0[i][1]);
        assert_true(fabs(h.re) <= 1e-13 * fabs(h.im));
    }
    test_near_end(&near);
}

/* Bessel's equation H'' + H'/z + H = 0 along any ray, by central differences of the
 * fourth order: both branches of the routine and their seam obey it. */
static void hankel_obeys_bessels_equation(void **state)
{
    struct test_near near = test_near_begin("Bessel's equation", 0);
    size_t at = 0;

    (void)state;
    for (double r = 0.3; r < 60; r *= 1.15)
        for (int a = 0; a <= 8; a++, at++) {
            const double step = 0.004 * fmin(r, 1);
            const double c = cos(PI / 16 * a), s = a == 8 ? 1 : sin(PI / 16 * a);
            double f[5][2];

            for (int k = 0; k < 5; k++) {
                const double d = (k - 2) * step;
                const snn_complex h = hankel(fmax(0, a == 8 ? 0 : (r + d) * c), (r + d) * s);

                /* undo the factor, but for its value at r: e^(i d (c + i s)) */
                const double size = exp(-d * s);
                f[k][0] = size * (h.re * cos(d * c) - h.im * sin(d * c));
                f[k][1] = size * (h.re * sin(d * c) + h.im * cos(d * c));
            }
            for (int i = 0; i < 2; i++) {
                /* with z = r e^(i phi): f_rr + f_r / r = -e^(2 i phi) f */
                const double second =
                    (-f[0][i] + 16 * f[1][i] - 30 * f[2][i] + 16 * f[3][i] - f[4][i]) /
                    (12 * step * step);
                const double first = (f[0][i] - 8 * f[1][i] + 8 * f[3][i] - f[4][i]) / (12 * step);
                const double c2 = c * c - s * s, s2 = 2 * s * c;
                const double f2 =
                    i == 0 ? c2 * f[2][0] - s2 * f[2][1] : s2 * f[2][0] + c2 * f[2][1];
                const double size = hypot(f[2][0], f[2][1]);

                /* truncation step^4 f^(6) / 90, f^(6) ~ (5!/r^6 + 1) f; rounding 64 eps / step^2 */
                const double bound = size * (pow(step, 4) * (130 / pow(r, 6) + 2) +
                                             64 * 2.3e-16 / (step * step) * 2);
                check_near(&near, at, -f2, second + first / r, bound);
            }
        }
    test_near_end(&near);
}

/* Against Arb's rigorous K0, over a domain that holds what the membrane asks. */
static void hankel_against_arb(void **state)
{
    (void)state;
#ifndef HAVE_ARB
    skip_because("built without Arb");
#else
    struct test_near near = test_near_begin("H0 of Arb", 0);
    acb_t w, order, k, factor;
    arb_t pi;
    size_t i = 0;

    acb_init(w);
    acb_init(order);
    acb_init(k);
    acb_init(factor);
    arb_init(pi);
    arb_const_pi(pi, 600);
    for (double r = 1e-5; r < 110; r *= 1.09)
        for (int a = 0; a <= 16; a++, i += 2) {
            const double x = a == 16 ? 0 : r * cos(PI / 32 * a),
                         y = a == 0 ? 0 : r * sin(PI / 32 * a);
            const snn_complex h = hankel(x, y);

            acb_set_d_d(w, y, -x); /* -iz */
            acb_hypgeom_bessel_k(k, order, w, 600);
            acb_exp(factor, w, 600);
            acb_mul(k, k, factor, 600);
            acb_div_arb(k, k, pi, 600);
            acb_mul_2exp_si(k, k, 1);
            acb_div_onei(k, k);
            assert_true(acb_rel_accuracy_bits(k) > 60);
            check_near(&near, i, arf_get_d(arb_midref(acb_realref(k)), ARF_RND_NEAR), h.re,
                       2e-14 * hypot(h.re, h.im));
            check_near(&near, i + 1, arf_get_d(arb_midref(acb_imagref(k)), ARF_RND_NEAR), h.im,
                       2e-14 * hypot(h.re, h.im));
        }
    arb_clear(pi);
    acb_clear(factor);
    acb_clear(k);
    acb_clear(order);
    acb_clear(w);
    test_near_end(&near);
#endif
}

/* ---- membrane ---------------------------------------------------------------- */

/* The resonance of place x: Re xi = 0. */
static double resonance_hz(double x)
{
    return sqrt((1e9 * exp(-3 * x) - 3500) / 0.05) / (2 * PI);
}

/* Each place answers most to a tone near its own: the known map of the channels. */
static void membrane_peaks_at_characteristic_frequencies(void **state)
{
    static const struct {
        uint32_t channel;
        double hz;
    } map[] = {{0, 22500}, {45, 16000}, {138, 8000}, {230, 4000}, {414, 1000}};

    (void)state;
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
        const double x = 3.5 * map[i].channel / 699, own = resonance_hz(x);
        double best = 0, best_hz = 0;

        assert_true(fabs(own / map[i].hz - 1) < 0.01);
        for (double hz = own / 4; hz < own * 2; hz *= 1.005) {
            const snn_complex v = snn_membrane_gain(2 * PI * hz, x);

            if (hypot(v.re, v.im) > best) {
                best = hypot(v.re, v.im);
                best_hz = hz;
            }
        }
        /* damping and the rise of the wave before its place pull the peak down */
        assert_true(best_hz > 0.8 * own && best_hz <= 1.02 * own);
    }
}

/* The phase in closed form against Simpson's rule: d/dx log of the gain's phase factor
 * follows from g alone.  p'/p = i g (1 + small) far from the base, so compare ratios of
 * gains at two places with the wave sqrt(g) e^(i int g) they approach for large |G|. */
static void membrane_phase_is_the_integral(void **state)
{
    const double omega = 2 * PI * 3000, xs[2] = {0.6, 0.9};
    const int n = 4000;
    double re = 0, im = 0, g[2][2], xi[2][2];
    snn_complex v[2];

    (void)state;
    for (int k = 0; k <= n; k++) {
        const double x = xs[0] + (xs[1] - xs[0]) * k / n;
        const double weight = (k == 0 || k == n ? 1 : k % 2 ? 4 : 2) * (xs[1] - xs[0]) / (3 * n);
        const double a = 1e9 * exp(-3 * x) - 3500 - 0.05 * omega * omega,
                     b = -omega * 0.15 * sqrt(5e7) * exp(-1.5 * x);
        const double size = pow(a * a + b * b, -0.25) * omega * sqrt(10), angle = -atan2(b, a) / 2;

        re += weight * size * cos(angle);
        im += weight * size * sin(angle);
        if (k == 0 || k == n) {
            g[k == n][0] = size, g[k == n][1] = angle;
            xi[k == n][0] = hypot(a, b), xi[k == n][1] = atan2(b, a);
        }
    }
    for (int i = 0; i < 2; i++)
        v[i] = snn_membrane_gain(omega, xs[i]);
    {
        /* v ~ sqrt(G/g) H0(G) / xi ~ e^(iG) / (sqrt g xi) (1 - i/(8G) + ..) */
        const double turn = re + (xi[0][1] - xi[1][1]) + 0.5 * (g[0][1] - g[1][1]);
        const double found = atan2(v[1].im, v[1].re) - atan2(v[0].im, v[0].re);
        const double size = exp(-im) * xi[0][0] / xi[1][0] * sqrt(g[0][0] / g[1][0]);

        /* 1/(8G) changes by less than 0.02 between the places, |G| > 3 */
        assert_true(fabs(remainder(found - turn, 2 * PI)) < 0.02);
        assert_true(fabs(hypot(v[1].re, v[1].im) / hypot(v[0].re, v[0].im) / size - 1) < 0.02);
    }
}

/* Interpolated gains within 3e-7 of each channel's largest. */
static void membrane_tables_are_exact_to_float(void **state)
{
    const uint32_t channels = 36, bins = 6001;
    const double max_hz = 24000;
    struct test_near near = test_near_begin("gain", 0);
    snn_context *ctx = context_threads(2);
    snn_membrane *m = NULL;
    snn_membrane_tap *taps = snn_alloc(ctx, bins, sizeof *taps);

    (void)state;
    assert_int_equal(snn_membrane_create(ctx, channels, max_hz, &m, NULL), SNN_OK);
    snn_membrane_taps(m, max_hz, bins, taps);
    for (uint32_t c = 0; c < channels; c += 5) {
        double peak = 0;

        for (int pass = 0; pass < 2; pass++)
            for (uint32_t k = 0; k < bins; k += k < 40 ? 1 : 13) {
                const double hz = 1 + (max_hz - 1) * k / (bins - 1);
                const snn_complex v = snn_membrane_gain(2 * PI * hz, 3.5 * c / (channels - 1));
                float re[SNN_LANES], im[SNN_LANES];

                peak = fmax(peak, hypot(v.re, v.im));
                if (pass == 0)
                    continue;
                snn_membrane_gains(m, c / SNN_LANES, &taps[k], re, im);
                check_near(&near, c * bins + k, v.re, (double)re[c % SNN_LANES], 3e-7 * peak);
                check_near(&near, c * bins + k, v.im, (double)im[c % SNN_LANES], 3e-7 * peak);
            }
    }
    print_message("# worst %.2g of a channel's peak\n", near.worst * 3e-7);
    snn_membrane_destroy(m);
    snn_free(ctx, taps);
    snn_context_destroy(ctx);
    test_near_end(&near);
}

/* The half spectrum is what the plain formula says, for even and odd numbers of bins,
 * and linear in the sound. */
static void membrane_is_linear_and_real(void **state)
{
    static double x[31][2], half[16][SNN_LANES][2], twice[16][SNN_LANES][2];
    snn_membrane_tap taps[31];
    struct test_near near;
    uint64_t seed = test_seed(3);
    snn_context *ctx = context_threads(1);
    snn_membrane *m = NULL;

    (void)state;
    near = test_near_begin("velocity", seed);
    assert_int_equal(snn_membrane_create(ctx, 20, 8000, &m, NULL), SNN_OK);
    for (uint32_t bins = 30; bins <= 31; bins++) {
        snn_membrane_taps(m, 8000, bins, taps);
        for (uint32_t k = 0; k < bins; k++) {
            x[k][0] = (double)test_uniform(&seed, -1, 1);
            x[k][1] = (double)test_uniform(&seed, -1, 1);
        }
        snn_membrane_run(m, 1, taps, (const double(*)[2])x, bins, half);
        for (uint32_t t = 0; t < bins; t++)
            for (int l = 0; l < 4; l++) {
                double plain = 0, fast = half[0][l][0], sum = 0;

                for (uint32_t k = 0; k < bins; k++) {
                    const double angle = 2 * PI * (t * k % bins) / bins;
                    float re[SNN_LANES], im[SNN_LANES];
                    double a, b;

                    snn_membrane_gains(m, 1, &taps[k], re, im);
                    a = (double)re[l] * x[k][0] - (double)im[l] * x[k][1];
                    b = (double)re[l] * x[k][1] + (double)im[l] * x[k][0];
                    plain += a * cos(angle) - b * sin(angle);
                    sum += fabs(a) + fabs(b);
                    if (k > 0 && k <= bins / 2)
                        fast += (2 * k == bins ? 1 : 2) *
                                (half[k][l][0] * cos(angle) - half[k][l][1] * sin(angle));
                }
                check_near(&near, t, plain, fast, 64 * 2.3e-16 * sum);
            }
        for (uint32_t k = 0; k < bins; k++)
            x[k][0] *= 2, x[k][1] *= 2;
        snn_membrane_run(m, 1, taps, (const double(*)[2])x, bins, twice);
        for (uint32_t k = 0; k <= bins / 2; k++)
            for (int l = 0; l < SNN_LANES; l++)
                assert_true(twice[k][l][0] == 2 * half[k][l][0] &&
                            twice[k][l][1] == 2 * half[k][l][1]);
    }
    snn_membrane_destroy(m);
    snn_context_destroy(ctx);
    test_near_end(&near);
}

/* ---- hair cell ----------------------------------------------------------------- */

/* Under constant u the probability settles at h dt c(u) of the closed form; from silence
 * it starts there. */
static void hair_cell_settles_where_it_should(void **state)
{
    static double u[60000][SNN_LANES];
    const double dt = 1.0 / 8000, y = 5.05, l = 2500, r = 6580;
    struct test_near near = test_near_begin("probability", 0);
    snn_hair hair;

    (void)state;
    snn_hair_init(&hair);
    for (size_t t = 0; t < 60000; t++)
        for (int lane = 0; lane < SNN_LANES; lane++)
            u[t][lane] = lane == 0 ? 0 : lane == 15 ? -100 : 3.0 * lane * lane;
    snn_hair_run(&hair, dt, 60000, u);
    for (int lane = 0; lane < SNN_LANES; lane++) {
        const double in = lane == 0 ? 0 : lane == 15 ? -100 : 3.0 * lane * lane;
        const double k = in + 5 > 0 ? 2000 * (in + 5) / (in + 305) : 0;
        const double p = 50000 * dt * y * k / (l * k + y * (l + r));

        check_near(&near, (size_t)lane, p, u[59999][lane], 1e-9);
        if (lane > 3 && lane < 15) /* onset above the steady state: adaptation */
            assert_true(u[5][lane] > 1.2 * u[59999][lane]);
    }
    check_near(&near, 100, u[59999][0], u[0][0], 1e-12);
    test_near_end(&near);
}

/* ---- fibres ---------------------------------------------------------------------- */

/* Inversion against the distribution function itself: u counts 2^32 equal cells. */
static void binomial_inverts_its_distribution(void **state)
{
    static const double ps[] = {1e-6, 0.004, 0.02, 0.3, 0.5, 0.77, 0.999};

    (void)state;
    assert_int_equal(snn_binomial(40, 0, UINT32_MAX), 0);
    assert_int_equal(snn_binomial(40, 1, 0), 40);
    assert_int_equal(snn_binomial(40, 1.7, 0), 40);
    assert_int_equal(snn_binomial(0, 0.3, UINT32_MAX), 0);
    for (size_t i = 0; i < sizeof ps / sizeof ps[0]; i++)
        for (uint32_t n = 1; n <= 40; n += 13) {
            double below = 0;

            for (uint32_t k = 0; k <= n; k++) {
                double mass = exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) +
                                  k * log(ps[i]) + (n - k) * log1p(-ps[i]));
                const double low = ceil(below * 0x1p32) + 2,
                             high = floor((below + mass) * 0x1p32) - 3;

                if (high >= low && high < 0x1p32) {
                    assert_int_equal(snn_binomial(n, ps[i], (uint32_t)low), k);
                    assert_int_equal(snn_binomial(n, ps[i], (uint32_t)high), k);
                }
                below += mass;
            }
        }
}

#define TRIALS 4000
#define TICKS  120

/*
 * Firings of 40 fibres with 1 ms refractoriness in each 1 ms bin: those found by one binomial
 * number a tick against 40 Bernoulli numbers a tick.  Equal in mean within 5 standard errors and
 * in variance within 5 of its own (kurtosis <= 4 of such sums: se = var sqrt(3/n)).
 */
static void one_binomial_equals_forty_fibres(void **state)
{
    const uint32_t refractory = 8;
    double sum[2] = {0, 0}, square[2] = {0, 0}, mean[2], variance[2];
    uint64_t seed = test_seed(17);

    (void)state;
    for (int way = 0; way < 2; way++) {
        for (int trial = 0; trial < TRIALS; trial++) {
            uint32_t until[40] = {0}, fired[8] = {0}, n_free = 40, total = 0;

            for (uint32_t t = 0; t < TICKS; t++) {
                const double p = 0.04 + 0.03 * sin(t / 7.0);

                if (way == 0) {
                    uint32_t k;

                    n_free += fired[t % refractory];
                    k = snn_binomial(n_free, p, (uint32_t)(test_random(&seed) >> 32));
                    fired[t % refractory] = k;
                    n_free -= k;
                    total += k;
                } else {
                    for (int f = 0; f < 40; f++)
                        if (t >= until[f] && (double)test_uniform(&seed, 0, 1) < p) {
                            until[f] = t + refractory;
                            total++;
                        }
                }
            }
            sum[way] += total;
            square[way] += (double)total * total;
        }
        mean[way] = sum[way] / TRIALS;
        variance[way] = square[way] / TRIALS - mean[way] * mean[way];
    }
    print_message("# mean %.3f %.3f, variance %.3f %.3f\n", mean[0], mean[1], variance[0],
                  variance[1]);
    assert_true(fabs(mean[0] - mean[1]) < 5 * sqrt((variance[0] + variance[1]) / TRIALS));
    assert_true(fabs(variance[0] - variance[1]) < 5 * variance[1] * sqrt(2 * 3.0 / TRIALS));
}

/* A bushy cell fires at most every 1 ms and one tick, and not at all without fibres. */
static void bushy_cell_is_refractory(void **state)
{
    static double p[4000][SNN_LANES];
    const snn_key key = {1, SNN_STREAM_ENCODE};
    snn_context *ctx = context_threads(1);
    snn_spike_list list = {.ctx = ctx};
    uint32_t last[SNN_LANES], n[SNN_LANES] = {0};

    (void)state;
    for (size_t t = 0; t < 4000; t++)
        for (int l = 0; l < SNN_LANES; l++)
            p[t][l] = l == 0 ? 0 : l / 15.0;
    assert_int_equal(snn_bushy_run(key, 5, 100, SNN_LANES, 1.0 / 8000, 4000,
                                   (const double(*)[SNN_LANES])p, &list, NULL),
                     SNN_OK);
    assert_int_equal(snn_spike_list_sort(&list, 4000, NULL), SNN_OK);
    for (size_t i = 0; i < list.n; i++) {
        const uint32_t l = list.unit[i] - 100u;

        assert_in_range(list.unit[i], 101, 115);
        assert_in_range(list.tick[i], 0, 3998);
        if (i > 0)
            assert_true(list.tick[i - 1] < list.tick[i] ||
                        (list.tick[i - 1] == list.tick[i] && list.unit[i - 1] < list.unit[i]));
        if (n[l] > 0)
            assert_true(list.tick[i] - last[l] >= 9);
        last[l] = list.tick[i];
        n[l]++;
    }
    for (int l = 1; l < SNN_LANES; l++)
        assert_true(n[l] > 100);
    snn_spike_list_free(&list);
    snn_context_destroy(ctx);
}

/* ---- the whole against the original ------------------------------------------------ */

#define GROUPS 14
#define BINS   16 /* of 50 ms */

struct counts {
    double total, group[GROUPS], bin[BINS];
};

static void count(struct counts *c, double time_s, uint32_t unit, uint32_t channels)
{
    const uint32_t bin = (uint32_t)(time_s / 0.05);

    c->total++;
    c->group[unit * GROUPS / channels]++;
    c->bin[bin < BINS ? bin : BINS - 1]++;
}

/*
 * One number of the original against the mean of some seeds of ours.  The count's variance is at
 * most the fibres' binomial one passed on: a bushy cell with refractoriness thins and regularises
 * a Poisson-like input, so var <= mean.  The estimate of our own mean adds mean / runs.  4.5
 * standard deviations: some 60 comparisons fail by chance once in 2000 seeds.
 */
static void compare_counts(const char *what, const double *expected, const double *sum, size_t n,
                           uint32_t runs)
{
    struct test_near near = test_near_begin(what, 0);

    for (size_t i = 0; i < n; i++) {
        const double mean = sum[i] / runs;

        check_near(&near, i, expected[i], mean, 4.5 * sqrt(fmax(mean, 1) * (1 + 1.0 / runs)));
    }
    print_message("# %s: worst %.2f of 4.5 standard deviations\n", what, 4.5 * near.worst);
    test_near_end(&near);
}

/* One dimension of numbers of an HDF5 file, as doubles. */
static double *read_numbers(snn_context *ctx, hid_t file, const char *name, hsize_t *n)
{
    const hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);
    double *out;

    assert_int_equal(H5Sget_simple_extent_dims(space, n, NULL), 1);
    out = snn_alloc(ctx, *n, sizeof *out);
    assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    H5Sclose(space);
    H5Dclose(set);
    return out;
}

static void against_the_original(const char *recorded, uint32_t channels, uint32_t runs)
{
    const char *path;
    char sound_path[4096];
    struct counts expected = {0}, ours = {0};
    snn_clip_info info;
    snn_context *ctx;
    snn_cochlea *cochlea = NULL;
    float *sound;
    hsize_t n = 0;
    double *times, *units;
    hid_t file;

    require_shared(path, "data/lauscher-digit/spoken_digit.flac");
    snprintf(sound_path, sizeof sound_path, "%s", path);
    require_shared(path, recorded);
    ctx = context_threads(2);
    file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    times = read_numbers(ctx, file, "times", &n);
    units = read_numbers(ctx, file, "units", &n);
    H5Fclose(file);
    for (hsize_t i = 0; i < n; i++)
        count(&expected, times[i], (uint32_t)units[i], channels);
    assert_int_equal(snn_clip_probe(sound_path, false, &info, NULL), SNN_OK);
    sound = snn_alloc(ctx, info.n_frames, sizeof *sound);
    assert_int_equal(snn_clip_read(sound_path, &info, info.rate, NULL, sound, NULL), SNN_OK);
    assert_int_equal(snn_cochlea_create(ctx, channels, 1, &cochlea, NULL), SNN_OK);
    assert_int_equal(snn_cochlea_reserve(cochlea, info.rate, NULL), SNN_OK);
    assert_int_equal(snn_cochlea_plan_add(cochlea, info.n_frames, NULL), SNN_OK);
    for (uint64_t run = 0; run < runs; run++) {
        snn_spike_list spikes = {.ctx = ctx};

        assert_int_equal(snn_cochlea_run(cochlea, sound, info.n_frames, info.n_frames, info.rate,
                                         run, &spikes, NULL),
                         SNN_OK);
        for (size_t i = 0; i < spikes.n; i++)
            count(&ours, spikes.tick[i] / 24000.0, spikes.unit[i], channels);
        snn_spike_list_free(&spikes);
    }
    print_message("# %u channels: %.0f spikes, the original %.0f\n", channels, ours.total / runs,
                  expected.total);
    snn_cochlea_destroy(cochlea);
    snn_free(ctx, sound);
    snn_free(ctx, units);
    snn_free(ctx, times);
    snn_context_destroy(ctx);
    compare_counts("total", &expected.total, &ours.total, 1, runs);
    compare_counts("channel groups", expected.group, ours.group, GROUPS, runs);
    compare_counts("peri-stimulus histogram", expected.bin, ours.bin, BINS, runs);
}

static void the_digit_at_700_channels(void **state)
{
    (void)state;
    against_the_original("data/lauscher-digit/recorded_700.h5", 700, 2);
}

static void the_digit_at_70_channels(void **state)
{
    (void)state;
    against_the_original("data/lauscher-digit/recorded_70.h5", 70, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hankel_on_the_axes),
        cmocka_unit_test(hankel_obeys_bessels_equation),
        cmocka_unit_test(hankel_against_arb),
        cmocka_unit_test(membrane_peaks_at_characteristic_frequencies),
        cmocka_unit_test(membrane_phase_is_the_integral),
        cmocka_unit_test(membrane_tables_are_exact_to_float),
        cmocka_unit_test(membrane_is_linear_and_real),
        cmocka_unit_test(hair_cell_settles_where_it_should),
        cmocka_unit_test(binomial_inverts_its_distribution),
        cmocka_unit_test(one_binomial_equals_forty_fibres),
        cmocka_unit_test(bushy_cell_is_refractory),
        cmocka_unit_test(the_digit_at_700_channels),
        cmocka_unit_test(the_digit_at_70_channels),
    };

    return cmocka_run_group_tests_name("cochlea", tests, NULL, NULL);
}
