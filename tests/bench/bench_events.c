/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of decoding speeds: a synthetic recording of a busy camera (edges that sweep
 * over the sensor, and noise) is written in each format and read back three times on one
 * core, through a file in the page cache; the row has the median.
 *
 *   tests/bench/bench_events [MILLION EVENTS]  > events.csv
 */
#include <snn/events.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS 3

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One third of the events come alone, the rest in rows of up to 12 neighbours. */
static size_t make(snn_event *out, size_t room, uint64_t *seed, int64_t *t, uint32_t width,
                   uint32_t height)
{
    size_t n = 0;

    while (n + 12 <= room) {
        const uint64_t r = next_random(seed);
        const uint32_t run = r % 8 != 0 ? 1 : 2 + (uint32_t)(r >> 8) % 11;
        snn_event e = {.t = *t,
                       .x = (uint16_t)((r >> 16) % (width - 24)),
                       .y = (uint16_t)((r >> 32) % height),
                       .p = r >> 63};

        for (uint32_t i = 0; i < run; i++) {
            out[n++] = e;
            e.x = (uint16_t)(e.x + 1 + (r >> (40 + i) & 1));
        }
        *t += (int64_t)(r >> 12 & 1);
    }
    return n;
}

static int failed(const snn_error *err)
{
    fprintf(stderr, "bench_events: %s: %s\n", err->where, err->what);
    return 1;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int bench(snn_context *ctx, const char *path, snn_event_format format, uint64_t events,
                 snn_event *block, const char *cpu)
{
    const bool small = format == SNN_EVENTS_BIN;
    const uint32_t width = small ? 240 : 640, height = small ? 180 : 480;
    snn_event_writer_params wp;
    snn_event_reader_params rp;
    snn_event_writer *w = NULL;
    snn_event_reader *r = NULL;
    snn_error err = {0};
    uint64_t seed = 1, made = 0, read = 0;
    int64_t t = 0;
    double seconds[RUNS], start = now(), writing;
    FILE *file;
    long bytes = 0;
    size_t n;

    snn_event_writer_params_init(&wp);
    wp.format = format;
    wp.width = width;
    wp.height = height;
    if (snn_event_writer_open(ctx, path, &wp, &w, &err) != SNN_OK)
        return failed(&err);
    for (; made < events; made += n) {
        n = make(block, SNN_EVENT_BLOCK, &seed, &t, width, height);
        if (snn_event_writer_write(w, block, n, &err) != SNN_OK)
            return failed(&err);
    }
    if (snn_event_writer_commit(w, &err) != SNN_OK)
        return failed(&err);
    snn_event_writer_close(w);
    writing = now() - start;
    snn_event_reader_params_init(&rp);
    rp.format = format;
    for (int run = 0; run < RUNS; run++) {
        start = now();
        read = 0;
        if (snn_event_reader_open(ctx, path, &rp, &r, &err) != SNN_OK)
            return failed(&err);
        do {
            if (snn_event_reader_read(r, block, SNN_EVENT_BLOCK, &n, &err) != SNN_OK)
                return failed(&err);
            read += n;
        } while (n > 0);
        snn_event_reader_close(r);
        seconds[run] = now() - start;
    }
    if (read != made) {
        fprintf(stderr, "bench_events: %" PRIu64 " events of %" PRIu64 "\n", read, made);
        return 1;
    }
    qsort(seconds, RUNS, sizeof *seconds, ascending);
    file = fopen(path, "rb");
    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        bytes = ftell(file);
    if (file != NULL)
        fclose(file);
    printf("%s,%" PRIu64 ",%.2f,%.3f,%.1f,%.3f,%.1f,%s\n", snn_event_format_name(format), made,
           (double)bytes / (double)made, seconds[RUNS / 2], 1e-6 * (double)made / seconds[RUNS / 2],
           writing, 1e-6 * (double)made / writing, cpu);
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    const uint64_t events = 1000000 * strtoull(argc > 1 ? argv[1] : "20", NULL, 10);
    const char *folder = getenv("TMPDIR");
    char path[4096], line[256], cpu[256] = "unknown";
    snn_context *ctx = NULL;
    snn_event *block;
    FILE *info = fopen("/proc/cpuinfo", "r");
    int result = 0;

    while (info != NULL && fgets(line, sizeof line, info) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            snprintf(cpu, sizeof cpu, "%.*s", (int)strcspn(strchr(line, ':') + 2, "\n"),
                     strchr(line, ':') + 2);
            break;
        }
    if (info != NULL)
        fclose(info);
    snprintf(path, sizeof path, "%s/bench_events.%ld", folder != NULL ? folder : "/tmp",
             (long)getpid());
    if (snn_context_create(NULL, &ctx, NULL) != SNN_OK)
        return 1;
    block = snn_alloc(ctx, SNN_EVENT_BLOCK, sizeof *block);
    printf("format,events,bytes_per_event,read_seconds,read_M_per_s,make_and_write_seconds,"
           "make_and_write_M_per_s,cpu\n");
#define RUN(code, value, name, extension, text)                                                    \
    if (snn_event_format_writable(code) && result == 0)                                            \
        result = bench(ctx, path, code, events, block, cpu);
    SNN_EVENT_FORMATS(RUN)
    unlink(path);
    snn_free(ctx, block);
    snn_context_destroy(ctx);
    return result;
}
