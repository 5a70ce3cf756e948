/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/recordings.h"

#include "datasets/audio_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folder's own name: the end of its path. */
static void take_name(const char *path, char name[SNN_PATH_BYTES])
{
    const char *end = path + strlen(path), *begin;

    while (end > path + 1 && end[-1] == '/')
        end--;
    for (begin = end; begin > path && begin[-1] != '/'; begin--)
        ;
    snprintf(name, SNN_PATH_BYTES, "%.*s", (int)(end - begin), begin);
}

/* ---- a folder ---------------------------------------------------------------------- */

static snn_status copy_names(snn_context *ctx, const snn_names *from, snn_names *to, snn_error *err)
{
    snn_status st = SNN_OK;

    for (size_t i = 0; i < from->n; i++)
        TRY(st, snn_names_add(ctx, to, from->name[i], err));
    TRY(st, snn_names_finish(ctx, to, false, err));

done:
    return st;
}

static snn_status from_folder(snn_recordings *r, const char *folder, snn_error *err)
{
    snn_audio_files files = {0};
    char key[SNN_PATH_BYTES];
    snn_status st;

    TRY(st, snn_audio_files_scan(r->ctx, folder, false, NULL, &files, err));
    TRY(st, copy_names(r->ctx, &files.classes, &r->classes, err));
    TRY(st, copy_names(r->ctx, &files.speakers, &r->speakers, err));
    r->n = files.n;
    TRY_ALLOC(st, r->ctx, r->at, r->n, err);
    for (uint32_t i = 0; i < r->n; i++) {
        const snn_audio_file *file = &files.file[i];

        TRY(st, snn_data_path(key, files.classes.name[file->label], file->name, err));
        TRY(st, snn_names_add(r->ctx, &r->keys, key, err));
        r->at[i] =
            (snn_recording){.label = file->label, .speaker = file->speaker, .split = file->split};
    }

done:
    snn_audio_files_free(&files);
    return st;
}

/* ---- a list ------------------------------------------------------------------------ */

enum column { PATH, LABEL, SPLIT, SPEAKER, GENDER, AGE, HEIGHT, COLUMNS };

static const char *const COLUMN[COLUMNS] = {"path",   "label", "split",      "speaker",
                                            "gender", "age",   "body_height"};

#define FACT_BYTES 64

struct list {
    snn_recordings *r;
    char where[SNN_PATH_BYTES + 32]; /* "list.tsv:12" */
    char separator;
    int place[COLUMNS]; /* which field of a line, or -1 */
    /* Of each speaker, while the list is read. */
    char (*fact)[SNN_FACTS][FACT_BYTES];
    uint32_t *told_at; /* line of the speaker's facts */
};

/* Take `text` apart at the separators; the number of fields, at most `most`. */
static int split_fields(char *text, char separator, char **field, int most)
{
    int n = 0;

    for (char *at = text; n < most; at++) {
        field[n++] = at;
        at += strcspn(at, (char[]){separator, '\0'});
        if (*at == '\0')
            break;
        *at = '\0';
    }
    return n;
}

#define MOST_FIELDS 64

static snn_status read_header(struct list *l, char *line, snn_error *err)
{
    char *field[MOST_FIELDS];
    int n;

    l->separator = strchr(line, '\t') != NULL ? '\t' : ',';
    n = split_fields(line, l->separator, field, MOST_FIELDS);
    for (int c = 0; c < COLUMNS; c++)
        l->place[c] = -1;
    for (int i = 0; i < n; i++) {
        int c = 0;

        while (c < COLUMNS && strcmp(field[i], COLUMN[c]) != 0)
            c++;
        if (c == COLUMNS)
            return snn_error_set(err, SNN_EFORMAT, l->where,
                                 "column '%s' is unknown; there are path, label, split, speaker, "
                                 "gender, age and body_height",
                                 field[i]);
        if (l->place[c] >= 0)
            return snn_error_set(err, SNN_EFORMAT, l->where, "column '%s' is there twice",
                                 field[i]);
        l->place[c] = i;
    }
    for (int c = PATH; c <= LABEL; c++)
        if (l->place[c] < 0)
            return snn_error_set(err, SNN_EFORMAT, l->where,
                                 "has no column '%s': the first line names the columns, "
                                 "separated by tabs or commas",
                                 COLUMN[c]);
    return SNN_OK;
}

/* Number of a name, in order of first appearance.  Linear: classes are few, speakers a
 * few thousand, and a list is read once. */
static snn_status number_of(snn_context *ctx, snn_names *names, const char *name, uint32_t *out,
                            snn_error *err)
{
    const char *at = names->text;

    for (size_t i = 0; i < names->n; i++, at += strlen(at) + 1)
        if (strcmp(at, name) == 0) {
            *out = (uint32_t)i;
            return SNN_OK;
        }
    *out = (uint32_t)names->n;
    return snn_names_add(ctx, names, name, err);
}

static snn_status check_fact(const struct list *l, int column, const char *text, snn_error *err)
{
    char *end = NULL;

    if (strlen(text) >= FACT_BYTES)
        return snn_error_set(err, SNN_EFORMAT, l->where, "%s '%.20s...' is longer than %d bytes",
                             COLUMN[column], text, FACT_BYTES - 1);
    if (column == GENDER || text[0] == '\0')
        return SNN_OK;
    errno = 0;
    if (column == AGE)
        (void)strtoul(text, &end, 10);
    else
        (void)strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-')
        return snn_error_set(err, SNN_EFORMAT, l->where, "%s '%s' is not a number", COLUMN[column],
                             text);
    return SNN_OK;
}

/* What a line tells of its speaker must be what the others tell. */
static snn_status take_facts(struct list *l, char *const *field, uint32_t line, uint32_t speaker,
                             snn_error *err)
{
    snn_status st = SNN_OK;

    for (int f = 0; f < SNN_FACTS; f++) {
        const int column = GENDER + f;
        const char *text = l->place[column] >= 0 ? field[l->place[column]] : "";
        char *known;

        TRY(st, check_fact(l, column, text, err));
        if (text[0] != '\0' && speaker == SNN_NO_SPEAKER) {
            st = snn_error_set(err, SNN_EFORMAT, l->where, "has %s '%s' but no speaker",
                               COLUMN[column], text);
            goto done;
        }
        if (speaker == SNN_NO_SPEAKER)
            continue;
        known = l->fact[speaker][f];
        if (l->told_at[speaker] == 0) {
            snprintf(known, FACT_BYTES, "%s", text);
        } else if (strcmp(known, text) != 0) {
            st = snn_error_set(err, SNN_EFORMAT, l->where,
                               "%s of this speaker is '%s', but '%s' in line %" PRIu32,
                               COLUMN[column], text, known, l->told_at[speaker]);
            goto done;
        }
    }
    if (speaker != SNN_NO_SPEAKER && l->told_at[speaker] == 0)
        l->told_at[speaker] = line;

done:
    return st;
}

static snn_status read_line(struct list *l, char *line, uint32_t number, snn_error *err)
{
    snn_recordings *r = l->r;
    snn_recording *to = &r->at[r->n];
    char *field[MOST_FIELDS];
    int n = split_fields(line, l->separator, field, MOST_FIELDS), wanted = 0;
    const char *split;
    snn_status st = SNN_OK;

    for (int c = 0; c < COLUMNS; c++)
        wanted += l->place[c] >= 0;
    if (n != wanted)
        return snn_error_set(err, SNN_EFORMAT, l->where, "has %d fields, the first line %d", n,
                             wanted);
    for (int c = PATH; c <= LABEL; c++)
        if (field[l->place[c]][0] == '\0')
            return snn_error_set(err, SNN_EFORMAT, l->where, "has no %s", COLUMN[c]);
    *to = (snn_recording){.speaker = SNN_NO_SPEAKER, .split = SNN_SPLIT_TRAIN};
    split = l->place[SPLIT] >= 0 ? field[l->place[SPLIT]] : "";
    if (split[0] != '\0') {
        int s = 0;

        while (s < SNN_SPLITS && strcmp(split, snn_split_name((snn_split)s)) != 0)
            s++;
        if (s == SNN_SPLITS)
            return snn_error_set(err, SNN_EFORMAT, l->where,
                                 "split '%s' is not train, valid or test", split);
        to->split = (snn_split)s;
    }
    TRY(st, snn_names_add(r->ctx, &r->keys, field[l->place[PATH]], err));
    TRY(st, number_of(r->ctx, &r->classes, field[l->place[LABEL]], &to->label, err));
    if (l->place[SPEAKER] >= 0 && field[l->place[SPEAKER]][0] != '\0')
        TRY(st, number_of(r->ctx, &r->speakers, field[l->place[SPEAKER]], &to->speaker, err));
    TRY(st, take_facts(l, field, number, to->speaker, err));
    r->n++;

done:
    return st;
}

/* The facts of all speakers, where any has one.  Files have them by speaker, so then
 * every recording needs one. */
static snn_status keep_facts(struct list *l, const char *path, snn_error *err)
{
    snn_recordings *r = l->r;
    bool nameless = false;
    snn_status st = SNN_OK;

    for (uint32_t i = 0; i < r->n; i++)
        nameless |= r->at[i].speaker == SNN_NO_SPEAKER;
    for (int f = 0; f < SNN_FACTS; f++) {
        bool any = false;

        for (size_t s = 0; s < r->speakers.n; s++)
            any |= l->fact[s][f][0] != '\0';
        if (any && nameless) {
            st = snn_error_set(err, SNN_EFORMAT, path,
                               "tells %s of speakers, but not who speaks each recording",
                               COLUMN[GENDER + f]);
            goto done;
        }
        for (size_t s = 0; any && s < r->speakers.n; s++)
            TRY(st, snn_names_add(r->ctx, &r->fact[f], l->fact[s][f], err));
        TRY(st, snn_names_finish(r->ctx, &r->fact[f], false, err));
    }

done:
    return st;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A recording has one label and one split, so it is listed once. */
static snn_status check_once(const snn_recordings *r, const char *path, snn_error *err)
{
    const char **key = NULL;
    snn_status st;

    TRY_ALLOC(st, r->ctx, key, r->n, err);
    memcpy(key, r->keys.name, r->n * sizeof *key);
    qsort(key, r->n, sizeof *key, compare_keys);
    for (uint32_t i = 1; i < r->n; i++)
        if (strcmp(key[i - 1], key[i]) == 0) {
            st = snn_error_set(err, SNN_EFORMAT, path, "names %s twice", key[i]);
            goto done;
        }

done:
    snn_free(r->ctx, key);
    return st;
}

static snn_status from_list(snn_recordings *r, const char *path, snn_error *err)
{
    struct list l = {.r = r};
    snn_names lines = {0};
    char *slash = strrchr(r->folder, '/'), *dot = strrchr(r->name, '.');
    bool header = false;
    snn_status st;

    if (slash == NULL)
        memcpy(r->folder, ".", 2);
    else
        slash[slash == r->folder] = '\0';
    if (dot != NULL && dot != r->name)
        *dot = '\0';
    TRY(st, snn_names_lines(r->ctx, path, &lines, err));
    TRY_ALLOC(st, r->ctx, r->at, lines.n, err);
    TRY_ALLOC(st, r->ctx, l.fact, lines.n, err);
    TRY_ALLOC(st, r->ctx, l.told_at, lines.n, err);
    for (size_t i = 0; i < lines.n; i++) {
        char *line = lines.text + (lines.name[i] - lines.text);

        if (line[0] == '\0' || line[0] == '#')
            continue;
        snprintf(l.where, sizeof l.where, "%s:%zu", path, i + 1);
        TRY(st, header ? read_line(&l, line, (uint32_t)i + 1, err) : read_header(&l, line, err));
        header = true;
    }
    if (r->n == 0) {
        st = snn_error_set(err, SNN_EFORMAT, path, "lists no recordings");
        goto done;
    }
    TRY(st, snn_names_finish(r->ctx, &r->classes, false, err));
    TRY(st, snn_names_finish(r->ctx, &r->speakers, false, err));
    TRY(st, keep_facts(&l, path, err));

done:
    snn_free(r->ctx, l.told_at);
    snn_free(r->ctx, l.fact);
    snn_names_free(r->ctx, &lines);
    return st;
}

snn_status snn_recordings_find(snn_context *ctx, const char *path, snn_recordings *out,
                               snn_error *err)
{
    snn_recordings *r = out;
    snn_status st;

    *r = (snn_recordings){.ctx = ctx};
    if (snprintf(r->folder, sizeof r->folder, "%s", path) >= (int)sizeof r->folder)
        return snn_error_set(err, SNN_EINVAL, path, "the path is too long");
    take_name(path, r->name);
    TRY(st, snn_data_is_file(path) ? from_list(r, path, err) : from_folder(r, path, err));
    TRY(st, snn_names_finish(ctx, &r->keys, false, err));
    for (uint32_t i = 0; i < r->n; i++)
        r->at[i].key = r->keys.name[i];
    TRY(st, check_once(r, path, err));

done:
    return st;
}

snn_status snn_recordings_path(const snn_recordings *r, uint32_t i, char path[SNN_PATH_BYTES],
                               snn_error *err)
{
    if (r->at[i].key[0] == '/')
        return snn_data_path(path, "", r->at[i].key + 1, err);
    return snn_data_path(path, r->folder, r->at[i].key, err);
}

void snn_recordings_free(snn_recordings *r)
{
    if (r->ctx == NULL)
        return;
    for (int f = 0; f < SNN_FACTS; f++)
        snn_names_free(r->ctx, &r->fact[f]);
    snn_free(r->ctx, r->at);
    snn_names_free(r->ctx, &r->speakers);
    snn_names_free(r->ctx, &r->classes);
    snn_names_free(r->ctx, &r->keys);
    *r = (snn_recordings){0};
}
