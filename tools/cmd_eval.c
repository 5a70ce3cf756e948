/* SPDX-License-Identifier: BSD-3-Clause */
/* snn eval: the test split through a saved model, with rounded delays. */
#include "tools/motion_runs.h"
#include "tools/tool.h"

#include <string.h>

static snn_status check_match(const snn_network *net, const snn_dataset_info *info,
                              const char *data, snn_error *err)
{
    const snn_network_params *params = snn_network_get_params(net);

    if (params->n_inputs != info->n_inputs || params->n_outputs != info->n_classes)
        return snn_error_set(err, SNN_EINVAL, data,
                             "has %u inputs and %u classes, but the model %u and %u: it is of "
                             "another data set",
                             (unsigned)info->n_inputs, (unsigned)info->n_classes,
                             (unsigned)params->n_inputs, (unsigned)params->n_outputs);
    if (info->count[SNN_SPLIT_TEST] == 0)
        return snn_error_set(err, SNN_EINVAL, data, "has no test split");
    return SNN_OK;
}

static void show(const snn_evaluation *e, bool as_json)
{
    json j;

    if (!as_json) {
        printf("accuracy %.2f %%  loss %.4f  samples %u\n", 100 * e->accuracy, e->loss,
               (unsigned)e->samples);
        return;
    }
    json_begin(&j, "result");
    json_number(&j, "accuracy", e->accuracy);
    json_number(&j, "loss", e->loss);
    json_count(&j, "samples", e->samples);
    json_end(&j);
}

int run_eval(const options *o)
{
    char model[TOOL_PATH], folder[TOOL_PATH], data[TOOL_PATH] = "";
    snn_context *ctx = NULL;
    snn_network *net = NULL;
    snn_dataset *dataset = NULL;
    snn_evaluation result;
    bool sees_motion;
    snn_config config;
    snn_error err = {0};
    snn_status status = SNN_OK;

    TRY(status, find_model(o->operands[0], model, folder, &err));
    TRY(status, tool_context(o, &ctx, &err));
    TRY(status, eval_motion(ctx, o, model, folder, &sees_motion, &err));
    if (sees_motion)
        goto done;
    TRY(status, snn_model_load(ctx, model, &net, &config, &err));
    if (o->data == NULL)
        TRY(status, run_recall_data(folder, data, &err));
    TRY(status,
        snn_dataset_open(ctx, o->data != NULL ? o->data : data, &config.data, &dataset, &err));
    TRY(status,
        check_match(net, snn_dataset_get_info(dataset), o->data != NULL ? o->data : data, &err));
    TRY(status, snn_evaluate(net, dataset, SNN_SPLIT_TEST, NULL, 0, config.train.batch_size,
                             &result, &err));
    show(&result, o->json);
done:
    snn_network_destroy(net);
    snn_dataset_destroy(dataset);
    snn_context_destroy(ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
