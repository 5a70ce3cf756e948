/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tensor view: a name, a shape and a borrowed block of numbers.  Networks,
 * tapes and trainers show their contents through views; files store them.
 */
#ifndef SNN_TENSOR_H
#define SNN_TENSOR_H

#include <snn/status.h>

#define SNN_TENSOR_NAME 64
#define SNN_TENSOR_RANK 5

typedef enum snn_dtype { SNN_F32, SNN_F64, SNN_U8, SNN_U32, SNN_U64, SNN_I32, SNN_U16 } snn_dtype;

typedef struct snn_tensor {
    char name[SNN_TENSOR_NAME]; /* path with '.' between parts: "layer0.weight" */
    void *data;                 /* row-major, borrowed from the object it was asked of */
    snn_dtype dtype;
    int rank;
    size_t shape[SNN_TENSOR_RANK];
    const char *axes; /* names of the axes: "kernel,out,in"; static text */
    const char *unit; /* "steps", "1", ...; static text */
} snn_tensor;

SNN_BEGIN_DECLS

/* Number of elements. */
SNN_API size_t snn_tensor_size(const snn_tensor *tensor);
/* Bytes of one element of `dtype`. */
SNN_API size_t snn_dtype_bytes(snn_dtype dtype);

SNN_END_DECLS
#endif
