/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/schedule.h"

#include <math.h>

#define PI 3.14159265358979323846

#define CYCLE_RISE       0.3  /* share of the epochs until the peak */
#define CYCLE_START_DIV  25.0 /* peak / first rate */
#define CYCLE_END_DIV    1e4  /* first rate / last rate */
#define CYCLE_BETA1_LOW  0.85 /* at the peak */
#define CYCLE_BETA1_HIGH 0.95 /* at both ends */

/* From `start` (share 0) to `end` (share 1) along half a cosine. */
static double anneal(double start, double end, double share)
{
    return end + (start - end) / 2.0 * (cos(PI * share) + 1.0);
}

static snn_rate one_cycle(double peak, uint32_t epoch, uint32_t epochs)
{
    const double start = peak / CYCLE_START_DIV;
    const double end = start / CYCLE_END_DIV;
    const double top = CYCLE_RISE * epochs - 1.0; /* the peak's epoch, not always whole */
    const double last = (double)epochs - 1.0;
    double share;

    if (epochs <= 1)
        return (snn_rate){peak, CYCLE_BETA1_LOW};
    if (epoch <= top) {
        /* top = 0: the first epoch is the whole rise. */
        share = top > 0 ? epoch / top : 1.0;
        return (snn_rate){anneal(start, peak, share),
                          anneal(CYCLE_BETA1_HIGH, CYCLE_BETA1_LOW, share)};
    }
    share = fmin((epoch - top) / (last - top), 1.0);
    return (snn_rate){anneal(peak, end, share), anneal(CYCLE_BETA1_LOW, CYCLE_BETA1_HIGH, share)};
}

snn_rate snn_schedule_rate(snn_schedule schedule, double lr, double lr_max, double beta1,
                           uint32_t epoch, uint32_t epochs)
{
    switch (schedule) {
    case SNN_SCHEDULE_ONECYCLE:
        return one_cycle(lr_max, epoch, epochs);
    case SNN_SCHEDULE_COSINE:
        return (snn_rate){anneal(lr, 0.0, epochs > 0 ? fmin((double)epoch / epochs, 1.0) : 0.0),
                          beta1};
    case SNN_SCHEDULE_CONSTANT:
        break;
    }
    return (snn_rate){lr, beta1};
}

uint32_t snn_schedule_final_epoch(const snn_train_params *train)
{
    /* A share such as 0.7 is a float slightly below it: 10 epochs must give 7, not 6. */
    const double share = (double)train->sigma_share * (1.0 + 0x1p-23);

    return (uint32_t)floor(fmin(share, 1.0) * train->epochs);
}

double snn_schedule_sigma_factor(double initial, double final, uint32_t final_epoch)
{
    if (final_epoch == 0 || !(initial > final) || !(final > 0))
        return 1.0;
    return pow(final / initial, 1.0 / final_epoch);
}
