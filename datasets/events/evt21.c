/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prophesee RAW, EVT 2.1: 64-bit words, the type in bits 63-60.
 *
 *   0, 1   OFF, ON      59-54 time, low 6 bits   53-43 x   42-32 y   31-0 mask
 *                       an event at x + i for each set bit i
 *   8      time high    59-32 bits 33-6 of the time
 *
 * With "endianness legacy" the halves of a word are swapped.
 */
#include "datasets/events/evt.h"

struct evt21_reader {
    snn_evt_clock clock;
    bool swapped;
};

static int probe(const unsigned char *head, size_t n, bool whole)
{
    (void)whole;
    return snn_evt_probe(head, n, "2.1");
}

static snn_status open_evt21(snn_event_reader *r, snn_error *err)
{
    struct evt21_reader *s = r->state;
    snn_evt_header header;
    snn_status st;

    TRY(st, snn_evt_header_read(r, 1280, 720, &header, err));
    s->swapped = header.swapped;

done:
    return st;
}

static size_t spread(const struct evt21_reader *s, uint32_t head, uint32_t mask, snn_event *out)
{
    snn_event e = {
        .t = s->clock.base + (head >> 22 & 63), .y = head & 2047, .p = (uint8_t)(head >> 28)};
    size_t n = 0;

    for (; mask != 0; mask &= mask - 1) {
        e.x = (uint16_t)((head >> 11 & 2047) + (uint32_t)__builtin_ctz(mask));
        out[n++] = e;
    }
    return n;
}

static snn_status read_evt21(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                             snn_error *err)
{
    struct evt21_reader *s = r->state;
    size_t made = 0, words;
    snn_status st = SNN_OK;

    while (made == 0) {
        const unsigned char *at;
        size_t i;

        TRY(st, snn_evt_words(r, 8, &words, err));
        if (words == 0)
            break;
        at = r->in.at;
        for (i = 0; i < words && made + 32 <= room; i++) {
            const uint32_t first = snn_le32(at + 8 * i), second = snn_le32(at + 8 * i + 4);
            const uint32_t head = s->swapped ? first : second, mask = s->swapped ? second : first;
            const uint32_t type = head >> 28;

            if (type <= 1 && s->clock.timed)
                made += spread(s, head, mask, out + made);
            else if (type == 8)
                snn_evt_clock_set(&s->clock, head & 0x0fffffff, SNN_EVT_WRAP_FALL);
            else if (type <= 1)
                r->counts.untimed += (uint64_t)__builtin_popcount(mask);
            else if (type == 0xA || type >= 0xD)
                r->counts.other++;
            else
                r->counts.malformed++;
        }
        r->in.at += 8 * i;
    }

done:
    *n = made;
    return st;
}

const snn_event_codec snn_codec_evt21 = {
    .format = SNN_EVENTS_EVT21,
    .probe = probe,
    .state_bytes = sizeof(struct evt21_reader),
    .open = open_evt21,
    .read = read_evt21,
};
