/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes as what a whole HDF5 file holds: values of columns and of a table, chunks of ECF.
 * The file around them is libhdf5's business, which crashes by itself on some that are damaged.
 */
#ifndef TESTS_FUZZ_FUZZ_HDF5_H
#define TESTS_FUZZ_FUZZ_HDF5_H

#include "tests/event_hdf5.h"
#include "tests/fuzz/fuzz_events.h"

/* As many elements of `size` bytes as the bytes have, in each of `parts` parts. */
static inline void fuzz_columns(hid_t file, const uint8_t *bytes, size_t n)
{
    const size_t events = n / (8 + 2 + 4 + 1);
    const uint8_t *x = bytes + 8 * events, *y = x + 2 * events, *p = y + 4 * events;

    put_group(file, "/events");
    put_list(file, "/events/t", H5T_STD_I64LE, bytes, events);
    put_list(file, "/events/x", H5T_STD_U16LE, x, events);
    put_list(file, "/events/y", H5T_STD_I32BE, y, events);
    put_list(file, "/events/p", H5T_STD_I8LE, p, events);
    if (n > 8)
        put_scalar(file, "/t_offset", (int64_t)bytes[0] << 55);
}

static inline void fuzz_table(hid_t file, const uint8_t *bytes, size_t n)
{
    put_group(file, "/davis/left");
    put_set(file, "/davis/left/events", H5T_IEEE_F64LE, bytes, n / 32, 4, 0);
}

/* Two chunks: the first ends at a place that the first byte says. */
static inline void fuzz_chunks(hid_t file, uint8_t *bytes, size_t n)
{
    const size_t cut = 1 + bytes[0] % (n - 1);
    const struct bytes chunk[] = {{.at = bytes, .n = cut}, {.at = bytes + cut, .n = n - cut}};

    put_chunks(file, ECF_FILTER, 2 * ECF_CHUNK, chunk);
}

/* The first byte says as what the rest is taken. */
static inline void fuzz_hdf5(snn_context *ctx, const uint8_t *bytes, size_t n)
{
    /* Never empty, and not const, as libhdf5 wants it. */
    uint8_t *copy = malloc(n + 2);
    const hid_t file = hdf5_begin(0);
    unsigned char *whole;
    size_t size;

    memset(copy, 0, n + 2);
    if (n > 1)
        memcpy(copy, bytes + 1, n - 1);
    switch (n > 0 ? bytes[0] % 3 : 0) {
    case 0:
        fuzz_chunks(file, copy, n > 3 ? n - 1 : 2);
        break;
    case 1:
        fuzz_table(file, copy, n > 1 ? n - 1 : 0);
        break;
    default:
        fuzz_columns(file, copy, n > 1 ? n - 1 : 0);
    }
    whole = hdf5_end(file, &size);
    fuzz_events(ctx, SNN_EVENTS_HDF5, whole, size);
    free(whole);
    free(copy);
}

#endif
