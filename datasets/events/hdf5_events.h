/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events in HDF5.  Read: the layouts in the table of hdf5_events.c.  Written:
 *
 *   /events/x, y   uint16      /events/p   uint8, 0 or 1      /events/t   int64, us
 *   attributes of /events: width, height (uint32, 0 = unknown), snn_format = 1
 */
#ifndef SNN_EVENTS_HDF5_EVENTS_H
#define SNN_EVENTS_HDF5_EVENTS_H

#include "datasets/events/codec.h"

#include <hdf5.h>

/* Events of a chunk of a file that is written. */
#define SNN_HDF5_CHUNK 65536

struct snn_hdf5_writer {
    hid_t file, group, set[4]; /* x, y, t, p */
    size_t n;                  /* waiting */
    uint64_t written;
    int64_t t[SNN_HDF5_CHUNK];
    uint16_t x[SNN_HDF5_CHUNK], y[SNN_HDF5_CHUNK];
    uint8_t p[SNN_HDF5_CHUNK];
};

snn_status snn_hdf5_begin(snn_event_writer *w, snn_error *err);
snn_status snn_hdf5_write(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err);
snn_status snn_hdf5_end(snn_event_writer *w, snn_error *err);
void snn_hdf5_discard(snn_event_writer *w);

#endif
