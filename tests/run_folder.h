/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs on the toy data: configuration, folders, and what is compared of them. */
#ifndef TESTS_RUN_FOLDER_H
#define TESTS_RUN_FOLDER_H

#include "tests/cmocka_all.h"
#include "tests/toy_data.h"

#include <snn/store.h>
#include <snn/train.h>

#include <dirent.h>
#include <unistd.h>

#define RUN_PATH 4096

/* A few seconds of nothing but the essentials: two layers, dropout, annealing. */
static inline snn_config run_config(uint32_t epochs)
{
    snn_config config;

    snn_config_init(&config);
    config.network.n_hidden = 1;
    config.network.hidden[0] = 14;
    config.network.dropout = 0.1f;
    config.network.delay.max_delay = 9;
    config.train.seed = 11;
    config.train.epochs = epochs;
    config.train.batch_size = 10;
    return config;
}

static inline void folder_make(char path[RUN_PATH])
{
    const char *base = getenv("TMPDIR");

    snprintf(path, RUN_PATH, "%s/snn-run.XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(path));
}

/* Number of entries; with `remove` they, what is in them and the folder go. */
static inline int folder_entries(const char *path, int remove)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int n = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char file[RUN_PATH];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        assert_true(snprintf(file, sizeof file, "%s/%s", path, entry->d_name) < RUN_PATH);
        if (remove && unlink(file) != 0)
            folder_entries(file, 1);
        n++;
    }
    closedir(folder);
    if (remove)
        rmdir(path);
    return n;
}

/* Hash (FNV-1a) of the bytes of folder/name. */
static inline uint64_t file_hash(const char *folder, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    char path[RUN_PATH + 300];
    FILE *file;
    int c;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    while ((c = getc(file)) != EOF)
        hash = (hash ^ (uint64_t)c) * UINT64_C(1099511628211);
    fclose(file);
    return hash;
}

/* Data of all tensors of a store, one after the other, and their hash (FNV-1a). */
struct tensors {
    snn_store *store;
    snn_context *ctx;
    uint64_t hash;
    size_t count, bytes;
};

static inline snn_status tensors_add(void *user, const snn_tensor *tensor)
{
    struct tensors *t = user;
    const size_t bytes = snn_tensor_size(tensor) * snn_dtype_bytes(tensor->dtype);
    snn_tensor own = *tensor;
    snn_status st;

    own.data = snn_alloc(t->ctx, bytes + 1, 1);
    st = snn_store_get(t->store, &own, NULL);
    for (size_t i = 0; i < bytes; i++)
        t->hash = (t->hash ^ ((unsigned char *)own.data)[i]) * UINT64_C(1099511628211);
    for (const char *c = own.name; *c != '\0'; c++)
        t->hash = (t->hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    t->count++;
    t->bytes += bytes;
    snn_free(t->ctx, own.data);
    return st;
}

/* Hash of every tensor's name and bits in folder/name. */
static inline uint64_t store_hash(snn_context *ctx, const char *folder, const char *name,
                                  const char *kind)
{
    struct tensors t = {.ctx = ctx, .hash = UINT64_C(14695981039346656037)};
    char path[RUN_PATH + 300];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(snn_store_open(ctx, path, kind, &t.store, NULL), SNN_OK);
    assert_int_equal(snn_store_visit(t.store, tensors_add, &t, NULL), SNN_OK);
    snn_store_close(t.store);
    assert_true(t.count > 0 && t.bytes > 0);
    return t.hash;
}

#endif
