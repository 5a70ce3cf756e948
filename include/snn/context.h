/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The context: memory, threads, instruction set and log sink of one user of the
 * library.  Objects keep the context they were created with; it must outlive them.
 *
 * Threads: a context may be used by one thread at a time.  Two contexts are
 * independent, except that creating objects that plan transforms (networks)
 * must not happen at the same time in two threads.
 */
#ifndef SNN_CONTEXT_H
#define SNN_CONTEXT_H

#include <snn/status.h>

typedef struct snn_context snn_context;

/* Memory functions.  `allocate` returns `bytes` bytes aligned to 64, or NULL. */
typedef struct snn_allocator {
    void *(*allocate)(void *user, size_t bytes);
    void (*release)(void *user, void *block);
    void *user;
} snn_allocator;

typedef enum snn_log_level {
    SNN_LOG_ERROR,
    SNN_LOG_WARNING,
    SNN_LOG_INFO,
    SNN_LOG_DEBUG
} snn_log_level;

/* Receives one line without newline.  The library itself never prints. */
typedef void (*snn_log_sink)(void *user, snn_log_level level, const char *line);

/* What memory is for.  A block counts for the purpose that is set when it is taken. */
typedef enum snn_memory {
    SNN_MEMORY_OTHER,
    SNN_MEMORY_DATA,        /* data sets that are kept in memory */
    SNN_MEMORY_BATCHES,     /* batches that loaders fill */
    SNN_MEMORY_PARAMETERS,  /* of networks */
    SNN_MEMORY_OPTIMISER,   /* its moments */
    SNN_MEMORY_GRADIENTS,   /* of parameters */
    SNN_MEMORY_ACTIVATIONS, /* what layers give, and its gradients */
    SNN_MEMORY_TAPS,        /* kernels built from weights and delays, and their gradients */
    SNN_MEMORY_SOLVERS,     /* what a solver keeps from the way forward to the way back: spectra;
                               and its tables */
    SNN_MEMORY_SCRATCH,     /* what solvers share: spectra, rows, lists of events */
    SNN_MEMORY_SNAPSHOTS,   /* copies of a network: the best epoch */
    SNN_MEMORY_KINDS
} snn_memory;

typedef struct snn_context_params {
    size_t size;                    /* sizeof(snn_context_params), set by _init */
    int threads;                    /* worker threads; 0 = all that the process may use */
    const char *cpu;                /* "auto", or at most "base" .. "amx" */
    const snn_allocator *allocator; /* NULL = the C library's */
    snn_log_sink log;               /* NULL = silent */
    void *log_user;
    snn_log_level log_level; /* lines above this level are not made */
} snn_context_params;

SNN_BEGIN_DECLS

/* Defaults: all threads, best instruction set, C allocator, no log. */
SNN_API void snn_context_params_init(snn_context_params *params);

/* Create a context.  `params` NULL = defaults.  As BLAS is called from inside
 * our own parallel regions, OpenBLAS, where it is the BLAS in use, is set to one
 * thread a call for the whole process.
 * Errors: SNN_EINVAL (threads < 0, unknown cpu), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_context_create(const snn_context_params *params,
                                                   snn_context **out, snn_error *err);

/* Free a context; NULL is allowed.  Its objects must have been freed before. */
SNN_API void snn_context_destroy(snn_context *ctx);

SNN_API int snn_context_threads(const snn_context *ctx);

/* Name of the kernel table in use: "base", "avx2", "avx512", "avx512bf16" or "amx". */
SNN_API const char *snn_context_cpu(const snn_context *ctx);

/* Allocate count * size zeroed bytes, aligned to 64; NULL on overflow or when
 * memory is out.  Count or size 0 gives a valid empty block. */
SNN_API void *snn_alloc(snn_context *ctx, size_t count, size_t size);
SNN_API void snn_free(snn_context *ctx, void *block);
/* A copy of `text`, or NULL when memory is out; free with snn_free. */
SNN_API char *snn_strdup(snn_context *ctx, const char *text);

/* Blocks allocated so far in this context: a training step adds none. */
SNN_API uint64_t snn_context_allocations(const snn_context *ctx);
/* Bytes held now, and the most that were held at once. */
SNN_API size_t snn_context_bytes(const snn_context *ctx);
SNN_API size_t snn_context_peak_bytes(const snn_context *ctx);

/* Blocks taken from now on are for `purpose`; returns what they were for, to be set again.
 * The objects of the library say themselves what theirs are for. */
SNN_API snn_memory snn_context_purpose(snn_context *ctx, snn_memory purpose);
/* Bytes held for a purpose now, and to *peak (NULL = unwanted) the most so far.  Over all
 * purposes they add up to snn_context_bytes. */
SNN_API size_t snn_context_held(const snn_context *ctx, snn_memory purpose, size_t *peak);
SNN_API const char *snn_memory_name(snn_memory purpose);

/* Send a line to the context's log sink. */
SNN_API void snn_log(snn_context *ctx, snn_log_level level, const char *format, ...)
    SNN_PRINTF(3, 4);

SNN_END_DECLS
#endif
