/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Readers of event recordings: recorded files against their published counts and digests,
 * made-up ones of every format, the rules of wrapping clocks, geometry, and streams that
 * come in pieces.
 */
#include "tests/event_fixtures.h"
#include "tests/sha256.h"

#include <sys/wait.h>
#include <unistd.h>

static snn_context *ctx;

static int make_context(void **state)
{
    (void)state;
    return snn_context_create(NULL, &ctx, NULL) == SNN_OK ? 0 : -1;
}

static int free_context(void **state)
{
    (void)state;
    snn_context_destroy(ctx);
    return 0;
}

/* ---- recorded files ------------------------------------------------------------- */

static void digest_of(const struct event_list *l, uint32_t flip_y, char text[17])
{
    int64_t *v = malloc(l->n * 4 * sizeof *v);

    assert_non_null(v);
    for (size_t i = 0; i < l->n; i++) {
        v[4 * i] = l->at[i].t;
        v[4 * i + 1] = l->at[i].x;
        v[4 * i + 2] = flip_y > 0 ? (int64_t)flip_y - 1 - l->at[i].y : l->at[i].y;
        v[4 * i + 3] = l->at[i].p;
    }
    sha256_16(v, l->n * 4 * sizeof *v, text);
    free(v);
}

static const struct recorded {
    const char *file, *digest;
    snn_event_format format;
    size_t n;
    int64_t first, last;
    uint16_t x[2], y[2];
    double on;       /* per cent */
    uint32_t flip_y; /* the digest is of rows counted from below, of so many */
} RECORDED[] = {
    {"faery_evt2.raw",
     "cc4f712b190a45a9",
     SNN_EVENTS_EVT2,
     521252,
     913716224,
     913812095,
     {0, 639},
     {0, 479},
     35.7,
     0},
    {"tonic_sample_nmnist.bin",
     "4fb5a854c2136e28",
     SNN_EVENTS_BIN,
     4325,
     654,
     311175,
     {0, 33},
     {0, 33},
     49.6,
     0},
    {"uzh_slider_depth_events_chunk.txt",
     "c6b8fb419ca0d12d",
     SNN_EVENTS_TEXT,
     50000,
     3811,
     174156,
     {0, 239},
     {0, 179},
     42.3,
     0},
    {"evlibrary_sample.aedat4",
     "dead826fb6a380eb",
     SNN_EVENTS_AEDAT4,
     6676,
     INT64_C(1589163147368868),
     INT64_C(1589163147538809),
     {14, 334},
     {8, 245},
     53.4,
     0},
    {"faery_dvs.es",
     "a0c25e7ecc7a9843",
     SNN_EVENTS_ES,
     473225,
     0,
     999000,
     {0, 319},
     {0, 239},
     0,
     240},
};

static void check_recorded(const struct recorded *c, const char *path)
{
    struct event_list got = {0};
    snn_event_reader *r = NULL;
    snn_error err = {0};
    uint16_t x[2] = {UINT16_MAX, 0}, y[2] = {UINT16_MAX, 0};
    size_t on = 0;
    char digest[17];

    if (snn_event_reader_open(ctx, path, NULL, &r, &err) != SNN_OK ||
        list_read(r, SNN_EVENT_BLOCK, &got, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(snn_event_reader_info(r)->format, c->format);
    assert_int_equal(got.n, c->n);
    assert_int_equal(snn_event_reader_counts(r)->events, c->n);
    assert_int_equal(snn_event_reader_counts(r)->backwards, 0);
    for (size_t i = 0; i < got.n; i++) {
        const snn_event *e = &got.at[i];

        x[0] = e->x < x[0] ? e->x : x[0];
        x[1] = e->x > x[1] ? e->x : x[1];
        y[0] = e->y < y[0] ? e->y : y[0];
        y[1] = e->y > y[1] ? e->y : y[1];
        on += e->p;
    }
    assert_int_equal(snn_event_reader_counts(r)->on, on);
    assert_true(got.at[0].t == c->first && got.at[got.n - 1].t == c->last);
    assert_memory_equal(x, c->x, sizeof x);
    assert_memory_equal(y, c->y, sizeof y);
    if (c->on > 0)
        assert_true(fabs(100.0 * (double)on / (double)got.n - c->on) < 0.05);
    digest_of(&got, c->flip_y, digest);
    assert_string_equal(digest, c->digest);
    snn_event_reader_close(r);
    list_free(&got);
}

/* The same 17 events, with x and y changed. */
static void recorded_hdf5_is_the_recorded_text(void **state)
{
    struct event_list list[2] = {{0}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        snn_event_reader *r = NULL;
        const char *path;

        require_shared(path, i == 0 ? "data/events/evlibrary_event.txt"
                                    : "data/events/evlibrary_event.hdf5");
        assert_int_equal(snn_event_reader_open(ctx, path, NULL, &r, NULL), SNN_OK);
        assert_int_equal(list_read(r, 100, &list[i], NULL), SNN_OK);
        snn_event_reader_close(r);
        for (size_t k = 0; i == 1 && k < list[1].n; k++) {
            const uint16_t x = list[1].at[k].x;

            list[1].at[k].x = list[1].at[k].y;
            list[1].at[k].y = x;
        }
    }
    assert_int_equal(list[0].n, 17);
    check_events("hdf5", list[0].at, 17, &list[1]);
    list_free(&list[0]);
    list_free(&list[1]);
}

/* Preferences in XML, "#End Of ASCII Header", and 38 bytes that are no events. */
static void a_long_header_is_passed(void **state)
{
    struct event_list got = {0};
    snn_event_reader *r = NULL;
    const char *path;

    (void)state;
    require_shared(path, "data/events/mibblez_header_test_128.aedat");
    assert_int_equal(snn_event_reader_open(ctx, path, NULL, &r, NULL), SNN_OK);
    assert_int_equal(snn_event_reader_info(r)->width, 128);
    assert_int_equal(list_read(r, 100, &got, NULL), SNN_EFORMAT);
    assert_int_equal(got.n, 0);
    assert_int_equal(snn_event_reader_counts(r)->malformed, 4);
    snn_event_reader_close(r);
    list_free(&got);
}

static void recorded_files_have_their_digests(void **state)
{
    char name[128];
    const char *path;
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < sizeof RECORDED / sizeof RECORDED[0]; i++) {
        snprintf(name, sizeof name, "data/events/%s", RECORDED[i].file);
        path = test_shared(name);
        if (path == NULL)
            continue;
        found++;
        check_recorded(&RECORDED[i], path);
    }
    if (found == 0)
        skip_because("no recorded data (SNN_SHARED): data/events");
}

static void the_digest_is_sha256(void **state)
{
    char text[17];

    (void)state;
    sha256_16("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea");
    sha256_16("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text);
    assert_string_equal(text, "248d6a61d20638b8");
}

/* ---- made-up files ----------------------------------------------------------------- */

static void open_bytes(const void *bytes, size_t n, const snn_event_reader_params *p,
                       snn_event_reader **r)
{
    snn_error err = {0};

    if (snn_event_reader_open_memory(ctx, bytes, n, "made up", p, r, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
}

static void every_format_is_found_and_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        const struct fixture *f = &FIXTURES[i];
        /* In pieces of any size the events are the same. */
        static const size_t ROOMS[] = {SNN_EVENT_BLOCK, 1000, 64, 63, 7, 1};
        snn_event e[FIXTURE_EVENTS];
        size_t n;
        unsigned char *bytes = make_fixture(f, e, &n);

        for (size_t k = 0; k < sizeof ROOMS / sizeof ROOMS[0]; k++) {
            struct event_list got = {0};
            snn_event_reader *r = NULL;
            snn_error err = {0};

            open_bytes(bytes, n, NULL, &r);
            if (list_read(r, ROOMS[k], &got, &err) != SNN_OK)
                fail_msg("%s: %s: %s", f->name, err.where, err.what);
            check_events(f->name, e, FIXTURE_EVENTS, &got);
            assert_int_equal(snn_event_reader_info(r)->format, f->format);
            if (f->sized) {
                assert_int_equal(snn_event_reader_info(r)->geometry, SNN_GEOMETRY_STATED);
                assert_int_equal(snn_event_reader_info(r)->width, FIXTURE_WIDTH);
                assert_int_equal(snn_event_reader_info(r)->height, FIXTURE_HEIGHT);
            }
            snn_event_reader_close(r);
            list_free(&got);
        }
        free(bytes);
    }
}

/* A child writes the file in small pieces into a pipe that the reader reads. */
static void pipes_give_the_same_events(void **state)
{
    const int saved = dup(STDIN_FILENO);

    (void)state;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        snn_event e[FIXTURE_EVENTS];
        struct event_list got = {0};
        snn_event_reader *r = NULL;
        snn_error err = {0};
        int ends[2];
        size_t n;
        unsigned char *bytes = make_fixture(&FIXTURES[i], e, &n);
        pid_t child;

        assert_int_equal(pipe(ends), 0);
        child = fork();
        if (child == 0) {
            close(ends[0]);
            for (size_t k = 0; k < n; k += 7)
                if (write(ends[1], bytes + k, n - k < 7 ? n - k : 7) < 0)
                    break;
            close(ends[1]);
            _exit(0);
        }
        assert_true(child > 0);
        close(ends[1]);
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        if (snn_event_reader_open(ctx, "-", NULL, &r, &err) != SNN_OK ||
            list_read(r, 100, &got, &err) != SNN_OK)
            fail_msg("%s: %s: %s", FIXTURES[i].name, err.where, err.what);
        assert_true(snn_event_reader_progress(r) < 0);
        check_events(FIXTURES[i].name, e, FIXTURE_EVENTS, &got);
        snn_event_reader_close(r);
        waitpid(child, NULL, 0);
        list_free(&got);
        free(bytes);
    }
    dup2(saved, STDIN_FILENO);
    close(saved);
}

/* Read made-up bytes and compare; returns the counts. */
static snn_event_counts expect(const char *what, const struct bytes *b,
                               const snn_event_reader_params *p, const snn_event *e, size_t n)
{
    struct event_list got = {0};
    snn_event_reader *r = NULL;
    snn_event_counts counts;
    snn_error err = {0};

    open_bytes(b->at, b->n, p, &r);
    if (list_read(r, SNN_EVENT_BLOCK, &got, &err) != SNN_OK)
        fail_msg("%s: %s: %s", what, err.where, err.what);
    check_events(what, e, n, &got);
    counts = *snn_event_reader_counts(r);
    snn_event_reader_close(r);
    list_free(&got);
    return counts;
}

static void put_words(struct bytes *b, const uint64_t *word, size_t n, int bytes)
{
    for (size_t i = 0; i < n; i++)
        put_little(b, word[i], bytes);
}

#define WORDS(b, bytes, ...)                                                                       \
    put_words((b), (const uint64_t[]){__VA_ARGS__},                                                \
              sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (bytes))

static void evt3_states_and_wraps(void **state)
{
    const int64_t wrap = INT64_C(1) << 24;
    const snn_event e[] = {
        {4096 * 5 + 9, 100, 7, 1},  {4096 * 5 + 9, 102, 7, 1},     {4096 * 5 + 9, 111, 7, 1},
        {4096 * 5 + 9, 112, 7, 1},  {4096 * 5 + 9, 119, 7, 1},     {4096 * 5 + 9, 120, 7, 1},
        {4096 * 5 + 9, 3, 7, 0},    {4096 * 5 + 9, 4, 8, 0},       {4096 * 5 + 2, 5, 8, 0},
        {4096 * 6, 6, 8, 0},        {4096 * 4, 7, 8, 0},           {4096 * 4095 + 1, 8, 8, 0},
        {wrap + 4096 * 2, 9, 8, 0}, {wrap + 4096 * 4094, 9, 8, 0}, {wrap + 4096 * 4000, 9, 8, 0},
        {2 * wrap + 1, 9, 8, 0},
    };
    struct bytes b = {0};
    snn_event_counts c;

    (void)state;
    put_string(&b, "% evt 3.0\n");
    WORDS(&b, 2, 0x2005, 0x3005, 0x4003); /* before any time: 3 dropped */
    WORDS(&b, 2, 0x8005, 0x2005);         /* before any row: 1 dropped */
    WORDS(&b, 2, 0x6009, 0x8005, 0x0007, 0x3864, 0x4805, 0x5081,
          0x5001); /* 100 102 111 | 112 119 | 120 */
    WORDS(&b, 2, 0x2003, 0xA001, 0xE123, 0x7123, 0x0008, 0x2004);
    WORDS(&b, 2, 0x6002, 0x2005); /* low falls: no wrap */
    WORDS(&b, 2, 0x8006, 0x2006); /* a new high part begins at low 0 */
    WORDS(&b, 2, 0x8004, 0x2007); /* a glitch: no wrap */
    WORDS(&b, 2, 0x8fff, 0x6001, 0x2008, 0x8002, 0x2009, 0x8ffe, 0x2009);
    WORDS(&b, 2, 0x8fa0, 0x2009); /* falls by 94: a glitch */
    WORDS(&b, 2, 0x8fff, 0x8000, 0x6001, 0x2009, 0x9000, 0x1000);
    c = expect("evt3", &b, NULL, e, sizeof e / sizeof e[0]);
    assert_int_equal(c.untimed, 4);
    assert_int_equal(c.other, 3);
    assert_int_equal(c.malformed, 2);
    assert_int_equal(c.backwards, 3);
    free(b.at);
}

static void evt2_wraps(void **state)
{
    const int64_t wrap = INT64_C(1) << 34;
    const snn_event e[] = {
        {64 * 9 + 63, 2047, 2047, 1},
        {64 * 7, 1, 2, 0},
        {wrap - 64, 1, 2, 0},
        {wrap + 64 * 3, 1, 2, 1},
    };
    const uint64_t off = 1 << 11 | 2;
    struct bytes b = {0};
    snn_event_counts c;

    (void)state;
    put_string(&b, "% evt 2.0\n% end\n");
    WORDS(&b, 4, 0x10000000, 0x80000009, 0x1fffffff, 0x80000007, off, 0x8fffffff, off, 0x80000003,
          0x10000000 | off, 0xA0000000, 0xE0000000, 0x40000000);
    c = expect("evt2", &b, NULL, e, 4);
    assert_int_equal(c.untimed, 1);
    assert_int_equal(c.other, 2);
    assert_int_equal(c.malformed, 1);
    assert_int_equal(c.backwards, 1);
    assert_int_equal(c.step_back_us, 64 * 9 + 63 - 64 * 7);
    free(b.at);
}

/* Vectors of EVT 4 begin at any column; one before the first time is lost with its mask. */
static void evt4_vectors_and_wraps(void **state)
{
    const int64_t wrap = INT64_C(1) << 34;
    const snn_event e[] = {
        {64 * 9 + 63, 2047, 2047, 1},   {64 * 9 + 1, 5, 2, 0},    {64 * 9 + 1, 36, 2, 0},
        {wrap - 64 * 256 + 1, 7, 2, 1}, {wrap + 64 * 3, 5, 2, 0},
    };
    const uint64_t at = 5 << 11 | 2, late = at | 1 << 22;
    struct bytes b = {0};
    snn_event_counts c;

    (void)state;
    put_string(&b, "% evt 4.0\n% end\n");
    WORDS(&b, 4, 0xA0000000, 0xC0000000 | at, 0xE0000007, 0xE0000009, 0xBfffffff, 0xC0000000 | late,
          0x80000001, 0xD0000000 | late, 0, 0xEfffff00, 0xD0000000 | late, 4, 0xE0000003,
          0xffffffff, 0xA0000000 | at, 0x90000000, 0x60000000, 0x70000000, 0x10000000, 0xf0000000);
    c = expect("evt4", &b, NULL, e, 5);
    assert_int_equal(c.untimed, 1 + 6);
    assert_int_equal(c.other, 3);
    assert_int_equal(c.malformed, 2);
    assert_int_equal(c.backwards, 1);
    free(b.at);
}

static void dat_wraps_and_kinds(void **state)
{
    const int64_t wrap = INT64_C(1) << 32;
    const snn_event e[] = {{wrap - 5, 16383, 3, 1}, {wrap + 2, 1, 16383, 0}, {wrap + 1, 1, 1, 0}};
    struct bytes b = {0};
    snn_event_reader *r = NULL;
    snn_error err = {0};

    (void)state;
    put_string(&b, "% Data file containing CD events.\n");
    WORDS(&b, 1, 0, 8);
    WORDS(&b, 4, 0xfffffffb, 0x1000ffff, 2, 0x0fffc001, 1, 0x4001);
    assert_int_equal(expect("dat", &b, NULL, e, 3).backwards, 1);
    b.at[b.n - 26] = 14;
    assert_int_equal(snn_event_reader_open_memory(ctx, b.at, b.n, "t.dat", NULL, &r, &err),
                     SNN_EFORMAT);
    assert_non_null(strstr(err.what, "triggers"));
    assert_string_equal(err.where, "t.dat: byte 34");
    free(b.at);
    /* Without a header, as very old files are. */
    b = (struct bytes){0};
    for (uint64_t i = 0; i < 40; i++)
        WORDS(&b, 4, 1000 + 10 * i, 0x10000000 | i << 14 | i);
    open_bytes(b.at, b.n, NULL, &r);
    assert_int_equal(snn_event_reader_info(r)->format, SNN_EVENTS_DAT);
    snn_event_reader_close(r);
    free(b.at);
}

static void bin_overflows(void **state)
{
    const snn_event e[] = {{10, 1, 2, 1}, {8388607, 3, 4, 0}, {8192 * 2 + 8388600, 255, 255, 1}};
    const snn_event_reader_params p = {.size = sizeof p, .format = SNN_EVENTS_BIN};
    struct bytes b = {0};

    (void)state;
    put_big(&b, UINT64_C(0x010280000a), 5);
    put_big(&b, UINT64_C(0x03047fffff), 5);
    put_big(&b, UINT64_C(0x00f0000000), 5);
    put_big(&b, UINT64_C(0x05f0800007), 5);
    put_big(&b, UINT64_C(0xfffffffff8), 5);
    expect("bin", &b, &p, e, 3);
    free(b.at);
}

static void text_variants(void **state)
{
    static const struct {
        const char *text;
        uint32_t width;
    } SAME[] = {
        {"0.000005 1 2 1\n1.5 3 4 0\n", 0},
        {"240 180\n0.000005000 1 2 1\n1.500000000 3 4 0\n", 240},
        {"# a note\n# geometry:240,180\n\n0.000005\t1\t2\t1\r\n1.5e0 3 4 -1", 240},
        {"%geometry:240,180\n1,2,1,5\n3,4,0,1500000\n", 240},
        {"x,y,p,t\n1,2,1,5\n3,4,0,1500000\n", 0},
        {"t,x,y,p\n5,1,2,1\n1500000,3,4,0\n", 0},
        {"timestamp, x, y, polarity\n0.000005, 1, 2, 1\n1.5, 3, 4, 0\n", 0},
        {"# t x y p\n5e-6 1.0 2.0e0 1\n1.50 30e-1 4.000 0\n", 0},
        {"5 1 2 1\n1500000 3 4 0\n", 0},
    };
    const snn_event e[] = {{5, 1, 2, 1}, {1500000, 3, 4, 0}};
    /* Beyond what a float64 holds: microseconds stay. */
    const snn_event far[] = {{INT64_C(9007199254740993), 1, 2, 1}, {-7, 1, 2, 0}, {8, 1, 2, 0}};
    snn_event_reader_params p;
    snn_event_reader *r = NULL;
    struct bytes b = {0};

    (void)state;
    snn_event_reader_params_init(&p);
    for (size_t i = 0; i < sizeof SAME / sizeof SAME[0]; i++) {
        b.n = 0;
        put_string(&b, SAME[i].text);
        assert_int_equal(expect(SAME[i].text, &b, NULL, e, 2).rounded, 0);
        open_bytes(b.at, b.n, NULL, &r);
        assert_int_equal(snn_event_reader_info(r)->width, SAME[i].width);
        snn_event_reader_close(r);
    }
    b.n = 0;
    put_string(&b, "9007199254.740993000 1 2 1\n-0.0000065 1 2 0\n0.0000075 1 2 0\n"
                   "0.1 70000 2 0\n0.1 2 -1 0\n");
    {
        const snn_event_counts c = expect("far", &b, NULL, far, 3);

        assert_int_equal(c.rounded, 2);
        assert_int_equal(c.outside, 2);
    }
    free(b.at);
}

static void text_says_which_line(void **state)
{
    static const struct {
        const char *text, *line;
    } BAD[] = {
        {"0.1 1 2 1\n0.2 1 2\n", "line 2"},     {"0.1 1 2 1\n0.2 1 2 1 5\n", "line 2"},
        {"0.1 1 2 1\n\n0.2 1 b 1\n", "line 3"}, {"0.1 1 2 1\n0.2 1 2 2\n", "line 2"},
        {"0.1 1 2 1\n0.2 1.5 2 1\n", "line 2"}, {"5 1 2 1\n7.5 1 2 1\n", "line 2"},
        {"0.1 1 2 1\n1e30 1 2 1\n", "line 2"},  {"0.1 1 2 1\n1e 1 2 1\n", "line 2"},
        {"0.1 1 2 1\n1e- 1 2 1\n", "line 2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct event_list got = {0};
        snn_event_reader *r = NULL;
        snn_error err = {0};

        open_bytes(BAD[i].text, strlen(BAD[i].text), NULL, &r);
        assert_int_equal(list_read(r, SNN_EVENT_BLOCK, &got, &err), SNN_EFORMAT);
        assert_int_equal(got.n, 1);
        if (strstr(err.what, BAD[i].line) == NULL || strstr(err.where, "made up: byte ") == NULL)
            fail_msg("%s: %s: %s", BAD[i].text, err.where, err.what);
        /* And again. */
        assert_int_equal(list_read(r, SNN_EVENT_BLOCK, &got, &err), SNN_EFORMAT);
        snn_event_reader_close(r);
        list_free(&got);
    }
}

/* The DVS128 is smaller than the fixtures' sensor. */
static void aedat2_of_a_dvs128(void **state)
{
    snn_event e[FIXTURE_EVENTS];
    struct bytes b = {0};

    (void)state;
    fixture_events(e, 3);
    for (size_t i = 0; i < FIXTURE_EVENTS; i++) {
        e[i].x &= 127;
        e[i].y &= 127;
    }
    make_aedat2_dvs128(&b, e, FIXTURE_EVENTS);
    put_big(&b, 0x8000, 4); /* special */
    put_big(&b, 5, 4);
    put_big(&b, 0x10000, 4); /* no address of a DVS128 */
    put_big(&b, 5, 4);
    {
        const snn_event_counts c = expect("dvs128", &b, NULL, e, FIXTURE_EVENTS);

        assert_int_equal(c.other, 1);
        assert_int_equal(c.malformed, 1);
        assert_int_equal(c.backwards, 0);
    }
    free(b.at);
}

static void other_packets_are_counted(void **state)
{
    snn_event e[FIXTURE_EVENTS];
    struct bytes b = {0};

    (void)state;
    fixture_events(e, 3);
    make_aedat4(&b, e, FIXTURE_EVENTS);
    assert_int_equal(expect("aedat4", &b, NULL, e, FIXTURE_EVENTS).other, 3);
    b.n = 0;
    make_aedat3(&b, e, FIXTURE_EVENTS);
    /* The first event of the second packet, and time overflowed there. */
    b.at[64 + 28 + 50 * 8 + 28 + 36 + 28] ^= 1;
    b.at[64 + 28 + 50 * 8 + 28 + 36 + 12] = 3;
    memmove(e + 50, e + 51, (FIXTURE_EVENTS - 51) * sizeof *e);
    for (int i = 50; i < 99; i++)
        e[i].t += INT64_C(3) << 31;
    {
        const snn_event_counts c = expect("aedat3", &b, NULL, e, FIXTURE_EVENTS - 1);

        assert_int_equal(c.other, 4);
        assert_int_equal(c.invalid, 1);
        assert_int_equal(c.backwards, 1);
    }
    free(b.at);
}

static void events_outside_are_counted(void **state)
{
    snn_event_reader_params p = {.size = sizeof p, .width = 100, .height = 90};
    snn_event e[FIXTURE_EVENTS], inside[FIXTURE_EVENTS];
    size_t n, kept = 0;

    (void)state;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        struct bytes b = {0};

        b.at = make_fixture(&FIXTURES[i], e, &n);
        b.n = n;
        kept = 0;
        for (size_t k = 0; k < FIXTURE_EVENTS; k++)
            if (e[k].x < 100 && e[k].y < 90)
                inside[kept++] = e[k];
        assert_true(kept > 0 && kept < FIXTURE_EVENTS);
        assert_int_equal(expect(FIXTURES[i].name, &b, &p, inside, kept).outside,
                         FIXTURE_EVENTS - kept);
        free(b.at);
    }
}

/* Counted one by one: crop, cells of 4 pixels, steps of 1 ms. */
/* Event Stream holds no steps back: its times are sums of steps. */
static void steps_back_are_counted(void **state)
{
    snn_event e[FIXTURE_EVENTS];

    (void)state;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        struct bytes b = {0};
        snn_event_counts c;

        if (FIXTURES[i].format == SNN_EVENTS_ES)
            continue;
        fixture_events(e, 7);
        for (size_t k = 100; k < FIXTURE_EVENTS; k++)
            e[k].t -= 5000;
        assert_true(e[100].t < e[99].t && e[0].t < e[100].t);
        FIXTURES[i].make(&b, e, FIXTURE_EVENTS);
        c = expect(FIXTURES[i].name, &b, NULL, e, FIXTURE_EVENTS);
        assert_int_equal(c.backwards, 1);
        assert_int_equal(c.step_back_us, e[99].t - e[100].t);
        free(b.at);
    }
}

static void rasters_count_events(void **state)
{
    snn_raster_params p;
    snn_event e[FIXTURE_EVENTS];
    static uint8_t raster[2 * 20 * 50 * 40], expected[2][20][50][40];
    uint64_t used = 0, inside = 0;

    (void)state;
    fixture_events(e, 4);
    snn_raster_params_init(&p);
    assert_int_equal(snn_events_raster(&p, e, 1, raster, &used, NULL), SNN_EINVAL);
    p.x = 10;
    p.y = 10;
    p.width = 201; /* the last column fills no cell */
    p.height = 160;
    p.cell = 4;
    p.start_us = 1500;
    p.step_us = 1000;
    p.steps = 20;
    p.most = 2;
    for (int i = 0; i < FIXTURE_EVENTS; i++) {
        uint8_t *cell;

        if (e[i].x < 10 || e[i].x >= 210 || e[i].y < 10 || e[i].y >= 170 || e[i].t < 1500 ||
            e[i].t >= 21500)
            continue;
        cell = &expected[e[i].p][(e[i].t - 1500) / 1000][(e[i].x - 10) / 4][(e[i].y - 10) / 4];
        *cell = *cell < 2 ? (uint8_t)(*cell + 1) : 2;
        inside++;
    }
    assert_true(inside > 10);
    assert_int_equal(snn_events_raster(&p, e, 50, raster, &used, NULL), SNN_OK);
    assert_int_equal(snn_events_raster(&p, e + 50, FIXTURE_EVENTS - 50, raster, &used, NULL),
                     SNN_OK);
    assert_int_equal(used, inside);
    assert_memory_equal(raster, expected, sizeof raster);
}

static void open_failures(void **state)
{
    snn_event_reader_params p = {.size = sizeof p, .width = 100};
    snn_event_reader *r = NULL;
    snn_error err = {0};

    (void)state;
    assert_int_equal(snn_event_reader_open(ctx, "nowhere.raw", NULL, &r, &err), SNN_ENOTFOUND);
    assert_string_equal(err.where, "nowhere.raw");
    assert_int_equal(snn_event_reader_open(ctx, "/", NULL, &r, &err), SNN_EIO);
    assert_int_equal(snn_event_reader_open_memory(ctx, "", 0, "m", NULL, &r, &err), SNN_EFORMAT);
    assert_non_null(strstr(err.what, "empty"));
    assert_int_equal(snn_event_reader_open_memory(ctx, "Hello, world\n", 13, "m", NULL, &r, &err),
                     SNN_EFORMAT);
    assert_int_equal(snn_event_reader_open_memory(ctx, "0 1 2 1\n", 8, "m", &p, &r, &err),
                     SNN_EINVAL);
    p = (snn_event_reader_params){.size = sizeof p, .format = (snn_event_format)99};
    assert_int_equal(snn_event_reader_open_memory(ctx, "0 1 2 1\n", 8, "m", &p, &r, &err),
                     SNN_EINVAL);
    assert_null(r);
    assert_int_equal(snn_event_format_find("evt3"), SNN_EVENTS_EVT3);
    assert_int_equal(snn_event_format_find("evt"), SNN_EVENTS_AUTO);
    assert_string_equal(snn_event_format_name(SNN_EVENTS_EVT21), "evt2.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_sha256),
        cmocka_unit_test(recorded_files_have_their_digests),
        cmocka_unit_test(recorded_hdf5_is_the_recorded_text),
        cmocka_unit_test(a_long_header_is_passed),
        cmocka_unit_test(every_format_is_found_and_read),
        cmocka_unit_test(pipes_give_the_same_events),
        cmocka_unit_test(evt3_states_and_wraps),
        cmocka_unit_test(evt2_wraps),
        cmocka_unit_test(evt4_vectors_and_wraps),
        cmocka_unit_test(dat_wraps_and_kinds),
        cmocka_unit_test(bin_overflows),
        cmocka_unit_test(text_variants),
        cmocka_unit_test(text_says_which_line),
        cmocka_unit_test(aedat2_of_a_dvs128),
        cmocka_unit_test(other_packets_are_counted),
        cmocka_unit_test(events_outside_are_counted),
        cmocka_unit_test(steps_back_are_counted),
        cmocka_unit_test(rasters_count_events),
        cmocka_unit_test(open_failures),
    };

    return cmocka_run_group_tests(tests, make_context, free_context);
}
