/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sparse layers: each neuron has exactly its fan-in; which inputs, the seed decides, each
 * alike; a synapse that does not exist has no gradient and weighs nothing, whatever the
 * optimiser does; and files say which exist.
 */
#include "tests/run_folder.h"

#include "snn/net/net.h"
#include "snn/train/run.h"

#define INPUTS 40u
#define HIDDEN 300u
#define FAN_IN 10u

static snn_context *ctx;

static int open_context(void **state)
{
    (void)state;
    return snn_context_create(NULL, &ctx, NULL) == SNN_OK ? 0 : -1;
}

static int close_context(void **state)
{
    const size_t bytes = snn_context_bytes(ctx);

    (void)state;
    snn_context_destroy(ctx);
    return bytes == 0 ? 0 : -1;
}

static snn_network_params params_of(uint32_t fan_in, uint32_t kernel_count)
{
    snn_network_params p;

    snn_network_params_init(&p);
    p.n_inputs = INPUTS;
    p.n_outputs = 4;
    p.n_hidden = 2;
    p.hidden[0] = HIDDEN;
    p.hidden[1] = 7; /* below the fan-in of the read-out */
    p.fan_in = fan_in;
    p.delay.kernel_count = kernel_count;
    p.delay.max_delay = 7;
    return p;
}

static snn_network *network(const snn_network_params *params, uint64_t seed)
{
    snn_network *net = NULL;

    assert_int_equal(snn_network_create(ctx, params, seed, &net, NULL), SNN_OK);
    return net;
}

static void *tensor(const snn_network *net, const char *name, snn_tensor *out)
{
    assert_int_equal(snn_network_tensor(net, name, out, NULL), SNN_OK);
    return out->data;
}

/* Exactly min(fan_in, n_in) inputs a neuron, in every layer; the count follows. */
static void exact_fan_in(void **state)
{
    (void)state;
    for (uint32_t fan_in = 1; fan_in <= INPUTS + 1; fan_in += fan_in < 9 ? 4 : 31) {
        const snn_network_params params = params_of(fan_in, 2);
        snn_network *net = network(&params, 3);
        const uint32_t n_in[] = {INPUTS, HIDDEN, 7}, n_out[] = {HIDDEN, 7, 4};
        size_t count = 2 * (HIDDEN + 7); /* gamma and beta */

        for (uint32_t l = 0; l < 3; l++) {
            const uint32_t n = fan_in < n_in[l] ? fan_in : n_in[l];
            const float bound = sqrtf(6.0f / (2.0f * (float)n));
            char name[32];
            snn_tensor mask, weight;
            const uint8_t *m;
            const float *w;
            float top = 0.0f;

            snprintf(name, sizeof name, "layer%u.mask", l);
            m = tensor(net, name, &mask);
            assert_int_equal(mask.dtype, SNN_U8);
            assert_int_equal(mask.shape[0], n_out[l]);
            assert_int_equal(mask.shape[1], n_in[l]);
            snprintf(name, sizeof name, "layer%u.weight", l);
            w = tensor(net, name, &weight);
            for (uint32_t o = 0; o < n_out[l]; o++) {
                uint32_t found = 0;

                for (uint32_t i = 0; i < n_in[l]; i++) {
                    const size_t s = (size_t)o * n_in[l] + i;

                    found += m[s];
                    assert_true(m[s] <= 1);
                    for (size_t k = 0; k < 2; k++) {
                        const float value = w[k * n_out[l] * n_in[l] + s];

                        assert_true(m[s] == 1 ? fabsf(value) <= bound : value == 0.0f);
                        top = fmaxf(top, fabsf(value));
                    }
                }
                assert_int_equal(found, n);
            }
            /* Of 8 draws or more the largest is in the upper half, but for 2^-8. */
            assert_true(top > 0.5f * bound);
            count += 4 * (size_t)n_out[l] * n;
        }
        assert_int_equal(snn_network_parameter_count(net), count);
        snn_network_destroy(net);
    }
}

/* Every input is chosen alike: counts over all neurons have the variance of draws without
 * replacement; and another seed or layer chooses others. */
static void fair_choice(void **state)
{
    const uint64_t seed = test_seed(5);
    const snn_network_params params = params_of(FAN_IN, 1);
    snn_network *net = network(&params, seed), *again = network(&params, seed),
                *other = network(&params, seed + 1);
    const double share = (double)FAN_IN / INPUTS;
    double chi = 0.0;
    snn_tensor a, b, c;
    uint32_t count[INPUTS] = {0};

    (void)state;
    tensor(net, "layer0.mask", &a);
    tensor(again, "layer0.mask", &b);
    tensor(other, "layer0.mask", &c);
    assert_memory_equal(a.data, b.data, INPUTS * HIDDEN);
    assert_memory_not_equal(a.data, c.data, INPUTS * HIDDEN);
    for (uint32_t s = 0; s < INPUTS * HIDDEN; s++)
        count[s % INPUTS] += ((const uint8_t *)a.data)[s];
    for (uint32_t i = 0; i < INPUTS; i++)
        chi += pow(count[i] - HIDDEN * share, 2) / (HIDDEN * share * (1.0 - share));
    /* 39 degrees of freedom: mean 39 (scaled 40/39), deviation 8.8; six of them. */
    assert_true(fabs(chi - INPUTS) < 6.0 * sqrt(2.0 * INPUTS));
    snn_network_destroy(other);
    snn_network_destroy(again);
    snn_network_destroy(net);
}

/* The dense network's weights where there is a synapse, but for the wider bound. */
static void same_draws(void **state)
{
    const snn_network_params dense = params_of(0, 1), sparse = params_of(FAN_IN, 1);
    snn_network *a = network(&dense, 4), *b = network(&sparse, 4);
    snn_tensor w[2], p[2], mask;
    const float wider = sqrtf((float)INPUTS / (float)FAN_IN);

    (void)state;
    assert_int_equal(snn_network_tensor(a, "layer0.mask", &mask, NULL), SNN_ENOTFOUND);
    tensor(b, "layer0.mask", &mask);
    tensor(a, "layer0.weight", &w[0]);
    tensor(b, "layer0.weight", &w[1]);
    tensor(a, "layer0.position", &p[0]);
    tensor(b, "layer0.position", &p[1]);
    for (size_t s = 0; s < INPUTS * HIDDEN; s++) {
        if (((uint8_t *)mask.data)[s] == 0)
            continue;
        assert_true(fabsf(((float *)w[1].data)[s] - wider * ((float *)w[0].data)[s]) < 1e-6f);
        assert_true(((float *)p[0].data)[s] == ((float *)p[1].data)[s]);
    }
    snn_network_destroy(b);
    snn_network_destroy(a);
}

/* ---- training ----------------------------------------------------------------------------- */

static void nothing_where_missing(const snn_network *net, const snn_tape *tape, uint32_t elements)
{
    static const char *const kinds[] = {"weight", "position", "grad.weight", "grad.position"};

    for (uint32_t l = 0; l < snn_network_layers(net); l++) {
        snn_tensor mask, values;
        size_t alive = 0;
        char name[48];

        snprintf(name, sizeof name, "layer%u.mask", l);
        tensor(net, name, &mask);
        for (size_t k = 0; k < SNN_COUNT(kinds); k++) {
            const char *part = strrchr(kinds[k], '.');
            const size_t synapses = snn_tensor_size(&mask);

            snprintf(name, sizeof name, "%slayer%u.%s", part != NULL ? "grad." : "", l,
                     part != NULL ? part + 1 : kinds[k]);
            if (part != NULL)
                assert_int_equal(snn_tape_tensor(tape, name, &values, NULL), SNN_OK);
            else
                tensor(net, name, &values);
            for (size_t i = 0; i < elements * synapses; i++) {
                if (((uint8_t *)mask.data)[i % synapses] == 0)
                    assert_true(((float *)values.data)[i] == 0.0f);
                else
                    alive += ((float *)values.data)[i] != 0.0f;
            }
        }
        assert_true(alive > 0);
    }
}

static void stays_sparse(void **state)
{
    static const snn_kernel_version versions[] = {SNN_KERNEL_GAUSS, SNN_KERNEL_MAX, SNN_KERNEL_V1,
                                                  SNN_KERNEL_V0};
    static float x[12 * 6 * INPUTS];
    const uint32_t label[6] = {0, 1, 2, 3, 0, 1};
    uint64_t random = test_seed(6);

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(x); i++)
        x[i] = test_uniform(&random, 0.0f, 2.0f);
    for (size_t v = 0; v < SNN_COUNT(versions); v++) {
        const snn_batch batch = {.batch = 6, .steps = 12, .x = x, .label = label};
        snn_network_params params = params_of(FAN_IN, 1 + (uint32_t)v % 2);
        snn_train_params train;
        snn_step_result result;
        snn_trainer *trainer;
        snn_network *net;

        params.hidden[0] = 30;
        params.delay.version = versions[v];
        net = network(&params, 9);
        snn_train_params_init(&train);
        train.batch_size = 6;
        train.weight_decay = 0.1f;
        train.gradient_clip = 0.5f;
        assert_int_equal(snn_trainer_create(net, &train, 12, &trainer, NULL), SNN_OK);
        snn_trainer_begin_epoch(trainer, 0);
        for (int k = 0; k < 5; k++) {
            assert_int_equal(snn_trainer_step(trainer, &batch, &result, NULL), SNN_OK);
            nothing_where_missing(net, snn_trainer_tape(trainer), params.delay.kernel_count);
        }
        snn_trainer_destroy(trainer);
        snn_network_destroy(net);
    }
}

/* Frozen weights keep their bits under decay and clipping; positions and the rest move. */
static void frozen_weights(void **state)
{
    static float x[12 * 6 * INPUTS];
    const uint32_t label[6] = {0, 1, 2, 3, 0, 1};
    const snn_batch batch = {.batch = 6, .steps = 12, .x = x, .label = label};
    const snn_network_params params = params_of(0, 2);
    snn_network *net = network(&params, 9), *before = network(&params, 9);
    uint64_t random = test_seed(7);
    snn_train_params train;
    snn_step_result result;
    snn_trainer *trainer;
    snn_tensor a, b;

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(x); i++)
        x[i] = test_uniform(&random, 0.0f, 2.0f);
    snn_train_params_init(&train);
    train.batch_size = 6;
    train.weight_decay = 0.1f;
    train.freeze_weights = 1;
    assert_int_equal(snn_trainer_create(net, &train, 12, &trainer, NULL), SNN_OK);
    snn_trainer_begin_epoch(trainer, 0);
    for (int k = 0; k < 3; k++)
        assert_int_equal(snn_trainer_step(trainer, &batch, &result, NULL), SNN_OK);
    for (size_t i = 0; snn_network_tensor_at(before, i, &a) == SNN_OK; i++) {
        const bool frozen = strstr(a.name, "weight") != NULL || strstr(a.name, "sigma") != NULL;

        tensor(net, a.name, &b);
        assert_int_equal(memcmp(a.data, b.data, snn_tensor_size(&a) * sizeof(float)) == 0, frozen);
    }
    assert_int_equal(snn_trainer_parameter_count(trainer),
                     snn_network_parameter_count(net) - 2 * (INPUTS * HIDDEN + HIDDEN * 7 + 7 * 4));
    for (size_t i = 0; snn_trainer_tensor_at(trainer, i, &a) == SNN_OK; i++)
        assert_null(strstr(a.name, "weight"));
    snn_trainer_destroy(trainer);
    snn_network_destroy(before);
    snn_network_destroy(net);
}

/* ---- files -------------------------------------------------------------------------------- */

/* A model keeps its synapses; one that contradicts itself is refused. */
static void mask_in_model(void **state)
{
    const snn_network_params params = params_of(FAN_IN, 2);
    snn_network *net = network(&params, 12), *loaded = NULL;
    char folder[RUN_PATH], path[RUN_PATH + 16];
    snn_tensor a, b, mask;
    snn_error err = {0};
    uint8_t *m;

    (void)state;
    folder_make(folder);
    snprintf(path, sizeof path, "%s/m.h5", folder);
    assert_int_equal(snn_model_save(net, NULL, path, &err), SNN_OK);
    assert_int_equal(snn_model_load(ctx, path, &loaded, NULL, &err), SNN_OK);
    for (size_t i = 0; snn_network_tensor_at(net, i, &a) == SNN_OK; i++) {
        tensor(loaded, a.name, &b);
        assert_memory_equal(a.data, b.data, snn_tensor_size(&a) * snn_dtype_bytes(a.dtype));
    }
    assert_int_equal(snn_network_parameter_count(loaded), snn_network_parameter_count(net));
    snn_network_destroy(loaded);
    loaded = NULL;
    m = tensor(net, "layer1.mask", &mask);
    for (int fault = 0; fault < 3; fault++) {
        size_t on = 0, off = 0;

        while (m[on] == 0)
            on++;
        while (m[off] == 1)
            off++;
        if (fault == 0) {
            m[off] = 1; /* one too many */
        } else if (fault == 1) {
            m[on] = 2; /* neither */
        } else {       /* moved away from its weight */
            m[off] = 1;
            m[on] = 0;
        }
        assert_int_equal(snn_model_save(net, NULL, path, NULL), SNN_OK);
        assert_int_equal(snn_model_load(ctx, path, &loaded, NULL, &err), SNN_EFORMAT);
        assert_non_null(strstr(err.where, "m.h5"));
        assert_non_null(strstr(err.what, "mask"));
        assert_non_null(strstr(err.what, "layer 1"));
        assert_null(loaded);
        m[off] = 0;
        m[on] = 1;
    }
    folder_entries(folder, 1);
    snn_network_destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_fan_in),   cmocka_unit_test(fair_choice),
        cmocka_unit_test(same_draws),     cmocka_unit_test(stays_sparse),
        cmocka_unit_test(frozen_weights), cmocka_unit_test(mask_in_model),
    };

    return cmocka_run_group_tests_name("sparse", tests, open_context, close_context);
}
