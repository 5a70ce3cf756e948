/* SPDX-License-Identifier: BSD-3-Clause */
/* Reference kernels that stand outside of ref.c. */
#ifndef SNN_KERN_REF_H
#define SNN_KERN_REF_H

#include "snn/kern/kern.h"

void snn_rows_add_ref(const snn_row_terms *shift, size_t rows, float *out, size_t stride);
void snn_rows_dot_ref(const snn_row_terms *shift, size_t rows, const float *row, size_t stride,
                      float *g);
void snn_transpose_ref(size_t rows, size_t columns, const float *in, size_t in_stride, float *out,
                       size_t out_stride);
/* For the lanes of the table that is compared: snn_kern_ref itself offers none. */
void snn_lookup_sum_ref(const snn_lookup_terms *terms, uint32_t lanes, size_t steps, float *out,
                        size_t stride);
void snn_lookup_spread_ref(const uint16_t *const *bits, uint32_t lanes, size_t steps, uint32_t bit,
                           uint32_t *words);
void snn_lif_fire_ref(const snn_lif *lif, size_t c, float bias, const float *row, size_t steps,
                      float *v, uint16_t *bits);
void snn_bf16_pack_ref(const snn_bf16_lines *from, uint32_t panel, uint32_t *out);
void snn_bf16_product_ref(size_t m, size_t n, size_t pairs, const uint32_t *a, const uint32_t *b,
                          float *c, size_t stride);
void snn_event_find_ref(const float *x, size_t stride, size_t steps, size_t channels,
                        snn_cells *events);
void snn_event_scatter_ref(const snn_cells *events, const snn_event_block *block, size_t n,
                           float *out, size_t stride);
void snn_event_gather_ref(const snn_cells *events, const snn_event_block *block, size_t n,
                          const float *in, size_t stride, float *g);
void snn_span_find_ref(const float *x, size_t stride, size_t steps, size_t channels,
                       snn_spans *spans);
void snn_span_add_ref(const snn_row_terms *terms, size_t rows, const snn_spans *spans, float *sum);
void snn_dft_forward_ref(const snn_dft_tables *tables, const float *x, size_t rows, size_t x_stride,
                         float *hat, size_t hat_stride, size_t columns, float *work);
void snn_dft_inverse_ref(const snn_dft_tables *tables, const float *hat, size_t hat_stride,
                         float *y, size_t rows, size_t y_stride, size_t columns, bool add,
                         float *work);

void snn_softmax_ref(size_t n, size_t width, const float *v, float *p);
void snn_softmax_sum_ref(const snn_scores *scores, size_t b0, size_t b1, double *sum);
void snn_softmax_backward_ref(const snn_scores *scores, size_t b0, size_t b1, const float *g_sum,
                              float *g);

#endif
