/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the scene move?  A layer of `snn train configs/motion-camera.yaml` looks at a
 * recording, or (-) at a camera as it runs, and leaves a picture: red right, green down, cyan
 * left, violet up.  "live": events that come in later than LATE are dropped and counted.
 *     motion_camera MODEL WIDTH HEIGHT STEP_US RECORDING|- PICTURE.png [live]
 */
#include <snn/snn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TILE = 8, LATE_US = 50000 };

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint32_t colour(const snn_flow_motion *m)
{
    uint32_t out = 0;
    for (double hue = -1.571; hue < 4; hue += 2.094) /* paler where the votes disagree */
        out = out << 8 | (uint32_t)(255 - 128 * m->agreement * (1 - cos(m->direction + hue)));
    return m->votes == 0 ? 0x202020 : out;
}

static snn_status draw(snn_context *ctx, const snn_flow *flow, const char *path, snn_error *err)
{
    const uint32_t wide = snn_flow_columns(flow), high = snn_flow_rows(flow);
    snn_image *image = NULL;
    snn_flow_motion m;
    snn_status st = snn_image_create(ctx, wide * TILE, high * TILE, SNN_IMAGE_RGB, &image, err);
    for (uint32_t i = 0; st == SNN_OK && i < wide * high; i++) {
        snn_flow_tile(flow, i % wide, i / wide, &m);
        snn_image_fill(image, i % wide * TILE, i / wide * TILE, TILE, TILE, colour(&m));
    }
    if (st == SNN_OK)
        st = snn_image_write_png(image, path, err);
    snn_image_destroy(image);
    return st;
}

int main(int argc, char **argv)
{
    static snn_event events[SNN_EVENT_BLOCK];
    snn_context *ctx = NULL;
    snn_motion *motion = NULL;
    snn_watch *watch = NULL;
    snn_flow *flow = NULL;
    snn_event_reader *reader = NULL;
    snn_watch_params look;
    snn_flow_params tiles;
    snn_flow_motion total;
    snn_watch_counts counts;
    snn_error err = {0};
    int64_t ahead = INT64_MAX, dropped = 0; /* ahead: the camera's clock before ours */

    if (argc < 7)
        return printf("motion_camera MODEL WIDTH HEIGHT STEP_US FILE|- PNG [live]\n"), 2;
    snn_watch_params_init(&look);
    snn_flow_params_init(&tiles);
    tiles.width = look.width = (uint32_t)strtoul(argv[2], NULL, 10);
    tiles.height = look.height = (uint32_t)strtoul(argv[3], NULL, 10);
    tiles.step_us = look.step_us = strtoll(argv[4], NULL, 10);
    if (snn_context_create(NULL, &ctx, &err) ||
        snn_motion_load(ctx, argv[1], &motion, NULL, &err) ||
        snn_flow_create(ctx, snn_motion_get_params(motion), &tiles, &flow, &err) ||
        snn_watch_create(motion, &look, snn_flow_sink, flow, &watch, &err) ||
        snn_event_reader_open(ctx, argv[5], NULL, &reader, &err))
        goto done;
    for (size_t n; !snn_event_reader_read(reader, events, SNN_EVENT_BLOCK, &n, &err) && n > 0;) {
        if (ahead == INT64_MAX)
            ahead = events[0].t - now_us();
        if (argc == 8 && now_us() + ahead - events[n - 1].t > LATE_US)
            dropped += (int64_t)n;
        else if (snn_watch_push(watch, events, n, &err))
            goto done;
    }
    if (err.status || snn_watch_finish(watch, &err) || draw(ctx, flow, argv[6], &err))
        goto done;
    snn_flow_total(flow, &total);
    counts = *snn_watch_get_counts(watch);
    printf("%.1f px/s right, %.1f px/s down; %lld of %lld events dropped\n", total.x, total.y,
           (long long)counts.dropped + dropped, (long long)counts.events + dropped);
done:
    if (err.status != SNN_OK)
        printf("%s: %s\n", err.where, err.what);
    snn_event_reader_close(reader);
    snn_watch_destroy(watch);
    snn_flow_destroy(flow);
    snn_motion_destroy(motion);
    snn_context_destroy(ctx);
    return err.status == SNN_OK ? 0 : 1;
}
