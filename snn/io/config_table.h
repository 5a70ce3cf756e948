/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of keys (config_keys.def) with what reads and writes one value. */
#ifndef SNN_IO_CONFIG_TABLE_H
#define SNN_IO_CONFIG_TABLE_H

#include <snn/config.h>

#include <stdbool.h>

/* Longest text of a value: 64 speakers, or the longest path with its quotes. */
#define CONFIG_VALUE_SIZE 1200

typedef enum snn_config_kind {
    CONFIG_INTEGER,
    CONFIG_ODD,
    CONFIG_SEED,
    CONFIG_NUMBER,
    CONFIG_SWITCH,
    CONFIG_CHOICE,
    CONFIG_TEXT,
    CONFIG_INTEGERS,
    CONFIG_SPEAKERS
} snn_config_kind;

typedef struct snn_config_row {
    snn_config_key text;
    snn_config_kind kind;
    size_t offset; /* of the field in snn_config */
    size_t bytes;  /* of the field */
    float low, high;
} snn_config_row;

/* Row i, or NULL past the end. */
const snn_config_row *snn_config_row_at(size_t i);

/* Row of a key, or NULL. */
const snn_config_row *snn_config_row_find(const char *section, const char *key);

bool snn_config_section_exists(const char *section);

/* Fill err: no such section, or no such key in it; with the nearest name. */
snn_status snn_config_unknown_section(const char *section, const char *where, snn_error *err);
snn_status snn_config_unknown_key(const char *section, const char *key, const char *where,
                                  snn_error *err);

/* Set the row's field from text: a YAML scalar's value, or "[1, 2]" for lists. */
snn_status snn_config_row_set(const snn_config_row *row, snn_config *config, const char *text,
                              const char *where, snn_error *err);

/* Value as text; what row_set reads back to the same bits. */
void snn_config_row_get(const snn_config_row *row, const snn_config *config,
                        char text[CONFIG_VALUE_SIZE]);

#endif
