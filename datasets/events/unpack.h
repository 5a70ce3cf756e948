/* SPDX-License-Identifier: BSD-3-Clause */
/* LZ4 frames and zstd frames, with a bound on what they may unpack to. */
#ifndef SNN_EVENTS_UNPACK_H
#define SNN_EVENTS_UNPACK_H

#include "datasets/data.h"

typedef enum snn_packing { SNN_PACKING_NONE, SNN_PACKING_LZ4, SNN_PACKING_ZSTD } snn_packing;

/* A decompressor and its buffer, kept from frame to frame.  Zero it before use. */
typedef struct snn_unpacker {
    void *lz4, *zstd;
    unsigned char *at; /* what the last frame held */
    size_t n, room;
} snn_unpacker;

/* Whether this build can. */
bool snn_frame_unpack_offered(snn_packing packing);
/* Unpack one frame of n bytes; *why is what is wrong with it (static).
 * SNN_EFORMAT, SNN_ENOMEM, SNN_EUNSUPPORTED. */
SNN_MUST_USE snn_status snn_frame_unpack(snn_context *ctx, snn_unpacker *u, snn_packing packing,
                                         const unsigned char *bytes, size_t n, const char **why);
void snn_frame_unpack_free(snn_context *ctx, snn_unpacker *u);

#endif
