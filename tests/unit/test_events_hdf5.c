/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event recordings in HDF5: each layout that is read; filters that are not there; files
 * that are cut or changed; values that are no events.
 */
#include "tests/event_hdf5.h"
#include "tests/fuzz/fuzz_events.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static snn_context *ctx;
static char path[1024];

static int begin(void **state)
{
    const char *root = getenv("TMPDIR");
    int file;

    (void)state;
    snprintf(path, sizeof path, "%s/snn-events.XXXXXX", root != NULL ? root : "/tmp");
    file = mkstemp(path);
    if (file < 0)
        return -1;
    close(file);
    return snn_context_create(NULL, &ctx, NULL) == SNN_OK ? 0 : -1;
}

static int end(void **state)
{
    const bool clean = snn_context_bytes(ctx) == 0;

    (void)state;
    snn_context_destroy(ctx);
    return unlink(path) == 0 && clean ? 0 : -1;
}

static snn_event_reader *open_bytes(const void *bytes, size_t n)
{
    snn_event_reader *r = NULL;
    snn_error err = {0};

    if (snn_event_reader_open_memory(ctx, bytes, n, "memory", NULL, &r, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    return r;
}

static void check_reader(const char *name, snn_event_reader *r, size_t room, const snn_event *e)
{
    struct event_list got = {0};
    snn_error err = {0};

    if (list_read(r, room, &got, &err) != SNN_OK)
        fail_msg("%s: %s: %s", name, err.where, err.what);
    check_events(name, e, FIXTURE_EVENTS, &got);
    assert_true(snn_event_reader_progress(r) > 0.999);
    assert_int_equal(snn_event_reader_counts(r)->rounded, 0);
    list_free(&got);
}

static void every_layout_is_found_and_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_HDF5_FIXTURES; i++)
        for (size_t room = 1; room <= 4096; room *= 64) {
            const struct hdf5_fixture *f = &HDF5_FIXTURES[i];
            snn_event e[FIXTURE_EVENTS];
            size_t n;
            unsigned char *bytes = make_hdf5(f, e, &n);
            snn_event_reader *r = open_bytes(bytes, n);
            const snn_event_info *info = snn_event_reader_info(r);

            check_reader(f->name, r, room, e);
            assert_int_equal(info->format, SNN_EVENTS_HDF5);
            assert_string_equal(info->variant, f->variant);
            assert_int_equal(info->geometry, f->geometry);
            assert_int_equal(info->width, f->width);
            snn_event_reader_close(r);
            free(bytes);
        }
}

static void write_file(const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* By its name, behind bytes that are not HDF5's; through a pipe it is refused at once. */
static void files_are_read_by_name(void **state)
{
    struct hdf5_columns columns;
    snn_event e[FIXTURE_EVENTS];
    snn_event_reader *r = NULL;
    snn_error err = {0};
    unsigned char *bytes;
    pid_t child;
    size_t n;
    hid_t file;

    (void)state;
    fixture_events(e, 5);
    hdf5_columns_fill(&columns, e);
    file = hdf5_begin(1024);
    make_event_cnn(file, &columns);
    bytes = hdf5_end(file, &n);
    write_file(bytes, n);
    assert_int_equal(snn_event_reader_open(ctx, path, NULL, &r, NULL), SNN_OK);
    check_reader("user block", r, 64, e);
    snn_event_reader_close(r);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    child = fork();
    if (child == 0) {
        write_file(bytes, n);
        _exit(0);
    }
    assert_int_equal(snn_event_reader_open(ctx, path, NULL, &r, &err), SNN_EUNSUPPORTED);
    assert_non_null(strstr(err.what, "pipe"));
    kill(child, SIGKILL); /* it waits for a reader of the rest */
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(unlink(path), 0);
    write_file(bytes, n);
    free(bytes);
}

static void a_missing_filter_is_named(void **state)
{
    snn_event e[FIXTURE_EVENTS];
    snn_event_reader *r = NULL;
    snn_error err = {0};
    hid_t file = hdf5_begin(0);
    unsigned char *bytes;
    size_t n;

    (void)state;
    if (H5Zfilter_avail(32001) > 0) {
        H5Fclose(file);
        skip_because("the Blosc filter is installed");
    }
    fixture_events(e, 5);
    make_filtered(file, 32001, e, ECF_YXP, -1);
    bytes = hdf5_end(file, &n);
    assert_int_equal(snn_event_reader_open_memory(ctx, bytes, n, "m", NULL, &r, &err),
                     SNN_EUNSUPPORTED);
    assert_non_null(strstr(err.where, "/CD/events"));
    assert_non_null(strstr(err.what, "Blosc"));
    assert_non_null(strstr(err.what, "HDF5_PLUGIN_PATH"));
    free(bytes);
}

/* What is read of a file that is cut: the first events or none, then an error that says so. */
static void cut_files_end_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_HDF5_FIXTURES; i++) {
        const snn_event_reader_params p = {.size = sizeof p, .format = SNN_EVENTS_HDF5};
        snn_event e[FIXTURE_EVENTS];
        size_t n, failed = 0;
        unsigned char *bytes = make_hdf5(&HDF5_FIXTURES[i], e, &n);

        for (size_t k = n - 1; k > 0; k = k > 193 ? k - 193 : 0) {
            struct event_list got = {0};
            snn_event_reader *r = NULL;
            snn_error err = {0};
            unsigned char *cut = malloc(k);
            snn_status st;

            memcpy(cut, bytes, k);
            st = snn_event_reader_open_memory(ctx, cut, k, "cut", &p, &r, &err);
            if (st == SNN_OK)
                st = list_read(r, SNN_EVENT_BLOCK, &got, &err);
            if (st != SNN_EFORMAT || strncmp(err.where, "cut", 3) != 0 || err.what[0] == '\0')
                fail_msg("%s, %zu of %zu bytes: status %d, %s: %s", HDF5_FIXTURES[i].name, k, n, st,
                         err.where, err.what);
            check_events("cut", e, got.n, &got);
            failed++;
            snn_event_reader_close(r);
            list_free(&got);
            free(cut);
        }
        assert_true(failed > 10);
        free(bytes);
    }
}

/* Bytes of ECF's chunks are changed: an error, or events.  (libhdf5 itself does not survive
 * any change of what it keeps around them.) */
static void changed_chunks_end_well(void **state)
{
    uint64_t seed = test_seed(32);

    (void)state;
    for (int packing = ECF_MASKS; packing <= ECF_YXP; packing++) {
        snn_event e[FIXTURE_EVENTS];
        const hid_t file = hdf5_begin(0);
        struct bytes chunk = {0};
        size_t n, at = 0;
        unsigned char *bytes;

        fixture_events(e, 5);
        make_filtered(file, ECF_FILTER, e, (enum ecf_packing)packing, -1);
        bytes = hdf5_end(file, &n);
        put_ecf(&chunk, e + ECF_CHUNK, ECF_CHUNK, (enum ecf_packing)packing);
        while (at + chunk.n < n && memcmp(bytes + at, chunk.at, chunk.n) != 0)
            at++;
        assert_true(at + chunk.n < n);
        for (int k = 0; k < 200; k++) {
            const uint64_t r = test_random(&seed);

            bytes[at + (r >> 16) % chunk.n] = (unsigned char)r;
            fuzz_events(ctx, SNN_EVENTS_HDF5, bytes, n);
            if (k % 4 == 3)
                memcpy(bytes + at, chunk.at, chunk.n);
        }
        free(chunk.at);
        free(bytes);
    }
}

/* Events of the chunks before a damaged one are handed out, then the place is named. */
static void a_damaged_chunk_is_named(void **state)
{
    (void)state;
    for (int damaged = 0; damaged < 3; damaged++)
        for (int tolerant = 0; tolerant < 2; tolerant++) {
            const snn_event_reader_params p = {.size = sizeof p, .tolerant = tolerant};
            struct event_list got = {0};
            snn_event e[FIXTURE_EVENTS];
            snn_event_reader *r = NULL;
            snn_error err = {0};
            const hid_t file = hdf5_begin(0);
            unsigned char *bytes;
            snn_status st;
            char place[32];
            size_t n;

            fixture_events(e, 5);
            make_filtered(file, ECF_FILTER, e, ECF_YXP, damaged);
            bytes = hdf5_end(file, &n);
            assert_int_equal(snn_event_reader_open_memory(ctx, bytes, n, "m", &p, &r, NULL),
                             SNN_OK);
            st = list_read(r, SNN_EVENT_BLOCK, &got, &err);
            check_events("before the damage", e, (size_t)damaged * ECF_CHUNK, &got);
            assert_int_equal(st, tolerant ? SNN_OK : SNN_EFORMAT);
            assert_int_equal(snn_event_reader_counts(r)->damaged, tolerant);
            snprintf(place, sizeof place, "/CD/events[%d]", damaged * ECF_CHUNK);
            assert_non_null(
                strstr(tolerant ? snn_event_reader_damage(r)->where : err.where, place));
            snn_event_reader_close(r);
            list_free(&got);
            free(bytes);
        }
}

/* ---- values ---------------------------------------------------------------------------- */

/* Rows of MVSEC's table: x, y, seconds, polarity; the last two are events. */
static void rows_that_are_no_events_are_counted(void **state)
{
    const double rows[][4] = {
        {1, 2, NAN, 1},  {INFINITY, 2, 0.5, 1}, {1.5, 2, 0.5, 1},      {1, 2, 1e300, 1},
        {-1, 2, 0.5, 1}, {1, 65536, 0.5, 1},    {1, 2, 0.50000025, 1}, {400, 2, 0.25, -1},
    };
    const snn_event expected[] = {{500000, 1, 2, 1}, {250000, 400, 2, 0}};
    struct event_list got = {0};
    snn_event_reader *r;
    hid_t file = hdf5_begin(0);
    unsigned char *bytes;
    const snn_event_counts *c;
    size_t n;

    (void)state;
    put_group(file, "/davis/left");
    put_set(file, "/davis/left/events", H5T_NATIVE_DOUBLE, rows, 8, 4, 0);
    bytes = hdf5_end(file, &n);
    r = open_bytes(bytes, n);
    assert_int_equal(list_read(r, 64, &got, NULL), SNN_OK);
    check_events("rows", expected, 2, &got);
    c = snn_event_reader_counts(r);
    assert_int_equal(c->malformed, 4);
    assert_int_equal(c->outside, 2);
    assert_int_equal(c->rounded, 1);
    assert_int_equal(c->backwards, 1);
    assert_int_equal(c->step_back_us, 250000);
    snn_event_reader_close(r);
    list_free(&got);
    free(bytes);
}

/* Of the 1280 x 720 pixels that the file states. */
static void events_outside_are_dropped(void **state)
{
    struct hdf5_columns columns;
    snn_event e[FIXTURE_EVENTS];
    struct event_list got = {0};
    snn_event_reader *r;
    const hid_t file = hdf5_begin(0);
    unsigned char *bytes;
    size_t n;

    (void)state;
    fixture_events(e, 5);
    e[3].x = 1280;
    e[80].y = 720;
    e[159].x = 65535;
    hdf5_columns_fill(&columns, e);
    make_metavision(file, &columns);
    bytes = hdf5_end(file, &n);
    r = open_bytes(bytes, n);
    assert_int_equal(list_read(r, 64, &got, NULL), SNN_OK);
    assert_int_equal(got.n, FIXTURE_EVENTS - 3);
    assert_int_equal(snn_event_reader_counts(r)->outside, 3);
    snn_event_reader_close(r);
    list_free(&got);
    free(bytes);
}

/* A chunk larger than what libhdf5 keeps unpacked by itself. */
static void large_chunks_are_read(void **state)
{
    enum { N = 300000 };
    int64_t *t = malloc(N * sizeof *t);
    uint16_t *x = calloc(N, sizeof *x);
    struct event_list got = {0};
    snn_event_reader *r;
    const hid_t file = hdf5_begin(0);
    unsigned char *bytes;
    size_t n;

    (void)state;
    for (int i = 0; i < N; i++) {
        t[i] = INT64_C(1000) * i + i % 7;
        x[i] = (uint16_t)(i % 640);
    }
    put_group(file, "/events");
    put_set(file, "/events/x", H5T_NATIVE_UINT16, x, N, 0, N);
    put_set(file, "/events/y", H5T_NATIVE_UINT16, x, N, 0, N);
    put_set(file, "/events/t", H5T_NATIVE_INT64, t, N, 0, N);
    put_set(file, "/events/p", H5T_NATIVE_UINT16, x, N, 0, N);
    bytes = hdf5_end(file, &n);
    r = open_bytes(bytes, n);
    assert_int_equal(list_read(r, SNN_EVENT_BLOCK, &got, NULL), SNN_OK);
    assert_int_equal(got.n, N);
    for (int i = 0; i < N; i++)
        assert_true(got.at[i].t == t[i] && got.at[i].x == x[i] && got.at[i].p == (x[i] > 0));
    snn_event_reader_close(r);
    list_free(&got);
    free(bytes);
    free(t);
    free(x);
}

static void a_recording_without_events_ends(void **state)
{
    snn_event_reader *r;
    const hid_t file = hdf5_begin(0);
    snn_event one[64];
    unsigned char *bytes;
    size_t n, got = 1;

    (void)state;
    put_group(file, "/davis/left");
    put_set(file, "/davis/left/events", H5T_NATIVE_DOUBLE, NULL, 0, 4, 0);
    bytes = hdf5_end(file, &n);
    r = open_bytes(bytes, n);
    assert_true(snn_event_reader_progress(r) > 0.999);
    assert_int_equal(snn_event_reader_read(r, one, 64, &got, NULL), SNN_OK);
    assert_int_equal(got, 0);
    snn_event_reader_close(r);
    free(bytes);
}

/* ---- files of another layout ----------------------------------------------------------- */

static void expect_refused(hid_t file, const char *place, const char *what)
{
    snn_event_reader *r = NULL;
    snn_error err = {0};
    size_t n;
    unsigned char *bytes = hdf5_end(file, &n);

    if (snn_event_reader_open_memory(ctx, bytes, n, "m", NULL, &r, &err) != SNN_EFORMAT ||
        strstr(err.where, place) == NULL || strstr(err.what, what) == NULL)
        fail_msg("%s: %s", err.where, err.what);
    free(bytes);
}

static void other_files_say_what_is_wrong(void **state)
{
    struct hdf5_columns c;
    snn_event e[FIXTURE_EVENTS];
    hid_t file = hdf5_begin(0), type;

    (void)state;
    fixture_events(e, 5);
    hdf5_columns_fill(&c, e);
    /* A column is missing. */
    put_group(file, "/events");
    put_list(file, "/events/x", H5T_NATIVE_UINT16, c.x, FIXTURE_EVENTS);
    put_list(file, "/events/y", H5T_NATIVE_UINT16, c.y, FIXTURE_EVENTS);
    put_list(file, "/events/p", H5T_NATIVE_UINT8, c.p, FIXTURE_EVENTS);
    expect_refused(file, "m", "/raw_events/x");
    /* One is shorter. */
    file = hdf5_begin(0);
    put_group(file, "/events");
    put_list(file, "/events/x", H5T_NATIVE_UINT16, c.x, FIXTURE_EVENTS);
    put_list(file, "/events/y", H5T_NATIVE_UINT16, c.y, FIXTURE_EVENTS - 1);
    put_list(file, "/events/t", H5T_NATIVE_UINT32, c.t, FIXTURE_EVENTS);
    put_list(file, "/events/p", H5T_NATIVE_UINT8, c.p, FIXTURE_EVENTS);
    expect_refused(file, "/events/y", "as long as");
    /* One is a table, one is no set at all, one holds no numbers. */
    file = hdf5_begin(0);
    put_group(file, "/events");
    put_set(file, "/events/xs", H5T_NATIVE_UINT16, c.x, 40, 4, 0);
    put_group(file, "/events/ys");
    put_list(file, "/events/ts", H5T_NATIVE_UINT32, c.t, 40);
    put_list(file, "/events/ps", H5T_NATIVE_UINT8, c.p, 40);
    expect_refused(file, "/events/xs", "must be a list");
    file = hdf5_begin(0);
    put_group(file, "/events");
    put_list(file, "/events/xs", H5T_NATIVE_UINT16, c.x, 40);
    put_group(file, "/events/ys");
    put_list(file, "/events/ts", H5T_NATIVE_UINT32, c.t, 40);
    put_list(file, "/events/ps", H5T_NATIVE_UINT8, c.p, 40);
    expect_refused(file, "/events/ys", "cannot be opened");
    file = hdf5_begin(0);
    put_group(file, "/CD");
    put_list(file, "/CD/events", H5T_NATIVE_UINT16, c.x, 40);
    expect_refused(file, "/CD/events", "must hold numbers x, y, p");
    file = hdf5_begin(0);
    put_group(file, "/raw_events");
    type = metavision_type();
    put_list(file, "/raw_events/x", type, c.table, 40);
    H5Tclose(type);
    put_list(file, "/raw_events/y", H5T_NATIVE_UINT16, c.y, 40);
    put_list(file, "/raw_events/t", H5T_NATIVE_DOUBLE, c.seconds, 40);
    put_list(file, "/raw_events/p", H5T_NATIVE_UINT8, c.p, 40);
    expect_refused(file, "/raw_events/x", "must hold numbers");
    /* Three columns are no events. */
    file = hdf5_begin(0);
    put_group(file, "/davis/left");
    put_set(file, "/davis/left/events", H5T_NATIVE_DOUBLE, c.table, 40, 3, 0);
    expect_refused(file, "/davis/left/events", "four columns");
}

static void wrong_magic_is_another_format(void **state)
{
    snn_event e[FIXTURE_EVENTS];
    snn_event_reader *r = NULL;
    snn_error err = {0};
    size_t n;
    unsigned char *bytes = make_hdf5(&HDF5_FIXTURES[0], e, &n);

    (void)state;
    bytes[1] = 'h';
    assert_int_equal(snn_event_reader_open_memory(ctx, bytes, n, "m", NULL, &r, &err), SNN_EFORMAT);
    assert_non_null(strstr(err.what, "no recording of events"));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_is_found_and_read),
        cmocka_unit_test(files_are_read_by_name),
        cmocka_unit_test(a_missing_filter_is_named),
        cmocka_unit_test(cut_files_end_well),
        cmocka_unit_test(changed_chunks_end_well),
        cmocka_unit_test(a_damaged_chunk_is_named),
        cmocka_unit_test(rows_that_are_no_events_are_counted),
        cmocka_unit_test(events_outside_are_dropped),
        cmocka_unit_test(large_chunks_are_read),
        cmocka_unit_test(a_recording_without_events_ends),
        cmocka_unit_test(other_files_say_what_is_wrong),
        cmocka_unit_test(wrong_magic_is_another_format),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
