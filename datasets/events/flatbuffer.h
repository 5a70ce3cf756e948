/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading FlatBuffers that nobody vouches for: each step says false where it would leave
 * the buffer.  A table is known by its place; so is a field, 0 where it is absent.
 */
#ifndef SNN_EVENTS_FLATBUFFER_H
#define SNN_EVENTS_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct snn_flat {
    const unsigned char *at;
    size_t n;
} snn_flat;

/* The root table of a buffer with this identifier of four letters. */
bool snn_flat_root(const snn_flat *f, const char *identifier, size_t *table);
/* The place of a table's field, of `bytes` bytes; 0 = absent. */
bool snn_flat_field(const snn_flat *f, size_t table, unsigned index, size_t bytes, size_t *place);
/* A vector (or string) that the field at `place` refers to: its first element and length.
 * Absent: empty. */
bool snn_flat_vector(const snn_flat *f, size_t place, size_t bytes, size_t *first, size_t *n);

#endif
