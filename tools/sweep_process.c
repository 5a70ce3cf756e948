/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run as a process: this program again, in a process group of its own, so that a Ctrl-C
 * at the terminal reaches the sweep alone, which asks its runs to stop once and each leaves a
 * checkpoint.  Where the sweep is killed, the kernel asks them (Linux).
 *
 * A run writes JSON lines to a pipe, which tell its progress and result, and the rest to
 * train.log.
 */
#include "tools/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define LOG        "train.log"
#define MOST_WORDS (2 * OPTIONS_MAX_SET + 2 * SWEEP_MOST_KEYS + 64)

/* ---- starting ------------------------------------------------------------------- */

/* The words of `snn train` for a run; texts live in `room`. */
struct words {
    char *word[MOST_WORDS];
    size_t n;
    char room[TOOL_PATH];
    size_t used;
};

static void add(struct words *w, const char *word)
{
    union {
        const char *given;
        char *word;
    } same = {.given = word}; /* execv changes no word, whatever its type says */

    if (w->n + 1 < MOST_WORDS)
        w->word[w->n++] = same.word;
}

static void SNN_PRINTF(2, 3) add_made(struct words *w, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(w->room + w->used, sizeof w->room - w->used, format, arguments);
    va_end(arguments);
    add(w, w->room + w->used);
    if (n >= 0)
        w->used += (size_t)n + 1 < sizeof w->room - w->used ? (size_t)n + 1 : 0;
}

static void train_words(const options *o, uint32_t threads, const sweep_run *run, struct words *w)
{
    const sweep_arm *arm = &run->result.arm;

    add(w, "snn");
    add(w, "train");
    for (int i = 0; i < o->n_operands; i++)
        add(w, o->operands[i]);
    if (run->arm_file != NULL)
        add(w, run->arm_file);
    add(w, "--data");
    add(w, o->data);
    add(w, "--out");
    add(w, run->folder);
    add(w, "--resume");
    add(w, "--json");
    add(w, "--threads");
    add_made(w, "%u", (unsigned)threads);
    if (o->cpu != NULL) {
        add(w, "--cpu");
        add(w, o->cpu);
    }
    for (size_t i = 0; i < o->set.n; i++) {
        add(w, "--set");
        add(w, o->set.text[i]);
    }
    for (size_t i = 0; i < arm->n_keys; i++) {
        add(w, "--set");
        add_made(w, "%s=%s", arm->key[i], arm->value[i]);
    }
    add(w, "--seed");
    add_made(w, "%llu", (unsigned long long)run->result.seed);
}

/* In the new process: become snn train.  Only calls that are safe after a fork. */
static void become(struct words *w, int output, int log, pid_t parent)
{
    const int nothing = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
#else
    (void)parent;
#endif
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0)
        _exit(127);
    execv("/proc/self/exe", w->word);
    _exit(127);
}

snn_status sweep_process_start(snn_context *ctx, const options *o, uint32_t threads, sweep_run *run,
                               snn_error *err)
{
    const pid_t parent = getpid();
    struct words *words = snn_alloc(ctx, 1, sizeof *words);
    char path[TOOL_PATH];
    int ends[2] = {-1, -1}, log = -1;
    snn_status status = SNN_OK;

    if (words == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    TRY(status, make_folders(run->folder, err));
    TRY(status, join_path(path, run->folder, LOG, err));
    train_words(o, threads, run, words);
    log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (log < 0)
        TRY(status, snn_error_set(err, SNN_EIO, path, "cannot be opened: %s", strerror(errno)));
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(ends[1], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        TRY(status, snn_error_set(err, SNN_EIO, run->label, "no pipe: %s", strerror(errno)));
    fflush(stdout);
    run->process = fork();
    if (run->process == 0)
        become(words, ends[1], log, parent);
    if (run->process < 0)
        TRY(status, snn_error_set(err, SNN_EIO, run->label, "no process: %s", strerror(errno)));
    run->output = ends[0];
    ends[0] = -1;
    run->line_length = 0;
    run->epoch = 0;
    run->ended = false;
done:
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    if (log >= 0)
        close(log);
    snn_free(ctx, words);
    return status;
}

/* ---- listening --------------------------------------------------------------------- */

/* The number after "name": in a line of our own JSON; NaN where there is none. */
static double number_in(const char *line, const char *name)
{
    char key[48];
    const char *at;
    char *end = NULL;
    double value;

    snprintf(key, sizeof key, "\"%s\":", name);
    at = strstr(line, key);
    if (at == NULL)
        return NAN;
    value = strtod(at + strlen(key), &end);
    return end == at + strlen(key) ? NAN : value;
}

static void take_line(sweep_run *run, const char *line)
{
    static const char PROTOCOL[] = "\"protocol\":\"";
    sweep_result *r = &run->result;
    const char *at;

    if (strstr(line, "\"event\":\"epoch\"") != NULL) {
        run->epoch = (uint64_t)number_in(line, "epoch");
        r->valid_accuracy = number_in(line, "valid_accuracy");
        return;
    }
    if (strstr(line, "\"event\":\"result\"") == NULL)
        return;
    run->ended = true;
    r->test_accuracy = number_in(line, "test_accuracy");
    r->valid_accuracy = number_in(line, "valid_accuracy");
    r->best_epoch = (uint64_t)number_in(line, "best_epoch");
    r->epochs = (uint64_t)number_in(line, "epochs");
    at = strstr(line, PROTOCOL);
    if (at != NULL) {
        at += sizeof PROTOCOL - 1;
        snprintf(r->protocol, sizeof r->protocol, "%.*s", (int)strcspn(at, "\""), at);
    }
}

bool sweep_process_listen(sweep_run *run)
{
    char piece[4096];
    ssize_t n;

    while ((n = read(run->output, piece, sizeof piece)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (piece[i] != '\n' && run->line_length + 1 < sizeof run->line) {
                run->line[run->line_length++] = piece[i];
                continue;
            }
            run->line[run->line_length] = '\0';
            run->line_length = 0;
            if (piece[i] == '\n')
                take_line(run, run->line);
        }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* The last line of the log. */
void sweep_process_why(sweep_run *run)
{
    char path[TOOL_PATH], tail[1024], *line;
    FILE *log;
    size_t n = 0;

    snprintf(run->result.why, sizeof run->result.why, "it said nothing");
    if (join_path(path, run->folder, LOG, NULL) != SNN_OK || (log = fopen(path, "rb")) == NULL)
        return;
    if (fseek(log, -(long)(sizeof tail - 1), SEEK_END) != 0)
        rewind(log);
    n = fread(tail, 1, sizeof tail - 1, log);
    fclose(log);
    while (n > 0 && tail[n - 1] == '\n')
        n--;
    tail[n] = '\0';
    line = strrchr(tail, '\n');
    line = line != NULL ? line + 1 : tail;
    if (strncmp(line, "snn: ", 5) == 0)
        line += 5;
    if (line[0] != '\0')
        snprintf(run->result.why, sizeof run->result.why, "%s", line);
}
