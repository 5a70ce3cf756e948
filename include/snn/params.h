/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parameters as plain structs.  Every field is one row of the configuration
 * table (`snn/io/config_keys.def`), which gives its key, unit, range, default
 * and help: `snn train --help-config` prints it.  Symbols are those of
 * Hammouamri et al., "Learning delays in spiking neural networks using dilated
 * convolutions with learnable spacings" (ICLR 2024).
 */
#ifndef SNN_PARAMS_H
#define SNN_PARAMS_H

#include <snn/status.h>

#define SNN_MAX_HIDDEN 16

/* How a position becomes taps (DCLS versions). */
typedef enum snn_kernel_version {
    SNN_KERNEL_GAUSS,
    SNN_KERNEL_MAX,
    SNN_KERNEL_V1,
    SNN_KERNEL_V0
} snn_kernel_version;

/* learned: positions train.  fixed: drawn, rounded once, one-hot, frozen.
 * none: every delay is 0 (max_delay is taken as 1). */
typedef enum snn_delay_mode {
    SNN_DELAYS_LEARNED,
    SNN_DELAYS_FIXED,
    SNN_DELAYS_NONE
} snn_delay_mode;

/* paper: (max_delay-1)/2 steps of right padding a layer, so that the sequence
 * grows and late spikes arrive.  causal: none; output t depends on inputs <= t
 * and a layer keeps the number of steps. */
typedef enum snn_padding { SNN_PADDING_PAPER, SNN_PADDING_CAUSAL } snn_padding;

/* Who has a delay of its own: each synapse, each presynaptic neuron (its axon), or each
 * postsynaptic one (its dendrite).  Weights are a synapse's in every case. */
typedef enum snn_sharing {
    SNN_SHARING_SYNAPSE,
    SNN_SHARING_AXONAL,
    SNN_SHARING_DENDRITIC
} snn_sharing;

/* How a layer's synapses are computed.  auto: the cheapest by its cost; direct and fft
 * take all taps of a kernel, taps and event the live ones alone. */
typedef enum snn_solver {
    SNN_SOLVER_AUTO,
    SNN_SOLVER_DIRECT,
    SNN_SOLVER_FFT,
    SNN_SOLVER_TAPS,
    SNN_SOLVER_EVENT
} snn_solver;

/* Matrix products of synapses (solvers direct and fft, shared delays): in float32, or of
 * numbers rounded to bf16 with sums in float32.  Weights, their gradients' sums, neurons,
 * normalisation and optimiser are float32 in both; taps and event have no such products. */
typedef enum snn_precision { SNN_PRECISION_FLOAT32, SNN_PRECISION_BF16 } snn_precision;

typedef struct snn_delay_params {
    snn_kernel_version version;
    snn_delay_mode mode;
    snn_padding padding;
    uint32_t max_delay;    /* taps D, odd; the longest delay is D-1 steps */
    uint32_t kernel_count; /* delayed weights a synapse */
    float sigma_init;      /* steps, before the version's offset; 0 = D/2 (floor) */
    snn_sharing sharing;
    snn_solver solver;
    snn_precision precision;
} snn_delay_params;

/* hard: v <- v_reset, which is also where the potential starts and decays to.
 * soft: v <- v - v_threshold; rest is 0. */
typedef enum snn_reset { SNN_RESET_HARD, SNN_RESET_SOFT } snn_reset;

/* Derivative that stands in for the spike's, x = h - v_threshold, a = alpha:
 *   atan      (a/2) / (1 + (pi/2 a x)^2)
 *   sigmoid   a s(a x) (1 - s(a x)),  s the logistic function
 *   triangle  a max(0, 1 - a |x|)     (compact support: where it is 0 no gradient
 *             is computed, if the layer above has solver taps or event)       */
typedef enum snn_surrogate {
    SNN_SURROGATE_ATAN,
    SNN_SURROGATE_SIGMOID,
    SNN_SURROGATE_TRIANGLE
} snn_surrogate;

/* Hidden neurons, x their input current (normalised where there is batch norm), H the step:
 *
 *   lif     h = (1 - step/tau) v + x,  s = H(h - v_threshold),  v = h after its reset
 *   cuba    lif on the current  i <- e^(-step/tau_syn) i + x  (current-based synapses)
 *   adlif   with an adaptation w that follows potential and spikes (SE-adLIF, Baronig et al.,
 *           Nature Communications 2025), p = e^(-step/tau_u), r = e^(-step/tau_w):
 *             h = p u + (1-p) (x - w)
 *             s = H(h - v_threshold),  u = h after its reset
 *             w <- r w + (1-r) q (a u + b s)
 *           a, b, tau_u, tau_w are each neuron's own and learned.  w takes the u of this step,
 *           after its reset: the symplectic form.  It rests at 0, so v_reset must be 0.
 *
 * The read-out is the same for all: a leaky integrator with tau_ms and decay_input (spike_count:
 * lif).  An adlif neuron's input has the factor 1-p always; for it tau_ms and decay_input mean
 * the read-out alone. */
typedef enum snn_neuron_model {
    SNN_NEURON_LIF,
    SNN_NEURON_ADLIF,
    SNN_NEURON_CUBA
} snn_neuron_model;

typedef struct snn_neuron_params {
    float tau_ms; /* membrane time constant; decay a step = 1 - step/tau */
    float v_threshold;
    float v_reset;
    snn_reset reset;
    int decay_input;  /* 1: the input is scaled by step/tau too */
    int detach_reset; /* 1: no gradient through the spike in the reset */
    snn_surrogate surrogate;
    float surrogate_alpha;
    int smooth; /* 1: the surrogate's integral replaces the spike (gradient checks) */
    snn_neuron_model model;
    float tau_syn_ms; /* cuba */
    /* adlif: ranges that the neurons' own values are drawn from and clamped to after each
     * update; a and b begin at 0. */
    float tau_u_min_ms, tau_u_max_ms;
    float tau_w_min_ms, tau_w_max_ms;
    float a_max, b_max;
    float q;
    int train_tau; /* 0: tau_u and tau_w stay as drawn */
} snn_neuron_params;

/* How read-out potentials v[t,c] become scores m[c]:
 *   sum          sum_t softmax_c(v[t])       (published default)
 *   mean         mean_t v[t]
 *   max          max_t v[t]
 *   spike_count  number of read-out spikes (threshold readout_threshold)
 * The loss is the cross entropy of softmax(m). */
typedef enum snn_loss { SNN_LOSS_SUM, SNN_LOSS_MEAN, SNN_LOSS_MAX, SNN_LOSS_SPIKE_COUNT } snn_loss;

typedef struct snn_network_params {
    size_t size; /* sizeof(snn_network_params), set by _init */
    uint32_t n_inputs;
    uint32_t n_outputs;
    uint32_t n_hidden;
    uint32_t hidden[SNN_MAX_HIDDEN]; /* neurons of each hidden layer */
    uint32_t fan_in; /* synapses of each neuron, hidden and read-out, drawn at random; 0 = all */
    float time_step_ms;
    snn_delay_params delay;
    snn_neuron_params neuron;
    snn_loss loss;
    float readout_threshold; /* for spike_count */
    int bias;                /* 1: a bias a neuron, added before normalisation */
    int batch_norm;
    float batch_norm_eps;
    float batch_norm_momentum;
    int mask_padding; /* 1: padded steps count neither in batch norm nor read-out */
    float dropout;    /* probability that a hidden neuron is silent for a sample */
} snn_network_params;

typedef enum snn_schedule {
    SNN_SCHEDULE_CONSTANT,
    SNN_SCHEDULE_COSINE,
    SNN_SCHEDULE_ONECYCLE
} snn_schedule;

/* clean: `valid_speakers` of the training split held out, else the data's validation
 * split, else `valid_share` of the training split held out; the test split is read
 * once, at the best validation epoch (at the last epoch when nothing is held out).
 * paper: test at the best epoch, chosen on the test split where there is no validation
 * split (as published for SHD).
 * loso: one training for each speaker of the training split, without and then measured
 * on that speaker; then one on all of them, and the test split is read once.  Every
 * training is taken at its last epoch: no choice is made on what measures it. */
typedef enum snn_protocol {
    SNN_PROTOCOL_CLEAN,
    SNN_PROTOCOL_PAPER,
    SNN_PROTOCOL_LOSO
} snn_protocol;

#define SNN_MAX_SPEAKERS 64

/* Speakers to hold out: n of them drawn by the seed, or those named; n = 0: none. */
typedef struct snn_speakers {
    uint32_t n;
    int named; /* 1: speaker[0] .. speaker[n-1], as the data numbers them */
    uint32_t speaker[SNN_MAX_SPEAKERS];
} snn_speakers;

typedef struct snn_train_params {
    size_t size; /* sizeof(snn_train_params), set by _init */
    uint64_t seed;
    uint32_t epochs;
    uint32_t batch_size;
    float lr_weight;     /* weights, biases, batch norm: start (onecycle: see max) */
    float lr_weight_max; /* peak of the one-cycle schedule */
    snn_schedule weight_schedule;
    float weight_decay; /* L2 added to the weights' gradient, not to others' */
    float lr_position;
    snn_schedule position_schedule;
    float beta1;
    float beta2;
    float eps;
    float sigma_final;   /* steps, before the offset */
    float sigma_share;   /* share of the epochs after which sigma is final; 0 = constant */
    float gradient_clip; /* largest global gradient norm; 0 = off */
    snn_protocol protocol;
    float valid_share;
    int freeze_weights; /* 1: weights keep their first values; all else trains */
    snn_speakers valid_speakers;
    /* Once training is over and delays are rounded: */
    int norm_reestimate;       /* 1: mean and variance of batch norm anew, over the training set */
    uint32_t fine_tune_epochs; /* epochs for all but the delays; 0 = none */
    float fine_tune_lr;
    int fine_tune_dropout; /* 1: with the network's dropout; 0: without */
} snn_train_params;

/* grid: frame = floor(t / step) from the sample's start.  paper: frames start
 * at the first event not yet in one, gaps collapse, float16 arithmetic. */
typedef enum snn_framing { SNN_FRAMING_GRID, SNN_FRAMING_PAPER } snn_framing;

/* logmel: `mel_bands` bands below Nyquist, standardised.  gsc-paper: the
 * published Speech Commands front end as it is. */
typedef enum snn_front_end { SNN_FRONT_END_LOGMEL, SNN_FRONT_END_GSC_PAPER } snn_front_end;

typedef struct snn_data_params {
    size_t size;          /* sizeof(snn_data_params), set by _init */
    float time_step_ms;   /* events: frame length; audio: hop */
    uint32_t channel_bin; /* events: adjacent units summed to one input */
    uint32_t units;       /* events: units of the recording; 0 = 700 (SHD, SSC) */
    snn_framing framing;
    float
        max_time_ms; /* events: later ones are dropped; logmel: cut there; counted; 0 = keep all */
    snn_front_end front_end;
    uint32_t mel_bands;
    char cache[512]; /* folder for computed frames; "" = none */
} snn_data_params;

/*
 * Changes of training samples, drawn anew for each sample and epoch; all off by default.
 * They are made in this order, T being the sample's steps at that point:
 *
 *   blend          another sample of the class, both moved half way so that their centres
 *                  of mass (step, input) meet; each event of either stays with probability
 *                  1/2.  Spikes only.
 *   channel_shift  inputs move by U{-s .. s}; what leaves is lost.  In inputs: 40 units of
 *                  a recording with data.channel_bin 5 are 8
 *   speed          time is divided by U[low, high); steps beyond the longest sample's are
 *                  cut off.  Frames are interpolated, spikes keep their number
 *   roll           time moves by U{0 .. T-1}, around the end
 *   cutmix         floor(u T) steps, u in U[0, 1), are those of any other sample at the
 *                  same time; the target takes its label in proportion to the steps
 *   time_mask      U{0 .. size-1} steps in a row are silent
 *   neuron_mask    U{0 .. size-1} inputs in a row are silent
 *   noise          |N(0, noise)|, rounded, more spikes in each cell of the T steps; frames:
 *                  N(0, noise)
 */
typedef struct snn_augment_params {
    size_t size;            /* sizeof(snn_augment_params), set by _init */
    float blend;            /* probability */
    uint32_t channel_shift; /* inputs; 0 = off */
    float speed;            /* probability */
    float speed_low;        /* 1 = as recorded, 2 = twice as fast */
    float speed_high;
    float roll;                /* probability */
    float cutmix;              /* probability */
    float time_mask;           /* probability */
    uint32_t time_mask_size;   /* steps; 0 = a third of the delays, as published */
    float neuron_mask;         /* probability */
    uint32_t neuron_mask_size; /* inputs; 0 = a fifth of them, as published */
    float noise;               /* standard deviation; 0 = off */
} snn_augment_params;

/* What moves in a movie: a whitened image, a random texture of given spectrum (Motion
 * Cloud; Leon et al. 2012), a sine grating, a bar; or an image that turns or expands
 * around the centre, which has no label. */
typedef enum snn_motion_view {
    SNN_VIEW_IMAGE,
    SNN_VIEW_CLOUD,
    SNN_VIEW_GRATING,
    SNN_VIEW_BAR,
    SNN_VIEW_ROTATION,
    SNN_VIEW_EXPANSION
} snn_motion_view;

/* softmax over the classes of a voxel (published code), or each class by itself
 * (published text). */
typedef enum snn_motion_loss { SNN_MOTION_SOFTMAX, SNN_MOTION_SIGMOID } snn_motion_loss;

typedef enum snn_spatial_solver {
    SNN_SPATIAL_AUTO,
    SNN_SPATIAL_DIRECT,
    SNN_SPATIAL_EVENT,
    SNN_SPATIAL_FFT,
    SNN_SPATIAL_SPARSE
} snn_spatial_solver;

/* A layer that sees motion, and the movies it learns from (snn/motion.h). */
typedef struct snn_motion_params {
    size_t size; /* sizeof(snn_motion_params), set by _init */
    uint32_t directions, speeds;
    float speed_min, speed_max;    /* pixels a step */
    uint32_t width, height, steps; /* of a movie */
    float switch_rate;             /* chance that a step draws a new motion; 0 = one a movie */
    float selectivity;             /* threshold of events, in standard deviations of the change */
    float noise;                   /* of the sensor, of a movie's range [-1, 1] */
    snn_motion_view view;
    float cloud_sf, cloud_b_sf; /* spatial frequency and its spread, cycles a pixel */
    float cloud_b_theta;        /* spread of orientation, degrees */
    float cloud_b_v;            /* spread of speed, relative */
    int cloud_aperture;         /* 1: orientation at random, 0: across the motion */
    int single_image;           /* 1: all movies of a split from one image, as the published runs */
    uint32_t image_side;        /* generated images, pixels */
    uint32_t train_movies, valid_movies, test_movies;
    uint32_t side, delays; /* of the kernels: pixels (odd), steps */
    float init_std, init_centre;
    int prior;    /* 1: weights are clipped by the positional prior */
    int symmetry; /* 1: ON and OFF may change places */
    snn_motion_loss loss;
    float target_share;   /* voxels that learn their label; the others an even guess */
    uint32_t skip_steps;  /* steps without loss or decision; 0 = delays: a full history */
    float decision_share; /* voxels that decide a movie */
    snn_spatial_solver solver;
} snn_motion_params;

SNN_BEGIN_DECLS

/* Defaults: the toy preset, 12 directions in movies of 24 x 24 pixels and 32 steps. */
SNN_API void snn_motion_params_init(snn_motion_params *params);
/* Defaults: the published SHD configuration (paper, table and code). */
SNN_API void snn_network_params_init(snn_network_params *params);
SNN_API void snn_train_params_init(snn_train_params *params);
SNN_API void snn_data_params_init(snn_data_params *params);
SNN_API void snn_augment_params_init(snn_augment_params *params);

SNN_END_DECLS
#endif
