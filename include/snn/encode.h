/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sound to spikes: recordings as the events of a model of the ear, in the layout of
 * SHD and SSC.
 *
 *   cochlea   the chain that made SHD and SSC: basilar membrane, inner hair cells, 40
 *             nerve fibres and a bushy cell for each channel.  Unit 0 hears the highest
 *             tones (22.5 kHz), the last the lowest (110 Hz).  Statistically equal to
 *             the original, which draws unseeded numbers; here one seed, one output.
 *   level     for comparison: each band of a log-mel spectrogram sends an event where it
 *             has risen (units 0 .. channels/2 - 1) or fallen (channels/2 ..) by
 *             level_step since its last event; band 0 is the lowest.  No random numbers.
 */
#ifndef SNN_ENCODE_H
#define SNN_ENCODE_H

#include <snn/context.h>
#include <snn/dataset.h>

typedef enum snn_encoder_kind { SNN_ENCODER_COCHLEA, SNN_ENCODER_LEVEL } snn_encoder_kind;

/* How times are stored in a file. */
typedef enum snn_times { SNN_TIMES_FLOAT16, SNN_TIMES_FLOAT32 } snn_times;

/* Slowest rate in Hz at which the cochlea works: below 9080 Hz its hair cell's steps of
 * two samples are unstable.  Slower recordings are resampled to 16 kHz. */
#define SNN_ENCODE_MIN_RATE 16000u

/* What snn_encode_folder tells of a file that is complete. */
typedef struct snn_encode_report {
    snn_split split;
    const char *path;
    uint32_t samples;
    uint64_t events;
    uint32_t least, median, most; /* events of a sample */
    double sound_s;               /* length of the recordings that this run encoded */
    double work_s;                /* time that this run spent on it */
    uint32_t resumed;             /* samples that an earlier run had encoded */
    int kept;                     /* was there already, with the same settings */
} snn_encode_report;

typedef struct snn_encode_params {
    size_t size; /* sizeof(snn_encode_params), set by _init */
    snn_encoder_kind encoder;
    uint32_t channels; /* 1 .. 65535, level: even, 2 .. 2048; 0 = 700, level: 80 */
    uint64_t seed;
    uint32_t rate;     /* Hz that recordings are resampled to, 16000 .. 768000; 0 = their
                          own, but not below 16000 */
    double duration_s; /* each clip is cut, or filled with zeros at its end, to so many
                          seconds, at most 3600; 0 = as it is.  Level and ramps (cochlea: a
                          Hann window) span what there is of the recording */
    int mono;          /* mix several channels to one; else they are an error */
    snn_times times;
    float level_step;   /* level: ln(power) between events, 0.01 .. 20 */
    float level_hop_ms; /* level: time between spectra, 0.5 .. 1000 */
    /* snn_encode_folder: called as clips are done; a non-zero return stops with
     * SNN_EINTERRUPTED.  And after each file.  Both NULL by default. */
    int (*progress)(void *user, uint32_t done, uint32_t total);
    void (*report)(void *user, const snn_encode_report *report);
    void *user;
} snn_encode_params;

/* Events of one clip, sorted by tick, then unit.  Times in seconds are
 * tick / ticks_per_s.  Owned by the caller; free with snn_spikes_free. */
typedef struct snn_spikes {
    size_t n;
    uint32_t *tick;
    uint16_t *unit;
    double ticks_per_s;
} snn_spikes;

typedef struct snn_encoder snn_encoder;

SNN_BEGIN_DECLS

/* Defaults: cochlea of 700 channels, seed 0, own rate and length, float16, one channel
 * demanded; level steps of 1 (4.3 dB) every 5 ms. */
SNN_API void snn_encode_params_init(snn_encode_params *params);

/* An encoder with tables made when the first clip needs them (23 MB at 16 kHz and 700
 * channels).  Copies `params`; the context must outlive it.
 * Errors: SNN_EINVAL (a parameter, named), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_encoder_create(snn_context *ctx,
                                                   const snn_encode_params *params,
                                                   snn_encoder **out, snn_error *err);
SNN_API void snn_encoder_destroy(snn_encoder *encoder);

/* Encode n samples in [-1, 1] of one channel at `rate` Hz (n / rate <= 3600 s); the level
 * does not matter, as each clip is scaled.  `rate` and `duration_s` of the parameters
 * apply.  `key` names the clip: its random numbers depend on seed, key, channel and tick
 * alone.  Borrows samples and key.  A clip without samples has no events.
 * Errors: SNN_EINVAL (rate, n, samples that are not finite), SNN_ENOMEM.
 * Threads: one at a time. */
SNN_API SNN_MUST_USE snn_status snn_encode_clip(snn_encoder *encoder, const float *samples,
                                                size_t n, uint32_t rate, const char *key,
                                                snn_spikes *out, snn_error *err);
SNN_API void snn_spikes_free(snn_context *ctx, snn_spikes *spikes);

/* Encode recordings to out/NAME_train.h5, _valid.h5 and _test.h5.  `path` is
 *
 *   a folder in the layout of Speech Commands (word/name_nohash_k.wav or .flac;
 *            testing_list.txt, validation_list.txt: without them all train); NAME is its
 *            own name
 *   a list   a text file, columns separated by tabs, or by commas where its first line, which
 *            names them, has no tab: path (relative to the list's folder) and label; and, as
 *            there are, split (train, valid, test; "" = train), speaker, and of the speaker
 *            gender, age (years) and body_height.  Lines that begin with '#' are skipped.
 *            Classes and speakers are numbered as they first appear.  NAME is that of the list
 *            without its ending
 *
 * Splits without recordings get no file.  Files are as SHD's, and complete when they have
 * their names: one that is there with the same settings and recordings (by what these hold)
 * is kept, one that is there with others is an error.  What an interrupted or killed run had
 * encoded lies in NAME_split.h5.spool, and the next run goes on from there to the same bytes.
 * The same seed gives the same bytes on any number of threads.
 * Errors: SNN_EINVAL (a parameter; a file of other settings), SNN_ENOTFOUND, SNN_EIO,
 * SNN_EFORMAT (a recording, a line of a list), SNN_EINTERRUPTED (by progress), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_encode_folder(snn_context *ctx, const char *path,
                                                  const char *out, const snn_encode_params *params,
                                                  snn_error *err);

SNN_END_DECLS
#endif
