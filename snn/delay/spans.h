/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sparse backward: the input gradient of narrow taps where it is wanted, and nowhere else.
 *
 * A surrogate of compact support multiplies the gradient at a neuron's output by 0 in nearly
 * all cells (Perez-Nieves and Goodman 2021): the layer below needs
 *
 *     gx[t, b, i] = sum_o sum_k w gy[t + d, b, o]
 *
 * only in the cells that it has marked (delay.h).  They are taken by spans of SNN_SPAN steps,
 * with the terms of a group of outputs at a time, whose rows stay in cache.  For a cell terms
 * come in the order of rows.h, so what is computed has the same bits as all of it would.
 */
#ifndef SNN_DELAY_SPANS_H
#define SNN_DELAY_SPANS_H

#include "snn/kern/kern.h"

#include "snn/delay/delay.h"

typedef struct snn_span_rows {
    size_t stride;   /* numbers from row to row of gy */
    size_t groups;   /* of outputs */
    size_t most;     /* spans there can be in a sample */
    size_t terms;    /* likewise */
    uint32_t *first; /* [groups][n_in + 1] terms of each input */
    int32_t *offset; /* [terms] */
    float *weight;   /* [terms] */
    float *worker;   /* rows, spans and sums, one piece a worker */
    size_t worker_floats;
} snn_span_rows;

/* Whether that costs less than all of it by shifted products (rows.h), and the work of whichever
 * does. */
bool snn_spans_pay(const snn_delay_problem *problem);
void snn_spans_input_count(const snn_delay_problem *problem, snn_delay_work *work);

/* Share of the input's cells whose gradient it computes: 1, or as expected. */
double snn_spans_share(const snn_delay_problem *problem);

/* Set up for a plan; returns the floats of scratch.  `begin` carves them from the plan's. */
size_t snn_spans_init(snn_span_rows *rows, const snn_delay_plan *plan);
float *snn_spans_begin(snn_span_rows *rows, const snn_delay_plan *plan);

/* gx where plan->marked says that it is wanted; else everywhere. */
void snn_spans_input_gradient(snn_span_rows *rows, snn_delay_plan *plan, const float *gy,
                              float *gx);

#endif
