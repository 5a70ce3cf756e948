/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A libFuzzer target for every reader of event recordings: FORMAT names the one, and
 * without it the content decides.  "make fuzz" builds one program a format; see TESTING.md.
 */
#include "tests/fuzz/fuzz_events.h"

#ifndef FORMAT
#define FORMAT SNN_EVENTS_AUTO
#endif

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static snn_context *ctx;

    if (ctx == NULL && snn_context_create(NULL, &ctx, NULL) != SNN_OK)
        abort();
    fuzz_events(ctx, FORMAT, bytes, n);
    return 0;
}
