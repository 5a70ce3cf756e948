/* SPDX-License-Identifier: BSD-3-Clause */
/* Optic flow: votes of places, by tile and class. */
#include "snn/kern/kern.h"
#include "snn/net/motion_layer.h"

#include <snn/flow.h>

#include <math.h>
#include <string.h>

#define PI    3.14159265358979323846
#define REACH (75.0 / 180.0 * PI) /* of one motion, around its direction */

struct snn_flow {
    snn_context *ctx;
    snn_motion_params layer;
    snn_flow_params params;
    uint32_t classes, columns, rows;
    double direction[SNN_MOST_LANES], speed[SNN_MOST_LANES]; /* pixels a second */
    uint64_t places;
    uint64_t *votes; /* [rows][columns] */
    double *table;   /* [rows][columns][classes] */
};

void snn_flow_params_init(snn_flow_params *params)
{
    *params = (snn_flow_params){.size = sizeof *params, .tile = 8, .confidence = 0.25f};
}

static snn_status check_params(const snn_motion_params *layer, const snn_flow_params *p,
                               snn_error *err)
{
    const char *where = NULL;

    if (p->size != sizeof *p || layer->size != sizeof *layer ||
        snn_motion_classes(layer) > SNN_MOST_LANES)
        where = "parameters that were not set up with their _init";
    else if (p->width == 0 || p->height == 0 || p->width > 65535 || p->height > 65535)
        where = "width and height must be 1 to 65535 pixels";
    else if (p->tile == 0)
        where = "tile must be 1 pixel or more";
    else if (p->step_us <= 0)
        where = "step_us must be the stream's";
    else if (!(p->confidence > 0.0f && p->confidence < 1.0f))
        where = "confidence must be greater than 0 and less than 1";
    return where == NULL ? SNN_OK : snn_error_set(err, SNN_EINVAL, "flow", "%s", where);
}

snn_status snn_flow_create(snn_context *ctx, const snn_motion_params *layer,
                           const snn_flow_params *params, snn_flow **out, snn_error *err)
{
    snn_flow *flow = NULL;
    size_t tiles;
    snn_status st;

    TRY(st, check_params(layer, params, err));
    TRY_ALLOC(st, ctx, flow, 1);
    flow->ctx = ctx;
    flow->layer = *layer;
    flow->params = *params;
    flow->classes = snn_motion_classes(layer);
    flow->columns = (uint32_t)snn_tiles(params->width, params->tile);
    flow->rows = (uint32_t)snn_tiles(params->height, params->tile);
    for (uint32_t c = 0; c < flow->classes; c++) {
        snn_motion_class(layer, c, &flow->direction[c], &flow->speed[c]);
        flow->speed[c] *= 1e6 / (double)params->step_us;
    }
    tiles = (size_t)flow->columns * flow->rows;
    TRY_ALLOC(st, ctx, flow->votes, tiles);
    TRY_ALLOC(st, ctx, flow->table, tiles * flow->classes);
    *out = flow;
    flow = NULL;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "flow", "no memory for the tiles: take larger ones");
    snn_flow_destroy(flow);
    return st;
}

void snn_flow_destroy(snn_flow *flow)
{
    if (flow == NULL)
        return;
    snn_free(flow->ctx, flow->table);
    snn_free(flow->ctx, flow->votes);
    snn_free(flow->ctx, flow);
}

void snn_flow_clear(snn_flow *flow)
{
    const size_t tiles = (size_t)flow->columns * flow->rows;

    flow->places = 0;
    memset(flow->votes, 0, tiles * sizeof *flow->votes);
    memset(flow->table, 0, tiles * flow->classes * sizeof *flow->table);
}

void snn_flow_add(snn_flow *flow, const snn_watch_step *step)
{
    SNN_ASSERT(step->classes == flow->classes);
    flow->places += step->n;
    for (uint32_t i = 0; i < step->n; i++) {
        const float *p = step->probability + (size_t)i * step->lanes;
        const size_t tile = (size_t)(step->y[i] / flow->params.tile) * flow->columns +
                            step->x[i] / flow->params.tile;
        double *sum = flow->table + tile * flow->classes;

        SNN_ASSERT(step->x[i] < flow->params.width && step->y[i] < flow->params.height);
        if (p[step->leader[i]] < flow->params.confidence)
            continue;
        flow->votes[tile]++;
        for (uint32_t c = 0; c < flow->classes; c++)
            sum[c] += (double)p[c];
    }
}

int snn_flow_sink(void *flow, const snn_watch_step *step)
{
    snn_flow_add(flow, step);
    return 0;
}

/* ---- reading motions off votes --------------------------------------------------------- */

static double turn(double a, double b)
{
    return fabs(remainder(a - b, 2.0 * PI));
}

/* The direction, of all that classes have, with the most votes around it. */
static double peak(const snn_flow *flow, const double *sum)
{
    double best = -1.0, at = 0.0;

    for (uint32_t c = 0; c < flow->classes; c++) {
        double near = 0.0;

        for (uint32_t k = 0; k < flow->classes; k++)
            near += sum[k] * fmax(0.0, cos(turn(flow->direction[k], flow->direction[c])));
        if (near > best) {
            best = near;
            at = flow->direction[c];
        }
    }
    return at;
}

static void read_motion(const snn_flow *flow, const double *sum, uint64_t votes,
                        snn_flow_motion *out)
{
    double x = 0.0, y = 0.0, octaves = 0.0, near = 0.0, all = 0.0, middle;

    *out = (snn_flow_motion){.votes = votes};
    if (votes == 0)
        return;
    middle = peak(flow, sum);
    for (uint32_t c = 0; c < flow->classes; c++) {
        all += sum[c];
        if (turn(flow->direction[c], middle) > REACH)
            continue;
        near += sum[c];
        x += sum[c] * sin(flow->direction[c]);
        y += sum[c] * cos(flow->direction[c]);
        octaves += sum[c] * log2(flow->speed[c]);
    }
    out->direction = fmod(atan2(x, y) + 2.0 * PI, 2.0 * PI);
    out->speed = exp2(octaves / near);
    out->x = out->speed * sin(out->direction);
    out->y = out->speed * cos(out->direction);
    out->agreement = near / all;
}

uint64_t snn_flow_places(const snn_flow *flow)
{
    return flow->places;
}

uint32_t snn_flow_columns(const snn_flow *flow)
{
    return flow->columns;
}

uint32_t snn_flow_rows(const snn_flow *flow)
{
    return flow->rows;
}

static uint64_t add_up(const snn_flow *flow, double *sum)
{
    const size_t tiles = (size_t)flow->columns * flow->rows;
    uint64_t votes = 0;

    memset(sum, 0, flow->classes * sizeof *sum);
    for (size_t i = 0; i < tiles; i++) {
        votes += flow->votes[i];
        for (uint32_t c = 0; c < flow->classes; c++)
            sum[c] += flow->table[i * flow->classes + c];
    }
    return votes;
}

void snn_flow_total(const snn_flow *flow, snn_flow_motion *out)
{
    double sum[SNN_MOST_LANES];
    const uint64_t votes = add_up(flow, sum);

    read_motion(flow, sum, votes, out);
}

void snn_flow_tile(const snn_flow *flow, uint32_t column, uint32_t row, snn_flow_motion *out)
{
    const size_t tile = (size_t)row * flow->columns + column;

    SNN_ASSERT(column < flow->columns && row < flow->rows);
    read_motion(flow, flow->table + tile * flow->classes, flow->votes[tile], out);
}

void snn_flow_histogram(const snn_flow *flow, double *share)
{
    double all = 0.0;

    add_up(flow, share);
    for (uint32_t c = 0; c < flow->classes; c++)
        all += share[c];
    for (uint32_t c = 0; c < flow->classes && all > 0.0; c++)
        share[c] /= all;
}
