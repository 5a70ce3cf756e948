/* SPDX-License-Identifier: BSD-3-Clause */
/* Work of a solver by its kinds (snn/costs.h), and what it costs. */
#ifndef SNN_DELAY_WORK_H
#define SNN_DELAY_WORK_H

#include "snn/base/base.h"

/* How much of each kind. */
typedef struct snn_delay_work {
    double of[SNN_COSTS];
} snn_delay_work;

/* In multiply-adds at matrix-product speed. */
static inline double snn_delay_price(const float costs[SNN_COSTS], const snn_delay_work *work)
{
    double price = 0.0;

    for (size_t i = 0; i < SNN_COSTS; i++)
        price += (double)costs[i] * work->of[i];
    return price;
}

/* A part of a layer that was measured: what a solver does there, the seconds that it took, and
 * how much they count. */
typedef struct snn_cost_row {
    size_t layer;
    snn_delay_work work;
    double seconds, trust;
} snn_cost_row;

/*
 * The costs by which rows of a layer compare as their seconds did, by least squares of relative
 * errors.  Each layer has a speed of its own, so only the ratios within layers count.  A kind that
 * no row has keeps what it is in `first`, as the others do where rows leave them open; none is
 * sought below a twentieth of that.  All are then in relation to the product's.  `speed`:
 * multiply-adds of a product a second.
 */
SNN_MUST_USE snn_status snn_costs_fit(snn_context *ctx, const snn_cost_row *rows, size_t n,
                                      double speed, const float first[SNN_COSTS],
                                      float out[SNN_COSTS]);

#endif
