/* SPDX-License-Identifier: BSD-3-Clause */
/* The boundary of networks and tapes: what is refused, what is shown, in which order. */
#include "tests/failing_allocator.h"

#include <snn/network.h>

#define BATCH 3
#define STEPS 6

static snn_network_params small(void)
{
    snn_network_params p;

    snn_network_params_init(&p);
    p.n_inputs = 4;
    p.n_outputs = 2;
    p.n_hidden = 1;
    p.hidden[0] = 5;
    p.delay.max_delay = 5;
    return p;
}

static failing_allocator heap = {.fail_at = -1};
static snn_context *ctx;

static int open_context(void **state)
{
    (void)state;
    return failing_context(&heap, 2, &ctx) == SNN_OK ? 0 : -1;
}

static int close_context(void **state)
{
    (void)state;
    snn_context_destroy(ctx);
    return heap.held == 0 && heap.broken == 0 ? 0 : -1;
}

static void refuse(const snn_network_params *params, const char *where)
{
    snn_network *net = NULL;
    snn_error err = {SNN_OK, "", ""};

    assert_int_equal(snn_network_create(ctx, params, 1, &net, &err), SNN_EINVAL);
    assert_null(net);
    assert_int_equal(err.status, SNN_EINVAL);
    assert_string_equal(err.where, where);
    assert_true(strlen(err.what) > 0);
    assert_int_equal(snn_context_bytes(ctx), 0);
}

/* One wrong field at a time. */
#define REFUSE(field, value, where)                                                                \
    do {                                                                                           \
        snn_network_params p_ = small();                                                           \
        p_.field = (value);                                                                        \
        refuse(&p_, (where));                                                                      \
    } while (0)

static void wrong_params(void **state)
{
    (void)state;
    REFUSE(size, 0, "network");
    REFUSE(n_inputs, 0, "network.n_inputs");
    REFUSE(n_outputs, 1, "network.n_outputs");
    REFUSE(n_hidden, SNN_MAX_HIDDEN + 1, "network.hidden");
    REFUSE(hidden[0], 0, "network.hidden");
    REFUSE(fan_in, 65537, "network.fan_in");
    REFUSE(delay.sharing, (snn_sharing)3, "delay.sharing");
    REFUSE(delay.max_delay, 0, "delay.max_delay");
    REFUSE(delay.max_delay, 24, "delay.max_delay");
    REFUSE(delay.kernel_count, 0, "delay.kernel_count");
    REFUSE(delay.sigma_init, -1.0f, "delay.sigma_init");
    REFUSE(delay.sigma_init, NAN, "delay.sigma_init");
    REFUSE(delay.version, (snn_kernel_version)4, "delay.version");
    REFUSE(delay.mode, (snn_delay_mode)-1, "delay.mode");
    REFUSE(delay.padding, (snn_padding)2, "delay.padding");
    REFUSE(neuron.reset, (snn_reset)2, "neuron.reset");
    REFUSE(neuron.surrogate, (snn_surrogate)3, "neuron.surrogate");
    REFUSE(neuron.surrogate_alpha, 0.0f, "neuron.surrogate_alpha");
    REFUSE(neuron.tau_ms, NAN, "neuron.tau_ms");
    REFUSE(neuron.v_threshold, INFINITY, "neuron");
    REFUSE(loss, (snn_loss)4, "network.loss");
    REFUSE(time_step_ms, 0.0f, "data.time_step_ms");
    REFUSE(dropout, 1.0f, "network.dropout");
    REFUSE(dropout, -0.1f, "network.dropout");
    REFUSE(batch_norm_eps, 0.0f, "network.batch_norm");
    REFUSE(batch_norm_momentum, 1.5f, "network.batch_norm");
    REFUSE(neuron.model, (snn_neuron_model)3, "neuron.model");
}

static void refuse_neurons(snn_neuron_model model, size_t field, float value, const char *where)
{
    snn_network_params params = small();

    params.neuron.model = model;
    memcpy((char *)&params.neuron + field, &value, sizeof value);
    refuse(&params, where);
}

static void wrong_neurons(void **state)
{
#define FIELD(name) offsetof(snn_neuron_params, name)
    (void)state;
    refuse_neurons(SNN_NEURON_CUBA, FIELD(tau_syn_ms), 0.0f, "neuron.tau_syn_ms");
    refuse_neurons(SNN_NEURON_ADLIF, FIELD(v_reset), -0.5f, "neuron.v_reset");
    refuse_neurons(SNN_NEURON_ADLIF, FIELD(tau_u_min_ms), 0.0f, "neuron.tau_u_min_ms");
    refuse_neurons(SNN_NEURON_ADLIF, FIELD(tau_u_max_ms), 4.0f, "neuron.tau_u_min_ms");
    refuse_neurons(SNN_NEURON_ADLIF, FIELD(tau_w_min_ms), NAN, "neuron.tau_w_min_ms");
    refuse_neurons(SNN_NEURON_ADLIF, FIELD(tau_w_max_ms), INFINITY, "neuron.tau_w_min_ms");
    refuse_neurons(SNN_NEURON_ADLIF, FIELD(a_max), -1.0f, "neuron.q");
    refuse_neurons(SNN_NEURON_ADLIF, FIELD(b_max), NAN, "neuron.q");
    /* Stable below 15.793 at these steps and time constants. */
    refuse_neurons(SNN_NEURON_ADLIF, FIELD(q), 15.8f, "neuron.q");
#undef FIELD
}

/* Drawn in their ranges from the seed; counted; clamped to the ranges, not beyond. */
static void neurons_of_their_own(void **state)
{
    static const char *const names[] = {"layer0.a", "layer0.b", "layer0.tau_u", "layer0.tau_w"};
    static const float most[] = {0.5f, 3.0f, 1.0f, 1.0f};
    snn_network_params params = small();
    snn_network *net;
    size_t plain;

    (void)state;
    params.hidden[0] = 1000;
    assert_int_equal(snn_network_create(ctx, &params, 7, &net, NULL), SNN_OK);
    plain = snn_network_parameter_count(net);
    snn_network_destroy(net);
    params.neuron.model = SNN_NEURON_ADLIF;
    params.neuron.q = 31.5f;
    params.neuron.a_max = 0.5f;
    params.neuron.b_max = 3.0f;
    assert_int_equal(snn_network_create(ctx, &params, 7, &net, NULL), SNN_OK);
    assert_int_equal(snn_network_parameter_count(net), plain + 4000);
    for (int k = 0; k < 4; k++) {
        snn_tensor tensor, other;
        double sum = 0;
        float *x;

        assert_int_equal(snn_network_tensor(net, names[k], &tensor, NULL), SNN_OK);
        assert_int_equal(snn_network_tensor(net, names[(k + 1) % 4], &other, NULL), SNN_OK);
        assert_int_equal(snn_tensor_size(&tensor), 1000);
        x = tensor.data;
        assert_true(x[0] / most[k] != ((float *)other.data)[0] / most[(k + 1) % 4]);
        for (int i = 0; i < 1000; i++) {
            assert_true(x[i] >= 0.0f && x[i] <= most[k]);
            sum += (double)x[i] / most[k];
        }
        /* Mean of uniform numbers: 1/2 within five of its standard deviations. */
        assert_true(fabs(sum / 1000 - 0.5) < 5.0 / sqrt(12.0 * 1000));
        x[0] = -0.01f;
        x[1] = most[k] + 0.01f;
        x[2] = 0.3f;
        snn_network_clamp(net);
        assert_true(x[0] == 0.0f && x[1] == most[k] && x[2] == 0.3f);
    }
    snn_network_destroy(net);
    params.neuron.train_tau = 0;
    assert_int_equal(snn_network_create(ctx, &params, 7, &net, NULL), SNN_OK);
    assert_int_equal(snn_network_parameter_count(net), plain + 2000);
    snn_network_destroy(net);
}

/* First values: as published, drawn from the seed alone. */
static void first_values(void **state)
{
    const float bound = sqrtf(6.0f / 4.0f);
    snn_network_params params = small();
    snn_network *net, *again;
    snn_tensor w, p, s, other;
    uint32_t at_end = 0;

    (void)state;
    params.hidden[0] = 500;
    params.delay.max_delay = 25;
    assert_int_equal(snn_network_create(ctx, &params, 7, &net, NULL), SNN_OK);
    assert_int_equal(snn_network_create(ctx, &params, 7, &again, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(net, "layer0.weight", &w, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(net, "layer0.position", &p, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(net, "layer0.sigma", &s, NULL), SNN_OK);
    for (size_t i = 0; i < snn_tensor_size(&w); i++) {
        const float position = ((float *)p.data)[i];

        assert_true(fabsf(((float *)w.data)[i]) <= bound);
        assert_true(position >= -12.0f && position <= 12.0f);
        assert_true(((float *)s.data)[i] == 12.0f);
        at_end += position == -12.0f;
    }
    /* Drawn from -13 .. 12 and clamped: one in 25 has the longest delay. */
    assert_true(fabs(at_end - 80.0) < 5.0 * sqrt(80.0));
    for (size_t i = 0; snn_network_tensor_at(net, i, &w) == SNN_OK; i++) {
        assert_int_equal(snn_network_tensor_at(again, i, &other), SNN_OK);
        assert_string_equal(w.name, other.name);
        assert_memory_equal(w.data, other.data, snn_tensor_size(&w) * sizeof(float));
    }
    assert_int_equal(snn_network_parameter_count(net), 2 * (4 * 500 + 500 * 2) + 2 * 500);
    assert_int_equal(snn_network_output_steps(net, 100), 124);
    assert_int_equal(snn_network_tensor(net, "layer9.weight", &w, NULL), SNN_ENOTFOUND);
    snn_network_destroy(again);
    snn_network_destroy(net);
    snn_network_destroy(NULL);
    snn_tape_destroy(NULL);
}

static void refused_batches(void **state)
{
    static const float x[STEPS * BATCH * 4];
    const uint32_t label[BATCH] = {0, 1, 2}, good[BATCH] = {0, 1, 1}, length[BATCH] = {6, 7, 1};
    const snn_pass train = {.mode = SNN_MODE_TRAIN}, eval = {.mode = SNN_MODE_EVAL};
    const snn_network_params params = small();
    snn_batch batch = {.batch = BATCH, .steps = STEPS, .x = x, .label = good};
    snn_tape_params tape_params;
    snn_network *net;
    snn_tape *tape = NULL;
    double loss = -1.0;
    uint32_t correct = 99;

    (void)state;
    assert_int_equal(snn_network_create(ctx, &params, 1, &net, NULL), SNN_OK);
    snn_tape_params_init(&tape_params);
    tape_params.batch = 0;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_EINVAL);
    assert_null(tape);
    tape_params.batch = BATCH;
    tape_params.steps = STEPS;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    /* Nothing before a forward pass. */
    assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_EINVAL);
    assert_int_equal(snn_backward(tape, NULL), SNN_EINVAL);
    batch.batch = BATCH + 1;
    assert_int_equal(snn_forward(tape, &batch, &train, NULL), SNN_EINVAL);
    batch.batch = 0;
    assert_int_equal(snn_forward(tape, &batch, &train, NULL), SNN_EINVAL);
    batch.batch = BATCH;
    batch.steps = STEPS + 1;
    assert_int_equal(snn_forward(tape, &batch, &train, NULL), SNN_EINVAL);
    batch.steps = STEPS;
    batch.length = length; /* one is longer than the batch */
    assert_int_equal(snn_forward(tape, &batch, &train, NULL), SNN_EINVAL);
    batch.length = NULL;
    assert_int_equal(snn_forward(tape, &batch, &train, NULL), SNN_OK);
    assert_int_equal(snn_backward(tape, NULL), SNN_EINVAL); /* no loss yet */
    batch.label = label;                                    /* class 2 of 2 */
    assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_EINVAL);
    assert_true(loss == -1.0);
    assert_int_equal(correct, 99);
    batch.label = good;
    assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_OK);
    assert_int_equal(snn_backward(tape, NULL), SNN_OK);
    assert_int_equal(snn_forward(tape, &batch, &eval, NULL), SNN_OK);
    assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_OK);
    assert_int_equal(snn_backward(tape, NULL), SNN_EINVAL); /* evaluation has no gradient */
    snn_tape_destroy(tape);
    tape_params.train = 0;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    assert_int_equal(snn_forward(tape, &batch, &train, NULL), SNN_EINVAL);
    snn_tape_destroy(tape);
    snn_network_destroy(net);
}

/* Not-a-number is reported as divergence, never passed on; and no sanitizer minds. */
static void divergence(void **state)
{
    const uint32_t label[BATCH] = {0, 1, 1};
    const snn_pass pass = {.mode = SNN_MODE_TRAIN};
    snn_network_params params = small();
    float x[STEPS * BATCH * 4] = {0};
    const snn_batch batch = {.batch = BATCH, .steps = STEPS, .x = x, .label = label};
    snn_tape_params tape_params;
    snn_network *net;
    snn_tape *tape;
    snn_tensor weight;
    double loss = -1.0;
    uint32_t correct;

    (void)state;
    params.delay.solver = SNN_SOLVER_DIRECT; /* one by spikes would not meet it without a spike */
    assert_int_equal(snn_network_create(ctx, &params, 1, &net, NULL), SNN_OK);
    snn_tape_params_init(&tape_params);
    tape_params.batch = BATCH;
    tape_params.steps = STEPS;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(net, "layer1.weight", &weight, NULL), SNN_OK);
    ((float *)weight.data)[0] = NAN;
    assert_int_equal(snn_forward(tape, &batch, &pass, NULL), SNN_OK);
    assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_EDIVERGED);
    assert_true(loss == -1.0);
    snn_tape_destroy(tape);
    snn_network_destroy(net);
}

/* A sample without a single frame has finite scores with every loss. */
static void empty_sample(void **state)
{
    static const float x[STEPS * BATCH * 4] = {1.0f, 2.0f, 3.0f};
    const uint32_t label[BATCH] = {0, 1, 1}, length[BATCH] = {0, STEPS, 0};
    const snn_pass pass = {.mode = SNN_MODE_TRAIN};
    const snn_batch batch = {
        .batch = BATCH, .steps = STEPS, .x = x, .label = label, .length = length};

    (void)state;
    for (int loss_kind = SNN_LOSS_SUM; loss_kind <= SNN_LOSS_SPIKE_COUNT; loss_kind++) {
        snn_network_params params = small();
        snn_tape_params tape_params;
        snn_network *net;
        snn_tape *tape;
        double loss;
        uint32_t correct;

        params.loss = (snn_loss)loss_kind;
        params.mask_padding = 1;
        params.delay.padding = SNN_PADDING_CAUSAL;
        assert_int_equal(snn_network_create(ctx, &params, 1, &net, NULL), SNN_OK);
        snn_tape_params_init(&tape_params);
        tape_params.batch = BATCH;
        tape_params.steps = STEPS;
        assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
        assert_int_equal(snn_forward(tape, &batch, &pass, NULL), SNN_OK);
        assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_OK);
        assert_int_equal(snn_backward(tape, NULL), SNN_OK);
        snn_tape_destroy(tape);
        snn_network_destroy(net);
    }
}

/* Mixed labels: the loss is mixed as they are, a share of 0 gives the bits of one label,
 * and right is who finds the label with the larger share.  Half a target is refused. */
static void mixed_labels(void **state)
{
    static float x[STEPS * BATCH * 4];
    const uint32_t one[BATCH] = {0, 0, 0}, two[BATCH] = {1, 1, 1}, wrong[BATCH] = {1, 1, 2};
    const float none[BATCH] = {0}, share[BATCH] = {0.25f, 0.25f, 0.25f},
                half[BATCH] = {0.5f, 0.5f, 0.5f}, most[BATCH] = {0.75f, 0.75f, 0.75f},
                above[BATCH] = {0, 0, 1.5f};
    const snn_pass pass = {.mode = SNN_MODE_CONTINUOUS};
    const snn_network_params params = small();
    snn_batch batch = {.batch = BATCH, .steps = STEPS, .x = x};
    double loss[2], mixed, after;
    uint32_t right[2], n;
    snn_tape_params tape_params;
    snn_network *net;
    snn_tape *tape;

    (void)state;
    for (size_t i = 0; i < STEPS * BATCH * 4; i++)
        x[i] = (float)(i % 7) * 0.4f;
    assert_int_equal(snn_network_create(ctx, &params, 1, &net, NULL), SNN_OK);
    snn_tape_params_init(&tape_params);
    tape_params.batch = BATCH;
    tape_params.steps = STEPS;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    assert_int_equal(snn_forward(tape, &batch, &pass, NULL), SNN_OK);
    for (int k = 0; k < 2; k++) {
        batch.label = k == 0 ? one : two;
        assert_int_equal(snn_loss_forward(tape, &batch, &loss[k], &right[k], NULL), SNN_OK);
    }
    assert_int_equal(right[0] + right[1], BATCH);
    assert_true(loss[0] != loss[1]);
    batch.label = one;
    batch.label2 = two;
    batch.mix = share;
    assert_int_equal(snn_loss_forward(tape, &batch, &mixed, &n, NULL), SNN_OK);
    assert_true(fabs(mixed - (0.75 * loss[0] + 0.25 * loss[1])) <= 16 * 0x1p-52 * (1 + loss[0]));
    assert_int_equal(n, right[0]);
    batch.mix = half;
    assert_int_equal(snn_loss_forward(tape, &batch, &mixed, &n, NULL), SNN_OK);
    assert_int_equal(n, right[0]);
    batch.mix = most;
    assert_int_equal(snn_loss_forward(tape, &batch, &mixed, &n, NULL), SNN_OK);
    assert_int_equal(n, right[1]);
    batch.mix = none;
    assert_int_equal(snn_loss_forward(tape, &batch, &mixed, &n, NULL), SNN_OK);
    assert_memory_equal(&mixed, &loss[0], sizeof mixed);
    after = mixed;
    batch.mix = NULL;
    assert_int_equal(snn_loss_forward(tape, &batch, &mixed, &n, NULL), SNN_EINVAL);
    batch.mix = above;
    assert_int_equal(snn_loss_forward(tape, &batch, &mixed, &n, NULL), SNN_EINVAL);
    batch.mix = share;
    batch.label2 = wrong;
    assert_int_equal(snn_loss_forward(tape, &batch, &mixed, &n, NULL), SNN_EINVAL);
    assert_memory_equal(&mixed, &after, sizeof mixed);
    snn_tape_destroy(tape);
    snn_network_destroy(net);
}

/* What a tape shows: names are unique, shapes are those of the batch, and nothing
 * is shown that nobody writes. */
static void shown_tensors(void **state)
{
    static const float x[STEPS * BATCH * 4];
    const uint32_t label[BATCH] = {0, 1, 1};
    const snn_pass pass = {.mode = SNN_MODE_TRAIN};
    const snn_batch batch = {.batch = 2, .steps = 4, .x = x, .label = label};
    snn_network_params params = small();
    snn_tape_params tape_params;
    snn_network *net;
    snn_tape *tape;
    snn_tensor a, b;
    double loss;
    uint32_t correct;

    (void)state;
    params.neuron.model = SNN_NEURON_ADLIF;
    params.neuron.train_tau = 0;
    assert_int_equal(snn_network_create(ctx, &params, 1, &net, NULL), SNN_OK);
    snn_tape_params_init(&tape_params);
    tape_params.batch = BATCH;
    tape_params.steps = STEPS;
    tape_params.keep = 1;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    assert_int_equal(snn_forward(tape, &batch, &pass, NULL), SNN_OK);
    assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_OK);
    assert_int_equal(snn_backward(tape, NULL), SNN_OK);
    for (size_t i = 0; snn_tape_tensor_at(tape, i, &a) == SNN_OK; i++) {
        assert_non_null(a.data);
        assert_true(snn_tensor_size(&a) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_equal(snn_tape_tensor_at(tape, j, &b), SNN_OK);
            assert_string_not_equal(a.name, b.name);
        }
    }
    assert_int_equal(snn_tape_tensor(tape, "layer1.output", &a, NULL), SNN_OK);
    assert_int_equal(a.shape[0], 4 + 2 * 2); /* two layers, (D-1)/2 steps each */
    assert_int_equal(a.shape[1], 2);
    assert_int_equal(a.shape[2], 2);
    assert_int_equal(snn_tape_tensor(tape, "layer0.taps", &a, NULL), SNN_OK);
    assert_int_equal(a.shape[0], 5);
    assert_int_equal(snn_tape_tensor(tape, "grad.layer1.bn", &a, NULL), SNN_ENOTFOUND);
    assert_int_equal(snn_tape_tensor(tape, "grad.input", &a, NULL), SNN_ENOTFOUND);
    assert_int_equal(snn_tape_tensor(tape, "layer0.adaptation", &a, NULL), SNN_OK);
    assert_int_equal(snn_tape_tensor(tape, "layer1.adaptation", &a, NULL), SNN_ENOTFOUND);
    assert_int_equal(snn_tape_tensor(tape, "grad.layer0.a", &a, NULL), SNN_OK);
    assert_int_equal(snn_tape_tensor(tape, "grad.layer0.tau_u", &a, NULL), SNN_ENOTFOUND);
    snn_tape_destroy(tape);
    snn_network_destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_params),         cmocka_unit_test(wrong_neurons),
        cmocka_unit_test(neurons_of_their_own), cmocka_unit_test(first_values),
        cmocka_unit_test(refused_batches),      cmocka_unit_test(divergence),
        cmocka_unit_test(empty_sample),         cmocka_unit_test(mixed_labels),
        cmocka_unit_test(shown_tensors),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
