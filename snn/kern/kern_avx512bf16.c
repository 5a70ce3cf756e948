/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/kern/table_body.h"

const snn_kern snn_kern_avx512bf16 = KERN_TABLE("avx512bf16");
