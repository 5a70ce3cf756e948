/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/delay/product.h"

#include "snn/kern/kern.h"

#include <cblas.h>
#include <string.h>

/*
 * Blocks of a product in bf16: a panel of b with DEPTH numbers a line stays in the
 * first-level cache, a block of each side in the second.  DEPTH is even, so that a pair
 * lies in one block; blocks along k follow one another, so the order of a sum is that of k
 * whatever DEPTH is; with tiles, which take 32 numbers together, as it is a multiple of 32.
 */
#define DEPTH         256u
#define BLOCK_ROWS    (16u * SNN_BF16_ROWS)
#define BLOCK_COLUMNS (16u * SNN_BF16_COLUMNS)

_Static_assert(DEPTH % 32 == 0 && BLOCK_ROWS % 32 == 0 && BLOCK_COLUMNS % 32 == 0,
               "packed for tiles a block is no larger");

size_t snn_product_scratch(snn_precision precision)
{
    return precision == SNN_PRECISION_BF16 ? (BLOCK_ROWS + BLOCK_COLUMNS) * (size_t)DEPTH / 2 : 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void in_float32(const snn_product *p)
{
    cblas_sgemm(CblasRowMajor, p->a_turned ? CblasTrans : CblasNoTrans,
                p->b_turned ? CblasTrans : CblasNoTrans, (int)p->m, (int)p->n, (int)p->k, p->alpha,
                p->a, (int)p->lda, p->b, (int)p->ldb, p->add ? 1.0f : 0.0f, p->c, (int)p->ldc);
}

/* Lines i .. of a side, numbers l .. of each. */
static snn_bf16_lines lines_of(const float *in, size_t stride, bool turned, float scale, size_t i,
                               size_t lines, size_t l, size_t k)
{
    return (snn_bf16_lines){.in = in + (turned ? l * stride + i : i * stride + l),
                            .lines = lines,
                            .k = k,
                            .stride = stride,
                            .turned = turned,
                            .scale = scale};
}

static void in_bf16(const snn_context *ctx, const snn_product *p, uint32_t *a, uint32_t *b)
{
    for (size_t i = 0; !p->add && i < p->m; i++)
        memset(p->c + i * p->ldc, 0, p->n * sizeof *p->c);
    for (size_t l = 0; l < p->k; l += DEPTH) {
        const size_t k = least(DEPTH, p->k - l);

        for (size_t j = 0; j < p->n; j += BLOCK_COLUMNS) {
            const size_t n = least(BLOCK_COLUMNS, p->n - j);
            const snn_bf16_lines columns = lines_of(p->b, p->ldb, !p->b_turned, 1.0f, j, n, l, k);

            ctx->kern->bf16_pack(&columns, SNN_BF16_COLUMNS, b);
            for (size_t i = 0; i < p->m; i += BLOCK_ROWS) {
                const size_t m = least(BLOCK_ROWS, p->m - i);
                const snn_bf16_lines rows =
                    lines_of(p->a, p->lda, p->a_turned, p->alpha, i, m, l, k);

                ctx->kern->bf16_pack(&rows, SNN_BF16_ROWS, a);
                ctx->kern->bf16_product(m, n, (k + 1) / 2, a, b, p->c + i * p->ldc + j, p->ldc);
            }
        }
    }
}

void snn_product_run(const snn_context *ctx, const snn_product *product, float *scratch)
{
    if (scratch == NULL) {
        in_float32(product);
    } else {
        uint32_t *packed = (uint32_t *)(void *)scratch; /* words, never read as floats */

        in_bf16(ctx, product, packed, packed + BLOCK_ROWS * (size_t)DEPTH / 2);
    }
}
