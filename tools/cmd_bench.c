/* SPDX-License-Identifier: BSD-3-Clause */
/* snn bench: the benchmarks by name. */
#include "tools/benchmarks.h"

#include <string.h>

static const struct benchmark {
    const char *name;
    snn_status (*run)(const options *o, snn_context *ctx, bench_rates *rates, snn_error *err);
} ALL[] = {
    {"step", bench_step},   {"eval", bench_step}, {"solver", bench_solver},
    {"epoch", bench_epoch}, {"load", bench_load}, {"encode", bench_encode},
    {"costs", bench_costs},
};
#define N_ALL (sizeof ALL / sizeof ALL[0])

snn_status bench_print(const options *o, snn_context *ctx, const bench_row *r, bool *head,
                       snn_error *err)
{
    snn_status status;

    if (!o->json && !o->csv)
        return SNN_OK;
    status = row_print(ctx, r, o->json, *head, err);
    *head = false;
    return status;
}

int run_bench(const options *o)
{
    const char *names[N_ALL];
    snn_context *ctx = NULL;
    bench_rates rates = {0};
    size_t which = 0;
    snn_error err = {0};
    snn_status status = SNN_OK;

    while (which < N_ALL && strcmp(ALL[which].name, o->operands[0]) != 0)
        which++;
    for (size_t i = 0; i < N_ALL; i++)
        names[i] = ALL[i].name;
    if (which == N_ALL) {
        say_unknown("benchmark", o->operands[0], names, N_ALL, "snn bench --help");
        return EXIT_USAGE;
    }
    watch_signals();
    /* Costs are measured whatever is kept, and put right what is broken. */
    TRY(status, ALL[which].run == bench_costs ? tool_context_plain(o, &ctx, &err)
                                              : tool_context(o, &ctx, &err));
    TRY(status, ALL[which].run(o, ctx, &rates, &err));
done:
    talk_clear();
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
