/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn make motion, snn make clouds: sets of movies in files, and their frames as pictures.
 * OUT/motion.yaml says what made them; files that were made with it are kept, and others are
 * never written over.
 */
#include "tools/make.h"
#include "tools/motion_runs.h"

#include <snn/file.h>

#include <string.h>

#define SETTINGS   32768 /* bytes of motion.yaml; its table of keys is far smaller */
#define PICTURE    200   /* pixels of a frame's height unless --scale says otherwise */
#define MOST_SCALE 64
#define GAP        8 /* between a frame and its events */
#define ON_COLOUR  0xd55e00
#define OFF_COLOUR 0x0072b2

typedef struct {
    snn_context *ctx;
    const options *o;
    snn_config config;
    const char *folder;
    char *settings; /* text of motion.yaml, `length` bytes */
    size_t length;
    snn_split drawn; /* of which frames are written */
} maker;

/* ---- what is asked for -------------------------------------------------------------- */

static bool shows_images(snn_motion_view view)
{
    return view == SNN_VIEW_IMAGE || view == SNN_VIEW_ROTATION || view == SNN_VIEW_EXPANSION;
}

/* What would be ignored, or fail when half is done, is refused at once. */
static snn_status check(maker *m, snn_error *err)
{
    const snn_motion_params *p = &m->config.motion;
    snn_motion *layer = NULL;
    snn_status status = SNN_OK;

    if (p->view == SNN_VIEW_CLOUD && p->switch_rate > 0)
        return snn_error_set(err, SNN_EINVAL, "motion.switch_rate",
                             "a cloud keeps one motion: give --set motion.switch_rate=0");
    if (m->o->data != NULL && !shows_images(p->view))
        return snn_error_set(err, SNN_EINVAL, "--data",
                             "clouds, gratings and bars are drawn without images: leave it out");
    if (m->o->scale > MOST_SCALE)
        return snn_error_set(err, SNN_EINVAL, "--scale", "%u is larger than %d",
                             (unsigned)m->o->scale, MOST_SCALE);
    TRY(status, tool_split(m->o, SNN_SPLIT_TEST, &m->drawn, err));
    if (m->o->png > motion_count_of(p, m->drawn))
        return snn_error_set(err, SNN_EINVAL, "--png", "there are %u %s movies, fewer than %u",
                             (unsigned)motion_count_of(p, m->drawn), snn_split_name(m->drawn),
                             (unsigned)m->o->png);
    /* Movies that no layer can be trained on are of no use: the layer checks their sizes. */
    TRY(status, snn_motion_create(m->ctx, p, 0, &layer, err));
done:
    snn_motion_destroy(layer);
    return status;
}

/* A configuration with all that decides what the movies are. */
static void describe(maker *m)
{
    char *text = m->settings;
    const snn_config_key *key;
    char name[128], value[1024];
    int at = snprintf(text, SETTINGS,
                      "# The movies beside this file, made by snn make from %s.\n"
                      "network:\n  model: motion\ntrain:\n  seed: %llu\nmotion:\n",
                      m->o->data != NULL                    ? m->o->data
                      : shows_images(m->config.motion.view) ? "generated images"
                                                            : "formulas",
                      (unsigned long long)m->config.train.seed);

    for (size_t i = 0; (key = snn_config_key_at(i)) != NULL && at < SETTINGS; i++) {
        snprintf(name, sizeof name, "%s.%s", key->section, key->key);
        if (strcmp(key->section, "motion") == 0 &&
            snn_config_get(&m->config, name, value, sizeof value) == SNN_OK)
            at += snprintf(text + at, SETTINGS - (size_t)at, "  %s: %s\n", key->key, value);
    }
    m->length = at < SETTINGS ? (size_t)at : SETTINGS - 1;
}

/* Is the folder free, or of these very settings? */
static snn_status check_folder(const maker *m, snn_error *err)
{
    char path[TOOL_PATH], name[64], *there = NULL;
    snn_status status;

    TRY(status, join_path(path, m->folder, "motion.yaml", err));
    status = read_whole_file(m->ctx, path, &there, err);
    if (status == SNN_OK && strcmp(there, m->settings) != 0)
        status = snn_error_set(err, SNN_EINVAL, path,
                               "tells of other movies: remove them, or choose another folder");
    if (status != SNN_ENOTFOUND)
        goto done;
    status = SNN_OK;
    for (int s = 0; s < SNN_SPLITS; s++) {
        motion_file_of((snn_split)s, name);
        if (file_exists(m->folder, name))
            TRY(status, snn_error_set(err, SNN_EINVAL, m->folder,
                                      "holds %s of unknown settings: remove it, or choose another "
                                      "folder",
                                      name));
    }
done:
    snn_free(m->ctx, there);
    return status;
}

/* Say whose the folder is; only when there is a set to put in it. */
static snn_status claim(const maker *m, snn_error *err)
{
    char path[TOOL_PATH];
    snn_status status;

    TRY(status, make_folders(m->folder, err));
    TRY(status, join_path(path, m->folder, "motion.yaml", err));
    TRY(status, snn_replace_file(m->ctx, path, m->settings, m->length, err));
done:
    return status;
}

/* ---- files ---------------------------------------------------------------------------- */

static snn_status make_split(const maker *m, snn_split split, snn_error *err)
{
    const snn_motion_params params = motion_params_of(&m->config, split);
    char name[64], path[TOOL_PATH];
    snn_movies *movies = NULL;
    uint64_t events;
    double share;
    snn_status status = SNN_OK;

    motion_file_of(split, name);
    TRY(status, join_path(path, m->folder, name, err));
    if (file_exists(m->folder, name)) {
        talk(SNN_LOG_INFO, "%s: complete already", path);
        goto done;
    }
    TRY(status, motion_make(m->ctx, &m->config, m->o->data, split, &movies, err));
    TRY(status, claim(m, err));
    TRY(status, snn_movies_save(m->ctx, movies, &params, path, err));
    share = motion_activity(movies, &events);
    talk(SNN_LOG_INFO, "%s: %u movies, %llu events, %.1f %% of cells active", path,
         (unsigned)snn_movies_count(movies), (unsigned long long)events, 100 * share);
done:
    snn_movies_destroy(movies);
    return status;
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* Step t: the frame in grey, and beside it its events. */
static snn_status draw_step(const maker *m, const snn_movie *movie, const float *frame, uint32_t t,
                            const char *path, snn_error *err)
{
    const uint32_t w = movie->width, h = movie->height;
    const uint32_t usual = h < PICTURE ? PICTURE / h : 1;
    const uint32_t scale = m->o->scale > 0 ? m->o->scale : usual;
    const int64_t right = (int64_t)w * scale + GAP;
    snn_image *image = NULL;
    snn_status status;

    TRY(status,
        snn_image_create(m->ctx, 2 * w * scale + GAP, h * scale, SNN_IMAGE_RGB, &image, err));
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++) {
            const uint32_t grey = (uint32_t)(127.5f * (frame[(size_t)y * w + x] + 1.0f) + 0.5f);

            snn_image_fill(image, (int64_t)x * scale, (int64_t)y * scale, scale, scale,
                           grey * 0x010101u);
        }
    snn_image_fill(image, right - GAP, 0, GAP, h * scale, 0x303030);
    snn_image_fill(image, right, 0, w * scale, h * scale, 0xffffff);
    for (uint32_t k = 2 * t; k < 2 * t + 2; k++)
        for (uint32_t e = movie->first[k]; e < movie->first[k + 1]; e++)
            snn_image_fill(image, right + (int64_t)movie->x[e] * scale,
                           (int64_t)movie->y[e] * scale, scale, scale,
                           k % 2 == 1 ? ON_COLOUR : OFF_COLOUR);
    TRY(status, snn_image_write_png(image, path, err));
done:
    snn_image_destroy(image);
    return status;
}

static snn_status draw_movie(const maker *m, const snn_motion_params *params, uint32_t index,
                             const snn_movie *movie, snn_error *err)
{
    char name[64], folder[TOOL_PATH], path[TOOL_PATH];
    float *frames = NULL;
    double direction, speed;
    snn_status status = SNN_OK;

    snprintf(name, sizeof name, "png/%s-%04u", snn_split_name(m->drawn), (unsigned)index);
    TRY(status, join_path(folder, m->folder, name, err));
    TRY(status, make_folders(folder, err));
    TRY(status, snn_movies_frames(m->ctx, params, m->o->data, m->config.train.seed, m->drawn, index,
                                  &frames, err));
    for (uint32_t t = 0; t < movie->steps; t++) {
        snprintf(name, sizeof name, "%04u.png", (unsigned)t);
        TRY(status, join_path(path, folder, name, err));
        TRY(status,
            draw_step(m, movie, frames + (size_t)t * movie->width * movie->height, t, path, err));
    }
    if (movie->label[0] == SNN_NO_LABEL || params->switch_rate > 0) {
        talk(SNN_LOG_INFO, "%s: %u frames", folder, (unsigned)movie->steps);
    } else {
        snn_motion_class(params, movie->label[0], &direction, &speed);
        talk(SNN_LOG_INFO,
             "%s: %u frames, class %u: %.0f degrees from down towards right, %.3f "
             "pixels a step",
             folder, (unsigned)movie->steps, (unsigned)movie->label[0],
             direction * 57.29577951308232, speed);
    }
done:
    snn_free(m->ctx, frames);
    return status;
}

static snn_status draw_movies(const maker *m, snn_error *err)
{
    const snn_motion_params params = motion_params_of(&m->config, m->drawn);
    char name[64], path[TOOL_PATH];
    snn_movies *movies = NULL;
    snn_status status;

    motion_file_of(m->drawn, name);
    TRY(status, join_path(path, m->folder, name, err));
    TRY(status, snn_movies_load(m->ctx, path, &params, &movies, err));
    for (uint32_t i = 0; i < m->o->png; i++) {
        if (was_interrupted())
            TRY(status, snn_error_set(err, SNN_EINTERRUPTED, m->folder,
                                      "stopped after frames of %u movies", (unsigned)i));
        TRY(status, draw_movie(m, &params, i, snn_movies_get(movies, i), err));
    }
done:
    snn_movies_destroy(movies);
    return status;
}

/* ---- the command -------------------------------------------------------------------------- */

static snn_status make(snn_context *ctx, const options *o, bool clouds, snn_error *err)
{
    maker m = {.ctx = ctx, .o = o, .folder = o->operands[1]};
    snn_status status;

    TRY(status, tool_config(o->config, o, &m.config, err));
    m.config.model = SNN_MODEL_MOTION;
    if (clouds)
        m.config.motion.view = SNN_VIEW_CLOUD;
    TRY(status, check(&m, err));
    m.settings = snn_alloc(ctx, SETTINGS, 1);
    if (m.settings == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, m.folder, "no memory for its settings"));
    describe(&m);
    TRY(status, check_folder(&m, err));
    for (int s = 0; s < SNN_SPLITS; s++)
        if (motion_count_of(&m.config.motion, (snn_split)s) > 0)
            TRY(status, make_split(&m, (snn_split)s, err));
    if (o->png > 0)
        TRY(status, draw_movies(&m, err));
done:
    snn_free(ctx, m.settings);
    return status;
}

snn_status make_motion(snn_context *ctx, const options *o, snn_error *err)
{
    return make(ctx, o, false, err);
}

snn_status make_clouds(snn_context *ctx, const options *o, snn_error *err)
{
    return make(ctx, o, true, err);
}
