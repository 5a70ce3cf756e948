/* SPDX-License-Identifier: BSD-3-Clause */
/* Movies of random events for tests. */
#ifndef TESTS_MOVIE_HELP_H
#define TESTS_MOVIE_HELP_H

#include "tests/cmocka_all.h"

#include <snn/motion.h>

typedef struct {
    snn_movie movie;
    uint32_t *first;
    uint16_t *x, *y, *label;
} test_movie;

static inline test_movie test_movie_new(uint32_t width, uint32_t height, uint32_t steps,
                                        float density, uint16_t label, uint64_t *state)
{
    const size_t cells = (size_t)width * height * steps * 2;
    test_movie m = {0};
    uint32_t n = 0;

    m.first = calloc(2 * steps + 1, sizeof *m.first);
    m.x = calloc(cells + 1, sizeof *m.x);
    m.y = calloc(cells + 1, sizeof *m.y);
    m.label = calloc(steps, sizeof *m.label);
    assert_true(m.first != NULL && m.x != NULL && m.y != NULL && m.label != NULL);
    for (uint32_t k = 0; k < 2 * steps; k++) {
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                if (test_uniform(state, 0.0f, 1.0f) < density) {
                    m.x[n] = (uint16_t)x;
                    m.y[n++] = (uint16_t)y;
                }
        m.first[k + 1] = n;
    }
    for (uint32_t t = 0; t < steps; t++)
        m.label[t] = label;
    m.movie = (snn_movie){width, height, steps, m.first, m.x, m.y, m.label};
    return m;
}

static inline void test_movie_end(test_movie *m)
{
    free(m->label);
    free(m->y);
    free(m->x);
    free(m->first);
}

#endif
