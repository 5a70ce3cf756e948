/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Invariant I1: the same bits for any number of threads.
 * Invariant I2: the same bits after resume.
 *
 * Runs of several trainings: one for each speaker and one for all (protocol loso), each
 * with its statistics re-estimated and its weights fine-tuned.  Stopped at every kind of
 * place or killed with SIGKILL, and resumed on another number of threads; then every file
 * of the run must be the same, but for the times in it.
 */
#include "tests/run_folder.h"

#include <signal.h>
#include <sys/wait.h>

#define SPEAKERS 3u
#define EPOCHS   2u
#define TRAIN    26u
#define TEST     6u

struct task {
    int loso;
    uint32_t batches_seen, stop_after; /* 0 = never stop */
    uint32_t slow_us;
    snn_run_result result;
};

static int stop(void *user)
{
    struct task *t = user;

    if (t->slow_us > 0)
        usleep(t->slow_us);
    return ++t->batches_seen == t->stop_after;
}

static snn_status train(struct task *t, int threads, const char *folder, int resume)
{
    struct toy toy = {.seed = 8, .fail_at = -1, .speakers = SPEAKERS};
    snn_config config = run_config(EPOCHS);
    snn_context_params context;
    snn_run_params params;
    snn_context *ctx;
    snn_dataset *data;
    snn_error err = {0};
    snn_status st;

    config.train.protocol = t->loso ? SNN_PROTOCOL_LOSO : SNN_PROTOCOL_CLEAN;
    config.train.valid_share = 0.3f;
    config.train.norm_reestimate = 1;
    config.train.fine_tune_epochs = 2;
    config.train.fine_tune_dropout = !t->loso;
    config.train.fine_tune_lr = 0.01f;
    snn_context_params_init(&context);
    context.threads = threads;
    assert_int_equal(snn_context_create(&context, &ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(ctx, &toy, TRAIN, 0, TEST, &data, NULL), SNN_OK);
    snn_run_params_init(&params);
    params.folder = folder;
    params.resume = resume;
    params.stop = stop;
    params.user = t;
    st = snn_train(ctx, &config, data, &params, &t->result, &err);
    if (st != SNN_OK && st != SNN_EINTERRUPTED)
        print_message("# %s: %s\n", err.where, err.what);
    snn_dataset_destroy(data);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
    return st;
}

/* ---- what a run leaves ------------------------------------------------------------- */

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

/* A text file; of metrics.csv each row without its last entry, the seconds. */
static uint64_t text_hash(const char *path, bool metrics)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    char line[4096];
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        hash = hash_bytes(hash, line, metrics ? (size_t)(strrchr(line, ',') - line) : strlen(line));
    fclose(file);
    return hash;
}

/* Sum over the files of a folder and those in it: their order does not matter. */
static uint64_t tree_hash(snn_context *ctx, const char *folder, uint32_t *files)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    uint64_t sum = 0;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        const char *name = entry->d_name, *dot = strrchr(name, '.');
        char path[RUN_PATH];
        uint64_t hash;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < RUN_PATH);
        (*files)++;
        if (dot == NULL)
            hash = tree_hash(ctx, path, files);
        else if (strcmp(dot, ".h5") == 0)
            hash = store_hash(ctx, folder, name, *name == 'm' ? "model" : "checkpoint");
        else
            hash = text_hash(path, strcmp(name, "metrics.csv") == 0);
        sum += hash_bytes(hash, name, strlen(name));
    }
    closedir(entries);
    return sum;
}

struct left {
    uint64_t hash;
    uint32_t files, batches;
};

static struct left look(const char *folder)
{
    struct left left = {0};
    snn_context *ctx;

    assert_int_equal(snn_context_create(NULL, &ctx, NULL), SNN_OK);
    left.hash = tree_hash(ctx, folder, &left.files);
    snn_context_destroy(ctx);
    return left;
}

/* The run that all others of its kind must equal. */
static const struct left *whole(int loso)
{
    static struct left runs[2];
    struct left *w = &runs[loso];
    char folder[RUN_PATH];

    if (w->files == 0) {
        struct task t = {.loso = loso};

        folder_make(folder);
        assert_int_equal(train(&t, 1, folder, 0), SNN_OK);
        *w = look(folder);
        w->batches = t.batches_seen;
        /* A training: six files, two of results, and fine-tune with six. */
        assert_int_equal(w->files, loso ? 15 * (SPEAKERS + 1) + SPEAKERS + 1 : 15);
        folder_entries(folder, 1);
    }
    return w;
}

static void same(int loso, const char *folder)
{
    const struct left left = look(folder);

    assert_int_equal(left.files, whole(loso)->files);
    assert_true(left.hash == whole(loso)->hash);
}

/* ---- threads, stops, kills ------------------------------------------------------------ */

static void test_threads(void **state)
{
    (void)state;
    for (int loso = 0; loso < 2; loso++) {
        struct task t = {.loso = loso};
        char folder[RUN_PATH];

        folder_make(folder);
        assert_int_equal(train(&t, 3, folder, 0), SNN_OK);
        same(loso, folder);
        folder_entries(folder, 1);
    }
}

/* Stopped after every batch of a run with one training, and after every seventh of loso. */
static void test_stop(void **state)
{
    (void)state;
    for (int loso = 0; loso < 2; loso++) {
        const uint32_t batches = whole(loso)->batches;

        assert_true(batches > 20);
        for (uint32_t at = 1; at <= batches; at += loso ? 7 : 1) {
            struct task t = {.loso = loso, .stop_after = at};
            char folder[RUN_PATH];

            folder_make(folder);
            assert_int_equal(train(&t, 1, folder, 0), SNN_EINTERRUPTED);
            assert_int_equal(train(&t, 2, folder, 1), SNN_OK);
            same(loso, folder);
            folder_entries(folder, 1);
        }
    }
}

/* A speaker whose training is done is not trained on again. */
static void test_not_repeated(void **state)
{
    struct task t = {.loso = 1};
    char folder[RUN_PATH];

    (void)state;
    folder_make(folder);
    assert_int_equal(train(&t, 1, folder, 0), SNN_OK);
    t.batches_seen = 0;
    assert_int_equal(train(&t, 1, folder, 1), SNN_OK);
    assert_true(t.batches_seen < whole(1)->batches / 2); /* statistics and figures only */
    same(1, folder);
    /* Not resumed, it begins anew, whatever lies there. */
    t.batches_seen = 0;
    t.stop_after = 9;
    assert_int_equal(train(&t, 1, folder, 0), SNN_EINTERRUPTED);
    t.stop_after = 0;
    t.batches_seen = 0;
    assert_int_equal(train(&t, 1, folder, 1), SNN_OK);
    assert_true(t.batches_seen > whole(1)->batches - 10);
    same(1, folder);
    folder_entries(folder, 1);
}

static pid_t spawn(const char *folder)
{
    const pid_t child = fork();

    if (child == 0) {
        execl("/proc/self/exe", "test_resumed_parts", "--run", folder, (char *)NULL);
        _exit(127);
    }
    return child;
}

/* Killed at random moments; what stays must be whole. */
static void test_kill(void **state)
{
    uint64_t random = test_seed(6);
    int killed = 0;

    (void)state;
    for (int round = 0; round < 4; round++) {
        struct task t = {.loso = 1};
        char folder[RUN_PATH];
        int status;

        folder_make(folder);
        for (int attempt = 0; attempt < 4; attempt++) {
            const pid_t child = spawn(folder);

            assert_true(child > 0);
            usleep(20000 + (useconds_t)(test_random(&random) % 120000));
            kill(child, SIGKILL);
            assert_int_equal(waitpid(child, &status, 0), child);
            killed += WIFSIGNALED(status) != 0;
        }
        assert_int_equal(train(&t, 2, folder, 1), SNN_OK);
        same(1, folder);
        folder_entries(folder, 1);
    }
    assert_true(killed > 8);
}

/* Stopped in the first of its trainings, a run has kept its costs for all, though it was begun as
 * one to be resumed. */
static void test_costs(void **state)
{
    struct task t = {.loso = 1, .stop_after = 1};
    char folder[RUN_PATH], path[RUN_PATH + 32];

    (void)state;
    folder_make(folder);
    assert_int_equal(train(&t, 1, folder, 1), SNN_EINTERRUPTED);
    snprintf(path, sizeof path, "%s/costs.txt", folder);
    assert_int_equal(access(path, R_OK), 0);
    folder_entries(folder, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),      cmocka_unit_test(test_stop),
        cmocka_unit_test(test_not_repeated), cmocka_unit_test(test_kill),
        cmocka_unit_test(test_costs),
    };

    if (argc == 3 && strcmp(argv[1], "--run") == 0) {
        struct task t = {.loso = 1, .slow_us = 1000};

        return train(&t, 2, argv[2], 1) == SNN_OK ? 0 : 1;
    }
    return cmocka_run_group_tests_name("resumed_parts", tests, NULL, NULL);
}
