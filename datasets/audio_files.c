/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/audio_files.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define FNV_PRIME UINT64_C(0x100000001B3)

static bool is_recording(const char *name)
{
    return snn_data_ends_with(name, ".wav") || snn_data_ends_with(name, ".flac");
}

/* Length of a name without its ending. */
static size_t stem(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL ? (size_t)(dot - name) : strlen(name);
}

/* Folders of `folder` that are classes. */
static snn_status find_classes(snn_audio_files *f, snn_error *err)
{
    snn_names all = {0};
    char path[SNN_PATH_BYTES];
    snn_status st;

    TRY(st, snn_names_folder(f->ctx, f->folder, &all, err));
    for (size_t i = 0; i < all.n; i++) {
        TRY(st, snn_data_path(path, f->folder, all.name[i], err));
        if (all.name[i][0] != '_' && snn_data_is_folder(path))
            TRY(st, snn_names_add(f->ctx, &f->classes, all.name[i], err));
    }
    TRY(st, snn_names_finish(f->ctx, &f->classes, true, err));
    if (f->classes.n == 0)
        st = snn_error_set(err, SNN_ENOTFOUND, f->folder, "holds no word folders");

done:
    snn_names_free(f->ctx, &all);
    return st;
}

/* Recordings of one class; two with the same name but for the ending are an error. */
static snn_status find_recordings(snn_audio_files *f, size_t c, snn_error *err)
{
    snn_names all = {0};
    char path[SNN_PATH_BYTES];
    const char *before = NULL;
    snn_status st;

    TRY(st, snn_data_path(path, f->folder, f->classes.name[c], err));
    TRY(st, snn_names_folder(f->ctx, path, &all, err));
    for (size_t i = 0; i < all.n; i++) {
        const char *name = all.name[i];

        if (!is_recording(name))
            continue;
        if (before != NULL && stem(before) == stem(name) &&
            strncmp(before, name, stem(name)) == 0) {
            st = snn_error_set(err, SNN_EFORMAT, path, "holds both %s and %s: remove one", before,
                               name);
            goto done;
        }
        TRY(st, snn_names_add(f->ctx, &f->names[c], name, err));
        before = name;
    }
    TRY(st, snn_names_finish(f->ctx, &f->names[c], true, err));

done:
    snn_names_free(f->ctx, &all);
    return st;
}

static snn_status list_files(snn_audio_files *f, snn_error *err)
{
    size_t n = 0;
    snn_status st;

    TRY_ALLOC(st, f->ctx, f->names, f->classes.n, err);
    TRY_ALLOC(st, f->ctx, f->begin, f->classes.n + 1, err);
    for (size_t c = 0; c < f->classes.n; c++) {
        TRY(st, find_recordings(f, c, err));
        n += f->names[c].n;
        f->begin[c + 1] = (uint32_t)n;
    }
    if (n == 0 || n >= UINT32_MAX) {
        st = snn_error_set(err, SNN_ENOTFOUND, f->folder,
                           "holds %zu recordings (word/file.wav or .flac)", n);
        goto done;
    }
    f->n = (uint32_t)n;
    TRY_ALLOC(st, f->ctx, f->file, n, err);
    for (uint32_t c = 0; c < f->classes.n; c++)
        for (uint32_t i = 0; i < f->names[c].n; i++)
            f->file[f->begin[c] + i] = (snn_audio_file){.name = f->names[c].name[i],
                                                        .label = c,
                                                        .speaker = SNN_NO_SPEAKER,
                                                        .split = SNN_SPLIT_TRAIN};

done:
    return st;
}

/* Index of "word/file" with any of the endings, or -1. */
static ptrdiff_t find_listed(const snn_audio_files *f, const char *line)
{
    static const char *const endings[] = {".wav", ".flac"};
    const char *slash = strchr(line, '/');
    char text[SNN_PATH_BYTES];
    ptrdiff_t c;

    if (slash == NULL || strlen(line) + 8 > sizeof text)
        return -1;
    snprintf(text, sizeof text, "%.*s", (int)(slash - line), line);
    c = snn_names_find(&f->classes, text);
    if (c < 0)
        return -1;
    for (size_t e = 0; e < SNN_COUNT(endings); e++) {
        ptrdiff_t i;

        snprintf(text, sizeof text, "%.*s%s", (int)stem(slash + 1), slash + 1, endings[e]);
        i = snn_names_find(&f->names[c], text);
        if (i >= 0)
            return (ptrdiff_t)f->begin[c] + i;
    }
    return -1;
}

/* A line of a list that cannot be followed: an error, or noted among what is wrong. */
static snn_status bad_line(snn_audio_files *f, snn_status st, const char *where, const char *name,
                           const char *what, snn_names *wrong, snn_error *err)
{
    char text[SNN_PATH_BYTES + 512];

    if (wrong == NULL)
        return snn_error_set(err, st, where, "%s %s", name, what);
    snprintf(text, sizeof text, "%s: %s %s", where, name, what);
    return snn_names_add(f->ctx, wrong, text, err);
}

static snn_status take_list(snn_audio_files *f, const char *list, snn_split split, snn_names *wrong,
                            snn_error *err)
{
    snn_names lines = {0};
    char path[SNN_PATH_BYTES], where[SNN_PATH_BYTES + 32];
    snn_status st;

    TRY(st, snn_data_path(path, f->folder, list, err));
    st = snn_names_lines(f->ctx, path, &lines, err);
    if (st == SNN_ENOTFOUND && split == SNN_SPLIT_VALID) {
        st = SNN_OK;
        goto done;
    }
    if (st == SNN_ENOTFOUND)
        st = snn_error_set(err, SNN_ENOTFOUND, path,
                           "is missing: it names the test recordings, one word/file a line");
    for (size_t i = 0; st == SNN_OK && i < lines.n; i++) {
        ptrdiff_t k;

        if (lines.name[i][0] == '\0')
            continue;
        snprintf(where, sizeof where, "%s:%zu", path, i + 1);
        k = find_listed(f, lines.name[i]);
        if (k < 0)
            st = bad_line(f, SNN_ENOTFOUND, where, lines.name[i],
                          "is not there, neither as .wav nor as .flac", wrong, err);
        else if (f->file[k].split != SNN_SPLIT_TRAIN)
            st = bad_line(f, SNN_EFORMAT, where, lines.name[i], "is listed twice", wrong, err);
        else
            f->file[k].split = split;
    }

done:
    snn_names_free(f->ctx, &lines);
    return st;
}

/* Speakers are numbered in the sorted order of the text before "_nohash_". */
static snn_status number_speakers(snn_audio_files *f, snn_error *err)
{
    snn_names *all = &f->speakers;
    char text[SNN_PATH_BYTES];
    uint32_t n = 0;
    snn_status st = SNN_OK;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < f->n; i++) {
            const char *end = strstr(f->file[i].name, "_nohash_");

            if (end == NULL)
                continue;
            snprintf(text, sizeof text, "%.*s", (int)(end - f->file[i].name), f->file[i].name);
            if (pass == 0)
                TRY(st, snn_names_add(f->ctx, all, text, err));
            else
                f->file[i].speaker = (uint32_t)snn_names_find(all, text);
        }
        if (pass == 1)
            break;
        TRY(st, snn_names_finish(f->ctx, all, true, err));
        for (size_t i = 0; i < all->n; i++) /* each once */
            if (n == 0 || strcmp(all->name[n - 1], all->name[i]) != 0)
                all->name[n++] = all->name[i];
        all->n = n;
    }

done:
    return st;
}

snn_status snn_audio_files_scan(snn_context *ctx, const char *folder, bool lists, snn_names *wrong,
                                snn_audio_files *out, snn_error *err)
{
    char path[SNN_PATH_BYTES];
    snn_status st;

    *out = (snn_audio_files){.ctx = ctx, .folder = folder};
    TRY(st, find_classes(out, err));
    TRY(st, list_files(out, err));
    TRY(st, snn_data_path(path, folder, "testing_list.txt", err));
    if (lists || snn_data_is_file(path))
        TRY(st, take_list(out, "testing_list.txt", SNN_SPLIT_TEST, wrong, err));
    TRY(st, take_list(out, "validation_list.txt", SNN_SPLIT_VALID, wrong, err));
    TRY(st, number_speakers(out, err));

done:
    return st;
}

snn_status snn_audio_files_path(const snn_audio_files *f, uint32_t i, char path[SNN_PATH_BYTES],
                                snn_error *err)
{
    const int n = snprintf(path, SNN_PATH_BYTES, "%s/%s/%s", f->folder,
                           f->classes.name[f->file[i].label], f->file[i].name);

    if (n < 0 || n >= SNN_PATH_BYTES)
        return snn_error_set(err, SNN_EINVAL, f->file[i].name, "the path is longer than %d bytes",
                             SNN_PATH_BYTES - 1);
    return SNN_OK;
}

uint64_t snn_digest(uint64_t digest, const void *data, size_t bytes)
{
    const unsigned char *byte = data;

    for (size_t i = 0; i < bytes; i++)
        digest = (digest ^ byte[i]) * FNV_PRIME;
    return digest;
}

snn_status snn_digest_file(const char *path, uint64_t *out, snn_error *err)
{
    unsigned char piece[1 << 14];
    FILE *file = fopen(path, "rb");
    uint64_t digest = SNN_DIGEST_START;
    bool good;
    size_t n;

    if (file == NULL)
        return snn_error_set(err, SNN_EIO, path, "cannot open: %s", snn_data_errno_text());
    while ((n = fread(piece, 1, sizeof piece, file)) > 0)
        digest = snn_digest(digest, piece, n);
    good = !ferror(file);
    fclose(file);
    if (!good)
        return snn_error_set(err, SNN_EIO, path, "cannot read: %s", snn_data_errno_text());
    *out = digest;
    return SNN_OK;
}

/* Size and CRC-32 of what a file holds; false with errno set when it cannot be read. */
static bool sum_file(const char *path, uint64_t *size, uint32_t *crc)
{
    unsigned char block[1 << 14];
    FILE *file = fopen(path, "rb");
    bool good;
    size_t n;

    if (file == NULL)
        return false;
    *size = 0;
    *crc = 0;
    while ((n = fread(block, 1, sizeof block, file)) > 0) {
        *crc = (uint32_t)crc32_z(*crc, block, n);
        *size += n;
    }
    good = ferror(file) == 0;
    fclose(file);
    return good;
}

/* What the digest takes of one file. */
typedef struct {
    uint64_t size;
    uint32_t crc;
    uint32_t split; /* decides what standardises */
} file_sum;

static snn_status sum_files(const snn_audio_files *f, file_sum *sum, snn_error *err)
{
    snn_status st = SNN_OK;

#pragma omp parallel for schedule(dynamic, 16) num_threads(snn_context_threads(f->ctx))
    for (uint32_t i = 0; i < f->n; i++) {
        char path[SNN_PATH_BYTES];
        snn_error why = {0};
        snn_status own = snn_audio_files_path(f, i, path, &why);

        sum[i].split = (uint32_t)f->file[i].split;
        if (own == SNN_OK && !sum_file(path, &sum[i].size, &sum[i].crc))
            own = snn_error_set(&why, SNN_EIO, path, "cannot be read: %s", snn_data_errno_text());
        if (own != SNN_OK) {
#pragma omp critical(snn_sum_files)
            if (st == SNN_OK) {
                st = own;
                if (err != NULL)
                    *err = why;
            }
        }
    }
    return st;
}

snn_status snn_audio_files_digest(const snn_audio_files *f, uint64_t *out, snn_error *err)
{
    uint64_t digest = SNN_DIGEST_START;
    file_sum *sum = NULL;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, f->ctx, sum, f->n, err);
    TRY(st, sum_files(f, sum, err));
    for (uint32_t i = 0; i < f->n; i++) {
        const char *class_name = f->classes.name[f->file[i].label], *name = f->file[i].name;

        digest = snn_digest(digest, class_name, strlen(class_name) + 1);
        digest = snn_digest(digest, name, strlen(name) + 1);
        digest = snn_digest(digest, &sum[i], sizeof sum[i]);
    }
    *out = digest;
done:
    snn_free(f->ctx, sum);
    return st;
}

void snn_audio_files_free(snn_audio_files *f)
{
    if (f->ctx == NULL)
        return;
    for (size_t c = 0; f->names != NULL && c < f->classes.n; c++)
        snn_names_free(f->ctx, &f->names[c]);
    snn_free(f->ctx, f->file);
    snn_free(f->ctx, f->begin);
    snn_free(f->ctx, f->names);
    snn_names_free(f->ctx, &f->speakers);
    snn_names_free(f->ctx, &f->classes);
    *f = (snn_audio_files){0};
}
