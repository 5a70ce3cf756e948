/* SPDX-License-Identifier: BSD-3-Clause */
/* Public functions of configurations that need no YAML reader. */
#include "snn/io/config_table.h"

#include "snn/base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void snn_config_init(snn_config *config)
{
    const snn_config_row *row;

    memset(config, 0, sizeof *config);
    config->network.size = sizeof config->network;
    config->train.size = sizeof config->train;
    config->data.size = sizeof config->data;
    config->augment.size = sizeof config->augment;
    config->motion.size = sizeof config->motion;
    for (size_t i = 0; (row = snn_config_row_at(i)) != NULL; i++) {
        snn_status status = snn_config_row_set(row, config, row->text.initial, NULL, NULL);
        SNN_ASSERT(status == SNN_OK);
        (void)status;
    }
    config->network.time_step_ms = config->data.time_step_ms;
}

void snn_network_params_init(snn_network_params *params)
{
    snn_config config;

    snn_config_init(&config);
    *params = config.network;
}

void snn_train_params_init(snn_train_params *params)
{
    snn_config config;

    snn_config_init(&config);
    *params = config.train;
}

void snn_data_params_init(snn_data_params *params)
{
    snn_config config;

    snn_config_init(&config);
    *params = config.data;
}

void snn_augment_params_init(snn_augment_params *params)
{
    snn_config config;

    snn_config_init(&config);
    *params = config.augment;
}

void snn_motion_params_init(snn_motion_params *params)
{
    snn_config config;

    snn_config_init(&config);
    *params = config.motion;
}

const snn_config_key *snn_config_key_at(size_t i)
{
    const snn_config_row *row = snn_config_row_at(i);

    return row != NULL ? &row->text : NULL;
}

/* Split "section.key" (up to `end`) and find its row. */
static snn_status find_row(const char *name, size_t length, const char *where,
                           const snn_config_row **out, snn_error *err)
{
    char section[64], key[64];
    const char *dot = memchr(name, '.', length);
    size_t section_length, key_length;

    if (dot == NULL)
        return snn_error_set(err, SNN_ECONFIG, where,
                             "'%.*s' has no section: write section.key=value",
                             (int)(length < 64 ? length : 64), name);
    section_length = (size_t)(dot - name);
    key_length = length - section_length - 1;
    if (section_length >= sizeof section || key_length >= sizeof key)
        return snn_error_set(err, SNN_ECONFIG, where, "no key has so long a name");
    snprintf(section, sizeof section, "%.*s", (int)section_length, name);
    snprintf(key, sizeof key, "%.*s", (int)key_length, dot + 1);
    if (!snn_config_section_exists(section))
        return snn_config_unknown_section(section, where, err);
    *out = snn_config_row_find(section, key);
    return *out != NULL ? SNN_OK : snn_config_unknown_key(section, key, where, err);
}

snn_status snn_config_set(snn_config *config, const char *assignment, snn_error *err)
{
    const char *equal = strchr(assignment, '=');
    const snn_config_row *row = NULL;
    snn_status status = SNN_OK;

    if (equal == NULL)
        return snn_error_set(err, SNN_ECONFIG, assignment, "no '=': write section.key=value");
    TRY(status, find_row(assignment, (size_t)(equal - assignment), assignment, &row, err));
    TRY(status, snn_config_row_set(row, config, equal + 1, assignment, err));
done:
    return status;
}

snn_status snn_config_get(const snn_config *config, const char *name, char *text, size_t size)
{
    char value[CONFIG_VALUE_SIZE];
    const snn_config_row *row = NULL;

    if (find_row(name, strlen(name), NULL, &row, NULL) != SNN_OK)
        return SNN_ENOTFOUND;
    snn_config_row_get(row, config, value);
    if (strlen(value) >= size)
        return SNN_EINVAL;
    memcpy(text, value, strlen(value) + 1);
    return SNN_OK;
}

/* Where printed text goes: counts what does not fit. */
struct sink {
    char *text;
    size_t size;
    size_t length;
};

static void put(struct sink *sink, const char *text)
{
    for (; *text != '\0'; text++, sink->length++)
        if (sink->length + 1 < sink->size)
            sink->text[sink->length] = *text;
}

static void put_quoted(struct sink *sink, const char *text)
{
    char one[2] = {0};

    put(sink, "'");
    for (; *text != '\0'; text++) {
        one[0] = *text;
        put(sink, *text == '\'' ? "''" : one);
    }
    put(sink, "'");
}

size_t snn_config_print(const snn_config *config, char *text, size_t size)
{
    char value[CONFIG_VALUE_SIZE];
    struct sink sink = {text, size, 0};
    const snn_config_row *row;
    const char *section = "";

    for (size_t i = 0; (row = snn_config_row_at(i)) != NULL; i++) {
        if (strcmp(section, row->text.section) != 0) {
            section = row->text.section;
            put(&sink, section);
            put(&sink, ":\n");
        }
        snn_config_row_get(row, config, value);
        put(&sink, "  ");
        put(&sink, row->text.key);
        put(&sink, ": ");
        if (row->kind == CONFIG_TEXT)
            put_quoted(&sink, value);
        else
            put(&sink, value);
        put(&sink, "\n");
    }
    if (size > 0)
        text[sink.length < size ? sink.length : size - 1] = '\0';
    return sink.length;
}

/* Ranges of single values: a program may have filled the structs by hand. */
static snn_status check_ranges(const snn_config *config, snn_error *err)
{
    char value[CONFIG_VALUE_SIZE], where[128];
    snn_config copy = *config;
    const snn_config_row *row;
    snn_status status = SNN_OK;

    if (config->network.n_hidden > SNN_MAX_HIDDEN)
        return snn_error_set(err, SNN_ECONFIG, "network.hidden", "%u layers, but at most %d fit",
                             (unsigned)config->network.n_hidden, SNN_MAX_HIDDEN);
    if (config->train.valid_speakers.n > SNN_MAX_SPEAKERS)
        return snn_error_set(err, SNN_ECONFIG, "train.valid_speakers",
                             "%u speakers, but at most %d can be held out",
                             (unsigned)config->train.valid_speakers.n, SNN_MAX_SPEAKERS);
    for (size_t i = 0; (row = snn_config_row_at(i)) != NULL; i++) {
        snprintf(where, sizeof where, "%s.%s", row->text.section, row->text.key);
        snn_config_row_get(row, config, value);
        TRY(status, snn_config_row_set(row, &copy, value, where, err));
    }
done:
    return status;
}

/* How a run is judged, and what follows training. */
static snn_status check_protocol(const snn_config *config, snn_error *err)
{
    const snn_train_params *train = &config->train;

    if (train->valid_speakers.n > 0 && train->protocol != SNN_PROTOCOL_CLEAN)
        return snn_error_set(err, SNN_ECONFIG, "train.valid_speakers",
                             "is for protocol clean; paper takes no validation of its own, and "
                             "loso leaves out every speaker in turn");
    if (train->norm_reestimate && !config->network.batch_norm)
        return snn_error_set(err, SNN_ECONFIG, "train.norm_reestimate",
                             "there is nothing to estimate without network.batch_norm");
    if (train->freeze_weights && train->fine_tune_epochs > 0)
        return snn_error_set(err, SNN_ECONFIG, "train.fine_tune_epochs",
                             "fine-tuning moves the weights, which train.freeze_weights forbids");
    return SNN_OK;
}

/*
 * Without spikes an adaptive neuron is linear, with eigenvalues of product p r and sum
 * p + r - (1-p)(1-r) q a: both inside the unit circle as long as
 *
 *     q a < (1+p)(1+r) / ((1-p)(1-r)) = 1 / (tanh(step/2tau_u) tanh(step/2tau_w))
 *
 * Beyond, the potential changes its sign from step to step and grows.  Short time
 * constants bind.
 */
static snn_status check_adlif(const snn_config *config, snn_error *err)
{
    const snn_neuron_params *neuron = &config->network.neuron;
    const double step = config->data.time_step_ms;
    const double most =
        1.0 / (tanh(0.5 * step / neuron->tau_u_min_ms) * tanh(0.5 * step / neuron->tau_w_min_ms));

    if (neuron->v_reset != 0)
        return snn_error_set(err, SNN_ECONFIG, "neuron.v_reset",
                             "adlif rests at 0 and is reset there: v_reset must be 0, not %g",
                             (double)neuron->v_reset);
    if (neuron->tau_u_min_ms > neuron->tau_u_max_ms)
        return snn_error_set(err, SNN_ECONFIG, "neuron.tau_u_min_ms",
                             "tau_u_min_ms %g is above tau_u_max_ms %g",
                             (double)neuron->tau_u_min_ms, (double)neuron->tau_u_max_ms);
    if (neuron->tau_w_min_ms > neuron->tau_w_max_ms)
        return snn_error_set(err, SNN_ECONFIG, "neuron.tau_w_min_ms",
                             "tau_w_min_ms %g is above tau_w_max_ms %g",
                             (double)neuron->tau_w_min_ms, (double)neuron->tau_w_max_ms);
    if (!((double)neuron->q * neuron->a_max < most))
        return snn_error_set(err, SNN_ECONFIG, "neuron.q",
                             "q a_max is %g, but at steps of %g ms and these shortest time "
                             "constants neurons are stable below %.4g: raise tau_u_min_ms or "
                             "tau_w_min_ms, or lower q or a_max",
                             (double)neuron->q * neuron->a_max, step, most);
    return SNN_OK;
}

snn_status snn_config_check(const snn_config *config, snn_error *err)
{
    const snn_delay_params *delay = &config->network.delay;
    const snn_train_params *train = &config->train;
    float sigma = delay->sigma_init > 0 ? delay->sigma_init : (float)(delay->max_delay / 2);
    bool has_width = delay->version == SNN_KERNEL_GAUSS || delay->version == SNN_KERNEL_MAX;
    snn_status status = SNN_OK;

    TRY(status, check_ranges(config, err));
    TRY(status, check_protocol(config, err));
    if (config->network.neuron.tau_ms < config->data.time_step_ms)
        return snn_error_set(err, SNN_ECONFIG, "neuron.tau_ms",
                             "tau_ms %g is shorter than data.time_step_ms %g: the potential would "
                             "change its sign at every step",
                             (double)config->network.neuron.tau_ms,
                             (double)config->data.time_step_ms);
    if (config->network.neuron.model == SNN_NEURON_ADLIF)
        TRY(status, check_adlif(config, err));
    if (delay->mode == SNN_DELAYS_LEARNED && has_width && train->sigma_share > 0 &&
        delay->max_delay > 1 && sigma < train->sigma_final)
        return snn_error_set(
            err, SNN_ECONFIG, "train.sigma_final",
            "sigma_final %g is above the first width %g; raise delay.sigma_init or "
            "set train.sigma_share=0",
            (double)train->sigma_final, (double)sigma);
    if (train->freeze_weights &&
        (delay->mode != SNN_DELAYS_LEARNED || delay->max_delay == 1 || !(train->lr_position > 0)))
        return snn_error_set(err, SNN_ECONFIG, "train.freeze_weights",
                             "weights and delays are both frozen: nothing would learn; it needs "
                             "delay.mode=learned, delay.max_delay above 1 and train.lr_position "
                             "above 0");
    if (delay->sharing != SNN_SHARING_SYNAPSE && delay->mode == SNN_DELAYS_NONE)
        return snn_error_set(err, SNN_ECONFIG, "delay.sharing",
                             "without delays there is nothing to share: set delay.sharing=synapse, "
                             "or another delay.mode");
    if (delay->sharing != SNN_SHARING_SYNAPSE && delay->solver != SNN_SOLVER_AUTO)
        return snn_error_set(err, SNN_ECONFIG, "delay.solver",
                             "shared delays are computed in a way of their own: set it to auto");
    if (train->weight_schedule == SNN_SCHEDULE_ONECYCLE && !(train->lr_weight_max > 0))
        return snn_error_set(err, SNN_ECONFIG, "train.lr_weight_max",
                             "schedule onecycle needs a peak above 0");
    if (config->data.channel_bin > (config->data.units > 0 ? config->data.units : 700))
        return snn_error_set(err, SNN_ECONFIG, "data.channel_bin",
                             "%u units cannot be summed in groups of %u",
                             (unsigned)(config->data.units > 0 ? config->data.units : 700),
                             (unsigned)config->data.channel_bin);
    if (!(config->augment.speed_low <= config->augment.speed_high))
        return snn_error_set(err, SNN_ECONFIG, "augment.speed_low",
                             "%g is above augment.speed_high, %g",
                             (double)config->augment.speed_low, (double)config->augment.speed_high);
done:
    return status;
}
