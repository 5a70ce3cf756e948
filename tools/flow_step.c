/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The length of a step of snn events flow.
 *
 * A layer knows speeds in pixels a step.  How long a step must be for the scene's speeds to
 * fall among them is found on the first events (--bin says it): in steps that are too short
 * all seems slow, in steps that are too long all seems fast, and where the speed that is
 * found is the middle of the layer's range, the estimate does not lean to either end.
 */
#include "tools/events_flow.h"

#include <math.h>

#define SHORTEST_US 250
#define LENGTHS     9    /* steps to try, each twice the one before */
#define HALVINGS    3    /* between two of them */
#define ENOUGH      0.25 /* share of the most votes that an estimate needs */

typedef struct trial {
    double us;
    double votes;   /* share of the places, times the share that agrees */
    double octaves; /* speed found over the middle of the layer's range */
} trial;

static snn_status try_step(flow_job *j, double us, trial *out, snn_error *err)
{
    const double middle = j->layer->speeds > 1
                              ? sqrt((double)j->layer->speed_min * (double)j->layer->speed_max)
                              : (double)j->layer->speed_max;
    const int64_t step_us = (int64_t)(us + 0.5);
    snn_flow_motion m;
    snn_status status;

    talk_progress("%s: looking for the length of a step: %.2f ms", j->events.path, 1e-3 * us);
    TRY(status, flow_begin(j, step_us, err));
    TRY(status, snn_watch_push(j->watch, j->sample, j->n_sample, err));
    TRY(status, snn_watch_finish(j->watch, err));
    snn_flow_total(j->flow, &m);
    *out = (trial){.us = (double)step_us};
    if (m.votes > 0) {
        out->votes = (double)m.votes * m.agreement / (double)snn_flow_places(j->flow);
        out->octaves = log2(m.speed * 1e-6 * (double)step_us / middle);
    }
    talk(SNN_LOG_DEBUG, "step %.2f ms: %.1f px/s (%.3f a step), %.1f %% agree", 1e-3 * us, m.speed,
         m.speed * 1e-6 * us, 100 * out->votes);
done:
    flow_end(j);
    return status;
}

/* The trial to begin with: of neighbours between which the speed found crosses the middle
 * those with the most votes, else the trial with the most. */
static size_t choose(const trial *t, size_t n, bool *crosses)
{
    double most = 0, best = -1;
    size_t at = 0;

    for (size_t i = 0; i < n; i++)
        if (t[i].votes > most) {
            most = t[i].votes;
            at = i;
        }
    *crosses = false;
    for (size_t i = 0; i + 1 < n; i++)
        if (t[i].octaves <= 0 && t[i + 1].octaves > 0 && t[i + 1].votes >= ENOUGH * most &&
            t[i].votes > 0 && t[i].votes + t[i + 1].votes > best) {
            best = t[i].votes + t[i + 1].votes;
            at = i;
            *crosses = true;
        }
    return at;
}

snn_status flow_find_step(flow_job *j, snn_error *err)
{
    const double span = (double)j->sample[j->n_sample - 1].t - (double)j->sample[0].t;
    trial t[LENGTHS], low, high, middle;
    bool crosses;
    size_t n = 0, at;
    snn_status status = SNN_OK;

    /* A step must leave the layer time for its past, twice. */
    for (double us = SHORTEST_US; n < LENGTHS && (n == 0 || 2 * us * j->layer->delays < span);
         us *= 2)
        TRY(status, try_step(j, us, &t[n++], err));
    at = choose(t, n, &crosses);
    middle = t[at];
    if (crosses && j->layer->speeds > 1) {
        low = t[at];
        high = t[at + 1];
        for (int i = 0; i < HALVINGS; i++) {
            TRY(status, try_step(j, sqrt(low.us * high.us), &middle, err));
            *(middle.octaves <= 0 ? &low : &high) = middle;
        }
        /* Between the two it is straight enough. */
        middle.us =
            low.us * pow(high.us / low.us, -low.octaves / fmax(1e-6, high.octaves - low.octaves));
    }
    j->step_us = (int64_t)(middle.us + 0.5);
    if (!crosses && j->layer->speeds > 1)
        talk(SNN_LOG_WARNING,
             "snn: %s: no length of a step brings the speed to the middle of the layer's range, so "
             "the speed is doubtful; %.2f ms has the most votes.  A longer piece, --cell or --bin "
             "may help",
             j->events.path, 1e-3 * middle.us);
done:
    talk_clear();
    return status;
}
