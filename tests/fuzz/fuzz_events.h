/* SPDX-License-Identifier: BSD-3-Clause */
/* What a fuzzer and the everyday tests do with bytes that may be a recording. */
#ifndef TESTS_FUZZ_FUZZ_EVENTS_H
#define TESTS_FUZZ_FUZZ_EVENTS_H

#include <snn/events.h>

#include <stdlib.h>

/* Read all, then nothing may be held.  A failure is a crash, or abort(). */
static inline void fuzz_events(snn_context *ctx, snn_event_format format, const void *bytes,
                               size_t n)
{
    static snn_event block[4096];
    const size_t held = snn_context_bytes(ctx);
    const snn_event_reader_params p = {.size = sizeof p, .format = format};
    snn_event_reader *r = NULL;
    snn_error err = {0};
    uint64_t events = 0;
    size_t got = 0;
    snn_status st = snn_event_reader_open_memory(ctx, bytes, n, "fuzz", &p, &r, &err);

    while (st == SNN_OK) {
        st = snn_event_reader_read(r, block, 4096, &got, &err);
        if (st != SNN_OK || got == 0)
            break;
        for (size_t i = 0; i < got; i++)
            if (block[i].p > 1)
                abort();
        events += got;
    }
    if (st != SNN_OK && (err.status != st || err.what[0] == '\0'))
        abort();
    if (r != NULL && snn_event_reader_counts(r)->events != events)
        abort();
    snn_event_reader_close(r);
    if (snn_context_bytes(ctx) != held)
        abort();
}

#endif
