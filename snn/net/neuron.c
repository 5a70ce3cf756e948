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

/* Numbers of potentials that a tile remembers at a time, or one sample's: what a core keeps
 * in its own cache. */
#define WINDOW_FLOATS 65536u

/* Samples of a tile whose potentials are made again together.  Those of adaptive neurons are
 * one sum in the gradients of their parameters. */
static size_t window_samples(const snn_tape *tape, size_t steps, size_t channels, bool adaptive)
{
    const size_t grain = net_grain(tape->params.batch), fit = WINDOW_FLOATS / (steps * channels);

    return adaptive || fit > grain ? grain : fit > 0 ? fit : 1;
}

size_t net_window_floats(const snn_tape *tape, uint32_t l)
{
    const size_t steps = tape->params.steps + (l + 1) * tape->net->pad;
    const size_t channels = tape->net->layer[l].n_out;

    return window_samples(tape, steps, channels, net_is_adaptive(tape->net, l)) * steps * channels;
}

static void forward_tile(const neuron_job *job, size_t j0, size_t j1, float *state)
{
    const snn_kern *kern = job->tape->ctx->kern;

    if (job->adaptive)
        kern->adlif_forward(&job->adlif, j0, j1, state);
    else
        kern->lif_forward(&job->adlif.lif, j0, j1, state);
}

static const float *past(const float *row, size_t j)
{
    return row != NULL ? row + j : NULL;
}

/*
 * Potentials before reset are not kept from the forward pass: they are made again, by the
 * same kernel from the same numbers and so with the same bits, a few samples at a time.
 * That takes less than writing and reading them, and no memory.
 */
static void backward_tile(const neuron_job *job, size_t tile, size_t j0, size_t j1, int worker)
{
    const snn_tape *tape = job->tape;
    const snn_kern *kern = tape->ctx->kern;
    const snn_lif *lif = &job->adlif.lif;
    const size_t most =
        lif->channels * window_samples(tape, tape->params.steps + lif->steps - tape->steps,
                                       lif->channels, job->adaptive);
    float *state = tape->state + (size_t)worker * tape->state_floats;

    for (size_t j = j0; j < j1; j += most) {
        const size_t columns = j1 - j < most ? j1 - j : most;
        snn_adlif window = job->adlif;

        window.lif.conv += j;
        window.lif.mask = past(lif->mask, j);
        window.lif.g += j;
        window.lif.g_keep_s = lif->g_keep_s != NULL ? lif->g_keep_s + j : NULL;
        window.lif.h = tape->window + (size_t)worker * tape->window_floats;
        window.lif.h_row = columns;
        window.lif.output = window.lif.keep_x = window.lif.keep_v = window.lif.keep_s = NULL;
        window.w = NULL;
        if (!job->adaptive) {
            kern->lif_forward(&window.lif, 0, columns, state);
            kern->lif_backward(&window.lif, 0, columns, state);
            continue;
        }
        kern->adlif_forward(&window, 0, columns, state);
        window.w = job->adlif.w != NULL ? job->adlif.w + j : NULL;
        window.sums = tape->partial + tile * SNN_ADLIF_SUMS * lif->channels;
        kern->adlif_backward(&window, 0, columns, state);
    }
}

static void neuron_tile(void *arg, size_t tile, int worker)
{
    const neuron_job *job = arg;
    const snn_tape *tape = job->tape;
    const size_t grain = net_grain(tape->batch), channels = job->adlif.lif.channels;
    const size_t b0 = tile * grain, b1 = b0 + grain < tape->batch ? b0 + grain : tape->batch;

    if (job->backward)
        backward_tile(job, tile, b0 * channels, b1 * channels, worker);
    else
        forward_tile(job, b0 * channels, b1 * channels,
                     tape->state + (size_t)worker * tape->state_floats);
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
