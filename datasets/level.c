/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/level.h"

#include "datasets/frontend.h"

#include <math.h>

struct snn_level {
    snn_context *ctx;
    snn_frontend *frontend;
    uint32_t bands, rate;
    double step, hop_s;
};

snn_status snn_level_create(snn_context *ctx, const snn_encode_params *params, uint32_t rate,
                            snn_level **out, snn_error *err)
{
    const uint32_t bands = params->channels / 2;
    snn_data_params data;
    snn_level *level = NULL;
    snn_status st;

    snn_data_params_init(&data);
    data.front_end = SNN_FRONT_END_LOGMEL;
    data.mel_bands = bands;
    data.time_step_ms = params->level_hop_ms;
    data.max_time_ms = 0;
    TRY_ALLOC(st, ctx, level, 1, err);
    *level = (snn_level){.ctx = ctx,
                         .bands = bands,
                         .rate = rate,
                         .step = (double)params->level_step,
                         .hop_s = (double)params->level_hop_ms / 1000};
    TRY(st, snn_frontend_create(ctx, &data, rate, &level->frontend, err));
    *out = level;
    level = NULL;

done:
    snn_level_destroy(level);
    return st;
}

void snn_level_destroy(snn_level *level)
{
    if (level == NULL)
        return;
    snn_frontend_destroy(level->frontend);
    snn_free(level->ctx, level);
}

uint32_t snn_level_rate(const snn_level *level)
{
    return level->rate;
}

/* Events of band b on the way from x0 (frame t) to x1 (frame t + 1). */
static snn_status cross(const snn_level *v, uint32_t b, uint32_t t, double x0, double x1,
                        double *reference, snn_spike_list *out, snn_error *err)
{
    const bool up = x1 > x0;
    const double step = up ? v->step : -v->step;
    snn_status st = SNN_OK;

    while (up ? x1 >= *reference + step : x1 <= *reference + step) {
        double at;

        *reference += step;
        at = (t + 0.5 + (*reference - x0) / (x1 - x0)) * v->hop_s;
        TRY(st,
            snn_spike_list_add(out, (uint32_t)(at * SNN_LEVEL_TICKS), up ? b : v->bands + b, err));
    }

done:
    return st;
}

/* To the level of the cochlea's clips: the floor of the spectra is absolute. */
static void scale_to_level(float *sound, uint64_t n)
{
    double energy = 0;

    for (uint64_t i = 0; i < n; i++)
        energy += (double)sound[i] * (double)sound[i];
    for (uint64_t i = 0; energy > 0 && i < n; i++)
        sound[i] = (float)((double)sound[i] * SNN_ENCODE_LEVEL / sqrt(energy / (double)n));
}

snn_status snn_level_run(const snn_level *v, float *sound, uint64_t n, snn_spike_list *out,
                         snn_error *err)
{
    const uint32_t steps = snn_frontend_steps(v->frontend, n);
    char *scratch = NULL;
    float *frames = NULL;
    snn_status st;

    TRY_ALLOC(st, v->ctx, scratch, snn_frontend_scratch(v->frontend), err);
    TRY_ALLOC(st, v->ctx, frames, (size_t)steps * v->bands, err);
    scale_to_level(sound, n);
    snn_frontend_run(v->frontend, sound, n, scratch, frames);
    for (uint32_t b = 0; b < v->bands; b++) {
        double reference = (double)frames[b];

        for (uint32_t t = 0; t + 1 < steps; t++)
            TRY(st, cross(v, b, t, (double)frames[(size_t)t * v->bands + b],
                          (double)frames[(size_t)(t + 1) * v->bands + b], &reference, out, err));
    }
    TRY(st, snn_spike_list_sort(out, (uint32_t)ceil((steps + 1) * v->hop_s * SNN_LEVEL_TICKS) + 1,
                                err));

done:
    snn_free(v->ctx, frames);
    snn_free(v->ctx, scratch);
    return st;
}
