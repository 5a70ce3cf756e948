/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn bench step --threads-ratio, --neighbours: a step on all threads against one on one, and one
 * beside busy processes against one alone.  They take turns, and a ratio is one of neighbours in
 * time; beside it stands what this machine gives to the plainest work.
 */
#include "tools/bench_neighbours.h"
#include "tools/benchmarks.h"

#define DEFAULT_ROUNDS 7

static size_t rounds_of(const options *o)
{
    const size_t rounds = o->steps > 0 ? o->steps : DEFAULT_ROUNDS;

    return rounds < BENCH_MOST_ROUNDS ? rounds : BENCH_MOST_ROUNDS;
}

static void spread_fields(bench_row *r, const char *name[3], const bench_spread *s)
{
    row_number(r, NULL, name[0], s->median);
    row_number(r, NULL, name[1], s->low);
    row_number(r, NULL, name[2], s->high);
}

/* ---- threads ------------------------------------------------------------------------------ */

static double phase_gain(const bench_scaling *s, int phase)
{
    return s->phase[0][phase] / s->phase[1][phase]; /* NaN where it takes no time at all */
}

static void threads_row(const bench_scaling *s, size_t rounds, const bench_shape *shape,
                        bench_row *r)
{
    static const char *const rate[BENCH_RATES] = {"sgemm_ratio", "bf16_ratio", "copy_ratio"};

    row_begin(r, "threads");
    row_count(r, "batch", shape->batch);
    row_count(r, "rounds", rounds);
    row_number(r, NULL, "one_thread_seconds", s->seconds[0].median);
    row_number(r, NULL, "step_seconds", s->seconds[1].median);
    spread_fields(r, (const char *[]){"ratio", "ratio_low", "ratio_high"}, &s->gain[1]);
    for (int k = 0; k < BENCH_RATES; k++)
        row_number(r, NULL, rate[k], s->rate_gain[k].median);
    for (int p = 0; p < SNN_PHASES; p++)
        row_number(r, "phase_ratios", snn_phase_name((snn_phase)p), phase_gain(s, p));
}

static void threads_text(const bench_scaling *s, size_t rounds)
{
    printf("one thread %8.1f ms   median of %zu, middle half %.1f to %.1f\n",
           1e3 * s->seconds[0].median, rounds, 1e3 * s->seconds[0].low, 1e3 * s->seconds[0].high);
    printf("%d threads %9.1f ms                middle half %.1f to %.1f\n", s->threads[1],
           1e3 * s->seconds[1].median, 1e3 * s->seconds[1].low, 1e3 * s->seconds[1].high);
    printf("ratio      %8.2f      middle half %.2f to %.2f\n", s->gain[1].median, s->gain[1].low,
           s->gain[1].high);
    for (int k = 0; k < BENCH_RATES; k++)
        printf("%-10s %8.2f      middle half %.2f to %.2f: the machine's own\n",
               bench_rate_name((bench_rate)k), s->rate_gain[k].median, s->rate_gain[k].low,
               s->rate_gain[k].high);
    printf("\n%-26s %9s %9s %6s\n", "phase", "ms, one", "ms, all", "ratio");
    for (int p = 0; p < SNN_PHASES; p++)
        printf("  %-24s %9.2f %9.2f %6.2f\n", snn_phase_name((snn_phase)p), 1e3 * s->phase[0][p],
               1e3 * s->phase[1][p], phase_gain(s, p));
}

snn_status bench_threads(const options *o, snn_context *ctx, const snn_config *config,
                         bench_rates *rates, bool *head, snn_error *err)
{
    const bench_shape shape = bench_shape_of(o, config);
    const size_t rounds = rounds_of(o);
    bench_scaling s;
    bench_row r;
    snn_status status = SNN_OK;

    if (snn_context_threads(ctx) < 2)
        TRY(status, snn_error_set(err, SNN_EINVAL, "--threads-ratio",
                                  "needs two threads or more: see --threads"));
    TRY(status, bench_scaling_measure(o, config, &shape, snn_context_threads(ctx), false, rounds,
                                      rates, &s, err));
    threads_row(&s, rounds, &shape, &r);
    bench_rates_fields(&r, ctx, rates);
    if (o->json || o->csv) {
        TRY(status, bench_print(o, ctx, &r, head, err));
    } else {
        threads_text(&s, rounds);
        bench_rates_show(ctx, rates);
    }
done:
    return status;
}

/* ---- neighbours --------------------------------------------------------------------------- */

enum { QUIET, BUSY, WAYS };

/* A turn of each way, of a step and of matrix products. */
typedef struct beside {
    double seconds[WAYS][BENCH_MOST_ROUNDS], ratio[BENCH_MOST_ROUNDS];
    bench_rates rates[WAYS];
    double product_ratio[BENCH_MOST_ROUNDS];
} beside;

static snn_status play(bench_trainer *t, neighbours *n, size_t rounds, beside *b, snn_error *err)
{
    double discarded;
    snn_status status = SNN_OK;

    TRY(status, bench_trainer_warm(t, err));
    TRY(status, bench_trainer_step(t, &discarded, err));
    for (size_t i = 0; i < rounds; i++) {
        for (int way = QUIET; way < WAYS; way++) {
            neighbours_work(n, way == BUSY);
            TRY(status, bench_trainer_step(t, &b->seconds[way][i], err));
            TRY(status,
                bench_rates_measure(t->ctx, BENCH_SGEMM, BENCH_RATE_SECONDS, &b->rates[way], err));
            if (was_interrupted())
                TRY(status, snn_error_set(err, SNN_EINTERRUPTED, "bench", "stopped"));
        }
        talk_progress("neighbours: round %zu of %zu", i + 1, rounds);
        b->ratio[i] = b->seconds[BUSY][i] / b->seconds[QUIET][i];
        b->product_ratio[i] =
            b->rates[QUIET].value[BENCH_SGEMM][i] / b->rates[BUSY].value[BENCH_SGEMM][i];
    }
done:
    talk_clear();
    return status;
}

static snn_status show_beside(const options *o, snn_context *ctx, beside *b, size_t rounds,
                              uint32_t batch, int n, bench_rates *rates, bool *head, snn_error *err)
{
    const bench_spread quiet = bench_spread_of(b->seconds[QUIET], rounds);
    const bench_spread busy = bench_spread_of(b->seconds[BUSY], rounds);
    const bench_spread ratio = bench_spread_of(b->ratio, rounds);
    const double product = bench_spread_of(b->product_ratio, rounds).median;
    bench_row r;

    row_begin(&r, "neighbours");
    row_count(&r, "batch", batch);
    row_count(&r, "rounds", rounds);
    row_count(&r, "processes", (uint64_t)n);
    row_number(&r, NULL, "quiet_seconds", quiet.median);
    row_number(&r, NULL, "busy_seconds", busy.median);
    spread_fields(&r, (const char *[]){"ratio", "ratio_low", "ratio_high"}, &ratio);
    row_number(&r, NULL, "sgemm_ratio", product);
    bench_rates_fields(&r, ctx, rates);
    if (o->json || o->csv)
        return bench_print(o, ctx, &r, head, err);
    printf("quiet      %8.1f ms   median of %zu, middle half %.1f to %.1f\n", 1e3 * quiet.median,
           rounds, 1e3 * quiet.low, 1e3 * quiet.high);
    printf("neighbours %8.1f ms   %d busy processes, middle half %.1f to %.1f\n", 1e3 * busy.median,
           n, 1e3 * busy.low, 1e3 * busy.high);
    printf("ratio      %8.2f      middle half %.2f to %.2f\n", ratio.median, ratio.low, ratio.high);
    printf("sgemm      %8.2f      the same of the machine's own matrix products\n", product);
    bench_rates_show(ctx, rates);
    return SNN_OK;
}

/* Cores that this process may use: the threads of a context that is not told how many. */
static snn_status count_cores(const options *o, int *out, snn_error *err)
{
    options own = *o;
    snn_context *ctx = NULL;
    snn_status status = SNN_OK;

    own.threads = 0;
    TRY(status, tool_context(&own, &ctx, err));
    *out = snn_context_threads(ctx);
    snn_context_destroy(ctx);
done:
    return status;
}

snn_status bench_beside(const options *o, snn_context *ctx, const snn_config *config,
                        bench_rates *rates, bool *head, snn_error *err)
{
    const bench_shape shape = bench_shape_of(o, config);
    const size_t rounds = rounds_of(o);
    beside *b = snn_alloc(ctx, 1, sizeof *b);
    bench_trainer t = {.ctx = NULL};
    neighbours *n = NULL;
    int cores = 1;
    snn_status status = SNN_OK;

    if (b == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, "bench", "out of memory"));
    TRY(status, count_cores(o, &cores, err));
    TRY(status, neighbours_start(ctx, cores, &n, err));
    TRY(status, bench_trainer_create(ctx, config, &shape, &t, err));
    TRY(status, play(&t, n, rounds, b, err));
    neighbours_work(n, false);
    TRY(status, bench_rates_all(ctx, rates, err));
    TRY(status, show_beside(o, ctx, b, rounds, shape.batch, cores, rates, head, err));
done:
    neighbours_stop(n);
    bench_trainer_destroy(&t);
    snn_free(ctx, b);
    return status;
}
