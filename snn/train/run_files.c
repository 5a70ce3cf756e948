/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0777 /* less what the umask takes */
#define FILE_MODE   0666

snn_status snn_path_join(char path[SNN_PATH], const char *folder, const char *name, snn_error *err)
{
    if ((size_t)snprintf(path, SNN_PATH, "%s/%s", folder, name) >= SNN_PATH)
        return snn_error_set(err, SNN_EINVAL, "run folder", "its path is too long");
    return SNN_OK;
}

static snn_status io_failed(const char *path, const char *doing, snn_error *err)
{
    return snn_error_set(err, SNN_EIO, path, "cannot %s: %s", doing, strerror(errno));
}

snn_status snn_make_folder(const char *folder, snn_error *err)
{
    char path[SNN_PATH];
    struct stat found;
    snn_status st;

    TRY(st, snn_path_join(path, folder, "", err));
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST)
            TRY(st, io_failed(path, "make this folder", err));
        *slash = '/';
    }
    if (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))
        st = snn_error_set(err, SNN_EIO, folder, "this is not a folder");
done:
    return st;
}

static snn_status write_all(int file, const char *path, const char *text, size_t length,
                            snn_error *err)
{
    while (length > 0) {
        const ssize_t done = write(file, text, length);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return io_failed(path, "write", err);
        text += done;
        length -= (size_t)done;
    }
    return fsync(file) == 0 ? SNN_OK : io_failed(path, "flush", err);
}

snn_status snn_append_file(const char *path, const char *text, size_t length, snn_error *err)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
    snn_status st;

    if (file < 0)
        return io_failed(path, "open", err);
    st = write_all(file, path, text, length, err);
    if (close(file) != 0 && st == SNN_OK)
        st = io_failed(path, "close", err);
    return st;
}

snn_status snn_read_file(snn_context *ctx, const char *path, char **out, snn_error *err)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long length = 0;
    snn_status st = SNN_OK;

    if (file == NULL)
        return errno == ENOENT ? snn_error_set(err, SNN_ENOTFOUND, path, "no such file")
                               : io_failed(path, "open", err);
    if (fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET) != 0)
        TRY(st, io_failed(path, "read", err));
    TRY_ALLOC(st, ctx, text, (size_t)length + 1);
    if (fread(text, 1, (size_t)length, file) != (size_t)length)
        TRY(st, io_failed(path, "read", err));
    *out = text;
    text = NULL;
done:
    snn_free(ctx, text);
    fclose(file);
    return st;
}

snn_status snn_keep_costs(snn_context *ctx, const char *folder, snn_error *err)
{
    char path[SNN_PATH];
    snn_status st;

    TRY(st, snn_path_join(path, folder, "costs.txt", err));
    TRY(st, snn_costs_save(ctx, &ctx->costs, path, err));
done:
    return st;
}

snn_status snn_take_costs(snn_context *ctx, const char *folder, snn_error *err)
{
    char path[SNN_PATH], checkpoint[SNN_PATH];
    snn_costs costs;
    snn_status st;

    TRY(st, snn_path_join(path, folder, "costs.txt", err));
    TRY(st, snn_path_join(checkpoint, folder, "checkpoint.h5", err));
    st = snn_costs_load(path, &costs, err);
    if (st == SNN_ENOTFOUND) { /* it begins here, or was begun by an older version */
        if (access(checkpoint, F_OK) == 0)
            snn_log(ctx, SNN_LOG_WARNING,
                    "%s: is not there, so solvers may change, and with them the last bits", path);
        TRY(st, snn_make_folder(folder, err));
        TRY(st, snn_keep_costs(ctx, folder, err));
    } else if (st == SNN_OK && strcmp(costs.kernels, snn_context_cpu(ctx)) == 0) {
        /* With other kernels bits are others anyway, and the checkpoint's reader says so. */
        st = snn_context_set_costs(ctx, &costs, err);
    }
done:
    return st;
}
