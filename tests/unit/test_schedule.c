/* SPDX-License-Identifier: BSD-3-Clause */
/* Schedules against the figures of the published configurations. */
#include "tests/cmocka_all.h"

#include "snn/train/schedule.h"

static snn_rate cycle(uint32_t epoch, uint32_t epochs)
{
    return snn_schedule_rate(SNN_SCHEDULE_ONECYCLE, 1e-3, 5e-3, 0.9, epoch, epochs);
}

static void near(double expected, double got, double relative)
{
    if (!(fabs(expected - got) <= relative * fabs(expected)))
        fail_msg("expected %.12g got %.12g", expected, got);
}

/* SHD, SSC, GSC: the rate is highest at these epochs and momentum lowest. */
static void test_one_cycle_peaks(void **state)
{
    static const struct {
        uint32_t epochs, peak;
    } row[] = {{150, 44}, {60, 17}, {100, 29}};

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint32_t top = 0;

        for (uint32_t e = 0; e < row[i].epochs; e++)
            if (cycle(e, row[i].epochs).lr > cycle(top, row[i].epochs).lr)
                top = e;
        assert_int_equal(top, row[i].peak);
        near(5e-3, cycle(top, row[i].epochs).lr, 1e-12);
        near(0.85, cycle(top, row[i].epochs).beta1, 1e-12);
        near(2e-4, cycle(0, row[i].epochs).lr, 1e-12);
        near(0.95, cycle(0, row[i].epochs).beta1, 1e-12);
        near(2e-8, cycle(row[i].epochs - 1, row[i].epochs).lr, 1e-9);
        near(0.95, cycle(row[i].epochs - 1, row[i].epochs).beta1, 1e-12);
    }
}

/* Half way up the cosine the rate is the mean of its ends: epoch 22 of 44. */
static void test_one_cycle_shape(void **state)
{
    (void)state;
    near((2e-4 + 5e-3) / 2, cycle(22, 150).lr, 1e-12);
    near(0.9, cycle(22, 150).beta1, 1e-12);
    for (uint32_t e = 1; e < 150; e++)
        assert_true(e <= 44 ? cycle(e, 150).lr > cycle(e - 1, 150).lr
                            : cycle(e, 150).lr < cycle(e - 1, 150).lr);
}

/* Few epochs: the peak lies between whole epochs, the last is always the end. */
static void test_one_cycle_short(void **state)
{
    (void)state;
    near(5e-3, cycle(0, 1).lr, 1e-12);
    near(2e-8, cycle(1, 2).lr, 1e-9);
    near(2e-8, cycle(2, 3).lr, 1e-9);
    /* Two epochs: top = -0.4, last = 1, so epoch 0 lies at 0.4/1.4 of the fall. */
    near(2e-8 + (5e-3 - 2e-8) / 2 * (1 + cos(acos(-1) * 0.4 / 1.4)), cycle(0, 2).lr, 1e-9);
    assert_true(cycle(7, 3).lr <= 2.0001e-8);
}

static void test_cosine(void **state)
{
    (void)state;
    for (uint32_t e = 0; e < 150; e++) {
        const snn_rate rate = snn_schedule_rate(SNN_SCHEDULE_COSINE, 0.1, 0, 0.9, e, 150);

        near(0.05 * (1 + cos(acos(-1) * e / 150.0)), rate.lr, 1e-9);
        near(0.9, rate.beta1, 0);
    }
}

static void test_constant(void **state)
{
    (void)state;
    near(0.1, snn_schedule_rate(SNN_SCHEDULE_CONSTANT, 0.1, 5, 0.9, 149, 150).lr, 0);
}

/* Factors as published; sigma with its offset 0.27 along the SHD run. */
static void test_sigma(void **state)
{
    static const struct {
        uint32_t epoch;
        double sigma;
    } shd[] = {{0, 12.27}, {1, 11.05}, {2, 9.96}, {10, 4.39}, {37, 0.50}};
    const double factor = snn_schedule_sigma_factor(12, 0.23, 37);

    (void)state;
    near(0.898633, factor, 1e-6);
    near(0.756907, snn_schedule_sigma_factor(15, 0.23, 15), 1e-6);
    near(0.846107, snn_schedule_sigma_factor(15, 0.23, 25), 1e-6);
    for (size_t i = 0; i < sizeof shd / sizeof shd[0]; i++)
        assert_true(fabs(12 * pow(factor, shd[i].epoch) + 0.27 - shd[i].sigma) < 0.0051);
    near(1, snn_schedule_sigma_factor(0.23, 0.23, 0), 0);
    near(1, snn_schedule_sigma_factor(0.1, 0.23, 5), 0);
    near(1, snn_schedule_sigma_factor(0, 0.23, 5), 0);
}

static void test_final_epoch(void **state)
{
    snn_train_params train = {.sigma_share = 0.25f};

    (void)state;
    train.epochs = 150;
    assert_int_equal(snn_schedule_final_epoch(&train), 37);
    train.epochs = 60;
    assert_int_equal(snn_schedule_final_epoch(&train), 15);
    train.epochs = 100;
    assert_int_equal(snn_schedule_final_epoch(&train), 25);
    train.epochs = 10;
    train.sigma_share = 0.7f; /* 0.699999988 as a float */
    assert_int_equal(snn_schedule_final_epoch(&train), 7);
    train.sigma_share = 1;
    assert_int_equal(snn_schedule_final_epoch(&train), 10);
    train.sigma_share = 0;
    assert_int_equal(snn_schedule_final_epoch(&train), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_cycle_peaks), cmocka_unit_test(test_one_cycle_shape),
        cmocka_unit_test(test_one_cycle_short), cmocka_unit_test(test_cosine),
        cmocka_unit_test(test_constant),        cmocka_unit_test(test_sigma),
        cmocka_unit_test(test_final_epoch),
    };

    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
