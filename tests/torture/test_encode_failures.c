/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encoding when memory or the disk runs out, at each block and at many sizes: a message,
 * nothing under the file's name, nothing leaked, and the next run makes the file.
 */
#include "tests/data_help.h"

#include <snn/encode.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static void make_list(struct data_test *t)
{
    float x[2000];

    for (int k = 0; k < 3; k++) {
        char name[32];

        for (int i = 0; i < 2000; i++)
            x[i] = 0.3f * sinf(0.02f * (float)((k + 2) * i));
        snprintf(name, sizeof name, "c/%d.wav", k);
        data_clip(t, name, SF_FORMAT_WAV, k == 2 ? 8000 : 16000, 1, x, 2000);
    }
    data_text(
        t, "l.csv",
        "path,label,split,speaker,age,gender,body_height\n"
        "c/0.wav,no,,ann,20,f,1.7\nc/1.wav,yes,test,bob,30,m,1.8\nc/2.wav,no,,bob,30,m,1.8\n");
}

static void memory_runs_out(void **state)
{
    struct data_test *t = *state;
    const char *const outs[] = {"out-cochlea", "out-level"};

    make_list(t);
    for (int kind = 0; kind < 2; kind++) {
        struct data_scarce scarce = {0};
        /* one thread: the k-th block is the same one every time */
        snn_context *ctx = data_scarce_context(t, &scarce, 1);
        snn_encode_params params;
        snn_status st = SNN_ENOMEM;
        long k;

        snn_encode_params_init(&params);
        params.encoder = kind == 0 ? SNN_ENCODER_COCHLEA : SNN_ENCODER_LEVEL;
        params.channels = kind == 0 ? 8 : 20;
        for (k = 0; st != SNN_OK && k < 2000; k++) {
            scarce.left = k;
            st = snn_encode_folder(ctx, data_path(t, "l.csv"), data_path(t, outs[kind]), &params,
                                   &t->err);
            if (st == SNN_OK)
                break;
            data_expect(t, st, SNN_ENOMEM, "", "memory");
            assert_int_equal(scarce.held, 1); /* the context */
        }
        assert_int_equal(st, SNN_OK);
        assert_true(k > 30);
        assert_int_equal(scarce.held, 1);
        snn_context_destroy(ctx);
    }
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int open_files(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* A limit to the size of files stands for a full disk: writes fail the same way. */
static void disk_runs_out(void **state)
{
    struct data_test *t = *state;
    snn_encode_params params;
    size_t failed = 0, n = 0, m;
    char *whole = NULL, *again;
    int open;

    make_list(t);
    open = open_files();
    snn_encode_params_init(&params);
    params.encoder = SNN_ENCODER_LEVEL;
    params.level_step = 0.05f;
    data_ok(t, snn_encode_folder(t->ctx, data_path(t, "l.csv"), data_path(t, "good"), &params,
                                 &t->err));
    whole = data_slurp(data_path(t, "good/l_train.h5"), &n);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 16; room < n; room += 1 + n / 24) {
        snn_status st;

        limit_files(room);
        st =
            snn_encode_folder(t->ctx, data_path(t, "l.csv"), data_path(t, "out"), &params, &t->err);
        limit_files(RLIM_INFINITY);
        if (st == SNN_OK)
            fail_msg("a file of %zu bytes was written with room for %lu", n, (unsigned long)room);
        data_expect(t, st, SNN_EIO, "l_train.h5", "cannot");
        assert_int_equal(access(data_path(t, "out/l_train.h5"), F_OK), -1);
        assert_int_equal(access(data_path(t, "out/l_train.h5.part"), F_OK), -1);
        failed++;
    }
    assert_true(failed > 10);
    assert_int_equal(open_files(), open);
    data_ok(
        t, snn_encode_folder(t->ctx, data_path(t, "l.csv"), data_path(t, "out"), &params, &t->err));
    again = data_slurp(data_path(t, "out/l_train.h5"), &m);
    assert_int_equal(m, n);
    assert_memory_equal(again, whole, n);
    free(again);
    free(whole);
}

/* A recording that goes away under way: named, and when it is back the run goes on. */
static void a_recording_goes_away(void **state)
{
    struct data_test *t = *state;
    snn_encode_params params;

    make_list(t);
    snn_encode_params_init(&params);
    params.encoder = SNN_ENCODER_LEVEL;
    assert_int_equal(rename(data_path(t, "c/2.wav"), data_path(t, "c/away")), 0);
    data_expect(
        t, snn_encode_folder(t->ctx, data_path(t, "l.csv"), data_path(t, "out"), &params, &t->err),
        SNN_ENOTFOUND, "c/2.wav", "is missing");
    data_text(t, "c/2.wav", "no sound at all");
    data_expect(
        t, snn_encode_folder(t->ctx, data_path(t, "l.csv"), data_path(t, "out"), &params, &t->err),
        SNN_EFORMAT, "c/2.wav", "cannot be read as a recording");
    assert_int_equal(rename(data_path(t, "c/away"), data_path(t, "c/2.wav")), 0);
    data_ok(
        t, snn_encode_folder(t->ctx, data_path(t, "l.csv"), data_path(t, "out"), &params, &t->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_runs_out, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(disk_runs_out, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(a_recording_goes_away, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("encode failures", tests, NULL, NULL);
}
