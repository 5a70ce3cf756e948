/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AEDAT 2.0 of jAER: header lines that begin with '#', up to "#End Of ASCII Header" or to
 * the first that does not; then for each event two 32-bit words, the highest byte first:
 * an address and the time in us, which wraps at 2^32.
 *
 *   DVS128   0 polarity (0 is ON)   7-1 x   14-8 y   15 something else than an event
 *   DAVIS    31 frames and inertial samples   30-22 y   21-12 x   11 ON   10 something else
 *
 * jAER counts rows from below, and columns of the DVS128 and DAVIS346 from the right.
 */
#include "datasets/events/evt.h"

#include <stdio.h>

#define MAGIC        "#!AER-DAT2.0"
#define RECORD       8
#define WRAP         (INT64_C(1) << 32)
#define LONGEST_LINE 65536
/* No camera runs so long, but a made-up file may. */
#define LAST_TIME (INT64_C(1) << 60)

/* The first whose name is in the line "# AEChip: ..." wins. */
static const struct chip {
    const char *name;
    bool davis, mirrored;
    uint16_t width, height;
} CHIPS[] = {
    {"DVS128", false, true, 128, 128},   {"Davis240", true, false, 240, 180},
    {"DAVIS240", true, false, 240, 180}, {"Davis346", true, true, 346, 260},
    {"DAVIS346", true, true, 346, 260},  {"Davis640", true, false, 640, 480},
    {"DAVIS640", true, false, 640, 480}, {"Davis128", true, false, 128, 128},
    {"DAVIS128", true, false, 128, 128}, {"Davis208", true, false, 208, 192},
};

struct aedat2_reader {
    const struct chip *chip;
    bool timed;
    uint32_t time;
    int64_t base; /* of all wraps, in us */
};

static int probe(const unsigned char *head, size_t n, bool whole)
{
    (void)whole;
    return n >= strlen(MAGIC) && memcmp(head, MAGIC, strlen(MAGIC)) == 0 ? 100 : 0;
}

/* Whether the bytes are text: an event's record may begin with '#' as well. */
static bool is_text(const unsigned char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] < 0x20 && at[i] != '\t' && at[i] != '\r')
            return false;
    return true;
}

static bool find(const char *text, size_t n, const char *word)
{
    const size_t m = strlen(word);

    for (size_t i = 0; i + m <= n; i++)
        if (memcmp(text + i, word, m) == 0)
            return true;
    return false;
}

/* The header line at the window's begin without its end; *bytes 0: there is none. */
static snn_status header_line(snn_event_reader *r, const char **text, size_t *n, size_t *bytes,
                              snn_error *err)
{
    snn_event_input *in = &r->in;
    snn_status st = SNN_OK;

    *bytes = 0;
    for (;;) {
        const size_t left = snn_event_input_left(in);
        const unsigned char *stop = memchr(in->at, '\n', left);

        if (left > 0 && in->at[0] != '#')
            break;
        if (stop != NULL) {
            *text = (const char *)in->at;
            *n = (size_t)(stop - in->at);
            *bytes = is_text(in->at, *n) ? *n + 1 : 0;
            *n -= *n > 0 && (*text)[*n - 1] == '\r';
            break;
        }
        if (in->complete || left > LONGEST_LINE || !is_text(in->at, left))
            break;
        TRY(st, snn_event_input_need(in, left + 1, err));
    }

done:
    return st;
}

static snn_status open_aedat2(snn_event_reader *r, snn_error *err)
{
    struct aedat2_reader *s = r->state;
    const char *text;
    size_t n, bytes;
    snn_status st = SNN_OK;

    for (;;) {
        bool last;

        TRY(st, header_line(r, &text, &n, &bytes, err));
        if (bytes == 0)
            break;
        for (size_t i = 0; s->chip == NULL && find(text, n, "AEChip:") && i < SNN_COUNT(CHIPS); i++)
            if (find(text, n, CHIPS[i].name))
                s->chip = &CHIPS[i];
        last = find(text, n, "#End Of ASCII Header");
        r->in.at += bytes;
        if (last)
            break;
    }
    snn_event_set_geometry(r, s->chip != NULL ? SNN_GEOMETRY_STATED : SNN_GEOMETRY_ASSUMED,
                           s->chip != NULL ? s->chip->width : CHIPS[0].width,
                           s->chip != NULL ? s->chip->height : CHIPS[0].height);
    snprintf(r->info.variant, sizeof r->info.variant, "%s%s",
             s->chip != NULL ? s->chip->name : CHIPS[0].name,
             s->chip != NULL ? "" : ", as the file does not say");
    s->chip = s->chip != NULL ? s->chip : &CHIPS[0];

done:
    return st;
}

/* An address as an event; false after counting why it is none. */
static bool take_address(snn_event_reader *r, const struct chip *chip, uint32_t address,
                         snn_event *e)
{
    const bool special =
        chip->davis ? (address & 0x80000400) != 0 : (address & 0xffff8000) == 0x8000;
    const uint32_t x = chip->davis ? address >> 12 & 1023 : address >> 1 & 127;
    const uint32_t y = chip->davis ? address >> 22 & 511 : address >> 8 & 127;

    if (special) {
        r->counts.other++;
        return false;
    }
    if (!chip->davis && address >> 16 != 0) {
        r->counts.malformed++;
        return false;
    }
    /* Rows are turned over here, so those beyond the chip cannot be told. */
    if (x >= chip->width || y >= chip->height) {
        r->counts.outside++;
        return false;
    }
    e->x = (uint16_t)(chip->mirrored ? chip->width - 1 - x : x);
    e->y = (uint16_t)(chip->height - 1 - y);
    e->p = chip->davis ? address >> 11 & 1 : !(address & 1);
    return true;
}

static snn_status read_aedat2(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                              snn_error *err)
{
    struct aedat2_reader *s = r->state;
    size_t made = 0, records;
    snn_status st = SNN_OK;

    while (made == 0) {
        TRY(st, snn_evt_words(r, RECORD, &records, err));
        if (records == 0)
            break;
        for (; records > 0 && made < room; records--, r->in.at += RECORD) {
            const uint32_t time = snn_be32(r->in.at + 4);

            if (!take_address(r, s->chip, snn_be32(r->in.at), &out[made]))
                continue;
            if (s->timed && time < s->time && s->time - time > UINT32_C(1) << 31 &&
                s->base < LAST_TIME)
                s->base += WRAP;
            s->time = time;
            s->timed = true;
            out[made++].t = s->base + time;
        }
    }

done:
    *n = made;
    return st;
}

const snn_event_codec snn_codec_aedat2 = {
    .format = SNN_EVENTS_AEDAT2,
    .probe = probe,
    .state_bytes = sizeof(struct aedat2_reader),
    .open = open_aedat2,
    .read = read_aedat2,
};
