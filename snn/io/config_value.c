/* SPDX-License-Identifier: BSD-3-Clause */
/* One value of a configuration: from text, with its checks, and back to text. */
#include "snn/io/config_table.h"

#include "snn/base/base.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host program may have set a locale that writes 0,5: numbers here are always in "C". */
static float read_float(const char *text, char **end)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t old = uselocale(c);
    float value = strtof(text, end);

    uselocale(old);
    freelocale(c);
    return value;
}

/* The fewest digits that read back to the same bits; nine always do. */
static void print_float(float value, char *text, size_t size)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t old = uselocale(c);

    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, size, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    uselocale(old);
    freelocale(c);
}

static void *field_of(const snn_config_row *row, snn_config *config)
{
    return (char *)config + row->offset;
}

static const void *field_at(const snn_config_row *row, const snn_config *config)
{
    return (const char *)config + row->offset;
}

static snn_status wrong_type(const snn_config_row *row, const char *text, const char *where,
                             snn_error *err)
{
    static const char *const WANTED[] = {
        [CONFIG_INTEGER] = "an integer",
        [CONFIG_ODD] = "an integer",
        [CONFIG_SEED] = "an integer in [0, 2^64 - 1]",
        [CONFIG_NUMBER] = "a number",
        [CONFIG_SWITCH] = "true or false",
        [CONFIG_INTEGERS] = "a list of integers such as [256, 256]",
        [CONFIG_SPEAKERS] = "a number of speakers, or a list of them such as [4, 5]",
        [CONFIG_TEXT] = "text",
        [CONFIG_CHOICE] = "one of its choices",
    };
    return snn_error_set(err, SNN_ECONFIG, where, "%s.%s needs %s, not '%.60s'", row->text.section,
                         row->text.key, WANTED[row->kind], text);
}

static snn_status out_of_range(const snn_config_row *row, const char *text, const char *where,
                               snn_error *err)
{
    return snn_error_set(err, SNN_ECONFIG, where, "%s.%s is %.60s, but must be in %s%s%s",
                         row->text.section, row->text.key, text, row->text.range,
                         row->text.unit[0] != '\0' ? " " : "", row->text.unit);
}

/* Decimal digits only: "1e3", "0x10", "+5" and "5.0" are no integers here. */
static bool read_u64(const char *text, const char **end, uint64_t *out)
{
    uint64_t value = 0;

    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *end = text;
    *out = value;
    return true;
}

static bool all_digits(const char *text)
{
    text += *text == '-';
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool integer_in_range(const snn_config_row *row, uint64_t value)
{
    return value >= (uint64_t)row->low && value <= (uint64_t)row->high &&
           (row->kind != CONFIG_ODD || value % 2 == 1);
}

static snn_status set_integer(const snn_config_row *row, void *field, const char *text,
                              const char *where, snn_error *err)
{
    const char *end = text;
    uint64_t value = 0;
    uint32_t narrow;

    if (!read_u64(text, &end, &value) || *end != '\0') {
        if (all_digits(text) && row->kind != CONFIG_SEED)
            return out_of_range(row, text, where, err);
        return wrong_type(row, text, where, err);
    }
    if (row->kind == CONFIG_SEED) {
        memcpy(field, &value, sizeof value);
        return SNN_OK;
    }
    if (!integer_in_range(row, value))
        return out_of_range(row, text, where, err);
    narrow = (uint32_t)value;
    memcpy(field, &narrow, sizeof narrow);
    return SNN_OK;
}

static snn_status set_number(const snn_config_row *row, void *field, const char *text,
                             const char *where, snn_error *err)
{
    char *end = NULL;
    float value;

    /* strtof would also take blanks, hexadecimal, "inf" and "nan". */
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
        return wrong_type(row, text, where, err);
    value = read_float(text, &end);
    if (end == text || *end != '\0')
        return wrong_type(row, text, where, err);
    if (!(value >= row->low && value <= row->high))
        return out_of_range(row, text, where, err);
    memcpy(field, &value, sizeof value);
    return SNN_OK;
}

static snn_status set_switch(const snn_config_row *row, void *field, const char *text,
                             const char *where, snn_error *err)
{
    int value = strcmp(text, "true") == 0;

    if (!value && strcmp(text, "false") != 0)
        return wrong_type(row, text, where, err);
    memcpy(field, &value, sizeof value);
    return SNN_OK;
}

/* Copy choice i of "a|b|c" to `name`; false past the last. */
static bool choice_at(const char *choices, int i, char *name, size_t size)
{
    const char *end;

    for (; i > 0; i--) {
        choices = strchr(choices, '|');
        if (choices == NULL)
            return false;
        choices++;
    }
    end = choices + strcspn(choices, "|");
    snprintf(name, size, "%.*s", (int)(end - choices), choices);
    return true;
}

static snn_status set_choice(const snn_config_row *row, void *field, const char *text,
                             const char *where, snn_error *err)
{
    char names[8][32];
    const char *list[8], *near;
    int n = 0;

    while (n < 8 && choice_at(row->text.type, n, names[n], sizeof names[n])) {
        if (strcmp(names[n], text) == 0) {
            memcpy(field, &n, sizeof n);
            return SNN_OK;
        }
        list[n] = names[n];
        n++;
    }
    near = snn_nearest_name(text, list, (size_t)n);
    return snn_error_set(err, SNN_ECONFIG, where, "%s.%s is '%.60s', but must be one of %s%s%s%s",
                         row->text.section, row->text.key, text, row->text.type,
                         near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                         near != NULL ? "'?" : "");
}

/* Printable UTF-8: what YAML can write between single quotes and read back. */
static bool is_plain_text(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        int more = *s < 0x80   ? 0
                   : *s < 0xc2 ? -1
                   : *s < 0xe0 ? 1
                   : *s < 0xf0 ? 2
                   : *s < 0xf5 ? 3
                               : -1;
        uint32_t code = more <= 0 ? *s : (uint32_t)*s & (0x3fu >> more);

        if (more < 0)
            return false;
        s++;
        for (int i = 0; i < more; i++, s++) {
            if ((*s & 0xc0) != 0x80)
                return false;
            code = code << 6 | (*s & 0x3fu);
        }
        if (code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000) ||
            code == 0x2028 || code == 0x2029 || code == 0xfeff || code == 0xfffe ||
            code == 0xffff || (more == 2 && code < 0x800) ||
            (more == 3 && (code < 0x10000 || code > 0x10ffff)))
            return false;
    }
    return true;
}

static snn_status set_text(const snn_config_row *row, void *field, const char *text,
                           const char *where, snn_error *err)
{
    size_t length = strlen(text);

    if (length >= row->bytes)
        return snn_error_set(err, SNN_ECONFIG, where, "%s.%s has %zu bytes, but at most %zu fit",
                             row->text.section, row->text.key, length, row->bytes - 1);
    if (!is_plain_text(text))
        return snn_error_set(err, SNN_ECONFIG, where,
                             "%s.%s holds control characters or is not UTF-8", row->text.section,
                             row->text.key);
    memset(field, 0, row->bytes);
    memcpy(field, text, length);
    return SNN_OK;
}

/* "[1, 2]" to at most `most` values in the row's range. */
static snn_status read_list(const snn_config_row *row, const char *text, uint32_t *values,
                            uint32_t most, uint32_t *count, const char *where, snn_error *err)
{
    uint32_t n = 0;
    const char *s = text;

    if (*s++ != '[')
        return wrong_type(row, text, where, err);
    s += strspn(s, " ");
    while (*s != ']') {
        uint64_t value = 0;
        if (n > 0) {
            if (*s != ',')
                return wrong_type(row, text, where, err);
            s++;
            s += strspn(s, " ");
        }
        if (!read_u64(s, &s, &value))
            return wrong_type(row, text, where, err);
        if (!integer_in_range(row, value))
            return out_of_range(row, text, where, err);
        if (n == most)
            return snn_error_set(err, SNN_ECONFIG, where, "%s.%s has more than %u entries",
                                 row->text.section, row->text.key, (unsigned)most);
        values[n++] = (uint32_t)value;
        s += strspn(s, " ");
    }
    if (s[1] != '\0')
        return wrong_type(row, text, where, err);
    *count = n;
    return SNN_OK;
}

static snn_status set_integers(const snn_config_row *row, snn_config *config, const char *text,
                               const char *where, snn_error *err)
{
    uint32_t values[SNN_MAX_HIDDEN] = {0}, n = 0;
    snn_status status = read_list(row, text, values, SNN_MAX_HIDDEN, &n, where, err);

    if (status != SNN_OK)
        return status;
    memcpy(field_of(row, config), values, sizeof values);
    config->network.n_hidden = n;
    return SNN_OK;
}

/* A number of speakers, or a list of them. */
static snn_status set_speakers(const snn_config_row *row, void *field, const char *text,
                               const char *where, snn_error *err)
{
    snn_speakers read = {.named = text[0] == '['};
    snn_status status =
        read.named ? read_list(row, text, read.speaker, SNN_MAX_SPEAKERS, &read.n, where, err)
                   : set_integer(row, &read.n, text, where, err);

    if (status != SNN_OK)
        return status;
    if (read.n > SNN_MAX_SPEAKERS)
        return snn_error_set(err, SNN_ECONFIG, where, "%s.%s is %u, but at most %d can be held out",
                             row->text.section, row->text.key, (unsigned)read.n, SNN_MAX_SPEAKERS);
    for (uint32_t i = 1; read.named && i < read.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (read.speaker[k] == read.speaker[i])
                return snn_error_set(err, SNN_ECONFIG, where, "%s.%s names speaker %u twice",
                                     row->text.section, row->text.key, (unsigned)read.speaker[i]);
    read.named = read.named && read.n > 0;
    memcpy(field, &read, sizeof read);
    return SNN_OK;
}

snn_status snn_config_row_set(const snn_config_row *row, snn_config *config, const char *text,
                              const char *where, snn_error *err)
{
    void *field = field_of(row, config);

    switch (row->kind) {
    case CONFIG_INTEGER:
    case CONFIG_ODD:
    case CONFIG_SEED:
        return set_integer(row, field, text, where, err);
    case CONFIG_NUMBER:
        return set_number(row, field, text, where, err);
    case CONFIG_SWITCH:
        return set_switch(row, field, text, where, err);
    case CONFIG_CHOICE:
        return set_choice(row, field, text, where, err);
    case CONFIG_TEXT:
        return set_text(row, field, text, where, err);
    case CONFIG_INTEGERS:
        return set_integers(row, config, text, where, err);
    case CONFIG_SPEAKERS:
        return set_speakers(row, field, text, where, err);
    }
    return SNN_EINVAL;
}

static void print_list(const uint32_t *values, uint32_t n, char *text)
{
    size_t length = 1;

    text[0] = '[';
    for (uint32_t i = 0; i < n; i++)
        length += (size_t)snprintf(text + length, CONFIG_VALUE_SIZE - length, "%s%u",
                                   i > 0 ? ", " : "", (unsigned)values[i]);
    snprintf(text + length, CONFIG_VALUE_SIZE - length, "]");
}

static void get_integers(const snn_config_row *row, const snn_config *config, char *text)
{
    const uint32_t n = config->network.n_hidden;

    print_list(field_at(row, config), n < SNN_MAX_HIDDEN ? n : SNN_MAX_HIDDEN, text);
}

static void get_speakers(const void *field, char *text)
{
    snn_speakers speakers;

    memcpy(&speakers, field, sizeof speakers);
    if (speakers.named)
        print_list(speakers.speaker, speakers.n < SNN_MAX_SPEAKERS ? speakers.n : SNN_MAX_SPEAKERS,
                   text);
    else
        snprintf(text, CONFIG_VALUE_SIZE, "%u", (unsigned)speakers.n);
}

void snn_config_row_get(const snn_config_row *row, const snn_config *config,
                        char text[CONFIG_VALUE_SIZE])
{
    const void *field = field_at(row, config);
    uint32_t integer = 0;
    uint64_t wide = 0;
    float number = 0;
    int value = 0;

    switch (row->kind) {
    case CONFIG_INTEGER:
    case CONFIG_ODD:
        memcpy(&integer, field, sizeof integer);
        snprintf(text, CONFIG_VALUE_SIZE, "%u", (unsigned)integer);
        break;
    case CONFIG_SEED:
        memcpy(&wide, field, sizeof wide);
        snprintf(text, CONFIG_VALUE_SIZE, "%llu", (unsigned long long)wide);
        break;
    case CONFIG_NUMBER:
        memcpy(&number, field, sizeof number);
        print_float(number, text, CONFIG_VALUE_SIZE);
        break;
    case CONFIG_SWITCH:
        memcpy(&value, field, sizeof value);
        snprintf(text, CONFIG_VALUE_SIZE, "%s", value ? "true" : "false");
        break;
    case CONFIG_CHOICE:
        memcpy(&value, field, sizeof value);
        if (value < 0 || !choice_at(row->text.type, value, text, CONFIG_VALUE_SIZE))
            snprintf(text, CONFIG_VALUE_SIZE, "%d", value);
        break;
    case CONFIG_TEXT:
        snprintf(text, CONFIG_VALUE_SIZE, "%.*s", (int)row->bytes - 1, (const char *)field);
        break;
    case CONFIG_INTEGERS:
        get_integers(row, config, text);
        break;
    case CONFIG_SPEAKERS:
        get_speakers(field, text);
        break;
    }
}
