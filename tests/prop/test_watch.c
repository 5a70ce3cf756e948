/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A layer on a stream of events: its scores are the bits of the batch layer's logits at each
 * step and place, whatever the order of events within a step, whatever was before a gap; its
 * neurons follow their equation; what is not taken is counted.  The same bits for any number
 * of threads (invariant I1), and no allocation but in create.
 */
#include "tests/failing_allocator.h"
#include "tests/movie_help.h"

#include "snn/base/base.h"

#include <snn/watch.h>

#include <math.h>

#define STEP_US 1000
#define MOST    4096 /* steps times places that a test keeps */

/* What a sink saw, place by place. */
typedef struct {
    size_t n, steps, stop_at; /* stop_at: the sink refuses this step; 0: none */
    uint64_t index[MOST];
    int64_t begin[MOST];
    uint16_t x[MOST], y[MOST], leader[MOST], spike[MOST];
    float score[MOST][32], probability[MOST][32];
} seen;

static int keep(void *user, const snn_watch_step *step)
{
    seen *s = user;

    assert_true(s->n + step->n <= MOST && step->classes <= 32);
    for (uint32_t i = 0; i < step->n; i++, s->n++) {
        s->index[s->n] = step->index;
        s->begin[s->n] = step->begin_us;
        s->x[s->n] = step->x[i];
        s->y[s->n] = step->y[i];
        s->leader[s->n] = step->leader[i];
        s->spike[s->n] = step->spike[i];
        memcpy(s->score[s->n], step->score + (size_t)i * step->lanes,
               step->classes * sizeof(float));
        memcpy(s->probability[s->n], step->probability + (size_t)i * step->lanes,
               step->classes * sizeof(float));
    }
    return ++s->steps == s->stop_at;
}

static snn_motion_params layer(void)
{
    snn_motion_params p;

    snn_motion_params_init(&p);
    p.directions = 5;
    p.speeds = 4; /* 20 classes: more lanes than classes */
    p.width = 9;
    p.height = 7;
    p.steps = 12;
    p.side = 5;
    p.delays = 4;
    p.skip_steps = 1;
    p.init_std = 0.5f;
    p.solver = SNN_SPATIAL_EVENT;
    return p;
}

/* Events of a movie, in any order within a step, beginning at time `start`. */
static snn_event *events_of(const snn_movie *movie, int64_t start, uint64_t *state, size_t *n)
{
    const uint32_t count = movie->first[2 * movie->steps];
    snn_event *events = calloc(count + 1, sizeof *events);

    assert_non_null(events);
    assert_true(movie->first[2] > 0); /* steps are counted from the first event */
    for (uint32_t t = 0; t < movie->steps; t++) {
        const uint32_t first = movie->first[2 * t], last = movie->first[2 * t + 2];

        for (uint32_t e = first; e < last; e++)
            events[e] = (snn_event){.t = start + (int64_t)t * STEP_US +
                                         (t == 0 ? 0 : (int64_t)(test_random(state) % STEP_US)),
                                    .x = movie->x[e],
                                    .y = movie->y[e],
                                    .p = e >= movie->first[2 * t + 1]};
        for (uint32_t e = first; e + 1 < last; e++) {
            const uint32_t other = e + (uint32_t)(test_random(state) % (last - e));
            const snn_event swap = events[e];

            events[e] = events[other];
            events[other] = swap;
        }
    }
    *n = count;
    return events;
}

typedef struct {
    snn_context *ctx;
    snn_motion *motion;
    snn_watch *watch;
    seen *seen;
} bench;

static snn_watch_params params_of(const snn_motion_params *p)
{
    snn_watch_params w;

    snn_watch_params_init(&w);
    w.width = p->width;
    w.height = p->height;
    w.step_us = STEP_US;
    return w;
}

static void bench_new(bench *b, const snn_motion_params *p, const snn_watch_params *w, int threads)
{
    snn_context_params params;

    snn_context_params_init(&params);
    params.threads = threads;
    assert_int_equal(snn_context_create(&params, &b->ctx, NULL), SNN_OK);
    b->ctx->always_parallel = true;
    b->seen = calloc(1, sizeof *b->seen);
    assert_non_null(b->seen);
    assert_int_equal(snn_motion_create(b->ctx, p, 7, &b->motion, NULL), SNN_OK);
    assert_int_equal(snn_watch_create(b->motion, w, keep, b->seen, &b->watch, NULL), SNN_OK);
}

static void bench_end(bench *b)
{
    snn_watch_destroy(b->watch);
    snn_motion_destroy(b->motion);
    assert_int_equal(snn_context_bytes(b->ctx), 0);
    snn_context_destroy(b->ctx);
    free(b->seen);
}

static void push(bench *b, const snn_event *events, size_t n)
{
    const uint64_t before = snn_context_allocations(b->ctx);

    assert_int_equal(snn_watch_push(b->watch, events, n, NULL), SNN_OK);
    assert_int_equal(snn_watch_finish(b->watch, NULL), SNN_OK);
    assert_int_equal(snn_context_allocations(b->ctx), before);
}

/* Scores against the logits of the same movie. */
static void same_as_batch(const snn_motion_params *p, int everywhere, float density)
{
    const uint64_t seed = test_seed(5);
    uint64_t state = seed;
    test_movie made = test_movie_new(p->width, p->height, p->steps, density, 0, &state);
    snn_watch_params w = params_of(p);
    snn_motion_tape *tape = NULL;
    const float *logits;
    uint32_t lanes;
    size_t n, compared = 0;
    snn_event *events = events_of(&made.movie, -12345, &state, &n);
    bench b;

    w.everywhere = everywhere;
    bench_new(&b, p, &w, 2);
    push(&b, events, n);
    assert_int_equal(snn_motion_tape_create(b.motion, 1, 0, &tape, NULL), SNN_OK);
    assert_int_equal(snn_motion_forward(tape, &made.movie, 1, NULL), SNN_OK);
    assert_int_equal(snn_motion_logits(tape, 0, &logits, &lanes, NULL), SNN_OK);
    for (size_t i = 0; i < b.seen->n; i++) {
        const uint64_t t = b.seen->index[i];

        assert_int_equal(b.seen->begin[i], -12345 + (int64_t)t * STEP_US);
        if (t < p->skip_steps || t >= p->steps)
            continue;
        check_array_bits(
            "score",
            logits + (((t - p->skip_steps) * p->height + b.seen->y[i]) * p->width + b.seen->x[i]) *
                         lanes,
            b.seen->score[i], snn_motion_classes(p), seed);
        compared++;
    }
    if (everywhere)
        assert_int_equal(compared, (size_t)(p->steps - p->skip_steps) * p->width * p->height);
    else
        assert_int_equal(snn_watch_get_counts(b.watch)->places, b.seen->n);
    assert_true(compared > 20);
    assert_int_equal(snn_watch_get_counts(b.watch)->events, n);
    snn_motion_tape_destroy(tape);
    free(events);
    bench_end(&b);
    test_movie_end(&made);
}

static void batch(void **state)
{
    snn_motion_params p = layer();

    (void)state;
    same_as_batch(&p, 1, 0.1f);
    same_as_batch(&p, 0, 0.1f);
    p.symmetry = 0;
    same_as_batch(&p, 1, 0.3f);
    p = layer();
    p.prior = 0;
    p.side = 67; /* windows of more than a word, more cells than are added at once */
    p.delays = 2;
    p.steps = 5;
    p.width = 70;
    p.height = 6;
    same_as_batch(&p, 0, 0.3f);
}

/* Places of a step are those that sent an event in it, once each. */
static void places(void **state)
{
    const snn_motion_params p = layer();
    const snn_watch_params w = params_of(&p);
    const snn_event events[] = {{0, 1, 2, 1},  {10, 3, 4, 0},  {20, 1, 2, 0},
                                {30, 1, 2, 1}, {999, 8, 6, 1}, {1000, 0, 0, 1}};
    bench b;

    (void)state;
    bench_new(&b, &p, &w, 1);
    push(&b, events, 6);
    assert_int_equal(b.seen->n, 4);
    assert_int_equal(b.seen->x[0], 1);
    assert_int_equal(b.seen->y[1], 4);
    assert_int_equal(b.seen->x[2], 8);
    assert_int_equal(b.seen->index[3], 1);
    assert_int_equal(snn_watch_get_counts(b.watch)->merged, 1);
    assert_int_equal(snn_watch_get_counts(b.watch)->steps, 2);
    bench_end(&b);
}

static void counts(void **state)
{
    const snn_motion_params p = layer();
    snn_watch_params w = params_of(&p);
    const snn_event events[] = {{5000, 0, 0, 1}, {5001, 1, 0, 1}, {5002, 2, 0, 1}, {5003, 1, 0, 0},
                                {5004, 9, 0, 1}, {5005, 0, 7, 1}, {4999, 0, 0, 1}, {6000, 3, 0, 1},
                                {5999, 3, 0, 1}, {6500, 4, 0, 1}};
    const snn_watch_counts *c;
    bench b;

    (void)state;
    w.room = 2;
    bench_new(&b, &p, &w, 1);
    push(&b, events, 10);
    c = snn_watch_get_counts(b.watch);
    assert_int_equal(c->events, 10);
    assert_int_equal(c->dropped, 1); /* the third place; the other polarity of the second stays */
    assert_int_equal(c->outside, 2);
    assert_int_equal(c->late, 2);
    assert_int_equal(c->places, 4);
    bench_end(&b);
}

/* After more silence than the layer remembers all is as at the beginning. */
static void gaps(void **state)
{
    const uint64_t seed = test_seed(6);
    const snn_motion_params p = layer();
    const snn_watch_params w = params_of(&p);
    const int64_t later[] = {(int64_t)1 << 40, INT64_MAX - 100 * STEP_US};
    uint64_t random = seed;
    test_movie made = test_movie_new(p.width, p.height, p.steps, 0.1f, 0, &random);
    bench b;

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(later); k++) {
        size_t n, half;
        snn_event *events = events_of(&made.movie, 0, &random, &n);

        bench_new(&b, &p, &w, 1);
        assert_int_equal(snn_watch_push(b.watch, events, n, NULL), SNN_OK);
        for (size_t i = 0; i < n; i++)
            events[i].t += later[k] / STEP_US * STEP_US;
        push(&b, events, n);
        half = b.seen->n / 2;
        assert_int_equal(b.seen->n, 2 * half);
        for (size_t i = 0; i < half; i++) {
            assert_int_equal(b.seen->begin[half + i] - b.seen->begin[i],
                             later[k] / STEP_US * STEP_US);
            check_array_bits("score", b.seen->score[i], b.seen->score[half + i],
                             snn_motion_classes(&p), seed);
        }
        bench_end(&b);
        free(events);
    }
    test_movie_end(&made);
}

/* ---- neurons --------------------------------------------------------------------------- */

/* The equation in double precision; floats are within 1e-4 of it over these few steps. */
static void neurons(void **state)
{
    const snn_motion_params p = layer();
    const uint32_t classes = snn_motion_classes(&p);
    snn_watch_params w = params_of(&p);
    uint64_t random = test_seed(8);
    test_movie made = test_movie_new(p.width, p.height, 100, 0.2f, 0, &random);
    double v[9][7][32] = {{{0}}};
    uint64_t last[9][7] = {{0}};
    size_t n, spikes = 0;
    snn_event *events = events_of(&made.movie, 0, &random, &n);
    bench b;

    (void)state;
    w.decay = 0.8f;
    w.confidence = 0.4f;
    bench_new(&b, &p, &w, 2);
    push(&b, events, n);
    for (size_t i = 0; i < b.seen->n; i++) {
        double *u = v[b.seen->x[i]][b.seen->y[i]], sum = 0, first = -INFINITY, second = -INFINITY;
        uint64_t *before = &last[b.seen->x[i]][b.seen->y[i]];
        const double threshold = log(0.4f * (double)classes);
        uint32_t top = 0;

        for (uint32_t c = 0; c < classes; c++)
            sum += exp((double)b.seen->score[i][c]);
        for (uint32_t c = 0; c < classes; c++) {
            const double chance = exp((double)b.seen->score[i][c]) / sum;

            assert_true(fabs(chance - (double)b.seen->probability[i][c]) < 1e-5);
            u[c] = pow(0.8f, (double)(b.seen->index[i] - *before)) * u[c] + log(classes * chance);
            if (u[c] > first) {
                second = first;
                first = u[c];
                top = c;
            } else if (u[c] > second)
                second = u[c];
        }
        *before = b.seen->index[i];
        assert_true(b.seen->score[i][b.seen->leader[i]] >= b.seen->score[i][0]);
        if (fabs(first - threshold) > 1e-3 && first - second > 1e-3)
            assert_int_equal(b.seen->spike[i], first >= threshold ? top : SNN_NO_LABEL);
        if (b.seen->spike[i] != SNN_NO_LABEL) {
            spikes++;
            memset(u, 0, sizeof v[0][0]);
        }
    }
    assert_true(spikes > 3 && spikes < b.seen->n - 3);
    assert_int_equal(snn_watch_get_counts(b.watch)->spikes, spikes);
    bench_end(&b);
    free(events);
    test_movie_end(&made);
}

/* Without memory a place spikes where its leader is probable. */
static void memoryless(void **state)
{
    const snn_motion_params p = layer();
    snn_watch_params w = params_of(&p);
    uint64_t random = test_seed(9);
    test_movie made = test_movie_new(p.width, p.height, p.steps, 0.2f, 0, &random);
    size_t n, spikes = 0;
    snn_event *events = events_of(&made.movie, 0, &random, &n);
    bench b;

    (void)state;
    w.confidence = 0.3f;
    bench_new(&b, &p, &w, 1);
    push(&b, events, n);
    for (size_t i = 0; i < b.seen->n; i++) {
        const bool sure = b.seen->probability[i][b.seen->leader[i]] >= 0.3f;

        assert_int_equal(b.seen->spike[i], sure ? b.seen->leader[i] : SNN_NO_LABEL);
        spikes += sure;
    }
    assert_true(spikes > 0 && spikes < b.seen->n);
    bench_end(&b);
    free(events);
    test_movie_end(&made);
}

/* ---- bits, failures ------------------------------------------------------------------------ */

static void same_bits(void **state)
{
    const uint64_t seed = test_seed(10);
    const snn_motion_params p = layer();
    snn_watch_params w = params_of(&p);
    uint64_t random = seed;
    test_movie made = test_movie_new(p.width, p.height, p.steps, 0.3f, 0, &random);
    size_t n;
    snn_event *events = events_of(&made.movie, 0, &random, &n);
    bench one, three;

    (void)state;
    w.decay = 0.5f;
    w.everywhere = 1;
    bench_new(&one, &p, &w, 1);
    bench_new(&three, &p, &w, 3);
    push(&one, events, n);
    for (size_t i = 0; i < n; i++) /* one by one */
        assert_int_equal(snn_watch_push(three.watch, &events[i], 1, NULL), SNN_OK);
    assert_int_equal(snn_watch_finish(three.watch, NULL), SNN_OK);
    assert_memory_equal(one.seen, three.seen, sizeof *one.seen);
    bench_end(&three);
    bench_end(&one);
    free(events);
    test_movie_end(&made);
}

static void stopped(void **state)
{
    const snn_motion_params p = layer();
    const snn_watch_params w = params_of(&p);
    const snn_event events[] = {{0, 1, 1, 1}, {1000, 1, 1, 1}, {2000, 1, 1, 1}, {3000, 1, 1, 1}};
    snn_error err = {0};
    bench b;

    (void)state;
    bench_new(&b, &p, &w, 1);
    b.seen->stop_at = 2;
    assert_int_equal(snn_watch_push(b.watch, events, 4, &err), SNN_EINTERRUPTED);
    assert_int_equal(err.status, SNN_EINTERRUPTED);
    assert_int_equal(b.seen->steps, 2);
    bench_end(&b);
}

static void refused(void **state)
{
    const snn_motion_params p = layer();
    const snn_watch_params good = params_of(&p);
    snn_watch_params bad[7];
    snn_watch *watch = NULL;
    seen *s = calloc(1, sizeof *s);
    snn_error err;
    bench b;

    (void)state;
    assert_non_null(s);
    for (size_t i = 0; i < SNN_COUNT(bad); i++)
        bad[i] = good;
    bad[0].size = 0;
    bad[1].width = 0;
    bad[2].height = 70000;
    bad[3].step_us = 0;
    bad[4].decay = 1.5f;
    bad[5].confidence = 1.0f;
    bad[6].confidence = NAN;
    bench_new(&b, &p, &good, 1);
    for (size_t i = 0; i < SNN_COUNT(bad); i++) {
        assert_int_equal(snn_watch_create(b.motion, &bad[i], keep, s, &watch, &err), SNN_EINVAL);
        assert_null(watch);
        assert_true(strlen(err.what) > 0);
    }
    assert_int_equal(snn_watch_finish(b.watch, NULL), SNN_OK); /* nothing came: nothing happens */
    assert_int_equal(b.seen->steps, 0);
    bench_end(&b);
    free(s);
}

static void memory(void **state)
{
    const snn_motion_params p = layer();
    snn_watch_params w = params_of(&p);
    bool done = false;

    (void)state;
    w.decay = 0.5f;
    for (long k = 0; !done; k++) {
        failing_allocator heap = {.fail_at = -1};
        snn_motion *motion = NULL;
        snn_watch *watch = NULL;
        snn_context *ctx;
        snn_error err = {0};
        snn_status st;

        assert_int_equal(failing_context(&heap, 1, &ctx), SNN_OK);
        assert_int_equal(snn_motion_create(ctx, &p, 1, &motion, NULL), SNN_OK);
        heap.fail_at = heap.calls + k;
        st = snn_watch_create(motion, &w, keep, NULL, &watch, &err);
        done = heap.calls <= heap.fail_at;
        assert_int_equal(st, done ? SNN_OK : SNN_ENOMEM);
        assert_int_equal(err.status, st);
        snn_watch_destroy(watch);
        snn_motion_destroy(motion);
        snn_context_destroy(ctx);
        assert_int_equal(heap.held, 0);
        assert_int_equal(heap.broken, 0);
        assert_true(!done || k > 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch),   cmocka_unit_test(places),    cmocka_unit_test(counts),
        cmocka_unit_test(gaps),    cmocka_unit_test(neurons),   cmocka_unit_test(memoryless),
        cmocka_unit_test(stopped), cmocka_unit_test(same_bits), cmocka_unit_test(refused),
        cmocka_unit_test(memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
