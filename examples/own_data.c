/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Training on one's own data: a program fills in how one sample is read, and the
 * library does the rest (batches ahead of the step, epochs, evaluation, files).
 *
 * The data here: four sensors see something pass by.  It comes from the left or
 * from the right, slowly or fast, so a class is an order and a pace of events.
 *
 *     usage: own_data [FOLDER]     the run's files go to FOLDER, if given
 */
#include <snn/snn.h>

#include <stdio.h>
#include <string.h>

enum { SENSORS = 4, CLASSES = 4, STEPS = 30 };

/* What `read` writes for one sample; each reading thread has its own. */
typedef struct scratch {
    float frame[STEPS][SENSORS];
} scratch;

static snn_status read_sample(void *self, snn_split split, uint32_t index, void *memory,
                              snn_sample *out, snn_error *err)
{
    const snn_key key = {2026, SNN_STREAM_USER + (uint32_t)split};
    const uint32_t label = index % CLASSES;
    const uint32_t pace = label / 2 == 0 ? 2 : 4; /* steps from sensor to sensor */
    const uint32_t start = snn_random_below(key, index, 0, 0, STEPS - 3 * 4);
    scratch *s = memory;

    (void)self;
    (void)err; /* a reader of files would say here what is wrong, and where */
    memset(s, 0, sizeof *s);
    for (uint32_t i = 0; i < SENSORS; i++) {
        const uint32_t sensor = label % 2 == 0 ? i : SENSORS - 1 - i;

        s->frame[start + i * pace][sensor] = 1;
    }
    s->frame[snn_random_below(key, index, 1, 0, STEPS)][index % SENSORS] += 1; /* a false alarm */
    *out = (snn_sample){
        .label = label, .speaker = SNN_NO_SPEAKER, .steps = STEPS, .frames = s->frame[0]};
    return SNN_OK;
}

static const char *class_name(void *self, uint32_t label)
{
    static const char *const names[CLASSES] = {"right, fast", "left, fast", "right, slow",
                                               "left, slow"};

    (void)self;
    return names[label];
}

static void print_epoch(void *user, const snn_epoch_report *report)
{
    (void)user;
    printf("epoch %2u of %u  loss %.3f  training %3.0f %%  validation %3.0f %%\n", report->epoch,
           report->epochs, report->loss, 100 * report->train_accuracy,
           100 * report->valid_accuracy);
}

int main(int argc, char **argv)
{
    const snn_dataset_ops ops = {.size = sizeof ops, .read = read_sample, .class_name = class_name};
    const snn_dataset_info info = {.kind = "sensors",
                                   .n_inputs = SENSORS,
                                   .n_classes = CLASSES,
                                   .count = {[SNN_SPLIT_TRAIN] = 1000, [SNN_SPLIT_TEST] = 200},
                                   .max_steps = STEPS,
                                   .scratch_bytes = sizeof(scratch),
                                   .time_step_ms = 10};
    snn_context *ctx = NULL;
    snn_dataset *data = NULL;
    snn_config config;
    snn_run_params run;
    snn_run_result result = {0};
    snn_error err = {0};

    snn_config_init(&config);
    if (snn_config_set(&config, "network.hidden=[24]", &err) ||
        snn_config_set(&config, "network.dropout=0", &err) ||
        snn_config_set(&config, "delay.max_delay=15", &err) ||
        snn_config_set(&config, "train.epochs=12", &err) ||
        snn_config_set(&config, "train.batch_size=20", &err) ||
        snn_config_set(&config, "train.valid_share=0.1", &err))
        goto done;
    snn_run_params_init(&run);
    run.folder = argc > 1 ? argv[1] : NULL;
    run.on_epoch = print_epoch;
    if (snn_context_create(NULL, &ctx, &err) ||
        snn_dataset_create(ctx, &ops, &info, NULL, &data, &err) ||
        snn_train(ctx, &config, data, &run, &result, &err))
        goto done;
    printf("test %.0f %% (chance 25 %%), network of epoch %u\n", 100 * result.test_accuracy,
           result.best_epoch);
done:
    if (err.status != SNN_OK)
        printf("%s: %s\n", err.where, err.what);
    snn_dataset_destroy(data);
    snn_context_destroy(ctx);
    return err.status == SNN_OK && result.test_accuracy > 0.9 ? 0 : 1;
}
