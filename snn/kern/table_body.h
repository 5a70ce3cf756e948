/* SPDX-License-Identifier: BSD-3-Clause */
/* All bodies and the table of one build; the including file names the table. */

#include "snn/kern/kern.h"

#ifdef __FAST_MATH__
#error "snn promises the same bits on every run: build without -ffast-math"
#endif

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "snn/kern/taps_body.h"

#include "snn/kern/event_body.h"
#include "snn/kern/bits_body.h"
#include "snn/kern/lif_body.h"

#include "snn/kern/adlif_body.h"
#include "snn/kern/rows_body.h"

#include "snn/kern/lookup_body.h"
#include "snn/kern/norm_body.h"

#include "snn/kern/dft_body.h"
#include "snn/kern/bf16_body.h"
#ifdef BF16_TILES
#include "snn/kern/tile_body.h"
#endif
#include "snn/kern/shift_body.h"
#include "snn/kern/span_body.h"
#include "snn/kern/stencil_body.h"
#include "snn/kern/vector_body.h"

#ifdef __AVX512BF16__
#define BF16_NATIVE true
#else
#define BF16_NATIVE false
#endif

#ifdef BF16_TILES
#define BF16_TILED   true
#define BF16_PACK    tile_pack
#define BF16_PRODUCT tile_product
#else
#define BF16_TILED   false
#define BF16_PACK    bf16_pack
#define BF16_PRODUCT bf16_product
#endif

#define KERN_TABLE(label)                                                                          \
    {                                                                                              \
        .name = (label), .bf16_native = BF16_NATIVE, .bf16_tiles = BF16_TILED,                     \
        .bf16_pack = BF16_PACK, .bf16_product = BF16_PRODUCT, .taps_forward = taps_forward,        \
        .taps_backward = taps_backward, .shift_forward = shift_forward,                            \
        .shift_backward = shift_backward, .shift_gradient = shift_gradient, .rows_add = rows_add,  \
        .rows_dot = rows_dot, .transpose = transpose, .transpose_past = transpose_past,            \
        .event_find = event_find, .lookup_lanes = LOOKUP_LANES, .lookup_sources = LOOKUP_SOURCES,  \
        .lookup_sum = LOOKUP_SUM, .lookup_spread = LOOKUP_SPREAD, .lif_fire = lif_fire,            \
        .event_scatter = event_scatter, .event_gather = event_gather, .dft_forward = dft_forward,  \
        .dft_inverse = dft_inverse, .lif_forward = lif_forward, .lif_backward = lif_backward,      \
        .lif_output = lif_output,                                                                  \
        .adlif_forward = adlif_forward, .adlif_backward = adlif_backward, .norm_sum = norm_sum,    \
        .norm_moments = norm_moments, .norm_backward_sum = norm_backward_sum,                      \
        .norm_backward = norm_backward, .adam = adam_update, .softmax = softmax_rows,              \
        .softmax_sum = softmax_sum, .softmax_backward = softmax_backward,                          \
        .stencil_forward = stencil_forward, .stencil_backward = stencil_backward,                  \
        .cells_add = cells_add, .voxel_logits = voxel_logits, .voxel_best = voxel_best,            \
        .voxel_gradient = voxel_gradient, .span_find = span_find, .span_add = span_add,            \
    }
