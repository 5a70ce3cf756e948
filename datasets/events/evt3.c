/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prophesee RAW, EVT 3.0: 16-bit words, the type in bits 15-12, that change a state of
 * row, column, polarity and time.
 *
 *   0   row              10-0 y
 *   2   event            10-0 x     11 polarity
 *   3   begin of vector  10-0 x     11 polarity
 *   4   12 columns       11-0 mask: events at x + i; then x grows by 12
 *   5   8 columns        7-0 mask; then x grows by 8
 *   6   time low         11-0       8   time high   11-0 bits 23-12
 *   A   trigger          7, D, E, F others, skipped
 *
 * The time wraps at 2^24 us: then the high part falls by nearly all of its 12 bits.  A
 * smaller fall is a glitch of the camera, and a fall of the low part means nothing.
 */
#include "datasets/events/evt.h"

#define WRAP_FALL (4095 - 10)
/* Wraps that a writer makes up for one gap in time. */
#define MOST_WRAPS (INT64_C(1) << 20)

/* No camera runs so long, but a made-up file may. */
#define LAST_TIME (INT64_C(1) << 60)

struct evt3_reader {
    bool timed, placed; /* a time high and a row have come */
    uint32_t high, low;
    int64_t base; /* of `high` and all wraps, in us */
    uint32_t base_x;
    uint16_t y;
    uint8_t p;
};

static int probe(const unsigned char *head, size_t n, bool whole)
{
    (void)whole;
    return snn_evt_probe(head, n, "3");
}

static snn_status open_evt3(snn_event_reader *r, snn_error *err)
{
    snn_evt_header header;

    return snn_evt_header_read(r, 1280, 720, &header, err);
}

static void take_high(struct evt3_reader *s, uint32_t high)
{
    const int64_t wraps = s->base >> 24;
    const bool wrapped =
        s->timed && high < s->high && s->high - high >= WRAP_FALL && s->base < LAST_TIME;

    /* Repeated every 16 us; only a change makes what is known of the low part stale. */
    if (!s->timed || high != s->high)
        s->low = 0;
    s->base = (wraps + wrapped) * (INT64_C(1) << 24) + (int64_t)high * 4096;
    s->high = high;
    s->timed = true;
}

/* Events of a mask of `width` columns. */
static size_t spread(snn_event_reader *r, struct evt3_reader *s, uint32_t mask, uint32_t width,
                     snn_event *out)
{
    snn_event e = {.t = s->base + s->low, .y = s->y, .p = s->p};
    size_t n = 0;

    if (!s->timed || !s->placed || s->base_x > 2047) {
        *(s->base_x > 2047 ? &r->counts.malformed : &r->counts.untimed) +=
            (uint64_t)__builtin_popcount(mask);
        mask = 0;
    }
    for (; mask != 0; mask &= mask - 1) {
        e.x = (uint16_t)(s->base_x + (uint32_t)__builtin_ctz(mask));
        out[n++] = e;
    }
    /* Beyond any sensor there is no need to count on, and no overflow. */
    s->base_x = s->base_x > 2047 ? s->base_x : s->base_x + width;
    return n;
}

/* All words but single events; returns how many events they make. */
static size_t take_word(snn_event_reader *r, struct evt3_reader *s, uint32_t word, snn_event *out)
{
    switch (word >> 12) {
    case 0x0:
        s->y = word & 2047;
        s->placed = true;
        return 0;
    case 0x2:
        r->counts.untimed++;
        return 0;
    case 0x3:
        s->base_x = word & 2047;
        s->p = word >> 11 & 1;
        return 0;
    case 0x4:
        return spread(r, s, word & 0xfff, 12, out);
    case 0x5:
        return spread(r, s, word & 0xff, 8, out);
    case 0x6:
        s->low = word & 0xfff;
        return 0;
    case 0x8:
        take_high(s, word & 0xfff);
        return 0;
    case 0x7:
    case 0xA:
    case 0xD:
    case 0xE:
    case 0xF:
        r->counts.other++;
        return 0;
    default:
        r->counts.malformed++;
        return 0;
    }
}

static snn_status read_evt3(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                            snn_error *err)
{
    struct evt3_reader *s = r->state;
    size_t made = 0, words;
    snn_status st = SNN_OK;

    while (made == 0) {
        const unsigned char *at;
        size_t i;

        TRY(st, snn_evt_words(r, 2, &words, err));
        if (words == 0)
            break;
        at = r->in.at;
        for (i = 0; i < words && made + 12 <= room; i++) {
            const uint32_t word = snn_le16(at + 2 * i);

            if (word >> 12 == 2 && s->timed && s->placed)
                out[made++] = (snn_event){
                    .t = s->base + s->low, .x = word & 2047, .y = s->y, .p = word >> 11 & 1};
            else
                made += take_word(r, s, word, out + made);
        }
        r->in.at += 2 * i;
    }

done:
    *n = made;
    return st;
}

/* ---- writing --------------------------------------------------------------- */

struct evt3_writer {
    bool timed, placed;
    int64_t wraps;
    uint32_t high, low;
    uint16_t y;
};

static void put(snn_event_writer *w, uint32_t type, uint32_t value)
{
    snn_put_le16(snn_event_output_put(&w->out, 2), (uint16_t)(type << 12 | value));
}

static snn_status begin(snn_event_writer *w, snn_error *err)
{
    (void)err;
    snn_evt_header_write(w, "3.0", "EVT3");
    return SNN_OK;
}

static void put_high(snn_event_writer *w, uint32_t high)
{
    struct evt3_writer *s = w->state;

    put(w, 0x8, high);
    s->high = high;
    s->low = 0;
    s->timed = true;
}

/* Bring the reader's clock to `t`, as the rule of take_high sees it. */
static snn_status move_time(snn_event_writer *w, int64_t t, size_t index, snn_error *err)
{
    struct evt3_writer *s = w->state;
    const int64_t wraps = t >> 24;
    const uint32_t high = (uint32_t)(t >> 12 & 0xfff), low = (uint32_t)(t & 0xfff);

    if (t < 0 || wraps - s->wraps > MOST_WRAPS)
        return snn_evt_refuse_time(w, index, t, err);
    if (wraps < s->wraps ||
        (wraps == s->wraps && s->timed && high < s->high && s->high - high >= WRAP_FALL))
        return snn_evt_refuse_back(w, index, err);
    if (wraps > s->wraps && !s->timed)
        put_high(w, 0);
    for (; s->wraps < wraps; s->wraps++) {
        put_high(w, 4095);
        put_high(w, 0);
    }
    if (!s->timed || high != s->high)
        put_high(w, high);
    if (low != s->low)
        put(w, 0x6, low);
    s->low = low;
    return SNN_OK;
}

/* How many events from e[0] on share time, row and polarity, with x rising and none further
 * than `reach` columns from the first. */
static size_t run_length(const snn_event *e, size_t n, uint32_t reach)
{
    size_t k = 1;

    while (k < n && e[k].t == e[0].t && e[k].y == e[0].y && e[k].p == e[0].p &&
           e[k].x > e[k - 1].x && e[k].x < e[0].x + reach)
        k++;
    return k;
}

/* A run as vectors: worth it from three events in 12 columns. */
static size_t put_vectors(snn_event_writer *w, const snn_event *e, size_t n)
{
    uint32_t x = e[0].x;
    size_t done = 0;

    put(w, 0x3, (uint32_t)e[0].p << 11 | x);
    do {
        const size_t end = done + run_length(e + done, n - done, 12);
        uint32_t mask = 0, last = 0;

        /* The vector begins at x, not at its first event. */
        for (; done < end && e[done].x < x + 12; done++) {
            last = e[done].x - x;
            mask |= 1u << last;
        }
        put(w, last < 8 ? 0x5 : 0x4, mask);
        x += last < 8 ? 8 : 12;
    } while (done < n && e[done].t == e[0].t && e[done].y == e[0].y && e[done].p == e[0].p &&
             e[done].x >= x && e[done].x < x + 12);
    return done;
}

static snn_status write_evt3(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err)
{
    struct evt3_writer *s = w->state;
    snn_status st = SNN_OK;

    for (size_t i = 0; i < n;) {
        TRY(st, move_time(w, e[i].t, i, err));
        if (!s->placed || e[i].y != s->y)
            put(w, 0x0, e[i].y);
        s->y = e[i].y;
        s->placed = true;
        if (run_length(e + i, n - i, 12) >= 3) {
            i += put_vectors(w, e + i, n - i);
        } else {
            put(w, 0x2, (uint32_t)e[i].p << 11 | e[i].x);
            i++;
        }
    }

done:
    return st;
}

const snn_event_codec snn_codec_evt3 = {
    .format = SNN_EVENTS_EVT3,
    .probe = probe,
    .state_bytes = sizeof(struct evt3_reader),
    .open = open_evt3,
    .read = read_evt3,
    .writer_bytes = sizeof(struct evt3_writer),
    .most_x = 2047,
    .most_y = 2047,
    .begin = begin,
    .write = write_evt3,
};
