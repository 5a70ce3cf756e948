/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Status codes, error detail and the macros every public header uses.
 *
 * A function that can fail returns snn_status and leaves its outputs untouched
 * on failure.  Where a human will read the failure the function also takes a
 * caller-owned snn_error (may be NULL): it names the place ("shd.yaml:12",
 * "words.h5:/spikes/times[17]") and says what to do.  There is no global state.
 */
#ifndef SNN_STATUS_H
#define SNN_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define SNN_BEGIN_DECLS extern "C" {
#define SNN_END_DECLS   }
#else
#define SNN_BEGIN_DECLS
#define SNN_END_DECLS
#endif

#if defined(__GNUC__)
#define SNN_API            __attribute__((visibility("default")))
#define SNN_MUST_USE       __attribute__((warn_unused_result))
#define SNN_PRINTF(fmt, a) __attribute__((format(printf, fmt, a)))
#else
#define SNN_API
#define SNN_MUST_USE
#define SNN_PRINTF(fmt, a)
#endif

#define SNN_VERSION_MAJOR 0
#define SNN_VERSION_MINOR 1
#define SNN_VERSION_PATCH 0
#define SNN_VERSION       "0.1.0"

/* Code, value, text.  Values are part of the ABI: add at the end. */
#define SNN_STATUS_LIST(X)                                                                         \
    X(SNN_OK, 0, "success")                                                                        \
    X(SNN_ENOMEM, -1, "out of memory")                                                             \
    X(SNN_EINVAL, -2, "invalid argument")                                                          \
    X(SNN_EIO, -3, "input/output error")                                                           \
    X(SNN_EFORMAT, -4, "malformed file")                                                           \
    X(SNN_ENOTFOUND, -5, "not found")                                                              \
    X(SNN_ECONFIG, -6, "invalid configuration")                                                    \
    X(SNN_EDIVERGED, -7, "training diverged")                                                      \
    X(SNN_EINTERRUPTED, -8, "interrupted")                                                         \
    X(SNN_EUNSUPPORTED, -9, "not supported")

typedef enum snn_status {
#define SNN_STATUS_ENUM(code, value, text) code = value,
    SNN_STATUS_LIST(SNN_STATUS_ENUM)
#undef SNN_STATUS_ENUM
} snn_status;

#define SNN_ERROR_WHERE 256
#define SNN_ERROR_WHAT  512

/* Detail of a failure.  Owned by the caller; written only on failure; strings
 * are NUL-terminated and cut at the array's end. */
typedef struct snn_error {
    snn_status status;
    char where[SNN_ERROR_WHERE]; /* file, line, dataset or option; may be empty */
    char what[SNN_ERROR_WHAT];   /* what is wrong and the remedy */
} snn_error;

SNN_BEGIN_DECLS

/* Short English text of a status; never NULL. */
SNN_API const char *snn_status_text(snn_status status);

/* "major.minor.patch" of the library that is linked. */
SNN_API const char *snn_version(void);

/* Fill `err` (ignored when NULL) and return `status`.  `where` may be NULL. */
SNN_API snn_status snn_error_set(snn_error *err, snn_status status, const char *where,
                                 const char *format, ...) SNN_PRINTF(4, 5);

SNN_END_DECLS
#endif
