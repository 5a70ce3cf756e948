/* SPDX-License-Identifier: BSD-3-Clause */
/* A group of tests with a context as its state, and a folder of its own for files. */
#ifndef TESTS_CONTEXT_FOLDER_H
#define TESTS_CONTEXT_FOLDER_H

#include "tests/cmocka_all.h"

#include <snn/context.h>

#include <stdio.h>
#include <stdlib.h>

static char folder[] = "/tmp/snn-test.XXXXXX";
static char path[sizeof folder + 32];

/* Path of `name` in the folder, until the next call. */
static const char *file_named(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int begin(void **state)
{
    snn_context *ctx = NULL;

    if (mkdtemp(folder) == NULL || snn_context_create(NULL, &ctx, NULL) != SNN_OK)
        return -1;
    *state = ctx;
    return 0;
}

static int end(void **state)
{
    char command[64];

    snn_context_destroy(*state);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#endif
