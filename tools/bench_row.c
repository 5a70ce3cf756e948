/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/bench_kit.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

void text_add(bench_text *t, const char *format, ...)
{
    va_list arguments, again;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (t->status == SNN_OK && t->n + (size_t)length + 1 > t->room) {
        const size_t room = 2 * t->room + (size_t)length + 256;
        char *more = snn_alloc(t->ctx, room, 1);

        if (more != NULL && t->n > 0)
            memcpy(more, t->at, t->n);
        if (more != NULL) {
            snn_free(t->ctx, t->at);
            t->at = more;
            t->room = room;
        } else {
            t->status = SNN_ENOMEM;
        }
    }
    if (t->status == SNN_OK)
        t->n += (size_t)vsnprintf(t->at + t->n, t->room - t->n, format, arguments);
    va_end(arguments);
}

snn_status text_write(const bench_text *t, const char *path, snn_error *err)
{
    if (t->status != SNN_OK)
        return snn_error_set(err, t->status, path, "out of memory for the text");
    return snn_replace_file(t->ctx, path, t->at, t->n, err);
}

void text_free(bench_text *t)
{
    snn_free(t->ctx, t->at);
    *t = (bench_text){.ctx = t->ctx};
}

static row_field *add(bench_row *r, const char *group, const char *name, row_kind kind)
{
    row_field *field = &r->field[r->n < ROW_FIELDS ? r->n++ : ROW_FIELDS - 1];

    *field = (row_field){.group = group, .kind = kind};
    snprintf(field->name, sizeof field->name, "%s", name);
    for (char *c = field->name; *c != '\0'; c++)
        *c = *c == ' ' ? '_' : *c;
    return field;
}

void row_begin(bench_row *r, const char *event)
{
    r->event = event;
    r->n = 0;
}

void row_text(bench_row *r, const char *name, const char *value)
{
    row_field *field = add(r, NULL, name, ROW_TEXT);

    snprintf(field->text, sizeof field->text, "%s", value);
}

void row_list(bench_row *r, const char *name, const char *words)
{
    row_field *field = add(r, NULL, name, ROW_LIST);

    snprintf(field->text, sizeof field->text, "%s", words);
}

void row_number(bench_row *r, const char *group, const char *name, double value)
{
    add(r, group, name, ROW_NUMBER)->number = value;
}

void row_count(bench_row *r, const char *name, uint64_t value)
{
    add(r, NULL, name, ROW_COUNT)->number = (double)value;
}

void row_flag(bench_row *r, const char *name, bool value)
{
    add(r, NULL, name, ROW_FLAG)->number = value;
}

static void json_list(json *j, const row_field *f)
{
    char words[sizeof f->text];

    memcpy(words, f->text, sizeof words);
    json_open(j, f->name, '[');
    for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL;)
        if (*word != '\0')
            json_text(j, NULL, word);
    json_close(j, ']');
}

static void json_field(json *j, const row_field *f)
{
    switch (f->kind) {
    case ROW_TEXT:
        json_text(j, f->name, f->text);
        break;
    case ROW_LIST:
        json_list(j, f);
        break;
    case ROW_NUMBER:
        json_number(j, f->name, f->number);
        break;
    case ROW_COUNT:
        json_count(j, f->name, (uint64_t)f->number);
        break;
    case ROW_FLAG:
        json_bare(j, f->name, f->number != 0 ? "true" : "false");
        break;
    }
}

void row_json(const bench_row *r)
{
    json j;

    json_begin(&j, r->event);
    for (size_t i = 0; i < r->n; i++) {
        const char *group = r->field[i].group;
        const char *before = i > 0 ? r->field[i - 1].group : NULL;
        const char *next = i + 1 < r->n ? r->field[i + 1].group : NULL;

        if (group != NULL && group != before)
            json_open(&j, group, '{');
        json_field(&j, &r->field[i]);
        if (group != NULL && group != next)
            json_close(&j, '}');
    }
    json_end(&j);
}

/* A text for CSV: commas become semicolons. */
static void csv_text(bench_text *to, const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        text_add(to, "%c", *c == ',' || *c == '\n' ? ';' : *c);
}

void row_csv(const bench_row *r, bool head, bench_text *to)
{
    for (size_t i = 0; head && i < r->n; i++) {
        const row_field *f = &r->field[i];

        text_add(to, "%s%s%s%s", i > 0 ? "," : "", f->group != NULL ? f->group : "",
                 f->group != NULL ? "." : "", f->name);
    }
    if (head)
        text_add(to, "\n");
    for (size_t i = 0; i < r->n; i++) {
        const row_field *f = &r->field[i];

        text_add(to, "%s", i > 0 ? "," : "");
        if (f->kind == ROW_TEXT || f->kind == ROW_LIST)
            csv_text(to, f->text);
        else if (f->kind == ROW_NUMBER && isfinite(f->number))
            text_add(to, "%.6g", f->number);
        else if (f->kind != ROW_NUMBER)
            text_add(to, "%.0f", f->number);
    }
    text_add(to, "\n");
}

snn_status row_print(snn_context *ctx, const bench_row *r, bool as_json, bool head, snn_error *err)
{
    bench_text line = {.ctx = ctx};
    snn_status status;

    if (as_json) {
        row_json(r);
        return SNN_OK;
    }
    row_csv(r, head, &line);
    status = line.status;
    if (status == SNN_OK)
        fwrite(line.at, 1, line.n, stdout);
    else
        snn_error_set(err, status, NULL, "out of memory for a line");
    text_free(&line);
    return status;
}
