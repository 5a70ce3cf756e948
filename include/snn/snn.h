/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything: spiking networks whose synapses have learnable delays. */
#ifndef SNN_SNN_H
#define SNN_SNN_H

#include <snn/bench.h>
#include <snn/config.h>
#include <snn/context.h>
#include <snn/costs.h>
#include <snn/dataset.h>
#include <snn/encode.h>
#include <snn/file.h>
#include <snn/flow.h>
#include <snn/image.h>
#include <snn/live.h>
#include <snn/events.h>
#include <snn/motion.h>
#include <snn/watch.h>
#include <snn/movies.h>
#include <snn/fetch.h>
#include <snn/motifs.h>
#include <snn/network.h>
#include <snn/observe.h>
#include <snn/params.h>
#include <snn/random.h>
#include <snn/statistics.h>
#include <snn/status.h>
#include <snn/store.h>
#include <snn/survey.h>
#include <snn/tensor.h>
#include <snn/train.h>

#endif
