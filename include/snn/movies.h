/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sets of movies as events: made from images and textures that move in a known way
 * (Grimaldi and Perrinet 2023, section "Task"), written to and read from files.
 *
 * A frame is an image at a sub-pixel shift.  A movie has mean 0 and lies in [-1, 1]; with
 * D[t] = I[t] - I[t-1] and theta = selectivity times the standard deviation of D over the
 * movie, a pixel sends ON where D[t] - theta s[t-1] > theta, OFF where it is < -theta, s[t]
 * being +1, -1 or 0: what an event leaves over is carried to the next step only.
 */
#ifndef SNN_MOVIES_H
#define SNN_MOVIES_H

#include <snn/dataset.h>
#include <snn/motion.h>

typedef struct snn_movies snn_movies;

SNN_BEGIN_DECLS

/*
 * Make `count` movies of a split.  Movie i of a split depends on params, images, seed, the
 * split and i alone.  One motion a movie: label i mod classes, so that classes are equally
 * frequent; else labels are drawn step by step.  Images of the splits are different ones.
 *
 * `images`: a folder of PNG or PGM files, or van Hateren's .iml and .imc, each whitened
 * (the last quarter, at least one, serves validation and test); NULL: images made of
 * opaque discs of all sizes and of 1/f noise.
 * `progress` (may be NULL) is called as movies are done; non-zero stops with
 * SNN_EINTERRUPTED.
 * Errors: SNN_EINVAL (images smaller than the path needs: remedy named), SNN_ENOTFOUND,
 * SNN_EIO, SNN_EFORMAT, SNN_ENOMEM.
 */
SNN_API SNN_MUST_USE snn_status snn_movies_make(
    snn_context *ctx, const snn_motion_params *params, const char *images, uint64_t seed,
    snn_split split, uint32_t count, int (*progress)(void *user, uint32_t done, uint32_t total),
    void *user, snn_movies **out, snn_error *err);
SNN_API void snn_movies_destroy(snn_movies *movies);
SNN_API uint32_t snn_movies_count(const snn_movies *movies);
/* Movie i, borrowed. */
SNN_API const snn_movie *snn_movies_get(const snn_movies *movies, uint32_t i);

/* Write a set to an HDF5 file, atomically, with what made it as attributes:
 *
 *   /first   (N + 1)   u64     events of movie i are first[i] .. first[i+1]-1
 *   /t /x /y /p        u16 u16 u16 u8, sorted by step, polarity, row, column
 *   /label   (N, steps) u16    65535 = none
 *   attributes width, height, steps, directions, speeds, speed_min, speed_max
 */
SNN_API SNN_MUST_USE snn_status snn_movies_save(snn_context *ctx, const snn_movies *movies,
                                                const snn_motion_params *params, const char *path,
                                                snn_error *err);
/* Read one.  The layer's sizes and classes must be those of the file: SNN_EFORMAT names
 * both.  `params` NULL: take it as it is. */
SNN_API SNN_MUST_USE snn_status snn_movies_load(snn_context *ctx, const char *path,
                                                const snn_motion_params *params, snn_movies **out,
                                                snn_error *err);

/* Grey values [steps][height][width] in [-1, 1] of a movie that snn_movies_make would make:
 * for pictures.  Free with snn_free. */
SNN_API SNN_MUST_USE snn_status snn_movies_frames(snn_context *ctx, const snn_motion_params *params,
                                                  const char *images, uint64_t seed,
                                                  snn_split split, uint32_t index, float **out,
                                                  snn_error *err);

SNN_END_DECLS
#endif
