/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Images to move: whitened as in the SLIP library, which the paper's authors use,
 *
 *   (1 - exp((f - 1/2) / (df/2)))      f < 1/2: no corners of the spectrum
 *   (1 - exp(-f^2 / (2 (sigma/N)^2)))  no lowest frequencies
 *   f^alpha exp(-(f/f0)^4)             Olshausen and Field (1997)
 *
 * and made: opaque discs of sizes with density r^-3, which have the edges and the spectrum
 * of natural scenes (Lee, Mumford and Huang 2001), and noise of spectrum 1/f.
 */
#include "datasets/stimulus.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI          3.14159265358979323846
#define RETINA_DF   0.07
#define RETINA_LOW  0.5 /* pixels */
#define WHITE_ALPHA 1.4
#define WHITE_F0    0.38

/* Generated images of a split: enough that a movie's neighbours are other ones. */
#define TRAIN_IMAGES 48u
#define OTHER_IMAGES 16u
#define MOST_DISCS   100000u

/* ---- in the frequency domain -------------------------------------------------------- */

static double white_gain(double f, double side)
{
    const double low = RETINA_LOW / side;

    if (f >= 0.5 || f == 0.0)
        return 0.0;
    return (1.0 - exp((f - 0.5) / (0.5 * RETINA_DF))) * (1.0 - exp(-0.5 * (f / low) * (f / low))) *
           pow(f, WHITE_ALPHA) * exp(-pow(f / WHITE_F0, 4.0));
}

static double noise_gain(double f, double side)
{
    (void)side;
    return f > 0.0 ? 1.0 / f : 0.0;
}

/* x <- x filtered by a gain of the frequency in cycles a pixel. */
static snn_status filter(snn_context *ctx, float *x, uint32_t width, uint32_t height,
                         double (*gain)(double f, double side), snn_error *err)
{
    const size_t half = width / 2 + 1, n = (size_t)width * height;
    double *image = NULL;
    fftw_complex *spectrum = NULL;
    fftw_plan forward = NULL, inverse = NULL;
    snn_status st;

    TRY_ALLOC(st, ctx, image, n, err);
    TRY_ALLOC(st, ctx, spectrum, half * height, err);
    forward = fftw_plan_dft_r2c_2d((int)height, (int)width, image, spectrum, FFTW_ESTIMATE);
    inverse = fftw_plan_dft_c2r_2d((int)height, (int)width, spectrum, image, FFTW_ESTIMATE);
    if (forward == NULL || inverse == NULL) {
        st = snn_error_set(err, SNN_ENOMEM, NULL, "no memory for a transform of %u x %u pixels",
                           width, height);
        goto done;
    }
    for (size_t i = 0; i < n; i++)
        image[i] = (double)x[i];
    fftw_execute(forward);
    for (size_t ky = 0; ky < height; ky++)
        for (size_t kx = 0; kx < half; kx++) {
            const double fy = (ky <= height / 2 ? (double)ky : (double)ky - height) / height;
            const double fx = (double)kx / width;
            const double g = gain(sqrt(fx * fx + fy * fy), height < width ? height : width);

            spectrum[ky * half + kx][0] *= g;
            spectrum[ky * half + kx][1] *= g;
        }
    fftw_execute(inverse);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(image[i] / (double)n);

done:
    if (inverse != NULL)
        fftw_destroy_plan(inverse);
    if (forward != NULL)
        fftw_destroy_plan(forward);
    snn_free(ctx, spectrum);
    snn_free(ctx, image);
    return st;
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

snn_status snn_image_whiten(snn_context *ctx, float *x, uint32_t width, uint32_t height,
                            snn_error *err)
{
    const size_t n = (size_t)width * height;
    float *sorted = NULL, median, largest = 0.0f;
    snn_status st;

    TRY(st, filter(ctx, x, width, height, white_gain, err));
    TRY_ALLOC(st, ctx, sorted, n, err);
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, compare_floats);
    median = sorted[n / 2];
    for (size_t i = 0; i < n; i++) {
        x[i] -= median;
        largest = fmaxf(largest, fabsf(x[i]));
    }
    for (size_t i = 0; largest > 0.0f && i < n; i++)
        x[i] /= largest;

done:
    snn_free(ctx, sorted);
    return st;
}

/* ---- images that are made -------------------------------------------------------------- */

/* Front to back: a disc colours what no disc before it has. */
static void draw_discs(snn_key key, uint32_t index, uint32_t side, float *x, uint8_t *done)
{
    const double smallest = 1.5, largest = side / 4.0;
    size_t left = (size_t)side * side;

    memset(done, 0, left);
    for (uint32_t k = 0; k < MOST_DISCS && left > 0; k++) {
        uint32_t four[4];
        double r, cx, cy, u;
        float grey;

        snn_random4(key, k, index, 0, four);
        u = four[0] * 0x1p-32;
        /* Density r^-3 between the two: r^-2 is uniform. */
        r = 1.0 / sqrt(1.0 / (smallest * smallest) +
                       u * (1.0 / (largest * largest) - 1.0 / (smallest * smallest)));
        cx = (four[1] * 0x1p-32) * (side + 2.0 * r) - r;
        cy = (four[2] * 0x1p-32) * (side + 2.0 * r) - r;
        grey = (float)(four[3] * 0x1p-32);
        for (int64_t yy = (int64_t)ceil(cy - r); yy <= (int64_t)floor(cy + r); yy++)
            for (int64_t xx = (int64_t)ceil(cx - r); xx <= (int64_t)floor(cx + r); xx++) {
                const double dx = (double)xx - cx, dy = (double)yy - cy;
                const size_t at = (size_t)yy * side + (size_t)xx;

                if (yy < 0 || xx < 0 || yy >= side || xx >= side || dx * dx + dy * dy > r * r ||
                    done[at])
                    continue;
                x[at] = grey;
                done[at] = 1;
                left--;
            }
    }
    for (size_t i = 0; i < (size_t)side * side; i++)
        if (!done[i])
            x[i] = 0.5f;
}

static snn_status make_image(snn_context *ctx, snn_key key, uint32_t index, uint32_t side, float *x,
                             snn_error *err)
{
    uint8_t *done = NULL;
    snn_status st = SNN_OK;

    if (index % 4 == 3) {
        for (size_t i = 0; i < (size_t)side * side; i++)
            x[i] = (float)snn_stimulus_normal(key, index, i);
        TRY(st, filter(ctx, x, side, side, noise_gain, err));
    } else {
        TRY_ALLOC(st, ctx, done, (size_t)side * side, err);
        draw_discs(key, index, side, x, done);
    }
    TRY(st, snn_image_whiten(ctx, x, side, side, err));

done:
    snn_free(ctx, done);
    return st;
}

static snn_status make_pool(snn_context *ctx, const snn_motion_params *params, uint64_t seed,
                            snn_split split, snn_image_pool *pool, snn_error *err)
{
    const uint32_t side = params->image_side;
    const snn_key key = snn_stimulus_key(seed, split, STIMULUS_POOL);
    snn_status st;

    pool->n = params->single_image ? 1 : split == SNN_SPLIT_TRAIN ? TRAIN_IMAGES : OTHER_IMAGES;
    TRY_ALLOC(st, ctx, pool->width, pool->n, err);
    TRY_ALLOC(st, ctx, pool->height, pool->n, err);
    TRY_ALLOC(st, ctx, pool->image, pool->n, err);
    for (uint32_t i = 0; i < pool->n; i++) {
        pool->width[i] = pool->height[i] = side;
        TRY_ALLOC(st, ctx, pool->image[i], (size_t)side * side, err);
        TRY(st, make_image(ctx, key, i, side, pool->image[i], err));
    }

done:
    return st;
}

/* ---- the pool ------------------------------------------------------------------------------ */

void snn_image_pool_free(snn_context *ctx, snn_image_pool *pool)
{
    for (uint32_t i = 0; pool->image != NULL && i < pool->n; i++)
        snn_free(ctx, pool->image[i]);
    snn_free(ctx, pool->image);
    snn_free(ctx, pool->height);
    snn_free(ctx, pool->width);
    *pool = (snn_image_pool){0};
}

snn_status snn_image_pool_make(snn_context *ctx, const snn_motion_params *params,
                               const char *folder, uint64_t seed, snn_split split,
                               snn_image_pool *out, snn_error *err)
{
    snn_image_pool pool = {0};
    const uint32_t need = snn_framer_side(params);
    snn_status st;

    if (folder == NULL && params->image_side < need)
        return snn_error_set(err, SNN_EINVAL, "motion.image_side",
                             "%u pixels are too few: a path over %u steps needs %u",
                             params->image_side, params->steps, need);
    if (folder == NULL)
        TRY(st, make_pool(ctx, params, seed, split, &pool, err));
    else
        TRY(st, snn_image_pool_read(ctx, params, folder, split, &pool, err));
    *out = pool;
    pool = (snn_image_pool){0};

done:
    snn_image_pool_free(ctx, &pool);
    return st;
}
