/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/base/cpu.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static const char *const level_name[SNN_CPU_LEVELS] = {"base", "avx2", "avx512", "avx512bf16",
                                                       "amx"};

const char *snn_cpu_name(snn_cpu_level level)
{
    return level_name[level];
}

#if defined(__x86_64__) && defined(__linux__)

/*
 * Tiles are there when processor and system have them and this process asked for their
 * state, which it may do again; threads inherit it.  Without, the first use is a SIGILL.
 */
#define REQUEST_STATE 0x1023 /* ARCH_REQ_XCOMP_PERM */
#define TILE_DATA     18     /* XFEATURE_XTILE_DATA */
#define AMX_BF16      (1u << 22)
#define AMX_TILE      (1u << 24)

static bool tiles_granted(void)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & AMX_BF16) != 0 &&
           (d & AMX_TILE) != 0 && syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) == 0;
}

#else

static inline bool tiles_granted(void)
{
    return false;
}

#endif

snn_cpu_level snn_cpu_detect(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("fma")) {
        if (snn_kern_tables[SNN_CPU_AVX512BF16] != NULL && __builtin_cpu_supports("avx512bf16"))
            return snn_kern_tables[SNN_CPU_AMX] != NULL && tiles_granted() ? SNN_CPU_AMX
                                                                           : SNN_CPU_AVX512BF16;
        if (snn_kern_tables[SNN_CPU_AVX512] != NULL)
            return SNN_CPU_AVX512;
    }
    if (snn_kern_tables[SNN_CPU_AVX2] != NULL && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("fma"))
        return SNN_CPU_AVX2;
#endif
    return SNN_CPU_BASE;
}

snn_status snn_cpu_select(snn_context *ctx, const char *name, snn_error *err)
{
    const snn_cpu_level best = snn_cpu_detect();
    const char *wish = getenv("SNN_CPU");
    snn_cpu_level level = SNN_CPU_BASE;

    if (strcmp(name, "auto") == 0 && wish != NULL && wish[0] != '\0')
        name = wish;
    if (strcmp(name, "auto") == 0) {
        level = best;
    } else {
        while (level < SNN_CPU_LEVELS && strcmp(name, level_name[level]) != 0)
            level++;
        if (level == SNN_CPU_LEVELS)
            return snn_error_set(err, SNN_EINVAL, "cpu",
                                 "'%s' is none of auto, base, avx2, avx512, avx512bf16, amx", name);
        if (level > best || snn_kern_tables[level] == NULL)
            return snn_error_set(err, SNN_EINVAL, "cpu",
                                 "this machine or build offers '%s' at most", level_name[best]);
    }
    ctx->kern = snn_kern_tables[level];
    ctx->cpu = level_name[level];
    return SNN_OK;
}
