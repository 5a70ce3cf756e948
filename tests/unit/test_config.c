/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations: every key there and back, every error with its place and remedy. */
#include "tests/cmocka_all.h"

#include <snn/config.h>

#include <sys/stat.h>
#include <unistd.h>

#define TEXT 16384

static void defaults_are_the_published_network(void **state)
{
    snn_config c;
    snn_error err = {0};

    (void)state;
    snn_config_init(&c);
    assert_int_equal(c.network.n_hidden, 2);
    assert_int_equal(c.network.hidden[0], 256);
    assert_int_equal(c.network.hidden[1], 256);
    assert_int_equal(c.network.loss, SNN_LOSS_SUM);
    assert_true(c.network.dropout == 0.4f);
    assert_int_equal(c.network.batch_norm, 1);
    assert_int_equal(c.network.bias, 0);
    assert_int_equal(c.network.delay.max_delay, 25);
    assert_int_equal(c.network.delay.version, SNN_KERNEL_GAUSS);
    assert_true(c.network.neuron.tau_ms == 10.05f);
    assert_int_equal(c.network.neuron.detach_reset, 1);
    assert_true(c.network.neuron.surrogate_alpha == 5.0f);
    assert_true(c.network.time_step_ms == 10.0f);
    assert_int_equal(c.train.epochs, 150);
    assert_int_equal(c.train.batch_size, 256);
    assert_true(c.train.lr_weight_max == 5e-3f);
    assert_true(c.train.lr_position == 0.1f);
    assert_true(c.train.weight_decay == 1e-5f);
    assert_true(c.train.sigma_final == 0.23f);
    assert_true(c.train.eps == 1e-8f);
    assert_int_equal(c.train.weight_schedule, SNN_SCHEDULE_ONECYCLE);
    assert_int_equal(c.data.channel_bin, 5);
    assert_int_equal(snn_config_check(&c, &err), SNN_OK);
}

static void each_params_init_is_its_part(void **state)
{
    snn_config c;
    snn_network_params network;
    snn_train_params train;
    snn_data_params data;

    (void)state;
    snn_config_init(&c);
    snn_network_params_init(&network);
    snn_train_params_init(&train);
    snn_data_params_init(&data);
    assert_int_equal(network.size, sizeof network);
    assert_int_equal(train.size, sizeof train);
    assert_int_equal(data.size, sizeof data);
    assert_true(network.dropout == c.network.dropout && network.hidden[1] == c.network.hidden[1]);
    assert_true(train.epochs == c.train.epochs && data.mel_bands == c.data.mel_bands);
}

/* Another value of the key's type, in its range. */
static void other_value(const snn_config_key *key, char text[64])
{
    double low = 0, high = 0;

    if (strchr(key->type, '|') != NULL && strcmp(strrchr(key->type, '|') + 1, key->initial) == 0)
        snprintf(text, 64, "%.*s", (int)strcspn(key->type, "|"), key->type);
    else if (strchr(key->type, '|') != NULL)
        snprintf(text, 64, "%s", strrchr(key->type, '|') + 1);
    else if (strcmp(key->type, "boolean") == 0)
        snprintf(text, 64, "%s", strcmp(key->initial, "true") == 0 ? "false" : "true");
    else if (strcmp(key->type, "text") == 0)
        snprintf(text, 64, "it's: a [#] \"caché\"");
    else if (strcmp(key->type, "integers") == 0)
        snprintf(text, 64, "[1, 65536, 3]");
    else if (strcmp(key->type, "integer or integers") == 0)
        snprintf(text, 64, "[7, 0, 1000000000]");
    else if (strncmp(key->range, "[0, 2^64", 8) == 0)
        snprintf(text, 64, "18446744073709551615");
    else if (strcmp(key->type, "integer") == 0) {
        assert_int_equal(sscanf(key->range, "[%lf, %lf]", &low, &high), 2);
        snprintf(text, 64, "%.0f", high);
    } else {
        assert_int_equal(sscanf(key->range, "[%lf, %lf]", &low, &high), 2);
        snprintf(text, 64, "%.9g", (double)(float)(low + (high - low) / 3));
    }
}

static void every_key_is_set_read_and_printed(void **state)
{
    const snn_config_key *key;
    size_t n = 0;

    (void)state;
    for (; (key = snn_config_key_at(n)) != NULL; n++) {
        char name[128], assignment[256], value[64], got[2048], again[2048], text[TEXT];
        snn_config a, b;
        snn_error err = {0};

        snn_config_init(&a);
        snn_config_init(&b);
        other_value(key, value);
        snprintf(name, sizeof name, "%s.%s", key->section, key->key);
        snprintf(assignment, sizeof assignment, "%s=%s", name, value);
        if (snn_config_set(&a, assignment, &err) != SNN_OK)
            fail_msg("%s: %s", assignment, err.what);
        assert_int_equal(snn_config_get(&a, name, got, sizeof got), SNN_OK);
        assert_string_not_equal(got, key->initial);
        assert_int_equal(snn_config_get(&a, name, got, strlen(got)), SNN_EINVAL);
        assert_true(snn_config_print(&a, text, sizeof text) < sizeof text);
        if (snn_config_parse(&b, text, strlen(text), "text", &err) != SNN_OK)
            fail_msg("%s: %s: %s", name, err.where, err.what);
        assert_memory_equal(&a, &b, sizeof a);
        assert_int_equal(snn_config_get(&b, name, again, sizeof again), SNN_OK);
        assert_string_equal(got, again);
        assert_true(strlen(key->help) > 10 && key->help[strlen(key->help) - 1] == '.');
    }
    assert_true(n > 40);
}

/* The text of a number reads back to the same bits, whatever they are. */
static void numbers_keep_their_bits(void **state)
{
    uint64_t seed = test_seed(3);
    snn_config a, b;

    (void)state;
    snn_config_init(&a);
    for (int i = 0; i < 2000; i++) {
        char value[64], assignment[128];
        snn_config_init(&b);
        a.train.weight_decay = test_uniform(&seed, 0, 1) * powf(10, test_uniform(&seed, -30, 2));
        assert_int_equal(snn_config_get(&a, "train.weight_decay", value, sizeof value), SNN_OK);
        snprintf(assignment, sizeof assignment, "train.weight_decay=%s", value);
        assert_int_equal(snn_config_set(&b, assignment, NULL), SNN_OK);
        assert_memory_equal(&a.train.weight_decay, &b.train.weight_decay, sizeof(float));
    }
}

static void print_counts_what_does_not_fit(void **state)
{
    char text[TEXT], small[20];
    snn_config c;
    size_t n;

    (void)state;
    snn_config_init(&c);
    n = snn_config_print(&c, text, sizeof text);
    assert_int_equal(n, strlen(text));
    assert_int_equal(snn_config_print(&c, NULL, 0), n);
    assert_int_equal(snn_config_print(&c, small, sizeof small), n);
    assert_int_equal(strlen(small), sizeof small - 1);
    assert_memory_equal(small, text, sizeof small - 1);
}

/* ---- errors ---------------------------------------------------------------- */

static const struct {
    const char *yaml, *where, *what; /* `what` stands in the message */
} BAD[] = {
    {"trian:\n  epochs: 3\n", "t:1", "section 'trian' is unknown; did you mean 'train'?"},
    {"xyzzy:\n  epochs: 3\n", "t:1", "sections are network, delay, neuron, train, data, augment and motion"},
    {"epochs: 3\n", "t:1", "it is a key of section 'train'"},
    {"train:\n  epoch: 3\n", "t:2", "did you mean 'epochs'?"},
    {"train:\n\n  # comment\n  eposch: 3\n", "t:4", "did you mean 'epochs'?"},
    {"train:\n  max_delay: 3\n", "t:2", "it belongs to section 'delay'"},
    {"train:\n  zzzzzzz: 3\n", "t:2", "snn train --help-config"},
    {"train:\n  epochs: 3\n  epochs: 4\n", "t:3", "given in line 2 already"},
    {"train:\n  epochs: 3\ntrain:\n  seed: 4\n", "t:3", "begun in line 1 already"},
    {"train:\n  epochs: many\n", "t:2", "train.epochs needs an integer, not 'many'"},
    {"train:\n  epochs: 3.0\n", "t:2", "needs an integer, not '3.0'"},
    {"train:\n  epochs:\n", "t:2", "needs an integer, not ''"},
    {"train:\n  epochs: 0\n", "t:2", "must be in [1, 1000000] epochs"},
    {"train:\n  epochs: -3\n", "t:2", "must be in [1, 1000000] epochs"},
    {"train:\n  epochs: 99999999999999999999\n", "t:2", "must be in [1, 1000000]"},
    {"train:\n  epochs: [3]\n", "t:2", "needs an integer, not '[3]'"},
    {"train:\n  seed: 18446744073709551616\n", "t:2", "integer in [0, 2^64 - 1]"},
    {"train:\n  lr_weight: fast\n", "t:2", "train.lr_weight needs a number, not 'fast'"},
    {"train:\n  lr_weight: nan\n", "t:2", "needs a number"},
    {"train:\n  lr_weight: 0x1p-3\n", "t:2", "needs a number"},
    {"train:\n  lr_weight: 1e-3x\n", "t:2", "needs a number"},
    {"train:\n  lr_weight: 1e99\n", "t:2", "must be in [0, 1000]"},
    {"train:\n  protocol: clear\n", "t:2", "one of clean|paper|loso; did you mean 'clean'?"},
    {"train:\n  valid_speakers: two\n", "t:2", "of them such as [4, 5], not 'two'"},
    {"train:\n  valid_speakers: 65\n", "t:2", "at most 64 can be held out"},
    {"train:\n  valid_speakers: [4, 5, 4]\n", "t:2", "names speaker 4 twice"},
    {"train:\n  valid_speakers: [4, five]\n", "t:2", "a list of them such as [4, 5]"},
    {"network:\n  bias: maybe\n", "t:2", "needs true or false, not 'maybe'"},
    {"network:\n  bias: yes\n", "t:2", "needs true or false"},
    {"network:\n  hidden: 256\n", "t:2", "list of integers such as [256, 256]"},
    {"network:\n  hidden: [256, big]\n", "t:2", "list of integers"},
    {"network:\n  hidden: [256, 0]\n", "t:2", "must be in [1, 65536] neurons"},
    {"network:\n  hidden: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]\n", "t:2", "more than 16"},
    {"network:\n  hidden: [[256], 256]\n", "t:2", "nested too deep"},
    {"network:\n  hidden: {a: 1}\n", "t:2", "nested too deep"},
    {"network:\n  dropout:\n    p: 0.4\n", "t:3", "nested too deep"},
    {"delay:\n  max_delay: 24\n", "t:2", "[1, 4095] odd steps"},
    {"delay:\n  max_delay: 4097\n", "t:2", "[1, 4095] odd steps"},
    {"neuron:\n  tau_ms: 0\n", "t:2", "must be in [0.001, 1e6] ms"},
    {"data:\n  cache: \"a\\tb\"\n", "t:2", "control characters"},
    {"data:\n  cache: \"a\\0b\"\n", "t:2", "zero byte"},
    {"- train\n- data\n", "t:1", "a mapping of sections"},
    {"train\n", "t:1", "a mapping of sections"},
    {"train: 3\n", "t:1", "section 'train' needs keys"},
    {"train: [epochs, 3]\n", "t:1", "section 'train' needs keys"},
    {"? [a]\n: 3\n", "t:1", "name must be plain text"},
    {"train:\n  ? [a]\n  : 3\n", "t:2", "key must be plain text"},
    {"train:\n  epochs: 3\n seed: 4\n", "t:3", "is not YAML"},
    {"train:\n\tepochs: 3\n", "t:2", "is not YAML"},
    {"train: {epochs: 3\n", "t:2", "is not YAML"},
    {"train:\n  epochs: \"3\n", "t:3", "is not YAML"},
    {"train:\n  epochs: &a 3\n  seed: *a\n", "t:3", "anchors and aliases"},
    {"train:\n  epochs: 3\n---\ntrain:\n  seed: 4\n", "t:3", "second document"},
    {"train:\n  epochs: 3 \xff\n", "t", "is not YAML: invalid leading UTF-8 octet, at byte 20"},
};

static void every_error_names_place_and_remedy(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        snn_config c, before;
        snn_error err = {0};
        snn_status status;

        snn_config_init(&c);
        c.train.epochs = 77;
        before = c;
        status = snn_config_parse(&c, BAD[i].yaml, strlen(BAD[i].yaml), "t", &err);
        if (status != SNN_ECONFIG || err.status != SNN_ECONFIG ||
            strcmp(err.where, BAD[i].where) != 0 || strstr(err.what, BAD[i].what) == NULL) {
            wrong++;
            print_message("# %s# %d '%s': '%s'\n", BAD[i].yaml, (int)status, err.where, err.what);
        }
        assert_memory_equal(&c, &before, sizeof c);
        assert_int_equal(snn_config_parse(&c, BAD[i].yaml, strlen(BAD[i].yaml), "t", NULL), status);
    }
    assert_int_equal(wrong, 0);
}

static void whole_or_not_at_all(void **state)
{
    static const char YAML[] =
        "train:\n  epochs: 3\n  seed: 4\nnetwork:\n  hidden: [7]\n  oops: 1\n";
    snn_config c, before;

    (void)state;
    snn_config_init(&c);
    before = c;
    assert_int_equal(snn_config_parse(&c, YAML, strlen(YAML), "t", NULL), SNN_ECONFIG);
    assert_memory_equal(&c, &before, sizeof c);
}

static void nothing_means_defaults(void **state)
{
    static const char *const EMPTY[] = {"",           "\n",       "# comment\n", "---\n",
                                        "---\n...\n", "train:\n", "train: {}\n"};
    snn_config c, before;

    (void)state;
    snn_config_init(&c);
    before = c;
    for (size_t i = 0; i < sizeof EMPTY / sizeof *EMPTY; i++) {
        assert_int_equal(snn_config_parse(&c, EMPTY[i], strlen(EMPTY[i]), "t", NULL), SNN_OK);
        assert_memory_equal(&c, &before, sizeof c);
    }
}

/* Any prefix of a good file is a status, never a crash. */
static void any_prefix_and_any_byte(void **state)
{
    char text[TEXT];
    uint64_t seed = test_seed(11);
    snn_config c;
    size_t n;

    (void)state;
    snn_config_init(&c);
    n = snn_config_print(&c, text, sizeof text);
    for (size_t i = 0; i < n; i++) {
        snn_config copy = c;
        snn_error err = {0};
        char kept = text[i];
        snn_status status = snn_config_parse(&copy, text, i, "t", &err);
        assert_true(status == SNN_OK || (status == SNN_ECONFIG && err.what[0] != '\0'));
        text[i] = (char)test_random(&seed);
        status = snn_config_parse(&copy, text, n, "t", &err);
        assert_true(status == SNN_OK || status == SNN_ECONFIG);
        text[i] = kept;
    }
}

static void assignments(void **state)
{
    static const struct {
        const char *text, *what;
    } WRONG[] = {
        {"epochs=3", "write section.key=value"},
        {"train.epochs", "no '='"},
        {"trian.epochs=3", "did you mean 'train'?"},
        {"train.epoch=3", "did you mean 'epochs'?"},
        {"train.epochs=", "needs an integer"},
        {"train.epochs=3 ", "needs an integer"},
        {"=", "write section.key=value"},
        {".=", "section '' is unknown"},
        {"network.hidden=[1,2", "list of integers"},
        {"network.hidden=[1,,2]", "list of integers"},
        {"network.hidden=[1]]", "list of integers"},
        {"network.hidden=1,2", "list of integers"},
    };
    snn_config c, before;
    snn_error err = {0};

    (void)state;
    snn_config_init(&c);
    before = c;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        assert_int_equal(snn_config_set(&c, WRONG[i].text, &err), SNN_ECONFIG);
        assert_string_equal(err.where, WRONG[i].text);
        if (strstr(err.what, WRONG[i].what) == NULL)
            fail_msg("%s: %s", WRONG[i].text, err.what);
        assert_memory_equal(&c, &before, sizeof c);
    }
    assert_int_equal(snn_config_set(&c, "network.hidden=[ 3,4 , 5 ]", &err), SNN_OK);
    assert_int_equal(c.network.n_hidden, 3);
    assert_int_equal(c.network.hidden[2], 5);
    assert_int_equal(snn_config_set(&c, "network.hidden=[]", &err), SNN_OK);
    assert_int_equal(c.network.n_hidden, 0);
    assert_int_equal(snn_config_set(&c, "train.valid_speakers=[9,4 ]", &err), SNN_OK);
    assert_int_equal(c.train.valid_speakers.n, 2);
    assert_int_equal(c.train.valid_speakers.speaker[1], 4);
    assert_true(c.train.valid_speakers.named);
    assert_int_equal(snn_config_set(&c, "train.valid_speakers=3", &err), SNN_OK);
    assert_int_equal(c.train.valid_speakers.n, 3);
    assert_false(c.train.valid_speakers.named);
    assert_int_equal(snn_config_set(&c, "train.valid_speakers=[]", &err), SNN_OK);
    assert_int_equal(c.train.valid_speakers.n, 0);
    assert_false(c.train.valid_speakers.named);
    assert_int_equal(snn_config_set(&c, "data.cache=a=b", &err), SNN_OK);
    assert_string_equal(c.data.cache, "a=b");
    assert_int_equal(snn_config_get(&c, "train.nothing", (char[8]){0}, 8), SNN_ENOTFOUND);
}

static void long_text_is_refused(void **state)
{
    char assignment[1024] = "data.cache=";
    snn_config c;
    snn_error err = {0};

    (void)state;
    snn_config_init(&c);
    memset(assignment + 11, 'x', sizeof c.data.cache - 1);
    assignment[11 + sizeof c.data.cache - 1] = '\0';
    assert_int_equal(snn_config_set(&c, assignment, &err), SNN_OK);
    assignment[11 + sizeof c.data.cache - 1] = 'x';
    assert_int_equal(snn_config_set(&c, assignment, &err), SNN_ECONFIG);
    assert_non_null(strstr(err.what, "at most 511 fit"));
}

static void check_gives_reasons(void **state)
{
    static const struct {
        const char *set[3];
        const char *where;
    } WRONG[] = {
        {{"neuron.tau_ms=5"}, "neuron.tau_ms"},
        {{"delay.max_delay=3", "train.sigma_final=5"}, "train.sigma_final"},
        {{"delay.sharing=axonal", "delay.mode=none"}, "delay.sharing"},
        {{"delay.sharing=dendritic", "delay.solver=fft"}, "delay.solver"},
        {{"train.freeze_weights=true", "delay.mode=fixed"}, "train.freeze_weights"},
        {{"train.freeze_weights=true", "delay.mode=none"}, "train.freeze_weights"},
        {{"train.freeze_weights=true", "delay.max_delay=1"}, "train.freeze_weights"},
        {{"train.freeze_weights=true", "train.lr_position=0"}, "train.freeze_weights"},
        {{"train.lr_weight_max=0"}, "train.lr_weight_max"},
        {{"data.units=4"}, "data.channel_bin"},
        {{"train.valid_speakers=2", "train.protocol=paper"}, "train.valid_speakers"},
        {{"train.valid_speakers=[2]", "train.protocol=loso"}, "train.valid_speakers"},
        {{"train.freeze_weights=true", "train.fine_tune_epochs=1"}, "train.fine_tune_epochs"},
        {{"train.norm_reestimate=true", "network.batch_norm=false"}, "train.norm_reestimate"},
        {{"neuron.model=adlif", "neuron.v_reset=0.5"}, "neuron.v_reset"},
        {{"neuron.model=adlif", "neuron.tau_u_max_ms=4"}, "neuron.tau_u_min_ms"},
        {{"neuron.model=adlif", "neuron.tau_w_min_ms=301"}, "neuron.tau_w_min_ms"},
        {{"neuron.model=adlif", "neuron.q=15.8"}, "neuron.q"},
        {{"neuron.model=adlif", "data.time_step_ms=20", "neuron.tau_ms=25"}, "neuron.q"},
    };
    snn_config c;
    snn_error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        snn_config_init(&c);
        for (int k = 0; k < 3 && WRONG[i].set[k] != NULL; k++)
            assert_int_equal(snn_config_set(&c, WRONG[i].set[k], &err), SNN_OK);
        assert_int_equal(snn_config_check(&c, &err), SNN_ECONFIG);
        assert_string_equal(err.where, WRONG[i].where);
        assert_true(strlen(err.what) > 10);
    }
    snn_config_init(&c);
    c.network.neuron.model = SNN_NEURON_ADLIF;
    c.network.neuron.q = 15.79f; /* stable below 15.793 */
    assert_int_equal(snn_config_check(&c, &err), SNN_OK);
    snn_config_init(&c);
    c.network.delay.max_delay = 24; /* as a program may */
    assert_int_equal(snn_config_check(&c, &err), SNN_ECONFIG);
    assert_string_equal(err.where, "delay.max_delay");
    snn_config_init(&c);
    c.network.dropout = NAN;
    assert_int_equal(snn_config_check(&c, &err), SNN_ECONFIG);
    snn_config_init(&c);
    c.network.n_hidden = SNN_MAX_HIDDEN + 1;
    assert_int_equal(snn_config_check(&c, &err), SNN_ECONFIG);
    snn_config_init(&c);
    c.train.valid_speakers.n = SNN_MAX_SPEAKERS + 1;
    c.train.valid_speakers.named = 1;
    assert_int_equal(snn_config_check(&c, &err), SNN_ECONFIG);
    snn_config_init(&c);
    c.network.loss = (snn_loss)9;
    assert_int_equal(snn_config_check(&c, &err), SNN_ECONFIG);
}

/* ---- files ------------------------------------------------------------------- */

static void write_file(const char *path, const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void files(void **state)
{
    char folder[] = "/tmp/snn-config-XXXXXX", path[64];
    static char big[(1 << 20) + 10];
    snn_config c, before;
    snn_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/c.yaml", folder);
    snn_config_init(&c);
    before = c;
    assert_int_equal(snn_config_load(&c, path, &err), SNN_ENOTFOUND);
    assert_string_equal(err.where, path);
    assert_int_equal(snn_config_load(&c, folder, &err), SNN_EIO);
    assert_non_null(strstr(err.what, "folder"));
    write_file(path, "", 0);
    assert_int_equal(snn_config_load(&c, path, &err), SNN_OK);
    assert_memory_equal(&c, &before, sizeof c);
    memset(big, '#', sizeof big);
    write_file(path, big, sizeof big);
    assert_int_equal(snn_config_load(&c, path, &err), SNN_ECONFIG);
    assert_non_null(strstr(err.what, "larger than 1048576 bytes"));
    write_file(path, "train:\n  epochs: 5\n", 19);
    assert_int_equal(snn_config_load(&c, path, &err), SNN_OK);
    assert_int_equal(c.train.epochs, 5);
    write_file(path, "train:\n  epochs: x\n", 19);
    assert_int_equal(snn_config_load(&c, path, &err), SNN_ECONFIG);
    assert_non_null(strstr(err.where, "c.yaml:2"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void shipped_configurations(void **state)
{
    static const struct {
        const char *name;
        uint32_t layers, kernels, max_delay, epochs;
    } SHIPPED[] = {
        {"shd", 2, 1, 25, 150},        {"ssc-2l-1kc", 2, 1, 31, 60},  {"ssc-2l-2kc", 2, 2, 31, 60},
        {"ssc-3l-1kc", 3, 1, 31, 60},  {"ssc-3l-2kc", 3, 2, 31, 60},  {"gsc-2l-1kc", 2, 1, 31, 100},
        {"gsc-2l-2kc", 2, 2, 31, 100}, {"gsc-3l-1kc", 3, 1, 31, 100}, {"gsc-3l-2kc", 3, 2, 31, 100},
    };

    (void)state;
    for (size_t i = 0; i < sizeof SHIPPED / sizeof *SHIPPED; i++) {
        char name[64];
        snn_config c;
        snn_error err = {0};

        snprintf(name, sizeof name, "configs/%s.yaml", SHIPPED[i].name);
        snn_config_init(&c);
        if (snn_config_load(&c, test_source(name), &err) != SNN_OK ||
            snn_config_check(&c, &err) != SNN_OK)
            fail_msg("%s: %s", err.where, err.what);
        assert_int_equal(c.network.n_hidden, SHIPPED[i].layers);
        assert_int_equal(c.network.delay.kernel_count, SHIPPED[i].kernels);
        assert_int_equal(c.network.delay.max_delay, SHIPPED[i].max_delay);
        assert_int_equal(c.train.epochs, SHIPPED[i].epochs);
    }
}

static void nearest_names(void **state)
{
    static const char *const NAMES[] = {"train", "eval", "info", "bench", "make"};

    (void)state;
    assert_string_equal(snn_nearest_name("trian", NAMES, 5), "train");
    assert_string_equal(snn_nearest_name("ifno", NAMES, 5), "info");
    assert_string_equal(snn_nearest_name("benhc", NAMES, 5), "bench");
    assert_string_equal(snn_nearest_name("mak", NAMES, 5), "make");
    assert_null(snn_nearest_name("x", NAMES, 5));
    assert_null(snn_nearest_name("", NAMES, 5));
    assert_null(snn_nearest_name("delete", NAMES, 5));
    assert_null(snn_nearest_name("train", NAMES, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_published_network),
        cmocka_unit_test(each_params_init_is_its_part),
        cmocka_unit_test(every_key_is_set_read_and_printed),
        cmocka_unit_test(numbers_keep_their_bits),
        cmocka_unit_test(print_counts_what_does_not_fit),
        cmocka_unit_test(every_error_names_place_and_remedy),
        cmocka_unit_test(whole_or_not_at_all),
        cmocka_unit_test(nothing_means_defaults),
        cmocka_unit_test(any_prefix_and_any_byte),
        cmocka_unit_test(assignments),
        cmocka_unit_test(long_text_is_refused),
        cmocka_unit_test(check_gives_reasons),
        cmocka_unit_test(files),
        cmocka_unit_test(shipped_configurations),
        cmocka_unit_test(nearest_names),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
