/* SPDX-License-Identifier: BSD-3-Clause */
/* The survey of recordings: headers of all files, and a digest of what each holds. */
#include "datasets/audio_files.h"
#include "datasets/clip.h"
#include "datasets/surveyor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 512 /* clips between two looks at the user's wish */

struct reader {
    snn_audio_files files;
    snn_names wrong; /* lines of the lists that cannot be followed */
    snn_clip_info *clip;
    snn_status *status;
};

static void sample_name(const snn_surveyor *s, const snn_survey_sample *sample,
                        char text[SNN_ERROR_WHERE])
{
    const struct reader *r = s->reader;
    const snn_audio_file *file = &r->files.file[sample->index];

    snprintf(text, SNN_ERROR_WHERE, "%s/%s", r->files.classes.name[file->label], file->name);
}

static void look_at_clip(struct reader *r, uint32_t i, snn_survey_sample *sample)
{
    const snn_audio_file *file = &r->files.file[i];
    snn_clip_info *clip = &r->clip[i];
    char path[SNN_PATH_BYTES];
    snn_status st;

    *sample = (snn_survey_sample){.label = file->label,
                                  .speaker =
                                      file->speaker != SNN_NO_SPEAKER ? (int64_t)file->speaker : -1,
                                  .split = (uint8_t)file->split,
                                  .index = i};
    TRY(st, snn_audio_files_path(&r->files, i, path, NULL));
    TRY(st, snn_clip_probe(path, true, clip, NULL));
    TRY(st, snn_digest_file(path, &sample->digest, NULL));
    sample->duration_s = (double)clip->n_frames / clip->rate;

done:
    r->status[i] = st;
    sample->empty = st == SNN_OK && clip->n_frames == 0;
}

static snn_status look_at_clips(snn_surveyor *s, struct reader *r, snn_error *err)
{
    const uint32_t n = r->files.n;
    snn_survey_sample *sample;
    snn_status st;

    TRY(st, snn_survey_add(s, n, &sample, err));
    for (uint32_t first = 0; first < n; first += BATCH) {
        const uint32_t end = n - first < BATCH ? n : first + BATCH;

#pragma omp parallel for schedule(dynamic, 8) num_threads(snn_context_threads(s->ctx))
        for (uint32_t i = first; i < end; i++)
            look_at_clip(r, i, &sample[i]);
        TRY(st, snn_survey_progress(s, end, n, err));
    }

done:
    return st;
}

/* Take unreadable clips out: they have no length, and their digest is no digest. */
static void drop_unreadable(snn_surveyor *s, const struct reader *r)
{
    char first[SNN_ERROR_WHERE] = "";
    snn_error why = {0};
    snn_clip_info clip;
    char path[SNN_PATH_BYTES];
    uint32_t dropped = 0;
    size_t kept = 0;

    for (size_t i = 0; i < s->n; i++) {
        if (r->status[i] == SNN_OK) {
            s->sample[kept++] = s->sample[i];
            continue;
        }
        if (dropped++ > 0)
            continue;
        sample_name(s, &s->sample[i], first);
        if (snn_audio_files_path(&r->files, (uint32_t)i, path, &why) == SNN_OK)
            (void)!snn_clip_probe(path, true, &clip, &why);
    }
    s->n = kept;
    if (dropped > 0)
        snn_survey_say(s, true, "unreadable",
                       "%" PRIu32 " recordings cannot be read and are not counted, first %s: %s",
                       dropped, first, why.what);
}

/* ---- rates and channels --------------------------------------------------------- */

static int compare_formats(const void *a, const void *b)
{
    const snn_survey_format *x = a, *y = b;

    if (x->clips != y->clips)
        return x->clips > y->clips ? -1 : 1;
    if (x->rate != y->rate)
        return x->rate < y->rate ? -1 : 1;
    return x->channels < y->channels ? -1 : x->channels > y->channels;
}

static int compare_kinds(const void *a, const void *b)
{
    const snn_survey_format *x = a, *y = b;

    if (x->rate != y->rate)
        return x->rate < y->rate ? -1 : 1;
    return x->channels < y->channels ? -1 : x->channels > y->channels;
}

static snn_status count_formats(snn_surveyor *s, const struct reader *r, snn_error *err)
{
    snn_survey *out = s->out;
    snn_survey_format *all = NULL;
    uint32_t n = 0, several = 0;
    snn_status st;

    TRY_ALLOC(st, s->ctx, all, s->n, err);
    for (size_t i = 0; i < s->n; i++) {
        const snn_clip_info *clip = &r->clip[s->sample[i].index];

        all[i] = (snn_survey_format){clip->rate, clip->channels, 1};
        several += clip->channels > 1;
    }
    qsort(all, s->n, sizeof *all, compare_kinds);
    for (size_t i = 0; i < s->n; i++) {
        if (n > 0 && compare_kinds(&all[n - 1], &all[i]) == 0)
            all[n - 1].clips++;
        else
            all[n++] = all[i];
    }
    qsort(all, n, sizeof *all, compare_formats);
    out->formats = all;
    out->n_formats = n;
    if (several > 0)
        snn_survey_say(s, true, "several-channels",
                       "%" PRIu32 " recordings have several channels: training refuses them, "
                       "snn encode asks for --mono",
                       several);
    for (uint32_t i = 1; i < n; i++)
        if (all[i].rate != all[0].rate) {
            snn_survey_say(s, true, "mixed-rates",
                           "recordings have different rates, %" PRIu32 " and %" PRIu32
                           " Hz among them: training resamples all to the lowest",
                           all[0].rate, all[i].rate);
            break;
        }

done:
    return st;
}

/* ---- lists -------------------------------------------------------------------------- */

static snn_status judge_lists(snn_surveyor *s, const char *folder, const snn_names *wrong,
                              snn_error *err)
{
    static const struct {
        const char *name, *id, *what;
        bool warning;
    } LISTS[] = {
        {"testing_list.txt", "no-testing-list",
         "testing_list.txt is missing: all recordings count as train, and training asks for it",
         true},
        {"validation_list.txt", "no-validation-list",
         "validation_list.txt is missing: training sets a share of train apart", false},
    };
    char path[SNN_PATH_BYTES];
    snn_status st = SNN_OK;

    for (size_t i = 0; i < SNN_COUNT(LISTS); i++) {
        TRY(st, snn_data_path(path, folder, LISTS[i].name, err));
        if (!snn_data_is_file(path))
            snn_survey_say(s, LISTS[i].warning, LISTS[i].id, "%s", LISTS[i].what);
    }
    if (wrong->n > 0)
        snn_survey_say(s, true, "lists",
                       "%zu lines of the lists cannot be followed: training refuses them; first %s",
                       wrong->n, wrong->name[0]);

done:
    return st;
}

/* Classes keep their names in the survey; so do speakers. */
static snn_status take_names(snn_surveyor *s, const snn_audio_files *files, snn_error *err)
{
    uint32_t unknown = 0;
    snn_status st = SNN_OK;

    for (size_t c = 0; c < files->classes.n; c++)
        TRY(st, snn_names_add(s->ctx, s->class_names, files->classes.name[c], err));
    TRY(st, snn_names_finish(s->ctx, s->class_names, false, err));
    for (size_t i = 0; i < files->speakers.n; i++)
        TRY(st, snn_names_add(s->ctx, s->speaker_names, files->speakers.name[i], err));
    TRY(st, snn_names_finish(s->ctx, s->speaker_names, false, err));
    for (uint32_t i = 0; i < files->n; i++)
        unknown += files->file[i].speaker == SNN_NO_SPEAKER;
    if (unknown > 0)
        snn_survey_say(s, false, "speakers-unknown",
                       "%" PRIu32 " recordings name no speaker (speaker_nohash_k.wav)", unknown);

done:
    return st;
}

static void close_reader(snn_surveyor *s)
{
    struct reader *r = s->reader;

    snn_free(s->ctx, r->status);
    snn_free(s->ctx, r->clip);
    snn_names_free(s->ctx, &r->wrong);
    snn_audio_files_free(&r->files);
    snn_free(s->ctx, r);
}

snn_status snn_survey_audio(snn_surveyor *s, const char *folder, snn_error *err)
{
    struct reader *r = NULL;
    snn_status st;

    TRY_ALLOC(st, s->ctx, r, 1, err);
    s->reader = r;
    s->name = sample_name;
    s->close = close_reader;
    TRY(st, snn_audio_files_scan(s->ctx, folder, false, &r->wrong, &r->files, err));
    TRY(st, snn_names_finish(s->ctx, &r->wrong, false, err));
    s->out->kind = "audio";
    TRY_ALLOC(st, s->ctx, r->clip, r->files.n, err);
    TRY_ALLOC(st, s->ctx, r->status, r->files.n, err);
    TRY(st, take_names(s, &r->files, err));
    TRY(st, look_at_clips(s, r, err));
    TRY(st, judge_lists(s, folder, &r->wrong, err));
    drop_unreadable(s, r);
    TRY(st, count_formats(s, r, err));

done:
    return st;
}
