/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/base/base.h"

#include <stdarg.h>
#include <stdio.h>

const char *snn_status_text(snn_status status)
{
    switch (status) {
#define STATUS_TEXT(code, value, text)                                                             \
    case code:                                                                                     \
        return text;
        SNN_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

const char *snn_version(void)
{
    return SNN_VERSION;
}

snn_status snn_error_set(snn_error *err, snn_status status, const char *where, const char *format,
                         ...)
{
    va_list arguments;

    if (err != NULL) {
        err->status = status;
        snprintf(err->where, sizeof err->where, "%s", where != NULL ? where : "");
        va_start(arguments, format);
        vsnprintf(err->what, sizeof err->what, format, arguments);
        va_end(arguments);
    }
    return status;
}
