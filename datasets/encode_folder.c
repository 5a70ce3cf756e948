/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A folder of recordings to files in the layout of SHD, one a split.
 *
 * Clips are encoded a batch at a time, a thread each, and written in order by one
 * thread.  A split's file gets its name when it is complete, with the settings and a
 * digest of the input among its attributes: a later run keeps it if both are the same
 * and begins an unfinished one anew.
 */
#include "datasets/audio_files.h"
#include "datasets/clip.h"
#include "datasets/encoder.h"
#include "datasets/spikes_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIPS_A_THREAD 8 /* in a batch: few enough to hold, enough to even out lengths */
#define SETTINGS_BYTES 512

struct job {
    snn_context *ctx;
    snn_encoder *encoder;
    const snn_encode_params *params;
    snn_audio_files files;
    snn_clip_info *clip; /* of each file */
    char settings[SETTINGS_BYTES];
    uint32_t done;
};

/* One split on its way to its file. */
struct part {
    struct job *job;
    snn_split split;
    const uint32_t *index; /* its files */
    uint32_t n;
    char path[SNN_PATH_BYTES];
    char digest[32];
    uint64_t *file_digest; /* n */
    uint32_t *events;      /* n */
    double sound_s;
};

/* "word/file.wav": the clip's name for people and for its random numbers. */
static snn_status clip_key(const struct job *job, uint32_t i, char key[SNN_PATH_BYTES],
                           snn_error *err)
{
    return snn_data_path(key, job->files.classes.name[job->files.file[i].label],
                         job->files.file[i].name, err);
}

/* Clip i of a split from its file to its spikes. */
static snn_status encode_one(const struct part *part, uint32_t i, snn_spike_list *out,
                             snn_error *err)
{
    const struct job *job = part->job;
    const snn_clip_info *info = &job->clip[part->index[i]];
    const uint32_t rate = snn_encoder_rate(job->encoder, info->rate);
    const uint64_t n = snn_clip_resampled(info->n_frames, info->rate, rate);
    const uint64_t encoded = snn_encoder_samples(job->encoder, n, rate);
    char path[SNN_PATH_BYTES], key[SNN_PATH_BYTES];
    float *sound = NULL, *stored = NULL;
    snn_status st;

    TRY(st, snn_audio_files_path(&job->files, part->index[i], path, err));
    TRY(st, clip_key(job, part->index[i], key, err));
    TRY(st, snn_digest_file(path, &part->file_digest[i], err));
    TRY_ALLOC(st, job->ctx, sound, n > encoded ? n : encoded, err);
    TRY_ALLOC(st, job->ctx, stored, rate != info->rate ? info->n_frames : 0, err);
    TRY(st, snn_clip_read(path, info, rate, stored, sound, err));
    TRY(st, snn_encoder_run(job->encoder, sound, n, rate, key, out, err));

done:
    snn_free(job->ctx, stored);
    snn_free(job->ctx, sound);
    return st;
}

/* Encode clips first .. first+n-1 of a split.  The failure that is reported is that of
 * the first clip, whichever thread met one first. */
static snn_status encode_batch(const struct part *part, uint32_t first, uint32_t n,
                               snn_spike_list *list, snn_error *err)
{
    const struct job *job = part->job;
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
        st = snn_error_set(err, SNN_EIO, job->files.folder,
                           "a recording failed once; run again to go on");

done:
    return st;
}

static snn_status encode_clips(struct part *part, snn_spike_writer *w, snn_error *err)
{
    struct job *job = part->job;
    const snn_encode_params *p = job->params;
    const uint32_t room = CLIPS_A_THREAD * (uint32_t)snn_context_threads(job->ctx);
    snn_spike_list *list = NULL;
    double *ticks_per_s = NULL;
    snn_status st;

    TRY_ALLOC(st, job->ctx, list, room, err);
    TRY_ALLOC(st, job->ctx, ticks_per_s, room, err);
    for (uint32_t first = 0; first < part->n; first += room) {
        const uint32_t n = part->n - first < room ? part->n - first : room;

        for (uint32_t i = 0; i < n; i++) {
            const snn_clip_info *info = &job->clip[part->index[first + i]];

            list[i].ctx = job->ctx;
            ticks_per_s[i] =
                snn_encoder_ticks_per_s(job->encoder, snn_encoder_rate(job->encoder, info->rate));
            part->sound_s += (double)info->n_frames / info->rate;
        }
        TRY(st, encode_batch(part, first, n, list, err));
        TRY(st, snn_spike_writer_add(w, first, n, list, ticks_per_s, err));
        for (uint32_t i = 0; i < n; i++) {
            part->events[first + i] = (uint32_t)list[i].n;
            snn_spike_list_free(&list[i]);
        }
        job->done += n;
        if (p->progress != NULL && p->progress(p->user, job->done, job->files.n) != 0) {
            st = snn_error_set(err, SNN_EINTERRUPTED, part->path,
                               "stopped after %" PRIu32 " of %" PRIu32
                               " recordings; run again: complete files are kept",
                               job->done, job->files.n);
            goto done;
        }
    }

done:
    for (uint32_t i = 0; list != NULL && i < room; i++)
        if (list[i].ctx != NULL)
            snn_spike_list_free(&list[i]);
    snn_free(job->ctx, ticks_per_s);
    snn_free(job->ctx, list);
    return st;
}

/* Labels, speakers, sources and digests of the samples. */
static snn_status write_samples(const struct part *part, snn_spike_writer *w, snn_error *err)
{
    const struct job *job = part->job;
    char key[SNN_PATH_BYTES];
    const snn_names *speakers = &job->files.speakers;
    snn_names source = {0};
    uint16_t *number = NULL;
    snn_status st;

    TRY_ALLOC(st, job->ctx, number, part->n, err);
    for (uint32_t i = 0; i < part->n; i++) {
        number[i] = (uint16_t)job->files.file[part->index[i]].label;
        TRY(st, clip_key(job, part->index[i], key, err));
        TRY(st, snn_names_add(job->ctx, &source, key, err));
    }
    TRY(st, snn_names_finish(job->ctx, &source, false, err));
    TRY(st, snn_spike_writer_numbers(w, "labels", H5T_NATIVE_UINT16, H5T_STD_U16LE, number, part->n,
                                     err));
    /* Where one speaker is unknown or there are too many for SHD's 16 bits, none is told. */
    if (speakers->n > 0 && speakers->n < UINT16_MAX) {
        bool known = true;

        for (uint32_t i = 0; i < part->n; i++) {
            known &= job->files.file[part->index[i]].speaker != SNN_NO_SPEAKER;
            number[i] = (uint16_t)job->files.file[part->index[i]].speaker;
        }
        if (known) {
            TRY(st, snn_spike_writer_numbers(w, "extra/speaker", H5T_NATIVE_UINT16, H5T_STD_U16LE,
                                             number, part->n, err));
            TRY(st, snn_spike_writer_texts(w, "extra/speaker_names", speakers->name,
                                           (uint32_t)speakers->n, err));
        }
    }
    TRY(st, snn_spike_writer_texts(w, "extra/source", source.name, part->n, err));
    TRY(st, snn_spike_writer_numbers(w, "extra/digest", H5T_NATIVE_UINT64, H5T_STD_U64LE,
                                     part->file_digest, part->n, err));
    TRY(st, snn_spike_writer_texts(w, "extra/keys", job->files.classes.name,
                                   (uint32_t)job->files.classes.n, err));

done:
    snn_free(job->ctx, number);
    snn_names_free(job->ctx, &source);
    return st;
}

/* The folder's own name: the end of its path. */
static const char *own_name(const char *folder, int *length)
{
    const char *end = folder + strlen(folder), *begin;

    while (end > folder + 1 && end[-1] == '/')
        end--;
    for (begin = end; begin > folder && begin[-1] != '/'; begin--)
        ;
    *length = (int)(end - begin);
    return begin;
}

static snn_status write_part(struct part *part, snn_error *err)
{
    struct job *job = part->job;
    snn_spike_writer w = {0};
    char source[SNN_PATH_BYTES];
    int length;
    const char *name = own_name(job->files.folder, &length);
    snn_status st;

    snprintf(source, sizeof source, "%.*s", length, name);
    TRY(st, snn_spike_writer_open(job->ctx, part->path, part->n, job->params->times, &w, err));
    TRY(st, encode_clips(part, &w, err));
    TRY(st, write_samples(part, &w, err));
    TRY(st, snn_spike_writer_attribute(&w, "snn_version", snn_version(), err));
    TRY(st, snn_spike_writer_attribute(&w, "settings", job->settings, err));
    TRY(st, snn_spike_writer_attribute(&w, "source", source, err));
    TRY(st, snn_spike_writer_attribute(&w, "source_digest", part->digest, err));
    TRY(st, snn_spike_writer_commit(&w, err));

done:
    snn_spike_writer_close(&w);
    return st;
}

/* Names, lengths and rates of a split's recordings. */
static snn_status digest_part(struct part *part, snn_error *err)
{
    const struct job *job = part->job;
    uint64_t digest = SNN_DIGEST_START;
    char key[SNN_PATH_BYTES];
    snn_status st = SNN_OK;

    for (uint32_t i = 0; i < part->n; i++) {
        const snn_clip_info *info = &job->clip[part->index[i]];
        const uint64_t numbers[] = {info->n_frames, info->rate, info->channels};

        TRY(st, clip_key(job, part->index[i], key, err));
        digest = snn_digest(digest, key, strlen(key) + 1);
        digest = snn_digest(digest, numbers, sizeof numbers);
    }
    snprintf(part->digest, sizeof part->digest, "%016" PRIx64, digest);

done:
    return st;
}

/* Whether the file is there with the same settings and input. */
static snn_status look_for(const struct part *part, bool *kept, snn_error *err)
{
    char settings[SETTINGS_BYTES] = "", digest[32] = "";

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

static void report(struct part *part, bool kept, double seconds)
{
    const snn_encode_params *p = part->job->params;
    snn_encode_report r = {.split = part->split,
                           .path = part->path,
                           .samples = part->n,
                           .sound_s = part->sound_s,
                           .work_s = seconds,
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

/* OUT/NAME_SPLIT.h5, NAME being that of the recordings' folder ("." has none). */
static snn_status name_part(struct part *part, const char *out, snn_error *err)
{
    int length;
    const char *own = own_name(part->job->files.folder, &length);
    char name[SNN_PATH_BYTES];

    snprintf(name, sizeof name, "%.*s_%s.h5", length, own, snn_split_name(part->split));
    return snn_data_path(part->path, out, name[0] == '.' ? name + strspn(name, "._") : name, err);
}

static snn_status encode_split(struct job *job, snn_split split, const char *out, snn_error *err)
{
    const double start = snn_data_seconds();
    struct part part = {.job = job, .split = split};
    uint32_t *index = NULL;
    bool kept = false;
    snn_status st;

    TRY_ALLOC(st, job->ctx, index, job->files.n, err);
    for (uint32_t i = 0; i < job->files.n; i++)
        if (job->files.file[i].split == split)
            index[part.n++] = i;
    part.index = index;
    if (part.n == 0)
        goto done;
    TRY(st, name_part(&part, out, err));
    TRY(st, digest_part(&part, err));
    TRY(st, look_for(&part, &kept, err));
    if (kept) {
        job->done += part.n;
    } else {
        TRY_ALLOC(st, job->ctx, part.file_digest, part.n, err);
        TRY_ALLOC(st, job->ctx, part.events, part.n, err);
        TRY(st, write_part(&part, err));
    }
    report(&part, kept, snn_data_seconds() - start);

done:
    snn_free(job->ctx, part.events);
    snn_free(job->ctx, part.file_digest);
    snn_free(job->ctx, index);
    return st;
}

/* Headers of all recordings, so that what is wrong with one shows before the work. */
static snn_status probe(struct job *job, snn_error *err)
{
    const bool mix = job->params->mono != 0;
    char path[SNN_PATH_BYTES];
    uint32_t highest = 0;
    snn_status st;

    TRY_ALLOC(st, job->ctx, job->clip, job->files.n, err);
    for (uint32_t i = 0; i < job->files.n; i++) {
        uint32_t rate;

        TRY(st, snn_audio_files_path(&job->files, i, path, err));
        st = snn_clip_probe(path, mix, &job->clip[i], err);
        if (st == SNN_EFORMAT && !mix && snn_clip_probe(path, true, &job->clip[i], NULL) == SNN_OK)
            st = snn_error_set(err, SNN_EFORMAT, path, "has %u channels; --mono mixes them",
                               job->clip[i].channels);
        if (st != SNN_OK)
            goto done;
        rate = snn_encoder_rate(job->encoder, job->clip[i].rate);
        highest = rate > highest ? rate : highest;
        if (snn_clip_resampled(job->clip[i].n_frames, job->clip[i].rate, rate) > INT32_MAX) {
            st = snn_error_set(err, SNN_EFORMAT, path, "is too long");
            goto done;
        }
    }
    /* Once, for the highest rate: its tables serve the lower ones. */
    TRY(st, snn_encoder_prepare(job->encoder, 0, highest, err));

done:
    return st;
}

static void say_settings(struct job *job)
{
    const snn_encode_params *p = job->params;
    const int n = snprintf(
        job->settings, sizeof job->settings,
        "encoder=%s channels=%" PRIu32 " rate=%" PRIu32 " duration_s=%.9g mono=%d times=%s",
        p->encoder == SNN_ENCODER_COCHLEA ? "cochlea" : "level", p->channels, p->rate,
        p->duration_s, p->mono != 0, p->times == SNN_TIMES_FLOAT16 ? "float16" : "float32");

    if (p->encoder == SNN_ENCODER_COCHLEA)
        snprintf(job->settings + n, sizeof job->settings - (size_t)n, " seed=%" PRIu64, p->seed);
    else
        snprintf(job->settings + n, sizeof job->settings - (size_t)n, " step=%.9g hop_ms=%.9g",
                 (double)p->level_step, (double)p->level_hop_ms);
}

snn_status snn_encode_folder(snn_context *ctx, const char *folder, const char *out,
                             const snn_encode_params *params, snn_error *err)
{
    struct job job = {.ctx = ctx};
    snn_error own = {0};
    snn_status st;

    err = err != NULL ? err : &own;
    TRY(st, snn_encoder_create(ctx, params, &job.encoder, err));
    job.params = snn_encoder_get_params(job.encoder);
    TRY(st, snn_audio_files_scan(ctx, folder, false, NULL, &job.files, err));
    if (job.files.classes.n > UINT16_MAX) {
        st = snn_error_set(err, SNN_EFORMAT, folder, "has more than 65535 words");
        goto done;
    }
    say_settings(&job);
    TRY(st, probe(&job, err));
    TRY(st, snn_data_make_folder(out, err));
    for (int s = 0; s < SNN_SPLITS; s++)
        TRY(st, encode_split(&job, (snn_split)s, out, err));

done:
    snn_free(ctx, job.clip);
    snn_audio_files_free(&job.files);
    snn_encoder_destroy(job.encoder);
    return st;
}
