/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Send-on-delta of log-mel frames, the cheap encoder: see include/snn/encode.h.
 *
 * Between the middles of two frames a band's value x is taken as a straight line.
 * With reference r (the first frame's x), each time x leaves r by `step`, an event is
 * sent at the crossing and r moves there.
 */
#ifndef SNN_DATASETS_LEVEL_H
#define SNN_DATASETS_LEVEL_H

#include "datasets/cochlea.h"

#define SNN_LEVEL_TICKS 100000.0 /* a second; 3600 s fit into 32 bits */

typedef struct snn_level snn_level;

/* Plans transforms: one thread at a time.  Errors: SNN_ECONFIG, SNN_ENOMEM. */
snn_status snn_level_create(snn_context *ctx, const snn_encode_params *params, uint32_t rate,
                            snn_level **out, snn_error *err);
void snn_level_destroy(snn_level *level);
uint32_t snn_level_rate(const snn_level *level);
/* One clip, scaled in place, to sorted spikes.  Threads: any number at a time. */
snn_status snn_level_run(const snn_level *level, float *sound, uint64_t n, snn_spike_list *out,
                         snn_error *err);

#endif
