/* SPDX-License-Identifier: BSD-3-Clause */
/* The recorded cases, each a file reference/NAME.h5. */
#ifndef TESTS_GOLDEN_REFERENCE_CASES_H
#define TESTS_GOLDEN_REFERENCE_CASES_H

static const char *const reference_cases[] = {
    "small_gauss_s3_bn",
    "small_gauss_s1_bn",
    "small_gauss_s0.23_bn",
    "small_gauss_s0_bn",
    "small_gauss_s3_nobn",
    "small_gauss_s0.23_nobn",
    "small_gauss_s1_nobn_bias",
    "small_v1_bn",
    "small_v1_nobn",
    "small_max_s0_bn",
    "small_max_s1.5_bn",
    "small_max_s0_nobn",
    "small_v0_bn",
    "small_gauss_s1_bn_tau2",
    "small_gauss_s1_bn_tau2_nodetach",
    "small_gauss_s1_bn_tau2_loss_mean",
    "small_gauss_s1_bn_tau2_loss_max",
    "small_gauss_s1_bn_tau2_loss_spike_count",
    "small_gauss_s1_bn_1layer",
    "shd_gauss_s0.23_bn_f32",
};

#endif
