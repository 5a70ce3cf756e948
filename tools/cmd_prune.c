/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn prune: how much of a layer that sees motion is needed.  Weights are cut by their
 * size, delays from the longest on, as in the paper (section 3), and each layer that is
 * left is tested, as it is or after some epochs more.
 */
#include "tools/motion_runs.h"
#include "tools/prune.h"

#include <snn/file.h>

#include <math.h>
#include <string.h>
#include <time.h>

#define DEFAULT_POINTS 32
#define FEWEST_SHARE   1e-4
#define LEVEL          0.95
#define ROW            160

typedef struct curve {
    snn_context *ctx;
    snn_config config;
    snn_motion *motion;
    snn_movies *train, *test;
    float *weight, *bias; /* the whole model's */
    prune_point *points;
    size_t n, room;
    bool json;
} curve;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void show_point(const curve *c, const prune_point *p)
{
    json j;

    if (!c->json) {
        talk(
            SNN_LOG_INFO,
            "%s %.5f: accuracy %.1f %% (%.1f .. %.1f), %.0f additions an event, %s %.1f ms a movie",
            prune_kind_name(p->kind), p->share, 100 * p->accuracy.mean, 100 * p->accuracy.low,
            100 * p->accuracy.high, p->operations, p->solver, 1e3 * p->seconds);
        return;
    }
    json_begin(&j, "point");
    json_text(&j, "kind", prune_kind_name(p->kind));
    json_number(&j, "share", p->share);
    json_number(&j, "accuracy", p->accuracy.mean);
    json_number(&j, "operations", p->operations);
    json_number(&j, "seconds", p->seconds);
    json_end(&j);
}

/* Test the layer as it is now. */
static snn_status measure(curve *c, prune_kind kind, double share, snn_error *err)
{
    const uint32_t movies = snn_movies_count(c->test);
    const double flips = c->config.motion.symmetry ? 2 : 1;
    prune_point *p = &c->points[c->n];
    snn_motion_evaluation result;
    snn_motion_tape *tape = NULL;
    double start = now();
    snn_status status;

    TRY(status, snn_motion_evaluate(c->motion, c->test, c->config.train.batch_size, NULL, NULL,
                                    &result, NULL, err));
    p->seconds = (now() - start) / movies;
    TRY(status, snn_motion_tape_create(c->motion, 1, 0, &tape, err)); /* for the name alone */
    p->solver = snn_motion_solver(tape);
    p->kind = kind;
    p->share = share;
    p->kept = snn_motion_kept(c->motion);
    p->accuracy =
        snn_proportion_interval((uint64_t)(result.accuracy * movies + 0.5), movies, LEVEL);
    /* An event has one polarity, and so half of the weights. */
    p->operations = p->kept * (double)snn_motion_weights(c->motion) * flips / 2;
    show_point(c, p);
    c->n++;
done:
    snn_motion_tape_destroy(tape);
    return status;
}

static int stop_asked(void *user)
{
    (void)user;
    return was_interrupted();
}

static snn_status interrupted(snn_error *err)
{
    return was_interrupted()
               ? snn_error_set(err, SNN_EINTERRUPTED, "prune", "stopped, nothing is written")
               : SNN_OK;
}

static snn_status try_weights(curve *c, double share, uint32_t fine_tune, snn_error *err)
{
    snn_run_params params;
    snn_status status;

    TRY(status, interrupted(err));
    snn_motion_set(c->motion, c->weight, c->bias);
    TRY(status, snn_motion_prune(c->motion, share, err));
    TRY(status, measure(c, PRUNE_WEIGHTS, share, err));
    if (fine_tune > 0) {
        snn_run_params_init(&params);
        params.stop = stop_asked;
        TRY(status, snn_motion_tune(c->motion, &c->config, c->train, fine_tune, &params, err));
        TRY(status, measure(c, PRUNE_TUNED, share, err));
    }
done:
    return status;
}

static snn_status run_curve(curve *c, uint32_t points, uint32_t fine_tune, snn_error *err)
{
    const uint32_t delays = c->config.motion.delays;
    snn_status status = SNN_OK;

    c->points = snn_alloc(c->ctx, 2 * (size_t)points + delays, sizeof *c->points);
    if (c->points == NULL)
        return snn_error_set(err, SNN_ENOMEM, "prune", "no memory for the curve");
    for (uint32_t i = 0; i < points; i++) {
        const double share = points > 1 ? pow(FEWEST_SHARE, 1 - (double)i / (points - 1)) : 1;

        TRY(status, try_weights(c, share, fine_tune, err));
    }
    for (uint32_t d = 1; d <= delays; d++) {
        TRY(status, interrupted(err));
        snn_motion_set(c->motion, c->weight, c->bias);
        TRY(status, snn_motion_shorten(c->motion, d, err));
        TRY(status, measure(c, PRUNE_DELAYS, (double)d / delays, err));
    }
done:
    return status;
}

static snn_status write_table(const curve *c, const char *path, snn_error *err)
{
    static const char head[] = "kind,share,kept,accuracy,low,high,additions_per_event,"
                               "seconds_per_movie,solver\n";
    const size_t size = sizeof head + c->n * ROW;
    char *text = snn_alloc(c->ctx, size, 1);
    size_t at;
    snn_status status;

    if (text == NULL)
        return snn_error_set(err, SNN_ENOMEM, path, "no memory for the table");
    at = (size_t)snprintf(text, size, "%s", head);
    for (size_t i = 0; i < c->n; i++) {
        const prune_point *p = &c->points[i];

        at += (size_t)snprintf(text + at, size - at, "%s,%.6g,%.6g,%.6f,%.6f,%.6f,%.1f,%.6f,%s\n",
                               prune_kind_name(p->kind), p->share, p->kept, p->accuracy.mean,
                               p->accuracy.low, p->accuracy.high, p->operations, p->seconds,
                               p->solver);
    }
    status = snn_replace_file(c->ctx, path, text, at, err);
    snn_free(c->ctx, text);
    return status;
}

/* The whole model's accuracy: that of the last point of all weights. */
static double full_accuracy(const curve *c)
{
    double full = NAN;

    for (size_t i = 0; i < c->n; i++)
        if (c->points[i].kind == PRUNE_WEIGHTS && c->points[i].share == 1)
            full = c->points[i].accuracy.mean;
    return full;
}

static snn_status write_results(const curve *c, const char *folder, snn_error *err)
{
    const double chance = 1.0 / snn_motion_classes(&c->config.motion), full = full_accuracy(c);
    prune_fit fits[PRUNE_KINDS];
    char path[TOOL_PATH];
    snn_status status;

    for (int k = 0; k < PRUNE_KINDS; k++)
        fits[k] = prune_fit_points(c->points, c->n, (prune_kind)k, chance, full);
    TRY(status, join_path(path, folder, "prune.csv", err));
    TRY(status, write_table(c, path, err));
    TRY(status, join_path(path, folder, "prune.png", err));
    TRY(status, prune_draw(c->ctx, c->points, c->n, fits, path, err));
    for (int k = 0; k < PRUNE_KINDS; k++)
        if (isfinite(fits[k].half) && !c->json)
            printf("%s: half way from chance (%.1f %%) to the whole model (%.1f %%) at a share of "
                   "%.2g, slope %.3f\n",
                   prune_kind_name((prune_kind)k), 100 * chance, 100 * full, pow(10, fits[k].half),
                   fits[k].slope);
    talk(SNN_LOG_INFO, "%s/prune.csv, %s/prune.png", folder, folder);
done:
    return status;
}

/* One pruned model instead of a curve. */
static snn_status write_pruned(curve *c, double share, uint32_t fine_tune, const char *folder,
                               snn_error *err)
{
    char path[TOOL_PATH];
    snn_status status;

    c->points = snn_alloc(c->ctx, 2, sizeof *c->points);
    if (c->points == NULL)
        return snn_error_set(err, SNN_ENOMEM, "prune", "no memory for the result");
    TRY(status, try_weights(c, share, fine_tune, err));
    TRY(status, join_path(path, folder, "pruned.h5", err));
    TRY(status, snn_motion_save(c->motion, &c->config, path, err));
    talk(SNN_LOG_INFO, "%s", path);
done:
    return status;
}

static snn_status load(curve *c, const options *o, char folder[TOOL_PATH], snn_error *err)
{
    char model[TOOL_PATH], data[TOOL_PATH] = "";
    const char *from;
    size_t n;
    snn_status status;

    TRY(status, find_model(o->operands[0], model, folder, err));
    TRY(status, snn_motion_load(c->ctx, model, &c->motion, &c->config, err));
    if (o->data == NULL && file_exists(folder, "data.txt"))
        TRY(status, run_recall_data(folder, data, err));
    from = o->data != NULL ? o->data : data[0] != '\0' ? data : NULL;
    TRY(status, motion_movies(c->ctx, &c->config, from, SNN_SPLIT_TEST, &c->test, err));
    if (o->fine_tune > 0)
        TRY(status, motion_movies(c->ctx, &c->config, from, SNN_SPLIT_TRAIN, &c->train, err));
    n = snn_motion_weights(c->motion);
    c->weight = snn_alloc(c->ctx, n, sizeof *c->weight);
    c->bias = snn_alloc(c->ctx, snn_motion_classes(&c->config.motion), sizeof *c->bias);
    if (c->weight == NULL || c->bias == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, model, "no memory for a copy of the model"));
    snn_motion_get(c->motion, c->weight, c->bias);
done:
    return status;
}

int run_prune(const options *o)
{
    curve c = {.json = o->json};
    char folder[TOOL_PATH];
    const char *out;
    snn_error err = {0};
    snn_status status;

    if (o->keep.given && !(o->keep.value > 0 && o->keep.value <= 1)) {
        fprintf(stderr, "snn: --keep is a share of the weights, above 0 and at most 1\n");
        return EXIT_USAGE;
    }
    TRY(status, tool_context(o, &c.ctx, &err));
    watch_signals();
    TRY(status, load(&c, o, folder, &err));
    out = o->out != NULL ? o->out : folder;
    TRY(status, make_folders(out, &err)); /* before the work, not behind it */
    if (o->keep.given) {
        TRY(status, write_pruned(&c, o->keep.value, o->fine_tune, out, &err));
    } else {
        TRY(status, run_curve(&c, o->points > 0 ? o->points : DEFAULT_POINTS, o->fine_tune, &err));
        TRY(status, write_results(&c, out, &err));
    }
done:
    snn_free(c.ctx, c.points);
    snn_free(c.ctx, c.bias);
    snn_free(c.ctx, c.weight);
    snn_movies_destroy(c.test);
    snn_movies_destroy(c.train);
    snn_motion_destroy(c.motion);
    snn_context_destroy(c.ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
