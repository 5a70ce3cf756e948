/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Invariant I1: the same bits for any number of threads.
 * Invariant I2: the same bits after resume.
 *
 * A real training run of several epochs on synthetic delays, once as a whole on
 * one thread; then on more threads, stopped at every kind of place and resumed,
 * and killed with SIGKILL and resumed.  Losses, model.h5 and all of checkpoint.h5
 * must agree bit by bit.
 *
 * The runs to be killed are processes of this program begun anew (exec): a
 * forked copy of a process with OpenMP threads must not use OpenMP.
 */
#include "tests/run_folder.h"

#include <signal.h>
#include <sys/wait.h>

#define EPOCHS 4u
#define TRAIN  44u /* 40 train (5 batches of 10, the last of 3): some are held out */

/* Whatever a layer can be made of, and samples that change with the epoch. */
typedef enum training {
    DENSE,
    SPARSE,
    AUGMENTED,
    AXONAL,
    DENDRITIC,
    FROZEN,
    ADLIF,
    CUBA,
    REPLANNED, /* one solver takes another's place on the way */
    BF16,
    BF16_AXONAL,
    COMPACT, /* gradients where a surrogate has a slope, from the second epoch on */
    ARMS
} training;

struct outcome {
    training arm;
    double loss[EPOCHS], train_accuracy[EPOCHS], valid_accuracy[EPOCHS];
    uint32_t epochs_seen;
    uint32_t batches_seen, stop_after; /* 0 = never stop */
    uint32_t slow_us;                  /* pause after each batch: time to be killed */
    snn_run_result result;
    uint64_t model, checkpoint, plan;
};

static snn_config config_of(training arm)
{
    snn_config config = run_config(EPOCHS);

    if (arm == SPARSE) {
        config.network.fan_in = 5;
        config.train.weight_decay = 0.01f;
    }
    if (arm == AUGMENTED) {
        config.augment.blend = config.augment.cutmix = config.augment.roll = 0.5f;
        config.augment.speed = config.augment.time_mask = config.augment.neuron_mask = 0.5f;
        config.augment.channel_shift = 1;
        config.augment.noise = 0.3f;
    }
    config.train.freeze_weights = arm == FROZEN;
    if (arm == AXONAL)
        config.network.delay.sharing = SNN_SHARING_AXONAL;
    if (arm == DENDRITIC) {
        config.network.delay.sharing = SNN_SHARING_DENDRITIC;
        config.network.delay.kernel_count = 2;
        config.network.fan_in = 5;
    }
    if (arm == ADLIF) {
        config.network.neuron.model = SNN_NEURON_ADLIF;
        config.network.neuron.v_threshold = 0.2f; /* so that neurons fire */
    }
    if (arm == CUBA)
        config.network.neuron.model = SNN_NEURON_CUBA;
    if (arm == COMPACT) {
        config.network.neuron.surrogate = SNN_SURROGATE_TRIANGLE;
        config.network.delay.mode = SNN_DELAYS_FIXED;
        config.network.delay.solver = SNN_SOLVER_EVENT;
    }
    if (arm == REPLANNED) { /* wide: spectra; narrow: a few taps */
        config.network.delay.max_delay = 61;
        config.network.hidden[0] = 128;
    }
    if (arm == BF16) { /* rounded delays and narrow sigmas, too, are products then */
        config.network.delay.precision = SNN_PRECISION_BF16;
        config.network.delay.solver = SNN_SOLVER_DIRECT;
        config.network.fan_in = 5;
    }
    if (arm == BF16_AXONAL) {
        config.network.delay.precision = SNN_PRECISION_BF16;
        config.network.delay.sharing = SNN_SHARING_AXONAL;
    }
    return config;
}

static void on_epoch(void *user, const snn_epoch_report *report)
{
    struct outcome *o = user;

    o->loss[report->epoch - 1] = report->loss;
    o->train_accuracy[report->epoch - 1] = report->train_accuracy;
    o->valid_accuracy[report->epoch - 1] = report->valid_accuracy;
    o->epochs_seen++;
}

static int stop(void *user)
{
    struct outcome *o = user;

    if (o->slow_us > 0)
        usleep(o->slow_us);
    return ++o->batches_seen == o->stop_after;
}

static snn_status train(struct outcome *o, int threads, const char *folder, int resume)
{
    struct toy toy = {.seed = 8, .fail_at = -1, .jitter = threads > 1};
    const snn_config config = config_of(o->arm);
    snn_context_params context;
    snn_run_params params;
    snn_context *ctx;
    snn_dataset *data;
    snn_error err = {0};
    snn_status st;

    snn_context_params_init(&context);
    context.threads = threads;
    assert_int_equal(snn_context_create(&context, &ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(ctx, &toy, TRAIN, 0, 12, &data, NULL), SNN_OK);
    snn_run_params_init(&params);
    params.folder = folder;
    params.resume = resume;
    params.on_epoch = on_epoch;
    params.stop = stop;
    params.user = o;
    st = snn_train(ctx, &config, data, &params, &o->result, &err);
    if (st != SNN_OK && st != SNN_EINTERRUPTED)
        print_message("# %s: %s\n", err.where, err.what);
    if (st == SNN_OK) {
        o->model = store_hash(ctx, folder, "model.h5", "model");
        o->checkpoint = store_hash(ctx, folder, "checkpoint.h5", "checkpoint");
        o->plan = file_hash(folder, "plan.csv");
    }
    snn_dataset_destroy(data);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
    return st;
}

/* The run that all others must equal. */
static const struct outcome *whole(training arm)
{
    static struct outcome all[ARMS];
    struct outcome *o = &all[arm];
    char folder[RUN_PATH];

    if (o->epochs_seen == 0) {
        o->arm = arm;
        folder_make(folder);
        assert_int_equal(train(o, 1, folder, 0), SNN_OK);
        folder_entries(folder, 1);
        assert_int_equal(o->epochs_seen, EPOCHS);
        assert_true(o->loss[EPOCHS - 1] != o->loss[0]);
    }
    return o;
}

/* Epochs before `first` were reported by another process. */
static void same(const struct outcome *o, uint32_t first)
{
    const struct outcome *w = whole(o->arm);
    const size_t bytes = (EPOCHS - first) * sizeof o->loss[0];

    assert_int_equal(o->epochs_seen, EPOCHS - first);
    assert_memory_equal(o->loss + first, w->loss + first, bytes);
    assert_memory_equal(o->train_accuracy + first, w->train_accuracy + first, bytes);
    assert_memory_equal(o->valid_accuracy + first, w->valid_accuracy + first, bytes);
    assert_memory_equal(&o->result.test_loss, &w->result.test_loss, sizeof(double));
    assert_memory_equal(&o->result.test_accuracy, &w->result.test_accuracy, sizeof(double));
    assert_int_equal(o->result.best_epoch, w->result.best_epoch);
    assert_true(o->model == w->model);
    assert_true(o->checkpoint == w->checkpoint);
    assert_true(o->plan == w->plan);
}

static void test_threads(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * ARMS; i++) {
        const int threads = 2 + i % 2;
        struct outcome o = {.arm = (training)(i / 2)};
        char folder[RUN_PATH];

        folder_make(folder);
        assert_int_equal(train(&o, threads, folder, 0), SNN_OK);
        same(&o, 0);
        folder_entries(folder, 1);
    }
}

/*
 * Stopped after batch 1, inside an epoch, at an epoch's last batch, in its
 * evaluation, at the next epoch's first batch and in the final test; resumed on
 * another number of threads.  `stop` is asked after every batch, so five
 * training batches (four: 40 of 44 samples) and one of evaluation an epoch.  The
 * neurons take turns.
 */
static void test_stop(void **state)
{
    (void)state;
    for (uint32_t at = 1; at <= 22; at += at < ARMS ? 1 : 11) { /* of one arm or the other */
        struct outcome o = {.arm = (training)(at % ARMS), .stop_after = at};
        uint32_t seen;
        char folder[RUN_PATH];

        folder_make(folder);
        assert_int_equal(train(&o, 1, folder, 0), SNN_EINTERRUPTED);
        seen = o.epochs_seen;
        assert_true(seen <= at / 5);
        o.stop_after = 0;
        o.epochs_seen = 0;
        assert_int_equal(train(&o, 2, folder, 1), SNN_OK);
        same(&o, seen);
        folder_entries(folder, 1);
    }
}

/* bf16 is no other name of float32: from the first epoch on, and little. */
static void test_precision(void **state)
{
    const double exact = whole(AXONAL)->loss[0], rounded = whole(BF16_AXONAL)->loss[0];

    (void)state;
    print_message("# first loss %.6f, in bf16 %.6f\n", exact, rounded);
    assert_true(rounded != exact && fabs(rounded - exact) < 0.1 * exact);
    assert_true(whole(BF16_AXONAL)->model != whole(AXONAL)->model);
}

/* Stopped again and again, two batches a time. */
static void test_stop_often(void **state)
{
    struct outcome o = {.stop_after = 2};
    char folder[RUN_PATH];
    int runs = 0;
    snn_status st;

    (void)state;
    folder_make(folder);
    while ((st = train(&o, 1, folder, 1)) == SNN_EINTERRUPTED) {
        o.batches_seen = 0;
        /* An evaluation of one batch stops before it counts when asked then; give it room. */
        o.stop_after = 2 + (uint32_t)(runs % 2);
        assert_true(++runs < 60);
    }
    assert_int_equal(st, SNN_OK);
    assert_true(runs > 5);
    same(&o, 0);
    folder_entries(folder, 1);
}

/* Solver of layer 0's training in an epoch of plan.csv, which lists each use once. */
static void solver_of(const char *folder, uint32_t epoch, char solver[16])
{
    char path[RUN_PATH + 16], line[1024];
    uint32_t found = 0, e, l;
    FILE *file;

    snprintf(path, sizeof path, "%s/plan.csv", folder);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the head */
    while (fgets(line, sizeof line, file) != NULL) {
        char phase[16], name[16];

        assert_int_equal(sscanf(line, "%u,%u,%15[a-z],%15[a-z],", &e, &l, phase, name), 4);
        if (e == epoch && l == 0 && strcmp(phase, "training") == 0) {
            memcpy(solver, name, sizeof name);
            found++;
        }
    }
    fclose(file);
    assert_int_equal(found, 1);
}

/* As a run leaves it that was killed between plan.csv and its checkpoint. */
static void append_rows(const char *folder, uint32_t epoch)
{
    char path[RUN_PATH + 16];
    FILE *file;

    snprintf(path, sizeof path, "%s/plan.csv", folder);
    file = fopen(path, "a");
    assert_non_null(file);
    fprintf(file, "%u,0,training,fft,1,2,3,4\n%u,0,rou", epoch, epoch);
    fclose(file);
}

/* Sigma is narrow from the second epoch on, and its plans are others: stopped before that,
 * at the last moment before it and behind it, resumed over it. */
static void test_stop_before_replan(void **state)
{
    (void)state;
    for (uint32_t at = 3; at <= 6; at++) {
        struct outcome o = {.arm = REPLANNED, .stop_after = at};
        char folder[RUN_PATH], wide[16], narrow[16];
        uint32_t seen;

        folder_make(folder);
        assert_int_equal(train(&o, 2, folder, 0), SNN_EINTERRUPTED);
        seen = o.epochs_seen;
        assert_true(seen <= 1);
        append_rows(folder, seen + 1);
        o.stop_after = 0;
        o.epochs_seen = 0;
        assert_int_equal(train(&o, 1, folder, 1), SNN_OK);
        same(&o, seen);
        solver_of(folder, 1, wide);
        solver_of(folder, 2, narrow);
        assert_string_not_equal(wide, narrow);
        folder_entries(folder, 1);
    }
}

/* ---- SIGKILL --------------------------------------------------------------- */

static pid_t spawn(const char *folder, training arm)
{
    const char number[2] = {(char)('0' + arm), '\0'};
    const pid_t child = fork();

    if (child == 0) {
        execl("/proc/self/exe", "test_same_bits", "--run", folder, number, (char *)NULL);
        _exit(127);
    }
    return child;
}

static uint32_t rows_of(const char *folder)
{
    char path[RUN_PATH + 16], line[1024];
    uint32_t rows = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s/metrics.csv", folder);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        rows++;
    fclose(file);
    return rows - 1; /* the head */
}

/* Killed at random moments, wherever it is then; what stays must be whole. */
static void test_kill(void **state)
{
    uint64_t random = test_seed(4);
    int killed = 0;

    (void)state;
    for (int round = 0; round < ARMS; round++) {
        struct outcome o = {.arm = (training)(round % ARMS)};
        char folder[RUN_PATH];
        int status;

        folder_make(folder);
        for (int attempt = 0; attempt < 3; attempt++) {
            const pid_t child = spawn(folder, o.arm);

            assert_true(child > 0);
            usleep(20000 + (useconds_t)(test_random(&random) % 150000));
            kill(child, SIGKILL);
            assert_int_equal(waitpid(child, &status, 0), child);
            killed += WIFSIGNALED(status) != 0;
        }
        assert_int_equal(train(&o, 2, folder, 1), SNN_OK);
        same(&o, EPOCHS - o.epochs_seen);
        assert_int_equal(rows_of(folder), EPOCHS);
        assert_int_equal(folder_entries(folder, 0), 7);
        folder_entries(folder, 1);
    }
    assert_true(killed > 8);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),    cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_often), cmocka_unit_test(test_stop_before_replan),
        cmocka_unit_test(test_kill),       cmocka_unit_test(test_precision),
    };

    if (argc == 4 && strcmp(argv[1], "--run") == 0) {
        struct outcome o = {.arm = (training)(argv[3][0] - '0'), .slow_us = 4000};

        return train(&o, 2, argv[2], 1) == SNN_OK ? 0 : 1;
    }
    return cmocka_run_group_tests_name("same_bits", tests, NULL, NULL);
}
