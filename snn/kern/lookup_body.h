/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of spikes from tables, and neurons that answer with bits: see kern.h.
 *
 * A loaded vector of words serves as many samples as it has nibbles, and a table
 * a few steps, so the loop is bound by permutations and additions, not by loads: rows
 * may lie in the second-level cache.  Accumulators are named one by one, as in rows_body.h.
 */
#if VEC >= 8
#include <immintrin.h>
#endif

#if VEC == 16
#define LOOKUP_LANES   16u
#define LOOKUP_SOURCES 4u
#elif VEC == 8
#define LOOKUP_LANES   8u
#define LOOKUP_SOURCES 3u
#else
#define LOOKUP_LANES   0u
#define LOOKUP_SOURCES 0u
#endif

#if LOOKUP_LANES > 0

typedef uint32_t vec_words __attribute__((vector_size(4 * VEC)));
typedef uint32_t vec_words_anywhere __attribute__((vector_size(4 * VEC), aligned(4), may_alias));

static inline vec_words words_load(const uint32_t *p)
{
    return *(const vec_words_anywhere *)p;
}

/* table[index % VEC] of each lane. */
static inline vec lookup(vec table, vec_words index)
{
#if VEC == 16
    return (vec)_mm512_permutexvar_ps((__m512i)index, (__m512)table);
#else
    return (vec)_mm256_permutevar8x32_ps((__m256)table, (__m256i)index);
#endif
}

/* The nibbles of K sources of table k, one step. */
static inline vec_words lookup_index(const uint32_t *x, const int32_t *offset)
{
    vec_words index = words_load(x + offset[0]) | words_load(x + offset[1]);

    index |= words_load(x + offset[2]);
#if LOOKUP_SOURCES == 4
    index |= words_load(x + offset[3]);
#endif
    return index;
}

static inline float *lookup_place(float *out, size_t stride, size_t step, size_t group)
{
    const size_t p = group * VEC;

    return out + p / SNN_LOOKUP_LANES * stride + step * SNN_LOOKUP_LANES + p % SNN_LOOKUP_LANES;
}

#define LOOKUP_ZERO(g)   vec first##g = {0};
#define LOOKUP_ADD(g)    first##g += lookup(table, index >> (4 * (g)));
#define LOOKUP_STORE(g)  vec_store(lookup_place(out, stride, step, g), first##g);
#define LOOKUP_ZERO2(g)  vec second##g = {0};
#define LOOKUP_ADD2(g)   second##g += lookup(table, next >> (4 * (g)));
#define LOOKUP_STORE2(g) vec_store(lookup_place(out, stride, step + 1, g), second##g);

static inline void lookup_step(const snn_lookup_terms *terms, size_t step, float *out,
                               size_t stride)
{
    const uint32_t *x = terms->x + step * VEC;
    const int32_t *offset = terms->offset;

    EACH_VEC8(LOOKUP_ZERO)
    for (size_t k = 0; k < terms->tables; k++, offset += LOOKUP_SOURCES) {
        const vec table = vec_load(terms->table + k * VEC);
        const vec_words index = lookup_index(x, offset);

        EACH_VEC8(LOOKUP_ADD)
    }
    EACH_VEC8(LOOKUP_STORE)
}

#if VEC == 16
/* Two steps to a loaded table: registers hold their sums. */
static inline void lookup_steps2(const snn_lookup_terms *terms, size_t step, float *out,
                                 size_t stride)
{
    const uint32_t *x = terms->x + step * VEC;
    const int32_t *offset = terms->offset;

    EACH_VEC8(LOOKUP_ZERO)
    EACH_VEC8(LOOKUP_ZERO2)
    for (size_t k = 0; k < terms->tables; k++, offset += LOOKUP_SOURCES) {
        const vec table = vec_load(terms->table + k * VEC);
        const vec_words index = lookup_index(x, offset), next = lookup_index(x + VEC, offset);

        EACH_VEC8(LOOKUP_ADD)
        EACH_VEC8(LOOKUP_ADD2)
    }
    EACH_VEC8(LOOKUP_STORE)
    EACH_VEC8(LOOKUP_STORE2)
}
#endif

#undef LOOKUP_STORE2
#undef LOOKUP_ADD2
#undef LOOKUP_ZERO2
#undef LOOKUP_STORE
#undef LOOKUP_ADD
#undef LOOKUP_ZERO

static void lookup_sum(const snn_lookup_terms *terms, size_t steps, float *out, size_t stride)
{
    size_t step = 0;

#if VEC == 16
    for (; step + 2 <= steps; step += 2)
        lookup_steps2(terms, step, out, stride);
#endif
    for (; step < steps; step++)
        lookup_step(terms, step, out, stride);
}

/* Lane l of group g: bit g VEC % 16 + l of the sub-block's spikes. */
static void lookup_spread(const uint16_t *const *bits, size_t steps, uint32_t bit, uint32_t *words)
{
    vec_words lane, one = (vec_words){0} + 1u;

    for (uint32_t l = 0; l < VEC; l++)
        lane[l] = l;
    for (size_t s = 0; s < steps; s++) {
        vec_words sum = {0};

        for (uint32_t g = 0; g < SNN_LOOKUP_GROUPS; g++) {
            const uint32_t p = g * VEC;
            const uint16_t *from = bits[p / SNN_LOOKUP_LANES];
            const vec_words spikes = (vec_words){0} + (from != NULL ? from[s] : 0u);

            sum |= (((spikes >> p % SNN_LOOKUP_LANES) >> lane) & one) << (4 * g + bit);
        }
        *(vec_words_anywhere *)(words + s * VEC) = sum;
    }
}

#define LOOKUP_SUM    lookup_sum
#define LOOKUP_SPREAD lookup_spread
#else
#define LOOKUP_SUM    NULL
#define LOOKUP_SPREAD NULL
#endif

/* Bits of the lanes where h reaches the threshold. */
static inline uint32_t reached(vec h, vec threshold)
{
#if VEC == 16
    return _mm512_cmp_ps_mask((__m512)h, (__m512)threshold, _CMP_GE_OQ);
#elif VEC == 8
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)h, (__m256)threshold, _CMP_GE_OQ));
#else
    uint32_t bits = 0;

    for (uint32_t l = 0; l < VEC; l++)
        bits |= (uint32_t)(h[l] >= threshold[l]) << l;
    return bits;
#endif
}

typedef int32_t vec_mask __attribute__((vector_size(4 * VEC)));

static inline vec either(vec_mask which, vec yes, vec no)
{
    return (vec)(((vec_mask)yes & which) | ((vec_mask)no & ~which));
}

static void lif_fire(const snn_lif *lif, size_t c, float bias, const float *row, size_t steps,
                     float *v, uint16_t *bits)
{
    const bool normed = lif->mean != NULL, hard = lif->reset == SNN_RESET_HARD;
    const vec mean = vec_splat(normed ? lif->mean[c] - bias : -bias);
    const vec scale = vec_splat(normed ? lif->scale[c] : 1.0f);
    const vec shift = vec_splat(normed ? lif->shift[c] : 0.0f);
    const vec decay = vec_splat(lif->decay), gain = vec_splat(lif->gain);
    const vec leak = vec_splat(lif->leak), threshold = vec_splat(lif->threshold);
    const vec rest = vec_splat(lif->v_reset);

    for (size_t s = 0; s < steps; s++)
        bits[s] = 0;
    for (uint32_t lane = 0; lane < SNN_LOOKUP_LANES; lane += VEC) {
        vec u = vec_load(v + lane);

        for (size_t s = 0; s < steps; s++) {
            const vec conv = vec_load(row + s * SNN_LOOKUP_LANES + lane);
            const vec h = decay * u + leak + gain * ((conv - mean) * scale + shift);

            bits[s] |= (uint16_t)(reached(h, threshold) << lane);
            u = either(h >= threshold, hard ? rest : h - threshold, h);
        }
        vec_store(v + lane, u);
    }
}
