/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/events/aedat4.h"

#include "datasets/events/flatbuffer.h"
#include "datasets/events/unpack.h"

#include <stdio.h>

#define EVENT_BYTES 16
#define PACKET_HEAD 8
/* As for what unpacks: more is no packet of a camera. */
#define MOST_BYTES ((uint32_t)1 << 28)

struct aedat4_reader {
    snn_packing packing;
    snn_aedat4_stream stream;
    uint64_t end; /* place of the table; UINT64_MAX: none */
    snn_unpacker unpacker;
    /* The packet at hand: events left, in the window or unpacked. */
    const unsigned char *event;
    size_t left;
    size_t held; /* bytes of the window that go when it is done */
};

static int probe(const unsigned char *head, size_t n, bool whole)
{
    const size_t m = strlen(SNN_AEDAT4_MAGIC);

    (void)whole;
    return n >= m && memcmp(head, SNN_AEDAT4_MAGIC, m) == 0 ? 100 : 0;
}

static snn_status bad_header(const snn_event_reader *r, snn_error *err)
{
    return snn_event_fail_at(&r->in, snn_event_input_offset(&r->in), SNN_EFORMAT, err,
                             "the header is damaged: fetch the file again");
}

/* The FlatBuffer of the header. */
static snn_status take_header(snn_event_reader *r, const snn_flat *f, snn_error *err)
{
    static const snn_packing PACKINGS[] = {SNN_PACKING_NONE, SNN_PACKING_LZ4, SNN_PACKING_LZ4,
                                           SNN_PACKING_ZSTD, SNN_PACKING_ZSTD};
    struct aedat4_reader *s = r->state;
    size_t table, place, first, n;
    uint32_t packing = 0;

    if (!snn_flat_root(f, "IOHE", &table) || !snn_flat_field(f, table, 0, 4, &place))
        return bad_header(r, err);
    if (place != 0)
        packing = snn_le32(f->at + place);
    if (packing >= SNN_COUNT(PACKINGS))
        return bad_header(r, err);
    s->packing = PACKINGS[packing];
    if (!snn_flat_field(f, table, 1, 8, &place))
        return bad_header(r, err);
    s->end = place != 0 ? snn_le64(f->at + place) : UINT64_MAX;
    if (s->end == 0 || s->end > INT64_MAX)
        s->end = UINT64_MAX;
    if (!snn_flat_field(f, table, 2, 4, &place) || !snn_flat_vector(f, place, 1, &first, &n))
        return bad_header(r, err);
    snn_aedat4_streams((const char *)f->at + first, n, &s->stream);
    return SNN_OK;
}

static snn_status open_aedat4(snn_event_reader *r, snn_error *err)
{
    struct aedat4_reader *s = r->state;
    snn_event_input *in = &r->in;
    const size_t begin = strlen(SNN_AEDAT4_MAGIC) + 4;
    size_t bytes;
    snn_status st;

    TRY(st, snn_event_input_need(in, begin, err));
    if (snn_event_input_left(in) < begin)
        TRY(st, snn_event_fail_cut(in, "the header", begin, err));
    bytes = snn_le32(in->at + begin - 4);
    if (bytes > MOST_BYTES)
        TRY(st, bad_header(r, err));
    TRY(st, snn_event_input_need(in, begin + bytes, err));
    if (snn_event_input_left(in) < begin + bytes)
        TRY(st, snn_event_fail_cut(in, "the header", begin + bytes, err));
    TRY(st, take_header(r, &(snn_flat){in->at + begin, bytes}, err));
    if (s->stream.id < 0)
        TRY(st, snn_event_fail_at(in, begin, SNN_EFORMAT, err,
                                  "no stream of the file holds events: choose another recording"));
    if (!snn_frame_unpack_offered(s->packing))
        TRY(st,
            snn_event_fail_at(in, begin, SNN_EUNSUPPORTED, err,
                              "is packed by %s, which this build of snn lacks: configure it "
                              "with that library",
                              s->packing == SNN_PACKING_LZ4 ? "LZ4 (liblz4)" : "zstd (libzstd)"));
    in->at += begin + bytes;
    snn_event_set_geometry(r, SNN_GEOMETRY_STATED, s->stream.width, s->stream.height);
    snprintf(r->info.variant, sizeof r->info.variant, "%s%s",
             s->packing == SNN_PACKING_NONE  ? "not packed"
             : s->packing == SNN_PACKING_LZ4 ? "LZ4"
                                             : "zstd",
             s->stream.others > 0 ? ", the first of several streams of events" : "");

done:
    return st;
}

/* A whole packet of `bytes` bytes is in the window behind its head: find its events. */
static snn_status take_packet(snn_event_reader *r, size_t bytes, snn_error *err)
{
    struct aedat4_reader *s = r->state;
    snn_flat f = {r->in.at + PACKET_HEAD, bytes};
    const uint64_t offset = snn_event_input_offset(&r->in);
    size_t table, place, first;
    const char *why = "";

    if (s->packing != SNN_PACKING_NONE) {
        const snn_status st = snn_frame_unpack(r->ctx, &s->unpacker, s->packing, f.at, f.n, &why);

        if (st != SNN_OK)
            return snn_event_fail_at(&r->in, offset, st, err,
                                     "the packet of %zu bytes here %s: "
                                     "the file is damaged, fetch it again, or read what comes "
                                     "before (tolerant)",
                                     bytes, why);
        f = (snn_flat){s->unpacker.at, s->unpacker.n};
    }
    if (f.n < 4 || snn_le32(f.at) > f.n - 4)
        goto bad;
    f = (snn_flat){f.at + 4, snn_le32(f.at)};
    if (!snn_flat_root(&f, "EVTS", &table) || !snn_flat_field(&f, table, 0, 4, &place) ||
        !snn_flat_vector(&f, place, EVENT_BYTES, &first, &s->left))
        goto bad;
    s->event = f.at + first;
    s->held = PACKET_HEAD + bytes;
    return SNN_OK;

bad:
    s->left = 0;
    return snn_event_fail_at(&r->in, offset, SNN_EFORMAT, err,
                             "the packet of %zu bytes here holds no events as it should: the file "
                             "is damaged, fetch it again, or read what comes before (tolerant)",
                             bytes);
}

/* To the next packet with events; s->left = 0 at the end. */
static snn_status next_packet(snn_event_reader *r, snn_error *err)
{
    struct aedat4_reader *s = r->state;
    snn_event_input *in = &r->in;
    snn_status st = SNN_OK;

    while (s->left == 0) {
        uint32_t stream, bytes;
        uint64_t missing;

        in->at += s->held;
        s->held = 0;
        if (snn_event_input_offset(in) >= s->end)
            break;
        TRY(st, snn_event_input_need(in, PACKET_HEAD, err));
        if (snn_event_input_left(in) == 0 && s->end == UINT64_MAX)
            break;
        if (snn_event_input_left(in) < PACKET_HEAD)
            TRY(st, snn_event_fail_cut(in, "a packet's head", PACKET_HEAD, err));
        stream = snn_le32(in->at);
        bytes = snn_le32(in->at + 4);
        if (stream > INT32_MAX || bytes > MOST_BYTES)
            TRY(st, snn_event_fail_at(in, snn_event_input_offset(in), SNN_EFORMAT, err,
                                      "a packet's head means nothing (stream %ld, %ld bytes): the "
                                      "file is damaged, fetch it again, or read what comes before "
                                      "(tolerant)",
                                      (long)(int32_t)stream, (long)(int32_t)bytes));
        if (stream != (uint32_t)s->stream.id) {
            r->counts.other++;
            in->at += PACKET_HEAD;
            TRY(st, snn_event_input_skip(in, bytes, &missing, err));
            if (missing > 0)
                TRY(st, snn_event_fail_short(in, missing, err));
            continue;
        }
        TRY(st, snn_event_input_need(in, PACKET_HEAD + (size_t)bytes, err));
        if (snn_event_input_left(in) < PACKET_HEAD + (size_t)bytes)
            TRY(st, snn_event_fail_cut(in, "a packet", PACKET_HEAD + (uint64_t)bytes, err));
        TRY(st, take_packet(r, bytes, err));
    }

done:
    return st;
}

static snn_status read_aedat4(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                              snn_error *err)
{
    struct aedat4_reader *s = r->state;
    size_t made = 0;
    snn_status st = SNN_OK;

    while (made == 0) {
        TRY(st, next_packet(r, err));
        if (s->left == 0)
            break;
        for (; s->left > 0 && made < room; s->left--, s->event += EVENT_BYTES) {
            const uint16_t x = snn_le16(s->event + 8), y = snn_le16(s->event + 10);

            if (x > INT16_MAX || y > INT16_MAX)
                r->counts.outside++;
            else
                out[made++] = (snn_event){
                    .t = (int64_t)snn_le64(s->event), .x = x, .y = y, .p = s->event[12] != 0};
        }
    }

done:
    *n = made;
    return st;
}

static void close_aedat4(snn_event_reader *r)
{
    struct aedat4_reader *s = r->state;

    snn_frame_unpack_free(r->ctx, &s->unpacker);
}

const snn_event_codec snn_codec_aedat4 = {
    .format = SNN_EVENTS_AEDAT4,
    .probe = probe,
    .state_bytes = sizeof(struct aedat4_reader),
    .open = open_aedat4,
    .read = read_aedat4,
    .close = close_aedat4,
    .writer_bytes = sizeof(struct snn_aedat4_writer),
    .most_x = 32767,
    .most_y = 32767,
    .needs_geometry = true,
    .begin = snn_aedat4_begin,
    .write = snn_aedat4_write,
    .end = snn_aedat4_end,
};
