/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Invariant I3: no allocation inside a training step.
 *
 * The trainer: its updates against an independent Adam in double precision fed
 * with the tape's gradients, its schedules, and what it says when it diverges.
 */
#include "tests/cmocka_all.h"
#include "tests/toy_data.h"

#include <snn/train.h>

#include <float.h>

#define BATCH 6u

struct fixture {
    snn_context *ctx;
    struct toy toy;
    snn_dataset *data;
    snn_network *net;
    snn_trainer *trainer;
    snn_loader *loader;
    snn_train_params train;
};

static void begin(struct fixture *f, snn_delay_mode mode, snn_train_params train)
{
    snn_network_params shape;

    memset(f, 0, sizeof *f);
    f->toy.seed = 3;
    f->toy.fail_at = -1;
    f->train = train;
    assert_int_equal(snn_context_create(NULL, &f->ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(f->ctx, &f->toy, 40, 0, 8, &f->data, NULL), SNN_OK);
    snn_network_params_init(&shape);
    shape.n_inputs = TOY_INPUTS;
    shape.n_outputs = TOY_CLASSES;
    shape.n_hidden = 1;
    shape.hidden[0] = 13;
    shape.bias = 1;
    shape.delay.max_delay = 7;
    shape.delay.mode = mode;
    assert_int_equal(snn_network_create(f->ctx, &shape, 1, &f->net, NULL), SNN_OK);
    assert_int_equal(snn_trainer_create(f->net, &train, TOY_STEPS, &f->trainer, NULL), SNN_OK);
    assert_int_equal(
        snn_loader_create(f->ctx, f->data, SNN_SPLIT_TRAIN, NULL, 0, BATCH, &f->loader, NULL),
        SNN_OK);
    assert_int_equal(snn_loader_start(f->loader, 1, 1, 0, 0, NULL), SNN_OK);
}

static void end(struct fixture *f)
{
    snn_loader_destroy(f->loader);
    snn_trainer_destroy(f->trainer);
    snn_network_destroy(f->net);
    snn_dataset_destroy(f->data);
    assert_int_equal(snn_context_bytes(f->ctx), 0);
    snn_context_destroy(f->ctx);
}

static snn_train_params parameters(void)
{
    snn_train_params train;

    snn_train_params_init(&train);
    train.batch_size = BATCH;
    train.epochs = 10;
    train.weight_schedule = SNN_SCHEDULE_CONSTANT;
    train.position_schedule = SNN_SCHEDULE_CONSTANT;
    train.lr_weight = 1e-2f;
    train.weight_decay = 1e-2f;
    return train;
}

static snn_status step(struct fixture *f, snn_step_result *result, snn_error *err)
{
    const snn_batch *batch;

    assert_int_equal(snn_loader_next(f->loader, &batch, NULL), SNN_OK);
    assert_non_null(batch);
    return snn_trainer_step(f->trainer, batch, result, err);
}

/* ---- an Adam of its own -------------------------------------------------- */

#define MOST 8192

/* Parameters of one tensor in double, with sums of magnitudes for the bound. */
struct model {
    char name[SNN_TENSOR_NAME];
    size_t n;
    double x[MOST], m[MOST], v[MOST], magnitude[MOST], slack[MOST];
};

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static double global_norm(struct fixture *f, struct model *models, int n)
{
    double sum = 0;

    for (int k = 0; k < n; k++) {
        char name[SNN_TENSOR_NAME + 8];
        snn_tensor grad;

        snprintf(name, sizeof name, "grad.%s", models[k].name);
        assert_int_equal(snn_tape_tensor(snn_trainer_tape(f->trainer), name, &grad, NULL), SNN_OK);
        for (size_t i = 0; i < models[k].n; i++)
            sum += pow(((const float *)grad.data)[i], 2);
    }
    return sqrt(sum);
}

/*
 * Rounding of the float update, u its size: m and v are sums of t terms of either
 * sign, each rounded a few times relative to the terms' magnitudes; quotient, root
 * and product add a few eps of u; the new x rounds to eps/2 of x.  Errors of the
 * steps before stay in x (slack).
 */
static void check_model(struct fixture *f, struct model *p, int t, double scale)
{
    const bool decays = ends_with(p->name, ".weight"), moves = ends_with(p->name, ".position");
    const double b1 = f->train.beta1, b2 = f->train.beta2, eps = f->train.eps;
    const double lr = moves ? f->train.lr_position : f->train.lr_weight;
    struct test_near near = test_near_begin(p->name, 1);
    char name[SNN_TENSOR_NAME + 8];
    snn_tensor value, grad;

    snprintf(name, sizeof name, "grad.%s", p->name);
    assert_int_equal(snn_tape_tensor(snn_trainer_tape(f->trainer), name, &grad, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(f->net, p->name, &value, NULL), SNN_OK);
    for (size_t i = 0; i < p->n; i++) {
        const double g = ((const float *)grad.data)[i] * scale +
                         (decays ? (double)f->train.weight_decay * p->x[i] : 0);
        double update, root;

        p->m[i] = b1 * p->m[i] + (1 - b1) * g;
        p->v[i] = b2 * p->v[i] + (1 - b2) * g * g;
        p->magnitude[i] = b1 * p->magnitude[i] + (1 - b1) * (fabs(g) + p->slack[i]);
        root = sqrt(p->v[i] / (1 - pow(b2, t))) + eps;
        update = lr / (1 - pow(b1, t)) * p->m[i] / root;
        p->slack[i] += FLT_EPSILON * (4 * t + 8) * lr / (1 - pow(b1, t)) * p->magnitude[i] / root +
                       FLT_EPSILON * fabs(p->x[i]);
        p->x[i] -= update;
        if (moves)
            p->x[i] = fmax(-3, fmin(3, p->x[i]));
        check_near(&near, i, p->x[i], ((const float *)value.data)[i], p->slack[i]);
    }
    test_near_end(&near);
}

static void run_adam(float clip)
{
    snn_train_params train = parameters();
    static struct model models[8];
    struct fixture f;
    snn_tensor tensor;
    int n = 0;

    train.gradient_clip = clip;
    begin(&f, SNN_DELAYS_LEARNED, train);
    memset(models, 0, sizeof models);
    for (size_t i = 0; snn_network_tensor_at(f.net, i, &tensor) == SNN_OK; i++) {
        if (ends_with(tensor.name, ".sigma") || ends_with(tensor.name, ".mean") ||
            ends_with(tensor.name, ".variance"))
            continue;
        snprintf(models[n].name, sizeof models[n].name, "%s", tensor.name);
        models[n].n = snn_tensor_size(&tensor);
        assert_true(n < 8 && models[n].n <= MOST);
        for (size_t k = 0; k < models[n].n; k++)
            models[n].x[k] = ((const float *)tensor.data)[k];
        n++;
    }
    assert_int_equal(n, 8); /* weight, position, bias twice; gamma, beta once */
    for (int t = 1; t <= 5; t++) {
        snn_step_result result;
        double norm;

        assert_int_equal(step(&f, &result, NULL), SNN_OK);
        norm = global_norm(&f, models, n);
        assert_true(norm > 0);
        for (int k = 0; k < n; k++)
            check_model(&f, &models[k], t, clip > 0 && norm > clip ? clip / (norm + 1e-6) : 1);
        assert_int_equal(snn_trainer_updates(f.trainer), t);
    }
    end(&f);
}

static void test_adam(void **state)
{
    (void)state;
    run_adam(0);
}

static void test_adam_clipped(void **state)
{
    (void)state;
    run_adam(1e-3f);
}

/* ---- memory, schedules, failures ------------------------------------------ */

static void test_no_allocation(void **state)
{
    struct fixture f;
    snn_step_result result;
    uint64_t blocks;

    (void)state;
    begin(&f, SNN_DELAYS_LEARNED, parameters());
    blocks = snn_context_allocations(f.ctx);
    for (int k = 0; k < 7; k++) /* the last batch is a smaller one */
        assert_int_equal(step(&f, &result, NULL), SNN_OK);
    assert_int_equal(snn_context_allocations(f.ctx), blocks);
    end(&f);
}

/* Positions that are fixed stay where they were drawn; weights do not. */
static void test_fixed_delays(void **state)
{
    struct fixture f;
    snn_step_result result;
    snn_tensor position, weight, moment;
    float before[MOST], first;
    size_t bytes;

    (void)state;
    begin(&f, SNN_DELAYS_FIXED, parameters());
    assert_int_equal(snn_network_tensor(f.net, "layer0.position", &position, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(f.net, "layer0.weight", &weight, NULL), SNN_OK);
    bytes = snn_tensor_size(&position) * sizeof(float);
    memcpy(before, position.data, bytes);
    first = *(const float *)weight.data;
    for (int k = 0; k < 3; k++)
        assert_int_equal(step(&f, &result, NULL), SNN_OK);
    assert_memory_equal(before, position.data, bytes);
    assert_true(first != *(const float *)weight.data);
    for (size_t i = 0; snn_trainer_tensor_at(f.trainer, i, &moment) == SNN_OK; i++)
        assert_null(strstr(moment.name, "position"));
    end(&f);
}

/* Sigma shrinks after each epoch before the final one and then stays. */
static void test_sigma(void **state)
{
    snn_train_params train = parameters();
    struct fixture f;
    snn_rates rates;
    float expected = 3;

    (void)state;
    train.epochs = 10;
    train.sigma_share = 0.5f;
    train.sigma_final = 0.23f;
    begin(&f, SNN_DELAYS_LEARNED, train);
    snn_network_set_sigma(f.net, expected);
    for (uint32_t e = 0; e < train.epochs; e++) {
        snn_trainer_begin_epoch(f.trainer, e);
        snn_trainer_rates(f.trainer, &rates);
        assert_true(rates.sigma == expected);
        snn_trainer_end_epoch(f.trainer);
        if (e < 5)
            expected = (float)(expected * pow((double)0.23f / 3, 0.2));
    }
    assert_true(fabs(rates.sigma - 0.23) < 1e-6);
    end(&f);
}

/* A NaN in the read-out shows in the loss, one in a hidden layer in a gradient;
 * either way the message names place, rate and remedy. */
static void test_divergence(void **state)
{
    static const char *const where[] = {"layer0.weight", "layer1.weight", "layer0.position"};

    (void)state;
    for (size_t k = 0; k < sizeof where / sizeof where[0]; k++) {
        struct fixture f;
        snn_step_result result = {.loss = 42};
        snn_error err = {0};
        snn_tensor tensor;

        begin(&f, SNN_DELAYS_LEARNED, parameters());
        snn_trainer_begin_epoch(f.trainer, 4);
        assert_int_equal(step(&f, &result, NULL), SNN_OK);
        result.loss = 42;
        assert_int_equal(snn_network_tensor(f.net, where[k], &tensor, NULL), SNN_OK);
        *(float *)tensor.data = NAN;
        assert_int_equal(step(&f, &result, &err), SNN_EDIVERGED);
        assert_true(result.loss == 42);
        assert_non_null(strstr(err.where, "epoch 5, batch 2"));
        assert_non_null(strstr(err.what, "learning rates"));
        assert_non_null(strstr(err.what, "gradient_clip"));
        end(&f);
    }
}

static void test_parameters(void **state)
{
    snn_train_params train = parameters();
    struct fixture f;
    snn_trainer *trainer = NULL;

    (void)state;
    begin(&f, SNN_DELAYS_LEARNED, train);
    train.batch_size = 0;
    assert_int_equal(snn_trainer_create(f.net, &train, 5, &trainer, NULL), SNN_EINVAL);
    train = parameters();
    train.beta2 = 1;
    assert_int_equal(snn_trainer_create(f.net, &train, 5, &trainer, NULL), SNN_EINVAL);
    train = parameters();
    train.lr_weight = NAN;
    assert_int_equal(snn_trainer_create(f.net, &train, 5, &trainer, NULL), SNN_EINVAL);
    train = parameters();
    train.size = 0;
    assert_int_equal(snn_trainer_create(f.net, &train, 5, &trainer, NULL), SNN_EINVAL);
    assert_null(trainer);
    snn_trainer_destroy(NULL);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adam),          cmocka_unit_test(test_adam_clipped),
        cmocka_unit_test(test_no_allocation), cmocka_unit_test(test_fixed_delays),
        cmocka_unit_test(test_sigma),         cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_parameters),
    };

    return cmocka_run_group_tests_name("trainer", tests, NULL, NULL);
}
