/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The matrix products of delayed synapses, in the precision that the network asks for:
 * float32 by BLAS, or bf16 (kern.h) with sums in float32.
 *
 *     c [m][n] = alpha a b, or += where `add`       a [m][k], b [k][n]
 *
 * Where precision is bf16, alpha a and b are rounded to bf16.  Against the same numbers in
 * float32, with u = 2^-8 and to first order,
 *
 *     |error of c[i][j]| <= (2 u + (k + 1) 2^-24) sum_l |a[i][l] b[l][j]|
 *
 * with u in the place of 2 u where one side is exact, and no u where both are: spikes and
 * small counts are exact in bf16, as are weights of 8 significant bits.  The bits are the same
 * on every instruction set but AMX, which adds in another order (kern.h); the bound holds there,
 * too.  The exponent is that of float32, so small gradients do not vanish and no loss is scaled.
 */
#ifndef SNN_DELAY_PRODUCT_H
#define SNN_DELAY_PRODUCT_H

#include "snn/base/base.h"

#include <snn/params.h>

typedef struct snn_product {
    size_t m, n, k;
    bool a_turned, b_turned; /* a stands as [k][m], b as [n][k] */
    size_t lda, ldb, ldc;    /* from row to row, as they stand */
    float alpha;
    const float *a, *b;
    float *c;
    bool add;
} snn_product;

/* Floats of scratch that a worker needs for any product; 0 in float32. */
size_t snn_product_scratch(snn_precision precision);

/* On the caller's thread.  `scratch`: snn_product_scratch floats of the caller's own where
 * precision is bf16, NULL where it is float32. */
void snn_product_run(const snn_context *ctx, const snn_product *product, float *scratch);

/* The kind of work that its multiply-adds are. */
static inline snn_cost snn_product_kind(snn_precision precision)
{
    return precision == SNN_PRECISION_BF16 ? SNN_COST_PRODUCT_BF16 : SNN_COST_PRODUCT;
}

#endif
