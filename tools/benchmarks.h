/* SPDX-License-Identifier: BSD-3-Clause */
/* The benchmarks of snn bench: each prints its own results. */
#ifndef TOOLS_BENCHMARKS_H
#define TOOLS_BENCHMARKS_H

#include "tools/bench_kit.h"

/* `rates`: of this machine; each benchmark measures them in its course. */
SNN_MUST_USE snn_status bench_step(const options *o, snn_context *ctx, bench_rates *rates,
                                   snn_error *err);
SNN_MUST_USE snn_status bench_solver(const options *o, snn_context *ctx, bench_rates *rates,
                                     snn_error *err);
SNN_MUST_USE snn_status bench_epoch(const options *o, snn_context *ctx, bench_rates *rates,
                                    snn_error *err);
SNN_MUST_USE snn_status bench_load(const options *o, snn_context *ctx, bench_rates *rates,
                                   snn_error *err);
SNN_MUST_USE snn_status bench_encode(const options *o, snn_context *ctx, bench_rates *rates,
                                     snn_error *err);

/* The costs that plans go by; measures them, and keeps them where asked to. */
SNN_MUST_USE snn_status bench_costs(const options *o, snn_context *ctx, bench_rates *rates,
                                    snn_error *err);

/* bench_ratios.c: what bench step does with --threads-ratio, and with --neighbours. */
SNN_MUST_USE snn_status bench_threads(const options *o, snn_context *ctx, const snn_config *config,
                                      bench_rates *rates, bool *head, snn_error *err);
SNN_MUST_USE snn_status bench_beside(const options *o, snn_context *ctx, const snn_config *config,
                                     bench_rates *rates, bool *head, snn_error *err);

/* Print a row as the options ask; in text nothing.  *head: the first row of CSV. */
SNN_MUST_USE snn_status bench_print(const options *o, snn_context *ctx, const bench_row *r,
                                    bool *head, snn_error *err);

/* bench_data.c: a data set in memory; samples repeat after a few dozen. */
SNN_MUST_USE snn_status bench_data_create(snn_context *ctx, const bench_shape *shape, uint64_t seed,
                                          const uint32_t count[SNN_SPLITS], snn_dataset **out,
                                          snn_error *err);
/* --data, or the above with --samples training samples and a share of test samples as SHD. */
SNN_MUST_USE snn_status bench_data_open(snn_context *ctx, const options *o,
                                        const snn_config *config, snn_dataset **out,
                                        snn_error *err);

#endif
