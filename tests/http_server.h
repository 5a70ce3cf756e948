/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small HTTP server on 127.0.0.1 for tests, with ways to fail.  "/WAY/.../FILE" serves FILE
 * of a folder in that way:
 *
 *   plain     as it should be: Range, If-Range, ETag
 *   norange   always the whole file, without tag or range
 *   newtag    another tag at each request: the file changed meanwhile
 *   cut       announces all of it and stops after two thirds of what it should send
 *   corrupt   one bit is wrong
 *   moved     leads to /plain/
 *   loop      leads to itself
 *   slow      a few bytes, then silence
 *   huge      announces 2^60 bytes
 *   wrong     answers a range with another one
 *   broken    500
 *   nohead    knows no HEAD (405), nor lengths
 *
 * Anything else, and files that are not there: 404.  A path with a host before it ("GET
 * http://data.invalid/plain/x"), as proxies are asked, is served all the same.
 */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_server {
    const char *folder;
    FILE *log; /* a line a request, or NULL */
    int listener, port;
    pthread_t thread;
    atomic_int asked, bodies; /* all; GETs that got bytes */
    atomic_long sent;            /* bytes of bodies */
    atomic_bool ends;
};

static inline void http_send(struct http_server *s, int to, const char *bytes, size_t n, bool body)
{
    while (n > 0) {
        const ssize_t done = send(to, bytes, n, MSG_NOSIGNAL);

        if (done <= 0)
            return;
        bytes += done;
        n -= (size_t)done;
        if (body)
            s->sent += done;
    }
}

static inline void http_say(struct http_server *s, int to, const char *status, const char *headers)
{
    char text[1024];

    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nConnection: close\r\n%s\r\n", status, headers);
    http_send(s, to, text, strlen(text), false);
}

struct http_request {
    char method[8], way[32], name[256];
    long from; /* of a range, or -1 */
    char condition[128];
};

static inline bool http_read(int from, struct http_request *r)
{
    char text[8192], path[1024], *at, *last;
    size_t n = 0;

    *r = (struct http_request){.from = -1};
    do {
        const ssize_t got = recv(from, text + n, sizeof text - 1 - n, 0);

        if (got <= 0)
            return false;
        n += (size_t)got;
        text[n] = '\0';
    } while (strstr(text, "\r\n\r\n") == NULL && n < sizeof text - 1);
    if (sscanf(text, "%7s %1023s", r->method, path) != 2)
        return false;
    at = strstr(path, "://");
    at = at != NULL ? strchr(at + 3, '/') : path;
    last = at != NULL ? strrchr(at, '/') : NULL;
    if (last == NULL)
        return false;
    snprintf(r->name, sizeof r->name, "%.255s", last + 1);
    snprintf(r->way, sizeof r->way, "%.*s", (int)strcspn(at + 1, "/"), at + 1);
    at = strstr(text, "\r\nRange: bytes=");
    if (at != NULL)
        r->from = strtol(at + strlen("\r\nRange: bytes="), NULL, 10);
    at = strstr(text, "\r\nIf-Range: ");
    if (at != NULL)
        snprintf(r->condition, sizeof r->condition, "%.*s",
                 (int)strcspn(at + strlen("\r\nIf-Range: "), "\r"), at + strlen("\r\nIf-Range: "));
    return true;
}

static inline char *http_load(const struct http_server *s, const char *name, long *n)
{
    char path[2048], *bytes;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    *n = ftell(file);
    rewind(file);
    bytes = malloc((size_t)*n + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)*n, file) != (size_t)*n)
        exit(1);
    fclose(file);
    return bytes;
}

static inline bool http_is(const struct http_request *r, const char *way)
{
    return strcmp(r->way, way) == 0;
}

/* Ways that need no file. */
static inline bool http_special(struct http_server *s, int to, const struct http_request *r)
{
    char headers[512];

    if (http_is(r, "moved") || http_is(r, "loop")) {
        snprintf(headers, sizeof headers, "Location: /%s/%s\r\nContent-Length: 0\r\n",
                 http_is(r, "loop") ? "loop" : "plain", r->name);
        http_say(s, to, "302 Found", headers);
        return true;
    }
    if (http_is(r, "broken") || (http_is(r, "nohead") && strcmp(r->method, "HEAD") == 0)) {
        http_say(s, to, http_is(r, "broken") ? "500 Oops" : "405 No", "Content-Length: 4\r\n");
        if (strcmp(r->method, "HEAD") != 0)
            http_send(s, to, "oops", 4, false);
        return true;
    }
    return false;
}

static inline void http_answer(struct http_server *s, int to, const struct http_request *r)
{
    static const char *const WAYS[] = {"plain", "norange", "newtag", "cut",   "corrupt",
                                       "slow",  "huge",    "wrong",  "nohead"};
    char headers[512], tag[64];
    bool known = false, ranged;
    long n = 0, from = 0, announced;
    char *bytes;

    if (http_special(s, to, r))
        return;
    for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++)
        known |= http_is(r, WAYS[i]);
    bytes = known ? http_load(s, r->name, &n) : NULL;
    if (bytes == NULL) {
        http_say(s, to, "404 Not Found", "Content-Length: 0\r\n");
        return;
    }
    snprintf(tag, sizeof tag, "\"v%d\"", http_is(r, "newtag") ? (int)s->asked : 1);
    ranged = r->from >= 0 && !http_is(r, "norange") && !http_is(r, "nohead") &&
             (r->condition[0] == '\0' || strcmp(r->condition, tag) == 0);
    if (ranged && r->from >= n) {
        snprintf(headers, sizeof headers, "Content-Range: bytes */%ld\r\nContent-Length: 0\r\n", n);
        http_say(s, to, "416 Range Not Satisfiable", headers);
        free(bytes);
        return;
    }
    if (ranged)
        from = http_is(r, "wrong") ? r->from / 2 : r->from;
    announced = n - from;
    if (http_is(r, "huge"))
        announced = (long)1 << 60;
    if (http_is(r, "corrupt"))
        bytes[n / 2] ^= 4;
    headers[0] = '\0';
    if (!http_is(r, "nohead"))
        snprintf(headers, sizeof headers, "Content-Length: %ld\r\n", announced);
    if (!http_is(r, "norange") && !http_is(r, "nohead"))
        snprintf(headers + strlen(headers), sizeof headers - strlen(headers), "ETag: %s\r\n", tag);
    if (ranged)
        snprintf(headers + strlen(headers), sizeof headers - strlen(headers),
                 "Content-Range: bytes %ld-%ld/%ld\r\n", from, n - 1, n);
    http_say(s, to, ranged ? "206 Partial Content" : "200 OK", headers);
    if (strcmp(r->method, "HEAD") != 0) {
        s->bodies++;
        if (http_is(r, "slow")) {
            http_send(s, to, bytes, n > 10 ? 10 : (size_t)n, true);
            for (int i = 0; i < 200 && !s->ends; i++)
                usleep(50000);
        } else {
            const long part = http_is(r, "cut") ? (n - from) * 2 / 3 : n - from;

            http_send(s, to, bytes + from, (size_t)part, true);
        }
    }
    free(bytes);
}

static inline void *http_run(void *user)
{
    struct http_server *s = user;

    for (;;) {
        const int to = accept(s->listener, NULL, NULL);
        struct http_request r;

        if (to < 0 || s->ends)
            return NULL;
        if (http_read(to, &r)) {
            s->asked++;
            if (s->log != NULL) {
                fprintf(s->log, "%s %s %s %ld\n", r.method, r.way, r.name, r.from);
                fflush(s->log);
            }
            http_answer(s, to, &r);
        }
        shutdown(to, SHUT_WR);
        close(to);
    }
}

/* Listen on a port of the system's choice. */
static inline bool http_start(struct http_server *s, const char *folder, FILE *log)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;

    *s = (struct http_server){.folder = folder, .log = log};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(s->listener, 8) != 0 || getsockname(s->listener, (struct sockaddr *)&at, &n) != 0)
        return false;
    s->port = ntohs(at.sin_port);
    return pthread_create(&s->thread, NULL, http_run, s) == 0;
}

static inline void http_stop(struct http_server *s)
{
    s->ends = true;
    shutdown(s->listener, SHUT_RDWR); /* accept returns */
    pthread_join(s->thread, NULL);
    close(s->listener);
}

#endif
