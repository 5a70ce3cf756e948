/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/bench_kit.h"

#include <string.h>

/* One number of threads. */
typedef struct member {
    snn_context *ctx;
    bench_trainer trainer;
    double seconds[BENCH_MOST_ROUNDS];
} member;

static size_t choose_threads(int most, int threads[BENCH_MOST_THREADS])
{
    size_t n = 0;

    for (int k = 1; k < most && n + 1 < BENCH_MOST_THREADS; k *= 2)
        threads[n++] = k;
    threads[n++] = most;
    return n;
}

static snn_status begin(const options *o, int threads, const snn_config *config,
                        const bench_shape *shape, member *m, snn_error *err)
{
    options own = *o;
    snn_status status = SNN_OK;

    own.threads = (uint32_t)threads;
    TRY(status, tool_context(&own, &m->ctx, err));
    TRY(status, bench_trainer_create(m->ctx, config, shape, &m->trainer, err));
    TRY(status, bench_trainer_warm(&m->trainer, err));
done:
    return status;
}

snn_status bench_scaling_measure(const options *o, const snn_config *config,
                                 const bench_shape *shape, int most, size_t rounds,
                                 bench_scaling *out, snn_error *err)
{
    member *members = NULL;
    snn_context *ctx = NULL;
    bench_scaling s = {0};
    snn_status status = SNN_OK;

    if (rounds > BENCH_MOST_ROUNDS)
        rounds = BENCH_MOST_ROUNDS;
    s.n = choose_threads(most, s.threads);
    TRY(status, tool_context(o, &ctx, err));
    members = snn_alloc(ctx, s.n, sizeof *members);
    if (members == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    for (size_t i = 0; i < s.n; i++)
        TRY(status, begin(o, s.threads[i], config, shape, &members[i], err));
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < s.n; i++) {
            TRY(status, bench_trainer_step(&members[i].trainer, &members[i].seconds[round], err));
            talk_progress("scaling: %d threads, round %zu of %zu", s.threads[i], round + 1, rounds);
        }
    for (size_t i = 0; i < s.n; i++)
        s.seconds[i] = bench_spread_of(members[i].seconds, rounds);
    *out = s;
done:
    talk_clear();
    for (size_t i = 0; members != NULL && i < s.n; i++) {
        bench_trainer_destroy(&members[i].trainer);
        snn_context_destroy(members[i].ctx);
    }
    snn_free(ctx, members);
    snn_context_destroy(ctx);
    return status;
}
