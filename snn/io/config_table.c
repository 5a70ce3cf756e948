/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/io/config_table.h"

#include "snn/base/base.h"

#include <stdio.h>
#include <string.h>

#define TYPE_INTEGER(choices)  "integer"
#define TYPE_ODD(choices)      "integer"
#define TYPE_SEED(choices)     "integer"
#define TYPE_NUMBER(choices)   "number"
#define TYPE_SWITCH(choices)   "boolean"
#define TYPE_CHOICE(choices)   choices
#define TYPE_TEXT(choices)     "text"
#define TYPE_INTEGERS(choices) "integers"
#define TYPE_SPEAKERS(choices) "integer or integers"

#define RANGE_INTEGER(low, high)  "[" #low ", " #high "]"
#define RANGE_ODD(low, high)      "[" #low ", " #high "] odd"
#define RANGE_SEED(low, high)     "[0, 2^64 - 1]"
#define RANGE_NUMBER(low, high)   "[" #low ", " #high "]"
#define RANGE_SWITCH(low, high)   ""
#define RANGE_CHOICE(low, high)   ""
#define RANGE_TEXT(low, high)     ""
#define RANGE_INTEGERS(low, high) "[" #low ", " #high "]"
#define RANGE_SPEAKERS(low, high) "[" #low ", " #high "]"

/* clang-format off */
static const snn_config_row ROWS[] = {
#define KEY(section, key, kind, field, unit, low, high, choices, initial, help)              \
    {{#section, #key, TYPE_##kind(choices), unit, RANGE_##kind(low, high), initial, help},   \
     CONFIG_##kind, offsetof(snn_config, field), sizeof(((snn_config *)NULL)->field),        \
     (float)(low), (float)(high)},
#include "snn/io/config_keys.def"
#undef KEY
};
/* clang-format on */

const snn_config_row *snn_config_row_at(size_t i)
{
    return i < SNN_COUNT(ROWS) ? &ROWS[i] : NULL;
}

const snn_config_row *snn_config_row_find(const char *section, const char *key)
{
    for (size_t i = 0; i < SNN_COUNT(ROWS); i++)
        if (strcmp(ROWS[i].text.section, section) == 0 && strcmp(ROWS[i].text.key, key) == 0)
            return &ROWS[i];
    return NULL;
}

bool snn_config_section_exists(const char *section)
{
    for (size_t i = 0; i < SNN_COUNT(ROWS); i++)
        if (strcmp(ROWS[i].text.section, section) == 0)
            return true;
    return false;
}

/* The row of any section whose key is `key`, or NULL. */
static const snn_config_row *row_with_key(const char *key)
{
    for (size_t i = 0; i < SNN_COUNT(ROWS); i++)
        if (strcmp(ROWS[i].text.key, key) == 0)
            return &ROWS[i];
    return NULL;
}

snn_status snn_config_unknown_section(const char *section, const char *where, snn_error *err)
{
    const char *names[SNN_COUNT(ROWS)];
    const snn_config_row *row = row_with_key(section);
    const char *near;

    if (row != NULL)
        return snn_error_set(err, SNN_ECONFIG, where,
                             "'%s' is no section; it is a key of section '%s'", section,
                             row->text.section);
    for (size_t i = 0; i < SNN_COUNT(ROWS); i++)
        names[i] = ROWS[i].text.section;
    near = snn_nearest_name(section, names, SNN_COUNT(ROWS));
    if (near != NULL)
        return snn_error_set(err, SNN_ECONFIG, where, "section '%s' is unknown; did you mean '%s'?",
                             section, near);
    return snn_error_set(
        err, SNN_ECONFIG, where,
        "section '%s' is unknown; sections are network, delay, neuron, train, data, augment and "
        "motion",
        section);
}

snn_status snn_config_unknown_key(const char *section, const char *key, const char *where,
                                  snn_error *err)
{
    const char *names[SNN_COUNT(ROWS)];
    const snn_config_row *row = row_with_key(key);
    const char *near;
    size_t n = 0;

    if (row != NULL)
        return snn_error_set(err, SNN_ECONFIG, where,
                             "key '%s' is unknown in section '%s'; it belongs to section '%s'", key,
                             section, row->text.section);
    for (size_t i = 0; i < SNN_COUNT(ROWS); i++)
        if (strcmp(ROWS[i].text.section, section) == 0)
            names[n++] = ROWS[i].text.key;
    near = snn_nearest_name(key, names, n);
    if (near != NULL)
        return snn_error_set(err, SNN_ECONFIG, where,
                             "key '%s' is unknown in section '%s'; did you mean '%s'?", key,
                             section, near);
    return snn_error_set(
        err, SNN_ECONFIG, where,
        "key '%s' is unknown in section '%s'; 'snn train --help-config' lists all keys", key,
        section);
}
