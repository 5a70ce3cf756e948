/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * result.txt: one "name=value" a line, a grid key as "set section.key=value".  It is
 * written whole or not at all, when a run has ended.
 */
#include "tools/sweep.h"

#include "tools/metrics_file.h"

#include <snn/file.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES (2 * TOOL_PATH + SWEEP_MOST_KEYS * (SWEEP_NAME + SWEEP_VALUE + 8))

static void add(char *text, const char *name, const char *value)
{
    const size_t n = strlen(text);

    snprintf(text + n, FILE_BYTES - n, "%s=%s\n", name, value);
}

static void add_number(char *text, const char *name, double value)
{
    char number[40];

    snprintf(number, sizeof number, "%.9g", value);
    add(text, name, number);
}

snn_status sweep_result_write(snn_context *ctx, const sweep_result *r, const char *folder,
                              snn_error *err)
{
    char *text = snn_alloc(ctx, FILE_BYTES, 1), path[TOOL_PATH], set[SWEEP_NAME + 8];
    snn_status status = SNN_OK;

    if (text == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    TRY(status, join_path(path, folder, SWEEP_RESULT, err));
    add(text, "arm", r->arm.name);
    for (size_t i = 0; i < r->arm.n_keys; i++) {
        snprintf(set, sizeof set, "set %s", r->arm.key[i]);
        add(text, set, r->arm.value[i]);
    }
    snprintf(set, sizeof set, "%llu", (unsigned long long)r->seed);
    add(text, "seed", set);
    add(text, "status", r->done ? "done" : "failed");
    add_number(text, "exit", r->exit_code);
    add(text, "why", r->why);
    add(text, "protocol", r->protocol);
    add_number(text, "epochs", (double)r->epochs);
    add_number(text, "best_epoch", (double)r->best_epoch);
    add_number(text, "valid_accuracy", r->valid_accuracy);
    add_number(text, "test_accuracy", r->test_accuracy);
    add_number(text, "loss", r->loss);
    add_number(text, "seconds", r->seconds);
    add_number(text, "parameters", (double)r->parameters);
    add_number(text, "classes", (double)r->classes);
    add(text, "command", r->command);
    TRY(status, snn_replace_file(ctx, path, text, strlen(text), err));
done:
    snn_free(ctx, text);
    return status;
}

static uint64_t count_of(const char *value)
{
    return strtoull(value, NULL, 10);
}

/* Take one line's name and value; names that are not known are left to later versions. */
static void take(sweep_result *r, const char *name, const char *value)
{
    sweep_arm *arm = &r->arm;

    if (strncmp(name, "set ", 4) == 0 && arm->n_keys < SWEEP_MOST_KEYS) {
        snprintf(arm->key[arm->n_keys], SWEEP_NAME, "%s", name + 4);
        snprintf(arm->value[arm->n_keys++], SWEEP_VALUE, "%s", value);
    } else if (strcmp(name, "arm") == 0)
        snprintf(arm->name, sizeof arm->name, "%s", value);
    else if (strcmp(name, "seed") == 0)
        r->seed = count_of(value);
    else if (strcmp(name, "status") == 0)
        r->done = strcmp(value, "done") == 0;
    else if (strcmp(name, "exit") == 0)
        r->exit_code = (int)count_of(value);
    else if (strcmp(name, "why") == 0)
        snprintf(r->why, sizeof r->why, "%s", value);
    else if (strcmp(name, "protocol") == 0)
        snprintf(r->protocol, sizeof r->protocol, "%s", value);
    else if (strcmp(name, "epochs") == 0)
        r->epochs = count_of(value);
    else if (strcmp(name, "best_epoch") == 0)
        r->best_epoch = count_of(value);
    else if (strcmp(name, "valid_accuracy") == 0)
        r->valid_accuracy = strtod(value, NULL);
    else if (strcmp(name, "test_accuracy") == 0)
        r->test_accuracy = strtod(value, NULL);
    else if (strcmp(name, "loss") == 0)
        r->loss = strtod(value, NULL);
    else if (strcmp(name, "seconds") == 0)
        r->seconds = strtod(value, NULL);
    else if (strcmp(name, "parameters") == 0)
        r->parameters = count_of(value);
    else if (strcmp(name, "classes") == 0)
        r->classes = count_of(value);
    else if (strcmp(name, "command") == 0)
        snprintf(r->command, sizeof r->command, "%s", value);
}

snn_status sweep_result_read(snn_context *ctx, const char *folder, sweep_result *out,
                             snn_error *err)
{
    char path[TOOL_PATH], *text = NULL;
    sweep_result r = {.valid_accuracy = NAN, .test_accuracy = NAN, .loss = NAN, .seconds = NAN};
    snn_status status = SNN_OK;

    TRY(status, join_path(path, folder, SWEEP_RESULT, err));
    TRY(status, read_whole_file(ctx, path, &text, err));
    for (char *line = text, *end, *equals; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        equals = strchr(line, '=');
        if (equals == NULL)
            TRY(status, snn_error_set(err, SNN_EFORMAT, path,
                                      "holds a line without '=': remove this file to run again"));
        *equals = '\0';
        take(&r, line, equals + 1);
    }
    if (r.arm.name[0] == '\0' || r.command[0] == '\0')
        TRY(status,
            snn_error_set(err, SNN_EFORMAT, path, "is cut off: remove this file to run again"));
    *out = r;
done:
    snn_free(ctx, text);
    return status;
}

snn_status sweep_result_look(snn_context *ctx, const char *folder, sweep_result *out,
                             snn_error *err)
{
    static const char *const NAMES[] = {"loss", "seconds"};
    double *column[2] = {NULL};
    char path[TOOL_PATH];
    snn_network *net = NULL;
    size_t n = 0;
    snn_status status = SNN_OK;

    TRY(status, join_path(path, folder, "metrics.csv", err));
    TRY(status, metrics_read(ctx, path, NAMES, 2, column, &n, err));
    TRY(status, join_path(path, folder, "model.h5", err));
    TRY(status, snn_model_load(ctx, path, &net, NULL, err));
    out->loss = column[0][n - 1];
    out->seconds = 0;
    for (size_t i = 0; i < n; i++)
        out->seconds += column[1][i];
    out->parameters = snn_network_parameter_count(net);
    out->classes = snn_network_get_params(net)->n_outputs;
done:
    snn_network_destroy(net);
    snn_free(ctx, column[0]);
    snn_free(ctx, column[1]);
    return status;
}
