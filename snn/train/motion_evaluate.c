/* SPDX-License-Identifier: BSD-3-Clause */
/* How well a layer sees motion: decisions a movie, a step and a voxel. */
#include "snn/train/motion_run.h"

#include "snn/kern/kern.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

typedef struct {
    uint64_t right, near, right_steps, steps, right_voxels, voxels;
    double angle, octaves, loss;
} sums;

/* Class with the largest mean logit over the share of most confident voxels of a step. */
static uint32_t decide_step(const snn_motion_tape *tape, const float *logits, const float *best,
                            float *order)
{
    const size_t n = (size_t)tape->problem.width * tape->problem.height;
    const double share = (double)tape->motion->params.decision_share;
    const size_t below = (size_t)((1.0 - share) * (double)n);
    double sum[SNN_MOST_LANES] = {0};
    uint32_t top = 0;
    float floor;

    memcpy(order, best, n * sizeof *order);
    floor = snn_select(order, n, below < n ? below : n - 1);
    for (size_t i = 0; i < n; i++)
        for (uint32_t c = 0; best[i] >= floor && c < tape->problem.classes; c++)
            sum[c] += (double)logits[i * tape->problem.lanes + c];
    for (uint32_t c = 1; c < tape->problem.classes; c++)
        top = sum[c] > sum[top] ? c : top;
    return top;
}

static void count_voxels(const snn_motion_tape *tape, const float *logits, const float *best,
                         uint32_t label, sums *s)
{
    const size_t n = (size_t)tape->problem.width * tape->problem.height;

    for (size_t i = 0; i < n; i++) {
        const float *l = logits + i * tape->problem.lanes;
        double sum = 0.0;

        s->right_voxels += l[label] == best[i];
        for (uint32_t c = 0; c < tape->problem.classes; c++)
            sum += exp((double)l[c] - (double)best[i]);
        s->loss += log(sum) - ((double)l[label] - (double)best[i]);
    }
    s->voxels += n;
}

static void count_decision(const snn_motion_params *p, uint32_t label, uint32_t decided, sums *s)
{
    const uint32_t d = p->directions;
    double a, b, u, v, off;

    snn_motion_class(p, label, &a, &u);
    snn_motion_class(p, decided, &b, &v);
    off = fabs(remainder(a - b, 2.0 * PI));
    s->right += label == decided;
    s->near += off < 2.0 * PI / d * 1.001;
    s->angle += off * 180.0 / PI;
    s->octaves += fabs(log2(v / u));
}

static snn_status count_movie(snn_motion_tape *tape, uint32_t i, sums *s, uint32_t *confusion,
                              snn_error *err)
{
    const snn_movie *movie = &tape->movies[i];
    const size_t n = (size_t)tape->problem.width * tape->problem.height;
    const uint32_t steps = snn_spatial_steps(&tape->problem), first = tape->problem.first_step;
    const uint32_t label = movie->label[movie->steps - 1];
    const float *logits, *best = tape->best + i * n * steps;
    uint32_t lanes, decided;
    snn_status st;

    TRY(st, snn_motion_decide(tape, i, &decided, NULL, err));
    TRY(st, snn_motion_logits(tape, i, &logits, &lanes, err));
    count_decision(&tape->motion->params, label, decided, s);
    if (confusion != NULL)
        confusion[(size_t)label * tape->problem.classes + decided]++;
    for (uint32_t t = 0; t < steps; t++) {
        const uint32_t now = movie->label[t + first];

        s->right_steps +=
            decide_step(tape, logits + t * n * lanes, best + t * n, tape->order) == now;
        count_voxels(tape, logits + t * n * lanes, best + t * n, now, s);
    }
    s->steps += steps;
done:
    return st;
}

static snn_status check_labels(const snn_movies *movies, snn_error *err)
{
    for (uint32_t i = 0; i < snn_movies_count(movies); i++) {
        const snn_movie *movie = snn_movies_get(movies, i);

        for (uint32_t t = 0; t < movie->steps; t++)
            if (movie->label[t] == SNN_NO_LABEL)
                return snn_error_set(err, SNN_EINVAL, "movie", "movie %u has no label at step %u",
                                     i, t);
    }
    return SNN_OK;
}

snn_status snn_motion_evaluate_on(snn_motion_tape *tape, const snn_movies *movies,
                                  int (*stop)(void *user), void *user, snn_motion_evaluation *out,
                                  uint32_t *confusion, snn_error *err)
{
    const uint32_t count = snn_movies_count(movies), most = tape->problem.movies;
    snn_movie *batch = NULL;
    sums s = {0};
    snn_status st;

    if (count == 0)
        TRY(st, snn_error_set(err, SNN_EINVAL, "movies", "there are none to evaluate"));
    TRY(st, check_labels(movies, err));
    TRY_ALLOC(st, tape->ctx, batch, most);
    for (uint32_t first = 0; first < count; first += most) {
        const uint32_t n = count - first < most ? count - first : most;

        for (uint32_t i = 0; i < n; i++)
            batch[i] = *snn_movies_get(movies, first + i);
        TRY(st, snn_motion_forward(tape, batch, n, err));
        for (uint32_t i = 0; i < n; i++)
            TRY(st, count_movie(tape, i, &s, confusion, err));
        if (stop != NULL && stop(user))
            TRY(st, snn_error_set(err, SNN_EINTERRUPTED, "evaluation", "stopped after %u movies",
                                  first + n));
    }
    *out = (snn_motion_evaluation){
        .movies = count,
        .loss = s.loss / (double)s.voxels,
        .accuracy = (double)s.right / count,
        .near_accuracy = (double)s.near / count,
        .step_accuracy = (double)s.right_steps / (double)s.steps,
        .voxel_accuracy = (double)s.right_voxels / (double)s.voxels,
        .direction_error_degrees = s.angle / count,
        .speed_ratio = exp2(s.octaves / count),
    };
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "evaluation", "no memory for a batch of movies");
    tape->has_evidence = false; /* it was of `batch`, which ends here */
    snn_free(tape->ctx, batch);
    return st;
}

snn_status snn_motion_evaluate(snn_motion *motion, const snn_movies *movies, uint32_t batch,
                               int (*stop)(void *user), void *user, snn_motion_evaluation *out,
                               uint32_t *confusion, snn_error *err)
{
    snn_motion_tape *tape = NULL;
    snn_status st;

    TRY(st, snn_motion_tape_create(motion, batch, 0, &tape, err));
    TRY(st, snn_motion_evaluate_on(tape, movies, stop, user, out, confusion, err));
done:
    snn_motion_tape_destroy(tape);
    return st;
}
