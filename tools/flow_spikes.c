/* SPDX-License-Identifier: BSD-3-Clause */
/* What the neurons of a layer that sees motion send, as a table that grows as they do. */
#include "tools/events_flow.h"

#include <errno.h>
#include <string.h>

snn_status flow_spikes_open(flow_spikes *s, const char *path, snn_error *err)
{
    const int n = snprintf(s->part, sizeof s->part, "%s.part", path);

    if (n < 0 || (size_t)n >= sizeof s->part)
        return snn_error_set(err, SNN_EINVAL, path, "the path is too long");
    s->path = path;
    s->file = fopen(s->part, "w");
    if (s->file == NULL)
        return snn_error_set(err, SNN_EIO, s->part, "cannot be written: %s", strerror(errno));
    fputs("t_us,x,y,class,direction_deg,speed_px_s,probability\n", s->file);
    return SNN_OK;
}

void flow_spikes_add(flow_spikes *s, const snn_motion_params *layer, uint32_t cell, int64_t step_us,
                     const snn_watch_step *step)
{
    const long long t = (long long)(step->begin_us + step_us); /* when it was known */

    for (uint32_t i = 0; i < step->n; i++) {
        const uint16_t c = step->spike[i];
        double direction, speed;

        if (c == SNN_NO_LABEL)
            continue;
        snn_motion_class(layer, c, &direction, &speed);
        fprintf(s->file, "%lld,%u,%u,%u,%.1f,%.1f,%.4f\n", t, (unsigned)step->x[i] * cell,
                (unsigned)step->y[i] * cell, (unsigned)c, direction * 360 / 6.283185307179586,
                speed * cell * 1e6 / (double)step_us,
                (double)step->probability[(size_t)i * step->lanes + c]);
    }
}

snn_status flow_spikes_commit(flow_spikes *s, snn_error *err)
{
    const bool bad = ferror(s->file) != 0;
    FILE *file = s->file;

    s->file = NULL;
    if (fclose(file) != 0 || bad || rename(s->part, s->path) != 0) {
        const int why = errno;

        remove(s->part);
        return snn_error_set(err, SNN_EIO, s->path, "cannot be written: %s", strerror(why));
    }
    return SNN_OK;
}

void flow_spikes_close(flow_spikes *s)
{
    if (s->file == NULL)
        return;
    fclose(s->file);
    remove(s->part);
    s->file = NULL;
}
