/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every test here must fail: the program stands in XFAIL_TESTS, so one that passes
 * is an error.  It proves that a failure is counted, whatever its kind.
 */
#include "tests/cmocka_all.h"

#include <signal.h>

static void wrong_number(void **state)
{
    (void)state;
    assert_int_equal(1, 2);
}

static void wrong_value(void **state)
{
    const float expected[] = {1, 2, 3}, got[] = {1, 2, 3.001F};
    (void)state;
    check_array_near("values", expected, got, 3, 1e-4, 0);
}

static void not_a_number(void **state)
{
    const float expected[] = {1}, got[] = {NAN};
    (void)state;
    check_array_near("values", expected, got, 1, 1e30, 0);
}

static void not_the_same_bits(void **state)
{
    const float expected[] = {0.0F}, got[] = {-0.0F};
    (void)state;
    check_array_bits("values", expected, got, 1, 0);
}

static void nothing_compared(void **state)
{
    (void)state;
    struct test_near near = test_near_begin("values", 0);
    test_near_end(&near);
}

static void signal_caught(void **state)
{
    (void)state;
    raise(SIGFPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_number),      cmocka_unit_test(wrong_value),
        cmocka_unit_test(not_a_number),      cmocka_unit_test(not_the_same_bits),
        cmocka_unit_test(nothing_compared),  cmocka_unit_test(signal_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
