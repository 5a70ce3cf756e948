/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations from YAML (libyaml's events).  The grammar is two levels of mappings,
 * section and key; a value is a scalar or a list of scalars.  Anchors, deeper levels,
 * repeated keys and a second document are errors: what a run used must be readable
 * from one place of one file.
 */
#include "snn/io/config_table.h"

#include "snn/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

/* No configuration is near this: a data file given by mistake is refused early. */
#define LARGEST (1u << 20)

#define MAX_ROWS 128

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the newest; valid when has_event */
    bool has_event;
    const char *name; /* of the file, for messages */
    char where[SNN_ERROR_WHERE];
    snn_config config;     /* a copy until all is well */
    size_t line[MAX_ROWS]; /* where row i was given; 0 = not yet */
    char section[64];
    size_t section_line[16]; /* by the section's first row, in order of the table */
    int fd;
    int read_errno;
    size_t bytes;
    snn_error *err;
};

static snn_status SNN_PRINTF(3, 4) fail_at(struct reader *r, size_t line, const char *format, ...)
{
    char message[SNN_ERROR_WHAT];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    snprintf(r->where, sizeof r->where, "%s:%zu", r->name, line);
    return snn_error_set(r->err, SNN_ECONFIG, r->where, "%s", message);
}

static size_t event_line(const struct reader *r)
{
    return r->event.start_mark.line + 1;
}

static snn_status next_event(struct reader *r)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = false;
    if (yaml_parser_parse(&r->parser, &r->event)) {
        r->has_event = true;
        return SNN_OK;
    }
    if (r->read_errno == EFBIG)
        return snn_error_set(r->err, SNN_ECONFIG, r->name,
                             "is larger than %u bytes: this is no configuration", LARGEST);
    if (r->read_errno != 0)
        return snn_error_set(r->err, SNN_EIO, r->name, "cannot be read: %s",
                             strerror(r->read_errno));
    if (r->parser.error == YAML_MEMORY_ERROR)
        return snn_error_set(r->err, SNN_ENOMEM, r->name, "out of memory");
    /* The reader decodes ahead of the lines that are counted: it knows bytes only. */
    if (r->parser.error == YAML_READER_ERROR)
        return snn_error_set(r->err, SNN_ECONFIG, r->name, "is not YAML: %s, at byte %zu",
                             r->parser.problem, r->parser.problem_offset + 1);
    snprintf(r->where, sizeof r->where, "%s:%zu", r->name, r->parser.problem_mark.line + 1);
    return snn_error_set(r->err, SNN_ECONFIG, r->where, "is not YAML: %s",
                         r->parser.problem != NULL ? r->parser.problem : "syntax error");
}

/* The value of the scalar event; refuses what a C string cannot hold. */
static snn_status scalar_text(struct reader *r, const char **out)
{
    const char *text = (const char *)r->event.data.scalar.value;

    if (strlen(text) != r->event.data.scalar.length)
        return fail_at(r, event_line(r), "holds a zero byte");
    *out = text;
    return SNN_OK;
}

/* A list's entries as "[a, b]", the form that --set takes. */
static snn_status read_list(struct reader *r, char text[CONFIG_VALUE_SIZE])
{
    size_t length = 1;
    snn_status status = SNN_OK;

    text[0] = '[';
    for (;;) {
        const char *entry = NULL;
        size_t need;
        TRY(status, next_event(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (r->event.type != YAML_SCALAR_EVENT)
            return fail_at(r, event_line(r), "nested too deep: a list holds plain values only");
        TRY(status, scalar_text(r, &entry));
        need = strlen(entry) + 3;
        if (length + need + 2 > CONFIG_VALUE_SIZE)
            return fail_at(r, event_line(r), "the list is too long");
        length += (size_t)snprintf(text + length, CONFIG_VALUE_SIZE - length, "%s%s",
                                   length > 1 ? ", " : "", entry);
    }
    text[length] = ']';
    text[length + 1] = '\0';
done:
    return status;
}

/* Key and value of the current section; the event is the key's scalar. */
static snn_status read_entry(struct reader *r)
{
    char list[CONFIG_VALUE_SIZE], key[64];
    const char *text = NULL;
    const snn_config_row *row;
    size_t line = event_line(r), index;
    snn_status status = SNN_OK;

    if (r->event.type != YAML_SCALAR_EVENT)
        return fail_at(r, line, "a key must be plain text");
    TRY(status, scalar_text(r, &text));
    snprintf(r->where, sizeof r->where, "%s:%zu", r->name, line);
    snprintf(key, sizeof key, "%s", text);
    row = snn_config_row_find(r->section, text);
    if (row == NULL)
        return snn_config_unknown_key(r->section, key, r->where, r->err);
    index = (size_t)(row - snn_config_row_at(0));
    SNN_ASSERT(index < MAX_ROWS);
    if (r->line[index] > 0)
        return fail_at(r, line, "%s.%s was given in line %zu already", r->section, key,
                       r->line[index]);
    r->line[index] = line;
    TRY(status, next_event(r));
    snprintf(r->where, sizeof r->where, "%s:%zu", r->name, event_line(r));
    if (r->event.type == YAML_SEQUENCE_START_EVENT) {
        TRY(status, read_list(r, list));
        text = list;
    } else if (r->event.type == YAML_SCALAR_EVENT) {
        TRY(status, scalar_text(r, &text));
    } else if (r->event.type == YAML_ALIAS_EVENT) {
        return fail_at(r, event_line(r), "anchors and aliases are not used in configurations");
    } else {
        return fail_at(r, event_line(r), "nested too deep: sections hold plain values only");
    }
    status = snn_config_row_set(row, &r->config, text, r->where, r->err);
done:
    return status;
}

/* Section's place in the order of the table: 0, 1, .. */
static size_t section_index(const char *section)
{
    const snn_config_row *row;
    const char *last = "";
    size_t n = 0;

    for (size_t i = 0; (row = snn_config_row_at(i)) != NULL; i++) {
        if (strcmp(last, row->text.section) != 0) {
            last = row->text.section;
            if (strcmp(last, section) == 0)
                return n;
            n++;
        }
    }
    return n;
}

/* A section's name and its mapping; the event is the name's scalar. */
static snn_status read_section(struct reader *r)
{
    const char *text = NULL;
    size_t line = event_line(r), *first;
    snn_status status = SNN_OK;

    if (r->event.type != YAML_SCALAR_EVENT)
        return fail_at(r, line, "a section's name must be plain text");
    TRY(status, scalar_text(r, &text));
    snprintf(r->section, sizeof r->section, "%s", text);
    snprintf(r->where, sizeof r->where, "%s:%zu", r->name, line);
    if (!snn_config_section_exists(text))
        return snn_config_unknown_section(r->section, r->where, r->err);
    first = &r->section_line[section_index(r->section)];
    if (*first > 0)
        return fail_at(r, line, "section '%s' was begun in line %zu already", r->section, *first);
    *first = line;
    TRY(status, next_event(r));
    /* "train:" with all its keys commented out. */
    if (r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0)
        goto done;
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return fail_at(r, event_line(r), "section '%s' needs keys: write them indented below it",
                       r->section);
    for (;;) {
        TRY(status, next_event(r));
        if (r->event.type == YAML_MAPPING_END_EVENT)
            break;
        TRY(status, read_entry(r));
    }
done:
    return status;
}

static snn_status read_document(struct reader *r)
{
    snn_status status = SNN_OK;

    TRY(status, next_event(r)); /* stream start */
    TRY(status, next_event(r));
    if (r->event.type == YAML_STREAM_END_EVENT)
        goto done; /* an empty file: all defaults */
    TRY(status, next_event(r));
    if (r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0) {
        TRY(status, next_event(r));
    } else if (r->event.type == YAML_MAPPING_START_EVENT) {
        for (;;) {
            TRY(status, next_event(r));
            if (r->event.type == YAML_MAPPING_END_EVENT)
                break;
            TRY(status, read_section(r));
        }
        TRY(status, next_event(r));
    } else {
        return fail_at(r, event_line(r),
                       "a configuration is a mapping of sections such as 'train:'");
    }
    TRY(status, next_event(r)); /* after the document's end */
    if (r->event.type != YAML_STREAM_END_EVENT)
        status = fail_at(r, event_line(r), "holds a second document; one configuration a file");
done:
    return status;
}

/* Run the reader over an input that was set; copies the result on success. */
static snn_status run_reader(struct reader *r, snn_config *config, const char *name, snn_error *err)
{
    snn_status status;

    r->config = *config;
    r->name = name;
    r->err = err;
    status = read_document(r);
    if (r->has_event)
        yaml_event_delete(&r->event);
    if (status == SNN_OK)
        *config = r->config;
    return status;
}

snn_status snn_config_parse(snn_config *config, const char *text, size_t length, const char *name,
                            snn_error *err)
{
    struct reader reader = {.fd = -1};
    snn_status status;

    if (length > LARGEST)
        return snn_error_set(err, SNN_ECONFIG, name,
                             "is larger than %u bytes: this is no configuration", LARGEST);
    if (!yaml_parser_initialize(&reader.parser))
        return snn_error_set(err, SNN_ENOMEM, name, "out of memory");
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    status = run_reader(&reader, config, name, err);
    yaml_parser_delete(&reader.parser);
    return status;
}

/* libyaml's source of bytes: 1 = fine (0 bytes: the end), 0 = failed. */
static int read_bytes(void *data, unsigned char *buffer, size_t size, size_t *size_read)
{
    struct reader *r = data;
    ssize_t n;

    do {
        n = read(r->fd, buffer, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        r->read_errno = errno;
        return 0;
    }
    r->bytes += (size_t)n;
    if (r->bytes > LARGEST) {
        r->read_errno = EFBIG;
        return 0;
    }
    *size_read = (size_t)n;
    return 1;
}

snn_status snn_config_load(snn_config *config, const char *path, snn_error *err)
{
    struct reader reader = {.fd = -1};
    struct stat about;
    bool initialized = false;
    snn_status status = SNN_OK;

    reader.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reader.fd < 0) {
        status = snn_error_set(err, errno == ENOENT ? SNN_ENOTFOUND : SNN_EIO, path,
                               "cannot be opened: %s", strerror(errno));
        goto done;
    }
    if (fstat(reader.fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        status =
            snn_error_set(err, SNN_EIO, path, "is a folder; give a configuration file (*.yaml)");
        goto done;
    }
    initialized = yaml_parser_initialize(&reader.parser);
    if (!initialized) {
        status = snn_error_set(err, SNN_ENOMEM, path, "out of memory");
        goto done;
    }
    yaml_parser_set_input(&reader.parser, read_bytes, &reader);
    status = run_reader(&reader, config, path, err);
done:
    if (initialized)
        yaml_parser_delete(&reader.parser);
    if (reader.fd >= 0)
        close(reader.fd);
    return status;
}
