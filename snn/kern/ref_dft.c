/* SPDX-License-Identifier: BSD-3-Clause */
/* Transforms along rows, straight from their formulas; see ref.c. */
#include "snn/kern/ref.h"

#define TWO_PI 6.28318530717958647692

typedef struct {
    size_t f;
    bool sine;
} wave;

/* Frequency and kind of a row of the spectrum. */
static wave wave_of(size_t n, size_t row)
{
    size_t part = 0;

    while (row >= snn_dft_part_rows(n, part))
        row -= snn_dft_part_rows(n, part++);
    switch (part) {
    case SNN_DFT_EVEN_COS:
        return (wave){2 * row, false};
    case SNN_DFT_EVEN_SIN:
        return (wave){2 * row + 2, true};
    case SNN_DFT_ODD_COS:
        return (wave){2 * row + 1, false};
    default:
        return (wave){2 * row + 1, true};
    }
}

static double at(wave w, size_t n, size_t t)
{
    const double angle = TWO_PI * (double)(w.f * t % n) / (double)n;

    return w.sine ? -sin(angle) : cos(angle);
}

void snn_dft_forward_ref(const snn_dft_tables *tables, const float *x, size_t rows, size_t x_stride,
                         float *hat, size_t hat_stride, size_t columns, float *work)
{
    (void)work;
    for (size_t r = 0; r < tables->n; r++) {
        const wave w = wave_of(tables->n, r);

        for (size_t j = 0; j < columns; j++) {
            double sum = 0.0;

            for (size_t t = 0; t < rows; t++)
                sum += (double)x[t * x_stride + j] * at(w, tables->n, t);
            hat[r * hat_stride + j] = (float)sum;
        }
    }
}

void snn_dft_inverse_ref(const snn_dft_tables *tables, const float *hat, size_t hat_stride,
                         float *y, size_t rows, size_t y_stride, size_t columns, bool add,
                         float *work)
{
    const size_t n = tables->n;

    (void)work;
    for (size_t t = 0; t < rows; t++) {
        for (size_t j = 0; j < columns; j++) {
            double sum = 0.0;

            for (size_t r = 0; r < n; r++) {
                const wave w = wave_of(n, r);
                const double scale = (w.f == 0 || 2 * w.f == n ? 1.0 : 2.0) / (double)n;

                sum += scale * (double)hat[r * hat_stride + j] * at(w, n, t);
            }
            y[t * y_stride + j] = (float)(sum + (add ? (double)y[t * y_stride + j] : 0.0));
        }
    }
}
