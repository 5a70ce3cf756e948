/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/base/base.h"

#include <stdio.h>
#include <stdlib.h>

static _Atomic(snn_assert_hook) assert_hook;

void snn_assert_set_hook(snn_assert_hook hook)
{
    atomic_store(&assert_hook, hook);
}

void snn_assert_fail(const char *condition, const char *file, int line)
{
    snn_assert_hook hook = atomic_load(&assert_hook);

    if (hook != NULL)
        hook(condition, file, line);
    else
        fprintf(stderr, "snn: assertion failed: %s (%s:%d)\n", condition, file, line);
    abort();
}
