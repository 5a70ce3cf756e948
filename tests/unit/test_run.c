/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole runs and models: protocols, files, what a resume refuses, what a load refuses. */
#include "tests/run_folder.h"

#include "snn/train/run.h"

struct fixture {
    snn_context *ctx;
    struct toy toy;
    snn_dataset *data;
    char folder[RUN_PATH];
};

static void begin(struct fixture *f, uint32_t train, uint32_t valid, uint32_t test)
{
    memset(f, 0, sizeof *f);
    f->toy.seed = 8;
    f->toy.fail_at = -1;
    assert_int_equal(snn_context_create(NULL, &f->ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(f->ctx, &f->toy, train, valid, test, &f->data, NULL), SNN_OK);
    folder_make(f->folder);
}

static void end(struct fixture *f)
{
    folder_entries(f->folder, 1);
    snn_dataset_destroy(f->data);
    assert_int_equal(snn_context_bytes(f->ctx), 0);
    snn_context_destroy(f->ctx);
}

static snn_status train(struct fixture *f, const snn_config *config, int resume,
                        snn_run_result *result, snn_error *err)
{
    snn_run_params params;

    snn_run_params_init(&params);
    params.folder = f->folder;
    params.resume = resume;
    return snn_train(f->ctx, config, f->data, &params, result, err);
}

static void path_of(const struct fixture *f, const char *name, char path[RUN_PATH + 64])
{
    snprintf(path, RUN_PATH + 64, "%s/%s", f->folder, name);
}

/* Which split is read when: clean and paper, with and without a validation split. */
static void test_protocols(void **state)
{
    static const struct {
        uint32_t valid, test;
        snn_protocol protocol;
        float share;
        bool has_test, has_valid, last;
    } row[] = {
        {8, 8, SNN_PROTOCOL_CLEAN, 0.1f, true, true, false},
        {0, 8, SNN_PROTOCOL_CLEAN, 0.1f, true, true, false},
        {0, 8, SNN_PROTOCOL_CLEAN, 0, true, false, true},
        {0, 0, SNN_PROTOCOL_CLEAN, 0.1f, false, true, false},
        {8, 8, SNN_PROTOCOL_PAPER, 0.1f, true, true, false},
        {0, 8, SNN_PROTOCOL_PAPER, 0.1f, true, false, false},
        {0, 0, SNN_PROTOCOL_PAPER, 0.1f, false, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        snn_config config = run_config(3);
        struct fixture f;
        snn_run_result result;

        begin(&f, 24, row[i].valid, row[i].test);
        config.train.protocol = row[i].protocol;
        config.train.valid_share = row[i].share;
        assert_int_equal(train(&f, &config, 0, &result, NULL), SNN_OK);
        assert_int_equal(isnan(result.test_accuracy), !row[i].has_test);
        assert_int_equal(isnan(result.valid_accuracy), !row[i].has_valid);
        if (row[i].last)
            assert_int_equal(result.best_epoch, 3);
        assert_string_equal(result.protocol,
                            row[i].protocol == SNN_PROTOCOL_PAPER ? "paper" : "clean");
        end(&f);
    }
}

/* Each class gives its share; nothing is in both lists; the seed decides. */
static void test_division(void **state)
{
    snn_config config = run_config(1);
    struct fixture f;
    snn_division d, again, other;
    bool seen[83] = {false};
    uint32_t of_class[TOY_CLASSES] = {0};

    (void)state;
    begin(&f, 83, 0, 4);
    config.train.valid_share = 0.25f;
    assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &d, NULL), SNN_OK);
    assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &again, NULL), SNN_OK);
    config.train.seed++;
    assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &other, NULL), SNN_OK);
    assert_int_equal(d.judge, SNN_JUDGE_HELD_OUT);
    assert_int_equal(d.n_train + d.n_held_out, 83);
    for (uint32_t i = 0; i < d.n_train; i++)
        seen[d.train[i]] = true;
    for (uint32_t i = 0; i < d.n_held_out; i++) {
        assert_false(seen[d.held_out[i]]);
        of_class[d.held_out[i] % TOY_CLASSES]++;
    }
    for (uint32_t c = 0; c < TOY_CLASSES; c++)
        assert_int_equal(of_class[c], 5); /* floor(21 or 20 / 4 + 1/2) */
    assert_memory_equal(d.held_out, again.held_out, d.n_held_out * sizeof *d.held_out);
    assert_memory_not_equal(d.held_out, other.held_out, d.n_held_out * sizeof *d.held_out);
    snn_division_free(f.ctx, &other);
    snn_division_free(f.ctx, &again);
    snn_division_free(f.ctx, &d);
    config.train.valid_share = 0.001f;
    assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &d, NULL), SNN_ECONFIG);
    end(&f);
}

/* A saved model evaluates as the run said, with the configuration it was made by. */
static void test_model(void **state)
{
    const snn_config config = run_config(3);
    struct fixture f;
    snn_run_result result;
    snn_config read;
    snn_network *net;
    snn_evaluation test;
    char path[RUN_PATH + 64], a[4096], b[4096];

    (void)state;
    begin(&f, 30, 0, 23);
    assert_int_equal(train(&f, &config, 0, &result, NULL), SNN_OK);
    path_of(&f, "model.h5", path);
    assert_int_equal(snn_model_load(f.ctx, path, &net, &read, NULL), SNN_OK);
    assert_true(snn_config_print(&config, a, sizeof a) < sizeof a);
    assert_true(snn_config_print(&read, b, sizeof b) < sizeof b);
    assert_string_equal(a, b);
    assert_int_equal(
        snn_evaluate(net, f.data, SNN_SPLIT_TEST, NULL, 0, config.train.batch_size, &test, NULL),
        SNN_OK);
    assert_int_equal(test.samples, 23);
    assert_true(test.accuracy == result.test_accuracy);
    assert_true(fabs(test.loss - result.test_loss) < 1e-5);
    snn_network_destroy(net);
    path_of(&f, "checkpoint.h5", path);
    assert_int_equal(snn_model_load(f.ctx, path, &net, NULL, NULL), SNN_EFORMAT);
    end(&f);
}

/* A model whose tensors do not fit its configuration. */
static void test_wrong_model(void **state)
{
    snn_config config = run_config(1);
    struct fixture f;
    snn_network_params shape;
    snn_network *net, *loaded = NULL;
    snn_store *store;
    snn_error err = {0};
    char path[RUN_PATH + 64], *text;

    (void)state;
    begin(&f, 4, 0, 4);
    path_of(&f, "model.h5", path);
    snn_config_network(&config, snn_dataset_get_info(f.data), &shape);
    assert_int_equal(snn_network_create(f.ctx, &shape, 1, &net, NULL), SNN_OK);
    for (int more = 0; more < 2; more++) {
        snn_config other = config;

        other.network.hidden[0] = more ? 14 : 15;
        other.network.batch_norm = !more; /* more: the file has gamma, the network has not */
        assert_int_equal(snn_config_text(f.ctx, &other, &text), SNN_OK);
        assert_int_equal(snn_store_create(f.ctx, path, "model", &store, NULL), SNN_OK);
        assert_int_equal(snn_store_put_text(store, "config", text, NULL), SNN_OK);
        assert_int_equal(snn_store_put_network(store, net, NULL), SNN_OK);
        assert_int_equal(snn_store_commit(store, NULL), SNN_OK);
        snn_store_close(store);
        snn_free(f.ctx, text);
        assert_int_equal(snn_model_load(f.ctx, path, &loaded, NULL, &err), SNN_EFORMAT);
        assert_non_null(strstr(err.where, "model.h5"));
        assert_null(loaded);
    }
    snn_network_destroy(net);
    end(&f);
}

/* Another configuration or other data is refused by name; nothing is changed. */
static void test_refusal(void **state)
{
    const snn_config config = run_config(2);
    snn_config other = config;
    struct fixture f, g;
    snn_run_result result, again;
    snn_error err = {0};
    uint64_t before;

    (void)state;
    begin(&f, 30, 0, 8);
    assert_int_equal(train(&f, &config, 0, &result, NULL), SNN_OK);
    before = store_hash(f.ctx, f.folder, "checkpoint.h5", "checkpoint");
    other.train.lr_position = 0.05f;
    other.train.epochs = 5;
    assert_int_equal(train(&f, &other, 1, &again, &err), SNN_ECONFIG);
    assert_non_null(strstr(err.what, "train.epochs is 5 now but 2"));
    begin(&g, 31, 0, 8);
    folder_entries(g.folder, 1);
    memcpy(g.folder, f.folder, sizeof g.folder);
    assert_int_equal(train(&g, &config, 1, &again, &err), SNN_ECONFIG);
    assert_non_null(strstr(err.what, "data.train is 31 now but 30"));
    snn_dataset_destroy(g.data);
    snn_context_destroy(g.ctx);
    assert_true(store_hash(f.ctx, f.folder, "checkpoint.h5", "checkpoint") == before);
    /* The same again has nothing left to train and gives the same figures. */
    assert_int_equal(train(&f, &config, 1, &again, NULL), SNN_OK);
    assert_true(again.test_loss == result.test_loss && again.best_epoch == result.best_epoch);
    /* A cache elsewhere is no other configuration. */
    other = config;
    snprintf(other.data.cache, sizeof other.data.cache, "elsewhere");
    assert_int_equal(train(&f, &other, 1, &again, NULL), SNN_OK);
    end(&f);
}

/* A read that fails in the run names the sample; a broken checkpoint is an error. */
static void test_failures(void **state)
{
    const snn_config config = run_config(2);
    struct fixture f;
    snn_run_result result = {.epochs = 99};
    snn_error err = {0};
    char path[RUN_PATH + 64];
    FILE *file;

    (void)state;
    begin(&f, 30, 4, 8);
    f.toy.fail_at = 17;
    assert_int_equal(train(&f, &config, 0, &result, &err), SNN_EIO);
    assert_non_null(strstr(err.where, "[17]"));
    assert_int_equal(result.epochs, 99);
    f.toy.fail_at = -1;
    path_of(&f, "checkpoint.h5", path);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("not a checkpoint\n", file);
    fclose(file);
    assert_int_equal(train(&f, &config, 1, &result, &err), SNN_EFORMAT);
    assert_int_equal(train(&f, &config, 0, &result, &err), SNN_OK);
    assert_int_equal(folder_entries(f.folder, 0), 7);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protocols), cmocka_unit_test(test_division),
        cmocka_unit_test(test_model),     cmocka_unit_test(test_wrong_model),
        cmocka_unit_test(test_refusal),   cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
