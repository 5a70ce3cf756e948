/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products in bf16 by tiles (snn/kern/tile_body.h) on a model of the instructions
 * (tests/kern/tile_model.h): packing, edges, the order of sums, and the laws of
 * snn/delay/product.h.  Where the processor has tiles it gives the model's bits; elsewhere
 * that test is skipped, and the compiled kernel is not executed.
 *
 * Bound, as in test_bf16.c: no sum is longer than k + 1 roundings, whatever its order.
 *
 * Invariant I1 (for tiles): the same bits however the sides of a product are cut.
 */
#include "tests/cmocka_all.h"

#include "tests/kern/tile_model.h"

#include "snn/base/cpu.h"
#include "snn/delay/product.h"

#define ROUNDING 0x1p-8
#define U        0x1p-24
#define GUARD    64u /* words behind an array */
#define MARK     0xa5a5a5a5u

static float *numbers(size_t n, uint64_t *state)
{
    float *a = calloc(n + 1, sizeof *a);

    assert_non_null(a);
    for (size_t i = 0; i < n; i++)
        a[i] = test_uniform(state, -2.0f, 2.0f);
    return a;
}

static uint32_t *words(size_t n)
{
    uint32_t *a = malloc((n + GUARD) * sizeof *a);

    assert_non_null(a);
    for (size_t i = 0; i < n + GUARD; i++)
        a[i] = MARK;
    return a;
}

static void words_end(uint32_t *a, size_t n)
{
    for (size_t i = n; i < n + GUARD; i++)
        assert_int_equal(a[i], MARK);
    free(a);
}

/* ---- the model --------------------------------------------------------------------------- */

/* Sums by hand that come out in one order only, and what is too small. */
static void instruction(void **state)
{
    model_tile a = {{{0}}}, b = {{{0}}}, c = {{{0}}};

    (void)state;
    a.word[0][0] = 0x3f803f80u; /* 1, 1: the pair is added before c takes it */
    b.word[0][0] = 0x33803380u; /* 2^-24, 2^-24 */
    c.word[0][0] = model_bits(1.0f);
    a.word[1][0] = 0x4b804b80u; /* 2^24 in both sums; then 1 is lost in the upper one, and the */
    a.word[1][1] = 0x3f803f80u; /* lower one is 2^24 - 1: one after the other, none were lost */
    b.word[0][1] = 0x3f80bf80u; /* 1, -1 */
    b.word[1][1] = 0x3f803f80u; /* 1, 1 */
    a.word[2][0] = 0x00800000u; /* 2^-126 * 1/2 is 0 */
    b.word[0][2] = 0x3f000000u;
    a.word[3][0] = 0x00400000u; /* 2^-127 is 0 already */
    b.word[0][3] = 0x4b800000u;
    a.word[4][0] = 0x7fc00000u;
    model_dot(&c, &a, &b);
    assert_true(model_number(c.word[0][0]) == 1.0f + 0x1p-23f);
    assert_true(model_number(c.word[1][1]) == 1.0f);
    assert_int_equal(c.word[2][2], 0);
    assert_int_equal(c.word[3][3], 0);
    assert_true(isnan(model_number(c.word[4][0])));
}

/* ---- packing -------------------------------------------------------------------------------- */

static uint32_t rounded(float x)
{
    const uint32_t bits = model_bits(x);

    return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

static uint32_t half_at(const snn_bf16_lines *from, size_t line, size_t l)
{
    if (line >= from->lines || l >= from->k)
        return 0;
    return rounded(from->scale * (from->turned ? from->in[l * from->stride + line]
                                               : from->in[line * from->stride + l]));
}

static const size_t line_counts[] = {1, 12, 16, 17, 31, 32, 33, 70};
static const size_t depths[] = {1, 2, 3, 31, 32, 33, 64, 67};

/* Word by word, as kern.h says. */
static void packing(void **state)
{
    const uint64_t seed = test_seed(51);
    uint64_t random = seed;

    (void)state;
    for (size_t test = 0; test < SNN_COUNT(line_counts) * SNN_COUNT(depths) * 4; test++) {
        const size_t lines = line_counts[test / 4 % 8], k = depths[test / 32];
        const bool left = test % 2 == 0, turned = test / 2 % 2 == 0;
        const size_t stride = (turned ? lines : k) + 3, n = snn_bf16_tile_words(lines, k);
        const size_t pairs = (k + 31) / 32 * 16;
        float *in = numbers((turned ? k : lines) * stride, &random);
        uint32_t *out = words(n);
        const snn_bf16_lines from = {.in = in,
                                     .lines = lines,
                                     .k = k,
                                     .stride = stride,
                                     .turned = turned,
                                     .scale = left ? -1.0f : 1.0f};

        tile_pack(&from, left ? SNN_BF16_ROWS : SNN_BF16_COLUMNS, out);
        for (size_t i = 0; i < n; i++) {
            const size_t panel = i / (32 * pairs), at = i % (32 * pairs);
            const size_t h = left ? at / 512 * 16 + at % 16 : at / 32;
            const size_t line = panel * 32 + (left ? at % 512 / 16 : at % 32);
            const uint32_t expected =
                half_at(&from, line, 2 * h) << 16 | half_at(&from, line, 2 * h + 1);

            if (out[i] != expected)
                fail_msg("%zu lines of %zu, %s, %s: word %zu is %08x, not %08x, seed %" PRIu64,
                         lines, k, left ? "left" : "right", turned ? "turned" : "straight", i,
                         out[i], expected, seed);
        }
        words_end(out, n);
        free(in);
    }
}

/* ---- products -------------------------------------------------------------------------------- */

/* One number of c in the order that kern.h states. */
static float sum_of(const snn_bf16_lines *a, const snn_bf16_lines *b, size_t i, size_t j, float c)
{
    for (size_t l0 = 0; l0 < a->k; l0 += 32) {
        float sum[2] = {0};

        for (size_t l = l0; l < l0 + 32; l++)
            sum[l % 2] = model_flushed(fmaf(model_number(half_at(a, i, l) << 16),
                                            model_number(half_at(b, j, l) << 16), sum[l % 2]));
        c = model_add(c, model_add(sum[1], sum[0]));
    }
    return c;
}

static void order(void **state)
{
    static const size_t inner[] = {1, 2, 33, 64, 90};
    const uint64_t seed = test_seed(52);
    uint64_t random = seed;

    (void)state;
    for (size_t test = 0; test < SNN_COUNT(line_counts) * SNN_COUNT(line_counts); test++) {
        const size_t m = line_counts[test / 8], n = line_counts[test % 8], k = inner[test % 5];
        const size_t stride = n + 5, at_a = snn_bf16_tile_words(m, k),
                     at_b = snn_bf16_tile_words(n, k);
        float *a = numbers(m * k, &random), *b = numbers(k * n, &random);
        float *c = numbers(m * stride, &random), *first = numbers(m * stride, &random);
        uint32_t *packed_a = words(at_a), *packed_b = words(at_b);
        const snn_bf16_lines rows = {.in = a, .lines = m, .k = k, .stride = k, .scale = 1.0f};
        const snn_bf16_lines columns = {
            .in = b, .lines = n, .k = k, .stride = n, .turned = true, .scale = 1.0f};

        memcpy(first, c, m * stride * sizeof *c);
        tile_pack(&rows, SNN_BF16_ROWS, packed_a);
        tile_pack(&columns, SNN_BF16_COLUMNS, packed_b);
        tile_product(m, n, (k + 1) / 2, packed_a, packed_b, c, stride);
        for (size_t i = 0; i < m * stride; i++) {
            const float expected = i % stride < n
                                       ? sum_of(&rows, &columns, i / stride, i % stride, first[i])
                                       : first[i]; /* between rows nothing is written */

            if (model_bits(expected) != model_bits(c[i]))
                fail_msg("%zu x %zu x %zu: c[%zu] is %a, not %a, seed %" PRIu64, m, n, k, i,
                         (double)c[i], (double)expected, seed);
        }
        words_end(packed_b, at_b);
        words_end(packed_a, at_a);
        free(first);
        free(c);
        free(b);
        free(a);
    }
    assert_true(model.dots > 0 && !model.open);
}

/* ---- snn_product_run
 * ------------------------------------------------------------------------------ */

/* A context whose table multiplies by the model, or as `cpu` says. */
static snn_context *context(const char *cpu, snn_kern *modelled)
{
    snn_context_params params;
    snn_context *ctx;

    snn_context_params_init(&params);
    params.cpu = cpu;
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    if (modelled != NULL) {
        *modelled = *ctx->kern;
        modelled->bf16_tiles = true;
        modelled->bf16_pack = tile_pack;
        modelled->bf16_product = tile_product;
        ctx->kern = modelled;
    }
    return ctx;
}

/* Beyond one block each way: 192 rows, 512 columns, 256 numbers. */
static const struct {
    size_t m, n, k;
} sizes[] = {{1, 1, 1}, {13, 33, 5}, {200, 40, 300}, {24, 530, 65}, {7, 20, 1025}};

typedef struct {
    size_t m, n, k;
    bool a_turned, b_turned, add;
    float *a, *b, *first, *c; /* first: what c holds before */
} product_case;

static product_case case_of(size_t test, bool exact, uint64_t *random)
{
    product_case p = {.m = sizes[test / 8].m,
                      .n = sizes[test / 8].n,
                      .k = sizes[test / 8].k,
                      .a_turned = test & 1,
                      .b_turned = test & 2,
                      .add = test & 4};

    p.a = numbers(p.m * p.k, random);
    p.b = numbers(p.k * p.n, random);
    p.first = numbers(p.m * p.n, random);
    p.c = numbers(p.m * p.n, random);
    for (size_t i = 0; exact && i < p.m * p.k; i++)
        p.a[i] = (float)(test_random(random) % 3);
    for (size_t i = 0; exact && i < p.k * p.n; i++)
        p.b[i] = ((float)(test_random(random) % 511) - 255.0f) / 128.0f;
    for (size_t i = 0; exact && i < p.m * p.n; i++)
        p.first[i] = (float)(test_random(random) % 64);
    return p;
}

static void case_end(product_case *p)
{
    free(p->a);
    free(p->b);
    free(p->first);
    free(p->c);
}

/* Rows i0 .. of c. */
static void multiply(const snn_context *ctx, const product_case *p, size_t i0, size_t rows)
{
    const size_t floats = snn_product_scratch(SNN_PRECISION_BF16);
    uint32_t *scratch = words(floats);
    const snn_product product = {.m = rows,
                                 .n = p->n,
                                 .k = p->k,
                                 .a_turned = p->a_turned,
                                 .b_turned = p->b_turned,
                                 .lda = p->a_turned ? p->m : p->k,
                                 .ldb = p->b_turned ? p->k : p->n,
                                 .ldc = p->n,
                                 .alpha = -1.0f,
                                 .a = p->a + (p->a_turned ? i0 : i0 * p->k),
                                 .b = p->b,
                                 .c = p->c + i0 * p->n,
                                 .add = p->add};

    memcpy(product.c, p->first + i0 * p->n, rows * p->n * sizeof *p->c);
    snn_product_run(ctx, &product, (float *)(void *)scratch);
    words_end(scratch, floats);
}

static void check_product(const product_case *p, bool exact, uint64_t seed)
{
    const double both = (1.0 + ROUNDING) * (1.0 + ROUNDING), sums = (double)(p->k + 1) * U;
    struct test_near near = test_near_begin("product", seed);

    for (size_t i = 0; i < p->m * p->n; i++) {
        double sum = p->add ? (double)p->first[i] : 0.0, size = 0.0;
        const size_t r = i / p->n, j = i % p->n;

        for (size_t l = 0; l < p->k; l++) {
            const double term = -(double)p->a[p->a_turned ? l * p->m + r : r * p->k + l] *
                                (double)p->b[p->b_turned ? j * p->k + l : l * p->n + j];

            sum += term;
            size += fabs(term);
        }
        check_near(&near, i, sum, (double)p->c[i],
                   exact ? 0.0 : (both - 1.0 + sums * both) * size + 4.0 * sums);
    }
    test_near_end(&near);
}

static void products(void **state)
{
    const uint64_t seed = test_seed(53);
    uint64_t random = seed;
    snn_kern modelled;
    snn_context *ctx = context("base", &modelled);

    (void)state;
    for (size_t test = 0; test < SNN_COUNT(sizes) * 16; test++) {
        const bool exact = test % 2 == 0;
        product_case p = case_of(test / 2, exact, &random);

        multiply(ctx, &p, 0, p.m);
        check_product(&p, exact, seed);
        case_end(&p);
    }
    snn_context_destroy(ctx);
}

/* Tiles of work are rows of a product: wherever it is cut. */
static void cuts(void **state)
{
    const uint64_t seed = test_seed(54);
    uint64_t random = seed;
    snn_kern modelled;
    snn_context *ctx = context("base", &modelled);
    product_case p = case_of(17, false, &random);
    float *whole = numbers(p.m * p.n, &random);

    (void)state;
    multiply(ctx, &p, 0, p.m);
    memcpy(whole, p.c, p.m * p.n * sizeof *whole);
    for (size_t rows = 1; rows < p.m; rows += 37) {
        for (size_t i = 0; i < p.m; i += rows)
            multiply(ctx, &p, i, p.m - i < rows ? p.m - i : rows);
        check_array_bits("c", whole, p.c, p.m * p.n, seed);
    }
    free(whole);
    case_end(&p);
    snn_context_destroy(ctx);
}

/* The processor itself. */
static void as_modelled(void **state)
{
    const uint64_t seed = test_seed(55);
    uint64_t random = seed;
    snn_kern modelled;
    snn_context *ctx, *model_ctx;

    (void)state;
    if (snn_cpu_detect() < SNN_CPU_AMX)
        skip_because("no AMX here, or none in this build: the kernel is compiled, not executed");
    ctx = context("amx", NULL);
    model_ctx = context("amx", &modelled);
    for (size_t test = 0; test < SNN_COUNT(sizes) * 8; test++) {
        product_case p = case_of(test, false, &random);
        float *expected = numbers(p.m * p.n, &random);

        multiply(model_ctx, &p, 0, p.m);
        memcpy(expected, p.c, p.m * p.n * sizeof *expected);
        multiply(ctx, &p, 0, p.m);
        check_array_bits("c", expected, p.c, p.m * p.n, seed);
        free(expected);
        case_end(&p);
    }
    snn_context_destroy(model_ctx);
    snn_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruction), cmocka_unit_test(packing), cmocka_unit_test(order),
        cmocka_unit_test(products),    cmocka_unit_test(cuts),    cmocka_unit_test(as_modelled),
    };

    return cmocka_run_group_tests_name("tiles", tests, NULL, NULL);
}
