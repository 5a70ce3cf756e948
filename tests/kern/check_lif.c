/* SPDX-License-Identifier: BSD-3-Clause */
/* lif_forward and lif_backward against the reference. */
#include "tests/kern/checkkern.h"

#include "snn/base/base.h"

static const double PI = 3.14159265358979323846;

/* What a case is about: currents around the threshold, or all alike. */
typedef enum { INPUT_RANDOM, INPUT_SILENT, INPUT_FIRING, INPUT_DENORMAL, INPUTS } input_kind;

typedef struct {
    snn_lif lif;
    size_t batch;
    guarded conv, mean, scale, shift, mask, h, centred, output, keep[3], g, g_keep_s;
} lif_case;

static lif_case make_case(size_t steps, size_t batch, size_t channels, input_kind input,
                          size_t offset, uint64_t *state)
{
    const size_t row = batch * channels;
    const float tau = test_uniform(state, 1.0f, 4.0f);
    const uint64_t coin = test_random(state);
    lif_case c = {.batch = batch};
    guarded *const full[] = {&c.conv,    &c.h,       &c.output, &c.keep[0], &c.centred,
                             &c.keep[1], &c.keep[2], &c.g,      &c.g_keep_s};
    guarded *const one[] = {&c.mean, &c.scale, &c.shift};

    for (size_t i = 0; i < SNN_COUNT(full); i++)
        *full[i] = guarded_new(steps * row, offset);
    for (size_t i = 0; i < SNN_COUNT(one); i++)
        *one[i] = guarded_new(channels, offset);
    c.mask = guarded_new(row, offset);
    fill_uniform(&c.conv, state, -1.0f, 2.5f);
    for (size_t i = 0; i < c.conv.n && input != INPUT_RANDOM; i++)
        c.conv.at[i] = input == INPUT_SILENT ? -0.5f : input == INPUT_FIRING ? 9.0f : 1e-40f;
    fill_uniform(&c.mean, state, -0.2f, 0.2f);
    fill_uniform(&c.scale, state, 0.5f, 1.5f);
    fill_uniform(&c.shift, state, -0.2f, 0.2f);
    for (size_t i = 0; i < row; i++)
        c.mask.at[i] = test_random(state) % 3 == 0 ? 0.0f : 1.25f;
    fill_uniform(&c.h, state, -2.0f, 4.0f);
    fill_uniform(&c.centred, state, -2.0f, 2.0f);
    fill_uniform(&c.g, state, -1.0f, 1.0f);
    c.lif = (snn_lif){.decay = 1.0f - 1.0f / tau,
                      .gain = coin & 1 ? 1.0f / tau : 1.0f,
                      .threshold = coin & 2 ? 1.0f : 0.7f,
                      .v_reset = coin & 4 ? 0.0f : -0.25f,
                      .alpha = test_uniform(state, 0.5f, 6.0f),
                      .syn_decay = coin & 512 ? 0.0f : test_uniform(state, 0.1f, 0.9f),
                      .reset = coin & 8 ? SNN_RESET_HARD : SNN_RESET_SOFT,
                      .surrogate = (snn_surrogate)((coin >> 8) % 3),
                      .detach_reset = coin & 16,
                      .smooth = (coin & (32 + 64)) == 0,
                      .steps = steps,
                      .row = row,
                      .h_row = row,
                      .past = coin & 2048,
                      .channels = channels,
                      .conv = c.conv.at,
                      .output = c.output.at};
    c.lif.leak = c.lif.v_reset / tau;
    c.lif.start = c.lif.v_reset;
    for (size_t i = 0; i < c.h.n; i += 11)
        c.h.at[i] = c.lif.threshold; /* exactly at the threshold is a spike */
    if (coin & 128) {
        c.lif.mean = c.mean.at;
        c.lif.scale = c.scale.at;
        c.lif.shift = c.shift.at;
        c.lif.centred = coin & 1024 ? c.centred.at : NULL;
    }
    c.lif.mask = coin & 256 ? c.mask.at : NULL;
    c.lif.h = c.h.at;
    c.lif.g = c.g.at;
    return c;
}

static void end_case(lif_case *c)
{
    guarded *const all[] = {&c->conv,    &c->mean,   &c->scale,   &c->shift,   &c->mask,
                            &c->h,       &c->output, &c->keep[0], &c->centred, &c->keep[1],
                            &c->keep[2], &c->g,      &c->g_keep_s};

    for (size_t i = 0; i < SNN_COUNT(all); i++)
        guarded_end("lif array", all[i]);
}

/* ---- forward ------------------------------------------------------------------ */

/*
 * Error of the potential, step by step.  With x off by e_x,
 *     e_i = syn_decay e_i + e_x + 2U (|syn_decay i| + |x|)         (e_x without a filter)
 *     e_h = decay e_v + gain e_i + 4U (|decay v| + |leak| + |gain i|)
 *     e_v = (1-s) e_h + |v_reset - h| e_s (hard), e_h + threshold e_s (soft), + 3U of the terms
 * and e_s = slope_max e_h + 8U where the spike is smooth (slope at most alpha, and
 * argument errors of a few U |alpha (h - threshold)| that the flat ends undo), else
 * 0 as long as |h - threshold| > e_h.  Where it is not, the two may part: the
 * column ends there, and the test demands that few do.
 */
typedef struct {
    const lif_case *c;
    const snn_lif *ref;
    size_t parted;
} forward_walk;

double lif_input_error(const snn_lif *lif, size_t at, size_t channel)
{
    if (lif->mean == NULL)
        return 0.0;
    return 4.0 * U *
           ((fabs((double)lif->conv[at]) + fabs((double)lif->mean[channel])) *
                fabs((double)lif->scale[channel]) +
            fabs((double)lif->shift[channel]));
}

static void walk_column(forward_walk *walk, size_t j, struct test_near near[6],
                        const float *const got[5])
{
    const snn_lif *ref = walk->ref, *lif = &walk->c->lif;
    const double decay = fabs((double)lif->decay), gain = fabs((double)lif->gain),
                 mask = lif->mask != NULL ? (double)lif->mask[j] : 1.0;
    const double syn_decay = (double)lif->syn_decay;
    double e_v = 0.0, e_i = 0.0, v = (double)ref->start, i_now = 0.0;

    for (size_t t = 0; t < lif->steps; t++) {
        const size_t at = t * lif->row + j;
        const double h = (double)ref->h[at], x = (double)ref->keep_x[at],
                     s = (double)ref->keep_s[at];
        const double e_x = lif_input_error(lif, at, j % lif->channels);
        const double over = h - (double)lif->threshold;
        double e_s = 0.0, e_h;

        e_i = syn_decay * e_i + e_x +
              (syn_decay > 0.0 ? 2.0 * U * (syn_decay * fabs(i_now) + fabs(x)) : 0.0);
        i_now = syn_decay * i_now + x;
        e_h = decay * e_v + gain * e_i +
              4.0 * U * (fabs(decay * v) + fabs((double)lif->leak) + gain * fabs(i_now)) + TINY;

        if (lif->smooth) {
            e_s = (double)lif->alpha * (e_h + 4.0 * U * fabs(over)) + 8.0 * U;
        } else if (fabs(over) <= e_h + U * fabs(h)) {
            walk->parted++;
            return;
        }
        e_v = lif->reset == SNN_RESET_HARD
                  ? (1.0 - s) * e_h + (fabs(h) + fabs((double)lif->v_reset)) *
                                          (e_s + (lif->smooth ? 3.0 * U : 0.0))
                  : e_h + fabs((double)lif->threshold) * (e_s + U);
        v = (double)ref->keep_v[at];
        e_v += 3.0 * U * (fabs(h) + fabs(v));

        if (lif->centred != NULL) {
            const double apart = (double)lif->conv[at] - (double)lif->mean[j % lif->channels];

            check_near(&near[5], at, apart, (double)lif->centred[at], U * fabs(apart));
        }
        const double expected[5] = {s * mask, h, x, v, s};
        const double bound[5] = {mask * e_s + 2.0 * U * mask, e_h + U * fabs(h), e_x + U * fabs(x),
                                 e_v, e_s + U};

        for (int i = 0; i < 5; i++)
            if (got[i] != NULL)
                check_near(&near[i], at, expected[i], (double)got[i][at],
                           lif->smooth || (i != 0 && i != 4) ? bound[i] : 0.0);
    }
}

static size_t state_floats(const snn_lif *lif, size_t j0, size_t j1)
{
    return (lif->syn_decay > 0.0f ? 3 : 2) * (j1 - j0);
}

/* b0 .. b1: whole samples. */
static size_t compare_forward(const snn_kern *kern, lif_case *c, size_t b0, size_t b1, bool keep,
                              bool in_place, uint64_t seed)
{
    static const char *const names[6] = {"output", "h", "x", "membrane", "spikes", "centred"};
    const size_t n = c->conv.n, channels = c->lif.channels, j0 = b0 * channels, j1 = b1 * channels;
    guarded conv = guarded_copy(&c->conv), state = guarded_new(state_floats(&c->lif, j0, j1), 1),
            untouched = guarded_copy(in_place ? &conv : &c->output);
    float *kept = calloc(5 * n + 1, sizeof *kept);
    snn_lif ref = c->lif, lif = c->lif;
    forward_walk walk = {.c = c, .ref = &ref};
    struct test_near near[6];
    const float *got[5] = {0};

    assert_non_null(kept);
    ref.h = kept;
    ref.centred = NULL;
    ref.keep_x = kept + n;
    ref.keep_v = kept + 2 * n;
    ref.keep_s = kept + 3 * n;
    ref.output = kept + 4 * n;
    snn_kern_ref.lif_forward(&ref, j0, j1, NULL);

    lif.conv = conv.at;
    lif.output = in_place ? conv.at : c->output.at;
    if (keep) {
        lif.keep_x = c->keep[0].at;
        lif.keep_v = c->keep[1].at;
        lif.keep_s = c->keep[2].at;
    }
    kern->lif_forward(&lif, j0, j1, state.at);
    got[0] = lif.output;
    got[1] = lif.h;
    got[2] = lif.keep_x;
    got[3] = lif.keep_v;
    got[4] = lif.keep_s;
    for (int i = 0; i < 6; i++)
        near[i] = test_near_begin(names[i], seed);
    for (size_t j = 0; j < c->lif.row; j++) {
        if (j >= j0 && j < j1)
            walk_column(&walk, j, near, got);
        else
            for (size_t t = 0; t < c->lif.steps; t++)
                assert_memory_equal(&untouched.at[t * c->lif.row + j],
                                    &lif.output[t * c->lif.row + j], sizeof(float));
    }
    for (int i = 0; i < 6; i++)
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

    for (int round = 0; round < 24; round++) {
        for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
            const input_kind input = (input_kind)(round % INPUTS);
            lif_case c = make_case(shapes[i].steps, shapes[i].batch, shapes[i].channels, input,
                                   (size_t)round % 2, &state);
            const uint64_t coin = test_random(&state);
            const bool keep = coin & 1, in_place = !keep && coin & 2;

            if (coin & 4)
                c.lif.h = NULL;
            parted += compare_forward(kern, &c, 0, c.batch, keep, in_place, seed);
            if (c.batch > 1)
                parted += compare_forward(kern, &c, 1, c.batch, keep, in_place, seed);
            columns += 2 * c.lif.row;
            end_case(&c);
        }
    }
    print_message("# %zu of %zu columns met the threshold within their bound\n", parted, columns);
    assert_true(parted * 100 <= columns);
}

/* ---- backward ------------------------------------------------------------------ */

/*
 * Error of the slope r at over = h - threshold (rounded: U |over|), z = alpha over:
 *   atan      u = pi/2 z has 5U; 1 + u^2 at most 12U; r: 14U r
 *   sigmoid   e = exp(-|z|): 3U|z| + 2 SNN_EXP_ULP U, d ln r / d ln e <= 1; r: (3|z| + 12) U r
 *   triangle  4U (1 + |z|) alpha, 0 beyond the foot
 */
double lif_slope_error(const snn_lif *lif, double over, double r)
{
    const double a = (double)lif->alpha, z = fabs(a * over);

    switch (lif->surrogate) {
    case SNN_SURROGATE_ATAN:
        return 14.0 * U * r + TINY;
    case SNN_SURROGATE_SIGMOID:
        return (3.0 * z + 12.0) * U * r + a * TINY;
    case SNN_SURROGATE_TRIANGLE:
        return 4.0 * U * (1.0 + z) * a;
    }
    return 0.0;
}

double lif_slope(const snn_lif *lif, double over)
{
    const double a = (double)lif->alpha, z = fabs(a * over), e = exp(-z);

    switch (lif->surrogate) {
    case SNN_SURROGATE_ATAN:
        return 0.5 * a / (1.0 + 0.25 * PI * PI * z * z);
    case SNN_SURROGATE_SIGMOID:
        return a * e / ((1.0 + e) * (1.0 + e));
    case SNN_SURROGATE_TRIANGLE:
        return a * fmax(0.0, 1.0 - z);
    }
    return 0.0;
}

/*
 * gh = gs r + gv dv:  e_gh = |gs| e_r + |gv| e_dv + |dv| e_gv + 4U (|gs r| + |gv dv|)
 * with |dv| <= 1 + k r, e_dv = e_s + k e_r + 4U (1 + k r), k = |h - v_reset| (hard)
 * or threshold (soft) where the reset is not detached, else 0; e_s as in forward.
 * gx = gain gh + syn_decay gx':  e_gx = gain e_gh + syn_decay e_gx' + 2U of the terms.
 * Of n terms of a channel, sum_g: sum e_gx + (n + 1) U sum |gx|, and so sum_gx with |centred|
 * as a weight and a rounding more.
 */
static void compare_backward(const snn_kern *kern, lif_case *c, size_t j0, size_t j1, bool keep,
                             bool sums, uint64_t seed)
{
    const size_t channels = c->lif.channels;
    const double terms = (double)(c->lif.steps * (j1 - j0) / channels);
    guarded expected_sum[2] = {guarded_copy(&c->scale), guarded_copy(&c->shift)};
    guarded sum[2] = {guarded_copy(&c->scale), guarded_copy(&c->shift)};
    double *bound = calloc(2 * channels, sizeof *bound);
    guarded expected = guarded_copy(&c->g), expected_s = guarded_copy(&c->g_keep_s);
    guarded g = guarded_copy(&c->g), state = guarded_new(state_floats(&c->lif, j0, j1), 1);
    struct test_near near = test_near_begin("g", seed), near_s = test_near_begin("g_keep_s", seed);
    snn_lif ref = c->lif, lif = c->lif;

    assert_non_null(bound);
    ref.g = expected.at;
    lif.g = g.at;
    ref.g_keep_s = keep ? expected_s.at : NULL;
    lif.g_keep_s = keep ? c->g_keep_s.at : NULL;
    if (sums) {
        ref.sum_g = expected_sum[0].at;
        ref.sum_gx = expected_sum[1].at;
        lif.sum_g = sum[0].at;
        lif.sum_gx = sum[1].at;
        ref.centred = lif.centred = c->centred.at;
    }
    snn_kern_ref.lif_backward(&ref, j0, j1, NULL);
    kern->lif_backward(&lif, j0, j1, state.at);
    for (size_t j = 0; j < c->lif.row; j++) {
        const double gain = fabs((double)lif.gain), decay = fabs((double)lif.decay);
        const double syn_decay = (double)lif.syn_decay;
        double g_v = 0.0, e_gv = 0.0, g_x = 0.0, e_gx = 0.0; /* sizes, not signed */

        for (size_t t = lif.steps; t-- > 0;) {
            const size_t at = t * lif.row + j;
            const double h = (double)lif.h[at], over = h - (double)lif.threshold;
            const double r = lif_slope(&lif, over), e_r = lif_slope_error(&lif, over, r);
            const double g_s =
                fabs((double)c->g.at[at]) * (lif.mask != NULL ? (double)lif.mask[j] : 1.0);
            const double k = lif.detach_reset              ? 0.0
                             : lif.reset == SNN_RESET_HARD ? fabs(h - (double)lif.v_reset)
                                                           : fabs((double)lif.threshold);
            const double e_s =
                lif.smooth ? (double)lif.alpha * 4.0 * U * fabs(over) + 8.0 * U : 0.0;
            const double dv = 1.0 + k * r, e_dv = e_s + k * e_r + 4.0 * U * dv;
            const double size = g_s * r + g_v * dv;
            const double e_gh = g_s * e_r + g_v * e_dv + dv * e_gv + 4.0 * U * size + TINY;

            g_x = gain * size + syn_decay * g_x;
            e_gx = gain * e_gh + syn_decay * e_gx + 2.0 * U * g_x;
            if (j >= j0 && j < j1) {
                const double x = fabs((double)c->centred.at[at]);
                const double e = e_gx + (terms + 4.0) * U * (g_x + 2.0);

                check_near(&near, at, (double)expected.at[at], (double)g.at[at], e_gx);
                bound[j % channels] += e;
                bound[channels + j % channels] += e * x + (terms + 4.0) * U * 2.0;
            } else
                assert_memory_equal(&c->g.at[at], &g.at[at], sizeof(float));
            if (keep)
                check_near(&near_s, at, (double)expected_s.at[at], (double)c->g_keep_s.at[at],
                           j >= j0 && j < j1 ? U * g_s : 0.0);
            g_v = decay * size;
            e_gv = decay * e_gh + U * g_v;
        }
    }
    for (size_t k = 0; k < 2 * channels; k++)
        check_near(&near, k, (double)expected_sum[k / channels].at[k % channels],
                   (double)sum[k / channels].at[k % channels], sums ? bound[k] : 0.0);
    test_near_end(&near);
    if (keep)
        test_near_end(&near_s);
    for (int i = 0; i < 2; i++) {
        guarded_end("expected sum", &expected_sum[i]);
        guarded_end("sum", &sum[i]);
    }
    free(bound);
    guarded_end("expected", &expected);
    guarded_end("expected_s", &expected_s);
    guarded_end("g", &g);
    guarded_end("state", &state);
}

static void run_backward(const snn_kern *kern, uint64_t seed)
{
    uint64_t state = seed + 1;

    for (int round = 0; round < 32; round++) {
        for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
            lif_case c = make_case(shapes[i].steps, shapes[i].batch, shapes[i].channels,
                                   INPUT_RANDOM, (size_t)round % 2, &state);

            compare_backward(kern, &c, 0, c.lif.row, round % 3 == 0, round % 2 == 0, seed);
            if (c.batch > 1)
                compare_backward(kern, &c, c.lif.channels, c.lif.row, round % 3 == 0,
                                 round % 2 == 0, seed);
            end_case(&c);
        }
    }
}

/* ---- bench ----------------------------------------------------------------------- */

static size_t bench(const snn_kern *kern, int rounds, uint64_t seed, double *seconds, bool forward)
{
    lif_case c = make_case(100, 4, 256, INPUT_RANDOM, 0, &seed);
    float state[2 * 4 * 256];
    double begin;

    c.lif.smooth = false;
    c.lif.detach_reset = true;
    c.lif.reset = SNN_RESET_HARD;
    c.lif.surrogate = SNN_SURROGATE_ATAN;
    c.lif.syn_decay = 0.0f;
    begin = snn_seconds();
    for (int i = 0; i < rounds; i++)
        (forward ? kern->lif_forward : kern->lif_backward)(&c.lif, 0, c.lif.row, state);
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

const kern_check check_lif_forward = {"lif_forward", run_forward, bench_forward};
const kern_check check_lif_backward = {"lif_backward", run_backward, bench_backward};
