/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/frontend.h"

#include <fftw3.h>

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

#define LOGMEL_MAX_RATE  16000
#define LOGMEL_WINDOW_MS 25.0
#define LOGMEL_MIN_HZ    50.0
#define LOGMEL_FLOOR     1e-9f

#define GSC_RATE     16000
#define GSC_SAMPLES  16000 /* one second */
#define GSC_HALVED   8000
#define GSC_HALF_HZ  8000.0
#define GSC_POINTS   256
#define GSC_HOP      80
#define GSC_HOP_MS   10.0f
#define GSC_STEPS    101
#define GSC_BANDS    140
#define GSC_MIN_HZ   50.0
#define GSC_MAX_HZ   14000.0
#define GSC_FLOOR    1e-10f
#define GSC_CROSSING 6
#define GSC_ROLLOFF  0.99
#define GSC_WIDTH    13 /* ceil(6 * 2 / 0.99) input samples each side */
#define GSC_TAPS     (2 * GSC_WIDTH + 2)

struct band { /* bins begin .. end-1 with their weights */
    uint32_t begin, end, weight;
};

struct snn_frontend {
    snn_context *ctx;
    snn_front_end kind;
    uint32_t rate, bands, window, points;
    double hop;          /* samples, need not be whole */
    uint64_t max_frames; /* samples that are used; later ones are cut */
    float *shape;        /* window[] */
    struct band *band;
    float *weight;
    float taps[GSC_TAPS]; /* gsc-paper: 16 -> 8 kHz */
    fftwf_plan plan;
};

uint32_t snn_frontend_rate(const snn_data_params *params, uint32_t lowest)
{
    if (params->front_end == SNN_FRONT_END_GSC_PAPER)
        return GSC_RATE;
    return lowest < LOGMEL_MAX_RATE ? lowest : LOGMEL_MAX_RATE;
}

uint32_t snn_frontend_bands(const snn_data_params *params)
{
    return params->front_end == SNN_FRONT_END_GSC_PAPER ? GSC_BANDS : params->mel_bands;
}

static double hz_to_mel(double hz)
{
    return 2595.0 * log10(1.0 + hz / 700.0);
}

static double mel_to_hz(double mel)
{
    return 700.0 * (pow(10.0, mel / 2595.0) - 1.0);
}

/* Triangle number b at frequency hz; corners are equally far apart in mel. */
static double triangle(const double corner[3], double hz)
{
    const double up = (hz - corner[0]) / (corner[1] - corner[0]);
    const double down = (corner[2] - hz) / (corner[2] - corner[1]);

    return fmax(0.0, fmin(up, down));
}

/* Weights of all bands, one after the other.  With `unit_sum` each band's add up to
 * 1 and none may be empty; without it they are as the triangle says. */
static snn_status make_bands(snn_frontend *f, double rate, double low, double high, bool unit_sum,
                             snn_error *err)
{
    const uint32_t bins = f->points / 2 + 1;
    const double mel_low = hz_to_mel(low), mel_step = (hz_to_mel(high) - mel_low) / (f->bands + 1);
    uint32_t used = 0;
    snn_status st;

    TRY_ALLOC(st, f->ctx, f->band, f->bands, err);
    /* A bin lies in two triangles at most. */
    TRY_ALLOC(st, f->ctx, f->weight, 2 * (size_t)bins, err);
    for (uint32_t b = 0; b < f->bands; b++) {
        const double corner[3] = {mel_to_hz(mel_low + mel_step * b),
                                  mel_to_hz(mel_low + mel_step * (b + 1)),
                                  mel_to_hz(mel_low + mel_step * (b + 2))};
        struct band *band = &f->band[b];
        double sum = 0;

        *band = (struct band){0, 0, used};
        for (uint32_t k = 0; k < bins; k++) {
            const double w = triangle(corner, rate * k / f->points);

            if (w <= 0)
                continue;
            if (band->begin == band->end)
                band->begin = k;
            band->end = k + 1;
            f->weight[used++] = (float)w;
            sum += w;
        }
        if (unit_sum && sum <= 0) {
            st = snn_error_set(err, SNN_ECONFIG, "data.mel_bands",
                               "%u bands are too many at %g Hz: band %u is empty; try 40", f->bands,
                               rate, b);
            goto done;
        }
        for (uint32_t k = band->weight; unit_sum && k < used; k++)
            f->weight[k] = (float)(f->weight[k] / sum);
    }

done:
    return st;
}

static snn_status make_window(snn_frontend *f, snn_error *err)
{
    snn_status st;

    TRY_ALLOC(st, f->ctx, f->shape, f->window, err);
    for (uint32_t i = 0; i < f->window; i++)
        f->shape[i] = (float)(0.5 - 0.5 * cos(2 * PI * i / f->window));

done:
    return st;
}

static snn_status setup_logmel(snn_frontend *f, const snn_data_params *params, snn_error *err)
{
    double energy = 0;
    snn_status st;

    f->hop = f->rate * (double)params->time_step_ms / 1000.0;
    f->window = (uint32_t)lround(f->rate * LOGMEL_WINDOW_MS / 1000.0);
    f->bands = params->mel_bands;
    if (!(f->hop >= 1) || f->rate < 1000 || f->bands == 0 || f->bands > 1024)
        return snn_error_set(err, SNN_ECONFIG, "data",
                             "cannot make %u mel_bands every %g ms from recordings at %u Hz",
                             f->bands, (double)params->time_step_ms, f->rate);
    if (params->max_time_ms > 0)
        f->max_frames = (uint64_t)(f->rate * (double)params->max_time_ms / 1000.0);
    /* Twice the needed points: low triangles are narrower than a bin else. */
    for (f->points = 2; f->points < 2 * f->window; f->points *= 2)
        ;
    TRY(st, make_window(f, err));
    for (uint32_t i = 0; i < f->window; i++)
        energy += (double)f->shape[i] * f->shape[i];
    for (uint32_t i = 0; i < f->window; i++)
        f->shape[i] = (float)(f->shape[i] / sqrt(energy));
    TRY(st, make_bands(f, f->rate, LOGMEL_MIN_HZ, f->rate / 2.0, true, err));

done:
    return st;
}

/* The low-pass of the 16 -> 8 kHz step: t in periods of 8 kHz times the roll-off,
 *   h(t) = 0.99/2 * cos(pi t / 12)^2 * sin(pi t) / (pi t),  |t| <= 6. */
static void make_taps(snn_frontend *f)
{
    for (int k = 0; k < GSC_TAPS; k++) {
        double t = (k - GSC_WIDTH) / 2.0 * GSC_ROLLOFF;
        double c;

        t = fmax(-GSC_CROSSING, fmin(GSC_CROSSING, t));
        c = cos(t * PI / GSC_CROSSING / 2);
        f->taps[k] = (float)(GSC_ROLLOFF / 2 * c * c * (t == 0 ? 1.0 : sin(PI * t) / (PI * t)));
    }
}

static snn_status setup_gsc(snn_frontend *f, const snn_data_params *params, snn_error *err)
{
    snn_status st;

    if (params->time_step_ms != GSC_HOP_MS)
        return snn_error_set(err, SNN_ECONFIG, "data.time_step_ms",
                             "front_end gsc-paper has frames of 10 ms, not %g: set it to 10",
                             (double)params->time_step_ms);
    f->bands = GSC_BANDS;
    f->window = GSC_POINTS;
    f->points = GSC_POINTS;
    f->hop = GSC_HOP;
    f->max_frames = GSC_SAMPLES;
    make_taps(f);
    TRY(st, make_window(f, err));
    TRY(st, make_bands(f, GSC_HALF_HZ, GSC_MIN_HZ, GSC_MAX_HZ, false, err));

done:
    return st;
}

static size_t line(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

snn_status snn_frontend_create(snn_context *ctx, const snn_data_params *params, uint32_t rate,
                               snn_frontend **out, snn_error *err)
{
    snn_frontend *f = NULL;
    float *trial = NULL;
    snn_status st;

    TRY_ALLOC(st, ctx, f, 1, err);
    f->ctx = ctx;
    f->kind = params->front_end;
    f->rate = rate;
    f->max_frames = UINT64_MAX;
    TRY(st, f->kind == SNN_FRONT_END_GSC_PAPER ? setup_gsc(f, params, err)
                                               : setup_logmel(f, params, err));
    TRY_ALLOC(st, ctx, trial, line(f->points) + line(f->points + 2), err);
    /* Estimate: a measured plan could differ from run to run, and so its rounding. */
    f->plan = fftwf_plan_dft_r2c_1d(
        (int)f->points, trial, (fftwf_complex *)(void *)(trial + line(f->points)), FFTW_ESTIMATE);
    if (f->plan == NULL) {
        st = snn_error_set(err, SNN_ENOMEM, NULL, "FFTW cannot plan %u points", f->points);
        goto done;
    }
    *out = f;
    f = NULL;

done:
    snn_free(ctx, trial);
    snn_frontend_destroy(f);
    return st;
}

void snn_frontend_destroy(snn_frontend *f)
{
    if (f == NULL)
        return;
    if (f->plan != NULL)
        fftwf_destroy_plan(f->plan);
    snn_free(f->ctx, f->weight);
    snn_free(f->ctx, f->band);
    snn_free(f->ctx, f->shape);
    snn_free(f->ctx, f);
}

uint32_t snn_frontend_steps(const snn_frontend *f, uint64_t n)
{
    double steps;

    if (f->kind == SNN_FRONT_END_GSC_PAPER)
        return GSC_STEPS;
    steps = ceil((double)(n < f->max_frames ? n : f->max_frames) / f->hop);
    return steps < 1 ? 1 : (uint32_t)steps;
}

uint64_t snn_frontend_limit(const snn_frontend *f)
{
    return f->max_frames;
}

/* Scratch:  input[points] | spectrum[points + 2] | gsc-paper: one second, halved second */
size_t snn_frontend_scratch(const snn_frontend *f)
{
    return sizeof(float) *
           (line(f->points) + line(f->points + 2) + line(GSC_SAMPLES) + line(GSC_HALVED));
}

/* Power of bin k = |X_k|^2; band value = weighted sum. */
static void bands_of(const snn_frontend *f, float *input, float *spectrum, float *values)
{
    fftwf_execute_dft_r2c(f->plan, input, (fftwf_complex *)(void *)spectrum);
    for (uint32_t b = 0; b < f->bands; b++) {
        const struct band *band = &f->band[b];
        float sum = 0;

        for (uint32_t k = band->begin; k < band->end; k++) {
            const float re = spectrum[2 * k], im = spectrum[2 * k + 1];

            sum += f->weight[band->weight + k - band->begin] * (re * re + im * im);
        }
        values[b] = sum;
    }
}

static void run_logmel(const snn_frontend *f, const float *clip, uint64_t n, float *input,
                       float *spectrum, float *frames)
{
    const uint32_t steps = snn_frontend_steps(f, n);
    const int64_t length = (int64_t)(n < f->max_frames ? n : f->max_frames);

    memset(input, 0, f->points * sizeof *input);
    for (uint32_t t = 0; t < steps; t++) {
        const int64_t begin = llround((t + 0.5) * f->hop - f->window / 2.0);
        float *values = frames + (size_t)t * f->bands;

        for (uint32_t i = 0; i < f->window; i++) {
            const int64_t at = begin + i;

            input[i] = at >= 0 && at < length ? clip[at] * f->shape[i] : 0.0f;
        }
        bands_of(f, input, spectrum, values);
        for (uint32_t b = 0; b < f->bands; b++)
            values[b] = logf(values[b] + LOGMEL_FLOOR);
    }
}

/* out[j] = sum_k taps[k] in[2 j + k - 13], zeros outside. */
static void halve(const snn_frontend *f, const float *in, float *out)
{
    for (int j = 0; j < GSC_HALVED; j++) {
        float sum = 0;

        for (int k = 0; k < GSC_TAPS; k++) {
            const int at = 2 * j + k - GSC_WIDTH;

            if (at >= 0 && at < GSC_SAMPLES)
                sum += f->taps[k] * in[at];
        }
        out[j] = sum;
    }
}

static void run_gsc(const snn_frontend *f, const float *clip, uint64_t n, float *input,
                    float *spectrum, float *second, float *half, float *frames)
{
    const size_t used = n < GSC_SAMPLES ? (size_t)n : GSC_SAMPLES;

    memcpy(second, clip, used * sizeof *second);
    memset(second + used, 0, (GSC_SAMPLES - used) * sizeof *second);
    halve(f, second, half);
    for (int t = 0; t < GSC_STEPS; t++) {
        float *values = frames + (size_t)t * f->bands;

        for (int i = 0; i < GSC_POINTS; i++) {
            int at = t * GSC_HOP + i - GSC_POINTS / 2;

            at = at < 0 ? -at : at; /* reflected without repeating the end */
            at = at >= GSC_HALVED ? 2 * (GSC_HALVED - 1) - at : at;
            input[i] = half[at] * f->shape[i];
        }
        bands_of(f, input, spectrum, values);
        for (uint32_t b = 0; b < f->bands; b++)
            values[b] = 10.0f * log10f(values[b] > GSC_FLOOR ? values[b] : GSC_FLOOR);
    }
}

void snn_frontend_run(const snn_frontend *f, const float *clip, uint64_t n, void *scratch,
                      float *frames)
{
    float *input = scratch;
    float *spectrum = input + line(f->points);
    float *second = spectrum + line(f->points + 2);

    if (f->kind == SNN_FRONT_END_GSC_PAPER)
        run_gsc(f, clip, n, input, spectrum, second, second + line(GSC_SAMPLES), frames);
    else
        run_logmel(f, clip, n, input, spectrum, frames);
}
