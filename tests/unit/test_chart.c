/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Charts: the laws of ticks, colours, and that what is drawn is where the data says: the
 * pictures are read back and their pixels looked at.
 */
#include "tests/context_folder.h"
#include "tests/failing_allocator.h"

#include "tools/chart/chart_draw.h"

#include <unistd.h>

#define RED  0xff0000u
#define BLUE 0x0000ffu

/* ---- ticks -------------------------------------------------------------------- */

/* The value that a label stands for. */
static double read_label(const char *text)
{
    static const struct {
        const char *from, *to;
    } MARKS[] = {{"\u2212", "-"}, {"\u2009", ""},  {"\u00d710", "e"}, {"\u207b", "-"},
                 {"\u2070", "0"}, {"\u00b9", "1"}, {"\u00b2", "2"},   {"\u00b3", "3"},
                 {"\u2074", "4"}, {"\u2075", "5"}, {"\u2076", "6"},   {"\u2077", "7"},
                 {"\u2078", "8"}, {"\u2079", "9"}};
    char plain[96] = "", *end;
    double value;

    /* "10^n" alone is 1e n */
    if (strncmp(text, "10", 2) == 0 && (unsigned char)text[2] > 127 &&
        strncmp(text + 2, "\u2009", 3) != 0) {
        strncat(plain, "1e", 3);
        text += 2;
    }
    while (*text != '\0') {
        size_t i = 0, n = strlen(plain);
        while (i < sizeof MARKS / sizeof MARKS[0] &&
               strncmp(text, MARKS[i].from, strlen(MARKS[i].from)) != 0)
            i++;
        if (i < sizeof MARKS / sizeof MARKS[0]) {
            snprintf(plain + n, sizeof plain - n, "%s", MARKS[i].to);
            text += strlen(MARKS[i].from);
        } else {
            snprintf(plain + n, sizeof plain - n, "%c", *text++);
        }
    }
    value = strtod(plain, &end);
    if (*end != '\0' || end == plain)
        fail_msg("label reads '%s'", plain);
    return value;
}

static void ticks_are_round_and_say_what_they_are(void **state)
{
    uint64_t random = test_seed(3);
    chart_ticks t;

    (void)state;
    for (int k = 0; k < 3000; k++) {
        const double scale = pow(10, (double)test_uniform(&random, -8, 9));
        const double low = scale * (double)test_uniform(&random, -2, 2),
                     high = low + scale * (double)test_uniform(&random, 0.01f, 3);
        const size_t most = 3 + test_random(&random) % 9;
        double step;

        chart_ticks_linear(low, high, most, &t);
        if (t.n > most || t.n < 1 || (most >= 5 && t.n < 2))
            fail_msg("%zu ticks of %zu in [%g, %g]", t.n, most, low, high);
        step = t.n > 1 ? t.at[1] - t.at[0] : high - low;
        for (size_t i = 0; i < t.n; i++) {
            if (t.at[i] < low - 1e-6 * step || t.at[i] > high + 1e-6 * step)
                fail_msg("tick %.17g outside [%.17g, %.17g]", t.at[i], low, high);
            if (fabs(read_label(t.text[i]) - t.at[i]) > 1e-6 * step)
                fail_msg("'%s' says not %.9g (step %g)", t.text[i], t.at[i], step);
            if (i > 0 && fabs(t.at[i] - t.at[i - 1] - step) > 1e-6 * step)
                fail_msg("steps differ in [%g, %g]", low, high);
        }
        if (t.n > 1) { /* the step is 1, 2, 2.5 or 5 times a power of ten */
            const double mantissa = step / pow(10, floor(log10(step) + 1e-9));
            assert_true(fabs(mantissa - 1) < 1e-6 || fabs(mantissa - 2) < 1e-6 ||
                        fabs(mantissa - 2.5) < 1e-6 || fabs(mantissa - 5) < 1e-6);
        }
    }
}

static void labels_read_well(void **state)
{
    chart_ticks t;

    (void)state;
    chart_ticks_linear(0, 100, 6, &t);
    assert_int_equal(t.n, 6);
    assert_string_equal(t.text[1], "20");
    chart_ticks_linear(-0.5, 0.5, 3, &t);
    assert_string_equal(t.text[0], "\u22120.5");
    assert_string_equal(t.text[1], "0.0");
    chart_ticks_linear(0, 40000, 5, &t);
    assert_string_equal(t.text[t.n - 1], "40\u2009000");
    chart_ticks_linear(0, 3e8, 4, &t);
    assert_string_equal(t.text[1], "1\u00d710\u2078");
    chart_ticks_log(0.01, 1000, 6, &t);
    assert_int_equal(t.n, 6);
    assert_string_equal(t.text[0], "0.01");
    assert_string_equal(t.text[5], "1000");
    assert_int_equal(t.n_minor, 40);
    chart_ticks_log(1e-9, 1, 5, &t);
    assert_string_equal(t.text[0], "10\u207b\u2078");
    assert_true(t.n <= 5);
}

static void log_ticks_are_powers_in_range(void **state)
{
    uint64_t random = test_seed(4);
    chart_ticks t;

    (void)state;
    for (int k = 0; k < 2000; k++) {
        const double low = pow(10, (double)test_uniform(&random, -9, 8)),
                     high = low * pow(10, (double)test_uniform(&random, 0.5f, 9));
        chart_ticks_log(low, high, 6, &t);
        assert_true(t.n >= 1 && t.n <= 11);
        for (size_t i = 0; i < t.n; i++) {
            assert_true(t.at[i] >= low * (1 - 1e-8) && t.at[i] <= high * (1 + 1e-8));
            assert_true(fabs(read_label(t.text[i]) / t.at[i] - 1) < 1e-9);
        }
        for (size_t i = 0; i < t.n_minor; i++)
            assert_true(t.minor[i] >= low * (1 - 1e-8) && t.minor[i] <= high * (1 + 1e-8));
    }
}

/* ---- colours -------------------------------------------------------------------- */

static uint32_t luma(uint32_t c)
{
    return 299 * (c >> 16 & 0xff) + 587 * (c >> 8 & 0xff) + 114 * (c & 0xff);
}

static void maps_are_steady(void **state)
{
    (void)state;
    assert_int_equal(chart_map_colour(CHART_MAP_RISING, 0), 0xffffff);
    assert_int_equal(chart_map_colour(CHART_MAP_RISING, NAN), 0xffffff);
    assert_int_equal(chart_map_colour(CHART_MAP_GREY, 1), 0xffffff);
    assert_int_equal(chart_map_colour(CHART_MAP_GREY, -3), 0);
    assert_int_equal(chart_map_colour(CHART_MAP_DIVERGING, 0.5), 0xffffff);
    assert_int_equal(chart_map_colour(CHART_MAP_CYCLE, 0), chart_map_colour(CHART_MAP_CYCLE, 1));
    for (int i = 0; i < 100; i++) {
        assert_true(luma(chart_map_colour(CHART_MAP_RISING, i / 100.0)) >
                    luma(chart_map_colour(CHART_MAP_RISING, (i + 1) / 100.0)));
        assert_true(luma(chart_map_colour(CHART_MAP_GREY, i / 100.0)) <
                    luma(chart_map_colour(CHART_MAP_GREY, (i + 1) / 100.0)));
    }
    for (size_t i = 0; i < 7; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(chart_palette(i), chart_palette(k));
}

/* ---- pictures ------------------------------------------------------------------- */

static snn_image *draw(snn_context *ctx, const chart *c)
{
    snn_image *image = NULL;
    snn_error err = {0};

    if (chart_write(ctx, c, file_named("c.png"), &err) != SNN_OK ||
        snn_image_read(ctx, path, SNN_IMAGE_RGB, &image, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    return image;
}

static uint32_t colour_at(snn_context *ctx, const chart *c, const snn_image *image, size_t panel,
                          double x, double y)
{
    double x_px, y_px;

    assert_int_equal(chart_locate(ctx, c, panel, x, y, &x_px, &y_px, NULL), SNN_OK);
    return snn_image_get(image, (int64_t)floor(x_px), (int64_t)floor(y_px));
}

/* Pixels of a colour in column x of the picture. */
static uint32_t count_column(const snn_image *image, double x, uint32_t colour)
{
    uint32_t n = 0;

    for (int64_t y = 0; y < snn_image_height(image); y++)
        n += snn_image_get(image, (int64_t)floor(x), y) == colour;
    return n;
}

/* Pixels of column x that are red or, at an edge, more red than white. */
static uint32_t count_reddish(const snn_image *image, double x)
{
    uint32_t n = 0;

    for (int64_t y = 0; y < snn_image_height(image); y++) {
        const uint32_t c = snn_image_get(image, (int64_t)floor(x), y);
        n += c >> 16 > 200 && (c >> 8 & 0xff) < 128 && (c & 0xff) < 128;
    }
    return n;
}

/* Pixels of a colour in row y. */
static uint32_t count_row(const snn_image *image, double y, uint32_t colour)
{
    uint32_t n = 0;

    for (int64_t x = 0; x < snn_image_width(image); x++)
        n += snn_image_get(image, x, (int64_t)floor(y)) == colour;
    return n;
}

static void near(double a, double b, double bound)
{
    if (!(fabs(a - b) <= bound))
        fail_msg("%g is not %g", a, b);
}

static void bars_are_as_long_as_their_values(void **state)
{
    static const char *const NAMES[] = {"a", "b", "c"};
    const double place[] = {0, 1, 2}, value[] = {10, 30, -20};
    const chart_axis names = {.label = "name", .scale = CHART_NAMES, .names = NAMES, .n_names = 3};
    const chart_axis values = {.label = "value", .unit = "%", .low = -50, .high = 50};
    const chart_mark up = {.kind = CHART_BARS, .colour = RED, .n = 3, .x = place, .y = value};
    const chart_mark lying = {
        .kind = CHART_BARS, .colour = RED, .n = 3, .x = value, .y = place, .across = true};
    const chart_panel panels[] = {{.x = names, .y = values, .marks = &up, .n_marks = 1},
                                  {.x = values, .y = names, .marks = &lying, .n_marks = 1}};

    for (int k = 0; k < 2; k++) {
        const chart c = {.title = "Bars", .width = 500, .height = 400, .panels = &panels[k]};
        snn_image *image = draw(*state, &c);
        double x0, y0, x1, y1;

        assert_int_equal(snn_image_width(image), 500);
        assert_int_equal(snn_image_height(image), 400);
        assert_int_equal(
            chart_locate(*state, &c, 0, k == 0 ? -0.5 : -50, k == 0 ? -50 : -0.5, &x0, &y0, NULL),
            SNN_OK);
        assert_int_equal(
            chart_locate(*state, &c, 0, k == 0 ? 2.5 : 50, k == 0 ? 50 : 2.5, &x1, &y1, NULL),
            SNN_OK);
        assert_true(x0 >= 0 && x1 <= 500 && y1 >= 0 && y0 <= 400 && x1 - x0 > 300 && y0 - y1 > 250);
        for (int i = 0; i < 3; i++) {
            double x, y;
            assert_int_equal(chart_locate(*state, &c, 0, k == 0 ? i : value[i] / 2,
                                          k == 0 ? value[i] / 2 : i, &x, &y, NULL),
                             SNN_OK);
            assert_int_equal(snn_image_get(image, (int64_t)x, (int64_t)y), RED);
            if (k == 0) {
                near(count_column(image, x, RED), fabs(value[i]) / 100 * (y0 - y1), 1.01);
                near(count_row(image, y, RED), (x1 - x0) / 3 * 0.8 * (i == 0 ? 2 : 1), 4);
            } else {
                near(count_row(image, y, RED), fabs(value[i]) / 100 * (x1 - x0), 1.01);
            }
        }
        snn_image_destroy(image);
    }
}

static void marks_are_where_the_data_says(void **state)
{
    const double x[] = {1, 2, 3, 4}, y[] = {10, 1000, NAN, 100}, low[] = {5, 500, 1, 50},
                 high[] = {20, 2000, 9, 400}, rule = 30;
    const chart_mark marks[] = {
        {.kind = CHART_RULE_Y, .colour = BLUE, .n = 1, .y = &rule, .size = 3},
        {.kind = CHART_POINTS,
         .colour = RED,
         .n = 4,
         .x = x,
         .y = y,
         .low = low,
         .high = high,
         .size = 5},
    };
    const chart_panel panel = {.x = {.label = "x", .low = 0, .high = 5},
                               .y = {.label = "y", .scale = CHART_LOG, .low = 1, .high = 10000},
                               .marks = marks,
                               .n_marks = 2};
    const chart c = {.panels = &panel};
    snn_image *image = draw(*state, &c);
    double at, top, bottom, decade, ignored;

    assert_int_equal(snn_image_width(image), 900);
    assert_int_equal(chart_locate(*state, &c, 0, 1, 10, &ignored, &top, NULL), SNN_OK);
    assert_int_equal(chart_locate(*state, &c, 0, 1, 1, &ignored, &bottom, NULL), SNN_OK);
    decade = bottom - top;
    assert_true(decade > 50);
    for (int i = 0; i < 4; i++) {
        if (isnan(y[i]))
            continue;
        assert_int_equal(colour_at(*state, &c, image, 0, x[i], y[i]), RED);
        /* The whisker reaches from low to high in equal parts of a decade. */
        assert_int_equal(chart_locate(*state, &c, 0, x[i], high[i], &at, &top, NULL), SNN_OK);
        assert_int_equal(chart_locate(*state, &c, 0, x[i], low[i], &ignored, &bottom, NULL),
                         SNN_OK);
        near((bottom - top) / log10(high[i] / low[i]), decade, 1e-9);
        near(count_reddish(image, at), bottom - top, 3);
    }
    assert_int_equal(colour_at(*state, &c, image, 0, 0.5, 30), BLUE);
    assert_int_equal(colour_at(*state, &c, image, 0, 4.9, 30), BLUE);
    assert_int_equal(chart_locate(*state, &c, 0, 3, 5, &at, &top, NULL), SNN_OK);
    assert_int_equal(count_column(image, at + 20, RED), 0); /* nothing at the NaN */
    snn_image_destroy(image);
}

static void cells_have_the_colours_of_their_values(void **state)
{
    const double values[] = {0, 1, 2, 3, 4, NAN};
    const chart_mark cells = {
        .kind = CHART_CELLS, .label = "share", .values = values, .rows = 2, .columns = 3};
    const chart_panel panels[] = {
        {.title = "up", .marks = &cells, .n_marks = 1},
        {.title = "down", .marks = &cells, .n_marks = 1, .y = {.reversed = true}}};
    const chart c = {.columns = 2, .panels = panels, .note = "two panels"};
    snn_image *image = draw(*state, &c);
    double x, row0, row1;

    for (size_t p = 0; p < 2; p++) {
        for (int i = 0; i < 5; i++)
            assert_int_equal(colour_at(*state, &c, image, p, i % 3, i / 3),
                             chart_map_colour(CHART_MAP_RISING, i / 4.0));
        assert_int_equal(colour_at(*state, &c, image, p, 2, 1), 0xd0d0d0);
        assert_int_equal(chart_locate(*state, &c, p, 0, 0, &x, &row0, NULL), SNN_OK);
        assert_int_equal(chart_locate(*state, &c, p, 0, 1, &x, &row1, NULL), SNN_OK);
        assert_true((row0 > row1) == (p == 0));
    }
    snn_image_destroy(image);
}

static void a_picture_lies_as_it_is_seen(void **state)
{
    snn_image *quarters = NULL, *image;
    chart_mark mark = {.kind = CHART_PICTURE};
    const chart_panel panel = {.marks = &mark, .n_marks = 1, .square = true};
    const chart c = {.panels = &panel};
    double x0, y0, x1, y1;

    assert_int_equal(snn_image_create(*state, 2, 2, SNN_IMAGE_RGB, &quarters, NULL), SNN_OK);
    snn_image_set(quarters, 0, 0, RED);
    snn_image_set(quarters, 1, 1, BLUE);
    mark.picture = quarters;
    image = draw(*state, &c);
    assert_int_equal(colour_at(*state, &c, image, 0, 0, 1), RED); /* above left */
    assert_int_equal(colour_at(*state, &c, image, 0, 1, 0), BLUE);
    assert_int_equal(colour_at(*state, &c, image, 0, 0, 0), 0);
    assert_int_equal(chart_locate(*state, &c, 0, 0, 0, &x0, &y0, NULL), SNN_OK);
    assert_int_equal(chart_locate(*state, &c, 0, 1, 1, &x1, &y1, NULL), SNN_OK);
    near(x1 - x0, y0 - y1, 1); /* square */
    snn_image_destroy(image);
    snn_image_destroy(quarters);
}

/* Every kind of mark, in both formats. */
static const double some_x[] = {0, 1, 2, 3}, some_y[] = {3, 1, 2, 4}, some_low[] = {2, 0.5, 1, 3},
                    some_high[] = {4, 2, 3, 5};
static const uint32_t some_colours[] = {RED, BLUE, RED, BLUE};
static const char *const long_names[] = {"a long name of an arm", "another name that is long",
                                         "short", "and one more, to be sure"};
static const chart_mark all_marks[] = {
    {.kind = CHART_BAND, .label = "band", .n = 4, .x = some_x, .low = some_low, .high = some_high},
    {.kind = CHART_AREA, .label = "area", .n = 4, .x = some_x, .y = some_y},
    {.kind = CHART_BARS,
     .label = "bars",
     .n = 4,
     .x = some_x,
     .y = some_y,
     .low = some_low,
     .high = some_high,
     .colours = some_colours},
    {.kind = CHART_LINE, .label = "line", .n = 4, .x = some_x, .y = some_y, .dashed = true},
    {.kind = CHART_POINTS,
     .label = "rings",
     .n = 4,
     .x = some_x,
     .y = some_y,
     .low = some_y,
     .high = some_high,
     .marker = CHART_RING},
    {.kind = CHART_POINTS,
     .label = "triangles",
     .n = 4,
     .x = some_x,
     .y = some_low,
     .marker = CHART_TRIANGLE,
     .colours = some_colours},
    {.kind = CHART_POINTS,
     .label = "lying",
     .n = 4,
     .x = some_x,
     .y = some_y,
     .low = some_low,
     .high = some_high,
     .marker = CHART_SQUARE,
     .across = true},
    {.kind = CHART_DOTS, .label = "dots", .n = 4, .x = some_x, .y = some_high},
    {.kind = CHART_RULE_X, .label = "rule", .n = 2, .x = some_y},
    {.kind = CHART_CELLS,
     .label = "cells",
     .rows = 2,
     .columns = 2,
     .values = some_y,
     .map = CHART_MAP_DIVERGING,
     .numbers = true,
     .unit = "1"},
};
static const chart_panel all_panels[] = {
    {.title = "all", .marks = all_marks, .n_marks = 10, .x = {.label = "x"}, .y = {.label = "y"}},
    {.title = "names",
     .marks = all_marks,
     .n_marks = 5,
     .x = {.scale = CHART_NAMES, .names = long_names, .n_names = 4},
     .y = {.hidden = true}},
    {.marks = all_marks,
     .n_marks = 7,
     .x = {.hidden = true},
     .y = {.scale = CHART_NAMES, .names = long_names, .n_names = 4, .reversed = true}},
    {0},
};
static const chart everything = {.title = "Everything",
                                 .note = "a note",
                                 .rows = 2,
                                 .columns = 2,
                                 .width = 1000,
                                 .height = 800,
                                 .panels = all_panels};

static void both_formats(void **state)
{
    char text[512] = "";
    snn_image *image = draw(*state, &everything);
    snn_error err = {0};
    FILE *file;

    assert_int_equal(snn_image_width(image), 1000);
    assert_int_equal(snn_image_height(image), 800);
    assert_int_equal(snn_image_get(image, 0, 0), 0xffffff);
    snn_image_destroy(image);
    if (chart_write(*state, &everything, file_named("all.svg"), &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 100);
    fclose(file);
    assert_non_null(strstr(text, "<svg"));
    assert_non_null(strstr(text, "width=\"1000"));
    assert_non_null(strstr(text, "height=\"800"));
}

/* Whatever stands around them, plots of a grid have one size and stand in line. */
static void plots_of_a_grid_stand_in_line(void **state)
{
    const chart_axis ends = {.high = 1}, wide = {.label = "y", .low = 1000000, .high = 1000001};
    const chart_mark named = {.kind = CHART_LINE, .label = "in the legend"};
    const chart_panel panels[] = {
        {.title = "one", .x = ends, .y = ends},
        {.x = {.label = "x", .high = 1}, .y = wide, .marks = &named, .n_marks = 1},
        {.x = {.hidden = true, .high = 1}, .y = ends},
        {.title = "four", .x = ends, .y = {.hidden = true, .high = 1}},
    };
    const chart c = {.rows = 2, .columns = 2, .panels = panels};
    double x0[4], y0[4], x1[4], y1[4];

    for (size_t p = 0; p < 4; p++) {
        const double low = p == 1 ? 1000000 : 0;
        assert_int_equal(chart_locate(*state, &c, p, 0, low, &x0[p], &y0[p], NULL), SNN_OK);
        assert_int_equal(chart_locate(*state, &c, p, 1, low + 1, &x1[p], &y1[p], NULL), SNN_OK);
        near(x1[p] - x0[p], x1[0] - x0[0], 1);
        near(y0[p] - y1[p], y0[0] - y1[0], 1);
        near(x0[p], x0[p % 2], 0);
        near(y0[p], y0[p / 2 * 2], 0);
    }
    assert_true(x1[0] < x0[1] && y0[0] < y1[2] && x1[1] <= 900 && y0[2] <= 420);
}

/* Only whole marks on possible axes. */
static void what_cannot_be_drawn_is_refused(void **state)
{
    const chart_mark no_y = {.kind = CHART_LINE, .n = 4, .x = some_x};
    const chart_mark half = {
        .kind = CHART_POINTS, .n = 4, .x = some_x, .y = some_y, .low = some_low};
    const chart_mark no_cells = {.kind = CHART_CELLS, .rows = 2};
    const chart_mark fine = {.kind = CHART_LINE, .n = 4, .x = some_x, .y = some_y};
    const struct {
        chart_panel panel;
        uint32_t width;
        const char *what;
    } CASES[] = {
        {{.marks = &no_y, .n_marks = 1}, 0, "needs its x and y"},
        {{.marks = &half, .n_marks = 1}, 0, "low and high go together"},
        {{.marks = &no_cells, .n_marks = 1}, 0, "cells need values"},
        {{.marks = &fine, .n_marks = 1, .x = {.scale = CHART_LOG, .low = -1, .high = 1}},
         0,
         "above 0"},
        {{.marks = &fine, .n_marks = 1, .x = {.low = 2, .high = 1}}, 0, "the low one first"},
        {{.marks = &fine, .n_marks = 1, .x = {.low = 2, .high = INFINITY}}, 0, "finite ends"},
        {{.marks = &fine, .n_marks = 1}, 60, "no room"},
        {{.marks = &fine, .n_marks = 1}, 40000, "too large"},
    };
    double x, y;
    snn_error err = {0};
    chart c = {0};

    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        c = (chart){.panels = &CASES[i].panel, .width = CASES[i].width};
        assert_int_equal(chart_write(*state, &c, file_named("no.png"), &err), SNN_EINVAL);
        if (strstr(err.what, CASES[i].what) == NULL)
            fail_msg("'%s' instead of '%s'", err.what, CASES[i].what);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    assert_int_equal(chart_write(*state, &everything, file_named("no.jpg"), &err), SNN_EINVAL);
    assert_non_null(strstr(err.what, ".png or .svg"));
    assert_int_equal(chart_write(*state, &everything, file_named("a/b.png"), &err), SNN_EIO);
    assert_string_equal(err.where, path);
    assert_int_equal(chart_write(*state, &everything, file_named("a/b.svg"), &err), SNN_EIO);
    assert_int_equal(chart_locate(*state, &everything, 4, 0, 0, &x, &y, &err), SNN_EINVAL);
}

/* Data that says little is drawn without fuss. */
static void odd_data_is_drawn(void **state)
{
    const double same[] = {7, 7}, nothing[] = {NAN, INFINITY}, tiny[] = {1e-300, 1e300},
                 below[] = {-3, -3};
    const double *DATA[] = {same, nothing, tiny, below};

    for (size_t i = 0; i < 4; i++)
        for (int s = 0; s < 2; s++) {
            const chart_mark m = {.kind = CHART_LINE, .n = 2, .x = same, .y = DATA[i]};
            const chart_panel panel = {
                .marks = &m, .n_marks = 1, .y = {.scale = s == 0 ? CHART_LINEAR : CHART_LOG}};
            snn_image_destroy(draw(*state, &(chart){.panels = &panel}));
        }
    snn_image_destroy(draw(*state, &(chart){.panels = &(chart_panel){.title = "empty"}}));
}

static void memory_runs_out(void **state)
{
    snn_status st = SNN_ENOMEM;
    snn_context *poor;
    long k;

    (void)state;
    for (k = 0; st != SNN_OK && k < 100; k++) {
        failing_allocator a = {.fail_at = -1};
        assert_int_equal(failing_context(&a, 1, &poor), SNN_OK);
        a.fail_at = a.calls + k;
        st = chart_write(poor, &everything, file_named("m.svg"), NULL);
        if (st == SNN_OK)
            st = chart_write(poor, &everything, file_named("m.png"), NULL);
        assert_true(st == SNN_OK || st == SNN_ENOMEM);
        snn_context_destroy(poor);
        assert_int_equal(a.held, 0);
        assert_int_equal(a.broken, 0);
    }
    assert_int_equal(st, SNN_OK);
    assert_true(k > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_and_say_what_they_are),
        cmocka_unit_test(labels_read_well),
        cmocka_unit_test(log_ticks_are_powers_in_range),
        cmocka_unit_test(maps_are_steady),
        cmocka_unit_test(bars_are_as_long_as_their_values),
        cmocka_unit_test(marks_are_where_the_data_says),
        cmocka_unit_test(cells_have_the_colours_of_their_values),
        cmocka_unit_test(a_picture_lies_as_it_is_seen),
        cmocka_unit_test(both_formats),
        cmocka_unit_test(plots_of_a_grid_stand_in_line),
        cmocka_unit_test(what_cannot_be_drawn_is_refused),
        cmocka_unit_test(odd_data_is_drawn),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
