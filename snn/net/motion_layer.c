/* SPDX-License-Identifier: BSD-3-Clause */
/* A layer that sees motion: its parameters. */
#include "snn/net/motion_layer.h"

#include "snn/kern/kern.h"

#include <snn/random.h>

#include <math.h>
#include <string.h>

#define PI             3.14159265358979323846
#define MOST_CELLS     ((uint64_t)1 << 31)
#define SMALLEST_PRIOR 1e-7 /* below it a weight could not change a sum in single precision */

uint32_t snn_motion_classes(const snn_motion_params *params)
{
    return params->directions * params->speeds;
}

void snn_motion_class(const snn_motion_params *params, uint32_t label, double *direction,
                      double *speed)
{
    const uint32_t s = label / params->directions, d = label % params->directions;
    const double slow = (double)params->speed_min, fast = (double)params->speed_max;

    *direction = 2.0 * PI * (d + 0.5 * (s % 2)) / params->directions;
    *speed = params->speeds > 1 ? slow * pow(fast / slow, (double)s / (params->speeds - 1)) : fast;
}

/* ---- checks ------------------------------------------------------------------------- */

static snn_status refuse(snn_error *err, const char *where, const char *what)
{
    return snn_error_set(err, SNN_EINVAL, where, "%s", what);
}

static snn_status check_sizes(const snn_motion_params *p, snn_error *err)
{
    if (p->size != sizeof *p)
        return refuse(err, "motion", "parameters were not set up with snn_motion_params_init");
    if (p->directions < 2 || p->speeds == 0 || (uint64_t)p->directions * p->speeds > SNN_MOST_LANES)
        return refuse(err, "motion.directions", "2 to 128 classes (directions x speeds) fit");
    if (p->side % 2 == 0 || p->side == 0 || p->side > 255)
        return refuse(err, "motion.side", "must be odd, 1 to 255 pixels");
    if (p->delays == 0 || p->delays > 1024)
        return refuse(err, "motion.delays", "must be 1 to 1024 steps");
    if (p->width == 0 || p->height == 0 || p->width > 65535 || p->height > 65535 || p->steps < 2 ||
        (uint64_t)p->width * p->height * p->steps > MOST_CELLS)
        return refuse(err, "motion.steps",
                      "a movie has 1 to 65535 pixels a side, 2 steps or "
                      "more, and at most 2^31 cells");
    if (p->skip_steps >= p->steps || (p->skip_steps == 0 && p->delays >= p->steps))
        return refuse(err, "motion.skip_steps",
                      "leaves no step of the movie: lengthen motion.steps");
    return SNN_OK;
}

static snn_status check_params(const snn_motion_params *p, snn_error *err)
{
    snn_status st = check_sizes(p, err);

    if (st != SNN_OK)
        return st;
    if (!(p->speed_min > 0.0f && p->speed_max >= p->speed_min) || !isfinite(p->speed_max))
        return refuse(err, "motion.speed_max", "speeds must be > 0, and speed_max >= speed_min");
    if (!(p->target_share > 0.0f && p->target_share <= 1.0f))
        return refuse(err, "motion.target_share", "must be in (0, 1]");
    if (!(p->decision_share > 0.0f && p->decision_share <= 1.0f))
        return refuse(err, "motion.decision_share", "must be in (0, 1]");
    if (!(p->init_std >= 0.0f && p->init_centre >= 0.0f) || !isfinite(p->init_std) ||
        !isfinite(p->init_centre))
        return refuse(err, "motion.init_std", "first weights must be finite and >= 0");
    if ((unsigned)p->loss > SNN_MOTION_SIGMOID)
        return refuse(err, "motion.loss", "is none of softmax, sigmoid");
    return SNN_OK;
}

/* ---- first values ---------------------------------------------------------------------- */

/*
 * The prior of the paper's code.  With r the radius in half-widths of the kernel (cells at
 * k/(side+1) of the way from -1 to 1) and tau = 1 at delay 0, 0 at the longest:
 *
 *     M = ((1 + cos(pi r)) / 2)^(1/4) exp(-r^2 / (2 (2.5 (1 - tau) + 0.05)^2)),  0 for r >= 1
 */
static void make_prior(snn_motion *motion)
{
    const snn_motion_params *p = &motion->params;

    for (uint32_t d = 0; d < p->delays; d++) {
        const double age = p->delays > 1 ? (double)d / (p->delays - 1) : 0.0;
        const double width = 2.5 * age + 0.05;

        for (uint32_t a = 0; a < p->side; a++)
            for (uint32_t b = 0; b < p->side; b++) {
                const double y = 2.0 * (a + 1) / (p->side + 1) - 1.0;
                const double x = 2.0 * (b + 1) / (p->side + 1) - 1.0;
                const double r = sqrt(x * x + y * y);
                const double m = r < 1.0 ? pow(0.5 * (1.0 + cos(PI * r)), 0.25) *
                                               exp(-0.5 * (r / width) * (r / width))
                                         : 0.0;

                motion->prior[((size_t)d * p->side + a) * p->side + b] = !p->prior ? 1.0f
                                                                         : m < SMALLEST_PRIOR
                                                                             ? 0.0f
                                                                             : (float)m;
            }
    }
}

static double normal(snn_key key, uint64_t i)
{
    uint32_t four[4];

    snn_random4(key, i, 0, 0, four);
    return sqrt(-2.0 * log((four[0] + 0.5) * 0x1p-32)) * cos(2.0 * PI * four[1] * 0x1p-32);
}

static void draw(snn_motion *motion, uint64_t seed)
{
    const snn_motion_params *p = &motion->params;
    const size_t cells = (size_t)p->delays * p->side * p->side;
    const size_t centre = (size_t)(p->side / 2) * p->side + p->side / 2; /* delay 0 */
    const snn_key key = {seed, SNN_STREAM_WEIGHT};

    for (size_t q = 0; q < 2; q++)
        for (size_t i = 0; i < cells; i++)
            for (size_t c = 0; c < motion->classes; c++)
                motion->block[(q * cells + i) * motion->lanes + c] =
                    (float)(normal(key, (q * cells + i) * motion->classes + c) *
                            (double)p->init_std) *
                    motion->prior[i];
    for (size_t q = 0; q < 2 && p->init_centre > 0.0f; q++)
        for (size_t c = 0; c < motion->classes; c++)
            motion->block[(q * cells + centre) * motion->lanes + c] =
                q == 1 ? p->init_centre : -p->init_centre;
}

snn_status snn_motion_create(snn_context *ctx, const snn_motion_params *params, uint64_t seed,
                             snn_motion **out, snn_error *err)
{
    snn_motion *motion = NULL;
    size_t cells;
    snn_status st;

    TRY(st, check_params(params, err));
    TRY_ALLOC(st, ctx, motion, 1);
    motion->ctx = ctx;
    motion->params = *params;
    motion->classes = snn_motion_classes(params);
    motion->lanes =
        (uint32_t)snn_tiles(motion->classes, SNN_LANE_VECTOR) * (uint32_t)SNN_LANE_VECTOR;
    motion->first_step = params->skip_steps > 0 ? params->skip_steps : params->delays;
    cells = (size_t)params->delays * params->side * params->side;
    motion->stencils = 2 * cells * motion->lanes;
    TRY_ALLOC(st, ctx, motion->block, snn_motion_floats(motion));
    TRY_ALLOC(st, ctx, motion->prior, cells);
    make_prior(motion);
    draw(motion, seed);
    *out = motion;
    motion = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "motion", "no memory for the layer; lower motion.side or delays");
    snn_motion_destroy(motion);
    return st;
}

void snn_motion_destroy(snn_motion *motion)
{
    if (motion == NULL)
        return;
    snn_free(motion->ctx, motion->mask);
    snn_free(motion->ctx, motion->prior);
    snn_free(motion->ctx, motion->block);
    snn_free(motion->ctx, motion);
}

snn_context *snn_motion_context(const snn_motion *motion)
{
    return motion->ctx;
}

const snn_motion_params *snn_motion_get_params(const snn_motion *motion)
{
    return &motion->params;
}

/* ---- weights in the order of the paper --------------------------------------------------- */

size_t snn_motion_weights(const snn_motion *motion)
{
    const snn_motion_params *p = &motion->params;

    return (size_t)motion->classes * 2 * p->delays * p->side * p->side;
}

/* Call with the place of K(c,q,d,dy,dx) in the block: rows and columns run the other way. */
#define EACH_WEIGHT(motion, at, body)                                                              \
    do {                                                                                           \
        const size_t side = (motion)->params.side, delays = (motion)->params.delays;               \
        size_t i = 0;                                                                              \
                                                                                                   \
        for (size_t c = 0; c < (motion)->classes; c++)                                             \
            for (size_t qd = 0; qd < 2 * delays; qd++)                                             \
                for (size_t y = side; y-- > 0;)                                                    \
                    for (size_t x = side; x-- > 0; i++) {                                          \
                        const size_t at = ((qd * side + y) * side + x) * (motion)->lanes + c;      \
                        body;                                                                      \
                    }                                                                              \
    } while (0)

static void copy_out(const snn_motion *motion, const float *block, float *weight, float *bias)
{
    EACH_WEIGHT(motion, at, weight[i] = block[at]);
    memcpy(bias, block + motion->stencils, motion->classes * sizeof *bias);
}

void snn_motion_get(const snn_motion *motion, float *weight, float *bias)
{
    copy_out(motion, motion->block, weight, bias);
}

void snn_motion_set(snn_motion *motion, const float *weight, const float *bias)
{
    snn_free(motion->ctx, motion->mask);
    motion->mask = NULL;
    EACH_WEIGHT(motion, at, motion->block[at] = weight[i]);
    memcpy(motion->block + motion->stencils, bias, motion->classes * sizeof *bias);
}

void snn_motion_gradients(const snn_motion_tape *tape, float *weight, float *bias)
{
    copy_out(tape->motion, tape->g_block, weight, bias);
}

void snn_motion_clip(snn_motion *motion)
{
    const size_t cells = (size_t)motion->params.delays * motion->params.side * motion->params.side;
    float largest = 0.0f;

    if (!motion->params.prior)
        return;
    for (size_t i = 0; i < motion->stencils; i++)
        largest = fmaxf(largest, fabsf(motion->block[i]));
    for (size_t i = 0; i < 2 * cells; i++) {
        const float most = motion->prior[i % cells] * largest;
        float *w = motion->block + i * motion->lanes;

        for (size_t c = 0; c < motion->lanes; c++)
            w[c] = w[c] > most ? most : w[c] < -most ? -most : w[c];
    }
}
