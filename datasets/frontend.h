/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From sound to frames of mel bands.
 *
 *   logmel     Hann window of 25 ms around the middle of each hop, power
 *              spectrum, triangles of the HTK mel scale from 50 Hz to Nyquist
 *              (8 kHz at most), each of weight 1; value = ln(power + 1e-9), where
 *              white noise of variance 1 has power 1.  Frame t covers the samples
 *              from t * hop to (t + 1) * hop.  Standardised later, over the set.
 *   gsc-paper  as published: 1 s at 16 kHz (cut, or zeros at the end), resampled
 *              to 8 kHz by a sinc of 6 zero crossings with a Hann window and a
 *              roll-off of 0.99, 256-point spectra every 80 samples (periodic
 *              Hann, centred, ends reflected), 140 HTK mel bands from 50 to
 *              14000 Hz without normalisation, 10 log10(max(power, 1e-10)).  Bands
 *              above 4 kHz are empty: -100 dB.  Never standardised.
 */
#ifndef SNN_DATASETS_FRONTEND_H
#define SNN_DATASETS_FRONTEND_H

#include "datasets/data.h"

/* Goes into the key of cached frames: raise it with every change of the numbers. */
#define SNN_FRONTEND_VERSION 1

typedef struct snn_frontend snn_frontend;

/* `rate` is that of the clips; info from snn_frontend_rate.  Plans transforms:
 * one thread at a time.  Errors: SNN_ECONFIG, SNN_ENOMEM. */
snn_status snn_frontend_create(snn_context *ctx, const snn_data_params *params, uint32_t rate,
                               snn_frontend **out, snn_error *err);
void snn_frontend_destroy(snn_frontend *frontend);

/* The rate at which clips must be given when the slowest of the set has `lowest` Hz. */
uint32_t snn_frontend_rate(const snn_data_params *params, uint32_t lowest);
uint32_t snn_frontend_bands(const snn_data_params *params);

/* Frames of a clip of n samples; at least 1. */
uint32_t snn_frontend_steps(const snn_frontend *frontend, uint64_t n);

/* Samples of a clip that are used; what comes later is cut. */
uint64_t snn_frontend_limit(const snn_frontend *frontend);

/* Bytes of scratch, aligned to 64. */
size_t snn_frontend_scratch(const snn_frontend *frontend);

/* frames[steps * bands] of the clip.  Threads: any number, each with its scratch. */
void snn_frontend_run(const snn_frontend *frontend, const float *clip, uint64_t n, void *scratch,
                      float *frames);

#endif
