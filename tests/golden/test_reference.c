/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every recorded case of the published implementation through the public
 * interface alone: each tensor of forward, loss and backward, with every solver.
 *
 * The recorded tensors are float64 (one case float32); ours are float32.  U = 2^-24.
 * Bounds of the forward pass, element by element:
 *
 *   taps     tests/taps_bound.h
 *   conv     sum |x| e_tap, and rounding.  Errors of a sum of n products in any
 *            order add up like a random walk (Higham & Mary 2019); its largest of
 *            10^6 is taken as 20 standard deviations, 8 U sqrt(n) |(K x)|_2.
 *            In the frequency domain each spectrum is off by U sqrt(length) of its
 *            2-norm and the inverse averages over N frequencies:
 *            8 U sqrt((T + D + 2 n_in + N) / N sum_i |x_i|_2^2 |k_i|_1^2).
 *   bn       (conv - mean) inv_std gamma + beta:  |gamma inv_std| (e_conv + e_mean)
 *            + |bn - beta| e_inv_std / inv_std + 4U of the terms; e_mean is the mean
 *            of e_conv, e_var that of 2 |conv - mean| (e_conv + e_mean)
 *   LIF      e_h = decay e_v + e_in + 4U of the terms, e_v = (1-s) e_h; the decay
 *            itself is off by 2U (tau is given in float milliseconds)
 *
 * A spike may differ only where |h - threshold| <= e_h.  Where the recorded
 * smallest distance is larger than the largest e_h, none may.  If one does (only
 * the SHD case could), the tensors behind it are not compared, and the test says so.
 *
 * Gradients are compared with the largest value of the tensor: each stage adds its
 * own rounding, 8 U sqrt(terms), to what arrives; the surrogate's slope changes by
 * at most (pi/2) alpha e_h of itself; see backward_bounds.
 */
#include "tests/cmocka_all.h"
#include "tests/golden/hdf5_read.h"
#include "tests/golden/reference_cases.h"
#include "tests/taps_bound.h"

#include <snn/network.h>

#define CASES_MAX 128
#define LAYERS    4

typedef struct {
    const char *name;
    snn_solver solver;
    char title[96];
} case_id;

/* One layer's bounds. */
typedef struct {
    double *conv, *bn, *v;                  /* [T', B, C] */
    double tap, h, bn_max, conv_max, scale; /* largest values */
} layer_bounds;

typedef struct {
    hid_t file;
    bool single; /* recorded in float32: its own rounding counts too */
    bool evaluation;
    snn_network_params params;
    double decay, min_distance[LAYERS];
    snn_context *ctx;
    snn_network *net;
    snn_tape *tape;
    float *x;
    uint32_t *y;
    snn_batch batch;
    layer_bounds layer[LAYERS];
    size_t compared, flipped;
    double worst;
    char worst_name[64];
} reference;

/* ---- set-up ------------------------------------------------------------------------ */

static int choice(const char *text, const char *const names[])
{
    int i = 0;

    while (names[i] != NULL && strcmp(text, names[i]) != 0)
        i++;
    assert_non_null(names[i]);
    return i;
}

static void read_params(reference *r, snn_solver solver)
{
    static const char *const versions[] = {"gauss", "max", "v1", "v0", NULL};
    static const char *const losses[] = {"sum", "mean", "max", "spike_count", NULL};
    const double tau = attribute_number(r->file, "tau");
    snn_network_params *p = &r->params;
    char text[64];

    snn_network_params_init(p);
    p->n_inputs = (uint32_t)attribute_number(r->file, "n_in");
    p->n_outputs = (uint32_t)attribute_number(r->file, "n_out");
    p->n_hidden = (uint32_t)attribute_number(r->file, "n_hidden_layers");
    for (uint32_t l = 0; l < p->n_hidden; l++)
        p->hidden[l] = (uint32_t)attribute_number(r->file, "n_hidden");
    p->time_step_ms = 10.0f;
    p->delay.mode = SNN_DELAYS_LEARNED;
    p->delay.padding = SNN_PADDING_PAPER;
    p->delay.max_delay = (uint32_t)attribute_number(r->file, "max_delay");
    p->delay.kernel_count = 1;
    p->delay.solver = solver;
    attribute_text(r->file, "version", text, sizeof text);
    p->delay.version = (snn_kernel_version)choice(text, versions);
    attribute_text(r->file, "loss", text, sizeof text);
    p->loss = (snn_loss)choice(text, losses);
    attribute_text(r->file, "surrogate", text, sizeof text);
    assert_string_equal(text, "ATan");
    p->neuron.tau_ms = (float)(10.0 * tau);
    p->neuron.v_threshold = (float)attribute_number(r->file, "v_threshold");
    p->neuron.v_reset = (float)attribute_number(r->file, "v_reset");
    p->neuron.reset = SNN_RESET_HARD;
    p->neuron.decay_input = 0;
    p->neuron.detach_reset = attribute_number(r->file, "detach_reset") != 0.0;
    p->neuron.surrogate = SNN_SURROGATE_ATAN;
    p->neuron.surrogate_alpha = (float)attribute_number(r->file, "alpha");
    p->readout_threshold = (float)attribute_number(r->file, "out_v_threshold");
    p->batch_norm = attribute_number(r->file, "batchnorm") != 0.0;
    p->bias = attribute_number(r->file, "bias") != 0.0;
    p->dropout = 0.0f;
    r->decay = attribute_number(r->file, "decay");
    attribute_text(r->file, "dtype", text, sizeof text);
    r->single = strcmp(text, "torch.float32") == 0;
    attribute_text(r->file, "min_abs_h_minus_vth", text, sizeof text);
    for (char *at = text + 1, *end = at; *end != ']' && *end != '\0'; at = end + 1) {
        static size_t l;

        l = at == text + 1 ? 0 : l + 1;
        r->min_distance[l] = strtod(at, &end);
    }
}

static recorded need(const reference *r, const char *format, uint32_t l)
{
    char name[64];
    recorded values;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(name, sizeof name, format, l);
#pragma GCC diagnostic pop
    values = recorded_read(r->file, name);
    return values;
}

static void set_tensor(const reference *r, const char *ours, uint32_t l, const char *theirs)
{
    char name[64];
    snn_tensor tensor;
    const recorded values = need(r, theirs, l);

    if (values.at == NULL)
        return;
    snprintf(name, sizeof name, "layer%u.%s", l, ours);
    assert_int_equal(snn_network_tensor(r->net, name, &tensor, NULL), SNN_OK);
    assert_int_equal(snn_tensor_size(&tensor), values.n);
    for (size_t i = 0; i < values.n; i++)
        ((float *)tensor.data)[i] = (float)values.at[i];
    free(values.at);
}

static void set_parameters(const reference *r)
{
    const bool eval = r->evaluation;

    for (uint32_t l = 0; l < snn_network_layers(r->net); l++) {
        set_tensor(r, "weight", l, eval ? "step3_W%u" : "W%u");
        set_tensor(r, "position", l, eval ? "step3_P%u" : "P%u");
        set_tensor(r, "sigma", l, "SIG%u");
        set_tensor(r, "bias", l, eval ? "step3_bias%u" : "bias%u");
        set_tensor(r, "gamma", l, eval ? "step3_bn_gamma%u" : "bn_gamma%u");
        set_tensor(r, "beta", l, eval ? "step3_bn_beta%u" : "bn_beta%u");
        set_tensor(r, "mean", l, eval ? "step3_bn_rmean%u" : "bn_rmean%u");
        set_tensor(r, "variance", l, eval ? "step3_bn_rvar%u" : "bn_rvar%u");
    }
}

static void reference_open(reference *r, const char *path, snn_solver solver)
{
    const snn_context_params threads = {.size = sizeof threads, .threads = 2, .cpu = "auto"};
    snn_tape_params tape = {0};
    recorded x, y;

    *r = (reference){.file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT)};
    assert_true(r->file >= 0);
    read_params(r, solver);
    assert_int_equal(snn_context_create(&threads, &r->ctx, NULL), SNN_OK);
    assert_int_equal(snn_network_create(r->ctx, &r->params, 1, &r->net, NULL), SNN_OK);
    x = recorded_read(r->file, "x");
    y = recorded_read(r->file, "y");
    r->x = malloc(x.n * sizeof *r->x);
    r->y = malloc(y.n * sizeof *r->y);
    for (size_t i = 0; i < x.n; i++)
        r->x[i] = (float)x.at[i];
    for (size_t i = 0; i < y.n; i++)
        r->y[i] = (uint32_t)y.at[i];
    r->batch = (snn_batch){
        .batch = (uint32_t)x.shape[1], .steps = (uint32_t)x.shape[0], .x = r->x, .label = r->y};
    free(x.at);
    free(y.at);
    snn_tape_params_init(&tape);
    tape.batch = r->batch.batch;
    tape.steps = r->batch.steps;
    tape.train = tape.keep = tape.input_gradient = 1;
    assert_int_equal(snn_tape_create(r->net, &tape, &r->tape, NULL), SNN_OK);
}

static void reference_close(reference *r)
{
    for (uint32_t l = 0; l < LAYERS; l++) {
        free(r->layer[l].conv);
        free(r->layer[l].bn);
        free(r->layer[l].v);
    }
    free(r->x);
    free(r->y);
    snn_tape_destroy(r->tape);
    snn_network_destroy(r->net);
    assert_int_equal(snn_context_bytes(r->ctx), 0);
    snn_context_destroy(r->ctx);
    H5Fclose(r->file);
}

/* ---- comparing ----------------------------------------------------------------------- */

static snn_tensor tensor_of(const reference *r, const char *name)
{
    snn_tensor tensor;

    if (snn_tape_tensor(r->tape, name, &tensor, NULL) != SNN_OK)
        assert_int_equal(snn_network_tensor(r->net, name, &tensor, NULL), SNN_OK);
    assert_int_equal(tensor.dtype, SNN_F32);
    return tensor;
}

static void settle(reference *r, struct test_near *near)
{
    if (near->worst > r->worst) {
        r->worst = near->worst;
        snprintf(r->worst_name, sizeof r->worst_name, "%s", near->what);
    }
    r->compared += near->compared;
    test_near_end(near);
}

/* `ours` against data set `theirs`; bounds by element, or one for all. */
static void compare(reference *r, const char *ours, const char *theirs, const double *bounds,
                    double bound)
{
    const recorded values = recorded_read(r->file, theirs);
    struct test_near near = test_near_begin(ours, 0);
    const snn_tensor tensor = tensor_of(r, ours);

    assert_non_null(values.at);
    assert_int_equal(snn_tensor_size(&tensor), values.n);
    for (size_t i = 0; i < values.n; i++)
        check_near(&near, i, values.at[i], (double)((float *)tensor.data)[i],
                   (r->single ? 2.0 : 1.0) * (bounds != NULL ? bounds[i] : bound) +
                       U * fabs(values.at[i]));
    settle(r, &near);
    free(values.at);
}

/* Taps lie [delay, out, in] here and [out, in, tap] there, delay = D - 1 - tap. */
static double *taps_order(const reference *r, const recorded *k)
{
    const size_t n_out = k->shape[0], n_in = k->shape[1], n_taps = k->shape[2];
    double *out = malloc(k->n * sizeof *out);

    (void)r;
    for (size_t o = 0; o < n_out; o++)
        for (size_t i = 0; i < n_in; i++)
            for (size_t tap = 0; tap < n_taps; tap++)
                out[((n_taps - 1 - tap) * n_out + o) * n_in + i] =
                    k->at[(o * n_in + i) * n_taps + tap];
    return out;
}

/* `narrow`: gradients of taps outside of the windows are shown as 0, and wanted by nobody. */
static void compare_taps(reference *r, const char *ours, const char *theirs, const double *bounds,
                         double bound, bool narrow)
{
    const recorded k = recorded_read(r->file, theirs);
    const snn_tensor tensor = tensor_of(r, ours);
    struct test_near near = test_near_begin(ours, 0);
    double *expected;

    if (k.at == NULL) /* eval_K of the large case is not recorded */
        return;
    expected = taps_order(r, &k);
    assert_int_equal(snn_tensor_size(&tensor), k.n);
    for (size_t i = 0; i < k.n; i++)
        if (!narrow || ((float *)tensor.data)[i] != 0.0f)
            check_near(&near, i, expected[i], (double)((float *)tensor.data)[i],
                       (r->single ? 2.0 : 1.0) * (bounds != NULL ? bounds[i] : bound) +
                           U * fabs(expected[i]));
    settle(r, &near);
    free(expected);
    free(k.at);
}

static double largest(const double *values, size_t n)
{
    double top = 0.0;

    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs(values[i]));
    return top;
}

/* ---- forward bounds --------------------------------------------------------------------- */

/* e of every tap, [delay][out][in], from the parameters in use. */
static double *tap_bounds(const reference *r, uint32_t l)
{
    char name[64];
    snn_tensor w, p, s;
    size_t n, n_taps = r->params.delay.max_delay;
    double *e;

    snprintf(name, sizeof name, "layer%u.weight", l);
    w = tensor_of(r, name);
    snprintf(name, sizeof name, "layer%u.position", l);
    p = tensor_of(r, name);
    snprintf(name, sizeof name, "layer%u.sigma", l);
    s = tensor_of(r, name);
    n = snn_tensor_size(&w);
    e = malloc(n * n_taps * sizeof *e);
    for (size_t i = 0; i < n; i++) {
        const bump_bound b = bump_bound_of(
            r->params.delay.version, r->evaluation, (int)n_taps, (double)((float *)w.data)[i],
            (double)((float *)p.data)[i], (double)((float *)s.data)[i]);

        for (size_t d = 0; d < n_taps; d++)
            e[d * n + i] = b.w * (b.e_y[n_taps - 1 - d] + 2.0 * U * b.y[n_taps - 1 - d]) + TINY;
    }
    return e;
}

/* e of the synapses' output for one sample b: see the top of the file. */
static void conv_bounds(const reference *r, uint32_t l, size_t b, const double *e_tap,
                        const recorded *x)
{
    char name[64];
    const size_t n_in = x->shape[2], batch = x->shape[1], steps = x->shape[0],
                 n_taps = r->params.delay.max_delay;
    const size_t steps_out = steps + (n_taps - 1) / 2, length = steps + n_taps - 1;
    const double spectral = (double)(steps + n_taps + 2 * n_in + length) / (double)length;
    snn_tensor taps;
    size_t n_out, n;
    double *abs_sum, *square, *floor_square, *e, *k;

    snprintf(name, sizeof name, "layer%u.taps", l);
    taps = tensor_of(r, name);
    n_out = taps.shape[1];
    n = n_taps * n_out * n_in;
    e = malloc(2 * n * sizeof *e); /* e of the taps, then |taps|, as [delay][in][out] */
    k = e + n;
    for (size_t d = 0; d < n_taps; d++) {
        for (size_t o = 0; o < n_out; o++) {
            for (size_t i = 0; i < n_in; i++) {
                e[(d * n_in + i) * n_out + o] = e_tap[(d * n_out + o) * n_in + i];
                k[(d * n_in + i) * n_out + o] =
                    fabs((double)((float *)taps.data)[(d * n_out + o) * n_in + i]);
            }
        }
    }
    abs_sum = malloc(n_out * sizeof *abs_sum);
    square = malloc(n_out * sizeof *square);
    floor_square = calloc(n_out, sizeof *floor_square);
    for (size_t i = 0; i < n_in; i++) {
        double norm = 0.0;

        for (size_t t = 0; t < steps; t++)
            norm += pow(x->at[(t * batch + b) * n_in + i], 2.0);
        for (size_t o = 0; norm > 0.0 && o < n_out; o++) {
            double one = 0.0;

            for (size_t d = 0; d < n_taps; d++)
                one += k[(d * n_in + i) * n_out + o];
            floor_square[o] += norm * one * one;
        }
    }
    for (size_t t = 0; t < steps_out; t++) {
        size_t terms = 0;

        for (size_t o = 0; o < n_out; o++)
            abs_sum[o] = square[o] = 0.0;
        for (size_t d = 0; d < n_taps; d++) {
            for (size_t i = 0; t >= d && t - d < steps && i < n_in; i++) {
                const double value = fabs(x->at[((t - d) * batch + b) * n_in + i]);

                if (value == 0.0)
                    continue;
                terms++;
                for (size_t o = 0; o < n_out; o++) {
                    const size_t at = (d * n_in + i) * n_out + o;

                    abs_sum[o] += value * e[at];
                    square[o] += value * value * k[at] * k[at];
                }
            }
        }
        for (size_t o = 0; o < n_out; o++)
            r->layer[l].conv[(t * batch + b) * n_out + o] =
                abs_sum[o] + 8.0 * U * sqrt((double)terms * square[o]) +
                (r->params.delay.solver == SNN_SOLVER_FFT
                     ? 8.0 * U * sqrt(spectral * floor_square[o])
                     : 0.0) +
                2.0 * U;
    }
    free(e);
    free(abs_sum);
    free(square);
    free(floor_square);
}

static void bn_bounds(reference *r, uint32_t l, const recorded *conv, const recorded *bn)
{
    const size_t n = conv->shape[2], rows = conv->n / n;
    char name[64];
    layer_bounds *layer = &r->layer[l];
    snn_tensor gamma, beta, running_mean, running_variance;

    snprintf(name, sizeof name, "layer%u.gamma", l);
    gamma = tensor_of(r, name);
    snprintf(name, sizeof name, "layer%u.beta", l);
    beta = tensor_of(r, name);
    snprintf(name, sizeof name, "layer%u.mean", l);
    running_mean = tensor_of(r, name);
    snprintf(name, sizeof name, "layer%u.variance", l);
    running_variance = tensor_of(r, name);
    for (size_t c = 0; c < n; c++) {
        const double g = fabs((double)((float *)gamma.data)[c]),
                     shift = (double)((float *)beta.data)[c];
        double mean = 0.0, var = 0.0, e_mean = 0.0, e_var = 0.0, inv_std, e_relative;

        for (size_t j = c; j < conv->n; j += n) {
            mean += conv->at[j] / (double)rows;
            e_mean += layer->conv[j] / (double)rows;
        }
        for (size_t j = c; j < conv->n; j += n)
            var += pow(conv->at[j] - mean, 2.0) / (double)rows;
        e_mean += 8.0 * U * (fabs(mean) + sqrt(var)); /* rounding of a sum, as a random walk */
        for (size_t j = c; j < conv->n; j += n)
            e_var += 2.0 * fabs(conv->at[j] - mean) * (layer->conv[j] + e_mean) / (double)rows;
        e_var += 8.0 * U * var;
        if (r->evaluation) {
            mean = (double)((float *)running_mean.data)[c];
            var = (double)((float *)running_variance.data)[c];
            e_mean = U * fabs(mean);
            e_var = U * var;
        }
        inv_std = 1.0 / sqrt(var + 1e-5);
        e_relative = 0.5 * e_var / (var + 1e-5) + 2.0 * U;
        layer->scale = fmax(layer->scale, g * inv_std);
        for (size_t j = c; j < conv->n; j += n)
            layer->bn[j] =
                g * inv_std *
                    (layer->conv[j] + e_mean + 4.0 * U * (fabs(conv->at[j]) + fabs(mean))) +
                fabs(bn->at[j] - shift) * e_relative + 4.0 * U * (fabs(bn->at[j]) + fabs(shift));
    }
}

static void compare_spikes(reference *r, uint32_t l, const recorded *in, double threshold)
{
    char ours[64], theirs[64];
    const size_t row = in->shape[1] * in->shape[2];
    const layer_bounds *layer = &r->layer[l];
    recorded spikes;
    snn_tensor tensor;

    snprintf(ours, sizeof ours, "layer%u.spikes", l);
    snprintf(theirs, sizeof theirs, "%sspk%u", r->evaluation ? "eval_" : "", l);
    spikes = recorded_read(r->file, theirs);
    if (spikes.at == NULL) /* the read-out of spike_count: recorded as out */
        spikes = recorded_read(r->file, r->evaluation ? "eval_out" : "out");
    tensor = tensor_of(r, ours);
    assert_int_equal(snn_tensor_size(&tensor), spikes.n);
    for (size_t j = 0; j < row; j++) {
        double v = 0.0, e_v = 0.0;

        for (size_t at = j; at < in->n; at += row) {
            const double h = r->decay * v + in->at[at];
            const double e_h =
                r->decay * e_v + (layer->bn != NULL ? layer->bn[at] : layer->conv[at]) +
                6.0 * U * (fabs(r->decay * v) + fabs(in->at[at])) + 2.0 * U * fabs(v);

            if (spikes.at[at] != (double)((float *)tensor.data)[at]) {
                if (fabs(h - threshold) > (r->single ? 2.0 : 1.0) * e_h)
                    fail_msg("%s[%zu] is not %g: h - threshold = %g, bound %g", ours, at,
                             spikes.at[at], h - threshold, e_h);
                r->flipped++;
                break; /* the two go different ways from here */
            }
            r->layer[l].h = fmax(r->layer[l].h, e_h);
            e_v = (1.0 - spikes.at[at]) * e_h;
            v = (1.0 - spikes.at[at]) * h;
            layer->v[at] = e_v + 2.0 * U * fabs(v);
            r->compared++;
        }
    }
    if (!r->evaluation && l < r->params.n_hidden && r->min_distance[l] > r->layer[l].h)
        assert_int_equal(r->flipped, 0);
    free(spikes.at);
}

/* One layer: bounds and comparison.  False when a spike differs. */
static bool forward_layer(reference *r, uint32_t l)
{
    const bool fires = l < r->params.n_hidden || r->params.loss == SNN_LOSS_SPIKE_COUNT;
    const bool norm = r->params.batch_norm && l < r->params.n_hidden;
    const char *prefix = r->evaluation ? "eval_" : "";
    layer_bounds *layer = &r->layer[l];
    char ours[64], theirs[64], mean[64];
    recorded x, conv, bn = {0};
    double *e_tap;

    snprintf(theirs, sizeof theirs, "%sspk%u", prefix, l - 1);
    x = recorded_read(r->file, l == 0 ? "x" : theirs);
    snprintf(theirs, sizeof theirs, "%sconv%u", prefix, l);
    conv = recorded_read(r->file, theirs);
    snprintf(mean, sizeof mean, "%sbn%u", prefix, l);
    if (norm)
        bn = recorded_read(r->file, mean);
    free(layer->conv);
    free(layer->bn);
    free(layer->v);
    *layer = (layer_bounds){.conv = calloc(conv.n, sizeof(double)),
                            .v = calloc(conv.n, sizeof(double)),
                            .scale = norm ? 0.0 : 1.0};
    e_tap = tap_bounds(r, l);
    for (size_t b = 0; b < r->batch.batch; b++)
        conv_bounds(r, l, b, e_tap, &x);
    snprintf(ours, sizeof ours, "layer%u.taps", l);
    snprintf(theirs, sizeof theirs, "%sK%u", prefix, l);
    compare_taps(r, ours, theirs, e_tap, 0.0, false);
    layer->tap = largest(e_tap, x.shape[2] * conv.shape[2] * r->params.delay.max_delay);
    layer->conv_max = largest(layer->conv, conv.n);
    free(e_tap);
    snprintf(ours, sizeof ours, "layer%u.conv", l);
    snprintf(theirs, sizeof theirs, "%sconv%u", prefix, l);
    compare(r, ours, theirs, layer->conv, 0.0);
    if (norm) {
        layer->bn = calloc(conv.n, sizeof(double));
        bn_bounds(r, l, &conv, &bn);
        layer->bn_max = largest(layer->bn, conv.n);
        snprintf(ours, sizeof ours, "layer%u.bn", l);
        compare(r, ours, mean, layer->bn, 0.0);
    }
    if (fires) {
        compare_spikes(r, l, norm ? &bn : &conv,
                       l < r->params.n_hidden ? (double)r->params.neuron.v_threshold
                                              : (double)r->params.readout_threshold);
    } else {
        const size_t row = conv.shape[1] * conv.shape[2];
        const recorded v = need(r, r->evaluation ? "eval_v%u" : "v%u", l);

        for (size_t at = 0; at < conv.n; at++)
            layer->v[at] =
                (at >= row ? r->decay * layer->v[at - row] + 2.0 * U * fabs(v.at[at - row]) : 0.0) +
                layer->conv[at] + 4.0 * U * (fabs(conv.at[at]) + fabs(v.at[at]));
        layer->h = largest(layer->v, conv.n);
        free(v.at);
    }
    if (r->flipped == 0) {
        snprintf(ours, sizeof ours, "layer%u.membrane", l);
        snprintf(theirs, sizeof theirs, "%sv%u", prefix, l);
        compare(r, ours, theirs, layer->v, 0.0);
    }
    free(x.at);
    free(conv.at);
    free(bn.at);
    return r->flipped == 0;
}

static bool forward(reference *r)
{
    const snn_pass pass = {.mode = r->evaluation ? SNN_MODE_EVAL : SNN_MODE_TRAIN};
    const uint32_t last = snn_network_layers(r->net) - 1;
    bool same = true;

    assert_int_equal(snn_forward(r->tape, &r->batch, &pass, NULL), SNN_OK);
    for (uint32_t l = 0; same && l <= last; l++)
        same = forward_layer(r, l);
    return same;
}

/* Scores: a softmax moves by at most half of twice its largest argument error; sums add. */
static double compare_loss(reference *r)
{
    const uint32_t last = snn_network_layers(r->net) - 1;
    const double steps = (double)snn_network_output_steps(r->net, r->batch.steps);
    const double e_v = r->layer[last].h;
    const recorded loss = recorded_read(r->file, r->evaluation ? "eval_loss" : "loss");
    const recorded metric = recorded_read(r->file, r->evaluation ? "eval_metric" : "metric");
    double bound = e_v + 8.0 * U, got = 0.0;
    uint32_t correct = 0;
    struct test_near near = test_near_begin("loss", 0);

    if (r->params.loss == SNN_LOSS_SUM)
        bound = steps * (e_v + 8.0 * U);
    else if (r->params.loss == SNN_LOSS_SPIKE_COUNT)
        bound = 0.0; /* whole numbers */
    assert_int_equal(snn_loss_forward(r->tape, &r->batch, &got, &correct, NULL), SNN_OK);
    if (!r->evaluation)
        compare(r, "logits", "logits", NULL, bound);
    check_near(&near, 0, loss.at[0], got,
               2.0 * bound + (r->single ? 4.0 : 1.0) * U * (1.0 + fabs(loss.at[0])));
    settle(r, &near);
    assert_int_equal(lrint(metric.at[0] * r->batch.batch), correct);
    free(loss.at);
    free(metric.at);
    return bound;
}

/* ---- backward ---------------------------------------------------------------------------- */

/* Largest value of a recorded tensor. */
static double top_of(const reference *r, const char *format, uint32_t l)
{
    const recorded values = need(r, format, l);
    const double top = values.at != NULL ? largest(values.at, values.n) : 0.0;

    free(values.at);
    return top;
}

static void compare_gradient(reference *r, uint32_t l, const char *ours, const char *theirs,
                             double relative)
{
    char name[64], data[64];
    const recorded values = need(r, theirs, l);

    if (values.at == NULL)
        return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(data, sizeof data, theirs, l);
    snprintf(name, sizeof name, ours, l);
#pragma GCC diagnostic pop
    if (strncmp(theirs, "grad_K", 6) == 0)
        compare_taps(r, name, data, NULL, relative * largest(values.at, values.n),
                     r->params.delay.solver >= SNN_SOLVER_TAPS);
    else
        compare(r, name, data, NULL, relative * largest(values.at, values.n));
    free(values.at);
}

/*
 * `relative`: error of the gradient that has arrived, as a share of its largest
 * value.  Each stage adds its own rounding, as a random walk 8U sqrt(terms), and
 *
 *   read-out    what the scores' error does to softmax and its product
 *   LIF         (pi/2) alpha e_h, twice where the reset is not detached
 *   batch norm  e of the normalised input and of inv_std (4 e_bn covers both); it
 *               takes away means, so an error may stand beside a smaller value:
 *               scaled by |g before| |gamma inv_std| / |g after|, if above 1
 *   taps        e_p and the division by s: 8U (sqrt(D) + D/s)
 */
static void backward(reference *r, double e_score)
{
    const uint32_t last = snn_network_layers(r->net) - 1;
    const double alpha = (double)r->params.neuron.surrogate_alpha, taps = r->params.delay.max_delay;
    const double sigma = attribute_number(r->file, "sigma");
    const double s = r->params.delay.version == SNN_KERNEL_GAUSS ? sigma + 0.27 : 1.0;
    const double shape = r->params.neuron.detach_reset ? 1.0 : 2.0;
    double relative = 2.0 * e_score + 4.0 * r->layer[last].h + 16.0 * U;

    assert_int_equal(snn_backward(r->tape, NULL), SNN_OK);
    for (uint32_t l = last;; l--) {
        const layer_bounds *layer = &r->layer[l];
        const double steps = (double)r->batch.steps + (l + 1) * floor(taps / 2.0),
                     rows = steps * r->batch.batch;
        const double n_out = l < last ? (double)r->params.hidden[l] : (double)r->params.n_outputs;
        const bool fires = l < last || r->params.loss == SNN_LOSS_SPIKE_COUNT;

        if (l == last)
            compare_gradient(r, l, "grad.layer%u.output", "grad_out", relative);
        else
            compare_gradient(r, l, "grad.layer%u.spikes", "grad_spk%u", relative);
        relative += 16.0 * U + (fires ? shape * 0.5 * 3.1416 * alpha * layer->h : 0.0);
        if (l < last && r->params.batch_norm) {
            const double before = top_of(r, "grad_bn%u", l), after = top_of(r, "grad_conv%u", l);

            compare_gradient(r, l, "grad.layer%u.bn", "grad_bn%u", relative);
            relative = fmax(1.0, before * layer->scale / after) *
                       (relative + 4.0 * layer->bn_max + 16.0 * U);
            compare_gradient(r, l, "grad.layer%u.gamma", "grad_bn_gamma%u",
                             relative + 8.0 * U * sqrt(rows));
            compare_gradient(r, l, "grad.layer%u.beta", "grad_bn_beta%u",
                             relative + 8.0 * U * sqrt(rows));
        }
        compare_gradient(r, l, "grad.layer%u.conv", "grad_conv%u", relative);
        compare_gradient(r, l, "grad.layer%u.bias", "grad_bias%u", relative + 8.0 * U * sqrt(rows));
        compare_gradient(r, l, "grad.layer%u.taps", "grad_K%u", relative + 8.0 * U * sqrt(rows));
        compare_gradient(r, l, "grad.layer%u.weight", "grad_W%u",
                         relative + 8.0 * U * (sqrt(rows) + sqrt(taps) + taps / s));
        compare_gradient(r, l, "grad.layer%u.position", "grad_P%u",
                         relative + 8.0 * U * (sqrt(rows) + sqrt(taps) + taps / s));
        compare_gradient(r, l, "grad.layer%u.sigma", "grad_SIG%u",
                         relative + 8.0 * U * (sqrt(rows) + sqrt(taps) + taps / s));
        relative += 8.0 * U * sqrt(n_out * taps) + layer->tap / top_of(r, "K%u", l);
        if (l == 0)
            break;
    }
    compare_gradient(r, 0, "grad.input", "grad_x", relative);
}

/* Running averages: momentum 0.1 of the batch's, whose errors are those of bn_bounds. */
static void compare_running(reference *r)
{
    for (uint32_t l = 0; r->params.batch_norm && l < r->params.n_hidden; l++) {
        const double top = top_of(r, "conv%u", l), e = r->layer[l].conv_max + 8.0 * U * top;
        char ours[64], theirs[64];

        snprintf(ours, sizeof ours, "layer%u.mean", l);
        snprintf(theirs, sizeof theirs, "bn_rmean_after%u", l);
        compare(r, ours, theirs, NULL, 0.1 * e + 2.0 * U * top);
        snprintf(ours, sizeof ours, "layer%u.variance", l);
        snprintf(theirs, sizeof theirs, "bn_rvar_after%u", l);
        compare(r, ours, theirs, NULL,
                0.1 * 4.0 * top * e + 4.0 * U * top_of(r, "bn_rvar_after%u", l));
    }
}

/* ---- cases --------------------------------------------------------------------------------- */

static void run_case(void **state)
{
    const case_id *id = *state;
    char file[128];
    const char *path;
    reference r;

    snprintf(file, sizeof file, "reference/%s.h5", id->name);
    require_shared(path, file);
    reference_open(&r, path, id->solver);
    set_parameters(&r);
    if (forward(&r)) {
        const double e_score = compare_loss(&r);

        compare_running(&r);
        backward(&r, e_score);
    }
    print_message(
        "# %zu values; largest %.2f of its bound: %s; %zu spikes within their bound differ\n",
        r.compared, r.worst, r.worst_name, r.flipped);
    r.evaluation = true;
    r.worst = 0.0;
    r.compared = r.flipped = 0;
    set_parameters(&r);
    if (forward(&r))
        compare_loss(&r);
    print_message("# evaluation: %zu values; largest %.2f of its bound: %s; %zu spikes differ\n",
                  r.compared, r.worst, r.worst_name, r.flipped);
    reference_close(&r);
}

int main(void)
{
    static case_id ids[CASES_MAX];
    static struct CMUnitTest tests[CASES_MAX];
    static const char *const solvers[] = {NULL, "direct", "fft", "taps", "event"};
    size_t n = 0;

    for (size_t i = 0; i < sizeof reference_cases / sizeof reference_cases[0]; i++) {
        for (int s = SNN_SOLVER_DIRECT; s <= SNN_SOLVER_EVENT; s++, n++) {
            ids[n] = (case_id){.name = reference_cases[i], .solver = (snn_solver)s};
            snprintf(ids[n].title, sizeof ids[n].title, "%s %s", reference_cases[i], solvers[s]);
            tests[n] = (struct CMUnitTest){
                .name = ids[n].title, .test_func = run_case, .initial_state = &ids[n]};
        }
    }
    return _cmocka_run_group_tests("reference", tests, n, NULL, NULL);
}
