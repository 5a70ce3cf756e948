/* SPDX-License-Identifier: BSD-3-Clause */
/* snn encode: recordings to spikes. */
#include "tools/tool.h"

#include <string.h>

#define DEFAULT_OUT "spikes"

/* What the callbacks need. */
struct run {
    const options *o;
    double sound_s, work_s;
};

static int show_progress(void *user, uint32_t done, uint32_t total)
{
    (void)user;
    talk_progress("recording %u of %u", (unsigned)done, (unsigned)total);
    return was_interrupted();
}

static void show_file(void *user, const snn_encode_report *r)
{
    struct run *run = user;
    json j;

    run->sound_s += r->sound_s;
    run->work_s += r->work_s;
    if (r->kept)
        talk(SNN_LOG_INFO, "%s: %u samples, there already", r->path, (unsigned)r->samples);
    else
        talk(SNN_LOG_INFO,
             "%s: %u samples, %llu events, %u to %u a sample, median %u; %.1f s of sound in %.1f s",
             r->path, (unsigned)r->samples, (unsigned long long)r->events, (unsigned)r->least,
             (unsigned)r->most, (unsigned)r->median, r->sound_s, r->work_s);
    if (!run->o->json)
        return;
    json_begin(&j, "file");
    json_text(&j, "split", snn_split_name(r->split));
    json_text(&j, "path", r->path);
    json_count(&j, "samples", r->samples);
    json_bare(&j, "kept", r->kept ? "true" : "false");
    if (!r->kept) {
        json_count(&j, "resumed", r->resumed);
        json_count(&j, "events", r->events);
        json_count(&j, "least", r->least);
        json_count(&j, "median", r->median);
        json_count(&j, "most", r->most);
        json_number(&j, "sound_s", r->sound_s);
        json_number(&j, "seconds", r->work_s);
    }
    json_end(&j);
}

/* Index of a word among n, or -1 after a message. */
static int choose(const char *what, const char *word, const char *const *names, size_t n)
{
    if (word == NULL)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, names[i]) == 0)
            return (int)i;
    say_unknown(what, word, names, n, "snn encode --help");
    return -1;
}

int run_encode(const options *o)
{
    const int encoder = choose("encoder", o->encoder, (const char *const[]){"cochlea", "level"}, 2);
    const int times = choose("type", o->times, (const char *const[]){"float16", "float32"}, 2);
    struct run run = {.o = o};
    snn_encode_params params;
    snn_context *ctx = NULL;
    snn_error err = {0};
    snn_status status = SNN_OK;

    if (encoder < 0 || times < 0)
        return EXIT_USAGE;
    snn_encode_params_init(&params);
    params.encoder = (snn_encoder_kind)encoder;
    params.times = (snn_times)times;
    params.channels = o->channels;
    params.seed = o->seed.value;
    params.rate = o->rate;
    params.duration_s = o->duration;
    params.mono = o->mono;
    if (o->level_step > 0)
        params.level_step = (float)o->level_step;
    if (o->level_hop > 0)
        params.level_hop_ms = (float)o->level_hop;
    params.progress = show_progress;
    params.report = show_file;
    params.user = &run;
    TRY(status, tool_context(o, &ctx, &err));
    watch_signals();
    TRY(status, snn_encode_folder(ctx, o->operands[0], o->out != NULL ? o->out : DEFAULT_OUT,
                                  &params, &err));
    if (run.sound_s > 0)
        talk(SNN_LOG_INFO, "%.2f times real time on %d threads", run.sound_s / run.work_s,
             snn_context_threads(ctx));
done:
    talk_clear();
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
