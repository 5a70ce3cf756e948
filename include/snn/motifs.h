/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spiking motifs: a synthetic data set whose classes differ in the timing of spikes alone.
 *
 * In every sample each unit fires once for the motif, and at random (Poisson) all the time.
 * So counts of a unit, and of all, have the same distribution in every class.  A class is a
 * pattern of delays:
 *
 *     unit u fires at  place + time_c[u mod parts] + offset[u] + jitter N(0, 1)
 *
 * where place is uniform, offset in [0, spread] is the same in all classes, and the times
 * of the parts are the class's own, at least `gap` apart.  Within a part all classes look
 * alike; what tells them apart is the lag between parts, which is longer than a membrane
 * remembers.  A network that holds the lags in delays sees all units fire at once.
 */
#ifndef SNN_MOTIFS_H
#define SNN_MOTIFS_H

#include <snn/context.h>
#include <snn/dataset.h>

/* What was made, over all splits; borrowed by the callback. */
typedef struct snn_motifs_report {
    uint32_t classes, units;
    const uint32_t *samples; /* [classes] */
    const uint64_t *events;  /* [classes, units] */
    double duration_s;       /* of a sample */
    double nearest_ms;       /* two classes differ by at least so much in some lag */
    /* Sum over classes and units of (noise events - expected)^2 / expected: around
     * `degrees`, give or take sqrt(2 degrees), as units fire alike in all classes. */
    double chi_square, degrees;
} snn_motifs_report;

typedef struct snn_motifs_params {
    size_t size; /* sizeof(snn_motifs_params), set by _init */
    uint64_t seed;
    uint32_t classes;           /* 2 .. 1000 */
    uint32_t units;             /* parts .. 65535 */
    uint32_t parts;             /* 2 .. 16 */
    uint32_t count[SNN_SPLITS]; /* samples; training and test at least 1, validation 0 = none */
    double duration_s;          /* of a sample, at most 60 */
    double motif_ms;            /* the longest, all parts; at most the duration */
    double gap_ms;              /* least time between two parts */
    double spread_ms;           /* of the units of a part */
    double jitter_ms;           /* standard deviation of a motif's spikes */
    double noise_hz;            /* of every unit */
    /* Called as samples are done; a non-zero return stops with SNN_EINTERRUPTED.  And at
     * the end.  Both NULL by default. */
    int (*progress)(void *user, uint32_t done, uint32_t total);
    void (*report)(void *user, const snn_motifs_report *report);
    void *user;
} snn_motifs_params;

SNN_BEGIN_DECLS

/* Defaults: what configs/motifs.yaml learns. */
SNN_API void snn_motifs_params_init(snn_motifs_params *params);

/* Write folder/motifs_train.h5, _test.h5 and, if asked for, _valid.h5 in the layout of SHD.
 * Besides labels and names they hold /extra/motif_ms, time and offset of each class and
 * unit.  The same seed gives the same bytes on any number of threads; files of the same
 * settings are made anew.  Errors: SNN_EINVAL (a parameter; a file of other settings is
 * there), SNN_EIO, SNN_EINTERRUPTED, SNN_ENOMEM. */
SNN_API SNN_MUST_USE snn_status snn_make_motifs(snn_context *ctx, const char *folder,
                                                const snn_motifs_params *params, snn_error *err);

SNN_END_DECLS
#endif
