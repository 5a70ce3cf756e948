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

#endif
