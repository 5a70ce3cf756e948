/* SPDX-License-Identifier: BSD-3-Clause */
/* snn info for files: configurations, models and checkpoints. */
#include "tools/info.h"

#include <math.h>
#include <string.h>

#define MOST_LAYERS (SNN_MAX_HIDDEN + 1)
#define VALUE_SIZE  2048
#define BAR         40 /* characters of the longest bar */
#define MOST_BARS   16u

/* Values that JSON writes as they are; the rest is quoted. */
static bool is_bare(const snn_config_key *key)
{
    return strcmp(key->type, "integer") == 0 || strcmp(key->type, "number") == 0 ||
           strcmp(key->type, "boolean") == 0 || strcmp(key->type, "integers") == 0;
}

static void value_of(const snn_config *config, const snn_config_key *key, char name[128],
                     char value[VALUE_SIZE])
{
    snprintf(name, 128, "%s.%s", key->section, key->key);
    if (snn_config_get(config, name, value, VALUE_SIZE) != SNN_OK)
        value[0] = '\0';
}

void info_config_json(json *j, const snn_config *config)
{
    char name[128], value[VALUE_SIZE];
    const snn_config_key *key;

    json_open(j, "configuration", '{');
    for (size_t i = 0; (key = snn_config_key_at(i)) != NULL; i++) {
        value_of(config, key, name, value);
        (is_bare(key) ? json_bare : json_text)(j, name, value);
    }
    json_close(j, '}');
}

void info_config_text(const snn_config *config, bool differing)
{
    char name[128], value[VALUE_SIZE], usual[VALUE_SIZE];
    const snn_config_key *key;
    snn_config defaults;

    snn_config_init(&defaults);
    for (size_t i = 0; (key = snn_config_key_at(i)) != NULL; i++) {
        value_of(&defaults, key, name, usual);
        value_of(config, key, name, value);
        if (!differing || strcmp(value, usual) != 0)
            printf("  %-28s %s%s%s\n", name, value[0] != '\0' ? value : "''",
                   key->unit[0] != '\0' ? " " : "", key->unit);
    }
}

snn_status info_config(const char *path, bool as_json, snn_error *err)
{
    snn_config config;
    snn_status status = SNN_OK;
    json j;

    snn_config_init(&config);
    TRY(status, snn_config_load(&config, path, err));
    TRY(status, snn_config_check(&config, err));
    if (!as_json) {
        printf("%s: configuration\n", path);
        info_config_text(&config, false);
        goto done;
    }
    json_begin(&j, "info");
    json_text(&j, "file", path);
    json_text(&j, "type", "configuration");
    info_config_json(&j, &config);
    json_end(&j);
done:
    return status;
}

/* What a walk over a file's tensors finds. */
struct contents {
    json *json;           /* NULL = text */
    bool learned, frozen; /* delays, weights */
    bool train_tau;       /* of adaptive neurons */
    snn_sharing sharing;
    uint64_t parameters; /* of layers; those of synapses are counted by count_synapses */
    struct {
        snn_tensor weight, position, mask; /* name "" = the file has none */
    } layer[MOST_LAYERS];
    uint32_t hidden; /* tensors of the optimiser and of the best model: not listed */
};

static bool has_part(const char *name, const char *part)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL && strcmp(dot + 1, part) == 0;
}

static void note_tensor(struct contents *c, const snn_tensor *tensor)
{
    static const char *const OF_NEURONS[] = {"bias", "gamma", "beta", "a", "b"};
    unsigned l;

    for (size_t i = 0; i < sizeof OF_NEURONS / sizeof *OF_NEURONS; i++)
        if (has_part(tensor->name, OF_NEURONS[i]))
            c->parameters += snn_tensor_size(tensor);
    if (c->train_tau && (has_part(tensor->name, "tau_u") || has_part(tensor->name, "tau_w")))
        c->parameters += snn_tensor_size(tensor);
    if (sscanf(tensor->name, "layer%u.", &l) != 1 || l >= MOST_LAYERS)
        return;
    if (has_part(tensor->name, "weight"))
        c->layer[l].weight = *tensor;
    if (has_part(tensor->name, "position") && tensor->dtype == SNN_F32)
        c->layer[l].position = *tensor;
    if (has_part(tensor->name, "mask") && tensor->dtype == SNN_U8 && snn_tensor_size(tensor) > 0)
        c->layer[l].mask = *tensor;
}

static snn_status show_tensor(void *user, const snn_tensor *tensor)
{
    struct contents *c = user;

    if (strncmp(tensor->name, "layer", 5) != 0) {
        c->hidden++;
        return SNN_OK;
    }
    note_tensor(c, tensor);
    if (c->json == NULL) {
        printf("  %-20s [", tensor->name);
        for (int i = 0; i < tensor->rank; i++)
            printf("%s%zu", i > 0 ? ", " : "", tensor->shape[i]);
        printf("]  %s, unit %s\n", tensor->axes, tensor->unit);
        return SNN_OK;
    }
    json_open(c->json, tensor->name, '[');
    for (int i = 0; i < tensor->rank; i++)
        json_count(c->json, NULL, tensor->shape[i]);
    json_close(c->json, ']');
    return SNN_OK;
}

/* The data of a tensor of the file, in memory of the context. */
static snn_status read_tensor(snn_context *ctx, snn_store *store, snn_tensor *tensor,
                              snn_error *err)
{
    tensor->data = snn_alloc(ctx, snn_tensor_size(tensor), snn_dtype_bytes(tensor->dtype));
    if (tensor->data == NULL)
        return snn_error_set(err, SNN_ENOMEM, NULL, "out of memory");
    return snn_store_get(store, tensor, err);
}

/* Is number i of a tensor [kernel, out, in] of a synapse that exists? */
static bool exists(const snn_tensor *mask, size_t i)
{
    return mask->data == NULL || ((const uint8_t *)mask->data)[i % snn_tensor_size(mask)] != 0;
}

/* Add a layer's numbers that exist and train to the parameters, and its delays to the number
 * at each, rounded as in evaluation: floor(D/2) - rint(P). */
static snn_status count_layer(snn_context *ctx, snn_store *store, struct contents *c, uint32_t l,
                              uint32_t max_delay, uint64_t *counts, snn_error *err)
{
    const double centre = (double)(max_delay / 2);
    const bool own = c->sharing == SNN_SHARING_SYNAPSE;
    snn_tensor position = c->layer[l].position, mask = c->layer[l].mask;
    snn_status status = SNN_OK;

    TRY(status, read_tensor(ctx, store, &position, err));
    if (mask.name[0] != '\0')
        TRY(status, read_tensor(ctx, store, &mask, err));
    for (size_t i = 0; !c->frozen && i < snn_tensor_size(&c->layer[l].weight); i++)
        c->parameters += exists(&mask, i);
    for (size_t i = 0; i < snn_tensor_size(&position); i++) {
        const double delay = centre - rint((double)((const float *)position.data)[i]);

        if (own && !exists(&mask, i))
            continue;
        c->parameters += c->learned;
        if (delay >= 0 && delay < max_delay)
            counts[(size_t)delay]++;
    }
done:
    snn_free(ctx, mask.data);
    snn_free(ctx, position.data);
    return status;
}

static snn_status count_synapses(snn_context *ctx, snn_store *store, struct contents *c,
                                 uint32_t max_delay, uint64_t *counts, snn_error *err)
{
    snn_status status = SNN_OK;

    for (uint32_t l = 0; l < MOST_LAYERS; l++)
        if (c->layer[l].position.name[0] != '\0')
            TRY(status, count_layer(ctx, store, c, l, max_delay, counts, err));
done:
    return status;
}

static void draw_delays(const uint64_t *counts, uint32_t max_delay, snn_sharing sharing)
{
    static const char *const OF[] = {"synapses", "presynaptic neurons", "postsynaptic neurons"};
    uint32_t width = (max_delay + MOST_BARS - 1) / MOST_BARS;
    uint64_t bars[MOST_BARS] = {0}, most = 1, all = 0;

    for (uint32_t d = 0; d < max_delay; d++) {
        uint64_t *bar = &bars[d / width];
        *bar += counts[d];
        all += counts[d];
        most = *bar > most ? *bar : most;
    }
    printf("\n  delays, steps (%llu %s)\n", (unsigned long long)all, OF[sharing]);
    for (uint32_t d = 0; d < max_delay; d += width) {
        uint64_t n = bars[d / width];
        uint32_t last = d + width - 1 < max_delay ? d + width - 1 : max_delay - 1;
        printf("  %4u", (unsigned)d);
        printf(last > d ? "..%-4u" : "      ", (unsigned)last);
        printf(" %5.1f %% %.*s\n", all > 0 ? 100 * (double)n / (double)all : 0.0,
               (int)((n * BAR + most / 2) / most), "########################################");
    }
}

static snn_status read_config(snn_context *ctx, snn_store *store, const char *path,
                              snn_config *config, snn_error *err)
{
    char *text = NULL;
    snn_status status = SNN_OK;

    snn_config_init(config);
    TRY(status, snn_store_get_text(store, "config", &text, err));
    TRY(status, snn_config_parse(config, text, strlen(text), path, err));
done:
    snn_free(ctx, text);
    return status;
}

static snn_status show_head(snn_context *ctx, snn_store *store, const char *path, const char *kind,
                            json *j, snn_error *err)
{
    uint64_t inputs = 0, outputs = 0, epoch = 0, batch = 0;
    char *version = NULL;
    snn_status status = SNN_OK;

    TRY(status, snn_store_get_u64(store, "network.inputs", &inputs, err));
    TRY(status, snn_store_get_u64(store, "network.outputs", &outputs, err));
    TRY(status, snn_store_get_text(store, "snn_version", &version, err));
    if (strcmp(kind, "checkpoint") == 0) {
        TRY(status, snn_store_get_u64(store, "train.epoch", &epoch, err));
        TRY(status, snn_store_get_u64(store, "train.batch", &batch, err));
    }
    if (j == NULL) {
        printf("%s: %s, written by snn %s\n  %llu inputs, %llu outputs", path, kind, version,
               (unsigned long long)inputs, (unsigned long long)outputs);
        if (strcmp(kind, "checkpoint") == 0)
            printf(", after epoch %llu and batch %llu of the next", (unsigned long long)epoch,
                   (unsigned long long)batch);
        printf("\n\n");
        goto done;
    }
    json_begin(j, "info");
    json_text(j, "file", path);
    json_text(j, "type", kind);
    json_text(j, "snn_version", version);
    json_count(j, "inputs", inputs);
    json_count(j, "outputs", outputs);
    if (strcmp(kind, "checkpoint") == 0) {
        json_count(j, "epoch", epoch);
        json_count(j, "batch", batch);
    }
done:
    snn_free(ctx, version);
    return status;
}

static void show_tail_json(json *j, const struct contents *c, const snn_config *config,
                           const uint64_t *delays, uint32_t max_delay)
{
    json_count(j, "parameters", c->parameters);
    json_open(j, "delays", '[');
    for (uint32_t d = 0; d < max_delay; d++)
        json_count(j, NULL, delays[d]);
    json_close(j, ']');
    info_config_json(j, config);
    json_end(j);
}

snn_status info_store(snn_context *ctx, const char *path, const char *kind, bool as_json,
                      snn_error *err)
{
    struct contents c = {0};
    snn_store *store = NULL;
    uint64_t *delays = NULL;
    uint32_t max_delay;
    snn_config config;
    json j;
    snn_status status = SNN_OK;

    TRY(status, snn_store_open(ctx, path, kind, &store, err));
    TRY(status, read_config(ctx, store, path, &config, err));
    TRY(status, show_head(ctx, store, path, kind, as_json ? &j : NULL, err));
    c.json = as_json ? &j : NULL;
    c.learned = config.network.delay.mode == SNN_DELAYS_LEARNED;
    c.frozen = config.train.freeze_weights != 0;
    c.sharing = config.network.delay.sharing;
    c.train_tau = config.network.neuron.train_tau != 0;
    max_delay = config.network.delay.mode == SNN_DELAYS_NONE ? 1 : config.network.delay.max_delay;
    delays = snn_alloc(ctx, max_delay, sizeof *delays);
    if (delays == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    if (as_json)
        json_open(&j, "tensors", '{');
    TRY(status, snn_store_visit(store, show_tensor, &c, err));
    if (as_json)
        json_close(&j, '}');
    TRY(status, count_synapses(ctx, store, &c, max_delay, delays, err));
    if (as_json) {
        TRY(status, info_neurons(ctx, store, &config.network, &j, err));
        show_tail_json(&j, &c, &config, delays, max_delay);
        goto done;
    }
    if (c.hidden > 0)
        printf("  and %u tensors of the optimiser and of the best model\n", (unsigned)c.hidden);
    printf("\n  %llu trained parameters\n", (unsigned long long)c.parameters);
    if (max_delay > 1)
        draw_delays(delays, max_delay, c.sharing);
    TRY(status, info_neurons(ctx, store, &config.network, NULL, err));
    printf("\n  configuration, where it is not the default\n");
    info_config_text(&config, true);
done:
    snn_free(ctx, delays);
    snn_store_close(store);
    return status;
}
