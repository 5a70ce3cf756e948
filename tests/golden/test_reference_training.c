/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three optimiser steps on one batch against the recorded tensors of the published
 * implementation: parameters after step 1 and step 3, the loss before each, and the
 * evaluation after them (rounded delays, one-hot taps, running statistics).
 *
 * Bounds.  A float computation is as good as its input is exact: it is accepted
 * if it agrees with the reference as an exact computation would on input that is
 * off by ULPS units in the last place.  How far that moves each number is
 * measured: the run is repeated RUNS times with every parameter disturbed by that
 * much at random, and SAFETY times the largest change seen (no disturbance seen
 * eight times can be eight times too small by chance: 8^-8), plus the rounding of
 * the result itself, is the bound.  This covers what a fixed tolerance cannot:
 * Adam's first steps have size lr * sign(g) however small g is.
 *
 * Spikes of the evaluation may differ where a disturbance changes some too: not in
 * the small cases; in SHD a position of no gradient may round to the next step.
 *
 * So that a bound that allows anything cannot pass for a test, the numbers that
 * it fixes to better than 1/SHARP of the learning rate are counted: all in the small
 * cases, recorded in double; nine in ten for SHD, where the gradient of the other
 * weights and positions is of the size of its own rounding.
 */
#include "tests/cmocka_all.h"
#include "tests/golden/reference_cases.h"

#include <snn/train.h>

#include <float.h>
#include <hdf5.h>

#define LAYERS   3
#define STEPS    3
#define RUNS     8
#define SAFETY   8.0
#define ULPS     4.0
#define ROUNDING 32.0 /* units in the last place of a result itself */
#define SHARP    20.0

/* ---- the recorded file ---------------------------------------------------- */

struct recorded {
    hid_t file;
    uint32_t batch, steps, layers; /* layers with synapses */
    snn_network_params shape;
    snn_train_params train;
    /* what the runs share */
    snn_context *ctx;
    snn_network *net;
    snn_trainer *trainer;
    snn_tape *tape; /* of the evaluation */
    float *x;
    uint32_t label[16];
};

static double attribute(hid_t file, const char *name)
{
    hid_t a = H5Aopen(file, name, H5P_DEFAULT), type;
    double value = NAN;

    assert_true(a >= 0);
    type = H5Aget_type(a);
    if (H5Tget_class(type) == H5T_ENUM) { /* booleans */
        signed char flag;

        assert_true(H5Aread(a, type, &flag) >= 0);
        value = flag;
    } else {
        assert_true(H5Aread(a, H5T_NATIVE_DOUBLE, &value) >= 0);
    }
    H5Tclose(type);
    H5Aclose(a);
    return value;
}

/* Index of a text attribute's value among `words`. */
static int word(hid_t file, const char *name, const char *const *words, int n)
{
    hid_t a = H5Aopen(file, name, H5P_DEFAULT), type = H5Aget_type(a);
    char *text = NULL;
    int found = -1;

    assert_true(H5Aread(a, type, &text) >= 0);
    for (int i = 0; i < n; i++)
        if (strcmp(text, words[i]) == 0)
            found = i;
    assert_true(found >= 0);
    H5free_memory(text);
    H5Tclose(type);
    H5Aclose(a);
    return found;
}

/* A dataset as doubles, or NULL if the file does not have it. */
static double *dataset(hid_t file, const char *name, size_t *n)
{
    hid_t set, space;
    double *data;

    if (H5Lexists(file, name, H5P_DEFAULT) <= 0)
        return NULL;
    set = H5Dopen2(file, name, H5P_DEFAULT);
    space = H5Dget_space(set);
    *n = (size_t)H5Sget_simple_extent_npoints(space);
    data = malloc(*n * sizeof *data);
    assert_non_null(data);
    assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Sclose(space);
    H5Dclose(set);
    return data;
}

static void open_case(struct recorded *r, const char *path)
{
    static const char *const versions[] = {"gauss", "max", "v1", "v0"};
    static const char *const losses[] = {"sum", "mean", "max", "spike_count"};
    snn_network_params *s = &r->shape;

    r->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(r->file >= 0);
    snn_network_params_init(s);
    r->batch = (uint32_t)attribute(r->file, "B");
    r->steps = (uint32_t)attribute(r->file, "T");
    s->n_inputs = (uint32_t)attribute(r->file, "n_in");
    s->n_outputs = (uint32_t)attribute(r->file, "n_out");
    s->n_hidden = (uint32_t)attribute(r->file, "n_hidden_layers");
    r->layers = s->n_hidden + 1;
    for (uint32_t l = 0; l < s->n_hidden; l++)
        s->hidden[l] = (uint32_t)attribute(r->file, "n_hidden");
    s->time_step_ms = 1;
    s->neuron.tau_ms = (float)attribute(r->file, "tau");
    s->neuron.v_threshold = (float)attribute(r->file, "v_threshold");
    s->neuron.v_reset = (float)attribute(r->file, "v_reset");
    s->neuron.surrogate_alpha = (float)attribute(r->file, "alpha");
    s->neuron.detach_reset = attribute(r->file, "detach_reset") != 0;
    s->delay.max_delay = (uint32_t)attribute(r->file, "max_delay");
    s->delay.version = (snn_kernel_version)word(r->file, "version", versions, 4);
    s->loss = (snn_loss)word(r->file, "loss", losses, 4);
    s->readout_threshold = 2;
    s->bias = attribute(r->file, "bias") != 0;
    s->batch_norm = attribute(r->file, "batchnorm") != 0;
    s->dropout = 0;
    snn_train_params_init(&r->train);
    r->train.batch_size = r->batch;
    r->train.weight_schedule = r->train.position_schedule = SNN_SCHEDULE_CONSTANT;
    r->train.lr_weight = (float)attribute(r->file, "lr_w");
    r->train.lr_position = (float)attribute(r->file, "lr_pos");
    r->train.weight_decay = (float)attribute(r->file, "weight_decay_W");
}

/* ---- one run of three steps ------------------------------------------------ */

static const struct {
    const char *recorded, *ours;
    int parameter; /* 1: disturbed; 2: also moved by lr_position */
} names[] = {
    {"W", "weight", 1},      {"P", "position", 2},       {"SIG", "sigma", 0},
    {"bias", "bias", 1},     {"bn_gamma", "gamma", 1},   {"bn_beta", "beta", 1},
    {"bn_rmean", "mean", 0}, {"bn_rvar", "variance", 0},
};
#define NAMES (sizeof names / sizeof names[0])

/* Everything that is compared, one block after another. */
enum { AFTER_1, AFTER_3, PARAMETER_SETS };
struct outcome {
    double *tensor[PARAMETER_SETS][LAYERS][NAMES];
    size_t n[LAYERS][NAMES];
    double loss[STEPS + 1]; /* before each step; of the evaluation */
    double *out, *spikes[LAYERS];
    size_t n_out, n_spikes[LAYERS];
    size_t flips[LAYERS]; /* spread: most spikes that one disturbance changed */
    uint32_t correct;
};

static double *copy(const snn_tensor *tensor)
{
    const size_t n = snn_tensor_size(tensor);
    double *data = malloc((n + 1) * sizeof *data);

    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = ((const float *)tensor->data)[i];
    return data;
}

static void free_outcome(struct outcome *o)
{
    for (uint32_t l = 0; l < LAYERS; l++) {
        for (size_t k = 0; k < NAMES; k++)
            for (int set = 0; set < PARAMETER_SETS; set++)
                free(o->tensor[set][l][k]);
        free(o->spikes[l]);
    }
    free(o->out);
}

static bool find(const snn_network *net, uint32_t l, size_t k, snn_tensor *tensor)
{
    char name[SNN_TENSOR_NAME];

    snprintf(name, sizeof name, "layer%u.%s", (unsigned)l, names[k].ours);
    return snn_network_tensor(net, name, tensor, NULL) == SNN_OK;
}

/* Recorded parameters, each disturbed by at most `ulps` units in the last place.
 * Not so positions on a whole number: all but gauss have a corner there, and a
 * float holds it exactly. */
static void set_parameters(const struct recorded *r, snn_network *net, double ulps,
                           uint64_t *random)
{
    for (uint32_t l = 0; l < r->layers; l++)
        for (size_t k = 0; k < NAMES; k++) {
            char name[SNN_TENSOR_NAME];
            snn_tensor tensor;
            double *data;
            size_t n;

            snprintf(name, sizeof name, "%s%u", names[k].recorded, (unsigned)l);
            data = dataset(r->file, name, &n);
            if (data == NULL)
                continue;
            assert_true(find(net, l, k, &tensor));
            assert_int_equal(n, snn_tensor_size(&tensor));
            for (size_t i = 0; i < n; i++) {
                const bool moves = names[k].parameter == 1 ||
                                   (names[k].parameter == 2 && data[i] != floor(data[i]));
                const double off = moves ? test_uniform(random, -1, 1) * ulps : 0;

                ((float *)tensor.data)[i] = (float)(data[i] * (1 + off * FLT_EPSILON));
            }
            free(data);
        }
}

static void keep_parameters(const struct recorded *r, const snn_network *net, struct outcome *o,
                            int set)
{
    for (uint32_t l = 0; l < r->layers; l++)
        for (size_t k = 0; k < NAMES; k++) {
            snn_tensor tensor;

            if (!find(net, l, k, &tensor))
                continue;
            o->n[l][k] = snn_tensor_size(&tensor);
            o->tensor[set][l][k] = copy(&tensor);
        }
}

static void evaluate(const struct recorded *r, const snn_batch *batch, struct outcome *o)
{
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    snn_tensor tensor;
    char name[SNN_TENSOR_NAME];

    assert_int_equal(snn_forward(r->tape, batch, &pass, NULL), SNN_OK);
    assert_int_equal(snn_loss_forward(r->tape, batch, &o->loss[STEPS], &o->correct, NULL), SNN_OK);
    snprintf(name, sizeof name, "layer%u.output", (unsigned)r->layers - 1);
    assert_int_equal(snn_tape_tensor(r->tape, name, &tensor, NULL), SNN_OK);
    o->n_out = snn_tensor_size(&tensor);
    o->out = copy(&tensor);
    for (uint32_t l = 0; l + 1 < r->layers; l++) {
        snprintf(name, sizeof name, "layer%u.spikes", (unsigned)l);
        assert_int_equal(snn_tape_tensor(r->tape, name, &tensor, NULL), SNN_OK);
        o->n_spikes[l] = snn_tensor_size(&tensor);
        o->spikes[l] = copy(&tensor);
    }
}

/* Network, trainer, evaluation tape and batch of a case. */
static void open_engine(struct recorded *r)
{
    snn_tape_params params;
    double *x, *y;
    size_t n, n_y;

    assert_int_equal(snn_context_create(NULL, &r->ctx, NULL), SNN_OK);
    assert_int_equal(snn_network_create(r->ctx, &r->shape, 1, &r->net, NULL), SNN_OK);
    assert_int_equal(snn_trainer_create(r->net, &r->train, r->steps, &r->trainer, NULL), SNN_OK);
    snn_tape_params_init(&params);
    params.batch = r->batch;
    params.steps = r->steps;
    params.train = 0;
    params.keep = 1;
    assert_int_equal(snn_tape_create(r->net, &params, &r->tape, NULL), SNN_OK);
    x = dataset(r->file, "x", &n);
    y = dataset(r->file, "y", &n_y);
    assert_true(x != NULL && y != NULL && n_y == r->batch && n_y <= 16);
    r->x = malloc(n * sizeof *r->x);
    assert_non_null(r->x);
    for (size_t i = 0; i < n; i++)
        r->x[i] = (float)x[i];
    for (size_t i = 0; i < n_y; i++)
        r->label[i] = (uint32_t)y[i];
    free(y);
    free(x);
}

static void close_engine(struct recorded *r)
{
    free(r->x);
    snn_tape_destroy(r->tape);
    snn_trainer_destroy(r->trainer);
    snn_network_destroy(r->net);
    assert_int_equal(snn_context_bytes(r->ctx), 0);
    snn_context_destroy(r->ctx);
}

static void forget_moments(snn_trainer *trainer)
{
    snn_tensor tensor;

    for (size_t i = 0; snn_trainer_tensor_at(trainer, i, &tensor) == SNN_OK; i++)
        memset(tensor.data, 0, snn_tensor_size(&tensor) * sizeof(float));
    snn_trainer_set_updates(trainer, 0);
}

static void run(const struct recorded *r, double ulps, uint64_t *random, struct outcome *o)
{
    const snn_batch batch = {.batch = r->batch, .steps = r->steps, .x = r->x, .label = r->label};
    snn_step_result step;

    memset(o, 0, sizeof *o);
    set_parameters(r, r->net, ulps, random);
    forget_moments(r->trainer);
    for (int t = 0; t < STEPS; t++) {
        assert_int_equal(snn_trainer_step(r->trainer, &batch, &step, NULL), SNN_OK);
        o->loss[t] = step.loss;
        if (t == 0)
            keep_parameters(r, r->net, o, AFTER_1);
    }
    keep_parameters(r, r->net, o, AFTER_3);
    evaluate(r, &batch, o);
}

/* ---- comparison -------------------------------------------------------------- */

static void widen(double *spread, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        spread[i] = fmax(spread[i], fabs(a[i] - b[i]));
}

static size_t differences(const double *a, const double *b, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += a[i] != b[i];
    return count;
}

static double *zeros(size_t n)
{
    double *data = calloc(n + 1, sizeof *data);

    assert_non_null(data);
    return data;
}

/* Largest change of each number over all disturbed runs. */
static void spread_of(const struct recorded *r, const struct outcome *plain, struct outcome *spread)
{
    uint64_t random = test_seed(21);

    memset(spread, 0, sizeof *spread);
    spread->out = zeros(plain->n_out);
    for (uint32_t l = 0; l < r->layers; l++)
        for (size_t k = 0; k < NAMES; k++)
            for (int set = 0; set < PARAMETER_SETS; set++)
                spread->tensor[set][l][k] = zeros(plain->n[l][k]);
    for (int pass = 0; pass < RUNS; pass++) {
        struct outcome o;

        run(r, ULPS, &random, &o);
        for (uint32_t l = 0; l < r->layers; l++)
            for (size_t k = 0; k < NAMES; k++)
                for (int set = 0; set < PARAMETER_SETS; set++)
                    widen(spread->tensor[set][l][k], o.tensor[set][l][k], plain->tensor[set][l][k],
                          plain->n[l][k]);
        widen(spread->loss, o.loss, plain->loss, STEPS + 1);
        widen(spread->out, o.out, plain->out, plain->n_out);
        for (uint32_t l = 0; l + 1 < r->layers; l++) {
            const size_t flips = differences(o.spikes[l], plain->spikes[l], plain->n_spikes[l]);

            spread->flips[l] = flips > spread->flips[l] ? flips : spread->flips[l];
        }
        free_outcome(&o);
    }
}

struct sharpness {
    size_t numbers, sharp;
};

static void compare(const struct recorded *r, const char *name, const double *got,
                    const double *spread, size_t n, double step, struct sharpness *sharpness)
{
    struct test_near near = test_near_begin(name, 21);
    size_t n_recorded;
    double *expected = dataset(r->file, name, &n_recorded);

    if (expected == NULL)
        return;
    assert_int_equal(n_recorded, n);
    for (size_t i = 0; i < n; i++) {
        const double bound =
            SAFETY * spread[i] + ROUNDING * FLT_EPSILON * fmax(1, fabs(expected[i]));

        check_near(&near, i, expected[i], got[i], bound);
        sharpness->numbers++;
        sharpness->sharp += bound < step / SHARP;
    }
    free(expected);
    test_near_end(&near);
}

static void compare_parameters(const struct recorded *r, const struct outcome *plain,
                               const struct outcome *spread, struct sharpness *sharpness)
{
    static const char *const prefix[PARAMETER_SETS] = {"step1", "step3"};

    for (int set = 0; set < PARAMETER_SETS; set++)
        for (uint32_t l = 0; l < r->layers; l++)
            for (size_t k = 0; k < NAMES; k++) {
                const double lr =
                    names[k].parameter == 2 ? r->train.lr_position : r->train.lr_weight;
                char name[SNN_TENSOR_NAME];

                snprintf(name, sizeof name, "%s_%s%u", prefix[set], names[k].recorded, (unsigned)l);
                compare(r, name, plain->tensor[set][l][k], spread->tensor[set][l][k],
                        plain->n[l][k], lr, sharpness);
            }
}

static void compare_evaluation(const struct recorded *r, const struct outcome *plain,
                               const struct outcome *spread, struct sharpness *sharpness)
{
    double *metric;
    size_t n;

    compare(r, "loss_curve", plain->loss, spread->loss, STEPS, 1, sharpness);
    compare(r, "eval_loss", plain->loss + STEPS, spread->loss + STEPS, 1, 1, sharpness);
    compare(r, "eval_out", plain->out, spread->out, plain->n_out, 1, sharpness);
    for (uint32_t l = 0; l + 1 < r->layers; l++) {
        char name[SNN_TENSOR_NAME];
        double *expected;
        size_t different;

        snprintf(name, sizeof name, "eval_spk%u", (unsigned)l);
        expected = dataset(r->file, name, &n);
        assert_non_null(expected);
        assert_int_equal(n, plain->n_spikes[l]);
        different = differences(expected, plain->spikes[l], n);
        if (different > SAFETY * (double)spread->flips[l])
            fail_msg("%s: %zu of %zu spikes differ, a disturbance changes %zu", name, different, n,
                     spread->flips[l]);
        if (spread->flips[l] > 0)
            print_message("# %s: %zu of %zu spikes differ, a disturbance changes %zu\n", name,
                          different, n, spread->flips[l]);
        free(expected);
    }
    metric = dataset(r->file, "eval_metric", &n);
    assert_non_null(metric);
    assert_int_equal(lround(*metric * r->batch), plain->correct);
    free(metric);
}

static void test_case(void **state)
{
    struct recorded r;
    struct outcome plain, spread;
    struct sharpness sharpness = {0};
    uint64_t unused = 0;
    const char *path;
    char file[256];

    snprintf(file, sizeof file, "reference/%s.h5", (const char *)*state);
    require_shared(path, file);
    open_case(&r, path);
    open_engine(&r);
    run(&r, 0, &unused, &plain);
    spread_of(&r, &plain, &spread);
    compare_parameters(&r, &plain, &spread, &sharpness);
    compare_evaluation(&r, &plain, &spread, &sharpness);
    print_message("# %s: %zu of %zu numbers bound to 1/%g of a step\n", (const char *)*state,
                  sharpness.sharp, sharpness.numbers, SHARP);
    assert_true((double)sharpness.sharp >=
                (strncmp(*state, "small", 5) == 0 ? 1.0 : 0.9) * (double)sharpness.numbers);
    free_outcome(&spread);
    free_outcome(&plain);
    close_engine(&r);
    H5Fclose(r.file);
}

int main(void)
{
    struct CMUnitTest tests[sizeof reference_cases / sizeof reference_cases[0]];

    for (size_t i = 0; i < sizeof reference_cases / sizeof reference_cases[0]; i++)
        tests[i] = (struct CMUnitTest){reference_cases[i], test_case, NULL, NULL,
                                       (void *)(uintptr_t)reference_cases[i]};
    return cmocka_run_group_tests_name("reference_training", tests, NULL, NULL);
}
