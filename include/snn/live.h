/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A trained network that runs live: one sample, frame by frame, each answered at once.
 *
 * It computes what snn_forward computes with SNN_MODE_EVAL (running statistics, delays
 * rounded, no dropout), event by event: a spike is added to its targets at their delays, in
 * a ring of steps to come, so a frame costs the synapses of those that fired, whatever the
 * delays.  Potentials agree with snn_forward's up to the order in which a neuron's inputs
 * are summed.
 *
 *     snn_live_create(net, &live, &err);
 *     while (next(frame))
 *         snn_live_step(live, frame);      scores so far: snn_live_scores
 *     snn_live_finish(live);               the frames that snn_forward adds behind the last
 *     snn_live_reset(live);                the next sample
 *
 * Everything is taken at creation; a step allocates nothing and runs in the calling
 * thread.  Several live networks may run in several threads.
 */
#ifndef SNN_LIVE_H
#define SNN_LIVE_H

#include <snn/network.h>

typedef struct snn_live snn_live;

SNN_BEGIN_DECLS

/* Take a copy of `net`, which may then change or go; its context must stay.
 * Errors: SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_live_create(const snn_network *net, snn_live **out,
                                                snn_error *err);
SNN_API void snn_live_destroy(snn_live *live);

/* Back to before the first frame. */
SNN_API void snn_live_reset(snn_live *live);

/* One frame of params.time_step_ms: x [n_inputs], or NULL for silence.
 * Errors: SNN_EINVAL after snn_live_finish. */
SNN_API SNN_MUST_USE snn_status snn_live_step(snn_live *live, const float *x);

/* Run the silent frames that snn_forward adds behind a sample (padding `paper`: (D-1)/2 a
 * layer; `causal`: none).  Layer l answers (l+1) (D-1)/2 frames more than there were; a
 * second call does nothing. */
SNN_API void snn_live_finish(snn_live *live);

/* Scores [n_outputs] of the frames so far, as params.h says for params.loss; 0 before the
 * first. */
SNN_API void snn_live_scores(const snn_live *live, float *scores);

/* Frames so far, and synaptic operations (spikes times the synapses they reached). */
SNN_API uint64_t snn_live_steps(const snn_live *live);
SNN_API uint64_t snn_live_operations(const snn_live *live);

/* What layer l gave in the last frame, [n_out], borrowed until the next: spikes of a
 * hidden one, potentials of the read-out (spike_count: spikes).  NULL: no such layer. */
SNN_API const float *snn_live_output(const snn_live *live, uint32_t layer);

SNN_END_DECLS
#endif
