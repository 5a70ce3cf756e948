/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the actions of snn events share.  A new action is a function here and a row of the
 * table in cmd_events.c; it reads its recording through events_open and events_next, so
 * that --format, --size, --tolerant, --crop, --time and --relative work for it as well.
 */
#ifndef TOOLS_EVENTS_STREAM_H
#define TOOLS_EVENTS_STREAM_H

#include "tools/tool.h"

/* A recording being read, and what of it the options ask for. */
typedef struct events_stream {
    const char *path;
    snn_context *ctx;
    snn_event_reader *reader;
    snn_event *block;             /* SNN_EVENT_BLOCK events */
    uint32_t x, y, width, height; /* --crop; width 0: everything */
    int64_t from_us, to_us;       /* --time, from the first event; to_us is not in it */
    bool relative;
    bool begun;       /* an event has come */
    bool kept;        /* an event has been kept */
    int64_t first_us; /* of the recording */
    int64_t zero_us;  /* taken off all times */
    uint64_t blocks;  /* read so far */
} events_stream;

/* Read options that are texts.  False after a message on standard error. */
bool events_duration(const char *name, const char *text, int64_t *us);
bool events_check(const options *o);

/* `s` is zeroed by the caller; close it also on failure. */
SNN_MUST_USE snn_status events_open(snn_context *ctx, const char *path, const options *o,
                                    events_stream *s, snn_error *err);
/* The next events asked for, in s->block.  *n = 0: there are no more.  Shows progress;
 * SNN_EINTERRUPTED after a signal. */
SNN_MUST_USE snn_status events_next(events_stream *s, size_t *n, snn_error *err);
void events_close(events_stream *s);

/* The sensor, or the crop of it: false where it is not known for sure. */
bool events_geometry(const events_stream *s, uint32_t *width, uint32_t *height);
/* There is none of the events that are asked for: what to do about it. */
SNN_MUST_USE snn_status events_none(const events_stream *s, snn_error *err);
/* Warn about what was dropped or looked wrong. */
void events_warn(const events_stream *s);

/* Actions: each returns an exit code. */
int events_info(const options *o);
int events_convert(const options *o);
int events_render(const options *o);
int events_flow(const options *o);

#endif
