/* SPDX-License-Identifier: BSD-3-Clause */
/* snn events flow: motion in a recording, found by a trained layer. */
#ifndef TOOLS_EVENTS_FLOW_H
#define TOOLS_EVENTS_FLOW_H

#include "tools/events_stream.h"

/* ---- flow_spikes.c: a table of spikes, which has its name when it is complete ------------ */

typedef struct flow_spikes {
    const char *path;
    char part[TOOL_PATH];
    FILE *file;
} flow_spikes;

SNN_MUST_USE snn_status flow_spikes_open(flow_spikes *s, const char *path, snn_error *err);
/* The spikes of a step, in pixels of the sensor: the corner of the cell. */
void flow_spikes_add(flow_spikes *s, const snn_motion_params *layer, uint32_t cell, int64_t step_us,
                     const snn_watch_step *step);
SNN_MUST_USE snn_status flow_spikes_commit(flow_spikes *s, snn_error *err);
/* Without commit before nothing is left behind. */
void flow_spikes_close(flow_spikes *s);

/* ---- events_flow.c: the layer at work ------------------------------------------------------ */

typedef struct flow_job {
    snn_context *ctx;
    events_stream events;
    snn_motion *motion;
    const snn_motion_params *layer;
    uint32_t width, height; /* of the frame, in cells */
    uint32_t cell, tile, rate;
    float confidence;
    int64_t step_us;
    snn_event *sample;
    size_t n_sample;
    snn_watch *watch;
    snn_flow *flow;
    snn_watch_counts counts;
    const char *out;
    float decay;
    flow_spikes spikes; /* its file is open while the whole recording is looked at */
    bool json;
    bool cut; /* a signal ended the recording */
} flow_job;

/* A watch and a flow for steps of that length; flow_end lets go of them, also after a failure. */
SNN_MUST_USE snn_status flow_begin(flow_job *j, int64_t step_us, snn_error *err);
void flow_end(flow_job *j);

/* ---- flow_step.c ----------------------------------------------------------------------------- */

/* Set j->step_us to what suits the sample. */
SNN_MUST_USE snn_status flow_find_step(flow_job *j, snn_error *err);

/* ---- flow_chart.c ---------------------------------------------------------------------------- */

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
