/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn events flow: a trained layer looks at a recording, step by step, and says how the
 * scene moves.
 */
#include "tools/events_flow.h"

#include <math.h>
#include <string.h>

#define SAMPLE        131072u /* events that choose the step */
#define USUAL_TILE    8u
#define MOST_CELLS    (UINT64_C(1) << 26)
#define USUAL_CERTAIN 0.25 /* probability of a vote */

static int vote(void *user, const snn_watch_step *step)
{
    flow_job *j = user;

    snn_flow_add(j->flow, step);
    if (j->spikes.file != NULL)
        flow_spikes_add(&j->spikes, j->layer, j->cell, j->step_us, step);
    return was_interrupted() && !j->cut;
}

/* ---- a layer at work ----------------------------------------------------------------- */

snn_status flow_begin(flow_job *j, int64_t step_us, snn_error *err)
{
    snn_flow_params flow;
    snn_watch_params watch;
    snn_status status;

    snn_flow_params_init(&flow);
    flow.width = j->width;
    flow.height = j->height;
    flow.tile = j->tile;
    flow.step_us = step_us;
    flow.confidence = j->confidence;
    snn_watch_params_init(&watch);
    watch.width = j->width;
    watch.height = j->height;
    watch.step_us = step_us;
    watch.confidence = j->confidence;
    watch.decay = j->decay;
    if (j->rate > 0)
        watch.room = (uint32_t)fmin(4e9, fmax(1, (double)j->rate * 1e-6 * (double)step_us));
    TRY(status, snn_flow_create(j->ctx, j->layer, &flow, &j->flow, err));
    TRY(status, snn_watch_create(j->motion, &watch, vote, j, &j->watch, err));
done:
    return status;
}

void flow_end(flow_job *j)
{
    snn_watch_destroy(j->watch);
    snn_flow_destroy(j->flow);
    j->watch = NULL;
    j->flow = NULL;
}

/* From pixels to cells. */
static void to_cells(const flow_job *j, snn_event *events, size_t n)
{
    for (size_t i = 0; j->cell > 1 && i < n; i++) {
        events[i].x = (uint16_t)(events[i].x / j->cell);
        events[i].y = (uint16_t)(events[i].y / j->cell);
    }
}

/* The first events, which say how long a step must be and how large the frame is; where both
 * are known, no more than have come: a camera that runs is not kept waiting. */
static snn_status read_sample(flow_job *j, snn_error *err)
{
    uint32_t width, height;
    size_t n;
    snn_status status;

    j->sample = snn_alloc(j->ctx, SAMPLE + SNN_EVENT_BLOCK, sizeof *j->sample);
    if (j->sample == NULL)
        return snn_error_set(err, SNN_ENOMEM, j->events.path, "no memory for its first events");
    do {
        TRY(status, events_next(&j->events, &n, err));
        memcpy(j->sample + j->n_sample, j->events.block, n * sizeof *j->sample);
        to_cells(j, j->sample + j->n_sample, n);
        j->n_sample += n;
        events_geometry(&j->events, &width, &height);
    } while (n > 0 && j->n_sample < SAMPLE && (j->step_us == 0 || width == 0));
    if (j->n_sample == 0)
        TRY(status, events_none(&j->events, err));
done:
    return status;
}

/* ---- the whole recording ---------------------------------------------------------------- */

static snn_status look_at_all(flow_job *j, snn_error *err)
{
    size_t n;
    snn_status status;

    TRY(status, snn_watch_push(j->watch, j->sample, j->n_sample, err));
    do {
        TRY(status, events_next(&j->events, &n, err));
        to_cells(j, j->events.block, n);
        TRY(status, snn_watch_push(j->watch, j->events.block, n, err));
    } while (n > 0);
done:
    return status;
}

/* Ctrl-C is how a camera's stream ends: what was seen until then is a result. */
static snn_status look(flow_job *j, const options *o, snn_error *err)
{
    snn_status status = SNN_OK;

    if (o->spikes != NULL)
        TRY(status, flow_spikes_open(&j->spikes, o->spikes, err));
    TRY(status, flow_begin(j, j->step_us, err));
    status = look_at_all(j, err);
    j->cut = was_interrupted();
    if (status != SNN_EINTERRUPTED)
        TRY(status, status);
    TRY(status, snn_watch_finish(j->watch, err));
    j->counts = *snn_watch_get_counts(j->watch);
    if (j->spikes.file != NULL)
        TRY(status, flow_spikes_commit(&j->spikes, err));
done:
    flow_spikes_close(&j->spikes);
    return status;
}

static void warn(const flow_job *j, uint64_t n, const char *what)
{
    if (n > 0)
        talk(SNN_LOG_WARNING, "snn: %s: %llu %s", j->events.path, (unsigned long long)n, what);
}

static void show(const flow_job *j)
{
    /* In pixels of the sensor again. */
    const double cell = j->cell, places = (double)snn_flow_places(j->flow);
    const double degrees = 360 / 6.283185307179586;
    snn_flow_motion m;
    json line;

    snn_flow_total(j->flow, &m);
    warn(j, j->counts.outside, "events lie outside the frame: --size or --crop");
    warn(j, j->counts.late, "events step back behind a step that is over, and are left out");
    warn(j, j->counts.dropped, "events are dropped: more than --rate");
    if (!j->json) {
        if (m.votes == 0)
            printf("%s: no motion is seen with confidence\n", j->events.path);
        else
            printf("%s: %.1f px/s right, %.1f px/s down (%.1f px/s, direction %.1f degrees), %.1f "
                   "%% of %.0f places vote, %.0f %% of them agree; steps of %.3f ms\n",
                   j->events.path, cell * m.x, cell * m.y, cell * m.speed, degrees * m.direction,
                   100 * (double)m.votes / places, places, 100 * m.agreement,
                   1e-3 * (double)j->step_us);
        return;
    }
    json_begin(&line, "flow");
    json_text(&line, "file", j->events.path);
    json_number(&line, "x_px_s", cell * m.x);
    json_number(&line, "y_px_s", cell * m.y);
    json_number(&line, "speed_px_s", cell * m.speed);
    json_number(&line, "direction_deg", degrees * m.direction);
    json_number(&line, "confident_share", places > 0 ? (double)m.votes / places : 0);
    json_number(&line, "agreement", m.agreement);
    json_count(&line, "votes", m.votes);
    json_count(&line, "places", snn_flow_places(j->flow));
    json_count(&line, "step_us", (uint64_t)j->step_us);
    json_count(&line, "spikes", j->counts.spikes);
    json_count(&line, "steps", j->counts.steps);
    json_count(&line, "events", j->counts.events);
    json_count(&line, "merged", j->counts.merged);
    json_count(&line, "outside", j->counts.outside);
    json_count(&line, "late", j->counts.late);
    json_count(&line, "dropped", j->counts.dropped);
    json_end(&line);
}

static snn_status write_results(const flow_job *j, snn_error *err)
{
    const char *slash = strrchr(j->events.path, '/');
    const flow_caption caption = {.recording = slash != NULL ? slash + 1 : j->events.path,
                                  .tile = j->tile,
                                  .cell = j->cell,
                                  .step_us = j->step_us};
    char path[TOOL_PATH];
    snn_status status = SNN_OK;

    if (j->out == NULL)
        return SNN_OK;
    TRY(status, join_path(path, j->out, "flow.png", err));
    TRY(status, flow_draw(j->ctx, j->flow, j->layer, &caption, path, err));
    TRY(status, join_path(path, j->out, "flow.csv", err));
    TRY(status, flow_write_table(j->ctx, j->flow, &caption, path, err));
    talk(SNN_LOG_INFO, "%s/flow.png, %s/flow.csv", j->out, j->out);
done:
    return status;
}

/* ---- the command --------------------------------------------------------------------------- */

static snn_status load_layer(flow_job *j, const options *o, snn_error *err)
{
    char model[TOOL_PATH], folder[TOOL_PATH];
    snn_status status;

    TRY(status, find_model(o->model, model, folder, err));
    TRY(status, snn_motion_load(j->ctx, model, &j->motion, NULL, err));
    j->layer = snn_motion_get_params(j->motion);
done:
    return status;
}

/* Frame in cells: the sensor or its crop; where the file does not say, what the first
 * events reach. */
static snn_status find_frame(flow_job *j, snn_error *err)
{
    uint32_t width, height;

    events_geometry(&j->events, &width, &height);
    j->width = width / j->cell;
    j->height = height / j->cell;
    for (size_t i = 0; width == 0 && i < j->n_sample; i++) {
        const snn_event *e = &j->sample[i];

        j->width = e->x >= j->width ? e->x + 1u : j->width;
        j->height = e->y >= j->height ? e->y + 1u : j->height;
    }
    if ((uint64_t)j->width * j->height > MOST_CELLS)
        return snn_error_set(err, SNN_EINVAL, j->events.path,
                             "the frame of %u x %u cells is too large: take a --crop or a larger "
                             "--cell",
                             (unsigned)j->width, (unsigned)j->height);
    if (j->width < j->layer->side || j->height < j->layer->side)
        return snn_error_set(err, SNN_EINVAL, j->events.path,
                             "the frame is %u x %u cells, less than the layer's kernels of %u: "
                             "take a larger --crop or a smaller --cell",
                             (unsigned)j->width, (unsigned)j->height, (unsigned)j->layer->side);
    return SNN_OK;
}

static bool ask(const options *o, flow_job *j)
{
    *j =
        (flow_job){.cell = o->cell > 0 ? o->cell : 1,
                   .tile = o->tile > 0 ? o->tile : USUAL_TILE,
                   .rate = o->rate,
                   .confidence = (float)(o->confidence.given ? o->confidence.value : USUAL_CERTAIN),
                   .out = o->out,
                   .decay = (float)o->decay,
                   .json = o->json};
    if (o->model == NULL) {
        fprintf(stderr, "snn: --model MODEL|RUN says which layer is to look: see snn train "
                        "configs/motion-camera.yaml\n");
        return false;
    }
    if (o->decay > 1) {
        fprintf(stderr, "snn: --decay is what a step leaves of a potential, at most 1\n");
        return false;
    }
    if (!(j->confidence > 0 && j->confidence < 1)) {
        fprintf(stderr, "snn: --confidence is a probability, above 0 and less than 1\n");
        return false;
    }
    return o->bin == NULL || events_duration("bin", o->bin, &j->step_us);
}

int events_flow(const options *o)
{
    flow_job j;
    snn_error err = {0};
    snn_status status = SNN_OK;

    if (!ask(o, &j))
        return EXIT_USAGE;
    TRY(status, tool_context(o, &j.ctx, &err));
    watch_signals();
    TRY(status, load_layer(&j, o, &err));
    TRY(status, events_open(j.ctx, o->operands[1], o, &j.events, &err));
    TRY(status, read_sample(&j, &err));
    TRY(status, find_frame(&j, &err));
    if (j.out != NULL) /* before the work, not behind it */
        TRY(status, make_folders(j.out, &err));
    if (j.step_us == 0)
        TRY(status, flow_find_step(&j, &err));
    TRY(status, look(&j, o, &err));
    events_warn(&j.events);
    show(&j);
    TRY(status, write_results(&j, &err));
    if (j.cut)
        status = snn_error_set(&err, SNN_EINTERRUPTED, j.events.path,
                               "interrupted: the result is of the first %llu events",
                               (unsigned long long)j.counts.events);
done:
    talk_clear();
    flow_end(&j);
    if (j.ctx != NULL)
        snn_free(j.ctx, j.sample);
    events_close(&j.events);
    snn_motion_destroy(j.motion);
    snn_context_destroy(j.ctx);
    return status == SNN_OK ? EXIT_OK : talk_failure(status, &err);
}
