/* SPDX-License-Identifier: BSD-3-Clause */
/* The command: finds the subcommand and leaves with its exit code. */
#include "tools/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int (*const RUN[COMMANDS])(const options *) = {
#define COMMAND(name, operands, fewest, most, summary) run_##name,
#include "tools/commands.def"
#undef COMMAND
};

static int unknown_command(const char *name)
{
    const char *names[COMMANDS + 1];

    for (int id = 0; id < COMMANDS; id++)
        names[id] = command_name((command_id)id);
    names[COMMANDS] = "help";
    say_unknown("command", name, names, COMMANDS + 1, "snn help");
    return EXIT_USAGE;
}

static int show_help(int argc, char **argv)
{
    command_id id;

    if (argc < 3) {
        commands_help(stdout);
        return EXIT_OK;
    }
    id = command_find(argv[2]);
    if (id == COMMANDS)
        return unknown_command(argv[2]);
    options_help(id, stdout);
    return EXIT_OK;
}

/*
 * OpenMP's threads spin while they wait, which on a machine with other work takes
 * time from everybody and most from ourselves (a small run: 16 s instead of 1 s).
 * The library reads its policy before main, so set it and start again, unless the
 * user has a policy.  Where that cannot be done, go on as we are.
 */
static void wait_without_spinning(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") != NULL || getenv("GOMP_SPINCOUNT") != NULL)
        return;
    if (setenv("OMP_WAIT_POLICY", "passive", 0) == 0)
        execv("/proc/self/exe", argv);
}

/* Output that could not be written is a failure, whatever the command thought. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "snn: standard output cannot be written\n");
    return code == EXIT_OK ? EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
    options o;
    command_id id;

    wait_without_spinning(argv);
    if (argc < 2) {
        commands_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("snn %s\n", snn_version());
        return finish(EXIT_OK);
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return finish(show_help(argc, argv));
    id = command_find(argv[1]);
    if (id == COMMANDS)
        return unknown_command(argv[1]);
    if (!options_parse(id, argc - 1, argv + 1, &o))
        return EXIT_USAGE;
    if (o.help) {
        options_help(id, stdout);
        return finish(EXIT_OK);
    }
    talk_set_level(o.quiet ? SNN_LOG_ERROR : o.verbose ? SNN_LOG_DEBUG : SNN_LOG_INFO);
    return finish(RUN[id](&o));
}
