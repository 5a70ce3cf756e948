/* SPDX-License-Identifier: BSD-3-Clause */
/* The sensor: frames to events, by the sequential rule that movies.h states. */
#include "datasets/stimulus.h"

#include <math.h>

/* Standard deviation of the change, its first frame, which is 0, included. */
static double spread(const float *frames, size_t frame, uint32_t steps)
{
    const double n = (double)frame * steps;
    double sum = 0.0, square = 0.0;

    for (size_t i = frame; i < frame * steps; i++) {
        const double d = (double)frames[i] - (double)frames[i - frame];

        sum += d;
        square += d * d;
    }
    return sqrt(fmax(0.0, square / n - (sum / n) * (sum / n)));
}

uint32_t snn_stimulus_events(const snn_motion_params *params, const float *frames, uint8_t *mark)
{
    const size_t frame = (size_t)params->height * params->width;
    const float threshold =
        (float)((double)params->selectivity * spread(frames, frame, params->steps));
    uint32_t n = 0;

    for (size_t i = 0; i < frame; i++)
        mark[i] = 0;
    for (size_t i = frame; i < frame * params->steps; i++) {
        float d = frames[i] - frames[i - frame];

        if (mark[i - frame] != 0)
            d -= mark[i - frame] == 2 ? threshold : -threshold;
        mark[i] = d > threshold ? 2 : d < -threshold ? 1 : 0;
        n += mark[i] != 0;
    }
    return n;
}
