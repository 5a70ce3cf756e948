/* SPDX-License-Identifier: BSD-3-Clause */
/* snn/base/parallel.c: every tile once, workers in range, denormals flushed inside only. */
#include "tests/cmocka_all.h"

#include "snn/base/base.h"

#include <float.h>

#define TILES_MAX 1000

typedef struct {
    atomic_int seen[TILES_MAX];
    atomic_int wrong_worker, not_flushed;
    int threads;
    volatile float tiny;
} record;

/* No assertion in here: cmocka would leave the parallel region by longjmp. */
static void body(void *arg, size_t tile, int worker)
{
    record *r = arg;

    atomic_fetch_add(&r->seen[tile], 1);
    if (worker < 0 || worker >= r->threads)
        atomic_fetch_add(&r->wrong_worker, 1);
    if (r->tiny * 0.5f != 0.0f)
        atomic_fetch_add(&r->not_flushed, 1);
}

static void every_tile_once(void **state)
{
    static const size_t tiles[] = {0, 1, 2, 3, 7, 64, TILES_MAX};

    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        snn_context_params params;
        snn_context *ctx;

        snn_context_params_init(&params);
        params.threads = threads;
        assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
        for (size_t i = 0; i < SNN_COUNT(tiles); i++) {
            record r = {.threads = snn_context_threads(ctx), .tiny = FLT_MIN};

            snn_parallel(ctx, tiles[i], 1e12, body, &r);
            for (size_t tile = 0; tile < TILES_MAX; tile++)
                assert_int_equal(atomic_load(&r.seen[tile]), tile < tiles[i]);
            assert_int_equal(atomic_load(&r.wrong_worker), 0);
#ifdef __SSE__
            assert_int_equal(atomic_load(&r.not_flushed), 0);
#endif
            assert_true(r.tiny * 0.5f > 0.0f); /* restored */
        }
        snn_context_destroy(ctx);
    }
}

/* Little work stays with the caller, unless the context says otherwise. */
static void note_worker(void *arg, size_t tile, int worker)
{
    (void)tile;
    if (worker != 0)
        atomic_fetch_add((atomic_int *)arg, 1);
}

static void wakes_by_work(void **state)
{
    snn_context_params params;
    snn_context *ctx;
    atomic_int others = 0;

    (void)state;
    unsetenv("SNN_PARALLEL");
    snn_context_params_init(&params);
    params.threads = 3;
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    snn_parallel(ctx, 300, 1e3, note_worker, &others);
    assert_int_equal(atomic_load(&others), 0);
    snn_context_destroy(ctx);
}

static void tiles_cover(void **state)
{
    (void)state;
    assert_int_equal(snn_tiles(0, 4), 0);
    assert_int_equal(snn_tiles(1, 4), 1);
    assert_int_equal(snn_tiles(4, 4), 1);
    assert_int_equal(snn_tiles(5, 4), 2);
}

static void clock_goes_on(void **state)
{
    const double begin = snn_seconds();

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(snn_seconds() >= begin);
    assert_true(snn_seconds() < begin + 60.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tile_once),
        cmocka_unit_test(wakes_by_work),
        cmocka_unit_test(tiles_cover),
        cmocka_unit_test(clock_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
