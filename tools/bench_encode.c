/* SPDX-License-Identifier: BSD-3-Clause */
/* snn bench encode: seconds of sound for a second of work. */
#include "tools/benchmarks.h"

#include <math.h>
#include <string.h>

#define DEFAULT_CLIPS 4
#define DEFAULT_RATE  16000
#define MOST_CLIPS    1000
#define TONES         12

/* A second of sound like speech in its spread: tones that come and go, and noise. */
static void make_sound(float *sound, size_t n, uint32_t rate, uint64_t clip)
{
    const snn_key key = {clip, SNN_STREAM_USER};

    for (size_t i = 0; i < n; i++) {
        const double t = (double)i / rate;
        double value = 0.05 * ((double)snn_random_uniform(key, i, 0, 0) - 0.5);

        for (uint32_t k = 1; k <= TONES; k++)
            value += 0.5 / k * sin(2 * M_PI * (110.0 + 7.0 * (double)(clip % 9)) * k * t) *
                     fmax(0, sin(2 * M_PI * (1.5 + 0.3 * k) * t));
        sound[i] = (float)(0.4 * value);
    }
}

static snn_status choose(const options *o, snn_encode_params *params, snn_error *err)
{
    snn_encode_params_init(params);
    params->channels = o->channels;
    params->seed = o->seed.value;
    if (o->encoder != NULL && strcmp(o->encoder, "level") == 0)
        params->encoder = SNN_ENCODER_LEVEL;
    else if (o->encoder != NULL && strcmp(o->encoder, "cochlea") != 0)
        return snn_error_set(err, SNN_EINVAL, "--encoder", "%s is not cochlea or level",
                             o->encoder);
    return SNN_OK;
}

snn_status bench_encode(const options *o, snn_context *ctx, bench_rates *rates, snn_error *err)
{
    const uint32_t rate = o->rate > 0 ? o->rate : DEFAULT_RATE;
    const double duration = o->duration > 0 ? o->duration : 1;
    const size_t n = (size_t)(duration * rate);
    size_t clips = o->clips > 0 ? o->clips : DEFAULT_CLIPS;
    double seconds[MOST_CLIPS], events = 0;
    snn_encoder *encoder = NULL;
    float *sound = NULL;
    snn_encode_params params;
    bench_spread s;
    bool head = true;
    bench_row r;
    snn_status status = SNN_OK;

    if (clips > MOST_CLIPS)
        clips = MOST_CLIPS;
    TRY(status, choose(o, &params, err));
    sound = snn_alloc(ctx, n, sizeof *sound);
    if (sound == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory for the sound"));
    TRY(status, snn_encoder_create(ctx, &params, &encoder, err));
    for (size_t i = 0; i <= clips; i++) { /* the first makes the tables */
        snn_spikes spikes;
        double start;

        make_sound(sound, n, rate, i);
        start = bench_now();
        TRY(status, snn_encode_clip(encoder, sound, n, rate, "bench", &spikes, err));
        if (i > 0) {
            seconds[i - 1] = bench_now() - start;
            events += (double)spikes.n;
        }
        snn_spikes_free(ctx, &spikes);
        talk_progress("clip %zu of %zu", i, clips);
    }
    talk_clear();
    TRY(status, bench_rates_all(ctx, rates, err));
    s = bench_spread_of(seconds, clips);
    row_begin(&r, "encode");
    row_text(&r, "encoder", params.encoder == SNN_ENCODER_LEVEL ? "level" : "cochlea");
    row_count(&r, "channels", params.channels);
    row_count(&r, "rate", rate);
    row_count(&r, "clips", clips);
    row_number(&r, NULL, "clip_seconds", s.median);
    row_number(&r, NULL, "fastest_seconds", s.least);
    row_number(&r, NULL, "slowest_seconds", s.most);
    row_number(&r, NULL, "events_per_clip", events / (double)clips);
    row_number(&r, NULL, "factor", duration / s.median);
    bench_rates_fields(&r, ctx, rates);
    if (o->json || o->csv) {
        TRY(status, bench_print(o, ctx, &r, &head, err));
    } else {
        printf("encode     %8.2f times real time   %g s of sound in %.3f s, median of %zu clips, "
               "%.3f to %.3f; %.0f events each\n",
               duration / s.median, duration, s.median, clips, s.least, s.most,
               events / (double)clips);
        bench_rates_show(ctx, rates);
    }
done:
    snn_encoder_destroy(encoder);
    snn_free(ctx, sound);
    return status;
}
