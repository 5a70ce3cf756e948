/* SPDX-License-Identifier: BSD-3-Clause */
/* snn make digits: the data set that needs no download. */
#include "tools/tool.h"

#include <string.h>

#define DEFAULT_CLIPS 2400

static int show_progress(void *user, uint32_t done, uint32_t total)
{
    (void)user;
    if (done % 20 == 0 || done == total)
        talk_progress("clip %u of %u", (unsigned)done, (unsigned)total);
    return was_interrupted();
}

int run_make(const options *o)
{
    snn_digits_params params = {.size = sizeof params,
                                .seed = o->seed.value,
                                .clips = o->clips > 0 ? o->clips : DEFAULT_CLIPS,
                                .espeak = o->espeak,
                                .progress = show_progress};
    snn_context *ctx = NULL;
    snn_error err = {0};
    snn_status status = SNN_OK;

    if (strcmp(o->operands[0], "digits") != 0) {
        say_unknown("data set", o->operands[0], (const char *const[]){"digits"}, 1,
                    "snn make --help");
        return EXIT_USAGE;
    }
    TRY(status, tool_context(o, &ctx, &err));
    watch_signals();
    TRY(status, snn_make_digits(ctx, o->operands[1], &params, &err));
    talk(SNN_LOG_INFO, "%s: spoken digits, English and German, 20 words", o->operands[1]);
done:
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
