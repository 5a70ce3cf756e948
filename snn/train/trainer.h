/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run needs of a trainer beyond the public interface. */
#ifndef SNN_TRAIN_TRAINER_H
#define SNN_TRAIN_TRAINER_H

#include "snn/base/base.h"

#include <snn/train.h>

/* Batches of the epoch that are done, for messages after a resume. */
void snn_trainer_set_batch(snn_trainer *trainer, uint32_t batch);

/* After the tensors were read back: choose solvers as the run did that wrote them. */
SNN_MUST_USE snn_status snn_trainer_loaded(snn_trainer *trainer, snn_error *err);
/* Before the first step: if nobody knows yet how dense the input is, measure it on this
 * batch and choose solvers anew.  SNN_ENOMEM. */
SNN_MUST_USE snn_status snn_trainer_see(snn_trainer *trainer, const snn_batch *batch,
                                        snn_error *err);

/* Asked after every batch (NULL = never): non-zero ends the pass with SNN_EINTERRUPTED. */
typedef struct snn_stop {
    int (*ask)(void *user);
    void *user;
} snn_stop;

/* Evaluate with rounded delays on a tape that exists (a training one will do)
 * over a pass of `loader` in its order. */
SNN_MUST_USE snn_status snn_evaluate_on(snn_tape *tape, snn_loader *loader, const snn_stop *stop,
                                        snn_evaluation *out, snn_error *err);

/* Re-estimate the statistics of batch normalisation over passes of `loader` in the
 * order of the seed's first epoch; a stop leaves some layers done. */
SNN_MUST_USE snn_status snn_reestimate_on(snn_tape *tape, snn_loader *loader, uint64_t seed,
                                          const snn_stop *stop, snn_error *err);

/* A loader of some samples and a tape for passes over its batches; SNN_EINVAL
 * where network and data do not fit.  On failure both are as before. */
SNN_MUST_USE snn_status snn_evaluation_open(snn_network *net, snn_dataset *dataset, snn_split split,
                                            const uint32_t *index, uint32_t count,
                                            uint32_t batch_size, snn_loader **loader,
                                            snn_tape **tape, snn_error *err);

#endif
