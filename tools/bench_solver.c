/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn bench solver: each solver on one layer as one number grows, where the fastest changes and
 * where the planner's choice does, and whether that is the fastest.  It says so where it is not.
 */
#include "tools/bench_curves.h"
#include "tools/benchmarks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_REPEATS 5
#define MOST_REPEATS    64
#define MOST_SWEEPS     24

static const char *const USES[] = {"train", "forward", "rounded"};
static const char *const QUANTITIES[] = {"live", "sigma", "density", "wanted",
                                         "taps", "steps", "width",   "batch"};
#define N_USES       (sizeof USES / sizeof USES[0])
#define N_QUANTITIES (sizeof QUANTITIES / sizeof QUANTITIES[0])

/*
 * What is measured where nobody asks for a quantity: layers in which solvers overtake each other.
 * Live taps and density are those of the layer where the options give none; live 0 = all taps.
 */
static const struct grid {
    snn_layer_use use;
    const char *quantity, *values;
    uint32_t live;
    double density;
} GRID[] = {
    {SNN_USE_TRAIN, "live", "1,2,3,4,6,12,25", 1, 0.05},
    {SNN_USE_TRAIN, "density", "0.004,0.016,0.06,0.25,1", 1, 0.05},
    {SNN_USE_TRAIN, "wanted", "0.01,0.04,0.16,0.64", 1, 0.016},
    {SNN_USE_TRAIN, "taps", "1,3,5,11,25,51,101", 0, 0.05},
    {SNN_USE_TRAIN, "steps", "10,25,50,100,200,400,800", 2, 0.05},
    {SNN_USE_TRAIN, "width", "8,16,32,64,128,256", 2, 0.05},
    {SNN_USE_TRAIN, "batch", "1,4,16,64,256", 3, 0.05},
    {SNN_USE_FORWARD, "live", "1,2,3,4,6,12,25", 1, 0.05},
    {SNN_USE_FORWARD, "taps", "1,3,5,11,25,51,101", 0, 0.05},
    {SNN_USE_ROUNDED, "density", "0.004,0.016,0.06,0.25,1", 1, 0.05},
    {SNN_USE_ROUNDED, "taps", "1,3,5,11,25,101", 1, 0.25},
    {SNN_USE_ROUNDED, "steps", "10,50,100,400,1000", 1, 0.05},
    {SNN_USE_ROUNDED, "width", "8,16,32,64,128,256", 1, 0.05},
};
#define N_GRID (sizeof GRID / sizeof GRID[0])

typedef struct match {
    const options *o;
    snn_context *ctx;
    bench_rates *rates;
    curves *sweeps;
    size_t n, points, good, noise;
    double worst;
    bool head;
} match;

static size_t index_of(const char *const *names, size_t n, const char *text, size_t length)
{
    size_t i = 0;

    while (i < n && (strlen(names[i]) != length || strncmp(names[i], text, length) != 0))
        i++;
    return i;
}

/* Give the layer so many live taps: a version, and a sigma, that have them. */
static void set_live(snn_layer_case *c, uint32_t live)
{
    c->whole = live == 1;
    c->version = live <= 2 ? SNN_KERNEL_V1 : SNN_KERNEL_MAX;
    c->sigma = live <= 2 ? 0 : 0.5f * (float)live - 1;
}

/* Set a quantity of a layer; false where the value cannot be. */
static bool set(snn_layer_case *c, const char *name, double value)
{
    const uint32_t whole = value >= 1 && value < 1e6 ? (uint32_t)value : 0;
    const bool real =
        strcmp(name, "sigma") == 0 || strcmp(name, "density") == 0 || strcmp(name, "wanted") == 0;

    if (strcmp(name, "sigma") == 0)
        c->sigma = (float)value;
    else if (strcmp(name, "density") == 0)
        c->density = (float)value;
    else if (strcmp(name, "wanted") == 0)
        c->wanted = (float)value;
    else if (strcmp(name, "live") == 0)
        set_live(c, whole);
    else if (strcmp(name, "taps") == 0)
        c->max_delay = whole;
    else if (strcmp(name, "steps") == 0)
        c->steps = whole;
    else if (strcmp(name, "batch") == 0)
        c->batch = whole;
    else
        c->n_in = c->n_out = whole;
    return real || (whole > 0 && (double)whole == value);
}

/* ---- what is shown ---------------------------------------------------------------------- */

static void show_point(const curves *s, const curves_point *p)
{
    const double ratio = curves_ratio(p);

    printf("%-7s %-8s %-8g", s->use, s->quantity, p->value);
    for (size_t i = 0; i < p->n; i++)
        printf("  %s%s %.2f ms", p->time[i].solver, i == p->chosen ? "*" : "",
               1e3 * p->time[i].whole);
    printf("  %s%.2f\n",
           curves_good(p)    ? ""
           : curves_noise(p) ? "in the noise: "
                             : "NOT THE FASTEST: ",
           ratio);
}

static snn_status point_rows(match *m, const curves *s, const curves_point *p,
                             const snn_layer_case *c, snn_error *err)
{
    snn_status status = SNN_OK;

    for (size_t i = 0; i < p->n; i++) {
        const snn_solver_time *t = &p->time[i];
        bench_row r;

        row_begin(&r, "solver");
        row_text(&r, "use", s->use);
        row_text(&r, "vary", s->quantity);
        row_number(&r, NULL, "value", p->value);
        row_text(&r, "solver", t->solver);
        row_flag(&r, "chosen", i == p->chosen);
        row_flag(&r, "fastest", i == p->fastest);
        row_number(&r, NULL, "times_fastest", t->whole / p->time[p->fastest].whole);
        row_number(&r, NULL, "seconds", t->whole);
        row_number(&r, NULL, "seconds_low", t->low);
        row_number(&r, NULL, "seconds_high", t->high);
        row_number(&r, NULL, "taps", t->seconds[SNN_LAYER_TAPS]);
        row_number(&r, NULL, "forward", t->seconds[SNN_LAYER_FORWARD]);
        row_number(&r, NULL, "kernel_gradient", t->seconds[SNN_LAYER_KERNEL_GRADIENT]);
        row_number(&r, NULL, "input_gradient", t->seconds[SNN_LAYER_INPUT_GRADIENT]);
        row_number(&r, NULL, "modelled_multiply_adds", t->cost);
        row_count(&r, "repeats", t->repeats);
        row_count(&r, "n_in", c->n_in);
        row_count(&r, "n_out", c->n_out);
        row_count(&r, "max_delay", c->max_delay);
        row_count(&r, "live", snn_layer_live_taps(c));
        row_number(&r, NULL, "sigma", (double)c->sigma);
        row_number(&r, NULL, "density", (double)c->density);
        row_number(&r, NULL, "wanted", (double)c->wanted);
        row_count(&r, "batch", c->batch);
        row_count(&r, "input_steps", c->steps);
        bench_rates_fields(&r, m->ctx, m->rates);
        TRY(status, bench_print(m->o, m->ctx, &r, &m->head, err));
    }
done:
    return status;
}

static void show_crossings(const match *m, const curves *s)
{
    curves_crossing all[CURVES_CROSSINGS];
    bench_row r;

    for (int planned = 0; planned < 2; planned++) {
        const size_t n = curves_crossings(s, planned, all);

        if (!m->o->json)
            printf("%-7s %-8s %s:", s->use, s->quantity,
                   planned ? "the planner's choice" : "the fastest");
        for (size_t i = 0; i < n; i++) {
            if (!m->o->json) {
                printf("%s %s to %s at about %.3g", i > 0 ? "," : "", all[i].from, all[i].to,
                       all[i].value);
                continue;
            }
            row_begin(&r, "crossing");
            row_text(&r, "use", s->use);
            row_text(&r, "vary", s->quantity);
            row_text(&r, "of", planned ? "planner" : "fastest");
            row_text(&r, "from", all[i].from);
            row_text(&r, "to", all[i].to);
            row_number(&r, NULL, "value", all[i].value);
            row_json(&r);
        }
        if (!m->o->json)
            printf("%s\n", n > 0 ? "" : " the same everywhere");
    }
    if (!m->o->json)
        printf("\n");
}

static void show_summary(const match *m)
{
    bench_row r;

    row_begin(&r, "summary");
    row_count(&r, "points", m->points);
    row_count(&r, "within_10_percent", m->good);
    row_count(&r, "within_noise", m->noise);
    row_number(&r, NULL, "worst", m->worst);
    if (m->o->json) {
        row_json(&r);
    } else if (!m->o->csv) {
        printf("the planner's choice (*) is within 10 %% of the fastest at %zu of %zu points; "
               "worst %.2f times\n",
               m->good, m->points, m->worst);
        if (m->noise > m->good)
            printf("within the noise of their times at %zu\n", m->noise);
        bench_rates_show(m->ctx, m->rates);
    }
}

/* ---- measuring ---------------------------------------------------------------------------- */

static snn_status measure(match *m, const snn_layer_case *c, curves *s, snn_error *err)
{
    const uint32_t repeats = m->o->steps > 0 ? m->o->steps : DEFAULT_REPEATS;
    curves_point *p = &s->point[s->n];
    snn_status status = SNN_OK;

    TRY(status, snn_bench_solvers(m->ctx, c, repeats < MOST_REPEATS ? repeats : MOST_REPEATS,
                                  p->time, &p->n, err));
    for (size_t i = 0; i < p->n; i++) {
        p->fastest = p->time[i].whole < p->time[p->fastest].whole ? i : p->fastest;
        p->chosen = p->time[i].chosen ? i : p->chosen;
    }
    m->points++;
    m->good += curves_good(p);
    m->noise += curves_good(p) || curves_noise(p);
    m->worst = fmax(m->worst, curves_ratio(p));
    s->n++;
    talk_clear();
    if (m->o->json || m->o->csv)
        TRY(status, point_rows(m, s, p, c, err));
    else
        show_point(s, p);
    fflush(stdout); /* minutes lie between the first line and the last */
done:
    return status;
}

/* What the layer is, but for what grows. */
static void write_title(curves *s, const snn_layer_case *base)
{
    const uint32_t live = snn_layer_live_taps(base);
    char taps[32] = "", density[32] = "";

    if (strcmp(s->quantity, "live") != 0 && strcmp(s->quantity, "sigma") != 0) {
        if (live == base->max_delay)
            snprintf(taps, sizeof taps, ", all live");
        else
            snprintf(taps, sizeof taps, ", %u live", (unsigned)live);
    }
    if (strcmp(s->quantity, "density") != 0)
        snprintf(density, sizeof density, ", density %g %%", 100 * (double)base->density);
    snprintf(s->title, sizeof s->title, "%s%s%s", s->use, taps, density);
}

static snn_status vary(match *m, const snn_layer_case *base, const char *quantity,
                       const char *values, snn_error *err)
{
    curves *s = &m->sweeps[m->n];
    snn_status status = SNN_OK;

    if (m->n == MOST_SWEEPS)
        TRY(status, snn_error_set(err, SNN_EINVAL, "--vary", "more than %d", MOST_SWEEPS));
    s->use = USES[base->use];
    s->quantity = quantity;
    write_title(s, base);
    TRY(status, bench_rates_all(m->ctx, m->rates, err));
    for (const char *at = values; *at != '\0';) {
        snn_layer_case c = *base;
        char *end;
        const double value = strtod(at, &end);

        if (end == at || (*end != ',' && *end != '\0') || s->n == CURVES_POINTS ||
            !set(&c, quantity, value))
            TRY(status, snn_error_set(err, SNN_EINVAL, "--vary", "%s=%s: '%s' cannot be its value",
                                      quantity, values, at));
        at = *end == ',' ? end + 1 : end;
        talk_progress("%s: %s %g", s->use, quantity, value);
        s->point[s->n].value = value;
        TRY(status, measure(m, &c, s, err));
        if (was_interrupted())
            TRY(status, snn_error_set(err, SNN_EINTERRUPTED, "bench", "stopped"));
    }
    m->n++;
    if (!m->o->csv)
        show_crossings(m, s);
done:
    return status;
}

static snn_status vary_grid(match *m, const snn_layer_case *base, size_t use, snn_error *err)
{
    snn_status status = SNN_OK;

    for (size_t i = 0; i < N_GRID; i++) {
        snn_layer_case c = *base;

        if (use < N_USES && use != (size_t)GRID[i].use)
            continue;
        c.use = GRID[i].use;
        if (m->o->density <= 0)
            c.density = (float)GRID[i].density;
        if (m->o->live == 0 && GRID[i].live > 0)
            set_live(&c, GRID[i].live);
        TRY(status, vary(m, &c, GRID[i].quantity, GRID[i].values, err));
    }
done:
    return status;
}

/* Values of the first row of the grid that has this quantity, or a few of sigma. */
static const char *usual_values(const char *quantity)
{
    for (size_t i = 0; i < N_GRID; i++)
        if (strcmp(GRID[i].quantity, quantity) == 0)
            return GRID[i].values;
    return "0.23,0.5,1,2,4,8,12";
}

static snn_status vary_asked(match *m, const snn_layer_case *base, const char *text, snn_error *err)
{
    const size_t length = strcspn(text, "=");
    const size_t k = index_of(QUANTITIES, N_QUANTITIES, text, length);

    if (k == N_QUANTITIES)
        return snn_error_set(
            err, SNN_EINVAL, "--vary",
            "%s: live, sigma, density, wanted, taps, steps, width or batch, and =V,V,...", text);
    return vary(m, base, QUANTITIES[k],
                text[length] == '=' ? text + length + 1 : usual_values(QUANTITIES[k]), err);
}

static snn_layer_case layer_of(const options *o, const snn_config *config)
{
    snn_layer_case c;

    snn_layer_case_init(&c);
    c.max_delay = config->network.delay.max_delay;
    c.version = config->network.delay.version;
    c.precision = config->network.delay.precision;
    c.sigma = config->network.delay.sigma_init > 0 ? config->network.delay.sigma_init
                                                   : (float)(c.max_delay / 2);
    c.n_in = o->inputs > 0 ? o->inputs : c.n_in;
    c.n_out = o->outputs > 0 ? o->outputs : c.n_out;
    c.batch = o->batch > 0 ? o->batch : c.batch;
    c.steps = o->input_steps > 0 ? o->input_steps : c.steps;
    c.density = o->density > 0 ? (float)o->density : c.density;
    c.seed = config->train.seed;
    if (o->live > 0)
        set_live(&c, o->live);
    return c;
}

static snn_status draw(const match *m, const snn_layer_case *c, snn_error *err)
{
    char machine[128], note[256];

    snprintf(note, sizeof note,
             "%u x %u neurons, batch %u, %u steps, %u taps, but for what grows; %d threads, %s",
             (unsigned)c->n_in, (unsigned)c->n_out, (unsigned)c->batch, (unsigned)c->steps,
             (unsigned)c->max_delay, snn_context_threads(m->ctx), bench_machine(machine));
    return curves_draw(m->ctx, m->sweeps, m->n, note, m->o->plot, err);
}

snn_status bench_solver(const options *o, snn_context *ctx, bench_rates *rates, snn_error *err)
{
    match m = {.o = o, .ctx = ctx, .rates = rates, .head = true};
    size_t use = N_USES;
    snn_layer_case base;
    snn_config config;
    snn_status status = SNN_OK;

    TRY(status, bench_config(o->config, o, &config, err));
    base = layer_of(o, &config);
    if (o->use != NULL)
        use = index_of(USES, N_USES, o->use, strlen(o->use));
    if (o->use != NULL && use == N_USES)
        TRY(status,
            snn_error_set(err, SNN_EINVAL, "--use", "%s is not train, forward or rounded", o->use));
    m.sweeps = snn_alloc(ctx, MOST_SWEEPS, sizeof *m.sweeps);
    if (m.sweeps == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, "bench", "out of memory"));
    if (o->vary.n == 0)
        TRY(status, vary_grid(&m, &base, use, err));
    base.use = use < N_USES ? (snn_layer_use)use : SNN_USE_TRAIN;
    for (size_t i = 0; i < o->vary.n; i++)
        TRY(status, vary_asked(&m, &base, o->vary.text[i], err));
    show_summary(&m);
    if (o->plot != NULL)
        TRY(status, draw(&m, &base, err));
done:
    snn_free(ctx, m.sweeps);
    return status;
}
