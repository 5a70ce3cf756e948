/* SPDX-License-Identifier: BSD-3-Clause */
/* Reference forms of stencils and voxels, for the table in ref.c. */
#ifndef SNN_KERN_REF_STENCIL_H
#define SNN_KERN_REF_STENCIL_H

#include "snn/kern/kern.h"

void snn_ref_stencil_forward(const snn_stencil *s, const float *stencil, float *plane);
void snn_ref_stencil_backward(const snn_stencil *s, const float *plane, float *stencil);
void snn_ref_cells_add(const uint32_t *cell, size_t n, size_t lanes, const float *table,
                       float *out);
void snn_ref_voxel_logits(const snn_voxels *v, float *best);
void snn_ref_voxel_best(const snn_voxels *v, float *best);
double snn_ref_voxel_gradient(const snn_voxels *v, float *g_bias);

#endif
