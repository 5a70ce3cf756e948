/* SPDX-License-Identifier: BSD-3-Clause */
/* The solvers, one file each; planner.c lists them. */
#ifndef SNN_DELAY_SOLVERS_H
#define SNN_DELAY_SOLVERS_H

#include "snn/delay/delay.h"

extern const snn_delay_solver snn_delay_direct; /* one matrix product a tap: the reference */
extern const snn_delay_solver snn_delay_fft;    /* one complex product a frequency */
extern const snn_delay_solver snn_delay_taps;   /* narrow taps: shifted products */
extern const snn_delay_solver snn_delay_event;  /* narrow taps: additions a spike */

#endif
