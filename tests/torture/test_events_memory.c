/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that runs out at the k-th block, for every k: reading each format, and writing
 * each.  Each must say SNN_ENOMEM, give back every block, and leave no file behind.
 */
#include "tests/event_hdf5.h"
#include "tests/failing_allocator.h"

#include <unistd.h>

static char folder[1024], path[1100];

static int begin(void **state)
{
    const char *root = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/snn-events.XXXXXX", root != NULL ? root : "/tmp");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return rmdir(folder); /* fails if a test left something behind */
}

/* All events of `bytes`, or with NULL of the file; `room` of few goes through the reader's own
 * block. */
static snn_status read_all(snn_context *ctx, snn_event_format format, const void *bytes, size_t n,
                           size_t room)
{
    const snn_event_reader_params p = {.size = sizeof p, .format = format};
    struct event_list got = {0};
    snn_event_reader *r = NULL;
    snn_status st = bytes != NULL ? snn_event_reader_open_memory(ctx, bytes, n, "m", &p, &r, NULL)
                                  : snn_event_reader_open(ctx, path, &p, &r, NULL);

    if (st == SNN_OK)
        st = list_read(r, room, &got, NULL);
    if (st == SNN_OK)
        assert_int_equal(got.n, FIXTURE_EVENTS);
    snn_event_reader_close(r);
    list_free(&got);
    return st;
}

/* Block k is refused, for k = 1, 2, ... until all are there; block 0 is the context. */
static void rehearse_reading(snn_event_format format, const void *bytes, size_t n, size_t room)
{
    snn_status st = SNN_ENOMEM;
    long k;

    for (k = 1; st != SNN_OK; k++) {
        failing_allocator a = {.fail_at = k};
        snn_context *ctx = NULL;

        assert_int_equal(failing_context(&a, 1, &ctx), SNN_OK);
        st = read_all(ctx, format, bytes, n, room);
        assert_true(st == SNN_OK || st == SNN_ENOMEM);
        assert_true(k < 100);
        snn_context_destroy(ctx);
        assert_int_equal(a.held, 0);
        assert_int_equal(a.broken, 0);
    }
    assert_true(k > 4); /* the reader, its name, block and state at least */
}

static void rehearse_both(snn_event_format format, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    rehearse_reading(format, bytes, n, 100);
    rehearse_reading(format, NULL, 0, 7);
    assert_int_equal(unlink(path), 0);
}

static void reading(void **state)
{
    snn_event e[FIXTURE_EVENTS];
    unsigned char *bytes;
    size_t n;

    (void)state;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        bytes = make_fixture(&FIXTURES[i], e, &n);
        rehearse_both(FIXTURES[i].format, bytes, n);
        rehearse_both(SNN_EVENTS_AUTO, bytes, n);
        free(bytes);
    }
    for (size_t i = 0; i < N_HDF5_FIXTURES; i++) {
        bytes = make_hdf5(&HDF5_FIXTURES[i], e, &n);
        rehearse_both(SNN_EVENTS_HDF5, bytes, n);
        free(bytes);
    }
}

/* A line of a header that is longer than the window on the file, which grows for it. */
static void reading_what_needs_room(void **state)
{
    static char line[600000];
    snn_event e[FIXTURE_EVENTS];
    struct bytes whole = {0}, plain = {0};
    const size_t first = strlen("#!AER-DAT3.1\r\n");

    (void)state;
    fixture_events(e, 7);
    make_aedat3(&plain, e, FIXTURE_EVENTS);
    memset(line, 'x', sizeof line);
    line[0] = '#';
    put_bytes(&whole, plain.at, first);
    put_bytes(&whole, line, sizeof line);
    put_string(&whole, "\r\n");
    put_bytes(&whole, plain.at + first, plain.n - first);
    rehearse_both(SNN_EVENTS_AEDAT3, whole.at, whole.n);
    free(whole.at);
    free(plain.at);
}

static snn_status write_all(snn_context *ctx, snn_event_format format)
{
    const snn_event_writer_params p = {
        .size = sizeof p, .format = format, .width = FIXTURE_WIDTH, .height = FIXTURE_HEIGHT};
    snn_event e[FIXTURE_EVENTS];
    snn_event_writer *w = NULL;
    snn_status st = snn_event_writer_open(ctx, path, &p, &w, NULL);

    fixture_events(e, 2);
    if (st == SNN_OK)
        st = snn_event_writer_write(w, e, FIXTURE_EVENTS, NULL);
    if (st == SNN_OK)
        st = snn_event_writer_commit(w, NULL);
    snn_event_writer_close(w);
    return st;
}

static void rehearse_writing(snn_event_format format)
{
    snn_status st = SNN_ENOMEM;
    long k;

    for (k = 1; st != SNN_OK; k++) {
        failing_allocator a = {.fail_at = k};
        snn_context *ctx = NULL;

        assert_int_equal(failing_context(&a, 1, &ctx), SNN_OK);
        st = write_all(ctx, format);
        assert_true(st == SNN_OK || (st == SNN_ENOMEM && access(path, F_OK) != 0));
        assert_true(k < 100);
        snn_context_destroy(ctx);
        assert_int_equal(a.held, 0);
        assert_int_equal(a.broken, 0);
    }
    assert_true(k > 4);
    assert_int_equal(unlink(path), 0);
}

static void writing(void **state)
{
    int formats = 0;

    (void)state;
#define WRITE(code, value, name, extension, text)                                                  \
    if (snn_event_format_writable(code)) {                                                         \
        rehearse_writing(code);                                                                    \
        formats++;                                                                                 \
    }
    SNN_EVENT_FORMATS(WRITE)
    assert_true(formats >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),
        cmocka_unit_test(reading_what_needs_room),
        cmocka_unit_test(writing),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
