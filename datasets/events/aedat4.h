/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AEDAT 4 of DV:
 *
 *   "#!AER-DAT4.0\r\n"
 *   n, 32 bits, and n bytes of a FlatBuffer "IOHE":
 *     field 0 packing (0 none, 1 and 2 LZ4, 3 and 4 zstd)   1 place of the table (-1: none)
 *     field 2 XML that describes the streams
 *   packets: int32 stream, int32 bytes, and those bytes, packed
 *   the table of packets, to the end of the file
 *
 * A packet of events is a FlatBuffer "EVTS" behind its length in 32 bits; field 0 is a
 * vector of 16-byte structs: int64 time in us, int16 x, y, a byte for ON, 3 of padding.
 */
#ifndef SNN_EVENTS_AEDAT4_H
#define SNN_EVENTS_AEDAT4_H

#include "datasets/events/codec.h"

#define SNN_AEDAT4_MAGIC "#!AER-DAT4.0\r\n"

/* What the XML says of the first stream of events. */
typedef struct snn_aedat4_stream {
    int32_t id; /* -1: there is none */
    uint32_t width, height;
    unsigned others; /* further streams of events */
} snn_aedat4_stream;

void snn_aedat4_streams(const char *xml, size_t n, snn_aedat4_stream *out);

/* Events of a packet that is written. */
#define SNN_AEDAT4_PACKET 4096
struct snn_aedat4_writer {
    snn_event waiting[SNN_AEDAT4_PACKET]; /* of the next packet */
    size_t n;
};

snn_status snn_aedat4_begin(snn_event_writer *w, snn_error *err);
snn_status snn_aedat4_write(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err);
snn_status snn_aedat4_end(snn_event_writer *w, snn_error *err);

#endif
