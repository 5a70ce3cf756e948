/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/profile.h"

#include <math.h>

#define SHOWN_SHARE 0.005 /* of the step: less is summed up in one line */
#define MIB         (1024.0 * 1024.0)
#define QUIET       0.85 /* of the time in which threads work they have a processor, or others do */

const char *profile_phase_name(const profile_phase *p, char text[64])
{
    if (p->layer == SNN_NO_LAYER)
        snprintf(text, 64, "%s", snn_phase_name(p->phase));
    else
        snprintf(text, 64, "%s, layer %u", snn_phase_name(p->phase), (unsigned)p->layer);
    return text;
}

double profile_percent(const profile_phase *p)
{
    return p->seconds.median > 0 ? 100 * p->roof_seconds / p->seconds.median : NAN;
}

/* A number, or "-" where there is none. */
static const char *number(double value, int decimals, char text[24])
{
    if (!isfinite(value))
        snprintf(text, 24, "-");
    else
        snprintf(text, 24, "%.*f", decimals, value);
    return text;
}

static void show_phases(const profile *p)
{
    double rest = 0;
    char name[64], gflop[24], rate[24], percent[24];

    printf("%-36s %-9s %9s %6s %8s %8s %8s %6s %5s %7s\n", "phase", "solver", "ms", "share",
           "GFLOP", "MB", "GFLOP/s", "roof", "busy", "uneven");
    for (size_t i = 0; i < p->phases; i++) {
        const profile_phase *f = &p->phase[i];
        const double seconds = f->seconds.median;

        if (f->share < SHOWN_SHARE) {
            rest += seconds;
            continue;
        }
        printf("%-36s %-9s %9.3f %5.1f%% %8s %8.1f %8s %5s%% %4.0f%% %6.0f%%\n",
               profile_phase_name(f, name), f->solver, 1e3 * seconds, 100 * f->share,
               number(1e-9 * f->work.operations, 3, gflop), 1e-6 * f->work.bytes,
               number(1e-9 * f->work.operations / seconds, 1, rate),
               number(profile_percent(f), 0, percent), 100 * f->busy, 100 * f->imbalance);
    }
    if (rest > 0)
        printf("%-36s %-9s %9.3f %5.1f%%\n", "phases below 0.5 % each", "", 1e3 * rest,
               100 * rest / p->step.median);
    printf("%-36s %-9s %9.3f %5.1f%%\n\n", "between phases", "", 1e3 * p->between,
           100 * p->between / p->step.median);
}

static void show_threads(const profile *p)
{
    printf("thread   busy ms   of the step   tiles\n");
    for (int w = 0; w < p->threads && w < PROFILE_WORKERS; w++)
        printf("%6d %9.3f %12.1f%% %7.0f\n", w, 1e3 * p->worker[w].busy,
               100 * p->worker[w].busy / p->step.median, p->worker[w].tiles);
    if (p->scaling.n > 0)
        printf("\nthreads  step ms  times as fast   efficiency\n");
    for (size_t i = 0; i < p->scaling.n; i++) {
        const double gain = p->scaling.seconds[0].median / p->scaling.seconds[i].median;

        printf("%7d %8.1f %14.2f %11.0f%%\n", p->scaling.threads[i],
               1e3 * p->scaling.seconds[i].median, gain, 100 * gain / p->scaling.threads[i]);
    }
    printf("\n");
}

static void show_memory(const profile *p)
{
    printf("memory         held MiB   most MiB\n");
    for (int k = 0; k < SNN_MEMORY_KINDS; k++)
        if (p->peak[k] > 0)
            printf("%-14s %8.1f %10.1f\n", snn_memory_name((snn_memory)k), (double)p->held[k] / MIB,
                   (double)p->peak[k] / MIB);
    printf("%-14s %8.1f %10.1f\n", "all of these", (double)p->bytes / MIB,
           (double)p->peak_bytes / MIB);
    printf("%-14s          %10.1f   with code, libraries and stacks\n\n", "process", p->rss_mib);
}

/* Of what was counted: hardware's columns only where there is any. */
static void counted_line(const char *name, const double count[COUNTERS], double seconds,
                         bool hardware)
{
    const counter_figures f = counters_figures(count, seconds);
    char text[8][24];

    printf("%-36s %9s %5s", name, number(1e-6 * count[COUNTER_CPU_NS], 3, text[0]),
           number(f.processors, 2, text[1]));
    if (hardware)
        printf(" %9s %5s %8s %6s", number(1e-6 * count[COUNTER_INSTRUCTIONS], 1, text[2]),
               number(f.instructions_per_cycle, 2, text[3]),
               number(f.misses_per_kilo_instruction, 2, text[4]), number(f.gigahertz, 2, text[5]));
    printf(" %7s %8s %9s %6s\n", number(count[COUNTER_PAGE_FAULTS], 1, text[2]),
           number(count[COUNTER_SWITCHES], 1, text[3]),
           number(count[COUNTER_INVOLUNTARY_SWITCHES], 1, text[4]),
           number(count[COUNTER_MIGRATIONS], 1, text[5]));
}

static void show_counters(const profile *p)
{
    const bool hardware = counters_have(&p->counters, COUNTER_CYCLES) ||
                          counters_have(&p->counters, COUNTER_INSTRUCTIONS);
    double sum[COUNTERS] = {0}, seconds = 0, busy = 0, had;
    char name[64];

    printf("%-36s %9s %5s%s %7s %8s %9s %6s\n", "counted in a step", "cpu ms", "cpus",
           hardware ? "  M instr. IPC/cycle misses/k  GHz" : "", "faults", "switches", "preempted",
           "moved");
    for (size_t i = 0; i < p->phases; i++) {
        const profile_phase *f = &p->phase[i];

        for (int k = 0; k < COUNTERS; k++)
            sum[k] += f->count[k];
        seconds += f->mean;
        busy += f->busy * p->threads * f->mean;
        if (f->share >= SHOWN_SHARE)
            counted_line(profile_phase_name(f, name), f->count, f->mean, hardware);
    }
    counted_line("all phases", sum, seconds, hardware);
    had = 1e-9 * sum[COUNTER_CPU_NS] / busy;
    if (had < QUIET)
        printf("other processes ran: threads had a processor for %.0f %% of the time they worked\n",
               100 * had);
    printf("%s%s\n", p->counters.note, p->counters.note[0] != '\0' ? "\n" : "");
}

static void show_hottest(const profile *p)
{
    const profile_phase *hot = &p->phase[p->hottest];
    char name[64], percent[24];

    printf("hottest: %s%s%s%s, %.1f %% of the step, %s %% of its roof (%s)\n",
           profile_phase_name(hot, name), hot->solver[0] != '\0' ? " (" : "", hot->solver,
           hot->solver[0] != '\0' ? ")" : "", 100 * hot->share,
           number(profile_percent(hot), 0, percent), hot->by_memory ? "memory" : "matrix products");
}

void profile_show_text(const profile *p)
{
    printf("%s: step %.3f ms, median of %zu, middle half %.3f to %.3f; unobserved %.3f\n",
           p->config, 1e3 * p->step.median, p->steps, 1e3 * p->step.low, 1e3 * p->step.high,
           1e3 * p->alone.median);
    printf("batch %u, %u steps, %u inputs; %d threads, %s kernels, %s\n", (unsigned)p->shape.batch,
           (unsigned)p->shape.steps, (unsigned)p->shape.inputs, p->threads, p->kernels, p->machine);
    printf("matrix products %.1f GFLOP/s, copying %.1f GB/s, measured between the steps\n\n",
           p->sgemm, p->copy);
    show_phases(p);
    show_threads(p);
    show_memory(p);
    show_counters(p);
    show_hottest(p);
}

/* ---- rows ------------------------------------------------------------------------------ */

static void phase_row(const profile *p, size_t i, bench_row *r)
{
    const profile_phase *f = &p->phase[i];
    const counter_figures figures = counters_figures(f->count, f->mean);

    row_begin(r, "phase");
    row_text(r, "phase", snn_phase_name(f->phase));
    row_text(r, "layer", "");
    if (f->layer != SNN_NO_LAYER)
        snprintf(r->field[1].text, sizeof r->field[1].text, "%u", (unsigned)f->layer);
    row_text(r, "solver", f->solver);
    row_number(r, NULL, "seconds", f->seconds.median);
    row_number(r, NULL, "seconds_low", f->seconds.low);
    row_number(r, NULL, "seconds_high", f->seconds.high);
    row_number(r, NULL, "share", f->share);
    row_number(r, NULL, "operations", f->work.operations);
    row_number(r, NULL, "bytes", f->work.bytes);
    row_number(r, NULL, "roof_percent", profile_percent(f));
    row_text(r, "roof", f->by_memory ? "memory" : "arithmetic");
    row_number(r, NULL, "busy", f->busy);
    row_number(r, NULL, "imbalance", f->imbalance);
    for (int k = 0; k < COUNTERS; k++)
        row_number(r, NULL, counters_name((counter_kind)k), f->count[k]);
    row_number(r, NULL, "instructions_per_cycle", figures.instructions_per_cycle);
    row_number(r, NULL, "misses_per_kilo_instruction", figures.misses_per_kilo_instruction);
    row_number(r, NULL, "miss_share", figures.miss_share);
    row_number(r, NULL, "gigahertz", figures.gigahertz);
    row_number(r, NULL, "processors", figures.processors);
    row_number(r, NULL, "sgemm_gflops", p->sgemm);
    row_number(r, NULL, "copy_gbytes", p->copy);
    row_count(r, "threads", (uint64_t)p->threads);
    row_text(r, "kernels", p->kernels);
    row_text(r, "cpu", p->machine);
}

static void thread_row(const profile *p, size_t i, bench_row *r)
{
    row_begin(r, "thread");
    row_count(r, "thread", i);
    row_number(r, NULL, "busy_seconds", p->worker[i].busy);
    row_number(r, NULL, "share", p->worker[i].busy / p->step.median);
    row_number(r, NULL, "tiles", p->worker[i].tiles);
    row_text(r, "cpu", p->machine);
}

static void memory_row(const profile *p, size_t i, bench_row *r)
{
    const bool all = i == SNN_MEMORY_KINDS;

    row_begin(r, "memory");
    row_text(r, "purpose", all ? "all" : snn_memory_name((snn_memory)i));
    row_count(r, "held_bytes", all ? p->bytes : p->held[i]);
    row_count(r, "peak_bytes", all ? p->peak_bytes : p->peak[i]);
}

static void scaling_row(const profile *p, size_t i, bench_row *r)
{
    const bench_spread *s = &p->scaling.seconds[i];
    const double gain = p->scaling.seconds[0].median / s->median;

    row_begin(r, "scaling");
    row_count(r, "threads", (uint64_t)p->scaling.threads[i]);
    row_number(r, NULL, "seconds", s->median);
    row_number(r, NULL, "seconds_low", s->low);
    row_number(r, NULL, "seconds_high", s->high);
    row_number(r, NULL, "gain", gain);
    row_number(r, NULL, "efficiency", gain / p->scaling.threads[i]);
    row_text(r, "cpu", p->machine);
}

static void step_row(const profile *p, bench_row *r)
{
    const profile_phase *hot = &p->phase[p->hottest];
    char name[64];

    row_begin(r, "profile");
    row_text(r, "config", p->config);
    row_number(r, NULL, "step_seconds", p->step.median);
    row_number(r, NULL, "step_low", p->step.low);
    row_number(r, NULL, "step_high", p->step.high);
    row_number(r, NULL, "unobserved_seconds", p->alone.median);
    row_count(r, "steps", p->steps);
    row_count(r, "batch", p->shape.batch);
    row_count(r, "threads", (uint64_t)p->threads);
    row_number(r, NULL, "sgemm_gflops", p->sgemm);
    row_number(r, NULL, "copy_gbytes", p->copy);
    row_text(r, "hottest", profile_phase_name(hot, name));
    row_number(r, NULL, "hottest_share", hot->share);
    row_number(r, NULL, "hottest_roof_percent", profile_percent(hot));
    row_count(r, "allocations", p->allocations);
    row_number(r, NULL, "peak_rss_mib", p->rss_mib);
    row_text(r, "counters", p->counters.note);
    row_text(r, "kernels", p->kernels);
    row_text(r, "cpu", p->machine);
}

/* The tables: how many rows, and each of them. */
typedef struct table {
    const char *file;
    size_t rows;
    void (*fill)(const profile *p, size_t i, bench_row *r);
} table;

#define TABLES 4

static void tables_of(const profile *p, table out[TABLES])
{
    const size_t threads = (size_t)(p->threads < PROFILE_WORKERS ? p->threads : PROFILE_WORKERS);

    out[0] = (table){"phases.csv", p->phases, phase_row};
    out[1] = (table){"threads.csv", threads, thread_row};
    out[2] = (table){"memory.csv", SNN_MEMORY_KINDS + 1, memory_row};
    out[3] = (table){"scaling.csv", p->scaling.n, scaling_row};
}

void profile_show_json(const profile *p)
{
    table tables[TABLES];
    bench_row r;

    tables_of(p, tables);
    for (size_t t = 0; t < TABLES; t++)
        for (size_t i = 0; i < tables[t].rows; i++) {
            tables[t].fill(p, i, &r);
            row_json(&r);
        }
    step_row(p, &r);
    row_json(&r);
}

static snn_status write_table(snn_context *ctx, const profile *p, const table *t,
                              const char *folder, snn_error *err)
{
    bench_text lines = {.ctx = ctx};
    char path[TOOL_PATH];
    bench_row r;
    snn_status status = SNN_OK;

    TRY(status, join_path(path, folder, t->file, err));
    for (size_t i = 0; i < t->rows; i++) {
        t->fill(p, i, &r);
        row_csv(&r, i == 0, &lines);
    }
    TRY(status, text_write(&lines, path, err));
done:
    text_free(&lines);
    return status;
}

snn_status profile_write_tables(snn_context *ctx, const profile *p, const char *folder,
                                snn_error *err)
{
    table tables[TABLES];
    snn_status status = SNN_OK;

    tables_of(p, tables);
    for (size_t t = 0; t < TABLES; t++)
        TRY(status, write_table(ctx, p, &tables[t], folder, err));
done:
    return status;
}
