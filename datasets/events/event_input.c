/* SPDX-License-Identifier: BSD-3-Clause */
/* The window over a recording's bytes: file, pipe or memory. */
#include "datasets/events/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_ROOM ((size_t)1 << 18)

snn_status snn_event_fail_at(const snn_event_input *in, uint64_t offset, snn_status status,
                             snn_error *err, const char *format, ...)
{
    char where[SNN_ERROR_WHERE], what[SNN_ERROR_WHAT];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(where, sizeof where, "%s: byte %llu", in->name, (unsigned long long)offset);
    return snn_error_set(err, status, where, "%s", what);
}

snn_status snn_event_fail_cut(const snn_event_input *in, const char *what, uint64_t want,
                              snn_error *err)
{
    return snn_event_fail_at(in, snn_event_input_offset(in), SNN_EFORMAT, err,
                             "the file is cut within %s of %llu bytes, of which there are %zu: "
                             "fetch it again, or read what is whole (tolerant)",
                             what, (unsigned long long)want, snn_event_input_left(in));
}

snn_status snn_event_fail_short(const snn_event_input *in, uint64_t missing, snn_error *err)
{
    return snn_event_fail_at(in, in->end_offset, SNN_EFORMAT, err,
                             "the file is cut: the last packet lacks %llu bytes: fetch it again, "
                             "or read what is whole (tolerant)",
                             (unsigned long long)missing);
}

snn_status snn_event_input_open(snn_context *ctx, const char *path, snn_event_input *in,
                                snn_error *err)
{
    struct stat about;

    *in = (snn_event_input){.ctx = ctx, .name = path, .fd = STDIN_FILENO};
    if (strcmp(path, "-") == 0) {
        in->name = "standard input";
    } else {
        in->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (in->fd < 0)
            return snn_error_set(err, errno == ENOENT ? SNN_ENOTFOUND : SNN_EIO, path,
                                 "cannot be opened: %s", snn_data_errno_text());
        in->own_fd = true;
    }
    in->regular = fstat(in->fd, &about) == 0 && S_ISREG(about.st_mode);
    in->size = in->regular ? (uint64_t)about.st_size : 0;
    in->buffer = snn_alloc(ctx, FIRST_ROOM, 1);
    if (in->buffer == NULL)
        return snn_error_set(err, SNN_ENOMEM, path, "no memory to read it");
    in->room = FIRST_ROOM;
    in->at = in->end = in->buffer;
    return SNN_OK;
}

void snn_event_input_memory(const void *bytes, size_t n, const char *name, snn_event_input *in)
{
    *in = (snn_event_input){.name = name,
                            .fd = -1,
                            .complete = true,
                            .at = bytes,
                            .end = (const unsigned char *)bytes + n,
                            .end_offset = n,
                            .size = n};
}

void snn_event_input_close(snn_event_input *in)
{
    if (in->own_fd)
        close(in->fd);
    if (in->buffer != NULL)
        snn_free(in->ctx, in->buffer);
    *in = (snn_event_input){.fd = -1};
}

/* Room behind the window: move it to the buffer's begin, or double the buffer. */
static snn_status make_room(snn_event_input *in, snn_error *err)
{
    const size_t left = snn_event_input_left(in);
    unsigned char *larger;
    const size_t room = 2 * in->room;

    if (in->at > in->buffer) {
        memmove(in->buffer, in->at, left);
        in->at = in->buffer;
        in->end = in->buffer + left;
    }
    if (left < in->room)
        return SNN_OK;
    larger = snn_alloc(in->ctx, room, 1);
    if (larger == NULL)
        return snn_event_fail_at(in, snn_event_input_offset(in), SNN_ENOMEM, err,
                                 "no memory for a block of %zu bytes", room);
    memcpy(larger, in->buffer, left);
    snn_free(in->ctx, in->buffer);
    in->buffer = larger;
    in->room = room;
    in->at = larger;
    in->end = larger + left;
    return SNN_OK;
}

snn_status snn_event_input_need(snn_event_input *in, size_t n, snn_error *err)
{
    snn_status st = SNN_OK;

    while (snn_event_input_left(in) < n && !in->complete) {
        ssize_t got;

        if (in->at == in->end)
            in->at = in->end = in->buffer;
        if (in->end == in->buffer + in->room || n > (size_t)(in->buffer + in->room - in->at))
            TRY(st, make_room(in, err));
        got = read(in->fd, in->buffer + (in->end - in->buffer),
                   (size_t)(in->buffer + in->room - in->end));
        if (got < 0 && errno != EINTR)
            TRY(st, snn_event_fail_at(in, in->end_offset, SNN_EIO, err, "cannot be read: %s",
                                      snn_data_errno_text()));
        if (got < 0 && in->stop != NULL && in->stop(in->user) != 0)
            TRY(st, snn_event_fail_at(in, in->end_offset, SNN_EINTERRUPTED, err, "interrupted"));
        if (got == 0)
            in->complete = true;
        if (got > 0) {
            in->end += got;
            in->end_offset += (uint64_t)got;
        }
    }

done:
    return st;
}

snn_status snn_event_input_skip(snn_event_input *in, uint64_t n, uint64_t *missing, snn_error *err)
{
    snn_status st = SNN_OK;

    while (n > 0) {
        size_t step;

        TRY(st, snn_event_input_need(in, 1, err));
        step = snn_event_input_left(in);
        if (step == 0)
            break;
        step = step < n ? step : (size_t)n;
        in->at += step;
        n -= step;
    }
    *missing = n;

done:
    return st;
}
