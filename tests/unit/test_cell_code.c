/* SPDX-License-Identifier: BSD-3-Clause */
/* The code of cells: what is written is read, and takes no more than the theory says. */
#include "tests/cmocka_all.h"

#include "datasets/cell_code.h"

#define MOST_STEPS 130u
#define MOST_CELLS 200000u

struct sample {
    uint32_t n_inputs, steps;
    uint32_t first[MOST_STEPS + 1];
    uint16_t unit[MOST_CELLS];
    uint8_t count[MOST_CELLS];
};

/* A cell, or several, at the end of a step. */
static void add(struct sample *s, uint32_t step, uint32_t unit, uint32_t count)
{
    uint32_t *k = &s->first[step + 1];

    for (; count > 0; (*k)++) {
        assert_true(*k < MOST_CELLS);
        s->unit[*k] = (uint16_t)unit;
        s->count[*k] = (uint8_t)(count < 255 ? count : 255);
        count -= s->count[*k];
    }
}

/* Steps with each input filled with probability p; more events with probability q each. */
static void fill(struct sample *s, uint32_t n_inputs, uint32_t steps, double p, double q,
                 uint64_t *random)
{
    s->n_inputs = n_inputs;
    s->steps = steps;
    s->first[0] = 0;
    for (uint32_t t = 0; t < steps; t++) {
        s->first[t + 1] = s->first[t];
        for (uint32_t i = 0; i < n_inputs; i++)
            if (test_uniform(random, 0, 1) < p) {
                uint32_t count = 1;

                while (count < 2000 && test_uniform(random, 0, 1) < q)
                    count++;
                add(s, t, i, count);
            }
    }
}

/* Returns the bits a cell takes. */
static double there_and_back(const struct sample *s)
{
    static uint32_t first[MOST_STEPS + 1];
    static uint16_t unit[MOST_CELLS];
    static uint8_t count[MOST_CELLS];
    const snn_cell_code code =
        snn_cells_measure(s->n_inputs, s->steps, s->first, s->unit, s->count);
    uint64_t *word = malloc((code.words + 2) * sizeof *word);

    assert_non_null(word);
    memset(word, 0xA5, (code.words + 2) * sizeof *word);
    snn_cells_encode(&code, s->n_inputs, s->steps, s->first, s->unit, s->count, word);
    assert_true(word[code.words] == UINT64_C(0xA5A5A5A5A5A5A5A5)); /* no more was written */
    assert_int_equal(code.cells, s->first[s->steps]);
    memset(first, 0xFF, sizeof first);
    snn_cells_decode(&code, word, s->n_inputs, s->steps, first, unit, count);
    assert_memory_equal(first, s->first, (s->steps + 1) * sizeof *first);
    assert_memory_equal(unit, s->unit, code.cells * sizeof *unit);
    assert_memory_equal(count, s->count, code.cells);
    free(word);
    return code.codes > 0 ? 64.0 * (double)code.words / code.codes : 0;
}

static struct sample sample;

static void round_trips(void **state)
{
    static const uint32_t inputs[] = {1, 2, 63, 64, 65, 140, 1000};
    static const double fills[] = {0, 0.001, 0.03, 0.31, 0.7, 1};
    const uint64_t seed = test_seed(7);
    uint64_t random = seed;

    (void)state;
    for (size_t n = 0; n < sizeof inputs / sizeof inputs[0]; n++)
        for (size_t p = 0; p < sizeof fills / sizeof fills[0]; p++)
            for (uint32_t steps = 1; steps < 128; steps = 3 * steps + 2) {
                fill(&sample, inputs[n], steps, fills[p], 0.25, &random);
                there_and_back(&sample);
            }
    /* Counts beyond a cell's, and the largest unit and step. */
    fill(&sample, 65536, 3, 0.0005, 0.998, &random);
    there_and_back(&sample);
    fill(&sample, 65536, MOST_STEPS - 1, 0, 0, &random);
    add(&sample, sample.steps - 1, 65535, 510);
    there_and_back(&sample);
}

static double entropy(double p)
{
    return -p * log2(p) - (1 - p) * log2(1 - p);
}

/*
 * Gaps and counts that fall off geometrically have the entropies h(p) / p and h(q) / (1 - q)
 * a cell, where a share p of the cells is filled and a filled one has another event with
 * probability q, as they are in the sample.  Rice's code at its best k takes up to 0.04 bits
 * more for gaps, whose mean is above 1, and for counts with q = 1/4 a bit an event, 1.33
 * instead of 1.08.  The sample's own order adds or takes a few hundredths.
 */
static void sizes(void **state)
{
    static const double fills[] = {0.005, 0.05, 0.2, 0.31, 0.43};
    uint64_t random = test_seed(8);

    (void)state;
    for (size_t i = 0; i < sizeof fills / sizeof fills[0]; i++) {
        uint64_t events = 0, cells = 0;
        double bits, least, p, q;

        fill(&sample, 1400, 120, fills[i], 0.25, &random);
        for (uint32_t k = 0; k < sample.first[sample.steps]; k++, cells++)
            events += sample.count[k];
        p = (double)cells / (1400.0 * 120.0);
        q = 1.0 - (double)cells / (double)events;
        least = entropy(p) / p + entropy(q) / (1 - q);
        bits = there_and_back(&sample);
        print_message("# fill %.3f: %.2f bits a cell, entropy %.2f\n", p, bits, least);
        assert_true(bits >= least - 0.05 &&
                    bits <= least + 0.25 + 0.04 + 0.05 + 64.0 / (double)cells);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trips), cmocka_unit_test(sizes)};

    return cmocka_run_group_tests_name("cell_code", tests, NULL, NULL);
}
