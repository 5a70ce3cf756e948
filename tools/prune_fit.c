/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/prune.h"

#include <math.h>

#define ROUNDS 60

double prune_fit_value(const prune_fit *fit, double share)
{
    return fit->chance +
           (fit->full - fit->chance) / (1.0 + exp(-(log10(share) - fit->half) / fit->slope));
}

const char *prune_kind_name(prune_kind kind)
{
    static const char *const name[PRUNE_KINDS] = {"weights", "weights tuned", "delays"};

    return name[kind];
}

static double squares(const prune_fit *fit, const prune_point *points, size_t n, prune_kind kind)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        if (points[i].kind == kind) {
            const double off = points[i].accuracy.mean - prune_fit_value(fit, points[i].share);

            sum += off * off;
        }
    return sum;
}

/* A search that halves its steps: two numbers, a smooth sum, no derivative to go wrong. */
prune_fit prune_fit_points(const prune_point *points, size_t n, prune_kind kind, double chance,
                           double full)
{
    prune_fit best = {.chance = chance, .full = full, .half = -1, .slope = 0.2};
    double step = 1, least;
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += points[i].kind == kind;
    if (found < 3)
        return (prune_fit){.chance = chance, .full = full, .half = NAN, .slope = NAN};
    least = squares(&best, points, n, kind);
    for (int round = 0; round < ROUNDS; round++) {
        bool better = false;

        for (int k = 0; k < 4; k++) {
            prune_fit tried = best;
            double sum;

            if (k < 2)
                tried.half += k % 2 ? step : -step;
            else
                tried.slope *= k % 2 ? 1 + 0.5 * step : 1 / (1 + 0.5 * step);
            sum = squares(&tried, points, n, kind);
            if (sum < least) {
                least = sum;
                best = tried;
                better = true;
            }
        }
        step *= better ? 1 : 0.6;
    }
    return best;
}
