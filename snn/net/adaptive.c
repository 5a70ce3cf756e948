/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parameters of adaptive neurons.
 *
 * a and b stand as they are.  A time constant is kept as its share of the allowed range,
 * tau = tau_min + share (tau_max - tau_min) with share in [0, 1], so that one learning rate
 * fits all: a step of Adam is about a learning rate, which is much for a and nothing for a
 * tau in milliseconds.  After each update all are clamped to their ranges, as published.
 */
#include "snn/net/net.h"

#include <snn/random.h>

#include <math.h>

bool net_is_adaptive(const snn_network *net, uint32_t l)
{
    return net->params.neuron.model == SNN_NEURON_ADLIF && net->layer[l].hidden;
}

/* ---- checks ---------------------------------------------------------------------------- */

static bool is_range(float low, float high)
{
    return low > 0.0f && high >= low && isfinite(high);
}

static bool is_strength(float x)
{
    return x >= 0.0f && isfinite(x);
}

/* Why q a is bounded: snn/io/config.c, which says the same of a configuration. */
snn_status net_adaptive_check(const snn_network_params *params, snn_error *err)
{
    const snn_neuron_params *neuron = &params->neuron;
    const double step = params->time_step_ms;

    if (neuron->v_reset != 0.0f)
        return snn_error_set(err, SNN_EINVAL, "neuron.v_reset",
                             "adlif rests at 0 and is reset there: must be 0");
    if (!is_range(neuron->tau_u_min_ms, neuron->tau_u_max_ms))
        return snn_error_set(err, SNN_EINVAL, "neuron.tau_u_min_ms",
                             "must be > 0 and at most tau_u_max_ms");
    if (!is_range(neuron->tau_w_min_ms, neuron->tau_w_max_ms))
        return snn_error_set(err, SNN_EINVAL, "neuron.tau_w_min_ms",
                             "must be > 0 and at most tau_w_max_ms");
    if (!is_strength(neuron->a_max) || !is_strength(neuron->b_max) || !is_strength(neuron->q))
        return snn_error_set(err, SNN_EINVAL, "neuron.q",
                             "q, a_max and b_max must be numbers >= 0");
    if (!((double)neuron->q * neuron->a_max * tanh(0.5 * step / neuron->tau_u_min_ms) *
              tanh(0.5 * step / neuron->tau_w_min_ms) <
          1.0))
        return snn_error_set(err, SNN_EINVAL, "neuron.q",
                             "q a_max = %g makes neurons unstable at steps of %g ms: raise "
                             "tau_u_min_ms or tau_w_min_ms, or lower q or a_max",
                             (double)neuron->q * neuron->a_max, step);
    return SNN_OK;
}

/* ---- values ---------------------------------------------------------------------------- */

/* The four parameters of a layer with the top of their ranges. */
typedef struct {
    float *values, most;
} ranged;

static void ranges_of(const snn_network *net, uint32_t l, ranged out[4])
{
    const snn_neuron_params *neuron = &net->params.neuron;
    const net_views *p = &net->layer[l].p;

    out[0] = (ranged){p->a, neuron->a_max};
    out[1] = (ranged){p->b, neuron->b_max};
    out[2] = (ranged){p->tau_u, 1.0f};
    out[3] = (ranged){p->tau_w, 1.0f};
}

/* Uniform in their ranges, as published. */
void net_adaptive_draw(snn_network *net, uint32_t l, uint64_t seed)
{
    const snn_key key = {seed, SNN_STREAM_NEURON};
    ranged all[4];

    ranges_of(net, l, all);
    for (uint32_t k = 0; k < 4; k++)
        for (uint32_t c = 0; c < net->layer[l].n_out; c++)
            all[k].values[c] = all[k].most * snn_random_uniform(key, c, l, k);
}

void net_adaptive_clamp(snn_network *net, uint32_t l)
{
    ranged all[4];

    ranges_of(net, l, all);
    for (uint32_t k = 0; k < 4; k++) {
        float *x = all[k].values;

        for (uint32_t c = 0; c < net->layer[l].n_out; c++)
            x[c] = x[c] < 0.0f ? 0.0f : x[c] > all[k].most ? all[k].most : x[c];
    }
}

/* ---- a pass ---------------------------------------------------------------------------- */

static double tau_of(float low, float high, float share)
{
    return low + (double)share * ((double)high - low);
}

void net_adaptive_views(snn_adlif *adlif, const float *adapt, size_t channels)
{
    adlif->decay_u = adapt + NET_DECAY_U * channels;
    adlif->gain_u = adapt + NET_GAIN_U * channels;
    adlif->decay_w = adapt + NET_DECAY_W * channels;
    adlif->gain_w = adapt + NET_GAIN_W * channels;
}

void net_adaptive_fill(const snn_network *net, uint32_t l, float *adapt)
{
    const snn_neuron_params *neuron = &net->params.neuron;
    const net_views *p = &net->layer[l].p;
    const size_t channels = net->layer[l].n_out;
    const double step = net->params.time_step_ms;

    for (size_t c = 0; c < channels; c++) {
        const double u = -step / tau_of(neuron->tau_u_min_ms, neuron->tau_u_max_ms, p->tau_u[c]);
        const double w = -step / tau_of(neuron->tau_w_min_ms, neuron->tau_w_max_ms, p->tau_w[c]);

        adapt[NET_DECAY_U * channels + c] = (float)exp(u);
        adapt[NET_GAIN_U * channels + c] = (float)-expm1(u); /* not 1 - decay: tau may be long */
        adapt[NET_DECAY_W * channels + c] = (float)exp(w);
        adapt[NET_GAIN_W * channels + c] = (float)(-expm1(w) * neuron->q);
    }
}

/* d L / d share from S, where S / (1 - decay) is d L / d decay (kern.h):
 * d decay / d tau = decay step / tau^2. */
static double share_gradient(double sum, double step, float low, float high, float share)
{
    const double tau = tau_of(low, high, share);

    return sum / -expm1(-step / tau) * exp(-step / tau) * step / (tau * tau) * ((double)high - low);
}

void net_adaptive_collect(snn_tape *tape, uint32_t l, size_t tiles)
{
    const snn_neuron_params *neuron = &tape->net->params.neuron;
    const net_views *p = &tape->net->layer[l].p, *g = &tape->layer[l].g;
    const size_t channels = tape->net->layer[l].n_out;
    const double step = tape->net->params.time_step_ms;
    const float *gain_w = tape->layer[l].adapt + NET_GAIN_W * channels;

    for (size_t c = 0; c < channels; c++) {
        double sums[SNN_ADLIF_SUMS] = {0};

        for (size_t tile = 0; tile < tiles; tile++)
            for (size_t k = 0; k < SNN_ADLIF_SUMS; k++)
                sums[k] += (double)tape->partial[(tile * SNN_ADLIF_SUMS + k) * channels + c];
        g->a[c] = (float)(sums[0] * (double)gain_w[c]);
        g->b[c] = (float)(sums[1] * (double)gain_w[c]);
        g->tau_u[c] = (float)share_gradient(sums[2], step, neuron->tau_u_min_ms,
                                            neuron->tau_u_max_ms, p->tau_u[c]);
        g->tau_w[c] = (float)share_gradient(sums[3], step, neuron->tau_w_min_ms,
                                            neuron->tau_w_max_ms, p->tau_w[c]);
    }
}
