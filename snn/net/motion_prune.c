/* SPDX-License-Identifier: BSD-3-Clause */
/* Pruning and shortening a layer that sees motion. */
#include "snn/net/motion_layer.h"

#include <math.h>

static snn_status need_mask(snn_motion *motion, snn_error *err)
{
    snn_status st = SNN_OK;

    if (motion->mask != NULL)
        return SNN_OK;
    TRY_ALLOC(st, motion->ctx, motion->mask, motion->stencils);
    for (size_t i = 0; i < motion->stencils; i++)
        motion->mask[i] = 1.0f;
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "motion", "no memory to prune");
    return st;
}

void snn_motion_hold(snn_motion *motion)
{
    if (motion->mask == NULL)
        return;
    for (size_t i = 0; i < motion->stencils; i++)
        motion->block[i] *= motion->mask[i];
}

double snn_motion_kept(const snn_motion *motion)
{
    size_t kept = 0;

    for (size_t i = 0; i < motion->stencils; i++)
        kept += motion->block[i] != 0.0f;
    return (double)kept / (double)snn_motion_weights(motion);
}

/* Lanes beyond the classes are 0: they sort below all weights and are never kept. */
snn_status snn_motion_prune(snn_motion *motion, double share, snn_error *err)
{
    const size_t n = motion->stencils, all = snn_motion_weights(motion);
    size_t keep;
    float *size = NULL, least;
    snn_status st = SNN_OK;

    if (!(share > 0.0 && share <= 1.0))
        return snn_error_set(err, SNN_EINVAL, "share", "%g is not in (0, 1]", share);
    keep = (size_t)(share * (double)all + 0.5);
    keep = keep > 0 ? keep : 1;
    TRY(st, need_mask(motion, err));
    TRY_ALLOC(st, motion->ctx, size, n);
    for (size_t i = 0; i < n; i++)
        size[i] = fabsf(motion->block[i]);
    least = snn_select(size, n, n - keep);
    for (size_t i = 0; i < n; i++)
        if (fabsf(motion->block[i]) < least)
            motion->mask[i] = 0.0f;
    snn_motion_hold(motion);
done:
    if (st == SNN_ENOMEM)
        snn_error_set(err, st, "motion", "no memory to prune");
    snn_free(motion->ctx, size);
    return st;
}

snn_status snn_motion_shorten(snn_motion *motion, uint32_t delays, snn_error *err)
{
    const size_t plane = (size_t)motion->params.side * motion->params.side * motion->lanes;
    snn_status st;

    if (delays == 0 || delays > motion->params.delays)
        return snn_error_set(err, SNN_EINVAL, "delays", "%u of %u delays cannot be kept", delays,
                             motion->params.delays);
    TRY(st, need_mask(motion, err));
    for (size_t i = 0; i < motion->stencils; i++)
        if (i / plane % motion->params.delays >= delays)
            motion->mask[i] = 0.0f;
    snn_motion_hold(motion);
done:
    return st;
}
