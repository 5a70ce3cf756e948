/* SPDX-License-Identifier: BSD-3-Clause */
/* What a network's parameters must be. */
#include "snn/net/net.h"

#include <math.h>

#define MAX_TAPS    4095u
#define MAX_NEURONS 65536u

static snn_status refuse(snn_error *err, const char *where, const char *what)
{
    return snn_error_set(err, SNN_EINVAL, where, "%s", what);
}

static snn_status check_sizes(const snn_network_params *params, snn_error *err)
{
    const snn_delay_params *delay = &params->delay;

    if (params->size != sizeof *params)
        return refuse(err, "network", "parameters were not set up with snn_network_params_init");
    if (params->n_inputs == 0 || params->n_inputs > MAX_NEURONS)
        return refuse(err, "network.n_inputs", "must be 1 to 65536");
    if (params->n_outputs < 2 || params->n_outputs > MAX_NEURONS)
        return refuse(err, "network.n_outputs", "must be 2 to 65536 classes");
    if (params->n_hidden > SNN_MAX_HIDDEN)
        return refuse(err, "network.hidden", "at most 16 hidden layers");
    for (uint32_t i = 0; i < params->n_hidden; i++)
        if (params->hidden[i] == 0 || params->hidden[i] > MAX_NEURONS)
            return refuse(err, "network.hidden", "a layer has 1 to 65536 neurons");
    if (params->fan_in > MAX_NEURONS)
        return refuse(err, "network.fan_in", "must be 0 (all) to 65536");
    if (delay->max_delay == 0 || delay->max_delay > MAX_TAPS || delay->max_delay % 2 == 0)
        return refuse(err, "delay.max_delay",
                      "must be odd, 1 to 4095 steps (the longest delay is one less)");
    if (delay->kernel_count == 0 || delay->kernel_count > 64)
        return refuse(err, "delay.kernel_count", "must be 1 to 64");
    if (!(delay->sigma_init >= 0.0f) || !isfinite(delay->sigma_init))
        return refuse(err, "delay.sigma_init", "must be a number >= 0 (0 = half of max_delay)");
    return SNN_OK;
}

/* Enumerations may come from anywhere: a cast, a file of a later version.  A solver
 * that does not exist is refused by the planner. */
static snn_status check_choices(const snn_network_params *params, snn_error *err)
{
    const snn_delay_params *delay = &params->delay;
    const snn_neuron_params *neuron = &params->neuron;

    if ((unsigned)delay->version > SNN_KERNEL_V0)
        return refuse(err, "delay.version", "is none of gauss, max, v1, v0");
    if ((unsigned)delay->mode > SNN_DELAYS_NONE)
        return refuse(err, "delay.mode", "is none of learned, fixed, none");
    if ((unsigned)delay->sharing > SNN_SHARING_DENDRITIC)
        return refuse(err, "delay.sharing", "is none of synapse, axonal, dendritic");
    if ((unsigned)delay->precision > SNN_PRECISION_BF16)
        return refuse(err, "delay.precision", "is none of float32, bf16");
    if (delay->sharing != SNN_SHARING_SYNAPSE && delay->mode == SNN_DELAYS_NONE)
        return refuse(err, "delay.sharing", "without delays there is nothing to share");
    if (delay->sharing != SNN_SHARING_SYNAPSE && delay->solver != SNN_SOLVER_AUTO)
        return refuse(err, "delay.solver", "must be auto where delays are shared");
    if ((unsigned)delay->padding > SNN_PADDING_CAUSAL)
        return refuse(err, "delay.padding", "is none of paper, causal");
    if ((unsigned)neuron->reset > SNN_RESET_SOFT)
        return refuse(err, "neuron.reset", "is none of hard, soft");
    if ((unsigned)neuron->surrogate > SNN_SURROGATE_TRIANGLE)
        return refuse(err, "neuron.surrogate", "is none of atan, sigmoid, triangle");
    if ((unsigned)neuron->model > SNN_NEURON_CUBA)
        return refuse(err, "neuron.model", "is none of lif, adlif, cuba");
    if ((unsigned)params->loss > SNN_LOSS_SPIKE_COUNT)
        return refuse(err, "network.loss", "is none of sum, mean, max, spike_count");
    return SNN_OK;
}

snn_status net_check_params(const snn_network_params *params, snn_error *err)
{
    const snn_neuron_params *neuron = &params->neuron;
    snn_status st = check_sizes(params, err);

    if (st == SNN_OK)
        st = check_choices(params, err);
    if (st != SNN_OK)
        return st;
    if (!(params->time_step_ms > 0.0f) || !isfinite(params->time_step_ms))
        return refuse(err, "data.time_step_ms", "must be a number > 0");
    if (!(neuron->tau_ms >= params->time_step_ms) || !isfinite(neuron->tau_ms))
        return refuse(err, "neuron.tau_ms", "must be at least one time step");
    if (!(neuron->surrogate_alpha > 0.0f) || !isfinite(neuron->surrogate_alpha))
        return refuse(err, "neuron.surrogate_alpha", "must be a number > 0");
    if (!isfinite(neuron->v_threshold) || !isfinite(neuron->v_reset) ||
        !isfinite(params->readout_threshold))
        return refuse(err, "neuron", "thresholds and reset must be finite");
    if (!(params->dropout >= 0.0f && params->dropout < 1.0f))
        return refuse(err, "network.dropout", "must be in [0, 1)");
    if (!(params->batch_norm_eps > 0.0f) || !(params->batch_norm_momentum > 0.0f) ||
        !(params->batch_norm_momentum <= 1.0f))
        return refuse(err, "network.batch_norm", "eps must be > 0 and momentum in (0, 1]");
    if (neuron->model == SNN_NEURON_CUBA &&
        (!(neuron->tau_syn_ms > 0.0f) || !isfinite(neuron->tau_syn_ms)))
        return refuse(err, "neuron.tau_syn_ms", "must be a number > 0");
    if (neuron->model == SNN_NEURON_ADLIF)
        return net_adaptive_check(params, err);
    return SNN_OK;
}
