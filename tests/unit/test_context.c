/* SPDX-License-Identifier: BSD-3-Clause */
/* snn/base/context.c and cpu.c: memory, its counts, threads, instruction set, log. */
#include "tests/failing_allocator.h"

#include "snn/base/base.h"
#include "snn/base/cpu.h"

static void defaults(void **state)
{
    snn_context *ctx = NULL;

    (void)state;
    unsetenv("SNN_CPU");
    assert_int_equal(snn_context_create(NULL, &ctx, NULL), SNN_OK);
    assert_true(snn_context_threads(ctx) >= 1);
    assert_string_equal(snn_context_cpu(ctx), snn_cpu_name(snn_cpu_detect()));
    assert_int_equal(snn_context_allocations(ctx), 0);
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_log(ctx, SNN_LOG_ERROR, "nobody listens to %d", 1);
    snn_context_destroy(ctx);
    snn_context_destroy(NULL);
}

static void memory(void **state)
{
    failing_allocator heap = {.fail_at = -1};
    snn_context *ctx;
    char *blocks[5], *text;
    size_t held;

    (void)state;
    assert_int_equal(failing_context(&heap, 1, &ctx), SNN_OK);
    for (size_t i = 0; i < 5; i++) {
        blocks[i] = snn_alloc(ctx, i * 37, 3);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 64, 0);
        for (size_t j = 0; j < i * 111; j++)
            assert_int_equal(blocks[i][j], 0);
        memset(blocks[i], 0x5A, i * 111);
        assert_int_equal(snn_context_allocations(ctx), i + 1);
    }
    held = snn_context_bytes(ctx);
    assert_true(held >= 10 * 111);
    assert_int_equal(snn_context_peak_bytes(ctx), held);
    snn_free(ctx, blocks[4]);
    assert_true(snn_context_bytes(ctx) < held);
    assert_int_equal(snn_context_peak_bytes(ctx), held);
    for (size_t i = 0; i < 4; i++)
        snn_free(ctx, blocks[i]);
    snn_free(ctx, NULL);
    assert_int_equal(snn_context_bytes(ctx), 0);
    text = snn_strdup(ctx, "delay");
    assert_string_equal(text, "delay");
    snn_free(ctx, text);
    assert_int_equal(heap.broken, 0);
    snn_context_destroy(ctx);
    assert_int_equal(heap.held, 0);
}

static void memory_out(void **state)
{
    failing_allocator heap = {.fail_at = -1};
    snn_context *ctx;

    (void)state;
    assert_int_equal(failing_context(&heap, 1, &ctx), SNN_OK);
    /* Products and roundings that do not fit into a size. */
    assert_null(snn_alloc(ctx, SIZE_MAX, 2));
    assert_null(snn_alloc(ctx, SIZE_MAX / 2 + 1, 2));
    assert_null(snn_alloc(ctx, SIZE_MAX, 1));
    assert_null(snn_alloc(ctx, SIZE_MAX - 100, 1));
    assert_null(snn_alloc(ctx, 1, SIZE_MAX - 63));
    assert_int_equal(heap.calls, 1); /* the heap was not even asked */
    heap.fail_at = heap.calls;
    assert_null(snn_alloc(ctx, 1, 1));
    heap.fail_at = heap.calls;
    assert_null(snn_strdup(ctx, "text"));
    assert_int_equal(snn_context_allocations(ctx), 0);
    assert_int_equal(snn_context_bytes(ctx), 0);
    assert_int_equal(snn_context_peak_bytes(ctx), 0);
    snn_context_destroy(ctx);
    assert_int_equal(heap.held, 0);

    ctx = NULL;
    heap = (failing_allocator){.fail_at = 0};
    assert_int_equal(failing_context(&heap, 1, &ctx), SNN_ENOMEM);
    assert_null(ctx);
}

/* Errors leave the output alone, name the field and leak nothing. */
static void refuse(snn_context_params *params, const char *where)
{
    failing_allocator heap = {.fail_at = -1};
    const snn_allocator allocator = {failing_allocate, failing_release, &heap};
    snn_context *ctx = (snn_context *)params;
    snn_error err = {SNN_OK, "", ""};

    params->allocator = &allocator;
    assert_int_equal(snn_context_create(params, &ctx, &err), SNN_EINVAL);
    assert_ptr_equal(ctx, params);
    assert_int_equal(err.status, SNN_EINVAL);
    assert_string_equal(err.where, where);
    assert_true(strlen(err.what) > 0);
    assert_int_equal(heap.held, 0);
    assert_int_equal(snn_context_create(params, &ctx, NULL), SNN_EINVAL);
}

static void wrong_params(void **state)
{
    snn_context_params params;

    (void)state;
    snn_context_params_init(&params);
    params.threads = -1;
    refuse(&params, "threads");
    params.threads = 0;
    params.cpu = "mmx";
    refuse(&params, "cpu");
    params.cpu = "";
    refuse(&params, "cpu");
}

static void cpu(void **state)
{
    snn_context_params params;
    snn_context *ctx;

    (void)state;
    snn_context_params_init(&params);
    for (int level = 0; level < SNN_CPU_LEVELS; level++) {
        params.cpu = snn_cpu_name((snn_cpu_level)level);
        if (level > (int)snn_cpu_detect()) {
            refuse(&params, "cpu");
            params.allocator = NULL;
            continue;
        }
        assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
        assert_string_equal(snn_context_cpu(ctx), params.cpu);
        assert_ptr_equal(ctx->kern, snn_kern_tables[level]);
        snn_context_destroy(ctx);
    }
    /* The environment lowers "auto", and only that. */
    setenv("SNN_CPU", "base", 1);
    params.cpu = "auto";
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    assert_string_equal(snn_context_cpu(ctx), "base");
    snn_context_destroy(ctx);
    params.cpu = snn_cpu_name(snn_cpu_detect());
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    assert_string_equal(snn_context_cpu(ctx), params.cpu);
    snn_context_destroy(ctx);
    params.cpu = "auto";
    for (int i = 0; i < 2; i++) {
        setenv("SNN_CPU", i == 0 ? "" : "auto", 1);
        assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
        assert_string_equal(snn_context_cpu(ctx), snn_cpu_name(snn_cpu_detect()));
        snn_context_destroy(ctx);
    }
    setenv("SNN_CPU", "z80", 1);
    refuse(&params, "cpu");
    unsetenv("SNN_CPU");
}

static void collect(void *user, snn_log_level level, const char *line)
{
    char *all = user;

    snprintf(all + strlen(all), 4096 - strlen(all), "%d:%s;", (int)level, line);
}

static void log_lines(void **state)
{
    static char all[4096], long_text[3000];
    snn_context_params params;
    snn_context *ctx;

    (void)state;
    snn_context_params_init(&params);
    params.log = collect;
    params.log_user = all;
    params.log_level = SNN_LOG_WARNING;
    assert_int_equal(snn_context_create(&params, &ctx, NULL), SNN_OK);
    snn_log(ctx, SNN_LOG_ERROR, "a %d", 1);
    snn_log(ctx, SNN_LOG_WARNING, "b %s", "x");
    snn_log(ctx, SNN_LOG_INFO, "c");
    assert_string_equal(all, "0:a 1;1:b x;");
    memset(long_text, 'l', sizeof long_text - 1);
    snn_log(ctx, SNN_LOG_ERROR, "%s", long_text); /* cut, not overrun */
    assert_true(strlen(all) > 500 && strlen(all) < 2500);
    snn_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),     cmocka_unit_test(memory), cmocka_unit_test(memory_out),
        cmocka_unit_test(wrong_params), cmocka_unit_test(cpu),    cmocka_unit_test(log_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
