/* SPDX-License-Identifier: BSD-3-Clause */
/* Costs: names, those that are built in, and a context's own. */
#include "snn/base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NARROW, WIDE, GROUPS };

static const struct {
    const char *name, *help;
} TEXT[SNN_COSTS] = {
#define COST(id, name, narrow, wide, help) [SNN_COST_##id] = {name, help},
#include "snn/base/costs.def"
#undef COST
};

static const float BUILTIN[GROUPS][SNN_COSTS] = {
    {
#define COST(id, name, narrow, wide, help) [SNN_COST_##id] = narrow,
#include "snn/base/costs.def"
#undef COST
    },
    {
#define COST(id, name, narrow, wide, help) [SNN_COST_##id] = wide,
#include "snn/base/costs.def"
#undef COST
    },
};

const char *snn_cost_name(snn_cost kind)
{
    return (unsigned)kind < SNN_COSTS ? TEXT[kind].name : "unknown";
}

const char *snn_cost_help(snn_cost kind)
{
    return (unsigned)kind < SNN_COSTS ? TEXT[kind].help : "";
}

const float *snn_costs_of(const char *kernels)
{
    return BUILTIN[strcmp(kernels, "base") == 0 || strcmp(kernels, "avx2") == 0 ? NARROW : WIDE];
}

void snn_costs_builtin(const char *kernels, snn_costs *out)
{
    *out = (snn_costs){.size = sizeof *out};
    snprintf(out->kernels, sizeof out->kernels, "%s", kernels);
    memcpy(out->of, snn_costs_of(kernels), sizeof out->of);
}

void snn_context_costs(const snn_context *ctx, snn_costs *out)
{
    *out = ctx->costs;
}

snn_status snn_context_set_costs(snn_context *ctx, const snn_costs *costs, snn_error *err)
{
    if (costs->size != sizeof *costs)
        return snn_error_set(err, SNN_EINVAL, "costs", "begin with snn_costs_builtin");
    if (strcmp(costs->kernels, ctx->cpu) != 0)
        return snn_error_set(err, SNN_EINVAL, "costs",
                             "are of %s kernels, but this context has %s: measure them anew",
                             costs->kernels, ctx->cpu);
    for (size_t i = 0; i < SNN_COSTS; i++)
        if (!(isfinite(costs->of[i]) && costs->of[i] > 0.0f))
            return snn_error_set(err, SNN_EINVAL, "costs", "%s is %g: must be above 0",
                                 TEXT[i].name, (double)costs->of[i]);
    ctx->costs = *costs;
    return SNN_OK;
}
