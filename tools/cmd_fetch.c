/* SPDX-License-Identifier: BSD-3-Clause */
/* snn fetch: public data sets from their official addresses. */
#include "tools/tool.h"

#include <string.h>

#define MOST_NAMES 16
#define MIB        1048576.0

static int show_progress(void *user, const char *file, uint64_t done, uint64_t total)
{
    (void)user;
    if (total > 0)
        talk_progress("%s: %.1f of %.1f MiB", file, (double)done / MIB, (double)total / MIB);
    else if (done > 0)
        talk_progress("%s: %.1f MiB", file, (double)done / MIB);
    return was_interrupted();
}

int run_fetch(const options *o)
{
    const char *names[MOST_NAMES], *name = o->operands[0];
    snn_fetch_params params;
    snn_context *ctx = NULL;
    snn_error err = {0};
    snn_status status = SNN_OK;
    size_t n = 0, i = 0;

    while (n < MOST_NAMES && snn_fetch_name(n) != NULL) {
        names[n] = snn_fetch_name(n);
        n++;
    }
    while (i < n && strcmp(names[i], name) != 0)
        i++;
    if (i == n) {
        say_unknown("data set", name, names, n, "snn fetch --help");
        return EXIT_USAGE;
    }
    snn_fetch_params_init(&params);
    params.url = o->url;
    params.stall_s = o->timeout;
    params.progress = show_progress;
    TRY(status, tool_context(o, &ctx, &err));
    watch_signals();
    status = snn_fetch(ctx, name, o->dir != NULL ? o->dir : name, &params, &err);
    talk_clear();
    if (status == SNN_OK)
        talk(SNN_LOG_INFO, "%s: ready; snn info %s shows what it holds", name,
             o->dir != NULL ? o->dir : name);
done:
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
