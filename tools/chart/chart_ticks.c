/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/chart/chart_draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A tick may miss an end by this share of a step: 0.1 + 0.2 is still 0.3. */
#define SLACK 1e-9

/* Powers of ten within these are written out, others as "2 x 10^n". */
#define LEAST_PLAIN (-4)
#define MOST_PLAIN  7

static const char *const SUPERSCRIPT[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                          "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};

static double power10(int exponent)
{
    return pow(10.0, exponent);
}

static void append(char *text, const char *more)
{
    const size_t n = strlen(text);

    snprintf(text + n, CHART_TICK_TEXT - n, "%s", more);
}

/* "123 456.5" of a value that is not negative: thousands apart by thin spaces. */
static void write_plain(char *text, double value, int decimals)
{
    char digits[CHART_TICK_TEXT];
    size_t whole;

    snprintf(digits, sizeof digits, "%.*f", decimals, value);
    whole = strcspn(digits, ".");
    for (size_t i = 0; digits[i] != '\0'; i++) {
        if (i > 0 && i < whole && whole > 4 && (whole - i) % 3 == 0)
            append(text, "\u2009");
        append(text, (char[]){digits[i], '\0'});
    }
}

/* "2.5 x 10^-7" of mantissa 2.5 and exponent -7; "10^-7" of 1 where ones are left out. */
static void write_power(char *text, double mantissa, int exponent, int decimals, bool leave_one)
{
    char digits[16];

    if (mantissa != 1 || !leave_one) {
        write_plain(text, mantissa, decimals);
        append(text, "\u00d7");
    }
    append(text, "10");
    if (exponent < 0)
        append(text, "\u207b");
    snprintf(digits, sizeof digits, "%d", exponent < 0 ? -exponent : exponent);
    for (const char *d = digits; *d != '\0'; d++)
        append(text, SUPERSCRIPT[*d - '0']);
}

/* The smallest step of the series 1, 2, 2.5, 5 that has at most `most` multiples in range. */
static void choose_step(double low, double high, size_t most, double *mantissa, int *exponent)
{
    static const double SERIES[] = {1, 2, 2.5, 5};

    *exponent = (int)floor(log10((high - low) / (double)most)) - 1;
    for (;; (*exponent)++)
        for (size_t i = 0; i < sizeof SERIES / sizeof SERIES[0]; i++) {
            const double step = SERIES[i] * power10(*exponent);
            const double first = ceil(low / step - SLACK), last = floor(high / step + SLACK);
            *mantissa = SERIES[i];
            if (last - first + 1 <= (double)most)
                return;
        }
}

void chart_ticks_linear(double low, double high, size_t most, chart_ticks *out)
{
    double mantissa, step, largest = fmax(fabs(low), fabs(high));
    int exponent, decimals, shown;
    int64_t first, last;

    memset(out, 0, sizeof *out);
    if (most > CHART_MAX_TICKS)
        most = CHART_MAX_TICKS;
    choose_step(low, high, most < 2 ? 2 : most, &mantissa, &exponent);
    step = mantissa * power10(exponent);
    first = (int64_t)ceil(low / step - SLACK);
    last = (int64_t)floor(high / step + SLACK);
    decimals = (mantissa == 2.5) - exponent;
    /* Far from 1, all labels share the power of the largest. */
    shown = largest >= power10(MOST_PLAIN) || largest < power10(LEAST_PLAIN + 1)
                ? (int)floor(log10(largest) + SLACK)
                : 0;
    decimals = decimals + shown > 0 ? decimals + shown : 0;
    for (int64_t k = first; k <= last && out->n < CHART_MAX_TICKS; k++) {
        /* Dividing by a whole power is exact where multiplying by its inverse is not. */
        const double value = exponent < 0 ? (double)k * mantissa / power10(-exponent)
                                          : (double)k * mantissa * power10(exponent);
        char *text = out->number[out->n];

        if (k < 0)
            append(text, "\u2212");
        if (shown != 0 && k != 0)
            write_power(text, fabs(value) / power10(shown), shown, decimals, false);
        else
            write_plain(text, fabs(value), shown != 0 ? 0 : decimals);
        out->text[out->n] = text;
        out->at[out->n++] = value;
    }
}

static void add_log_tick(chart_ticks *out, double mantissa, int exponent)
{
    char *text = out->number[out->n];

    if (exponent < LEAST_PLAIN + 1 || exponent >= MOST_PLAIN - 2)
        write_power(text, mantissa, exponent, 0, true);
    else
        write_plain(text, mantissa * power10(exponent), exponent < 0 ? -exponent : 0);
    out->text[out->n] = text;
    out->at[out->n++] = exponent < 0 ? mantissa / power10(-exponent) : mantissa * power10(exponent);
}

void chart_ticks_log(double low, double high, size_t most, chart_ticks *out)
{
    const int first = (int)floor(log10(low) + SLACK), last = (int)floor(log10(high) + SLACK);
    const double below = low * (1 - SLACK), above = high * (1 + SLACK);
    const int powers = last - (int)ceil(log10(low) - SLACK) + 1;
    const int stride = powers > 1 ? (powers - 1) / (int)(most < 2 ? 2 : most) + 1 : 1;
    /* Two decades and less have room for 2 and 5, unless the axis is short; less than one for
     * all. */
    const bool all = high / low < 6,
               some = all || (high / low <= 200 && 3 * log10(high / low) <= 2.8 * (double)most);

    memset(out, 0, sizeof *out);
    for (int e = first; e <= last; e++)
        for (int m = 1; m < 10; m++) {
            const double value = m * power10(e);
            if (value < below || value > above)
                continue;
            if (out->n < CHART_MAX_TICKS && (m == 1 ? e % stride == 0
                                             : all  ? true
                                                    : some && (m == 2 || m == 5)))
                add_log_tick(out, m, e);
            else if (stride == 1 && out->n_minor < CHART_MAX_TICKS)
                out->minor[out->n_minor++] = value;
        }
}

void chart_ticks_names(const chart_axis *axis, size_t most, chart_ticks *out)
{
    const size_t room = most < 1 ? 1 : most > CHART_MAX_TICKS ? CHART_MAX_TICKS : most;
    const size_t stride = axis->n_names > room ? (axis->n_names + room - 1) / room : 1;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < axis->n_names; i += stride) {
        out->text[out->n] = axis->names[i];
        out->at[out->n++] = (double)i;
    }
}
