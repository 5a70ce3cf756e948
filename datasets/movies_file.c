/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of movies in files: the layout stands in snn/movies.h. */
#include "datasets/movie_set.h"

#include <snn/store.h>

#include <string.h>

snn_status snn_movies_new(snn_context *ctx, uint32_t count, snn_movies **out, snn_error *err)
{
    snn_movies *movies = NULL;
    snn_status st;

    TRY_ALLOC(st, ctx, movies, 1, err);
    movies->ctx = ctx;
    TRY_ALLOC(st, ctx, movies->movie, count, err);
    movies->count = count;
    *out = movies;
    movies = NULL;

done:
    snn_movies_destroy(movies);
    return st;
}

void snn_movies_destroy(snn_movies *movies)
{
    if (movies == NULL)
        return;
    for (uint32_t i = 0; i < movies->count; i++) {
        snn_free(movies->ctx, movies->movie[i].label);
        snn_free(movies->ctx, movies->movie[i].y);
        snn_free(movies->ctx, movies->movie[i].x);
        snn_free(movies->ctx, movies->movie[i].first);
    }
    snn_free(movies->ctx, movies->movie);
    snn_free(movies->ctx, movies);
}

uint32_t snn_movies_count(const snn_movies *movies)
{
    return movies->count;
}

const snn_movie *snn_movies_get(const snn_movies *movies, uint32_t i)
{
    return &movies->movie[i].movie;
}

/* ---- columns of a file ------------------------------------------------------------------ */

/* All events of all movies, column by column. */
typedef struct {
    uint64_t *first;
    uint16_t *t, *x, *y, *label;
    uint8_t *p;
    uint64_t n;
} columns;

static void columns_free(snn_context *ctx, columns *c)
{
    snn_free(ctx, c->p);
    snn_free(ctx, c->label);
    snn_free(ctx, c->y);
    snn_free(ctx, c->x);
    snn_free(ctx, c->t);
    snn_free(ctx, c->first);
}

static snn_status columns_new(snn_context *ctx, columns *c, uint32_t count, uint64_t n,
                              uint32_t steps, snn_error *err)
{
    snn_status st;

    c->n = n;
    if (c->first == NULL)
        TRY_ALLOC(st, ctx, c->first, (size_t)count + 1, err);
    TRY_ALLOC(st, ctx, c->t, n, err);
    TRY_ALLOC(st, ctx, c->x, n, err);
    TRY_ALLOC(st, ctx, c->y, n, err);
    TRY_ALLOC(st, ctx, c->p, n, err);
    TRY_ALLOC(st, ctx, c->label, (size_t)count * steps, err);

done:
    return st;
}

static snn_tensor column(const char *name, void *data, snn_dtype dtype, uint64_t n,
                         const char *axes, const char *unit)
{
    snn_tensor tensor = {.data = data, .dtype = dtype, .rank = 1, .axes = axes, .unit = unit};

    memcpy(tensor.name, name, strlen(name) + 1);
    tensor.shape[0] = (size_t)n;
    return tensor;
}

/* The tensors of a file: the same for writing and reading. */
enum { FIRST, T, X, Y, P, LABEL, COLUMNS };

static void describe(const columns *c, uint32_t count, uint32_t steps, snn_tensor out[COLUMNS])
{
    out[FIRST] = column("first", c->first, SNN_U64, (uint64_t)count + 1, "movie", "events");
    out[T] = column("t", c->t, SNN_U16, c->n, "event", "steps");
    out[X] = column("x", c->x, SNN_U16, c->n, "event", "pixels");
    out[Y] = column("y", c->y, SNN_U16, c->n, "event", "pixels");
    out[P] = column("p", c->p, SNN_U8, c->n, "event", "1");
    out[LABEL] = column("label", c->label, SNN_U16, count, "movie,step", "1");
    out[LABEL].rank = 2;
    out[LABEL].shape[1] = steps;
}

/* ---- writing ------------------------------------------------------------------------------ */

static void fill(const snn_movies *movies, uint32_t steps, columns *c)
{
    uint64_t at = 0;

    for (uint32_t i = 0; i < movies->count; i++) {
        const snn_movie *movie = &movies->movie[i].movie;

        memcpy(c->label + (size_t)i * steps, movie->label, steps * sizeof *c->label);
        for (uint32_t k = 0; k < 2 * steps; k++)
            for (uint32_t e = movie->first[k]; e < movie->first[k + 1]; e++, at++) {
                c->t[at] = (uint16_t)(k / 2);
                c->x[at] = movie->x[e];
                c->y[at] = movie->y[e];
                c->p[at] = (uint8_t)(k % 2);
            }
        c->first[i + 1] = at;
    }
}

static snn_status put_sizes(snn_store *store, const snn_motion_params *params, snn_error *err)
{
    snn_status st;

    TRY(st, snn_store_put_u64(store, "width", params->width, err));
    TRY(st, snn_store_put_u64(store, "height", params->height, err));
    TRY(st, snn_store_put_u64(store, "steps", params->steps, err));
    TRY(st, snn_store_put_u64(store, "directions", params->directions, err));
    TRY(st, snn_store_put_u64(store, "speeds", params->speeds, err));
    TRY(st, snn_store_put_f64(store, "speed_min", (double)params->speed_min, err));
    TRY(st, snn_store_put_f64(store, "speed_max", (double)params->speed_max, err));

done:
    return st;
}

snn_status snn_movies_save(snn_context *ctx, const snn_movies *movies,
                           const snn_motion_params *params, const char *path, snn_error *err)
{
    columns c = {0};
    snn_tensor tensor[COLUMNS];
    snn_store *store = NULL;
    uint64_t n = 0;
    snn_status st;

    for (uint32_t i = 0; i < movies->count; i++)
        n += movies->movie[i].first[2 * params->steps];
    if (params->steps > UINT16_MAX)
        return snn_error_set(err, SNN_EINVAL, path, "movies of %u steps; a file holds 65535",
                             params->steps);
    TRY(st, columns_new(ctx, &c, movies->count, n, params->steps, err));
    fill(movies, params->steps, &c);
    TRY(st, snn_store_create(ctx, path, "movies", &store, err));
    TRY(st, put_sizes(store, params, err));
    describe(&c, movies->count, params->steps, tensor);
    for (int i = 0; i < COLUMNS; i++)
        TRY(st, snn_store_put(store, &tensor[i], err));
    TRY(st, snn_store_commit(store, err));

done:
    snn_store_close(store);
    columns_free(ctx, &c);
    return st;
}

/* ---- reading ------------------------------------------------------------------------------- */

static snn_status get_size(snn_store *store, const char *path, const char *name, uint64_t most,
                           const uint32_t *want, uint32_t *out, snn_error *err)
{
    uint64_t value;
    snn_status st;

    TRY(st, snn_store_get_u64(store, name, &value, err));
    if (value == 0 || value > most)
        return snn_error_set(err, SNN_EFORMAT, path, "%s is %llu, but must be 1 to %llu", name,
                             (unsigned long long)value, (unsigned long long)most);
    if (want != NULL && value != *want)
        return snn_error_set(err, SNN_EFORMAT, path,
                             "%s is %llu in the file but %u in the configuration: set motion.%s",
                             name, (unsigned long long)value, *want, name);
    *out = (uint32_t)value;

done:
    return st;
}

/* Counts of movies and events from the shapes of the file. */
typedef struct {
    uint64_t first, events;
} counts;

static snn_status count_shape(void *user, const snn_tensor *tensor)
{
    counts *n = user;

    if (strcmp(tensor->name, "first") == 0 && tensor->rank == 1)
        n->first = tensor->shape[0];
    if (strcmp(tensor->name, "x") == 0 && tensor->rank == 1)
        n->events = tensor->shape[0];
    return SNN_OK;
}

/* One movie of the columns, checked: what is wrong is told by its event. */
static snn_status take(snn_context *ctx, const columns *c, const snn_motion_params *size,
                       uint32_t i, snn_stored_movie *out, const char *path, snn_error *err)
{
    const uint64_t from = c->first[i], n = c->first[i + 1] - from;
    uint32_t k = 0;
    snn_status st;

    TRY_ALLOC(st, ctx, out->first, (size_t)2 * size->steps + 1, err);
    TRY_ALLOC(st, ctx, out->x, n, err);
    TRY_ALLOC(st, ctx, out->y, n, err);
    TRY_ALLOC(st, ctx, out->label, size->steps, err);
    memcpy(out->label, c->label + (size_t)i * size->steps, size->steps * sizeof *out->label);
    for (uint32_t t = 0; t < size->steps; t++)
        if (out->label[t] >= size->directions * size->speeds && out->label[t] != SNN_NO_LABEL)
            return snn_error_set(err, SNN_EFORMAT, path,
                                 "/label[%u][%u] is %u, but there are %u directions and %u speeds",
                                 i, t, out->label[t], size->directions, size->speeds);
    for (uint64_t e = 0; e < n; e++) {
        const uint32_t group = 2 * (uint32_t)c->t[from + e] + c->p[from + e];

        if (c->t[from + e] >= size->steps || c->p[from + e] > 1 || group < k ||
            c->x[from + e] >= size->width || c->y[from + e] >= size->height)
            return snn_error_set(err, SNN_EFORMAT, path,
                                 "event %llu (step %u, polarity %u, %u, %u) is out of order or "
                                 "outside of the movie",
                                 (unsigned long long)(from + e), c->t[from + e], c->p[from + e],
                                 c->x[from + e], c->y[from + e]);
        while (k < group)
            out->first[++k] = (uint32_t)e;
        out->x[e] = c->x[from + e];
        out->y[e] = c->y[from + e];
    }
    while (k < 2 * size->steps)
        out->first[++k] = (uint32_t)n;
    out->movie =
        (snn_movie){size->width, size->height, size->steps, out->first, out->x, out->y, out->label};

done:
    return st;
}

static snn_status check_counts(const counts *n, const char *path, snn_error *err)
{
    if (n->first < 2 || n->first - 1 > UINT32_MAX)
        return snn_error_set(err, SNN_EFORMAT, path, "has no movies: /first is missing or empty");
    return SNN_OK;
}

static snn_status check_first(const columns *c, uint32_t count, const char *path, snn_error *err)
{
    for (uint32_t i = 0; i < count; i++)
        if (c->first[i] > c->first[i + 1] || c->first[i + 1] > c->n ||
            c->first[i + 1] - c->first[i] > UINT32_MAX)
            return snn_error_set(err, SNN_EFORMAT, path, "/first[%u] does not rise", i + 1);
    if (c->first[0] != 0 || c->first[count] != c->n)
        return snn_error_set(err, SNN_EFORMAT, path, "/first does not cover all events");
    return SNN_OK;
}

snn_status snn_movies_load(snn_context *ctx, const char *path, const snn_motion_params *params,
                           snn_movies **out, snn_error *err)
{
    snn_motion_params size = {0};
    snn_store *store = NULL;
    snn_movies *movies = NULL;
    snn_tensor tensor[COLUMNS];
    columns c = {0};
    counts n = {0};
    uint32_t count;
    snn_status st;

    TRY(st, snn_store_open(ctx, path, "movies", &store, err));
    TRY(st, get_size(store, path, "width", 65535, params != NULL ? &params->width : NULL,
                     &size.width, err));
    TRY(st, get_size(store, path, "height", 65535, params != NULL ? &params->height : NULL,
                     &size.height, err));
    TRY(st, get_size(store, path, "steps", 65535, params != NULL ? &params->steps : NULL,
                     &size.steps, err));
    TRY(st, get_size(store, path, "directions", 128, params != NULL ? &params->directions : NULL,
                     &size.directions, err));
    TRY(st, get_size(store, path, "speeds", 128, params != NULL ? &params->speeds : NULL,
                     &size.speeds, err));
    TRY(st, snn_store_visit(store, count_shape, &n, err));
    TRY(st, check_counts(&n, path, err));
    count = (uint32_t)(n.first - 1);
    TRY(st, columns_new(ctx, &c, count, n.events, size.steps, err));
    describe(&c, count, size.steps, tensor);
    for (int i = 0; i < COLUMNS; i++)
        TRY(st, snn_store_get(store, &tensor[i], err));
    TRY(st, check_first(&c, count, path, err));
    TRY(st, snn_movies_new(ctx, count, &movies, err));
    for (uint32_t i = 0; i < count; i++)
        TRY(st, take(ctx, &c, &size, i, &movies->movie[i], path, err));
    *out = movies;
    movies = NULL;

done:
    snn_movies_destroy(movies);
    columns_free(ctx, &c);
    snn_store_close(store);
    return st;
}
