/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Damaged recordings: cut at every byte, changed at random.  Readers must end in an error
 * or the end, hand out only what came before a cut, and touch no byte outside (this runs
 * under AddressSanitizer too).  The same entry is a target of a fuzzer: tests/fuzz.
 */
#include "tests/event_fixtures.h"
#include "tests/fuzz/fuzz_events.h"

#include "datasets/events/ecf.h"

static snn_context *ctx;

static int begin(void **state)
{
    (void)state;
    return snn_context_create(NULL, &ctx, NULL) == SNN_OK ? 0 : -1;
}

static int end(void **state)
{
    const bool clean = snn_context_bytes(ctx) == 0;

    (void)state;
    snn_context_destroy(ctx);
    return clean ? 0 : -1;
}

/* The events of a cut file are the first of the whole one's. */
static void check_cut(const struct fixture *f, const unsigned char *bytes, size_t n,
                      const snn_event *e, bool tolerant)
{
    const snn_event_reader_params p = {.size = sizeof p, .format = f->format, .tolerant = tolerant};
    unsigned char *cut = malloc(n > 0 ? n : 1);
    struct event_list got = {0};
    snn_event_reader *r = NULL;
    snn_error err = {0};
    snn_status st;

    memcpy(cut, bytes, n);
    st = snn_event_reader_open_memory(ctx, cut, n, "cut", &p, &r, &err);
    if (st == SNN_OK) {
        st = list_read(r, SNN_EVENT_BLOCK, &got, &err);
        /* A number at a text's end may be cut and still be one: the last event may differ. */
        if (f->format == SNN_EVENTS_TEXT && got.n > 0)
            got.n--;
        check_events(f->name, e, got.n < FIXTURE_EVENTS ? got.n : FIXTURE_EVENTS, &got);
        if (tolerant) {
            assert_int_equal(st, SNN_OK);
            assert_true((snn_event_reader_damage(r) != NULL) ==
                        (snn_event_reader_counts(r)->damaged == 1));
        }
        if (!f->swallowed && !tolerant)
            assert_int_equal(st, SNN_EFORMAT);
    }
    if (st != SNN_OK) {
        assert_int_equal(st, SNN_EFORMAT);
        if (strncmp(err.where, "cut", 3) != 0 || err.what[0] == '\0')
            fail_msg("%s, %zu bytes: %s: %s", f->name, n, err.where, err.what);
    }
    snn_event_reader_close(r);
    list_free(&got);
    free(cut);
}

static void every_prefix_is_a_cut_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        snn_event e[FIXTURE_EVENTS];
        size_t n;
        unsigned char *bytes = make_fixture(&FIXTURES[i], e, &n);
        /* The table at the end of AEDAT 4 is not read: a cut in it loses no event. */
        const size_t most = FIXTURES[i].swallowed ? n : n - strlen("a table of packets");

        for (size_t k = 0; k < most; k++) {
            check_cut(&FIXTURES[i], bytes, k, e, false);
            check_cut(&FIXTURES[i], bytes, k, e, true);
        }
        free(bytes);
    }
}

/* By content alone, a cut file is itself or nothing. */
static void prefixes_are_never_another_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        snn_event e[FIXTURE_EVENTS];
        size_t n;
        unsigned char *bytes = make_fixture(&FIXTURES[i], e, &n);

        for (size_t k = 0; k < n; k++) {
            snn_event_reader *r = NULL;

            if (snn_event_reader_open_memory(ctx, bytes, k, "cut", NULL, &r, NULL) == SNN_OK &&
                snn_event_reader_info(r)->format != FIXTURES[i].format)
                fail_msg("%s, %zu bytes: taken for %s", FIXTURES[i].name, k,
                         snn_event_format_name(snn_event_reader_info(r)->format));
            snn_event_reader_close(r);
        }
        free(bytes);
    }
}

/* Changed bits, bytes, lengths; pieces left out or doubled. */
static void change(struct bytes *b, uint64_t *seed)
{
    const int changes = 1 + (int)(test_random(seed) % 4);

    for (int i = 0; i < changes && b->n > 8; i++) {
        const uint64_t r = test_random(seed);
        const size_t at = (size_t)(r >> 8) % (r >> 60 < 8 ? b->n : b->n < 200 ? b->n : 200);
        static const uint32_t WILD[] = {0,      1,          0x7f,       0xff,       0x7fff,
                                        0xffff, 0x7fffffff, 0xffffffff, 0x80000000, 0x10000000};

        switch (r % 5) {
        case 0:
            b->at[at] ^= (unsigned char)(1u << (r >> 56 & 7));
            break;
        case 1:
            b->at[at] = (unsigned char)(r >> 48);
            break;
        case 2:
            for (size_t k = 0; k < 4 && at + k < b->n; k++)
                b->at[at + k] = (unsigned char)(WILD[(r >> 40) % 10] >> 8 * k);
            break;
        case 3: {
            const size_t gone = 1 + (size_t)(r >> 40) % 16;

            if (at + gone < b->n) {
                memmove(b->at + at, b->at + at + gone, b->n - at - gone);
                b->n -= gone;
            }
            break;
        }
        default:
            b->n -= at % 32 < b->n ? at % 32 : 0;
        }
    }
}

static void changed_files_end_well(void **state)
{
    uint64_t seed = test_seed(30);

    (void)state;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        snn_event e[FIXTURE_EVENTS];
        size_t n;
        unsigned char *bytes = make_fixture(&FIXTURES[i], e, &n);

        for (int k = 0; k < 1000; k++) {
            struct bytes b = {.at = malloc(n), .n = n, .room = n};

            memcpy(b.at, bytes, n);
            change(&b, &seed);
            b.at = realloc(b.at, b.n);
            fuzz_events(ctx, FIXTURES[i].format, b.at, b.n);
            free(b.at);
        }
        free(bytes);
    }
}

/* ---- ECF: vectors from its description ------------------------------------------------ */

static const snn_event ECF_EVENTS[] = {
    {1000, 5, 300, 1}, {1000, 6, 300, 1}, {1000, 8, 300, 0}, {1007, 639, 479, 1}, {1407, 0, 1, 0},
};

/* n, packing; times: step 0 for 3, 7 for 1, 400 = 9 << 4 | ... for 1. */
static void put_ecf_head(struct bytes *b, unsigned packing)
{
    put_little(b, 5u << 2 | packing, 4);
    put_little(b, 1000, 8);
    put_little(b, 0x03, 1);
    put_little(b, 0x71, 1);
}

static void check_ecf(const char *name, const struct bytes *b)
{
    static snn_event out[SNN_ECF_MOST];
    size_t n = 0;
    unsigned char *exact = malloc(b->n);

    memcpy(exact, b->at, b->n);
    if (!snn_ecf_decode(exact, b->n, out, &n))
        fail_msg("%s: not decoded", name);
    check_events(name, ECF_EVENTS, 5, &(struct event_list){out, n, n});
    free(exact);
    /* Every cut is found. */
    for (size_t k = 0; k < b->n; k++) {
        exact = malloc(k > 0 ? k : 1);
        memcpy(exact, b->at, k);
        assert_false(snn_ecf_decode(exact, k, out, &n));
        free(exact);
    }
}

static void ecf_chunks(void **state)
{
    struct bytes b = {0};
    uint32_t e[8] = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        e[i] = (uint32_t)ECF_EVENTS[i].y << 12 | (uint32_t)ECF_EVENTS[i].x << 1 | ECF_EVENTS[i].p;
    /* y, x and p in 24 bits; the last step, 400, is the low halves 5, 8, 1 and a byte of
     * step 10: 5 + 8 * 16 + 1 * 256 = 389, and the 11 missing: 0xb. */
    put_ecf_head(&b, 2);
    put_little(&b, 0xb1f1f8f5, 4);
    for (int i = 0; i < 8; i += 4) {
        put_little(&b, e[i] << 8 | (e[i + 1] & 0xff), 4);
        put_little(&b, e[i + 1] >> 8 << 16 | (e[i + 2] & 0xffff), 4);
        put_little(&b, e[i + 2] >> 16 << 24 | e[i + 3], 4);
    }
    check_ecf("yxp", &b);
    /* Rows, then x and p in 12 bits. */
    b.n = 0;
    put_ecf_head(&b, 1);
    put_little(&b, 0xb1f1f8f5, 4);
    put_little(&b, 300 << 5 | 3, 2);
    put_little(&b, 479 << 5 | 31, 2);
    put_little(&b, 1, 2);
    put_little(&b, 1 << 5 | 1, 2);
    for (int i = 0; i < 8; i += 4) {
        uint32_t w[4];

        for (int k = 0; k < 4; k++)
            w[k] = e[i + k] & 0xfff;
        put_little(&b, w[0] << 4 | (w[1] & 15), 2);
        put_little(&b, w[1] >> 4 << 8 | (w[2] & 255), 2);
        put_little(&b, w[2] >> 8 << 12 | w[3], 2);
    }
    check_ecf("xp", &b);
    /* Rows, columns as masks, runs of polarities. */
    b.n = 0;
    put_ecf_head(&b, 0);
    put_little(&b, 0xb1f1f8f5, 4);
    put_little(&b, 300 << 5 | 3, 2);
    put_little(&b, 479 << 5 | 1, 2);
    put_little(&b, 1 << 5 | 1, 2);
    put_little(&b, 5 << 5 | 0x14, 2); /* 5, 6, 8 */
    put_little(&b, 639 << 5, 2);
    put_little(&b, 0, 2);
    put_little(&b, 0x80 | 2, 1);
    put_little(&b, 1, 1);
    put_little(&b, 0x80 | 127, 1);
    put_little(&b, 1, 2);
    put_little(&b, 1, 1);
    check_ecf("masks", &b);
    free(b.at);
}

static void changed_ecf_chunks_end_well(void **state)
{
    static snn_event out[SNN_ECF_MOST];
    uint64_t seed = test_seed(31);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        const size_t n = 12 + test_random(&seed) % 60;
        unsigned char *bytes = malloc(n);
        size_t events;

        for (size_t k = 0; k < n; k++)
            bytes[k] = (unsigned char)(test_random(&seed) >> (i % 3 == 0 ? 56 : 60));
        if (i % 2 == 0)
            memset(bytes + 1, 0, 3);
        (void)snn_ecf_decode(bytes, n, out, &events);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_is_a_cut_file),
        cmocka_unit_test(prefixes_are_never_another_format),
        cmocka_unit_test(changed_files_end_well),
        cmocka_unit_test(ecf_chunks),
        cmocka_unit_test(changed_ecf_chunks_end_well),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
