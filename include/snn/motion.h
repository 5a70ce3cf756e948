/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Motion from events: one layer of neurons whose synapses reach over space, polarity and
 * delay and are shared by all places (Grimaldi and Perrinet, "Learning heterogeneous
 * delays in a layer of spiking neurons for fast motion detection", Biological
 * Cybernetics 2023).  For class c at step t and place (y, x)
 *
 *     B(c,t,y,x) = bias_c + sum_{p,d,dy,dx} K(c,p,d,dy,dx) A(p, t-d, y+dy, x+dx)
 *
 * with A = 1 where a pixel of polarity p (0 OFF, 1 ON) sent an event: causal in time,
 * stride 1, zero outside of the frame.  With polarity symmetry the logit is the larger of
 * B for A and B for A with ON and OFF exchanged.
 *
 * A class is a direction and a speed: class s * directions + d moves at
 *
 *     phi = 2 pi (d + (s mod 2) / 2) / directions,   v = speed_min (speed_max /
 * speed_min)^(s/(speeds-1))
 *
 * pixels a step (one speed: speed_max), phi = 0 down (+y), a quarter turn right (+x).
 */
#ifndef SNN_MOTION_H
#define SNN_MOTION_H

#include <snn/context.h>
#include <snn/params.h>
#include <snn/tensor.h>

#define SNN_NO_LABEL UINT16_MAX

/*
 * A movie as events.  Those of step t and polarity p are first[2t+p] .. first[2t+p+1]-1,
 * in order of y, then x.
 */
typedef struct snn_movie {
    uint32_t width, height, steps;
    const uint32_t *first; /* [2 steps + 1] */
    const uint16_t *x, *y;
    const uint16_t *label; /* [steps] class of the motion into step t, or SNN_NO_LABEL */
} snn_movie;

typedef struct snn_motion snn_motion;           /* a layer with its weights */
typedef struct snn_motion_tape snn_motion_tape; /* what a batch of movies needs */

SNN_BEGIN_DECLS

SNN_API uint32_t snn_motion_classes(const snn_motion_params *params);
/* Direction (radians, as above) and speed (pixels a step) of a class. */
SNN_API void snn_motion_class(const snn_motion_params *params, uint32_t label, double *direction,
                              double *speed);

/* Create a layer: weights normal with init_std times the prior, and +-init_centre at the
 * centre of delay 0 (ON positive).  Errors: SNN_EINVAL (parameter named), SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_motion_create(snn_context *ctx, const snn_motion_params *params,
                                                  uint64_t seed, snn_motion **out, snn_error *err);
SNN_API void snn_motion_destroy(snn_motion *motion);
SNN_API snn_context *snn_motion_context(const snn_motion *motion);
SNN_API const snn_motion_params *snn_motion_get_params(const snn_motion *motion);

/* K(c,p,d,dy,dx) in the order [class][polarity][delay][dy][dx] and bias [class], copied out
 * of the layer or into it.  Sizes are those of snn_motion_weights. */
SNN_API size_t snn_motion_weights(const snn_motion *motion);
SNN_API void snn_motion_get(const snn_motion *motion, float *weight, float *bias);
SNN_API void snn_motion_set(snn_motion *motion, const float *weight, const float *bias);

/* Clip every weight to |w| <= M max |w|, M the prior of the paper: a disc in space that
 * narrows to a point at delay 0.  Nothing where params.prior is 0. */
SNN_API void snn_motion_clip(snn_motion *motion);

/* Prune: keep the `share` of all weights, of all classes together, that are largest in
 * magnitude (at least one), and set the others to 0 (paper, section 3).  Shorten: keep the
 * `delays` shortest delays.  Weights that are gone stay 0 in further training until the
 * layer is made anew or set.  Errors: SNN_EINVAL, SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_motion_prune(snn_motion *motion, double share, snn_error *err);
SNN_API SNN_MUST_USE snn_status snn_motion_shorten(snn_motion *motion, uint32_t delays,
                                                   snn_error *err);
/* Share of the weights that are not 0. */
SNN_API double snn_motion_kept(const snn_motion *motion);

/* Room for batches of up to `movies` movies.  train 0: forward only. */
SNN_API SNN_MUST_USE snn_status snn_motion_tape_create(snn_motion *motion, uint32_t movies,
                                                       int train, snn_motion_tape **out,
                                                       snn_error *err);
SNN_API void snn_motion_tape_destroy(snn_motion_tape *tape);
/* Name of the solver in use. */
SNN_API const char *snn_motion_solver(const snn_motion_tape *tape);

/* Evidence of n movies.  Keeps `movies` until the next call.
 * Errors: SNN_EINVAL (a size that is not the layer's, an event outside, a label). */
SNN_API SNN_MUST_USE snn_status snn_motion_forward(snn_motion_tape *tape, const snn_movie *movies,
                                                   uint32_t n, snn_error *err);
/* Mean loss over all voxels of steps skip_steps and later, and the gradients; consumes the
 * evidence.  Errors: SNN_EINVAL (no labels), SNN_EDIVERGED. */
SNN_API SNN_MUST_USE snn_status snn_motion_backward(snn_motion_tape *tape, double *loss,
                                                    snn_error *err);
/* Gradients of the last backward pass, in the order of snn_motion_get. */
SNN_API void snn_motion_gradients(const snn_motion_tape *tape, float *weight, float *bias);

/* Turn the evidence of the last forward pass into logits, [steps - skip][height][width][lanes]
 * of movie i (borrowed until the next pass); lanes >= classes is returned in *lanes. */
SNN_API SNN_MUST_USE snn_status snn_motion_logits(snn_motion_tape *tape, uint32_t movie,
                                                  const float **logits, uint32_t *lanes,
                                                  snn_error *err);
/* The class that the most confident voxels of movie i agree on: the share decision_share
 * with the largest logits votes with the mean of its logits (paper, section 2.7).
 * score [classes] may be NULL. */
SNN_API SNN_MUST_USE snn_status snn_motion_decide(snn_motion_tape *tape, uint32_t movie,
                                                  uint32_t *label, float *score, snn_error *err);

SNN_END_DECLS
#endif
