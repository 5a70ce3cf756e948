/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of all commands, read as the tables *_opts.def say. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_MAX_SET 256

typedef enum command_id {
#define COMMAND(name, operands, fewest, most, summary) COMMAND_##name,
#include "tools/commands.def"
#undef COMMAND
    COMMANDS
} command_id;

/* What an option that may be repeated was given, in order. */
typedef struct option_list {
    const char *text[OPTIONS_MAX_SET];
    size_t n;
} option_list;

/* A number for which 0 is not the same as not given. */
typedef struct option_amount {
    double value;
    bool given;
} option_amount;

/* Texts point into argv.  Counts are 0 where not given. */
typedef struct options {
    const char *data, *out, *dir, *url, *config, *cpu, *espeak, *encoder, *times, *split, *trace,
        *use, *plot;
    option_list set, grid, arm, vary;
    struct {
        uint64_t value;
        bool given;
    } seed;
    /* Of snn events. */
    const char *format, *from, *size, *crop, *time, *view, *palette, *every, *fade, *model, *bin,
        *spikes;
    uint32_t scale, cell, tile;
    bool relative, tolerant;
    uint32_t threads, steps, batch, input_steps, inputs, outputs, clips, channels, rate;
    uint32_t sample, width, height, seeds, jobs;
    uint32_t points, fine_tune, live;
    uint32_t samples, valid, test, classes, units, parts, png;
    double density, duration, timeout, level_step, level_hop, decay;
    option_amount motif, gap, spread, jitter, noise, keep, confidence;
    bool csv, resume, json, quiet, verbose, help, help_config, mono, threads_ratio, neighbours,
        store;
    char **operands;
    int n_operands;
} options;

const char *command_name(command_id id);

/* COMMANDS when there is none of that name. */
command_id command_find(const char *name);

/* Read argv[1..] of a command (argv[0] is its name).  False after a message on
 * standard error about what is wrong. */
bool options_parse(command_id id, int argc, char **argv, options *out);

/* What `snn COMMAND --help` shows. */
void options_help(command_id id, FILE *to);

/* What `snn help` shows. */
void commands_help(FILE *to);

/* Say on standard error that `name` is unknown, and which is nearest. */
void say_unknown(const char *what, const char *name, const char *const *names, size_t n,
                 const char *help);

#endif
