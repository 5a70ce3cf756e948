/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text, an event a line:
 *
 *   t x y p     by spaces or tabs; of the Event-Camera Dataset
 *   x,y,p,t     by commas; of Metavision
 *
 * A line of column names decides their order, else: by spaces t x y p, by commas x,y,p,t,
 * or t,x,y,p where the first number has a fraction.  Times are seconds if the first event's
 * has a fraction or exponent, else microseconds.  Lines that begin with # or % are notes,
 * of which "geometry:W,H" counts; so does a first line of two whole numbers.
 *
 * Numbers are taken apart as decimals: a float64 would lose microseconds of epoch times.
 */
#include "datasets/events/codec.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST_LINE 4096
#define FIELDS       4

enum field { FIELD_T, FIELD_X, FIELD_Y, FIELD_P };

struct text_reader {
    uint64_t line; /* number of the line at `at`, from 1 */
    bool begun;    /* an event has come: columns and unit are known */
    bool named;    /* columns have names */
    bool seconds;
    enum field column[FIELDS];
};

/* ---- numbers ------------------------------------------------------------------ */

struct decimal {
    bool negative, fraction; /* with a point or an exponent */
    bool inexact;            /* digits beyond those of 64 bits, not all of them zero */
    uint64_t digits;
    int exponent; /* of ten */
};

/* Take a number at *at; false where there is none. */
static bool take_decimal(const char **at, const char *end, struct decimal *d)
{
    const char *c = *at;
    bool any = false, point = false;

    *d = (struct decimal){0};
    if (c < end && (*c == '-' || *c == '+'))
        d->negative = *c++ == '-';
    for (; c < end && (isdigit((unsigned char)*c) || (*c == '.' && !point)); c++) {
        if (*c == '.') {
            point = d->fraction = true;
            continue;
        }
        any = true;
        if (d->digits <= (UINT64_MAX - 9) / 10) {
            d->digits = 10 * d->digits + (uint64_t)(*c - '0');
            d->exponent -= point;
        } else {
            d->inexact |= *c != '0';
            d->exponent += !point;
        }
    }
    if (any && c < end && (*c == 'e' || *c == 'E')) {
        char text[8] = "";
        const char *digit = ++c;

        if (digit < end && (*digit == '-' || *digit == '+'))
            digit++;
        while (digit < end && isdigit((unsigned char)*digit))
            digit++;
        if (digit == c || !isdigit((unsigned char)digit[-1]) || digit - c >= (ptrdiff_t)sizeof text)
            return false;
        memcpy(text, c, (size_t)(digit - c));
        d->exponent += (int)strtol(text, NULL, 10);
        d->fraction = true;
        c = digit;
    }
    *at = c;
    return any;
}

/* value = d * 10^shift, to nearest, halves away from zero; false where it is beyond int64. */
static bool scale(const struct decimal *d, int shift, int64_t *value, bool *rounded)
{
    uint64_t v = d->digits;
    int power = d->exponent + shift;

    *rounded = d->inexact;
    for (; power > 0 && v != 0; power--) {
        if (v > INT64_MAX / 10)
            return false;
        v *= 10;
    }
    if (power < 0 && v != 0) {
        uint64_t ten = 1;

        for (; power < 0 && ten < UINT64_C(10000000000000000000); power++)
            ten *= 10;
        *rounded |= power < 0 || v % ten != 0;
        v = power < 0 ? 0 : v / ten + (v % ten >= ten / 2);
    }
    if (v > INT64_MAX)
        return false;
    *value = d->negative ? -(int64_t)v : (int64_t)v;
    return true;
}

/* ---- lines -------------------------------------------------------------------- */

/* Text of a line without its end. */
struct line {
    const char *at, *end;
};

static bool is_gap(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == ';';
}

static void skip_gap(struct line *l)
{
    while (l->at < l->end && is_gap(*l->at))
        l->at++;
}

/* Up to FIELDS + 1 numbers; returns how many, or -1 where something else comes. */
static int take_numbers(struct line l, struct decimal d[FIELDS + 1])
{
    int n = 0;

    for (skip_gap(&l); l.at < l.end; skip_gap(&l)) {
        if (n == FIELDS + 1)
            return n;
        if (!take_decimal(&l.at, l.end, &d[n++]) || (l.at < l.end && !is_gap(*l.at)))
            return -1;
    }
    return n;
}

/* "geometry:W,H" in a note, or two numbers as the first line. */
static void take_geometry(snn_event_reader *r, struct line l)
{
    static const char WORD[] = "geometry:";
    struct decimal d[FIELDS + 1];
    int64_t width, height;
    bool rounded;

    while (l.at < l.end && (*l.at == '#' || *l.at == '%' || *l.at == ' '))
        l.at++;
    if ((size_t)(l.end - l.at) > strlen(WORD) && memcmp(l.at, WORD, strlen(WORD)) == 0)
        l.at += strlen(WORD);
    if (take_numbers(l, d) == 2 && scale(&d[0], 0, &width, &rounded) &&
        scale(&d[1], 0, &height, &rounded) && width > 0 && height > 0 && width <= 65536 &&
        height <= 65536)
        snn_event_set_geometry(r, SNN_GEOMETRY_STATED, (uint32_t)width, (uint32_t)height);
}

/* A line of names such as "x,y,p,t" or "timestamp x y polarity". */
static bool take_names(struct text_reader *s, struct line l)
{
    enum field column[FIELDS];
    unsigned seen = 0;
    int n = 0;

    for (skip_gap(&l); l.at < l.end; skip_gap(&l), n++) {
        const int c = tolower((unsigned char)*l.at);

        if (n == FIELDS || (c != 't' && c != 'x' && c != 'y' && c != 'p'))
            return false;
        column[n] = c == 't' ? FIELD_T : c == 'x' ? FIELD_X : c == 'y' ? FIELD_Y : FIELD_P;
        seen |= 1u << column[n];
        while (l.at < l.end && !is_gap(*l.at))
            l.at++;
    }
    if (seen != 15)
        return false;
    memcpy(s->column, column, sizeof column);
    s->named = true;
    return true;
}

/* The first event decides on the columns and the unit of time. */
static void begin_events(snn_event_reader *r, struct line l, const struct decimal *d)
{
    static const enum field T_FIRST[] = {FIELD_T, FIELD_X, FIELD_Y, FIELD_P};
    static const enum field T_LAST[] = {FIELD_X, FIELD_Y, FIELD_P, FIELD_T};
    struct text_reader *s = r->state;
    const bool commas = memchr(l.at, ',', (size_t)(l.end - l.at)) != NULL;

    if (!s->named)
        memcpy(s->column, commas && !d[0].fraction ? T_LAST : T_FIRST, sizeof s->column);
    for (int i = 0; i < FIELDS; i++)
        if (s->column[i] == FIELD_T)
            s->seconds = d[i].fraction;
    s->begun = true;
    for (int i = 0; i < FIELDS; i++)
        snprintf(r->info.variant + 2 * i, 3, "%c%c", "txyp"[s->column[i]],
                 i == FIELDS - 1 ? '\0'
                 : commas        ? ','
                                 : ' ');
    snprintf(r->info.variant + strlen(r->info.variant), 24, ", t in %s",
             s->seconds ? "seconds" : "microseconds");
}

static snn_status bad_line(const snn_event_reader *r, snn_error *err, const char *what)
{
    const struct text_reader *s = r->state;

    return snn_event_fail_at(&r->in, snn_event_input_offset(&r->in), SNN_EFORMAT, err,
                             "line %llu: %s: mend or remove it", (unsigned long long)s->line, what);
}

/* One line; *made says whether it was an event that is in range. */
static snn_status take_line(snn_event_reader *r, struct line l, snn_event *out, bool *made,
                            snn_error *err)
{
    struct text_reader *s = r->state;
    struct decimal d[FIELDS + 1];
    int64_t v[FIELDS];
    bool rounded[FIELDS];
    int n;

    *made = false;
    skip_gap(&l);
    if (l.at == l.end)
        return SNN_OK;
    if (*l.at == '#' || *l.at == '%') {
        if (!take_names(s, (struct line){l.at + 1, l.end}))
            take_geometry(r, l);
        return SNN_OK;
    }
    n = take_numbers(l, d);
    if (!s->begun && n == 2) {
        take_geometry(r, l);
        return SNN_OK;
    }
    if (!s->begun && n < 0 && take_names(s, l))
        return SNN_OK;
    if (n != FIELDS)
        return bad_line(r, err,
                        n < 0 ? "holds something else than numbers" : "is not four numbers");
    if (!s->begun)
        begin_events(r, l, d);
    for (int i = 0; i < FIELDS; i++) {
        const enum field f = s->column[i];

        if (f == FIELD_T && d[i].fraction && !s->seconds)
            return bad_line(r, err,
                            "has a fraction of a microsecond, unless times are seconds: "
                            "write the first one with a point");
        if (!scale(&d[i], f == FIELD_T && s->seconds ? 6 : 0, &v[f], &rounded[f]))
            return bad_line(r, err, "has a number beyond all bounds");
    }
    if (rounded[FIELD_X] || rounded[FIELD_Y] || rounded[FIELD_P] || v[FIELD_P] < -1 ||
        v[FIELD_P] > 1)
        return bad_line(r, err, "is no event: x and y are whole, p is 0 or 1 (or -1 or 1)");
    if (v[FIELD_X] < 0 || v[FIELD_X] > UINT16_MAX || v[FIELD_Y] < 0 || v[FIELD_Y] > UINT16_MAX) {
        r->counts.outside++;
        return SNN_OK;
    }
    r->counts.rounded += rounded[FIELD_T];
    *out = (snn_event){.t = v[FIELD_T],
                       .x = (uint16_t)v[FIELD_X],
                       .y = (uint16_t)v[FIELD_Y],
                       .p = v[FIELD_P] == 1};
    *made = true;
    return SNN_OK;
}

/* Numbers in lines and nothing else: sure after three of them. */
static int probe(const unsigned char *head, size_t n, bool whole)
{
    const char *at = (const char *)head, *end = at + n;
    struct text_reader names;
    struct decimal d[FIELDS + 1];
    int events = 0;

    while (at < end && events < 3) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct line l = {at, stop != NULL ? stop : end};
        int numbers;

        if (stop == NULL && !whole)
            break;
        if (l.end > l.at && l.end[-1] == '\r')
            l.end--;
        at = stop != NULL ? stop + 1 : end;
        if (l.at == l.end || *l.at == '#' || *l.at == '%')
            continue;
        numbers = take_numbers(l, d);
        if (numbers == FIELDS)
            events++;
        else if (events > 0 || (numbers != 2 && !take_names(&names, l)))
            break;
    }
    return events == 3 ? 90 : events > 0 ? 60 : 0;
}

/* The line at the window's begin, of *bytes bytes; 0 = none: there is no whole line yet, and
 * with `wait` no more at all. */
static snn_status next_line(snn_event_reader *r, bool wait, struct line *l, size_t *bytes,
                            snn_error *err)
{
    snn_event_input *in = &r->in;
    snn_status st = SNN_OK;

    for (;;) {
        const size_t left = snn_event_input_left(in);
        const unsigned char *stop = memchr(in->at, '\n', left);

        if (left > LONGEST_LINE && (stop == NULL || stop - in->at > LONGEST_LINE))
            TRY(st, bad_line(r, err, "is longer than 4096 bytes, no text of events"));
        if (stop != NULL || in->complete) {
            *bytes = stop != NULL ? (size_t)(stop - in->at) + 1 : left;
            *l = (struct line){(const char *)in->at, (const char *)(stop != NULL ? stop : in->end)};
            if (l->end > l->at && l->end[-1] == '\r')
                l->end--;
            break;
        }
        *bytes = 0;
        if (!wait)
            break;
        TRY(st, snn_event_input_need(in, left + 1, err));
    }

done:
    return st;
}

/* Notes and the geometry before the first event. */
static snn_status open_text(snn_event_reader *r, snn_error *err)
{
    struct text_reader *s = r->state;
    struct decimal d[FIELDS + 1];
    struct line l;
    snn_event none;
    size_t bytes;
    bool made;
    snn_status st = SNN_OK;

    s->line = 1;
    for (;;) {
        TRY(st, next_line(r, true, &l, &bytes, err));
        if (bytes == 0 || take_numbers(l, d) > 2)
            break;
        TRY(st, take_line(r, l, &none, &made, err));
        r->in.at += bytes;
        s->line++;
    }

done:
    return st;
}

static snn_status read_text(snn_event_reader *r, snn_event *out, size_t room, size_t *n,
                            snn_error *err)
{
    struct text_reader *s = r->state;
    size_t made = 0, bytes;
    struct line l;
    snn_status st = SNN_OK;

    while (made < room) {
        bool one;

        TRY(st, next_line(r, made == 0, &l, &bytes, err));
        if (bytes == 0)
            break;
        TRY(st, take_line(r, l, &out[made], &one, err));
        made += one;
        r->in.at += bytes;
        s->line++;
    }

done:
    *n = made;
    return st;
}

/* ---- writing -------------------------------------------------------------------- */

static snn_status begin(snn_event_writer *w, snn_error *err)
{
    char text[64];

    (void)err;
    if (w->width > 0) {
        const int n = snprintf(text, sizeof text, "# geometry:%lu,%lu\n", (unsigned long)w->width,
                               (unsigned long)w->height);

        snn_event_output_bytes(&w->out, text, (size_t)n);
    }
    return SNN_OK;
}

static snn_status write_text(snn_event_writer *w, const snn_event *e, size_t n, snn_error *err)
{
    snn_status st = SNN_OK;

    for (size_t i = 0; i < n; i++) {
        const uint64_t t = e[i].t < 0 ? 0 - (uint64_t)e[i].t : (uint64_t)e[i].t;
        char text[64];
        const int bytes = snprintf(text, sizeof text, "%s%llu.%06u000 %u %u %u\n",
                                   e[i].t < 0 ? "-" : "", (unsigned long long)(t / 1000000),
                                   (unsigned)(t % 1000000), e[i].x, e[i].y, e[i].p);

        if (e[i].t == INT64_MIN)
            TRY(st, snn_event_refuse(w, i, err, "the time is before all bounds"));
        snn_event_output_bytes(&w->out, text, (size_t)bytes);
    }

done:
    return st;
}

const snn_event_codec snn_codec_text = {
    .format = SNN_EVENTS_TEXT,
    .probe = probe,
    .state_bytes = sizeof(struct text_reader),
    .open = open_text,
    .read = read_text,
    .writer_bytes = 1,
    .most_x = 65535,
    .most_y = 65535,
    .begin = begin,
    .write = write_text,
};
