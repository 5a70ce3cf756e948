/* SPDX-License-Identifier: BSD-3-Clause */
#include "snn/kern/table_body.h"

const snn_kern snn_kern_base = KERN_TABLE("base");
