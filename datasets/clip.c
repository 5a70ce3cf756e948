/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/clip.h"

#include <samplerate.h>
#include <sndfile.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_RATE      768000
#define MAX_SECONDS   3600
#define MAX_CHANNELS  64
#define STREAM_LENGTH 0x7FFF0000u /* a writer to a pipe puts such a length: unknown */

static uint32_t little_endian(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* libsndfile reads a cut WAV as a shorter one and says nothing.  Walk the RIFF
 * chunks (id, length, padding to even) to "data" and compare with the file's end. */
static bool wav_is_cut(const char *path)
{
    unsigned char head[12];
    struct stat about;
    FILE *file = fopen(path, "rb");
    bool cut = false;

    if (file == NULL)
        return false;
    if (fstat(fileno(file), &about) == 0 && fread(head, 1, 12, file) == 12 &&
        memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0) {
        while (fread(head, 1, 8, file) == 8) {
            const uint32_t length = little_endian(head + 4);

            if (memcmp(head, "data", 4) == 0) {
                cut = length < STREAM_LENGTH && (off_t)length > about.st_size - ftello(file);
                break;
            }
            if (fseeko(file, (off_t)length + (length & 1), SEEK_CUR) != 0)
                break;
        }
    }
    fclose(file);
    return cut;
}

static snn_status open_clip(const char *path, SNDFILE **out, SF_INFO *about, snn_error *err)
{
    *about = (SF_INFO){0};
    *out = sf_open(path, SFM_READ, about);
    if (*out == NULL)
        return snn_error_set(err, SNN_EFORMAT, path, "cannot be read as a recording: %s",
                             sf_strerror(NULL));
    return SNN_OK;
}

snn_status snn_clip_probe(const char *path, bool mix, snn_clip_info *out, snn_error *err)
{
    SNDFILE *file = NULL;
    SF_INFO about;
    snn_status st;

    if (!snn_data_is_file(path))
        return snn_error_set(err, SNN_ENOTFOUND, path, "is missing or not a file");
    TRY(st, open_clip(path, &file, &about, err));
    if (about.channels != 1 && !(mix && about.channels > 1 && about.channels <= MAX_CHANNELS))
        st = snn_error_set(err, SNN_EFORMAT, path, "has %d channels; mix it to one first",
                           about.channels);
    else if (about.samplerate <= 0 || about.samplerate > MAX_RATE || about.frames < 0 ||
             about.frames > (sf_count_t)MAX_SECONDS * about.samplerate)
        st = snn_error_set(err, SNN_EFORMAT, path,
                           "claims %lld samples at %d Hz: not a clip of a word",
                           (long long)about.frames, about.samplerate);
    else if ((about.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_WAV && wav_is_cut(path))
        st = snn_error_set(err, SNN_EFORMAT, path,
                           "is shorter than its header says: fetch it again");
    if (st == SNN_OK)
        *out = (snn_clip_info){(uint32_t)about.samplerate, (uint32_t)about.channels,
                               (uint64_t)about.frames};

done:
    if (file != NULL)
        sf_close(file);
    return st;
}

uint64_t snn_clip_resampled(uint64_t n, uint32_t from, uint32_t to)
{
    return from == to ? n : (n * to + from - 1) / from;
}

snn_status snn_clip_resample(const char *path, const float *in, uint64_t n, uint32_t from,
                             uint32_t to, float *out, snn_error *err)
{
    const uint64_t wanted = snn_clip_resampled(n, from, to);
    SRC_DATA data = {.data_in = in,
                     .data_out = out,
                     .input_frames = (long)n,
                     .output_frames = (long)wanted,
                     .src_ratio = (double)to / (double)from};
    /* Medium: 121 dB, 5 ms a second of sound; the best takes 23 ms for 145 dB. */
    const int code = src_simple(&data, SRC_SINC_MEDIUM_QUALITY, 1);

    if (code != 0)
        return snn_error_set(err, SNN_EFORMAT, path, "cannot be resampled from %u to %u Hz: %s",
                             from, to, src_strerror(code));
    /* The converter may stop a sample early. */
    for (uint64_t i = (uint64_t)data.output_frames_gen; i < wanted; i++)
        out[i] = 0;
    return SNN_OK;
}

/* The mean of all channels; returns the frames that were there. */
static sf_count_t read_mixed(SNDFILE *file, uint32_t channels, sf_count_t n, float *out)
{
    float piece[MAX_CHANNELS * 64];
    sf_count_t done = 0;

    while (done < n) {
        const sf_count_t wanted = n - done < 64 ? n - done : 64;
        const sf_count_t got = sf_readf_float(file, piece, wanted);

        for (sf_count_t i = 0; i < got; i++) {
            double sum = 0;

            for (uint32_t c = 0; c < channels; c++)
                sum += (double)piece[i * channels + c];
            out[done + i] = (float)(sum / channels);
        }
        done += got > 0 ? got : 0;
        if (got < wanted)
            break;
    }
    return done;
}

snn_status snn_clip_read(const char *path, const snn_clip_info *info, uint32_t rate, float *scratch,
                         float *out, snn_error *err)
{
    float *target = info->rate == rate ? out : scratch;
    SNDFILE *file = NULL;
    SF_INFO about;
    sf_count_t n;
    snn_status st;

    TRY(st, open_clip(path, &file, &about, err));
    if ((uint64_t)about.frames != info->n_frames || (uint32_t)about.samplerate != info->rate ||
        (uint32_t)about.channels != info->channels) {
        st = snn_error_set(err, SNN_EIO, path, "changed while the data set was being opened");
        goto done;
    }
    n = info->channels == 1 ? sf_readf_float(file, target, about.frames)
                            : read_mixed(file, info->channels, about.frames, target);
    if (n != about.frames || sf_error(file) != SF_ERR_NO_ERROR) {
        st =
            snn_error_set(err, SNN_EFORMAT, path, "ends after %lld of %lld samples: fetch it again",
                          (long long)n, (long long)about.frames);
        goto done;
    }
    if (target == scratch && info->n_frames > 0)
        TRY(st, snn_clip_resample(path, scratch, info->n_frames, info->rate, rate, out, err));

done:
    if (file != NULL)
        sf_close(file);
    return st;
}
