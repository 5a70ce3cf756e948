/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Images of a folder: PNG and PGM, and the natural images of van Hateren and van der
 * Schaaf (1998): .iml and .imc, 1536 x 1024 big-endian 16-bit numbers without a header.
 * In order of their names; the last quarter, at least one, is for validation and test.
 */
#include "datasets/stimulus.h"

#include <snn/image.h>

#include <stdio.h>
#include <string.h>

#define HATEREN_WIDTH  1536u
#define HATEREN_HEIGHT 1024u

static bool is_hateren(const char *name)
{
    return snn_data_ends_with(name, ".iml") || snn_data_ends_with(name, ".imc");
}

static bool is_image(const char *name)
{
    return is_hateren(name) || snn_data_ends_with(name, ".png") || snn_data_ends_with(name, ".pgm");
}

static snn_status read_hateren(snn_context *ctx, const char *path, float **out, snn_error *err)
{
    const size_t n = (size_t)HATEREN_WIDTH * HATEREN_HEIGHT;
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    float *x = NULL;
    snn_status st;

    if (file == NULL)
        return snn_error_set(err, SNN_EIO, path, "cannot be opened: %s", snn_data_errno_text());
    TRY_ALLOC(st, ctx, bytes, 2 * n + 1, err);
    if (fread(bytes, 1, 2 * n + 1, file) != 2 * n) {
        st = snn_error_set(err, SNN_EFORMAT, path,
                           "is not %zu bytes long, as images of %u x %u pixels are", 2 * n,
                           HATEREN_WIDTH, HATEREN_HEIGHT);
        goto done;
    }
    TRY_ALLOC(st, ctx, x, n, err);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((uint32_t)bytes[2 * i] << 8 | bytes[2 * i + 1]);
    *out = x;
    x = NULL;

done:
    snn_free(ctx, x);
    snn_free(ctx, bytes);
    fclose(file);
    return st;
}

static snn_status read_picture(snn_context *ctx, const char *path, snn_image_pool *pool, uint32_t i,
                               snn_error *err)
{
    snn_image *image = NULL;
    snn_status st;

    TRY(st, snn_image_read(ctx, path, SNN_IMAGE_GREY, &image, err));
    pool->width[i] = snn_image_width(image);
    pool->height[i] = snn_image_height(image);
    TRY_ALLOC(st, ctx, pool->image[i], (size_t)pool->width[i] * pool->height[i], err);
    for (uint32_t y = 0; y < pool->height[i]; y++)
        for (uint32_t x = 0; x < pool->width[i]; x++)
            pool->image[i][(size_t)y * pool->width[i] + x] =
                (float)snn_image_row(image, y)[x] / 255.0f;

done:
    snn_image_destroy(image);
    return st;
}

static snn_status read_one(snn_context *ctx, const char *path, uint32_t need, snn_image_pool *pool,
                           uint32_t i, snn_error *err)
{
    snn_status st;

    if (is_hateren(path)) {
        pool->width[i] = HATEREN_WIDTH;
        pool->height[i] = HATEREN_HEIGHT;
        TRY(st, read_hateren(ctx, path, &pool->image[i], err));
    } else {
        TRY(st, read_picture(ctx, path, pool, i, err));
    }
    if (pool->width[i] < need || pool->height[i] < need) {
        st = snn_error_set(err, SNN_EINVAL, path,
                           "%u x %u pixels are too few: the path of a movie needs %u x %u; shorten "
                           "motion.steps or take larger images",
                           pool->width[i], pool->height[i], need, need);
        goto done;
    }
    TRY(st, snn_image_whiten(ctx, pool->image[i], pool->width[i], pool->height[i], err));

done:
    return st;
}

snn_status snn_image_pool_read(snn_context *ctx, const snn_motion_params *params,
                               const char *folder, snn_split split, snn_image_pool *pool,
                               snn_error *err)
{
    snn_names names = {0};
    char path[SNN_PATH_BYTES];
    uint32_t found = 0, test, first, last;
    snn_status st;

    TRY(st, snn_names_folder(ctx, folder, &names, err));
    for (size_t i = 0; i < names.n; i++)
        if (is_image(names.name[i]))
            names.name[found++] = names.name[i];
    if (found < 2) {
        st = snn_error_set(err, SNN_ENOTFOUND, folder,
                           "holds %u images (.png, .pgm, .iml, .imc); training and test need one "
                           "each",
                           found);
        goto done;
    }
    test = found / 4 > 0 ? found / 4 : 1;
    first = split == SNN_SPLIT_TRAIN ? 0 : found - test;
    last = split == SNN_SPLIT_TRAIN ? found - test : found;
    pool->n = params->single_image ? 1 : last - first;
    TRY_ALLOC(st, ctx, pool->width, pool->n, err);
    TRY_ALLOC(st, ctx, pool->height, pool->n, err);
    TRY_ALLOC(st, ctx, pool->image, pool->n, err);
    for (uint32_t i = 0; i < pool->n; i++) {
        TRY(st, snn_data_path(path, folder, names.name[first + i], err));
        TRY(st, read_one(ctx, path, snn_framer_side(params), pool, i, err));
    }

done:
    snn_names_free(ctx, &names);
    return st;
}
