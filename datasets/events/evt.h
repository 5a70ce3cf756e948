/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Prophesee's formats share: the header, a clock, whole words in the window, and what
 * a writer says of times that do not fit.
 */
#ifndef SNN_EVENTS_EVT_H
#define SNN_EVENTS_EVT_H

#include "datasets/events/codec.h"

typedef struct snn_evt_header {
    size_t bytes;           /* of the header; 0 = there is none */
    char version[8];        /* "2", "2.1", "3", "4"; "" where not said */
    uint32_t width, height; /* 0 where not said */
    bool swapped;           /* "endianness legacy" */
    bool dat;               /* a line says that it is a DAT file */
    bool ended;             /* by "% end" */
} snn_evt_header;

/* The clock of EVT 2, 2.1 and 4: words state bits 33-6 of the time, events bits 5-0. */
typedef struct snn_evt_clock {
    bool timed;
    uint32_t high;
    int64_t base; /* of `high` and all wraps, in us */
} snn_evt_clock;

/* A fall of the high part that is a wrap, not a glitch: in EVT 2 and 2.1 all its range but 10. */
#define SNN_EVT_WRAP_FALL ((UINT32_C(1) << 28) - 1 - 10)
/* No camera runs so long, but a made-up file may. */
#define SNN_EVT_LAST_TIME (INT64_C(1) << 60)

static inline void snn_evt_clock_set(snn_evt_clock *c, uint32_t high, uint32_t wrap_fall)
{
    const int64_t wraps = c->base >> 34;
    const bool wrapped =
        c->timed && high < c->high && c->high - high >= wrap_fall && c->base < SNN_EVT_LAST_TIME;

    c->base = (wraps + wrapped) * (INT64_C(1) << 34) + (int64_t)high * 64;
    c->high = high;
    c->timed = true;
}

/* Read the lines "% key value" at the begin of `head`. */
void snn_evt_header_parse(const unsigned char *head, size_t n, snn_evt_header *out);
/* Skip the header of an open reader and take its geometry, or else assume the one given. */
SNN_MUST_USE snn_status snn_evt_header_read(snn_event_reader *r, uint32_t width, uint32_t height,
                                            snn_evt_header *out, snn_error *err);
void snn_evt_header_write(snn_event_writer *w, const char *version, const char *format);

/* 95 where the header names this version, else 0. */
int snn_evt_probe(const unsigned char *head, size_t n, const char *version);

/* How many whole words of `bytes` bytes are in the window; waits for one.  0 = the end;
 * a part of a word there is an error. */
SNN_MUST_USE snn_status snn_evt_words(snn_event_reader *r, size_t bytes, size_t *n, snn_error *err);

snn_status snn_evt_refuse_time(const snn_event_writer *w, size_t index, int64_t t, snn_error *err);
snn_status snn_evt_refuse_back(const snn_event_writer *w, size_t index, snn_error *err);

#endif
