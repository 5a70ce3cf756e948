/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of snn make: each makes the data set o->operands[1]. */
#ifndef TOOLS_MAKE_H
#define TOOLS_MAKE_H

#include "tools/tool.h"

/* Movies of what the configuration says, or of Motion Clouds. */
SNN_MUST_USE snn_status make_motion(snn_context *ctx, const options *o, snn_error *err);
SNN_MUST_USE snn_status make_clouds(snn_context *ctx, const options *o, snn_error *err);

#endif
