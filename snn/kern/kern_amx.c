/* SPDX-License-Identifier: BSD-3-Clause */
#define BF16_TILES

#include "snn/kern/table_body.h"

const snn_kern snn_kern_amx = KERN_TABLE("amx");
