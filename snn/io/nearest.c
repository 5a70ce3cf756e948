/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "Did you mean": the distance counts insertions, deletions, replacements and swaps of
 * neighbours (optimal string alignment), over three rows of the usual table.
 */
#include <snn/config.h>

#include "snn/base/base.h"

#include <string.h>

#define LONGEST 63

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_length; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *free_row = before;
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
        row = free_row;
    }
    return above[b_length];
}

const char *snn_nearest_name(const char *name, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(name);
    /* A third of the letters may be wrong: more would suggest anything for anything. */
    size_t bound = length / 3 + 1;

    if (length == 0 || length > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(names[i]), d;
        if (other > LONGEST)
            continue;
        d = distance(name, length, names[i], other);
        /* Nothing is near that shares no letter: "x" is not "y". */
        if (d <= bound && d < length && (best == NULL || d < bound)) {
            best = names[i];
            bound = d;
        }
    }
    return best;
}
