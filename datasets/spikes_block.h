/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Framing of the samples that were read together, divided among all threads, while the
 * calling one reads the next.
 */
#ifndef SNN_DATASETS_SPIKES_BLOCK_H
#define SNN_DATASETS_SPIKES_BLOCK_H

#include "datasets/cell_code.h"
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
    snn_cell_code code[SNN_SPIKE_BLOCK];
    snn_status status[SNN_SPIKE_BLOCK];
    float *sort_time; /* spare room for sorting */
    uint32_t *sort_unit;
} snn_framed_block;

/* What goes on beside the framing, in the calling thread. */
typedef void (*snn_beside)(void *user);

/* Frame all samples of `block` (events that are not in order are sorted when the
 * framing needs it) and measure their code; `name` and `first` say which they are in
 * messages.  `beside` is called once, unless memory or a length fails first.
 * Errors: SNN_EFORMAT (unit, time, length), SNN_ENOMEM. */
snn_status snn_spike_block_frame(snn_context *ctx, const snn_data_params *params, const char *name,
                                 uint32_t first, snn_spike_block *block, snn_framed_block *out,
                                 snn_beside beside, void *user, snn_error *err);
/* Write the cells of the first n samples, one after the other, from word[0] on. */
void snn_framed_block_encode(snn_context *ctx, const snn_spike_block *block,
                             const snn_framed_block *framed, uint32_t n_inputs, uint64_t *word);
void snn_framed_block_free(snn_context *ctx, snn_framed_block *framed);

#endif
