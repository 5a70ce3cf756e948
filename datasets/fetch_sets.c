/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data sets that can be fetched: addresses, licences, digests.
 *
 * Digests of SHD and SSC are those that several loaders agree on (for SSC only of the .zip
 * files); that of Speech Commands is what its loaders compare with.  GitHub makes archives
 * on request and promises no digest, so there is none for FSDD.
 */
#include "datasets/fetch_item.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZENKE  "https://zenkelab.org/datasets/"
#define GOOGLE "https://download.tensorflow.org/data/"
#define GITHUB "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/"

#define FSDD_FILE       "v1.0.10.tar.gz"
#define FSDD_TEST       5 /* recordings 0 to 4 of each speaker and word are the test split */
#define FSDD_VALID      10
#define FSDD_RECORDINGS 3000u

/* As it is, without a "./" before it. */
static bool place_all(const char *entry, char out[SNN_PATH_BYTES])
{
    if (strncmp(entry, "./", 2) == 0)
        entry += 2;
    return snprintf(out, SNN_PATH_BYTES, "%s", entry) < SNN_PATH_BYTES;
}

static const char *const DIGITS[] = {"zero", "one", "two",   "three", "four",
                                     "five", "six", "seven", "eight", "nine"};

/* "release/recordings/7_ann_12.wav": word/speaker_nohash_index.wav; the rest is not needed. */
static bool place_fsdd(const char *entry, char out[SNN_PATH_BYTES])
{
    const char *at = strstr(entry, "/recordings/"), *second, *third;

    if (at == NULL)
        return false;
    at += strlen("/recordings/");
    if (!isdigit((unsigned char)at[0]) || at[1] != '_' || strchr(at, '/') != NULL)
        return false;
    second = at + 2;
    third = strrchr(second, '_');
    if (third == NULL || third == second || !snn_data_ends_with(third, ".wav"))
        return false;
    return snprintf(out, SNN_PATH_BYTES, "%s/%.*s_nohash_%s", DIGITS[at[0] - '0'],
                    (int)(third - second), second, third + 1) < SNN_PATH_BYTES;
}

/* Lists of the splits: indices 0 to 4 test, as its makers say; 5 to 9 validate, our choice. */
static snn_status list_fsdd(snn_context *ctx, const char *folder, snn_error *err)
{
    static const char *const LISTS[] = {"testing_list.txt", "validation_list.txt"};
    char path[SNN_PATH_BYTES], line[SNN_PATH_BYTES];
    snn_names text[2] = {{0}};
    uint32_t n = 0;
    snn_status st = SNN_OK;

    for (size_t d = 0; d < SNN_COUNT(DIGITS); d++) {
        snn_names files = {0};

        TRY(st, snn_data_path(path, folder, DIGITS[d], err));
        if (!snn_data_is_folder(path))
            continue;
        st = snn_names_folder(ctx, path, &files, err);
        for (size_t i = 0; st == SNN_OK && i < files.n; i++) {
            const char *index = strstr(files.name[i], "_nohash_");
            const long k = index != NULL ? strtol(index + strlen("_nohash_"), NULL, 10) : -1;

            n++;
            if (k < 0 || k >= FSDD_VALID)
                continue;
            snprintf(line, sizeof line, "%s/%s", DIGITS[d], files.name[i]);
            st = snn_names_add(ctx, &text[k >= FSDD_TEST], line, err);
        }
        snn_names_free(ctx, &files);
        if (st != SNN_OK)
            goto done;
    }
    if (n != FSDD_RECORDINGS)
        snn_log(ctx, SNN_LOG_WARNING, "%s: %u recordings, but the release has %u", folder, n,
                FSDD_RECORDINGS);
    for (int l = 0; l < 2; l++) {
        for (size_t i = 0; i + 1 < text[l].bytes; i++)
            if (text[l].text[i] == '\0')
                text[l].text[i] = '\n';
        TRY(st, snn_data_path(path, folder, LISTS[l], err));
        TRY(st, snn_data_write_text(path, text[l].text != NULL ? text[l].text : "", err));
    }

done:
    snn_names_free(ctx, &text[0]);
    snn_names_free(ctx, &text[1]);
    return st;
}

static const snn_fetch_item SHD[] = {
    {.file = "shd_train.h5.gz",
     .url = ZENKE "shd_train.h5.gz",
     .md5 = "d47c9825dee33347913e8ce0f2be08b0",
     .target = "shd_train.h5",
     .target_bytes = 268826085,
     .target_md5 = "8e9877c85f29a28dd353ea6a54402667",
     .target_sha256 = "2bddb4bd46732f09982b7d1631b7c29c19853c73d3d240e3eb32bba909bdd6c1"},
    {.file = "shd_test.h5.gz",
     .url = ZENKE "shd_test.h5.gz",
     .md5 = "3062a80ec0c5719404d5b02e166543b1",
     .target = "shd_test.h5",
     .target_bytes = 78719235,
     .target_md5 = "207ad1295a0ab611e22d1734989c254e",
     .target_sha256 = "47d8621a092cb483bea9448a93c0a3375a6726d370045090c2f7a77f70f95df3"},
};

static const snn_fetch_item SSC[] = {
    {.file = "ssc_train.h5.zip",
     .url = ZENKE "ssc_train.h5.zip",
     .md5 = "d102be95e7144fcc0553d1f45ba94170",
     .target = "ssc_train.h5"},
    {.file = "ssc_valid.h5.zip",
     .url = ZENKE "ssc_valid.h5.zip",
     .md5 = "b4eee3516a4a90dd0c71a6ac23a8ae43",
     .target = "ssc_valid.h5"},
    {.file = "ssc_test.h5.zip",
     .url = ZENKE "ssc_test.h5.zip",
     .md5 = "a35ff1e9cffdd02a20eb850c17c37748",
     .target = "ssc_test.h5"},
};

static const snn_fetch_item GSC[] = {
    {.file = "speech_commands_v0.02.tar.gz",
     .url = GOOGLE "speech_commands_v0.02.tar.gz",
     .bytes = 2428923189,
     .sha256 = "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
     .place = place_all},
};

static const snn_fetch_item FSDD[] = {
    {.file = FSDD_FILE, .url = GITHUB FSDD_FILE, .place = place_fsdd},
};

static const snn_fetch_set SETS[] = {
    {"shd", "Spiking Heidelberg Digits", "CC BY 4.0", SHD, SNN_COUNT(SHD), NULL},
    {"ssc", "Spiking Speech Commands", "CC BY 4.0", SSC, SNN_COUNT(SSC), NULL},
    {"gsc", "Google Speech Commands v0.02", "CC BY 4.0", GSC, SNN_COUNT(GSC), NULL},
    {"fsdd", "Free Spoken Digit Dataset v1.0.10", "CC BY-SA 4.0", FSDD, SNN_COUNT(FSDD), list_fsdd},
};

void snn_fetch_params_init(snn_fetch_params *params)
{
    *params = (snn_fetch_params){.size = sizeof *params};
}

const char *snn_fetch_name(size_t i)
{
    return i < SNN_COUNT(SETS) ? SETS[i].name : NULL;
}

snn_status snn_fetch(snn_context *ctx, const char *name, const char *folder,
                     const snn_fetch_params *params, snn_error *err)
{
    snn_fetch_params defaults;

    snn_fetch_params_init(&defaults);
    params = params != NULL ? params : &defaults;
    if (params->size != sizeof *params)
        return snn_error_set(err, SNN_EINVAL, "snn_fetch_params",
                             "size is %zu, not %zu: use snn_fetch_params_init", params->size,
                             sizeof *params);
    for (size_t i = 0; i < SNN_COUNT(SETS); i++)
        if (strcmp(SETS[i].name, name) == 0)
            return snn_fetch_items(ctx, &SETS[i], folder, params, err);
    return snn_error_set(err, SNN_ENOTFOUND, name,
                         "is not a data set that can be fetched: shd, ssc, gsc or fsdd");
}
