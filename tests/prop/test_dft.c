/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The transforms of the frequency-domain solver against a DFT in double, and back,
 * on both of their ways (matrix up to length 384, FFTW above).
 *
 * Bound: the matrix way adds `rows` products: (rows + 2) U |x|_1 (its table is
 * rounded once); FFTW is better.  Back: (2N + rows + 4) U |x|_1.
 */
#include "tests/cmocka_all.h"

#include "snn/delay/dft.h"

#define U      0x1p-24
#define PI     3.14159265358979323846
#define STRIDE 40u

static const struct {
    size_t longest, needed, rows, columns;
} shapes[] = {
    {1, 1, 1, 1},        {2, 2, 1, 3},         {5, 4, 2, 17},       {124, 124, 100, 16},
    {124, 99, 75, 40},   {125, 125, 125, 1},   {384, 384, 360, 3},  {385, 385, 361, 3},
    {386, 385, 385, 17}, {1000, 1000, 976, 2}, {1000, 200, 176, 5}, {1000, 260, 250, 4},
    {1000, 510, 1, 4},   {1000, 751, 750, 33},
};

static void exact_dft(const float *x, size_t rows, size_t n, size_t f, size_t column, double *re,
                      double *im)
{
    *re = *im = 0.0;
    for (size_t t = 0; t < rows; t++) {
        const double angle = -2.0 * PI * (double)(f * t % n) / (double)n;

        *re += cos(angle) * (double)x[t * STRIDE + column];
        *im += sin(angle) * (double)x[t * STRIDE + column];
    }
}

static void both_ways(void **state)
{
    const uint64_t seed = test_seed(21);
    uint64_t random = seed;
    snn_context_params params;
    snn_context *ctx;

    (void)state;
    snn_context_params_init(&params);
    params.threads = 2;
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    for (size_t i = 0; i < SNN_COUNT(shapes); i++) {
        const size_t rows = shapes[i].rows, columns = shapes[i].columns;
        struct test_near near = test_near_begin("spectrum", seed),
                         back = test_near_begin("round trip", seed);
        snn_dft *dft;
        size_t n;
        float *x, *hat, *y;

        assert_int_equal(snn_dft_create(ctx, shapes[i].longest, &dft), SNN_OK);
        n = snn_dft_begin(dft, shapes[i].needed);
        assert_int_equal(n, snn_dft_length(dft, shapes[i].needed));
        assert_true(n >= shapes[i].needed && n <= snn_dft_length(dft, shapes[i].longest));
        x = malloc(rows * STRIDE * sizeof *x);
        y = malloc(rows * STRIDE * sizeof *y);
        hat = malloc(n * STRIDE * sizeof *hat);
        for (size_t j = 0; j < rows * STRIDE; j++)
            x[j] = test_uniform(&random, -1.0f, 1.0f);
        for (size_t j = 0; j < n * STRIDE; j++)
            hat[j] = 77.0f;
        for (size_t j = 0; j < rows * STRIDE; j++)
            y[j] = 1.0f;
        snn_dft_forward(dft, ctx->threads - 1, x, rows, STRIDE, hat, STRIDE, columns);
        for (size_t f = 0; f < snn_dft_frequencies(n); f += 1 + n / 97) {
            for (size_t c = 0; c < columns; c++) {
                double re, im;

                exact_dft(x, rows, n, f, c, &re, &im);
                check_near(&near, f, re, (double)hat[snn_dft_re(n, f) * STRIDE + c],
                           ((double)rows + 2.0) * U * (double)rows);
                if (snn_dft_complex(n, f))
                    check_near(&near, f, im, (double)hat[snn_dft_im(n, f) * STRIDE + c],
                               ((double)rows + 2.0) * U * (double)rows);
            }
        }
        for (size_t j = 0; j < n * STRIDE; j++) /* other columns were not written */
            if (j % STRIDE >= columns)
                assert_true(hat[j] == 77.0f);
        for (int add = 0; add < 2; add++) {
            snn_dft_inverse(dft, ctx->threads - 1, hat, STRIDE, y, rows, STRIDE, columns, add == 1);
            for (size_t j = 0; j < rows * STRIDE; j++)
                check_near(
                    &back, j, j % STRIDE < columns ? (1.0 + add) * (double)x[j] : 1.0, (double)y[j],
                    j % STRIDE < columns ? fmin(1e-5, 2.0 * (2.0 * (double)n + (double)rows + 4.0) *
                                                          U * (double)rows)
                                         : 0.0);
        }
        test_near_end(&near);
        test_near_end(&back);
        free(x);
        free(y);
        free(hat);
        snn_dft_destroy(dft);
    }
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_ways)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
