/* SPDX-License-Identifier: BSD-3-Clause */
/* Which kernel table this machine can run. */
#ifndef SNN_BASE_CPU_H
#define SNN_BASE_CPU_H

#include "snn/base/base.h"

typedef enum snn_cpu_level {
    SNN_CPU_BASE,
    SNN_CPU_AVX2,
    SNN_CPU_AVX512,
    SNN_CPU_AVX512BF16,
    SNN_CPU_AMX,
    SNN_CPU_LEVELS
} snn_cpu_level;

/* The best level that processor, operating system and build offer.  Where the processor has
 * tiles (AMX) the kernel is asked for them, once and for all threads of the process. */
snn_cpu_level snn_cpu_detect(void);

/* Set ctx->kern and ctx->cpu: "auto", or a level by name, which must be one the
 * machine offers.  The environment variable SNN_CPU lowers "auto". */
snn_status snn_cpu_select(snn_context *ctx, const char *name, snn_error *err);

/* The kernel table of a level, registered by snn/kern; NULL when not built. */
extern const struct snn_kern *const snn_kern_tables[SNN_CPU_LEVELS];
const char *snn_cpu_name(snn_cpu_level level);

#endif
