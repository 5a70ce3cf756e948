/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Protocols: who is held out, when the test split is read, one speaker left out in turn,
 * and what results say.
 */
#include "tests/run_folder.h"

#include "snn/train/run.h"

#define SPEAKERS 3u
#define TRAIN    45u
#define TEST     9u

struct fixture {
    snn_context *ctx;
    struct toy toy;
    snn_dataset *data;
    char folder[RUN_PATH];
    uint32_t tested_early; /* reads of the test split when an epoch was reported */
    uint32_t epochs, tuning_epochs, folds_seen;
};

static void begin(struct fixture *f, uint32_t speakers, uint32_t valid)
{
    memset(f, 0, sizeof *f);
    f->toy.seed = 8;
    f->toy.fail_at = -1;
    f->toy.speakers = speakers;
    assert_int_equal(snn_context_create(NULL, &f->ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(f->ctx, &f->toy, TRAIN, valid, TEST, &f->data, NULL), SNN_OK);
    folder_make(f->folder);
}

static void end(struct fixture *f)
{
    folder_entries(f->folder, 1);
    snn_dataset_destroy(f->data);
    assert_int_equal(snn_context_bytes(f->ctx), 0);
    snn_context_destroy(f->ctx);
}

static void on_epoch(void *user, const snn_epoch_report *report)
{
    struct fixture *f = user;

    f->tested_early = atomic_load(&f->toy.tested);
    f->epochs++;
    f->tuning_epochs += report->part.fine_tuning != 0;
    if (report->part.folds > 0) {
        assert_int_equal(report->part.folds, SPEAKERS);
        assert_int_equal(report->part.speaker, 7 + 3 * (report->part.fold - 1));
        f->folds_seen |= 1u << report->part.fold;
    }
}

static snn_status train(struct fixture *f, const snn_config *config, snn_run_result *result,
                        snn_error *err)
{
    snn_run_params params;

    snn_run_params_init(&params);
    params.folder = f->folder;
    params.on_epoch = on_epoch;
    params.user = f;
    return snn_train(f->ctx, config, f->data, &params, result, err);
}

/* A file of the run; free with snn_free. */
static void slurp(struct fixture *f, const char *name, char **text)
{
    char path[RUN_PATH + 64];

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    assert_int_equal(snn_read_file(f->ctx, path, text, NULL), SNN_OK);
}

/* ---- who is held out --------------------------------------------------------------- */

static void test_named_speakers(void **state)
{
    snn_config config = run_config(1);
    struct fixture f;
    snn_division d;

    (void)state;
    begin(&f, SPEAKERS, 5);
    assert_int_equal(snn_config_set(&config, "train.valid_speakers=[13, 7]", NULL), SNN_OK);
    assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &d, NULL), SNN_OK);
    assert_int_equal(d.judge, SNN_JUDGE_HELD_OUT); /* before the data's own split */
    assert_false(d.last);
    assert_string_equal(d.chosen_by, "held-out speakers 13, 7");
    assert_int_equal(d.n_train + d.n_held_out, TRAIN);
    for (uint32_t i = 0; i < d.n_train; i++)
        assert_int_equal(toy_speaker(&f.toy, d.train[i]), 10);
    for (uint32_t i = 0; i < d.n_held_out; i++) {
        assert_int_not_equal(toy_speaker(&f.toy, d.held_out[i]), 10);
        assert_true(i == 0 || d.held_out[i] > d.held_out[i - 1]);
    }
    snn_division_free(f.ctx, &d);
    end(&f);
}

/* As many speakers as asked for, whole ones; the seed decides which, and reaches all. */
static void test_drawn_speakers(void **state)
{
    snn_config config = run_config(1);
    struct fixture f;
    uint32_t times[SPEAKERS] = {0};

    (void)state;
    begin(&f, SPEAKERS, 0);
    config.train.valid_speakers.n = 2;
    for (uint32_t seed = 0; seed < 30; seed++) {
        snn_division d, again;
        uint32_t held[SPEAKERS] = {0}, trains[SPEAKERS] = {0}, n = 0;

        config.train.seed = seed;
        assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &d, NULL), SNN_OK);
        assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &again, NULL), SNN_OK);
        assert_int_equal(d.n_held_out, again.n_held_out);
        assert_memory_equal(d.held_out, again.held_out, d.n_held_out * sizeof *d.held_out);
        for (uint32_t i = 0; i < d.n_held_out; i++)
            held[(toy_speaker(&f.toy, d.held_out[i]) - 7) / 3]++;
        for (uint32_t i = 0; i < d.n_train; i++)
            trains[(toy_speaker(&f.toy, d.train[i]) - 7) / 3]++;
        for (uint32_t s = 0; s < SPEAKERS; s++) {
            assert_true(held[s] == 0 || trains[s] == 0);
            n += held[s] > 0;
            times[s] += held[s] > 0;
        }
        assert_int_equal(n, 2);
        snn_division_free(f.ctx, &again);
        snn_division_free(f.ctx, &d);
    }
    for (uint32_t s = 0; s < SPEAKERS; s++)
        assert_true(times[s] > 8 && times[s] < 30);
    end(&f);
}

static void test_no_speakers(void **state)
{
    static const struct {
        const char *set[2];
        uint32_t speakers;
        const char *where, *what;
    } row[] = {
        {{"train.valid_speakers=1"}, 0, "train.valid_speakers", "names no speaker"},
        {{"train.valid_speakers=[7]"}, 0, "train.valid_speakers", "names no speaker"},
        {{"train.protocol=loso"}, 0, "train.protocol", "names no speaker"},
        {{"train.protocol=loso"}, 1, "train.protocol", "one speaker only"},
        {{"train.valid_speakers=[7]"}, 1, "train.valid_speakers", "one speaker only"},
        {{"train.valid_speakers=[8]"}, 3, "train.valid_speakers", "the speakers are 7, 10, 13"},
        {{"train.valid_speakers=[7, 10, 13]"}, 3, "train.valid_speakers", "all speakers"},
        {{"train.valid_speakers=3"}, 3, "train.valid_speakers", "3 of 3 speakers"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        snn_config config = run_config(1);
        snn_run_result result;
        snn_error err = {0};
        struct fixture f;

        begin(&f, row[i].speakers, 0);
        assert_int_equal(snn_config_set(&config, row[i].set[0], NULL), SNN_OK);
        assert_int_equal(train(&f, &config, &result, &err), SNN_ECONFIG);
        assert_string_equal(err.where, row[i].where);
        if (strstr(err.what, row[i].what) == NULL)
            fail_msg("%s: %s", row[i].set[0], err.what);
        assert_int_equal(folder_entries(f.folder, 0), 0);
        end(&f);
    }
}

/* A list too long for the text ends in dots, and nothing is written past it. */
static void test_many_speakers(void **state)
{
    snn_config config = run_config(1);
    struct fixture f;
    snn_division d;

    (void)state;
    begin(&f, 11, 0);
    assert_int_equal(snn_config_set(&config,
                                    "train.valid_speakers=[7, 10, 13, 16, 19, 22, 25, 28, 31, 34]",
                                    NULL),
                     SNN_OK);
    assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &d, NULL), SNN_OK);
    assert_string_equal(d.chosen_by, "held-out speakers 7, 10, 13, 16, 19, 22, 25, 28, 31, 34");
    snn_division_free(f.ctx, &d);
    end(&f);
    begin(&f, TRAIN / TOY_CLASSES, 0);
    config.train.valid_speakers = (snn_speakers){.n = 10};
    assert_int_equal(snn_division_make(f.ctx, f.data, &config.train, &d, NULL), SNN_OK);
    assert_true(strlen(d.chosen_by) < SNN_CHOSEN_BY);
    snn_division_free(f.ctx, &d);
    end(&f);
}

/* ---- when the test split is read ---------------------------------------------------- */

/* Once and after the last epoch: each stage's model in its turn.  paper reads it to choose. */
static void test_reads(void **state)
{
    static const struct {
        const char *set[3];
        uint32_t epochs, stages, tested; /* reads of the test split, in passes */
        bool early;
    } row[] = {
        {{"train.valid_share=0.2"}, 2, 0, 1, false},
        {{"train.valid_share=0"}, 2, 0, 1, false},
        {{"train.valid_speakers=1"}, 2, 0, 1, false},
        {{"train.protocol=loso"}, 2 * (SPEAKERS + 1), 0, 1, false},
        {{"train.protocol=paper"}, 2, 0, 2, true},
        {{"train.norm_reestimate=true"}, 2, 2, 2, false},
        {{"train.fine_tune_epochs=3"}, 5, 2, 2, false},
        {{"train.fine_tune_epochs=1", "train.norm_reestimate=true"}, 3, 4, 4, false},
        {{"train.fine_tune_epochs=1", "train.norm_reestimate=true", "train.valid_share=0"},
         3,
         4,
         4,
         false},
        {{"train.fine_tune_epochs=1", "train.norm_reestimate=true", "train.protocol=loso"},
         3 * (SPEAKERS + 1),
         4,
         4,
         false},
        /* two epochs, re-estimated, one epoch, re-estimated */
        {{"train.fine_tune_epochs=1", "train.norm_reestimate=true", "train.protocol=paper"},
         3,
         4,
         5,
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        snn_config config = run_config(2);
        snn_run_result result;
        struct fixture f;

        begin(&f, SPEAKERS, 0);
        for (int k = 0; k < 3 && row[i].set[k] != NULL; k++)
            assert_int_equal(snn_config_set(&config, row[i].set[k], NULL), SNN_OK);
        assert_int_equal(train(&f, &config, &result, NULL), SNN_OK);
        assert_int_equal(f.epochs, row[i].epochs);
        assert_int_equal(result.stages, row[i].stages);
        assert_int_equal(f.tested_early > 0, row[i].early);
        assert_int_equal(atomic_load(&f.toy.tested), row[i].tested * TEST);
        assert_int_equal(result.test_samples, TEST);
        assert_true(result.test.mean == result.test_accuracy);
        assert_true(result.test.low < result.test.high);
        end(&f);
    }
}

/* ---- one speaker left out --------------------------------------------------------- */

/* Mean and interval are those of the folds; a fold is the clean run without the speaker,
 * at its last epoch. */
static void test_loso(void **state)
{
    snn_config config = run_config(3);
    struct fixture f;
    snn_run_result result, fold;
    double accuracy[SPEAKERS];
    snn_interval mean;
    char *text, *line;

    (void)state;
    begin(&f, SPEAKERS, 4);
    config.train.protocol = SNN_PROTOCOL_LOSO;
    assert_int_equal(train(&f, &config, &result, NULL), SNN_OK);
    assert_int_equal(f.folds_seen, 2 + 4 + 8);
    assert_string_equal(result.protocol, "loso");
    assert_string_equal(result.chosen_by, "last epoch");
    assert_int_equal(result.folds, SPEAKERS);
    assert_int_equal(result.best_epoch, 3);
    assert_true(isnan(result.valid_accuracy));
    slurp(&f, "folds.csv", &text);
    line = strchr(text, '\n') + 1;
    for (uint32_t s = 0; s < SPEAKERS; s++, line = strchr(line, '\n') + 1) {
        unsigned speaker, samples;

        assert_int_equal(sscanf(line, "%u,%u,%lf,", &speaker, &samples, &accuracy[s]), 3);
        assert_int_equal(speaker, 7 + 3 * s);
        assert_int_equal(samples, s == 2 ? 13 : 16);
        accuracy[s] = round(accuracy[s] * samples) / samples;
    }
    assert_string_equal(line, "");
    snn_free(f.ctx, text);
    mean = snn_mean_interval(accuracy, SPEAKERS, SNN_RESULT_LEVEL);
    assert_true(fabs(result.fold.mean - mean.mean) < 1e-12);
    assert_true(fabs(result.fold.low - mean.low) < 1e-9);
    assert_true(fabs(result.fold.high - mean.high) < 1e-9);
    end(&f);

    begin(&f, SPEAKERS, 4);
    config.train.protocol = SNN_PROTOCOL_CLEAN;
    config.train.valid_speakers = (snn_speakers){.n = 1, .named = 1, .speaker = {10}};
    assert_int_equal(train(&f, &config, &fold, NULL), SNN_OK);
    slurp(&f, "metrics.csv", &text);
    line = strstr(text, "\n3,"); /* epoch, loss, its bits, training and validation */
    assert_non_null(line);
    {
        double loss, train_accuracy, valid_loss, valid_accuracy;

        assert_int_equal(sscanf(line, "\n3,%lf,%*[^,],%lf,%lf,%lf", &loss, &train_accuracy,
                                &valid_loss, &valid_accuracy),
                         4);
        assert_true(fabs(valid_accuracy - accuracy[1]) < 1e-6);
    }
    snn_free(f.ctx, text);
    end(&f);
}

/* ---- what results say ------------------------------------------------------------------ */

static void test_result_file(void **state)
{
    snn_config config = run_config(2);
    struct fixture f;
    snn_run_result result;
    char *text, wanted[128];

    (void)state;
    begin(&f, SPEAKERS, 0);
    config.train.valid_speakers.n = 1;
    config.train.norm_reestimate = 1;
    assert_int_equal(train(&f, &config, &result, NULL), SNN_OK);
    slurp(&f, "result.json", &text);
    assert_non_null(strstr(text, "{\n  \"protocol\": \"clean\",\n  \"seed\": 11,\n"));
    assert_non_null(strstr(text, "\"chosen_by\": \"held-out speaker "));
    snprintf(wanted, sizeof wanted, "\"test_accuracy\": %.9g,\n  \"test_low\": %.9g,",
             result.test_accuracy, result.test.low);
    assert_non_null(strstr(text, wanted));
    assert_non_null(strstr(text, "\"test_samples\": 9"));
    assert_non_null(strstr(text, "\"stages\": [\"trained\", \"re-estimated\"]"));
    snn_free(f.ctx, text);
    slurp(&f, "stages.csv", &text);
    assert_non_null(strstr(text, "\n\"re-estimated\","));
    snn_free(f.ctx, text);
    end(&f);
}

/* The kept stage is the best on what chose the epoch (the last where nothing chose); its
 * model is in model.h5, and has whole delays if it is not the trained one. */
static void test_kept_stage(void **state)
{
    (void)state;
    for (int judged = 0; judged < 2; judged++) {
        snn_config config = run_config(3);
        struct fixture f;
        snn_run_result r;
        snn_network *net;
        snn_evaluation test;
        snn_tensor position;
        bool whole = true;
        char path[RUN_PATH + 64];

        begin(&f, SPEAKERS, 0);
        config.train.valid_share = judged ? 0.3f : 0;
        config.train.norm_reestimate = 1;
        config.train.fine_tune_epochs = 2;
        config.train.fine_tune_lr = 0.01f;
        assert_int_equal(train(&f, &config, &r, NULL), SNN_OK);
        assert_int_equal(f.tuning_epochs, 2);
        assert_int_equal(r.stages, 4);
        assert_string_equal(r.stage[3].name, "fine-tuned, re-estimated");
        if (!judged)
            assert_int_equal(r.kept, 3);
        for (uint32_t i = 0; judged && i < r.stages; i++)
            assert_true(r.stage[i].valid_accuracy <= r.stage[r.kept].valid_accuracy);
        assert_true(r.test_accuracy == r.stage[r.kept].test_accuracy);
        assert_true(r.stage[0].test_loss != r.stage[1].test_loss);
        assert_true(r.stage[1].test_loss != r.stage[2].test_loss);
        snprintf(path, sizeof path, "%s/model.h5", f.folder);
        assert_int_equal(snn_model_load(f.ctx, path, &net, NULL, NULL), SNN_OK);
        assert_int_equal(snn_evaluate(net, f.data, SNN_SPLIT_TEST, NULL, 0, config.train.batch_size,
                                      &test, NULL),
                         SNN_OK);
        assert_true(test.loss == r.test_loss && test.accuracy == r.test_accuracy);
        assert_int_equal(snn_network_tensor(net, "layer0.position", &position, NULL), SNN_OK);
        for (size_t i = 0; i < snn_tensor_size(&position); i++) {
            const float p = ((const float *)position.data)[i];

            whole &= p == rintf(p);
        }
        assert_int_equal(whole, r.kept > 0);
        snn_network_destroy(net);
        end(&f);
    }
}

static snn_network *load_model(struct fixture *f)
{
    char path[RUN_PATH + 64];
    snn_network *net;

    snprintf(path, sizeof path, "%s/model.h5", f->folder);
    assert_int_equal(snn_model_load(f->ctx, path, &net, NULL, NULL), SNN_OK);
    return net;
}

/* Fine-tuning moves weights, leaves delays where they round to, and fits what it trains on. */
static void test_fine_tuning(void **state)
{
    snn_config config = run_config(4);
    struct fixture f;
    snn_run_result r;
    snn_network *before, *after;
    snn_evaluation fit_before, fit_after;
    snn_tensor a, b;
    size_t moved = 0;

    (void)state;
    begin(&f, SPEAKERS, 0);
    config.network.dropout = 0.5f;
    config.train.valid_share = 0;
    assert_int_equal(train(&f, &config, &r, NULL), SNN_OK);
    assert_int_equal(r.stages, 0);
    before = load_model(&f);
    config.train.fine_tune_epochs = 30;
    config.train.fine_tune_lr = 0.01f;
    assert_int_equal(train(&f, &config, &r, NULL), SNN_OK);
    assert_int_equal(r.kept, 1);
    after = load_model(&f);
    assert_int_equal(snn_network_tensor(before, "layer1.position", &a, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(after, "layer1.position", &b, NULL), SNN_OK);
    for (size_t i = 0; i < snn_tensor_size(&a); i++)
        assert_true(rintf(((float *)a.data)[i]) == ((float *)b.data)[i]);
    assert_int_equal(snn_network_tensor(before, "layer1.weight", &a, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(after, "layer1.weight", &b, NULL), SNN_OK);
    for (size_t i = 0; i < snn_tensor_size(&a); i++)
        moved += ((float *)a.data)[i] != ((float *)b.data)[i];
    assert_int_equal(moved, snn_tensor_size(&a));
    assert_int_equal(snn_network_tensor(before, "layer1.sigma", &a, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(after, "layer1.sigma", &b, NULL), SNN_OK);
    assert_memory_equal(a.data, b.data, snn_tensor_size(&a) * sizeof(float));
    assert_int_equal(snn_evaluate(before, f.data, SNN_SPLIT_TRAIN, NULL, 0, 10, &fit_before, NULL),
                     SNN_OK);
    assert_int_equal(snn_evaluate(after, f.data, SNN_SPLIT_TRAIN, NULL, 0, 10, &fit_after, NULL),
                     SNN_OK);
    assert_true(fit_after.loss < 0.9 * fit_before.loss);
    snn_network_destroy(after);
    snn_network_destroy(before);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named_speakers), cmocka_unit_test(test_drawn_speakers),
        cmocka_unit_test(test_no_speakers),    cmocka_unit_test(test_many_speakers),
        cmocka_unit_test(test_reads),          cmocka_unit_test(test_loso),
        cmocka_unit_test(test_result_file),    cmocka_unit_test(test_kept_stage),
        cmocka_unit_test(test_fine_tuning),
    };

    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
