/* SPDX-License-Identifier: BSD-3-Clause */
/* snn info for data sets: a survey of what is stored, then the set as it is read. */
#include "tools/info.h"

#include <string.h>

#define MOST_SPEAKERS 24u /* listed in text; JSON has all */

static int show_progress(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    talk_progress("sample %llu of %llu", (unsigned long long)done, (unsigned long long)total);
    return was_interrupted();
}

/* ---- text ------------------------------------------------------------------- */

static void text_splits(const snn_survey *s)
{
    const bool spikes = strcmp(s->kind, "spikes") == 0;

    printf("\n  %-6s %8s %8s   %-23s", "split", "samples", "speakers",
           spikes ? "last event, s" : "length, s");
    printf("%s\n", spikes ? "  events a sample" : "");
    for (int p = 0; p < SNN_SPLITS; p++) {
        const snn_survey_split *v = &s->split[p];
        if (v->samples == 0)
            continue;
        printf("  %-6s %8u %8u   %5.3f %5.3f %5.3f      ", snn_split_name((snn_split)p),
               (unsigned)v->samples, (unsigned)v->speakers, v->duration_s.least,
               v->duration_s.median, v->duration_s.most);
        if (spikes)
            printf("%6.0f %6.0f %6.0f %6.0f %6.0f\n", v->events.least, v->events.low,
                   v->events.median, v->events.high, v->events.most);
        else
            printf("%.1f s in all\n", v->total_s);
    }
    printf("  (%s%s)\n", "least, median, most",
           spikes ? "; events: least, 5 %, median, 95 %, most" : "");
}

static void text_counts(const char *name, const uint32_t samples[SNN_SPLITS])
{
    printf("  %-20s", name);
    for (int p = 0; p < SNN_SPLITS; p++)
        printf(" %8u", (unsigned)samples[p]);
    printf("\n");
}

static void text_tables(const snn_survey *s)
{
    char name[64];

    printf("\n  %-20s %8s %8s %8s\n", "class", "train", "valid", "test");
    for (uint32_t c = 0; c < s->n_classes; c++) {
        snprintf(name, sizeof name, "%u %s", (unsigned)c,
                 s->classes[c].name != NULL ? s->classes[c].name : "(no name)");
        text_counts(name, s->classes[c].samples);
    }
    if (s->n_speakers == 0)
        return;
    if (s->n_speakers > MOST_SPEAKERS) {
        printf("\n  %u speakers; --json lists them\n", (unsigned)s->n_speakers);
        return;
    }
    printf("\n  %-20s %8s %8s %8s\n", "speaker", "train", "valid", "test");
    for (uint32_t i = 0; i < s->n_speakers; i++) {
        snprintf(name, sizeof name, "%lld %s", (long long)s->speakers[i].number,
                 s->speakers[i].name != NULL ? s->speakers[i].name : "");
        text_counts(name, s->speakers[i].samples);
    }
}

static void text_survey(const char *path, const snn_survey *s)
{
    printf("%s: data set of %s\n", path, s->kind);
    for (int p = 0; p < SNN_SPLITS; p++)
        if (s->split[p].file[0] != '\0')
            printf("  %-8s %s\n", snn_split_name((snn_split)p), s->split[p].file);
    printf("  classes  %u:", (unsigned)s->n_classes);
    for (uint32_t c = 0; c < s->n_classes; c++)
        if (s->classes[c].name != NULL)
            printf(" %s", s->classes[c].name);
    printf("\n");
    if (s->n_units > 0)
        printf("  units    %u, %u silent; events a unit and sample %.3g %.3g %.3g %.3g %.3g\n",
               (unsigned)s->n_units, (unsigned)s->silent_units, s->unit_events.least,
               s->unit_events.low, s->unit_events.median, s->unit_events.high, s->unit_events.most);
    for (uint32_t i = 0; i < s->n_formats; i++)
        printf("  format   %u Hz, %u channel%s: %u recordings\n", (unsigned)s->formats[i].rate,
               (unsigned)s->formats[i].channels, s->formats[i].channels == 1 ? "" : "s",
               (unsigned)s->formats[i].clips);
    text_splits(s);
    text_tables(s);
}

static void text_findings(const snn_survey *s)
{
    if (s->n_findings > 0)
        printf("\n");
    for (uint32_t i = 0; i < s->n_findings; i++)
        printf("  %s: %s (%s)\n", s->finding[i].warning ? "warning" : "note", s->finding[i].text,
               s->finding[i].id);
}

/* ---- JSON -------------------------------------------------------------------- */

static void json_spread(json *j, const char *key, const snn_spread *spread)
{
    json_open(j, key, '{');
    json_number(j, "least", spread->least);
    json_number(j, "low", spread->low);
    json_number(j, "median", spread->median);
    json_number(j, "high", spread->high);
    json_number(j, "most", spread->most);
    json_close(j, '}');
}

static void json_samples(json *j, const uint32_t samples[SNN_SPLITS])
{
    for (int p = 0; p < SNN_SPLITS; p++)
        json_count(j, snn_split_name((snn_split)p), samples[p]);
}

static void json_splits(json *j, const snn_survey *s)
{
    for (int p = 0; p < SNN_SPLITS; p++) {
        const snn_survey_split *v = &s->split[p];
        json_open(j, snn_split_name((snn_split)p), '{');
        if (v->file[0] != '\0')
            json_text(j, "file", v->file);
        json_count(j, "samples", v->samples);
        json_count(j, "speakers", v->speakers);
        json_count(j, "empty", v->empty);
        json_number(j, "total_s", v->total_s);
        json_spread(j, "duration_s", &v->duration_s);
        if (s->n_units > 0) {
            json_count(j, "n_events", v->n_events);
            json_spread(j, "events", &v->events);
        }
        json_close(j, '}');
    }
}

static void json_tables(json *j, const snn_survey *s)
{
    json_open(j, "classes", '[');
    for (uint32_t c = 0; c < s->n_classes; c++) {
        json_open(j, NULL, '{');
        (s->classes[c].name != NULL ? json_text : json_bare)(
            j, "name", s->classes[c].name != NULL ? s->classes[c].name : "null");
        json_samples(j, s->classes[c].samples);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_open(j, "speakers", '[');
    for (uint32_t i = 0; i < s->n_speakers; i++) {
        json_open(j, NULL, '{');
        json_count(j, "number", (uint64_t)s->speakers[i].number);
        if (s->speakers[i].name != NULL)
            json_text(j, "name", s->speakers[i].name);
        json_samples(j, s->speakers[i].samples);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_survey(json *j, const snn_survey *s)
{
    json_text(j, "kind", s->kind);
    json_splits(j, s);
    json_tables(j, s);
    if (s->n_units > 0) {
        json_count(j, "units", s->n_units);
        json_count(j, "silent_units", s->silent_units);
        json_spread(j, "unit_events", &s->unit_events);
    }
    if (s->n_formats > 0) {
        json_open(j, "formats", '[');
        for (uint32_t i = 0; i < s->n_formats; i++) {
            json_open(j, NULL, '{');
            json_count(j, "rate", s->formats[i].rate);
            json_count(j, "channels", s->formats[i].channels);
            json_count(j, "clips", s->formats[i].clips);
            json_close(j, '}');
        }
        json_close(j, ']');
    }
    json_open(j, "findings", '[');
    for (uint32_t i = 0; i < s->n_findings; i++) {
        json_open(j, NULL, '{');
        json_text(j, "id", s->finding[i].id);
        json_bare(j, "warning", s->finding[i].warning ? "true" : "false");
        json_text(j, "text", s->finding[i].text);
        json_close(j, '}');
    }
    json_close(j, ']');
}

/* ---- both views -------------------------------------------------------------- */

static void show_json(const char *path, const snn_survey *survey, const framed_view *framed,
                      const snn_error *why)
{
    json j;

    json_begin(&j, "info");
    json_text(&j, "file", path);
    json_text(&j, "type", "data set");
    if (survey != NULL)
        json_survey(&j, survey);
    else
        json_text(&j, "kind", snn_dataset_get_info(framed->dataset)->kind);
    if (framed->dataset != NULL)
        framed_json(&j, framed);
    else if (why->what[0] != '\0')
        json_text(&j, "not_readable", why->what);
    json_end(&j);
}

static void show_text(const char *path, const snn_survey *survey, const framed_view *framed,
                      const snn_error *why)
{
    if (survey != NULL)
        text_survey(path, survey);
    else
        printf("%s: data set of %s\n", path, snn_dataset_get_info(framed->dataset)->kind);
    if (framed->dataset != NULL)
        framed_text(framed);
    if (survey != NULL)
        text_findings(survey);
    if (framed->dataset == NULL && why->what[0] != '\0')
        printf("  warning: not readable for training: %s: %s\n", why->where, why->what);
}

snn_status info_dataset(snn_context *ctx, const char *path, const options *o, snn_error *err)
{
    snn_survey_params params;
    snn_survey *survey = NULL;
    framed_view framed = {0};
    snn_error why = {0};
    snn_config config;
    snn_status status = SNN_OK;

    snn_survey_params_init(&params);
    params.progress = show_progress;
    TRY(status, tool_config(NULL, o, &config, err));
    params.units = config.data.units;
    status = snn_survey_create(ctx, path, &params, &survey, err);
    talk_clear();
    if (status != SNN_OK && status != SNN_ENOTFOUND)
        goto done;
    if (status == SNN_ENOTFOUND)
        /* Of a kind that has no survey, or no data set at all. */
        TRY(status, framed_open(ctx, path, o, &framed, err));
    else if (is_folder(path) && framed_open(ctx, path, o, &framed, &why) != SNN_OK &&
             why.what[0] == '\0')
        snprintf(why.what, sizeof why.what, "%s", snn_status_text(why.status));
    (o->json ? show_json : show_text)(path, survey, &framed, &why);
done:
    framed_close(&framed);
    snn_survey_destroy(survey);
    return status;
}
