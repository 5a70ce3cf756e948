/* SPDX-License-Identifier: BSD-3-Clause */
#include <snn/random.h>

/* Philox4x32 with ten rounds: multipliers and Weyl constants of the paper. */
#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u
#define ROUNDS    10

/* The stream is folded into the second key word: seeds of up to 32 bits, the
 * usual ones, never share a key between streams. */
void snn_random4(snn_key key, uint64_t a, uint32_t b, uint32_t c, uint32_t out[4])
{
    uint32_t x[4] = {(uint32_t)a, (uint32_t)(a >> 32), b, c};
    uint32_t k0 = (uint32_t)key.seed;
    uint32_t k1 = (uint32_t)(key.seed >> 32) ^ (key.stream * PHILOX_W0);

    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t p0 = (uint64_t)PHILOX_M0 * x[0];
        const uint64_t p1 = (uint64_t)PHILOX_M1 * x[2];

        x[0] = (uint32_t)(p1 >> 32) ^ x[1] ^ k0;
        x[1] = (uint32_t)p1;
        x[2] = (uint32_t)(p0 >> 32) ^ x[3] ^ k1;
        x[3] = (uint32_t)p0;
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
    for (int i = 0; i < 4; i++)
        out[i] = x[i];
}

uint32_t snn_random_u32(snn_key key, uint64_t a, uint32_t b, uint32_t c)
{
    uint32_t four[4];

    snn_random4(key, a, b, c, four);
    return four[0];
}

float snn_random_uniform(snn_key key, uint64_t a, uint32_t b, uint32_t c)
{
    return (float)(snn_random_u32(key, a, b, c) >> 8) * 0x1p-24f;
}

uint32_t snn_random_below(snn_key key, uint64_t a, uint32_t b, uint32_t c, uint32_t n)
{
    uint32_t four[4];
    uint64_t wide;

    snn_random4(key, a, b, c, four);
    wide = (uint64_t)four[0] << 32 | four[1];
    /* High word of wide * n, by halves: (hi * n + (lo * n >> 32)) >> 32. */
    return (uint32_t)(((wide >> 32) * n + (((wide & 0xFFFFFFFFu) * n) >> 32)) >> 32);
}

void snn_random_permutation(snn_key key, uint32_t epoch, uint32_t n, uint32_t *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t j = snn_random_below(key, i, epoch, 0, i);
        const uint32_t held = out[i - 1];

        out[i - 1] = out[j];
        out[j] = held;
    }
}
