/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Costs: what a fit finds, files of them, and what they do to a choice.  Those that are built in
 * are held against times that were recorded on the two machines they are of.
 */
#include "tests/context_folder.h"
#include "tests/context_threads.h"

#include "snn/delay/delay.h"
#include "snn/delay/solvers.h"

#include <snn/random.h>

#define LAYERS  120u
#define SOLVERS 4u

/* ---- the fit ------------------------------------------------------------------------------ */

static void assert_near(float found, float wanted)
{
    if (!(fabsf(found - wanted) <= 0.1f * wanted))
        fail_msg("%g, not %g", (double)found, (double)wanted);
}

/* Layers of random work, as long as `truth` says on a machine whose speed drifts from layer to
 * layer.  Of kind `missing` there is nothing. */
static void make_rows(const float *truth, size_t missing, snn_cost_row *rows)
{
    const snn_key key = {3, SNN_STREAM_USER};

    for (size_t r = 0; r < LAYERS * SOLVERS; r++) {
        const double drift = 0.75 + 0.5 * (double)snn_random_uniform(key, r / SOLVERS, 0, 0);

        rows[r] = (snn_cost_row){.layer = r / SOLVERS, .trust = 1.0};
        for (size_t k = 0; k < SNN_COSTS; k++)
            if (k != missing && snn_random_uniform(key, r, k, 1) < 0.3f)
                rows[r].work.of[k] = (double)snn_random_uniform(key, r, k, 2) / (double)truth[k];
        rows[r].work.of[SNN_COST_PRODUCT] += 0.3;
        rows[r].seconds = drift * snn_delay_price(truth, &rows[r].work);
    }
}

static void fit_finds_what_was_there(void **state)
{
    const snn_key key = {5, SNN_STREAM_USER};
    const float *first = snn_costs_of("avx2");
    snn_cost_row *rows = calloc(LAYERS * SOLVERS, sizeof *rows);
    float truth[SNN_COSTS], found[SNN_COSTS];

    assert_non_null(rows);
    for (size_t k = 0; k < SNN_COSTS; k++)
        truth[k] = first[k] * (0.5f + 2.0f * snn_random_uniform(key, k, 0, 0));
    make_rows(truth, SNN_COST_SPREAD, rows);
    assert_int_equal(snn_costs_fit(*state, rows, LAYERS * SOLVERS, 1.0, first, found), SNN_OK);
    for (size_t k = 0; k < SNN_COSTS; k++)
        if (k != SNN_COST_SPREAD)
            assert_near(found[k], truth[k] / truth[SNN_COST_PRODUCT]);
    free(rows);
}

/* Nobody did it: it stays at its place among the others. */
static void fit_keeps_what_no_row_has(void **state)
{
    const float *first = snn_costs_of("avx2");
    snn_cost_row *rows = calloc(LAYERS * SOLVERS, sizeof *rows);
    float found[SNN_COSTS];

    assert_non_null(rows);
    make_rows(first, SNN_COST_SPREAD, rows);
    assert_int_equal(snn_costs_fit(*state, rows, LAYERS * SOLVERS, 1.0, first, found), SNN_OK);
    assert_near(found[SNN_COST_SPREAD], first[SNN_COST_SPREAD]);
    free(rows);
}

/* A row that counts for nothing may say what it likes. */
static void fit_passes_over_rows_without_trust(void **state)
{
    const float *first = snn_costs_of("avx2");
    snn_cost_row *rows = calloc(LAYERS * SOLVERS, sizeof *rows);
    float found[SNN_COSTS];

    assert_non_null(rows);
    make_rows(first, SNN_COSTS, rows);
    for (size_t r = 0; r < LAYERS * SOLVERS; r += SOLVERS) {
        rows[r].trust = 0.0;
        rows[r].seconds *= 100.0;
    }
    assert_int_equal(snn_costs_fit(*state, rows, LAYERS * SOLVERS, 1.0, first, found), SNN_OK);
    for (size_t k = 0; k < SNN_COSTS; k++)
        assert_near(found[k], first[k]);
    free(rows);
}

/* ---- a context's costs -------------------------------------------------------------------- */

static const snn_delay_problem layer = {.n_in = 96,
                                        .n_out = 80,
                                        .n_taps = 25,
                                        .elements = 1,
                                        .width = 1,
                                        .density = 0.0625f,
                                        .batch = 32,
                                        .steps = 100,
                                        .train = true,
                                        .input_gradient = true};

static void costs_decide(void **state)
{
    for (int threads = 1; threads <= 2; threads++) {
        snn_context *ctx = context_threads(threads);
        snn_delay_problem problem = layer;
        snn_costs costs;

        (void)state;
        problem.costs = ctx->costs.of;
        snn_context_costs(ctx, &costs);
        costs.of[SNN_COST_SCATTER] = costs.of[SNN_COST_GATHER] = 1e4f;
        assert_int_equal(snn_context_set_costs(ctx, &costs, NULL), SNN_OK);
        assert_ptr_equal(snn_delay_choose(&problem, SNN_SOLVER_AUTO), &snn_delay_taps);
        costs.of[SNN_COST_SCATTER] = costs.of[SNN_COST_GATHER] = 1e-3f;
        costs.of[SNN_COST_DOT] = 1e4f;
        assert_int_equal(snn_context_set_costs(ctx, &costs, NULL), SNN_OK);
        assert_ptr_equal(snn_delay_choose(&problem, SNN_SOLVER_AUTO), &snn_delay_event);
        costs.of[SNN_COST_ADD] = 1e4f;
        assert_int_equal(snn_context_set_costs(ctx, &costs, NULL), SNN_OK);
        assert_ptr_equal(snn_delay_choose(&problem, SNN_SOLVER_AUTO), &snn_delay_fft);
        snn_context_destroy(ctx);
    }
}

static void costs_are_checked(void **state)
{
    snn_context *ctx = *state;
    snn_error err = {0};
    snn_costs good, bad;

    snn_context_costs(ctx, &good);
    bad = good;
    bad.of[SNN_COST_DFT] = 0.0f;
    assert_int_equal(snn_context_set_costs(ctx, &bad, &err), SNN_EINVAL);
    assert_string_equal(err.what, "dft is 0: must be above 0");
    bad.of[SNN_COST_DFT] = NAN;
    assert_int_equal(snn_context_set_costs(ctx, &bad, &err), SNN_EINVAL);
    bad = good;
    snprintf(bad.kernels, sizeof bad.kernels, "other");
    assert_int_equal(snn_context_set_costs(ctx, &bad, &err), SNN_EINVAL);
    bad = good;
    bad.size--;
    assert_int_equal(snn_context_set_costs(ctx, &bad, &err), SNN_EINVAL);
    snn_context_costs(ctx, &bad);
    assert_memory_equal(&bad, &good, sizeof good);
    assert_string_equal(snn_cost_name(SNN_COSTS), "unknown");
}

static int stop_at(void *user, size_t done, size_t total)
{
    assert_true(done < total);
    return done == *(size_t *)user;
}

static void measuring_stops(void **state)
{
    snn_context *ctx = *state;
    snn_error err = {0};
    snn_costs before, after, out;
    size_t at = 1;

    snn_context_costs(ctx, &before);
    assert_int_equal(snn_costs_measure(ctx, 1, stop_at, &at, &out, &err), SNN_EINTERRUPTED);
    assert_int_equal(snn_costs_measure(ctx, 0, NULL, NULL, &out, &err), SNN_EINVAL);
    snn_context_costs(ctx, &after);
    assert_memory_equal(&before, &after, sizeof after);
    assert_int_equal(snn_context_bytes(ctx), 0);
}

/* ---- files -------------------------------------------------------------------------------- */

static void same_bits_from_a_file(void **state)
{
    snn_costs costs, back;

    snn_context_costs(*state, &costs);
    for (size_t k = 0; k < SNN_COSTS; k++)
        costs.of[k] = 1.0f / 3.0f * (float)(k + 1);
    snprintf(costs.processor, sizeof costs.processor, "Some, family: 3");
    assert_int_equal(snn_costs_save(*state, &costs, file_named("good.txt"), NULL), SNN_OK);
    assert_int_equal(snn_costs_load(file_named("good.txt"), &back, NULL), SNN_OK);
    assert_string_equal(back.processor, costs.processor);
    assert_string_equal(back.kernels, costs.kernels);
    assert_memory_equal(back.of, costs.of, sizeof back.of);
    assert_int_equal(snn_costs_load(file_named("none.txt"), &back, NULL), SNN_ENOTFOUND);
}

/* The file above with line `line` replaced (NULL: left out), and what is said of it. */
static void refuse(const char *text, size_t line, const char *says)
{
    char line_text[512], where[64];
    FILE *from = fopen(file_named("good.txt"), "r"), *to = fopen(file_named("bad.txt"), "w");
    snn_costs costs;
    snn_error err = {0};
    size_t n = 0;

    assert_non_null(from);
    assert_non_null(to);
    while (fgets(line_text, sizeof line_text, from) != NULL)
        if (++n != line)
            fputs(line_text, to);
        else if (text != NULL)
            fprintf(to, "%s\n", text);
    fclose(from);
    fclose(to);
    assert_int_equal(snn_costs_load(file_named("bad.txt"), &costs, &err), SNN_ECONFIG);
    snprintf(where, sizeof where, "bad.txt:%zu", text != NULL ? line : n - 1);
    assert_non_null(strstr(err.where, where));
    assert_non_null(strstr(err.what, says));
    assert_non_null(strstr(err.what, "snn bench costs --store"));
}

static void damaged_files_are_refused(void **state)
{
    char wide[300];

    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    same_bits_from_a_file(state);
    refuse("product: 1.0", 5, "product stands here again");
    refuse("produce: 1.0", 4, "'produce' is no cost");
    refuse("product: much", 4, "product is 'much', not a number above 0");
    refuse("product: 1.0 x", 4, "not a number");
    refuse("product: -1", 4, "not a number above 0");
    refuse("product: inf", 4, "not a number above 0");
    refuse("product 1.0", 4, "is no 'name: value'");
    refuse("kernels: a-name-of-too-many-letters", 3, "kernels has more than 15 letters");
    refuse(wide, 4, "is too long");
    refuse(NULL, 4, "ends without product");
    refuse(NULL, 2, "ends without processor");
}

/* ---- what is built in ---------------------------------------------------------------------- */

#define FIELDS 64

/* Fields of a line of CSV; commas within quotes do not end one. */
static size_t split(char *line, char *field[FIELDS])
{
    size_t n = 0;
    bool quoted = false;

    field[n++] = line;
    for (char *c = line; *c != '\0' && *c != '\n' && n < FIELDS; c++) {
        quoted = quoted != (*c == '"');
        if (*c == ',' && !quoted) {
            *c = '\0';
            field[n++] = c + 1;
        }
    }
    return n;
}

typedef struct {
    char head[1024], line[1024];
    char *name[FIELDS], *value[FIELDS];
    size_t n;
} table;

static const char *text_of(const table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->name[i], name) == 0)
            return t->value[i];
    fail_msg("no column %s", name);
    return "";
}

static double number_of(const table *t, const char *name)
{
    return strtod(text_of(t, name), NULL);
}

static uint32_t count_of(const table *t, const char *name)
{
    return (uint32_t)number_of(t, name);
}

static double cost_of(const table *t)
{
    const char *use = text_of(t, "use"), *solver = text_of(t, "solver");
    const bool train = strcmp(use, "train") == 0;
    const snn_delay_problem problem = {.n_in = count_of(t, "n_in"),
                                       .n_out = count_of(t, "n_out"),
                                       .n_taps = count_of(t, "max_delay"),
                                       .elements = 1,
                                       .width = count_of(t, "live"),
                                       .density =
                                           snn_delay_rounded_density(number_of(t, "density")),
                                       .batch = count_of(t, "batch"),
                                       .steps = count_of(t, "input_steps"),
                                       .train = train,
                                       .input_gradient = train,
                                       .costs = snn_costs_of(text_of(t, "kernels"))};

    for (size_t i = 0; snn_delay_solvers[i] != NULL; i++)
        if (strcmp(snn_delay_solvers[i]->name, solver) == 0)
            return snn_delay_cost(snn_delay_solvers[i], &problem);
    fail_msg("no solver %s", solver);
    return 0.0;
}

/* Points of "snn bench solver" at which the choice took at most a tenth more than the fastest. */
static size_t good_points(const char *name, size_t *points)
{
    char source[64], point[128] = "";
    double least_cost = 0.0, times = 0.0;
    table t = {.n = 0};
    size_t good = 0;
    FILE *file;

    snprintf(source, sizeof source, "tests/bench/results/%s", name);
    file = fopen(test_source(source), "r");
    assert_non_null(file);
    assert_non_null(fgets(t.head, sizeof t.head, file));
    t.n = split(t.head, t.name);
    *points = 0;
    while (fgets(t.line, sizeof t.line, file) != NULL) {
        char here[sizeof point];
        double cost;

        assert_int_equal(split(t.line, t.value), t.n);
        snprintf(here, sizeof here, "%s %s %s", text_of(&t, "use"), text_of(&t, "vary"),
                 text_of(&t, "value"));
        cost = cost_of(&t);
        if (strcmp(here, point) != 0) {
            good += *points > 0 && times <= 1.1;
            ++*points;
            memcpy(point, here, sizeof point);
            least_cost = HUGE_VAL;
        }
        if (cost < least_cost) {
            least_cost = cost;
            times = number_of(&t, "times_fastest");
        }
    }
    fclose(file);
    return good + (times <= 1.1);
}

/* All but one, in either table: layers of 8 to 16 neurons, which take a tenth of a millisecond. */
static void built_in_costs_choose_well(void **state)
{
    static const char *const tables[] = {"speeds-solver.csv", "zen3-solver.csv"};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(tables); i++) {
        size_t points;
        const size_t good = good_points(tables[i], &points);

        print_message("# %s: within 10 %% of the fastest at %zu of %zu points\n", tables[i], good,
                      points);
        assert_int_equal(points, 73);
        assert_true(good + 1 >= points);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fit_finds_what_was_there),
        cmocka_unit_test(fit_keeps_what_no_row_has),
        cmocka_unit_test(fit_passes_over_rows_without_trust),
        cmocka_unit_test(costs_decide),
        cmocka_unit_test(costs_are_checked),
        cmocka_unit_test(measuring_stops),
        cmocka_unit_test(same_bits_from_a_file),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(built_in_costs_choose_well),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
