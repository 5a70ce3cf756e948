/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/bench_kit.h"

#include <string.h>

/* One number of threads. */
typedef struct member {
    snn_context *ctx;
    bench_trainer trainer;
    double seconds[BENCH_MOST_ROUNDS];
    bench_rates rates;
} member;

static size_t choose_threads(int most, bool between, int threads[BENCH_MOST_THREADS])
{
    size_t n = 0;

    for (int k = 1; k < most && n + 1 < BENCH_MOST_THREADS; k *= between ? 2 : most)
        threads[n++] = k;
    threads[n++] = most;
    return n;
}

static snn_status begin(const options *o, int threads, const snn_config *config,
                        const bench_shape *shape, member *m, snn_error *err)
{
    options own = *o;
    double discarded[SNN_PHASES];
    snn_status status = SNN_OK;

    own.threads = (uint32_t)threads;
    TRY(status, tool_context(&own, &m->ctx, err));
    TRY(status, bench_trainer_create(m->ctx, config, shape, &m->trainer, err));
    TRY(status, bench_trainer_warm(&m->trainer, err));
    snn_tape_phases(snn_trainer_tape(m->trainer.trainer), discarded, 1);
done:
    return status;
}

/* The first number's values over another's, round by round; or the other way round. */
static bench_spread gain_of(const double *one, const double *other, bool rates, size_t rounds)
{
    double gain[BENCH_MOST_ROUNDS];

    for (size_t i = 0; i < rounds; i++)
        gain[i] = rates ? other[i] / one[i] : one[i] / other[i];
    return bench_spread_of(gain, rounds);
}

static void summarise(member *members, size_t rounds, bench_scaling *s)
{
    member *one = &members[0], *most = &members[s->n - 1];

    for (int k = 0; k < BENCH_RATES; k++)
        s->rate_gain[k] =
            gain_of(one->rates.value[k], most->rates.value[k], true, most->rates.n[k]);
    for (size_t i = 0; i < s->n; i++) {
        s->gain[i] = gain_of(one->seconds, members[i].seconds, false, rounds);
        snn_tape_phases(snn_trainer_tape(members[i].trainer.trainer), s->phase[i], 1);
        for (int p = 0; p < SNN_PHASES; p++)
            s->phase[i][p] /= (double)rounds;
    }
    for (size_t i = 0; i < s->n; i++) /* sorts */
        s->seconds[i] = bench_spread_of(members[i].seconds, rounds);
}

static snn_status play_round(member *members, const bench_scaling *s, size_t round, bool rates,
                             snn_error *err)
{
    snn_status status = SNN_OK;

    for (size_t i = 0; i < s->n; i++) {
        TRY(status, bench_trainer_step(&members[i].trainer, &members[i].seconds[round], err));
        if (rates && (i == 0 || i + 1 == s->n))
            TRY(status, bench_rates_all(members[i].ctx, &members[i].rates, err));
        if (was_interrupted())
            TRY(status, snn_error_set(err, SNN_EINTERRUPTED, "bench", "stopped"));
    }
done:
    return status;
}

snn_status bench_scaling_measure(const options *o, const snn_config *config,
                                 const bench_shape *shape, int most, bool between, size_t rounds,
                                 bench_rates *rates, bench_scaling *out, snn_error *err)
{
    member *members = NULL;
    snn_context *ctx = NULL;
    bench_scaling s = {0};
    snn_status status = SNN_OK;

    if (rounds > BENCH_MOST_ROUNDS)
        rounds = BENCH_MOST_ROUNDS;
    s.n = choose_threads(most, between, s.threads);
    TRY(status, tool_context(o, &ctx, err));
    members = snn_alloc(ctx, s.n, sizeof *members);
    if (members == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    for (size_t i = 0; i < s.n; i++)
        TRY(status, begin(o, s.threads[i], config, shape, &members[i], err));
    for (size_t round = 0; round < rounds; round++) {
        talk_progress("threads: round %zu of %zu", round + 1, rounds);
        TRY(status, play_round(members, &s, round, rates != NULL, err));
    }
    summarise(members, rounds, &s);
    if (rates != NULL)
        *rates = members[s.n - 1].rates;
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
