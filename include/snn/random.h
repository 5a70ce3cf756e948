/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counter-based random numbers (Philox4x32-10; Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011).  A number is a pure function of its
 * key and counter, so results depend neither on threads nor on order.
 */
#ifndef SNN_RANDOM_H
#define SNN_RANDOM_H

#include <snn/status.h>

/* What a stream of numbers is for: the high half of the key. */
typedef enum snn_stream {
    SNN_STREAM_WEIGHT = 1,
    SNN_STREAM_POSITION = 2,
    SNN_STREAM_DROPOUT = 3,
    SNN_STREAM_SHUFFLE = 4,
    SNN_STREAM_SPLIT = 5,
    SNN_STREAM_SYNTHESIS = 6,
    SNN_STREAM_AUGMENT = 7,
    SNN_STREAM_ENCODE = 8,
    SNN_STREAM_MASK = 9,    /* which synapses exist */
    SNN_STREAM_NEURON = 10, /* neurons' own parameters */
    SNN_STREAM_USER = 64    /* this and above: free for programs */
} snn_stream;

typedef struct snn_key {
    uint64_t seed;
    uint32_t stream;
} snn_key;

SNN_BEGIN_DECLS

/* Four independent uniform 32-bit numbers of counter (a, b, c). */
SNN_API void snn_random4(snn_key key, uint64_t a, uint32_t b, uint32_t c, uint32_t out[4]);

/* One uniform 32-bit number: the first of the four. */
SNN_API uint32_t snn_random_u32(snn_key key, uint64_t a, uint32_t b, uint32_t c);

/* Uniform in [0, 1) with 24 bits. */
SNN_API float snn_random_uniform(snn_key key, uint64_t a, uint32_t b, uint32_t c);

/* Uniform integer in [0, n), n >= 1, without bias beyond 2^-32. */
SNN_API uint32_t snn_random_below(snn_key key, uint64_t a, uint32_t b, uint32_t c, uint32_t n);

/* A random permutation of 0..n-1 (Fisher-Yates) that depends on key and `epoch` only. */
SNN_API void snn_random_permutation(snn_key key, uint32_t epoch, uint32_t n, uint32_t *out);

SNN_END_DECLS
#endif
