/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/base/base.h"
#include "snn/base/cpu.h"

#include <snn/observe.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#define ALIGNMENT   64
#define LARGE_PAGE  ((size_t)2 << 20)
#define LARGE_BLOCK (2 * LARGE_PAGE)
#define LINE_BYTES  1024

/* OpenBLAS only; absent from other BLAS libraries. */
#ifdef __GNUC__
extern void openblas_set_num_threads(int threads) __attribute__((weak));
#endif

/*
 * Activations are walked through in strides of whole pages, a page a step: with small
 * pages each step misses the address cache.  Large blocks lie on large pages where the
 * system gives them.
 */
static void *system_allocate(void *user, size_t bytes)
{
    const size_t alignment = bytes >= LARGE_BLOCK ? LARGE_PAGE : ALIGNMENT;
    void *block = NULL;

    (void)user;
    if (posix_memalign(&block, alignment, bytes) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (bytes >= LARGE_BLOCK) /* a wish: no harm where it is not met */
        (void)madvise(block, bytes / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
#endif
    return block;
}

static void system_release(void *user, void *block)
{
    (void)user;
    free(block);
}

void snn_context_params_init(snn_context_params *params)
{
    *params =
        (snn_context_params){.size = sizeof *params, .cpu = "auto", .log_level = SNN_LOG_INFO};
}

static int default_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

snn_status snn_context_create(const snn_context_params *params, snn_context **out, snn_error *err)
{
    static const snn_allocator system_allocator = {system_allocate, system_release, NULL};
    const char *parallel = getenv("SNN_PARALLEL");
    snn_context_params defaults;
    const snn_allocator *allocator;
    snn_context *ctx;
    snn_status st;

    if (params == NULL) {
        snn_context_params_init(&defaults);
        params = &defaults;
    }
    if (params->threads < 0)
        return snn_error_set(err, SNN_EINVAL, "threads", "%d is not a number of threads (0 = all)",
                             params->threads);
    allocator = params->allocator != NULL ? params->allocator : &system_allocator;
    ctx = allocator->allocate(allocator->user, sizeof *ctx);
    if (ctx == NULL)
        return snn_error_set(err, SNN_ENOMEM, NULL, "no memory for a context");
    memset(ctx, 0, sizeof *ctx);
    ctx->allocator = *allocator;
    ctx->log = params->log;
    ctx->log_user = params->log_user;
    ctx->log_level = params->log_level;
    ctx->threads = params->threads > 0 ? params->threads : default_threads();
    ctx->always_parallel = parallel != NULL && strcmp(parallel, "always") == 0;
#ifndef _OPENMP
    ctx->threads = 1;
#endif
    st = snn_cpu_select(ctx, params->cpu != NULL ? params->cpu : "auto", err);
    if (st != SNN_OK) {
        snn_context_destroy(ctx);
        return st;
    }
    snn_costs_builtin(ctx->cpu, &ctx->costs);
#ifdef __GNUC__
    if (openblas_set_num_threads != NULL)
        openblas_set_num_threads(1);
#endif
    *out = ctx;
    return SNN_OK;
}

void snn_context_destroy(snn_context *ctx)
{
    if (ctx != NULL)
        ctx->allocator.release(ctx->allocator.user, ctx);
}

int snn_context_threads(const snn_context *ctx)
{
    return ctx->threads;
}

const char *snn_context_cpu(const snn_context *ctx)
{
    return ctx->cpu;
}

/* Before each block lies one line of ALIGNMENT bytes. */
typedef struct block_head {
    size_t bytes;
    snn_memory purpose;
} block_head;

static void hold(atomic_size_t *held, atomic_size_t *most, size_t bytes)
{
    const size_t now = atomic_fetch_add(held, bytes) + bytes;
    size_t peak = atomic_load(most);

    while (now > peak && !atomic_compare_exchange_weak(most, &peak, now))
        ;
}

void *snn_alloc(snn_context *ctx, size_t count, size_t size)
{
    block_head head = {.purpose = (snn_memory)atomic_load(&ctx->purpose)};
    size_t bytes;
    char *block;

    if (size != 0 && count > (SIZE_MAX - 2 * ALIGNMENT) / size)
        return NULL;
    bytes = (count * size + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    block = ctx->allocator.allocate(ctx->allocator.user, bytes);
    if (block == NULL)
        return NULL;
    memset(block, 0, bytes);
    head.bytes = bytes;
    memcpy(block, &head, sizeof head);
    atomic_fetch_add(&ctx->allocations, 1);
    hold(&ctx->bytes, &ctx->peak_bytes, bytes);
    hold(&ctx->held[head.purpose], &ctx->most_held[head.purpose], bytes);
    return block + ALIGNMENT;
}

void snn_free(snn_context *ctx, void *block)
{
    block_head head;
    char *start;

    if (block == NULL)
        return;
    start = (char *)block - ALIGNMENT;
    memcpy(&head, start, sizeof head);
    atomic_fetch_sub(&ctx->bytes, head.bytes);
    atomic_fetch_sub(&ctx->held[head.purpose], head.bytes);
    ctx->allocator.release(ctx->allocator.user, start);
}

char *snn_strdup(snn_context *ctx, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = snn_alloc(ctx, bytes, 1);

    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

uint64_t snn_context_allocations(const snn_context *ctx)
{
    return atomic_load(&ctx->allocations);
}

size_t snn_context_bytes(const snn_context *ctx)
{
    return atomic_load(&ctx->bytes);
}

size_t snn_context_peak_bytes(const snn_context *ctx)
{
    return atomic_load(&ctx->peak_bytes);
}

snn_memory snn_context_purpose(snn_context *ctx, snn_memory purpose)
{
    SNN_ASSERT(purpose >= SNN_MEMORY_OTHER && purpose < SNN_MEMORY_KINDS);
    return (snn_memory)atomic_exchange(&ctx->purpose, (int)purpose);
}

size_t snn_context_held(const snn_context *ctx, snn_memory purpose, size_t *peak)
{
    if (peak != NULL)
        *peak = atomic_load(&ctx->most_held[purpose]);
    return atomic_load(&ctx->held[purpose]);
}

const char *snn_memory_name(snn_memory purpose)
{
    static const char *const names[SNN_MEMORY_KINDS] = {
        [SNN_MEMORY_OTHER] = "other",
        [SNN_MEMORY_DATA] = "data",
        [SNN_MEMORY_BATCHES] = "batches",
        [SNN_MEMORY_PARAMETERS] = "parameters",
        [SNN_MEMORY_OPTIMISER] = "optimiser",
        [SNN_MEMORY_GRADIENTS] = "gradients",
        [SNN_MEMORY_ACTIVATIONS] = "activations",
        [SNN_MEMORY_TAPS] = "taps",
        [SNN_MEMORY_SOLVERS] = "solvers",
        [SNN_MEMORY_SCRATCH] = "scratch",
        [SNN_MEMORY_SNAPSHOTS] = "snapshots",
    };

    return names[purpose];
}

void snn_context_observe(snn_context *ctx, const snn_observer *observer)
{
    ctx->observer = observer;
}

void snn_log(snn_context *ctx, snn_log_level level, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;

    if (ctx->log == NULL || level > ctx->log_level)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    ctx->log(ctx->log_user, level, line);
}
