/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * include/snn/observe.h and the accounting of memory and work: who looks on sees every phase
 * and tile once, in order, and changes no bit; what is held adds up; nothing is allocated.
 */
#include "tests/cmocka_all.h"

#include "snn/base/base.h"

#include <snn/bench.h>
#include <snn/observe.h>
#include <snn/train.h>

#include <math.h>

#define BATCH   6u
#define STEPS   12u
#define INPUTS  5u
#define SPANS   512
#define THREADS 3

struct seen {
    struct {
        snn_phase phase;
        uint32_t layer;
        double begin, end;
    } phase[SPANS];
    size_t n;
    size_t tiles[THREADS]; /* a worker writes its own */
    double first[THREADS], last[THREADS];
};

static void on_phase(void *user, snn_phase phase, uint32_t layer, double begin, double end)
{
    struct seen *seen = user;

    if (seen->n == SPANS)
        return;
    seen->phase[seen->n].phase = phase;
    seen->phase[seen->n].layer = layer;
    seen->phase[seen->n].begin = begin;
    seen->phase[seen->n++].end = end;
}

static void on_work(void *user, int worker, size_t tiles, double begin, double end)
{
    struct seen *seen = user;

    if (seen->tiles[worker] == 0)
        seen->first[worker] = begin;
    seen->tiles[worker] += tiles;
    seen->last[worker] = end;
}

struct stage {
    snn_context *ctx;
    snn_network *net;
    snn_trainer *trainer;
    float x[STEPS * BATCH * INPUTS];
    uint32_t label[BATCH];
    snn_batch batch;
};

static void stage_make(struct stage *s, int threads)
{
    snn_context_params context;
    snn_network_params shape;
    snn_train_params train;
    uint64_t random = 5;

    snn_context_params_init(&context);
    context.threads = threads;
    assert_int_equal(snn_context_create(&context, &s->ctx, NULL), SNN_OK);
    snn_network_params_init(&shape);
    shape.n_inputs = INPUTS;
    shape.n_hidden = 2;
    shape.hidden[0] = shape.hidden[1] = 7;
    shape.n_outputs = 3;
    shape.delay.max_delay = 5;
    snn_train_params_init(&train);
    train.batch_size = BATCH;
    assert_int_equal(snn_network_create(s->ctx, &shape, 1, &s->net, NULL), SNN_OK);
    assert_int_equal(snn_trainer_create(s->net, &train, STEPS, &s->trainer, NULL), SNN_OK);
    for (size_t i = 0; i < SNN_COUNT(s->x); i++)
        s->x[i] = test_random(&random) % 3 == 0 ? 1.0f : 0.0f;
    for (uint32_t b = 0; b < BATCH; b++)
        s->label[b] = b % 3;
    s->batch = (snn_batch){.batch = BATCH, .steps = STEPS, .x = s->x, .label = s->label};
}

static void stage_free(struct stage *s)
{
    snn_trainer_destroy(s->trainer);
    snn_network_destroy(s->net);
    assert_int_equal(snn_context_bytes(s->ctx), 0);
    for (int k = 0; k < SNN_MEMORY_KINDS; k++)
        assert_int_equal(snn_context_held(s->ctx, (snn_memory)k, NULL), 0);
    snn_context_destroy(s->ctx);
}

/* Three steps, the last two observed unless `seen` is NULL; the loss of the last. */
static double run(struct stage *s, struct seen *seen)
{
    const snn_observer observer = {.phase = on_phase, .work = on_work, .user = seen};
    snn_step_result result = {0};

    for (int i = 0; i < 3; i++) {
        const uint64_t before = snn_context_allocations(s->ctx);

        if (i == 1)
            snn_context_observe(s->ctx, seen != NULL ? &observer : NULL);
        if (i == 2 && seen != NULL)
            *seen = (struct seen){0};
        assert_int_equal(snn_trainer_step(s->trainer, &s->batch, &result, NULL), SNN_OK);
        assert_int_equal(snn_context_allocations(s->ctx), before);
    }
    snn_context_observe(s->ctx, NULL);
    return result.loss;
}

static void same_bits(void **state)
{
    (void)state;
    for (int threads = 1; threads <= THREADS; threads += THREADS - 1) {
        struct stage looked = {0}, alone = {0};
        struct seen seen = {0};
        snn_tensor a, b;
        double loss, other;

        stage_make(&looked, threads);
        stage_make(&alone, threads);
        loss = run(&looked, &seen);
        other = run(&alone, NULL);
        assert_memory_equal(&loss, &other, sizeof loss);
        for (size_t i = 0; snn_network_tensor_at(looked.net, i, &a) == SNN_OK; i++) {
            assert_int_equal(snn_network_tensor_at(alone.net, i, &b), SNN_OK);
            assert_memory_equal(a.data, b.data, snn_tensor_size(&a) * snn_dtype_bytes(a.dtype));
        }
        stage_free(&looked);
        stage_free(&alone);
    }
}

/* Phases of a step of two hidden layers and a read-out, in order. */
static void every_phase(void **state)
{
    static const struct {
        snn_phase phase;
        uint32_t layer;
    } expected[] = {
        {SNN_PHASE_TAPS, 0},
        {SNN_PHASE_SYNAPSE_FORWARD, 0},
        {SNN_PHASE_NEURON_FORWARD, 0},
        {SNN_PHASE_TAPS, 1},
        {SNN_PHASE_SYNAPSE_FORWARD, 1},
        {SNN_PHASE_NEURON_FORWARD, 1},
        {SNN_PHASE_TAPS, 2},
        {SNN_PHASE_SYNAPSE_FORWARD, 2},
        {SNN_PHASE_NEURON_FORWARD, 2},
        {SNN_PHASE_LOSS, 2}, /* scores */
        {SNN_PHASE_LOSS, 2}, /* their gradient */
        {SNN_PHASE_NEURON_BACKWARD, 2},
        {SNN_PHASE_SYNAPSE_KERNEL_GRADIENT, 2},
        {SNN_PHASE_TAPS_BACKWARD, 2},
        {SNN_PHASE_SYNAPSE_INPUT_GRADIENT, 2},
        {SNN_PHASE_NEURON_BACKWARD, 1},
        {SNN_PHASE_SYNAPSE_KERNEL_GRADIENT, 1},
        {SNN_PHASE_TAPS_BACKWARD, 1},
        {SNN_PHASE_SYNAPSE_INPUT_GRADIENT, 1},
        {SNN_PHASE_NEURON_BACKWARD, 0},
        {SNN_PHASE_SYNAPSE_KERNEL_GRADIENT, 0},
        {SNN_PHASE_TAPS_BACKWARD, 0},
        {SNN_PHASE_UPDATE, SNN_NO_LAYER},
    };
    struct stage s = {0};
    struct seen seen = {0};
    size_t tiles = 0, again = 0;

    (void)state;
    stage_make(&s, THREADS);
    run(&s, &seen);
    assert_int_equal(seen.n, SNN_COUNT(expected));
    for (size_t i = 0; i < seen.n; i++) {
        assert_int_equal(seen.phase[i].phase, expected[i].phase);
        assert_int_equal(seen.phase[i].layer, expected[i].layer);
        assert_true(seen.phase[i].begin <= seen.phase[i].end);
        if (i > 0)
            assert_true(seen.phase[i].begin >= seen.phase[i - 1].end);
    }
    for (int w = 0; w < THREADS; w++) {
        tiles += seen.tiles[w];
        if (seen.tiles[w] == 0)
            continue;
        assert_true(seen.first[w] >= seen.phase[0].begin);
        assert_true(seen.last[w] <= seen.phase[seen.n - 1].end);
    }
    assert_true(tiles > 0);
    stage_free(&s);

    stage_make(&s, 1); /* tiles are cut by the problem: one thread has as many */
    run(&s, &seen);
    again = seen.tiles[0];
    assert_int_equal(again, tiles);
    stage_free(&s);
}

static void memory_adds_up(void **state)
{
    static const snn_memory used[] = {SNN_MEMORY_PARAMETERS, SNN_MEMORY_OPTIMISER,
                                      SNN_MEMORY_GRADIENTS,  SNN_MEMORY_ACTIVATIONS,
                                      SNN_MEMORY_TAPS,       SNN_MEMORY_SOLVERS};
    struct stage s = {0};
    size_t sum = 0, peak;
    snn_tensor weights;
    char *block;

    (void)state;
    stage_make(&s, 1);
    for (int k = 0; k < SNN_MEMORY_KINDS; k++) {
        const size_t held = snn_context_held(s.ctx, (snn_memory)k, &peak);

        sum += held;
        assert_true(peak >= held);
        assert_non_null(snn_memory_name((snn_memory)k));
    }
    assert_int_equal(sum, snn_context_bytes(s.ctx));
    for (size_t i = 0; i < SNN_COUNT(used); i++)
        assert_true(snn_context_held(s.ctx, used[i], NULL) > 0);
    /* Parameters: at least weights, positions and sigmas of the first layer. */
    assert_int_equal(snn_network_tensor(s.net, "layer0.weight", &weights, NULL), SNN_OK);
    assert_true(snn_context_held(s.ctx, SNN_MEMORY_PARAMETERS, NULL) >=
                3 * snn_tensor_size(&weights) * sizeof(float));
    assert_true(snn_context_held(s.ctx, SNN_MEMORY_ACTIVATIONS, NULL) >=
                2 * STEPS * BATCH * (7 + 7 + 3) * sizeof(float));

    assert_int_equal(snn_context_purpose(s.ctx, SNN_MEMORY_DATA), SNN_MEMORY_OTHER);
    block = snn_alloc(s.ctx, 1000, 1);
    assert_int_equal(snn_context_purpose(s.ctx, SNN_MEMORY_OTHER), SNN_MEMORY_DATA);
    sum = snn_context_held(s.ctx, SNN_MEMORY_DATA, NULL);
    assert_true(sum >= 1000);
    snn_free(s.ctx, block); /* counts for what it was taken for */
    assert_int_equal(snn_context_held(s.ctx, SNN_MEMORY_DATA, &peak), 0);
    assert_int_equal(peak, sum);
    stage_free(&s);
}

/* By hand: a dense solver's products and the arrays that they touch. */
static void work_is_counted(void **state)
{
    struct stage s = {0};
    snn_network_params shape;
    snn_tape_params params;
    snn_network *net;
    snn_tape *tape;
    snn_work work;
    const snn_pass pass = {.mode = SNN_MODE_TRAIN};
    const double pad = 2, rows = (STEPS + pad) * BATCH, cells = rows * 7;

    (void)state;
    stage_make(&s, 1);
    shape = *snn_network_get_params(s.net);
    shape.delay.solver = SNN_SOLVER_DIRECT;
    assert_int_equal(snn_network_create(s.ctx, &shape, 1, &net, NULL), SNN_OK);
    snn_tape_params_init(&params);
    params.batch = BATCH;
    params.steps = STEPS;
    assert_int_equal(snn_tape_create(net, &params, &tape, NULL), SNN_OK);
    assert_int_equal(snn_forward(tape, &s.batch, &pass, NULL), SNN_OK);
    snn_tape_work(tape, SNN_PHASE_SYNAPSE_FORWARD, 0, &work);
    assert_true(work.operations == 2 * rows * INPUTS * 7 * 5);
    assert_true(work.bytes == 4 * (STEPS * BATCH * INPUTS + cells + 5 * INPUTS * 7));
    for (int phase = 0; phase < SNN_PHASES; phase++)
        for (uint32_t l = 0; l < 3; l++) {
            snn_tape_work(tape, (snn_phase)phase, l, &work);
            assert_true(isfinite(work.operations) && work.operations > 0);
            assert_true(isfinite(work.bytes) && work.bytes > 0);
        }
    snn_tape_destroy(tape);
    snn_network_destroy(net);
    stage_free(&s);
}

static void rates(void **state)
{
    struct stage s = {0};
    double gbytes = 0, gflops = 0;

    (void)state;
    stage_make(&s, 1);
    assert_int_equal(snn_bench_bf16(s.ctx, 0.0, &gflops), SNN_OK);
    assert_true(gflops > 0 && isfinite(gflops));
    assert_int_equal(snn_bench_copy(s.ctx, 0.0, &gbytes), SNN_OK);
    assert_true(gbytes > 0 && isfinite(gbytes));
    stage_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits),      cmocka_unit_test(every_phase),
        cmocka_unit_test(memory_adds_up), cmocka_unit_test(work_is_counted),
        cmocka_unit_test(rates),
    };

    setenv("SNN_PARALLEL", "always", 1);
    return cmocka_run_group_tests_name("observe", tests, NULL, NULL);
}
