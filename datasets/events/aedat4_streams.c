/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The XML of an AEDAT 4 header, as far as it tells which stream holds events:
 *
 *   <node name="outInfo"> <node name="0">
 *     <attr key="typeIdentifier" type="string">EVTS</attr>
 *     <node name="info"> <attr key="sizeX" type="int">346</attr> ...
 *
 * Tags are taken one by one; whatever is not understood is passed over.
 */
#include "datasets/events/aedat4.h"

#include <stdio.h>
#include <stdlib.h>

#define LONGEST_TAG 512

/* The value of `name` in a tag's text, or "". */
static void attribute(const char *tag, const char *name, char *out, size_t size)
{
    char key[32];
    const char *at;

    out[0] = '\0';
    snprintf(key, sizeof key, "%s=\"", name);
    at = strstr(tag, key);
    if (at != NULL)
        snprintf(out, size, "%.*s", (int)strcspn(at + strlen(key), "\""), at + strlen(key));
}

/* The stream at hand. */
struct stream {
    int32_t id; /* -1: outside of all */
    bool events;
    uint32_t width, height;
};

static void finish(const struct stream *s, snn_aedat4_stream *out)
{
    if (s->id < 0 || !s->events)
        return;
    if (out->id >= 0) {
        out->others++;
        return;
    }
    out->id = s->id;
    out->width = s->width;
    out->height = s->height;
}

static uint32_t size_of(const char *text)
{
    const unsigned long v = strtoul(text, NULL, 10);

    return v <= 32768 ? (uint32_t)v : 0;
}

static void take_tag(const char *tag, const char *value, struct stream *s, snn_aedat4_stream *out)
{
    char key[64];

    if (strncmp(tag, "node ", 5) == 0) {
        attribute(tag, "name", key, sizeof key);
        if (key[0] != '\0' && strspn(key, "0123456789") == strlen(key) && strlen(key) < 10) {
            finish(s, out);
            *s = (struct stream){.id = (int32_t)strtol(key, NULL, 10)};
        }
    } else if (strncmp(tag, "attr ", 5) == 0 && s->id >= 0) {
        attribute(tag, "key", key, sizeof key);
        if (strcmp(key, "typeIdentifier") == 0)
            s->events = strncmp(value, "EVTS", 4) == 0;
        else if (strcmp(key, "sizeX") == 0)
            s->width = size_of(value);
        else if (strcmp(key, "sizeY") == 0)
            s->height = size_of(value);
    }
}

void snn_aedat4_streams(const char *xml, size_t n, snn_aedat4_stream *out)
{
    struct stream stream = {.id = -1};
    const char *at = xml, *end = xml + n;

    *out = (snn_aedat4_stream){.id = -1};
    while (at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        const char *close = memchr(at, '>', (size_t)(end - at));
        char tag[LONGEST_TAG], value[LONGEST_TAG];

        if (close == NULL)
            break;
        snprintf(tag, sizeof tag, "%.*s", (int)(close - at - 1 < LONGEST_TAG ? close - at - 1 : 0),
                 at + 1);
        at = close + 1;
        snprintf(value, sizeof value, "%.*s", (int)(end - at < 32 ? end - at : 32), at);
        take_tag(tag, value, &stream, out);
    }
    finish(&stream, out);
}
