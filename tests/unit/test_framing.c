/* SPDX-License-Identifier: BSD-3-Clause */
/* Events to frames: both framings on samples worked out by hand. */
#include "tests/data_help.h"

#include "datasets/half.h"

#define ROOM 2048

struct framed {
    uint32_t first[ROOM], steps;
    uint16_t unit[ROOM];
    uint8_t count[ROOM];
    size_t cells, dropped;
};

static snn_status frame(struct data_test *t, size_t n, const float *time, const uint32_t *unit,
                        uint32_t max_steps, struct framed *out)
{
    const snn_events events = {n, time, unit};

    return snn_frame_events(&t->params, &events, max_steps, out->first, out->unit, out->count,
                            &out->steps, &out->cells, &out->dropped, &t->err);
}

/* Events of input `unit` in step `step`. */
static unsigned at(const struct framed *f, uint32_t step, uint16_t unit)
{
    unsigned sum = 0;

    for (uint32_t k = f->first[step]; k < f->first[step + 1]; k++)
        sum += f->unit[k] == unit ? f->count[k] : 0;
    return sum;
}

static void half_numbers(void **state)
{
    (void)state;
    assert_true(snn_half_decode(0x0000) == 0.0f);
    assert_true(snn_half_decode(0x0001) == 0x1p-24f);
    assert_true(snn_half_decode(0x03FF) == 0x3FFp-24f);
    assert_true(snn_half_decode(0x3C00) == 1.0f);
    assert_true(snn_half_decode(0xC000) == -2.0f);
    assert_true(snn_half_decode(0x7BFF) == 65504.0f);
    assert_true(isinf(snn_half_decode(0x7C00)) && isnan(snn_half_decode(0x7E00)));
    /* Every float16 rounds to itself; halfway goes to the even neighbour. */
    for (uint32_t bits = 0; bits < 0x7C00; bits++) {
        const double x = (double)snn_half_decode((uint16_t)bits);
        const double next = bits < 0x7BFF ? (double)snn_half_decode((uint16_t)(bits + 1)) : 65536.0;
        const double middle = (x + next) / 2;

        if (snn_half_round(x) != x || snn_half_round(-x) != -x ||
            (bits < 0x7BFF && snn_half_round(middle) != (bits % 2 ? next : x)) ||
            snn_half_round(nextafter(middle, 0)) != x)
            fail_msg("float16 0x%04x", bits);
    }
    assert_true(isinf(snn_half_round(65520.0)));
}

static void grid_by_hand(void **state)
{
    struct data_test *t = *state;
    /* 0.0625 s = 62.5 ms: step 6.  0.5 s: step 50.  Not in order of time. */
    const float time[] = {0.5f, 0.0f, 0.0078125f, 0.0625f, 0.0625f, 0.0625f};
    const uint32_t unit[] = {699, 4, 5, 10, 14, 3};
    struct framed f;

    data_ok(t, frame(t, 6, time, unit, 100, &f));
    assert_int_equal(f.steps, 51);
    assert_int_equal(f.cells, 5);
    assert_int_equal(f.dropped, 0);
    assert_int_equal(at(&f, 0, 0), 1);
    assert_int_equal(at(&f, 0, 1), 1);
    assert_int_equal(at(&f, 6, 2), 2);
    assert_int_equal(at(&f, 6, 0), 1);
    assert_int_equal(at(&f, 50, 139), 1);
    assert_int_equal(f.first[51], 5);
    assert_true(f.unit[2] < f.unit[3]); /* step 6 sorted by unit */
}

/* Decimal times in float32 fall where one expects: 0.03 s begins step 3. */
static void grid_edges(void **state)
{
    struct data_test *t = *state;
    float time[100];
    uint32_t unit[100] = {0};
    struct framed f;

    for (int k = 0; k < 100; k++)
        time[k] = (float)k / 100;
    data_ok(t, frame(t, 100, time, unit, 200, &f));
    assert_int_equal(f.steps, 100);
    for (uint32_t s = 0; s < 100; s++)
        assert_int_equal(at(&f, s, 0), 1);
}

static void paper_collapses_gaps(void **state)
{
    struct data_test *t = *state;
    /* m = 125 | 132.8 | 134.8: 9.8 on | 500 | 510: exactly 10 on | 510.5 */
    const float time[] = {0.125f, 0x88p-10f, 0x8Ap-10f, 0.5f, 0.50976562f, 0.51025391f};
    const uint32_t unit[] = {0, 5, 10, 15, 20, 25};
    struct framed f;

    t->params.framing = SNN_FRAMING_PAPER;
    data_ok(t, frame(t, 6, time, unit, 100, &f));
    assert_int_equal(f.steps, 3);
    assert_int_equal(f.first[1], 3);
    assert_int_equal(at(&f, 0, 2), 1);
    assert_int_equal(f.first[2], 5); /* 510 - 500 = 10 is still inside */
    assert_int_equal(at(&f, 1, 4), 1);
    assert_int_equal(at(&f, 2, 5), 1);
}

/*
 * Rounding of 1000 t to float16 moves events across the limit.
 *   above 512 ms, steps of 0.5:  1130/2048 s = 551.7578 -> 552 and 1151/2048 s =
 *     562.0117 -> 562: 10 apart, inside, although exactly it is 10.25.
 *     1088/2048 s = 531.25 -> 531 (to even), 1109/2048 s = 541.5039 -> 541.5: 10.5
 *     apart, a new frame; 1108/2048 s = 541.0156 -> 541: inside.
 *   above 1024 ms, steps of 1:  1125/1024 s = 1098.63 -> 1099 and 1136/1024 s =
 *     1109.375 -> 1109: 10 apart, inside, although exactly it is 10.74.
 */
static void paper_float16(void **state)
{
    struct data_test *t = *state;
    const float a[] = {1088 / 2048.0f, 1108 / 2048.0f, 1109 / 2048.0f};
    const float b[] = {1130 / 2048.0f, 1151 / 2048.0f};
    const float c[] = {1125 / 1024.0f, 1136 / 1024.0f};
    const uint32_t unit[] = {0, 0, 0};
    struct framed f;

    t->params.framing = SNN_FRAMING_PAPER;
    data_ok(t, frame(t, 3, a, unit, 100, &f));
    assert_int_equal(f.steps, 2);
    assert_int_equal(at(&f, 0, 0), 2);
    data_ok(t, frame(t, 2, b, unit, 100, &f));
    assert_int_equal(f.steps, 1);
    data_ok(t, frame(t, 2, c, unit, 100, &f));
    assert_int_equal(f.steps, 1);
}

/* The difference is rounded too: what exceeds 10 by less than 2^-8 is 10 in float16. */
static void paper_rounds_differences(void **state)
{
    struct data_test *t = *state;
    float time[2] = {0, 0};
    const uint32_t unit[] = {0, 0};
    double m[2];
    struct framed f;

    /* Search the pair among float16 times, then let the frames confirm it. */
    for (uint32_t low = 1; low < 0x1000; low++) {
        for (uint32_t high = 0x2100; high < 0x2140; high++) {
            m[0] = snn_half_round(1000.0 * (double)snn_half_decode((uint16_t)low));
            m[1] = snn_half_round(1000.0 * (double)snn_half_decode((uint16_t)high));
            if (m[1] - m[0] > 10 && snn_half_round(m[1] - m[0]) == 10) {
                time[0] = snn_half_decode((uint16_t)low);
                time[1] = snn_half_decode((uint16_t)high);
            }
        }
    }
    assert_true(time[1] > 0);
    t->params.framing = SNN_FRAMING_PAPER;
    data_ok(t, frame(t, 2, time, unit, 100, &f));
    assert_int_equal(f.steps, 1);
}

static void crowded_cells_split(void **state)
{
    struct data_test *t = *state;
    static float time[600];
    static uint32_t unit[600];
    struct framed f;

    for (int k = 0; k < 600; k++)
        unit[k] = (uint32_t)k % 5;
    data_ok(t, frame(t, 600, time, unit, 10, &f));
    assert_int_equal(f.cells, 3); /* 255 + 255 + 90 */
    assert_int_equal(at(&f, 0, 0), 600);
}

/* More inputs than are counted: sorted instead, the same cells. */
static void many_inputs(void **state)
{
    struct data_test *t = *state;
    static float time[900];
    static uint32_t unit[900];
    struct framed f;

    t->params.units = 5000;
    t->params.channel_bin = 1;
    for (uint32_t k = 0; k < 900; k++)
        unit[k] = k < 300 ? 4999 : k * 7 % 5000;
    data_ok(t, frame(t, 900, time, unit, 10, &f));
    assert_int_equal(at(&f, 0, 4999), 300);
    assert_int_equal(f.cells, 602);
    for (size_t k = 1; k < f.cells; k++)
        assert_true(f.unit[k - 1] <= f.unit[k]);
}

static void late_and_empty(void **state)
{
    struct data_test *t = *state;
    const float time[] = {0.0f, 0.5f, 1.0f, 1.5f};
    const uint32_t unit[] = {0, 0, 0, 0};
    struct framed f;

    for (int framing = 0; framing < 2; framing++) {
        t->params.framing = (snn_framing)framing;
        t->params.max_time_ms = 1000;
        data_ok(t, frame(t, 4, time, unit, 1000, &f));
        assert_int_equal(f.dropped, 2); /* 1000 ms is late already */
        assert_int_equal(f.steps, framing == SNN_FRAMING_GRID ? 51 : 2);
        t->params.max_time_ms = 0;
        data_ok(t, frame(t, 4, time, unit, 2, &f)); /* no room for more steps */
        assert_int_equal(f.dropped, framing == SNN_FRAMING_GRID ? 3 : 2);
        data_ok(t, frame(t, 0, time, unit, 10, &f));
        assert_int_equal(f.steps, 1);
        assert_int_equal(f.cells, 0);
        assert_int_equal(f.first[1], 0);
    }
}

static void refusals(void **state)
{
    struct data_test *t = *state;
    const float time[] = {0.2f, 0.1f};
    const float bad[] = {0.0f, NAN}, negative[] = {-0.1f};
    const uint32_t unit[] = {0, 0}, high[] = {700};
    struct framed f;

    data_expect(t, frame(t, 1, time, high, 10, &f), SNN_EFORMAT, "",
                "event 0: unit 700 is not below 700");
    data_expect(t, frame(t, 2, bad, unit, 10, &f), SNN_EFORMAT, "", "event 1: nan s");
    data_expect(t, frame(t, 1, negative, unit, 10, &f), SNN_EFORMAT, "", "is not a time");
    t->params.framing = SNN_FRAMING_PAPER;
    data_expect(t, frame(t, 2, time, unit, 10, &f), SNN_EINVAL, "", "sort by time");
    t->params.units = 64;
    data_expect(t, frame(t, 1, time, high, 10, &f), SNN_EFORMAT, "", "not below 64");
    t->params.channel_bin = 0;
    data_expect(t, frame(t, 1, time, unit, 10, &f), SNN_EINVAL, "data.channel_bin", "bins of 0");
    t->params.channel_bin = 1;
    t->params.time_step_ms = 0;
    data_expect(t, frame(t, 1, time, unit, 10, &f), SNN_EINVAL, "data.time_step_ms", "positive");
    t->params.time_step_ms = 10;
    data_expect(t, frame(t, 1, time, unit, 0, &f), SNN_EINVAL, "max_steps", "at least 1");
}

/* Random samples: cells add up to the events of a dense count. */
static void random_samples(void **state)
{
    struct data_test *t = *state;
    uint64_t random = test_seed(7);
    static float time[1500];
    static uint32_t unit[1500];
    static unsigned dense[140][140];
    struct framed f;

    for (int round = 0; round < 50; round++) {
        const size_t n = test_random(&random) % 1500;

        memset(dense, 0, sizeof dense);
        for (size_t k = 0; k < n; k++) {
            time[k] = (float)snn_half_round((double)test_uniform(&random, 0, 1.39f));
            unit[k] = (uint32_t)(test_random(&random) % 700);
            dense[(int)floorf(time[k] * 1000.0f / 10.0f)][unit[k] / 5]++;
        }
        data_ok(t, frame(t, n, time, unit, 140, &f));
        for (uint32_t s = 0; s < f.steps; s++)
            for (uint16_t u = 0; u < 140; u++)
                if (at(&f, s, u) != dense[s][u])
                    fail_msg("step %u input %u", s, u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_numbers),
        cmocka_unit_test_setup_teardown(grid_by_hand, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(grid_edges, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(paper_collapses_gaps, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(paper_float16, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(paper_rounds_differences, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(crowded_cells_split, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(many_inputs, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(late_and_empty, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(refusals, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(random_samples, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("framing", tests, NULL, NULL);
}
