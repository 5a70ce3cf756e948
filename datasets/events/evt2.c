/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prophesee RAW, EVT 2.0: 32-bit words, the type in bits 31-28.
 *
 *   0, 1   OFF, ON      27-22 time, low 6 bits   21-11 x   10-0 y
 *   8      time high    27-0 bits 33-6 of the time
 *   A      trigger      D, E, F   inertial samples and others, skipped
 *
 * The time wraps at 2^34 us: then the high part falls by nearly all of its 28 bits.
 */
#include "datasets/events/evt.h"

/* Wraps that a writer makes up for one gap in time. */
#define MOST_WRAPS (INT64_C(1) << 20)

static int probe(const unsigned char *head, size_t n, bool whole)
{
    (void)whole;
    return snn_evt_probe(head, n, "2");
}

static snn_status open_evt2(snn_event_reader *r, snn_error *err)
{
    snn_evt_header header;

    return snn_evt_header_read(r, 640, 480, &header, err);
}

static snn_status read_evt2(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                            snn_error *err)
{
    snn_evt_clock *s = r->state;
    size_t made = 0, words;
    snn_status st = SNN_OK;

    while (made == 0) {
        const unsigned char *at;
        size_t i;

        TRY(st, snn_evt_words(r, 4, &words, err));
        if (words == 0)
            break;
        at = r->in.at;
        for (i = 0; i < words && made < room; i++) {
            const uint32_t word = snn_le32(at + 4 * i), type = word >> 28;

            if (type <= 1 && s->timed) {
                out[made++] = (snn_event){.t = s->base + (word >> 22 & 63),
                                          .x = word >> 11 & 2047,
                                          .y = word & 2047,
                                          .p = (uint8_t)type};
            } else if (type == 8) {
                snn_evt_clock_set(s, word & 0x0fffffff, SNN_EVT_WRAP_FALL);
            } else if (type <= 1) {
                r->counts.untimed++;
            } else if (type == 0xA || type >= 0xD) {
                r->counts.other++;
            } else {
                r->counts.malformed++;
            }
        }
        r->in.at += 4 * i;
    }

done:
    *n = made;
    return st;
}

/* ---- writing --------------------------------------------------------------- */

struct evt2_writer {
    bool timed;
    int64_t wraps;
    uint32_t high;
};

static snn_status begin(snn_event_writer *w, snn_error *err)
{
    (void)err;
    snn_evt_header_write(w, "2.0", "EVT2");
    return SNN_OK;
}

static void put_time(snn_event_writer *w, uint32_t high)
{
    struct evt2_writer *s = w->state;

    snn_put_le32(snn_event_output_put(&w->out, 4), UINT32_C(8) << 28 | high);
    s->high = high;
    s->timed = true;
}

/* Bring the reader's clock to `t`, as the rule of snn_evt_clock_set sees it. */
static snn_status move_time(snn_event_writer *w, int64_t t, size_t index, snn_error *err)
{
    struct evt2_writer *s = w->state;
    const int64_t wraps = t >> 34;
    const uint32_t high = (uint32_t)(t >> 6 & 0x0fffffff);

    if (t < 0 || wraps - s->wraps > MOST_WRAPS)
        return snn_evt_refuse_time(w, index, t, err);
    if (wraps < s->wraps ||
        (wraps == s->wraps && s->timed && high < s->high && s->high - high >= SNN_EVT_WRAP_FALL))
        return snn_evt_refuse_back(w, index, err);
    if (wraps > s->wraps && !s->timed)
        put_time(w, 0);
    for (; s->wraps < wraps; s->wraps++) {
        put_time(w, 0x0fffffff);
        put_time(w, 0);
    }
    if (!s->timed || high != s->high)
        put_time(w, high);
    return SNN_OK;
}

static snn_status write_evt2(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err)
{
    snn_status st = SNN_OK;

    for (size_t i = 0; i < n; i++) {
        TRY(st, move_time(w, e[i].t, i, err));
        snn_put_le32(snn_event_output_put(&w->out, 4), (uint32_t)e[i].p << 28 |
                                                           (uint32_t)(e[i].t & 63) << 22 |
                                                           (uint32_t)e[i].x << 11 | e[i].y);
    }

done:
    return st;
}

const snn_event_codec snn_codec_evt2 = {
    .format = SNN_EVENTS_EVT2,
    .probe = probe,
    .state_bytes = sizeof(snn_evt_clock),
    .open = open_evt2,
    .read = read_evt2,
    .writer_bytes = sizeof(struct evt2_writer),
    .most_x = 2047,
    .most_y = 2047,
    .begin = begin,
    .write = write_evt2,
};
