/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fetching with digests that are known, as SHD and SSC have them, from a server of our own:
 * right and wrong ones, gzip and zip, what is there already; and memory that runs out.
 * tests/cli/fetch.sh has the ways in which servers fail.
 */
#include "tests/data_help.h"
#include "tests/http_server.h"

#include "datasets/fetch_item.h"

#ifdef SNN_HAVE_FETCH

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#define TEXT "spikes, spikes, spikes, and a bit more of them\n"
/* md5sum and sha256sum of TEXT */
#define TEXT_MD5    "97bbf2bd6cb7ea5aabe96b2ce40eb4c5"
#define TEXT_SHA256 "ed96dc45f90b91dfce96b367e76ef2ba70991a161248eef4c435aafa53203378"

static const char NAME_GZ[] = "x_train.h5.gz", NAME_ZIP[] = "x_test.h5.zip";

struct stage {
    struct data_test *t;
    struct http_server server;
    char url[128], md5[2][SNN_MD5_TEXT];
    snn_fetch_item item[2];
    snn_fetch_set set;
    snn_fetch_params params;
};

static void write_zip(const char *path)
{
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    archive_entry_set_pathname(entry, "folder/x_test.h5");
    archive_entry_set_size(entry, (la_int64_t)strlen(TEXT));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, TEXT, strlen(TEXT)), strlen(TEXT));
    archive_entry_free(entry);
    archive_write_free(a);
}

static void begin(struct stage *s, struct data_test *t)
{
    char path[1024], sha[SNN_SHA256_TEXT];
    gzFile gz;

    *s = (struct stage){.t = t};
    mkdir(data_path(t, "www"), 0777);
    snprintf(path, sizeof path, "%s/%s", data_path(t, "www"), NAME_GZ);
    gz = gzopen(path, "wb");
    assert_int_equal(gzwrite(gz, TEXT, strlen(TEXT)), strlen(TEXT));
    assert_int_equal(gzclose(gz), Z_OK);
    data_ok(t, snn_file_digests(t->ctx, path, s->md5[0], sha, &t->err));
    snprintf(path, sizeof path, "%s/%s", data_path(t, "www"), NAME_ZIP);
    write_zip(path);
    data_ok(t, snn_file_digests(t->ctx, path, s->md5[1], sha, &t->err));
    s->item[0] = (snn_fetch_item){.file = NAME_GZ,
                                  .url = "https://data.invalid/x_train.h5.gz",
                                  .md5 = s->md5[0],
                                  .target = "x_train.h5",
                                  .target_bytes = strlen(TEXT),
                                  .target_md5 = TEXT_MD5,
                                  .target_sha256 = TEXT_SHA256};
    s->item[1] = (snn_fetch_item){.file = NAME_ZIP,
                                  .url = "https://data.invalid/x_test.h5.zip",
                                  .md5 = s->md5[1],
                                  .target = "x_test.h5"};
    s->set = (snn_fetch_set){"x", "a set of two files", "CC0", s->item, 2, NULL};
    snprintf(path, sizeof path, "%s/www", t->folder);
    assert_true(http_start(&s->server, strdup(path), NULL));
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/plain", s->server.port);
    snn_fetch_params_init(&s->params);
    s->params.url = s->url;
    setenv("no_proxy", "127.0.0.1", 1);
}

static void end(struct stage *s)
{
    http_stop(&s->server);
    free((char *)(uintptr_t)s->server.folder);
}

static snn_status fetch(struct stage *s)
{
    return snn_fetch_items(s->t->ctx, &s->set, data_path(s->t, "d"), &s->params, &s->t->err);
}

static void check_text(struct data_test *t, const char *name)
{
    size_t n;
    char *bytes = data_slurp(data_path(t, name), &n);

    assert_int_equal(n, strlen(TEXT));
    assert_memory_equal(bytes, TEXT, n);
    free(bytes);
}

static void known_digests(void **state)
{
    struct data_test *t = *state;
    struct stage s;
    int bodies;

    begin(&s, t);
    data_ok(t, fetch(&s));
    check_text(t, "d/x_train.h5");
    check_text(t, "d/x_test.h5");
    assert_int_equal(s.server.bodies, 2);
    assert_non_null(strstr(t->log, "a set of two files, licence CC0, into"));
    for (int i = 0; i < 2; i++) {
        char path[64];

        snprintf(path, sizeof path, "d/%s", s.item[i].file);
        assert_int_equal(access(data_path(t, path), F_OK), -1); /* archives are removed */
    }
    bodies = s.server.bodies;
    data_ok(t, fetch(&s));
    assert_int_equal(s.server.bodies, bodies); /* all there */

    /* One is gone: it alone comes again.  Its archive is there: nothing comes. */
    remove(data_path(t, "d/x_test.h5"));
    data_ok(t, fetch(&s));
    assert_int_equal(s.server.bodies, bodies + 1);
    remove(data_path(t, "d/x_test.h5"));
    write_zip(data_path(t, "d/x_test.h5.zip"));
    data_ok(t, snn_file_digests(t->ctx, data_path(t, "d/x_test.h5.zip"), s.md5[1],
                                (char[SNN_SHA256_TEXT]){0}, &t->err));
    data_ok(t, fetch(&s));
    assert_int_equal(s.server.bodies, bodies + 1);
    check_text(t, "d/x_test.h5");
    end(&s);
}

static void wrong_digests(void **state)
{
    struct data_test *t = *state;
    struct stage s;

    begin(&s, t);
    snprintf(s.url, sizeof s.url, "http://127.0.0.1:%d/corrupt", s.server.port);
    data_expect(t, fetch(&s), SNN_EFORMAT, "/corrupt/x_train.h5.gz", "damaged on its way");
    assert_int_equal(access(data_path(t, "d/x_train.h5.gz.part"), F_OK), -1);
    snprintf(s.url, sizeof s.url, "http://127.0.0.1:%d/plain", s.server.port);
    s.item[0].target_md5 = "00000000000000000000000000000000";
    data_expect(t, fetch(&s), SNN_EFORMAT, "d/x_train.h5", "the archive holds another file");
    assert_int_equal(access(data_path(t, "d/x_train.h5"), F_OK), -1);
    s.item[0].target_md5 = TEXT_MD5;
    s.item[0].target_sha256 = "00";
    data_expect(t, fetch(&s), SNN_EFORMAT, "d/x_train.h5", "its sha256 is " TEXT_SHA256);
    s.item[0].target_sha256 = NULL;
    s.item[0].bytes = 7;
    remove(data_path(t, "d/x_train.h5.gz"));
    data_expect(t, fetch(&s), SNN_EFORMAT, "x_train.h5.gz", "at the server, not 7");
    s.item[0].bytes = 0;
    s.item[0].target = "y_train.h5"; /* a gzip of one file takes any name ... */
    s.item[0].target_md5 = NULL;
    s.item[1].target = "y_test.h5"; /* ... a zip does not */
    data_expect(t, fetch(&s), SNN_EFORMAT, "x_test.h5.zip", "holds nothing of the data set");
    check_text(t, "d/y_train.h5");
    end(&s);
}

static void memory_runs_out(void **state)
{
    struct data_test *t = *state;
    struct data_scarce scarce = {0};
    snn_context *ctx = data_scarce_context(t, &scarce, 1);
    snn_status st = SNN_ENOMEM;
    struct stage s;
    long k;

    begin(&s, t);
    for (k = 0; st != SNN_OK && k < 100; k++) {
        scarce.left = k;
        st = snn_fetch_items(ctx, &s.set, data_path(t, "d"), &s.params, &t->err);
        if (st != SNN_OK)
            data_expect(t, st, SNN_ENOMEM, "", "memory");
        assert_int_equal(scarce.held, 1);
    }
    assert_int_equal(st, SNN_OK);
    assert_true(k > 4);
    check_text(t, "d/x_test.h5");
    snn_context_destroy(ctx);
    end(&s);
}

static void names(void **state)
{
    struct data_test *t = *state;

    assert_string_equal(snn_fetch_name(0), "shd");
    assert_null(snn_fetch_name(4));
    data_expect(t, snn_fetch(t->ctx, "mnist", data_path(t, "d"), NULL, &t->err), SNN_ENOTFOUND,
                "mnist", "shd, ssc, gsc or fsdd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_digests, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(wrong_digests, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(names, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}

#else

static void fetching_is_left_out(void **state)
{
    struct data_test *t = *state;

    data_expect(t, snn_fetch(t->ctx, "shd", data_path(t, "d"), NULL, &t->err), SNN_EUNSUPPORTED,
                "shd", "--without-curl");
    assert_int_equal(access(data_path(t, "d"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fetching_is_left_out, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}

#endif
