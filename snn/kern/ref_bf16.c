/* SPDX-License-Identifier: BSD-3-Clause */
/* Products in bf16 in their plainest form; see ref.c. */
#include "snn/kern/ref.h"

#include <string.h>

#define SIGNIFICANT 8 /* bits of a bf16 number */

static float rounded(float x)
{
    int exponent;
    double significand, unit;

    if (!isfinite(x) || x == 0.0f)
        return x;
    significand = frexp((double)x, &exponent); /* 1/2 .. 1 */
    if (exponent < -125)                       /* denormal: the last place stays where it is */
        unit = ldexp(1.0, -126 - (SIGNIFICANT - 1));
    else
        unit = ldexp(1.0, exponent - SIGNIFICANT);
    return (float)(rint(ldexp(significand, exponent) / unit) * unit);
}

static uint32_t upper_half(float x)
{
    uint32_t bits;

    x = rounded(x);
    memcpy(&bits, &x, sizeof bits);
    return bits >> 16;
}

static float number(uint32_t upper)
{
    const uint32_t bits = upper << 16;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static float line_at(const snn_bf16_lines *from, size_t line, size_t l)
{
    if (line >= from->lines || l >= from->k)
        return 0.0f;
    return from->scale *
           (from->turned ? from->in[l * from->stride + line] : from->in[line * from->stride + l]);
}

void snn_bf16_pack_ref(const snn_bf16_lines *from, uint32_t panel, uint32_t *out)
{
    const size_t pairs = (from->k + 1) / 2;

    for (size_t i = 0; i < from->lines; i += panel)
        for (size_t h = 0; h < pairs; h++)
            for (size_t r = 0; r < panel; r++)
                *out++ = upper_half(line_at(from, i + r, 2 * h)) << 16 |
                         upper_half(line_at(from, i + r, 2 * h + 1));
}

static float packed_at(const uint32_t *packed, size_t panel, size_t pairs, size_t line, size_t l)
{
    const uint32_t word = packed[line / panel * panel * pairs + l / 2 * panel + line % panel];

    return number(l % 2 == 0 ? word >> 16 : word & 0xffffu);
}

/* A sum of two floats is rounded once: a double holds it well enough (2 x 24 + 2 bits). */
void snn_bf16_product_ref(size_t m, size_t n, size_t pairs, const uint32_t *a, const uint32_t *b,
                          float *c, size_t stride)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t l = 0; l < 2 * pairs; l++)
                c[i * stride + j] =
                    (float)((double)c[i * stride + j] +
                            (double)packed_at(a, SNN_BF16_ROWS, pairs, i, l) *
                                (double)packed_at(b, SNN_BF16_COLUMNS, pairs, j, l));
}
