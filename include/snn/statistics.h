/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How sure a result is: intervals of a mean over runs and of a share of samples.
 * Pure functions; any thread may call them.
 */
#ifndef SNN_STATISTICS_H
#define SNN_STATISTICS_H

#include <snn/status.h>

typedef struct snn_interval {
    double mean;      /* the estimate itself */
    double low, high; /* NaN where the numbers do not tell */
} snn_interval;

SNN_BEGIN_DECLS

/*
 * Mean of `n` values (seeds, folds) and its confidence interval by Student's t:
 *
 *     mean +- t((1 + level)/2; n - 1) s / sqrt(n),   s^2 = sum (x - mean)^2 / (n - 1)
 *
 * `level` lies in (0, 1): 0.95.  One value has no interval, and none no mean: NaN
 * then, as where a value is NaN.
 */
SNN_API snn_interval snn_mean_interval(const double *values, size_t n, double level);

/*
 * Share `successes` of `n` samples (0 <= successes <= n) and its confidence interval by
 * Wilson (1927): the shares p that lie within z standard errors of the one observed,
 *
 *     (share - p)^2 <= z^2 p (1 - p) / n
 *
 * Its coverage is near `level` for any p, and it stays inside [0, 1] (Brown, Cai and
 * DasGupta, "Interval estimation for a binomial proportion", 2001); Clopper and
 * Pearson's is wider than it says.  All NaN for n = 0.
 */
SNN_API snn_interval snn_proportion_interval(uint64_t successes, uint64_t n, double level);

/* The t for which a Student variable of `freedom` >= 1 degrees lies in [-t, t] with
 * probability `level` in (0, 1); NaN outside. */
SNN_API double snn_student_quantile(double level, uint64_t freedom);
/* The same of a standard normal variable: 1.96 at level 0.95. */
SNN_API double snn_normal_quantile(double level);

SNN_END_DECLS
#endif
