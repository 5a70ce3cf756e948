/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Learning rate, momentum and sigma as functions of the epoch (0 ..).  All are
 * stepped once an epoch and have no state but sigma itself.
 */
#ifndef SNN_TRAIN_SCHEDULE_H
#define SNN_TRAIN_SCHEDULE_H

#include <snn/params.h>

typedef struct snn_rate {
    double lr;
    double beta1;
} snn_rate;

/*
 * Rate of `epoch` of `epochs`; lr runs from `lr` (peak `lr_max` for one-cycle).
 *
 *   constant  lr, beta1
 *   cosine    lr/2 (1 + cos(pi epoch / epochs)), beta1          (eta_min 0)
 *   onecycle  a cosine from lr_max/25 to lr_max over the first 0.3 of the epochs,
 *             then a cosine to lr_max/25/1e4; beta1 meanwhile .95 -> .85 -> .95
 *
 * One-cycle is Smith and Topin, "Super-convergence" (2018), with the end points
 * and defaults of torch.optim.lr_scheduler.OneCycleLR(total_steps = epochs).
 * One epoch has no room for a cycle: it is trained at the peak.
 */
snn_rate snn_schedule_rate(snn_schedule schedule, double lr, double lr_max, double beta1,
                           uint32_t epoch, uint32_t epochs);

/* First epoch that trains with the final sigma: floor(epochs * sigma_share). */
uint32_t snn_schedule_final_epoch(const snn_train_params *train);

/*
 * What every sigma is multiplied by after each epoch before the final one, as
 * long as it is above `final`:  (final / initial)^(1 / final_epoch); 1 when
 * final_epoch is 0 or there is nothing to shrink.
 */
double snn_schedule_sigma_factor(double initial, double final, uint32_t final_epoch);

#endif
