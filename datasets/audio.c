/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recordings in the layout of Speech Commands as a data set of frames.
 *
 * All frames are computed once, by all threads, into one area: a file in
 * data.cache that later runs map, or memory while it takes less than 1 GiB.
 *
 * logmel frames are standardised: each band has mean 0 and deviation 1 over the
 * frames of the training split.  A batch is padded with zeros, so padding stands
 * for the mean training frame: it drives no neuron before normalisation.
 */
#include "datasets/audio_files.h"
#include "datasets/clip.h"
#include "datasets/frame_cache.h"
#include "datasets/frontend.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_LIMIT (UINT64_C(1) << 30)
#define CHUNK        4096  /* files between two progress lines */
#define NO_DEVIATION 1e-3f /* a band that never changes is left unscaled */

struct audio {
    snn_context *ctx;
    snn_data_params params;
    snn_audio_files files;
    snn_frames frames;
    uint32_t *of_split[SNN_SPLITS]; /* file numbers of each split */
    uint32_t count[SNN_SPLITS];
};

/* Work on the way to the frames. */
struct build {
    const struct audio *audio;
    snn_clip_info *clip; /* of each file */
    uint32_t *steps;
    uint32_t rate;
    snn_frontend *frontend;
    char *scratch; /* threads * (scratch_bytes + clip + clip as stored) */
    size_t scratch_bytes, clip_bytes;
};

static snn_status probe_one(const struct build *b, uint32_t i, snn_error *err)
{
    char path[SNN_PATH_BYTES];
    snn_status st = snn_audio_files_path(&b->audio->files, i, path, err);

    return st != SNN_OK ? st : snn_clip_probe(path, false, &b->clip[i], err);
}

static snn_status frame_one(const struct build *b, uint32_t i, int worker, snn_error *err)
{
    char *scratch = b->scratch + (size_t)worker * (b->scratch_bytes + 2 * b->clip_bytes);
    float *clip = (float *)(void *)(scratch + b->scratch_bytes);
    float *stored = (float *)(void *)(scratch + b->scratch_bytes + b->clip_bytes);
    const snn_frames *frames = &b->audio->frames;
    const snn_clip_info *info = &b->clip[i];
    char path[SNN_PATH_BYTES];
    snn_status st;

    TRY(st, snn_audio_files_path(&b->audio->files, i, path, err));
    TRY(st, snn_clip_read(path, info, b->rate, stored, clip, err));
    snn_frontend_run(b->frontend, clip, snn_clip_resampled(info->n_frames, info->rate, b->rate),
                     scratch, frames->values + frames->first[i] * frames->n_bands);

done:
    return st;
}

/* Run `what` over files begin .. end-1 on all threads.  The failure that is reported
 * is that of the first file, whichever thread met one first. */
static snn_status for_files(const struct build *b, uint32_t begin, uint32_t end, bool probe,
                            snn_error *err)
{
    uint32_t failed = UINT32_MAX;

#pragma omp parallel for schedule(dynamic, 8) num_threads(snn_context_threads(b->audio->ctx))
    for (uint32_t i = begin; i < end; i++) {
        const snn_status st =
            probe ? probe_one(b, i, NULL) : frame_one(b, i, snn_data_thread(), NULL);

        if (st != SNN_OK) {
#pragma omp critical(snn_audio_failed)
            failed = i < failed ? i : failed;
        }
    }
    if (failed == UINT32_MAX)
        return SNN_OK;
    return probe ? probe_one(b, failed, err) : frame_one(b, failed, 0, err); /* for its message */
}

/* Headers of all files; from them rate, front end and steps. */
static snn_status plan_build(struct build *b, snn_error *err)
{
    const struct audio *a = b->audio;
    uint32_t lowest = UINT32_MAX, empty = 0, cut = 0;
    uint64_t longest = 0;
    snn_status st;

    TRY_ALLOC(st, a->ctx, b->clip, a->files.n, err);
    TRY_ALLOC(st, a->ctx, b->steps, a->files.n, err);
    TRY(st, for_files(b, 0, a->files.n, true, err));
    for (uint32_t i = 0; i < a->files.n; i++) {
        lowest = b->clip[i].rate < lowest ? b->clip[i].rate : lowest;
        empty += b->clip[i].n_frames == 0;
    }
    b->rate = snn_frontend_rate(&a->params, lowest);
    TRY(st, snn_frontend_create(a->ctx, &a->params, b->rate, &b->frontend, err));
    for (uint32_t i = 0; i < a->files.n; i++) {
        const uint64_t n = snn_clip_resampled(b->clip[i].n_frames, b->clip[i].rate, b->rate);

        b->steps[i] = snn_frontend_steps(b->frontend, n);
        cut += n > snn_frontend_limit(b->frontend);
        longest = n > longest ? n : longest;
        longest = b->clip[i].n_frames > longest ? b->clip[i].n_frames : longest;
    }
    b->clip_bytes = (longest * sizeof(float) + 63) / 64 * 64;
    b->scratch_bytes = snn_frontend_scratch(b->frontend);
    TRY_ALLOC(st, a->ctx, b->scratch,
              (size_t)snn_context_threads(a->ctx) * (b->scratch_bytes + 2 * b->clip_bytes), err);
    if (empty > 0)
        snn_log(a->ctx, SNN_LOG_WARNING, "%u recordings without a sample: kept as silence", empty);
    if (cut > 0)
        snn_log(a->ctx, SNN_LOG_WARNING, "%u recordings are longer than %g ms: cut there", cut,
                1000.0 * (double)snn_frontend_limit(b->frontend) / b->rate);

done:
    return st;
}

/* Mean and deviation of each band over the training frames; then all frames. */
static snn_status standardise(struct audio *a, snn_error *err)
{
    snn_frames *f = &a->frames;
    const uint32_t bands = f->n_bands;
    double *sum = NULL;
    uint64_t n = 0;
    snn_status st;

    TRY_ALLOC(st, a->ctx, sum, 2 * (size_t)bands, err);
    for (uint32_t i = 0; i < f->n_samples; i++) {
        if (a->files.file[i].split != SNN_SPLIT_TRAIN)
            continue;
        for (uint64_t t = f->first[i]; t < f->first[i + 1]; t++)
            for (uint32_t k = 0; k < bands; k++) {
                const double x = f->values[t * bands + k];

                sum[k] += x;
                sum[bands + k] += x * x;
            }
        n += f->first[i + 1] - f->first[i];
    }
    for (uint32_t k = 0; k < bands; k++) {
        const double mean = n > 0 ? sum[k] / (double)n : 0;
        const double variance = n > 0 ? sum[bands + k] / (double)n - mean * mean : 1;

        f->mean[k] = (float)mean;
        f->deviation[k] = variance > 0 ? (float)sqrt(variance) : 0;
        if (f->deviation[k] < NO_DEVIATION)
            f->deviation[k] = 1;
    }
#pragma omp parallel for schedule(static) num_threads(snn_context_threads(a->ctx))
    for (uint64_t t = 0; t < f->first[f->n_samples]; t++)
        for (uint32_t k = 0; k < bands; k++)
            f->values[t * bands + k] = (f->values[t * bands + k] - f->mean[k]) / f->deviation[k];

done:
    snn_free(a->ctx, sum);
    return st;
}

/* Compute all frames; `path` NULL = into memory. */
static snn_status build_frames(struct audio *a, const char *path, uint64_t key, snn_error *err)
{
    const double start = snn_data_seconds();
    const uint32_t bands = snn_frontend_bands(&a->params);
    struct build b = {.audio = a};
    uint64_t bytes;
    snn_status st;

    TRY(st, plan_build(&b, err));
    bytes = snn_frames_bytes(b.steps, a->files.n, bands);
    if (path == NULL && bytes > MEMORY_LIMIT) {
        st = snn_error_set(
            err, SNN_ENOMEM, a->files.folder,
            "its frames take %llu MiB, more than %llu: set data.cache to a folder on disk",
            (unsigned long long)(bytes >> 20), (unsigned long long)(MEMORY_LIMIT >> 20));
        goto done;
    }
    TRY(st, snn_frames_begin(a->ctx, path, key, b.steps, a->files.n, bands, &a->frames, err));
    snn_log(a->ctx, SNN_LOG_INFO, "%s: %u recordings at %u Hz to frames of %u bands",
            a->files.folder, a->files.n, b.rate, bands);
    for (uint32_t i = 0; i < a->files.n; i += CHUNK) {
        const uint32_t end = a->files.n - i < CHUNK ? a->files.n : i + CHUNK;

        TRY(st, for_files(&b, i, end, false, err));
        snn_log(a->ctx, SNN_LOG_INFO, "%s: %u of %u recordings, %.1f s", a->files.folder, end,
                a->files.n, snn_data_seconds() - start);
    }
    if (a->params.front_end == SNN_FRONT_END_LOGMEL)
        TRY(st, standardise(a, err));
    else
        for (uint32_t k = 0; k < bands; k++)
            a->frames.deviation[k] = 1;
    TRY(st, snn_frames_commit(&a->frames, err));

done:
    snn_frontend_destroy(b.frontend);
    snn_free(a->ctx, b.scratch);
    snn_free(a->ctx, b.steps);
    snn_free(a->ctx, b.clip);
    return st;
}

/* What decides the frames besides the recordings. */
static uint64_t add_settings(uint64_t digest, const snn_data_params *p)
{
    const uint32_t numbers[] = {SNN_FRONTEND_VERSION, (uint32_t)p->front_end,
                                snn_frontend_bands(p)};
    const float times[] = {p->time_step_ms, p->max_time_ms};

    digest = snn_digest(digest, numbers, sizeof numbers);
    return snn_digest(digest, times, sizeof times);
}

/* Frames from the cache if it is right, else anew. */
static snn_status get_frames(struct audio *a, snn_error *err)
{
    const uint32_t bands = snn_frontend_bands(&a->params);
    char path[SNN_PATH_BYTES], name[64];
    snn_error why = {0};
    uint64_t key;
    snn_status st;

    if (a->params.cache[0] == '\0')
        return build_frames(a, NULL, 0, err);
    TRY(st, snn_audio_files_digest(&a->files, &key, err));
    key = add_settings(key, &a->params);
    TRY(st, snn_data_make_folder(a->params.cache, err));
    snprintf(name, sizeof name, "%016llx.frames", (unsigned long long)key);
    TRY(st, snn_data_path(path, a->params.cache, name, err));
    st = snn_frames_open(a->ctx, path, key, a->files.n, bands, &a->frames, &why);
    if (st == SNN_OK) {
        snn_log(a->ctx, SNN_LOG_INFO, "%s: frames from %s", a->files.folder, path);
        goto done;
    }
    if (st == SNN_ENOMEM)
        goto done;
    if (st != SNN_ENOTFOUND)
        snn_log(a->ctx, SNN_LOG_WARNING, "%s: the cache %s; it is made anew", path, why.what);
    TRY(st, build_frames(a, path, key, err));

done:
    return st;
}

/* ---- the data set -------------------------------------------------------- */

static snn_status divide(struct audio *a, snn_error *err)
{
    snn_status st = SNN_OK;

    for (uint32_t i = 0; i < a->files.n; i++)
        a->count[a->files.file[i].split]++;
    if (a->count[SNN_SPLIT_TRAIN] == 0)
        return snn_error_set(err, SNN_EFORMAT, a->files.folder,
                             "the lists name every recording: none is left to train on");
    for (int s = 0; s < SNN_SPLITS; s++) {
        uint32_t n = 0;

        TRY_ALLOC(st, a->ctx, a->of_split[s], a->count[s], err);
        for (uint32_t i = 0; i < a->files.n; i++)
            if (a->files.file[i].split == (snn_split)s)
                a->of_split[s][n++] = i;
    }

done:
    return st;
}

static void audio_destroy(void *self)
{
    struct audio *a = self;

    for (int s = 0; s < SNN_SPLITS; s++)
        snn_free(a->ctx, a->of_split[s]);
    snn_frames_close(&a->frames);
    snn_audio_files_free(&a->files);
    snn_free(a->ctx, a);
}

static snn_status audio_read(void *self, snn_split split, uint32_t index, void *scratch,
                             snn_sample *out, snn_error *err)
{
    const struct audio *a = self;
    const uint32_t i = a->of_split[split][index];
    const snn_audio_file *file = &a->files.file[i];

    (void)scratch;
    (void)err;
    *out = (snn_sample){.label = file->label,
                        .speaker = file->speaker,
                        .steps = (uint32_t)(a->frames.first[i + 1] - a->frames.first[i]),
                        .frames = a->frames.values + a->frames.first[i] * a->frames.n_bands};
    return SNN_OK;
}

static const char *audio_class_name(void *self, uint32_t label)
{
    const struct audio *a = self;

    return a->files.classes.name[label];
}

static snn_status audio_key(void *self, snn_split split, uint32_t index, char *text, size_t size)
{
    const struct audio *a = self;
    const snn_audio_file *file = &a->files.file[a->of_split[split][index]];
    const int n = snprintf(text, size, "%s/%s", a->files.classes.name[file->label], file->name);

    return n >= 0 && (size_t)n < size ? SNN_OK : SNN_EINVAL;
}

snn_status snn_dataset_open_audio(snn_context *ctx, const char *path, const snn_data_params *params,
                                  snn_dataset **out, snn_error *err)
{
    static const snn_dataset_ops ops = {sizeof(snn_dataset_ops), audio_read, audio_class_name,
                                        audio_key, audio_destroy};
    struct audio *a = NULL;
    snn_dataset_info info;
    snn_status st;

    TRY_ALLOC(st, ctx, a, 1, err);
    a->ctx = ctx;
    a->params = *params;
    TRY(st, snn_audio_files_scan(ctx, path, true, NULL, &a->files, err));
    TRY(st, divide(a, err));
    TRY(st, get_frames(a, err));
    info = (snn_dataset_info){.kind = "audio",
                              .n_inputs = a->frames.n_bands,
                              .n_classes = (uint32_t)a->files.classes.n,
                              .max_steps = a->frames.max_steps,
                              .time_step_ms = params->time_step_ms};
    for (int s = 0; s < SNN_SPLITS; s++)
        info.count[s] = a->count[s];
    a->files.folder = NULL; /* was borrowed */
    st = snn_dataset_create(ctx, &ops, &info, a, out, err);
    a = NULL;

done:
    if (a != NULL)
        audio_destroy(a);
    return st;
}
