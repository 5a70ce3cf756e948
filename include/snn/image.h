/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures of 8 bits a channel: made pixel by pixel and written as PNG, or read
 * from PNG and PGM/PPM files.  Values are those of the file (sRGB); nothing is
 * corrected for gamma.
 *
 * A colour is a number 0xRRGGBB.  A grey picture keeps its luma,
 * (299 R + 587 G + 114 B) / 1000.
 */
#ifndef SNN_IMAGE_H
#define SNN_IMAGE_H

#include <snn/context.h>

/* Larger pictures are refused: a damaged file may claim any size. */
#define SNN_IMAGE_MAX_SIDE   32768u
#define SNN_IMAGE_MAX_PIXELS (1u << 27)

typedef enum snn_image_kind {
    SNN_IMAGE_GREY = 1, /* the value is the number of channels */
    SNN_IMAGE_RGB = 3
} snn_image_kind;

/* One user at a time, unless all only read. */
typedef struct snn_image snn_image;

SNN_BEGIN_DECLS

/* A black picture.  Errors: SNN_EINVAL (a side is 0 or too large), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_image_create(snn_context *ctx, uint32_t width, uint32_t height,
                                                 snn_image_kind kind, snn_image **out,
                                                 snn_error *err);
SNN_API void snn_image_destroy(snn_image *image);

SNN_API uint32_t snn_image_width(const snn_image *image);
SNN_API uint32_t snn_image_height(const snn_image *image);
SNN_API snn_image_kind snn_image_get_kind(const snn_image *image);

/* Row y < height, counted from the top: width * kind bytes, R G B for each pixel.
 * Rows follow each other without gaps. */
SNN_API uint8_t *snn_image_row(snn_image *image, uint32_t y);

/* One pixel; setting one outside the picture does nothing, getting one there is 0. */
SNN_API void snn_image_set(snn_image *image, int64_t x, int64_t y, uint32_t colour);
SNN_API uint32_t snn_image_get(const snn_image *image, int64_t x, int64_t y);
/* The rectangle of width x height pixels from (x, y) right and down; what lies
 * outside the picture is left out. */
SNN_API void snn_image_fill(snn_image *image, int64_t x, int64_t y, uint32_t width, uint32_t height,
                            uint32_t colour);

/* Write a PNG; the file is there whole or not at all.  Errors: SNN_EIO, SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_image_write_png(const snn_image *image, const char *path,
                                                    snn_error *err);

/*
 * Read a PNG, PGM or PPM file (told by its content) as `kind`: colours become grey
 * by their luma, 16 bits become 8 by rounding, transparent pixels are laid on white.
 * Errors: SNN_ENOTFOUND, SNN_EIO, SNN_EFORMAT (damaged, or no such file), SNN_EUNSUPPORTED
 * (larger than the limits above), SNN_ENOMEM.
 */
SNN_API SNN_MUST_USE snn_status snn_image_read(snn_context *ctx, const char *path,
                                               snn_image_kind kind, snn_image **out,
                                               snn_error *err);

SNN_END_DECLS
#endif
