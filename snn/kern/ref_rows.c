/* SPDX-License-Identifier: BSD-3-Clause */
/* Shifted rows and events in their plainest form; see ref.c. */
#include "snn/kern/ref.h"

void snn_rows_add_ref(const snn_row_terms *shift, size_t rows, float *out, size_t stride)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < shift->columns; j++) {
            double sum = (double)out[r * stride + j];

            for (size_t n = shift->first[r]; n < shift->first[r + 1]; n++)
                sum += (double)shift->weight[n] * (double)shift->in[shift->offset[n] + (long)j];
            out[r * stride + j] = (float)sum;
        }
    }
}

void snn_rows_dot_ref(const snn_row_terms *shift, size_t rows, const float *row, size_t stride,
                      float *g)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t n = shift->first[r]; n < shift->first[r + 1]; n++) {
            double sum = (double)g[n];

            for (size_t j = 0; j < shift->columns; j++)
                sum += (double)row[r * stride + j] * (double)shift->in[shift->offset[n] + (long)j];
            g[n] = (float)sum;
        }
    }
}

void snn_transpose_ref(size_t rows, size_t columns, const float *in, size_t in_stride, float *out,
                       size_t out_stride)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            out[c * out_stride + r] = in[r * in_stride + c];
}

void snn_event_find_ref(const float *x, size_t stride, size_t steps, size_t channels,
                        snn_cells *events)
{
    uint32_t n = 0;

    for (size_t c = 0; c < channels; c++) {
        events->first[c] = n;
        for (size_t t = 0; t < steps; t++) {
            if (x[t * stride + c] != 0.0f) {
                events->step[n] = (uint32_t)t;
                events->value[n++] = x[t * stride + c];
            }
        }
    }
    events->first[channels] = n;
}

void snn_event_scatter_ref(const snn_cells *events, const snn_event_block *block, size_t n,
                           float *out, size_t stride)
{
    for (size_t i = 0; i < 4 * n; i++) {
        const uint32_t c = block->channel[i / 4];
        float *row = out + i % 4 * stride + block->delay[i];

        for (uint32_t e = events->first[c]; e < events->first[c + 1]; e++)
            row[events->step[e]] = (float)((double)row[events->step[e]] +
                                           (double)block->weight[i] * (double)events->value[e]);
    }
}

void snn_event_gather_ref(const snn_cells *events, const snn_event_block *block, size_t n,
                          const float *in, size_t stride, float *g)
{
    for (size_t i = 0; i < 4 * n; i++) {
        const uint32_t c = block->channel[i / 4];
        const float *row = in + i % 4 * stride + block->delay[i];
        double sum = (double)g[i];

        for (uint32_t e = events->first[c]; e < events->first[c + 1]; e++)
            sum += (double)events->value[e] * (double)row[events->step[e]];
        g[i] = (float)sum;
    }
}
