/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clip through the cochlea:
 *
 *   x *= 0.3 / rms(x);  x *= a Hann window as long as the clip
 *   X = transform of x;  blocks of 16 channels:
 *     velocity = Re inverse transform of gain * X[0..N/2], N/2 + 1 ticks at rate / 2
 *     firing probability (hair cell) -> spikes (fibres and bushy cell)
 *
 * Memory: the clip and its spectrum in double, and 16 channels of ticks.  Work goes over
 * clips, a thread each; a clip's spikes depend on nothing else, so not on threads.
 */
#include "datasets/cochlea.h"

#include <fftw3.h>

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

#define MAX_PLANS 64

/* Transforms of one length. */
struct plan {
    struct plan *next;
    uint64_t n;
    fftw_plan forward, backward;
};

struct snn_cochlea {
    snn_context *ctx;
    uint32_t channels;
    snn_key key;
    snn_membrane *membrane;
    struct plan *plans;
    size_t n_plans;
};

/* Buffers of one clip. */
struct work {
    double *sound;                /* n */
    double (*spectrum)[2];        /* bins = n/2 + 1 */
    snn_membrane_tap *taps;       /* bins */
    double (*half)[SNN_LANES][2]; /* bins/2 + 1 */
    double (*value)[SNN_LANES];   /* bins: velocity, then probability */
};

static void work_free(snn_context *ctx, struct work *w)
{
    snn_free(ctx, w->value);
    snn_free(ctx, w->half);
    snn_free(ctx, w->taps);
    snn_free(ctx, w->spectrum);
    snn_free(ctx, w->sound);
    *w = (struct work){0};
}

static snn_status work_make(snn_context *ctx, uint64_t n, struct work *w, snn_error *err)
{
    const size_t bins = (size_t)n / 2 + 1;
    snn_status st;

    TRY_ALLOC(st, ctx, w->sound, n, err);
    TRY_ALLOC(st, ctx, w->spectrum, bins, err);
    TRY_ALLOC(st, ctx, w->taps, bins, err);
    TRY_ALLOC(st, ctx, w->half, bins / 2 + 1, err);
    TRY_ALLOC(st, ctx, w->value, bins, err);

done:
    if (st != SNN_OK)
        work_free(ctx, w);
    return st;
}

snn_status snn_cochlea_create(snn_context *ctx, uint32_t channels, uint64_t seed, snn_cochlea **out,
                              snn_error *err)
{
    snn_cochlea *c = NULL;
    snn_status st;

    TRY_ALLOC(st, ctx, c, 1, err);
    *c = (snn_cochlea){.ctx = ctx, .channels = channels, .key = {seed, SNN_STREAM_ENCODE}};
    *out = c;

done:
    return st;
}

static void forget_plans(snn_cochlea *c)
{
    while (c->plans != NULL) {
        struct plan *plan = c->plans;

        c->plans = plan->next;
        if (plan->forward != NULL)
            fftw_destroy_plan(plan->forward);
        if (plan->backward != NULL)
            fftw_destroy_plan(plan->backward);
        snn_free(c->ctx, plan);
    }
    c->n_plans = 0;
}

void snn_cochlea_destroy(snn_cochlea *c)
{
    if (c == NULL)
        return;
    forget_plans(c);
    snn_membrane_destroy(c->membrane);
    snn_free(c->ctx, c);
}

snn_status snn_cochlea_reserve(snn_cochlea *c, uint32_t max_rate, snn_error *err)
{
    snn_membrane *membrane = NULL;
    snn_status st;

    if (c->membrane != NULL && snn_membrane_max_hz(c->membrane) >= max_rate / 2.0)
        return SNN_OK;
    st = snn_membrane_create(c->ctx, c->channels, max_rate / 2.0, &membrane, err);
    if (st == SNN_OK) {
        snn_membrane_destroy(c->membrane);
        c->membrane = membrane;
    }
    return st;
}

void snn_cochlea_trim(snn_cochlea *c)
{
    if (c->n_plans >= MAX_PLANS)
        forget_plans(c);
}

static const struct plan *find_plan(const snn_cochlea *c, uint64_t n)
{
    const struct plan *plan = c->plans;

    while (plan != NULL && plan->n != n)
        plan = plan->next;
    return plan;
}

/* Estimates: a measured plan could differ from run to run, and so its rounding. */
snn_status snn_cochlea_plan_add(snn_cochlea *c, uint64_t n, snn_error *err)
{
    const int points = (int)n, bins = (int)(n / 2 + 1);
    struct plan *plan;
    struct work w = {0};
    snn_status st = SNN_OK;

    if (find_plan(c, n) != NULL)
        return SNN_OK;
    TRY(st, work_make(c->ctx, n, &w, err));
    TRY_ALLOC(st, c->ctx, plan, 1, err);
    plan->n = n;
    plan->next = c->plans;
    c->plans = plan;
    c->n_plans++;
    plan->forward = fftw_plan_dft_r2c_1d(points, w.sound, w.spectrum, FFTW_ESTIMATE);
    plan->backward = fftw_plan_many_dft_c2r(1, &bins, SNN_LANES, &w.half[0][0], NULL, SNN_LANES, 1,
                                            &w.value[0][0], NULL, SNN_LANES, 1, FFTW_ESTIMATE);
    if (plan->forward == NULL || plan->backward == NULL) {
        forget_plans(c);
        st = snn_error_set(err, SNN_ENOMEM, NULL, "FFTW cannot plan %d points", points);
    }

done:
    work_free(c->ctx, &w);
    return st;
}

/* Level and ramps of the recording, then zeros up to `points`.  Silence stays silence.
 * The factor 1 / bins of the inverse transform goes here too: the chain up to the velocity
 * is linear. */
static void prepare(const float *sound, uint64_t n, uint64_t points, double *out)
{
    const double bins = (double)(points / 2 + 1);
    double energy = 0, scale;

    for (uint64_t i = 0; i < n; i++)
        energy += (double)sound[i] * (double)sound[i];
    scale = energy > 0 ? SNN_ENCODE_LEVEL / sqrt(energy / (double)n) / bins : 0;
    for (uint64_t i = 0; i < n; i++)
        out[i] = scale * (double)sound[i] *
                 (0.5 - 0.5 * cos(2 * PI * (double)i / (double)(n > 1 ? n - 1 : 1)));
    for (uint64_t i = n; i < points; i++)
        out[i] = 0;
}

snn_status snn_cochlea_run(const snn_cochlea *c, const float *sound, uint64_t n, uint64_t points,
                           uint32_t rate, uint64_t clip, snn_spike_list *out, snn_error *err)
{
    const struct plan *plan = find_plan(c, points);
    const uint32_t bins = (uint32_t)(points / 2 + 1);
    const double dt_s = 2.0 / rate;
    struct work w = {0};
    snn_hair hair;
    snn_status st;

    TRY(st, work_make(c->ctx, points, &w, err));
    prepare(sound, n, points, w.sound);
    fftw_execute_dft_r2c(plan->forward, w.sound, w.spectrum);
    snn_membrane_taps(c->membrane, rate / 2.0, bins, w.taps);
    for (uint32_t first = 0; first < c->channels; first += SNN_LANES) {
        const uint32_t lanes = c->channels - first < SNN_LANES ? c->channels - first : SNN_LANES;

        snn_membrane_run(c->membrane, first / SNN_LANES, w.taps, (const double(*)[2])w.spectrum,
                         bins, w.half);
        fftw_execute_dft_c2r(plan->backward, &w.half[0][0], &w.value[0][0]);
        snn_hair_init(&hair);
        snn_hair_run(&hair, dt_s, bins, w.value);
        TRY(st, snn_bushy_run(c->key, clip, first, lanes, dt_s, bins,
                              (const double(*)[SNN_LANES])w.value, out, err));
    }
    TRY(st, snn_spike_list_sort(out, bins, err));

done:
    work_free(c->ctx, &w);
    return st;
}
