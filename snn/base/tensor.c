/* SPDX-License-Identifier: BSD-3-Clause */
#include <snn/tensor.h>

size_t snn_tensor_size(const snn_tensor *tensor)
{
    size_t n = 1;

    for (int i = 0; i < tensor->rank; i++)
        n *= tensor->shape[i];
    return n;
}

size_t snn_dtype_bytes(snn_dtype dtype)
{
    switch (dtype) {
    case SNN_U8:
        return 1;
    case SNN_U16:
        return 2;
    case SNN_F32:
    case SNN_U32:
    case SNN_I32:
        return 4;
    case SNN_F64:
    case SNN_U64:
        return 8;
    }
    return 0;
}
