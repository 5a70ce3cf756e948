/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PGM and PPM (netpbm): "P2" and "P3" in decimal, "P5" and "P6" in bytes.  After the
 * magic come width, height and largest value, separated by white space with comments
 * from '#' to the line's end; one white space ends the head.  Values above 255 take two
 * bytes, the higher first.
 */
#include "snn/io/picture.h"

#include "snn/base/base.h"

#include <stdio.h>

struct pnm {
    const uint8_t *at, *end;
    const char *name;
    bool binary;
    uint32_t most; /* the value of white */
};

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next decimal number; false where there is none or it is above `most`. */
static bool read_number(struct pnm *p, uint32_t most, uint32_t *out)
{
    uint64_t value = 0;
    const uint8_t *start;

    while (p->at < p->end && (is_space(*p->at) || *p->at == '#')) {
        if (*p->at == '#')
            while (p->at < p->end && *p->at != '\n')
                p->at++;
        else
            p->at++;
    }
    for (start = p->at; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        value = 10 * value + (uint64_t)(*p->at - '0');
        if (value > most)
            return false;
    }
    *out = (uint32_t)value;
    return p->at > start;
}

static bool read_value(struct pnm *p, uint32_t *out)
{
    if (!p->binary)
        return read_number(p, p->most, out);
    if (p->end - p->at < (p->most > 255 ? 2 : 1))
        return false;
    *out = *p->at++;
    if (p->most > 255)
        *out = *out << 8 | *p->at++;
    return *out <= p->most;
}

snn_status snn_image_decode_pnm(snn_context *ctx, const uint8_t *bytes, size_t n, const char *name,
                                snn_image **out, snn_error *err)
{
    struct pnm p = {.at = bytes + 2, .end = bytes + n, .name = name, .binary = bytes[1] >= '5'};
    const snn_image_kind kind = bytes[1] == '2' || bytes[1] == '5' ? SNN_IMAGE_GREY : SNN_IMAGE_RGB;
    uint32_t width, height, value;
    snn_image *image = NULL;
    size_t values;
    snn_status st = SNN_OK;

    if (!read_number(&p, UINT32_MAX, &width) || !read_number(&p, UINT32_MAX, &height) ||
        !read_number(&p, 65535, &p.most) || p.most == 0 || p.at == p.end || !is_space(*p.at))
        TRY(st, snn_error_set(err, SNN_EFORMAT, name,
                              "is a damaged PGM or PPM: after \"P%c\" it needs width, height and a "
                              "largest value in [1, 65535]",
                              bytes[1]));
    p.at++;
    TRY(st, snn_image_check_size(width, height, name, err));
    TRY(st, snn_image_create(ctx, width, height, kind, &image, err));
    values = (size_t)width * height * (size_t)kind;
    for (size_t i = 0; i < values; i++) {
        if (!read_value(&p, &value))
            TRY(st,
                snn_error_set(err, SNN_EFORMAT, name,
                              "is a damaged PGM or PPM: value %zu of %zu is missing or above %u",
                              i + 1, values, (unsigned)p.most));
        image->pixels[i] = (uint8_t)((255 * value + p.most / 2) / p.most);
    }
    *out = image;
    image = NULL;
done:
    snn_image_destroy(image);
    return st;
}
