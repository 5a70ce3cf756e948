/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prophesee DAT: header lines "% ...", a byte for the kind of events (0 or 12) and one
 * for their size (8), then for each event two 32-bit words: the time in us, and
 * 13-0 x, 27-14 y, 31-28 polarity.  Very old files have no header at all.
 *
 * The time wraps at 2^32 us: then it falls by more than half of that.
 */
#include "datasets/events/evt.h"

#include <stdio.h>

#define RECORD 8
#define WRAP   (INT64_C(1) << 32)
/* No camera runs so long, but a made-up file may. */
#define LAST_TIME (INT64_C(1) << 60)

struct dat_reader {
    bool timed;
    uint32_t time;
    int64_t base; /* of all wraps, in us */
};

/* Whether records without a header look like events: times rise, high bits are as they must be. */
static int probe_bare(const unsigned char *head, size_t n)
{
    const size_t records = n / RECORD < 2000 ? n / RECORD : 2000;
    size_t good = 0;

    for (size_t i = 0; i < records; i++) {
        const uint32_t word = snn_le32(head + RECORD * i + 4);

        good += word >> 28 <= 1 && (word & 0x3fff) < 2048 && (word >> 14 & 0x3fff) < 2048 &&
                (i == 0 || snn_le32(head + RECORD * i) >= snn_le32(head + RECORD * i - RECORD));
    }
    return records >= 8 && good * 100 >= records * 98 ? 45 : 0;
}

static int probe(const unsigned char *head, size_t n, bool whole)
{
    snn_evt_header h;

    (void)whole;
    snn_evt_header_parse(head, n, &h);
    if (h.version[0] != '\0')
        return 0;
    if (h.dat)
        return 95;
    if (h.bytes == 0)
        return probe_bare(head, n);
    return n - h.bytes >= 2 && head[h.bytes] <= 14 && head[h.bytes + 1] == RECORD ? 60 : 0;
}

static snn_status open_dat(snn_event_reader *r, snn_error *err)
{
    snn_event_input *in = &r->in;
    snn_evt_header header;
    snn_status st;

    TRY(st, snn_evt_header_read(r, 0, 0, &header, err));
    if (header.bytes == 0) {
        snprintf(r->info.variant, sizeof r->info.variant, "without header");
        goto done;
    }
    TRY(st, snn_event_input_need(in, 2, err));
    if (snn_event_input_left(in) < 2)
        TRY(st, snn_event_fail_cut(in, "the header's end", 2, err));
    if (in->at[0] != 0 && in->at[0] != 12)
        TRY(st, snn_event_fail_at(in, snn_event_input_offset(in), SNN_EFORMAT, err,
                                  "holds records of kind %u, not events (0 or 12)%s", in->at[0],
                                  in->at[0] == 14 ? ": these are external triggers" : ""));
    if (in->at[1] != RECORD)
        TRY(st, snn_event_fail_at(in, snn_event_input_offset(in) + 1, SNN_EFORMAT, err,
                                  "events of %u bytes, not 8: the header is damaged", in->at[1]));
    in->at += 2;

done:
    return st;
}

static snn_status read_dat(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                           snn_error *err)
{
    struct dat_reader *s = r->state;
    size_t records = 0;
    snn_status st;

    TRY(st, snn_evt_words(r, RECORD, &records, err));
    records = records < room ? records : room;
    for (size_t i = 0; i < records; i++) {
        const uint32_t time = snn_le32(r->in.at + RECORD * i);
        const uint32_t word = snn_le32(r->in.at + RECORD * i + 4);

        if (s->timed && time < s->time && s->time - time > UINT32_C(1) << 31 && s->base < LAST_TIME)
            s->base += WRAP;
        s->time = time;
        s->timed = true;
        out[i] = (snn_event){.t = s->base + time,
                             .x = word & 0x3fff,
                             .y = word >> 14 & 0x3fff,
                             .p = word >> 28 != 0};
    }
    r->in.at += RECORD * records;
    *n = records;

done:
    return st;
}

/* ---- writing --------------------------------------------------------------- */

static snn_status begin(snn_event_writer *w, snn_error *err)
{
    char text[256];
    int n = snprintf(text, sizeof text, "%% Data file containing CD events.\n%% Version 2\n");

    (void)err;
    if (w->width > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, "%% Width %lu\n%% Height %lu\n",
                      (unsigned long)w->width, (unsigned long)w->height);
    snn_event_output_bytes(&w->out, text, (size_t)n);
    snn_event_output_bytes(&w->out, "\x0c\x08", 2);
    return SNN_OK;
}

/* The state is that of a reader: what it would make of an event must be the event. */
static snn_status write_dat(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err)
{
    struct dat_reader *s = w->state;
    snn_status st = SNN_OK;

    for (size_t i = 0; i < n; i++) {
        const uint32_t time = (uint32_t)((uint64_t)e[i].t & 0xffffffff);
        unsigned char *at;

        if (s->timed && time < s->time && s->time - time > UINT32_C(1) << 31)
            s->base += WRAP;
        if (e[i].t < s->base && s->timed)
            TRY(st, snn_evt_refuse_back(w, i, err));
        if (e[i].t != s->base + time)
            TRY(st, snn_evt_refuse_time(w, i, e[i].t, err));
        s->time = time;
        s->timed = true;
        at = snn_event_output_put(&w->out, RECORD);
        snn_put_le32(at, time);
        snn_put_le32(at + 4, (uint32_t)e[i].p << 28 | (uint32_t)e[i].y << 14 | e[i].x);
    }

done:
    return st;
}

const snn_event_codec snn_codec_dat = {
    .format = SNN_EVENTS_DAT,
    .probe = probe,
    .state_bytes = sizeof(struct dat_reader),
    .open = open_dat,
    .read = read_dat,
    .writer_bytes = sizeof(struct dat_reader),
    .most_x = 16383,
    .most_y = 16383,
    .begin = begin,
    .write = write_dat,
};
