/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/bench_kit.h"

#include <math.h>

static const struct {
    const char *name, *column, *unit;
    snn_status (*measure)(snn_context *ctx, double seconds, double *rate);
} RATES[BENCH_RATES] = {
    [BENCH_SGEMM] = {"sgemm", "sgemm_gflops", "GFLOP/s", snn_bench_sgemm},
    [BENCH_BF16] = {"bf16", "bf16_gflops", "GFLOP/s", snn_bench_bf16},
    [BENCH_COPY] = {"copy", "copy_gbytes", "GB/s", snn_bench_copy},
};

snn_status bench_rates_measure(snn_context *ctx, bench_rate rate, double seconds, bench_rates *to,
                               snn_error *err)
{
    double value;
    const snn_status status = RATES[rate].measure(ctx, seconds, &value);

    if (status != SNN_OK)
        return snn_error_set(err, status, "bench", "the rate of %s cannot be measured",
                             RATES[rate].name);
    if (to->n[rate] < BENCH_MOST_RATES)
        to->value[rate][to->n[rate]++] = value;
    return SNN_OK;
}

snn_status bench_rates_all(snn_context *ctx, bench_rates *to, snn_error *err)
{
    snn_status status = SNN_OK;

    for (int k = 0; k < BENCH_RATES; k++)
        TRY(status, bench_rates_measure(ctx, (bench_rate)k, BENCH_RATE_SECONDS, to, err));
done:
    return status;
}

double bench_rates_median(bench_rates *rates, bench_rate rate)
{
    return rates->n[rate] > 0 ? bench_spread_of(rates->value[rate], rates->n[rate]).median : NAN;
}

const char *bench_rate_name(bench_rate rate)
{
    return RATES[rate].name;
}

void bench_rates_fields(bench_row *r, snn_context *ctx, bench_rates *rates)
{
    char machine[128];

    for (int k = 0; k < BENCH_RATES; k++)
        row_number(r, NULL, RATES[k].column, bench_rates_median(rates, (bench_rate)k));
    row_count(r, "threads", (uint64_t)snn_context_threads(ctx));
    row_text(r, "kernels", snn_context_cpu(ctx));
    row_text(r, "machine", bench_machine(machine));
}

void bench_rates_show(snn_context *ctx, bench_rates *rates)
{
    char machine[128];

    printf("machine   ");
    for (int k = 0; k < BENCH_RATES; k++)
        printf(" %s %.1f %s,", RATES[k].name, bench_rates_median(rates, (bench_rate)k),
               RATES[k].unit);
    printf(" on %d threads; %s kernels, %s\n", snn_context_threads(ctx), snn_context_cpu(ctx),
           bench_machine(machine));
}
