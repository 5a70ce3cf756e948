/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/benchmarks.h"

#include <string.h>

#define POOL            48u
#define DEFAULT_SAMPLES 2048
/* SHD: 8,156 training and 2,264 test samples. */
#define TEST_SHARE (2264.0 / 8156.0)

/* Sample i is number i mod POOL of these. */
typedef struct pool {
    snn_context *ctx;
    bench_shape shape;
    uint32_t *first; /* [POOL][steps + 1] */
    uint16_t *unit;  /* [POOL][steps * inputs] */
    uint8_t *count;
} pool;

static snn_status read_sample(void *self, snn_split split, uint32_t index, void *scratch,
                              snn_sample *out, snn_error *err)
{
    const pool *p = self;
    const size_t which = (index + 17u * (uint32_t)split) % POOL;
    const size_t cells = (size_t)p->shape.steps * p->shape.inputs;

    (void)scratch;
    (void)err;
    *out = (snn_sample){.label = (uint32_t)(which % p->shape.outputs),
                        .speaker = SNN_NO_SPEAKER,
                        .steps = p->shape.steps,
                        .first = p->first + which * (p->shape.steps + 1),
                        .unit = p->unit + which * cells,
                        .count = p->count + which * cells};
    return SNN_OK;
}

static void destroy(void *self)
{
    pool *p = self;

    snn_free(p->ctx, p->first);
    snn_free(p->ctx, p->unit);
    snn_free(p->ctx, p->count);
    snn_free(p->ctx, p);
}

static void fill(pool *p, uint64_t seed)
{
    const size_t cells = (size_t)p->shape.steps * p->shape.inputs;

    for (uint32_t s = 0; s < POOL; s++) {
        uint32_t *first = p->first + (size_t)s * (p->shape.steps + 1), n = 0;

        for (uint32_t t = 0; t < p->shape.steps; t++) {
            first[t] = n;
            for (uint32_t i = 0; i < p->shape.inputs; i++) {
                const uint32_t events =
                    bench_events(seed, s, t * p->shape.inputs + i, p->shape.density);

                if (events == 0)
                    continue;
                p->unit[s * cells + n] = (uint16_t)i;
                p->count[s * cells + n++] = (uint8_t)(events < UINT8_MAX ? events : UINT8_MAX);
            }
        }
        first[p->shape.steps] = n;
    }
}

snn_status bench_data_create(snn_context *ctx, const bench_shape *shape, uint64_t seed,
                             const uint32_t count[SNN_SPLITS], snn_dataset **out, snn_error *err)
{
    static const snn_dataset_ops ops = {
        .size = sizeof ops, .read = read_sample, .destroy = destroy};
    const size_t cells = (size_t)POOL * shape->steps * shape->inputs;
    const snn_memory purpose = snn_context_purpose(ctx, SNN_MEMORY_DATA);
    snn_dataset_info info = {.kind = "noise",
                             .n_inputs = shape->inputs,
                             .n_classes = shape->outputs,
                             .max_steps = shape->steps,
                             .time_step_ms = 10};
    pool *p = snn_alloc(ctx, 1, sizeof *p);
    snn_status status = SNN_OK;

    if (p != NULL) {
        p->ctx = ctx;
        p->shape = *shape;
        p->first = snn_alloc(ctx, POOL, (shape->steps + (size_t)1) * sizeof *p->first);
        p->unit = snn_alloc(ctx, cells, sizeof *p->unit);
        p->count = snn_alloc(ctx, cells, sizeof *p->count);
    }
    if (p == NULL || p->first == NULL || p->unit == NULL || p->count == NULL)
        TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory for the data"));
    fill(p, seed);
    memcpy(info.count, count, sizeof info.count);
    status = snn_dataset_create(ctx, &ops, &info, p, out, err);
    p = NULL; /* taken, also on failure */
done:
    if (p != NULL)
        destroy(p);
    snn_context_purpose(ctx, purpose);
    return status;
}

snn_status bench_data_open(snn_context *ctx, const options *o, const snn_config *config,
                           snn_dataset **out, snn_error *err)
{
    const bench_shape shape = bench_shape_of(o, config);
    const uint32_t samples = o->samples > 0 ? o->samples : DEFAULT_SAMPLES;
    uint32_t count[SNN_SPLITS] = {samples, (uint32_t)(TEST_SHARE * samples) + 1, 0};

    if (o->data != NULL)
        return snn_dataset_open(ctx, o->data, &config->data, out, err);
    count[SNN_SPLIT_TEST] = count[SNN_SPLIT_VALID];
    return bench_data_create(ctx, &shape, config->train.seed, count, out, err);
}
