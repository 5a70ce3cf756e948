/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/espeak.h"

#include "datasets/clip.h"

#include <sndfile.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define CLIP_SAMPLES SNN_ESPEAK_RATE         /* one second */
#define RAW_SAMPLES  (48000 * 8)             /* longest speech that is accepted, as spoken */
#define SPEECH_FLOOR 0.02f                   /* of the peak: what is softer at the ends is cut */
#define FADE_SAMPLES (SNN_ESPEAK_RATE / 100) /* 10 ms */

/* What the random numbers of a clip are for. */
enum draw { DRAW_PITCH, DRAW_SPEED, DRAW_LEVEL, DRAW_LEAD, DRAW_TAIL, DRAW_NOISE, DRAW_WHITE };

struct scratch {
    float raw[RAW_SAMPLES];
    float speech[RAW_SAMPLES];
    short clip[CLIP_SAMPLES];
};

size_t snn_espeak_scratch(void)
{
    return (sizeof(struct scratch) + 63) / 64 * 64;
}

/* Run and wait; `output` receives stdout. */
static snn_status run(char *const argv[], const char *output, snn_error *err)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    int code, status = 0;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return snn_error_set(err, SNN_ENOMEM, argv[0], "no memory to start it");
    code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (code == 0)
        code = posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC,
                                                0666);
    if (code == 0)
        code = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (code == 0)
        code = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code == ENOENT || code == EACCES)
        return snn_error_set(err, SNN_ENOTFOUND, argv[0],
                             "the speech synthesiser cannot be started: %s; install it with "
                             "\"apt install espeak-ng\"",
                             strerror(code));
    if (code != 0)
        return snn_error_set(err, SNN_EIO, argv[0], "cannot be started: %s", strerror(code));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return snn_error_set(err, SNN_EIO, argv[0], "cannot be waited for: %s",
                                 snn_data_errno_text());
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return snn_error_set(err, SNN_EIO, argv[0], "failed with status %d",
                             WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return SNN_OK;
}

/* posix_spawn does not write to its arguments, but its type does not say so. */
static char *argument(const char *text)
{
    union {
        const char *in;
        char *out;
    } both = {.in = text};

    return both.out;
}

snn_status snn_espeak_query(const char *program, const char *query, const char *path,
                            snn_error *err)
{
    char *argv[] = {argument(program), argument(query), NULL};

    return run(argv, path, err);
}

static float draw(const snn_utterance *u, enum draw what, float low, float high)
{
    return low + (high - low) * snn_random_uniform(u->key, u->clip, (uint32_t)what, 0);
}

static snn_status speak(const char *program, const snn_utterance *u, const char *path,
                        snn_error *err)
{
    char voice[128], pitch[16], speed[16];
    char *argv[] = {argument(program),
                    argument("-b"),
                    argument("1"),
                    argument("-v"),
                    voice,
                    argument("-p"),
                    pitch,
                    argument("-s"),
                    speed,
                    argument("-w"),
                    argument(path),
                    argument("--"),
                    argument(u->text),
                    NULL};

    snprintf(voice, sizeof voice, "%s+%s", u->language, u->variant);
    snprintf(pitch, sizeof pitch, "%d", (int)draw(u, DRAW_PITCH, 25, 76)); /* of 0..99, usual 50 */
    snprintf(speed, sizeof speed, "%d",
             (int)draw(u, DRAW_SPEED, 125, 226)); /* words a minute, usual 175 */
    return run(argv, "/dev/null", err);
}

/* From speech[0 .. n-1] cut what is soft at both ends; false if all is silent. */
static bool trim(const float *speech, size_t n, size_t *begin, size_t *end, float *peak)
{
    float largest = 0;
    size_t a = 0, b = n;

    for (size_t i = 0; i < n; i++)
        largest = fabsf(speech[i]) > largest ? fabsf(speech[i]) : largest;
    if (!(largest > 1e-4f))
        return false;
    while (fabsf(speech[a]) < SPEECH_FLOOR * largest)
        a++;
    while (fabsf(speech[b - 1]) < SPEECH_FLOOR * largest)
        b--;
    *begin = a > FADE_SAMPLES ? a - FADE_SAMPLES : 0;
    *end = b + FADE_SAMPLES < n ? b + FADE_SAMPLES : n;
    *peak = largest;
    return true;
}

/* lead | speech, faded at its ends | tail, with white noise over all.  Returns the length. */
static size_t compose(const snn_utterance *u, const float *speech, size_t n, float peak,
                      short *clip)
{
    const size_t lead = (size_t)(SNN_ESPEAK_RATE * draw(u, DRAW_LEAD, 0.0f, 0.1f));
    const size_t tail = (size_t)(SNN_ESPEAK_RATE * draw(u, DRAW_TAIL, 0.0f, 0.1f));
    const float level =
        powf(10.0f, draw(u, DRAW_LEVEL, -16.0f, -1.0f) / 20) / peak; /* dB of full scale */
    const size_t kept = lead + n > CLIP_SAMPLES ? CLIP_SAMPLES - lead : n;
    const size_t total = lead + kept + tail > CLIP_SAMPLES ? CLIP_SAMPLES : lead + kept + tail;
    double energy = 0;
    float noise;

    for (size_t i = 0; i < kept; i++)
        energy += (double)speech[i] * speech[i];
    /* Uniform noise in [-a, a] has power a^2 / 3; 20 to 45 dB under the speech. */
    noise = (float)sqrt(3 * energy / (double)kept) * level *
            powf(10.0f, -draw(u, DRAW_NOISE, 20, 45) / 20);
    for (size_t i = 0; i < total; i += 4) {
        uint32_t four[4];

        snn_random4(u->key, u->clip, DRAW_WHITE, (uint32_t)(i / 4), four);
        for (size_t k = i; k < i + 4 && k < total; k++) {
            float x = noise * ((float)(four[k - i] >> 8) * 0x1p-23f - 1.0f);

            if (k >= lead && k < lead + kept) {
                const size_t at = k - lead, left = kept - 1 - at;
                const size_t edge = at < left ? at : left;
                const float fade = edge < FADE_SAMPLES ? ((float)edge + 0.5f) / FADE_SAMPLES : 1.0f;

                x += level * fade * speech[at];
            }
            clip[k] = (short)lrintf(32767.0f * fmaxf(-1.0f, fminf(1.0f, x)));
        }
    }
    return total;
}

static snn_status write_clip(const char *path, const short *clip, size_t n, snn_error *err)
{
    char temporary[SNN_PATH_BYTES + 8];
    SF_INFO about = {
        .samplerate = SNN_ESPEAK_RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file;
    sf_count_t written;

    snprintf(temporary, sizeof temporary, "%s.part", path);
    file = sf_open(temporary, SFM_WRITE, &about);
    if (file == NULL)
        return snn_error_set(err, SNN_EIO, temporary, "cannot make the file: %s",
                             sf_strerror(NULL));
    written = sf_writef_short(file, clip, (sf_count_t)n);
    if (sf_close(file) != 0 || written != (sf_count_t)n || rename(temporary, path) != 0) {
        unlink(temporary);
        return snn_error_set(err, SNN_EIO, path, "cannot write the clip: is the disk full?");
    }
    return SNN_OK;
}

snn_status snn_espeak_clip(const char *program, const snn_utterance *u, const char *path,
                           void *scratch, snn_error *err)
{
    struct scratch *s = scratch;
    char spoken[SNN_PATH_BYTES + 16];
    snn_clip_info info;
    size_t begin = 0, end = 0;
    uint64_t n;
    float peak = 0;
    snn_status st;

    snprintf(spoken, sizeof spoken, "%s.spoken", path);
    TRY(st, speak(program, u, spoken, err));
    TRY(st, snn_clip_probe(spoken, false, &info, err));
    n = snn_clip_resampled(info.n_frames, info.rate, SNN_ESPEAK_RATE);
    if (n > RAW_SAMPLES || info.n_frames > RAW_SAMPLES) {
        st = snn_error_set(err, SNN_EFORMAT, path, "%s speaks for %.1f s", program,
                           (double)info.n_frames / info.rate);
        goto done;
    }
    TRY(st, snn_clip_read(spoken, &info, SNN_ESPEAK_RATE, s->raw, s->speech, err));
    if (!trim(s->speech, n, &begin, &end, &peak)) {
        st = snn_error_set(err, SNN_EFORMAT, path,
                           "%s says nothing with voice %s+%s: try another version", program,
                           u->language, u->variant);
        goto done;
    }
    TRY(st,
        write_clip(path, s->clip, compose(u, s->speech + begin, end - begin, peak, s->clip), err));

done:
    unlink(spoken);
    return st;
}
