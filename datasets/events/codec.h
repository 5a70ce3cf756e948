/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of readers and writers of event recordings: bytes in and out, and the vtable
 * that each format fills.  A new format is one file and one row in event_formats.c.
 */
#ifndef SNN_EVENTS_CODEC_H
#define SNN_EVENTS_CODEC_H

#include "datasets/data.h"

#include <snn/events.h>

#include <string.h>

/* ---- bytes in (event_input.c) ------------------------------------------- */

/* A window at..end of the bytes of a file, a pipe or a block of memory. */
typedef struct snn_event_input {
    snn_context *ctx;
    const char *name;
    int fd;                /* -1: memory */
    bool own_fd, regular;  /* opened here; a file, no pipe */
    bool complete;         /* nothing follows `end` */
    unsigned char *buffer; /* NULL: memory */
    size_t room;
    const unsigned char *at, *end;
    uint64_t end_offset;     /* place of `end` in the file */
    uint64_t size;           /* of the file; 0 = unknown */
    int (*stop)(void *user); /* of the reader's parameters */
    void *user;
} snn_event_input;

snn_status snn_event_input_open(snn_context *ctx, const char *path, snn_event_input *in,
                                snn_error *err);
void snn_event_input_memory(const void *bytes, size_t n, const char *name, snn_event_input *in);
void snn_event_input_close(snn_event_input *in);

/* Wait until n bytes are in the window, or all that there are: check snn_event_input_left.
 * Grows the buffer while bytes arrive, so a wild length in a short file costs nothing. */
SNN_MUST_USE snn_status snn_event_input_need(snn_event_input *in, size_t n, snn_error *err);
/* Skip n bytes; *missing is what the file lacks of them. */
SNN_MUST_USE snn_status snn_event_input_skip(snn_event_input *in, uint64_t n, uint64_t *missing,
                                             snn_error *err);

static inline size_t snn_event_input_left(const snn_event_input *in)
{
    return (size_t)(in->end - in->at);
}

static inline uint64_t snn_event_input_offset(const snn_event_input *in)
{
    return in->end_offset - snn_event_input_left(in);
}

/* A failure at byte `offset`: "file: byte 1234". */
snn_status snn_event_fail_at(const snn_event_input *in, uint64_t offset, snn_status status,
                             snn_error *err, const char *format, ...) SNN_PRINTF(5, 6);
/* The window ends within something of `want` bytes that begins at its `at`. */
snn_status snn_event_fail_cut(const snn_event_input *in, const char *what, uint64_t want,
                              snn_error *err);

/* The file ends, and `missing` bytes of a packet should follow. */
snn_status snn_event_fail_short(const snn_event_input *in, uint64_t missing, snn_error *err);

static inline uint16_t snn_le16(const unsigned char *b)
{
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t snn_le32(const unsigned char *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t snn_le64(const unsigned char *b)
{
    return (uint64_t)snn_le32(b) | (uint64_t)snn_le32(b + 4) << 32;
}

static inline uint32_t snn_be32(const unsigned char *b)
{
    return (uint32_t)b[3] | (uint32_t)b[2] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[0] << 24;
}

/* ---- bytes out (event_output.c) ------------------------------------------ */

/* A file that gets its name when it is complete.  Errors are kept until asked for. */
typedef struct snn_event_output {
    snn_context *ctx;
    const char *path;
    char *part; /* temporary name; NULL: standard output, a pipe or device */
    int fd;
    bool own_fd;
    unsigned char *buffer;
    size_t used;
    uint64_t offset; /* of the buffer's begin */
    int failed;      /* errno of the first failure */
} snn_event_output;

/* Whether `path` is standard output, a pipe or a device: written as it comes. */
bool snn_event_output_flows(const char *path);
snn_status snn_event_output_open(snn_context *ctx, const char *path, snn_event_output *out,
                                 snn_error *err);
/* Room for n <= SNN_EVENT_OUTPUT_MOST bytes, to be filled at once. */
#define SNN_EVENT_OUTPUT_MOST 4096
unsigned char *snn_event_output_put(snn_event_output *out, size_t n);
void snn_event_output_bytes(snn_event_output *out, const void *bytes, size_t n);
SNN_MUST_USE snn_status snn_event_output_check(const snn_event_output *out, snn_error *err);
SNN_MUST_USE snn_status snn_event_output_commit(snn_event_output *out, snn_error *err);
void snn_event_output_close(snn_event_output *out);

static inline void snn_put_le16(unsigned char *b, uint16_t v)
{
    b[0] = (unsigned char)v;
    b[1] = (unsigned char)(v >> 8);
}

static inline void snn_put_le32(unsigned char *b, uint32_t v)
{
    snn_put_le16(b, (uint16_t)v);
    snn_put_le16(b + 2, (uint16_t)(v >> 16));
}

static inline void snn_put_le64(unsigned char *b, uint64_t v)
{
    snn_put_le32(b, (uint32_t)v);
    snn_put_le32(b + 4, (uint32_t)(v >> 32));
}

/* ---- formats -------------------------------------------------------------- */

/* Events that a codec's `read` may ask room for. */
#define SNN_EVENT_LEAST_ROOM 64
/* Bytes that a probe sees at most. */
#define SNN_EVENT_PROBE_BYTES 65536

typedef struct snn_event_codec {
    snn_event_format format;
    const char *name, *extension, *text;

    /* How well the file's first bytes fit, 0 (not at all) to 100 (a magic number); `whole`:
     * they are the whole file. */
    int (*probe)(const unsigned char *head, size_t n, bool whole);
    size_t state_bytes;
    /* Read the header, set info.  `state` is zeroed. */
    snn_status (*open)(snn_event_reader *r, snn_error *err);
    /* Decode at most `room` (>= SNN_EVENT_LEAST_ROOM) events.  *n may be set on failure
     * too: these events came before the damage.  Success with *n = 0: the end.  Only
     * waits for input while *n is 0.  Counts what it drops; the reader does the rest. */
    snn_status (*read)(snn_event_reader *r, snn_event *out, size_t room, size_t *n, snn_error *err);
    void (*close)(snn_event_reader *r); /* optional */

    /* Writing; `begin` NULL: not offered. */
    size_t writer_bytes;
    uint32_t most_x, most_y; /* largest coordinates */
    bool own_file;           /* writes out.part by itself (HDF5), not through `out` */
    bool needs_geometry;
    snn_status (*begin)(snn_event_writer *w, snn_error *err);
    /* Coordinates and polarities are checked.  Stops at the first event that cannot be held. */
    snn_status (*write)(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err);
    snn_status (*end)(snn_event_writer *w, snn_error *err); /* optional */
    void (*discard)(snn_event_writer *w);                   /* optional; after `end` too */
} snn_event_codec;

extern const snn_event_codec snn_codec_text, snn_codec_bin, snn_codec_dat, snn_codec_evt2,
    snn_codec_evt21, snn_codec_evt3, snn_codec_evt4, snn_codec_aedat2, snn_codec_aedat3,
    snn_codec_aedat4, snn_codec_hdf5, snn_codec_es;

/* NULL for SNN_EVENTS_AUTO and what is no format. */
const snn_event_codec *snn_event_codec_of(snn_event_format format);
/* The best fit to the first bytes, or NULL; *fit says how good it is. */
const snn_event_codec *snn_event_codec_guess(const unsigned char *head, size_t n, bool whole,
                                             int *fit);

struct snn_event_reader {
    snn_context *ctx;
    const snn_event_codec *codec;
    char *path;
    snn_event_input in;
    snn_event_info info;
    snn_event_counts counts;
    void *state;
    bool tolerant, ended;
    int64_t last_t;    /* of the last event handed out */
    snn_event *staged; /* for callers with little room */
    size_t n_staged, next_staged;
    snn_status failure; /* to be told after the events before it */
    snn_error detail;
    double progress; /* set by codecs that do not read through `in`; else negative */
};

struct snn_event_writer {
    snn_context *ctx;
    const snn_event_codec *codec;
    char *path;
    snn_event_output out;
    uint32_t width, height;
    uint64_t count;
    void *state;
    bool begun;
    snn_status failure; /* nothing can be written after one */
};

/* Geometry from the file; what the caller stated stays. */
void snn_event_set_geometry(snn_event_reader *r, snn_event_geometry geometry, uint32_t width,
                            uint32_t height);

/* An event that the format cannot hold: "event 17: ...". */
snn_status snn_event_refuse(const snn_event_writer *w, size_t index, snn_error *err,
                            const char *format, ...) SNN_PRINTF(4, 5);

#endif
