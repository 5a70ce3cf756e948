/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cochlea that made SHD and SSC (Cramer, Stradmann, Schemmel, Zenke, "The
 * Heidelberg spiking data sets", IEEE TNNLS 2022), one stage a file:
 *
 *   sound -> basilar membrane -> inner hair cell -> nerve fibres, bushy cell -> spikes
 *            cochlea_membrane    cochlea_hair       cochlea_bushy
 *
 * All stages work on blocks of SNN_LANES channels, channels inner: value[t][lane].
 * Channel c of n sits at x = 3.5 cm * c / (n - 1) from the base; the base hears the
 * highest tones.  With N samples at rate f the chain has N/2 + 1 ticks at rate f/2:
 * the one-sided spectrum stands for the analytic signal.
 */
#ifndef SNN_DATASETS_COCHLEA_H
#define SNN_DATASETS_COCHLEA_H

#include "datasets/data.h"

#include <snn/encode.h>
#include <snn/random.h>

#define SNN_ENCODE_LEVEL  0.3 /* rms to which clips are scaled */
#define SNN_LANES         16  /* a power of 2 */
#define SNN_MEMBRANE_TAPS 6   /* of the interpolation in frequency */
#define SNN_FIBRES        40  /* nerve fibres of a channel */

/* ---- cochlea_hankel.c -------------------------------------------------------- */

typedef struct snn_complex {
    double re, im;
} snn_complex;

/* exp(-iz) H0^(1)(z) for Re z >= 0, Im z >= 0, z not 0.  Relative error < 2e-14 for
 * |z| up to 110; the factor keeps it in range where H itself underflows. */
snn_complex snn_hankel0_scaled(snn_complex z);

/* ---- cochlea_membrane.c ------------------------------------------------------ */

typedef struct snn_membrane snn_membrane;

/* Velocity at x (cm from the base) for a tone of angular frequency omega (1/s) and
 * amplitude 1: the closed form, exact to rounding. */
snn_complex snn_membrane_gain(double omega, double x_cm);

/* Tables of the gain up to max_hz for channels channels; all threads of the context
 * build them.  Errors: SNN_ENOMEM. */
snn_status snn_membrane_create(snn_context *ctx, uint32_t channels, double max_hz,
                               snn_membrane **out, snn_error *err);
void snn_membrane_destroy(snn_membrane *membrane);
double snn_membrane_max_hz(const snn_membrane *membrane);

/* Where a frequency lies in the tables: the first of the knots and their weights. */
typedef struct snn_membrane_tap {
    uint32_t knot;
    float weight[SNN_MEMBRANE_TAPS];
} snn_membrane_tap;

/* taps[bins] of the frequencies 1 Hz + k (max_hz - 1 Hz) / (bins - 1). */
void snn_membrane_taps(const snn_membrane *membrane, double max_hz, uint32_t bins,
                       snn_membrane_tap *taps);

/* The interpolated gain of the lanes of a block. */
void snn_membrane_gains(const snn_membrane *membrane, uint32_t block, const snn_membrane_tap *tap,
                        float re[SNN_LANES], float im[SNN_LANES]);

/* Spectrum of the sound, bins complex numbers, to the half spectrum of each lane's
 * velocity: half[(bins/2 + 1)][SNN_LANES] holds what a transform from complex to real
 * of `bins` points takes to Re(sum_k gain_k X_k exp(2 pi i t k / bins)). */
void snn_membrane_run(const snn_membrane *membrane, uint32_t block, const snn_membrane_tap *taps,
                      const double (*spectrum)[2], uint32_t bins, double (*half)[SNN_LANES][2]);

/* ---- cochlea_hair.c ---------------------------------------------------------- */

/* Contents of the free pool q, the cleft c and the reprocessing store w. */
typedef struct snn_hair {
    double q[SNN_LANES], c[SNN_LANES], w[SNN_LANES];
} snn_hair;

/* The steady state in silence. */
void snn_hair_init(snn_hair *hair);
/* Velocity u to the probability that a fibre fires in a tick of dt_s, in place:
 * u[ticks][SNN_LANES].  (l + r) dt_s < 2 or the state oscillates: dt_s < 220 us. */
void snn_hair_run(snn_hair *hair, double dt_s, size_t ticks, double (*u)[SNN_LANES]);

/* ---- cochlea_bushy.c --------------------------------------------------------- */

/* Spikes in the order in which they were found; grows through the context. */
typedef struct snn_spike_list {
    snn_context *ctx;
    size_t n, room;
    uint32_t *tick;
    uint16_t *unit;
} snn_spike_list;

snn_status snn_spike_list_add(snn_spike_list *list, uint32_t tick, uint32_t unit, snn_error *err);
void snn_spike_list_free(snn_spike_list *list);
/* Sort by tick, then unit; lists of equal tick and unit keep their order. */
snn_status snn_spike_list_sort(snn_spike_list *list, uint32_t ticks, snn_error *err);

/* Number of n that happen, each with probability p, from one uniform number: the
 * smallest k with P(K <= k) > (u + 1/2) / 2^32. */
uint32_t snn_binomial(uint32_t n, double p, uint32_t u);

/* Firing probabilities of channels first .. first+lanes-1 to spikes of their bushy
 * cells.  Random numbers are keyed by (key, clip, channel, tick). */
snn_status snn_bushy_run(snn_key key, uint64_t clip, uint32_t first, uint32_t lanes, double dt_s,
                         size_t ticks, const double (*p)[SNN_LANES], snn_spike_list *out,
                         snn_error *err);

/* ---- cochlea.c --------------------------------------------------------------- */

typedef struct snn_cochlea snn_cochlea;

snn_status snn_cochlea_create(snn_context *ctx, uint32_t channels, uint64_t seed, snn_cochlea **out,
                              snn_error *err);
void snn_cochlea_destroy(snn_cochlea *cochlea);
/* Be ready for clips of up to max_rate Hz.  One thread at a time. */
snn_status snn_cochlea_reserve(snn_cochlea *cochlea, uint32_t max_rate, snn_error *err);
/* Plan the transforms for n samples, n >= 2; kept until snn_cochlea_trim.  Not while
 * another thread plans or runs. */
snn_status snn_cochlea_plan_add(snn_cochlea *cochlea, uint64_t n, snn_error *err);
/* Forget plans when there are many. */
void snn_cochlea_trim(snn_cochlea *cochlea);
/* One clip of n samples, filled with zeros to `points`, which are planned and whose rate is
 * reserved for, to sorted spikes.  Threads: any number at a time. */
snn_status snn_cochlea_run(const snn_cochlea *cochlea, const float *sound, uint64_t n,
                           uint64_t points, uint32_t rate, uint64_t clip, snn_spike_list *out,
                           snn_error *err);

#endif
