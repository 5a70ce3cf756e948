/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A window that moves over an image: content moves by (v cos phi, v sin phi) rows and
 * columns a step, the window by the opposite.  A part of the image that holds the whole
 * path, with a margin against its wrap-around, is transformed once; each frame is that
 * spectrum with the phase of its shift, transformed back.  Turning and expanding images
 * are sampled between pixels instead.
 */
#include "datasets/stimulus.h"

#include <fftw3.h>
#include <math.h>
#include <string.h>

#define PI     3.14159265358979323846
#define MARGIN 24u /* pixels; beyond it a wrapped edge rings with less than the noise */

typedef struct {
    double *image;          /* [rows][columns] */
    fftw_complex *spectrum; /* of the part */
    fftw_complex *shifted;
    fftw_complex *phase; /* [rows], then [columns / 2 + 1] */
    double *path;        /* [steps][2]: rows, columns */
} framer_room;

struct snn_framer {
    snn_context *ctx;
    snn_motion_params params;
    uint32_t rows, columns; /* of the part */
    int workers;
    fftw_plan forward, inverse;
    framer_room *room;
};

/* The longest way of a path, in pixels. */
static uint32_t travel(const snn_motion_params *params)
{
    return (uint32_t)ceil((double)params->speed_max * params->steps);
}

uint32_t snn_framer_side(const snn_motion_params *params)
{
    const uint32_t longer = params->width > params->height ? params->width : params->height;

    return longer + travel(params) + 2 * MARGIN;
}

void snn_framer_destroy(snn_framer *framer)
{
    if (framer == NULL)
        return;
    for (int w = 0; framer->room != NULL && w < framer->workers; w++) {
        framer_room *room = &framer->room[w];

        snn_free(framer->ctx, room->path);
        snn_free(framer->ctx, room->phase);
        snn_free(framer->ctx, room->shifted);
        snn_free(framer->ctx, room->spectrum);
        snn_free(framer->ctx, room->image);
    }
    snn_free(framer->ctx, framer->room);
    if (framer->inverse != NULL)
        fftw_destroy_plan(framer->inverse);
    if (framer->forward != NULL)
        fftw_destroy_plan(framer->forward);
    snn_free(framer->ctx, framer);
}

snn_status snn_framer_create(snn_context *ctx, const snn_motion_params *params, int workers,
                             snn_framer **out, snn_error *err)
{
    snn_framer *framer = NULL;
    size_t half;
    snn_status st;

    TRY_ALLOC(st, ctx, framer, 1, err);
    framer->ctx = ctx;
    framer->params = *params;
    framer->workers = workers;
    framer->rows = params->height + travel(params) + 2 * MARGIN;
    framer->columns = params->width + travel(params) + 2 * MARGIN;
    half = framer->columns / 2 + 1;
    TRY_ALLOC(st, ctx, framer->room, (size_t)workers, err);
    for (int w = 0; w < workers; w++) {
        framer_room *room = &framer->room[w];

        TRY_ALLOC(st, ctx, room->image, (size_t)framer->rows * framer->columns, err);
        TRY_ALLOC(st, ctx, room->spectrum, framer->rows * half, err);
        TRY_ALLOC(st, ctx, room->shifted, framer->rows * half, err);
        TRY_ALLOC(st, ctx, room->phase, framer->rows + half, err);
        TRY_ALLOC(st, ctx, room->path, (size_t)2 * params->steps, err);
    }
    framer->forward =
        fftw_plan_dft_r2c_2d((int)framer->rows, (int)framer->columns, framer->room[0].image,
                             framer->room[0].spectrum, FFTW_ESTIMATE);
    framer->inverse =
        fftw_plan_dft_c2r_2d((int)framer->rows, (int)framer->columns, framer->room[0].shifted,
                             framer->room[0].image, FFTW_ESTIMATE);
    if (framer->forward == NULL || framer->inverse == NULL) {
        st = snn_error_set(err, SNN_ENOMEM, NULL, "no memory for the frames of movies");
        goto done;
    }
    *out = framer;
    framer = NULL;

done:
    snn_framer_destroy(framer);
    return st;
}

/* ---- what moves where ----------------------------------------------------------------- */

snn_key snn_stimulus_key(uint64_t seed, snn_split split, int what)
{
    return (snn_key){seed, SNN_STREAM_STIMULUS + (uint32_t)split * 8u + (uint32_t)what};
}

double snn_stimulus_normal(snn_key key, uint32_t index, uint64_t n)
{
    uint32_t four[4];

    snn_random4(key, n / 2, index, 0, four);
    return sqrt(-2.0 * log((four[0] + 0.5) * 0x1p-32)) *
           (n % 2 == 0 ? cos(2.0 * PI * four[1] * 0x1p-32) : sin(2.0 * PI * four[1] * 0x1p-32));
}

void snn_stimulus_labels(const snn_motion_params *params, uint64_t seed, snn_split split,
                         uint32_t index, uint16_t *label)
{
    const snn_key key = snn_stimulus_key(seed, split, STIMULUS_PATH);
    const uint32_t classes = snn_motion_classes(params);
    uint16_t now = (uint16_t)(index % classes);

    if (params->view >= SNN_VIEW_ROTATION)
        now = SNN_NO_LABEL;
    else if (params->switch_rate > 0.0f)
        now = (uint16_t)snn_random_below(key, 0, index, 1, classes);
    for (uint32_t t = 0; t < params->steps; t++) {
        if (t > 0 && now != SNN_NO_LABEL && params->switch_rate > 0.0f &&
            snn_random_uniform(key, t, index, 2) < params->switch_rate)
            now = (uint16_t)snn_random_below(key, t, index, 3, classes);
        label[t] = now;
    }
}

/* Window positions from 0: position t - position t-1 is minus the motion into step t. */
static void walk(const snn_motion_params *params, const uint16_t *label, double *path)
{
    double low[2] = {0.0, 0.0}, at[2] = {0.0, 0.0};

    for (uint32_t t = 0; t < params->steps; t++) {
        double direction, speed;

        snn_motion_class(params, label[t], &direction, &speed);
        at[0] -= t > 0 ? speed * cos(direction) : 0.0;
        at[1] -= t > 0 ? speed * sin(direction) : 0.0;
        for (int i = 0; i < 2; i++) {
            path[2 * t + i] = at[i];
            low[i] = at[i] < low[i] ? at[i] : low[i];
        }
    }
    for (uint32_t t = 0; t < params->steps; t++)
        for (int i = 0; i < 2; i++)
            path[2 * t + i] += MARGIN - low[i];
}

/* ---- frames of an image ------------------------------------------------------------------ */

static void turn(double angle, fftw_complex out)
{
    out[0] = cos(angle);
    out[1] = sin(angle);
}

static void product(const fftw_complex a, const fftw_complex b, fftw_complex out)
{
    const double re = a[0] * b[0] - a[1] * b[1];

    out[1] = a[0] * b[1] + a[1] * b[0];
    out[0] = re;
}

static void shift_frame(const snn_framer *framer, framer_room *room, const double *by, float *frame)
{
    const size_t half = framer->columns / 2 + 1, rows = framer->rows;
    const double scale = 1.0 / ((double)rows * framer->columns);
    fftw_complex *y = room->phase, *x = room->phase + rows;

    for (size_t k = 0; k < rows; k++)
        turn(2.0 * PI * by[0] * (k <= rows / 2 ? (double)k : (double)k - (double)rows) /
                 (double)rows,
             y[k]);
    for (size_t k = 0; k < half; k++)
        turn(2.0 * PI * by[1] * (double)k / framer->columns, x[k]);
    for (size_t ky = 0; ky < rows; ky++)
        for (size_t kx = 0; kx < half; kx++) {
            fftw_complex phase;

            product(y[ky], x[kx], phase);
            product(room->spectrum[ky * half + kx], phase, room->shifted[ky * half + kx]);
        }
    fftw_execute_dft_c2r(framer->inverse, room->shifted, room->image);
    for (uint32_t i = 0; i < framer->params.height; i++)
        for (uint32_t j = 0; j < framer->params.width; j++)
            frame[(size_t)i * framer->params.width + j] =
                (float)(scale * room->image[(size_t)i * framer->columns + j]);
}

/* A part of an image of the pool, at random, into room->image. */
static void choose_part(const snn_framer *framer, framer_room *room, const snn_image_pool *pool,
                        uint64_t seed, snn_split split, uint32_t index)
{
    const snn_key key = snn_stimulus_key(seed, split, STIMULUS_IMAGE);
    const uint32_t i = snn_random_below(key, 0, index, 0, pool->n);
    const uint32_t y0 = snn_random_below(key, 1, index, 0, pool->height[i] - framer->rows + 1);
    const uint32_t x0 = snn_random_below(key, 2, index, 0, pool->width[i] - framer->columns + 1);

    for (uint32_t y = 0; y < framer->rows; y++)
        for (uint32_t x = 0; x < framer->columns; x++)
            room->image[(size_t)y * framer->columns + x] =
                (double)pool->image[i][(size_t)(y0 + y) * pool->width[i] + x0 + x];
}

static double sample(const snn_framer *framer, const double *image, double y, double x)
{
    const double most_y = framer->rows - 1.001, most_x = framer->columns - 1.001;
    size_t i, j;
    double u, v;

    y = y < 0.0 ? 0.0 : y > most_y ? most_y : y;
    x = x < 0.0 ? 0.0 : x > most_x ? most_x : x;
    i = (size_t)y;
    j = (size_t)x;
    u = y - (double)i;
    v = x - (double)j;
    image += i * framer->columns + j;
    return (1 - u) * ((1 - v) * image[0] + v * image[1]) +
           u * ((1 - v) * image[framer->columns] + v * image[framer->columns + 1]);
}

/* The edge of the frame moves at speed_max. */
static void warp_frames(const snn_framer *framer, framer_room *room, float *frames)
{
    const snn_motion_params *p = &framer->params;
    const double radius = 0.5 * (p->width < p->height ? p->width : p->height);
    const double rate = (double)p->speed_max / radius; /* radians, or growth, a step */

    for (uint32_t t = 0; t < p->steps; t++) {
        const double angle = p->view == SNN_VIEW_ROTATION ? rate * t : 0.0;
        const double size = p->view == SNN_VIEW_EXPANSION ? exp(-rate * t) : 1.0;

        for (uint32_t i = 0; i < p->height; i++)
            for (uint32_t j = 0; j < p->width; j++) {
                const double y = i + 0.5 - 0.5 * p->height, x = j + 0.5 - 0.5 * p->width;

                *frames++ =
                    (float)sample(framer, room->image,
                                  0.5 * framer->rows + size * (cos(angle) * y - sin(angle) * x),
                                  0.5 * framer->columns + size * (sin(angle) * y + cos(angle) * x));
            }
    }
}

/* ---- frames of a formula ------------------------------------------------------------------- */

#define GRATING_PIXELS 8.0
#define BAR_PIXELS     3.0

/* Along the motion: a sine of 8 pixels, or one bar whose edges are smooth. */
static void draw_formula(const snn_framer *framer, uint64_t seed, snn_split split, uint32_t index,
                         const uint16_t *label, float *frames)
{
    const snn_motion_params *p = &framer->params;
    const snn_key key = snn_stimulus_key(seed, split, STIMULUS_IMAGE);
    const double start = (double)snn_random_uniform(key, 3, index, 0);
    double moved = 0.0;

    for (uint32_t t = 0; t < p->steps; t++) {
        double direction, speed;

        snn_motion_class(p, label[t], &direction, &speed);
        moved += t > 0 ? speed : 0.0;
        for (uint32_t i = 0; i < p->height; i++)
            for (uint32_t j = 0; j < p->width; j++) {
                const double along = (i + 0.5 - 0.5 * p->height) * cos(direction) +
                                     (j + 0.5 - 0.5 * p->width) * sin(direction) - moved;
                const double u = (along + (start - 0.5) * 0.5 * p->width) / BAR_PIXELS;

                *frames++ = (float)(p->view == SNN_VIEW_GRATING
                                        ? sin(2.0 * PI * (along / GRATING_PIXELS + start))
                                        : exp(-0.5 * u * u));
            }
    }
}

/* Mean 0, largest |value| 1, noise, and back into [-1, 1]. */
static void finish(const snn_motion_params *params, uint64_t seed, snn_split split, uint32_t index,
                   float *frames)
{
    const size_t n = (size_t)params->steps * params->height * params->width;
    const snn_key key = snn_stimulus_key(seed, split, STIMULUS_NOISE);
    double sum = 0.0;
    float mean, largest = 0.0f;

    for (size_t i = 0; i < n; i++)
        sum += (double)frames[i];
    mean = (float)(sum / (double)n);
    for (size_t i = 0; i < n; i++) {
        frames[i] -= mean;
        largest = fmaxf(largest, fabsf(frames[i]));
    }
    for (size_t i = 0; i < n; i++) {
        double x = largest > 0.0f ? (double)(frames[i] / largest) : 0.0;

        if (params->noise > 0.0f)
            x += (double)params->noise * snn_stimulus_normal(key, index, i);
        frames[i] = (float)(x > 1.0 ? 1.0 : x < -1.0 ? -1.0 : x);
    }
}

void snn_framer_run(snn_framer *framer, int worker, const snn_image_pool *pool, uint64_t seed,
                    snn_split split, uint32_t index, const uint16_t *label, float *frames)
{
    const snn_motion_params *p = &framer->params;
    framer_room *room = &framer->room[worker];

    if (p->view == SNN_VIEW_GRATING || p->view == SNN_VIEW_BAR) {
        draw_formula(framer, seed, split, index, label, frames);
    } else {
        choose_part(framer, room, pool, seed, split, index);
        if (p->view >= SNN_VIEW_ROTATION) {
            warp_frames(framer, room, frames);
        } else {
            fftw_execute_dft_r2c(framer->forward, room->image, room->spectrum);
            walk(p, label, room->path);
            for (uint32_t t = 0; t < p->steps; t++)
                shift_frame(framer, room, &room->path[2 * t],
                            frames + (size_t)t * p->height * p->width);
        }
    }
    finish(p, seed, split, index, frames);
}
