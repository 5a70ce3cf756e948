/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of snn info. */
#ifndef TOOLS_INFO_H
#define TOOLS_INFO_H

#include "tools/tool.h"

/* Show a configuration file, resolved. */
SNN_MUST_USE snn_status info_config(const char *path, bool as_json, snn_error *err);

/* Show a model or checkpoint file. */
SNN_MUST_USE snn_status info_store(snn_context *ctx, const char *path, const char *kind,
                                   bool as_json, snn_error *err);

/* All keys of a configuration, or those that differ from their defaults. */
void info_config_text(const snn_config *config, bool differing);
void info_config_json(json *j, const snn_config *config);

/* Show a model that sees motion, movies in a file, or a folder of them; *known = false where
 * the path is none of these. */
SNN_MUST_USE snn_status info_motion(snn_context *ctx, const char *path, bool as_json, bool *known,
                                    snn_error *err);

/* Show adaptive neurons of a model or checkpoint, if it has any; j NULL = text. */
SNN_MUST_USE snn_status info_neurons(snn_context *ctx, snn_store *store,
                                     const snn_network_params *params, json *j, snn_error *err);

/* Show a data set: a folder, or a file of spikes. */
SNN_MUST_USE snn_status info_dataset(snn_context *ctx, const char *path, const options *o,
                                     snn_error *err);

/* One split of a data set as it is read with the settings of --set. */
typedef struct framed_split {
    uint32_t samples, looked; /* in the split; read for the rest of this */
    uint32_t shortest, longest;
    double steps, cells; /* mean a sample */
} framed_split;

typedef struct framed_view {
    snn_dataset *dataset; /* NULL = none */
    framed_split split[SNN_SPLITS];
} framed_view;

SNN_MUST_USE snn_status framed_open(snn_context *ctx, const char *path, const options *o,
                                    framed_view *out, snn_error *err);
void framed_close(framed_view *view);
void framed_text(const framed_view *view);
void framed_json(json *j, const framed_view *view);

#endif
