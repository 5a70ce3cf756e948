/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An allocator that counts, surrounds blocks with guards and refuses on demand.
 * Blocks go through the C library, so AddressSanitizer watches them too.
 */
#ifndef TESTS_FAILING_ALLOCATOR_H
#define TESTS_FAILING_ALLOCATOR_H

#include "tests/cmocka_all.h"

#include <snn/context.h>

#define ALLOCATOR_GUARD 64u
#define ALLOCATOR_MARK  0xA5

typedef struct {
    long calls;   /* allocations asked for */
    long fail_at; /* this call (0 = the first) is refused; -1: none */
    long held;    /* blocks not given back */
    long broken;  /* blocks whose guard was written to */
} failing_allocator;

static void *failing_allocate(void *user, size_t bytes)
{
    failing_allocator *a = user;
    const size_t room = (bytes + 2 * ALLOCATOR_GUARD + 63) / 64 * 64;
    unsigned char *block;

    if (a->calls++ == a->fail_at)
        return NULL;
    block = aligned_alloc(64, room);
    assert_non_null(block);
    memset(block, ALLOCATOR_MARK, room);
    memcpy(block, &bytes, sizeof bytes);
    a->held++;
    return block + ALLOCATOR_GUARD;
}

static void failing_release(void *user, void *block)
{
    failing_allocator *a = user;
    unsigned char *start;
    size_t bytes;

    assert_non_null(block);
    start = (unsigned char *)block - ALLOCATOR_GUARD;
    memcpy(&bytes, start, sizeof bytes);
    for (size_t i = 0; i < ALLOCATOR_GUARD - sizeof bytes; i++)
        a->broken += start[sizeof bytes + i] != ALLOCATOR_MARK ||
                     start[ALLOCATOR_GUARD + bytes + i] != ALLOCATOR_MARK;
    a->held--;
    free(start);
}

/* A context that allocates through `a`. */
static inline snn_status failing_context(failing_allocator *a, int threads, snn_context **out)
{
    const snn_allocator allocator = {failing_allocate, failing_release, a};
    snn_context_params params;

    snn_context_params_init(&params);
    params.threads = threads;
    params.allocator = &allocator;
    return snn_context_create(&params, out, NULL);
}

#endif
