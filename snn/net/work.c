/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the phases of a training step are made of, for profilers.  Bytes are a floor: each
 * array that a phase must read or write counts once for each pass over it, and is thought
 * to lie in memory.  Operations of element-wise phases are counted by their formulas, an
 * exponential as 20.
 */
#include "snn/net/net.h"

#include <snn/bench.h>

#include <math.h>

#define FLOAT       ((double)sizeof(float))
#define EXPONENTIAL 20.0
#define BUMP        (EXPONENTIAL + 6.0) /* of a tap: distance, square, exp, weight, sum */
#define SLOPES      12.0                /* of a tap: sums for weight, position and sigma */

/* Numbers of layer l: what it gives, what it takes, its taps. */
static double cells_of(const snn_tape *tape, uint32_t l)
{
    return (double)tape->layer[l].steps * tape->batch * tape->net->layer[l].n_out;
}

static double input_cells_of(const snn_tape *tape, uint32_t l)
{
    return l > 0 ? cells_of(tape, l - 1)
                 : (double)tape->steps * tape->batch * tape->net->params.n_inputs;
}

static double taps_of(const snn_tape *tape, uint32_t l)
{
    return (double)snn_synapse_taps(&tape->layer[l].synapse);
}

/* Weight, position and sigma of a layer's synapses. */
static double parameters_of(const snn_tape *tape, uint32_t l)
{
    const net_layer *layer = &tape->net->layer[l];
    const double elements = tape->net->params.delay.kernel_count;

    return elements * ((double)layer->synapses + 2.0 * (double)layer->delays);
}

/* Shared delays (snn/delay/README.md): a product and a bump along time for each element. */
static double shared_operations(const snn_tape *tape, uint32_t l, snn_delay_part part)
{
    const net_layer *layer = &tape->net->layer[l];
    const double rows = (double)tape->layer[l].steps * tape->batch;

    if (part == SNN_DELAY_SET_KERNEL)
        return 0.0;
    return 2.0 * rows * tape->net->params.delay.kernel_count *
           ((double)layer->n_in * layer->n_out + (double)tape->net->n_taps * layer->delays);
}

static double part_of(const snn_tape *tape, uint32_t l, snn_delay_part part)
{
    const snn_delay_plan *plan = tape->layer[l].synapse.plan;

    if (plan == NULL)
        return shared_operations(tape, l, part);
    return plan->solver->operations != NULL ? plan->solver->operations(plan, part) : NAN;
}

static snn_work synapse_work(const snn_tape *tape, uint32_t l, snn_delay_part part)
{
    return (snn_work){.operations = part_of(tape, l, part),
                      .bytes =
                          FLOAT * (input_cells_of(tape, l) + cells_of(tape, l) + taps_of(tape, l))};
}

/* Passes over a layer's array.  Forward: two for statistics, one that normalises, runs the
 * neurons and writes their output.  Backward: what they were given once more, from which
 * potentials are made again in the cache, and the gradient in and out, summed on the way (adaptive
 * neurons: in a pass over gradient and input); normalisation reads both and writes. */
static snn_work neuron_work(const snn_tape *tape, uint32_t l, bool backward)
{
    const bool hidden = tape->net->layer[l].hidden, norm = hidden && tape->net->params.batch_norm;
    const double cells = cells_of(tape, l);
    double arrays = backward ? 3.0 : 2.0, operations = backward ? 22.0 : 8.0;

    if (!hidden) { /* a leaky integrator, in place on the way back */
        arrays = 2.0;
        operations = 2.0;
    }
    if (norm) {
        arrays += !backward ? 2.0 : net_neuron_sums(tape, l) ? 3.0 : 5.0;
        operations += backward ? 14.0 : 4.0;
    }
    return (snn_work){.operations = operations * cells, .bytes = FLOAT * arrays * cells};
}

/* Scores and their gradient: softmax of each step, read and written both ways. */
static snn_work loss_work(const snn_tape *tape)
{
    const double cells = cells_of(tape, tape->net->layers - 1);

    return (snn_work){.operations = (EXPONENTIAL + 8.0) * cells, .bytes = FLOAT * 5.0 * cells};
}

/* Adam: parameter and two moments in and out, gradient in. */
static snn_work update_work(const snn_tape *tape)
{
    const double n = (double)tape->net->gradient_floats;

    return (snn_work){.operations = 14.0 * n, .bytes = FLOAT * 7.0 * n};
}

void snn_tape_work(const snn_tape *tape, snn_phase phase, uint32_t layer, snn_work *out)
{
    const uint32_t l = layer < tape->net->layers ? layer : 0;
    const double taps = taps_of(tape, l), parameters = parameters_of(tape, l);

    *out = (snn_work){0};
    switch (phase) {
    case SNN_PHASE_TAPS:
        out->operations = BUMP * taps + part_of(tape, l, SNN_DELAY_SET_KERNEL);
        out->bytes = FLOAT * (taps + parameters);
        break;
    case SNN_PHASE_SYNAPSE_FORWARD:
        *out = synapse_work(tape, l, SNN_DELAY_FORWARD);
        break;
    case SNN_PHASE_SYNAPSE_KERNEL_GRADIENT:
        *out = synapse_work(tape, l, SNN_DELAY_KERNEL_GRADIENT);
        break;
    case SNN_PHASE_SYNAPSE_INPUT_GRADIENT:
        *out = synapse_work(tape, l, SNN_DELAY_INPUT_GRADIENT);
        break;
    case SNN_PHASE_TAPS_BACKWARD:
        out->operations = (BUMP + SLOPES) * taps;
        out->bytes = FLOAT * (taps + 2.0 * parameters);
        break;
    case SNN_PHASE_NEURON_FORWARD:
    case SNN_PHASE_NEURON_BACKWARD:
        *out = neuron_work(tape, l, phase == SNN_PHASE_NEURON_BACKWARD);
        break;
    case SNN_PHASE_LOSS:
        *out = loss_work(tape);
        break;
    case SNN_PHASE_UPDATE:
        *out = update_work(tape);
        break;
    case SNN_PHASES:
        break;
    }
}
