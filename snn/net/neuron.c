/* SPDX-License-Identifier: BSD-3-Clause */
/* Layers of neurons with dropout: forward and backward. */
#include "snn/net/net.h"

#include <snn/random.h>

#include <math.h>
#include <string.h>

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

/* Numbers that a tile remembers of each array at a time: what a core keeps of them in its own
 * cache. */
#define WINDOW_FLOATS 65536u
#define LINE_FLOATS   16u
#define RESTORED      4u /* steps of a tile whose spikes are made of bits */

/* Samples of a tile whose potentials are made again together, and their channels.  Those of
 * adaptive neurons are one sum in the gradients of their parameters.  Of others it may be a part
 * of the channels of one sample. */
static size_t window_samples(const snn_tape *tape, size_t steps, size_t channels, bool adaptive)
{
    const size_t grain = net_grain(tape->params.batch), fit = WINDOW_FLOATS / (steps * channels);

    return adaptive || fit > grain ? grain : fit > 0 ? fit : 1;
}

static size_t window_channels(size_t steps, size_t channels, bool adaptive)
{
    const size_t pieces = (steps * channels + WINDOW_FLOATS / 2) / WINDOW_FLOATS;
    const size_t each = snn_tiles(snn_tiles(channels, pieces > 0 ? pieces : 1), LINE_FLOATS);

    return adaptive || each * LINE_FLOATS > channels ? channels : each * LINE_FLOATS;
}

/* The sums of batch normalisation are made by the neurons' backward pass. */
bool net_neuron_sums(const snn_tape *tape, uint32_t l)
{
    return tape->net->layer[l].hidden && tape->net->params.batch_norm != 0 &&
           !net_is_adaptive(tape->net, l);
}

size_t net_window_floats(const snn_tape *tape, uint32_t l)
{
    const size_t steps = tape->params.steps + (l + 1) * tape->net->pad;
    const size_t channels = tape->net->layer[l].n_out;
    const bool adaptive = net_is_adaptive(tape->net, l);

    return (net_neuron_sums(tape, l) ? 2 : 1) * window_samples(tape, steps, channels, adaptive) *
           window_channels(steps, channels, adaptive) * steps;
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

/* The part of `lif` that begins at column j, remembered by this worker. */
static snn_lif window_at(const neuron_job *job, size_t j, size_t columns, int worker)
{
    const snn_tape *tape = job->tape;
    snn_lif window = job->adlif.lif;

    window.mask = past(window.mask, j);
    window.conv += j;
    window.g += j;
    window.g_keep_s = window.g_keep_s != NULL ? window.g_keep_s + j : NULL;
    window.h = tape->window + (size_t)worker * tape->window_floats;
    window.h_row = columns;
    window.bits = window.marks = NULL;
    window.output = window.keep_x = window.keep_v = window.keep_s = NULL;
    return window;
}

/*
 * Potentials before reset are not kept from the forward pass: they are made again, by the
 * same kernel from the same numbers and so with the same bits, a few samples at a time.
 * That takes less than writing and reading them, and no memory.  While gradient and input are
 * there, batch normalisation's sums over both are made.
 */
static void backward_samples(const neuron_job *job, size_t tile, size_t j0, size_t columns,
                             int worker)
{
    const snn_tape *tape = job->tape;
    const snn_kern *kern = tape->ctx->kern;
    const snn_lif *lif = &job->adlif.lif;
    const size_t channels = lif->channels, samples = columns / channels;
    const size_t most =
        window_channels(tape->params.steps + lif->steps - tape->steps, channels, false);
    float *sums = tape->partial + tile * 2 * channels;
    float *state = tape->state + (size_t)worker * tape->state_floats;

    for (size_t c = 0; c < channels; c += most) {
        const size_t each = channels - c < most ? channels - c : most;
        snn_lif window = window_at(job, j0 + c, samples * each, worker);

        window.channels = each;
        if (lif->mean != NULL) {
            window.mean += c;
            window.scale += c;
            window.shift += c;
            window.centred = window.h + lif->steps * samples * each;
            window.sum_g = sums + c;
            window.sum_gx = sums + channels + c;
        }
        kern->lif_forward(&window, 0, samples * each, state);
        kern->lif_backward(&window, 0, samples * each, state);
    }
}

static void backward_adaptive(const neuron_job *job, size_t tile, size_t j, size_t columns,
                              int worker)
{
    const snn_tape *tape = job->tape;
    const snn_kern *kern = tape->ctx->kern;
    float *state = tape->state + (size_t)worker * tape->state_floats;
    snn_adlif window = job->adlif;

    window.lif = window_at(job, j, columns, worker);
    window.w = NULL;
    kern->adlif_forward(&window, 0, columns, state);
    window.w = job->adlif.w != NULL ? job->adlif.w + j : NULL;
    window.sums = tape->partial + tile * SNN_ADLIF_SUMS * window.lif.channels;
    kern->adlif_backward(&window, 0, columns, state);
}

static void backward_tile(const neuron_job *job, size_t tile, size_t j0, size_t j1, int worker)
{
    const snn_tape *tape = job->tape;
    const snn_lif *lif = &job->adlif.lif;
    const size_t steps = tape->params.steps + lif->steps - tape->steps;
    const size_t most = lif->channels * window_samples(tape, steps, lif->channels, job->adaptive);

    if (lif->mean != NULL && !job->adaptive)
        memset(tape->partial + tile * 2 * lif->channels, 0,
               2 * lif->channels * sizeof *tape->partial);
    for (size_t j = j0; j < j1; j += most) {
        const size_t columns = j1 - j < most ? j1 - j : most;

        if (job->adaptive)
            backward_adaptive(job, tile, j, columns, worker);
        else
            backward_samples(job, tile, j, columns, worker);
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

/* Who looks inside wants all gradients; where spikes are smooth there are no cells without. */
bool net_marks(const snn_tape *tape, uint32_t l)
{
    const snn_network_params *params = &tape->net->params;

    return tape->params.train && !tape->params.keep && tape->net->layer[l].hidden &&
           params->delay.sharing == SNN_SHARING_SYNAPSE && !params->neuron.smooth &&
           snn_surrogate_is_compact(params->neuron.surrogate);
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
    lif.mark = tape->mode == SNN_MODE_TRAIN && net_marks(tape, l);
    lif.output = layer->output;
    lif.bits = tape->mode == SNN_MODE_TRAIN ? layer->bits : NULL;
    lif.marks = tape->mode == SNN_MODE_TRAIN ? layer->marks : NULL;
    lif.past = lif.steps * lif.row > SNN_PAST_FLOATS;
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

typedef struct {
    const snn_kern *kern;
    snn_lif lif;
} restore_job;

static void restore_tile(void *arg, size_t tile, int worker)
{
    const restore_job *job = arg;
    const size_t t0 = tile * RESTORED, t1 = t0 + RESTORED;

    (void)worker;
    job->kern->lif_output(&job->lif, t0, t1 < job->lif.steps ? t1 : job->lif.steps);
}

void net_neuron_restore(snn_tape *tape, uint32_t l, float *output)
{
    restore_job job = {.kern = tape->ctx->kern, .lif = lif_of(tape, l)};

    job.lif.output = tape->layer[l].output = output;
    snn_parallel(tape->ctx, snn_tiles(job.lif.steps, RESTORED),
                 (double)job.lif.steps * (double)job.lif.row * SNN_ELEMENT, restore_tile, &job);
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
