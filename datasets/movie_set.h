/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of a set of movies. */
#ifndef SNN_DATASETS_MOVIES_H
#define SNN_DATASETS_MOVIES_H

#include "datasets/data.h"

#include <snn/movies.h>

typedef struct snn_stored_movie {
    snn_movie movie; /* views of what follows */
    uint32_t *first;
    uint16_t *x, *y, *label;
} snn_stored_movie;

struct snn_movies {
    snn_context *ctx;
    uint32_t count;
    snn_stored_movie *movie;
};

/* Empty movies, to be filled. */
snn_status snn_movies_new(snn_context *ctx, uint32_t count, snn_movies **out, snn_error *err);

#endif
