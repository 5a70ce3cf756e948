/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batch normalisation over batch x time (Ioffe & Szegedy 2015), as in torch:
 * biased variance normalises, the unbiased one enters the running average.
 * With mask_padding only a sample's own steps are counted.
 */
#include "snn/net/net.h"

#include <math.h>
#include <string.h>

typedef enum { SUM, MOMENTS, BACKWARD_SUM, BACKWARD } norm_task;

typedef struct {
    const snn_tape *tape;
    const tape_layer *layer;
    norm_task task;
    snn_norm norm;
    float *g;
} norm_job;

static void norm_tile(void *arg, size_t tile, int worker)
{
    norm_job *job = arg;
    const snn_tape *tape = job->tape;
    const snn_kern *kern = tape->ctx->kern;
    const size_t grain = net_grain(tape->batch), channels = job->norm.channels;
    const size_t b0 = tile * grain, b1 = b0 + grain < tape->batch ? b0 + grain : tape->batch;
    float *partial = tape->partial + tile * 2 * channels;

    (void)worker;
    switch (job->task) {
    case SUM:
        kern->norm_sum(&job->norm, b0, b1, partial);
        break;
    case MOMENTS:
        kern->norm_moments(&job->norm, b0, b1, partial, partial + channels);
        break;
    case BACKWARD_SUM:
        kern->norm_backward_sum(&job->norm, b0, b1, partial, partial + channels);
        break;
    case BACKWARD:
        kern->norm_backward(&job->norm, b0, b1, job->layer->scale, job->layer->mean_g,
                            job->layer->mean_gx, job->g);
        break;
    }
}

static size_t run(norm_job *job, norm_task task)
{
    const size_t tiles = snn_tiles(job->tape->batch, net_grain(job->tape->batch));

    job->task = task;
    snn_parallel(job->tape->ctx, tiles,
                 (double)job->norm.steps * (double)job->norm.row * SNN_ELEMENT, norm_tile, job);
    return tiles;
}

/* fold[c] = sum over tiles, in their order, of partial[tile][which][c]. */
static void fold(const snn_tape *tape, size_t tiles, size_t channels, size_t which)
{
    for (size_t c = 0; c < channels; c++)
        tape->fold[c] = 0.0;
    for (size_t tile = 0; tile < tiles; tile++) {
        const float *partial = tape->partial + (tile * 2 + which) * channels;

        for (size_t c = 0; c < channels; c++)
            tape->fold[c] += (double)partial[c];
    }
}

static norm_job job_of(snn_tape *tape, uint32_t l, const float *x)
{
    const tape_layer *layer = &tape->layer[l];
    const size_t channels = tape->net->layer[l].n_out;

    return (norm_job){.tape = tape,
                      .layer = layer,
                      .norm = {.steps = layer->steps,
                               .row = tape->batch * channels,
                               .channels = channels,
                               .x = x,
                               .valid = layer->valid,
                               .mean = layer->mean,
                               .inv_std = layer->inv_std}};
}

/* Rows of samples b0 .. b1 that statistics are made of. */
static double rows_of(const tape_layer *layer, size_t b0, size_t b1)
{
    double rows = 0.0;

    if (layer->valid == NULL)
        return (double)layer->steps * (double)(b1 - b0);
    for (size_t b = b0; b < b1; b++)
        rows += layer->valid[b];
    return rows;
}

static double counted_rows(const snn_tape *tape, const tape_layer *layer)
{
    return rows_of(layer, 0, tape->batch);
}

/* Mean of a channel in the batch, and the sum of squared deviations from it: of tiles of n_k
 * rows, means m_k and squares S_k
 *
 *     m = sum n_k m_k / n,   S = sum S_k + n_k (m_k - m)^2
 */
static double merge(const snn_tape *tape, const tape_layer *layer, size_t tiles, size_t channels,
                    size_t c, double *mean)
{
    const size_t batch = tape->batch, grain = net_grain(batch);
    double sum = 0.0, square = 0.0;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t tile = 0; tile < tiles; tile++) {
            const size_t b0 = tile * grain, b1 = b0 + grain < batch ? b0 + grain : batch;
            const double rows = rows_of(layer, b0, b1);
            const float *own = tape->partial + tile * 2 * channels + c;

            if (pass == 0)
                sum += rows * (double)own[0];
            else
                square += (double)own[channels] +
                          rows * ((double)own[0] - *mean) * ((double)own[0] - *mean);
        }
        if (pass == 0)
            *mean = sum / counted_rows(tape, layer);
    }
    return square;
}

static float inverse_deviation(const snn_network *net, double variance)
{
    return (float)(1.0 / sqrt(variance + (double)net->params.batch_norm_eps));
}

void net_norm_running(const snn_network *net, uint32_t l, float *inv_std, float *scale)
{
    const net_views *p = &net->layer[l].p;

    for (size_t c = 0; c < net->layer[l].n_out; c++) {
        const float inverse = inverse_deviation(net, (double)p->variance[c]);

        if (inv_std != NULL)
            inv_std[c] = inverse;
        scale[c] = p->gamma[c] * inverse;
    }
}

void net_norm_forward(snn_tape *tape, uint32_t l)
{
    const snn_network_params *params = &tape->net->params;
    const net_views *p = &tape->net->layer[l].p;
    const size_t channels = tape->net->layer[l].n_out;
    tape_layer *layer = &tape->layer[l];
    norm_job job = job_of(tape, l, layer->conv);
    const bool batch_statistics = tape->mode == SNN_MODE_TRAIN;
    const double rows = counted_rows(tape, layer);
    const double momentum = params->batch_norm_momentum;
    const double unbiased = rows > 1.0 ? rows / (rows - 1.0) : 1.0;
    size_t tiles;

    if (!batch_statistics) {
        memcpy(layer->mean, p->mean, channels * sizeof *layer->mean);
        net_norm_running(tape->net, l, layer->inv_std, layer->scale);
        return;
    }
    tiles = run(&job, MOMENTS);
    for (size_t c = 0; c < channels; c++) {
        double mean, variance = merge(tape, layer, tiles, channels, c, &mean) / rows;

        layer->mean[c] = (float)mean;
        p->mean[c] = (float)((1.0 - momentum) * p->mean[c] + momentum * layer->mean[c]);
        p->variance[c] =
            (float)((1.0 - momentum) * p->variance[c] + momentum * variance * unbiased);
        layer->inv_std[c] = inverse_deviation(tape->net, variance);
        layer->scale[c] = p->gamma[c] * layer->inv_std[c];
    }
}

/*
 * With xhat = (x - mean) inv_std and n counted rows:
 *     g_beta = sum g,  g_gamma = sum g xhat
 *     gx = gamma inv_std (g - g_beta / n - xhat g_gamma / n)
 */
void net_norm_backward(snn_tape *tape, uint32_t l, float *g)
{
    const size_t channels = tape->net->layer[l].n_out;
    tape_layer *layer = &tape->layer[l];
    norm_job job = job_of(tape, l, layer->conv);
    const double rows = counted_rows(tape, layer);
    const bool summed = net_neuron_sums(tape, l); /* of g and of g (x - mean) */
    const size_t tiles = snn_tiles(tape->batch, net_grain(tape->batch));

    job.g = g;
    job.norm.g = g;
    if (!summed)
        run(&job, BACKWARD_SUM);
    fold(tape, tiles, channels, 0);
    for (size_t c = 0; c < channels; c++) {
        layer->g.beta[c] = (float)tape->fold[c];
        layer->mean_g[c] = (float)(tape->fold[c] / rows);
    }
    fold(tape, tiles, channels, 1);
    for (size_t c = 0; c < channels; c++) {
        const double g_xhat = tape->fold[c] * (summed ? (double)layer->inv_std[c] : 1.0);

        layer->g.gamma[c] = (float)g_xhat;
        layer->mean_gx[c] = (float)(g_xhat / rows);
    }
    run(&job, BACKWARD);
}

void net_channel_sum(snn_tape *tape, uint32_t l, const float *x, float *out)
{
    const size_t channels = tape->net->layer[l].n_out;
    norm_job job = job_of(tape, l, x);

    job.norm.valid = NULL;
    fold(tape, run(&job, SUM), channels, 0);
    for (size_t c = 0; c < channels; c++)
        out[c] = (float)tape->fold[c];
}

/*
 * Two sets of n_a and n_b rows with means m_a, m_b and squared deviations S_a, S_b make
 * one with (Chan, Golub and LeVeque 1983; d = m_b - m_a, n = n_a + n_b)
 *
 *     m = m_a + d n_b / n,   S = S_a + S_b + d^2 n_a n_b / n
 */
void net_norm_measure(snn_tape *tape, uint32_t l, net_moments *moments)
{
    const size_t channels = tape->net->layer[l].n_out;
    const tape_layer *layer = &tape->layer[l];
    norm_job job = job_of(tape, l, layer->conv);
    const double rows = counted_rows(tape, layer), all = moments->rows + rows;
    const size_t tiles = run(&job, MOMENTS);

    for (size_t c = 0; c < channels; c++) {
        double mean, square = merge(tape, layer, tiles, channels, c, &mean);
        const double apart = mean - moments->mean[c];

        moments->mean[c] += apart * (rows / all);
        moments->square[c] += square + apart * apart * (moments->rows * rows / all);
    }
    moments->rows = all;
}

void net_norm_set(snn_network *net, uint32_t l, const net_moments *moments)
{
    const net_views *p = &net->layer[l].p;
    const double degrees = moments->rows > 1.0 ? moments->rows - 1.0 : 1.0;

    for (size_t c = 0; c < net->layer[l].n_out; c++) {
        const double square = moments->square[c] > 0.0 ? moments->square[c] : 0.0;

        p->mean[c] = (float)moments->mean[c];
        p->variance[c] = (float)(square / degrees);
    }
}
