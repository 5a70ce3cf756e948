/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Laws of the neurons, through the public interface: closed forms of a membrane and its
 * adaptation, the filter's impulse response, what a model is when a part of it is switched
 * off, and a trace from a loop in double precision that shares no code with the kernels.
 *
 * The first layer is a unit matrix without delays, so that input i is the current of
 * neuron i.  NEAR is far above the rounding of a few hundred steps of a stable system
 * (about 400 U = 2e-5 of the largest value) and far below a wrong factor.
 */
#include "tests/cmocka_all.h"

#include "snn/base/base.h"

#include <snn/network.h>
#include <snn/train.h>

#define NEURONS 6u
#define BATCH   2u
#define STEPS   400u
#define ROW     (BATCH * NEURONS)
#define NEAR    1e-4
#define NEVER   1e6f /* a threshold out of reach */

typedef struct {
    snn_context *ctx;
    snn_network *net;
    snn_tape *tape;
    const float *membrane, *spikes, *adaptation; /* [STEPS][ROW] */
    float x[STEPS * ROW];
} rig;

static snn_network_params params_of(snn_neuron_model model)
{
    snn_network_params p;

    snn_network_params_init(&p);
    p.n_inputs = p.hidden[0] = NEURONS;
    p.n_hidden = 1;
    p.n_outputs = 2;
    p.delay.mode = SNN_DELAYS_NONE;
    p.batch_norm = 0;
    p.dropout = 0.0f;
    p.neuron.model = model;
    p.neuron.tau_ms = 33.0f;
    p.neuron.tau_u_min_ms = 20.0f;
    p.neuron.tau_u_max_ms = 100.0f;
    p.neuron.tau_w_min_ms = 240.0f;
    p.neuron.tau_w_max_ms = 1200.0f;
    p.neuron.q = 120.0f;
    return p;
}

static float *values_of(const rig *r, const char *name)
{
    snn_tensor tensor;

    assert_int_equal(snn_network_tensor(r->net, name, &tensor, NULL), SNN_OK);
    return tensor.data;
}

static void set_all(const rig *r, const char *name, float value)
{
    float *x = values_of(r, name);

    for (uint32_t i = 0; i < NEURONS; i++)
        x[i] = value;
}

static const float *shown(const rig *r, const char *name)
{
    snn_tensor tensor;

    return snn_tape_tensor(r->tape, name, &tensor, NULL) == SNN_OK ? tensor.data : NULL;
}

static void open_rig(rig *r, const snn_network_params *params)
{
    snn_tape_params tape;
    float *weight;

    memset(r, 0, sizeof *r);
    assert_int_equal(snn_context_create(NULL, &r->ctx, NULL), SNN_OK);
    assert_int_equal(snn_network_create(r->ctx, params, 5, &r->net, NULL), SNN_OK);
    snn_tape_params_init(&tape);
    tape.batch = BATCH;
    tape.steps = STEPS;
    tape.train = 0;
    tape.keep = 1;
    assert_int_equal(snn_tape_create(r->net, &tape, &r->tape, NULL), SNN_OK);
    weight = values_of(r, "layer0.weight");
    for (uint32_t i = 0; i < NEURONS * NEURONS; i++)
        weight[i] = i % (NEURONS + 1) == 0 ? 1.0f : 0.0f;
}

static void run_rig(rig *r)
{
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    const snn_batch batch = {.batch = BATCH, .steps = STEPS, .x = r->x};

    assert_int_equal(snn_forward(r->tape, &batch, &pass, NULL), SNN_OK);
    r->membrane = shown(r, "layer0.membrane");
    r->spikes = shown(r, "layer0.spikes");
    r->adaptation = shown(r, "layer0.adaptation");
}

static void close_rig(rig *r)
{
    snn_tape_destroy(r->tape);
    snn_network_destroy(r->net);
    snn_context_destroy(r->ctx);
}

/* Input j of row t is value + slope * j, in the first `steps` steps; else 0. */
static void fill(rig *r, uint32_t steps, float value, float slope)
{
    for (uint32_t t = 0; t < STEPS; t++)
        for (uint32_t j = 0; j < ROW; j++)
            r->x[t * ROW + j] = t < steps ? value + slope * (float)j : 0.0f;
}

/* Decays of neuron i, from the parameters that a user sees. */
static void decays(const rig *r, uint32_t i, double *p, double *q)
{
    const snn_neuron_params *n = &snn_network_get_params(r->net)->neuron;
    const double u = n->tau_u_min_ms + (double)values_of(r, "layer0.tau_u")[i] *
                                           ((double)n->tau_u_max_ms - n->tau_u_min_ms);
    const double w = n->tau_w_min_ms + (double)values_of(r, "layer0.tau_w")[i] *
                                           ((double)n->tau_w_max_ms - n->tau_w_min_ms);

    *p = exp(-10.0 / u);
    *q = exp(-10.0 / w);
}

/* ---- closed forms of adaptive neurons ---------------------------------------------------- */

/* Without adaptation a constant current x charges the membrane as x (1 - p^(t+1)). */
static void step_response(void **state)
{
    snn_network_params params = params_of(SNN_NEURON_ADLIF);
    struct test_near near = test_near_begin("membrane", 0);
    rig r;

    (void)state;
    params.neuron.v_threshold = NEVER;
    open_rig(&r, &params);
    set_all(&r, "layer0.a", 0.0f);
    set_all(&r, "layer0.b", 0.0f);
    fill(&r, STEPS, -1.0f, 0.3f);
    run_rig(&r);
    for (uint32_t at = 0; at < STEPS * ROW; at++) {
        double p, unused;

        decays(&r, at % NEURONS, &p, &unused);
        check_near(&near, at, (double)r.x[at] * (1.0 - pow(p, at / ROW + 1.0)),
                   (double)r.membrane[at], NEAR);
    }
    test_near_end(&near);
    close_rig(&r);
}

/* A constant current ends where u = x - w and w = q a u:  u = x / (1 + q a). */
static void steady_state(void **state)
{
    snn_network_params params = params_of(SNN_NEURON_ADLIF);
    struct test_near near = test_near_begin("steady state", 0);
    rig r;

    (void)state;
    params.neuron.v_threshold = NEVER;
    open_rig(&r, &params);
    fill(&r, STEPS, 3.0f, 1.7f);
    run_rig(&r);
    for (uint32_t j = 0; j < ROW; j++) {
        const uint32_t at = (STEPS - 1) * ROW + j;
        const double strength = 120.0 * (double)values_of(&r, "layer0.a")[j % NEURONS];
        const double u = (double)r.x[at] / (1.0 + strength);

        check_near(&near, 2 * j, u, (double)r.membrane[at], NEAR * (double)r.x[at]);
        check_near(&near, 2 * j + 1, strength * u, (double)r.adaptation[at],
                   NEAR * (double)r.x[at]);
    }
    test_near_end(&near);
    close_rig(&r);
}

/*
 * After an impulse the state goes on by a 2 x 2 matrix of trace p + r - (1-p)(1-r) q a and
 * determinant p r, so (Cayley, Hamilton) u'' = trace u' - determinant u: a resonance that
 * fades by sqrt(p r) a step.  The determinant is what makes the form symplectic.
 */
static void resonance(void **state)
{
    snn_network_params params = params_of(SNN_NEURON_ADLIF);
    struct test_near near = test_near_begin("recurrence", 0);
    uint32_t crossings = 0;
    rig r;

    (void)state;
    params.neuron.v_threshold = NEVER;
    open_rig(&r, &params);
    fill(&r, 1, 10.0f, 1.0f);
    run_rig(&r);
    for (uint32_t t = 2; t < STEPS; t++) {
        for (uint32_t j = 0; j < ROW; j++) {
            const float *u = r.membrane + t * ROW + j, *before = u - ROW, *first = before - ROW;
            const double strength = 120.0 * (double)values_of(&r, "layer0.a")[j % NEURONS];
            double p, q;

            decays(&r, j % NEURONS, &p, &q);
            check_near(&near, t * ROW + j,
                       (p + q - (1.0 - p) * (1.0 - q) * strength) * (double)*before -
                           p * q * (double)*first,
                       (double)*u, NEAR);
            crossings += (*u < 0.0f) != (*before < 0.0f);
        }
    }
    test_near_end(&near);
    assert_true(crossings > 5 * ROW);
    close_rig(&r);
}

/* With b alone w is the spikes through a low pass of weight q b: intervals grow. */
static void firing_slows_down(void **state)
{
    snn_network_params params = params_of(SNN_NEURON_ADLIF);
    struct test_near near = test_near_begin("adaptation", 0);
    rig r;

    (void)state;
    open_rig(&r, &params);
    set_all(&r, "layer0.a", 0.0f);
    set_all(&r, "layer0.b", 1.0f);
    fill(&r, STEPS, 20.0f, 1.0f);
    run_rig(&r);
    for (uint32_t j = 0; j < ROW; j++) {
        double p, q, expected = 0.0;
        uint32_t early = 0, late = 0;

        decays(&r, j % NEURONS, &p, &q);
        for (uint32_t t = 0; t < STEPS; t++) {
            const double s = (double)r.spikes[t * ROW + j];

            expected = q * expected + (1.0 - q) * 120.0 * s;
            check_near(&near, t * ROW + j, expected, (double)r.adaptation[t * ROW + j],
                       NEAR * 120.0);
            early += s > 0.0 && t < 20;
            late += s > 0.0 && t >= STEPS - 20;
            if (s > 0.0)
                assert_true(r.membrane[t * ROW + j] == 0.0f);
        }
        assert_true(late > 0 && early > 2 * late);
    }
    test_near_end(&near);
    close_rig(&r);
}

/* ---- current-based neurons --------------------------------------------------------------- */

/* Two decays in a row answer an impulse with  sum_k d^(t-k) s^k = (d^(t+1) - s^(t+1)) / (d - s). */
static void impulse_response(void **state)
{
    const double d = 1.0 - 10.0 / 33.0, s = exp(-10.0 / 42.0);
    snn_network_params params = params_of(SNN_NEURON_CUBA);
    struct test_near near = test_near_begin("membrane", 0);
    rig r;

    (void)state;
    params.neuron.v_threshold = NEVER;
    params.neuron.tau_syn_ms = 42.0f;
    open_rig(&r, &params);
    fill(&r, 1, 1.0f, 0.5f);
    run_rig(&r);
    for (uint32_t at = 0; at < STEPS * ROW; at++) {
        const double t = at / ROW + 1.0;

        check_near(&near, at, (double)r.x[at % ROW] * (pow(d, t) - pow(s, t)) / (d - s),
                   (double)r.membrane[at], 0.1 * NEAR);
    }
    test_near_end(&near);
    assert_null(r.adaptation);
    close_rig(&r);
}

/* ---- a trace ----------------------------------------------------------------------------- */

static void follow(const rig *r, uint32_t j, struct test_near near[3], double *closest)
{
    const snn_neuron_params *n = &snn_network_get_params(r->net)->neuron;
    const uint32_t i = j % NEURONS;
    const double a = (double)values_of(r, "layer0.a")[i], b = (double)values_of(r, "layer0.b")[i];
    double p, q, u = 0.0, w = 0.0;

    decays(r, i, &p, &q);
    for (uint32_t t = 0; t < STEPS; t++) {
        const uint32_t at = t * ROW + j;
        double z = 0.0;

        u = p * u + (1.0 - p) * ((double)r->x[at] - w);
        *closest = fmin(*closest, fabs(u - n->v_threshold));
        if (u >= n->v_threshold) {
            z = 1.0;
            u = n->reset == SNN_RESET_HARD ? 0.0 : u - n->v_threshold;
        }
        w = q * w + (1.0 - q) * n->q * (a * u + b * z);
        check_near(&near[0], at, z, (double)r->spikes[at], 0.0);
        check_near(&near[1], at, u, (double)r->membrane[at], NEAR);
        check_near(&near[2], at, w, (double)r->adaptation[at], NEAR * (1.0 + fabs(w)));
    }
}

static void trace(void **state)
{
    const uint64_t seed = test_seed(77);

    (void)state;
    for (int reset = SNN_RESET_HARD; reset <= SNN_RESET_SOFT; reset++) {
        snn_network_params params = params_of(SNN_NEURON_ADLIF);
        struct test_near near[3] = {test_near_begin("spikes", seed),
                                    test_near_begin("membrane", seed),
                                    test_near_begin("adaptation", seed)};
        uint64_t random = seed;
        double closest = INFINITY, fired = 0.0;
        rig r;

        params.neuron.reset = (snn_reset)reset;
        params.neuron.q = 30.0f;
        open_rig(&r, &params);
        for (uint32_t at = 0; at < STEPS * ROW; at++)
            r.x[at] = test_uniform(&random, -4.0f, 16.0f);
        run_rig(&r);
        for (uint32_t j = 0; j < ROW; j++)
            follow(&r, j, near, &closest);
        for (uint32_t at = 0; at < STEPS * ROW; at++)
            fired += (double)r.spikes[at];
        print_message("# %.1f %% of steps fire, closest to the threshold %.2g\n",
                      100.0 * fired / (STEPS * ROW), closest);
        assert_true(fired > 0.05 * STEPS * ROW && fired < 0.9 * STEPS * ROW);
        for (int k = 0; k < 3; k++)
            test_near_end(&near[k]);
        close_rig(&r);
    }
}

/* ---- reductions, through forward and backward --------------------------------------------- */

#define SAMPLES 5u
#define FRAMES  30u
#define INPUTS  8u

typedef struct {
    double loss;
    size_t n[3];
    float *g[3]; /* of layer0.weight, layer0.position, layer1.weight */
} outcome;

static const char *const WATCHED[3] = {"grad.layer0.weight", "grad.layer0.position",
                                       "grad.layer1.weight"};

static outcome learn(const snn_network_params *params, uint64_t seed)
{
    static float x[FRAMES * SAMPLES * INPUTS];
    const uint32_t label[SAMPLES] = {0, 1, 2, 0, 1};
    const snn_batch batch = {.batch = SAMPLES, .steps = FRAMES, .x = x, .label = label};
    const snn_pass pass = {.mode = SNN_MODE_TRAIN, .seed = 3};
    snn_tape_params tape_params;
    snn_context *ctx;
    snn_network *net;
    snn_tape *tape;
    uint32_t correct;
    outcome o;

    for (size_t i = 0; i < SNN_COUNT(x); i++)
        x[i] = test_random(&seed) % 4 == 0 ? test_uniform(&seed, 0.0f, 3.0f) : 0.0f;
    assert_int_equal(snn_context_create(NULL, &ctx, NULL), SNN_OK);
    assert_int_equal(snn_network_create(ctx, params, 21, &net, NULL), SNN_OK);
    snn_tape_params_init(&tape_params);
    tape_params.batch = SAMPLES;
    tape_params.steps = FRAMES;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    assert_int_equal(snn_forward(tape, &batch, &pass, NULL), SNN_OK);
    assert_int_equal(snn_loss_forward(tape, &batch, &o.loss, &correct, NULL), SNN_OK);
    assert_int_equal(snn_backward(tape, NULL), SNN_OK);
    for (int k = 0; k < 3; k++) {
        snn_tensor tensor;

        assert_int_equal(snn_tape_tensor(tape, WATCHED[k], &tensor, NULL), SNN_OK);
        o.n[k] = snn_tensor_size(&tensor);
        o.g[k] = malloc(o.n[k] * sizeof(float));
        assert_non_null(o.g[k]);
        memcpy(o.g[k], tensor.data, o.n[k] * sizeof(float));
    }
    snn_tape_destroy(tape);
    snn_network_destroy(net);
    snn_context_destroy(ctx);
    return o;
}

static void end_outcome(outcome *o)
{
    for (int k = 0; k < 3; k++)
        free(o->g[k]);
}

static snn_network_params learning(int variant)
{
    snn_network_params p;

    snn_network_params_init(&p);
    p.n_inputs = INPUTS;
    p.n_outputs = 3;
    p.n_hidden = 2;
    p.hidden[0] = 19;
    p.hidden[1] = 12;
    p.delay.max_delay = 7;
    p.neuron.v_threshold = 0.5f;
    p.neuron.reset = variant & 1 ? SNN_RESET_SOFT : SNN_RESET_HARD;
    p.neuron.detach_reset = variant & 2 ? 0 : 1;
    p.neuron.surrogate = (snn_surrogate)(variant % 3);
    p.neuron.surrogate_alpha = 2.0f;
    return p;
}

/* Neither a nor b: LIF with decay of the input, 1 - step/tau = e^(-step/tau_u). */
static void adlif_without_adaptation(void **state)
{
    const uint64_t seed = test_seed(8);

    (void)state;
    for (int variant = 0; variant < 6; variant++) {
        snn_network_params adlif = learning(variant), lif = learning(variant);
        outcome a, b;

        lif.neuron.decay_input = adlif.neuron.decay_input = 1; /* of adlif: the read-out's */
        lif.neuron.tau_ms = adlif.neuron.tau_ms = (float)(10.0 / -expm1(-10.0 / 25.0));
        adlif.neuron.model = SNN_NEURON_ADLIF;
        adlif.neuron.a_max = adlif.neuron.b_max = 0.0f;
        adlif.neuron.tau_u_min_ms = adlif.neuron.tau_u_max_ms = 25.0f;
        a = learn(&adlif, seed);
        b = learn(&lif, seed);
        assert_true(fabs(a.loss - b.loss) < NEAR * b.loss);
        for (int k = 0; k < 3; k++) {
            double size = 0.0;

            for (size_t i = 0; i < b.n[k]; i++)
                size = fmax(size, fabs((double)b.g[k][i]));
            assert_true(size > 1e-4);
            check_array_near(WATCHED[k], b.g[k], a.g[k], b.n[k], NEAR * size, seed);
        }
        end_outcome(&a);
        end_outcome(&b);
    }
}

/* A current that is forgotten within a step: LIF, bit by bit. */
static void cuba_without_memory(void **state)
{
    const uint64_t seed = test_seed(9);

    (void)state;
    for (int variant = 0; variant < 6; variant++) {
        snn_network_params cuba = learning(variant), lif = learning(variant);
        outcome a, b, c;

        cuba.neuron.model = SNN_NEURON_CUBA;
        cuba.neuron.tau_syn_ms = 0.01f;
        a = learn(&cuba, seed);
        b = learn(&lif, seed);
        cuba.neuron.tau_syn_ms = 10.0f;
        c = learn(&cuba, seed);
        assert_memory_equal(&a.loss, &b.loss, sizeof a.loss);
        assert_true(a.loss != c.loss);
        for (int k = 0; k < 3; k++)
            check_array_bits(WATCHED[k], b.g[k], a.g[k], b.n[k], seed);
        end_outcome(&a);
        end_outcome(&b);
        end_outcome(&c);
    }
}

/* ---- learning ------------------------------------------------------------------------------ */

/* Long updates end at the ranges' ends; time constants that do not train keep their bits. */
static void updates_stay_in_range(void **state)
{
    static const char *const names[4] = {"a", "b", "tau_u", "tau_w"};
    static const float most[4] = {1.0f, 2.0f, 1.0f, 1.0f};
    static float x[FRAMES * SAMPLES * INPUTS];
    const uint32_t label[SAMPLES] = {0, 1, 2, 0, 1};
    const snn_batch batch = {.batch = SAMPLES, .steps = FRAMES, .x = x, .label = label};
    uint64_t random = test_seed(10);

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(x); i++)
        x[i] = test_uniform(&random, 0.0f, 2.0f);
    for (int fixed = 0; fixed < 2; fixed++) {
        snn_network_params params = learning(0);
        snn_train_params train;
        snn_trainer *trainer;
        snn_step_result result;
        snn_context *ctx;
        snn_network *net;
        snn_tensor tensor;
        float before[4][19];
        uint32_t at_end = 0;

        params.neuron.model = SNN_NEURON_ADLIF;
        params.neuron.v_threshold = 0.1f;
        params.neuron.train_tau = !fixed;
        snn_train_params_init(&train);
        train.batch_size = SAMPLES;
        train.weight_schedule = SNN_SCHEDULE_CONSTANT;
        train.lr_weight = 0.4f;
        assert_int_equal(snn_context_create(NULL, &ctx, NULL), SNN_OK);
        assert_int_equal(snn_network_create(ctx, &params, 2, &net, NULL), SNN_OK);
        assert_int_equal(snn_trainer_create(net, &train, FRAMES, &trainer, NULL), SNN_OK);
        for (int k = 0; k < 4; k++) {
            char name[32];

            snprintf(name, sizeof name, "layer0.%s", names[k]);
            assert_int_equal(snn_network_tensor(net, name, &tensor, NULL), SNN_OK);
            memcpy(before[k], tensor.data, sizeof before[k]);
        }
        for (int step = 0; step < 4; step++)
            assert_int_equal(snn_trainer_step(trainer, &batch, &result, NULL), SNN_OK);
        for (int k = 0; k < 4; k++) {
            char name[32];
            const float *now;

            snprintf(name, sizeof name, "layer0.%s", names[k]);
            assert_int_equal(snn_network_tensor(net, name, &tensor, NULL), SNN_OK);
            now = tensor.data;
            for (int i = 0; i < 19; i++) {
                assert_true(now[i] >= 0.0f && now[i] <= most[k]);
                at_end += now[i] == 0.0f || now[i] == most[k];
            }
            if (fixed && k >= 2)
                assert_memory_equal(before[k], now, sizeof before[k]);
            else
                assert_memory_not_equal(before[k], now, sizeof before[k]);
        }
        assert_true(at_end > 5);
        snn_trainer_destroy(trainer);
        snn_network_destroy(net);
        snn_context_destroy(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_response),
        cmocka_unit_test(steady_state),
        cmocka_unit_test(resonance),
        cmocka_unit_test(firing_slows_down),
        cmocka_unit_test(impulse_response),
        cmocka_unit_test(trace),
        cmocka_unit_test(adlif_without_adaptation),
        cmocka_unit_test(cuba_without_memory),
        cmocka_unit_test(updates_stay_in_range),
    };

    return cmocka_run_group_tests_name("neuron laws", tests, NULL, NULL);
}
