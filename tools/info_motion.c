/* SPDX-License-Identifier: BSD-3-Clause */
/* snn info for layers that see motion, and for movies in files. */
#include "tools/info.h"
#include "tools/motion_runs.h"

#include <string.h>

static snn_status info_movies(snn_context *ctx, const char *path, bool as_json, snn_error *err)
{
    uint64_t directions, speeds, events;
    snn_store *store = NULL;
    snn_movies *movies = NULL;
    const snn_movie *one;
    double share;
    snn_status status;
    json j;

    TRY(status, snn_store_open(ctx, path, "movies", &store, err));
    TRY(status, snn_store_get_u64(store, "directions", &directions, err));
    TRY(status, snn_store_get_u64(store, "speeds", &speeds, err));
    TRY(status, snn_movies_load(ctx, path, NULL, &movies, err));
    one = snn_movies_get(movies, 0);
    share = motion_activity(movies, &events);
    if (!as_json) {
        printf("%s: movies\n  %u movies of %u x %u pixels and %u steps, %llu directions, %llu "
               "speeds\n  %llu events, %.1f %% of cells active\n",
               path, (unsigned)snn_movies_count(movies), (unsigned)one->width,
               (unsigned)one->height, (unsigned)one->steps, (unsigned long long)directions,
               (unsigned long long)speeds, (unsigned long long)events, 100 * share);
        goto done;
    }
    json_begin(&j, "info");
    json_text(&j, "file", path);
    json_text(&j, "type", "movies");
    json_count(&j, "movies", snn_movies_count(movies));
    json_count(&j, "width", one->width);
    json_count(&j, "height", one->height);
    json_count(&j, "steps", one->steps);
    json_count(&j, "directions", directions);
    json_count(&j, "speeds", speeds);
    json_count(&j, "events", events);
    json_number(&j, "active", share);
    json_end(&j);
done:
    snn_movies_destroy(movies);
    snn_store_close(store);
    return status;
}

static snn_status info_layer(snn_context *ctx, const char *path, bool as_json, snn_error *err)
{
    snn_motion *motion = NULL;
    snn_config config;
    const snn_motion_params *p = &config.motion;
    snn_status status;
    json j;

    TRY(status, snn_motion_load(ctx, path, &motion, &config, err));
    if (!as_json) {
        printf("%s: a layer that sees motion\n  %u classes (%u directions, %u speeds), kernels of "
               "%u x %u pixels and %u delays\n  %zu weights, %.1f %% of them not 0\n"
               "\n  configuration, where it is not the default\n",
               path, (unsigned)snn_motion_classes(p), (unsigned)p->directions, (unsigned)p->speeds,
               (unsigned)p->side, (unsigned)p->side, (unsigned)p->delays,
               snn_motion_weights(motion), 100 * snn_motion_kept(motion));
        info_config_text(&config, true);
        goto done;
    }
    json_begin(&j, "info");
    json_text(&j, "file", path);
    json_text(&j, "type", "motion");
    json_count(&j, "classes", snn_motion_classes(p));
    json_count(&j, "weights", snn_motion_weights(motion));
    json_number(&j, "kept", snn_motion_kept(motion));
    info_config_json(&j, &config);
    json_end(&j);
done:
    snn_motion_destroy(motion);
    return status;
}

static snn_status info_folder(snn_context *ctx, const char *folder, bool as_json, snn_error *err)
{
    char name[64], path[TOOL_PATH];
    snn_status status = SNN_OK;

    for (int s = 0; s < SNN_SPLITS; s++) {
        motion_file_of((snn_split)s, name);
        if (!file_exists(folder, name))
            continue;
        TRY(status, join_path(path, folder, name, err));
        TRY(status, info_movies(ctx, path, as_json, err));
    }
done:
    return status;
}

snn_status info_motion(snn_context *ctx, const char *path, bool as_json, bool *known,
                       snn_error *err)
{
    char kind[32] = "";

    *known = true;
    if (is_folder(path) && motion_in_folder(path))
        return info_folder(ctx, path, as_json, err);
    if (!is_folder(path) && snn_store_kind(path, kind, sizeof kind, NULL) == SNN_OK) {
        if (strcmp(kind, "movies") == 0)
            return info_movies(ctx, path, as_json, err);
        if (strcmp(kind, "motion") == 0)
            return info_layer(ctx, path, as_json, err);
    }
    *known = false;
    return SNN_OK;
}
