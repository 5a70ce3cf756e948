/* SPDX-License-Identifier: BSD-3-Clause */
/* The items of a set, one after the other: look, download, compare, unpack, tidy up. */
#include "datasets/fetch_item.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef SNN_HAVE_FETCH

#define MARKER "fetched.txt"
#define MIB    1048576.0

struct fetch {
    snn_context *ctx;
    const snn_fetch_set *set;
    const char *folder;
    const snn_fetch_params *params;
};

static snn_status address(const struct fetch *f, const snn_fetch_item *item,
                          char url[SNN_PATH_BYTES], snn_error *err)
{
    const char *base = f->params->url;
    size_t n = base != NULL ? strlen(base) : 0;
    int wanted;

    while (n > 0 && base[n - 1] == '/')
        n--;
    wanted = base == NULL ? snprintf(url, SNN_PATH_BYTES, "%s", item->url)
                          : snprintf(url, SNN_PATH_BYTES, "%.*s/%s", (int)n, base, item->file);
    return wanted < SNN_PATH_BYTES
               ? SNN_OK
               : snn_error_set(err, SNN_EINVAL, base, "the address is too long");
}

/* Compare a file with what is known of it; text of a mismatch, or "". */
static snn_status compare(const struct fetch *f, const char *path, const char *md5,
                          const char *sha256, char wrong[256], snn_error *err)
{
    char has_md5[SNN_MD5_TEXT], has_sha256[SNN_SHA256_TEXT];
    snn_status st;

    wrong[0] = '\0';
    if (md5 == NULL && sha256 == NULL)
        return SNN_OK;
    TRY(st, snn_file_digests(f->ctx, path, has_md5, has_sha256, err));
    if (md5 != NULL && strcmp(md5, has_md5) != 0)
        snprintf(wrong, 256, "its md5 is %s, not %s", has_md5, md5);
    else if (sha256 != NULL && strcmp(sha256, has_sha256) != 0)
        snprintf(wrong, 256, "its sha256 is %s, not %s", has_sha256, sha256);

done:
    return st;
}

/* Whether the item is unpacked already. */
static snn_status is_done(const struct fetch *f, const snn_fetch_item *item, bool *done,
                          snn_error *err)
{
    char path[SNN_PATH_BYTES], wrong[256];
    snn_names lines = {0};
    snn_status st;

    *done = false;
    TRY(st, snn_data_path(path, f->folder, item->target != NULL ? item->target : MARKER, err));
    if (!snn_data_is_file(path))
        goto done;
    if (item->target == NULL) {
        TRY(st, snn_names_lines(f->ctx, path, &lines, err));
        *done = lines.n > 0 && strcmp(lines.name[0], item->file) == 0;
        goto done;
    }
    TRY(st, compare(f, path, item->target_md5, item->target_sha256, wrong, err));
    if (wrong[0] != '\0')
        st = snn_error_set(err, SNN_EFORMAT, path,
                           "is there but %s: damaged, or not that file; remove it and run again",
                           wrong);
    *done = st == SNN_OK;

done:
    snn_names_free(f->ctx, &lines);
    return st;
}

/* Bring the archive, and give it its name when it is complete and right. */
static snn_status download(const struct fetch *f, const snn_fetch_item *item, const char *url,
                           const char *path, snn_error *err)
{
    const snn_http http = {f->ctx, f->params, item->file};
    const bool sure = item->md5 != NULL || item->sha256 != NULL;
    char part[SNN_PATH_BYTES + 8], tag[SNN_PATH_BYTES + 8], wrong[256];
    snn_status st = SNN_OK;

    snprintf(part, sizeof part, "%s.part", path);
    snprintf(tag, sizeof tag, "%s.tag", path);
    if (snn_data_is_file(path)) {
        TRY(st, compare(f, path, item->md5, item->sha256, wrong, err));
        if (wrong[0] == '\0')
            goto done;
        snn_log(f->ctx, SNN_LOG_WARNING, "%s: %s: fetching it again", path, wrong);
        unlink(path);
    }
    TRY(st, snn_http_get(&http, url, path, sure, err));
    TRY(st, compare(f, part, item->md5, item->sha256, wrong, err));
    if (wrong[0] != '\0') {
        unlink(part);
        unlink(tag);
        st = snn_error_set(err, SNN_EFORMAT, url,
                           "%s: damaged on its way, or changed at its source; what came is "
                           "removed: run again, or ask who serves it",
                           wrong);
        goto done;
    }
    if (!sure)
        snn_log(f->ctx, SNN_LOG_INFO, "%s: no digest is known to compare with", item->file);
    if (rename(part, path) != 0)
        st = snn_error_set(err, SNN_EIO, path, "cannot be named: %s", snn_data_errno_text());
    unlink(tag);

done:
    return st;
}

static snn_status unpack(const struct fetch *f, const snn_fetch_item *item, const char *path,
                         snn_error *err)
{
    char target[SNN_PATH_BYTES], wrong[256] = "";
    uint32_t n = 0;
    snn_status st;

    TRY(st, snn_unpack(f->ctx, path, item, f->folder, f->params, &n, err));
    if (n == 0) {
        st = snn_error_set(err, SNN_EFORMAT, path, "holds nothing of the data set");
        goto done;
    }
    if (item->target != NULL) {
        TRY(st, snn_data_path(target, f->folder, item->target, err));
        TRY(st, compare(f, target, item->target_md5, item->target_sha256, wrong, err));
        if (wrong[0] != '\0') {
            unlink(target);
            st = snn_error_set(err, SNN_EFORMAT, target, "%s: the archive holds another file",
                               wrong);
        }
    }

done:
    return st;
}

static snn_status fetch_item(const struct fetch *f, const snn_fetch_item *item, snn_error *err)
{
    char url[SNN_PATH_BYTES], path[SNN_PATH_BYTES], marker[SNN_PATH_BYTES],
        text[SNN_PATH_BYTES + 512];
    bool done;
    snn_status st;

    TRY(st, is_done(f, item, &done, err));
    if (done)
        goto done;
    TRY(st, address(f, item, url, err));
    TRY(st, snn_data_path(path, f->folder, item->file, err));
    TRY(st, download(f, item, url, path, err));
    TRY(st, unpack(f, item, path, err));
    if (f->set->finish != NULL)
        TRY(st, f->set->finish(f->ctx, f->folder, err));
    if (item->target == NULL) {
        TRY(st, snn_data_path(marker, f->folder, MARKER, err));
        snprintf(text, sizeof text, "%s\n%s\nlicence %s\n", item->file, url, f->set->licence);
        TRY(st, snn_data_write_text(marker, text, err));
    }
    unlink(path);
    snn_log(f->ctx, SNN_LOG_INFO, "%s: fetched and unpacked", item->file);

done:
    return st;
}

/* What is to come, before the first byte of it; and whether it has room. */
static snn_status announce(const struct fetch *f, snn_error *err)
{
    uint64_t bytes = 0, unpacked = 0;
    uint32_t unknown = 0, missing = 0;
    snn_status st = SNN_OK;

    snn_log(f->ctx, SNN_LOG_INFO, "%s, licence %s, into %s", f->set->title, f->set->licence,
            f->folder);
    for (size_t i = 0; i < f->set->n_items; i++) {
        const snn_fetch_item *item = &f->set->item[i];
        const snn_http http = {f->ctx, f->params, item->file};
        char url[SNN_PATH_BYTES], path[SNN_PATH_BYTES];
        uint64_t size = 0;
        bool done;

        TRY(st, is_done(f, item, &done, err));
        if (done) {
            snn_log(f->ctx, SNN_LOG_INFO, "%s: there already",
                    item->target != NULL ? item->target : item->file);
            continue;
        }
        missing++;
        unpacked += item->target_bytes;
        TRY(st, address(f, item, url, err));
        TRY(st, snn_data_path(path, f->folder, item->file, err));
        if (snn_data_is_file(path)) {
            snn_log(f->ctx, SNN_LOG_INFO, "%s: fetched already, not yet unpacked", item->file);
            continue;
        }
        TRY(st, snn_http_size(&http, url, &size, err));
        if (size > 0)
            snn_log(f->ctx, SNN_LOG_INFO, "%s: %.1f MiB", url, (double)size / MIB);
        else
            snn_log(f->ctx, SNN_LOG_INFO, "%s: of unknown size", url);
        if (size > 0 && item->bytes > 0 && size != item->bytes) {
            st = snn_error_set(err, SNN_EFORMAT, url,
                               "has %" PRIu64 " bytes at the server, not %" PRIu64
                               ": another file, or another release",
                               size, item->bytes);
            goto done;
        }
        bytes += size;
        unknown += size == 0;
    }
    if (missing == 0)
        goto done;
    snn_log(f->ctx, SNN_LOG_INFO, "%.1f MiB to fetch%s, %.1f MiB free", (double)bytes / MIB,
            unknown > 0 ? " and files of unknown size" : "",
            (double)snn_free_bytes(f->folder) / MIB);
    if (bytes + unpacked > snn_free_bytes(f->folder))
        st = snn_error_set(
            err, SNN_EIO, f->folder, "has %.0f MiB free, but at least %.0f MiB are needed",
            (double)snn_free_bytes(f->folder) / MIB, (double)(bytes + unpacked) / MIB);

done:
    return st;
}

snn_status snn_fetch_items(snn_context *ctx, const snn_fetch_set *set, const char *folder,
                           const snn_fetch_params *params, snn_error *err)
{
    const struct fetch f = {ctx, set, folder, params};
    snn_status st;

    if (params->stall_s != 0 && !(params->stall_s >= 1 && params->stall_s <= 86400))
        return snn_error_set(err, SNN_EINVAL, "stall_s", "%g is not in 1..86400", params->stall_s);
    TRY(st, snn_data_make_folder(folder, err));
    TRY(st, announce(&f, err));
    for (size_t i = 0; i < set->n_items; i++)
        TRY(st, fetch_item(&f, &set->item[i], err));

done:
    return st;
}

#else

snn_status snn_fetch_items(snn_context *ctx, const snn_fetch_set *set, const char *folder,
                           const snn_fetch_params *params, snn_error *err)
{
    (void)ctx;
    (void)folder;
    (void)params;
    return snn_error_set(err, SNN_EUNSUPPORTED, set->name,
                         "this build cannot fetch (configured --without-curl); get it from %s",
                         set->item[0].url);
}

#endif
