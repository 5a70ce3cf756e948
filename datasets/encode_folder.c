/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder or a list of recordings to files in the layout of SHD, one a split. */
#include "datasets/audio_files.h"
#include "datasets/encode_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FILES_A_LOOK 256 /* digests between two looks at the user's wish */

/* Headers of all recordings, so that what is wrong with one shows before the work. */
static snn_status probe(snn_encode_job *job, snn_error *err)
{
    const bool mix = job->params->mono != 0;
    char path[SNN_PATH_BYTES];
    uint32_t highest = 0;
    snn_status st;

    TRY_ALLOC(st, job->ctx, job->clip, job->rec.n, err);
    for (uint32_t i = 0; i < job->rec.n; i++) {
        uint32_t rate;

        TRY(st, snn_recordings_path(&job->rec, i, path, err));
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

/* What each file holds: with its name it decides what a resumed run may keep. */
static snn_status digest_files(snn_encode_job *job, snn_error *err)
{
    const snn_encode_params *p = job->params;
    const uint32_t n = job->rec.n;
    char path[SNN_PATH_BYTES];
    uint32_t failed = UINT32_MAX;
    snn_status st;

    TRY_ALLOC(st, job->ctx, job->digest, n, err);
    for (uint32_t first = 0; first < n && failed == UINT32_MAX; first += FILES_A_LOOK) {
        const uint32_t end = n - first < FILES_A_LOOK ? n : first + FILES_A_LOOK;

#pragma omp parallel for schedule(dynamic, 4) num_threads(snn_context_threads(job->ctx))
        for (uint32_t i = first; i < end; i++) {
            char own[SNN_PATH_BYTES];

            if (snn_recordings_path(&job->rec, i, own, NULL) != SNN_OK ||
                snn_digest_file(own, &job->digest[i], NULL) != SNN_OK) {
#pragma omp critical(snn_digest_failed)
                failed = i < failed ? i : failed;
            }
        }
        if (p->progress != NULL && p->progress(p->user, 0, n) != 0) {
            st = snn_error_set(err, SNN_EINTERRUPTED, job->rec.folder,
                               "stopped before the first recording");
            goto done;
        }
    }
    if (failed == UINT32_MAX)
        goto done;
    TRY(st, snn_recordings_path(&job->rec, failed, path, err));
    st = snn_digest_file(path, &job->digest[failed], err); /* again, for its message */
    if (st == SNN_OK)
        st = snn_error_set(err, SNN_EIO, path, "could not be read once; run again");

done:
    return st;
}

static void say_settings(snn_encode_job *job)
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

snn_status snn_encode_folder(snn_context *ctx, const char *path, const char *out,
                             const snn_encode_params *params, snn_error *err)
{
    snn_encode_job job = {.ctx = ctx};
    snn_error own = {0};
    snn_status st;

    err = err != NULL ? err : &own;
    TRY(st, snn_encoder_create(ctx, params, &job.encoder, err));
    job.params = snn_encoder_get_params(job.encoder);
    TRY(st, snn_recordings_find(ctx, path, &job.rec, err));
    if (job.rec.classes.n > UINT16_MAX) {
        st = snn_error_set(err, SNN_EFORMAT, path, "has more than 65535 words");
        goto done;
    }
    say_settings(&job);
    TRY(st, probe(&job, err));
    TRY(st, digest_files(&job, err));
    TRY(st, snn_data_make_folder(out, err));
    for (int s = 0; s < SNN_SPLITS; s++)
        TRY(st, snn_encode_split(&job, (snn_split)s, out, err));

done:
    snn_free(ctx, job.digest);
    snn_free(ctx, job.clip);
    snn_recordings_free(&job.rec);
    snn_encoder_destroy(job.encoder);
    return st;
}
