/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn bench solver: each solver on one layer as one number grows, and whether the planner
 * takes the fastest.  It says so where it does not.
 */
#include "tools/benchmarks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_REPEATS 5
#define MOST_REPEATS    64
#define NEAR            1.1 /* a choice within 10 % of the fastest is a good one */

typedef struct quantity {
    const char *name, *values; /* tried where nobody asks for others */
} quantity;

static const quantity QUANTITIES[] = {
    {"sigma", "0.23,0.5,1,2,4,8,12"}, {"density", "0.004,0.016,0.06,0.25,1"},
    {"taps", "5,11,25,51,101"},       {"steps", "50,100,200,400"},
    {"width", "32,64,128,256"},
};
#define N_QUANTITIES (sizeof QUANTITIES / sizeof QUANTITIES[0])

typedef struct score {
    size_t points, good;
    double worst;
    bool head;
    bench_rates *rates;
} score;

/* Set a quantity of a layer; false where the value cannot be. */
static bool set(snn_layer_case *c, const char *name, double value)
{
    const uint32_t whole = value >= 1 && value < 1e6 ? (uint32_t)value : 0;
    const bool real = strcmp(name, "sigma") == 0 || strcmp(name, "density") == 0;

    if (strcmp(name, "sigma") == 0)
        c->sigma = (float)value;
    else if (strcmp(name, "density") == 0)
        c->density = (float)value;
    else if (strcmp(name, "taps") == 0)
        c->max_delay = whole;
    else if (strcmp(name, "steps") == 0)
        c->steps = whole;
    else
        c->n_in = c->n_out = whole;
    return real || (whole > 0 && (double)whole == value);
}

static snn_status show(const options *o, snn_context *ctx, const snn_layer_case *c,
                       const char *name, double value, const snn_solver_time *t, size_t n,
                       score *tally, snn_error *err)
{
    size_t fastest = 0, chosen = 0;
    double ratio;
    snn_status status = SNN_OK;

    for (size_t i = 0; i < n; i++) {
        fastest = t[i].whole < t[fastest].whole ? i : fastest;
        chosen = t[i].chosen ? i : chosen;
    }
    ratio = t[chosen].whole / t[fastest].whole;
    tally->points++;
    tally->good += ratio <= NEAR;
    tally->worst = fmax(tally->worst, ratio);
    if (!o->json && !o->csv) {
        printf("%-8s %-8g", name, value);
        for (size_t i = 0; i < n; i++)
            printf("  %s%s %.2f ms", t[i].solver, i == chosen ? "*" : "", 1e3 * t[i].whole);
        printf("  %s%.2f\n", ratio > NEAR ? "NOT THE FASTEST: " : "", ratio);
    }
    for (size_t i = 0; i < n; i++) {
        bench_row r;

        row_begin(&r, "solver");
        row_text(&r, "vary", name);
        row_number(&r, NULL, "value", value);
        row_text(&r, "solver", t[i].solver);
        row_flag(&r, "chosen", i == chosen);
        row_flag(&r, "fastest", i == fastest);
        row_number(&r, NULL, "times_fastest", t[i].whole / t[fastest].whole);
        row_number(&r, NULL, "seconds", t[i].whole);
        row_number(&r, NULL, "seconds_low", t[i].low);
        row_number(&r, NULL, "seconds_high", t[i].high);
        row_number(&r, NULL, "taps", t[i].seconds[SNN_LAYER_TAPS]);
        row_number(&r, NULL, "forward", t[i].seconds[SNN_LAYER_FORWARD]);
        row_number(&r, NULL, "kernel_gradient", t[i].seconds[SNN_LAYER_KERNEL_GRADIENT]);
        row_number(&r, NULL, "input_gradient", t[i].seconds[SNN_LAYER_INPUT_GRADIENT]);
        row_number(&r, NULL, "modelled_multiply_adds", t[i].cost);
        row_count(&r, "repeats", t[i].repeats);
        row_count(&r, "n_in", c->n_in);
        row_count(&r, "n_out", c->n_out);
        row_count(&r, "max_delay", c->max_delay);
        row_number(&r, NULL, "sigma", (double)c->sigma);
        row_number(&r, NULL, "density", (double)c->density);
        row_count(&r, "batch", c->batch);
        row_count(&r, "input_steps", c->steps);
        bench_rates_fields(&r, ctx, tally->rates);
        TRY(status, bench_print(o, ctx, &r, &tally->head, err));
    }
done:
    return status;
}

static snn_status vary(const options *o, snn_context *ctx, const snn_layer_case *base,
                       const quantity *q, const char *values, score *tally, snn_error *err)
{
    const uint32_t repeats = o->steps > 0 ? o->steps : DEFAULT_REPEATS;
    snn_solver_time times[SNN_SOLVERS_MOST];
    snn_status status = SNN_OK;

    for (const char *at = values; *at != '\0';) {
        snn_layer_case c = *base;
        char *end;
        const double value = strtod(at, &end);
        size_t n = 0;

        if (end == at || (*end != ',' && *end != '\0') || !set(&c, q->name, value))
            TRY(status, snn_error_set(err, SNN_EINVAL, "--vary", "%s=%s: '%s' cannot be", q->name,
                                      values, at));
        at = *end == ',' ? end + 1 : end;
        talk_progress("%s %g", q->name, value);
        TRY(status, snn_bench_solvers(ctx, &c, repeats < MOST_REPEATS ? repeats : MOST_REPEATS,
                                      times, &n, err));
        talk_clear();
        TRY(status, show(o, ctx, &c, q->name, value, times, n, tally, err));
        if (was_interrupted())
            TRY(status, snn_error_set(err, SNN_EINTERRUPTED, "bench", "stopped"));
    }
done:
    return status;
}

static const quantity *find(const char *text, const char **values)
{
    const size_t length = strcspn(text, "=");

    for (size_t i = 0; i < N_QUANTITIES; i++)
        if (strlen(QUANTITIES[i].name) == length &&
            strncmp(QUANTITIES[i].name, text, length) == 0) {
            *values = text[length] == '=' ? text + length + 1 : QUANTITIES[i].values;
            return &QUANTITIES[i];
        }
    return NULL;
}

snn_status bench_solver(const options *o, snn_context *ctx, bench_rates *rates, snn_error *err)
{
    score tally = {.head = true, .rates = rates};
    snn_layer_case base;
    snn_config config;
    bench_row r;
    snn_status status = SNN_OK;

    TRY(status, bench_config(o->config, o, &config, err));
    snn_layer_case_init(&base);
    base.max_delay = config.network.delay.max_delay;
    base.version = config.network.delay.version;
    base.sigma = config.network.delay.sigma_init > 0 ? config.network.delay.sigma_init
                                                     : (float)(base.max_delay / 2);
    base.n_in = o->inputs > 0 ? o->inputs : base.n_in;
    base.n_out = o->outputs > 0 ? o->outputs : base.n_out;
    base.batch = o->batch > 0 ? o->batch : base.batch;
    base.steps = o->input_steps > 0 ? o->input_steps : base.steps;
    base.density = o->density > 0 ? (float)o->density : base.density;
    base.seed = config.train.seed;
    for (size_t i = 0; o->vary.n == 0 && i < N_QUANTITIES; i++)
        TRY(status, vary(o, ctx, &base, &QUANTITIES[i], QUANTITIES[i].values, &tally, err));
    for (size_t i = 0; i < o->vary.n; i++) {
        const char *values = "";
        const quantity *q = find(o->vary.text[i], &values);

        if (q == NULL)
            TRY(status, snn_error_set(err, SNN_EINVAL, "--vary",
                                      "%s: sigma, density, taps, steps or width, and =V,V,...",
                                      o->vary.text[i]));
        TRY(status, vary(o, ctx, &base, q, values, &tally, err));
    }
    row_begin(&r, "summary");
    row_count(&r, "points", tally.points);
    row_count(&r, "within_10_percent", tally.good);
    row_number(&r, NULL, "worst", tally.worst);
    if (o->json)
        row_json(&r);
    else if (!o->csv)
        printf("the planner's choice (*) is within 10 %% of the fastest at %zu of %zu points; "
               "worst %.2f times\n",
               tally.good, tally.points, tally.worst);
done:
    return status;
}
