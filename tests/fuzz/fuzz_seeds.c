/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fuzzer begins with: small recordings of every format, and the begin of recorded
 * ones, each in the folder of its format and in that where the content decides.
 *
 *   fuzz_seeds OUT [RECORDING...]     OUT/TEXT, OUT/EVT2, ..., OUT/AUTO are there
 */
#include "tests/event_hdf5.h"

#define MOST_BYTES 20000 /* of a recording: the fuzzer slows down with size */

static const char *folder_of(snn_event_format format)
{
    switch (format) {
#define NAME(code, value, name, extension, text)                                                   \
    case code:                                                                                     \
        return #code + strlen("SNN_EVENTS_");
        SNN_EVENT_FORMATS(NAME)
#undef NAME
    default:
        return "AUTO";
    }
}

static void put_seed(const char *out, const char *folder, const char *name, const void *bytes,
                     size_t n)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s/%s", out, folder, name);
    for (char *c = path + strlen(out) + 1 + strlen(folder) + 1; *c != '\0'; c++)
        *c = *c == ' ' || *c == '/' ? '-' : *c;
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, n, file) != n || fclose(file) != 0) {
        fprintf(stderr, "fuzz_seeds: %s: cannot be written\n", path);
        exit(1);
    }
}

static void put_seeds(const char *out, snn_event_format format, const char *name, const void *bytes,
                      size_t n)
{
    /* The target of HDF5 takes what a file holds, not files. */
    if (format == SNN_EVENTS_HDF5)
        return;
    put_seed(out, folder_of(format), name, bytes, n);
    put_seed(out, "AUTO", name, bytes, n);
}

static void put_chunk_seeds(const char *out)
{
    snn_event e[FIXTURE_EVENTS];
    char name[16];

    fixture_events(e, 5);
    for (int packing = ECF_MASKS; packing <= ECF_YXP; packing++) {
        struct bytes b = {0};

        put_little(&b, 0, 1);
        put_ecf(&b, e, ECF_CHUNK, (enum ecf_packing)packing);
        snprintf(name, sizeof name, "chunk %d", packing);
        put_seed(out, "HDF5", name, b.at, b.n);
        free(b.at);
    }
}

static void put_recorded(snn_context *ctx, const char *out, const char *path)
{
    static unsigned char bytes[MOST_BYTES];
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    FILE *file = fopen(path, "rb");
    const size_t n = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
    snn_event_reader *r = NULL;

    if (file != NULL)
        fclose(file);
    if (snn_event_reader_open_memory(ctx, bytes, n, path, NULL, &r, NULL) == SNN_OK)
        put_seeds(out, snn_event_reader_info(r)->format, name, bytes, n);
    snn_event_reader_close(r);
}

int main(int argc, char **argv)
{
    snn_event e[FIXTURE_EVENTS];
    snn_context *ctx = NULL;
    size_t n;

    if (argc < 2 || snn_context_create(NULL, &ctx, NULL) != SNN_OK)
        return 1;
    for (size_t i = 0; i < N_FIXTURES; i++) {
        unsigned char *bytes = make_fixture(&FIXTURES[i], e, &n);

        put_seeds(argv[1], FIXTURES[i].format, FIXTURES[i].name, bytes, n);
        free(bytes);
    }
    put_chunk_seeds(argv[1]);
    for (int i = 2; i < argc; i++)
        put_recorded(ctx, argv[1], argv[i]);
    snn_context_destroy(ctx);
    return 0;
}
