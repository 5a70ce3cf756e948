/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of networks and tapes: each allocation is refused once, which must give
 * SNN_ENOMEM, leave the output alone and leak nothing; steps stay inside of their
 * blocks whatever the batch, and allocate nothing.
 *
 * FFTW's own plans do not come from the context; a sanitizer run watches those.
 */
#include "tests/failing_allocator.h"

#include "snn/base/base.h"

#include <snn/network.h>

typedef struct {
    const char *name;
    snn_solver solver;
    snn_loss loss;
    int batch_norm, bias, mask_padding, train, keep, input_gradient;
    float dropout;
    uint32_t steps, fan_in;
    snn_sharing sharing;
    snn_neuron_model model;
    int fixed_tau;
} variant;

static const variant variants[] = {
    {"direct, training", SNN_SOLVER_DIRECT, SNN_LOSS_SUM, 1, 0, 0, 1, 0, 0, 0.5f, 9, .fan_in = 0},
    {"fft, everything kept", SNN_SOLVER_FFT, SNN_LOSS_SPIKE_COUNT, 1, 1, 1, 1, 1, 1, 0.5f, 9,
     .fan_in = 0},
    {"fft, long", SNN_SOLVER_FFT, SNN_LOSS_MEAN, 0, 1, 0, 1, 0, 1, 0.0f, 400, .fan_in = 0},
    {"auto, forward only", SNN_SOLVER_AUTO, SNN_LOSS_MAX, 1, 0, 1, 0, 0, 0, 0.1f, 9, .fan_in = 0},
    {"auto, forward, kept", SNN_SOLVER_AUTO, SNN_LOSS_MAX, 1, 0, 0, 0, 1, 0, 0.0f, 9, .fan_in = 0},
    {"sparse", SNN_SOLVER_AUTO, SNN_LOSS_SUM, 1, 0, 0, 1, 1, 1, 0.0f, 9, .fan_in = 4},
    {"axonal", SNN_SOLVER_AUTO, SNN_LOSS_SUM, 1, 0, 0, 1, 1, 1, 0.0f, 9,
     .sharing = SNN_SHARING_AXONAL},
    {"dendritic, sparse", SNN_SOLVER_AUTO, SNN_LOSS_SUM, 1, 0, 0, 1, 0, 0, 0.0f, 9, .fan_in = 4,
     .sharing = SNN_SHARING_DENDRITIC},
    {"axonal, forward only", SNN_SOLVER_AUTO, SNN_LOSS_MAX, 1, 0, 0, 0, 0, 0, 0.0f, 9,
     .sharing = SNN_SHARING_AXONAL},
    {"dendritic, forward only", SNN_SOLVER_AUTO, SNN_LOSS_MAX, 1, 0, 0, 0, 0, 0, 0.0f, 9,
     .sharing = SNN_SHARING_DENDRITIC},
    {"adlif, training", SNN_SOLVER_DIRECT, SNN_LOSS_SUM, 1, 0, 0, 1, 0, 0, 0.5f, 9,
     .model = SNN_NEURON_ADLIF},
    {"adlif, everything kept", SNN_SOLVER_DIRECT, SNN_LOSS_SPIKE_COUNT, 1, 1, 1, 1, 1, 1, 0.5f, 9,
     .model = SNN_NEURON_ADLIF, .fixed_tau = 1},
    {"adlif, forward only", SNN_SOLVER_DIRECT, SNN_LOSS_SUM, 0, 0, 0, 0, 0, 0, 0.0f, 9,
     .model = SNN_NEURON_ADLIF},
    {"cuba, training", SNN_SOLVER_DIRECT, SNN_LOSS_SUM, 1, 0, 0, 1, 0, 0, 0.5f, 9,
     .model = SNN_NEURON_CUBA},
    {"cuba, forward, kept", SNN_SOLVER_DIRECT, SNN_LOSS_SPIKE_COUNT, 1, 0, 0, 0, 1, 0, 0.5f, 9,
     .model = SNN_NEURON_CUBA},
};

static snn_network_params params_of(const variant *v)
{
    snn_network_params p;

    snn_network_params_init(&p);
    p.n_inputs = 6;
    p.n_outputs = 3;
    p.n_hidden = 2;
    p.hidden[0] = 5;
    p.hidden[1] = 9;
    p.fan_in = v->fan_in;
    p.delay.sharing = v->sharing;
    p.delay.max_delay = 7;
    p.delay.solver = v->solver;
    p.loss = v->loss;
    p.readout_threshold = 1.0f;
    p.batch_norm = v->batch_norm;
    p.bias = v->bias;
    p.mask_padding = v->mask_padding;
    p.dropout = v->dropout;
    p.neuron.model = v->model;
    p.neuron.train_tau = !v->fixed_tau;
    return p;
}

static snn_tape_params tape_of(const variant *v, uint32_t batch)
{
    snn_tape_params p;

    snn_tape_params_init(&p);
    p.batch = batch;
    p.steps = v->steps;
    p.train = v->train;
    p.keep = v->keep;
    p.input_gradient = v->input_gradient;
    return p;
}

/* Both objects with the k-th allocation refused; true when that was one too many. */
static bool create_refusing(const variant *v, long k)
{
    failing_allocator heap = {.fail_at = -1};
    const snn_network_params params = params_of(v);
    const snn_tape_params tape_params = tape_of(v, 4);
    snn_network *net = NULL;
    snn_tape *tape = NULL;
    snn_error err = {SNN_OK, "", ""};
    snn_context *ctx;
    snn_status st;
    bool done;

    assert_int_equal(failing_context(&heap, 2, &ctx), SNN_OK);
    heap.fail_at = heap.calls + k;
    st = snn_network_create(ctx, &params, 1, &net, &err);
    if (st == SNN_OK)
        st = snn_tape_create(net, &tape_params, &tape, &err);
    done = heap.calls <= heap.fail_at;
    if (done) {
        assert_int_equal(st, SNN_OK);
    } else {
        assert_int_equal(st, SNN_ENOMEM);
        assert_int_equal(err.status, SNN_ENOMEM);
        assert_true(strlen(err.what) > 0);
        assert_null(tape);
    }
    snn_tape_destroy(tape);
    snn_network_destroy(net);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
    assert_int_equal(heap.held, 0);
    assert_int_equal(heap.broken, 0);
    return done;
}

static void each_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        long k = 0;

        while (!create_refusing(&variants[i], k))
            k++;
        print_message("# %s: %ld allocations\n", variants[i].name, k);
        assert_true(k > 10);
    }
}

/* Batches and lengths up to the planned ones: all tiles fit, nothing is allocated. */
static void steps_stay_inside(void **state)
{
    static const uint32_t planned[] = {1, 31, 33, 65, 70};

    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        for (size_t p = 0; p < 5; p++) {
            const variant *v = &variants[i];
            const snn_network_params params = params_of(v);
            const snn_tape_params tape_params = tape_of(v, planned[p]);
            const uint32_t sizes[] = {planned[p], 1, 32, 33, 64, 17};
            failing_allocator heap = {.fail_at = -1};
            snn_context *ctx;
            snn_network *net;
            snn_tape *tape;
            long calls;
            float *x;
            uint32_t label[70], length[70];

            assert_int_equal(failing_context(&heap, 3, &ctx), SNN_OK);
            ctx->always_parallel = true; /* every worker uses its scratch */
            assert_int_equal(snn_network_create(ctx, &params, 1, &net, NULL), SNN_OK);
            assert_int_equal(snn_tape_create(net, &tape_params, &tape, NULL), SNN_OK);
            calls = heap.calls;
            for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
                const uint32_t steps = s % 2 == 0 ? v->steps : v->steps / 2;
                const snn_batch batch = {
                    .batch = sizes[s], .steps = steps, .label = label, .length = length};
                const snn_pass pass = {.mode = v->train ? SNN_MODE_TRAIN : SNN_MODE_EVAL,
                                       .seed = 1};
                snn_batch with_x = batch;
                uint64_t random = s + 1;
                double loss;
                uint32_t correct;

                if (sizes[s] > planned[p])
                    continue;
                x = malloc((size_t)sizes[s] * steps * 6 * sizeof *x); /* guarded by the sanitizer */
                for (size_t j = 0; j < (size_t)sizes[s] * steps * 6; j++)
                    x[j] = test_uniform(&random, 0.0f, 2.0f);
                for (uint32_t b = 0; b < sizes[s]; b++) {
                    label[b] = b % 3;
                    length[b] = 1 + b % steps;
                }
                with_x.x = x;
                assert_int_equal(snn_forward(tape, &with_x, &pass, NULL), SNN_OK);
                assert_int_equal(snn_loss_forward(tape, &with_x, &loss, &correct, NULL), SNN_OK);
                if (v->train)
                    assert_int_equal(snn_backward(tape, NULL), SNN_OK);
                free(x);
                /* A tape for forward alone plans anew by the density of its first input. */
                if (s == 0 && !v->train)
                    calls = heap.calls;
            }
            assert_int_equal(heap.calls, calls);
            snn_tape_destroy(tape);
            snn_network_destroy(net);
            snn_context_destroy(ctx);
            assert_int_equal(heap.held, 0);
            assert_int_equal(heap.broken, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation),
        cmocka_unit_test(steps_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
