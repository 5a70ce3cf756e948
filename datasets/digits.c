/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spoken digits, synthesised: ten English and ten German words as in SHD, many
 * voices, pitches and speeds.  Test voices speak in no other split.
 *
 * A folder under way holds digits.part, a finished one digits.txt; both say with
 * what settings.  Clips are numbered word first, then voice, then take, and every
 * random number is keyed by that number: any order of work gives the same files,
 * and an interrupted run goes on where it stopped.
 */
#include "datasets/espeak.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FORMAT    1
#define MIN_CLIPS 40
#define MAX_CLIPS 1000000

struct word {
    const char *folder, *text;
    bool german;
};

static const struct word words[] = {
    {"en-zero", "zero", false},        {"en-one", "one", false},     {"en-two", "two", false},
    {"en-three", "three", false},      {"en-four", "four", false},   {"en-five", "five", false},
    {"en-six", "six", false},          {"en-seven", "seven", false}, {"en-eight", "eight", false},
    {"en-nine", "nine", false},        {"de-null", "null", true},    {"de-eins", "eins", true},
    {"de-zwei", "zwei", true},         {"de-drei", "drei", true},    {"de-vier", "vier", true},
    {"de-fuenf", "f\xC3\xBCnf", true}, {"de-sechs", "sechs", true},  {"de-sieben", "sieben", true},
    {"de-acht", "acht", true},         {"de-neun", "neun", true},
};

/* Variants of espeak-ng 1.51; every fifth (index 1, 6, ...) is for testing. */
static const char *const voices[] = {
    "m1", "m3",    "f1",      "adam",     "Alicia",   "m2",  "f2",    "Andrea", "Andy",   "Annie",
    "m4", "Alex",  "f3",      "belinda",  "benjamin", "m5",  "linda", "f4",     "boris",  "caleb",
    "m6", "david", "f5",      "Denis",    "ed",       "m7",  "Lee",   "anika",  "Gene",   "john",
    "m8", "paul",  "grandma", "Henrique", "Hugo",     "max", "steph", "klatt",  "victor", "whisper",
};

static const char *const accents[] = {"en-gb", "en-us", "en-gb-x-rp", "en-gb-scotland"};

/* One run. */
struct job {
    snn_context *ctx;
    const char *folder, *program;
    snn_digits_params params;
    uint32_t clips, n_voices;
    char *scratch; /* threads * scratch_bytes */
    uint32_t done, failed;
    bool stop;
    bool fresh; /* the folder was claimed in this run */
};

static uint32_t voice_of(const struct job *job, uint32_t clip)
{
    return clip / (uint32_t)SNN_COUNT(words) % job->n_voices;
}

/* One clip in ten of the training voices validates, another voice for each word. */
static snn_split split_of(const struct job *job, uint32_t clip)
{
    const uint32_t word = clip % (uint32_t)SNN_COUNT(words),
                   turn = clip / (uint32_t)SNN_COUNT(words);

    if (voice_of(job, clip) % 5 == 1)
        return SNN_SPLIT_TEST;
    return (turn + 3 * word) % 10 == 7 ? SNN_SPLIT_VALID : SNN_SPLIT_TRAIN;
}

/* "de-null/f2_nohash_0.wav", relative to the folder. */
static void name_of(const struct job *job, uint32_t clip, char name[128])
{
    snprintf(name, 128, "%s/%s_nohash_%" PRIu32 ".wav", words[clip % SNN_COUNT(words)].folder,
             voices[voice_of(job, clip)], clip / ((uint32_t)SNN_COUNT(words) * job->n_voices));
}

static snn_status make_clip(const struct job *job, uint32_t clip, void *scratch, snn_error *err)
{
    const struct word *word = &words[clip % SNN_COUNT(words)];
    const uint32_t voice = voice_of(job, clip);
    const snn_utterance utterance = {.text = word->text,
                                     .language =
                                         word->german ? "de" : accents[voice % SNN_COUNT(accents)],
                                     .variant = voices[voice],
                                     .key = {job->params.seed, SNN_STREAM_SYNTHESIS},
                                     .clip = clip};
    char path[SNN_PATH_BYTES], name[128];
    snn_status st;

    name_of(job, clip, name);
    st = snn_data_path(path, job->folder, name, err);
    if (st != SNN_OK || snn_data_is_file(path)) /* made by an earlier, interrupted run */
        return st;
    return snn_espeak_clip(job->program, &utterance, path, scratch, err);
}

static snn_status make_clips(struct job *job, snn_error *err)
{
    const size_t bytes = snn_espeak_scratch();

#pragma omp parallel for schedule(dynamic, 1) num_threads(snn_context_threads(job->ctx))
    for (uint32_t clip = 0; clip < job->clips; clip++) {
        bool stop;
        snn_status st;

#pragma omp atomic read
        stop = job->stop;
        if (stop)
            continue;
        st = make_clip(job, clip, job->scratch + (size_t)snn_data_thread() * bytes, NULL);
#pragma omp critical(snn_digits_progress)
        {
            job->done++;
            if (st != SNN_OK)
                job->failed = clip < job->failed ? clip : job->failed;
            if (st != SNN_OK ||
                (job->params.progress != NULL && !job->stop &&
                 job->params.progress(job->params.user, job->done, job->clips) != 0)) {
#pragma omp atomic write
                job->stop = true;
            }
        }
    }
    if (job->failed != UINT32_MAX) /* again, for its message; it may have been passing */
        return make_clip(job, job->failed, job->scratch, err) != SNN_OK
                   ? err != NULL ? err->status : SNN_EIO
                   : snn_error_set(err, SNN_EIO, job->folder,
                                   "a clip failed once; run again to go on");
    if (job->stop)
        return snn_error_set(err, SNN_EINTERRUPTED, job->folder,
                             "stopped after %" PRIu32 " of %" PRIu32 " clips; run again to go on",
                             job->done, job->clips);
    return SNN_OK;
}

/* The list of a split, written at once. */
static snn_status write_list(const struct job *job, snn_split split, const char *file,
                             snn_error *err)
{
    char path[SNN_PATH_BYTES], name[128];
    char *text = NULL;
    size_t used = 0;
    snn_status st;

    TRY_ALLOC(st, job->ctx, text, (size_t)job->clips * sizeof name + 1, err);
    for (uint32_t clip = 0; clip < job->clips; clip++) {
        if (split_of(job, clip) != split)
            continue;
        name_of(job, clip, name);
        used += (size_t)snprintf(text + used, sizeof name + 1, "%s\n", name);
    }
    TRY(st, snn_data_path(path, job->folder, file, err));
    TRY(st, snn_data_write_text(path, text, err));

done:
    snn_free(job->ctx, text);
    return st;
}

/* Whether the file holds exactly `text`. */
static bool holds(const char *path, const char *text)
{
    char found[512] = {0};
    FILE *file = fopen(path, "rb");
    size_t n;

    if (file == NULL)
        return false;
    n = fread(found, 1, sizeof found - 1, file);
    fclose(file);
    return n == strlen(text) && strcmp(found, text) == 0;
}

/* Make the folder ready.  *complete: it already holds what is asked for. */
static snn_status claim_folder(struct job *job, const char *stamp, bool *complete, snn_error *err)
{
    char path[SNN_PATH_BYTES];
    snn_names names = {0};
    snn_status st;

    TRY(st, snn_data_make_folder(job->folder, err));
    TRY(st, snn_data_path(path, job->folder, "digits.txt", err));
    *complete = holds(path, stamp);
    if (*complete)
        goto done;
    if (snn_data_is_file(path)) {
        st = snn_error_set(
            err, SNN_EINVAL, job->folder,
            "holds digits of another seed or number: remove it or name another folder");
        goto done;
    }
    TRY(st, snn_data_path(path, job->folder, "digits.part", err));
    if (snn_data_is_file(path)) {
        if (!holds(path, stamp))
            st = snn_error_set(
                err, SNN_EINVAL, job->folder,
                "holds an unfinished set of another seed or number: remove it or name "
                "another folder");
        goto done;
    }
    TRY(st, snn_names_folder(job->ctx, job->folder, &names, err));
    if (names.n > 0)
        st = snn_error_set(err, SNN_EINVAL, job->folder,
                           "is not empty and was not made by this command: name another folder");
    else
        st = snn_data_write_text(path, stamp, err);
    job->fresh = st == SNN_OK;

done:
    snn_names_free(job->ctx, &names);
    return st;
}

/* Start the program once and see that it has all voices: it replaces a missing one
 * silently by its default, which would then speak in several splits. */
static snn_status check_voices(const struct job *job, snn_error *err)
{
    char path[SNN_PATH_BYTES], wanted[64];
    snn_names lines = {0};
    snn_status st;

    TRY(st, snn_data_path(path, job->folder, ".voices", err));
    TRY(st, snn_espeak_query(job->program, "--voices=variant", path, err));
    TRY(st, snn_names_lines(job->ctx, path, &lines, err));
    for (uint32_t v = 0; v < job->n_voices; v++) {
        bool found = false;

        snprintf(wanted, sizeof wanted, "!v/%s ", voices[v]);
        for (size_t i = 0; i < lines.n && !found; i++)
            found = strstr(lines.name[i], wanted) != NULL;
        if (!found) {
            st = snn_error_set(err, SNN_EUNSUPPORTED, job->program,
                               "has no voice variant \"%s\": espeak-ng 1.51 or later is needed",
                               voices[v]);
            goto done;
        }
    }

done:
    unlink(path);
    snn_names_free(job->ctx, &lines);
    if (st != SNN_OK && job->fresh &&
        snn_data_path(path, job->folder, "digits.part", NULL) == SNN_OK)
        unlink(path); /* nothing was made: the next run need not ask for the same */
    return st;
}

static snn_status finish(const struct job *job, snn_error *err)
{
    char from[SNN_PATH_BYTES], to[SNN_PATH_BYTES];
    snn_status st;

    /* The test list is last: without it the folder is no data set. */
    TRY(st, write_list(job, SNN_SPLIT_VALID, "validation_list.txt", err));
    TRY(st, write_list(job, SNN_SPLIT_TEST, "testing_list.txt", err));
    TRY(st, snn_data_path(from, job->folder, "digits.part", err));
    TRY(st, snn_data_path(to, job->folder, "digits.txt", err));
    if (rename(from, to) != 0)
        st = snn_error_set(err, SNN_EIO, to, "cannot write: %s", snn_data_errno_text());

done:
    return st;
}

static snn_status check_params(const snn_digits_params *params, snn_error *err)
{
    if (params->size != sizeof *params)
        return snn_error_set(err, SNN_EINVAL, "snn_digits_params",
                             "size is %zu, not %zu: set it to sizeof", params->size,
                             sizeof *params);
    if (params->clips < MIN_CLIPS || params->clips > MAX_CLIPS)
        return snn_error_set(err, SNN_EINVAL, "clips", "%" PRIu32 " is not in %d..%d",
                             params->clips, MIN_CLIPS, MAX_CLIPS);
    return SNN_OK;
}

snn_status snn_make_digits(snn_context *ctx, const char *folder, const snn_digits_params *params,
                           snn_error *err)
{
    const uint32_t n_words = (uint32_t)SNN_COUNT(words), n_voices = (uint32_t)SNN_COUNT(voices);
    struct job job = {.ctx = ctx, .folder = folder, .failed = UINT32_MAX};
    char stamp[256], path[SNN_PATH_BYTES];
    const double start = snn_data_seconds();
    snn_error own = {0};
    bool complete = false;
    snn_status st;

    err = err != NULL ? err : &own;
    TRY(st, check_params(params, err));
    job.params = *params;
    job.program = params->espeak != NULL ? params->espeak : "espeak-ng";
    job.clips = (params->clips + n_words - 1) / n_words * n_words;
    job.n_voices = job.clips / n_words < n_voices ? job.clips / n_words : n_voices;
    snprintf(stamp, sizeof stamp, "spoken digits, format %d\nseed %" PRIu64 "\nclips %" PRIu32 "\n",
             FORMAT, params->seed, job.clips);
    TRY(st, claim_folder(&job, stamp, &complete, err));
    if (complete) {
        snn_log(ctx, SNN_LOG_INFO, "%s: complete already", folder);
        goto done;
    }
    TRY(st, check_voices(&job, err));
    for (size_t w = 0; w < SNN_COUNT(words); w++) {
        TRY(st, snn_data_path(path, folder, words[w].folder, err));
        TRY(st, snn_data_make_folder(path, err));
    }
    TRY_ALLOC(st, ctx, job.scratch, (size_t)snn_context_threads(ctx) * snn_espeak_scratch(), err);
    TRY(st, make_clips(&job, err));
    TRY(st, finish(&job, err));
    snn_log(ctx, SNN_LOG_INFO, "%s: %" PRIu32 " clips of %" PRIu32 " voices in %.1f s", folder,
            job.clips, job.n_voices, snn_data_seconds() - start);

done:
    snn_free(ctx, job.scratch);
    return st;
}
