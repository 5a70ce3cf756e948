/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-256 (FIPS 180-4) of one block of memory, for comparing with recorded digests. */
#ifndef TESTS_SHA256_H
#define TESTS_SHA256_H

#include "tests/cmocka_all.h"

static inline uint32_t sha256_turn(uint32_t v, int n)
{
    return v >> n | v << (32 - n);
}

/* The first 32 bits of the fractional part of a root of the i-th prime. */
static inline uint32_t sha256_constant(int i, double power)
{
    int prime = 2;

    for (int found = 0;; prime++) {
        bool is_prime = true;
        for (int k = 2; k * k <= prime; k++)
            is_prime &= prime % k != 0;
        if (is_prime && found++ == i)
            break;
    }
    const long double root = powl((long double)prime, (long double)power == 0.5L ? 0.5L : 1.0L / 3);
    return (uint32_t)((root - floorl(root)) * 4294967296.0L);
}

static inline void sha256_block(uint32_t h[8], const unsigned char *block, const uint32_t k[64])
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        const uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (sha256_turn(a, 7) ^ sha256_turn(a, 18) ^ a >> 3) + w[i - 7] +
               (sha256_turn(b, 17) ^ sha256_turn(b, 19) ^ b >> 10);
    }
    memcpy(v, h, sizeof v);
    for (int i = 0; i < 64; i++) {
        const uint32_t s1 = sha256_turn(v[4], 6) ^ sha256_turn(v[4], 11) ^ sha256_turn(v[4], 25);
        const uint32_t s0 = sha256_turn(v[0], 2) ^ sha256_turn(v[0], 13) ^ sha256_turn(v[0], 22);
        const uint32_t one = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        const uint32_t two = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += one;
        v[0] = one + two;
    }
    for (int i = 0; i < 8; i++)
        h[i] += v[i];
}

/* The first 16 hexadecimal digits. */
static inline void sha256_16(const void *bytes, size_t n, char text[17])
{
    const unsigned char *at = bytes;
    unsigned char last[128] = {0};
    uint32_t h[8], k[64];
    const size_t rest = n % 64, tail = rest < 56 ? 64 : 128;

    for (int i = 0; i < 8; i++)
        h[i] = sha256_constant(i, 0.5);
    for (int i = 0; i < 64; i++)
        k[i] = sha256_constant(i, 1.0 / 3);
    for (size_t i = 0; i + 64 <= n; i += 64)
        sha256_block(h, at + i, k);
    if (rest > 0)
        memcpy(last, at + n - rest, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        last[tail - 1 - (size_t)i] = (unsigned char)((uint64_t)n * 8 >> 8 * i);
    for (size_t i = 0; i < tail; i += 64)
        sha256_block(h, last + i, k);
    snprintf(text, 17, "%08" PRIx32 "%08" PRIx32, h[0], h[1]);
}

#endif
