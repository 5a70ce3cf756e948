/* SPDX-License-Identifier: BSD-3-Clause */
/* snn events flow: motion in a recording, found by a trained layer. */
#ifndef TOOLS_EVENTS_FLOW_H
#define TOOLS_EVENTS_FLOW_H

#include "tools/tool.h"

/* What a picture of flow says about where it comes from. */
typedef struct flow_caption {
    const char *recording;
    uint32_t tile;   /* cells of the flow's frame that a tile is wide */
    uint32_t cell;   /* pixels of the sensor that a cell is wide */
    int64_t step_us; /* of the layer */
} flow_caption;

/*
 * Draw the flow: the frame coloured by direction, an arrow for each tile that saw motion,
 * and the histogram of directions in a colour wheel.  `directions` is the layer's.
 * Errors: SNN_EIO, SNN_ENOMEM, SNN_EINVAL (the path's ending).
 */
SNN_MUST_USE snn_status flow_draw(snn_context *ctx, const snn_flow *flow,
                                  const snn_motion_params *layer, const flow_caption *caption,
                                  const char *path, snn_error *err);
/* The tiles as a table, in pixels of the sensor: one row for each that has votes. */
SNN_MUST_USE snn_status flow_write_table(snn_context *ctx, const snn_flow *flow,
                                         const flow_caption *caption, const char *path,
                                         snn_error *err);

#endif
