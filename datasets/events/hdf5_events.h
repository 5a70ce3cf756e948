/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events in HDF5.  Read: the layouts in the table of hdf5_open.c.  Written:
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

/* ---- reading ------------------------------------------------------------------------- */

#define SNN_HDF5_BLOCK 16384 /* events read at once */

enum snn_hdf5_column { SNN_HDF5_X, SNN_HDF5_Y, SNN_HDF5_T, SNN_HDF5_P, SNN_HDF5_COLUMNS };

/* Where the events lie.  Times that are floats are seconds, integers microseconds; a
 * polarity above 0 is ON. */
struct snn_hdf5_layout {
    const char *name;
    const char *set[SNN_HDF5_COLUMNS]; /* a list each; or set[0] is all and the rest NULL */
    bool compound;          /* of fields x, y, p, t; else a table of columns x, y, t, p */
    uint32_t width, height; /* of the camera that the data set has; 0 = any */
};

struct snn_hdf5_reader {
    hid_t file;
    hid_t set[SNN_HDF5_COLUMNS];
    bool real[SNN_HDF5_COLUMNS]; /* floats */
    const struct snn_hdf5_layout *layout;
    bool ecf;
    hsize_t n, at; /* events, and those read */
    int64_t offset_us;
    /* A block of each column, or of the table or compound. */
    double *number;   /* SNN_HDF5_BLOCK of each column */
    int64_t *integer; /* the same */
    /* ECF: a chunk, decoded. */
    hsize_t chunk;
    unsigned char *packed;
    size_t packed_room;
    snn_event *event;
    size_t n_events, next_event;
};

/* Names of a compound's fields. */
extern const char *const snn_hdf5_field[SNN_HDF5_COLUMNS];

/* Find the layout, open its sets and check that they are what they must be (hdf5_open.c). */
snn_status snn_hdf5_open_sets(snn_event_reader *r, snn_error *err);
/* `what` of the set or element `where` in the file. */
snn_status snn_hdf5_fail(const snn_event_reader *r, snn_status status, const char *where,
                         snn_error *err, const char *what);

/* ---- writing ------------------------------------------------------------------------- */

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
