/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of a data set in the layout of Speech Commands:
 *
 *   word/prefix_nohash_k.wav|flac     a class is a folder; the prefix is the speaker
 *   testing_list.txt                  lines "word/file": the test split
 *   validation_list.txt               the same for validation; may be missing
 *
 * All other files train.  Folders that begin with '_' or '.' are no classes.  A
 * listed "x.wav" may be stored as "x.flac".
 */
#ifndef SNN_DATASETS_AUDIO_FILES_H
#define SNN_DATASETS_AUDIO_FILES_H

#include "datasets/data.h"

typedef struct snn_audio_file {
    const char *name; /* file name within its class */
    uint32_t label, speaker;
    snn_split split;
} snn_audio_file;

typedef struct snn_audio_files {
    snn_context *ctx;
    const char *folder; /* borrowed */
    snn_names classes;  /* sorted */
    snn_names *names;   /* file names of each class, sorted */
    uint32_t *begin;    /* first file of each class; one more at the end */
    uint32_t n;
    snn_audio_file *file; /* by class, then name */
    snn_names speakers;   /* by number, sorted */
} snn_audio_files;

/* With `lists` the test list must be there; else without it all train.  What lists name and
 * is not there, or twice, is an error; or, where `wrong` is not NULL, a line added to it.
 * `out` is zeroed by the caller; free it also on failure.  Errors: SNN_ENOTFOUND (list,
 * listed file, no classes), SNN_EFORMAT (list), SNN_EIO, SNN_ENOMEM. */
snn_status snn_audio_files_scan(snn_context *ctx, const char *folder, bool lists, snn_names *wrong,
                                snn_audio_files *out, snn_error *err);
/* folder/word/name of a file. */
snn_status snn_audio_files_path(const snn_audio_files *files, uint32_t i, char path[SNN_PATH_BYTES],
                                snn_error *err);
/* A number that changes when any file does: FNV-1a over names, splits, sizes and CRC-32 of
 * what each file holds. */
snn_status snn_audio_files_digest(const snn_audio_files *files, uint64_t *out, snn_error *err);
uint64_t snn_digest(uint64_t digest, const void *data, size_t bytes);
/* FNV-1a over a whole file.  Errors: SNN_EIO. */
snn_status snn_digest_file(const char *path, uint64_t *out, snn_error *err);
#define SNN_DIGEST_START UINT64_C(0xCBF29CE484222325) /* FNV offset basis */
void snn_audio_files_free(snn_audio_files *files);

#endif
