/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Read-out and loss.  The last layer integrates without firing,
 *
 *     v[t] = decay v[t-1] + leak + gain x[t]
 *
 * (spike_count: an LIF layer, whose spikes take the place of v).  Scores m come
 * from v as params.h says; the loss is the mean over samples of the cross
 * entropy of softmax(m): with `sum` a softmax of a sum of softmaxes, as published.
 */
#include "snn/net/net.h"

#include <math.h>
#include <string.h>

typedef struct {
    snn_tape *tape;
    float *g;
} readout_job;

static void tile_range(const snn_tape *tape, size_t tile, size_t *b0, size_t *b1)
{
    const size_t grain = net_grain(tape->batch);

    *b0 = tile * grain;
    *b1 = *b0 + grain < tape->batch ? *b0 + grain : tape->batch;
}

static const tape_layer *last_layer(const snn_tape *tape)
{
    return &tape->layer[tape->net->layers - 1];
}

static void run(snn_tape *tape, snn_tile_body body, float *g)
{
    readout_job job = {tape, g};
    const double numbers =
        (double)last_layer(tape)->steps * tape->batch * tape->net->params.n_outputs;

    snn_parallel(tape->ctx, snn_tiles(tape->batch, net_grain(tape->batch)), numbers * SNN_ELEMENT,
                 body, &job);
}

/* ---- integrator ------------------------------------------------------------------- */

void net_integrator(const snn_network *net, float *decay, float *leak, float *gain, float *rest)
{
    const snn_network_params *params = &net->params;
    const double rate = params->time_step_ms / (params->neuron.tau_ms + 1e-9);

    *rest = params->neuron.reset == SNN_RESET_HARD ? params->neuron.v_reset : 0.0f;
    *decay = (float)(1.0 - rate);
    *leak = (float)(rate * *rest);
    *gain = params->neuron.decay_input ? (float)rate : 1.0f;
}

static void integrate_tile(void *arg, size_t tile, int worker)
{
    const readout_job *job = arg;
    const snn_tape *tape = job->tape;
    const tape_layer *layer = last_layer(tape);
    const size_t n = tape->net->params.n_outputs, row = tape->batch * n;
    float decay, leak, gain, rest;
    size_t b0, b1;

    (void)worker;
    net_integrator(tape->net, &decay, &leak, &gain, &rest);
    tile_range(tape, tile, &b0, &b1);
    for (size_t t = 0; t < layer->steps; t++) {
        const float *x = layer->conv + t * row;
        float *v = layer->output + t * row;
        const float *before = t > 0 ? v - row : NULL;

        for (size_t j = b0 * n; j < b1 * n; j++)
            v[j] = decay * (before != NULL ? before[j] : rest) + leak + gain * x[j];
    }
}

static void unintegrate(const snn_tape *tape, size_t b0, size_t b1, float *g)
{
    const size_t n = tape->net->params.n_outputs, row = tape->batch * n;
    const size_t steps = last_layer(tape)->steps;
    float decay, leak, gain, rest;

    net_integrator(tape->net, &decay, &leak, &gain, &rest);
    for (size_t t = steps - 1; t-- > 0;)
        for (size_t j = b0 * n; j < b1 * n; j++)
            g[t * row + j] += decay * g[(t + 1) * row + j];
    if (gain != 1.0f)
        for (size_t t = 0; t < steps; t++)
            for (size_t j = b0 * n; j < b1 * n; j++)
                g[t * row + j] *= gain;
}

void net_readout_forward(snn_tape *tape)
{
    if (tape->net->params.loss == SNN_LOSS_SPIKE_COUNT)
        net_neuron_forward(tape, tape->net->layers - 1);
    else
        run(tape, integrate_tile, NULL);
}

/* ---- scores ------------------------------------------------------------------------- */

static size_t counted_steps(const tape_layer *layer, size_t b)
{
    return layer->valid != NULL && layer->valid[b] < layer->steps ? layer->valid[b] : layer->steps;
}

static snn_scores scores_of(const snn_tape *tape)
{
    const tape_layer *layer = last_layer(tape);

    return (snn_scores){.steps = layer->steps,
                        .row = (size_t)tape->batch * tape->net->params.n_outputs,
                        .classes = tape->net->params.n_outputs,
                        .valid = layer->valid,
                        .v = layer->output,
                        .p = tape->softmax};
}

/* Of samples b0 .. b1 the sum over steps of the output, or its largest value. */
static void score_output(const snn_tape *tape, size_t b0, size_t b1, bool top)
{
    const tape_layer *layer = last_layer(tape);
    const size_t n = tape->net->params.n_outputs, row = tape->batch * n;

    for (size_t j = b0 * n; j < b1 * n; j++)
        tape->score[j] = top ? (double)layer->output[j] : 0.0;
    for (size_t t = 0; t < layer->steps; t++) {
        const float *v = layer->output + t * row;

        for (size_t b = b0; b < b1; b++)
            for (size_t j = b * n; t < counted_steps(layer, b) && j < (b + 1) * n; j++)
                tape->score[j] = !top                            ? tape->score[j] + (double)v[j]
                                 : (double)v[j] > tape->score[j] ? (double)v[j]
                                                                 : tape->score[j];
    }
}

static void score_samples(const snn_tape *tape, size_t b0, size_t b1)
{
    const snn_loss loss = tape->net->params.loss;
    const size_t n = tape->net->params.n_outputs;
    const snn_scores scores = scores_of(tape);

    if (loss == SNN_LOSS_SUM)
        tape->ctx->kern->softmax_sum(&scores, b0, b1, tape->score);
    else
        score_output(tape, b0, b1, loss == SNN_LOSS_MAX);
    for (size_t j = b0 * n; j < b1 * n; j++) {
        const double steps = (double)counted_steps(last_layer(tape), j / n);

        tape->logits[j] = (float)(loss == SNN_LOSS_MEAN ? tape->score[j] / steps : tape->score[j]);
    }
}

/*
 * Cross entropy of one sample and its gradient,
 *
 *     log sum_c exp m_c  -  sum_c y_c m_c          (softmax(m) - y) / B
 *
 * for the target y = (1 - mix) onehot(label) + mix onehot(label2).  With mix 0 the
 * bits are those of one label: 1 m + 0 m' is m.
 */
static void entropy_sample(const snn_tape *tape, size_t b)
{
    const size_t n = tape->net->params.n_outputs, one = tape->label[b], two = tape->label2[b];
    const float *m = tape->logits + b * n;
    const double second = tape->mix[b], first = 1.0 - second;
    float *g = tape->g_logits + b * n;
    double top = m[0], sum = 0.0;

    for (size_t c = 1; c < n; c++)
        top = m[c] > top ? m[c] : top;
    for (size_t c = 0; c < n; c++)
        sum += exp(m[c] - top);
    tape->sample_loss[b] = log(sum) + top - (first * m[one] + second * m[two]);
    for (size_t c = 0; c < n; c++)
        g[c] = (float)((exp(m[c] - top) / sum - (first * (c == one) + second * (c == two))) /
                       tape->batch);
}

static void score_tile(void *arg, size_t tile, int worker)
{
    const readout_job *job = arg;
    const snn_tape *tape = job->tape;
    size_t b0, b1;

    (void)worker;
    tile_range(tape, tile, &b0, &b1);
    score_samples(tape, b0, b1);
    for (size_t b = b0; b < b1; b++)
        entropy_sample(tape, b);
}

/* Labels and shares of the batch, checked. */
static snn_status take_targets(snn_tape *tape, const snn_batch *batch, snn_error *err)
{
    const size_t n = tape->net->params.n_outputs;
    const bool mixed = batch->label2 != NULL && batch->mix != NULL;

    if ((batch->label2 != NULL) != (batch->mix != NULL))
        return snn_error_set(err, SNN_EINVAL, "label2", "label2 and mix belong together");
    for (uint32_t b = 0; b < tape->batch; b++) {
        const uint32_t one = batch->label[b], two = mixed ? batch->label2[b] : one;
        const float mix = mixed ? batch->mix[b] : 0.0f;

        if (one >= n || two >= n)
            return snn_error_set(err, SNN_EINVAL, "label",
                                 "sample %u of the batch has label %u of %zu classes", b,
                                 one >= n ? one : two, n);
        if (!(mix >= 0.0f && mix <= 1.0f))
            return snn_error_set(err, SNN_EINVAL, "mix", "sample %u: %g is not in [0, 1]", b,
                                 (double)mix);
        tape->label[b] = one;
        tape->label2[b] = two;
        tape->mix[b] = mix;
    }
    return SNN_OK;
}

snn_status snn_loss_forward(snn_tape *tape, const snn_batch *batch, double *loss, uint32_t *correct,
                            snn_error *err)
{
    const size_t n = tape->net->params.n_outputs;
    double since = snn_seconds(), total = 0.0;
    uint32_t right = 0;
    snn_status st;

    if (!tape->has_output || batch->batch != tape->batch)
        return snn_error_set(err, SNN_EINVAL, "snn_loss_forward",
                             "call snn_forward with this batch first");
    st = take_targets(tape, batch, err);
    if (st != SNN_OK)
        return st;
    run(tape, score_tile, NULL);
    for (uint32_t b = 0; b < tape->batch; b++) {
        const float *m = tape->logits + b * n;
        uint32_t best = 0;

        for (uint32_t c = 1; c < n; c++)
            best = m[c] > m[best] ? c : best;
        right += best == (tape->mix[b] > 0.5f ? tape->label2[b] : tape->label[b]);
        total += tape->sample_loss[b];
    }
    net_lap(tape, SNN_PHASE_LOSS, tape->net->layers - 1, &since);
    if (!isfinite(total))
        return snn_error_set(err, SNN_EDIVERGED, "loss", "the loss is not a finite number");
    tape->has_loss = true;
    *loss = total / tape->batch;
    *correct = right;
    return SNN_OK;
}

/* ---- backward ------------------------------------------------------------------------- */

/* Gradient at the read-out's output from the one at the scores: mean and spike count. */
static void spread_steps(const snn_tape *tape, size_t b0, size_t b1, float *g)
{
    const tape_layer *layer = last_layer(tape);
    const bool mean = tape->net->params.loss == SNN_LOSS_MEAN;
    const size_t n = tape->net->params.n_outputs, row = tape->batch * n;

    for (size_t t = 0; t < layer->steps; t++) {
        for (size_t b = b0; b < b1; b++) {
            const size_t steps = counted_steps(layer, b);
            const float *gm = tape->g_logits + b * n;
            float *out = g + t * row + b * n;

            for (size_t c = 0; c < n; c++)
                out[c] = t >= steps ? 0.0f : mean ? gm[c] / (float)steps : gm[c];
        }
    }
}

/* To the first step that has the largest value. */
static void spread_top(const snn_tape *tape, size_t b, float *g)
{
    const tape_layer *layer = last_layer(tape);
    const size_t n = tape->net->params.n_outputs, row = tape->batch * n,
                 steps = counted_steps(layer, b);

    for (size_t t = 0; t < layer->steps; t++)
        memset(g + t * row + b * n, 0, n * sizeof *g);
    for (size_t c = 0; c < n; c++) {
        size_t best = 0;

        for (size_t t = 1; t < steps; t++)
            if (layer->output[t * row + b * n + c] > layer->output[best * row + b * n + c])
                best = t;
        g[best * row + b * n + c] = tape->g_logits[b * n + c];
    }
}

static void spread_tile(void *arg, size_t tile, int worker)
{
    const readout_job *job = arg;
    const snn_tape *tape = job->tape;
    const snn_loss loss = tape->net->params.loss;
    const snn_scores scores = scores_of(tape);
    size_t b0, b1;

    (void)worker;
    tile_range(tape, tile, &b0, &b1);
    if (loss == SNN_LOSS_SUM)
        tape->ctx->kern->softmax_backward(&scores, b0, b1, tape->g_logits, job->g);
    else if (loss != SNN_LOSS_MAX)
        spread_steps(tape, b0, b1, job->g);
    for (size_t b = b0; loss == SNN_LOSS_MAX && b < b1; b++)
        spread_top(tape, b, job->g);
}

static void unintegrate_tile(void *arg, size_t tile, int worker)
{
    const readout_job *job = arg;
    size_t b0, b1;

    (void)worker;
    tile_range(job->tape, tile, &b0, &b1);
    unintegrate(job->tape, b0, b1, job->g);
}

void net_loss_backward(snn_tape *tape, float *g)
{
    const tape_layer *layer = last_layer(tape);

    run(tape, spread_tile, g);
    if (layer->g_output != NULL)
        memcpy(layer->g_output, g,
               (size_t)layer->steps * tape->batch * tape->net->params.n_outputs * sizeof *g);
}

void net_readout_backward(snn_tape *tape, float *g)
{
    if (tape->net->params.loss == SNN_LOSS_SPIKE_COUNT)
        net_neuron_backward(tape, tape->net->layers - 1, g);
    else
        run(tape, unintegrate_tile, g);
}
