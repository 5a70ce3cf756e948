/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/tool.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DATA_FILE "data.txt"

bool is_folder(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

bool file_exists(const char *folder, const char *name)
{
    char path[TOOL_PATH];
    struct stat about;

    return join_path(path, folder, name, NULL) == SNN_OK && stat(path, &about) == 0;
}

snn_status join_path(char path[TOOL_PATH], const char *folder, const char *name, snn_error *err)
{
    int n = snprintf(path, TOOL_PATH, "%s/%s", folder, name);

    return n > 0 && n < TOOL_PATH ? SNN_OK
                                  : snn_error_set(err, SNN_EINVAL, folder, "the path is too long");
}

snn_status check_folder_of(const char *path, snn_error *err)
{
    const char *slash = strrchr(path, '/');
    char folder[TOOL_PATH];

    if (slash == NULL || slash == path)
        return SNN_OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return is_folder(folder) ? SNN_OK
                             : snn_error_set(err, SNN_EIO, path,
                                             "there is no folder %s: make it first", folder);
}

snn_status make_folders(const char *folder, snn_error *err)
{
    char path[TOOL_PATH];
    size_t n = strlen(folder);

    if (n == 0 || n >= sizeof path)
        return snn_error_set(err, SNN_EINVAL, folder, "the path is empty or too long");
    memcpy(path, folder, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        path[i] = '\0';
        if (mkdir(path, 0777) != 0 && !is_folder(path))
            return snn_error_set(err, SNN_EIO, path, "cannot be made: %s",
                                 errno == EEXIST ? "a file has this name" : strerror(errno));
        path[i] = folder[i];
    }
    return SNN_OK;
}

snn_status read_whole_file(snn_context *ctx, const char *path, char **out, snn_error *err)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long length = 0;
    snn_status status = SNN_OK;

    if (file == NULL)
        return snn_error_set(err, errno == ENOENT ? SNN_ENOTFOUND : SNN_EIO, path,
                             "cannot be opened: %s", strerror(errno));
    errno = 0;
    if (is_folder(path) || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET) != 0)
        TRY(status, snn_error_set(err, SNN_EIO, path, "cannot be read: %s",
                                  errno != 0 ? strerror(errno) : "it is a folder"));
    text = snn_alloc(ctx, (size_t)length + 1, 1);
    if (text == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, path, "no memory for %ld bytes", length));
    if (fread(text, 1, (size_t)length, file) != (size_t)length)
        TRY(status, snn_error_set(err, SNN_EIO, path, "cannot be read: %s", strerror(errno)));
    *out = text;
    text = NULL;
done:
    snn_free(ctx, text);
    fclose(file);
    return status;
}

snn_status run_remember_data(const char *folder, const char *data, snn_error *err)
{
    char path[TOOL_PATH], absolute[PATH_MAX];
    FILE *file = NULL;
    snn_status status = SNN_OK;

    TRY(status, join_path(path, folder, DATA_FILE, err));
    if (realpath(data, absolute) == NULL)
        TRY(status, snn_error_set(err, SNN_ENOTFOUND, data, "%s", strerror(errno)));
    file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%s\n", absolute) < 0)
        status = snn_error_set(err, SNN_EIO, path, "%s", strerror(errno));
done:
    if (file != NULL && fclose(file) != 0 && status == SNN_OK)
        status = snn_error_set(err, SNN_EIO, path, "%s", strerror(errno));
    return status;
}

snn_status run_recall_data(const char *folder, char data[TOOL_PATH], snn_error *err)
{
    char path[TOOL_PATH];
    FILE *file = NULL;
    size_t n;
    snn_status status = SNN_OK;

    TRY(status, join_path(path, folder, DATA_FILE, err));
    file = fopen(path, "r");
    if (file == NULL)
        TRY(status, snn_error_set(err, SNN_ENOTFOUND, path,
                                  "cannot be opened: %s; say where the data set is: --data PATH",
                                  strerror(errno)));
    n = fread(data, 1, TOOL_PATH - 1, file);
    while (n > 0 && data[n - 1] == '\n')
        n--;
    data[n] = '\0';
done:
    if (file != NULL)
        fclose(file);
    return status;
}

/* --set and --seed, and the check of it all. */
snn_status tool_config_set(const options *o, snn_config *config, snn_error *err)
{
    char seed[64];
    snn_status status = SNN_OK;

    for (size_t i = 0; i < o->set.n; i++)
        TRY(status, snn_config_set(config, o->set.text[i], err));
    if (o->seed.given) {
        snprintf(seed, sizeof seed, "train.seed=%llu", (unsigned long long)o->seed.value);
        TRY(status, snn_config_set(config, seed, err));
    }
    TRY(status, snn_config_check(config, err));
done:
    return status;
}

snn_status tool_config(const char *path, const options *o, snn_config *config, snn_error *err)
{
    snn_status status = SNN_OK;

    snn_config_init(config);
    if (path != NULL)
        TRY(status, snn_config_load(config, path, err));
    TRY(status, tool_config_set(o, config, err));
done:
    return status;
}

snn_status tool_split(const options *o, snn_split usual, snn_split *out, snn_error *err)
{
    *out = usual;
    if (o->split == NULL)
        return SNN_OK;
    for (int s = 0; s < SNN_SPLITS; s++)
        if (strcmp(o->split, snn_split_name((snn_split)s)) == 0) {
            *out = (snn_split)s;
            return SNN_OK;
        }
    return snn_error_set(err, SNN_EINVAL, "--split", "'%s' is no split: train, valid or test",
                         o->split);
}

snn_status tool_config_operands(const options *o, snn_config *config, snn_error *err)
{
    snn_status status = SNN_OK;

    snn_config_init(config);
    for (int i = 0; i < o->n_operands; i++)
        TRY(status, snn_config_load(config, o->operands[i], err));
    TRY(status, tool_config_set(o, config, err));
done:
    return status;
}

void add_config_name(char *out, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const int length = dot != NULL && dot != base ? (int)(dot - base) : (int)strlen(base);
    const size_t used = strlen(out);

    snprintf(out + used, size - used, "%s%.*s", used > 0 ? "-" : "", length, base);
}

snn_status find_model(const char *operand, char model[TOOL_PATH], char folder[TOOL_PATH],
                      snn_error *err)
{
    char *slash;
    snn_status status = SNN_OK;

    if (is_folder(operand)) {
        TRY(status, join_path(model, operand, "model.h5", err));
        if (!file_exists(operand, "model.h5"))
            TRY(status, snn_error_set(err, SNN_ENOTFOUND, operand,
                                      "is a folder without model.h5: no run, or one without a "
                                      "finished epoch"));
        snprintf(folder, TOOL_PATH, "%s", operand);
    } else {
        if (strlen(operand) >= TOOL_PATH)
            TRY(status, snn_error_set(err, SNN_EINVAL, operand, "the path is too long"));
        snprintf(model, TOOL_PATH, "%s", operand);
        snprintf(folder, TOOL_PATH, "%s", operand);
        slash = strrchr(folder, '/');
        if (slash != NULL)
            *slash = '\0';
        else
            snprintf(folder, TOOL_PATH, ".");
    }
done:
    return status;
}
