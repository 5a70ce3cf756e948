/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of a layer at work on a stream of events.
 *
 * The past is a ring of D planes a polarity, one bit a pixel, each with a margin of half a
 * kernel around it.
 */
#ifndef SNN_NET_MOTION_WATCH_H
#define SNN_NET_MOTION_WATCH_H

#include "snn/net/motion_layer.h"

#include <snn/watch.h>

struct snn_watch {
    snn_context *ctx;
    snn_motion *motion;
    snn_watch_params params;
    snn_watch_sink sink;
    void *user;
    snn_watch_counts counts;
    size_t words, plane; /* 64-bit words of a row of bits, of a plane */
    uint64_t *bits;      /* [D][2][plane] */
    uint32_t slot;       /* of the step at hand */
    bool begun;
    int64_t origin_us, begin_us; /* of the first step, of the step at hand */
    uint64_t index;
    uint64_t quiet; /* steps since the last event, of the step at hand */
    uint32_t room, n;
    uint16_t *x, *y;                      /* [room] */
    uint16_t *leader, *spike;             /* [room] */
    float *score, *swapped, *probability; /* [room][lanes] */
    float *best;                          /* [room] */
    float *potential;                     /* [height][width][classes]; NULL without decay */
    uint64_t *looked;                     /* [height][width] index of the last look */
};

/* Scores, probabilities, leaders and spikes of the n places of the step at hand (motion_look.c);
 * the same bits for any number of threads. */
void snn_watch_look(snn_watch *s);

#endif
