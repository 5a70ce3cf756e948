/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a machine's costs are kept.  A home may be shared by machines, so the file's name says
 * whose they are.
 */
#include "tools/tool.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool processor_fact(const char *key, char value[PROCESSOR_BYTES])
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[512];
    bool found = false;

    while (!found && file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        const size_t length = strlen(key);

        if (line[0] == '\n')
            break;
        if (colon == NULL || strncmp(line, key, length) != 0 ||
            (line[length] != '\t' && line[length] != ' ' && line[length] != ':'))
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(value, PROCESSOR_BYTES, "%.*s", (int)strcspn(colon, "\n"), colon);
        found = true;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* The name alone does not do: virtual machines give one to different processors. */
const char *processor_name(char text[PROCESSOR_BYTES])
{
    char model[PROCESSOR_BYTES], family[PROCESSOR_BYTES], number[PROCESSOR_BYTES];

    if (!processor_fact("model name", model))
        snprintf(text, PROCESSOR_BYTES, "unknown");
    else if (processor_fact("cpu family", family) && processor_fact("model", number))
        snprintf(text, PROCESSOR_BYTES, "%.60s, family %.6s, model %.6s", model, family, number);
    else
        snprintf(text, PROCESSOR_BYTES, "%.90s", model);
    return text;
}

static snn_status costs_path(snn_context *ctx, const char *kernels, char **out, snn_error *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const bool has_config = config != NULL && config[0] == '/';
    char processor[PROCESSOR_BYTES], name[PROCESSOR_BYTES];
    size_t n = 0, bytes;

    if (!has_config && (home == NULL || home[0] != '/'))
        return snn_error_set(err, SNN_ENOTFOUND, "costs",
                             "neither HOME nor XDG_CONFIG_HOME names a folder: name a file in "
                             "SNN_COSTS");
    processor_name(processor);
    for (size_t i = 0; processor[i] != '\0'; i++)
        if (isalnum((unsigned char)processor[i]))
            name[n++] = processor[i];
        else if (n > 0 && name[n - 1] != '-')
            name[n++] = '-';
    name[n] = '\0';
    bytes = strlen(has_config ? config : home) + n + strlen(kernels) + 40;
    *out = snn_alloc(ctx, bytes, 1);
    if (*out == NULL)
        return snn_error_set(err, SNN_ENOMEM, "costs", "out of memory");
    snprintf(*out, bytes, "%s%s/snn/costs-%s-%s.txt", has_config ? config : home,
             has_config ? "" : "/.config", name, kernels);
    return SNN_OK;
}

static const char *asked(void)
{
    const char *wish = getenv("SNN_COSTS");

    return wish != NULL && wish[0] != '\0' ? wish : NULL;
}

snn_status costs_place(snn_context *ctx, char **path, snn_error *err)
{
    const char *wish = asked();
    char *slash;
    snn_status status = SNN_OK;

    if (wish != NULL && strcmp(wish, "builtin") != 0) {
        *path = snn_strdup(ctx, wish);
        if (*path == NULL)
            return snn_error_set(err, SNN_ENOMEM, "costs", "out of memory");
        return check_folder_of(*path, err);
    }
    TRY(status, costs_path(ctx, snn_context_cpu(ctx), path, err));
    slash = strrchr(*path, '/');
    *slash = '\0';
    status = make_folders(*path, err);
    *slash = '/';
done:
    return status;
}

/* Costs that nobody named are passed over where they cannot be read.  Those of another processor
 * serve, with a warning. */
static snn_status use(snn_context *ctx, const char *path, bool named, snn_error *err)
{
    snn_costs costs;
    char processor[PROCESSOR_BYTES];
    snn_status status = snn_costs_load(path, &costs, err);

    if (!named && status == SNN_EIO)
        talk(SNN_LOG_WARNING, "snn: %s: %s; plans go by built-in costs", err->where, err->what);
    if (!named && (status == SNN_ENOTFOUND || status == SNN_EIO))
        return SNN_OK;
    if (status != SNN_OK)
        return status;
    if (costs.processor[0] != '\0' && strcmp(costs.processor, processor_name(processor)) != 0)
        talk(SNN_LOG_WARNING,
             "snn: %s: costs of %s, but this is %s: choices may not be the fastest", path,
             costs.processor, processor);
    TRY(status, snn_context_set_costs(ctx, &costs, err));
    talk(SNN_LOG_DEBUG, "plans by the costs of %s", path);
done:
    return status;
}

snn_status costs_use(snn_context *ctx, snn_error *err)
{
    const char *wish = asked();
    char *path = NULL;
    snn_status status = SNN_OK;

    if (wish != NULL)
        return strcmp(wish, "builtin") == 0 ? SNN_OK : use(ctx, wish, true, err);
    status = costs_path(ctx, snn_context_cpu(ctx), &path, err);
    if (status == SNN_ENOTFOUND) /* no home: none can be there */
        status = SNN_OK;
    else if (status == SNN_OK)
        status = use(ctx, path, false, err);
    snn_free(ctx, path);
    return status;
}
