/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of a movie: images (stimulus_image.c), the path of a window over them and its
 * frames (stimulus_frames.c), textures made in the frequency domain (stimulus_cloud.c), the
 * rule that makes events of frames (stimulus_events.c).  movies.c puts them together.
 */
#ifndef SNN_DATASETS_STIMULUS_H
#define SNN_DATASETS_STIMULUS_H

#include "datasets/data.h"

#include <snn/motion.h>
#include <snn/movies.h>
#include <snn/random.h>

/* Random numbers of movies: stream and counters. */
#define SNN_STREAM_STIMULUS 16u
enum { STIMULUS_PATH, STIMULUS_IMAGE, STIMULUS_NOISE, STIMULUS_CLOUD, STIMULUS_POOL };

/* A number of use `what` of movie `index` of a split: the n-th of its kind. */
snn_key snn_stimulus_key(uint64_t seed, snn_split split, int what);
/* Normal with mean 0 and variance 1. */
double snn_stimulus_normal(snn_key key, uint32_t index, uint64_t n);

/* Whitened images of one split, all square parts of which may be used. */
typedef struct snn_image_pool {
    uint32_t n;
    uint32_t *width, *height;
    float **image; /* [height][width], median 0, largest |value| 1 */
} snn_image_pool;

/* Filter: SLIP's retina times Olshausen's whitening, x [height][width] in place; then
 * median 0 and largest |value| 1. */
snn_status snn_image_whiten(snn_context *ctx, float *x, uint32_t width, uint32_t height,
                            snn_error *err);
snn_status snn_image_pool_make(snn_context *ctx, const snn_motion_params *params,
                               const char *folder, uint64_t seed, snn_split split,
                               snn_image_pool *out, snn_error *err);
/* The images of a folder (stimulus_folder.c). */
snn_status snn_image_pool_read(snn_context *ctx, const snn_motion_params *params,
                               const char *folder, snn_split split, snn_image_pool *pool,
                               snn_error *err);
void snn_image_pool_free(snn_context *ctx, snn_image_pool *pool);

/* A maker of frames has plans and scratch for each worker; made before threads start. */
typedef struct snn_framer snn_framer;

snn_status snn_framer_create(snn_context *ctx, const snn_motion_params *params, int workers,
                             snn_framer **out, snn_error *err);
void snn_framer_destroy(snn_framer *framer);
/* Smallest image side that holds every path. */
uint32_t snn_framer_side(const snn_motion_params *params);
/* Labels [steps] of a movie. */
void snn_stimulus_labels(const snn_motion_params *params, uint64_t seed, snn_split split,
                         uint32_t index, uint16_t *label);
/* Frames [steps][height][width] of movie `index`, normalised and with noise. */
void snn_framer_run(snn_framer *framer, int worker, const snn_image_pool *pool, uint64_t seed,
                    snn_split split, uint32_t index, const uint16_t *label, float *frames);

/* A Motion Cloud into frames; own plans. */
typedef struct snn_cloud snn_cloud;
snn_status snn_cloud_create(snn_context *ctx, const snn_motion_params *params, int workers,
                            snn_cloud **out, snn_error *err);
void snn_cloud_destroy(snn_cloud *cloud);
void snn_cloud_run(snn_cloud *cloud, int worker, uint64_t seed, snn_split split, uint32_t index,
                   uint16_t label, float *frames);

/* Events of frames: marks [steps][height][width], 0 none, 1 OFF, 2 ON.  Returns their
 * number. */
uint32_t snn_stimulus_events(const snn_motion_params *params, const float *frames, uint8_t *mark);

#endif
