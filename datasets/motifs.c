/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Motif data: files, splits and the tally.  What is in a sample is motif_sample.c.
 */
#include "datasets/motif_set.h"
#include "datasets/spikes_write.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 256 /* samples that are made, then written, together */

struct job {
    snn_context *ctx;
    const snn_motifs_params *params;
    snn_motif_table table;
    char settings[512];
    uint32_t done, total;
    uint32_t *samples; /* [classes] */
    uint64_t *events;  /* [classes, units] */
    snn_spike_list list[BLOCK];
    double ticks_per_s[BLOCK];
};

void snn_motifs_params_init(snn_motifs_params *params)
{
    *params = (snn_motifs_params){.size = sizeof *params,
                                  .classes = 10,
                                  .units = 60,
                                  .parts = 2,
                                  .count = {6000, 0, 1500},
                                  .duration_s = 1.2,
                                  .motif_ms = 600,
                                  .gap_ms = 300,
                                  .spread_ms = 50,
                                  .jitter_ms = 2,
                                  .noise_hz = 3};
}

static snn_status out_of_range(const char *what, double value, const char *range, snn_error *err)
{
    return snn_error_set(err, SNN_EINVAL, what, "%g is not in %s", value, range);
}

static snn_status check(const snn_motifs_params *p, snn_error *err)
{
    char range[64];

    if (p->size != sizeof *p)
        return snn_error_set(err, SNN_EINVAL, "snn_motifs_params",
                             "call snn_motifs_params_init first");
    if (p->classes < 2 || p->classes > SNN_MOTIF_CLASSES)
        return out_of_range("classes", p->classes, "2..1000", err);
    if (p->parts < 2 || p->parts > SNN_MOTIF_PARTS)
        return out_of_range("parts", p->parts, "2..16", err);
    if (p->units < p->parts || p->units > UINT16_MAX) {
        snprintf(range, sizeof range, "%u..65535, one for each part at least", (unsigned)p->parts);
        return out_of_range("units", p->units, range, err);
    }
    if (p->count[SNN_SPLIT_TRAIN] == 0 || p->count[SNN_SPLIT_TEST] == 0)
        return snn_error_set(err, SNN_EINVAL, "count", "training and test need a sample each");
    if (!(p->duration_s > 0 && p->duration_s <= 60))
        return out_of_range("duration", p->duration_s, "(0, 60] s", err);
    if (!(p->spread_ms >= 0 && p->spread_ms <= 60000))
        return out_of_range("spread", p->spread_ms, "[0, 60000] ms", err);
    if (!(p->gap_ms >= 0 && p->gap_ms <= 60000))
        return out_of_range("gap", p->gap_ms, "[0, 60000] ms", err);
    if (!(p->jitter_ms >= 0 && p->jitter_ms <= 1000))
        return out_of_range("jitter", p->jitter_ms, "[0, 1000] ms", err);
    if (!(p->noise_hz >= 0 && p->noise_hz <= 10000))
        return out_of_range("noise", p->noise_hz, "[0, 10000] Hz", err);
    if (!(p->motif_ms > 0 && p->motif_ms <= 1000 * p->duration_s)) {
        snprintf(range, sizeof range, "(0, %g] ms, the duration", 1000 * p->duration_s);
        return out_of_range("motif", p->motif_ms, range, err);
    }
    return SNN_OK;
}

static void describe(const snn_motifs_params *p, char *text, size_t size)
{
    snprintf(text, size,
             "motifs seed=%" PRIu64 " classes=%u units=%u parts=%u samples=%u,%u,%u duration=%.17g "
             "motif=%.17g gap=%.17g spread=%.17g jitter=%.17g noise=%.17g",
             p->seed, p->classes, p->units, p->parts, p->count[0], p->count[1], p->count[2],
             p->duration_s, p->motif_ms, p->gap_ms, p->spread_ms, p->jitter_ms, p->noise_hz);
}

static snn_status path_of(char out[SNN_PATH_BYTES], const char *folder, int split, snn_error *err)
{
    char name[64];

    snprintf(name, sizeof name, "motifs_%s.h5", snn_split_name((snn_split)split));
    return snn_data_path(out, folder, name, err);
}

/* No file of other settings is there, not even of a split that is not made: it would be
 * read with the others. */
static snn_status check_files(const struct job *job, const char *folder, snn_error *err)
{
    char path[SNN_PATH_BYTES], there[sizeof job->settings] = "";
    snn_status st;

    for (int s = 0; s < SNN_SPLITS; s++) {
        TRY(st, path_of(path, folder, s, err));
        if (!snn_data_is_file(path))
            continue;
        if (snn_spike_file_attribute(path, "settings", there, sizeof there, NULL) != SNN_OK ||
            strcmp(there, job->settings) != 0) {
            st = snn_error_set(err, SNN_EINVAL, path,
                               "is there already, made with other settings: remove it, or choose "
                               "another folder");
            goto done;
        }
    }
    st = SNN_OK;

done:
    return st;
}

/* Add a block of samples to the tally. */
static void count(struct job *job, uint32_t first, uint32_t n)
{
    const snn_motifs_params *p = job->params;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t label = (first + i) % p->classes;
        uint64_t *events = job->events + (size_t)label * p->units;

        job->samples[label]++;
        for (size_t k = 0; k < job->list[i].n; k++)
            events[job->list[i].unit[k]]++;
    }
}

static snn_status write_events(struct job *job, snn_split split, snn_spike_writer *w,
                               snn_error *err)
{
    const snn_motifs_params *p = job->params;
    snn_status st = SNN_OK;

    for (uint32_t first = 0; first < p->count[split]; first += BLOCK) {
        const uint32_t left = p->count[split] - first, n = left < BLOCK ? left : BLOCK;
        snn_status made[BLOCK];

#pragma omp parallel for schedule(dynamic, 4) num_threads(snn_context_threads(job->ctx))
        for (uint32_t i = 0; i < n; i++)
            made[i] = snn_motif_sample(p, &job->table, split, first + i, &job->list[i]);
        for (uint32_t i = 0; i < n; i++)
            if (made[i] != SNN_OK) {
                st = snn_error_set(err, made[i], w->path, "no memory for its events");
                goto done;
            }
        count(job, first, n);
        TRY(st, snn_spike_writer_add(w, first, n, job->list, job->ticks_per_s, err));
        job->done += n;
        if (p->progress != NULL && p->progress(p->user, job->done, job->total) != 0) {
            st = snn_error_set(err, SNN_EINTERRUPTED, w->path,
                               "stopped after %" PRIu32 " of %" PRIu32 " samples", job->done,
                               job->total);
            goto done;
        }
    }

done:
    return st;
}

/* Labels, names of classes, and where each unit of a motif fires. */
static snn_status write_extra(struct job *job, snn_split split, snn_spike_writer *w, snn_error *err)
{
    const snn_motifs_params *p = job->params;
    const uint32_t n = p->count[split];
    snn_names keys = {0};
    uint16_t *label = NULL;
    snn_status st;

    TRY_ALLOC(st, job->ctx, label, n, err);
    for (uint32_t i = 0; i < n; i++)
        label[i] = (uint16_t)(i % p->classes);
    TRY(st, snn_spike_writer_numbers(w, "labels", H5T_NATIVE_UINT16, H5T_STD_U16LE, label, n, err));
    for (uint32_t c = 0; c < p->classes; c++) {
        char name[32];

        snprintf(name, sizeof name, "motif-%" PRIu32, c);
        TRY(st, snn_names_add(job->ctx, &keys, name, err));
    }
    TRY(st, snn_names_finish(job->ctx, &keys, false, err));
    TRY(st, snn_spike_writer_texts(w, "extra/keys", keys.name, p->classes, err));
    TRY(st, snn_spike_writer_numbers(w, "extra/motif_ms", H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE,
                                     job->table.unit_ms, p->classes * p->units, err));

done:
    snn_names_free(job->ctx, &keys);
    snn_free(job->ctx, label);
    return st;
}

static snn_status write_split(struct job *job, const char *folder, snn_split split, snn_error *err)
{
    char path[SNN_PATH_BYTES];
    snn_spike_writer w = {0};
    snn_status st;

    TRY(st, path_of(path, folder, split, err));
    TRY(st, snn_spike_writer_open(job->ctx, path, job->params->count[split], SNN_TIMES_FLOAT16, &w,
                                  err));
    TRY(st, write_events(job, split, &w, err));
    TRY(st, write_extra(job, split, &w, err));
    TRY(st, snn_spike_writer_attribute(&w, "snn_version", snn_version(), err));
    TRY(st, snn_spike_writer_attribute(&w, "settings", job->settings, err));
    TRY(st, snn_spike_writer_commit(&w, err));

done:
    snn_spike_writer_close(&w);
    return st;
}

/* The tally against what independent units would give. */
static void report(const struct job *job)
{
    const snn_motifs_params *p = job->params;
    snn_motifs_report r = {.classes = p->classes,
                           .units = p->units,
                           .samples = job->samples,
                           .events = job->events,
                           .duration_s = p->duration_s,
                           .nearest_ms = job->table.nearest_ms};

    for (uint32_t c = 0; c < p->classes; c++)
        for (uint32_t u = 0; u < p->units; u++) {
            const double expected = job->samples[c] * p->noise_hz * p->duration_s;
            const double noise =
                (double)job->events[(size_t)c * p->units + u] - (double)job->samples[c];

            if (!(expected > 0))
                continue;
            r.chi_square += (noise - expected) * (noise - expected) / expected;
            r.degrees++;
        }
    if (p->report != NULL)
        p->report(p->user, &r);
}

snn_status snn_make_motifs(snn_context *ctx, const char *folder, const snn_motifs_params *params,
                           snn_error *err)
{
    struct job *job = NULL;
    snn_status st;

    TRY(st, check(params, err));
    TRY_ALLOC(st, ctx, job, 1, err);
    job->ctx = ctx;
    job->params = params;
    for (int i = 0; i < BLOCK; i++) {
        job->list[i].ctx = ctx;
        job->ticks_per_s[i] = SNN_MOTIF_TICKS_PER_S;
    }
    for (int s = 0; s < SNN_SPLITS; s++)
        job->total += params->count[s];
    describe(params, job->settings, sizeof job->settings);
    TRY_ALLOC(st, ctx, job->samples, params->classes, err);
    TRY_ALLOC(st, ctx, job->events, (size_t)params->classes * params->units, err);
    TRY(st, snn_motif_table_make(ctx, params, &job->table, err));
    TRY(st, snn_data_make_folder(folder, err));
    TRY(st, check_files(job, folder, err));
    for (int s = 0; s < SNN_SPLITS; s++)
        if (params->count[s] > 0)
            TRY(st, write_split(job, folder, (snn_split)s, err));
    report(job);

done:
    if (job != NULL) {
        for (int i = 0; i < BLOCK; i++)
            if (job->list[i].ctx != NULL)
                snn_spike_list_free(&job->list[i]);
        snn_motif_table_free(ctx, &job->table);
        snn_free(ctx, job->events);
        snn_free(ctx, job->samples);
    }
    snn_free(ctx, job);
    return st;
}
