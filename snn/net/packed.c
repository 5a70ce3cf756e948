/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Evaluation at rounded delays with spikes as bits.
 *
 * A layer of frames is written to memory and read again four times on its way through
 * synapses and neurons; a spike is one bit.  So here a neuron is fired where its sums were
 * just made, and only bits go on.  The input's numbers are not bits: the first layer's sums
 * are shifted products (taps.c), the others' come from tables (lookup.h).  The sums are those of
 * the layers one by one, in another order.
 */
#include "snn/delay/rows.h"
#include "snn/net/net.h"

#include <string.h>

#define OUTPUTS 16u /* neurons of a tile: enough to share what it reads, few enough to share work  \
                     */
/* Samples of the largest block that kernels know. */
#define SAMPLES (SNN_LOOKUP_GROUPS * SNN_LOOKUP_LANES)

typedef struct {
    snn_tape *tape;
    uint32_t l;
    snn_lif lif;
    const snn_lookup *lookup;
    const snn_spike_bits *to; /* hidden layers' spikes */
} packed_job;

bool net_packed_can(const snn_tape *tape)
{
    const snn_network *net = tape->net;
    const snn_neuron_params *neuron = &net->params.neuron;
    const snn_delay_problem first = net_rounded_problem(tape, 0);

    if (net->n_taps == 1 || net->layers < 2 || tape->params.keep ||
        net->params.delay.solver != SNN_SOLVER_AUTO ||
        net->params.delay.sharing != SNN_SHARING_SYNAPSE || neuron->model != SNN_NEURON_LIF ||
        neuron->smooth || !snn_rows_fit(&first) || snn_rows_lanes(&first) != SNN_ROWS_LANES)
        return false;
    for (uint32_t l = 1; l < net->layers; l++) {
        const snn_delay_problem problem = net_rounded_problem(tape, l);

        if (!snn_lookup_fits(tape->ctx, &problem))
            return false;
    }
    return true;
}

/* Numbers from channel to channel: all steps of the layer that has most, in whole chunks. */
static size_t stride_of(const snn_tape *tape)
{
    const size_t steps = tape->params.steps + (size_t)(tape->net->layers - 1) * tape->net->pad;

    return snn_tiles(steps, SNN_LOOKUP_STEPS) * SNN_LOOKUP_STEPS;
}

snn_status net_packed_create(snn_tape *tape)
{
    const size_t sub_blocks = snn_tiles(tape->params.batch, SNN_LOOKUP_LANES);
    const size_t stride = stride_of(tape);
    size_t channels = 0;
    snn_status st = SNN_OK;

    if (tape->spikes[1].bits != NULL)
        return SNN_OK;
    for (uint32_t l = 0; l + 1 < tape->net->layers; l++)
        if (tape->net->layer[l].n_out > channels)
            channels = tape->net->layer[l].n_out;
    net_packed_destroy(tape);
    for (size_t i = 0; i < SNN_COUNT(tape->spikes); i++) {
        TRY_ALLOC(st, tape->ctx, tape->spikes[i].bits, sub_blocks * channels * stride);
        tape->spikes[i].stride = stride;
    }
done:
    return st;
}

void net_packed_destroy(snn_tape *tape)
{
    for (size_t i = 0; i < SNN_COUNT(tape->spikes); i++) {
        snn_free(tape->ctx, tape->spikes[i].bits);
        tape->spikes[i].bits = NULL;
    }
}

static float bias_of(const packed_job *job, size_t c)
{
    const float *bias = job->tape->net->layer[job->l].p.bias;

    return bias != NULL ? bias[c] : 0.0f;
}

/* ---- the first layer ------------------------------------------------------------------------ */

/* All neurons of a sub-block. */
static void fire_rows(void *user, size_t sub_block, const float *y, size_t stride)
{
    const packed_job *job = user;
    const snn_kern *kern = job->tape->ctx->kern;

    for (size_t c = 0; c < job->lif.channels; c++) {
        float v[SNN_LOOKUP_LANES];

        for (size_t lane = 0; lane < SNN_LOOKUP_LANES; lane++)
            v[lane] = job->lif.start;
        kern->lif_fire(&job->lif, c, bias_of(job, c), y + c * stride, job->lif.steps, v,
                       snn_spike_row(job->to, sub_block, c));
    }
}

static snn_synapse *build(snn_tape *tape, uint32_t l, double *since)
{
    snn_synapse *synapse = net_plan_synapse(tape, l);

    snn_synapse_begin(synapse, tape->batch, tape->steps + l * tape->net->pad);
    snn_synapse_build(synapse, true);
    net_lap(tape, SNN_PHASE_TAPS, l, since);
    return synapse;
}

static void first_layer(packed_job *job, double *since)
{
    snn_tape *tape = job->tape;
    snn_synapse *synapse = build(tape, 0, since);
    const snn_frames x = {.batch = tape->batch, .steps = tape->steps, .dense = tape->input};

    snn_taps_forward_rows(synapse->plan, &x, fire_rows, job);
}

/* ---- the others ----------------------------------------------------------------------------- */

static void fire_chunk(const packed_job *job, size_t block, size_t c, size_t t, const float *sum,
                       float *v)
{
    const snn_lookup *lookup = job->lookup;
    const size_t parts = snn_lookup_parts(lookup);

    for (size_t p = 0; p < parts && (block * parts + p) * SNN_LOOKUP_LANES < lookup->batch; p++)
        lookup->ctx->kern->lif_fire(&job->lif, c, bias_of(job, c),
                                    sum + p * SNN_LOOKUP_STEPS * SNN_LOOKUP_LANES, SNN_LOOKUP_STEPS,
                                    v + p * SNN_LOOKUP_LANES,
                                    snn_spike_row(job->to, block * parts + p, c) + t);
}

/* Sums of the read-out, into its frames. */
static void write_chunk(const packed_job *job, size_t block, size_t c, size_t t, const float *sum)
{
    const tape_layer *layer = &job->tape->layer[job->l];
    const size_t n = job->lookup->n_out, batch = job->lookup->batch;
    const size_t b0 = block * job->lookup->samples;
    const size_t samples = batch - b0 < job->lookup->samples ? batch - b0 : job->lookup->samples;

    for (size_t s = 0; s < SNN_LOOKUP_STEPS && t + s < layer->steps; s++) {
        float *out = layer->conv + ((t + s) * batch + b0) * n + c;

        for (size_t b = 0; b < samples; b++)
            out[b * n] = sum[(b / SNN_LOOKUP_LANES * SNN_LOOKUP_STEPS + s) * SNN_LOOKUP_LANES +
                             b % SNN_LOOKUP_LANES];
    }
}

/* A few neurons of a block of samples: a chunk of steps at a time, of all of them. */
static void lookup_tile(void *arg, size_t tile, int worker)
{
    const packed_job *job = arg;
    const snn_lookup *lookup = job->lookup;
    const size_t groups = snn_tiles(lookup->n_out, OUTPUTS), block = tile / groups;
    const size_t c0 = tile % groups * OUTPUTS;
    const size_t c1 = c0 + OUTPUTS < lookup->n_out ? c0 + OUTPUTS : lookup->n_out;
    float sum[SAMPLES * SNN_LOOKUP_STEPS], v[OUTPUTS][SAMPLES];

    (void)worker;
    for (size_t i = 0; i < OUTPUTS * SAMPLES; i++)
        v[i / SAMPLES][i % SAMPLES] = job->lif.start;
    for (size_t t = 0; t < job->lif.steps; t += SNN_LOOKUP_STEPS) {
        for (size_t c = c0; c < c1; c++) {
            snn_lookup_sums(lookup, block, c, t, sum);
            if (job->to != NULL)
                fire_chunk(job, block, c, t, sum, v[c - c0]);
            else
                write_chunk(job, block, c, t, sum);
        }
    }
}

static void later_layer(packed_job *job, const snn_spike_bits *from, double *since)
{
    snn_tape *tape = job->tape;
    const snn_delay_problem problem = net_rounded_problem(tape, job->l);
    const snn_synapse *synapse = build(tape, job->l, since);
    const double terms = (double)problem.n_in * problem.n_out * problem.elements;
    snn_lookup lookup;

    snn_lookup_begin(&lookup, tape->ctx, &problem, tape->batch, tape->scratch);
    snn_lookup_set_kernel(&lookup, &synapse->kernel);
    net_lap(tape, SNN_PHASE_TAPS, job->l, since);
    snn_lookup_set_spikes(&lookup, from, tape->layer[job->l - 1].steps);
    job->lookup = &lookup;
    snn_parallel(tape->ctx, lookup.blocks * snn_tiles(lookup.n_out, OUTPUTS),
                 terms * tape->batch * (double)job->lif.steps, lookup_tile, job);
}

/* ---- all ------------------------------------------------------------------------------------ */

void net_packed_forward(snn_tape *tape, double *since)
{
    const snn_network *net = tape->net;
    const uint32_t last = net->layers - 1;

    for (uint32_t l = 0; l <= last; l++) {
        const tape_layer *layer = &tape->layer[l];
        snn_spike_bits *to = &tape->spikes[l % 2];
        packed_job job = {.tape = tape, .l = l, .lif = net_lif(net, l), .to = l < last ? to : NULL};

        to->channels = net->layer[l].n_out;
        if (l < last && net->params.batch_norm)
            net_norm_forward(tape, l);
        job.lif.steps = layer->steps;
        job.lif.mean = layer->mean;
        job.lif.scale = layer->scale;
        job.lif.shift = net->layer[l].p.beta;
        if (l == 0)
            first_layer(&job, since);
        else
            later_layer(&job, &tape->spikes[(l - 1) % 2], since);
        if (l == last)
            net_add_bias(tape, l);
        net_lap(tape, SNN_PHASE_SYNAPSE_FORWARD, l, since);
    }
    net_readout_forward(tape);
    net_lap(tape, SNN_PHASE_NEURON_FORWARD, last, since);
}
