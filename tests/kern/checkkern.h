/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel checks share: guarded arrays, random fills, the list of checks.
 *
 * Bounds.  U = 2^-24 is the largest relative error of one float operation.  Each
 * check follows the kernel's operations and adds U times the size of every value
 * that is rounded; a comment beside it gives the derivation.  Reference results
 * are doubles rounded once, which each bound pays for with one more U.
 */
#ifndef TESTS_KERN_CHECKKERN_H
#define TESTS_KERN_CHECKKERN_H

#include "tests/cmocka_all.h"
#include "tests/taps_bound.h"

#include "snn/kern/kern.h"

/* n floats between guards, off the 64-byte grid by `offset` floats. */
typedef struct {
    float *at;
    size_t n;
    float *block;
    size_t offset;
} guarded;

guarded guarded_new(size_t n, size_t offset);
/* A copy of `from`, guarded as well. */
guarded guarded_copy(const guarded *from);
/* Fail if a guard was written; then free. */
void guarded_end(const char *what, guarded *array);

void fill_uniform(guarded *array, uint64_t *state, float low, float high);

/* For all kinds of neurons (check_lif.c): the surrogate's slope at over = h - threshold, its
 * error, and that of the normalised input. */
double lif_slope(const snn_lif *lif, double over);
double lif_slope_error(const snn_lif *lif, double over, double r);
double lif_input_error(const snn_lif *lif, size_t at, size_t channel);

typedef struct {
    const char *name;
    void (*run)(const snn_kern *kern, uint64_t seed);
    /* Work for `rounds` calls; returns the number of elements of one call. */
    size_t (*bench)(const snn_kern *kern, int rounds, uint64_t seed, double *seconds);
} kern_check;

extern const kern_check check_taps_forward, check_taps_backward;
extern const kern_check check_shift_forward, check_shift_backward, check_shift_gradient;
extern const kern_check check_rows_add, check_rows_dot, check_transpose, check_transpose_past;
extern const kern_check check_bf16_pack, check_bf16_product;
extern const kern_check check_lookup_sum, check_lookup_spread, check_lif_fire;
extern const kern_check check_event_find, check_event_scatter, check_event_gather;
extern const kern_check check_dft_forward, check_dft_inverse;
extern const kern_check check_lif_forward, check_lif_backward;
extern const kern_check check_adlif_forward, check_adlif_backward;
extern const kern_check check_span_find, check_span_add, check_lif_mark, check_adlif_mark,
    check_lif_output;
extern const kern_check check_norm_sum, check_norm_moments, check_norm_backward_sum,
    check_norm_backward;
extern const kern_check check_adam, check_softmax, check_softmax_sum, check_softmax_backward;
extern const kern_check check_stencil_forward, check_stencil_backward, check_cells_add,
    check_voxel_best, check_voxel_logits, check_voxel_gradient;

#endif
