/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/bench_neighbours.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REST_SECONDS   0.01   /* between looks at the word of a neighbour that rests */
#define SETTLE_SECONDS 0.1    /* until all have seen it, and are spread over the cores */
#define TURNS          100000 /* of a loop between two looks */

/* The word is shared, and read again and again: no signal has to be sent, and a neighbour whose
 * parent is gone, killed maybe, sees so and goes too. */
struct neighbours {
    snn_context *ctx;
    atomic_int *busy;
    pid_t pid[BENCH_MOST_THREADS];
    int n;
};

static void rest(double seconds)
{
    const struct timespec time = {(time_t)seconds,
                                  (long)(1e9 * (seconds - (double)(time_t)seconds))};

    nanosleep(&time, NULL);
}

static void live(const atomic_int *busy, pid_t parent)
{
    volatile unsigned work = 0;

    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    while (getppid() == parent) {
        if (atomic_load(busy) == 0)
            rest(REST_SECONDS);
        for (unsigned i = 0; atomic_load(busy) != 0 && i < TURNS; i++)
            work = work * 3 + i;
    }
    _exit(0);
}

snn_status neighbours_start(snn_context *ctx, int n, neighbours **out, snn_error *err)
{
    const pid_t self = getpid();
    neighbours *all = snn_alloc(ctx, 1, sizeof *all);
    void *word;
    snn_status status = SNN_OK;

    if (all == NULL)
        return snn_error_set(err, SNN_ENOMEM, "bench", "out of memory");
    all->ctx = ctx;
    word = mmap(NULL, sizeof *all->busy, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (word == MAP_FAILED)
        TRY(status, snn_error_set(err, SNN_ENOMEM, "bench", "no memory to share"));
    all->busy = word;
    atomic_init(all->busy, 0);
    fflush(NULL); /* what is in a buffer must not be written twice */
    while (all->n < n && all->n < BENCH_MOST_THREADS) {
        const pid_t pid = fork();

        if (pid == 0)
            live(all->busy, self);
        if (pid < 0)
            TRY(status, snn_error_set(err, SNN_EIO, "bench", "no process beside this one: %s",
                                      strerror(errno)));
        all->pid[all->n++] = pid;
    }
    *out = all;
    all = NULL;
done:
    neighbours_stop(all);
    return status;
}

void neighbours_work(neighbours *n, bool busy)
{
    atomic_store(n->busy, busy);
    rest(SETTLE_SECONDS);
}

void neighbours_stop(neighbours *n)
{
    if (n == NULL)
        return;
    for (int i = 0; i < n->n; i++)
        kill(n->pid[i], SIGKILL);
    for (int i = 0; i < n->n; i++)
        while (waitpid(n->pid[i], NULL, 0) < 0 && errno == EINTR)
            ;
    if (n->busy != NULL)
        munmap(n->busy, sizeof *n->busy);
    snn_free(n->ctx, n);
}
