/* SPDX-License-Identifier: BSD-3-Clause */
/* A run's metrics.csv, read by columns. */
#ifndef TOOLS_METRICS_FILE_H
#define TOOLS_METRICS_FILE_H

#include "tools/tool.h"

/*
 * Read the columns `names` (n_names of them) of a file of comma-separated numbers with a
 * head: column[i] becomes a new array of *n numbers, freed by the caller with snn_free
 * (also those made before a failure).  What is no number, as "nan", is NaN; a last row
 * without newline is torn and left out.
 * Errors: SNN_ENOTFOUND, SNN_EIO, SNN_EFORMAT (no such column, a row too short, no rows).
 */
SNN_MUST_USE snn_status metrics_read(snn_context *ctx, const char *path, const char *const *names,
                                     size_t n_names, double **column, size_t *n, snn_error *err);

#endif
