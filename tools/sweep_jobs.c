/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs as processes.  Each is this program again, in a process group of its own: a Ctrl-C
 * at the terminal reaches the sweep alone, which asks its runs to stop once, so that each
 * leaves a checkpoint.  Where the sweep is killed, the kernel asks them (Linux).
 *
 * A run writes JSON lines to a pipe, which tell its progress and result, and the rest to
 * train.log.
 */
#include "tools/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define LOG           "train.log"
#define WAIT_MS       200
#define MOST_JOBS     256
#define MOST_WORDS    (2 * OPTIONS_MAX_SET + 2 * SWEEP_MOST_KEYS + 64)
#define PROGRESS_SIZE 110 /* a line of the terminal, mostly */

struct crew {
    snn_context *ctx;
    sweep_plan *plan;
    uint32_t jobs, threads; /* threads of one run */
    sweep_run *working[MOST_JOBS];
    size_t n_working, next; /* the next run to look at */
    size_t done, failed, ran;
    bool asked; /* the runs have been asked to stop */
    double start;
    sweep_ended ended;
    void *user;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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

static void train_words(const struct crew *crew, const sweep_run *run, struct words *w)
{
    const options *o = crew->plan->o;
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
    add_made(w, "%u", (unsigned)crew->threads);
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

static snn_status start_run(struct crew *crew, sweep_run *run, snn_error *err)
{
    const pid_t parent = getpid();
    struct words *words = snn_alloc(crew->ctx, 1, sizeof *words);
    char path[TOOL_PATH];
    int ends[2] = {-1, -1}, log = -1;
    snn_status status = SNN_OK;

    if (words == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    TRY(status, make_folders(run->folder, err));
    TRY(status, join_path(path, run->folder, LOG, err));
    train_words(crew, run, words);
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
    crew->working[crew->n_working++] = run;
done:
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    if (log >= 0)
        close(log);
    snn_free(crew->ctx, words);
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

/* Read what there is; false at the end of the output. */
static bool listen_to(sweep_run *run)
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

/* The last line of the log, which says why a run failed. */
static void last_words(sweep_run *run)
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

/* ---- ending ------------------------------------------------------------------------- */

/* A process is gone.  One that was asked to stop has not ended: it goes on another time. */
static snn_status end_run(struct crew *crew, size_t place, snn_error *err)
{
    sweep_run *run = crew->working[place];
    sweep_result *r = &run->result;
    int how = 0;
    snn_status status = SNN_OK;

    while (waitpid(run->process, &how, 0) < 0 && errno == EINTR)
        ;
    close(run->output);
    run->process = 0;
    crew->working[place] = crew->working[--crew->n_working];
    r->exit_code = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    if (r->exit_code != 0 && crew->asked)
        return SNN_OK;
    r->done = r->exit_code == 0 && run->ended;
    r->why[0] = '\0';
    if (r->done)
        r->done = sweep_result_look(crew->ctx, run->folder, r, err) == SNN_OK;
    if (!r->done && r->exit_code == 0)
        snprintf(r->why, sizeof r->why, "%s", run->ended ? err->what : "it gave no result");
    else if (!r->done && WIFSIGNALED(how))
        snprintf(r->why, sizeof r->why, "killed by signal %d (%s)", WTERMSIG(how),
                 strsignal(WTERMSIG(how)));
    else if (!r->done)
        last_words(run);
    run->done = r->done;
    crew->done += r->done;
    crew->failed += !r->done;
    crew->ran++;
    TRY(status, sweep_result_write(crew->ctx, r, run->folder, err));
    TRY(status, crew->ended(crew->user, run, err));
done:
    return status;
}

static void ask_to_stop(struct crew *crew)
{
    if (crew->asked)
        return;
    crew->asked = true;
    for (size_t i = 0; i < crew->n_working; i++)
        kill(crew->working[i]->process, SIGTERM);
}

static void show_progress(const struct crew *crew)
{
    const size_t left = crew->plan->n - crew->done - crew->failed;
    const double each = crew->ran > 0 ? (now() - crew->start) / (double)crew->ran : 0;
    char text[PROGRESS_SIZE];
    size_t n;

    if (!talk_has_progress())
        return;
    snprintf(text, sizeof text, "%zu of %zu runs", crew->done, crew->plan->n);
    n = strlen(text);
    if (crew->failed > 0)
        snprintf(text + n, sizeof text - n, ", %zu failed", crew->failed);
    n = strlen(text);
    if (each > 0)
        snprintf(text + n, sizeof text - n, ", about %.0f min left",
                 ceil((double)left * each / 60));
    for (size_t i = 0; i < crew->n_working; i++) {
        const sweep_run *run = crew->working[i];
        n = strlen(text);
        snprintf(text + n, sizeof text - n, "; %.40s, seed %llu: epoch %llu", run->label,
                 (unsigned long long)run->result.seed, (unsigned long long)run->epoch);
        n = strlen(text);
        if (run->epoch > 0 && isfinite(run->result.valid_accuracy))
            snprintf(text + n, sizeof text - n, ", %.1f %%", 100 * run->result.valid_accuracy);
    }
    talk_progress("%s", text);
}

/* Start runs while there is room; wait for news; end those that are over. */
static snn_status work_once(struct crew *crew, snn_error *err)
{
    struct pollfd news[MOST_JOBS];
    sweep_plan *plan = crew->plan;
    snn_status status = SNN_OK;

    while (!crew->asked && crew->n_working < crew->jobs && crew->next < plan->n) {
        sweep_run *run = &plan->runs[crew->next++];
        if (!run->done)
            TRY(status, start_run(crew, run, err));
    }
    for (size_t i = 0; i < crew->n_working; i++)
        news[i] = (struct pollfd){.fd = crew->working[i]->output, .events = POLLIN};
    if (poll(news, crew->n_working, WAIT_MS) < 0 && errno != EINTR)
        TRY(status, snn_error_set(err, SNN_EIO, plan->folder, "poll: %s", strerror(errno)));
    if (was_interrupted())
        ask_to_stop(crew);
    for (size_t i = crew->n_working; i-- > 0;)
        if (!listen_to(crew->working[i]))
            TRY(status, end_run(crew, i, err));
    show_progress(crew);
done:
    return status;
}

snn_status sweep_run_all(snn_context *ctx, sweep_plan *plan, uint32_t jobs, uint32_t threads,
                         sweep_ended ended, void *user, snn_error *err)
{
    struct crew *crew = snn_alloc(ctx, 1, sizeof *crew);
    snn_status status = SNN_OK;

    if (crew == NULL)
        return snn_error_set(err, SNN_ENOMEM, NULL, "out of memory");
    *crew = (struct crew){.ctx = ctx,
                          .plan = plan,
                          .jobs = jobs < MOST_JOBS ? jobs : MOST_JOBS,
                          .threads = threads,
                          .ended = ended,
                          .user = user,
                          .start = now()};
    for (size_t i = 0; i < plan->n; i++)
        crew->done += plan->runs[i].done;
    while (status == SNN_OK && (crew->n_working > 0 || (!crew->asked && crew->next < plan->n)))
        status = work_once(crew, err);
    talk_clear();
    /* What failed here must not leave processes behind. */
    ask_to_stop(crew);
    while (crew->n_working > 0)
        if (!listen_to(crew->working[0])) {
            snn_error second = {0};
            if (end_run(crew, 0, &second) != SNN_OK)
                talk(SNN_LOG_WARNING, "snn: %s: %s", second.where, second.what);
        } else {
            poll(NULL, 0, WAIT_MS);
        }
    if (status == SNN_OK && was_interrupted() && crew->done + crew->failed < plan->n)
        status = SNN_EINTERRUPTED;
    snn_free(ctx, crew);
    return status;
}
