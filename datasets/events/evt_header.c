/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header of Prophesee's RAW and DAT files: lines "% key value", up to "% end" or to
 * the first that is no such line.  Event words may begin with the bytes "% " too, so a
 * line must be short and plain text.
 */
#include "datasets/events/evt.h"

#include <stdio.h>
#include <stdlib.h>

#define LONGEST_LINE 1024

/* Length of the header line at `at` with its newline, 0 where there is none. */
static size_t line_length(const unsigned char *at, size_t n)
{
    if (n < 2 || at[0] != '%' || at[1] != ' ')
        return 0;
    for (size_t i = 2; i < n && i < LONGEST_LINE; i++) {
        if (at[i] == '\n')
            return i + 1;
        if ((at[i] < 0x20 || at[i] > 0x7e) && at[i] != '\t' && at[i] != '\r')
            return 0;
    }
    return 0;
}

/* Whether all that is left begins like a header line and has no end. */
static bool is_cut_line(const unsigned char *at, size_t n)
{
    if (n == 0 || n >= LONGEST_LINE || at[0] != '%' || (n > 1 && at[1] != ' '))
        return false;
    for (size_t i = 2; i < n; i++)
        if ((at[i] < 0x20 || at[i] > 0x7e) && at[i] != '\t')
            return false;
    return true;
}

static void take_version(snn_evt_header *h, const char *text)
{
    snprintf(h->version, sizeof h->version, "%.*s", (int)strspn(text, "0123456789."), text);
    /* "3.0" and "2.0" are 3 and 2; "2.1" is another format. */
    if (strlen(h->version) == 3 && h->version[2] == '0')
        h->version[1] = '\0';
    if (strcmp(h->version, "21") == 0)
        snprintf(h->version, sizeof h->version, "2.1");
}

/* A size of 1 .. 65536, or 0. */
static uint32_t size_of(const char *text)
{
    const unsigned long v = strtoul(text, NULL, 10);

    return v <= 65536 ? (uint32_t)v : 0;
}

/* "format EVT3;height=720;width=1280" */
static void take_format(snn_evt_header *h, char *value)
{
    for (char *part = value, *next; part != NULL; part = next) {
        next = strchr(part, ';');
        if (next != NULL)
            *next++ = '\0';
        if (strncmp(part, "EVT", 3) == 0)
            take_version(h, part + 3);
        else if (strncmp(part, "height=", 7) == 0)
            h->height = size_of(part + 7);
        else if (strncmp(part, "width=", 6) == 0)
            h->width = size_of(part + 6);
        else if (strcmp(part, "endianness=legacy") == 0)
            h->swapped = true;
    }
}

static void take_line(snn_evt_header *h, char *line)
{
    char *value = line + strcspn(line, " \t");

    if (*value != '\0')
        *value++ = '\0';
    value += strspn(value, " \t");
    if (strcmp(line, "evt") == 0) {
        if (h->version[0] == '\0')
            take_version(h, value);
    } else if (strcmp(line, "format") == 0) {
        take_format(h, value);
    } else if (strcmp(line, "geometry") == 0) {
        const char *by = strchr(value, 'x');

        h->width = size_of(value);
        h->height = by != NULL ? size_of(by + 1) : 0;
    } else if (strcmp(line, "Width") == 0 || strcmp(line, "width") == 0) {
        h->width = size_of(value);
    } else if (strcmp(line, "Height") == 0 || strcmp(line, "height") == 0) {
        h->height = size_of(value);
    } else if (strcmp(line, "endianness") == 0) {
        h->swapped = strcmp(value, "legacy") == 0;
    } else if (strcmp(line, "Data") == 0 || strcmp(line, "Version") == 0) {
        h->dat = true;
    }
}

void snn_evt_header_parse(const unsigned char *head, size_t n, snn_evt_header *out)
{
    char line[LONGEST_LINE];
    size_t length;

    *out = (snn_evt_header){0};
    while (!out->ended && (length = line_length(head + out->bytes, n - out->bytes)) > 0) {
        size_t text = length - 2;

        memcpy(line, head + out->bytes + 2, text);
        while (text > 0 && (line[text - 1] == '\n' || line[text - 1] == '\r'))
            text--;
        line[text] = '\0';
        out->bytes += length;
        if (strcmp(line, "end") == 0)
            out->ended = true;
        else
            take_line(out, line);
    }
    if (out->width == 0 || out->height == 0)
        out->width = out->height = 0;
}

snn_status snn_evt_header_read(snn_event_reader *r, uint32_t width, uint32_t height,
                               snn_evt_header *out, snn_error *err)
{
    snn_event_input *in = &r->in;
    snn_status st = SNN_OK;

    for (;;) {
        const unsigned char *rest;
        size_t left;

        snn_evt_header_parse(in->at, snn_event_input_left(in), out);
        rest = in->at + out->bytes;
        left = snn_event_input_left(in) - out->bytes;
        if (out->ended || in->complete || left >= LONGEST_LINE || (left >= 1 && rest[0] != '%') ||
            (left >= 2 && rest[1] != ' '))
            break;
        TRY(st, snn_event_input_need(in, snn_event_input_left(in) + 1, err));
    }
    in->at += out->bytes;
    if (is_cut_line(in->at, snn_event_input_left(in)) && !out->ended)
        TRY(st, snn_event_fail_at(in, snn_event_input_offset(in), SNN_EFORMAT, err,
                                  "the file is cut within its header: fetch it again"));
    if (out->width > 0)
        snn_event_set_geometry(r, SNN_GEOMETRY_STATED, out->width, out->height);
    else
        snn_event_set_geometry(r, SNN_GEOMETRY_ASSUMED, width, height);

done:
    return st;
}

void snn_evt_header_write(snn_event_writer *w, const char *version, const char *format)
{
    char text[256];
    int n = snprintf(text, sizeof text, "%% evt %s\n", version);

    if (w->width > 0)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "%% format %s;height=%lu;width=%lu\n%% geometry %lux%lu\n", format,
                      (unsigned long)w->height, (unsigned long)w->width, (unsigned long)w->width,
                      (unsigned long)w->height);
    else
        n += snprintf(text + n, sizeof text - (size_t)n, "%% format %s\n", format);
    n += snprintf(text + n, sizeof text - (size_t)n, "%% end\n");
    snn_event_output_bytes(&w->out, text, (size_t)n);
}

int snn_evt_probe(const unsigned char *head, size_t n, const char *version)
{
    snn_evt_header h;

    snn_evt_header_parse(head, n, &h);
    return strcmp(h.version, version) == 0 ? 95 : 0;
}

snn_status snn_evt_words(snn_event_reader *r, size_t bytes, size_t *n, snn_error *err)
{
    snn_status st;

    TRY(st, snn_event_input_need(&r->in, bytes, err));
    *n = snn_event_input_left(&r->in) / bytes;
    if (*n == 0 && snn_event_input_left(&r->in) > 0)
        st = snn_event_fail_cut(&r->in, "a record", bytes, err);

done:
    return st;
}

snn_status snn_evt_refuse_time(const snn_event_writer *w, size_t index, int64_t t, snn_error *err)
{
    return snn_event_refuse(w, index, err,
                            "%s cannot hold the time %lld us, or the gap before it: let times "
                            "begin at 0 (relative)",
                            snn_event_format_name(w->codec->format), (long long)t);
}

snn_status snn_evt_refuse_back(const snn_event_writer *w, size_t index, snn_error *err)
{
    return snn_event_refuse(w, index, err,
                            "%s cannot hold a step back in time so large, or across a wrap of its "
                            "clock: choose another format",
                            snn_event_format_name(w->codec->format));
}
