/* SPDX-License-Identifier: BSD-3-Clause */
/* The runs of a sweep, some at a time: begun, watched, asked to stop, ended. */
#include "tools/sweep.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS       200
#define MOST_JOBS     256
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
        sweep_process_why(run);
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
        if (run->done)
            continue;
        TRY(status, sweep_process_start(crew->ctx, plan->o, crew->threads, run, err));
        crew->working[crew->n_working++] = run;
    }
    for (size_t i = 0; i < crew->n_working; i++)
        news[i] = (struct pollfd){.fd = crew->working[i]->output, .events = POLLIN};
    if (poll(news, crew->n_working, WAIT_MS) < 0 && errno != EINTR)
        TRY(status, snn_error_set(err, SNN_EIO, plan->folder, "poll: %s", strerror(errno)));
    if (was_interrupted())
        ask_to_stop(crew);
    for (size_t i = crew->n_working; i-- > 0;)
        if (!sweep_process_listen(crew->working[i]))
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
        if (!sweep_process_listen(crew->working[0])) {
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
