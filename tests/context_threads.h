/* SPDX-License-Identifier: BSD-3-Clause */
/* A context of so many threads. */
#ifndef TESTS_CONTEXT_THREADS_H
#define TESTS_CONTEXT_THREADS_H

#include "tests/cmocka_all.h"

#include <snn/context.h>

static inline snn_context *context_threads(int threads)
{
    snn_context_params params;
    snn_context *ctx = NULL;

    snn_context_params_init(&params);
    params.threads = threads;
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    return ctx;
}

#endif
