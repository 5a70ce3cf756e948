/* SPDX-License-Identifier: BSD-3-Clause */
/* Picture files: their format is told by their first bytes, never by their name. */
#include "snn/io/picture.h"

#include "snn/base/base.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* No picture within the limits needs more. */
#define LARGEST (1l << 30)

static snn_status read_bytes(snn_context *ctx, const char *path, uint8_t **out, size_t *n,
                             snn_error *err)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long length = -1;
    snn_status st = SNN_OK;

    if (file == NULL)
        return snn_error_set(err, errno == ENOENT ? SNN_ENOTFOUND : SNN_EIO, path,
                             "cannot be opened: %s", strerror(errno));
    if (fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET) != 0)
        TRY(st, snn_error_set(err, SNN_EIO, path, "cannot be read: %s", strerror(errno)));
    if (length > LARGEST)
        TRY(st, snn_error_set(err, SNN_EUNSUPPORTED, path, "is no picture: %ld bytes", length));
    TRY_ALLOC(st, ctx, bytes, (size_t)length);
    errno = 0;
    if (fread(bytes, 1, (size_t)length, file) != (size_t)length)
        TRY(st, snn_error_set(err, SNN_EIO, path, "cannot be read: %s",
                              errno != 0 ? strerror(errno) : "it ends too early"));
    *out = bytes;
    *n = (size_t)length;
    bytes = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, path, "no memory for %ld bytes", length);
    snn_free(ctx, bytes);
    fclose(file);
    return st;
}

static snn_image_decoder decoder_of(const uint8_t *bytes, size_t n)
{
    static const uint8_t PNG[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    if (n >= sizeof PNG && memcmp(bytes, PNG, sizeof PNG) == 0)
        return snn_image_decode_png;
    if (n >= 3 && bytes[0] == 'P' && memchr("2356", bytes[1], 4) != NULL)
        return snn_image_decode_pnm;
    return NULL;
}

/* The same picture as `kind`. */
static snn_status convert(const snn_image *from, snn_image_kind kind, snn_image **out,
                          snn_error *err)
{
    snn_image *to = NULL;
    snn_status st = snn_image_create(from->ctx, from->width, from->height, kind, &to, err);

    if (st != SNN_OK)
        return st;
    for (uint32_t y = 0; y < from->height; y++)
        for (uint32_t x = 0; x < from->width; x++)
            snn_image_set(to, x, y, snn_image_get(from, x, y));
    *out = to;
    return SNN_OK;
}

snn_status snn_image_read(snn_context *ctx, const char *path, snn_image_kind kind, snn_image **out,
                          snn_error *err)
{
    snn_image *image = NULL, *converted = NULL;
    snn_image_decoder decode;
    uint8_t *bytes = NULL;
    size_t n = 0;
    snn_status st = SNN_OK;

    if (kind != SNN_IMAGE_GREY && kind != SNN_IMAGE_RGB)
        return snn_error_set(err, SNN_EINVAL, path, "%d is no kind of picture", (int)kind);
    TRY(st, read_bytes(ctx, path, &bytes, &n, err));
    decode = decoder_of(bytes, n);
    if (decode == NULL)
        TRY(st, snn_error_set(err, SNN_EFORMAT, path, "is no PNG, PGM or PPM file"));
    TRY(st, decode(ctx, bytes, n, path, &image, err));
    if (image->kind == kind) {
        *out = image;
        image = NULL;
        goto done;
    }
    TRY(st, convert(image, kind, &converted, err));
    *out = converted;
done:
    snn_image_destroy(image);
    snn_free(ctx, bytes);
    return st;
}
