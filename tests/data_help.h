/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests of data sets: a folder that goes away, a context that remembers its
 * log, settings as in the published SHD run, and recordings made on the spot.
 */
#ifndef TESTS_DATA_HELP_H
#define TESTS_DATA_HELP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif

#include "tests/cmocka_all.h"

#include <snn/dataset.h>

#include <ftw.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

struct data_test {
    char folder[256]; /* empty at the start of each test */
    snn_context *ctx;
    snn_error err;
    snn_data_params params;
    char log[8192]; /* lines of the data set, "level text\n" */
};

static inline void data_log(void *user, snn_log_level level, const char *line)
{
    struct data_test *t = user;
    const size_t n = strlen(t->log);

    snprintf(t->log + n, sizeof t->log - n, "%d %s\n", (int)level, line);
}

static inline int data_setup(void **state)
{
    struct data_test *t = calloc(1, sizeof *t);
    const char *root = getenv("TMPDIR");
    snn_context_params params;

    if (t == NULL)
        return -1;
    snprintf(t->folder, sizeof t->folder, "%s/snn-test-XXXXXX",
             root != NULL && *root ? root : "/tmp");
    snn_context_params_init(&params);
    params.threads = 2;
    params.log = data_log;
    params.log_user = t;
    t->params = (snn_data_params){.size = sizeof t->params,
                                  .time_step_ms = 10,
                                  .channel_bin = 5,
                                  .framing = SNN_FRAMING_GRID,
                                  .front_end = SNN_FRONT_END_LOGMEL,
                                  .mel_bands = 40};
    *state = t;
    return mkdtemp(t->folder) == NULL || snn_context_create(&params, &t->ctx, NULL) != SNN_OK;
}

static inline int data_remove_one(const char *path, const struct stat *about, int kind,
                                  struct FTW *at)
{
    (void)about;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline int data_teardown(void **state)
{
    struct data_test *t = *state;
    const size_t left = snn_context_bytes(t->ctx);

    snn_context_destroy(t->ctx);
    nftw(t->folder, data_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (left != 0)
        print_message("# %zu bytes were not freed\n", left);
    free(t);
    return left != 0;
}

/* folder/name; one of four buffers in turn. */
static inline const char *data_path(const struct data_test *t, const char *name)
{
    static char path[4][1024];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", t->folder, name);
    return path[turn];
}

static inline void data_write(const struct data_test *t, const char *name, const void *bytes,
                              size_t n)
{
    FILE *file = fopen(data_path(t, name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static inline void data_text(const struct data_test *t, const char *name, const char *text)
{
    data_write(t, name, text, strlen(text));
}

/* A whole file; free it. */
static inline char *data_slurp(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1u << 24);

    assert_non_null(file);
    assert_non_null(bytes);
    *n = fread(bytes, 1, 1u << 24, file);
    fclose(file);
    return bytes;
}

/* A 16-bit recording; makes its folder. */
static inline void data_clip(const struct data_test *t, const char *name, int format, int rate,
                             int channels, const float *x, size_t n)
{
    SF_INFO about = {.samplerate = rate, .channels = channels, .format = format | SF_FORMAT_PCM_16};
    char path[1024];
    SNDFILE *file;

    snprintf(path, sizeof path, "%s", data_path(t, name));
    *strrchr(path, '/') = '\0';
    mkdir(path, 0777);
    file = sf_open(data_path(t, name), SFM_WRITE, &about);
    assert_non_null(file);
    assert_int_equal(sf_writef_float(file, x, (sf_count_t)n), n);
    sf_close(file);
}

/* The call fails with a status, and its message holds both texts. */
static inline void data_expect(struct data_test *t, snn_status got, snn_status wanted,
                               const char *where, const char *what)
{
    if (got != wanted || strstr(t->err.where, where) == NULL || strstr(t->err.what, what) == NULL)
        fail_msg("expected %s (%s, %s), got %s (%s, %s)", snn_status_text(wanted), where, what,
                 snn_status_text(got), got != SNN_OK ? t->err.where : "",
                 got != SNN_OK ? t->err.what : "");
}

/* The call succeeds. */
#define data_ok(t, call)                                                                           \
    do {                                                                                           \
        if ((call) != SNN_OK)                                                                      \
            fail_msg("%s: %s: %s", #call, (t)->err.where, (t)->err.what);                          \
    } while (0)

struct data_scarce {
    long left; /* blocks until the first refusal */
    long held;
};

static inline void *data_scarce_allocate(void *user, size_t bytes)
{
    struct data_scarce *s = user;
    void *block = NULL;

    if (s->left-- <= 0 || posix_memalign(&block, 64, bytes) != 0)
        return NULL;
    s->held++;
    return block;
}

static inline void data_scarce_release(void *user, void *block)
{
    ((struct data_scarce *)user)->held--;
    free(block);
}

/* A context whose memory is counted in `scarce`; it takes one block. */
static inline snn_context *data_scarce_context(struct data_test *t, struct data_scarce *scarce,
                                               int threads)
{
    const snn_allocator allocator = {data_scarce_allocate, data_scarce_release, scarce};
    snn_context_params params;
    snn_context *ctx = NULL;

    scarce->left = 1000000;
    snn_context_params_init(&params);
    params.threads = threads;
    params.allocator = &allocator;
    data_ok(t, snn_context_create(&params, &ctx, &t->err));
    return ctx;
}

/* Opening fails with SNN_ENOMEM at every allocation, until none is missing. */
static inline void data_run_out(struct data_test *t, const char *folder)
{
    struct data_scarce scarce = {0};
    snn_context *ctx = data_scarce_context(t, &scarce, 2);
    snn_dataset *data = NULL;
    snn_status st = SNN_ENOMEM;
    long k;

    for (k = 0; st != SNN_OK && k < 1000; k++) {
        scarce.left = k;
        st = snn_dataset_open(ctx, folder, &t->params, &data, &t->err);
        if (st != SNN_OK) {
            data_expect(t, st, SNN_ENOMEM, "", "memory");
            assert_int_equal(scarce.held, 1); /* the context */
        }
    }
    assert_int_equal(st, SNN_OK);
    assert_true(k > 5);
    snn_dataset_destroy(data);
    assert_int_equal(scarce.held, 1);
    snn_context_destroy(ctx);
}

#endif
