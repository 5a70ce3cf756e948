/* SPDX-License-Identifier: BSD-3-Clause */
/* snn train and snn eval for a layer that sees motion: its movies, its figures. */
#include "tools/motion_runs.h"

#include <string.h>

static int show_making(void *user, uint32_t done, uint32_t total)
{
    const char *split = user;

    talk_progress("%s movies %u of %u", split, (unsigned)done, (unsigned)total);
    return was_interrupted();
}

uint32_t motion_count_of(const snn_motion_params *params, snn_split split)
{
    return split == SNN_SPLIT_TRAIN   ? params->train_movies
           : split == SNN_SPLIT_VALID ? params->valid_movies
                                      : params->test_movies;
}

snn_motion_params motion_params_of(const snn_config *config, snn_split split)
{
    snn_motion_params params = config->motion;

    if (split != SNN_SPLIT_TRAIN)
        params.switch_rate = 0;
    return params;
}

void motion_file_of(snn_split split, char name[64])
{
    snprintf(name, 64, "motion_%s.h5", snn_split_name(split));
}

snn_status motion_make(snn_context *ctx, const snn_config *config, const char *images,
                       snn_split split, snn_movies **out, snn_error *err)
{
    const snn_motion_params params = motion_params_of(config, split);
    const snn_status status = snn_movies_make(ctx, &params, images, config->train.seed, split,
                                              motion_count_of(&params, split), show_making,
                                              (void *)(uintptr_t)snn_split_name(split), out, err);

    talk_clear();
    return status;
}

bool motion_in_folder(const char *folder)
{
    char name[64];

    for (int s = 0; s < SNN_SPLITS; s++) {
        motion_file_of((snn_split)s, name);
        if (file_exists(folder, name))
            return true;
    }
    return false;
}

snn_status motion_movies(snn_context *ctx, const snn_config *config, const char *data,
                         snn_split split, snn_movies **out, snn_error *err)
{
    const snn_motion_params params = motion_params_of(config, split);
    char name[64], path[TOOL_PATH];
    snn_status status = SNN_OK;

    motion_file_of(split, name);
    if (data == NULL || !motion_in_folder(data))
        return motion_make(ctx, config, data, split, out, err);
    TRY(status, join_path(path, data, name, err));
    if (!file_exists(data, name))
        return snn_error_set(err, SNN_ENOTFOUND, path,
                             "there is none beside the others: set motion.%s_movies and repeat "
                             "snn make, or do without",
                             snn_split_name(split));
    TRY(status, snn_movies_load(ctx, path, &params, out, err));
done:
    return status;
}

double motion_activity(const snn_movies *movies, uint64_t *events)
{
    double cells = 0;
    uint64_t n = 0;

    for (uint32_t i = 0; i < snn_movies_count(movies); i++) {
        const snn_movie *movie = snn_movies_get(movies, i);

        cells += 2.0 * movie->steps * movie->width * movie->height;
        n += movie->first[2 * movie->steps];
    }
    if (events != NULL)
        *events = n;
    return cells > 0 ? (double)n / cells : 0;
}

static void introduce(const snn_config *config, const snn_movies *train, const char *data,
                      snn_context *ctx, const char *folder)
{
    const snn_motion_params *p = &config->motion;

    talk(SNN_LOG_INFO,
         "%s: %u classes, %u training movies of %u x %u pixels and %u steps, %.1f %% of cells "
         "active",
         data != NULL ? data : "generated images", (unsigned)snn_motion_classes(p),
         (unsigned)snn_movies_count(train), (unsigned)p->width, (unsigned)p->height,
         (unsigned)p->steps, 100 * motion_activity(train, NULL));
    talk(SNN_LOG_INFO, "run %s: %d threads, %s kernels", folder, snn_context_threads(ctx),
         snn_context_cpu(ctx));
}

/* --data, or with --resume what the run used; "" = generated images. */
static snn_status recall(const options *o, const char *folder, char data[TOOL_PATH], snn_error *err)
{
    data[0] = '\0';
    if (o->data == NULL && !(o->resume && file_exists(folder, "data.txt")))
        return SNN_OK;
    if (o->data == NULL)
        return run_recall_data(folder, data, err);
    if (strlen(o->data) >= TOOL_PATH)
        return snn_error_set(err, SNN_EINVAL, "--data", "the path is too long");
    snprintf(data, TOOL_PATH, "%s", o->data);
    return SNN_OK;
}

snn_status train_motion(snn_context *ctx, const options *o, const snn_config *config,
                        const snn_run_params *params, snn_run_result *out, snn_error *err)
{
    char data[TOOL_PATH];
    const char *from;
    snn_movies *movies[SNN_SPLITS] = {NULL};
    snn_status status = SNN_OK;

    TRY(status, recall(o, params->folder, data, err));
    from = data[0] != '\0' ? data : NULL;
    TRY(status, motion_movies(ctx, config, from, SNN_SPLIT_TRAIN, &movies[SNN_SPLIT_TRAIN], err));
    if (config->motion.valid_movies > 0)
        TRY(status,
            motion_movies(ctx, config, from, SNN_SPLIT_VALID, &movies[SNN_SPLIT_VALID], err));
    TRY(status, motion_movies(ctx, config, from, SNN_SPLIT_TEST, &movies[SNN_SPLIT_TEST], err));
    TRY(status, make_folders(params->folder, err));
    if (from != NULL)
        TRY(status, run_remember_data(params->folder, from, err));
    introduce(config, movies[SNN_SPLIT_TRAIN], from, ctx, params->folder);
    TRY(status, snn_motion_train(ctx, config, movies[SNN_SPLIT_TRAIN], movies[SNN_SPLIT_VALID],
                                 movies[SNN_SPLIT_TEST], params, out, err));
done:
    for (int i = 0; i < SNN_SPLITS; i++)
        snn_movies_destroy(movies[i]);
    return status;
}

static void show(const snn_motion_evaluation *e, bool as_json)
{
    json j;

    if (!as_json) {
        printf("accuracy %.2f %% of %u movies (%.2f %% within one direction), %.2f %% of steps, "
               "%.2f %% of voxels\n"
               "direction off by %.1f degrees, speed by a factor of %.2f, loss %.4f\n",
               100 * e->accuracy, (unsigned)e->movies, 100 * e->near_accuracy,
               100 * e->step_accuracy, 100 * e->voxel_accuracy, e->direction_error_degrees,
               e->speed_ratio, e->loss);
        return;
    }
    json_begin(&j, "result");
    json_number(&j, "accuracy", e->accuracy);
    json_number(&j, "near_accuracy", e->near_accuracy);
    json_number(&j, "step_accuracy", e->step_accuracy);
    json_number(&j, "voxel_accuracy", e->voxel_accuracy);
    json_number(&j, "direction_error_degrees", e->direction_error_degrees);
    json_number(&j, "speed_ratio", e->speed_ratio);
    json_number(&j, "loss", e->loss);
    json_count(&j, "movies", e->movies);
    json_end(&j);
}

snn_status eval_motion(snn_context *ctx, const options *o, const char *model, const char *folder,
                       bool *known, snn_error *err)
{
    char kind[32], data[TOOL_PATH] = "";
    snn_motion_evaluation result;
    snn_motion *motion = NULL;
    snn_movies *test = NULL;
    snn_config config;
    snn_status status = SNN_OK;

    *known =
        snn_store_kind(model, kind, sizeof kind, NULL) == SNN_OK && strcmp(kind, "motion") == 0;
    if (!*known)
        return SNN_OK;
    TRY(status, snn_motion_load(ctx, model, &motion, &config, err));
    if (o->data == NULL && file_exists(folder, "data.txt"))
        TRY(status, run_recall_data(folder, data, err));
    TRY(status, motion_movies(ctx, &config,
                              o->data != NULL   ? o->data
                              : data[0] != '\0' ? data
                                                : NULL,
                              SNN_SPLIT_TEST, &test, err));
    TRY(status,
        snn_motion_evaluate(motion, test, config.train.batch_size, NULL, NULL, &result, NULL, err));
    show(&result, o->json);
done:
    snn_movies_destroy(test);
    snn_motion_destroy(motion);
    return status;
}
