/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cells of a sample as a string of bits, for data sets that must fit in memory: SSC has
 * half a billion cells, which at 3 bytes each would be more than all else together.
 *
 * Cells (step t, input u, count c) in order are numbers t N + u that rise; each is written
 * as the gap to the one before and c - 1, both in Rice's code: q zeros, a one and k bits
 * for the value q 2^k + rest.  A sample chooses k for its gaps and for its counts.  Where a
 * third of all cells is filled that is 4 bits for a cell; with k = 0 it is a bitmap.
 *
 * The bits are in memory only, in words of this machine.
 */
#ifndef SNN_DATASETS_CELL_CODE_H
#define SNN_DATASETS_CELL_CODE_H

#include <stddef.h>
#include <stdint.h>

typedef struct snn_cell_code {
    uint32_t cells; /* that decoding gives */
    uint32_t codes; /* fewer where a cell needed several counts of 255 */
    uint8_t gap_k, count_k;
    size_t words; /* of 64 bits */
} snn_cell_code;

/* How cells would be written: those of step t are first[t] .. first[t + 1] - 1, sorted by
 * unit; cells of one unit are one after the other. */
snn_cell_code snn_cells_measure(uint32_t n_inputs, uint32_t steps, const uint32_t *first,
                                const uint16_t *unit, const uint8_t *count);
/* Write them into word[code->words]. */
void snn_cells_encode(const snn_cell_code *code, uint32_t n_inputs, uint32_t steps,
                      const uint32_t *first, const uint16_t *unit, const uint8_t *count,
                      uint64_t *word);
/* And back: steps + 1 entries of `first`, code->cells of the others. */
void snn_cells_decode(const snn_cell_code *code, const uint64_t *word, uint32_t n_inputs,
                      uint32_t steps, uint32_t *first, uint16_t *unit, uint8_t *count);

#endif
