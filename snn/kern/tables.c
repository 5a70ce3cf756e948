/* SPDX-License-Identifier: BSD-3-Clause */
/* Which tables this build has. */
#include "snn/base/cpu.h"
#include "snn/kern/kern.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

const struct snn_kern *const snn_kern_tables[SNN_CPU_LEVELS] = {
    [SNN_CPU_BASE] = &snn_kern_base,
#ifdef HAVE_KERN_AVX2
    [SNN_CPU_AVX2] = &snn_kern_avx2,
#endif
#ifdef HAVE_KERN_AVX512
    [SNN_CPU_AVX512] = &snn_kern_avx512,
#endif
#ifdef HAVE_KERN_AVX512BF16
    [SNN_CPU_AVX512BF16] = &snn_kern_avx512bf16,
#endif
#ifdef HAVE_KERN_AMX
    [SNN_CPU_AMX] = &snn_kern_amx,
#endif
};
