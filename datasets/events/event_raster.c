/* SPDX-License-Identifier: BSD-3-Clause */
/* Events in cells of space and time. */
#include "datasets/events/codec.h"

void snn_raster_params_init(snn_raster_params *params)
{
    *params = (snn_raster_params){.size = sizeof *params, .cell = 1, .most = 1};
}

snn_status snn_events_raster(const snn_raster_params *p, const snn_event *e, size_t n,
                             uint8_t *raster, uint64_t *used, snn_error *err)
{
    const uint32_t columns = p->cell > 0 ? p->width / p->cell : 0;
    const uint32_t rows = p->cell > 0 ? p->height / p->cell : 0;
    uint64_t taken = 0;

    if (columns == 0 || rows == 0 || p->step_us <= 0 || p->steps == 0 || p->most == 0)
        return snn_error_set(
            err, SNN_EINVAL, "raster",
            "%lu x %lu pixels in cells of %lu, %lu steps of %lld us, counts to %u: "
            "all must be at least 1",
            (unsigned long)p->width, (unsigned long)p->height, (unsigned long)p->cell,
            (unsigned long)p->steps, (long long)p->step_us, p->most);
    for (size_t i = 0; i < n; i++) {
        /* What lies left, above or before wraps to something large. */
        const uint32_t x = (e[i].x - p->x) / p->cell, y = (e[i].y - p->y) / p->cell;
        const uint64_t since = (uint64_t)e[i].t - (uint64_t)p->start_us;
        const uint64_t t = since / (uint64_t)p->step_us;
        uint8_t *cell;

        if (e[i].x < p->x || e[i].y < p->y || x >= columns || y >= rows || e[i].t < p->start_us ||
            t >= p->steps || e[i].p > 1)
            continue;
        cell = raster + ((e[i].p * (size_t)p->steps + (size_t)t) * columns + x) * rows + y;
        *cell = *cell < p->most ? (uint8_t)(*cell + 1) : *cell;
        taken++;
    }
    *used += taken;
    return SNN_OK;
}
