/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Framing of the samples that were read together, divided among all threads.
 */
#ifndef SNN_DATASETS_SPIKES_BLOCK_H
#define SNN_DATASETS_SPIKES_BLOCK_H

#include "datasets/spikes_file.h"

/* Cells of one block.  Sample i has its `first` from step_base[i] on and its cells
 * from the block's first[i] on: a sample has no more cells than events. */
typedef struct snn_framed_block {
    size_t room, step_room; /* events and steps that fit */
    uint32_t *first;
    uint16_t *unit;
    uint8_t *count;
    size_t step_base[SNN_SPIKE_BLOCK + 1];
    uint32_t steps[SNN_SPIKE_BLOCK];
    size_t cells[SNN_SPIKE_BLOCK], dropped[SNN_SPIKE_BLOCK];
    snn_status status[SNN_SPIKE_BLOCK];
    float *sort_time; /* spare room for sorting */
    uint32_t *sort_unit;
} snn_framed_block;

/* Frame all samples of `block` (events that are not in order are sorted when the
 * framing needs it); `name` and `first` say which they are in messages.
 * Errors: SNN_EFORMAT (unit, time, length), SNN_ENOMEM. */
snn_status snn_spike_block_frame(snn_context *ctx, const snn_data_params *params, const char *name,
                                 uint32_t first, snn_spike_block *block, snn_framed_block *out,
                                 snn_error *err);
void snn_framed_block_free(snn_context *ctx, snn_framed_block *framed);

#endif
