/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data sets: labelled samples in three splits, read one at a time through one
 * interface.  Files are opened by snn_dataset_open; a program brings its own
 * data by filling an snn_dataset_ops.
 */
#ifndef SNN_DATASET_H
#define SNN_DATASET_H

#include <snn/context.h>
#include <snn/params.h>

typedef enum snn_split { SNN_SPLIT_TRAIN, SNN_SPLIT_VALID, SNN_SPLIT_TEST, SNN_SPLITS } snn_split;

#define SNN_NO_SPEAKER UINT32_MAX

/*
 * One sample as the network sees it: `steps` frames of n_inputs values, either
 * dense or as cells that are not zero.
 *
 *   dense    frames[t * n_inputs + i]
 *   sparse   the cells of step t are first[t] .. first[t+1]-1;
 *            cell k adds count[k] to input unit[k].
 *
 * The arrays belong to the data set, or lie in the scratch block that `read`
 * was given; they hold until the next read with the same scratch.
 */
typedef struct snn_sample {
    uint32_t label;
    uint32_t speaker; /* SNN_NO_SPEAKER where unknown */
    uint32_t steps;
    const float *frames;   /* dense, or NULL */
    const uint32_t *first; /* sparse: steps + 1 entries */
    const uint16_t *unit;
    const uint8_t *count;
} snn_sample;

typedef struct snn_dataset_info {
    const char *kind; /* "spikes", "audio" or the program's own word; static */
    uint32_t n_inputs;
    uint32_t n_classes;
    uint32_t count[SNN_SPLITS]; /* samples of each split */
    uint32_t max_steps;         /* longest sample of any split */
    size_t scratch_bytes;       /* what one reader needs; 0 = none */
    float time_step_ms;
} snn_dataset_info;

/* What a data set does.  `read` may be called by several threads at a time,
 * each with its own scratch of info.scratch_bytes (aligned to 64). */
typedef struct snn_dataset_ops {
    size_t size; /* sizeof(snn_dataset_ops) */
    snn_status (*read)(void *self, snn_split split, uint32_t index, void *scratch, snn_sample *out,
                       snn_error *err);
    /* Optional: name of a class; a stable key of a sample ("zero/theo_nohash_3.flac"). */
    const char *(*class_name)(void *self, uint32_t label);
    snn_status (*key)(void *self, snn_split split, uint32_t index, char *text, size_t size);
    void (*destroy)(void *self);
} snn_dataset_ops;

typedef struct snn_dataset snn_dataset;

SNN_BEGIN_DECLS

/* Wrap a program's own data.  Takes `self` (destroyed through ops->destroy when
 * that is set, also on failure); copies `ops` and `info`. */
SNN_API SNN_MUST_USE snn_status snn_dataset_create(snn_context *ctx, const snn_dataset_ops *ops,
                                                   const snn_dataset_info *info, void *self,
                                                   snn_dataset **out, snn_error *err);
SNN_API void snn_dataset_destroy(snn_dataset *dataset);

SNN_API const snn_dataset_info *snn_dataset_get_info(const snn_dataset *dataset);

/* Read one sample and check it (label, steps, units in range).
 * Errors: SNN_EINVAL (index), SNN_EIO, SNN_EFORMAT. */
SNN_API SNN_MUST_USE snn_status snn_dataset_read(snn_dataset *dataset, snn_split split,
                                                 uint32_t index, void *scratch, snn_sample *out,
                                                 snn_error *err);
/* Never NULL: "class 3" where the set has no names. `text` holds the made-up name. */
SNN_API const char *snn_dataset_class_name(snn_dataset *dataset, uint32_t label, char text[32]);
SNN_API SNN_MUST_USE snn_status snn_dataset_key(snn_dataset *dataset, snn_split split,
                                                uint32_t index, char *text, size_t size);
SNN_API const char *snn_split_name(snn_split split);

/* Open a folder: one with *_train.h5[.gz] is read as SHD spikes, one with
 * word/file.wav|flac as Speech Commands audio.  Errors: SNN_ENOTFOUND,
 * SNN_EIO, SNN_EFORMAT (file and place named), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_dataset_open(snn_context *ctx, const char *path,
                                                 const snn_data_params *params, snn_dataset **out,
                                                 snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_dataset_open_spikes(snn_context *ctx, const char *path,
                                                        const snn_data_params *params,
                                                        snn_dataset **out, snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_dataset_open_audio(snn_context *ctx, const char *path,
                                                       const snn_data_params *params,
                                                       snn_dataset **out, snn_error *err);

/* Frame the events of one sample (times in seconds as stored, units raw; for the
 * framing `paper` in order of time).  Events in or after step max_steps, or at or
 * after max_time_ms, are dropped and counted.
 * Writes at most n cells sorted by step, then unit; `first` holds max_steps + 1
 * entries.  Returns the number of frames; *n_cells and *n_dropped are set. */
typedef struct snn_events {
    size_t n;
    const float *time_s; /* exactly representable float16 values where the file is float16 */
    const uint32_t *unit;
} snn_events;
SNN_API SNN_MUST_USE snn_status snn_frame_events(const snn_data_params *params,
                                                 const snn_events *events, uint32_t max_steps,
                                                 uint32_t *first, uint16_t *unit, uint8_t *count,
                                                 uint32_t *steps, size_t *n_cells,
                                                 size_t *n_dropped, snn_error *err);

typedef struct snn_digits_params {
    size_t size; /* sizeof(snn_digits_params) */
    uint64_t seed;
    uint32_t clips;     /* about this many in all; at least 40 */
    const char *espeak; /* program; NULL = "espeak-ng" */
    /* Called as clips are done; a non-zero return stops with SNN_EINTERRUPTED. */
    int (*progress)(void *user, uint32_t done, uint32_t total);
    void *user;
} snn_digits_params;

/* Synthesise spoken digits 0-9, English and German (20 words), from espeak-ng
 * voices with varied pitch and rate into `folder` in the Speech Commands layout
 * (word/voice_nohash_k.wav, validation_list.txt, testing_list.txt).  Voices of
 * the test list occur in no other split.  Same seed, same files. */
SNN_API SNN_MUST_USE snn_status snn_make_digits(snn_context *ctx, const char *folder,
                                                const snn_digits_params *params, snn_error *err);

SNN_END_DECLS
#endif
