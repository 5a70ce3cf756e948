/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exp(x) for x <= 0, in a form that compilers vectorise.
 *
 *     n = round(x / ln 2),  r = x - n ln 2,  |r| <= 0.3466,  exp(x) = 2^n e^r
 *
 * ln 2 is split so that n * LN2_HI is exact (LN2_HI has 9 trailing zero bits,
 * |n| < 2^7).  e^r is its Taylor polynomial of degree 7: truncation below
 * 0.3466^8/8! = 5.2e-9, i.e. 0.05 ulp.  Rounding: r carries at most 1 ulp of
 * |n| LN2_LO, Horner's last two operations half an ulp each: the result is
 * within 2 ulp of exp(x) (tests/kern; 1.19 measured over the domain, 0.92 with
 * fused multiply-add).  Below -87.33 (2^-126, the smallest normal) it is 0; NaN
 * stays NaN.
 */
#ifndef SNN_KERN_EXP_BODY_H
#define SNN_KERN_EXP_BODY_H

#include <stdint.h>
#include <string.h>

#define SNN_EXP_ULP    2.0 /* the bound above */
#define EXP_UNDERFLOW  (-87.33f)
#define EXP_MAGIC      12582912.0f /* 1.5 * 2^23: adding it rounds to an integer */
#define EXP_MAGIC_BITS 0x4B400000u /* its bits; adding an integer n to it adds n to them */
#define EXP_LOG2E      1.44269504088896341f
#define EXP_LN2_HI     0.693145751953125f
#define EXP_LN2_LO     1.42860682030941723e-6f

static inline float exp_negative(float x)
{
    const float clamped = x < EXP_UNDERFLOW ? EXP_UNDERFLOW : x;
    const float shifted = clamped * EXP_LOG2E + EXP_MAGIC;
    const float n = shifted - EXP_MAGIC;
    const float r = (clamped - n * EXP_LN2_HI) - n * EXP_LN2_LO;
    float p, power;
    uint32_t bits;

    p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - EXP_MAGIC_BITS + 127u) << 23;
    memcpy(&power, &bits, sizeof power);
    return x < EXP_UNDERFLOW ? 0.0f : p * power;
}

#endif
