/* SPDX-License-Identifier: BSD-3-Clause */
/* snn info: what a path is.  What it holds is told by info_data.c and info_file.c. */
#include "tools/info.h"

#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* One split of a data set, by SHD's names. */
static bool is_split_file(const char *path)
{
    static const char *const ends[] = {"_train.h5",    "_valid.h5",    "_test.h5",
                                       "_train.h5.gz", "_valid.h5.gz", "_test.h5.gz"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(path, ends[i]))
            return true;
    return false;
}

static snn_status info_path(snn_context *ctx, const char *path, const options *o, snn_error *err)
{
    char model[TOOL_PATH], kind[32];
    bool known;
    snn_status status = SNN_OK;

    TRY(status, info_motion(ctx, path, o->json, &known, err));
    if (known)
        return status;
    if (is_folder(path) && !file_exists(path, "model.h5"))
        return info_dataset(ctx, path, o, err);
    if (is_folder(path)) {
        TRY(status, join_path(model, path, "model.h5", err));
        TRY(status, info_motion(ctx, model, o->json, &known, err));
        return known ? status : info_store(ctx, model, "model", o->json, err);
    }
    if (ends_with(path, ".yaml") || ends_with(path, ".yml"))
        return info_config(path, o->json, err);
    if (is_split_file(path))
        return info_dataset(ctx, path, o, err);
    status = snn_store_kind(path, kind, sizeof kind, err);
    /* Spikes under another name: what is no file of ours may be a split of a data set. */
    if (status == SNN_EFORMAT && ends_with(path, ".h5") &&
        info_dataset(ctx, path, o, NULL) == SNN_OK)
        return SNN_OK;
    if (status == SNN_OK)
        status = info_store(ctx, path, kind, o->json, err);
done:
    return status;
}

int run_info(const options *o)
{
    return each_operand(o, 0, info_path);
}
