/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The arms of configs/arms: each is a configuration without contradictions, differs from
 * the published network in what its name says alone, and has the parameters that its first
 * lines state.  Also the counts of the paper's table.
 */
#include "tests/cmocka_all.h"

#include <snn/config.h>
#include <snn/train.h>

#define SHD_INPUTS  140
#define SHD_CLASSES 20

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

static void load(const char *name, snn_config *config, char path[4096])
{
    const char *top = getenv("abs_top_srcdir");
    snn_error err = {0};

    snprintf(path, 4096, "%s/configs/%s.yaml", top != NULL ? top : ".", name);
    snn_config_init(config);
    if (snn_config_load(config, path, &err) != SNN_OK || snn_config_check(config, &err) != SNN_OK)
        fail_msg("%s: %s: %s", name, err.where, err.what);
}

/* What a training of it updates. */
static size_t trained(const snn_config *config, uint32_t inputs, uint32_t classes)
{
    snn_network_params params = config->network;
    snn_train_params train = config->train;
    snn_network *net;
    snn_trainer *trainer;
    size_t n;

    params.n_inputs = inputs;
    params.n_outputs = classes;
    params.time_step_ms = config->data.time_step_ms;
    train.batch_size = 1;
    assert_int_equal(snn_network_create(ctx, &params, 1, &net, NULL), SNN_OK);
    assert_int_equal(snn_trainer_create(net, &train, 1, &trainer, NULL), SNN_OK);
    n = snn_trainer_parameter_count(trainer);
    if (!train.freeze_weights)
        assert_int_equal(n, snn_network_parameter_count(net));
    snn_trainer_destroy(trainer);
    snn_network_destroy(net);
    return n;
}

/* The keys in which an arm differs from the default, in the order of the table. */
static void differences(const snn_config *config, char keys[512])
{
    const snn_config_key *key;
    snn_config usual;
    size_t used = 0;

    keys[0] = '\0';
    snn_config_init(&usual);
    for (size_t i = 0; (key = snn_config_key_at(i)) != NULL; i++) {
        char name[128], a[1024], b[1024];

        snprintf(name, sizeof name, "%s.%s", key->section, key->key);
        assert_int_equal(snn_config_get(config, name, a, sizeof a), SNN_OK);
        assert_int_equal(snn_config_get(&usual, name, b, sizeof b), SNN_OK);
        if (strcmp(a, b) != 0) {
            snprintf(keys + used, 512 - used, "%s ", name);
            used = strlen(keys);
        }
    }
}

static const struct {
    const char *name, *keys;
    size_t parameters;
} arms[] = {
    {"learned", "", 214016},
    {"constant-sigma", "delay.sigma_init train.sigma_share ", 214016},
    {"fixed", "delay.mode ", 107520},
    {"delays-only", "train.freeze_weights ", 107520},
    {"none-matched", "network.hidden delay.mode neuron.tau_ms ", 214176},
    {"sparse-learned", "network.fan_in ", 11664},
    {"sparse-fixed", "network.fan_in delay.mode ", 6344},
    {"axonal", "delay.sharing ", 108172},
    {"dendritic", "delay.sharing ", 108052},
    {"kc2", "delay.kernel_count ", 427008},
    {"adlif", "neuron.model ", 214016 + 4 * 512},
    {"cuba", "neuron.model ", 214016},
};

static void each_arm(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof arms / sizeof arms[0]; i++) {
        char name[64], path[4096], keys[512], text[4096] = "", count[64];
        snn_config config;
        FILE *file;
        size_t n;

        snprintf(name, sizeof name, "arms/%s", arms[i].name);
        load(name, &config, path);
        differences(&config, keys);
        assert_string_equal(keys, arms[i].keys);
        n = trained(&config, SHD_INPUTS, SHD_CLASSES);
        assert_int_equal(n, arms[i].parameters);
        snprintf(count, sizeof count, "%zu,%03zu parameters on SHD", n / 1000, n % 1000);
        file = fopen(path, "r");
        assert_non_null(file);
        assert_true(fread(text, 1, sizeof text - 1, file) > 0);
        fclose(file);
        if (strstr(text, count) == NULL)
            fail_msg("%s does not say '%s'", path, count);
    }
}

/* 388 neurons come nearest to the parameters of the network with delays. */
static void matched_width(void **state)
{
    snn_config learned, none;
    char path[4096];
    size_t goal, n[3];

    (void)state;
    load("arms/learned", &learned, path);
    load("arms/none-matched", &none, path);
    goal = trained(&learned, SHD_INPUTS, SHD_CLASSES);
    for (int i = 0; i < 3; i++) {
        snn_config other = none;

        other.network.hidden[0] = other.network.hidden[1] =
            none.network.hidden[0] + (uint32_t)i - 1;
        n[i] = trained(&other, SHD_INPUTS, SHD_CLASSES);
    }
    assert_true(n[1] - goal < goal - n[0] && n[1] - goal < n[2] - goal);
}

/* Table of the paper: 0.2M, 0.7M, 1.4M, 1.2M and 2.5M parameters. */
static void published_counts(void **state)
{
    static const struct {
        const char *name;
        uint32_t classes;
        size_t parameters;
    } rows[] = {
        {"shd", 20, 214016},         {"ssc-2l-1kc", 35, 705536},  {"ssc-2l-2kc", 35, 1409024},
        {"ssc-3l-1kc", 35, 1230848}, {"ssc-3l-2kc", 35, 2458624}, {"gsc-2l-1kc", 35, 705536},
        {"gsc-2l-2kc", 35, 1409024}, {"gsc-3l-1kc", 35, 1230848}, {"gsc-3l-2kc", 35, 2458624},
    };
    snn_config config;
    char path[4096];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        load(rows[i].name, &config, path);
        assert_int_equal(trained(&config, 140, rows[i].classes), rows[i].parameters);
    }
    load("shd", &config, path); /* one hidden layer */
    config.network.n_hidden = 1;
    assert_int_equal(trained(&config, 140, 20), 82432);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_arm),
        cmocka_unit_test(matched_width),
        cmocka_unit_test(published_counts),
    };

    return cmocka_run_group_tests_name("arms", tests, open_context, close_context);
}
