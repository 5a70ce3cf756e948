/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One file by HTTP, through libcurl: with a proxy of the environment, with certificates
 * verified, at most five redirects, and never from https back to http.
 *
 * A download that was cut off is asked for from its end on, on the condition that the
 * file at the server is still the one it began with (If-Range and the tag of then).  A
 * server that cannot do that sends all of it, and it begins anew.
 */
#include "datasets/fetch_item.h"

#ifdef SNN_HAVE_FETCH

#include <curl/curl.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TAG_BYTES    512
#define MOST_HOPS    5L
#define CONNECT_S    30L
#define STALL_S      60.0
#define AGENT        "snn/" SNN_VERSION
#define CODE_OK      200
#define CODE_PARTIAL 206
#define CODE_RANGE   416 /* asked for what lies beyond the end */

struct transfer {
    const snn_http *http;
    CURL *curl;
    const char *path; /* of the part */
    char tag[TAG_BYTES], tag_path[SNN_PATH_BYTES + 8];
    int fd;
    uint64_t begin;                    /* bytes that were there */
    uint64_t written;                  /* since */
    uint64_t total;                    /* 0 = unknown */
    uint64_t range_begin, range_total; /* of the reply's Content-Range */
    bool started, interrupted, stalled, full, wrong_range, refused;
    double last_s; /* when the last byte came */
    int write_errno;
};

uint64_t snn_free_bytes(const char *folder)
{
    struct statvfs about;

    return statvfs(folder, &about) == 0 ? (uint64_t)about.f_bavail * about.f_frsize : UINT64_MAX;
}

/* Free bytes where a file lies. */
static uint64_t room_for(const char *path)
{
    char folder[SNN_PATH_BYTES];
    char *slash;

    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        return snn_free_bytes(".");
    slash[slash == folder] = '\0';
    return snn_free_bytes(folder);
}

/* Headers of every reply, redirects included: a new status line forgets those before. */
static size_t take_header(char *line, size_t one, size_t n, void *user)
{
    struct transfer *t = user;
    char text[TAG_BYTES + 64], *value;
    size_t length = one * n < sizeof text - 1 ? one * n : sizeof text - 1;

    memcpy(text, line, length);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    text[length] = '\0';
    if (strncmp(text, "HTTP/", 5) == 0) {
        t->tag[0] = '\0';
        t->range_begin = t->range_total = 0;
    }
    value = strchr(text, ':');
    if (value == NULL)
        return one * n;
    *value++ = '\0';
    value += strspn(value, " \t");
    /* A weak tag does not promise the same bytes. */
    if (strcasecmp(text, "ETag") == 0 && strncmp(value, "W/", 2) != 0)
        snprintf(t->tag, sizeof t->tag, "%s", value);
    else if (strcasecmp(text, "Last-Modified") == 0 && t->tag[0] == '\0')
        snprintf(t->tag, sizeof t->tag, "%s", value);
    else if (strcasecmp(text, "Content-Range") == 0 && strncmp(value, "bytes ", 6) == 0) {
        const char *slash = strchr(value, '/');

        t->range_begin = strtoull(value + 6, NULL, 10);
        t->range_total = slash != NULL ? strtoull(slash + 1, NULL, 10) : 0;
    }
    return one * n;
}

/* The first bytes of the body: is it what was asked for, and is there room? */
static bool start_body(struct transfer *t)
{
    curl_off_t length = -1;
    long code = 0;
    FILE *tag;

    t->started = true;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (code != CODE_OK && code != CODE_PARTIAL) {
        t->refused = true;
        return false;
    }
    if (code == CODE_PARTIAL && t->range_begin != t->begin) {
        t->wrong_range = true;
        return false;
    }
    if (code == CODE_OK && t->begin > 0) {
        snn_log(t->http->ctx, SNN_LOG_INFO,
                "%s: the server does not go on where it was: from the beginning", t->http->name);
        t->begin = 0;
        if (ftruncate(t->fd, 0) != 0 || lseek(t->fd, 0, SEEK_SET) != 0) {
            t->write_errno = errno;
            return false;
        }
    }
    t->total = length > 0 ? t->begin + (uint64_t)length : 0;
    if (length > 0 && (uint64_t)length > room_for(t->path)) {
        t->full = true;
        return false;
    }
    tag = fopen(t->tag_path, "w");
    if (tag != NULL) {
        fputs(t->tag, tag);
        fclose(tag);
    }
    return true;
}

static size_t take_body(char *bytes, size_t one, size_t n, void *user)
{
    struct transfer *t = user;
    size_t left = one * n;

    if (!t->started && !start_body(t))
        return 0;
    while (left > 0) {
        const ssize_t done = write(t->fd, bytes, left);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            t->write_errno = errno;
            return 0;
        }
        bytes += done;
        left -= (size_t)done;
        t->written += (uint64_t)done;
        t->last_s = snn_data_seconds();
    }
    return one * n;
}

static int show_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total,
                         curl_off_t up_now)
{
    struct transfer *t = user;
    const snn_fetch_params *p = t->http->params;
    const double stall = p->stall_s > 0 ? p->stall_s : STALL_S;

    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    if (p->progress != NULL &&
        p->progress(p->user, t->http->name, t->begin + t->written, t->total) != 0)
        t->interrupted = true;
    /* Not libcurl's own limit to the speed: that is a mean over seconds. */
    t->stalled = snn_data_seconds() - t->last_s > stall;
    return t->interrupted || t->stalled;
}

static bool set_common(struct transfer *t, const char *url)
{
    const char *redirects = strncasecmp(url, "https:", 6) == 0 ? "https" : "http,https";
    CURL *c = t->curl;

    t->last_s = snn_data_seconds();
    return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, redirects) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_MAXREDIRS, MOST_HOPS) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, AGENT) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, show_progress) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFODATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

static snn_status refusal(const char *url, long code, snn_error *err)
{
    if (code == 404 || code == 410)
        return snn_error_set(err, SNN_ENOTFOUND, url,
                             "is not there (%ld): moved?  --url names a mirror", code);
    return snn_error_set(err, SNN_EIO, url,
                         "the server refuses it (%ld); try later, or a mirror "
                         "by --url",
                         code);
}

/* What a transfer that did not end well means. */
static snn_status explain(const struct transfer *t, CURLcode result, long code, const char *url,
                          snn_error *err)
{
    if (t->interrupted)
        return snn_error_set(err, SNN_EINTERRUPTED, t->http->name,
                             "stopped after %" PRIu64 " bytes; run again to go on",
                             t->begin + t->written);
    if (t->stalled)
        return snn_error_set(err, SNN_EIO, url,
                             "stands still after %" PRIu64 " bytes; run again to go on",
                             t->begin + t->written);
    if (t->full)
        return snn_error_set(err, SNN_EIO, t->path, "needs %.1f MiB, but %.1f MiB are free",
                             (double)(t->total - t->begin) / 1048576.0,
                             (double)room_for(t->path) / 1048576.0);
    if (t->write_errno != 0)
        return snn_error_set(err, SNN_EIO, t->path, "cannot be written: %s; run again to go on",
                             strerror(t->write_errno));
    if (t->refused || (result == CURLE_OK && code != CODE_OK && code != CODE_PARTIAL))
        return refusal(url, code, err);
    switch (result) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return snn_error_set(err, SNN_EIO, url,
                             "was cut off after %" PRIu64 " of %" PRIu64
                             " bytes; run again to go on",
                             t->begin + t->written, t->total);
    case CURLE_TOO_MANY_REDIRECTS:
        return snn_error_set(err, SNN_EIO, url, "leads on to other addresses more than %ld times",
                             MOST_HOPS);
    case CURLE_OUT_OF_MEMORY:
        return snn_error_set(err, SNN_ENOMEM, url, "no memory for the transfer");
    default:
        return snn_error_set(err, SNN_EIO, url,
                             "cannot be fetched: %s; is the network there, or is a proxy needed "
                             "(https_proxy)?",
                             curl_easy_strerror(result));
    }
}

snn_status snn_http_size(const snn_http *http, const char *url, uint64_t *bytes, snn_error *err)
{
    struct transfer t = {.http = http, .path = "", .fd = -1};
    curl_off_t length = -1;
    CURLcode result;
    long code = 0;
    snn_status st = SNN_OK;

    *bytes = 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    t.curl = curl_easy_init();
    if (t.curl == NULL || !set_common(&t, url) ||
        curl_easy_setopt(t.curl, CURLOPT_NOBODY, 1L) != CURLE_OK) {
        st = snn_error_set(err, SNN_ENOMEM, url, "no memory for the transfer");
        goto done;
    }
    result = curl_easy_perform(t.curl);
    curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &code);
    if (result != CURLE_OK)
        st = explain(&t, result, code, url, err);
    else if (code == 404 || code == 410)
        st = refusal(url, code, err);
    else if (code == CODE_OK) /* others may still send it: not every server knows HEAD */
        curl_easy_getinfo(t.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > 0)
        *bytes = (uint64_t)length;

done:
    curl_easy_cleanup(t.curl);
    curl_global_cleanup();
    return st;
}

/* Where the part ends, and the tag it began with. */
static snn_status open_part(struct transfer *t, bool sure, char tag[TAG_BYTES], snn_error *err)
{
    FILE *file = fopen(t->tag_path, "r");
    off_t end;

    tag[0] = '\0';
    if (file != NULL) {
        tag[fread(tag, 1, TAG_BYTES - 1, file)] = '\0';
        fclose(file);
    }
    t->fd = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (t->fd < 0)
        return snn_error_set(err, SNN_EIO, t->path, "cannot be written: %s", snn_data_errno_text());
    end = lseek(t->fd, 0, SEEK_END);
    if (end > 0 && tag[0] == '\0' && !sure) {
        /* Nothing would tell that the rest belongs to what is there. */
        end = 0;
        if (ftruncate(t->fd, 0) != 0 || lseek(t->fd, 0, SEEK_SET) != 0)
            return snn_error_set(err, SNN_EIO, t->path, "cannot be written: %s",
                                 snn_data_errno_text());
    }
    t->begin = end > 0 ? (uint64_t)end : 0;
    return SNN_OK;
}

/* One try.  *again: what is there is of no use and was dropped; try once more. */
static snn_status try_once(struct transfer *t, const char *url, bool sure, bool *again,
                           snn_error *err)
{
    struct curl_slist *headers = NULL;
    char range[64], condition[TAG_BYTES + 16], tag[TAG_BYTES];
    CURLcode result;
    long code = 0;
    snn_status st;

    *again = false;
    t->curl = curl_easy_init();
    if (t->curl == NULL || !set_common(t, url)) {
        st = snn_error_set(err, SNN_ENOMEM, url, "no memory for the transfer");
        goto done;
    }
    TRY(st, open_part(t, sure, tag, err));
    if (t->begin > 0) {
        snprintf(range, sizeof range, "%" PRIu64 "-", t->begin);
        curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
        snprintf(condition, sizeof condition, "If-Range: %s", tag);
        if (tag[0] != '\0')
            headers = curl_slist_append(headers, condition);
        curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
        snn_log(t->http->ctx, SNN_LOG_INFO, "%s: going on after %.1f MiB", t->http->name,
                (double)t->begin / 1048576.0);
    }
    result = curl_easy_perform(t->curl);
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    if (!t->interrupted && code == CODE_RANGE && t->begin > 0) {
        /* All of it was there; or more than all of it, which is something else. */
        if (t->range_total == t->begin)
            goto done;
        *again = true;
    }
    *again |= t->wrong_range;
    if (*again && (ftruncate(t->fd, 0) != 0)) {
        st = snn_error_set(err, SNN_EIO, t->path, "cannot be written: %s", snn_data_errno_text());
        goto done;
    }
    if (!*again && (result != CURLE_OK || (code != CODE_OK && code != CODE_PARTIAL)))
        st = explain(t, result, code, url, err);
    else if (!*again && fsync(t->fd) != 0)
        st = snn_error_set(err, SNN_EIO, t->path, "cannot be written: %s", snn_data_errno_text());

done:
    if (t->fd >= 0)
        close(t->fd);
    curl_slist_free_all(headers);
    curl_easy_cleanup(t->curl);
    return st;
}

snn_status snn_http_get(const snn_http *http, const char *url, const char *path, bool sure,
                        snn_error *err)
{
    char part[SNN_PATH_BYTES + 8];
    bool again = true;
    snn_status st = SNN_OK;

    snprintf(part, sizeof part, "%s.part", path);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (int i = 0; i < 2 && again && st == SNN_OK; i++) {
        struct transfer t = {.http = http, .path = part, .fd = -1};

        snprintf(t.tag_path, sizeof t.tag_path, "%s.tag", path);
        st = try_once(&t, url, sure, &again, err);
    }
    if (st == SNN_OK && again)
        st = snn_error_set(err, SNN_EIO, url, "the server sends other bytes than it was asked for");
    curl_global_cleanup();
    return st;
}

#endif
