/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A libFuzzer target for every reader of event recordings: FORMAT names the one, and
 * SNN_EVENTS_AUTO lets the content decide.  "make fuzz" builds one program a format; see
 * TESTING.md.
 */
#include "tests/fuzz/fuzz_hdf5.h"

#include "datasets/events/codec.h"

#ifndef FORMAT
#define FORMAT SNN_EVENTS_AUTO
#endif

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* libhdf5 does not survive every damaged file: those are left to fuzz_hdf5. */
static bool is_hdf5(const uint8_t *bytes, size_t n)
{
    const size_t most = n < SNN_EVENT_PROBE_BYTES ? n : SNN_EVENT_PROBE_BYTES;
    int fit;

    return FORMAT == SNN_EVENTS_AUTO &&
           snn_event_codec_guess(bytes, most, most == n, &fit) == &snn_codec_hdf5;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static snn_context *ctx;

    if (ctx == NULL && snn_context_create(NULL, &ctx, NULL) != SNN_OK)
        abort();
    if (FORMAT == SNN_EVENTS_HDF5)
        fuzz_hdf5(ctx, bytes, n);
    else if (!is_hdf5(bytes, n))
        fuzz_events(ctx, FORMAT, bytes, n);
    return 0;
}
