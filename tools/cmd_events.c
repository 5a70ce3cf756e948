/* SPDX-License-Identifier: BSD-3-Clause */
/* snn events: recordings of event cameras; finds the action. */
#include "tools/events_stream.h"

#include <string.h>

/* Operands are counted without the action's own name. */
static const struct action {
    const char *name, *operands;
    int fewest, most;
    int (*run)(const options *o);
} ACTIONS[] = {
    {"info", "FILE...", 1, 1000000, events_info},
    {"convert", "FILE OUT", 2, 2, events_convert},
    {"render", "FILE OUT", 2, 2, events_render},
    {"flow", "FILE", 1, 1, events_flow},
};

#define N_ACTIONS (sizeof ACTIONS / sizeof ACTIONS[0])

int run_events(const options *o)
{
    const char *names[N_ACTIONS];

    for (size_t i = 0; i < N_ACTIONS; i++) {
        const struct action *a = &ACTIONS[i];

        names[i] = a->name;
        if (strcmp(o->operands[0], a->name) != 0)
            continue;
        if (o->n_operands - 1 < a->fewest || o->n_operands - 1 > a->most) {
            fprintf(stderr, "snn: usage: snn events %s [OPTION]... %s\n", a->name, a->operands);
            return EXIT_USAGE;
        }
        return events_check(o) ? a->run(o) : EXIT_USAGE;
    }
    say_unknown("action", o->operands[0], names, N_ACTIONS, "snn events --help");
    return EXIT_USAGE;
}
