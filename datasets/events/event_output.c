/* SPDX-License-Identifier: BSD-3-Clause */
/* A recording under way: "path.part" until it is complete; a pipe or device is written at once. */
#include "datasets/events/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM ((size_t)1 << 18)

bool snn_event_output_flows(const char *path)
{
    struct stat about;

    return strcmp(path, "-") == 0 || (stat(path, &about) == 0 && !S_ISREG(about.st_mode));
}

snn_status snn_event_output_open(snn_context *ctx, const char *path, snn_event_output *out,
                                 snn_error *err)
{
    const size_t bytes = strlen(path) + sizeof ".part";
    snn_status st = SNN_OK;

    *out = (snn_event_output){.ctx = ctx, .path = path, .fd = STDOUT_FILENO};
    TRY_ALLOC(st, ctx, out->buffer, ROOM, err);
    if (strcmp(path, "-") == 0) {
        out->path = "standard output";
        goto done;
    }
    out->fd = -1;
    out->own_fd = true;
    if (snn_event_output_flows(path)) {
        out->fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        TRY_ALLOC(st, ctx, out->part, bytes, err);
        snprintf(out->part, bytes, "%s.part", path);
        out->fd = open(out->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
    if (out->fd < 0) {
        st = snn_error_set(err, SNN_EIO, path, "cannot be written: %s", snn_data_errno_text());
        snn_free(ctx, out->part);
        out->part = NULL;
    }

done:
    return st;
}

static void flush(snn_event_output *out)
{
    const unsigned char *at = out->buffer;

    while (out->used > 0 && out->failed == 0) {
        const ssize_t done = write(out->fd, at, out->used);

        if (done < 0 && errno != EINTR)
            out->failed = errno;
        if (done > 0) {
            at += done;
            out->used -= (size_t)done;
            out->offset += (uint64_t)done;
        }
    }
    out->used = 0;
}

unsigned char *snn_event_output_put(snn_event_output *out, size_t n)
{
    unsigned char *at;

    if (out->used + n > ROOM)
        flush(out);
    at = out->buffer + out->used;
    out->used += n;
    return at;
}

void snn_event_output_bytes(snn_event_output *out, const void *bytes, size_t n)
{
    const unsigned char *from = bytes;

    while (n > 0) {
        const size_t step = n < SNN_EVENT_OUTPUT_MOST ? n : SNN_EVENT_OUTPUT_MOST;

        memcpy(snn_event_output_put(out, step), from, step);
        from += step;
        n -= step;
    }
}

snn_status snn_event_output_check(const snn_event_output *out, snn_error *err)
{
    if (out->failed == 0)
        return SNN_OK;
    errno = out->failed;
    return snn_error_set(err, SNN_EIO, out->path, "cannot be written: %s", snn_data_errno_text());
}

snn_status snn_event_output_commit(snn_event_output *out, snn_error *err)
{
    if (out->buffer != NULL)
        flush(out);
    if (out->part != NULL && out->failed == 0) {
        const int fd = out->fd;

        if (fsync(fd) != 0)
            out->failed = errno;
        out->fd = -1;
        if (close(fd) != 0 && out->failed == 0)
            out->failed = errno;
        if (out->failed == 0 && rename(out->part, out->path) != 0)
            out->failed = errno;
        if (out->failed == 0) {
            snn_free(out->ctx, out->part);
            out->part = NULL;
        }
    }
    return snn_event_output_check(out, err);
}

void snn_event_output_close(snn_event_output *out)
{
    if (out->own_fd && out->fd >= 0)
        close(out->fd);
    if (out->part != NULL) {
        unlink(out->part);
        snn_free(out->ctx, out->part);
    }
    if (out->buffer != NULL)
        snn_free(out->ctx, out->buffer);
    *out = (snn_event_output){.fd = -1};
}
