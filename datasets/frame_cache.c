/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/frame_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define VERSION         1
#define BYTE_ORDER_MARK 0x01020304u
#define HEAD_BYTES      64
#define ALIGNMENT       64

struct head {
    char magic[8];
    uint32_t version, byte_order;
    uint64_t key;
    uint32_t n_samples, n_bands;
    uint64_t n_frames;
    uint32_t crc;
    uint32_t zero[5];
};
_Static_assert(sizeof(struct head) == HEAD_BYTES, "the file's header has 64 bytes");

struct row { /* of the table */
    uint32_t steps, crc;
};

static uint64_t table_bytes(uint32_t n_samples, uint32_t n_bands)
{
    return (uint64_t)n_samples * sizeof(struct row) + 2 * (uint64_t)n_bands * sizeof(float);
}

static uint64_t values_offset(uint32_t n_samples, uint32_t n_bands)
{
    return (HEAD_BYTES + table_bytes(n_samples, n_bands) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

uint64_t snn_frames_bytes(const uint32_t *steps, uint32_t n_samples, uint32_t n_bands)
{
    uint64_t frames = 0;

    for (uint32_t i = 0; i < n_samples; i++)
        frames += steps[i];
    return frames * n_bands * sizeof(float);
}

static uint32_t sum_of(uint32_t crc, const void *data, uint64_t bytes)
{
    return (uint32_t)crc32_z(crc, data, bytes);
}

static uint32_t head_sum(const struct head *head, const void *table)
{
    const uint32_t crc = sum_of(0, head, offsetof(struct head, crc));

    return sum_of(crc, table, table_bytes(head->n_samples, head->n_bands));
}

static uint32_t sample_sum(const snn_frames *f, uint32_t i)
{
    return sum_of(0, f->values + f->first[i] * f->n_bands,
                  (f->first[i + 1] - f->first[i]) * f->n_bands * sizeof(float));
}

/* Where the samples begin. */
static snn_status set_first(snn_frames *f, const struct row *row, const uint32_t *steps,
                            snn_error *err)
{
    snn_status st;

    TRY_ALLOC(st, f->ctx, f->first, (size_t)f->n_samples + 1, err);
    for (uint32_t i = 0; i < f->n_samples; i++) {
        const uint32_t n = row != NULL ? row[i].steps : steps[i];

        f->first[i + 1] = f->first[i] + n;
        f->max_steps = n > f->max_steps ? n : f->max_steps;
    }

done:
    return st;
}

/* NULL if the mapped file is right, else what is wrong.  Sets `first`. */
static const char *check_map(snn_frames *f, snn_error *err)
{
    const struct head *head = f->map;
    const struct row *row = (const void *)(head + 1);
    const uint64_t offset = values_offset(f->n_samples, f->n_bands);
    int wrong = 0;

    if (memcmp(head->magic, "snnframe", 8) != 0 || head->byte_order != BYTE_ORDER_MARK)
        return "is not a cache of this kind of machine";
    if (head->version != VERSION)
        return "has another version";
    if (head->key != f->key || head->n_samples != f->n_samples || head->n_bands != f->n_bands)
        return "belongs to other recordings or settings";
    if (f->map_bytes < offset ||
        (f->map_bytes - offset) / sizeof(float) / f->n_bands < head->n_frames ||
        f->map_bytes != offset + head->n_frames * f->n_bands * sizeof(float))
        return "has the wrong length";
    if (head->crc != head_sum(head, row))
        return "has a damaged table";
    if (set_first(f, row, NULL, err) != SNN_OK)
        return "does not fit in memory";
    if (f->first[f->n_samples] != head->n_frames)
        return "has a table that does not add up";
    f->values = (float *)(void *)((char *)f->map + offset);
    f->mean = (float *)(void *)((char *)f->map + HEAD_BYTES + f->n_samples * sizeof *row);
    f->deviation = f->mean + f->n_bands;
#pragma omp parallel for schedule(dynamic, 256) num_threads(snn_context_threads(f->ctx))
    for (uint32_t i = 0; i < f->n_samples; i++)
        if (sample_sum(f, i) != row[i].crc) {
#pragma omp atomic write
            wrong = 1;
        }
    return wrong ? "has damaged frames" : NULL;
}

snn_status snn_frames_open(snn_context *ctx, const char *path, uint64_t key, uint32_t n_samples,
                           uint32_t n_bands, snn_frames *out, snn_error *err)
{
    snn_frames *f = out;
    struct stat about;
    const char *wrong;
    snn_status st = SNN_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *f = (snn_frames){
        .ctx = ctx, .key = key, .n_samples = n_samples, .n_bands = n_bands, .file = -1};
    if (fd < 0)
        return snn_error_set(err, errno == ENOENT ? SNN_ENOTFOUND : SNN_EIO, path,
                             "cannot open: %s", snn_data_errno_text());
    if (fstat(fd, &about) != 0 || about.st_size < HEAD_BYTES) {
        st = snn_error_set(err, SNN_EFORMAT, path, "has the wrong length");
        goto done;
    }
    f->map_bytes = (size_t)about.st_size;
    f->map = mmap(NULL, f->map_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (f->map == MAP_FAILED) {
        f->map = NULL;
        st = snn_error_set(err, SNN_EIO, path, "cannot be mapped: %s", snn_data_errno_text());
        goto done;
    }
    wrong = check_map(f, err);
    if (wrong != NULL)
        st = snn_error_set(err, SNN_EFORMAT, path, "%s", wrong);

done:
    close(fd);
    if (st != SNN_OK)
        snn_frames_close(f);
    return st;
}

/* Reserve the file's blocks at once: a full disk must show here, not as SIGBUS. */
static snn_status map_new_file(snn_frames *f, uint64_t bytes, snn_error *err)
{
    int code;

    snprintf(f->temporary, sizeof f->temporary, "%s.%ld.part", f->path, (long)getpid());
    f->file = open(f->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (f->file < 0)
        return snn_error_set(err, SNN_EIO, f->temporary, "cannot make the file: %s",
                             snn_data_errno_text());
    code = posix_fallocate(f->file, 0, (off_t)bytes);
    if (code != 0)
        return snn_error_set(err, SNN_EIO, f->temporary,
                             "cannot reserve %llu MiB: %s; set data.cache "
                             "to a folder with more space",
                             (unsigned long long)(bytes >> 20), strerror(code));
    f->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f->file, 0);
    if (f->map == MAP_FAILED) {
        f->map = NULL;
        return snn_error_set(err, SNN_EIO, f->temporary, "cannot be mapped: %s",
                             snn_data_errno_text());
    }
    f->map_bytes = bytes;
    return SNN_OK;
}

snn_status snn_frames_begin(snn_context *ctx, const char *path, uint64_t key, const uint32_t *steps,
                            uint32_t n_samples, uint32_t n_bands, snn_frames *out, snn_error *err)
{
    const uint64_t offset = values_offset(n_samples, n_bands);
    const uint64_t bytes = snn_frames_bytes(steps, n_samples, n_bands);
    snn_frames *f = out;
    snn_status st;

    *f = (snn_frames){
        .ctx = ctx, .key = key, .n_samples = n_samples, .n_bands = n_bands, .file = -1};
    TRY(st, set_first(f, NULL, steps, err));
    if (path == NULL) {
        TRY_ALLOC(st, ctx, f->values, bytes / sizeof(float), err);
        TRY_ALLOC(st, ctx, f->mean, 2 * (size_t)n_bands, err);
    } else {
        if (snprintf(f->path, sizeof f->path, "%s", path) >= (int)sizeof f->path) {
            st = snn_error_set(err, SNN_EINVAL, path, "the path is too long");
            goto done;
        }
        TRY(st, map_new_file(f, offset + bytes, err));
        f->values = (float *)(void *)((char *)f->map + offset);
        f->mean = (float *)(void *)((char *)f->map + HEAD_BYTES + n_samples * sizeof(struct row));
    }
    f->deviation = f->mean + n_bands;

done:
    if (st != SNN_OK)
        snn_frames_close(f);
    return st;
}

snn_status snn_frames_commit(snn_frames *f, snn_error *err)
{
    struct head *head = f->map;
    struct row *row;

    if (head == NULL) /* in memory */
        return SNN_OK;
    row = (void *)(head + 1);
#pragma omp parallel for schedule(dynamic, 256) num_threads(snn_context_threads(f->ctx))
    for (uint32_t i = 0; i < f->n_samples; i++)
        row[i] = (struct row){(uint32_t)(f->first[i + 1] - f->first[i]), sample_sum(f, i)};
    *head = (struct head){.magic = "snnframe",
                          .version = VERSION,
                          .byte_order = BYTE_ORDER_MARK,
                          .key = f->key,
                          .n_samples = f->n_samples,
                          .n_bands = f->n_bands,
                          .n_frames = f->first[f->n_samples]};
    head->crc = head_sum(head, row);
    if (msync(f->map, f->map_bytes, MS_SYNC) != 0 || fsync(f->file) != 0 ||
        rename(f->temporary, f->path) != 0)
        return snn_error_set(err, SNN_EIO, f->path, "cannot write the cache: %s",
                             snn_data_errno_text());
    close(f->file);
    f->file = -1;
    return SNN_OK;
}

void snn_frames_close(snn_frames *f)
{
    if (f->ctx == NULL)
        return;
    if (f->map != NULL)
        munmap(f->map, f->map_bytes);
    else {
        snn_free(f->ctx, f->values);
        snn_free(f->ctx, f->mean);
    }
    if (f->file >= 0) {
        close(f->file);
        unlink(f->temporary);
    }
    snn_free(f->ctx, f->first);
    *f = (snn_frames){.file = -1};
}
