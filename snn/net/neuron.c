/* SPDX-License-Identifier: BSD-3-Clause */
/* Layers of neurons with dropout: forward and backward. */
#include "snn/net/net.h"

#include <snn/random.h>

#include <math.h>

/*
 * One mask per sample and neuron, the same for all steps, scaled by 1/(1-p).
 * Its key is (seed, epoch, sample, layer): it does not depend on which batch a
 * sample comes in.
 */
void net_dropout(snn_tape *tape, uint32_t l, const snn_batch *batch, const snn_pass *pass)
{
    const float p = tape->net->params.dropout, keep = 1.0f / (1.0f - p);
    const uint32_t n = tape->net->layer[l].n_out;
    const snn_key key = {pass->seed, SNN_STREAM_DROPOUT};
    float *mask = tape->layer[l].mask;

    if (mask == NULL)
        return;
    for (uint32_t b = 0; b < batch->batch; b++) {
        const uint32_t sample = batch->sample != NULL ? batch->sample[b] : b;

        for (uint32_t c = 0; c < n; c += 4) {
            const uint64_t counter = (uint64_t)sample << 32 | c / 4;
            uint32_t four[4];

            snn_random4(key, counter, pass->epoch, l, four);
            for (uint32_t i = 0; i < 4 && c + i < n; i++) {
                const float u = (float)(four[i] >> 8) * 0x1p-24f;

                mask[(size_t)b * n + c + i] = u < p ? 0.0f : keep;
            }
        }
    }
}

typedef struct {
    const snn_tape *tape;
    snn_adlif adlif; /* of other neurons only its lif */
    bool adaptive, backward;
} neuron_job;

static void neuron_tile(void *arg, size_t tile, int worker)
{
    const neuron_job *job = arg;
    const snn_tape *tape = job->tape;
    const snn_kern *kern = tape->ctx->kern;
    const size_t grain = net_grain(tape->batch), channels = job->adlif.lif.channels;
    const size_t b0 = tile * grain, b1 = b0 + grain < tape->batch ? b0 + grain : tape->batch;
    float *state = tape->state + (size_t)worker * tape->state_floats;
    snn_adlif adlif = job->adlif;

    if (job->adaptive && job->backward) {
        adlif.sums = tape->partial + tile * SNN_ADLIF_SUMS * channels;
        kern->adlif_backward(&adlif, b0 * channels, b1 * channels, state);
    } else if (job->adaptive) {
        kern->adlif_forward(&adlif, b0 * channels, b1 * channels, state);
    } else if (job->backward) {
        kern->lif_backward(&adlif.lif, b0 * channels, b1 * channels, state);
    } else {
        kern->lif_forward(&adlif.lif, b0 * channels, b1 * channels, state);
    }
}

static size_t run(neuron_job *job)
{
    const size_t batch = job->tape->batch, tiles = snn_tiles(batch, net_grain(batch));
    const snn_lif *lif = &job->adlif.lif;

    snn_parallel(job->tape->ctx, tiles, (double)lif->steps * (double)lif->row * SNN_ELEMENT,
                 neuron_tile, job);
    return tiles;
}

/* The read-out of spike_count is a layer of plain LIF neurons too, with a threshold
 * of its own and neither normalisation nor dropout. */
snn_lif net_lif(const snn_network *net, uint32_t l)
{
    const snn_neuron_params *neuron = &net->params.neuron;
    const net_layer *parameters = &net->layer[l];
    const bool hard = neuron->reset == SNN_RESET_HARD;
    const bool filtered = parameters->hidden && neuron->model == SNN_NEURON_CUBA;
    const double rate = net->params.time_step_ms / (neuron->tau_ms + 1e-9); /* 1 / tau in steps */

    return (snn_lif){
        .decay = (float)(1.0 - rate),
        .gain = neuron->decay_input ? (float)rate : 1.0f,
        .leak = hard ? (float)(rate * neuron->v_reset) : 0.0f,
        .start = hard ? neuron->v_reset : 0.0f,
        .threshold = parameters->hidden ? neuron->v_threshold : net->params.readout_threshold,
        .v_reset = neuron->v_reset,
        .alpha = neuron->surrogate_alpha,
        .syn_decay =
            filtered ? (float)exp(-(double)net->params.time_step_ms / neuron->tau_syn_ms) : 0.0f,
        .reset = neuron->reset,
        .surrogate = neuron->surrogate,
        .detach_reset = neuron->detach_reset != 0,
        .smooth = neuron->smooth != 0,
        .channels = parameters->n_out,
    };
}

static snn_lif lif_of(snn_tape *tape, uint32_t l)
{
    const tape_layer *layer = &tape->layer[l];
    snn_lif lif = net_lif(tape->net, l);

    lif.steps = layer->steps;
    lif.row = (size_t)tape->batch * lif.channels;
    lif.mean = layer->mean;
    lif.scale = layer->scale;
    lif.shift = tape->net->layer[l].p.beta;
    lif.conv = layer->conv;
    lif.mask = tape->mode == SNN_MODE_TRAIN ? layer->mask : NULL;
    lif.h = layer->h;
    lif.output = layer->output;
    lif.keep_x = layer->bn;
    lif.keep_v = layer->membrane;
    lif.keep_s = layer->spikes;
    lif.g_keep_s = layer->g_spikes;
    return lif;
}

static neuron_job job_of(snn_tape *tape, uint32_t l)
{
    const net_views *p = &tape->net->layer[l].p;
    const float *adapt = tape->layer[l].adapt;
    const size_t channels = tape->net->layer[l].n_out;
    neuron_job job = {
        .tape = tape, .adlif.lif = lif_of(tape, l), .adaptive = net_is_adaptive(tape->net, l)};

    if (job.adaptive) {
        net_adaptive_views(&job.adlif, adapt, channels);
        job.adlif.a = p->a;
        job.adlif.b = p->b;
        job.adlif.w = tape->layer[l].w;
    }
    return job;
}

void net_neuron_forward(snn_tape *tape, uint32_t l)
{
    neuron_job job = job_of(tape, l);

    if (job.adaptive)
        net_adaptive_fill(tape->net, l, tape->layer[l].adapt);
    run(&job);
}

void net_neuron_backward(snn_tape *tape, uint32_t l, float *g)
{
    neuron_job job = job_of(tape, l);
    size_t tiles;

    job.backward = true;
    job.adlif.lif.g = g;
    tiles = run(&job);
    if (job.adaptive)
        net_adaptive_collect(tape, l, tiles);
}
