/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/gunzip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK_BYTES (1u << 20)

static snn_status temporary_file(char path[SNN_PATH_BYTES], int *out, snn_error *err)
{
    const char *folder = getenv("TMPDIR");
    snn_status st;
    int fd;

    if (folder == NULL || folder[0] == '\0')
        folder = snn_data_is_folder("/var/tmp") ? "/var/tmp" : "/tmp";
    st = snn_data_path(path, folder, "snn-XXXXXX", err);
    if (st != SNN_OK)
        return st;
    fd = mkstemp(path);
    if (fd < 0)
        return snn_error_set(
            err, SNN_EIO, path,
            "cannot make a temporary file: %s; set TMPDIR to a folder that can be written",
            snn_data_errno_text());
    *out = fd;
    return SNN_OK;
}

static snn_status write_all(int fd, const char *data, size_t n, const char *path, snn_error *err)
{
    while (n > 0) {
        const ssize_t written = write(fd, data, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return snn_error_set(err, SNN_EIO, path,
                                 "cannot unpack: %s; set TMPDIR to a folder with more space",
                                 snn_data_errno_text());
        data += written;
        n -= (size_t)written;
    }
    return SNN_OK;
}

snn_status snn_gunzip(snn_context *ctx, const char *path, char unpacked[SNN_PATH_BYTES],
                      snn_error *err)
{
    char temporary[SNN_PATH_BYTES];
    gzFile in = NULL;
    char *chunk = NULL;
    int fd = -1, n, code = Z_OK;
    snn_status st;

    TRY_ALLOC(st, ctx, chunk, CHUNK_BYTES, err);
    in = gzopen(path, "rb");
    if (in == NULL) {
        st = snn_error_set(err, SNN_EIO, path, "cannot open: %s", snn_data_errno_text());
        goto done;
    }
    TRY(st, temporary_file(temporary, &fd, err));
    while ((n = gzread(in, chunk, CHUNK_BYTES)) > 0) {
        if (gzdirect(in)) {
            st = snn_error_set(err, SNN_EFORMAT, path,
                               "is not gzip data; rename it if it is plain HDF5");
            goto done;
        }
        TRY(st, write_all(fd, chunk, (size_t)n, path, err));
    }
    /* A file that ends early shows only here: gzread returns what it has. */
    gzerror(in, &code);
    if (n < 0 || code != Z_OK) {
        st = snn_error_set(err, SNN_EFORMAT, path,
                           "the gzip data is cut or damaged; fetch the file again");
        goto done;
    }
    memcpy(unpacked, temporary, sizeof temporary);

done:
    if (fd >= 0) {
        close(fd);
        if (st != SNN_OK)
            unlink(temporary);
    }
    if (in != NULL)
        gzclose(in);
    snn_free(ctx, chunk);
    return st;
}
