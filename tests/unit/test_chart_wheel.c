/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Directions as colours: the circle of colours is closed, the wheel shows each direction
 * where it points, wedges are as long as their shares; arrows and texts are where they
 * should be.  Pictures are read back and their pixels looked at.
 */
#include "tests/context_folder.h"
#include "tests/failing_allocator.h"

#include "tools/chart/chart_wheel.h"

#include <math.h>
#include <unistd.h>

#define PI  3.14159265358979323846
#define RED 0xff0000u

static snn_image *draw(snn_context *ctx, const chart *c)
{
    snn_image *image = NULL;
    snn_error err = {0};

    if (chart_write(ctx, c, file_named("chart.png"), &err) != SNN_OK ||
        snn_image_read(ctx, path, SNN_IMAGE_RGB, &image, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    return image;
}

/* Largest difference of a channel. */
static int apart(uint32_t a, uint32_t b)
{
    int most = 0;

    for (int shift = 0; shift <= 16; shift += 8) {
        const int off = abs((int)(a >> shift & 0xff) - (int)(b >> shift & 0xff));
        most = off > most ? off : most;
    }
    return most;
}

static uint32_t colour_at(snn_context *ctx, const chart *c, const snn_image *image, double x,
                          double y)
{
    double x_px, y_px;

    assert_int_equal(chart_locate(ctx, c, 0, x, y, &x_px, &y_px, NULL), SNN_OK);
    return snn_image_get(image, (int64_t)x_px, (int64_t)y_px);
}

static void colours_go_round(void **state)
{
    (void)state;
    for (int i = 0; i < 720; i++) {
        const double angle = PI * i / 360;
        const uint32_t own = chart_direction_colour(angle, 1);

        assert_int_equal(own, chart_direction_colour(angle + 2 * PI, 1));
        assert_int_equal(own, chart_direction_colour(angle - 4 * PI, 1));
        assert_true(apart(own, chart_direction_colour(angle + PI / 360, 1)) < 6);
        assert_true(apart(own, chart_direction_colour(angle + PI / 6, 1)) > 10);
        assert_true(apart(own, chart_direction_colour(angle + PI, 1)) > 80);
        assert_int_equal(chart_direction_colour(angle, 0), 0xffffff);
        assert_int_equal(chart_direction_colour(angle, NAN), 0xffffff);
        assert_true(apart(0xffffff, chart_direction_colour(angle, 0.5)) < apart(0xffffff, own));
    }
    assert_int_equal(chart_direction_colour(NAN, 1), 0xb0b0b0);
}

static void a_picture_has_each_direction(void **state)
{
    const float direction[] = {0, 1, 2, NAN, 4, 5}, strength[] = {1, 0.5f, 0, 1, 1, 7};
    snn_image *image = NULL;

    assert_int_equal(chart_direction_picture(*state, direction, NULL, 3, 2, 0x123456, &image, NULL),
                     SNN_OK);
    for (int i = 0; i < 6; i++)
        assert_int_equal(snn_image_get(image, i % 3, i / 3),
                         i == 3 ? 0x123456 : chart_direction_colour((double)direction[i], 1));
    snn_image_destroy(image);
    assert_int_equal(chart_direction_picture(*state, direction, strength, 3, 2, 0, &image, NULL),
                     SNN_OK);
    assert_int_equal(snn_image_get(image, 1, 0), chart_direction_colour(1, 0.5));
    assert_int_equal(snn_image_get(image, 2, 0), 0xffffff);
    assert_int_equal(snn_image_get(image, 2, 1), chart_direction_colour(5, 1));
    snn_image_destroy(image);
    assert_int_equal(chart_direction_picture(*state, direction, NULL, 0, 2, 0, &image, NULL),
                     SNN_EINVAL);
}

/* Counts of 12 directions: a wedge reaches its share of the way and no farther. */
static void wedges_are_as_long_as_their_shares(void **state)
{
    const double count[12] = {8, 0, 4, 2, 8, 0, 0, 6, 0, 0, 1, 0}, first = 0.1;
    chart_wheel *wheel = NULL;
    chart c = {.width = 600, .height = 600};
    snn_image *image;

    assert_int_equal(chart_wheel_create(*state, count, 12, first, &wheel, NULL), SNN_OK);
    c.panels = chart_wheel_panel(wheel);
    image = draw(*state, &c);
    for (int i = 0; i < 12; i++) {
        const double angle = first + PI * i / 6, x = sin(angle), y = cos(angle);
        const uint32_t own = chart_direction_colour(angle, 1);

        for (double r = 0.15; r < 1.0; r += 0.05)
            /* But at its end, and where the scale is written: between few wedges. */
            if (fabs(r - count[i] / 8) > 0.03 && !(i == 9 && r > 0.6))
                assert_int_equal(colour_at(*state, &c, image, r * x, r * y) == own,
                                 r < count[i] / 8);
        assert_true(apart(colour_at(*state, &c, image, 1.14 * x, 1.14 * y), own) < 12);
    }
    snn_image_destroy(image);
    chart_wheel_destroy(wheel);
}

/* Right is right and down is down. */
static void the_wheel_points_as_motion_does(void **state)
{
    const double nothing[4] = {0};
    snn_image *image;

    for (int k = 0; k < 2; k++) {
        chart_wheel *wheel = NULL;
        chart c = {.width = 400, .height = 400};

        assert_int_equal(
            chart_wheel_create(*state, k == 0 ? NULL : nothing, k == 0 ? 0 : 4, 0, &wheel, NULL),
            SNN_OK);
        c.panels = chart_wheel_panel(wheel);
        image = draw(*state, &c);
        assert_true(apart(snn_image_get(image, 260, 200), chart_direction_colour(PI / 2, 1)) < 6);
        assert_true(apart(snn_image_get(image, 200, 260), chart_direction_colour(0, 1)) < 6);
        assert_true(apart(snn_image_get(image, 140, 200), chart_direction_colour(-PI / 2, 1)) < 6);
        snn_image_destroy(image);
        chart_wheel_destroy(wheel);
    }
}

static void what_is_no_count_is_refused(void **state)
{
    const double bad[] = {1, -1, 2}, nan[] = {1, NAN, 2};
    chart_wheel *wheel = NULL;

    assert_int_equal(chart_wheel_create(*state, bad, 3, 0, &wheel, NULL), SNN_EINVAL);
    assert_int_equal(chart_wheel_create(*state, nan, 3, 0, &wheel, NULL), SNN_EINVAL);
    assert_null(wheel);
}

static void arrows_reach_from_beginning_to_end(void **state)
{
    static const char *const TEXT[] = {"HHHH", "HHHH"};
    const double x[] = {1, 8}, y[] = {1, 1}, dx[] = {4, 0}, dy[] = {0, 6};
    const double words_x[] = {3, NAN}, words_y[] = {6, 3};
    const uint32_t colours[] = {RED, 0x0000ff};
    const chart_mark marks[] = {{.kind = CHART_ARROWS,
                                 .n = 2,
                                 .x = x,
                                 .y = y,
                                 .dx = dx,
                                 .dy = dy,
                                 .colours = colours,
                                 .size = 4},
                                {.kind = CHART_TEXTS,
                                 .colour = RED,
                                 .n = 2,
                                 .x = words_x,
                                 .y = words_y,
                                 .texts = TEXT,
                                 .size = 30}};
    const chart_panel panel = {
        .marks = marks, .n_marks = 2, .x = {.hidden = true}, .y = {.hidden = true}};
    const chart c = {.panels = &panel};
    snn_image *image = draw(*state, &c);
    double low_x, low_y, high_x, high_y;
    int inked = 0;

    assert_int_equal(colour_at(*state, &c, image, 3, 1), RED);
    assert_int_equal(colour_at(*state, &c, image, 4.9, 1), RED);
    assert_int_equal(colour_at(*state, &c, image, 8, 4), 0x0000ff);
    assert_int_equal(colour_at(*state, &c, image, 5.1, 1), 0xffffff);
    /* The axes hold the ends of arrows too. */
    assert_int_equal(chart_locate(*state, &c, 0, 1, 1, &low_x, &low_y, NULL), SNN_OK);
    assert_int_equal(chart_locate(*state, &c, 0, 8, 7, &high_x, &high_y, NULL), SNN_OK);
    assert_true(low_x > 0 && high_x < 900 && high_y > 0 && low_y < 420);
    for (double r = -0.4; r <= 0.4; r += 0.02)
        inked += colour_at(*state, &c, image, 3 + r, 6) == RED;
    assert_true(inked > 5);
    snn_image_destroy(image);
}

static void half_arrows_are_refused(void **state)
{
    const double x[] = {1, 2};
    const chart_mark CASES[] = {{.kind = CHART_ARROWS, .n = 2, .x = x, .y = x, .dx = x},
                                {.kind = CHART_TEXTS, .n = 2, .x = x, .y = x}};
    const char *const WHAT[] = {"dx and dy", "texts"};
    snn_error err = {0};

    for (int i = 0; i < 2; i++) {
        const chart_panel panel = {.marks = &CASES[i], .n_marks = 1};

        assert_int_equal(
            chart_write(*state, &(chart){.panels = &panel}, file_named("no.png"), &err),
            SNN_EINVAL);
        assert_non_null(strstr(err.what, WHAT[i]));
    }
}

static void memory_runs_out(void **state)
{
    const double count[] = {1, 2, 3};
    snn_status st = SNN_ENOMEM;
    long k;

    (void)state;
    for (k = 0; st != SNN_OK && k < 20; k++) {
        failing_allocator a = {.fail_at = -1};
        chart_wheel *wheel = NULL;
        snn_context *poor;

        assert_int_equal(failing_context(&a, 1, &poor), SNN_OK);
        a.fail_at = a.calls + k;
        st = chart_wheel_create(poor, count, 3, 0, &wheel, NULL);
        assert_true(st == SNN_OK || st == SNN_ENOMEM);
        assert_int_equal(st == SNN_OK, wheel != NULL);
        chart_wheel_destroy(wheel);
        snn_context_destroy(poor);
        assert_int_equal(a.held, 0);
        assert_int_equal(a.broken, 0);
    }
    assert_int_equal(k, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_go_round),
        cmocka_unit_test(a_picture_has_each_direction),
        cmocka_unit_test(wedges_are_as_long_as_their_shares),
        cmocka_unit_test(the_wheel_points_as_motion_does),
        cmocka_unit_test(what_is_no_count_is_refused),
        cmocka_unit_test(arrows_reach_from_beginning_to_end),
        cmocka_unit_test(half_arrows_are_refused),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
