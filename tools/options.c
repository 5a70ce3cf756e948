/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/options.h"

#include "tools/tool.h"

#include <snn/config.h>

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

typedef enum option_type {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_COUNT,
    OPTION_INDEX,
    OPTION_SEED,
    OPTION_NUMBER,
    OPTION_AMOUNT,
    OPTION_LIST
} option_type;

typedef struct option_row {
    const char *name;
    int letter; /* 0 = none */
    const char *argument;
    option_type type;
    size_t offset; /* of the field in options */
    const char *help;
} option_row;

#define OPTION(name, letter, argument, type, field, help)                                          \
    {name, letter, argument, OPTION_##type, offsetof(options, field), help},
static const option_row TRAIN[] = {
#include "tools/train_opts.def"
#include "tools/common_opts.def"
};
static const option_row EVAL[] = {
#include "tools/eval_opts.def"
#include "tools/common_opts.def"
};
static const option_row INFO[] = {
#include "tools/info_opts.def"
#include "tools/common_opts.def"
};
static const option_row BENCH[] = {
#include "tools/bench_opts.def"
#include "tools/common_opts.def"
};
static const option_row PROFILE[] = {
#include "tools/profile_opts.def"
#include "tools/common_opts.def"
};
static const option_row MAKE[] = {
#include "tools/make_opts.def"
#include "tools/common_opts.def"
};
static const option_row PLOT[] = {
#include "tools/plot_opts.def"
#include "tools/common_opts.def"
};
static const option_row SWEEP[] = {
#include "tools/sweep_opts.def"
#include "tools/common_opts.def"
};
static const option_row EVENTS[] = {
#include "tools/events_opts.def"
#include "tools/common_opts.def"
};
static const option_row PRUNE[] = {
#include "tools/prune_opts.def"
#include "tools/common_opts.def"
};
static const option_row ENCODE[] = {
#include "tools/encode_opts.def"
#include "tools/common_opts.def"
};
static const option_row FETCH[] = {
#include "tools/fetch_opts.def"
#include "tools/common_opts.def"
};
#undef OPTION

#define MAX_OPTIONS  40
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct command {
    const char *name, *operands;
    int fewest, most;
    const char *summary;
    const option_row *rows;
    size_t n_rows;
} ALL[] = {
#define ROWS_train   TRAIN, COUNT(TRAIN)
#define ROWS_eval    EVAL, COUNT(EVAL)
#define ROWS_info    INFO, COUNT(INFO)
#define ROWS_bench   BENCH, COUNT(BENCH)
#define ROWS_profile PROFILE, COUNT(PROFILE)
#define ROWS_make    MAKE, COUNT(MAKE)
#define ROWS_plot    PLOT, COUNT(PLOT)
#define ROWS_sweep   SWEEP, COUNT(SWEEP)
#define ROWS_events  EVENTS, COUNT(EVENTS)
#define ROWS_prune   PRUNE, COUNT(PRUNE)
#define ROWS_encode  ENCODE, COUNT(ENCODE)
#define ROWS_fetch   FETCH, COUNT(FETCH)
#define COMMAND(name, operands, fewest, most, summary)                                             \
    {#name, operands, fewest, most, summary, ROWS_##name},
#include "tools/commands.def"
#undef COMMAND
};

const char *command_name(command_id id)
{
    return ALL[id].name;
}

command_id command_find(const char *name)
{
    int id = 0;

    while (id < COMMANDS && strcmp(ALL[id].name, name) != 0)
        id++;
    return (command_id)id;
}

void say_unknown(const char *what, const char *name, const char *const *names, size_t n,
                 const char *help)
{
    const char *near = snn_nearest_name(name, names, n);

    if (near != NULL)
        fprintf(stderr, "snn: %s '%s' is unknown; did you mean '%s'?\n", what, name, near);
    else
        fprintf(stderr, "snn: %s '%s' is unknown; see '%s'\n", what, name, help);
}

static bool read_unsigned(const char *text, uint64_t most, uint64_t *out)
{
    char *end = NULL;
    unsigned long long value;

    if (text == NULL || !isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || value > most)
        return false;
    *out = value;
    return true;
}

/* Store one option's argument; false after a message. */
static bool set_option(const option_row *row, const char *text, options *out)
{
    void *field = (char *)out + row->offset;
    option_list *list;
    uint64_t wide = 0;
    uint32_t narrow;
    double number;
    char *end = NULL;

    switch (row->type) {
    case OPTION_FLAG:
        memcpy(field, &(bool){true}, sizeof(bool));
        return true;
    case OPTION_TEXT:
        memcpy(field, &text, sizeof text);
        return true;
    case OPTION_COUNT:
    case OPTION_INDEX:
        if (!read_unsigned(text, UINT32_MAX, &wide) || (wide == 0 && row->type == OPTION_COUNT))
            break;
        narrow = (uint32_t)wide;
        memcpy(field, &narrow, sizeof narrow);
        return true;
    case OPTION_SEED:
        if (!read_unsigned(text, UINT64_MAX, &out->seed.value))
            break;
        out->seed.given = true;
        return true;
    case OPTION_NUMBER:
    case OPTION_AMOUNT:
        number = text != NULL ? strtod(text, &end) : -1;
        if (end == text || *end != '\0' || !(number >= 0))
            break;
        if (row->type == OPTION_AMOUNT)
            memcpy(field, &(option_amount){number, true}, sizeof(option_amount));
        else
            memcpy(field, &number, sizeof number);
        return true;
    case OPTION_LIST:
        list = field;
        if (list->n == OPTIONS_MAX_SET) {
            fprintf(stderr, "snn: --%s is given more than %d times\n", row->name, OPTIONS_MAX_SET);
            return false;
        }
        list->text[list->n++] = text;
        return true;
    }
    fprintf(stderr, "snn: --%s needs %s, not '%s'\n", row->name,
            row->type == OPTION_NUMBER || row->type == OPTION_AMOUNT ? "a number"
            : row->type == OPTION_SEED                               ? "an integer in [0, 2^64 - 1]"
            : row->type == OPTION_INDEX                              ? "a whole number"
                                        : "a whole number of at least 1",
            text);
    return false;
}

/* getopt_long found an argument that it does not know, or that needs none. */
static void say_bad_option(const struct command *command, int argc, char **argv, int known)
{
    const char *names[MAX_OPTIONS];
    const char *given = optind - 1 < argc ? argv[optind - 1] : "";
    char name[64], help[64];

    snprintf(help, sizeof help, "snn %s --help", command->name);
    if (known >= 256) {
        fprintf(stderr, "snn: --%s takes no argument\n", command->rows[known - 256].name);
        return;
    }
    if (strncmp(given, "--", 2) != 0) {
        fprintf(stderr, "snn: option '-%c' is unknown; see '%s'\n", known, help);
        return;
    }
    for (size_t i = 0; i < command->n_rows; i++)
        names[i] = command->rows[i].name;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given + 2, "="), given + 2);
    say_unknown("option", name, names, command->n_rows, help);
}

static bool check_operands(const struct command *command, const options *o)
{
    if (o->help || o->help_config ||
        (o->n_operands >= command->fewest && o->n_operands <= command->most))
        return true;
    fprintf(stderr, "snn: usage: snn %s [OPTION]... %s\n", command->name, command->operands);
    return false;
}

bool options_parse(command_id id, int argc, char **argv, options *out)
{
    const struct command *command = &ALL[id];
    struct option longs[MAX_OPTIONS + 1] = {{0}};
    char shorts[MAX_OPTIONS + 2] = ":";
    size_t n = 1;
    int c;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < command->n_rows; i++) {
        const option_row *row = &command->rows[i];
        longs[i] =
            (struct option){row->name, row->type == OPTION_FLAG ? no_argument : required_argument,
                            NULL, 256 + (int)i};
        if (row->letter != 0)
            shorts[n++] = (char)row->letter;
    }
    opterr = 0;
    optind = 1;
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        size_t i = 0;
        if (c == ':') {
            fprintf(stderr, "snn: %s needs an argument\n", argv[optind - 1]);
            return false;
        }
        while (i < command->n_rows && c != 256 + (int)i && c != command->rows[i].letter)
            i++;
        if (i == command->n_rows) {
            say_bad_option(command, argc, argv, optopt);
            return false;
        }
        if (!set_option(&command->rows[i], optarg, out))
            return false;
    }
    out->operands = argv + optind;
    out->n_operands = argc - optind;
    return check_operands(command, out);
}

void options_help(command_id id, FILE *to)
{
    const struct command *command = &ALL[id];

    fprintf(to, "usage: snn %s [OPTION]... %s\n\n", command->name, command->operands);
    fprintf(to, "%c%s.\n\n", toupper((unsigned char)command->summary[0]), command->summary + 1);
    for (size_t i = 0; i < command->n_rows; i++) {
        const option_row *row = &command->rows[i];
        char name[32];
        snprintf(name, sizeof name, "--%s%s%s", row->name, row->argument[0] != '\0' ? " " : "",
                 row->argument);
        fprintf(to, "  %c%c%c %-17s %s\n", row->letter != 0 ? '-' : ' ',
                row->letter != 0 ? row->letter : ' ', row->letter != 0 ? ',' : ' ', name,
                row->help);
    }
    fprintf(to, "\nManual: man snn-%s\n", command->name);
}

void commands_help(FILE *to)
{
    fprintf(to, "usage: snn COMMAND [OPTION]... [OPERAND]...\n\n"
                "Train and run spiking networks whose synapses have learnable delays.\n\n");
    for (int id = 0; id < COMMANDS; id++)
        fprintf(to, "  %-6s %-11s %s\n", ALL[id].name, ALL[id].operands, ALL[id].summary);
    fprintf(to, "  %-6s %-11s %s\n\n", "help", "[COMMAND]", "show this, or the help of a command");
    fprintf(to, "snn COMMAND --help lists the options of a command; snn --version the version.\n"
                "Manual: man snn\n");
}
