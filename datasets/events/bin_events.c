/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * N-MNIST and N-Caltech101: records of five bytes without a header.
 *
 *   byte 0 x   byte 1 y   byte 2 bit 7 polarity, 6-0 time bits 22-16   bytes 3, 4 time 15-0
 *
 * y = 240 is no event: 8192 us are added to all times from here on.
 */
#include "datasets/events/codec.h"
#include "datasets/events/evt.h"

#define RECORD    5
#define OVERFLOW  240
#define LONG_STEP 8192
#define TIMES     (INT64_C(1) << 23)
/* Overflow records that a writer makes up for one gap in time: 2.4 hours. */
#define MOST_STEPS (INT64_C(1) << 20)

struct bin_clock {
    int64_t base;
};

static int64_t time_of(const unsigned char *at)
{
    return (int64_t)(at[2] & 127) << 16 | at[3] << 8 | at[4];
}

/* There is nothing to know it by but rising times. */
static int probe(const unsigned char *head, size_t n, bool whole)
{
    const size_t records = n / RECORD < 2000 ? n / RECORD : 2000;
    size_t good = 0;

    for (size_t i = 0; i < records; i++)
        good += head[RECORD * i + 1] != OVERFLOW &&
                (i == 0 || time_of(head + RECORD * i) >= time_of(head + RECORD * (i - 1)));
    if (records < 8 || good * 100 < records * 98)
        return 0;
    return whole && n % RECORD != 0 ? 30 : 40;
}

static snn_status open_bin(snn_event_reader *r, snn_error *err)
{
    (void)r;
    (void)err;
    return SNN_OK;
}

static snn_status read_bin(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                           snn_error *err)
{
    struct bin_clock *s = r->state;
    size_t made = 0, records;
    snn_status st = SNN_OK;

    while (made == 0) {
        TRY(st, snn_evt_words(r, RECORD, &records, err));
        if (records == 0)
            break;
        for (; records > 0 && made < room; records--, r->in.at += RECORD) {
            const unsigned char *at = r->in.at;

            if (at[1] == OVERFLOW)
                s->base += LONG_STEP;
            else
                out[made++] = (snn_event){
                    .t = s->base + time_of(at), .x = at[0], .y = at[1], .p = at[2] >> 7};
        }
    }

done:
    *n = made;
    return st;
}

static snn_status begin(snn_event_writer *w, snn_error *err)
{
    (void)w;
    (void)err;
    return SNN_OK;
}

static void put(snn_event_writer *w, unsigned x, unsigned y, unsigned p, uint32_t time)
{
    unsigned char *at = snn_event_output_put(&w->out, RECORD);

    at[0] = (unsigned char)x;
    at[1] = (unsigned char)y;
    at[2] = (unsigned char)(p << 7 | time >> 16);
    at[3] = (unsigned char)(time >> 8);
    at[4] = (unsigned char)time;
}

static snn_status write_bin(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err)
{
    struct bin_clock *s = w->state;
    snn_status st = SNN_OK;

    for (size_t i = 0; i < n; i++) {
        if (e[i].y == OVERFLOW)
            TRY(st, snn_event_refuse(w, i, err,
                                     "%s uses y = 240 for something else: crop, or "
                                     "choose another format",
                                     snn_event_format_name(w->codec->format)));
        if (e[i].t < s->base && w->count + i > 0)
            TRY(st, snn_evt_refuse_back(w, i, err));
        if (e[i].t < 0 || e[i].t - s->base >= TIMES + MOST_STEPS * LONG_STEP)
            TRY(st, snn_evt_refuse_time(w, i, e[i].t, err));
        for (; e[i].t - s->base >= TIMES; s->base += LONG_STEP)
            put(w, 0, OVERFLOW, 0, 0);
        put(w, e[i].x, e[i].y, e[i].p, (uint32_t)(e[i].t - s->base));
    }

done:
    return st;
}

const snn_event_codec snn_codec_bin = {
    .format = SNN_EVENTS_BIN,
    .probe = probe,
    .state_bytes = sizeof(struct bin_clock),
    .open = open_bin,
    .read = read_bin,
    .writer_bytes = sizeof(struct bin_clock),
    .most_x = 255,
    .most_y = 255,
    .begin = begin,
    .write = write_bin,
};
