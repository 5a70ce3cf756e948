/* SPDX-License-Identifier: BSD-3-Clause */
/* snn/base/status.c, tensor.c and assert.c: texts, details of failures, sizes, the hook. */
#include "tests/cmocka_all.h"

#include "snn/base/base.h"

#include <snn/tensor.h>

static void texts(void **state)
{
    (void)state;
#define CHECK_TEXT(code, value, text)                                                              \
    assert_int_equal(code, value);                                                                 \
    assert_string_equal(snn_status_text(code), text);
    SNN_STATUS_LIST(CHECK_TEXT)
#undef CHECK_TEXT
    assert_non_null(snn_status_text((snn_status)12345));
    assert_string_equal(snn_version(), SNN_VERSION);
}

static void details(void **state)
{
    static char text[2000];
    snn_error err;

    (void)state;
    assert_int_equal(snn_error_set(&err, SNN_EFORMAT, "a.yaml:12", "'%s' is not %d", "x", 3),
                     SNN_EFORMAT);
    assert_int_equal(err.status, SNN_EFORMAT);
    assert_string_equal(err.where, "a.yaml:12");
    assert_string_equal(err.what, "'x' is not 3");
    assert_int_equal(snn_error_set(&err, SNN_EIO, NULL, "y"), SNN_EIO);
    assert_string_equal(err.where, "");
    memset(text, 't', sizeof text - 1);
    assert_int_equal(snn_error_set(&err, SNN_EIO, text, "%s", text), SNN_EIO); /* cut at the end */
    assert_int_equal(strlen(err.where), SNN_ERROR_WHERE - 1);
    assert_int_equal(strlen(err.what), SNN_ERROR_WHAT - 1);
    assert_int_equal(snn_error_set(NULL, SNN_EIO, "w", "%d", 1), SNN_EIO);
}

static void tensors(void **state)
{
    const snn_tensor tensor = {.rank = 3, .shape = {2, 3, 5, 7}}, scalar = {.rank = 0},
                     empty = {.rank = 2, .shape = {0, 4}};

    (void)state;
    assert_int_equal(snn_tensor_size(&tensor), 30);
    assert_int_equal(snn_tensor_size(&scalar), 1);
    assert_int_equal(snn_tensor_size(&empty), 0);
    assert_int_equal(snn_dtype_bytes(SNN_F32), sizeof(float));
    assert_int_equal(snn_dtype_bytes(SNN_F64), sizeof(double));
    assert_int_equal(snn_dtype_bytes(SNN_U8), 1);
    assert_int_equal(snn_dtype_bytes(SNN_U16), 2);
    assert_int_equal(snn_dtype_bytes(SNN_U32), 4);
    assert_int_equal(snn_dtype_bytes(SNN_I32), 4);
    assert_int_equal(snn_dtype_bytes(SNN_U64), 8);
}

static jmp_buf after_failure;
static char failed_condition[64];

static void jump(const char *condition, const char *file, int line)
{
    snprintf(failed_condition, sizeof failed_condition, "%s", condition);
    if (strstr(file, "test_status.c") != NULL && line > 0)
        longjmp(after_failure, 1);
}

static void assertion(void **state)
{
    const int one = 1;

    (void)state;
    snn_assert_set_hook(jump);
    if (setjmp(after_failure) == 0)
        SNN_ASSERT(one == 2);
#ifndef SNN_NO_HARDENING
    assert_string_equal(failed_condition, "one == 2");
#endif
    SNN_ASSERT(one == 1);
    snn_assert_set_hook(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(details),
        cmocka_unit_test(tensors),
        cmocka_unit_test(assertion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
