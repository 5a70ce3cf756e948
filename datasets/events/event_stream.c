/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event Stream 2 (.es): "Event Stream", three bytes of version, a byte for the kind of
 * events (1 = DVS), width and height as 16-bit words, then for each event
 *
 *   byte 0   7-1 us since the event before   0 ON      two 16-bit words   x, y from below
 *
 * or one byte alone: 255, 127 us pass; 254, nothing.
 */
#include "datasets/events/codec.h"

#define MAGIC  "Event Stream"
#define HEADER 20
#define RECORD 5
#define REST   254
#define PASS   255

struct es_reader {
    int64_t time;
    uint32_t height;
};

static int probe(const unsigned char *head, size_t n, bool whole)
{
    (void)whole;
    return n >= strlen(MAGIC) && memcmp(head, MAGIC, strlen(MAGIC)) == 0 ? 100 : 0;
}

static snn_status open_es(snn_event_reader *r, snn_error *err)
{
    struct es_reader *s = r->state;
    snn_event_input *in = &r->in;
    snn_status st;

    TRY(st, snn_event_input_need(in, HEADER, err));
    if (snn_event_input_left(in) < HEADER)
        TRY(st, snn_event_fail_cut(in, "the header", HEADER, err));
    if (in->at[12] != 2 || in->at[15] != 1)
        TRY(st, snn_event_fail_at(in, 12, SNN_EUNSUPPORTED, err,
                                  "version %u, events of kind %u: only version 2 and kind 1 (DVS) "
                                  "are read",
                                  in->at[12], in->at[15]));
    s->height = snn_le16(in->at + 18);
    if (snn_le16(in->at + 16) == 0 || s->height == 0)
        TRY(st, snn_event_fail_at(in, 16, SNN_EFORMAT, err, "a sensor of %u x %u pixels",
                                  snn_le16(in->at + 16), (unsigned)s->height));
    snn_event_set_geometry(r, SNN_GEOMETRY_STATED, snn_le16(in->at + 16), s->height);
    in->at += HEADER;

done:
    return st;
}

static snn_status read_es(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                          snn_error *err)
{
    struct es_reader *s = r->state;
    snn_event_input *in = &r->in;
    size_t made = 0;
    snn_status st = SNN_OK;

    while (made < room) {
        const size_t left = snn_event_input_left(in);
        uint32_t y;

        if (left < RECORD && made > 0)
            break;
        if (left < RECORD && !in->complete) {
            TRY(st, snn_event_input_need(in, left + 1, err));
            if (snn_event_input_left(in) == left)
                continue;
        }
        if (snn_event_input_left(in) == 0)
            break;
        if (in->at[0] >= REST) {
            s->time += in->at[0] == PASS ? 127 : 0;
            in->at++;
            continue;
        }
        if (snn_event_input_left(in) < RECORD && !in->complete)
            continue;
        if (snn_event_input_left(in) < RECORD)
            TRY(st, snn_event_fail_cut(in, "an event", RECORD, err));
        s->time += in->at[0] >> 1;
        y = snn_le16(in->at + 3);
        if (y < s->height)
            out[made++] = (snn_event){.t = s->time,
                                      .x = snn_le16(in->at + 1),
                                      .y = (uint16_t)(s->height - 1 - y),
                                      .p = in->at[0] & 1};
        else
            r->counts.outside++;
        in->at += RECORD;
    }

done:
    *n = made;
    return st;
}

const snn_event_codec snn_codec_es = {
    .format = SNN_EVENTS_ES,
    .probe = probe,
    .state_bytes = sizeof(struct es_reader),
    .open = open_es,
    .read = read_es,
};
