/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/dft.h"

#include "snn/kern/kern.h"

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
    snn_dft_tables tables; /* of the length in use, made of */
    float *analysis, *synthesis;
    /* FFTW way */
    size_t length[LENGTHS];
    fftwf_plan to[LENGTHS], from[LENGTHS];
    int in_use;
    /* of one worker: scratch of the kernels, or lanes for FFTW */
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

/* Multiply-adds of a column's transform by matrices: halves of halves of the signal. */
static double by_matrix(size_t length, size_t rows)
{
    return (double)length * (double)(rows < length / 4 ? rows : length / 4);
}

void snn_dft_count(size_t length, size_t rows, double columns, snn_delay_work *work)
{
    if (length <= MATRIX_LENGTH)
        work->of[SNN_COST_DFT] += columns * by_matrix(length, rows);
    else
        work->of[SNN_COST_FFTW] += columns * (double)length * log2((double)length);
}

double snn_dft_operations(size_t length, size_t rows)
{
    if (length <= MATRIX_LENGTH)
        return 2.0 * by_matrix(length, rows);
    return 2.5 * (double)length * log2((double)length);
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

    size_t floats = 0; /* most for the longest */

    for (size_t part = 0; part < SNN_DFT_PARTS; part++)
        floats += snn_dft_part_rows(n, part) * snn_dft_part_rows(n, part);
    dft->buffer_floats = SNN_DFT_WORK(n, SNN_DFT_COLUMNS);
    TRY_ALLOC(st, dft->ctx, dft->analysis, floats);
    TRY_ALLOC(st, dft->ctx, dft->synthesis, floats);
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

/* Entries are rounded once, from double. */
static void fill_tables(snn_dft *dft)
{
    const size_t n = dft->n;
    float *analysis = dft->analysis, *synthesis = dft->synthesis;

    for (size_t part = 0; part < SNN_DFT_PARTS; part++) {
        const size_t size = snn_dft_part_rows(n, part), first = snn_dft_part_first(part);
        const size_t f0 = part == SNN_DFT_EVEN_COS ? 0 : part == SNN_DFT_EVEN_SIN ? 2 : 1;

        for (size_t r = 0; r < size; r++) {
            const size_t f = f0 + 2 * r;
            const double scale = (snn_dft_complex(n, f) ? 2.0 : 1.0) / (double)n;

            for (size_t c = 0; c < size; c++) {
                const double angle = TWO_PI * (double)(f * (first + c) % n) / (double)n;
                const double wave = first == 0 ? cos(angle) : -sin(angle);

                analysis[r * size + c] = (float)wave;
                synthesis[c * size + r] = (float)(wave * scale);
            }
        }
        analysis += size * size;
        synthesis += size * size;
    }
    dft->tables = (snn_dft_tables){n, dft->analysis, dft->synthesis};
}

size_t snn_dft_begin(snn_dft *dft, size_t needed)
{
    dft->n = snn_dft_length(dft, needed);
    if (!is_matrix(dft))
        dft->in_use = fftw_choice(dft, needed);
    else if (dft->tables.n != dft->n)
        fill_tables(dft);
    return dft->n;
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
        dft->ctx->kern->dft_forward(&dft->tables, x, rows, x_stride, hat, hat_stride, columns,
                                    dft->buffer + (size_t)worker * dft->buffer_floats);
    else
        forward_fftw(dft, worker, x, rows, x_stride, hat, hat_stride, columns);
}

void snn_dft_inverse(const snn_dft *dft, int worker, const float *hat, size_t hat_stride, float *y,
                     size_t rows, size_t y_stride, size_t columns, bool add)
{
    SNN_DCHECK(rows <= dft->n && columns <= SNN_DFT_COLUMNS);
    if (is_matrix(dft))
        dft->ctx->kern->dft_inverse(&dft->tables, hat, hat_stride, y, rows, y_stride, columns, add,
                                    dft->buffer + (size_t)worker * dft->buffer_floats);
    else
        inverse_fftw(dft, worker, hat, hat_stride, y, rows, y_stride, columns, add);
}
