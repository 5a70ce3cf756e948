/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/dft.h"

#include <cblas.h>
#include <fftw3.h>
#include <math.h>
#include <string.h>

#define TWO_PI 6.28318530717958647692

/* Up to this length a product with the DFT matrix beats FFTW with its
 * transposes (measured: equal at about 400). */
#define MATRIX_LENGTH 384u
/* FFTW lengths prepared: the longest and these shares of it. */
#define LENGTHS 4
/* Columns that FFTW transforms together. */
#define LANES 16u

struct snn_dft {
    snn_context *ctx;
    size_t longest; /* length that the longest signal needs */
    size_t n;       /* length in use */
    /* matrix way */
    size_t tabled;    /* length for which the tables hold */
    float *analysis;  /* [n][n/2]: row of spectrum, step */
    float *synthesis; /* [n/2][n]: step, row of spectrum */
    /* FFTW way */
    size_t length[LENGTHS];
    fftwf_plan to[LENGTHS], from[LENGTHS];
    int in_use;
    /* of one worker: sums and differences, or lanes for FFTW */
    size_t buffer_floats;
    float *buffer;
};

static bool is_smooth(size_t n)
{
    static const size_t primes[] = {2, 3, 5, 7};

    for (size_t i = 0; i < SNN_COUNT(primes); i++)
        while (n % primes[i] == 0)
            n /= primes[i];
    return n == 1;
}

/* Smallest even length >= n without prime factors above 7. */
static size_t smooth_length(size_t n)
{
    n += n % 2;
    while (!is_smooth(n))
        n += 2;
    return n;
}

double snn_dft_cost(size_t length, size_t rows)
{
    if (length <= MATRIX_LENGTH)
        return (double)length * (double)(rows < length / 2 ? rows : length / 2);
    /* 2.5 N log2 N operations at a tenth of the rate of a product, and copies. */
    return 10.0 * 1.25 * (double)length * log2((double)length) + 40.0 * (double)length;
}

static snn_status create_fftw(snn_dft *dft)
{
    snn_status st = SNN_OK;
    fftwf_complex *half;
    float *real;

    dft->longest = smooth_length(dft->longest);
    dft->buffer_floats = LANES * dft->longest + 2 * LANES * (dft->longest / 2 + 1);
    TRY_ALLOC(st, dft->ctx, dft->buffer, dft->buffer_floats * (size_t)dft->ctx->threads);
    real = dft->buffer;
    half = (fftwf_complex *)(dft->buffer + LANES * dft->longest);
    for (int i = 0; i < LENGTHS; i++) {
        const size_t n =
            i == 0 ? dft->longest : smooth_length(dft->longest * (size_t)(LENGTHS - i) / LENGTHS);
        const int length = (int)n;

        dft->length[i] = n;
        /* FFTW_ESTIMATE: the same plan on every run, so the same bits. */
        dft->to[i] = fftwf_plan_many_dft_r2c(1, &length, LANES, real, NULL, 1, length, half, NULL,
                                             1, length / 2 + 1, FFTW_ESTIMATE);
        dft->from[i] = fftwf_plan_many_dft_c2r(1, &length, LANES, half, NULL, 1, length / 2 + 1,
                                               real, NULL, 1, length, FFTW_ESTIMATE);
        if (dft->to[i] == NULL || dft->from[i] == NULL) {
            st = SNN_ENOMEM;
            goto done;
        }
    }
done:
    return st;
}

static snn_status create_matrices(snn_dft *dft)
{
    const size_t n = dft->longest;
    snn_status st = SNN_OK;

    dft->buffer_floats = n * SNN_DFT_COLUMNS;
    TRY_ALLOC(st, dft->ctx, dft->analysis, n * n / 2);
    TRY_ALLOC(st, dft->ctx, dft->synthesis, n * n / 2);
    TRY_ALLOC(st, dft->ctx, dft->buffer, dft->buffer_floats * (size_t)dft->ctx->threads);
done:
    return st;
}

snn_status snn_dft_create(snn_context *ctx, size_t longest, snn_dft **out)
{
    snn_dft *dft = NULL;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, ctx, dft, 1);
    dft->ctx = ctx;
    dft->longest = longest + longest % 2;
    if (dft->longest <= MATRIX_LENGTH)
        TRY(st, create_matrices(dft));
    else
        TRY(st, create_fftw(dft));
    *out = dft;
    dft = NULL;
done:
    snn_dft_destroy(dft);
    return st;
}

void snn_dft_destroy(snn_dft *dft)
{
    if (dft == NULL)
        return;
    for (int i = 0; i < LENGTHS; i++) {
        if (dft->to[i] != NULL)
            fftwf_destroy_plan(dft->to[i]);
        if (dft->from[i] != NULL)
            fftwf_destroy_plan(dft->from[i]);
    }
    snn_free(dft->ctx, dft->buffer);
    snn_free(dft->ctx, dft->synthesis);
    snn_free(dft->ctx, dft->analysis);
    snn_free(dft->ctx, dft);
}

/* Index of the shortest prepared length that holds `needed` rows. */
static int fftw_choice(const snn_dft *dft, size_t needed)
{
    int i = LENGTHS - 1;

    while (i > 0 && dft->length[i] < needed)
        i--;
    return i;
}

static bool is_matrix(const snn_dft *dft)
{
    return dft->analysis != NULL;
}

size_t snn_dft_length(const snn_dft *dft, size_t needed)
{
    SNN_ASSERT(needed <= dft->longest);
    return is_matrix(dft) ? needed + needed % 2 : dft->length[fftw_choice(dft, needed)];
}

/*
 * analysis[Re f][t] = cos(2 pi f t / n),   analysis[Im f][t] = -sin(2 pi f t / n)
 * synthesis = its transpose, scaled by 1/n (f = 0, n/2) or 2/n (others); both
 * for t < n/2 only.  Entries are rounded once, from double.
 */
static void fill_tables(snn_dft *dft)
{
    const size_t n = dft->n, half = n / 2;

    for (size_t f = 0; f < snn_dft_frequencies(n); f++) {
        const bool both = snn_dft_complex(n, f);
        const double scale = (both ? 2.0 : 1.0) / (double)n;

        for (size_t t = 0; t < half; t++) {
            const double angle = TWO_PI * (double)(f * t % n) / (double)n;

            dft->analysis[snn_dft_re(n, f) * half + t] = (float)cos(angle);
            dft->synthesis[t * n + snn_dft_re(n, f)] = (float)(cos(angle) * scale);
            if (both) {
                dft->analysis[snn_dft_im(n, f) * half + t] = (float)-sin(angle);
                dft->synthesis[t * n + snn_dft_im(n, f)] = (float)(-sin(angle) * scale);
            }
        }
    }
    dft->tabled = n;
}

size_t snn_dft_begin(snn_dft *dft, size_t needed)
{
    dft->n = snn_dft_length(dft, needed);
    if (!is_matrix(dft))
        dft->in_use = fftw_choice(dft, needed);
    else if (dft->tabled != dft->n)
        fill_tables(dft);
    return dft->n;
}

/* ---- matrix way -----------------------------------------------------------------
 *
 * With h = n/2, cos and sin of 2 pi f (t + h) / n are those of t, times (-1)^f.
 * So even frequencies need only x[t] + x[t+h], odd ones x[t] - x[t+h], t < h:
 * half the products.  Back likewise: y[t] = e + o, y[t+h] = e - o.
 */

static void multiply(size_t m, size_t columns, size_t k, const float *a, size_t a_stride,
                     const float *b, size_t b_stride, float beta, float *c, size_t c_stride)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)columns, (int)k, 1.0f, a,
                (int)a_stride, b, (int)b_stride, beta, c, (int)c_stride);
}

static void forward_matrix(const snn_dft *dft, int worker, const float *x, size_t rows,
                           size_t x_stride, float *hat, size_t hat_stride, size_t columns)
{
    const size_t n = dft->n, half = n / 2;
    float *sum = dft->buffer + (size_t)worker * dft->buffer_floats, *gap = sum + half * columns;

    if (rows <= half) {
        multiply(n, columns, rows, dft->analysis, half, x, x_stride, 0.0f, hat, hat_stride);
        return;
    }
    for (size_t t = 0; t < half; t++) {
        const float *early = x + t * x_stride, *late = early + half * x_stride;

        if (t + half < rows) {
            for (size_t j = 0; j < columns; j++) {
                sum[t * columns + j] = early[j] + late[j];
                gap[t * columns + j] = early[j] - late[j];
            }
        } else {
            memcpy(sum + t * columns, early, columns * sizeof *sum);
            memcpy(gap + t * columns, early, columns * sizeof *gap);
        }
    }
    multiply(half, columns, half, dft->analysis, half, sum, columns, 0.0f, hat, hat_stride);
    multiply(half, columns, half, dft->analysis + half * half, half, gap, columns, 0.0f,
             hat + half * hat_stride, hat_stride);
}

static void inverse_matrix(const snn_dft *dft, int worker, const float *hat, size_t hat_stride,
                           float *y, size_t rows, size_t y_stride, size_t columns, bool add)
{
    const size_t n = dft->n, half = n / 2;
    float *even = dft->buffer + (size_t)worker * dft->buffer_floats, *odd = even + half * columns;

    if (rows <= half) {
        multiply(rows, columns, n, dft->synthesis, n, hat, hat_stride, add ? 1.0f : 0.0f, y,
                 y_stride);
        return;
    }
    multiply(half, columns, half, dft->synthesis, n, hat, hat_stride, 0.0f, even, columns);
    multiply(half, columns, half, dft->synthesis + half, n, hat + half * hat_stride, hat_stride,
             0.0f, odd, columns);
    for (size_t t = 0; t < half; t++) {
        const float *e = even + t * columns, *o = odd + t * columns;
        float *early = y + t * y_stride, *late = early + half * y_stride;

        for (size_t j = 0; j < columns; j++)
            early[j] = (add ? early[j] : 0.0f) + (e[j] + o[j]);
        for (size_t j = 0; t + half < rows && j < columns; j++)
            late[j] = (add ? late[j] : 0.0f) + (e[j] - o[j]);
    }
}

/* ---- FFTW way: LANES columns at a time --------------------------------------- */

static void load_lanes(const snn_dft *dft, const float *x, size_t rows, size_t stride, size_t lanes,
                       float *real)
{
    const size_t n = dft->n;

    for (size_t t = 0; t < rows; t++)
        for (size_t j = 0; j < lanes; j++)
            real[j * n + t] = x[t * stride + j];
    for (size_t j = 0; j < lanes; j++)
        memset(real + j * n + rows, 0, (n - rows) * sizeof *real);
}

static void forward_fftw(const snn_dft *dft, int worker, const float *x, size_t rows,
                         size_t x_stride, float *hat, size_t hat_stride, size_t columns)
{
    const size_t n = dft->n, half_n = n / 2 + 1;
    float *real = dft->buffer + (size_t)worker * dft->buffer_floats;
    float *half = real + LANES * dft->longest; /* complex numbers, as pairs */

    for (size_t j0 = 0; j0 < columns; j0 += LANES) {
        const size_t lanes = columns - j0 < LANES ? columns - j0 : LANES;

        load_lanes(dft, x + j0, rows, x_stride, lanes, real);
        if (lanes < LANES)
            memset(real + lanes * n, 0, (LANES - lanes) * n * sizeof *real);
        fftwf_execute_dft_r2c(dft->to[dft->in_use], real, (fftwf_complex *)half);
        for (size_t f = 0; f < half_n; f++) {
            float *re = hat + snn_dft_re(n, f) * hat_stride + j0;
            float *im = hat + snn_dft_im(n, f) * hat_stride + j0;

            for (size_t j = 0; j < lanes; j++)
                re[j] = half[2 * (j * half_n + f)];
            if (snn_dft_complex(n, f))
                for (size_t j = 0; j < lanes; j++)
                    im[j] = half[2 * (j * half_n + f) + 1];
        }
    }
}

static void inverse_fftw(const snn_dft *dft, int worker, const float *hat, size_t hat_stride,
                         float *y, size_t rows, size_t y_stride, size_t columns, bool add)
{
    const size_t n = dft->n, half_n = n / 2 + 1;
    const float scale = 1.0f / (float)n;
    float *real = dft->buffer + (size_t)worker * dft->buffer_floats;
    float *half = real + LANES * dft->longest; /* complex numbers, as pairs */

    memset(half, 0, 2 * LANES * half_n * sizeof *half);
    for (size_t j0 = 0; j0 < columns; j0 += LANES) {
        const size_t lanes = columns - j0 < LANES ? columns - j0 : LANES;

        for (size_t f = 0; f < half_n; f++) {
            const float *re = hat + snn_dft_re(n, f) * hat_stride + j0;
            const float *im = hat + snn_dft_im(n, f) * hat_stride + j0;

            for (size_t j = 0; j < lanes; j++) {
                half[2 * (j * half_n + f)] = re[j];
                half[2 * (j * half_n + f) + 1] = snn_dft_complex(n, f) ? im[j] : 0.0f;
            }
        }
        fftwf_execute_dft_c2r(dft->from[dft->in_use], (fftwf_complex *)half, real);
        for (size_t t = 0; t < rows; t++) {
            float *out = y + t * y_stride + j0;

            for (size_t j = 0; j < lanes; j++)
                out[j] = (add ? out[j] : 0.0f) + real[j * n + t] * scale;
        }
    }
}

/* ---- both ways ------------------------------------------------------------------ */

void snn_dft_forward(const snn_dft *dft, int worker, const float *x, size_t rows, size_t x_stride,
                     float *hat, size_t hat_stride, size_t columns)
{
    SNN_DCHECK(rows <= dft->n && columns <= SNN_DFT_COLUMNS);
    if (is_matrix(dft))
        forward_matrix(dft, worker, x, rows, x_stride, hat, hat_stride, columns);
    else
        forward_fftw(dft, worker, x, rows, x_stride, hat, hat_stride, columns);
}

void snn_dft_inverse(const snn_dft *dft, int worker, const float *hat, size_t hat_stride, float *y,
                     size_t rows, size_t y_stride, size_t columns, bool add)
{
    SNN_DCHECK(rows <= dft->n && columns <= SNN_DFT_COLUMNS);
    if (is_matrix(dft))
        inverse_matrix(dft, worker, hat, hat_stride, y, rows, y_stride, columns, add);
    else
        inverse_fftw(dft, worker, hat, hat_stride, y, rows, y_stride, columns, add);
}
