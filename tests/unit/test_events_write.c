/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writers of event recordings: random events come back exactly from every format, at the
 * ends of what it holds too; what it cannot hold is refused and leaves nothing behind.
 */
#include "tests/event_fixtures.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH 1024

static snn_context *ctx;
static char folder[PATH];

static int begin(void **state)
{
    const char *root = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/snn-events.XXXXXX", root != NULL ? root : "/tmp");
    if (mkdtemp(folder) == NULL)
        return -1;
    return snn_context_create(NULL, &ctx, NULL) == SNN_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    snn_context_destroy(ctx);
    return rmdir(folder); /* fails if a test left something behind */
}

static const char *path_of(const char *name)
{
    static char path[PATH + 64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool exists(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0;
}

/* What each writer holds; times that begin at `first` and a step back that is allowed. */
static const struct holds {
    snn_event_format format;
    uint32_t width, height;
    uint16_t no_y;    /* a row that has another meaning; 0 = none */
    int64_t first[3]; /* times to begin with; 0 ends the list */
    int64_t gap;      /* a long silence */
    int64_t back;     /* 0 = times never step back */
    bool sized;       /* the sensor comes back */
} HOLDS[] = {
    {SNN_EVENTS_TEXT,
     65536,
     65536,
     0,
     {1, INT64_C(1589163147368868), -5000000},
     INT64_C(1) << 50,
     300,
     true},
    {SNN_EVENTS_BIN, 256, 256, 240, {1, 8388000, 20000000}, 90000000, 0, false},
    {SNN_EVENTS_DAT,
     16384,
     16384,
     0,
     {1, (INT64_C(1) << 32) - 500, 7},
     INT64_C(2000000000),
     300,
     true},
    {SNN_EVENTS_EVT2,
     2048,
     2048,
     0,
     {1, (INT64_C(1) << 34) - 500, INT64_C(1589163147368868)},
     INT64_C(5) << 34,
     300,
     true},
    {SNN_EVENTS_EVT3,
     2048,
     2048,
     0,
     {1, (INT64_C(1) << 24) - 500, INT64_C(7) << 30},
     INT64_C(9) << 24,
     300,
     true},
    {SNN_EVENTS_AEDAT4,
     32768,
     32768,
     0,
     {1, INT64_C(1589163147368868), -5000000},
     INT64_C(1) << 50,
     300,
     true},
    {SNN_EVENTS_HDF5,
     65536,
     65536,
     0,
     {1, INT64_C(1589163147368868), INT64_MIN},
     INT64_C(1) << 50,
     300,
     true},
};

#define N_HOLDS (sizeof HOLDS / sizeof HOLDS[0])

/* Random events: corners, bursts, runs along a row, silences, steps back. */
static void make_events(const struct holds *h, int64_t t, struct event_list *out, size_t n,
                        uint64_t *seed)
{
    int64_t wrapped = t;

    for (size_t i = 0; i < n; i++) {
        const uint64_t r = test_random(seed), kind = r % 16;
        snn_event e = {.x = (uint16_t)((r >> 16) % h->width),
                       .y = (uint16_t)((r >> 32) % h->height),
                       .p = r >> 63};

        if (kind < 8 && i > 0) { /* a run */
            e = out->at[i - 1];
            e.x = (uint16_t)(e.x + (r >> 8) % 9 < h->width ? e.x + (r >> 8) % 9 : 0);
        } else if (kind == 8) {
            e.x = (uint16_t)(h->width - 1);
            e.y = (uint16_t)(h->height - 1);
        } else if (kind == 9) {
            e.x = e.y = 0;
        } else if (kind == 10 && i == n / 2) {
            t += h->gap;
        } else if (kind == 11 && h->back > 0 && t - wrapped > 2 * h->back) {
            e.t = -h->back;
        } else {
            t += (int64_t)(r >> 40 & 255) >> (r >> 48 & 7);
        }
        if (i == n / 2)
            t += h->gap;
        e.t = kind < 8 && i > 0 ? e.t : t + e.t;
        e.y = h->no_y != 0 && e.y == h->no_y ? 0 : e.y;
        list_add(out, &e, 1);
        /* No steps back across a wrap: their clocks cannot tell that from a wrap. */
        if (t >> 24 != wrapped >> 24)
            wrapped = t;
    }
}

static void write_events(const struct holds *h, const char *path, const snn_event *e, size_t n,
                         size_t piece)
{
    const snn_event_writer_params p = {
        .size = sizeof p, .format = h->format, .width = h->width, .height = h->height};
    snn_event_writer *w = NULL;
    snn_error err = {0};

    if (snn_event_writer_open(ctx, path, &p, &w, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    for (size_t i = 0; i < n; i += piece)
        if (snn_event_writer_write(w, e + i, n - i < piece ? n - i : piece, &err) != SNN_OK)
            fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(snn_event_writer_count(w), n);
    assert_false(exists(path));
    if (snn_event_writer_commit(w, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    snn_event_writer_close(w);
}

static void random_events_come_back(void **state)
{
    uint64_t seed = test_seed(20);

    (void)state;
    for (size_t i = 0; i < N_HOLDS; i++)
        for (int k = 0; k < 3; k++) {
            const struct holds *h = &HOLDS[i];
            const snn_event_reader_params p = {.size = sizeof p, .format = h->format};
            struct event_list made = {0}, got = {0};
            snn_event_reader *r = NULL;
            snn_error err = {0};
            const char *path = path_of("round");

            make_events(h, h->first[k], &made, k == 0 ? 70000 : 5000, &seed);
            write_events(h, path, made.at, made.n, k == 0 ? 70000 : k == 1 ? 777 : 1);
            if (snn_event_reader_open(ctx, path, &p, &r, &err) != SNN_OK ||
                list_read(r, SNN_EVENT_BLOCK, &got, &err) != SNN_OK)
                fail_msg("%s: %s: %s", snn_event_format_name(h->format), err.where, err.what);
            check_events(snn_event_format_name(h->format), made.at, made.n, &got);
            if (h->sized) {
                assert_int_equal(snn_event_reader_info(r)->width, h->width);
                assert_int_equal(snn_event_reader_info(r)->height, h->height);
            }
            assert_int_equal(snn_event_reader_counts(r)->outside, 0);
            assert_int_equal(snn_event_reader_counts(r)->malformed, 0);
            snn_event_reader_close(r);
            list_free(&made);
            list_free(&got);
            unlink(path);
        }
}

/* What is found by content is what was written, also of a recording without events. */
static void written_files_are_found(void **state)
{
    snn_event e[FIXTURE_EVENTS];

    (void)state;
    fixture_events(e, 9);
    for (size_t i = 0; i < N_HOLDS; i++) {
        snn_event_reader *r = NULL;
        const char *path = path_of("found");

        write_events(&HOLDS[i], path, e, FIXTURE_EVENTS, FIXTURE_EVENTS);
        assert_int_equal(snn_event_reader_open(ctx, path, NULL, &r, NULL), SNN_OK);
        assert_int_equal(snn_event_reader_info(r)->format, HOLDS[i].format);
        snn_event_reader_close(r);
        unlink(path);
        write_events(&HOLDS[i], path, e, 0, 1);
        if (HOLDS[i].sized && HOLDS[i].format != SNN_EVENTS_TEXT) {
            size_t n = 1;

            assert_int_equal(snn_event_reader_open(ctx, path, NULL, &r, NULL), SNN_OK);
            assert_int_equal(snn_event_reader_read(r, (snn_event[64]){{0}}, 64, &n, NULL), SNN_OK);
            assert_int_equal(n, 0);
            snn_event_reader_close(r);
        }
        unlink(path);
    }
}

/* One event, or two, that a format cannot hold. */
static const struct refused {
    snn_event_format format;
    snn_event e[2];
    size_t n;
    const char *remedy;
} REFUSED[] = {
    {SNN_EVENTS_TEXT, {{INT64_MIN, 1, 1, 1}}, 1, "before"},
    {SNN_EVENTS_TEXT, {{5, 1, 1, 2}}, 1, "polarity"},
    {SNN_EVENTS_BIN, {{5, 256, 1, 1}}, 1, "crop"},
    {SNN_EVENTS_BIN, {{5, 1, 256, 1}}, 1, "crop"},
    {SNN_EVENTS_BIN, {{5, 1, 240, 1}}, 1, "240"},
    {SNN_EVENTS_BIN, {{-1, 1, 1, 1}}, 1, "relative"},
    {SNN_EVENTS_BIN, {{INT64_C(1) << 50, 1, 1, 1}}, 1, "relative"},
    {SNN_EVENTS_BIN, {{9000000, 1, 1, 1}, {5, 1, 1, 1}}, 2, "back"},
    {SNN_EVENTS_DAT, {{5, 16384, 1, 1}}, 1, "crop"},
    {SNN_EVENTS_DAT, {{-1, 1, 1, 1}}, 1, "relative"},
    {SNN_EVENTS_DAT, {{INT64_C(1) << 32, 1, 1, 1}}, 1, "relative"},
    {SNN_EVENTS_DAT, {{1, 1, 1, 1}, {INT64_C(3) << 31, 1, 1, 1}}, 2, "gap"},
    {SNN_EVENTS_DAT, {{INT64_C(0xfffffff0), 1, 1, 1}, {5, 1, 1, 1}}, 2, "back"},
    {SNN_EVENTS_EVT2, {{5, 2048, 1, 1}}, 1, "crop"},
    {SNN_EVENTS_EVT2, {{-1, 1, 1, 1}}, 1, "relative"},
    {SNN_EVENTS_EVT2, {{INT64_MAX, 1, 1, 1}}, 1, "relative"},
    {SNN_EVENTS_EVT2, {{(INT64_C(1) << 34) + 1, 1, 1, 1}, {5, 1, 1, 1}}, 2, "back"},
    {SNN_EVENTS_EVT2, {{(INT64_C(1) << 34) - 1, 1, 1, 1}, {5, 1, 1, 1}}, 2, "back"},
    {SNN_EVENTS_EVT3, {{5, 1, 2048, 1}}, 1, "crop"},
    {SNN_EVENTS_EVT3, {{-1, 1, 1, 1}}, 1, "relative"},
    {SNN_EVENTS_EVT3, {{INT64_C(1589163147368868), 1, 1, 1}}, 1, "relative"},
    {SNN_EVENTS_EVT3, {{(1 << 24) + 1, 1, 1, 1}, {(1 << 24) - 1, 1, 1, 1}}, 2, "back"},
    {SNN_EVENTS_EVT3, {{(1 << 24) - 1, 1, 1, 1}, {5, 1, 1, 1}}, 2, "back"},
};

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        const struct refused *c = &REFUSED[i];
        const snn_event_writer_params p = {.size = sizeof p, .format = c->format};
        const char *path = path_of("refused");
        snn_event_writer *w = NULL;
        snn_error err = {0};
        FILE *old = fopen(path, "w");

        fputs("old", old);
        fclose(old);
        assert_int_equal(snn_event_writer_open(ctx, path, &p, &w, NULL), SNN_OK);
        if (snn_event_writer_write(w, c->e, c->n, &err) != SNN_EINVAL ||
            strstr(err.what, c->remedy) == NULL)
            fail_msg("%s, case %zu: %s: %s", snn_event_format_name(c->format), i, err.where,
                     err.what);
        assert_non_null(strstr(err.where, c->n == 2 ? "event 1" : "event 0"));
        /* Nothing can follow, and nothing is left. */
        assert_int_equal(snn_event_writer_write(w, c->e, 0, NULL), SNN_EINVAL);
        assert_int_equal(snn_event_writer_commit(w, NULL), SNN_EINVAL);
        snn_event_writer_close(w);
        old = fopen(path, "r");
        assert_int_equal(fgetc(old), 'o');
        fclose(old);
        unlink(path);
    }
}

/* A pipe that has a name stays one, and gets what a file would; HDF5 needs a file. */
static void pipes_are_written_at_once(void **state)
{
    const snn_event_writer_params p = {.size = sizeof p, .format = SNN_EVENTS_EVT3};
    const snn_event_writer_params h = {.size = sizeof h, .format = SNN_EVENTS_HDF5};
    snn_event e[FIXTURE_EVENTS];
    struct event_list got = {0};
    snn_event_writer *w = NULL;
    snn_event_reader *r = NULL;
    struct stat about;
    const char *path = path_of("pipe");
    int status = 0;
    pid_t child;

    (void)state;
    fixture_events(e, 3);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(snn_event_writer_open(ctx, path, &h, &w, NULL), SNN_EINVAL);
    child = fork();
    if (child == 0) {
        snn_status st = snn_event_writer_open(ctx, path, &p, &w, NULL);

        if (st == SNN_OK)
            st = snn_event_writer_write(w, e, FIXTURE_EVENTS, NULL);
        if (st == SNN_OK)
            st = snn_event_writer_commit(w, NULL);
        snn_event_writer_close(w);
        _exit(st == SNN_OK ? 0 : 1);
    }
    assert_int_equal(snn_event_reader_open(ctx, path, NULL, &r, NULL), SNN_OK);
    assert_int_equal(list_read(r, 64, &got, NULL), SNN_OK);
    check_events("pipe", e, FIXTURE_EVENTS, &got);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    snn_event_reader_close(r);
    list_free(&got);
    assert_int_equal(lstat(path, &about), 0);
    assert_true(S_ISFIFO(about.st_mode));
    assert_int_equal(unlink(path), 0);
    assert_false(exists(path_of("pipe.part")));
}

static void open_failures(void **state)
{
    snn_event_writer_params p;
    snn_event_writer *w = NULL;
    snn_error err = {0};

    (void)state;
    snn_event_writer_params_init(&p);
    assert_int_equal(snn_event_writer_open(ctx, path_of("a.raw"), &p, &w, &err), SNN_EINVAL);
    assert_non_null(strstr(err.what, "name one"));
    assert_int_equal(snn_event_writer_open(ctx, path_of("a.xyz"), &p, &w, &err), SNN_EINVAL);
    p.format = SNN_EVENTS_EVT21;
    assert_int_equal(snn_event_writer_open(ctx, path_of("a.raw"), &p, &w, &err), SNN_EINVAL);
    p.format = SNN_EVENTS_BIN;
    p.width = 640;
    p.height = 480;
    assert_int_equal(snn_event_writer_open(ctx, path_of("a.bin"), &p, &w, &err), SNN_EINVAL);
    assert_non_null(strstr(err.what, "256 x 256"));
    p.format = SNN_EVENTS_DAT;
    assert_int_equal(snn_event_writer_open(ctx, path_of("no/a.dat"), &p, &w, &err), SNN_EIO);
    assert_null(w);
    /* By its extension. */
    p.format = SNN_EVENTS_AUTO;
    assert_int_equal(snn_event_writer_open(ctx, path_of("a.dat"), &p, &w, &err), SNN_OK);
    assert_int_equal(snn_event_writer_format(w), SNN_EVENTS_DAT);
    snn_event_writer_close(w);
    snn_event_writer_close(NULL);
}

/* A disk that is full: the temporary file is a link to it.  Whether writing fails as it must. */
static bool fails_on_full_disk(snn_event_format format)
{
    const snn_event_writer_params p = {
        .size = sizeof p, .format = format, .width = FIXTURE_WIDTH, .height = FIXTURE_HEIGHT};
    snn_event e[FIXTURE_EVENTS];
    snn_event_writer *w = NULL;
    snn_error err = {0};
    snn_status st;

    fixture_events(e, 1);
    if (symlink("/dev/full", path_of("full.part")) != 0)
        return false;
    st = snn_event_writer_open(ctx, path_of("full"), &p, &w, &err);
    if (st == SNN_OK)
        st = snn_event_writer_write(w, e, FIXTURE_EVENTS, &err);
    if (st == SNN_OK)
        st = snn_event_writer_commit(w, &err);
    snn_event_writer_close(w);
    return st == SNN_EIO && strstr(err.where, "full") != NULL && err.what[0] != '\0' &&
           !exists(path_of("full")) && unlink(path_of("full.part")) != 0;
}

/* Each in a process of its own: libhdf5 never lets go of a file that it cannot flush. */
static void full_disks(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip_because("there is no /dev/full");
    for (size_t i = 0; i < N_HOLDS; i++) {
        const pid_t child = fork();
        int status = -1;

        if (child == 0)
            _exit(fails_on_full_disk(HOLDS[i].format) ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
            fail_msg("%s: status %d", snn_event_format_name(HOLDS[i].format), status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_events_come_back),
        cmocka_unit_test(written_files_are_found),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(pipes_are_written_at_once),
        cmocka_unit_test(open_failures),
        cmocka_unit_test(full_disks),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
