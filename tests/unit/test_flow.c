/* SPDX-License-Identifier: BSD-3-Clause */
/* Flow from votes: motions, tiles, histogram, by hand-made steps of a stream. */
#include "tests/failing_allocator.h"

#include <snn/flow.h>

#include <math.h>

#define STEP_US 2000

typedef struct {
    snn_context *ctx;
    snn_motion_params layer;
    snn_flow *flow;
} bench;

static void bench_new(bench *b, float confidence)
{
    snn_flow_params p;

    assert_int_equal(snn_context_create(NULL, &b->ctx, NULL), SNN_OK);
    snn_motion_params_init(&b->layer);
    b->layer.directions = 12;
    b->layer.speeds = 3;
    b->layer.speed_min = 0.25f;
    b->layer.speed_max = 1.0f;
    snn_flow_params_init(&p);
    p.width = 40;
    p.height = 21;
    p.tile = 10;
    p.step_us = STEP_US;
    p.confidence = confidence;
    assert_int_equal(snn_flow_create(b->ctx, &b->layer, &p, &b->flow, NULL), SNN_OK);
}

static void bench_end(bench *b)
{
    snn_flow_destroy(b->flow);
    assert_int_equal(snn_context_bytes(b->ctx), 0);
    snn_context_destroy(b->ctx);
}

/* One place that is sure of two classes, by halves (or of one, named twice). */
static void vote(bench *b, uint16_t x, uint16_t y, uint16_t one, uint16_t other)
{
    float p[48] = {0};
    snn_watch_step step = {.n = 1, .classes = 36, .lanes = 48, .x = &x, .y = &y, .leader = &one};

    p[one] += 0.5f;
    p[other] += 0.5f;
    step.probability = p;
    snn_flow_add(b->flow, &step);
}

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-6 * (1 + fabs(want))))
        fail_msg("%.9g, not %.9g", got, want);
}

static void one_class(void **state)
{
    snn_flow_motion m;
    bench b;

    (void)state;
    bench_new(&b, 0.3f);
    snn_flow_total(b.flow, &m);
    assert_int_equal(m.votes, 0);
    near(m.speed, 0);
    vote(&b, 3, 4, 9, 9); /* slow, to the left */
    vote(&b, 39, 20, 9, 9);
    snn_flow_total(b.flow, &m);
    assert_int_equal(m.votes, 2);
    assert_int_equal(snn_flow_places(b.flow), 2);
    near(m.direction, 1.5 * 3.14159265358979);
    near(m.speed, 125); /* 0.25 pixels in 2 ms */
    near(m.x, -125);
    near(m.y, 0);
    near(m.agreement, 1);
    snn_flow_clear(b.flow);
    snn_flow_total(b.flow, &m);
    assert_int_equal(m.votes, 0);
    bench_end(&b);
}

/* Between two classes lies the motion between them. */
static void between(void **state)
{
    snn_flow_motion m;
    bench b;

    (void)state;
    bench_new(&b, 0.3f);
    vote(&b, 0, 0, 24, 25); /* fast, down and 30 degrees from it to the right */
    snn_flow_total(b.flow, &m);
    near(m.direction, 15 * 3.14159265358979 / 180);
    near(m.speed, 500);
    snn_flow_clear(b.flow);
    vote(&b, 0, 0, 0, 24); /* slow and fast */
    snn_flow_total(b.flow, &m);
    near(m.speed, 250);
    assert_true(m.y > 0);
    bench_end(&b);
}

/* Few that go the other way change the agreement and nothing else. */
static void disagreement(void **state)
{
    snn_flow_motion m;
    bench b;

    (void)state;
    bench_new(&b, 0.3f);
    for (int i = 0; i < 3; i++)
        vote(&b, 5, 5, 3, 3);
    vote(&b, 5, 5, 9 + 24, 9 + 24);
    snn_flow_total(b.flow, &m);
    near(m.x, 125);
    near(m.agreement, 0.75);
    bench_end(&b);
}

static void confidence(void **state)
{
    snn_flow_motion m;
    bench b;

    (void)state;
    bench_new(&b, 0.6f);
    vote(&b, 0, 0, 1, 2); /* half sure of either */
    vote(&b, 0, 0, 1, 1);
    snn_flow_total(b.flow, &m);
    assert_int_equal(m.votes, 1);
    assert_int_equal(snn_flow_places(b.flow), 2);
    bench_end(&b);
}

static void tiles(void **state)
{
    double share[36], sum = 0;
    snn_flow_motion m;
    bench b;

    (void)state;
    bench_new(&b, 0.3f);
    assert_int_equal(snn_flow_columns(b.flow), 4);
    assert_int_equal(snn_flow_rows(b.flow), 3); /* the last one is a pixel high */
    vote(&b, 9, 10, 3, 3);
    vote(&b, 10, 9, 9, 9);
    vote(&b, 39, 20, 6, 6);
    vote(&b, 39, 20, 6, 6);
    snn_flow_tile(b.flow, 0, 1, &m);
    near(m.x, 125);
    snn_flow_tile(b.flow, 1, 0, &m);
    near(m.x, -125);
    snn_flow_tile(b.flow, 3, 2, &m);
    assert_int_equal(m.votes, 2);
    near(m.y, -125);
    snn_flow_tile(b.flow, 2, 2, &m);
    assert_int_equal(m.votes, 0);
    snn_flow_histogram(b.flow, share);
    for (int c = 0; c < 36; c++)
        sum += share[c];
    near(sum, 1);
    near(share[6], 0.5);
    bench_end(&b);
}

static void refused(void **state)
{
    snn_flow_params good, bad[6];
    snn_motion_params layer;
    snn_flow *flow = NULL;
    snn_context *ctx;
    snn_error err;

    (void)state;
    snn_motion_params_init(&layer);
    snn_flow_params_init(&good);
    good.width = good.height = 10;
    good.step_us = 1;
    for (int i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].size = 0;
    bad[1].width = 0;
    bad[2].height = 65536;
    bad[3].tile = 0;
    bad[4].step_us = 0;
    bad[5].confidence = 1;
    assert_int_equal(snn_context_create(NULL, &ctx, NULL), SNN_OK);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(snn_flow_create(ctx, &layer, &bad[i], &flow, &err), SNN_EINVAL);
        assert_null(flow);
        assert_true(strlen(err.what) > 0);
    }
    snn_context_destroy(ctx);
    for (long k = 0; k < 3; k++) {
        failing_allocator heap = {.fail_at = -1};

        assert_int_equal(failing_context(&heap, 1, &ctx), SNN_OK);
        heap.fail_at = heap.calls + k;
        assert_int_equal(snn_flow_create(ctx, &layer, &good, &flow, &err), SNN_ENOMEM);
        snn_context_destroy(ctx);
        assert_int_equal(heap.held, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_class),  cmocka_unit_test(between), cmocka_unit_test(disagreement),
        cmocka_unit_test(confidence), cmocka_unit_test(tiles),   cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
