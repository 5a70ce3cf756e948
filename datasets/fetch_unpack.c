/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Archives, through libarchive, and digests, through libmd.  An archive is a stranger's: what
 * is no plain file or folder, and what would leave the folder, is refused before it is
 * written.
 */
#include "datasets/fetch_item.h"

#ifdef SNN_HAVE_FETCH

#include <sys/types.h>

#include <archive.h>
#include <archive_entry.h>
#include <md5.h>
#include <sha2.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK 65536

snn_status snn_file_digests(snn_context *ctx, const char *path, char md5[SNN_MD5_TEXT],
                            char sha256[SNN_SHA256_TEXT], snn_error *err)
{
    static const char HEX[] = "0123456789abcdef";
    uint8_t md5_bytes[MD5_DIGEST_LENGTH], sha_bytes[SHA256_DIGEST_LENGTH];
    unsigned char *block = NULL;
    FILE *file = NULL;
    MD5_CTX m;
    SHA2_CTX s;
    size_t n;
    snn_status st;

    TRY_ALLOC(st, ctx, block, BLOCK, err);
    file = fopen(path, "rb");
    if (file == NULL) {
        st = snn_error_set(err, SNN_EIO, path, "cannot open: %s", snn_data_errno_text());
        goto done;
    }
    MD5Init(&m);
    SHA256Init(&s);
    while ((n = fread(block, 1, BLOCK, file)) > 0) {
        MD5Update(&m, block, n);
        SHA256Update(&s, block, n);
    }
    if (ferror(file)) {
        st = snn_error_set(err, SNN_EIO, path, "cannot read: %s", snn_data_errno_text());
        goto done;
    }
    MD5Final(md5_bytes, &m);
    SHA256Final(sha_bytes, &s);
    for (size_t i = 0; i < sizeof md5_bytes; i++)
        snprintf(md5 + 2 * i, 3, "%c%c", HEX[md5_bytes[i] >> 4], HEX[md5_bytes[i] & 15]);
    for (size_t i = 0; i < sizeof sha_bytes; i++)
        snprintf(sha256 + 2 * i, 3, "%c%c", HEX[sha_bytes[i] >> 4], HEX[sha_bytes[i] & 15]);

done:
    if (file != NULL)
        fclose(file);
    snn_free(ctx, block);
    return st;
}

/* Whether a name stays in its folder: relative, and without "..". */
static bool is_inside(const char *name)
{
    if (name[0] == '\0' || name[0] == '/')
        return false;
    for (const char *at = name; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
            return false;
    }
    return true;
}

/* Where an entry goes: false = nowhere. */
static bool place_of(const snn_fetch_item *item, const char *entry, bool raw,
                     char out[SNN_PATH_BYTES])
{
    const char *slash = strrchr(entry, '/');

    if (item->place != NULL)
        return item->place(entry, out);
    /* A gzip of one file need not know its name. */
    if (!raw && strcmp(slash != NULL ? slash + 1 : entry, item->target) != 0)
        return false;
    return snprintf(out, SNN_PATH_BYTES, "%s", item->target) < SNN_PATH_BYTES;
}

static snn_status damaged(struct archive *a, const char *path, snn_error *err)
{
    const char *why = archive_error_string(a);

    return snn_error_set(err, SNN_EFORMAT, path,
                         "cannot be unpacked: %s; remove it and fetch it again",
                         why != NULL ? why : "damaged");
}

static snn_status write_block(int fd, const char *bytes, size_t n, const char *path, snn_error *err)
{
    while (n > 0) {
        const ssize_t done = write(fd, bytes, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return snn_error_set(err, SNN_EIO, path, "cannot be written: %s; run again to go on",
                                 snn_data_errno_text());
        bytes += done;
        n -= (size_t)done;
    }
    return SNN_OK;
}

/* The entry's bytes to folder/name, by way of a temporary file beside it. */
static snn_status write_entry(struct archive *a, const char *archive, const char *folder,
                              const char *name, char *block, const snn_fetch_params *params,
                              snn_error *err)
{
    char path[SNN_PATH_BYTES], parent[SNN_PATH_BYTES], temporary[SNN_PATH_BYTES + 16];
    la_ssize_t n = 0;
    int fd = -1;
    uint64_t done = 0;
    snn_status st;

    TRY(st, snn_data_path(path, folder, name, err));
    memcpy(parent, path, sizeof parent);
    *strrchr(parent, '/') = '\0';
    TRY(st, snn_data_make_folder(parent, err));
    snprintf(temporary, sizeof temporary, "%s.unpack", path);
    unlink(temporary); /* a link that waits there must not be followed */
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) {
        st = snn_error_set(err, SNN_EIO, temporary, "cannot be written: %s", snn_data_errno_text());
        goto done;
    }
    while ((n = archive_read_data(a, block, BLOCK)) > 0) {
        TRY(st, write_block(fd, block, (size_t)n, temporary, err));
        done += (uint64_t)n;
        if (params->progress != NULL && params->progress(params->user, name, done, 0) != 0) {
            st = snn_error_set(err, SNN_EINTERRUPTED, name,
                               "stopped while it was unpacked; run again to go on");
            goto done;
        }
    }
    if (n < 0)
        st = damaged(a, archive, err);
    else if (rename(temporary, path) != 0)
        st = snn_error_set(err, SNN_EIO, path, "cannot be named: %s", snn_data_errno_text());

done:
    if (fd >= 0) {
        close(fd);
        if (st != SNN_OK)
            unlink(temporary);
    }
    return st;
}

/* libarchive reads over a wrong sum at the end of gzip data; zlib does not. */
static snn_status check_gzip(const char *path, char *block, snn_error *err)
{
    gzFile in = gzopen(path, "rb");
    int n, code = Z_OK;

    if (in == NULL)
        return snn_error_set(err, SNN_EIO, path, "cannot open: %s", snn_data_errno_text());
    while ((n = gzread(in, block, BLOCK)) > 0 && !gzdirect(in))
        ;
    gzerror(in, &code);
    code = n < 0 || (n > 0 && gzdirect(in)) ? Z_DATA_ERROR : code;
    gzclose(in);
    if (code != Z_OK)
        return snn_error_set(err, SNN_EFORMAT, path,
                             "cannot be unpacked: the gzip data is cut, damaged or none; remove it "
                             "and fetch it again");
    return SNN_OK;
}

static snn_status open_archive(struct archive *a, const char *path, bool raw, snn_error *err)
{
    int code = archive_read_support_filter_gzip(a);

    if (raw) {
        code |= archive_read_support_format_raw(a);
    } else {
        code |= archive_read_support_format_tar(a);
        code |= archive_read_support_format_zip(a);
    }
    if (code != ARCHIVE_OK || archive_read_open_filename(a, path, BLOCK) != ARCHIVE_OK)
        return damaged(a, path, err);
    return SNN_OK;
}

snn_status snn_unpack(snn_context *ctx, const char *path, const snn_fetch_item *item,
                      const char *folder, const snn_fetch_params *params, uint32_t *n_files,
                      snn_error *err)
{
    /* "x.h5.gz" is one file; "x.tar.gz" and "x.zip" are not. */
    const bool raw = snn_data_ends_with(path, ".gz") && !snn_data_ends_with(path, ".tar.gz");
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    char *block = NULL, place[SNN_PATH_BYTES];
    int code;
    snn_status st;

    TRY_ALLOC(st, ctx, block, BLOCK, err);
    if (a == NULL) {
        st = snn_error_set(err, SNN_ENOMEM, path, "no memory to unpack it");
        goto done;
    }
    if (snn_data_ends_with(path, ".gz"))
        TRY(st, check_gzip(path, block, err));
    TRY(st, open_archive(a, path, raw, err));
    while ((code = archive_read_next_header(a, &entry)) == ARCHIVE_OK || code == ARCHIVE_WARN) {
        const char *name = raw ? item->target : archive_entry_pathname(entry);
        const mode_t type = archive_entry_filetype(entry);

        if (name == NULL || !is_inside(name) ||
            (!raw &&
             (archive_entry_symlink(entry) != NULL || archive_entry_hardlink(entry) != NULL ||
              (type != AE_IFREG && type != AE_IFDIR)))) {
            st = snn_error_set(err, SNN_EFORMAT, path,
                               "holds '%.200s', which is a link or leaves the folder: not unpacked",
                               name != NULL ? name : "an entry without a name");
            goto done;
        }
        if ((!raw && type == AE_IFDIR) || !place_of(item, name, raw, place))
            continue;
        if (!is_inside(place)) {
            st = snn_error_set(err, SNN_EFORMAT, path, "holds '%.200s': not unpacked", name);
            goto done;
        }
        TRY(st, write_entry(a, path, folder, place, block, params, err));
        ++*n_files;
    }
    if (code != ARCHIVE_EOF)
        st = damaged(a, path, err);

done:
    archive_read_free(a);
    snn_free(ctx, block);
    return st;
}

#endif
