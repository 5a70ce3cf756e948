/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IEEE 754 binary16 ("float16") without help from the compiler: SHD stores its
 * times in it, and the published framing computes in it.
 */
#ifndef SNN_DATASETS_HALF_H
#define SNN_DATASETS_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The number that 16 bits stand for; exact. */
static inline float snn_half_decode(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000u) << 16;
    const uint32_t magnitude = bits & 0x7FFFu;
    uint32_t word;
    float value;

    if (magnitude < 0x0400u) { /* zero and subnormal: a multiple of 2^-24 */
        value = (float)magnitude * 0x1p-24f;
        return sign != 0 ? -value : value;
    }
    word = sign | ((magnitude << 13) + (magnitude >= 0x7C00u ? 0x70000000u : 0x38000000u));
    memcpy(&value, &word, sizeof value);
    return value;
}

/* The float16 nearest to x, ties to even; beyond 65520 infinity.  Adding 2^(q+52)
 * to a double below 2^(q+11) leaves it a multiple of 2^q, rounded as IEEE says. */
static inline double snn_half_round(double x)
{
    const double magnitude = fabs(x);
    uint64_t bits;
    int64_t q;
    double large;

    if (!(magnitude < 65520.0))
        return isnan(x) ? x : copysign((double)INFINITY, x);
    memcpy(&bits, &magnitude, sizeof bits);
    q = (int64_t)(bits >> 52) - 1023 - 10;
    q = q < -24 ? -24 : q;
    bits = (uint64_t)(q + 52 + 1023) << 52;
    memcpy(&large, &bits, sizeof large);
    return copysign((magnitude + large) - large, x);
}

/* The 16 bits of the float16 nearest to x. */
static inline uint16_t snn_half_encode(double x)
{
    const double half = snn_half_round(x), magnitude = fabs(half);
    const uint16_t sign = signbit(half) ? 0x8000u : 0;
    int exponent;
    double fraction;

    if (isnan(half))
        return 0x7E00u;
    if (isinf(half))
        return (uint16_t)(sign | 0x7C00u);
    if (magnitude < 0x1p-14) /* zero and subnormal */
        return (uint16_t)(sign | (uint16_t)(magnitude * 0x1p24));
    fraction = frexp(magnitude, &exponent); /* in [1/2, 1) */
    return (uint16_t)(sign | (uint16_t)((exponent + 14) << 10) |
                      (uint16_t)((fraction * 2 - 1) * 1024));
}

#endif
