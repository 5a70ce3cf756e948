/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/sweep.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MOST_VALUES   64
#define MOST_RUNS     10000
#define DEFAULT_SEEDS 3

/* One --grid: a key and its values, cut out of the option's text. */
struct grid_key {
    char key[SWEEP_NAME];
    size_t n;
    char value[MOST_VALUES][SWEEP_VALUE];
};

struct grid {
    size_t n;
    struct grid_key keys[SWEEP_MOST_KEYS];
};

bool sweep_same_arm(const sweep_arm *a, const sweep_arm *b)
{
    bool same = strcmp(a->name, b->name) == 0 && a->n_keys == b->n_keys;

    for (size_t i = 0; same && i < a->n_keys; i++)
        same = strcmp(a->key[i], b->key[i]) == 0 && strcmp(a->value[i], b->value[i]) == 0;
    return same;
}

void sweep_arm_label(const sweep_arm *arm, char *text, size_t size)
{
    size_t n;

    snprintf(text, size, "%s", arm->name);
    for (size_t i = 0; i < arm->n_keys; i++) {
        const char *dot = strrchr(arm->key[i], '.');
        n = strlen(text);
        snprintf(text + n, size - n, ", %s=%s", dot != NULL ? dot + 1 : arm->key[i], arm->value[i]);
    }
}

/* ---- the grid --------------------------------------------------------------------- */

/* Copy the text from `begin` to `end` without outer spaces. */
static bool copy_part(const char *begin, const char *end, char *out, size_t size)
{
    while (begin < end && isspace((unsigned char)*begin))
        begin++;
    while (end > begin && isspace((unsigned char)end[-1]))
        end--;
    if (end == begin || (size_t)(end - begin) >= size)
        return false;
    memcpy(out, begin, (size_t)(end - begin));
    out[end - begin] = '\0';
    return true;
}

/* "key=a,b,[c, d]": commas inside brackets belong to a value. */
static snn_status read_grid_key(const char *text, struct grid_key *out, snn_error *err)
{
    const char *equals = strchr(text, '='), *begin, *end;
    int depth = 0;

    if (equals == NULL || !copy_part(text, equals, out->key, sizeof out->key))
        return snn_error_set(err, SNN_EINVAL, "--grid", "'%s' is not KEY=VALUE,VALUE,..", text);
    for (begin = end = equals + 1;; end++) {
        depth += *end == '[';
        depth -= *end == ']';
        if (*end != '\0' && (*end != ',' || depth > 0))
            continue;
        if (out->n == MOST_VALUES)
            return snn_error_set(err, SNN_EINVAL, "--grid", "%s has more than %d values", out->key,
                                 MOST_VALUES);
        if (!copy_part(begin, end, out->value[out->n], SWEEP_VALUE))
            return snn_error_set(err, SNN_EINVAL, "--grid", "%s: value %zu is empty or too long",
                                 out->key, out->n + 1);
        out->n++;
        if (*end == '\0')
            return SNN_OK;
        begin = end + 1;
    }
}

static snn_status read_grid(const options *o, struct grid *out, snn_error *err)
{
    snn_status status = SNN_OK;

    if (o->grid.n > SWEEP_MOST_KEYS)
        return snn_error_set(err, SNN_EINVAL, "--grid", "is given more than %d times",
                             SWEEP_MOST_KEYS);
    for (size_t i = 0; i < o->grid.n; i++) {
        TRY(status, read_grid_key(o->grid.text[i], &out->keys[i], err));
        out->n++;
        for (size_t k = 0; k < i; k++)
            if (strcmp(out->keys[k].key, out->keys[i].key) == 0)
                TRY(status, snn_error_set(err, SNN_EINVAL, "--grid", "%s is given twice",
                                          out->keys[i].key));
    }
done:
    return status;
}

/* ---- arms --------------------------------------------------------------------------- */

/* Name and file of arm i: NAME=FILE, or FILE alone; without arms the configuration. */
static void name_arm(const options *o, size_t i, char name[SWEEP_NAME], const char **file)
{
    const char *equals;

    *file = NULL;
    if (o->arm.n == 0) {
        for (int k = 0; k < o->n_operands; k++)
            add_config_name(name, SWEEP_NAME, o->operands[k]);
        return;
    }
    equals = strchr(o->arm.text[i], '=');
    *file = equals != NULL ? equals + 1 : o->arm.text[i];
    if (equals != NULL && equals > o->arm.text[i])
        snprintf(name, SWEEP_NAME, "%.*s", (int)(equals - o->arm.text[i]), o->arm.text[i]);
    else
        add_config_name(name, SWEEP_NAME, *file);
}

/* DIR/learned,max_delay=25/seed-0; letters that folders dislike become '_'. */
static snn_status name_folder(sweep_run *run, const char *sweep, snn_error *err)
{
    char arm[TOOL_PATH / 2];
    int n;

    sweep_arm_label(&run->result.arm, run->label, sizeof run->label);
    snprintf(arm, sizeof arm, "%s", run->label);
    for (char *c = arm, *to = arm;; c++) {
        if (*c == ' ')
            continue;
        *to = *c;
        if (*c == '\0')
            break;
        if (!isalnum((unsigned char)*c) && strchr(",=._+-[]", *c) == NULL)
            *to = '_';
        to++;
    }
    n = snprintf(run->folder, sizeof run->folder, "%s/%s/seed-%llu", sweep, arm,
                 (unsigned long long)run->result.seed);
    return n < (int)sizeof run->folder
               ? SNN_OK
               : snn_error_set(err, SNN_EINVAL, sweep, "the path is too long");
}

/* ---- the command that repeats a run --------------------------------------------------- */

/* Append a word, quoted for a shell where it needs that. */
static void add_word(char *text, size_t size, const char *before, const char *word)
{
    const bool plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_-./=,:+@%") == strlen(word) &&
                       word[0] != '\0';
    size_t n = strlen(text);

    snprintf(text + n, size - n, plain ? "%s%s" : "%s'%s'", before, word);
}

static void name_command(const sweep_plan *plan, sweep_run *run)
{
    const options *o = plan->o;
    const sweep_arm *arm = &run->result.arm;
    char *text = run->result.command, setting[SWEEP_NAME + SWEEP_VALUE + 2], seed[32];
    const size_t size = sizeof run->result.command;

    snprintf(text, size, "snn train");
    for (int i = 0; i < o->n_operands; i++)
        add_word(text, size, " ", o->operands[i]);
    if (run->arm_file != NULL)
        add_word(text, size, " ", run->arm_file);
    add_word(text, size, " --data ", o->data);
    for (size_t i = 0; i < o->set.n; i++)
        add_word(text, size, " --set ", o->set.text[i]);
    for (size_t i = 0; i < arm->n_keys; i++) {
        snprintf(setting, sizeof setting, "%s=%s", arm->key[i], arm->value[i]);
        add_word(text, size, " --set ", setting);
    }
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->result.seed);
    add_word(text, size, " --seed ", seed);
}

/* ---- what is there already ---------------------------------------------------------------- */

/* The resolved configuration of a run. */
static snn_status resolve(const sweep_plan *plan, const sweep_run *run, snn_config *out,
                          snn_error *err)
{
    const sweep_arm *arm = &run->result.arm;
    char setting[SWEEP_NAME + SWEEP_VALUE + 2];
    options o = *plan->o;
    snn_status status = SNN_OK;

    snn_config_init(out);
    for (int i = 0; i < o.n_operands; i++)
        TRY(status, snn_config_load(out, o.operands[i], err));
    if (run->arm_file != NULL)
        TRY(status, snn_config_load(out, run->arm_file, err));
    for (size_t i = 0; i < o.set.n; i++)
        TRY(status, snn_config_set(out, o.set.text[i], err));
    for (size_t i = 0; i < arm->n_keys; i++) {
        snprintf(setting, sizeof setting, "%s=%s", arm->key[i], arm->value[i]);
        TRY(status, snn_config_set(out, setting, err));
    }
    out->train.seed = run->result.seed;
    TRY(status, snn_config_check(out, err));
done:
    return status;
}

/* The first key in which two configurations differ, or NULL. */
static const snn_config_key *first_difference(const snn_config *a, const snn_config *b,
                                              char one[SWEEP_VALUE], char other[SWEEP_VALUE])
{
    const snn_config_key *key;
    char name[2 * SWEEP_NAME];

    for (size_t i = 0; (key = snn_config_key_at(i)) != NULL; i++) {
        snprintf(name, sizeof name, "%s.%s", key->section, key->key);
        if (snn_config_get(a, name, one, SWEEP_VALUE) != SNN_OK)
            snprintf(one, SWEEP_VALUE, "?");
        if (snn_config_get(b, name, other, SWEEP_VALUE) != SNN_OK)
            snprintf(other, SWEEP_VALUE, "?");
        if (strcmp(one, other) != 0)
            return key;
    }
    return NULL;
}

/* A folder that exists must hold this very run: else its result would be taken for it. */
static snn_status check_folder(const sweep_run *run, const snn_config *config, const char *data,
                               snn_error *err)
{
    char path[TOOL_PATH], there[TOOL_PATH], one[SWEEP_VALUE], other[SWEEP_VALUE];
    const snn_config_key *key;
    snn_config old;
    snn_status status = SNN_OK;

    if (!file_exists(run->folder, "config.yaml"))
        return SNN_OK;
    TRY(status, join_path(path, run->folder, "config.yaml", err));
    snn_config_init(&old);
    TRY(status, snn_config_load(&old, path, err));
    key = first_difference(config, &old, one, other);
    if (key != NULL)
        TRY(status, snn_error_set(err, SNN_ECONFIG, run->folder,
                                  "holds a run with %s.%s %s, which is %s now: give another folder "
                                  "by --out DIR, or remove that one",
                                  key->section, key->key, other, one));
    if (file_exists(run->folder, "data.txt")) {
        TRY(status, run_recall_data(run->folder, there, err));
        if (strcmp(there, data) != 0)
            TRY(status, snn_error_set(err, SNN_ECONFIG, run->folder,
                                      "holds a run on %s: give another folder by --out DIR, or "
                                      "remove that one",
                                      there));
    }
done:
    return status;
}

/* ---- the plan ---------------------------------------------------------------------------- */

/* Run number i of all: which arm, which values, which seed. */
static snn_status fill_run(snn_context *ctx, const sweep_plan *plan, const struct grid *grid,
                           const char *data, size_t i, sweep_run *run, snn_error *err)
{
    const options *o = plan->o;
    const size_t seeds = o->seeds > 0 ? o->seeds : DEFAULT_SEEDS;
    sweep_arm *arm = &run->result.arm;
    sweep_result old;
    snn_config config;
    size_t rest = i / seeds;
    snn_status status = SNN_OK;

    run->result.seed = o->seed.value + i % seeds;
    arm->n_keys = grid->n;
    for (size_t k = grid->n; k-- > 0; rest /= grid->keys[k].n) {
        memcpy(arm->key[k], grid->keys[k].key, SWEEP_NAME);
        memcpy(arm->value[k], grid->keys[k].value[rest % grid->keys[k].n], SWEEP_VALUE);
    }
    name_arm(o, rest, arm->name, &run->arm_file);
    name_command(plan, run);
    TRY(status, name_folder(run, plan->folder, err));
    TRY(status, resolve(plan, run, &config, err));
    TRY(status, check_folder(run, &config, data, err));
    status = sweep_result_read(ctx, run->folder, &old, err);
    if (status == SNN_ENOTFOUND)
        return SNN_OK;
    if (status == SNN_OK && old.done) {
        run->result = old;
        run->done = true;
    }
done:
    return status;
}

static snn_status check_names(const sweep_plan *plan, snn_error *err)
{
    for (size_t i = 0; i < plan->n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(plan->runs[i].folder, plan->runs[k].folder) == 0)
                return snn_error_set(
                    err, SNN_EINVAL, plan->runs[i].label,
                    "two arms have this name: give them others by --arm NAME=FILE");
    return SNN_OK;
}

snn_status sweep_plan_make(snn_context *ctx, const options *o, sweep_plan *out, snn_error *err)
{
    sweep_plan plan = {.o = o};
    struct grid *grid = snn_alloc(ctx, 1, sizeof *grid);
    char data[PATH_MAX], name[SWEEP_NAME] = "";
    size_t n = o->seeds > 0 ? o->seeds : DEFAULT_SEEDS;
    snn_status status = SNN_OK;

    if (grid == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    TRY(status, read_grid(o, grid, err));
    if (realpath(o->data, data) == NULL)
        TRY(status, snn_error_set(err, SNN_ENOTFOUND, o->data, "%s", strerror(errno)));
    for (int i = 0; i < o->n_operands; i++)
        add_config_name(name, sizeof name, o->operands[i]);
    if ((o->out != NULL ? snprintf(plan.folder, TOOL_PATH, "%s", o->out)
                        : snprintf(plan.folder, TOOL_PATH, "sweeps/%s", name)) >= TOOL_PATH)
        TRY(status, snn_error_set(err, SNN_EINVAL, "--out", "the path is too long"));
    n *= o->arm.n > 0 ? o->arm.n : 1;
    for (size_t k = 0; k < grid->n && n <= MOST_RUNS; k++)
        n *= grid->keys[k].n;
    if (n > MOST_RUNS)
        TRY(status,
            snn_error_set(err, SNN_EINVAL, "--grid", "these are more than %d runs", MOST_RUNS));
    plan.runs = snn_alloc(ctx, n, sizeof *plan.runs);
    if (plan.runs == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "no memory for %zu runs", n));
    plan.n = n;
    for (size_t i = 0; i < n; i++)
        TRY(status, fill_run(ctx, &plan, grid, data, i, &plan.runs[i], err));
    TRY(status, check_names(&plan, err));
    *out = plan;
    plan.runs = NULL;
done:
    snn_free(ctx, plan.runs);
    snn_free(ctx, grid);
    return status;
}

void sweep_plan_free(snn_context *ctx, sweep_plan *plan)
{
    snn_free(ctx, plan->runs);
    plan->runs = NULL;
}
