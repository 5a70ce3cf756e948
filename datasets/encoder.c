/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/encoder.h"

#include "datasets/audio_files.h"
#include "datasets/clip.h"
#include "datasets/level.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define MAX_RATE      768000u
#define MAX_SECONDS   3600.0
#define MAX_CHANNELS  65535u /* a unit is 16 bits */
#define MAX_LEVEL     2048u
#define DEFAULT_UNITS 700u
#define DEFAULT_LEVEL 80u

struct snn_encoder {
    snn_context *ctx;
    snn_encode_params params;
    snn_cochlea *cochlea;
    snn_level *level; /* made for the first clip's rate */
};

void snn_encode_params_init(snn_encode_params *params)
{
    *params = (snn_encode_params){.size = sizeof *params, .level_step = 1.0f, .level_hop_ms = 5.0f};
}

/* Error text for a number outside its range; SNN_OK inside. */
static snn_status in_range(const char *name, double value, double least, double most,
                           snn_error *err)
{
    if (value >= least && value <= most)
        return SNN_OK;
    return snn_error_set(err, SNN_EINVAL, name, "%g is not in %g..%g", value, least, most);
}

static snn_status check_params(snn_encode_params *p, snn_error *err)
{
    const bool level = p->encoder == SNN_ENCODER_LEVEL;
    snn_status st;

    if (p->size != sizeof *p)
        return snn_error_set(err, SNN_EINVAL, "snn_encode_params",
                             "size is %zu, not %zu: use snn_encode_params_init", p->size,
                             sizeof *p);
    if (p->channels == 0)
        p->channels = level ? DEFAULT_LEVEL : DEFAULT_UNITS;
    TRY(st, in_range("encoder", p->encoder, SNN_ENCODER_COCHLEA, SNN_ENCODER_LEVEL, err));
    TRY(st, in_range("times", p->times, SNN_TIMES_FLOAT16, SNN_TIMES_FLOAT32, err));
    TRY(st,
        in_range("channels", p->channels, level ? 2 : 1, level ? MAX_LEVEL : MAX_CHANNELS, err));
    if (level && p->channels % 2 != 0)
        st = snn_error_set(err, SNN_EINVAL, "channels",
                           "%" PRIu32 " is odd: each band has one for rise and one for fall",
                           p->channels);
    if (st == SNN_OK && p->rate != 0)
        st = in_range("rate", p->rate, SNN_ENCODE_MIN_RATE, MAX_RATE, err);
    if (st == SNN_OK)
        st = in_range("duration", p->duration_s, 0, MAX_SECONDS, err);
    if (st == SNN_OK)
        st = in_range("level_step", (double)p->level_step, 0.01, 20, err);
    if (st == SNN_OK)
        st = in_range("level_hop_ms", (double)p->level_hop_ms, 0.5, 1000, err);

done:
    return st;
}

snn_status snn_encoder_create(snn_context *ctx, const snn_encode_params *params, snn_encoder **out,
                              snn_error *err)
{
    snn_encode_params own = *params;
    snn_encoder *e = NULL;
    snn_status st;

    TRY(st, check_params(&own, err));
    TRY_ALLOC(st, ctx, e, 1, err);
    e->ctx = ctx;
    e->params = own;
    if (own.encoder == SNN_ENCODER_COCHLEA)
        TRY(st, snn_cochlea_create(ctx, own.channels, own.seed, &e->cochlea, err));
    *out = e;
    e = NULL;

done:
    snn_encoder_destroy(e);
    return st;
}

void snn_encoder_destroy(snn_encoder *e)
{
    if (e == NULL)
        return;
    snn_level_destroy(e->level);
    snn_cochlea_destroy(e->cochlea);
    snn_free(e->ctx, e);
}

const snn_encode_params *snn_encoder_get_params(const snn_encoder *e)
{
    return &e->params;
}

uint32_t snn_encoder_rate(const snn_encoder *e, uint32_t rate)
{
    if (e->params.rate != 0)
        return e->params.rate;
    return rate < SNN_ENCODE_MIN_RATE ? SNN_ENCODE_MIN_RATE : rate;
}

uint64_t snn_encoder_samples(const snn_encoder *e, uint64_t n, uint32_t rate)
{
    return e->params.duration_s > 0 ? (uint64_t)llround(e->params.duration_s * rate) : n;
}

double snn_encoder_ticks_per_s(const snn_encoder *e, uint32_t rate)
{
    return e->params.encoder == SNN_ENCODER_COCHLEA ? rate / 2.0 : SNN_LEVEL_TICKS;
}

snn_status snn_encoder_prepare(snn_encoder *e, uint64_t n, uint32_t rate, snn_error *err)
{
    const uint64_t samples = snn_encoder_samples(e, n, rate);
    snn_status st;

    if (e->params.encoder == SNN_ENCODER_LEVEL) {
        if (e->level != NULL && snn_level_rate(e->level) == rate)
            return SNN_OK;
        snn_level_destroy(e->level);
        e->level = NULL;
        return snn_level_create(e->ctx, &e->params, rate, &e->level, err);
    }
    TRY(st, snn_cochlea_reserve(e->cochlea, rate, err));
    if (samples >= 2)
        TRY(st, snn_cochlea_plan_add(e->cochlea, samples, err));

done:
    return st;
}

void snn_encoder_trim(snn_encoder *e)
{
    if (e->cochlea != NULL)
        snn_cochlea_trim(e->cochlea);
}

snn_status snn_encoder_run(const snn_encoder *e, float *sound, uint64_t n, uint32_t rate,
                           const char *key, snn_spike_list *out, snn_error *err)
{
    const uint64_t samples = snn_encoder_samples(e, n, rate);
    const uint64_t clip = snn_digest(SNN_DIGEST_START, key, strlen(key));

    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(sound[i]))
            return snn_error_set(err, SNN_EFORMAT, key, "sample %" PRIu64 " is not a number", i);
    if (samples > n)
        memset(sound + n, 0, (samples - n) * sizeof *sound);
    if (samples < 2)
        return SNN_OK;
    if (e->params.encoder == SNN_ENCODER_LEVEL)
        return snn_level_run(e->level, sound, samples, out, err);
    return snn_cochlea_run(e->cochlea, sound, n < samples ? n : samples, samples, rate, clip, out,
                           err);
}

snn_status snn_encode_clip(snn_encoder *e, const float *samples, size_t n, uint32_t rate,
                           const char *key, snn_spikes *out, snn_error *err)
{
    const uint32_t to = snn_encoder_rate(e, rate);
    snn_spike_list list = {.ctx = e->ctx};
    float *sound = NULL;
    uint64_t resampled, room;
    snn_status st;

    TRY(st, in_range("rate", rate, 1, MAX_RATE, err));
    TRY(st, in_range("length in seconds", (double)n / rate, 0, MAX_SECONDS, err));
    resampled = snn_clip_resampled(n, rate, to);
    room = snn_encoder_samples(e, resampled, to);
    room = room > resampled ? room : resampled;
    TRY(st, in_range("samples", (double)room, 0, INT32_MAX, err));
    TRY_ALLOC(st, e->ctx, sound, room, err);
    if (rate == to && n > 0)
        memcpy(sound, samples, n * sizeof *sound);
    else if (n > 0)
        TRY(st, snn_clip_resample(key, samples, n, rate, to, sound, err));
    TRY(st, snn_encoder_prepare(e, resampled, to, err));
    TRY(st, snn_encoder_run(e, sound, resampled, to, key, &list, err));
    *out = (snn_spikes){list.n, list.tick, list.unit, snn_encoder_ticks_per_s(e, to)};
    list = (snn_spike_list){.ctx = e->ctx};

done:
    snn_encoder_trim(e);
    snn_spike_list_free(&list);
    snn_free(e->ctx, sound);
    return st;
}

void snn_spikes_free(snn_context *ctx, snn_spikes *spikes)
{
    snn_free(ctx, spikes->unit);
    snn_free(ctx, spikes->tick);
    *spikes = (snn_spikes){0};
}
