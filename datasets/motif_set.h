/* SPDX-License-Identifier: BSD-3-Clause */
/* Motif data: the patterns of the classes, and one sample. */
#ifndef SNN_DATASETS_MOTIF_SET_H
#define SNN_DATASETS_MOTIF_SET_H

#include "datasets/cochlea.h"

#include <snn/motifs.h>

#define SNN_MOTIF_CLASSES     1000
#define SNN_MOTIF_PARTS       16
#define SNN_MOTIF_TICKS_PER_S 10000.0

typedef struct snn_motif_table {
    double *unit_ms;   /* [classes, units]: time of the unit's part and its offset */
    double nearest_ms; /* two classes differ by at least so much in some lag */
} snn_motif_table;

/* Draw the patterns, as far apart as a random search finds them.
 * Errors: SNN_EINVAL (no room for so many parts or classes), SNN_ENOMEM. */
snn_status snn_motif_table_make(snn_context *ctx, const snn_motifs_params *params,
                                snn_motif_table *out, snn_error *err);
void snn_motif_table_free(snn_context *ctx, snn_motif_table *table);

/* Sample `index` of a split, of class index % classes, into `out`, whose events are
 * replaced: sorted by tick, then unit.  All numbers depend on (seed, split, index).
 * Errors: SNN_ENOMEM.  Threads: any number at a time. */
snn_status snn_motif_sample(const snn_motifs_params *params, const snn_motif_table *table,
                            snn_split split, uint32_t index, snn_spike_list *out);

#endif
