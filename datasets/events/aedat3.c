/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AEDAT 3.1 of cAER: header lines that begin with '#', up to "#!END-HEADER"; then packets.
 * A packet has 28 bytes of header, the lowest byte first,
 *
 *   int16 kind, source   int32 bytes of an event, place of the time in it, overflows of the
 *   time, capacity, number, number of valid ones
 *
 * and its events.  Those of kind 1 are polarity events of 8 bytes:
 *
 *   word 0   0 valid   1 ON   16-2 y   31-17 x      word 1   31 bits of time in us
 */
#include "datasets/events/evt.h"

#include <stdio.h>

#define MAGIC         "#!AER-DAT3.1"
#define END           "#!END-HEADER"
#define HEADER        28
#define RECORD        8
#define MOST_HEADER   ((size_t)1 << 20)
#define KIND_POLARITY 1

static const struct source {
    const char *name;
    uint32_t width, height;
} SOURCES[] = {
    {"DVS128", 128, 128},
    {"DAVIS240", 240, 180},
    {"DAVIS346", 346, 260},
    {"DAVIS128", 128, 128},
};

struct aedat3_reader {
    uint32_t left; /* events of the packet at hand */
    int64_t base;  /* its overflows, in us */
};

static int probe(const unsigned char *head, size_t n, bool whole)
{
    (void)whole;
    return n >= strlen(MAGIC) && memcmp(head, MAGIC, strlen(MAGIC)) == 0 ? 100 : 0;
}

static void take_line(snn_event_reader *r, const char *text, size_t n)
{
    char line[256];

    snprintf(line, sizeof line, "%.*s", (int)(n < 255 ? n : 255), text);
    if (strncmp(line, "#Source", 7) != 0)
        return;
    for (size_t i = 0; i < SNN_COUNT(SOURCES); i++)
        if (strstr(line, SOURCES[i].name) != NULL && r->info.variant[0] == '\0') {
            snprintf(r->info.variant, sizeof r->info.variant, "%s", SOURCES[i].name);
            snn_event_set_geometry(r, SNN_GEOMETRY_STATED, SOURCES[i].width, SOURCES[i].height);
        }
}

static snn_status open_aedat3(snn_event_reader *r, snn_error *err)
{
    snn_event_input *in = &r->in;
    snn_status st = SNN_OK;

    for (bool last = false; !last;) {
        const size_t left = snn_event_input_left(in);
        const unsigned char *stop = memchr(in->at, '\n', left);

        if ((left > 0 && in->at[0] != '#') ||
            (stop == NULL && (in->complete || left > MOST_HEADER)))
            TRY(st, snn_event_fail_at(in, snn_event_input_offset(in), SNN_EFORMAT, err,
                                      "the header does not end in a line " END
                                      ": the file is cut or damaged, fetch it again"));
        if (stop == NULL) {
            TRY(st, snn_event_input_need(in, left + 1, err));
            continue;
        }
        take_line(r, (const char *)in->at, (size_t)(stop - in->at));
        last = (size_t)(stop - in->at) >= strlen(END) && memcmp(in->at, END, strlen(END)) == 0;
        in->at = stop + 1;
    }

done:
    return st;
}

/* The next packet of polarity events; *more = false at the end. */
static snn_status next_packet(snn_event_reader *r, bool *more, snn_error *err)
{
    struct aedat3_reader *s = r->state;
    snn_event_input *in = &r->in;
    snn_status st = SNN_OK;

    for (*more = true; s->left == 0;) {
        uint32_t size, number, overflows, place;
        uint64_t missing;
        uint16_t kind;

        TRY(st, snn_event_input_need(in, HEADER, err));
        if (snn_event_input_left(in) == 0) {
            *more = false;
            break;
        }
        if (snn_event_input_left(in) < HEADER)
            TRY(st, snn_event_fail_cut(in, "a packet's header", HEADER, err));
        kind = snn_le16(in->at);
        size = snn_le32(in->at + 4);
        place = snn_le32(in->at + 8);
        overflows = snn_le32(in->at + 12);
        number = snn_le32(in->at + 20);
        if (size > INT32_MAX || number > INT32_MAX || overflows > INT32_MAX ||
            (kind == KIND_POLARITY && (size != RECORD || place != 4)))
            TRY(st, snn_event_fail_at(in, snn_event_input_offset(in), SNN_EFORMAT, err,
                                      "a packet's header means nothing (kind %u, %lu events of %lu "
                                      "bytes): the file is damaged, fetch it again, or read what "
                                      "comes before (tolerant)",
                                      kind, (unsigned long)number, (unsigned long)size));
        in->at += HEADER;
        if (kind == KIND_POLARITY) {
            s->left = number;
            s->base = (int64_t)overflows << 31;
            continue;
        }
        r->counts.other += number;
        TRY(st, snn_event_input_skip(in, (uint64_t)size * number, &missing, err));
        if (missing > 0)
            TRY(st, snn_event_fail_short(in, missing, err));
    }

done:
    return st;
}

static snn_status read_aedat3(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                              snn_error *err)
{
    struct aedat3_reader *s = r->state;
    size_t made = 0, records;
    bool more;
    snn_status st = SNN_OK;

    while (made == 0) {
        TRY(st, next_packet(r, &more, err));
        if (!more)
            break;
        TRY(st, snn_evt_words(r, RECORD, &records, err));
        if (records == 0)
            TRY(st, snn_event_fail_short(&r->in, (uint64_t)s->left * RECORD, err));
        for (; records > 0 && s->left > 0 && made < room;
             records--, s->left--, r->in.at += RECORD) {
            const uint32_t word = snn_le32(r->in.at), time = snn_le32(r->in.at + 4);

            if (time > INT32_MAX)
                r->counts.malformed++;
            else if ((word & 1) == 0)
                r->counts.invalid++;
            else
                out[made++] = (snn_event){.t = s->base + time,
                                          .x = (uint16_t)(word >> 17),
                                          .y = word >> 2 & 0x7fff,
                                          .p = word >> 1 & 1};
        }
    }

done:
    *n = made;
    return st;
}

const snn_event_codec snn_codec_aedat3 = {
    .format = SNN_EVENTS_AEDAT3,
    .probe = probe,
    .state_bytes = sizeof(struct aedat3_reader),
    .open = open_aedat3,
    .read = read_aedat3,
};
