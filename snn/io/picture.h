/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a picture, shared by its readers and writer. */
#ifndef SNN_IO_PICTURE_H
#define SNN_IO_PICTURE_H

#include <snn/image.h>

struct snn_image {
    snn_context *ctx;
    uint32_t width, height;
    snn_image_kind kind;
    uint8_t *pixels; /* [height][width][kind] */
};

/* SNN_EUNSUPPORTED with `where` = name when a file's picture is empty or too large. */
SNN_MUST_USE snn_status snn_image_check_size(uint64_t width, uint64_t height, const char *name,
                                             snn_error *err);

/* Decode n bytes of a file in the kind it has; `name` stands for it in messages. */
typedef snn_status (*snn_image_decoder)(snn_context *ctx, const uint8_t *bytes, size_t n,
                                        const char *name, snn_image **out, snn_error *err);
SNN_MUST_USE snn_status snn_image_decode_png(snn_context *ctx, const uint8_t *bytes, size_t n,
                                             const char *name, snn_image **out, snn_error *err);
SNN_MUST_USE snn_status snn_image_decode_pnm(snn_context *ctx, const uint8_t *bytes, size_t n,
                                             const char *name, snn_image **out, snn_error *err);

#endif
