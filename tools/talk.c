/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/tool.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* The program's one voice. */
static struct {
    snn_log_level level;
    bool line; /* a progress line is on the screen */
} voice = {SNN_LOG_INFO, false};

void talk_set_level(snn_log_level level)
{
    voice.level = level;
}

void talk_clear(void)
{
    if (voice.line)
        fputs("\r\033[K", stderr);
    voice.line = false;
}

void talk(snn_log_level level, const char *format, ...)
{
    va_list arguments;

    if (level > voice.level)
        return;
    talk_clear();
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

bool talk_has_progress(void)
{
    return voice.level >= SNN_LOG_INFO && isatty(STDERR_FILENO);
}

void talk_progress(const char *format, ...)
{
    va_list arguments;

    if (!talk_has_progress())
        return;
    talk_clear();
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fflush(stderr);
    voice.line = true;
}

const char *percent_text(double share, char text[16])
{
    if (isfinite(share))
        snprintf(text, 16, "%.1f %%", 100 * share);
    else
        snprintf(text, 16, "-");
    return text;
}

int talk_failure(snn_status status, const snn_error *err)
{
    if (err->status == status && err->what[0] != '\0')
        talk(SNN_LOG_ERROR, "snn: %s%s%s", err->where, err->where[0] != '\0' ? ": " : "",
             err->what);
    else
        talk(SNN_LOG_ERROR, "snn: %s", snn_status_text(status));
    switch (status) {
    case SNN_EDIVERGED:
        return EXIT_DIVERGED;
    case SNN_EINTERRUPTED:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_FAILED;
    }
}

static void log_line(void *user, snn_log_level level, const char *line)
{
    (void)user;
    talk(level, "%s%s", level == SNN_LOG_ERROR || level == SNN_LOG_WARNING ? "snn: " : "", line);
}

snn_status tool_context_plain(const options *o, snn_context **out, snn_error *err)
{
    snn_context_params params;

    snn_context_params_init(&params);
    if (o->threads > INT32_MAX)
        return snn_error_set(err, SNN_EINVAL, "--threads", "%u is too many", (unsigned)o->threads);
    params.threads = (int)o->threads;
    if (o->cpu != NULL)
        params.cpu = o->cpu;
    params.log = log_line;
    params.log_level = voice.level;
    return snn_context_create(&params, out, err);
}

snn_status tool_context(const options *o, snn_context **out, snn_error *err)
{
    snn_status status;

    TRY(status, tool_context_plain(o, out, err));
    status = costs_use(*out, err);
    if (status != SNN_OK) {
        snn_context_destroy(*out);
        *out = NULL;
    }
done:
    return status;
}

static volatile sig_atomic_t interrupted;

static void note_signal(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static void watch(int flags)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND | flags};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void watch_signals(void)
{
    watch(SA_RESTART);
}

void signals_interrupt(void)
{
    if (!interrupted) /* else the next one is to kill */
        watch(0);
}

int was_interrupted(void)
{
    return interrupted;
}

int each_operand(const options *o, int first,
                 snn_status (*one)(snn_context *ctx, const char *path, const options *o,
                                   snn_error *err))
{
    snn_context *ctx = NULL;
    snn_error err = {0};
    snn_status status = tool_context(o, &ctx, &err);
    int code = EXIT_OK;

    if (status != SNN_OK)
        return talk_failure(status, &err);
    watch_signals();
    for (int i = first; i < o->n_operands && status != SNN_EINTERRUPTED; i++) {
        status = one(ctx, o->operands[i], o, &err);
        if (status != SNN_OK)
            code = talk_failure(status, &err);
    }
    snn_context_destroy(ctx);
    return code;
}
