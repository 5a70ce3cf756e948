/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/train/run.h"

#include <snn/random.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KEY_SPEAKERS "train.valid_speakers"

static snn_judge choose_judge(const snn_dataset_info *info, const snn_train_params *train)
{
    if (train->valid_speakers.n > 0)
        return SNN_JUDGE_HELD_OUT;
    if (info->count[SNN_SPLIT_VALID] > 0)
        return SNN_JUDGE_VALID;
    if (train->protocol == SNN_PROTOCOL_PAPER)
        return info->count[SNN_SPLIT_TEST] > 0 ? SNN_JUDGE_TEST : SNN_JUDGE_NONE;
    return train->valid_share > 0 ? SNN_JUDGE_HELD_OUT : SNN_JUDGE_NONE;
}

/* ---- a share of each class ---------------------------------------------------- */

/* Mark the samples to hold out.  `member` and `order` are scratch of n.  The class
 * takes the epoch's place in the permutation's key. */
static void mark_share(const snn_roster *roster, uint32_t classes, const snn_train_params *train,
                       uint32_t *member, uint32_t *order, bool *held)
{
    const snn_key key = {train->seed, SNN_STREAM_SPLIT};

    for (uint32_t c = 0; c < classes; c++) {
        uint32_t members = 0, out;

        for (uint32_t i = 0; i < roster->n; i++)
            if (roster->label[i] == c)
                member[members++] = i;
        out = (uint32_t)floor((double)train->valid_share * members + 0.5);
        out = out < members ? out : members;
        snn_random_permutation(key, c, members, order);
        for (uint32_t k = 0; k < out; k++)
            held[member[order[k]]] = true;
    }
}

/* ---- speakers ------------------------------------------------------------------- */

static void mark_speaker(const snn_roster *roster, uint32_t speaker, bool *held)
{
    for (uint32_t i = 0; i < roster->n; i++)
        held[i] |= roster->speaker[i] == speaker;
}

/* "3, 7, 12 .." as far as the text reaches. */
static void list_numbers(const uint32_t *number, uint32_t n, char *text, size_t size)
{
    size_t length = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < n; i++) {
        const int more =
            snprintf(text + length, size - length, "%s%u", i > 0 ? ", " : "", (unsigned)number[i]);

        if ((size_t)more + 4 >= size - length && i + 1 < n) {
            snprintf(text + length, size - length, " ..");
            return;
        }
        length += (size_t)more;
    }
}

static snn_status check_named(const snn_roster *roster, const snn_speakers *wanted, snn_error *err)
{
    char known[200];

    list_numbers(roster->known, roster->n_known, known, sizeof known);
    for (uint32_t i = 0; i < wanted->n; i++) {
        bool found = false;

        for (uint32_t k = 0; k < roster->n_known; k++)
            found |= roster->known[k] == wanted->speaker[i];
        if (!found)
            return snn_error_set(err, SNN_ECONFIG, KEY_SPEAKERS,
                                 "no training sample is of speaker %u; the speakers are %s",
                                 (unsigned)wanted->speaker[i], known);
    }
    return SNN_OK;
}

/* Mark the samples of the named speakers, or of as many as asked for, drawn by the
 * seed; `order` is scratch of n_known. */
static snn_status mark_speakers(const snn_roster *roster, const snn_train_params *train,
                                uint32_t *order, bool *held, char *chosen_by, snn_error *err)
{
    const snn_speakers *wanted = &train->valid_speakers;
    const snn_key key = {train->seed, SNN_STREAM_SPLIT};
    uint32_t drawn[SNN_MAX_SPEAKERS];
    const uint32_t *chosen = wanted->speaker;
    char names[SNN_CHOSEN_BY - 32];
    snn_status st;

    TRY(st, snn_roster_check(roster, KEY_SPEAKERS, err));
    if (wanted->named) {
        TRY(st, check_named(roster, wanted, err));
    } else {
        if (wanted->n >= roster->n_known)
            TRY(st, snn_error_set(err, SNN_ECONFIG, KEY_SPEAKERS,
                                  "%u of %u speakers leaves none to train on", (unsigned)wanted->n,
                                  (unsigned)roster->n_known));
        /* Classes have keys from 0 on: this one is far from them. */
        snn_random_permutation(key, UINT32_MAX, roster->n_known, order);
        for (uint32_t i = 0; i < wanted->n; i++)
            drawn[i] = roster->known[order[i]];
        chosen = drawn;
    }
    for (uint32_t i = 0; i < wanted->n; i++)
        mark_speaker(roster, chosen[i], held);
    list_numbers(chosen, wanted->n, names, sizeof names);
    snprintf(chosen_by, SNN_CHOSEN_BY, "held-out speaker%s %s", wanted->n > 1 ? "s" : "", names);
done:
    return st;
}

/* ---- the division --------------------------------------------------------------- */

/* Part the training split by the marks, which neither take all nor nothing. */
static snn_status part(snn_context *ctx, const bool *held, uint32_t n, snn_division *d)
{
    uint32_t i_train = 0, i_held = 0;
    snn_status st = SNN_OK;

    d->n_held_out = 0;
    for (uint32_t i = 0; i < n; i++)
        d->n_held_out += held[i];
    d->n_train = n - d->n_held_out;
    TRY_ALLOC(st, ctx, d->train, d->n_train);
    TRY_ALLOC(st, ctx, d->held_out, d->n_held_out);
    for (uint32_t i = 0; i < n; i++) {
        if (held[i])
            d->held_out[i_held++] = i;
        else
            d->train[i_train++] = i;
    }
done:
    return st;
}

static snn_status nothing_left(const snn_train_params *train, const snn_division *d, snn_error *err)
{
    const char *lacks = d->n_held_out == 0 ? "validate on" : "train on";

    if (d->n_held_out > 0 && d->n_train > 0)
        return SNN_OK;
    if (train->valid_speakers.n > 0)
        return snn_error_set(err, SNN_ECONFIG, KEY_SPEAKERS,
                             "these are all speakers of the training split, which leaves none to "
                             "train on");
    return snn_error_set(err, SNN_ECONFIG, "train.valid_share",
                         "%g of %u samples leaves none to %s; set another share (0 = none held "
                         "out)",
                         (double)train->valid_share, (unsigned)(d->n_held_out + d->n_train), lacks);
}

static snn_status hold_out(snn_context *ctx, snn_dataset *dataset, const snn_train_params *train,
                           snn_division *d, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    snn_roster roster = {0};
    uint32_t *member = NULL, *order = NULL;
    bool *held = NULL;
    snn_status st;

    TRY(st, snn_roster_read(ctx, dataset, &roster, err));
    TRY_ALLOC(st, ctx, member, roster.n);
    TRY_ALLOC(st, ctx, order, roster.n);
    TRY_ALLOC(st, ctx, held, roster.n);
    if (train->valid_speakers.n > 0)
        TRY(st, mark_speakers(&roster, train, order, held, d->chosen_by, err));
    else
        mark_share(&roster, info->n_classes, train, member, order, held);
    TRY(st, part(ctx, held, roster.n, d));
    TRY(st, nothing_left(train, d, err));
done:
    snn_free(ctx, held);
    snn_free(ctx, order);
    snn_free(ctx, member);
    snn_roster_free(ctx, &roster);
    return st;
}

/* The whole training split; what the judge alone tells of the choice. */
static snn_division undivided(const snn_dataset_info *info, snn_judge judge)
{
    static const char *const chosen_by[] = {
        [SNN_JUDGE_NONE] = "last epoch",
        [SNN_JUDGE_VALID] = "validation split",
        [SNN_JUDGE_HELD_OUT] = "held-out share of the training split",
        [SNN_JUDGE_TEST] = "test split",
    };
    snn_division d = {
        .judge = judge, .last = judge == SNN_JUDGE_NONE, .n_train = info->count[SNN_SPLIT_TRAIN]};

    snprintf(d.chosen_by, sizeof d.chosen_by, "%s", chosen_by[judge]);
    return d;
}

static snn_status check_samples(const snn_dataset_info *info, snn_error *err)
{
    if (info->count[SNN_SPLIT_TRAIN] == 0)
        return snn_error_set(err, SNN_EINVAL, "data", "the training split has no samples");
    return SNN_OK;
}

snn_status snn_division_make(snn_context *ctx, snn_dataset *dataset, const snn_train_params *train,
                             snn_division *out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    snn_division d = undivided(info, choose_judge(info, train));
    snn_status st;

    TRY(st, check_samples(info, err));
    if (d.judge == SNN_JUDGE_HELD_OUT)
        TRY(st, hold_out(ctx, dataset, train, &d, err));
    *out = d;
    d = (snn_division){0};
done:
    snn_division_free(ctx, &d);
    return st;
}

snn_status snn_division_undivided(snn_dataset *dataset, snn_division *out, snn_error *err)
{
    const snn_dataset_info *info = snn_dataset_get_info(dataset);
    snn_status st = check_samples(info, err);

    if (st == SNN_OK)
        *out = undivided(info, SNN_JUDGE_NONE);
    return st;
}

snn_status snn_division_fold(snn_context *ctx, const snn_roster *roster, uint32_t speaker,
                             snn_division *out, snn_error *err)
{
    snn_division d = {.judge = SNN_JUDGE_HELD_OUT, .last = true, .chosen_by = "last epoch"};
    bool *held = NULL;
    snn_status st;

    TRY_ALLOC(st, ctx, held, roster->n);
    mark_speaker(roster, speaker, held);
    TRY(st, part(ctx, held, roster->n, &d));
    if (d.n_held_out == 0 || d.n_train == 0)
        TRY(st, snn_error_set(err, SNN_EINVAL, "fold", "without speaker %u %u of %u samples train",
                              (unsigned)speaker, (unsigned)d.n_train, (unsigned)roster->n));
    *out = d;
    d = (snn_division){0};
done:
    snn_free(ctx, held);
    snn_division_free(ctx, &d);
    return st;
}

void snn_division_free(snn_context *ctx, snn_division *division)
{
    snn_free(ctx, division->held_out);
    snn_free(ctx, division->train);
    *division = (snn_division){0};
}
