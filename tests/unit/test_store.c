/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of tensors: there and back, whole or not at all, and whatever bytes one may meet.
 * Invariant I8: every file format has a version (snn/io/FORMAT.md is its layout).
 */
#include "tests/cmocka_all.h"

#include <snn/store.h>

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    snn_context *ctx;
    char folder[64], path[96], temporary[104];
};

static int begin(void **state)
{
    static struct fixture f;

    snprintf(f.folder, sizeof f.folder, "/tmp/snn-store-XXXXXX");
    if (mkdtemp(f.folder) == NULL || snn_context_create(NULL, &f.ctx, NULL) != SNN_OK)
        return -1;
    snprintf(f.path, sizeof f.path, "%s/m.h5", f.folder);
    snprintf(f.temporary, sizeof f.temporary, "%s.tmp", f.path);
    *state = &f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    unlink(f->path);
    unlink(f->temporary);
    snn_context_destroy(f->ctx);
    return rmdir(f->folder);
}

static float WEIGHT[24];

static snn_tensor weight(void)
{
    snn_tensor t = {.name = "layer0.weight",
                    .data = WEIGHT,
                    .dtype = SNN_F32,
                    .rank = 3,
                    .shape = {2, 3, 4},
                    .axes = "kernel,out,in",
                    .unit = "1"};

    return t;
}

/* A small file whose weights count up from `first`. */
static void write_model(struct fixture *f, float first)
{
    snn_tensor t = weight();
    snn_store *store = NULL;
    snn_error err = {0};

    for (int i = 0; i < 24; i++)
        WEIGHT[i] = first + (float)i;
    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &store, &err), SNN_OK);
    assert_int_equal(snn_store_put(store, &t, &err), SNN_OK);
    assert_int_equal(snn_store_put_text(store, "config", "train:\n  epochs: 3\n", &err), SNN_OK);
    assert_int_equal(snn_store_put_u64(store, "train.epoch", 7, &err), SNN_OK);
    if (snn_store_commit(store, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    snn_store_close(store);
}

/* First weight of the file; -1 when it cannot be read. */
static float first_weight(struct fixture *f)
{
    snn_tensor t = weight();
    snn_store *store = NULL;
    float first = -1;

    if (snn_store_open(f->ctx, f->path, "model", &store, NULL) == SNN_OK &&
        snn_store_get(store, &t, NULL) == SNN_OK)
        first = WEIGHT[0];
    snn_store_close(store);
    return first;
}

static void every_type_there_and_back(void **state)
{
    static const snn_dtype TYPES[] = {SNN_F32, SNN_F64, SNN_U8, SNN_U32, SNN_U64, SNN_I32,
                                      SNN_U16};
    struct fixture *f = *state;
    unsigned char bytes[7][48], back[48];
    uint64_t seed = test_seed(5), u = 0;
    double d = 0;
    char *text = NULL;
    snn_tensor t;
    snn_store *store = NULL;

    for (int i = 0; i < 7 * 48; i++)
        bytes[i / 48][i % 48] = (unsigned char)test_random(&seed);
    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    for (int i = 0; i < 7; i++) {
        t = (snn_tensor){.data = bytes[i], .dtype = TYPES[i], .rank = 2, .shape = {3, 2}};
        snprintf(t.name, sizeof t.name, "a.b-%d.c_d", i);
        assert_int_equal(snn_store_put(store, &t, NULL), SNN_OK);
    }
    assert_int_equal(snn_store_put_u64(store, "top", UINT64_MAX, NULL), SNN_OK);
    assert_int_equal(snn_store_put_f64(store, "a.third", 1.0 / 3, NULL), SNN_OK);
    assert_int_equal(snn_store_put_f64(store, "a.nan", NAN, NULL), SNN_OK);
    assert_int_equal(snn_store_put_text(store, "a.empty", "", NULL), SNN_OK);
    assert_int_equal(snn_store_put_text(store, "a.words", "sechs \xc3\xbc \n", NULL), SNN_OK);
    assert_int_equal(snn_store_commit(store, NULL), SNN_OK);
    snn_store_close(store);

    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    for (int i = 0; i < 7; i++) {
        t = (snn_tensor){.data = back, .dtype = TYPES[i], .rank = 2, .shape = {3, 2}};
        snprintf(t.name, sizeof t.name, "a.b-%d.c_d", i);
        assert_int_equal(snn_store_get(store, &t, NULL), SNN_OK);
        assert_memory_equal(back, bytes[i], 6 * snn_dtype_bytes(TYPES[i]));
    }
    assert_int_equal(snn_store_get_u64(store, "top", &u, NULL), SNN_OK);
    assert_true(u == UINT64_MAX);
    assert_int_equal(snn_store_get_f64(store, "a.third", &d, NULL), SNN_OK);
    assert_true(d == 1.0 / 3);
    assert_int_equal(snn_store_get_f64(store, "a.nan", &d, NULL), SNN_OK);
    assert_true(isnan(d));
    assert_int_equal(snn_store_get_text(store, "a.empty", &text, NULL), SNN_OK);
    assert_string_equal(text, "");
    snn_free(f->ctx, text);
    assert_int_equal(snn_store_get_text(store, "a.words", &text, NULL), SNN_OK);
    assert_string_equal(text, "sechs \xc3\xbc \n");
    snn_free(f->ctx, text);
    snn_store_close(store);
}

static void scalars_and_empty_tensors(void **state)
{
    struct fixture *f = *state;
    float one = 2.5f, none = 0;
    snn_tensor scalar = {.name = "scalar", .data = &one, .dtype = SNN_F32, .rank = 0};
    snn_tensor empty = {
        .name = "empty", .data = &none, .dtype = SNN_F32, .rank = 2, .shape = {0, 3}};
    snn_store *store = NULL;

    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    assert_int_equal(snn_store_put(store, &scalar, NULL), SNN_OK);
    assert_int_equal(snn_store_put(store, &empty, NULL), SNN_OK);
    assert_int_equal(snn_store_commit(store, NULL), SNN_OK);
    snn_store_close(store);
    one = 0;
    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    assert_int_equal(snn_store_get(store, &scalar, NULL), SNN_OK);
    assert_int_equal(snn_store_get(store, &empty, NULL), SNN_OK);
    assert_true(one == 2.5f);
    snn_store_close(store);
}

static snn_status note(void *user, const snn_tensor *t)
{
    char *text = user;

    assert_null(t->data);
    snprintf(text + strlen(text), 256 - strlen(text), "%s %d %zu [%s] [%s]\n", t->name, t->rank,
             t->rank > 0 ? t->shape[t->rank - 1] : 0, t->axes, t->unit);
    return strcmp(t->name, "stop.here") == 0 ? SNN_EINTERRUPTED : SNN_OK;
}

static void visit_shows_all_and_stops(void **state)
{
    struct fixture *f = *state;
    char text[256] = "";
    snn_tensor t = weight();
    snn_store *store = NULL;

    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    assert_int_equal(snn_store_put(store, &t, NULL), SNN_OK);
    snprintf(t.name, sizeof t.name, "stop.here");
    assert_int_equal(snn_store_put(store, &t, NULL), SNN_OK);
    snprintf(t.name, sizeof t.name, "stop.later");
    assert_int_equal(snn_store_put(store, &t, NULL), SNN_OK);
    assert_int_equal(snn_store_commit(store, NULL), SNN_OK);
    snn_store_close(store);
    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    assert_int_equal(snn_store_visit(store, note, text, NULL), SNN_EINTERRUPTED);
    assert_string_equal(text, "layer0.weight 3 4 [kernel,out,in] [1]\n"
                              "stop.here 3 4 [kernel,out,in] [1]\n");
    snn_store_close(store);
}

static void names_are_checked(void **state)
{
    static const char *const BAD[] = {
        "",         ".",
        "a.",       ".a",
        "a..b",     "a b",
        "a/b",      "../x",
        "\xc3\xbc", "a2345678901234567890123456789012345678901234567890123456789012345"};
    struct fixture *f = *state;
    snn_tensor t = weight();
    snn_store *store = NULL;
    snn_error err = {0};

    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(snn_store_put_u64(store, BAD[i], 1, &err), SNN_EINVAL);
        assert_non_null(strstr(err.what, "is no name"));
    }
    assert_int_equal(snn_store_put(store, &t, NULL), SNN_OK);
    assert_int_equal(snn_store_put(store, &t, &err), SNN_EINVAL);
    assert_non_null(strstr(err.what, "stored already"));
    t.data = NULL;
    assert_int_equal(snn_store_put(store, &t, NULL), SNN_EINVAL);
    snn_store_close(store);
    assert_int_equal(access(f->path, F_OK), -1);
}

static void what_is_asked_must_match(void **state)
{
    struct fixture *f = *state;
    snn_tensor t = weight();
    snn_store *store = NULL;
    snn_error err = {0};
    char *text = NULL;
    uint64_t u = 42;
    double d = 42;

    write_model(f, 0);
    assert_int_equal(snn_store_open(f->ctx, f->path, "checkpoint", &store, &err), SNN_EFORMAT);
    assert_string_equal(err.what, "is a model, not a checkpoint");
    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, &err), SNN_OK);
    t.shape[1] = 5;
    assert_int_equal(snn_store_get(store, &t, &err), SNN_EFORMAT);
    assert_string_equal(err.what,
                        "is float32 [2, 3, 4] in the file, but float32 [2, 5, 4] is needed");
    assert_non_null(strstr(err.where, "m.h5:/layer0/weight"));
    t = weight();
    t.dtype = SNN_I32;
    assert_int_equal(snn_store_get(store, &t, &err), SNN_EFORMAT);
    assert_non_null(strstr(err.what, "but int32 [2, 3, 4] is needed"));
    t = weight();
    t.rank = 2;
    assert_int_equal(snn_store_get(store, &t, &err), SNN_EFORMAT);
    snprintf(t.name, sizeof t.name, "layer1.weight");
    assert_int_equal(snn_store_get(store, &t, &err), SNN_EFORMAT);
    assert_string_equal(err.what, "is missing");
    assert_int_equal(snn_store_get_u64(store, "train.epochs", &u, &err), SNN_EFORMAT);
    assert_string_equal(err.what, "is missing");
    assert_int_equal(snn_store_get_u64(store, "no.such.group", &u, &err), SNN_EFORMAT);
    assert_int_equal(snn_store_get_u64(store, "config", &u, &err), SNN_EFORMAT);
    assert_string_equal(err.what, "is no integer");
    assert_int_equal(snn_store_get_f64(store, "train.epoch", &d, &err), SNN_EFORMAT);
    assert_int_equal(snn_store_get_text(store, "train.epoch", &text, &err), SNN_EFORMAT);
    assert_true(u == 42 && d == 42 && text == NULL);
    assert_int_equal(snn_store_put_u64(store, "x", 1, &err), SNN_EINVAL);
    assert_int_equal(snn_store_commit(store, &err), SNN_EINVAL);
    snn_store_close(store);
}

/* Change an integer attribute of the root through HDF5 itself. */
static void edit_root(const char *path, const char *name, uint64_t value)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);

    assert_true(H5Awrite(attribute, H5T_NATIVE_UINT64, &value) >= 0);
    H5Aclose(attribute);
    H5Fclose(file);
}

static void newer_formats_and_foreign_files(void **state)
{
    struct fixture *f = *state;
    snn_store *store = NULL;
    snn_error err = {0};
    char kind[16];
    hid_t file;

    write_model(f, 0);
    assert_int_equal(snn_store_kind(f->path, kind, sizeof kind, &err), SNN_OK);
    assert_string_equal(kind, "model");
    assert_int_equal(snn_store_kind(f->path, kind, 3, &err), SNN_EFORMAT);
    edit_root(f->path, "format_version", 2);
    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, &err), SNN_EFORMAT);
    assert_non_null(strstr(err.what, "format version 2"));
    assert_non_null(strstr(err.what, "use a newer one"));
    file = H5Fcreate(f->path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, &err), SNN_EFORMAT);
    assert_non_null(strstr(err.what, "not written by snn"));
    assert_int_equal(snn_store_kind(f->path, kind, sizeof kind, &err), SNN_EFORMAT);
}

/* h5py writes texts of variable length. */
static void texts_of_variable_length_are_read(void **state)
{
    static char words[100001], *read = NULL;
    const char *kind = "model";
    struct fixture *f = *state;
    snn_store *store = NULL;
    hid_t file, type, space, attribute;

    memset(words, 'w', sizeof words - 1);
    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    assert_int_equal(snn_store_put_text(store, "long", words, NULL), SNN_OK);
    assert_int_equal(snn_store_commit(store, NULL), SNN_OK);
    snn_store_close(store);
    file = H5Fopen(f->path, H5F_ACC_RDWR, H5P_DEFAULT);
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    space = H5Screate(H5S_SCALAR);
    H5Adelete(file, "kind");
    attribute = H5Acreate2(file, "kind", type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, type, &kind) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    H5Fclose(file);
    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    assert_int_equal(snn_store_get_text(store, "long", &read, NULL), SNN_OK);
    assert_string_equal(read, words);
    snn_free(f->ctx, read);
    snn_store_close(store);
}

static void write_bytes(const char *path, const unsigned char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static size_t read_bytes(const char *path, unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t n;

    assert_non_null(file);
    n = fread(bytes, 1, size, file);
    fclose(file);
    return n;
}

/* Open, list and read: whatever happens is a status. */
static snn_status use(struct fixture *f, snn_error *err)
{
    char text[256] = "", *config = NULL;
    snn_tensor t = weight();
    snn_store *store = NULL;
    snn_status status = snn_store_open(f->ctx, f->path, "model", &store, err);

    if (status == SNN_OK)
        status = snn_store_visit(store, note, text, err);
    if (status == SNN_OK)
        status = snn_store_get(store, &t, err);
    if (status == SNN_OK)
        status = snn_store_get_text(store, "config", &config, err);
    snn_free(f->ctx, config);
    snn_store_close(store);
    return status;
}

static void cut_files_are_errors(void **state)
{
    static unsigned char bytes[1 << 16];
    struct fixture *f = *state;
    size_t n;

    write_model(f, 0);
    n = read_bytes(f->path, bytes, sizeof bytes);
    assert_true(n > 1000 && n < sizeof bytes);
    for (size_t cut = 0; cut < n; cut += cut < 128 ? 1 : 97) {
        snn_error err = {0};
        write_bytes(f->path, bytes, cut);
        assert_int_equal(use(f, &err), SNN_EFORMAT);
        assert_string_equal(err.where, f->path);
        assert_non_null(strstr(err.what, cut == 0  ? "is empty"
                                         : cut < 8 ? "is no HDF5 file"
                                                   : "damaged or truncated"));
    }
    write_bytes(f->path, bytes, n);
    assert_int_equal(use(f, NULL), SNN_OK);
}

/* 0 when every changed byte of a file ends in a status, and some are seen. */
static int damage(struct fixture *f, unsigned char *bytes, size_t n, uint64_t seed)
{
    size_t refused = 0;

    for (int i = 0; i < 600; i++) {
        size_t at = test_random(&seed) % n;
        unsigned char kept = bytes[at];
        snn_status status;
        bytes[at] ^= (unsigned char)(1 + test_random(&seed) % 255);
        write_bytes(f->path, bytes, n);
        status = use(f, NULL);
        if (status != SNN_OK && status != SNN_EFORMAT && status != SNN_ENOMEM)
            return 2;
        refused += status != SNN_OK;
        bytes[at] = kept;
    }
    return refused > 0 ? 0 : 1;
}

/*
 * A changed byte is an error or goes unseen (it may lie in data): never a crash.  In a
 * process of its own, which leaves without HDF5's tidying: after a file that it could not
 * read, HDF5 1.10 keeps memory and complains at exit.
 */
static void damaged_files_are_a_status(void **state)
{
    static unsigned char bytes[1 << 16];
    struct fixture *f = *state;
    uint64_t seed = test_seed(9);
    int result = -1;
    pid_t child;
    size_t n;

    write_model(f, 0);
    n = read_bytes(f->path, bytes, sizeof bytes);
    child = fork();
    if (child == 0)
        _exit(damage(f, bytes, n, seed));
    assert_true(child > 0);
    assert_true(waitpid(child, &result, 0) == child);
    assert_int_equal(result, 0);
}

static void paths_that_are_no_files(void **state)
{
    struct fixture *f = *state;
    char path[128];
    snn_store *store = NULL;
    snn_error err = {0};

    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, &err), SNN_ENOTFOUND);
    assert_int_equal(snn_store_open(f->ctx, f->folder, "model", &store, &err), SNN_EIO);
    snprintf(path, sizeof path, "%s/no/m.h5", f->folder);
    assert_int_equal(snn_store_create(f->ctx, path, "model", &store, &err), SNN_EIO);
    assert_non_null(strstr(err.what, "cannot be written"));
    assert_null(store);
    write_bytes(f->path, (const unsigned char *)"hello, world\n", 13);
    assert_int_equal(snn_store_open(f->ctx, f->path, "model", &store, &err), SNN_EFORMAT);
    assert_string_equal(err.what, "is no HDF5 file");
}

static void nothing_shows_before_commit(void **state)
{
    struct fixture *f = *state;
    snn_tensor t = weight();
    snn_store *store = NULL;

    write_model(f, 100);
    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    WEIGHT[0] = 7;
    assert_int_equal(snn_store_put(store, &t, NULL), SNN_OK);
    assert_true(first_weight(f) == 100);
    snn_store_close(store);
    assert_true(first_weight(f) == 100);
    assert_int_equal(access(f->temporary, F_OK), -1);
    write_model(f, 200);
    assert_true(first_weight(f) == 200);
    assert_int_equal(access(f->temporary, F_OK), -1);
}

/* A limit on file sizes fails write(2) in the middle, as a full disk does. */
static void a_full_disk_keeps_the_old_file(void **state)
{
    static float large[1 << 16];
    struct fixture *f = *state;
    snn_tensor t = {.name = "x", .data = large, .dtype = SNN_F32, .rank = 1, .shape = {1 << 16}};
    struct rlimit old, small;
    snn_store *store = NULL;
    snn_error err = {0};
    snn_status status;

    write_model(f, 100);
    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &store, NULL), SNN_OK);
    assert_int_equal(snn_store_put(store, &t, NULL), SNN_OK);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 1 << 16;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    status = snn_store_commit(store, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, SNN_EIO);
    assert_non_null(strstr(err.what, "File too large"));
    assert_non_null(strstr(err.what, "is intact"));
    snn_store_close(store);
    assert_true(first_weight(f) == 100);
    assert_int_equal(access(f->temporary, F_OK), -1);
}

static void two_writers_of_one_path(void **state)
{
    struct fixture *f = *state;
    snn_store *a = NULL, *b = NULL;

    assert_int_equal(snn_store_create(f->ctx, f->path, "model", &a, NULL), SNN_OK);
    assert_int_equal(snn_store_create(f->ctx, f->path, "checkpoint", &b, NULL), SNN_OK);
    assert_int_equal(snn_store_commit(a, NULL), SNN_OK);
    assert_int_equal(snn_store_commit(b, NULL), SNN_OK);
    assert_int_equal(snn_store_commit(b, NULL), SNN_EINVAL);
    snn_store_close(a);
    snn_store_close(b);
}

/* The same contents are the same bytes: models of two runs can be compared by cmp. */
static void bytes_repeat(void **state)
{
    static unsigned char one[1 << 16], two[1 << 16];
    struct fixture *f = *state;
    size_t n;

    write_model(f, 1);
    n = read_bytes(f->path, one, sizeof one);
    sleep(1); /* HDF5 would note the second in which an object was made */
    write_model(f, 1);
    assert_int_equal(read_bytes(f->path, two, sizeof two), n);
    assert_memory_equal(one, two, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_there_and_back, begin, end),
        cmocka_unit_test_setup_teardown(scalars_and_empty_tensors, begin, end),
        cmocka_unit_test_setup_teardown(visit_shows_all_and_stops, begin, end),
        cmocka_unit_test_setup_teardown(names_are_checked, begin, end),
        cmocka_unit_test_setup_teardown(what_is_asked_must_match, begin, end),
        cmocka_unit_test_setup_teardown(newer_formats_and_foreign_files, begin, end),
        cmocka_unit_test_setup_teardown(texts_of_variable_length_are_read, begin, end),
        cmocka_unit_test_setup_teardown(cut_files_are_errors, begin, end),
        cmocka_unit_test_setup_teardown(damaged_files_are_a_status, begin, end),
        cmocka_unit_test_setup_teardown(paths_that_are_no_files, begin, end),
        cmocka_unit_test_setup_teardown(nothing_shows_before_commit, begin, end),
        cmocka_unit_test_setup_teardown(a_full_disk_keeps_the_old_file, begin, end),
        cmocka_unit_test_setup_teardown(two_writers_of_one_path, begin, end),
        cmocka_unit_test_setup_teardown(bytes_repeat, begin, end),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
