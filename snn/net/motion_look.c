/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A layer that sees motion looks at places.
 *
 * A place that is looked at reads the bits around it, delay by delay and row by row; each bit
 * that is set is the row of weights of one cell of the stencil, and the kernel `cells_add` adds
 * these rows up.  Cells come in the order in which the event solver meets them
 * (delay/spatial_event.c): delays from the shortest on, OFF before ON, rows from the lowest up,
 * columns from the left.  So the sums have the same bits.
 */
#include "snn/kern/kern.h"
#include "snn/net/motion_watch.h"

#include <math.h>
#include <string.h>

#define TILE  32u  /* places of one piece of work */
#define CHUNK 512u /* cells that are added in one call */

/* ---- cells of a place -------------------------------------------------------------------- */

/* Cells to add at a place, of both assignments of polarities. */
typedef struct {
    const snn_watch *s;
    uint32_t as_is[CHUNK], exchanged[CHUNK];
    size_t n;
    float *score, *swapped;
} gathering;

static void add_cells(gathering *g)
{
    const snn_motion *m = g->s->motion;

    g->s->ctx->kern->cells_add(g->as_is, g->n, m->lanes, m->block, g->score);
    if (m->params.symmetry)
        g->s->ctx->kern->cells_add(g->exchanged, g->n, m->lanes, m->block, g->swapped);
    g->n = 0;
}

/* Bits `from` .. from + n - 1 (n <= 64) of a row. */
static uint64_t window(const uint64_t *row, size_t from, uint32_t n)
{
    const size_t w = from / 64, shift = from % 64;
    const uint64_t low = row[w] >> shift, high = shift > 0 ? row[w + 1] << (64 - shift) : 0;

    return (low | high) & (n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX);
}

/* One row of the window around a place: bit j is column 2r - j of stencil row `row`. */
static void gather_row(gathering *g, const uint64_t *bits, size_t x, uint32_t row, uint32_t other)
{
    const uint32_t side = g->s->motion->params.side;

    for (uint32_t j0 = 0; j0 < side; j0 += 64) {
        uint64_t w = window(bits, x + j0, side - j0 < 64 ? side - j0 : 64);

        for (; w != 0; w &= w - 1) {
            const uint32_t b = side - 1 - (j0 + (uint32_t)__builtin_ctzll(w));

            if (g->n == CHUNK)
                add_cells(g);
            g->as_is[g->n] = row * side + b;
            g->exchanged[g->n++] = other * side + b;
        }
    }
}

static void gather(const snn_watch *s, uint32_t i)
{
    const uint32_t side = s->motion->params.side, delays = s->motion->params.delays;
    const size_t lanes = s->motion->lanes;
    gathering g = {.s = s, .score = s->score + i * lanes, .swapped = s->swapped + i * lanes};

    memset(g.score, 0, lanes * sizeof *g.score);
    memset(g.swapped, 0, lanes * sizeof *g.swapped);
    for (uint32_t d = 0; d < delays; d++) {
        const uint32_t slot = (s->slot + delays - d) % delays;

        for (uint32_t q = 0; q < 2; q++) {
            const uint64_t *plane = s->bits + ((size_t)slot * 2 + q) * s->plane;

            for (uint32_t a = 0; a < side; a++)
                gather_row(&g, plane + (s->y[i] + side - 1 - a) * s->words, s->x[i],
                           (q * delays + d) * side + a, ((q ^ 1) * delays + d) * side + a);
        }
    }
    add_cells(&g);
}

/* ---- what the layer makes of it -------------------------------------------------------- */

/* The class that spikes at place i, whose probabilities are known. */
static uint16_t integrate(const snn_watch *s, uint32_t i)
{
    const size_t at = (size_t)s->y[i] * s->params.width + s->x[i], classes = s->motion->classes;
    const float *p = s->probability + i * s->motion->lanes;
    float *v, left;
    uint16_t top = 0;

    if (s->potential == NULL)
        return p[s->leader[i]] >= s->params.confidence ? s->leader[i] : SNN_NO_LABEL;
    v = s->potential + at * classes;
    left = powf(s->params.decay, (float)(s->index - s->looked[at]));
    s->looked[at] = s->index;
    for (uint16_t c = 0; c < classes; c++) {
        v[c] = left * v[c] + logf(fmaxf(p[c], 1e-30f) * (float)classes);
        top = v[c] > v[top] ? c : top;
    }
    if (v[top] < logf(s->params.confidence * (float)classes))
        return SNN_NO_LABEL;
    memset(v, 0, classes * sizeof *v);
    return top;
}

static void look_tile(void *arg, size_t tile, int worker)
{
    snn_watch *s = arg;
    const snn_motion *m = s->motion;
    const size_t lanes = m->lanes, first = tile * TILE;
    const size_t last = first + TILE < s->n ? first + TILE : s->n;
    const snn_voxels v = {.n = last - first,
                          .classes = m->classes,
                          .lanes = m->lanes,
                          .evidence = s->score + first * lanes,
                          .swapped = m->params.symmetry ? s->swapped + first * lanes : NULL,
                          .bias = m->block + m->stencils};

    (void)worker;
    for (size_t i = first; i < last; i++)
        gather(s, (uint32_t)i);
    s->ctx->kern->voxel_logits(&v, s->best + first);
    for (size_t i = first; i < last; i++) {
        float *score = s->score + i * lanes;

        s->leader[i] = 0;
        for (uint16_t c = 1; c < m->classes; c++)
            s->leader[i] = score[c] > score[s->leader[i]] ? c : s->leader[i];
        for (size_t c = m->classes; c < lanes; c++)
            score[c] = -INFINITY;
    }
    s->ctx->kern->softmax(last - first, lanes, s->score + first * lanes,
                          s->probability + first * lanes);
    for (size_t i = first; i < last; i++)
        s->spike[i] = integrate(s, (uint32_t)i);
}

/* Windows of a place and the adding of its cells, for snn_parallel. */
static double operations(const snn_watch *s)
{
    const snn_motion_params *p = &s->motion->params;

    return SNN_ELEMENT * s->n * (2.0 * p->delays * p->side + s->motion->lanes);
}

void snn_watch_look(snn_watch *s)
{
    snn_parallel(s->ctx, snn_tiles(s->n, TILE), operations(s), look_tile, s);
}
