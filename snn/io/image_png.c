/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PNG by libpng's simplified interface, which reports failures by value: no jumps,
 * nothing printed, and a file's claims are known before a pixel is decoded.
 */
#include "snn/io/picture.h"

#include "snn/base/base.h"

#include <snn/file.h>

#include <png.h>
#include <string.h>

/* An image for libpng, its error text in `message` afterwards. */
static png_image begin(uint32_t width, uint32_t height, uint32_t format)
{
    png_image png;

    memset(&png, 0, sizeof png);
    png.version = PNG_IMAGE_VERSION;
    png.width = width;
    png.height = height;
    png.format = format;
    return png;
}

static uint32_t format_of(snn_image_kind kind)
{
    return kind == SNN_IMAGE_GREY ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
}

snn_status snn_image_write_png(const snn_image *image, const char *path, snn_error *err)
{
    png_image png = begin(image->width, image->height, format_of(image->kind));
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(png);
    uint8_t *file = NULL;
    snn_status st = SNN_OK;

    TRY_ALLOC(st, image->ctx, file, bytes);
    if (!png_image_write_to_memory(&png, file, &bytes, 0, image->pixels, 0, NULL)) {
        st = snn_error_set(err, SNN_ENOMEM, path, "cannot be made: %s", png.message);
        png_image_free(&png);
        goto done;
    }
    TRY(st, snn_replace_file(image->ctx, path, file, bytes, err));
done:
    if (st == SNN_ENOMEM && file == NULL)
        snn_error_set(err, st, path, "no memory to write the picture");
    snn_free(image->ctx, file);
    return st;
}

snn_status snn_image_decode_png(snn_context *ctx, const uint8_t *bytes, size_t n, const char *name,
                                snn_image **out, snn_error *err)
{
    const png_color white = {255, 255, 255};
    png_image png = begin(0, 0, 0);
    snn_image *image = NULL;
    snn_status st = SNN_OK;

    if (!png_image_begin_read_from_memory(&png, bytes, n))
        TRY(st, snn_error_set(err, SNN_EFORMAT, name, "is a damaged PNG: %s", png.message));
    TRY(st, snn_image_check_size(png.width, png.height, name, err));
    TRY(st, snn_image_create(ctx, png.width, png.height,
                             png.format & PNG_FORMAT_FLAG_COLOR ? SNN_IMAGE_RGB : SNN_IMAGE_GREY,
                             &image, err));
    png.format = format_of(image->kind);
    png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB; /* 16 bits are the same values, only finer */
    if (!png_image_finish_read(&png, &white, image->pixels, 0, NULL))
        TRY(st, snn_error_set(err, SNN_EFORMAT, name, "is a damaged PNG: %s", png.message));
    *out = image;
    image = NULL;
done:
    png_image_free(&png);
    snn_image_destroy(image);
    return st;
}
