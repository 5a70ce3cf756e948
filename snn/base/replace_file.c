/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/base/replace_file.h"

#include "snn/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder part of a path, "." where it has none; free with snn_free. */
static char *folder_of(snn_context *ctx, const char *path)
{
    char *folder = snn_strdup(ctx, path);
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;

    if (folder == NULL)
        return NULL;
    if (slash == folder)
        slash++;
    if (slash != NULL) {
        *slash = '\0';
        return folder;
    }
    snn_free(ctx, folder);
    return snn_strdup(ctx, ".");
}

snn_status snn_check_folder_of(snn_context *ctx, const char *path, snn_error *err)
{
    char *folder = folder_of(ctx, path);
    snn_status status = SNN_OK;

    if (folder == NULL)
        return snn_error_set(err, SNN_ENOMEM, path, "out of memory");
    if (access(folder, W_OK | X_OK) != 0)
        status = snn_error_set(err, SNN_EIO, path, "cannot be written: folder '%s': %s", folder,
                               strerror(errno));
    snn_free(ctx, folder);
    return status;
}

static int write_all(int fd, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno != EINTR)
            return -1;
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

/* A rename is on disk only once its folder is.  Some file systems cannot sync
 * folders (EINVAL); there is nothing better to do on those. */
static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = 0;

    if (fd < 0)
        return -1;
    if (fsync(fd) != 0 && errno != EINVAL)
        result = -1;
    close(fd);
    return result;
}

snn_status snn_replace_file(snn_context *ctx, const char *path, const void *bytes, size_t n,
                            snn_error *err)
{
    size_t size = strlen(path) + sizeof ".tmp";
    char *folder = folder_of(ctx, path), *temporary = snn_alloc(ctx, size, 1);
    const char *doing = "allocating";
    bool made = false;
    int fd = -1, closed;
    snn_status status = SNN_EIO;

    if (folder == NULL || temporary == NULL) {
        status = SNN_ENOMEM;
        errno = ENOMEM;
        goto done;
    }
    snprintf(temporary, size, "%s.tmp", path);
    doing = "opening its temporary file";
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        goto done;
    made = true;
    doing = "writing its temporary file";
    if (write_all(fd, bytes, n) != 0 || fsync(fd) != 0)
        goto done;
    doing = "closing its temporary file";
    closed = close(fd);
    fd = -1;
    if (closed != 0)
        goto done;
    doing = "renaming its temporary file";
    if (rename(temporary, path) != 0)
        goto done;
    made = false;
    doing = "syncing its folder";
    if (sync_folder(folder) != 0)
        goto done;
    status = SNN_OK;
done:
    if (status != SNN_OK)
        snn_error_set(err, status, path, "is not written: %s: %s; what was there before is intact",
                      doing, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (made)
        unlink(temporary);
    snn_free(ctx, folder);
    snn_free(ctx, temporary);
    return status;
}
