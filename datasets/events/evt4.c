/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prophesee RAW, EVT 4.0: 32-bit words, the type in bits 31-28.
 *
 *   A, B   OFF, ON           27-22 time, low 6 bits   21-11 x   10-0 y
 *   C, D   OFF, ON, many     the same, and a word more, a mask: an event at x + i for each
 *                            set bit i
 *   E      time high         27-0 bits 33-6 of the time
 *   9      trigger           6, 7   others, skipped      F   all ones: padding
 */
#include "datasets/events/evt.h"

#define MOST_OF_MASK 32
#define PADDING      UINT32_MAX
/* Here a fall by half of the range is a wrap: times need not come often. */
#define WRAP_FALL (UINT32_C(1) << 27)

static int probe(const unsigned char *head, size_t n, bool whole)
{
    (void)whole;
    return snn_evt_probe(head, n, "4");
}

static snn_status open_evt4(snn_event_reader *r, snn_error *err)
{
    snn_evt_header header;

    return snn_evt_header_read(r, 1280, 720, &header, err);
}

/* Events of a word and the mask behind it; a single event is one of mask 1. */
static size_t spread(snn_event_reader *r, uint32_t word, uint32_t mask, snn_event *out)
{
    const snn_evt_clock *clock = r->state;
    snn_event e = {.t = clock->base + (word >> 22 & 63), .y = word & 2047, .p = word >> 28 & 1};
    size_t n = 0;

    if (!clock->timed) {
        r->counts.untimed += (uint64_t)__builtin_popcount(mask);
        return 0;
    }
    for (; mask != 0; mask &= mask - 1) {
        e.x = (uint16_t)((word >> 11 & 2047) + (uint32_t)__builtin_ctz(mask));
        out[n++] = e;
    }
    return n;
}

static void take_other(snn_event_reader *r, uint32_t word)
{
    const uint32_t type = word >> 28;

    if (type == 0x6 || type == 0x7 || type == 0x9)
        r->counts.other++;
    else if (word != PADDING)
        r->counts.malformed++;
}

/* Up to `words` words at `at`; returns how many are done with. */
static size_t take_words(snn_event_reader *r, const unsigned char *at, size_t words, snn_event *out,
                         size_t room, size_t *made)
{
    size_t i;

    for (i = 0; i < words && *made + MOST_OF_MASK <= room; i++) {
        const uint32_t word = snn_le32(at + 4 * i), type = word >> 28;

        if (type == 0xA || type == 0xB) {
            *made += spread(r, word, 1, out + *made);
        } else if (type == 0xC || type == 0xD) {
            if (i + 1 == words)
                break;
            i++;
            *made += spread(r, word, snn_le32(at + 4 * i), out + *made);
        } else if (type == 0xE) {
            snn_evt_clock_set(r->state, word & 0x0fffffff, WRAP_FALL);
        } else {
            take_other(r, word);
        }
    }
    return i;
}

static snn_status read_evt4(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                            snn_error *err)
{
    size_t made = 0, words;
    snn_status st = SNN_OK;

    while (made == 0) {
        size_t done;

        TRY(st, snn_evt_words(r, 4, &words, err));
        if (words == 0)
            break;
        done = take_words(r, r->in.at, words, out, room, &made);
        r->in.at += 4 * done;
        if (done > 0)
            continue;
        /* A word whose mask is not there yet. */
        TRY(st, snn_event_input_need(&r->in, 8, err));
        if (snn_event_input_left(&r->in) < 8)
            TRY(st, snn_event_fail_cut(&r->in, "a vector of events", 8, err));
    }

done:
    *n = made;
    return st;
}

const snn_event_codec snn_codec_evt4 = {
    .format = SNN_EVENTS_EVT4,
    .probe = probe,
    .state_bytes = sizeof(snn_evt_clock),
    .open = open_evt4,
    .read = read_evt4,
};
