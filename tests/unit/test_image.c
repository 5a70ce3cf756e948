/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures: pixels, PNG there and back, PGM and PPM by hand, damaged files, limits. */
#include "tests/context_folder.h"
#include "tests/failing_allocator.h"

#include <snn/image.h>

#include <png.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *write_bytes(const char *name, const void *bytes, size_t n)
{
    FILE *file = fopen(file_named(name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *write_text(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

/* A new block with the file's bytes. */
static unsigned char *read_bytes(const char *name, size_t *n)
{
    FILE *file = fopen(name, "rb");
    unsigned char *bytes;

    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

static snn_image *make(snn_context *ctx, uint32_t width, uint32_t height, snn_image_kind kind)
{
    snn_image *image = NULL;

    assert_int_equal(snn_image_create(ctx, width, height, kind, &image, NULL), SNN_OK);
    return image;
}

static snn_image *read_as(snn_context *ctx, const char *name, snn_image_kind kind)
{
    snn_error err = {0};
    snn_image *image = NULL;

    if (snn_image_read(ctx, name, kind, &image, &err) != SNN_OK)
        fail_msg("%s: %s", err.where, err.what);
    return image;
}

/* Reading must fail with `status` and leave `out` alone. */
static void refused(snn_context *ctx, const char *name, snn_status status, const char *what)
{
    snn_image *image = NULL;
    snn_error err = {0};

    assert_int_equal(snn_image_read(ctx, name, SNN_IMAGE_GREY, &image, &err), status);
    assert_null(image);
    if (strstr(err.what, what) == NULL || strcmp(err.where, name) != 0)
        fail_msg("%s: '%s' instead of '%s'", err.where, err.what, what);
}

static void pixels_are_where_they_were_put(void **state)
{
    snn_image *image = make(*state, 5, 4, SNN_IMAGE_RGB);
    snn_image *grey = make(*state, 2, 1, SNN_IMAGE_GREY);
    uint32_t filled = 0;

    assert_int_equal(snn_image_width(image), 5);
    assert_int_equal(snn_image_height(image), 4);
    assert_int_equal(snn_image_get_kind(image), SNN_IMAGE_RGB);
    snn_image_set(image, 4, 3, 0x123456);
    assert_int_equal(snn_image_get(image, 4, 3), 0x123456);
    assert_memory_equal(snn_image_row(image, 3) + 12, ((uint8_t[]){0x12, 0x34, 0x56}), 3);
    snn_image_set(image, 5, 3, 0xffffff);
    snn_image_set(image, -1, 0, 0xffffff);
    assert_int_equal(snn_image_get(image, 0, 0), 0);
    assert_int_equal(snn_image_get(image, 5, 0), 0);

    snn_image_fill(image, -2, 1, 4, 2, 0xff0000); /* columns 0, 1 of rows 1, 2 */
    snn_image_fill(image, INT64_MAX, INT64_MIN, UINT32_MAX, UINT32_MAX, 0x00ff00);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 5; x++)
            filled += snn_image_get(image, x, y) == 0xff0000;
    assert_int_equal(filled, 4);
    assert_int_equal(snn_image_get(image, 1, 2), 0xff0000);
    snn_image_fill(image, 0, 0, UINT32_MAX, UINT32_MAX, 0x0000ff);
    assert_int_equal(snn_image_get(image, 4, 3), 0x0000ff);

    snn_image_set(grey, 0, 0, 0xff0000); /* 0.299 of 255 */
    snn_image_set(grey, 1, 0, 0x777777);
    assert_memory_equal(snn_image_row(grey, 0), ((uint8_t[]){76, 0x77}), 2);
    assert_int_equal(snn_image_get(grey, 1, 0), 0x777777);
    snn_image_destroy(image);
    snn_image_destroy(grey);
    snn_image_destroy(NULL);
}

static void png_there_and_back(void **state)
{
    static const uint32_t SIDES[][2] = {{1, 1}, {1, 300}, {300, 1}, {17, 33}};
    uint64_t random = test_seed(1);

    for (size_t s = 0; s < sizeof SIDES / sizeof SIDES[0]; s++)
        for (int k = 0; k < 2; k++) {
            const snn_image_kind kind = k == 0 ? SNN_IMAGE_GREY : SNN_IMAGE_RGB;
            const size_t bytes = (size_t)SIDES[s][0] * SIDES[s][1] * (size_t)kind;
            snn_image *image = make(*state, SIDES[s][0], SIDES[s][1], kind), *back;

            for (size_t i = 0; i < bytes; i++)
                snn_image_row(image, 0)[i] = (uint8_t)test_random(&random);
            assert_int_equal(snn_image_write_png(image, file_named("a.png"), NULL), SNN_OK);
            back = read_as(*state, path, kind);
            assert_int_equal(snn_image_width(back), SIDES[s][0]);
            assert_int_equal(snn_image_height(back), SIDES[s][1]);
            assert_memory_equal(snn_image_row(back, 0), snn_image_row(image, 0), bytes);
            snn_image_destroy(back);
            snn_image_destroy(image);
        }
}

static void colours_become_grey_and_grey_colours(void **state)
{
    snn_image *image = make(*state, 2, 1, SNN_IMAGE_RGB), *back;

    snn_image_set(image, 0, 0, 0x00ff00); /* 0.587 of 255 */
    snn_image_set(image, 1, 0, 0xffffff);
    assert_int_equal(snn_image_write_png(image, file_named("c.png"), NULL), SNN_OK);
    back = read_as(*state, path, SNN_IMAGE_GREY);
    assert_memory_equal(snn_image_row(back, 0), ((uint8_t[]){150, 255}), 2);
    assert_int_equal(snn_image_write_png(back, file_named("g.png"), NULL), SNN_OK);
    snn_image_destroy(back);
    back = read_as(*state, path, SNN_IMAGE_RGB);
    assert_int_equal(snn_image_get(back, 0, 0), 0x969696);
    snn_image_destroy(back);
    snn_image_destroy(image);
}

/* What other programs write: 16 bits, and transparency. */
static void png_of_other_kinds(void **state)
{
    const uint16_t deep[] = {0, 257 * 100, 65535, 257 * 7 + 120};
    const uint8_t glass[] = {10, 20, 30, 255, 90, 90, 90, 0};
    png_image png;
    snn_image *back;

    memset(&png, 0, sizeof png);
    png.version = PNG_IMAGE_VERSION;
    png.width = 4;
    png.height = 1;
    png.format = PNG_FORMAT_LINEAR_Y;
    png.flags = PNG_IMAGE_FLAG_COLORSPACE_NOT_sRGB;
    assert_true(png_image_write_to_file(&png, file_named("d.png"), 0, deep, 0, NULL));
    back = read_as(*state, path, SNN_IMAGE_GREY);
    assert_int_equal(snn_image_width(back), 4);
    assert_int_equal(snn_image_row(back, 0)[0], 0);
    assert_int_equal(snn_image_row(back, 0)[2], 255);
    snn_image_destroy(back);

    memset(&png, 0, sizeof png);
    png.version = PNG_IMAGE_VERSION;
    png.width = 2;
    png.height = 1;
    png.format = PNG_FORMAT_RGBA;
    assert_true(png_image_write_to_file(&png, file_named("t.png"), 0, glass, 0, NULL));
    back = read_as(*state, path, SNN_IMAGE_RGB);
    assert_int_equal(snn_image_get(back, 0, 0), 0x0a141e);
    assert_int_equal(snn_image_get(back, 1, 0), 0xffffff);
    snn_image_destroy(back);
}

static void pgm_and_ppm(void **state)
{
    static const struct {
        const char *name, *text;
        size_t n; /* 0 = a string */
        uint8_t row[6];
    } FILES[] = {
        {"ascii.pgm", "P2 # a comment\n3 # another\n1\n100\n0 50\n100", 0, {0, 128, 255}},
        {"bytes.pgm", "P5\n3 1\n255\n\x01\n\xff", 14, {1, 10, 255}},
        {"deep.pgm", "P5 3 1 65535 \x00\x00\x7f\xff\xff\xff", 19, {0, 127, 255}},
        {"ascii.ppm", "P3\n3 1\n1\n1 1 1  0 0 0  0 1 0\n", 0, {255, 0, 150}},
        {"bytes.ppm", "P6 3 1 255\n\x05\x05\x05\xff\x00\x00\xff\xff\xff", 20, {5, 76, 255}},
    };

    for (size_t f = 0; f < sizeof FILES / sizeof FILES[0]; f++) {
        const size_t n = FILES[f].n > 0 ? FILES[f].n : strlen(FILES[f].text);
        snn_image *image =
            read_as(*state, write_bytes(FILES[f].name, FILES[f].text, n), SNN_IMAGE_GREY);

        assert_int_equal(snn_image_width(image), 3);
        assert_memory_equal(snn_image_row(image, 0), FILES[f].row, 3);
        snn_image_destroy(image);
        if (strncmp(FILES[f].name, "bytes", 5) == 0) /* cut anywhere */
            for (size_t cut = 3; cut < n; cut++)
                refused(*state, write_bytes("cut.pgm", FILES[f].text, cut), SNN_EFORMAT,
                        "is a damaged PGM or PPM");
    }
    refused(*state, write_text("a.pgm", "P2 2 1 9\n4 10"), SNN_EFORMAT,
            "value 2 of 2 is missing or above 9");
    refused(*state, write_text("a.pgm", "P2 2 1 0\n0 0"), SNN_EFORMAT, "largest value");
    refused(*state, write_text("a.pgm", "P2 2 x 9\n0 0"), SNN_EFORMAT, "width, height");
    refused(*state, write_text("a.pgm", "P2 0 1 9\n0 0"), SNN_EFORMAT, "without pixels");
    refused(*state, write_text("a.pgm", "P5 40000 1 9\n0"), SNN_EUNSUPPORTED, "40000 x 1");
    refused(*state, write_text("a.pgm", "P5 30000 30000 9\n0"), SNN_EUNSUPPORTED, "30000 x 30000");
    refused(*state, write_text("a.pgm", "P5 99999999999 1 9\n0"), SNN_EFORMAT, "width, height");
    refused(*state, write_text("a.pbm", "P4 1 1\n0"), SNN_EFORMAT, "is no PNG, PGM or PPM");
}

static void damaged_png_is_refused(void **state)
{
    snn_image *image = make(*state, 40, 30, SNN_IMAGE_RGB);
    unsigned char *bytes;
    uint64_t random = test_seed(2);
    size_t n, data = 16;

    for (uint32_t i = 0; i < 40 * 30 * 3; i++)
        snn_image_row(image, 0)[i] = (uint8_t)(test_random(&random) & 15);
    assert_int_equal(snn_image_write_png(image, file_named("whole.png"), NULL), SNN_OK);
    bytes = read_bytes(path, &n);
    for (size_t cut = 8; cut + 12 < n; cut += 7)
        refused(*state, write_bytes("cut.png", bytes, cut), SNN_EFORMAT, "is a damaged PNG");
    while (memcmp(bytes + data, "IDAT", 4) != 0)
        data++;
    for (size_t at = data; at + 12 < n; at += 5) { /* the end chunk is not looked at */
        bytes[at] ^= 0x55;
        refused(*state, write_bytes("bent.png", bytes, n), SNN_EFORMAT, "is a damaged PNG");
        bytes[at] ^= 0x55;
    }
    refused(*state, file_named("nothing.png"), SNN_ENOTFOUND, "cannot be opened");
    refused(*state, write_text("empty.png", ""), SNN_EFORMAT, "is no PNG, PGM or PPM");
    free(bytes);
    snn_image_destroy(image);
}

/* A file that claims 40000 x 40000 pixels is refused before any is made room for. */
static void huge_claims_are_refused(void **state)
{
    static const unsigned char HEAD[] = {0x89, 'P',  'N', 'G', 13,  10, 26, 10,   0,    0,    0,
                                         13,   'I',  'H', 'D', 'R', 0,  0,  0x9c, 0x40, 0,    0,
                                         0x9c, 0x40, 8,   2,   0,   0,  0,  0x63, 0xe5, 0x6f, 0x19};
    unsigned char bytes[sizeof HEAD + 12];
    uint32_t crc = 0xffffffff;
    snn_image *image = NULL;
    const size_t before = snn_context_bytes(*state);

    memcpy(bytes, HEAD, sizeof HEAD);
    memcpy(bytes + sizeof HEAD, "\0\0\0\0IDAT\x35\xaf\x06\x1e", 12);
    for (size_t i = 12; i < 29; i++) { /* the head's checksum, so that only the size is wrong */
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    for (size_t i = 0; i < 4; i++)
        bytes[29 + i] = (unsigned char)(~crc >> (24 - 8 * i));
    refused(*state, write_bytes("huge.png", bytes, sizeof bytes), SNN_EUNSUPPORTED,
            "40000 x 40000 pixels");
    assert_int_equal(snn_image_create(*state, 40000, 1, SNN_IMAGE_GREY, &image, NULL), SNN_EINVAL);
    assert_int_equal(snn_image_create(*state, 30000, 30000, SNN_IMAGE_GREY, &image, NULL),
                     SNN_EINVAL);
    assert_int_equal(snn_image_create(*state, 0, 1, SNN_IMAGE_GREY, &image, NULL), SNN_EINVAL);
    assert_int_equal(snn_image_create(*state, 1, 1, (snn_image_kind)2, &image, NULL), SNN_EINVAL);
    assert_null(image);
    assert_int_equal(snn_context_bytes(*state), before);
}

static void what_cannot_be_written_is_said(void **state)
{
    snn_image *image = make(*state, 3, 3, SNN_IMAGE_RGB);
    snn_error err = {0};

    assert_int_equal(snn_image_write_png(image, file_named("no/such/folder.png"), &err), SNN_EIO);
    assert_string_equal(err.where, path);
    assert_non_null(strstr(err.what, "is not written"));
    snn_image_destroy(image);
}

/* Memory that runs out at each block in turn. */
static void memory_runs_out(void **state)
{
    snn_context *ctx = *state, *poor;
    snn_image *image = make(ctx, 9, 9, SNN_IMAGE_RGB), *made, *back;
    snn_status st = SNN_ENOMEM;
    long k;

    assert_int_equal(snn_image_write_png(image, file_named("m.png"), NULL), SNN_OK);
    snn_image_destroy(image);
    for (k = 0; st != SNN_OK && k < 50; k++) {
        failing_allocator a = {.fail_at = -1};
        made = back = NULL;
        assert_int_equal(failing_context(&a, 1, &poor), SNN_OK);
        a.fail_at = a.calls + k;
        st = snn_image_create(poor, 9, 9, SNN_IMAGE_RGB, &made, NULL);
        if (st == SNN_OK)
            st = snn_image_write_png(made, file_named("n.png"), NULL);
        if (st == SNN_OK)
            st = snn_image_read(poor, file_named("m.png"), SNN_IMAGE_GREY, &back, NULL);
        assert_true(st == SNN_OK || st == SNN_ENOMEM);
        snn_image_destroy(made);
        snn_image_destroy(back);
        snn_context_destroy(poor);
        assert_int_equal(a.held, 0);
        assert_int_equal(a.broken, 0);
    }
    assert_int_equal(st, SNN_OK);
    assert_true(k > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_are_where_they_were_put),
        cmocka_unit_test(png_there_and_back),
        cmocka_unit_test(colours_become_grey_and_grey_colours),
        cmocka_unit_test(png_of_other_kinds),
        cmocka_unit_test(pgm_and_ppm),
        cmocka_unit_test(damaged_png_is_refused),
        cmocka_unit_test(huge_claims_are_refused),
        cmocka_unit_test(what_cannot_be_written_is_said),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
