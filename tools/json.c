/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/tool.h"

#include <math.h>
#include <string.h>

static void put_string(FILE *to, const char *text)
{
    fputc('"', to);
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(to, "\\%c", *s);
        else if (*s == '\n')
            fputs("\\n", to);
        else if (*s < 0x20)
            fprintf(to, "\\u%04x", *s);
        else
            fputc(*s, to);
    }
    fputc('"', to);
}

static void put_key(json *j, const char *key)
{
    if (!j->first)
        fputc(',', j->to);
    j->first = false;
    if (key != NULL) {
        put_string(j->to, key);
        fputc(':', j->to);
    }
}

void json_begin(json *j, const char *event)
{
    j->to = stdout;
    j->first = true;
    fputc('{', j->to);
    json_text(j, "event", event);
}

void json_text(json *j, const char *key, const char *value)
{
    put_key(j, key);
    put_string(j->to, value);
}

void json_bare(json *j, const char *key, const char *value)
{
    put_key(j, key);
    fputs(value, j->to);
}

void json_number(json *j, const char *key, double value)
{
    char text[40];

    put_key(j, key);
    if (!isfinite(value)) {
        fputs("null", j->to);
        return;
    }
    /* Nine digits tell any two float32 apart; more would be noise. */
    snprintf(text, sizeof text, "%.9g", value);
    fputs(text, j->to);
}

void json_count(json *j, const char *key, uint64_t value)
{
    put_key(j, key);
    fprintf(j->to, "%llu", (unsigned long long)value);
}

void json_open(json *j, const char *key, char bracket)
{
    put_key(j, key);
    fputc(bracket, j->to);
    j->first = true;
}

void json_close(json *j, char bracket)
{
    fputc(bracket, j->to);
    j->first = false;
}

void json_end(json *j)
{
    fputs("}\n", j->to);
    fflush(j->to);
}
