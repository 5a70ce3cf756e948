/* SPDX-License-Identifier: BSD-3-Clause */
/* snn bench costs: what each kind of work costs on this machine, beside what is built in. */
#include "tools/benchmarks.h"

#define REPEATS 5

static int look(void *user, size_t done, size_t total)
{
    (void)user;
    talk_progress("costs: layer %zu of %zu", done + 1, total);
    return was_interrupted();
}

static snn_status show(const options *o, snn_context *ctx, const snn_costs *costs,
                       bench_rates *rates, snn_error *err)
{
    snn_costs builtin;
    bool head = true;
    snn_status status = SNN_OK;

    snn_costs_builtin(costs->kernels, &builtin);
    if (!o->json && !o->csv)
        printf("%-13s %10s %10s  against a multiply-add of a large product\n", "kind", "measured",
               "built in");
    for (int k = 0; k < SNN_COSTS; k++) {
        const snn_cost kind = (snn_cost)k;
        bench_row r;

        if (!o->json && !o->csv)
            printf("%-13s %10.3g %10.3g  %s\n", snn_cost_name(kind), (double)costs->of[k],
                   (double)builtin.of[k], snn_cost_help(kind));
        row_begin(&r, "cost");
        row_text(&r, "kind", snn_cost_name(kind));
        row_number(&r, NULL, "cost", (double)costs->of[k]);
        row_number(&r, NULL, "builtin", (double)builtin.of[k]);
        bench_rates_fields(&r, ctx, rates);
        TRY(status, bench_print(o, ctx, &r, &head, err));
    }
done:
    return status;
}

snn_status bench_costs(const options *o, snn_context *ctx, bench_rates *rates, snn_error *err)
{
    snn_costs costs;
    char *path = NULL;
    snn_status status = SNN_OK;

    if (o->store) /* before the work, not behind it */
        TRY(status, costs_place(ctx, &path, err));
    TRY(status, bench_rates_all(ctx, rates, err));
    TRY(status, snn_costs_measure(ctx, o->steps > 0 ? o->steps : REPEATS, look, NULL, &costs, err));
    talk_clear();
    processor_name(costs.processor);
    TRY(status, show(o, ctx, &costs, rates, err));
    if (!o->json && !o->csv)
        bench_rates_show(ctx, rates);
    if (o->store) {
        TRY(status, snn_costs_save(ctx, &costs, path, err));
        talk(SNN_LOG_INFO,
             "%s: plans go by these costs from now on; SNN_COSTS=builtin passes them "
             "over",
             path);
    }
done:
    snn_free(ctx, path);
    return status;
}
