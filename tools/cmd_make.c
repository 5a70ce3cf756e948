/* SPDX-License-Identifier: BSD-3-Clause */
/* snn make: data sets that need no download. */
#include "tools/make.h"

#include <math.h>
#include <string.h>

#define DEFAULT_CLIPS 2400

static int show_clips(void *user, uint32_t done, uint32_t total)
{
    (void)user;
    if (done % 20 == 0 || done == total)
        talk_progress("clip %u of %u", (unsigned)done, (unsigned)total);
    return was_interrupted();
}

static snn_status make_digits(snn_context *ctx, const options *o, snn_error *err)
{
    const snn_digits_params params = {.size = sizeof params,
                                      .seed = o->seed.value,
                                      .clips = o->clips > 0 ? o->clips : DEFAULT_CLIPS,
                                      .espeak = o->espeak,
                                      .progress = show_clips};
    const snn_status status = snn_make_digits(ctx, o->operands[1], &params, err);

    if (status == SNN_OK)
        talk(SNN_LOG_INFO, "%s: spoken digits, English and German, 20 words", o->operands[1]);
    return status;
}

static int show_samples(void *user, uint32_t done, uint32_t total)
{
    (void)user;
    talk_progress("sample %u of %u", (unsigned)done, (unsigned)total);
    return was_interrupted();
}

/* Rates of each class, and whether their differences are those of chance. */
static void show_motifs(void *user, const snn_motifs_report *r)
{
    const options *o = *(const options *const *)user;
    const double off = (r->chi_square - r->degrees) / sqrt(2 * fmax(r->degrees, 1));

    talk_clear();
    for (uint32_t c = 0; c < r->classes; c++) {
        const double seconds = r->samples[c] * r->duration_s;
        double least = INFINITY, most = 0, sum = 0;

        for (uint32_t u = 0; u < r->units; u++) {
            const double rate = (double)r->events[(size_t)c * r->units + u] / seconds;

            least = fmin(least, rate);
            most = fmax(most, rate);
            sum += rate;
        }
        if (r->samples[c] > 0)
            talk(SNN_LOG_INFO, "motif-%u: %u samples, %.3f Hz a unit, from %.3f to %.3f",
                 (unsigned)c, (unsigned)r->samples[c], sum / r->units, least, most);
    }
    talk(SNN_LOG_INFO, "rates match: chi-square %.0f of %.0f degrees, %.1f deviations off",
         r->chi_square, r->degrees, off);
    talk(SNN_LOG_INFO, "%s: spiking motifs, %u classes, lags that differ by at least %.0f ms",
         o->operands[1], (unsigned)r->classes, r->nearest_ms);
}

/* An option over a default. */
static void put_amount(double *value, option_amount amount)
{
    if (amount.given)
        *value = amount.value;
}

static void put_count(uint32_t *value, uint32_t count)
{
    if (count > 0)
        *value = count;
}

static snn_status make_motifs(snn_context *ctx, const options *o, snn_error *err)
{
    snn_motifs_params params;

    snn_motifs_params_init(&params);
    params.seed = o->seed.value;
    put_count(&params.classes, o->classes);
    put_count(&params.units, o->units);
    put_count(&params.parts, o->parts);
    put_count(&params.count[SNN_SPLIT_TRAIN], o->samples);
    put_count(&params.count[SNN_SPLIT_VALID], o->valid);
    params.count[SNN_SPLIT_TEST] = (params.count[SNN_SPLIT_TRAIN] + 3) / 4;
    put_count(&params.count[SNN_SPLIT_TEST], o->test);
    if (o->duration > 0)
        params.duration_s = o->duration;
    put_amount(&params.motif_ms, o->motif);
    put_amount(&params.gap_ms, o->gap);
    put_amount(&params.spread_ms, o->spread);
    put_amount(&params.jitter_ms, o->jitter);
    put_amount(&params.noise_hz, o->noise);
    params.progress = show_samples;
    params.report = show_motifs;
    params.user = (void *)&o;
    return snn_make_motifs(ctx, o->operands[1], &params, err);
}

static const struct {
    const char *name;
    snn_status (*make)(snn_context *ctx, const options *o, snn_error *err);
} KINDS[] = {
    {"digits", make_digits},
    {"motifs", make_motifs},
    {"motion", make_motion},
    {"clouds", make_clouds},
};

#define N_KINDS (sizeof KINDS / sizeof KINDS[0])

int run_make(const options *o)
{
    const char *names[N_KINDS];
    snn_context *ctx = NULL;
    snn_error err = {0};
    size_t i = 0;
    snn_status status = SNN_OK;

    while (i < N_KINDS && strcmp(o->operands[0], KINDS[i].name) != 0)
        i++;
    if (i == N_KINDS) {
        for (i = 0; i < N_KINDS; i++)
            names[i] = KINDS[i].name;
        say_unknown("data set", o->operands[0], names, N_KINDS, "snn make --help");
        return EXIT_USAGE;
    }
    TRY(status, tool_context(o, &ctx, &err));
    watch_signals();
    TRY(status, KINDS[i].make(ctx, o, &err));
done:
    talk_clear();
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
