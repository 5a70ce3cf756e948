/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values of the published construction of taps and of its neurons: hand-sized
 * vectors (double, nine digits), and all recorded cases of kernels.h5.  With every
 * table of kernels that this machine runs, and the reference.  Bounds:
 * tests/taps_bound.h, and half a unit of the ninth digit.
 */
#include "tests/cmocka_all.h"
#include "tests/golden/hdf5_read.h"
#include "tests/taps_bound.h"

#include "snn/base/cpu.h"
#include "snn/kern/kern.h"

#include <snn/network.h>

#define DIGITS 5e-9 /* of what is written with nine digits */

/* The kernels to test, the reference first. */
static size_t kernels(const snn_kern *out[SNN_CPU_LEVELS + 1])
{
    size_t n = 0;

    out[n++] = &snn_kern_ref;
    for (int level = 0; level <= (int)snn_cpu_detect(); level++)
        if (snn_kern_tables[level] != NULL)
            out[n++] = snn_kern_tables[level];
    return n;
}

/* ---- one synapse ------------------------------------------------------------------- */

typedef struct {
    const char *name;
    snn_kernel_version version;
    float position, sigma;
    double taps[5];                       /* K, k = 0 .. 4; delay 4 - k */
    double d_weight, d_position, d_sigma; /* NAN: not written down */
} golden;

static const golden goldens[] = {
    {"gauss .23",
     SNN_KERNEL_GAUSS,
     .3f,
     .23f,
     {3.46328443e-5, .0463882972, 1.1380223, .511346382, .00420825137},
     2.10164111,
     -2.61901595,
     -5.35017374},
    {"gauss 2",
     SNN_KERNEL_GAUSS,
     .3f,
     2.f,
     {.245316552, .347883372, .406311321, .390843245, .30964547},
     .384858779,
     -.0552667944,
     -.147508886},
    {"v1",
     SNN_KERNEL_V1,
     .3f,
     0.f,
     {0, 0, 1.18999988, .509999949, 0},
     2.24999978,
     -4.24999958,
     NAN},
    {"max 0",
     SNN_KERNEL_MAX,
     .3f,
     0.f,
     {0, 0, 1.18999988, .509999949, 0},
     2.24999978,
     -4.24999958,
     0},
    {"max 1.5",
     SNN_KERNEL_MAX,
     .3f,
     1.5f,
     {.0548387088, .329032253, .603225797, .493548379, .219354835},
     .72580644,
     -.48647242,
     -.583766884},
    {"v0", SNN_KERNEL_V0, .3f, 0.f, {0, 0, 1.19, .51, 0}, 2.25, -4.25, NAN},
    {"v0 at the end", SNN_KERNEL_V0, 2.f, 0.f, {0, 0, 0, 0, 1.7}, -1, 1.7, NAN},
    {"gauss at the end",
     SNN_KERNEL_GAUSS,
     2.f,
     .23f,
     {1.89571487e-14, 2.27979483e-8, 5.02158228e-4, .202585088, 1.49691258},
     -.820066828,
     -1.08504932,
     2.2007898},
    {"gauss at the other",
     SNN_KERNEL_GAUSS,
     -2.f,
     2.f,
     {.528748952, .479853577, .358662844, .220791562, .111943013},
     NAN,
     .0392628204,
     .0335054901},
    {"v1 at a tap", SNN_KERNEL_V1, 1.f, 0.f, {0, 0, 0, 1.69999983, 0}, NAN, 0, NAN},
};

static void golden_taps(void **state)
{
    const snn_kern *kern[SNN_CPU_LEVELS + 1];
    const size_t n = kernels(kern);

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(goldens); i++) {
        for (size_t j = 0; j < n; j++) {
            const golden *gold = &goldens[i];
            const float weight = 1.7f,
                        g_kernel[5] = {-1.f, .5f, 3.f, -2.f, 1.f}; /* by delay: reversed */
            const double upstream[5] = {1, -2, 3, .5, -1},
                         expected[3] = {gold->d_weight, gold->d_position, gold->d_sigma};
            const bump_bound b = bump_bound_of(gold->version, false, 5, 1.7, (double)gold->position,
                                               (double)gold->sigma);
            float kernel[5], scratch[SNN_TAPS_SCRATCH(5)], got[3];
            double bound[3];
            snn_taps taps = {.version = gold->version,
                             .n_taps = 5,
                             .elements = 1,
                             .synapses = 1,
                             .weight = &weight,
                             .position = &gold->position,
                             .sigma = &gold->sigma,
                             .kernel = kernel,
                             .g_kernel = g_kernel,
                             .g_weight = &got[0],
                             .g_position = &got[1],
                             .g_sigma = &got[2]};
            struct test_near near = test_near_begin(gold->name, 0);

            /* 1.7 and .3 are not floats: a relative U each, of smooth functions */
            const double input = 2.0 * U * (1.0 + 2.0 / (b.s * b.s));

            kern[j]->taps_forward(&taps, 0, 1, scratch);
            kern[j]->taps_backward(&taps, 0, 1, scratch);
            bump_gradient_bound(&b, 5, upstream, bound);
            for (size_t k = 0; k < 5; k++)
                check_near(&near, k, gold->taps[k], (double)kernel[4 - k],
                           b.w * (b.e_y[k] + 3.0 * U * b.y[k]) + input * b.w +
                               DIGITS * fabs(gold->taps[k]));
            for (size_t k = 0; k < 3; k++)
                if (!isnan(expected[k]))
                    check_near(&near, 5 + k, expected[k], (double)got[k],
                               bound[k] + 10.0 * input * b.w + DIGITS * fabs(expected[k]));
            test_near_end(&near);
        }
    }
}

/* ---- all recorded cases -------------------------------------------------------------- */

typedef struct {
    recorded w, p, sig, g, k, dw, dp, dsig;
} recorded_case;

static recorded one_of(hid_t file, const char *name, const char *kind)
{
    char path[128];

    snprintf(path, sizeof path, "%s.%s", name, kind);
    return recorded_read(file, path);
}

/* [synapse][element] there, [element][synapse] here. */
static float *by_element(const recorded *r, size_t synapses, size_t elements)
{
    float *out = malloc(r->n * sizeof *out);

    for (size_t s = 0; s < synapses; s++)
        for (size_t m = 0; m < elements; m++)
            out[m * synapses + s] = (float)r->at[s * elements + m];
    return out;
}

static void compare_case(const char *name, const recorded_case *c, snn_kernel_version version,
                         const snn_kern *kern)
{
    const size_t synapses = c->k.shape[0] * c->k.shape[1], n_taps = c->k.shape[2],
                 elements = c->w.shape[2];
    float *w = by_element(&c->w, synapses, elements), *p = by_element(&c->p, synapses, elements);
    float *sigma = by_element(&c->sig, synapses, elements);
    float *kernel = calloc(2 * c->k.n, sizeof *kernel), *g_kernel = kernel + c->k.n;
    float *g = calloc(3 * c->w.n, sizeof *g),
          *scratch = calloc(SNN_TAPS_SCRATCH(n_taps), sizeof *scratch);
    snn_taps taps = {.version = version,
                     .n_taps = (uint32_t)n_taps,
                     .elements = (uint32_t)elements,
                     .synapses = synapses,
                     .weight = w,
                     .position = p,
                     .sigma = sigma,
                     .kernel = kernel,
                     .g_kernel = g_kernel,
                     .g_weight = g,
                     .g_position = g + c->w.n,
                     .g_sigma = g + 2 * c->w.n};
    struct test_near near = test_near_begin(name, 0), gradient = test_near_begin(name, 0);

    for (size_t s = 0; s < synapses; s++)
        for (size_t k = 0; k < n_taps; k++)
            g_kernel[(n_taps - 1 - k) * synapses + s] = (float)c->g.at[s * n_taps + k];
    kern->taps_forward(&taps, 0, synapses, scratch);
    kern->taps_backward(&taps, 0, synapses, scratch);
    for (size_t s = 0; s < synapses; s++) {
        double e[BOUND_TAPS] = {0};

        for (size_t m = 0; m < elements; m++) {
            const size_t at = s * elements + m;
            const bump_bound b =
                bump_bound_of(version, false, (int)n_taps, c->w.at[at], c->p.at[at], c->sig.at[at]);
            double bound[3];

            for (size_t k = 0; k < n_taps; k++)
                e[k] += b.w * (b.e_y[k] + (3.0 + (double)elements) * U * b.y[k]) + TINY;
            bump_gradient_bound(&b, (int)n_taps, c->g.at + s * n_taps, bound);
            check_near(&gradient, 3 * at, c->dw.at[at], (double)g[m * synapses + s],
                       bound[0] + U * fabs(c->dw.at[at]));
            check_near(&gradient, 3 * at + 1, c->dp.at[at], (double)g[c->w.n + m * synapses + s],
                       bound[1] + U * fabs(c->dp.at[at]));
            if (c->dsig.at != NULL)
                check_near(&gradient, 3 * at + 2, c->dsig.at[at],
                           (double)g[2 * c->w.n + m * synapses + s],
                           bound[2] + U * fabs(c->dsig.at[at]));
        }
        for (size_t k = 0; k < n_taps; k++)
            check_near(&near, s * n_taps + k, c->k.at[s * n_taps + k],
                       (double)kernel[(n_taps - 1 - k) * synapses + s],
                       e[k] + U * fabs(c->k.at[s * n_taps + k]));
    }
    test_near_end(&near);
    test_near_end(&gradient);
    free(w);
    free(p);
    free(sigma);
    free(kernel);
    free(g);
    free(scratch);
}

static void recorded_cases(void **state)
{
    static const struct {
        const char *prefix;
        snn_kernel_version version;
    } versions[] = {{"gauss_", SNN_KERNEL_GAUSS},
                    {"max_", SNN_KERNEL_MAX},
                    {"v1_", SNN_KERNEL_V1},
                    {"v0_", SNN_KERNEL_V0}};
    const snn_kern *kern[SNN_CPU_LEVELS + 1];
    const size_t n = kernels(kern);
    static char names[16384];
    size_t cases = 0;
    const char *path;
    hid_t file;

    (void)state;
    require_shared(path, "reference/kernels.h5");
    file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    attribute_text(file, "cases", names, sizeof names);
    char *rest = NULL;
    for (char *name = strtok_r(names, "[]\", ", &rest); name != NULL;
         name = strtok_r(NULL, "[]\", ", &rest)) {
        recorded_case c = {.w = one_of(file, name, "W"),
                           .p = one_of(file, name, "P"),
                           .sig = one_of(file, name, "SIG"),
                           .g = one_of(file, name, "G"),
                           .k = one_of(file, name, "K"),
                           .dw = one_of(file, name, "dW"),
                           .dp = one_of(file, name, "dP"),
                           .dsig = one_of(file, name, "dSIG")};

        for (size_t v = 0; v < SNN_COUNT(versions); v++)
            for (size_t j = 0;
                 strncmp(name, versions[v].prefix, strlen(versions[v].prefix)) == 0 && j < n; j++)
                compare_case(name, &c, versions[v].version, kern[j]);
        recorded *const all[] = {&c.w, &c.p, &c.sig, &c.g, &c.k, &c.dw, &c.dp, &c.dsig};
        for (size_t i = 0; i < SNN_COUNT(all); i++)
            free(all[i]->at);
        cases++;
    }
    H5Fclose(file);
    assert_int_equal(cases, 104);
}

/* ---- one neuron ------------------------------------------------------------------------ */

/* BPTT with the membrane reset detached: five steps; the written digits and 4U a step. */
static void golden_neuron(void **state)
{
    static const double h_gold[5] = {.6, .9, 1.5, .1, .983333333}, s_gold[5] = {0, 0, 1, 0, 0};
    static const double g_gold[5] = {1.31155717, 3.24467399, .456725088, 4.29268826, 12.289424};
    const snn_kern *kern[SNN_CPU_LEVELS + 1];
    const size_t n = kernels(kern);

    (void)state;
    for (size_t j = 0; j < n; j++) {
        const float conv[5] = {.6f, .7f, 1.2f, .1f, .95f};
        float h[5], output[5], g[5] = {1, 2, 3, 4, 5}, v[2];
        const snn_lif lif = {.decay = 1.0f / 3.0f,
                             .gain = 1.0f,
                             .threshold = 1.0f,
                             .alpha = 5.0f,
                             .reset = SNN_RESET_HARD,
                             .surrogate = SNN_SURROGATE_ATAN,
                             .detach_reset = true,
                             .steps = 5,
                             .row = 1,
                             .h_row = 1,
                             .channels = 1,
                             .conv = conv,
                             .h = h,
                             .output = output,
                             .g = g};
        struct test_near near = test_near_begin(kern[j]->name, 0);

        kern[j]->lif_forward(&lif, 0, 1, v);
        kern[j]->lif_backward(&lif, 0, 1, v);
        for (size_t t = 0; t < 5; t++) {
            check_near(&near, t, h_gold[t], (double)h[t], 8.0 * U + DIGITS);
            check_near(&near, 5 + t, s_gold[t], (double)output[t], 0.0);
            /* slope moves by (pi/2) alpha e_h <= 8 e_h of itself */
            check_near(&near, 10 + t, g_gold[t], (double)g[t],
                       (8.0 * 8.0 + 20.0) * U * g_gold[t] + DIGITS * g_gold[t]);
        }
        test_near_end(&near);
    }
}

/* The read-out alone: a network without hidden layers whose synapses pass their
 * input on.  v, scores, loss and gradient as written down. */
static void golden_readout(void **state)
{
    static const float x[2][3] = {{.2f, -.1f, .4f}, {1.f, .3f, -.5f}};
    static const double m_gold[3] = {.930057225, .516303916, .553638859};
    static const double g_gold[6] = {-.262000009, .115987202, .146012807,
                                     -.20749502,  .13455603,  .0729389897};
    const uint32_t label = 0;
    const snn_batch batch = {.batch = 1, .steps = 2, .x = &x[0][0], .label = &label};
    const snn_pass pass = {.mode = SNN_MODE_TRAIN};
    snn_network_params params;
    snn_tape_params tape_params;
    snn_context *ctx;
    snn_network *net;
    snn_tape *tape;
    snn_tensor tensor;
    double loss;
    uint32_t correct;
    struct test_near near = test_near_begin("read-out", 0);

    (void)state;
    snn_network_params_init(&params);
    params.n_inputs = params.n_outputs = 3;
    params.n_hidden = 0;
    params.time_step_ms = 2.0f;
    params.neuron.tau_ms = 3.0f; /* decay 1/3 */
    params.delay.mode = SNN_DELAYS_NONE;
    params.loss = SNN_LOSS_SUM;
    assert_int_equal(snn_context_create(NULL, &ctx, NULL), SNN_OK);
    assert_int_equal(snn_network_create(ctx, &params, 0, &net, NULL), SNN_OK);
    assert_int_equal(snn_network_tensor(net, "layer0.weight", &tensor, NULL), SNN_OK);
    for (size_t i = 0; i < 9; i++)
        ((float *)tensor.data)[i] = i % 4 == 0 ? 1.0f : 0.0f;
    snn_tape_params_init(&tape_params);
    tape_params.batch = 1;
    tape_params.steps = 2;
    tape_params.keep = tape_params.input_gradient = 1;
    assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
    assert_int_equal(snn_forward(tape, &batch, &pass, NULL), SNN_OK);
    assert_int_equal(snn_loss_forward(tape, &batch, &loss, &correct, NULL), SNN_OK);
    assert_int_equal(snn_backward(tape, NULL), SNN_OK);
    assert_int_equal(correct, 1);
    /* A softmax of values within 8U, summed over two steps; the products after it. */
    check_near(&near, 0, .853342061, loss, 32.0 * U + DIGITS);
    assert_int_equal(snn_tape_tensor(tape, "logits", &tensor, NULL), SNN_OK);
    for (size_t i = 0; i < 3; i++)
        check_near(&near, 1 + i, m_gold[i], (double)((float *)tensor.data)[i], 16.0 * U + DIGITS);
    assert_int_equal(snn_tape_tensor(tape, "grad.input", &tensor, NULL), SNN_OK);
    for (size_t i = 0; i < 6; i++)
        check_near(&near, 4 + i, g_gold[i], (double)((float *)tensor.data)[i], 32.0 * U + DIGITS);
    test_near_end(&near);
    snn_tape_destroy(tape);
    snn_network_destroy(net);
    snn_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_taps),
        cmocka_unit_test(recorded_cases),
        cmocka_unit_test(golden_neuron),
        cmocka_unit_test(golden_readout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
