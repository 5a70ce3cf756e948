/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A layer that sees motion at work on a stream of events: recordings of any length, or a
 * camera as it runs.  Time goes in steps of step_us; a step is finished by the first event
 * behind it, and then handed to the caller's sink.  Memory is taken once and does not grow.
 *
 *     snn_watch_create(motion, &params, sink, user, &stream, &err);
 *     while (snn_event_reader_read(reader, block, SNN_EVENT_BLOCK, &n, &err) == SNN_OK && n > 0)
 *         snn_watch_push(stream, block, n, &err);
 *     snn_watch_finish(stream, &err);
 *
 * The frame may have any size: weights are shared by all places.  Only places that sent an
 * event in the step are looked at, unless `everywhere`: the cost is that of the events.
 * The scores of a place are the logits of snn_motion_logits for the same raster with nothing
 * before it: to the bit those of the solver `event`, which adds in the same order.
 *
 * Neurons: class c at a place is a leaky integrator of the evidence over chance,
 *
 *     v_c <- decay^n v_c + log(C p_c),    p = softmax(score),  n steps since the last look,
 *
 * and the class with the largest v spikes where v >= log(C confidence); then all classes of
 * the place begin at 0 again (it inhibits the others).  decay = 0: a place spikes where its
 * best class has a probability of at least `confidence`.
 */
#ifndef SNN_WATCH_H
#define SNN_WATCH_H

#include <snn/events.h>
#include <snn/motion.h>

typedef struct snn_watch_params {
    size_t size;            /* sizeof(snn_watch_params), set by _init */
    uint32_t width, height; /* of the frame, in pixels */
    int64_t step_us;        /* length of a step; default 4000 */
    uint32_t room;          /* most places of a step; 0 = all, at most 65536 */
    int everywhere;         /* 1: every place of every step that has events in its past */
    float decay;            /* what a step leaves of a potential, 0 .. 1; default 0 */
    float confidence;       /* of a spike, in (0, 1); default 0.5 */
} snn_watch_params;

/* A finished step; borrowed until the sink returns.  Place i is (x[i], y[i]). */
typedef struct snn_watch_step {
    int64_t begin_us;         /* steps are counted from the first event */
    uint64_t index;           /* (begin_us - time of the first event) / step_us */
    uint32_t n;               /* places, in order of their first events; everywhere: of rows */
    uint32_t classes, lanes;  /* lanes >= classes: the pitch of the rows below */
    const uint16_t *x, *y;    /* [n] */
    const float *score;       /* [n][lanes]; -inf beyond the classes */
    const float *probability; /* [n][lanes] softmax of the score */
    const uint16_t *leader;   /* [n] the class with the largest score */
    const uint16_t *spike;    /* [n] the class that spikes, or SNN_NO_LABEL */
} snn_watch_step;

/* Called in the thread that pushes.  Non-zero stops with SNN_EINTERRUPTED. */
typedef int (*snn_watch_sink)(void *user, const snn_watch_step *step);

/* What became of the events so far. */
typedef struct snn_watch_counts {
    uint64_t events;  /* pushed; those below are among them */
    uint64_t merged;  /* another event of this pixel, polarity and step was there */
    uint64_t outside; /* dropped: outside the frame */
    uint64_t late;    /* dropped: of a step that is finished */
    uint64_t dropped; /* the step's room was full */
    uint64_t steps;   /* handed to the sink */
    uint64_t places, spikes;
} snn_watch_counts;

typedef struct snn_watch snn_watch;

SNN_BEGIN_DECLS

SNN_API void snn_watch_params_init(snn_watch_params *params);

/* Keeps `motion`, whose weights are read as they are at each step.
 * Errors: SNN_EINVAL (parameter named), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_watch_create(snn_motion *motion, const snn_watch_params *params,
                                                 snn_watch_sink sink, void *user, snn_watch **out,
                                                 snn_error *err);
SNN_API void snn_watch_destroy(snn_watch *stream);

/* Take n events; steps that they finish go to the sink.  Nothing is allocated.
 * Errors: SNN_EINTERRUPTED (the sink's wish; the step at hand is over, the events behind it
 * are not taken). */
SNN_API SNN_MUST_USE snn_status snn_watch_push(snn_watch *stream, const snn_event *events, size_t n,
                                               snn_error *err);
/* Finish the step at hand, as it is.  More events may follow. */
SNN_API SNN_MUST_USE snn_status snn_watch_finish(snn_watch *stream, snn_error *err);

SNN_API const snn_watch_counts *snn_watch_get_counts(const snn_watch *stream);

SNN_END_DECLS
#endif
