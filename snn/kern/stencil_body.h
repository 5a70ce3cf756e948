/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events against stencils, and the voxels that they leave: see kern.h.
 *
 * A stencil row stays in the first-level cache while all events of a step add it to
 * their places, so what costs is one load, one addition and one store a vector.
 */

/* Columns b0 .. b1 of a stencil row that fall into the plane around column x. */
static inline void stencil_clip(const snn_stencil *s, uint32_t a, uint32_t x, uint32_t *b0,
                                uint32_t *b1)
{
    const uint32_t r = s->side / 2, left = x < r ? r - x : 0;
    const uint32_t room = s->width + r - x; /* columns up to the plane's edge */

    *b0 = left > s->begin[a] ? left : s->begin[a];
    *b1 = room < s->end[a] ? room : s->end[a];
}

static inline void row_add(float *restrict to, const float *restrict from, size_t vectors)
{
    for (size_t v = 0; v < vectors; v++)
        for (size_t i = 0; i < SNN_LANE_VECTOR; i++)
            to[v * SNN_LANE_VECTOR + i] += from[v * SNN_LANE_VECTOR + i];
}

static void stencil_forward(const snn_stencil *s, const float *stencil, float *plane)
{
    const size_t lanes = s->lanes, vectors = lanes / SNN_LANE_VECTOR;
    const uint32_t r = s->side / 2;

    for (uint32_t a = 0; a < s->side; a++) {
        if (s->begin[a] >= s->end[a])
            continue;
        for (size_t e = 0; e < s->n; e++) {
            const uint32_t x = s->x[e], y = s->y[e] + a;
            uint32_t b0, b1;

            if (y < r || y - r >= s->height)
                continue;
            stencil_clip(s, a, x, &b0, &b1);
            if (b0 < b1)
                row_add(plane + ((size_t)(y - r) * s->width + (x + b0 - r)) * lanes,
                        stencil + ((size_t)a * s->side + b0) * lanes, (b1 - b0) * vectors);
        }
    }
}

static void stencil_backward(const snn_stencil *s, const float *plane, float *stencil)
{
    const size_t lanes = s->lanes, vectors = lanes / SNN_LANE_VECTOR;
    const uint32_t r = s->side / 2;

    for (uint32_t a = 0; a < s->side; a++) {
        if (s->begin[a] >= s->end[a])
            continue;
        for (size_t e = 0; e < s->n; e++) {
            const uint32_t x = s->x[e], y = s->y[e] + a;
            uint32_t b0, b1;

            if (y < r || y - r >= s->height)
                continue;
            stencil_clip(s, a, x, &b0, &b1);
            if (b0 < b1)
                row_add(stencil + ((size_t)a * s->side + b0) * lanes,
                        plane + ((size_t)(y - r) * s->width + (x + b0 - r)) * lanes,
                        (b1 - b0) * vectors);
        }
    }
}

/* A vector of sums stays in registers while the cells go by. */
static void cells_add(const uint32_t *cell, size_t n, size_t lanes, const float *table, float *out)
{
    for (size_t c = 0; c < lanes; c += SNN_LANE_VECTOR) {
        float sum[SNN_LANE_VECTOR];

        for (size_t k = 0; k < SNN_LANE_VECTOR; k++)
            sum[k] = out[c + k];
        for (size_t i = 0; i < n; i++) {
            const float *row = table + cell[i] * lanes + c;

            for (size_t k = 0; k < SNN_LANE_VECTOR; k++)
                sum[k] += row[k];
        }
        for (size_t k = 0; k < SNN_LANE_VECTOR; k++)
            out[c + k] = sum[k];
    }
}

/* ---- voxels -------------------------------------------------------------------------- */

/* Logits of one voxel into l; lanes beyond the classes get the lowest number. */
static inline float voxel_load(const snn_voxels *v, size_t at, float *restrict l)
{
    const float *a = v->evidence + at * v->lanes;
    const float *b = v->swapped != NULL ? v->swapped + at * v->lanes : a;
    float top = -INFINITY;

    for (size_t c = 0; c < v->lanes; c++)
        l[c] = (a[c] > b[c] ? a[c] : b[c]) + v->bias[c];
    for (size_t c = v->classes; c < v->lanes; c++)
        l[c] = -INFINITY;
    for (size_t c = 0; c < v->lanes; c++)
        top = l[c] > top ? l[c] : top;
    return top;
}

static void voxel_logits(const snn_voxels *v, float *best)
{
    float l[SNN_MOST_LANES];

    for (size_t n = 0; n < v->n; n++) {
        float *out = v->evidence + n * v->lanes;

        best[n] = voxel_load(v, n, l);
        for (size_t c = 0; c < v->classes; c++)
            out[c] = l[c];
    }
}

static void voxel_best(const snn_voxels *v, float *best)
{
    float l[SNN_MOST_LANES];

    for (size_t n = 0; n < v->n; n++)
        best[n] = voxel_load(v, n, l);
}

/* g to the winner of the two assignments, the first on a tie; to both planes where the
 * second is there, so that each is its own gradient. */
static inline void voxel_store(const snn_voxels *v, size_t at, const float *g)
{
    float *a = v->evidence + at * v->lanes;

    if (v->swapped == NULL) {
        for (size_t c = 0; c < v->lanes; c++)
            a[c] = g[c];
    } else {
        float *b = v->swapped + at * v->lanes;

        for (size_t c = 0; c < v->lanes; c++) {
            const bool second = b[c] > a[c];

            a[c] = second ? 0.0f : g[c];
            b[c] = second ? g[c] : 0.0f;
        }
    }
}

/* Softmax of l, in place, and the loss -sum target log p. */
static inline float softmax_of(size_t lanes, float top, const float *target, float *restrict l)
{
    float sum = 0.0f, dot = 0.0f, p[SNN_MOST_LANES];

    for (size_t c = 0; c < lanes; c++) {
        const float x = l[c] - top;

        p[c] = exp_negative(x);
        dot += target[c] != 0.0f ? target[c] * x : 0.0f;
    }
    for (size_t c = 0; c < lanes; c++)
        sum += p[c];
    for (size_t c = 0; c < lanes; c++)
        l[c] = p[c] / sum;
    return logf(sum) - dot;
}

/* Logistic function of each l, in place, and the loss -sum t log p + (1-t) log(1-p). */
static inline float sigmoid_of(size_t classes, size_t lanes, const float *target, float *restrict l)
{
    float loss = 0.0f;

    for (size_t c = 0; c < classes; c++) {
        const float e = exp_negative(-fabsf(l[c]));

        loss += (l[c] > 0.0f ? l[c] : 0.0f) - target[c] * l[c] + log1pf(e);
        l[c] = l[c] >= 0.0f ? 1.0f / (1.0f + e) : e / (1.0f + e);
    }
    for (size_t c = classes; c < lanes; c++)
        l[c] = 0.0f;
    return loss;
}

static double voxel_gradient(const snn_voxels *v, float *restrict g_bias)
{
    float l[SNN_MOST_LANES], hit[SNN_MOST_LANES] = {0}, even[SNN_MOST_LANES] = {0};
    double loss = 0.0;

    hit[v->label] = 1.0f;
    for (size_t c = 0; c < v->classes; c++)
        even[c] = 1.0f / (float)v->classes;
    for (size_t n = 0; n < v->n; n++) {
        const float top = voxel_load(v, n, l);
        const float *target = top < v->floor ? even : hit;

        loss += (double)(v->sigmoid ? sigmoid_of(v->classes, v->lanes, target, l)
                                    : softmax_of(v->lanes, top, target, l));
        for (size_t c = 0; c < v->lanes; c++) {
            l[c] = v->scale * (l[c] - target[c]);
            g_bias[c] += l[c];
        }
        voxel_store(v, n, l);
    }
    return loss;
}
