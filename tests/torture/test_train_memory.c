/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that runs out at the k-th block, for every k: creating a trainer and a
 * loader and doing a step, saving and loading a model, and a whole run with its
 * checkpoint.  Each must say SNN_ENOMEM and give back every block.
 */
#include "tests/run_folder.h"

struct budget {
    long left; /* blocks until failure; < 0 = no end */
    long held;
};

static void *allocate(void *user, size_t bytes)
{
    struct budget *b = user;
    void *block = NULL;

    if (b->left == 0)
        return NULL;
    if (posix_memalign(&block, 64, bytes) != 0)
        return NULL;
    b->left -= b->left > 0;
    b->held++;
    return block;
}

static void release(void *user, void *block)
{
    struct budget *b = user;

    b->held--;
    free(block);
}

/* What the rehearsed actions share. */
struct stage {
    struct budget budget;
    snn_context *ctx;
    struct toy toy;
    snn_dataset *data;
    snn_network *net;
    snn_config config;
    char folder[RUN_PATH], model[RUN_PATH + 16];
};

static snn_status do_step(struct stage *s)
{
    snn_trainer *trainer = NULL;
    snn_loader *loader = NULL;
    const snn_batch *batch;
    snn_step_result result;
    snn_status st = snn_trainer_create(s->net, &s->config.train, TOY_STEPS, &trainer, NULL);

    if (st == SNN_OK)
        st = snn_loader_create(s->ctx, s->data, SNN_SPLIT_TRAIN, NULL, 0, 5, &loader, NULL);
    if (st == SNN_OK)
        st = snn_loader_augment(loader, &s->config.augment, NULL);
    if (st == SNN_OK)
        st = snn_loader_start(loader, 1, 1, 0, 0, NULL);
    if (st == SNN_OK)
        st = snn_loader_next(loader, &batch, NULL);
    if (st == SNN_OK)
        st = snn_trainer_step(trainer, batch, &result, NULL);
    snn_loader_destroy(loader);
    snn_trainer_destroy(trainer);
    return st;
}

static snn_status do_save(struct stage *s)
{
    return snn_model_save(s->net, &s->config, s->model, NULL);
}

static snn_status do_load(struct stage *s)
{
    snn_network *net = NULL;
    snn_status st = snn_model_load(s->ctx, s->model, &net, NULL, NULL);

    snn_network_destroy(net);
    return st;
}

static snn_status do_evaluate(struct stage *s)
{
    snn_evaluation out;

    return snn_evaluate(s->net, s->data, SNN_SPLIT_TEST, NULL, 0, 5, &out, NULL);
}

static snn_status run(struct stage *s, int resume)
{
    snn_run_params params;
    snn_run_result result;

    snn_run_params_init(&params);
    params.folder = s->folder;
    params.resume = resume;
    return snn_train(s->ctx, &s->config, s->data, &params, &result, NULL);
}

static snn_status do_run(struct stage *s)
{
    return run(s, 0);
}

static snn_status do_resume(struct stage *s)
{
    return run(s, 1);
}

/* Returns the number of blocks the action takes when memory does not end. */
static long rehearse(struct stage *s, snn_status (*action)(struct stage *s), long most)
{
    long k;

    for (k = 0; k < most; k++) {
        const long held = s->budget.held;
        snn_status st;

        s->budget.left = k;
        st = action(s);
        s->budget.left = -1;
        assert_int_equal(s->budget.held, held);
        if (st == SNN_OK)
            break;
        if (st != SNN_ENOMEM)
            fail_msg("block %ld: %s", k, snn_status_text(st));
    }
    assert_true(k > 0 && k < most);
    return k;
}

static void test_memory(void **state)
{
    struct stage s = {.budget = {.left = -1}, .toy = {.seed = 8, .fail_at = -1}};
    const snn_allocator allocator = {allocate, release, &s.budget};
    snn_context_params context;
    snn_network_params shape;

    (void)state;
    snn_context_params_init(&context);
    context.allocator = &allocator;
    context.threads = 2;
    assert_int_equal(snn_context_create(&context, &s.ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(s.ctx, &s.toy, 20, 0, 5, &s.data, NULL), SNN_OK);
    folder_make(s.folder);
    snprintf(s.model, sizeof s.model, "%s/other.h5", s.folder);
    s.config = run_config(1);
    s.config.augment.blend = s.config.augment.cutmix = 0.5f;
    snn_config_network(&s.config, snn_dataset_get_info(s.data), &shape);
    assert_int_equal(snn_network_create(s.ctx, &shape, 1, &s.net, NULL), SNN_OK);
    print_message("# blocks: step %ld", rehearse(&s, do_step, 400));
    print_message(", save %ld", rehearse(&s, do_save, 100));
    print_message(", load %ld", rehearse(&s, do_load, 200));
    print_message(", evaluate %ld", rehearse(&s, do_evaluate, 300));
    print_message(", run %ld", rehearse(&s, do_run, 1500));
    print_message(", resume %ld", rehearse(&s, do_resume, 1500));
    assert_int_equal(folder_entries(s.folder, 0), 8); /* no temporary file stays */
    folder_entries(s.folder, 1);
    /* Two speakers left out in turn, and everything that may follow a training. */
    folder_make(s.folder);
    s.toy.speakers = 2;
    s.config.train.protocol = SNN_PROTOCOL_LOSO;
    s.config.train.norm_reestimate = 1;
    s.config.train.fine_tune_epochs = 1;
    print_message(", parts %ld\n", rehearse(&s, do_run, 3000));
    folder_entries(s.folder, 1);
    snn_network_destroy(s.net);
    snn_dataset_destroy(s.data);
    snn_context_destroy(s.ctx);
    assert_int_equal(s.budget.held, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory)};

    return cmocka_run_group_tests_name("train_memory", tests, NULL, NULL);
}
