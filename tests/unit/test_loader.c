/* SPDX-License-Identifier: BSD-3-Clause */
/* Batches against a direct assembly; order, failures and shutdown. */
#include "tests/cmocka_all.h"
#include "tests/toy_data.h"

#include <snn/train.h>

#define TRAIN 23u

struct fixture {
    snn_context *ctx;
    struct toy toy;
    snn_dataset *data;
};

static void begin(struct fixture *f, int dense, int jitter, int64_t fail_at)
{
    memset(f, 0, sizeof *f);
    f->toy.seed = 5;
    f->toy.dense = dense;
    f->toy.jitter = jitter;
    f->toy.fail_at = fail_at;
    assert_int_equal(snn_context_create(NULL, &f->ctx, NULL), SNN_OK);
    assert_int_equal(toy_dataset(f->ctx, &f->toy, TRAIN, 0, 3, &f->data, NULL), SNN_OK);
}

static void end(struct fixture *f)
{
    snn_dataset_destroy(f->data);
    assert_int_equal(f->toy.destroys, 1);
    assert_int_equal(snn_context_bytes(f->ctx), 0);
    snn_context_destroy(f->ctx);
}

/* One batch against samples made anew. */
static void check_batch(const struct toy *toy, const snn_batch *batch)
{
    uint32_t longest = 0;

    for (uint32_t b = 0; b < batch->batch; b++) {
        uint8_t cell[TOY_STEPS][TOY_INPUTS];
        uint32_t label, steps = toy_make(toy, SNN_SPLIT_TRAIN, batch->sample[b], cell, &label);

        assert_int_equal(batch->label[b], label);
        assert_int_equal(batch->length[b], steps);
        longest = steps > longest ? steps : longest;
        assert_true(batch->steps >= steps);
        for (uint32_t t = 0; t < batch->steps; t++)
            for (uint32_t i = 0; i < TOY_INPUTS; i++) {
                const float got = batch->x[((size_t)t * batch->batch + b) * TOY_INPUTS + i];

                assert_true(got == (t < steps ? cell[t][i] : 0));
            }
    }
    assert_int_equal(batch->steps, longest);
}

/* Samples of a pass in order; every batch is checked.  Returns their number. */
static uint32_t run_pass(struct fixture *f, snn_loader *loader, uint32_t size, uint32_t *order)
{
    const snn_batch *batch;
    uint32_t n = 0;

    for (;;) {
        assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
        if (batch == NULL)
            break;
        check_batch(&f->toy, batch);
        assert_true(batch->batch <= size);
        for (uint32_t b = 0; b < batch->batch; b++)
            order[n++] = batch->sample[b];
    }
    assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
    assert_null(batch);
    return n;
}

/* Batch sizes of 1, odd, more than all; cells and frames; no allocation in a pass. */
static void test_contents(void **state)
{
    static const uint32_t sizes[] = {1, 2, 5, 7, 22, 23, 24, 100};

    (void)state;
    for (int dense = 0; dense < 2; dense++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            struct fixture f;
            snn_loader *loader;
            uint32_t order[TRAIN];
            uint64_t blocks;

            begin(&f, dense, 0, -1);
            assert_int_equal(
                snn_loader_create(f.ctx, f.data, SNN_SPLIT_TRAIN, NULL, 0, sizes[k], &loader, NULL),
                SNN_OK);
            assert_int_equal(snn_loader_batches(loader), (TRAIN + sizes[k] - 1) / sizes[k]);
            blocks = snn_context_allocations(f.ctx);
            for (int pass = 0; pass < 3; pass++) {
                assert_int_equal(snn_loader_start(loader, 0, 0, 0, 0, NULL), SNN_OK);
                assert_int_equal(run_pass(&f, loader, sizes[k], order), TRAIN);
                for (uint32_t i = 0; i < TRAIN; i++)
                    assert_int_equal(order[i], i);
            }
            assert_int_equal(snn_context_allocations(f.ctx), blocks);
            snn_loader_destroy(loader);
            end(&f);
        }
}

/* The order is the permutation of (seed, epoch) over the selection, however long
 * a read takes; skipping leaves out the first batches and changes nothing else. */
static void test_order(void **state)
{
    static const uint32_t pick[] = {3, 1, 4, 15, 9, 2, 6, 5, 22, 0, 11};
    const uint32_t n = sizeof pick / sizeof pick[0];
    const snn_key key = {42, SNN_STREAM_SHUFFLE};
    uint32_t permutation[16];

    (void)state;
    snn_random_permutation(key, 6, n, permutation);
    for (int jitter = 0; jitter < 2; jitter++)
        for (uint32_t skip = 0; skip <= 4; skip++) {
            struct fixture f;
            snn_loader *loader;
            uint32_t order[16], left = n > 3 * skip ? n - 3 * skip : 0;

            begin(&f, 0, jitter, -1);
            assert_int_equal(
                snn_loader_create(f.ctx, f.data, SNN_SPLIT_TRAIN, pick, n, 3, &loader, NULL),
                SNN_OK);
            assert_int_equal(snn_loader_start(loader, 1, 42, 6, skip, NULL), SNN_OK);
            assert_int_equal(run_pass(&f, loader, 3, order), left);
            for (uint32_t i = 0; i < left; i++)
                assert_int_equal(order[i], pick[permutation[3 * skip + i]]);
            snn_loader_destroy(loader);
            end(&f);
        }
}

/* A failed read ends the pass, names the sample, and a new pass can begin. */
static void test_failure(void **state)
{
    struct fixture f;
    snn_loader *loader;
    const snn_batch *batch;
    snn_error err = {0};

    (void)state;
    begin(&f, 0, 0, 9);
    assert_int_equal(snn_loader_create(f.ctx, f.data, SNN_SPLIT_TRAIN, NULL, 0, 4, &loader, NULL),
                     SNN_OK);
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(snn_loader_start(loader, 0, 0, 0, 0, NULL), SNN_OK);
        for (int b = 0; b < 2; b++) {
            assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
            check_batch(&f.toy, batch);
        }
        for (int again = 0; again < 2; again++)
            assert_int_equal(snn_loader_next(loader, &batch, &err), SNN_EIO);
        assert_non_null(strstr(err.where, "[9]"));
        assert_non_null(strstr(err.what, "planted failure"));
    }
    snn_loader_destroy(loader);
    end(&f);
}

static void test_arguments(void **state)
{
    static const uint32_t outside[] = {0, TRAIN};
    struct fixture f;
    snn_loader *loader = NULL;
    const snn_batch *batch;

    (void)state;
    begin(&f, 0, 0, -1);
    assert_int_equal(
        snn_loader_create(f.ctx, f.data, SNN_SPLIT_TRAIN, outside, 2, 4, &loader, NULL),
        SNN_EINVAL);
    assert_int_equal(snn_loader_create(f.ctx, f.data, SNN_SPLIT_TRAIN, NULL, 0, 0, &loader, NULL),
                     SNN_EINVAL);
    assert_null(loader);
    /* An empty split is a pass of no batches. */
    assert_int_equal(snn_loader_create(f.ctx, f.data, SNN_SPLIT_VALID, NULL, 0, 4, &loader, NULL),
                     SNN_OK);
    assert_int_equal(snn_loader_batches(loader), 0);
    assert_int_equal(snn_loader_start(loader, 1, 1, 1, 0, NULL), SNN_OK);
    assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
    assert_null(batch);
    assert_int_equal(snn_loader_start(loader, 1, 1, 1, 1, NULL), SNN_EINVAL);
    snn_loader_destroy(loader);
    snn_loader_destroy(NULL);
    end(&f);
}

/* Destroyed or started anew at every moment of a pass, the thread in a read or not. */
static void test_shutdown(void **state)
{
    struct fixture f;
    const snn_batch *batch;

    (void)state;
    begin(&f, 0, 1, -1);
    for (uint32_t taken = 0; taken < 6; taken++) {
        snn_loader *loader;
        uint32_t order[TRAIN];

        assert_int_equal(
            snn_loader_create(f.ctx, f.data, SNN_SPLIT_TRAIN, NULL, 0, 5, &loader, NULL), SNN_OK);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(snn_loader_start(loader, 1, 1, (uint32_t)again, 0, NULL), SNN_OK);
            for (uint32_t k = 0; k < taken; k++)
                assert_int_equal(snn_loader_next(loader, &batch, NULL), SNN_OK);
        }
        if (taken == 3) {
            assert_int_equal(snn_loader_start(loader, 0, 0, 0, 0, NULL), SNN_OK);
            assert_int_equal(run_pass(&f, loader, 5, order), TRAIN);
        }
        snn_loader_destroy(loader);
    }
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents), cmocka_unit_test(test_order),
        cmocka_unit_test(test_failure),  cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_shutdown),
    };

    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
