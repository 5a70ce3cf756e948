/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small recordings of every format, made here byte by byte from the formats' descriptions
 * and independent of the library's writers; and helpers that read events.
 */
#ifndef TESTS_EVENT_FIXTURES_H
#define TESTS_EVENT_FIXTURES_H

#include "tests/cmocka_all.h"

#include "config.h"

#include <snn/events.h>

#ifdef HAVE_LZ4
#include <lz4frame.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

struct bytes {
    unsigned char *at;
    size_t n, room;
};

static inline void put_bytes(struct bytes *b, const void *from, size_t n)
{
    if (b->n + n > b->room) {
        b->room = 2 * (b->n + n) + 64;
        b->at = realloc(b->at, b->room);
        assert_non_null(b->at);
    }
    memcpy(b->at + b->n, from, n);
    b->n += n;
}

/* The low n bytes of v, the lowest first; put_big: the highest first. */
static inline void put_little(struct bytes *b, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        put_bytes(b, &(unsigned char){(unsigned char)(v >> 8 * i)}, 1);
}

static inline void put_big(struct bytes *b, uint64_t v, int n)
{
    for (int i = n - 1; i >= 0; i--)
        put_bytes(b, &(unsigned char){(unsigned char)(v >> 8 * i)}, 1);
}

static inline void put_string(struct bytes *b, const char *text)
{
    put_bytes(b, text, strlen(text));
}

struct event_list {
    snn_event *at;
    size_t n, room;
};

static inline void list_add(struct event_list *l, const snn_event *e, size_t n)
{
    if (l->n + n > l->room) {
        l->room = 2 * (l->n + n) + 64;
        l->at = realloc(l->at, l->room * sizeof *l->at);
        assert_non_null(l->at);
    }
    if (n > 0)
        memcpy(l->at + l->n, e, n * sizeof *e);
    l->n += n;
}

static inline void list_free(struct event_list *l)
{
    free(l->at);
    *l = (struct event_list){0};
}

/* All events of an open reader, `room` at a time. */
static inline snn_status list_read(snn_event_reader *r, size_t room, struct event_list *out,
                                   snn_error *err)
{
    static snn_event block[SNN_EVENT_BLOCK];
    snn_status st;
    size_t n;

    assert_true(room <= SNN_EVENT_BLOCK);
    do {
        n = 0;
        st = snn_event_reader_read(r, block, room, &n, err);
        assert_true(n <= room);
        list_add(out, block, n);
    } while (st == SNN_OK && n > 0);
    return st;
}

static inline void check_events(const char *what, const snn_event *expected, size_t n,
                                const struct event_list *got)
{
    for (size_t i = 0; i < n && i < got->n; i++) {
        const snn_event *e = &expected[i], *g = &got->at[i];

        if (e->t != g->t || e->x != g->x || e->y != g->y || e->p != g->p)
            fail_msg("%s: event %zu is %lld %u %u %u, not %lld %u %u %u", what, i, (long long)g->t,
                     g->x, g->y, g->p, (long long)e->t, e->x, e->y, e->p);
    }
    if (n != got->n)
        fail_msg("%s: %zu events, not %zu", what, got->n, n);
}

/* ---- what the small recordings hold ------------------------------------------ */

#define FIXTURE_EVENTS 160
#define FIXTURE_WIDTH  240
#define FIXTURE_HEIGHT 180

/* Times rise; many events share one, and some of these are runs along a row. */
static inline void fixture_events(snn_event e[FIXTURE_EVENTS], uint64_t seed)
{
    int64_t t = 700;

    for (int i = 0; i < FIXTURE_EVENTS; i++) {
        const uint64_t r = test_random(&seed);

        if (i % 20 != 0 && i % 20 < 9 && e[i - 1].x < 220) {
            e[i] = e[i - 1];
            e[i].x = (uint16_t)(e[i].x + 1 + r % 4);
            continue;
        }
        t += (int64_t)(r >> 8 & 255) * (i % 11 == 0 ? 40 : 1);
        e[i] = (snn_event){.t = t,
                           .x = (uint16_t)((r >> 16) % FIXTURE_WIDTH),
                           .y = (uint16_t)((r >> 32) % FIXTURE_HEIGHT),
                           .p = r >> 60 & 1};
    }
}

static inline void make_text(struct bytes *b, const snn_event *e, size_t n)
{
    char line[80];

    for (size_t i = 0; i < n; i++) {
        snprintf(line, sizeof line, "%lld.%06lld000 %u %u %u\n", (long long)(e[i].t / 1000000),
                 (long long)(e[i].t % 1000000), e[i].x, e[i].y, e[i].p);
        put_string(b, line);
    }
}

static inline void make_csv(struct bytes *b, const snn_event *e, size_t n)
{
    char line[80];

    put_string(b, "%geometry:240,180\r\n");
    for (size_t i = 0; i < n; i++) {
        snprintf(line, sizeof line, "%u,%u,%u,%lld\r\n", e[i].x, e[i].y, e[i].p, (long long)e[i].t);
        put_string(b, line);
    }
}

static inline void make_bin(struct bytes *b, const snn_event *e, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_big(b,
                (uint64_t)e[i].x << 32 | (uint64_t)e[i].y << 24 | (uint64_t)e[i].p << 23 |
                    (uint64_t)e[i].t,
                5);
}

static inline void make_dat(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "% Data file containing CD events\n% Version 2\n% Height 180\n% Width 240\n");
    put_little(b, 12, 1);
    put_little(b, 8, 1);
    for (size_t i = 0; i < n; i++) {
        put_little(b, (uint64_t)e[i].t, 4);
        put_little(b, (uint64_t)e[i].p << 28 | (uint64_t)e[i].y << 14 | e[i].x, 4);
    }
}

static inline void make_evt2(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "% date 2026-01-01\n% evt 2.0\n% geometry 240x180\n% end\n");
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || e[i].t >> 6 != e[i - 1].t >> 6)
            put_little(b, UINT64_C(8) << 28 | (uint64_t)e[i].t >> 6, 4);
        put_little(b,
                   (uint64_t)e[i].p << 28 | ((uint64_t)e[i].t & 63) << 22 | (uint64_t)e[i].x << 11 |
                       e[i].y,
                   4);
    }
}

/* Events e[0], ... that share time, row and polarity, x rising and below `end`. */
static inline size_t fixture_run(const snn_event *e, size_t n, uint32_t end)
{
    size_t k = 1;

    while (k < n && e[k].t == e[0].t && e[k].y == e[0].y && e[k].p == e[0].p &&
           e[k].x > e[k - 1].x && e[k].x < end)
        k++;
    return k;
}

static inline void make_evt21_order(struct bytes *b, const snn_event *e, size_t n, bool swapped)
{
    uint64_t word;

    for (size_t i = 0, k; i < n; i += k) {
        const uint32_t base = e[i].x / 32u * 32;

        if (i == 0 || e[i].t >> 6 != e[i - 1].t >> 6) {
            word = UINT64_C(8) << 60 | (uint64_t)e[i].t >> 6 << 32;
            put_little(b, swapped ? word >> 32 | word << 32 : word, 8);
        }
        k = fixture_run(e + i, n - i, base + 32);
        word = (uint64_t)e[i].p << 60 | ((uint64_t)e[i].t & 63) << 54 | (uint64_t)base << 43 |
               (uint64_t)e[i].y << 32;
        for (size_t m = 0; m < k; m++)
            word |= UINT64_C(1) << (e[i + m].x - base);
        put_little(b, swapped ? word >> 32 | word << 32 : word, 8);
    }
}

static inline void make_evt21(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "% camera_integrator_name Prophesee\n"
                  "% format EVT2.1;height=180;width=240\n% end\n");
    make_evt21_order(b, e, n, false);
}

static inline void make_evt21_legacy(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "% evt 2.1\n% endianness legacy\n% geometry 240x180\n% end\n");
    make_evt21_order(b, e, n, true);
}

/* Runs become a vector of 12 columns and one of 8, the rest single events. */
static inline void make_evt3(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "% format EVT3;height=180;width=240\n% end\n");
    for (size_t i = 0, k; i < n; i += k) {
        unsigned first = 0, second = 0;

        if (i == 0 || e[i].t >> 12 != e[i - 1].t >> 12)
            put_little(b, 0x8000 | (uint64_t)e[i].t >> 12, 2);
        if (i == 0 || e[i].t != e[i - 1].t)
            put_little(b, 0x6000 | ((uint64_t)e[i].t & 4095), 2);
        put_little(b, e[i].y, 2);
        k = fixture_run(e + i, n - i, e[i].x + 20u);
        if (k == 1) {
            put_little(b, 0x2000 | (uint64_t)e[i].p << 11 | e[i].x, 2);
            continue;
        }
        for (size_t m = 0; m < k; m++) {
            const unsigned at = (unsigned)(e[i + m].x - e[i].x);

            first |= at < 12 ? 1u << at : 0;
            second |= at < 12 ? 0 : 1u << (at - 12);
        }
        put_little(b, 0x3000 | (uint64_t)e[i].p << 11 | e[i].x, 2);
        put_little(b, 0x4000 | first, 2);
        put_little(b, 0x5000 | second, 2);
    }
}

/* Runs become vectors, which begin anywhere; padding stands between. */
static inline void make_evt4(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "% evt 4.0\n% format EVT4;height=180;width=240\n% end\n");
    for (size_t i = 0, k; i < n; i += k) {
        uint64_t mask = 0, word;

        if (i == 0 || e[i].t >> 6 != e[i - 1].t >> 6)
            put_little(b, UINT64_C(0xe) << 28 | (uint64_t)e[i].t >> 6, 4);
        k = fixture_run(e + i, n - i, e[i].x + 32u);
        for (size_t m = 0; m < k; m++)
            mask |= UINT64_C(1) << (e[i + m].x - e[i].x);
        word = ((uint64_t)e[i].t & 63) << 22 | (uint64_t)e[i].x << 11 | e[i].y;
        put_little(b, (uint64_t)(k > 1 ? 0xc + e[i].p : 0xa + e[i].p) << 28 | word, 4);
        if (k > 1)
            put_little(b, mask, 4);
        if (i % 16 == 0)
            put_little(b, 0xffffffff, 4);
    }
}

/* jAER: rows and columns of the DVS128 are counted from the other end, 0 is ON. */
static inline void make_aedat2_dvs128(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "#!AER-DAT2.0\r\n# This is a raw AE data file\r\n"
                  "# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n#End Of ASCII Header\r\n");
    for (size_t i = 0; i < n; i++) {
        put_big(b, (127u - e[i].y) << 8 | (127u - e[i].x) << 1 | !e[i].p, 4);
        put_big(b, (uint64_t)e[i].t, 4);
    }
}

static inline void make_aedat2_davis(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "#!AER-DAT2.0\n# AEChip: eu.seebetter.ini.chips.davis.Davis240C\n");
    for (size_t i = 0; i < n; i++) {
        put_big(b,
                (uint64_t)(179u - e[i].y) << 22 | (uint64_t)e[i].x << 12 | (uint64_t)e[i].p << 11,
                4);
        put_big(b, (uint64_t)e[i].t, 4);
    }
}

/* Packets of up to 50 events, with one of another kind between them. */
static inline void make_aedat3(struct bytes *b, const snn_event *e, size_t n)
{
    put_string(b, "#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DAVIS240C\r\n#!END-HEADER\r\n");
    for (size_t i = 0; i < n; i += 50) {
        const size_t k = n - i < 50 ? n - i : 50;

        put_little(b, 1 | 1 << 16, 4);
        put_little(b, 8, 4);
        put_little(b, 4, 4);
        put_little(b, 0, 4);
        for (int m = 0; m < 3; m++)
            put_little(b, k, 4);
        for (size_t m = i; m < i + k; m++) {
            put_little(
                b, (uint64_t)e[m].x << 17 | (uint64_t)e[m].y << 2 | (uint64_t)e[m].p << 1 | 1, 4);
            put_little(b, (uint64_t)e[m].t, 4);
        }
        put_little(b, 3 | 1 << 16, 4);
        put_little(b, 36, 4);
        put_little(b, 4, 4);
        put_little(b, 0, 4);
        for (int m = 0; m < 3; m++)
            put_little(b, 1, 4);
        for (int m = 0; m < 36; m++)
            put_little(b, 0x55, 1);
    }
}

/* A FlatBuffer "EVTS" behind its length: table at 8, the vector, and last the vtable. */
static inline void put_evts(struct bytes *b, const snn_event *e, size_t n)
{
    const size_t vtable = 20 + 16 * n;

    put_little(b, vtable + 6, 4);
    put_little(b, 8, 4);
    put_string(b, "EVTS");
    put_little(b, (uint32_t)(8 - vtable), 4);
    put_little(b, 4, 4);
    put_little(b, n, 4);
    for (size_t i = 0; i < n; i++) {
        put_little(b, (uint64_t)e[i].t, 8);
        put_little(b, e[i].x, 2);
        put_little(b, e[i].y, 2);
        put_little(b, e[i].p, 4);
    }
    put_little(b, 6 | 8 << 16, 4);
    put_little(b, 4, 2);
}

static const char AEDAT4_XML[] =
    "<dv version=\"2.0\"><node name=\"outInfo\" path=\"/\"><node name=\"0\" path=\"/0/\">"
    "<attr key=\"typeIdentifier\" type=\"string\">FRME</attr><node name=\"info\" path=\"/0/info/\">"
    "<attr key=\"sizeX\" type=\"int\">9</attr><attr key=\"sizeY\" "
    "type=\"int\">9</attr></node></node>"
    "<node name=\"1\" path=\"/1/\"><attr key=\"typeIdentifier\" type=\"string\">EVTS</attr>"
    "<node name=\"info\" path=\"/1/info/\"><attr key=\"sizeX\" type=\"int\">240</attr>"
    "<attr key=\"sizeY\" type=\"int\">180</attr></node></node></node></dv>";

/* `pack` NULL: as they are.  Stream 0 is of frames; a table, of nonsense, ends the file. */
static inline void make_aedat4_packed(struct bytes *b, const snn_event *e, size_t n, unsigned kind,
                                      size_t (*pack)(const struct bytes *from, struct bytes *to))
{
    size_t place;

    put_string(b, "#!AER-DAT4.0\r\n");
    put_little(b, 46 + strlen(AEDAT4_XML), 4);
    put_little(b, 18, 4); /* the table */
    put_string(b, "IOHE");
    put_little(b, 10 | 20 << 16, 4); /* the vtable, at 8: fields at 4, 8, 16 */
    put_little(b, 4 | 8 << 16, 4);
    put_little(b, 16, 2);
    put_little(b, 10, 4);
    put_little(b, kind, 4);
    place = b->n;
    put_little(b, 0, 8);
    put_little(b, 6, 4);
    put_little(b, 0, 2);
    put_little(b, strlen(AEDAT4_XML), 4);
    put_string(b, AEDAT4_XML);
    put_little(b, 0, 2);
    for (size_t i = 0; i < n; i += 64) {
        struct bytes plain = {0}, packed = {0};
        const struct bytes *packet = &plain;

        put_evts(&plain, e + i, n - i < 64 ? n - i : 64);
        if (pack != NULL && pack(&plain, &packed) > 0)
            packet = &packed;
        put_little(b, 1, 4);
        put_little(b, packet->n, 4);
        put_bytes(b, packet->at, packet->n);
        free(plain.at);
        free(packed.at);
        put_little(b, 0, 4); /* a frame */
        put_little(b, 5, 4);
        put_string(b, "frame");
    }
    for (int i = 0; i < 8; i++)
        b->at[place + (size_t)i] = (unsigned char)(b->n >> 8 * i);
    put_string(b, "a table of packets");
}

static inline void make_aedat4(struct bytes *b, const snn_event *e, size_t n)
{
    make_aedat4_packed(b, e, n, 0, NULL);
}

#ifdef HAVE_LZ4
static inline size_t pack_lz4(const struct bytes *from, struct bytes *to)
{
    to->room = LZ4F_compressFrameBound(from->n, NULL);
    to->at = malloc(to->room);
    assert_non_null(to->at);
    to->n = LZ4F_compressFrame(to->at, to->room, from->at, from->n, NULL);
    assert_false(LZ4F_isError(to->n));
    return to->n;
}

static inline void make_aedat4_lz4(struct bytes *b, const snn_event *e, size_t n)
{
    make_aedat4_packed(b, e, n, 1, pack_lz4);
}
#endif

#ifdef HAVE_ZSTD
static inline size_t pack_zstd(const struct bytes *from, struct bytes *to)
{
    to->room = ZSTD_compressBound(from->n);
    to->at = malloc(to->room);
    assert_non_null(to->at);
    to->n = ZSTD_compress(to->at, to->room, from->at, from->n, 1);
    assert_false(ZSTD_isError(to->n));
    return to->n;
}

static inline void make_aedat4_zstd(struct bytes *b, const snn_event *e, size_t n)
{
    make_aedat4_packed(b, e, n, 3, pack_zstd);
}
#endif

/* Rows are counted from below. */
static inline void make_es(struct bytes *b, const snn_event *e, size_t n)
{
    int64_t t = 0;

    put_string(b, "Event Stream");
    put_little(b, 2 | 1 << 24, 4);
    put_little(b, FIXTURE_WIDTH, 2);
    put_little(b, FIXTURE_HEIGHT, 2);
    for (size_t i = 0; i < n; i++) {
        for (; e[i].t - t >= 127; t += 127)
            put_little(b, 255, 1);
        if (i % 7 == 0)
            put_little(b, 254, 1);
        put_little(b, (uint64_t)(e[i].t - t) << 1 | e[i].p, 1);
        put_little(b, e[i].x, 2);
        put_little(b, FIXTURE_HEIGHT - 1u - e[i].y, 2);
        t = e[i].t;
    }
}

struct fixture {
    const char *name;
    snn_event_format format;
    void (*make)(struct bytes *b, const snn_event *e, size_t n);
    bool sized;     /* states its sensor */
    bool swallowed; /* a cut between two records shows nowhere */
};

static const struct fixture FIXTURES[] = {
    {"text", SNN_EVENTS_TEXT, make_text, false, true},
    {"csv", SNN_EVENTS_TEXT, make_csv, true, true},
    {"bin", SNN_EVENTS_BIN, make_bin, false, true},
    {"dat", SNN_EVENTS_DAT, make_dat, true, true},
    {"evt2", SNN_EVENTS_EVT2, make_evt2, true, true},
    {"evt2.1", SNN_EVENTS_EVT21, make_evt21, true, true},
    {"evt2.1 legacy", SNN_EVENTS_EVT21, make_evt21_legacy, true, true},
    {"evt3", SNN_EVENTS_EVT3, make_evt3, true, true},
    {"evt4", SNN_EVENTS_EVT4, make_evt4, true, true},
    {"aedat2 davis", SNN_EVENTS_AEDAT2, make_aedat2_davis, true, true},
    {"aedat3", SNN_EVENTS_AEDAT3, make_aedat3, true, true},
    {"aedat4", SNN_EVENTS_AEDAT4, make_aedat4, true, false},
#ifdef HAVE_LZ4
    {"aedat4 lz4", SNN_EVENTS_AEDAT4, make_aedat4_lz4, true, false},
#endif
#ifdef HAVE_ZSTD
    {"aedat4 zstd", SNN_EVENTS_AEDAT4, make_aedat4_zstd, true, false},
#endif
    {"es", SNN_EVENTS_ES, make_es, true, true},
};

#define N_FIXTURES (sizeof FIXTURES / sizeof FIXTURES[0])

/* In a block of exactly its size, so that a byte read beyond it is found.  Free it. */
static inline unsigned char *make_fixture(const struct fixture *f, snn_event e[FIXTURE_EVENTS],
                                          size_t *n)
{
    struct bytes b = {0};
    unsigned char *exact;

    fixture_events(e, 7);
    f->make(&b, e, FIXTURE_EVENTS);
    exact = malloc(b.n);
    assert_non_null(exact);
    memcpy(exact, b.at, b.n);
    free(b.at);
    *n = b.n;
    return exact;
}

#endif
