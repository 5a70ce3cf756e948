/* SPDX-License-Identifier: BSD-3-Clause */
/* The server of tests/http_server.h as a program: serve FOLDER PORT-FILE LOG-FILE. */
#include "tests/http_server.h"

int main(int argc, char **argv)
{
    struct http_server server;
    char name[4096];
    FILE *port, *log;

    if (argc != 4 || (log = fopen(argv[3], "w")) == NULL || !http_start(&server, argv[1], log))
        return 1;
    snprintf(name, sizeof name, "%s.new", argv[2]);
    port = fopen(name, "w");
    if (port == NULL || fprintf(port, "%d\n", server.port) < 0 || fclose(port) != 0 ||
        rename(name, argv[2]) != 0)
        return 1;
    pthread_join(server.thread, NULL);
    return 0;
}
