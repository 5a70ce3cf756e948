/* SPDX-License-Identifier: BSD-3-Clause */
#include <snn/dataset.h>

snn_status snn_dataset_open_audio(snn_context *ctx, const char *path, const snn_data_params *params,
                                  snn_dataset **out, snn_error *err)
{
    (void)ctx;
    (void)params;
    (void)out;
    return snn_error_set(err, SNN_EUNSUPPORTED, path, "recordings are not read yet");
}
