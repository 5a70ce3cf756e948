/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/data.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define LINE_BYTES 4096

const char *snn_data_errno_text(void)
{
    return strerror(errno);
}

snn_status snn_data_path(char out[SNN_PATH_BYTES], const char *folder, const char *name,
                         snn_error *err)
{
    const int n = snprintf(out, SNN_PATH_BYTES, "%s/%s", folder, name);

    if (n < 0 || n >= SNN_PATH_BYTES)
        return snn_error_set(err, SNN_EINVAL, name, "the path is longer than %d bytes",
                             SNN_PATH_BYTES - 1);
    return SNN_OK;
}

bool snn_data_is_file(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

bool snn_data_is_folder(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

bool snn_data_ends_with(const char *text, const char *tail)
{
    const size_t n = strlen(text), m = strlen(tail);

    return n >= m && strcmp(text + n - m, tail) == 0;
}

snn_status snn_data_make_folder(const char *path, snn_error *err)
{
    char part[SNN_PATH_BYTES];
    const size_t n = strlen(path);

    if (n == 0 || n >= sizeof part)
        return snn_error_set(err, SNN_EINVAL, path, "is not a usable folder name");
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return snn_error_set(err, SNN_EIO, part, "cannot make the folder: %s",
                                 snn_data_errno_text());
        part[i] = i < n ? '/' : '\0';
    }
    if (!snn_data_is_folder(path))
        return snn_error_set(err, SNN_EIO, path, "exists and is not a folder");
    return SNN_OK;
}

snn_status snn_data_write_text(const char *path, const char *text, snn_error *err)
{
    char temporary[SNN_PATH_BYTES];
    FILE *file = NULL;
    snn_status st = SNN_OK;

    if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary)
        return snn_error_set(err, SNN_EINVAL, path, "the path is too long");
    file = fopen(temporary, "wb");
    if (file == NULL || fputs(text, file) < 0 || fflush(file) != 0 || fsync(fileno(file)) != 0)
        st = snn_error_set(err, SNN_EIO, temporary, "cannot write: %s", snn_data_errno_text());
    if (file != NULL && fclose(file) != 0 && st == SNN_OK)
        st = snn_error_set(err, SNN_EIO, temporary, "cannot write: %s", snn_data_errno_text());
    if (st == SNN_OK && rename(temporary, path) != 0)
        st = snn_error_set(err, SNN_EIO, path, "cannot write: %s", snn_data_errno_text());
    if (st != SNN_OK && file != NULL)
        unlink(temporary);
    return st;
}

double snn_data_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int snn_data_thread(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

snn_status snn_names_add(snn_context *ctx, snn_names *names, const char *name, snn_error *err)
{
    const size_t bytes = strlen(name) + 1;

    if (names->bytes + bytes > names->room) {
        const size_t room = 2 * (names->bytes + bytes) + 1024;
        char *text = snn_alloc(ctx, room, 1);

        if (text == NULL)
            return snn_error_set(err, SNN_ENOMEM, name, "no memory for a list of names");
        if (names->bytes > 0)
            memcpy(text, names->text, names->bytes);
        snn_free(ctx, names->text);
        names->text = text;
        names->room = room;
    }
    memcpy(names->text + names->bytes, name, bytes);
    names->bytes += bytes;
    names->n++;
    return SNN_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

snn_status snn_names_finish(snn_context *ctx, snn_names *names, bool sorted, snn_error *err)
{
    const char *at = names->text;

    names->name = snn_alloc(ctx, names->n, sizeof *names->name);
    if (names->name == NULL)
        return snn_error_set(err, SNN_ENOMEM, NULL, "no memory for a list of names");
    for (size_t i = 0; i < names->n; i++) {
        names->name[i] = at;
        at += strlen(at) + 1;
    }
    if (sorted && names->n > 1)
        qsort(names->name, names->n, sizeof *names->name, compare_names);
    return SNN_OK;
}

snn_status snn_names_folder(snn_context *ctx, const char *folder, snn_names *names, snn_error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    snn_status st = SNN_OK;

    if (dir == NULL)
        return snn_error_set(err, errno == ENOENT ? SNN_ENOTFOUND : SNN_EIO, folder,
                             "cannot open the folder: %s", snn_data_errno_text());
    for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0)
        if (entry->d_name[0] != '.')
            TRY(st, snn_names_add(ctx, names, entry->d_name, err));
    if (errno != 0) {
        st = snn_error_set(err, SNN_EIO, folder, "cannot list the folder: %s",
                           snn_data_errno_text());
        goto done;
    }
    TRY(st, snn_names_finish(ctx, names, true, err));

done:
    closedir(dir);
    return st;
}

snn_status snn_names_lines(snn_context *ctx, const char *path, snn_names *names, snn_error *err)
{
    char line[LINE_BYTES];
    FILE *file = fopen(path, "rb");
    snn_status st = SNN_OK;

    if (file == NULL)
        return snn_error_set(err, errno == ENOENT ? SNN_ENOTFOUND : SNN_EIO, path,
                             "cannot open: %s", snn_data_errno_text());
    while (fgets(line, sizeof line, file) != NULL) {
        size_t n = strlen(line);

        if (n + 1 == sizeof line && line[n - 1] != '\n') {
            st = snn_error_set(err, SNN_EFORMAT, path,
                               "line %zu is longer than %d bytes: not a list", names->n + 1,
                               LINE_BYTES - 1);
            goto done;
        }
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            line[--n] = '\0';
        TRY(st, snn_names_add(ctx, names, line, err));
    }
    if (ferror(file)) {
        st = snn_error_set(err, SNN_EIO, path, "cannot read: %s", snn_data_errno_text());
        goto done;
    }
    TRY(st, snn_names_finish(ctx, names, false, err));

done:
    fclose(file);
    return st;
}

ptrdiff_t snn_names_find(const snn_names *names, const char *name)
{
    size_t low = 0, high = names->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(names->name[middle], name);

        if (order == 0)
            return (ptrdiff_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

void snn_names_free(snn_context *ctx, snn_names *names)
{
    snn_free(ctx, names->name);
    snn_free(ctx, names->text);
    *names = (snn_names){0};
}
