/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real Fourier transforms along rows as products with small matrices: see kern.h.
 *
 * With h = n/2 the waves of step t tell those of h - t, h + t and n - t, but for signs:
 *
 *               cos, f even   sin, f even   cos, f odd   sin, f odd
 *     h - t          +             -             -            +
 *     h + t          +             +             -            -
 *     n - t          +             -             +            -
 *
 * So a part of the spectrum needs but one sum of four rows for each t <= h/2, and there are
 * a quarter of the products.  Back likewise: four sums of parts make four rows.
 */

/* Rows of a product that are summed in registers, two vectors each.  Named one by one:
 * compilers keep an array of them in memory. */
#if defined __AVX512F__
#define DFT_ROWS 12
#define EACH_ROW(do)                                                                               \
    do                                                                                             \
    (0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11)
#else
#define DFT_ROWS 6
#define EACH_ROW(do)                                                                               \
    do                                                                                             \
    (0) do(1) do(2) do(3) do(4) do(5)
#endif
#define DFT_STRIP (2 * VEC) /* columns of a product at a time */

/* A matrix of the tables and `rows` of its rows. */
typedef struct {
    const float *a;
    size_t rows, k, stride;
} dft_matrix;

/* c[r][j] = or += sum_k a[r][k] b[k][j] for DFT_STRIP columns; m->rows is a constant. */
static inline __attribute__((always_inline)) void dft_block(const dft_matrix *m, size_t rows,
                                                            const float *b, size_t b_stride,
                                                            bool add, float *c, size_t c_stride)
{
    const float *a = m->a;

#define ZERO(r)                                                                                    \
    vec low##r = {0}, high##r = {0};                                                               \
    if ((r) < rows && add) {                                                                       \
        low##r = vec_load(c + (r)*c_stride);                                                       \
        high##r = vec_load(c + (r)*c_stride + VEC);                                                \
    }
    EACH_ROW(ZERO)
    for (size_t k = 0; k < m->k; k++, b += b_stride) {
        const vec low = vec_load(b), high = vec_load(b + VEC);

#define ADD(r)                                                                                     \
    if ((r) < rows) {                                                                              \
        const vec w = vec_splat(a[(r)*m->stride + k]);                                             \
                                                                                                   \
        low##r += w * low;                                                                         \
        high##r += w * high;                                                                       \
    }
        EACH_ROW(ADD)
    }
#define STORE(r)                                                                                   \
    if ((r) < rows) {                                                                              \
        vec_store(c + (r)*c_stride, low##r);                                                       \
        vec_store(c + (r)*c_stride + VEC, high##r);                                                \
    }
    EACH_ROW(STORE)
#undef ZERO
#undef ADD
#undef STORE
}

static __attribute__((noinline)) void
dft_strip(const dft_matrix *m, const float *b, size_t b_stride, bool add, float *c, size_t c_stride)
{
    switch (m->rows) {
#define CASE(r)                                                                                    \
    case (r) + 1:                                                                                  \
        dft_block(m, (r) + 1, b, b_stride, add, c, c_stride);                                      \
        break;
        EACH_ROW(CASE)
#undef CASE
    }
}

/* The same for all rows and columns; b has whole strips, c has not. */
static void dft_product(const dft_matrix *m, const float *b, size_t b_stride, bool add, float *c,
                        size_t c_stride, size_t columns)
{
    const size_t blocks = (m->rows + DFT_ROWS - 1) / DFT_ROWS;
    float edge[DFT_ROWS * DFT_STRIP];

    for (size_t j = 0; j < columns; j += DFT_STRIP) {
        const size_t wide = columns - j < DFT_STRIP ? columns - j : DFT_STRIP;

        for (size_t i = 0; i < blocks; i++) {
            const size_t from = m->rows * i / blocks, rows = m->rows * (i + 1) / blocks - from;
            const dft_matrix part = {m->a + from * m->stride, rows, m->k, m->stride};
            float *out = c + from * c_stride + j;

            if (wide == DFT_STRIP) {
                dft_strip(&part, b + j, b_stride, add, out, c_stride);
                continue;
            }
            for (size_t r = 0; add && r < rows; r++)
                memcpy(edge + r * DFT_STRIP, out + r * c_stride, wide * sizeof *edge);
            dft_strip(&part, b + j, b_stride, add, edge, DFT_STRIP);
            for (size_t r = 0; r < rows; r++)
                memcpy(out + r * c_stride, edge + r * DFT_STRIP, wide * sizeof *edge);
        }
    }
}

/* Rows in scratch: whole strips, and one vector more, since a stride that is a power of two
 * puts all rows into the same sets of the cache. */
static inline size_t dft_stride(size_t columns)
{
    return (columns + SNN_DFT_WIDEN - 1) / SNN_DFT_WIDEN * SNN_DFT_WIDEN + SNN_DFT_WIDEN / 2;
}

static void dft_copy_rows(const float *in, size_t in_stride, size_t rows, size_t columns,
                          float *out, size_t out_stride)
{
    for (size_t r = 0; r < rows; r++, in += in_stride, out += out_stride) {
        memcpy(out, in, columns * sizeof *out);
        memset(out + columns, 0, (out_stride - columns) * sizeof *out);
    }
}

/* Where the rows of each part begin in scratch; wave t of a sine is its row t - 1. */
typedef struct {
    float *row[SNN_DFT_PARTS];
    size_t stride, columns;
} dft_parts;

static dft_parts dft_part_rows(size_t n, size_t columns, float *rows)
{
    dft_parts parts = {.stride = dft_stride(columns), .columns = columns};

    for (size_t part = 0; part < SNN_DFT_PARTS; part++) {
        parts.row[part] = rows;
        rows += snn_dft_part_rows(n, part) * parts.stride;
    }
    return parts;
}

/* The row of an odd part for a step that is its own mirror image, 0 or h/2. */
static float *dft_odd_alone(const dft_parts *parts, size_t t)
{
    return t == 0 ? parts->row[SNN_DFT_ODD_COS]
                  : parts->row[SNN_DFT_ODD_SIN] + (t - 1) * parts->stride;
}

static void dft_fold_alone(const dft_parts *parts, size_t t, const float *early, const float *late)
{
    float *even = parts->row[SNN_DFT_EVEN_COS] + t * parts->stride;
    float *odd = dft_odd_alone(parts, t);

    for (size_t j = 0; j < parts->columns; j++) {
        even[j] = early[j] + late[j];
        odd[j] = early[j] - late[j];
    }
}

/* Sums of four rows for all parts; `zero` stands for rows that x lacks. */
static void dft_fold(size_t n, const float *x, size_t rows, size_t x_stride, const float *zero,
                     const dft_parts *parts)
{
#define ROW(t) ((t) < rows ? x + (t)*x_stride : zero)
    const size_t h = n / 2, stride = parts->stride;

    dft_fold_alone(parts, 0, ROW(0), ROW(h));
    for (size_t t = 1; 2 * t < h; t++) {
        const float *p = ROW(t), *q = ROW(h - t), *u = ROW(h + t), *v = ROW(n - t);
        float *a = parts->row[SNN_DFT_EVEN_COS] + t * stride;
        float *b = parts->row[SNN_DFT_EVEN_SIN] + (t - 1) * stride;
        float *c = parts->row[SNN_DFT_ODD_COS] + t * stride;
        float *d = parts->row[SNN_DFT_ODD_SIN] + (t - 1) * stride;

        for (size_t j = 0; j < parts->columns; j++) {
            const float even = p[j] + u[j], even_mirror = q[j] + v[j];
            const float odd = p[j] - u[j], odd_mirror = q[j] - v[j];

            a[j] = even + even_mirror;
            b[j] = even - even_mirror;
            c[j] = odd - odd_mirror;
            d[j] = odd + odd_mirror;
        }
    }
    if (h % 2 == 0)
        dft_fold_alone(parts, h / 2, ROW(h / 2), ROW(h / 2 + h));
#undef ROW
}

/* So few that none has a mirror image among them. */
static inline bool dft_few(size_t n, size_t rows)
{
    return rows <= (n / 2 + 1) / 2;
}

static void dft_forward(const snn_dft_tables *tables, const float *x, size_t rows, size_t x_stride,
                        float *hat, size_t hat_stride, size_t columns, float *work)
{
    const size_t n = tables->n;
    const dft_parts parts = dft_part_rows(n, columns, work);
    const bool few = dft_few(n, rows);
    const float *a = tables->analysis;
    float *zero = work + n * parts.stride;

    if (few) {
        dft_copy_rows(x, x_stride, rows, columns, work, parts.stride);
    } else {
        memset(zero, 0, columns * sizeof *zero);
        dft_fold(n, x, rows, x_stride, zero, &parts);
    }
    for (size_t part = 0; part < SNN_DFT_PARTS; part++) {
        const size_t size = snn_dft_part_rows(n, part), first = snn_dft_part_first(part);
        const dft_matrix m = {a, size, few ? rows - first : size, size};
        const float *in = few ? work + first * parts.stride : parts.row[part];

        dft_product(&m, in, parts.stride, false, hat, hat_stride, columns);
        a += size * size;
        hat += size * hat_stride;
    }
}

/* y[j] = or += a[j] + sign b[j] */
static inline void dft_put(float *y, const float *a, float sign, const float *b, size_t columns,
                           bool add)
{
    if (add)
        for (size_t j = 0; j < columns; j++)
            y[j] += a[j] + sign * b[j];
    else
        for (size_t j = 0; j < columns; j++)
            y[j] = a[j] + sign * b[j];
}

/* From parts to the rows of y; destroys the parts. */
static void dft_unfold(size_t n, const dft_parts *parts, float *y, size_t rows, size_t y_stride,
                       bool add)
{
    const size_t h = n / 2, stride = parts->stride, columns = parts->columns;

    for (size_t t = 0; 2 * t <= h; t++) {
        float *even = parts->row[SNN_DFT_EVEN_COS] + t * stride;
        const bool alone = t == 0 || 2 * t == h;
        float *odd =
            alone ? dft_odd_alone(parts, t) : parts->row[SNN_DFT_ODD_SIN] + (t - 1) * stride;

        if (!alone) {
            float *b = parts->row[SNN_DFT_EVEN_SIN] + (t - 1) * stride;
            float *c = parts->row[SNN_DFT_ODD_COS] + t * stride;

            for (size_t j = 0; j < columns; j++) {
                const float even_t = even[j] + b[j], even_mirror = even[j] - b[j];
                const float odd_t = odd[j] + c[j], odd_mirror = odd[j] - c[j];

                even[j] = even_t;
                odd[j] = odd_t;
                b[j] = even_mirror;
                c[j] = odd_mirror;
            }
            if (h - t < rows)
                dft_put(y + (h - t) * y_stride, b, 1.0f, c, columns, add);
            if (n - t < rows)
                dft_put(y + (n - t) * y_stride, b, -1.0f, c, columns, add);
        }
        if (t < rows)
            dft_put(y + t * y_stride, even, 1.0f, odd, columns, add);
        if (h + t < rows)
            dft_put(y + (h + t) * y_stride, even, -1.0f, odd, columns, add);
    }
}

static void dft_inverse(const snn_dft_tables *tables, const float *hat, size_t hat_stride, float *y,
                        size_t rows, size_t y_stride, size_t columns, bool add, float *work)
{
    const size_t n = tables->n, stride = dft_stride(columns), strips = stride - SNN_DFT_WIDEN / 2;
    const dft_parts parts = dft_part_rows(n, columns, work + n * stride);
    const bool few = dft_few(n, rows);
    const float *s = tables->synthesis;
    float *in = work, *sum = parts.row[0];

    dft_copy_rows(hat, hat_stride, n, columns, work, stride);
    if (few)
        memset(sum, 0, rows * stride * sizeof *sum);
    for (size_t part = 0; part < SNN_DFT_PARTS; part++) {
        const size_t size = snn_dft_part_rows(n, part), first = snn_dft_part_first(part);
        const dft_matrix m = {s, few ? rows - first : size, size, size};

        dft_product(&m, in, stride, few, few ? sum + first * stride : parts.row[part], stride,
                    strips);
        s += size * size;
        in += size * stride;
    }
    if (!few) {
        dft_unfold(n, &parts, y, rows, y_stride, add);
        return;
    }
    for (size_t t = 0; t < rows; t++, y += y_stride, sum += stride)
        for (size_t j = 0; j < columns; j++)
            y[j] = add ? y[j] + sum[j] : sum[j];
}

#undef EACH_ROW
