/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of costs: "name: value" lines, each name once, "#" begins a remark. */
#include "snn/base/base.h"

#include <snn/file.h>

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 256
#define FILE_BYTES 4096
#define REMEDY     "remove the file, or measure anew (snn bench costs --store)"

typedef struct {
    const char *path;
    size_t line;
    snn_costs costs;
    bool seen[SNN_COSTS + 2]; /* the last two: processor, kernels */
    snn_error *err;
} reader;

static snn_status SNN_PRINTF(2, 3) fail(const reader *r, const char *format, ...)
{
    char where[SNN_ERROR_WHERE], what[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(where, sizeof where, "%s:%zu", r->path, r->line);
    return snn_error_set(r->err, SNN_ECONFIG, where, "%s; " REMEDY, what);
}

/* A name's place in `seen`; SNN_COSTS + 2: no such name. */
static size_t place_of(const char *name)
{
    size_t i = 0;

    while (i < SNN_COSTS && strcmp(name, snn_cost_name((snn_cost)i)) != 0)
        i++;
    if (i < SNN_COSTS)
        return i;
    return strcmp(name, "processor") == 0 ? i : strcmp(name, "kernels") == 0 ? i + 1 : i + 2;
}

static snn_status take(reader *r, const char *name, const char *value)
{
    const size_t place = place_of(name);
    char *end;

    if (place == SNN_COSTS + 2)
        return fail(r, "'%.60s' is no cost", name);
    if (r->seen[place])
        return fail(r, "%s stands here again", name);
    r->seen[place] = true;
    if (place >= SNN_COSTS) {
        char *text = place == SNN_COSTS ? r->costs.processor : r->costs.kernels;
        const size_t size =
            place == SNN_COSTS ? sizeof r->costs.processor : sizeof r->costs.kernels;

        if (strlen(value) >= size)
            return fail(r, "%s has more than %zu letters", name, size - 1);
        memcpy(text, value, strlen(value) + 1);
        return SNN_OK;
    }
    r->costs.of[place] = strtof(value, &end);
    if (end == value || *end != '\0' || !isfinite(r->costs.of[place]) || r->costs.of[place] <= 0.0f)
        return fail(r, "%s is '%.40s', not a number above 0", name, value);
    return SNN_OK;
}

static snn_status take_line(reader *r, char *line)
{
    const size_t length = strcspn(line, "\n");
    char *colon = strstr(line, ": ");

    if (line[length] == '\0' && length + 1 == LINE_BYTES)
        return fail(r, "is too long for a line of costs");
    line[length] = '\0';
    if (line[0] == '#' || line[0] == '\0')
        return SNN_OK;
    if (colon == NULL)
        return fail(r, "is no 'name: value'");
    *colon = '\0';
    return take(r, line, colon + 2);
}

snn_status snn_costs_load(const char *path, snn_costs *out, snn_error *err)
{
    reader r = {.path = path, .costs = {.size = sizeof r.costs}, .err = err};
    FILE *file = fopen(path, "r");
    char line[LINE_BYTES];
    snn_status st = SNN_OK;

    if (file == NULL)
        return snn_error_set(err, errno == ENOENT || errno == ENOTDIR ? SNN_ENOTFOUND : SNN_EIO,
                             path, "cannot be opened: %s", strerror(errno));
    while (st == SNN_OK && fgets(line, sizeof line, file) != NULL) {
        r.line++;
        st = take_line(&r, line);
    }
    if (st == SNN_OK && ferror(file))
        st = snn_error_set(err, SNN_EIO, path, "cannot be read: %s", strerror(errno));
    fclose(file);
    for (size_t i = 0; st == SNN_OK && i < SNN_COUNT(r.seen); i++)
        if (!r.seen[i])
            st = fail(&r, "ends without %s",
                      i < SNN_COSTS    ? snn_cost_name((snn_cost)i)
                      : i == SNN_COSTS ? "processor"
                                       : "kernels");
    if (st == SNN_OK)
        *out = r.costs;
    return st;
}

snn_status snn_costs_save(snn_context *ctx, const snn_costs *costs, const char *path,
                          snn_error *err)
{
    char text[FILE_BYTES];
    int n = snprintf(text, sizeof text,
                     "# Costs of a machine, by which snn plans: snn bench costs --store\n"
                     "processor: %s\nkernels: %s\n",
                     costs->processor, costs->kernels);

    for (size_t i = 0; i < SNN_COSTS; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s: %.9g\n", snn_cost_name((snn_cost)i),
                      (double)costs->of[i]);
    return snn_replace_file(ctx, path, text, (size_t)n, err);
}
