/* SPDX-License-Identifier: BSD-3-Clause */
/* What encoding a folder and encoding one of its splits share. */
#ifndef SNN_DATASETS_ENCODE_JOB_H
#define SNN_DATASETS_ENCODE_JOB_H

#include "datasets/clip.h"
#include "datasets/encode_spool.h"
#include "datasets/encoder.h"
#include "datasets/recordings.h"

#define SNN_ENCODE_SETTINGS 512

typedef struct snn_encode_job {
    snn_context *ctx;
    snn_encoder *encoder;
    const snn_encode_params *params;
    snn_recordings rec;
    snn_clip_info *clip; /* of each recording, as are ... */
    uint64_t *digest;    /* ... these: of the bytes of its file */
    char settings[SNN_ENCODE_SETTINGS];
    uint32_t done; /* recordings so far, for the progress */
} snn_encode_job;

/* One split on its way to its file. */
typedef struct snn_encode_part {
    snn_encode_job *job;
    snn_split split;
    const uint32_t *index; /* its recordings */
    uint32_t n;
    char path[SNN_PATH_BYTES];
    char digest[32];  /* of all its recordings */
    uint32_t *events; /* [n] */
    double sound_s;   /* that this run encoded */
    uint32_t resumed; /* samples that an earlier run had encoded */
} snn_encode_part;

/* The recordings of one split to their file in the folder `out`, unless it is there. */
snn_status snn_encode_split(snn_encode_job *job, snn_split split, const char *out, snn_error *err);
/* A split whose recordings are all in the spool to its file (encode_file.c); `events` gets
 * those of each sample. */
snn_status snn_encode_write(snn_encode_part *part, snn_spool *spool, snn_error *err);

#endif
