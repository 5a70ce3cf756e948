/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/cell_code.h"

#include <stdbool.h>
#include <string.h>

#define MAX_COUNT 255 /* of a cell; more make another cell */
#define MAX_K     24

/* ---- cells in order ------------------------------------------------------ */

typedef struct walk {
    uint32_t n_inputs, steps;
    const uint32_t *first;
    const uint16_t *unit;
    const uint8_t *count;
    uint32_t step, cell;
    uint64_t next; /* number that a gap of 0 leads to */
} walk;

/* The next number's gap and its whole count; false at the end. */
static bool walk_on(walk *w, uint64_t *gap, uint32_t *count)
{
    uint64_t at;
    uint32_t k = w->cell;

    while (w->step < w->steps && k >= w->first[w->step + 1])
        w->step++;
    if (w->step == w->steps)
        return false;
    at = (uint64_t)w->step * w->n_inputs + w->unit[k];
    *count = w->count[k++];
    while (k < w->first[w->step + 1] && w->unit[k] == w->unit[k - 1])
        *count += w->count[k++];
    *gap = at - w->next;
    w->next = at + 1;
    w->cell = k;
    return true;
}

/* The best k for numbers that fall off geometrically with the mean m = sum / n: the largest
 * with 2^k <= m + 0.4, nearly. */
static uint8_t choose_k(uint64_t sum, uint64_t n)
{
    uint8_t k = 0;

    while (k < MAX_K && (n << (k + 1)) * 10 <= sum * 10 + n * 4)
        k++;
    return k;
}

snn_cell_code snn_cells_measure(uint32_t n_inputs, uint32_t steps, const uint32_t *first,
                                const uint16_t *unit, const uint8_t *count)
{
    const walk begin = {n_inputs, steps, first, unit, count, 0, first[0], 0};
    snn_cell_code code = {.cells = first[steps] - first[0]};
    uint64_t gaps = 0, counts = 0, gap, bits = 0;
    uint32_t c;

    for (walk w = begin; walk_on(&w, &gap, &c); code.codes++) {
        gaps += gap;
        counts += c - 1;
    }
    code.gap_k = choose_k(gaps, code.codes);
    code.count_k = choose_k(counts, code.codes);
    for (walk w = begin; walk_on(&w, &gap, &c);)
        bits += (gap >> code.gap_k) + 1 + code.gap_k + ((c - 1) >> code.count_k) + 1 + code.count_k;
    code.words = (size_t)((bits + 63) / 64);
    return code;
}

/* ---- writing ------------------------------------------------------------- */

typedef struct writer {
    uint64_t *word;
    unsigned used; /* bits of *word */
} writer;

/* The words are zero: zeros need only be passed over. */
static void put_zeros(writer *w, uint64_t n)
{
    const uint64_t to = w->used + n;

    w->word += to / 64;
    w->used = (unsigned)(to % 64);
}

static void put_bits(writer *w, uint64_t value, unsigned n)
{
    if (n == 0)
        return;
    *w->word |= value << w->used;
    if (w->used + n > 64)
        w->word[1] |= value >> (64 - w->used);
    put_zeros(w, n);
}

static void put(writer *w, uint64_t value, unsigned k)
{
    put_zeros(w, value >> k);
    put_bits(w, 1, 1);
    put_bits(w, value & ((UINT64_C(1) << k) - 1), k);
}

void snn_cells_encode(const snn_cell_code *code, uint32_t n_inputs, uint32_t steps,
                      const uint32_t *first, const uint16_t *unit, const uint8_t *count,
                      uint64_t *word)
{
    walk from = {n_inputs, steps, first, unit, count, 0, first[0], 0};
    writer w = {word, 0};
    uint64_t gap;
    uint32_t c;

    memset(word, 0, code->words * sizeof *word);
    while (walk_on(&from, &gap, &c)) {
        put(&w, gap, code->gap_k);
        put(&w, c - 1, code->count_k);
    }
}

/* ---- reading ------------------------------------------------------------- */

typedef struct reader {
    const uint64_t *word; /* the next */
    uint64_t bits;        /* of the one under way, the next lowest; above `left` zeros */
    unsigned left;
} reader;

static inline void refill(reader *r)
{
    r->bits = *r->word++;
    r->left = 64;
}

static inline uint64_t get(reader *r, unsigned k)
{
    uint64_t zeros = 0, low;
    unsigned run;

    while (r->bits == 0) {
        zeros += r->left;
        refill(r);
    }
    run = (unsigned)__builtin_ctzll(r->bits);
    zeros += run;
    r->bits = r->bits >> run >> 1;
    r->left -= run + 1;
    if (k == 0)
        return zeros;
    low = r->bits;
    if (r->left >= k) {
        r->bits >>= k;
        r->left -= k;
    } else {
        const unsigned more = k - r->left, had = r->left;

        refill(r);
        low |= r->bits << had;
        r->bits >>= more;
        r->left -= more;
    }
    return zeros << k | (low & ((UINT64_C(1) << k) - 1));
}

void snn_cells_decode(const snn_cell_code *code, const uint64_t *word, uint32_t n_inputs,
                      uint32_t steps, uint32_t *first, uint16_t *unit, uint8_t *count)
{
    reader r = {.word = word};
    uint64_t at = 0, row = 0; /* number that a gap of 0 leads to; first one of the step */
    uint32_t step = 0, cells = 0;

    first[0] = 0;
    for (uint32_t i = 0; i < code->codes; i++) {
        uint64_t left;

        at += get(&r, code->gap_k);
        left = get(&r, code->count_k) + 1;
        while (at >= row + n_inputs) {
            row += n_inputs;
            first[++step] = cells;
        }
        for (; left > 0; cells++) {
            unit[cells] = (uint16_t)(at - row);
            count[cells] = (uint8_t)(left < MAX_COUNT ? left : MAX_COUNT);
            left -= count[cells];
        }
        at++;
    }
    while (step < steps)
        first[++step] = cells;
}
