/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spatial synapses in the frequency domain: transforms over step, row and column.
 *
 *     Y_c = sum_p conj-free product of A_p and S_{p^f,c}      G_c -> S: conj(A_p) G_c
 *
 * On a circle of NT x NY x NX with NY >= height + r, NX >= width + r and
 * NT >= steps + D - 1 no cell wraps around onto one that is wanted; where the first
 * D - 1 steps are not wanted, NT >= steps is enough.  Its cost does not depend on the
 * number of events: it wins where many cells are active.
 *
 * A tile is a class: its stencils are transformed once, and it owns what it writes.
 */
#include "snn/delay/spatial.h"

#include <fftw3.h>
#include <math.h>
#include <string.h>

typedef struct {
    size_t nt, ny, nx, row; /* row: floats of a padded row, 2 (nx / 2 + 1) */
    size_t floats;          /* of a padded volume */
    fftwf_plan forward, inverse;
    float *input;  /* [movie][2] spectra of the events */
    float *kernel; /* [class][2] spectra of the stencils */
    float *work;   /* [worker][3] volumes */
} fft_state;

typedef struct {
    snn_spatial_plan *plan;
    const snn_movie *movies;
    uint32_t n;
    float *planes;
    const float *g_planes;
    float *g_stencils;
} fft_job;

/* The next length that has no factor above 7. */
static size_t smooth(size_t n)
{
    for (;; n++) {
        size_t rest = n;

        for (size_t f = 2; f <= 7; f++)
            while (rest % f == 0)
                rest /= f;
        if (rest == 1)
            return n;
    }
}

static void sizes(const snn_spatial_problem *p, size_t n[3])
{
    const uint32_t r = p->side / 2;

    n[0] = smooth((size_t)p->steps + (p->first_step + 1 >= p->delays ? 0 : p->delays - 1));
    n[0] = n[0] < p->delays ? smooth(p->delays) : n[0];
    n[1] = smooth((size_t)p->height + r > p->side ? (size_t)p->height + r : p->side);
    n[2] = smooth((size_t)p->width + r > p->side ? (size_t)p->width + r : p->side);
}

static double fft_cost(const snn_spatial_problem *p)
{
    size_t n[3];
    double volume, transforms, products;

    sizes(p, n);
    volume = (double)n[0] * (double)n[1] * (double)n[2];
    if (volume > INT32_MAX)
        return -1.0;
    transforms = p->movies * (2.0 + (double)p->classes * snn_spatial_flips(p)) + 2.0 * p->classes;
    products = 4.0 * p->movies * p->classes * snn_spatial_flips(p);
    /* A transform runs at about a tenth of a matrix product's rate. */
    return (p->train ? 2.0 : 1.0) * volume *
           (transforms * 1.25 * log2(volume) * 10.0 + products * 10.0);
}

static void fft_destroy(snn_spatial_plan *plan)
{
    fft_state *state = plan->state;

    if (state == NULL)
        return;
    if (state->forward != NULL)
        fftwf_destroy_plan(state->forward);
    if (state->inverse != NULL)
        fftwf_destroy_plan(state->inverse);
    snn_free(plan->ctx, state->work);
    snn_free(plan->ctx, state->kernel);
    snn_free(plan->ctx, state->input);
    snn_free(plan->ctx, state);
    plan->state = NULL;
}

static snn_status fft_create(snn_spatial_plan *plan)
{
    const snn_spatial_problem *p = &plan->problem;
    fft_state *state = NULL;
    size_t n[3];
    snn_status st = SNN_OK;

    sizes(p, n);
    TRY_ALLOC(st, plan->ctx, state, 1);
    plan->state = state;
    state->nt = n[0];
    state->ny = n[1];
    state->nx = n[2];
    state->row = 2 * (n[2] / 2 + 1);
    state->floats = (n[0] * n[1] * state->row + 15) / 16 * 16; /* each volume on a cache line */
    TRY_ALLOC(st, plan->ctx, state->input, (size_t)2 * p->movies * state->floats);
    TRY_ALLOC(st, plan->ctx, state->kernel, (size_t)2 * p->classes * state->floats);
    TRY_ALLOC(st, plan->ctx, state->work, (size_t)3 * (size_t)plan->ctx->threads * state->floats);
    state->forward = fftwf_plan_dft_r2c_3d((int)n[0], (int)n[1], (int)n[2], state->work,
                                           (fftwf_complex *)state->work, FFTW_ESTIMATE);
    state->inverse = fftwf_plan_dft_c2r_3d(
        (int)n[0], (int)n[1], (int)n[2], (fftwf_complex *)state->work, state->work, FFTW_ESTIMATE);
    if (state->forward == NULL || state->inverse == NULL)
        st = SNN_ENOMEM;
done:
    return st;
}

static void transform(const fft_state *state, float *volume)
{
    fftwf_execute_dft_r2c(state->forward, volume, (fftwf_complex *)volume);
}

static void transform_back(const fft_state *state, float *volume)
{
    fftwf_execute_dft_c2r(state->inverse, (fftwf_complex *)volume, volume);
}

static float *cell(const fft_state *state, float *volume, size_t t, size_t y, size_t x)
{
    return volume + (t * state->ny + y) * state->row + x;
}

/* sum += a b, or conj(a) b. */
static void multiply_add(size_t floats, const float *a, const float *b, bool conjugate, float *sum)
{
    const float sign = conjugate ? -1.0f : 1.0f;

    for (size_t i = 0; i < floats; i += 2) {
        const float re = a[i], im = sign * a[i + 1];

        sum[i] += re * b[i] - im * b[i + 1];
        sum[i + 1] += re * b[i + 1] + im * b[i];
    }
}

/* ---- stencils: offsets y - r and x - r, around the circle ---------------------------- */

static size_t around(size_t a, size_t r, size_t n)
{
    return a >= r ? a - r : n + a - r;
}

static void kernel_tile(void *arg, size_t tile, int worker)
{
    const fft_job *job = arg;
    const snn_spatial_problem *p = &job->plan->problem;
    const fft_state *state = job->plan->state;
    const size_t c = tile / 2, q = tile % 2, r = p->side / 2;
    const float *from = job->plan->stencils + c;
    float *volume = state->kernel + tile * state->floats;

    (void)worker;
    memset(volume, 0, state->floats * sizeof *volume);
    for (size_t d = 0; d < p->delays; d++)
        for (size_t a = 0; a < p->side; a++)
            for (size_t b = 0; b < p->side; b++)
                *cell(state, volume, d, around(a, r, state->ny), around(b, r, state->nx)) =
                    from[(((q * p->delays + d) * p->side + a) * p->side + b) * p->lanes];
    transform(state, volume);
}

static double work(const snn_spatial_plan *plan, size_t tiles)
{
    const fft_state *state = plan->state;

    return (double)tiles * 10.0 * SNN_ELEMENT * (double)state->floats;
}

static snn_status fft_set_kernel(snn_spatial_plan *plan, const float *stencils)
{
    fft_job job = {.plan = plan};
    const size_t tiles = (size_t)2 * plan->problem.classes;

    (void)stencils;
    snn_parallel(plan->ctx, tiles, work(plan, tiles), kernel_tile, &job);
    return SNN_OK;
}

/* ---- events ---------------------------------------------------------------------------- */

static void input_tile(void *arg, size_t tile, int worker)
{
    const fft_job *job = arg;
    const snn_spatial_problem *p = &job->plan->problem;
    const fft_state *state = job->plan->state;
    const snn_movie *movie = &job->movies[tile / 2];
    float *volume = state->input + tile * state->floats;

    (void)worker;
    memset(volume, 0, state->floats * sizeof *volume);
    for (uint32_t t = 0; t < p->steps; t++)
        for (uint32_t e = movie->first[2 * t + tile % 2]; e < movie->first[2 * t + tile % 2 + 1];
             e++)
            *cell(state, volume, t, movie->y[e], movie->x[e]) += 1.0f;
    transform(state, volume);
}

static void read_events(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n)
{
    fft_job job = {.plan = plan, .movies = movies};

    snn_parallel(plan->ctx, (size_t)2 * n, work(plan, 2 * n), input_tile, &job);
}

/* ---- forward: a tile is a vector of classes of one plane set --------------------------- */

static void forward_tile(void *arg, size_t tile, int worker)
{
    const fft_job *job = arg;
    const snn_spatial_problem *p = &job->plan->problem;
    const fft_state *state = job->plan->state;
    const size_t flips = snn_spatial_flips(p), steps = snn_spatial_steps(p);
    const size_t c = tile % p->classes, f = tile / p->classes % flips,
                 m = tile / p->classes / flips;
    const float scale = 1.0f / (float)(state->nt * state->ny * state->nx);
    float *volume = state->work + (size_t)3 * (size_t)worker * state->floats;
    float *out = job->planes + m * snn_spatial_movie(p) + f * steps * snn_spatial_plane(p) + c;

    memset(volume, 0, state->floats * sizeof *volume);
    for (size_t q = 0; q < 2; q++)
        multiply_add(state->floats, state->input + (2 * m + q) * state->floats,
                     state->kernel + (2 * c + (q ^ f)) * state->floats, false, volume);
    transform_back(state, volume);
    for (size_t t = 0; t < steps; t++)
        for (size_t y = 0; y < p->height; y++) {
            const float *row = cell(state, volume, t + p->first_step, y, 0);

            for (size_t x = 0; x < p->width; x++, out += p->lanes)
                *out = scale * row[x];
        }
}

static void fft_forward(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n, float *planes)
{
    const snn_spatial_problem *p = &plan->problem;
    const size_t tiles = (size_t)n * snn_spatial_flips(p) * p->classes;
    fft_job job = {.plan = plan, .movies = movies, .n = n, .planes = planes};

    read_events(plan, movies, n);
    /* Lanes beyond the classes. */
    for (size_t i = 0; p->lanes > p->classes && i < n * snn_spatial_movie(p); i += p->lanes)
        memset(planes + i + p->classes, 0, (p->lanes - p->classes) * sizeof *planes);
    snn_parallel(plan->ctx, tiles, work(plan, tiles), forward_tile, &job);
}

/* ---- gradient: a tile is a class ------------------------------------------------------- */

static void collect(const snn_spatial_plan *plan, size_t c, size_t q, float *volume,
                    float *g_stencils)
{
    const snn_spatial_problem *p = &plan->problem;
    const fft_state *state = plan->state;
    const float scale = 1.0f / (float)(state->nt * state->ny * state->nx);
    const size_t r = p->side / 2;

    transform_back(state, volume);
    for (size_t d = 0; d < p->delays; d++)
        for (size_t a = 0; a < p->side; a++)
            for (size_t b = plan->begin[d * p->side + a]; b < plan->end[d * p->side + a]; b++)
                g_stencils[(((q * p->delays + d) * p->side + a) * p->side + b) * p->lanes + c] =
                    scale *
                    *cell(state, volume, d, around(a, r, state->ny), around(b, r, state->nx));
}

static void gradient_tile(void *arg, size_t c, int worker)
{
    const fft_job *job = arg;
    const snn_spatial_problem *p = &job->plan->problem;
    const fft_state *state = job->plan->state;
    const size_t flips = snn_spatial_flips(p), steps = snn_spatial_steps(p);
    float *volume = state->work + (size_t)3 * (size_t)worker * state->floats;
    float *sum[2] = {volume + state->floats, volume + 2 * state->floats};

    memset(sum[0], 0, 2 * state->floats * sizeof **sum);
    for (size_t m = 0; m < job->n; m++)
        for (size_t f = 0; f < flips; f++) {
            const float *from =
                job->g_planes + m * snn_spatial_movie(p) + f * steps * snn_spatial_plane(p) + c;

            memset(volume, 0, state->floats * sizeof *volume);
            for (size_t t = 0; t < steps; t++)
                for (size_t y = 0; y < p->height; y++) {
                    float *row = cell(state, volume, t + p->first_step, y, 0);

                    for (size_t x = 0; x < p->width; x++, from += p->lanes)
                        row[x] = *from;
                }
            transform(state, volume);
            for (size_t q = 0; q < 2; q++)
                multiply_add(state->floats, state->input + (2 * m + q) * state->floats, volume,
                             true, sum[q ^ f]);
        }
    for (size_t q = 0; q < 2; q++)
        collect(job->plan, c, q, sum[q], job->g_stencils);
}

static void fft_gradient(snn_spatial_plan *plan, const snn_movie *movies, uint32_t n,
                         const float *planes, float *g_stencils)
{
    const snn_spatial_problem *p = &plan->problem;
    fft_job job = {
        .plan = plan, .movies = movies, .n = n, .g_planes = planes, .g_stencils = g_stencils};

    memset(g_stencils, 0, snn_spatial_weights(p) * sizeof *g_stencils);
    read_events(plan, movies, n);
    snn_parallel(plan->ctx, p->classes, work(plan, (size_t)n * p->classes * 2), gradient_tile,
                 &job);
}

const snn_spatial_solver_row snn_spatial_fft = {
    .name = "fft",
    .id = SNN_SPATIAL_FFT,
    .cost = fft_cost,
    .create = fft_create,
    .destroy = fft_destroy,
    .set_kernel = fft_set_kernel,
    .forward = fft_forward,
    .gradient = fft_gradient,
};
