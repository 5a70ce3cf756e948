/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration: all parameters of a run, read from YAML, changed by
 * "section.key=value", written back resolved.  Unknown or repeated keys, wrong
 * types and values out of range are errors that name file, line and the nearest key.
 */
#ifndef SNN_CONFIG_H
#define SNN_CONFIG_H

#include <snn/context.h>
#include <snn/params.h>

/* What is trained: a network of delayed layers, or one layer that sees motion. */
typedef enum snn_model_kind { SNN_MODEL_LAYERS, SNN_MODEL_MOTION } snn_model_kind;

typedef struct snn_config {
    snn_model_kind model;
    snn_network_params network; /* n_inputs and n_outputs come from the data */
    snn_train_params train;
    snn_data_params data;
    snn_augment_params augment;
    snn_motion_params motion; /* where model is SNN_MODEL_MOTION */
} snn_config;

/* One row of the table, as text, for help and manuals.  Static strings. */
typedef struct snn_config_key {
    const char *section; /* "delay" */
    const char *key;     /* "max_delay" */
    const char *type;  /* "integer", "number", "boolean", "text", "integers", "integer or integers",
                          "a|b|c" */
    const char *unit;  /* "steps", "ms", "" */
    const char *range; /* "[1, 4095] odd", "" */
    const char *initial; /* default as text */
    const char *help;    /* one sentence */
} snn_config_key;

SNN_BEGIN_DECLS

SNN_API void snn_config_init(snn_config *config);

/* Read a YAML file over the values in `config`; on failure `config` is as before.
 * Errors: SNN_ENOTFOUND, SNN_EIO, SNN_ECONFIG with where = "file:line". */
SNN_API SNN_MUST_USE snn_status snn_config_load(snn_config *config, const char *path,
                                                snn_error *err);

/* The same from text; `name` stands for the file in messages. */
SNN_API SNN_MUST_USE snn_status snn_config_parse(snn_config *config, const char *text,
                                                 size_t length, const char *name, snn_error *err);

/* Apply one "section.key=value" (lists: "network.hidden=[256, 256]"). */
SNN_API SNN_MUST_USE snn_status snn_config_set(snn_config *config, const char *assignment,
                                               snn_error *err);

/* Value of "section.key" as text that snn_config_set reads back to the same
 * bits.  SNN_ENOTFOUND for an unknown key, SNN_EINVAL when `size` is too small. */
SNN_API SNN_MUST_USE snn_status snn_config_get(const snn_config *config, const char *name,
                                               char *text, size_t size);

/* The whole configuration as YAML: every key with its value.  Writes at most
 * `size` bytes with NUL; returns the length that is needed without NUL. */
SNN_API size_t snn_config_print(const snn_config *config, char *text, size_t size);

/* Check what single ranges cannot (odd max_delay, loss with threshold, ...). */
SNN_API SNN_MUST_USE snn_status snn_config_check(const snn_config *config, snn_error *err);

/* Row i of the table, or NULL past its end. */
SNN_API const snn_config_key *snn_config_key_at(size_t i);

/* The one of `names` nearest to a misspelt `name`, or NULL when none is near: for
 * "did you mean" in programs that have names of their own. */
SNN_API const char *snn_nearest_name(const char *name, const char *const *names, size_t count);

SNN_END_DECLS
#endif
