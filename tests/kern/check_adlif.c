/* SPDX-License-Identifier: BSD-3-Clause */
/* adlif_forward and adlif_backward against the reference. */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

#define ONES  9u /* arrays of [channels] */
#define FULLS 9u /* arrays of [T][row] */

typedef struct {
    snn_adlif adlif;
    size_t batch;
    guarded one[ONES];   /* decay_u, gain_u, decay_w, gain_w, a, b, mean, scale, shift */
    guarded full[FULLS]; /* conv, h, w, output, x, v, s, g, g_keep_s */
    guarded mask, sums;
} adlif_case;

enum { CONV, H, W, OUTPUT, KEEP_X, KEEP_V, KEEP_S, G, G_KEEP_S };

/* Constants of neurons as they are: two time constants of 1 to 20 steps, q up to 6. */
static void draw_constants(adlif_case *c, size_t channels, uint64_t *state)
{
    for (size_t i = 0; i < channels; i++) {
        const double u = -1.0 / (double)test_uniform(state, 1.0f, 20.0f);
        const double w = -1.0 / (double)test_uniform(state, 1.0f, 20.0f);
        const float q = test_uniform(state, 0.0f, 6.0f);

        c->one[0].at[i] = (float)exp(u);
        c->one[1].at[i] = (float)-expm1(u);
        c->one[2].at[i] = (float)exp(w);
        c->one[3].at[i] = (float)-expm1(w) * q;
        c->one[4].at[i] = test_uniform(state, 0.0f, 1.0f);
        c->one[5].at[i] = test_uniform(state, 0.0f, 2.0f);
        c->one[6].at[i] = test_uniform(state, -0.2f, 0.2f);
        c->one[7].at[i] = test_uniform(state, 0.5f, 1.5f);
        c->one[8].at[i] = test_uniform(state, -0.2f, 0.2f);
    }
}

static adlif_case make_case(size_t steps, size_t batch, size_t channels, size_t offset,
                            uint64_t *state)
{
    const size_t row = batch * channels;
    const uint64_t coin = test_random(state);
    adlif_case c = {.batch = batch};
    snn_lif *lif = &c.adlif.lif;

    for (size_t i = 0; i < ONES; i++)
        c.one[i] = guarded_new(channels, offset);
    for (size_t i = 0; i < FULLS; i++)
        c.full[i] = guarded_new(steps * row, offset);
    c.mask = guarded_new(row, offset);
    c.sums = guarded_new(SNN_ADLIF_SUMS * channels, offset);
    draw_constants(&c, channels, state);
    fill_uniform(&c.full[CONV], state, -1.0f, 6.0f);
    fill_uniform(&c.full[H], state, -2.0f, 4.0f);
    fill_uniform(&c.full[W], state, -2.0f, 2.0f);
    fill_uniform(&c.full[G], state, -1.0f, 1.0f);
    for (size_t i = 0; i < row; i++)
        c.mask.at[i] = test_random(state) % 3 == 0 ? 0.0f : 1.25f;
    *lif = (snn_lif){.threshold = coin & 2 ? 1.0f : 0.7f,
                     .decay = NAN, /* not read, as promised */
                     .gain = NAN,
                     .leak = NAN,
                     .start = NAN,
                     .v_reset = NAN,
                     .syn_decay = NAN,
                     .alpha = test_uniform(state, 0.5f, 6.0f),
                     .reset = coin & 8 ? SNN_RESET_HARD : SNN_RESET_SOFT,
                     .surrogate = (snn_surrogate)((coin >> 8) % 3),
                     .detach_reset = coin & 16,
                     .smooth = (coin & (32 + 64)) == 0,
                     .steps = steps,
                     .row = row,
                     .h_row = row,
                     .channels = channels,
                     .conv = c.full[CONV].at,
                     .output = c.full[OUTPUT].at,
                     .mask = coin & 256 ? c.mask.at : NULL,
                     .h = c.full[H].at,
                     .g = c.full[G].at};
    for (size_t i = 0; i < c.full[H].n; i += 11)
        c.full[H].at[i] = lif->threshold; /* exactly at the threshold is a spike */
    if (coin & 128) {
        lif->mean = c.one[6].at;
        lif->scale = c.one[7].at;
        lif->shift = c.one[8].at;
    }
    c.adlif.decay_u = c.one[0].at;
    c.adlif.gain_u = c.one[1].at;
    c.adlif.decay_w = c.one[2].at;
    c.adlif.gain_w = c.one[3].at;
    c.adlif.a = c.one[4].at;
    c.adlif.b = c.one[5].at;
    c.adlif.w = coin & 512 ? c.full[W].at : NULL;
    c.adlif.sums = c.sums.at;
    return c;
}

static void end_case(adlif_case *c)
{
    for (size_t i = 0; i < ONES; i++)
        guarded_end("constants", &c->one[i]);
    for (size_t i = 0; i < FULLS; i++)
        guarded_end("adlif array", &c->full[i]);
    guarded_end("mask", &c->mask);
    guarded_end("sums", &c->sums);
}

/* ---- forward ------------------------------------------------------------------ */

/*
 * Errors of the state, step by step, as in check_lif.c: with decays p, r, gains k, m
 *     e_h = p e_u + k (e_x + e_w) + 4U (|p u| + k (|x| + |w|))
 *     e_u = (1-s) e_h + |h| e_s (hard), e_h + threshold e_s (soft), + 3U of the terms
 *     e_w = r e_w + m (a e_u + b e_s) + 5U (|r w| + m (|a u| + b s))
 * A hard spike is sure where |h - threshold| > e_h; else the column ends, and few may.
 */
typedef struct {
    const adlif_case *c;
    const snn_adlif *ref;
    size_t parted;
} forward_walk;

enum { SEEN = 6 }; /* output, h, x, membrane, spikes, w */

static void walk_column(forward_walk *walk, size_t j, struct test_near near[SEEN],
                        const float *const got[SEEN])
{
    const snn_adlif *k = &walk->c->adlif, *ref = walk->ref;
    const snn_lif *lif = &k->lif;
    const size_t c = j % lif->channels;
    const double p = (double)k->decay_u[c], gain = (double)k->gain_u[c];
    const double r = (double)k->decay_w[c], m = (double)k->gain_w[c];
    const double a = (double)k->a[c], b = (double)k->b[c], threshold = (double)lif->threshold;
    const double mask = lif->mask != NULL ? (double)lif->mask[j] : 1.0;
    double e_u = 0.0, e_w = 0.0, u = 0.0, w = 0.0;

    for (size_t t = 0; t < lif->steps; t++) {
        const size_t at = t * lif->row + j;
        const double h = (double)ref->lif.h[at], x = (double)ref->lif.keep_x[at];
        const double s = (double)ref->lif.keep_s[at], over = h - threshold;
        const double e_x = lif_input_error(lif, at, c);
        const double e_h = p * e_u + gain * (e_x + e_w) +
                           4.0 * U * (fabs(p * u) + gain * (fabs(x) + fabs(w))) + TINY;
        double e_s = 0.0;

        if (lif->smooth) {
            e_s = (double)lif->alpha * (e_h + 4.0 * U * fabs(over)) + 8.0 * U;
        } else if (fabs(over) <= e_h + U * fabs(h)) {
            walk->parted++;
            return;
        }
        e_u = lif->reset == SNN_RESET_HARD
                  ? (1.0 - s) * e_h + fabs(h) * (e_s + (lif->smooth ? 3.0 * U : 0.0))
                  : e_h + threshold * (e_s + U);
        u = (double)ref->lif.keep_v[at];
        e_u += 3.0 * U * (fabs(h) + fabs(u));
        e_w = r * e_w + m * (a * e_u + b * e_s) +
              5.0 * U * (fabs(r * w) + m * (a * fabs(u) + b * s)) + TINY;
        w = (double)ref->w[at];
        e_w += U * fabs(w);
        const double expected[SEEN] = {s * mask, h, x, u, s, w};
        const double bound[SEEN] = {
            mask * e_s + 2.0 * U * mask, e_h + U * fabs(h), e_x + U * fabs(x), e_u, e_s + U, e_w};

        for (int i = 0; i < SEEN; i++)
            if (got[i] != NULL)
                check_near(&near[i], at, expected[i], (double)got[i][at],
                           lif->smooth || (i != 0 && i != 4) ? bound[i] : 0.0);
    }
}

/* The reference with everything kept in `kept`, 6 n floats. */
static snn_adlif reference(const adlif_case *c, float *kept)
{
    const size_t n = c->full[CONV].n;
    snn_adlif ref = c->adlif;

    ref.lif.h = kept;
    ref.lif.keep_x = kept + n;
    ref.lif.keep_v = kept + 2 * n;
    ref.lif.keep_s = kept + 3 * n;
    ref.lif.output = kept + 4 * n;
    ref.w = kept + 5 * n;
    return ref;
}

/* b0 .. b1: whole samples. */
static size_t compare_forward(const snn_kern *kern, adlif_case *c, size_t b0, size_t b1, bool keep,
                              bool in_place, uint64_t seed)
{
    static const char *const names[SEEN] = {"output", "h", "x", "membrane", "spikes", "adaptation"};
    const size_t n = c->full[CONV].n, channels = c->adlif.lif.channels, row = c->adlif.lif.row;
    const size_t j0 = b0 * channels, j1 = b1 * channels;
    guarded conv = guarded_copy(&c->full[CONV]), state = guarded_new(3 * (j1 - j0), 1),
            untouched = guarded_copy(in_place ? &conv : &c->full[OUTPUT]);
    float *kept = calloc(SEEN * n + 1, sizeof *kept);
    snn_adlif ref, adlif = c->adlif;
    forward_walk walk = {.c = c, .ref = &ref};
    struct test_near near[SEEN];
    const float *got[SEEN];

    assert_non_null(kept);
    ref = reference(c, kept);
    snn_kern_ref.adlif_forward(&ref, j0, j1, NULL);
    adlif.lif.conv = conv.at;
    adlif.lif.output = in_place ? conv.at : c->full[OUTPUT].at;
    if (keep) {
        adlif.lif.keep_x = c->full[KEEP_X].at;
        adlif.lif.keep_v = c->full[KEEP_V].at;
        adlif.lif.keep_s = c->full[KEEP_S].at;
    }
    kern->adlif_forward(&adlif, j0, j1, state.at);
    got[0] = adlif.lif.output;
    got[1] = adlif.lif.h;
    got[2] = adlif.lif.keep_x;
    got[3] = adlif.lif.keep_v;
    got[4] = adlif.lif.keep_s;
    got[5] = adlif.w;
    for (int i = 0; i < SEEN; i++)
        near[i] = test_near_begin(names[i], seed);
    for (size_t j = 0; j < row; j++) {
        if (j >= j0 && j < j1)
            walk_column(&walk, j, near, got);
        else
            for (size_t t = 0; t < adlif.lif.steps; t++)
                assert_memory_equal(&untouched.at[t * row + j], &adlif.lif.output[t * row + j],
                                    sizeof(float));
    }
    for (int i = 0; i < SEEN; i++)
        if (near[i].wrong > 0)
            test_near_end(&near[i]);
    free(kept);
    guarded_end("conv", &conv);
    guarded_end("state", &state);
    guarded_end("untouched", &untouched);
    return walk.parted;
}

static const struct {
    size_t steps, batch, channels;
} shapes[] = {{1, 1, 1},  {2, 3, 5},    {9, 2, 16},  {17, 1, 17},
              {5, 4, 31}, {12, 2, 129}, {30, 3, 15}, {3, 1, 8}};

static void run_forward(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed;
    size_t parted = 0, columns = 0;

    for (int round = 0; round < 16; round++) {
        for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
            adlif_case c = make_case(shapes[i].steps, shapes[i].batch, shapes[i].channels,
                                     (size_t)round % 2, &state);
            const uint64_t coin = test_random(&state);
            const bool keep = coin & 1, in_place = !keep && coin & 2;

            if (coin & 4)
                c.adlif.lif.h = NULL;
            parted += compare_forward(kern, &c, 0, c.batch, keep, in_place, seed);
            if (c.batch > 1)
                parted += compare_forward(kern, &c, 1, c.batch, keep, in_place, seed);
            columns += 2 * c.adlif.lif.row;
            end_case(&c);
        }
    }
    print_message("# %zu of %zu columns met the threshold within their bound\n", parted, columns);
    assert_true(parted * 100 <= columns);
}

/* ---- backward ------------------------------------------------------------------ */

/* What is carried from a step to the one before, and how far off it may be. */
typedef struct {
    double g_h, g_w, e_h, e_w;
} carried;

static double spike_at(const snn_lif *lif, double over)
{
    const double a = (double)lif->alpha, z = a * over;

    if (!lif->smooth)
        return over >= 0.0 ? 1.0 : 0.0;
    switch (lif->surrogate) {
    case SNN_SURROGATE_ATAN:
        return atan(0.5 * acos(-1.0) * z) / acos(-1.0) + 0.5;
    case SNN_SURROGATE_SIGMOID:
        return 1.0 / (1.0 + exp(-z));
    case SNN_SURROGATE_TRIANGLE:
        return z <= -1.0  ? 0.0
               : z >= 1.0 ? 1.0
               : z < 0.0  ? 0.5 * (1.0 + z) * (1.0 + z)
                          : 1.0 - 0.5 * (1.0 - z) * (1.0 - z);
    }
    return 0.0;
}

/* u of a step and its error: h is given, so only s is off. */
static double potential_at(const snn_lif *lif, double h, double *error)
{
    const double over = h - (double)lif->threshold, s = spike_at(lif, over);
    const bool hard = lif->reset == SNN_RESET_HARD;
    const double size = hard ? fabs(h) : (double)lif->threshold;
    const double e_s = lif->smooth ? (double)lif->alpha * 4.0 * U * fabs(over) + 8.0 * U : 0.0;

    *error = size * (e_s + 2.0 * U) + 2.0 * U * fabs(h);
    return hard ? (1.0 - s) * h : h - s * (double)lif->threshold;
}

/*
 * One step back, the errors as in check_lif.c; |gh|, |gw| are those of the exact values:
 *     e_w <- r e_w + k e_h + 3U (|r gw| + |k gh|)
 *     e_u  = p e_h + m a e_w + 4U (|p gh| + |m a gw|)
 *     e_h <- (|gs| + |m b gw|) e_r + r' m b e_w + |gu| e_du + |du| e_u + 5U of the terms
 */
static void step_back(const adlif_case *c, size_t at, size_t j, carried *k)
{
    const snn_adlif *adlif = &c->adlif;
    const snn_lif *lif = &adlif->lif;
    const size_t i = j % lif->channels;
    const double p = (double)adlif->decay_u[i], gain = (double)adlif->gain_u[i];
    const double r = (double)adlif->decay_w[i], m = (double)adlif->gain_w[i];
    const double a = (double)adlif->a[i], b = (double)adlif->b[i];
    const double h = (double)lif->h[at], over = h - (double)lif->threshold;
    const double slope = lif_slope(lif, over), e_r = lif_slope_error(lif, over, slope);
    const double s = spike_at(lif, over);
    const double e_s = lif->smooth ? (double)lif->alpha * 4.0 * U * fabs(over) + 8.0 * U : 0.0;
    const double reach = lif->detach_reset              ? 0.0
                         : lif->reset == SNN_RESET_HARD ? h
                                                        : (double)lif->threshold;
    const double du = (lif->reset == SNN_RESET_HARD ? 1.0 - s : 1.0) - reach * slope;
    const double e_du = e_s + fabs(reach) * e_r + 4.0 * U * (1.0 + fabs(reach) * slope);
    const double g_s = (double)c->full[G].at[at] * (lif->mask != NULL ? (double)lif->mask[j] : 1.0);
    const double g_w = r * k->g_w - gain * k->g_h;
    const double e_w =
        r * k->e_w + gain * k->e_h + 3.0 * U * (fabs(r * k->g_w) + fabs(gain * k->g_h));
    const double g_u = p * k->g_h + m * a * g_w;
    const double e_u = p * k->e_h + m * a * e_w + 4.0 * U * (fabs(p * k->g_h) + fabs(m * a * g_w));
    const double into = fabs(g_s) + fabs(m * b * g_w);

    k->e_h = into * e_r + slope * m * b * e_w + fabs(g_u) * e_du + fabs(du) * e_u +
             5.0 * U * (into * slope + fabs(g_u * du)) + TINY;
    k->g_h = (g_s + m * b * g_w) * slope + g_u * du;
    k->g_w = g_w;
    k->e_w = e_w + TINY;
}

/* Add what a step gives to the sums, and how far off that is. */
static void add_sums(const adlif_case *c, size_t at, bool first, const carried *k, double *size,
                     double *error)
{
    const snn_adlif *adlif = &c->adlif;
    const snn_lif *lif = &adlif->lif;
    const size_t before = first ? at : at - lif->row;
    const double h = (double)lif->h[at], s = spike_at(lif, h - (double)lif->threshold);
    const double e_s =
        lif->smooth ? (double)lif->alpha * 4.0 * U * fabs(h - (double)lif->threshold) + 8.0 * U
                    : 0.0;
    double e_u, e_before;
    const double u = potential_at(lif, h, &e_u);
    const double u_before = first ? 0.0 : potential_at(lif, (double)lif->h[before], &e_before);
    const double w = adlif->w != NULL ? (double)adlif->w[at] : 0.0;
    const double w_before = adlif->w != NULL && !first ? (double)adlif->w[before] : 0.0;
    const double factor[SNN_ADLIF_SUMS] = {u, s, u_before - h, w_before - w};
    const double e_factor[SNN_ADLIF_SUMS] = {
        e_u, e_s, (first ? 0.0 : e_before) + U * (fabs(u_before) + fabs(h)),
        U * (fabs(w_before) + fabs(w))};

    for (size_t i = 0; i < SNN_ADLIF_SUMS; i++) {
        const double g = i == 2 ? k->g_h : k->g_w, e_g = i == 2 ? k->e_h : k->e_w;

        size[i] += fabs(g * factor[i]);
        error[i] += e_g * fabs(factor[i]) + fabs(g) * e_factor[i] + 2.0 * U * fabs(g * factor[i]);
    }
}

static void compare_backward(const snn_kern *kern, adlif_case *c, size_t j0, size_t j1, bool keep,
                             uint64_t seed)
{
    const size_t channels = c->adlif.lif.channels, row = c->adlif.lif.row;
    const double terms = (double)(c->adlif.lif.steps * ((j1 - j0) / channels));
    guarded expected = guarded_copy(&c->full[G]), expected_s = guarded_copy(&c->full[G_KEEP_S]);
    guarded g = guarded_copy(&c->full[G]), state = guarded_new(3 * (j1 - j0), 1);
    guarded sums = guarded_copy(&c->sums);
    double *size = calloc(2 * SNN_ADLIF_SUMS * channels, sizeof *size),
           *error = size + SNN_ADLIF_SUMS * channels;
    struct test_near near = test_near_begin("g", seed), near_s = test_near_begin("g_keep_s", seed),
                     near_sums = test_near_begin("sums", seed);
    snn_adlif ref = c->adlif, adlif = c->adlif;

    assert_non_null(size);
    ref.lif.g = expected.at;
    adlif.lif.g = g.at;
    ref.lif.g_keep_s = keep ? expected_s.at : NULL;
    adlif.lif.g_keep_s = keep ? c->full[G_KEEP_S].at : NULL;
    ref.sums = sums.at;
    snn_kern_ref.adlif_backward(&ref, j0, j1, NULL);
    kern->adlif_backward(&adlif, j0, j1, state.at);
    for (size_t j = 0; j < row; j++) {
        const size_t i = j % channels;
        const double gain = (double)adlif.gain_u[i];
        double size_one[SNN_ADLIF_SUMS] = {0}, error_one[SNN_ADLIF_SUMS] = {0};
        carried k = {0};

        for (size_t t = adlif.lif.steps; t-- > 0;) {
            const size_t at = t * row + j;

            if (j < j0 || j >= j1) {
                assert_memory_equal(&c->full[G].at[at], &g.at[at], sizeof(float));
                continue;
            }
            step_back(c, at, j, &k);
            add_sums(c, at, t == 0, &k, size_one, error_one);
            check_near(&near, at, (double)expected.at[at], (double)g.at[at],
                       gain * k.e_h + 2.0 * U * gain * fabs(k.g_h));
            if (keep)
                check_near(&near_s, at, (double)expected_s.at[at], (double)c->full[G_KEEP_S].at[at],
                           2.0 * U * fabs((double)expected_s.at[at]));
        }
        for (size_t n = 0; n < SNN_ADLIF_SUMS; n++) {
            size[n * channels + i] += size_one[n];
            error[n * channels + i] += error_one[n];
        }
    }
    /* n terms added one by one: n U of their sizes at most. */
    for (size_t i = 0; i < SNN_ADLIF_SUMS * channels; i++)
        check_near(&near_sums, i, (double)sums.at[i], (double)c->sums.at[i],
                   error[i] + (terms + 1.0) * U * size[i] + TINY);
    test_near_end(&near);
    test_near_end(&near_sums);
    if (keep)
        test_near_end(&near_s);
    free(size);
    guarded_end("expected", &expected);
    guarded_end("expected_s", &expected_s);
    guarded_end("g", &g);
    guarded_end("state", &state);
    guarded_end("sums", &sums);
}

static void run_backward(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed + 1;

    for (int round = 0; round < 24; round++) {
        for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
            adlif_case c = make_case(shapes[i].steps, shapes[i].batch, shapes[i].channels,
                                     (size_t)round % 2, &state);

            compare_backward(kern, &c, 0, c.adlif.lif.row, round % 3 == 0, seed);
            if (c.batch > 1)
                compare_backward(kern, &c, c.adlif.lif.channels, c.adlif.lif.row, round % 3 == 0,
                                 seed);
            end_case(&c);
        }
    }
}

/* ---- bench ----------------------------------------------------------------------- */

static size_t bench(const snn_kern *kern, int rounds, uint64_t seed, double *seconds, bool forward)
{
    adlif_case c = make_case(100, 4, 256, 0, &seed);
    float state[3 * 4 * 256];
    double begin;

    c.adlif.lif.smooth = false;
    c.adlif.lif.detach_reset = true;
    c.adlif.lif.reset = SNN_RESET_HARD;
    c.adlif.lif.surrogate = SNN_SURROGATE_ATAN;
    c.adlif.w = c.full[W].at;
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++)
        (forward ? kern->adlif_forward : kern->adlif_backward)(&c.adlif, 0, c.adlif.lif.row, state);
    *seconds = snn_seconds() - begin;
    end_case(&c);
    return (size_t)100 * 4 * 256;
}

static size_t bench_forward(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench(kern, rounds, seed, seconds, true);
}

static size_t bench_backward(const snn_kern *kern, int rounds, uint64_t seed, double *seconds)
{
    return bench(kern, rounds, seed, seconds, false);
}

const kern_check check_adlif_forward = {"adlif_forward", run_forward, bench_forward};
const kern_check check_adlif_backward = {"adlif_backward", run_backward, bench_backward};
