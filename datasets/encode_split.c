/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One split of the recordings to its file.
 *
 * Clips are encoded a batch at a time, a thread each, and go in order to the split's spool
 * (datasets/encode_spool.h); when all are there the file is written of it (encode_file.c).
 * A later run keeps a file whose settings and digest are the same, and goes on with a spool.
 */
#include "datasets/audio_files.h"
#include "datasets/encode_job.h"
#include "datasets/spikes_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIPS_A_THREAD 8 /* in a batch: few enough to hold, enough to even out lengths */

static snn_status interrupted(const snn_encode_part *part, snn_error *err)
{
    return snn_error_set(err, SNN_EINTERRUPTED, part->path,
                         "stopped after %" PRIu32 " of %" PRIu32
                         " recordings; run again to go on from there",
                         part->job->done, part->job->rec.n);
}

/* Clip i of a split from its file to its spikes. */
static snn_status encode_one(const snn_encode_part *part, uint32_t i, snn_spike_list *out,
                             snn_error *err)
{
    const snn_encode_job *job = part->job;
    const uint32_t at = part->index[i];
    const snn_clip_info *info = &job->clip[at];
    const uint32_t rate = snn_encoder_rate(job->encoder, info->rate);
    const uint64_t n = snn_clip_resampled(info->n_frames, info->rate, rate);
    const uint64_t encoded = snn_encoder_samples(job->encoder, n, rate);
    char path[SNN_PATH_BYTES];
    float *sound = NULL, *stored = NULL;
    uint64_t digest;
    snn_status st;

    TRY(st, snn_recordings_path(&job->rec, at, path, err));
    TRY(st, snn_digest_file(path, &digest, err));
    if (digest != job->digest[at]) {
        st = snn_error_set(err, SNN_EIO, path, "changed while the recordings were being encoded");
        goto done;
    }
    TRY_ALLOC(st, job->ctx, sound, n > encoded ? n : encoded, err);
    TRY_ALLOC(st, job->ctx, stored, rate != info->rate ? info->n_frames : 0, err);
    TRY(st, snn_clip_read(path, info, rate, stored, sound, err));
    TRY(st, snn_encoder_run(job->encoder, sound, n, rate, job->rec.at[at].key, out, err));

done:
    snn_free(job->ctx, stored);
    snn_free(job->ctx, sound);
    return st;
}

/* Encode clips first .. first+n-1 of a split.  The failure that is reported is that of
 * the first clip, whichever thread met one first. */
static snn_status encode_batch(const snn_encode_part *part, uint32_t first, uint32_t n,
                               snn_spike_list *list, snn_error *err)
{
    const snn_encode_job *job = part->job;
    uint32_t failed = UINT32_MAX;
    snn_status st = SNN_OK;

    snn_encoder_trim(job->encoder);
    for (uint32_t i = 0; i < n; i++) {
        const snn_clip_info *info = &job->clip[part->index[first + i]];
        const uint32_t rate = snn_encoder_rate(job->encoder, info->rate);

        TRY(st, snn_encoder_prepare(
                    job->encoder, snn_clip_resampled(info->n_frames, info->rate, rate), rate, err));
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(snn_context_threads(job->ctx))
    for (uint32_t i = 0; i < n; i++)
        if (encode_one(part, first + i, &list[i], NULL) != SNN_OK) {
#pragma omp critical(snn_encode_failed)
            failed = i < failed ? i : failed;
        }
    if (failed == UINT32_MAX)
        goto done;
    snn_spike_list_free(&list[failed]);
    st = encode_one(part, first + failed, &list[failed], err); /* again, for its message */
    if (st == SNN_OK)
        st = snn_error_set(err, SNN_EIO, job->rec.folder,
                           "a recording failed once; run again to go on");

done:
    return st;
}

/* Encode what the spool lacks. */
static snn_status encode_clips(snn_encode_part *part, snn_spool *spool, snn_error *err)
{
    snn_encode_job *job = part->job;
    const snn_encode_params *p = job->params;
    const uint32_t room = CLIPS_A_THREAD * (uint32_t)snn_context_threads(job->ctx);
    snn_spike_list *list = NULL;
    snn_status st;

    TRY_ALLOC(st, job->ctx, list, room, err);
    while (spool->done < part->n) {
        const uint32_t first = spool->done, left = part->n - first;
        const uint32_t n = left < room ? left : room;

        for (uint32_t i = 0; i < n; i++)
            list[i].ctx = job->ctx;
        TRY(st, encode_batch(part, first, n, list, err));
        for (uint32_t i = 0; i < n; i++) {
            const snn_clip_info *info = &job->clip[part->index[first + i]];
            const uint32_t rate = snn_encoder_rate(job->encoder, info->rate);

            TRY(st,
                snn_spool_add(spool, &list[i], snn_encoder_ticks_per_s(job->encoder, rate), err));
            part->sound_s += (double)info->n_frames / info->rate;
            snn_spike_list_free(&list[i]);
        }
        TRY(st, snn_spool_flush(spool, err));
        job->done += n;
        if (p->progress != NULL && p->progress(p->user, job->done, job->rec.n) != 0) {
            st = interrupted(part, err);
            goto done;
        }
    }

done:
    for (uint32_t i = 0; list != NULL && i < room; i++)
        if (list[i].ctx != NULL)
            snn_spike_list_free(&list[i]);
    snn_free(job->ctx, list);
    return st;
}

static snn_status make_part(snn_encode_part *part, snn_error *err)
{
    snn_encode_job *job = part->job;
    char path[SNN_PATH_BYTES + 8];
    snn_spool spool = {0};
    uint64_t key = SNN_DIGEST_START;
    snn_status st;

    key = snn_digest(key, job->settings, strlen(job->settings) + 1);
    key = snn_digest(key, part->digest, strlen(part->digest) + 1);
    snprintf(path, sizeof path, "%s.spool", part->path);
    TRY(st, snn_spool_open(job->ctx, path, key, part->n, &spool, err));
    if (spool.foreign)
        snn_log(job->ctx, SNN_LOG_WARNING,
                "%s: was begun with other settings or recordings: begun anew", path);
    part->resumed = spool.done;
    job->done += spool.done;
    if (spool.done > 0)
        snn_log(job->ctx, SNN_LOG_INFO, "%s: going on after %" PRIu32 " of %" PRIu32 " recordings",
                part->path, spool.done, part->n);
    TRY(st, encode_clips(part, &spool, err));
    TRY(st, snn_encode_write(part, &spool, err));

done:
    snn_spool_close(&spool, st == SNN_OK);
    return st;
}

/* Names, classes, speakers and contents of a split's recordings: everything that decides
 * what its file holds, besides the settings. */
static void digest_part(snn_encode_part *part)
{
    const snn_encode_job *job = part->job;
    const snn_names *lists[] = {&job->rec.classes, &job->rec.speakers, &job->rec.fact[0],
                                &job->rec.fact[1], &job->rec.fact[2]};
    uint64_t digest = SNN_DIGEST_START;

    for (uint32_t i = 0; i < part->n; i++) {
        const snn_recording *one = &job->rec.at[part->index[i]];
        const uint64_t numbers[] = {one->label, one->speaker, job->digest[part->index[i]]};

        digest = snn_digest(digest, one->key, strlen(one->key) + 1);
        digest = snn_digest(digest, numbers, sizeof numbers);
    }
    for (size_t l = 0; l < SNN_COUNT(lists); l++)
        for (size_t i = 0; i < lists[l]->n; i++)
            digest = snn_digest(digest, lists[l]->name[i], strlen(lists[l]->name[i]) + 1);
    snprintf(part->digest, sizeof part->digest, "%016" PRIx64, digest);
}

/* Whether the file is there with the same settings and input. */
static snn_status look_for(const snn_encode_part *part, bool *kept, snn_error *err)
{
    char settings[SNN_ENCODE_SETTINGS] = "", digest[32] = "";

    *kept = false;
    if (!snn_data_is_file(part->path))
        return SNN_OK;
    if (snn_spike_file_attribute(part->path, "settings", settings, sizeof settings, NULL) !=
            SNN_OK ||
        snn_spike_file_attribute(part->path, "source_digest", digest, sizeof digest, NULL) !=
            SNN_OK ||
        strcmp(settings, part->job->settings) != 0 || strcmp(digest, part->digest) != 0)
        return snn_error_set(err, SNN_EINVAL, part->path,
                             "is there and was made with other settings or of other recordings: "
                             "remove it or name another folder");
    *kept = true;
    return SNN_OK;
}

static int compare_counts(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void report(snn_encode_part *part, bool kept, double seconds)
{
    const snn_encode_params *p = part->job->params;
    snn_encode_report r = {.split = part->split,
                           .path = part->path,
                           .samples = part->n,
                           .sound_s = part->sound_s,
                           .work_s = seconds,
                           .resumed = part->resumed,
                           .kept = kept};

    if (!kept) {
        for (uint32_t i = 0; i < part->n; i++)
            r.events += part->events[i];
        qsort(part->events, part->n, sizeof *part->events, compare_counts);
        r.least = part->events[0];
        r.median = part->events[part->n / 2];
        r.most = part->events[part->n - 1];
    }
    if (p->report != NULL)
        p->report(p->user, &r);
}

/* OUT/NAME_SPLIT.h5, NAME being that of the recordings' folder ("." has none) or list. */
static snn_status name_part(snn_encode_part *part, const char *out, snn_error *err)
{
    char name[SNN_PATH_BYTES + 16];

    snprintf(name, sizeof name, "%s_%s.h5", part->job->rec.name, snn_split_name(part->split));
    return snn_data_path(part->path, out, name[0] == '.' ? name + strspn(name, "._") : name, err);
}

snn_status snn_encode_split(snn_encode_job *job, snn_split split, const char *out, snn_error *err)
{
    const double start = snn_data_seconds();
    snn_encode_part part = {.job = job, .split = split};
    uint32_t *index = NULL;
    bool kept = false;
    snn_status st;

    TRY_ALLOC(st, job->ctx, index, job->rec.n, err);
    for (uint32_t i = 0; i < job->rec.n; i++)
        if (job->rec.at[i].split == split)
            index[part.n++] = i;
    part.index = index;
    if (part.n == 0)
        goto done;
    TRY(st, name_part(&part, out, err));
    digest_part(&part);
    TRY(st, look_for(&part, &kept, err));
    if (kept) {
        job->done += part.n;
    } else {
        TRY_ALLOC(st, job->ctx, part.events, part.n, err);
        TRY(st, make_part(&part, err));
    }
    report(&part, kept, snn_data_seconds() - start);

done:
    snn_free(job->ctx, part.events);
    snn_free(job->ctx, index);
    return st;
}
