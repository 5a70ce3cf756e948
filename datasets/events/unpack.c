/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/events/unpack.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#ifdef HAVE_LZ4
#include <lz4frame.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define FIRST_ROOM ((size_t)1 << 20)
/* A packet of a camera is a few MB; a frame that unpacks to more than this is a trap. */
#define MOST_ROOM ((size_t)1 << 28)

bool snn_frame_unpack_offered(snn_packing packing)
{
#ifdef HAVE_LZ4
    if (packing == SNN_PACKING_LZ4)
        return true;
#endif
#ifdef HAVE_ZSTD
    if (packing == SNN_PACKING_ZSTD)
        return true;
#endif
    return packing == SNN_PACKING_NONE;
}

#if defined(HAVE_LZ4) || defined(HAVE_ZSTD)
/* More room behind the n bytes that are there. */
static snn_status make_room(snn_context *ctx, snn_unpacker *u, const char **why)
{
    const size_t room = u->room == 0 ? FIRST_ROOM : 2 * u->room;
    unsigned char *larger;

    if (u->n < u->room)
        return SNN_OK;
    if (room > MOST_ROOM) {
        *why = "unpacks to more than 256 MiB";
        return SNN_EFORMAT;
    }
    larger = snn_alloc(ctx, room, 1);
    if (larger == NULL) {
        *why = "no memory to unpack it";
        return SNN_ENOMEM;
    }
    if (u->n > 0)
        memcpy(larger, u->at, u->n);
    snn_free(ctx, u->at);
    u->at = larger;
    u->room = room;
    return SNN_OK;
}
#endif

#ifdef HAVE_LZ4
static snn_status unpack_lz4(snn_context *ctx, snn_unpacker *u, const unsigned char *bytes,
                             size_t n, const char **why)
{
    LZ4F_dctx *decoder = u->lz4;
    snn_status st = SNN_OK;
    size_t left = 1;

    if (decoder == NULL) {
        if (LZ4F_isError(LZ4F_createDecompressionContext(&decoder, LZ4F_VERSION))) {
            *why = "no memory to unpack it";
            return SNN_ENOMEM;
        }
        u->lz4 = decoder;
    }
    LZ4F_resetDecompressionContext(decoder);
    while (left != 0) {
        size_t taken = n, made;

        TRY(st, make_room(ctx, u, why));
        made = u->room - u->n;
        left = LZ4F_decompress(decoder, u->at + u->n, &made, bytes, &taken, NULL);
        if (LZ4F_isError(left) || (left != 0 && taken == 0 && made == 0)) {
            *why = "is no whole LZ4 frame";
            st = SNN_EFORMAT;
            goto done;
        }
        bytes += taken;
        n -= taken;
        u->n += made;
    }

done:
    return st;
}
#endif

#ifdef HAVE_ZSTD
static snn_status unpack_zstd(snn_context *ctx, snn_unpacker *u, const unsigned char *bytes,
                              size_t n, const char **why)
{
    ZSTD_inBuffer in = {bytes, n, 0};
    snn_status st = SNN_OK;
    size_t left = 1;

    if (u->zstd == NULL)
        u->zstd = ZSTD_createDCtx();
    if (u->zstd == NULL) {
        *why = "no memory to unpack it";
        return SNN_ENOMEM;
    }
    ZSTD_DCtx_reset(u->zstd, ZSTD_reset_session_only);
    while (left != 0) {
        ZSTD_outBuffer out = {NULL, 0, 0};
        const size_t before = in.pos;

        TRY(st, make_room(ctx, u, why));
        out.dst = u->at + u->n;
        out.size = u->room - u->n;
        left = ZSTD_decompressStream(u->zstd, &out, &in);
        if (ZSTD_isError(left) || (left != 0 && in.pos == before && out.pos == 0)) {
            *why = "is no whole zstd frame";
            st = SNN_EFORMAT;
            goto done;
        }
        u->n += out.pos;
    }

done:
    return st;
}
#endif

snn_status snn_frame_unpack(snn_context *ctx, snn_unpacker *u, snn_packing packing,
                            const unsigned char *bytes, size_t n, const char **why)
{
    u->n = 0;
    *why = "";
#ifdef HAVE_LZ4
    if (packing == SNN_PACKING_LZ4)
        return unpack_lz4(ctx, u, bytes, n, why);
#endif
#ifdef HAVE_ZSTD
    if (packing == SNN_PACKING_ZSTD)
        return unpack_zstd(ctx, u, bytes, n, why);
#endif
    (void)ctx;
    (void)packing;
    (void)bytes;
    (void)n;
    *why = "cannot be unpacked by this build of snn";
    return SNN_EUNSUPPORTED;
}

void snn_frame_unpack_free(snn_context *ctx, snn_unpacker *u)
{
#ifdef HAVE_LZ4
    LZ4F_freeDecompressionContext(u->lz4);
#endif
#ifdef HAVE_ZSTD
    ZSTD_freeDCtx(u->zstd);
#endif
    snn_free(ctx, u->at);
    *u = (snn_unpacker){0};
}
