/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Costs from times.  With a_rk the work of row r of kind k, t_r its time as multiply-adds of a
 * product and s_l the speed of its layer, costs c >= 0 minimise
 *
 *     sum_r w_r^2 (sum_k a_rk c_k / (t_r s_l) - 1)^2  +  HOLD sum_k (c_k / first_k - 1)^2
 *
 * by turns: c by coordinate descent, each layer's s as the weighted geometric mean of what
 * the rows ask for, and weights that let go of rows which the model cannot have.
 */
#include "snn/delay/delay_work.h"

#include <math.h>

#define ROUNDS 60
#define SWEEPS 200
#define HOLD   1e-5 /* towards first costs: decides only what rows leave open */
#define LEAST  0.05 /* of a first cost */
#define CLOSE  0.05 /* an error below it is as good as none */
/* Of a layer's speed towards that of all, in rows: else what all its solvers do alike, moving
 * frames, would be free. */
#define LAYER_HOLD 0.3

typedef struct {
    const snn_cost_row *rows;
    size_t n, layers;
    double *share;  /* [n][SNN_COSTS] work over time, at the first costs */
    double *weight; /* [n] of this round */
    double *speed;  /* [layers] */
} fit;

static double predicted(const fit *f, size_t r, const double *z)
{
    double sum = 0.0;

    for (size_t k = 0; k < SNN_COSTS; k++)
        sum += f->share[r * SNN_COSTS + k] * z[k];
    return fmax(sum, 1e-3);
}

/* z: costs over first costs. */
static void solve(const fit *f, double z[SNN_COSTS])
{
    double g[SNN_COSTS][SNN_COSTS] = {{0}}, h[SNN_COSTS];

    for (size_t k = 0; k < SNN_COSTS; k++) {
        g[k][k] = HOLD;
        h[k] = HOLD;
        z[k] = 1.0;
    }
    for (size_t r = 0; r < f->n; r++) {
        const double *a = f->share + r * SNN_COSTS;
        const double w = f->weight[r] / f->speed[f->rows[r].layer];

        for (size_t k = 0; k < SNN_COSTS; k++) {
            h[k] += f->weight[r] * w * a[k];
            for (size_t j = 0; j < SNN_COSTS; j++)
                g[k][j] += w * a[k] * w * a[j];
        }
    }
    for (size_t sweep = 0; sweep < SWEEPS; sweep++)
        for (size_t k = 0; k < SNN_COSTS; k++) {
            double rest = h[k];

            for (size_t j = 0; j < SNN_COSTS; j++)
                rest -= g[k][j] * z[j];
            z[k] = fmax(LEAST, z[k] + rest / g[k][k]);
        }
}

static void reweigh(fit *f, const double z[SNN_COSTS])
{
    double all = 0.0;

    for (size_t r = 0; r < f->n; r++) {
        const double error = fabs(log(predicted(f, r, z) / f->speed[f->rows[r].layer]));

        f->weight[r] = f->rows[r].trust / sqrt(fmax(error, CLOSE));
    }
    for (size_t l = 0; l < f->layers; l++) {
        double sum = 0.0, trust = LAYER_HOLD;

        for (size_t r = 0; r < f->n; r++)
            if (f->rows[r].layer == l && f->rows[r].trust > 0.0) {
                sum += f->rows[r].trust * log(predicted(f, r, z));
                trust += f->rows[r].trust;
            }
        f->speed[l] = sum / trust;
        all += f->speed[l] / (double)f->layers;
    }
    for (size_t l = 0; l < f->layers; l++)
        f->speed[l] = exp(f->speed[l] - all);
}

static bool done_by_any(const snn_cost_row *rows, size_t n, size_t kind)
{
    for (size_t r = 0; r < n; r++)
        if (rows[r].trust > 0.0 && rows[r].work.of[kind] > 0.0)
            return true;
    return false;
}

snn_status snn_costs_fit(snn_context *ctx, const snn_cost_row *rows, size_t n, double speed,
                         const float first[SNN_COSTS], float out[SNN_COSTS])
{
    fit f = {.rows = rows, .n = n};
    double z[SNN_COSTS], product;
    snn_status st = SNN_OK;

    for (size_t r = 0; r < n; r++)
        f.layers = rows[r].layer + 1 > f.layers ? rows[r].layer + 1 : f.layers;
    TRY_ALLOC(st, ctx, f.share, n * SNN_COSTS);
    TRY_ALLOC(st, ctx, f.weight, n);
    TRY_ALLOC(st, ctx, f.speed, f.layers);
    for (size_t r = 0; r < n; r++)
        f.weight[r] = rows[r].trust;
    for (size_t r = 0; r < n; r++)
        for (size_t k = 0; k < SNN_COSTS; k++)
            f.share[r * SNN_COSTS + k] =
                rows[r].work.of[k] * (double)first[k] / (rows[r].seconds * speed);
    for (size_t l = 0; l < f.layers; l++)
        f.speed[l] = 1.0;
    for (size_t round = 0; round < ROUNDS; round++) {
        solve(&f, z);
        reweigh(&f, z);
    }
    product = z[SNN_COST_PRODUCT] * (double)first[SNN_COST_PRODUCT];
    for (size_t k = 0; k < SNN_COSTS; k++)
        z[k] = done_by_any(rows, n, k) ? z[k] : z[SNN_COST_PRODUCT];
    for (size_t k = 0; k < SNN_COSTS; k++)
        out[k] = (float)(z[k] * (double)first[k] / product);
done:
    snn_free(ctx, f.speed);
    snn_free(ctx, f.weight);
    snn_free(ctx, f.share);
    return st;
}
