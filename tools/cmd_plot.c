/* SPDX-License-Identifier: BSD-3-Clause */
/* snn plot: pictures of data, runs and models. */
#include "tools/chart/chart.h"
#include "tools/plot.h"

#include <string.h>

typedef snn_status (*plotter)(snn_context *ctx, const char *path, const options *o, const char *out,
                              snn_error *err);

static const struct {
    const char *name, *out; /* what is drawn, and where unless told */
    plotter draw;
} PLOTS[] = {
    {"raster", "raster.png", plot_raster},    {"run", "run.png", plot_run},
    {"delays", "delays.png", plot_delays},    {"task", "task.png", plot_task},
    {"kernels", "kernels.png", plot_kernels}, {"activity", "activity.png", plot_activity},
    {"flow", "flow.png", plot_flow},          {"confusion", "confusion.png", plot_confusion},
    {"clouds", "clouds.png", plot_clouds},
};

#define N_PLOTS (sizeof PLOTS / sizeof PLOTS[0])

int plot_stop(void *user)
{
    (void)user;
    return was_interrupted();
}

/* What can be known of the picture's name before the work is done. */
static snn_status check_out(const char *out, snn_error *err)
{
    const snn_status status = check_folder_of(out, err);

    return status != SNN_OK ? status : chart_check_name(out, err);
}

int run_plot(const options *o)
{
    const char *names[N_PLOTS], *out;
    snn_context *ctx = NULL;
    snn_error err = {0};
    size_t i = 0;
    snn_status status = SNN_OK;

    while (i < N_PLOTS && strcmp(o->operands[0], PLOTS[i].name) != 0)
        i++;
    if (i == N_PLOTS) {
        for (i = 0; i < N_PLOTS; i++)
            names[i] = PLOTS[i].name;
        say_unknown("plot", o->operands[0], names, N_PLOTS, "snn plot --help");
        return EXIT_USAGE;
    }
    out = o->out != NULL ? o->out : PLOTS[i].out;
    TRY(status, tool_context(o, &ctx, &err));
    watch_signals();
    TRY(status, check_out(out, &err));
    TRY(status, PLOTS[i].draw(ctx, o->operands[1], o, out, &err));
    talk(SNN_LOG_INFO, "%s", out);
done:
    talk_clear();
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
