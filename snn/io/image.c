/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/io/picture.h"

#include "snn/base/base.h"

#include <string.h>

static uint8_t luma(uint32_t colour)
{
    const uint32_t r = colour >> 16 & 0xff, g = colour >> 8 & 0xff, b = colour & 0xff;

    return (uint8_t)((299 * r + 587 * g + 114 * b + 500) / 1000);
}

snn_status snn_image_check_size(uint64_t width, uint64_t height, const char *name, snn_error *err)
{
    if (width == 0 || height == 0)
        return snn_error_set(err, SNN_EFORMAT, name, "is a picture without pixels (%llu x %llu)",
                             (unsigned long long)width, (unsigned long long)height);
    if (width > SNN_IMAGE_MAX_SIDE || height > SNN_IMAGE_MAX_SIDE ||
        width * height > SNN_IMAGE_MAX_PIXELS)
        return snn_error_set(err, SNN_EUNSUPPORTED, name,
                             "is a picture of %llu x %llu pixels; a side may have %u, all of it %u",
                             (unsigned long long)width, (unsigned long long)height,
                             SNN_IMAGE_MAX_SIDE, SNN_IMAGE_MAX_PIXELS);
    return SNN_OK;
}

snn_status snn_image_create(snn_context *ctx, uint32_t width, uint32_t height, snn_image_kind kind,
                            snn_image **out, snn_error *err)
{
    snn_image *image = NULL;
    snn_status st = SNN_OK;

    if (kind != SNN_IMAGE_GREY && kind != SNN_IMAGE_RGB)
        return snn_error_set(err, SNN_EINVAL, "image", "%d is no kind of picture", (int)kind);
    if (snn_image_check_size(width, height, "image", err) != SNN_OK)
        return snn_error_set(err, SNN_EINVAL, "image", "%u x %u pixels are too few or too many",
                             (unsigned)width, (unsigned)height);
    TRY_ALLOC(st, ctx, image, 1);
    *image = (snn_image){.ctx = ctx, .width = width, .height = height, .kind = kind};
    TRY_ALLOC(st, ctx, image->pixels, (size_t)width * height * (size_t)kind);
    *out = image;
    image = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "image", "no memory for %u x %u pixels", (unsigned)width,
                      (unsigned)height);
    snn_image_destroy(image);
    return st;
}

void snn_image_destroy(snn_image *image)
{
    if (image == NULL)
        return;
    snn_free(image->ctx, image->pixels);
    snn_free(image->ctx, image);
}

uint32_t snn_image_width(const snn_image *image)
{
    return image->width;
}

uint32_t snn_image_height(const snn_image *image)
{
    return image->height;
}

snn_image_kind snn_image_get_kind(const snn_image *image)
{
    return image->kind;
}

static uint8_t *pixel_at(const snn_image *image, uint32_t x, uint32_t y)
{
    return image->pixels + ((size_t)y * image->width + x) * (size_t)image->kind;
}

uint8_t *snn_image_row(snn_image *image, uint32_t y)
{
    SNN_ASSERT(y < image->height);
    return pixel_at(image, 0, y);
}

static void put(uint8_t *pixel, snn_image_kind kind, uint32_t colour)
{
    if (kind == SNN_IMAGE_GREY) {
        pixel[0] = luma(colour);
        return;
    }
    pixel[0] = (uint8_t)(colour >> 16);
    pixel[1] = (uint8_t)(colour >> 8);
    pixel[2] = (uint8_t)colour;
}

void snn_image_set(snn_image *image, int64_t x, int64_t y, uint32_t colour)
{
    if (x >= 0 && y >= 0 && x < image->width && y < image->height)
        put(pixel_at(image, (uint32_t)x, (uint32_t)y), image->kind, colour);
}

uint32_t snn_image_get(const snn_image *image, int64_t x, int64_t y)
{
    const uint8_t *p;

    if (x < 0 || y < 0 || x >= image->width || y >= image->height)
        return 0;
    p = pixel_at(image, (uint32_t)x, (uint32_t)y);
    return image->kind == SNN_IMAGE_GREY ? p[0] * 0x010101u
                                         : (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* Part of [from, from + length) inside [0, size): its begin and end. */
static void clip(int64_t from, uint32_t length, uint32_t size, uint32_t *begin, uint32_t *end)
{
    const int64_t to = from > INT64_MAX - (int64_t)length ? INT64_MAX : from + (int64_t)length;

    *begin = (uint32_t)(from < 0 ? 0 : from > size ? size : from);
    *end = (uint32_t)(to < 0 ? 0 : to > size ? size : to);
}

void snn_image_fill(snn_image *image, int64_t x, int64_t y, uint32_t width, uint32_t height,
                    uint32_t colour)
{
    uint32_t left, right, top, bottom;

    clip(x, width, image->width, &left, &right);
    clip(y, height, image->height, &top, &bottom);
    for (uint32_t row = top; row < bottom; row++)
        for (uint32_t column = left; column < right; column++)
            put(pixel_at(image, column, row), image->kind, colour);
}
