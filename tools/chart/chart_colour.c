/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The palette is that of Okabe and Ito (Color Universal Design, 2008), without its yellow,
 * which is lost on white.  Maps are straight lines in the space Oklab (Ottosson, 2020),
 * where equal steps look equally large: between anchors of rising darkness, so that they
 * read in grey as well.
 */
#include "tools/chart/chart.h"

#include <math.h>

static const uint32_t PALETTE[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7,
                                   0xe69f00, 0x56b4e9, 0x222222};

#define PALETTE_SIZE (sizeof PALETTE / sizeof PALETTE[0])

uint32_t chart_palette(size_t i)
{
    return PALETTE[i % PALETTE_SIZE];
}

typedef struct oklab {
    double l, a, b;
} oklab;

static double to_linear(uint32_t byte)
{
    const double v = byte / 255.0;

    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static uint32_t from_linear(double v)
{
    const double s = v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;

    return (uint32_t)lrint(255 * (s < 0 ? 0 : s > 1 ? 1 : s));
}

static oklab to_oklab(uint32_t colour)
{
    const double r = to_linear(colour >> 16 & 0xff), g = to_linear(colour >> 8 & 0xff),
                 b = to_linear(colour & 0xff);
    const double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b),
                 m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b),
                 s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);

    return (oklab){0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
                   1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
                   0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

static double cube(double x)
{
    return x * x * x;
}

static uint32_t from_oklab(oklab c)
{
    const double l = cube(c.l + 0.3963377774 * c.a + 0.2158037573 * c.b),
                 m = cube(c.l - 0.1055613458 * c.a - 0.0638541728 * c.b),
                 s = cube(c.l - 0.0894841775 * c.a - 1.2914855480 * c.b);

    return from_linear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s) << 16 |
           from_linear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s) << 8 |
           from_linear(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}

static uint32_t between(const uint32_t *anchors, size_t n, double share)
{
    const double place = share * (double)(n - 1);
    const size_t i = place >= (double)(n - 1) ? n - 2 : (size_t)place;
    const double t = place - (double)i;
    const oklab from = to_oklab(anchors[i]), to = to_oklab(anchors[i + 1]);

    return from_oklab((oklab){from.l + t * (to.l - from.l), from.a + t * (to.a - from.a),
                              from.b + t * (to.b - from.b)});
}

uint32_t chart_map_colour(chart_map map, double share)
{
    static const uint32_t RISING[] = {0xffffff, 0x9fd0ee, 0x3f8fc4, 0x0b4a7f, 0x04182f};
    static const uint32_t DIVERGING[] = {0x08406b, 0x4a9fd0, 0xffffff, 0xee8a3c, 0x8a3300};
    const double s = share > 0 ? share < 1 ? share : 1 : 0; /* NaN is 0 */

    switch (map) {
    case CHART_MAP_DIVERGING:
        return between(DIVERGING, 5, s);
    case CHART_MAP_GREY:
        return (uint32_t)lrint(255 * s) * 0x010101u; /* as pictures have it */
    case CHART_MAP_CYCLE: {
        /* 0.12: the largest chroma that all hues of this lightness have on a screen. */
        const double angle = 6.283185307179586 * s;
        return from_oklab((oklab){0.72, 0.12 * cos(angle), 0.12 * sin(angle)});
    }
    case CHART_MAP_RISING:
    default:
        return between(RISING, 5, s);
    }
}
