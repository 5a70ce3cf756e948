/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ECF, the packing of events in Metavision's HDF5 files (filter 36559): one chunk.
 *
 *   u32 n << 2 | yxp << 1 | xp, then i64 the first time
 *   times   bytes, step << 4 | count: the step comes before the first of `count` events, which
 *           share a time; count 15: a u16 count follows.  Step 15: the low halves of
 *           consecutive bytes 0xF? are a larger step, 4 bits each, the lowest first,
 *           and belong to the next byte.
 *   yxp     24-bit words y << 12 | x << 1 | p, four in three u32
 *   else    rows u16 y << 5 | count (31: a u16 count follows), and
 *     xp    12-bit words x << 1 | p, four in three u16
 *     else  columns u16 x << 5 | mask of x + 1 .. x + 5 (bit 4 is x + 1), and
 *           polarities, bytes p << 7 | count (127: a u16 count follows)
 */
#ifndef SNN_EVENTS_ECF_H
#define SNN_EVENTS_ECF_H

#include <snn/events.h>

#include <stdbool.h>

#define SNN_ECF_MOST 65535 /* events of a chunk */

/* Decode a chunk; `out` has room for SNN_ECF_MOST.  False where it is no such chunk. */
bool snn_ecf_decode(const unsigned char *bytes, size_t n, snn_event *out, size_t *events);

#endif
