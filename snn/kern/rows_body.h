/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums and products of shifted rows, and transposition: see kern.h.
 *
 * A loaded vector serves one multiply-add, since each term has a shift of its own; so
 * the loop is bound by loads from the first-level cache, which the callers' blocks fit.
 * Accumulators are named one by one: compilers keep an array of them in memory.
 */

#if defined __AVX512F__
#include <immintrin.h>
#define VEC 16
#elif defined __AVX2__
#define VEC 8
#else
#define VEC 4
#endif

/* Vectors of a row that are summed side by side: half of the registers, or less for what
 * is left of a row, where one sum alone would wait for each addition to end. */
#define EACH_VEC1(do)                                                                              \
    do                                                                                             \
    (0)
#define EACH_VEC2(do)  EACH_VEC1(do) do(1)
#define EACH_VEC3(do)  EACH_VEC2(do) do(2)
#define EACH_VEC4(do)  EACH_VEC3(do) do(3)
#define EACH_VEC5(do)  EACH_VEC4(do) do(4)
#define EACH_VEC6(do)  EACH_VEC5(do) do(5)
#define EACH_VEC7(do)  EACH_VEC6(do) do(6)
#define EACH_VEC8(do)  EACH_VEC7(do) do(7)
#define EACH_VEC9(do)  EACH_VEC8(do) do(8)
#define EACH_VEC10(do) EACH_VEC9(do) do(9)
#define EACH_VEC11(do) EACH_VEC10(do) do(10)
#define EACH_VEC12(do) EACH_VEC11(do) do(11)
#define EACH_VEC13(do) EACH_VEC12(do) do(12)
#define EACH_VEC14(do) EACH_VEC13(do) do(13)
#define EACH_VEC15(do) EACH_VEC14(do) do(14)
#define EACH_VEC16(do) EACH_VEC15(do) do(15)

typedef float vec __attribute__((vector_size(4 * VEC)));
typedef float vec_anywhere __attribute__((vector_size(4 * VEC), aligned(4), may_alias));

static inline vec vec_load(const float *p)
{
    return *(const vec_anywhere *)p;
}

static inline void vec_store(float *p, vec v)
{
    *(vec_anywhere *)p = v;
}

static inline vec vec_splat(float x)
{
    return x - (vec){0};
}

typedef float vec4 __attribute__((vector_size(16)));
typedef float vec8 __attribute__((vector_size(32)));

/* Halves added to each other until one number is left: a fixed order.  By shuffles, not
 * through an array: gcc 12's AddressSanitizer moves a frame that has one to where its
 * 64-byte vectors are not aligned. */
static inline float vec_sum(vec v)
{
#if VEC == 16
    const vec8 eight = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                       __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#elif VEC == 8
    const vec8 eight = v;
#endif
#if VEC >= 8
    const vec4 four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
                      __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
#else
    const vec4 four = v;
#endif

    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* Columns j .. j + VECS VEC of one row. */
#define ROWS_LOAD(v)  vec sum##v = vec_load(out + j + (v)*VEC);
#define ROWS_ADD(v)   sum##v += w * vec_load(in + (v)*VEC);
#define ROWS_STORE(v) vec_store(out + j + (v)*VEC, sum##v);
#define ROWS_BLOCK(VECS)                                                                           \
    static inline void rows_block##VECS(const snn_row_terms *shift, size_t from, size_t to,        \
                                        size_t j, float *out)                                      \
    {                                                                                              \
        EACH_VEC##VECS(ROWS_LOAD) for (size_t n = from; n < to; n++)                               \
        {                                                                                          \
            const float *in = shift->in + shift->offset[n] + j;                                    \
            const vec w = vec_splat(shift->weight[n]);                                             \
                                                                                                   \
            EACH_VEC##VECS(ROWS_ADD)                                                               \
        }                                                                                          \
        EACH_VEC##VECS(ROWS_STORE)                                                                 \
    }
#if VEC == 16
ROWS_BLOCK(16)
#endif
ROWS_BLOCK(8)
ROWS_BLOCK(4)
ROWS_BLOCK(2)

#if VEC == 16
/*
 * A vector that straddles two lines of the cache costs two loads.  So lines are loaded once
 * each, and vectors joined from two of them: a load and a shuffle.  Multiply-adds and shuffles
 * share two units, loads have two more; the last vectors, straddling, balance them.
 */
static const int32_t rows_places[2 * VEC]
    __attribute__((aligned(64))) = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

#define STRADDLING(VECS) ((VECS) > 12 ? 3 : (VECS) > 8 ? 2 : 1)
/* The empty statement: a compiler would rather load `high` twice than keep it. */
#define LINES_ADD(v)                                                                               \
    if ((v) < joined) {                                                                            \
        __m512 high = _mm512_load_ps(line + ((v) + 1) * VEC);                                      \
                                                                                                   \
        __asm__("" : "+v"(high));                                                                  \
        sum##v += w * (vec)_mm512_permutex2var_ps(low, place, high);                               \
        low = high;                                                                                \
    } else {                                                                                       \
        sum##v += w * vec_load(in + (v)*VEC);                                                      \
    }
#define LINES_BLOCK(VECS)                                                                          \
    static void lines_block##VECS(const snn_row_terms *shift, size_t from, size_t to, size_t j,    \
                                  float *out)                                                      \
    {                                                                                              \
        const size_t joined = (VECS)-STRADDLING(VECS);                                             \
        EACH_VEC##VECS(ROWS_LOAD) for (size_t n = from; n < to; n++)                               \
        {                                                                                          \
            const float *in = shift->in + shift->offset[n] + j;                                    \
            const size_t past = (uintptr_t)in / sizeof *in % VEC;                                  \
            const float *line = in - past;                                                         \
            const __m512i place = _mm512_loadu_si512(rows_places + past);                          \
            const vec w = vec_splat(shift->weight[n]);                                             \
            __m512 low = _mm512_load_ps(line);                                                     \
                                                                                                   \
            EACH_VEC##VECS(LINES_ADD)                                                              \
        }                                                                                          \
        EACH_VEC##VECS(ROWS_STORE)                                                                 \
    }
LINES_BLOCK(16)
LINES_BLOCK(15)
LINES_BLOCK(14)
LINES_BLOCK(13)
LINES_BLOCK(12)
LINES_BLOCK(11)
LINES_BLOCK(10)
LINES_BLOCK(9)
LINES_BLOCK(8)
LINES_BLOCK(7)
LINES_BLOCK(6)
LINES_BLOCK(5)
LINES_BLOCK(4)
LINES_BLOCK(3)
LINES_BLOCK(2)

/* What is left of a row is one block too: each row costs the same. */
static void lines_add(const snn_row_terms *shift, size_t rows, float *out, size_t stride)
{
    typedef void block(const snn_row_terms *, size_t, size_t, size_t, float *);
    static block *const blocks[] = {lines_block2,  lines_block3,  lines_block4,  lines_block5,
                                    lines_block6,  lines_block7,  lines_block8,  lines_block9,
                                    lines_block10, lines_block11, lines_block12, lines_block13,
                                    lines_block14, lines_block15, lines_block16};
    const size_t most = 16;

    for (size_t j = 0; j < shift->columns;) {
        const size_t left = (shift->columns - j) / VEC, vectors = left < most ? left : most;
        float *row = out;

        for (size_t r = 0; r < rows; r++, row += stride) {
            const size_t from = shift->first[r], to = shift->first[r + 1];

            if (from == to)
                continue;
            if (vectors > 1) {
                blocks[vectors - 2](shift, from, to, j, row);
                continue;
            }
            for (size_t n = from; n < to; n++)
                vec_store(row + j,
                          vec_load(row + j) + vec_splat(shift->weight[n]) *
                                                  vec_load(shift->in + shift->offset[n] + j));
        }
        j += vectors * VEC;
    }
}
#endif
#undef ROWS_BLOCK
#undef ROWS_STORE
#undef ROWS_ADD
#undef ROWS_LOAD

static void rows_add(const snn_row_terms *shift, size_t rows, float *out, size_t stride)
{
#if VEC == 16
    if (shift->lines) {
        lines_add(shift, rows, out, stride);
        return;
    }
#endif
    for (size_t r = 0; r < rows; r++, out += stride) {
        const size_t from = shift->first[r], to = shift->first[r + 1], columns = shift->columns;
        size_t j = 0;

        if (from == to)
            continue;
#if VEC == 16
        for (; j + (size_t)16 * VEC <= columns; j += (size_t)16 * VEC)
            rows_block16(shift, from, to, j, out);
#endif
        for (; j + (size_t)8 * VEC <= columns; j += (size_t)8 * VEC)
            rows_block8(shift, from, to, j, out);
        for (; j + (size_t)4 * VEC <= columns; j += (size_t)4 * VEC)
            rows_block4(shift, from, to, j, out);
        for (; j + (size_t)2 * VEC <= columns; j += (size_t)2 * VEC)
            rows_block2(shift, from, to, j, out);
        for (; j < columns; j += VEC) {
            vec sum = vec_load(out + j);

            for (size_t n = from; n < to; n++)
                sum += vec_splat(shift->weight[n]) * vec_load(shift->in + shift->offset[n] + j);
            vec_store(out + j, sum);
        }
    }
}

#define DOTS 8 /* terms that share a loaded vector of the row */

static inline void rows_dots(const snn_row_terms *shift, size_t n, const float *row, float *g)
{
    const float *in = shift->in;
    const int32_t *at = shift->offset + n;
    vec sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};
    vec sum4 = {0}, sum5 = {0}, sum6 = {0}, sum7 = {0};

    for (size_t j = 0; j < shift->columns; j += VEC) {
        const vec r = vec_load(row + j);

        sum0 += r * vec_load(in + at[0] + j);
        sum1 += r * vec_load(in + at[1] + j);
        sum2 += r * vec_load(in + at[2] + j);
        sum3 += r * vec_load(in + at[3] + j);
        sum4 += r * vec_load(in + at[4] + j);
        sum5 += r * vec_load(in + at[5] + j);
        sum6 += r * vec_load(in + at[6] + j);
        sum7 += r * vec_load(in + at[7] + j);
    }
    g[n] += vec_sum(sum0);
    g[n + 1] += vec_sum(sum1);
    g[n + 2] += vec_sum(sum2);
    g[n + 3] += vec_sum(sum3);
    g[n + 4] += vec_sum(sum4);
    g[n + 5] += vec_sum(sum5);
    g[n + 6] += vec_sum(sum6);
    g[n + 7] += vec_sum(sum7);
}

static void rows_dot(const snn_row_terms *shift, size_t rows, const float *row, size_t stride,
                     float *g)
{
    for (size_t r = 0; r < rows; r++, row += stride) {
        const size_t to = shift->first[r + 1];
        size_t n = shift->first[r];

        for (; n + DOTS <= to; n += DOTS)
            rows_dots(shift, n, row, g);
        for (; n < to; n++) {
            vec sum = {0};

            for (size_t j = 0; j < shift->columns; j += VEC)
                sum += vec_load(row + j) * vec_load(shift->in + shift->offset[n] + j);
            g[n] += vec_sum(sum);
        }
    }
}

/* ---- transposition ------------------------------------------------------------------ */

typedef float vec4_anywhere __attribute__((vector_size(16), aligned(4), may_alias));

/* `past`: into memory without its line being read; stores of whole lines, one behind the other. */
static inline __attribute__((always_inline)) void vec4_store(float *p, vec4 v, bool past)
{
#ifdef __SSE2__
    if (past) {
        _mm_stream_ps(p, v);
        return;
    }
#endif
    (void)past;
    *(vec4_anywhere *)p = v;
}

static inline __attribute__((always_inline)) void
transpose_4x4(const float *in, size_t in_stride, float *out, size_t out_stride, bool past)
{
    const vec4 a = *(const vec4_anywhere *)in, b = *(const vec4_anywhere *)(in + in_stride);
    const vec4 c = *(const vec4_anywhere *)(in + 2 * in_stride),
               d = *(const vec4_anywhere *)(in + 3 * in_stride);
    const vec4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const vec4 ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const vec4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const vec4 cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);

    vec4_store(out, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5), past);
    vec4_store(out + out_stride, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7), past);
    vec4_store(out + 2 * out_stride, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), past);
    vec4_store(out + 3 * out_stride, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7), past);
}

/* Four rows, or columns, at a time: those that lie farther apart.  A step of all samples is
 * a quarter of a megabyte, so their lines come from memory one by one and fall into the same
 * set of a cache, which holds eight: four that are turned and four that are fetched. */
#define FAR         4
#define LINE_FLOATS 16

static void transpose_tail(size_t rows, size_t columns, const float *in, size_t in_stride,
                           float *out, size_t out_stride)
{
    for (size_t c = 0; c < columns; c++)
        for (size_t r = 0; r < rows; r++)
            out[c * out_stride + r] = in[r * in_stride + c];
}

static void transpose(size_t rows, size_t columns, const float *in, size_t in_stride, float *out,
                      size_t out_stride)
{
    const size_t whole_r = rows / FAR * FAR, whole_c = columns / FAR * FAR;

    if (in_stride >= out_stride) {
        for (size_t r = 0; r < whole_r; r += FAR) {
            const float *next = in + (r + FAR < whole_r ? r + FAR : r) * in_stride;

            for (size_t c = 0; c < whole_c; c += FAR) {
                for (size_t i = 0; c % LINE_FLOATS == 0 && i < FAR; i++)
                    __builtin_prefetch(next + i * in_stride + c, 0);
                transpose_4x4(in + r * in_stride + c, in_stride, out + c * out_stride + r,
                              out_stride, false);
            }
        }
    } else {
        for (size_t c = 0; c < whole_c; c += FAR) {
            const float *next = out + (c + FAR < whole_c ? c + FAR : c) * out_stride;

            for (size_t r = 0; r < whole_r; r += FAR) {
                for (size_t i = 0; r % LINE_FLOATS == 0 && i < FAR; i++)
                    __builtin_prefetch(next + i * out_stride + r, 1);
                transpose_4x4(in + r * in_stride + c, in_stride, out + c * out_stride + r,
                              out_stride, false);
            }
        }
    }
    transpose_tail(rows - whole_r, columns, in + whole_r * in_stride, in_stride, out + whole_r,
                   out_stride);
    transpose_tail(whole_r, columns - whole_c, in + whole_c, in_stride, out + whole_c * out_stride,
                   out_stride);
}

static void transpose_past(size_t rows, size_t columns, const float *in, size_t in_stride,
                           float *out, size_t out_stride)
{
    const bool lines = (uintptr_t)out % 64 == 0 && out_stride % LINE_FLOATS == 0;
    const size_t whole_r = rows / LINE_FLOATS * LINE_FLOATS, whole_c = columns / FAR * FAR;

    if (!lines || whole_r == 0) {
        transpose(rows, columns, in, in_stride, out, out_stride);
        return;
    }
    for (size_t c = 0; c < whole_c; c += FAR)
        for (size_t r = 0; r < whole_r; r += FAR)
            transpose_4x4(in + r * in_stride + c, in_stride, out + c * out_stride + r, out_stride,
                          true);
#ifdef __SSE2__
    _mm_sfence();
#endif
    transpose_tail(rows - whole_r, columns, in + whole_r * in_stride, in_stride, out + whole_r,
                   out_stride);
    transpose_tail(whole_r, columns - whole_c, in + whole_c, in_stride, out + whole_c * out_stride,
                   out_stride);
}
