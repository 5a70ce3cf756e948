/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recordings of event cameras: a reader and a writer that stream, so memory does not
 * grow with the file, and rasters for networks.
 *
 *     snn_event_reader_open(ctx, "drive.raw", NULL, &reader, &err);
 *     while (snn_event_reader_read(reader, block, SNN_EVENT_BLOCK, &n, &err) == SNN_OK && n > 0)
 *         use(block, n);
 *     snn_event_reader_close(reader);
 *
 * Events keep the order of the file.  Nothing is lost in silence: what is not handed out,
 * or looks wrong, is counted in snn_event_counts, and damage is an error that names the
 * file, the byte and a remedy, after all events before it have been handed out.
 *
 * Threads: a reader or writer is used by one thread at a time.  Those of HDF5 files,
 * of any context, must not be used by two threads at once.
 */
#ifndef SNN_EVENTS_H
#define SNN_EVENTS_H

#include <snn/context.h>

/* One pixel saw its brightness rise (p = 1, ON) or fall (p = 0, OFF). */
typedef struct snn_event {
    int64_t t;     /* microseconds, from the recording's own zero */
    uint16_t x, y; /* column and row; (0, 0) is the top left */
    uint8_t p;
} snn_event;

/* A good number of events to read at once. */
#define SNN_EVENT_BLOCK 16384

/* Format, name, its usual extension, what it is.  Values are part of the ABI. */
#define SNN_EVENT_FORMATS(X)                                                                       \
    X(SNN_EVENTS_TEXT, 1, "text", ".txt", "lines \"t x y p\" or \"x,y,p,t\"")                      \
    X(SNN_EVENTS_BIN, 2, "bin", ".bin", "N-MNIST and N-Caltech101")                                \
    X(SNN_EVENTS_DAT, 3, "dat", ".dat", "Prophesee DAT")                                           \
    X(SNN_EVENTS_EVT2, 4, "evt2", ".raw", "Prophesee RAW, EVT 2.0")                                \
    X(SNN_EVENTS_EVT21, 5, "evt2.1", ".raw", "Prophesee RAW, EVT 2.1")                             \
    X(SNN_EVENTS_EVT3, 6, "evt3", ".raw", "Prophesee RAW, EVT 3.0")                                \
    X(SNN_EVENTS_AEDAT2, 7, "aedat2", ".aedat", "AEDAT 2.0 of jAER")                               \
    X(SNN_EVENTS_AEDAT3, 8, "aedat3", ".aedat", "AEDAT 3.1 of cAER")                               \
    X(SNN_EVENTS_AEDAT4, 9, "aedat4", ".aedat4", "AEDAT 4 of DV")                                  \
    X(SNN_EVENTS_HDF5, 10, "hdf5", ".h5", "HDF5")                                                  \
    X(SNN_EVENTS_ES, 11, "es", ".es", "Event Stream 2")                                            \
    X(SNN_EVENTS_EVT4, 12, "evt4", ".raw", "Prophesee RAW, EVT 4.0")

typedef enum snn_event_format {
    SNN_EVENTS_AUTO = 0, /* what the content says; for files to write: what the name says */
#define SNN_EVENT_FORMAT_ENUM(code, value, name, extension, text) code = value,
    SNN_EVENT_FORMATS(SNN_EVENT_FORMAT_ENUM)
#undef SNN_EVENT_FORMAT_ENUM
} snn_event_format;

typedef enum snn_event_geometry {
    SNN_GEOMETRY_UNKNOWN, /* width = height = 0 */
    SNN_GEOMETRY_ASSUMED, /* usual for the format: nothing is dropped for being outside */
    SNN_GEOMETRY_STATED   /* by the file or the caller: events outside are dropped, counted */
} snn_event_geometry;

typedef struct snn_event_info {
    snn_event_format format;
    char variant[48]; /* kind of file within the format, "" where there is one kind */
    snn_event_geometry geometry;
    uint32_t width, height; /* pixels */
} snn_event_info;

/* What a reader met so far.  The first four are about events handed out. */
typedef struct snn_event_counts {
    uint64_t events;
    uint64_t on;          /* with p = 1 */
    uint64_t backwards;   /* earlier than the event before; kept */
    int64_t step_back_us; /* the largest of those steps, >= 0 */
    uint64_t rounded;     /* time finer than a microsecond in the file: rounded to nearest */
    uint64_t outside;     /* dropped: x or y outside the stated geometry */
    uint64_t untimed;     /* dropped: before the file's first time or row word */
    uint64_t invalid;     /* dropped: marked invalid by the camera */
    uint64_t malformed;   /* dropped: records that mean nothing */
    uint64_t other;       /* skipped: triggers, frames, inertial samples, ... */
    uint64_t damaged;     /* 1 where a tolerant reader stopped at damage */
} snn_event_counts;

typedef struct snn_event_reader_params {
    size_t size; /* sizeof(snn_event_reader_params), set by _init */
    snn_event_format format;
    uint32_t width, height; /* sensor in pixels, 1 .. 65536; 0 = as the file says.  Both or none */
    int tolerant;           /* damage ends the events instead of being an error; it is counted */
    /* Asked when a signal interrupts the wait for a pipe; not 0 ends it with SNN_EINTERRUPTED,
     * after which only _close is left.  NULL: wait on. */
    int (*stop)(void *user);
    void *user;
} snn_event_reader_params;

typedef struct snn_event_writer_params {
    size_t size;             /* sizeof(snn_event_writer_params), set by _init */
    snn_event_format format; /* AUTO = of the path's extension */
    uint32_t width, height;  /* sensor in pixels; 0 = unknown, which some formats refuse */
} snn_event_writer_params;

/*
 * Which events a raster takes, and where they go: the cell
 *
 *     raster[((p * steps + t) * (width / cell) + column) * (height / cell) + row]
 *
 * of polarity p, step t = (time - start_us) / step_us, and column and row in cells from the
 * crop's corner.  Columns and rows of pixels that fill no whole cell are left out.
 */
typedef struct snn_raster_params {
    size_t size;                  /* sizeof(snn_raster_params), set by _init */
    uint32_t x, y, width, height; /* the crop, in pixels */
    uint32_t cell;                /* pixels that a cell is wide and high; default 1 */
    int64_t start_us, step_us;    /* begin and length of the steps */
    uint32_t steps;
    uint8_t most; /* a cell counts to this; default 1: whether there was an event */
} snn_raster_params;

typedef struct snn_event_reader snn_event_reader;
typedef struct snn_event_writer snn_event_writer;

SNN_BEGIN_DECLS

/* "evt3", and the format of such a name (SNN_EVENTS_AUTO when there is none). */
SNN_API const char *snn_event_format_name(snn_event_format format);
SNN_API snn_event_format snn_event_format_find(const char *name);
/* Whether there is a writer for it. */
SNN_API int snn_event_format_writable(snn_event_format format);

SNN_API void snn_event_reader_params_init(snn_event_reader_params *params);

/* Open a recording; "-" is standard input, and formats but HDF5 can be read from a pipe
 * as it fills.  The format is found by content.  `params` NULL = defaults.
 * Errors: SNN_ENOTFOUND, SNN_EIO, SNN_EFORMAT (not recognised, bad header; place named),
 * SNN_EUNSUPPORTED (needs a library that is not there), SNN_EINVAL, SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_event_reader_open(snn_context *ctx, const char *path,
                                                      const snn_event_reader_params *params,
                                                      snn_event_reader **out, snn_error *err);
/* The same for bytes in memory (not HDF5 from a pipe, but an HDF5 file's bytes are fine).
 * Keeps `bytes`; `name` stands for the path in messages. */
SNN_API SNN_MUST_USE snn_status snn_event_reader_open_memory(snn_context *ctx, const void *bytes,
                                                             size_t n, const char *name,
                                                             const snn_event_reader_params *params,
                                                             snn_event_reader **out,
                                                             snn_error *err);
SNN_API void snn_event_reader_close(snn_event_reader *reader);

/* Read up to `room` events (at least 1) into `out`.  *n may be less than `room` although
 * more follow: a live stream is handed on as it comes.  *n = 0: there are no more.
 * Errors: SNN_EFORMAT (damage), SNN_EIO, SNN_ENOMEM; no event follows an error. */
SNN_API SNN_MUST_USE snn_status snn_event_reader_read(snn_event_reader *reader, snn_event *out,
                                                      size_t room, size_t *n, snn_error *err);

/* Valid until close.  The geometry may become known while reading. */
SNN_API const snn_event_info *snn_event_reader_info(const snn_event_reader *reader);
SNN_API const snn_event_counts *snn_event_reader_counts(const snn_event_reader *reader);
/* What a tolerant reader stopped at; NULL where it met no damage. */
SNN_API const snn_error *snn_event_reader_damage(const snn_event_reader *reader);
/* Share of the file that is read, 0 .. 1; negative where the length is unknown (a pipe). */
SNN_API double snn_event_reader_progress(const snn_event_reader *reader);

SNN_API void snn_event_writer_params_init(snn_event_writer_params *params);

/* Begin a recording.  It is written beside `path` and has its name only after commit; "-",
 * standard output, and a pipe or device are written as it comes, by formats but HDF5.
 * `params` NULL = defaults.
 * Errors: SNN_EINVAL (format not known or without writer; geometry that the format cannot
 * hold), SNN_EIO, SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_event_writer_open(snn_context *ctx, const char *path,
                                                      const snn_event_writer_params *params,
                                                      snn_event_writer **out, snn_error *err);
/* Append n events.  What would not be read back exactly is refused, never changed.
 * Errors: SNN_EINVAL (an event that the format cannot hold, named with a remedy), SNN_EIO. */
SNN_API SNN_MUST_USE snn_status snn_event_writer_write(snn_event_writer *writer,
                                                       const snn_event *events, size_t n,
                                                       snn_error *err);
/* Finish and give the file its name.  Close it afterwards. */
SNN_API SNN_MUST_USE snn_status snn_event_writer_commit(snn_event_writer *writer, snn_error *err);
/* Without commit before: nothing is left behind, what was at `path` stays.  NULL is allowed. */
SNN_API void snn_event_writer_close(snn_event_writer *writer);

SNN_API uint64_t snn_event_writer_count(const snn_event_writer *writer);
SNN_API snn_event_format snn_event_writer_format(const snn_event_writer *writer);

SNN_API void snn_raster_params_init(snn_raster_params *params);
/* Add n events to a raster of 2 * steps * (width / cell) * (height / cell) bytes, which the
 * caller zeroes before the first ones.  *used grows by the number of events inside.
 * Errors: SNN_EINVAL (a size, step or count of 0). */
SNN_API SNN_MUST_USE snn_status snn_events_raster(const snn_raster_params *params,
                                                  const snn_event *events, size_t n,
                                                  uint8_t *raster, uint64_t *used, snn_error *err);

SNN_END_DECLS
#endif
