/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real Fourier transforms along the outermost axis of [rows, columns] arrays:
 * the only file that knows FFTW.
 *
 * A spectrum of even length N has N real rows: first those of the even
 * frequencies, then those of the odd ones, each group with its real parts before
 * its imaginary ones (which f = 0 and f = N/2 lack).  Row f, column j belongs to
 * column j of the input, so each frequency is a contiguous matrix.  (kern.h has the
 * same layout in four parts.)
 *
 * Two ways: short lengths as products with DFT matrices (any even length, no
 * padding to smooth sizes, output where it is wanted), long ones through FFTW
 * with transposing copies.
 */
#ifndef SNN_DELAY_DFT_H
#define SNN_DELAY_DFT_H

#include "snn/delay/delay_work.h"

typedef struct snn_dft snn_dft;

/* The most columns a call may have: what a core keeps in its cache. */
#define SNN_DFT_COLUMNS 256u

/* For lengths up to the one that `longest` needs. */
SNN_MUST_USE snn_status snn_dft_create(snn_context *ctx, size_t longest, snn_dft **out);
void snn_dft_destroy(snn_dft *dft);

/* The length that will be used for signals of `needed` rows; depends on
 * `longest` and `needed` only.  At most snn_dft_length(longest). */
size_t snn_dft_length(const snn_dft *dft, size_t needed);
/* Add the work of so many columns' transforms. */
void snn_dft_count(size_t length, size_t rows, double columns, snn_delay_work *work);
/* Additions and multiplications of one column's, whatever their speed. */
double snn_dft_operations(size_t length, size_t rows);

/* Set the length for the calls below, and return it. */
size_t snn_dft_begin(snn_dft *dft, size_t needed);

/* hat = DFT of x padded with zeros.  `rows` <= length. */
void snn_dft_forward(const snn_dft *dft, int worker, const float *x, size_t rows, size_t x_stride,
                     float *hat, size_t hat_stride, size_t columns);
/* y (= or +=) the first `rows` rows of the inverse DFT of hat. */
void snn_dft_inverse(const snn_dft *dft, int worker, const float *hat, size_t hat_stride, float *y,
                     size_t rows, size_t y_stride, size_t columns, bool add);

/* Row of Re f / Im f in a spectrum of length n. */
static inline size_t snn_dft_re(size_t n, size_t f)
{
    return f % 2 == 0 ? f / 2 : n / 2 + f / 2;
}
static inline size_t snn_dft_im(size_t n, size_t f)
{
    const size_t half = n / 2;

    return f % 2 == 0 ? half / 2 + f / 2 : half + (half + 1) / 2 + f / 2;
}
/* Frequencies of a spectrum, and whether f has an imaginary part. */
static inline size_t snn_dft_frequencies(size_t n)
{
    return n / 2 + 1;
}
static inline bool snn_dft_complex(size_t n, size_t f)
{
    return f != 0 && 2 * f != n;
}

#endif
