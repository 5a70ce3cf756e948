/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run needs of a trainer beyond the public interface. */
#ifndef SNN_TRAIN_TRAINER_H
#define SNN_TRAIN_TRAINER_H

#include "snn/base/base.h"

#include <snn/train.h>

/* Batches of the epoch that are done, for messages after a resume. */
void snn_trainer_set_batch(snn_trainer *trainer, uint32_t batch);

/*
 * Evaluate with rounded delays on a tape that exists (a training one will do)
 * over a pass of `loader` in its order.  `stop` (may be NULL) is asked after
 * every batch; non-zero gives SNN_EINTERRUPTED.
 */
SNN_MUST_USE snn_status snn_evaluate_on(snn_tape *tape, snn_loader *loader, int (*stop)(void *user),
                                        void *user, snn_evaluation *out, snn_error *err);

#endif
