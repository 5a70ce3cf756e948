/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing AEDAT 4: not packed, one stream, no table of packets.  The FlatBuffers have one
 * shape each, so they are laid out by hand; places count from the 32-bit length, which
 * puts 64-bit numbers where they are aligned.
 */
#include "datasets/events/aedat4.h"

#include <stdio.h>

#define EVENT_BYTES 16
/* Length, root, "EVTS", a vtable of one field, the table, the vector's length. */
#define EVENTS_HEAD 32

/* Packing none, no table: where its fields lie is fixed, the XML follows. */
static void put_header(unsigned char *at, size_t xml)
{
    snn_put_le32(at, 24); /* the table is at 24 */
    memcpy(at + 4, "IOHE", 4);
    snn_put_le16(at + 8, 10); /* vtable: its bytes, the table's, three fields */
    snn_put_le16(at + 10, 20);
    snn_put_le16(at + 12, 4);
    snn_put_le16(at + 14, 8);
    snn_put_le16(at + 16, 16);
    snn_put_le16(at + 18, 0);
    snn_put_le32(at + 20, 0);
    snn_put_le32(at + 24, 24 - 8); /* back to the vtable */
    snn_put_le32(at + 28, 0);
    snn_put_le64(at + 32, UINT64_MAX); /* -1 */
    snn_put_le32(at + 40, 4);          /* the XML is at 44 */
    snn_put_le32(at + 44, (uint32_t)xml);
}

snn_status snn_aedat4_begin(snn_event_writer *w, snn_error *err)
{
    char xml[2048];
    unsigned char head[48], bytes[4];
    const int n = snprintf(
        xml, sizeof xml,
        "<dv version=\"2.0\">\n"
        "    <node name=\"outInfo\" path=\"/mainloop/Recorder/outInfo/\">\n"
        "        <node name=\"0\" path=\"/mainloop/Recorder/outInfo/0/\">\n"
        "            <attr key=\"compression\" type=\"string\">NONE</attr>\n"
        "            <attr key=\"originalModuleName\" type=\"string\">capture</attr>\n"
        "            <attr key=\"originalOutputName\" type=\"string\">events</attr>\n"
        "            <attr key=\"typeDescription\" type=\"string\">Array of events (polarity "
        "ON/OFF).</attr>\n"
        "            <attr key=\"typeIdentifier\" type=\"string\">EVTS</attr>\n"
        "            <node name=\"info\" path=\"/mainloop/Recorder/outInfo/0/info/\">\n"
        "                <attr key=\"sizeX\" type=\"int\">%lu</attr>\n"
        "                <attr key=\"sizeY\" type=\"int\">%lu</attr>\n"
        "                <attr key=\"source\" type=\"string\">snn</attr>\n"
        "                <attr key=\"tsOffset\" type=\"long\">0</attr>\n"
        "            </node>\n"
        "        </node>\n"
        "    </node>\n"
        "</dv>\n",
        (unsigned long)w->width, (unsigned long)w->height);
    /* A NUL behind the text, and whole words. */
    const size_t padded = ((size_t)n + 4) / 4 * 4;

    (void)err;
    memset(xml + n, 0, padded - (size_t)n);
    snn_event_output_bytes(&w->out, SNN_AEDAT4_MAGIC, strlen(SNN_AEDAT4_MAGIC));
    snn_put_le32(bytes, (uint32_t)(sizeof head + padded));
    snn_event_output_bytes(&w->out, bytes, sizeof bytes);
    put_header(head, (size_t)n);
    snn_event_output_bytes(&w->out, head, sizeof head);
    snn_event_output_bytes(&w->out, xml, padded);
    return SNN_OK;
}

static void put_packet(snn_event_writer *w)
{
    struct snn_aedat4_writer *s = w->state;
    const size_t bytes = EVENTS_HEAD + s->n * EVENT_BYTES;
    unsigned char *at = snn_event_output_put(&w->out, 8 + EVENTS_HEAD);

    snn_put_le32(at, 0);
    snn_put_le32(at + 4, (uint32_t)bytes);
    at += 8;
    snn_put_le32(at, (uint32_t)bytes - 4);
    snn_put_le32(at + 4, 20 - 4); /* the table is at 20 */
    memcpy(at + 8, "EVTS", 4);
    snn_put_le16(at + 12, 6); /* vtable: its bytes, the table's, one field */
    snn_put_le16(at + 14, 8);
    snn_put_le16(at + 16, 4);
    snn_put_le16(at + 18, 0);
    snn_put_le32(at + 20, 20 - 12); /* back to the vtable */
    snn_put_le32(at + 24, 4);       /* the vector is at 28 */
    snn_put_le32(at + 28, (uint32_t)s->n);
    for (size_t i = 0; i < s->n; i++) {
        const snn_event *e = &s->waiting[i];

        at = snn_event_output_put(&w->out, EVENT_BYTES);
        snn_put_le64(at, (uint64_t)e->t);
        snn_put_le16(at + 8, e->x);
        snn_put_le16(at + 10, e->y);
        snn_put_le32(at + 12, e->p);
    }
    s->n = 0;
}

snn_status snn_aedat4_write(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err)
{
    struct snn_aedat4_writer *s = w->state;

    (void)err;
    for (size_t i = 0; i < n; i++) {
        s->waiting[s->n++] = e[i];
        if (s->n == SNN_AEDAT4_PACKET)
            put_packet(w);
    }
    return SNN_OK;
}

snn_status snn_aedat4_end(snn_event_writer *w, snn_error *err)
{
    struct snn_aedat4_writer *s = w->state;

    (void)err;
    if (s->n > 0)
        put_packet(w);
    return SNN_OK;
}
