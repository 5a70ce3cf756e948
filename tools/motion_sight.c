/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/motion_sight.h"

#include <math.h>
#include <string.h>

#define DEGREES 57.29577951308232

/* What the weights are for must stay as it was trained. */
static snn_status check_layer(const snn_motion_params *was, const snn_motion_params *now,
                              snn_error *err)
{
    const char *key = NULL;

    if (now->directions != was->directions)
        key = "motion.directions";
    else if (now->speeds != was->speeds)
        key = "motion.speeds";
    else if (now->side != was->side)
        key = "motion.side";
    else if (now->delays != was->delays)
        key = "motion.delays";
    if (key != NULL)
        return snn_error_set(err, SNN_EINVAL, key, "is the model's and cannot be set");
    return SNN_OK;
}

/* The same weights in a layer for movies of the size that is set. */
static snn_status resize(motion_sight *s, snn_error *err)
{
    snn_motion *other = NULL;
    float *weight = snn_alloc(s->ctx, snn_motion_weights(s->motion), sizeof *weight);
    float *bias = snn_alloc(s->ctx, snn_motion_classes(&s->config.motion), sizeof *bias);
    snn_status status = SNN_OK;

    if (weight == NULL || bias == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, s->path, "no memory for its weights"));
    TRY(status, snn_motion_create(s->ctx, &s->config.motion, 0, &other, err));
    snn_motion_get(s->motion, weight, bias);
    snn_motion_set(other, weight, bias);
    snn_motion_destroy(s->motion);
    s->motion = other;
done:
    snn_free(s->ctx, bias);
    snn_free(s->ctx, weight);
    return status;
}

snn_status motion_sight_open(snn_context *ctx, const char *operand, const options *o,
                             motion_sight *out, snn_error *err)
{
    char folder[TOOL_PATH];
    snn_motion_params was;
    snn_status status;

    *out = (motion_sight){.ctx = ctx};
    TRY(status, find_model(operand, out->path, folder, err));
    TRY(status, snn_motion_load(ctx, out->path, &out->motion, &out->config, err));
    was = out->config.motion;
    TRY(status, tool_config_set(o, &out->config, err));
    TRY(status, check_layer(&was, &out->config.motion, err));
    if (o->set.n > 0)
        TRY(status, resize(out, err));
    if (o->data == NULL && file_exists(folder, "data.txt"))
        TRY(status, run_recall_data(folder, out->data, err));
    out->from = o->data != NULL ? o->data : out->data[0] != '\0' ? out->data : NULL;
    if (o->data == NULL && out->from != NULL && o->set.n > 0 && motion_in_folder(out->from))
        out->from = NULL; /* movies of files are as they are */
done:
    return status;
}

void motion_sight_close(motion_sight *sight)
{
    snn_motion_tape_destroy(sight->tape);
    snn_movies_destroy(sight->movies);
    snn_motion_destroy(sight->motion);
}

/* Movies are made one by one: those after the one that is wanted need not be. */
static void fewest(snn_motion_params *p, snn_split split, uint32_t count)
{
    uint32_t *of = split == SNN_SPLIT_TRAIN   ? &p->train_movies
                   : split == SNN_SPLIT_VALID ? &p->valid_movies
                                              : &p->test_movies;

    *of = count;
}

snn_status motion_sight_movie(motion_sight *s, const options *o, snn_error *err)
{
    snn_config config = s->config;
    uint32_t count;
    snn_status status;

    TRY(status, tool_split(o, SNN_SPLIT_TEST, &s->split, err));
    count = motion_count_of(&config.motion, s->split);
    if (s->from == NULL || !motion_in_folder(s->from)) {
        if (o->sample < count)
            fewest(&config.motion, s->split, o->sample + 1);
        if (o->sample < count)
            TRY(status, motion_make(s->ctx, &config, s->from, s->split, &s->movies, err));
    } else {
        TRY(status, motion_movies(s->ctx, &config, s->from, s->split, &s->movies, err));
        count = snn_movies_count(s->movies);
    }
    if (o->sample >= count)
        TRY(status,
            snn_error_set(err, SNN_EINVAL, s->path, "has %u %s movies, numbered from 0: no %u",
                          (unsigned)count, snn_split_name(s->split), (unsigned)o->sample));
    s->movie = snn_movies_get(s->movies, o->sample);
done:
    return status;
}

snn_status motion_sight_frames(const motion_sight *s, const options *o, float **out, snn_error *err)
{
    const snn_motion_params params = motion_params_of(&s->config, s->split);

    *out = NULL;
    if (s->from != NULL && motion_in_folder(s->from))
        return SNN_OK;
    return snn_movies_frames(s->ctx, &params, s->from, s->config.train.seed, s->split, o->sample,
                             out, err);
}

snn_status motion_sight_look(motion_sight *s, snn_error *err)
{
    const snn_motion_params *p = &s->config.motion;
    snn_status status;

    s->skip = p->skip_steps > 0 ? p->skip_steps : p->delays;
    TRY(status, snn_motion_tape_create(s->motion, 1, 0, &s->tape, err));
    TRY(status, snn_motion_forward(s->tape, s->movie, 1, err));
    TRY(status, snn_motion_logits(s->tape, 0, &s->logits, &s->lanes, err));
done:
    return status;
}

uint32_t motion_softmax(const float *logits, uint32_t classes, double *share)
{
    uint32_t top = 0;
    double sum = 0;

    for (uint32_t c = 1; c < classes; c++)
        top = logits[c] > logits[top] ? c : top;
    for (uint32_t c = 0; c < classes; c++)
        sum += share[c] = exp((double)logits[c] - (double)logits[top]);
    for (uint32_t c = 0; c < classes; c++)
        share[c] /= sum;
    return top;
}

void motion_class_name(const snn_motion_params *params, uint32_t label, char name[MOTION_NAME])
{
    double direction, speed;

    snn_motion_class(params, label, &direction, &speed);
    if (params->speeds > 1)
        snprintf(name, MOTION_NAME, "%.0f\u00b0 %.2f", direction * DEGREES, speed);
    else
        snprintf(name, MOTION_NAME, "%.0f\u00b0", direction * DEGREES);
}

void motion_movie_name(const motion_sight *s, uint32_t index, char *text, size_t size)
{
    const snn_movie *movie = s->movie;
    const uint16_t label = movie->label[movie->steps - 1];
    double direction, speed;
    bool same = label != SNN_NO_LABEL;

    for (uint32_t t = 0; t < movie->steps; t++)
        same = same && movie->label[t] == label;
    if (!same) {
        snprintf(text, size, "%s movie %u%s", snn_split_name(s->split), (unsigned)index,
                 s->config.motion.view == SNN_VIEW_ROTATION    ? ": a rotation"
                 : s->config.motion.view == SNN_VIEW_EXPANSION ? ": an expansion"
                                                               : "");
        return;
    }
    snn_motion_class(&s->config.motion, label, &direction, &speed);
    snprintf(text, size, "%s movie %u: %.0f\u00b0 from down towards right, %.2f pixels a step",
             snn_split_name(s->split), (unsigned)index, direction * DEGREES, speed);
}
