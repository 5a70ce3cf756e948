/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/encode_spool.h"

#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC       "snnspool"
#define VERSION     1u
#define ORDER       0x01020304u
#define HEADER_SIZE 32
#define SAMPLE_SIZE 16

static snn_status cannot(const snn_spool *s, const char *what, snn_error *err)
{
    return snn_error_set(err, SNN_EIO, s->path, "cannot %s: %s; run again to go on", what,
                         snn_data_errno_text());
}

static void make_header(uint64_t key, uint32_t n, unsigned char header[HEADER_SIZE])
{
    const uint32_t version = VERSION, order = ORDER;
    uint32_t crc;

    memcpy(header, MAGIC, 8);
    memcpy(header + 8, &version, 4);
    memcpy(header + 12, &order, 4);
    memcpy(header + 16, &key, 8);
    memcpy(header + 24, &n, 4);
    crc = (uint32_t)crc32_z(0, header, 28);
    memcpy(header + 28, &crc, 4);
}

/* The sum of sample i: its head but for the sum, and its events. */
static uint32_t sum_sample(uint32_t i, uint32_t events, double ticks_per_s, const uint32_t *tick,
                           const uint16_t *unit)
{
    unsigned char head[16];
    uLong crc;

    memcpy(head, &i, 4);
    memcpy(head + 4, &events, 4);
    memcpy(head + 8, &ticks_per_s, 8);
    crc = crc32_z(0, head, sizeof head);
    if (events > 0) {
        crc = crc32_z(crc, (const void *)tick, events * sizeof *tick);
        crc = crc32_z(crc, (const void *)unit, events * sizeof *unit);
    }
    return (uint32_t)crc;
}

static snn_status make_list(snn_context *ctx, uint32_t n, snn_spike_list *list, snn_error *err)
{
    snn_status st;

    *list = (snn_spike_list){.ctx = ctx};
    TRY_ALLOC(st, ctx, list->tick, n, err);
    TRY_ALLOC(st, ctx, list->unit, n, err);
    list->n = n;
    list->room = n;

done:
    return st;
}

/* Read sample i; *good tells whether it is whole.  At most `left` bytes follow. */
static snn_status read_sample(snn_spool *s, uint32_t i, uint64_t left, snn_spike_list *list,
                              double *ticks_per_s, bool *good, snn_error *err)
{
    unsigned char head[SAMPLE_SIZE];
    uint32_t events, crc;
    snn_status st = SNN_OK;

    *good = false;
    if (left < SAMPLE_SIZE || fread(head, SAMPLE_SIZE, 1, s->file) != 1)
        return SNN_OK;
    memcpy(&events, head, 4);
    memcpy(&crc, head + 4, 4);
    memcpy(ticks_per_s, head + 8, 8);
    /* A damaged count must not make us ask for memory that the file cannot fill. */
    if ((left - SAMPLE_SIZE) / (sizeof *list->tick + sizeof *list->unit) < events)
        return SNN_OK;
    TRY(st, make_list(s->ctx, events, list, err));
    *good = (events == 0 || (fread(list->tick, sizeof *list->tick, events, s->file) == events &&
                             fread(list->unit, sizeof *list->unit, events, s->file) == events)) &&
            sum_sample(i, events, *ticks_per_s, list->tick, list->unit) == crc;

done:
    return st;
}

/* Count the samples that are whole, and cut off what follows them. */
static snn_status take_stock(snn_spool *s, snn_error *err)
{
    off_t end, good_end = HEADER_SIZE;
    bool good = true;
    snn_status st = SNN_OK;

    if (fseeko(s->file, 0, SEEK_END) != 0 || (end = ftello(s->file)) < 0 ||
        fseeko(s->file, HEADER_SIZE, SEEK_SET) != 0)
        return cannot(s, "read what is there", err);
    while (s->done < s->n) {
        snn_spike_list list = {.ctx = s->ctx};
        double ticks_per_s;

        st = read_sample(s, s->done, (uint64_t)(end - good_end), &list, &ticks_per_s, &good, err);
        if (good)
            good_end += (off_t)(SAMPLE_SIZE + list.n * (sizeof *list.tick + sizeof *list.unit));
        snn_spike_list_free(&list);
        if (st != SNN_OK || !good)
            break;
        s->done++;
    }
    if (st != SNN_OK)
        return st;
    if (ferror(s->file) || ftruncate(fileno(s->file), good_end) != 0 ||
        fseeko(s->file, good_end, SEEK_SET) != 0)
        return cannot(s, "go on with what is there", err);
    return SNN_OK;
}

snn_status snn_spool_open(snn_context *ctx, const char *path, uint64_t key, uint32_t n,
                          snn_spool *out, snn_error *err)
{
    unsigned char header[HEADER_SIZE], there[HEADER_SIZE];
    snn_spool *s = out;

    *s = (snn_spool){.ctx = ctx, .n = n};
    if (snprintf(s->path, sizeof s->path, "%s", path) >= (int)sizeof s->path)
        return snn_error_set(err, SNN_EINVAL, path, "the path is too long");
    make_header(key, n, header);
    s->file = fopen(path, "r+b");
    if (s->file != NULL) {
        const bool whole = fread(there, HEADER_SIZE, 1, s->file) == 1;

        if (whole && memcmp(there, header, HEADER_SIZE) == 0)
            return take_stock(s, err);
        s->foreign = whole;
        fclose(s->file);
    }
    s->file = fopen(path, "w+b");
    if (s->file == NULL)
        return cannot(s, "make the file", err);
    if (fwrite(header, HEADER_SIZE, 1, s->file) != 1 || fflush(s->file) != 0)
        return cannot(s, "write", err);
    return SNN_OK;
}

snn_status snn_spool_add(snn_spool *s, const snn_spike_list *list, double ticks_per_s,
                         snn_error *err)
{
    const uint32_t events = (uint32_t)list->n;
    const uint32_t crc = sum_sample(s->done, events, ticks_per_s, list->tick, list->unit);
    unsigned char head[SAMPLE_SIZE];

    memcpy(head, &events, 4);
    memcpy(head + 4, &crc, 4);
    memcpy(head + 8, &ticks_per_s, 8);
    if (fwrite(head, SAMPLE_SIZE, 1, s->file) != 1 ||
        (events > 0 && (fwrite(list->tick, sizeof *list->tick, events, s->file) != events ||
                        fwrite(list->unit, sizeof *list->unit, events, s->file) != events)))
        return cannot(s, "write", err);
    s->done++;
    return SNN_OK;
}

snn_status snn_spool_flush(snn_spool *s, snn_error *err)
{
    return fflush(s->file) == 0 ? SNN_OK : cannot(s, "write", err);
}

snn_status snn_spool_rewind(snn_spool *s, snn_error *err)
{
    if (fflush(s->file) != 0 || fseeko(s->file, HEADER_SIZE, SEEK_SET) != 0)
        return cannot(s, "read", err);
    return SNN_OK;
}

snn_status snn_spool_next(snn_spool *s, uint32_t i, snn_spike_list *list, double *ticks_per_s,
                          snn_error *err)
{
    bool good;
    snn_status st = read_sample(s, i, UINT64_MAX, list, ticks_per_s, &good, err);

    if (st == SNN_OK && !good)
        st = snn_error_set(err, SNN_EIO, s->path,
                           "sample %u cannot be read back: run again to go on", i);
    return st;
}

void snn_spool_close(snn_spool *s, bool remove_file)
{
    if (s->file != NULL)
        fclose(s->file);
    if (s->file != NULL && remove_file)
        unlink(s->path);
    *s = (snn_spool){0};
}
