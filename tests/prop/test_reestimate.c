/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statistics of batch normalisation estimated anew: they are the mean and variance of what
 * evaluation feeds each layer, computed here in double from the kept activations; doing it
 * again changes no bit, nor does the number of threads; nothing else is touched.
 */
#include "tests/cmocka_all.h"
#include "tests/toy_data.h"

#include <snn/train.h>

#include <float.h>

#define LAYERS  2u /* with normalisation */
#define SAMPLES 37u
#define BATCH   8u

struct stage {
    snn_context *ctx;
    struct toy toy;
    snn_dataset *data;
    snn_network *net;
};

static void begin(struct stage *s, int threads, int mask_padding, snn_delay_mode mode)
{
    snn_context_params context;
    snn_network_params shape;

    memset(s, 0, sizeof *s);
    s->toy.seed = 5;
    s->toy.fail_at = -1;
    snn_context_params_init(&context);
    context.threads = threads;
    assert_int_equal(snn_context_create(&context, &s->ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(s->ctx, &s->toy, SAMPLES, 0, 3, &s->data, NULL), SNN_OK);
    snn_network_params_init(&shape);
    shape.n_inputs = TOY_INPUTS;
    shape.n_outputs = TOY_CLASSES;
    shape.n_hidden = LAYERS;
    shape.hidden[0] = 11;
    shape.hidden[1] = 7;
    shape.delay.max_delay = 9;
    shape.delay.solver = SNN_SOLVER_DIRECT; /* the same for every kind of tape */
    shape.delay.mode = mode;
    shape.mask_padding = mask_padding;
    assert_int_equal(snn_network_create(s->ctx, &shape, 3, &s->net, NULL), SNN_OK);
}

static void end(struct stage *s)
{
    snn_network_destroy(s->net);
    snn_dataset_destroy(s->data);
    assert_int_equal(snn_context_bytes(s->ctx), 0);
    snn_context_destroy(s->ctx);
}

static void reestimate(struct stage *s, const uint32_t *index, uint32_t n, uint32_t batch)
{
    assert_int_equal(
        snn_reestimate_norm(s->net, s->data, SNN_SPLIT_TRAIN, index, n, batch, 9, NULL), SNN_OK);
}

static const float *tensor(const snn_network *net, uint32_t l, const char *kind, size_t *n)
{
    char name[SNN_TENSOR_NAME];
    snn_tensor t;

    snprintf(name, sizeof name, "layer%u.%s", (unsigned)l, kind);
    assert_int_equal(snn_network_tensor(net, name, &t, NULL), SNN_OK);
    *n = snn_tensor_size(&t);
    return t.data;
}

/* Sums over all batches of one layer's input current, in double. */
struct sums {
    double rows, x[16], xx[16], size[16]; /* x, (x - mean)^2, |x| */
};

static void add(struct sums *s, const snn_tape *tape, const snn_batch *batch, uint32_t l,
                uint32_t pad, bool masked, const double *mean)
{
    char name[SNN_TENSOR_NAME];
    snn_tensor conv;
    const float *x;

    snprintf(name, sizeof name, "layer%u.conv", (unsigned)l);
    assert_int_equal(snn_tape_tensor(tape, name, &conv, NULL), SNN_OK);
    x = conv.data;
    for (size_t t = 0; t < conv.shape[0]; t++) {
        for (size_t b = 0; b < conv.shape[1]; b++) {
            if (masked && t >= batch->length[b] + (l + 1) * pad)
                continue;
            s->rows += 1;
            for (size_t c = 0; c < conv.shape[2]; c++) {
                const double v = (double)x[(t * conv.shape[1] + b) * conv.shape[2] + c];

                s->x[c] += v;
                s->size[c] += fabs(v);
                s->xx[c] += mean != NULL ? (v - mean[c]) * (v - mean[c]) : 0;
            }
        }
    }
}

/* What layer l sees in evaluation over these samples, in the batches of the estimate. */
static struct sums measure(struct stage *s, const uint32_t *index, uint32_t n, uint32_t l)
{
    const snn_network_params *shape = snn_network_get_params(s->net);
    const uint32_t pad = (snn_network_output_steps(s->net, 1) - 1) / (LAYERS + 1);
    const snn_pass pass = {.mode = SNN_MODE_EVAL};
    struct sums first = {0}, second = {0};
    double mean[16] = {0};
    snn_tape_params params;
    snn_tape *tape;
    snn_loader *loader;

    snn_tape_params_init(&params);
    params.batch = BATCH;
    params.steps = TOY_STEPS;
    params.keep = 1;
    assert_int_equal(snn_tape_create(s->net, &params, &tape, NULL), SNN_OK);
    assert_int_equal(
        snn_loader_create(s->ctx, s->data, SNN_SPLIT_TRAIN, index, n, BATCH, &loader, NULL),
        SNN_OK);
    for (int round = 0; round < 2; round++) {
        const snn_batch *batch;

        assert_int_equal(snn_loader_start(loader, 1, 9, 0, 0, NULL), SNN_OK);
        for (;;) {
            assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
            if (batch == NULL)
                break;
            assert_int_equal(snn_forward(tape, batch, &pass, NULL), SNN_OK);
            add(round == 0 ? &first : &second, tape, batch, l, pad, shape->mask_padding != 0,
                round == 0 ? NULL : mean);
        }
        for (int c = 0; c < 16; c++)
            mean[c] = first.x[c] / first.rows;
    }
    memcpy(second.x, first.x, sizeof first.x);
    snn_loader_destroy(loader);
    snn_tape_destroy(tape);
    return second;
}

/*
 * The estimate sums a tile's rows in float: at most 28 + 2 * 4 steps of one sample, hence
 * the bounds (rounding of a sum of n terms: n eps times the sum of their sizes).
 */
static void test_direct(void **state)
{
    const uint32_t index[] = {3, 4, 5, 7, 8, 9, 11, 12, 15, 16, 20, 21, 22, 23, 29, 30, 34, 36, 0};
    const uint32_t n = sizeof index / sizeof index[0];
    const double terms = TOY_STEPS + LAYERS * 4 + 4;

    (void)state;
    for (int masked = 0; masked < 2; masked++) {
        struct stage s;

        begin(&s, 1, masked, SNN_DELAYS_LEARNED);
        reestimate(&s, index, n, BATCH);
        for (uint32_t l = 0; l < LAYERS; l++) {
            const struct sums direct = measure(&s, index, n, l);
            struct test_near mean_near = test_near_begin("mean", 5);
            struct test_near variance_near = test_near_begin("variance", 5);
            size_t channels;
            const float *mean = tensor(s.net, l, "mean", &channels);
            const float *variance = tensor(s.net, l, "variance", &channels);

            assert_true(direct.rows > 100);
            for (size_t c = 0; c < channels; c++) {
                const double size = direct.size[c] / direct.rows;
                const double wanted = direct.xx[c] / (direct.rows - 1);

                assert_true(wanted > 1e-4); /* a neuron that sees nothing would prove nothing */
                check_near(&mean_near, c, direct.x[c] / direct.rows, (double)mean[c],
                           FLT_EPSILON * terms * size);
                check_near(&variance_near, c, wanted, (double)variance[c],
                           FLT_EPSILON * 3 * terms * wanted);
            }
            test_near_end(&mean_near);
            test_near_end(&variance_near);
        }
        end(&s);
    }
}

/* All tensors of a network, one after the other. */
static size_t copy_all(const snn_network *net, char *to, size_t room)
{
    size_t at = 0;
    snn_tensor t;

    for (size_t i = 0; snn_network_tensor_at(net, i, &t) == SNN_OK; i++) {
        const size_t bytes = snn_tensor_size(&t) * snn_dtype_bytes(t.dtype);

        assert_true(at + bytes <= room);
        memcpy(to + at, t.data, bytes);
        at += bytes;
    }
    return at;
}

/* Twice as once; any number of threads. */
static void test_bits(void **state)
{
    static char once[1 << 16], again[1 << 16], fresh[1 << 16];
    struct stage s;
    size_t bytes;

    (void)state;
    begin(&s, 1, 0, SNN_DELAYS_LEARNED);
    bytes = copy_all(s.net, fresh, sizeof fresh);
    reestimate(&s, NULL, 0, BATCH);
    assert_int_equal(copy_all(s.net, once, sizeof once), bytes);
    assert_memory_not_equal(once, fresh, bytes);
    reestimate(&s, NULL, 0, BATCH);
    copy_all(s.net, again, sizeof again);
    assert_memory_equal(once, again, bytes);
    end(&s);
    for (int threads = 2; threads <= 3; threads++) {
        begin(&s, threads, 0, SNN_DELAYS_LEARNED);
        reestimate(&s, NULL, 0, BATCH);
        copy_all(s.net, again, sizeof again);
        assert_memory_equal(once, again, bytes);
        end(&s);
    }
}

/* Only mean and variance change; and rounded positions give what unrounded ones give. */
static void test_the_rest(void **state)
{
    static const char *const same[] = {"weight", "position", "sigma", "gamma", "beta"};
    struct stage s, rounded;

    (void)state;
    begin(&s, 1, 0, SNN_DELAYS_LEARNED);
    begin(&rounded, 1, 0, SNN_DELAYS_LEARNED);
    reestimate(&s, NULL, 0, BATCH);
    for (size_t k = 0; k < sizeof same / sizeof same[0]; k++) {
        size_t n, m;
        const float *a = tensor(s.net, 1, same[k], &n), *b = tensor(rounded.net, 1, same[k], &m);

        assert_int_equal(n, m);
        assert_memory_equal(a, b, n * sizeof *a);
    }
    snn_network_round(rounded.net);
    reestimate(&rounded, NULL, 0, BATCH);
    for (uint32_t l = 0; l < LAYERS; l++) {
        size_t n;
        const float *a = tensor(s.net, l, "variance", &n);
        const float *b = tensor(rounded.net, l, "variance", &n);

        assert_memory_equal(a, b, n * sizeof *a);
    }
    end(&rounded);
    end(&s);
}

/* Where padding does not count, the size of a batch is nothing but a matter of rounding. */
static void test_batches(void **state)
{
    struct stage a, b;
    size_t n;

    (void)state;
    begin(&a, 1, 1, SNN_DELAYS_FIXED);
    begin(&b, 1, 1, SNN_DELAYS_FIXED);
    reestimate(&a, NULL, 0, 1);
    reestimate(&b, NULL, 0, SAMPLES);
    {
        const float *x = tensor(a.net, 0, "variance", &n), *y = tensor(b.net, 0, "variance", &n);

        for (size_t c = 0; c < n; c++)
            assert_true(fabsf(x[c] - y[c]) <= 200 * FLT_EPSILON * x[c]);
    }
    end(&b);
    end(&a);
}

static void test_refused(void **state)
{
    snn_network_params shape;
    snn_network *plain;
    snn_error err = {0};
    struct stage s;

    (void)state;
    begin(&s, 1, 0, SNN_DELAYS_NONE);
    shape = *snn_network_get_params(s.net);
    shape.batch_norm = 0;
    assert_int_equal(snn_network_create(s.ctx, &shape, 3, &plain, NULL), SNN_OK);
    assert_int_equal(snn_reestimate_norm(plain, s.data, SNN_SPLIT_TRAIN, NULL, 0, BATCH, 9, &err),
                     SNN_EINVAL);
    assert_non_null(strstr(err.what, "no batch normalisation"));
    snn_network_destroy(plain);
    reestimate(&s, NULL, 0, BATCH);
    s.toy.fail_at = 13;
    assert_int_equal(snn_reestimate_norm(s.net, s.data, SNN_SPLIT_TRAIN, NULL, 0, BATCH, 9, &err),
                     SNN_EIO);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_direct),   cmocka_unit_test(test_bits),
        cmocka_unit_test(test_the_rest), cmocka_unit_test(test_batches),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests_name("reestimate", tests, NULL, NULL);
}
