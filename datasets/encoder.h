/* SPDX-License-Identifier: BSD-3-Clause */
/* What the encoding of a folder needs from the encoder besides its public face. */
#ifndef SNN_DATASETS_ENCODER_H
#define SNN_DATASETS_ENCODER_H

#include "datasets/cochlea.h"

/* Rate at which a recording of `rate` Hz is encoded. */
uint32_t snn_encoder_rate(const snn_encoder *encoder, uint32_t rate);
/* Samples that are encoded of n at `rate` (already the encoder's own). */
uint64_t snn_encoder_samples(const snn_encoder *encoder, uint64_t n, uint32_t rate);
double snn_encoder_ticks_per_s(const snn_encoder *encoder, uint32_t rate);

/* Be ready for clips of n samples at `rate`: tables and plans.  Not while another
 * thread encodes or plans. */
snn_status snn_encoder_prepare(snn_encoder *encoder, uint64_t n, uint32_t rate, snn_error *err);
/* One clip at the encoder's rate, for which it was prepared: sound[] has room for
 * snn_encoder_samples.  Threads: any number at a time. */
snn_status snn_encoder_run(const snn_encoder *encoder, float *sound, uint64_t n, uint32_t rate,
                           const char *key, snn_spike_list *out, snn_error *err);
/* Between clips: drop what has piled up. */
void snn_encoder_trim(snn_encoder *encoder);
const snn_encode_params *snn_encoder_get_params(const snn_encoder *encoder);

#endif
