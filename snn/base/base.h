/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every internal module uses: control flow for failures, assertions, the
 * context's inside, and parallel loops over tiles.
 */
#ifndef SNN_BASE_BASE_H
#define SNN_BASE_BASE_H

#include <snn/context.h>
#include <snn/costs.h>

#include <stdatomic.h>
#include <stdbool.h>

#ifdef __FAST_MATH__
#error "snn promises the same bits on every run: build without -ffast-math"
#endif

/* If the call fails, leave through the function's one exit. */
#define TRY(status, call)                                                                          \
    do {                                                                                           \
        (status) = (call);                                                                         \
        if ((status) != SNN_OK)                                                                    \
            goto done;                                                                             \
    } while (0)

/* A block for `pointer` of n elements, or leave with SNN_ENOMEM. */
#define TRY_ALLOC(status, ctx, pointer, n)                                                         \
    do {                                                                                           \
        (pointer) = snn_alloc((ctx), (n), sizeof *(pointer));                                      \
        if ((pointer) == NULL) {                                                                   \
            (status) = SNN_ENOMEM;                                                                 \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

/* A mistake of the programmer, never of the input.  Alive in release builds. */
#ifdef SNN_NO_HARDENING
#define SNN_ASSERT(condition) ((void)sizeof(condition))
#else
#define SNN_ASSERT(condition)                                                                      \
    ((condition) ? (void)0 : snn_assert_fail(#condition, __FILE__, __LINE__))
#endif
/* The same for costly conditions, only with --enable-assertions. */
#ifdef SNN_DCHECKS
#define SNN_DCHECK(condition) SNN_ASSERT(condition)
#else
#define SNN_DCHECK(condition) ((void)sizeof(condition))
#endif

#define SNN_COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Called by a failed assertion; must not return. */
typedef void (*snn_assert_hook)(const char *condition, const char *file, int line);
_Noreturn void snn_assert_fail(const char *condition, const char *file, int line);
/* Replace the hook (NULL = message and abort).  For programs that embed tests. */
void snn_assert_set_hook(snn_assert_hook hook);

struct snn_kern;
struct snn_observer;

struct snn_context {
    snn_allocator allocator;
    int threads;
    bool always_parallel;        /* SNN_PARALLEL=always: tests want threads in small loops too */
    const struct snn_kern *kern; /* kernel table; set by snn_kern_select */
    const char *cpu;
    snn_costs costs;
    snn_log_sink log;
    void *log_user;
    snn_log_level log_level;
    atomic_uint_fast64_t allocations;
    atomic_size_t bytes;
    atomic_size_t peak_bytes;
    atomic_int purpose; /* snn_memory of blocks that are taken now */
    atomic_size_t held[SNN_MEMORY_KINDS];
    atomic_size_t most_held[SNN_MEMORY_KINDS];
    const struct snn_observer *observer; /* NULL = nobody looks */
};

/*
 * Run body(arg, tile, worker) for tile = 0 .. tiles-1 on up to `threads` workers.
 *
 * Tiles are handed out as workers become free, so that a busy neighbour on one
 * core delays nobody; hence a tile must own what it writes, and results must not
 * depend on `worker` (0 .. threads-1), which only names scratch memory.
 * `operations` is about how much there is to do, in multiply-adds of a matrix
 * product (SNN_ELEMENT for an element that is only streamed through): little work
 * stays on one thread.
 * In the loop denormals are flushed to zero: decaying membranes make them by
 * the million.  The caller's floating-point state is restored.
 */
typedef void (*snn_tile_body)(void *arg, size_t tile, int worker);
void snn_parallel(const snn_context *ctx, size_t tiles, double operations, snn_tile_body body,
                  void *arg);

/* What reading, changing and writing one number costs, in the same unit. */
#define SNN_ELEMENT 30.0

/* Number of tiles of `grain` that cover n. */
static inline size_t snn_tiles(size_t n, size_t grain)
{
    return (n + grain - 1) / grain;
}

/* Costs that are built in for these kernels: [SNN_COSTS], static. */
const float *snn_costs_of(const char *kernels);

/* Seconds of a clock that never goes back. */
double snn_seconds(void);

#endif
