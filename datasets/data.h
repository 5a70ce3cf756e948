/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the data-set readers share: leaving on failure, paths, sorted lists of
 * names, text files by line.
 */
#ifndef SNN_DATASETS_DATA_H
#define SNN_DATASETS_DATA_H

#include <snn/context.h>
#include <snn/dataset.h>

#include <stdbool.h>

/* If the call fails, leave through the function's one exit. */
#define TRY(status, call)                                                                          \
    do {                                                                                           \
        (status) = (call);                                                                         \
        if ((status) != SNN_OK)                                                                    \
            goto done;                                                                             \
    } while (0)

/* A zeroed block for `pointer` of n elements, or leave with SNN_ENOMEM. */
#define TRY_ALLOC(status, ctx, pointer, n, err)                                                    \
    do {                                                                                           \
        (pointer) = snn_alloc((ctx), (n), sizeof *(pointer));                                      \
        (status) = SNN_OK;                                                                         \
        if ((pointer) == NULL) {                                                                   \
            (status) = snn_error_set((err), SNN_ENOMEM, NULL, "no memory for the data set");       \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

#define SNN_COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SNN_PATH_BYTES   4096

/* What is wrong with an errno or a library's own text, for messages. */
const char *snn_data_errno_text(void);

/* folder/name into `out`.  Errors: SNN_EINVAL (too long). */
snn_status snn_data_path(char out[SNN_PATH_BYTES], const char *folder, const char *name,
                         snn_error *err);
bool snn_data_is_file(const char *path);
bool snn_data_is_folder(const char *path);
bool snn_data_ends_with(const char *text, const char *tail);

/* Make a folder and its parents; what exists is fine.  Errors: SNN_EIO. */
snn_status snn_data_make_folder(const char *path, snn_error *err);

/* Write a whole text file atomically (temporary, fsync, rename).  Errors: SNN_EIO. */
snn_status snn_data_write_text(const char *path, const char *text, snn_error *err);

/* Seconds of a clock that never goes back. */
double snn_data_seconds(void);

/* The calling thread's number in the parallel region it is in, from 0. */
int snn_data_thread(void);

/* A list of names in one block of text.  Zero it before use. */
typedef struct snn_names {
    char *text; /* the names, each with its NUL */
    size_t bytes, room;
    const char **name; /* after snn_names_finish: pointers into text, in order */
    size_t n;
} snn_names;

snn_status snn_names_add(snn_context *ctx, snn_names *names, const char *name, snn_error *err);
/* Build `name`; with `sorted` in strcmp order. */
snn_status snn_names_finish(snn_context *ctx, snn_names *names, bool sorted, snn_error *err);
/* Entries of a folder except those that begin with '.', sorted. */
snn_status snn_names_folder(snn_context *ctx, const char *folder, snn_names *names, snn_error *err);
/* Lines of a text file in order, without line ends; empty lines stay. */
snn_status snn_names_lines(snn_context *ctx, const char *path, snn_names *names, snn_error *err);
/* Index of `name` in a sorted list, or -1. */
ptrdiff_t snn_names_find(const snn_names *names, const char *name);
void snn_names_free(snn_context *ctx, snn_names *names);

#endif
