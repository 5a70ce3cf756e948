/* SPDX-License-Identifier: BSD-3-Clause */
/* Busy processes beside a benchmark, one a core: what a shared machine may do to it. */
#ifndef TOOLS_BENCH_NEIGHBOURS_H
#define TOOLS_BENCH_NEIGHBOURS_H

#include "tools/bench_kit.h"

typedef struct neighbours neighbours;

/* Start `n` processes (1 .. BENCH_MOST_THREADS) that rest.  Early: what a process holds when it
 * forks, it shares page by page, which costs it time later.  They end with this process, however
 * it ends.  Errors: SNN_ENOMEM, SNN_EIO. */
SNN_MUST_USE snn_status neighbours_start(snn_context *ctx, int n, neighbours **out, snn_error *err);
/* Let them work, or rest; they do when it returns. */
void neighbours_work(neighbours *n, bool busy);
void neighbours_stop(neighbours *n);

#endif
